"""How many agents a contact centre needs, and how long callers wait: Erlang C, and a simulation to check it."""

import heapq

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlab import _check
from crmlab._check import Vector

__all__ = ["erlang_c", "required_agents", "simulate_queue"]

_MOST_AGENTS = 100_000


def _calls(calls: ArrayLike, interval_s: float, aht: ArrayLike, within: float) -> tuple[Vector, float, Vector, float]:
    n = _check.vector("calls", calls, 0, unit="calls in an interval")
    time = _check.vector("aht", aht, above=0, unit="seconds")
    interval = _check.number("interval_s", interval_s, above=0, unit="a length in seconds")
    return n, interval, time, _check.number("within", within, 0, unit="a time in seconds")


def _staff(agents: ArrayLike) -> Vector:
    return _check.vector("agents", agents, 1, _MOST_AGENTS, whole=True, unit="people on duty")


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
    n_calls, interval_s, time, within = _calls(calls, interval_s, aht, within)
    staff = _staff(agents)
    _check.same_rows(calls=calls, aht=aht, agents=agents)
    n_calls, time, staff = np.broadcast_arrays(n_calls, time, staff)
    load = n_calls * time / interval_s
    blocked = np.ones(len(load))  # Erlang B, by its recursion: no factorial, so nothing overflows
    for k in range(1, int(staff.max()) + 1):
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
    target = _check.share("target", target, unit="a share of calls")
    n_calls, interval_s, time, within = _calls(calls, interval_s, aht, within)
    _check.same_rows(calls=calls, aht=aht)
    n_calls, time = np.broadcast_arrays(n_calls, time)
    heaviest = float((n_calls * time).max()) / interval_s
    if heaviest >= _MOST_AGENTS:
        raise ValueError(f"the load is up to {heaviest:,.0f} erlangs; this works below {_MOST_AGENTS:,}")
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
    _check.same_rows(arrival_s=arrival_s, talk_s=talk_s, agents=agents)
    arrival = _check.vector("arrival_s", arrival_s, unit="seconds")
    talk = _check.vector("talk_s", talk_s, 0, unit="seconds")
    staff = np.broadcast_to(_staff(agents), arrival.shape).astype(np.int64)
    if len(talk) != len(arrival):
        raise ValueError(f"{arrival.size} arrivals but {talk.size} talking times: one of each a call")
    if (np.diff(arrival) < 0).any():
        raise ValueError("arrival_s must be in order of time: sort the calls first")
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
