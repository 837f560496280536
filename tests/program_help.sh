#!/usr/bin/env bash
# Help of every command and every model, and what misuse is answered with.
# usage: program_help.sh EMLIB MPIEXEC
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

# Help stands on stdout, and nothing on stderr.
helps() { "$@" 2>said.txt >help.txt && [ ! -s said.txt ] && grep -qE 'Example|Usage' help.txt; }
expect 0 'mpirun -n 4 emlib fit' "$emlib" --help
expect 0 '^emlib [0-9]+\.[0-9]+\.[0-9]+$' "$emlib" --version
expect 2 "there is no command 'frobnicate'" "$emlib" frobnicate
expect 2 "there is no command 'fitt'; did you mean fit\?" "$emlib" fitt
expect 2 "there is no model 'rv'; did you mean rw\?" "$emlib" models rv
expect 2 'Usage' "$emlib"
commands=$("$emlib" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -vx model)
check test "$(wc -l <<<"$commands")" -gt 12
for command in $commands; do
    check helps "$emlib" $command --help
    expect 2 "unrecognized option '--no-such'" "$emlib" $command --no-such
done
expect 0 'Example' "$emlib" model --help
for command in new build check; do
    expect 0 'Example' "$emlib" model $command --help
    expect 2 "unrecognized option '--no-such'" "$emlib" model $command --no-such
done
expect 2 "there is no command 'frobnicate'" "$emlib" model frobnicate
# with sanitizers every fifth model: what is looked at is the same for all
for model in $("$emlib" models | awk -v every="${EMLIB_EVERY_MODEL:-1}" '/^  [^ ]/ && n++ % every == 0 {print $1}'); do
    expect 0 "^$model: " "$emlib" models "$model"
done
for model in rw rw_dual choice_kernel gng_m2 gng_m3 ts_hybrid ts_par7 ddm dd_hyperbolic ra_prospect; do
    expect 0 '3 subjects, 20 trials' "$emlib" simulate --model $model --subjects 3 --trials 20 -o made_up.h5 --force
    expect 0 'converged after 1 iter' "$emlib" fit made_up.h5 --model $model --group fixed -o one_step.h5 --force
done
expect 2 "named by its path: ./mine.so" "$emlib" models mine.so
expect 2 'mine.so: no such model file' "$emlib" fit made_up.h5 --model ./mine.so -o mine.h5
expect 2 'mine.so: no such model file' "$mpiexec" --oversubscribe -n 2 "$emlib" fit made_up.h5 --model ./mine.so -o mine.h5
expect 2 "there is no model 'rw_dul'; did you mean .*rw_dual" "$emlib" models rw_dul
expect 0 '"models"' "$emlib" models --json

check test -z "$(find . -name '*.tmp*')"

finish
