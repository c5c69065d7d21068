"""Calls joined to issues: what a caller wanted, however often she had to ask."""

import pandas as pd

from crmlab import _check

__all__ = ["issues"]


def issues(calls: pd.DataFrame, window: int = 7) -> pd.DataFrame:
    """Join calls to issues: a call on the same reason within `window` days of the caller's last one is a repeat.

    First-contact resolution (FCR) is the share of issues with one call. Whoever gave up or went elsewhere does not
    call again, so it flatters; and issues that began in the last `window` days may still be called about.

    Parameters
    ----------
    calls : one row a call, with columns caller_id, reason, date
    window : days within which a second call belongs to the same issue, at least 1

    Returns one row an issue: caller_id, reason, first (date), calls. Raises KeyError for missing columns, ValueError
    for missing entries or a window below 1. Source: Price and Jaffe (2008).

    >>> days = pd.to_datetime(["2024-11-01", "2024-11-03", "2024-11-03", "2024-11-20"])
    >>> calls = pd.DataFrame({"caller_id": list("aaba"), "reason": "late", "date": days})
    >>> issues(calls)["calls"].to_list()
    [2, 1, 1]
    """
    window = _check.whole("window", window, unit="days within which a second call belongs to the same issue")
    _check.frame("calls", calls, "caller_id", "reason", "date", rows=1)
    frame = pd.DataFrame(
        {
            "caller_id": _check.ids("caller_id", calls["caller_id"]).astype("str"),
            "reason": _check.ids("reason", calls["reason"]).astype("str"),
            "date": _check.days("date", calls["date"]),
        }
    ).sort_values(["caller_id", "reason", "date"], ignore_index=True)
    since = frame.groupby(["caller_id", "reason"])["date"].diff().dt.days
    frame["issue"] = (~(since <= window)).cumsum()
    made = frame.groupby("issue").agg(
        caller_id=("caller_id", "first"), reason=("reason", "first"), first=("date", "first"), calls=("date", "size")
    )
    return made.sort_values(["first", "caller_id", "reason"], ignore_index=True)
