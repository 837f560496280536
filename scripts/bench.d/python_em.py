"""The algorithm that emlib speeds up, as it is usually written in Python: EM with a Laplace E-step for the model rw.

E-step: each subject's maximum by scipy's L-BFGS-B with finite-difference gradients, its Hessian by central differences,
subjects spread over all cores by joblib. M-step: mean of the maxima; mean of squared deviations plus posterior variances.
Stops when no group mean and no group variance changes by as much as TOL, the rule usual in such programs.

usage: python_em.py DATA.h5 plain|numpy [--tol 1e-3] [--max-iter 200] [--jobs N]      prints JSON
"""
import argparse
import json
import math
import os
import sys

for library in ("OMP", "OPENBLAS", "MKL"):  # the processes are the parallelism
    os.environ[library + "_NUM_THREADS"] = "1"

import h5py
import joblib
import numpy as np
from scipy.optimize import minimize


def log_likelihood_plain(x, choices, rewards):
    """Tuned by hand: two scalars, no arrays, a branch for each option."""
    alpha = 1 / (1 + math.exp(-x[0]))
    beta = math.exp(x[1])
    exp, log1p = math.exp, math.log1p
    q0 = q1 = total = 0.0
    for choice, reward in zip(choices, rewards):
        d = beta * (q1 - q0)
        if choice:
            q1 += alpha * (reward - q1)
        else:
            d = -d
            q0 += alpha * (reward - q0)
        total += d - log1p(exp(d)) if d < 0 else -log1p(exp(-d))
    return total


def log_likelihood_numpy(x, choices, rewards):
    """As one writes it first: an array of values, softmax each trial."""
    alpha = 1 / (1 + np.exp(-x[0]))
    beta = np.exp(x[1])
    q = np.zeros(2)
    total = 0.0
    for t in range(len(choices)):
        v = beta * q
        p = np.exp(v - np.max(v))
        p = p / np.sum(p)
        c = choices[t]
        total += np.log(p[c])
        q[c] += alpha * (rewards[t] - q[c])
    return total


def hessian(f, x, step=1e-4):
    n = len(x)
    h = np.empty((n, n))
    e = step * np.eye(n)
    middle = f(x)
    for i in range(n):
        h[i, i] = (f(x + e[i]) - 2 * middle + f(x - e[i])) / step**2
        for j in range(i):
            h[i, j] = h[j, i] = (f(x + e[i] + e[j]) - f(x + e[i] - e[j]) - f(x - e[i] + e[j]) + f(x - e[i] - e[j])) / (4 * step**2)
    return h


def fit_subject(log_likelihood, subject, x, mu, var):
    """Maximum and posterior variances of one subject, and how often the likelihood was asked for."""
    evaluations = 0

    def negative_log_posterior(x):
        nonlocal evaluations
        evaluations += 1
        return 0.5 * float(np.sum((x - mu) ** 2 / var)) - log_likelihood(x, *subject)

    best = minimize(negative_log_posterior, x, method="L-BFGS-B").x
    return best, np.diag(np.linalg.inv(hessian(negative_log_posterior, best))), evaluations


def fit(subjects, log_likelihood, tol, max_iter, jobs):
    mu, var = np.zeros(2), np.full(2, 6.25)
    x = np.zeros((len(subjects), 2))
    evaluations = 0
    with joblib.Parallel(n_jobs=jobs) as parallel:
        for iteration in range(1, max_iter + 1):
            found = parallel(joblib.delayed(fit_subject)(log_likelihood, s, x[i], mu, var) for i, s in enumerate(subjects))
            x = np.array([f[0] for f in found])
            evaluations += sum(f[2] for f in found)
            new_mu = x.mean(0)
            new_var = ((x - new_mu) ** 2 + np.array([f[1] for f in found])).mean(0)
            change = max(np.abs(new_mu - mu).max(), np.abs(new_var - var).max())
            mu, var = new_mu, new_var
            if change < tol:
                break
    return {"mu": list(mu), "var": list(var), "iterations": iteration, "evaluations": evaluations, "converged": bool(change < tol)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("likelihood", choices=("plain", "numpy"))
    parser.add_argument("--tol", type=float, default=1e-3)
    parser.add_argument("--max-iter", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    o = parser.parse_args()
    with h5py.File(o.data) as f:
        first = f["subjects/offset"][()].astype(int)
        choice, reward = f["trials/choice"][()], f["trials/reward"][()].astype(float)
    pieces = [slice(a, b) for a, b in zip(first, first[1:])]
    if o.likelihood == "plain":
        subjects = [(choice[p].tolist(), reward[p].tolist()) for p in pieces]
        json.dump(fit(subjects, log_likelihood_plain, o.tol, o.max_iter, o.jobs), sys.stdout)
    else:
        subjects = [(choice[p], reward[p]) for p in pieces]
        json.dump(fit(subjects, log_likelihood_numpy, o.tol, o.max_iter, o.jobs), sys.stdout)
    print()


main()
