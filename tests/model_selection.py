#!/usr/bin/env python3
"""Random-effects model selection a second time, in plain Python, against the library.

usage: model_selection.py LIBRARY

Seeded matrices of log evidences go through the equations as the papers have them (Stephan et al. 2009, NeuroImage 46:1004; Rigoux et
al. 2014, NeuroImage 84:971): plain iteration without acceleration, free energies term by term, exceedance by the trapezoidal rule
with distribution functions from their power series.
"""
import ctypes
import math
import random
import sys

DOUBLES = ctypes.POINTER(ctypes.c_double)


class Selection(ctypes.Structure):
    _fields_ = [("n_subjects", ctypes.c_size_t), ("n_models", ctypes.c_int)]
    _fields_ += [(name, DOUBLES) for name in ("prior", "alpha", "expected_frequency", "exceedance", "protected_exceedance",
                                              "posterior")]
    _fields_ += [(name, ctypes.c_double) for name in ("free_energy", "free_energy_null", "omnibus_risk")]
    _fields_ += [("iterations", ctypes.c_int)]


class GroupSelection(ctypes.Structure):
    _fields_ = [("same", ctypes.POINTER(Selection)), ("group", ctypes.POINTER(Selection) * 2),
                ("probability_different", ctypes.c_double)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("text", ctypes.c_char * 1000)]


# ---- the equations


def digamma(x):
    """Up to 20 by recurrence, beyond by the asymptotic series."""
    value = 0.0
    while x < 20:
        value -= 1 / x
        x += 1
    y = 1 / (x * x)
    return value + math.log(x) - 0.5 / x - y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))


def posterior(row, alpha):
    total = digamma(sum(alpha))
    log = [e + digamma(a) - total for e, a in zip(row, alpha)]
    most = max(log)
    g = [math.exp(x - most) for x in log]
    return [x / sum(g) for x in g]


def iterate(evidence, prior):
    alpha = list(prior)
    while True:
        g = [posterior(row, alpha) for row in evidence]
        new = [a + sum(column) for a, column in zip(prior, zip(*g))]
        change = max(abs(x - y) for x, y in zip(new, alpha))
        alpha = new
        if change < 1e-13 * sum(alpha):
            return alpha, [posterior(row, alpha) for row in evidence]


def free_energy(evidence, prior, alpha, g):
    """E[log p(evidence, models, r)] plus the entropies of models and r."""
    mean = [digamma(a) - digamma(sum(alpha)) for a in alpha]
    value = 0.0
    for row, share in zip(evidence, g):
        value += sum(p * (e + m) for p, e, m in zip(share, row, mean))
        value -= sum(p * math.log(p) for p in share if p > 0)
    value += math.lgamma(sum(prior)) - sum(map(math.lgamma, prior)) + sum((a - 1) * m for a, m in zip(prior, mean))
    return value - (math.lgamma(sum(alpha)) - sum(map(math.lgamma, alpha)) + sum((a - 1) * m for a, m in zip(alpha, mean)))


def null_energy(evidence, prior):
    value = 0.0
    for row in evidence:
        most = max(row)
        value += most + math.log(sum(p / sum(prior) * math.exp(e - most) for p, e in zip(prior, row)))
    return value


def gamma_below(alpha, x):
    """The gamma distribution function by its power series, all terms positive."""
    term = math.exp(alpha * math.log(x) - x - math.lgamma(alpha + 1))
    total, n = 0.0, 0
    while term > 1e-18 * total or n < x:
        total += term
        n += 1
        term *= x / (alpha + n)
    return min(total, 1.0)


def exceedance(alpha):
    """Trapezoidal rule in log x, which is exact up to tiny terms for smooth integrands that vanish at both ends."""
    low = max(-38 / a for a in alpha) - 1
    step, values = 0.02, [0.0] * len(alpha)
    for i in range(int((math.log(max(alpha) + 12 * math.sqrt(max(alpha)) + 45) - low) / step) + 1):
        u = low + i * step
        x = math.exp(u)
        below = [gamma_below(a, x) for a in alpha]
        for k, a in enumerate(alpha):
            density = math.exp(a * u - x - math.lgamma(a))
            values[k] += step * density * math.prod(b for j, b in enumerate(below) if j != k)
    return values


def select(evidence, prior):
    alpha, g = iterate(evidence, prior)
    full, null = free_energy(evidence, prior, alpha, g), null_energy(evidence, prior)
    risk = 1 / (1 + math.exp(full - null)) if full - null < 700 else 0.0
    return alpha, g, full, null, risk


# ---- the comparison


class Check:
    def __init__(self):
        self.failures = self.numbers = 0

    def near(self, what, got, want, within):
        self.numbers += 1
        if not abs(got - want) <= within:
            self.failures += 1
            print(f"FAILED: {what}: {got!r}, not {want!r}, within {within}")


def flat(evidence):
    values = [value for row in evidence for value in row]
    return (ctypes.c_double * len(values))(*values)


def draw(rng, subjects, models, size):
    """Evidences of subjects who follow models with different frequencies, and some of no use at all."""
    return [[rng.gauss(0, size) + (size if k == int(models * rng.random() ** 2) else 0) - 150
             for k in range(models)] for _ in range(subjects)]


def compare(check, what, got, want, evidence):
    alpha, g, full, null, risk = want
    chances = exceedance(alpha)
    models = len(alpha)
    for k in range(models):
        check.near(f"{what}: alpha {k}", got.alpha[k], alpha[k], 1e-7)
        check.near(f"{what}: frequency {k}", got.expected_frequency[k], alpha[k] / sum(alpha), 1e-9)
        check.near(f"{what}: exceedance {k}", got.exceedance[k], chances[k], 1e-8)
        check.near(f"{what}: protected {k}", got.protected_exceedance[k], (1 - risk) * chances[k] + risk / models, 1e-7)
    check.near(f"{what}: free energy", got.free_energy, full, 1e-7)
    check.near(f"{what}: null", got.free_energy_null, null, 1e-7)
    check.near(f"{what}: risk", got.omnibus_risk, risk, 1e-8)
    for s, row in enumerate(g or []):
        for k, p in enumerate(row):
            check.near(f"{what}: posterior {s},{k}", got.posterior[s * models + k], p, 1e-8)


def main():
    library = ctypes.CDLL(sys.argv[1])
    check, error, rng = Check(), Error(), random.Random(20140101)
    one, both = ctypes.POINTER(Selection)(), ctypes.POINTER(GroupSelection)()
    size_t = ctypes.c_size_t
    for subjects, models, size, count in ((25, 3, 2, 1.0), (40, 4, 0.7, 1.0), (12, 2, 0.2, 1.0), (1, 3, 1, 1.0), (60, 6, 3, 0.25),
                                          (30, 3, 1, 2.5), (18, 2, 300, 1.0)):
        what = f"{subjects} subjects, {models} models, size {size}, count {count}"
        evidence, prior = draw(rng, subjects, models, size), [count] * models
        values = flat(evidence)
        code = library.em_select_models(values, size_t(subjects), models, flat([prior]), ctypes.byref(one), ctypes.byref(error))
        check.near(f"{what}: exit code", code, 0, 0)
        pooled = select(evidence, prior)
        compare(check, what, one.contents, pooled, evidence)
        library.em_selection_free(one)

        family = [k % 2 for k in range(models)]
        members = [family.count(f) for f in (0, 1)]
        code = library.em_select_families(values, size_t(subjects), models, (ctypes.c_int * models)(*family), 2,
                                          ctypes.c_double(count), ctypes.byref(one), ctypes.byref(error))
        check.near(f"{what}: families' exit code", code, 0, 0)
        alpha, _, full, null, risk = select(evidence, [count / members[f] for f in family])
        sums = [sum(a for a, f in zip(alpha, family) if f == of) for of in (0, 1)]
        compare(check, f"{what}: families", one.contents, (sums, None, full, null, risk), evidence)
        library.em_selection_free(one)

        if subjects == 1:
            continue
        group = [int(rng.random() < 0.4) for _ in evidence]
        group[0], group[1] = 0, 1
        code = library.em_select_groups(values, size_t(subjects), models, (ctypes.c_int * subjects)(*group), flat([prior]),
                                        ctypes.byref(both), ctypes.byref(error))
        check.near(f"{what}: groups' exit code", code, 0, 0)
        apart = 0.0
        for of in (0, 1):
            rows = [row for row, g in zip(evidence, group) if g == of]
            want = select(rows, prior)
            compare(check, f"{what}: group {of}", both.contents.group[of].contents, want, rows)
            apart += want[2]
        check.near(f"{what}: different", both.contents.probability_different, 1 / (1 + math.exp(pooled[2] - apart)), 1e-8)
        library.em_group_selection_free(both)
    print(f"{check.numbers} numbers, {check.failures} wrong")
    return 1 if check.failures or check.numbers < 500 else 0


if __name__ == "__main__":
    sys.exit(main())
