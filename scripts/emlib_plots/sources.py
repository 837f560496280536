"""Where pictures come from: fits, read with emlib's own checks of files, and tables that emlib has written."""
import csv
import io
import json
import os
import re
import shutil
import warnings
from typing import NamedTuple, Optional

import emlib
import numpy as np

from .problem import Problem

FLAGGED = 2  # statuses from here on mark subjects to look at


def program():
    """The emlib that is run: $EMLIB, the one beside these scripts (installed, or built in build/), or the one in PATH."""
    here = os.path.dirname(os.path.abspath(__file__))
    beside = [os.path.join(here, *("..",) * up, *rest) for up, rest in (
        (2, ("build", "bin", "emlib")), (4, ("bin", "emlib")))]
    for path in [os.environ.get("EMLIB")] + beside + [shutil.which("emlib")]:
        if path and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise Problem("the program emlib is not there; build it, put it into PATH, or name it in the environment variable EMLIB")


def run(*arguments):
    """The standard output of `emlib ARGUMENTS`; its message is passed on where it fails."""
    return _asked(emlib.run, *arguments, program=program(), good=(0, 3))


def _asked(function, *arguments, **options):
    """Calls a function of emlib.py; its errors become problems, its warnings are left to the program's own commands."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments, **options)
    except emlib.EmlibError as error:
        text = str(error).splitlines()[0] if str(error) else "emlib failed"
        raise Problem(re.sub(r"^emlib \w+: ", "", text), 1 if error.status == 1 else 2) from error


def _numbers(values):
    return np.array([np.nan if value is None else value for value in values], float)


class Fit:
    """One fit file: what `emlib show --json` tells (`about`), and its tables of subjects and E-steps as arrays.

    names, transforms [P]; ids, status, status_text [S]; unconstrained, natural, sd (posterior, unconstrained) [S,P];
    mu, mu_lower, mu_upper (95 % interval), mu_se, variance [P], NaN where there is none; group_status [P] words.
    """

    def __init__(self, path):
        self.path = path
        self.file = _asked(emlib.read_fit, path)
        self.about = json.loads(run("show", "--json", "--", path))
        group = self.about["group"]
        self.model = self.about["model"]
        self.names, self.transforms = group["parameter"], group["transform"]
        self.mu, self.variance = _numbers(group["mu"]), _numbers(group["var"])
        self.natural_median, self.natural_mean = _numbers(group["natural_median"]), _numbers(group["natural_mean"])
        self.group_status, self.unbounded = group["status"], group["unbounded"]
        for part in ("se", "lower", "upper"):
            setattr(self, "mu_" + part, _numbers([mean.get(part) for mean in group["means"]]))
        self.kind = self.about["options"].get("group", "estimate")  # estimate, fixed or none
        self.has_covariates = bool(group["coefficients"])
        self._read_subjects()

    def _read_subjects(self):
        table = self.file.subjects
        self.ids = list(table["subject"])
        self.status, self.status_text = table["status"].to_numpy(), list(table["status_text"])
        self.flagged = self.status >= FLAGGED
        self.trials = table["n_trials"].to_numpy()
        for attribute, end in (("natural", ""), ("unconstrained", "_unconstrained"), ("sd", "_sd")):
            setattr(self, attribute, table[[name + end for name in self.names]].to_numpy(float))
        self.log_likelihood = table["log_likelihood"].to_numpy()
        self.log_marginal_likelihood = table["log_marginal_likelihood"].to_numpy()

    def trace(self):
        """The course of EM: evidence [I], mu [I,P], var [I,P]."""
        table = self.file.trace
        return (table["log_marginal_likelihood"].to_numpy(),
                *(table[[f"{what}_{name}" for name in self.names]].to_numpy(float) for what in ("mu", "var")))

    def columns_of(self, wanted):
        """Indices of the parameters asked for, all where none is."""
        if not wanted:
            return list(range(len(self.names)))
        missing = [name for name in wanted if name not in self.names]
        if missing:
            raise Problem(f"{self.path}: the model {self.model} has no parameter {missing[0]}; it has {', '.join(self.names)}")
        return [self.names.index(name) for name in wanted]

    def subjects_of(self, wanted):
        """Rows of the subjects asked for."""
        place = {name: s for s, name in enumerate(self.ids)}
        missing = [name for name in wanted if name not in place]
        if missing:
            raise Problem(f"{self.path}: there is no subject {missing[0]} in this fit; 'emlib export --table subjects' lists them")
        return [place[name] for name in wanted]

    @property
    def scale_of_group(self):
        """What everybody's estimates are."""
        return {"none": "each subject's maximum likelihood", "fixed": "MAP under a given group"}.get(self.kind, "MAP")


def value(text):
    """A number of a table; NaN where the cell is empty or NA."""
    return np.nan if text in ("", "NA", "NaN", "nan", "n/a", None) else float(text)


def table_text(text, path):
    """Rows of a CSV as dictionaries."""
    reader = csv.DictReader(io.StringIO(text))
    if not reader.fieldnames:
        raise Problem(f"{path} is empty; expected a CSV table with a header line")
    return list(reader)


def table_file(path, columns, maker, numbers=()):
    """Rows of a CSV that `maker` (a command) writes; checks its columns, and that numbers are numbers."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not a text file; expected the CSV table of '{maker}'") from error
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}") from error
    try:
        rows = table_text(text, path)
    except csv.Error as error:
        raise Problem(f"{path} is not a CSV table: {error}; expected the table of '{maker}'") from error
    header = list(csv.reader(io.StringIO(text)))[0] if rows or text.strip() else []
    missing = [name for name in columns if name not in header]
    if missing:
        raise Problem(f"{path}: there is no column {missing[0]}; expected the table of '{maker}', with the columns {','.join(columns)}")
    if not rows:
        raise Problem(f"{path} has a header line but no rows; run '{maker}' again")
    for line, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise Problem(f"{path}, row {line - 1}: it has not as many cells as the header line")
        for name in numbers:
            try:
                row[name] = value(row[name])
            except ValueError:
                raise Problem(f"{path}, row {line - 1}, column {name}: {row[name]!r} is not a number") from None
    return rows


def comparison(paths):
    """What `emlib compare --json` tells; one path of a .json file is such an answer, kept."""
    if len(paths) == 1 and paths[0].endswith(".json"):
        try:
            with open(paths[0], encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError) as error:
            raise Problem(f"{paths[0]} cannot be read as the answer of 'emlib compare --json': {error}") from error
        if not isinstance(found, dict) or not isinstance(found.get("fits"), list) or not found["fits"]:
            raise Problem(f"{paths[0]} is not the answer of 'emlib compare --json': there are no \"fits\"")
        return found
    if len(paths) < 2:
        raise Problem("a comparison needs two fits or more, or the answer of 'emlib compare --json' in a .json file")
    return json.loads(run("compare", "--json", "--", *paths))


MOST_GROUPS = 7  # colours that can be told apart


def groups_of(fit, covariate, data=None):
    """Who belongs to which group by a covariate of the dataset: names of the groups, and each subject's as an index, -1 where missing."""
    path = data or fit.file.dataset
    table = _asked(emlib.read_dataset, path)
    if table.fingerprint != fit.about["dataset_fingerprint"]:
        raise Problem(f"{path} is not the dataset of {fit.path}: its fingerprint is another one")
    known = [name for name in table.covariates.columns if name != "subject"]
    if covariate not in known:
        raise Problem(f"{path}: there is no covariate {covariate}; " + (f"there are {', '.join(known)}" if known else "there is none"))
    column = table.covariates.set_index("subject")[covariate]
    there = column.reindex(fit.ids).dropna()  # nobody of the fit may be in a group of the dataset
    levels = [level for level in column.cat.categories if (there == level).any()] if hasattr(column, "cat") else sorted(there.unique())
    if not 1 <= len(levels) <= MOST_GROUPS:
        raise Problem(f"{path}: the covariate {covariate} has {len(levels)} different values; groups are told apart up to {MOST_GROUPS}"
                      + ("" if hasattr(column, "cat") else ". It is a number: make a covariate of its ranges, such as young and old"))
    place = {level: k for k, level in enumerate(levels)}
    names = [level if isinstance(level, str) else f"{level:g}" for level in levels]
    index = np.array([place.get(column.get(name), -1) for name in fit.ids])
    return Groups(names, index, None if hasattr(column, "cat") else covariate, *_means_of_groups(fit, table.covariates, covariate, index))


class Groups(NamedTuple):
    """Subjects in groups. index: each subject's group [S], -1: none; number: the covariate's name where its values are numbers;
    mean, se [G,P]: what the covariates of the fit foretell for each group, NaN where this covariate does not act on the parameter."""
    names: list
    index: np.ndarray
    number: Optional[str]
    mean: np.ndarray
    se: np.ndarray


def _columns_of(covariates, covariate, columns):
    """What subjects have in each of these columns of a design that are of this covariate, {column: [S]}: numbers as they are; for texts
    differences from one level (treatment), the mean (sum), or the levels before (helmert)."""
    values = covariates[covariate]
    if not hasattr(values, "cat"):
        return {covariate: values.to_numpy(float)}
    code, levels = values.cat.codes.to_numpy(), list(values.cat.categories)
    last = [k for k, level in enumerate(levels) if f"{covariate}[sum:{level}]" not in columns]
    found = {}
    for k, level in enumerate(levels):
        found[f"{covariate}[{level}]"] = (code == k).astype(float)
        found[f"{covariate}[sum:{level}]"] = (code == k) - np.isin(code, last).astype(float)
        found[f"{covariate}[helmert:{level}]"] = np.where(code == k, k / (k + 1), np.where(code < k, -1 / (k + 1), 0))
    return found


def _means_of_groups(fit, covariates, covariate, index):
    """Mean and standard error [G,P] of Groups, from the coefficients and their covariance; subjects' other covariates as they are."""
    mean, se = (np.full((index.max() + 1, len(fit.names)), np.nan) for _ in range(2))
    table = fit.file.coefficients
    estimates = {name: k for k, name in enumerate(fit.file.estimates.index)}
    names = list(dict.fromkeys(table["column"]))
    mine = covariates.set_index("subject").reindex(fit.ids).reset_index()
    known = {"(Intercept)": np.ones(len(fit.ids))}
    for name in mine.columns[1:]:
        known.update({key: x for key, x in _columns_of(mine, name, names).items() if key in names})
    own = set(_columns_of(mine, covariate, names)) & set(names)
    for j, parameter in enumerate(fit.names):
        part = table[(table["parameter"] == parameter) & ((table["coefficient"] != 0) | table["se"].notna())]
        columns = list(part["column"])
        if not own & set(columns) or not _as_fitted(part, known):
            continue
        place = [estimates.get(f"{column}:{parameter}", -1) for column in columns]
        for group in range(len(mean)):
            row = np.array([known[column][index == group].mean() if (index == group).any() else np.nan for column in columns])
            mean[group, j] = row @ part["coefficient"].to_numpy(float)
            if min(place) >= 0:
                se[group, j] = np.sqrt(row @ fit.file.estimates_cov[np.ix_(place, place)] @ row)
    return mean, se


def _as_fitted(part, known):
    """Whether all columns are known and have the means that they had in the fit."""
    return all(column in known and (column == "(Intercept)" or np.isclose(known[column].mean(), center, rtol=1e-9, atol=1e-9))
               for column, center in zip(part["column"], part["column_center"]))


def trials_of(fit, data=None, model=None):
    """The table of trials of a fit as a data frame: `emlib export --table trials`. data: where the dataset is now; model: the file of a
    compiled model."""
    table = _asked(emlib.trials, fit.path, program=program(), data=data, model=model)
    table.attrs["dataset"] = data or fit.file.dataset
    return table


def options_of(table, name):
    """The number of texts that a column of a table of trials may have, as its dataset tells: those that nobody chose are among them."""
    column = _asked(emlib.read_dataset, table.attrs["dataset"], subject="subject ")[name]
    return len(column.cat.categories) if hasattr(column, "cat") else 2


def model_about(fit):
    """The description of a fit's model from `emlib models --json`: about, equations, reference, parameters, columns, latents. Empty for
    a compiled model, which is code and is not loaded."""
    nothing = {"about": "", "equations": "", "reference": "", "parameters": [], "columns": [], "latents": []}
    if fit.about.get("model_file"):
        return nothing
    try:
        models = json.loads(run("models", "--json", "--", fit.model))["models"]
    except Problem:  # of a program with fewer models
        models = []
    return {**nothing, **{key: value for key, value in models[0].items() if value}} if models else nothing
