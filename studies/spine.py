"""The company itself: what its core must show, estimated as the book's chapters would, and by nature's own records.

A long module: it is the one study that looks at the whole core.
"""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike
from scipy import special, stats

from crmlab import clv
from crmlab.company import COURSE_PEOPLE, TABLES, World, firm
from crmlab.company.core.baskets import order_profit
from crmlab.company.core.faults import satisfaction_on
from studies.ch11_contact_centre import paradox
from studies.coverage import Found, Interval, Study


def histories(world: World, cut: int = firm.LEARN_DAYS) -> pd.DataFrame:
    """Frequency, recency, age (weeks) and mean repeat amount (yuan) of the members who joined before the cut."""
    orders = world["orders"]
    orders = orders[orders["day"] < cut]
    first = orders.groupby("person")["day"].transform("min")
    repeat = orders["day"] > first
    summary = pd.DataFrame({"first": orders.groupby("person")["day"].min()})
    summary["last"] = orders.groupby("person")["day"].max()
    summary["frequency"] = orders[repeat].groupby("person").size().reindex(summary.index, fill_value=0)
    summary["recency"] = (summary["last"] - summary["first"]) / 7
    summary["age"] = (cut - 1 - summary["first"]) / 7
    summary["monetary"] = (orders[repeat].groupby("person")["fen"].mean() / 100).reindex(summary.index)
    summary["city"] = world["people"]["city"].to_numpy()[summary.index]
    return summary[summary["age"] >= 0]


def _with_interval(results: clv.BetaGeometricNBDResults, planted: dict[str, tuple[str, float]]) -> Found:
    limits = results.conf_int()
    return {
        label: Interval(truth, *map(float, limits.loc[name, ["estimate", "low", "high"]]))
        for name, (label, truth) in planted.items()
    }


def retail_models(world: World) -> Found:
    p = world.parameters.retail
    history = histories(world)
    quiet = history[history["city"] != firm.RIVAL_CITY]
    model = clv.BetaGeometricNBD(quiet["frequency"], quiet["recency"], quiet["age"]).fit()
    truth = zip(("r", "alpha", "a", "b"), (*p.rate, *p.dropout), strict=True)
    found = _with_interval(model, {name: (name, value) for name, value in truth})
    repeat = history[history["frequency"] > 0]
    spend = clv.GammaGamma(repeat["frequency"], repeat["monetary"]).fit()
    found |= _with_interval(spend, {name: (name, x) for name, x in zip(("p", "q", "gamma"), p.spend, strict=True)})
    found["mean_spend"] = float(spend.params["p"] * spend.params["gamma"] / (spend.params["q"] - 1))
    people = world["people"]
    retail = people[people["retail"]]
    revenue = world["orders"].groupby("person")["fen"].sum().sort_values(ascending=False)
    found["top20"] = revenue.iloc[: round(0.2 * len(retail))].sum() / revenue.sum()
    quiet_city = retail["city"] != firm.RIVAL_CITY
    dropout = retail.loc[quiet_city, "dropout"]
    found["ks_dropout"] = stats.kstest(dropout, stats.beta(*p.dropout).cdf).statistic * np.sqrt(len(dropout))
    churn, law = people["churn"], stats.beta(*world.parameters.subscriptions.churn)
    found["ks_churn"] = stats.kstest(churn, law.cdf).statistic * np.sqrt(len(churn))
    scores = np.corrcoef(retail["rate_score"], special.ndtri(retail["dropout"].rank() / (len(retail) + 1)))[0, 1]
    found["corr_rate_dropout"] = scores * np.sqrt(len(retail))
    return found


def profit_2024(world: World, index: pd.Index) -> pd.Series:
    """Profit of 2024 at the same margin and cost of an order for everybody."""
    orders = world["orders"]
    later = orders[orders["day"] >= firm.LEARN_DAYS].groupby("person")["fen"].agg(["sum", "size"])
    p = world.parameters.retail
    profit = p.margin * later["sum"] / 100 - p.order_cost * later["size"]
    return profit.reindex(index, fill_value=0.0)


def value_ranking(world: World) -> Found:
    history = histories(world)
    earned = profit_2024(world, history.index)
    model = clv.BetaGeometricNBD(history["frequency"], history["recency"], history["age"]).fit()
    repeat = history[history["frequency"] > 0]
    spend = clv.GammaGamma(repeat["frequency"], repeat["monetary"]).fit()
    x, tx, age = history["frequency"], history["recency"], history["age"]
    purchases = model.expected_purchases(52.0, x, tx, age)
    amount = spend.expected_spend(x, history["monetary"].fillna(0.0))
    p = world.parameters.retail
    orders = world["orders"]
    past = orders[orders["day"] < firm.LEARN_DAYS]
    year = past[past["day"] >= firm.LEARN_DAYS - 365]
    revenue = year.groupby("person")["fen"].sum().reindex(history.index, fill_value=0)
    recency_days = firm.LEARN_DAYS - 1 - history["last"]
    scores = {
        "clv": pd.Series(purchases * (p.margin * amount - p.order_cost), index=history.index),
        "abc": revenue,
        "rfm": _quintile(-recency_days) + _quintile(history["frequency"]) + _quintile(revenue),
    }
    found: Found = {}
    for name, score in scores.items():
        best = score.sort_values(ascending=False, kind="stable").index[: len(score) // 10]
        found[f"top_decile_{name}"] = earned[best].sum() / earned.sum()
    found["spearman_clv"] = float(stats.spearmanr(scores["clv"], earned).statistic)
    own = world["base_orders"]["orders"]
    realised = (own["person"].isin(history.index) & (own["day"] >= firm.LEARN_DAYS)).sum()
    found["forecast_ratio"] = float(np.sum(model.expected_purchases(366 / 7, x, tx, age)) / realised)
    return found


def _quintile(values: pd.Series) -> pd.Series:
    return (values.rank(method="first") - 1) * 5 // len(values) + 1


def subscriptions(world: World) -> Found:
    lives = world["first_lives"]
    seen = lives[lives["start"] < firm.LEARN_MONTHS]
    age = firm.LEARN_MONTHS - seen["start"]
    life = np.minimum(seen["length"], age)
    model = clv.ShiftedBetaGeometric(life, seen["length"] <= age).fit()
    alpha, beta = world.parameters.subscriptions.churn
    found = _with_interval(model, {"alpha": ("sbg_alpha", alpha), "beta": ("sbg_beta", beta)})
    horizon = firm.MONTHS - lives["start"]
    length = np.minimum(lives["length"], horizon)
    ended = lives["length"] <= horizon
    found["churn_1"] = float(ended[length == 1].sum() / len(lives))
    exposed = sum(int((length >= t).sum()) for t in range(16, 21))
    found["churn_16_20"] = float((ended & length.between(16, 20)).sum() / exposed)
    return found


def churn_model(world: World) -> Found:
    """Three months ahead, trained in 2022–23, tested in 2024: ridge logit, tenure alone, and the oracle."""
    rows = {"train": range(9, 22), "test": (24, 27, 30)}
    data = {name: [_snapshot(world, month) for month in months] for name, months in rows.items()}
    train, test = (pd.concat(data[name], ignore_index=True) for name in ("train", "test"))
    features = [c for c in train if c not in ("leaves", "oracle", "churn")]
    centre, scale = train[features].mean(), train[features].std()
    scaled = [sm.add_constant((frame[features] - centre) / scale) for frame in (train, test)]
    weights = _ridge_logit(scaled[0].to_numpy(), train["leaves"].to_numpy(), 1 / 0.3)
    return {
        "auc": auc(test["leaves"], scaled[1].to_numpy() @ weights),
        "auc_oracle": auc(test["leaves"], test["oracle"]),
        "auc_theta": auc(test["leaves"], test["churn"]),
        "auc_tenure": auc(test["leaves"], -test["tenure"]),
    }


def auc(event: pd.Series, score: pd.Series | np.ndarray) -> float:
    event = np.asarray(event, dtype=bool)
    rank = stats.rankdata(score)
    n1, n0 = event.sum(), (~event).sum()
    return float((rank[event].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def _snapshot(world: World, month: int) -> pd.DataFrame:
    """Subscribers with a box in this month and the three months in which they may leave."""
    lives, path = world["first_lives"], world["defection"]
    people = world["people"].iloc[lives["person"]].reset_index(drop=True)
    rows = np.flatnonzero(path["active"][:, month])
    end = (lives["start"] + lives["length"]).to_numpy()[rows]  # first month without a box
    frame = pd.DataFrame({"leaves": end <= month + 3})
    frame["tenure"] = np.log1p(month - lives["start"].to_numpy()[rows])
    frame["automatic"] = lives["automatic"].to_numpy()[rows].astype(float)
    frame["competition"] = (people["regime"].to_numpy()[rows] == 2).astype(float)
    frame["monopoly"] = (people["regime"].to_numpy()[rows] == 0).astype(float)
    for k in range(5):
        frame[f"now_{k}"] = path["signals"][rows, month, k].astype(float)
        frame[f"before_{k}"] = path["signals"][rows, month - 1, k].astype(float)
    engagement = path["engagement"][rows, month - 3 : month + 1]
    frame["engagement"] = engagement[:, -1]
    frame["engagement_mean"] = np.nanmean(engagement, axis=1)
    asked = world.uniform("measure survey", lives["person"].to_numpy()[rows]) < 0.45
    noisy = people["satisfaction"].to_numpy()[rows] + 0.4 * world.normal("measure answer", rows)
    frame["survey"], frame["survey_known"] = np.where(asked, noisy, 0.0), asked.astype(float)
    churn = people["churn"].to_numpy()[rows]
    frame["churn"] = churn
    frame["oracle"] = _oracle(world, churn, path["discontent"][rows, month])
    return frame


def _oracle(world: World, churn: np.ndarray, discontent: np.ndarray) -> np.ndarray:
    """Chance of leaving within three months for somebody who knows the churn rate and the discontent."""
    p = world.parameters.leaving
    stays_false = (1 - p.false_spell) ** p.false_spell_months
    reach = np.append(np.cumsum(p.lead[::-1])[::-1][1:], 0.0)  # chance that the spell began d months before the end
    soon, total = np.zeros(len(churn)), np.zeros(len(churn))
    for d in range(1, len(p.lead) + 1):
        ends = churn * (1 - churn) ** (d - 1)
        shown = 1 - (1 - reach[d - 1]) * stays_false
        chance = ends * np.where(discontent, shown, 1 - shown)
        total += chance
        soon += chance * (d <= 3)
    later = (1 - churn) ** len(p.lead)
    return soon / (total + later * np.where(discontent, 1 - stays_false, stays_false))


def _ridge_logit(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    weights, ridge = np.zeros(x.shape[1]), np.full(x.shape[1], penalty)
    ridge[0] = 0.0
    for _ in range(25):
        mean = special.expit(x @ weights)
        slope = x.T @ (y - mean) - ridge * weights
        curve = (x * (mean * (1 - mean))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def jones_sasser(world: World) -> Found:
    """Twelve-month survival against satisfaction measured with noise: curvature by market."""
    lives = world["first_lives"]
    rows = lives[lives["start"] <= firm.MONTHS - 12]
    people = world["people"].iloc[rows["person"]]
    loyal = (rows["natural_life"] > 12).to_numpy().astype(float)
    seen = people["satisfaction"].to_numpy() + 0.4 * world.normal("measure jones", rows["person"])
    seen = (seen - seen.mean()) / seen.std()
    found: Found = {}
    for code, name in enumerate(firm.REGIMES):
        here = (people["regime"] == code).to_numpy()
        x = np.column_stack([np.ones(here.sum()), seen[here], seen[here] ** 2])
        fit = sm.OLS(loyal[here], x).fit()
        found[f"curve_{name}"] = float(fit.params[2])
        found[f"slope_{name}"] = float(fit.params[1])
    return found


def leavers(world: World) -> Found:
    exits = world["exits"]
    return {
        "price_said": float((exits.loc[exits["answers"], "says"] == 0).mean()),
        "price_true": float((exits["cause"] == 0).mean()),
        "leavers": float(len(exits)),
    }


def difference(y1: pd.Series, y0: pd.Series) -> tuple[float, float]:
    """Difference of two means and its standard error (Welch)."""
    y1, y0 = np.asarray(y1, dtype=float), np.asarray(y0, dtype=float)
    return float(y1.mean() - y0.mean()), float(np.sqrt(y1.var(ddof=1) / len(y1) + y0.var(ddof=1) / len(y0)))


def _effect(name: str, estimate: float, se: float, truth: float) -> Found:
    return {name: Interval.normal(truth, estimate, se)}


def retention(world: World) -> Found:
    tested = world["first_lives"].query("tested")
    left = np.where(tested["called"], tested["leaves_if_called"], tested["leaves_if_not_called"])
    called = tested["called"].to_numpy()
    estimate, se = difference(left[called], left[~called])
    uplift, risk = tested["uplift"], tested["risk"]
    best = len(tested) * 3 // 10
    gain = tested["leaves_if_not_called"].astype(int) - tested["leaves_if_called"].astype(int)
    by_risk = gain[risk.sort_values(ascending=False).index[:best]].mean()
    by_uplift = gain[uplift.sort_values(ascending=False).index[:best]].mean()
    return _effect("retention", estimate, se, float(-uplift.mean())) | {
        "persuadable": float((gain == 1).mean()),
        "sleeping_dogs": float((gain == -1).mean()),
        "corr_risk_uplift": float(np.corrcoef(risk, uplift)[0, 1]),
        "gain_by_risk": float(by_risk),
        "gain_by_uplift": float(by_uplift),
        "leaving": float(tested["leaves_if_not_called"].mean()),
    }


def winback(world: World) -> Found:
    frame = world["winback"]
    chance = np.array(world.parameters.retention.winback)[frame["cause"]]
    found: Found = {}
    for arm, name in ((1, "gift"), (2, "discount")):
        estimate, se = difference(frame.loc[frame["arm"] == arm, "returns"], frame.loc[frame["arm"] == 0, "returns"])
        found |= _effect(f"winback_{name}", estimate, se, float((chance[:, arm] - chance[:, 0]).mean()))
    lives = world["subscriptions"]
    second = lives[lives["life"] == 2].merge(frame[["person", "cause"]], on="person", suffixes=("", "_first"))
    for code, name in ((0, "price"), (1, "service")):
        mine = second[second["cause_first"] == code]
        found[f"second_life_{name}"] = float((~(mine["ended"] & (mine["length"] <= 6))).mean())
    return found


def programme(world: World) -> Found:
    people = world["people"]
    orders = world["base_orders"]["orders"]
    spend = orders.assign(year=np.where(orders["day"] < firm.LEARN_DAYS, 0, 1))
    spend = spend[spend["day"] >= 365].pivot_table(index="person", columns="year", values="fen", aggfunc="sum")
    member = np.flatnonzero(people["retail"] & (people["joined"] < firm.LEARN_DAYS))
    spend = spend.reindex(member).fillna(0.0) / 100
    invited = world["programme"]["invited"].to_numpy()[member]
    estimate, se = difference(spend.loc[invited, 1], spend.loc[~invited, 1])
    base = spend.loc[~invited, 1].mean()
    volunteer = world["programme"]["volunteer"].to_numpy()[member]
    extra = spend.loc[volunteer, 0].mean() / spend.loc[~volunteer, 0].mean() - 1
    return _effect("programme", estimate / base, se / base, world.parameters.campaigns.programme_effect) | {
        "volunteers": float(extra)
    }


def campaign(world: World) -> Found:
    history = histories(world)
    frame = world["promotions"]["mail_1"].set_index("person")
    frame = frame[frame["mailed"]].join(history)
    everyone = _quintile(-(firm.LEARN_DAYS - 1 - history["last"]))
    recency = everyone.reindex(frame.index)
    frequency = _quintile(history["frequency"]).reindex(frame.index)
    rate = frame["responds"].groupby(recency).mean()
    profit = order_profit(world)
    mean_profit = profit.loc[profit["promotion"] == 1, "profit"].mean()
    return {
        "response": float(world["promotions"]["mail_1"]["responds"].mean()),
        "response_r5": float(rate[5]),
        "response_r1": float(rate[1]),
        "response_f5": float(frame.loc[frequency == 5, "responds"].mean()),
        "response_profit": float(mean_profit),
    }


def referral(world: World) -> Found:
    """Correlation of customer lifetime value (profit still to come in 2024) and referral value."""
    history = histories(world)
    model = clv.BetaGeometricNBD(history["frequency"], history["recency"], history["age"]).fit()
    purchases = model.expected_purchases(104.0, history["frequency"], history["recency"], history["age"])
    scale = world["people"]["spend_scale"].to_numpy()[history.index]
    p = world.parameters.retail
    value = purchases * (p.margin * p.spend[0] / scale - p.order_cost)
    links = world["referrals"]
    links = links[links["day"] < firm.LEARN_DAYS]
    brought = links.groupby("referrer")["value"].sum().reindex(history.index, fill_value=0.0)
    people = world["people"]
    referred = np.isin(history.index, world["referrals"]["person"])
    spend = (p.spend[0] / people["spend_scale"]).to_numpy()[history.index]
    return {
        "clv_crv": float(np.corrcoef(value, brought)[0, 1]),
        "referred_share": float(len(world["referrals"]) / world.people),
        "referred_spend": float(spend[referred].mean() / spend[~referred].mean() - 1),
    }


def needs(world: World) -> Found:
    people = world["people"]
    people = people[people["retail"]]
    age_group = pd.cut(people["age"], [0, 30, 40, 50, 60, 200], labels=False)
    lines, orders = world["order_lines"], world["orders"]
    person = orders["person"].to_numpy()[lines["row"]]
    basket = pd.crosstab(person, lines["product"] // 5)
    share = basket.div(basket.sum(axis=1), axis=0)
    segment = people["segment"].reindex(share.index)
    majority = float(segment.value_counts(normalize=True).max())
    half = np.arange(len(share)) % 2 == 0
    behaviour = _accuracy(share[half], segment[half], share[~half], segment[~half])
    x = pd.get_dummies(pd.DataFrame({"age": age_group, "female": people["female"]}).astype(str)).astype(float)
    x = x.reindex(share.index)
    demographic = _accuracy(x[half], segment[half], x[~half], segment[~half])
    first = (lines["line"] == 1).to_numpy()
    return {
        "behaviour_lift": behaviour - majority,
        "demographic_lift": demographic - majority,
        "v_age": cramers_v(age_group, people["segment"]),
        "v_sex": cramers_v(people["female"], people["segment"]),
        "v_category": cramers_v(
            lines["product"].to_numpy()[first] // 5,
            world["people"]["segment"].to_numpy()[person[first]],
        ),
    }


def _accuracy(x: pd.DataFrame, y: pd.Series, x_new: pd.DataFrame, y_new: pd.Series) -> float:
    """Share right of a ridge logit, one against the rest, on the unseen half."""
    x0, x1 = (np.column_stack([np.ones(len(part)), part.to_numpy()]) for part in (x, x_new))
    scores = [x1 @ _ridge_logit(x0, (y == k).to_numpy().astype(float), 1.0) for k in range(len(firm.SEGMENTS))]
    return float((np.argmax(scores, axis=0) == y_new.to_numpy()).mean())


def cramers_v(a: ArrayLike, b: ArrayLike) -> float:
    table = pd.crosstab(np.asarray(a), np.asarray(b)).to_numpy()
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    return float(np.sqrt(chi2 / (table.sum() * (min(table.shape) - 1))))


def rival(world: World) -> Found:
    """Members active before the rival opened who order again 13 to 39 weeks later, by true kind of loyalty."""
    orders, people = world["base_orders"]["orders"], world["people"]
    start = world.parameters.rival.rival_day
    before = orders[(orders["day"] < start) & (orders["day"] >= start - 182)]
    active = before["person"].unique()
    after = orders[orders["day"].between(start + 91, start + 273)]["person"].unique()
    frame = people.iloc[active][["city", "attitude", "rate_score"]].copy()
    frame["again"] = np.isin(active, after).astype(float)
    found: Found = {}
    for city, label in ((firm.RIVAL_CITY, "rival"), (5, "control")):
        mine = frame[frame["city"] == city]
        often = mine["rate_score"] > frame["rate_score"].median()
        found[f"loyal_{label}"] = float(mine.loc[often & (mine["attitude"] > 0), "again"].mean())
        found[f"spurious_{label}"] = float(mine.loc[often & (mine["attitude"] <= 0), "again"].mean())
    found["loyal_fall"] = found["loyal_control"] - found["loyal_rival"]
    found["spurious_fall"] = found["spurious_control"] - found["spurious_rival"]
    return found


def office(world: World) -> Found:
    year = world["accounts"].query("year == 2023")
    profit = (year["revenue_fen"] - year["cost_fen"]) / 100 - world.parameters.retail.service_rate * year[
        "service_minutes"
    ]
    curve = profit.sort_values(ascending=False).cumsum()
    return {"whale_peak": float(curve.max() / profit.sum()), "below_zero": float((profit < 0).mean())}


def faults_and_recovery(world: World) -> Found:
    """What company.md could not try: faults in later satisfaction, compensation, and the recovery paradox."""
    orders, boxes = world["orders"], world["boxes"]
    own = world["base_orders"]["orders"]
    repeat = own[own["round"] > 0]
    lost = world["alive"][repeat["person"]] == repeat["day"]
    small = repeat["severity"] == 1
    perfect = small & repeat["complained"] & (repeat["restored"] >= 0.9)
    bad = (repeat["severity"] > 0) & ~(repeat["restored"] >= 0.9)
    fall = world["people"]["satisfaction"].to_numpy() - satisfaction_on(world, 1000)
    return {
        "complaints": float(orders["complained"].sum() + boxes["complained"].sum()),
        "complaints_2024": float((orders["arm"] >= 0).sum() + (boxes["arm"] >= 0).sum()),
        "lost_no_fault": float(lost[repeat["severity"] == 0].mean()),
        "lost_small_perfect": float(lost[perfect].mean()),
        "lost_badly_handled": float(lost[bad].mean()),
        "satisfaction_fall_mean": float(fall.mean()),
        "satisfaction_fall_share": float((np.abs(fall) > 0.05).mean()),
        "satisfaction_fall_variance": float(fall.var()),
    }


def recovery_paradox(world: World) -> Found:
    return {"paradox": paradox({name: TABLES[name](world) for name in ("complaints", "order_checks")})}


STUDY = Study(
    title="The company",
    people=COURSE_PEOPLE,
    estimators=(
        retail_models, value_ranking, subscriptions, churn_model, jones_sasser, leavers, retention, winback,
        programme, campaign, referral, needs, rival, office, faults_and_recovery, recovery_paradox,
    ),
    small=(12, COURSE_PEOPLE),
    signs={
        "curvature below 0 in a monopoly": lambda m: m["curve_monopoly"] < 0,
        "curvature above 0 in competition": lambda m: m["curve_competition"] > 0,
        "both at once (Jones–Sasser)": lambda m: (m["curve_monopoly"] < 0) & (m["curve_competition"] > 0),
        "spurious loyalty falls more than true loyalty when the rival opens": lambda m: (
            m["spurious_fall"] > m["loyal_fall"]
        ),
        "CLV finds more of next year's profit than last year's revenue": lambda m: (
            m["top_decile_clv"] > m["top_decile_abc"]
        ),
        "… and than RFM": lambda m: m["top_decile_clv"] > m["top_decile_rfm"],
        "an oracle beats the churn model": lambda m: m["auc"] < m["auc_oracle"],
        "the most recent fifth answers letters more than the least recent": lambda m: (
            m["response_r5"] > m["response_r1"]
        ),
        "calling by true uplift saves more than calling by true risk": lambda m: (
            m["gain_by_uplift"] > m["gain_by_risk"]
        ),
        "the programme's interval excludes the volunteers' 35 %": lambda m: m["programme high"] < 0.35,
        "fewer are lost after a small fault put right than after no fault": lambda m: (
            m["lost_small_perfect"] < m["lost_no_fault"]
        ),
        "after a trifle put right nearly completely more stay than without a fault (chapter 11)": lambda m: (
            m["paradox"] > 0
        ),
    },
    note="BG/NBD (r, alpha, a, b) on the five cities without the rival, to the end of 2023; gamma–gamma (p, q, gamma) "
    "on all repeat customers; sBG on subscriptions to the end of 2023; experiments of 2024 against what is expected.",
)  # fmt: skip
