"""Lifetime value: published numbers, planted truths, identities, and what bad input is told."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import beta as beta_function
from scipy.stats import beta

from crmlab import clv

CDNOW = dict(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def real(name: str) -> pd.DataFrame:
    """Open real data; skip without them, except in CI, where their absence is a failure."""
    from crmlab import data

    try:
        return data.real(name)
    except data.NotHere as missing:
        if os.environ.get("CRMLAB_CI") == "1":
            raise
        pytest.skip(f"{name} is not here: {missing}")


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return clv.purchase_summary(real("cdnow_sample"), end="1997-09-30")


@pytest.fixture(scope="module")
def master() -> pd.DataFrame:
    return clv.purchase_summary(real("cdnow_master"), end="1997-09-30")


# Published numbers --------------------------------------------------------------------------------------


def test_bgnbd_on_the_cdnow_sample_gives_the_estimates_of_fader_hardie_lee_2005(sample):
    assert len(sample) == 2357
    rounded = sample.round(2)  # the published table of histories has two decimals
    fit = clv.BetaGeometricNBD(rounded["frequency"], rounded["recency"], rounded["age"]).fit()
    assert fit.converged
    np.testing.assert_allclose(fit.params, [0.242593, 4.413531, 0.792886, 2.425752], rtol=1e-4)
    assert fit.llf == pytest.approx(-9582.4256, abs=0.01)
    np.testing.assert_allclose(fit.bse, [0.01256, 0.37822, 0.18572, 0.70536], rtol=2e-3)
    assert fit.expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.22591, abs=2e-4)
    exact = clv.BetaGeometricNBD(sample["frequency"], sample["recency"], sample["age"]).fit()
    np.testing.assert_allclose(exact.params, [0.2426, 4.4135, 0.7929, 2.4258], rtol=1e-3)


def test_bgnbd_prediction_of_the_cdnow_hold_out(sample):
    orders = real("cdnow_sample")
    later = orders[orders["order_date"] > "1997-09-30"]
    days = later.drop_duplicates(["customer_id", "order_date"]).groupby("customer_id").size()
    actual = sample["customer_id"].map(days).fillna(0)
    fit = clv.BetaGeometricNBD(sample["frequency"], sample["recency"], sample["age"]).fit()
    predicted = fit.expected_purchases(39, sample["frequency"], sample["recency"], sample["age"])
    assert actual.sum() == 1882
    assert predicted.sum() == pytest.approx(1653.4, abs=0.5)
    assert np.corrcoef(actual, predicted)[0, 1] == pytest.approx(0.6256, abs=5e-4)
    assert (actual - predicted).abs().mean() == pytest.approx(0.7855, abs=5e-4)


def test_bgnbd_on_the_whole_cdnow_cohort_agrees_with_the_reference_run(master):
    fit = clv.BetaGeometricNBD(master["frequency"], master["recency"], master["age"]).fit()
    assert fit.nobs == 23570
    np.testing.assert_allclose(fit.params, [0.251624, 4.788943, 0.723434, 2.161088], rtol=1e-5)
    assert fit.llf == pytest.approx(-95368.443933, abs=1e-4)


def test_gamma_gamma_on_the_cdnow_sample_gives_the_estimates_of_fader_hardie_2013(sample):
    again = sample[sample["frequency"] > 0]
    assert len(again) == 946
    fit = clv.GammaGamma(again["frequency"], again["monetary"].round(2)).fit()
    np.testing.assert_allclose(fit.params, [6.248803, 3.744588, 15.447747], rtol=5e-4)
    assert fit.llf == pytest.approx(-4055.923, abs=0.05)


def test_gamma_gamma_on_the_whole_cdnow_cohort_agrees_with_the_reference_run(master):
    again = master[(master["frequency"] > 0) & (master["monetary"] > 0)]
    assert len(again) == 9450
    fit = clv.GammaGamma(again["frequency"], again["monetary"]).fit()
    np.testing.assert_allclose(fit.params, [6.27536, 3.62445, 14.98369], rtol=1e-4)
    assert fit.llf == pytest.approx(-40763.4763, abs=1e-3)


@pytest.mark.parametrize(("survivors", "params", "llf", "projected"), [
    (HIGH_END, [0.668090, 3.806110], -1611.158147, [0.46044, 0.378]),
    (REGULAR, [0.704077, 1.182042], -1680.265188, [0.22008, 0.17004]),
], ids=["High End", "Regular"])
def test_sbg_gives_the_estimates_of_fader_hardie_2007(survivors, params, llf, projected):
    fit = clv.ShiftedBetaGeometric.from_survivors(survivors).fit()
    np.testing.assert_allclose(fit.params, params, rtol=1e-5)
    assert fit.llf == pytest.approx(llf, abs=1e-4)
    np.testing.assert_allclose(fit.survival([8, 12]), projected, atol=5e-5)


def test_retention_rises_in_the_regular_cohort_as_published():
    life = np.repeat(np.arange(1, 8), -np.diff(REGULAR))
    life, observed = np.append(life, np.full(241, 7)), np.repeat([True, False], [759, 241])
    table = clv.contract_cohorts(np.zeros(1000, int), life, observed)
    assert table["customers"].to_list() == REGULAR
    published = [0.631, 0.742, 0.816, 0.853, 0.887, 0.907, 0.920]
    np.testing.assert_allclose(table["retention"][1:], published, atol=6e-4)


def test_prediction_for_the_customer_of_hardies_spreadsheet():
    cdnow = clv.BetaGeometricNBDResults.from_params(**CDNOW)
    assert cdnow.expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(1.2259, abs=2e-4)
    assert cdnow.probability_alive(2, 30.43, 38.86) == pytest.approx(0.7266, abs=2e-4)


@pytest.mark.parametrize(("i", "multiples"), [
    (0.10, [1.20, 1.75, 2.67, 4.50]), (0.12, [1.15, 1.67, 2.50, 4.09]),
    (0.14, [1.11, 1.59, 2.35, 3.75]), (0.16, [1.07, 1.52, 2.22, 3.46])])
def test_margin_multiples_of_gupta_lehmann_2003(i, multiples):
    found = [clv.clv_simple(1, r, i) for r in (0.6, 0.7, 0.8, 0.9)]
    np.testing.assert_allclose(found, multiples, atol=0.006)


def recency_chain(p: list[float], margin: float, mailing: float) -> tuple[np.ndarray, np.ndarray]:
    """Pfeifer and Carraway's chain: buy with p by recency and return to state 1, else one state further."""
    size = len(p) + 1
    chain = np.zeros((size, size))
    for state, buys in enumerate(p):
        chain[state, 0] += buys
        chain[state, state + 1] += 1 - buys
    chain[-1, -1] = 1
    return chain, np.array([margin - mailing, *[-mailing] * (len(p) - 1), 0])


def test_markov_chain_values_after_pfeifer_carraway_2000():
    chain, reward = recency_chain([0.3, 0.2, 0.15, 0.05], 40, 4)
    np.testing.assert_allclose(clv.markov_clv(chain, reward, 0.2),
                               [52.320, 5.554, 1.251, -1.820, 0], atol=1e-3)
    np.testing.assert_allclose(clv.markov_clv(chain, reward, 0.2, periods=4),
                               [50.115, 4.220, 0.592, -1.980, 0], atol=1e-3)
    chain, reward = recency_chain([0.3, 0.2, 0.15], 40, 4)  # no mailing after recency 3
    np.testing.assert_allclose(clv.markov_clv(chain, reward, 0.2), [53.149, 6.621, 2.644, 0], atol=1e-3)


# Planted truth ------------------------------------------------------------------------------------------


def simulate_bgnbd(rng: np.random.Generator, n: int, r: float, alpha: float, a: float, b: float):
    """Draw purchase histories in continuous time."""
    rate, p, age = rng.gamma(r, 1 / alpha, n), rng.beta(a, b, n), rng.uniform(26, 104, n)
    x, tx, now, alive = np.zeros(n, int), np.zeros(n), np.zeros(n), np.arange(n)
    while alive.size:
        now[alive] += rng.exponential(1 / rate[alive])
        alive = alive[now[alive] <= age[alive]]
        x[alive], tx[alive] = x[alive] + 1, now[alive]
        alive = alive[rng.random(alive.size) >= p[alive]]
    return x, tx, age, rate, p


def coverage(fits: list, truth: list[float]) -> pd.Series:
    assert all(fit.converged for fit in fits)
    return pd.DataFrame([((ends := fit.conf_int())["low"] <= truth) & (truth <= ends["high"])
                         for fit in fits]).mean()


def test_bgnbd_intervals_cover_the_planted_truth():
    truth = [0.9, 9.0, 0.8, 2.5]
    fits = [clv.BetaGeometricNBD(*simulate_bgnbd(np.random.default_rng(seed), 1500, *truth)[:3]).fit()
            for seed in range(100)]
    covered = coverage(fits, truth)
    assert (covered >= 0.88).all() and (covered <= 1).all(), covered
    np.testing.assert_allclose(np.median([fit.params for fit in fits], axis=0), truth, rtol=0.05)


def test_gamma_gamma_intervals_cover_the_planted_truth():
    truth, fits = [6.0, 3.5, 62.5], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x = 1 + rng.geometric(0.3, 1000)
        fits.append(clv.GammaGamma(x, rng.gamma(6 * x) / rng.gamma(3.5, 1 / 62.5, 1000) / x).fit())
    covered = coverage(fits, truth)
    assert (covered >= 0.88).all(), covered
    assert np.mean([fit.expected_spend(0, np.nan) for fit in fits]) == pytest.approx(150, rel=0.01)


def test_sbg_intervals_cover_the_planted_truth_under_staggered_starts():
    truth, fits = [0.765, 7.735], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        life, horizon = rng.geometric(rng.beta(*truth, 1500)), rng.integers(0, 24, 1500)
        fits.append(clv.ShiftedBetaGeometric(np.minimum(life, horizon), life <= horizon).fit())
    covered = coverage(fits, truth)
    assert (covered >= 0.90).all(), covered


def test_bgnbd_prediction_equals_what_simulated_customers_do_next():
    rng = np.random.default_rng(7)
    truth = dict(r=0.9, alpha=9.0, a=0.8, b=2.5)
    x, tx, age, rate, p = simulate_bgnbd(rng, 60_000, **truth)
    model = clv.BetaGeometricNBDResults.from_params(**truth)
    dead = np.where(x > 0, p / (p + (1 - p) * np.exp(-rate * (age - tx))), 0)  # given λ and p
    assert model.probability_alive(x, tx, age).mean() == pytest.approx((1 - dead).mean(), abs=0.004)
    future = (1 - dead) * (1 - np.exp(-rate * p * 52)) / p
    for low, high in [(0, 0), (1, 1), (2, 4), (5, 400)]:
        group = (low <= x) & (x <= high)
        predicted = model.expected_purchases(52, x[group], tx[group], age[group])
        assert predicted.mean() == pytest.approx(future[group].mean(), rel=0.03)


# Identities ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "at"), [
    (clv.BetaGeometricNBD([0, 2, 5, 0, 1], [0, 20, 30.5, 0, 3], [39, 39, 38, 30, 35]), [0.9, 9, 0.8, 2.5]),
    (clv.GammaGamma([1, 2, 4, 4], [120.0, 80.0, 150.0, 60.0]), [6, 4, 15]),
    (clv.ShiftedBetaGeometric([1, 1, 2, 5, 3, 0], [True, True, True, True, False, False]), [1.3, 2.2]),
], ids=["BG/NBD", "gamma–gamma", "sBG"])
def test_the_gradient_is_the_slope_of_the_likelihood(model, at):
    numeric = [(model.loglike(at + step) - model.loglike(at - step)) / 2e-6
               for step in 1e-6 * np.eye(len(at))]
    np.testing.assert_allclose(model.loglike_and_score(at)[1], numeric, rtol=1e-6, atol=1e-7)


def test_merging_equal_histories_changes_nothing():
    x, tx, age = [2, 0, 1], [20.0, 0.0, 3.0], [39.0, 30.0, 35.0]
    once, at = clv.BetaGeometricNBD(x, tx, age), [0.9, 9, 0.8, 2.5]
    assert clv.BetaGeometricNBD(x * 50, tx * 50, age * 50).loglike(at) == pytest.approx(50 * once.loglike(at))


@pytest.mark.parametrize("params", [(0.243, 4.414, 0.793, 2.426), (0.9, 9, 1.0, 2.5), (0.9, 9, 80, 1500),
                                    (0.9, 9, 0.6, 0.4), (5, 30, 3, 40)])
@pytest.mark.parametrize(("x", "age"), [(0, 0), (0, 50), (5, 50), (400, 150)])
def test_expected_purchases_equals_the_integral_over_dropout(params, x, age):
    """E[(1 − e^(−λpt))/p] by quadrature over p ~ beta(a, b+x), λ ~ gamma(r+x, α+T): no ₂F₁ in it."""
    r, alpha, a, b = params
    model = clv.BetaGeometricNBDResults(params)
    for t in (0.1, 52, 520):
        def gain(p, t=t):
            odds = t / (alpha + age)
            return -np.expm1(-(r + x) * np.log1p(p * odds)) / p if p else (r + x) * odds
        if a > 2:  # a smooth, narrow density: tell quad where it is
            peak, sd = beta.mean(a, b + x), beta.std(a, b + x)
            whole = quad(lambda p: gain(p) * beta.pdf(p, a, b + x), 0, 1, limit=500,
                         points=[max(peak - 9 * sd, 0), peak, min(peak + 9 * sd, 1)])[0]
        else:
            whole = quad(gain, 0, 1, weight="alg", wvar=(a - 1, b + x - 1), epsabs=0, epsrel=1e-9)[0]
            whole /= beta_function(a, b + x)
        history = (x, age if x else 0, age)
        alive = model.probability_alive(*history)
        assert model.expected_purchases(t, *history) == pytest.approx(alive * whole, rel=1e-5)
    if x == 0 and age == 0:
        assert model.expected_purchases_new(520) == pytest.approx(whole, rel=1e-5)


@given(st.floats(0.05, 50), st.floats(0.05, 50))
def test_sbg_survival_falls_from_one_and_retention_rises(alpha, beta):
    fit = clv.ShiftedBetaGeometricResults.from_params(alpha=alpha, beta=beta)
    survival, retention = fit.survival(np.arange(40)), fit.retention(np.arange(1, 40))
    assert survival[0] == pytest.approx(1) and (np.diff(survival) < 0).all()
    assert (np.diff(retention) > 0).all()
    np.testing.assert_allclose(survival[1:] / survival[:-1], retention, rtol=1e-8)


@given(st.floats(0.1, 20), st.floats(0.1, 20), st.integers(0, 30), st.floats(0.01, 0.99))
def test_derl_obeys_the_renewal_identity(alpha, beta, n, d):
    """DERL(n) = r(n+1)·(1 + DERL(n+1)/(1+d)): renew once, then stand one period on."""
    fit = clv.ShiftedBetaGeometricResults.from_params(alpha=alpha, beta=beta)
    here, there = fit.residual_lifetime([n, n + 1], d)
    assert here == pytest.approx(fit.retention(n + 1) * (1 + there / (1 + d)), rel=1e-8)


@pytest.mark.parametrize(("alpha", "beta"), [(0.668, 3.806), (0.704, 1.182), (3, 9)])
def test_derl_equals_the_brute_force_sum(alpha, beta):
    fit = clv.ShiftedBetaGeometricResults.from_params(alpha=alpha, beta=beta)
    for n in (0, 4):
        after = fit.survival(n + np.arange(1, 3000)) / fit.survival(n)
        total = (after / 1.1 ** np.arange(len(after))).sum()
        assert fit.residual_lifetime(n, 0.1) == pytest.approx(total, rel=1e-8)
        assert fit.residual_lifetime(n, 0.1, first_payment=1) == pytest.approx(total / 1.1, rel=1e-8)


def test_derl_without_discounting_is_the_mean_or_infinite():
    patient = clv.ShiftedBetaGeometricResults.from_params(alpha=3, beta=4)
    assert patient.residual_lifetime(0, 0) == pytest.approx(4 / (3 - 1))  # E[1/θ] − 1 = (α+β−1)/(α−1) − 1
    assert clv.ShiftedBetaGeometricResults.from_params(alpha=0.7, beta=4).residual_lifetime(0, 0) == np.inf


@given(st.floats(-1e4, 1e4), st.floats(0, 1), st.floats(0.01, 0.99))
def test_textbook_clv_is_margin_times_multiple_and_the_two_timings_differ_by_one_margin(m, r, i):
    late, now = clv.clv_simple(m, r, i), clv.clv_simple(m, r, i, first_margin=0)
    assert late == pytest.approx(m * r / (1 + i - r), abs=1e-6)
    assert now - late == pytest.approx(m, abs=1e-6)
    assert now == pytest.approx(m * (1 + i) / (1 + i - r), abs=1e-6)
    assert clv.clv_simple(m, r, i, periods=3000) == pytest.approx(late, rel=1e-6, abs=1e-6)
    chain = clv.markov_clv([[r, 1 - r], [0, 1]], [m, 0], i)
    assert chain[0] == pytest.approx(now, rel=1e-9, abs=1e-6)


def test_expected_spend_lies_between_the_customers_mean_and_everyones():
    spend = clv.GammaGammaResults.from_params(p=6.25, q=3.74, gamma=15.44)
    everyone = spend.expected_spend(0, np.nan)
    assert everyone == pytest.approx(6.25 * 15.44 / 2.74)
    x, z = np.tile([1, 5, 50], 2), np.repeat([10.0, 90.0], 3)
    expected = spend.expected_spend(x, z)
    assert ((np.minimum(z, everyone) < expected) & (expected < np.maximum(z, everyone))).all()
    assert (np.diff(np.abs(expected - z).reshape(2, 3)) < 0).all()  # more purchases, less shrinkage


def test_customer_value_equals_continuous_discounting_of_the_expected_purchases():
    seen = pd.DataFrame({"customer_id": [1, 2], "frequency": [2, 0], "recency": [30.43, 0],
                         "age": [38.86, 10.0], "monetary": [50.0, np.nan]})
    bgnbd = clv.BetaGeometricNBDResults.from_params(**CDNOW)
    spend = clv.GammaGammaResults.from_params(p=6.25, q=3.74, gamma=15.44)
    table = clv.customer_value(seen, bgnbd, spend, margin=0.4, weeks=104, annual_discount=0.15)
    weeks = np.linspace(0, 104, 20_001)
    for row, history in zip(table.itertuples(), seen.itertuples(), strict=True):
        bought = bgnbd.expected_purchases(weeks, history.frequency, history.recency, history.age)
        discounted = (np.diff(bought) * 1.15 ** (-(weeks[1:] + weeks[:-1]) / 104)).sum()
        assert row.value == pytest.approx(0.4 * row.expected_spend * discounted, rel=1e-4)
        assert row.expected_purchases == pytest.approx(bought[-1])
    free = clv.customer_value(seen, bgnbd, spend, margin=1, weeks=30, annual_discount=0)
    np.testing.assert_allclose(free["value"], free["expected_purchases"] * free["expected_spend"])


# Histories from orders ----------------------------------------------------------------------------------


def test_purchase_summary_counts_days_and_weeks_as_documented():
    orders = pd.DataFrame({
        "customer_id": ["a", "a", "a", "a", "b", "c"],
        "order_date": pd.to_datetime(["2023-01-01 09:00", "2023-01-01 18:00", "2023-01-08 23:59",
                                      "2023-01-29 00:00", "2023-01-29 12:00", "2023-01-30 00:00"]),
        "amount": [10.0, 5.0, 8.0, 20.0, 7.0, 9.0]})
    table = clv.purchase_summary(orders, end="2023-01-29").set_index("customer_id")
    assert list(table.index) == ["a", "b"]  # c came after the end
    assert table.loc["a"].to_list() == [2, 4.0, 4.0, 14.0]  # one day merged; the first day is in no mean
    assert table.loc["b"].drop("monetary").to_list() == [0, 0, 0] and np.isnan(table.loc["b", "monetary"])
    assert clv.purchase_summary(orders, end="2023-01-08")["frequency"].to_list() == [1]  # end is included


def test_purchase_summary_of_the_sample_equals_plain_pandas(sample):
    days = real("cdnow_sample").query("order_date <= '1997-09-30'").groupby(
        ["customer_id", "order_date"], as_index=False)["amount"].sum()
    for customer, group in list(days.groupby("customer_id"))[:400]:
        row = sample.set_index("customer_id").loc[customer]
        weeks = (group["order_date"] - group["order_date"].min()).dt.days / 7
        assert (row["frequency"], row["recency"]) == (len(group) - 1, pytest.approx(weeks.max()))
        assert row["age"] == (pd.Timestamp("1997-09-30") - group["order_date"].min()).days / 7
        if len(group) > 1:
            assert row["monetary"] == pytest.approx(group["amount"][1:].mean())


def test_contract_cohorts_stop_where_a_member_is_no_longer_followed():
    table = clv.contract_cohorts([1, 1, 2, 2], [2, 1, 3, 1], [False, True, True, True])
    assert table[table["cohort"] == 1]["customers"].to_list() == [2, 1, 1]
    assert table[table["cohort"] == 2]["customers"].to_list() == [2, 1, 1, 0]  # everybody's end was seen


# Results ------------------------------------------------------------------------------------------------


def test_results_speak_statsmodels():
    fit = clv.ShiftedBetaGeometric.from_survivors(REGULAR).fit()
    assert list(fit.params.index) == ["alpha", "beta"] and list(fit.bse.index) == ["alpha", "beta"]
    assert list(fit.summary().columns) == ["estimate", "se", "low", "high"]
    narrow, wide = fit.conf_int(0.5), fit.conf_int(0.99)
    assert (0 < wide["low"]).all() and (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all() and (wide["estimate"] == fit.params).all()
    assert "0x" not in repr(fit) and "alpha=0.7041" in repr(fit)


def test_predictions_keep_the_shape_and_the_labels_they_were_given():
    cdnow = clv.BetaGeometricNBDResults.from_params(**CDNOW)
    seen = pd.DataFrame({"x": [2, 0], "tx": [30.43, 0], "T": [38.86, 38.86]}, index=["p", "q"])
    assert cdnow.probability_alive(seen["x"], seen["tx"], seen["T"]).index.to_list() == ["p", "q"]
    assert cdnow.expected_purchases([1, 2, 3], 2, 30.43, 38.86).shape == (3,)
    assert isinstance(cdnow.expected_purchases_new(39), float)
    with pytest.raises(ValueError, match=r"index of .* differ"):
        cdnow.probability_alive(seen["x"], seen["tx"][::-1], seen["T"])


@pytest.mark.parametrize("model", [
    clv.ShiftedBetaGeometric.from_survivors([100, 90, 60, 10]),  # retention falls: no beta can do that
    clv.BetaGeometricNBD([3, 3, 3, 0], [30, 31, 32, 0], [40, 40, 40, 40]),
    clv.GammaGamma([3, 3, 3], [50.0, 50.1, 49.9]),
], ids=["sBG", "BG/NBD", "gamma–gamma"])
def test_a_fit_without_a_clear_maximum_says_so(model):
    with pytest.warns(clv.ConvergenceWarning, match="did not converge"):
        fit = model.fit()
    assert not fit.converged and "did not converge" in repr(fit)
    assert fit.summary()["warning"].str.contains("did not converge").all()


def test_a_good_fit_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert clv.ShiftedBetaGeometric.from_survivors(HIGH_END).fit().converged


@pytest.mark.parametrize(("make", "message"), [
    (lambda: clv.BetaGeometricNBD([1, 2], [3.0, 50.0], [39.0, 39.0]), "1 of 2 customers have recency after"),
    (lambda: clv.BetaGeometricNBD([0, 2], [3.0, 5.0], [39.0, 39.0]), "frequency 0 but recency above 0"),
    (lambda: clv.BetaGeometricNBD([2, 2], [0, 5.0], [39.0, 39.0]), "recency 0"),
    (lambda: clv.BetaGeometricNBD([1, -2], [3.0, 5.0], [39.0, 39.0]), "frequency: 1 of 2 rows is below 0"),
    (lambda: clv.BetaGeometricNBD([1, 1.5], [3.0, 5.0], [39.0, 39.0]), "not whole"),
    (lambda: clv.BetaGeometricNBD([1, 2], [3.0, np.nan], [39.0, 39.0]), "recency: 1 of 2 rows is missing"),
    (lambda: clv.BetaGeometricNBD(["1", "2"], [3.0, 5.0], [39.0, 39.0]), "frequency must hold numbers"),
    (lambda: clv.BetaGeometricNBD([], [], []), "empty"),
    (lambda: clv.BetaGeometricNBD([1, 1], [3.0, 3.0], [39.0, 39.0]), "same history"),
    (lambda: clv.BetaGeometricNBD([1], [3.0], [39.0]), "1 customers have the same history"),
    (lambda: clv.BetaGeometricNBD([0, 0], [0, 0], [39.0, 20.0]), "none of the 2 customers has a repeat"),
    (lambda: clv.BetaGeometricNBD([1, 2], [3.0], [39.0, 39.0]), "differ in length"),
    (lambda: clv.GammaGamma([1, 0], [3.0, 4.0]), "frequency: 1 of 2 rows is below 1"),
    (lambda: clv.GammaGamma([1, 2], [3.0, 0.0]), "1 of 2 rows are 0"),
    (lambda: clv.GammaGamma([1, 2], [3.0, -1.0]), "monetary: 1 of 2 rows is below 0"),
    (lambda: clv.GammaGamma([1, 2], [3.0, 3.0]), "same for all 2 customers"),
    (lambda: clv.ShiftedBetaGeometric([1, 0], [True, True]), "life is 0 for 1 of 2"),
    (lambda: clv.ShiftedBetaGeometric([1, 2], ["1", "0"]), "true/false or 1/0"),
    (lambda: clv.ShiftedBetaGeometric([3], [True]), "one customer"),
    (lambda: clv.ShiftedBetaGeometric([3, 4], [False, False]), "none of the 2 customers was seen to leave"),
    (lambda: clv.ShiftedBetaGeometric([1, 1], [True, True]), "none of the 2 customers was seen to renew"),
    (lambda: clv.ShiftedBetaGeometric.from_survivors([100, 110]), "never rising"),
    (lambda: clv.ShiftedBetaGeometric.from_survivors([100, 86.9]), "not whole"),
    (lambda: clv.BetaGeometricNBDResults.from_params(r=1, alpha=1), "needs r, alpha, a, b"),
    (lambda: clv.GammaGammaResults([1, 2, 0]), "not above 0"),
    (lambda: clv.GammaGammaResults([1, 0.5, 1]).expected_spend(0, 1.0), "infinite"),
    (lambda: clv.clv_simple(1, 1.2, 0.1), "r is retention"), (lambda: clv.clv_simple(1, 1, 0), "infinite"),
    (lambda: clv.clv_simple(1, 0.5, 0.1, first_margin=2), "first_margin"),
    (lambda: clv.markov_clv([[0.5, 0.4], [0, 1]], [1, 0], 0.1), "sum to 1"),
    (lambda: clv.markov_clv([[1.0]], [1, 0], 0.1), "square"),
    (lambda: clv.markov_clv([[1]], [1], 0), "d is a discount rate"),
])
def test_bad_input_is_named(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_customer_value_refuses_repeated_customers_and_odd_margins():
    seen = pd.DataFrame({"customer_id": [1, 1], "frequency": [2, 3], "recency": [30.43, 20],
                         "age": [38.86, 30.0], "monetary": [50.0, 60.0]})
    models = clv.BetaGeometricNBDResults.from_params(**CDNOW), clv.GammaGammaResults([6.25, 3.74, 15.44])
    with pytest.raises(ValueError, match="1 of 2 rows repeat an entry"):
        clv.customer_value(seen, *models, margin=0.4, weeks=52, annual_discount=0.1)
    with pytest.raises(ValueError, match="margin is a share"):
        clv.customer_value(seen[:1], *models, margin=40, weeks=52, annual_discount=0.1)
    with pytest.raises(KeyError, match="no column monetary"):
        clv.customer_value(seen.drop(columns="monetary"), *models, margin=0.4, weeks=52, annual_discount=0.1)


def test_importing_clv_leaves_the_heavy_libraries_alone():
    code = ("import sys; from crmlab import clv; "
            "print([m for m in ('scipy.optimize', 'scipy.special', 'statsmodels', 'matplotlib', 'polars', "
            "'duckdb', 'pyspark') if m in sys.modules])")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_search_that_stops_early_does_not_count_as_converged(monkeypatch):
    from scipy import optimize

    whole = optimize.minimize
    monkeypatch.setattr(optimize, "minimize", lambda *a, **k: whole(*a, **{**k, "options": {"maxiter": 2}}))
    with pytest.warns(clv.ConvergenceWarning, match="stopped early"):
        fit = clv.ShiftedBetaGeometric.from_survivors(REGULAR).fit()
    assert not fit.converged


def test_periods_name_the_last_one_counted():
    """100·.8/1.1 + 100·(.8/1.1)² with periods=2; the margin of today alone with periods=0."""
    ratio = 0.8 / 1.1
    assert clv.clv_simple(100, 0.8, 0.1, periods=2) == pytest.approx(100 * (ratio + ratio**2))
    assert clv.clv_simple(100, 0.8, 0.1, first_margin=0, periods=0) == 100


def test_a_mean_spend_at_the_edge_of_infinity_is_refused():
    """With q = 1 the mean over all customers diverges: p·x + q − 1 is 0 at x = 0."""
    at_the_edge = clv.GammaGammaResults.from_params(p=2, q=1, gamma=10)
    with pytest.raises(ValueError, match="expected spend is infinite"):
        at_the_edge.expected_spend(0, np.nan)
    assert at_the_edge.expected_spend(1, 30.0) == pytest.approx(2 * (10 + 30) / 2)


def test_the_summary_is_the_interval_to_four_decimals():
    fit = clv.ShiftedBetaGeometric.from_survivors(REGULAR).fit()
    found, ends = fit.summary(0.8), fit.conf_int(0.8)
    np.testing.assert_allclose(found[["low", "high"]], ends[["low", "high"]], atol=5.1e-5)
    np.testing.assert_allclose(np.log(ends["high"] / ends["low"]), 2 * 1.281552 * fit.bse / fit.params, rtol=1e-6)
    assert (found["se"] > 0).all()


@pytest.mark.parametrize(("survivors", "why"), [
    ([100, 90, 60, 10], "ran to the edge of the search"),  # retention falls
    ([1000, 500, 250, 125], "ran to the edge of the search"),  # one half at all times: nobody differs
    ([1000, 500, 252, 127], "almost flat"),  # nearly so: standard error 6.7 in ln α
])
def test_a_fit_says_why_it_has_no_clear_maximum(survivors, why):
    with pytest.warns(clv.ConvergenceWarning, match=why):
        fit = clv.ShiftedBetaGeometric.from_survivors(survivors).fit()
    assert why in fit.problem and not fit.converged


def test_a_fit_with_little_to_tell_apart_still_counts():
    fit = clv.ShiftedBetaGeometric.from_survivors([1000, 500, 253, 128]).fit()
    assert fit.converged and 4 < (fit.bse / fit.params).max() < 5


def test_a_cohort_stops_at_the_shortest_life_of_those_still_there():
    """One was last seen after one renewal, one after three: after the first period nobody knows of both."""
    table = clv.contract_cohorts(["Jan"] * 3, [1, 3, 2], [False, False, True])
    assert table["customers"].to_list() == [3, 3] and table["retention"].to_list()[1] == 1
