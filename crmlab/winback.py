"""Winning lost customers back: rates of small groups made comparable, and decisions under uncertainty.

`shrink_rates` pulls the rates of agents, cells or offers towards their common mean as far as chance explains their
differences. `roll_back` values a tree of choices and chances from its ends to its root.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmlab import _check

__all__ = ["roll_back", "shrink_rates"]


def shrink_rates(successes: pd.Series, trials: pd.Series, level: float = 0.95) -> pd.DataFrame:
    """Rates of several groups, each pulled towards their mean as far as chance explains their differences.

    Successes of a group with true rate θ are binomial(trials, θ); over groups θ ~ beta with mean μ and weight w, as
    if each group brought w trials of the mean rate with it: shrunk = (w·μ + successes)/(w + trials). Neither μ nor w
    is known; both are averaged over what the data say of them, with every μ and every pull w/(w + typical trials)
    equally likely beforehand. (The single best w is often infinite with few groups, and would make all rates equal.)

    Parameters
    ----------
    successes, trials : counts with the same index, one entry a group; at least two groups
    level : of the interval, above 0 and below 1

    Returns columns rate, shrunk, low, high, on the index given; `.attrs` has the posterior medians mean and weight.
    Raises ValueError for different indexes, counts that are missing, negative or not whole, more successes than
    trials, a group without trials, fewer than two groups, or no success (or no failure) at all.
    Source: Morris (1983); Daniels (1999) for the pull that is equally likely everywhere.

    >>> calls = pd.DataFrame({"saved": [60, 55, 6, 1], "calls": [200, 100, 10, 10]}, index=list("abcd"))
    >>> shrink_rates(calls["saved"], calls["calls"])[["rate", "shrunk"]].round(2)
       rate  shrunk
    a  0.30    0.31
    b  0.55    0.53
    c  0.60    0.50
    d  0.10    0.25
    """
    from scipy.special import betainc, betaln

    level = _check.level(level)
    _check.same_rows(successes=successes, trials=trials)
    k, n = _check.counts("successes", successes, rows=2), _check.counts("trials", trials, 1)
    index = _check.index_of(successes, trials)
    if (k > n).any():
        worst = int((k - n).argmax())
        raise ValueError(f"group {index[worst] if index is not None else worst!r} has more successes than trials")
    if not 0 < k.sum() < n.sum():
        raise ValueError(f"{k.sum():g} successes in {n.sum():g} trials: the rates do not differ")

    # a grid over the mean and the pull, and how likely the counts are at each of its points
    mean, pull = (axis.ravel() for axis in np.meshgrid(np.arange(0.0025, 1, 0.005), np.arange(0.0125, 1, 0.025)))
    weight = pull / (1 - pull) * len(n) / (1 / n).sum()
    a, b = (weight * mean)[:, None], (weight * (1 - mean))[:, None]
    fit = (betaln(a + k, b + n - k) - betaln(a, b)).sum(axis=1)
    share = np.exp(fit - fit.max())
    chosen = np.searchsorted(np.cumsum(share) / share.sum(), (np.arange(300) + 0.5) / 300)  # of equal weight
    a, b = a[chosen], b[chosen]
    theta = np.linspace(0, 1, 301)
    below = np.array([betainc(a + k, b + n - k, at).mean(axis=0) for at in theta])  # CDF of each group's rate
    ends = [[np.interp(p, below[:, j], theta) for j in range(len(k))] for p in (0.5 - level / 2, 0.5 + level / 2)]
    shrunk = ((a + k) / (a + b + n)).mean(axis=0)
    made = pd.DataFrame({"rate": k / n, "shrunk": shrunk, "low": ends[0], "high": ends[1]}, index=index)
    made.attrs = {"mean": float(np.median(mean[chosen])), "weight": float(np.median(weight[chosen]))}
    return made


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
    if not isinstance(node, Mapping | str | bool | type(None)):
        return _check.number(f"{place}: the value", node, unit="a number of yuan"), []
    if not (isinstance(node, Mapping) and len(node) == 1 and next(iter(node)) in ("choose", "chance")):
        raise ValueError(f'{place}: a node is a number, {{"choose": …}} or {{"chance": …}}, not {str(node)[:40]!r}')
    kind, branches = next(iter(node.items()))
    if not isinstance(branches, Mapping) or not branches:
        raise ValueError(f"{place}: a {kind} node needs branches")
    if kind == "choose":
        return _best(branches, path)
    if not all(isinstance(branch, tuple) and len(branch) == 2 for branch in branches.values()):
        raise ValueError(f"{place}: each branch of a chance node is (probability, node)")
    chances = [_check.share(f"{place}: the probability of {name!r}", branch[0], least=0, most=1)
               for name, branch in branches.items()]  # fmt: skip
    if abs(sum(chances) - 1) > 1e-9:
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
        cost = _check.number(f"{' → '.join(path) or 'the root'}: the cost of {name!r}", cost)
        value, inner = _value(below, (*path, str(name)))
        if value - cost > best:
            said = f"{path[-1]} → {name}" if path else str(name)
            best, choices = value - float(cost), [said, *inner]
    return best, choices
