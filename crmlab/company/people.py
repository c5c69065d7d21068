"""Who the customers are: latent traits, cities, needs, life events and who referred whom.

Traits are joined so that two things hold at once: purchase rate, dropout and spend keep exactly the
distributions that BG/NBD, gamma–gamma and sBG assume, and satisfaction, attitude and loyalty are
truly linked to them. The trick is the rank in the pool: a customer's index of leaving (higher when
dissatisfied, by market regime) is turned into her rank among all customers, and the rank into a beta
quantile. Pooled, the probabilities are beta; by regime they are not.
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import parameters as P
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.world import World, stage

HORIZON_YEARS = P.DAYS / 365.25


@stage("people")
def people(world: World) -> pd.DataFrame:
    """One row a person, in the order of the customer number: everything latent about her."""
    p = world.parameters
    ids = np.arange(world.people)
    kind = _kind(world)
    female = world.uniform("sex", ids) < p.female
    age_score = world.normal("age", ids)
    segment = world.choice("need", ids, _segment_probabilities(p, age_score, female))
    city = world.choice("city", ids, p.city_shares)
    regime = np.array(P.REGIME_OF_CITY)[city]
    frame = pd.DataFrame(
        {
            "retail": kind != 1,
            "subscriber": kind != 0,
            "female": female,
            "age": np.clip(np.round(41 + 12.5 * age_score), 18, 85).astype(int),
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
    frame["rate"] = gamma_at(rate_score, p.rate[0]) / p.rate[1]
    # the spend score is high for big spenders: their scale parameter is low
    frame["spend_scale"] = gamma_at(-spend_score, p.spend[1]) / p.spend[2]
    index = _leaving_index(p, regime, frame["satisfaction"].to_numpy()) + world.normal("leaving", ids)
    cities = np.arange(len(p.city_shares))
    retail_rank = _rank_in_pool(p, index, cities[cities != P.RIVAL_CITY])
    subscriber_rank = _rank_in_pool(p, index, cities)
    frame["dropout"] = special.betaincinv(*p.dropout, retail_rank)
    frame["churn"] = special.betaincinv(*p.churn, subscriber_rank)
    frame["churn_score"] = special.ndtri(subscriber_rank)
    habit = 0.5 * rate_score + 0.87 * world.normal("habit", ids)
    frame["habit"] = habit
    frame["switching_cost"] = 0.2 * habit + 0.98 * world.normal("switching cost", ids)
    frame["service_score"] = 0.15 * rate_score + 0.99 * world.normal("service", ids)
    frame["referral_score"] = (
        0.25 * frame["attitude"]
        + 0.54 * rate_score
        + 0.34 * spend_score
        + 0.73 * world.normal("referral", ids)
    )
    gift = segment == P.SEGMENTS.index("gift")
    frame["elasticity"] = np.where(gift, -0.6, -2.1) + 0.4 * world.normal("elasticity", ids)
    frame["complaint_score"] = world.normal("complaint", ids)
    frame["receptive_score"] = world.normal("receptive", ids)
    frame["joined"] = np.floor(p.join_days * world.uniform("join", ids) ** p.join_power).astype(int)
    frame["subscribed"] = np.floor(P.MONTHS * world.uniform("start", ids) ** p.start_power).astype(int)
    return frame


def _kind(world: World) -> NDArray[Any]:
    """0 retail only, 1 subscriber only, 2 both: fixed shares in every 43 people, in random order."""
    pattern = world.parameters.pattern
    block = sum(pattern)
    rows = -(-world.people // block)
    shuffled = world.uniform("kind", np.arange(rows * block)).reshape(rows, block).argsort(axis=1)
    return np.repeat([0, 1, 2], pattern)[shuffled].ravel()[: world.people]


def _segment_probabilities(p: P.Parameters, age_score: Floats, female: NDArray[np.bool_]) -> Floats:
    tilt = np.outer(age_score, p.segment_age) + np.outer(female - p.female, p.segment_sex)
    return np.array(p.segment_base) * np.exp(tilt)


def _satisfaction_model(world: World, ids: NDArray[Any]) -> dict[str, Floats]:
    """Scores of the ECSI model: fixed paths, residuals sized so that every variance is 1."""
    scores: dict[str, Floats] = {}
    for name, spread in world["residual_spread"].items():
        causes = world.parameters.paths.get(name, {})
        explained = sum((b * scores[cause] for cause, b in causes.items()), np.zeros(len(ids)))
        scores[name] = explained + spread * world.normal(name, ids)
    return scores


@stage("residual_spread")
def residual_spread(world: World) -> dict[str, float]:
    """Standard deviation that the causes of each latent leave over, all variances being 1."""
    covariance = {("image", "image"): 1.0}
    spread = {"image": 1.0}
    for name, causes in world.parameters.paths.items():
        for other in spread:
            shared = sum(b * covariance[other, cause] for cause, b in causes.items())
            covariance[other, name] = covariance[name, other] = shared
        covariance[name, name] = 1.0
        spread[name] = float(np.sqrt(1 - sum(b * covariance[cause, name] for cause, b in causes.items())))
    return spread


def _shape(p: P.Parameters, regime: int, satisfaction: Floats) -> Floats:
    """How satisfaction counts in a market regime: concave, linear or convex, mean 0, variance 1."""
    if regime == 1:
        return satisfaction
    c = -p.concave if regime == 0 else p.convex
    curve = (np.exp(c * satisfaction) - np.exp(c**2 / 2)) / np.sqrt((np.exp(c**2) - 1) * np.exp(c**2))
    return curve if c > 0 else -curve


def _leaving_index(p: P.Parameters, regime: NDArray[Any], satisfaction: Floats) -> Floats:
    index = np.empty(len(satisfaction))
    for r in range(len(P.REGIMES)):
        here = regime == r
        index[here] = p.regime_level[r] - p.regime_slope[r] * _shape(p, r, satisfaction[here])
    return index


_GRID = np.linspace(-20, 9, 581)  # of the index of leaving
_POOLS: dict[str, Floats] = {}  # the curve is the same in every company with these parameters


def _rank_in_pool(p: P.Parameters, index: Floats, cities: NDArray[Any]) -> Floats:
    """Share of all customers of these cities whose index of leaving is lower (an exact CDF)."""
    pool = f"{p} {cities}"
    if pool not in _POOLS:
        _POOLS[pool] = _pool(p, cities)
    return special.ndtr(np.interp(index, _GRID, _POOLS[pool]))


def _pool(p: P.Parameters, cities: NDArray[Any]) -> Floats:
    """The CDF of the index over a pool of cities, as a normal score, where the curve is nearly straight."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    shares = np.zeros(len(P.REGIMES))
    np.add.at(shares, np.array(P.REGIME_OF_CITY)[cities], np.array(p.city_shares)[cities])
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
    has = world.uniform("event", ids) < (p.moved + p.baby) * HORIZON_YEARS
    moved = world.uniform("event kind", ids) < p.moved / (p.moved + p.baby)
    day = np.floor(P.DAYS * world.uniform("event day", ids)).astype(int)
    events = pd.DataFrame({"person": ids, "event": np.where(moved, "moved", "baby"), "day": day})[has]
    lives = world["subscriptions"]
    left = lives[(lives["life"] == 1) & (lives["cause"] == P.CAUSES.index("moved"))]
    moving_day = month_days()[left["end_month"]] + day[left["person"]] % 28
    exits = pd.DataFrame({"person": left["person"], "event": "moved", "day": moving_day})
    events = pd.concat([events, exits]).drop_duplicates(["person", "day"])
    return events.sort_values(["person", "day"], ignore_index=True)


@cache
def month_days() -> NDArray[Any]:
    """First day number of each of the 36 months, and the day after the last."""
    starts = pd.date_range(P.FIRST_DAY, periods=P.MONTHS + 1, freq="MS")
    return (starts - pd.Timestamp(P.FIRST_DAY)).days.to_numpy()


@stage("referrals")
def referrals(world: World) -> pd.DataFrame:
    """Who was brought by whom, among the people in the tables.

    A candidate picks among the 860 people before her, in proportion to exp(slope × referral score);
    the link stands when that person had joined earlier. Referred people spend more because they are
    chosen so (spend score), not because they were referred.
    """
    p = world.parameters
    people = world["people"]
    first = first_days(world)
    ids = np.arange(world.people)
    tilt = np.exp(p.referred_spend * people["spend_score"].to_numpy() - p.referred_spend**2 / 2)
    candidate = world.uniform("referred", ids) < p.referred * tilt
    weight = np.exp(p.referral_slope * people["referral_score"].to_numpy())
    total = np.concatenate([[0.0], np.cumsum(weight)])
    low = np.maximum(ids - p.referral_window, 0)
    aim = total[low] + world.uniform("referrer", ids) * (total[ids] - total[low])
    referrer = np.clip(np.searchsorted(total, aim, side="right") - 1, 0, None)
    stands = candidate & (ids > 0) & (first[referrer] < first)
    frame = pd.DataFrame({"person": ids[stands], "referrer": referrer[stands], "day": first[stands]})
    first_type = world.uniform("referral type", frame["person"]) < p.type_1
    frame["type"] = np.where(first_type, 1, 2)
    from_new = 60 * gamma_at(world.normal("referral value", frame["person"]), 2.0) / 2
    frame["value"] = 35 + np.where(first_type, from_new, 0.0)
    return frame


def first_days(world: World) -> NDArray[Any]:
    """Day on which each person first became a customer, in either line of business."""
    people = world["people"]
    start = month_days()[people["subscribed"]]
    retail = np.where(people["retail"], people["joined"], P.DAYS)
    return np.minimum(retail, np.where(people["subscriber"], start, P.DAYS))
