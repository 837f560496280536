#!/usr/bin/env bash
# The bootstrap and leaving one out as a user meets them. usage: resample.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
absent() { [ ! -e "$1" ]; }
# near BY A B: two numbers that are at most so far apart
near() { awk -v by="$1" -v a="$2" -v b="$3" 'BEGIN {exit !(a - b <= by && b - a <= by && a != "" && b != "")}'; }
# cell FILE SUBJECT COLUMN
cell() { sed 's/"[^"]*"/text/g' "$1" | awk -F, -v s="$2" -v c="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == c) k = i} $1 == s {print $k}'; }

expect 0 '30 subjects' "$emlib" simulate --model rw --subjects 30 --trials 80 --seed 8 --split sex=f,m --effect sex:alpha=0.6 -o data.h5 \
    --mu alpha=-0.5,beta=1 --var alpha=0.8,beta=0.2
expect 0 '20 subjects' "$emlib" simulate --model rw --subjects 20 --trials 40 --seed 9 -o others.h5

# ---- the bootstrap
expect 0 'bootstrap 40 of 40' "$emlib" fit data.h5 --model rw --covariate sex:alpha --bootstrap 40 -o boot.h5
expect 0 'nothing to do' "$emlib" fit data.h5 --model rw --covariate sex:alpha --bootstrap 40 -o boot.h5
expect 2 'other options' "$emlib" fit data.h5 --model rw --covariate sex:alpha --bootstrap 50 -o boot.h5
expect 0 'bootstrap 40 of 40' "$mpiexec" --oversubscribe -n 3 "$emlib" fit data.h5 --model rw --covariate sex:alpha --bootstrap 40 -o boot_3.h5
"$emlib" fit data.h5 --model rw --covariate sex:alpha -q -o plain.h5
for table in subjects group trace; do
    check cmp <("$emlib" export boot.h5 --table $table) <("$emlib" export plain.h5 --table $table)
done
check cmp <("$emlib" export boot.h5 --table bootstrap) <("$emlib" export boot_3.h5 --table bootstrap)
expect 0 '^repetition,\(Intercept\):alpha,\(Intercept\):beta,sex\[m\]:alpha,var:alpha,var:beta$' "$emlib" export boot.h5 --table bootstrap
check test "$("$emlib" export boot.h5 --table bootstrap | wc -l)" -eq 41
expect 0 'Bootstrap over subjects \(40 resamples\)' "$emlib" show boot.h5
expect 0 'sex\[m\]:alpha +-?[0-9.]+ +[0-9.]+ +[0-9.]+ +-?[0-9.]+ +-?[0-9.]+' "$emlib" show boot.h5
expect 0 '"bootstrap_se"' "$emlib" show boot.h5 --json
expect 2 'has no bootstrap' "$emlib" export plain.h5 --table bootstrap
expect 2 'estimates none' "$emlib" fit data.h5 --model rw --group fixed --bootstrap 10 -o no.h5
expect 2 "bootstrap wants a whole number" "$emlib" fit data.h5 --model rw --bootstrap many -o no.h5
expect 3 'no bootstrap, because EM has not converged' "$emlib" fit data.h5 --model rw --max-iter 2 --bootstrap 10 -o short.h5
check absent no.h5

# ---- one left out, against a fit without it
expect 0 'elpd_loo -[0-9.]+, standard error' "$emlib" loo plain.h5 -o loo.csv
expect 2 'loo.csv exists' "$emlib" loo plain.h5 -o loo.csv
expect 0 'p_loo' "$mpiexec" --oversubscribe -n 3 "$emlib" loo plain.h5 -o loo_3.csv
check cmp loo.csv loo_3.csv
check test "$(wc -l <loo.csv)" -eq 31
for who in sub-01 sub-17; do
    "$emlib" fit data.h5 --model rw --covariate sex:alpha --exclude $who -q -o without.h5 --force
    "$emlib" fit data.h5 --model rw --group-from without.h5 -q -o predicted.h5 --force
    "$emlib" export predicted.h5 --table subjects >predicted.csv
    check near 1e-4 "$(cell loo.csv $who elpd)" "$(cell predicted.csv $who log_marginal_likelihood)"
done
# subjects that the fit left out are no matter
"$emlib" fit data.h5 --model rw --exclude sub-03,sub-04 -q -o some.h5
"$emlib" loo some.h5 -q >some.csv
check test "$(wc -l <some.csv)" -eq 29
check test -z "$(cell some.csv sub-03 elpd)"
expect 2 'not of the same subjects' "$emlib" loo some.h5 plain.h5
# a full covariance, a fixed and a shared parameter come with the fit
"$emlib" fit data.h5 --model rw --covariance full -q -o full.h5
expect 0 'elpd_loo' "$emlib" loo full.h5
"$emlib" fit data.h5 --model rw --fix beta=2 --exclude sub-05 -q -o without.h5 --force
"$emlib" fit data.h5 --model rw --group-from without.h5 -q -o predicted.h5 --force
"$emlib" fit data.h5 --model rw --fix beta=2 -q -o fixed.h5
"$emlib" loo fixed.h5 -q >fixed.csv
check near 1e-4 "$(cell fixed.csv sub-05 elpd)" "$(cell <("$emlib" export predicted.h5 --table subjects) sub-05 log_marginal_likelihood)"
"$emlib" fit data.h5 --model rw --shared beta -q -o shared.h5
expect 0 'elpd_loo' "$emlib" loo shared.h5

# ---- models against each other, JSON, and what is refused
"$emlib" fit data.h5 --model choice_kernel -q -o kernel.h5
expect 0 'plain.h5 predicts better than kernel.h5 by [0-9.]+, standard error [0-9.]+, over 30 subjects' "$emlib" loo kernel.h5 plain.h5
expect 0 'difference:plain.h5-kernel.h5' "$emlib" loo kernel.h5 plain.h5
expect 0 '"difference_se"' "$emlib" loo kernel.h5 plain.h5 --json -q
"$emlib" fit data.h5 --model rw --group fixed -q -o given.h5
expect 2 'given.h5 has no group that was estimated' "$emlib" loo given.h5
expect 2 'given.h5 has no group that was estimated' "$mpiexec" --oversubscribe -n 2 "$emlib" loo given.h5
expect 2 'others.h5 is not the data of this fit' "$emlib" loo plain.h5 --data others.h5
expect 2 'gone.h5' "$emlib" loo plain.h5 --data gone.h5
expect 2 'data.h5 is what is read' "$emlib" loo plain.h5 --data data.h5 -o data.h5 --force
mv data.h5 moved.h5
expect 2 'data.h5, the data of the fit, is not there; --data' "$emlib" loo plain.h5
expect 0 'elpd_loo' "$emlib" loo plain.h5 --data moved.h5
expect 2 'not.* fit' "$emlib" loo moved.h5
expect 2 'which fit file' "$emlib" loo
expect 2 'tol must be above 0' "$emlib" loo plain.h5 --tol 0

finish
