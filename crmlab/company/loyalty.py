"""Loyalty: points and their fate, the programme test, a price test, a loyalty survey, leads and referrals.

The programme test and the referrals are views of the core. Points are booked for the orders of the invited half of
2024; which of them are forgotten is drawn here, and so are the prices shown in the price test. The loyalty survey
has two knots: basic expectations cost loyalty when they are missed, latent ones win it when they are exceeded.
"""

import numpy as np
import pandas as pd

from crmlab.company import parameters as P
from crmlab.company.baskets import PRODUCTS
from crmlab.company.chance import Floats
from crmlab.company.people import first_days
from crmlab.company.retail import ROUNDS
from crmlab.company.surveys import WAVE_DAYS, active_on
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

BREAKAGE = 0.22  # share of points never redeemed
POINTS_LIFE = 180  # days until points expire
POINTS_DELAY = 60.0  # mean days to redemption, of a law cut at the end of their life
EVENTS = ("earned", "redeemed", "expired")

PRICE_SHARE = 0.14
PRICE_FACTORS = np.array([0.80, 0.90, 1.00, 1.10, 1.25])  # shown price over list price, by lot
PRICE_TEAS = 4
PRICE_NOISE = (0.40, 0.45)  # log of grams: between people, within

SURVEY_SHARE = 0.30
BASIC = (7.0, 6.0, 0.5)  # knot, slope below it, slope above it: points of intention for a point
LATENT = (6.0, 0.5, 6.0)
INTENTION = (22.0, 9.0)  # level, noise
RECOMMEND = (7.4, 2.0, 0.70)  # level, spread, share of attitude

LEAD_SOURCES = ("referral", "walk-in", "web search", "wechat", "event")
WAS_LEAD = (0.35, 0.10, 0.35, 0.45, 0.60)  # share of customers of a source who were a lead before
LOST_LEADS = 0.62  # leads without an order, for each customer
LOST_SOURCES = (0.10, 0.08, 0.34, 0.33, 0.15)
LEAD_DAYS = 30.0  # mean days from lead to first order


@table("programme_test")
def programme_test(world: World) -> pd.DataFrame:
    """Members of 2023: arm by lot, and what they spent before and after."""
    people = world["people"]
    member = np.flatnonzero((people["retail"] & (people["joined"] < P.LEARN_DAYS)).to_numpy())
    frame = world["programme"].iloc[member]
    placed = world["orders"]
    year = np.searchsorted([365, 730], placed["day"], side="right")
    spent = [placed["fen"].where(year == k, 0).groupby(placed["person"]).sum().reindex(member) for k in (1, 2)]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, member),
            "arm": labels((~frame["invited"]).astype(int), ("invited", "control")),
            "volunteer": frame["volunteer"].to_numpy(),
            "spend_2023": spent[0].fillna(0).to_numpy() / 100,
            "spend_2024": spent[1].fillna(0).to_numpy() / 100,
        }
    )


@stage("points")
def points(world: World) -> pd.DataFrame:
    """One row an order of the invited in 2024: its points, and the day they are redeemed or expire."""
    placed = world["orders"]
    earns = world["programme"]["invited"].to_numpy()[placed["person"]] & (placed["day"] >= P.LEARN_DAYS)
    frame = placed.loc[earns, ["person", "round", "day", "fen"]].reset_index(drop=True)
    ids = frame["person"].to_numpy() * ROUNDS + frame["round"].to_numpy()
    within = 1 - np.exp(-POINTS_LIFE / POINTS_DELAY)
    delay = 1 + np.floor(-POINTS_DELAY * np.log1p(-within * world.uniform("points delay", ids)))
    forgotten = world.uniform("points forgotten", ids) < BREAKAGE
    return pd.DataFrame(
        {
            "person": frame["person"],
            "earned": frame["day"].astype(int),
            "points": frame["fen"] // 100,
            "forgotten": forgotten,
            "ends": frame["day"].astype(int) + np.where(forgotten, POINTS_LIFE, delay).astype(int),
        }
    )


@table("loyalty_ledger")
def loyalty_ledger(world: World) -> pd.DataFrame:
    """Points earned, redeemed and expired to the end of 2024: one point for each whole yuan."""
    frame = world["points"]
    earned = pd.DataFrame({"person": frame["person"], "day": frame["earned"], "event": 0, "points": frame["points"]})
    ended = earned.assign(day=frame["ends"], event=np.where(frame["forgotten"], 2, 1))
    both = pd.concat([earned, ended[ended["day"] < P.DAYS]])
    booked = both.groupby(["person", "day", "event"], as_index=False)["points"].sum()
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, booked["person"]),
            "date": dates(booked["day"]),
            "event": labels(booked["event"], EVENTS),
            "points": booked["points"],
        }
    )


@table("price_test")
def price_test(world: World) -> pd.DataFrame:
    """October 2024: some members see four teas of different kinds on a page, each at a price drawn by lot."""
    people = world["people"]
    member = np.flatnonzero((people["retail"] & (people["joined"] < 1004)).to_numpy())
    member = member[world.uniform("price test asked", member) < PRICE_SHARE]
    person = np.repeat(member, PRICE_TEAS)
    place = np.tile(np.arange(PRICE_TEAS), len(member))
    ids = person * 8 + place
    kind = (np.floor(8 * world.uniform("price test kind", person)).astype(int) + 2 * place) % 8
    tea = kind * 5 + np.floor(5 * world.uniform("price test tea", ids)).astype(int)
    listed = PRODUCTS["fen_per_gram"].to_numpy()[tea]  # fen a gram is yuan a hundred grams
    price = np.round(listed * PRICE_FACTORS[np.floor(5 * world.uniform("price test price", ids)).astype(int)], 1)
    between, within = PRICE_NOISE
    log_grams = between * world.normal("price test person", person) + within * world.normal("price test noise", ids)
    log_grams = np.log(150) + log_grams + people["elasticity"].to_numpy()[person] * np.log(price / listed)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "product_id": PRODUCTS["product_id"].to_numpy()[tea],
            "price": price,
            "grams": np.maximum(np.round(np.exp(log_grams)), 1).astype(np.int64),
        }
    ).sort_values(["customer_id", "product_id"], ignore_index=True)


def bent(x: Floats, shape: tuple[float, float, float]) -> Floats:
    """Two slopes that meet at a knot; 0 at the knot."""
    knot, below, above = shape
    return below * np.minimum(x - knot, 0) + above * np.maximum(x - knot, 0)


@table("loyalty_survey")
def loyalty_survey(world: World) -> pd.DataFrame:
    """March 2024: how far basic and latent expectations were met, the intention to stay, the recommendation."""
    person = active_on(world, WAVE_DAYS[2])
    person = person[world.uniform("loyalty survey asked", person) < SURVEY_SHARE]
    people = world["people"].iloc[person]

    def scale(name: str, level: float, share: float, latent: str) -> Floats:
        noise = np.sqrt(1 - share**2) * world.normal(f"loyalty survey {name}", person)
        return np.clip(np.round(level + 1.75 * (share * people[latent].to_numpy() + noise)), 1, 10)

    basic = scale("basic", 7.2, 0.8, "product_quality")
    latent = scale("latent", 5.6, 0.6, "service_quality")
    level, spread = INTENTION
    intention = level + BASIC[0] * BASIC[1] + LATENT[0] * LATENT[1] + bent(basic, BASIC) + bent(latent, LATENT)
    intention = intention + spread * world.normal("loyalty survey intention", person)
    mean, wide, share = RECOMMEND
    noise = np.sqrt(1 - share**2) * world.normal("loyalty survey recommend", person)
    recommend = mean + wide * (share * people["attitude"].to_numpy() + noise)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "basic": basic.astype(np.int64),
            "latent": latent.astype(np.int64),
            "intention": np.clip(np.round(intention), 0, 100).astype(np.int64),
            "recommend": np.clip(np.round(recommend), 0, 10).astype(np.int64),
        }
    )


@table("referrals")
def referrals(world: World) -> pd.DataFrame:
    """Who brought whom: the firm does not know whether she would have come anyway, nor what it was worth."""
    frame = world["referrals"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["referrer"]),
            "referred": customer_ids(world, frame["person"]),
            "date": dates(frame["day"]),
        }
    )


@table("leads")
def leads(world: World) -> pd.DataFrame:
    """People who showed an interest: some customers before their first order, and those who never bought."""
    ids = np.arange(world.people)
    first = first_days(world)
    brought = np.isin(ids, world["referrals"]["person"])
    source = np.where(brought, 0, 1 + world.choice("source", ids, (0.45, 0.22, 0.20, 0.13)))
    created = first - 1 - np.floor(LEAD_DAYS * world.exponential("lead days", ids)).astype(int)
    was = (world.uniform("was lead", ids) < np.array(WAS_LEAD)[source]) & (created >= 0)
    lost = world.uniform("lost lead", ids) < LOST_LEADS
    won = pd.DataFrame({"number": 2 * ids, "source": source, "created": created, "person": ids})[was]
    other = pd.DataFrame(
        {
            "number": 2 * ids + 1,
            "source": world.choice("lost lead source", ids, LOST_SOURCES),
            "created": np.floor(P.DAYS * world.uniform("lost lead day", ids)).astype(int),
            "person": -1,
        }
    )[lost]
    both = pd.concat([won, other]).sort_values("number", ignore_index=True)
    known = both["person"].to_numpy() >= 0
    customer = np.full(len(both), None, dtype=object)
    customer[known] = customer_ids(world, both.loc[known, "person"])
    return pd.DataFrame(
        {
            "lead_id": [f"L{n + 2:06d}" for n in both["number"]],
            "source": labels(both["source"], LEAD_SOURCES),
            "created": dates(both["created"]),
            "converted": dates(np.where(known, first[both["person"]], P.DAYS)),
            "customer_id": pd.Series(customer, dtype="str"),
        }
    )


@table("truth/loyalty")
def truth_loyalty(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = {
        "effect of the programme": p.programme_effect,
        "breakage": BREAKAGE,
        "elasticity, gift buyers": -0.6,
        "elasticity, others": -2.1,
        **dict(zip(("basic knot", "basic slope below", "basic slope above"), BASIC, strict=True)),
        **dict(zip(("latent knot", "latent slope below", "latent slope above"), LATENT, strict=True)),
        "attitude against the rival": 0.8,
        "switching cost against the rival": 0.4,
        "habit against the rival": 0.0,
    }
    return pd.DataFrame({"parameter": list(rows), "value": list(rows.values())})
