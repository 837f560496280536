"""individuals: what single people did, and what the model says of it, trial by trial."""
import numpy as np
from matplotlib.lines import Line2D

from . import look
from .problem import Problem
from .sources import Fit, model_about, options_of, trials_of

NAME = "individuals"
FILES = "FIT.h5"
ABOUT = "single subjects, trial by trial: their choices, and the model's probability of them or another column of the trials table"
EXAMPLE = "emlib-plot individuals rw.h5 --subjects sub-01,sub-07 -o individuals.pdf"
OPTIONS = ("subjects",)
SUBJECTS = "are shown (default: six, from the best to the worst described)"
DEFAULT = 6


def extra(parser):
    parser.add_argument("--column", metavar="NAME", help="draw this column of 'emlib export --table trials', such as value or pe")
    parser.add_argument("--model", metavar="FILE.so", help="the model of a fit of a compiled model, which is code")
    parser.add_argument("--data", metavar="DATA.h5", help="the dataset, where it is no longer at the place that the fit names")


def read(paths, options=None):
    fit = Fit(paths[0])
    table = trials_of(fit, getattr(options, "data", None), getattr(options, "model", None))
    return fit, table, getattr(options, "column", None)


def _chosen(fit, wanted):
    """Rows of the subjects asked for, or some from the best described one to the worst, by log-likelihood a trial."""
    if wanted:
        return fit.subjects_of(wanted)
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(fit.flagged, np.nan, fit.log_likelihood / fit.trials)
    order = [s for s in np.argsort(-score, kind="stable") if np.isfinite(score[s])]
    if not order:
        raise Problem(f"{fit.path}: there is no subject with an estimate")
    places = np.unique(np.linspace(0, len(order) - 1, min(DEFAULT, len(order))).round().astype(int))
    return [order[k] for k in places]


class _Content:
    """What is drawn: the columns of choices, the line, its name, and whether it is the probability of option 1."""

    def __init__(self, fit, table, column):
        about = model_about(fit)
        responses = [c for c in about["columns"] if c["role"] == "response"] or [{"name": "choice", "codes": "K"}]
        named = [c["name"] for c in responses if c["name"] in table]
        self.choices = [name for name in named if self._is_choice(table[name])]
        others = [name for name in named if name not in self.choices]
        self.dots = others[0] if others and not (column and self.choices) else None
        self.is_probability, self.line, self.name = False, None, column
        probability = table["p_choice"].to_numpy(float) if "p_choice" in table else None
        if column:
            if column not in table:
                raise Problem(f"{fit.path}: the table of trials has no column {column}; it has {', '.join(map(str, table.columns))}")
            try:
                self.line = table[column].to_numpy(float)
            except (TypeError, ValueError):
                raise Problem(f"{fit.path}: the column {column} of the table of trials is not numeric") from None
        elif probability is not None and len(named) == 1 and self.choices and _two_options(fit, responses, table, named[0]):
            self.is_probability = True
            chosen = codes(table[named[0]])
            self.line = np.where(np.isnan(chosen), np.nan, np.where(chosen == 1, probability, 1 - probability))
            self.name = f"probability of {named[0]} = {self._label(table[named[0]])}"
        elif probability is not None and self.choices and len(named) == len(self.choices):
            self.line, self.name = probability, "probability of what was chosen"
        elif not (self.dots and self.choices):
            latents = [latent["name"] for latent in about["latents"] if latent["name"] in table]
            if latents:
                self.name, self.line = latents[0], table[latents[0]].to_numpy(float)
        if self.line is None and not self.choices and not self.dots:
            raise Problem(f"{fit.path}: the table of trials has neither choices nor latent variables to draw; --column names a column")

    @staticmethod
    def _is_choice(column):
        return column.dtype == object or column.dropna().mod(1).eq(0).all() and column.nunique() <= 10

    @staticmethod
    def _label(column):
        options = sorted(column.dropna().unique())
        return look.shorten(options[-1], 14) if column.dtype == object and options else "1"


def _two_options(fit, responses, table, name):
    """Whether one of two options was chosen, so that the other one has the rest of the probability; not where a third one was there and
    nobody took it."""
    column = table[name]
    known = next(c["codes"] for c in responses if c["name"] == name)
    texts = column.dtype == object
    if not isinstance(known, int):
        known = fit.about["options"].get("options") or (options_of(table, name) if texts else 2)
    return known == 2 and (column.nunique() == 2 if texts else set(column.dropna().unique()) <= {0, 1})


def codes(column):
    """Choices as 0, 1, ...; texts in their order."""
    if column.dtype == object:
        options = {name: k for k, name in enumerate(sorted(column.dropna().unique()))}
        return column.map(options).to_numpy(float)
    return column.to_numpy(float)


def smoothed(values, width):
    """Moving average over what is not missing."""
    good = np.isfinite(values)
    kernel = np.ones(width)
    count = np.convolve(good, kernel, "same")
    total = np.convolve(np.where(good, values, 0), kernel, "same")
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / count, np.nan)


def draw(source, choice):
    fit, table, column = source
    rows_of = _chosen(fit, choice.subjects)
    content = _Content(fit, table, column)
    where = {name: part for name, part in table.groupby(table.columns[0], sort=False).indices.items()}
    down, across = look.panels(len(rows_of), choice.width, 85)
    sheet = look.Sheet(down * 38, choice, _note(fit, content), _handles(content, table))
    grid = sheet.grid(down, across)
    names = look.short_names([fit.ids[s] for s in rows_of], 16)
    for axes, s, name in zip(grid.flat, rows_of, names):
        rows = where.get(fit.ids[s])
        if rows is None:
            raise Problem(f"{fit.path}: the table of trials has no rows of subject {fit.ids[s]}")
        _panel(axes, table.iloc[rows], content, rows)
        _title(axes, fit, s, name)
    for axes in list(grid.flat)[max(0, len(rows_of) - across):len(rows_of)]:
        axes.set_xlabel("trial")
    look.hide_rest(grid, len(rows_of))
    return sheet.figure


def _title(axes, fit, s, name):
    axes.set_title(name + (" (flagged)" if fit.flagged[s] else ""), loc="left", weight="bold",
                   color=look.VERMILLION if fit.flagged[s] else look.BLACK)
    if np.isfinite(fit.log_likelihood[s]) and fit.trials[s]:
        axes.set_title(f"log-likelihood {look.number(fit.log_likelihood[s] / fit.trials[s])} a trial", loc="right", size=look.SMALL)


def _panel(axes, part, content, rows):
    trial = np.arange(1, len(part) + 1)
    many = {"rasterized": len(part) > 1000}
    if content.dots:
        _dots(axes, part, content, trial, many)
    low, high = 0, 1
    if content.line is not None:
        line = content.line[rows]
        axes.plot(trial, line, color=look.BLUE, lw=1, zorder=3)
        good = line[np.isfinite(line)]
        if not content.is_probability and len(good) and content.name != "probability of what was chosen":
            low, high = good.min(), max(good.max(), good.min() + 1e-9)
        if not content.dots:
            axes.set_ylabel("probability" if "probability" in str(content.name) else look.shorten(content.name, 18))
    if content.is_probability:
        chosen = codes(part[content.choices[0]])
        axes.plot(trial, smoothed(chosen, _window(len(part))), color=look.ORANGE, lw=1.2, ls="--", zorder=2)
        for option, y in ((0, -0.09), (1, 1.09)):
            at = trial[chosen == option]
            axes.plot(at, np.full(len(at), y), ls="", marker="|", ms=4, mew=0.6, color=look.BLACK, **many)
        axes.set_ylim(-0.16, 1.16)
        axes.set_yticks([0, 0.5, 1])
    elif content.choices and not content.dots:
        _strips(axes, part, content, trial, low, high, many)
    axes.set_xlim(0, len(part) + 1)
    axes.xaxis.get_major_locator().set_params(integer=True, nbins=6)


def _dots(axes, part, content, trial, many):
    """Responses that are not choices, such as response times, coloured by the choice that goes with them."""
    values = part[content.dots].to_numpy(float)
    chosen = codes(part[content.choices[0]]) if content.choices else np.zeros(len(part))
    for k, option in enumerate(sorted(set(chosen[np.isfinite(chosen)]))):
        at = chosen == option
        colour = look.SERIES[k % len(look.SERIES)] if content.choices else look.BLACK
        axes.plot(trial[at], values[at], ls="", marker="o", ms=2.5 if len(part) <= 200 else 1.5, mew=0, color=colour, alpha=0.6, **many)
    axes.set_ylabel(look.shorten(content.dots, 18))


def _window(n):
    return max(5, 2 * (n // 20) + 1)


def _strips(axes, part, content, trial, low, high, many):
    """A row of ticks for each option of the first choice, above the line."""
    chosen = codes(part[content.choices[0]])
    options = sorted(set(chosen[np.isfinite(chosen)]))
    step = 0.09 * (high - low)
    for k, option in enumerate(options):
        at = trial[chosen == option]
        axes.plot(at, np.full(len(at), high + (k + 1.2) * step), ls="", marker="|", ms=4, mew=0.6,
                  color=look.SERIES[k % len(look.SERIES)], **many)
    axes.set_ylim(low - 0.06 * (high - low), high + (len(options) + 1.4) * step)
    if content.line is None:
        axes.set_yticks([])
    else:
        look.few_ticks(axes, y=4)
        axes.set_yticks([tick for tick in axes.get_yticks() if low - 1e-9 <= tick <= high + 1e-9])


def _handles(content, table):
    handles = []
    if content.line is not None:
        handles.append(Line2D([], [], color=look.BLUE, label=content.name if not content.is_probability else "model: " + content.name))
    if content.is_probability:
        column = table[content.choices[0]]
        options = sorted(column.dropna().unique()) if column.dtype == object else (0, 1)
        above, below = (look.shorten(options[k], 14) for k in (1, 0))
        handles += [Line2D([], [], color=look.ORANGE, ls="--", label="observed, moving average"),
                    Line2D([], [], color=look.BLACK, marker="|", ls="", ms=5, label=f"choices (above: {above}, below: {below})")]
    elif content.choices:
        chosen = table[content.choices[0]]
        for k, option in enumerate(sorted(chosen.dropna().unique())):
            name = option if chosen.dtype == object else f"{option:g}"
            marker = {"marker": "o", "ms": 3, "mew": 0} if content.dots else {"marker": "|", "ms": 5}
            label = f"{content.dots}, " if content.dots else ""
            handles.append(Line2D([], [], color=look.SERIES[k % len(look.SERIES)], ls="",
                                  label=f"{label}{content.choices[0]} = {look.shorten(name, 14)}", **marker))
    elif content.dots:
        handles.append(Line2D([], [], color=look.BLACK, marker="o", ls="", ms=2, alpha=0.5, label=f"observed {content.dots}"))
    return handles


def _note(fit, content):
    text = f"{fit.model}, at each subject's estimate."
    if content.is_probability:
        text += " Probabilities are given everything that came before the trial; the moving average runs over a tenth of the trials."
    if content.dots and content.line is None:
        text += (f" The table of trials has no prediction of {content.dots}, so data alone are shown; the table of 'emlib predict', drawn by "
                 "'emlib-plot prediction', sets the model against them.")
    return text
