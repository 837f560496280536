#!/usr/bin/env bash
# Fits that are killed at random moments, whole or a single rank of them, and go on until they are done: each must end with the very
# numbers of one that never was killed, and leave nothing behind. The moments lie anywhere: while data are read, in EM, while a state
# or the fit is written.
# usage: kill.sh EMLIB MPIEXEC KILLS [SEED]
set -u
emlib=$(realpath "$1") mpiexec=$2 kills=$3
RANDOM=${4:-1}
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fit=(fit data.h5 --model rw_dual --bootstrap 60 --evidence importance --samples 500 --checkpoint-every 0 --quiet)

expect 0 '200 subjects' "$emlib" simulate --model rw_dual --subjects 200 --trials 60 --seed 4 -o data.h5
began=$(date +%s%N)
expect 0 '' "$emlib" "${fit[@]}" -o whole.h5
[ -e whole.h5 ] || finish
whole_ms=$((($(date +%s%N) - began) / 1000000))
same_table() { cmp <("$emlib" export whole.h5 --table "$1") <("$emlib" export fit.h5 --table "$1"); }
nothing_left() { [ "$(find . -name '*fit.h5*')" = ./fit.h5 ]; }

# start RANKS: the fit in the background, as a process group of its own, whose number is $job
start() {
    local ranks=("$emlib")
    [ "$1" -gt 1 ] && ranks=("$mpiexec" --oversubscribe -n "$1" "$emlib")
    setsid "${ranks[@]}" "${fit[@]}" -o fit.h5 >said.txt 2>&1 &
    job=$!
}
# processes RANKS: of that job that run the fit
processes() {
    if [ "$1" -gt 1 ]; then pgrep -P "$job" -f 'bootstrap 60'; else echo "$job"; fi
}
end_of() {
    wait "$1" 2>/dev/null
    local status=$?
    # whoever is left of a job that has lost its launcher notices soon, but not at once
    for _ in $(seq 600); do
        pgrep -f "$work.*" >/dev/null || pgrep -f -- '-o fit.h5' >/dev/null || break
        sleep 0.05
    done
    return $status
}

killed=0 finished=0 whole_jobs=0 single_ranks=0 states=0
while [ $killed -lt "$kills" ]; do
    count=$((1 << (RANDOM % 3)))
    start $count
    # to start takes a few hundredths of a second, with ranks a third of one
    sleep "$(awk -v r=$RANDOM -v all=$whole_ms 'BEGIN { printf "%.3f", r / 32768 * (all * 1.3 + 300) / 1000 }')"
    mapfile -t process < <(processes $count)
    if [ ${#process[@]} -gt 0 ] && kill -0 "$job" 2>/dev/null; then
        if [ $((RANDOM % 2)) -eq 0 ]; then
            kill -KILL "${process[@]}" "$job" 2>/dev/null && whole_jobs=$((whole_jobs + 1)) killed=$((killed + 1))
        else
            kill -KILL "${process[RANDOM % ${#process[@]}]}" 2>/dev/null && single_ranks=$((single_ranks + 1)) killed=$((killed + 1))
        fi
    fi
    end_of "$job"
    [ -e fit.h5.checkpoint ] && states=$((states + 1))
    if [ -e fit.h5 ]; then
        finished=$((finished + 1))
        expect 0 '' "$emlib" "${fit[@]}" -o fit.h5
        for table in subjects group trace bootstrap; do
            check same_table $table
        done
        check nothing_left
        rm -f fit.h5 .fit.h5*
    fi
done
expect 0 '' "$emlib" "${fit[@]}" -o fit.h5
for table in subjects group trace bootstrap; do
    check same_table $table
done
check nothing_left
printf '%d kills (%d of whole jobs, %d of single ranks), %d times a state was there, %d fits finished on the way\n' \
    $killed $whole_jobs $single_ranks $states $finished
check [ $states -gt 0 ]
finish
