"""The spine: cities, customers, teas, orders, subscriptions and office accounts, as the firm keeps them.

Amounts are in yuan, made from integer fen, so that totals tie exactly.

A long module: most of it is the data dictionary of its tables.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlab.company import firm
from crmlab.company.core.office import INDUSTRIES
from crmlab.company.core.people import first_days
from crmlab.company.tables import customer_ids, dates, labels, store_ids, table
from crmlab.company.world import World


@table(
    "cities",
    grain="a city",
    chapter="00",
    scale="firm",
    columns="""
    city* string: city (fictional)
    city_zh! string: its Chinese name
    market! string: how many rivals: monopoly, oligopoly or competition
    rival_opened date: first day of the new rival; missing where none opened
    """,
)
def cities(world: World) -> pd.DataFrame:
    regimes = [firm.REGIMES[r] for r in firm.REGIME_OF_CITY]
    rival = pd.Series(pd.NaT, index=range(len(firm.CITIES)), dtype="datetime64[s]")
    rival[firm.RIVAL_CITY] = dates([world.parameters.rival.rival_day])[0]
    return pd.DataFrame(
        {
            "city": labels(range(len(firm.CITIES)), firm.CITIES),
            "city_zh": firm.CITIES_ZH,
            "market": pd.Categorical(regimes, list(firm.REGIMES)),
            "rival_opened": rival,
        }
    )


@table(
    "stores",
    grain="a store",
    chapter="00",
    scale="firm",
    columns="""
    store_id* string: store
    city! string -> cities.city: city of the store
    """,
)
def stores(world: World) -> pd.DataFrame:
    store = np.arange(3 * len(firm.CITIES))
    return pd.DataFrame({"store_id": store_ids(store), "city": labels(store // 3, firm.CITIES)})


@table(
    "customers",
    grain="a person: retail member or subscriber or both",
    chapter="00",
    scale="sample",
    columns="""
    customer_id* string: customer; C and six digits
    line! string: retail, subscription or both, over the whole period
    joined! date: first order or first box
    city! string -> cities.city: city of residence when joining
    sex! string: as given by the customer
    birth_year! integer [year]: year of birth as given by the customer
    source! string: how the customer came
    referred_by string -> customers.customer_id: the customer who brought her; missing for all others
    """,
)
def customers(world: World) -> pd.DataFrame:
    people = world["people"]
    ids = np.arange(world.people)
    both = people["retail"] & people["subscriber"]
    line = np.where(both, 2, np.where(people["retail"], 0, 1))
    link = world["referrals"].set_index("person")["referrer"].reindex(ids)
    brought = link.notna().to_numpy()
    referrer = np.full(world.people, None, dtype=object)
    referrer[brought] = customer_ids(world, link[brought].astype(int))
    return pd.DataFrame(
        {
            "customer_id": customer_ids(world, ids),
            "line": labels(line, ("retail", "subscription", "both")),
            "joined": dates(first_days(world)),
            "city": labels(people["city"], firm.CITIES),
            "sex": labels(people["female"].astype(int), ("male", "female")),
            "birth_year": 2024 - people["age"],
            "source": labels(world["sources"], firm.SOURCES),
            "referred_by": pd.Series(referrer, dtype="str"),
        }
    )


@table(
    "products",
    grain="a tea",
    chapter="00",
    scale="firm",
    columns="""
    product_id* string: tea
    category! string: kind of tea
    name! string: name on the label
    price_per_100g! number [yuan]: list price of 100 g
    cost_per_100g! number [yuan]: cost of goods of 100 g
    """,
)
def products(world: World) -> pd.DataFrame:
    teas = world["teas"]
    price = teas["fen_per_gram"]
    return pd.DataFrame(
        {
            "product_id": teas["product_id"],
            "category": pd.Categorical(teas["category"], list(firm.CATEGORIES)),
            "name": teas["name"],
            "price_per_100g": price.astype(float),  # fen a gram is yuan a hundred grams
            "cost_per_100g": (price * teas["cost_share"]).round(2),
        }
    )


@table(
    "orders",
    grain="an order of a retail member; at most one a customer and day",
    chapter="00",
    scale="sample",
    columns="""
    order_id* integer: order
    customer_id! string -> customers.customer_id: who ordered
    order_date! date: day of the order
    channel! string: store, web or wechat
    store_id string -> stores.store_id: store; missing for web and WeChat
    promotion! string: promotion the order answers, or none
    voucher! number [yuan]: value of the voucher handed in
    amount! number [yuan]: paid by the customer: sum of the lines less the voucher
    """,
)
def orders(world: World) -> pd.DataFrame:
    placed = world["orders"]
    person = placed["person"].to_numpy()
    city = world["people"]["city"].to_numpy()[person]
    home = np.floor(3 * world.uniform("home store", person))
    uid = person * 1000 + placed["round"].to_numpy()
    away = world.uniform("away", uid) > world.parameters.retail.home_store
    shop = np.where(away, np.floor(3 * world.uniform("other store", uid)), home).astype(int)
    in_store = (placed["channel"] == 0).to_numpy()
    shops = pd.Series(None, index=placed.index, dtype="object")
    shops[in_store] = store_ids((3 * city + shop)[in_store])
    return pd.DataFrame(
        {
            "order_id": placed["order_id"],
            "customer_id": customer_ids(world, person),
            "order_date": dates(placed["day"]),
            "channel": labels(placed["channel"], firm.CHANNELS),
            "store_id": shops.astype("str"),
            "promotion": labels(placed["promotion"], firm.PROMOTIONS),
            "voucher": placed["voucher"] / 100,
            "amount": placed["fen"] / 100,
        }
    )


@table(
    "order_lines",
    grain="a tea in an order",
    chapter="00",
    scale="sample",
    columns="""
    order_id* integer -> orders.order_id: order
    line* integer: number of the line in its order
    product_id! string -> products.product_id: tea
    grams! integer [gram]: weight sold
    amount! number [yuan]: price of the line before vouchers
    cost! number [yuan]: cost of goods of the line
    """,
)
def order_lines(world: World) -> pd.DataFrame:
    lines = world["order_lines"]
    return pd.DataFrame(
        {
            "order_id": lines["order_id"],
            "line": lines["line"],
            "product_id": world["teas"]["product_id"].to_numpy()[lines["product"]],
            "grams": lines["grams"],
            "amount": lines["fen"] / 100,
            "cost": lines["cost_fen"] / 100,
        }
    )


@table(
    "plans",
    grain="a box size and plan of the subscription",
    chapter="00",
    scale="firm",
    columns="""
    box* string: size of the box
    plan* string: month to month, or automatic renewal at 8 % less; both can be ended at any month's end
    price! number [yuan a month]: price of a box
    cost! number [yuan a month]: cost of goods of a box
    """,
)
def plans(world: World) -> pd.DataFrame:
    p = world.parameters
    rows = [(box, plan) for box in range(3) for plan in range(2)]
    box, plan = np.array(rows).T
    price = np.round(
        np.array(p.subscriptions.box_prices)[box] * np.where(plan == 1, p.subscriptions.automatic_price, 1.0), 2
    )
    return pd.DataFrame(
        {
            "box": labels(box, firm.BOXES),
            "plan": labels(plan, firm.PLANS),
            "price": price,
            "cost": np.round((1 - p.retail.margin) * np.array(p.subscriptions.box_prices)[box], 2),
        }
    )


@table(
    "subscriptions",
    grain="a subscription; a second row where a lost subscriber came back",
    chapter="00",
    scale="sample",
    columns="""
    subscription_id* integer: subscription
    customer_id! string -> customers.customer_id: subscriber
    life! integer: 1 for a first subscription, 2 after a win-back
    plan! string -> plans.plan: plan
    box! string -> plans.box: size of the box
    price! number [yuan a month]: price of a box
    first_month! date: first day of the month of the first box
    last_month date: first day of the month of the last box; missing while running at the end of 2024
    months! integer [month]: boxes sent to the end of 2024
    ended! boolean: true when the subscription ended by the end of 2024
    """,
)
def subscriptions(world: World) -> pd.DataFrame:
    lives = world["subscriptions"]
    starts = firm.month_days()
    over = np.append(starts, 10**6)  # a missing end month is beyond the data
    return pd.DataFrame(
        {
            "subscription_id": lives["subscription_id"],
            "customer_id": customer_ids(world, lives["person"]),
            "life": lives["life"],
            "plan": labels(lives["automatic"].astype(int), firm.PLANS),
            "box": labels(lives["box"], firm.BOXES),
            "price": lives["price_fen"] / 100,
            "first_month": dates(starts[lives["start"]]),
            "last_month": dates(over[lives["end_month"].where(lives["ended"], len(starts))]),
            "months": lives["months"],
            "ended": lives["ended"],
        }
    )


@table(
    "accounts",
    grain="an office account",
    chapter="00",
    scale="firm",
    columns="""
    customer_id* string: office account; B and three digits
    industry! string: industry
    city! string -> cities.city: city
    headcount! integer [person]: people in the office
    """,
)
def accounts(world: World) -> pd.DataFrame:
    first = world["accounts"].query("year == 2022")
    return pd.DataFrame(
        {
            "customer_id": account_ids(first["account"]),
            "industry": labels(first["industry"], INDUSTRIES),
            "city": labels(first["city"], firm.CITIES),
            "headcount": first["headcount"],
        }
    )


def account_ids(account: ArrayLike) -> NDArray[np.object_]:
    return np.array([f"B{a + 1:03d}" for a in np.asarray(account)], dtype=object)


@table(
    "account_years",
    grain="an office account and year",
    chapter="00",
    scale="firm",
    columns="""
    customer_id* string -> accounts.customer_id: office account
    year* integer [year]: year
    revenue! number [yuan]: paid by the account in the year
    cost! number [yuan]: cost of goods and machines
    orders! integer [order]: orders delivered
    returns! integer [order]: deliveries returned
    service_minutes! integer [minute]: minutes of ordering, delivery, returns and visits
    """,
)
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
