"""What goes wrong with an order or a box, who complains, and how far it is put right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from crmlab.company import firm
from crmlab.company.chance import Floats
from crmlab.company.parameters import Parameters
from crmlab.company.world import World, stage

RECOVERY_ARMS = ("apology", "voucher 20", "voucher 50")


@dataclass
class Faults:
    """One entry for each order or box asked about; severity 0 where nothing went wrong."""

    severity: NDArray[np.int64]
    complained: NDArray[np.bool_]
    restored: Floats  # share put right without compensation
    arm: NDArray[np.int64]  # recovery test of 2024; -1 outside it
    left: Floats  # points of severity left after the recovery that was given
    left_by_arm: Floats  # … after each arm of the test, one column an arm


def draw(
    world: World,
    line: str,
    ids: NDArray[np.int64],
    person: NDArray[np.int64],
    day: NDArray[np.int64],
    chance_of_fault: Floats,
) -> Faults:
    """The fault, the complaint and the recovery of each order or box in `ids`."""
    p = world.parameters
    n = len(ids)
    made = Faults(
        severity=np.zeros(n, dtype=np.int64),
        complained=np.zeros(n, dtype=bool),
        restored=np.zeros(n),
        arm=np.full(n, -1),
        left=np.zeros(n),
        left_by_arm=np.zeros((n, len(RECOVERY_ARMS))),
    )
    faulty = np.flatnonzero(world.uniform(f"{line} fault", ids) < chance_of_fault)
    if len(faulty) == 0:
        return made
    ids = ids[faulty]
    severity = 1 + world.choice(f"{line} severity", ids, p.faults.severity)
    mood = world["people"]["complaint_score"].to_numpy()[person[faulty]]
    urge = severity + mood + p.faults.complaint_noise * world.normal(f"{line} complaint", ids)
    complained = urge > p.faults.complaint_threshold
    handled = np.array(p.faults.restored)[world.choice(f"{line} handling", ids, p.faults.restored_shares)]
    restored = np.where(complained, handled, 0.0)
    tested = complained & (day[faulty] >= firm.LEARN_DAYS)
    arm = np.where(tested, np.floor(3 * world.uniform(f"{line} recovery arm", ids)).astype(int), -1)
    after = restored[:, None] + np.array(p.faults.recovery_gain) * (1 - restored[:, None])
    left_by_arm = severity_left(p, severity[:, None], after, complained[:, None])
    given = np.take_along_axis(left_by_arm, np.maximum(arm, 0)[:, None], 1)[:, 0]
    made.severity[faulty], made.complained[faulty], made.restored[faulty] = severity, complained, restored
    made.arm[faulty], made.left_by_arm[faulty] = arm, left_by_arm
    made.left[faulty] = np.where(arm >= 0, given, severity_left(p, severity, restored, complained))
    return made


def severity_left(
    p: Parameters, severity: NDArray[np.int64], restored: Floats, complained: NDArray[np.bool_]
) -> Floats:
    """Points of severity left; below 0 where a small fault was put right nearly completely."""
    paradox = (severity == 1) & complained & (restored >= p.faults.paradox_from)
    return severity * (1 - restored) - p.faults.paradox * paradox


def dropout_multiplier(world: World, left: Floats) -> Floats:
    """Hazard of leaving after what is left of a fault, scaled so that its mean in normal times is 1."""
    return np.exp(world.parameters.faults.fault_dropout * left) / world["mean_multiplier"]


@stage("mean_multiplier")
def mean_multiplier(world: World) -> float:
    """Mean of exp(slope × severity left) over faults, complaints and recoveries, by their probabilities."""
    p = world.parameters
    mean_at_fault = 0.0
    spread = np.sqrt(1 + p.faults.complaint_noise**2)
    for points, share in zip((1, 2, 3), p.faults.severity, strict=True):
        complains = float(ndtr((points - p.faults.complaint_threshold) / spread))
        silent = np.exp(p.faults.fault_dropout * points)
        restored = np.array(p.faults.restored)
        left = severity_left(p, np.full(3, points), restored, np.ones(3, dtype=bool))
        heard = float(np.exp(p.faults.fault_dropout * left) @ np.array(p.faults.restored_shares))
        mean_at_fault += share * ((1 - complains) * silent + complains * heard)
    return 1 + p.faults.fault * (mean_at_fault - 1)


def satisfaction_on(world: World, day: int) -> Floats:
    """Satisfaction score of each person on a day: her own level less what is left of earlier faults."""
    p = world.parameters
    level = world["people"]["satisfaction"].to_numpy().copy()
    placed, sent = world["orders"], world["boxes"]
    for person, when, left in (
        (placed["person"].to_numpy(), placed["day"].to_numpy(), placed["left"].to_numpy()),
        (sent["person"].to_numpy(), firm.month_days()[sent["month"]] + 4, sent["left"].to_numpy()),
    ):
        past = (left != 0) & (when <= day)
        fade = np.exp(-(day - when[past]) / p.satisfaction.fault_memory)
        np.subtract.at(level, person[past], p.satisfaction.fault_satisfaction * left[past] * fade)
    return level
