"""Contacts between firm and customers: touch-points, consents, and the tests of messages, channels and rewards.

Messages sell tasting packs in a shop of their own, booked apart from `orders`: the tests here change nothing in
the core. Everything is drawn for each person under her own key.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import parameters as P
from crmlab.company.chance import Floats
from crmlab.company.people import first_days, month_days
from crmlab.company.surveys import WAVE_DAYS, active_on
from crmlab.company.tables import MINUTES, customer_ids, dates, labels, table
from crmlab.company.world import World, stage

YEAR = P.LEARN_DAYS  # first day of 2024
LAST = P.DAYS - 1

# --- what is planted ----------------------------------------------------------------------------------

FREQUENCY_MONTHS = range(25, 31)  # February to July 2024
MOST_CONTACTS = 6
WEAR_OUT = 0.25  # k: a message more takes this share off each message's response (log)
OPT_OUT = 0.002  # chance of withdrawing consent in a month with f messages: OPT_OUT · f²
BASE, BASE_GONE = 0.015, 0.002  # buys a tasting pack in a month without a message
RESPONSE, RESPONSE_GONE = 0.060, 0.008  # first message's effect; f messages: RESPONSE · f · exp(−k·f)
RECEPTIVE = 0.4
PACK_PROFIT, PACK_SPREAD = 24.0, 0.35  # yuan, log standard deviation
CONTENT_DAY, CHANNEL_DAY, REWARD_DAY = 974, 1004, 1035  # the first of September, October, November 2024
CONTENTS = {"none": 0.0, "price": 0.075, "story": 0.025, "advice": 0.050}
CONTENT_VOUCHER = 10.0  # what a pack bought on a price message costs the firm in margin
CHANNEL_EFFECTS = {"none": 0.0, "letter": 0.065, "text": 0.025, "wechat": 0.045}
CHANNEL_AGE = {"none": 0.0, "letter": 0.35, "text": 0.0, "wechat": -0.35}  # log effect for each sd of age
GONE = 0.12  # effects on members who are lost, as a share
REWARDS = (0, 2, 5, 10)  # yuan for a completed profile
OPT_IN = (-1.9, 0.62, -0.45)  # level, log(1 + reward), privacy concern
COMPLETE = (0.35, 0.12)  # level, log(1 + reward)

REASONS = ("where is it", "opening hours", "change of box", "advice", "fault")
HELP = ("telephone", "chat", "store", "e-mail")
_HELP_SHARES = np.array(
    [
        [0.12, 0.70, 0.03, 0.15],
        [0.15, 0.75, 0.05, 0.05],
        [0.35, 0.45, 0.05, 0.15],
        [0.25, 0.25, 0.45, 0.05],
        [0.62, 0.10, 0.13, 0.15],
    ]
)
RESOLVED_BY_REASON = (2.4, 2.8, 1.0, 0.7, -0.5)  # logit, by reason
RESOLVED_BY_CHANNEL = (0.8, 0.0, 0.5, -0.5)  # logit, by channel
_MINUTES_BY_REASON = (3.0, 2.0, 5.0, 7.0, 9.0)
_MINUTES_BY_CHANNEL = (1.0, 0.6, 1.2, 0.8)
COMES_BACK = 0.6  # of those whose matter is not resolved

# touch-point, stage, medium, customer known there, what is learned is passed on, importance, mean rating
TOUCHPOINTS = (
    ("screen advert", "discover", "advert", False, False, 0.04, 6.4),
    ("WeChat article", "discover", "on line", True, True, 0.08, 7.3),
    ("web search", "discover", "on line", False, False, 0.03, 6.9),
    ("web site", "consider", "on line", True, True, 0.16, 7.4),
    ("store advice", "consider", "store", True, False, 0.34, 6.1),
    ("telephone", "consider", "telephone", True, False, 0.06, 6.0),
    ("chat", "consider", "on line", True, True, 0.14, 7.8),
    ("checkout", "buy", "on line", True, True, 0.22, 7.5),
)
# from the start and from each touch-point: to each touch-point, to an order, to nothing
_MOVES = np.array(
    [
        [0.22, 0.24, 0.20, 0.14, 0.16, 0.04, 0.00, 0.00, 0.00, 0.00],  # start
        [0.02, 0.04, 0.12, 0.06, 0.10, 0.00, 0.00, 0.00, 0.00, 0.66],  # screen advert
        [0.00, 0.04, 0.04, 0.26, 0.08, 0.00, 0.04, 0.08, 0.00, 0.46],  # WeChat article
        [0.00, 0.04, 0.06, 0.40, 0.06, 0.02, 0.00, 0.00, 0.00, 0.42],  # web search
        [0.00, 0.02, 0.02, 0.06, 0.08, 0.04, 0.16, 0.30, 0.00, 0.32],  # web site
        [0.00, 0.02, 0.00, 0.06, 0.02, 0.02, 0.00, 0.02, 0.46, 0.40],  # store advice
        [0.00, 0.00, 0.00, 0.08, 0.16, 0.04, 0.02, 0.02, 0.10, 0.58],  # telephone
        [0.00, 0.00, 0.00, 0.08, 0.06, 0.02, 0.04, 0.46, 0.00, 0.34],  # chat
        [0.00, 0.00, 0.00, 0.03, 0.02, 0.01, 0.04, 0.00, 0.64, 0.26],  # checkout
    ]
)
_ORDER, _NOTHING = 8, 9
_STEPS = 16  # a journey that is longer ends in nothing


# --- consents and who can be written to ----------------------------------------------------------------


@stage("permission")
def permission(world: World) -> dict[str, NDArray[np.int64]]:
    """Day on which each person gave and withdrew each consent, tests apart; beyond the data if never."""
    ids = np.arange(world.people)
    first = first_days(world)
    made: dict[str, NDArray[np.int64]] = {}
    for purpose, draw, share, withdraws in (
        ("messages", "consent", 0.70, 0.06),
        ("profile", "consent profile", 0.45, 0.04),
        ("partners", "consent partners", 0.12, 0.10),
    ):
        given = np.where(world.uniform(draw, ids) < share, first, P.DAYS)
        left = first + np.floor((P.DAYS - first) * world.uniform(f"withdrawal day {purpose}", ids)).astype(int)
        leaves = world.uniform(f"withdraws {purpose}", ids) < withdraws
        test = (left >= month_days()[FREQUENCY_MONTHS[0]]) & (left < month_days()[FREQUENCY_MONTHS[-1] + 1])
        leaves &= ~test  # during the frequency test consent is withdrawn there
        made[purpose] = given
        made[f"{purpose} withdrawn"] = np.where((given < P.DAYS) & leaves & (left > given), left, P.DAYS)
    return made


def reachable(world: World, day: int) -> NDArray[np.int64]:
    """Members who may be sent messages on a day."""
    consent = world["permission"]
    open_now = (consent["messages"] < day) & (consent["messages withdrawn"] > day)
    return np.flatnonzero(world["people"]["retail"].to_numpy() & open_now)


def _receptive(world: World, person: NDArray[np.int64]) -> Floats:
    score = world["people"]["receptive_score"].to_numpy()[person]
    return np.exp(RECEPTIVE * score - RECEPTIVE**2 / 2)


def _profit(
    world: World, name: str, ids: NDArray[Any], bought: NDArray[np.bool_], less: Floats | float = 0.0
) -> Floats:
    made = PACK_PROFIT * np.exp(PACK_SPREAD * world.normal(f"{name} profit", ids) - PACK_SPREAD**2 / 2)
    return np.where(bought, np.round(made - less, 2), 0.0)


# --- how often: the frequency test ----------------------------------------------------------------------


@stage("frequency")
def frequency(world: World) -> pd.DataFrame:
    """One row a person and month, as long as she has not withdrawn; the number of messages is hers for all months."""
    start = month_days()[FREQUENCY_MONTHS[0]]
    person = reachable(world, start)
    sent = np.floor((MOST_CONTACTS + 1) * world.uniform("frequency arm", person)).astype(int)
    alive = world["alive"][person] >= start
    slope = np.where(alive, RESPONSE, RESPONSE_GONE) * _receptive(world, person)
    base = np.where(alive, BASE, BASE_GONE)
    chance = base + slope * sent * np.exp(-WEAR_OUT * sent)
    here = np.ones(len(person), dtype=bool)
    parts = []
    for month in FREQUENCY_MONTHS:
        ids = person * 64 + month
        bought = world.uniform("frequency buys", ids) < chance
        leaves = world.uniform("frequency opts out", ids) < OPT_OUT * sent**2
        frame = pd.DataFrame(
            {
                "person": person,
                "month": month,
                "contacts": sent,
                "bought": bought,
                "profit": _profit(world, "frequency", ids, bought),
                "opted_out": leaves,
                "day": month_days()[month] + np.floor(28 * world.uniform("opt-out day", ids)).astype(int),
                "slope": slope,
                "base": base,
            }
        )
        parts.append(frame[here])
        here = here & ~leaves
    return pd.concat(parts, ignore_index=True)


@table("frequency_test")
def frequency_test(world: World) -> pd.DataFrame:
    frame = world["frequency"].sort_values(["person", "month"])
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "month": dates(month_days()[frame["month"]]),
            "contacts": frame["contacts"].to_numpy(),
            "bought": frame["bought"].to_numpy(),
            "profit": frame["profit"].to_numpy(),
            "opted_out": frame["opted_out"].to_numpy(),
        }
    )


@table("consents")
def consents(world: World) -> pd.DataFrame:
    consent = world["permission"]
    tested = world["frequency"].query("opted_out")
    withdrawn = {name: consent[f"{name} withdrawn"].copy() for name in ("messages", "profile", "partners")}
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


# --- what, where, and for what reward: three more tests ------------------------------------------------


def still_reachable(world: World, day: int) -> NDArray[np.int64]:
    """Members who may be sent messages on a day after the frequency test."""
    gone = world["frequency"].query("opted_out")["person"]
    return np.setdiff1d(reachable(world, day), gone)


@stage("message tests")
def message_tests(world: World) -> dict[str, pd.DataFrame]:
    """Arms, chances and purchases in the tests of content and of channel."""
    age = (world["people"]["age"].to_numpy() - 41) / 12.5
    made = {}
    for name, day, planted, tilt in (
        ("content", CONTENT_DAY, CONTENTS, dict.fromkeys(CONTENTS, 0.0)),
        ("channel", CHANNEL_DAY, CHANNEL_EFFECTS, CHANNEL_AGE),
    ):
        person = still_reachable(world, day)
        alive = world["alive"][person] >= day
        arm = np.floor(4 * world.uniform(f"{name} arm", person)).astype(int)
        lift = np.array(list(planted.values())) * np.exp(np.outer(age[person], list(tilt.values())))
        lift = lift * (_receptive(world, person) * np.where(alive, 1.0, GONE))[:, None]
        chance = np.where(alive, 1.5 * BASE, BASE_GONE)[:, None] + lift
        own = np.take_along_axis(chance, arm[:, None], 1)[:, 0]
        bought = world.uniform(f"{name} buys", person) < own
        less = np.where(arm == 1, CONTENT_VOUCHER, 0.0) if name == "content" else 0.0
        frame = pd.DataFrame({"person": person, "arm": arm, "bought": bought})
        frame["profit"] = _profit(world, name, person, bought, less)
        for k, label in enumerate(planted):
            frame[f"chance_{label}"] = chance[:, k]
        made[name] = frame
    return made


def _message_test(world: World, name: str, arms: tuple[str, ...]) -> pd.DataFrame:
    frame = world["message tests"][name]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels(frame["arm"], arms),
            "bought": frame["bought"],
            "profit": frame["profit"],
        }
    )


@table("content_test")
def content_test(world: World) -> pd.DataFrame:
    return _message_test(world, "content", tuple(CONTENTS))


@table("channel_test")
def channel_test(world: World) -> pd.DataFrame:
    return _message_test(world, "channel", tuple(CHANNEL_EFFECTS))


@stage("rewards")
def rewards(world: World) -> pd.DataFrame:
    """Who was asked for a profile at which reward, the chances, and what she did."""
    person = still_reachable(world, REWARD_DAY)
    arm = np.floor(len(REWARDS) * world.uniform("reward arm", person)).astype(int)
    concern = world.normal("privacy concern", person)
    size = np.log1p(np.array(REWARDS))
    opts = special.expit(OPT_IN[0] + OPT_IN[1] * size + OPT_IN[2] * concern[:, None])
    completes = special.expit(COMPLETE[0] + COMPLETE[1] * size)
    opted = world.uniform("reward opts in", person) < np.take_along_axis(opts, arm[:, None], 1)[:, 0]
    frame = pd.DataFrame({"person": person, "arm": arm, "opted_in": opted})
    frame["completed"] = opted & (world.uniform("reward completes", person) < completes[arm])
    for k, reward in enumerate(REWARDS):
        frame[f"opts_{reward}"] = opts[:, k]
        frame[f"completes_{reward}"] = opts[:, k] * completes[k]
    return frame


@table("reward_test")
def reward_test(world: World) -> pd.DataFrame:
    frame = world["rewards"]
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "reward": np.array(REWARDS)[frame["arm"]],
            "opted_in": frame["opted_in"],
            "completed": frame["completed"],
        }
    )


@table("truth/contact_tests")
def truth_contact_tests(world: World) -> pd.DataFrame:
    """The chances of each person under every arm of the tests she was in."""
    parts = {}
    for name, arms in (("content", CONTENTS), ("channel", CHANNEL_EFFECTS)):
        frame = world["message tests"][name].set_index("person")
        parts[name] = frame[[f"chance_{arm}" for arm in arms]].set_axis([f"{name}_{arm}" for arm in arms], axis=1)
    frame = world["rewards"].set_index("person")
    for what, chance in (("opts", "opt_in"), ("completes", "complete")):
        columns = [f"{what}_{reward}" for reward in REWARDS]
        parts[what] = frame[columns].set_axis([f"{chance}_{reward}" for reward in REWARDS], axis=1)
    test = world["frequency"].drop_duplicates("person").set_index("person")[["base", "slope"]]
    parts["frequency"] = test.set_axis(["frequency_base", "frequency_slope"], axis=1)
    table = pd.concat(parts.values(), axis=1).sort_index().round(5)
    table.insert(0, "customer_id", customer_ids(world, table.index.to_numpy()))
    return table.reset_index(drop=True)


@table("truth/wear_out")
def truth_wear_out(world: World) -> pd.DataFrame:
    return pd.DataFrame({"parameter": ["k", "opt_out"], "value": [WEAR_OUT, OPT_OUT]})


# --- touch-points -----------------------------------------------------------------------------------------


@table("touchpoints")
def touchpoints(world: World) -> pd.DataFrame:
    rows = [row[:5] for row in TOUCHPOINTS]
    return pd.DataFrame(rows, columns=["touchpoint", "stage", "medium", "customer_known", "passed_on"])


@table("journeys")
def journeys(world: World) -> pd.DataFrame:
    """Journeys of the autumn of 2024: a first-order Markov chain from touch-point to touch-point."""
    ids = np.arange(world.people)
    person = ids[world["people"]["retail"].to_numpy() & (first_days(world) < 1004)]
    person = person[world.uniform("has a journey", person) < 0.5]
    state = np.zeros(len(person), dtype=int)  # row of _MOVES; 0 is the start
    steps, ends = [], np.full(len(person), _NOTHING)
    for step in range(_STEPS):
        moves = world.choice("journey", person * _STEPS + step, _MOVES[state]) if len(state) else state
        over = moves >= _ORDER
        ends[np.searchsorted(person, person[over])] = moves[over]
        steps.append(pd.DataFrame({"person": person[~over], "step": step + 1, "touchpoint": moves[~over]}))
        if step == 0:
            everybody, outcome = person, ends
        else:
            outcome[np.searchsorted(everybody, person[over])] = moves[over]
        person, state = person[~over], moves[~over] + 1
        ends = np.full(len(person), _NOTHING)
    frame = pd.concat(steps).sort_values(["person", "step"], ignore_index=True)
    converted = outcome[np.searchsorted(everybody, frame["person"])] == _ORDER
    return pd.DataFrame(
        {
            "journey_id": frame["person"] + 1,
            "step": frame["step"],
            "customer_id": customer_ids(world, frame["person"]),
            "touchpoint": labels(frame["touchpoint"], tuple(row[0] for row in TOUCHPOINTS)),
            "converted": converted,
        }
    )


def order_chance(without: int | None = None) -> float:
    """Chance that a journey ends in an order; `without` sends all who would come to that touch-point to nothing."""
    moves = _MOVES[:, :_ORDER].copy()
    if without is not None:
        moves[:, without] = 0.0
    ends = np.linalg.solve(np.eye(_ORDER) - moves[1:], _MOVES[1:, _ORDER])
    return float(moves[0] @ ends + _MOVES[0, _ORDER])


@table("touchpoint_ratings")
def touchpoint_ratings(world: World) -> pd.DataFrame:
    """How well each touch-point did, and the whole; the whole is the parts by their importance, and chance."""
    person = active_on(world, WAVE_DAYS[3])
    person = person[world.uniform("touch-points asked", person) < 0.24]
    service = world["people"]["service_quality"].to_numpy()[person]
    ratings = {}
    overall = 7.2 + 0.45 * world.normal("rating of the whole", person)
    for k, (name, *_, importance, mean) in enumerate(TOUCHPOINTS):
        shown = mean + 0.7 * service + 1.35 * world.normal("touch-point rating", person * 16 + k)
        ratings[name] = np.clip(np.round(shown), 1, 10).astype(int)
        overall = overall + importance * (ratings[name] - mean)
    ratings["overall"] = np.clip(np.round(overall), 1, 10).astype(int)
    wide = pd.DataFrame(ratings, index=person)
    long = wide.rename_axis("person").reset_index().melt("person", var_name="touchpoint", value_name="performance")
    place = {name: k for k, name in enumerate(ratings)}
    long["place"] = long["touchpoint"].map(place)
    long = long.sort_values(["person", "place"], ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, long["person"]),
            "touchpoint": labels(long["place"], tuple(ratings)),
            "performance": long["performance"],
        }
    )


@table("truth/touchpoints")
def truth_touchpoints(world: World) -> pd.DataFrame:
    every = order_chance()
    rows = [(row[0], row[5], round(1 - order_chance(k) / every, 5)) for k, row in enumerate(TOUCHPOINTS)]
    return pd.DataFrame(rows, columns=["touchpoint", "importance", "removal_effect"])


# --- contacts for help ------------------------------------------------------------------------------------


@table("contacts")
def contacts(world: World) -> pd.DataFrame:
    """Requests of 2024 that reached the firm: questions about orders and boxes, complaints, and coming back."""
    frame = pd.concat(_requests(world), ignore_index=True)
    frame = frame[(frame["day"] >= YEAR) & (frame["day"] <= LAST)]
    frame = frame.sort_values(["day", "person", "reason", "key"], ignore_index=True)
    first = _handled(world, frame, "contact")
    back = ~first["resolved"] & (world.uniform("comes back", first["key"]) < COMES_BACK)
    again = first[back].assign(
        day=lambda t: t["day"] + 1 + np.floor(6 * world.uniform("comes back after", t["key"])).astype(int)
    )
    again = _handled(world, again[again["day"] <= LAST], "second contact")
    both = pd.concat([first.assign(again=0), again.assign(again=1)])
    draw = both["key"] * 2 + both["again"]
    both["minute"] = 540 + np.floor(660 * world.uniform("minute", draw)).astype(int)
    both["number"] = _contact_number(draw.to_numpy())
    both["of"] = _contact_number(both["key"].to_numpy() * 2)
    both = both.sort_values(["day", "minute", "number"], ignore_index=True)
    known = world.uniform("caller known", both["key"]) > np.where(both["reason"] == 1, 0.6, 0.08)
    names = pd.Series(customer_ids(world, both["person"])).where(known).astype("str")
    when = dates(both["day"]) + pd.to_timedelta(both["minute"], unit="min")
    back_call = (both["again"] == 1) & (world.uniform("firm calls back", both["key"]) < 0.25)
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
    placed, sent = world["orders"], world["boxes"]
    order = placed[["person", "day", "channel", "complained"]].assign(key=placed["order_id"].to_numpy() * 8)
    order["asks"] = world.uniform("asks about order", order["key"])
    box = pd.DataFrame({"person": sent["person"], "day": month_days()[sent["month"]] + 4})
    box["key"] = ((box["person"] + 1) * 64 + sent["month"]) * 8 + 4
    box["asks"] = world.uniform("asks about box", box["key"])
    on_line = order["channel"] > 0
    month = np.tile(np.arange(12), world.people)
    person = np.repeat(np.arange(world.people), 12)
    hours = pd.DataFrame({"person": person, "key": (person * 16 + month) * 8 + 5})
    hours["day"] = month_days()[24 + month] + np.floor(28 * world.uniform("hours day", hours["key"])).astype(int)
    asks_hours = world.uniform("asks for hours", hours["key"]) < 0.008
    parts = [
        (order[on_line & (order["asks"] < 0.16)], 0, 1),
        (hours[asks_hours.astype(bool)], 1, 0),
        (box[box["asks"] < 0.05], 2, 0),
        (order[~on_line & (order["asks"] < 0.10)], 3, 2),
        (order[order["complained"]].assign(key=lambda t: t["key"] + 1), 4, 1),
        (box[sent["complained"].to_numpy()].assign(key=lambda t: t["key"] + 2), 4, 1),
    ]
    return [t[["person", "day", "key"]].assign(reason=reason, day=t["day"] + wait) for t, reason, wait in parts]


def _handled(world: World, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The channel, minutes and result of each request."""
    reason, key = frame["reason"].to_numpy(), frame["key"].to_numpy()
    shares = _HELP_SHARES[reason] if name == "contact" else np.tile([0.7, 0.15, 0.05, 0.10], (len(frame), 1))
    channel = world.choice(f"{name} channel", key, shares) if len(frame) else np.zeros(0, dtype=int)
    chance = special.expit(np.array(RESOLVED_BY_REASON)[reason] + np.array(RESOLVED_BY_CHANNEL)[channel])
    spread = np.exp(0.5 * world.normal(f"{name} minutes", key) - 0.125)
    minutes = np.array(_MINUTES_BY_REASON)[reason] * np.array(_MINUTES_BY_CHANNEL)[channel] * spread
    return frame.assign(
        channel=channel,
        minutes=np.maximum(np.round(minutes, 1), 0.2),
        resolved=world.uniform(f"{name} resolved", key) < chance,
    )


@table("truth/resolution")
def truth_resolution(world: World) -> pd.DataFrame:
    """Chance that a contact is resolved, by reason and channel."""
    score = np.array(RESOLVED_BY_REASON)[:, None] + np.array(RESOLVED_BY_CHANNEL)
    rows = [(r, c, special.expit(score[i, j])) for i, r in enumerate(REASONS) for j, c in enumerate(HELP)]
    frame = pd.DataFrame(rows, columns=["reason", "channel", "resolved"]).round(5)
    return frame.astype({"reason": pd.CategoricalDtype(list(REASONS)), "channel": pd.CategoricalDtype(list(HELP))})


# --- costs, campaigns, activities -------------------------------------------------------------------------


@table("channel_costs")
def channel_costs(world: World) -> pd.DataFrame:
    rows = [
        ("letter", "out", world.parameters.mail_cost, 0.0, 0.60, "print and postage"),
        ("text", "out", 0.10, 0.0, 0.35, "text message"),
        ("wechat", "out", 0.15, 0.0, 0.45, "message of the service account, with its picture"),
        ("screen advert", "out", 0.05, 0.0, 0.03, "one view of a screen in an office lift"),
        ("telephone", "in", 2.40, 0.80, None, "line and desk, and the agent's minutes"),
        ("chat", "in", 0.60, 0.80, None, "software, and the agent's minutes"),
        ("store", "in", 1.00, 0.80, None, "counter, and the assistant's minutes"),
        ("e-mail", "in", 0.40, 0.80, None, "software, and the agent's minutes"),
    ]
    names = ["channel", "direction", "cost", "cost_per_minute", "attention", "note"]
    return pd.DataFrame(rows, columns=names)


@table("campaigns")
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


@table("activity_log")
def activity_log(world: World) -> pd.DataFrame:
    """Minutes of service for each member's orders of 2024, by month and activity."""
    from crmlab.company.tables import _MINUTE_SHARES

    placed = world["orders"]
    minutes = world["order_minutes"][:, None] * _MINUTE_SHARES[placed["channel"]]
    frame = pd.DataFrame(minutes, columns=[name.removesuffix("_minutes") for name in MINUTES])
    frame["person"] = placed["person"].to_numpy()
    frame["month"] = np.searchsorted(month_days(), placed["day"].to_numpy(), side="right") - 1
    frame = frame[frame["month"] >= P.LEARN_MONTHS]
    total = frame.groupby(["person", "month"], as_index=False).sum()
    long = total.melt(["person", "month"], var_name="activity", value_name="minutes")
    names = ("advice", "packing", "after_sales")
    long["place"] = long["activity"].map({name: k for k, name in enumerate(names)})
    long = long.sort_values(["person", "month", "place"], ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, long["person"]),
            "activity": labels(long["place"], ("advice", "packing", "after-sales")),
            "month": dates(month_days()[long["month"]]),
            "minutes": long["minutes"].round(1),
        }
    )
