"""Kinds of loyalty, the net promoter score, the second purchase, and the ladder."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check

__all__ = ["CELLS", "STAGES", "dick_basu", "ladder", "nps", "repeat_hazard"]

CELLS = ("true", "latent", "spurious", "none")
STAGES = ("prospect", "disqualified", "first-time", "repeat", "client", "advocate", "inactive")


def dick_basu(attitude: ArrayLike, behaviour: ArrayLike, cuts: tuple[float, float]) -> pd.Series:
    """Kind of loyalty of each customer: attitude relative to rivals against repeat buying.

    true: both at their cut or above; latent: attitude only; spurious: behaviour only; none: neither.

    Parameters: attitude (points) and behaviour (orders, or share of wallet), one entry a customer; `cuts`, the
    least attitude and the least behaviour that count as high. Returns the cell of each customer, with the index of
    `behaviour` if it is a Series. Raises TypeError for text, ValueError for gaps or unequal lengths.
    Source: Dick and Basu (1994).

    >>> dick_basu([9, 9, 4, 4], [5, 1, 5, 1], cuts=(7, 3)).to_list()
    ['true', 'latent', 'spurious', 'none']
    """
    _check.same_rows(attitude=attitude, behaviour=behaviour)
    if len(cuts) != 2:
        raise ValueError(f"cuts are two: the least attitude and the least behaviour; got {len(cuts)}")
    likes = _check.vector("attitude", attitude) >= _check.number("cuts[0]", cuts[0], unit="the least attitude")
    buys = _check.vector("behaviour", behaviour) >= _check.number("cuts[1]", cuts[1], unit="the least behaviour")
    cell = np.select([likes & buys, likes, buys], [0, 1, 2], 3)
    index = _check.index_of(behaviour, attitude)
    return pd.Series(pd.Categorical.from_codes(cell, pd.Index(CELLS)), index=index, name="loyalty")


def nps(ratings: ArrayLike, level: float = 0.95) -> pd.Series:
    """Net promoter score with its error: promoters (9–10) less detractors (0–6), in points of 100.

    NPS = 100·(p − d); standard error 100·√((p + d − (p − d)²)/n), for a sample of answers 0–10.

    Parameters: whole numbers 0–10, one a respondent; `level`. Returns estimate (the score), low, high, se,
    promoters, passives, detractors (shares), n. Raises TypeError or ValueError for text, gaps, answers off the scale.
    Source: Reichheld (2003); the error is that of a difference of two shares of one multinomial sample.

    >>> nps([10] * 200 + [8] * 120 + [3] * 80)[["estimate", "se"]].round(1).to_list()
    [30.0, 3.9]
    """
    z = _check.z_of(level)
    answers = _check.vector("ratings", ratings, 0, 10, whole=True, unit="answers from 0 to 10")
    up, down = float((answers >= 9).mean()), float((answers <= 6).mean())
    score, se = 100 * (up - down), 100 * float(np.sqrt((up + down - (up - down) ** 2) / len(answers)))
    return pd.Series(
        {
            "estimate": score,
            "low": score - z * se,
            "high": score + z * se,
            "se": se,
            "promoters": up,
            "passives": 1 - up - down,
            "detractors": down,
            "n": len(answers),
        }
    )


def repeat_hazard(first: pd.Series, second: pd.Series, end: str | pd.Timestamp, width: int = 30) -> pd.DataFrame:
    """Chance of a second purchase in each period since the first, among those who have not made it yet.

    hazard = bought in the period / at risk at its beginning; `repeated` = 1 − Π(1 − hazard). Who has not bought
    again by `end` counts for the periods she was seen through in full, and is then left out (censored).

    Parameters
    ----------
    first, second : dates of the first and the second purchase by customer; missing second where there is none
    end : last day seen
    width : days in a period, at least 1

    Returns one row a period, indexed by its first day: at_risk, bought, hazard, repeated (to its end). Raises
    ValueError for a second purchase before the first, a date after the end, or a customer without a first purchase.
    Source: the life-table estimate (Cutler and Ederer, 1958), without half-period correction.

    >>> first = pd.Series(pd.to_datetime(["2024-01-01"] * 4), index=list("abcd"))
    >>> second = pd.Series(pd.to_datetime(["2024-01-11", "2024-02-10", None, None]), index=list("abcd"))
    >>> repeat_hazard(first, second, end="2024-03-01").round(3)[["at_risk", "bought", "repeated"]].values.tolist()
    [[4.0, 1.0, 0.25], [3.0, 1.0, 0.5]]
    """
    width = _check.whole("width", width, unit="days in a period")
    if not isinstance(first, pd.Series) or not isinstance(second, pd.Series):
        raise TypeError("first and second are Series of dates, with the customer as index")
    who = _check.ids("the index of first", pd.Series(first.index), unique=True, rows=1)
    others = _check.ids("the index of second", pd.Series(second.index), unique=True, rows=0)
    _check.same_ids(**{"the index of first": who, "the index of second": others})
    last = _check.day("end", end)
    start = _check.days("first", first)
    again = _check.days("second", second, missing=True, rows=0).reindex(first.index)
    if (start > last).any() or (again > last).any():
        raise ValueError(f"some purchases are after the end, {last:%Y-%m-%d}: cut the orders there first")
    gap = (again - start).dt.days
    if (gap < 0).any():
        raise ValueError(f"{int((gap < 0).sum())} customers have a second purchase before their first")
    seen = (last - start).dt.days
    rows = []
    for day in range(0, int(seen.max()) - width + 2, width):
        through = (seen >= day + width - 1) | (gap < day + width)
        at_risk = through & ~(gap < day)
        bought = at_risk & (gap < day + width)
        if not at_risk.any():
            break
        rows.append({"day": day, "at_risk": int(at_risk.sum()), "bought": int(bought.sum())})
    table = pd.DataFrame(rows, columns=["day", "at_risk", "bought"]).set_index("day")
    table["hazard"] = table["bought"] / table["at_risk"]
    table["repeated"] = 1 - (1 - table["hazard"]).cumprod()
    return table


def ladder(
    orders: pd.DataFrame,
    leads: pd.DataFrame,
    referrals: pd.DataFrame,
    asof: str | pd.Timestamp,
    days: int = 365,
    client: int = 4,
) -> pd.Series:
    """Stage of each lead and customer on the loyalty ladder on one day.

    A lead without an order is a *prospect* for `days`, then *disqualified*. A customer without an order in the last
    `days` is *inactive*; otherwise *first-time* with one order so far, *repeat* with more, *client* with at least
    `client` orders in the last `days`, and *advocate* if she repeats and has brought somebody by then.

    Parameters: `orders` (customer_id, order_date), `leads` (lead_id, created, converted), `referrals` (customer_id,
    date); `asof`, the day; `days`; `client`, orders a period. Only what had happened by `asof` counts.
    Returns the stage by customer_id or lead_id. Raises KeyError for missing columns, ValueError for numbers below 1.
    Source: after Griffin (1995), whose *suspect* (anybody who might buy) is in no table.

    >>> dates = pd.to_datetime(["2024-01-05", "2024-05-01", "2024-06-01", "2022-01-01"])
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "b", "c"], "order_date": dates})
    >>> leads = pd.DataFrame({"lead_id": ["L1"], "created": dates[:1], "converted": [pd.NaT]})
    >>> brought = pd.DataFrame({"customer_id": ["b"], "date": dates[2:3]})
    >>> ladder(orders, leads, brought, "2024-06-30").to_dict()
    {'a': 'first-time', 'b': 'advocate', 'c': 'inactive', 'L1': 'prospect'}
    """
    _check.frame("orders", orders, "customer_id", "order_date")
    _check.frame("leads", leads, "lead_id", "created", "converted")
    _check.frame("referrals", referrals, "customer_id", "date")
    days = _check.whole("days", days, most=_check.MOST_PERIODS, unit="days of a period")
    client = _check.whole("client", client, unit="orders a period of a client")
    day = _check.day("asof", asof)
    orders = _dated(orders, "customer_id", "order_date")
    referrals = _dated(referrals, "customer_id", "date")
    _check.same_ids(orders=orders["customer_id"], referrals=referrals["customer_id"])
    converted = _check.days("converted", leads["converted"], missing=True, rows=0)
    leads = _dated(leads, "lead_id", "created").assign(converted=converted)
    so_far = orders[orders["order_date"] <= day]
    recent = so_far["order_date"] > day - pd.Timedelta(days=days)
    total = so_far.groupby("customer_id").size()
    lately = recent.groupby(so_far["customer_id"]).sum()
    brought = total.index.isin(referrals.loc[referrals["date"] <= day, "customer_id"])
    stage = np.select(
        [lately == 0, (total > 1) & brought, lately >= client, total > 1],
        ["inactive", "advocate", "client", "repeat"],
        "first-time",
    )
    open_leads = leads[(leads["created"] <= day) & ~(leads["converted"] <= day)]
    young = open_leads["created"] > day - pd.Timedelta(days=days)
    cold = np.where(young, "prospect", "disqualified")
    found = pd.Series([*stage, *cold], index=[*total.index, *open_leads["lead_id"]], dtype=object)
    return found.astype(pd.CategoricalDtype(list(STAGES), ordered=False)).rename("stage")


def _dated(table: pd.DataFrame, who: str, when: str) -> pd.DataFrame:
    """The ids and days of a table, checked; categories become plain values."""
    ids = _check.ids(who, table[who], rows=0)
    plain = ids.astype(ids.cat.categories.dtype) if isinstance(ids.dtype, pd.CategoricalDtype) else ids
    return pd.DataFrame({who: plain, when: _check.days(when, table[when], rows=0)})
