"""Leads, and who brought whom, as far as the firm knows."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.core.people import first_days
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World


@table(
    "referrals",
    grain="a customer brought by another as far as the firm knows",
    chapter="17",
    scale="sample",
    columns="""
    customer_id! string -> customers.customer_id: the customer who recommended
    referred* string -> customers.customer_id: the customer who came
    date! date: day she joined
    """,
)
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


@table(
    "leads",
    grain="a lead",
    chapter="17",
    scale="sample",
    columns="""
    lead_id* string: lead
    source! string: where the lead came from
    created! date: day of the first contact
    converted date: day of the first order; missing if none
    customer_id string -> customers.customer_id: customer it became
    """,
)
def leads(world: World) -> pd.DataFrame:
    """People who showed an interest: some customers before their first order, and those who never bought."""
    p = world.parameters.loyalty
    ids = np.arange(world.people)
    first = first_days(world)
    source = world["sources"]
    created = first - 1 - np.floor(p.lead_days * world.exponential("lead days", ids)).astype(int)
    was = (world.uniform("was lead", ids) < np.array(p.was_lead)[source]) & (created >= 0)
    lost = world.uniform("lost lead", ids) < p.lost_leads
    won = pd.DataFrame({"number": 2 * ids, "source": source, "created": created, "person": ids})[was]
    other = pd.DataFrame(
        {
            "number": 2 * ids + 1,
            "source": world.choice("lost lead source", ids, p.lost_sources),
            "created": np.floor(firm.DAYS * world.uniform("lost lead day", ids)).astype(int),
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
            "source": labels(both["source"], firm.SOURCES),
            "created": dates(both["created"]),
            "converted": dates(np.where(known, first[both["person"]], firm.DAYS)),
            "customer_id": pd.Series(customer, dtype="str"),
        }
    )
