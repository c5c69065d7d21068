"""Requests of 2024 that reached the firm: questions about orders and boxes, complaints, and coming back."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import firm
from crmlab.company.tables import customer_ids, dates, labels, table
from crmlab.company.world import World

REASONS = ("where is it", "opening hours", "change of box", "advice", "fault")


HELP = ("telephone", "chat", "store", "e-mail")


@table(
    "contacts",
    grain="a request of 2024 that reached the firm or its repetition",
    chapter="10",
    scale="sample",
    columns="""
    contact_id* integer: contact
    customer_id string -> customers.customer_id: customer; missing if unknown
    contact_time! string [date and time]: start of the contact
    channel! string: telephone, chat, store or e-mail
    direction! string: in; out if the firm calls back
    reason! string: what the customer wants
    minutes! number [minute]: handling time
    resolved! boolean: resolved in this contact
    repeat_of integer -> contacts.contact_id: earlier contact on the same matter
    """,
)
def contacts(world: World) -> pd.DataFrame:
    """Requests of 2024 that reached the firm: questions about orders and boxes, complaints, and coming back."""
    p = world.parameters.requests
    frame = pd.concat(_requests(world), ignore_index=True)
    frame = frame[(frame["day"] >= firm.LEARN_DAYS) & (frame["day"] < firm.DAYS)]
    frame = frame.sort_values(["day", "person", "reason", "key"], ignore_index=True)
    first = _handled(world, frame, "contact")
    back = ~first["resolved"] & (world.uniform("comes back", first["key"]) < p.comes_back)
    again = first[back].assign(
        day=lambda t: (
            t["day"] + 1 + np.floor(p.comes_back_days * world.uniform("comes back after", t["key"])).astype(int)
        )
    )
    again = _handled(world, again[again["day"] < firm.DAYS], "second contact")
    both = pd.concat([first.assign(again=0), again.assign(again=1)])
    draw = both["key"] * 2 + both["again"]
    both["minute"] = 540 + np.floor(660 * world.uniform("minute", draw)).astype(int)
    both["number"] = _contact_number(draw.to_numpy())
    both["of"] = _contact_number(both["key"].to_numpy() * 2)
    both = both.sort_values(["day", "minute", "number"], ignore_index=True)
    known = world.uniform("caller known", both["key"]) > np.where(both["reason"] == 1, *p.unknown_caller)
    names = pd.Series(customer_ids(world, both["person"])).where(known).astype("str")
    when = dates(both["day"]) + pd.to_timedelta(both["minute"], unit="min")
    back_call = (both["again"] == 1) & (world.uniform("firm calls back", both["key"]) < p.called_back)
    return pd.DataFrame(
        {
            "contact_id": both["number"],
            "customer_id": names,
            "contact_time": pd.Series(when).dt.strftime("%Y-%m-%d %H:%M").astype("str"),
            "channel": labels(both["channel"], HELP),
            "direction": labels(back_call.astype(int), ("in", "out")),
            "reason": labels(both["reason"], REASONS),
            "minutes": both["minutes"],
            "resolved": both["resolved"],
            "repeat_of": both["of"].astype("Int64").where(both["again"] == 1),
        }
    )


def _contact_number(draw: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for each contact that does not tell who it was: an odd multiple, which is unique modulo 2³⁶."""
    return (draw * 40_503_000_001) % 2**36


def _requests(world: World) -> list[pd.DataFrame]:
    """Who wants something, on which day and about what; the key numbers its draws."""
    on_line_asks, by_hours, by_box, in_store = world.parameters.requests.asks
    placed, sent = world["orders"], world["boxes"]
    order = placed[["person", "day", "channel", "complained"]].assign(key=placed["order_id"].to_numpy() * 8)
    order["asks"] = world.uniform("asks about order", order["key"])
    box = pd.DataFrame({"person": sent["person"], "day": firm.month_days()[sent["month"]] + 4})
    box["key"] = ((box["person"] + 1) * 64 + sent["month"]) * 8 + 4
    box["asks"] = world.uniform("asks about box", box["key"])
    on_line = order["channel"] > 0
    month = np.tile(np.arange(12), world.people)
    person = np.repeat(np.arange(world.people), 12)
    hours = pd.DataFrame({"person": person, "key": (person * 16 + month) * 8 + 5})
    hours["day"] = firm.month_days()[24 + month] + np.floor(28 * world.uniform("hours day", hours["key"])).astype(int)
    asks_hours = world.uniform("asks for hours", hours["key"]) < by_hours
    parts = [
        (order[on_line & (order["asks"] < on_line_asks)], 0, 1),
        (hours[asks_hours.astype(bool)], 1, 0),
        (box[box["asks"] < by_box], 2, 0),
        (order[~on_line & (order["asks"] < in_store)], 3, 2),
        (order[order["complained"]].assign(key=lambda t: t["key"] + 1), 4, 1),
        (box[sent["complained"].to_numpy()].assign(key=lambda t: t["key"] + 2), 4, 1),
    ]
    return [t[["person", "day", "key"]].assign(reason=reason, day=t["day"] + wait) for t, reason, wait in parts]


def _handled(world: World, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The channel, minutes and result of each request."""
    p = world.parameters.requests
    reason, key = frame["reason"].to_numpy(), frame["key"].to_numpy()
    shares = np.array(p.help_shares)[reason] if name == "contact" else np.tile(p.help_again, (len(frame), 1))
    channel = world.choice(f"{name} channel", key, shares) if len(frame) else np.zeros(0, dtype=int)
    chance = special.expit(np.array(p.resolved_by_reason)[reason] + np.array(p.resolved_by_channel)[channel])
    spread = np.exp(p.minutes_spread * world.normal(f"{name} minutes", key) - p.minutes_spread**2 / 2)
    minutes = np.array(p.minutes_by_reason)[reason] * np.array(p.minutes_by_channel)[channel] * spread
    return frame.assign(
        channel=channel,
        minutes=np.maximum(np.round(minutes, 1), 0.2),
        resolved=world.uniform(f"{name} resolved", key) < chance,
    )


@table(
    "truth/resolution",
    grain="a reason and channel: the true chance of being resolved",
    chapter="10",
    scale="firm",
    columns="""
    reason* string: what the customer wants
    channel* string: channel
    resolved! number [probability]: chance that a contact resolves it
    """,
)
def truth_resolution(world: World) -> pd.DataFrame:
    """Chance that a contact is resolved, by reason and channel."""
    p = world.parameters.requests
    score = np.array(p.resolved_by_reason)[:, None] + np.array(p.resolved_by_channel)
    rows = [(r, c, special.expit(score[i, j])) for i, r in enumerate(REASONS) for j, c in enumerate(HELP)]
    frame = pd.DataFrame(rows, columns=["reason", "channel", "resolved"]).round(5)
    return frame.astype({"reason": pd.CategoricalDtype(list(REASONS)), "channel": pd.CategoricalDtype(list(HELP))})
