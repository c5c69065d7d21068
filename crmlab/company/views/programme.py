"""The loyalty programme of 2024: its test is a view of the core; which points are forgotten is drawn here."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.core.retail import ROUNDS
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

EVENTS = ("earned", "redeemed", "expired")


@table(
    "programme_test",
    grain="a member in the programme test of 2024",
    chapter="17",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member of 2023
    arm! string: invited or control, by lot
    volunteer! boolean: had joined the old stamp card unasked
    spend_2023! number [yuan]: amount of 2023
    spend_2024! number [yuan]: amount of 2024
    """,
)
def programme_test(world: World) -> pd.DataFrame:
    """Members of 2023: arm by lot, and what they spent before and after."""
    people = world["people"]
    member = np.flatnonzero((people["retail"] & (people["joined"] < firm.LEARN_DAYS)).to_numpy())
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
    p = world.parameters.loyalty
    placed = world["orders"]
    earns = world["programme"]["invited"].to_numpy()[placed["person"]] & (placed["day"] >= firm.LEARN_DAYS)
    frame = placed.loc[earns, ["person", "round", "day", "fen"]].reset_index(drop=True)
    ids = frame["person"].to_numpy() * ROUNDS + frame["round"].to_numpy()
    within = 1 - np.exp(-p.points_life / p.points_delay)
    delay = 1 + np.floor(-p.points_delay * np.log1p(-within * world.uniform("points delay", ids)))
    forgotten = world.uniform("points forgotten", ids) < p.breakage
    return pd.DataFrame(
        {
            "person": frame["person"],
            "earned": frame["day"].astype(int),
            "points": frame["fen"] // 100,
            "forgotten": forgotten,
            "ends": frame["day"].astype(int) + np.where(forgotten, p.points_life, delay).astype(int),
        }
    )


@table(
    "loyalty_ledger",
    grain="a points event",
    chapter="17",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member
    date* date: day
    event* string: earned, redeemed or expired
    points! integer [point]: points
    """,
)
def loyalty_ledger(world: World) -> pd.DataFrame:
    """Points earned, redeemed and expired to the end of 2024: one point for each whole yuan."""
    frame = world["points"]
    earned = pd.DataFrame({"person": frame["person"], "day": frame["earned"], "event": 0, "points": frame["points"]})
    ended = earned.assign(day=frame["ends"], event=np.where(frame["forgotten"], 2, 1))
    both = pd.concat([earned, ended[ended["day"] < firm.DAYS]])
    booked = both.groupby(["person", "day", "event"], as_index=False)["points"].sum()
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, booked["person"]),
            "date": dates(booked["day"]),
            "event": labels(booked["event"], EVENTS),
            "points": booked["points"],
        }
    )


@table(
    "truth/loyalty",
    grain="a planted number of chapter 17",
    chapter="17",
    scale="firm",
    columns="""
    parameter* string: what is planted
    value! number: its value
    """,
)
def truth_loyalty(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = {
        "effect of the programme": p.campaigns.programme_effect,
        "breakage": p.loyalty.breakage,
        "elasticity, gift buyers": p.people.elasticity_gift,
        "elasticity, others": p.people.elasticity_others,
        **dict(zip(("basic knot", "basic slope below", "basic slope above"), p.loyalty.basic, strict=True)),
        **dict(zip(("latent knot", "latent slope below", "latent slope above"), p.loyalty.latent, strict=True)),
        "attitude against the rival": p.rival.rival_attitude,
        "switching cost against the rival": p.rival.rival_switching,
        "habit against the rival": 0.0,
    }
    return pd.DataFrame({"parameter": list(rows), "value": list(rows.values())})
