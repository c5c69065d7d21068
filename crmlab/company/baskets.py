"""What is in an order: forty teas, sold by weight, bought according to need and taste."""

import numpy as np
import pandas as pd

from crmlab.company import parameters as P
from crmlab.company.retail import ROUNDS, Ints
from crmlab.company.world import World, stage


@stage("order_lines")
def order_lines(world: World) -> pd.DataFrame:
    """What is in each order: one to three teas, sold by weight, whose amounts add up to the order."""
    placed = world["orders"]
    people = world["people"]
    uid = placed["person"].to_numpy() * ROUNDS + placed["round"].to_numpy()
    count = 1 + world.choice("lines", uid, (0.55, 0.30, 0.15))
    gross = placed["fen"].to_numpy() + placed["voucher"].to_numpy()
    weight = np.column_stack([0.3 + world.uniform(f"line {k} share", uid) for k in range(3)])
    weight = weight * (np.arange(3) < count[:, None])
    fen = np.floor(gross[:, None] * weight / weight.sum(axis=1, keepdims=True)).astype(np.int64)
    fen[:, 0] += gross - fen.sum(axis=1)
    segment, taste = people["segment"].to_numpy(), people["taste"].to_numpy()
    person = placed["person"].to_numpy()
    offered = _offered_category(placed, world)
    parts = []
    for k in range(3):
        rows = np.flatnonzero(count > k)
        category = world.choice(f"line {k} category", uid[rows], NEED_BY_CATEGORY[segment[person[rows]]])
        if k == 0:
            category = np.where(offered[rows] >= 0, offered[rows], category)
        by_taste = world.uniform(f"line {k} taste", uid[rows]) < 0.6
        other = world.choice(f"line {k} blend", uid[rows], POPULARITY)
        blend = np.where(by_taste, taste[person[rows]], other)
        parts.append(
            pd.DataFrame({"row": rows, "line": k + 1, "product": category * 5 + blend, "fen": fen[rows, k]})
        )
    lines = pd.concat(parts).sort_values(["row", "line"], kind="stable", ignore_index=True)
    # the same tea twice in an order is one line
    lines = lines.groupby(["row", "product"], sort=False)["fen"].sum().reset_index()
    price = PRODUCTS["fen_per_gram"].to_numpy()[lines["product"]]
    lines["grams"] = np.maximum(np.round(lines["fen"] / price), 1).astype(np.int64)
    cost_share = PRODUCTS["cost_share"].to_numpy()[lines["product"]]
    lines["cost_fen"] = np.round(lines["fen"] * cost_share).astype(np.int64)
    lines["order_id"] = placed["order_id"].to_numpy()[lines["row"]]
    lines["line"] = lines.groupby("order_id").cumcount() + 1
    return lines


def _offered_category(placed: pd.DataFrame, world: World) -> Ints:
    """Category of the offer an order answers; -1 for all other orders."""
    wanted = np.array([-1, 0, 6, 5, 4])  # daily refill, gift box, herbal, puer
    arms = np.zeros(world.people, dtype=np.int64)
    offer = world["promotions"]["offer"]
    arms[offer["person"]] = offer["arm"]
    return np.where(placed["promotion"] == 3, wanted[arms[placed["person"]]], -1)


# What each need buys: segments in rows, categories in columns.
NEED_BY_CATEGORY = np.array(
    [
        [0.36, 0.20, 0.15, 0.07, 0.04, 0.05, 0.04, 0.09],
        [0.09, 0.09, 0.08, 0.06, 0.08, 0.04, 0.52, 0.04],
        [0.12, 0.06, 0.05, 0.12, 0.04, 0.52, 0.04, 0.05],
        [0.10, 0.06, 0.22, 0.16, 0.34, 0.02, 0.08, 0.02],
        [0.14, 0.14, 0.06, 0.03, 0.03, 0.08, 0.06, 0.46],
    ]
)
POPULARITY = (0.36, 0.24, 0.18, 0.13, 0.09)
_BLENDS = ("classic", "roasted", "floral", "early spring", "aged")
_YUAN_PER_100G = (58, 52, 72, 88, 96, 64, 120, 46)
_MARGIN = (0.42, 0.42, 0.44, 0.44, 0.46, 0.38, 0.44, 0.36)


def _products() -> pd.DataFrame:
    """Forty teas, eight categories of five blends; margins scaled so that the mix earns the planted one."""
    rows = [
        {
            "product": c * 5 + b,
            "product_id": f"T{c * 5 + b + 1:02d}",
            "category": category,
            "name": f"{category} {blend}" if category != "gift box" else f"gift box, {blend} teas",
            "fen_per_gram": _YUAN_PER_100G[c] * (1 + 0.15 * (b - 1)),
        }
        for c, category in enumerate(P.CATEGORIES)
        for b, blend in enumerate(_BLENDS)
    ]
    frame = pd.DataFrame(rows)
    mix = np.array(P.PARAMETERS.segment_base) @ NEED_BY_CATEGORY
    margin = np.array(_MARGIN) + P.PARAMETERS.margin - mix @ np.array(_MARGIN)
    frame["cost_share"] = 1 - np.repeat(margin, 5)
    frame["fen_per_gram"] = frame["fen_per_gram"].round().astype(int)
    return frame


PRODUCTS = _products()
