"""The retention call of April 2024, the lost, and who came back: views of the core."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World


@table(
    "retention_test",
    grain="a subscriber in the retention test of April 2024",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: subscriber
    arm! string: called or control, by lot
    plan! string -> plans.plan: plan
    box! string -> plans.box: size of the box
    tenure! integer [month]: boxes before April 2024
    openness! number [score]: how open she was to earlier calls, as agents scored it (mean about 0, sd about 1)
    left! boolean: ended the subscription in April to December 2024
    boxes! integer [month]: boxes from April to December 2024
    """,
)
def retention_test(world: World) -> pd.DataFrame:
    """The call of April 2024, its arms by lot; what the firm knew on the day it drew the lots."""
    p = world.parameters
    lives = world["first_lives"]
    lives = lives[lives["tested"]]
    person = lives["person"].to_numpy()
    left = np.where(lives["called"], lives["leaves_if_called"], lives["leaves_if_not_called"]).astype(bool)
    end = np.minimum(lives["start"] + lives["length"], firm.MONTHS)
    receptive = world["people"]["receptive_score"].to_numpy()[person]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "arm": labels(lives["called"].astype(int), ("control", "called")),
            "plan": labels(lives["automatic"].astype(int), firm.PLANS),
            "box": labels(lives["box"], firm.BOXES),
            "tenure": (p.retention.retention_month - lives["start"]).to_numpy(),
            "openness": (receptive + p.retention.openness_noise * world.normal("openness", person)).round(2),
            "left": left,
            "boxes": (end - p.retention.retention_month).to_numpy(),
        }
    )


@table(
    "lost_customers",
    grain="a lost subscriber",
    chapter="19",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: lost subscriber
    last_month! date: month of the last box
    plan! string -> plans.plan: plan
    box! string -> plans.box: size of the box
    months! integer [month]: boxes of the first life
    margin! number [yuan a month]: price less cost of a box
    first_life_value! number [yuan]: margin earned in the first life
    cause string: cause named; missing if she did not answer
    """,
)
def lost_customers(world: World) -> pd.DataFrame:
    """All whose first subscription had ended by the end of June 2024, as the firm saw them then."""
    p = world.parameters
    frame = world["winback"]
    person = frame["person"].to_numpy()
    lives = world["first_lives"].set_index("person").loc[person]
    price = np.array(p.subscriptions.box_prices)[lives["box"]]
    margin = price * np.where(lives["automatic"], p.subscriptions.automatic_price, 1.0) - (1 - p.retail.margin) * price
    months = (frame["end_month"] + 1).to_numpy() - lives["start"].to_numpy()
    said = world["exits"].set_index("person").reindex(person)
    cause = np.where(said["answers"].to_numpy() == True, said["says"].to_numpy(), -1)  # noqa: E712 (objects)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "last_month": dates(firm.month_days()[frame["end_month"]]),
            "plan": labels(lives["automatic"].astype(int), firm.PLANS),
            "box": labels(lives["box"], firm.BOXES),
            "months": months,
            "margin": margin.round(2),
            "first_life_value": (margin * months).round(2),
            "cause": labels(cause, firm.CAUSES),
        }
    )


@table(
    "winback_test",
    grain="a lost subscriber in the win-back test of July 2024",
    chapter="19",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: lost subscriber
    arm! string: none, gift or discount, by lot
    returned! boolean: came back
    second_life_months! integer [month]: boxes of the second life to the end of 2024
    """,
)
def winback_test(world: World) -> pd.DataFrame:
    frame = world["winback"]
    lives = world["subscriptions"]
    second = lives[lives["life"] == 2].set_index("person")["months"].reindex(frame["person"])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], ("none", "gift", "discount")),
            "returned": frame["returns"],
            "second_life_months": second.fillna(0).astype(int).to_numpy(),
        }
    )
