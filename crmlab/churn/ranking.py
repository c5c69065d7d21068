"""What a ranking of customers by risk is worth: lift, and the profit of calling the riskiest."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check

__all__ = ["expected_maximum_profit", "lift"]


def _ranked(event: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative counts of customers and of leavers by falling score, one entry for each distinct score."""
    _check.same_rows(event=event, score=score)
    y, s = _check.flags("event", event).astype(float), _check.vector("score", score)
    if not 0 < y.sum() < len(y):
        raise ValueError("a ranking can be judged only if some customers left and some stayed")
    order = np.argsort(-s, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(s[order])), len(s) - 1)
    return np.append(0.0, ends + 1.0), np.append(0.0, np.cumsum(y[order])[ends])


def lift(event: ArrayLike, score: ArrayLike, share: float = 0.1) -> float:
    """Leavers among the `share` of customers with the highest scores, over leavers among all.

    lift = (leavers found / customers taken) / (all leavers / all customers); 1 is as good as lots. Customers with the
    same score count in proportion, so their order does not matter; share × customers is rounded up.

    Parameters: `event`, left or not; `score`, higher is riskier; `share` above 0, at most 1.
    Returns the lift. Raises ValueError for gaps, unequal lengths, or if all or none left.

    >>> round(lift([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], share=0.2), 6)
    5.0
    """
    share = _check.share("share", share, above=0, most=1)
    taken, found = _ranked(event, score)
    n = np.ceil(share * taken[-1] - 1e-9)
    return float(np.interp(n, taken, found) / n / (found[-1] / taken[-1]))


def expected_maximum_profit(
    event: ArrayLike,
    score: ArrayLike,
    value: float = 200.0,
    offer: float = 10.0,
    contact: float = 1.0,
    accept: tuple[float, float] = (6.0, 14.0),
) -> pd.Series:
    """Expected maximum profit of a ranking (EMPC), when the chance γ that an offer keeps a leaver is uncertain.

    With γ ~ Beta(α, β), and for each γ the best share called:
    EMP = ∫ max over shares of [value·(γ(1−δ)−φ)·π₀F₀ − value·(δ+φ)·π₁F₁] h(γ) dγ, δ = offer/value, φ = contact/value,
    π₀ the share of leavers, F₀ and F₁ the shares of leavers and stayers called. Only corners of the convex hull of
    the ROC curve can be best, each for an interval of γ, so the integral is a sum of incomplete beta functions.

    Parameters: `event`, left or not; `score`, higher is riskier; yuan of `value` (what a kept customer is worth),
    `offer`, `contact`; `accept`, the two parameters (α, β) of the beta distribution of γ.
    Returns a Series: `profit` (yuan for each customer of the base), `share` (mean best share to call).
    Raises ValueError as `lift`, and for amounts or parameters that cannot be.
    Source: Verbraken, Verbeke and Baesens (2013).

    >>> expected_maximum_profit([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1]).round(3).to_list()
    [28.0, 0.5]
    """
    from scipy.special import betainc

    value = _check.number("value", value, above=0, unit="yuan of a kept customer")
    delta = _check.number("offer", offer, 0, below=value, unit="yuan of the offer") / value
    phi = _check.number("contact", contact, 0, unit="yuan of a contact") / value
    a, b = _check.vector("accept", accept, above=0, rows=2, unit="the two parameters of a beta distribution")[:2]
    taken, found = _ranked(event, score)
    lost, kept = found / taken[-1], (taken - found) / taken[-1]  # π₀F₀ and π₁F₁
    hull = _upper_hull(kept, lost)
    lost, kept = lost[hull], kept[hull]
    with np.errstate(divide="ignore"):
        pays = (phi + (delta + phi) * np.diff(kept) / np.diff(lost)) / (1 - delta)
    limits = np.clip(np.concatenate([[0.0], pays, [1.0]]), 0.0, 1.0)
    weight = np.diff(betainc(a, b, limits))
    mean = a / (a + b) * np.diff(betainc(a + 1, b, limits))
    profit = value * ((1 - delta) * lost * mean - (phi * lost + (delta + phi) * kept) * weight)
    return pd.Series({"profit": profit.sum(), "share": ((lost + kept) * weight).sum()})


def _upper_hull(x: np.ndarray, y: np.ndarray) -> list[int]:
    """Points of a rising curve that no straight line between two others passes above, first to last."""
    hull: list[int] = []
    for k in range(len(x)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (y[b] - y[a]) * (x[k] - x[a]) > (y[k] - y[a]) * (x[b] - x[a]):
                break
            hull.pop()
        hull.append(k)
    return hull
