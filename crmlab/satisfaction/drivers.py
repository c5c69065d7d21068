"""What drives satisfaction: how R² divides among drivers that go together, and drivers that only punish or reward."""

from math import factorial

import numpy as np
import pandas as pd

from crmlab import _check

__all__ = ["lmg", "penalty_reward"]

_MOST = 15


def _complete(ratings: pd.DataFrame, outcome: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    x = _check.matrix("ratings", ratings, columns=1, rows=1, vary=True)
    y = _check.vector("outcome", outcome)
    _check.same_rows(ratings=ratings, outcome=outcome)
    if np.ptp(y) == 0:
        raise ValueError(f"the outcome is the same in all {len(x)} rows: nothing to explain")
    if len(x) <= x.shape[1] + 1:
        raise ValueError(f"{len(x)} rows are too few for {x.shape[1]} drivers")
    return x, y


def lmg(ratings: pd.DataFrame, outcome: pd.Series) -> pd.Series:
    """Share of R² that belongs to each driver: its mean gain over all orders in which drivers can be entered.

    LMG_j = Σ over sets S without j of |S|!(p−|S|−1)!/p! · (R²(S ∪ j) − R²(S)): the Shapley value of R².

    Parameters: `ratings` respondents × drivers, complete, at most 15 drivers; `outcome` a column for the same people.
    Returns one number a driver, 0 or more; their sum is R². Raises ValueError for missing answers, a driver without
    variation, more than 15 drivers, or drivers of which one is a sum of others.
    Source: Lindeman, Merenda and Gold (1980).

    >>> x = pd.DataFrame({"a": [1, 1, -1, -1], "b": [1, -1, 1, -1]})
    >>> x = pd.concat([x, x], ignore_index=True)
    >>> lmg(x, 2 * x["a"] + x["b"]).round(3).to_dict()
    {'a': 0.8, 'b': 0.2}
    """
    x, y = _complete(ratings, outcome)
    p = x.shape[1]
    if p > _MOST:
        raise ValueError(f"{p} drivers have {2**p:,} subsets: at most {_MOST}; join drivers that mean the same")
    r = np.corrcoef(np.column_stack([x, y]).T)
    if np.linalg.cond(r[:p, :p]) > 1e10:
        raise ValueError("one driver follows from the others: leave it out")
    explained = np.zeros(2**p)
    for code in range(1, 2**p):
        use = [j for j in range(p) if code >> j & 1]
        explained[code] = r[use, p] @ np.linalg.solve(r[np.ix_(use, use)], r[use, p])
    share = np.zeros(p)
    for code in range(2**p):
        size = code.bit_count()
        for j in range(p):
            if not code >> j & 1:
                gain = explained[code | 1 << j] - explained[code]
                share[j] += gain * factorial(size) * factorial(p - size - 1) / factorial(p)
    return pd.Series(share, index=ratings.columns, name="lmg")


def penalty_reward(
    ratings: pd.DataFrame, outcome: pd.Series, low: float, high: float, level: float = 0.95
) -> pd.DataFrame:
    """What a low rating of a driver costs and a high one earns, beside a rating between, the other drivers equal.

    Regression of the outcome on two dummies a driver: rating ≤ low (penalty) and rating ≥ high (reward).
    basic: only the penalty differs from 0; attractive: only the reward; one-dimensional: both; neither: none.

    Parameters
    ----------
    ratings : respondents × drivers, complete
    outcome : overall satisfaction of the same people
    low, high : ratings at or below `low` count as low, at or above `high` as high; low < high
    level : confidence level, 0–1, of the intervals (robust to unequal spread) and of the class

    Returns one row a driver: penalty, penalty_low, penalty_high, reward, reward_low, reward_high, class. Raises
    ValueError for missing answers, low ≥ high, or a driver without low, middle or high ratings.
    Source: Brandt (1987).

    >>> rng = np.random.default_rng(1)
    >>> x = pd.DataFrame({"clean": rng.integers(1, 6, 900)})
    >>> y = -2.0 * (x["clean"] <= 2) + rng.normal(0, 1, 900)
    >>> penalty_reward(x, y, low=2, high=4)["class"].to_list()
    ['basic']
    """
    from statsmodels.api import OLS, add_constant

    level = _check.level(level)
    low = _check.number("low", low, unit="the highest low rating")
    high = _check.number("high", high, above=low, unit="the lowest high rating")
    x, y = _complete(ratings, outcome)
    bad, good = x <= low, x >= high
    counts = pd.DataFrame({"low": bad.sum(axis=0), "high": good.sum(axis=0)}, index=ratings.columns)
    counts["middle"] = len(x) - counts.sum(axis=1)
    for name, row in counts.iterrows():
        for band, count in row.items():
            if count < 2:
                raise ValueError(f"{name} has {count} {band} ratings: move the limits {low:g} and {high:g}")
    fit = OLS(y, add_constant(np.column_stack([bad, good]).astype(float))).fit(cov_type="HC1")
    ends = fit.conf_int(1 - level)
    p = x.shape[1]
    made: dict[str, np.ndarray] = {}
    for word, at in (("penalty", slice(1, p + 1)), ("reward", slice(p + 1, None))):
        made |= {word: fit.params[at], f"{word}_low": ends[at, 0], f"{word}_high": ends[at, 1]}
    table = pd.DataFrame(made, index=ratings.columns)
    punishes, rewards = table["penalty_high"] < 0, table["reward_low"] > 0
    table["class"] = np.select(
        [punishes & rewards, punishes, rewards], ["one-dimensional", "basic", "attractive"], "neither"
    )
    return table
