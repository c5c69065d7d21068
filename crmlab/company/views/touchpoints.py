"""Touch-points on the way to an order: journeys through them, and how they are rated."""

import numpy as np
import pandas as pd

from crmlab.company.core.people import first_days
from crmlab.company.tables import customer_ids, labels, table
from crmlab.company.views.surveys import active_on
from crmlab.company.world import World

# touch-point, stage, medium, customer known there, what is learned is passed on
TOUCHPOINTS = (
    ("screen advert", "discover", "advert", False, False),
    ("WeChat article", "discover", "on line", True, True),
    ("web search", "discover", "on line", False, False),
    ("web site", "consider", "on line", True, True),
    ("store advice", "consider", "store", True, False),
    ("telephone", "consider", "telephone", True, False),
    ("chat", "consider", "on line", True, True),
    ("checkout", "buy", "on line", True, True),
)


_ORDER, _NOTHING = 8, 9


_STEPS = 16  # a journey that is longer ends in nothing


@table(
    "touchpoints",
    grain="a touch-point on the way to an order",
    chapter="10",
    scale="firm",
    columns="""
    touchpoint* string: touch-point
    stage! string: stage: discover, consider, buy
    medium! string: medium
    customer_known! boolean: the firm knows there who she is
    passed_on! boolean: what is learned there is passed on to the other touch-points
    """,
)
def touchpoints(world: World) -> pd.DataFrame:
    return pd.DataFrame(list(TOUCHPOINTS), columns=["touchpoint", "stage", "medium", "customer_known", "passed_on"])


@table(
    "journeys",
    grain="a touch-point of a journey of autumn 2024",
    chapter="10",
    scale="sample",
    columns="""
    journey_id* integer: journey of a member of the panel
    step* integer: number of the touch-point
    customer_id! string -> customers.customer_id: customer
    touchpoint! string -> touchpoints.touchpoint: touch-point
    converted! boolean: the journey ended in an order
    """,
)
def journeys(world: World) -> pd.DataFrame:
    """Journeys of the autumn of 2024: a first-order Markov chain from touch-point to touch-point."""
    p = world.parameters.touchpoints
    ids = np.arange(world.people)
    person = ids[world["people"]["retail"].to_numpy() & (first_days(world) < 1004)]
    person = person[world.uniform("has a journey", person) < p.journeys]
    moves_from = np.array(p.moves)
    state = np.zeros(len(person), dtype=int)  # row of the moves; 0 is the start
    steps, ends = [], np.full(len(person), _NOTHING)
    for step in range(_STEPS):
        moves = world.choice("journey", person * _STEPS + step, moves_from[state]) if len(state) else state
        over = moves >= _ORDER
        ends[np.searchsorted(person, person[over])] = moves[over]
        steps.append(pd.DataFrame({"person": person[~over], "step": step + 1, "touchpoint": moves[~over]}))
        if step == 0:
            everybody, outcome = person, ends
        else:
            outcome[np.searchsorted(everybody, person[over])] = moves[over]
        person, state = person[~over], moves[~over] + 1
        ends = np.full(len(person), _NOTHING)
    frame = pd.concat(steps).sort_values(["person", "step"], ignore_index=True)
    converted = outcome[np.searchsorted(everybody, frame["person"])] == _ORDER
    return pd.DataFrame(
        {
            "journey_id": frame["person"] + 1,
            "step": frame["step"],
            "customer_id": customer_ids(world, frame["person"]),
            "touchpoint": labels(frame["touchpoint"], tuple(row[0] for row in TOUCHPOINTS)),
            "converted": converted,
        }
    )


def order_chance(world: World, without: int | None = None) -> float:
    """Chance that a journey ends in an order; `without` sends all who would come to that touch-point to nothing."""
    chances = np.array(world.parameters.touchpoints.moves)
    moves = chances[:, :_ORDER].copy()
    if without is not None:
        moves[:, without] = 0.0
    ends = np.linalg.solve(np.eye(_ORDER) - moves[1:], chances[1:, _ORDER])
    return float(moves[0] @ ends + chances[0, _ORDER])


@table(
    "touchpoint_ratings",
    grain="a rating",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    touchpoint* string: touch-point; overall is the way to an order as a whole
    performance! integer [points, 1–10]: rating
    """,
)
def touchpoint_ratings(world: World) -> pd.DataFrame:
    """How well each touch-point did, and the whole; the whole is the parts by their importance, and chance."""
    p = world.parameters
    person = active_on(world, p.surveys.wave_days[3])
    person = person[world.uniform("touch-points asked", person) < p.touchpoints.rated]
    service = world["people"]["service_quality"].to_numpy()[person]
    ratings = {}
    by_service, own = p.touchpoints.rating
    mean, noise = p.touchpoints.overall
    overall = mean + noise * world.normal("rating of the whole", person)
    for k, (mean, weight) in enumerate(zip(p.touchpoints.performance, p.touchpoints.importance, strict=True)):
        name = TOUCHPOINTS[k][0]
        shown = mean + by_service * service + own * world.normal("touch-point rating", person * 16 + k)
        ratings[name] = np.clip(np.round(shown), 1, 10).astype(int)
        overall = overall + weight * (ratings[name] - mean)
    ratings["overall"] = np.clip(np.round(overall), 1, 10).astype(int)
    wide = pd.DataFrame(ratings, index=person)
    long = wide.rename_axis("person").reset_index().melt("person", var_name="touchpoint", value_name="performance")
    place = {name: k for k, name in enumerate(ratings)}
    long["place"] = long["touchpoint"].map(place)
    long = long.sort_values(["person", "place"], ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, long["person"]),
            "touchpoint": labels(long["place"], tuple(ratings)),
            "performance": long["performance"],
        }
    )


@table(
    "truth/touchpoints",
    grain="a touch-point: true importance and removal effect",
    chapter="10",
    scale="firm",
    columns="""
    touchpoint* string -> touchpoints.touchpoint: touch-point
    importance! number: weight in the overall rating
    removal_effect! number [share]: share of orders lost if all who come to the touch-point give up
    """,
)
def truth_touchpoints(world: World) -> pd.DataFrame:
    every = order_chance(world)
    weights = world.parameters.touchpoints.importance
    rows = [(row[0], weights[k], round(1 - order_chance(world, k) / every, 5)) for k, row in enumerate(TOUCHPOINTS)]
    return pd.DataFrame(rows, columns=["touchpoint", "importance", "removal_effect"])
