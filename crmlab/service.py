"""Service: how many agents a contact centre needs, issues behind calls, and charts that watch a process.

Kaplan–Meier, regression and Cohen's kappa come from statsmodels; this room has the queue (Erlang C and a
simulation to check it), the joining of calls to issues, and control charts for counts, shares and means.
"""

import heapq

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "capability", "erlang_c", "issues", "p_chart", "required_agents", "runs", "simulate_queue", "u_chart", "xbar_chart",
]  # fmt: skip

_MOST_AGENTS = 100_000


def _numbers(name: str, values: ArrayLike, least: float, what: str, open_end: bool = False) -> NDArray[np.float64]:
    """Numbers from `least` up, or a message that says which is not."""
    x = np.asarray(values, dtype=float)
    wrong = ~np.isfinite(x) | ((x <= least) if open_end else (x < least))
    if wrong.any():
        bound = f"above {least:g}" if open_end else f"{least:g} or more"
        raise ValueError(f"{name} is {what}, {bound}; {wrong.sum()} of {x.size} are not, first {x[wrong].flat[0]!r}")
    return x


def erlang_c(
    calls: ArrayLike, interval_s: float, aht: ArrayLike, agents: ArrayLike, within: float = 20.0
) -> pd.DataFrame:
    """What callers meet when `agents` answer calls that come at random, first come first served.

    The load A = calls·aht/interval_s (in erlangs) is the number of agents who would be busy all the time. With N
    agents the chance of waiting is P_w = (A^N/N!·N/(N−A)) / (Σ_{k<N} A^k/k! + A^N/N!·N/(N−A)); the service level
    is 1 − P_w·exp(−(N−A)·within/aht), the average wait P_w·aht/(N−A), occupancy A/N. Nobody hangs up. When A is N or
    more the queue grows without end: all wait, nobody is served within the time, the average wait is infinite.

    Parameters
    ----------
    calls : calls in an interval, 0 or more; one number, or one an interval
    interval_s : length of the interval, in seconds
    aht : average handling time of a call, in seconds
    agents : agents on duty, whole numbers from 1 up
    within : seconds within which a call should be answered

    Returns one row an interval: load (erlangs), p_wait, service_level, asa (average wait, seconds), occupancy.
    Raises ValueError for numbers out of these ranges. Source: Erlang (1917).

    >>> erlang_c(200, 3600, 180, agents=14).round(4).to_dict("records")
    [{'load': 10.0, 'p_wait': 0.1741, 'service_level': 0.8884, 'asa': 7.8359, 'occupancy': 0.7143}]
    """
    n_calls = _numbers("calls", calls, 0, "a number of calls")
    time = _numbers("aht", aht, 0, "a time in seconds", open_end=True)
    _numbers("interval_s", interval_s, 0, "a time in seconds", open_end=True)
    _numbers("within", within, 0, "a time in seconds")
    staff = _numbers("agents", agents, 1, "a number of people")
    if (staff != np.round(staff)).any():
        raise ValueError(f"agents is a whole number of people; {staff[staff != np.round(staff)].flat[0]:g} is not")
    if (staff > _MOST_AGENTS).any():
        raise ValueError(f"agents is {staff.max():g}; this works for up to {_MOST_AGENTS}")
    n_calls, time, staff = (np.atleast_1d(x).ravel() for x in np.broadcast_arrays(n_calls, time, staff))
    load = n_calls * time / interval_s
    blocked = np.ones(len(load))  # Erlang B, by its recursion: no factorial, so nothing overflows
    for k in range(1, int(staff.max()) + 1 if len(staff) else 1):
        blocked = np.where(k <= staff, load * blocked / (k + load * blocked), blocked)
    idle = staff - load
    stable = idle > 0
    spare = np.where(stable, idle, 1.0)
    p_wait = np.where(stable, staff * blocked / (spare + load * blocked), 1.0)
    late = np.where(stable, p_wait * np.exp(-spare * within / time), 1.0)
    asa = np.where(stable, p_wait * time / spare, np.inf)
    return pd.DataFrame(
        {"load": load, "p_wait": p_wait, "service_level": 1 - late, "asa": asa, "occupancy": load / staff}
    )


def required_agents(
    calls: ArrayLike, interval_s: float, aht: ArrayLike, target: float = 0.80, within: float = 20.0
) -> NDArray[np.int64]:
    """The fewest agents with whom the share `target` of calls is answered `within` seconds, by Erlang C.

    Parameters: as `erlang_c`; `target` is a share above 0 and below 1. Returns a whole number an interval, at least 1.
    Raises ValueError for numbers out of range. Source: Erlang (1917).

    >>> required_agents([200, 360], 3600, 180).tolist()
    [14, 22]
    """
    if not 0 < target < 1:
        raise ValueError(f"target is a share of calls above 0 and below 1, got {target}")
    n_calls, time = np.broadcast_arrays(np.asarray(calls, dtype=float), np.asarray(aht, dtype=float))
    n_calls, time = np.atleast_1d(n_calls).ravel(), np.atleast_1d(time).ravel()
    first = erlang_c(n_calls, interval_s, time, 1, within)
    found = np.floor(first["load"].to_numpy()).astype(np.int64) + 1
    short = np.arange(len(found))
    while len(short):
        level = erlang_c(n_calls[short], interval_s, time[short], found[short], within)["service_level"]
        short = short[level.to_numpy() < target]
        found[short] += 1
    return found


def simulate_queue(arrival_s: ArrayLike, talk_s: ArrayLike, agents: ArrayLike) -> NDArray[np.float64]:
    """Seconds each call waits when the next free agent takes it, first come first served; nobody hangs up.

    Parameters
    ----------
    arrival_s : when each call comes, in seconds, in order
    talk_s : how long it keeps an agent, in seconds
    agents : agents on duty: one number, or the number at the arrival of each call. A new agent is free at once;
        one who goes home finishes the call she is in.

    Returns the wait of each call in seconds. Raises ValueError if arrivals are not in order, lengths differ, or
    somebody calls when nobody is on duty. Source: Kendall (1953), the queue G/G/N.

    >>> simulate_queue([0, 10, 20], [60, 60, 60], agents=2).tolist()
    [0.0, 0.0, 40.0]
    """
    arrival = np.asarray(arrival_s, dtype=float)
    talk = _numbers("talk_s", talk_s, 0, "a time in seconds")
    staff = np.broadcast_to(_numbers("agents", agents, 1, "a number of people"), arrival.shape).astype(np.int64)
    if arrival.shape != talk.shape or arrival.ndim != 1:
        raise ValueError(f"{arrival.size} arrivals but {talk.size} talking times: one of each a call")
    if not np.isfinite(arrival).all() or (np.diff(arrival) < 0).any():
        raise ValueError("arrival_s must be in order of time, without gaps: sort the calls first")
    wait = np.zeros(len(arrival))
    free: list[float] = []  # when each agent on duty is free again
    for k, (now, length, here) in enumerate(zip(arrival.tolist(), talk.tolist(), staff.tolist(), strict=True)):
        while len(free) < here:
            heapq.heappush(free, now)
        while len(free) > here:
            heapq.heappop(free)
        start = max(now, free[0])
        heapq.heapreplace(free, start + length)
        wait[k] = start - now
    return wait


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
    columns = ["caller_id", "reason", "date"]
    missing = [name for name in columns if name not in calls]
    if missing:
        raise KeyError(f"calls lack column {', '.join(missing)}; there are {', '.join(map(str, calls))}")
    if window < 1:
        raise ValueError(f"window is a number of days, at least 1, got {window}")
    gaps = int(calls[columns].isna().any(axis=1).sum())
    if gaps:
        raise ValueError(f"{gaps} of {len(calls)} calls lack a caller, reason or date: leave them out, and say so")
    frame = calls[columns].astype({"caller_id": "str", "reason": "str"}).sort_values(columns, ignore_index=True)
    since = frame.groupby(["caller_id", "reason"])["date"].diff().dt.days
    frame["issue"] = (~(since <= window)).cumsum()
    made = frame.groupby("issue").agg(
        caller_id=("caller_id", "first"), reason=("reason", "first"), first=("date", "first"), calls=("date", "size")
    )
    return made.sort_values(["first", "caller_id", "reason"], ignore_index=True)


def u_chart(count: ArrayLike, exposure: ArrayLike, base: ArrayLike | None = None) -> pd.DataFrame:
    """Control chart for counts per unit, such as complaints per 1 000 orders, with limits at three standard errors.

    Centre ū = Σcount/Σexposure over the base periods; limits ū ± 3·√(ū/exposure), not below 0.

    Parameters
    ----------
    count : events in each period, 0 or more
    exposure : units in each period (in thousands, if the rate is per thousand), above 0
    base : True for the periods that set the centre (a time known to be normal); all if None

    Returns one row a period: rate, centre, lower, upper, signal (outside the limits); the index of `count` is kept.
    Raises ValueError for numbers out of range, unequal lengths, an empty base. Source: Shewhart (1931);
    Montgomery (2019).

    >>> u_chart([4, 6, 5, 20], [1, 1, 1, 1], base=[True, True, True, False])["signal"].to_list()
    [False, False, False, True]
    """
    events, units, chosen, index = _periods(count, exposure, base)
    centre = events[chosen].sum() / units[chosen].sum()
    return _chart(events / units, centre, np.sqrt(centre / units), np.inf, index)


def p_chart(count: ArrayLike, n: ArrayLike, base: ArrayLike | None = None) -> pd.DataFrame:
    """Control chart for a share, such as orders with a fault, with limits at three standard errors.

    Centre p̄ = Σcount/Σn over the base periods; limits p̄ ± 3·√(p̄(1−p̄)/n), within 0 and 1.

    Parameters: `count` of `n` in each period; `base` as in `u_chart`. Returns one row a period: rate, centre, lower,
    upper, signal. Raises ValueError as `u_chart`, and when a count exceeds its n. Source: Shewhart (1931);
    Montgomery (2019).

    >>> p_chart([20, 15, 25], [400, 400, 400])[["lower", "upper"]].round(4).iloc[0].to_list()
    [0.0173, 0.0827]
    """
    events, units, chosen, index = _periods(count, n, base)
    if (events > units).any():
        raise ValueError(f"count exceeds n in {(events > units).sum()} periods: a share is at most 1; see u_chart")
    centre = events[chosen].sum() / units[chosen].sum()
    return _chart(events / units, centre, np.sqrt(centre * (1 - centre) / units), 1.0, index)


def _periods(
    count: ArrayLike, exposure: ArrayLike, base: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], pd.Index]:
    events = _numbers("count", count, 0, "a number of events")
    units = _numbers("exposure", exposure, 0, "a number of units", open_end=True)
    if events.ndim != 1 or events.shape != units.shape or not len(events):
        raise ValueError(f"{events.size} counts but {units.size} exposures: one of each a period")
    chosen = _base(len(events), base)
    index = count.index if isinstance(count, pd.Series) else pd.RangeIndex(len(events))
    return events, units, chosen, index


def _chart(
    rate: NDArray[np.float64],
    centre: float,
    error: NDArray[np.float64],
    most: float,
    index: pd.Index,
    least: float = 0.0,
) -> pd.DataFrame:
    lower, upper = np.maximum(centre - 3 * error, least), np.minimum(centre + 3 * error, most)
    made = {"rate": rate, "centre": centre, "lower": lower, "upper": upper, "signal": (rate > upper) | (rate < lower)}
    return pd.DataFrame(made, index=index)


def xbar_chart(samples: pd.DataFrame, base: ArrayLike | None = None) -> pd.DataFrame:
    """Control chart for the mean of small samples, such as five tins a day, with limits at three standard errors.

    Centre x̄̄ is the mean of the base samples' means; limits x̄̄ ± 3·s_p/√n, with s_p the standard deviation *within*
    samples, pooled over the base: √(mean of the sample variances). Spread between samples does not widen them.

    Parameters
    ----------
    samples : one row a sample, one column a measurement in it; complete, at least two columns
    base : True for the samples of a time known to be normal; all if None

    Returns one row a sample: rate (its mean, in the unit measured), centre, lower, upper, signal (outside the limits).
    Raises TypeError for text, ValueError for gaps, a single column, an empty base, or no spread within samples.
    Source: Shewhart (1931); Montgomery (2019), with the pooled standard deviation.

    >>> chart = xbar_chart(pd.DataFrame({"first": [9.0, 10, 13], "second": [11.0, 10, 15]}), base=[True, True, False])
    >>> chart[["rate", "lower", "upper"]].round(2).iloc[2].to_list(), bool(chart["signal"].iloc[2])
    ([14.0, 7.88, 12.12], True)
    """
    x = _measurements(samples)
    chosen = _base(len(x), base)
    spread = _within(x[chosen])
    means = x.mean(axis=1)
    error = np.full(len(x), spread / np.sqrt(x.shape[1]))
    return _chart(means, float(means[chosen].mean()), error, np.inf, samples.index, least=-np.inf)


def runs(chart: pd.DataFrame) -> pd.Series:
    """Which Western Electric rule each point of a control chart breaks: 0 none, 1 to 4.

    1: beyond three standard errors; 2: two of three on the same side beyond two; 3: four of five on the same side
    beyond one; 4: eight in a row on one side of the centre. The point that completes the pattern is marked, with the
    first rule it breaks. All four together cry wolf about once in 92 points of an undisturbed process, rule 1 alone
    once in 370.

    Parameters: `chart` with rate, centre, lower, upper in order of time, as the charts here return. One standard error
    is a third of upper − centre, or of centre − lower if that is wider (a limit cut at 0 or 1 would be too near).
    Returns one whole number a point. Raises KeyError for missing columns, ValueError for gaps or limits without width.
    Source: Western Electric (1956); false alarms by Champ and Woodall (1987).

    >>> line = pd.DataFrame({"rate": [0.5] * 8 + [4.0], "centre": 0.0, "lower": -3.0, "upper": 3.0})
    >>> runs(line).to_list()
    [0, 0, 0, 0, 0, 0, 0, 4, 1]
    """
    names = ["rate", "centre", "lower", "upper"]
    missing = [name for name in names if name not in chart]
    if missing:
        raise KeyError(f"the chart lacks {', '.join(missing)}: take what u_chart, p_chart or xbar_chart returned")
    rate, centre, lower, upper = (chart[name].to_numpy(dtype=float) for name in names)
    error = np.maximum(upper - centre, centre - lower) / 3
    if not np.isfinite(rate).all() or not (np.isfinite(error) & (error > 0)).all():
        raise ValueError("the chart has gaps, or limits without width: every point needs a rate and two limits")
    z = (rate - centre) / error
    found = np.zeros(len(z), dtype=np.int64)
    for number, beyond, needed, of in ((4, 0.0, 8, 8), (3, 1.0, 4, 5), (2, 2.0, 2, 3), (1, 3.0, 1, 1)):
        for side in (z, -z):
            out = side > beyond
            inside = np.convolve(out, np.ones(of, dtype=int))[: len(z)]
            found[out & (inside >= needed)] = number
    return pd.Series(found, index=chart.index, name="rule")


def capability(samples: pd.DataFrame, lower: float | None, upper: float | None) -> pd.Series:
    """How well a process in control fits its limits: C_p and C_pk.

    C_p = (upper − lower)/(6s), what the spread alone would allow; C_pk = min(upper − x̄, x̄ − lower)/(3s), with the mean
    where it is; s is the pooled standard deviation within samples. C_pk = 1 means that the nearer limit is three s
    away: a normal spread then puts 1.35 in 1,000 beyond it.

    Parameters: `samples` as for `xbar_chart`, from a time in control; `lower` and `upper` limits of the specification
    in the same unit, None for a side without limit. Returns mean, s, cp (missing with one limit), cpk, outside: the
    share a normal process puts beyond the limits. Raises ValueError if both limits are missing or lower is not below
    upper, and as `xbar_chart`. Source: Kane (1986); Montgomery (2019).

    >>> tins = pd.DataFrame({"first": [9.0, 10 + 0.5**0.5], "second": [11.0, 10 - 0.5**0.5]})
    >>> capability(tins, 6, 13).round(3)[["mean", "cpk"]].to_dict()
    {'mean': 10.0, 'cpk': 0.816}
    """
    from scipy.stats import norm

    if lower is None and upper is None:
        raise ValueError("give at least one limit of the specification: a process is capable of keeping something")
    low, high = -np.inf if lower is None else float(lower), np.inf if upper is None else float(upper)
    if not low < high:
        raise ValueError(f"the lower limit must be below the upper one, got {lower} and {upper}")
    x = _measurements(samples)
    spread, mean = _within(x), float(x.mean())
    return pd.Series(
        {
            "mean": mean,
            "s": spread,
            "cp": (high - low) / (6 * spread) if np.isfinite(high - low) else np.nan,
            "cpk": min(high - mean, mean - low) / (3 * spread),
            "outside": float(norm.cdf((low - mean) / spread) + norm.sf((high - mean) / spread)),
        }
    )


def _measurements(samples: pd.DataFrame) -> NDArray[np.float64]:
    text = [str(name) for name in samples if not pd.api.types.is_numeric_dtype(samples[name])]
    if text:
        raise TypeError(f"column {text[0]} holds {samples[text[0]].dtype}, not numbers: one column a measurement")
    if samples.shape[1] < 2 or not len(samples):
        raise ValueError(f"samples have shape {samples.shape}: one row a sample, at least two measurements in each")
    x = samples.to_numpy(dtype=float)
    gaps = int((~np.isfinite(x)).any(axis=1).sum())
    if gaps:
        raise ValueError(f"{gaps} of {len(x)} samples have gaps: leave them out (dropna), and say so")
    return x


def _within(x: NDArray[np.float64]) -> float:
    spread = float(np.sqrt(x.var(axis=1, ddof=1).mean()))
    if not spread > 0:
        raise ValueError("all measurements in each sample are the same: without spread there are no limits")
    return spread


def _base(n: int, base: ArrayLike | None) -> NDArray[np.bool_]:
    chosen = np.ones(n, dtype=bool) if base is None else np.asarray(base, dtype=bool)
    if chosen.shape != (n,) or not chosen.any():
        raise ValueError(
            f"base marks {chosen.sum()} of {chosen.size} periods; it needs one mark a period, and one True"
        )
    return chosen
