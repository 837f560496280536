"""From the unconstrained to the natural scale, by the names of transforms in fit files."""
import re

import numpy as np

NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"


def _logistic(x):
    return 0.5 * (1 + np.tanh(np.asarray(x) / 2))


def _exp(x):
    with np.errstate(over="ignore"):
        return np.exp(np.asarray(x, float))


def function_of(name):
    """The transform as a function of an array; None where it is not known or depends on the subject, as minRT*logistic does."""
    if name == "identity":
        return lambda x: np.asarray(x, float)
    if name == "exp":
        return _exp
    if name == "logistic":
        return _logistic
    scaled = re.fullmatch(rf"({NUMBER})\*logistic", name)
    if scaled:
        return lambda x: float(scaled[1]) * _logistic(x)
    between = re.fullmatch(rf"logistic from ({NUMBER}) to ({NUMBER})", name)
    if between:
        low, high = float(between[1]), float(between[2])
        return lambda x: low + (high - low) * _logistic(x)
    return None


def group_density(function, mean, variance, points=401):
    """Density of transform(x) with x ~ Normal(mean, variance): places on the natural scale and the density there."""
    sd = np.sqrt(variance)
    x = mean + sd * np.linspace(-4, 4, points)
    place = function(x)
    slope = np.gradient(place, x)
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi)) / slope
    good = np.isfinite(density)
    return place[good], density[good]
