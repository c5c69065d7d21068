"""Chapter 11: what waiting costs, what makes complainers content, and what compensation does."""

import pandas as pd
import statsmodels.api as sm

from studies.coverage import Found, Interval, Study

Tables = dict[str, pd.DataFrame]
RATINGS = ("outcome", "process", "manner")


def planted(tables: Tables, *effects: str) -> list[float]:
    """Planted effects, from the truth."""
    return tables["truth/service"].set_index("effect")["value"].loc[list(effects)].to_list()


def waiting(tables: Tables) -> Found:
    test = tables["waiting_test"]
    x = sm.add_constant(test["extra_wait"].astype(float) / 60)
    truth = planted(tables, "waiting: chance of staying", "waiting: margin of six months")
    made: Found = {}
    for name, value in zip(("stayed", "margin"), truth, strict=True):
        fit = sm.OLS(test[name].astype(float), x).fit(cov_type="HC1")
        low, high = fit.conf_int().iloc[1]
        made[f"waiting: {name}"] = Interval(value, fit.params.iloc[1], low, high)
    return made


def justice(tables: Tables) -> Found:
    complaints = tables["complaints"]
    rated = complaints.dropna(subset="satisfaction")
    names = [f"{name}_justice" for name in RATINGS]
    fit = sm.OLS(rated["satisfaction"].astype(float), sm.add_constant(rated[names].astype(float))).fit(cov_type="HC3")
    limits = fit.conf_int()
    made: Found = {}
    truth = planted(tables, *(f"justice: {name}" for name in RATINGS))
    for name, column, value in zip(RATINGS, names, truth, strict=True):
        made[f"justice: {name}"] = Interval(value, fit.params[column], *limits.loc[column])
    x = sm.add_constant(rated["satisfaction"].astype(float))
    intent = sm.OLS(rated["buy_again"].astype(float), x).fit(cov_type="HC3")
    (value,) = planted(tables, "buy again: satisfaction")
    made["buy again"] = Interval(value, intent.params.iloc[1], *intent.conf_int().iloc[1])
    return made


def recovery(tables: Tables) -> Found:
    test = tables["recovery_test"].merge(tables["complaints"].drop(columns="stayed"), on="complaint_id")
    truth = tables["truth/recovery"].set_index("complaint_id").loc[test["complaint_id"]]
    made: Found = {}
    base = test.loc[test["arm"] == "apology", "satisfaction"].dropna().astype(float)
    for arm in ("voucher 20", "voucher 50"):
        got = test.loc[test["arm"] == arm, "satisfaction"].dropna().astype(float)
        value = (truth[f"satisfaction_{arm.replace(' ', '_')}"] - truth["satisfaction_apology"]).mean()
        low, high = sm.stats.CompareMeans.from_data(got, base).tconfint_diff(usevar="unequal")
        made[f"recovery: {arm}"] = Interval(value, got.mean() - base.mean(), low, high)
    return made


def paradox(tables: Tables) -> float:
    """Points of staying after a trifle put right nearly completely, against no fault (same line of business)."""
    checks, told = tables["order_checks"], tables["complaints"]
    happy = checks[checks["severity"] == 0].assign(fault=0.0)
    perfect = told[(told["severity"] == 1) & (told["put_right"] == "nearly all")].assign(fault=1.0)
    pair = pd.concat([happy, perfect]).dropna(subset="stayed")
    x = pd.DataFrame({"const": 1.0, "box": pair["order_id"].isna().astype(float), "fault": pair["fault"]})
    return 100 * float(sm.OLS(pair["stayed"].astype(float), x).fit().params["fault"])


STUDY = Study(
    title="Chapter 11: the contact centre and complaints",
    people=2_000,
    estimators=(waiting, justice, recovery),
    tables=("waiting_test", "complaints", "recovery_test", "truth/recovery", "truth/waiting", "truth/service"),
    small=(40, 2_000),
)
