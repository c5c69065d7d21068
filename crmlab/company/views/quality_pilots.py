"""The test of care, and the pilot that says what a point of quality is worth.

What is sold in them is not in `orders`.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from crmlab.company.chance import gamma_at
from crmlab.company.tables import customer_ids, labels, table
from crmlab.company.views.processes import failure_constant
from crmlab.company.views.servqual import DIMENSIONS, PLACES, as_answer, expected_answer, level_of, place_means
from crmlab.company.world import World, stage

TRIGGERS = ("first order", "birthday", "silence")


@stage("care")
def care(world: World) -> pd.DataFrame:
    """Members in the care test: trigger, arm, her chance of coming in both arms, and what she would spend."""
    p = world.parameters.pilots
    ids = np.flatnonzero(world["people"]["retail"].to_numpy())
    person = ids[world.uniform("care asked", ids) < p.care_asked]
    trigger = world.choice("care trigger", person, p.trigger_shares)
    weight, most = p.care_attitude
    tilt = weight * world["people"]["attitude"].to_numpy()[person]
    base = np.clip(np.array(p.care_base)[trigger] * (1 + np.clip(tilt, -most, most)), 0.0, 0.9)
    frame = pd.DataFrame({"person": person, "trigger": trigger, "base": base})
    frame["cared"] = base + np.array(p.care_effect)[trigger]
    frame["arm"] = (world.uniform("care arm", person) < p.care_share).astype(np.int64)
    chance = np.where(frame["arm"] == 1, frame["cared"], base)
    frame["came"] = world.uniform("care came", person) < chance
    frame["margin"] = (p.care_margin * gamma_at(world.normal("care margin", person), 3.0) / 3.0).round(2)
    return frame


@table(
    "care_test",
    grain="a customer in the care test",
    chapter="16",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    trigger! string: what she was cared for about: first order, birthday or silence
    arm! string: cared for or control, by lot
    came! boolean: came to a tasting counter within 60 days
    margin! number [yuan]: margin at the tasting counter, 0 if she did not come (not in orders)
    """,
)
def care_test(world: World) -> pd.DataFrame:
    frame = world["care"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "trigger": labels(frame["trigger"], TRIGGERS),
            "arm": labels(frame["arm"], ("control", "cared for")),
            "came": frame["came"],
            "margin": np.where(frame["came"], frame["margin"], 0.0),
        }
    )


@table(
    "truth/care",
    grain="a customer in the care test: her chances in both arms",
    chapter="16",
    scale="sample",
    columns="""
    customer_id* string -> care_test.customer_id: customer
    comes_without! number [share]: chance of coming without care
    comes_cared_for! number [share]: chance of coming if cared for
    """,
)
def truth_care(world: World) -> pd.DataFrame:
    frame = world["care"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "comes_without": frame["base"].round(5),
            "comes_cared_for": frame["cared"].round(5),
        }
    )


# place, gap, what is done
PROJECTS = (
    (1, 1, "monthly customer panel for team leaders"),
    (1, 2, "new standards, and systems to meet them"),
    (1, 3, "coaching of agents"),
    (1, 4, "advertisements promise what is delivered"),
    (0, 1, "monthly customer panel for store heads"),
    (0, 2, "new standards"),
    (0, 3, "staff at peak hours, and coaching"),
    (0, 4, "advertisements promise what is delivered"),
)


def pilot_lift(world: World) -> dict[int, float]:
    """Points of quality the pilot adds in each place: its share of gap 3 in stores, gap 2 in the call centre."""
    means = place_means(world)
    levels = [means[name].to_numpy(dtype=float) for name in ("believed", "standard", "delivered")]
    believed, standard, delivered = levels
    lost = {0: float(delivered[0] - standard[0]), 1: float(standard[1] - believed[1])}
    return {place: -world.parameters.pilots.piloted[place] * lost[place] for place in lost}


def _pilot_spread(world: World) -> float:
    p = world.parameters.pilots
    return float(np.hypot(p.goodwill[0], p.rating_noise))


@table(
    "gap_pilot",
    grain="a customer in the pilot of raised quality",
    chapter="16",
    scale="firm",
    columns="""
    visit_id* integer: customer of the pilot; a number of its own
    place! string: store or call centre
    arm! string: usual, or raised: part of the place's largest gap closed; by lot
    quality! integer [points, 1–7]: quality she perceived
    margin! number [yuan]: margin in the next six months
    """,
)
def gap_pilot(world: World) -> pd.DataFrame:
    """Customers served by lot as usual or with raised quality, their rating and what they bought in six months."""
    p = world.parameters.pilots
    lift, means = pilot_lift(world), place_means(world)
    place, ids = np.divmod(np.arange(2 * p.pilot_customers), p.pilot_customers)
    key = place * 1_000_000 + ids
    raised = world.uniform("pilot arm", key) < 0.5
    point = np.where(raised, np.array([lift[0], lift[1]])[place], 0.0)
    goodwill = np.clip(world.normal("pilot goodwill", key), -2, 2)
    usual = level_of(means["perceived"].to_numpy(), _pilot_spread(world))[place]
    noise = p.rating_noise * world.normal("pilot rating", key)
    chance = p.pilot_base + p.goodwill[1] * goodwill + p.keeps * point
    stays = world.uniform("pilot stays", key) < chance
    margin = (p.keeper_margin * gamma_at(world.normal("pilot margin", key), 4.0) / 4.0).round(1)
    return pd.DataFrame(
        {
            "visit_id": np.arange(1, len(key) + 1),
            "place": labels(place, PLACES),
            "arm": labels(raised.astype(int), ("usual", "raised")),
            "quality": as_answer(usual + p.goodwill[0] * goodwill + noise + point),
            "margin": np.where(stays, margin, 0.0),
        }
    )


@table(
    "gap_projects",
    grain="a project that closes part of a gap",
    chapter="16",
    scale="firm",
    columns="""
    place* string: store or call centre
    gap* integer: gap it narrows, 1–4
    project! string: what is done
    cost! number [yuan]: cost for six months
    closes! number [share]: share of the gap it closes
    customers! integer: customers it reaches in six months
    """,
)
def gap_projects(world: World) -> pd.DataFrame:
    p = world.parameters.pilots
    names = ["place", "gap", "project", "cost", "closes", "customers"]
    centre, stores = p.project_customers
    planted = zip(PROJECTS, p.project_cost, p.project_closes, strict=True)
    rows = [(*row, cost, closes, centre if row[0] else stores) for row, cost, closes in planted]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(place=labels(frame["place"], PLACES))


def rating_lift(world: World) -> dict[int, float]:
    """Mean rise of the pilot's rating in each place, in points on the scale 1–7 as customers can mark it."""
    p = world.parameters.pilots
    lift, means = pilot_lift(world), place_means(world)
    goodwill = np.clip(ndtri((np.arange(4000) + 0.5) / 4000), -2, 2)
    usual = level_of(means["perceived"].to_numpy(), _pilot_spread(world))
    made = {}
    for place, point in lift.items():
        level = usual[place] + p.goodwill[0] * goodwill
        rise = expected_answer(level + point, p.rating_noise) - expected_answer(level, p.rating_noise)
        made[place] = float(rise.mean())
    return made


@table(
    "truth/quality",
    grain="a planted effect of service quality",
    chapter="16",
    scale="firm",
    columns="""
    effect* string: planted effect
    value! number [as in unit]: its size
    unit! string: its unit
    """,
)
def truth_quality(world: World) -> pd.DataFrame:
    p = world.parameters
    rated, lift = rating_lift(world), pilot_lift(world)
    chance = [p.pilots.keeps * p.pilots.keeper_margin * lift[k] for k in (0, 1)]
    least = float(np.sqrt(failure_constant(world)))
    rows = [
        *((f"pilot: margin, {PLACES[k]}", chance[k], "yuan a customer in six months") for k in (0, 1)),
        *((f"pilot: rating, {PLACES[k]}", rated[k], "points, 1–7") for k in (0, 1)),
        ("worth of a point of quality", p.pilots.keeps * p.pilots.keeper_margin, "yuan a customer in six months"),
        ("broken promise", p.quality.broken, "points of perception a point promised and not delivered"),
        ("boxes: more dented from 2024-08-05", p.processes.box_slip, "share of deliveries"),
        ("filling: shift from 2024-09-16", p.processes.fill_shift, "grams"),
        ("prevention of least total cost", least, "yuan a month"),
        *(
            (f"care: {name}", effect, "share who come")
            for name, effect in zip(TRIGGERS, p.pilots.care_effect, strict=True)
        ),
        *((f"weight: {name}", weight, "share") for name, weight in zip(DIMENSIONS, p.quality.weights, strict=True)),
    ]
    return pd.DataFrame(rows, columns=["effect", "value", "unit"]).round({"value": 6})
