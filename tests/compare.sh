#!/usr/bin/env bash
# `emlib compare` as a user meets it: tables, JSON and CSV, families, groups, fits of other data, subjects without evidence.
# usage: compare.sh EMLIB EDIT_FIT
set -u
emlib=$1 edit_fit=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

compare=("$emlib" compare)
# json FILES... -- EXPRESSION: a Python expression over the JSON object `j` and its random effects `r` holds
json() {
    local arguments=()
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    "${compare[@]}" --json "${arguments[@]}" 2>/dev/null | python3 -B -c "
import json, math, sys
j = json.load(sys.stdin)
r = j.get('random_effects')
near = lambda a, b: abs(a - b) < 1e-9
sys.exit(not ($2))"
}

"$emlib" simulate --model rw_dual --subjects 12 --trials 60 --seed 3 -o data.h5 >/dev/null
"$emlib" simulate --model rw --subjects 12 --trials 60 --seed 4 -o other_data.h5 >/dev/null
for model in rw rw_dual choice_kernel; do
    "$emlib" fit data.h5 --model $model --quiet -o $model.h5
done
"$emlib" fit data.h5 --model rw --group fixed --quiet -o fixed.h5
"$emlib" fit data.h5 --model rw --group none --quiet -o none.h5
"$emlib" fit other_data.h5 --model rw --quiet -o other.h5
three=(rw.h5 rw_dual.h5 choice_kernel.h5)

# ---- the numbers, from the exported evidence by a second implementation
for fit in "${three[@]}"; do
    "$emlib" export "$fit" --table subjects -o "${fit%.h5}.csv"
done
"${compare[@]}" "${three[@]}" --json >all.json
cat >again.py <<'PYTHON'
import csv, json, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import model_selection as again
j = json.load(open("all.json"))
r = j["random_effects"]
columns = [[float(row["log_marginal_likelihood"]) for row in csv.DictReader(open(file.replace(".h5", ".csv")))]
           for file in r["files"]]
evidence = list(zip(*columns))
alpha, g, full, null, risk = again.select(evidence, [1.0] * 3)
chance = again.exceedance(alpha)
assert r["files"] == [fit["file"] for fit in j["fits"]] and r["models"] == [fit["model"] for fit in j["fits"]]
assert r["n_subjects"] == 12 and r["subjects_left_out"] == [] and r["prior_count"] == 1
assert r["best_for_subjects"] == [sum(row[k] == max(row) for row in evidence) for k in range(3)]
assert abs(r["bayesian_omnibus_risk"] - risk) < 1e-8
for k in range(3):
    assert abs(r["alpha"][k] - alpha[k]) < 1e-7
    assert abs(r["expected_frequency"][k] - alpha[k] / 15) < 1e-8
    assert abs(r["exceedance_probability"][k] - chance[k]) < 1e-8
    assert abs(r["protected_exceedance_probability"][k] - (1 - risk) * chance[k] - risk / 3) < 1e-8
PYTHON
check python3 -B again.py "$here"

# ---- known evidence: nine subjects follow A, two B, one C, without doubt
ids=$(awk -F, 'NR > 1 {print $1}' rw.csv)
a=() b=() c=()
n=0
for id in $ids; do
    n=$((n + 1))
    a+=("$id=$((n <= 9 ? -10 : -5000))")
    b+=("$id=$((n == 10 || n == 11 ? -10 : -5000))")
    c+=("$id=$((n == 12 ? -10 : -5000))")
done
"$edit_fit" rw.h5 a.h5 "${a[@]}"
"$edit_fit" rw_dual.h5 b.h5 "${b[@]}"
"$edit_fit" choice_kernel.h5 c.h5 "${c[@]}"
abc=(a.h5 b.h5 c.h5)
# by file, as the order is that of BIC_int
by_file="dict(zip(r['files'], zip(r['alpha'], r['expected_frequency'], r['best_for_subjects'])))"
check json "${abc[@]}" -- "all(near(x, y) for f, want in (('a.h5', (10, 10/15, 9)), ('b.h5', (3, 3/15, 2)), ('c.h5', (2, 2/15, 1))) for x, y in zip(${by_file}[f], want))"
# exact evidence: B(10,3,2)/B(1,1,1) against 3^-12
check json "${abc[@]}" -- "near(r['bayesian_omnibus_risk'], 1 / (1 + math.gamma(10) * 2 * 1 * math.gamma(3) / math.gamma(15) * 3**12))"
check json "${abc[@]}" --prior-count 2 -- "near(sorted(r['alpha'])[-1], 11) and r['prior_count'] == 2 and near(sum(r['exceedance_probability']), 1)"
expect 0 'rw +0\.6667 .* 9$' "${compare[@]}" "${abc[@]}"
expect 0 'Bayesian omnibus risk, the probability that all models are equally frequent: 0\.1015$' "${compare[@]}" "${abc[@]}"
expect 0 'assumed: prior count 1 a model; each subject.s evidence is Laplace.s' "${compare[@]}" "${abc[@]}"
expect 0 'Reading: protected exceedance 0\.[0-9]+: rw \(a.h5\)' "${compare[@]}" "${abc[@]}"
expect 2 "prior-count wants a number from 0.0001" "${compare[@]}" "${abc[@]}" --prior-count 0
expect 2 "prior-count wants a number" "${compare[@]}" "${abc[@]}" --prior-count many

# ---- the table of the fits and the CSV: what was there stays first
expect 0 '^file +model +subjects +trials +K +log marg. lik. +BIC_int +difference +AIC_int +weight +note$' "${compare[@]}" "${abc[@]}"
expect 0 '^file,model,converged,n_subjects,n_subjects_used,n_subjects_flagged,n_trials,n_group,log_likelihood,log_marginal_likelihood,bic_int,bic_int_difference,aic_int,weight,other_data,n_subjects_compared,best_for_subjects,expected_frequency,exceedance_probability,protected_exceedance_probability,bayesian_omnibus_risk$' \
    "${compare[@]}" "${abc[@]}" --csv
expect 0 '^a.h5,rw,1,12,12,.*,0,12,9,0\.6666666666' "${compare[@]}" "${abc[@]}" --csv
expect 0 '^other.h5,rw,.*,NA,.*,NA,1,NA,NA,NA,NA,NA,NA$' "${compare[@]}" "${abc[@]}" other.h5 --csv
check test "$("${compare[@]}" "${abc[@]}" --csv --family x=a.h5 --family y=b.h5,c.h5 | awk -F, '{print NF}' | sort -u)" = 26
expect 2 'either --json or --csv' "${compare[@]}" "${abc[@]}" --csv --json

# ---- other data: listed, marked, left out
expect 0 'warning: other.h5 was fitted to other data or subjects than rw.h5' "${compare[@]}" rw.h5 rw_dual.h5 other.h5
expect 0 '^other.h5 .* other data$' "${compare[@]}" rw.h5 other.h5 rw_dual.h5
check json rw.h5 other.h5 rw_dual.h5 -- "j['fits'][2]['file'] == 'other.h5' and j['fits'][2]['other_data'] and j['fits'][2]['weight'] is None and j['fits'][2]['bic_int_difference'] is None and r['files'] == [f['file'] for f in j['fits'][:2]] and len(r['alpha']) == 2 and near(sum(f['weight'] for f in j['fits'][:2]), 1)"
expect 0 'warning: no comparison by random effects: fewer than two of the fits' "${compare[@]}" rw.h5 other.h5
expect 0 'No comparison by random effects: fewer than two' "${compare[@]}" rw.h5 other.h5
check json rw.h5 other.h5 -- "r is None"
check json rw.h5 -- "'random_effects' not in j"
check test -z "$("${compare[@]}" rw.h5 2>&1 >/dev/null)"
expect 0 '^none.h5 .* no group: no evidence' "${compare[@]}" rw.h5 none.h5 rw_dual.h5
expect 0 '^fixed.h5 .* group given: no penalty' "${compare[@]}" rw.h5 fixed.h5
check json rw.h5 none.h5 fixed.h5 -- "'none.h5' not in r['files'] and len(r['files']) == 2 and [f['group'] for f in j['fits']][-1] == 'none'"

# ---- subjects without evidence
second=$(sed -n 2p <<<"$ids")
"$edit_fit" b.h5 lacking.h5 "$second=nan"
expect 0 "warning: 1 subject without evidence in some fit left out of the random effects: $second" "${compare[@]}" a.h5 lacking.h5
expect 0 "11 subjects; left out, as without evidence in some fit: $second" "${compare[@]}" a.h5 lacking.h5
check json a.h5 lacking.h5 -- "r['n_subjects'] == 11 and r['subjects_left_out'] == ['$second']"
"$edit_fit" b.h5 nobody.h5 '*=nan'
expect 0 'no comparison by random effects: no subject has evidence in all' "${compare[@]}" a.h5 nobody.h5
# more than ten: ten names and a number
mapfile -t eleven < <(head -11 <<<"$ids" | sed 's/$/=nan/')
"$edit_fit" b.h5 last.h5 "${eleven[@]}"
expect 0 'and 1 more' "${compare[@]}" a.h5 last.h5

# ---- families
expect 0 '^  habit +2 +0\.2857' "${compare[@]}" "${abc[@]}" --family learning=a.h5 --family habit=b.h5,c.h5
expect 0 'prior count 1 a family, divided evenly over its fits' "${compare[@]}" "${abc[@]}" --family learning=a.h5 --family habit=b.h5,c.h5
check json "${abc[@]}" --family l=a.h5 --family h=b.h5,c.h5 -- "r['families']['names'] == ['l', 'h'] and near(r['families']['alpha'][0], 10) and near(r['families']['alpha'][1], 4) and sorted(r['families']['files'][1]) == ['b.h5', 'c.h5'] and near(sorted(r['alpha'])[-1], 10)"
expect 2 'c.h5 is in no family' "${compare[@]}" "${abc[@]}" --family l=a.h5 --family h=b.h5
expect 2 'b.h5 is in more than one family' "${compare[@]}" "${abc[@]}" --family l=a.h5,b.h5 --family h=b.h5,c.h5
expect 2 "--family h names 'd.h5', which is not among the fits" "${compare[@]}" "${abc[@]}" --family l=a.h5,b.h5 --family h=c.h5,d.h5
expect 2 'one family has nothing to be compared with' "${compare[@]}" "${abc[@]}" --family l=a.h5,b.h5,c.h5
expect 2 '--family wants NAME=FIT' "${compare[@]}" "${abc[@]}" --family a.h5
expect 2 '--family gives l twice' "${compare[@]}" "${abc[@]}" --family l=a.h5 --family l=b.h5,c.h5
expect 2 '--family o: none of its fits can be compared' "${compare[@]}" a.h5 b.h5 other.h5 --family l=a.h5,b.h5 --family o=other.h5

# ---- groups: the nine who follow A against the others
{
    echo "participant_id,age,group"
    n=0
    for id in $ids; do
        n=$((n + 1))
        echo "$id,$((20 + n)),$([ $n -le 9 ] && echo patient || echo control)"
    done
    echo "somebody_else,30,third"
} >people.csv
sed 's/participant_id/subject/' people.csv | cut -d, -f1,3 >groups.csv
expect 0 "Groups by 'group' in groups.csv: 3 subjects control, 9 patient" "${compare[@]}" "${abc[@]}" --groups groups.csv
expect 0 "Groups by 'group' in people.csv" "${compare[@]}" "${abc[@]}" --groups people.csv:group --subject participant_id
# F of everybody: B(10,3,2)/B(1,1,1); of the groups: B(10,1,1) and B(1,3,2), each over B(1,1,1) = 1/2
check json "${abc[@]}" --groups groups.csv -- "near(r['groups']['probability_different'], 1 / (1 + (math.gamma(10)*2*1/math.gamma(15)/.5) / (math.gamma(10)/math.gamma(12)/.5 * 2/math.gamma(6)/.5))) and r['groups']['values'] == ['control', 'patient'] and r['groups']['n_subjects'] == [3, 9] and near(sorted(r['groups']['alpha'][1])[-1], 10) and r['groups']['subjects_without_group'] == []"
expect 0 ',control,0\.[0-9]+,patient,0\.[0-9]+,0\.[0-9]+$' "${compare[@]}" "${abc[@]}" --groups groups.csv --csv
expect 2 'which column of people.csv tells the groups' "${compare[@]}" "${abc[@]}" --groups people.csv --subject participant_id
expect 2 "people.csv has no column 'grp'" "${compare[@]}" "${abc[@]}" --groups people.csv:grp --subject participant_id
expect 2 "no column 'subject'.* name it with --subject" "${compare[@]}" "${abc[@]}" --groups people.csv:group
expect 2 "column 'age' of people.csv has more than two values" "${compare[@]}" "${abc[@]}" --groups people.csv:age --subject participant_id
expect 2 '--subject names a column of the table of --groups' "${compare[@]}" "${abc[@]}" --subject participant_id
sed 's/patient/control/' groups.csv >one.csv
expect 2 "has only 'control' for the subjects that are compared" "${compare[@]}" "${abc[@]}" --groups one.csv
sed "s/^/x/; 1s/^x//" groups.csv >strangers.csv
expect 2 'no subject that is compared is in strangers.csv; its ids are like' "${compare[@]}" "${abc[@]}" --groups strangers.csv
{
    cat groups.csv
    echo "$second,control"
} >twice.csv
expect 2 "subject '$second' has two values in column 'group'" "${compare[@]}" "${abc[@]}" --groups twice.csv
grep -v "^$second," groups.csv >missing.csv
expect 0 "warning: 1 subject without a group in missing.csv left out of the comparison of groups: $second" "${compare[@]}" "${abc[@]}" --groups missing.csv
check json "${abc[@]}" --groups missing.csv -- "r['groups']['subjects_without_group'] == ['$second'] and r['groups']['n_subjects'] == [3, 8] and r['n_subjects'] == 12"
expect 2 'nowhere.csv: cannot open it' "${compare[@]}" "${abc[@]}" --groups nowhere.csv:group
# numbers for groups, and a table with a colon in its name
sed 's/patient/1/; s/control/0/; s/third/0/' groups.csv >numbers:0.csv
expect 0 "3 subjects 0, 9 1" "${compare[@]}" "${abc[@]}" --groups numbers:0.csv

# ---- groups from a covariate of a dataset
"$emlib" simulate --model rw --subjects 12 --trials 2 --seed 1 --split group=a,b --effect age:alpha=0.1 -o people.h5 >/dev/null
expect 0 "a.*b" "${compare[@]}" "${three[@]}" --groups people.h5:group
check json "${three[@]}" --groups people.h5:group -- "j['random_effects']['groups']['values'] == ['a', 'b'] and j['random_effects']['groups']['n_subjects'] == [6, 6]"
expect 2 'more than two values' "${compare[@]}" "${three[@]}" --groups people.h5:age
expect 2 "no column 'x'; it has: (group, age|age, group)" "${compare[@]}" "${three[@]}" --groups people.h5:x
expect 2 'has no covariates' "${compare[@]}" "${three[@]}" --groups data.h5:group

# ---- fits that are not what they seem
"$emlib" fit data.h5 --model rw --max-iter 2 --quiet -o early.h5 2>/dev/null
expect 0 'warning: early.h5: EM had not converged' "${compare[@]}" early.h5 rw_dual.h5
expect 0 'warning: rw.h5 and rw.h5 are fits of the same model' "${compare[@]}" rw.h5 rw.h5

finish
