"""A price test, and a loyalty survey with two knots: basic expectations cost loyalty when they are missed, latent
ones win it when they are exceeded."""

import numpy as np
import pandas as pd

from crmlab.company.chance import Floats
from crmlab.company.tables import customer_ids, table
from crmlab.company.views.surveys import active_on
from crmlab.company.world import World

PRICE_TEAS = 4


@table(
    "price_test",
    grain="a customer and product in the price test",
    chapter="17",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: customer
    product_id* string -> products.product_id: tea
    price! number [yuan]: price of 100 g shown, by lot
    grams! integer [gram]: weight bought
    """,
)
def price_test(world: World) -> pd.DataFrame:
    """October 2024: some members see four teas of different kinds on a page, each at a price drawn by lot."""
    p = world.parameters.loyalty
    teas = world["teas"]
    people = world["people"]
    member = np.flatnonzero((people["retail"] & (people["joined"] < p.price_day)).to_numpy())
    member = member[world.uniform("price test asked", member) < p.price_asked]
    person = np.repeat(member, PRICE_TEAS)
    place = np.tile(np.arange(PRICE_TEAS), len(member))
    ids = person * 8 + place
    kind = (np.floor(8 * world.uniform("price test kind", person)).astype(int) + 2 * place) % 8
    tea = kind * 5 + np.floor(5 * world.uniform("price test tea", ids)).astype(int)
    listed = teas["fen_per_gram"].to_numpy()[tea]  # fen a gram is yuan a hundred grams
    price = np.round(
        listed * np.array(p.price_factors)[np.floor(5 * world.uniform("price test price", ids)).astype(int)], 1
    )
    between, within = p.price_noise
    log_grams = between * world.normal("price test person", person) + within * world.normal("price test noise", ids)
    log_grams = np.log(p.price_grams) + log_grams + people["elasticity"].to_numpy()[person] * np.log(price / listed)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "product_id": teas["product_id"].to_numpy()[tea],
            "price": price,
            "grams": np.maximum(np.round(np.exp(log_grams)), 1).astype(np.int64),
        }
    ).sort_values(["customer_id", "product_id"], ignore_index=True)


def bent(x: Floats, shape: tuple[float, float, float]) -> Floats:
    """Two slopes that meet at a knot; 0 at the knot."""
    knot, below, above = shape
    return below * np.minimum(x - knot, 0) + above * np.maximum(x - knot, 0)


@table(
    "loyalty_survey",
    grain="a respondent of the loyalty survey of March 2024",
    chapter="17",
    scale="sample",
    columns="""
    customer_id* string -> customers.customer_id: respondent
    basic! integer [points, 1–10]: "what one may expect (fresh, complete, on time) was met"
    latent! integer [points, 1–10]: "they did more than I had thought of"
    intention! integer [points, 0–100]: intention to stay a customer
    recommend! integer [points, 0–10]: "how likely are you to recommend us to a friend?"
    """,
)
def loyalty_survey(world: World) -> pd.DataFrame:
    """March 2024: how far basic and latent expectations were met, the intention to stay, the recommendation."""
    p = world.parameters
    person = active_on(world, p.surveys.wave_days[2])
    person = person[world.uniform("loyalty survey asked", person) < p.loyalty.loyalty_asked]
    people = world["people"].iloc[person]

    def scale(name: str, level: float, share: float, latent: str) -> Floats:
        noise = np.sqrt(1 - share**2) * world.normal(f"loyalty survey {name}", person)
        return np.clip(np.round(level + p.loyalty.met_spread * (share * people[latent].to_numpy() + noise)), 1, 10)

    basic = scale("basic", *p.loyalty.basic_item, "product_quality")
    latent = scale("latent", *p.loyalty.latent_item, "service_quality")
    level, spread = p.loyalty.intention
    intention = (
        level
        + p.loyalty.basic[0] * p.loyalty.basic[1]
        + p.loyalty.latent[0] * p.loyalty.latent[1]
        + bent(basic, p.loyalty.basic)
        + bent(latent, p.loyalty.latent)
    )
    intention = intention + spread * world.normal("loyalty survey intention", person)
    mean, wide, share = p.loyalty.recommend
    noise = np.sqrt(1 - share**2) * world.normal("loyalty survey recommend", person)
    recommend = mean + wide * (share * people["attitude"].to_numpy() + noise)
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, person),
            "basic": basic.astype(np.int64),
            "latent": latent.astype(np.int64),
            "intention": np.clip(np.round(intention), 0, 100).astype(np.int64),
            "recommend": np.clip(np.round(recommend), 0, 10).astype(np.int64),
        }
    )
