#!/usr/bin/env bash
# From tables to datasets: `emlib import` with covariates, texts and codes, `emlib simulate`.
# usage: program_tables.sh EMLIB MPIEXEC
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

make_table
expect 0 'subjects +6' "$emlib" import table.csv -o data.h5
expect 2 'data.h5 exists' "$emlib" import table.csv -o data.h5
expect 0 'subjects +6' "$emlib" import table.csv -o data.h5 --force
expect 2 '/dev/stdout is not a plain file' "$emlib" import table.csv -o /dev/stdout --force
expect 0 '^ann,-[0-9.]+$' "$emlib" loglik data.h5 --model rw --at alpha=0.1,beta=0.2 --csv
expect 2 'no value for parameter beta' "$emlib" loglik data.h5 --model rw --at alpha=0.1
expect 2 "has no parameter 'gamma'" "$emlib" loglik data.h5 --model rw --at gamma=0.1
expect 2 "model dd_hyperbolic needs a column 'amount_sooner'; there is: choice, reward" \
    "$emlib" fit data.h5 --model dd_hyperbolic -o no.h5
check absent no.h5

# ---- new names: several with commas between them, unless there is one '=' alone
sed '1s/.*/Response,subject,Reward (pts)/' table.csv >names.csv
expect 0 'choice \(0, 1; 1 missing\), reward ' "$emlib" import names.csv --rename 'Response=choice,Reward (pts)=reward' -o names.h5
expect 0 'choice \(0, 1; 1 missing\), reward ' "$emlib" import names.csv --rename Response=choice --rename 'Reward (pts)=reward' -o names.h5 --force
sed '1s/.*/"Response, key",subject,reward/' table.csv >comma.csv
expect 0 'choice \(0, 1; 1 missing\), reward ' "$emlib" import comma.csv --rename 'Response, key=choice' -o names.h5 --force
expect 2 "rename wants OLD=NEW between commas .*, not 'Response'" "$emlib" import comma.csv --rename 'Response, key=choice,reward=outcome' -o no.h5
expect 2 "there is no column 'Rewards'" "$emlib" import names.csv --rename 'Response=choice,Rewards=reward' -o no.h5
expect 2 "the new name of column 'Response' would be 'a=b'" "$emlib" import names.csv --rename 'Response=a=b' -o no.h5
expect 2 "rename wants OLD=NEW between commas .*, not ''" "$emlib" import names.csv --rename 'Response=choice,Reward (pts)=reward,' -o no.h5

# ---- other words for missing cells: the same data as with NA
sed 's/^NA,/-999.0,/; s/,$/,NULL/' table.csv >words.csv
expect 0 "column 'choice': 1 cell is missing as --missing says" "$emlib" import words.csv --missing NULL,-999 -o words.h5
check cmp <("$emlib" show words.h5 | sed s/words/data/) <("$emlib" show data.h5)
expect 0 'subjects +6' "$emlib" import words.csv --missing NULL --missing -999 -o words.h5 --force
check cmp <("$emlib" show words.h5 | sed s/words/data/) <("$emlib" show data.h5)
expect 0 "text because of 'NULL' .*write NA or import with --missing" "$emlib" import words.csv -o words.h5 --force
expect 2 "column 'choice': -999 is not allowed.*\(if -999 stands for a missing value: import with --missing -999\)" \
    "$emlib" fit words.h5 --model choice_kernel -o no.h5
expect 2 "'left' stands for a missing value \(--missing\)" "$emlib" import words.csv --missing left --levels choice=left,right -o no.h5
expect 2 'missing: there is an empty text' "$emlib" import words.csv --missing NULL, -o no.h5

# ---- covariates
printf 'subject,age,group\nann,20,patient\nbob,30,control\ncem,NA,control\ndot,50,patient\neve,41,control\nzoe,7,pilot\n' >people.csv
expect 0 'covariates +age \(20, 30, 41, 50; 2 missing\), group \(text: control, patient; 1 missing\)' \
    "$emlib" import table.csv --covariates people.csv -o people.h5
expect 0 '1 subject without trials in table.csv, left out: zoe' "$emlib" import table.csv --covariates people.csv -o people.h5 --force
expect 0 '1 subject with trials but no row here; covariates are missing: fay' \
    "$emlib" import table.csv --covariates people.csv -o people.h5 --force
expect 0 'group \(text: patient, control, pilot;' \
    "$emlib" import table.csv --covariates people.csv --levels group=patient,control,pilot -o people.h5 --force
expect 2 "the columns are: choice, subject, reward; those of people.csv: subject, age, group" \
    "$emlib" import table.csv --covariates people.csv --levels grp=patient,control -o no.h5
sed 's/^bob/ann/' people.csv >twice.csv
expect 2 "twice.csv: line 3, column 'subject': subject 'ann' stands there twice, first in line 2" \
    "$emlib" import table.csv --covariates twice.csv -o no.h5
sed '1s/age/age:t0/' people.csv >colon.csv
expect 2 "colon.csv: 'age:t0' cannot be the name of a covariate.*--rename" "$emlib" import table.csv --covariates colon.csv -o no.h5
expect 0 'covariates +age ' "$emlib" import table.csv --covariates colon.csv --rename age:t0=age -o renamed.h5
expect 2 'none of its subjects has trials in table.csv' "$emlib" import table.csv --covariates <(sed 's/^/x/; s/^xs/s/' people.csv) -o no.h5
expect 2 'people.csv is the table itself' "$emlib" import table.csv --covariates people.csv -o people.csv --force
expect 2 'one table of covariates' "$emlib" import table.csv --covariates people.csv --covariates people.csv -o no.h5
check absent no.h5
effects=(--model rw --subjects 50 --trials 40 --seed 4 --split "group=control,patient" --effect group:alpha=-0.8
    --effect "age:alpha=0.3,age:beta=0.2")
expect 0 '50 subjects, 40 trials' "$emlib" simulate "${effects[@]}" -o effects.h5
expect 0 '50 subjects' "$mpiexec" --oversubscribe -n 3 "$emlib" simulate "${effects[@]}" -o effects_3.h5
check cmp effects.h5 effects_3.h5
expect 0 'converged after' "$emlib" fit effects.h5 --model rw -o effects_fit.h5
expect 2 "model rw has no parameter 'gamma'" "$emlib" simulate --model rw --subjects 5 --trials 5 --effect age:gamma=1 -o no.h5
expect 2 "'age=1' is no effect; write COVARIATE:PARAMETER=NUMBER" \
    "$mpiexec" --oversubscribe -n 2 "$emlib" simulate --model rw --subjects 5 --trials 5 --effect age=1 -o no.h5
expect 2 'gives age:alpha twice' "$emlib" simulate --model rw --subjects 5 --trials 5 --effect age:alpha=1 --effect age:alpha=2 -o no.h5
expect 2 'split wants NAME=A,B' "$emlib" simulate --model rw --subjects 5 --trials 5 --split group=a -o no.h5
expect 2 'two different texts' "$emlib" simulate --model rw --subjects 5 --trials 5 --split group=a,a -o no.h5
expect 2 'gives group twice' "$emlib" simulate --model rw --subjects 5 --trials 5 --split group=a,b --split group=a,c -o no.h5
check absent no.h5

# ---- show says of a dataset what import said, and what it was simulated with
"$emlib" import table.csv --covariates people.csv -o shown.h5 >said.txt 2>/dev/null
check cmp said.txt <("$emlib" show shown.h5 | tail -n +2)
expect 0 '^Dataset shown.h5 \(fingerprint [0-9a-f]{12}\)$' "$emlib" show shown.h5
expect 0 '^simulated with model rw, task [a-z]+ with [^ ]*=.*, seed 4$' "$emlib" show effects.h5
expect 0 '^effects +group:alpha -0.8' "$emlib" show effects.h5
cat >shown.py <<'END'
import json, subprocess, sys
shown, fitted, plain = (json.loads(subprocess.run([sys.argv[1], "show", name, "--json"], capture_output=True, check=True).stdout)
                        for name in ("effects.h5", "effects_fit.h5", "shown.h5"))
assert shown["dataset_fingerprint"] == fitted["dataset_fingerprint"] and shown["n_subjects"] == 50 and shown["n_trials"] == 50 * 40
made = shown["simulated"]
assert made["model"] == "rw" and made["seed"] == 4 and made["parameters"] == ["alpha", "beta"] and made["effects"][0]["effect"] == -0.8
assert plain["simulated"] is None and [c["name"] for c in plain["columns"]] == ["choice", "reward"]
age, group = plain["covariates"]
assert (age["least"], age["most"], age["n_missing"], age["levels"]) == (20, 50, 2, None) and group["levels"] == ["control", "patient"]
END
check python3 shown.py "$emlib"

# ---- texts and codes that start at 1
awk -F, -v OFS=, 'NR == 1 {print $1, $2 "x"; next} {print ($1 == 1 ? "b" : "a"), $2}' table.csv >text.csv
expect 0 '' "$emlib" import text.csv -o text.h5 --subject subjectx --levels choice=a,b,c
# three levels, so three options: with beta near 0 each of ann's 31 choices has probability 1/3
expect 0 '^ann,-34\.05698' "$emlib" loglik text.h5 --model choice_kernel --at alpha_c=0,beta_c=-60 --csv
awk -F, -v OFS=, 'NR > 1 && $1 != "NA" {$1 += 1} 1' table.csv >ones.csv
"$emlib" import ones.csv -o ones.h5 >/dev/null
expect 2 'no 0 in the whole data set.*--base choice=1' "$emlib" fit ones.h5 --model rw -o no.h5
expect 0 'subjects +6' "$emlib" import ones.csv -o based.h5 --base choice=1
check cmp <("$emlib" loglik data.h5 --model rw --at alpha=0,beta=1 --csv) <("$emlib" loglik based.h5 --model rw --at alpha=0,beta=1 --csv)
check test -z "$(find . -name '*.tmp*')"

finish
