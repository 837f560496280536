"""comparison: several models of the same data, by BIC_int and by how frequent each is among people."""
import os

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import look, sources
from .problem import Problem

NAME = "comparison"
FILES = "FIT.h5 FIT.h5 ..."
ABOUT = "models side by side, best first: differences of BIC_int, and how frequent each model is among people"
EXAMPLE = "emlib-plot comparison rw.h5 rw_dual.h5 choice_kernel.h5 -o comparison.pdf"
OPTIONS = ()


def read(paths):
    return sources.comparison(paths)


def labels(fits):
    """A name for each fit: the model's; with the file's where a model comes twice."""
    models = [os.path.basename(fit["model"]) for fit in fits]
    files = [os.path.basename(fit["file"]) for fit in fits]
    if len(set(files)) < len(files):
        files = [fit["file"] for fit in fits]
    return [look.shorten(m if models.count(m) == 1 else f"{m} ({f})", 30) for m, f in zip(models, files)]


def draw(found, choice):
    fits = [fit for fit in found["fits"] if not fit.get("other_data") and fit["bic_int_difference"] is not None]
    if len(fits) < 2:
        raise Problem(_why_not(found["fits"]))
    effects = found.get("random_effects")
    names = labels(fits)
    down, across = look.panels(1 + bool(effects), choice.width, 55)
    sheet = look.Sheet(down * max(34, 6.2 * len(fits) + 14), choice, _note(found, fits, effects), _handles(fits, effects))
    axes = sheet.grid(down, across).flat
    _differences(axes[0], fits, names)
    if effects:
        _frequencies(axes[1], fits, names, effects, across == 2)
    return sheet.figure


def _why_not(fits):
    """Why there is nothing to draw."""
    without = [fit["file"] for fit in fits if fit["bic_int"] is None]
    if len(fits) - len(without) < 2:
        return (f"{', '.join(without)}: a fit without a group (--group none) has no evidence to compare; at least two fits with a group are "
                "needed")
    return "there are no two fits of the same data and subjects to compare; 'emlib compare' tells why"


def _note(found, fits, effects):
    subjects = {fit["n_subjects"] for fit in fits}
    text = f"{look.count(max(subjects), 'subject')}. Smaller BIC_int is better; differences from the best."
    if effects:
        text += (f" Probability that all models are equally frequent (Bayesian omnibus risk): "
                 f"{look.number(effects['bayesian_omnibus_risk'])}.")
        if effects.get("subjects_left_out"):
            text += f" {look.count(len(effects['subjects_left_out']), 'subject')} without evidence left out of the frequencies."
    left = len(found["fits"]) - len(fits)
    if left:
        text += f" Left out: {left} fit{'s' * (left != 1)} of other data or without evidence."
    return text


def _handles(fits, effects):
    handles = []
    if not all(fit["converged"] for fit in fits):
        handles.append(Patch(color=look.ORANGE, label="EM had not converged"))
    if effects:
        handles += [Patch(color=look.SKY, label="protected exceedance probability"),
                    Line2D([], [], marker="o", ls="", color=look.BLACK, ms=4, label="expected frequency")]
    return handles


def _rows(axes, names, shown=True):
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names if shown else [""] * len(names))
    axes.tick_params(axis="y", length=0)


def _differences(axes, fits, names):
    values = np.array([fit["bic_int_difference"] for fit in fits], float)
    axes.barh(range(len(fits)), values, height=0.62, color=[look.BLUE if fit["converged"] else look.ORANGE for fit in fits])
    most = np.nanmax(values) or 1
    for row, number in enumerate(values):
        axes.text(number + 0.015 * most, row, f"{number:.1f}" if number else "best", va="center", size=look.SMALL)
    axes.set_xlim(0, most * 1.22)
    look.few_ticks(axes, x=4)
    axes.set_xlabel("BIC_int above the best model's")
    _rows(axes, names)


def _frequencies(axes, fits, names, effects, beside):
    place = {file: k for k, file in enumerate(effects["files"])}
    for row, fit in enumerate(fits):
        k = place.get(fit["file"])
        if k is None:
            continue
        axes.barh(row, effects["protected_exceedance_probability"][k], height=0.62, color=look.SKY)
        axes.plot(effects["expected_frequency"][k], row, "o", ms=4, color=look.BLACK, clip_on=False, zorder=5)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_xlabel("probability, share of people")
    _rows(axes, names, not beside)
