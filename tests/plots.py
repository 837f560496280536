#!/usr/bin/env python3
"""Pictures and the page about fits: what is drawn is what the tables say, nothing is cut or overlaps, the page is whole and safe.

usage: plots.py EMLIB FOLDER_OF_SCRIPTS
"""
import contextlib
import csv
import html.parser
import io
import math
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import warnings

program, scripts = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
os.environ["EMLIB"] = program
sys.path.insert(0, scripts)

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.text import Text

from emlib_plots import (command, comparison, confusion, convergence, individuals, look, parameters, prediction, recovery, report, scales,
                         shrinkage, sources)
from emlib_plots.choice import Choice

checks = failures = 0
HOSTILE = ['<script>alert(1)</script>', '"><img src=http://x.org/a.png>', "$\\frac{1}{0}$ & 'q'", "a-name-that-is-as-long-as-" + "names-get-" * 12]


def check(good, what):
    global checks, failures
    checks += 1
    if not good:
        failures += 1
        print("FAILED:", what)


def near(got, want, what, tolerance=1e-9):
    check(abs(got - want) <= tolerance * (1 + abs(want)), f"{what} is {got}, expected {want}")


def emlib(*words, good=(0,)):
    done = subprocess.run([program, *words], capture_output=True, text=True)
    if done.returncode not in good:
        sys.exit(f"FAILED: emlib {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def said(main, *words):
    """Exit status and what main printed."""
    text = io.StringIO()
    with contextlib.redirect_stderr(text), contextlib.redirect_stdout(text):
        try:
            status = main(list(words))
        except SystemExit as end:
            status = end.code
    return status, text.getvalue()


def table(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *rows])


# ---- nothing is cut, nothing overlaps, nothing is smaller than 7 points

def texts_of(figure):
    """Every text that is seen."""
    found = [*figure.texts]
    for legend in figure.legends:
        found += legend.get_texts()
    for axes in figure.axes:
        if not axes.get_visible() or not axes.axison:
            continue
        found += [axes._left_title, axes._right_title, axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            found += [tick.label1 for tick in axis.get_major_ticks() if low - 1e-9 <= tick.get_loc() <= high + 1e-9]
    return [text for text in found if isinstance(text, Text) and text.get_visible() and text.get_text().strip()]


def check_look(figure, what):
    look.settle(figure)
    renderer, page = figure.canvas.get_renderer(), figure.bbox
    boxes = [(text, text.get_window_extent(renderer)) for text in texts_of(figure)]
    check(len(boxes) > 3, f"{what}: there are texts")
    check(all(text.get_size() >= 7 for text, _ in boxes), f"{what}: no text is smaller than 7 points")
    cut = [text.get_text() for text, box in boxes
           if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1]
    check(not cut, f"{what}: cut: {cut}")
    slack = 2  # pixels of 300 dpi
    over = [(a.get_text(), b.get_text()) for i, (a, p) in enumerate(boxes) for b, q in boxes[i + 1:]
            if min(p.x1, q.x1) - max(p.x0, q.x0) > slack and min(p.y1, q.y1) - max(p.y0, q.y0) > slack]
    check(not over, f"{what}: overlap: {over[:3]}")


def drawn(module, source, what, **choice):
    with look.style():
        figure = module.draw(source, Choice(**choice))
        check_look(figure, what)
    return figure


# ---- what is drawn

def make_fits():
    emlib("simulate", "--model", "rw", "--subjects", "24", "--trials", "60", "--mu", "alpha=-0.5,beta=1", "--var", "alpha=0.8,beta=0.2",
          "--split", "group=control,patient", "--seed", "3", "-o", "data.h5")
    for name, options in (("rw", []), ("rw_dual", []), ("choice_kernel", []), ("rw_ml", ["--group", "none"]), ("rw_given", ["--group", "fixed",
                          "--mu", "alpha=0,beta=1", "--var", "alpha=1,beta=0.5"]), ("rw_cov", ["--covariate", "group:alpha", "--covariance", "full",
                          "--fix", "beta=2.5", "--exclude", "sub-02,sub-07", "--starts", "3", "--seed", "7", "--max-iter", "2"])):
        model = name if name in ("rw_dual", "choice_kernel") else "rw"
        emlib("fit", "data.h5", "--model", model, "-o", f"{name}.h5", "--quiet", *options, good=(0, 3))
    emlib("fit", "data.h5", "--model", "rw", "-o", "early.h5", "--quiet", "--max-iter", "2", good=(3,))
    with open("hostile.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["subject", "choice", "reward"])
        for s, name in enumerate(HOSTILE):
            for t in range(30):
                side = (t * t + 3 * s + t // 7) % 2
                rows.writerow([name, "<b>left" if side else "right", (t + s * side) % 3 == 0 and 1 or 0])
    emlib("import", "hostile.csv", "-o", "hostile.h5")
    emlib("fit", "hostile.h5", "--model", "rw", "-o", "hostile_rw.h5", "--quiet", good=(0, 3))
    table("third.csv", "subject,choice,reward", [(s, ("left", "right")[t * t // 3 % 2], t % 2) for s in "abcd" for t in range(20)])
    emlib("simulate", "--model", "rw", "--subjects", "1", "--trials", "80", "--seed", "5", "-o", "one.h5")
    emlib("fit", "one.h5", "--model", "rw", "-o", "one_rw.h5", "--quiet", good=(0, 3))


def logistic(x):
    return 1 / (1 + math.exp(-x))


def test_parameters():
    fit = sources.Fit("rw.h5")
    with open("group.csv", "w") as file:
        file.write(emlib("export", "rw.h5", "--table", "group"))
    with open("group.csv") as file:
        group = list(csv.DictReader(file))
    figure = drawn(parameters, (fit, None), "parameters", scale="natural", subjects=["sub-01", "sub-09", "sub-24"], title="A title")
    for axes, row, transform in zip(figure.axes, group, (logistic, math.exp)):
        interval = next(line for line in axes.lines if line.get_linewidth() == 1.5 and len(line.get_xdata()) == 2)
        near(interval.get_xdata()[0], transform(float(row["mu_lower"])), f"lower end of {row['parameter']}")
        near(interval.get_xdata()[1], transform(float(row["mu_upper"])), f"upper end of {row['parameter']}")
        mean = next(line for line in axes.lines if line.get_marker() == "D")
        near(mean.get_xdata()[0], float(row["natural_median"]), f"mean of {row['parameter']}")
    check(sum(len(c.get_offsets()) for c in figure.axes[0].collections[:2]) == 24, "a dot for each subject")
    for j, name in enumerate(fit.names):  # the group's density has mass 1 and the mean that the fit has
        place, height = scales.group_density(scales.function_of(fit.transforms[j]), fit.mu[j], fit.variance[j], 20001)
        near(np.trapz(height, place), 1, f"mass of the group's density of {name}", 2e-4)
        near(np.trapz(height * place, place), fit.natural_mean[j], f"mean of the group's density of {name}", 2e-3)
    near(float(scales.function_of("logistic from -12 to 0")(0.0)), -6, "a bounded transform")
    near(float(scales.function_of("20*logistic")(0.0)), 10, "a scaled transform")
    check(scales.function_of("minRT*logistic") is None, "a transform that depends on the subject is not guessed")
    values = np.array([0.1, 0.2, 0.25, 0.4, 0.5, 0.9, 1.1, 1.2])
    place, height = parameters.density(values)
    width = 0.9 * min(values.std(ddof=1), np.subtract(*np.percentile(values, [75, 25])) / 1.349) * 8 ** -0.2
    by_hand = sum(math.exp(-0.5 * ((place[50] - v) / width) ** 2) for v in values) / (8 * width * math.sqrt(2 * math.pi))
    near(height[50], by_hand, "kernel density")
    one = drawn(parameters, (sources.Fit("one_rw.h5"), None), "one subject", width=85)
    check(not any(to_hex(c.get_facecolor()[0]) == look.SKY.lower() for a in one.axes for c in a.collections if len(c.get_facecolor())),
          "one subject has no density")
    drawn(parameters, (sources.Fit("hostile_rw.h5"), None), "hostile names", subjects=HOSTILE)
    fit = sources.Fit("rw_cov.h5")  # of 12 controls and 12 patients by turns; sub-02 and sub-07 are not in it
    groups = sources.groups_of(fit, "group")
    names, index = groups.names, groups.index
    about = fit.about["group"]["coefficients"]
    alpha = {c["column"]: c for c in about if c["parameter"] == "alpha"}
    near(groups.mean[0, 0], alpha["(Intercept)"]["value"], "mean of the controls")
    near(groups.mean[1, 0], alpha["(Intercept)"]["value"] + alpha["group[patient]"]["value"], "mean of the patients")
    check(np.isnan(groups.mean[:, 1]).all(), "no groups' means of a parameter without the covariate")
    check(names == ["control", "patient"] and [fit.ids[s] for s in np.flatnonzero(index == 1)][:3] == ["sub-04", "sub-06", "sub-08"],
          f"groups of subjects: {names} {index}")
    alone = sources.Fit("rw_cov.h5")
    alone.ids = [name for name, k in zip(alone.ids, index) if k == 1]
    check(sources.groups_of(alone, "group").names == ["patient"], "a group without anybody in the fit is none")
    figure = drawn(parameters, (fit, groups), "groups", scale="unconstrained", subjects=["sub-04", "sub-05"])
    dots = [len(c.get_offsets()) for c in figure.axes[0].collections if len(c.get_offsets()) > 1]
    check(dots == [11, 11], f"dots of each group: {dots}")
    emlib("fit", "data.h5", "--model", "rw", "--covariate", "group", "-o", "rw_group.h5", "--quiet")
    fit = sources.Fit("rw_group.h5")
    groups = sources.groups_of(fit, "group")
    own = next(c for c in fit.about["group"]["coefficients"] if c["parameter"] == "beta" and c["column"] == "(Intercept)")
    near(groups.se[0, 1], own["se"], "standard error of the controls' mean")
    near(groups.mean[:, 1].mean(), fit.mu[1], "groups of one size have the mean of all between them")
    figure = drawn(parameters, (fit, groups), "groups with means", scale="unconstrained")
    bars = [line.get_xdata() for line in figure.axes[1].lines if line.get_linewidth() == 1.5 and len(line.get_xdata()) == 2]
    near(bars[0][0], own["lower"], "lower end of the controls' interval")
    near(bars[0][1], own["upper"], "upper end of the controls' interval")
    low, high = figure.axes[1].get_xlim()
    check(len(bars) == 2 and all(low < end < high for bar in bars for end in bar), f"both intervals are within the axis: {bars}")
    long = [f"participant-with-a-long-name-{s:03}-session-01" for s in (7, 8, 19)]
    check(len({*look.short_names(long, 14)}) == 3 and max(map(len, look.short_names(long, 14))) <= 14, f"{look.short_names(long, 14)}")
    check(look.short_names(["sub-1", "sub-2"], 14) == ["sub-1", "sub-2"], "short names stay")


def test_other_fits():
    found = sources.comparison(["rw.h5", "rw_dual.h5", "choice_kernel.h5", "early.h5", "rw_ml.h5"])
    figure = drawn(comparison, found, "comparison")
    best = min(fit["bic_int"] for fit in found["fits"] if fit["bic_int"] is not None)
    bars = [patch.get_width() for patch in figure.axes[0].patches]
    for bar, fit in zip(bars, [fit for fit in found["fits"] if fit["bic_int"] is not None]):
        near(bar, fit["bic_int"] - best, f"bar of {fit['model']}")
    drawn(convergence, convergence.read(["rw_dual.h5"]), "convergence", width=120)
    drawn(convergence, convergence.read(["rw_given.h5"]), "a given group")
    figure = drawn(shrinkage, shrinkage.read(["rw.h5", "rw_ml.h5"]), "shrinkage", subjects=["sub-03"])
    low, high = shrinkage._window(np.array([0.4]), np.array([0.4 + 1e-12]), np.array([False]), 0.4)
    check(high - low > 0.09, "one subject's picture shows more than rounding")
    endless = sources.Fit("one_rw.h5")
    endless.mu_lower[1], endless.mu_upper[1] = -2000, 2000
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        axes = drawn(parameters, (endless, None), "an interval without an end", scale="natural").axes[1]
    line = next(line for line in axes.lines if line.get_linewidth() == 1.5)
    low, high = line.get_xdata()
    check(low == 0 and axes.get_xlim()[1] < high < np.inf, f"an interval without an end leaves the picture: {low} to {high}")
    fit, alone = sources.Fit("rw.h5"), sources.Fit("rw_ml.h5")
    shown = np.concatenate([c.get_offsets() for c in figure.axes[0].collections])
    check(any(np.allclose(point, (alone.unconstrained[2, 0], fit.unconstrained[2, 0])) for point in shown), "a dot is (own, under the group)")
    source = individuals.read(["rw.h5"])
    figure = drawn(individuals, source, "individuals", subjects=["sub-02", "sub-11"])
    mine = source[1][source[1]["subject"] == "sub-02"]
    want = np.where(mine["choice"] == 1, mine["p_choice"], 1 - mine["p_choice"])
    check(np.allclose(figure.axes[0].lines[0].get_ydata(), want), "the line is the probability of choice 1")
    for words, line in ((["--levels", "choice=right,left,up"], "probability of what was chosen"), ([], "probability of choice = right")):
        emlib("import", "third.csv", *words, "-o", "third.h5", "--force")
        emlib("fit", "third.h5", "--model", "rw", "--group", "fixed", "-o", "third_rw.h5", "--quiet", "--force")
        labels = [text.get_text() for text in drawn(individuals, individuals.read(["third_rw.h5"]), "a third option").legends[0].get_texts()]
        check(any(line in label for label in labels), f"with {words} the line is the {line}, not {labels}")
    check(np.allclose(individuals.smoothed(np.array([0, 1, np.nan, 1, 1.0]), 3), [0.5, 0.5, 1, 1, 1]), "moving average")
    drawn(individuals, individuals.read(["hostile_rw.h5"]), "individuals with hostile names")


def make_tables():
    x = np.linspace(-1, 1, 11)
    rows = [[1, "subject", f"s{i}", "alpha", "value", v, 0.5 + v, "", "", ""] for i, v in enumerate(x)]
    rows += [[k, "group", "", "alpha", "mu", 0, m, 0.1, m - 0.2, m + 0.2] for k, m in enumerate((-0.3, -0.1, 0.1, 0.15), 1)]
    rows += [[1, "group", "", "alpha", "var", 0.5, 0, "", "", ""]]
    table("recovery.csv", "repetition,level,subject,parameter,quantity,true,estimate,se,lower,upper", rows)
    wins = {("A", 1): "A", ("A", 2): "A", ("A", 3): "B", ("A", 4): "A", ("B", 1): "B", ("B", 2): "A"}
    table("identify.csv", "simulated,fitted,repetition,converged,log_marginal_likelihood,bic_int,best",
          [[s, f, k, 1, -50, 100 + (best != f), int(best == f)] for (s, k), best in wins.items() for f in "AB"])
    rows = [[level, who, "choice_frequency", f"choice={k}", 1, 1, 60, 60, o, 0.5, 0.4, 0.6]
            for level, who, one in (("group", "", 0.6), ("subject", "s1", 0.55), ("subject", "s2", 0.65)) for k, o in ((0, 1 - one), (1, one))]
    rows += [["group", "", "choice_frequency", f"choice={k}|cue={c}", 1, 1, 60, 30, o, 0.5, 0.4, 0.6]
             for c, one in (("go", 0.9), ("stop", 0.2)) for k, o in ((0, 1 - one), (1, one))]
    rows += [["group", "", "learning_curve", "choice=1", b, 10 * b - 9, 10 * b, 10, 0.5 + b / 20, 0.5 + b / 25, 0.4, 0.9] for b in range(1, 7)]
    rows += [["group", "", "reaction_time_quantile", "choice=1", i + 1, q, q, 60, 0.3 + q, 0.31 + q, 0.2 + q, 0.4 + q]
             for i, q in enumerate((0.1, 0.3, 0.5, 0.7, 0.9))]
    table("prediction.csv", "level,subject,statistic,response,bin,from,to,n,observed,median,lower,upper", rows)


def test_tables():
    figure = drawn(recovery, recovery.read(["recovery.csv"]), "recovery")
    said_there = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    check("r 1.00   bias 0.50   n 11" in said_there, f"correlation and bias: {said_there}")
    check("3 of 4 intervals hold the truth" in said_there, f"coverage: {said_there}")
    check(math.isnan(recovery.statistics(np.ones(5), np.arange(5.0))[0]), "no correlation without variance")
    source = confusion.read(["identify.csv"])
    matrix, inverse = confusion.matrices(source["count"])
    check(np.allclose(matrix, [[0.75, 0.25], [0.5, 0.5]]), f"confusion matrix {matrix}")
    check(np.allclose(inverse, [[0.75 / 1.25, 0.25 / 0.75], [0.5 / 1.25, 0.5 / 0.75]]), f"inversion matrix {inverse}")
    drawn(confusion, source, "confusion")
    figure = drawn(prediction, prediction.read(["prediction.csv"]), "prediction")
    said_there = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    check("1 of 2 inside" in said_there, f"subjects inside their interval, one option of two: {said_there}")
    curve = next(axes for axes in figure.axes if axes.get_title(loc="left") == "learning curve")
    check(to_hex(curve.lines[1].get_markerfacecolor()) == look.BLACK, "what was observed is black in curves, too")
    by_cue = next(axes for axes in figure.axes if axes.get_title(loc="left") == "choice frequency by cue")
    check([t.get_text() for t in by_cue.get_xticklabels()] == ["go", "stop"] and by_cue.get_ylabel() == "share of choice=1", "conditions apart")
    check(list(by_cue.lines[1].get_ydata()) == [0.9, 0.2], "what was observed in each condition")
    drawn(prediction, prediction.read(["prediction.csv"]), "prediction of one", subjects=["s2"], width=90)


# ---- the program emlib-plot

def test_outputs():
    status, text = said(command.main, "parameters", "rw.h5", "-o", "p.png", "-o", "p.svg", "-o", "p.pdf", "--width", "120", "--height", "80")
    check(status == 0, f"three formats: {text}")
    with open("p.png", "rb") as file:
        png = file.read()
    size = struct.unpack(">II", png[16:24])
    check(abs(size[0] - 120 / 25.4 * 300) <= 1 and abs(size[1] - 80 / 25.4 * 300) <= 1, f"size of the PNG is {size}")
    with open("p.svg", encoding="utf-8") as file:
        svg = file.read()
    near(float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)[1]), 120 / 25.4 * 72, "width of the SVG", 1e-4)
    with open("p.pdf", "rb") as file:
        pdf = file.read()
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", pdf)
    near(float(box[2]), 80 / 25.4 * 72, "height of the PDF", 1e-4)
    said(command.main, "parameters", "rw.h5", "-o", "q.svg", "--width", "120", "--height", "80")
    with open("q.svg", encoding="utf-8") as file:
        check(file.read() == svg, "the same picture gives the same file")
    done = subprocess.run([sys.executable, "-B", os.path.join(scripts, "emlib-plot"), "recovery", "recovery.csv", "-o", "r.png"],
                          capture_output=True, text=True)
    check(done.returncode == 0 and os.path.getsize("r.png") > 1000 and not done.stderr, f"emlib-plot: {done.stderr}")
    for kind in command.KINDS:
        status, text = said(command.main, kind.NAME, "--help")
        check(status == 0 and "Example:\n  emlib" in text and max(map(len, text.splitlines())) <= 100, f"help of {kind.NAME}:\n{text}")
    check(said(report.main, "--help")[0] == 0, "help of emlib-report")


def test_refusals():
    with open("torn.h5", "wb") as torn, open("rw.h5", "rb") as whole:
        torn.write(whole.read()[:3000])
    table("short.csv", "repetition,level", [[1, "subject"]])
    table("words.csv", "repetition,level,subject,parameter,quantity,true,estimate,se,lower,upper",
          [[1, "subject", "s", "alpha", "value", "much", 1, "", "", ""]])
    for words, pattern in (
            (["parameters", "rw.h5", "-o", "p.png"], "exists already; --force"), (["parameters", "rw.h5", "-o", "x.jpg"], "png, .svg or .pdf"),
            (["parameters", "data.h5", "-o", "x.png"], "data.h5 is no fit"), (["parameters", "none.h5", "-o", "x.png"], "none.h5"),
            (["parameters", "torn.h5", "-o", "x.png"], "torn.h5"), (["parameters", "recovery.csv", "-o", "x.png"], "recovery.csv"),
            (["parameters", "rw.h5", "-o", "x.png", "--parameters", "gamma"], "no parameter gamma; it has alpha, beta"),
            (["parameters", "rw.h5", "-o", "x.png", "--subjects", "nobody"], "no subject nobody"),
            (["parameters", "rw.h5", "rw.h5", "-o", "x.png"], "takes FIT.h5, not 2 files"),
            (["parameters", "rw.h5", "-o", "x.png", "--width", "3"], "millimetres"), (["parameters", "rw.h5", "-o", "x.png", "--height", "60",
             "--width", "60"], "is the least here"), (["parameters", "rw.h5", "-o", "none/x.png"], "no folder none"),
            (["comparison", "rw.h5", "-o", "x.png"], "two fits or more"), (["comparison", "rw.h5", "hostile_rw.h5", "-o", "x.png"], "no two fits"),
            (["convergence", "rw_ml.h5", "-o", "x.png"], "without a group"), (["shrinkage", "rw.h5", "choice_kernel.h5", "-o", "x.png"],
             "not a fit of everybody alone"), (["shrinkage", "choice_kernel.h5", "rw_ml.h5", "-o", "x.png"], "is a fit of rw"),
            (["recovery", "short.csv", "-o", "x.png"], "no column subject"), (["recovery", "words.csv", "-o", "x.png"], "row 1, column true"),
            (["recovery", "rw.h5", "-o", "x.png"], "not a text file"), (["confusion", "recovery.csv", "-o", "x.png"], "no column simulated"),
            (["individuals", "rw.h5", "-o", "x.png", "--column", "zeal"], "no column zeal"),
            (["parameters", "rw.h5", "-o", "x.png", "--by", "age"], "no covariate age; there are group"), (["nothing"], "invalid choice"), ([], "KIND")):
        status, text = said(command.main, *words)
        check(status == 2 and pattern in text and "Traceback" not in text, f"emlib-plot {' '.join(words)}: {status}, {text}")
        check(not os.path.exists("x.png"), f"{words} wrote nothing")
    status, text = said(report.main, "rw.h5", "-o", "page.txt")
    check(status == 2 and ".html" in text, f"a page that is not .html: {text}")
    status, text = said(report.main, "rw.h5", "--ml", "hostile_rw.h5", "-o", "x.html")
    check(status == 2 and not os.path.exists("x.html"), f"--ml of another fit: {text}")
    check(not [name for name in os.listdir(".") if name.startswith(".")], "nothing is left behind")


# ---- the page

class Page(html.parser.HTMLParser):
    """Every tag is closed in its place; collects what the page refers to, its headings and texts."""
    EMPTY = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.problems, self.references, self.headings, self.alts, self.seen, self.ids = [], [], [], [], [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.problems.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag in ("script", "iframe", "object", "link") or any(name.startswith("on") for name in attributes):
            self.problems.append(f"there is a {tag} {attributes}")
        self.references += [attributes[name] for name in ("src", "href", "action", "srcset") if name in attributes]
        if tag == "img":
            self.alts.append(attributes.get("alt") or "")
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if "id" in attributes:
            self.ids.append(attributes["id"])

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> out of place")

    def handle_data(self, data):
        self.seen.append(data)


def read_page(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page(text)
    check(not page.problems, f"{path}: {page.problems[:3]}")
    outside = [ref for ref in page.references if not ref.startswith(("data:image/svg+xml;base64,", "#"))]
    check(not outside and "@import" not in text and "url(" not in text, f"{path} refers to {outside[:3]}")
    check({ref[1:] for ref in page.references if ref.startswith("#")} <= set(page.ids), f"{path}: links lead somewhere")
    check(page.alts and all(len(alt) > 20 for alt in page.alts), f"{path}: every picture has a text")
    check(page.headings[0] == 1 and all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:])), f"{path}: headings {page.headings}")
    return " ".join(page.seen), page


def test_report():
    status, text = said(report.main, "rw.h5", "rw_cov.h5", "--ml", "rw_ml.h5", "--recovery", "recovery.csv", "--identify",
                        "identify.csv", "--prediction", "prediction.csv", "-o", "page.html")
    check(status == 0, f"emlib-report: {text}")
    seen, page = read_page("page.html")
    about = sources.Fit("rw.h5").about
    for part in ("EM converged after", "had NOT CONVERGED", about["dataset_fingerprint"], about["model_fingerprint"], f"{about['bic_int']:.2f}",
                 "group[patient]", "Sutton & Barto", "given, not estimated", "Can the parameters be recovered?", "Can the models be told apart?"):
        check(part in seen, f"the page tells '{part}'")
    check(len(page.alts) == 2 * 5 + 3, f"{len(page.alts)} pictures")
    commands = re.findall(r"emlib fit data\.h5 [^\n]*? -o \w+\.h5[^\n ]*(?: --[^\n]*)?", seen)
    check(len(commands) == 2, f"commands {commands}")
    for line in commands:  # a fit that is there from the same data, model and options is recognised
        answer = emlib(*shlex.split(line)[1:], good=(0, 3))
        check("already" in answer, f"{line}: {answer}")
    os.rename("hostile.h5", "moved.h5")
    status, text = said(report.main, "hostile_rw.h5", "-o", "hostile.html", "--title", "<i>& title")
    check(status == 0, f"hostile names: {text}")
    seen, _ = read_page("hostile.html")
    check(all(name in seen for name in HOSTILE) and "<i>& title" in seen, "names of strangers stand there as texts")
    check("There is no picture of single people" in seen, "a page without the data")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make_fits()
    make_tables()
    for test in (test_parameters, test_other_fits, test_tables, test_outputs, test_refusals, test_report):
        test()
    os.chdir("/")
print(f"{checks} checks, {failures} failed")
sys.exit(failures > 0)
