"""How pictures look: colours that colour-blind readers tell apart (Okabe & Ito), sizes for print, titles, legends and notes.

No text is smaller than 7 points at the final size, which is given in millimetres.
"""
import contextlib
import io
import math
import os
import re
import textwrap
import warnings

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import MaxNLocator

from .problem import Problem

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
GREY, PALE = "#595959", "#D9D9D9"
SERIES = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK)  # yellow lines are hard to see on paper
MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # where colours alone would have to tell what belongs to what
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)))
SMALL, NORMAL, LARGE = 7, 8, 9  # points
MANY = 300  # from so many points on, they are drawn smaller, paler, and as pixels
MARGIN = 2.0  # mm around everything
WIDTH, LEAST, MOST = 180.0, 60.0, 2000.0  # mm; pictures without --width; limits
PNG_DPI = 300
FORMATS = ("png", "svg", "pdf")

_STYLE = {
    "font.size": NORMAL, "axes.titlesize": NORMAL, "axes.labelsize": NORMAL,
    "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "legend.fontsize": SMALL, "axes.spines.top": False,
    "axes.spines.right": False, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4, "ytick.minor.width": 0.4, "lines.linewidth": 1.2, "axes.axisbelow": True,
    "text.parse_math": False,  # names are other people's text: a $ in them is a $
    "text.usetex": False, "axes.unicode_minus": True, "svg.hashsalt": "emlib", "pdf.fonttype": 42, "savefig.dpi": PNG_DPI,
    "figure.dpi": PNG_DPI, "axes.formatter.useoffset": False, "path.simplify": True}


# For names in scripts that DejaVu Sans does not have, where one of them is installed.
_MORE_FONTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "IPAGothic", "Noto Sans Arabic", "Noto Sans Devanagari")


@contextlib.contextmanager
def style():
    """The settings of every picture; to be used as `with style():` around drawing and saving."""
    known = {font.name for font in fontManager.ttflist}
    fonts = ["DejaVu Sans", *(name for name in _MORE_FONTS if name in known)]
    with matplotlib.rc_context({**_STYLE, "font.family": fonts}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # render() tells
        yield


def shorten(text, most=24):
    """At most so many characters: the beginning and the end, where names mostly differ."""
    text = "".join(c if c.isprintable() else "?" for c in str(text))
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return text[:most - 1 - end] + "…" + text[len(text) - end:]


def short_names(names, most):
    """The names in at most so many characters each; what all of them begin or end with goes first, so that they stay different."""
    if len(names) < 2 or max(map(len, names)) <= most:
        return [shorten(name, most) for name in names]
    begin = len(os.path.commonprefix(names))
    end = len(os.path.commonprefix([name[begin:][::-1] for name in names]))
    spare = max(0, most - 2 - max(len(name) - begin - end for name in names))
    begin, end = (max(0, begin - spare), end) if begin > 2 else (0, end)
    end = end if end > 2 else 0
    parts = [("…" if begin else "") + name[begin:len(name) - end] + ("…" if end else "") for name in names]
    return [shorten(part, most) for part in parts]


def number(value):
    """A number for a label: three digits, no more zeros than are needed."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.2f}" if 0.01 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"
    return text.replace("-", "−")


def points_style(n):
    """Size and opacity of n points, and whether they become pixels in SVG and PDF."""
    if n > MANY:
        return {"s": 3.5, "alpha": 0.35, "linewidths": 0, "rasterized": True}
    return {"s": 9 if n > 60 else 14, "alpha": 0.65, "linewidths": 0}


def count(n, thing):
    """1 subject, 2 subjects."""
    return f"{n} {thing}{'s' * (n != 1)}"


def few_ticks(axes, x=None, y=None):
    """Short axes carry few tick labels, so that these do not touch."""
    if x:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=x, steps=[1, 2, 2.5, 5, 10]))
    if y:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=y, steps=[1, 2, 2.5, 5, 10]))


class Sheet:
    """One picture: title and legend on top, axes below them, a note at the bottom.

    width, height: mm; without a height the axes get `body` mm, and the rest is added.
    """

    def __init__(self, body, choice, note=None, handles=()):
        self.width = choice.width or WIDTH
        self.figure = Figure(figsize=(self.width / 25.4, 1), layout="constrained")
        FigureCanvasAgg(self.figure)
        title = choice.title
        top = self._wrapped(title, LARGE, "bold") if title else None
        bottom = self._wrapped(note, SMALL) if note else None
        legend = self._legend(handles) if handles else None
        lines = {"title": self._height(top, LARGE), "note": self._height(bottom, SMALL), "legend": legend[1] if legend else 0}
        frame = sum(lines.values()) + 2 * MARGIN
        if choice.height and choice.height < frame + 0.7 * body:
            raise Problem(f"--height {choice.height:g} leaves no room for the axes; {math.ceil(frame + 0.7 * body)} mm is the least here")
        height = choice.height or min(body + frame, 4 * MOST)
        self.figure.set_size_inches(self.width / 25.4, height / 25.4)
        y = 1 - MARGIN / height
        if top:
            self.figure.text(MARGIN / self.width, y, top, va="top", size=LARGE, weight="bold")
            y -= lines["title"] / height
        if legend:
            self._place_legend(handles, legend[0], y)
            y -= lines["legend"] / height
        if bottom:
            self.figure.text(MARGIN / self.width, MARGIN / height, bottom, va="bottom", size=SMALL, color=GREY)
        low = (MARGIN + lines["note"]) / height
        self.figure.get_layout_engine().set(rect=(MARGIN / self.width, low, 1 - 2 * MARGIN / self.width, y - low),
                                            w_pad=0.04, h_pad=0.04, wspace=0.04, hspace=0.04)

    def _measure(self, text, size, weight="normal"):
        artist = self.figure.text(0, 0, text, size=size, weight=weight)
        width = artist.get_window_extent(self.figure.canvas.get_renderer()).width / self.figure.dpi * 25.4
        artist.remove()
        return width

    def _wrapped(self, text, size, weight="normal"):
        """The text with line breaks where the picture ends."""
        room = self.width - 2 * MARGIN
        lines = []
        for paragraph in text.splitlines():
            line = ""
            for word in paragraph.split():
                while self._measure(word, size, weight) > room and len(word) > 4:
                    word = shorten(word, len(word) - 3)
                longer = f"{line} {word}".strip()
                if line and self._measure(longer, size, weight) > room:
                    lines.append(line)
                    longer = word
                line = longer
            lines.append(line)
        return "\n".join(lines)

    @staticmethod
    def _height(text, size):
        return (text.count("\n") + 1) * size * 1.25 * 25.4 / 72 + 1.5 if text else 0

    def _legend(self, handles):
        """Columns that fit, and the height in mm."""
        for columns in range(len(handles), 0, -1):
            legend = self._place_legend(handles, columns, 1)
            box = legend.get_window_extent(self.figure.canvas.get_renderer())
            legend.remove()
            if box.width / self.figure.dpi * 25.4 <= self.width - 2 * MARGIN or columns == 1:
                return columns, box.height / self.figure.dpi * 25.4 + 1
        return 1, 0

    def _place_legend(self, handles, columns, y):
        return self.figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(MARGIN / self.width, y), ncol=columns, frameon=False,
                                  borderaxespad=0, borderpad=0.2, handletextpad=0.5, columnspacing=1.4, labelspacing=0.35)

    def grid(self, rows, columns, **options):
        """Axes [rows][columns]."""
        return self.figure.subplots(rows, columns, squeeze=False, **options)


def panels(count, width, least):
    """Rows and columns for so many panels, each at least so many mm wide."""
    columns = max(1, min(count, int((width or WIDTH) // least)))
    rows = math.ceil(count / columns)
    return rows, math.ceil(count / rows)


def hide_rest(grid, count):
    """Panels of the grid that stay empty."""
    for axes in list(grid.flat)[count:]:
        axes.set_visible(False)
        axes.set_in_layout(False)


def settle(figure):
    """Lays the picture out, once for all formats; titles and labels that are longer than what they belong to get several lines."""
    figure.draw_without_rendering()
    if any([_fit_texts(axes, figure.canvas.get_renderer()) for axes in figure.axes if axes.get_visible()]):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


def _fit_texts(axes, renderer):
    """Whether a text was too long."""
    box, changed = axes.get_window_extent(renderer), False
    beside = axes._right_title.get_window_extent(renderer).width / box.width + 0.03 if axes._right_title.get_text() else 0
    for text, room in ((axes._left_title, 1 - beside), (axes.xaxis.label, 1), (axes.yaxis.label, 1)):
        extent = text.get_window_extent(renderer)
        length, most = (extent.height, box.height) if text is axes.yaxis.label else (extent.width, box.width * room)
        if text.get_text() and length > most + 1:
            text.set_text(_broken(text.get_text(), most / length))
            changed = True
    return changed


def balanced(text, most):
    """Lines of at most so many characters, as few as that needs and of about the same length; words stay whole."""
    if not text.strip():
        return [text]
    for width in range(math.ceil(len(text) / math.ceil(len(text) / most)), most + 1):
        lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        if len(lines) <= math.ceil(len(text) / most):
            return lines
    return textwrap.wrap(text, most, break_long_words=False, break_on_hyphens=False)


def _broken(text, share):
    """Every line of the text in lines of this share of its longest one's length."""
    most = max(6, int(max(map(len, text.splitlines())) * share))
    return "\n".join(shorten(part, most) for line in text.splitlines() for part in balanced(line, most))


def render(figure, kind):
    """The picture as bytes, of a settled figure; the same picture gives the same bytes, and whether the font lacks characters."""
    stream = io.BytesIO()
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None,
                                                                                           "Producer": None}}[kind]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        figure.savefig(stream, format=kind, dpi=PNG_DPI, metadata=metadata)
    missing = any("Glyph" in str(w.message) for w in said)
    content = stream.getvalue()
    return _named_in_order(content) if kind == "svg" else content, missing


def _named_in_order(svg):
    """Names of clipping paths are made from the last bits of places; numbers in their order take their place."""
    names = dict.fromkeys(re.findall(rb'<clipPath id="(p[0-9a-f]{10})"', svg))
    number = {name: b"clip%d" % k for k, name in enumerate(sorted(names, key=svg.index), 1)}
    return re.sub(rb"p[0-9a-f]{10}\b", lambda found: number.get(found[0], found[0]), svg)
