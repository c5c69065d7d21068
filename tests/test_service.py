"""Erlang C against published examples and a simulation, issues behind calls, control charts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import service


@pytest.mark.parametrize(("agents", "level"), [(11, 0.3896), (12, 0.6402), (13, 0.7956), (14, 0.8884)])
def test_textbook_example_of_200_calls_an_hour(agents: int, level: float) -> None:
    """200 calls an hour of 180 s, answered within 20 s (the usual example of workforce-management textbooks)."""
    found = service.erlang_c(200, 3600, 180, agents, within=20).iloc[0]
    assert found["load"] == pytest.approx(10)
    assert found["service_level"] == pytest.approx(level, abs=5e-5)


def test_textbook_example_with_14_agents() -> None:
    found = service.erlang_c(200, 3600, 180, 14, within=20).iloc[0]
    assert found["p_wait"] == pytest.approx(0.1741, abs=5e-5)
    assert found["asa"] == pytest.approx(7.836, abs=5e-4)
    assert found["occupancy"] == pytest.approx(0.7143, abs=5e-5)
    assert service.required_agents(200, 3600, 180, target=0.80, within=20).tolist() == [14]


def test_example_of_tanner_with_55_agents() -> None:
    """360 calls in 30 minutes of 240 s, 55 agents, within 15 s (M. Tanner's published worked example)."""
    found = service.erlang_c(360, 1800, 240, 55, within=15).iloc[0]
    assert found["load"] == pytest.approx(48)
    assert found["p_wait"] == pytest.approx(0.2387, abs=5e-5)
    assert found["service_level"] == pytest.approx(0.8459, abs=5e-5)
    assert found["asa"] == pytest.approx(8.184, abs=1e-3)


def test_one_agent_is_the_queue_m_m_1() -> None:
    """With one agent the chance of waiting is the load, the mean wait load·aht/(1 − load)."""
    found = service.erlang_c(10, 3600, 180, 1, within=0).iloc[0]
    assert found["p_wait"] == pytest.approx(0.5)
    assert found["asa"] == pytest.approx(0.5 * 180 / 0.5)
    assert found["service_level"] == pytest.approx(0.5)


@given(st.floats(0.1, 400), st.integers(1, 60))
def test_more_agents_never_serve_worse(load: float, spare: int) -> None:
    staff = np.floor(load) + np.arange(1, spare + 2)
    found = service.erlang_c(load, 180, 180, staff)
    assert (found["service_level"].diff().dropna() >= -1e-12).all()
    assert (found["asa"].diff().dropna() <= 1e-9).all()
    assert found["p_wait"].between(0, 1).all()


@given(st.floats(0.0, 300), st.floats(0.3, 0.99))
def test_required_agents_is_the_fewest(load: float, target: float) -> None:
    staff = service.required_agents(load, 180, 180, target)[0]
    assert service.erlang_c(load, 180, 180, staff)["service_level"].iloc[0] >= target
    if staff > 1:
        assert service.erlang_c(load, 180, 180, staff - 1)["service_level"].iloc[0] < target


def test_too_few_agents_means_an_endless_queue() -> None:
    found = service.erlang_c([200, 0], 3600, 180, 10)
    assert found.loc[0, ["p_wait", "service_level", "asa"]].to_list() == [1.0, 0.0, np.inf]
    assert found.loc[1, ["p_wait", "service_level", "asa"]].to_list() == [0.0, 1.0, 0.0]


def test_a_large_centre_does_not_overflow() -> None:
    found = service.erlang_c(10_000, 1800, 360, 2050).iloc[0]
    assert 0.05 < found["p_wait"] < 0.5 and np.isfinite(found["asa"])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"calls": -1}, "calls .*: -1"),
        ({"calls": np.nan}, "calls .* missing"),
        ({"aht": 0}, "aht .* not above 0"),
        ({"interval_s": 0}, "interval_s is a length"),
        ({"within": -5}, "within is a time"),
        ({"agents": 0}, "agents .* below 1"),
        ({"agents": 2.5}, "agents .* not whole"),
        ({"agents": 1e9}, "agents .* above 100000"),
    ],
)
def test_bad_input_of_erlang_c_is_named(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        service.erlang_c(**{"calls": 200, "interval_s": 3600, "aht": 180, "agents": 12, "within": 20} | wrong)


def test_a_target_of_100_per_cent_cannot_be_staffed() -> None:
    with pytest.raises(ValueError, match="above 0 and below 1; got 1"):
        service.required_agents(200, 3600, 180, target=1)


# --- simulation ---------------------------------------------------------------------------------------


def test_the_next_free_agent_takes_the_call() -> None:
    assert service.simulate_queue([0, 5, 10, 100], [60, 20, 10, 5], agents=1).tolist() == [0, 55, 70, 0]
    assert service.simulate_queue([0, 5, 10, 100], [60, 20, 10, 5], agents=2).tolist() == [0, 0, 15, 0]


def test_agents_come_and_go_between_calls() -> None:
    wait = service.simulate_queue([0, 1, 2, 200], [100, 100, 10, 10], agents=[1, 1, 2, 1])
    assert wait.tolist() == [0, 99, 0, 0]


def test_who_goes_home_finishes_the_call() -> None:
    """Two agents busy to 100 and 50; one leaves: the one free first, so the next call waits for the other."""
    assert service.simulate_queue([0, 0, 10], [100, 50, 5], agents=[2, 2, 1]).tolist() == [0, 0, 90]


def test_simulated_waits_agree_with_erlang_c() -> None:
    """A long run of Poisson calls and exponential talks: 400 000 calls, 14 agents, load 10 (seed fixed)."""
    rng = np.random.default_rng(11)
    n = 400_000
    wait = service.simulate_queue(rng.exponential(18, n).cumsum(), rng.exponential(180, n), 14)
    said = service.erlang_c(200, 3600, 180, 14).iloc[0]
    assert (wait > 0).mean() == pytest.approx(said["p_wait"], abs=0.006)
    assert (wait <= 20).mean() == pytest.approx(said["service_level"], abs=0.005)
    assert wait.mean() == pytest.approx(said["asa"], abs=0.5)


@pytest.mark.parametrize(
    ("arrival", "talk", "agents", "says"),
    [
        ([5, 0], [1, 1], 1, "in order of time"),
        ([0, np.nan], [1, 1], 1, "arrival_s .* missing"),
        ([0, 5], [1], 1, "differ in length"),
        ([0, 5], [1, -1], 1, "talk_s .* below 0"),
        ([0, 5], [1, 1], 0, "agents .* below 1"),
    ],
)
def test_bad_queues_are_refused(arrival: list[float], talk: list[float], agents: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        service.simulate_queue(arrival, talk, agents)


# --- issues -------------------------------------------------------------------------------------------

CHAIN = pd.DataFrame(
    {
        "caller_id": ["a", "a", "a", "b", "c", "c"],
        "reason": ["late", "late", "late", "late", "late", "invoice"],
        "date": pd.to_datetime(["2024-11-01", "2024-11-06", "2024-11-12", "2024-11-02", "2024-11-02", "2024-11-03"]),
    }
)


def test_six_calls_are_four_issues_and_three_of_four_settled_at_once() -> None:
    """The fixture of the curriculum: a chain of three calls (each within 7 days of the last) is one issue."""
    found = service.issues(CHAIN)
    assert len(found) == 4
    assert (found["calls"] == 1).mean() == 0.75
    assert found["calls"].sum() == len(CHAIN)


def test_a_window_of_five_days_breaks_the_chain() -> None:
    found = service.issues(CHAIN, window=5)
    assert sorted(found["calls"]) == [1, 1, 1, 1, 2]


def test_order_of_rows_does_not_matter() -> None:
    turned = service.issues(CHAIN.iloc[::-1])
    pd.testing.assert_frame_equal(turned, service.issues(CHAIN))


def test_bad_calls_are_refused() -> None:
    with pytest.raises(KeyError, match="no column reason in calls"):
        service.issues(CHAIN.drop(columns="reason"))
    with pytest.raises(ValueError, match="1 or more, whole; got 0"):
        service.issues(CHAIN, window=0)
    with pytest.raises(ValueError, match="1 of 6 rows is missing"):
        service.issues(CHAIN.assign(date=CHAIN["date"].where(CHAIN.index > 0)))


# --- control charts -----------------------------------------------------------------------------------


def test_p_chart_limits_with_5_per_cent_of_400() -> None:
    """p̄ = .05, n = 400: limits .0173 and .0827 (Montgomery's formula by hand)."""
    chart = service.p_chart([20, 18, 22], [400, 400, 400])
    assert chart["lower"].iloc[0] == pytest.approx(0.0173, abs=5e-5)
    assert chart["upper"].iloc[0] == pytest.approx(0.0827, abs=5e-5)
    assert not chart["signal"].any()


def test_u_chart_by_hand() -> None:
    """u = 40 events in 20 units: ū = 2; limits 2 ± 3·√(2/5) with 5 units a period."""
    chart = service.u_chart(pd.Series([8, 12, 10, 10], index=list("abcd")), [5, 5, 5, 5])
    assert chart["centre"].eq(2).all() and list(chart.index) == list("abcd")
    assert chart["upper"].iloc[0] == pytest.approx(2 + 3 * np.sqrt(0.4))
    assert chart["lower"].iloc[0] == pytest.approx(2 - 3 * np.sqrt(0.4))


def test_a_disturbed_period_does_not_set_its_own_limits() -> None:
    counts, base = [5, 6, 4, 30], [True, True, True, False]
    assert service.u_chart(counts, [1] * 4, base)["centre"].iloc[0] == 5
    assert service.u_chart(counts, [1] * 4, base)["signal"].to_list() == [False, False, False, True]


def test_false_alarms_are_rare() -> None:
    rng = np.random.default_rng(1)
    assert service.u_chart(rng.poisson(40, 20_000), np.full(20_000, 2.0))["signal"].mean() < 0.006
    assert service.p_chart(rng.binomial(400, 0.2, 20_000), np.full(20_000, 400))["signal"].mean() < 0.006


@pytest.mark.parametrize("chart", [service.u_chart, service.p_chart])
def test_bad_periods_are_refused(chart: object) -> None:
    assert callable(chart)
    with pytest.raises(ValueError, match="differ in length"):
        chart([1, 2], [10])
    with pytest.raises(ValueError, match=r"(exposure|n)\b.*: 1 of"):
        chart([1, 2], [10, 0])
    with pytest.raises(ValueError, match="count: 1 of"):
        chart([1, -2], [10, 10])
    with pytest.raises(ValueError, match="base marks 0 of 2 periods"):
        chart([1, 2], [10, 10], base=[False, False])


def test_a_share_above_one_is_no_share() -> None:
    with pytest.raises(ValueError, match="count exceeds n in 1 periods"):
        service.p_chart([5, 11], [10, 10])


# --- charts for means, rules for runs --------------------------------------------------------


def test_xbar_limits_by_hand() -> None:
    """Two samples of two with spread 1 and 1: s_p = 1/√2·√2 = 1 … limits x̄̄ ± 3/√2."""
    samples = pd.DataFrame({"a": [9.0, 11.0], "b": [9 + 2**0.5, 11 - 2**0.5]})
    chart = service.xbar_chart(samples)
    assert chart["centre"].to_list() == pytest.approx([10.0, 10.0])
    assert (chart["upper"] - chart["centre"]).to_list() == pytest.approx([3 / 2**0.5] * 2)


def test_xbar_limits_may_lie_below_zero() -> None:
    chart = service.xbar_chart(pd.DataFrame({"a": [-1.0, 1.0], "b": [1.0, -1.0]}))
    assert chart["lower"].iloc[0] == pytest.approx(-3.0)


def test_spread_between_samples_does_not_widen_the_limits() -> None:
    rng = np.random.default_rng(1)
    calm = pd.DataFrame(rng.normal(100, 1, (50, 5)))
    moved = calm.add(np.repeat([0.0, 4.0], 25), axis=0)
    width = [float((c["upper"] - c["centre"]).iloc[0]) for c in map(service.xbar_chart, (calm, moved))]
    assert width[0] == pytest.approx(width[1])
    assert not service.xbar_chart(calm)["signal"].any()


@pytest.mark.parametrize(
    ("z", "rule"),
    [
        ([0, 3.1], 1),
        ([0, -3.1], 1),
        ([2.1, 0, 2.1], 2),
        ([2.1, -2.1, 0], 0),
        ([1.1, 1.2, -0.5, 1.1, 1.3], 3),
        ([1.1, 1.2, -0.5, 1.1, -1.3], 0),
        ([0.1] * 8, 4),
        ([0.1] * 7 + [-0.1], 0),
        ([2.1, 2.1, 0.5], 0),
    ],
)
def test_each_western_electric_rule(z: list[float], rule: int) -> None:
    """The rules of Western Electric (1956), at the point that completes the pattern."""
    chart = pd.DataFrame({"rate": z, "centre": 0.0, "lower": -3.0, "upper": 3.0})
    assert service.runs(chart).iloc[-1] == rule


def test_false_alarms_of_the_four_rules_come_every_92_points() -> None:
    """Average run lengths of Champ and Woodall (1987): 91.75 with all four rules; rule 1 alone 370.4."""
    z = np.random.default_rng(16).normal(size=(4000, 1000))
    first, first_alone = [], []
    for row in z:
        rule = service.runs(pd.DataFrame({"rate": row, "centre": 0.0, "lower": -3.0, "upper": 3.0})).to_numpy()
        first.append(np.argmax(rule > 0) + 1 if (rule > 0).any() else 1000)
        first_alone.append((rule == 1).mean())
    assert np.mean(first) == pytest.approx(91.75, abs=6)  # standard error about 1.4
    assert 1 / np.mean(first_alone) == pytest.approx(370.4, rel=0.06)


def test_a_limit_cut_at_zero_is_not_taken_for_three_errors() -> None:
    chart = service.p_chart([1, 1, 1, 2], [50, 50, 50, 50])
    assert chart["lower"].eq(0).all() and service.runs(chart).eq(0).all()


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (pd.DataFrame({"a": [1.0, 2.0]}), "at least 2"),
        (pd.DataFrame({"a": [1.0, np.nan], "b": [2.0, 3.0]}), "column a: 1 of 2 rows is missing"),
        (pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0]}), "without spread"),
    ],
)
def test_bad_samples_are_refused(samples: pd.DataFrame, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        service.xbar_chart(samples)


def test_bad_limits_bases_and_charts_are_refused() -> None:
    good = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 3.0]})
    with pytest.raises(ValueError, match="base marks 0 of 2"):
        service.xbar_chart(good, [False, False])
    with pytest.raises(TypeError, match="column b must hold"):
        service.xbar_chart(good.assign(b=["x", "y"]))
    with pytest.raises(KeyError, match="no column lower, upper in chart"):
        service.runs(pd.DataFrame({"rate": [1.0], "centre": [1.0]}))
    with pytest.raises(ValueError, match="without width"):
        service.runs(pd.DataFrame({"rate": [1.0], "centre": [1.0], "lower": [1.0], "upper": [1.0]}))


def test_within_twenty_seconds_unless_said_otherwise() -> None:
    """13 agents answer 79.56 % of the textbook's calls within 20 s, and 79.9 % within 21."""
    assert service.required_agents(200, 3600, 180, target=0.798).tolist() == [14]
    assert service.required_agents(200, 3600, 180, target=0.798, within=21).tolist() == [13]


def test_issues_stand_in_the_order_in_which_they_began() -> None:
    calls = pd.DataFrame({"caller_id": list("zab"), "reason": "late",
                          "date": pd.to_datetime(["2024-11-01", "2024-11-20", "2024-11-10"])})  # fmt: skip
    assert service.issues(calls)["caller_id"].to_list() == ["z", "b", "a"]


def test_a_limit_cut_at_one_is_not_taken_for_three_errors_either() -> None:
    """Seven periods of 49 in 50 and one of 46: p̄ = .9725, three errors are .0694, and the upper limit stops at 1."""
    high = service.p_chart([49] * 7 + [46], [50] * 8)
    low = service.p_chart([1] * 7 + [4], [50] * 8)
    assert high["upper"].eq(1).all() and low["lower"].eq(0).all()
    assert (high["centre"] - high["lower"]).to_list() == pytest.approx([3 * np.sqrt(0.9725 * 0.0275 / 50)] * 8)
    assert service.runs(high).eq(0).all() and service.runs(low).eq(0).all()


def test_agents_are_on_duty_before_the_clock_starts() -> None:
    assert service.simulate_queue([-10, -5], [60, 1], agents=2).tolist() == [0, 0]
