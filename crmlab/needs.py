"""Customer needs: what features do to satisfaction (Kano), and what people like you also buy.

Segments of needs come from scikit-learn (`KMeans`, `silhouette_score`, `adjusted_rand_score`); this room has
the two instruments that no library keeps.
"""

from typing import Literal

import numpy as np
import pandas as pd

from crmlab import _check

__all__ = ["ANSWERS", "CATEGORIES", "item_similarity", "kano_category", "kano_summary", "recommend"]

ANSWERS = ("like", "must be", "neutral", "can live with", "dislike")
CATEGORIES = {
    "M": "must-be",
    "O": "one-dimensional",
    "A": "attractive",
    "I": "indifferent",
    "R": "reverse",
    "Q": "questionable",
}
# Kano's evaluation table: functional answer in rows, dysfunctional in columns, in the order of ANSWERS
_TABLE = np.array([list("QAAAO"), list("RIIIM"), list("RIIIM"), list("RIIIM"), list("RRRRQ")])


def _codes(name: str, answers: pd.Series) -> np.ndarray:
    given = _check.ids(name, answers, rows=1)
    text = given.astype("str")
    code = text.map({answer: k for k, answer in enumerate(ANSWERS)})
    wrong = code.isna()
    if wrong.any():
        raise ValueError(
            f"{name} has {wrong.sum()} of {len(text)} answers that are none of {', '.join(ANSWERS)}; "
            f"the first is {text[wrong].iloc[0]!r}"
        )
    return code.to_numpy(dtype=int)


def kano_category(functional: pd.Series, dysfunctional: pd.Series) -> pd.Series:
    """Category of each pair of answers by Kano's evaluation table.

    A customer is asked how she feels if the feature is there (functional) and if it is not (dysfunctional).
    Like/dislike is one-dimensional (O), like with anything between is attractive (A), anything between with
    dislike is must-be (M), dislike/like and its neighbours reverse (R), both the same extreme questionable (Q),
    the rest indifferent (I).

    Parameters: two columns of equal length with the answers of `ANSWERS`. Returns one letter a row.
    Raises ValueError for other answers or unequal lengths. Source: Kano et al. (1984); table after Berger et al.
    (1993).

    >>> answers = pd.Series(["like", "like", "neutral", "like"])
    >>> kano_category(answers, pd.Series(["dislike", "neutral", "dislike", "like"])).to_list()
    ['O', 'A', 'M', 'Q']
    """
    _check.same_rows(functional=functional, dysfunctional=dysfunctional)
    letters = _TABLE[_codes("functional", functional), _codes("dysfunctional", dysfunctional)]
    return pd.Series(letters, index=_check.index_of(functional, dysfunctional), name="category")


def kano_summary(answers: pd.DataFrame, by: str | list[str] = "feature", level: float = 0.95) -> pd.DataFrame:
    """Counts of the Kano categories for each feature, with Better, Worse, their intervals and Fong's test.

    Better = (A+O)/(A+O+M+I): share whom having the feature would please; Worse = −(O+M)/(A+O+M+I): share whom
    lacking it would displease (reverse and questionable answers are left out). Intervals are Wilson's. The most
    frequent category counts as *clear* if it leads the second by at least 1.65·√((f1+f2)(2n−f1−f2)/2n).

    Parameters
    ----------
    answers : one row a respondent and feature, with columns functional and dysfunctional
    by : column, or columns, that name the feature (and segment)
    level : confidence level of the intervals, 0–1

    Returns one row a feature: n, the six counts, category, clear, better, better_low, better_high, worse,
    worse_low, worse_high (missing where all answers were reverse or questionable). Raises KeyError for missing
    columns, ValueError for unknown or missing answers and features.
    Source: Kano et al. (1984); Berger et al. (1993); Fong (1996); Wilson (1927).

    >>> rows = [("like", "neutral")] * 40 + [("like", "dislike")] * 30 + [("neutral", "dislike")] * 20
    >>> rows += [("neutral", "neutral")] * 10
    >>> answers = pd.DataFrame(rows, columns=["functional", "dysfunctional"]).assign(feature="wrapping")
    >>> kano_summary(answers)[["category", "clear", "better", "worse"]].round(2).to_dict("records")
    [{'category': 'A', 'clear': False, 'better': 0.7, 'worse': -0.5}]
    """
    names = [by] if isinstance(by, str) else list(by)
    level = _check.level(level)
    _check.frame("answers", answers, *names, "functional", "dysfunctional", rows=1)
    letters = kano_category(answers["functional"], answers["dysfunctional"])
    groups = [_check.ids(name, answers[name]) for name in names]
    counts = pd.crosstab(groups, letters).reindex(columns=list(CATEGORIES), fill_value=0)
    table = pd.DataFrame(counts.to_numpy(), index=counts.index, columns=list(CATEGORIES))
    n = table.sum(axis=1)
    first, second = np.sort(table.to_numpy(), axis=1)[:, ::-1][:, :2].T
    lead = 1.65 * np.sqrt((first + second) * (2 * n - first - second) / (2 * n))
    asked = table[list("AOMI")].sum(axis=1)
    pleased, displeased = table["A"] + table["O"], table["O"] + table["M"]
    better_low, better_high = _wilson(pleased, asked, level)
    worse_low, worse_high = _wilson(displeased, asked, level)
    table.insert(0, "n", n)
    return table.assign(
        category=table[list(CATEGORIES)].idxmax(axis=1),
        clear=(first - second) >= lead,
        better=pleased / asked,
        better_low=better_low,
        better_high=better_high,
        worse=-displeased / asked,
        worse_low=-worse_high,
        worse_high=-worse_low,
    )


def _wilson(count: pd.Series, n: pd.Series, level: float) -> tuple[pd.Series, pd.Series]:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, alpha=1 - level, method="wilson")
    return pd.Series(low, index=count.index), pd.Series(high, index=count.index)


def _baskets(baskets: pd.DataFrame, least: float = 0.0) -> np.ndarray:
    """Customers × items as numbers, 0 where not bought."""
    _check.frame("baskets", baskets, rows=1)
    plain = baskets.astype({name: int for name in baskets if pd.api.types.is_bool_dtype(baskets[name])})
    return _check.matrix("baskets", plain, rows=1, least=least)


def item_similarity(baskets: pd.DataFrame, adjusted: bool = False) -> pd.DataFrame:
    """Cosine similarity of every two items by the customers who bought them.

    cos(i, j) = Σ x_ui·x_uj / (√Σx_ui² · √Σx_uj²) over customers u. `adjusted` first takes off each customer's
    mean (for ratings, where some people rate everything high). An item is not similar to itself: the diagonal is 0.

    Parameters: `baskets` customers × items, 0 where not bought; `adjusted`. Returns items × items.
    Raises ValueError for missing or negative entries, or an item nobody bought. Source: Sarwar et al. (2001).

    >>> float(item_similarity(pd.DataFrame({"green": [1, 1, 0], "puer": [1, 0, 1]})).loc["green", "puer"].round(6))
    0.5
    """
    x = _baskets(baskets, -np.inf if adjusted else 0.0)
    if adjusted:
        x = x - x.mean(axis=1, keepdims=True)
    length = np.sqrt((x**2).sum(axis=0))
    flat = length <= 1e-12 * max(1.0, float(np.abs(x).max()))
    if flat.any():
        empty = ", ".join(map(str, baskets.columns[flat]))
        raise ValueError(f"nothing is known of {empty}: leave out items that nobody bought")
    similar = (x.T @ x) / np.outer(length, length)
    np.fill_diagonal(similar, 0.0)
    return pd.DataFrame(similar, index=baskets.columns, columns=baskets.columns)


def recommend(
    baskets: pd.DataFrame,
    similarity: pd.DataFrame | None = None,
    k: int = 3,
    known: Literal["skip", "keep"] = "skip",
) -> pd.DataFrame:
    """The k items to recommend to each customer: those most like what she bought, or the most popular.

    score(u, i) = Σ_j similarity(i, j)·x_uj. Without `similarity` every customer gets the items most customers
    bought (the baseline any recommender must beat). Ties go to the item that stands first.

    Parameters
    ----------
    baskets : customers × items, 0 where not bought
    similarity : items × items, as `item_similarity` gives it; None for the popularity baseline
    k : items to recommend, at least 1
    known : "skip" leaves out what the customer has bought already, "keep" does not

    Returns customers × ranks 1…k with item names; missing where fewer items are left.
    Raises ValueError for k below 1 or items that do not match. Source: Sarwar et al. (2001).

    >>> baskets = pd.DataFrame({"green": [1, 1, 1], "black": [1, 1, 0], "puer": [0, 0, 1]}, index=["ann", "bo", "cy"])
    >>> recommend(baskets, item_similarity(baskets), k=1)[1].to_list()
    ['puer', 'puer', 'black']
    """
    k = _check.whole("k", k, unit="the number of items to recommend")
    _check.choice("known", known, ("skip", "keep"))
    bought = _baskets(baskets)
    if similarity is None:
        score = np.tile((bought > 0).sum(axis=0).astype(float), (len(bought), 1))
    else:
        _check.frame("similarity", similarity)
        if list(similarity.index) != list(baskets.columns) or list(similarity.columns) != list(baskets.columns):
            raise ValueError("similarity must have the items of baskets in rows and columns, in the same order")
        score = bought @ _check.matrix("similarity", similarity)
    if known == "skip":
        score = np.where(bought > 0, -np.inf, score)
    best = np.argsort(-score, axis=1, kind="stable")[:, :k]
    left = np.isfinite(np.take_along_axis(score, best, axis=1))
    items = baskets.columns.to_numpy(dtype=object)[best]
    return pd.DataFrame(items, index=baskets.index, columns=range(1, best.shape[1] + 1)).where(left)
