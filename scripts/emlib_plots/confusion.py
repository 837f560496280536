"""confusion: which model is found when which model made the data."""
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from . import look
from .problem import Problem
from .sources import table_file

NAME = "confusion"
FILES = "IDENTIFY.csv"
ABOUT = "confusion and inversion matrices of models, from the table of 'emlib identify'"
EXAMPLE = ("emlib identify --model rw --model choice_kernel --subjects 40 --trials 99 -o identify.csv; "
           "emlib-plot confusion identify.csv -o confusion.pdf")
OPTIONS = ()
COLUMNS = ("simulated", "fitted", "repetition", "converged", "log_marginal_likelihood", "bic_int", "best")
MAP = LinearSegmentedColormap.from_list("blue", ["#FFFFFF", look.SKY, look.BLUE, "#002B45"])


def read(paths):
    rows = table_file(paths[0], COLUMNS, "emlib identify", ("converged", "bic_int", "best"))
    names = list(dict.fromkeys([row["simulated"] for row in rows] + [row["fitted"] for row in rows]))
    place = {name: k for k, name in enumerate(names)}
    count = np.zeros((len(names), len(names)))
    sets = {(row["simulated"], row["repetition"]): 0 for row in rows}
    for row in rows:
        if row["best"] == 1:
            count[place[row["simulated"]], place[row["fitted"]]] += 1
            sets[row["simulated"], row["repetition"]] += 1
    if not count.any():
        raise Problem(f"{paths[0]}: no fit is marked as the best one of its repetition (column best)")
    return {"names": names, "count": count, "sets": len(sets), "without": sum(not n for n in sets.values()),
            "ties": sum(n > 1 for n in sets.values()), "late": sum(row["converged"] == 0 for row in rows), "fits": len(rows)}


def matrices(count):
    """p(best fitted | simulated), rows sum to 1, and p(simulated | best fitted), columns sum to 1; NaN where there is nothing.

    Wilson & Collins 2019, eLife 8:e49547. The second one takes each simulated model for equally likely, however often it was simulated.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        confusion = count / count.sum(axis=1, keepdims=True)
        known = np.nan_to_num(confusion)
        inversion = known / known.sum(axis=0, keepdims=True)
    return confusion, inversion


def draw(source, choice):
    names = source["names"]
    n = len(names)
    width = choice.width or look.WIDTH
    side_by_side = width / 2 - 32 >= 9 * n or n <= 3 and width >= 140
    label = 13 if n > 3 else 24
    cell = max(9, min(16 if n <= 6 else 10, (width / (1 + side_by_side) - 35) / n))
    body = cell * n + (32 if n > 3 else 24)
    sheet = look.Sheet(body if side_by_side else 2 * body, choice, _note(source))
    axes = sheet.grid(1 if side_by_side else 2, 2 if side_by_side else 1).flat
    confusion, inversion = matrices(source["count"])
    shown = [look.shorten(name, label + 5) for name in names]
    for panel, values, title in ((axes[0], confusion, "confusion: p(best\u00a0|\u00a0simulated)"),
                                 (axes[1], inversion, "inversion: p(simulated\u00a0|\u00a0best)")):
        _matrix(panel, values, shown, title)
    return sheet.figure


def _share(value):
    """.25, with 0 and 1 for nothing and all."""
    if np.isnan(value):
        return "–"
    return f"{value:.0f}" if value in (0, 1) else f"{value:.2f}".lstrip("0") if value < 0.995 else ">.99"


def _matrix(axes, values, names, title):
    n = len(names)
    axes.imshow(values, cmap=MAP, vmin=0, vmax=1, aspect="equal")
    for i in range(n):
        for j in range(n):
            axes.text(j, i, _share(values[i, j]), ha="center", va="center", size=look.SMALL,
                      color="white" if values[i, j] > 0.45 else look.BLACK)
    axes.set_xticks(range(n), names, rotation=90 if n > 3 else 0)
    axes.set_yticks(range(n), names)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(True)
    axes.set_xticks(np.arange(n - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(n - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", lw=0.8)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("best fitted (lowest BIC_int)")
    axes.set_ylabel("simulated")
    axes.set_title(title, loc="left", weight="bold")


def _note(source):
    text = (f"{source['sets']} simulated data sets. Rows of the confusion matrix sum to 1; so do columns of the inversion matrix, "
            "for which each simulated model is equally likely beforehand.")
    for count, words in ((source["without"], "data sets without a best model"),
                         (source["ties"], "ties, which count for each of their models"),
                         (source["late"], f"of {source['fits']} fits had not converged")):
        if count:
            text += f" {count} {words}."
    return text
