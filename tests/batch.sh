#!/usr/bin/env bash
# Many fits from one manifest as a user meets them. usage: batch.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
absent() { [ ! -e "$1" ]; }
# manifest FILE LINE...: a line's cells are parted by blanks, which become tabs
manifest() {
    local file=$1
    shift
    printf '%s\n' "$@" | tr ' ' '\t' >"$file"
}
# state LINE: what --status says of it
state() { "$emlib" batch study/models.tsv --status | awk -F'\t' -v l="$1" '$1 == l {print $4}'; }

mkdir study
expect 0 '12 subjects' "$emlib" simulate --model rw --subjects 12 --trials 60 --seed 3 --split sex=f,m -o study/data.h5
expect 0 '12 subjects' "$emlib" simulate --model rw --subjects 12 --trials 40 --seed 4 -o study/other.h5
expect 0 '12 subjects' "$emlib" simulate --model dd_hyperbolic --subjects 12 --trials 20 --seed 4 -o study/delays.h5

# ---- from another folder: checks, runs, compares, and then has nothing to do
manifest study/models.tsv 'data model output covariate covariance bootstrap --exclude' '' \
    'data.h5 rw rw.h5 sex - ' 'data.h5 rw rw_full.h5 - full' 'data.h5 choice_kernel kernel.h5 - - - sub-03,sub-04'
sed -i '2i # a comment, with a comma' study/models.tsv
expect 0 "^emlib fit data.h5 --model rw -o rw_full.h5 --covariance full$" "$emlib" batch study/models.tsv --dry-run
expect 0 "^cd '.*/study'$" "$emlib" batch study/models.tsv --dry-run
check absent study/rw.h5
check test "$(state 4)" = missing
expect 0 '3 of 3 fits done' "$emlib" batch study/models.tsv --jobs 2
check test "$(state 4),$(state 5),$(state 6)" = done,done,done
check grep -q '^rw_full.h5,rw,1,12' study/models.compare.csv
check grep -q 'ended with status 0, ' study/rw.h5.log
cp -p study/rw.h5 before.h5
expect 0 'all fits are done' "$emlib" batch study/models.tsv
expect 0 'all fits are done' env -C study "$emlib" batch models.tsv
check cmp before.h5 study/rw.h5
check test study/rw.h5 -ot study/models.compare.csv

# ---- what changed is stale and made again, and nothing else
sed -i 's/rw_full.h5\t-\tfull/rw_full.h5\tsex\tfull/' study/models.tsv
check test "$(state 5)" = stale
expect 0 'line 5: rw_full.h5 is stale \(was made from other options\) and will be replaced' "$emlib" batch study/models.tsv --dry-run
expect 0 'emlib fit data.h5 --model rw -o rw_full.h5 --covariate sex --covariance full --force$' "$emlib" batch study/models.tsv
check test "$(state 5)" = "done"
check cmp before.h5 study/rw.h5
rm study/kernel.h5
expect 0 'line 6: kernel.h5 is done' "$emlib" batch study/models.tsv --no-compare
check cmp before.h5 study/rw.h5

# ---- the same on two ranks
manifest two.tsv 'data model output covariate' 'study/data.h5 rw two.h5 sex'
expect 0 '^mpirun -n 2 emlib fit' "$emlib" batch two.tsv --ranks 2 --dry-run
expect 0 '1 of 1 fit done' "$emlib" batch two.tsv --ranks 2 --launcher "$mpiexec --oversubscribe"
for table in subjects group; do
    check cmp <("$emlib" export two.h5 --table $table) <("$emlib" export study/rw.h5 --table $table)
done
expect 2 "launcher 'nowhere' is not there" "$emlib" batch two.tsv --launcher nowhere

# ---- one that does not converge counts as done
manifest study/models.tsv 'data model output max-iter' 'data.h5 rw rw_short.h5 2' 'data.h5 rw rw_last.h5'
expect 3 '2 of 2 fits done, 1 of them not converged' "$emlib" batch study/models.tsv
check test "$(state 2),$(state 3)" = 'not converged,done'
expect 3 'all fits are done' "$emlib" batch study/models.tsv
# once it has converged it is done, however many iterations it took
check "$emlib" fit study/data.h5 --model rw --resume --quiet -o study/rw_short.h5
check test "$(state 2),$(state 3)" = 'done,done'
expect 0 'all fits are done' "$emlib" batch study/models.tsv

# ---- one that fails while it runs does not stop the others
manifest study/models.tsv 'data model output' 'data.h5 rw late.h5' 'other.h5 rw later.h5'
# the program that stands for the launcher fails on one of the two
cat >launcher <<'END'
#!/bin/sh
shift 2
case $* in *late.h5*) echo 'emlib fit: no luck' >&2; exit 2 ;; esac
exec "$@"
END
chmod +x launcher
expect 2 'line 2: late.h5 FAILED with status 2: no luck \(all in late.h5.log\)' "$emlib" batch study/models.tsv --launcher ./../launcher
check test "$(state 2),$(state 3)" = failed,done
expect 0 'status 2: emlib fit: no luck' "$emlib" batch study/models.tsv --status
expect 0 'line 2: late.h5 is done' "$emlib" batch study/models.tsv --line 2
check test "$(state 2)" = "done"
expect 2 'line 9 is not one with a fit' "$emlib" batch study/models.tsv --line 9
touch study/late.h5.checkpoint
rm study/late.h5
check test "$(state 2)" = stale
expect 0 'late.h5 is stale \(has a checkpoint of another fit, or a damaged one' "$emlib" batch study/models.tsv
check absent study/late.h5.checkpoint

# ---- comparisons: one for each dataset with several fits; nothing else is replaced
manifest study/models.tsv 'data model output' 'data.h5 rw a.h5' 'data.h5 choice_kernel b.h5' 'other.h5 rw c.h5' 'other.h5 choice_kernel d.h5'
expect 0 'models.compare.other.csv compares the fits of other.h5' "$emlib" batch study/models.tsv
check grep -q '^a.h5' study/models.compare.data.csv
rm study/d.h5 study/models.compare.other.csv
expect 0 'models.compare.other.csv: 1 of 2 fits of other.h5 are not done' "$emlib" batch study/models.tsv --compare-only
check absent study/models.compare.other.csv
echo precious >notes.data.csv
expect 2 'notes.data.csv is there and is no comparison' "$emlib" batch study/models.tsv --compare notes.csv
check grep -q precious notes.data.csv
check absent study/d.h5

# ---- a stop: the fit writes its state, nothing more is started; then it goes on
manifest study/models.tsv 'data model output bootstrap checkpoint-every' 'data.h5 rw long.h5 4000 0.05' 'other.h5 rw d.h5'
"$emlib" batch study/models.tsv >said.txt 2>&1 &
batch=$!
for _ in $(seq 200); do [ -e study/long.h5.checkpoint ] && break; sleep 0.02; done
kill -TERM $batch
wait $batch
check test $? -eq 75
check grep -q 'long.h5 was stopped; run again to go on' said.txt
check test "$(state 2),$(state 3)" = stopped,missing
expect 0 '2 of 2 fits done' "$emlib" batch study/models.tsv
check grep -q 'goes on from long.h5.checkpoint' study/long.h5.log
check test "$(state 2),$(state 3)" = done,done

# ---- all problems at once, each with its place; nothing is done
echo text >study/notes.txt
manifest study/models.tsv 'data model output mu covariate max-iter ignore bogus force data group-from' \
    'gone.h5 rw e1.h5' \
    'data.h5 nomodel e2.h5' \
    'data.h5 rw e3.h5 gamma=1 age few' \
    'data.h5 rw nowhere/e4.h5' \
    'data.h5 rw e3.h5' \
    'data.h5 rw ../study/other.h5' \
    'other.h5 rw e7.h5 - - - - - maybe' \
    'data.h5 ra_prospect e8.h5' \
    'notes.txt rw e9.h5' \
    'data.h5 rw notes.txt' \
    '- rw e10.h5' \
    'data.h5 rw e11.h5 - - - - - - - e1.h5' \
    'data.h5 gone.so e12.h5' \
    'data.h5 rw data.h5.log'
"$emlib" batch study/models.tsv >problems.txt 2>&1
check test $? -eq 2
while IFS= read -r line; do
    check grep -qE -- "models.tsv: $line" problems.txt
done <<'END'
line 1, column bogus: there is no such option
line 1, column data: this column is there twice
line 2, column data: .*gone.h5
line 3, column model: .*nomodel
line 4, column mu: .*gamma
line 4, column covariate: .*age
line 4, column max-iter: --max-iter wants a whole number
line 5, column output: the folder nowhere is not there
line 6, column output: e3.h5 is the output of line 4, too
line 7, column output: .*other.h5 is the data of line 8
line 8, column force: can be yes or empty, not 'maybe'
line 9, column data: .*
line 10, column data: .*notes.txt
line 11, column output: notes.txt
line 12, column data: the cell is empty
line 13, column group-from: e1.h5 is not there yet, it is the output of line 2
line 14, column model: .*gone.so
END
check grep -qE '^emlib batch: study/models.tsv: [0-9]+ problems; nothing was done$' problems.txt
check test -z "$(find study -name 'e[0-9]*')"

# ---- no cluster here
manifest part.tsv 'data model output' 'study/data.h5 rw part.h5'
expect 1 'cannot start sbatch: .*; is this a machine of the cluster' env PATH=/nowhere "$emlib" batch part.tsv --slurm
echo 12 >part.tsv.jobs
expect 0 'squeue does not answer' env PATH=/nowhere "$emlib" batch part.tsv --status

# ---- what is no manifest
expect 2 'gone.tsv: cannot open the manifest: No such file' "$emlib" batch gone.tsv
expect 2 'which manifest' "$emlib" batch
expect 2 'only one of --slurm' "$emlib" batch two.tsv --slurm --status
expect 2 'is a folder' "$emlib" batch study
: >empty.tsv
expect 2 'empty.tsv has no header line' "$emlib" batch empty.tsv
echo 'data,model,output' >commas.tsv
expect 2 'line 1: the header has one column only; .* tabs' "$emlib" batch commas.tsv
manifest none.tsv 'data model output'
expect 2 'no line with a fit' "$emlib" batch none.tsv
manifest long.tsv 'data model output' 'a b c d'
expect 2 'line 2 has 4 cells, but the header names 3' "$emlib" batch long.tsv
printf 'data\tmodel\toutput\n\0\n' >zero.tsv
expect 2 'line 2 has a byte of value 0' "$emlib" batch zero.tsv
manifest part.tsv 'data model' 'study/data.h5 rw'
expect 2 'line 1: the header has no column output' "$emlib" batch part.tsv

finish
