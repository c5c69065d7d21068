"""What the tables of leaving and coming back show of the core, and the mobile operator: what is planted is there."""

import numpy as np
import pandas as pd
import pytest

from crmlab.company import COURSE_PEOPLE, COURSE_SEED, PARAMETERS, World, firm, simulate
from crmlab.company.cases.mobile import REASONS
from crmlab.company.views.leaving import POSTS

NAMES = (
    "exit_survey", "payments", "web_visits", "listening_posts", "retention_test", "lost_customers", "winback_test",
    "save_calls", "agents", "telecom_panel", "telecom_winback", "subscriptions", "truth/retention", "truth/winback",
    "truth/exits", "exit_interviews", "truth/save_calls", "truth/telecom", "truth/defection",
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(COURSE_SEED, COURSE_PEOPLE)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED, only=NAMES)


def first_lives(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return tables["subscriptions"].query("life == 1")


# ---- listening posts -------------------------------------------------------------------------------------


def test_posts_cover_every_month_of_every_first_life(tables: dict[str, pd.DataFrame]) -> None:
    months = first_lives(tables)["months"].sum()
    assert len(tables["listening_posts"]) == len(tables["web_visits"]) == months
    assert len(tables["payments"]) == tables["subscriptions"]["months"].sum()


def test_each_post_shows_its_signal_of_the_defection_path(world: World, tables: dict[str, pd.DataFrame]) -> None:
    path = world["defection"]
    signals = path["signals"][path["active"]]
    for name in ("purchase", "front_line", "critical_event"):
        assert tables["listening_posts"][name].sum() == signals[:, POSTS.index(name)].sum()
    assert tables["web_visits"]["cancel_page"].sum() == signals[:, POSTS.index("web")].sum()
    late = tables["payments"].query(f"days_late >= {PARAMETERS.leaving.late_from}")
    assert len(late) == signals[:, POSTS.index("receivables")].sum()
    assert (late["subscription_id"] % 10 == 1).all()  # of first lives: a second life has no path


def test_posts_ring_more_often_in_discontent(tables: dict[str, pd.DataFrame]) -> None:
    posts = tables["listening_posts"].merge(
        tables["truth/defection"].assign(discontent=1), on=["customer_id", "month"], how="left"
    )
    spell = posts["discontent"].notna()
    for name in ("purchase", "front_line", "critical_event"):
        k = POSTS.index(name)
        inside, outside = PARAMETERS.leaving.signal_in[k], PARAMETERS.leaving.signal_out[k]
        assert posts.loc[spell, name].mean() == pytest.approx(inside, abs=4 * np.sqrt(inside / spell.sum()))
        assert posts.loc[~spell, name].mean() == pytest.approx(outside, abs=4 * np.sqrt(outside / (~spell).sum()))


def test_engaged_subscribers_visit_more_and_stay_longer(tables: dict[str, pd.DataFrame]) -> None:
    visits = tables["web_visits"].groupby("customer_id")["visits"].mean()
    ended = first_lives(tables).set_index("customer_id")["ended"]
    assert visits[ended].mean() < 0.8 * visits[~ended].mean()


# ---- tests and surveys -----------------------------------------------------------------------------------


def test_the_exit_survey_names_price_twice_as_often_as_it_is_true(tables: dict[str, pd.DataFrame]) -> None:
    said = (tables["exit_survey"]["cause"] == "price").mean()
    true = (tables["truth/exits"]["cause"] == "price").mean()
    assert 0.50 < said < 0.62 and 0.20 < true < 0.30
    answers = tables["truth/exits"].query("answers").set_index("customer_id")["says"]
    told = tables["exit_survey"].set_index("customer_id")
    assert (told["cause"].astype(str) == answers.astype(str).reindex(told.index)).all() and told["text"].notna().all()


def test_long_interviews_find_the_true_cause_behind_what_was_said(tables: dict[str, pd.DataFrame]) -> None:
    talks = tables["exit_interviews"].merge(tables["exit_survey"], on="customer_id")
    talks = talks.merge(tables["truth/exits"], on="customer_id", suffixes=("_said", "_true"))
    assert len(talks) == len(tables["exit_interviews"]) > 150
    assert (talks["said"] == talks["cause_said"]).all() and (talks["meant"] == talks["cause_true"]).all()
    assert 0.3 < (talks.query("said == 'price'")["meant"] == "price").mean() < 0.6


def test_the_retention_test_shows_the_outcome_of_the_arm_that_was_drawn(tables: dict[str, pd.DataFrame]) -> None:
    both = tables["retention_test"].merge(tables["truth/retention"], on="customer_id")
    assert len(both) == len(tables["truth/retention"])
    expected = np.where(both["arm"] == "called", both["leaves_if_called"], both["leaves_if_not_called"])
    assert (both["left"] == expected).all()
    assert (both.loc[~both["left"], "boxes"] == firm.MONTHS - PARAMETERS.retention.retention_month).all()
    assert (both["called"] == (both["arm"] == "called")).all() and (both["tenure"] > 0).all()


def test_openness_is_receptiveness_with_a_little_noise(world: World, tables: dict[str, pd.DataFrame]) -> None:
    test = tables["retention_test"]
    person = test["customer_id"].str[1:].astype(int) - 1
    true = world["people"]["receptive_score"].to_numpy()[person]
    assert np.std(test["openness"] - true) == pytest.approx(0.25, abs=0.03)


def test_the_win_back_test_shows_the_outcome_of_its_arm(tables: dict[str, pd.DataFrame]) -> None:
    both = tables["winback_test"].merge(tables["truth/winback"].drop(columns="arm"), on="customer_id")
    for arm in ("none", "gift", "discount"):
        rows = both[both["arm"] == arm]
        assert (rows["returned"] == rows[f"returns_{arm}"]).all()
    assert ((both["second_life_months"] > 0) == both["returned"]).all()
    second = tables["subscriptions"].query("life == 2").set_index("customer_id")["months"]
    seen = both.set_index("customer_id")["second_life_months"]
    assert seen[second.index].equals(second.astype(seen.dtype).rename("second_life_months"))


def test_lost_customers_are_those_of_the_win_back_test(tables: dict[str, pd.DataFrame]) -> None:
    lost, first = tables["lost_customers"], first_lives(tables).set_index("customer_id")
    assert set(lost["customer_id"]) == set(tables["winback_test"]["customer_id"])
    assert (lost["last_month"] < "2024-07-01").all()
    assert (lost["months"].to_numpy() == first.loc[lost["customer_id"], "months"].to_numpy()).all()
    assert lost["first_life_value"].to_numpy() == pytest.approx(lost["margin"] * lost["months"], abs=0.01 * 36)
    assert 0.5 < lost["cause"].notna().mean() < 0.7


# ---- save calls ------------------------------------------------------------------------------------------


def test_who_is_saved_stays_three_months_and_who_is_not_leaves(tables: dict[str, pd.DataFrame]) -> None:
    calls = tables["save_calls"].merge(first_lives(tables), on="customer_id")
    end = calls["last_month"].fillna(pd.Timestamp("2024-12-01"))
    later = (end.dt.year - calls["date"].dt.year) * 12 + end.dt.month - calls["date"].dt.month
    assert (later[calls["saved"]] >= PARAMETERS.saving.stays_months).all() and (later[~calls["saved"]] == 0).all()
    assert 0.3 < calls["saved"].mean() < 0.5


def test_agents_differ_and_the_truth_says_by_how_much(tables: dict[str, pd.DataFrame]) -> None:
    effect = tables["truth/save_calls"].set_index("term")["log_odds"].loc[tables["agents"]["agent_id"]]
    assert 0.2 < effect.std() < 0.55
    rate = tables["save_calls"].groupby("agent_id")["saved"].agg(["size", "mean"])
    big = rate[rate["size"] >= 80]
    assert np.corrcoef(big["mean"], effect[big.index])[0, 1] > 0.3


# ---- the mobile operator ---------------------------------------------------------------------------------


def test_the_panel_has_8_000_lines_over_24_months_each_leaving_once(tables: dict[str, pd.DataFrame]) -> None:
    panel = tables["telecom_panel"]
    assert panel["line_id"].nunique() == 8_000 and panel["month"].max() == 24
    last = panel.groupby("line_id")["month"].max()
    leavers = panel[panel["left"]]
    assert leavers["line_id"].is_unique and (last[leavers["line_id"]].to_numpy() == leavers["month"].to_numpy()).all()
    assert (last.drop(leavers["line_id"]) == 24).all()


def test_contracts_bind_and_then_let_go(tables: dict[str, pd.DataFrame]) -> None:
    panel = tables["telecom_panel"]
    rate = panel.groupby(panel["contract_left"].clip(upper=1))["left"].mean()
    assert rate[1] / rate[-1] == pytest.approx(PARAMETERS.mobile.within_contract, abs=0.08)
    assert rate[0] / rate[-1] == pytest.approx(PARAMETERS.mobile.contract_end, rel=0.25)


def test_use_falls_before_a_line_leaves(tables: dict[str, pd.DataFrame]) -> None:
    panel = tables["telecom_panel"]
    last = panel["line_id"].map(panel[panel["left"]].set_index("line_id")["month"])
    minutes = panel.groupby((last - panel["month"]).clip(upper=6))["minutes"].mean()
    assert minutes[0] / minutes[6] == pytest.approx(0.8**3, abs=0.06)


def test_lost_lines_say_price_and_return_as_planted(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["telecom_winback"].merge(tables["truth/telecom"], on="line_id", suffixes=("", "_true"))
    left = tables["telecom_panel"].query("left and month <= 18")
    assert set(test["line_id"]) == set(left["line_id"])
    asked = test[test["reason"].notna()]
    share = asked["reason_true"].value_counts(normalize=True)[list(REASONS)].to_numpy()
    says = share @ np.array(PARAMETERS.mobile.line_says_price)
    assert (asked["reason"] == "price").mean() == pytest.approx(says, abs=0.04)
    assert (test.query("not returned")[["months", "revenue"]] == 0).all().all()
    assert test.loc[test["returned"], "months"].between(1, 6).all()


def test_a_small_company_has_a_small_operator_with_the_same_first_lines() -> None:
    small, large = (simulate(5, size, ["telecom_panel"])["telecom_panel"] for size in (430, 860))
    assert small["line_id"].nunique() == 400
    pd.testing.assert_frame_equal(small, large.iloc[: len(small)])
