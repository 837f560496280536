#!/usr/bin/env bash
# `emlib fit` as a user meets it, and what `show`, `compare` and `export` say of its fits.
# usage: program_fit.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
# shellcheck source-path=SCRIPTDIR source=program_data.sh
source "$here/program_data.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# equal up to how long it took
same_show() { diff <("$emlib" show "$1" | grep -v 'made by') <("$emlib" show "$2" | grep -v 'made by'); }

make_data
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
# converged: the same fit whatever --max-iter; until then it is tied to it
expect 0 'made from the same data, model and options: nothing to do' "$emlib" fit sim.h5 --model rw_dual -o dual.h5
expect 2 'short.h5 exists and was made from other options' "$emlib" fit sim.h5 --model rw_dual --max-iter 3 -o short.h5
cp short.h5 resumed.h5
expect 0 'converged' "$emlib" fit sim.h5 --model rw_dual --max-iter 1500 --resume -o resumed.h5
expect 0 'nothing to do' "$emlib" fit sim.h5 --model rw_dual --max-iter 2 -o resumed.h5
expect 0 'nothing to do' "$emlib" fit sim.h5 --model rw_dual --max-iter 7 --resume -o resumed.h5
expect 2 'resumed.h5 exists and was made from other options' "$emlib" fit sim.h5 --model rw_dual --tol 1e-3 --max-iter 2 -o resumed.h5
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

# ---- ranks that see different data, and instruction sets
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

# ---- what came out
expect 0 'alpha_pos +logistic' "$emlib" show dual.h5
expect 3 'NOT converged' "$emlib" fit sim.h5 --model rw_dual --max-iter 2 -o short.h5 --force
expect 0 'NOT CONVERGED' "$emlib" show short.h5
expect 0 'dual.h5' "$emlib" compare rw.h5 dual.h5 quiet.h5
"$emlib" fit data.h5 --model rw --group fixed -o other.h5 --quiet
expect 0 'warning: other.h5 was fitted to other data' "$emlib" compare rw.h5 other.h5
expect 0 '^Dataset sim.h5 ' "$emlib" show sim.h5
expect 0 '^sub-01,1,[01],[01],' "$emlib" export rw.h5 --table trials
expect 2 'not the data of this fit' "$emlib" export rw.h5 --table trials --data data.h5
for option in --data=data.h5 --model=./rw.so --split=parts --covariates; do expect 2 'is for --table trials' "$emlib" export rw.h5 --table subjects $option; done

check test -z "$(find . -name '*.tmp*')"

finish
