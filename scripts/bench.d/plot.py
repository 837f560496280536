"""Panels of the rows: rivals, yardstick, ranks, growth, network. A panel without rows is left out."""
import os
import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

# Okabe & Ito: told apart by colour-blind readers, too
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
STYLE = {"emlib": (BLUE, "o"), "yardstick": (BLACK, "s"), "EM in Python (plain)": (ORANGE, "^"), "EM in Python (numpy)": (RED, "v"), "TMB": (GREEN, "D")}


def subjects_of(row):
    return int(re.search(r"([\d,]+) x", row.case).group(1).replace(",", ""))


def plain(axis):
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def logs(ax, x="", y=""):
    ax.set_xscale("log")
    ax.set_yscale("log")
    plain(ax.xaxis)
    plain(ax.yaxis)
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def rivals(ax, rows):
    for name in [n for n in STYLE if any(r.first == n for r in rows)]:
        mine = [r for r in rows if r.first == name]
        ax.plot([subjects_of(r) for r in mine], [r.first_value for r in mine], color=STYLE[name][0], marker=STYLE[name][1], label=name)
        for r in mine:
            ax.annotate(f"{r.ratio:,.0f} x", (subjects_of(r), r.first_value), textcoords="offset points", xytext=(0, -13 if name == "EM in Python (plain)" else 7), ha="center", fontsize=7, color=STYLE[name][0])
    ours = dict(sorted((subjects_of(r), r.second_value) for r in rows))
    ax.plot(list(ours), list(ours.values()), color=STYLE["emlib"][0], marker=STYLE["emlib"][1], label="emlib, one core")
    logs(ax, "subjects, 200 trials each", "wall time of the whole process (s)")
    ax.set_xticks(list(ours))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(min(ours) / 1.4, max(ours) * 1.4)
    ax.set_ylim(top=ax.get_ylim()[1] * 6)  # room for the legend
    ax.legend(loc="upper left", ncols=2)
    ax.set_title("Same model, same data (numbers: times emlib's)")


def yardstick(ax, rows):
    short = {"fit, E- and M-steps (s)": "fit", "fit, E- and M-steps (s), --starts 1": "fit,\none start", "fit, E- and M-steps (s), plain EM, --starts 1": "fit, plain,\none start", "one evaluation (ns a trial)": "one\nevaluation",
             "evaluations of a subject": "evaluations", "EM iterations": "EM iterations"}
    rows = [r for r in rows if r.quantity in short][::-1]
    for i, r in enumerate(rows):
        ax.barh(i, r.ratio, height=0.55, color=SKY)
        ax.plot([r.ratio_min, r.ratio_max], [i, i], color=BLUE, lw=2)
        ax.text(max(r.ratio, r.ratio_max) + 0.03, i, f"{r.ratio:.2f}", va="center", fontsize=8)
    ax.axvline(1, color=BLACK, lw=1, ls="--")
    ax.set_yticks(range(len(rows)), [short[r.quantity] for r in rows])
    ax.set_xlim(0, max(r.ratio_max for r in rows) + 0.35)
    ax.set_xlabel("emlib / yardstick (line: least to largest)")
    ax.set_title("One core against the yardstick")


def ranks(ax, rows):
    for quantity, label, color, marker in (("fit, E- and M-steps (s)", "E- and M-steps", BLUE, "o"), ("whole fit, files included (s)", "with files", ORANGE, "^")):
        mine = [r for r in rows if r.quantity == quantity]
        n = [1] + [int(r.second.split()[0]) for r in mine]
        speed = [1] + [r.ratio for r in mine]
        ax.plot(n, speed, color=color, marker=marker, label=label)
        for r in mine:
            ax.plot([int(r.second.split()[0])] * 2, [r.ratio_min, r.ratio_max], color=color, lw=1)
    ax.plot(n, n, color=BLACK, lw=1, ls="--", label="in proportion")
    ax.set_xticks(n)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("ranks")
    ax.set_ylabel("speed-up over one rank")
    ax.legend()
    ax.set_title(f"Ranks: {rows[0].case}")


def sizes(ax, rows):
    for name, color, marker in (("subjects", BLUE, "o"), ("trials", ORANGE, "^")):
        mine = [r for r in rows if r.first.endswith(name)]
        if not mine:
            continue
        x, y = [int(r.first.split()[0].replace(",", "")) for r in mine], [r.first_value for r in mine]
        other = f"of {mine[0].case.split(' x ')[1]} trials" if name == "subjects" else f"of {subjects_of(mine[0]):,} subjects"
        ax.plot(x, y, color=color, marker=marker, label=f"{name} {other}")
        ax.plot(x, [y[-1] * a / x[-1] for a in x], color=color, lw=1, ls="--", label=f"in proportion to {name}")
    logs(ax, "subjects or trials", "E- and M-steps (s)")
    ax.legend()
    ax.set_title("Growth, one rank")


def parameters(ax, rows):
    x = [int(r.first.split()[0]) for r in rows]
    ax.plot(x, [r.first_value for r in rows], color=BLUE, marker="o")
    for n, r in zip(x, rows):
        ax.annotate(r.case.split(",")[0], (n, r.first_value), textcoords="offset points", xytext=(5, -10), fontsize=8)
    ax.set_xlim(min(x) - 0.5, max(x) + 1.5)
    ax.set_ylim(0, 1.15 * max(r.first_value for r in rows))
    ax.set_xticks(range(min(x), max(x) + 1))
    ax.set_xlabel("parameters of the model")
    ax.set_ylabel("one evaluation (ns a trial)")
    ax.set_title("Value, gradient and Hessian, one core")


def network(ax, rows):
    of = lambda r: int(re.search(r"([\d,]+) ranks", r.case).group(1).replace(",", ""))
    kinds = {}
    for r in rows:
        kinds.setdefault(r.first, []).append(r)
    e_step = {of(r): r.second_value for r in rows}
    ax.plot(list(e_step), list(e_step.values()), color=BLACK, marker="s", label="E-step of a rank")
    for (name, mine), color, marker in zip(kinds.items(), (BLUE, ORANGE), "o^"):
        ax.plot([of(r) for r in mine], [r.first_value for r in mine], color=color, marker=marker, label=name)
    logs(ax, "ranks", "one EM iteration (ms)")
    ax.legend()
    ax.set_title("A million subjects of 200 trials (computed)")


def draw(rows, folder):
    of = lambda *parts, quantity="": [r for r in rows if r.part in parts and r.quantity.startswith(quantity)]
    panels = [(rivals, of("python", "tmb", quantity="whole process")), (yardstick, of("yardstick")), (ranks, of("ranks")), (sizes, of("growth", quantity="fit")),
              (parameters, of("growth", quantity="one evaluation")), (network, of("network", quantity="one EM iteration"))]
    panels = [p for p in panels if p[1]]
    if not panels:
        return
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 8, "axes.titlesize": 10,
                         "svg.hashsalt": "emlib"})
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    fig, axes = plt.subplots(lines, columns, figsize=(4.6 * columns, 3.7 * lines), squeeze=False, layout="constrained")
    for ax, (panel, given) in zip(axes.flat, panels):
        panel(ax, given)
    for ax in axes.flat[len(panels):]:
        ax.axis("off")
    for kind in ("png", "svg"):
        fig.savefig(os.path.join(folder, f"bench.{kind}"), dpi=150)
    plt.close(fig)
