"""Customer value from past purchases: who matters, by ABC, RFM and concentration, and how good a ranking was.

`totals` and `rfm_measures` read every transaction (pandas, polars, DuckDB or PySpark) and give one row per
customer; all else is pandas on such a table. Returns of goods are negative amounts: totals subtract them,
purchase counts refuse them.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector
from crmlab._threads import one_thread
from crmlab.orders import rfm_measures, totals

__all__ = ["abc", "compare_rankings", "gini", "rfm", "rfm_measures", "select_cells", "totals"]


def _shares(name: str, values: ArrayLike) -> Vector:
    """Non-negative values with a positive sum: only they have shares."""
    x = _check.vector(name, values, 0, cure="shares of a total need 0 or more; draw a whale curve instead")
    if x.sum() == 0:
        raise ValueError(f"{name} is 0 in all {x.size} rows: there is no total to share")
    return x


def _customers(name: str, table: pd.DataFrame, *columns: str) -> None:
    """Refuse what is not a pandas table with these columns and one row a customer."""
    _check.frame(name, table, *columns)
    if "customer_id" in table:
        _check.ids("customer_id", table["customer_id"], unique=True)


def abc(table: pd.DataFrame, value: str = "amount", cuts: tuple[float, float] = (0.8, 0.95),
        convention: Literal["inclusive", "before"] = "inclusive") -> pd.DataFrame:
    """Classify customers (or products) into A, B, C by their place in the cumulative share of value.

    Rows are sorted by value, largest first (equal values keep their order). "inclusive": A while the share
    *including* the row is at most cuts[0]. "before": A while the share *before* the row is below cuts[0], so
    the row that crosses the line still counts. The two differ by one row per cut, which can be your largest
    customer: alone above 80 %, she is not in A under "inclusive".

    Parameters: `table` one row per customer; `value` its column of value, 0 or more; `cuts` rising shares in
    (0, 1); `convention`. Returns the table sorted, with share, cumulative_share and class added. Raises for
    negative, missing or text values, an empty table, all values equal, duplicate customer_id.
    Source: Dickie (1951); the cuts are convention.

    >>> table = pd.DataFrame({"customer_id": list("pqrst"), "amount": [50, 25, 10, 8, 7]})
    >>> "".join(abc(table)["class"]), "".join(abc(table, convention="before")["class"])
    ('AABBC', 'AAABB')
    """
    _customers("table", table, value)
    number = _shares(value, table[value])
    limits = _check.cuts("cuts", cuts, 2, 0, 1)
    _check.choice("convention", convention, ("inclusive", "before"))
    if len(number) > 1 and (number == number[0]).all():
        raise ValueError(f"{value} is the same in all {len(number)} rows: ABC would only copy the row order")
    order = np.argsort(-number, kind="stable")
    share = number[order] / number.sum()
    cumulative = share.cumsum()
    if convention == "inclusive":
        label = np.searchsorted(limits, cumulative - 1e-12)  # the slack keeps .5 + .3 at .8
    else:
        label = np.searchsorted(limits, cumulative - share + 1e-12, side="right")
    return table.iloc[order].assign(share=share, cumulative_share=cumulative,
                                    **{"class": np.take(list("ABC"), label)})


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient: 0 when all are equal, (n−1)/n when one customer has everything.

    G = 2Σ i·x_(i) / (nΣx) − (n+1)/n over values in rising order (denominator n, no small-sample correction);
    twice the area between the Lorenz curve and the diagonal. Not defined with negative values.

    Parameter: `values`, 0 or more, shape (n,). Returns the coefficient. Raises TypeError for text or times,
    ValueError for negative or missing values, or a total of 0. Source: Gini (1912).

    >>> round(gini([1, 2, 3, 4, 90]), 2)
    0.72
    """
    number = np.sort(_shares("values", values))
    n = len(number)
    return float(2 * (np.arange(1, n + 1) @ number) / (n * number.sum()) - (n + 1) / n)


def rfm(measures: pd.DataFrame, bins: int = 5, nested: bool = False) -> pd.DataFrame:
    """Score customers 1 to `bins` on recency, frequency and monetary value; `bins` is best.

    score = 1 + ⌊bins · share of customers who are strictly worse⌋, so equal values always score the same, in
    bins that may then be unequal or empty. Fewer days since the last purchase are better. Independent
    (default): each measure is ranked over all customers. Nested: F is ranked among customers with equal R
    score, M among those with equal R and F; then scores of different cells do not compare.

    Parameters: `measures` one row per customer with recency (days since the last purchase), frequency and
    monetary, as `rfm_measures` gives them; `bins` 2–9; `nested`. Returns the table with r, f, m and cell
    (text such as '535') added. Raises for missing, negative or text values, duplicate customers, fewer
    customers than bins, or a measure equal for everyone. Source: Hughes (1994).

    >>> seen = pd.DataFrame({"recency": [3, 40, 9, 9], "frequency": [5, 1, 1, 2],
    ...                      "monetary": [90, 20, 70, 30]})
    >>> rfm(seen, bins=2)["cell"].to_list()
    ['222', '111', '112', '121']
    """
    bins = _check.whole("bins", bins, 2, 9, unit="a number of scores")
    _customers("measures", measures, "recency", "frequency", "monetary")
    if len(measures) < bins:
        raise ValueError(f"{len(measures)} customers cannot be cut into {bins} bins: use fewer bins")
    result = measures.copy()
    within: list[str] = []
    for score, name in [("r", "recency"), ("f", "frequency"), ("m", "monetary")]:
        number = pd.Series(_check.vector(name, measures[name], 0), index=measures.index)
        if number.min() == number.max():
            raise ValueError(f"{name} is {number.iloc[0]:g} for all {len(number)} customers: it ranks nobody")
        ranked = -number if name == "recency" else number
        cells = [result[above].to_numpy() for above in within] if nested else []
        grouped = ranked.groupby(cells or np.zeros(len(number)))
        worse = (grouped.rank(method="min") - 1) / grouped.transform("size")
        result[score] = 1 + np.floor(bins * worse + 1e-9).astype(int)
        within.append(score)
    result["cell"] = result["r"].astype(str) + result["f"].astype(str) + result["m"].astype(str)
    return result


def select_cells(cells: pd.DataFrame, cost: float, profit: float) -> pd.DataFrame:
    """Choose the cells worth a mailing after shrinking the response of small cells to the overall rate.

    Break-even: response ≥ cost per contact / profit per sale. Responses of a cell with true rate θ are
    binomial, θ ~ beta(a, b) over cells, a and b by maximum likelihood; then shrunk = (a+responses)/
    (a+b+contacts). Where cells differ no more than chance does, every cell gets the overall rate.

    Parameters
    ----------
    cells : one row per cell with contacts (1 or more) and responses (0 to contacts), from a test mailing
    cost : money per contact; profit : money per sale before that cost; both above 0

    Returns the table, best cell first, with rate, shrunk, probability (that the true rate is above
    break-even), index = (shrunk − break-even)/break-even·100, gain (expected money per contact) and mail.
    Raises for missing, negative or text values, more responses than contacts, or no response at all.
    Source: Hughes (1994) for the rule; Morris (1983) for the shrinkage.

    >>> test = pd.DataFrame({"cell": ["555", "553", "321", "111", "551"],
    ...     "contacts": [4000, 900, 3000, 4000, 20], "responses": [120, 21, 45, 20, 1]})
    >>> select_cells(test, cost=0.55, profit=40)[["cell", "rate", "shrunk", "mail"]].round(3)
      cell   rate  shrunk   mail
    0  555  0.030   0.030   True
    1  553  0.023   0.023   True
    4  551  0.050   0.023   True
    2  321  0.015   0.015   True
    3  111  0.005   0.006  False
    """
    from scipy.optimize import minimize
    from scipy.special import betaincc, betaln, expit, logit

    _check.frame("cells", cells, "contacts", "responses")
    n, k = _check.counts("contacts", cells["contacts"], 1), _check.counts("responses", cells["responses"])
    cost = _check.number("cost", cost, above=0, unit="yuan a contact")
    profit = _check.number("profit", profit, above=0, unit="yuan a sale")
    if (k > n).any():
        raise ValueError(f"responses exceed contacts in {(k > n).sum()} of {len(n)} cells")
    if not 0 < k.sum() < n.sum():
        raise ValueError(f"{k.sum():g} responses to {n.sum():g} contacts: no rate to learn from")

    def loss(phi: Vector) -> float:  # overall rate as a logit; a + b, the weight of the prior, as a log
        a, b = np.exp(phi[1]) * expit(phi[0]), np.exp(phi[1]) * expit(-phi[0])
        return float((betaln(a, b) - betaln(a + k, b + n - k)).sum())

    start = logit(k.sum() / n.sum())
    with one_thread():
        trials = [minimize(loss, [start, np.log(weight)], bounds=[(start - 5, start + 5), (-3.0, 16.0)],
                           method="L-BFGS-B") for weight in (10.0, 1000.0)]
    rate, weight = min(trials, key=lambda trial: trial.fun).x
    a, b = np.exp(weight) * expit(rate), np.exp(weight) * expit(-rate)
    shrunk, needed = (a + k) / (a + b + n), cost / profit
    return cells.assign(
        rate=k / n, shrunk=shrunk, probability=betaincc(a + k, b + n - k, min(needed, 1)),
        index=(shrunk - needed) / needed * 100, gain=shrunk * profit - cost, mail=shrunk >= needed,
    ).sort_values("shrunk", ascending=False, kind="stable")


def _captured(score: Vector, profit: Vector, top: float) -> float:
    """Profit of the `top` share of customers by score; those tied at the line count in equal part."""
    places = top * len(score)
    line = np.sort(score)[::-1][int(np.ceil(places - 1e-9)) - 1]
    above, tied = score > line, score == line
    return float(profit[above].sum() + profit[tied].mean() * (places - above.sum()))


def compare_rankings(scores: Mapping[str, ArrayLike] | pd.DataFrame, realised: ArrayLike,
                     top: float = 0.1) -> pd.DataFrame:
    """Compare scores made at one date by the profit their customers earned afterwards.

    capture = profit earned by the top share of customers by score / profit earned by all; spearman = rank
    correlation of score and profit; efficiency = capture / capture by perfect foresight. Ties at the line
    (RFM has many) count in equal part, as if drawn by lot. The last rows give perfect foresight and chance.

    Parameters
    ----------
    scores : one column per method, more is better, rows = customers (a table, or a dict of columns)
    realised : profit of the same customers afterwards, shape (n,); losses are negative
    top : share of customers, above 0 and at most 1

    Returns one row per method, best first: capture, spearman, efficiency. Raises for missing or text values,
    other lengths or labels than `realised`, fewer than two customers, or a total profit of 0 or less.

    >>> compare_rankings({"clv": [9, 5, 2, 1], "last year": [1, 5, 2, 2]}, [60, 30, 10, 0], top=0.25).round(2)
                       capture  spearman  efficiency
    clv                   0.60      1.00        1.00
    last year             0.30     -0.32        0.50
    perfect foresight     0.60      1.00        1.00
    chance                0.25      0.00        0.42
    """
    top = _check.share("top", top, above=0, most=1, unit="a share of customers")
    profit = _check.vector("realised", realised, rows=2)
    if profit.sum() <= 0:
        raise ValueError(f"{len(profit)} customers earned {profit.sum():,.2f} in all: shares of profit need a positive "
                         "total")
    rows: dict[str, tuple[float, float]] = {}
    for name, given in dict(scores).items():
        score = _check.vector(f"score {name}", given)
        _check.same_rows(**{f"score {name}": given, "realised": realised})
        ranks = pd.DataFrame({"score": score, "profit": profit}).rank()
        flat = score.min() == score.max() or profit.min() == profit.max()
        rows[name] = (_captured(score, profit, top), 0.0 if flat else ranks["score"].corr(ranks["profit"]))
    best = _captured(profit, profit, top)
    ordered = sorted(rows.items(), key=lambda row: -row[1][0])
    lines = [*ordered, ("perfect foresight", (best, 1.0)), ("chance", (top * profit.sum(), 0.0))]
    return pd.DataFrame({name: {"capture": got / profit.sum(), "spearman": rank, "efficiency": got / best}
                         for name, (got, rank) in lines}).T
