"""The contact centre of 2024 at the firm's full scale: its calls are the firm's own, not of people of the sample."""

import heapq
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import firm
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.core.retail import season
from crmlab.company.tables import labels, table
from crmlab.company.world import World, stage

OPENS, SLOTS = 9, 24  # open from 9:00 to 21:00, in half-hours


SLOT_S = 1800


CALL_MONTH = 34  # the calls of November 2024 are published one by one


REASONS = (
    "where is my order",
    "change delivery",
    "password and app",
    "invoice",
    "something went wrong",
    "which tea suits me",
    "change subscription",
)


def poisson(uniform: Floats, mean: Floats) -> NDArray[np.int64]:
    """Poisson counts by inversion: the least count whose distribution function reaches the uniform number."""
    count = np.ceil(special.pdtrik(uniform, mean))
    below = np.maximum(count - 1, 0)
    return np.where(special.pdtr(below, mean) >= uniform, below, count).astype(np.int64)


def waits(arrival: NDArray[Any], talk: NDArray[Any], agents: NDArray[Any]) -> Floats:
    """Seconds each call of a day waits: first come, first served, by the agent who is free first.

    Agents who come are free at once; one who goes home finishes her call.
    """
    wait = np.zeros(len(arrival))
    free: list[float] = []  # when each agent on duty is free again
    for k, (now, length, here) in enumerate(zip(arrival.tolist(), talk.tolist(), agents.tolist(), strict=True)):
        while len(free) < here:
            heapq.heappush(free, now)
        while len(free) > here:
            heapq.heappop(free)
        start = max(now, free[0])
        heapq.heapreplace(free, start + length)
        wait[k] = start - now
    return wait


@stage("call_log")
def call_log(world: World) -> pd.DataFrame:
    """Every call of 2024 in order of time, with its wait in the queue."""
    p = world.parameters.centre
    day = np.repeat(np.arange(firm.LEARN_DAYS - 10, firm.DAYS), SLOTS)
    slot = np.tile(np.arange(SLOTS), len(day) // SLOTS)
    by_hour = np.array(p.hours)
    hours = np.repeat(by_hour / by_hour.sum() / 2, 2)
    weekday = (day + 5) % 7  # day 0 is a Saturday
    level = (
        np.exp(p.day_spread * world.normal("calls day", day) - p.day_spread**2 / 2)
        * season(world.parameters, p.call_season)[day]
    )
    mean = p.calls_a_day * hours[slot] * np.array(p.weekdays)[weekday] * level
    count = poisson(world.uniform("calls", day * SLOTS + slot), mean)
    row = np.repeat(np.arange(len(day)), count)
    within = np.arange(len(row)) - np.repeat(count.cumsum() - count, count)
    issue = (day[row] * SLOTS + slot[row]) * 512 + within
    reason = world.choice("call reason", issue, p.reason_shares)
    line = np.floor(p.phone_lines * world.uniform("call line", issue)).astype(np.int64)
    start = slot[row] * SLOT_S + SLOT_S * world.uniform("call second", issue)
    parts = []
    frame = pd.DataFrame({"issue": issue, "day": day[row], "second": start, "reason": reason, "line": line})
    for turn in range(3):  # a call, a repeat, a second repeat
        ids = frame["issue"].to_numpy() * 4 + turn
        settled = world.uniform("call settled", ids) < np.array(p.reason_settled)[frame["reason"]]
        parts.append(frame.assign(turn=turn, id=ids, settled=settled))
        again = ~settled & (world.uniform("call again", ids) < p.calls_again)
        frame, ids = frame[again].copy(), ids[again]
        frame["day"] += 1 + np.floor(p.again_days * world.uniform("call delay", ids)).astype(np.int64)
        later = world.choice("call slot", ids, hours)
        frame["second"] = later * SLOT_S + SLOT_S * world.uniform("call again second", ids)
    calls = pd.concat(parts, ignore_index=True)
    calls = calls[(calls["day"] >= firm.LEARN_DAYS) & (calls["day"] < firm.DAYS)].copy()
    calls["second"] = np.floor(calls["second"]).astype(np.int64)
    calls = calls.sort_values(["day", "second", "id"], ignore_index=True)
    ids = calls["id"].to_numpy()
    talk = 60 * np.array(p.reason_minutes)[calls["reason"]]
    talk = talk * np.exp(p.talk_spread * world.normal("call talk", ids) - p.talk_spread**2 / 2)
    calls["talk"] = np.maximum(np.round(talk), 20).astype(np.int64)
    calls["slot"] = calls["second"] // SLOT_S
    calls["agents"] = np.array(p.roster)[calls["slot"]]
    wait = np.zeros(len(calls))
    for rows in np.split(np.arange(len(calls)), np.flatnonzero(np.diff(calls["day"])) + 1):  # each day begins afresh
        wait[rows] = waits(*(calls[name].to_numpy()[rows] for name in ("second", "talk", "agents")))
    calls["wait"] = np.round(wait).astype(np.int64)
    return calls


def _times(day: NDArray[np.int64] | pd.Series, second: NDArray[np.int64] | pd.Series) -> NDArray[np.str_]:
    moment = np.datetime64(firm.FIRST_DAY, "s") + np.asarray(day, dtype="int64").astype("timedelta64[D]")
    moment = moment + (OPENS * 3600 + np.asarray(second, dtype="int64")).astype("timedelta64[s]")
    return np.char.replace(np.datetime_as_string(moment, unit="s"), "T", " ")


@table(
    "call_intervals",
    grain="a half-hour of the contact centre",
    chapter="11",
    scale="firm",
    columns="""
    interval_start* string [date and time]: start of the half-hour
    calls! integer [call]: calls offered
    handling_seconds number [second]: mean handling time; missing without calls
    agents! integer [agent]: agents on duty
    answered_in_20s number [share]: share answered within 20 seconds; missing without calls
    """,
)
def call_intervals(world: World) -> pd.DataFrame:
    calls = world["call_log"]
    days = np.arange(firm.LEARN_DAYS, firm.DAYS)
    cells = pd.MultiIndex.from_product([days, range(SLOTS)], names=["day", "slot"])
    in_time = calls.assign(in_time=calls["wait"] <= 20)
    grouped = in_time.groupby(["day", "slot"]).agg(
        n=("talk", "size"), talk=("talk", "mean"), in_time=("in_time", "mean")
    )
    grouped = grouped.reindex(cells)
    day, slot = (cells.get_level_values(k).to_numpy() for k in range(2))
    return pd.DataFrame(
        {
            "interval_start": np.array([text[:16] for text in _times(day, slot * SLOT_S)], dtype=object),
            "calls": grouped["n"].fillna(0).astype(np.int64).to_numpy(),
            "handling_seconds": grouped["talk"].round(1).to_numpy(),
            "agents": np.array(world.parameters.centre.roster)[slot],
            "answered_in_20s": grouped["in_time"].round(4).to_numpy(),
        }
    )


@table(
    "calls",
    grain="a call to the contact centre in November 2024",
    chapter="11",
    scale="firm",
    columns="""
    call_id* integer: call
    caller_id! string: telephone line of the caller
    call_time! string [date and time]: when the call came
    reason! string: reason of the call
    wait_seconds! integer [second]: wait in the queue
    talk_seconds! integer [second]: handling time
    resolved! boolean: ticked "resolved" by the agent
    sale_margin! number [yuan]: margin of what was sold in the call
    worth_it integer [points, 1–5]: "was this call worth your time?"; missing if not asked
    """,
)
def calls(world: World) -> pd.DataFrame:
    p = world.parameters.centre
    log = world["call_log"]
    month = firm.month_days()
    last = month[CALL_MONTH + 1] if CALL_MONTH + 1 < len(month) else firm.DAYS
    log = log[(log["day"] >= month[CALL_MONTH]) & (log["day"] < last)].reset_index(drop=True)
    ids, reason = log["id"].to_numpy(), log["reason"].to_numpy()
    ticked = world.uniform("call tick", ids) < np.where(log["settled"], p.right_tick, p.wrong_tick)
    bought = (world.uniform("call sale", ids) < np.array(p.reason_sale)[reason]) & (log["turn"] == 0).to_numpy()
    sale = np.array(p.reason_margin)[reason] * gamma_at(world.normal("call sale amount", ids), 3.0) / 3.0
    worth = (
        np.array(p.reason_worth)[reason]
        - p.worth_repeat * (log["turn"] > 0)
        + p.worth_noise * world.normal("call worth", ids)
    )
    asked = world.uniform("call asked", ids) < p.call_asked
    rating = pd.Series(np.clip(np.round(worth), 1, 5)).where(asked).astype("Int64")
    return pd.DataFrame(
        {
            "call_id": np.arange(1, len(log) + 1),
            "caller_id": np.array([f"T{line + 1:05d}" for line in log["line"]], dtype=object),
            "call_time": _times(log["day"], log["second"]).astype(object),
            "reason": labels(reason, REASONS),
            "wait_seconds": log["wait"],
            "talk_seconds": log["talk"],
            "resolved": ticked,
            "sale_margin": np.where(bought, sale.round(2), 0.0),
            "worth_it": rating.array,
        }
    )
