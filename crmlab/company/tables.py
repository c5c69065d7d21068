"""The tables of the company as students see them.

Each function turns stages of the world into one table. Names, units and meanings of the columns are
in `dictionary.csv`; amounts are in yuan, made from integer fen, so that totals tie exactly.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlab.company import parameters as P
from crmlab.company.baskets import PRODUCTS
from crmlab.company.chance import Floats
from crmlab.company.office import INDUSTRIES
from crmlab.company.people import first_days, month_days
from crmlab.company.world import World, stage

TABLES: dict[str, Callable[[World], pd.DataFrame]] = {}
Table = Callable[[World], pd.DataFrame]

PROMOTIONS = ("none", "mailing 2024-01", "mailing 2024-02", "offer 2024-06")
MINUTES = ("advice_minutes", "packing_minutes", "after_sales_minutes")
_MINUTE_SHARES = np.array([[0.50, 0.30, 0.20], [0.15, 0.65, 0.20], [0.25, 0.55, 0.20]])  # by channel


def table(name: str) -> Callable[[Table], Table]:
    """Publish a function of the world as the table `name`; `truth/…` keeps it apart."""

    def register(function: Table) -> Table:
        TABLES[name] = function
        return function

    return register


def customer_ids(world: World, person: ArrayLike) -> NDArray[np.object_]:
    """Customer ids of person numbers: person 0 is C000001."""
    if "names" not in world.__dict__:
        world.__dict__["names"] = np.array([f"C{i + 1:06d}" for i in range(world.people)], dtype=object)
    return world.__dict__["names"][np.asarray(person)]


def dates(day: ArrayLike) -> pd.DatetimeIndex:
    """Dates of day numbers; days beyond the end of the data are missing."""
    day = np.asarray(day, dtype="int64")
    made = np.datetime64(P.FIRST_DAY, "s") + day.astype("timedelta64[D]")
    return pd.DatetimeIndex(np.where(day < P.DAYS, made, np.datetime64("NaT", "s")))


def labels(codes: ArrayLike, names: tuple[str, ...]) -> "pd.Categorical[str]":
    """Names of integer codes, in their order; a code of −1 is missing."""
    return pd.Categorical.from_codes(np.asarray(codes).astype(np.int64), pd.Index(names))


@table("cities")
def cities(world: World) -> pd.DataFrame:
    regimes = [P.REGIMES[r] for r in P.REGIME_OF_CITY]
    rival = pd.Series(pd.NaT, index=range(len(P.CITIES)), dtype="datetime64[s]")
    rival[P.RIVAL_CITY] = dates([world.parameters.rival_day])[0]
    return pd.DataFrame(
        {
            "city": labels(range(len(P.CITIES)), P.CITIES),
            "city_zh": P.CITIES_ZH,
            "market": pd.Categorical(regimes, list(P.REGIMES)),
            "rival_opened": rival,
        }
    )


@table("stores")
def stores(world: World) -> pd.DataFrame:
    store = np.arange(3 * len(P.CITIES))
    return pd.DataFrame({"store_id": store_ids(store), "city": labels(store // 3, P.CITIES)})


def store_ids(store: ArrayLike) -> NDArray[np.object_]:
    return np.array([f"S{s + 1:02d}" for s in np.asarray(store)], dtype=object)


@table("customers")
def customers(world: World) -> pd.DataFrame:
    people = world["people"]
    ids = np.arange(world.people)
    both = people["retail"] & people["subscriber"]
    line = np.where(both, 2, np.where(people["retail"], 0, 1))
    link = world["referrals"].set_index("person")["referrer"].reindex(ids)
    brought = link.notna().to_numpy()
    referrer = np.full(world.people, None, dtype=object)
    referrer[brought] = customer_ids(world, link[brought].astype(int))
    source = 1 + world.choice("source", ids, (0.45, 0.22, 0.20, 0.13))
    sources = ("referral", "walk-in", "web search", "wechat", "event")
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, ids),
            "line": labels(line, ("retail", "subscription", "both")),
            "joined": dates(first_days(world)),
            "city": labels(people["city"], P.CITIES),
            "sex": labels(people["female"].astype(int), ("male", "female")),
            "birth_year": 2024 - people["age"],
            "source": labels(np.where(brought, 0, source), sources),
            "referred_by": pd.Series(referrer, dtype="str"),
        }
    )


@table("products")
def products(world: World) -> pd.DataFrame:
    price = PRODUCTS["fen_per_gram"]
    return pd.DataFrame(
        {
            "product_id": PRODUCTS["product_id"],
            "category": pd.Categorical(PRODUCTS["category"], list(P.CATEGORIES)),
            "name": PRODUCTS["name"],
            "price_per_100g": price.astype(float),  # fen a gram is yuan a hundred grams
            "cost_per_100g": (price * PRODUCTS["cost_share"]).round(2),
        }
    )


@table("orders")
def orders(world: World) -> pd.DataFrame:
    placed = world["orders"]
    person = placed["person"].to_numpy()
    city = world["people"]["city"].to_numpy()[person]
    home = np.floor(3 * world.uniform("home store", person))
    uid = person * 1000 + placed["round"].to_numpy()
    away = world.uniform("away", uid) > 0.85
    shop = np.where(away, np.floor(3 * world.uniform("other store", uid)), home).astype(int)
    in_store = (placed["channel"] == 0).to_numpy()
    shops = pd.Series(None, index=placed.index, dtype="object")
    shops[in_store] = store_ids((3 * city + shop)[in_store])
    return pd.DataFrame(
        {
            "order_id": placed["order_id"],
            "customer_id": customer_ids(world, person),
            "order_date": dates(placed["day"]),
            "channel": labels(placed["channel"], P.CHANNELS),
            "store_id": shops.astype("str"),
            "promotion": labels(placed["promotion"], PROMOTIONS),
            "voucher": placed["voucher"] / 100,
            "amount": placed["fen"] / 100,
        }
    )


@table("order_lines")
def order_lines(world: World) -> pd.DataFrame:
    lines = world["order_lines"]
    return pd.DataFrame(
        {
            "order_id": lines["order_id"],
            "line": lines["line"],
            "product_id": PRODUCTS["product_id"].to_numpy()[lines["product"]],
            "grams": lines["grams"],
            "amount": lines["fen"] / 100,
            "cost": lines["cost_fen"] / 100,
        }
    )


@table("plans")
def plans(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = [(box, plan) for box in range(3) for plan in range(2)]
    box, plan = np.array(rows).T
    price = np.round(np.array(p.box_prices)[box] * np.where(plan == 1, 0.92, 1.0), 2)
    return pd.DataFrame(
        {
            "box": labels(box, BOXES),
            "plan": labels(plan, PLANS),
            "price": price,
            "cost": np.round((1 - p.margin) * np.array(p.box_prices)[box], 2),
        }
    )


BOXES = ("small", "classic", "large")
PLANS = ("month to month", "automatic")


@table("subscriptions")
def subscriptions(world: World) -> pd.DataFrame:
    lives = world["subscriptions"]
    starts = month_days()
    over = np.append(starts, 10**6)  # a missing end month is beyond the data
    return pd.DataFrame(
        {
            "subscription_id": lives["subscription_id"],
            "customer_id": customer_ids(world, lives["person"]),
            "life": lives["life"],
            "plan": labels(lives["automatic"].astype(int), PLANS),
            "box": labels(lives["box"], BOXES),
            "price": lives["price_fen"] / 100,
            "first_month": dates(starts[lives["start"]]),
            "last_month": dates(over[lives["end_month"].where(lives["ended"], len(starts))]),
            "months": lives["months"],
            "ended": lives["ended"],
        }
    )


@table("accounts")
def accounts(world: World) -> pd.DataFrame:
    first = world["accounts"].query("year == 2022")
    return pd.DataFrame(
        {
            "customer_id": account_ids(first["account"]),
            "industry": labels(first["industry"], INDUSTRIES),
            "city": labels(first["city"], P.CITIES),
            "headcount": first["headcount"],
        }
    )


def account_ids(account: ArrayLike) -> NDArray[np.object_]:
    return np.array([f"B{a + 1:03d}" for a in np.asarray(account)], dtype=object)


@table("account_years")
def account_years(world: World) -> pd.DataFrame:
    frame = world["accounts"].sort_values(["account", "year"], ignore_index=True)
    return pd.DataFrame(
        {
            "customer_id": account_ids(frame["account"]),
            "year": frame["year"],
            "revenue": frame["revenue_fen"] / 100,
            "cost": frame["cost_fen"] / 100,
            "orders": frame["orders"],
            "returns": frame["returns"],
            "service_minutes": frame["service_minutes"],
        }
    )


@stage("order_minutes")
def order_minutes(world: World) -> Floats:
    """Minutes of service each order took: a customer's own level, whatever she bought."""
    p = world.parameters
    score = world["people"]["service_score"].to_numpy()[world["orders"]["person"]]
    spread = p.order_cost_spread
    return p.order_cost / p.service_rate * np.exp(spread * score - spread**2 / 2)


@table("service_minutes")
def service_minutes(world: World) -> pd.DataFrame:
    placed = world["orders"]
    minutes = world["order_minutes"][:, None] * _MINUTE_SHARES[placed["channel"]]
    frame = pd.DataFrame(minutes, columns=list(MINUTES))
    frame["person"], frame["year"] = placed["person"], dates(placed["day"]).year
    total = frame.groupby(["person", "year"], as_index=False)[list(MINUTES)].sum().round(1)
    total.insert(0, "customer_id", customer_ids(world, total.pop("person")))
    return total


@table("cost_rates")
def cost_rates(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = [
        ("service minute", p.service_rate, "yuan a minute", "advice, packing and after-sales alike"),
        ("subscription box", 9.0, "yuan a box", "packing and courier"),
        ("mailing", p.mail_cost, "yuan a letter", "print and postage"),
        ("offer sample", 1.2, "yuan a customer", "tea sachet with the offer"),
        ("retention call", 12.0, "yuan a call", "eight minutes of an agent and the gift"),
        ("win-back gift", 25.0, "yuan a gift", "sent with the letter"),
        ("win-back discount", 0.30, "share of price", "on the first three boxes of the second life"),
    ]
    return pd.DataFrame(rows, columns=["item", "rate", "unit", "note"])


def _mailing(world: World, number: int) -> pd.DataFrame:
    frame = world["promotions"][f"mail_{number}"]
    answers = (frame["mailed"] & frame["responds"]).to_numpy()
    profit = order_profit(world)
    profit = profit[profit["promotion"] == number].set_index("person").reindex(frame["person"])
    order = profit["order_id"].where(answers).astype("Int64")
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, frame["person"]),
            "arm": labels((~frame["mailed"]).astype(int), ("mailed", "control")),
            "sent": dates(np.where(frame["mailed"], world.parameters.mail_days[number - 1], P.DAYS)),
            "responded": answers,
            "order_id": order.array,
            "profit": np.where(answers, profit["profit"].round(2), 0.0),
        }
    )


def order_profit(world: World) -> pd.DataFrame:
    """What each order earned: amount less cost of goods less service minutes, in yuan."""
    placed = world["orders"]
    cost = world["order_lines"].groupby("order_id")["cost_fen"].sum()
    profit = (placed["fen"] - cost.reindex(placed["order_id"]).to_numpy()) / 100
    profit = profit - world.parameters.service_rate * world["order_minutes"]
    return placed[["order_id", "person", "day", "promotion"]].assign(profit=profit)


@table("campaign_test")
def campaign_test(world: World) -> pd.DataFrame:
    return _mailing(world, 1)


@table("campaign_contacts")
def campaign_contacts(world: World) -> pd.DataFrame:
    return _mailing(world, 2)
