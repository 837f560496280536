"""emlib in Python: fits and datasets as pandas tables, data frames to dataset files, and the program from a notebook.

    import sys
    sys.path.append("scripts")           # of the emlib checkout
    import emlib

    emlib.write_dataset(trials, "data.h5", subject="participant", levels={"choice": ["left", "right"]})
    fit = emlib.fit("data.h5", "rw", "rw.h5", covariate="age")
    fit.group                            # a row for each parameter
    fit.subjects                         # a row for each subject: alpha, alpha_unconstrained, alpha_sd, ...
    emlib.trials(fit)                    # a row for each trial: its data, values, prediction errors
    emlib.compare(["rw.h5", "rw_dual.h5"]).fits

Files are read with h5py, so read_fit, read_hbi and read_dataset need no program. The others run `emlib`: that of the argument
`program`, else of the environment variable EMLIB, else of PATH, else of the checkout or installation that this file is in. Columns
have the names that `emlib export` gives them. S subjects, P parameters, N trials, I iterations, K models. What goes wrong raises
EmlibError with the program's own message. Needs h5py, numpy and pandas (Debian: python3-h5py python3-numpy python3-pandas).
"""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field

import h5py
import numpy as np
import pandas as pd

__all__ = ["EmlibError", "Fit", "Hbi", "Comparison", "read_fit", "read_hbi", "read_dataset", "write_dataset", "fit", "hbi", "compare", "table",
           "trials", "recover", "identify", "predict", "run"]

MISSING = -2147483648  # of a column of whole numbers or codes
GROUP_STATUS = {0: "estimated", 1: "vanished", 2: "given", 3: "shared"}
SUBJECT_GOOD = (0, 1)  # every other status is flagged


class EmlibError(Exception):
    """What went wrong, as text. status: exit status of the program (1 the machine failed, 2 bad usage or input, 75 stopped by a
    signal, run again to go on), None where the program was not asked."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


# ---- HDF5 ---------------------------------------------------------------------------------------------------------

MOST_GROWTH = 1100  # compressed values grow by no more than this


class _File:
    """An HDF5 file of emlib that may come from a stranger: opened, told apart by its format, read piece by piece."""

    def __init__(self, path, kind):
        self.path = os.fspath(path)
        if not os.path.exists(self.path):
            raise EmlibError(f"{self.path}: there is no such file")
        try:
            self.h5 = h5py.File(self.path, "r")
        except OSError as e:
            raise EmlibError(f"{self.path} cannot be read as an HDF5 file: it is something else, or damaged ({e})") from None
        try:
            found = self.attributes().get("emlib_format")
            version = self.attributes().get("emlib_format_version")
            if found != kind:
                raise EmlibError(f"{self.path} is no {kind} of emlib" + (f", but {'an HBI file' if found == 'hbi' else f'a {found}'}" if isinstance(found, str) else ""))
            if version != 1:
                raise EmlibError(f"{self.path} has format version {version}; this module reads version 1")
        except BaseException:
            self.h5.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.h5.close()

    def damaged(self, what):
        return EmlibError(f"{self.path} is damaged: {what}")

    def attributes(self, of="/"):
        """Attributes as plain Python values; texts as str."""
        try:
            return {name: _plain(value) for name, value in self.h5[of].attrs.items()}
        except (OSError, KeyError, RuntimeError, UnicodeDecodeError, ValueError) as e:
            raise self.damaged(f"attributes of {of} ({e})") from None

    def has(self, name):
        try:
            return name in self.h5
        except (OSError, RuntimeError):
            return False

    def names(self, group):
        """Members of a group in the order in which they were made."""
        try:
            found = self.h5[group]
            made = found.id.get_create_plist().get_link_creation_order() & h5py.h5p.CRT_ORDER_TRACKED
            names = []
            found.id.links.iterate(lambda name: names.append(name.decode()), idx_type=h5py.h5.INDEX_CRT_ORDER if made else h5py.h5.INDEX_NAME)
            return names
        except (OSError, KeyError, RuntimeError, AttributeError, UnicodeDecodeError) as e:
            raise self.damaged(f"{group} ({e})") from None

    def array(self, name, *shape):
        """An array of this shape; None in the shape stands for any length. Texts as an object array of str."""
        try:
            if not isinstance(self.h5.get(name, getlink=True), h5py.HardLink):
                raise self.damaged(f"{name} is not in the file itself")
            data = self.h5[name]
            if not isinstance(data, h5py.Dataset) or data.is_virtual or data.external:
                raise self.damaged(f"{name} is no array in the file itself")
            if data.nbytes > MOST_GROWTH * os.path.getsize(self.path):
                raise self.damaged(f"{name} claims more than the file can hold")
            if len(data.shape) != len(shape) or any(want is not None and want != got for want, got in zip(shape, data.shape)):
                raise self.damaged(f"{name} has the shape {data.shape}, expected {shape}")
            values = data[()]
        except (OSError, KeyError, RuntimeError, ValueError, TypeError) as e:
            raise self.damaged(f"{name} ({e})") from None
        if values.dtype.kind in "SO":
            return np.array([_text(v) for v in values.ravel()], dtype=object).reshape(values.shape)
        return values


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _plain(value):
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    return value.item() if isinstance(value, np.generic) else value


def _options(attributes):
    """The text of the attribute `options` as a dictionary."""
    try:
        attributes["options"] = json.loads(attributes.get("options", "{}"))
    except (TypeError, ValueError):
        pass  # an older fit's text stays as it is
    return attributes


# ---- fits ---------------------------------------------------------------------------------------------------------

@dataclass
class Fit:
    """A fit file in memory.

    path             of the file
    attributes       dict: model, converged, iterations, bic_int, log_marginal_likelihood, n_trials, ...; options is a dict, too
    parameters       list of the P names
    subjects         DataFrame, S rows: subject, n_trials, status, status_text, modes, log_likelihood, log_marginal_likelihood (NaN: not used),
                     then for each parameter NAME (natural scale), NAME_unconstrained (MAP), NAME_sd (posterior standard deviation of
                     the MAP, unconstrained; 0 where the group has no variance; NaN where the Hessian is not positive definite)
    group            DataFrame, P rows: parameter, transform, status, mu, var, sd, natural_median, natural_mean, mu_se, var_se (NaN: none)
    cov              [P,P] covariance of the group, unconstrained scale
    trace            DataFrame, I rows: iteration, log_marginal_likelihood, mu_NAME and var_NAME under which that E-step ran
    coefficients     DataFrame, a row for each parameter and column: parameter, column, coefficient, se, per_sd, column_center, column_scale;
                     0 where a column does not act on a parameter; no rows without covariates
    hessian          [S,P,P] of the negative log posterior at the MAP, unconstrained scale
    estimates        [E] Series of all that was estimated, by name; empty where there are no standard errors
    estimates_cov    [E,E] their covariance
    excluded         list of subjects that were left out by request
    bootstrap        dict of arrays mu [B,P], var [B,P], coefficients [B,C,P]; empty without a bootstrap
    timing           dict of seconds and counts
    """
    path: str
    attributes: dict
    parameters: list
    subjects: pd.DataFrame
    group: pd.DataFrame
    cov: np.ndarray
    trace: pd.DataFrame
    coefficients: pd.DataFrame
    hessian: np.ndarray
    estimates: pd.Series
    estimates_cov: np.ndarray
    excluded: list
    bootstrap: dict
    timing: dict = field(repr=False)

    @property
    def model(self):
        return self.attributes["model"]

    @property
    def converged(self):
        return bool(self.attributes["converged"])

    @property
    def dataset(self):
        """Path of the dataset as the fit file names it, seen from the current folder."""
        named = self.attributes["dataset"]
        return named if os.path.isabs(named) else os.path.join(os.path.dirname(os.path.realpath(self.path)), named)

    @property
    def flagged(self):
        """The rows of `subjects` that one should look at."""
        return self.subjects[~self.subjects["status"].isin(SUBJECT_GOOD)]

    def posterior_cov(self, subject):
        """[P,P] posterior covariance of a subject (id), unconstrained scale: the inverse of the Hessian inside the range of the group's
        covariance, 0 outside. NaN where the Hessian is not positive definite there."""
        where = np.flatnonzero(self.subjects["subject"].to_numpy() == subject)
        if not len(where):
            raise EmlibError(f"{self.path} has no subject {subject!r}")
        return _posterior(self.cov, self.hessian[where])[0]

    def __repr__(self):
        a = self.attributes
        state = "converged" if self.converged else "NOT CONVERGED"
        return (f"<emlib fit {self.path}: {a['model']}, {a['n_subjects_used']} of {a['n_subjects']} subjects, {state} after {a['iterations']} "
                f"iterations, BIC_int {a['bic_int']:.4f}>")


def _range(cov):
    """[P,R] orthonormal basis of where a group of this covariance varies; everything where there is no group (NaN)."""
    P = len(cov)
    if np.isnan(cov).any():
        diagonal = np.diag(cov)
        return np.eye(P)[:, np.isnan(diagonal) | (diagonal > 0)]
    sd = np.sqrt(np.diag(cov))
    varies = sd > 0
    if not varies.any():
        return np.zeros((P, 0))
    sd = sd[varies]
    value, vector = np.linalg.eigh(cov[np.ix_(varies, varies)] / np.outer(sd, sd))
    kept = vector[:, value > 1e-10 * max(1, value[-1])]
    basis = np.zeros((P, kept.shape[1]))
    basis[varies] = np.linalg.qr(sd[:, None] * kept)[0]
    return basis


def _posterior(cov, hessian):
    """[S,P,P] posterior covariances from Hessians [S,P,P]; NaN where a Hessian is not positive definite inside the group's range."""
    basis = _range(cov)
    result = np.full(hessian.shape, np.nan)
    inside = np.einsum("pi,spq,qj->sij", basis, hessian, basis)
    diagonal = np.einsum("sii->si", inside)
    good = np.isfinite(inside).all(axis=(1, 2)) & (diagonal > 0).all(axis=1)
    scale = 1 / np.sqrt(diagonal[good])
    scaled = inside[good] * scale[:, :, None] * scale[:, None, :]
    positive = (np.linalg.eigvalsh(scaled) > 0).all(axis=1)
    good[good] = positive
    inverse = np.linalg.inv(scaled[positive]) * scale[positive][:, :, None] * scale[positive][:, None, :]
    result[good] = np.einsum("pi,sij,qj->spq", basis, inverse, basis)
    return result


def _posterior_sd(cov, hessian):
    """[S,P]"""
    return np.sqrt(np.maximum(np.einsum("spp->sp", _posterior(cov, hessian)), 0))


def _meanings(text):
    """{code: text} of an attribute `meaning`."""
    return {int(code): about for code, about in re.findall(r"(?:^|; )(\d+) (.*?)(?=; \d+ |$)", str(text))}


def _subject_columns(f, folder, S, P):
    """The numbers about each subject below a folder that both fits and models of an HBI have."""
    columns = {"n_trials": f.array(folder + "n_trials", S), "status": f.array(folder + "status", S)}
    if f.has(folder + "modes"):
        columns["modes"] = f.array(folder + "modes", S)
    for name in ("log_likelihood", "log_marginal_likelihood", "log_evidence_importance", "log_evidence_importance_se", "importance_ess",
                 "log_evidence_quadrature"):
        if f.has(folder + name):
            columns[name] = f.array(folder + name, S)
    return columns, f.array(folder + "map", S, P), f.array(folder + "natural", S, P), f.array(folder + "hessian", S, P, P)


def read_fit(path):
    """Reads a fit file (emlib fit) and returns a Fit. EmlibError where there is none, or it is something else or damaged."""
    with _File(path, "fit") as f:
        attributes = _options(f.attributes())
        for needed in ("model", "converged", "iterations", "bic_int", "n_subjects", "n_subjects_used", "dataset"):
            if needed not in attributes:
                raise f.damaged(f"the attribute {needed} is missing")
        names = f.array("/parameters/name", None).tolist()
        transform = f.array("/parameters/transform", len(names))
        ids = f.array("/subjects/id", None)
        S, P = len(ids), len(names)
        optional = lambda name, *shape: f.array(name, *shape) if f.has(name) else np.full(shape, np.nan)
        cov = f.array("/group/cov", P, P)
        var = f.array("/group/var", P)
        group = pd.DataFrame({
            "parameter": names, "transform": transform, "status": [GROUP_STATUS.get(int(s), "unknown") for s in f.array("/group/status", P)],
            "mu": f.array("/group/mu", P), "var": var, "sd": np.sqrt(var), "natural_median": optional("/group/natural_median", P),
            "natural_mean": optional("/group/natural_mean", P), "mu_se": optional("/group/mu_se", P), "var_se": optional("/group/var_se", P)})
        columns, mode, natural, hessian = _subject_columns(f, "/subjects/", S, P)
        meaning = _meanings(f.attributes("/subjects/status").get("meaning", ""))
        subjects = pd.DataFrame({"subject": ids, **columns})
        subjects.insert(3, "status_text", [meaning.get(int(s), "unknown status") for s in columns["status"]])
        sd = _posterior_sd(cov, hessian)
        for j, name in enumerate(names):
            subjects[name], subjects[name + "_unconstrained"], subjects[name + "_sd"] = natural[:, j], mode[:, j], sd[:, j]
        lml = f.array("/trace/log_marginal_likelihood", None)
        steps = len(lml)
        trace = pd.DataFrame({"iteration": np.arange(1, steps + 1), "log_marginal_likelihood": lml})
        for what in ("mu", "var"):
            values = f.array("/trace/" + what, steps, P)
            for j, name in enumerate(names):
                trace[f"{what}_{name}"] = values[:, j]
        estimates, estimates_cov = pd.Series([], dtype=float), np.zeros((0, 0))
        if f.has("/group/estimate_names"):
            labels = f.array("/group/estimate_names", None)
            estimates = pd.Series(f.array("/group/estimates", len(labels)), index=labels)
            estimates_cov = f.array("/group/estimates_cov", len(labels), len(labels))
        excluded = f.array("/excluded/id", None).tolist() if f.has("/excluded/id") else []
        bootstrap = {}
        for name in f.names("/bootstrap") if f.has("/bootstrap") else []:
            bootstrap[name] = f.array("/bootstrap/" + name, *([None] * (3 if name == "coefficients" else 2)))
        timing = f.attributes("/timing") if f.has("/timing") else {}
        return Fit(f.path, attributes, names, subjects, group, cov, trace, _coefficients(f, names), hessian, estimates, estimates_cov, excluded,
                   bootstrap, timing)


def _coefficients(f, names):
    head = ["parameter", "column", "coefficient", "se", "per_sd", "column_center", "column_scale"]
    if not f.has("/group/coefficients"):
        return pd.DataFrame({name: pd.Series([], dtype=object if i < 2 else float) for i, name in enumerate(head)})
    columns, P = f.array("/group/coefficient_names", None), len(names)
    C = len(columns)
    parts = [f.array("/group/" + name, C, P) for name in ("coefficients", "coefficients_se", "coefficients_standardized")]
    center, scale = f.array("/group/column_center", C), f.array("/group/column_scale", C)
    rows = [(name, columns[c], *(part[c, j] for part in parts), center[c], scale[c]) for j, name in enumerate(names) for c in range(C)]
    return pd.DataFrame(rows, columns=head)


@dataclass
class Hbi:
    """An HBI file (emlib hbi) in memory.

    attributes       dict: converged, iterations, bound, bayesian_omnibus_risk, ...
    models           DataFrame, K rows: model, n_parameters, alpha, expected_frequency, exceedance_probability,
                     protected_exceedance_probability
    responsibility   DataFrame [S,K] with the subjects' ids as index and models as columns; rows sum to 1
    group            DataFrame: model, parameter, transform, mu, mu_se, df, var, sd, natural_median (unconstrained scale but for the last)
    subjects         dict: for each model a DataFrame of S rows, as Fit.subjects
    hessian          dict: for each model [S,P,P]
    trace            DataFrame: iteration, bound, alpha_MODEL
    timing           dict
    """
    path: str
    attributes: dict
    models: pd.DataFrame
    responsibility: pd.DataFrame
    group: pd.DataFrame
    subjects: dict
    hessian: dict
    trace: pd.DataFrame
    timing: dict = field(repr=False)

    @property
    def converged(self):
        return bool(self.attributes["converged"])

    def __repr__(self):
        best = ", ".join(f"{m} {x:.3f}" for m, x in zip(self.models["model"], self.models["expected_frequency"]))
        return f"<emlib hbi {self.path}: expected frequencies {best}>"


def read_hbi(path):
    """Reads an HBI file and returns an Hbi. Errors as of read_fit."""
    with _File(path, "hbi") as f:
        attributes = _options(f.attributes())
        names = f.array("/models/name", None).tolist()
        K = len(names)
        models = pd.DataFrame({"model": names, "n_parameters": f.array("/models/n_parameters", K)})
        for name in ("alpha", "expected_frequency", "exceedance_probability", "protected_exceedance_probability"):
            models[name] = f.array("/models/" + name, K)
        ids = f.array("/subjects/id", None)
        S = len(ids)
        responsibility = pd.DataFrame(f.array("/subjects/responsibility", S, K), index=pd.Index(ids, name="subject"), columns=names)
        groups, subjects, hessians = [], {}, {}
        for model, P in zip(names, models["n_parameters"].tolist()):
            folder = f"/fits/{model}/"
            parameters = f.array(folder + "parameter", P)
            var = f.array(folder + "var", P)
            groups.append(pd.DataFrame({
                "model": model, "parameter": parameters, "transform": f.array(folder + "transform", P), "mu": f.array(folder + "mu", P),
                "mu_se": f.array(folder + "mu_se", P), "df": f.attributes(folder).get("df", np.nan), "var": var, "sd": np.sqrt(var),
                "natural_median": f.array(folder + "natural_median", P)}))
            columns, mode, natural, hessian = _subject_columns(f, folder, S, P)
            frame = pd.DataFrame({"subject": ids, **columns})
            sd = _posterior_sd(np.diag(var), hessian)
            for j, name in enumerate(parameters):
                frame[name], frame[name + "_unconstrained"], frame[name + "_sd"] = natural[:, j], mode[:, j], sd[:, j]
            subjects[model], hessians[model] = frame, hessian
        bound = f.array("/trace/bound", None)
        trace = pd.DataFrame({"iteration": np.arange(1, len(bound) + 1), "bound": bound})
        alpha = f.array("/trace/alpha", len(bound), K)
        for k, model in enumerate(names):
            trace["alpha_" + model] = alpha[:, k]
        group = pd.concat(groups, ignore_index=True) if groups else pd.DataFrame()
        return Hbi(f.path, attributes, models, responsibility, group, subjects, hessians, trace, f.attributes("/timing") if f.has("/timing") else {})


# ---- datasets -----------------------------------------------------------------------------------------------------

def _column(f, name, n):
    """A column of trials or covariates as read_dataset tells."""
    values, about = f.array(name, n), f.attributes(name)
    if values.dtype.kind == "f" and "levels" not in about:
        return values
    missing = values == MISSING if values.dtype.kind != "f" else np.isnan(values)
    if "levels" not in about:
        return np.where(missing, np.nan, values) if missing.any() else values.astype(np.int64)
    levels = about["levels"] if isinstance(about["levels"], list) else [about["levels"]]
    codes = np.where(missing, -1, values).astype(int)
    if len(codes) and (codes.max() >= len(levels) or codes.min() < -1):
        raise f.damaged(f"{name} has a code that is no level")
    return pd.Categorical.from_codes(codes, [_text(level) for level in levels], ordered=bool(about.get("levels_given", 0)))


def read_dataset(path, subject="subject"):
    """Reads a dataset file (emlib import, emlib simulate) and returns a DataFrame of N rows: the subject (column `subject`, or what the
    argument names it), then the columns of the trials. Numbers are float64 with NaN for missing, whole numbers int64 where
    none is missing, texts a category in the order of their codes, ordered where --levels gave that order.

    Its .covariates is a DataFrame of S rows (subject and the covariates; no other column without any), .fingerprint that of
    the file, .simulated None or, of made-up data, a DataFrame of S rows: subject, NAME (natural scale), NAME_unconstrained."""
    with _File(path, "dataset") as f:
        ids = f.array("/subjects/id", None)
        offset = f.array("/subjects/offset", len(ids) + 1).astype(np.int64)
        if len(offset) == 0 or offset[0] != 0 or (np.diff(offset) < 0).any():
            raise f.damaged("/subjects/offset does not rise from 0")
        names, n = f.names("/trials"), int(offset[-1])
        columns = {name: _column(f, "/trials/" + name, n) for name in names}
        covariates = {name: _column(f, "/covariates/" + name, len(ids)) for name in (f.names("/covariates") if f.has("/covariates") else [])}
        if subject in columns or subject in covariates:
            raise EmlibError(f"{f.path} has a column '{subject}' of its own; read_dataset(..., subject=NAME) gives the subjects' column another name")
        if n * 8 > MOST_GROWTH * os.path.getsize(f.path):
            raise f.damaged("it claims more trials than it can hold")
        data = pd.DataFrame({subject: np.repeat(ids, np.diff(offset)), **columns})
        beside = {"covariates": pd.DataFrame({subject: ids, **covariates}), "fingerprint": f.attributes().get("fingerprint"),
                  "simulated": _simulated(f, ids, subject) if f.has("/simulated") else None}
        for name, value in beside.items():
            object.__setattr__(data, name, value)  # beside the columns, whatever their names; a copy of the frame has none of them
        return data


def _simulated(f, ids, subject):
    parameters = f.array("/simulated/parameter", None)
    x, natural = (f.array("/simulated/" + name, len(ids), len(parameters)) for name in ("x", "natural"))
    truth = pd.DataFrame({subject: ids})
    for j, name in enumerate(parameters):
        truth[name], truth[name + "_unconstrained"] = natural[:, j], x[:, j]
    return truth


def _join_frames(data, subject):
    """One table from one frame a subject: a dictionary {id: frame}, or a list, whose frames have the column or are numbered 1, 2, ..."""
    pairs = list(data.items()) if isinstance(data, dict) else [(None, frame) for frame in data]
    if not pairs:
        raise EmlibError("there is no subject: the list of data frames is empty")
    frames, seen, first = [], set(), None
    for number, (name, frame) in enumerate(pairs, 1):
        frame = frame.copy() if isinstance(frame, pd.DataFrame) else pd.DataFrame(frame)
        who = f"frame {number}" if name is None else f"the frame of {name!r}"
        if name is None and subject in frame:
            own = _checked(frame, subject)[subject].unique()
            if len(own) != 1:
                raise EmlibError(f"{who} has {len(own)} different values in '{subject}'; a list has one frame for each subject")
            name = own[0]
        name = str(number if name is None else name)
        if name in seen:
            raise EmlibError(f"subject {name!r} has two frames; the second is {who}")
        seen.add(name)
        frame[subject] = name
        first = frame if first is None else first
        differ = sorted(map(str, set(frame.columns) ^ set(first.columns)))
        if differ:
            raise EmlibError(f"{who} and the first one differ in their columns: " + ", ".join(differ))
        frames.append(frame)
    for column in first.columns:
        kinds = {str(frame[column].dtype.categories.tolist()) for frame in frames if _is_ordered(frame[column])}
        if len(kinds) > 1 or (kinds and not all(_is_ordered(frame[column]) for frame in frames)):
            raise EmlibError(f"the categories of '{column}' are ordered, but not the same in all frames; make them the same")
    return pd.concat(frames, ignore_index=True)


def _is_ordered(column):
    return isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered


def _checked(frame, subject):
    """The frame with subjects as texts: whole numbers that pandas holds as 1.0, because some cell was missing once, are 1."""
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise EmlibError(f"there are two columns '{twice[0]}'")
    if subject not in frame.columns:
        raise EmlibError(f"there is no column '{subject}' that tells subjects apart; there are " + ", ".join(map(str, frame.columns)))
    if frame[subject].isna().any():
        raise EmlibError(f"the column '{subject}' has missing values, first in row {int(np.flatnonzero(frame[subject].isna())[0])}")
    if frame[subject].dtype.kind == "f" and ((frame[subject] % 1 == 0) & (frame[subject].abs() < 2**53)).all():
        frame = frame.assign(**{subject: frame[subject].astype("int64")})
    return frame


def _own_levels(frame):
    """The order of the categories, where it is the user's: ordered, or not the one in which import sorts texts."""
    found = {}
    for name in frame.columns:
        kind = frame[name].dtype
        if not isinstance(kind, pd.CategoricalDtype) or not all(isinstance(c, str) for c in kind.categories):
            continue
        order = [c for c in kind.categories]
        if kind.ordered or order != sorted(order, key=lambda c: c.encode()):
            found[name] = order
    return found


def _write_csv(frame, path):
    out = frame.copy(deep=False)
    for name in out.columns:
        if out[name].dtype == bool or str(out[name].dtype) == "boolean":
            out[name] = out[name].astype("Int64")
    out.to_csv(path, index=False, na_rep="NA", quoting=csv.QUOTE_NONNUMERIC)  # blanks around texts stay where there are quotes


def _given(option, values, frames):
    """The words --levels or --base of a dictionary, checked."""
    words = []
    for name, value in (values or {}).items():
        if not any(name in frame.columns for frame in frames):
            raise EmlibError(f"{option} names a column {name!r}; there are " + ", ".join(map(str, frames[0].columns)))
        if option == "levels":
            if any("," in str(v) for v in value):
                raise EmlibError(f"column {name!r} has a text with a comma, which parts the texts of --levels: {list(value)}")
            value = ",".join(map(str, value))
        words += ["--" + option, f"{name}={value}"]
    return words


def write_dataset(data, path, subject="subject", covariates=None, levels=None, base=None, rename=None, force=False, program=None):
    """Writes a dataset file from data frames with the program's own checks (`emlib import`), and returns its path.

    data        a DataFrame with a row for each trial and the column `subject`; or a list with one frame for each subject, in which
                that column may be missing (they are then 1, 2, ...); or a dictionary {id: frame}. Frames are DataFrames or what
                pandas.DataFrame takes, such as dictionaries of arrays. Rows keep their order; NaN, None and NA are missing values, and
                rows with them should stay
    subject     the column that tells subjects apart
    covariates  DataFrame with the same column (or it as index) and a row for each subject
    levels      {column: [text of code 0, of code 1, ...]}. Of a categorical column its categories count where they are ordered, or not
                sorted; without levels texts are sorted
    base        {column: code}: codes of this column begin there, {"choice": 1}
    rename      {old name: new name}; levels and base then take the new names
    force       replace the file where there is one
    """
    frame = data if isinstance(data, pd.DataFrame) else _join_frames(data, subject)
    rename = rename or {}
    subject = rename.get(subject, subject)
    frames = [_checked(frame.rename(columns=rename), subject)]
    if covariates is not None:
        if covariates.index.name is not None and covariates.index.name not in covariates.columns:
            covariates = covariates.reset_index()
        frames.append(_checked(covariates.rename(columns=rename), subject))
    order = {}
    for each in frames:
        order.update(_own_levels(each.drop(columns=[subject], errors="ignore")))
    order.update(levels or {})
    words = _given("levels", order, frames) + _given("base", base, frames)
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("trials.csv", "covariates.csv")]
        for each, name in zip(frames, names):
            _write_csv(each, name)
        if len(frames) > 1:
            words += ["--covariates", names[1]]
        words += ["--force"] if force else []
        try:
            run("import", names[0], "-o", os.fspath(path), "--subject", str(subject), *words, program=program)
        except EmlibError as e:
            raise EmlibError(str(e).replace(folder + os.sep, ""), e.status) from None
    return os.fspath(path)


# ---- the program --------------------------------------------------------------------------------------------------

def _program(program):
    """Path of the program: the argument, EMLIB, PATH, or where it is built or installed with this file."""
    for named, where in ((program, "the argument program"), (os.environ.get("EMLIB"), "the environment variable EMLIB")):
        if named:
            found = shutil.which(os.fspath(named))
            if not found:
                raise EmlibError(f"there is no program {named}, which {where} names")
            return found
    here = os.path.dirname(os.path.abspath(__file__))
    places = [os.path.join(here, *way, "bin", "emlib") for way in (("..", "build"), ("..", "..", ".."))]
    found = shutil.which("emlib") or next((place for place in places if shutil.which(place)), None)
    if not found:
        raise EmlibError("there is no program emlib in PATH; build it, or set the environment variable EMLIB to its path")
    return found


def run(*words, program=None, ranks=1, verbose=False, good=(0,)):
    """Runs `emlib` with these words and returns what it printed: run("models", "rw"). Its warnings become Python warnings.

    ranks    processes, more than 1 with mpirun
    verbose  progress is shown on stderr
    good     exit statuses that are no error. Any other raises EmlibError with the program's message
    """
    command = [_program(program), *(os.fspath(w) if isinstance(w, os.PathLike) else str(w) for w in words)]
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "-n", str(ranks), *command]
    environment = dict(os.environ)
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # Open MPI refuses root unless told twice
        environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    said = []
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out, \
                subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment, encoding="utf-8",
                                 errors="replace") as process:
            try:
                for line in process.stderr:
                    said.append(line.rstrip("\n"))
                    if verbose:
                        sys.stderr.write(line)
                status = process.wait()
            except BaseException:  # the notebook's stop button: a fit keeps its state and goes on from there when it is asked again
                process.terminate()
                process.wait()
                raise
            out.seek(0)
            printed = out.read()
    except OSError as e:
        raise EmlibError(f"cannot run {command[0]}: {e}") from None
    if status not in good:
        raise EmlibError("\n".join(said) or f"emlib {words[0]} ended with status {status}", status)
    for line in said:
        if "warning: " in line:
            warnings.warn(line.split("warning: ", 1)[1], stacklevel=3)
    return printed


def _as_words(options):
    """Options of Python as the program's: max_iter=5 is --max-iter 5, True the option alone, lists and dictionaries with commas."""
    words = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            words.append(option)
            continue
        if isinstance(value, dict):
            value = ",".join(f"{k}={_number(v)}" for k, v in value.items())
        elif isinstance(value, (list, tuple, set, np.ndarray, pd.Series)):
            value = ",".join(_number(v) for v in value)
        words += [option, _number(value)]
    return words


def _number(value):
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return os.fspath(value) if isinstance(value, os.PathLike) else str(value)


def fit(data, model, output, program=None, ranks=1, verbose=False, **options):
    """Runs `emlib fit` and returns the Fit, also of what is there already from the same data, model and options.

    data     path of a dataset file
    model    name of a model, or path of a compiled one
    output   path of the fit file
    options  those of `emlib fit`, with _ for -: mu={"alpha": 0}, covariate=["age:alpha"], fix={"beta": 1}, max_iter=100, force=True
    A fit that has not converged gives a warning, and its .converged is False.
    """
    words = ["fit", data, "--model", model, "-o", output, *_as_words(options)]
    run(*words, program=program, ranks=ranks, verbose=verbose, good=(0, 3))
    result = read_fit(output)
    if not result.converged:
        warnings.warn(f"{os.fspath(output)}: EM had not converged after {result.attributes['iterations']} iterations", stacklevel=2)
    return result


def hbi(data, models, output, program=None, ranks=1, verbose=False, **options):
    """Runs `emlib hbi` with several models and returns the Hbi; arguments as of fit."""
    words = ["hbi", data, *(w for model in models for w in ("--model", model)), "-o", output, *_as_words(options)]
    run(*words, program=program, ranks=ranks, verbose=verbose, good=(0, 3))
    result = read_hbi(output)
    if not result.converged:
        warnings.warn(f"{os.fspath(output)}: not converged after {result.attributes['iterations']} iterations", stacklevel=2)
    return result


@dataclass
class Comparison:
    """Fits side by side. fits: DataFrame, best first, a row for each fit: file, model, bic_int, bic_int_difference, weight, ..., and from two
    fits on expected_frequency, exceedance_probability, protected_exceedance_probability. random_effects: dict with what `emlib compare
    --json` gives there (bayesian_omnibus_risk, families, groups ...), None where fewer than two can be compared."""
    fits: pd.DataFrame
    random_effects: dict


def compare(fits, families=None, program=None, **options):
    """Runs `emlib compare` on paths or Fit objects and returns a Comparison.

    families  {name: [fits]}: every fit in exactly one
    options   prior_count=0.5, groups="people.csv:diagnosis", subject="id"
    """
    words = ["compare", "--json", *(_path(each) for each in fits), *_as_words(options)]
    for name, members in (families or {}).items():
        words += ["--family", f"{name}=" + ",".join(_path(each) for each in members)]
    got = json.loads(run(*words, program=program))
    frame = pd.DataFrame(got["fits"])
    effects = got.get("random_effects")
    if effects:
        for name in ("expected_frequency", "exceedance_probability", "protected_exceedance_probability"):
            of = dict(zip(effects["files"], effects[name]))
            frame[name] = [of.get(file, np.nan) for file in frame["file"]]
    return Comparison(frame, effects)


def _path(fit):
    return fit.path if isinstance(fit, (Fit, Hbi)) else os.fspath(fit)


def table(fit, name, program=None, **options):
    """Runs `emlib export` and returns the table (subjects, group, coefficients, estimates, trace, trials, bootstrap) as a DataFrame.
    fit is a path or a Fit; options are those of export: data="moved.h5", model="./mine.so". NA and empty cells are NaN."""
    text = run("export", _path(fit), "--table", name, *_as_words(options), program=program)
    head = pd.read_csv(io.StringIO(text), nrows=0).columns
    return _read_csv(io.StringIO(text), head[0] if name in ("subjects", "trials") else None)


def _read_csv(file, texts):
    """A table of the program; `texts` names the column that holds subjects' ids: 007 stays 007."""
    return pd.read_csv(file, dtype={texts: str} if texts else None, keep_default_na=False, na_values=["NA", ""], float_precision="round_trip",
                       low_memory=False)


def trials(fit, program=None, **options):
    """DataFrame with a row for each trial of the dataset: subject, trial, the data's columns, and the model's latent variables (values,
    prediction errors) at the subject's estimate; see `emlib export --help`. Arguments as of table."""
    return table(fit, "trials", program=program, **options)


def _table_of(words, program, ranks, verbose):
    """Runs a command that writes a table with -o, and reads it."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "table.csv")
        run(*words, "-o", file, program=program, ranks=ranks, verbose=verbose, good=(0, 3))
        return _read_csv(file, "subject")


def recover(model, subjects, trials, program=None, ranks=1, verbose=False, **options):
    """Runs `emlib recover`: simulates people, fits them, and returns a DataFrame with a row for each true value: repetition, level (subject,
    group), subject, parameter, quantity (value: unconstrained; natural; mu, var), true, estimate, se, lower, upper (95% interval).
    options: repeat=20, mu={"alpha": 0}, seed=1, ..."""
    return _table_of(["recover", "--model", model, "--subjects", subjects, "--trials", trials, *_as_words(options)], program, ranks, verbose)


def identify(models, subjects, trials, program=None, ranks=1, verbose=False, **options):
    """Runs `emlib identify` with several models and returns a DataFrame with a row for each fit: simulated, fitted, repetition, converged,
    log_marginal_likelihood, bic_int, best (1 for the lowest bic_int of a data set)."""
    chosen = [word for model in models for word in ("--model", model)]
    return _table_of(["identify", *chosen, "--subjects", subjects, "--trials", trials, *_as_words(options)], program, ranks, verbose)


def predict(fit, program=None, ranks=1, verbose=False, **options):
    """Runs `emlib predict` and returns a DataFrame: level, subject, statistic, response, bin, from, to, n, observed, median, lower, upper.
    options: draws=200, by="cue", history="own", data=..., model=..., ..."""
    return _table_of(["predict", _path(fit), *_as_words(options)], program, ranks, verbose)
