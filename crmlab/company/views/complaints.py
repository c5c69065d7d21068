"""Complaints with how they were handled, the recovery test, and orders checked afterwards.

All of them only observe the core's faults: who complained, what was left of the fault, who stayed.

A long module: most of it is the data dictionary of its tables.
"""

from typing import Any

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.core import faults
from crmlab.company.core.retail import ROUNDS
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.views.contact_centre import REASONS
from crmlab.company.world import World, stage

CAUSES = ("late or lost", "crushed box", "wrong item", "stale tea", "billing", "rude or careless")


CHANNELS = ("telephone", "WeChat", "shop", "letter")


PUT_RIGHT = ("nearly all", "mostly", "little")  # the core's shares restored, .9 .6 .2


RATINGS = ("outcome", "process", "manner")


@stage("incidents")
def incidents(world: World) -> pd.DataFrame:
    """Every order and box: its fault and whether the customer stayed (missing if 90 days are not over)."""
    p = world.parameters.complaints
    placed, sent = world["orders"], world["boxes"]
    following = placed.groupby("person")["day"].shift(-1)
    stayed = (following - placed["day"] <= p.stayed_days).astype("boolean")
    stayed[placed["day"] + p.stayed_days >= firm.DAYS] = pd.NA
    kind = ["person", "severity", "complained", "restored", "arm", "left"]
    first = placed[kind].assign(
        order_id=placed["order_id"], day=placed["day"].astype(np.int64),
        key=placed["person"] * ROUNDS + placed["round"],
        line=0, stayed=stayed,
    )  # fmt: skip
    lives = world["subscriptions"].set_index("subscription_id")
    last = lives["start"] + lives["months"] - 1
    kept = (last.loc[sent["subscription_id"]].to_numpy() >= sent["month"] + 3).astype("boolean")
    kept[sent["month"] + 3 >= firm.MONTHS] = pd.NA
    second = sent[kind].assign(
        subscription_id=sent["subscription_id"], day=firm.month_days()[sent["month"]] + 4,
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
    crisis = (
        np.isin(city, p.faults.courier_cities) & (day >= p.faults.courier_days[0]) & (day < p.faults.courier_days[1])
    )
    shares = np.where(
        crisis[:, None], np.array(p.complaints.cause_crisis), np.array(p.complaints.cause_shares)[severity - 1]
    )
    frame["cause"] = world.choice("complaint cause", key, shares)
    other = 1 + np.floor((len(CAUSES) - 1) * world.uniform("coder other", key)).astype(np.int64)
    erring = world.uniform("coder error", key) < p.complaints.coder_error
    frame["second_cause"] = np.where(erring, (frame["cause"] + other) % len(CAUSES), frame["cause"])
    frame["channel"] = world.choice("complaint channel", key, p.complaints.complaint_channels)
    frame["opened"] = (
        day + 1 + np.floor(p.complaints.opened_days * world.uniform("complaint opened", key)).astype(np.int64)
    )
    mean = (
        np.array(p.complaints.channel_days)[frame["channel"]]
        * np.array(p.complaints.severity_days)[severity - 1]
        * np.where(crisis, p.complaints.crisis_days, 1)
    )
    took = np.floor(mean * gamma_at(world.normal("complaint days", key), 1.5) / 1.5).astype(np.int64)
    frame["closed"] = frame["opened"] + took
    shares_restored = np.array(p.faults.restored)
    frame["put_right"] = np.abs(frame["restored"].to_numpy()[:, None] - shares_restored).argmin(axis=1)
    restored = shares_restored[frame["put_right"]]  # in full precision: .9 is a threshold of the core
    gain = np.array(p.faults.recovery_gain)
    arms = np.maximum(frame["arm"].to_numpy(), 0)
    after = restored[:, None] + gain * (1 - restored[:, None])
    level, slope, noise = p.complaints.outcome_item
    outcome = _points(level + slope * after + noise * world.normal("outcome justice", key)[:, None])
    level, slope, noise = p.complaints.process_item
    process = _points(level - slope * took + noise * world.normal("process justice", key))
    level, noise = p.complaints.manner_item
    manner = _points(level + noise * world.normal("manner justice", key))
    chance = p.complaints.justice["noise"] * world.normal("handling satisfaction", key)
    score = (
        p.complaints.justice["level"]
        + p.complaints.justice["process"] * process
        + p.complaints.justice["manner"] * manner
        + chance
    )
    by_arm = np.clip(np.round(score[:, None] + p.complaints.justice["outcome"] * outcome), 0, 100)
    pick = arms[:, None]
    frame["outcome"] = np.take_along_axis(outcome, pick, 1)[:, 0]
    frame["process"], frame["manner"] = process, manner
    frame["satisfied"] = np.take_along_axis(by_arm, pick, 1)[:, 0]
    intent = p.complaints.buy_again["level"] + p.complaints.buy_again["satisfaction"] * frame["satisfied"]
    intent = intent + p.complaints.buy_again["noise"] * world.normal("complaint intent", key)
    frame["intent"] = np.clip(np.round(intent), 0, 10)
    frame["compensation"] = np.array(p.complaints.compensation)[arms]
    frame["answers"] = (world.uniform("complaint answers", key) < p.complaints.complaint_answers) & (
        frame["closed"] < firm.DAYS
    )
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


@table(
    "complaints",
    grain="a complaint",
    chapter="11",
    scale="sample",
    columns="""
    complaint_id* integer: complaint
    customer_id! string -> customers.customer_id: customer
    order_id integer -> orders.order_id: order; missing for boxes
    subscription_id integer -> subscriptions.subscription_id: subscription; missing for orders
    cause! string: cause as coded by the first coder
    second_coder string: cause as coded by a second coder; missing where only one coded it
    severity! integer [points, 1–3]: severity as judged by the agent
    opened! date: day opened
    closed date: day closed; missing if still open at the end of 2024
    channel! string: how the complaint came
    put_right! string: how far it was put right before any compensation
    outcome_justice integer [points, 1–7]: fairness of the outcome as rated; missing without answer
    process_justice integer [points, 1–7]: fairness of the process as rated; missing without answer
    manner_justice integer [points, 1–7]: fairness of the treatment as rated; missing without answer
    satisfaction integer [points, 0–100]: satisfaction with the handling as rated; missing without answer
    buy_again integer [points, 0–10]: "will you buy from us again?"; missing without answer
    compensation! number [yuan]: voucher given
    stayed boolean: ordered again within 90 days or had a box three months later; missing if that is not over
    """,
)
def complaints(world: World) -> pd.DataFrame:
    frame = world["complaints"]
    rated = {f"{name}_justice": _answered(frame, name) for name in RATINGS}
    double = world.uniform("complaint coded twice", frame["key"]) < world.parameters.complaints.coded_twice
    return pd.DataFrame(
        {
            "complaint_id": frame["key"],
            "customer_id": customer_ids(world, frame["person"]),
            "order_id": frame["order_id"].array,
            "subscription_id": frame["subscription_id"].array,
            "cause": labels(frame["cause"], CAUSES),
            "second_coder": labels(np.where(double, frame["second_cause"], -1), CAUSES),
            "severity": frame["severity"].astype(np.int64),
            "opened": dates(np.minimum(frame["opened"], firm.DAYS - 1)),
            "closed": dates(np.minimum(frame["closed"], firm.DAYS)),
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


@table(
    "recovery_test",
    grain="a complaint of 2024 in the compensation test",
    chapter="11",
    scale="sample",
    columns="""
    complaint_id* integer -> complaints.complaint_id: complaint
    customer_id! string -> customers.customer_id: customer
    arm! string: apology, voucher 20 or voucher 50, by lot
    stayed boolean: as in complaints
    """,
)
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


@table(
    "truth/recovery",
    grain="a complaint: what each compensation would have done",
    chapter="11",
    scale="sample",
    columns="""
    complaint_id* integer -> complaints.complaint_id: complaint
    customer_id! string -> customers.customer_id: customer
    severity_left! number [points]: severity left after what was done
    satisfaction_apology! integer [points, 0–100]: rating she would give after an apology only
    lost_apology! number [share]: chance of losing her at this order or box after an apology only
    satisfaction_voucher_20! integer [points, 0–100]: rating with ¥20
    lost_voucher_20! number [share]: chance of losing her with ¥20
    satisfaction_voucher_50! integer [points, 0–100]: rating with ¥50
    lost_voucher_50! number [share]: chance of losing her with ¥50
    """,
)
def truth_recovery(world: World) -> pd.DataFrame:
    frame = world["complaints"]
    made = {"complaint_id": frame["key"], "customer_id": customer_ids(world, frame["person"])}
    made["severity_left"] = frame["left"].astype(float).round(4)
    for k, arm in enumerate(faults.RECOVERY_ARMS):
        name = arm.replace(" ", "_")
        made[f"satisfaction_{name}"] = frame[f"satisfied_{k}"].astype(np.int64)
        made[f"lost_{name}"] = frame[f"lost_{k}"].round(5)
    return pd.DataFrame(made)


@table(
    "order_checks",
    grain="an order or box of a random sample rung up afterwards",
    chapter="11",
    scale="sample",
    columns="""
    check_id* integer: check
    customer_id! string -> customers.customer_id: customer
    order_id integer -> orders.order_id: order; missing for boxes
    subscription_id integer -> subscriptions.subscription_id: subscription; missing for orders
    date! date: day of the order or of the box
    severity! integer [points, 0–3]: severity of what went wrong; 0 if nothing did
    complained! boolean: the customer complained to the firm
    stayed boolean: ordered again within 90 days or had a box three months later; missing if that is not over
    """,
)
def order_checks(world: World) -> pd.DataFrame:
    """A random sample of orders and boxes: the customer is rung up, and says what went wrong."""
    frame = world["incidents"]
    frame = frame[world.uniform("order check", frame["key"]) < world.parameters.complaints.checked]
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


@table(
    "truth/service",
    grain="a planted effect of the contact centre or of handling complaints",
    chapter="11",
    scale="firm",
    columns="""
    effect* string: planted effect
    value! number: its size
    unit! string: unit
    """,
)
def truth_service(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = [
        ("waiting: chance of staying", -p.waiting.stay_lost, "share a minute of extra wait"),
        (
            "waiting: margin of six months",
            -p.waiting.stay_lost * p.waiting.stayer_margin,
            "yuan a minute of extra wait",
        ),
        *((f"justice: {name}", p.complaints.justice[name], "points of 100 a point of 7") for name in RATINGS),
        ("buy again: satisfaction", p.complaints.buy_again["satisfaction"], "points of 10 a point of 100"),
        *((f"settled: {r}", x, "share of calls") for r, x in zip(REASONS, p.centre.reason_settled, strict=True)),
        ("calls again if not settled", p.centre.calls_again, "share"),
    ]
    return pd.DataFrame(rows, columns=["effect", "value", "unit"])
