"""The contact centre at the firm's full scale, and complaints with how they were handled.

Calls, queue and waiting test are the firm's own (they are not people of the sample). Complaints, order checks and
the recovery test only observe the core's faults: who complained, what was left of the fault, who stayed.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

from crmlab.company import faults
from crmlab.company import parameters as P
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.people import month_days
from crmlab.company.retail import ROUNDS, season
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage
from crmlab.service import simulate_queue

Ints = NDArray[np.int64]

# --- the contact centre, 2024 --------------------------------------------------------------------------

OPENS, SLOTS = 9, 24  # open from 9:00 to 21:00, in half-hours
SLOT_S = 1800
CALLS_A_DAY = 430.0  # new issues on a usual day
LINES = 60_000  # telephone lines that may call
CALL_MONTH = 34  # the calls of November 2024 are published one by one
# agents on duty by half-hour: strong in the morning, thin in the evening, when people have time to call
ROSTER = (6,) * 8 + (7,) * 8 + (5,) * 8
_HOURS = np.array([0.8, 1.2, 1.4, 1.3, 1.1, 0.9, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4])
_WEEKDAYS = np.array([1.15, 1.05, 1.00, 0.95, 1.00, 1.00, 0.85])
SPREAD = 0.10  # good and bad days: sd of the log of the day's level
# reason: share of new issues, minutes of talk, truly settled, chance of a sale, yuan of a sale, worth to the caller 1–5
REASONS: dict[str, tuple[float, float, float, float, float, float]] = {
    "where is my order": (0.27, 3.2, 0.84, 0.00, 0.0, 1.9),
    "change delivery": (0.14, 3.6, 0.92, 0.00, 0.0, 3.6),
    "password and app": (0.13, 4.4, 0.80, 0.00, 0.0, 1.7),
    "invoice": (0.10, 5.0, 0.74, 0.00, 0.0, 2.2),
    "something went wrong": (0.12, 6.5, 0.70, 0.04, 30.0, 4.1),
    "which tea suits me": (0.15, 6.0, 0.97, 0.42, 38.0, 4.5),
    "change subscription": (0.09, 5.2, 0.88, 0.25, 45.0, 2.7),
}
TALK_SPREAD = 0.6  # sd of the log of a talk
CALLS_AGAIN = 0.8  # of those whose issue was not settled
WRONG_TICK, RIGHT_TICK = 0.65, 0.98  # an agent ticks "resolved" though it was not, and though it was


def _reason(column: int) -> Floats:
    return np.array([row[column] for row in REASONS.values()])


@stage("call_log")
def call_log(world: World) -> pd.DataFrame:
    """Every call of 2024 in order of time, with its wait in the queue."""
    day = np.repeat(np.arange(P.LEARN_DAYS - 10, P.DAYS), SLOTS)
    slot = np.tile(np.arange(SLOTS), len(day) // SLOTS)
    hours = np.repeat(_HOURS / _HOURS.sum() / 2, 2)
    weekday = (day + 5) % 7  # day 0 is a Saturday
    level = np.exp(SPREAD * world.normal("calls day", day) - SPREAD**2 / 2) * season(0.20)[day]
    mean = CALLS_A_DAY * hours[slot] * _WEEKDAYS[weekday] * level
    count = poisson.ppf(world.uniform("calls", day * SLOTS + slot), mean).astype(np.int64)
    row = np.repeat(np.arange(len(day)), count)
    within = np.arange(len(row)) - np.repeat(count.cumsum() - count, count)
    issue = (day[row] * SLOTS + slot[row]) * 512 + within
    reason = world.choice("call reason", issue, _reason(0))
    line = np.floor(LINES * world.uniform("call line", issue)).astype(np.int64)
    start = slot[row] * SLOT_S + SLOT_S * world.uniform("call second", issue)
    parts = []
    frame = pd.DataFrame({"issue": issue, "day": day[row], "second": start, "reason": reason, "line": line})
    for turn in range(3):  # a call, a repeat, a second repeat
        ids = frame["issue"].to_numpy() * 4 + turn
        settled = world.uniform("call settled", ids) < _reason(2)[frame["reason"]]
        parts.append(frame.assign(turn=turn, id=ids, settled=settled))
        again = ~settled & (world.uniform("call again", ids) < CALLS_AGAIN)
        frame, ids = frame[again].copy(), ids[again]
        frame["day"] += 1 + np.floor(5 * world.uniform("call delay", ids)).astype(np.int64)
        later = world.choice("call slot", ids, hours)
        frame["second"] = later * SLOT_S + SLOT_S * world.uniform("call again second", ids)
    calls = pd.concat(parts, ignore_index=True)
    calls = calls[(calls["day"] >= P.LEARN_DAYS) & (calls["day"] < P.DAYS)].copy()
    calls["second"] = np.floor(calls["second"]).astype(np.int64)
    calls = calls.sort_values(["day", "second", "id"], ignore_index=True)
    ids = calls["id"].to_numpy()
    talk = 60 * _reason(1)[calls["reason"]]
    talk = talk * np.exp(TALK_SPREAD * world.normal("call talk", ids) - TALK_SPREAD**2 / 2)
    calls["talk"] = np.maximum(np.round(talk), 20).astype(np.int64)
    calls["slot"] = calls["second"] // SLOT_S
    calls["agents"] = np.array(ROSTER)[calls["slot"]]
    wait = np.zeros(len(calls))
    for rows in np.split(np.arange(len(calls)), np.flatnonzero(np.diff(calls["day"])) + 1):  # each day begins afresh
        one = calls.iloc[rows]
        wait[rows] = simulate_queue(one["second"], one["talk"], one["agents"])
    calls["wait"] = np.round(wait).astype(np.int64)
    return calls


def _times(day: Ints | pd.Series, second: Ints | pd.Series) -> NDArray[np.str_]:
    moment = np.datetime64(P.FIRST_DAY, "s") + np.asarray(day, dtype="int64").astype("timedelta64[D]")
    moment = moment + (OPENS * 3600 + np.asarray(second, dtype="int64")).astype("timedelta64[s]")
    return np.char.replace(np.datetime_as_string(moment, unit="s"), "T", " ")


@table("call_intervals")
def call_intervals(world: World) -> pd.DataFrame:
    calls = world["call_log"]
    days = np.arange(P.LEARN_DAYS, P.DAYS)
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
            "agents": np.array(ROSTER)[slot],
            "answered_in_20s": grouped["in_time"].round(4).to_numpy(),
        }
    )


@table("calls")
def calls(world: World) -> pd.DataFrame:
    log = world["call_log"]
    month = month_days()
    last = month[CALL_MONTH + 1] if CALL_MONTH + 1 < len(month) else P.DAYS
    log = log[(log["day"] >= month[CALL_MONTH]) & (log["day"] < last)].reset_index(drop=True)
    ids, reason = log["id"].to_numpy(), log["reason"].to_numpy()
    ticked = world.uniform("call tick", ids) < np.where(log["settled"], RIGHT_TICK, WRONG_TICK)
    bought = (world.uniform("call sale", ids) < _reason(3)[reason]) & (log["turn"] == 0).to_numpy()
    sale = _reason(4)[reason] * gamma_at(world.normal("call sale amount", ids), 3.0) / 3.0
    worth = _reason(5)[reason] - 0.8 * (log["turn"] > 0) + 0.9 * world.normal("call worth", ids)
    asked = world.uniform("call asked", ids) < 0.30
    rating = pd.Series(np.clip(np.round(worth), 1, 5)).where(asked).astype("Int64")
    return pd.DataFrame(
        {
            "call_id": np.arange(1, len(log) + 1),
            "caller_id": np.array([f"T{line + 1:05d}" for line in log["line"]], dtype=object),
            "call_time": _times(log["day"], log["second"]).astype(object),
            "reason": labels(reason, tuple(REASONS)),
            "wait_seconds": log["wait"],
            "talk_seconds": log["talk"],
            "resolved": ticked,
            "sale_margin": np.where(bought, sale.round(2), 0.0),
            "worth_it": rating.array,
        }
    )


# --- what waiting costs: a randomised test of October 2024 ---------------------------------------------

WAITING_CALLERS = 8_000
EXTRA_WAIT = (0, 60, 120, 240)  # seconds, by lot
STAY_LOST = 0.015  # chance of staying lost by each minute of extra wait
SATISFACTION_LOST = 0.50  # points of 10 lost by each minute
STAYER_MARGIN = 130.0  # margin of a caller who stays, in the next six months


@stage("waiting")
def waiting(world: World) -> pd.DataFrame:
    """The callers of the waiting test: the wait they got by lot, and what they would do without it."""
    ids = np.arange(WAITING_CALLERS)
    arm = np.floor(len(EXTRA_WAIT) * world.uniform("waiting arm", ids)).astype(np.int64)
    base = np.clip(0.74 + 0.08 * world.normal("waiting base", ids), 0.40, 0.95)
    chance = base[:, None] - STAY_LOST * np.array(EXTRA_WAIT) / 60
    stays = world.uniform("waiting stays", ids)[:, None] < chance
    margin = (STAYER_MARGIN * gamma_at(world.normal("waiting margin", ids), 4.0) / 4.0).round(2)
    return pd.DataFrame(
        {
            "arm": arm,
            "base": base,
            "stays": np.take_along_axis(stays, arm[:, None], 1)[:, 0],
            "margin": margin,
            "mood": 8.2 + 1.0 * world.normal("waiting mood", ids),
            "day": month_days()[33] + np.floor(31 * world.uniform("waiting day", ids)).astype(np.int64),
        }
    )


@table("waiting_test")
def waiting_test(world: World) -> pd.DataFrame:
    frame = world["waiting"].sort_values("day", kind="stable", ignore_index=True)
    extra = np.array(EXTRA_WAIT)[frame["arm"]]
    rating = np.clip(np.round(frame["mood"] - SATISFACTION_LOST * extra / 60), 1, 10).astype(np.int64)
    return pd.DataFrame(
        {
            "call_id": np.arange(1, len(frame) + 1),
            "date": dates(frame["day"]),
            "extra_wait": extra,
            "satisfaction": rating,
            "stayed": frame["stays"],
            "margin": np.where(frame["stays"], frame["margin"], 0.0),
        }
    )


@table("truth/waiting")
def truth_waiting(world: World) -> pd.DataFrame:
    frame = world["waiting"].sort_values("day", kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "call_id": np.arange(1, len(frame) + 1),
            "stays_without_wait": frame["base"].round(5),
            "margin_if_stays": frame["margin"],
        }
    )


# --- complaints: the core's faults, as the firm hears of them ------------------------------------------

CAUSES = ("late or lost", "crushed box", "wrong item", "stale tea", "billing", "rude or careless")
_CAUSE_SHARES = np.array(
    [
        [0.42, 0.20, 0.16, 0.02, 0.13, 0.07],  # severity 1
        [0.27, 0.24, 0.17, 0.14, 0.08, 0.10],
        [0.08, 0.10, 0.09, 0.45, 0.10, 0.18],  # severity 3
    ]
)
CODER_ERROR = 0.18  # the second coder names another cause, evenly
CHANNELS = ("telephone", "WeChat", "shop", "letter")
CHANNEL_SHARES = (0.46, 0.34, 0.14, 0.06)
CHANNEL_DAYS = (3.0, 2.0, 1.2, 9.0)  # mean days to close a complaint of severity 2
PUT_RIGHT = ("nearly all", "mostly", "little")  # the core's shares restored, .9 .6 .2
ANSWERS = 0.72  # share who answer the three questions after the complaint is closed
COMPENSATION = (0.0, 20.0, 50.0)
# satisfaction with handling, 0–100, from the three ratings 1–7
JUSTICE = {"level": 4.0, "outcome": 5.5, "process": 2.5, "manner": 4.0, "noise": 9.0}
BUY_AGAIN = {"level": 3.0, "satisfaction": 0.055, "noise": 1.3}  # "will you buy again?", 0–10
RATINGS = ("outcome", "process", "manner")
STAYED_DAYS = 90
CHECKED = 0.14  # orders and boxes checked by telephone two weeks later


@stage("incidents")
def incidents(world: World) -> pd.DataFrame:
    """Every order and box: its fault and whether the customer stayed (missing if 90 days are not over)."""
    placed, sent = world["orders"], world["boxes"]
    following = placed.groupby("person")["day"].shift(-1)
    stayed = (following - placed["day"] <= STAYED_DAYS).astype("boolean")
    stayed[placed["day"] + STAYED_DAYS >= P.DAYS] = pd.NA
    kind = ["person", "severity", "complained", "restored", "arm", "left"]
    first = placed[kind].assign(
        order_id=placed["order_id"], day=placed["day"].astype(np.int64),
        key=placed["person"] * ROUNDS + placed["round"],
        line=0, stayed=stayed,
    )  # fmt: skip
    lives = world["subscriptions"].set_index("subscription_id")
    last = lives["start"] + lives["months"] - 1
    kept = (last.loc[sent["subscription_id"]].to_numpy() >= sent["month"] + 3).astype("boolean")
    kept[sent["month"] + 3 >= P.MONTHS] = pd.NA
    second = sent[kind].assign(
        subscription_id=sent["subscription_id"], day=month_days()[sent["month"]] + 4,
        key=sent["person"] * 64 + sent["month"], line=1, stayed=kept,
    )  # fmt: skip
    both = pd.concat([first, second], ignore_index=True)
    both["key"] = both["key"].astype(np.int64) * 2 + both["line"]
    both["order_id"] = both["order_id"].astype("Int64")
    both["subscription_id"] = both["subscription_id"].astype("Int64")
    return both.sort_values(["day", "person", "line"], ignore_index=True)


@stage("complaints")
def complaints_stage(world: World) -> pd.DataFrame:
    """Each complaint with its handling, the ratings it got, and what it would have got with each compensation."""
    frame = world["incidents"]
    frame = frame[frame["complained"]].reset_index(drop=True)
    p = world.parameters
    key = frame["key"].to_numpy()
    severity = frame["severity"].to_numpy()
    city = world["people"]["city"].to_numpy()[frame["person"]]
    day = frame["day"].to_numpy()
    crisis = np.isin(city, p.courier_cities) & (day >= p.courier_days[0]) & (day < p.courier_days[1])
    shares = np.where(crisis[:, None], np.array([0.85, 0.05, 0.03, 0.02, 0.02, 0.03]), _CAUSE_SHARES[severity - 1])
    frame["cause"] = world.choice("complaint cause", key, shares)
    other = 1 + np.floor((len(CAUSES) - 1) * world.uniform("coder other", key)).astype(np.int64)
    erring = world.uniform("coder error", key) < CODER_ERROR
    frame["second_cause"] = np.where(erring, (frame["cause"] + other) % len(CAUSES), frame["cause"])
    frame["channel"] = world.choice("complaint channel", key, CHANNEL_SHARES)
    frame["opened"] = day + 1 + np.floor(3 * world.uniform("complaint opened", key)).astype(np.int64)
    mean = np.array(CHANNEL_DAYS)[frame["channel"]] * np.array([0.7, 1.0, 1.5])[severity - 1] * np.where(crisis, 2, 1)
    took = np.floor(mean * gamma_at(world.normal("complaint days", key), 1.5) / 1.5).astype(np.int64)
    frame["closed"] = frame["opened"] + took
    shares_restored = np.array(p.restored)
    frame["put_right"] = np.abs(frame["restored"].to_numpy()[:, None] - shares_restored).argmin(axis=1)
    restored = shares_restored[frame["put_right"]]  # in full precision: .9 is a threshold of the core
    gain = np.array(p.recovery_gain)
    arms = np.maximum(frame["arm"].to_numpy(), 0)
    after = restored[:, None] + gain * (1 - restored[:, None])
    outcome = _points(1.4 + 5.2 * after + 0.9 * world.normal("outcome justice", key)[:, None])
    process = _points(6.0 - 0.35 * took + 0.8 * world.normal("process justice", key))
    manner = _points(4.6 + 1.3 * world.normal("manner justice", key))
    noise = JUSTICE["noise"] * world.normal("handling satisfaction", key)
    score = JUSTICE["level"] + JUSTICE["process"] * process + JUSTICE["manner"] * manner + noise
    by_arm = np.clip(np.round(score[:, None] + JUSTICE["outcome"] * outcome), 0, 100)
    pick = arms[:, None]
    frame["outcome"] = np.take_along_axis(outcome, pick, 1)[:, 0]
    frame["process"], frame["manner"] = process, manner
    frame["satisfied"] = np.take_along_axis(by_arm, pick, 1)[:, 0]
    intent = BUY_AGAIN["level"] + BUY_AGAIN["satisfaction"] * frame["satisfied"]
    intent = intent + BUY_AGAIN["noise"] * world.normal("complaint intent", key)
    frame["intent"] = np.clip(np.round(intent), 0, 10)
    frame["compensation"] = np.array(COMPENSATION)[arms]
    frame["answers"] = (world.uniform("complaint answers", key) < ANSWERS) & (frame["closed"] < P.DAYS)
    left = faults.severity_left(p, severity[:, None], after, np.ones((len(frame), 1), dtype=bool))
    trait = np.where(frame["line"] == 1, world["people"]["churn"].to_numpy()[frame["person"]],
                     world["people"]["dropout"].to_numpy()[frame["person"]])  # fmt: skip
    lost = 1 - (1 - trait[:, None]) ** faults.dropout_multiplier(world, left)
    # after a first order nobody leaves (nor after one brought by a promotion)
    orders = world["orders"].set_index("order_id")["round"]
    order_round = frame["order_id"].map(orders).fillna(1).to_numpy(dtype=int)
    lost[(order_round == 0) | (order_round >= ROUNDS - 3)] = 0.0
    for k in range(3):
        frame[f"satisfied_{k}"], frame[f"lost_{k}"] = by_arm[:, k], lost[:, k]
    return frame


def _points(score: Floats) -> Floats:
    return np.clip(np.round(score), 1, 7)


@table("complaints")
def complaints(world: World) -> pd.DataFrame:
    frame = world["complaints"]
    rated = {f"{name}_justice": _answered(frame, name) for name in RATINGS}
    double = world.uniform("complaint coded twice", frame["key"]) < 0.35
    return pd.DataFrame(
        {
            "complaint_id": frame["key"],
            "customer_id": customer_ids(world, frame["person"]),
            "order_id": frame["order_id"].array,
            "subscription_id": frame["subscription_id"].array,
            "cause": labels(frame["cause"], CAUSES),
            "second_coder": labels(np.where(double, frame["second_cause"], -1), CAUSES),
            "severity": frame["severity"].astype(np.int64),
            "opened": dates(np.minimum(frame["opened"], P.DAYS - 1)),
            "closed": dates(np.minimum(frame["closed"], P.DAYS)),
            "channel": labels(frame["channel"], CHANNELS),
            "put_right": labels(frame["put_right"], PUT_RIGHT),
            **rated,
            "satisfaction": _answered(frame, "satisfied"),
            "buy_again": _answered(frame, "intent"),
            "compensation": frame["compensation"],
            "stayed": frame["stayed"].array,
        }
    )


def _answered(frame: pd.DataFrame, name: str) -> Any:
    return frame[name].where(frame["answers"]).astype("Int64").array


@table("recovery_test")
def recovery_test(world: World) -> pd.DataFrame:
    frame = world["complaints"]
    frame = frame[frame["arm"] >= 0]
    return pd.DataFrame(
        {
            "complaint_id": frame["key"],
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], faults.RECOVERY_ARMS),
            "stayed": frame["stayed"].array,
        }
    ).reset_index(drop=True)


@table("truth/recovery")
def truth_recovery(world: World) -> pd.DataFrame:
    frame = world["complaints"]
    made = {"complaint_id": frame["key"], "customer_id": customer_ids(world, frame["person"])}
    made["severity_left"] = frame["left"].astype(float).round(4)
    for k, arm in enumerate(faults.RECOVERY_ARMS):
        name = arm.replace(" ", "_")
        made[f"satisfaction_{name}"] = frame[f"satisfied_{k}"].astype(np.int64)
        made[f"lost_{name}"] = frame[f"lost_{k}"].round(5)
    return pd.DataFrame(made)


@table("order_checks")
def order_checks(world: World) -> pd.DataFrame:
    """A random sample of orders and boxes: the customer is rung up, and says what went wrong."""
    frame = world["incidents"]
    frame = frame[world.uniform("order check", frame["key"]) < CHECKED]
    return pd.DataFrame(
        {
            "check_id": frame["key"],
            "customer_id": customer_ids(world, frame["person"]),
            "order_id": frame["order_id"].array,
            "subscription_id": frame["subscription_id"].array,
            "date": dates(frame["day"]),
            "severity": frame["severity"].astype(np.int64),
            "complained": frame["complained"],
            "stayed": frame["stayed"].array,
        }
    )


@table("truth/service")
def truth_service(world: World) -> pd.DataFrame:
    rows = [
        ("waiting: chance of staying", -STAY_LOST, "share a minute of extra wait"),
        ("waiting: margin of six months", -STAY_LOST * STAYER_MARGIN, "yuan a minute of extra wait"),
        *((f"justice: {name}", JUSTICE[name], "points of 100 a point of 7") for name in RATINGS),
        ("buy again: satisfaction", BUY_AGAIN["satisfaction"], "points of 10 a point of 100"),
        *((f"settled: {reason}", row[2], "share of calls") for reason, row in REASONS.items()),
        ("calls again if not settled", CALLS_AGAIN, "share"),
    ]
    return pd.DataFrame(rows, columns=["effect", "value", "unit"])
