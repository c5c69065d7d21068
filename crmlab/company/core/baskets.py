"""What is in an order: forty teas, sold by weight, bought according to need and taste."""

import numpy as np
import pandas as pd

from crmlab.company import firm
from crmlab.company.chance import Floats
from crmlab.company.core.retail import ROUNDS, Ints
from crmlab.company.world import World, stage


@stage("order_lines")
def order_lines(world: World) -> pd.DataFrame:
    """What is in each order: one to three teas, sold by weight, whose amounts add up to the order."""
    p = world.parameters.baskets
    placed = world["orders"]
    people = world["people"]
    uid = placed["person"].to_numpy() * ROUNDS + placed["round"].to_numpy()
    count = 1 + world.choice("lines", uid, p.line_counts)
    gross = placed["fen"].to_numpy() + placed["voucher"].to_numpy()
    weight = np.column_stack([p.line_least + world.uniform(f"line {k} share", uid) for k in range(3)])
    weight = weight * (np.arange(3) < count[:, None])
    fen = np.floor(gross[:, None] * weight / weight.sum(axis=1, keepdims=True)).astype(np.int64)
    fen[:, 0] += gross - fen.sum(axis=1)
    segment, taste = people["segment"].to_numpy(), people["taste"].to_numpy()
    person = placed["person"].to_numpy()
    needs = np.array(p.need_by_category)
    offered = _offered_category(placed, world)
    parts = []
    for k in range(3):
        rows = np.flatnonzero(count > k)
        category = world.choice(f"line {k} category", uid[rows], needs[segment[person[rows]]])
        if k == 0:
            category = np.where(offered[rows] >= 0, offered[rows], category)
        by_taste = world.uniform(f"line {k} taste", uid[rows]) < p.by_taste
        other = world.choice(f"line {k} blend", uid[rows], p.popularity)
        blend = np.where(by_taste, taste[person[rows]], other)
        parts.append(pd.DataFrame({"row": rows, "line": k + 1, "product": category * 5 + blend, "fen": fen[rows, k]}))
    lines = pd.concat(parts).sort_values(["row", "line"], kind="stable", ignore_index=True)
    # the same tea twice in an order is one line
    lines = lines.groupby(["row", "product"], sort=False)["fen"].sum().reset_index()
    teas = world["teas"]
    price = teas["fen_per_gram"].to_numpy()[lines["product"]]
    lines["grams"] = np.maximum(np.round(lines["fen"] / price), 1).astype(np.int64)
    cost_share = teas["cost_share"].to_numpy()[lines["product"]]
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


_BLENDS = ("classic", "roasted", "floral", "early spring", "aged")


@stage("teas")
def teas(world: World) -> pd.DataFrame:
    """Forty teas, eight categories of five blends; margins scaled so that the mix earns the planted one."""
    p = world.parameters
    rows = [
        {
            "product": c * 5 + b,
            "product_id": f"T{c * 5 + b + 1:02d}",
            "category": category,
            "name": f"{category} {blend}" if category != "gift box" else f"gift box, {blend} teas",
            "fen_per_gram": p.baskets.list_prices[c] * (1 + p.baskets.blend_price * (b - 1)),
        }
        for c, category in enumerate(firm.CATEGORIES)
        for b, blend in enumerate(_BLENDS)
    ]
    frame = pd.DataFrame(rows)
    mix = np.array(p.people.segment_base) @ np.array(p.baskets.need_by_category)
    margin = np.array(p.baskets.category_margins)
    margin = margin + p.retail.margin - mix @ margin
    frame["cost_share"] = 1 - np.repeat(margin, 5)
    frame["fen_per_gram"] = frame["fen_per_gram"].round().astype(int)
    return frame


@stage("order_minutes")
def order_minutes(world: World) -> Floats:
    """Minutes of service each order took: a customer's own level, whatever she bought."""
    p = world.parameters
    score = world["people"]["service_score"].to_numpy()[world["orders"]["person"]]
    spread = p.retail.order_cost_spread
    return p.retail.order_cost / p.retail.service_rate * np.exp(spread * score - spread**2 / 2)


def order_profit(world: World) -> pd.DataFrame:
    """What each order earned: amount less cost of goods less service minutes, in yuan."""
    placed = world["orders"]
    cost = world["order_lines"].groupby("order_id")["cost_fen"].sum()
    profit = (placed["fen"] - cost.reindex(placed["order_id"]).to_numpy()) / 100
    profit = profit - world.parameters.retail.service_rate * world["order_minutes"]
    return placed[["order_id", "person", "day", "promotion"]].assign(profit=profit)
