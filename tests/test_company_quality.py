"""Service quality in the company: levels tie, deliveries observe the core, planted effects are there."""

import numpy as np
import pandas as pd
import pytest

from crmlab import service
from crmlab.company import COURSE_SEED, PARAMETERS, World, simulate
from crmlab.company.views.processes import failure_constant
from crmlab.company.views.servqual import DIMENSIONS, as_answer, expected_answer, level_of, place_means
from studies.ch16_service_quality import STUDY, answers
from studies.coverage import shipped

NAMES = (
    "orders", "complaints", "servqual_items", "servqual_people", "servqual_survey", "manager_survey",
    "service_standards", "service_audits", "promises", "deliveries", "packing_checks", "quality_costs", "care_test",
    "gap_pilot", "gap_projects", "truth/service_gaps", "truth/quality", "truth/care", "truth/faults",
)  # fmt: skip
SEEDS = (1, 2, COURSE_SEED)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED, only=NAMES)


# --- the gaps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_standards_dominate_in_the_call_centre_and_delivery_in_stores(seed: int) -> None:
    """Mechanism M25, by the planted levels."""
    step = place_means(World(seed, 1)).diff(axis=1)
    assert step.loc[1].idxmin() == "standard" and step.loc[0].idxmin() == "delivered"
    assert step.loc[1, "standard"] < -0.7 and step.loc[0, "delivered"] < -0.65
    others = step.drop(columns=["expectation"])
    assert others.loc[1].drop("standard").min() > -0.35 and others.loc[0].drop("delivered").min() > -0.35


def test_the_survey_has_the_items_of_the_scale(tables: dict[str, pd.DataFrame]) -> None:
    """Parasuraman, Zeithaml and Berry (1988): 4, 5, 4, 4, 5 items, nine of them worded negatively."""
    items = tables["servqual_items"]
    assert items.groupby("dimension", observed=True).size().to_list() == [4, 5, 4, 4, 5]
    assert items.loc[items["reversed"], "item"].to_list() == [10, 11, 12, 13, 18, 19, 20, 21, 22]
    survey = tables["servqual_survey"]
    assert survey.groupby("customer_id").size().eq(22).all()
    assert survey[["expectation", "perception"]].isin(range(1, 8)).all(axis=None)
    points = tables["servqual_people"][list(DIMENSIONS)]
    assert points.sum(axis=1).eq(100).all() and (points > 0).all(axis=None)
    np.testing.assert_allclose(points.mean() / 100, PARAMETERS.quality.weights, atol=0.02)


def test_reversed_items_turn_the_gap_upside_down_if_they_are_not_turned(tables: dict[str, pd.DataFrame]) -> None:
    turned = answers(tables)
    raw = tables["servqual_survey"]
    negative = raw["item"].isin(tables["servqual_items"].query("reversed")["item"])
    assert (raw["perception"] - raw["expectation"])[negative].mean() > 0.8
    assert (turned["perception"] - turned["expectation"])[turned["reversed"]].mean() < -0.8


def test_overall_rating_follows_perception_not_the_gap(tables: dict[str, pd.DataFrame]) -> None:
    """What critics of the scale found (Cronin and Taylor 1992) is planted: perception alone predicts better."""
    frame = answers(tables).assign(gap=lambda t: t["perception"] - t["expectation"])
    means = frame.groupby("customer_id")[["perception", "gap"]].mean()
    overall = tables["servqual_people"].set_index("customer_id")["overall"]
    found = means.corrwith(overall.reindex(means.index))
    assert found["perception"] > found["gap"] + 0.05


def test_levels_of_the_tables_are_those_of_the_truth(tables: dict[str, pd.DataFrame]) -> None:
    truth = tables["truth/service_gaps"].set_index(["place", "item"]).sort_index()
    standards = tables["service_standards"].set_index(["place", "item"])["level"].sort_index()
    np.testing.assert_allclose(standards.to_numpy(), truth["standard"], atol=1e-9)
    spoken = tables["promises"].set_index(["place", "item"])["promised"].sort_index()
    np.testing.assert_allclose(spoken.to_numpy(), truth["promised"].dropna(), atol=1e-9)
    assert (truth["promised"].dropna() > truth.loc[truth["promised"].notna(), "delivered"]).all()
    audits = tables["service_audits"].merge(tables["service_standards"], on="standard_id")
    given = audits.groupby(["place", "item"], observed=True)["delivered"].mean().sort_index()
    assert (given.to_numpy() - truth["delivered"].to_numpy()).std() < 0.06
    assert audits.groupby("unit").size().eq(22 * 12).all() and audits["unit"].nunique() == 24


def test_mean_answer_and_its_inverse() -> None:
    level = np.linspace(1.5, 7.5, 13)
    np.testing.assert_allclose(level_of(expected_answer(level, 0.9), 0.9), level, atol=2e-3)
    draws = np.random.default_rng(1).normal(5.8, 0.9, 200_000)
    assert expected_answer(5.8, 0.9) == pytest.approx(as_answer(draws).mean(), abs=0.01)


# --- effects --------------------------------------------------------------------------------------------


def test_which_intervals_of_the_shipped_company_miss_is_what_the_chapter_says() -> None:
    rows = shipped(STUDY).set_index("effect")
    held = (rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])
    assert rows.index[~held].to_list() == ["care: silence", "filling"]


def test_a_naive_slope_of_margin_on_rating_is_far_too_steep(tables: dict[str, pd.DataFrame]) -> None:
    pilot = tables["gap_pilot"]
    usual = pilot[pilot["arm"] == "usual"]
    worth = PARAMETERS.pilots.keeps * PARAMETERS.pilots.keeper_margin
    assert np.polyfit(usual["quality"], usual["margin"], 1)[0] > 1.15 * worth


# --- deliveries -----------------------------------------------------------------------------------------


def test_deliveries_are_the_orders_sent(tables: dict[str, pd.DataFrame]) -> None:
    sent = tables["deliveries"].merge(tables["orders"], on="order_id")
    assert len(sent) == len(tables["deliveries"]) and (sent["channel"] != "store").all()
    assert (sent["promised"] - sent["order_date"]).dt.days.eq(PARAMETERS.processes.promised_days).all()
    assert (sent["arrived"] > sent["order_date"]).all()
    assert ((sent["arrived"] <= sent["promised"]) == sent["right_time"]).all()


def test_a_complaint_is_an_imperfect_delivery_for_the_same_cause(tables: dict[str, pd.DataFrame]) -> None:
    told = tables["complaints"].dropna(subset="order_id").merge(tables["deliveries"], on="order_id")
    shown = {"late or lost": "time", "crushed box": "condition", "stale tea": "condition", "wrong item": "product",
             "billing": "price", "rude or careless": "customer"}  # fmt: skip
    assert len(told) > 80
    for cause, right in shown.items():
        assert not told.loc[told["cause"] == cause, f"right_{right}"].any(), cause
    faults = tables["truth/faults"].dropna(subset="order_id").merge(tables["deliveries"], on="order_id")
    assert not faults.filter(like="right_").all(axis=1).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_failures_come_together_so_more_orders_are_perfect_than_the_product_says(seed: int) -> None:
    rights = simulate(seed, only=("deliveries",))["deliveries"].filter(like="right_")
    assert rights.all(axis=1).mean() > rights.mean().prod() + 0.01


# --- processes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planted_shifts_are_seen_and_not_before(seed: int) -> None:
    made = simulate(seed, only=("packing_checks", "deliveries"))
    tins = made["packing_checks"].pivot_table(index="date", columns="tin", values="grams")
    before = tins.index < "2024-09-16"
    rule = service.runs(service.xbar_chart(tins, before))
    assert (rule[before] == 1).sum() <= 4  # 185 days, one in 370 by chance
    assert (rule[~before] > 0).mean() > 0.5
    sent = made["deliveries"]
    week = (sent["promised"] - pd.Timedelta(days=3)).dt.to_period("W").dt.start_time
    bad = (~sent["right_condition"]).groupby(week).agg(["sum", "size"])
    base = bad.index < "2024-08-05"
    rule = service.runs(service.p_chart(bad["sum"], bad["size"], base))
    assert (rule[~base] > 0).mean() > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_quality_costs_have_a_least_total_within_what_was_spent(seed: int) -> None:
    world = World(seed, 1)
    least = np.sqrt(failure_constant(world))
    spent = 1000 * np.array(PARAMETERS.processes.prevention)
    assert spent.min() < least < spent.max()
    costs = simulate(seed, 1, only=("quality_costs",))["quality_costs"]
    assert (costs["amount"] > 0).all() and costs.groupby("month").size().eq(4).all()


def test_care_is_by_lot_within_trigger(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["care_test"]
    share = (test["arm"] == "cared for").groupby(test["trigger"], observed=True).mean()
    assert share.between(0.44, 0.56).all()
    assert (test.loc[~test["came"], "margin"] == 0).all()
