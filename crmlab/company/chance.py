"""Chance that does not depend on who else is asked: one number for each (seed, stage, who).

A uniform number here is a hash of the seed, the name of the stage and the id it belongs to: the
SplitMix64 generator (Steele, Lea & Flood 2014), entered at position `id`. Three promises follow.

* Adding a stage never changes another: each has its own key, made from its name.
* A smaller company is the beginning of a larger one: customer 7 draws the same numbers in both.
* A last-digit difference in one customer's value cannot reach a neighbour's draws.
"""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _key(seed: int, stage: str) -> np.uint64:
    digest = hashlib.sha256(f"{seed}/{stage}".encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little"))


def uniform(seed: int, stage: str, ids: ArrayLike) -> Floats:
    """Uniform numbers strictly between 0 and 1, one for each id.

    >>> uniform(1, "coin", [0, 1, 2]).round(3)
    array([0.621, 0.983, 0.213])
    >>> uniform(1, "coin", [2]).round(3)
    array([0.213])
    """
    x = np.asarray(ids).astype(np.uint64)
    with np.errstate(over="ignore"):
        x = _key(seed, stage) + (x + np.uint64(1)) * _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return ((x >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(seed: int, stage: str, ids: ArrayLike) -> Floats:
    """Standard normal numbers, one for each id."""
    return special.ndtri(uniform(seed, stage, ids))


def exponential(seed: int, stage: str, ids: ArrayLike) -> Floats:
    """Exponential numbers with mean 1, one for each id."""
    return -np.log(uniform(seed, stage, ids))


def choice(seed: int, stage: str, ids: ArrayLike, probabilities: ArrayLike) -> NDArray[np.int64]:
    """Index of the chosen column; `probabilities` is one row for all, or one row for each id."""
    p = np.atleast_2d(np.asarray(probabilities, dtype=float))
    bounds = np.cumsum(p / p.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return (uniform(seed, stage, ids)[:, None] > bounds).sum(axis=1)


# Quantiles of a gamma distribution are slow to compute and smooth in the normal score: tabulate once.
_SCORES = np.linspace(-8.5, 8.5, 8001)
_TABLES: dict[float, Floats] = {}


def gamma_at(score: Floats, shape: float) -> Floats:
    """Quantile of Gamma(shape, scale 1) at the probability of a normal score.

    >>> bool(abs(gamma_at(np.array([0.0]), 2.0)[0] - special.gammaincinv(2.0, 0.5)) < 1e-6)
    True
    """
    if shape not in _TABLES:
        _TABLES[shape] = np.log(special.gammaincinv(shape, special.ndtr(_SCORES)))
    return np.exp(np.interp(score, _SCORES, _TABLES[shape]))
