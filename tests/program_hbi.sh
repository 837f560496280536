#!/usr/bin/env bash
# `emlib hbi`: several models at once.
# usage: program_hbi.sh EMLIB MPIEXEC
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

make_data
make_sim
check "$emlib" fit sim.h5 --model rw --quiet -o rw.h5
sed 's/^[01NA]*,/,/' table.csv >silent.csv
check "$emlib" import silent.csv -o silent.h5 >silent.txt 2>&1
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
