"""Experiments and budgets: published numbers, closed forms, coverage, bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from crmlab import decide


def test_z_of_60_and_45_in_1000_is_1_504() -> None:
    """Verified arithmetic of the instrument catalogue, 10.05."""
    found = decide.ab_test(60, 1000, 45, 1000)
    assert found["estimate"] == pytest.approx(0.015) and found["z"] == pytest.approx(1.504, abs=5e-4)


def test_interval_of_newcombe_1998_method_10() -> None:
    """56/70 against 48/80: .0524 to .3339 (Newcombe 1998, table II, example a)."""
    found = decide.ab_test(56, 70, 48, 80)
    assert found["low"] == pytest.approx(0.0524, abs=5e-5) and found["high"] == pytest.approx(0.3339, abs=5e-5)


def test_ab_interval_covers_at_small_rates() -> None:
    rng = np.random.default_rng(10)
    k1, k0 = rng.binomial(400, 0.05, 1000), rng.binomial(1200, 0.02, 1000)
    found = pd.DataFrame([decide.ab_test(a, 400, b, 1200) for a, b in zip(k1, k0, strict=True)])
    held = (found["low"] <= 0.03) & (found["high"] >= 0.03)
    assert 0.93 <= np.mean(held) <= 0.97


@given(st.integers(0, 50), st.integers(0, 60))
def test_swapping_the_groups_turns_the_lift_round(k1: int, k0: int) -> None:
    one, two = decide.ab_test(k1, 50, k0, 60), decide.ab_test(k0, 60, k1, 50)
    assert one["estimate"] == pytest.approx(-two["estimate"]) and one["low"] == pytest.approx(-two["high"])
    assert one["low"] <= one["estimate"] <= one["high"]


def test_nobody_answers_gives_an_interval_and_no_z() -> None:
    found = decide.ab_test(0, 100, 0, 100)
    assert np.isnan(found["z"]) and found["low"] < 0 < found["high"]


@pytest.mark.parametrize("counts", [(11, 10, 1, 10), (-1, 10, 1, 10), (1, 0, 1, 10), (0.5, 10, 1, 10)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"successes|people"):
        decide.ab_test(*counts)


def test_mean_difference_is_welchs() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(3, 1, 40), rng.normal(2, 4, 70)
    found = decide.mean_difference(x, y)
    peer = CompareMeans(DescrStatsW(x), DescrStatsW(y))
    low, high = peer.tconfint_diff(usevar="unequal")
    assert found[["low", "high"]].to_list() == pytest.approx([low, high])
    assert found["p_value"] == pytest.approx(peer.ttest_ind(usevar="unequal")[1])


def test_mean_difference_refuses_gaps_text_and_constants() -> None:
    with pytest.raises(ValueError, match="treated: 1 of 3 rows is missing"):
        decide.mean_difference([1, 2, np.nan], [1, 2])
    with pytest.raises(TypeError, match="control must hold numbers"):
        decide.mean_difference([1, 2], ["a", "b"])
    with pytest.raises(ValueError, match="no spread"):
        decide.mean_difference([1, 1], [2, 2])
    with pytest.raises(ValueError, match="at least 2"):
        decide.mean_difference([1], [2, 3])


def test_sample_size_of_rs_power_prop_test() -> None:
    """R's documented example: power.prop.test(p1 = .50, p2 = .75, power = .90) gives n = 76.7 a group."""
    assert decide.sample_size(0.50, 0.25, power=0.90) == 77
    assert decide.sample_size(0.75, -0.25, power=0.90) == 77


def test_sample_size_has_the_power_it_promises_and_lehr_is_near() -> None:
    n = decide.sample_size(0.045, 0.015)
    rng = np.random.default_rng(3)
    k1, k0 = rng.binomial(n, 0.06, 4000), rng.binomial(n, 0.045, 4000)
    pooled = (k1 + k0) / (2 * n)
    z = (k1 - k0) / n / np.sqrt(2 * pooled * (1 - pooled) / n)
    assert 0.78 < np.mean(np.abs(z) > 1.96) < 0.82
    assert n == pytest.approx(16 * 0.0525 * 0.9475 / 0.015**2, rel=0.03)


@pytest.mark.parametrize(("base", "lift"), [(0.05, 0), (0, 0.1), (0.9, 0.2), (0.05, -0.1)])
def test_sample_size_refuses_what_cannot_be(base: float, lift: float) -> None:
    with pytest.raises(ValueError, match=r"lift|base"):
        decide.sample_size(base, lift)


A, B = (200.0, 100.0), (0.02, 0.05)
CURVES = {"a": lambda x: A[0] * (1 - np.exp(-B[0] * x)), "b": lambda x: A[1] * (1 - np.exp(-B[1] * x))}


@pytest.mark.parametrize("budget", [50.0, 100.0, 333.0])
def test_allocation_equals_lagranges_closed_form(budget: float) -> None:
    """max Σ a(1−e^(−bx)): ln μ = (Σ ln(ab)/b − budget)/Σ(1/b), x = (ln(ab) − ln μ)/b."""
    a, b = np.array(A), np.array(B)
    log_mu = ((np.log(a * b) / b).sum() - budget) / (1 / b).sum()
    found = decide.allocate(budget, CURVES, step=0.05)
    assert found["spend"].to_numpy() == pytest.approx((np.log(a * b) - log_mu) / b, abs=0.051)
    assert found["marginal"].to_numpy() == pytest.approx(np.exp(log_mu), rel=0.01)


def test_allocation_on_the_grid_beats_every_other_division() -> None:
    found = decide.allocate(100, CURVES)["value"].sum()
    others = [CURVES["a"](x) + CURVES["b"](100 - x) for x in range(101)]
    assert found == pytest.approx(max(others))


def test_money_that_earns_nothing_is_left() -> None:
    net = {"a": lambda x: CURVES["a"](x) - x}
    found = decide.allocate(1000, net)
    assert found.loc["a", "spend"] == pytest.approx(np.log(4) / 0.02, abs=1)
    gross = decide.allocate(1000, {"a": CURVES["a"]}, least=1.0)
    assert gross.loc["a", "spend"] == found.loc["a", "spend"]


def test_rising_returns_and_impossible_budgets_are_refused() -> None:
    with pytest.raises(ValueError, match="returns of 's' rise"):
        decide.allocate(10, {"s": lambda x: x**2})
    with pytest.raises(ValueError, match="budget"):
        decide.allocate(-1, CURVES)
    with pytest.raises(ValueError, match="step"):
        decide.allocate(1, CURVES, step=0)
    with pytest.raises(ValueError, match="empty"):
        decide.allocate(1, {})
    with pytest.raises(ValueError, match="finite"):
        decide.allocate(1, {"a": lambda x: np.nan})


def test_allocation_is_a_table_of_numbers() -> None:
    found = decide.allocate(0, CURVES)
    assert isinstance(found, pd.DataFrame) and (found["spend"] == 0).all() and found["marginal"].isna().all()


def test_sample_size_grows_with_the_level() -> None:
    """The formula by hand: .50 against .75, their mean .625, power .90; z is 1.960 at 5 % and 2.576 at 1 %."""
    for level, z in ((0.95, 1.95996), (0.99, 2.57583)):
        root = z * np.sqrt(2 * 0.625 * 0.375) + 1.28155 * np.sqrt(0.25 + 0.1875)
        assert decide.sample_size(0.50, 0.25, power=0.90, level=level) == np.ceil((root / 0.25) ** 2)


def test_a_step_that_only_earns_its_money_back_is_not_taken() -> None:
    even = decide.allocate(10, {"even": lambda spent: spent}, least=1.0)
    assert even.loc["even", "spend"] == 0 and np.isnan(even.loc["even", "marginal"])


def wilson(successes: int, n: int, z: float) -> tuple[float, float]:
    middle, half = successes + z**2 / 2, z * np.sqrt(successes * (n - successes) / n + z**2 / 4)
    return (middle - half) / (n + z**2), (middle + half) / (n + z**2)


def test_newcombes_interval_follows_its_level_in_both_groups() -> None:
    """Method 10 by hand from two Wilson intervals of 90 % (z = 1.644854)."""
    (low1, high1), (low0, high0) = wilson(56, 70, 1.644854), wilson(48, 80, 1.644854)
    found = decide.ab_test(56, 70, 48, 80, level=0.9)
    assert found["low"] == pytest.approx(0.2 - np.hypot(0.8 - low1, high0 - 0.6), abs=1e-6)
    assert found["high"] == pytest.approx(0.2 + np.hypot(high1 - 0.8, 0.6 - low0), abs=1e-6)


def test_the_p_value_of_two_rates_is_that_of_chi_square_without_correction() -> None:
    from scipy.stats import chi2_contingency

    found = decide.ab_test(60, 1000, 45, 1000)
    assert found["p_value"] == pytest.approx(chi2_contingency([[60, 940], [45, 955]], correction=False).pvalue)


def test_welchs_interval_follows_its_level() -> None:
    x, y = np.array([1.0, 4, 2, 8, 5]), np.array([0.0, 1, 2, 1])
    low, high = CompareMeans(DescrStatsW(x), DescrStatsW(y)).tconfint_diff(alpha=0.2, usevar="unequal")
    assert decide.mean_difference(x, y, level=0.8)[["low", "high"]].to_list() == pytest.approx([low, high])


def test_the_last_step_of_a_budget_is_paid_although_a_tenth_has_no_exact_float() -> None:
    """.3/.1 is 2.9999999999999996 to the computer, and three steps to everybody else."""
    found = decide.allocate(0.3, {"a": lambda spent: 10 * spent}, step=0.1)
    assert found.loc["a", "spend"] == pytest.approx(0.3)


@pytest.mark.parametrize("people", [10.5, 9.999])
def test_half_a_person_is_nobody(people: float) -> None:
    with pytest.raises(ValueError, match=f"people in the treated group, 1 or more, whole; got {people}"):
        decide.ab_test(1, people, 1, 10)  # type: ignore[arg-type]
    assert decide.ab_test(1, 10.0, 1, 10)["estimate"] == 0  # type: ignore[arg-type]
