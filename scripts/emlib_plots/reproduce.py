"""The command line that made a fit, from what the fit file says of its options."""
import os
import shlex


def _named(values):
    return ",".join(f"{name}={value!r}" for name, value in values.items())


def _start(options, about):
    """--mu and --var: those that are not the model's own. With a given group they are all said."""
    words = []
    own = {p["name"]: p for p in about["parameters"]}
    for what in ("mu", "var"):
        values = {name: value for name, value in options.get(what, {}).items()
                  if name not in options.get("fix", {}) and (options.get("group") == "fixed" or name not in own or own[name].get(what) != value)}
        if values:
            words += [f"--{what}", _named(values)]
    return words


def fit_command(fit, about):
    """The words of `emlib fit ...`; about: the model's description (sources.model_about)."""
    options = fit.about["options"]
    data = os.path.normpath(os.path.join(os.path.dirname(fit.path), fit.about["dataset"]))
    words = ["emlib", "fit", data, "--model", fit.about.get("model_file") or fit.model, "-o", fit.path]
    if options.get("group", "estimate") != "estimate":
        words += ["--group", options["group"]]
    if "group_from" in options:
        words += ["--group-from", options["group_from"]["file"]]
    else:
        words += _start(options, about)
    if options.get("covariance") == "full":
        words += ["--covariance", "full"]
    for name in ("covariate", "contrast", "by", "shared", "exclude"):
        if options.get(name):
            words += [f"--{name}", ",".join(map(str, options[name]))]
    if options.get("fix"):
        words += ["--fix", _named(options["fix"])]
    if "subjects" in options:
        words += ["--subjects", options["subjects"]["file"]]
    words += _numbers(options)
    return words


def _numbers(options):
    words = []
    evidence = [way for way, key in (("importance", "importance_samples"), ("quadrature", "quadrature_nodes")) if key in options]
    if evidence:
        words += ["--evidence", ",".join(evidence)]
    defaults = {"importance_samples": 2000, "quadrature_nodes": 0, "options": 0, "starts": 0, "tol": 1e-6, "max_iter": 500, "seed": 1,
                "bootstrap": 0}
    names = {"importance_samples": "samples", "quadrature_nodes": "nodes", "max_iter": "max-iter"}
    for key, default in defaults.items():
        if options.get(key, default) != default:
            words += [f"--{names.get(key, key)}", repr(options[key])]
    if options.get("ignore_block"):
        words += ["--ignore", "block"]
    if options.get("accelerate") == "none":
        words += ["--accelerate", "none"]
    return words


def command_line(words):
    return " ".join(shlex.quote(word) for word in words)
