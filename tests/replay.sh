#!/usr/bin/env bash
# Designs gone through again and posterior predictive checks as a user meets them. usage: replay.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
absent() { [ ! -e "$1" ]; }

expect 0 '12 subjects' "$emlib" simulate --model gng_m1 --subjects 12 --trials 60 --seed 8 -o data.h5
"$emlib" fit data.h5 --model gng_m1 --group fixed -q -o fit.h5

# ---- a design
expect 0 "outcome outcome is drawn by task 'gonogo'" "$emlib" simulate --model gng_m1 --like data.h5 -o like.h5
expect 0 '12 subjects, 720 trials, model gng_m1, seed 1' "$mpiexec" --oversubscribe -n 3 "$emlib" simulate --model gng_m1 --like data.h5 -o like_3.h5
check cmp like.h5 like_3.h5
expect 2 'like.h5 exists' "$emlib" simulate --model gng_m1 --like data.h5 -o like.h5
expect 0 '720 trials' "$emlib" simulate --from fit.h5 --parameters subjects -o own.h5
expect 0 'stays as recorded' "$emlib" simulate --from fit.h5 --keep outcome -o kept.h5
expect 0 '720 trials' "$emlib" simulate --from fit.h5 --like like.h5 --parameters subjects -o again.h5
expect 2 "takes people and trials from a dataset" "$emlib" simulate --model gng_m1 --like data.h5 --trials 5 -o no.h5
expect 2 "new people from a fit need --subjects, --trials" "$emlib" simulate --from fit.h5 --subjects 5 -o no.h5
expect 2 "makes new people" "$emlib" simulate --from fit.h5 --subjects 5 --trials 5 --like data.h5 -o no.h5
expect 2 "take covariates from a dataset" "$emlib" simulate --model gng_m1 --like data.h5 --split a=b,c -o no.h5
expect 2 'mu and --var are not for it' "$emlib" simulate --from fit.h5 --mu ep=1 -o no.h5
expect 2 'parameters takes group or subjects' "$emlib" simulate --from fit.h5 --parameters mine -o no.h5
expect 2 'parameters goes with --from' "$emlib" simulate --model gng_m1 --like data.h5 --parameters group -o no.h5
expect 2 'parameters and --keep go with' "$emlib" simulate --model gng_m1 --subjects 2 --trials 5 --keep cue -o no.h5
expect 2 "model gng_m1, not of rw" "$emlib" simulate --from fit.h5 --model rw -o no.h5
"$emlib" simulate --model rw --subjects 3 --trials 20 -o other.h5 >/dev/null
expect 2 "model gng_m1 needs a column 'cue'" "$emlib" simulate --from fit.h5 --like other.h5 -o no.h5
expect 2 'data.h5 is what is read' "$emlib" simulate --model gng_m1 --like data.h5 -o data.h5 --force
"$emlib" fit other.h5 --model rw --group none -q -o none.h5 2>/dev/null
expect 2 'none.h5 has no group' "$emlib" simulate --from none.h5 -o no.h5
"$emlib" fit data.h5 --model gng_m1 --group fixed --exclude sub-03 -q -o less.h5
expect 0 '11 subjects, 660 trials' "$emlib" simulate --from less.h5 -o less_data.h5
expect 2 "subject sub-03 is not in less.h5" "$emlib" simulate --from less.h5 --like like.h5 --parameters subjects -o no.h5
expect 0 '12 subjects' "$emlib" simulate --from less.h5 --like like.h5 -o all.h5
# a plan: nobody has responded yet
printf 'subject,cue,choice,outcome,phase\na,0,,,x\na,2,,,y\na,,,,y\nb,3,,,x\n' >plan.csv
"$emlib" import plan.csv -o plan.h5 >/dev/null 2>&1
expect 0 'left out: phase' "$emlib" simulate --model gng_m1 --like plan.h5 -o planned.h5
"$emlib" fit planned.h5 --model gng_m1 --group fixed -q -o planned_fit.h5
check test "$("$emlib" export planned_fit.h5 --table trials | grep -cE '^[ab],[0-9]+,[0-3],[01],(-1|0|1),')" -eq 3
check test "$("$emlib" export planned_fit.h5 --table trials | grep -c '^a,3,NA,NA,NA,')" -eq 1
# who was left out of a fit has no say in how many options there are
awk 'BEGIN { print "subject,choice,reward"; for (i = 0; i < 90; i++) print (i < 60 ? i < 30 ? "a" : "b" : "c") "," i * i % (i < 60 ? 2 : 3) + (i == 80) "," i % 2 }' >three.csv
"$emlib" import three.csv -o three.h5 >/dev/null
"$emlib" fit three.h5 --model rw --group fixed --exclude c -q -o two_options.h5
"$emlib" export two_options.h5 --table trials -o two_options.csv 2>/dev/null
check grep -q '^a,1,0,0,0,0,-0.6931471805599' two_options.csv
expect 0 'choice=1' "$emlib" predict two_options.h5 --draws 10 -o two_predict.csv
check test "$(grep -c 'choice=2' two_predict.csv)" -eq 0
# new people: the group of a fit is what --mu and --var say
"$emlib" fit other.h5 --model rw --group fixed --mu alpha=-1,beta=0.5 --var alpha=0.3,beta=0.25 -q -o given.h5
expect 0 '7 subjects, 12 trials each, model rw' "$emlib" simulate --from given.h5 --subjects 7 --trials 12 --split g=a,b --effect g:alpha=1 -o new.h5
"$emlib" simulate --model rw --mu alpha=-1,beta=0.5 --var alpha=0.3,beta=0.25 --subjects 7 --trials 12 --split g=a,b --effect g:alpha=1 -o same.h5 >/dev/null
check cmp new.h5 same.h5
"$emlib" simulate --model ddm --subjects 3 --trials 20 -o times.h5 >/dev/null
"$emlib" fit times.h5 --model ddm --group fixed -q -o times_fit.h5
expect 2 'times_fit.h5 has a parameter whose bound comes from the data' "$emlib" simulate --from times_fit.h5 --subjects 7 --trials 12 -o no.h5
expect 2 'not of gng_m1|not of gng' "$emlib" simulate --from given.h5 --model gng_m1 -o no.h5
check absent no.h5

# ---- predictive checks
expect 0 'history observed' "$emlib" predict fit.h5 --draws 40 --by cue --bins 3 -o predict.csv
"$mpiexec" --oversubscribe -n 3 "$emlib" predict fit.h5 --draws 40 --by cue --bins 3 -o predict_3.csv >/dev/null
check cmp predict.csv predict_3.csv
check test "$(head -1 predict.csv)" = level,subject,statistic,response,bin,from,to,n,observed,median,lower,upper
# overall and for each of 4 cues: 2 frequencies and 2 curves of 3 bins; for the group and 12 people
check test "$(wc -l <predict.csv)" -eq $((1 + 13 * 5 * 8))
check grep -q '^subject,sub-07,learning_curve,choice=1|cue=2,3,11,15,5,' predict.csv
expect 2 'predict.csv exists' "$emlib" predict fit.h5 -o predict.csv
expect 0 'history own' "$emlib" predict fit.h5 --draws 10 --history own --keep outcome
"$emlib" predict fit.h5 --draws 10 --level group -o group.csv >/dev/null
check test "$(grep -c '^subject' group.csv)" -eq 0
"$emlib" predict fit.h5 --draws 10 --level subject -o subject.csv >/dev/null
check test "$(grep -c '^group' subject.csv)" -eq 0
expect 0 '"inside": ' "$emlib" predict fit.h5 --draws 10 --json
expect 2 'history takes own or observed' "$emlib" predict fit.h5 --history both
expect 2 'level takes group, subject or both' "$emlib" predict fit.h5 --level all
expect 2 'draws' "$emlib" predict fit.h5 --draws 1
expect 2 "needs a column 'drug'" "$emlib" predict fit.h5 --by drug
expect 2 "column 'choice' is a response" "$emlib" predict fit.h5 --by choice
expect 2 'other.h5' "$emlib" predict fit.h5 --data other.h5
expect 2 'like.h5 is not the data of this fit' "$mpiexec" --oversubscribe -n 2 "$emlib" predict fit.h5 --data like.h5
expect 2 'which fit file' "$emlib" predict
expect 2 'fit.h5 is what is read' "$emlib" predict fit.h5 -o fit.h5 --force
# ---- what columns of options bring has to be what the model's column can have
printf 'subject,punish0,punish1,choice,outcome,outcome_0,outcome_1\n' >shock.csv
for trial in 1 2 3 4; do for subject in a b; do
    printf '%s,30,50,0,0,0,%s\n' "$subject" "$([ "$subject$trial" = b3 ] && echo 7 || echo 1)"
done; done | sort -st, -k1,1 >>shock.csv
"$emlib" import shock.csv -o shock.h5 >/dev/null 2>&1
for ranks in 1 2; do
    expect 2 "subject b, trial 3, column 'outcome_1': 7 is not allowed" "$mpiexec" --oversubscribe -n "$ranks" "$emlib" simulate --model alt_gamma --like shock.h5 -o no.h5
done
expect 0 '8 trials' "$emlib" simulate --model alt_gamma --like shock.h5 --keep outcome -o kept_shock.h5

# ---- nothing that is asked is passed over
expect 2 'gonogo draws nothing here: outcomes are those recorded' "$emlib" predict fit.h5 --task p=0.9/0.1
expect 2 'history observed takes all outcomes as recorded: --task' "$emlib" predict fit.h5 --history observed --task p=0.9/0.1
expect 2 'history observed takes all outcomes as recorded: --keep' "$emlib" predict fit.h5 --history observed --keep outcome
expect 2 "keep: column 'cue' is no outcome of model gng_m1" "$emlib" predict fit.h5 --keep cue
expect 2 'gonogo draws nothing here: it is known' "$emlib" simulate --model gng_m1 --like data.h5 --keep outcome --task p=0.9/0.1 -o no.h5

# ---- options that the fit has and these data do not show
options() { "$emlib" fit "$1" --model rw --group fixed -q -o options.h5 --force 2>/dev/null; "$emlib" export options.h5 --table trials | tail -n +2 | cut -d, -f3 | sort -u | tr '\n' ' '; }
"$emlib" simulate --model rw --subjects 4 --trials 30 --options 4 -o four.h5 >/dev/null
"$emlib" fit four.h5 --model rw --group fixed -q -o four_fit.h5
expect 0 '4 subjects, 30 trials' "$emlib" simulate --from four_fit.h5 --subjects 4 --trials 30 -o four_new.h5
check test "$(options four_new.h5)" = '0 1 2 3 '
{ echo subject,choice,reward; for _ in {1..40}; do echo a,,; done; for _ in {1..40}; do echo b,,; done; } >empty.csv
"$emlib" import empty.csv -o empty.h5 >/dev/null 2>&1
expect 0 '2 subjects, 80 trials' "$emlib" simulate --from four_fit.h5 --like empty.h5 -o four_plan.h5
check test "$(options four_plan.h5)" = '0 1 2 3 '

# ---- estimates that the fit flags are named: without any reward nothing tells what somebody is like
{ echo subject,choice,reward; for _ in 1 2 3; do echo same,0,0; done; for trial in {1..12}; do echo "both,$((trial % 3 == 0)),$((trial % 2))"; done; } >same.csv
"$emlib" import same.csv -o same_data.h5 >/dev/null 2>&1
"$emlib" fit same_data.h5 --model rw --group none -q -o same_fit.h5 2>/dev/null
expect 0 'warning: same_fit.h5: the estimate of subject same is not one to rely on .flagged' "$emlib" simulate --from same_fit.h5 --parameters subjects -o same_again.h5

# ---- data that are elsewhere
mv data.h5 moved.h5
expect 2 'data.h5, the data of the fit, is not there; --data' "$emlib" predict fit.h5
expect 0 'choice_frequency' "$emlib" predict fit.h5 --draws 10 --data moved.h5
expect 0 '720 trials' "$emlib" simulate --from fit.h5 --data moved.h5 -o moved_again.h5
expect 2 'not.* fit' "$emlib" predict moved.h5

finish
