"""Who the customers are: latent traits, cities, needs, life events and who referred whom.

Traits are joined so that two things hold at once: purchase rate, dropout and spend keep exactly the
distributions that BG/NBD, gamma–gamma and sBG assume, and satisfaction, attitude and loyalty are
truly linked to them. The trick is the rank in the pool: a customer's index of leaving (higher when
dissatisfied, by market regime) is turned into her rank among all customers, and the rank into a beta
quantile. Pooled, the probabilities are beta; by regime they are not.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import firm
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.parameters import Parameters
from crmlab.company.world import World, stage

HORIZON_YEARS = firm.DAYS / 365.25


@stage("people")
def people(world: World) -> pd.DataFrame:
    """One row a person, in the order of the customer number: everything latent about her."""
    p = world.parameters
    ids = np.arange(world.people)
    kind = _kind(world)
    female = world.uniform("sex", ids) < p.people.female
    age_score = world.normal("age", ids)
    segment = world.choice("need", ids, _segment_probabilities(p, age_score, female))
    city = world.choice("city", ids, p.people.city_shares)
    regime = np.array(firm.REGIME_OF_CITY)[city]
    frame = pd.DataFrame(
        {
            "retail": kind != 1,
            "subscriber": kind != 0,
            "female": female,
            "age": np.clip(np.round(p.people.age_mean + p.people.age_spread * age_score), *p.people.age_limits).astype(
                int
            ),
            "city": city.astype(np.int8),
            "regime": regime.astype(np.int8),
            "segment": segment.astype(np.int8),
            "taste": world.choice("taste", ids, np.full(5, 0.2)).astype(np.int8),
        }
    )
    for name, scores in _satisfaction_model(world, ids).items():
        frame[name] = scores
    rate_score, spend_score = world.normal("rate", ids), world.normal("spend", ids)
    frame["rate_score"], frame["spend_score"] = rate_score, spend_score
    frame["rate"] = gamma_at(rate_score, p.retail.rate[0]) / p.retail.rate[1]
    # the spend score is high for big spenders: their scale parameter is low
    frame["spend_scale"] = gamma_at(-spend_score, p.retail.spend[1]) / p.retail.spend[2]
    index = _leaving_index(p, regime, frame["satisfaction"].to_numpy()) + world.normal("leaving", ids)
    cities = np.arange(len(p.people.city_shares))
    retail_rank = _rank_in_pool(p, index, cities[cities != firm.RIVAL_CITY])
    subscriber_rank = _rank_in_pool(p, index, cities)
    frame["dropout"] = special.betaincinv(*p.retail.dropout, retail_rank)
    frame["churn"] = special.betaincinv(*p.subscriptions.churn, subscriber_rank)
    frame["churn_score"] = special.ndtri(subscriber_rank)
    habit = p.people.habit[0] * rate_score + p.people.habit[1] * world.normal("habit", ids)
    frame["habit"] = habit
    frame["switching_cost"] = p.people.switching[0] * habit + p.people.switching[1] * world.normal(
        "switching cost", ids
    )
    frame["service_score"] = p.people.effort[0] * rate_score + p.people.effort[1] * world.normal("service", ids)
    attitude, rate, spend, rest = p.people.advocacy
    frame["referral_score"] = (
        attitude * frame["attitude"] + rate * rate_score + spend * spend_score + rest * world.normal("referral", ids)
    )
    gift = segment == firm.SEGMENTS.index("gift")
    frame["elasticity"] = np.where(gift, p.people.elasticity_gift, p.people.elasticity_others)
    frame["elasticity"] = frame["elasticity"] + p.people.elasticity_spread * world.normal("elasticity", ids)
    frame["complaint_score"] = world.normal("complaint", ids)
    frame["receptive_score"] = world.normal("receptive", ids)
    frame["joined"] = np.floor(p.people.join_days * world.uniform("join", ids) ** p.people.join_power).astype(int)
    frame["subscribed"] = np.floor(firm.MONTHS * world.uniform("start", ids) ** p.subscriptions.start_power).astype(int)
    return frame


def _kind(world: World) -> NDArray[Any]:
    """0 retail only, 1 subscriber only, 2 both: fixed shares in every 43 people, in random order."""
    pattern = world.parameters.people.pattern
    block = sum(pattern)
    rows = -(-world.people // block)
    shuffled = world.uniform("kind", np.arange(rows * block)).reshape(rows, block).argsort(axis=1)
    return np.repeat([0, 1, 2], pattern)[shuffled].ravel()[: world.people]


def _segment_probabilities(p: Parameters, age_score: Floats, female: NDArray[np.bool_]) -> Floats:
    tilt = np.outer(age_score, p.people.segment_age) + np.outer(female - p.people.female, p.people.segment_sex)
    return np.array(p.people.segment_base) * np.exp(tilt)


def _satisfaction_model(world: World, ids: NDArray[Any]) -> dict[str, Floats]:
    """Scores of the ECSI model: fixed paths, residuals sized so that every variance is 1."""
    scores: dict[str, Floats] = {}
    for name, spread in world["residual_spread"].items():
        causes = world.parameters.satisfaction.paths.get(name, {})
        explained = sum((b * scores[cause] for cause, b in causes.items()), np.zeros(len(ids)))
        scores[name] = explained + spread * world.normal(name, ids)
    return scores


@stage("residual_spread")
def residual_spread(world: World) -> dict[str, float]:
    """Standard deviation that the causes of each latent leave over, all variances being 1."""
    covariance = {("image", "image"): 1.0}
    spread = {"image": 1.0}
    for name, causes in world.parameters.satisfaction.paths.items():
        for other in spread:
            shared = sum(b * covariance[other, cause] for cause, b in causes.items())
            covariance[other, name] = covariance[name, other] = shared
        covariance[name, name] = 1.0
        spread[name] = float(np.sqrt(1 - sum(b * covariance[cause, name] for cause, b in causes.items())))
    return spread


def _shape(p: Parameters, regime: int, satisfaction: Floats) -> Floats:
    """How satisfaction counts in a market regime: concave, linear or convex, mean 0, variance 1."""
    if regime == 1:
        return satisfaction
    c = -p.satisfaction.concave if regime == 0 else p.satisfaction.convex
    curve = (np.exp(c * satisfaction) - np.exp(c**2 / 2)) / np.sqrt((np.exp(c**2) - 1) * np.exp(c**2))
    return curve if c > 0 else -curve


def _leaving_index(p: Parameters, regime: NDArray[Any], satisfaction: Floats) -> Floats:
    index = np.empty(len(satisfaction))
    for r in range(len(firm.REGIMES)):
        here = regime == r
        index[here] = p.satisfaction.regime_level[r] - p.satisfaction.regime_slope[r] * _shape(p, r, satisfaction[here])
    return index


_GRID = np.linspace(-20, 9, 581)  # of the index of leaving
_POOLS: dict[str, Floats] = {}  # the curve is the same in every company with these parameters


def _rank_in_pool(p: Parameters, index: Floats, cities: NDArray[Any]) -> Floats:
    """Share of all customers of these cities whose index of leaving is lower (an exact CDF)."""
    pool = f"{p.satisfaction} {p.people.city_shares} {cities}"
    if pool not in _POOLS:
        _POOLS[pool] = _pool(p, cities)
    return special.ndtr(np.interp(index, _GRID, _POOLS[pool]))


def _pool(p: Parameters, cities: NDArray[Any]) -> Floats:
    """The CDF of the index over a pool of cities, as a normal score, where the curve is nearly straight."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    shares = np.zeros(len(firm.REGIMES))
    np.add.at(shares, np.array(firm.REGIME_OF_CITY)[cities], np.array(p.people.city_shares)[cities])
    cdf = np.zeros(len(_GRID))
    for r, share in enumerate(shares / shares.sum()):
        mean = _leaving_index(p, np.full(len(nodes), r), nodes)
        cdf += share * (special.ndtr(_GRID[:, None] - mean) @ weights)
    return special.ndtri(np.clip(cdf, 1e-300, 1 - 1e-15))


@stage("life_events")
def life_events(world: World) -> pd.DataFrame:
    """Moves and babies, sorted by person and day; a subscriber who left because she moved did move then."""
    p = world.parameters
    ids = np.arange(world.people)
    has = world.uniform("event", ids) < (p.people.moved + p.people.baby) * HORIZON_YEARS
    moved = world.uniform("event kind", ids) < p.people.moved / (p.people.moved + p.people.baby)
    day = np.floor(firm.DAYS * world.uniform("event day", ids)).astype(int)
    events = pd.DataFrame({"person": ids, "event": np.where(moved, "moved", "baby"), "day": day})[has]
    lives = world["subscriptions"]
    left = lives[(lives["life"] == 1) & (lives["cause"] == firm.CAUSES.index("moved"))]
    moving_day = firm.month_days()[left["end_month"]] + day[left["person"]] % 28
    exits = pd.DataFrame({"person": left["person"], "event": "moved", "day": moving_day})
    events = pd.concat([events, exits]).drop_duplicates(["person", "day"])
    return events.sort_values(["person", "day"], ignore_index=True)


def first_days(world: World) -> NDArray[Any]:
    """Day on which each person first became a customer, in either line of business."""
    people = world["people"]
    start = firm.month_days()[people["subscribed"]]
    retail = np.where(people["retail"], people["joined"], firm.DAYS)
    return np.minimum(retail, np.where(people["subscriber"], start, firm.DAYS))
