#!/usr/bin/env bash
# The program as a user meets it: every command's help, the way from a table to a comparison, every exit status, and what
# the messages say. usage: program.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# equal up to how long it took
same_show() { diff <("$emlib" show "$1" | grep -v 'made by') <("$emlib" show "$2" | grep -v 'made by'); }
absent() { [ ! -e "$1" ]; }

# ---- help and misuse
expect 0 'mpirun -n 4 emlib fit' "$emlib" --help
expect 0 '^emlib [0-9]+\.[0-9]+\.[0-9]+$' "$emlib" --version
expect 2 "there is no command 'frobnicate'" "$emlib" frobnicate
expect 2 'Usage' "$emlib"
for command in import fit hbi show compare export models loglik loo simulate; do
    expect 0 'Example|Usage' "$emlib" $command --help
    expect 2 "unrecognized option '--no-such'" "$emlib" $command --no-such
    check test -z "$("$emlib" $command --help 2>&1 >/dev/null)"
done
expect 0 'Example' "$emlib" model --help
for command in new build check; do
    expect 0 'Example' "$emlib" model $command --help
    expect 2 "unrecognized option '--no-such'" "$emlib" model $command --no-such
done
expect 2 "there is no command 'frobnicate'" "$emlib" model frobnicate
for model in $("$emlib" models | awk '/^  [^ ]/ {print $1}'); do
    expect 0 "^$model: " "$emlib" models "$model"
done
for model in rw rw_dual choice_kernel gng_m2 gng_m3 ts_hybrid ts_par7 ddm dd_hyperbolic ra_prospect; do
    expect 0 "$model" "$emlib" models $model
    expect 0 '3 subjects, 20 trials' "$emlib" simulate --model $model --subjects 3 --trials 20 -o made_up.h5 --force
    expect 0 'converged after 1 iter' "$emlib" fit made_up.h5 --model $model --group fixed -o one_step.h5 --force
done
expect 2 "named by its path: ./mine.so" "$emlib" models mine.so
expect 2 'mine.so: no such model file' "$emlib" fit made_up.h5 --model ./mine.so -o mine.h5
expect 2 'mine.so: no such model file' "$mpiexec" --oversubscribe -n 2 "$emlib" fit made_up.h5 --model ./mine.so -o mine.h5
expect 2 "there is no model 'rw_dul'; did you mean .*rw_dual" "$emlib" models rw_dul
expect 0 '"models"' "$emlib" models --json

# ---- a table, missing cells and all
{
    echo "choice,subject,reward"
    for s in ann bob cem dot eve fay; do
        for t in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
            echo "$(((t * t + ${#s} + t / 7) % 2)),$s,$((t % 3 == 0))"
        done
    done
    echo "NA,ann,1"
    echo "1,bob,"
} >table.csv
expect 0 'subjects +6' "$emlib" import table.csv -o data.h5
expect 2 'data.h5 exists' "$emlib" import table.csv -o data.h5
expect 0 'subjects +6' "$emlib" import table.csv -o data.h5 --force
expect 0 '^ann,-[0-9.]+$' "$emlib" loglik data.h5 --model rw --at alpha=0.1,beta=0.2 --csv
expect 2 'no value for parameter beta' "$emlib" loglik data.h5 --model rw --at alpha=0.1
expect 2 "has no parameter 'gamma'" "$emlib" loglik data.h5 --model rw --at gamma=0.1
expect 2 "model dd_hyperbolic needs a column 'amount_sooner'; there is: choice, reward" \
    "$emlib" fit data.h5 --model dd_hyperbolic -o no.h5
check absent no.h5

# ---- covariates
printf 'subject,age,group\nann,20,patient\nbob,30,control\ncem,NA,control\ndot,50,patient\neve,41,control\nzoe,7,pilot\n' >people.csv
expect 0 'covariates +age \(20, 30, 41, 50; 2 missing\), group \(text: control, patient; 1 missing\)' \
    "$emlib" import table.csv --covariates people.csv -o people.h5
expect 0 '1 subject without trials in table.csv, left out: zoe' "$emlib" import table.csv --covariates people.csv -o people.h5 --force
expect 0 '1 subject with trials but no row here; covariates are missing: fay' \
    "$emlib" import table.csv --covariates people.csv -o people.h5 --force
expect 0 'group \(text: patient, control, pilot;' \
    "$emlib" import table.csv --covariates people.csv --levels group=patient,control,pilot -o people.h5 --force
expect 2 "the columns are: choice, subject, reward; those of people.csv: subject, age, group" \
    "$emlib" import table.csv --covariates people.csv --levels grp=patient,control -o no.h5
sed 's/^bob/ann/' people.csv >twice.csv
expect 2 "twice.csv: line 3, column 'subject': subject 'ann' stands there twice, first in line 2" \
    "$emlib" import table.csv --covariates twice.csv -o no.h5
sed '1s/age/age:t0/' people.csv >colon.csv
expect 2 "colon.csv: 'age:t0' cannot be the name of a covariate.*--rename" "$emlib" import table.csv --covariates colon.csv -o no.h5
expect 0 'covariates +age ' "$emlib" import table.csv --covariates colon.csv --rename age:t0=age -o renamed.h5
expect 2 'none of its subjects has trials in table.csv' "$emlib" import table.csv --covariates <(sed 's/^/x/; s/^xs/s/' people.csv) -o no.h5
expect 2 'people.csv is the table itself' "$emlib" import table.csv --covariates people.csv -o people.csv --force
expect 2 'one table of covariates' "$emlib" import table.csv --covariates people.csv --covariates people.csv -o no.h5
check absent no.h5
effects=(--model rw --subjects 50 --trials 40 --seed 4 --split group=control,patient --effect group:alpha=-0.8
    --effect age:alpha=0.3,age:beta=0.2)
expect 0 '50 subjects, 40 trials' "$emlib" simulate "${effects[@]}" -o effects.h5
expect 0 '50 subjects' "$mpiexec" --oversubscribe -n 3 "$emlib" simulate "${effects[@]}" -o effects_3.h5
check cmp effects.h5 effects_3.h5
expect 0 'converged after' "$emlib" fit effects.h5 --model rw -o effects_fit.h5
expect 2 "model rw has no parameter 'gamma'" "$emlib" simulate --model rw --subjects 5 --trials 5 --effect age:gamma=1 -o no.h5
expect 2 "'age=1' is no effect; write COVARIATE:PARAMETER=NUMBER" \
    "$mpiexec" --oversubscribe -n 2 "$emlib" simulate --model rw --subjects 5 --trials 5 --effect age=1 -o no.h5
expect 2 'gives age:alpha twice' "$emlib" simulate --model rw --subjects 5 --trials 5 --effect age:alpha=1 --effect age:alpha=2 -o no.h5
expect 2 'split wants NAME=A,B' "$emlib" simulate --model rw --subjects 5 --trials 5 --split group=a -o no.h5
expect 2 'two different texts' "$emlib" simulate --model rw --subjects 5 --trials 5 --split group=a,a -o no.h5
expect 2 'gives group twice' "$emlib" simulate --model rw --subjects 5 --trials 5 --split group=a,b --split group=a,c -o no.h5
check absent no.h5

# ---- fits
expect 0 '60 subjects, 50 trials' "$emlib" simulate --model rw_dual --subjects 60 --trials 50 --seed 3 -o sim.h5 \
    --mu alpha_pos=0.3,alpha_neg=-1,beta=0.8 --var alpha_pos=1,alpha_neg=1,beta=0.3
expect 2 'sim.h5 exists already; nothing was written \(--force' "$emlib" simulate --model rw --subjects 2 --trials 5 -o sim.h5
"$emlib" simulate --model rw_dual --subjects 60 --trials 50 --seed 3 -o again.h5 \
    --mu alpha_pos=0.3,alpha_neg=-1,beta=0.8 --var alpha_pos=1,alpha_neg=1,beta=0.3 >/dev/null
check cmp sim.h5 again.h5
expect 0 '60 subjects, 50 trials' "$mpiexec" --oversubscribe -n 3 "$emlib" simulate --model rw_dual --subjects 60 --trials 50 \
    --seed 3 -o again.h5 --force --mu alpha_pos=0.3,alpha_neg=-1,beta=0.8 --var alpha_pos=1,alpha_neg=1,beta=0.3
check cmp sim.h5 again.h5
expect 2 'sim.h5 exists already' "$mpiexec" --oversubscribe -n 2 "$emlib" simulate --model rw --subjects 2 --trials 5 -o sim.h5
expect 0 'converged after' "$emlib" fit sim.h5 --model rw -o rw.h5
for ranks in 2 3; do
    expect 0 'converged after' "$mpiexec" --oversubscribe -n $ranks "$emlib" fit sim.h5 --model rw -o rw_$ranks.h5
    check same_show rw.h5 rw_$ranks.h5
    for table in subjects group trace; do
        check cmp <("$emlib" export rw.h5 --table $table) <("$emlib" export rw_$ranks.h5 --table $table)
    done
done
expect 0 'exists already, made from the same data, model and options' "$emlib" fit sim.h5 --model rw -o rw.h5
expect 2 'rw.h5 exists and was made from other options; --force' "$emlib" fit sim.h5 --model rw --tol 1e-3 -o rw.h5
expect 2 'rw.h5 exists and was made from other data; --force' "$emlib" fit data.h5 --model rw -o rw.h5
expect 2 'rw.h5 exists and was made from another model; --force' "$emlib" fit sim.h5 --model choice_kernel -o rw.h5
expect 3 'NOT converged' "$emlib" fit sim.h5 --model rw_dual --max-iter 2 -o short.h5
expect 3 'nothing to do' "$emlib" fit sim.h5 --model rw_dual --max-iter 2 -o short.h5
expect 0 'converged' "$emlib" fit sim.h5 --model rw_dual --max-iter 2000 -o dual.h5
expect 2 'accelerate can be auto or none' "$emlib" fit sim.h5 --model rw --accelerate much -o no.h5
expect 3 'NOT converged' "$emlib" fit sim.h5 --model rw_dual --accelerate none --max-iter 8 -o plain.h5
"$emlib" simulate --model rw --subjects 30 --trials 60 --var alpha=0,beta=0 --mu beta=1 --seed 5 -o alike.h5 >/dev/null
expect 0 'alpha: the same for everyone; its variance vanished' "$emlib" fit alike.h5 --model rw -o alike_fit.h5
expect 0 'alpha: the same for everyone' "$emlib" show alike_fit.h5
expect 0 '"vanished"' "$emlib" show alike_fit.h5 --json
expect 0 'after 1 iteration,' "$emlib" fit sim.h5 --model rw --group fixed --mu alpha=0.5 --var beta=2 -o fixed.h5
expect 0 'maximum likelihood of [0-9]+ of 60 subjects' "$emlib" fit sim.h5 --model rw --group none -o none.h5
expect 0 'after 1 iteration,' "$emlib" fit sim.h5 --model rw --group fixed --mu alpha=0.5 --mu beta=1 -o fixed2.h5
expect 2 'gives alpha twice' "$emlib" fit sim.h5 --model rw --mu alpha=0.5 --mu alpha=1 -o no.h5
expect 2 'sim.h5 is what is read here' "$emlib" fit sim.h5 --model rw -o sim.h5 --force
expect 2 'rw.h5 is what is read here' "$emlib" export rw.h5 --table group -o rw.h5 --force
expect 3 'warning: EM had not converged' "$emlib" fit sim.h5 --model rw --max-iter 2 --quiet -o quiet3.h5
sed 's/^[01NA]*,/,/' table.csv >silent.csv
"$emlib" import silent.csv -o silent.h5 >/dev/null 2>&1
expect 2 'no trial counts for model rw' "$emlib" fit silent.h5 --model rw -o no.h5
awk -F, -v OFS=, 'NR == 1 {print $0, "block"; next} {print $0, NR % 30 < 15}' table.csv >blocks.csv
"$emlib" import blocks.csv -o blocks.h5 >/dev/null
expect 0 "column 'block': values start again" "$emlib" fit blocks.h5 --model rw --group fixed -o blocks_fit.h5
check test -z "$("$emlib" fit blocks.h5 --model rw --group fixed --ignore block -o ignored.h5 2>&1 | grep 'start again')"
check test -z "$("$emlib" fit sim.h5 --model rw --quiet -o quiet.h5 2>&1)"
expect 2 'the variance of beta is -1' "$emlib" fit sim.h5 --model rw --var beta=-1 -o no.h5
expect 2 'group can be estimate, fixed or none' "$emlib" fit sim.h5 --model rw --group all -o no.h5
expect 2 'is not of the form alpha=NUMBER' "$emlib" fit sim.h5 --model rw --mu alpha=x -o no.h5
expect 2 "a choice of 1; --options|can be 2 to 16|from 2 to 16" "$emlib" fit sim.h5 --model rw --options 1 -o no.h5
expect 2 'EMLIB_ISA' env EMLIB_ISA=mmx "$emlib" fit sim.h5 --model rw -o no.h5
expect 1 'no/where' "$emlib" fit sim.h5 --model rw -o no/where.h5
expect 2 'nothing.h5' "$mpiexec" --oversubscribe -n 2 "$emlib" fit nothing.h5 --model rw -o no.h5
check absent no.h5
check test -z "$(find . -name '*.tmp*')"

# ---- options and instruction sets
awk -F, -v OFS=, 'NR == 1 {print $1, $2 "x"; next} {print ($1 == 1 ? "b" : "a"), $2}' table.csv >text.csv
expect 0 '' "$emlib" import text.csv -o text.h5 --subject subjectx --levels choice=a,b,c
# three levels, so three options: with beta near 0 each of ann's 31 choices has probability 1/3
expect 0 '^ann,-34\.05698' "$emlib" loglik text.h5 --model choice_kernel --at alpha_c=0,beta_c=-60 --csv
awk -F, -v OFS=, 'NR > 1 && $1 != "NA" {$1 += 1} 1' table.csv >ones.csv
"$emlib" import ones.csv -o ones.h5 >/dev/null
expect 2 'no 0 in the whole data set.*--base choice=1' "$emlib" fit ones.h5 --model rw -o no.h5
expect 0 'subjects +6' "$emlib" import ones.csv -o based.h5 --base choice=1
check cmp <("$emlib" loglik data.h5 --model rw --at alpha=0,beta=1 --csv) <("$emlib" loglik based.h5 --model rw --at alpha=0,beta=1 --csv)
# only the last of 40 subjects ever chooses option 2: every rank must count three options
{
    echo subject,choice,reward
    for s in $(seq 101 140); do
        for t in 1 2 3 4 5 6 7 8; do echo "$s,$(((t * s) % 2 + (s == 140 && t == 3 ? 2 - (t * s) % 2 : 0))),$((t % 2))"; done
    done
} >third.csv
"$emlib" import third.csv -o third.h5 >/dev/null
"$emlib" fit third.h5 --model rw --group fixed --quiet -o third.h5.1
"$mpiexec" --oversubscribe -n 3 "$emlib" fit third.h5 --model rw --group fixed --quiet -o third.h5.3
check cmp <("$emlib" export third.h5.1 --table subjects) <("$emlib" export third.h5.3 --table subjects)
# ranks on processors of different kinds agree on what all of them can
EMLIB_ISA=baseline "$emlib" fit sim.h5 --model rw --quiet -o narrow.h5
"$mpiexec" --oversubscribe -n 1 env EMLIB_ISA=baseline "$emlib" fit sim.h5 --model rw --quiet -o mixed.h5 : \
    -n 1 "$emlib" fit sim.h5 --model rw --quiet -o mixed.h5
check cmp <("$emlib" export narrow.h5 --table subjects) <("$emlib" export mixed.h5 --table subjects)

# ---- evidence in other ways
expect 0 'log evidence: Laplace -[0-9.]+, importance sampling -[0-9.]+ \+- [0-9.]+, quadrature -[0-9.]+ ' \
    "$emlib" fit sim.h5 --model rw --evidence laplace,importance,quadrature -o evidence.h5
expect 0 'quadrature\) +-[0-9.]+$' "$emlib" show evidence.h5
expect 0 'importance sampling\) +-[0-9.]+ +\+- [0-9.]+$' "$emlib" show evidence.h5
expect 0 'least effective sample size [0-9]+$' "$emlib" show evidence.h5
expect 0 '"log_evidence_quadrature": -[0-9.]+' "$emlib" show evidence.h5 --json
expect 0 '"importance_least_ess": [0-9.]+' "$emlib" show evidence.h5 --json
expect 0 '"log_evidence_quadrature": null' "$emlib" show rw.h5 --json
expect 0 ',log_evidence_importance,log_evidence_importance_se,importance_ess,log_evidence_quadrature,alpha,' \
    "$emlib" export evidence.h5 --table subjects
expect 0 'log_marginal_likelihood,alpha,' "$emlib" export rw.h5 --table subjects
"$mpiexec" --oversubscribe -n 3 "$emlib" fit sim.h5 --model rw --evidence importance,quadrature --quiet -o evidence_3.h5
check cmp <("$emlib" export evidence.h5 --table subjects) <("$emlib" export evidence_3.h5 --table subjects)
expect 0 'nothing to do' "$emlib" fit sim.h5 --model rw --evidence importance,quadrature --samples 2000 -o evidence.h5
expect 2 'other options' "$emlib" fit sim.h5 --model rw --evidence importance,quadrature --samples 3000 -o evidence.h5
expect 0 'warning: importance sampling is poor for [0-9]+ subject.* take more --samples' \
    "$emlib" fit sim.h5 --model rw --evidence importance --samples 100 -o poor.h5
expect 2 "laplace, importance or quadrature, with commas between several, not 'exact'" "$emlib" fit sim.h5 --model rw --evidence exact -o no.h5
expect 2 'add --evidence importance' "$emlib" fit sim.h5 --model rw --samples 500 -o no.h5
expect 2 'add --evidence quadrature' "$emlib" fit sim.h5 --model rw --evidence importance --nodes 5 -o no.h5
expect 2 'does not go with --evidence' "$emlib" fit sim.h5 --model rw --group none --evidence importance -o no.h5
expect 0 '3 subjects' "$emlib" simulate --model ts_par7 --subjects 3 --trials 20 -o seven.h5
expect 2 'up to 4 parameters that differ between subjects, and this fit has 7; use --evidence importance' \
    "$mpiexec" --oversubscribe -n 2 "$emlib" fit seven.h5 --model ts_par7 --evidence quadrature -o no.h5
check absent no.h5

# ---- what came out
expect 0 'alpha_pos +logistic' "$emlib" show dual.h5
expect 3 'NOT converged' "$emlib" fit sim.h5 --model rw_dual --max-iter 2 -o short.h5 --force
expect 0 'NOT CONVERGED' "$emlib" show short.h5
expect 0 'dual.h5' "$emlib" compare rw.h5 dual.h5 quiet.h5
"$emlib" fit data.h5 --model rw --group fixed -o other.h5 --quiet
expect 0 'warning: other.h5 was fitted to other data' "$emlib" compare rw.h5 other.h5
expect 2 'not.* fit' "$emlib" show sim.h5
expect 0 '^sub-01,1,[01],[01],' "$emlib" export rw.h5 --table trials
expect 2 'not the data of this fit' "$emlib" export rw.h5 --table trials --data data.h5

# ---- several models at once
expect 0 'model rw_dual is responsible for [0-9.]+ of 60 subjects' "$emlib" hbi sim.h5 --model rw --model rw_dual -o hbi.h5
expect 0 'hbi.h5 exists already.*nothing to do' "$emlib" hbi sim.h5 --model rw --model rw_dual -o hbi.h5
expect 2 'other options; --force' "$emlib" hbi sim.h5 --model rw --model rw_dual --seed 2 -o hbi.h5
expect 2 'other models' "$emlib" hbi sim.h5 --model rw_dual --model rw -o hbi.h5
expect 2 'other data' "$emlib" hbi data.h5 --model rw --model rw_dual -o hbi.h5
expect 2 'rw.h5 exists and is not an HBI file' "$emlib" hbi sim.h5 --model rw -o rw.h5
expect 2 'hbi.h5 exists and is not a fit' "$emlib" fit sim.h5 --model rw -o hbi.h5
expect 2 'sim.h5 is what is read here' "$emlib" hbi sim.h5 --model rw -o sim.h5 --force
expect 2 'model rw is given twice' "$emlib" hbi sim.h5 --model rw --model rw -o no.h5
expect 2 "there is no model 'rw_dul'" "$emlib" hbi sim.h5 --model rw --model rw_dul -o no.h5
expect 2 "only ddm explains the column 'rt'" "$emlib" hbi sim.h5 --model rw --model ddm -o no.h5
expect 2 "model dd_hyperbolic needs a column 'amount_sooner'" "$emlib" hbi sim.h5 --model rw --model dd_hyperbolic -o no.h5
expect 2 'model is needed' "$emlib" hbi sim.h5 -o no.h5
expect 2 'which dataset' "$emlib" hbi --model rw -o no.h5
expect 2 'null can be run or none' "$emlib" hbi sim.h5 --model rw --null maybe -o no.h5
expect 2 'the tolerance is 0' "$emlib" hbi sim.h5 --model rw --tol 0 -o no.h5
expect 2 'no trial counts for model rw' "$emlib" hbi silent.h5 --model rw --model choice_kernel -o no.h5
expect 1 'no/where' "$emlib" hbi sim.h5 --model rw -o no/where.h5
expect 2 'nothing.h5' "$mpiexec" --oversubscribe -n 2 "$emlib" hbi nothing.h5 --model rw -o no.h5
check absent no.h5
expect 3 'warning: the run.* had not converged after 3 iterations' "$emlib" hbi sim.h5 --model rw --model rw_dual --max-iter 3 -o hbi3.h5
expect 3 'nothing to do' "$emlib" hbi sim.h5 --model rw --model rw_dual --max-iter 3 -o hbi3.h5
expect 0 'NOT CONVERGED' "$emlib" show hbi3.h5
check test -z "$("$emlib" hbi sim.h5 --model rw --model choice_kernel --quiet -o hbi_quiet.h5 2>&1)"
for ranks in 2 3; do
    expect 0 'converged after' "$mpiexec" --oversubscribe -n $ranks "$emlib" hbi sim.h5 --model rw --model rw_dual -o hbi_$ranks.h5
    check diff <("$emlib" show hbi.h5 --json | grep -v '"file"\|"ranks"') <("$emlib" show hbi_$ranks.h5 --json | grep -v '"file"\|"ranks"')
done
expect 0 'Group of rw_dual' "$emlib" show hbi.h5
expect 0 '"bayesian_omnibus_risk"' "$emlib" show hbi.h5 --json
expect 0 '"bayesian_omnibus_risk": null' sh -c "'$emlib' hbi sim.h5 --model rw --model rw_dual --null none --quiet -o hbi_none.h5 && '$emlib' show hbi_none.h5 --json"
mkdir moved && cp hbi.h5 moved/ && ln -s moved/hbi.h5 linked.h5
expect 0 'data +.*sim.h5' "$emlib" show linked.h5
expect 2 'is an emlib hbi file, not an emlib fit file' "$emlib" compare hbi.h5 rw.h5
expect 0 '^sub-60,[01e.+-]' "$emlib" export hbi.h5 --table subjects
expect 0 '^rw_dual,beta,exp,' "$emlib" export hbi.h5 --table group
expect 0 '^rw_dual,3,' "$emlib" export hbi.h5 --table models
expect 0 '^1,-[0-9.]+,61,61$' "$emlib" export hbi.h5 --table trace # at first everybody counts for each model
expect 2 "no table 'trials' of an HBI file" "$emlib" export hbi.h5 --table trials
expect 0 '' "$emlib" export hbi.h5 --table subjects -o hbi.csv
expect 2 'hbi.csv exists' "$emlib" export hbi.h5 --table subjects -o hbi.csv
expect 2 'sim.h5 is what is read here' "$emlib" export hbi.h5 --table subjects -o sim.h5 --force
check cmp <("$emlib" export hbi.h5 --table subjects) hbi.csv
check test "$(head -1 hbi.csv | tr ',' '\n' | wc -l)" -eq 17 -a "$(wc -l <hbi.csv)" -eq 61
check test -z "$(find . -name '*.tmp*')"

finish
