"""The quick checks of 00b_pandas_in_an_hour."""

from collections.abc import Iterator

import pandas as pd

from crmlab import data
from crmlab.exercise.quick import Quick

ORDERS, CUSTOMERS = data.load("orders"), data.load("customers")
LINES, PRODUCTS, STORES = data.load("order_lines"), data.load("products"), data.load("stores")
BY_MEMBER = ORDERS.groupby("customer_id")
SPEND = BY_MEMBER["amount"].sum()
JOINED = ORDERS.merge(CUSTOMERS[["customer_id", "city"]], on="customer_id")
SOURCE = CUSTOMERS["source"]
SPENT = CUSTOMERS.assign(spend=CUSTOMERS["customer_id"].map(SPEND))
END = pd.Timestamp("2024-12-31")
WEB, WECHAT, STORE = (ORDERS["channel"] == name for name in ("web", "wechat", "store"))
LARGE = ORDERS["amount"] > 300


def questions() -> Iterator[Quick]:
    yield from columns_and_filters()
    yield from members_and_merges()
    yield from two_sides_and_dates()


def columns_and_filters() -> Iterator[Quick]:
    yield Quick(
        "00b-1",
        ask="How many rows has the table customers?",
        answer=len(CUSTOMERS),
        wrong={
            "that is the number of columns; len(…) counts rows": CUSTOMERS.shape[1],
            "that is rows times columns; len(…) counts rows": CUSTOMERS.size,
            'those are the rows of orders; open customers first: data.load("customers")': len(ORDERS),
            "the index begins with 0, so its last label is one less than the number of rows": CUSTOMERS.index[-1],
            "those are rows and columns; give the rows only": CUSTOMERS.shape,
            "those are the members with orders; some customers only subscribe": ORDERS["customer_id"].nunique(),
        },
    )

    price = PRODUCTS["price_per_100g"]
    yield Quick(
        "00b-2",
        ask="What is the mean price_per_100g, in yuan, of the teas in the table products?",
        answer=price.mean(),
        decimals=2,
        wrong={
            "that is the median; the question asks for the mean": price.median(),
            "that is the cost; take the column price_per_100g": PRODUCTS["cost_per_100g"].mean(),
            "that is the sum; use mean()": price.sum(),
            "that is the most expensive tea; use mean()": price.max(),
            "that is the number of teas": len(PRODUCTS),
            "that is weighted by the lines of orders; take each tea of products once": (
                LINES.merge(PRODUCTS, on="product_id")["price_per_100g"].mean()
            ),
        },
    )

    yield Quick(
        "00b-3",
        ask='How many orders of more than ¥300 came by the channel "web"?',
        answer=(LARGE & WEB).sum(),
        wrong={
            "you joined the conditions by | (or); both must hold: use &": (LARGE | WEB).sum(),
            'those are all orders above ¥300; keep only the channel "web"': LARGE.sum(),
            "those are all orders on the web; keep only those above ¥300": WEB.sum(),
            'that is WeChat; the question is about "web"': (LARGE & WECHAT).sum(),
            "those are the small ones; more than 300 is > 300": (WEB & (ORDERS["amount"] < 300)).sum(),
            "you counted members; count the orders, that is the rows": ORDERS[LARGE & WEB]["customer_id"].nunique(),
            "that is web and WeChat together": (LARGE & (WEB | WECHAT)).sum(),
            'no row: is the value spelt "web", in small letters?': (LARGE & (ORDERS["channel"] == "Web")).sum(),
        },
    )

    yield Quick(
        "00b-4",
        ask='How many different members ordered by "wechat" at least once?',
        answer=ORDERS[WECHAT]["customer_id"].nunique(),
        wrong={
            "you counted orders; one member can have many: nunique() counts the different ones": WECHAT.sum(),
            'that is the channel "web"; the question is about "wechat"': ORDERS[WEB]["customer_id"].nunique(),
            "those are all members with orders; filter the channel first": ORDERS["customer_id"].nunique(),
            "those came to the firm through WeChat; take the channel in orders": (SOURCE == "wechat").sum(),
            'those ordered in a store; the question is about "wechat"': ORDERS[STORE]["customer_id"].nunique(),
            'those ordered on the web or by WeChat; keep only "wechat"': ORDERS[WEB | WECHAT]["customer_id"].nunique(),
            "those ordered only by WeChat; at least once is enough": WECHAT.groupby(ORDERS["customer_id"]).all().sum(),
        },
    )


def members_and_merges() -> Iterator[Quick]:
    each, of_2024 = BY_MEMBER.size(), ORDERS["order_date"].dt.year == 2024
    yield Quick(
        "00b-5",
        ask="How many orders did the most active member place in the three years?",
        answer=each.max(),
        wrong={
            "that is who it is; the question is how many orders: max() instead of idxmax()": each.idxmax(),
            "that is the mean number of orders; use max()": each.mean(),
            "that is 2024 alone; take all three years": ORDERS[of_2024].groupby("customer_id").size().max(),
            "that is the largest spending in yuan; count orders: size()": SPEND.max(),
            "those are the orders of the member who spent most; look for the most orders": each[SPEND.idxmax()],
            "you counted teas; count the rows of orders": (
                ORDERS.merge(LINES, on="order_id").groupby("customer_id").size().max()
            ),
            "that is how many members there are": each.size,
            "you counted members with the same number of orders; size() is enough, take its max()": (
                each.value_counts().max()
            ),
        },
    )

    luyuan = JOINED[JOINED["city"] == "Luyuan"]
    with_lines = luyuan.merge(LINES, on="order_id", suffixes=("", "_of_line"))
    yield Quick(
        "00b-6",
        ask='How much, in yuan, did the members of the city "Luyuan" spend on orders altogether?',
        answer=luyuan["amount"].sum(),
        decimals=0,
        wrong={
            "that is the number of orders; add up their amount": len(luyuan),
            "that is the mean order; use sum()": luyuan["amount"].mean(),
            "that is all cities; filter the city first": JOINED["amount"].sum(),
            "that is what the stores in Luyuan took; web and WeChat count too: take the city from customers": (
                ORDERS.merge(STORES, on="store_id").query("city == 'Luyuan'")["amount"].sum()
            ),
            "your merge has doubled rows: order_lines has several rows an order": with_lines["amount"].sum(),
            "that is for the whole firm; the question is about the members in the tables": 25 * luyuan["amount"].sum(),
            "that is before vouchers; take the amount of orders": with_lines["amount_of_line"].sum(),
        },
    )

    none, zero = SPENT["spend"].isna(), SPENT["spend"].fillna(0)
    yield Quick(
        "00b-7",
        ask="What share of the rows of customers has no order at all?",
        answer=none.mean(),
        decimals=3,
        wrong={
            "that is a number of rows; divide it by the number of all rows": none.sum(),
            "that is the share with orders; the question is the share without": 1 - none.mean(),
            "you divided by those with orders; divide by all rows": none.sum() / (~none).sum(),
            "who has both lines has orders too; count the missing values": (CUSTOMERS["line"] != "retail").mean(),
            "after fillna(0) nothing is missing any more; use the column before it": zero.isna().mean(),
        },
    )


def two_sides_and_dates() -> Iterator[Quick]:
    heqiao, on_web = JOINED["city"] == "Heqiao", JOINED["channel"] == "web"
    cell = JOINED[heqiao & on_web]["amount"]
    channel = JOINED[heqiao].groupby("channel", observed=True)["amount"].median()
    yield Quick(
        "00b-8",
        ask='What is the median amount, in yuan, of a "web" order of members in Heqiao?',
        answer=cell.median(),
        decimals=1,
        wrong={
            "that is the column store; go to the column web": channel["store"],
            "that is the column wechat; go to the column web": channel["wechat"],
            "that is all channels together; take web orders only": JOINED[heqiao]["amount"].median(),
            "that is all cities together; go to the row Heqiao": JOINED[on_web]["amount"].median(),
            "that is the number of orders; aggfunc must be median": len(cell),
            "that is the sum; aggfunc must be median": cell.sum(),
            "that is the mean, as in the table above; aggfunc must be median": cell.mean(),
            "that is a share of orders, from crosstab; make a pivot table": len(cell) / heqiao.sum(),
        },
    )

    date = ORDERS["order_date"]
    december = date.between("2023-12-01", "2023-12-31")
    yield Quick(
        "00b-9",
        ask="How many orders were placed in December 2023?",
        answer=december.sum(),
        wrong={
            "that is December 2024": date.between("2024-12-01", "2024-12-31").sum(),
            "those are the Decembers of all three years; add the year": (date.dt.month == 12).sum(),
            "that is the whole year 2023; add the month": (date.dt.year == 2023).sum(),
            "that is December 2022": date.between("2022-12-01", "2022-12-31").sum(),
            "December has 31 days; between keeps both ends": date.between("2023-12-01", "2023-12-30").sum(),
            "1 December belongs to it: use >= or between": ((date > "2023-12-01") & (date <= "2023-12-31")).sum(),
            "1 and 31 December belong to it: use >= and <=, or between": (
                (date > "2023-12-01") & (date < "2023-12-31")
            ).sum(),
            "that is everything from 1 December 2023 on; set the last day too": (date >= "2023-12-01").sum(),
            "you counted members; count the orders": ORDERS[december]["customer_id"].nunique(),
            "that is the revenue in yuan; count the rows": ORDERS[december]["amount"].sum(),
        },
    )

    days, since_first = (END - BY_MEMBER["order_date"].max()).dt.days, (END - BY_MEMBER["order_date"].min()).dt.days
    year_before = pd.Timestamp("2023-12-31")
    before = (year_before - ORDERS[date <= year_before].groupby("customer_id")["order_date"].max()).dt.days
    yield Quick(
        "00b-10",
        ask="For how many members did the last order lie more than 365 days before 31 December 2024?",
        answer=(days > 365).sum(),
        wrong={
            "more than 365 is > 365; you counted those with exactly 365 too": (days >= 365).sum(),
            "those are the others: at most 365 days": (days <= 365).sum(),
            "those ordered less than 365 days ago; more than 365 is > 365": (days < 365).sum(),
            "that is seen from the end of 2023; the end is 31 December 2024": (before > 365).sum(),
            "that is a share; the question is how many: sum()": (days > 365).mean(),
            "you took the first order; the last one is max()": (since_first > 365).sum(),
            "you counted orders; first find the last order of each member": ((END - date).dt.days > 365).sum(),
        },
    )

    buyers = SPENT.dropna(subset="spend")
    year, referral = buyers["joined"].dt.year, buyers["source"] == "referral"
    chosen = buyers[referral & (year == 2023)]
    theirs = ORDERS["customer_id"].isin(chosen["customer_id"])
    in_2023 = chosen["customer_id"].map(ORDERS[date.dt.year == 2023].groupby("customer_id")["amount"].sum())
    everybody = SPENT[(SPENT["joined"].dt.year == 2023) & (SPENT["source"] == "referral")]
    yield Quick(
        "00b-11",
        ask='What did members who joined in 2023 and came by "referral" spend on average, in yuan?',
        answer=chosen["spend"].mean(),
        decimals=1,
        wrong={
            "that is 2022, as in the table above; change the year": buyers[referral & (year == 2022)]["spend"].mean(),
            "that is 2024; the question is about those who joined in 2023": buyers[referral & (year == 2024)][
                "spend"
            ].mean(),
            "that is the sum; use mean()": chosen["spend"].sum(),
            "that is all years; keep those who joined in 2023": buyers[referral]["spend"].mean(),
            'that is everybody who joined in 2023; keep the source "referral"': buyers[year == 2023]["spend"].mean(),
            "subscribers without orders were counted as 0; leave them out with dropna": (
                everybody["spend"].fillna(0).mean()
            ),
            "that is the median; use mean()": chosen["spend"].median(),
            "that is how many they are": len(chosen),
            "that is the mean of an order; take the column spend, one sum a member": ORDERS[theirs]["amount"].mean(),
            "that counts only the orders of 2023; spend has all orders": in_2023.mean(),
        },
    )
