"""The contact centre and complaints of the company: they tie, they observe the core, planted effects are there."""

import numpy as np
import pandas as pd
import pytest

from crmlab import service
from crmlab.company import COURSE_SEED, PARAMETERS, World, simulate
from crmlab.company.core.effects import effects
from crmlab.company.views.complaints import PUT_RIGHT
from crmlab.company.views.contact_centre import REASONS, SLOTS

NAMES = (
    "orders", "subscriptions", "plans", "call_intervals", "calls", "waiting_test", "complaints", "recovery_test",
    "order_checks", "truth/faults", "truth/recovery", "truth/waiting", "truth/service",
)  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED, only=NAMES)


# --- calls --------------------------------------------------------------------------------------------


def test_calls_tie_with_the_half_hours(tables: dict[str, pd.DataFrame]) -> None:
    calls, cells = tables["calls"], tables["call_intervals"].set_index("interval_start")
    start = pd.to_datetime(calls["call_time"]).dt.floor("30min").dt.strftime("%Y-%m-%d %H:%M")
    november = cells[cells.index.str[:7] == "2024-11"]
    pd.testing.assert_series_equal(
        start.value_counts().reindex(november.index, fill_value=0), november["calls"], check_names=False
    )
    in_time = (calls["wait_seconds"] <= 20).groupby(start).mean().round(4)
    assert np.allclose(in_time, november.loc[in_time.index, "answered_in_20s"])


def test_the_centre_has_every_half_hour_of_2024(tables: dict[str, pd.DataFrame]) -> None:
    cells = tables["call_intervals"]
    assert len(cells) == 366 * SLOTS and cells["interval_start"].is_unique
    assert cells["handling_seconds"].isna().eq(cells["calls"] == 0).all()


def test_the_day_looks_well_staffed_and_the_evening_is_not(tables: dict[str, pd.DataFrame]) -> None:
    cells = tables["call_intervals"]
    in_time = cells["answered_in_20s"].fillna(0) * cells["calls"]
    evening = cells["interval_start"].str[11:13] == "20"
    assert 0.75 < in_time.sum() / cells["calls"].sum() < 0.85
    assert in_time[evening].sum() / cells.loc[evening, "calls"].sum() < 0.60


@pytest.mark.parametrize("seed", [1, 2, COURSE_SEED])
def test_repeats_show_what_was_not_settled(seed: int) -> None:
    calls = simulate(seed, 50, only=["calls"])["calls"]
    calls["date"] = pd.to_datetime(calls["call_time"].str[:10])
    found = service.issues(calls).query("first <= '2024-11-23'")
    centre = PARAMETERS.centre
    for reason, settled in zip(REASONS, centre.reason_settled, strict=True):
        one = found[found["reason"] == reason]["calls"]
        expected = 1 - (1 - settled) * centre.calls_again
        assert abs((one == 1).mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(one)) + 0.01
    assert calls["resolved"].mean() > (found["calls"] == 1).mean() + 0.03  # agents see it rosier


# --- complaints ---------------------------------------------------------------------------------------


def test_complaints_are_the_faults_customers_complained_of(tables: dict[str, pd.DataFrame]) -> None:
    told = tables["truth/faults"].query("complained")
    made = tables["complaints"]
    key = ["customer_id", "order_id", "subscription_id", "severity"]
    pd.testing.assert_frame_equal(
        made[key].sort_values(["customer_id", "order_id", "subscription_id", "severity"], ignore_index=True),
        told[key].sort_values(["customer_id", "order_id", "subscription_id", "severity"], ignore_index=True),
    )
    assert 650 < len(made) < 950
    share = dict(zip(PUT_RIGHT, (0.9, 0.6, 0.2), strict=True))
    left = tables["truth/faults"].query("complained").groupby("restored").size().sort_index()
    ours = made["put_right"].map(share).astype(float).value_counts().sort_index()
    assert left.to_list() == ours.to_list()


def test_the_recovery_test_is_the_cores(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["recovery_test"].merge(tables["complaints"], on="complaint_id", suffixes=("", "_told"))
    arms = tables["truth/faults"]["recovery_arm"].dropna()
    assert test["arm"].astype(str).value_counts().to_dict() == arms.astype(str).value_counts().to_dict()
    paid = test["arm"].map({"apology": 0.0, "voucher 20": 20.0, "voucher 50": 50.0}).astype(float)
    assert (paid == test["compensation"]).all()
    assert (tables["complaints"].query("opened < '2024-01-01'")["compensation"] == 0).all()


def test_stayed_is_what_orders_and_boxes_say(tables: dict[str, pd.DataFrame]) -> None:
    checks, orders = tables["order_checks"], tables["orders"]
    following = orders.groupby("customer_id")["order_date"].shift(-1)
    again = ((following - orders["order_date"]).dt.days <= PARAMETERS.complaints.stayed_days).set_axis(
        orders["order_id"]
    )
    retail = checks[checks["order_id"].notna() & checks["stayed"].notna()]
    assert len(retail) > 3000
    assert (again.loc[retail["order_id"].astype(int)].to_numpy() == retail["stayed"].astype(bool)).all()
    boxes = checks[checks["subscription_id"].notna() & checks["stayed"].notna()]
    last = tables["subscriptions"].set_index("subscription_id")["last_month"]
    ended = last.loc[boxes["subscription_id"].astype(int)].to_numpy()
    month = boxes["date"].dt.to_period("M")
    gone = pd.Series(ended, index=boxes.index).dt.to_period("M") < month + 3
    assert (boxes["stayed"].astype(bool) == ~gone.fillna(False)).all()


def test_a_customer_kept_is_worth_what_chapter_11_says(tables: dict[str, pd.DataFrame]) -> None:
    """A year's margin: ¥130 of a member who ordered in late 2023, ¥360 of a subscriber of December 2023."""
    orders, lives = tables["orders"], tables["subscriptions"]
    late = orders["order_date"].between("2023-07-01", "2023-12-31")
    members = orders.loc[late, "customer_id"].unique()
    after = orders[orders["customer_id"].isin(members) & (orders["order_date"] >= "2024-01-01")]
    assert (0.42 * after["amount"] - 14).sum() / len(members) == pytest.approx(130, rel=0.05)
    lives = lives.merge(tables["plans"][["box", "plan", "cost"]])
    end = lives["last_month"].fillna(pd.Timestamp("2024-12-01"))
    active = (lives["first_month"] <= "2023-12-01") & (end >= "2023-12-01")
    months = (end.dt.year - 2023) * 12 + end.dt.month - 12
    earned = (lives["price"] - lives["cost"] - 9) * months
    assert earned[active].mean() == pytest.approx(360, rel=0.05)


def test_checks_are_a_random_sample(tables: dict[str, pd.DataFrame]) -> None:
    checks = tables["order_checks"]
    faults, rate = len(tables["truth/faults"]), PARAMETERS.complaints.checked
    share = (checks["severity"] > 0).sum() / faults
    assert abs(share - rate) < 4 * np.sqrt(rate * (1 - rate) / faults)
    told = checks.loc[checks["severity"] > 0, "complained"].mean()
    truth = tables["truth/faults"]["complained"].mean()
    assert abs(told - truth) < 4 * np.sqrt(truth * (1 - truth) * faults / (checks["severity"] > 0).sum() / faults)


def test_late_comes_first_by_count_and_stale_by_severity(tables: dict[str, pd.DataFrame]) -> None:
    made = tables["complaints"]
    assert made["cause"].value_counts().index[0] == "late or lost"
    serious = made[made["severity"] == 3]["cause"].value_counts()
    assert serious.index[0] == "stale tea"


def test_the_courier_crisis_stands_out(tables: dict[str, pd.DataFrame]) -> None:
    months = tables["complaints"]["opened"].dt.to_period("M").value_counts()
    assert months.idxmax() == pd.Period("2023-06")


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_chance_of_losing_a_customer_falls_with_compensation(seed: int) -> None:
    truth = simulate(seed, 2_000, only=["truth/recovery"])["truth/recovery"]
    lost = truth[["lost_apology", "lost_voucher_20", "lost_voucher_50"]].mean()
    assert lost.is_monotonic_decreasing and lost.between(0, 1).all()
    # a small fault made good nearly completely leaves less than nothing: the planted paradox
    assert truth["severity_left"].min() < 0


def test_truth_of_recovery_is_the_cores_effect(tables: dict[str, pd.DataFrame]) -> None:
    """Mean chances of losing a complainer agree with truth/effects, computed by the core itself."""
    said = effects(World(COURSE_SEED, 8_600))["recovery"]["expected"]
    truth = tables["truth/recovery"].merge(tables["recovery_test"][["complaint_id"]])
    truth = truth.merge(tables["complaints"][["complaint_id", "order_id"]])
    box = truth[truth["order_id"].isna()]
    first = tables["orders"].drop_duplicates("customer_id")["order_id"]  # after a first order nobody leaves
    assert (truth.loc[truth["order_id"].isin(first), "lost_apology"] == 0).all()
    order = truth[truth["order_id"].notna() & ~truth["order_id"].isin(first)]
    for name, rows in (("box", box), ("order", order)):
        for arm in ("apology", "voucher 20", "voucher 50"):
            assert rows[f"lost_{arm.replace(' ', '_')}"].mean() == pytest.approx(said[name][arm], abs=2e-5)


# --- effects ------------------------------------------------------------------------------------------


def test_waiting_times_are_by_lot(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["waiting_test"].merge(tables["truth/waiting"], on="call_id")
    assert sorted(test["extra_wait"].unique()) == list(PARAMETERS.waiting.extra_wait)
    count = test["extra_wait"].value_counts()
    assert (abs(count - len(test) / 4) < 4 * np.sqrt(len(test) * 3 / 16)).all()
    by_arm = test.groupby("extra_wait")["stays_without_wait"].agg(["mean", "sem"])
    assert (abs(by_arm["mean"] - test["stays_without_wait"].mean()) < 4 * by_arm["sem"]).all()
    stayed = test["stayed"]
    assert np.allclose(test.loc[stayed, "margin"], test.loc[stayed, "margin_if_stays"])
    assert (test.loc[~stayed, "margin"] == 0).all()


def test_the_contact_centre_does_not_depend_on_the_sample() -> None:
    small, large = (simulate(9, people, only=["call_intervals"])["call_intervals"] for people in (10, 500))
    pd.testing.assert_frame_equal(small, large)
