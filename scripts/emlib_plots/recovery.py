"""recovery: true against estimated parameters of simulated people."""
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import look
from .problem import Problem
from .sources import table_file

NAME = "recovery"
FILES = "RECOVERY.csv"
ABOUT = "true against estimated parameters, of people and of the group, from the table of 'emlib recover'"
EXAMPLE = ("emlib recover --model rw --subjects 50 --trials 100 --repeat 20 -o recovery.csv; "
           "emlib-plot recovery recovery.csv -o recovery.pdf")
OPTIONS = ("parameters", "scale")
COLUMNS = ("repetition", "level", "subject", "parameter", "quantity", "true", "estimate", "se", "lower", "upper")
NUMBERS = ("true", "estimate", "lower", "upper")


def read(paths):
    rows = table_file(paths[0], COLUMNS, "emlib recover", NUMBERS)
    found = {}
    for row in rows:
        if row["level"] not in ("subject", "group"):
            raise Problem(f"{paths[0]}: the level {row['level']!r} is neither subject nor group")
        key = row["level"], row["quantity"]
        found.setdefault(row["parameter"], {}).setdefault(key, []).append([row[name] for name in NUMBERS])
    return {name: {key: np.array(values, float) for key, values in parts.items()} for name, parts in found.items()}, paths[0]


def draw(source, choice):
    table, path = source
    names = choice.parameters or list(table)
    missing = [name for name in names if name not in table]
    if missing:
        raise Problem(f"{path}: there is no parameter {missing[0]}; there are {', '.join(table)}")
    quantity = "natural" if choice.scale == "natural" else "value"
    kinds = [kind for kind in (("subject", quantity), ("group", "mu"), ("group", "var")) if any(kind in table[name] for name in names)]
    if not kinds:
        raise Problem(f"{path}: there is nothing to draw on the {choice.scale or 'unconstrained'} scale")
    wide = (choice.width or look.WIDTH) >= 50 * len(kinds)
    rows, across = (len(names), len(kinds)) if wide else (len(names) * len(kinds), 1)
    sheet = look.Sheet(rows * 50, choice, _note(kinds, quantity), _handles(kinds))
    axes = iter(sheet.grid(rows, across).flat)
    for name in names:
        for kind in kinds:
            panel = next(axes)
            values = table[name].get(kind)
            if values is None:
                panel.set_axis_off()
            elif kind[0] == "subject":
                _subjects(panel, name, values, quantity)
            else:
                _group(panel, name, values, kind[1])
    return sheet.figure


def _note(kinds, quantity):
    scale = "natural" if quantity == "natural" else "unconstrained"
    text = f"People of all repetitions, {scale} scale; r: correlation of true and estimated values; bias: mean of estimate − true."
    if len(kinds) > 1:
        text += " Group: a line for each repetition, sorted by the estimate; unconstrained scale."
    return text


def _handles(kinds):
    handles = []
    if kinds[0][0] == "subject":
        handles += [Line2D([], [], marker="o", ls="", color=look.BLUE, ms=3, mew=0, alpha=0.7, label="subject"),
                    Line2D([], [], color=look.GREY, ls="--", lw=0.8, label="estimate = truth")]
    if any(kind[0] == "group" for kind in kinds):
        handles += [Line2D([], [], color=look.BLACK, lw=1, label="true group value"),
                    Line2D([], [], color=look.SKY, marker="o", mfc=look.BLUE, mec=look.BLUE, ms=3, label="estimate, 95 % interval"),
                    Line2D([], [], color=look.ORANGE, marker="o", mfc=look.VERMILLION, mec=look.VERMILLION, ms=3,
                           label="interval without the truth")]
    return handles


def statistics(true, estimate):
    """Correlation (NaN without variance), bias and root mean squared error."""
    good = np.isfinite(true) & np.isfinite(estimate)
    true, estimate = true[good], estimate[good]
    if not len(true):
        return np.nan, np.nan, np.nan, 0
    varies = len(true) > 1 and true.std() > 1e-12 * (1 + abs(true).max()) and estimate.std() > 1e-12 * (1 + abs(estimate).max())
    r = np.corrcoef(true, estimate)[0, 1] if varies else np.nan
    return r, np.mean(estimate - true), np.sqrt(np.mean((estimate - true) ** 2)), len(true)


def _subjects(axes, name, values, quantity):
    true, estimate = values[:, 0], values[:, 1]
    r, bias, rmse, n = statistics(true, estimate)
    axes.scatter(true, estimate, color=look.BLUE, **look.points_style(len(true)))
    both = np.concatenate([true, estimate])
    both = both[np.isfinite(both)]
    if len(both):
        low, high = both.min(), both.max()
        pad = 0.05 * (high - low) or 0.5
        axes.plot([low - pad, high + pad], [low - pad, high + pad], ls="--", lw=0.8, color=look.GREY, zorder=3)
        axes.set_xlim(low - pad, high + pad)
        axes.set_ylim(low - pad, high + pad)
    axes.set_title(look.shorten(name, 26), loc="left", weight="bold", pad=14)
    axes.text(0, 1.02, f"r {look.number(r)}   bias {look.number(bias)}   n {n}", transform=axes.transAxes, size=look.SMALL, va="bottom")
    axes.set_xlabel("true" + (" (natural scale)" if quantity == "natural" else ""))
    axes.set_ylabel("estimate")
    look.few_ticks(axes, 5, 5)


def _group(axes, name, values, quantity):
    order = np.argsort(values[:, 1], kind="stable")
    true, estimate, low, high = values[order].T
    row = np.arange(1, len(order) + 1)
    bounded = np.isfinite(low) & np.isfinite(high)
    held = ~bounded | ((low <= true) & (true <= high))
    many = len(row) > look.MANY
    for inside, line, dot in ((held, look.SKY, look.BLUE), (~held, look.ORANGE, look.VERMILLION)):
        axes.hlines(row[inside & bounded], low[inside & bounded], high[inside & bounded], color=line, lw=0.8 if len(row) < 60 else 0.5,
                    rasterized=many)
        axes.scatter(estimate[inside], row[inside], s=7 if len(row) < 60 else 3, color=dot, zorder=3, linewidths=0, rasterized=many)
    if np.ptp(true) <= 1e-12 * (1 + abs(true).max()):
        axes.axvline(true[0], color=look.BLACK, lw=1, zorder=2)
    else:
        axes.scatter(true, row, marker="|", s=12, color=look.BLACK, linewidths=0.8, zorder=4)
    label = {"mu": "group mean", "var": "group variance"}[quantity]
    axes.set_title(f"{look.shorten(name, 18)}: {label}", loc="left", weight="bold", pad=14)
    covered = f"{int((held & bounded).sum())} of {int(bounded.sum())} intervals hold the truth" if bounded.any() else "no intervals"
    axes.text(0, 1.02, covered, transform=axes.transAxes, size=look.SMALL, va="bottom")
    axes.set_xlabel(label)
    axes.set_ylabel("repetition, sorted")
    axes.set_ylim(0.3 - 0.02 * len(row), len(row) + 0.7 + 0.02 * len(row))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    look.few_ticks(axes, x=4)
    _clip_long(axes, true, estimate, low, high)


def _clip_long(axes, true, estimate, low, high):
    """An interval that is many times as long as most would push all others together; the axis ends before it does."""
    inner = np.concatenate([true, estimate])
    inner = inner[np.isfinite(inner)]
    ends = np.concatenate([low, high])
    ends = ends[np.isfinite(ends)]
    if not len(ends):
        return
    reach = max(np.ptp(inner), np.nanmedian(high - low)) * 1.5
    axes.set_xlim(max(min(ends.min(), inner.min()), inner.min() - reach) - 0.03 * reach,
                  min(max(ends.max(), inner.max()), inner.max() + reach) + 0.03 * reach)
