# The model rw with TMB.
# usage: Rscript tmb.R compile FOLDER_WITH_tmb_rw.cpp         compiles there
#        Rscript tmb.R fit FOLDER DATA.csv                     columns subject,trial,choice,reward; prints name=value
argument <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages(library(TMB))
setwd(argument[2])
if (argument[1] == "compile") {
  compile("tmb_rw.cpp", flags = "-O2 -w")
  quit(status = if (file.exists(dynlib("tmb_rw"))) 0 else 1)
}
dyn.load(dynlib("tmb_rw"))
table <- read.csv(argument[3])
first <- c(which(!duplicated(table$subject)) - 1L, nrow(table))
subjects <- length(first) - 1
f <- MakeADFun(
  data = list(first = as.integer(first), choice = as.integer(table$choice), reward = as.numeric(table$reward)),
  parameters = list(mu = c(0, 0), log_sd = log(c(2.5, 2.5)), x = matrix(0, subjects, 2)),
  random = "x", DLL = "tmb_rw", silent = TRUE
)
found <- nlminb(f$par, f$fn, f$gr, control = list(iter.max = 500, eval.max = 1000))
cat(sprintf(
  "converged=%d iterations=%d mu=%.10f,%.10f var=%.10f,%.10f evidence=%.6f\n", as.integer(found$convergence == 0),
  found$iterations, found$par[1], found$par[2], exp(2 * found$par[3]), exp(2 * found$par[4]), -found$objective
))
