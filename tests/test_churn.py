"""Churn rates, survival, snapshots, warnings and the profit of a ranking: reference numbers and bad input."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.random import default_rng
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.stats import beta
from sklearn.metrics import roc_auc_score
from statsmodels.duration.survfunc import CumIncidenceRight, survdiff

from crmlab import churn, decide
from crmlab.company import COURSE_PEOPLE, COURSE_SEED, simulate

# ---- rates -----------------------------------------------------------------------------------------------


def book(*columns: list[float]) -> pd.DataFrame:
    """Payments from one list of amounts a month; 0 for who does not pay."""
    rows = [(f"c{i}", month, x) for month, column in enumerate(columns) for i, x in enumerate(column) if x]
    return pd.DataFrame(rows, columns=["customer_id", "month", "amount"])


def test_absolute_and_relative_rate_of_the_textbook_example() -> None:
    """500 customers, 25 lost, who buy three times the average: 5 % and 15 %."""
    amounts = [3.0] * 25 + [425 / 475] * 475
    found = churn.rates(book(amounts, [0.0] * 25 + amounts[25:]), 0, 1)["rate"]
    assert found["absolute"] == pytest.approx(0.05) and found["relative"] == pytest.approx(0.15)


def test_retention_is_closing_less_new_over_opening() -> None:
    """S = 100, N = 30, E = 125: retention .95, churn .05."""
    found = churn.rates(book([1] * 100 + [0] * 30, [0] * 5 + [1] * 125), 0, 1)["rate"]
    assert found["retention"] == pytest.approx(0.95) and found["absolute"] == pytest.approx(0.05)
    assert found["net customers"] == pytest.approx(-0.25)


def test_every_base_counts_what_it_says() -> None:
    """Four customers open; one leaves, one joins and leaves again, one leaves and comes back cheaper."""
    table = book([10, 20, 30, 40, 0], [10, 0, 30, 40, 50], [10, 5, 0, 60, 0])
    found = churn.rates(table, 0, 2)
    assert found.loc["absolute", ["numerator", "denominator"]].to_list() == [1, 4]  # c2 only: c1 is back
    assert found.loc["all losses, opening base", "numerator"] == 3  # c1, c2, c4
    assert found.loc["all losses, average base", "denominator"] == 4
    assert found.loc["monthly", "denominator"] == 8
    assert found.loc["relative", "rate"] == pytest.approx(0.30)
    assert found.loc["gross revenue", "rate"] == pytest.approx(0.45)  # 30 lost, c1 pays 15 less
    assert found.loc["net revenue", "rate"] == pytest.approx(0.25)  # c3 pays 20 more
    assert found.loc["gross retention", "rate"] == pytest.approx(0.55)
    assert found.loc["net retention", "rate"] == pytest.approx(0.75)
    assert (found["rate"] == found["numerator"] / found["denominator"]).all()


def test_rates_refuse_books_that_are_none() -> None:
    table = book([1, 1], [1, 0])
    with pytest.raises(KeyError, match=r"no column amount"):
        churn.rates(table.drop(columns="amount"), 0, 1)
    with pytest.raises(ValueError, match=r"month of the closing book, after start"):
        churn.rates(table, 1, 1)
    with pytest.raises(ValueError, match=r"nobody paid in month 2"):
        churn.rates(table, 0, 2)
    with pytest.raises(ValueError, match=r"twice in a month"):
        churn.rates(pd.concat([table, table]), 0, 1)
    for bad in (0, -1, np.nan):
        with pytest.raises(ValueError, match=r"amount: . of . rows"):
            churn.rates(table.assign(amount=bad), 0, 1)


# ---- survival --------------------------------------------------------------------------------------------


def test_survival_of_the_maintained_group_of_the_aml_data() -> None:
    """Miller (1981): 9, 13, 13+, 18, 23, 28+, 31, 34, 45+, 48, 161+."""
    weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
    event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    found = churn.survival(weeks, event, at=[5, 13, 18, 23, 31, 34, 48])["survival"]
    assert found.to_list() == pytest.approx([1, 0.818, 0.716, 0.614, 0.491, 0.368, 0.184], abs=5e-4)


def test_interval_covers() -> None:
    rng, held = default_rng(4), []
    for _ in range(300):
        life, seen = rng.exponential(10, 80), rng.uniform(2, 25, 80)
        row = churn.survival(np.minimum(life, seen), life <= seen, at=[8]).iloc[0]
        held.append(row["low"] <= np.exp(-0.8) <= row["high"])
    assert 0.91 <= np.mean(held) <= 0.99


def test_entry_undoes_left_truncation_and_its_lack_biases() -> None:
    """A list of those present at a day: only entry times find the survival of all who ever began."""
    rng = default_rng(5)
    born, life = rng.uniform(-20, 0, 20_000), rng.exponential(10, 20_000)
    present = born + life > 0
    age, met = life[present], -born[present]
    right = churn.survival(age, np.ones(present.sum()), at=[10], entry=met)["survival"].iloc[0]
    naive = churn.survival(age, np.ones(present.sum()), at=[10])["survival"].iloc[0]
    assert right == pytest.approx(np.exp(-1), abs=0.04) and naive > right + 0.2


def test_survival_without_a_loss_is_one_and_unknown_beyond_the_last_age() -> None:
    found = churn.survival([3, 4], [0, 0], at=[4, 5])
    assert found["survival"].iloc[0] == 1 and found["survival"].isna().iloc[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], [1]), r"time is empty"),
        (([1, 2], [1], [1]), r"differ in length"),
        (([1, 2], [1, 2], [1]), r"neither true/false nor 1/0"),
        (([1, np.nan], [1, 0], [1]), r"missing or infinite"),
        (([1, -2], [1, 0], [1]), r"not above 0|entry is not before time"),
        (([1, 2], [1, 0], [1], [0, 2]), r"not above 0|entry is not before time"),
        (([1, 2], [1, 0], [1], None, 95), r"level is the share"),
    ],
)
def test_survival_refuses(arguments: tuple[list[float], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        churn.survival(*arguments)  # type: ignore[arg-type]


# ---- snapshots and warnings ------------------------------------------------------------------------------


def panel(seed: int = 1, people: int = 60, until: int = 20) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = default_rng(seed)
    first = rng.integers(0, 10, people)
    last = first + rng.geometric(0.12, people)
    lives = pd.DataFrame({"first_month": first, "last_month": np.where(last > until, np.nan, last)})
    lives.index = [f"c{i}" for i in range(people)]
    rows = [(name, m) for name, a, b in zip(lives.index, first, last, strict=True) for m in range(a, min(b, until) + 1)]
    history = pd.DataFrame(rows, columns=["customer_id", "month"])
    return history.assign(late=rng.random(len(rows)) < 0.2, visits=rng.poisson(3, len(rows))), lives


def test_snapshot_holds_what_was_known_and_nothing_later() -> None:
    history, lives = panel()
    found = churn.snapshot(history, lives, 8)
    for name, row in found.iterrows():
        own = history[history["customer_id"] == name].set_index("month")
        assert row["tenure"] == 8 - lives.loc[name, "first_month"] + 1
        assert row["late"] == own.loc[8, "late"] and row["visits_before"] == own["visits"].get(7, 0)
        assert row["visits_mean"] == pytest.approx(own.loc[5:8, "visits"].mean())
        assert row["leaves"] == (11 not in own.index)
    changed = history.copy()
    changed.loc[changed["month"] > 8, ["late", "visits"]] = [True, 99]
    pd.testing.assert_frame_equal(churn.snapshot(changed, lives, 8), found)


def test_snapshot_has_exactly_the_active_and_no_outcome_today() -> None:
    history, lives = panel()
    found = churn.snapshot(history, lives, 20, horizon=None)
    assert set(found.index) == set(history.loc[history["month"] == 20, "customer_id"])
    assert "leaves" not in found


def test_an_outcome_that_is_not_known_yet_is_refused() -> None:
    history, lives = panel()
    assert churn.snapshot(history, lives, 17)["leaves"].any()
    with pytest.raises(ValueError, match=r"within 3 months of month 18 is not known yet"):
        churn.snapshot(history, lives, 18)


def test_bad_histories_and_lives_are_named() -> None:
    history, lives = panel()
    with pytest.raises(KeyError, match=r"no column month in history"):
        churn.snapshot(history.drop(columns="month"), lives, 8)
    with pytest.raises(KeyError, match=r"no column last_month in lives"):
        churn.snapshot(history, lives[["first_month"]], 8)
    with pytest.raises(ValueError, match=r"one row a customer and month"):
        churn.snapshot(pd.concat([history, history]), lives, 8)
    with pytest.raises(ValueError, match=r"rows repeat an entry"):
        churn.snapshot(history, pd.concat([lives, lives]), 8)
    with pytest.raises(TypeError, match=r"late must hold numbers"):
        churn.snapshot(history.assign(late="no"), lives, 8)
    with pytest.raises(ValueError, match=r"active customers have no row"):
        churn.snapshot(history[history["customer_id"] != "c0"], lives.assign(last_month=np.nan), 12)
    with pytest.raises(ValueError, match=r"nobody is active"):
        churn.snapshot(history, lives, -5)
    with pytest.raises(ValueError, match=r"horizon is months ahead"):
        churn.snapshot(history, lives, 8, horizon=0)
    with pytest.raises(ValueError, match=r"before first_month"):
        churn.snapshot(history, lives.assign(last_month=-1), 8)


def test_alarms_agree_with_a_count_by_loops() -> None:
    history, lives = panel(3, 200)
    history, horizon, until = history.drop(columns="visits"), 4, 20
    rang = right = base = soon = 0
    heard: dict[str, int] = {}
    leavers = set()
    for name, month, late in history.itertuples(index=False):
        last = lives.loc[name, "last_month"]
        leaves = last - month < horizon
        if leaves and last <= until:
            leavers.add(name)
            if late:
                heard[name] = max(heard.get(name, -1), int(last - month))
        if month + horizon <= until:
            base, soon, rang, right = base + 1, soon + leaves, rang + late, right + (late and leaves)
    found = churn.alarms(history, lives, horizon).loc["late"]
    assert found["alarms"] == rang and found["precision"] == pytest.approx(right / rang)
    assert found["lift"] == pytest.approx(right / rang / (soon / base))
    assert found["recall"] == pytest.approx(len(heard) / len(leavers))
    assert found["lead"] == pytest.approx(np.mean(list(heard.values())))


def test_alarms_refuse_numbers_and_short_histories() -> None:
    history, lives = panel()
    with pytest.raises(TypeError, match=r"compare visits with a limit"):
        churn.alarms(history, lives)
    with pytest.raises(ValueError, match=r"no outcome is known"):
        churn.alarms(history[["customer_id", "month", "late"]], lives, horizon=30)


# ---- lift and profit -------------------------------------------------------------------------------------


def test_lift_does_not_depend_on_the_order_of_equal_scores() -> None:
    rng = default_rng(2)
    event, score = rng.random(500) < 0.3, rng.integers(0, 5, 500)
    order = rng.permutation(500)
    assert churn.lift(event, score, 0.25) == pytest.approx(churn.lift(event[order], score[order], 0.25))
    assert churn.lift(event, np.zeros(500)) == pytest.approx(1)
    assert churn.lift(event, score, 1.0) == pytest.approx(1)


def profit_curve(
    event: ArrayLike, score: ArrayLike, accept: float, value: float, offer: float, contact: float
) -> pd.DataFrame:
    """Profit for each customer of the base, for every share called from the top (Neslin et al., 2006)."""
    by_score = pd.DataFrame({"event": np.asarray(event, float), "score": score}).groupby("score")["event"]
    found = by_score.agg(["size", "sum"]).iloc[::-1].cumsum()
    called, leavers = np.append(0, found["size"]), np.append(0, found["sum"])
    profit = leavers * (accept * (value - offer) - contact) - (called - leavers) * (offer + contact)
    return pd.DataFrame({"share": called / called[-1], "profit": profit / called[-1]})


def test_expected_maximum_profit_is_the_integral_of_the_best_profit() -> None:
    """Numerical integration over γ of the maximum of the profit curve."""
    rng = default_rng(6)
    event = rng.random(80) < 0.3
    score = np.round(rng.random(80) + 0.4 * event, 1)

    def best(gamma: float) -> float:
        return float(profit_curve(event, score, gamma, 150, 15, 3)["profit"].max() * beta.pdf(gamma, 3, 5))

    found = churn.expected_maximum_profit(event, score, 150, 15, 3, accept=(3, 5))
    assert found["profit"] == pytest.approx(quad(best, 0, 1, limit=400)[0], abs=1e-6)


def test_a_perfect_ranking_calls_the_leavers_only() -> None:
    event = np.repeat([1, 0], [30, 70])
    found = churn.expected_maximum_profit(event, event, 200, 10, 1)
    assert found["share"] == pytest.approx(0.3, abs=1e-6)
    assert found["profit"] == pytest.approx(0.3 * (0.3 * 190 - 1), rel=1e-6)


def test_a_worthless_offer_earns_nothing_and_calls_nobody() -> None:
    found = churn.expected_maximum_profit([1, 0, 1, 0], [4, 3, 2, 1], value=10, offer=0, contact=12)
    assert found.to_list() == [0, 0]


@pytest.mark.parametrize(
    ("event", "score", "message"),
    [
        ([1, 0], [1], r"differ in length|is empty"),
        ([1, 1], [1, 2], r"some customers left and some stayed"),
        ([1, 2], [1, 2], r"neither true/false nor 1/0"),
        ([1, 0], [1, np.nan], r"score: 1 of"),
        ([], [], r"differ in length|is empty"),
    ],
)
def test_rankings_refuse(event: list[int], score: list[float], message: str) -> None:
    for measure in (churn.lift, churn.expected_maximum_profit):
        with pytest.raises(ValueError, match=message):
            measure(event, score)


def test_amounts_and_shares_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match=r"offer is yuan"):
        churn.expected_maximum_profit([1, 0], [2, 1], value=10, offer=10)
    with pytest.raises(ValueError, match=r"not above 0"):
        churn.expected_maximum_profit([1, 0], [2, 1], accept=(0, 1))
    with pytest.raises(ValueError, match=r"share is a share"):
        churn.lift([1, 0], [2, 1], 0)


# ---- the real telephone data: every number of two other programs -----------------------------------------


@pytest.fixture(scope="module")
def phone(need_real: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    table = need_real("wa_churn")
    return table[table["tenure"] > 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def features(phone: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "monthly_charges": phone["monthly_charges"],
            "two_year": phone["contract"] == "Two year",
            "one_year": phone["contract"] == "One year",
            "fiber": phone["internet_service"] == "Fiber optic",
            "no_internet": phone["internet_service"] == "No",
            "echeck": phone["payment_method"] == "Electronic check",
            "paperless": phone["paperless_billing"],
            "senior": phone["senior_citizen"],
            "partner": phone["partner"],
            "tech_support": phone["tech_support"] == "Yes",
            "online_security": phone["online_security"] == "Yes",
        }
    ).astype(float)


def gone(phone: pd.DataFrame) -> pd.Series:
    return (phone["churn"] == "Yes").astype(int)


def test_telephone_data_survival_as_in_lifelines(phone: pd.DataFrame) -> None:
    assert len(phone) == 7032 and gone(phone).sum() == 1869
    found = churn.survival(phone["tenure"], gone(phone), at=[6, 12, 24, 36, 48, 60, 72])
    assert found["survival"].to_list() == pytest.approx(
        [0.8848, 0.843200, 0.788736, 0.7485, 0.708840, 0.6644, 0.5928], abs=5e-5
    )
    assert found["se"].iloc[[0, 1, 2, 4]].to_list() == pytest.approx([0.0039, 0.0045, 0.0052, 0.0063], abs=5e-5)


def test_telephone_data_survival_by_contract_and_log_rank(phone: pd.DataFrame) -> None:
    expected = {
        "Month-to-month": [0.7031, 0.5859, 0.3973],
        "One year": [0.9908, 0.9783, 0.9165],
        "Two year": [1, 1, 0.9957],
    }
    kind = phone["contract"].astype(str)
    for name, values in expected.items():
        of = kind == name
        found = churn.survival(phone["tenure"][of], gone(phone)[of], at=[12, 24, 48])["survival"]
        assert found.to_list() == pytest.approx(values, abs=5e-5)
    assert survdiff(phone["tenure"], gone(phone), kind)[0] == pytest.approx(2352.8725, abs=1e-3)


COX = {
    "monthly_charges": (-0.02451549, 0.00227352), "two_year": (-3.33535600, 0.16443543),
    "one_year": (-1.68305317, 0.08773998), "fiber": (1.10150824, 0.10807259),
    "no_internet": (-1.22942376, 0.12499354), "echeck": (0.46183412, 0.04942092),
    "paperless": (0.11983586, 0.05613544), "senior": (-0.12237531, 0.05508614),
    "partner": (-0.58239145, 0.05021047), "tech_support": (-0.28226290, 0.06732819),
    "online_security": (-0.53778130, 0.06707623),
}  # fmt: skip
LOGIT = {
    "const": (-1.03568519, 0.16650734), "monthly_charges": (0.01101405, 0.00328170),
    "two_year": (-1.33616056, 0.17384999), "one_year": (-0.66961280, 0.10549226),
    "fiber": (0.51359225, 0.14040797), "no_internet": (-0.77035005, 0.15310889),
    "echeck": (0.39652986, 0.06853232), "paperless": (0.37252958, 0.07348417),
    "senior": (0.28384205, 0.08264610), "partner": (-0.05297233, 0.06987377),
    "tech_support": (-0.38898808, 0.08802237), "online_security": (-0.45672260, 0.08533174),
    "tenure": (-0.03150942, 0.00218128),
}  # fmt: skip


@pytest.mark.parametrize(
    ("ties", "likelihood", "charges"), [("efron", -14023.3844, -0.02451549), ("breslow", -14070.8651, -0.02362)]
)
def test_telephone_data_cox(
    phone: pd.DataFrame, features: pd.DataFrame, ties: str, likelihood: float, charges: float
) -> None:
    fit = sm.PHReg(phone["tenure"], features, status=gone(phone), ties=ties).fit(disp=0)
    assert fit.llf == pytest.approx(likelihood, abs=1e-3)
    assert fit.params[0] == pytest.approx(charges, abs=5e-6)
    if ties == "efron":
        assert fit.params == pytest.approx([b for b, _ in COX.values()], abs=1e-5)
        assert fit.bse == pytest.approx([se for _, se in COX.values()], abs=1e-5)


def test_telephone_data_logit_auc_lift_and_profit(phone: pd.DataFrame, features: pd.DataFrame) -> None:
    x, y = sm.add_constant(features.assign(tenure=phone["tenure"])), gone(phone)
    fit = sm.Logit(y, x).fit(disp=0)
    assert fit.params[list(LOGIT)].to_list() == pytest.approx([b for b, _ in LOGIT.values()], abs=1e-5)
    assert fit.bse[list(LOGIT)].to_list() == pytest.approx([se for _, se in LOGIT.values()], abs=1e-5)
    assert fit.llf == pytest.approx(-2955.6408, abs=1e-3) and fit.prsquared == pytest.approx(0.27410, abs=1e-5)
    risk = fit.predict(x)
    assert roc_auc_score(y, risk) == pytest.approx(0.842175, abs=1e-6)
    assert churn.lift(y, risk) == pytest.approx(2.8111, abs=1e-4)
    assert ((risk - y) ** 2).mean() == pytest.approx(0.136864, abs=1e-6)
    found = churn.expected_maximum_profit(y, risk)
    assert found.to_list() == pytest.approx([10.231817, 0.524526], abs=3e-6)


def test_telephone_data_held_out_fifth(phone: pd.DataFrame, features: pd.DataFrame) -> None:
    """EMP by another program (emp-py): 10.659168438424182, share .493949808; at γ = .3: 10.541578, .487562."""
    x, y = sm.add_constant(features.assign(tenure=phone["tenure"])), gone(phone)
    held = np.arange(len(x)) % 5 == 0
    risk = sm.Logit(y[~held], x[~held]).fit(disp=0).predict(x[held])
    assert held.sum() == 1407
    assert roc_auc_score(y[held], risk) == pytest.approx(0.844044, abs=1e-6)
    assert churn.lift(y[held], risk) == pytest.approx(2.7096, abs=1e-4)
    found = churn.expected_maximum_profit(y[held], risk)
    assert found.to_list() == pytest.approx([10.659168438424182, 0.493949808], abs=1e-7)
    curve = profit_curve(y[held], risk, 0.3, 200, 10, 1)
    best = curve.loc[curve["profit"].idxmax()]
    assert best.to_list() == pytest.approx([0.487562, 10.541578], abs=1e-6)


# ---- the company: what is planted is found ---------------------------------------------------------------


def month_number(date: pd.Series) -> pd.Series:
    return (date.dt.year - 2022) * 12 + date.dt.month - 1


def first_lives(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return tables["subscriptions"].query("life == 1").set_index("customer_id")


def test_left_truncation_on_those_active_in_2023_01_over_seeds() -> None:
    """Met late, the list finds the survival of all who began; counted from birth it is far too high."""
    gaps = []
    for seed in range(12):
        first = first_lives(simulate(seed, 4300, ["subscriptions"]))
        start, last = month_number(first["first_month"]), month_number(first["last_month"])
        early, listed = start <= 12, (start <= 12) & ~(last < 12)
        found = [
            churn.survival(first["months"][of], first["ended"][of], [18], entry=entry)["survival"].iloc[0]
            for of, entry in ((early, None), (listed, 12 - start[listed]), (listed, None))
        ]
        gaps.append([found[1] - found[0], found[2] - found[0]])
    met, naive = np.mean(gaps, axis=0)
    assert abs(met) < 0.03 and naive > 0.15


def test_incidences_and_survival_add_up_to_one() -> None:
    made = simulate(COURSE_SEED, COURSE_PEOPLE, ["subscriptions", "truth/exits"])
    first = first_lives(made)
    cause = made["truth/exits"].set_index("customer_id")["cause"].cat.codes + 1
    code = cause.reindex(first.index, fill_value=0)
    fit = CumIncidenceRight(first["months"], code)
    alive = churn.survival(first["months"], first["ended"], fit.times)["survival"]
    assert np.asarray(fit.cinc).sum(axis=0) + alive.to_numpy() == pytest.approx(np.ones(len(alive)))


def test_posts_ring_more_before_an_exit_than_among_all() -> None:
    made = simulate(7, 4300, ["subscriptions", "listening_posts"])
    first = first_lives(made)
    lives = pd.DataFrame({k: month_number(first[k]) for k in ("first_month", "last_month")})
    history = made["listening_posts"].assign(month=month_number(made["listening_posts"]["month"]))
    found = churn.alarms(history, lives, horizon=3)
    assert (found["lift"] > 1.4).all() and found["lead"].between(0.4, 1.4).all()


def test_the_interval_of_the_retention_test_holds_the_expected_effect_over_seeds() -> None:
    """40 companies of 4 300; with true 95 % intervals fewer than 33 hits happen once in 1 400 such tests."""
    hits, wins = 0, []
    for seed in range(40):
        made = simulate(seed, 4300, ["retention_test", "truth/retention"])
        test, fate = made["retention_test"], made["truth/retention"].set_index("customer_id")
        left = [test.loc[test["arm"] == arm, "left"] for arm in ("called", "control")]
        found = decide.ab_test(int(left[0].sum()), len(left[0]), int(left[1].sum()), len(left[1]))
        hits += found["low"] <= -fate["uplift"].mean() <= found["high"]
        best = len(fate) * 3 // 10
        wins.append(fate.nlargest(best, "uplift")["uplift"].mean() - fate.nlargest(best, "risk")["uplift"].mean())
    assert 33 <= hits <= 40
    assert min(wins) > 0.03  # who is most at risk is not who is kept by a call


def test_who_leaves_after_the_history_ends_is_no_leaver_yet() -> None:
    """b is known to end in month 5, but the history stops with month 3: of those seen to leave, all were warned of."""
    history = pd.DataFrame({"customer_id": ["a"] * 3 + ["b"] * 4, "month": [0, 1, 2, 0, 1, 2, 3]})
    history["late"] = history["customer_id"] == "a"
    lives = pd.DataFrame({"first_month": [0, 0], "last_month": [2.0, 5.0]}, index=["a", "b"])
    assert churn.alarms(history, lives, horizon=3).loc["late", "recall"] == 1.0



def test_intervals_of_the_maintained_group_of_the_aml_data() -> None:
    """Standard error and log-log interval of Miller's data as R's survfit and SAS print them."""
    weeks = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
    event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    found = churn.survival(weeks, event, at=[9, 13, 18])
    assert found["at_risk"].to_list() == [11, 10, 8]
    assert found["se"].to_list() == pytest.approx([0.0867, 0.1163, 0.1397], abs=5e-5)
    assert found["low"].to_list() == pytest.approx([0.508, 0.447, 0.350], abs=5e-4)
    assert found["high"].to_list() == pytest.approx([0.987, 0.951, 0.899], abs=5e-4)
    narrow = churn.survival(weeks, event, at=[9, 13, 18], level=0.5)
    reach = [np.log(np.log(t["low"]) / np.log(t["high"])) for t in (narrow, found)]
    np.testing.assert_allclose(reach[0] / reach[1], 0.67449 / 1.95996, rtol=1e-4)


def test_who_is_met_at_an_age_is_at_risk_only_after_it() -> None:
    found = churn.survival([5, 9, 9], [1, 1, 0], at=[5, 9], entry=[0, 5, 0])
    assert found["at_risk"].to_list() == [2, 2]
    assert found["survival"].iloc[0] == pytest.approx(1 / 2)


def test_the_average_base_is_the_mean_of_the_monthly_books() -> None:
    """Books of 4, 4 and 1 before the last month: 3 on average, where their median is 4."""
    found = churn.rates(book([1] * 4, [1] * 4, [1, 0, 0, 0], [1, 0, 0, 0]), 0, 3)
    assert found.loc["all losses, average base", ["numerator", "denominator"]].to_list() == [3, 3]


def test_seven_per_cent_of_a_hundred_are_seven() -> None:
    """.07·100 is 7.000000000000001 in floats; seven leavers on top make a lift of 1/.07."""
    event = np.repeat([1, 0], [7, 93])
    assert churn.lift(event, np.arange(100, 0, -1), share=0.07) == pytest.approx(100 / 7)


def test_who_leaves_with_the_last_month_of_the_history_is_a_leaver() -> None:
    history = pd.DataFrame({"customer_id": ["a"] * 3 + ["b"] * 4, "month": [0, 1, 2, 0, 1, 2, 3], "late": True})
    history["late"] = history["customer_id"] == "a"
    known = pd.DataFrame({"first_month": [0, 0], "last_month": [2.0, 3.0]}, index=["a", "b"])
    assert churn.alarms(history, known, horizon=1).loc["late", "recall"] == 0.5


def test_ids_of_two_kinds_find_nobody_and_are_refused() -> None:
    history = pd.DataFrame({"customer_id": ["1", "1", "2", "2"], "month": [0, 1, 0, 1], "late": True})
    lives = pd.DataFrame({"first_month": [0, 0], "last_month": [np.nan, np.nan]}, index=[1, 2])
    for call in (lambda: churn.snapshot(history, lives, 0, horizon=1), lambda: churn.alarms(history, lives, 1)):
        with pytest.raises(TypeError, match=r"ids must be of one kind: history holds text, .* holds numbers"):
            call()
