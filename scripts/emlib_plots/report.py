"""emlib-report: one page about one fit or several, with everything in it that a reader needs: no network, no scripts."""
import base64
import math
import os
import sys

import jinja2

from . import (comparison, confusion, convergence, individuals, look, output, parameters, prediction, recovery, reproduce, shrinkage,
               sources)
from .choice import Choice
from .command import Parser
from .problem import Problem

OPEN_UP_TO = 30  # subjects whose table is open at first
WIDE = Choice(width=180.0)
EXAMPLE = "emlib-report rw.h5 rw_dual.h5 choice_kernel.h5 --ml rw_ml.h5 -o report.html"


def number(value, digits=4):
    """A number for a table; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0 or 0.001 <= abs(value) < 1e6:
        text = f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}" if value and abs(value) < 1000 else f"{value:.2f}"
    else:
        text = f"{value:.{digits - 2}e}"
    return text.replace("-", "−")


def _image(figure, alt):
    """A picture as the page has it: SVG in the page itself, and a text for those who do not see it."""
    look.settle(figure)
    content, missing = look.render(figure, "svg")
    _image.missing |= missing
    return {"data": base64.b64encode(content).decode(), "alt": alt}


_image.missing = False  # whether the font lacked characters


class _Section:
    """What the page tells of one fit."""

    def __init__(self, path, options, alone_fits):
        fit = sources.Fit(path)
        self.fit, self.about = fit, fit.about
        self.model = sources.model_about(fit)
        self.command = reproduce.command_line(reproduce.fit_command(fit, self.model))
        self.flagged = [(fit.ids[s], fit.status_text[s]) for s in range(len(fit.ids)) if fit.flagged[s]]
        self.group = [self._parameter(j) for j in range(len(fit.names))]
        self.coefficients = fit.about["group"]["coefficients"]
        self.subjects = [self._subject(s) for s in range(len(fit.ids))]
        self.open = len(fit.ids) <= OPEN_UP_TO
        self.options = sorted((key.replace("_", "-"), _words(value)) for key, value in fit.about["options"].items())
        self._draw(options, alone_fits)

    def _parameter(self, j):
        fit = self.fit
        variance = fit.about["group"]["variances"][j]
        return {"name": fit.names[j], "transform": fit.transforms[j], "about": self._meaning(fit.names[j]), "mu": fit.mu[j],
                "se": fit.mu_se[j], "lower": fit.mu_lower[j], "upper": fit.mu_upper[j], "sd": math.sqrt(fit.variance[j]),
                "variance": fit.variance[j], "variance_se": variance.get("se"), "median": fit.natural_median[j],
                "mean": fit.natural_mean[j], "status": fit.group_status[j], "unbounded": fit.unbounded[j]}

    def _meaning(self, name):
        return next((p.get("about") for p in self.model["parameters"] if p["name"] == name.split("[")[0]), "") or ""

    def _subject(self, s):
        fit = self.fit
        return {"id": fit.ids[s], "flagged": fit.flagged[s], "status": fit.status_text[s], "trials": int(fit.trials[s]),
                "log_likelihood": fit.log_likelihood[s], "evidence": fit.log_marginal_likelihood[s],
                "values": list(zip(fit.natural[s], fit.unconstrained[s], fit.sd[s]))}

    @property
    def verdict(self):
        """Whether it converged, in a sentence, and whether that is good."""
        about, kind = self.about, self.fit.kind
        if kind == "none":
            return "There is no group: each subject's own maximum likelihood.", True
        if kind == "fixed":
            return "The group was given, not estimated: there was nothing to converge.", True
        steps = f"{about['iterations']} E-steps"
        if about["converged"]:
            distance = about.get("distance")
            left = "" if distance is None else f"; estimated distance to its fixed point {distance:.1e}"
            return f"EM converged after {steps}{left}.", True
        return f"EM had NOT CONVERGED after {steps}. Go on with --resume before you use these numbers.", False

    @property
    def remarks(self):
        """What one should know before reading the group's table."""
        found = []
        for p in self.group:
            if p["status"] == "vanished":
                found.append(f"{p['name']}: the variance vanished; the data do not tell people apart, and everybody has the group's mean.")
            if p["status"] == "shared":
                found.append(f"{p['name']}: estimated, the same for everyone by request.")
            if p["status"] == "given" and self.fit.kind == "estimate":
                found.append(f"{p['name']}: given, not estimated.")
            if p["unbounded"]:
                found.append(f"{p['name']}: the data want its mean at infinity; it is held where the likelihood is flat.")
        return found

    def _draw(self, options, alone_fits):
        fit = self.fit
        who = f"{fit.model}, {len(fit.ids)} subjects"
        groups = self._groups(options)
        middle = ", ".join(f"{p['name']} {number(p['median'])}" for p in self.group)
        self.pictures = {"parameters": _image(parameters.draw((fit, groups), Choice(width=180.0, scale="natural")),
                                              f"Estimates of {who}, natural scale. Medians of the group: {middle}."),
                         "unconstrained": _image(parameters.draw((fit, groups), Choice(width=180.0, scale="unconstrained")),
                                                 f"The same estimates of {who} on the unconstrained scale.")}
        self.pictures["convergence"] = None
        if fit.kind != "none":
            self.pictures["convergence"] = _image(convergence.draw(fit, WIDE), f"The course of EM for {fit.model}: {self.verdict[0]}")
        self.without_trials = None
        try:
            source = fit, sources.trials_of(fit, options.data, options.model), None
            self.pictures["individuals"] = _image(individuals.draw(source, WIDE),
                                                  f"Trial by trial: subjects from the best described one to the worst under {fit.model}.")
        except Problem as problem:
            self.without_trials = str(problem)
        self.pictures["shrinkage"] = None
        for alone in alone_fits:
            if self.belongs(alone):
                self.pictures["shrinkage"] = _image(shrinkage.draw(shrinkage.pair(fit, alone), WIDE),
                                                    f"Estimates under the group against everybody's own maximum likelihood, {fit.model}.")

    def _groups(self, options):
        """The first covariate of the fit that tells groups apart, if the data are there."""
        for name in self.about["options"].get("covariate", []):
            try:
                return sources.groups_of(self.fit, name.split(":")[0], options.data)
            except Problem:
                pass
        return None

    def belongs(self, alone):
        """Whether a fit of everybody alone is of this fit's model and data."""
        return (self.fit.kind != "none" and alone.model == self.fit.model and alone.names == self.fit.names
                and alone.about["dataset_fingerprint"] == self.about["dataset_fingerprint"])


def _alone(path):
    fit = sources.Fit(path)
    if fit.kind != "none":
        raise Problem(f"{path} is not a fit of everybody alone; 'emlib fit ... --group none' makes one")
    return fit


def _words(value):
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _compared(paths):
    """The table and picture of a comparison; None of one fit; a reason where there is nothing to compare."""
    if len(paths) < 2:
        return None
    found = sources.comparison(paths)
    effects = found.get("random_effects") or {}
    place = {file: k for k, file in enumerate(effects.get("files", []))}
    rows = []
    for fit in found["fits"]:
        k = place.get(fit["file"])
        row = dict(fit)
        for name in ("expected_frequency", "protected_exceedance_probability"):
            row[name] = None if k is None else effects[name][k]
        rows.append(row)
    best = rows[0]
    try:
        picture = _image(comparison.draw(found, WIDE), "Models by BIC_int, best first: " + "; ".join(
            f"{row['model']} {number(row['bic_int_difference'])}" for row in rows if not row["other_data"]) + ".")
    except Problem as problem:
        return {"rows": rows, "picture": None, "why": str(problem), "risk": None, "best": None}
    return {"rows": rows, "picture": picture, "why": None, "risk": effects.get("bayesian_omnibus_risk"), "best": best}


def _table_pictures(options):
    """Pictures of the tables that were given: recovery, identification, prediction."""
    found = []
    for kind, path, title, alt in (
            (recovery, options.recovery, "Can the parameters be recovered?", "True against estimated parameters of simulated people"),
            (confusion, options.identify, "Can the models be told apart?", "Confusion and inversion matrices of the models"),
            (prediction, options.prediction, "Does the model foretell what was observed?", "Observed statistics against predictions")):
        if path:
            figure = kind.draw(kind.read([path]), WIDE)
            found.append({"title": title, "path": path, "picture": _image(figure, f"{alt}, from {os.path.basename(path)}.")})
    return found


def page(options):
    """The page as text."""
    with look.style():
        alone_fits = [_alone(path) for path in options.ml]
        sections = [_Section(path, options, alone_fits) for path in options.fits]
        for alone in alone_fits:
            if not any(section.belongs(alone) for section in sections):
                raise Problem(f"{alone.path}: none of the fits is of its model and data")
        context = {"sections": sections, "comparison": _compared(options.fits), "tables": _table_pictures(options),
                   "title": options.title or _title(sections), "version": sections[0].about["emlib_version"]}
    folder = os.path.dirname(os.path.abspath(__file__))
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    return environment.get_template("report.html").render(context)


def _title(sections):
    models = list(dict.fromkeys(os.path.basename(section.fit.model) for section in sections))
    data = list(dict.fromkeys(os.path.basename(section.about["dataset"]) for section in sections))
    return f"{', '.join(models[:4])}{' and others' if len(models) > 4 else ''} fitted to {', '.join(data[:3])}"


def _arguments():
    parser = Parser(prog="emlib-report", description="One page about one fit or several: what was fitted to what, whether it converged, "
                    "the group and everybody in it, models compared, pictures, how to cite and to reproduce it. The page needs nothing else "
                    "and no network.",
                    example=EXAMPLE)
    parser.add_argument("fits", nargs="+", metavar="FIT.h5", help="fits of 'emlib fit'")
    parser.add_argument("-o", "--output", required=True, metavar="PAGE.html", help="where to write it")
    parser.add_argument("-f", "--force", action="store_true", help="replace the page if it exists")
    parser.add_argument("--title", help="the page's title")
    parser.add_argument("--data", metavar="DATA.h5", help="the dataset, where it is no longer at the place that the fits name")
    parser.add_argument("--model", metavar="FILE.so", help="the model of fits of a compiled model, which is code; for pictures of people")
    parser.add_argument("--ml", action="append", default=[], metavar="ML.h5",
                        help="a fit of one of the models with --group none: adds shrinkage")
    parser.add_argument("--recovery", metavar="R.csv", help="a table of 'emlib recover'")
    parser.add_argument("--identify", metavar="I.csv", help="a table of 'emlib identify'")
    parser.add_argument("--prediction", metavar="P.csv", help="a table of 'emlib predict'")
    return parser


def main(arguments=None):
    try:
        options = _arguments().parse_args(arguments)
        if os.path.splitext(options.output)[1].lower() not in (".html", ".htm"):
            raise Problem(f"{options.output}: the page is an .html file")
        output.check_free([options.output], options.force)
        text = page(options)
        output.write_all({options.output: text.encode("utf-8", "replace")}, options.force)
        if _image.missing:
            print("emlib-report: warning: the font lacks characters of some names; boxes stand for them in pictures", file=sys.stderr)
        return 0
    except Problem as problem:
        print(f"emlib-report: {problem}", file=sys.stderr)
        return problem.status
    except MemoryError:
        print("emlib-report: out of memory", file=sys.stderr)
        return 1
