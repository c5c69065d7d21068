"""Chapter 10: the tests of messages, channels, rewards and frequency."""

import numpy as np
import pandas as pd

from crmlab import decide, interact
from studies.coverage import Found, Interval, Study

Tables = dict[str, pd.DataFrame]


def messages(tables: Tables) -> Found:
    """Each content and each channel against no message."""
    truth = tables["truth/contact_tests"].drop(columns="customer_id").mean()
    found: Found = {}
    for name in ("content", "channel"):
        count = tables[f"{name}_test"].groupby("arm", observed=True)["bought"].agg(["sum", "size"])
        for arm in count.index.drop("none"):
            effect = truth[f"{name}_{arm}"] - truth[f"{name}_none"]
            found[f"{name} {arm}"] = Interval.of(effect, ab(count, arm, "none"))
    return found


def rewards(tables: Tables) -> Found:
    """Each reward against none: opting in, and completing the profile."""
    truth = tables["truth/contact_tests"].drop(columns="customer_id").mean()
    found: Found = {}
    for column, chance in (("opted_in", "opt_in"), ("completed", "complete")):
        count = tables["reward_test"].groupby("reward")[column].agg(["sum", "size"])
        for reward in count.index.drop(0):
            effect = truth[f"{chance}_{reward}"] - truth[f"{chance}_0"]
            found[f"{column} {reward}"] = Interval.of(effect, ab(count, reward, 0))
    return found


def ab(count: pd.DataFrame, one: object, other: object) -> pd.Series:
    """The comparison of two arms, from successes and sizes."""
    return decide.ab_test(*count.loc[one].astype(int), *count.loc[other].astype(int))


def frequency(tables: Tables) -> Found:
    """The curve of wear-out, and opting out with the square of the messages."""
    truth = tables["truth/contact_tests"].drop(columns="customer_id").mean()
    planted = tables["truth/wear_out"].set_index("parameter")["value"]
    test = tables["frequency_test"]
    curve = interact.WearOut(test["contacts"], test["bought"], test["customer_id"]).fit().conf_int()
    true = {"b": truth["frequency_base"], "a": truth["frequency_slope"], "k": planted["k"]}
    found: Found = {
        f"wear-out {name}": Interval(float(value), *map(float, curve.loc[name])) for name, value in true.items()
    }
    squared = (test["contacts"] ** 2).sum()
    rate = test["opted_out"].sum() / squared
    # rare events: the variance of the count is its mean, rate · Σf²
    found["opt-out"] = Interval.normal(planted["opt_out"], rate, np.sqrt(rate / squared))
    return found


STUDY = Study(
    title="Chapter 10: messages, channels, rewards, frequency",
    people=6_000,
    estimators=(messages, rewards, frequency),
    tables=("content_test", "channel_test", "reward_test", "frequency_test", "truth/contact_tests", "truth/wear_out"),
    small=(40, 2_500),
)
