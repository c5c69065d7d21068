"""The quick checks of 00_start_here."""

from collections.abc import Iterator

import pandas as pd

from crmlab import data
from crmlab.exercise.quick import Quick

LETTER, MINUTE = 1.60, 0.80  # yuan: a letter, a minute of service


def profit_of_january() -> pd.DataFrame:
    """Profit of each member in the 21 days after the letter of January, with `recent` and `arm`."""
    orders, service = data.load("orders"), data.load("service_minutes").query("year == 2023")
    date = orders["order_date"]
    minutes = service[["advice_minutes", "packing_minutes", "after_sales_minutes"]].sum().sum()
    goods = orders["order_id"].map(data.load("order_lines").groupby("order_id")["cost"].sum())
    profit = orders["amount"] - goods - MINUTE * minutes / (date.dt.year == 2023).sum()
    inside = date.between("2024-01-12", "2024-02-01")
    earned = profit[inside].groupby(orders["customer_id"]).sum()
    last = orders[date <= "2023-12-31"].groupby("customer_id")["order_date"].max()
    test = data.load("campaign_test")
    recent = (pd.Timestamp("2023-12-31") - test["customer_id"].map(last)).dt.days <= 90
    earned_each = test["customer_id"].map(earned).fillna(0)
    return pd.DataFrame({"recent": recent, "arm": test["arm"].astype(str), "profit": earned_each})


def questions() -> Iterator[Quick]:
    joined = data.load("orders").merge(data.load("customers")[["customer_id", "city"]], on="customer_id")
    city = joined.groupby("city", observed=True)["amount"].agg(["mean", "count", "max"])
    from_largest = city["mean"].sort_values(ascending=False).index
    yield Quick(
        "00-1",
        ask="Which city has the largest mean order?",
        answer=city["mean"].idxmax(),
        form={"choices": sorted(city.index)},
        wrong={
            "that city has the most orders (column count); the question is about the mean": city["count"].idxmax(),
            "that is the smallest mean; look for the largest": city["mean"].idxmin(),
            "that is the second largest mean": from_largest[1],
            "two cities have a larger mean": from_largest[2],
            "that city has the largest single order; compare the column mean": city["max"].idxmax(),
            "that is the mean; give the name of the city, in quotation marks": city["mean"].max(),
        },
    )

    january = profit_of_january()
    mean, everybody = january.groupby(["recent", "arm"])["profit"].mean(), january.groupby("arm")["profit"].mean()
    mailed, control = mean[True, "mailed"], mean[True, "control"]
    yield Quick(
        "00-2",
        ask="How many yuan did a letter to a recent member (0–90 days) bring in January, after its cost?",
        answer=mailed - control - LETTER,
        tolerance=0.004,
        wrong={
            "that is the effect before the cost; take off the ¥1.60 of the letter": mailed - control,
            "the members without a letter bought too; take off the mean of the control group": mailed - LETTER,
            "the letter costs money: subtract its ¥1.60, do not add it": mailed - control + LETTER,
            "the other way round: mailed less control, and then the cost": control - mailed - LETTER,
            "the other way round: mailed less control; and then take off the cost": control - mailed,
            "that is a letter to one of the others; the question is about the recent members": (
                mean[False, "mailed"] - mean[False, "control"] - LETTER
            ),
            "that is what the mailed brought; what would they have brought without the letter?": mailed,
            "that is what the controls brought without a letter; the question is about the difference": control,
            "the controls had no letter and no cost: take their mean off that of the mailed": control - LETTER,
            "that is a letter to all members; the question is about the recent ones": (
                everybody["mailed"] - everybody["control"] - LETTER
            ),
        },
    )

    old, voucher, profit = data.load("campaign_test").query("responded")["profit"].mean(), 10, 50
    rate = LETTER / profit
    yield Quick(
        "00-3",
        ask="What is the break-even rate of a letter that costs ¥1.60, if a response brings ¥50 of profit?",
        answer=rate,
        also=(100 * rate,),
        tolerance=0.001,
        wrong={
            "the other way round: cost of a letter divided by profit of a response": profit / LETTER,
            "that is the rate at the old profit; use ¥50": LETTER / old,
            "the profit of a response is after the voucher; do not take its ¥10 off again": LETTER / (profit - voucher),
            "the profit is before the cost of the letter; divide by ¥50": LETTER / (profit - LETTER),
            "divide, do not multiply": profit * LETTER,
            "check the decimal point": 10 * rate,
        },
    )
