"""Models of perception, response times and regression."""
import math

from common import bernoulli, sigmoid


def phi(z):
    return math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def Phi(z):
    return 0.5 * math.erfc(-z / math.sqrt(2))


def gauss_legendre(n):
    """Nodes and weights for the integral from 0 to 1, by Newton's method on the Legendre polynomial."""
    nodes = []
    for i in range(n):
        x = math.cos(math.pi * (i + 0.75) / (n + 0.5))
        for _ in range(100):
            before, p = 1.0, x
            for k in range(2, n + 1):
                before, p = p, ((2 * k - 1) * x * p - (k - 1) * before) / k
            slope = n * (before - x * p) / (1 - x * x)
            x -= p / slope
        nodes.append(((1 + x) / 2, 1 / ((1 - x * x) * slope * slope)))
    return nodes


FEW, MANY = gauss_legendre(12), gauss_legendre(60)


# ---- diffusion ----
def wiener(t, a, w):
    """Density of a Wiener process without drift leaving (0, a) at 0 at time t, from w a: both series, far beyond need."""
    u = t / a**2
    if u < 0.8:
        g = sum((w + 2 * k) * math.exp(-((w + 2 * k) ** 2) / (2 * u)) for k in range(-12, 13)) / math.sqrt(2 * math.pi * u**3)
    else:
        g = math.pi * sum(k * math.exp(-(k * math.pi) ** 2 * u / 2) * math.sin(k * math.pi * w) for k in range(1, 30))
    return g / a**2


def ddm_density(t, upper, a, w, v):
    if upper:
        w, v = 1 - w, -v
    return wiener(t, a, w) * math.exp(-v * a * w - v * v * t / 2)


def ddm(drift, a=lambda p, t: p["alpha"], w=lambda p: p["beta"]):
    def f(p, trials, K):
        return sum(math.log(ddm_density(t["rt"] - p["tau"], t["choice"], a(p, t), w(p), drift(p, t))) for t in trials)

    return f


def ddm_sv(p, trials, K):
    """The drift's distribution by trapezoids: of such an integrand, exact."""
    total = 0.0
    for t in trials:
        time, w, v = t["rt"] - p["tau"], p["beta"], p["delta"]
        if t["choice"]:
            w, v = 1 - w, -v
        step = 0.05
        drifts = [(v + p["sv"] * i * step, phi(i * step) * step) for i in range(-200, 201)]
        mean = sum(weight * math.exp(-d * p["alpha"] * w - d * d * time / 2) for d, weight in drifts)
        total += math.log(wiener(time, p["alpha"], w) * mean)
    return total


def ddm_full(p, trials, K):
    """Start uniform, non-decision time uniform from tau to tau + st, drift normal; Gauss-Legendre, times by their root."""
    total = 0.0
    for t in trials:
        w, v = p["beta"], p["delta"]
        half = p["sz"] * w * (1 - w) / math.hypot(w, 1 - w)
        longest = t["rt"] - p["tau"]
        shortest = max(0.0, longest - p["st"])
        mean = 0.0
        for y, weight_y in FEW:
            start, drift = w + half * (2 * y - 1), v
            if t["choice"]:
                start, drift = 1 - start, -drift
            m = p["alpha"] * start
            for x, weight_x in MANY:
                time = shortest + (longest - shortest) * x * x
                D = 1 + p["sv"] ** 2 * time
                tilt = math.exp(((p["sv"] * m) ** 2 - 2 * drift * m - drift**2 * time) / (2 * D)) / math.sqrt(D)
                mean += weight_y * weight_x * 2 * x * (longest - shortest) / p["st"] * wiener(time, p["alpha"], start) * tilt
        total += math.log(mean)
    return total


def rlddm(p, trials, K):
    q, total = [[0.5, 0.5] for _ in range(3)], 0.0
    for t in trials:
        pair, c = q[t["cond"]], t["choice"]
        a = p["a"] * ((t["iter"] / 10) ** p["bp"] if "bp" in p else 1)
        total += math.log(ddm_density(t["rt"] - p["tau"], c, a, 0.5, p["v"] * (pair[1] - pair[0])))
        d = t["outcome"] - pair[c]
        pair[c] += (p["alpha"] if "alpha" in p else p["alpha_pos"] if d > 0 else p["alpha_neg"]) * d
    return total


# ---- races ----
def lba(p, trials, K):
    """The start of each accumulator integrated over, A the range, b = A + gap the threshold; one of the drifts is above 0."""
    A, b, total = p["A"], p["A"] + p["gap"], 0.0
    for t in trials:
        time, v = t["rt"] - p["tau"], [p["v0"], p["v1"]]
        own, other = v[t["choice"]], v[1 - t["choice"]]
        density = survival = 0.0
        for x, weight in MANY:
            way = b - A * x
            density += weight * phi(way / time - own) * way / time**2
            survival += weight * Phi(way / time - other)
        total += math.log(density * survival / (1 - Phi(-v[0]) * Phi(-v[1])))
    return total


def lognormal_race(p, trials, K):
    total = 0.0
    for t in trials:
        time, mu = t["rt"] - p["tau"], [p["mu0"], p["mu1"]]
        own, other = ((math.log(time) - mu[k]) / p["sigma"] for k in (t["choice"], 1 - t["choice"]))
        total += math.log(phi(own) / (p["sigma"] * time) * Phi(-other))
    return total


# ---- perception ----
def sdt(p, trials, K):
    total = 0.0
    for t in trials:
        z = (0.5 if t["stimulus"] == 1 else -0.5) * p["d"] - p["c"]
        total += math.log(Phi(z if t["choice"] == 1 else -z))
    return total


def sdt_ratings(p, trials, K):
    c3 = p["c"]
    c2, c4 = c3 - p["gap2"], c3 + p["gap3"]
    criteria = [-math.inf, c2 - p["gap1"], c2, c3, c4, c4 + p["gap4"], math.inf]
    total = 0.0
    for t in trials:
        mean = (0.5 if t["stimulus"] == 1 else -0.5) * p["d"]
        sd = p.get("sd", 1.0) if t["stimulus"] == 1 else 1.0
        low, high = ((criteria[t["rating"] + k] - mean) / sd for k in (0, 1))
        total += math.log(Phi(high) - Phi(low) if high < 0 else Phi(-low) - Phi(-high))
    return total


def psychometric(p, trials, K):
    total = 0.0
    for t in trials:
        s = p["guess"] + (1 - p["guess"] - p["lapse"]) * sigmoid(p["slope"] * (t["intensity"] - p["threshold"]))
        total += math.log(s if t["choice"] == 1 else 1 - s)
    return total


def psychometric_weibull(p, trials, K):
    total = 0.0
    for t in trials:
        s = 0.5 - (0.5 - p["lapse"]) * math.expm1(-((t["intensity"] / p["threshold"]) ** p["slope"]))
        total += math.log(s if t["choice"] == 1 else 1 - s)
    return total


# ---- regression ----
def regression(response, faded=False, carried=False):
    def f(p, trials, K):
        total, last = 0.0, 0.0
        for i, t in enumerate(trials):
            x = [t["x1"], t["x2"]]
            if faded:
                x = [sum(p["gamma"] ** j * trials[i - j][n] for j in range(3) if i >= j) for n in ("x1", "x2")]
            mean = p["b0"] + p["b1"] * x[0] + p["b2"] * x[1] + (p["phi"] * last if carried else 0.0)
            total += response(p, t, mean)
            last = t.get("y", 0.0)
        return total

    return f


def gaussian(p, t, mean):
    return -0.5 * ((t["y"] - mean) / p["sigma"]) ** 2 - math.log(p["sigma"]) - 0.5 * math.log(2 * math.pi)


def logistic(p, t, mean):
    return bernoulli(t["choice"], mean)


def poisson(p, t, mean):
    return t["count"] * mean - math.exp(mean) - math.lgamma(t["count"] + 1)


def ordinal(p, trials, K):
    c1 = p["c"] - p["gap1"]
    c3 = p["c"] + p["gap2"]
    thresholds, total = [c1, p["c"], c3, c3 + p["gap3"]], 0.0
    for t in trials:
        below = [0.0] + [sigmoid(c - p["b1"] * t["x1"]) for c in thresholds] + [1.0]
        total += math.log(below[t["rating"] + 1] - below[t["rating"]])
    return total


MODELS = {
    "ddm": ddm(lambda p, t: p["delta"]),
    "ddm_value": ddm(lambda p, t: p["v_coef"] * (t["value_upper"] - t["value_lower"])),
    "ddm_sv": ddm_sv,
    "ddm_full": ddm_full,
    "pstRT_ddm": ddm(lambda p, t: p[f"d{t['cond'] + 1}"], a=lambda p, t: p["a"], w=lambda p: 0.5),
    "pstRT_rlddm1": rlddm,
    "pstRT_rlddm6": rlddm,
    "lba": lba,
    "lognormal_race": lognormal_race,
    "sdt": sdt,
    "sdt_ratings": sdt_ratings,
    "sdt_ratings_unequal": sdt_ratings,
    "psychometric": psychometric,
    "psychometric_weibull": psychometric_weibull,
    "glm": regression(gaussian),
    "glm_decay": regression(gaussian, faded=True),
    "glm_ar": regression(gaussian, carried=True),
    "logit": regression(logistic),
    "logit_decay": regression(logistic, faded=True),
    "poisson": regression(poisson),
    "ordinal": ordinal,
}
# What is integrated by quadrature on both sides: fewer trials, and less to ask. The model's few nodes are right to about 1e-6 of the
# density as a rule, and to 1e-4 for the fastest responses.
FEWER, TOLERANCE = {"ddm_full": (2, 8)}, {"ddm_full": 1e-4}
