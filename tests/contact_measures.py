"""The randomised tests of messages, channels, rewards and frequency in one company, each beside its truth."""

import numpy as np
import pandas as pd

from crmlab import decide, interact
from crmlab.company import contacts as C
from crmlab.company import simulate

NAMES = ("content_test", "channel_test", "reward_test", "frequency_test", "truth/contact_tests", "truth/wear_out")


def compare(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row an effect: estimate, low, high, truth."""
    truth = tables["truth/contact_tests"].drop(columns="customer_id").mean()
    planted = tables["truth/wear_out"].set_index("parameter")["value"]
    rows = {}
    for name, arms in (("content", C.CONTENTS), ("channel", C.CHANNEL_EFFECTS)):
        count = tables[f"{name}_test"].groupby("arm", observed=True)["bought"].agg(["sum", "size"])
        for arm in list(arms)[1:]:
            found = decide.ab_test(*count.loc[arm].astype(int), *count.loc["none"].astype(int))
            rows[f"{name} {arm}"] = [*found[["lift", "low", "high"]], truth[f"{name}_{arm}"] - truth[f"{name}_none"]]
    for column, chance in (("opted_in", "opt_in"), ("completed", "complete")):
        count = tables["reward_test"].groupby("reward")[column].agg(["sum", "size"])
        for reward in C.REWARDS[1:]:
            found = decide.ab_test(*count.loc[reward].astype(int), *count.loc[0].astype(int))
            effect = truth[f"{chance}_{reward}"] - truth[f"{chance}_0"]
            rows[f"{column} {reward}"] = [*found[["lift", "low", "high"]], effect]
    test = tables["frequency_test"]
    curve = interact.WearOut(test["contacts"], test["bought"], test["customer_id"]).fit().conf_int()
    for name, true in (("b", truth["frequency_base"]), ("a", truth["frequency_slope"]), ("k", planted["k"])):
        rows[f"wear-out {name}"] = [*curve.loc[name], true]
    squared = (test["contacts"] ** 2).sum()
    rate = test["opted_out"].sum() / squared
    half = 1.96 * np.sqrt(rate / squared)  # rare events: the variance of the count is its mean, rate · Σf²
    rows["opt-out"] = [rate, rate - half, rate + half, planted["opt_out"]]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high", "truth"])


def measure(seed: int, people: int) -> pd.DataFrame:
    return compare(simulate(seed, people, only=NAMES))
