"""Service quality: what customers expect and perceive, and what lies between.

Every number of the gap model is planted item by item and place by place: expected, believed by managers, set as a
standard, delivered, promised, perceived. In the call centre most is lost between belief and standard (gap 2), in
stores between standard and delivery (gap 3); a broken promise lowers what is perceived.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from crmlab.company.chance import Floats
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

Ints = NDArray[np.int64]


PLACES = ("store", "call centre")


DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")


DIMENSION_OF = np.repeat(np.arange(5), (4, 5, 4, 4, 5))  # of item 1 … 22


REVERSED = (10, 11, 12, 13, 18, 19, 20, 21, 22)  # items worded negatively


ABOUT = (
    "equipment is up to date", "rooms and pages look good", "staff look neat", "leaflets fit the house",
    "keeps what it says it will do", "cares when there is a problem", "right the first time",
    "on the day it said", "bills and records are right",
    "says when things will be done", "serves at once", "is willing to help", "is never too busy",
    "staff can be trusted", "one feels safe dealing with it", "staff are polite", "staff know their tea",
    "gives personal attention", "staff give personal attention", "knows what I need", "has my interest at heart",
    "is open when I need it",
)  # fmt: skip


LARGEST = (2, 1)  # the gap that is largest in stores (gap 3) and in the call centre (gap 2)


PROMISED = ((2, 5, 7, 8, 11, 12, 17, 19), (1, 5, 8, 10, 11, 13, 15, 22))  # items the advertisements speak of


UNITS = (18, 6)  # stores; teams of the call centre


def expected_answer(level: ArrayLike, spread: float) -> Floats:
    """Mean answer on 1–7 when a normal opinion is rounded to the scale."""
    cuts = np.arange(1.5, 7.0)
    return np.asarray(1 + ndtr((np.asarray(level, dtype=float)[..., None] - cuts) / spread).sum(axis=-1))


def level_of(answer: ArrayLike, spread: float) -> Floats:
    """The normal opinion whose mean answer is `answer`."""
    grid = np.linspace(-1.0, 10.0, 2201)
    return np.asarray(np.interp(np.asarray(answer, dtype=float), expected_answer(grid, spread), grid))


def as_answer(opinion: Floats) -> Ints:
    return np.clip(np.round(opinion), 1, 7).astype(np.int64)


@stage("service_gaps")
def service_gaps(world: World) -> pd.DataFrame:
    """One row a place and item: expected, believed, standard, delivered, promised (missing if not), perceived."""
    p = world.parameters.quality
    place, item = np.repeat([0, 1], 22), np.tile(np.arange(22), 2)
    key = place * 22 + item
    dimension = DIMENSION_OF[item]
    expected = np.array(p.expected)[dimension] + p.expected_item * world.normal("gap item", key)
    lost = np.array(p.gaps)[place]
    for where, gap in enumerate(LARGEST):
        here = place == where
        lost[here, gap] *= np.array(p.gap_pattern[where])[dimension[here]]
    least, span = p.gap_size
    size = least + span * world.uniform("gap size", np.arange(6)).reshape(2, 3)
    lost = lost * size[place]
    for gap in range(3):
        lost[:, gap] += p.gap_item * world.normal(f"gap {gap + 1} of item", key)
    believed = expected + lost[:, 0]
    standard = np.round(believed + lost[:, 1], 1)
    delivered = standard + lost[:, 2]
    spoken = np.array([k + 1 in PROMISED[at] for at, k in zip(place, item, strict=True)])
    above, wide, least = p.over_promise
    over = above + wide * world.normal("gap promise", key)
    promised = np.round(np.minimum(delivered + np.maximum(over, least), 7.0), 1)
    broken = np.where(spoken, np.minimum(delivered - promised, 0.0), 0.0)
    return pd.DataFrame(
        {
            "place": place,
            "item": item + 1,
            "expectation": expected,
            "believed": believed,
            "standard": standard,
            "delivered": delivered,
            "promised": np.where(spoken, promised, np.nan),
            "perceived": delivered + p.broken * broken,
        }
    )


def place_means(world: World) -> pd.DataFrame:
    """Place means of the planted numbers, the dimensions by their importance, items within them evenly."""
    frame = world["service_gaps"]
    names = ["expectation", "believed", "standard", "delivered", "perceived"]
    dimension = DIMENSION_OF[frame["item"].to_numpy() - 1]
    means = frame.groupby([frame["place"], dimension])[names].mean()
    weights = np.tile(world.parameters.quality.weights, 2)[:, None]
    return (means * weights).groupby(level=0).sum()


@table(
    "servqual_items",
    grain="an item of the questionnaire",
    chapter="16",
    scale="firm",
    columns="""
    item* integer: item, 1–22
    dimension! string: dimension it belongs to
    about! string: what it asks about, in short, worded positively
    reversed! boolean: worded negatively in the questionnaire: agreement is bad
    """,
)
def servqual_items(world: World) -> pd.DataFrame:
    item = np.arange(1, 23)
    return pd.DataFrame(
        {
            "item": item,
            "dimension": labels(DIMENSION_OF, DIMENSIONS),
            "about": list(ABOUT),
            "reversed": np.isin(item, REVERSED),
        }
    )


@stage("servqual")
def servqual(world: World) -> pd.DataFrame:
    """One row a respondent: her place, the points she gives the dimensions, her answers and overall rating."""
    p = world.parameters.quality
    ids = np.arange(world.people)
    person = ids[world.uniform("servqual asked", ids) < p.servqual_asked]
    people = world["people"].iloc[person]
    place = world.choice("servqual place", person, p.servqual_place)
    dimension = np.arange(5)
    key = person[:, None] * 5 + dimension
    raw = np.array(p.weights) * np.exp(p.weight_noise * world.normal("servqual weight", key.ravel()).reshape(key.shape))
    points = np.round(100 * raw / raw.sum(axis=1, keepdims=True)).astype(np.int64)
    points[:, 1] += 100 - points.sum(axis=1)
    frame = pd.DataFrame({"person": person, "place": place})
    for k, name in enumerate(DIMENSIONS):
        frame[name] = points[:, k]
    cells = person[:, None] * 22 + np.arange(22)
    per_person, per_item = p.answer_spread
    spread = float(np.hypot(per_person, per_item))
    truth = world["service_gaps"]
    for name, own in (("expectation", "expectation"), ("perceived", "service_quality")):
        level = level_of(truth[name].to_numpy().reshape(2, 22)[place], spread)
        noise = per_item * world.normal(f"servqual {name}", cells.ravel()).reshape(cells.shape)
        frame[[f"{name}_{k + 1}" for k in range(22)]] = as_answer(
            level + per_person * people[own].to_numpy()[:, None] + noise
        )
    perceived = frame[[f"perceived_{k + 1}" for k in range(22)]].to_numpy()
    by_dimension = np.stack([perceived[:, DIMENSION_OF == k].mean(axis=1) for k in dimension], axis=1)
    overall = (by_dimension * points / 100).sum(axis=1)
    frame["overall"] = as_answer(overall + p.overall_noise * world.normal("servqual overall", person))
    return frame


@table(
    "servqual_people",
    grain="a respondent of the service-quality survey",
    chapter="16",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: respondent
    place! string: the place she was asked about, by lot: store or call centre
    date! date: day of the answer
    tangibles! integer [points of 100]: points she gives to tangibles
    reliability! integer [points of 100]: points she gives to reliability
    responsiveness! integer [points of 100]: points she gives to responsiveness
    assurance! integer [points of 100]: points she gives to assurance
    empathy! integer [points of 100]: points she gives to empathy
    overall! integer [points, 1–7]: overall rating of the service
    """,
)
def servqual_people(world: World) -> pd.DataFrame:
    frame = world["servqual"]
    day = world.parameters.quality.servqual_day + np.floor(28 * world.uniform("servqual day", frame["person"])).astype(
        np.int64
    )
    made = {"customer_id": customer_ids(world, frame["person"]), "place": labels(frame["place"], PLACES)}
    made |= {"date": dates(day), **{name: frame[name] for name in DIMENSIONS}, "overall": frame["overall"]}
    return pd.DataFrame(made)


@table(
    "servqual_survey",
    grain="a respondent and item",
    chapter="16",
    scale="sample",
    columns="""
    customer_id* string -> servqual_people.customer_id: respondent
    item* integer -> servqual_items.item: item, 1–22
    expectation! integer [points, 1–7]: agreement that an excellent firm does so, as answered (reversed items not
        turned)
    perception! integer [points, 1–7]: agreement that this firm does so, as answered (reversed items not turned)
    """,
)
def servqual_survey(world: World) -> pd.DataFrame:
    """Answers as they were given: to the items worded negatively, agreement is bad."""
    frame = world["servqual"]
    n = len(frame)
    item = np.tile(np.arange(1, 23), n)
    made = {"customer_id": np.repeat(customer_ids(world, frame["person"]), 22), "item": item}
    for name, column in (("expectation", "expectation"), ("perception", "perceived")):
        plain = frame[[f"{column}_{k}" for k in range(1, 23)]].to_numpy().ravel()
        made[name] = np.where(np.isin(item, REVERSED), 8 - plain, plain)
    return pd.DataFrame(made)
