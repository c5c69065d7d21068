"""Rates shrunk by empirical Bayes, and decision trees rolled back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import winback


def counts(k: list[float], n: list[float]) -> tuple[pd.Series, pd.Series]:
    index = pd.Index(list("abcdefghijklmnopqrstuvwxyz")[: len(k)])
    return pd.Series(k, index=index), pd.Series(n, index=index)


def test_six_of_ten_is_pulled_to_267_by_a_prior_of_mean_one_fifth_and_weight_fifty() -> None:
    """The toy of the curriculum: (50 × .2 + 6)/(50 + 10) = .267, with mean and weight as many groups show them."""
    rng = np.random.default_rng(1)
    n = np.full(200, 60)
    k = rng.binomial(n, rng.beta(10, 40, 200))
    found = winback.shrink_rates(pd.Series([6, *k]), pd.Series([10, *n]))
    assert found.attrs["mean"] == pytest.approx(0.2, abs=0.02)
    assert found.attrs["weight"] == pytest.approx(50, rel=0.35)
    assert found["shrunk"].iloc[0] == pytest.approx(0.267, abs=0.02)


def test_with_few_groups_the_interval_still_holds_the_true_rate_in_95_of_100() -> None:
    """Seven groups of 15 to 170, as in the win-back test; the best single prior would cover far less."""
    rng = np.random.default_rng(2)
    n = np.array([140, 40, 20, 15, 20, 18, 165])
    held, error, raw = [], [], []
    for spread in (20, 60, 1000):
        for _ in range(20):
            true = rng.beta(0.15 * spread, 0.85 * spread, 7)
            found = winback.shrink_rates(pd.Series(rng.binomial(n, true)), pd.Series(n))
            held += ((found["low"] < true) & (true < found["high"])).to_list()
            error += ((found["shrunk"] - true) ** 2).to_list()
            raw += ((found["rate"] - true) ** 2).to_list()
    assert 0.92 < np.mean(held) < 0.99 and np.mean(error) < 0.6 * np.mean(raw)


def test_groups_that_do_not_differ_are_pulled_together() -> None:
    found = winback.shrink_rates(*counts([20, 41, 10, 29], [100, 200, 50, 150]))
    assert np.ptp(found["shrunk"]) < 0.5 * np.ptp(found["rate"])


def test_rates_lie_between_the_raw_rate_and_the_mean() -> None:
    found = winback.shrink_rates(*counts([60, 28, 6, 2], [200, 100, 10, 10]))
    mean = found.attrs["mean"]
    low, high = np.minimum(found["rate"], mean), np.maximum(found["rate"], mean)
    assert found["shrunk"].between(low - 0.01, high + 0.01).all()


@pytest.mark.parametrize(("k", "n", "message"), [
    ([1, 2], [0, 5], "trials: .* row 'a': 0"), ([9, 2], [5, 5], "'a' has more successes"), ([1], [5], "at least 2"),
    ([1, -2], [5, 5], "successes: .* row 'b': -2"), ([1, float("nan")], [5, 5], "successes: .* row 'b'"),
    ([1, 1.5], [5, 5], "whole numbers"), ([0, 0], [5, 5], "0 successes in 10"), ([5, 5], [5, 5], "do not differ"),
])
def test_bad_counts_are_named(k: list[float], n: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        winback.shrink_rates(*counts(k, n))


def test_other_refusals() -> None:
    k, n = counts([1, 2], [5, 5])
    with pytest.raises(ValueError, match="index of successes and of trials differ"):
        winback.shrink_rates(k, n.iloc[::-1])
    with pytest.raises(ValueError, match="level"):
        winback.shrink_rates(k, n, level=95)


# ---- decision trees --------------------------------------------------------------------------------------


def offer(chance: float) -> dict[str, object]:
    sent = {"chance": {"returns": (chance, 100.0), "stays away": (1 - chance, -20.0)}}
    return {"choose": {"offer": sent, "leave": 0}}


def test_value_of_perfect_information_of_the_curriculum() -> None:
    """.3 × 100 − .7 × 20 = 16; knowing before, .3 × 100 = 30; EVPI 14."""
    assert winback.roll_back(offer(0.3)) == (pytest.approx(16.0), ["offer"])
    known = {"chance": {"would return": (0.3, {"choose": {"offer": 100, "leave": 0}}),
                        "would not": (0.7, {"choose": {"offer": -20, "leave": 0}})}}
    value, choices = winback.roll_back(known)
    assert value == pytest.approx(30.0) and value - winback.roll_back(offer(0.3))[0] == pytest.approx(14.0)
    assert choices == ["would return → offer", "would not → leave"]


def test_a_cost_of_asking_is_taken_off() -> None:
    ask = {"choose": {"ask first": (15, {"chance": {"yes": (0.3, offer(1.0)), "no": (0.7, offer(0.0))}}),
                      "do not ask": offer(0.3)}}
    assert winback.roll_back(ask) == (pytest.approx(16.0), ["do not ask", "do not ask → offer"])
    ask["choose"]["ask first"] = (13, ask["choose"]["ask first"][1])
    assert winback.roll_back(ask)[0] == pytest.approx(17.0)


@given(st.floats(0, 1))
def test_a_free_test_never_hurts(chance: float) -> None:
    informed = {"chance": {"a": (chance, offer(1.0)), "b": (1 - chance, offer(0.0))}}
    assert winback.roll_back(informed)[0] >= winback.roll_back(offer(chance))[0] - 1e-9


@pytest.mark.parametrize(("tree", "message"), [
    ({"chance": {"a": (0.5, 1), "b": (0.6, 1)}}, "the root: the probabilities 0.5, 0.6"),
    ({"choose": {"x": {"chance": {"a": (-0.5, 1), "b": (1.5, 1)}}}}, "x: the probability of 'a'"),
    ({"choose": {}}, "needs branches"), ({"perhaps": {"a": 1}}, "a node is a number"), ("ten", "a node is a number"),
    ({"choose": {"a": float("nan")}}, "a: the value is a number of yuan"),
    ({"chance": {"a": 3}}, r"\(probability, node\)"),
    (True, "a node is a number"),
])
def test_a_wrong_tree_is_named_by_its_place(tree: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        winback.roll_back(tree)


def test_choices_behind_an_impossible_branch_are_not_told() -> None:
    never = {"chance": {"asked": (0.0, {"choose": {"shout": 1, "leave": 0}}), "not asked": (1.0, 5)}}
    assert winback.roll_back(never) == (5.0, [])


def test_shrunk_rates_are_the_posterior_mean_by_another_route() -> None:
    """Beta-binomial chances of the counts over a grid of means and pulls (Daniels 1999), summed here by SciPy."""
    from scipy.stats import betabinom

    k, n = np.array([60, 9, 2, 1]), np.array([200, 40, 10, 10])
    typical = len(n) / (1 / n).sum()
    total, shrunk = 0.0, np.zeros(4)
    for mean in np.arange(0.01, 1, 0.02):
        for pull in np.arange(0.02, 1, 0.04):
            weight = pull / (1 - pull) * typical
            chance = betabinom.pmf(k, n, weight * mean, weight * (1 - mean)).prod()
            total += chance
            shrunk += chance * (weight * mean + k) / (weight + n)
    found = winback.shrink_rates(*counts(k.tolist(), n.tolist()))
    np.testing.assert_allclose(found["shrunk"], shrunk / total, atol=0.004)


def test_the_interval_follows_its_level() -> None:
    """With many trials it is nearly normal: half of 50 % to half of 95 % as .674 to 1.960."""
    wide, narrow = (winback.shrink_rates(*counts([200, 240], [400, 400]), level=level) for level in (0.95, 0.5))
    ratio = (narrow["high"] - narrow["low"]) / (wide["high"] - wide["low"])
    np.testing.assert_allclose(ratio, 0.67449 / 1.95996, rtol=0.06)


def test_probabilities_half_a_per_cent_short_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up to 1"):
        winback.roll_back({"chance": {"a": (0.5, 1), "b": (0.495, 1)}})


def test_of_two_equal_choices_the_first_is_taken() -> None:
    assert winback.roll_back({"choose": {"leave": 5, "offer": (1, 6)}}) == (5.0, ["leave"])
