"""Running programs, emlib among them, and taking their times."""
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = len(os.sched_getaffinity(0))
if os.getuid() == 0:  # Open MPI refuses root unless told twice
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


class Absent(Exception):
    """Something that a part needs is not on this machine: the part is skipped."""


class Failed(Exception):
    """A program did not do what it should: the part has failed."""


def say(*words):
    print(*words, file=sys.stderr, flush=True)


class Others:
    """How much of the cores other programs take from now on."""

    def __init__(self):
        self.start = self.now()

    @staticmethod
    def now():
        """(seconds of all cores, of these not idle, of this program and those it has run)"""
        with open("/proc/stat") as f:
            ticks = [int(x) / os.sysconf("SC_CLK_TCK") for x in f.readline().split()[1:9]]
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(ticks), sum(ticks) - ticks[3] - ticks[4], sum(u.ru_utime + u.ru_stime for u in used)

    def share(self):
        all_, taken, own = (b - a for a, b in zip(self.start, self.now()))
        return max(0.0, taken - own) / max(all_, 0.01)


def run(*command, good=(0,)):
    """Returns (what it printed, wall seconds)."""
    from_ = time.perf_counter()
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wall = time.perf_counter() - from_
    if done.returncode not in good:
        tail = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise Failed(f"{os.path.basename(str(command[0]))} ended with status {done.returncode}: {' / '.join(tail)[:300]}")
    return done.stdout, wall


def pairs(text):
    """name=value name=value ... as a dictionary; lists of numbers are separated by commas."""
    found = {}
    for name, value in re.findall(r"(\w+)=(\S+)", text):
        numbers = [float(v) for v in value.split(",")]
        found[name] = numbers if len(numbers) > 1 else numbers[0]
    return found


def ratio_of(first, second):
    """Median, least and largest of the ratios of neighbours in time."""
    ratios = [a / b for a, b in zip(first, second)]
    return {"ratio": statistics.median(ratios), "ratio_min": min(ratios), "ratio_max": max(ratios)}


def compare(first, a, second, b):
    """What a Row holds of two lists of values."""
    return {"first": first, "first_value": statistics.median(a), "second": second, "second_value": statistics.median(b), **ratio_of(a, b)}


def apart(mu, var, reference):
    """Largest distance to a fit's group values: means in its standard deviations, variances in logs."""
    mu, var = np.asarray(mu), np.asarray(var)
    return float(max(np.abs((mu - reference.mu) / np.sqrt(reference.var)).max(), np.abs(np.log(var / reference.var)).max()))


@dataclass
class Fit:
    mu: np.ndarray
    var: np.ndarray
    converged: bool
    iterations: int
    evaluations: float  # of a subject, on average
    ns_per_trial: float  # of one evaluation
    per_subject_trial: float  # nanoseconds of the whole fit
    fit_seconds: float  # E- and M-steps
    e_step_seconds: float
    total_seconds: float
    communication_seconds: float
    ranks: int
    wall: float  # of the whole process


class Emlib:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.made = set()

    def path(self, name):
        return os.path.join(self.folder, name)

    def simulate(self, subjects, trials, model="rw", mu="alpha=-0.5,beta=1", var="alpha=1,beta=0.25", seed=5):
        path = self.path(f"{model}_{subjects}_{trials}.h5")
        if path not in self.made:
            command = [self.program, "simulate", "--model", model, "--subjects", subjects, "--trials", trials, "--seed", seed]
            command += (["--mu", mu] if mu else []) + (["--var", var] if var else [])
            run(*command, "-o", path, "--force")
            self.made.add(path)
        return path

    def fit(self, data, model="rw", tol=1e-6, ranks=None, more=(), launch=()):
        """ranks None: the program as it is, without a launcher. more: further options; launch: mpirun's."""
        output = self.path("fit.h5")
        launcher = ["mpirun", "--oversubscribe", "-n", ranks, *launch] if ranks else []
        command = [*launcher, self.program, "fit", data, "--model", model, "--tol", tol, "-o", output, "--force", "--quiet", *more]
        _, wall = run(*command, good=(0, 3))
        with h5py.File(output) as f, h5py.File(data) as d:
            t, subjects, trials = f["timing"].attrs, len(f["subjects/id"]), float(d["subjects/offset"][-1])
            spent = float(t["e_step_seconds"] + t["m_step_seconds"])
            evaluations = float(t["likelihood_evaluations"]) / subjects
            n = int(t["ranks"])
            return Fit(f["group/mu"][()], f["group/var"][()], bool(f.attrs["converged"]), int(f.attrs["iterations"]), evaluations,
                       float(t["e_step_seconds"]) * n / (evaluations * trials) * 1e9, spent * n / trials * 1e9, spent,
                       float(t["e_step_seconds"]), float(t["total_seconds"]), float(t["communication_seconds"]), n, wall)

    def models(self):
        """name -> parameters"""
        listed = json.loads(run(self.program, "models", "--json")[0])["models"]
        return {m["name"]: [p["name"] for p in m["parameters"]] for m in listed}

    def csv(self, data):
        """The same trials as text, for programs that do not read HDF5."""
        path = os.path.splitext(data)[0] + ".csv"
        if path not in self.made:
            with h5py.File(data) as f:
                first, choice, reward = f["subjects/offset"][()].astype(int), f["trials/choice"][()], f["trials/reward"][()]
            with open(path, "w") as out:
                out.write("subject,trial,choice,reward\n")
                for s, (a, b) in enumerate(zip(first, first[1:])):
                    out.writelines(f"{s},{t},{choice[a + t]},{reward[a + t]}\n" for t in range(b - a))
            self.made.add(path)
        return path
