"""What one EM iteration costs on more ranks than this machine has: computed. A million subjects of 200 trials, model rw.

Three things are taken in this run: what messages between two ranks cost (network.c); how many messages one EM iteration
needs (messages.c counts them on rank 0 of a fit on two ranks, whose halves of the tree meet in one message a sum; a fit of one
iteration is subtracted, so that reading and writing do not count); and the time of an E-step on one rank.

The rest is arithmetic. With P ranks
  a sum over subjects goes up a binary tree over groups of subjects that stand side by side in vectors (src/treesum.c). Where
  a node's halves belong to two ranks, one sends its half to the other. What counts is the longest chain of messages that
  wait for each other, and it is found by walking through that tree;
  a broadcast takes ceil(log2 P) messages after one another, a reduction to all ranks twice as many;
  a message takes latency + bytes / bandwidth, wherever the two ranks are.
The E-step of the rank with the most groups is what one group takes here, times their number. That all ranks have equally hard
groups, and that no rank waits for another before it starts, is assumed; messages are not hidden behind work.
"""
import math
import os
import shutil

from table import Row
from tools import CORES, HERE, Absent, pairs, run

SUBJECTS, TRIALS = 1_000_000, 200
CLUSTER = {"latency": 2e-6, "bandwidth": 10e9}  # assumed, ordinary for a cluster


def lanes():
    """How many subjects stand side by side in a vector: no rank has less than one such group."""
    with open("/proc/cpuinfo") as f:
        flags = set(f.read().split())
    return 8 if "avx512f" in flags else 4 if "avx2" in flags else 2


def longest_chain(groups, ranks):
    """Messages that wait for each other on the way of a sum up the tree."""
    first = [r * groups // ranks for r in range(ranks + 1)]
    owner = [r for r in range(ranks) for _ in range(first[r + 1] - first[r])]

    def chain(low, size):
        if owner[low] == owner[min(low + size, groups) - 1]:
            return 0
        middle = low + size // 2
        left = chain(low, size // 2)
        return left if middle >= groups else max(left, chain(middle, size // 2) + (owner[low] != owner[middle]))

    return chain(0, 1 << (groups - 1).bit_length())


def count_messages(emlib, data):
    """Of one EM iteration, on average: sums, their bytes, broadcasts, their bytes, reductions."""
    library, counts = emlib.path("messages.so"), emlib.path("messages.txt")
    run("mpicc", "-O2", "-shared", "-fPIC", os.path.join(HERE, "messages.c"), "-o", library)
    found = []
    for most in (1, 500):
        fit = emlib.fit(data, ranks=2, more=("--max-iter", most), launch=("-x", f"LD_PRELOAD={library}", "-x", f"BENCH_MESSAGES={counts}"))
        with open(counts) as f:
            found.append((pairs(f.read()), fit.iterations))
    (one, n_one), (whole, n_whole) = found
    return {name: (whole[name] - one[name]) / (n_whole - n_one) for name in whole}


def communication(ranks, groups, each, cost):
    """Seconds of one iteration."""
    message = lambda size: cost["latency"] + size / cost["bandwidth"]
    up, levels = longest_chain(groups, ranks), math.ceil(math.log2(ranks))
    sums = each["received"] * up * message(each["received_bytes"] / each["received"])
    broadcasts = each["broadcasts"] * levels * message(each["broadcast_bytes"] / each["broadcasts"])
    return sums + broadcasts + each["reductions"] * 2 * levels * message(8)


def network(emlib, o):
    if not shutil.which("mpicc") or not shutil.which("mpirun"):
        raise Absent("no mpicc or mpirun")
    if CORES < 2:
        raise Absent("one core only: messages between two ranks cannot be timed")
    program = emlib.path("network")
    run("mpicc", "-O2", os.path.join(HERE, "network.c"), "-o", program)
    here = pairs(run("mpirun", "--oversubscribe", "-n", 2, program)[0])
    yield Row("network", "2 ranks", "one small message, one way (us)", "this machine", here["latency"] * 1e6, "cluster, assumed", CLUSTER["latency"] * 1e6)
    yield Row("network", "2 ranks", "bandwidth (GB/s)", "this machine", here["bandwidth"] / 1e9, "cluster, assumed", CLUSTER["bandwidth"] / 1e9)
    yield Row("network", "2 ranks", "Allreduce of 8 doubles (us)", "this machine", here["allreduce"] * 1e6)
    subjects, trials = (1024 if o.quick else 8192), TRIALS  # a power of 2: the halves of the tree are those of the ranks
    data = emlib.simulate(subjects, trials)
    each = count_messages(emlib, data)
    fit = sorted((emlib.fit(data) for _ in range(3)), key=lambda f: f.e_step_seconds)[1]
    per_trial = fit.e_step_seconds / fit.iterations / (subjects * trials)  # of one subject in one E-step
    yield Row("network", f"rw, {subjects:,} x {trials}, 2 ranks", "sums over subjects in one EM iteration", "emlib", each["received"],
              remark=f"of {each['received_bytes'] / each['received']:.0f} bytes; and {each['broadcasts']:.0f} broadcasts, {each['reductions']:.0f} reductions")
    width = lanes()
    groups = math.ceil(SUBJECTS / width)
    for name, cost in (("this machine", here), ("cluster", CLUSTER)):
        for ranks in (10, 1000, 10000):
            e_step = math.ceil(groups / ranks) * width * TRIALS * per_trial
            spent = communication(ranks, groups, each, cost)
            yield Row("network", f"rw, {SUBJECTS:,} x {TRIALS}, {ranks:,} ranks", "one EM iteration (ms)", f"messages ({name})", spent * 1e3, "E-step", e_step * 1e3,
                      spent / e_step, remark=f"computed; a sum goes up in {longest_chain(groups, ranks)} messages")
