"""scripts/emlib.py and the table of trials: what Python reads is what the file holds and the program exports; data frames come back as they
went; each trial's latent variables are those of a second computation; what goes wrong says so.

usage: python.py EMLIB FOLDER_OF_SCRIPTS
"""
import contextlib
import csv
import json
import math
import os
import shutil
import sys
import tempfile
import warnings

import h5py
import numpy as np
import pandas as pd

program, scripts = sys.argv[1:3]
os.environ["EMLIB"] = os.path.abspath(program)
scripts, here = os.path.abspath(scripts), os.path.abspath(__file__)
sys.path.insert(0, scripts)
import emlib  # noqa: E402

warnings.simplefilter("ignore", UserWarning)  # the program's; those that matter are looked at
failures = checks = 0


def check(good, what):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print("FAILED:", what)


def near(got, want, what, tolerance=1e-12):
    got, want = np.asarray(got, float), np.asarray(want, float)
    check(got.shape == want.shape and np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True), what)


def refused(pattern, call, *arguments, **named):
    """The call raises EmlibError with this text."""
    try:
        call(*arguments, **named)
    except emlib.EmlibError as e:
        check(pattern in str(e), f"the message is '{e}', expected '{pattern}'")
        return
    check(False, f"nothing was refused: {pattern}")


# ---- data: three arms by name, missing cells, columns that no model needs, one called as one of emlib's own

def make_trials():
    random = np.random.default_rng(5)
    frames = []
    for s in range(12):
        n = 40 + s
        learned, q, rows = random.uniform(0.1, 0.6), np.zeros(3), []
        for t in range(n):
            p = np.exp(3 * q) / np.exp(3 * q).sum()
            c = random.choice(3, p=p)
            r = float(random.random() < (0.8, 0.5, 0.2)[c]) - 0.1
            q[c] += learned * (r - q[c])
            rows.append((10 * t, "abc"[c], r, random.uniform(0.2, 1.5), ("rot", "grün, hell", 'sagt "ja"')[t % 3], t // 25))
        frame = pd.DataFrame(rows, columns=["trial", "choice", "reward", "rt", "cue", "block"])
        frame.loc[5, ["choice", "rt"]] = None
        frame.loc[9, "reward"] = np.nan
        frame.loc[11, "cue"] = None
        frames.append(frame)
    return frames


IDS = ["007", "O'Brien", "ä, b"] + [f"p{s:02d}" for s in range(3, 12)]


def round_trip():
    frames = make_trials()
    people = pd.DataFrame({"who": IDS, "age": np.linspace(20, 31, 12), "group": ["patient", "control"] * 6})
    people.loc[4, "age"] = np.nan
    trials = pd.concat([f.assign(who=who) for who, f in zip(IDS, frames)], ignore_index=True)
    levels = {"choice": ["c", "a", "b"], "group": ["patient", "control"]}
    emlib.write_dataset(trials, "data.h5", subject="who", covariates=people, levels=levels)
    back = emlib.read_dataset("data.h5", subject="who")
    check(list(back.columns) == ["who", "trial", "choice", "reward", "rt", "cue", "block"], f"columns {list(back.columns)}")
    check(back["who"].tolist() == trials["who"].tolist(), "subjects come back")
    for name in ("choice", "cue"):
        texts = back[name].astype(object).where(back[name].notna(), None)
        check(texts.tolist() == trials[name].where(trials[name].notna(), None).tolist(), f"texts of {name} come back")
    check(list(back["choice"].cat.categories) == ["c", "a", "b"] and back["choice"].cat.ordered, "the order that was given")
    check(list(back["cue"].cat.categories) == sorted(set(trials["cue"].dropna()), key=str.encode) and not back["cue"].cat.ordered, "bytewise order")
    for name in ("trial", "reward", "rt", "block"):
        near(back[name].astype(float), trials[name].astype(float), f"numbers of {name} come back to the last bit", 0)
    near(back.covariates["age"], people["age"], "covariates come back", 0)
    check(back.covariates["group"].tolist() == people["group"].tolist() and list(back.covariates["group"].cat.categories) == levels["group"],
          "covariates of texts come back")
    with h5py.File("data.h5") as f:
        check(f.attrs["fingerprint"].decode() == back.fingerprint, "fingerprint")
        codes = f["trials/choice"][()]
        near(np.where(codes == emlib.MISSING, -1, codes), back["choice"].cat.codes, "codes", 0)
        near(np.where(np.isnan(f["trials/rt"][()]), -1, f["trials/rt"][()]), back["rt"].fillna(-1), "numbers", 0)
    emlib.write_dataset(back, "again.h5", subject="who", covariates=back.covariates)
    check(emlib.read_dataset("again.h5").fingerprint == back.fingerprint, "a dataset that is read and written is the same")
    emlib.write_dataset(dict(zip(IDS, frames)), "dict.h5", subject="who", covariates=people.set_index("who"), levels=levels)
    check(emlib.read_dataset("dict.h5").fingerprint == back.fingerprint, "a dictionary of frames is the same")
    emlib.write_dataset([f.to_dict("list") for f in frames], "list.h5", levels={"choice": levels["choice"]})
    check(emlib.read_dataset("list.h5")["subject"].unique().tolist() == [str(s) for s in range(1, 13)], "a list of frames is numbered")
    small = pd.DataFrame({"id": [3.0, 3.0, 4.0], "resp": [1, 2, 1], "reward": [True, False, True]})
    emlib.write_dataset(small, "small.h5", subject="id", rename={"resp": "choice"}, base={"choice": 1})
    read = emlib.read_dataset("small.h5")
    emlib.write_dataset([small[:2], small[2:]], "two.h5", subject="id", rename={"resp": "choice"}, base={"choice": 1})
    check(emlib.read_dataset("two.h5").fingerprint == read.fingerprint, "whole numbers name subjects, in a list, too")
    check(read["choice"].tolist() == [0, 1, 0] and read["reward"].tolist() == [1, 0, 1] and read["subject"].tolist() == ["3", "3", "4"], "small")
    check(read["choice"].dtype == np.int64 and list(read.covariates.columns) == ["subject"], "whole numbers; no covariates")

    for ids in ([" a", "a"], [1e20, 2e20]):
        apart = pd.DataFrame({"subject": ids, "choice": [0, 1], "cue": pd.Categorical([" l", "r"], categories=["r", " l"], ordered=True)})
        emlib.write_dataset(apart, "apart.h5", force=True)
        apart = emlib.read_dataset("apart.h5")
        check(apart["subject"].nunique() == 2 and list(apart["cue"]) == [" l", "r"], f"subjects {ids} stay apart, texts keep their blanks")
    refused("exists already", emlib.write_dataset, trials, "data.h5", subject="who")
    refused("no column 'subject'", emlib.write_dataset, trials, "no.h5")
    refused("two frames", emlib.write_dataset, [small[:2], small[:2]], "no.h5", subject="id")
    refused("2 different values in 'id'", emlib.write_dataset, [small], "no.h5", subject="id")
    refused("frame 2 and the first one differ in their columns: chioce, choice", emlib.write_dataset,
            [small[:2].assign(id=1, choice=0), small[:2].assign(id=2, chioce=0)], "no.h5", subject="id")
    ordered = [small[:2].assign(cue=pd.Categorical(["a", "b"], list(c), ordered=True)).drop(columns="id") for c in ("ab", "ba")]
    refused("the categories of 'cue' are ordered, but not the same", emlib.write_dataset, ordered, "no.h5")
    refused("has missing values, first in row 1", emlib.write_dataset, small.assign(id=[1, np.nan, 2]), "no.h5", subject="id")
    refused("two columns 'resp'", emlib.write_dataset, small.rename(columns={"reward": "resp"}), "no.h5", subject="id")
    refused("trials.csv: line 3, column 'reward'", emlib.write_dataset, small.assign(reward=[1, np.inf, 1]), "no.h5", subject="id")
    refused("levels names a column 'chioce'", emlib.write_dataset, trials, "no.h5", subject="who", levels={"chioce": ["a"]})
    refused("with a comma", emlib.write_dataset, trials, "no.h5", subject="who", levels={"cue": ["a,b"]})
    refused("trials.csv: line 2, column 'choice'", emlib.write_dataset, trials, "no.h5", subject="who", levels={"choice": ["x", "y"]})
    refused("the list of data frames is empty", emlib.write_dataset, [], "no.h5")
    check(not os.path.exists("no.h5"), "nothing is written where something is refused")
    return trials, people


# ---- fits

def same_table(got, path, name):
    """A DataFrame against what `emlib export` writes: all of its columns."""
    want = pd.read_csv(path, float_precision="round_trip", dtype={"subject": str})
    for column in got.columns:
        if want[column].dtype.kind in "if":
            near(got[column], want[column], f"{name}: {column}")
        else:
            check(got[column].tolist() == want[column].tolist(), f"{name}: {column}")


def fits():
    one = emlib.fit("data.h5", "rw", "rw.h5", covariate="age:alpha", exclude=[IDS[4]], bootstrap=3,
                    evidence=["importance", "quadrature"], samples=3000)
    full = emlib.fit("data.h5", "rw_dual", "full.h5", ranks=2, covariance="full", mu={"alpha_pos": 0.1}, fix={"beta": 2.5})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        short = emlib.fit("data.h5", "choice_kernel", "short.h5", max_iter=2)
    check(not short.converged and any("had not converged" in str(w.message) for w in said), "a fit that has not converged says so")
    check(one.converged and one.model == "rw" and one.excluded == [IDS[4]] and one.attributes["options"]["covariate"] == ["age:alpha"], "attributes")
    check(os.path.samefile(one.dataset, "data.h5") and "converged" in repr(one), "dataset and repr")
    for fit, path in ((one, "rw.h5"), (full, "full.h5"), (short, "short.h5")):
        for name in ("subjects", "group", "trace"):
            emlib.run("export", path, "--table", name, "-o", "table.csv", "--force")
            same_table(getattr(fit, name), "table.csv", f"{path} {name}")
        with h5py.File(path) as f:
            near(fit.hessian, f["subjects/hessian"][()], path + " Hessian", 0)
            near(fit.cov, f["group/cov"][()], path + " covariance", 0)
            check(fit.timing["ranks"] == f["timing"].attrs["ranks"] and fit.attributes["bic_int"] == f.attrs["bic_int"], path + " attributes")
    emlib.run("export", "rw.h5", "--table", "coefficients", "-o", "table.csv", "--force")
    want = pd.read_csv("table.csv").set_index(["parameter", "column"])
    for row in one.coefficients[one.coefficients["coefficient"] != 0].itertuples():
        near([row.coefficient, row.se], want.loc[(row.parameter, row.column), ["coefficient", "se"]], f"coefficient {row.column}:{row.parameter}")
    near(np.sqrt(np.diag(one.estimates_cov))[one.estimates.index.get_loc("age:alpha")], want.loc[("alpha", "age"), "se"], "estimates")
    check(one.bootstrap["mu"].shape == (3, 2) and one.bootstrap["coefficients"].shape == (3, 2, 2) and full.bootstrap == {}, "bootstrap")
    check(len(full.coefficients) == 0 and full.group["status"].tolist().count("given") == 1, "no coefficients; a parameter that is fixed")
    near(np.sqrt(np.diag(full.posterior_cov(IDS[2]))), full.subjects.set_index("subject").loc[IDS[2], [n + "_sd" for n in full.parameters]], "sd")

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        both = emlib.compare([one.path, full, "short.h5"])
    check(any("short.h5 was fitted to other data or subjects" in str(w.message) for w in said), "compare warns")
    check(both.fits["other_data"].tolist() == [False, True, True], "fits of other subjects are not compared")
    both = emlib.compare([full, short], families={"a": [full], "b": [short]}, prior_count=2)
    want = list(csv.DictReader(emlib.run("compare", "full.h5", "short.h5", "--csv", "--prior-count", 2).splitlines()))
    check(both.fits["file"].tolist() == [w["file"] for w in want] and both.random_effects["prior_count"] == 2, "order of the fits")
    for name in ("bic_int", "weight", "expected_frequency", "protected_exceedance_probability"):
        near(both.fits[name], [float(w[name]) for w in want], "comparison: " + name)
    check(emlib.compare([full]).random_effects is None, "one fit alone")

    many = emlib.hbi("data.h5", ["rw", "choice_kernel"], "hbi.h5", null="none")
    want = json.loads(emlib.run("show", "hbi.h5", "--json"))
    near(many.responsibility, want["responsibility"], "responsibilities")
    near(many.models["alpha"], [m["alpha"] for m in want["models"]], "alpha")
    near(many.group["mu"], [x for m in want["models"] for x in m["mu"]], "hbi: mu")
    table = emlib.table("hbi.h5", "subjects")
    near(many.subjects["rw"]["beta_unconstrained"], table["rw.beta_unconstrained"], "hbi: subjects")
    found = emlib.recover("rw", 6, 30, seed=2)
    emlib.run("simulate", "--model", "rw", "--subjects", 6, "--trials", 30, "--seed", 2, "-o", "recover.h5")
    put_in = emlib.read_dataset("recover.h5").simulated
    part = found[(found["parameter"] == "beta") & (found["quantity"] == "natural") & (found["level"] == "subject")]
    check(part["subject"].tolist() == put_in["subject"].tolist(), "recover: subjects")
    near(part["true"], put_in["beta"], "recover: what was put in")
    found = emlib.identify(["rw", "rw_dual"], 6, 30)
    check(len(found) == 4 and found.groupby("simulated")["best"].sum().tolist() == [1, 1], "identify")
    found = emlib.predict(one, draws=20, level="subject")
    check(set(found["subject"]) == set(IDS) - {IDS[4]} and "choice=a" in set(found["response"]), "predict")
    near(many.trace["bound"], emlib.table(many, "trace")["bound"], "hbi: trace")


# ---- the table of trials

def rescorla_wagner(rows, alpha, beta):
    """Value of what was chosen, prediction error, p(choice) of each trial; None where there is none."""
    code, q, block, out = {"c": 0, "a": 1, "b": 2}, [0.0] * 3, None, []
    for choice, reward, here in rows:
        if here != block:
            q, block = [0.0] * 3, here
        if not isinstance(choice, str):
            out.append((math.nan, math.nan, math.nan))
            continue
        c = code[choice]
        p = math.exp(beta * q[c]) / sum(math.exp(beta * v) for v in q)
        out.append((q[c], reward - q[c], p))
        if not math.isnan(reward):
            q[c] += alpha * (reward - q[c])
    return out


def trial_table(trials, people):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        got = emlib.trials("rw.h5")
        wide = emlib.trials("rw.h5", covariates=True)
    check(any("1 subject of the data is not in the fit" in str(w.message) for w in said), "a subject that was left out is counted")
    own = ["trial", "choice", "reward", "rt", "cue", "block"]
    check(list(got.columns) == ["subject", "emlib_trial"] + own + ["value", "pe", "log_likelihood", "p_choice"], f"columns {list(got.columns)}")
    check(list(wide.columns) == ["subject", "emlib_trial"] + own + ["age", "group", "value", "pe", "log_likelihood", "p_choice"], "with covariates")
    check(got["subject"].tolist() == trials["who"].tolist(), "a row for each trial, missing ones included")
    check(got["emlib_trial"].tolist() == trials.groupby("who", sort=False).cumcount().add(1).tolist(), "numbers of trials")
    for name in own:
        near(got[name], trials[name], name, 0) if trials[name].dtype.kind in "if" else check(
            got[name].where(got[name].notna(), "").tolist() == trials[name].where(trials[name].notna(), "").tolist(), name)
    near(wide["age"], trials["who"].map(people.set_index("who")["age"]), "age of each trial's subject", 0)
    check(wide["group"].tolist() == trials["who"].map(people.set_index("who")["group"]).tolist(), "group of each trial's subject")
    subjects = emlib.read_fit("rw.h5").subjects.set_index("subject")
    for who, part in got.groupby("subject", sort=False):
        if who == IDS[4]:
            check(part[["value", "pe", "log_likelihood", "p_choice"]].isna().all(axis=None), "latent variables of a subject left out")
            continue
        rows = list(part[["choice", "reward", "block"]].itertuples(index=False))
        want = np.array(rescorla_wagner(rows, *subjects.loc[who, ["alpha", "beta"]]))
        near(part[["value", "pe", "p_choice"]], want, f"latent variables of {who}")
        near(part["log_likelihood"], np.log(want[:, 2]), f"log-likelihoods of {who}")
        near(part["log_likelihood"].sum(), subjects.loc[who, "log_likelihood"], f"their sum, of {who}")

    by = emlib.fit("data.h5", "rw", "by.h5", by="block:alpha", covariance="full")
    check(by.parameters == ["alpha[0]", "alpha[1]", "alpha[2]", "beta"], f"conditions {by.parameters}")
    near(emlib.trials(by).groupby("subject")["log_likelihood"].sum().loc[IDS], by.subjects["log_likelihood"], "log-likelihoods with conditions")

    emlib.run("export", "rw.h5", "--table", "trials", "--split", "split")
    check(sorted(os.listdir("split")) == sorted(i + ".csv" for i in IDS), "a file for each subject")
    whole = emlib.run("export", "rw.h5", "--table", "trials").splitlines()
    parts = [open(f"split/{i}.csv", encoding="utf-8").read().splitlines() for i in IDS]
    check([whole[0]] + [line for p in parts for line in p[1:]] == whole and all(p[0] == whole[0] for p in parts), "the files make up the whole")
    refused("007.csv exists already", emlib.run, "export", "rw.h5", "--table", "trials", "--split", "split")
    emlib.run("export", "rw.h5", "--table", "trials", "--split", "split", "--force")
    os.remove("split/007.csv")
    refused("exists already", emlib.run, "export", "rw.h5", "--table", "trials", "--split", "split")
    check(not os.path.exists("split/007.csv"), "nothing is written where a file is in the way")
    refused("is no folder", emlib.run, "export", "rw.h5", "--table", "trials", "--split", "rw.h5", "--force")
    refused("--split is for --table trials", emlib.run, "export", "rw.h5", "--table", "group", "--split", "x")
    refused("--covariates is for --table trials", emlib.run, "export", "rw.h5", "--table", "group", "--covariates")
    refused("either --output", emlib.run, "export", "rw.h5", "--table", "trials", "--split", "x", "-o", "y")

    # names that are taken, a subject whose name is no file's, one whom the fit cannot use
    odd = pd.DataFrame({"id": ["../a"] * 30 + ["b"] * 30, "choice": [0, 1, 1] * 10 + [1] * 29 + [np.nan], "reward": [1, 0, 1, 0, 1] * 12,
                        "value": 7})
    emlib.write_dataset([odd[:30], odd[30:]], "odd.h5", subject="id", covariates=pd.DataFrame({"id": ["b", "../a"], "reward": [1, 2], "pe": [3, 4]}))
    emlib.run("fit", "odd.h5", "--model", "rw", "--group", "fixed", "-o", "odd_fit.h5")
    with h5py.File("odd_fit.h5", "r+") as f:
        f["subjects/status"][1], f["subjects/hessian"][1] = 3, [[1, 2], [2, 1]]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        got = emlib.trials("odd_fit.h5", covariates=True)
    check(list(got.columns) == ["subject", "trial", "choice", "reward", "value", "covariate_reward", "pe", "emlib_value", "emlib_pe",
                                "log_likelihood", "p_choice"], f"names {list(got.columns)}")
    check(any("1 subject is flagged and not used by the fit, latent variables are NA: b" in str(w.message) for w in said),
          "a flagged subject is named")
    check(got["emlib_value"].isna().tolist() == [False] * 30 + [True] * 30 and got["subject"].tolist() == odd["id"].tolist(), "its rows stay")
    emlib.run("export", "odd_fit.h5", "--table", "subjects", "-o", "table.csv", "--force")
    same_table(emlib.read_fit("odd_fit.h5").subjects, "table.csv", "a flagged subject")
    check(emlib.read_fit("odd_fit.h5").flagged["beta_sd"].isna().tolist() == [True], "no posterior without a positive definite Hessian")
    refused("subject '../a' cannot be the name of a file", emlib.run, "export", "odd_fit.h5", "--table", "trials", "--split", "odd")
    check(not os.path.exists("odd"), "no folder is left")
    refused("has no covariates", emlib.trials, emlib.fit("small.h5", "rw", "small_fit.h5", group="fixed"), covariates=True)

    # a response time has a density, no probability
    emlib.run("simulate", "--model", "ddm", "--subjects", 3, "--trials", 20, "-o", "ddm.h5")
    times = emlib.trials(emlib.fit("ddm.h5", "ddm", "ddm_fit.h5", group="fixed"))
    check("p_choice" not in times and np.isfinite(times["log_likelihood"]).all(), "response times")
    near(times.groupby("subject")["log_likelihood"].sum(), emlib.read_fit("ddm_fit.h5").subjects["log_likelihood"], "their sum", 1e-10)
    check(emlib.read_dataset("ddm.h5").simulated.shape == (3, 9), "what made-up data were drawn with")


# ---- what is no file of emlib

def wrong_files():
    refused("there is no such file", emlib.read_fit, "none.h5")
    refused("cannot be read as an HDF5 file", emlib.read_fit, here)
    refused("is no fit of emlib, but a dataset", emlib.read_fit, "data.h5")
    refused("is no dataset of emlib, but a fit", emlib.read_dataset, "rw.h5")
    refused("is no hbi of emlib", emlib.read_hbi, "rw.h5")
    with h5py.File("foreign.h5", "w") as f:
        f["x"] = 1
    refused("foreign.h5 is no fit of emlib", emlib.read_fit, "foreign.h5")
    whole = open("rw.h5", "rb").read()
    for size in (0, 100, len(whole) // 2, len(whole) - 1):
        open("cut.h5", "wb").write(whole[:size])
        refused("cut.h5", emlib.read_fit, "cut.h5")

    def edited(change):
        shutil.copy("rw.h5", "edited.h5")
        with h5py.File("edited.h5", "r+") as f:
            change(f)
        return "edited.h5"

    def without(name):
        return lambda f: f.__delitem__(name)

    def with_another(name, value):
        def change(f):
            del f[name]
            f[name] = value
        return change
    refused("/subjects/map", emlib.read_fit, edited(without("subjects/map")))
    refused("/group/mu has the shape (3,), expected (2,)", emlib.read_fit, edited(with_another("group/mu", np.zeros(3))))
    refused("is not in the file itself", emlib.read_fit, edited(with_another("group/mu", h5py.ExternalLink("data.h5", "/trials/rt"))))
    refused("attribute bic_int is missing", emlib.read_fit, edited(lambda f: f.attrs.__delitem__("bic_int")))
    refused("format version 9", emlib.read_fit, edited(lambda f: f.attrs.__setitem__("emlib_format_version", 9)))

    def claims(f):
        del f["subjects/status"]
        f.create_dataset("subjects/status", shape=(10**11,), dtype="i1", chunks=(10**6,))
    refused("claims more than the file can hold", emlib.read_fit, edited(claims))
    refused("there is no program nowhere", emlib.trials, "rw.h5", program="nowhere")
    refused("no model", emlib.fit, "data.h5", "no_such_model", "no.h5")
    try:
        emlib.fit("data.h5", "rw", "rw.h5", max_iter=3)
        check(False, "another fit is not overwritten")
    except emlib.EmlibError as e:
        check(e.status == 2 and "--force" in str(e), f"exit status {e.status}: {e}")


def guide():
    """The Python of README.md in the folder of scripts runs as it is written there, and gives no warnings."""
    text = open(os.path.join(scripts, "README.md"), encoding="utf-8").read()
    code = text.split("```python\n", 1)[1].split("```", 1)[0]
    os.mkdir("guide")
    os.chdir("guide")
    os.symlink(os.path.abspath(scripts), "scripts")
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        got = {}
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            exec(compile(code, "README.md", "exec"), got)
    about_fits = [str(w.message) for w in warned if "emlib" in w.filename or w.filename == "README.md"]
    check(len(got["regressors"]) == 3000 and got["fit"].converged and got["habit"].converged and not about_fits,
          f"the guide's example: {about_fits}")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    guide()
    os.chdir(folder)
    made = round_trip()
    fits()
    trial_table(*made)
    wrong_files()
    os.chdir("/")
print(f"{checks} checks, {failures} failed")
sys.exit(failures > 0)
