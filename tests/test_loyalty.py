"""Loyalty: cells, curves by market, knots, the ladder, the second purchase, NPS and brand measures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import loyalty


def test_truth_table_of_dick_and_basu_1994() -> None:
    """High and high is loyalty, attitude only latent, behaviour only spurious, neither none."""
    cells = loyalty.dick_basu([7, 7, 6.9, 6.9], pd.Series([3, 2, 3, 2], index=list("abcd")), cuts=(7, 3))
    assert cells.to_dict() == {"a": "true", "b": "latent", "c": "spurious", "d": "none"}


@pytest.mark.parametrize(
    ("attitude", "behaviour", "error", "words"),
    [
        ([1, 2], [1], ValueError, "differ in length"),
        ([1, np.nan], [1, 2], ValueError, "attitude: 1 of 2 rows is missing"),
        (["high", "low"], [1, 2], TypeError, "attitude must hold numbers"),
        ([], [], ValueError, "attitude is empty"),
    ],
)
def test_cells_refuse_bad_input(attitude: list[Any], behaviour: list[Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        loyalty.dick_basu(attitude, behaviour, cuts=(7, 3))


def markets(seed: int, n: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three markets whose curves are concave, straight and convex, with known squares."""
    rng = np.random.default_rng(seed)
    s = np.clip(rng.normal(0, 1, 3 * n), -2, 2)
    market = np.repeat(["monopoly", "oligopoly", "competition"], n)
    square = np.repeat([-0.06, 0.0, 0.06], n)
    chance = 0.55 + 0.12 * s + square * s**2
    return 50 + 10 * s, (rng.random(3 * n) < chance).astype(int), market


def test_bend_finds_the_planted_signs() -> None:
    found = loyalty.bend(*markets(1))
    assert found.index.to_list() == ["monopoly", "oligopoly", "competition"]
    assert found.loc["monopoly", "bend_high"] < 0 < found.loc["competition", "bend_low"]
    assert (found["slope_low"] > 0).all()


def test_intervals_of_the_bend_cover() -> None:
    """95 % intervals over 200 samples hold the square in .91 to .99 of them; s is rescaled, so the square is too."""
    held = []
    for seed in range(200):
        satisfaction, stays, market = markets(seed, n=400)
        found = loyalty.bend(satisfaction, stays, market).loc["competition"]
        scale = (satisfaction / 10).std() ** 2
        held.append(found["bend_low"] <= 0.06 * scale <= found["bend_high"])
    assert 0.91 <= np.mean(held) <= 0.99


def test_answers_given_twice_by_the_same_people_count_once() -> None:
    satisfaction, stays, market = markets(3, n=300)
    person = np.arange(900)
    once = loyalty.bend(satisfaction, stays, market, person)
    twice = loyalty.bend(*(np.concatenate([x, x]) for x in (satisfaction, stays, market, person)))
    width = [frame["slope_high"] - frame["slope_low"] for frame in (once, twice)]
    np.testing.assert_allclose(width[0], width[1], rtol=0.02)


def test_curve_is_the_logit_read_at_the_points() -> None:
    from scipy.special import expit

    rng = np.random.default_rng(4)
    x = rng.uniform(0, 100, 20_000)
    stays = (rng.random(len(x)) < expit(-2 + 0.05 * x)).astype(int)
    found = loyalty.curve(x, stays, np.repeat("one", len(x)), at=[20, 50, 80])
    np.testing.assert_allclose(found["share"], expit(-2 + 0.05 * np.array([20, 50, 80])), atol=0.02)
    assert (found["low"] < found["share"]).all() and (found["share"] < found["high"]).all()


@pytest.mark.parametrize("function", [loyalty.bend, lambda *a: loyalty.curve(*a, at=[1.0])])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y, m: (x, y + 1, m), "neither true/false nor 1/0 .* 2"),
        (lambda x, y, m: (x * 0, y, m), "satisfaction is the same for everybody"),
        (lambda x, y, m: (x, y * 0, m), "has 300 rows and 0 loyal"),
        (lambda x, y, m: (x[:-1], y, m), "differ in length"),
        (lambda x, y, m: (x, y, np.append(m[:-1].astype(object), "small")), "market 'small' has 1 rows"),
        (lambda x, y, m: (x, y, np.r_[m[:-1].astype(object), None]), "market: 1 of 900 rows is missing"),
    ],
)
def test_curves_refuse_bad_input(function: Callable[..., Any], change: Callable[..., Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        function(*change(*markets(5, n=300)))


def test_two_slopes_finds_both_knots() -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"basic": rng.integers(1, 11, 1500), "latent": rng.integers(1, 11, 1500)})
    level = 6 * np.minimum(frame["basic"] - 7, 0) + 6 * np.maximum(frame["latent"] - 6, 0)
    found = loyalty.two_slopes(60 + level + rng.normal(0, 9, 1500), frame)
    assert found["knot"].to_list() == [7, 6]
    assert found.loc["basic", "below_low"] < 6 < found.loc["basic", "below_high"]
    assert found.loc["latent", "above_low"] < 6 < found.loc["latent", "above_high"]
    assert found.loc["basic", "above_low"] < 0 < found.loc["basic", "above_high"]


def test_two_slopes_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match="basic has 2 different answers"):
        loyalty.two_slopes([1, 2, 3, 4], pd.DataFrame({"basic": [1, 1, 2, 2]}))
    with pytest.raises(ValueError, match="3 columns; give one or two"):
        loyalty.two_slopes([1.0], pd.DataFrame([[1, 2, 3]]))
    with pytest.raises(ValueError, match="differ in length"):
        loyalty.two_slopes([1, 2, 3], pd.DataFrame({"basic": [1, 2]}))


def test_nps_of_test_vector_54() -> None:
    """p .5, passive .3, d .2, n = 400: NPS 30, standard error .039 = 3.9 points."""
    found = loyalty.nps([9] * 200 + [7] * 120 + [0] * 80)
    assert found["estimate"] == pytest.approx(30) and found["se"] == pytest.approx(3.9, abs=0.1)
    assert found[["promoters", "passives", "detractors"]].to_list() == pytest.approx([0.5, 0.3, 0.2])


def test_nps_intervals_cover() -> None:
    rng = np.random.default_rng(7)
    found = [loyalty.nps(rng.choice([10, 8, 3], 200, p=[0.3, 0.4, 0.3])) for _ in range(400)]
    assert 0.91 <= np.mean([row["low"] <= 0 <= row["high"] for row in found]) <= 0.99


@pytest.mark.parametrize("answer", [11, -1, 7.5])
def test_nps_refuses_answers_off_the_scale(answer: float) -> None:
    with pytest.raises(ValueError, match=r"answers from 0 to 10\): 1 of 3"):
        loyalty.nps([9, 9, answer])


def test_second_purchase_by_hand() -> None:
    """Ten first purchases on one day: four come back in the first ten days, three of six in the next."""
    first = pd.Series(pd.Timestamp("2024-01-01"), index=range(10))
    second = first + pd.to_timedelta(pd.Series([1, 2, 3, 9, 10, 11, 19, None, None, None]), unit="D")
    found = loyalty.repeat_hazard(first, second, end="2024-01-20", width=10)
    assert found["at_risk"].to_list() == [10, 6] and found["bought"].to_list() == [4, 3]
    assert found["repeated"].round(6).to_list() == [0.4, 0.7]


def test_second_purchase_is_right_with_censoring() -> None:
    """A constant hazard a day is found although most customers are seen for a part of the year only."""
    rng = np.random.default_rng(8)
    first = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 360, 4000), unit="D"))
    second = first + pd.to_timedelta(1 + rng.geometric(0.01, 4000), unit="D")
    second = second.where(second <= "2024-12-31")
    found = loyalty.repeat_hazard(first, second, end="2024-12-31", width=30)
    np.testing.assert_allclose(found["hazard"].iloc[1:8], 1 - 0.99**30, atol=0.04)


def test_second_purchase_refuses_bad_dates() -> None:
    first = pd.Series(pd.to_datetime(["2024-01-01", "2024-02-01"]))
    with pytest.raises(ValueError, match="second purchase before their first"):
        loyalty.repeat_hazard(first, first - pd.Timedelta(days=1), end="2024-12-31")
    with pytest.raises(ValueError, match="after the end, 2024-01-15"):
        loyalty.repeat_hazard(first, first, end="2024-01-15")
    with pytest.raises(ValueError, match="first: 1 of 2 rows is missing"):
        loyalty.repeat_hazard(first.where(first.index > 0), first, end="2024-12-31")
    with pytest.raises(ValueError, match="width is days in a period"):
        loyalty.repeat_hazard(first, first, end="2024-12-31", width=0)


def test_ladder_looks_only_at_what_had_happened() -> None:
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    orders = pd.DataFrame({"customer_id": list("aabbbb"), "order_date": months})
    leads = pd.DataFrame(
        {
            "lead_id": ["L1", "L2"],
            "created": pd.to_datetime(["2022-01-01", "2024-01-15"]),
            "converted": pd.to_datetime([None, "2024-03-01"]),
        }
    )
    brought = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-05-20"])})
    stage = loyalty.ladder(orders, leads, brought, "2024-02-15")
    assert stage.to_dict() == {"a": "repeat", "L1": "disqualified", "L2": "prospect"}
    stage = loyalty.ladder(orders, leads, brought, "2024-12-31")
    assert stage.to_dict() == {"a": "advocate", "b": "client", "L1": "disqualified"}
    assert (loyalty.ladder(orders, leads, brought, "2026-12-31")[["a", "b"]] == "inactive").all()


def test_ladder_names_missing_columns() -> None:
    with pytest.raises(KeyError, match="no column order_date in orders"):
        loyalty.ladder(pd.DataFrame({"customer_id": []}), pd.DataFrame(), pd.DataFrame(), "2024-01-01")


def test_a_knot_needs_a_twentieth_of_the_rows_on_either_side() -> None:
    x = np.repeat([1.0, 2, 5, 8, 9], [4, 46, 100, 46, 4])  # 2 % below 2 and above 8
    y = 50 + 6 * np.minimum(x - 2, 0) + np.tile([1.0, -1.0], 100)
    assert loyalty.two_slopes(y, pd.DataFrame({"x": x})).loc["x", "knot"] == 5


def test_an_order_of_exactly_a_year_ago_is_no_longer_recent() -> None:
    leads = pd.DataFrame({"lead_id": [], "created": pd.to_datetime([]), "converted": pd.to_datetime([])})
    brought = pd.DataFrame({"customer_id": [], "date": pd.to_datetime([])})
    orders = pd.DataFrame({"customer_id": ["a", "b"], "order_date": pd.to_datetime(["2023-07-01", "2023-07-02"])})
    assert loyalty.ladder(orders, leads, brought, "2024-06-30").to_dict() == {"a": "inactive", "b": "first-time"}


HALF = 0.67449 / 1.95996  # the width of a normal interval of 50 % to that of 95 %


def test_nps_counts_nines_as_promoters_and_sixes_as_detractors() -> None:
    found = loyalty.nps(range(11))
    assert found[["promoters", "passives", "detractors"]].to_list() == pytest.approx([2 / 11, 2 / 11, 7 / 11])


def test_every_interval_follows_its_level() -> None:
    from scipy.special import logit

    satisfaction, stays, market = markets(9, n=200)
    x = pd.DataFrame({"x": np.tile(np.arange(1.0, 11), 20)})
    y = 50 + 3 * np.minimum(x["x"] - 7, 0) + pd.Series(np.random.default_rng(9).normal(0, 3, 200))
    for what, make in (
        ("nps", lambda level: loyalty.nps([10] * 5 + [8] * 3 + [2] * 4, level).to_frame("x").T),
        ("bend", lambda level: loyalty.bend(satisfaction, stays, market, level=level)),
        ("slopes", lambda level: loyalty.two_slopes(y, x, level)),
        ("curve", lambda level: loyalty.curve(satisfaction, stays, market, at=[45.0, 60.0], level=level)),
    ):
        wide, narrow = make(0.95), make(0.5)
        for low in [name for name in wide if str(name).endswith("low") and name != "below"]:
            high = low.removesuffix("low") + "high"
            width = [logit(t[high]) - logit(t[low]) if what == "curve" else t[high] - t[low] for t in (narrow, wide)]
            np.testing.assert_allclose(width[0] / width[1], HALF, rtol=1e-4, err_msg=f"{what} {low}")


def test_curve_is_the_logit_of_the_answers_as_they_were_given() -> None:
    """How satisfaction is standardised inside changes nothing: a logit on points and their square says the same."""
    import statsmodels.api as sm

    satisfaction, stays, market = markets(10, n=150)
    found = loyalty.curve(satisfaction, stays, market, at=[40.0, 65.0])
    for name, rows in found.groupby("market"):
        of = market == name
        x = (satisfaction[of] - 50) / 10
        fit = sm.Logit(stays[of], np.column_stack([np.ones(of.sum()), x, x**2])).fit(disp=0)
        wanted = fit.predict(np.column_stack([np.ones(2), [-1.0, 1.5], [1.0, 2.25]]))
        np.testing.assert_allclose(rows["share"], wanted, atol=1e-6)


def test_the_band_of_a_curve_counts_people_not_answers() -> None:
    satisfaction, stays, market = markets(11, n=200)
    person = np.arange(600)
    once = loyalty.curve(satisfaction, stays, market, [45.0], person)
    twice = loyalty.curve(*(np.concatenate([x, x]) for x in (satisfaction, stays, market)), [45.0],
                          np.concatenate([person, person]))  # fmt: skip
    np.testing.assert_allclose(once["high"] - once["low"], twice["high"] - twice["low"], rtol=0.02)


def test_errors_of_two_slopes_allow_for_unequal_spread() -> None:
    """White's sandwich with n/(n − 3) by hand, at the knot that was found."""
    rng = np.random.default_rng(12)
    x = np.tile(np.arange(1.0, 11), 30)
    y = 50 + 6 * np.minimum(x - 7, 0) + rng.normal(0, 0.2 * x**1.5)
    found = loyalty.two_slopes(y, pd.DataFrame({"x": x})).loc["x"]
    design = np.column_stack([np.ones(300), np.minimum(x - found["knot"], 0), np.maximum(x - found["knot"], 0)])
    bread = np.linalg.inv(design.T @ design)
    left = y - design @ (bread @ design.T @ y)
    error = np.sqrt(np.diag(bread @ (design.T * left**2) @ design @ bread) * 300 / 297)
    for k, what in ((1, "below"), (2, "above")):
        assert found[f"{what}_high"] - found[what] == pytest.approx(1.959964 * error[k], rel=1e-6)


def test_a_referral_of_the_very_day_makes_an_advocate() -> None:
    dates = pd.to_datetime(["2024-05-01", "2024-06-01"])
    orders = pd.DataFrame({"customer_id": ["a", "a"], "order_date": dates})
    leads = pd.DataFrame({"lead_id": [], "created": pd.to_datetime([]), "converted": pd.to_datetime([])})
    brought = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-06-30"])})
    assert loyalty.ladder(orders, leads, brought, "2024-06-30").to_dict() == {"a": "advocate"}
    assert loyalty.ladder(orders, leads, brought, "2024-06-29").to_dict() == {"a": "repeat"}
