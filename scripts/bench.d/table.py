"""The one table of figures: rows, and how they are written."""
import csv
import math
from dataclasses import dataclass, fields


@dataclass
class Row:
    part: str
    case: str  # what was fitted, subjects x trials
    quantity: str  # what was measured, with its unit
    first: str  # name of what the first value belongs to
    first_value: float
    second: str = ""
    second_value: float = math.nan
    ratio: float = math.nan  # first / second, median over repeats
    ratio_min: float = math.nan
    ratio_max: float = math.nan
    remark: str = ""


# What holds for all rows of a part.
NOTES = {
    "yardstick": "both on one core, from the same start, tol 1e-6. emlib stops when EM's fixed point is estimated to be that near, the yardstick "
                 "when the last step is that small. emlib seeks each subject's maximum from several points and takes few, long steps to EM's fixed "
                 "point; the yardstick seeks it from one and takes EM's own steps, like emlib with --starts 1 --accelerate none (plain EM).",
    "python": "EM in Python uses all cores and stops when no group mean or variance changes by 1e-3; emlib uses one core and tol 1e-6. Distance: "
              "means in standard deviations, variances in logs, from the fixed point that emlib finds at tol 1e-8.",
    "tmb": "both on one core. TMB maximises the Laplace evidence, whose maximum is not EM's fixed point: its distance is that of the two answers, "
           "not an error.",
    "ranks": "the ratio is the speed-up. Group values are checked to be the same to the last bit. Waiting: of the slowest rank.",
    "growth": "one rank. Exponent 1: in proportion; how many evaluations EM takes depends on the data. One evaluation: value, gradient and Hessian "
              "of everybody; models differ in more than their parameters.",
    "checkpoint": "one rank. The ratio is what a fit takes more where its state is kept as often as it ever is, which is for 1 % of its time.",
    "network": "counted: the messages of an EM iteration; computed, see scripts/bench.d/many_ranks.py: their time on so many ranks, from what a "
               "message between two ranks of this machine costs, and from what is assumed of a cluster. E-step: this machine's time for the "
               "subjects of one rank, the mean over a fit.",
}


HEADS = ["part", "case", "quantity", "first", "second", "first / second (min to max)", "remark"]


def digits(x):
    """Three that matter."""
    if math.isnan(x):
        return ""
    if x == 0:
        return "0"
    if abs(x) < 1e-3:
        return f"{x:.1e}"
    x = float(f"{x:.3g}") if abs(x) < 1000 else x
    places = max(0, 2 - math.floor(math.log10(abs(x))))
    return f"{x:,.{places}f}"


def cells(row):
    value = lambda name, x: f"{name} {digits(x)}".strip() if name else ""
    ratio = digits(row.ratio)
    if not math.isnan(row.ratio_min) and row.ratio_min != row.ratio_max:
        ratio += f" ({digits(row.ratio_min)} to {digits(row.ratio_max)})"
    return [row.part, row.case, row.quantity, value(row.first, row.first_value), value(row.second, row.second_value), ratio, row.remark]


def markdown(rows, padded):
    lines = [HEADS] + [cells(r) for r in rows]
    width = [max(len(line[i]) for line in lines) if padded else 0 for i in range(len(HEADS))]
    lines.insert(1, ["-" * max(w, 3) for w in width])
    table = "".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, width)) + " |\n" for line in lines)
    there = {r.part for r in rows}
    return table + "".join(f"\n{part}: {note}\n" for part, note in NOTES.items() if part in there)


def write_csv(rows, path):
    names = [f.name for f in fields(Row)]
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(names + ["note"])
        for r in rows:
            values = [getattr(r, n) for n in names]
            values = ["" if isinstance(v, float) and math.isnan(v) else f"{v:.6g}" if isinstance(v, float) else v for v in values]
            out.writerow(values + [NOTES[r.part]])
