"""Consents and the frequency test: who may be written to, how often, and who withdraws.

Messages sell tasting packs in a shop of their own, booked apart from `orders`: tests of messages change nothing in
the core. Everything is drawn for each person under her own key.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab.company import firm
from crmlab.company.chance import Floats
from crmlab.company.core.people import first_days
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World, stage

FREQUENCY_MONTHS = range(25, 31)  # February to July 2024


PURPOSES = ("messages", "profile", "partners")


@stage("permission")
def permission(world: World) -> dict[str, NDArray[np.int64]]:
    """Day on which each person gave and withdrew each consent, tests apart; beyond the data if never."""
    p = world.parameters.messages
    ids = np.arange(world.people)
    first = first_days(world)
    made: dict[str, NDArray[np.int64]] = {}
    draws = ("consent", "consent profile", "consent partners")
    for purpose, draw, share, withdraws in zip(PURPOSES, draws, p.consents, p.withdrawals, strict=True):
        given = np.where(world.uniform(draw, ids) < share, first, firm.DAYS)
        left = first + np.floor((firm.DAYS - first) * world.uniform(f"withdrawal day {purpose}", ids)).astype(int)
        leaves = world.uniform(f"withdraws {purpose}", ids) < withdraws
        test = (left >= firm.month_days()[FREQUENCY_MONTHS[0]]) & (left < firm.month_days()[FREQUENCY_MONTHS[-1] + 1])
        leaves &= ~test  # during the frequency test consent is withdrawn there
        made[purpose] = given
        made[f"{purpose} withdrawn"] = np.where((given < firm.DAYS) & leaves & (left > given), left, firm.DAYS)
    return made


def reachable(world: World, day: int) -> NDArray[np.int64]:
    """Members who may be sent messages on a day."""
    consent = world["permission"]
    open_now = (consent["messages"] < day) & (consent["messages withdrawn"] > day)
    return np.flatnonzero(world["people"]["retail"].to_numpy() & open_now)


def receptive(world: World, person: NDArray[np.int64]) -> Floats:
    p = world.parameters.messages
    score = world["people"]["receptive_score"].to_numpy()[person]
    return np.exp(p.receptive * score - p.receptive**2 / 2)


def pack_profit(
    world: World, name: str, ids: NDArray[Any], bought: NDArray[np.bool_], less: Floats | float = 0.0
) -> Floats:
    p = world.parameters.messages
    made = p.pack_profit * np.exp(p.pack_spread * world.normal(f"{name} profit", ids) - p.pack_spread**2 / 2)
    return np.where(bought, np.round(made - less, 2), 0.0)


@stage("frequency")
def frequency(world: World) -> pd.DataFrame:
    """One row a person and month, as long as she has not withdrawn; the number of messages is hers for all months."""
    p = world.parameters.messages
    start = firm.month_days()[FREQUENCY_MONTHS[0]]
    person = reachable(world, start)
    sent = np.floor((p.most_contacts + 1) * world.uniform("frequency arm", person)).astype(int)
    alive = world["alive"][person] >= start
    slope = np.where(alive, p.response_message, p.response_message_gone) * receptive(world, person)
    base = np.where(alive, p.base, p.base_gone)
    chance = base + slope * sent * np.exp(-p.wear_out * sent)
    here = np.ones(len(person), dtype=bool)
    parts = []
    for month in FREQUENCY_MONTHS:
        ids = person * 64 + month
        bought = world.uniform("frequency buys", ids) < chance
        leaves = world.uniform("frequency opts out", ids) < p.opt_out * sent**2
        frame = pd.DataFrame(
            {
                "person": person,
                "month": month,
                "contacts": sent,
                "bought": bought,
                "profit": pack_profit(world, "frequency", ids, bought),
                "opted_out": leaves,
                "day": firm.month_days()[month] + np.floor(28 * world.uniform("opt-out day", ids)).astype(int),
                "slope": slope,
                "base": base,
            }
        )
        parts.append(frame[here])
        here = here & ~leaves
    return pd.concat(parts, ignore_index=True)


@table(
    "frequency_test",
    grain="a member and month of the frequency test; none after she withdrew",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: member
    month* date: first day of the month
    contacts! integer [contact]: messages sent each month, by lot (0–6)
    bought! boolean: bought a tasting pack in the month; packs are sold in a shop of their own and are not in
        orders
    profit! number [yuan]: margin of that pack
    opted_out! boolean: withdrew consent in the month
    """,
)
def frequency_test(world: World) -> pd.DataFrame:
    frame = world["frequency"].sort_values(["person", "month"])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "month": dates(firm.month_days()[frame["month"]]),
            "contacts": frame["contacts"].to_numpy(),
            "bought": frame["bought"].to_numpy(),
            "profit": frame["profit"].to_numpy(),
            "opted_out": frame["opted_out"].to_numpy(),
        }
    )


@table(
    "consents",
    grain="a customer and purpose",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    purpose* string: purpose
    given date: day consent was given
    withdrawn date: day it was withdrawn
    """,
)
def consents(world: World) -> pd.DataFrame:
    consent = world["permission"]
    tested = world["frequency"].query("opted_out")
    withdrawn = {name: consent[f"{name} withdrawn"].copy() for name in PURPOSES}
    withdrawn["messages"][tested["person"]] = tested["day"]
    ids = np.arange(world.people)
    frames = [
        pd.DataFrame(
            {"person": ids, "purpose": k, "given": consent[name], "withdrawn": withdrawn[name]},
        )
        for k, name in enumerate(withdrawn)
    ]
    frame = pd.concat(frames).sort_values(["person", "purpose"])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "purpose": labels(frame["purpose"], tuple(withdrawn)),
            "given": dates(frame["given"]),
            "withdrawn": dates(frame["withdrawn"]),
        }
    )


def still_reachable(world: World, day: int) -> NDArray[np.int64]:
    """Members who may be sent messages on a day after the frequency test."""
    gone = world["frequency"].query("opted_out")["person"]
    return np.setdiff1d(reachable(world, day), gone)


@table(
    "truth/wear_out",
    grain="a parameter of wear-out",
    chapter="10",
    scale="firm",
    columns="""
    parameter* string: k of the response a·f·exp(−k·f); opt_out: chance of withdrawing consent in a month with f
        messages is opt_out·f²
    value! number: its value
    """,
)
def truth_wear_out(world: World) -> pd.DataFrame:
    p = world.parameters.messages
    return pd.DataFrame({"parameter": ["k", "opt_out"], "value": [p.wear_out, p.opt_out]})
