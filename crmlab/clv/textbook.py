"""Customer lifetime value as textbooks write it: one retention rate, one margin, or a Markov chain."""

import numpy as np
from numpy.typing import ArrayLike

from crmlab._transactions import Vector


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
    if not (0 <= r <= 1 and i >= 0 and np.isfinite(m)):
        raise ValueError(f"r must lie in 0–1, i be 0 or more and m a number, got r={r}, i={i}, m={m}")
    if first_margin not in (0, 1):
        raise ValueError(f"first_margin is 0 (now) or 1 (after one period), got {first_margin}")
    if periods is None:
        if r == 1 and i == 0:
            raise ValueError("r = 1 with i = 0 is worth an infinite amount: give periods")
        return m * r / (1 + i - r) + m * (first_margin == 0)
    if periods < first_margin:
        raise ValueError(f"periods must be at least {first_margin}, got {periods}")
    return float(m * ((r / (1 + i)) ** np.arange(first_margin, periods + 1)).sum())


def margin_multiple(r: ArrayLike, i: ArrayLike) -> Vector:
    """Return r/(1+i−r): how many yearly margins a customer is worth when the first comes after a period.

    Parameters: retention `r` (0–1) and discount rate `i` (0 or more), numbers or arrays that broadcast.
    Returns the multiples. Raises ValueError outside these ranges. Source: Gupta and Lehmann (2003).

    >>> margin_multiple([0.6, 0.7, 0.8, 0.9], 0.1).round(2)
    array([1.2 , 1.75, 2.67, 4.5 ])
    """
    retention, rate = np.asarray(r, float), np.asarray(i, float)
    if not ((0 <= retention) & (retention <= 1) & (rate >= 0) & (1 + rate > retention)).all():
        raise ValueError("r must lie in 0–1 and i be 0 or more (and above 0 where r is 1)")
    return retention / (1 + rate - retention)


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
    chain, reward = np.asarray(P, float), np.asarray(R, float)
    if chain.ndim != 2 or chain.shape[0] != chain.shape[1] or reward.shape != chain.shape[:1]:
        raise ValueError(f"P must be square and R have one number per row, got {chain.shape}, {reward.shape}")
    if not ((chain >= 0).all() and np.allclose(chain.sum(axis=1), 1) and np.isfinite(reward).all()):
        raise ValueError(f"rows of P must be 0 or more and sum to 1, got sums {chain.sum(axis=1).round(4)}")
    if d < 0 or (d == 0 and periods is None):
        raise ValueError(f"d must be above 0 (or 0 with a number of periods), got {d}")
    if periods is None:
        return np.linalg.solve(np.eye(len(chain)) - chain / (1 + d), reward)
    value = np.zeros(len(chain))
    for _ in range(periods + 1):
        value = reward + chain @ value / (1 + d)
    return value
