"""Surveys: how many to ask, whether the questions are good, and how to repair who did not answer.

Intervals of proportions come from statsmodels (`proportion_confint`, method "wilson"), several tests at once from
`multipletests`; this room has what survey work needs besides.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check

__all__ = [
    "allocate", "cronbach_alpha", "item_report", "krejcie_morgan", "poststratify", "rake", "sample_size",
    "weighted_mean",
]  # fmt: skip


_ROUNDS, _TOLERANCE = 1000, 1e-10  # of raking


def sample_size(error: float, p: float = 0.5, level: float = 0.95, population: int | None = None) -> int:
    """Sample size for a proportion with a given margin of error, rounded up.

    n0 = z²·p(1−p)/error²; in a finite population N: n = n0/(1 + (n0−1)/N).

    Parameters: `error` half-width of the interval, as a share; `p` expected proportion (.5 is the safe guess);
    `level` of confidence; `population` N, or None if large. Returns people to hear from, not to ask.
    Raises ValueError for shares outside 0–1 or a population below 1. Source: Cochran (1977).

    >>> sample_size(0.05), sample_size(0.05, population=1000)
    (385, 278)
    """
    error, p = _check.share("error", error), _check.share("p", p)
    n = _check.z_of(level) ** 2 * p * (1 - p) / error**2
    if population is not None:
        population = _check.whole("population", population, unit="a number of people")
        n = n / (1 + (n - 1) / population)
    return int(np.ceil(n - 1e-9))


def krejcie_morgan(population: int, error: float = 0.05) -> int:
    """Sample size of Krejcie and Morgan's table, rounded to the nearest as they did.

    s = X²·N·P(1−P) / (d²(N−1) + X²·P(1−P)) with X² = 3.841 (95 %), P = .5.

    Parameters: `population` N; `error` d as a share. Returns people. Raises ValueError for N below 1.
    Source: Krejcie and Morgan (1970).

    >>> [krejcie_morgan(n) for n in (500, 1000, 5000, 9000, 10000)]
    [217, 278, 357, 368, 370]
    """
    population = _check.whole("population", population, unit="a number of people")
    error = _check.share("error", error)
    x2 = 3.841 * 0.25
    return round(x2 * population / (error**2 * (population - 1) + x2))


def allocate(sizes: pd.Series, spread: pd.Series | None, n: float) -> pd.Series:
    """How many of n interviews go to each stratum: Neyman's allocation, or proportional without a spread.

    n_h = n·N_h·σ_h / Σ N_k·σ_k: more where a stratum is large or its members differ. A stratum that should get more
    interviews than it has people is asked in full, and the rest is shared out among the others.

    Parameters: `sizes` people in each stratum; `spread` standard deviations with the same index, or None;
    `n` interviews in all, at most the people there are. Returns numbers that add up to n (not rounded). Raises
    ValueError for negative or missing entries, unequal labels, all spreads 0, or more interviews than people.
    Source: Neyman (1934); full strata as in Cochran (1977).

    >>> sizes, spread = pd.Series([500, 300, 200]), pd.Series([10, 20, 50])
    >>> allocate(sizes, spread, 100).round(2).to_list()
    [23.81, 28.57, 47.62]
    """
    people = _check.vector("sizes", sizes, 0, unit="people in each stratum")
    sigma = np.ones(len(people)) if spread is None else _check.vector("spread", spread, 0, unit="standard deviations")
    _check.same_rows(sizes=sizes, spread=spread)
    n = _check.number("n", n, 0, people.sum(), unit="interviews, no more than there are people")
    given, open_ = np.zeros(len(people)), people > 0
    while open_.any():
        left = n - given.sum()
        weight = np.where(open_, people * sigma, 0.0)
        if weight.sum() == 0:
            raise ValueError("spread is 0 in every stratum that is left: where nobody differs nobody need be asked")
        wanted = left * weight / weight.sum()
        full = open_ & (wanted >= people)
        given = np.where(full, people, given) if full.any() else given + wanted
        open_ = open_ & ~full if full.any() else np.zeros_like(open_)
    return pd.Series(given, index=_check.index_of(sizes))


def _answers(items: pd.DataFrame) -> np.ndarray:
    """Complete numeric answers, or what is wrong with them."""
    x = _check.matrix("items", items, columns=2, rows=2, vary=True)
    total = x.sum(axis=1)
    if np.ptp(total) <= 1e-12 * max(1.0, float(np.abs(total).max())):
        raise ValueError(
            f"the items cancel each other: their sum is {total[0]:g} in all {len(x)} rows. First turn those that are "
            "worded the other way"
        )
    return x


def cronbach_alpha(items: pd.DataFrame, standardised: bool = False) -> float:
    """Cronbach's alpha: how far the items of a scale measure the same thing.

    α = k/(k−1)·(1 − Σ s_i² / s_T²) on raw items; standardised: α = k·r̄/(1 + (k−1)·r̄) with the mean correlation r̄.

    Parameters: `items` respondents × items, complete, all worded the same way (reverse the others first).
    Returns a number, at most 1; negative when items contradict each other. Raises ValueError for missing answers,
    an item without variation, fewer than two items; TypeError for text. Source: Cronbach (1951).

    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 2, 3, 4], "c": [1, 2, 3, 4]})
    >>> round(cronbach_alpha(answers), 6)
    1.0
    """
    x = _answers(items)
    k = x.shape[1]
    if standardised:
        r = np.corrcoef(x.T)[np.triu_indices(k, 1)].mean()
        return float(k * r / (1 + (k - 1) * r))
    return float(k / (k - 1) * (1 - x.var(axis=0, ddof=1).sum() / x.sum(axis=1).var(ddof=1)))


def item_report(items: pd.DataFrame) -> pd.DataFrame:
    """What each item adds to its scale: mean, spread, correlation with the rest, and alpha without it.

    Parameters: `items` as for `cronbach_alpha`. Returns one row an item: mean, std, item_rest (correlation with
    the sum of the other items), alpha_without. An item is suspect when item_rest is low (below about .3) or
    negative (worded the other way?), or when alpha rises without it. Raises as `cronbach_alpha` does.

    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 2, 3, 4], "c": [4, 3, 2, 2]})
    >>> item_report(answers)["item_rest"].round(2).to_list()
    [0.0, 0.87, -0.9]
    """
    x = _answers(items)
    rows = {}
    for k, name in enumerate(items):
        rest = np.delete(x, k, axis=1)
        total = rest.sum(axis=1)
        item_rest = np.corrcoef(x[:, k], total)[0, 1] if total.std() > 0 else np.nan
        without = cronbach_alpha(items.drop(columns=name)) if x.shape[1] > 2 else np.nan
        rows[name] = (x[:, k].mean(), x[:, k].std(ddof=1), item_rest, without)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "std", "item_rest", "alpha_without"])


def poststratify(stratum: pd.Series, population: pd.Series) -> pd.Series:
    """Weights that give each stratum its share of the population: w_h = (N_h/N) / (n_h/n).

    Parameters: `stratum` of each respondent; `population` size or share of each stratum. Returns one weight a
    respondent, mean 1. Raises ValueError for respondents outside the strata, or a stratum of the population without
    respondents (join it with a similar one). Source: Holt and Smith (1979).

    >>> poststratify(pd.Series(["f", "f", "f", "m"]), pd.Series({"f": 500, "m": 500})).round(3).to_list()
    [0.667, 0.667, 0.667, 2.0]
    """
    who, share = _check.ids("stratum", stratum, rows=1), _population("population", population)
    seen = who.value_counts()
    strange = [str(name) for name in seen.index if name not in share.index]
    if strange:
        raise ValueError(f"respondents in strata unknown to the population: {', '.join(strange)}")
    empty = [str(name) for name in share.index if name not in seen.index]
    if empty:
        raise ValueError(f"nobody answered in {', '.join(empty)}: join each with a similar stratum")
    weight = {name: share[name] / (seen[name] / len(who)) for name in share.index}
    return who.map(weight).astype(float).rename("weight")


def _population(name: str, population: pd.Series) -> pd.Series:
    """Shares of the strata that have people, by label."""
    if not isinstance(population, pd.Series):
        raise TypeError(f"{name} is a Series: the size or share of each stratum, with its name as index")
    _check.ids(f"the index of {name}", pd.Series(population.index), unique=True, rows=1)
    size = pd.Series(_check.vector(name, population, 0), index=population.index)
    if size.sum() == 0:
        raise ValueError(f"{name} is 0 in every stratum")
    return size[size > 0] / size.sum()


def rake(respondents: pd.DataFrame, margins: Mapping[str, pd.Series]) -> pd.Series:
    """Weights that meet the population's shares in several variables at once, one at a time until all agree.

    Iterative proportional fitting: multiply the weights within each category by wanted/found share, variable by
    variable, until nothing changes.

    Parameters
    ----------
    respondents : one row each, with a column for each variable of `margins`
    margins : for each variable the population's size or share by category
    tolerance : largest difference of a share that still counts as agreement; rounds : at most so many passes

    Returns one weight a respondent, mean 1. Raises ValueError for unknown or empty categories, and when the margins
    cannot be met together. Source: Deming and Stephan (1940).

    >>> people = pd.DataFrame({"sex": list("ffmm"), "age": ["y", "o", "y", "y"]})
    >>> weights = rake(people, {"sex": pd.Series({"f": 3, "m": 1}), "age": pd.Series({"y": 3, "o": 1})})
    >>> weights.round(3).to_list()
    [2.0, 1.0, 0.5, 0.5]
    """
    _check.frame("respondents", respondents, *margins, rows=1)
    weight = pd.Series(1.0, index=respondents.index, name="weight")
    wanted, groups = {}, {}
    for name, population in margins.items():
        poststratify(respondents[name], population)  # refuses unknown and empty categories
        wanted[name] = _population(f"margin {name}", population)
        groups[name] = respondents[name].to_numpy(dtype=object)
    for _ in range(_ROUNDS):
        worst = 0.0
        for name, share in wanted.items():
            found = (weight.groupby(groups[name]).sum() / weight.sum()).reindex(share.index)
            worst = max(worst, float((share - found).abs().max()))
            weight = weight * pd.Series(groups[name], index=weight.index).map(share / found).astype(float)
        if worst < _TOLERANCE:
            return weight * len(weight) / weight.sum()
    raise ValueError(f"the margins cannot be met together: after {_ROUNDS} passes a share is still {worst:.2g} off")


def weighted_mean(
    values: ArrayLike, weights: ArrayLike | None = None, strata: ArrayLike | None = None, level: float = 0.95
) -> pd.Series:
    """Weighted mean with its interval and the effective sample size.

    mean = Σwy/Σw; variance Σw²(y−ȳ)²/(Σw)² · n/(n−1) with ȳ the weighted mean, or after post-stratification the mean
    of y's own stratum (differences between strata no longer add to the error); n_eff = (Σw)²/Σw² (Kish).

    Parameters: `values` and `weights` of the respondents (equal weights if None); `strata` they were post-stratified
    by, if any; `level` of confidence. Returns estimate, low, high, n_eff. Raises ValueError for missing values,
    negative weights, fewer than two respondents. Source: Cochran (1977); Kish (1965).

    >>> weighted_mean([1.0, 2.0, 3.0, 4.0]).round(3).to_dict()
    {'estimate': 2.5, 'low': 1.235, 'high': 3.765, 'n_eff': 4.0}
    """
    z = _check.z_of(level)
    _check.same_rows(values=values, weights=weights, strata=strata)
    y = _check.vector("values", values, flags=True, rows=2)
    w = np.ones(len(y)) if weights is None else _check.vector("weights", weights, 0)
    if w.sum() == 0:
        raise ValueError("weights are 0 in all rows: nobody counts")
    mean = w @ y / w.sum()
    centre = mean
    if strata is not None:
        group = _check.ids("strata", strata).to_numpy(dtype=object)
        centre = pd.Series(y).groupby(group).transform("mean").to_numpy()
    error = np.sqrt((w**2 @ (y - centre) ** 2) / w.sum() ** 2 * len(y) / (len(y) - 1))
    half = z * error
    found = {"estimate": mean, "low": mean - half, "high": mean + half, "n_eff": w.sum() ** 2 / (w**2).sum()}
    return pd.Series(found)
