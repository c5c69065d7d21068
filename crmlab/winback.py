"""Winning lost customers back: rates of small groups made comparable, and decisions under uncertainty.

`shrink_rates` pulls the rates of agents, cells or offers towards their common mean as far as chance explains their
differences. `roll_back` values a tree of choices and chances from its ends to its root.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["roll_back", "shrink_rates"]


def shrink_rates(successes: pd.Series, trials: pd.Series, level: float = 0.95) -> pd.DataFrame:
    """Rates of several groups, shrunk towards their mean by the empirical Bayes method (beta-binomial).

    Successes of a group with true rate θ are binomial(trials, θ), and θ ~ beta(a, b) over groups, a and b by maximum
    likelihood. Then shrunk = (a + successes)/(a + b + trials), and the interval holds θ with probability `level`,
    given a and b. Where the groups differ no more than chance does, all get nearly the overall rate.

    Parameters
    ----------
    successes, trials : counts with the same index, one entry a group; at least two groups
    level : of the interval, above 0 and below 1

    Returns columns rate, shrunk, low, high, on the index given; `.attrs["prior"]` holds (a, b).
    Raises ValueError for different indexes, counts that are missing, negative or not whole, more successes than
    trials, a group without trials, fewer than two groups, or no success (or no failure) at all.
    Source: Morris (1983); Casella (1985).

    >>> calls = pd.DataFrame({"saved": [60, 55, 6, 1], "calls": [200, 100, 10, 10]}, index=list("abcd"))
    >>> shrink_rates(calls["saved"], calls["calls"])[["rate", "shrunk"]].round(2)
       rate  shrunk
    a  0.30    0.31
    b  0.55    0.53
    c  0.60    0.49
    d  0.10    0.26
    """
    from scipy.optimize import minimize
    from scipy.special import betaincinv, betaln, expit, logit

    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    if not successes.index.equals(trials.index):
        raise ValueError("successes and trials must have the same index, in the same order")
    k, n = _counts("successes", successes), _counts("trials", trials)
    if len(k) < 2:
        raise ValueError(f"{len(k)} group: there is no mean to shrink it towards")
    if (n == 0).any():
        raise ValueError(f"group {trials.index[int(n.argmin())]!r} has no trials: leave it out")
    if (k > n).any():
        raise ValueError(f"group {trials.index[int((k - n).argmax())]!r} has more successes than trials")
    if not 0 < k.sum() < n.sum():
        raise ValueError(f"{k.sum():g} successes in {n.sum():g} trials: the rates do not differ")

    def loss(phi: Any) -> float:  # the mean as a logit, the weight a + b as a log
        a, b = np.exp(phi[1]) * expit(phi[0]), np.exp(phi[1]) * expit(-phi[0])
        return float((betaln(a, b) - betaln(a + k, b + n - k)).sum())

    start = logit(k.sum() / n.sum())
    bounds = [(start - 5, start + 5), (-2.0, 12.0)]
    tries = [minimize(loss, [start, np.log(w)], bounds=bounds, method="L-BFGS-B") for w in (5.0, 50.0, 1000.0)]
    mean, weight = min(tries, key=lambda one: one.fun).x
    a, b = float(np.exp(weight) * expit(mean)), float(np.exp(weight) * expit(-mean))
    tail = (1 - level) / 2
    made = pd.DataFrame(
        {
            "rate": k / n,
            "shrunk": (a + k) / (a + b + n),
            "low": betaincinv(a + k, b + n - k, tail),
            "high": betaincinv(a + k, b + n - k, 1 - tail),
        },
        index=trials.index,
    )
    made.attrs["prior"] = (a, b)
    return made


def _counts(name: str, values: pd.Series) -> np.ndarray:
    """Whole counts of 0 and more, or a sentence on what is wrong."""
    try:
        counts = values.to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} hold text: they must be counts") from None
    bad = ~np.isfinite(counts) | (counts < 0) | (counts != np.floor(counts))
    if bad.any():
        raise ValueError(f"{name} of group {values.index[int(bad.argmax())]!r} is {values.iloc[int(bad.argmax())]}: "
                         "counts are whole numbers of 0 and more")
    return counts


def roll_back(node: Any) -> tuple[float, list[str]]:
    """Value of a decision tree, and the choices to take in it.

    A node is one of three. A number is an end, its value in money. `{"choose": {name: node, …}}` is worth its best
    branch. `{"chance": {name: (probability, node), …}}` is worth the sum of probability × value. The tree is valued
    from its ends (roll-back), so each choice knows what was learnt before it. A branch may cost something: write
    `(cost, node)` instead of a node in "choose".

    Returns the expected value and the list of choices on the best path, each as "after this → do that".
    Raises ValueError, naming the place in the tree, for probabilities outside 0–1 or that do not add up to 1, for a
    node without branches, or for one that is none of the three. Source: Raiffa (1968).

    >>> roll_back({"choose": {"offer": {"chance": {"returns": (0.3, 100), "stays away": (0.7, -20)}}, "leave": 0}})
    (16.0, ['offer'])
    """
    return _value(node, ())


def _value(node: Any, path: tuple[str, ...]) -> tuple[float, list[str]]:
    place = " → ".join(path) or "the root"
    if isinstance(node, int | float) and not isinstance(node, bool):
        if not np.isfinite(node):
            raise ValueError(f"{place}: the value is {node}, not a number of yuan")
        return float(node), []
    if not (isinstance(node, Mapping) and len(node) == 1 and next(iter(node)) in ("choose", "chance")):
        raise ValueError(f'{place}: a node is a number, {{"choose": …}} or {{"chance": …}}, not {str(node)[:40]!r}')
    kind, branches = next(iter(node.items()))
    if not isinstance(branches, Mapping) or not branches:
        raise ValueError(f"{place}: a {kind} node needs branches")
    if kind == "choose":
        return _best(branches, path)
    if not all(isinstance(branch, tuple) and len(branch) == 2 for branch in branches.values()):
        raise ValueError(f"{place}: each branch of a chance node is (probability, node)")
    chances = [float(branch[0]) for branch in branches.values()]
    if min(chances) < 0 or abs(sum(chances) - 1) > 1e-9:
        raise ValueError(f"{place}: the probabilities {', '.join(f'{p:g}' for p in chances)} do not add up to 1")
    total, choices = 0.0, []
    for name, (probability, below) in branches.items():
        value, inner = _value(below, (*path, str(name)))
        total += probability * value
        choices += inner if probability > 0 else []
    return total, choices


def _best(branches: Mapping[Any, Any], path: tuple[str, ...]) -> tuple[float, list[str]]:
    best, choices = -np.inf, [""]
    for name, branch in branches.items():
        cost, below = branch if isinstance(branch, tuple) else (0.0, branch)
        value, inner = _value(below, (*path, str(name)))
        if value - cost > best:
            said = f"{path[-1]} → {name}" if path else str(name)
            best, choices = value - float(cost), [said, *inner]
    return best, choices
