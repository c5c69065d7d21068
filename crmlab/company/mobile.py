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

LINES, MONTHS = 8_000, 24  # in a company of the course's size
FULL_SIZE = 8_600
CONTRACTS = (0, 12, 24)
CONTRACT_SHARES = (0.35, 0.40, 0.25)
FEES = (29.0, 59.0, 99.0, 159.0)  # yuan a month
FEE_SHARES = (0.35, 0.35, 0.20, 0.10)
CHURN = (1.6, 62.0)  # Beta of the monthly rate without contract
WITHIN, AT_END = 0.25, 5.0  # multiples of it: bound by a contract; in the month it ends
FALL = 0.80  # use in each of the three months before leaving, as a share of the month before
REASONS = ("price", "network", "service", "handset", "moved", "not paid")
REASON_SHARES = (0.30, 0.20, 0.16, 0.18, 0.08, 0.08)
SAYS_PRICE = (0.92, 0.40, 0.45, 0.50, 0.15, 0.70)  # of those asked, who name the price
ASKED = 0.55
ARMS = ("none", "credit", "apology call", "handset")
REGAIN = (
    (0.05, 0.24, 0.08, 0.12),
    (0.03, 0.06, 0.07, 0.05),
    (0.07, 0.12, 0.26, 0.13),
    (0.04, 0.08, 0.06, 0.24),
    (0.01, 0.01, 0.01, 0.01),
    (0.12, 0.30, 0.14, 0.33),
)
SECOND_LIFE = (0.87, 0.92, 0.97, 0.95, 0.95, 0.80)  # monthly retention of the returned, by reason
PAID = (1.0, 1.0, 1.0, 1.0, 1.0, 0.45)  # share of bills of the second life that is paid
TEST_MONTH = 18  # who had left by then is in the test; its second lives are seen to month 24


@stage("lines")
def lines(world: World) -> pd.DataFrame:
    """One row a line: contract, fee, rate of leaving, reason, and the month it left (24 or more: never seen)."""
    n = max(1, round(LINES * world.people / FULL_SIZE))
    ids = np.arange(n)
    contract = np.array(CONTRACTS)[world.choice("line contract", ids, CONTRACT_SHARES)]
    rate = betaincinv(*CHURN, world.uniform("line rate", ids))
    begun = np.floor(24 * world.uniform("line contract begun", ids)).astype(int)  # months before the first
    reason = world.choice("line reason", ids, REASON_SHARES)
    patience = -np.log(world.uniform("line patience", ids))
    left, used = np.full(n, 10_000), np.zeros(n)
    for month in range(MONTHS):
        used += -np.log1p(-np.minimum(rate * _multiple(contract, begun, month), 0.95))
        left = np.where((left > MONTHS) & (used >= patience), month, left)
    fee = world.choice("line fee", ids, FEE_SHARES)
    return pd.DataFrame(
        {"contract": contract, "begun": begun, "fee": fee, "rate": rate, "reason": reason, "left": left}
    )


def _remaining(contract: np.ndarray, begun: np.ndarray, month: int) -> np.ndarray:
    """Months to the end of the contract, 0 in its last month; contracts are renewed by staying; −1 without one."""
    length = np.maximum(contract, 1)
    return np.where(contract > 0, length - 1 - (begun + month) % length, -1)


def _multiple(contract: np.ndarray, begun: np.ndarray, month: int) -> np.ndarray:
    rest = _remaining(contract, begun, month)
    return np.select([rest == 0, rest > 0], [AT_END, WITHIN], 1.0)


def _line_ids(line: np.ndarray) -> np.ndarray:
    return np.array([f"L{k + 1:05d}" for k in line.tolist()], dtype=object)


@table("telecom_panel")
def telecom_panel(world: World) -> pd.DataFrame:
    every = world["lines"]
    parts = []
    for month in range(MONTHS):
        line = np.flatnonzero(every["left"].to_numpy() >= month)
        here = every.iloc[line]
        ids = line * 64 + month
        before = here["left"].to_numpy() - month  # months to leaving
        fall = FALL ** np.maximum(0, 3 - before)
        noise = np.exp(0.25 * world.normal("line use", ids))
        minutes = 90 * np.exp(0.5 * world.normal("line talk", line)) * fall * noise
        bad = here["reason"].isin([REASONS.index("network"), REASONS.index("service")]) & (before < 3)
        calls = world.uniform("line service", ids) < np.where(bad, 0.30, 0.05)
        unpaid = (here["reason"] == REASONS.index("not paid")).to_numpy() & (before < 3)
        extra = 6 * np.exp(0.6 * world.normal("line extra", ids)) * fall
        rest = _remaining(here["contract"].to_numpy(), here["begun"].to_numpy(), month)
        parts.append(
            pd.DataFrame(
                {
                    "line": line,
                    "month": month + 1,
                    "fee": np.array(FEES)[here["fee"]],
                    "contract_left": rest,
                    "revenue": np.where(unpaid, 0.0, np.array(FEES)[here["fee"]] + np.round(extra, 1)),
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
    every = world["lines"]
    line = np.flatnonzero(every["left"].to_numpy() < TEST_MONTH)
    reason = every["reason"].to_numpy()[line]
    arm = np.floor(len(ARMS) * world.uniform("line win-back arm", line)).astype(int)
    chance = np.array(REGAIN)[reason]
    returns = world.uniform("line win-back", line)[:, None] < chance
    length = np.ceil(np.log(world.uniform("line second life", line)) / np.log(np.array(SECOND_LIFE)[reason]))
    price = world.uniform("line says price", line) < np.array(SAYS_PRICE)[reason]
    other = 1 + np.floor(5 * world.uniform("line says other", line)).astype(int)
    says = np.where(price, 0, np.where(reason == 0, other, reason))
    return pd.DataFrame(
        {
            "line": line,
            "reason": reason,
            "says": np.where(world.uniform("line asked", line) < ASKED, says, -1),
            "arm": arm,
            "returned": np.take_along_axis(returns, arm[:, None], 1)[:, 0],
            "months": np.minimum(length, MONTHS - TEST_MONTH).astype(int),
        }
    )


@table("telecom_winback")
def telecom_winback(world: World) -> pd.DataFrame:
    frame = world["telecom_winback"]
    every = world["lines"].iloc[frame["line"]]
    fee = np.array(FEES)[every["fee"]]
    months = np.where(frame["returned"], frame["months"], 0)
    unpaid = world.uniform("line second bills", frame["line"]) >= np.array(PAID)[frame["reason"]]
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


@table("truth/telecom")
def truth_telecom(world: World) -> pd.DataFrame:
    """The true reason of each lost line, its chance to return under each offer, and its second-life retention."""
    frame = world["telecom_winback"]
    reason = frame["reason"].to_numpy()
    made = {"line_id": _line_ids(frame["line"].to_numpy()), "reason": labels(reason, REASONS)}
    chance = {f"returns_{name.replace(' ', '_')}": np.array(REGAIN)[reason, k] for k, name in enumerate(ARMS)}
    return pd.DataFrame(made | chance | {"retention": np.array(SECOND_LIFE)[reason]})
