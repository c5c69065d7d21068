"""Chapter 16: the gaps, the broken promise, the tests of care and of raised quality, and the processes."""

import numpy as np
import pandas as pd
import statsmodels.api as sm

from crmlab import decide
from crmlab.company import PARAMETERS
from crmlab.company.views.servqual import DIMENSIONS, PLACES
from studies.coverage import Found, Interval, Study

Tables = dict[str, pd.DataFrame]
WEIGHTS = np.array(PARAMETERS.quality.weights)


def planted(tables: Tables) -> dict[str, float]:
    """Planted effects, from the truth."""
    return tables["truth/quality"].set_index("effect")["value"].to_dict()


def answers(tables: Tables) -> pd.DataFrame:
    """The survey with its reversed items turned, and place and dimension beside."""
    frame = tables["servqual_survey"].merge(tables["servqual_items"], on="item")
    for name in ("expectation", "perception"):
        frame[name] = frame[name].where(~frame["reversed"], 8 - frame[name])
    return frame.merge(tables["servqual_people"][["customer_id", "place"]], on="customer_id")


def _score(frame: pd.DataFrame, value: str, by: str) -> pd.Series:
    """Mean of a person's or visit's answers, every dimension by its planted weight."""
    cells = frame.pivot_table(values=value, index=by, columns="dimension", observed=True)
    return (cells[list(DIMENSIONS)] * WEIGHTS).sum(axis=1)


def gaps(tables: Tables) -> Found:
    items = tables["servqual_items"][["item", "dimension"]]
    survey = answers(tables)
    audits = tables["service_audits"].merge(tables["service_standards"], on="standard_id").merge(items, on="item")
    audits["visit"] = audits["unit"] + audits["month"].dt.strftime("-%m")
    managers = tables["manager_survey"].merge(items, on="item")
    truth = tables["truth/service_gaps"].merge(items, on="item")
    made: Found = {}
    for place in PLACES:
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
        made[f"gap 1, {place}"] = Interval.normal(gap1, belief - wish.mean(), error, len(wish) - 1)
        gap3 = level["delivered"] - level["standard"]
        made[f"gap 3, {place}"] = Interval.normal(gap3, visits.mean() - level["standard"], se, len(own) - units)
        lost = seen - wish
        gap5 = level["perceived"] - level["expectation"]
        made[f"gap 5, {place}"] = Interval.normal(gap5, lost.mean(), lost.std() / np.sqrt(len(lost)), len(lost) - 1)
    return made


def _belief_error(mine: pd.DataFrame) -> float:
    """All managers answer, so only the noise of their answers counts, not that they differ."""
    value = mine["believed_expectation"]
    left = value - value.groupby(mine["manager_id"]).transform("mean") - value.groupby(mine["item"]).transform("mean")
    n = mine["manager_id"].nunique()
    noise = float(((left - left.mean()) ** 2).sum() / ((n - 1) * 21) / n)
    share = sum(w**2 / k for w, k in zip(WEIGHTS, (4, 5, 4, 4, 5), strict=True))
    return float(np.sqrt(noise * share))


def promise(tables: Tables) -> Found:
    """Perception less delivery on promise less delivery, over the 44 places and items."""
    seen = answers(tables).groupby(["place", "item"], observed=True)["perception"].mean()
    audits = tables["service_audits"].merge(tables["service_standards"], on="standard_id")
    given = audits.groupby(["place", "item"], observed=True)["delivered"].mean()
    spoken = tables["promises"].set_index(["place", "item"])["promised"]
    broken = (given - spoken).reindex(seen.index).fillna(0.0)
    fit = sm.OLS((seen - given).reindex(seen.index), sm.add_constant(broken)).fit(cov_type="HC3")
    limits = fit.conf_int().iloc[1]
    return {"broken promise": Interval(planted(tables)["broken promise"], fit.params.iloc[1], limits[0], limits[1])}


def tests(tables: Tables) -> Found:
    truth = planted(tables)
    made: Found = {}
    for trigger, rows in tables["care_test"].groupby("trigger", observed=True):
        count = rows.groupby("arm", observed=True)["came"].agg(["sum", "size"])
        found = decide.ab_test(*count.loc["cared for"], *count.loc["control"])
        made[f"care: {trigger}"] = Interval.of(truth[f"care: {trigger}"], found)
    pilot = tables["gap_pilot"]
    for place, rows in pilot.groupby("place", observed=True):
        arms = rows.groupby("arm", observed=True)
        for column, name in (("margin", "margin"), ("quality", "rating")):
            by = arms[column]
            found = decide.mean_difference(by.get_group("raised"), by.get_group("usual"))
            made[f"pilot: {name}, {place}"] = Interval.of(truth[f"pilot: {name}, {place}"], found)
    return made


def processes(tables: Tables) -> Found:
    truth = planted(tables)
    sent = tables["deliveries"]
    day = sent["promised"] - pd.Timedelta(days=PARAMETERS.processes.promised_days)
    weeks = (~sent["right_condition"]).groupby([day, day >= "2024-08-05"]).agg(["sum", "size"])
    weeks.index.names = ["day", "after"]
    # slips come together on bad days: the day is the unit, weighted by its deliveries
    share, size = weeks["sum"] / weeks["size"], weeks["size"]
    x = sm.add_constant(weeks.index.get_level_values("after").astype(float))
    fit = sm.WLS(share.to_numpy(), x, weights=size.to_numpy()).fit(cov_type="HC1")
    limits = fit.conf_int()[1]
    made: Found = {"boxes": Interval(truth["boxes: more dented from 2024-08-05"], fit.params[1], limits[0], limits[1])}
    tins = tables["packing_checks"]
    late = tins["date"] >= "2024-09-16"
    found = decide.mean_difference(tins.loc[late, "grams"], tins.loc[~late, "grams"])
    made["filling"] = Interval.of(truth["filling: shift from 2024-09-16"], found)
    costs = tables["quality_costs"].pivot_table(index="month", columns="kind", values="amount", observed=True)
    failed = costs["internal failure"] + costs["external failure"]
    product = failed * costs["prevention"]  # failure = a / prevention, so this scatters around a
    se = product.std() / np.sqrt(len(product))
    least = float(np.sqrt(product.mean()))
    made["least cost"] = Interval.normal(
        truth["prevention of least total cost"], least, se / (2 * least), len(product) - 1
    )
    return made


STUDY = Study(
    title="Chapter 16: service quality",
    people=2_500,
    estimators=(gaps, promise, tests, processes),
    tables=(
        "servqual_items", "servqual_people", "servqual_survey", "manager_survey", "service_standards",
        "service_audits", "promises", "deliveries", "packing_checks", "quality_costs", "care_test", "gap_pilot",
        "truth/service_gaps", "truth/quality", "truth/care",
    ),
    small=(40, 1_200),
)  # fmt: skip
