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
EXAMPLE = "emlib predict rw.h5 -o rw_predict.csv; emlib-plot prediction rw_predict.csv -o prediction.pdf"
OPTIONS = ("subjects",)
SUBJECTS = "are shown in place of the group"
COLUMNS = ("level", "subject", "statistic", "response", "bin", "from", "to", "n", "observed", "median", "lower", "upper")
NUMBERS = ("from", "to", "observed", "median", "lower", "upper")
WORDS = {"choice_frequency": ("choice frequency", "share of trials"), "learning_curve": ("learning curve", "share of trials"),
         "reaction_time_quantile": ("response time quantiles", "response time, unit of the data"),
         "response_mean": ("mean response", "mean, unit of the data")}
NOTE = "Intervals are over data drawn from the fitted model, with parameters from everybody's posterior."
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
    plots = [(who, statistic, part) for who, found in groups for statistic, part in _by_statistic(found).items()]
    scatter = _scatters(people)
    count = len(plots) + len(scatter)
    if not count:
        raise Problem(f"{path}: there is nothing to draw")
    colours = _colours(plots)
    down, across = look.panels(count, choice.width, 56)
    sheet = look.Sheet(down * 50, choice, NOTE, _handles(plots, scatter, colours))
    grid = sheet.grid(down, across)
    panels = iter(grid.flat)
    for who, statistic, found in plots:
        axes = next(panels)
        if statistic in ONE_VALUE:
            _side_by_side(axes, statistic, found)
        else:
            _curves(axes, statistic, found, colours)
        words = WORDS.get(statistic, (statistic.replace("_", " "), ""))[0]
        axes.set_title(f"{look.shorten(who, 20)}: {words}" if who else words, loc="left", weight="bold")
    for statistic, found in scatter:
        _scatter(next(panels), statistic, found)
    look.hide_rest(grid, count)
    return sheet.figure


def _by_statistic(rows):
    found = {}
    for row in rows:
        found.setdefault(row["statistic"], []).append(row)
    return found


def _curves_of(rows):
    """Responses that have a curve; of two options of a choice, whose shares sum to 1, the second."""
    responses = list(dict.fromkeys(row["response"] for row in rows))
    if rows[0]["statistic"] == "learning_curve" and len(responses) == 2 and responses[0].split("=")[0] == responses[1].split("=")[0]:
        return responses[1:]
    return responses


def _colours(plots):
    """A colour for each response that has curves."""
    responses = dict.fromkeys(response for _, statistic, found in plots if statistic not in ONE_VALUE for response in _curves_of(found))
    return {response: look.SERIES[k % len(look.SERIES)] for k, response in enumerate(responses)}


def _scatters(rows):
    """Everybody in one panel for each statistic without bins; where there is none, for every statistic."""
    found = _by_statistic(rows)
    chosen = [name for name in found if name in ONE_VALUE] or list(found)
    return [(name, found[name]) for name in chosen]


def _array(rows, name):
    return np.array([row[name] for row in rows], float)


def _curves(axes, statistic, rows, colours):
    """A band, a line and dots for each response."""
    times = statistic == "reaction_time_quantile"
    for response in _curves_of(rows):
        part = [row for row in rows if row["response"] == response]
        x = _array(part, "from") if times else (_array(part, "from") + _array(part, "to")) / 2
        if not np.isfinite(x).all():
            x = np.arange(1.0, len(part) + 1)
        order = np.argsort(x, kind="stable")
        x, observed, median, low, high = x[order], *(_array(part, name)[order] for name in ("observed", "median", "lower", "upper"))
        colour = colours[response]
        axes.fill_between(x, low, high, color=colour, alpha=0.25, lw=0)
        axes.plot(x, median, color=colour)
        axes.plot(x, observed, ls="", marker="o", ms=3.5, mfc=colour, mec="white", mew=0.4, zorder=4)
        if len(x) == 1:
            axes.vlines(x, low, high, color=colour, lw=5, alpha=0.3)
            axes.plot(x, median, ls="", marker="_", ms=9, mew=1.5, color=colour)
    axes.set_xlabel("probability of the quantile" if times else "trial")
    axes.set_ylabel(WORDS.get(statistic, ("", statistic.replace("_", " ")))[1])
    if len(_curves_of(rows)) < len({row["response"] for row in rows}):
        axes.set_ylabel(f"share of {look.shorten(_curves_of(rows)[0], 20)}")
    if times:
        places = sorted({row["from"] for row in rows if np.isfinite(row["from"])})
        axes.set_xticks(places, [f"{p:g}" for p in places])
    elif len({row["bin"] for row in rows}) == 1:
        axes.set_xticks([(rows[0]["from"] + rows[0]["to"]) / 2], [f"{rows[0]['from']:g} to {rows[0]['to']:g}"])
        axes.set_xlabel("trials")
    else:
        look.few_ticks(axes, x=5)
    if statistic == "learning_curve":
        axes.set_ylim(-0.03, 1.03)
    look.few_ticks(axes, y=5)


def _side_by_side(axes, statistic, rows):
    x = np.arange(len(rows))
    observed, median, low, high = (_array(rows, name) for name in ("observed", "median", "lower", "upper"))
    axes.vlines(x, low, high, color=look.SKY, lw=5, alpha=0.6)
    axes.plot(x, median, ls="", marker="_", ms=9, mew=1.5, color=look.BLUE)
    axes.plot(x, observed, ls="", marker="o", ms=3.5, mfc=look.BLACK, mec="white", mew=0.4, zorder=4)
    names = [row["response"] + (f" [{row['bin']}]" if row["bin"] not in ("", "1") else "") for row in rows]
    columns = {name.split("=")[0] for name in names}
    if len(columns) == 1 and all("=" in name for name in names):
        axes.set_xlabel(look.shorten(columns.pop(), 24))
        names = [name.split("=", 1)[1] for name in names]
    upright = sum(min(len(name), 14) + 2 for name in names) > 24
    axes.set_xticks(x, [look.shorten(name, 14) for name in names], rotation=90 if upright else 0)
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
    axes.set_title("subjects: " + WORDS.get(statistic, (statistic.replace("_", " "), ""))[0], loc="left", weight="bold", pad=14)
    axes.text(0, 1.02, f"{int((good & inside).sum())} of {int(good.sum())} inside their interval", transform=axes.transAxes,
              size=look.SMALL, va="bottom")
    axes.set_xlabel("predicted, median")
    axes.set_ylabel("observed")
    look.few_ticks(axes, 5, 5)


def _handles(plots, scatter, colours):
    handles = []
    if plots:
        handles += [Line2D([], [], marker="o", ls="", mfc=look.BLACK, mec="white", mew=0.4, ms=4.5, label="observed"),
                    Line2D([], [], color=look.BLUE, label="predicted, median"),
                    Patch(color=look.SKY, alpha=0.5, lw=0, label="95 % interval")]
    if len(colours) > 1:
        handles += [Patch(color=colour, lw=0, label="curve: " + look.shorten(response, 20)) for response, colour in colours.items()]
    if scatter:
        handles += [Line2D([], [], marker="o", ls="", color=look.BLUE, ms=3, mew=0, label="subject, inside the interval"),
                    Line2D([], [], marker="o", ls="", color=look.VERMILLION, ms=3, mew=0, label="outside it")]
    return handles
