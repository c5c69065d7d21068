"""Planted effects of service quality, estimated from the tables of one seed.

Used by the tests and by the 200-seed study: `measure(seed)` gives for each effect its truth, estimate and interval.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

from crmlab import decide
from crmlab.company import quality as Q
from crmlab.company import simulate

Measures = dict[str, tuple[float, float, float, float]]
NAMES = (
    "servqual_items", "servqual_people", "servqual_survey", "manager_survey", "service_standards", "service_audits",
    "promises", "deliveries", "packing_checks", "quality_costs", "care_test", "gap_pilot",
    "truth/service_gaps", "truth/quality", "truth/care",
)  # fmt: skip


def answers(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The survey with its reversed items turned, and place and dimension beside."""
    frame = tables["servqual_survey"].merge(tables["servqual_items"], on="item")
    for name in ("expectation", "perception"):
        frame[name] = frame[name].where(~frame["reversed"], 8 - frame[name])
    return frame.merge(tables["servqual_people"][["customer_id", "place"]], on="customer_id")


def measure(seed: int, people: int = 2_500) -> Measures:
    """Effect → (truth, estimate, low, high), 95 % intervals."""
    tables = simulate(seed, people, only=NAMES)
    truth = tables["truth/quality"].set_index("effect")["value"].to_dict()
    return _gaps(tables) | _promise(tables, truth) | _tests(tables, truth) | _processes(tables, truth)


def _interval(truth: float, estimate: float, se: float, df: float = np.inf) -> tuple[float, float, float, float]:
    half = float(stats.t.ppf(0.975, df)) * se
    return truth, estimate, estimate - half, estimate + half


def _score(frame: pd.DataFrame, value: str, by: str) -> pd.Series:
    """Mean of a person's or visit's answers, every dimension by its planted weight."""
    cells = frame.pivot_table(values=value, index=by, columns="dimension", observed=True)
    return (cells[list(Q.DIMENSIONS)] * np.array(Q.WEIGHTS)).sum(axis=1)


def _gaps(tables: dict[str, pd.DataFrame]) -> Measures:
    items = tables["servqual_items"][["item", "dimension"]]
    survey = answers(tables)
    audits = tables["service_audits"].merge(tables["service_standards"], on="standard_id").merge(items, on="item")
    audits["visit"] = audits["unit"] + audits["month"].dt.strftime("-%m")
    managers = tables["manager_survey"].merge(items, on="item")
    truth = tables["truth/service_gaps"].merge(items, on="item")
    made: Measures = {}
    for place in Q.PLACES:
        here = truth[truth["place"] == place].assign(one=1)
        level = {name: float(_score(here, name, "one").iloc[0]) for name in ("expectation", "believed", "standard",
                                                                             "delivered", "perceived")}  # fmt: skip
        asked = survey[survey["place"] == place]
        wish, seen = (_score(asked, name, "customer_id") for name in ("expectation", "perception"))
        mine = managers[managers["place"] == place].assign(one=1)
        belief = float(_score(mine, "believed_expectation", "one").iloc[0])
        visits = _score(audits[audits["place"] == place], "delivered", "visit")
        own = visits - visits.groupby(visits.index.str.split("-").str[0]).transform("mean")
        units = visits.index.str.split("-").str[0].nunique()
        se = float(np.sqrt((own**2).sum() / (len(own) - units) / len(own)))
        gap1 = level["believed"] - level["expectation"]
        error = float(np.hypot(_belief_error(mine), wish.std() / np.sqrt(len(wish))))
        made[f"gap 1, {place}"] = _interval(gap1, belief - wish.mean(), error, len(wish) - 1)
        gap3 = level["delivered"] - level["standard"]
        made[f"gap 3, {place}"] = _interval(gap3, visits.mean() - level["standard"], se, len(own) - units)
        lost = seen - wish
        gap5 = level["perceived"] - level["expectation"]
        made[f"gap 5, {place}"] = _interval(gap5, lost.mean(), lost.std() / np.sqrt(len(lost)), len(lost) - 1)
    return made


def _belief_error(mine: pd.DataFrame) -> float:
    """All managers answer, so only the noise of their answers counts, not that they differ."""
    value = mine["believed_expectation"]
    left = value - value.groupby(mine["manager_id"]).transform("mean") - value.groupby(mine["item"]).transform("mean")
    n = mine["manager_id"].nunique()
    noise = float(((left - left.mean()) ** 2).sum() / ((n - 1) * 21) / n)
    share = sum(w**2 / k for w, k in zip(Q.WEIGHTS, (4, 5, 4, 4, 5), strict=True))
    return float(np.sqrt(noise * share))


def _promise(tables: dict[str, pd.DataFrame], truth: dict[str, float]) -> Measures:
    """Perception less delivery on promise less delivery, over the 44 places and items."""
    seen = answers(tables).groupby(["place", "item"], observed=True)["perception"].mean()
    audits = tables["service_audits"].merge(tables["service_standards"], on="standard_id")
    given = audits.groupby(["place", "item"], observed=True)["delivered"].mean()
    spoken = tables["promises"].set_index(["place", "item"])["promised"]
    broken = (given - spoken).reindex(seen.index).fillna(0.0)
    fit = sm.OLS((seen - given).reindex(seen.index), sm.add_constant(broken)).fit(cov_type="HC3")
    limits = fit.conf_int().iloc[1]
    return {"broken promise": (truth["broken promise"], fit.params.iloc[1], limits[0], limits[1])}


def _tests(tables: dict[str, pd.DataFrame], truth: dict[str, float]) -> Measures:
    made: Measures = {}
    for trigger, rows in tables["care_test"].groupby("trigger", observed=True):
        count = rows.groupby("arm", observed=True)["came"].agg(["sum", "size"])
        found = decide.ab_test(*count.loc["cared for"], *count.loc["control"])
        made[f"care: {trigger}"] = (truth[f"care: {trigger}"], *found[["lift", "low", "high"]])
    pilot = tables["gap_pilot"]
    for place, rows in pilot.groupby("place", observed=True):
        arms = rows.groupby("arm", observed=True)
        for column, name in (("margin", "margin"), ("quality", "rating")):
            by = arms[column]
            found = decide.mean_difference(by.get_group("raised"), by.get_group("usual"))
            made[f"pilot: {name}, {place}"] = (truth[f"pilot: {name}, {place}"], *found[["lift", "low", "high"]])
    return made


def _processes(tables: dict[str, pd.DataFrame], truth: dict[str, float]) -> Measures:
    sent = tables["deliveries"]
    day = sent["promised"] - pd.Timedelta(days=Q.PROMISED_DAYS)
    weeks = (~sent["right_condition"]).groupby([day, day >= "2024-08-05"]).agg(["sum", "size"])
    weeks.index.names = ["day", "after"]
    # slips come together on bad days: the day is the unit, weighted by its deliveries
    share, size = weeks["sum"] / weeks["size"], weeks["size"]
    x = sm.add_constant(weeks.index.get_level_values("after").astype(float))
    fit = sm.WLS(share.to_numpy(), x, weights=size.to_numpy()).fit(cov_type="HC1")
    limits = fit.conf_int()[1]
    made = {"boxes": (truth["boxes: more dented from 2024-08-05"], fit.params[1], limits[0], limits[1])}
    tins = tables["packing_checks"]
    late = tins["date"] >= "2024-09-16"
    found = decide.mean_difference(tins.loc[late, "grams"], tins.loc[~late, "grams"])
    made["filling"] = (truth["filling: shift from 2024-09-16"], *found[["lift", "low", "high"]])
    costs = tables["quality_costs"].pivot_table(index="month", columns="kind", values="amount", observed=True)
    failed = costs["internal failure"] + costs["external failure"]
    product = failed * costs["prevention"]  # failure = a / prevention, so this scatters around a
    se = product.std() / np.sqrt(len(product))
    least = float(np.sqrt(product.mean()))
    made["least cost"] = _interval(truth["prevention of least total cost"], least, se / (2 * least), len(product) - 1)
    return {name: tuple(float(v) for v in row) for name, row in made.items()}


def coverage(seeds: Iterable[int], people: int = 2_500) -> pd.DataFrame:
    """One row an effect: mean truth and estimate, share of intervals that hold the truth."""
    rows = pd.concat(
        [pd.DataFrame(measure(seed, people), index=["truth", "estimate", "low", "high"]).T for seed in seeds]
    )
    rows["coverage"] = (rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])
    return rows.groupby(level=0, sort=False)[["truth", "estimate", "coverage"]].mean()
