"""The quick checks of 00_start_here."""

from collections.abc import Iterator

import pandas as pd

from crmlab import data
from crmlab.exercise.quick import Quick

COST = 1.60  # of a letter, in yuan
MINUTE = 0.80  # of service, in yuan


def profit_of_january() -> pd.DataFrame:
    """One row a member of the January test: arm, recent or not, and profit in the 21 days after the letter."""
    orders, service = data.load("orders"), data.load("service_minutes").query("year == 2023")
    minutes = service[["advice_minutes", "packing_minutes", "after_sales_minutes"]].sum().sum()
    each = MINUTE * minutes / orders["order_date"].dt.year.eq(2023).sum()
    goods = data.load("order_lines").groupby("order_id")["cost"].sum()
    orders = orders.assign(profit=orders["amount"] - orders["order_id"].map(goods) - each)
    after = orders[orders["order_date"].between("2024-01-12", "2024-02-01")].groupby("customer_id")["profit"].sum()
    last = orders[orders["order_date"] <= "2023-12-31"].groupby("customer_id")["order_date"].max()
    test = data.load("campaign_test")
    days = (pd.Timestamp("2023-12-31") - test["customer_id"].map(last)).dt.days
    return test[["customer_id", "arm"]].assign(
        recent=days <= 90, profit=test["customer_id"].map(after).fillna(0), response=test["profit"]
    )


def questions() -> Iterator[Quick]:
    joined = data.load("orders").merge(data.load("customers")[["customer_id", "city"]], on="customer_id")
    city = joined.groupby("city", observed=True)["amount"].agg(["mean", "sum", "max"])
    yield Quick(
        "00-1",
        ask="Which city has the largest mean order?",
        answer=city["mean"].idxmax(),
        form={"choices": sorted(city.index)},
        wrong={
            "that city has the most orders, so the largest sum; look at the column mean": city["sum"].idxmax(),
            "that city has the smallest mean": city["mean"].idxmin(),
        },
    )

    test = profit_of_january()
    recent = test[test["recent"]]

    def net(table: pd.DataFrame) -> float:
        means = table.groupby("arm", observed=True)["profit"].mean()
        return means["mailed"] - means["control"] - COST

    mailed = recent.loc[recent["arm"] == "mailed", "profit"].mean()
    yield Quick(
        "00-2",
        ask="How many yuan did a letter to a recent member bring in the January test, after its cost?",
        answer=net(recent),
        decimals=2,
        wrong={
            "take off the cost of the letter, ¥1.60": net(recent) + COST,
            "the mailed would have bought without a letter too: take off the mean of the controls": mailed - COST,
            "that is the mean of the mailed; take off the mean of the controls, then the cost": mailed,
            "the controls got no letter: take the cost off only once": net(recent) - COST,
            "mailed less controls, not the other way round": -(net(recent) + COST) - COST,
            "that is a letter to any member; look at the recent ones alone": net(test),
            "that is a letter to one of the others; look at the row of the recent members": net(test[~test["recent"]]),
        },
    )

    profit = 50
    yield Quick(
        "00-3",
        ask="What is the break-even rate of a letter that costs ¥1.60, if a response brings ¥50 of profit?",
        answer=COST / profit,
        form={"low": 0, "high": 100},
        wrong={
            "the cost goes above the line, the profit below": profit / COST,
            "a response brings its whole profit; the cost is not taken off first": COST / (profit - COST),
            "that is what is left of a response, not a rate": profit - COST,
        },
    )
