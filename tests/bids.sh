#!/usr/bin/env bash
# BIDS datasets become dataset files: `emlib import --bids`, and --trials. What is imported must be, to the last bit, what the
# import of one table gives that was put together here. usage: bids.sh EMLIB
set -u
emlib=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=expect.sh
source "$here/expect.sh"
work=$(mktemp -d) || exit 1
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1

absent() { [ ! -e "$1" ]; }
# put FILE [LINE...]: the lines with tabs for blanks, n/a for -
put() {
    local file=$1
    mkdir -p "$(dirname "$file")"
    shift
    printf '%s\n' "$@" | sed 's/ /\t/g; s/-$/n\/a/; s/-\t/n\/a\t/' >"$file"
}
# Rows of trials, other ones for each seed: onset, trial_type, choice, reward.
rows() {
    awk -v seed="$1" -v n="$2" 'BEGIN {
        for (i = 1; i <= n; i++) {
            seed = (seed * 1103 + 12345) % 65536
            print 2 * i - 0.5, "choice", seed % 7 == 0 ? "-" : (seed % 3 ? "left" : "right"), seed % 5 ? 1 : 0
        }
    }'
}
table() { mapfile -t lines < <(rows "$2" "$3") && put "$1" 'onset trial_type choice reward' "${lines[@]}"; }
bids() { "$emlib" import "$1" --bids --task bandit -o "$2" "${@:3}"; }
# joined SUBJECT MORE FILE...: rows of tables without their header lines, the subject before them and MORE, with its tab, after them
joined() { for file in "${@:3}"; do tail -n +2 "$file" | sed "s/^/$1\t/; s/\$/$2/"; done; }
fingerprint() { "$emlib" loglik "$1" --model rw --at alpha=0,beta=1 --csv; }

# ---- runs: subjects and runs in natural order
for subject in 10 2 01; do
    for run in 10 2; do table one/sub-$subject/func/sub-${subject}_task-bandit_run-${run}_events.tsv $((subject * 7 + run)) 9; done
done
table one/sub-01/func/sub-01_task-other_events.tsv 5 9 # another task
table one/derivatives/sub-01/func/sub-01_task-bandit_run-2_events.tsv 5 9
touch one/sub-01/func/sub-01_task-bandit_run-2_{bold.nii.gz,physio.tsv.gz,channels.tsv} one/sub-list.txt one/sub-01/func/.sub-01_task-bandit_run-2_events.tsv
{
    printf 'subject\tonset\ttrial_type\tchoice\treward\trun\n'
    for subject in 01 2 10; do
        for run in 2 10; do joined $subject "\t$run" one/sub-$subject/func/*bandit_run-${run}_events.tsv; done
    done
} >one.tsv
expect 0 'trials +54 \(18 per subject\)' bids one one.h5
expect 0 '' "$emlib" import one.tsv -o one_table.h5
check cmp one.h5 one_table.h5
expect 0 '3 subjects have several runs, and what is learned goes on from one to the next \(01: sub-01_task-bandit_run-2_events.tsv, sub-01_task-bandit_run-10_events.tsv\). --rename run=block makes' \
    bids one one.h5 --force
expect 0 '^01,-[0-9.]+$' fingerprint one.h5
# where the folder is, and how it is written, changes nothing
mkdir elsewhere && cp -r one elsewhere/two && ln -s elsewhere/two linked
expect 0 '' bids "$work/elsewhere/two///" two.h5
expect 0 '' bids linked linked.h5 --suffix events --datatype func --run run-02,10
check cmp one.h5 two.h5
check cmp one.h5 linked.h5
check_block() { bids one block.h5 --rename run=block 2>said.txt >out.txt && ! grep -q learned said.txt && grep -q 'block (2, 10)' out.txt; }
check check_block
expect 0 'trials +27' bids one some.h5 --run 10 --force
# with a block for each run the likelihood is the product of those of the runs alone
expect 0 'trials +27' bids one other.h5 --run 2
sums_up() {
    paste -d, <(fingerprint block.h5) <(fingerprint some.h5) <(fingerprint other.h5) |
        awk -F, 'NR > 1 {n += ($2 - $4 - $6) ^ 2 < 1e-20} END {exit n != 3}'
}
check sums_up
expect 2 "one: --run: no file of task 'bandit' has '3'; there is: 2, 10" bids one no.h5 --run 2,3
expect 2 "one: --session: no file of task 'bandit' has 'pre'; there is: none" bids one no.h5 --session pre
expect 2 "run.*'two'" bids one no.h5 --run two
expect 2 "one: which task\? --task NAME; there is: bandit, other" "$emlib" import one --bids -o no.h5
expect 2 "one: there is no task 'bandits'; there is: bandit, other" bids one no.h5 --task bandits
expect 2 "task 'bandit' has no file that ends with _beh.tsv" bids one no.h5 --suffix beh
expect 2 'sub-LABEL/\[ses-LABEL/\]beh/' bids one no.h5 --datatype beh
expect 2 "beh or events, not 'bold'" bids one no.h5 --suffix bold
expect 2 "func, eeg, ieeg, meg, motion, nirs or pet, not 'anat'" bids one no.h5 --datatype anat
expect 2 '--subject does not go with --bids' bids one no.h5 --subject id
expect 2 '--task goes with --bids' "$emlib" import one.tsv --task bandit -o no.h5
expect 2 'one is a folder; .* add --bids --task NAME' "$emlib" import one -o no.h5
expect 2 "one: --rename: there is no column 'resp' in any file" bids one no.h5 --rename resp=choice
expect 2 "run-2_events.tsv: --rename: there is no column 'resp'; the columns are: onset" bids one no.h5 --rename resp=answer
expect 2 'one.h5 exists already' bids one one.h5
expect 2 'no_such: cannot open this folder: No such file' bids no_such no.h5
expect 2 'one.tsv: cannot open this folder: Not a dir' bids one.tsv no.h5
expect 2 'elsewhere is no BIDS dataset: there is no folder sub-LABEL' bids elsewhere no.h5

# ---- sessions, people, and what JSON files say
for subject in 1 2 3; do
    for session in pre post; do table two/sub-$subject/ses-$session/beh/sub-${subject}_ses-${session}_task-bandit_beh.tsv $((subject + ${#session})) 8; done
done
mkdir -p two/sub-9/anat
put two/participants.tsv 'participant_id age group' 'sub-2 31 patient' 'sub-1 - control' 'sub-8 40 pilot'
two() { # SESSION... in the order in which they follow one another
    printf 'subject\tonset\ttrial_type\tchoice\treward\tsession\n'
    for subject in 1 2 3; do
        for session in "$@"; do joined $subject "\t$session" two/sub-$subject/ses-$session/beh/*.tsv; done
    done
}
people=(--covariates people.tsv)
sed '1s/participant_id/subject/; s/sub-//' two/participants.tsv >people.tsv
two post pre >two.tsv
expect 0 'covariates +age \(31; 2 missing\), group \(text: control, patient; 1 missing\)' bids two post_pre.h5
expect 0 '' "$emlib" import two.tsv "${people[@]}" -o two_table.h5
check cmp post_pre.h5 two_table.h5
two pre post >two.tsv
expect 0 '3 subjects have several sessions, .* \(1: pre, post\). --rename session=block' bids two pre_post.h5 --session pre,ses-post
expect 0 '' "$emlib" import two.tsv "${people[@]}" -o two_table.h5 --force
check cmp pre_post.h5 two_table.h5
expect 0 'participants.tsv: 1 subject without trials in two, left out: 8' bids two said.h5
expect 0 'participants.tsv: 1 subject with trials but no row here; covariates are missing: 3' bids two said.h5 --force
expect 0 'two: 1 subject without a file that is asked for: 9' bids two said.h5 --force
expect 0 'trials +24 \(8 per' bids two said.h5 --session post --force
check_apart() { bids two apart.h5 --subject-by session >out.txt 2>said.txt && ! grep -q learned said.txt; }
check check_apart
expect 0 'group \(text: control, patient; 2 missing\)' cat out.txt
expect 0 'trials +48' bids two said.h5 --rename session=block --force
check_unbroken() { # one run a session: a block for each run breaks nothing off
    for file in two/sub-*/ses-*/beh/*.tsv; do mv "$file" "${file/_beh/_run-1_beh}"; done
    bids two run.h5 --rename run=block >out.txt 2>said.txt
    for file in two/sub-*/ses-*/beh/*.tsv; do mv "$file" "${file/_run-1_beh/_beh}"; done
    grep -q '3 files have the same block as the one before, .*: sub-1_ses-pre_task-bandit_run-1_beh.tsv, sub-2' said.txt
}
check check_unbroken
expect 0 '^2_ses-pre,' fingerprint apart.h5
expect 2 "subject-by wants 'session'" bids two no.h5 --subject-by run
expect 0 'group \(text: patient, pilot, control' bids two said.h5 --levels group=patient,pilot,control --force
sed 's/sub-//' two/participants.tsv >other.tsv
expect 0 'age \(31; 2 missing\)' bids two said.h5 --covariates other.tsv --force
sed '1s/participant_id/person/' two/participants.tsv >other.tsv
expect 2 "other.tsv: line 1: no column 'participant_id' that tells subjects apart. The columns are: person" bids two no.h5 --covariates other.tsv
put two/participants.tsv participant_id sub-1 sub-2
expect 0 'with trials but no row here; covariates are missing: 3' bids two said.h5 --force
put two/participants.tsv 'participant_id age' 'sub-1 30' '1 30'
expect 2 "participants.tsv: line 3, column 'participant_id': subject '1' stands there twice" bids two no.h5
put two/participants.tsv 'participant_id age' 'sub-01 30'
expect 2 "participants.tsv: none of its subjects has trials in two; .*\('01' here, '1' there\)" bids two no.h5
put two/participants.tsv 'participant_id group' 'sub-2 patient' 'sub-1 control' 'sub-3 patient'
echo '{"group": {"Levels": {"pilot": "", "patient": "ill", "control": "well"}}}' >two/participants.json
expect 0 'group \(text: patient, control\)' bids two said.h5 --force
echo '{"choice": {"Levels": {"right": "", "n/a": "", "left": "", "up": ""}}, "reward": {"Levels": {"1": "won", "0": "lost"}}}' >two/task-bandit_beh.json
expect 0 'choice \(text: right, left; [0-9]+ missing\), reward \(0, 1\)' bids two said.h5 --force
expect 0 'choice \(text: left, right;' bids two said.h5 --levels choice=left,right --force
expect 0 'resp \(text: right, left;' bids two said.h5 --rename choice=resp --force
echo '{"choice": {"Levels": {"left": "", "right": ""}}}' >two/sub-1/ses-post/beh/sub-1_ses-post_task-bandit_beh.json
echo '{"choice": {"Levels": {"right": ""}}}' >two/sub-1/sub-1_beh.json
expect 0 'choice \(text: left, right;' bids two said.h5 --force # the nearest one
rm two/sub-1/ses-post/beh/*.json
expect 0 "column 'choice' has texts that its description \(Levels\) does not have; .*: left" bids two said.h5 --force
echo '{"session": {"Levels": {"x": ""}}, "code": {"Levels": {"2.0": "", "go": "", "1": "", "9": ""}}}' >two/sub-1/sub-1_beh.json
for file in two/sub-*/ses-*/beh/*.tsv; do awk -v OFS='\t' '{print $0, NR == 1 ? "code" : NR == 2 ? "go" : NR % 2 + 1}' "$file" >file.tsv && mv file.tsv "$file"; done
expect 0 'code \(text: 2, go, 1\)' bids two said.h5 --force
echo '[]' >two/sub-1/sub-1_beh.json
expect 2 'two/sub-1/sub-1_beh.json: a JSON object' bids two no.h5
printf '{\n"choice": {' >two/sub-1/sub-1_beh.json
expect 2 'two/sub-1/sub-1_beh.json: line 2: this is no JSON' bids two no.h5
rm two/sub-1/sub-1_beh.json two/task-bandit_beh.json two/participants.*

# ---- rows that are no trials
events() { awk -v OFS='\t' 'NR == 1 {print; next} {print; print $1 + 1, "fixation", "none", "n/a"}'; }
cp -r one few
for file in few/sub-*/func/*bandit*.tsv; do events <"$file" >file.tsv && mv file.tsv "$file"; done
expect 0 'trials: 54 rows left out as no trials, 54 kept' bids few few.h5 --trials trial_type=choice
check cmp few.h5 one.h5
awk -F'\t' -v OFS='\t' '{print} NR > 1 {print $1, $2 + 1, "fixation", "none", "n/a", $6}' one.tsv >fixed.tsv
expect 0 '54 kept' "$emlib" import fixed.tsv --trials kind=choice,rest --rename trial_type=kind -o kept.h5
expect 0 "no row has 'rest' in column 'kind'; its values are: choice, fixation" \
    "$emlib" import fixed.tsv --trials kind=choice,rest --rename trial_type=kind -o kept.h5 --force
wins=$(awk -F'\t' '$5 == 1 && $6 == 2' one.tsv | wc -l)
expect 0 "trials +$wins \(" "$emlib" import fixed.tsv --trials trial_type=choice --trials reward=1.0 --trials run=2 -o kept.h5 --force
expect 0 "trials +$wins \(" bids few kept.h5 --trials trial_type=choice --trials reward=1.0 --trials run=2 --force
expect 2 "few: --trials: no row has 'go' in column 'trial_type'; its values are: choice, fixation" bids few no.h5 --trials trial_type=go
expect 2 'no row has all that is asked for' bids few no.h5 --trials trial_type=fixation --trials reward=1
expect 2 "events.tsv: --trials: there is no column 'kind'" bids few no.h5 --trials kind=go
expect 2 "'n/a' stands for a missing value" bids few no.h5 --trials trial_type=n/a
expect 2 "'trial_type' is named twice" bids few no.h5 --trials trial_type=choice --trials trial_type=fixation

# ---- tables that differ
cp -r one mixed
first=mixed/sub-01/func/sub-01_task-bandit_run-2_events.tsv second=mixed/sub-2/func/sub-2_task-bandit_run-2_events.tsv
cut -f1,2,3 $second >file.tsv && mv file.tsv $second
sed -i '1s/$/\tspeed/; 2,$s/$/\t1.5/' mixed/sub-10/func/sub-10_task-bandit_run-10_events.tsv
expect 0 "'reward' is not in 1 of 6 files; there its values are missing: sub-2_task-bandit_run-2_events.tsv" bids mixed mixed.h5
expect 0 "'speed' is in only 1 of 6 files" bids mixed mixed.h5 --force
expect 0 'reward \(0, 1; 9 missing\), run \(2, 10\), speed \(.*; 45 missing\)' bids mixed mixed.h5 --force
expect 2 "$second: --base: there is no column 'reward'; the columns are: onset, trial_type, choice, run" bids mixed no.h5 --base reward=0
expect 0 "column 'choice': [0-9]+ cells are missing as --missing says" bids mixed mixed.h5 --missing left --force
expect 0 'choice \(text: right; ' bids mixed mixed.h5 --missing left --force
expect 0 'columns +when ' bids mixed mixed.h5 --levels choice=left,right --rename onset=when --trials trial_type=choice --force
sed -i '1s/choice/resp/' $first
expect 0 'choice \(text: left, right;' bids mixed mixed.h5 --rename resp=choice --force # one of the names in each file
sed -i '5s/\tleft\|\tright/\t3/' $first
expect 0 "column 'choice' is text because of '(left|right)' \($first, line 2\)" bids mixed mixed.h5 --rename resp=choice --force
sed -i '5s/\t3/\tinf/' $first
expect 0 'choice \(text: inf, left, right' bids mixed mixed.h5 --rename resp=choice --force
sed -i '6s/^[0-9.]*\t/inf\t/' $second
expect 2 "$second: line 6, column 'onset': 'inf' is not a finite decimal number" bids mixed no.h5
sed -i '6s/^inf\t/1\t2\t/' $second
expect 2 "$second: line 6 has 4 cells, but the header line has 3: onset, trial_type, choice" bids mixed no.h5
head -1 $first >$second
expect 0 '1 file without trials: sub-2_task-bandit_run-2_events.tsv' bids mixed mixed.h5 --force
: >$second
expect 2 "$second is empty" bids mixed no.h5
printf 'onset\tonset\n1\t2\n' >$second
expect 2 "$second: line 1, column 'onset': this name stands there twice" bids mixed no.h5
rm $second && ln -s ../../.git/annex/objects/x $second
expect 2 "$second is a link to something that is not there; fetch" bids mixed no.h5
ln -sf "$(basename $second)" $second
expect 2 "$second: cannot look at it: Too many levels of symbolic links" bids mixed no.h5
# a column of their own in place of what names say; who is the subject is told by names alone
for file in one/sub-*/func/*bandit*.tsv; do
    new=${file/one/own}
    mkdir -p "$(dirname "$new")"
    sed '1s/$/\trun\tsubject/; 2,$s/$/\t7\tsomebody/' "$file" >"$new"
done
expect 0 "files have a column 'run' of their own" bids own own.h5
expect 0 "column 'subject' is left out, as the names of files tell" bids own own.h5 --force
expect 0 'subjects +3' bids own own.h5 --force
expect 0 'run \(7\)' bids own own.h5 --force
expect 0 'own \(7\), run \(2, 10\)' bids own own.h5 --rename run=own --force

# ---- names
# odd PATH PATTERN: a file of this name, in a dataset that is good otherwise, is refused
odd() {
    table odd/sub-1/beh/sub-1_task-bandit_beh.tsv 1 3
    table "odd/$1" 1 3
    expect 2 "$2" bids odd no.h5 "${@:3}"
    rm -r odd
}
odd sub-1/func/sub-1_task-bandit_run-1_events.tsv 'odd/sub-1/beh/sub-1_task-bandit_beh.tsv and odd/.*run-1_events.tsv may hold the same trials; .*--suffix beh or --suffix events'
odd sub-1/func/sub-1_task-bandit_beh.tsv 'are the same run twice; .*--datatype'
odd sub-1/beh/sub-2_task-bandit_beh.tsv 'odd/sub-1/beh/sub-2_task-bandit_beh.tsv: its name has sub-2, but it is in the folder of sub-1'
odd sub-2/ses-1/beh/sub-2_ses-01_task-bandit_beh.tsv 'its name has ses-01, but it is in the folder of ses-1'
odd sub-2/ses-1/beh/sub-2_task-bandit_beh.tsv 'its name has no ses-LABEL, but it is in the folder of ses-1'
odd sub-2/beh/sub-2_ses-1_task-bandit_beh.tsv 'its name has ses-1, but it is in no folder of a session'
odd sub-2/beh/task-bandit_beh.tsv 'its name has no sub-LABEL, but it is in the folder of sub-2'
odd sub-2/beh/sub-2_task-bandit_run-one_beh.tsv "'run-one' in its name is no number"
odd sub-2/beh/sub-2_task-bandit_acq-a.b_beh.tsv 'no name as BIDS has them'
odd sub-2/beh/sub-2_task-bandit_acq-a-b_beh.tsv "'acq-a-b' in its name is no label"
odd sub-2/beh/sub-2_task-bandit_acq-NA_beh.tsv "'acq-NA' in its name is no label"
odd sub-2/beh/sub-2_task-bandit__beh.tsv 'no name as BIDS has them'
odd sub-2/beh/sub-2_task-bandit_run-1_run-2_beh.tsv 'no name as BIDS has them'
odd "sub-2/beh/sub-2_task-bandit$(printf '_k%d-1' {1..20})_beh.tsv" 'no name as BIDS has them'
odd sub-2/beh/sub-2_task-bandit_beh.tsv.gz 'compressed, which BIDS does not allow'
odd 'sub-1 copy/beh/sub-1_task-bandit_beh.tsv' "'sub-1 copy' is no name of a folder"
odd $'sub-1\n/beh/sub-1_task-bandit_beh.tsv' "is no name of a folder"
odd $'sub-\xff/beh/sub-1_task-bandit_beh.tsv' "is no name of a folder"
odd sub-/beh/sub-_task-bandit_beh.tsv "'sub-' is no name of a folder"
odd sub-NaN/beh/sub-NaN_task-bandit_beh.tsv "'sub-NaN' is no name of a folder"
odd sub-2/ses-/beh/sub-2_task-bandit_beh.tsv "'ses-' is no name of a folder"
odd sub-2/ses-1/beh/sub-2_ses-1_task-bandit_acq-x_beh.tsv "--acquisition: no file of task 'bandit' has 'y'; there is: x" --session 1 --acquisition x,y
table odd/sub-1/beh/sub-1_task-bandit_run-1_beh.tsv 1 3
table odd/sub-1/beh/results_beh.tsv 1 3
table odd/sub-1/beh/sub-1_beh.tsv 1 3
expect 0 'odd: 2 files left out whose name tells no task: results_beh.tsv, sub-1_beh.tsv' bids odd odd.h5
rm odd/sub-1/beh/*s_beh.tsv odd/sub-1/beh/sub-1_beh.tsv odd.h5
table odd/sub-1/beh/sub-1_task-bandit_run-01_beh.tsv 1 3
expect 2 'are the same run twice' bids odd no.h5
mv odd/sub-1/beh/sub-1_task-bandit_{run-01,run-1_dir-AP}_beh.tsv # another entity is another file
mkdir odd/sub-1/beh/sub-1_task-bandit_acq-hard+2_run-0_beh.tsv
expect 2 'beh.tsv is a folder' bids odd no.h5
rmdir odd/sub-1/beh/*run-0*
table odd/sub-1/beh/sub-1_task-bandit_acq-hard+2_run-0_beh.tsv 1 3
table odd/sub-1/beh/sub-1_task-bandit_acq-hard_run-5_beh.tsv 1 3
expect 0 'run \(0, 1, 5\), acquisition \(text: hard, hard\+2; 6 missing\)|acquisition \(text: hard, hard\+2; 6 missing\), run \(0, 1, 5\)' bids odd odd.h5
expect 0 'trials +3' bids odd odd.h5 --acquisition acq-hard --force
expect 2 "no file of task 'bandit' is of all" bids odd no.h5 --acquisition hard --run 1
expect 2 'there twice' bids odd no.h5 --run 1 --run 2
expect 2 "has '1' twice" bids odd no.h5 --run 1,1
ln -s . odd/sub-2
expect 0 '1 subject without a file that is asked for: 2' bids odd odd.h5 --force
ln -s sub-3 odd/sub-3
expect 2 'odd/sub-3: cannot look at it: Too many levels' bids odd no.h5
rm odd/sub-3 && ln -s nowhere odd/sub-3
expect 2 'odd/sub-3 is a link to something that is not there' bids odd no.h5
check absent no.h5
check test -z "$(find . -name '*.tmp*')"

finish
