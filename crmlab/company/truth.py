"""The truth behind the tables: what no firm knows about its customers, kept apart under `truth/`."""

import numpy as np
import pandas as pd

from crmlab.company import parameters as P
from crmlab.company.faults import RECOVERY_ARMS
from crmlab.company.people import month_days
from crmlab.company.tables import PROMOTIONS, customer_ids, dates, labels, table
from crmlab.company.world import World

_SCORES = [
    "image", "expectation", "product_quality", "service_quality", "value", "satisfaction", "attitude",
    "habit", "switching_cost", "service_score", "referral_score", "elasticity", "complaint_score",
    "receptive_score", "rate_score", "spend_score", "churn_score",
]  # fmt: skip


@table("truth/customers")
def truth_customers(world: World) -> pd.DataFrame:
    people = world["people"]
    p = world.parameters
    frame = pd.DataFrame(
        {
            "customer_id": customer_ids(world, np.arange(world.people)),
            "need": labels(people["segment"], P.SEGMENTS),
            "market": labels(people["regime"], P.REGIMES),
            "weekly_rate": people["rate"].where(people["retail"]),
            "dropout": people["dropout"].where(people["retail"]),
            "mean_spend": (p.spend[0] / people["spend_scale"]).where(people["retail"]),
            "lost_date": dates(np.minimum(world["alive"], P.DAYS)),
            "monthly_churn": people["churn"].where(people["subscriber"]),
            "volunteer": world["programme"]["volunteer"],
            "invited": world["programme"]["invited"],
        }
    )
    planted = ["weekly_rate", "dropout", "mean_spend", "monthly_churn"]
    frame[planted] = frame[planted].round(6)
    return pd.concat([frame, people[_SCORES].round(4)], axis=1)


@table("truth/campaign")
def truth_campaign(world: World) -> pd.DataFrame:
    parts = []
    for number in (1, 2):
        frame = world["promotions"][f"mail_{number}"]
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customer_ids(world, frame["person"]),
                    "mailing": PROMOTIONS[number],
                    "probability": frame["probability"].round(5),
                    "responds_if_mailed": frame["responds"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@table("truth/retention")
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


@table("truth/exits")
def truth_exits(world: World) -> pd.DataFrame:
    frame = world["exits"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "last_month": dates(month_days()[frame["end_month"]]),
            "cause": labels(frame["cause"], P.CAUSES),
            "says": labels(frame["says"], P.CAUSES),
            "answers": frame["answers"],
        }
    )


@table("truth/winback")
def truth_winback(world: World) -> pd.DataFrame:
    frame = world["winback"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "cause": labels(frame["cause"], P.CAUSES),
            "arm": labels(frame["arm"], ("none", "gift", "discount")),
            **{name: frame[name] for name in ("returns_none", "returns_gift", "returns_discount")},
        }
    )


@table("truth/offer")
def truth_offer(world: World) -> pd.DataFrame:
    frame = world["promotions"]["offer"]
    shown = [c for c in frame if c.startswith("probability")]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], P.OFFERS),
            **{name: frame[name].round(5) for name in shown},
        }
    )


@table("truth/faults")
def truth_faults(world: World) -> pd.DataFrame:
    placed, sent = world["orders"], world["boxes"]
    placed, sent = placed[placed["severity"] > 0], sent[sent["severity"] > 0]
    shown = ["severity", "complained", "restored", "arm", "left"]
    both = pd.concat(
        [
            placed[["person", "day", *shown]].assign(order_id=placed["order_id"]),
            sent[["person", *shown]].assign(
                day=month_days()[sent["month"]] + 4, subscription_id=sent["subscription_id"]
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


@table("truth/referrals")
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


@table("truth/life_events")
def truth_life_events(world: World) -> pd.DataFrame:
    frame = world["life_events"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "event": pd.Categorical(frame["event"], ["moved", "baby"]),
            "date": dates(frame["day"]),
        }
    )
