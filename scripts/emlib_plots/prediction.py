"""prediction: what was observed against what the fitted model foretells."""
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import look
from .problem import Problem
from .sources import table_file

NAME = "prediction"
FILES = "PREDICTION.csv"
ABOUT = "observed statistics against the median and 95 % interval of the model's predictions, from the table of 'emlib predict'"
EXAMPLE = "emlib-plot prediction rw_predict.csv -o prediction.pdf     (after: emlib predict rw.h5 -o rw_predict.csv)"
OPTIONS = ("subjects",)
SUBJECTS = "are shown in place of the group"
COLUMNS = ("level", "subject", "statistic", "response", "bin", "from", "to", "n", "observed", "median", "lower", "upper")
NUMBERS = ("from", "to", "observed", "median", "lower", "upper")
WORDS = {"choice_frequency": ("choice frequency", "share of trials"), "learning_curve": ("learning curve", "share of trials"),
         "reaction_time_quantile": ("response time quantiles", "response time (units of the data)"),
         "response_mean": ("mean response", "mean (units of the data)")}
ONE_VALUE = ("choice_frequency", "response_mean")  # statistics without bins: responses stand side by side


def read(paths):
    rows = table_file(paths[0], COLUMNS, "emlib predict", NUMBERS)
    return rows, paths[0]


def draw(source, choice):
    rows, path = source
    if choice.subjects:
        there = {row["subject"] for row in rows if row["level"] == "subject"}
        for name in choice.subjects:
            if name not in there:
                raise Problem(f"{path}: there is no subject {name}" + ("" if there else "; the table has the group alone"))
        groups = [(name, [row for row in rows if row["level"] == "subject" and row["subject"] == name]) for name in choice.subjects]
        people = []
    else:
        groups = [("", [row for row in rows if row["level"] == "group"])]
        people = [row for row in rows if row["level"] == "subject"]
    plots = [(who, *part) for who, found in groups for part in _parts(found)]
    scatter = _scatters(people)
    count = len(plots) + len(scatter)
    if not count:
        raise Problem(f"{path}: there is nothing to draw")
    down, across = look.panels(count, choice.width, 56)
    sheet = look.Sheet(down * 48, choice, _note(plots, scatter), _handles(plots, scatter))
    grid = sheet.grid(down, across)
    panels = iter(grid.flat)
    for who, statistic, response, found in plots:
        axes = next(panels)
        (_side_by_side if statistic in ONE_VALUE else _curve)(axes, statistic, found)
        _title(axes, who, statistic, response)
    for statistic, found in scatter:
        _scatter(next(panels), statistic, found)
    look.hide_rest(grid, count)
    return sheet.figure


def _parts(rows):
    """Panels: statistics without bins as a whole, curves by response."""
    found = {}
    for row in rows:
        key = row["statistic"], "" if row["statistic"] in ONE_VALUE else row["response"]
        found.setdefault(key, []).append(row)
    return [(statistic, response, part) for (statistic, response), part in found.items()]


def _scatters(rows):
    """Everybody in one panel for each statistic without bins; where there is none, for every statistic."""
    found = {}
    for row in rows:
        found.setdefault(row["statistic"], []).append(row)
    chosen = [name for name in found if name in ONE_VALUE] or list(found)
    return [(name, found[name]) for name in chosen]


def _title(axes, who, statistic, response):
    words = WORDS.get(statistic, (statistic.replace("_", " "), ""))[0]
    parts = [look.shorten(part, 16) for part in (who, response) if part]
    axes.set_title(": ".join([*parts[:1], words] if parts else [words]) + (f" ({parts[1]})" if len(parts) > 1 else ""), loc="left",
                   weight="bold", size=look.NORMAL if len(parts) < 2 else look.SMALL)


def _array(rows, name):
    return np.array([row[name] for row in rows], float)


def _curve(axes, statistic, rows):
    times = statistic == "reaction_time_quantile"
    x = _array(rows, "from") if times else (_array(rows, "from") + _array(rows, "to")) / 2
    if not np.isfinite(x).all():
        x = np.arange(1.0, len(rows) + 1)
    order = np.argsort(x, kind="stable")
    x, observed, median, low, high = x[order], *(_array(rows, name)[order] for name in ("observed", "median", "lower", "upper"))
    axes.fill_between(x, low, high, color=look.SKY, alpha=0.45, lw=0)
    axes.plot(x, median, color=look.BLUE)
    axes.plot(x, observed, ls="", marker="o", ms=3.5, color=look.BLACK, zorder=4)
    if times:
        axes.set_xticks(x, [f"{p:g}" for p in x])
    axes.set_xlabel("probability of the quantile" if times else "trial")
    axes.set_ylabel(WORDS.get(statistic, ("", statistic.replace("_", " ")))[1])
    if len(x) == 1:
        axes.errorbar(x, median, yerr=[median - low, high - median], color=look.BLUE, marker="_", capsize=3)
    if statistic == "learning_curve":
        axes.set_ylim(-0.03, 1.03)
    look.few_ticks(axes, x=None if times else 5, y=5)


def _side_by_side(axes, statistic, rows):
    x = np.arange(len(rows))
    observed, median, low, high = (_array(rows, name) for name in ("observed", "median", "lower", "upper"))
    axes.vlines(x, low, high, color=look.SKY, lw=5, alpha=0.6)
    axes.plot(x, median, ls="", marker="_", ms=9, mew=1.5, color=look.BLUE)
    axes.plot(x, observed, ls="", marker="o", ms=3.5, color=look.BLACK, zorder=4)
    many = len(rows) > 4
    axes.set_xticks(x, [look.shorten(row["response"] + (f" [{row['bin']}]" if row["bin"] not in ("", "1") else ""), 14 if many else 12)
                        for row in rows], rotation=90 if many else 0)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_ylabel(WORDS[statistic][1])
    if statistic == "choice_frequency":
        axes.set_ylim(-0.03, 1.03)
    look.few_ticks(axes, y=5)


def _scatter(axes, statistic, rows):
    observed, median, low, high = (_array(rows, name) for name in ("observed", "median", "lower", "upper"))
    good = np.isfinite(observed) & np.isfinite(median)
    inside = (low <= observed) & (observed <= high)
    style = look.points_style(len(rows))
    axes.scatter(median[good & inside], observed[good & inside], color=look.BLUE, **style)
    axes.scatter(median[good & ~inside], observed[good & ~inside], color=look.VERMILLION, zorder=3, **style)
    ends = np.concatenate([observed[good], median[good]])
    if len(ends):
        pad = 0.05 * np.ptp(ends) or 0.5
        ends = [ends.min() - pad, ends.max() + pad]
        axes.plot(ends, ends, ls="--", lw=0.8, color=look.GREY, zorder=1)
        axes.set_xlim(ends)
        axes.set_ylim(ends)
    axes.set_title("each subject: " + WORDS.get(statistic, (statistic.replace("_", " "), ""))[0], loc="left", weight="bold")
    axes.set_xlabel(f"predicted (median); {int((good & inside).sum())} of {int(good.sum())} inside")
    axes.set_ylabel("observed")
    look.few_ticks(axes, 5, 5)


def _handles(plots, scatter):
    handles = []
    if plots:
        handles += [Line2D([], [], marker="o", ls="", color=look.BLACK, ms=3.5, label="observed"),
                    Line2D([], [], color=look.BLUE, label="predicted, median"),
                    Patch(color=look.SKY, alpha=0.5, lw=0, label="95 % interval")]
    if scatter:
        handles += [Line2D([], [], marker="o", ls="", color=look.BLUE, ms=3, label="subject, inside the interval"),
                    Line2D([], [], marker="o", ls="", color=look.VERMILLION, ms=3, label="outside it")]
    return handles


def _note(plots, scatter):
    return "Intervals are over data drawn from the fitted model, parameters from everybody's posterior." if plots or scatter else None
