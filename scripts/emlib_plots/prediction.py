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
NARROW = 0.03  # of the axis: intervals that are no longer than this cannot be seen
OUTSIDE = {"marker": "x", "s": 12, "linewidths": 0.8, "color": look.BLACK}
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
    plots = [(who, statistic, part) for who, found in groups for (statistic, _), part in _by_statistic(found).items()]
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
            _side_by_side(axes, statistic, found, _shared(colours))
        else:
            _curves(axes, statistic, found, colours)
        words = WORDS.get(statistic, (statistic.replace("_", " "), ""))[0]
        condition = _parts(found[0]["response"])[2].split("=")[0]
        words += f" by {look.shorten(condition, 16)}" if condition else ""
        narrow = _say_narrow(axes, found)
        axes.set_title(f"{look.shorten(who, 20)}: {words}" if who else words, loc="left", weight="bold", pad=14 if narrow else None)
    for statistic, found in scatter:
        _scatter(next(panels), statistic, found)
    look.hide_rest(grid, count)
    return sheet.figure


def _parts(response):
    """Column, option and condition of a response such as choice=1|drug=placebo; "" where it has none."""
    response, _, condition = response.partition("|")
    column, _, option = response.partition("=")
    return column, option, condition


def _by_statistic(rows):
    """Rows of one picture: a statistic as a whole, or by the conditions of one column."""
    found = {}
    for row in rows:
        found.setdefault((row["statistic"], _parts(row["response"])[2].split("=")[0]), []).append(row)
    return found


def _needed(rows):
    """Rows without those that follow from others: of two options, whose shares sum to 1, only the second."""
    options = {}
    for row in rows:
        column, option, condition = _parts(row["response"])
        options.setdefault((row["statistic"], column, condition), {})[option] = None
    shares = ("choice_frequency", "learning_curve")
    first = {key: next(iter(values)) for key, values in options.items() if key[0] in shares and len(values) == 2}
    return [row for row in rows if first.get((row["statistic"], _parts(row["response"])[0], _parts(row["response"])[2]))
            != _parts(row["response"])[1]]


def _labels(rows):
    """{response: what tells it apart from the others of the picture}."""
    responses = list(dict.fromkeys(row["response"] for row in rows))
    parts = [_parts(response) for response in responses]
    if len({part[:2] for part in parts}) == 1 and len(parts) > 1:
        return {response: part[2].split("=", 1)[-1] for response, part in zip(responses, parts)}
    if len({part[0] for part in parts}) == 1 and all(part[1] and not part[2] for part in parts):
        return {response: part[1] for response, part in zip(responses, parts)}
    return {response: response.replace("|", ", ") for response in responses}


def _what_is_shown(rows):
    """The response, where all rows are of one."""
    found = {_parts(row["response"])[:2] for row in rows}
    column, option = found.pop()
    return "" if found else look.shorten(f"{column}={option}" if option else column, 20)


def _colours(plots):
    """For each response that has curves: colour and dashes of its line, marker of what was observed."""
    responses = dict.fromkeys(row["response"] for _, statistic, found in plots if statistic not in ONE_VALUE for row in _needed(found))
    return {response: (look.SERIES[k % len(look.SERIES)], look.DASHES[k // len(look.SERIES) % len(look.DASHES)],
                       look.MARKERS[k % len(look.MARKERS)])
            for k, response in enumerate(responses)}


def _scatters(rows):
    """Everybody in one panel for each statistic without bins; where there is none, for every statistic."""
    found = {}
    for row in _needed(rows):
        if not _parts(row["response"])[2]:
            found.setdefault(row["statistic"], []).append(row)
    chosen = [name for name in found if name in ONE_VALUE] or list(found)
    return [(name, found[name]) for name in chosen]


def _array(rows, name):
    return np.array([row[name] for row in rows], float)


def _curves(axes, statistic, rows, colours):
    """A band and a line for each response, both in its colour; what was observed is black, as in all panels."""
    times = statistic == "reaction_time_quantile"
    rows = _needed(rows)
    for response in dict.fromkeys(row["response"] for row in rows):
        part = [row for row in rows if row["response"] == response]
        x = _array(part, "from") if times else (_array(part, "from") + _array(part, "to")) / 2
        if not np.isfinite(x).all():
            x = np.arange(1.0, len(part) + 1)
        order = np.argsort(x, kind="stable")
        x, observed, median, low, high = x[order], *(_array(part, name)[order] for name in ("observed", "median", "lower", "upper"))
        colour, dashes, marker = colours[response]
        axes.fill_between(x, low, high, color=colour, alpha=0.3, lw=0)
        axes.plot(x, median, color=colour, ls=dashes, lw=0.8)
        axes.plot(x, observed, ls="", **_observed(len(x), marker))
        if len(x) == 1:
            axes.vlines(x, low, high, color=colour, lw=5, alpha=0.3)
            axes.plot(x, median, ls="", marker="_", ms=9, mew=1.5, color=colour)
    axes.set_xlabel("probability of the quantile" if times else "trial")
    axes.set_ylabel(WORDS.get(statistic, ("", statistic.replace("_", " ")))[1])
    if statistic == "learning_curve" and _what_is_shown(rows):
        axes.set_ylabel(f"share of {_what_is_shown(rows)}")
    if times:
        places = sorted({row["from"] for row in rows if np.isfinite(row["from"])})
        axes.set_xticks(places, [f"{p:g}" for p in places])
    elif len({row["bin"] for row in rows}) == 1:
        axes.set_xticks([(rows[0]["from"] + rows[0]["to"]) / 2], [f"{rows[0]['from']:g} to {rows[0]['to']:g}"])
        axes.set_xlabel("trials")
    else:
        look.few_ticks(axes, x=5)
    if statistic == "learning_curve":
        axes.set_ylim(_part_of_one(rows))
    look.few_ticks(axes, y=5)


def _part_of_one(rows):
    """From where to where shares are shown: where they are, at least a fifth of all, so that narrow intervals are still seen."""
    ends = np.concatenate([_array(rows, name) for name in ("observed", "lower", "upper")])
    ends = ends[np.isfinite(ends)]
    if not len(ends):
        return -0.03, 1.03
    pad = max(0.1 * np.ptp(ends), (0.2 - np.ptp(ends)) / 2)
    return max(-0.03, ends.min() - pad), min(1.03, ends.max() + pad)


def _say_narrow(axes, rows):
    """Intervals that are lost behind their line or marker are told in words; whether they are."""
    width = _array(rows, "upper") - _array(rows, "lower")
    width = width[np.isfinite(width)]
    narrow = len(width) > 0 and width.max() < NARROW * np.ptp(axes.get_ylim())
    if narrow:
        axes.text(0, 1.02, f"intervals at most {width.max():.2g} wide", transform=axes.transAxes, size=look.SMALL, va="bottom")
    return narrow


def _observed(n, marker="o"):
    """How dots of what was observed look; small enough that the interval behind them is seen."""
    return {"marker": marker, "ms": 3.5 if n <= 12 else 2.5, "mfc": look.BLACK, "mec": "white", "mew": 0.4, "zorder": 4}


def _shared(colours):
    """Colours of median and interval where they are of no response in particular: a colour that stands for one is not taken."""
    return (look.BLUE, look.BLUE) if len(colours) < 2 else (look.GREY, look.GREY)


def _side_by_side(axes, statistic, rows, colours):
    condition = _parts(rows[0]["response"])[2].split("=")[0]
    rows = _needed(rows) if condition else rows
    x = np.arange(len(rows))
    observed, median, low, high = (_array(rows, name) for name in ("observed", "median", "lower", "upper"))
    axes.vlines(x, low, high, color=colours[1], lw=7, alpha=0.3)
    axes.plot(x, median, ls="", marker="_", ms=11, mew=1, color=colours[0])
    axes.plot(x, observed, ls="", **_observed(len(x)))
    labels = _labels(rows)
    names = [labels[row["response"]] for row in rows]
    if names != [row["response"] for row in rows]:
        axes.set_xlabel(look.shorten(condition or _parts(rows[0]["response"])[0], 24))
    upright = sum(min(len(name), 14) + 2 for name in names) > 24
    axes.set_xticks(x, [look.shorten(name, 14) for name in names], rotation=90 if upright else 0)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_ylabel(f"share of {_what_is_shown(rows)}" if condition and statistic == "choice_frequency" and _what_is_shown(rows)
                    else WORDS[statistic][1])
    if statistic == "choice_frequency":
        axes.set_ylim(-0.03, 1.03)
    look.few_ticks(axes, y=5)


def _scatter(axes, statistic, rows):
    observed, median, low, high = (_array(rows, name) for name in ("observed", "median", "lower", "upper"))
    good = np.isfinite(observed) & np.isfinite(median)
    inside = (low <= observed) & (observed <= high)
    style = look.points_style(len(rows))
    axes.scatter(median[good & inside], observed[good & inside], color=look.GREY, **style)
    axes.scatter(median[good & ~inside], observed[good & ~inside], zorder=3, **OUTSIDE, rasterized=style.get("rasterized", False))
    ends = np.concatenate([observed[good], median[good]])
    if len(ends):
        least = 0.2 if statistic in ("choice_frequency", "learning_curve") else 0.2 * max(abs(ends).max(), 1e-9)
        pad = max(0.05 * np.ptp(ends), (least - np.ptp(ends)) / 2)
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
        median, interval = _shared(colours)
        handles += [Line2D([], [], marker="o", ls="", mfc=look.BLACK, mec="white", mew=0.4, ms=4.5, label="observed"),
                    Line2D([], [], color=median, label="predicted, median"),
                    Patch(color=interval, alpha=0.3, lw=0, label="95 % interval")]
    if len(colours) > 1:
        handles += [Line2D([], [], color=colour, ls=dashes, marker=marker, ms=4, mfc=look.BLACK, mec="white", mew=0.4,
                           label=look.shorten(response.replace("|", ", "), 30)) for response, (colour, dashes, marker) in colours.items()]
    if scatter:
        handles += [Line2D([], [], marker="o", ls="", color=look.GREY, ms=3, mew=0, label="subject, inside the interval"),
                    Line2D([], [], marker="x", ls="", color=look.BLACK, ms=4, mew=0.8, label="subject, outside it")]
    return handles
