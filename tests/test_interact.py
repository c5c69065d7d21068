"""Campaigns, removal effects, wear-out and standardisation: by hand, planted and wrong."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmlab import interact

PLAN = interact.Campaign(
    {"recent": 1000, "lapsed": 500}, "packs sold", "advice", 1020, "wechat", {"recent": 2, "lapsed": 1}, cost=0.15
)


def test_cost_and_expectation_of_a_plan_by_hand() -> None:
    """1 000 × 2 + 500 × 1 messages, 3 months, a tenth held out, ¥0.15 each."""
    assert PLAN.spend() == pytest.approx(2500 * 3 * 0.9 * 0.15)
    table = PLAN.expected({"recent": lambda f: 0.5 * f, "lapsed": lambda f: 0.0})
    assert table.loc["recent"].to_list() == pytest.approx([900, 5400, 810, 2700, 1890])
    assert table["cost"].sum() == pytest.approx(PLAN.spend())
    assert table.loc["lapsed", "net"] == pytest.approx(-202.5)
    assert list(PLAN.steps().index.str[0]) == list("123456")


def test_a_changed_plan_is_checked_again() -> None:
    with pytest.raises(ValueError, match=r"costs 2,22[78] yuan, its budget is 1,020"):
        replace(PLAN, frequency={"recent": 5, "lapsed": 1})
    with pytest.raises(ValueError, match="hold_out"):
        replace(PLAN, hold_out=0)
    with pytest.raises(ValueError, match="give each segment"):
        replace(PLAN, frequency={"recent": 1})
    with pytest.raises(ValueError, match="'lapsed'"):
        replace(PLAN, frequency={"recent": 1, "lapsed": -1})
    with pytest.raises(KeyError, match="lapsed"):
        PLAN.expected({"recent": lambda f: f})


def test_arms_are_by_lot_within_segments() -> None:
    segment = pd.Series(["recent"] * 200 + ["lapsed"] * 100)
    arm = PLAN.assign(segment, seed=1)
    assert (arm == "hold-out").groupby(segment).sum().to_dict() == {"lapsed": 10, "recent": 20}
    assert arm.equals(PLAN.assign(segment, seed=1)) and not arm.equals(PLAN.assign(segment, seed=2))
    with pytest.raises(ValueError, match="no segment new"):
        PLAN.assign(pd.Series(["new"]), seed=1)


# --- removal effect ------------------------------------------------------------------------------------

TOY = pd.DataFrame({"journey_id": [1, 1, 2, 3], "touchpoint": list("abab"), "converted": [True, True, False, True]})


def test_removal_effect_of_three_journeys_by_hand() -> None:
    """start→a 2/3, start→b 1/3, a→b 1/2, b→order 1: P = 2/3; without a 1/3, without b 0."""
    assert interact.removal_effect(TOY).to_dict() == pytest.approx({"a": 0.5, "b": 1.0})


def test_removal_effect_does_not_depend_on_how_journeys_are_mixed() -> None:
    mixed = TOY.iloc[[3, 0, 2, 1]]
    assert interact.removal_effect(mixed).to_dict() == pytest.approx({"a": 0.5, "b": 1.0})


def test_loops_are_followed_to_the_end() -> None:
    """a→a in half of the steps: still every order goes through a."""
    loop = pd.DataFrame({"journey_id": [1, 1, 2, 2], "touchpoint": "a", "converted": [True, True, False, False]})
    assert interact.removal_effect(loop).to_dict() == pytest.approx({"a": 1.0})


def test_removal_effect_refuses_what_it_cannot_read() -> None:
    with pytest.raises(KeyError, match="touchpoint"):
        interact.removal_effect(TOY.drop(columns="touchpoint"))
    with pytest.raises(ValueError, match="1 journeys end both"):
        interact.removal_effect(TOY.assign(converted=[True, False, False, True]))
    with pytest.raises(ValueError, match="nothing to lose"):
        interact.removal_effect(TOY.assign(converted=False))
    with pytest.raises(ValueError, match="touchpoint: 1 of 4 rows is missing"):
        interact.removal_effect(TOY.assign(touchpoint=["a", None, "a", "b"]))


# --- wear-out ------------------------------------------------------------------------------------------


def sample(rng: np.random.Generator, people: int = 1500, months: int = 4) -> pd.DataFrame:
    f = rng.integers(0, 7, people)
    own = np.exp(0.5 * rng.normal(size=people) - 0.125)
    p = 0.02 + 0.08 * own * f * np.exp(-0.25 * f)
    rows = {"customer": np.repeat(np.arange(people), months), "f": np.repeat(f, months)}
    return pd.DataFrame(rows).assign(y=rng.random((people, months)).ravel() < np.repeat(p, months))


def test_wear_out_without_noise_is_found_exactly_and_k_quarter_means_four_contacts() -> None:
    f = np.tile(np.arange(7), 2)
    found = interact.WearOut(f, 0.01 + 0.05 * f * np.exp(-0.25 * f)).fit()
    assert found.params.to_list() == pytest.approx([0.01, 0.05, 0.25], abs=1e-5)
    assert 1 / found.params["k"] == pytest.approx(4, abs=1e-3)
    assert int(np.argmax(found.predict(np.arange(7)))) == 4


def test_wear_out_intervals_cover() -> None:
    rng = np.random.default_rng(5)
    truth = pd.Series({"b": 0.02, "a": 0.08, "k": 0.25})
    held = []
    for _ in range(200):
        t = sample(rng)
        table = interact.WearOut(t["f"], t["y"], t["customer"]).fit().conf_int()
        held.append((table["low"] <= truth) & (truth <= table["high"]))
    assert pd.DataFrame(held).mean().between(0.91, 0.99).all()


def test_customers_who_differ_widen_the_errors() -> None:
    t = sample(np.random.default_rng(2))
    t["y"] = t.groupby("customer")["y"].transform("max")  # the same answer in every month
    grouped = interact.WearOut(t["f"], t["y"], t["customer"]).fit().bse
    alone = interact.WearOut(t["f"], t["y"]).fit().bse
    assert (grouped > 1.8 * alone).all()


def test_wear_out_refuses_what_it_cannot_fit() -> None:
    f = np.tile(np.arange(7), 5)
    with pytest.raises(ValueError, match="does not rise"):
        interact.WearOut(f, np.full(35, 0.1) - 0.01 * f).fit()
    with pytest.raises(ValueError, match="0 among them"):
        interact.WearOut(f + 1, f)
    with pytest.raises(ValueError, match="differ in length"):
        interact.WearOut(f, [0, 1, 1])
    with pytest.raises(ValueError, match="1 of 35 rows is missing"):
        interact.WearOut(f, np.where(np.arange(35) == 3, np.nan, 1.0))
    with pytest.raises(TypeError, match="numbers"):
        interact.WearOut(f, ["yes"] * 35)
    with pytest.raises(ValueError, match="below 0"):
        interact.WearOut(f - 1, f)


# --- standardisation -----------------------------------------------------------------------------------


def test_wear_out_errors_are_those_of_a_sandwich_with_customers_as_clusters() -> None:
    rng = np.random.default_rng(3)
    f, customer = np.tile(np.arange(7.0), 30), np.repeat(np.arange(105), 2)
    y = 0.02 + 0.05 * f * np.exp(-0.25 * f) + rng.normal(0, 0.004, len(f)) + np.repeat(rng.normal(0, 0.004, 105), 2)
    fit = interact.WearOut(f, y, customer).fit()
    b, a, k = fit.params
    slopes = np.column_stack([np.ones(len(f)), f * np.exp(-k * f), -a * f**2 * np.exp(-k * f)])
    left_over = y - (b + a * f * np.exp(-k * f))
    scores = np.array([(slopes * left_over[:, None])[customer == c].sum(axis=0) for c in range(105)])
    bread = np.linalg.inv(slopes.T @ slopes)
    by_hand = np.sqrt(np.diag(bread @ scores.T @ scores @ bread * 105 / 104))
    np.testing.assert_allclose(fit.bse, by_hand, rtol=1e-9)
    wide, narrow = fit.conf_int(), fit.conf_int(0.5)
    ratio = (narrow["high"] - narrow["low"]) / (wide["high"] - wide["low"])
    np.testing.assert_allclose(ratio, 0.67449 / 1.95996, rtol=1e-4)


def test_the_hold_out_is_rounded_to_the_nearest_and_a_plan_half_a_yuan_too_dear_is_refused() -> None:
    """A tenth of 18 is 1.8: two are held out. The plan of ¥1,012.50 does not fit into ¥1,012."""
    arm = PLAN.assign(pd.Series(["recent"] * 18 + ["lapsed"] * 12), seed=1)
    assert (arm[:18] == "hold-out").sum() == 2 and (arm[18:] == "hold-out").sum() == 1
    with pytest.raises(ValueError, match="its budget is 1,012: write less often"):
        replace(PLAN, budget=1012)
    assert replace(PLAN, budget=1012.5).spend() == pytest.approx(1012.5)


def test_contacts_that_first_harm_are_no_wear_out() -> None:
    """The best curve dips by .3·f·e^(−.7f): a is below 0, and all else of the fit is well determined."""
    f = np.tile(np.arange(7.0), 5)
    with pytest.raises(ValueError, match="does not rise with contacts"):
        interact.WearOut(f, np.tile([0.3, 0.2, 0.15, 0.2, 0.25, 0.3, 0.31], 5)).fit()


def test_three_numbers_of_contacts_do_not_show_a_curve_of_three_numbers() -> None:
    f = np.tile([0.0, 1, 2], 5)
    with pytest.raises(ValueError, match="at least four numbers of contacts"):
        interact.WearOut(f, 0.01 + 0.05 * f * np.exp(-0.25 * f))
    f = np.tile([0.0, 1, 2, 3], 5)
    found = interact.WearOut(f, 0.01 + 0.05 * f * np.exp(-0.25 * f)).fit()
    assert found.params.to_list() == pytest.approx([0.01, 0.05, 0.25], abs=1e-5)
    with pytest.raises(ValueError, match="contacts: 1 of 2 rows is below 0"):
        found.predict([1, -1])
