"""How subscribers leave, and what the firm could have seen.

Seven listening posts watch for customers about to leave. Five are signals of the defection path: skipped boxes
(purchase), remarks noted by staff (front line), late payments (receivables), visits to the page on cancelling (web)
and critical events; survey answers and the churn score the firm has elsewhere.
"""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.chance import Floats
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World

POSTS = ("purchase", "front_line", "receivables", "web", "critical_event")


WORDS = {
    "price": ("Too dear for what I drink.", "I can get tea cheaper.", "We have to save."),
    "service": ("Nobody answered my complaint.", "The box was late again.", "Had to call three times."),
    "competitor": ("Another shop has a better box.", "A friend gave me another tea club.", "The new shop is nearer."),
    "product": ("The blends bore me.", "Too much of the same.", "The tea was not fresh."),
    "no need": ("I drink coffee now.", "The cupboard is full.", "My husband was the tea drinker."),
    "moved": ("We are moving away.", "No delivery at the new place.", "I go abroad."),
}


@table(
    "exit_survey",
    grain="a leaver who answered",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: leaver who answered
    cause! string: cause named
    text string: in her own words
    """,
)
def exit_survey(world: World) -> pd.DataFrame:
    frame = world["exits"]
    frame = frame[frame["answers"]]
    person, says = frame["person"].to_numpy(), frame["says"].to_numpy()
    which = np.floor(3 * world.uniform("exit words", person)).astype(int)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "cause": labels(says, firm.CAUSES),
            "text": np.array([WORDS[cause] for cause in firm.CAUSES])[says, which],
        }
    )


@table(
    "exit_interviews",
    grain="a leaver interviewed at length",
    chapter="19",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: leaver who was interviewed
    said! string: cause named in the exit survey
    meant! string: cause found in a long talk
    """,
)
def exit_interviews(world: World) -> pd.DataFrame:
    """Long talks with some of those who answered the exit survey: what they had said, and what they had meant."""
    frame = world["exits"]
    frame = frame[
        frame["answers"] & (world.uniform("exit interview", frame["person"]) < world.parameters.leaving.interviewed)
    ]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "said": labels(frame["says"], firm.CAUSES),
            "meant": labels(frame["cause"], firm.CAUSES),
        }
    )


def _months(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row of the life, person and month of every active month of a first life."""
    row, month = np.nonzero(world["defection"]["active"])
    return row, world["first_lives"]["person"].to_numpy()[row], month


@table(
    "listening_posts",
    grain="a subscriber and month of her first life",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: subscriber
    month* date: first day of the month
    purchase! boolean: skipped or downsized the box
    front_line! boolean: staff noted a remark of discontent
    critical_event! boolean: asked for the terms of cancelling, or an event that often ends a subscription
    """,
)
def listening_posts(world: World) -> pd.DataFrame:
    row, person, month = _months(world)
    signals = world["defection"]["signals"][row, month]
    made = {"customer_id": customer_ids(world, person), "month": dates(firm.month_days()[month])}
    shown = ("purchase", "front_line", "critical_event")
    return pd.DataFrame(made | {name: signals[:, POSTS.index(name)] for name in shown})


@table(
    "payments",
    grain="a monthly payment",
    chapter="18",
    scale="sample",
    columns="""
    subscription_id* integer -> subscriptions.subscription_id: subscription
    month* date: month billed
    amount! number [yuan]: amount
    days_late! integer [day]: days after the due date
    """,
)
def payments(world: World) -> pd.DataFrame:
    p = world.parameters.leaving
    lives = world["subscriptions"].set_index("subscription_id")
    sent = world["boxes"]
    person, month = sent["person"].to_numpy(), sent["month"].to_numpy()
    first = world["first_lives"]["person"].to_numpy()
    late = np.zeros((world.people, firm.MONTHS), dtype=bool)
    late[first] = world["defection"]["signals"][:, :, POSTS.index("receivables")]
    late = late[person, month] & (sent["subscription_id"].to_numpy() % 10 == 1)
    draw = world.uniform("days late", person * 64 + month)
    span, less = p.late_usual
    usual = np.floor(np.maximum(0, span * draw - less)).astype(int)  # half pay on the day, the others within five
    return pd.DataFrame(
        {
            "subscription_id": sent["subscription_id"],
            "month": dates(firm.month_days()[month]),
            "amount": lives["price_fen"].reindex(sent["subscription_id"]).to_numpy() / 100,
            "days_late": np.where(late, p.late_from + np.floor(p.late_days * draw**2).astype(int), usual),
        }
    )


@table(
    "web_visits",
    grain="a customer and month",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: subscriber
    month* date: month
    visits! integer [visit]: visits to the account page
    cancel_page! boolean: opened the page on cancelling
    """,
)
def web_visits(world: World) -> pd.DataFrame:
    p = world.parameters.leaving
    row, person, month = _months(world)
    path = world["defection"]
    mean = np.exp(p.visits[0] + p.visits[1] * path["engagement"][row, month])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "month": dates(firm.month_days()[month]),
            "visits": _poisson(world.uniform("web visits", person * 64 + month), mean),
            "cancel_page": path["signals"][row, month, POSTS.index("web")],
        }
    )


def _poisson(draw: Floats, mean: Floats) -> np.ndarray:
    """Poisson counts by inversion, at most 40."""
    count, term = np.zeros(len(draw), dtype=int), np.exp(-mean)
    total = term.copy()
    for k in range(1, 41):
        count += draw > total
        term = term * mean / k
        total += term
    return count


@table(
    "truth/defection",
    grain="a subscriber and month of discontent",
    chapter="18",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: subscriber
    month* date: first day of a month of discontent
    months_to_exit integer [month]: months to the last box; missing where the spell passes and no exit was seen
    """,
)
def truth_defection(world: World) -> pd.DataFrame:
    """Discontent by month: spells that end in leaving, and others that pass."""
    path, lives = world["defection"], world["first_lives"]
    row, month = np.nonzero(path["discontent"])
    last = (lives["start"] + lives["length"] - 1).to_numpy()[row]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, lives["person"].to_numpy()[row]),
            "month": dates(firm.month_days()[month]),
            "months_to_exit": pd.array(np.where(last < firm.MONTHS, last - month, -1), dtype="Int64"),
        }
    ).assign(months_to_exit=lambda frame: frame["months_to_exit"].where(frame["months_to_exit"] >= 0))
