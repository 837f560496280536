#!/usr/bin/env bash
# emlib simulate --task, as a user meets it: the lists, the help, what is refused, what the file says.
# usage: schedule.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

absent() { [ ! -e "$1" ]; }
holds() { grep -qaF -- "$2" "$1"; }
narrow() { ! grep -qE '.{101}' "$1"; }
simulate() { "$emlib" simulate --subjects 8 --trials 60 "$@"; }

# The lists. Every task has a line, and its settings as they can be given.
check "$emlib" simulate --tasks >tasks.txt
expect 0 '^bandit \(2 options\)' cat tasks.txt
expect 0 'columns: reward reward_other' cat tasks.txt
expect 0 'settings: p reversal hazard criterion' cat tasks.txt
check narrow tasks.txt
expect 0 'p=0\.8/0\.2' "$emlib" simulate --model rw --task help
expect 0 'P/Q or one number for each option, from 0 to 1' "$emlib" simulate --task help --model rw
expect 0 '1, 2 or 4 numbers \(one for each option\)' "$emlib" simulate --model rw --options 4 --task help
expect 0 'It has no settings' "$emlib" simulate --model ddm --task help
expect 2 'needs --model' "$emlib" simulate --task help
expect 2 "there is no model 'rx'" "$emlib" simulate --model rx --task help
for model in rw banditNarm_delta ts_par7 igt_orl dd_exp pt psychometric; do
    "$emlib" simulate --model $model --task help >help.txt
    check narrow help.txt
    # what --task help shows is what there is without --task
    settings=$(sed -n 's/^  \([a-z_A-Z0-9]*=.*\)/\1/p' help.txt | paste -sd,)
    check simulate --model $model -o usual.h5 --force >usual.txt
    check simulate --model $model --task "$settings" -o written.h5 --force >written.txt
    check cmp usual.h5 written.h5
done
[ "$("$mpiexec" --oversubscribe -n 2 "$emlib" simulate --model rw --task help | grep -c criterion=)" -eq 1 ] || check false

# A task that is not as usual.
expect 0 'out.h5: 8 subjects, 60 trials each, model rw, seed 1, task p=1/0,reversal=9$' \
    simulate --model rw --task p=1/0,reversal=9 -o out.h5
check holds out.h5 'p=1/0,reversal=9,hazard=1,criterion=0'
check simulate --model rw --task p=1/0 --task reversal=9 -o twice.h5 >twice.txt
check cmp out.h5 twice.h5
check "$mpiexec" --oversubscribe -n 2 "$emlib" simulate --subjects 8 --trials 60 --model rw --task p=1/0,reversal=9 -o ranks.h5 >ranks.txt
check cmp out.h5 ranks.h5
check "$emlib" fit out.h5 --model rw --group fixed -o fit.h5 >fit.txt 2>&1
"$emlib" export fit.h5 --table trials >trials.csv
# Of two options the good one, and it alone, pays: it is option 0 for nine trials, then option 1, and so on.
check awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { t = n[$at["subject"]]++; good = int(t / 9) % 2; if ($at["reward"] != ($at["choice"] == good)) exit 1; rows++ }
    END { if (rows != 480) exit 1 }' trials.csv
check simulate --model dd_exp --task delays=1/7/30/180,amount_later=12..20 -o delays.h5 >delays.txt
check holds delays.h5 'amount_sooner=10,delay_sooner=0,amount_later=12..20,delays=1/7/30/180'

expect 0 'model rw, seed 1$' simulate --model rw --task '' -o nothing.h5
check simulate --model rw -o usual.h5 --force >usual.txt
check cmp nothing.h5 usual.h5

# What is not allowed, and what is.
expect 2 "no setting 'reverse'; did you mean reversal\?" simulate --model rw --task reverse=3 -o no.h5
expect 2 "p=1\.5 is not allowed: p can be 1 or 2 numbers with '/' between, from 0 to 1" simulate --model rw --task p=1.5 -o no.h5
expect 2 '1, 2 or 3 numbers' simulate --model rw --options 3 --task p=0.1/0.2/0.3/0.4 -o no.h5
expect 2 'gives p twice' simulate --model rw --task p=0.4 --task p=0.6 -o no.h5
expect 2 'wants NAME=VALUE' simulate --model rw --task fast -o no.h5
expect 2 'task reaction has none' simulate --model ddm --task p=0.4 -o no.h5
expect 2 'LOW\.\.HIGH' simulate --model ts_mf --task p=0.4 -o no.h5
expect 2 'reversal=0 is not allowed' "$mpiexec" --oversubscribe -n 2 "$emlib" simulate --subjects 8 --trials 60 --model rw --task reversal=0 -o no.h5
check absent no.h5
finish
