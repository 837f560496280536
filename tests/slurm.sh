#!/usr/bin/env bash
# emlib on a SLURM cluster, which the test brings up by itself. usage: slurm.sh EMLIB FOLDER_OF_JOB_FILES
set -u
emlib=$1 jobs=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
# shellcheck source-path=SCRIPTDIR source=slurm_local.sh
source "$here/slurm_local.sh"
missing=$(slurm_missing)
if [ -n "$missing" ]; then
    echo "skipped: $missing is not installed (Debian: slurmctld slurmd slurm-client munge)"
    exit 77
fi
work=$(mktemp -d /tmp/emlib-slurm-XXXXXX) || exit 1
trap 'slurm_down "$work/slurm"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$work/slurm"
slurm_up "$work/slurm" 8 || { echo "SLURM does not start"; exit 1; }
export EMLIB=$emlib
cd "$work" || exit 1

# ended ID...: waits until none of these jobs is in the queue any more
ended() {
    local ids
    ids=$(IFS=,; echo "$*")
    for _ in $(seq 300); do
        [ -z "$(squeue --noheader --jobs "$ids" --states=PD,R,CG,CF,S,RQ 2>/dev/null)" ] && return 0
        sleep 0.1
    done
    squeue
    return 1
}
submit() { sbatch --parsable --chdir="$work" "$@"; }

expect 0 '20 subjects' "$emlib" simulate --model rw --subjects 20 --trials 60 --seed 3 -o data.h5
"$emlib" fit data.h5 --model rw -q -o plain.h5

# ---- a signal before the time limit: the fits write their state, the jobs queue themselves again, and go on
printf 'data\tmodel\toutput\tbootstrap\tcheckpoint-every\ndata.h5\trw\tslow.h5\t1500\t0.1\n' >long.tsv
expect 0 'array' "$emlib" batch long.tsv --slurm --ranks 2 --no-compare
long=$(cut -f1 long.tsv.jobs)
again=$(submit --ntasks=2 --output=long.out "$jobs/fit.sbatch" data.h5 --model rw --bootstrap 1500 --checkpoint-every 0.1 -o long.h5)
# signalled FIT JOB: signals the job once its fit has begun
signalled() {
    for _ in $(seq 200); do
        [ -e "$1.checkpoint" ] && break
        sleep 0.05
    done
    scancel --signal=USR1 --batch "$2"
}
check signalled slow.h5 "$long"
check signalled long.h5 "$again"
# ---- one fit, by srun and by mpirun
one=$(submit --ntasks=2 --output=one.out "$jobs/fit.sbatch" data.h5 --model rw -o one.h5)
two=$(EMLIB_LAUNCHER='mpirun --oversubscribe' submit --ntasks=2 --output=two.out "$jobs/fit.sbatch" data.h5 --model rw -o two.h5)
# ---- an array with a comparison that waits for it
printf 'data\tmodel\toutput\tmax-iter\ndata.h5\trw\trw.h5\t-\ndata.h5\tchoice_kernel\tkernel.h5\t-\nplain.h5.no\trw\tx.h5\t-\n' >bad.tsv
expect 2 'line 4, column data' "$emlib" batch bad.tsv --slurm
check test ! -e bad.tsv.jobs
printf 'data\tmodel\toutput\tmax-iter\ndata.h5\trw\trw.h5\t-\ndata.h5\tchoice_kernel\tkernel.h5\t-\ndata.h5\trw\tshort.h5\t2\n' >models.tsv
expect 1 'sbatch refused the job: .*partition' "$emlib" batch models.tsv --slurm --sbatch --partition=nowhere
check test ! -e models.tsv.jobs
expect 0 'array' "$emlib" batch models.tsv --slurm --ranks 2 --sbatch '--time=5 --begin=now+2'
check test "$(wc -l <models.tsv.jobs)" -eq 1
check test "$("$emlib" batch models.tsv --status | grep -c pending)" -eq 3
expect 0 'nothing to submit' "$emlib" batch models.tsv --slurm
check ended "$one" "$two"
for file in one two; do
    check cmp <("$emlib" export $file.h5 --table subjects) <("$emlib" export plain.h5 --table subjects)
done
check grep -q '2 ranks' <("$emlib" show one.h5; "$emlib" show one.h5 --json)
array=$(cut -f1 models.tsv.jobs)
check ended "$array" $((array + 1))
check test "$("$emlib" batch models.tsv --status | cut -f4 | paste -sd,)" = 'state,done,done,not converged'
check grep -q '^kernel.h5' models.compare.csv
check cmp <("$emlib" export rw.h5 --table subjects) <("$emlib" export plain.h5 --table subjects)

# ---- a launcher that does not match
expect 1 'the launcher and Open MPI do not match' srun --mpi=none --ntasks=2 "$emlib" fit data.h5 --model rw -o no.h5
check test ! -e no.h5

# ---- meanwhile the two that were stopped have gone on
check ended "$again" "$long"
check test "$("$emlib" batch long.tsv --status | cut -f4 | paste -sd,)" = state,done
for fit in slow long; do
    check test ! -e $fit.h5.checkpoint
    check cmp <("$emlib" export $fit.h5 --table subjects) <("$emlib" export plain.h5 --table subjects)
done
check cmp <("$emlib" export slow.h5 --table bootstrap) <("$emlib" export long.h5 --table bootstrap)
check grep -q 'goes on from slow.h5.checkpoint' slow.h5.log
check grep -q 'goes on from long.h5.checkpoint' long.out
check grep -q 'queued again' long.out

finish
