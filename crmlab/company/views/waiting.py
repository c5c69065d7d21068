"""What waiting costs: a test of October 2024, by lot, of callers who are the firm's own."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.chance import gamma_at
from crmlab.company.tables import dates, table
from crmlab.company.world import World, stage


@stage("waiting")
def waiting(world: World) -> pd.DataFrame:
    """The callers of the waiting test: the wait they got by lot, and what they would do without it."""
    p = world.parameters.waiting
    ids = np.arange(p.waiting_callers)
    arm = np.floor(len(p.extra_wait) * world.uniform("waiting arm", ids)).astype(np.int64)
    mean, spread, least, most = p.stays_base
    base = np.clip(mean + spread * world.normal("waiting base", ids), least, most)
    chance = base[:, None] - p.stay_lost * np.array(p.extra_wait) / 60
    stays = world.uniform("waiting stays", ids)[:, None] < chance
    mood, wide = p.waiting_mood
    margin = (p.stayer_margin * gamma_at(world.normal("waiting margin", ids), 4.0) / 4.0).round(2)
    return pd.DataFrame(
        {
            "arm": arm,
            "base": base,
            "stays": np.take_along_axis(stays, arm[:, None], 1)[:, 0],
            "margin": margin,
            "mood": mood + wide * world.normal("waiting mood", ids),
            "day": firm.month_days()[33] + np.floor(31 * world.uniform("waiting day", ids)).astype(np.int64),
        }
    )


@table(
    "waiting_test",
    grain="a caller with a randomised waiting time",
    chapter="11",
    scale="firm",
    columns="""
    call_id* integer: call of the test; a number of its own
    date! date: day of the call
    extra_wait! integer [second]: added waiting time, by lot
    satisfaction! integer [points, 1–10]: rating after the call
    stayed! boolean: bought again within six months
    margin! number [yuan]: margin of the caller in the next six months
    """,
)
def waiting_test(world: World) -> pd.DataFrame:
    p = world.parameters.waiting
    frame = world["waiting"].sort_values("day", kind="stable", ignore_index=True)
    extra = np.array(p.extra_wait)[frame["arm"]]
    rating = np.clip(np.round(frame["mood"] - p.satisfaction_lost * extra / 60), 1, 10).astype(np.int64)
    return pd.DataFrame(
        {
            "call_id": np.arange(1, len(frame) + 1),
            "date": dates(frame["day"]),
            "extra_wait": extra,
            "satisfaction": rating,
            "stayed": frame["stays"],
            "margin": np.where(frame["stays"], frame["margin"], 0.0),
        }
    )


@table(
    "truth/waiting",
    grain="a caller of the waiting test: what she would do without the wait",
    chapter="11",
    scale="firm",
    columns="""
    call_id* integer -> waiting_test.call_id: call
    stays_without_wait! number [share]: chance of buying again if not made to wait
    margin_if_stays! number [yuan]: margin of six months if she buys again
    """,
)
def truth_waiting(world: World) -> pd.DataFrame:
    frame = world["waiting"].sort_values("day", kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "call_id": np.arange(1, len(frame) + 1),
            "stays_without_wait": frame["base"].round(5),
            "margin_if_stays": frame["margin"],
        }
    )
