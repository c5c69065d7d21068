"""Planted effects of the contact centre and of complaints, estimated from the tables of one seed.

Used by the tests and by the 200-seed study: `measure(seed)` gives for each effect its truth, estimate and interval.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm

from crmlab.company import service as planted
from crmlab.company import simulate

Measures = dict[str, tuple[float, float, float, float]]
NAMES = ("waiting_test", "complaints", "recovery_test", "truth/recovery", "truth/waiting")


def measure(seed: int, people: int = 2_000) -> Measures:
    """Effect → (truth, estimate, low, high), 95 % intervals."""
    tables = simulate(seed, people, only=NAMES)
    return _waiting(tables) | _justice(tables["complaints"]) | _recovery(tables)


def _waiting(tables: dict[str, pd.DataFrame]) -> Measures:
    test = tables["waiting_test"]
    x = sm.add_constant(test["extra_wait"].astype(float) / 60)
    truth = {"stayed": -planted.STAY_LOST, "margin": -planted.STAY_LOST * planted.STAYER_MARGIN}
    made: Measures = {}
    for name, value in truth.items():
        fit = sm.OLS(test[name].astype(float), x).fit(cov_type="HC1")
        low, high = fit.conf_int().iloc[1]
        made[f"waiting: {name}"] = (value, fit.params.iloc[1], low, high)
    return made


def _justice(complaints: pd.DataFrame) -> Measures:
    rated = complaints.dropna(subset="satisfaction")
    names = [f"{name}_justice" for name in planted.RATINGS]
    fit = sm.OLS(rated["satisfaction"].astype(float), sm.add_constant(rated[names].astype(float))).fit(cov_type="HC3")
    limits = fit.conf_int()
    made: Measures = {}
    for name, column in zip(planted.RATINGS, names, strict=True):
        made[f"justice: {name}"] = (planted.JUSTICE[name], fit.params[column], *limits.loc[column])
    x = sm.add_constant(rated["satisfaction"].astype(float))
    intent = sm.OLS(rated["buy_again"].astype(float), x).fit(cov_type="HC3")
    made["buy again"] = (planted.BUY_AGAIN["satisfaction"], intent.params.iloc[1], *intent.conf_int().iloc[1])
    return made


def _recovery(tables: dict[str, pd.DataFrame]) -> Measures:
    test = tables["recovery_test"].merge(tables["complaints"].drop(columns="stayed"), on="complaint_id")
    truth = tables["truth/recovery"].set_index("complaint_id").loc[test["complaint_id"]]
    made: Measures = {}
    base = test.loc[test["arm"] == "apology", "satisfaction"].dropna().astype(float)
    for arm in ("voucher 20", "voucher 50"):
        got = test.loc[test["arm"] == arm, "satisfaction"].dropna().astype(float)
        value = (truth[f"satisfaction_{arm.replace(' ', '_')}"] - truth["satisfaction_apology"]).mean()
        low, high = sm.stats.CompareMeans.from_data(got, base).tconfint_diff(usevar="unequal")
        made[f"recovery: {arm}"] = (value, got.mean() - base.mean(), low, high)
    return made


def paradox(seed: int, people: int = 8_600) -> float:
    """Points of staying after a trifle put right nearly completely, against no fault (same line of business)."""
    tables = simulate(seed, people, only=("complaints", "order_checks"))
    checks, told = tables["order_checks"], tables["complaints"]
    happy = checks[checks["severity"] == 0].assign(fault=0.0)
    perfect = told[(told["severity"] == 1) & (told["put_right"] == "nearly all")].assign(fault=1.0)
    pair = pd.concat([happy, perfect]).dropna(subset="stayed")
    x = pd.DataFrame({"const": 1.0, "box": pair["order_id"].isna().astype(float), "fault": pair["fault"]})
    return 100 * float(sm.OLS(pair["stayed"].astype(float), x).fit().params["fault"])


def coverage(seeds: range, people: int = 2_000) -> pd.DataFrame:
    """Over the seeds: mean truth, mean estimate, share of intervals that hold the truth, bias in standard errors."""
    rows = [
        {"effect": name, "truth": t, "estimate": e, "covered": low <= t <= high, "z": (e - t) / ((high - low) / 3.92)}
        for seed in seeds
        for name, (t, e, low, high) in measure(seed, people).items()
    ]
    frame = pd.DataFrame(rows).groupby("effect", sort=False)
    return frame.agg(
        truth=("truth", "mean"), estimate=("estimate", "mean"), coverage=("covered", "mean"), bias=("z", "mean")
    ).astype(np.float64)
