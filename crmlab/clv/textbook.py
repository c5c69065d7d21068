"""Customer lifetime value as textbooks write it: one retention rate, one margin, or a Markov chain."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector


def clv_simple(m: float, r: float, i: float, first_margin: int = 1, periods: int | None = None) -> float:
    """Return the textbook lifetime value of one customer with constant margin and retention.

    first_margin=1: Σ_{t=1..} m·rᵗ/(1+i)ᵗ = m·r/(1+i−r), the first margin one period from now and only if she
    stays. first_margin=0: Σ_{t=0..} m·rᵗ/(1+i)ᵗ = m·(1+i)/(1+i−r), the first margin now and for sure. They
    differ by exactly m.

    Parameters: `m` money per period; `r` retention per period, 0–1; `i` discount rate per period, 0 or more;
    `first_margin` 0 or 1; `periods` the last t counted (None = for ever). Returns money. Raises ValueError
    outside these ranges, and for r = 1 with i = 0 for ever. Source: Gupta and Lehmann (2003).

    >>> clv_simple(100, r=0.8, i=0.1), clv_simple(100, r=0.8, i=0.1, first_margin=0)
    (266.66666666666663, 366.66666666666663)
    """
    m = _check.number("m", m, unit="money a period")
    r = _check.share("r", r, least=0, most=1, unit="retention, a share")
    i = _check.share("i", i, least=0, most=1, unit="a discount rate a period, such as .1")
    first_margin = _check.whole("first_margin", first_margin, 0, 1, unit="0 (now) or 1 (after one period)")
    if periods is None:
        if r == 1 and i == 0:
            raise ValueError("r = 1 with i = 0 is worth an infinite amount: give periods")
        return m * r / (1 + i - r) + m * (first_margin == 0)
    periods = _check.whole("periods", periods, first_margin, _check.MOST_PERIODS, unit="a number of periods")
    return float(m * ((r / (1 + i)) ** np.arange(first_margin, periods + 1)).sum())


def markov_clv(P: ArrayLike, R: ArrayLike, d: float, periods: int | None = None) -> Vector:
    """Return the value of a customer in each state of a Markov chain, V = (I − P/(1+d))⁻¹·R.

    The reward of the present state counts now (t = 0), that of the state k periods on is divided by (1+d)ᵏ.

    Parameters: `P` transition probabilities, shape (s, s), rows sum to 1; `R` net margin per period in each
    state, shape (s,); `d` discount rate per period, above 0 for ever, 0 or more with `periods`; `periods` the
    last t counted (None = for ever). Returns shape (s,), in money. Raises ValueError for wrong shapes, rows
    that do not sum to 1, or a bad rate. Source: Pfeifer and Carraway (2000).

    >>> markov_clv([[0.8, 0.2], [0, 1]], [100, 0], d=0.1).round(2)
    array([366.67,   0.  ])
    """
    chain, reward = _matrix("P", P), _check.vector("R", R, unit="net margin a period")
    if chain.shape[0] != chain.shape[1] or reward.shape != chain.shape[:1]:
        raise ValueError(f"P must be square and R have one number per row, got {chain.shape}, {reward.shape}")
    _check.same_rows(P=P, R=R)
    if not ((chain >= 0).all() and np.allclose(chain.sum(axis=1), 1)):
        raise ValueError(f"rows of P must be 0 or more and sum to 1, got sums {chain.sum(axis=1).round(4)}")
    least = {"above": 0} if periods is None else {"least": 0}
    d = _check.share("d", d, **least, most=1, unit="a discount rate a period (0 only with a number of periods)")
    if periods is None:
        return np.asarray(np.linalg.solve(np.eye(len(chain)) - chain / (1 + d), reward))
    value = np.zeros(len(chain))
    for _ in range(_check.whole("periods", periods, 0, _check.MOST_PERIODS, unit="a number of periods") + 1):
        value = reward + chain @ value / (1 + d)
    return value


def _matrix(name: str, values: ArrayLike) -> Vector:
    if isinstance(values, pd.DataFrame):
        if not values.index.equals(values.columns):
            raise ValueError(f"{name} must have the same states in rows and columns, in the same order")
        return _check.matrix(name, values)
    try:
        table = pd.DataFrame(np.asarray(values))
    except ValueError:
        raise ValueError(f"{name} must be a square table of numbers; its rows have different lengths") from None
    return _check.matrix(name, table)
