"""The quick checks of 00b_pandas_in_an_hour."""

from collections.abc import Iterator

import pandas as pd

from crmlab import data
from crmlab.exercise.quick import Quick


def questions() -> Iterator[Quick]:
    orders, customers, products = data.load("orders"), data.load("customers"), data.load("products")
    yield Quick(
        "00b-1",
        ask="How many rows has the table customers?",
        answer=len(customers),
        wrong={
            "that is the table orders; open customers": len(orders),
            "those are the columns; count the rows with len": customers.shape[1],
            "that is the number of cells: rows times columns": customers.size,
            "those are the members with orders; count all rows": orders["customer_id"].nunique(),
        },
    )

    price = products["price_per_100g"]
    yield Quick(
        "00b-2",
        ask="What is the mean price_per_100g, in yuan, of the teas in the table products?",
        answer=price.mean(),
        wrong={
            "that is the median; the mean is .mean()": price.median(),
            "that is the sum": price.sum(),
            "that is the mean order, from the table orders": orders["amount"].mean(),
            "that is the largest price": price.max(),
        },
    )

    large, web = orders["amount"] > 300, orders["channel"] == "web"
    yield Quick(
        "00b-3",
        ask='How many orders of more than ¥300 came by the channel "web"?',
        answer=int((large & web).sum()),
        wrong={
            "those came by WeChat; the channel is \"web\"": int((large & (orders["channel"] == "wechat")).sum()),
            "those are the large orders of every channel; the second condition is missing": int(large.sum()),
            "those are all orders on the web; the first condition is missing": int(web.sum()),
            "both conditions must hold: & (and), not | (or)": int((large | web).sum()),
            "more than 300, not less": int((~large & web).sum()),
        },
    )

    wechat = orders[orders["channel"] == "wechat"]
    yield Quick(
        "00b-4",
        ask='How many different members ordered by "wechat" at least once?',
        answer=wechat["customer_id"].nunique(),
        wrong={
            "those are orders; count different members with nunique": len(wechat),
            "those ordered on the web": orders.loc[web, "customer_id"].nunique(),
            "those are the members of every channel; filter first": orders["customer_id"].nunique(),
        },
    )

    each = orders.groupby("customer_id").size()
    yield Quick(
        "00b-5",
        ask="How many orders did the most active member place in the three years?",
        answer=int(each.max()),
        wrong={
            "that is the mean of all members; asked is the largest": each.mean(),
            "that is what the largest spender spent, in yuan; count orders, with size":
                orders.groupby("customer_id")["amount"].sum().max(),
            "that is how many members there are": len(each),
            "that is how many orders there are": len(orders),
        },
    )

    joined = orders.merge(customers[["customer_id", "city"]], on="customer_id")
    luyuan = joined[joined["city"] == "Luyuan"]
    teas = luyuan.merge(data.load("order_lines")[["order_id"]], on="order_id")
    yield Quick(
        "00b-6",
        ask='How much, in yuan, did the members of the city "Luyuan" spend on orders altogether?',
        answer=luyuan["amount"].sum(),
        wrong={
            "that is the sum of every city": orders["amount"].sum(),
            "that is the mean order there; asked is the sum": luyuan["amount"].mean(),
            "that is what a member there spent on average": luyuan.groupby("customer_id")["amount"].sum().mean(),
            "that is how many orders there were; add up the amounts": len(luyuan),
            "the merge with order_lines counts an order once for each tea": teas["amount"].sum(),
        },
    )

    spend = orders.groupby("customer_id")["amount"].sum()
    without = customers["customer_id"].map(spend).isna()
    yield Quick(
        "00b-7",
        ask="What share of the rows of customers has no order at all?",
        answer=without.mean(),
        decimals=3,
        wrong={
            "that is how many they are; divide by the number of rows": int(without.sum()),
            "divide by all customers, not by those with orders": without.sum() / (~without).sum(),
        },
    )

    store = joined["channel"] == "store"
    songwan = joined["city"] == "Songwan"
    mean = joined.groupby(["city", "channel"], observed=True)["amount"].mean()
    yield Quick(
        "00b-8",
        ask='What is the mean amount, in yuan, of a "store" order of members in Songwan?',
        answer=joined.loc[store & songwan, "amount"].mean(),
        wrong={
            "that is Songwan over all channels": joined.loc[songwan, "amount"].mean(),
            "that is the stores over all cities": joined.loc[store, "amount"].mean(),
            "that is Songwan on the web": mean["Songwan", "web"],
            "that is Songwan by WeChat": mean["Songwan", "wechat"],
            "that is a count; asked is the mean amount": int((store & songwan).sum()),
        },
    )

    def placed(first: str, last: str) -> int:
        return int(orders["order_date"].between(first, last).sum())

    month = orders["order_date"].dt.month
    yield Quick(
        "00b-9",
        ask="How many orders were placed in December 2023?",
        answer=placed("2023-12-01", "2023-12-31"),
        wrong={
            "that is December 2024": placed("2024-12-01", "2024-12-31"),
            "that is December 2022": placed("2022-12-01", "2022-12-31"),
            "that is December of all three years": int((month == 12).sum()),
            "that is the whole of 2023": placed("2023-01-01", "2023-12-31"),
            "December has 31 days; the last of them is missing": placed("2023-12-01", "2023-12-30"),
        },
    )

    last = orders.groupby("customer_id")["order_date"].max()
    days = (pd.Timestamp("2024-12-31") - last).dt.days
    first = orders.groupby("customer_id")["order_date"].min()
    yield Quick(
        "00b-10",
        ask="For how many members did the last order lie more than 365 days before 31 December 2024?",
        answer=int((days > 365).sum()),
        wrong={
            "more than 365, so the members at 365 do not count": int((days >= 365).sum()),
            "those ordered within the last 365 days": int((days <= 365).sum()),
            "that goes by the first order of each member; take the last, max": int(
                ((pd.Timestamp("2024-12-31") - first).dt.days > 365).sum()
            ),
            "those are orders; each member counts once, by the last order": int(
                ((pd.Timestamp("2024-12-31") - orders["order_date"]).dt.days > 365).sum()
            ),
            "that is the mean number of days": days.mean(),
        },
    )

    spent = customers.assign(spend=customers["customer_id"].map(spend))
    year = spent["joined"].dt.year
    referral = spent["source"] == "referral"
    chosen = spent.loc[referral & (year == 2023), "spend"]
    yield Quick(
        "00b-11",
        ask='What did members who joined in 2023 and came by "referral" spend on average, in yuan?',
        answer=chosen.mean(),
        wrong={
            "those joined in 2022": spent.loc[referral & (year == 2022), "spend"].mean(),
            "that is referral in every year; filter the year too": spent.loc[referral, "spend"].mean(),
            "those are all who joined in 2023; take those of referral": spent.loc[year == 2023, "spend"].mean(),
            "leave out those without an order, with dropna; do not count them as 0": chosen.fillna(0).mean(),
            "that is their sum": chosen.sum(),
        },
    )
