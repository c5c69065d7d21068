"""What things cost: rates, minutes of service, and what is done in them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab.company import firm
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World

MINUTES = ("advice_minutes", "packing_minutes", "after_sales_minutes")


def minutes_by_activity(world: World) -> NDArray[np.float64]:
    """Minutes of service of each order: advice, packing, after-sales."""
    shares = np.array(world.parameters.retail.minute_shares)
    return np.asarray(world["order_minutes"][:, None] * shares[world["orders"]["channel"]])


@table(
    "service_minutes",
    grain="a retail member and year with orders",
    chapter="06",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: retail member
    year* integer [year]: year
    advice_minutes! number [minute]: advice in store or on line
    packing_minutes! number [minute]: picking and packing
    after_sales_minutes! number [minute]: questions and exchanges after the order
    """,
)
def service_minutes(world: World) -> pd.DataFrame:
    placed = world["orders"]
    frame = pd.DataFrame(minutes_by_activity(world), columns=list(MINUTES))
    frame["person"], frame["year"] = placed["person"], dates(placed["day"]).year
    total = frame.groupby(["person", "year"], as_index=False)[list(MINUTES)].sum().round(1)
    total.insert(0, "customer_id", customer_ids(world, total.pop("person")))
    return total


@table(
    "cost_rates",
    grain="a unit cost",
    chapter="06",
    scale="firm",
    columns="""
    item* string: what is paid for
    rate! number [yuan a unit]: cost of one unit
    unit! string: the unit
    note! string: what it covers
    """,
)
def cost_rates(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = [
        ("service minute", p.retail.service_rate, "yuan a minute", "advice, packing and after-sales alike"),
        ("subscription box", p.subscriptions.box_cost, "yuan a box", "packing and courier"),
        ("mailing", p.campaigns.mail_cost, "yuan a letter", "print and postage"),
        ("offer sample", p.campaigns.sample_cost, "yuan a customer", "tea sachet with the offer"),
        ("retention call", p.retention.call_cost, "yuan a call", "eight minutes of an agent and the gift"),
        ("win-back gift", p.retention.gift_cost, "yuan a gift", "sent with the letter"),
        ("win-back discount", p.retention.discount, "share of price", "on the first three boxes of the second life"),
    ]
    return pd.DataFrame(rows, columns=["item", "rate", "unit", "note"])


@table(
    "channel_costs",
    grain="a channel",
    chapter="10",
    scale="firm",
    columns="""
    channel* string: channel
    direction! string: out: the firm writes; in: the customer asks
    cost! number [yuan a contact]: cost of a contact
    cost_per_minute! number [yuan a minute]: cost of each minute of handling besides
    attention number [share]: share of contacts that are noticed
    note! string: what the cost holds
    """,
)
def channel_costs(world: World) -> pd.DataFrame:
    p = world.parameters
    (text, wechat, screen), looked = p.messages.message_costs, p.messages.attention
    minute, (telephone, chat, store, mail) = p.retail.service_rate, p.requests.help_costs
    rows = [
        ("letter", "out", p.campaigns.mail_cost, 0.0, looked[0], "print and postage"),
        ("text", "out", text, 0.0, looked[1], "text message"),
        ("wechat", "out", wechat, 0.0, looked[2], "message of the service account, with its picture"),
        ("screen advert", "out", screen, 0.0, looked[3], "one view of a screen in an office lift"),
        ("telephone", "in", telephone, minute, None, "line and desk, and the agent's minutes"),
        ("chat", "in", chat, minute, None, "software, and the agent's minutes"),
        ("store", "in", store, minute, None, "counter, and the assistant's minutes"),
        ("e-mail", "in", mail, minute, None, "software, and the agent's minutes"),
    ]
    names = ["channel", "direction", "cost", "cost_per_minute", "attention", "note"]
    return pd.DataFrame(rows, columns=names)


@table(
    "activity_log",
    grain="a member and month of 2024 and activity carried out for her orders",
    chapter="10",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    activity* string: advice, packing or after-sales
    month* date: first day of the month
    minutes! number [minute]: minutes
    """,
)
def activity_log(world: World) -> pd.DataFrame:
    """Minutes of service for each member's orders of 2024, by month and activity."""
    placed = world["orders"]
    frame = pd.DataFrame(minutes_by_activity(world), columns=[name.removesuffix("_minutes") for name in MINUTES])
    frame["person"] = placed["person"].to_numpy()
    frame["month"] = np.searchsorted(firm.month_days(), placed["day"].to_numpy(), side="right") - 1
    frame = frame[frame["month"] >= firm.LEARN_MONTHS]
    total = frame.groupby(["person", "month"], as_index=False).sum()
    long = total.melt(["person", "month"], var_name="activity", value_name="minutes")
    names = ("advice", "packing", "after_sales")
    long["place"] = long["activity"].map({name: k for k, name in enumerate(names)})
    long = long.sort_values(["person", "month", "place"], ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, long["person"]),
            "activity": labels(long["place"], ("advice", "packing", "after-sales")),
            "month": dates(firm.month_days()[long["month"]]),
            "minutes": long["minutes"].round(1),
        }
    )
