"""Subscriptions: a monthly box, cancelled by a shifted beta-geometric law; exits, causes, second lives.

Months are numbered 0 … 35. A life that starts in month s and lasts L months has boxes in months
s … s+L−1; the subscriber is lost at the end of the last. Two tests of 2024 change what happens: the
retention call of month 27 and the win-back offer of month 30.
"""

import numpy as np
import pandas as pd
from scipy import special

from crmlab.company import firm
from crmlab.company.core import faults
from crmlab.company.core.exits import cause
from crmlab.company.core.retail import Ints
from crmlab.company.world import World, stage

FOREVER = 10**4


@stage("first_lives")
def first_lives(world: World) -> pd.DataFrame:
    """The first subscription of each subscriber, with what the retention test did and would have done."""
    p = world.parameters
    people = world["people"]
    person = np.flatnonzero(people["subscriber"].to_numpy())
    start = people["subscribed"].to_numpy()[person]
    lives = pd.DataFrame({"person": person, "start": start})
    lives["automatic"] = world.uniform("plan", person) >= p.subscriptions.plan_share
    lives["box"] = world.choice("box", person, p.subscriptions.box_shares)
    lives["natural_life"] = _natural_life(world, person, start)
    return _retention_test(world, lives)


def _natural_life(world: World, person: Ints, start: Ints) -> Ints:
    """Months until cancellation if nobody intervenes; hazards are raised by faults in the boxes."""
    churn = world["people"]["churn"].to_numpy()[person]
    patience = np.log(world.uniform("life", person)) / np.log1p(-churn)  # in months of normal hazard
    life = np.full(len(person), FOREVER)
    used = np.zeros(len(person))
    for tenure in range(firm.MONTHS):
        rows = np.flatnonzero((life == FOREVER) & (start + tenure < firm.MONTHS))
        if len(rows) == 0:
            break
        fault = box_faults(world, person[rows], start[rows] + tenure)
        used[rows] += faults.dropout_multiplier(world, fault.left)
        ended = rows[used[rows] >= patience[rows]]
        life[ended] = tenure + 1
    return life


def box_faults(world: World, person: Ints, month: Ints) -> faults.Faults:
    """The fault, if any, in the box of each person and month."""
    p = world.parameters
    city = world["people"]["city"].to_numpy()[person]
    day = firm.month_days()[month]
    crisis = (
        np.isin(city, p.faults.courier_cities) & (day >= p.faults.courier_days[0]) & (day < p.faults.courier_days[1])
    )
    chance = np.where(crisis, p.faults.courier_fault, p.faults.fault)
    return faults.draw(world, "box", person * 64 + month, person, day, chance)


def _retention_test(world: World, lives: pd.DataFrame) -> pd.DataFrame:
    """Half of the subscribers of month 27 get a call: it saves some, and wakes others to leave."""
    p = world.parameters
    month = p.retention.retention_month
    person, start = lives["person"].to_numpy(), lives["start"].to_numpy()
    people = world["people"].iloc[person]
    last = start + lives["natural_life"].to_numpy() - 1
    tested = (start < month) & (last >= month)
    leaves = last < firm.MONTHS
    z = (people["churn_score"].to_numpy() - p.retention.churn_score[0]) / p.retention.churn_score[1]
    receptive = people["receptive_score"].to_numpy()
    veteran = ~lives["automatic"].to_numpy() & (month - start > p.retention.veteran)
    saved = special.expit(
        p.retention.persuadable[0] + p.retention.persuadable[1] * z + p.retention.persuadable[2] * receptive
    )
    dog = p.retention.sleeping_dog
    woken = special.expit(dog[0] + dog[1] * veteran + dog[2] * z + dog[3] * receptive)
    draw = world.uniform("retention outcome", person)
    called = world.uniform("retention arm", person) < p.retention.retention_share
    lives["tested"] = tested
    lives["called"] = tested & called
    lives["leaves_if_not_called"] = tested & leaves
    lives["leaves_if_called"] = tested & np.where(leaves, draw >= saved, draw < woken)
    # probability of leaving under each arm, before fate is known: what a perfect model could know
    hazard = 1 - (1 - people["churn"].to_numpy()) ** (firm.MONTHS - month)
    lives["risk"] = np.where(tested, hazard, np.nan)
    lives["uplift"] = np.where(tested, hazard * saved - (1 - hazard) * woken, np.nan)
    window = firm.MONTHS - month
    woken_month = month + np.floor(window * world.uniform("woken month", person)).astype(int)
    life = lives["natural_life"].to_numpy().copy()
    life = np.where(lives["called"] & leaves & ~lives["leaves_if_called"], FOREVER, life)
    woke = (lives["called"] & ~leaves & lives["leaves_if_called"]).to_numpy()
    lives["woken"] = woke
    lives["saved"] = (lives["called"] & leaves & ~lives["leaves_if_called"]).to_numpy()
    lives["length"] = np.where(woke, woken_month - start + 1, life)
    return lives


@stage("subscriptions")
def subscriptions(world: World) -> pd.DataFrame:
    """Every subscription, first and second lives: one row each, with the true cause of its end."""
    p = world.parameters
    people = world["people"]
    first = world["first_lives"].assign(life=1)
    frame = first[["person", "start", "automatic", "box", "length", "life"]].copy()
    frame["cause"] = cause(world, frame["person"].to_numpy())
    back = world["winback"]
    back = back[back["returns"]]
    second = first.set_index("person").loc[back["person"], ["automatic", "box"]].reset_index()
    survival = np.array(p.retention.second_life)[back["cause"]]
    length = np.ceil(np.log(world.uniform("second life", back["person"])) / np.log(survival)).astype(int)
    second = second.assign(start=p.retention.winback_month, length=length, life=2)
    second["cause"] = world.choice("second cause", second["person"], np.full(6, 1 / 6))
    frame = pd.concat([frame, second], ignore_index=True)
    frame["end_month"] = frame["start"] + frame["length"] - 1  # the last month with a box
    over = frame["end_month"] >= firm.MONTHS
    frame["months"] = np.minimum(frame["length"], firm.MONTHS - frame["start"])
    frame["ended"] = ~over
    frame.loc[over, ["cause", "end_month"]] = -1
    price = np.array(p.subscriptions.box_prices)[frame["box"]] * np.where(
        frame["automatic"], p.subscriptions.automatic_price, 1.0
    )
    frame["price_fen"] = np.round(100 * price).astype(np.int64)
    frame["city"] = people["city"].to_numpy()[frame["person"]]
    frame["subscription_id"] = (frame["person"] + 1) * 10 + frame["life"]
    return frame.sort_values("subscription_id", ignore_index=True)


@stage("boxes")
def boxes(world: World) -> pd.DataFrame:
    """Every box sent: one row a subscription and month, with its fault, complaint and recovery."""
    lives = world["subscriptions"]
    row = np.repeat(np.arange(len(lives)), lives["months"])
    first = np.repeat(lives["months"].cumsum().to_numpy() - lives["months"].to_numpy(), lives["months"])
    month = lives["start"].to_numpy()[row] + np.arange(len(row)) - first
    person = lives["person"].to_numpy()[row]
    fault = box_faults(world, person, month)
    return pd.DataFrame(
        {
            "subscription_id": lives["subscription_id"].to_numpy()[row],
            "person": person,
            "month": month,
            "severity": fault.severity,
            "complained": fault.complained,
            "restored": fault.restored,
            "arm": fault.arm,
            "left": fault.left,
        }
    )
