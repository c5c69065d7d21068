"""Churn: the family of churn rates, features as they were known on a day, warnings, and the profit of calling.

Kaplan–Meier, log-rank, Cox and logit models come from statsmodels, the area under the ROC curve from scikit-learn.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

__all__ = ["alarms", "convert", "expected_maximum_profit", "lift", "rates", "snapshot", "survival"]

_DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}


def _need(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    missing = [name for name in columns if name not in table]
    if missing:
        raise KeyError(f"{what} has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")


def convert(rate: float, source: str = "month", target: str = "year") -> float:
    """A churn rate of one period as a rate of another: 1 − (1 − rate)^(target/source).

    Twelve months of 2 % are not 24 %: those lost in January cannot be lost again. It holds only if the rate is the
    same throughout and for everybody.

    Parameters: `rate` from 0 to 1; `source` and `target`, each day, week, month, quarter or year.
    Returns a rate from 0 to 1. Raises ValueError for other rates or periods.

    >>> round(convert(0.02), 4), round(convert(0.5, "year", "month"), 4)
    (0.2153, 0.0561)
    """
    for period in (source, target):
        if period not in _DAYS:
            raise ValueError(f"the period is one of {', '.join(_DAYS)}, got {period!r}")
    if not 0 <= rate <= 1:
        raise ValueError(f"a churn rate lies from 0 to 1, got {rate:g}; a net rate below 0 cannot be converted")
    return float(1 - (1 - rate) ** (_DAYS[target] / _DAYS[source]))


def rates(payments: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """Every usual churn rate from month `start` to month `end`, each with its own base.

    The opening book is who paid in `start`, the closing book who paid in `end`. A loss is a customer who pays in one
    month and not in the next; who comes back and goes again is lost twice.

    Parameters
    ----------
    payments : one row a customer and month she paid: `customer_id`, `month` (whole number), `amount` (yuan)
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
    KeyError for missing columns; ValueError for a customer twice in a month, months without payments, or amounts
    that are missing or not above 0.

    >>> paid = pd.DataFrame({"customer_id": list("abcdabc"), "month": [0] * 4 + [1] * 3,
    ...                      "amount": [10, 10, 10, 30, 10, 5, 20]})
    >>> rates(paid, 0, 1)["rate"][["absolute", "relative", "gross revenue", "net revenue"]].round(3).to_list()
    [0.25, 0.5, 0.583, 0.417]
    """
    _need(payments, ("customer_id", "month", "amount"), "payments")
    if not start < end:
        raise ValueError(f"the opening month comes before the closing month, got {start} and {end}")
    if payments.duplicated(["customer_id", "month"]).any():
        raise ValueError("a customer appears twice in a month: add her amounts up first")
    if not (payments["amount"] > 0).all():
        raise ValueError("amounts must all be above 0: who pays nothing is not in the book; leave such rows out")
    table = payments[payments["month"].between(start, end)]
    book = table.pivot_table(index="customer_id", columns="month", values="amount", aggfunc="sum")
    book = book.reindex(columns=range(start, end + 1))
    if book.isna().all().any():
        empty = book.columns[book.isna().all()][0]
        raise ValueError(f"nobody paid in month {empty}: there is no book to compare")
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
    t = np.asarray(time, dtype=float)
    e = np.asarray(event)
    start = np.zeros(len(t)) if entry is None else np.asarray(entry, dtype=float)
    if not len(t) == len(e) == len(start):
        raise ValueError(f"time, event and entry must pair up, got {len(t)}, {len(e)} and {len(start)} values")
    if len(t) == 0:
        raise ValueError("there are no durations: survival needs at least one customer")
    if not np.isin(e.astype(float), (0, 1)).all():
        raise ValueError("event is True (left) or False (still here, censored), or 1 and 0")
    if not (np.isfinite(t).all() and np.isfinite(start).all()):
        raise ValueError("durations are missing or infinite; for a customer still here give the time seen so far")
    if (start < 0).any() or (t < start).any() or (entry is not None and (t == start).any()):
        raise ValueError("each customer must be watched for some time: 0 ≤ entry < time")
    return t, e.astype(bool), start


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
    from scipy.stats import norm
    from statsmodels.duration.survfunc import SurvfuncRight

    t, e, start = _durations(time, event, entry)
    if not 0 < level < 1:
        raise ValueError(f"level is a share between 0 and 1, such as .95, got {level}")
    ages = np.asarray(at, dtype=float)
    at_risk = [int(((start < age) & (t >= age)).sum()) for age in ages]
    if e.any():
        fit = SurvfuncRight(t, e.astype(int), entry=None if entry is None else start)
        place = np.searchsorted(fit.surv_times, ages, side="right")
        s, se = np.append(1.0, fit.surv_prob)[place], np.append(0.0, fit.surv_prob_se)[place]
    else:
        s, se = np.ones(len(ages)), np.zeros(len(ages))
    inside = (s > 0) & (s < 1)
    safe = np.where(inside, s, 0.5)
    half = norm.ppf(0.5 + level / 2) * se / (safe * np.abs(np.log(safe)))
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


def _lives(lives: pd.DataFrame) -> pd.DataFrame:
    _need(lives, ("first_month", "last_month"), "lives")
    if not lives.index.is_unique:
        raise ValueError("lives needs one row a customer, with her id as index: the same id stands there twice")
    made = lives[["first_month", "last_month"]].astype(float)
    if made["first_month"].isna().any():
        raise ValueError("first_month is missing for some customers: everybody began at some time")
    if (made["last_month"] < made["first_month"]).any():
        raise ValueError("some last_month lies before first_month")
    return made


def _history(history: pd.DataFrame) -> list[str]:
    _need(history, ("customer_id", "month"), "history")
    if history.duplicated(["customer_id", "month"]).any():
        raise ValueError("history needs one row a customer and month; some stand there twice")
    columns = [str(name) for name in history.columns if name not in ("customer_id", "month")]
    bad = [name for name in columns if not pd.api.types.is_numeric_dtype(history[name])]
    if bad or not columns:
        raise TypeError(f"signals in history are numbers or true/false; not so: {', '.join(bad) or 'there are none'}")
    return columns


def snapshot(
    history: pd.DataFrame, lives: pd.DataFrame, month: int, horizon: int | None = 3, window: int = 4
) -> pd.DataFrame:
    """What was known of each active customer at the end of a month, and whether she left soon after.

    Only rows of `history` up to `month` are read, so nothing from later can leak in.

    Parameters
    ----------
    history : one row a customer and month: `customer_id`, `month` (whole number) and signals (numbers, true/false)
    lives : index customer_id; `first_month`, `last_month` with a box (missing while running)
    month : the month at whose end we look; active is who has a box in it
    horizon : months ahead. `leaves` is True if there is no box in month + horizon; None: today, no outcome
    window : months of the running means, this one included

    Returns
    -------
    One row an active customer, by id: `tenure` (boxes so far), for each signal its value now, `…_before` (the month
    before; 0 if she was not there) and `…_mean` (over the months of the window in which she was there), and `leaves`.

    Raises
    ------
    KeyError, TypeError for columns; ValueError if the outcome is not known yet (month + horizon lies after the last
    month of history), if an active customer has no row in `month`, or if nobody is active.

    >>> history = pd.DataFrame({"customer_id": list("aabbb"), "month": [0, 1, 0, 1, 2], "late": [0, 1, 0, 0, 0]})
    >>> lives = pd.DataFrame({"first_month": [0, 0], "last_month": [1, np.nan]}, index=["a", "b"])
    >>> snapshot(history, lives, month=1, horizon=1)[["tenure", "late", "late_before", "leaves"]].values.tolist()
    [[2, 1, 0, True], [2, 0, 0, False]]
    """
    signals, life = _history(history), _lives(lives)
    if window < 1 or (horizon is not None and horizon < 1):
        raise ValueError(f"window and horizon are at least one month, got {window} and {horizon}")
    until = int(history["month"].max())
    if month + (horizon or 0) > until:
        raise ValueError(
            f"who leaves within {horizon} months of month {month} is not known yet: history ends with month {until}. "
            "Take an earlier month, or horizon=None to score today's customers"
        )
    active = life[(life["first_month"] <= month) & ~(life["last_month"] < month)]
    if active.empty:
        raise ValueError(f"nobody is active in month {month}")
    past = history[history["month"].between(month - window + 1, month)].set_index("customer_id")
    past = past[past.index.isin(active.index)]
    now, before = past[past["month"] == month], past[past["month"] == month - 1]
    absent = active.index.difference(now.index)
    if len(absent):
        raise ValueError(f"{len(absent)} active customers have no row of history in month {month}, first {absent[0]}")
    made = pd.DataFrame({"tenure": (month - active["first_month"] + 1).astype(int)}, index=active.index)
    means = past[signals].astype(float).groupby(level=0).mean()
    for name in signals:
        made[name] = now[name].reindex(active.index)
        earlier = before[name].astype(float).reindex(active.index, fill_value=0.0)
        made[f"{name}_before"] = earlier.astype(history[name].dtype)
        made[f"{name}_mean"] = means[name].reindex(active.index)
    if horizon is not None:
        made["leaves"] = active["last_month"] < month + horizon
    return made


def alarms(history: pd.DataFrame, lives: pd.DataFrame, horizon: int = 6) -> pd.DataFrame:
    """How well each true/false signal warns of leaving: precision, recall and lead time.

    An alarm is a customer-month with the signal on. Only months with a known outcome count: at least `horizon` months
    before the last month of history.

    Parameters: `history` and `lives` as in `snapshot`, signals true/false; `horizon`, months ahead that count as soon:
    a customer leaves soon if she has no box in month + horizon.

    Returns one row a signal: `alarms`; `precision`, share of alarms followed by leaving soon; `lift`, that over the
    share of all customer-months; `recall`, share of those who left for whom it rang in their last `horizon` months;
    `lead`, mean months from its first ring in that time to the last box (0: rang only in the month of the last box).
    Raises as `snapshot`, and TypeError for signals that are not true/false.

    >>> history = pd.DataFrame({"customer_id": list("aabbb"), "month": [0, 1, 0, 1, 2],
    ...                         "late": [True, True, False, True, False]})
    >>> lives = pd.DataFrame({"first_month": [0, 0], "last_month": [1, np.nan]}, index=["a", "b"])
    >>> alarms(history, lives, horizon=1).loc["late", ["alarms", "precision", "recall", "lead"]].to_list()
    [3.0, 0.3333333333333333, 1.0, 0.0]
    """
    signals, life = _history(history), _lives(lives)
    loose = [name for name in signals if not pd.api.types.is_bool_dtype(history[name])]
    if loose:
        raise TypeError(f"alarms are true or false; compare {', '.join(loose)} with a limit first")
    if horizon < 1:
        raise ValueError(f"horizon is at least one month, got {horizon}")
    last = history["customer_id"].map(life["last_month"])
    known = history["month"] + horizon <= history["month"].max()
    if not known.any():
        raise ValueError(f"history is shorter than the horizon of {horizon} months: no outcome is known")
    soon = (last - history["month"]) < horizon
    first = history["customer_id"].map(life["first_month"])
    ended = last.notna() & (last - first >= 0) & (last <= history["month"].max())
    left = soon & ended
    leavers = history.loc[left, "customer_id"].nunique()
    rows = {}
    for name in signals:
        on = history[name].astype(bool)
        lead = (last - history["month"])[on & left].groupby(history["customer_id"]).max()
        precision = float(soon[on & known].mean()) if (on & known).any() else np.nan
        rows[name] = {
            "alarms": float((on & known).sum()),
            "precision": precision,
            "lift": precision / float(soon[known].mean()) if soon[known].any() else np.nan,
            "recall": len(lead) / leavers if leavers else np.nan,
            "lead": float(lead.mean()) if len(lead) else np.nan,
        }
    return pd.DataFrame(rows).T


# ---- what a ranking is worth -----------------------------------------------------------------------------


def _ranked(event: ArrayLike, score: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative counts of customers and of leavers by falling score, one entry for each distinct score."""
    y, s = np.asarray(event), np.asarray(score, dtype=float)
    if len(y) != len(s) or len(y) == 0:
        raise ValueError(f"event has {len(y)} customers, score {len(s)}: each customer needs both")
    if not np.isin(y.astype(float), (0, 1)).all():
        raise ValueError("event is True for customers who left, False for the others")
    if not np.isfinite(s).all():
        raise ValueError(f"{(~np.isfinite(s)).sum()} scores are missing or infinite")
    y = y.astype(float)
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
    taken, found = _ranked(event, score)
    if not 0 < share <= 1:
        raise ValueError(f"share lies above 0 and is at most 1, got {share:g}")
    n = np.ceil(share * taken[-1] - 1e-9)
    return float(np.interp(n, taken, found) / n / (found[-1] / taken[-1]))


def _terms(value: float, offer: float, contact: float) -> tuple[float, float]:
    if not value > 0 or not 0 <= offer < value or not contact >= 0:
        raise ValueError(
            f"need value > 0, 0 ≤ offer < value and contact ≥ 0 (yuan), got {value:g}, {offer:g} and {contact:g}"
        )
    return offer / value, contact / value


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
    from scipy.stats import beta

    delta, phi = _terms(value, offer, contact)
    if not (accept[0] > 0 and accept[1] > 0):
        raise ValueError(f"the beta distribution needs two parameters above 0, got {accept}")
    taken, found = _ranked(event, score)
    lost, kept = found / taken[-1], (taken - found) / taken[-1]  # π₀F₀ and π₁F₁
    hull = _upper_hull(kept, lost)
    lost, kept = lost[hull], kept[hull]
    with np.errstate(divide="ignore"):
        pays = (phi + (delta + phi) * np.diff(kept) / np.diff(lost)) / (1 - delta)
    limits = np.clip(np.concatenate([[0.0], pays, [1.0]]), 0.0, 1.0)
    weight = np.diff(beta.cdf(limits, *accept))
    mean = accept[0] / sum(accept) * np.diff(beta.cdf(limits, accept[0] + 1, accept[1]))
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
