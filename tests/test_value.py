"""Customer value: conventions, identities, planted truths, and what bad input is told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaln

from crmlab import value

amounts = st.lists(st.floats(0, 1e6), min_size=1, max_size=60).filter(lambda values: sum(values) > 1e-3)


# ABC ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("convention", "classes"), [("inclusive", "AABBC"), ("before", "AAABB")])
def test_abc_conventions_of_the_worked_example(convention, classes):
    table = pd.DataFrame({"customer_id": list("tsrqp"), "amount": [7, 8, 10, 25, 50]})
    result = value.abc(table, convention=convention)
    assert "".join(result["class"]) == classes and "".join(result["customer_id"]) == "pqrst"
    assert result["cumulative_share"].to_list() == pytest.approx([0.5, 0.75, 0.85, 0.93, 1])


def test_abc_cuts_are_inclusive_to_the_last_digit():
    table = pd.DataFrame({"amount": [0.5, 0.3, 0.15, 0.05]})  # .5 + .3 is .8 only up to rounding
    assert "".join(value.abc(table)["class"]) == "AABC"
    assert "".join(value.abc(table, convention="before")["class"]) == "AABC"


def test_abc_inclusive_denies_a_to_a_customer_who_is_more_than_the_cut():
    table = pd.DataFrame({"amount": [90, 6, 4]})
    assert "".join(value.abc(table)["class"]) == "BCC"
    assert "".join(value.abc(table, convention="before")["class"]) == "ABC"


@given(amounts.filter(lambda values: min(values) < max(values)))
def test_abc_keeps_every_row_once_and_shares_sum_to_one(values):
    table = pd.DataFrame({"customer_id": range(len(values)), "amount": values})
    for convention in ("inclusive", "before"):
        result = value.abc(table, convention=convention)
        assert sorted(result["customer_id"]) == list(range(len(values)))
        assert result["share"].sum() == pytest.approx(1)
        assert result["class"].is_monotonic_increasing and result["amount"].is_monotonic_decreasing
        if convention == "inclusive":
            assert result.loc[result["class"] == "A", "share"].sum() <= 0.8 + 1e-9


# Concentration ------------------------------------------------------------------------------------------


def test_gini_of_the_worked_example():
    assert value.gini([1, 2, 3, 4, 90]) == pytest.approx(0.72, abs=1e-12)


@given(amounts)
def test_gini_lies_between_zero_and_n_minus_one_over_n_and_is_twice_the_lorenz_area(values):
    gini = value.gini(values)
    assert -1e-9 <= gini <= (len(values) - 1) / len(values) + 1e-9
    held = np.append(0, np.sort(values).cumsum()) / np.sum(values)
    assert gini == pytest.approx(1 - 2 * np.trapezoid(held, np.linspace(0, 1, len(held))), abs=1e-9)


def test_concentration_of_equal_customers_and_of_one():
    assert value.gini([3, 3, 3]) == pytest.approx(0) and value.gini([5]) == 0


# RFM ----------------------------------------------------------------------------------------------------


@pytest.fixture
def ten() -> pd.DataFrame:
    return pd.DataFrame({
        "customer_id": list("abcdefghij"),
        "recency": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "frequency": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "monetary": [50, 40, 30, 20, 10, 5, 4, 3, 2, 1],
    })


def test_rfm_scores_ten_customers_in_fifths(ten):
    scored = value.rfm(ten)
    assert scored["r"].to_list() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]  # few days since the last are best
    assert scored["f"].to_list() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert scored["cell"].to_list()[:2] == ["515", "515"]


def test_nested_and_independent_quintiles_differ(ten):
    nested = value.rfm(ten, nested=True)
    assert nested["r"].equals(value.rfm(ten)["r"])
    assert nested["f"].to_list() == [1, 3] * 5  # each R fifth holds two customers: nobody worse, or half
    assert not nested["f"].equals(value.rfm(ten)["f"])


def test_equal_values_score_the_same_whatever_the_row_order(ten):
    tied = ten.assign(frequency=[1, 1, 1, 1, 1, 1, 2, 2, 3, 9])
    scored = value.rfm(tied)
    assert scored["f"].to_list() == [1, 1, 1, 1, 1, 1, 4, 4, 5, 5]  # ties: unequal bins, 2 and 3 empty
    shuffled = value.rfm(tied.sample(frac=1, random_state=3)).sort_values("customer_id")
    assert shuffled["cell"].to_list() == scored["cell"].to_list()


@given(st.lists(st.tuples(*[st.integers(0, top) for top in (99, 9, 99)]), min_size=5, max_size=40))
def test_rfm_scores_never_contradict_the_measures(rows):
    measures = pd.DataFrame(rows, columns=["recency", "frequency", "monetary"])
    if (measures.min() == measures.max()).any():
        with pytest.raises(ValueError, match="ranks nobody"):
            value.rfm(measures)
        return
    scored = value.rfm(measures)
    for name, score, sign in [("recency", "r", -1), ("frequency", "f", 1), ("monetary", "m", 1)]:
        assert scored[score].between(1, 5).all()
        ordered = scored.assign(key=sign * scored[name]).sort_values("key")
        assert ordered[score].is_monotonic_increasing
        assert scored.groupby(name)[score].transform("min").equals(scored[score])


# Break-even selection -----------------------------------------------------------------------------------


def test_break_even_of_hughes_is_1_375_percent():
    cells = pd.DataFrame({"cell": ["x", "y"], "contacts": [10**7] * 2, "responses": [137_600, 137_400]})
    chosen = value.select_cells(cells, cost=0.55, profit=40)
    assert dict(zip(chosen["cell"], chosen["mail"], strict=True)) == {"x": True, "y": False}
    assert chosen["index"].iloc[0] == pytest.approx((chosen["shrunk"].iloc[0] / 0.01375 - 1) * 100)


def test_shrinkage_recovers_the_planted_beta_and_beats_raw_rates():
    better = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = rng.beta(3, 97, 125)
        contacts = rng.integers(5, 400, 125)
        responses = rng.binomial(contacts, truth)
        cells = pd.DataFrame({"contacts": contacts, "responses": responses, "truth": truth})
        chosen = value.select_cells(cells, cost=1, profit=40)
        error = ((chosen[["rate", "shrunk"]].sub(chosen["truth"], axis=0)) ** 2).mean()
        better.append(error["shrunk"] < error["rate"])
        assert chosen["shrunk"].between(0, 1).all() and chosen["probability"].between(0, 1).all()
    assert np.mean(better) == 1


def test_shrinkage_is_at_the_maximum_of_the_beta_binomial_likelihood():
    rng = np.random.default_rng(5)
    n = rng.integers(20, 500, 60)
    k = rng.binomial(n, rng.beta(2, 48, 60))
    chosen = value.select_cells(pd.DataFrame({"contacts": n, "responses": k}), cost=1, profit=40)
    n, k, shrunk = (chosen[name].to_numpy(float) for name in ("contacts", "responses", "shrunk"))
    # shrunk·(w+n) = a + k is linear in a and w = a + b: solve for them, then look around
    (a, w), *_ = np.linalg.lstsq(np.column_stack([np.ones(60), -shrunk]), shrunk * n - k, rcond=None)

    def llf(a, b):
        return (betaln(a + k, b + n - k) - betaln(a, b)).sum()
    around = [llf(a * (1 + i), (w - a) * (1 + j)) for i in (-0.03, 0, 0.03) for j in (-0.03, 0, 0.03)]
    assert max(around) == pytest.approx(llf(a, w - a), abs=1e-3)


def test_cells_that_differ_by_chance_only_get_the_overall_rate():
    cells = pd.DataFrame({"contacts": [1000] * 6, "responses": [30, 29, 31, 30, 30, 30]})
    chosen = value.select_cells(cells, cost=1, profit=40)
    np.testing.assert_allclose(chosen["shrunk"], 0.03, rtol=0.01)


# Rankings and tiers -------------------------------------------------------------------------------------


def test_perfect_foresight_and_chance_frame_every_score():
    rng = np.random.default_rng(1)
    profit = pd.Series(rng.gamma(0.5, 100, 1000) - 5)
    scores = pd.DataFrame({"noisy": profit + rng.normal(0, 60, 1000), "wrong": -profit, "flat": 1.0})
    table = value.compare_rankings(scores, profit)
    best = profit.nlargest(100).sum() / profit.sum()
    assert table.loc["perfect foresight"].to_list() == pytest.approx([best, 1, 1])
    assert table.loc["chance", "capture"] == pytest.approx(0.1)
    assert table.loc["flat", ["capture", "spearman"]].to_list() == pytest.approx([0.1, 0])  # all tied
    assert table.loc["wrong", "spearman"] == pytest.approx(-1)
    assert 0.1 < table.loc["noisy", "capture"] < best
    assert list(table.index) == ["noisy", "flat", "wrong", "perfect foresight", "chance"]


def test_ties_at_the_line_count_in_equal_part():
    table = value.compare_rankings({"tied": [2, 1, 1, 0]}, [10, 6, 2, 2], top=0.5)
    assert table.loc["tied", "capture"] == pytest.approx((10 + (6 + 2) / 2) / 20)


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=40).filter(lambda v: sum(v) > 1), st.floats(0.05, 1))
def test_no_score_beats_perfect_foresight(profit, top):
    rng = np.random.default_rng(0)
    table = value.compare_rankings({"random": rng.integers(0, 3, len(profit))}, profit, top)
    assert table.loc["random", "efficiency"] <= 1 + 1e-9


# Bad input ----------------------------------------------------------------------------------------------

good = {"recency": [1, 2, 3], "frequency": [1, 2, 3], "monetary": [5.0, 6.0, 7.0]}


@pytest.mark.parametrize(("make", "message"), [
    (lambda: value.abc(pd.DataFrame({"amount": [5, -1, 2]})), "amount: 1 of 3 rows is below 0"),
    (lambda: value.abc(pd.DataFrame({"amount": [5, np.nan]})), "1 of 2 rows is missing"),
    (lambda: value.abc(pd.DataFrame({"amount": ["5", "6"]})), "amount must hold numbers"),
    (lambda: value.abc(pd.DataFrame({"amount": []}, dtype=float)), "amount is empty"),
    (lambda: value.abc(pd.DataFrame({"amount": [4, 4]})), "same in all 2 rows"),
    (lambda: value.abc(pd.DataFrame({"amount": [0, 0]})), "0 in all 2 rows"),
    (lambda: value.abc(pd.DataFrame({"revenue": [1]})), "no column amount in table; there are revenue"),
    (lambda: value.abc(pd.DataFrame({"amount": [1, 2], "customer_id": [7, 7]})), "1 of 2 rows repeat"),
    (lambda: value.abc([1, 2]), "must be a pandas table, got list"),
    (lambda: value.abc(pd.DataFrame({"amount": [1, 2]}), cuts=(0.9, 0.8)), "cuts must rise"),
    (lambda: value.abc(pd.DataFrame({"amount": [1, 2]}), convention="after"), "convention"),
    (lambda: value.gini([1, -2]), "whale curve"), (lambda: value.gini([0, 0]), "no total to share"),
    (lambda: value.gini([]), "values is empty"),
    (lambda: value.rfm(pd.DataFrame(good)), "3 customers cannot be cut into 5 bins"),
    (lambda: value.rfm(pd.DataFrame({**good, "frequency": 1}), bins=3), "frequency is 1 for all 3"),
    (lambda: value.rfm(pd.DataFrame({**good, "recency": [1, 2, -1]}), bins=3), "recency: 1 of 3 rows"),
    (lambda: value.rfm(pd.DataFrame({**good, "monetary": ["a", "b", "c"]}), bins=3), "monetary must"),
    (lambda: value.rfm(pd.DataFrame({**good, "customer_id": [1, 1, 1]}), bins=3), "2 of 3 rows repeat"),
    (lambda: value.rfm(pd.DataFrame(good).drop(columns="recency")), "no column recency"),
    (lambda: value.rfm(pd.DataFrame(good), bins=1), "bins is a number of scores, 2 or more and at most 9"),
    (lambda: value.select_cells(pd.DataFrame({"contacts": [5], "responses": [6]}), 1, 9), "exceed contacts"),
    (lambda: value.select_cells(pd.DataFrame({"contacts": [5], "responses": [0]}), 1, 9), "no rate"),
    (lambda: value.select_cells(pd.DataFrame({"contacts": [0], "responses": [0]}), 1, 9), "below 1"),
    (lambda: value.select_cells(pd.DataFrame({"contacts": [5], "responses": [1]}), 0, 9), "above 0; got 0"),
    (lambda: value.compare_rankings({"a": [1, 2]}, [1, 2, 3]), "differ in length"),
    (lambda: value.compare_rankings({"a": pd.Series([1, 2])}, pd.Series([1, 2], index=[5, 6])), "and of realised"),
    (lambda: value.compare_rankings({"a": [1, np.nan]}, [1, 2]), "score a: 1 of 2 rows is missing"),
    (lambda: value.compare_rankings({"a": [1, 2]}, [1, -2]), "positive total"),
    (lambda: value.compare_rankings({"a": [1]}, [1]), "realised has 1 row"),
    (lambda: value.compare_rankings({"a": [1, 2]}, [1, 2], top=0), "top is a share"),
])
def test_bad_input_is_named(make, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        make()


def test_functions_leave_their_input_alone(ten):
    before = ten.copy()
    value.rfm(ten)
    value.abc(ten, value="monetary")
    pd.testing.assert_frame_equal(ten, before)


# The last digit, small groups, and the figures of a decision ---------------------------------------------


def test_abc_before_the_line_is_exact_to_the_last_digit():
    """Shares before each row are 0, .7, .8 and .9; .8 is not below .8, though the sum in floats is."""
    table = pd.DataFrame({"amount": [7, 1, 1, 1]})
    assert "".join(value.abc(table, convention="before")["class"]) == "AABB"


def test_nested_money_is_ranked_among_those_of_equal_recency_and_frequency():
    """Two recency halves of four; in each, two frequency halves of two; in each pair the larger amount is best."""
    measures = pd.DataFrame({"recency": [1, 1, 1, 1, 9, 9, 9, 9], "frequency": [1, 1, 5, 5, 1, 1, 5, 5],
                             "monetary": [1, 2, 3, 4, 50, 60, 70, 80]})
    assert value.rfm(measures, bins=2, nested=True)["m"].to_list() == [1, 2] * 4
    assert value.rfm(measures, bins=2)["m"].to_list() == [1] * 4 + [2] * 4


def test_gain_and_probability_of_a_cell_by_hand():
    """gain = shrunk rate · profit − cost; the probability is the beta tail above break-even."""
    from scipy.stats import beta

    cells = pd.DataFrame({"contacts": [100, 80, 60, 200, 150], "responses": [9, 1, 4, 2, 6]})
    chosen = value.select_cells(cells, cost=1, profit=40)
    np.testing.assert_allclose(chosen["gain"], chosen["shrunk"] * 40 - 1)
    n, k, shrunk = (chosen[name].to_numpy(float) for name in ("contacts", "responses", "shrunk"))
    (a, w), *_ = np.linalg.lstsq(np.column_stack([np.ones(5), -shrunk]), shrunk * n - k, rcond=None)
    np.testing.assert_allclose(chosen["probability"], beta.sf(1 / 40, a + k, w - a + n - k), atol=1e-6)


def test_two_equal_cuts_are_none():
    with pytest.raises(ValueError, match=r"cuts must rise, got \(0.8, 0.8\)"):
        value.abc(pd.DataFrame({"amount": [1, 2]}), cuts=(0.8, 0.8))
