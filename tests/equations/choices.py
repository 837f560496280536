"""Models of decisions: delay, effort, sharing, risk, balloons, happiness."""
import math

from common import bernoulli, log_softmax, power


def delay(value, temperature="beta"):
    def f(p, trials, K):
        total = 0.0
        for t in trials:
            later, sooner = (value(p, t[f"amount_{w}"], t[f"delay_{w}"]) for w in ("later", "sooner"))
            total += bernoulli(t["choice"], p[temperature] * (later - sooner))
        return total

    return f


def sharing(value):
    def f(p, trials, K):
        total = 0.0
        for t in trials:
            prosocial, selfish = (t[f"{w}_self"] + value(p, t[f"{w}_other"], t["distance"]) for w in ("prosocial", "selfish"))
            total += bernoulli(t["choice"], p["beta"] * (prosocial - selfish))
        return total

    return f


def effort(rate):
    def f(p, trials, K):
        total = 0.0
        for t in trials:
            high, low = (t[f"reward_{w}"] - rate(p, t) * t[f"effort_{w}"] ** 2 for w in ("high", "low"))
            total += bernoulli(t["choice"], p["beta"] * (high - low))
        return total

    return f


def prd_hyp_k(p, trials, K):
    def risky(t):
        return t["amount_risky"] / (1 + p["k"] * (1 - t["prob"]) / t["prob"])

    return sum(bernoulli(t["choice"], p["beta"] * (risky(t) - t["amount_sure"])) for t in trials)


def even_gamble(p, trials, K):
    rho, loss_aversion, total = p.get("rho", 1.0), p.get("lambda", 1.0), 0.0
    for t in trials:
        gamble = 0.5 * (power(t["gain"], rho) - loss_aversion * power(t["loss"], rho))
        total += bernoulli(t["choice"], p["tau"] * (gamble - power(t["cert"], rho)))
    return total


def ambiguity(weight):
    def f(p, trials, K):
        total = 0.0
        for t in trials:
            variable = weight(p, t) * power(t["reward_var"], p["alpha"])
            total += bernoulli(t["choice"], p["gamma"] * (variable - 0.5 * power(t["reward_fix"], p["alpha"])))
        return total

    return f


def dbdm_prob_weight(p, trials, K):
    def weight(q):
        return 0.0 if q <= 0 else math.exp(-((-math.log(q)) ** p["tau"]))

    def utility(q, high, low):
        size_high, size_low = power(abs(high), p["rho"]), power(abs(low), p["rho"])
        gain_high = size_high if high >= 0 else -p["lambda"] * size_high
        gain_low = size_low if low >= 0 and high > 0 else -p["lambda"] * size_low
        return weight(q) * gain_high + weight(1 - q) * gain_low

    total = 0.0
    for t in trials:
        u = [p["beta"] * utility(t[f"opt{i}hprob"], t[f"opt{i}hval"], t[f"opt{i}lval"]) for i in (1, 2)]
        total += log_softmax(u, t["choice"])
    return total


def pt(p, trials, K):
    def value(x):
        return power(x, p["alpha"]) if x >= 0 else -p["lam"] * power(-x, p["beta"])

    def weight(q):
        g = p["gamma"]
        return q**g / (q**g + (1 - q) ** g) ** (1 / g)

    total = 0.0
    for t in trials:
        gamble = weight(t["p1"]) * value(t["x1"]) + weight(t["p2"]) * value(t["x2"])
        total += bernoulli(t["choice"], p["mu"] * (gamble - value(t["cert"])))
    return total


def peer_ocu(p, trials, K):
    total = 0.0
    for t in trials:
        q = t["p_gamble"]
        safe, risky = (
            q * power(t[f"{w}_Hpayoff"], p["rho"]) + (1 - q) * power(t[f"{w}_Lpayoff"], p["rho"]) for w in ("safe", "risky")
        )
        safe += p["ocu"] * (t["condition"] == 1)
        risky += p["ocu"] * (t["condition"] == 3)
        total += bernoulli(t["choice"], p["tau"] * (risky - safe))
    return total


def cgt_cm(p, trials, K):
    bets, total = [0.05, 0.25, 0.5, 0.75, 0.95], 0.0
    for t in trials:
        x = t["n_red_boxes"] / 10
        red = p["c"] * x ** p["alpha"] / (p["c"] * x ** p["alpha"] + (1 - p["c"]) * (1 - x) ** p["alpha"])
        total += math.log(red if t["choice"] == 1 else 1 - red)
        win, points = x if t["choice"] == 1 else 1 - x, t["trial_initial_points"] / 100
        order = bets if t["gamble_type"] == 1 else bets[::-1]
        u = []
        for i, bet in enumerate(order):
            gain, loss = math.log(1 + points + points * bet), math.log(1 + p["rho"] * (points - points * bet))
            u.append(p["gamma"] * (win * gain + (1 - win) * loss - p["beta"] * i / 4))
        total += log_softmax(u, order.index(bets[t["stake"]]))
    return total


def pumping(start, log_odds, learn):
    """The likelihood of pumping and stopping, balloon after balloon; a burst ends one without a stop."""

    def f(p, trials, K):
        succeeded = pumped = 0
        burst, total = start(p), 0.0
        for t in trials:
            n, exploded = t["pumps"], t["explosion"]
            for number in range(1, n + 1):
                total += bernoulli(1, log_odds(p, burst, number))
            if not exploded:
                total += bernoulli(0, log_odds(p, burst, n + 1))
            succeeded, pumped = succeeded + n - exploded, pumped + n
            burst = learn(p, succeeded, pumped, burst)
        return total

    return f


def bart_target(p, burst, number):
    return p["tau"] * (-p["gam"] / math.log(1 - burst) - number)


def bart_utility(p, burst, number):
    loss = p["lambda"] * (number - 1)
    return p["tau"] * ((1 - burst) - burst * loss + p["rho"] * burst * (1 - burst) * (1 + loss) ** 2)


def ewmv_learn(p, succeeded, pumped, burst):
    if pumped == 0:
        return burst
    return p["phi"] + (1 - math.exp(-pumped * p["eta"])) * ((pumped - succeeded) / pumped - p["phi"])


def rdt_happiness(p, trials, K):
    certain = expected = surprise = total = 0.0
    for t in trials:
        if t["rated"] == 1:
            mean = p["w0"] + p["w1"] * certain + p["w2"] * expected + p["w3"] * surprise
            total -= 0.5 * math.log(2 * math.pi) + math.log(p["sig"]) + 0.5 * ((t["happy"] - mean) / p["sig"]) ** 2
        value = 0.5 * (t["gain"] - t["loss"])
        certain += t["cert"] * (t["choice"] == 0)
        expected += value * (t["choice"] == 1)
        surprise += (t["outcome"] - value) * (t["choice"] == 1)
        certain, expected, surprise = (p["gam"] * x for x in (certain, expected, surprise))
    return total


def ug_delta(p, trials, K):
    norm, total = 10.0, 0.0
    for t in trials:
        total += bernoulli(t["choice"], p["tau"] * (t["offer"] - p["alpha"] * max(norm - t["offer"], 0)))
        norm += p["ep"] * (t["offer"] - norm)
    return total


def ug_bayes(p, trials, K):
    norm, seen, total = 10.0, 4, 0.0
    for t in trials:
        norm, seen = (seen * norm + t["offer"]) / (seen + 1), seen + 1
        u = t["offer"] - p["alpha"] * max(norm - t["offer"], 0) - p["beta"] * max(t["offer"] - norm, 0)
        total += bernoulli(t["choice"], p["tau"] * u)
    return total


def fehr_schmidt(p, trials, K):
    def utility(own, other):
        return own - p["alpha"] * max(other - own, 0) - p["beta"] * max(own - other, 0)

    total = 0.0
    for t in trials:
        total += bernoulli(t["choice"], p["tau"] * (utility(t["self_b"], t["other_b"]) - utility(t["self_a"], t["other_a"])))
    return total


MODELS = {
    "dd_hyperbolic": delay(lambda p, a, d: a / (1 + p["k"] * d)),
    "dd_exp": delay(lambda p, a, d: a * math.exp(-p["r"] * d)),
    "dd_cs": delay(lambda p, a, d: a * math.exp(-((p["r"] * d) ** p["s"]))),
    "dd_hyperboloid": delay(lambda p, a, d: a / (1 + p["k"] * d) ** p["s"]),
    "dd_quasi_hyperbolic": delay(lambda p, a, d: a if d == 0 else p["beta"] * p["delta"] ** d * a, "tau"),
    "ed_par_k": effort(lambda p, t: p["k"]),
    "ped_par_k": effort(lambda p, t: p["k"]),
    "ped_par_2k": effort(lambda p, t: p["k_other"] if t["beneficiary"] == 1 else p["k_self"]),
    "prd_hyp_k": prd_hyp_k,
    "sd_hyp_k": sharing(lambda p, a, n: a / (1 + p["k"] * n)),
    "sd_hyp_wk": sharing(lambda p, a, n: p["w_other"] * a / (1 + p["k"] * n)),
    "sd_par_k": sharing(lambda p, a, n: a - p["k"] * n * n if a > 0 else 0),
    "sd_lin_k": sharing(lambda p, a, n: a - p["k"] * n if a > 0 else 0),
    "ug_delta": ug_delta,
    "ug_bayes": ug_bayes,
    "fehr_schmidt": fehr_schmidt,
    "ra_prospect": even_gamble,
    "ra_noLA": even_gamble,
    "ra_noRA": even_gamble,
    "cra_linear": ambiguity(lambda p, t: t["prob"] - p["beta"] * t["ambig"] / 2),
    "cra_exp": ambiguity(lambda p, t: t["prob"] ** (1 + p["beta"] * t["ambig"])),
    "dbdm_prob_weight": dbdm_prob_weight,
    "pt": pt,
    "peer_ocu": peer_ocu,
    "cgt_cm": cgt_cm,
    "bart_par4": pumping(
        lambda p: 1 - p["phi"], bart_target, lambda p, s, n, b: 1 - (p["phi"] + p["eta"] * s) / (1 + p["eta"] * n)
    ),
    "bart_ewmv": pumping(lambda p: p["phi"], bart_utility, ewmv_learn),
    "rdt_happiness": rdt_happiness,
}
