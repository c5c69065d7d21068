"""Subscriptions: a monthly box, cancelled by a shifted beta-geometric law; exits, causes, second lives.

Months are numbered 0 … 35. A life that starts in month s and lasts L months has boxes in months
s … s+L−1; the subscriber is lost at the end of the last. Two tests of 2024 change what happens: the
retention call of month 27 and the win-back offer of month 30.
"""

import numpy as np
import pandas as pd
from scipy import special

from crmlab.company import faults
from crmlab.company import parameters as P
from crmlab.company.chance import Floats
from crmlab.company.people import month_days
from crmlab.company.retail import Ints
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
    lives["automatic"] = world.uniform("plan", person) >= p.plan_share
    lives["box"] = world.choice("box", person, p.box_shares)
    lives["natural_life"] = _natural_life(world, person, start)
    return _retention_test(world, lives)


def _natural_life(world: World, person: Ints, start: Ints) -> Ints:
    """Months until cancellation if nobody intervenes; hazards are raised by faults in the boxes."""
    churn = world["people"]["churn"].to_numpy()[person]
    patience = np.log(world.uniform("life", person)) / np.log1p(-churn)  # in months of normal hazard
    life = np.full(len(person), FOREVER)
    used = np.zeros(len(person))
    for tenure in range(P.MONTHS):
        rows = np.flatnonzero((life == FOREVER) & (start + tenure < P.MONTHS))
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
    day = month_days()[month]
    crisis = np.isin(city, p.courier_cities) & (day >= p.courier_days[0]) & (day < p.courier_days[1])
    chance = np.where(crisis, p.courier_fault, p.fault)
    return faults.draw(world, "box", person * 64 + month, person, day, chance)


def _retention_test(world: World, lives: pd.DataFrame) -> pd.DataFrame:
    """Half of the subscribers of month 27 get a call: it saves some, and wakes others to leave."""
    p = world.parameters
    month = p.retention_month
    person, start = lives["person"].to_numpy(), lives["start"].to_numpy()
    people = world["people"].iloc[person]
    last = start + lives["natural_life"].to_numpy() - 1
    tested = (start < month) & (last >= month)
    leaves = last < P.MONTHS
    z = (people["churn_score"].to_numpy() - p.churn_score[0]) / p.churn_score[1]
    receptive = people["receptive_score"].to_numpy()
    veteran = ~lives["automatic"].to_numpy() & (month - start > 12)
    saved = special.expit(p.persuadable[0] + p.persuadable[1] * z + p.persuadable[2] * receptive)
    dog = p.sleeping_dog
    woken = special.expit(dog[0] + dog[1] * veteran + dog[2] * z + dog[3] * receptive)
    draw = world.uniform("retention outcome", person)
    called = world.uniform("retention arm", person) < 0.5
    lives["tested"] = tested
    lives["called"] = tested & called
    lives["leaves_if_not_called"] = tested & leaves
    lives["leaves_if_called"] = tested & np.where(leaves, draw >= saved, draw < woken)
    # probability of leaving under each arm, before fate is known: what a perfect model could know
    hazard = 1 - (1 - people["churn"].to_numpy()) ** (P.MONTHS - month)
    lives["risk"] = np.where(tested, hazard, np.nan)
    lives["uplift"] = np.where(tested, hazard * saved - (1 - hazard) * woken, np.nan)
    window = P.MONTHS - month
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
    frame["cause"] = _cause(world, frame["person"].to_numpy())
    back = world["winback"]
    back = back[back["returns"]]
    second = first.set_index("person").loc[back["person"], ["automatic", "box"]].reset_index()
    survival = np.array(p.second_life)[back["cause"]]
    length = np.ceil(np.log(world.uniform("second life", back["person"])) / np.log(survival)).astype(int)
    second = second.assign(start=p.winback_month, length=length, life=2)
    second["cause"] = world.choice("second cause", second["person"], np.full(6, 1 / 6))
    frame = pd.concat([frame, second], ignore_index=True)
    frame["end_month"] = frame["start"] + frame["length"] - 1  # the last month with a box
    over = frame["end_month"] >= P.MONTHS
    frame["months"] = np.minimum(frame["length"], P.MONTHS - frame["start"])
    frame["ended"] = ~over
    frame.loc[over, ["cause", "end_month"]] = -1
    price = np.array(p.box_prices)[frame["box"]] * np.where(frame["automatic"], 0.92, 1.0)
    frame["price_fen"] = np.round(100 * price).astype(np.int64)
    frame["city"] = people["city"].to_numpy()[frame["person"]]
    frame["subscription_id"] = (frame["person"] + 1) * 10 + frame["life"]
    return frame.sort_values("subscription_id", ignore_index=True)


def _cause(world: World, person: Ints) -> Ints:
    """Why each person would leave: softmax over six causes."""
    people = world["people"].iloc[person]
    satisfaction = people["satisfaction"].to_numpy()
    score = np.tile(world.parameters.cause_level, (len(person), 1))
    score[:, 0] += -0.5 * (people["elasticity"].to_numpy() + 1.8)
    score[:, 1] += -0.8 * satisfaction
    score[:, 2] += 0.5 * (people["regime"].to_numpy() - 1) - 0.3 * satisfaction
    score[:, 3] += -0.2 * satisfaction
    score[:, 5] += 0.15 * satisfaction
    return world.choice("cause", person, np.exp(score))


@stage("exits")
def exits(world: World) -> pd.DataFrame:
    """Each end of a first life: the true cause, what the leaver says, and whether she answers at all."""
    p = world.parameters
    lives = world["subscriptions"]
    frame = lives.loc[(lives["life"] == 1) & lives["ended"], ["person", "end_month", "cause"]]
    person, cause = frame["person"].to_numpy(), frame["cause"].to_numpy()
    says_price = world.uniform("says price", person) < np.array(p.says_price)[cause]
    # a true "price" leaver who does not say so names one of the other causes
    other = 1 + np.floor(5 * world.uniform("says other", person)).astype(int)
    said = np.where(says_price, 0, np.where(cause == 0, other, cause))
    frame = frame.assign(says=said, answers=world.uniform("exit answer", person) < p.exit_answer)
    return frame.reset_index(drop=True)


@stage("winback")
def winback(world: World) -> pd.DataFrame:
    """The win-back test of month 30: all who had left by then, three arms, and every arm's outcome."""
    p = world.parameters
    lives = world["first_lives"]
    last = lives["start"] + lives["length"] - 1
    lost = lives[last < p.winback_month]
    person = lost["person"].to_numpy()
    frame = pd.DataFrame({"person": person, "end_month": last[lost.index]}).reset_index(drop=True)
    frame["cause"] = _cause(world, person)
    frame["arm"] = np.floor(3 * world.uniform("winback arm", person)).astype(int)
    draw = world.uniform("winback", person)[:, None]
    returns = draw < np.array(p.winback)[frame["cause"]]
    frame[["returns_none", "returns_gift", "returns_discount"]] = returns
    frame["returns"] = np.take_along_axis(returns, frame["arm"].to_numpy()[:, None], 1)[:, 0]
    return frame


@stage("defection")
def defection(world: World) -> dict[str, Floats]:
    """The defection path of first lives: arrays of subscribers × 36 months (False outside the life).

    The path is built backwards from the end, so that the law of the life stays what it is:
    `discontent`, five `signals` (subscribers × months × 5) and `engagement`.
    """
    p = world.parameters
    lives = world["first_lives"]
    person = lives["person"].to_numpy()
    start, length = lives["start"].to_numpy()[:, None], lives["length"].to_numpy()[:, None]
    month = np.arange(P.MONTHS)
    ids = person[:, None] * 64 + month
    active = (month >= start) & (month < start + length)
    # who was talked into staying shows her discontent only until the call
    natural_end = start + lives["natural_life"].to_numpy()[:, None]
    saved = lives["saved"].to_numpy()[:, None]
    end = np.where(saved, natural_end, start + length)
    lead = world.choice("lead", person, p.lead)[:, None]
    lead = np.where(lives["woken"].to_numpy()[:, None], 0, lead)
    discontent = (month >= end - lead) & (month < end)
    discontent &= ~(saved & (month >= p.retention_month))
    begins = world.uniform("false spell", ids) < p.false_spell
    for later in range(p.false_spell_months):
        discontent |= np.pad(begins, ((0, 0), (later, 0)))[:, : P.MONTHS]
    discontent &= active
    on = np.where(discontent[:, :, None], p.signal_in, p.signal_out)
    drawn = np.stack([world.uniform(f"signal {k}", ids) for k in range(5)], axis=2)
    score = world["people"]["churn_score"].to_numpy()[person]
    engagement = (
        -0.8 * score[:, None]
        + 0.5 * world.normal("engagement person", person)[:, None]
        + 0.7 * world.normal("engagement", ids)
    )
    return {
        "active": active,
        "discontent": discontent,
        "signals": (drawn < on) & active[:, :, None],
        "engagement": np.where(active, engagement, np.nan),
    }


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
