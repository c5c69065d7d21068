"""Chapter 17: the programme's effect on spending, and the price elasticity."""

import numpy as np
import pandas as pd

from studies.coverage import Found, Interval, Study

Tables = dict[str, pd.DataFrame]


def programme(tables: Tables) -> Found:
    """Relative effect on spending of 2024 (log), with the error of a ratio of means."""
    test = tables["programme_test"]
    truth = tables["truth/loyalty"].set_index("parameter")["value"]["effect of the programme"]
    one, zero = (test.loc[test["arm"] == arm, "spend_2024"] for arm in ("invited", "control"))
    error = np.hypot(one.sem() / one.mean(), zero.sem() / zero.mean())
    return {"programme": Interval.normal(np.log1p(truth), np.log(one.mean() / zero.mean()), error)}


def elasticity(tables: Tables) -> Found:
    """Slope of log grams on log price within persons, clustered, against the company's mean elasticity."""
    test = tables["price_test"].merge(tables["products"][["product_id", "price_per_100g"]])
    x, y = np.log(test["price"] / test["price_per_100g"]), np.log(test["grams"])
    who = test["customer_id"]
    x, y = x - x.groupby(who).transform("mean"), y - y.groupby(who).transform("mean")
    slope = (x * y).sum() / (x**2).sum()
    error = np.sqrt(((x * (y - slope * x)).groupby(who).sum() ** 2).sum()) / (x**2).sum()
    return {"elasticity": Interval.normal(tables["truth/customers"]["elasticity"].mean(), slope, error)}


STUDY = Study(
    title="Chapter 17: loyalty",
    people=2_000,
    estimators=(programme, elasticity),
    tables=("programme_test", "price_test", "products", "truth/customers", "truth/loyalty"),
    small=(40, 1_200),
    signs={"the programme's effect is significant at 5 %": lambda m: m["programme low"] > 0},
)
