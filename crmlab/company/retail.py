"""Retail orders: BG/NBD in time, gamma–gamma in money, with faults, the rival and the tests of 2024.

Orders are made round by round: first orders, then everybody's second order, and so on. After each
repeat order (never after the first) a customer may leave for good without a word.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import faults
from crmlab.company import parameters as P
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.world import World, stage

Ints = NDArray[np.int64]
ROUNDS = 1000  # ids of orders are customer × 1000 + round, so no customer has more
NEVER = 10**6
NO_FAULT = {"severity": 0, "complained": False, "restored": 0.0, "arm": -1, "left": 0.0, "stays_by_arm": -1}


@stage("base_orders")
def base_orders(world: World) -> dict[str, pd.DataFrame]:
    """Orders customers place of their own accord (`orders`), and when each customer was lost (`lost`)."""
    p = world.parameters
    people = world["people"]
    members = np.flatnonzero(people["retail"].to_numpy())
    clock = Clock(world, members)
    gone = world["rival"][members]
    in_programme = invited(world)
    column = {name: people[name].to_numpy()[members] for name in ("rate", "dropout", "joined", "city")}
    scale = people["spend_scale"].to_numpy()[members]
    lost = gone.copy()
    shop = _channels(people)[members]
    here = np.arange(len(members))  # members still buying, as positions in `members`
    time = clock.operational(here, column["joined"][here].astype(float))
    day = column["joined"][here].astype(np.int64)
    columns: dict[str, list[np.ndarray]] = {}
    for k in range(ROUNDS):
        keep = day < np.minimum(P.DAYS, gone[here])
        here, time, day = here[keep], time[keep], day[keep]
        if len(here) == 0:
            break
        person = members[here]
        ids = person * ROUNDS + k
        channel = world.choice("channel", ids, shop[here])
        fault = faults.draw(world, "order", ids, person, day, _fault_chance(p, column["city"][here], channel, day))
        score = world.normal("amount", ids)
        amount = gamma_at(score, p.spend[0]) / scale[here]
        amount = amount * np.where(in_programme[person] & (day >= P.LEARN_DAYS), 1 + p.programme_effect, 1.0)
        leave_draw = world.uniform("leave", ids)
        leave = np.zeros(len(here), dtype=bool)
        leave_by_arm = np.zeros((len(here), 3), dtype=bool)
        if k > 0:
            stays = np.log1p(-np.minimum(column["dropout"][here], 1 - 1e-12))
            leave = leave_draw < 1 - np.exp(stays * faults.dropout_multiplier(world, fault.left))
            by_arm = faults.dropout_multiplier(world, fault.left_by_arm)
            leave_by_arm = leave_draw[:, None] < 1 - np.exp(stays[:, None] * by_arm)
        made = {
            "person": person,
            "round": np.full(len(here), k, dtype=np.int16),
            "day": day.astype(np.int16),
            "fen": np.maximum(np.round(100 * amount), 100).astype(np.int32),
            "channel": channel.astype(np.int8),
            "severity": fault.severity.astype(np.int8),
            "complained": fault.complained,
            "restored": fault.restored.astype(np.float32),
            "arm": fault.arm.astype(np.int8),
            "left": fault.left.astype(np.float32),
            # bit k: stays under arm k of the recovery test; −1 outside it
            "stays_by_arm": np.where(fault.arm >= 0, ~leave_by_arm @ np.array([1, 2, 4]), -1).astype(np.int8),
        }
        for name, values in made.items():
            columns.setdefault(name, []).append(values)
        lost[here[leave]] = np.minimum(lost[here[leave]], day[leave])
        here, time, day, ids = here[~leave], time[~leave], day[~leave], ids[~leave]
        time = time + 7 * world.exponential("gap", ids) / column["rate"][here]
        day = np.maximum(np.floor(clock.calendar(here, time)).astype(np.int64), day + 1)
    order = np.lexsort((np.concatenate(columns["day"]), np.concatenate(columns["person"])))
    orders = pd.DataFrame({name: np.concatenate(columns.pop(name))[order] for name in list(columns)})
    return {"orders": orders, "lost": pd.DataFrame({"person": members, "lost_day": lost})}


class Clock:
    """Operational time: it runs faster around the new year, and changes after a life event."""

    def __init__(self, world: World, members: Ints) -> None:
        p = world.parameters
        people = world["people"]
        self.days = np.arange(P.DAYS + 2, dtype=float)
        self.cumulative = [np.concatenate([[0.0], np.cumsum(season(s))]) for s in p.season]
        self.gift = (people["segment"].to_numpy() == P.SEGMENTS.index("gift"))[members]
        events = world["life_events"].drop_duplicates("person")  # the first event counts
        change, factor = np.full(world.people, np.inf), np.ones(world.people)
        change[events["person"]] = events["day"] + p.event_lag
        factor[events["person"]] = np.where(events["event"] == "moved", p.moved_factor, p.baby_factor)
        self.change, self.factor = change[members], factor[members]
        self.change_time = self._seasonal(np.arange(len(members)), np.minimum(self.change, P.DAYS + 1))

    def _seasonal(self, here: Ints, day: Floats) -> Floats:
        plain, gift = (np.interp(day, self.days, c) for c in self.cumulative)
        return np.where(self.gift[here], gift, plain)

    def operational(self, here: Ints, day: Floats) -> Floats:
        """Operational time at a calendar day."""
        time, change = self._seasonal(here, day), self.change_time[here]
        return np.where(day > self.change[here], change + self.factor[here] * (time - change), time)

    def calendar(self, here: Ints, time: Floats) -> Floats:
        """Calendar day at an operational time."""
        change = self.change_time[here]
        changed = (time > change) & np.isfinite(self.change[here])
        time = np.where(changed, change + (time - change) / self.factor[here], time)
        plain, gift = (np.interp(time, c, self.days) for c in self.cumulative)
        return np.where(self.gift[here], gift, plain)


def season(strength: float) -> Floats:
    """Relative intensity of buying on each day, mean 1 over a year: a new-year peak on a gentle wave."""
    year = np.arange(366)
    distance = np.minimum(np.abs(year - 12), 365 - np.abs(year - 12))
    wave = 2.2 * np.exp(-0.5 * (distance / 14) ** 2) + 0.25 * np.cos(2 * np.pi * (year - 20) / 365)
    intensity = (1 + strength * wave) / np.mean(1 + strength * wave)
    days = pd.date_range(P.FIRST_DAY, periods=P.DAYS + 1)
    return intensity[days.day_of_year - 1]


def _channels(people: pd.DataFrame) -> Floats:
    """Probability of store, web and WeChat for each person: the young buy on line."""
    young = special.expit((42 - people["age"].to_numpy()) / 8)
    store = 0.75 - 0.50 * young
    wechat = 0.10 + 0.25 * young
    return np.column_stack([store, 1 - store - wechat, wechat])


def _fault_chance(p: P.Parameters, city: Ints, channel: Ints, day: Ints) -> Floats:
    """Faults are a little rarer in stores; in June 2023 the courier fails two cities."""
    usual = np.where(channel == 0, 0.75, 1.25) * p.fault
    crisis = np.isin(city, p.courier_cities) & (day >= p.courier_days[0]) & (day < p.courier_days[1])
    return np.where(crisis & (channel > 0), 1.8 * p.courier_fault, usual)


@stage("rival")
def rival(world: World) -> Ints:
    """Day on which each person went over to the rival for good; far in the future for all others."""
    p = world.parameters
    people = world["people"]
    ids = np.arange(world.people)
    bond = 0.8 * people["attitude"].to_numpy() + 0.4 * people["switching_cost"].to_numpy()
    leaves = world.uniform("rival", ids) < p.rival_pull * special.ndtr(-2 * (bond - 0.1))
    joined_before = (people["joined"] < p.rival_day) & people["retail"]
    exposed = ((people["city"] == P.RIVAL_CITY) & joined_before).to_numpy()
    delay = np.floor(p.rival_delay * world.exponential("rival delay", ids)).astype(np.int64)
    return np.where(exposed & leaves, p.rival_day + delay, NEVER)


def invited(world: World) -> NDArray[np.bool_]:
    """The random half of the 2023 members who are invited to the programme of 2024."""
    joined = world["people"]["joined"].to_numpy() < P.LEARN_DAYS
    return joined & (world.uniform("programme arm", np.arange(world.people)) < 0.5)


@stage("alive")
def alive(world: World) -> Ints:
    """Day after whose order each person is lost to retail; far in the future for those still alive."""
    lost = np.full(world.people, NEVER)
    frame = world["base_orders"]["lost"]
    lost[frame["person"]] = frame["lost_day"]
    return lost


@stage("promotions")
def promotions(world: World) -> dict[str, pd.DataFrame]:
    """The two mailings and the offer test of 2024: arms and what every member would have answered."""
    people = world["people"]
    p = world.parameters
    member = np.flatnonzero(people["retail"] & (people["joined"] < P.LEARN_DAYS))
    made = {}
    for k, day in enumerate(p.mail_days):
        share = p.mail_share if k == 0 else 0.5
        alive_now = world["alive"][member] >= day
        would = special.expit(
            p.response[0]
            + p.response[1] * people["rate_score"].to_numpy()[member]
            + p.response[2] * people["attitude"].to_numpy()[member]
        )
        probability = np.where(alive_now, would, p.response_gone)
        made[f"mail_{k + 1}"] = pd.DataFrame(
            {
                "person": member,
                "mailed": world.uniform(f"mail {k + 1} arm", member) < share,
                "probability": probability,
                "responds": world.uniform(f"mail {k + 1}", member) < probability,
                "day": day + 1 + np.floor(21 * world.uniform(f"mail {k + 1} delay", member)).astype(int),
            }
        )
    member = np.flatnonzero(people["retail"] & (people["joined"] < p.offer_day))
    arm = np.floor(5 * world.uniform("offer arm", member)).astype(int)
    level = (
        p.offer[0]
        + p.offer[1] * people["rate_score"].to_numpy()[member]
        + p.offer[2] * people["attitude"].to_numpy()[member]
    )
    segment = people["segment"].to_numpy()[member]
    score = level[:, None] + p.offer[3] * (np.arange(5) - 1 == segment[:, None])
    probability = special.expit(score)
    probability[:, 0] = 0.0  # who gets no offer cannot take one up
    probability[world["alive"][member] < p.offer_day] *= 0.05
    draw = world.uniform("offer", member)
    frame = pd.DataFrame({"person": member, "arm": arm})
    for k, name in enumerate(P.OFFERS):
        frame[f"probability_{name.replace(' ', '_')}"] = probability[:, k]
    frame["responds"] = draw < np.take_along_axis(probability, arm[:, None], 1)[:, 0]
    frame["day"] = p.offer_day + 1 + np.floor(21 * world.uniform("offer delay", member)).astype(int)
    made["offer"] = frame
    return made


@stage("orders")
def orders(world: World) -> pd.DataFrame:
    """All retail orders, those brought by the promotions of 2024 among them; one a customer and day."""
    p = world.parameters
    base = world["base_orders"]["orders"].assign(promotion=np.int8(0), voucher=np.int16(0))
    extra = []
    for k, (name, frame) in enumerate(world["promotions"].items()):
        sent = frame["mailed"] if name.startswith("mail") else frame["arm"] > 0
        taken = frame[frame["responds"] & sent]
        person = taken["person"].to_numpy()
        amount = gamma_at(world.normal(f"{name} amount", person), p.spend[0])
        amount = amount / world["people"]["spend_scale"].to_numpy()[person]
        voucher = p.voucher if name.startswith("mail") else 0.0
        fen = np.round(100 * (np.maximum(amount, 50.0) - voucher)).astype(np.int32)
        channel = world.choice(f"{name} channel", person, _channels(world["people"])[person])
        extra.append(
            pd.DataFrame(
                {
                    "person": person,
                    "round": np.int16(ROUNDS - 3 + k),
                    "day": taken["day"].to_numpy().astype(np.int16),
                    "fen": fen,
                    "channel": channel.astype(np.int8),
                    "promotion": np.int8(k + 1),
                    "voucher": np.int16(100 * voucher),
                }
            ).assign(**NO_FAULT)
        )
    late = pd.concat(extra, ignore_index=True).astype(base.dtypes.to_dict())
    late["day"] = _free_days(base, late)
    order = np.lexsort([np.concatenate([base[name], late[name]]) for name in ("day", "person")])
    frame = pd.DataFrame({name: np.concatenate([base[name], late[name]])[order] for name in base})
    frame["order_id"] = (frame["person"] + 1) * ROUNDS + frame.groupby("person").cumcount() + 1
    return frame


def _free_days(base: pd.DataFrame, late: pd.DataFrame) -> Ints:
    """The days of promotions' orders, moved to the next day on which the customer does not order anyway."""
    theirs = base[base["person"].isin(late["person"])]
    taken = set(zip(theirs["person"], theirs["day"], strict=True))
    person, days = late["person"].to_numpy(), late["day"].to_numpy().copy()
    for row in np.lexsort((late["promotion"], days, person)):
        while (person[row], days[row]) in taken:
            days[row] += 1
        taken.add((person[row], days[row]))
    return days


@stage("programme")
def programme(world: World) -> pd.DataFrame:
    """Who would join a loyalty programme unasked, and who is in the random invited half of 2024."""
    people = world["people"]
    level, slope = world.parameters.volunteer
    score = level + slope * (people["rate_score"] + people["spend_score"])
    eager = world.uniform("volunteer", np.arange(world.people)) < special.expit(score)
    return pd.DataFrame({"volunteer": eager & people["retail"], "invited": invited(world) & people["retail"]})
