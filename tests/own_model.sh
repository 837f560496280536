#!/usr/bin/env bash
# Models that users write: from `emlib model new` to a fit, and what the program says to files that are not models, or broken.
# usage: own_model.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d "${TMPDIR:-/tmp}/emlib own XXXXXX") || exit 1 # a space in the path must do no harm
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# ---- as it stands
expect 0 'mine.c: written' "$emlib" model new mine
expect 2 'mine.c exists already' "$emlib" model new mine
expect 2 "cannot be a model's name" "$emlib" model new 2nd
expect 0 'mine.so: model mine;  parameters alpha \(logistic\), beta \(exp\);  columns choice, reward' "$emlib" model build mine.c -o mine.so
"$emlib" simulate --model rw --subjects 30 --trials 100 --mu alpha=-0.5,beta=1 --var alpha=1,beta=0.25 -o data.h5 >/dev/null
expect 0 'nothing to mend' "$emlib" model check ./mine.so data.h5
expect 0 'Rescorla|one line for the list' "$emlib" models ./mine.so
expect 0 '"name": "mine"' "$emlib" models ./mine.so --json
expect 0 'converged' "$emlib" fit data.h5 --model ./mine.so -o mine.h5
expect 0 'nothing to do' "$emlib" fit data.h5 --model ./mine.so -o mine.h5
expect 0 'Fit of mine \(.*mine.so\)' "$emlib" show mine.h5
expect 0 '"model_file": ".*mine.so"' "$emlib" show mine.h5 --json
# the same equations as rw, so the same fit
"$emlib" fit data.h5 --model rw --quiet -o rw.h5
check cmp <("$emlib" export mine.h5 --table subjects) <("$emlib" export rw.h5 --table subjects)
check cmp <("$emlib" export mine.h5 --table trials --model ./mine.so) <("$emlib" export rw.h5 --table trials)
# a model is code: nothing that a file says loads one
expect 2 'a compiled model is code: name it with --model .*mine.so if you trust it' "$emlib" export mine.h5 --table trials
expect 2 'a compiled model is code: name it with --model .*mine.so if you trust it' "$emlib" loo mine.h5
expect 0 'subject,log_likelihood' "$emlib" loglik data.h5 --model ./mine.so --at alpha=0,beta=0 --csv
expect 0 '5 subjects' "$emlib" simulate --model ./mine.so --subjects 5 --trials 20 -o drawn.h5
"$mpiexec" --oversubscribe -n 2 "$emlib" fit data.h5 --model ./mine.so --quiet -o two.h5
check cmp <("$emlib" export mine.h5 --table subjects) <("$emlib" export two.h5 --table subjects)

# ---- another content is another model
sed -i 's/fill(s->q, 0)/fill(s->q, 0.5)/' mine.c
expect 0 'model mine' "$emlib" model build mine.c
expect 2 'another version of the model' "$emlib" fit data.h5 --model ./mine.so -o mine.h5
expect 2 'another version of model mine' "$emlib" export mine.h5 --table trials --model ./mine.so
mkdir away && mv mine.so away/
expect 2 'mine.so: no such model file' "$emlib" export mine.h5 --table trials --model ./mine.so
expect 0 'converged' "$emlib" fit data.h5 --model away/mine.so -o mine.h5 --force
expect 0 '^subject,trial' "$emlib" export mine.h5 --table trials --model away/mine.so
mv away/mine.so .
expect 0 '^subject,trial' "$emlib" export mine.h5 --table trials --model ./mine.so

# ---- plain C
expect 0 'written' "$emlib" model new slow --plain
expect 0 'derivatives numerical' "$emlib" model build slow.c
expect 0 'numerical derivatives agree' "$emlib" model check ./slow.so data.h5
expect 0 'its derivatives are numerical' "$emlib" fit data.h5 --model ./slow.so -o slow.h5
expect 0 'derivatives +numerical' "$emlib" show slow.h5
check awk -F'[ ,:]+' 'NR == FNR {a = $3; next} {d = $3 - a; exit !(d < 1e-6 && d > -1e-6)}' \
    <("$emlib" show rw.h5 --json | grep '"log_marginal_likelihood"') <("$emlib" show slow.h5 --json | grep '"log_marginal_likelihood"')

# ---- a transform of one's own
"$emlib" model new soft >/dev/null
sed -i 's/parameter(beta, exp,/parameter(beta, custom(softly),/; s/^STATE/static inline real softly(real x) { return softplus(x); }\nstatic inline real softly_inverse(real y) { return log(expm1(y)); }\n\nSTATE/' soft.c
expect 0 'beta \(softly\)' "$emlib" model build soft.c
expect 0 'nothing to mend' "$emlib" model check ./soft.so data.h5
expect 0 'converged' "$emlib" fit data.h5 --model ./soft.so -o soft.h5
expect 0 'beta +softly' "$emlib" show soft.h5
sed -i 's/log(expm1(y))/log(y)/' soft.c
"$emlib" model build soft.c >/dev/null
expect 2 "MEND  the inverse of beta's transform" "$emlib" model check ./soft.so data.h5

# ---- mistakes: the line, and a hint
mistake() { # mistake NAME PATTERN SED: the template with a change does not build, and what is said matches
    rm -f bad.c
    "$emlib" model new bad >/dev/null
    sed -i "$3" bad.c
    expect 2 "$2" "$emlib" model build bad.c
    check test ! -e bad.so
}
mistake minus 'bad.c:[0-9]+:' 's/sub(r, value)/r - value/'
mistake minus 'hint: .*add\(a, b\), sub\(a, b\)' 's/sub(r, value)/r - value/'
mistake if 'hint: .*select\(above' 's/real pe = sub(r, value);/real pe = sub(r, value); if (above(pe, 0)) pe = neg(pe);/'
mistake index 'hint: .*pick\(q, c\)' 's/pick(s->q, c)/s->q[c]/'
mistake column 'hint: .*must stand in COLUMNS' 's/observe(reward)/observe(money)/'
mistake parameter 'hint: .*must stand in PARAMETERS' 's/p->alpha/p->gamma/'
mistake latent 'hint: .*must stand in LATENTS' 's/report(pe, pe)/report(error, pe)/'
mistake response 'hint: .*role `response`' 's/choose(choice,/choose(reward,/'
mistake state 'does not become a model|hint' '/^STATE/d; /^START/d'
expect 2 'no such file' "$emlib" model build absent.c
expect 1 "the compiler 'no-such-cc'" env CC=no-such-cc "$emlib" model build mine.c
echo precious >notes.so
expect 2 'is not a compiled model; --force' "$emlib" model build mine.c -o notes.so
check grep -q precious notes.so

# ---- wrong in what it computes
wrong() { # wrong PATTERN SED
    rm -f wrong.c
    "$emlib" model new wrong >/dev/null
    sed -i "$2" wrong.c
    "$emlib" model build wrong.c >/dev/null 2>&1
    expect 2 "$1" "$emlib" model check ./wrong.so data.h5
}
wrong 'MEND  the log-likelihood is not finite' 's/sub(r, value);/log(sub(value, 1));/'
wrong 'MEND  the data tell nothing of lost' 's/parameter(beta, exp, "inverse temperature")/parameter(beta, exp, "inverse temperature") parameter(lost, identity, "not used")/'
wrong 'MEND  .*column .money' 's/reward, outcome/money, outcome/; s/observe(reward)/observe(money)/'
wrong 'derivative' 's/real pe = sub(r, value);/real pe = sub(r, value); value.v += 0.2 * p->alpha.v;/'

# ---- files that are not models
cc=${CC:-cc}
plugin() { printf '%s\n' "$2" >"$1.c" && $cc -shared -fPIC -o "$1.so" "$1.c"; }
plugin none 'int something = 1;'
plugin old 'const struct { unsigned abi, size; char rest[400]; } emlib_model = {1, 400, {0}};'
plugin small 'const struct { unsigned abi, size; char rest[400]; } emlib_model = {3, 16, {0}};'
expect 2 'has no emlib model in it' "$emlib" models ./none.so
expect 2 'built for another version of emlib .*build it again' "$emlib" fit data.h5 --model ./old.so -o x.h5
expect 2 'built for another version of emlib' "$emlib" fit data.h5 --model ./small.so -o x.h5
expect 2 'built for another version of emlib' "$mpiexec" --oversubscribe -n 2 "$emlib" fit data.h5 --model ./old.so -o x.h5
expect 2 'is not a model that can be loaded' "$emlib" models ./notes.so
expect 2 'is source code; build it first' "$emlib" models ./mine.c
expect 2 'is not a file' "$emlib" models ./away
check test -z "$(ls -d "${TMPDIR:-/tmp}"/emlib-?????? 2>/dev/null)"

finish
