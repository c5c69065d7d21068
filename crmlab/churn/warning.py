"""What was known of each customer on a day, and how well signals warn of her leaving."""

import numpy as np
import pandas as pd

from crmlab import _check

__all__ = ["alarms", "snapshot"]


def _lives(lives: pd.DataFrame) -> pd.DataFrame:
    _check.frame("lives", lives, "first_month", "last_month", rows=1)
    _check.ids("the index of lives", pd.Series(lives.index), unique=True)
    first = _check.vector("first_month", lives["first_month"], whole=True)
    last = _check.vector("last_month", lives["last_month"], whole=True, missing=True)
    if (last < first).any():
        raise ValueError(f"last_month lies before first_month for {(last < first).sum()} of {len(lives)} customers")
    index = pd.Index(_plain(pd.Series(lives.index)))
    return pd.DataFrame({"first_month": first, "last_month": last}, index=index)


def _plain(ids: pd.Series) -> pd.Series:
    return ids.astype(ids.cat.categories.dtype) if isinstance(ids.dtype, pd.CategoricalDtype) else ids


def _history(history: pd.DataFrame, life: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One row a customer and month, checked, and the names of its signals."""
    _check.frame("history", history, "customer_id", "month", rows=1)
    who = _plain(_check.ids("customer_id", history["customer_id"]))
    _check.same_ids(**{"history": who, "the index of lives": pd.Series(life.index)})
    month = _check.vector("month", history["month"], whole=True).astype(int)
    made = history.assign(customer_id=who, month=month)
    if made.duplicated(["customer_id", "month"]).any():
        raise ValueError("history needs one row a customer and month; some stand there twice")
    signals = [str(name) for name in history.columns if name not in ("customer_id", "month")]
    if not signals:
        raise ValueError("history has no signals: add at least one column beside customer_id and month")
    for name in signals:
        _check.vector(name, history[name], flags=True)
    return made, signals


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
    life = _lives(lives)
    history, signals = _history(history, life)
    window = _check.whole("window", window, unit="months of the running means")
    month = _check.whole("month", month, -(10**6), 10**6, unit="the month at whose end we look")
    if horizon is not None:
        horizon = _check.whole("horizon", horizon, unit="months ahead")
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
    life = _lives(lives)
    history, signals = _history(history, life)
    loose = [name for name in signals if not pd.api.types.is_bool_dtype(history[name])]
    if loose:
        raise TypeError(f"alarms are true or false; compare {', '.join(loose)} with a limit first")
    horizon = _check.whole("horizon", horizon, unit="months ahead")
    strangers = ~history["customer_id"].isin(life.index)
    if strangers.any():
        name = history.loc[strangers, "customer_id"].iloc[0]
        raise ValueError(f"{strangers.sum()} rows of history are of customers who are not in lives, first {name!r}")
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
