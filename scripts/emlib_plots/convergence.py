"""convergence: the course of EM."""
import numpy as np
from matplotlib.lines import Line2D

from . import look
from .problem import Problem
from .sources import Fit

NAME = "convergence"
FILES = "FIT.h5"
ABOUT = "the course of EM: log marginal likelihood, means and variances of the group over the E-steps"
EXAMPLE = "emlib-plot convergence rw.h5 -o convergence.svg"
OPTIONS = ("parameters",)


def read(paths):
    fit = Fit(paths[0])
    if fit.kind == "none":
        raise Problem(f"{paths[0]} was made without a group (--group none); there is no course of EM to draw")
    return fit


def draw(fit, choice):
    columns = fit.columns_of(choice.parameters)
    evidence, mu, variance = fit.trace()
    rows, across = look.panels(3, choice.width, 56)
    sheet = look.Sheet(rows * max(46, 4 * len(columns) + 14), choice, _note(fit), _handles(fit, columns))
    axes = list(sheet.grid(rows, across).flat)
    steps = np.arange(1, len(evidence) + 1)
    marker = "o" if len(steps) <= 40 else None
    axes[0].plot(steps, evidence, marker=marker, ms=2.5, color=look.BLACK)
    axes[0].set_title("log marginal likelihood", loc="left", weight="bold")
    axes[0].set_ylabel("log units (Laplace)")
    for k, (values, name, unit) in enumerate(((mu, "group mean", "unconstrained scale"),
                                              (variance, "group variance", "unconstrained scale²")), 1):
        for place, j in enumerate(columns):
            shown = values[:, j] if k == 1 else np.where(values[:, j] > 0, values[:, j], np.nan)
            colour, dash = _line(place)
            axes[k].plot(steps, shown, marker=marker, ms=2.5, color=colour, ls=dash)
        axes[k].set_title(name, loc="left", weight="bold")
        axes[k].set_ylabel(unit)
    if np.any(variance[:, columns] > 0):
        _logarithmic(axes[2], variance[:, columns])
    for panel in axes[:3]:
        panel.set_xlabel("E-step")
        panel.set_xlim(0.5, max(len(steps), 2) + 0.5)
        panel.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    look.few_ticks(axes[0], y=6)
    look.few_ticks(axes[1], y=6)
    look.hide_rest(np.array(axes), 3)
    return sheet.figure


def _logarithmic(axes, variance):
    """A logarithmic axis that has labels also where the variances span less than a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator
    axes.set_yscale("log")
    good = variance[variance > 0]
    low, high = good.min() / 1.3, good.max() * 1.3
    axes.set_ylim(low, high)
    decades = np.log10(high / low)
    steps = (1, 2, 5) if decades < 3.5 else (1,)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=steps, numticks=8 if decades >= 3.5 else 20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _line(place):
    return look.SERIES[place % len(look.SERIES)], look.DASHES[place // len(look.SERIES) % len(look.DASHES)]


def _handles(fit, columns):
    return [Line2D([], [], color=_line(place)[0], ls=_line(place)[1], label=look.shorten(fit.names[j], 30)
                   + (" (variance vanished)" if fit.group_status[j] == "vanished" else "")) for place, j in enumerate(columns)]


def _note(fit):
    about = fit.about
    if fit.kind == "fixed":
        return f"{fit.model}: the group was given; there is one E-step and nothing to converge."
    text = f"{fit.model}: EM {'converged' if about['converged'] else 'HAD NOT CONVERGED'} after {about['iterations']} E-steps"
    if about.get("distance") is not None:
        text += f"; estimated distance to its fixed point {about['distance']:.1e}"
    return text + (". The evidence may fall on the way, and end below its highest value: what EM seeks is its fixed point, where the group "
                   "is the mean and variance of everybody's posterior, and that is not quite the maximum of Laplace's approximation.")
