"""The family of churn rates, each with its own base, and Kaplan–Meier survival."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check

__all__ = ["rates", "survival"]


def rates(payments: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """Every usual churn rate from month `start` to month `end`, each with its own base.

    The opening book is who paid in `start`, the closing book who paid in `end`. A loss is a customer who pays in one
    month and not in the next; who comes back and goes again is lost twice.

    Parameters
    ----------
    payments : one row a customer and month she paid: `customer_id`, `month` (whole numbers that count on by one from
        month to month, such as 0 … 35; not 202412), `amount` (yuan)
    start, end : months of the opening and of the closing book, start < end

    Returns
    -------
    One row a rate: `rate`, `numerator`, `denominator`, `unit` and `means`. *absolute* = opening customers missing from
    the closing book / opening customers; *all losses* also counts those who joined and left between the books, over
    the opening base, over the average base (mean of the monthly books before `end`) and over customer-months
    (a monthly rate); *net customers* = (opening − closing)/opening. In yuan: *relative* = amount of the lost / opening
    amount; *gross revenue* adds what opening customers pay less than before; *net revenue* takes off what they pay
    more. *retention*, *gross retention* (GRR) and *net retention* (NRR) are what is left.

    Raises
    ------
    KeyError for missing columns; TypeError for text or ids of mixed kinds; ValueError for missing entries, a customer
    twice in a month, months without payments, or amounts that are not above 0.

    >>> paid = pd.DataFrame({"customer_id": list("abcdabc"), "month": [0] * 4 + [1] * 3,
    ...                      "amount": [10, 10, 10, 30, 10, 5, 20]})
    >>> rates(paid, 0, 1)["rate"][["absolute", "relative", "gross revenue", "net revenue"]].round(3).to_list()
    [0.25, 0.5, 0.583, 0.417]
    """
    _check.frame("payments", payments, "customer_id", "month", "amount", rows=1)
    table = pd.DataFrame(
        {
            "customer_id": _check.ids("customer_id", payments["customer_id"]),
            "month": _check.vector("month", payments["month"], whole=True).astype(int),
            "amount": _check.vector("amount", payments["amount"], above=0, cure="who pays nothing is not in the book"),
        }
    )
    start = _check.whole("start", start, -_check.MOST_PERIODS, 10**6, unit="the month of the opening book")
    end = _check.whole("end", end, start + 1, start + 1200, unit="the month of the closing book, after start")
    if table.duplicated(["customer_id", "month"]).any():
        raise ValueError("a customer appears twice in a month: add her amounts up first")
    table = table[table["month"].between(start, end)]
    book = table.pivot_table(index="customer_id", columns="month", values="amount", aggfunc="sum", observed=True)
    book = book.reindex(columns=range(start, end + 1))
    if book.isna().all().any():
        empty = book.columns[book.isna().all()][0]
        raise ValueError(
            f"nobody paid in month {empty}: there is no book to compare. Months count on by one (0, 1, 2 …), not as "
            "202412, 202501"
        )
    here = book.notna()
    opening, closing = book[start].dropna(), book[end].reindex(book.index[here[start]])
    change = closing.fillna(0) - opening
    gone = closing.isna()
    losses = float((here.iloc[:, :-1].to_numpy() & ~here.iloc[:, 1:].to_numpy()).sum())
    sizes = here.iloc[:, :-1].sum()
    n, money = float(len(opening)), float(opening.sum())
    less, more = float(-change[change < 0].sum()), float(change[change > 0].sum())
    lost, final = float(gone.sum()), float(here[end].sum())
    rows = [
        ("absolute", lost, n, "customers", "opening customers not in the closing book / opening customers"),
        ("all losses, opening base", losses, n, "customers", "every loss of the period / opening customers"),
        ("all losses, average base", losses, float(sizes.mean()), "customers", "every loss / mean monthly book"),
        ("monthly", losses, float(sizes.sum()), "customer-months", "every loss / customer-months: a rate a month"),
        ("net customers", n - final, n, "customers", "opening less closing customers / opening customers"),
        ("relative", float(opening[gone].sum()), money, "yuan", "amount of the lost / opening amount"),
        ("gross revenue", less, money, "yuan", "amount of the lost, and what others pay less / opening amount"),
        ("net revenue", less - more, money, "yuan", "the same less what opening customers pay more / opening amount"),
        ("retention", n - lost, n, "customers", "opening customers in the closing book / opening customers"),
        ("gross retention", money - less, money, "yuan", "1 − gross revenue churn (GRR)"),
        ("net retention", money - less + more, money, "yuan", "1 − net revenue churn (NRR)"),
    ]
    made = pd.DataFrame(rows, columns=["measure", "numerator", "denominator", "unit", "means"]).set_index("measure")
    made.insert(0, "rate", made["numerator"] / made["denominator"])
    return made


def _durations(time: ArrayLike, event: ArrayLike, entry: ArrayLike | None) -> tuple[np.ndarray, ...]:
    _check.same_rows(time=time, event=event, entry=entry)
    t, e = _check.vector("time", time, above=0, unit="the time watched so far"), _check.flags("event", event)
    start = np.zeros(len(t)) if entry is None else _check.vector("entry", entry, 0, rows=len(t))
    if (start >= t).any():
        raise ValueError(
            f"entry is not before time for {(start >= t).sum()} of {len(t)} customers: each must be watched "
            "for some time"
        )
    return t, e, start


def survival(
    time: ArrayLike, event: ArrayLike, at: Sequence[float], entry: ArrayLike | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Kaplan–Meier survival at given ages, with Greenwood's standard error and an interval.

    S(t) = Π over ages u ≤ t of (1 − d(u)/n(u)), d lost and n at risk; se = S·√Σ d/(n(n−d)). The interval is taken on
    the scale log(−log S), so it stays between 0 and 1. Before the first loss S is 1.

    Parameters
    ----------
    time : age when lost, or when last seen; event : True if lost then, False if still there (censored)
    at : ages to report, in the unit of `time`, in any order
    entry : age at which each customer came under watch (left truncation); she is at risk only after it
    level : confidence level

    Returns one row an age: at_risk (just before it), survival, se, low, high (all missing beyond the last age
    watched). Raises ValueError for gaps, unequal lengths, or customers never watched.
    Source: Kaplan and Meier (1958), Greenwood (1926); computed by statsmodels' SurvfuncRight.

    >>> survival([9, 13, 13, 18], [1, 1, 0, 1], at=[5, 13])["survival"].round(3).to_list()
    [1.0, 0.5]
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    z, ages = _check.z_of(level), _check.vector("at", at, 0, unit="ages to report")
    t, e, start = _durations(time, event, entry)
    at_risk = [int(((start < age) & (t >= age)).sum()) for age in ages]
    if e.any():
        fit = SurvfuncRight(t, e.astype(int), entry=None if entry is None else start)
        place = np.searchsorted(fit.surv_times, ages, side="right")
        s, se = np.append(1.0, fit.surv_prob)[place], np.append(0.0, fit.surv_prob_se)[place]
    else:
        s, se = np.ones(len(ages)), np.zeros(len(ages))
    inside = (s > 0) & (s < 1)
    safe = np.where(inside, s, 0.5)
    half = z * se / (safe * np.abs(np.log(safe)))
    made = pd.DataFrame(
        {
            "at_risk": at_risk,
            "survival": s,
            "se": se,
            "low": np.where(inside, safe ** np.exp(half), s),
            "high": np.where(inside, safe ** np.exp(-half), s),
        },
        index=pd.Index(ages, name="age"),
    )
    made.loc[ages > t.max(), ["survival", "se", "low", "high"]] = np.nan
    return made
