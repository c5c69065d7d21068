"""Processes: deliveries, tins weighed, and what quality costs.

Deliveries observe the core's faults, with small slips besides that nobody complains of.
"""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.core.retail import ROUNDS
from crmlab.company.tables import dates, labels, table
from crmlab.company.views.complaints import CAUSES
from crmlab.company.world import World

RIGHTS = ("product", "quantity", "condition", "place", "time", "customer", "price")


@table(
    "deliveries",
    grain="a delivered order",
    chapter="16",
    scale="sample",
    columns="""
    order_id* integer -> orders.order_id: order
    promised! date: day promised
    arrived! date: day of arrival
    right_product! boolean: right product
    right_quantity! boolean: right quantity
    right_condition! boolean: right condition
    right_place! boolean: right place
    right_time! boolean: right time: arrived on the day promised or before
    right_customer! boolean: right customer
    right_price! boolean: right price
    """,
)
def deliveries(world: World) -> pd.DataFrame:
    p = world.parameters
    placed = world["orders"]
    sent = (placed["channel"] > 0) & (placed["day"] >= p.processes.first_delivery) & (placed["day"] < firm.DAYS - 12)
    placed = placed[sent].sort_values("order_id", ignore_index=True)
    day = placed["day"].to_numpy().astype(np.int64)
    key = (placed["person"].to_numpy().astype(np.int64) * ROUNDS + placed["round"].to_numpy()) * 2
    cause = np.full(len(key), -1)
    faulty = np.flatnonzero(placed["severity"].to_numpy() > 0)
    shares = np.array(p.complaints.cause_shares)[placed["severity"].to_numpy()[faulty] - 1]
    cause[faulty] = world.choice("complaint cause", key[faulty], shares)  # as in `complaints`
    named = {name: cause == k for k, name in enumerate(CAUSES)}
    stray = world.uniform("delivery stray", key) < p.processes.stray
    wrong = {
        "product": named["wrong item"],
        "quantity": named["wrong item"] & stray,
        "condition": named["crushed box"] | named["stale tea"],
        "place": named["late or lost"] & stray,
        "time": named["late or lost"],
        "customer": (named["late or lost"] & stray) | named["rude or careless"],
        "price": named["billing"],
    }
    bad = world.uniform("delivery bad day", day) < p.processes.bad_day
    made = {}
    for name, share in zip(RIGHTS, p.processes.slips, strict=True):
        chance = share * np.where(bad, p.processes.bad_times, 1.0)
        if name == "condition":
            chance = chance + np.where(day >= p.processes.box_day, p.processes.box_slip, 0.0)
        made[f"right_{name}"] = ~(wrong[name] | (world.uniform(f"delivery {name}", key) < chance))
    took = 1 + np.floor(p.processes.promised_days * world.uniform("delivery days", key)).astype(np.int64)
    late = 1 + np.floor(p.processes.late_span * world.uniform("delivery late", key) ** 2).astype(np.int64)
    arrived = day + np.where(made["right_time"], took, p.processes.promised_days + late)
    return pd.DataFrame(
        {
            "order_id": placed["order_id"],
            "promised": dates(day + p.processes.promised_days),
            "arrived": dates(arrived),
            **made,
        }
    )


TINS = 5


@table(
    "packing_checks",
    grain="a tin weighed",
    chapter="16",
    scale="firm",
    columns="""
    date* date: working day
    tin* integer: tin of the day, 1–5
    grams! number [gram]: tea in a tin of 100 g
    """,
)
def packing_checks(world: World) -> pd.DataFrame:
    """Five tins from each working day of 2024, weighed."""
    p = world.parameters.processes
    day = np.arange(firm.LEARN_DAYS, firm.DAYS)
    weekday = (np.datetime64(firm.FIRST_DAY, "D") + day).astype("datetime64[D]").view("int64")
    day = day[(weekday + 3) % 7 < 5]
    days, tin = np.repeat(day, TINS), np.tile(np.arange(TINS), len(day))
    mean, spread = p.grams
    level = mean + np.where(days >= p.fill_day, p.fill_shift, 0.0)
    grams = level + spread * world.normal("packing grams", days * TINS + tin)
    return pd.DataFrame({"date": dates(days), "tin": tin + 1, "grams": grams.round(2)})


KINDS = ("prevention", "appraisal", "internal failure", "external failure")


def failure_constant(world: World) -> float:
    """Failure cost of a month = this / prevention."""
    p = world.parameters.processes
    return p.failure * (p.failure_size[0] + p.failure_size[1] * float(world.uniform("quality cost level", [0])[0]))


@table(
    "quality_costs",
    grain="a month and kind of quality cost",
    chapter="16",
    scale="firm",
    columns="""
    month* date: month
    kind* string: prevention, appraisal, internal or external failure
    amount! number [yuan]: cost
    """,
)
def quality_costs(world: World) -> pd.DataFrame:
    p = world.parameters.processes
    steady, unsteady = p.cost_noise
    month = np.arange(firm.MONTHS)
    spent = 1000 * np.array(p.prevention)[month // 3] * np.exp(steady * world.normal("prevention", month))
    failed = failure_constant(world) / spent
    split = {"internal failure": p.internal, "external failure": 1 - p.internal}
    made = {"prevention": spent, "appraisal": p.appraisal * np.exp(steady * world.normal("appraisal", month))}
    for name, share in split.items():
        made[name] = share * failed * np.exp(unsteady * world.normal(name, month) - unsteady**2 / 2)
    values = np.stack([made[name] for name in KINDS], axis=1)
    return pd.DataFrame(
        {
            "month": dates(np.repeat(firm.month_days()[month], 4)),
            "kind": labels(np.tile(np.arange(4), firm.MONTHS), KINDS),
            "amount": values.ravel().round(0),
        }
    )
