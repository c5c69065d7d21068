"""Survey instruments against published numbers, identities and planted truths."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import survey


def test_sample_size_of_cochran_1977() -> None:
    assert survey.sample_size(0.05) == 385
    assert survey.sample_size(0.05, population=1000) == 278


def test_sample_sizes_of_krejcie_and_morgan_1970_rounded_to_the_nearest() -> None:
    table = {10: 10, 100: 80, 500: 217, 1000: 278, 5000: 357, 9000: 368, 10000: 370, 1000000: 384}
    assert {n: survey.krejcie_morgan(n) for n in table} == table


@given(st.floats(0.005, 0.2), st.integers(10, 10**6))
def test_a_finite_population_never_needs_more(error: float, population: int) -> None:
    n = survey.sample_size(error, population=population)
    assert 1 <= n <= min(population, survey.sample_size(error))


@pytest.mark.parametrize("error", [0, 1, -0.1, 5])
def test_error_must_be_a_share(error: float) -> None:
    with pytest.raises(ValueError, match="error is a share"):
        survey.sample_size(error)


def test_neyman_allocation_of_three_strata() -> None:
    found = survey.allocate(pd.Series([500, 300, 200]), pd.Series([10, 20, 50]), 100)
    np.testing.assert_allclose(found, [23.8095, 28.5714, 47.6190], atol=1e-4)


def test_neyman_beats_proportional_allocation_on_a_known_population() -> None:
    rng = np.random.default_rng(1)
    strata = {"a": rng.normal(50, 3, 5000), "b": rng.normal(70, 25, 1000)}
    sizes = pd.Series({k: len(v) for k, v in strata.items()})
    spread = pd.Series({k: v.std() for k, v in strata.items()})

    def estimates(allocation: pd.Series) -> float:
        n = allocation.round().astype(int)
        means = [
            sum(rng.choice(v, n[k], replace=False).mean() * sizes[k] for k, v in strata.items()) / sizes.sum()
            for _ in range(400)
        ]
        return float(np.var(means))

    neyman = estimates(survey.allocate(sizes, spread, 120))
    assert neyman < 0.7 * estimates(survey.allocate(sizes, None, 120))


def test_alpha_is_one_for_identical_items_and_published_for_equal_correlations() -> None:
    x = np.random.default_rng(2).normal(size=200)
    same = pd.DataFrame({k: x for k in "abcde"})
    assert survey.cronbach_alpha(same) == pytest.approx(1)
    # Spearman–Brown: five items with mean correlation .5 have standardised alpha .8333
    root = np.linalg.cholesky(np.full((5, 5), 0.5) + 0.5 * np.eye(5))
    noise = np.random.default_rng(3).normal(size=(400, 5))
    noise = (noise - noise.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(noise.T))).T
    items = pd.DataFrame(noise @ root.T, columns=list("abcde"))
    assert survey.cronbach_alpha(items, standardised=True) == pytest.approx(5 / 6, abs=1e-10)
    assert survey.cronbach_alpha(items) == pytest.approx(5 / 6, abs=1e-10)


def test_item_report_finds_the_noise_and_the_reversed_item() -> None:
    rng = np.random.default_rng(4)
    trait = rng.normal(size=500)
    items = pd.DataFrame({f"good{k}": trait + 0.5 * rng.normal(size=500) for k in range(3)})
    items["noise"], items["reversed"] = rng.normal(size=500), -trait + 0.5 * rng.normal(size=500)
    report = survey.item_report(items)
    assert report.loc["reversed", "item_rest"] < -0.5
    assert abs(report.loc["noise", "item_rest"]) < 0.15
    assert report["alpha_without"].idxmax() == "reversed"


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (pd.DataFrame({"a": [1, 2]}), "at least 2"),
        (pd.DataFrame({"a": [1, None], "b": [1, 2]}), "column a: 1 of 2 rows is missing"),
        (pd.DataFrame({"a": [1, 1], "b": [1, 2]}), "a is the same in all 2 rows"),
    ],
)
def test_reliability_refuses_what_it_cannot_measure(items: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        survey.cronbach_alpha(items)


def test_reliability_refuses_text() -> None:
    with pytest.raises(TypeError, match="a must hold numbers"):
        survey.cronbach_alpha(pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}))


def test_poststratified_shares_are_those_of_the_population() -> None:
    stratum = pd.Series(list("aaaabbc"))
    population = pd.Series({"a": 200, "b": 500, "c": 300, "nobody lives here": 0})
    weights = survey.poststratify(stratum, population)
    assert weights.mean() == pytest.approx(1)
    found = weights.groupby(stratum).sum() / weights.sum()
    np.testing.assert_allclose(found, [0.2, 0.5, 0.3])


def test_poststratify_names_strangers_and_empty_strata() -> None:
    with pytest.raises(ValueError, match="unknown to the population: z"):
        survey.poststratify(pd.Series(["a", "z"]), pd.Series({"a": 1}))
    with pytest.raises(ValueError, match="nobody answered in b"):
        survey.poststratify(pd.Series(["a", "a"]), pd.Series({"a": 1, "b": 1}))


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_raking_meets_every_margin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"sex": rng.choice(list("fm"), 300), "age": rng.choice(list("yoz"), 300)})
    margins = {"sex": pd.Series({"f": 0.55, "m": 0.45}), "age": pd.Series({"y": 0.5, "o": 0.3, "z": 0.2})}
    weights = survey.rake(people, margins)
    assert weights.mean() == pytest.approx(1) and (weights > 0).all()
    for name, share in margins.items():
        found = weights.groupby(people[name]).sum() / weights.sum()
        np.testing.assert_allclose(found[share.index], share, atol=1e-8)


def test_raking_keeps_the_odds_ratio_of_deming_and_stephan_1940() -> None:
    people = pd.DataFrame({"a": ["x"] * 50 + ["y"] * 50, "b": ["p"] * 40 + ["q"] * 10 + ["p"] * 20 + ["q"] * 30})
    weights = survey.rake(people, {"a": pd.Series({"x": 3, "y": 7}), "b": pd.Series({"p": 4, "q": 6})})
    table = weights.groupby([people["a"], people["b"]]).sum()
    odds = table["x", "p"] * table["y", "q"] / (table["x", "q"] * table["y", "p"])
    assert odds == pytest.approx(40 * 30 / (10 * 20), rel=1e-6)


def test_impossible_margins_are_refused() -> None:
    people = pd.DataFrame({"a": ["x", "y"], "b": ["p", "q"]})
    with pytest.raises(ValueError, match="cannot be met together"):
        survey.rake(people, {"a": pd.Series({"x": 1, "y": 3}), "b": pd.Series({"p": 3, "q": 1})})


def test_interval_of_a_weighted_mean_covers() -> None:
    """Over 400 samples with unequal chances of answering, the 95 % interval holds the mean in .91–.99."""
    rng = np.random.default_rng(6)
    held = []
    for _ in range(400):
        group = rng.random(600) < 0.3
        y = rng.normal(np.where(group, 60.0, 75.0), 10)
        answers = rng.random(600) < np.where(group, 0.2, 0.6)
        label = pd.Series(np.where(group, "low", "high"))[answers]
        weights = survey.poststratify(label, pd.Series({"low": 0.3, "high": 0.7}))
        found = survey.weighted_mean(y[answers], weights, strata=label)
        held.append(found["low"] <= 0.3 * 60 + 0.7 * 75 <= found["high"])
    assert 0.91 <= np.mean(held) <= 0.99


def test_interval_of_a_plain_mean_covers() -> None:
    rng = np.random.default_rng(7)
    found = [survey.weighted_mean(rng.gamma(4, 2, 80)) for _ in range(400)]
    assert 0.91 <= np.mean([f["low"] <= 8 <= f["high"] for f in found]) <= 0.99


def test_weighted_mean_follows_its_level_and_counts_kish_people() -> None:
    wide, narrow = (survey.weighted_mean([1.0, 2, 4, 7], [1, 2, 3, 1], level=level) for level in (0.95, 0.5))
    assert (narrow["high"] - narrow["low"]) / (wide["high"] - wide["low"]) == pytest.approx(0.67449 / 1.95996, abs=1e-4)
    assert wide["n_eff"] == pytest.approx(49 / 15)  # (Σw)²/Σw²


def test_every_row_of_krejcie_and_morgan_that_a_rounded_chi_square_would_change() -> None:
    """With 3.84 instead of 3.841 three rows of their table would be one less."""
    assert [survey.krejcie_morgan(n) for n in (4000, 8000, 15000)] == [351, 367, 375]


def test_a_sample_of_a_finite_population_in_cochrans_other_form() -> None:
    """n = N·z²pq/((N−1)·e² + z²pq) is n0/(1 + (n0−1)/N) written otherwise."""
    spread = 1.959963984540054**2 * 0.25
    for population in range(1, 400):
        wanted = np.ceil(population * spread / ((population - 1) * 0.05**2 + spread) - 1e-9)
        assert survey.sample_size(0.05, population=population) == wanted


def test_a_stratum_is_never_asked_more_often_than_it_has_people() -> None:
    """Ten people of spread 100 would get 50 of 100 interviews: all ten are asked, and the rest goes to the others."""
    found = survey.allocate(pd.Series({"few": 10, "many": 990}), pd.Series({"few": 100.0, "many": 1.0}), 100)
    assert found.to_dict() == pytest.approx({"few": 10, "many": 90})


def test_after_post_stratification_each_answer_is_held_against_the_mean_of_its_stratum() -> None:
    """0, 0, 6 about 2 and 1, 3 about 2: squares 26; variance 26/25·5/4 = 1.3."""
    found = survey.weighted_mean([0.0, 0, 6, 1, 3], strata=list("aaabb"))
    assert found["high"] - found["estimate"] == pytest.approx(1.959964 * np.sqrt(1.3))


def test_spread_of_an_item_is_that_of_a_sample() -> None:
    report = survey.item_report(pd.DataFrame({"a": [1, 2, 3, 4], "b": [2, 2, 3, 4]}))
    assert report.loc["a", "std"] == pytest.approx(np.sqrt(5 / 3))
