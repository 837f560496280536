"""emlib against the yardstick, against EM written in Python, and against TMB: the same model and the same data."""
import importlib.util
import json
import os
import shutil
import sys

from table import Row
from tools import HERE, Absent, Failed, apart, compare, pairs, run, say


FIT = "fit, E- and M-steps (s)"


def size(subjects, trials):
    return f"rw, {subjects:,} x {trials:,}"


def yardstick(emlib, o):
    """One core, one rank: how close a program for all models comes to one for a single model."""
    subjects, trials, repeats = (400, 200, 3) if o.quick else (2000, 200, 7)
    if not shutil.which("gcc"):
        raise Absent("no gcc")
    program = emlib.path("yardstick")
    run("gcc", "-O3", "-march=native", "-fno-math-errno", os.path.join(HERE, "yardstick.c"), "-o", program, "-lsleef", "-lm")
    data = emlib.simulate(subjects, trials)
    text = emlib.csv(data)
    ours, one_start, plain, theirs = [], [], [], []
    for _ in range(repeats):
        theirs.append(pairs(run(program, text, 1e-6)[0]))
        ours.append(emlib.fit(data, tol=1e-6))
        one_start.append(emlib.fit(data, tol=1e-6, more=("--starts", 1)))
        plain.append(emlib.fit(data, tol=1e-6, more=("--starts", 1, "--accelerate", "none")))
    if not ours[0].converged or not theirs[0]["converged"]:
        raise Failed("EM has not converged")
    off = apart(theirs[0]["mu"], theirs[0]["var"], ours[0])
    if off > 1e-4:
        raise Failed(f"the group values differ by {off:.1e}: where subjects have several maxima, the two may take different ones")
    row = lambda quantity, a, b, remark="": Row("yardstick", size(subjects, trials), quantity, remark=remark, **compare("emlib", a, "yardstick", b))
    work = lambda fits: f"{fits[0].iterations} iterations, {fits[0].evaluations:.1f} evaluations of a subject"
    spent = [y["fit_seconds"] for y in theirs]
    return [
        row(FIT, [f.fit_seconds for f in ours], spent, f"group values apart by {off:.0e}"),
        row(FIT + ", --starts 1", [f.fit_seconds for f in one_start], spent, work(one_start)),
        row(FIT + ", plain EM, --starts 1", [f.fit_seconds for f in plain], spent, work(plain)),
        row("one evaluation (ns a trial)", [f.ns_per_trial for f in ours], [y["ns_per_trial"] for y in theirs]),
        row("evaluations of a subject", [ours[0].evaluations], [theirs[0]["evaluations"] / subjects]),
        row("EM iterations", [ours[0].iterations], [theirs[0]["iterations"]]),
    ]


def against(part, name, emlib, subjects, trials, repeats, rival):
    """rival(data) returns (group means, variances, seconds, remark)."""
    data = emlib.simulate(subjects, trials)
    fixed_point = emlib.fit(data, tol=1e-8)
    if not fixed_point.converged:
        raise Failed("emlib has not converged to 1e-8")
    ours, theirs = [], []
    for i in range(max(3, repeats)):
        ours.append(emlib.fit(data))
        if i < repeats:
            say(f"   {name}, {subjects:,} subjects")
            theirs.append(rival(data))
    seconds = [t[2] for t in theirs]
    seconds += seconds[-1:] * (len(ours) - len(seconds))
    off = apart(theirs[0][0], theirs[0][1], fixed_point)
    return [
        Row(part, size(subjects, trials), "whole process (s)", remark=theirs[0][3], **compare(name, seconds, "emlib", [f.wall for f in ours])),
        Row(part, size(subjects, trials), "distance to EM's fixed point",
            **compare(name, [off], "emlib", [max(apart(ours[0].mu, ours[0].var, fixed_point), 1e-12)])),
    ]


def python(emlib, o):
    """The same algorithm as it is written in Python; it uses all cores, emlib one."""
    for module in ("scipy", "joblib"):
        if not importlib.util.find_spec(module):
            raise Absent(f"no Python module {module}")
    sizes = [(10, 200)] if o.quick else [(50, 200), (100, 200), (1000, 200)]
    for kind in ("plain", "numpy"):
        for i, (subjects, trials) in enumerate(sizes):
            if kind == "numpy" and i > 0 and not o.long:
                continue

            def rival(data):
                text, wall = run(sys.executable, "-B", "-W", "ignore", os.path.join(HERE, "python_em.py"), data, kind)
                found = json.loads(text)
                if not found["converged"]:
                    raise Failed("EM in Python has not converged")
                each = found["evaluations"] / found["iterations"] / subjects
                return found["mu"], found["var"], wall, f"{found['iterations']} iterations, {each:.0f} evaluations of a subject in each"

            repeats = 1 if subjects > 100 or o.quick else 3
            yield from against("python", f"EM in Python ({kind})", emlib, subjects, trials, repeats, rival)


def tmb(emlib, o):
    """Exact derivatives in C++, from R; one core each."""
    if not shutil.which("Rscript"):
        raise Absent("no Rscript")
    if not run("Rscript", "-e", 'cat(requireNamespace("TMB", quietly = TRUE))')[0].endswith("TRUE"):
        raise Absent("no R package TMB (Debian: r-cran-tmb)")
    folder = emlib.path("tmb")
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(HERE, "tmb_rw.cpp"), folder)
    script = os.path.join(HERE, "tmb.R")
    say("   compiling the template")
    try:
        compiling = run("Rscript", script, "compile", folder)[1]
    except Failed as e:
        raise Absent(f"the template does not compile here: {e}")
    yield Row("tmb", "rw", "compiling the template (s)", "TMB", compiling, remark="once for each model, not in the times below")

    def rival(data):
        text, wall = run("Rscript", script, "fit", folder, emlib.csv(data))
        found = pairs(text)
        return found["mu"], found["var"], wall, "" if found["converged"] else "nlminb says: not converged"

    for subjects, trials in [(10, 200)] if o.quick else [(50, 200), (100, 200), (1000, 200)]:
        data = emlib.simulate(subjects, trials)
        emlib.csv(data)  # outside the time
        repeats = 1 if subjects > 100 or o.quick else 3
        yield from against("tmb", "TMB", emlib, subjects, trials, repeats, rival)
