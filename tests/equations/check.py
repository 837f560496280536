#!/usr/bin/env python3
"""Every model against its equations, written a second time: plain Python, one trial after the other, straight from the papers.

usage: check.py EMLIB [MODEL...]

For each model random data are made that its columns allow, imported, and the log-likelihood of each subject compared at several points.
The modules beside this file hold the equations: MODELS = {name: function(p, trials, K)}, p the parameters on the natural scale, trials
a list of {column: value}. A model without equations here is a failure.
"""
import csv
import io
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import choices
import learning
import timing

MODELS = {**learning.MODELS, **choices.MODELS, **timing.MODELS}
SUBJECTS, TRIALS, POINTS = 7, 40, 3
COUNTS = {"pumps", "count"}  # numbers that are whole


def natural(transform, x, trials):
    """The transform's value, from its name in the list of models."""
    logistic = 1 / (1 + math.exp(-x))
    if transform == "identity":
        return x
    if transform == "exp":
        return math.exp(x)
    if transform == "logistic":
        return logistic
    between = re.fullmatch(r"logistic from (\S+) to (\S+)", transform)
    if between:
        low, high = float(between[1]), float(between[2])
        return low + (high - low) * logistic
    bound = transform.removesuffix("*logistic")
    if bound == transform:
        raise ValueError(f"unknown transform {transform}")
    return (min(t["rt"] for t in trials) if bound == "minRT" else float(bound)) * logistic


def cell(column, options, rng):
    codes = options if column["codes"] == "K" else column["codes"]
    if codes:
        return rng.randrange(codes)
    if column["name"] == "rt":
        return 0.3 + 1.5 * rng.random()
    if column["name"] in COUNTS:
        return rng.randrange(1, 30)
    low = -1 if column["min"] is None else column["min"]
    high = low + 3 if column["max"] is None else column["max"]
    return low + (high - low) * rng.random()


def make_data(model, options, rng):
    """Random trials, by subject; the first subject has every code of every choice, so that K is what it should be."""
    subjects, n = timing.FEWER.get(model["name"], (SUBJECTS, TRIALS))
    data = [[{c["name"]: cell(c, options, rng) for c in model["columns"]} for _ in range(n)] for _ in range(subjects)]
    for c in model["columns"]:
        codes = options if c["codes"] == "K" else c["codes"] or 0
        for k in range(codes):
            data[0][k][c["name"]] = k
    return data


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def write_csv(path, model, data):
    names = [c["name"] for c in model["columns"]]
    with open(path, "w") as f:
        f.write(",".join(["subject"] + names) + "\n")
        for s, trials in enumerate(data):
            for t in trials:
                f.write(",".join([f"s{s}"] + [repr(t[n]) for n in names]) + "\n")


def check(emlib, model, folder):
    """The largest relative difference of a subject's log-likelihood."""
    rng = random.Random(model["name"])
    options = 3 if any(c["codes"] == "K" for c in model["columns"]) else 2
    data, table, dataset = make_data(model, options, rng), os.path.join(folder, "x.csv"), os.path.join(folder, "x.h5")
    write_csv(table, model, data)
    run(emlib, "import", table, "-o", dataset, "--force")
    worst = 0.0
    for _ in range(POINTS):
        x = {p["name"]: rng.gauss(0, 0.8) for p in model["parameters"]}
        at = ",".join(f"{name}={value!r}" for name, value in x.items())
        rows = csv.DictReader(io.StringIO(run(emlib, "loglik", dataset, "--model", model["name"], "--at", at, "--csv")))
        for trials, row in zip(data, rows):
            p = {q["name"]: natural(q["transform"], x[q["name"]], trials) for q in model["parameters"]}
            want, got = MODELS[model["name"]](p, trials, options), float(row["log_likelihood"])
            worst = max(worst, abs(got - want) / max(1, abs(want))) if math.isfinite(got) else math.inf
    return worst


def main():
    emlib, only = sys.argv[1], sys.argv[2:]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for model in json.loads(run(emlib, "models", "--json"))["models"]:
            if only and model["name"] not in only:
                continue
            worst = check(emlib, model, folder) if model["name"] in MODELS else math.inf
            good = worst < timing.TOLERANCE.get(model["name"], 1e-9)
            bad += not good
            print(f"{model['name']:26} {worst:.1e}{'' if good else '  DIFFERENT'}", flush=True)
    sys.exit(f"{bad} models differ from their equations" if bad else 0)


main()
