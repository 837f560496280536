"""What one EM iteration costs on more ranks than this machine has: computed, from what messages cost and from how emlib
communicates. A million subjects of 200 trials, model rw.

In one iteration (src/em.c) emlib makes
  SUMS sums over subjects (src/treesum.c). For each, all ranks agree that nothing went wrong (a reduction of one number and
  its way back), partial sums travel to rank 0, and the total is broadcast;
  one more agreement and SHARED small broadcasts.
With P ranks a reduction to all or a broadcast of few bytes takes ceil(log2 P) messages after one another. Partial sums
travel in one of two ways:
  each to rank 0   every rank sends its subtrees' sums there, and rank 0 takes them in one by one
  up a tree        ceil(log2 P) messages of n doubles after one another
A message takes latency + bytes / bandwidth; of many that come in at one rank, each takes the time of one more message.
"""
import math
import os
import shutil

from table import Row
from tools import CORES, HERE, Absent, pairs, run

WAY = "each to rank 0"  # how emlib does it now: src/treesum.c
PARAMETERS = 2
SUMS = [6 + PARAMETERS, PARAMETERS]  # doubles in each sum of an iteration: counts, evidence, points; squares
INNER = (2 * PARAMETERS + 1) * (2 * PARAMETERS + 2) // 2  # doubles: value, gradient, Hessian in means and variances
SHARED = [64 * 8, 16, 8]  # bytes: the next group, the step, the distance
CLUSTER = {"latency": 2e-6, "bandwidth": 10e9, "message": 1e-6}


def lanes():
    """How many subjects stand side by side in a vector: no rank has less than one such group."""
    with open("/proc/cpuinfo") as f:
        flags = set(f.read().split())
    return 8 if "avx512f" in flags else 4 if "avx2" in flags else 2


def subtrees(first, end, groups):
    """How many subtrees of the binary tree over groups lie wholly in [first, end) and in no larger one that does."""
    n, low = 0, first
    while low < end:
        block = low & -low if low else 1 << groups.bit_length()
        while min(low + block, groups) > end:
            block //= 2
        n, low = n + 1, low + block
    return n


def communication(ranks, groups, way, cost, inner):
    """Seconds of one iteration, rank 0's."""
    up = math.ceil(math.log2(ranks))
    message = lambda size: cost["latency"] + size / cost["bandwidth"]
    agreement = 2 * up * message(4)
    cut = [r * groups // ranks for r in range(ranks + 1)]
    sent = sum(subtrees(a, b, groups) for a, b in zip(cut[1:], cut[2:]))
    total = agreement + sum(up * message(s) for s in SHARED)
    for n in SUMS + [INNER] * inner:
        if way == "up a tree":
            travel = up * message(8 * n)
        else:
            travel = cost["latency"] + (ranks - 1) * cost["message"] + sent * 8 * n / cost["bandwidth"]
        total += agreement + travel + up * message(8 * n)
    return total


def network(emlib, o):
    if not shutil.which("mpicc") or not shutil.which("mpirun"):
        raise Absent("no mpicc or mpirun")
    if CORES < 2:
        raise Absent("one core only: messages between two ranks cannot be timed")
    program = emlib.path("network")
    run("mpicc", "-O2", os.path.join(HERE, "network.c"), "-o", program)
    here = pairs(run("mpirun", "--oversubscribe", "-n", 2, program)[0])
    subjects, trials = (400, 100) if o.quick else (2000, 200)
    fits = sorted((emlib.fit(emlib.simulate(subjects, trials)) for _ in range(3)), key=lambda f: f.e_step_seconds)
    fit = fits[1]
    per_trial = fit.e_step_seconds / fit.iterations / (subjects * trials)  # of one subject in one E-step
    width = lanes()
    groups = math.ceil(1_000_000 / width)
    yield from [
        Row("network", "2 ranks", "one small message, one way (us)", "this machine", here["latency"] * 1e6, "cluster, assumed", CLUSTER["latency"] * 1e6),
        Row("network", "2 ranks", "one more of many small messages (us)", "this machine", here["message"] * 1e6, "cluster, assumed", CLUSTER["message"] * 1e6),
        Row("network", "2 ranks", "bandwidth (GB/s)", "this machine", here["bandwidth"] / 1e9, "cluster, assumed", CLUSTER["bandwidth"] / 1e9),
        Row("network", "2 ranks", "Allreduce of 8 doubles (us)", "this machine", here["allreduce"] * 1e6),
    ]
    for way in (WAY, "up a tree" if WAY != "up a tree" else "each to rank 0"):
        for name, cost in (("this machine", here), ("cluster", CLUSTER)):
            if way != WAY and name == "this machine":
                continue
            for ranks in (10, 1000, 10000):
                e_step = math.ceil(groups / ranks) * width * 200 * per_trial
                spent = communication(ranks, groups, way, cost, o.inner_sums)
                remark = f"{len(SUMS) + o.inner_sums} sums, {way}{'' if way == WAY else ' (emlib does not)'}"
                yield Row("network", f"rw, 1,000,000 x 200, {ranks:,} ranks", "one EM iteration (ms)", f"messages ({name})", spent * 1e3,
                          "E-step", e_step * 1e3, spent / e_step, remark=remark)
