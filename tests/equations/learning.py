"""Models that learn from outcomes."""
import math

from common import bernoulli, log_sigmoid, log_softmax, power, sigmoid, softmax


# ---- bandits ----
def bandit(rate=lambda p, d: p["alpha"], start=lambda p: 0.0, utility=None, forget=None, lapse=None):
    """Rescorla-Wagner learning with what a variant changes of it."""

    def f(p, trials, K):
        q, habit, last, total = [start(p)] * K, [0.0] * K, None, 0.0
        for t in trials:
            c, r = t["choice"], t["reward"]
            u = [utility(p, q[k], habit[k], k == last) if utility else p["beta"] * q[k] for k in range(K)]
            logp = log_softmax(u, c)
            total += math.log((1 - p["xi"]) * math.exp(logp) + p["xi"] / K) if lapse else logp
            q = [q[k] if k == c or not forget else (1 - p["phi"]) * q[k] for k in range(K)]
            d = r - q[c]
            q[c] += rate(p, d) * d
            habit = [h + p.get("alpha_c", 0) * ((k == c) - h) for k, h in enumerate(habit)]
            last = c
        return total

    return f


def by_sign(p, d):
    return p["alpha_pos"] if d >= 0 else p["alpha_neg"]


def choice_kernel(p, trials, K):
    habit, total = [0.0] * K, 0.0
    for t in trials:
        total += log_softmax([p["beta_c"] * h for h in habit], t["choice"])
        habit = [h + p["alpha_c"] * ((k == t["choice"]) - h) for k, h in enumerate(habit)]
    return total


def wsls(p, trials, K):
    last, won, total = None, False, 0.0
    for t in trials:
        c = t["choice"]
        if last is None:
            rule = 1 / K
        elif won:
            rule = float(c == last)
        else:
            rule = (c != last) / (K - 1)
        total += math.log((1 - p["epsilon"]) * rule + p["epsilon"] / K)
        last, won = c, t["reward"] > 0
    return total


def rw_counterfactual(p, trials, K):
    q, total = [0.0, 0.0], 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["beta"] * x for x in q], c)
        q[c] += p["alpha_c"] * (t["reward"] - q[c])
        q[1 - c] += p["alpha_u"] * (t["reward_other"] - q[1 - c])
    return total


def rw_weber(p, trials, K):
    m, v, total = [0.0, 0.0], [0.0, 0.0], 0.0
    for t in trials:
        c = t["choice"]
        z = p["beta"] * (m[1] - m[0]) / math.sqrt(1 + math.pi / 8 * p["beta"] ** 2 * sum(v))
        total += bernoulli(c, z)
        d = t["reward"] - m[c]
        v[c] = min(1e6, (1 - p["alpha"]) ** 2 * v[c] + p["zeta"] ** 2 * (d * d + v[c]))
        m[c] += p["alpha"] * d
    return total


def pearce_hall(p, trials, K):
    q, a, total = [0.0] * K, [1.0] * K, 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["beta"] * x for x in q], c)
        d = t["reward"] - q[c]
        q[c] += p["kappa"] * a[c] * d
        a[c] = p["eta"] * min(abs(d), 1) + (1 - p["eta"]) * a[c]
    return total


def narm_delta(p, trials, K):
    q, total = [0.0] * K, 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["tau"] * x for x in q], c)
        q[c] += p["A"] * (t["gain"] - abs(t["loss"]) - q[c])
    return total


def narm(p, trials, K):
    """The others of the family: what a variant lacks has its neutral value."""
    arew, apun = p.get("Arew", p.get("A")), p.get("Apun", p.get("A"))
    xi, total, qr, qp = p.get("xi", 0.0), 0.0, [0.0] * K, [0.0] * K
    for t in trials:
        c = t["choice"]
        total += math.log((1 - xi) * softmax([a + b for a, b in zip(qr, qp)])[c] + xi / K)
        for k in range(K):
            if k == c:
                qr[k] += arew * (p.get("R", 1.0) * t["gain"] - qr[k])
                qp[k] += apun * (-p.get("P", 1.0) * abs(t["loss"]) - qp[k])
            elif "d" in p:
                qr[k] *= 1 - p["d"]
                qp[k] *= 1 - p["d"]
            else:
                qr[k] += arew * (0 - qr[k])
                qp[k] += apun * (0 - qp[k])
    return total


def kalman(p, trials, K):
    mean, var, total = [p["mu0"]] * K, [p["s0"] ** 2] * K, 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["beta"] * m for m in mean], c)
        gain = var[c] / (var[c] + 4**2)
        mean[c] += gain * (t["reward"] - mean[c])
        var[c] *= 1 - gain
        mean = [p["lambda"] * m + (1 - p["lambda"]) * p["theta"] for m in mean]
        var = [p["lambda"] ** 2 * v + p["sD"] ** 2 for v in var]
    return total


# ---- volatility ----
def hgf(p, trials, K, levels):
    mu2, s2, mu3, s3, total = 0.0, 0.1, 1.0, 1.0, 0.0
    for t in trials:
        u = t["outcome"]
        hat1 = sigmoid(mu2)
        total += bernoulli(t["choice"], p["zeta"] * math.log(hat1 / (1 - hat1)))
        v = math.exp(p["kappa2"] * mu3 + p["omega2"]) if levels == 3 else math.exp(p["omega2"])
        pihat2 = 1 / (s2 + v)
        pi2 = pihat2 + hat1 * (1 - hat1)
        new2, news2 = mu2 + (u - hat1) / pi2, 1 / pi2
        if levels == 3:
            w = v * pihat2
            delta = (news2 + (new2 - mu2) ** 2) * pihat2 - 1
            pihat3 = 1 / (s3 + math.exp(p["omega3"]))
            r = (v - s2) / (s2 + v)
            pi3 = max(pihat3 / 10, pihat3 + p["kappa2"] ** 2 / 2 * w * (w + r * delta))
            mu3 += p["kappa2"] / 2 * w * delta / pi3
            s3 = 1 / pi3
        mu2, s2 = new2, news2
    return total


def vkf(p, trials, K):
    m, w, v, total = [0.0] * K, [p["sigma2"]] * K, [p["v0"]] * K, 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["beta"] * x for x in m], c)
        k = (w[c] + v[c]) / (w[c] + v[c] + p["sigma2"])
        m1 = m[c] + k * (t["reward"] - m[c])
        w1 = (1 - k) * (w[c] + v[c])
        v[c] += p["lambda"] * ((m1 - m[c]) ** 2 + w[c] + w1 - 2 * (1 - k) * w[c] - v[c])
        m[c], w[c] = m1, w1
    return total


def vkf_binary(p, trials, K):
    m, w, v, total = 0.0, p["omega"], p["v0"], 0.0
    for t in trials:
        total += bernoulli(t["choice"], p["beta"] * m)
        k = (w + v) / (w + v + p["omega"])
        m1 = m + math.sqrt(w + v) * (t["outcome"] - sigmoid(m))
        w1 = (1 - k) * (w + v)
        v += p["lambda"] * ((m1 - m) ** 2 + w + w1 - 2 * (1 - k) * w - v)
        m, w = m1, w1
    return total


# ---- reversal, selection ----
def prl_rp(p, trials, K):
    q, total = [0.0, 0.0], 0.0
    for t in trials:
        c, r = t["choice"], t["outcome"]
        total += log_softmax([p["beta"] * x for x in q], c)
        q[c] += (p["Arew"] if r > 0 else p["Apun"]) * (r - q[c])
    return total


def prl_ewa(p, trials, K):
    q, n, total = [0.0, 0.0], [0.0, 0.0], 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["beta"] * x for x in q], c)
        old, n[c] = n[c], p["rho"] * n[c] + 1
        q[c] = (p["phi"] * old * q[c] + t["outcome"]) / n[c]
    return total


def fictitious(p, trials, K):
    q, total = [0.0, 0.0], 0.0
    for t in trials:
        c, r = t["choice"], t["outcome"]
        total += bernoulli(1 - c, p["beta"] * (q[0] - q[1] - p.get("alpha", 0.0)))
        d = r - q[c]
        eta = p["eta"] if "eta" in p else p["eta_pos"] if d >= 0 else p["eta_neg"]
        q[c] += eta * d
        q[1 - c] += eta * (-r - q[1 - c])
    return total


def selection(rate):
    def f(p, trials, K):
        q, total = [0.0] * 6, 0.0
        for t in trials:
            shown = [t["option1"], t["option2"]]
            total += log_softmax([p["beta"] * q[k] for k in shown], t["choice"])
            k = shown[t["choice"]]
            d = t["reward"] - q[k]
            q[k] += rate(p, d) * d
        return total

    return f


# ---- Iowa gambling ----
def utility(p, x):
    return x ** p["alpha"] if x >= 0 else -p["lambda"] * (-x) ** p["alpha"]


def igt_pvl(decay):
    def f(p, trials, K):
        e, total = [0.0] * 4, 0.0
        for t in trials:
            c, u = t["choice"], utility(p, t["outcome"])
            total += log_softmax([(3 ** p["cons"] - 1) * x for x in e], c)
            if decay:
                e = [p["A"] * x for x in e]
                e[c] += u
            else:
                e[c] += p["A"] * (u - e[c])
        return total

    return f


def igt_vpp(p, trials, K):
    e, stay, total = [0.0] * 4, [0.0] * 4, 0.0
    for t in trials:
        c, x = t["choice"], t["outcome"]
        v = [p["w"] * a + (1 - p["w"]) * b for a, b in zip(e, stay)]
        total += log_softmax([(3 ** p["cons"] - 1) * a for a in v], c)
        e[c] += p["A"] * (utility(p, x) - e[c])
        stay = [p["K"] * b for b in stay]
        stay[c] += p["epP"] if x >= 0 else p["epN"]
    return total


def igt_orl(p, trials, K):
    ev, ef, ps, total = [0.0] * 4, [0.0] * 4, [0.0] * 4, 0.0
    for t in trials:
        c, x = t["choice"], t["outcome"]
        sign = (x > 0) - (x < 0)
        total += log_softmax([a + p["betaF"] * b + p["betaP"] * d for a, b, d in zip(ev, ef, ps)], c)
        own, fictive = (p["Arew"], p["Apun"]) if x >= 0 else (p["Apun"], p["Arew"])
        ev[c] += own * (x - ev[c])
        ef = [f + own * (sign - f) if k == c else f + fictive * (-sign / 3 - f) for k, f in enumerate(ef)]
        ps[c] = 1.0
        ps = [b / (1 + 3 ** p["K"] - 1) for b in ps]
    return total


# ---- go/no-go, aversive learning ----
def gng(p, trials, K):
    q, v, total = [[0.0, 0.0] for _ in range(4)], [0.0] * 4, 0.0
    for t in trials:
        s, a, x = t["cue"], t["choice"], t["outcome"]
        w = q[s][1] - q[s][0] + p.get("b", 0.0) + p.get("pi", 0.0) * v[s]
        total += math.log((1 - p["xi"]) * math.exp(bernoulli(a, w)) + p["xi"] / 2)
        rho = p["rho"] if "rho" in p else p["rhoRew"] if x >= 0 else p["rhoPun"]
        v[s] += p["ep"] * (rho * x - v[s])
        q[s][a] += p["ep"] * (rho * x - q[s][a])
    return total


def aversive(one):
    def f(p, trials, K):
        b, total = [0.5, 0.5], 0.0
        for t in trials:
            c = t["choice"]
            threat = [min(1, max(0, p["gamma"] * (b[k] - 0.5) + 0.5)) * t[f"punish{k}"] for k in (0, 1)]
            total += log_softmax([-p["beta"] * x for x in threat], c)
            if one:
                b[0] += p["A"] * (t["outcome"] - b[0])
                b[1] = 1 - b[0]
            else:
                b[c] += p["A"] * (t["outcome"] - b[c])
        return total

    return f


# ---- two-step ----
def two_step(after=False, counted=False, weight=None):
    """after: the trace takes the error that stage 2 has left; counted: transitions are learned; weight: of model-based values."""

    def f(p, trials, K):
        a1, a2 = (p.get(f"alpha{k}", p.get(f"a{k}", p.get("a", 0.0))) for k in (1, 2))
        lam = p.get("lambda", 1.0)
        b1, b2 = p.get("beta1", p.get("beta")), p.get("beta2", p.get("beta"))
        w, stay = p.get("w", weight), p.get("p", p.get("pi"))
        q1, q2, last, n, total = [0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]], None, [[0, 0], [0, 0]], 0.0
        for t in trials:
            c1, s, c2, r = t["choice1"], t["state2"], t["choice2"], t["reward"]
            common = 0.7
            if counted:
                agree, cross = n[0][0] + n[1][1], n[1][0] + n[0][1]
                common = 0.7 if agree > cross else 0.3 if agree < cross else 0.5
            best = [max(q2[0]), max(q2[1])]
            mb = [common * best[0] + (1 - common) * best[1], (1 - common) * best[0] + common * best[1]]
            net = [w * x + (1 - w) * y for x, y in zip(mb, q1)]
            z = b1 * (net[c1] - net[1 - c1]) + (0 if last is None else stay if c1 == last else -stay)
            total += log_sigmoid(z) + log_sigmoid(b2 * (q2[s][c2] - q2[s][1 - c2]))
            d1, d2 = q2[s][c2] - q1[c1], r - q2[s][c2]
            q2[s][c2] += a2 * d2
            q1[c1] += a1 * d1 + a1 * lam * (r - q2[s][c2] if after else d2)
            n[c1][s] += 1
            last = c1
        return total

    return f


# ---- cards, ponds, others ----
def wcs_sql(p, trials, K):
    def slip(x):
        return 0.0001 + 0.9998 * x

    a, total = [1 / 3] * 3, 0.0
    for t in trials:
        m = [t["match_color"], t["match_form"], t["match_number"]]
        w = [slip(sum(a[i] ** p["d"] for i in range(3) if m[i] == k)) for k in range(4)]
        total += math.log(w[t["choice"]] / sum(w))
        right = t["outcome"] == 1
        signal = [a[i] if (m[i] == t["choice"]) == right else 0.0 for i in range(3)]
        if sum(signal) > 0:
            rate = p["r"] if right else p["p"]
            a = [(1 - rate) * x + rate * y / sum(signal) for x, y in zip(a, signal)]
        a = [slip(x / sum(a)) for x in a]
    return total


def bayes_fish(p, trials, K):
    b, total = [1 / 3] * 3, 0.0
    for t in trials:
        b = [x * (p["lambda1"] if k == t["observation"] else (1 - p["lambda1"]) / 2) for k, x in enumerate(b)]
        b = [x / sum(b) for x in b]
        total += math.log(b[t["choice"]])
    return total


def rw_self_other(p, trials, K):
    q, total = [0.0] * K, 0.0
    for t in trials:
        c = t["choice"]
        total += log_softmax([p["beta"] * x for x in q], c)
        q[c] += sum(p[f"alpha_{k}"] * (t[f"reward_{k}"] - q[c]) for k in ("self", "other", "noone"))
    return total


def rw_pairs_self_other(p, trials, K):
    q, total = [0.0] * 4, 0.0
    for t in trials:
        shown = [t["option1"], t["option2"]]
        total += log_softmax([p["beta"] * q[k] for k in shown], t["choice"])
        k, change = shown[t["choice"]], 0.0
        for who in ("self", "other"):
            d = t[f"outcome_{who}"] - q[k]
            change += p[f"alpha_{who}_{'pos' if d >= 0 else 'neg'}"] * d
        q[k] += change
    return total


MODELS = {
    "random_choice": lambda p, trials, K: sum(bernoulli(t["choice"], p["bias"]) for t in trials),
    "wsls": wsls,
    "choice_kernel": choice_kernel,
    "rw": bandit(),
    "rw_dual": bandit(rate=by_sign),
    "rw_sticky": bandit(utility=lambda p, q, h, same: p["beta"] * q + p["stay"] * same),
    "rw_dual_sticky": bandit(rate=by_sign, utility=lambda p, q, h, same: p["beta"] * q + p["stay"] * same),
    "rw_choice_kernel": bandit(utility=lambda p, q, h, same: p["beta"] * q + p["beta_c"] * h),
    "rw_forget": bandit(forget=True),
    "rw_lapse": bandit(lapse=True),
    "rw_initial": bandit(start=lambda p: p["q0"]),
    "rw_counterfactual": rw_counterfactual,
    "rw_weber": rw_weber,
    "pearce_hall": pearce_hall,
    "banditNarm_delta": narm_delta,
    "banditNarm_2par_lapse": narm,
    "banditNarm_4par": narm,
    "banditNarm_lapse": narm,
    "banditNarm_singleA_lapse": narm,
    "banditNarm_lapse_decay": narm,
    "banditNarm_kalman_filter": kalman,
    "vkf": vkf,
    "vkf_binary": vkf_binary,
    "hgf_ibrb2": lambda p, trials, K: hgf(p, trials, K, 2),
    "hgf_ibrb": lambda p, trials, K: hgf(p, trials, K, 3),
    "prl_rp": prl_rp,
    "prl_ewa": prl_ewa,
    "prl_fictitious": fictitious,
    "prl_fictitious_woa": fictitious,
    "prl_fictitious_rp": fictitious,
    "prl_fictitious_rp_woa": fictitious,
    "pst_q": selection(lambda p, d: p["alpha"]),
    "pst_gainloss_q": selection(by_sign),
    "igt_pvl_delta": igt_pvl(decay=False),
    "igt_pvl_decay": igt_pvl(decay=True),
    "igt_vpp": igt_vpp,
    "igt_orl": igt_orl,
    "gng_m1": gng,
    "gng_m2": gng,
    "gng_m3": gng,
    "gng_m4": gng,
    "alt_delta": aversive(one=True),
    "alt_gamma": aversive(one=False),
    "ts_hybrid": two_step(),
    "ts_par7": two_step(after=True),
    "ts_par6": two_step(after=True),
    "ts_par4": two_step(after=True),
    "ts_hybrid_learned": two_step(counted=True),
    "ts_mb_learned": two_step(counted=True, weight=1.0),
    "ts_mf": two_step(weight=0.0),
    "wcs_sql": wcs_sql,
    "bayes_fish": bayes_fish,
    "rw_self_other": rw_self_other,
    "rw_pairs_self_other": rw_pairs_self_other,
}
