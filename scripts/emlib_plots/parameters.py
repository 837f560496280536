"""parameters: everybody's estimates with the group."""
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import look, scales
from .sources import Fit, groups_of, model_about

NAME = "parameters"
FILES = "FIT.h5"
ABOUT = "every subject's estimate of each parameter, their distribution, and the group's mean with its 95 % interval"
EXAMPLE = "emlib-plot parameters rw.h5 --by group -o parameters.pdf"
OPTIONS = ("subjects", "parameters", "scale")
SUBJECTS = "are labelled"
FEW = 8  # so few dots show all there is; a smooth density would say more than is known
SAME = {"vanished": "the same for everyone: variance vanished", "shared": "the same for everyone: shared",
        "given": "the same for everyone: given"}


def extra(parser):
    parser.add_argument("--by", metavar="COVARIATE", help="groups of subjects apart, by this covariate of the dataset")
    parser.add_argument("--data", metavar="DATA.h5", help="the dataset, where it is no longer at the place that the fit names; for --by")


def read(paths, options=None):
    """The fit and, with --by, its groups of subjects: names, and each subject's as an index."""
    fit = Fit(paths[0])
    by = getattr(options, "by", None)
    return fit, groups_of(fit, by, options.data) if by else None


def draw(source, choice):
    fit, groups = source
    columns = fit.columns_of(choice.parameters)
    labelled = fit.subjects_of(choice.subjects)
    natural = choice.scale != "unconstrained"
    rows, across = look.panels(len(columns), choice.width, 55)
    sheet = look.Sheet(rows * (47 + 4 * len(labelled) + (-12 * _bases(groups)[0][-1] if groups else 0)), choice,
                       _note(fit, natural, groups), _handles(fit, columns, groups))
    grid = sheet.grid(rows, across)
    about = {p["name"]: p.get("about") or "" for p in model_about(fit)["parameters"]}
    for axes, j in zip(grid.flat, columns):
        _panel(axes, fit, j, natural, labelled, groups)
        words = about.get(fit.names[j].split("[")[0], "")
        scale = "natural scale" if natural else f"unconstrained scale ({fit.transforms[j]})"
        axes.set_xlabel("\n".join([words, scale] if words else [scale]))
    look.hide_rest(grid, len(columns))
    return sheet.figure


def _note(fit, natural, groups):
    used = int((~fit.flagged).sum())
    text = f"{fit.model}: {look.count(len(fit.ids), 'subject')}"
    if used < len(fit.ids):
        text += f", {len(fit.ids) - used} of them flagged"
    text += f". Dots: {fit.scale_of_group}."
    if groups and (groups.index < 0).any():
        text += f" Without a group and not shown: {look.count(int((groups.index < 0).sum()), 'subject')}."
    if groups and groups.number:
        text += f" Every value of {look.shorten(groups.number)} is a group."
    if fit.kind == "none":
        return text + " There is no group."
    if fit.kind == "estimate" and not fit.about["converged"]:
        text += " EM HAD NOT CONVERGED."
    return text + (" On the natural scale the group's mean and interval are transformed: the mean is then the group's median." if natural
                   else "")


def _handles(fit, columns, groups):
    size = min(4, look.points_style(len(fit.ids))["s"] ** 0.5 + 1)
    bands = list(zip(groups.names, look.SERIES)) if groups else [("subject", look.BLUE)]
    handles = [Line2D([], [], marker="o", ls="", color=colour, alpha=0.7, mew=0, ms=size, label=look.shorten(name, 24))
               for name, colour in bands]
    if len(fit.ids) >= FEW and not groups:
        handles.append(Patch(color=look.SKY, alpha=0.5, lw=0, label="subjects' distribution"))
    if fit.kind != "none":
        if not fit.has_covariates and not groups and any(fit.variance[j] > 0 for j in columns):
            handles.append(Line2D([], [], color=look.BLACK, lw=0.8, ls=(0, (3, 1.5)), label="the group's distribution"))
        interval = any(np.isfinite(fit.mu_lower[j]) for j in columns)
        handles.append(Line2D([], [], color=look.BLACK, marker="D", ms=4, lw=1.5 * interval,
                              label=(_whose(groups, columns) if groups else "group mean") + (" and 95 % interval" if interval else "")))
    if fit.flagged.any():
        handles.append(Line2D([], [], marker="^", ls="", mfc="none", mec=look.VERMILLION, ms=4, label="flagged subject"))
    return handles


def _whose(groups, columns):
    """Whose means are drawn: groups have their own where the covariate acts on the parameter."""
    own = np.isfinite(groups.mean[:, columns]).any(axis=0)
    return "mean of each group" if own.all() else "mean of each group, or of all" if own.any() else "mean of all"


def _jitter(n):
    """Places between 0 and 1 that spread evenly in any order; the same in every run."""
    return np.arange(1, n + 1) * 0.6180339887498949 % 1


def _panel(axes, fit, j, natural, labelled, groups):
    values = (fit.natural if natural else fit.unconstrained)[:, j]
    good = np.isfinite(values)
    low, high = _window(values[good & ~fit.flagged])
    beyond = int((good & ((values < low) | (values > high))).sum())
    good &= (low <= values) & (values <= high)
    function = _checked(fit, j) if natural else scales.function_of("identity")
    same = fit.group_status[j] in SAME and fit.kind == "estimate"
    if groups:
        height, good = np.full(len(values), np.nan), good & (groups.index >= 0)
        bases, first = _bases(groups)
        for k, base in enumerate(bases):
            members = groups.index == k
            height[members] = base - 0.1 - 0.45 * _jitter(int(members.sum()))
            _band(axes, fit, values, height, good & members, not same, base, (look.SERIES[k], look.SERIES[k]))
            if function is not None and np.isfinite(groups.mean[k, j]):
                _mean_of_group(axes, fit, j, function, groups.mean[k, j], groups.se[k, j], base)
        bottom, mean_at, top = bases[-1] - 0.7, first + 0.2, 0
    else:
        height = -0.28 - 0.5 * _jitter(len(values))
        top = _band(axes, fit, values, height, good, not same, 0, (look.BLUE, look.SKY))
        bottom, mean_at = -0.9, -0.13
    if fit.kind != "none" and not (groups and function is not None and np.isfinite(groups.mean[:, j]).any()):
        _group(axes, fit, j, function, natural, top, same, (mean_at, bottom, not groups))
    axes.set_ylim(bottom, first + 0.45 if groups else 1.12)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _limits(axes, fit, j, np.concatenate([values[good], *_ends_of_groups(fit, j, function, groups)]), function, same)
    look.few_ticks(axes, x=4)
    remarks = ([SAME[fit.group_status[j]]] if same else []) + ([f"{beyond} beyond this axis"] if beyond else [])
    axes.text(0, 1.02, "; ".join(remarks), transform=axes.transAxes, va="bottom", size=look.SMALL)
    axes.set_title(look.shorten(fit.names[j], 30), loc="left", weight="bold", pad=14 if remarks else None)
    _labels(axes, fit, values, height, [s for s in labelled if good[s]], bottom)


def _ends_of_groups(fit, j, function, groups):
    """What the groups' own means and intervals need of the axis."""
    if not groups or function is None:
        return []
    found = [_interval(fit, j, mean, se) for mean, se in zip(groups.mean[:, j], groups.se[:, j]) if np.isfinite(mean)]
    return [function(ends) for ends in found if ends is not None] + [function(groups.mean[np.isfinite(groups.mean[:, j]), j])]


def _interval(fit, j, mean, se):
    """Ends of the 95 % interval of a group's own mean, with the same t as that of the mean of all; None where there is none."""
    if not (np.isfinite(se) and fit.mu_se[j] > 0 and np.isfinite(fit.mu_upper[j])):
        return None
    return mean + np.array([-1, 1]) * (fit.mu_upper[j] - fit.mu_lower[j]) / 2 / fit.mu_se[j] * se


def _mean_of_group(axes, fit, j, function, mean, se, base):
    """A group's own mean and interval."""
    ends = _interval(fit, j, mean, se)
    if ends is not None:
        axes.plot(function(ends), [base + 0.06, base + 0.06], color=look.BLACK, lw=1.5, zorder=5, solid_capstyle="butt")
    axes.plot(function(np.array([mean])), [base + 0.06], marker="D", ms=4, color=look.BLACK, zorder=6, clip_on=False)


def _window(values):
    """From where to where values are shown: all of them, but for those which are so far from most that nothing else could be seen,
    as estimates without a group may be on the natural scale."""
    if len(values) < FEW:
        return -np.inf, np.inf
    low, high = np.percentile(values, [25, 75])
    reach = 10 * (high - low)
    if not reach or values.max() - values.min() <= 6 * reach:
        return -np.inf, np.inf
    return low - reach, high + reach


def _bases(groups):
    """Where each group's band has its line between dots and distribution, which small groups do not have; how high the first one is."""
    size = [1.0 if (groups.index == k).sum() >= FEW else 0.1 for k in range(len(groups.names))]
    bases = [0.0]
    for height in size[1:]:
        bases.append(bases[-1] - 0.7 - height)
    return bases, size[0]


def _band(axes, fit, values, height, shown, spread, base, colours):
    """Dots of these subjects and, above them, their distribution; returns what height 1 of that stands for."""
    normal, odd = shown & ~fit.flagged, shown & fit.flagged
    axes.scatter(values[normal], height[normal], color=colours[0], zorder=2, **look.points_style(len(values)))
    axes.scatter(values[odd], height[odd], marker="^", s=12, facecolors="none", edgecolors=look.VERMILLION, linewidths=0.7, zorder=3,
                 rasterized=len(values) > look.MANY)
    found = density(values[normal]) if spread else None
    if found is None:
        return 0
    place, curve = found
    axes.fill_between(place, base, base + curve / curve.max(), color=colours[1], alpha=0.5 if colours[1] == look.SKY else 0.35, lw=0,
                      zorder=1)
    return curve.max()


def _checked(fit, j):
    """The transform as a function, if it gives the natural values that the fit has."""
    function = scales.function_of(fit.transforms[j])
    if function is None:
        return None
    x, n = fit.unconstrained[:, j], fit.natural[:, j]
    good = np.isfinite(x) & np.isfinite(n)
    return function if np.allclose(function(x[good]), n[good], rtol=1e-6, atol=1e-9) else None


def density(values, points=200):
    """Kernel density (Gaussian, Silverman's width) between the least and the largest value; None of few values or without spread."""
    n = len(values)
    if n < FEW:
        return None
    quartiles = np.percentile(values, [25, 75])
    spread = min(values.std(ddof=1), (quartiles[1] - quartiles[0]) / 1.349) or values.std(ddof=1)
    if not spread > 1e-9 * max(1e-30, abs(values).max()):
        return None
    width = 0.9 * spread * n ** -0.2
    place = np.linspace(values.min(), values.max(), points)
    height = np.exp(-0.5 * ((place[:, None] - values[None, :]) / width) ** 2).sum(axis=1) / (n * width * np.sqrt(2 * np.pi))
    return place, height


def _group(axes, fit, j, function, natural, top, same, where):
    """The group's density, mean and interval. where: height of the mean, lower end of the axes, whether there is a density."""
    mean_at, bottom, with_density = where
    if with_density and function is not None and fit.variance[j] > 0 and not fit.has_covariates and np.isfinite(fit.mu[j]):
        place, height = scales.group_density(function, fit.mu[j], fit.variance[j])
        scale = top or height.max()
        low, high = np.min(place), np.max(place)
        axes.plot(place, height / scale, color=look.BLACK, lw=0.8, ls=(0, (3, 1.5)), zorder=4,
                  scalex=False, clip_on=True)
        axes.update_datalim([(low, 0), (high, 0)])
    mean = fit.natural_median[j] if natural else fit.mu[j]
    if not np.isfinite(mean):
        return
    if function is not None and np.isfinite(fit.mu_lower[j]):
        ends = function(np.array([fit.mu_lower[j], fit.mu_upper[j]]))
        far = 1e3 * max(1, abs(mean))  # beyond the axis, for an interval without an end
        axes.plot(np.where(np.isinf(ends), far, ends), [mean_at, mean_at], color=look.BLACK, lw=1.5, zorder=5, solid_capstyle="butt")
    axes.plot([mean], [mean_at], marker="D", ms=4, color=look.BLACK, zorder=6, clip_on=False)
    if same:
        axes.plot([mean, mean], [bottom + 0.05, 0.35], color=look.GREY, lw=0.8, zorder=1)


def _limits(axes, fit, j, values, function, same):
    """Wide enough for everybody and for the group; a single value gets a surrounding."""
    ends = list(values)
    if function is not None and np.isfinite(fit.mu[j]):
        reach = 1.0 if same or not fit.variance[j] > 0 else 2 * np.sqrt(fit.variance[j])
        if not np.isfinite(fit.mu_lower[j]) or len(values) < 3 or same:
            ends += list(function(fit.mu[j] + np.array([-reach, reach])))
        if np.isfinite(fit.mu_lower[j]):
            ends += list(function(np.array([fit.mu_lower[j], fit.mu_upper[j]])))
    elif np.isfinite(fit.natural_median[j]):
        ends.append(fit.natural_median[j])
    ends = [end for end in ends if np.isfinite(end)]
    if not ends:
        axes.text(0.5, 0.5, "no estimates", transform=axes.transAxes, ha="center", size=look.SMALL)
        return
    low, high = min(ends), max(ends)
    middle = (low + high) / 2
    pad = 0.06 * (high - low) if high - low > 0.01 * abs(middle) else max(0.05 * abs(middle), 1e-9)
    axes.set_xlim(low - pad, high + pad)


def _labels(axes, fit, values, height, shown, bottom):
    """Names of the subjects asked for, each in a row of its own below the dots: on the left half they stand to the right of the line
    that leads to them, the rightmost one first, on the right half the other way round; so no line meets another one's name."""
    if not shown:
        return
    middle = sum(axes.get_xlim()) / 2
    right = sorted((s for s in shown if values[s] > middle), key=lambda s: values[s])
    left = sorted((s for s in shown if values[s] <= middle), key=lambda s: -values[s])
    names = dict(zip(shown, look.short_names([fit.ids[s] for s in shown], 14)))
    for row, s in enumerate(right + left):
        y = bottom - 0.1 - 0.22 * row
        axes.scatter([values[s]], [height[s]], s=20, facecolors="none", edgecolors=look.BLACK, linewidths=0.8, zorder=7)
        axes.plot([values[s]] * 2, [height[s], y], lw=0.5, color=look.GREY, zorder=1)
        axes.annotate(names[s], (values[s], y), size=look.SMALL, va="center", ha="right" if s in right else "left",
                      xytext=(-2 if s in right else 2, 0), textcoords="offset points", zorder=8)
    axes.set_ylim(bottom - 0.22 - 0.22 * (len(shown) - 1), axes.get_ylim()[1])
