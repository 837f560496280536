"""How the time of a fit changes with ranks and with the size of the problem."""
import statistics

import numpy as np

from table import Row
from tools import CORES, Absent, Failed, compare, say


def ranks(emlib, o):
    """Strong scaling: the same data on 1, 2, 4 ... ranks, as far as there are cores."""
    if CORES < 2:
        raise Absent("one core only")
    subjects, trials, repeats = (1000, 100, 2) if o.quick else (20000, 200, 5)
    data = emlib.simulate(subjects, trials)
    counts = [1]
    while 2 * counts[-1] <= CORES:
        counts.append(2 * counts[-1])
    fits = {n: [] for n in counts}
    for _ in range(repeats):
        for n in counts:
            fits[n].append(emlib.fit(data, ranks=n))
    alone = fits[1]
    case = f"rw, {subjects:,} x {trials:,}"
    for n in counts[1:]:
        if not (np.array_equal(fits[n][0].mu, alone[0].mu) and np.array_equal(fits[n][0].var, alone[0].var)):
            raise Failed(f"the group values on {n} ranks are not those on one")
        for quantity, of in (("fit, E- and M-steps (s)", "fit_seconds"), ("whole fit, files included (s)", "total_seconds")):
            take = lambda m: [getattr(f, of) for f in fits[m]]
            yield Row("ranks", case, quantity, **compare("1 rank", take(1), f"{n} ranks", take(n)))
        waiting = statistics.median(f.communication_seconds for f in fits[n])
        spent = statistics.median(f.total_seconds for f in fits[n])
        yield Row("ranks", case, "messages and waiting for others (s)", f"{n} ranks", waiting, "whole fit", spent, waiting / spent)


def fit_median(emlib, data, model="rw", repeats=3):
    """Of fits that take long, one is enough."""
    fits = [emlib.fit(data, model=model)]
    while len(fits) < repeats and fits[0].fit_seconds < 10:
        fits.append(emlib.fit(data, model=model))
    return sorted(fits, key=lambda f: f.fit_seconds)[len(fits) // 2]


def describe(fit):
    return f"{fit.evaluations:,.0f} evaluations a subject, {fit.per_subject_trial:,.0f} ns a subject-trial" + ("" if fit.converged else "; not converged")


def exponent(x, y):
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def along(emlib, name, sizes):
    """sizes: (the size along this axis, subjects, trials)"""
    fits = []
    for n, subjects, trials in sizes:
        say(f"   {subjects:,} subjects, {trials:,} trials")
        fits.append(fit_median(emlib, emlib.simulate(subjects, trials)))
        row = Row("growth", f"rw, {subjects:,} x {trials:,}", "fit, E- and M-steps (s)", f"{n:,} {name}", fits[-1].fit_seconds, remark=describe(fits[-1]))
        if len(fits) > 1:
            row.second, row.second_value = f"{sizes[len(fits) - 2][0]:,} {name}", fits[-2].fit_seconds
            row.ratio = row.first_value / row.second_value
        yield row
    x = [s[0] for s in sizes]
    yield Row("growth", f"{x[0]:,} to {x[-1]:,} {name}", f"exponent of the time in {name}", "whole fit", exponent(x, [f.fit_seconds for f in fits]),
              "one evaluation of everybody", exponent(x, [f.e_step_seconds / f.evaluations for f in fits]))


def growth(emlib, o):
    """One rank; subjects, trials, parameters."""
    if o.quick:
        axes = {"subjects": [(n, n, 50) for n in (100, 400)], "trials": [(n, 100, n) for n in (50, 200)]}
    else:
        axes = {"subjects": [(n, n, 100) for n in (100, 1000, 10000, 100000)], "trials": [(n, 200, n) for n in (50, 200, 1000, 5000)]}
    for name, sizes in axes.items():
        yield from along(emlib, name, sizes)
    there = emlib.models()
    names = [m for m in ("rw", "rw_dual", "gng_m2", "gng_m3", "ts_hybrid") if m in there]
    subjects, trials = (100, 50) if o.quick else (500, 200)
    before, x, y = None, [], []
    for model in names:
        say(f"   {model}")
        parameters = there[model]
        data = emlib.simulate(subjects, trials, model, mu=None, var=",".join(f"{p}=0.5" for p in parameters))
        fit = fit_median(emlib, data, model, 1 if o.quick else 3)
        x.append(len(parameters))
        y.append(fit.ns_per_trial)
        row = Row("growth", f"{model}, {subjects:,} x {trials:,}", "one evaluation (ns a trial)", f"{len(parameters)} parameters", fit.ns_per_trial,
                  remark=f"{describe(fit)}, {fit.iterations} iterations")
        if before:
            row.second, row.second_value = before
            row.ratio = row.first_value / row.second_value
        before = row.first, row.first_value
        yield row
    yield Row("growth", f"{x[0]} to {x[-1]} parameters", "exponent of the time in parameters", "one evaluation", exponent(x, y))


def checkpoints(emlib, o):
    """What it costs to keep the state of an unfinished fit as often as emlib ever does, against not at all."""
    often, never = ("--checkpoint-every", 0), ("--checkpoint-every", 1e9)
    cases = (("rw", 50000, 50, ("--accelerate", "none")), ("gng_m3", 200, 200, ()))
    for model, subjects, trials, more in cases:
        if o.quick:
            subjects //= 20
        data = emlib.simulate(subjects, trials, model=model, mu=None, var=None)
        fits = [(emlib.fit(data, model=model, more=(*more, *often)), emlib.fit(data, model=model, more=(*more, *never))) for _ in range(2 if o.quick else 15)]
        kept, bare = zip(*fits)
        if not (np.array_equal(kept[0].mu, bare[0].mu) and np.array_equal(kept[0].var, bare[0].var)):
            raise Failed("a fit that keeps its state ends with other group values")
        yield Row("checkpoint", f"{model}, {subjects:,} x {trials:,}", "whole fit, files included (s)",
                  **compare("--checkpoint-every 0", [f.total_seconds for f in kept], "no checkpoints", [f.total_seconds for f in bare]))
