#!/usr/bin/env bash
# scripts/emlib.R in base R: the tables are those of `emlib export`. Skipped where there is no R, which is too large to install for this.
# usage: r.sh EMLIB FOLDER_OF_SCRIPTS
set -u
emlib=$1 scripts=$2
command -v Rscript >/dev/null || { echo "skipped: there is no Rscript (Debian: r-base-core)"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
{
    echo "subject,choice,reward,cue,sex"
    for s in 007 "O'Brien, \$x" "ä"; do
        for t in 1 2 3 4 5 6 7 8 9 10 11 12; do
            echo "\"$s\",$((t * t % 3 > 0)),$((t % 4 > 0)),$( ((t % 2)) && echo red || echo blue),F"
        done
    done
    echo "007,NA,1,red,F"
} >trials.csv
printf 'subject,age\n007,20\nä,31.5\n' >people.csv
"$emlib" import trials.csv --covariates people.csv -o data.h5 >/dev/null && "$emlib" fit data.h5 --model rw -o "a fit.h5" --quiet &&
    "$emlib" fit data.h5 --model choice_kernel -o ck.h5 --quiet || exit 1
"$emlib" export "a fit.h5" --table subjects -o subjects.csv && "$emlib" export "a fit.h5" --table trials -o plain.csv || exit 1
cat >test.R <<'END'
source(file.path(Sys.getenv("SCRIPTS"), "emlib.R"))
fit <- "a fit.h5"
plain <- read.csv("subjects.csv", check.names = FALSE, colClasses = c(subject = "character"))
stopifnot(all.equal(emlib_subjects(fit), plain, tolerance = 0))
stopifnot(identical(emlib_subjects(fit)$subject, c("007", "O'Brien, $x", "\u00e4")))
stopifnot(identical(emlib_group(fit)$parameter, c("alpha", "beta")), nrow(emlib_trace(fit)) > 1)
trials <- emlib_trials(fit, covariates = TRUE)
stopifnot(nrow(trials) == 37, identical(names(trials),
  c("subject", "trial", "choice", "reward", "cue", "sex", "age", "value", "pe", "log_likelihood", "p_choice")))
stopifnot(trials$subject[1] == "007", all(trials$sex == "F"), all(trials$cue %in% c("red", "blue")), trials$age[1] == 20, is.na(trials$p_choice[13]))
stopifnot(all.equal(trials$p_choice, exp(trials$log_likelihood), tolerance = 1e-14))
both <- emlib_compare(c(fit, "ck.h5"))
stopifnot(nrow(both) == 2, both$bic_int[1] < both$bic_int[2], abs(sum(both$expected_frequency) - 1) < 1e-12)
said <- function(expression) tryCatch({ expression; "" }, error = conditionMessage)
stopifnot(grepl("no covariates", said(emlib_coefficients(fit))), grepl("none.h5", said(emlib_group("none.h5"))))
stopifnot(grepl("no program nowhere", said(emlib_group(fit, program = "nowhere"))))
cat("all is well\n")
END
EMLIB=$emlib SCRIPTS=$scripts Rscript --vanilla test.R || exit 1
# the R of README.md in the folder of scripts, as it is written there; a warning counts
mkdir guide && cd guide && ln -s "$scripts" scripts || exit 1
awk '/^```r$/ { inside = 1; next } /^```$/ { inside = 0 } inside' scripts/README.md >guide.R
grep -q emlib_compare guide.R || exit 1
EMLIB=$emlib Rscript --vanilla -e 'options(warn = 2); source("guide.R", echo = TRUE)'
