"""Chapters 18 and 19 and case C5: what saves a call, what wins back, what the mobile operator's offers add."""

import numpy as np
import pandas as pd
import statsmodels.api as sm

from crmlab import decide
from studies.coverage import Found, Interval, Study

Tables = dict[str, pd.DataFrame]
STEPS = ("comprehended", "proposed", "responded")


def save_calls(tables: Tables) -> Found:
    """Log odds of the three steps of a talk and of its opening, by a logit with a level for each agent."""
    calls = tables["save_calls"]
    truth = tables["truth/save_calls"].set_index("term")["log_odds"]
    terms = [*STEPS, "offer first"]
    x = np.column_stack([*(calls[name] for name in STEPS), calls["opening"] == "offer first"]).astype(float)
    agents = pd.get_dummies(calls["agent_id"]).astype(float).to_numpy()
    agents = agents[:, agents.sum(axis=0) > 0]
    fit = sm.GLM(calls["saved"].astype(float), np.hstack([x, agents]), family=sm.families.Binomial()).fit()
    shown = zip(terms, np.asarray(fit.params), np.asarray(fit.bse), strict=False)
    return {f"save call: {name} (log odds)": Interval.normal(truth[name], at, error) for name, at, error in shown}


def lift(truth: float, outcome: pd.Series, arms: pd.Series, arm: str) -> Interval:
    counts = [int(n) for name in (arm, "none") for n in (outcome[arms == name].sum(), (arms == name).sum())]
    return Interval.of(truth, decide.ab_test(*counts))


def winback(tables: Tables) -> Found:
    """What the gift and the discount add; the truth is what each person would have done."""
    test, would = tables["winback_test"], tables["truth/winback"]
    found: Found = {}
    for arm in ("gift", "discount"):
        truth = float(would[f"returns_{arm}"].mean() - would["returns_none"].mean())
        found[f"win-back: {arm}"] = lift(truth, test["returned"], test["arm"], arm)
    return found


def mobile(tables: Tables) -> Found:
    """What each of the operator's three offers adds, by the planted chances of the lines in the test."""
    lines, chance = tables["telecom_winback"], tables["truth/telecom"].filter(like="returns_").mean()
    found: Found = {}
    for arm in ("credit", "apology call", "handset"):
        truth = chance[f"returns_{arm.replace(' ', '_')}"] - chance["returns_none"]
        found[f"mobile: {arm}"] = lift(truth, lines["returned"], lines["arm"], arm)
    return found


STUDY = Study(
    title="Chapters 18 and 19, case C5: leaving and coming back",
    people=4_300,
    estimators=(save_calls, winback, mobile),
    tables=("save_calls", "truth/save_calls", "winback_test", "truth/winback", "telecom_winback", "truth/telecom"),
    small=(40, 4_300),
)
