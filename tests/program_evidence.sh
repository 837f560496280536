#!/usr/bin/env bash
# `emlib fit --evidence`: importance sampling and quadrature.
# usage: program_evidence.sh EMLIB MPIEXEC
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

make_sim
check "$emlib" fit sim.h5 --model rw --quiet -o rw.h5
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

check test -z "$(find . -name '*.tmp*')"

finish
