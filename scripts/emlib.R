# emlib in R: the tables of fits as data frames. Needs nothing but base R and the program.
#
#   source("scripts/emlib.R")
#   emlib_run("fit", "data.h5", "--model", "rw", "-o", "rw.h5")
#   emlib_group("rw.h5")                          # a row for each parameter
#   emlib_subjects("rw.h5")                       # a row for each subject
#   emlib_trials("rw.h5", covariates = TRUE)      # a row for each trial: the data, values, prediction errors
#   emlib_compare(c("rw.h5", "rw_dual.h5"))       # best first
#
# The program is that of the argument `program`, else of the environment variable EMLIB, else `emlib` in PATH. What goes wrong stops
# with the program's own message; its warnings become warnings. Columns are those of `emlib export --help`; they keep their names
# ("alpha[placebo]" is written x[["alpha[placebo]"]]).
#
# The files are HDF5: where arrays are wanted that no table has, such as the Hessians, packages hdf5r (Debian: r-cran-hdf5r) and rhdf5
# (Debian: r-bioc-rhdf5) read them. README.md, "Files", tells what is where. R shows an array with its dimensions reversed: [S,P,P] of
# the file is [P,P,S] there.

# Runs `emlib` with these words; returns what it printed, a line each. good: exit statuses that are no error.
emlib_run <- function(..., program = NULL, good = 0) {
  words <- unlist(list(...))
  if (is.null(program)) program <- Sys.getenv("EMLIB", "emlib")
  if (Sys.which(program) == "")
    stop("there is no program ", program, "; build it, and set the environment variable EMLIB to its path", call. = FALSE)
  said <- tempfile()
  printed <- tempfile()
  on.exit(unlink(c(said, printed)))
  status <- system2(program, shQuote(words), stdout = printed, stderr = said)
  lines <- readLines(said, warn = FALSE, encoding = "UTF-8")
  if (!(status %in% good))
    stop(if (length(lines)) paste(lines, collapse = "\n") else paste0("emlib ended with status ", status), call. = FALSE)
  for (line in grep("warning: ", lines, value = TRUE, fixed = TRUE))
    warning(sub("^.*?warning: ", "", line), call. = FALSE)
  invisible(readLines(printed, warn = FALSE, encoding = "UTF-8"))
}

# A table of `emlib export` as a data frame; NA where there is no number. Words after the name are options of export.
emlib_table <- function(fit, name, ..., program = NULL) {
  file <- tempfile(fileext = ".csv")
  on.exit(unlink(file))
  emlib_run("export", fit, "--table", name, "-o", file, ..., program = program)
  table <- utils::read.csv(file, check.names = FALSE, na.strings = c("NA", ""), colClasses = "character", encoding = "UTF-8")
  ids <- if (name %in% c("subjects", "trials")) 1 else 0 # who: 007 stays 007
  for (i in setdiff(seq_along(table), ids)) {
    value <- utils::type.convert(table[[i]], as.is = TRUE)
    if (is.numeric(value) || all(is.na(value))) table[[i]] <- value # other texts stay, such as F and T
  }
  table
}

# A row for each subject: NAME (natural scale), NAME_unconstrained (MAP), NAME_sd (posterior standard deviation, unconstrained), evidence.
emlib_subjects <- function(fit, program = NULL) emlib_table(fit, "subjects", program = program)

# A row for each parameter: mean, variance, standard errors, tests, intervals.
emlib_group <- function(fit, program = NULL) emlib_table(fit, "group", program = program)

# A row for each effect of a covariate on a parameter's mean.
emlib_coefficients <- function(fit, program = NULL) emlib_table(fit, "coefficients", program = program)

# A row for each E-step: the group it ran under, its evidence.
emlib_trace <- function(fit, program = NULL) emlib_table(fit, "trace", program = program)

# A row for each trial of the data: their columns, latent variables, log_likelihood, p_choice. data: where the dataset is now;
# model: the file of a compiled model; covariates: the subjects' covariates as columns.
emlib_trials <- function(fit, covariates = FALSE, data = NULL, model = NULL, program = NULL) {
  words <- c(if (covariates) "--covariates", if (!is.null(data)) c("--data", data), if (!is.null(model)) c("--model", model))
  emlib_table(fit, "trials", words, program = program)
}

# A row for each fit, best first: bic_int, bic_int_difference, ..., and from two fits on expected_frequency, exceedance_probability,
# protected_exceedance_probability. Words after the fits are options of compare.
emlib_compare <- function(fits, ..., program = NULL) {
  lines <- emlib_run("compare", fits, "--csv", ..., program = program)
  utils::read.csv(text = lines, check.names = FALSE, stringsAsFactors = FALSE, na.strings = c("NA", ""))
}
