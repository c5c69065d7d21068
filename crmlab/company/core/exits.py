"""Why subscribers leave and what they say, the path to leaving, and who comes back."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.chance import Floats
from crmlab.company.core.retail import Ints
from crmlab.company.world import World, stage


def cause(world: World, person: Ints) -> Ints:
    """Why each person would leave: softmax over six causes."""
    p = world.parameters.leaving
    people = world["people"].iloc[person]
    satisfaction = people["satisfaction"].to_numpy()
    score = np.tile(p.cause_level, (len(person), 1))
    weight, centre = p.cause_elasticity
    score[:, 0] += -weight * (people["elasticity"].to_numpy() + centre)
    by_satisfaction = satisfaction[:, None] * p.cause_satisfaction
    by_satisfaction[:, 2] += p.cause_regime * (people["regime"].to_numpy() - 1)
    score = score + by_satisfaction
    return world.choice("cause", person, np.exp(score))


@stage("exits")
def exits(world: World) -> pd.DataFrame:
    """Each end of a first life: the true cause, what the leaver says, and whether she answers at all."""
    p = world.parameters
    lives = world["subscriptions"]
    frame = lives.loc[(lives["life"] == 1) & lives["ended"], ["person", "end_month", "cause"]]
    person, cause = frame["person"].to_numpy(), frame["cause"].to_numpy()
    says_price = world.uniform("says price", person) < np.array(p.leaving.says_price)[cause]
    # a true "price" leaver who does not say so names one of the other causes
    other = 1 + np.floor(5 * world.uniform("says other", person)).astype(int)
    said = np.where(says_price, 0, np.where(cause == 0, other, cause))
    frame = frame.assign(says=said, answers=world.uniform("exit answer", person) < p.leaving.exit_answer)
    return frame.reset_index(drop=True)


@stage("winback")
def winback(world: World) -> pd.DataFrame:
    """The win-back test of month 30: all who had left by then, three arms, and every arm's outcome."""
    p = world.parameters
    lives = world["first_lives"]
    last = lives["start"] + lives["length"] - 1
    lost = lives[last < p.retention.winback_month]
    person = lost["person"].to_numpy()
    frame = pd.DataFrame({"person": person, "end_month": last[lost.index]}).reset_index(drop=True)
    frame["cause"] = cause(world, person)
    frame["arm"] = np.floor(3 * world.uniform("winback arm", person)).astype(int)
    draw = world.uniform("winback", person)[:, None]
    returns = draw < np.array(p.retention.winback)[frame["cause"]]
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
    month = np.arange(firm.MONTHS)
    ids = person[:, None] * 64 + month
    active = (month >= start) & (month < start + length)
    # who was talked into staying shows her discontent only until the call
    natural_end = start + lives["natural_life"].to_numpy()[:, None]
    saved = lives["saved"].to_numpy()[:, None]
    end = np.where(saved, natural_end, start + length)
    lead = world.choice("lead", person, p.leaving.lead)[:, None]
    lead = np.where(lives["woken"].to_numpy()[:, None], 0, lead)
    discontent = (month >= end - lead) & (month < end)
    discontent &= ~(saved & (month >= p.retention.retention_month))
    begins = world.uniform("false spell", ids) < p.leaving.false_spell
    for later in range(p.leaving.false_spell_months):
        discontent |= np.pad(begins, ((0, 0), (later, 0)))[:, : firm.MONTHS]
    discontent &= active
    on = np.where(discontent[:, :, None], p.leaving.signal_in, p.leaving.signal_out)
    drawn = np.stack([world.uniform(f"signal {k}", ids) for k in range(5)], axis=2)
    score = world["people"]["churn_score"].to_numpy()[person]
    staying, own, monthly = p.leaving.engagement
    engagement = (
        -staying * score[:, None]
        + own * world.normal("engagement person", person)[:, None]
        + monthly * world.normal("engagement", ids)
    )
    return {
        "active": active,
        "discontent": discontent,
        "signals": (drawn < on) & active[:, :, None],
        "engagement": np.where(active, engagement, np.nan),
    }
