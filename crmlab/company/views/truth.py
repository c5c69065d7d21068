"""The truth behind the spine: what no firm knows about its customers, kept apart under `truth/`.

A long module: most of it is the data dictionary of its tables.
"""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.core.faults import RECOVERY_ARMS
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World

_SCORES = [
    "image", "expectation", "product_quality", "service_quality", "value", "satisfaction", "attitude",
    "habit", "switching_cost", "service_score", "referral_score", "elasticity", "complaint_score",
    "receptive_score", "rate_score", "spend_score", "churn_score",
]  # fmt: skip


@table(
    "truth/customers",
    grain="a person: the latent traits behind all behaviour",
    chapter="00",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    need! string: need segment
    market! string: market regime of her city
    weekly_rate number [orders a week]: purchase rate while alive (retail)
    dropout number [probability]: chance of leaving after a repeat order (retail)
    mean_spend number [yuan]: mean amount of an order (retail)
    lost_date date: day after whose order she is lost to retail, or went over to the rival; missing if never
    monthly_churn number [probability]: chance of ending the subscription in a normal month
    volunteer! boolean: would join a loyalty programme unasked
    invited! boolean: in the random half invited to the programme of 2024
    image! number [standard deviation]: latent score
    expectation! number [standard deviation]: latent score
    product_quality! number [standard deviation]: latent score
    service_quality! number [standard deviation]: latent score
    value! number [standard deviation]: latent score
    satisfaction! number [standard deviation]: latent score
    attitude! number [standard deviation]: latent score of attitude relative to rivals
    habit! number [standard deviation]: latent score
    switching_cost! number [standard deviation]: latent score
    service_score! number [standard deviation]: latent score of the cost to serve
    referral_score! number [standard deviation]: latent score of recommending
    elasticity! number: price elasticity of demand
    complaint_score! number [standard deviation]: latent score of complaining
    receptive_score! number [standard deviation]: latent score of being won over by a call
    rate_score! number [standard deviation]: normal score of the purchase rate
    spend_score! number [standard deviation]: normal score of the mean amount
    churn_score! number [standard deviation]: normal score of the monthly churn
    """,
)
def truth_customers(world: World) -> pd.DataFrame:
    people = world["people"]
    p = world.parameters
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(world, np.arange(world.people)),
            "need": labels(people["segment"], firm.SEGMENTS),
            "market": labels(people["regime"], firm.REGIMES),
            "weekly_rate": people["rate"].where(people["retail"]),
            "dropout": people["dropout"].where(people["retail"]),
            "mean_spend": (p.retail.spend[0] / people["spend_scale"]).where(people["retail"]),
            "lost_date": dates(np.minimum(world["alive"], firm.DAYS)),
            "monthly_churn": people["churn"].where(people["subscriber"]),
            "volunteer": world["programme"]["volunteer"],
            "invited": world["programme"]["invited"],
        }
    )
    planted = ["weekly_rate", "dropout", "mean_spend", "monthly_churn"]
    frame[planted] = frame[planted].round(6)
    return pd.concat([frame, people[_SCORES].round(4)], axis=1)


@table(
    "truth/campaign",
    grain="a member and mailing: the answer she would give if mailed",
    chapter="06",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: retail member of 2023
    mailing* string: the mailing
    probability! number [probability]: chance of answering if mailed
    responds_if_mailed! boolean: what she does if mailed
    """,
)
def truth_campaign(world: World) -> pd.DataFrame:
    parts = []
    for number in (1, 2):
        frame = world["promotions"][f"mail_{number}"]
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customer_ids(world, frame["person"]),
                    "mailing": firm.PROMOTIONS[number],
                    "probability": frame["probability"].round(5),
                    "responds_if_mailed": frame["responds"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@table(
    "truth/retention",
    grain="a subscriber in the retention test of April 2024",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: subscriber active in April 2024
    called! boolean: in the half called, by lot
    leaves_if_called! boolean: ends the subscription in April to December 2024 if called
    leaves_if_not_called! boolean: ends it in April to December 2024 if not called
    risk! number [probability]: chance of leaving if not called
    uplift! number [probability]: fall of that chance by a call; below 0 for sleeping dogs
    """,
)
def truth_retention(world: World) -> pd.DataFrame:
    lives = world["first_lives"]
    lives = lives[lives["tested"]]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, lives["person"]),
            "called": lives["called"],
            "leaves_if_called": lives["leaves_if_called"],
            "leaves_if_not_called": lives["leaves_if_not_called"],
            "risk": lives["risk"].round(5),
            "uplift": lives["uplift"].round(5),
        }
    ).reset_index(drop=True)


@table(
    "truth/exits",
    grain="a first subscription that ended",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: subscriber
    last_month! date: first day of the month of the last box
    cause! string: true cause
    says! string: cause named when asked
    answers! boolean: answers the exit survey
    """,
)
def truth_exits(world: World) -> pd.DataFrame:
    frame = world["exits"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "last_month": dates(firm.month_days()[frame["end_month"]]),
            "cause": labels(frame["cause"], firm.CAUSES),
            "says": labels(frame["says"], firm.CAUSES),
            "answers": frame["answers"],
        }
    )


@table(
    "truth/winback",
    grain="a lost subscriber in the win-back test of July 2024",
    chapter="19",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: lost subscriber
    cause! string: true cause of leaving
    arm! string: none, gift or discount, by lot
    returns_none! boolean: comes back without an offer
    returns_gift! boolean: comes back for the gift
    returns_discount! boolean: comes back for the discount
    """,
)
def truth_winback(world: World) -> pd.DataFrame:
    frame = world["winback"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "cause": labels(frame["cause"], firm.CAUSES),
            "arm": labels(frame["arm"], ("none", "gift", "discount")),
            **{name: frame[name] for name in ("returns_none", "returns_gift", "returns_discount")},
        }
    )


@table(
    "truth/offer",
    grain="a member in the offer test of June 2024",
    chapter="09",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: retail member
    arm! string: offer received, by lot
    probability_none! number [probability]: chance of an order for the offer without one
    probability_daily_refill! number [probability]: chance of taking up the daily refill
    probability_gift_wrapping! number [probability]: chance of taking up gift wrapping
    probability_herbal_trial! number [probability]: chance of taking up the herbal trial
    probability_puer_tasting! number [probability]: chance of taking up the pu'er tasting
    """,
)
def truth_offer(world: World) -> pd.DataFrame:
    frame = world["promotions"]["offer"]
    shown = [c for c in frame if c.startswith("probability")]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], firm.OFFERS),
            **{name: frame[name].round(5) for name in shown},
        }
    )


@table(
    "truth/faults",
    grain="an order or box with a fault",
    chapter="11",
    scale="sample",
    columns="""
    customer_id! string -> customers.customer_id: customer
    date! date: day of the order or of the box
    order_id integer -> orders.order_id: order; missing for boxes
    subscription_id integer -> subscriptions.subscription_id: subscription; missing for orders
    severity! integer [points, 1–3]: severity of the fault
    complained! boolean: the customer complained
    restored! number [share]: share put right by the handling alone
    recovery_arm string: compensation, by lot; missing before 2024 or without complaint
    severity_left! number [points]: severity left after handling and compensation; below 0 when better than no
        fault
    """,
)
def truth_faults(world: World) -> pd.DataFrame:
    placed, sent = world["orders"], world["boxes"]
    placed, sent = placed[placed["severity"] > 0], sent[sent["severity"] > 0]
    shown = ["severity", "complained", "restored", "arm", "left"]
    both = pd.concat(
        [
            placed[["person", "day", *shown]].assign(order_id=placed["order_id"]),
            sent[["person", *shown]].assign(
                day=firm.month_days()[sent["month"]] + 4, subscription_id=sent["subscription_id"]
            ),
        ]
    ).sort_values(["day", "person"], ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, both["person"]),
            "date": dates(both["day"]),
            "order_id": both["order_id"].astype("Int64"),
            "subscription_id": both["subscription_id"].astype("Int64"),
            "severity": both["severity"],
            "complained": both["complained"],
            "restored": both["restored"].astype(float).round(4),
            "recovery_arm": labels(both["arm"], RECOVERY_ARMS),
            "severity_left": both["left"].astype(float).round(4),
        }
    )


@table(
    "truth/referrals",
    grain="a customer brought by another",
    chapter="12",
    scale="sample",
    columns="""
    customer_id! string -> customers.customer_id: the customer who recommended
    referred* string -> customers.customer_id: the customer who came
    date! date: day she joined
    type! integer: 1: would not have come otherwise; 2: would have come anyway
    value! number [yuan]: value of the referral to the firm
    """,
)
def truth_referrals(world: World) -> pd.DataFrame:
    frame = world["referrals"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["referrer"]),
            "referred": customer_ids(world, frame["person"]),
            "date": dates(frame["day"]),
            "type": frame["type"],
            "value": frame["value"].round(2),
        }
    )


@table(
    "truth/life_events",
    grain="a move or a baby",
    chapter="03",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    event! string: moved or baby
    date* date: day of the event
    """,
)
def truth_life_events(world: World) -> pd.DataFrame:
    frame = world["life_events"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "event": pd.Categorical(frame["event"], ["moved", "baby"]),
            "date": dates(frame["day"]),
        }
    )
