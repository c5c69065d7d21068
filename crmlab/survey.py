"""Surveys: how many to ask, whether the questions are good, and how to repair who did not answer.

Intervals of proportions come from statsmodels (`proportion_confint`, method "wilson"), several tests at once from
`multipletests`; this room has what survey work needs besides.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

__all__ = [
    "allocate", "cramers_v", "cronbach_alpha", "item_report", "krejcie_morgan", "poststratify", "rake",
    "sample_size", "weighted_mean",
]  # fmt: skip


def sample_size(error: float, p: float = 0.5, level: float = 0.95, population: int | None = None) -> int:
    """Sample size for a proportion with a given margin of error, rounded up.

    n0 = z²·p(1−p)/error²; in a finite population N: n = n0/(1 + (n0−1)/N).

    Parameters: `error` half-width of the interval, as a share; `p` expected proportion (.5 is the safe guess);
    `level` of confidence; `population` N, or None if large. Returns people to hear from, not to ask.
    Raises ValueError for shares outside 0–1 or a population below 1. Source: Cochran (1977).

    >>> sample_size(0.05), sample_size(0.05, population=1000)
    (385, 278)
    """
    from scipy.stats import norm

    for name, share in (("error", error), ("p", p), ("level", level)):
        if not 0 < share < 1:
            raise ValueError(f"{name} is a share between 0 and 1, got {share}")
    n = norm.ppf(0.5 + level / 2) ** 2 * p * (1 - p) / error**2
    if population is not None:
        if population < 1:
            raise ValueError(f"population is a number of people, at least 1, got {population}")
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
    if population < 1:
        raise ValueError(f"population is a number of people, at least 1, got {population}")
    if not 0 < error < 1:
        raise ValueError(f"error is a share between 0 and 1, got {error}")
    x2 = 3.841 * 0.25
    return round(x2 * population / (error**2 * (population - 1) + x2))


def allocate(sizes: pd.Series, spread: pd.Series | None, n: int) -> pd.Series:
    """How many of n interviews go to each stratum: Neyman's allocation, or proportional without a spread.

    n_h = n·N_h·σ_h / Σ N_k·σ_k: more where a stratum is large or its members differ.

    Parameters: `sizes` people in each stratum; `spread` standard deviations with the same index, or None;
    `n` interviews in all. Returns numbers that add up to n (not rounded). Raises ValueError for negative
    entries, unequal labels, or a sum of 0. Source: Neyman (1934).

    >>> sizes, spread = pd.Series([500, 300, 200]), pd.Series([10, 20, 50])
    >>> allocate(sizes, spread, 100).round(2).to_list()
    [23.81, 28.57, 47.62]
    """
    weight = sizes.astype(float)
    if spread is not None:
        if not spread.index.equals(sizes.index):
            raise ValueError("spread must have the strata of sizes, in the same order")
        weight = weight * spread
    if (weight < 0).any() or weight.isna().any() or weight.sum() == 0:
        raise ValueError("sizes and spread must be 0 or more, without gaps, and not all 0")
    return n * weight / weight.sum()


def _answers(items: pd.DataFrame) -> np.ndarray:
    """Complete numeric answers, or what is wrong with them."""
    if items.shape[1] < 2:
        raise ValueError(f"reliability needs at least two items, got {items.shape[1]}")
    text = [name for name in items if not pd.api.types.is_numeric_dtype(items[name])]
    if text:
        raise TypeError(f"{text[0]} holds {items[text[0]].dtype}, not numbers: convert the answers first")
    gaps = items.isna().any(axis=1).sum()
    if gaps:
        raise ValueError(f"{gaps} of {len(items)} respondents skipped an item: leave them out (dropna), and say so")
    flat = [str(name) for name in items if items[name].nunique() < 2]
    if flat:
        raise ValueError(f"{', '.join(flat)} has the same answer in all {len(items)} rows: it measures nothing")
    return items.to_numpy(dtype=float)


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
    seen = stratum.value_counts()
    share = population[population > 0] / population.sum()
    strange = [str(name) for name in seen.index if name not in share.index]
    if strange or stratum.isna().any():
        raise ValueError(f"respondents in strata unknown to the population: {', '.join(strange) or 'missing'}")
    empty = [str(name) for name in share.index if name not in seen.index]
    if empty:
        raise ValueError(f"nobody answered in {', '.join(empty)}: join each with a similar stratum")
    weight = share / (seen / len(stratum)).reindex(share.index)
    return stratum.map(weight).astype(float).rename("weight")


def rake(
    respondents: pd.DataFrame, margins: Mapping[str, pd.Series], tolerance: float = 1e-10, rounds: int = 1000
) -> pd.Series:
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
    weight = pd.Series(1.0, index=respondents.index, name="weight")
    wanted = {}
    for name, population in margins.items():
        if name not in respondents:
            raise ValueError(f"respondents lack the variable {name}")
        poststratify(respondents[name], population)  # refuses unknown and empty categories
        wanted[name] = population[population > 0] / population.sum()
    for _ in range(rounds):
        worst = 0.0
        for name, share in wanted.items():
            found = weight.groupby(respondents[name], observed=True).sum() / weight.sum()
            factor = share / found.reindex(share.index)
            worst = max(worst, float((share - found.reindex(share.index)).abs().max()))
            weight = weight * respondents[name].map(factor).astype(float)
        if worst < tolerance:
            return weight * len(weight) / weight.sum()
    raise ValueError(f"the margins cannot be met together: after {rounds} passes a share is still {worst:.2g} off")


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
    from scipy.stats import norm

    y = np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if len(y) < 2 or len(y) != len(w):
        raise ValueError(f"need at least two values and as many weights, got {len(y)} and {len(w)}")
    if not (np.isfinite(y).all() and np.isfinite(w).all()) or (w < 0).any():
        raise ValueError("values and weights must be numbers without gaps, and weights 0 or more")
    mean = w @ y / w.sum()
    centre = mean if strata is None else pd.Series(y).groupby(np.asarray(strata)).transform("mean").to_numpy()
    error = np.sqrt((w**2 @ (y - centre) ** 2) / w.sum() ** 2 * len(y) / (len(y) - 1))
    half = norm.ppf(0.5 + level / 2) * error
    found = {"estimate": mean, "low": mean - half, "high": mean + half, "n_eff": w.sum() ** 2 / (w**2).sum()}
    return pd.Series(found)


def cramers_v(a: pd.Series, b: pd.Series) -> pd.Series:
    """How strongly two sets of categories go together: χ² without Yates' correction, its p-value and Cramér's V.

    V = √(χ² / (n·min(rows−1, columns−1))): 0 no relation, 1 one decides the other.

    Parameters: two columns of equal length. Returns chi2, df, p, v, n. Raises ValueError for unequal lengths,
    missing values, or a column with a single category. Source: Pearson (1900); Cramér (1946).

    >>> a = pd.Series(["x"] * 40 + ["y"] * 40)
    >>> b = pd.Series(["p"] * 30 + ["q"] * 10 + ["p"] * 10 + ["q"] * 30)
    >>> cramers_v(a, b).round(3)[["chi2", "v"]].to_dict()
    {'chi2': 20.0, 'v': 0.5}
    """
    from scipy.stats import chi2_contingency

    if len(a) != len(b):
        raise ValueError(f"the columns have {len(a)} and {len(b)} rows: they must describe the same people")
    if pd.isna(a).any() or pd.isna(b).any():
        raise ValueError("missing categories: leave these rows out, or give them a category of their own")
    table = pd.crosstab(np.asarray(a), np.asarray(b)).to_numpy()
    if min(table.shape) < 2:
        raise ValueError("a column with a single category cannot go together with anything")
    found = chi2_contingency(table, correction=False)
    v = np.sqrt(found.statistic / (table.sum() * (min(table.shape) - 1)))
    return pd.Series({"chi2": found.statistic, "df": found.dof, "p": found.pvalue, "v": v, "n": table.sum()})
