"""Measures emlib against named rivals on the same data, and how its time grows. Installs what is missing (as root, Debian or
Ubuntu; see scripts/setup --for-bench), builds emlib, prints one table and writes it to FOLDER: table.md, table.csv,
bench.png, bench.svg. Every ratio is one of figures taken in this run; what is absent is skipped with a note.

parts:
  yardstick  one rank against scripts/bench.d/yardstick.c: what one core can do for the model rw
  python     against the same algorithm in Python (scipy, finite differences, joblib on all cores): plain and numpy
  tmb        against TMB, an R package with exact derivatives: the same model, Laplace evidence maximised
  ranks      the same data on 1, 2, 4 ... ranks, as far as there are cores
  growth     time against subjects, trials and parameters
  checkpoint keeping the state of an unfinished fit as often as it is ever kept, against never
  network    messages between two ranks, and from that the messages of one EM iteration on 10, 1,000 and 10,000 ranks (computed)

On two quiet cores all of it takes about five minutes, after installing and building; --quick takes less than one and leaves
out tmb, whose template takes half a minute to compile. Leave the machine alone meanwhile: repeats are interleaved and
medians taken, but two programs on one core are slower than one.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PARTS = ("yardstick", "python", "tmb", "ranks", "growth", "checkpoint", "network")


def options():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=os.path.join(ROOT, "bench"), help="where the results go (default: bench/ in the checkout)")
    parser.add_argument("--only", metavar="PART[,PART]", help="these parts only")
    parser.add_argument("--quick", action="store_true", help="small sizes, few repeats: to see that it works, not how fast")
    parser.add_argument("--long", action="store_true", help="the numpy variant of python at 100 and 1,000 subjects, too: five minutes more")
    parser.add_argument("--emlib", metavar="PROGRAM", help="this program; nothing is installed or built")
    o = parser.parse_args()
    o.parts = o.only.split(",") if o.only else [p for p in PARTS if not (o.quick and p == "tmb")]
    for p in o.parts:
        if p not in PARTS:
            parser.error(f"no part is called '{p}'; there are {', '.join(PARTS)}")
    if o.emlib and not os.access(o.emlib, os.X_OK):
        parser.error(f"{o.emlib} is not a program")
    return o


def prepare():
    """Installs and builds; returns the program."""
    if subprocess.run([os.path.join(ROOT, "scripts", "setup"), "--for-bench"]).returncode:
        print("scripts/bench: going on with what is there", file=sys.stderr)
    print("== building emlib", file=sys.stderr, flush=True)
    built = subprocess.run(["bash", "-euc", 'source "$0" && build_program', os.path.join(ROOT, "scripts", "common.sh")])
    if built.returncode:
        sys.exit(1)
    return os.path.join(ROOT, "build", "bin", "emlib")


def measure(emlib, o):
    """Returns the rows, a line for each part that was skipped, one for each that failed, and what other programs took."""
    import growth
    import many_ranks
    import rivals
    from tools import Absent, Failed, Others, say

    what = {"yardstick": rivals.yardstick, "python": rivals.python, "tmb": rivals.tmb, "ranks": growth.ranks, "growth": growth.growth, "checkpoint": growth.checkpoints, "network": many_ranks.network}
    rows, skipped, failed, others = [], [], [], {}
    for part in (p for p in PARTS if p in o.parts):
        say(f"== {part}")
        meanwhile = Others()
        try:
            for row in what[part](emlib, o):  # what a part has measured before it fails counts
                rows.append(row)
        except Absent as e:
            skipped.append(f"skipped: {part}: {e}")
        except Failed as e:
            failed.append(f"FAILED: {part}: {e}")
        except Exception as e:  # one part must not take the others with it
            traceback.print_exc()
            failed.append(f"FAILED: {part}: {type(e).__name__}: {e}")
        others[part] = meanwhile.share()
    return rows, skipped, failed, others


def main():
    o = options()
    program = os.path.abspath(o.emlib) if o.emlib else prepare()
    try:
        import table
        from tools import CORES, Emlib
    except ImportError as e:
        sys.exit(f"scripts/bench: {e}; Debian's python3-numpy and python3-h5py are needed")
    o.folder = os.path.abspath(o.folder)
    results = [os.path.join(o.folder, f) for f in ("table.md", "table.csv", "bench.png", "bench.svg")]
    try:
        os.makedirs(o.folder, exist_ok=True)
        for old in filter(os.path.exists, results):
            os.remove(old)
    except OSError as e:
        sys.exit(f"scripts/bench: {e}")
    began = time.time()
    with tempfile.TemporaryDirectory(prefix="work-", dir=o.folder) as work:
        rows, skipped, failed, others = measure(Emlib(program, work), o)
    head = f"{CORES} cores. Cases are model, subjects x trials; values are medians of repeats." + (" Small sizes (--quick)." if o.quick else "")
    head += " Other programs took of the cores meanwhile: " + ", ".join(f"{part} {share:.0%}" for part, share in others.items()) + ".\n\n"
    tail = "".join("\n" + line for line in skipped + failed) + ("\n" if skipped + failed else "")
    with open(os.path.join(o.folder, "table.md"), "w") as f:
        f.write(head + table.markdown(rows, padded=False) + tail)
    table.write_csv(rows, os.path.join(o.folder, "table.csv"))
    print(head + table.markdown(rows, padded=True) + tail)
    try:
        import plot
        plot.draw(rows, o.folder)
    except ImportError as e:
        print(f"skipped: the plot: {e} (Debian: python3-matplotlib)")
    except Exception as e:
        traceback.print_exc()
        failed.append(f"FAILED: the plot: {e}")
        print(failed[-1])
    print(f"{time.time() - began:.0f} s. In {o.folder}: " + " ".join(os.path.basename(f) for f in results if os.path.exists(f)))
    sys.exit(1 if failed else 0)


main()
