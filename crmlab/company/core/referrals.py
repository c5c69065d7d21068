"""Who was brought by whom, and where the others came from."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab.company.chance import gamma_at
from crmlab.company.core.people import first_days
from crmlab.company.world import World, stage


@stage("referrals")
def referrals(world: World) -> pd.DataFrame:
    """Who was brought by whom, among the people in the tables.

    A candidate picks among the people before her, in proportion to exp(slope × referral score);
    the link stands when that person had joined earlier. Referred people spend more because they are
    chosen so (spend score), not because they were referred.
    """
    p = world.parameters
    people = world["people"]
    first = first_days(world)
    ids = np.arange(world.people)
    tilt = np.exp(p.referrals.referred_spend * people["spend_score"].to_numpy() - p.referrals.referred_spend**2 / 2)
    candidate = world.uniform("referred", ids) < p.referrals.referred * tilt
    weight = np.exp(p.referrals.referral_slope * people["referral_score"].to_numpy())
    total = np.concatenate([[0.0], np.cumsum(weight)])
    low = np.maximum(ids - p.referrals.referral_window, 0)
    aim = total[low] + world.uniform("referrer", ids) * (total[ids] - total[low])
    referrer = np.clip(np.searchsorted(total, aim, side="right") - 1, 0, None)
    stands = candidate & (ids > 0) & (first[referrer] < first)
    frame = pd.DataFrame({"person": ids[stands], "referrer": referrer[stands], "day": first[stands]})
    first_type = world.uniform("referral type", frame["person"]) < p.referrals.type_1
    frame["type"] = np.where(first_type, 1, 2)
    mean, shape = p.referrals.referral_value
    from_new = mean * gamma_at(world.normal("referral value", frame["person"]), shape) / shape
    frame["value"] = p.referrals.referral_saved + np.where(first_type, from_new, 0.0)
    return frame


@stage("sources")
def sources(world: World) -> NDArray[np.int64]:
    """Where each person came from, as in SOURCES: 0 if she was brought, else by the planted shares."""
    ids = np.arange(world.people)
    brought = np.isin(ids, world["referrals"]["person"])
    return np.where(brought, 0, 1 + world.choice("source", ids, world.parameters.people.source_shares))
