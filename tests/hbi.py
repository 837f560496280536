#!/usr/bin/env python3
"""Hierarchical Bayesian inference a second time, in plain Python, for two models whose E-step has a closed form.

usage: hbi.py EMLIB MPIEXEC FOLDER_OF_TEST_MODELS

y ~ Normal(m, 1) and y ~ Normal(level + slope x, 1): MAP, Hessian and evidence are those of the conjugate posterior. The iteration
follows Piray et al. 2019 (PLoS Comput Biol 15:e1007043). Besides: the bound never falls, because nothing here is approximate but
the factorisation; it stays below the true log evidence, which for one model is a one-dimensional integral; the same file on 1, 2
and 3 ranks; subjects whom one model, or none, can fit.
"""
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile

emlib, mpiexec, models = sys.argv[1:4]
failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("FAILED:", what)


def near(got, want, what, tolerance=1e-8):
    check(got is not None and abs(got - want) <= tolerance * (1 + abs(want)), f"{what} is {got}, expected {want}")


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != status:
        print(f"FAILED: {' '.join(command)}: exit {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
        sys.exit(1)
    return done.stdout


def digamma(x):
    """Recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.3.5, 6.3.18)."""
    value = 0.0
    while x < 10:
        value -= 1 / x
        x += 1
    value += math.log(x) - 1 / (2 * x)
    for k, bernoulli in enumerate([1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6], 1):
        value -= bernoulli / (2 * k * x ** (2 * k))
    return value


# ---- the models: (XX, Xy, yy, n) of each subject are all that counts

def sums_normal(rows):
    return [[len(rows)]], [sum(y for _, y in rows)], sum(y * y for _, y in rows), len(rows)


def sums_line(rows):
    n, x, xx = len(rows), sum(x for x, _ in rows), sum(x * x for x, _ in rows)
    return [[n, x], [x, xx]], [sum(y for _, y in rows), sum(x * y for x, y in rows)], sum(y * y for _, y in rows), n


def e_step(sums, a, var):
    """MAP, diagonal of the inverse Hessian, evidence; P 1 or 2."""
    xx, xy, yy, n = sums
    P = len(a)
    h = [[xx[i][j] + (1 / var[i] if i == j else 0) for j in range(P)] for i in range(P)]
    b = [xy[i] + a[i] / var[i] for i in range(P)]
    if P == 1:
        det, inverse = h[0][0], [[1 / h[0][0]]]
    else:
        det = h[0][0] * h[1][1] - h[0][1] ** 2
        inverse = [[h[1][1] / det, -h[0][1] / det], [-h[0][1] / det, h[0][0] / det]]
    x = [sum(inverse[i][j] * b[j] for j in range(P)) for i in range(P)]
    residual = yy - 2 * sum(x[i] * xy[i] for i in range(P)) + sum(x[i] * xx[i][j] * x[j] for i in range(P) for j in range(P))
    log_likelihood = -n / 2 * math.log(2 * math.pi) - residual / 2
    log_prior = sum(-0.5 * math.log(2 * math.pi * var[i]) - (x[i] - a[i]) ** 2 / (2 * var[i]) for i in range(P))
    return x, [inverse[i][i] for i in range(P)], log_likelihood + log_prior + P / 2 * math.log(2 * math.pi) - 0.5 * math.log(det)


# ---- the iteration

B0, NU0, SIGMA0 = 1.0, 0.5, 0.01
PLAIN = 8  # iterations before emlib may take its first leap


class Group:
    def __init__(self, P, r, ends):
        N = sum(r)
        self.N, self.P, self.b, self.nu = N, P, B0 + N, NU0 + N / 2
        mean = [sum(w * e[0][j] for w, e in zip(r, ends)) / N for j in range(P)]
        V = [sum(w * ((e[0][j] - mean[j]) ** 2 + e[1][j]) for w, e in zip(r, ends)) / N for j in range(P)]
        self.a = [N * m / self.b for m in mean]
        self.sigma = [SIGMA0 + 0.5 * (N * v + N / (N + 1) * m * m) for v, m in zip(V, mean)]
        self.var = [s / self.nu for s in self.sigma]

    def lam(self):
        e_log_tau = [digamma(self.nu) - math.log(s) for s in self.sigma]
        return sum(e_log_tau) / 2 - sum(math.log(self.nu / s) for s in self.sigma) / 2 - self.P / (2 * self.b)

    def divergence(self):
        """Of the posterior of (mu, tau) from its prior: of Gaussians with the same precision factor, and of gammas."""
        total = 0
        for a, s in zip(self.a, self.sigma):
            e_tau = self.nu / s
            total += 0.5 * (B0 / self.b - 1 - math.log(B0 / self.b) + B0 * a * a * e_tau)
            total += (self.nu - NU0) * digamma(self.nu) - math.lgamma(self.nu) + math.lgamma(NU0)
            total += NU0 * (math.log(s) - math.log(SIGMA0)) + self.nu * (SIGMA0 - s) / s
        return total


def hbi(data, usable, P, null=False, steps=20000):
    """data[k][s] sums; usable[k][s]; the rows of the trace come with the result."""
    K, S = len(P), len(data[0])
    ends = [[e_step(data[k][s], [0] * P[k], [6.25] * P[k]) for s in range(S)] for k in range(K)]
    r = [[float(usable[k][s]) for s in range(S)] for k in range(K)]
    trace = []
    for _ in range(steps):
        group = [Group(P[k], r[k], ends[k]) for k in range(K)]
        alpha = [1 + g.N for g in group]
        log_m = [-math.log(K) if null else digamma(a) - digamma(sum(alpha)) for a in alpha]
        ends = [[e_step(data[k][s], group[k].a, group[k].var) for s in range(S)] for k in range(K)]
        old, bound = r, -sum(g.divergence() for g in group)
        r = [[0.0] * S for _ in range(K)]
        if not null:
            total = sum(alpha)
            bound -= math.lgamma(total) - math.lgamma(K) - sum(math.lgamma(a) for a in alpha)
            bound -= sum((a - 1) * m for a, m in zip(alpha, log_m))
        for s in range(S):
            fit = [k for k in range(K) if usable[k][s]]
            rho = {k: ends[k][s][2] + group[k].lam() + log_m[k] for k in fit}
            for k in fit:
                r[k][s] = 1 / len(fit) if null else 1 / sum(math.exp(rho[i] - rho[k]) for i in fit)
                bound += r[k][s] * (rho[k] - math.log(r[k][s])) if r[k][s] > 0 else 0
        trace.append((alpha, bound))
        if max(abs(x - y) for a, b in zip(r, old) for x, y in zip(a, b)) < 1e-14 and len(trace) > 100 and \
                abs(trace[-2][1] - bound) < 1e-13 * abs(bound):
            still += 1
            if still > 200:
                break
        else:
            still = 0
    return group, ends, r, alpha, bound, trace


def larger_half(a, b):
    """P(m > 1/2) of m ~ Beta(a, b), by Simpson's rule in theta, m = sin(theta)^2."""
    n, low, high = 4000, math.pi / 4, math.pi / 2
    norm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def f(t):
        s, c = math.sin(t), math.cos(t)
        return 2 * math.exp(norm + (2 * a - 1) * math.log(s) + (2 * b - 1) * math.log(c)) if c > 1e-300 else 0
    h = (high - low) / n
    return h / 3 * sum(f(low + i * h) * (1 if i in (0, n) else 4 if i % 2 else 2) for i in range(n + 1))


def true_log_evidence(data):
    """Of the model normal with its priors: mu is integrated out by hand, tau by the trapezoidal rule in log tau.
    Given tau, subject s has the evidence exp(-n/2 log(2 pi) - (yy - n ybar^2)/2) sqrt(2 pi/n) Normal(ybar; mu, 1/tau + 1/n)."""
    constant = 0
    for xx, xy, yy, n in data:
        constant += -n / 2 * math.log(2 * math.pi) - (yy - xy[0] ** 2 / n) / 2 + 0.5 * math.log(2 * math.pi / n)
    values, h = [], 0.002
    for i in range(-4000, 4001):
        log_tau = i * h
        tau = math.exp(log_tau)
        precision, weighted, square, log_det = B0 * tau, 0.0, 0.0, -math.log(B0 * tau)
        for xx, xy, yy, n in data:
            v, ybar = 1 / tau + 1 / n, xy[0] / n
            precision += 1 / v
            weighted += ybar / v
            square += ybar * ybar / v
            log_det += math.log(2 * math.pi * v)
        log_p = -0.5 * (log_det + square - weighted ** 2 / precision + math.log(precision))
        log_prior = NU0 * math.log(SIGMA0) - math.lgamma(NU0) + NU0 * log_tau - SIGMA0 * tau
        values.append(log_p + log_prior)
    most = max(values)
    return constant + most + math.log(h * sum(math.exp(v - most) for v in values))


def compare(got, names, P, want, null_bound, who):
    group, ends, r, alpha, bound, trace = want
    near(got["bound"], bound, f"{who}: bound")
    for k, model in enumerate(got["models"]):
        g, label = group[k], f"{who}, {names[k]}: "
        check(model["model"] == names[k], label + "name")
        near(model["alpha"], alpha[k], label + "alpha")
        near(model["expected_frequency"], alpha[k] / sum(alpha), label + "frequency")
        near(model["df"], 2 * g.nu, label + "df")
        for j in range(P[k]):
            near(model["mu"][j], g.a[j], label + "mu")
            near(model["var"][j], g.var[j], label + "var")
            near(model["mu_se"][j], math.sqrt(2 * g.sigma[j] / g.b / (2 * g.nu)), label + "error")
        for s, end in enumerate(ends[k]):
            near(got["responsibility"][s][k], r[k][s], label + f"responsibility of {s}")
            near(model["log_marginal_likelihood"][s], end[2], label + f"evidence of {s}")
            for j in range(P[k]):
                near(model["map"][s][j], end[0][j], label + f"map of {s}")
    for i in range(PLAIN):
        near(got["trace"]["bound"][i], trace[i][1], f"{who}: bound in iteration {i + 1}")
        for k in range(len(names)):
            near(got["trace"]["alpha"][i][k], trace[i][0][k], f"{who}: alpha in iteration {i + 1}")
    if null_bound is not None:
        near(got["null_bound"], null_bound, f"{who}: bound under the null hypothesis")
        risk = 1 / (1 + math.exp(bound - null_bound))
        near(got["bayesian_omnibus_risk"], risk, f"{who}: omnibus risk")
        for k in range(2):
            p = larger_half(alpha[k], alpha[1 - k])
            near(got["models"][k]["exceedance_probability"], p, f"{who}: exceedance probability")
            near(got["models"][k]["protected_exceedance_probability"], (1 - risk) * p + risk / 2, f"{who}: protected")


def never_falls(got, who):
    bound = got["trace"]["bound"][:PLAIN]
    check(all(b >= a - 1e-9 * abs(a) for a, b in zip(bound, bound[1:])), f"{who}: the bound falls")


def make_data(seed):
    """20 subjects of 3 to 11 trials; the slope of half of them is not 0, but not large."""
    draw = random.Random(seed)
    people = []
    for s in range(20):
        level, slope = draw.gauss(0.8, 0.7), draw.gauss(1.5, 0.5) if s % 2 else 0
        people.append([(x, level + slope * x + draw.gauss(0, 1)) for x in (draw.uniform(-1, 1) for _ in range(3 + s * 7 % 9))])
    return people


def write(path, people):
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject", "x", "y"])
        for s, rows in enumerate(people):
            for x, y in rows:
                table.writerow([f"s{s}", repr(x), repr(y)])


def show(path):
    return json.loads(run(emlib, "show", path, "--json"))


def main():
    people = make_data(7)
    write("data.csv", people)
    run(emlib, "import", "data.csv", "-o", "data.h5")
    for name in ("normal", "line"):
        run(emlib, "model", "build", os.path.join(models, name + ".c"), "-o", name + ".so")
    both = ["--model", "./normal.so", "--model", "./line.so", "--tol", "1e-10", "--max-iter", "20000", "--quiet"]
    data, P, names = [[sums_normal(p) for p in people], [sums_line(p) for p in people]], [1, 2], ["normal", "line"]
    usable = [[True] * len(people) for _ in P]

    # two models, on any number of ranks
    run(emlib, "hbi", "data.h5", *both, "-o", "both.h5")
    got = show("both.h5")
    want, null = hbi(data, usable, P), hbi(data, usable, P, null=True)
    bounds = [row[1] for row in want[5]]
    check(all(b >= a - 1e-10 * abs(a) for a, b in zip(bounds, bounds[1:])), "the bound falls here")
    check(0.1 < want[3][0] / sum(want[3]) < 0.9, "the data do not favour both models")
    compare(got, names, P, want, null[4], "two models")
    never_falls(got, "two models")
    for ranks in ("2", "3"):
        run(mpiexec, "--oversubscribe", "-n", ranks, emlib, "hbi", "data.h5", *both, "-o", f"both_{ranks}.h5")
        other = show(f"both_{ranks}.h5")
        for key in ("file", "ranks"):
            other[key] = got[key]
        check(other == got, f"the result differs on {ranks} ranks")

    # one model alone; the bound and the evidence
    run(emlib, "hbi", "data.h5", "--model", "./normal.so", "--tol", "1e-10", "--max-iter", "20000", "--quiet", "-o", "one.h5")
    got = show("one.h5")
    compare(got, names[:1], P[:1], hbi(data[:1], usable[:1], P[:1]), None, "one model")
    never_falls(got, "one model")
    check(got["null_bound"] is None and got["bayesian_omnibus_risk"] is None, "one model has a null hypothesis")
    check(all(r == [1.0] for r in got["responsibility"]), "one model is not responsible for everybody")
    exact = true_log_evidence(data[0])
    check(exact - 1 < got["bound"] < exact, f"the bound {got['bound']} is not just below the log evidence {exact}")

    # a subject that the line cannot be fitted to, and one that nothing can
    write("odd.csv", people + [[(1e200, 0.5), (-1e200, 0.25)], [(0.5, 1e200), (0.25, -1e200)]])
    run(emlib, "import", "odd.csv", "-o", "odd.h5")
    said = subprocess.run([emlib, "hbi", "odd.h5", *both, "-o", "odd_hbi.h5"], capture_output=True, text=True)
    check(said.returncode == 0, "exit status with odd subjects: " + said.stderr)
    check("model line, subject s20: flagged" in said.stderr, "s20 is not named: " + said.stderr)
    check("subject s21 is left out: no model fits" in said.stderr, "s21 is not named: " + said.stderr)
    got = show("odd_hbi.h5")
    check(got["n_subjects"] == 22 and got["n_subjects_used"] == 21, "numbers of subjects")
    check(got["responsibility"][20] == [1.0, 0.0] and got["responsibility"][21] == [None, None], "odd responsibilities")
    odd = people + [[(0.0, 0.5), (0.0, 0.25)]]
    data = [[sums_normal(p) for p in odd], [sums_line(p) for p in odd]]
    usable = [[True] * 21, [True] * 20 + [False]]
    want, null = hbi(data, usable, P), hbi(data, usable, P, null=True)
    near(got["bound"], want[4], "odd subjects: bound")
    near(got["null_bound"], null[4], "odd subjects: bound under the null hypothesis")
    for k in range(2):
        near(got["models"][k]["alpha"], want[3][k], "odd subjects: alpha")
        near(got["models"][k]["mu"][0], want[0][k].a[0], "odd subjects: mu")
    print("all is well" if failures == 0 else f"{failures} failed")
    return failures > 0


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    status = main()
    os.chdir("/")
sys.exit(status)
