"""A mobile operator, for the cases: lines over 24 months, and a win-back test among those that left.

It has nothing to do with the tea company but the seed. A line has a contract of 12 or 24 months or none; it leaves at
the rate of its own, more at the end of a contract, little within one. Use falls in the three months before. Reasons
differ in what brings a customer back, and in what she is worth then: those whom the operator cut off because they did
not pay come back readily and do not pay again.
"""

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from crmlab.company.tables import labels, table
from crmlab.company.world import World, stage

MONTHS_SEEN = 24


FULL_SIZE = 8_600


CONTRACTS = (0, 12, 24)


REASONS = ("price", "network", "service", "handset", "moved", "not paid")


ARMS = ("none", "credit", "apology call", "handset")


@stage("lines")
def lines(world: World) -> pd.DataFrame:
    """One row a line: contract, fee, rate of leaving, reason, and the month it left (24 or more: never seen)."""
    p = world.parameters.mobile
    n = max(1, round(p.lines * world.people / FULL_SIZE))
    ids = np.arange(n)
    contract = np.array(CONTRACTS)[world.choice("line contract", ids, p.contract_shares)]
    rate = betaincinv(*p.line_churn, world.uniform("line rate", ids))
    begun = np.floor(24 * world.uniform("line contract begun", ids)).astype(int)  # months before the first
    reason = world.choice("line reason", ids, p.line_reasons)
    patience = -np.log(world.uniform("line patience", ids))
    left, used = np.full(n, 10_000), np.zeros(n)
    for month in range(MONTHS_SEEN):
        used += -np.log1p(-np.minimum(rate * _multiple(world, contract, begun, month), p.most_leaving))
        left = np.where((left > MONTHS_SEEN) & (used >= patience), month, left)
    fee = world.choice("line fee", ids, p.fee_shares)
    return pd.DataFrame(
        {"contract": contract, "begun": begun, "fee": fee, "rate": rate, "reason": reason, "left": left}
    )


def _remaining(contract: np.ndarray, begun: np.ndarray, month: int) -> np.ndarray:
    """Months to the end of the contract, 0 in its last month; contracts are renewed by staying; −1 without one."""
    length = np.maximum(contract, 1)
    return np.where(contract > 0, length - 1 - (begun + month) % length, -1)


def _multiple(world: World, contract: np.ndarray, begun: np.ndarray, month: int) -> np.ndarray:
    p = world.parameters.mobile
    rest = _remaining(contract, begun, month)
    return np.select([rest == 0, rest > 0], [p.contract_end, p.within_contract], 1.0)


def _line_ids(line: np.ndarray) -> np.ndarray:
    return np.array([f"L{k + 1:05d}" for k in line.tolist()], dtype=object)


@table(
    "telecom_panel",
    grain="a mobile line and month (a case of its own)",
    chapter="19",
    scale="sample",
    columns="""
    line_id* string: mobile line
    month* integer [month]: month, 1–24
    fee! number [yuan a month]: basic fee
    contract_left! integer [month]: months to the end of the contract, 0 in its last month; −1 without contract
    revenue! number [yuan]: paid in the month
    minutes! integer [minute]: minutes talked
    service_call! boolean: called the service number
    left! boolean: left at the end of the month
    """,
)
def telecom_panel(world: World) -> pd.DataFrame:
    p = world.parameters.mobile
    every = world["lines"]
    median, between, within = p.line_use
    extras, wide = p.line_extra
    parts = []
    for month in range(MONTHS_SEEN):
        line = np.flatnonzero(every["left"].to_numpy() >= month)
        here = every.iloc[line]
        ids = line * 64 + month
        before = here["left"].to_numpy() - month  # months to leaving
        fall = p.line_fall ** np.maximum(0, 3 - before)
        noise = np.exp(within * world.normal("line use", ids))
        minutes = median * np.exp(between * world.normal("line talk", line)) * fall * noise
        bad = here["reason"].isin([REASONS.index("network"), REASONS.index("service")]) & (before < 3)
        calls = world.uniform("line service", ids) < np.where(bad, *p.line_service)
        unpaid = (here["reason"] == REASONS.index("not paid")).to_numpy() & (before < 3)
        extra = extras * np.exp(wide * world.normal("line extra", ids)) * fall
        rest = _remaining(here["contract"].to_numpy(), here["begun"].to_numpy(), month)
        parts.append(
            pd.DataFrame(
                {
                    "line": line,
                    "month": month + 1,
                    "fee": np.array(p.fees)[here["fee"]],
                    "contract_left": rest,
                    "revenue": np.where(unpaid, 0.0, np.array(p.fees)[here["fee"]] + np.round(extra, 1)),
                    "minutes": np.round(minutes).astype(int),
                    "service_call": calls,
                    "left": before == 0,
                }
            )
        )
    panel = pd.concat(parts).sort_values(["line", "month"], ignore_index=True)
    panel.insert(0, "line_id", _line_ids(panel.pop("line").to_numpy()))
    return panel


@stage("telecom_winback")
def telecom_winback_stage(world: World) -> pd.DataFrame:
    """The lines lost by month 18: true and stated reason, offer by lot, return, months of the second life."""
    p = world.parameters.mobile
    every = world["lines"]
    line = np.flatnonzero(every["left"].to_numpy() < p.line_test_month)
    reason = every["reason"].to_numpy()[line]
    arm = np.floor(len(ARMS) * world.uniform("line win-back arm", line)).astype(int)
    chance = np.array(p.line_regain)[reason]
    returns = world.uniform("line win-back", line)[:, None] < chance
    length = np.ceil(np.log(world.uniform("line second life", line)) / np.log(np.array(p.line_second_life)[reason]))
    price = world.uniform("line says price", line) < np.array(p.line_says_price)[reason]
    other = 1 + np.floor(5 * world.uniform("line says other", line)).astype(int)
    says = np.where(price, 0, np.where(reason == 0, other, reason))
    return pd.DataFrame(
        {
            "line": line,
            "reason": reason,
            "says": np.where(world.uniform("line asked", line) < p.line_asked, says, -1),
            "arm": arm,
            "returned": np.take_along_axis(returns, arm[:, None], 1)[:, 0],
            "months": np.minimum(length, MONTHS_SEEN - p.line_test_month).astype(int),
        }
    )


@table(
    "telecom_winback",
    grain="a mobile line that had left by month 18",
    chapter="19",
    scale="sample",
    columns="""
    line_id* string: mobile line
    left_month! integer [month]: last month of the first life
    fee! number [yuan a month]: basic fee
    reason string: reason named; missing if she was not reached
    cut_off! boolean: the operator ended the contract because bills were not paid
    arm! string: none, credit, apology call or handset, by lot
    returned! boolean: came back
    months! integer [month]: months of the second life, at most the six that were observed
    revenue! number [yuan]: paid in the second life
    """,
)
def telecom_winback(world: World) -> pd.DataFrame:
    p = world.parameters.mobile
    frame = world["telecom_winback"]
    every = world["lines"].iloc[frame["line"]]
    fee = np.array(p.fees)[every["fee"]]
    months = np.where(frame["returned"], frame["months"], 0)
    unpaid = world.uniform("line second bills", frame["line"]) >= np.array(p.line_paid)[frame["reason"]]
    owes = (frame["reason"] == REASONS.index("not paid")).to_numpy() & unpaid
    return pd.DataFrame(
        {
            "line_id": _line_ids(frame["line"].to_numpy()),
            "left_month": every["left"].to_numpy() + 1,
            "fee": fee,
            "reason": labels(frame["says"], REASONS),
            "cut_off": (frame["reason"] == REASONS.index("not paid")).to_numpy(),
            "arm": labels(frame["arm"], ARMS),
            "returned": frame["returned"],
            "months": months,
            "revenue": np.where(owes, 0.0, fee * months).round(2),
        }
    )


@table(
    "truth/telecom",
    grain="a mobile line that had left by month 18",
    chapter="19",
    scale="sample",
    columns="""
    line_id* string: mobile line
    reason! string: true reason
    returns_none! number [share]: chance to return without offer
    returns_credit! number [share]: … with a credit
    returns_apology_call! number [share]: … with an apology call
    returns_handset! number [share]: … with a handset
    retention! number [share a month]: monthly retention of a second life
    """,
)
def truth_telecom(world: World) -> pd.DataFrame:
    """The true reason of each lost line, its chance to return under each offer, and its second-life retention."""
    p = world.parameters.mobile
    frame = world["telecom_winback"]
    reason = frame["reason"].to_numpy()
    made = {"line_id": _line_ids(frame["line"].to_numpy()), "reason": labels(reason, REASONS)}
    chance = {f"returns_{name.replace(' ', '_')}": np.array(p.line_regain)[reason, k] for k, name in enumerate(ARMS)}
    return pd.DataFrame(made | chance | {"retention": np.array(p.line_second_life)[reason]})
