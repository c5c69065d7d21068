"""The true effects of the experiments of 2024, as planted and as they came out for these people."""

from typing import Any

import numpy as np

from crmlab.company import firm
from crmlab.company.core import faults
from crmlab.company.core.retail import ROUNDS
from crmlab.company.world import World


def effects(world: World) -> dict[str, dict[str, Any]]:
    """For each experiment: effects expected from the planted chances, and for the people in it.

    `expected` averages the chances; `people` averages what each person would do under each arm
    (both potential outcomes are known here, never in the tables).
    """
    made = {
        "campaign": _campaign(world),
        "retention": _retention(world),
        "win-back": _winback(world),
        "programme": _programme(world),
        "recovery": _recovery(world),
        "offer": _offer(world),
        "rival": _rival(world),
    }
    return _rounded(made)


def _campaign(world: World) -> dict[str, Any]:
    mailings = {f"mailing {k}": world["promotions"][f"mail_{k}"] for k in (1, 2)}
    return {
        "unit": "share of members mailed who answer; without a letter nobody does",
        "expected": {name: frame["probability"].mean() for name, frame in mailings.items()},
        "people": {name: frame["responds"].mean() for name, frame in mailings.items()},
    }


def _retention(world: World) -> dict[str, Any]:
    lives = world["first_lives"]
    tested = lives[lives["tested"]]
    called, not_called = tested["leaves_if_called"], tested["leaves_if_not_called"]
    return {
        "unit": "change by a call in the share leaving from April to December 2024",
        "expected": -tested["uplift"].mean(),
        "people": called.mean() - not_called.mean(),
        "leave if not called": not_called.mean(),
        "persuadable": (not_called & ~called).mean(),
        "sleeping dogs": (~not_called & called).mean(),
    }


def _winback(world: World) -> dict[str, Any]:
    p = world.parameters.retention
    frame = world["winback"]
    chance = np.array(p.winback)[frame["cause"]]
    came = frame[["returns_none", "returns_gift", "returns_discount"]].to_numpy()
    arms = ("gift", "discount")
    return {
        "unit": "change against no offer in the share of lost subscribers who come back",
        "expected": {a: (chance[:, k + 1] - chance[:, 0]).mean() for k, a in enumerate(arms)},
        "people": {a: came[:, k + 1].mean() - came[:, 0].mean() for k, a in enumerate(arms)},
        "monthly retention of the second life": dict(zip(firm.CAUSES, p.second_life, strict=True)),
    }


def _programme(world: World) -> dict[str, Any]:
    frame = world["programme"]
    return {
        "unit": "relative change by the invitation in the amount of each order of 2024",
        "expected": world.parameters.campaigns.programme_effect,
        "volunteers": frame.loc[world["people"]["retail"], "volunteer"].mean(),
    }


def _recovery(world: World) -> dict[str, Any]:
    placed = world["orders"].query("arm >= 0 and round > 0")
    ids = placed["person"].to_numpy() * ROUNDS + placed["round"].to_numpy()
    sent = world["boxes"].query("arm >= 0")
    lines = {
        "order": (ids, placed, placed["day"].to_numpy(), "dropout"),
        "box": (sent["person"].to_numpy() * 64 + sent["month"].to_numpy(), sent, None, "churn"),
    }
    lost = {}
    for line, (keys, rows, day, trait) in lines.items():
        person = rows["person"].to_numpy()
        when = firm.month_days()[rows["month"]] if day is None else day
        fault = faults.draw(world, line, keys, person, when, np.ones(len(rows)))
        chance = world["people"][trait].to_numpy()[person][:, None]
        weight = faults.dropout_multiplier(world, fault.left_by_arm)
        mean = (1 - (1 - chance) ** weight).mean(axis=0)
        lost[line] = dict(zip(faults.RECOVERY_ARMS, mean, strict=True))
    return {
        "unit": "chance of losing a complaining customer at this order or box, by compensation",
        "expected": lost,
        "complaints in the test": {"order": len(placed), "box": len(sent)},
    }


def _offer(world: World) -> dict[str, Any]:
    frame = world["promotions"]["offer"]
    alive = world["alive"][frame["person"]] >= world.parameters.campaigns.offer_day
    chance = frame[[c for c in frame if c.startswith("probability")]].to_numpy()[:, 1:]
    segment = world["people"]["segment"].to_numpy()[frame["person"]]
    matched = np.arange(4) == segment[:, None]
    return {
        "unit": "share of living members who take up an offer",
        "expected": {
            "offer that fits the need": chance[alive][matched[alive]].mean(),
            "other offers": chance[alive][~matched[alive]].mean(),
        },
    }


def _rival(world: World) -> dict[str, Any]:
    people = world["people"]
    p = world.parameters
    exposed = people["retail"] & (people["city"] == firm.RIVAL_CITY) & (people["joined"] < p.rival.rival_day)
    left = world["rival"][exposed.to_numpy()] < firm.DAYS
    return {"unit": "share of exposed members of the rival's city who went over", "people": left.mean()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value if isinstance(value, str | int) else round(float(value), 5)
