"""Contacts, touch-points and tests of messages: what is planted is there, and intervals hold it."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from crmlab import interact
from crmlab.company import COURSE_PEOPLE, COURSE_SEED, PARAMETERS, TABLES, World, firm, simulate
from crmlab.company.views.touchpoints import order_chance
from studies.ch10_interaction import STUDY
from studies.coverage import shipped

NAMES = (
    "customers", "orders", "service_minutes", "contacts", "journeys", "touchpoints", "touchpoint_ratings", "campaigns",
    "frequency_test", "content_test", "channel_test", "reward_test", "consents", "channel_costs", "activity_log",
    "truth/touchpoints", "truth/resolution", "truth/contact_tests", "truth/faults",
)  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED, only=NAMES)


# --- tests of messages ---------------------------------------------------------------------------------


def test_intervals_of_the_shipped_company_hold_the_truth() -> None:
    """The chapter says so: no interval of the course's own seed misses."""
    rows = shipped(STUDY)
    assert ((rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])).all()


def test_messages_a_month_are_by_lot_and_stay(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["frequency_test"]
    own = test.groupby("customer_id")["contacts"]
    assert own.nunique().max() == 1
    share = own.first().value_counts(normalize=True)
    assert share.between(1 / 7 - 0.025, 1 / 7 + 0.025).all() and len(share) == 7
    city = tables["customers"].set_index("customer_id")["city"].astype("str")
    mean = own.first().groupby(city).mean()
    assert mean.between(2.7, 3.3).all()


def test_nobody_is_written_to_without_consent_or_after_withdrawing(tables: dict[str, pd.DataFrame]) -> None:
    consent = tables["consents"].query("purpose == 'messages'").set_index("customer_id")
    test = tables["frequency_test"]
    dates = consent.loc[test["customer_id"]].reset_index(drop=True)
    month = test["month"].reset_index(drop=True)
    assert (dates["given"] < month).all()
    assert (dates["withdrawn"].isna() | (dates["withdrawn"] >= month)).all()
    left = test[test["opted_out"]].set_index("customer_id")["month"]
    withdrawn = consent.loc[left.index, "withdrawn"]
    assert (withdrawn.dt.to_period("M") == left.dt.to_period("M")).all()
    for name in ("content_test", "channel_test", "reward_test"):
        assert not set(left.index) & set(tables[name]["customer_id"]), name


def test_who_did_not_buy_earned_nothing(tables: dict[str, pd.DataFrame]) -> None:
    for name in ("frequency_test", "content_test", "channel_test"):
        test = tables[name]
        assert (test.loc[~test["bought"], "profit"] == 0).all()
        assert 18 < test.loc[test["bought"], "profit"].mean() < 26, name
    assert not tables["reward_test"].query("completed and not opted_in").size


def test_price_sells_most_and_advice_earns_most(tables: dict[str, pd.DataFrame]) -> None:
    """By the true chances: a pack earns 24 yuan, 10 less with the voucher."""
    chance = tables["truth/contact_tests"].drop(columns="customer_id").mean()
    assert chance["content_price"] > chance["content_advice"] > chance["content_story"] > chance["content_none"]
    earned = {arm: chance[f"content_{arm}"] * (14 if arm == "price" else 24) for arm in PARAMETERS.messages.contents}
    assert max(earned, key=lambda arm: earned[arm]) == "advice"
    letter = 24 * (chance["channel_letter"] - chance["channel_none"]) - 1.6
    wechat = 24 * (chance["channel_wechat"] - chance["channel_none"]) - 0.15
    assert letter < 0 < wechat


def test_profit_in_a_month_is_highest_near_four_and_opt_outs_grow_with_the_square(
    tables: dict[str, pd.DataFrame],
) -> None:
    arms = tables["frequency_test"].groupby("contacts")[["bought", "opted_out"]].mean()
    assert arms["bought"].idxmax() in (3, 4, 5)
    slope = np.polyfit(np.log(np.arange(2, 7)), np.log(arms["opted_out"].loc[2:]), 1)[0]
    assert 1.6 < slope < 2.4


# --- touch-points --------------------------------------------------------------------------------------


def test_removal_effects_and_importance_are_those_planted(tables: dict[str, pd.DataFrame]) -> None:
    truth = tables["truth/touchpoints"].set_index("touchpoint")
    found = interact.removal_effect(tables["journeys"])
    assert (found - truth["removal_effect"]).abs().max() < 0.05
    ratings = tables["touchpoint_ratings"].pivot_table(
        values="performance", index="customer_id", columns="touchpoint", observed=True
    )
    x = ratings.drop(columns="overall")
    weights, *_ = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), ratings["overall"], rcond=None)
    np.testing.assert_allclose(weights[1:], truth.loc[x.columns, "importance"], atol=0.04)
    assert truth["importance"].idxmax() == "store advice"
    assert x.mean().nsmallest(2).index.isin(["store advice", "telephone"]).all()


def test_truth_of_removal_is_the_chance_in_a_long_run() -> None:
    """The closed form against counting, in a company of 40 000."""
    journeys = simulate(3, 40_000, only=("journeys",))["journeys"]
    first = journeys.groupby("journey_id")["converted"].first()
    assert first.mean() == pytest.approx(order_chance(World(3, 1)), abs=4 * np.sqrt(0.25 * 0.75 / len(first)))
    steps = journeys.groupby("journey_id")["step"]
    assert (steps.max() == steps.size()).all() and (steps.min() == 1).all()


# --- contacts for help ---------------------------------------------------------------------------------


def test_chat_looks_best_and_is_not(tables: dict[str, pd.DataFrame]) -> None:
    contacts = tables["contacts"]
    raw = contacts.groupby("channel", observed=True)["resolved"].mean()
    cells = contacts.pivot_table(values="resolved", index="channel", columns="reason", observed=True)
    same_mix = cells @ contacts["reason"].value_counts(normalize=True).reindex(cells.columns)
    assert raw["chat"] > raw["telephone"]
    assert same_mix["telephone"] > same_mix["chat"] + 0.05


def test_chances_of_being_resolved_are_those_planted(tables: dict[str, pd.DataFrame]) -> None:
    contacts, truth = tables["contacts"], tables["truth/resolution"]
    cells = contacts.groupby(["reason", "channel"], observed=True)["resolved"].agg(["mean", "size"])
    cells = cells.join(truth.set_index(["reason", "channel"])["resolved"])
    z = (cells["mean"] - cells["resolved"]) / np.sqrt(cells["resolved"] * (1 - cells["resolved"]) / cells["size"])
    assert z.abs().max() < 4
    score = special.logit(truth.pivot_table(values="resolved", index="reason", columns="channel", observed=True))
    assert np.ptp(score["telephone"] - score["chat"]) < 1e-3


def test_repeats_follow_unresolved_requests(tables: dict[str, pd.DataFrame]) -> None:
    contacts = tables["contacts"].set_index("contact_id")
    repeats = contacts[contacts["repeat_of"].notna()]
    first = contacts.loc[repeats["repeat_of"]]
    assert not first["resolved"].any() and first["repeat_of"].isna().all()
    assert (first["contact_time"].to_numpy() < repeats["contact_time"].to_numpy()).all()
    assert (first["reason"].to_numpy() == repeats["reason"].to_numpy()).all()
    assert 0.5 < len(repeats) / (~contacts.loc[contacts["repeat_of"].isna(), "resolved"]).sum() < 0.7
    assert contacts["contact_time"].str.startswith("2024-").all()


def test_faults_that_were_complained_about_are_contacts() -> None:
    """The core's complaints of 2024, on orders and boxes, reach the firm the next day or so."""
    world = World(COURSE_SEED, COURSE_PEOPLE)
    day = world["orders"].query("complained")["day"].to_numpy() + 1
    boxes = world["boxes"]
    box_day = firm.month_days()[boxes["month"]][boxes["complained"].to_numpy()] + 5
    expected = sum(((d >= firm.LEARN_DAYS) & (d < firm.DAYS)).sum() for d in (day, box_day))
    contacts = TABLES["contacts"](world)
    assert ((contacts["reason"] == "fault") & contacts["repeat_of"].isna()).sum() == expected


# --- costs and activities ------------------------------------------------------------------------------


def test_activities_add_up_to_the_minutes_of_service(tables: dict[str, pd.DataFrame]) -> None:
    year = tables["service_minutes"].query("year == 2024").set_index("customer_id")
    log = tables["activity_log"].groupby(["customer_id", "activity"], observed=True)["minutes"].sum().reset_index()
    log = log.pivot_table(values="minutes", index="customer_id", columns="activity", observed=True)
    for activity in ("advice", "packing", "after-sales"):
        column = year[f"{activity.replace('-', '_')}_minutes"]
        assert (log[activity] - column).abs().max() < 0.7, activity  # each month is rounded to a tenth
    assert set(log.index) == set(year.index)


def test_campaigns_have_all_six_steps(tables: dict[str, pd.DataFrame]) -> None:
    steps = ["target", "goal", "content", "budget", "channel", "frequency", "evaluation"]
    assert tables["campaigns"][steps].notna().all(axis=None)
    out = tables["channel_costs"].query("direction == 'out'")["channel"]
    named = set(", ".join(tables["campaigns"]["channel"]).split(", "))
    assert named <= set(out)
