"""Retail orders: BG/NBD in time, gamma–gamma in money, with faults, the rival and the tests of 2024.

Orders are made round by round: first orders, then everybody's second order, and so on. After each
repeat order (never after the first) a customer may leave for good without a word.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from crmlab.company import firm
from crmlab.company.chance import Floats, gamma_at
from crmlab.company.core import faults
from crmlab.company.parameters import Parameters
from crmlab.company.world import World, stage

Ints = NDArray[np.int64]
ROUNDS = 1000  # ids of orders are customer × 1000 + round, so no customer has more
NEVER = 10**6


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
    shop = channel_shares(world)[members]
    here = np.arange(len(members))  # members still buying, as positions in `members`
    time = clock.operational(here, column["joined"][here].astype(float))
    day = column["joined"][here].astype(np.int64)
    columns: dict[str, list[np.ndarray]] = {}
    for k in range(ROUNDS):
        keep = day < np.minimum(firm.DAYS, gone[here])
        here, time, day = here[keep], time[keep], day[keep]
        if len(here) == 0:
            break
        person = members[here]
        ids = person * ROUNDS + k
        channel = world.choice("channel", ids, shop[here])
        fault = faults.draw(world, "order", ids, person, day, _fault_chance(p, column["city"][here], channel, day))
        score = world.normal("amount", ids)
        amount = gamma_at(score, p.retail.spend[0]) / scale[here]
        amount = amount * np.where(
            in_programme[person] & (day >= firm.LEARN_DAYS), 1 + p.campaigns.programme_effect, 1.0
        )
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
        self.days = np.arange(firm.DAYS + 2, dtype=float)
        self.cumulative = [np.concatenate([[0.0], np.cumsum(season(p, s))]) for s in p.retail.season]
        self.gift = (people["segment"].to_numpy() == firm.SEGMENTS.index("gift"))[members]
        events = world["life_events"].drop_duplicates("person")  # the first event counts
        change, factor = np.full(world.people, np.inf), np.ones(world.people)
        change[events["person"]] = events["day"] + p.people.event_lag
        factor[events["person"]] = np.where(events["event"] == "moved", p.people.moved_factor, p.people.baby_factor)
        self.change, self.factor = change[members], factor[members]
        self.change_time = self._seasonal(np.arange(len(members)), np.minimum(self.change, firm.DAYS + 1))

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


def season(p: Parameters, strength: float) -> Floats:
    """Relative intensity of buying on each day, mean 1 over a year: a new-year peak on a gentle wave."""
    year = np.arange(366)
    (height, width), (peak, top) = p.retail.season_peak, p.retail.season_days
    distance = np.minimum(np.abs(year - peak), 365 - np.abs(year - peak))
    wave = height * np.exp(-0.5 * (distance / width) ** 2)
    wave = wave + p.retail.season_wave * np.cos(2 * np.pi * (year - top) / 365)
    intensity = (1 + strength * wave) / np.mean(1 + strength * wave)
    days = pd.date_range(firm.FIRST_DAY, periods=firm.DAYS + 1)
    return intensity[days.day_of_year - 1]


def channel_shares(world: World) -> Floats:
    """Probability of store, web and WeChat for each person: the young buy on line."""
    p = world.parameters.retail
    age, scale = p.young
    young = special.expit((age - world["people"]["age"].to_numpy()) / scale)
    store = p.store_share[0] - p.store_share[1] * young
    wechat = p.wechat_share[0] + p.wechat_share[1] * young
    return np.column_stack([store, 1 - store - wechat, wechat])


def _fault_chance(p: Parameters, city: Ints, channel: Ints, day: Ints) -> Floats:
    """Faults are a little rarer in stores; in June 2023 the courier fails two cities."""
    usual = np.where(channel == 0, *p.faults.fault_channel) * p.faults.fault
    crisis = (
        np.isin(city, p.faults.courier_cities) & (day >= p.faults.courier_days[0]) & (day < p.faults.courier_days[1])
    )
    return np.where(crisis & (channel > 0), p.faults.courier_on_line * p.faults.courier_fault, usual)


@stage("rival")
def rival(world: World) -> Ints:
    """Day on which each person went over to the rival for good; far in the future for all others."""
    p = world.parameters
    people = world["people"]
    ids = np.arange(world.people)
    bond = p.rival.rival_attitude * people["attitude"].to_numpy()
    bond = bond + p.rival.rival_switching * people["switching_cost"].to_numpy()
    leaves = world.uniform("rival", ids) < p.rival.rival_pull * special.ndtr(
        -p.rival.rival_slope * (bond - p.rival.rival_level)
    )
    joined_before = (people["joined"] < p.rival.rival_day) & people["retail"]
    exposed = ((people["city"] == firm.RIVAL_CITY) & joined_before).to_numpy()
    delay = np.floor(p.rival.rival_delay * world.exponential("rival delay", ids)).astype(np.int64)
    return np.where(exposed & leaves, p.rival.rival_day + delay, NEVER)


def invited(world: World) -> NDArray[np.bool_]:
    """The random half of the 2023 members who are invited to the programme of 2024."""
    joined = world["people"]["joined"].to_numpy() < firm.LEARN_DAYS
    return joined & (
        world.uniform("programme arm", np.arange(world.people)) < world.parameters.campaigns.programme_share
    )


@stage("alive")
def alive(world: World) -> Ints:
    """Day after whose order each person is lost to retail; far in the future for those still alive."""
    lost = np.full(world.people, NEVER)
    frame = world["base_orders"]["lost"]
    lost[frame["person"]] = frame["lost_day"]
    return lost


@stage("programme")
def programme(world: World) -> pd.DataFrame:
    """Who would join a loyalty programme unasked, and who is in the random invited half of 2024."""
    people = world["people"]
    level, slope = world.parameters.campaigns.volunteer
    score = level + slope * (people["rate_score"] + people["spend_score"])
    eager = world.uniform("volunteer", np.arange(world.people)) < special.expit(score)
    return pd.DataFrame({"volunteer": eager & people["retail"], "invited": invited(world) & people["retail"]})
