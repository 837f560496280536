#!/usr/bin/env bash
# Groups of `emlib fit` as a user meets them: covariates, covariances, conditions, fixed and shared parameters, given groups, chosen
# subjects; what is stored and shown of them, and what mistakes are answered with.
# usage: group.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# json FIT EXPRESSION: a Python expression over what `emlib show --json` says, j, and its group, g, holds
json() {
    "$emlib" show "$1" --json 2>/dev/null | python3 -B -c "
import json, sys
j = json.load(sys.stdin)
g = j['group']
near = lambda a, b: abs(a - b) < 1e-9 * (1 + abs(b))
sys.exit(not ($2))"
}
fit=("$emlib" fit data.h5 --model rw --quiet --force -o)

# people with a covariate that is a number, one that is text, a constant one, one with a gap; trials in two sessions
python3 -B - <<'END'
import random
r = random.Random(2)
with open("trials.csv", "w") as f, open("people.csv", "w") as p:
    print("subject,choice,reward,session,odd", file=f)
    print("subject,age,group,constant,gap,twice", file=p)
    for s in range(24):
        age, patient = r.randrange(20, 60), s % 2
        print(f"p{s:02},{age},{['control', 'patient'][patient]},1,{'' if s == 7 else s},{2 * age + 1}", file=p)
        q, a, b = [0, 0], 0.3 - 0.1 * patient + 0.004 * (age - 40), 2.5
        for t in range(80):
            c = int(r.random() < 1 / (1 + 2.718281828 ** (-b * (q[1] - q[0]))))
            w = int(r.random() < (0.8 if (c == 0) == (t // 20 % 2 == 0) else 0.2))
            q[c] += a * (w - q[c])
            print(f"p{s:02},{c},{w},{'first' if t < 40 else 'second'},{'' if t == 5 else t % 2}", file=f)
END
expect 0 'covariates +age' "$emlib" import trials.csv --covariates people.csv -o data.h5

# ---- what works
expect 0 '' "${fit[@]}" both.h5 --covariate age,group --covariance full
check json both.h5 "j['n_group'] == 9 and [c['column'] for c in g['coefficients']] == 2 * ['(Intercept)', 'age', 'group[patient]'] and g['df'] == 21"
check json both.h5 "all(c['lower'] < c['value'] < c['upper'] and near(c['t'], c['value'] / c['se'] * (21 / 24) ** 0.5) and c['df'] == 21 for c in g['coefficients'])"
check json both.h5 "all(v['lower'] < v['value'] < v['upper'] for v in g['variances']) and g['cov'][0][1] != 0"
expect 0 'alpha +group\[patient\]' "$emlib" show both.h5
expect 0 'Correlations in the group' "$emlib" show both.h5
expect 0 '^beta,age,' "$emlib" export both.h5 --table coefficients
expect 0 '^"?cov:alpha,beta"?,' "$emlib" export both.h5 --table estimates
expect 0 'mu_se,mu_t,mu_p' "$emlib" export both.h5 --table group
expect 0 '' "${fit[@]}" one.h5 --covariate age:alpha --covariate group:beta --contrast group=sum
check json one.h5 "j['n_group'] == 6 and [(c['parameter'], c['column']) for c in g['coefficients'] if c['column'] != '(Intercept)'] == [('alpha', 'age'), ('beta', 'group[sum:control]')]"
expect 0 '' "${fit[@]}" other.h5 --covariate group:beta --contrast group=treatment:patient
check json other.h5 "g['coefficients'][-1]['column'] == 'group[control]'"
expect 0 '' "${fit[@]}" fixed.h5 --fix beta=2
check json fixed.h5 "g['status'] == ['estimated', 'given'] and near(g['natural_median'][1], 2) and j['n_group'] == 2 and g['means'][1]['se'] is None"
expect 0 '' "${fit[@]}" shared.h5 --shared beta
check json shared.h5 "g['status'] == ['estimated', 'shared'] and g['var'][1] == 0 and j['n_group'] == 3 and g['means'][1]['se'] > 0"
expect 0 '' "${fit[@]}" by.h5 --by session:alpha
check json by.h5 "g['parameter'] == ['alpha[first]', 'alpha[second]', 'beta'] and j['n_group'] == 6"
expect 0 '^p00,1,' "$emlib" export by.h5 --table trials
printf 'p01\np04\np05\np10\np13\np20\n' >some.txt
expect 0 '' "${fit[@]}" some.h5 --subjects some.txt --exclude p04
expect 0 '5 used of 5; 19 more of the dataset were left out by request' "$emlib" show some.h5
expect 0 '^p20,' "$emlib" export some.h5 --table subjects
expect 0 '^p00,80,' bash -c "'$emlib' export some.h5 --table trials | sed 's/,NA//g;s/^p00,80,.*/p00,80,/'"

# ---- the group of another fit
for from in both one by fixed shared; do
    expect 0 '' "${fit[@]}" given.h5 --group-from $from.h5
    check json given.h5 "j['n_group'] == 0 and set(g['status']) == {'given'}"
    "$emlib" export $from.h5 --table subjects >a.csv
    "$emlib" export given.h5 --table subjects >b.csv
    check python3 -B -c "
import csv
a, b = (list(csv.DictReader(open(f))) for f in ('a.csv', 'b.csv'))
for x, y in zip(a, b):
    for k in x:
        if k.endswith('unconstrained') or k == 'log_marginal_likelihood':
            assert abs(float(x[k]) - float(y[k])) < 1e-6, (k, x[k], y[k])"
done
expect 0 '' "${fit[@]}" given.h5 --group-from both.h5 --subjects some.txt

# ---- the same on any number of ranks
for ranks in 2 3; do
    "$mpiexec" --oversubscribe -n $ranks "${fit[@]}" ranks.h5 --covariate age,group --covariance full --exclude p03 2>/dev/null
    "${fit[@]}" alone.h5 --covariate age,group --covariance full --exclude p03
    for table in subjects estimates coefficients trace; do
        check cmp <("$emlib" export ranks.h5 --table $table) <("$emlib" export alone.h5 --table $table)
    done
done

# ---- an output is recognised by what was asked
fit_again=("$emlib" fit data.h5 --model rw -o both.h5)
expect 0 'nothing to do' "${fit_again[@]}" --covariate age,group --covariance full
expect 2 'other options' "${fit_again[@]}" --covariate age --covariance full
expect 2 'other options' "${fit_again[@]}" --covariate age,group

# ---- mistakes
expect 2 "no covariate 'weight'.*age, group" "${fit[@]}" x.h5 --covariate weight
expect 2 "'constant' is 1 for all 24 subjects" "${fit[@]}" x.h5 --covariate constant
expect 2 "twice" "${fit[@]}" x.h5 --covariate age,twice
expect 2 "p07" "${fit[@]}" x.h5 --covariate gap
expect 0 '' "${fit[@]}" x.h5 --covariate gap --exclude p07
expect 2 "'gamma'" "${fit[@]}" x.h5 --covariate age:gamma
expect 2 "'session'" "${fit[@]}" x.h5 --contrast session=sum --covariate age
expect 2 "column 'block'" "${fit[@]}" x.h5 --by block:alpha
expect 2 "no parameter 'gamma'" "${fit[@]}" x.h5 --by session:gamma
expect 2 'does not say which parameter' "${fit[@]}" x.h5 --by session
expect 2 "subject p00, trial 6, column 'odd': it is missing" "${fit[@]}" x.h5 --by odd:alpha
expect 2 'names alpha twice' "${fit[@]}" x.h5 --by session:alpha,reward:alpha --by choice:beta --fix beta=1
expect 2 'alpha cannot be 7.*logistic' "${fit[@]}" x.h5 --fix alpha=7
expect 2 'all parameters are fixed' "${fit[@]}" x.h5 --fix alpha=0.5,beta=1
expect 2 'fixed or shared' "${fit[@]}" x.h5 --fix beta=1 --shared beta
expect 2 'accelerate none' "${fit[@]}" x.h5 --shared beta --accelerate none
expect 2 'estimates none' "${fit[@]}" x.h5 --covariate age --group fixed
expect 2 'leave out --mu' "${fit[@]}" x.h5 --group-from both.h5 --mu alpha=1
expect 2 'takes covariates' "${fit[@]}" x.h5 --group-from both.h5 --covariate age
expect 2 'can only be fixed' "${fit[@]}" x.h5 --group-from both.h5 --group none
expect 2 'no such file|No such file' "${fit[@]}" x.h5 --group-from nowhere.h5
expect 2 'is a fit of model rw' "$emlib" fit data.h5 --model rw_dual -o x2.h5 --group-from both.h5
expect 2 "no subject 'nobody'" "${fit[@]}" x.h5 --exclude nobody
expect 2 'diagonal or full' "${fit[@]}" x.h5 --covariance triangular
check test ! -e x2.h5

# ---- data that say nothing: no variance, both means at infinity, and so nothing that has a standard error
for s in a b c; do
    for t in 1 2 3 4 5 6 7 8 9 10 11 12; do
        echo "$s,$((t * t % 3 > 0)),$((t % 4 > 0))"
    done
done | { echo subject,choice,reward && cat; } >nothing.csv
check "$emlib" import nothing.csv -o nothing.h5 >nothing.txt
expect 0 'beta: the data want its mean at infinity' "$emlib" fit nothing.h5 --model rw -o nothing_fit.h5
expect 0 '^beta,exp,vanished,-[0-9.]+,0,0,[0-9.]+,[0-9.]+,NA,NA' "$emlib" export nothing_fit.h5 --table group
# ---- a parameter of which nothing is known, beside a variance that has vanished: all stays numbers, from step to step and when a fit goes on
"$emlib" simulate --model rw --subjects 20 --trials 80 --mu alpha=-0.5,beta=1 --var alpha=0.6,beta=0.2 --seed 5 -o flat.h5 >/dev/null
expect 3 'warning: EM had not converged' "$emlib" fit flat.h5 --model rw_choice_kernel -o flat_fit.h5
expect 3 'evidence -66[3-9]' "$emlib" fit flat.h5 --model rw_choice_kernel --max-iter 300 --resume -o flat_fit.h5
check test -z "$("$emlib" export flat_fit.h5 --table trace | grep NA)"

finish
