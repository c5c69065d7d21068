"""The mailings and the offer test of 2024 as the firm sees them, and the briefs of its campaigns."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.core.baskets import order_profit
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World


def _mailing(world: World, number: int) -> pd.DataFrame:
    frame = world["promotions"][f"mail_{number}"]
    answers = (frame["mailed"] & frame["responds"]).to_numpy()
    profit = order_profit(world)
    profit = profit[profit["promotion"] == number].set_index("person").reindex(frame["person"])
    order = profit["order_id"].where(answers).astype("Int64")
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels((~frame["mailed"]).astype(int), ("mailed", "control")),
            "sent": dates(np.where(frame["mailed"], world.parameters.campaigns.mail_days[number - 1], firm.DAYS)),
            "responded": answers,
            "order_id": order.array,
            "profit": np.where(answers, profit["profit"].round(2), 0.0),
        }
    )


@table(
    "campaign_test",
    grain="a member of 2023 in the mailing test of January 2024",
    chapter="06",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: retail member of 2023
    arm! string: mailed (30 % by lot) or control
    sent date: day of the letter; missing for controls
    responded! boolean: true when the voucher came back with an order within three weeks
    order_id integer -> orders.order_id: the order that answers
    profit! number [yuan]: of that order: amount less cost of goods less service minutes, before the cost of the
        letter
    """,
)
def campaign_test(world: World) -> pd.DataFrame:
    return _mailing(world, 1)


@table(
    "campaign_contacts",
    grain="a member of 2023 in the mailing of February 2024",
    chapter="06",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: retail member of 2023
    arm! string: mailed (half by lot) or control
    sent date: day of the letter; missing for controls
    responded! boolean: true when the voucher came back with an order within three weeks
    order_id integer -> orders.order_id: the order that answers
    profit! number [yuan]: of that order: amount less cost of goods less service minutes, before the cost of the
        letter
    """,
)
def campaign_contacts(world: World) -> pd.DataFrame:
    return _mailing(world, 2)


@table(
    "offer_test",
    grain="a member in the offer test of June 2024",
    chapter="09",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: retail member
    arm! string: offer received, by lot
    sent date: day of the offer
    responded! boolean: took it up
    order_id integer -> orders.order_id: the order that answers
    profit! number [yuan]: of that order
    """,
)
def offer_test(world: World) -> pd.DataFrame:
    frame = world["promotions"]["offer"]
    sent = (frame["arm"] > 0).to_numpy()
    answers = sent & frame["responds"].to_numpy()
    profit = order_profit(world)
    profit = profit[profit["promotion"] == 3].set_index("person").reindex(frame["person"])
    order = profit["order_id"].where(answers).astype("Int64")
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], firm.OFFERS),
            "sent": dates(np.where(sent, world.parameters.campaigns.offer_day, firm.DAYS)),
            "responded": answers,
            "order_id": order.array,
            "profit": np.where(answers, profit["profit"].round(2), 0.0),
        }
    )


@table(
    "campaigns",
    grain="a campaign with its six design steps",
    chapter="10",
    scale="firm",
    columns="""
    campaign_id* string: campaign
    target! string: who is addressed
    goal! string: goal
    content! string: content
    budget! number [yuan]: budget
    channel! string: channel
    frequency! integer [contact]: most contacts a customer and month
    evaluation! string: how it is judged
    """,
)
def campaigns(world: World) -> pd.DataFrame:
    """The campaigns of 2024 by the six steps of their design, as their briefs say."""
    known = "members of 2023"
    willing = "members who agreed to messages"
    rows = [
        ("K01", known, "more orders", "voucher of 10 yuan", 90_000.0, "letter", 1, "control group of 70 %"),
        ("K02", known, "more orders", "voucher of 10 yuan", 120_000.0, "letter", 1, "control group of 50 %"),
        ("K03", willing, "packs sold, few opt-outs", "news of the month", 220_000.0, "wechat", 6, "0–6 by lot"),
        ("K04", "all members", "trial of a service", "a service and a sachet", 170_000.0, "letter", 1, "5 arms by lot"),
        ("K05", willing, "packs sold", "price, story or advice", 15_000.0, "wechat", 1, "4 arms by lot"),
        ("K06", willing, "packs sold", "news of the month", 60_000.0, "letter, text, wechat", 1, "4 arms by lot"),
        ("K07", willing, "profiles completed", "a reward for a profile", 60_000.0, "wechat", 1, "4 rewards by lot"),
    ]
    names = ["campaign_id", "target", "goal", "content", "budget", "channel", "frequency", "evaluation"]
    return pd.DataFrame(rows, columns=names)
