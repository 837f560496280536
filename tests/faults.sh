#!/usr/bin/env bash
# What goes wrong on real machines: full disks, folders that cannot be written, jobs that meet, processes that die or were started
# wrongly. usage: faults.sh EMLIB MPIEXEC [MPI_FAULTS]
set -u
emlib=$1 mpiexec=$2 mpi_faults=${3-}
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

ranks() { timeout 60 "$mpiexec" --oversubscribe "$@"; }
absent() { [ ! -e "$1" ]; }
nothing_left() { [ -z "$(find . -name '*.tmp*' -print)" ] || { find . -name '*.tmp*' >&2; return 1; }; }
same_numbers() { diff <("$emlib" export "$1" --table subjects) <("$emlib" export "$2" --table subjects); }
now() { date +%s%N; }
# waits until the file is there, at most ten seconds
wait_for() {
    for _ in $(seq 200); do
        [ -s "$1" ] && return
        sleep 0.05
    done
    return 1
}
# a fit that would take hours: it never arrives
endless=(--accelerate none --tol 1e-300 --max-iter 100000000 --quiet)
# the word before a command that is to see its own file systems; empty where that is forbidden
own_mounts=
unshare -m true 2>/dev/null && own_mounts="unshare -m"
[ -z "$own_mounts" ] && unshare -rm true 2>/dev/null && own_mounts="unshare -rm"
[ -n "$own_mounts" ] || echo "skipped: full and read-only disks, because nothing may be mounted here"
# with_disk OPTIONS COMMAND...: the command with a file system of its own in the folder disk, and what is there afterwards
mkdir disk
with_disk() {
    # shellcheck disable=SC2016
    $own_mounts sh -c 'mount -t tmpfs -o "$1" none disk || exit 99; shift; "$@"; status=$?; echo "left: $(ls -A disk)"; exit $status' \
        sh "$@"
}

expect 0 '60 subjects' "$emlib" simulate --model rw --subjects 60 --trials 40 --seed 3 -o data.h5
expect 0 'converged' "$emlib" fit data.h5 --model rw -o good.h5
"$emlib" export good.h5 --table trials --data data.h5 -o table.csv
cp good.h5 whole.h5

# ---- no room
if [ -n "$own_mounts" ]; then
    expect 1 'disk/fit.h5: there is no room for about 0.1 MB: No space left on device' \
        with_disk size=32k "$emlib" fit data.h5 --model rw -o disk/fit.h5
    expect 1 'left: $' with_disk size=32k "$emlib" fit data.h5 --model rw -o disk/fit.h5
    expect 1 'disk/many.h5: cannot write: No space left on device' \
        with_disk size=32k "$emlib" simulate --model rw --subjects 900 --trials 200 -o disk/many.h5
    expect 1 'left: $' with_disk size=32k "$emlib" simulate --model rw --subjects 900 --trials 200 -o disk/many.h5
    expect 0 'left: fit.h5$' with_disk size=8m "$emlib" fit data.h5 --model rw -o disk/fit.h5
    expect 1 'disk/fit.h5: cannot make a file in its folder: Read-only file system' \
        with_disk ro "$emlib" fit data.h5 --model rw "${endless[@]}" -o disk/fit.h5
fi
limited() { (ulimit -f 4 && exec "$@"); }
expect 1 '^emlib fit: large.h5: cannot write: File too large$' limited "$emlib" fit data.h5 --model rw --quiet -o large.h5
slow=(fit data.h5 --model rw --bootstrap 400 --quiet -o large.h5)
"$emlib" "${slow[@]}" 2>stopped.txt &
job=$!
check wait_for .large.h5.tmp
sleep 0.3
kill -USR1 $job
wait $job
check test $? -eq 75
check grep -q 'stopped by a signal after .* stands in large.h5.checkpoint: the same command, or one with --resume' stopped.txt
expect 1 'File too large; the state of the fit is in large.h5.checkpoint: --resume goes on from it' limited "$emlib" "${slow[@]}"
check test -e large.h5.checkpoint
rm large.h5.checkpoint
check absent large.h5
check nothing_left

# ---- an output that cannot be is found at once
began=$(now)
expect 1 'no/where.h5: cannot make a file in its folder: No such file' "$emlib" fit data.h5 --model rw "${endless[@]}" -o no/where.h5
expect 2 'disk exists and is not a fit' "$emlib" fit data.h5 --model rw "${endless[@]}" -o disk
expect 2 'table.csv exists and is not a fit' "$emlib" fit data.h5 --model rw "${endless[@]}" -o table.csv
check test $((($(now) - began) / 1000000)) -lt 5000

# ---- two jobs with one output, and one that was killed
"$emlib" fit data.h5 --model rw "${endless[@]}" -o both.h5 &
first=$!
check wait_for .both.h5.tmp
expect 2 "both.h5 is being written by another process \(process $first on host .*, since 20..-..-.. ..:..:..\); nothing was done" \
    ranks -n 2 "$emlib" fit data.h5 --model rw -o both.h5
expect 2 "both.h5 is being written by another process \(process $first" "$emlib" hbi data.h5 --model rw --model rw_dual -o both.h5 --force
expect 2 "both.h5 is being written by another process" "$emlib" simulate --model rw --subjects 3 --trials 9 -o both.h5
check absent both.h5
kill -KILL $first
wait $first 2>/dev/null
check test -e .both.h5.tmp
expect 0 'both.h5: converged' env SLURM_JOB_ID=77 "$emlib" fit data.h5 --model rw -o both.h5
check same_numbers both.h5 good.h5
check nothing_left
# all at once: one works, the others do not, and the file is whole
for i in 1 2 3 4; do
    { "$emlib" fit data.h5 --model rw --quiet -o race.h5 2>race.$i.txt; echo $? >race.$i; } &
done
wait
check test "$(cat race.[1-4] | sort -u | tr -d '\n' | tr -d 02)" = ""
check grep -q 0 race.1 race.2 race.3 race.4
check same_numbers race.h5 good.h5
check nothing_left
# somebody else's file, or a link, in the place of the temporary one
echo mine >other.txt
ln -s other.txt .link.h5.tmp
mkdir .folder.h5.tmp
expect 0 'link.h5: converged' "$emlib" fit data.h5 --model rw -o link.h5
expect 0 'folder.h5: converged' "$emlib" fit data.h5 --model rw -o folder.h5
check test "$(cat other.txt)" = mine
rm .link.h5.tmp
rmdir .folder.h5.tmp
long=$(printf '%0250d' 0).h5
expect 0 'converged' "$emlib" fit data.h5 --model rw -o "$long"
check same_numbers "$long" good.h5
(umask 027 && "$emlib" export good.h5 --table group -o mode.csv)
check test "$(stat -c %a mode.csv)" = 640

# ---- ended by a signal: as the signal does it, without an unfinished file
ends() {
    local signal=$1 status=$2
    shift 2
    "$@" &
    local job=$!
    sleep 0.4
    kill -"$signal" $job
    wait $job 2>/dev/null
    [ $? -eq "$status" ] && nothing_left
}
check ends TERM 143 "$emlib" simulate --model rw --subjects 20000 --trials 2000 -o large.h5
check ends HUP 129 "$emlib" simulate --model rw --subjects 20000 --trials 2000 -o large.h5

# ---- data that go away, or never were there
cp data.h5 gone.h5
"$emlib" fit gone.h5 --model rw --accelerate none --tol 1e-300 --max-iter 100000 --quiet -o from_gone.h5 2>/dev/null &
job=$!
check wait_for .from_gone.h5.tmp
sleep 0.2
rm gone.h5
wait $job
check test $? -eq 3
expect 3 'from_gone.h5|not converged|NOT' "$emlib" fit data.h5 --model rw --accelerate none --tol 1e-300 --max-iter 100000 --quiet -o there.h5
check same_numbers from_gone.h5 there.h5
mkdir here there empty
cp data.h5 here
"$emlib" simulate --model rw --subjects 60 --trials 40 --seed 4 -o there/data.h5 >/dev/null
out=$work/apart.h5
fit=("$emlib" fit data.h5 --model rw --quiet -o "$out")
expect 2 'data.h5: cannot open the emlib dataset file: No such file or directory \(process 1, on host ' \
    ranks -n 1 --wdir here "${fit[@]}" : -n 1 --wdir empty "${fit[@]}"
expect 2 'not all processes see the same data as data.h5; .* \(process 1, on host ' \
    ranks -n 1 --wdir here "${fit[@]}" : -n 1 --wdir there "${fit[@]}"
check absent "$out"

# ---- ranks that were started wrongly
expect 2 "process 1 was started with 'rw_dual' where process 0 has 'rw' \(argument 3\)" ranks -n 1 "$emlib" fit data.h5 --model rw -o apart.h5 : \
    -n 1 "$emlib" fit data.h5 --model rw_dual -o apart.h5
expect 2 'process 1 was started with wrong arguments; all processes need the same' ranks -n 1 "$emlib" fit data.h5 --model rw -o apart.h5 : \
    -n 1 "$emlib" fit data.h5 --no-such
expect 0 'Usage: emlib fit' ranks -n 2 "$emlib" fit --help
expect 2 "process 1 was started with 'emlib hbi', process 0 with 'emlib fit'" ranks -n 1 "$emlib" fit data.h5 --model rw -o apart.h5 : \
    -n 1 "$emlib" hbi data.h5 --model rw --model rw_dual -o apart.h5
expect 1 'started as one of 4 tasks, but MPI sees this one alone' env PMI_SIZE=4 PMI_RANK=0 "$emlib" fit data.h5 --model rw -o apart.h5
expect 1 'started as one of 4 tasks, but MPI sees this one alone' env OMPI_COMM_WORLD_SIZE=4 "$emlib" fit data.h5 --model rw -o apart.h5
if [ -n "$mpi_faults" ]; then
    expect 1 'built with Open MPI .* and meets Open MPI 99 here' \
        env LD_PRELOAD="$mpi_faults" MPI_FAULT_VERSION='Open MPI v99.1.2, package' OMPI_COMM_WORLD_SIZE=1 "$emlib" fit data.h5 --model rw -o apart.h5
    expect 1 'MPI has waited two minutes' \
        env LD_PRELOAD="$mpi_faults" MPI_FAULT_HANGS=1 OMPI_COMM_WORLD_SIZE=1 "$emlib" fit data.h5 --model rw -o apart.h5
    expect 1 'emlib: rank 1: MPI: MPI_ERR_OTHER.*; the job ends' \
        ranks -n 2 -x LD_PRELOAD="$mpi_faults" -x MPI_FAULT_AT=20 "$emlib" fit data.h5 --model rw "${endless[@]}" -o apart.h5
fi
check absent apart.h5
expect 0 'apart.h5: converged' "$emlib" fit data.h5 --model rw -o apart.h5 # and takes what a launcher's SIGKILL has left
rm apart.h5
check nothing_left

# ---- a rank that fails alone
poor='ulimit -v 60000; exec "$@"'
began=$(now)
check test "$(ranks -n 1 "$emlib" fit data.h5 --model rw "${endless[@]}" -o apart.h5 : -n 1 bash -c "$poor" sh "$emlib" fit data.h5 \
    --model rw "${endless[@]}" -o apart.h5 >poor.txt 2>&1; echo $?)" -ne 0
check test -s poor.txt
check absent apart.h5
expect 0 'apart.h5: converged' "$emlib" fit data.h5 --model rw -o apart.h5
check nothing_left
ranks -n 4 "$emlib" fit data.h5 --model rw "${endless[@]}" -o killed.h5 >killed.txt 2>&1 &
job=$!
check wait_for .killed.h5.tmp
victim=$(pgrep -f -- "-o killed.h5" | while read -r p; do tr '\0' '\n' </proc/"$p"/environ 2>/dev/null | grep -qx OMPI_COMM_WORLD_RANK=2 && echo "$p"; done)
kill -KILL "$victim"
wait $job
check test $? -ne 0
check grep -q 'rank 2 with PID .* exited on signal 9' killed.txt
check absent killed.h5
check test $((($(now) - began) / 1000000000)) -lt 60
check test -z "$(pgrep -f -- "-o killed.h5")"
expect 0 'killed.h5: converged' "$emlib" fit data.h5 --model rw -o killed.h5
check nothing_left

# ---- few data
expect 0 '3 subjects' "$emlib" simulate --model rw --subjects 3 --trials 30 -o three.h5
expect 0 '1 subjects' "$emlib" simulate --model rw --subjects 1 --trials 30 -o one.h5
"$emlib" fit three.h5 --model rw --quiet -o three_1.h5 2>/dev/null
alone=$?
expect $alone '' ranks -n 8 "$emlib" fit three.h5 --model rw --quiet -o three_8.h5
check same_numbers three_1.h5 three_8.h5
"$emlib" fit one.h5 --model rw --quiet --group fixed -o one_1.h5 2>/dev/null
expect 0 '' ranks -n 2 "$emlib" fit one.h5 --model rw --quiet --group fixed -o one_2.h5
check same_numbers one_1.h5 one_2.h5
printf 'subject,choice,reward\na,0,1\na,1,0\na,1,1\nb,NA,NA\n' >missing.csv
printf 'subject,choice,reward\na,NA,1\nb,NA,NA\n' >nothing.csv
expect 0 'subjects +2' "$emlib" import missing.csv -o missing.h5
expect 0 '1 subject has no trial that counts, first b' "$emlib" fit missing.h5 --model rw --group fixed -o missing_fit.h5
expect 0 'subjects +2' "$emlib" import nothing.csv -o nothing.h5
expect 2 'nothing.h5: no trial counts for model rw' ranks -n 3 "$emlib" fit nothing.h5 --model rw -o nothing_fit.h5
check absent nothing_fit.h5
check nothing_left
check cmp good.h5 whole.h5
finish
