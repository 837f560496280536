"""shrinkage: what the group does to everybody's estimates."""
import numpy as np
from matplotlib.lines import Line2D

from . import look
from .problem import Problem
from .sources import Fit

NAME = "shrinkage"
FILES = "FIT.h5 ML.h5"
ABOUT = "everybody's estimate under the group against their own maximum likelihood (a fit with --group none)"
EXAMPLE = "emlib fit data.h5 --model rw --group none -o rw_ml.h5; emlib-plot shrinkage rw.h5 rw_ml.h5 -o shrinkage.pdf"
OPTIONS = ("subjects", "parameters", "scale")
SUBJECTS = "are labelled"


def read(paths):
    return pair(Fit(paths[0]), Fit(paths[1]))


def pair(fit, alone):
    """The two fits, if they go together."""
    paths = fit.path, alone.path
    if alone.kind != "none" and fit.kind == "none":
        raise Problem(f"{paths[0]} is the fit without a group; give it as the second file")
    if alone.kind != "none":
        raise Problem(f"{paths[1]} is not a fit of everybody alone; 'emlib fit ... --group none' makes one")
    if fit.kind == "none":
        raise Problem("both fits are without a group; the first one has to be a fit with --group estimate, the default")
    if fit.names != alone.names or fit.model != alone.model:
        raise Problem(f"{paths[1]} is a fit of {alone.model} ({', '.join(alone.names)}), not of {fit.model} ({', '.join(fit.names)})")
    if fit.about["dataset_fingerprint"] != alone.about["dataset_fingerprint"]:
        raise Problem(f"{paths[1]} is a fit of other data than {paths[0]}")
    return fit, alone


def draw(source, choice):
    fit, alone = source
    columns = fit.columns_of(choice.parameters)
    place = {name: s for s, name in enumerate(alone.ids)}
    both = [s for s, name in enumerate(fit.ids) if name in place]
    if not both:
        raise Problem("the two fits have no subject in common")
    other = np.array([place[fit.ids[s]] for s in both])
    labelled = fit.subjects_of(choice.subjects)
    labels = dict(zip(labelled, look.short_names([fit.ids[s] for s in labelled], 14)))
    natural = choice.scale == "natural"
    rows, across = look.panels(len(columns), choice.width, 55)
    sheet = look.Sheet(rows * 55, choice, _note(fit, alone, both), _handles(alone.flagged[other].any()))
    grid = sheet.grid(rows, across)
    for axes, j in zip(grid.flat, columns):
        x = (alone.natural if natural else alone.unconstrained)[other, j]
        y = (fit.natural if natural else fit.unconstrained)[both, j]
        mean = fit.natural_median[j] if natural else fit.mu[j]
        _panel(axes, x, y, alone.flagged[other], mean, [labels.get(s) for s in both])
        axes.set_title(look.shorten(fit.names[j], 30), loc="left", weight="bold")
        axes.set_xlabel("own maximum likelihood")
        axes.set_ylabel("MAP under the group")
    look.hide_rest(grid, len(columns))
    return sheet.figure


def _note(fit, alone, both):
    left = len(fit.ids) + len(alone.ids) - 2 * len(both)
    text = f"{fit.model}: {look.count(len(both), 'subject')}. Dots below the dashed line on the right, above it on the left: drawn towards the group."
    text += " Triangles at the edge: estimates beyond it."
    return text + (f" In one of the fits only: {look.count(left, 'subject')}." if left else "")


def _handles(flagged):
    handles = [Line2D([], [], marker="o", ls="", color=look.BLUE, ms=3, alpha=0.7, mew=0, label="subject"),
               Line2D([], [], color=look.GREY, ls="--", lw=0.8, label="no shrinkage"),
               Line2D([], [], color=look.BLACK, lw=0.8, label="group mean")]
    if flagged:
        handles.append(Line2D([], [], marker="o", ls="", mfc="none", mec=look.VERMILLION, ms=3.5, label="no own maximum, or flagged"))
    return handles


def _window(x, y, flagged, mean):
    """Where most of both lie: estimates alone run far away where the data say little."""
    inner = np.concatenate([y[np.isfinite(y)], [mean] if np.isfinite(mean) else []])
    low, high = inner.min(), inner.max()
    sound = x[np.isfinite(x) & ~flagged]
    if len(sound):
        quartile = np.percentile(sound, [25, 50, 75])
        reach = 2 * max(quartile[2] - quartile[0], 1e-9)
        near = sound[abs(sound - quartile[1]) <= reach]
        low, high = min(low, near.min()), max(high, near.max())
    pad = max(0.07 * (high - low), 0.05 - (high - low) / 2)  # one subject, or all alike: not a picture of rounding
    return low - pad, high + pad


def _panel(axes, x, y, flagged, mean, names):
    good = np.isfinite(x) & np.isfinite(y)
    if not good.any():
        axes.text(0.5, 0.5, "no estimates in both fits", transform=axes.transAxes, ha="center", size=look.SMALL)
        return
    low, high = _window(x[good], y[good], flagged[good], mean)
    axes.plot([low, high], [low, high], ls="--", lw=0.8, color=look.GREY, zorder=1)
    if np.isfinite(mean):
        axes.axhline(mean, color=look.BLACK, lw=0.8, zorder=1)
    style = look.points_style(len(x))
    inside = good & (x >= low) & (x <= high)
    sound, odd = inside & ~flagged, inside & flagged
    axes.scatter(x[sound], y[sound], color=look.BLUE, zorder=2, **style)
    many = {"rasterized": len(x) > look.MANY}
    axes.scatter(x[odd], y[odd], s=style["s"] * 1.3, facecolors="none", edgecolors=look.VERMILLION, linewidths=0.6, zorder=3, **many)
    for beyond, edge, marker in ((good & (x < low), low, "<"), (good & (x > high), high, ">")):
        colours = [look.VERMILLION if f else look.BLUE for f in flagged[beyond]]
        axes.scatter(np.full(beyond.sum(), edge), y[beyond], marker=marker, s=10, color=colours, alpha=0.6, linewidths=0, zorder=4,
                     clip_on=False, **many)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    look.few_ticks(axes, 5, 5)
    shown = sorted((s for s, name in enumerate(names) if name is not None and good[s]), key=lambda s: -y[s])
    for row, s in enumerate(shown):
        axes.annotate(names[s], (np.clip(x[s], low, high), y[s]), size=look.SMALL, xytext=(0.02, 0.98 - 0.09 * row),
                      textcoords="axes fraction", va="top",
                      arrowprops={"arrowstyle": "-", "lw": 0.4, "color": look.GREY, "shrinkA": 0, "shrinkB": 2, "relpos": (1, 0.5)})
