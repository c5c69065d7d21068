"""Service quality: what customers expect and perceive, what lies between, and what quality costs and brings.

Every number of the gap model is planted item by item and place by place: expected, believed by managers, set as a
standard, delivered, promised, perceived. In the call centre most is lost between belief and standard (gap 2), in
stores between standard and delivery (gap 3); a broken promise lowers what is perceived. Deliveries only observe the
core's faults, with small slips besides that nobody complains of; the tests of care and of raised quality are the
chapter's own, and what is sold in them is not in `orders`.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from crmlab.company import parameters as P
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.people import month_days
from crmlab.company.retail import ROUNDS
from crmlab.company.service import _CAUSE_SHARES, CAUSES
from crmlab.company.tables import customer_ids, dates, labels, store_ids, table
from crmlab.company.world import World, stage

Ints = NDArray[np.int64]

# --- the 22 items and what is planted about them --------------------------------------------------------

PLACES = ("store", "call centre")
DIMENSIONS = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
WEIGHTS = (0.11, 0.32, 0.22, 0.19, 0.16)  # importance of the dimensions
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
EXPECTED = (5.3, 6.1, 6.0, 5.9, 5.6)  # mean expectation of a dimension, points 1–7
GAPS = np.array([[-0.15, -0.20, -0.85], [-0.20, -0.95, -0.15]])  # gaps 1 to 3, store and call centre
# how the largest gap of a place falls on the dimensions; the others fall evenly
LARGEST = ((2, (0.4, 1.2, 1.1, 1.0, 0.8)), (1, (0.5, 0.8, 1.4, 0.9, 1.3)))
PROMISED = ((2, 5, 7, 8, 11, 12, 17, 19), (1, 5, 8, 10, 11, 13, 15, 22))  # items the advertisements speak of
OVER_PROMISE = 0.9  # points promised above what is delivered
BROKEN = 0.30  # points of perception lost by each point promised and not delivered
UNITS = (18, 6)  # stores; teams of the call centre
OWN, ITEM = 0.50, 0.80  # spread of answers: the person's own level, and the item's
MANAGER_OWN, MANAGER_ITEM = 0.30, 0.60
ASKED = 0.08  # share of customers in the survey
SURVEY_DAY = 1004  # 2024-10-01


def expected_answer(level: ArrayLike, spread: float) -> Floats:
    """Mean answer on 1–7 when a normal opinion is rounded to the scale."""
    cuts = np.arange(1.5, 7.0)
    return np.asarray(1 + ndtr((np.asarray(level, dtype=float)[..., None] - cuts) / spread).sum(axis=-1))


def _level(answer: ArrayLike, spread: float) -> Floats:
    """The normal opinion whose mean answer is `answer`."""
    grid = np.linspace(-1.0, 10.0, 2201)
    return np.asarray(np.interp(np.asarray(answer, dtype=float), expected_answer(grid, spread), grid))


def _answer(opinion: Floats) -> Ints:
    return np.clip(np.round(opinion), 1, 7).astype(np.int64)


@stage("service_gaps")
def service_gaps(world: World) -> pd.DataFrame:
    """One row a place and item: expected, believed, standard, delivered, promised (missing if not), perceived."""
    place, item = np.repeat([0, 1], 22), np.tile(np.arange(22), 2)
    key = place * 22 + item
    dimension = DIMENSION_OF[item]
    expected = np.array(EXPECTED)[dimension] + 0.10 * world.normal("gap item", key)
    lost = GAPS[place]
    for where, (gap, pattern) in enumerate(LARGEST):
        here = place == where
        lost[here, gap] *= np.array(pattern)[dimension[here]]
    size = 0.85 + 0.30 * world.uniform("gap size", np.arange(6)).reshape(2, 3)
    lost = lost * size[place]
    for gap in range(3):
        lost[:, gap] += 0.05 * world.normal(f"gap {gap + 1} of item", key)
    believed = expected + lost[:, 0]
    standard = np.round(believed + lost[:, 1], 1)
    delivered = standard + lost[:, 2]
    spoken = np.array([k + 1 in PROMISED[p] for p, k in zip(place, item, strict=True)])
    over = OVER_PROMISE + 0.25 * world.normal("gap promise", key)
    promised = np.round(np.minimum(delivered + np.maximum(over, 0.2), 7.0), 1)
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
            "perceived": delivered + BROKEN * broken,
        }
    )


def _weighted(frame: pd.DataFrame) -> pd.DataFrame:
    """Place means of the planted numbers, the dimensions by their importance, items within them evenly."""
    names = ["expectation", "believed", "standard", "delivered", "perceived"]
    dimension = DIMENSION_OF[frame["item"].to_numpy() - 1]
    means = frame.groupby([frame["place"], dimension])[names].mean()
    weights = np.tile(WEIGHTS, 2)[:, None]
    return (means * weights).groupby(level=0).sum()


@table("servqual_items")
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
    ids = np.arange(world.people)
    person = ids[world.uniform("servqual asked", ids) < ASKED]
    people = world["people"].iloc[person]
    place = world.choice("servqual place", person, (0.5, 0.5))
    dimension = np.arange(5)
    key = person[:, None] * 5 + dimension
    raw = np.array(WEIGHTS) * np.exp(0.35 * world.normal("servqual weight", key.ravel()).reshape(key.shape))
    points = np.round(100 * raw / raw.sum(axis=1, keepdims=True)).astype(np.int64)
    points[:, 1] += 100 - points.sum(axis=1)
    frame = pd.DataFrame({"person": person, "place": place})
    for k, name in enumerate(DIMENSIONS):
        frame[name] = points[:, k]
    cells = person[:, None] * 22 + np.arange(22)
    spread = float(np.hypot(OWN, ITEM))
    truth = world["service_gaps"]
    for name, own in (("expectation", "expectation"), ("perceived", "service_quality")):
        level = _level(truth[name].to_numpy().reshape(2, 22)[place], spread)
        noise = ITEM * world.normal(f"servqual {name}", cells.ravel()).reshape(cells.shape)
        frame[[f"{name}_{k + 1}" for k in range(22)]] = _answer(level + OWN * people[own].to_numpy()[:, None] + noise)
    perceived = frame[[f"perceived_{k + 1}" for k in range(22)]].to_numpy()
    by_dimension = np.stack([perceived[:, DIMENSION_OF == k].mean(axis=1) for k in dimension], axis=1)
    overall = (by_dimension * points / 100).sum(axis=1)
    frame["overall"] = _answer(overall + 0.45 * world.normal("servqual overall", person))
    return frame


@table("servqual_people")
def servqual_people(world: World) -> pd.DataFrame:
    frame = world["servqual"]
    day = SURVEY_DAY + np.floor(28 * world.uniform("servqual day", frame["person"])).astype(np.int64)
    made = {"customer_id": customer_ids(world, frame["person"]), "place": labels(frame["place"], PLACES)}
    made |= {"date": dates(day), **{name: frame[name] for name in DIMENSIONS}, "overall": frame["overall"]}
    return pd.DataFrame(made)


@table("servqual_survey")
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


def unit_ids(place: int) -> NDArray[np.object_]:
    """Stores are S01 … S18, teams of the call centre T1 … T6."""
    if place == 0:
        return store_ids(np.arange(UNITS[0]))
    return np.array([f"T{k + 1}" for k in range(UNITS[1])], dtype=object)


@table("manager_survey")
def manager_survey(world: World) -> pd.DataFrame:
    """What the head of each store and team believes customers expect; all items worded positively."""
    truth = world["service_gaps"]
    spread = float(np.hypot(MANAGER_OWN, MANAGER_ITEM))
    parts = []
    for place, n in enumerate(UNITS):
        here = truth[truth["place"] == place]
        manager = place * 100 + np.repeat(np.arange(n), 22)
        level = np.tile(_level(here["believed"], spread), n)
        own = world.normal("manager", place * 100 + np.arange(n))
        opinion = level + MANAGER_OWN * np.repeat(own - own.mean(), 22)  # all managers answer: no sample of them
        opinion = opinion + MANAGER_ITEM * world.normal("manager item", manager * 22 + np.tile(np.arange(22), n))
        parts.append(
            pd.DataFrame(
                {
                    "manager_id": np.repeat(np.array([f"M-{u}" for u in unit_ids(place)], dtype=object), 22),
                    "place": PLACES[place],
                    "item": np.tile(np.arange(1, 23), n),
                    "believed_expectation": _answer(opinion),
                }
            )
        )
    return _placed(pd.concat(parts, ignore_index=True))


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(place=pd.Categorical(frame["place"], list(PLACES)))


def _standard_ids(place: ArrayLike, item: ArrayLike) -> NDArray[np.object_]:
    pairs = zip(np.asarray(place), np.asarray(item), strict=True)
    return np.array([f"{('ST', 'CC')[p]}{i:02d}" for p, i in pairs], dtype=object)


@table("service_standards")
def service_standards(world: World) -> pd.DataFrame:
    frame = world["service_gaps"]
    return pd.DataFrame(
        {
            "standard_id": _standard_ids(frame["place"], frame["item"]),
            "place": labels(frame["place"], PLACES),
            "item": frame["item"],
            "level": frame["standard"].round(1),
        }
    )


@table("service_audits")
def service_audits(world: World) -> pd.DataFrame:
    """Each month of 2024 a trained visitor or caller scores every item in every store and team."""
    truth = world["service_gaps"]
    parts = []
    for place, n in enumerate(UNITS):
        level = truth.loc[truth["place"] == place, "delivered"].to_numpy()
        own = 0.20 * world.normal("audited unit", place * 100 + np.arange(n))
        own = own - own.mean()
        unit, month = np.divmod(np.arange(n * 12), 12)
        visit = (place * 100 + unit) * 12 + month
        noise = 0.10 * world.normal("audit visit", visit)[:, None]
        cell = visit[:, None] * 22 + np.arange(22)
        noise = noise + 0.40 * world.normal("audit item", cell.ravel()).reshape(cell.shape)
        score = np.clip(level + own[unit][:, None] + noise, 1, 7).round(1)
        item = np.tile(np.arange(1, 23), len(unit))
        parts.append(
            pd.DataFrame(
                {
                    "standard_id": _standard_ids(np.full(len(item), place), item),
                    "month": dates(np.repeat(month_days()[24 + month], 22)),
                    "unit": np.repeat(unit_ids(place)[unit], 22),
                    "delivered": score.ravel(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@table("promises")
def promises(world: World) -> pd.DataFrame:
    frame = world["service_gaps"].dropna(subset="promised")
    return pd.DataFrame(
        {
            "promise_id": np.array(
                [f"P-{s}" for s in _standard_ids(frame["place"], frame["item"])], dtype=object
            ),
            "place": labels(frame["place"], PLACES),
            "item": frame["item"],
            "promised": frame["promised"].round(1),
        }
    )


@table("truth/service_gaps")
def truth_service_gaps(world: World) -> pd.DataFrame:
    frame = world["service_gaps"].round(4)
    return frame.assign(place=labels(frame["place"], PLACES))


# --- deliveries: the core's faults, and small slips -----------------------------------------------------

RIGHTS = ("product", "quantity", "condition", "place", "time", "customer", "price")
SLIP = (0.006, 0.010, 0.012, 0.006, 0.025, 0.005, 0.007)  # small slips on a usual day
BAD_DAY, BAD_TIMES = 0.06, 10.0  # share of days in the warehouse when everything slips more, and how much
FIRST_DELIVERY = 546  # July 2023, after the courier's failure
BOX_DAY, BOX_SLIP = 947, 0.035  # from Monday 2024-08-05 thinner boxes: more arrive dented
PROMISED_DAYS = 3


@table("deliveries")
def deliveries(world: World) -> pd.DataFrame:
    placed = world["orders"]
    sent = (placed["channel"] > 0) & (placed["day"] >= FIRST_DELIVERY) & (placed["day"] < P.DAYS - 12)
    placed = placed[sent].sort_values("order_id", ignore_index=True)
    day = placed["day"].to_numpy().astype(np.int64)
    key = (placed["person"].to_numpy().astype(np.int64) * ROUNDS + placed["round"].to_numpy()) * 2
    cause = np.full(len(key), -1)
    faulty = np.flatnonzero(placed["severity"].to_numpy() > 0)
    shares = _CAUSE_SHARES[placed["severity"].to_numpy()[faulty] - 1]
    cause[faulty] = world.choice("complaint cause", key[faulty], shares)  # as in `complaints`
    named = {name: cause == k for k, name in enumerate(CAUSES)}
    stray = world.uniform("delivery stray", key) < 0.30
    wrong = {
        "product": named["wrong item"],
        "quantity": named["wrong item"] & stray,
        "condition": named["crushed box"] | named["stale tea"],
        "place": named["late or lost"] & stray,
        "time": named["late or lost"],
        "customer": (named["late or lost"] & stray) | named["rude or careless"],
        "price": named["billing"],
    }
    bad = world.uniform("delivery bad day", day) < BAD_DAY
    made = {}
    for name, share in zip(RIGHTS, SLIP, strict=True):
        chance = share * np.where(bad, BAD_TIMES, 1.0)
        if name == "condition":
            chance = chance + np.where(day >= BOX_DAY, BOX_SLIP, 0.0)
        made[f"right_{name}"] = ~(wrong[name] | (world.uniform(f"delivery {name}", key) < chance))
    took = 1 + np.floor(PROMISED_DAYS * world.uniform("delivery days", key)).astype(np.int64)
    late = 1 + np.floor(5 * world.uniform("delivery late", key) ** 2).astype(np.int64)
    arrived = day + np.where(made["right_time"], took, PROMISED_DAYS + late)
    return pd.DataFrame(
        {
            "order_id": placed["order_id"],
            "promised": dates(day + PROMISED_DAYS),
            "arrived": dates(arrived),
            **made,
        }
    )


# --- packing: grams in a tin ----------------------------------------------------------------------------

GRAMS, GRAMS_SPREAD = 100.5, 0.80
FILL_DAY, FILL_SHIFT = 989, -0.70  # from Monday 2024-09-16 the machine fills less
TINS = 5


@table("packing_checks")
def packing_checks(world: World) -> pd.DataFrame:
    """Five tins from each working day of 2024, weighed."""
    day = np.arange(P.LEARN_DAYS, P.DAYS)
    weekday = (np.datetime64(P.FIRST_DAY, "D") + day).astype("datetime64[D]").view("int64")
    day = day[(weekday + 3) % 7 < 5]
    days, tin = np.repeat(day, TINS), np.tile(np.arange(TINS), len(day))
    level = GRAMS + np.where(days >= FILL_DAY, FILL_SHIFT, 0.0)
    grams = level + GRAMS_SPREAD * world.normal("packing grams", days * TINS + tin)
    return pd.DataFrame({"date": dates(days), "tin": tin + 1, "grams": grams.round(2)})


# --- what quality costs ---------------------------------------------------------------------------------

KINDS = ("prevention", "appraisal", "internal failure", "external failure")
PREVENTION = (12, 10, 14, 11, 16, 20, 28, 36, 40, 34, 24, 22)  # thousand yuan a month, by quarter
FAILURE = 6.25e8  # failure cost of a month × prevention, in yuan²: least total at 25 000 yuan
INTERNAL = 0.40


def failure_constant(world: World) -> float:
    """Failure cost of a month = this / prevention."""
    return FAILURE * (0.85 + 0.30 * float(world.uniform("quality cost level", [0])[0]))


@table("quality_costs")
def quality_costs(world: World) -> pd.DataFrame:
    month = np.arange(P.MONTHS)
    spent = 1000 * np.array(PREVENTION)[month // 3] * np.exp(0.05 * world.normal("prevention", month))
    failed = failure_constant(world) / spent
    split = {"internal failure": INTERNAL, "external failure": 1 - INTERNAL}
    made = {"prevention": spent, "appraisal": 9000 * np.exp(0.05 * world.normal("appraisal", month))}
    for name, share in split.items():
        made[name] = share * failed * np.exp(0.12 * world.normal(name, month) - 0.0072)
    values = np.stack([made[name] for name in KINDS], axis=1)
    return pd.DataFrame(
        {
            "month": dates(np.repeat(month_days()[month], 4)),
            "kind": labels(np.tile(np.arange(4), P.MONTHS), KINDS),
            "amount": values.ravel().round(0),
        }
    )


# --- the test of care -----------------------------------------------------------------------------------

TRIGGERS = ("first order", "birthday", "silence")
TRIGGER_SHARES = (0.34, 0.33, 0.33)
CARE_BASE = (0.20, 0.14, 0.07)  # chance of coming within 60 days without care
CARE_EFFECT = (0.080, 0.018, 0.000)
CARE_MARGIN = 42.0  # yuan of margin at the tasting counter, if she comes
CARE_ASKED = 0.70


@stage("care")
def care(world: World) -> pd.DataFrame:
    """Members in the care test: trigger, arm, her chance of coming in both arms, and what she would spend."""
    ids = np.flatnonzero(world["people"]["retail"].to_numpy())
    person = ids[world.uniform("care asked", ids) < CARE_ASKED]
    trigger = world.choice("care trigger", person, TRIGGER_SHARES)
    tilt = 0.20 * world["people"]["attitude"].to_numpy()[person]
    base = np.clip(np.array(CARE_BASE)[trigger] * (1 + np.clip(tilt, -0.6, 0.6)), 0.0, 0.9)
    frame = pd.DataFrame({"person": person, "trigger": trigger, "base": base})
    frame["cared"] = base + np.array(CARE_EFFECT)[trigger]
    frame["arm"] = (world.uniform("care arm", person) < 0.5).astype(np.int64)
    chance = np.where(frame["arm"] == 1, frame["cared"], base)
    frame["came"] = world.uniform("care came", person) < chance
    frame["margin"] = (CARE_MARGIN * gamma_at(world.normal("care margin", person), 3.0) / 3.0).round(2)
    return frame


@table("care_test")
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


@table("truth/care")
def truth_care(world: World) -> pd.DataFrame:
    frame = world["care"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "comes_without": frame["base"].round(5),
            "comes_cared_for": frame["cared"].round(5),
        }
    )


# --- the pilot: what a point of quality is worth --------------------------------------------------------

PILOT_CUSTOMERS = 10_000  # in each place, half of them by lot with raised quality
KEEPS = 0.07  # chance of buying again by each point of quality
KEEPER_MARGIN = 140.0  # margin of six months of a customer who buys again
GOODWILL_RATING, GOODWILL_STAYS = 0.80, 0.14  # goodwill raises the rating and the buying: not the work of quality
RATING_NOISE = 0.60
# place, gap, what is done, yuan for six months, share of the gap it closes, customers in six months
PROJECTS = (
    (1, 1, "monthly customer panel for team leaders", 45_000.0, 0.5, 60_000),
    (1, 2, "new standards, and systems to meet them", 190_000.0, 0.6, 60_000),
    (1, 3, "coaching of agents", 70_000.0, 0.5, 60_000),
    (1, 4, "advertisements promise what is delivered", 12_000.0, 0.8, 60_000),
    (0, 1, "monthly customer panel for store heads", 60_000.0, 0.5, 90_000),
    (0, 2, "new standards", 90_000.0, 0.6, 90_000),
    (0, 3, "staff at peak hours, and coaching", 300_000.0, 0.5, 90_000),
    (0, 4, "advertisements promise what is delivered", 20_000.0, 0.8, 90_000),
)
PILOTED = {0: 0.5, 1: 0.6}  # place: share of its largest gap the pilot closes


def pilot_lift(world: World) -> dict[int, float]:
    """Points of quality the pilot adds in each place: its share of gap 3 in stores, gap 2 in the call centre."""
    means = _weighted(world["service_gaps"])
    levels = [means[name].to_numpy(dtype=float) for name in ("believed", "standard", "delivered")]
    believed, standard, delivered = levels
    lost = {0: float(delivered[0] - standard[0]), 1: float(standard[1] - believed[1])}
    return {place: -PILOTED[place] * lost[place] for place in lost}


def _pilot_spread() -> float:
    return float(np.hypot(GOODWILL_RATING, RATING_NOISE))


@table("gap_pilot")
def gap_pilot(world: World) -> pd.DataFrame:
    """Customers served by lot as usual or with raised quality, their rating and what they bought in six months."""
    lift, means = pilot_lift(world), _weighted(world["service_gaps"])
    place, ids = np.divmod(np.arange(2 * PILOT_CUSTOMERS), PILOT_CUSTOMERS)
    key = place * 1_000_000 + ids
    raised = world.uniform("pilot arm", key) < 0.5
    point = np.where(raised, np.array([lift[0], lift[1]])[place], 0.0)
    goodwill = np.clip(world.normal("pilot goodwill", key), -2, 2)
    usual = _level(means["perceived"].to_numpy(), _pilot_spread())[place]
    noise = RATING_NOISE * world.normal("pilot rating", key)
    chance = 0.68 + GOODWILL_STAYS * goodwill + KEEPS * point
    stays = world.uniform("pilot stays", key) < chance
    margin = (KEEPER_MARGIN * gamma_at(world.normal("pilot margin", key), 4.0) / 4.0).round(1)
    return pd.DataFrame(
        {
            "visit_id": np.arange(1, len(key) + 1),
            "place": labels(place, PLACES),
            "arm": labels(raised.astype(int), ("usual", "raised")),
            "quality": _answer(usual + GOODWILL_RATING * goodwill + noise + point),
            "margin": np.where(stays, margin, 0.0),
        }
    )


@table("gap_projects")
def gap_projects(world: World) -> pd.DataFrame:
    names = ["place", "gap", "project", "cost", "closes", "customers"]
    frame = pd.DataFrame(list(PROJECTS), columns=names)
    return frame.assign(place=labels(frame["place"], PLACES))


def rating_lift(world: World) -> dict[int, float]:
    """Mean rise of the pilot's rating in each place, in points on the scale 1–7 as customers can mark it."""
    lift, means = pilot_lift(world), _weighted(world["service_gaps"])
    goodwill = np.clip(ndtri((np.arange(4000) + 0.5) / 4000), -2, 2)
    usual = _level(means["perceived"].to_numpy(), _pilot_spread())
    made = {}
    for place, point in lift.items():
        level = usual[place] + GOODWILL_RATING * goodwill
        rise = expected_answer(level + point, RATING_NOISE) - expected_answer(level, RATING_NOISE)
        made[place] = float(rise.mean())
    return made


@table("truth/quality")
def truth_quality(world: World) -> pd.DataFrame:
    rated, lift = rating_lift(world), pilot_lift(world)
    chance = [KEEPS * KEEPER_MARGIN * lift[k] for k in (0, 1)]
    least = float(np.sqrt(failure_constant(world)))
    rows = [
        *((f"pilot: margin, {PLACES[k]}", chance[k], "yuan a customer in six months") for k in (0, 1)),
        *((f"pilot: rating, {PLACES[k]}", rated[k], "points, 1–7") for k in (0, 1)),
        ("worth of a point of quality", KEEPS * KEEPER_MARGIN, "yuan a customer in six months"),
        ("broken promise", BROKEN, "points of perception a point promised and not delivered"),
        ("boxes: more dented from 2024-08-05", BOX_SLIP, "share of deliveries"),
        ("filling: shift from 2024-09-16", FILL_SHIFT, "grams"),
        ("prevention of least total cost", least, "yuan a month"),
        *((f"care: {name}", effect, "share who come") for name, effect in zip(TRIGGERS, CARE_EFFECT, strict=True)),
        *((f"weight: {name}", weight, "share") for name, weight in zip(DIMENSIONS, WEIGHTS, strict=True)),
    ]
    return pd.DataFrame(rows, columns=["effect", "value", "unit"]).round({"value": 6})
