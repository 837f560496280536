#!/usr/bin/env bash
# Parameter and model recovery as a user meets them. usage: recover.sh EMLIB MPIEXEC
set -u
emlib=$1 mpiexec=$2
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ranks() { local n=$1; shift; "$mpiexec" --oversubscribe -n "$n" "$emlib" "$@"; }
group=(--mu "alpha=-0.5,beta=1" --var "alpha=0.5,beta=0.1")
recover=(recover --model rw --subjects 30 --trials 100 "${group[@]}")
identify=(identify --subjects 30 --trials 100)

# ---- parameters: the tables, and one table on any number of ranks
expect 0 'rw: 4 data sets of 30 subjects with 100 trials; 4 of 4 fits converged' "$emlib" "${recover[@]}" --repeat 4 --seed 5 -o r.csv
expect 0 'alpha +logistic +0\.[0-9]+ +0\.[0-9]+ +-?[0-9.]+ +[0-9.]+ +0\.[0-9]+ +[01]\.[0-9]+ +120$' "$emlib" "${recover[@]}" --repeat 4 --seed 5
expect 0 'alpha +mu +-0\.5000 .* 4$' "$emlib" "${recover[@]}" --repeat 4 --seed 5 -q
check test "$(head -1 r.csv)" = repetition,level,subject,parameter,quantity,true,estimate,se,lower,upper
check test "$(wc -l <r.csv)" -eq $((1 + 4 * (4 + 30 * 4)))
check test "$(grep -c '^1,group,,alpha,mu,-0.5,' r.csv)" -eq 1
for n in 2 3; do
    ranks $n "${recover[@]}" --repeat 4 --seed 5 -q -o r_$n.csv >r_$n.txt
    check cmp r.csv r_$n.csv
done
ranks 3 "${recover[@]}" --repeat 4 --seed 5 -q --json >r_3.json
check cmp r_3.json <("$emlib" "${recover[@]}" --repeat 4 --seed 5 -q --json)

# the first repetition is what simulate and fit make, to the last digit; so is another with its seed
seed=$(python3 -c 'import json; print(json.load(open("r_3.json"))["repetitions"][2]["seed"])')
for pair in 1:5 3:"$seed"; do
    "$emlib" simulate --model rw --subjects 30 --trials 100 "${group[@]}" --seed "${pair#*:}" -o "data_${pair%:*}.h5" >/dev/null
    "$emlib" fit "data_${pair%:*}.h5" --model rw -q -o "fit_${pair%:*}.h5"
    check cmp <(grep "^${pair%:*},subject,.*,alpha,natural," r.csv | cut -d, -f3,7) \
        <("$emlib" export "fit_${pair%:*}.h5" --table subjects | sed 's/"[^"]*"/text/' | awk -F, 'NR > 1 {print $1 "," $8}')
    check cmp <(grep "^${pair%:*},group,,.*,var," r.csv | cut -d, -f4,7-10) \
        <("$emlib" show "fit_${pair%:*}.h5" --json | python3 -c '
import json, sys
group = json.load(sys.stdin)["group"]
for name, v in zip(group["parameter"], group["variances"]):
    print(name, *("%.17g" % v[k] for k in ("value", "se", "lower", "upper")), sep=",")')
done

# settings of the task
"$emlib" "${recover[@]}" --task p=0.95,reversal=25 -q -o task.csv >task.txt
"$emlib" simulate --model rw --subjects 30 --trials 100 "${group[@]}" --task p=0.95,reversal=25 -o task.h5 >/dev/null
"$emlib" fit task.h5 --model rw -q -o task_fit.h5
check cmp <(grep "^1,subject,.*,beta,value," task.csv | cut -d, -f3,7) \
    <("$emlib" export task_fit.h5 --table subjects | sed 's/"[^"]*"/text/' | awk -F, 'NR > 1 {print $1 "," $12}')
expect 2 'p=2 is not allowed' "$emlib" "${recover[@]}" --task p=2 -o no.csv

# the sums follow from the table
cat >sums.py <<'END'
import csv, json, math
rows = list(csv.DictReader(open("r.csv")))
told = json.load(open("r_3.json"))
mean = lambda x: sum(x) / len(x)
for parameter in told["parameters"]:
    for where, level, quantity in (("natural", "subject", "natural"), ("unconstrained", "subject", "value"), ("mu", "group", "mu"), ("var", "group", "var")):
        mine = [r for r in rows if (r["parameter"], r["level"], r["quantity"]) == (parameter["name"], level, quantity)]
        error = [float(r["estimate"]) - float(r["true"]) for r in mine]
        held = [float(r["lower"]) <= float(r["true"]) <= float(r["upper"]) for r in mine if r["lower"]]
        want = {"n": len(mine), "bias": mean(error), "rmse": math.sqrt(mean([e * e for e in error])), "coverage": mean(held), "n_intervals": len(held)}
        for key, value in want.items():
            assert abs(parameter[where][key] - value) < 1e-12, (parameter["name"], where, key, parameter[where][key], value)
        if level == "subject":
            assert all((r["se"] == "") == (quantity == "natural") for r in mine)
            assert all(float(r["lower"]) <= float(r["estimate"]) <= float(r["upper"]) for r in mine)
assert 0.85 < told["parameters"][0]["natural"]["coverage"] <= 1 and told["parameters"][0]["natural"]["correlation"] > 0.5
END
check python3 sums.py

# ---- what is not there is said, what went wrong is named
expect 3 'repetition 2 \(seed [0-9]+\): EM had not converged after 2 iterations' "$emlib" "${recover[@]}" --repeat 2 --max-iter 2 -o short.csv
check test "$(grep -c '^2,group,,alpha,mu,-0.5,[^,]*,,,$' short.csv)" -eq 1
expect 3 '"converged": false' "$emlib" "${recover[@]}" --max-iter 2 --json -q
expect 0 'beta: no correlation in 1 of 1 data sets' "$emlib" recover --model rw --subjects 10 --trials 50 --var beta=0
expect 0 'the data bound it \(minRT\*logistic\)' "$emlib" recover --model ddm --subjects 5 --trials 40 --var alpha=0.1,beta=0.1,delta=0.1,tau=0.1
expect 0 'fits converged' "$emlib" "${recover[@]}" --covariance full --starts 3 --accelerate none --tol 1e-4

# people who never take option 0 are no mistake in the data here; what cannot be drawn is
expect 0 'random_choice: 1 data set' "$emlib" recover --model random_choice --subjects 5 --trials 10 --mu bias=8 --var bias=0.1
expect 2 'repetition 1 \(seed 1\): subject sub-1, trial 1: model ddm draws no finite value' \
    "$emlib" recover --model ddm --subjects 5 --trials 10 --mu alpha=800 --var alpha=0.1 --repeat 2 -o no.csv

# ---- models
expect 0 'rw_dual +0\.0000 +1\.0000' "$emlib" "${identify[@]}" --model rw --model rw_dual --mu rw:alpha=-0.5,beta=1 --var rw:alpha=0.5,beta=0.1 \
    --mu rw_dual:alpha_pos=1.5,rw_dual:alpha_neg=-2 --repeat 4 -o i.csv
check test "$(head -1 i.csv)" = simulated,fitted,repetition,converged,log_marginal_likelihood,bic_int,best
check test "$(wc -l <i.csv)" -eq 17
# the simpler of two nested models is best for its own data, the other for its own
check test "$(awk -F, '$1 == $2 {n += $7} END {print n}' i.csv)" -eq 8
ranks 3 "${identify[@]}" --model rw --model rw_dual --mu rw:alpha=-0.5,beta=1 --var rw:alpha=0.5,beta=0.1 \
    --mu rw_dual:alpha_pos=1.5,rw_dual:alpha_neg=-2 --repeat 4 -q -o i_3.csv >i_3.txt
check cmp i.csv i_3.csv
# models with nothing but responses get rewards; clearly different models are all found
"$emlib" "${identify[@]}" --model random_choice --model wsls --model rw "${group[@]}" --repeat 3 --json -q >i.json
cat >matrices.py <<'END'
import json
told = json.load(open("i.json"))
same = [[float(i == j) for j in range(3)] for i in range(3)]
assert told["models"] == ["random_choice", "wsls", "rw"]
assert told["confusion"] == same and told["inversion"] == same, told["confusion"]
for i, model in enumerate(told["models"]):
    for j, other in enumerate(told["models"]):
        fits = {name: [f["bic_int"] for f in told["fits"] if (f["simulated"], f["fitted"]) == (model, name)] for name in (model, other)}
        want = sum(b - a for a, b in zip(fits[model], fits[other])) / 3
        assert abs(told["bic_int_difference"][i][j] - want) < 1e-9
    assert abs(sum(told["expected_frequency"][i]) - 1) < 1e-12 and max(told["expected_frequency"][i]) == told["expected_frequency"][i][i]
    assert abs(sum(told["protected_exceedance_probability"][i]) - 1) < 1e-9
assert len(told["fits"]) == 27 and sum(f["best"] for f in told["fits"]) == 9
END
check python3 matrices.py
expect 3 'the fit of rw had not converged; it counts' "$emlib" "${identify[@]}" --model rw --model wsls --max-iter 2

# ---- what is refused, with nothing written
touch there.csv
expect 2 'there.csv exists' "$emlib" "${recover[@]}" -o there.csv
expect 2 'there.csv exists' ranks 2 "${identify[@]}" --model rw --model wsls -o there.csv
expect 0 'converged' "$emlib" "${recover[@]}" -o there.csv --force
expect 2 'are needed' "$emlib" recover --model rw --subjects 10
expect 2 "no model 'rww'" "$emlib" recover --model rww --subjects 10 --trials 10 -o no.csv
expect 2 "no parameter 'gamma'" ranks 2 recover --model rw --subjects 10 --trials 10 --mu gamma=1 -o no.csv
expect 2 'repeat wants a whole number' "$emlib" "${recover[@]}" --repeat 0 -o no.csv
expect 2 'tol must be above 0' "$emlib" "${recover[@]}" --tol 0 -o no.csv
expect 2 'accelerate can be' "$emlib" "${recover[@]}" --accelerate much -o no.csv
expect 2 'variance not below 0' "$emlib" "${recover[@]/0.1/-1}" -o no.csv
expect 2 'is too much' "$emlib" "${recover[@]}" data.h5 -o no.csv
expect 2 'has no choice among K options' "$emlib" recover --model dd_hyperbolic --subjects 10 --trials 10 --options 3 -o no.csv
expect 2 'at least twice' "$emlib" "${identify[@]}" --model rw
expect 2 'given twice' "$emlib" "${identify[@]}" --model rw --model rw -o no.csv
expect 2 "needs a column 'reward_other', which data simulated from rw do not have" "$emlib" "${identify[@]}" --model rw --model rw_counterfactual -o no.csv
expect 2 "only ddm explains the column 'rt'" "$emlib" "${identify[@]}" --model rw --model ddm -o no.csv
expect 2 "'wsls' is none of the models" "$emlib" "${identify[@]}" --model rw --model rw_dual --mu wsls:epsilon=1 -o no.csv
expect 2 "none of the models has a parameter 'gamma'" "$emlib" "${identify[@]}" --model rw --model rw_dual --var gamma=1 -o no.csv
check test ! -e no.csv
check test -z "$(find . -name '.*' -type f)"

finish
