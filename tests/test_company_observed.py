"""What the later tables show of the company: records, surveys, needs. Each planted effect is there, of its size."""

import numpy as np
import pandas as pd
import pytest

from crmlab.company import COURSE_PEOPLE, COURSE_SEED, PARAMETERS, World, simulate
from crmlab.company.views.surveys import CONSTRUCTS, index_100
from studies.spine import cramers_v

NAMES = (
    "customers", "orders", "crm_records", "order_records", "verified_sample", "truth/entities", "survey_frame",
    "survey_responses", "survey_modes", "behaviour_survey", "category_survey", "needs_survey", "kano_survey",
    "offer_test", "truth/survey", "truth/customers", "truth/kano", "truth/offer",
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(COURSE_SEED, COURSE_PEOPLE)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED, only=NAMES)


# --- records -----------------------------------------------------------------------------------------


def test_duplicates_inflate_the_headcount_by_9_to_13_per_cent(tables: dict[str, pd.DataFrame]) -> None:
    entity = tables["truth/entities"]
    assert 0.09 <= len(entity) / entity["customer_id"].nunique() - 1 <= 0.13


def test_duplicates_depress_mean_frequency(tables: dict[str, pd.DataFrame]) -> None:
    booked = tables["order_records"]
    per_record = booked["record_id"].value_counts().mean()
    per_customer = tables["orders"]["customer_id"].value_counts().mean()
    assert 0.01 < 1 - per_record / per_customer < 0.10


def test_every_record_has_its_person_and_orders_go_to_own_records(tables: dict[str, pd.DataFrame]) -> None:
    entity = tables["truth/entities"].set_index("record_id")["customer_id"]
    assert set(entity.index) == set(tables["crm_records"]["record_id"])
    booked = tables["order_records"].merge(tables["orders"], on="order_id")
    assert (booked["record_id"].map(entity) == booked["customer_id"]).all()


def test_records_of_one_person_mostly_agree_and_often_differ(tables: dict[str, pd.DataFrame]) -> None:
    records = tables["crm_records"].merge(tables["truth/entities"], on="record_id")
    pairs = records.merge(records, on="customer_id").query("record_id_x < record_id_y")
    digits = [pairs[f"phone_{side}"].str.replace(r"\D", "", regex=True).str[-11:] for side in "xy"]
    both = digits[0].notna() & digits[1].notna()
    assert 0.75 < (digits[0] == digits[1])[both].mean() < 0.92
    assert 0.80 < (pairs["name_x"] == pairs["name_y"]).mean() < 0.93
    assert 0.03 < (pairs["consent_x"] != pairs["consent_y"]).mean() < 0.30


def test_households_share_addresses_and_some_phones(world: World) -> None:
    people = world["identity"]
    head = people["household"].to_numpy()
    joined = np.flatnonzero(head != np.arange(len(head)))
    assert 0.10 < len(joined) / len(head) < 0.16
    assert (people["address"].to_numpy()[joined] == people["address"].to_numpy()[head[joined]]).all()
    shared = (people["phone"].to_numpy()[joined] == people["phone"].to_numpy()[head[joined]]).mean()
    assert 0.4 < shared < 0.6
    city = world["people"]["city"].to_numpy()
    assert (city[joined] == city[head[joined]]).all()


def test_verified_sample_tells_the_truth(tables: dict[str, pd.DataFrame], world: World) -> None:
    sample = tables["verified_sample"].merge(tables["truth/entities"], on="record_id")
    person = sample["customer_id"].str[1:].astype(int) - 1
    assert (sample["name"].to_numpy() == world["identity"]["name"].to_numpy()[person]).all()
    written = tables["crm_records"].set_index("record_id").loc[sample["record_id"]]
    right = written["name"].to_numpy() == sample["name"].to_numpy()
    assert 0.85 < right.mean() < 0.97


# --- satisfaction surveys ----------------------------------------------------------------------------


def weighted(frame: pd.DataFrame, answers: str) -> tuple[float, float, float]:
    """True mean, raw bias and bias after weighting by smiley, of the index on 0–100."""
    face = frame["smiley"].astype("Int64").astype("str").fillna("none")
    truth = frame["satisfaction"].mean()
    seen = frame[answers]
    share = face.value_counts(normalize=True)
    by_face = frame.loc[seen, "satisfaction"].groupby(face[seen]).mean()
    return truth, frame.loc[seen, "satisfaction"].mean() - truth, float(by_face @ share.loc[by_face.index]) - truth


def test_raw_satisfaction_is_three_points_high_and_weighting_repairs_it(tables: dict[str, pd.DataFrame]) -> None:
    frame = tables["survey_frame"].merge(tables["truth/survey"], on=["wave", "customer_id"])
    _, raw, repaired = weighted(frame, "answered")
    assert 3.0 <= raw <= 4.4
    assert abs(repaired) < 1.0


def test_answering_by_satisfaction_itself_cannot_be_weighted_away(tables: dict[str, pd.DataFrame]) -> None:
    frame = tables["survey_frame"].merge(tables["truth/survey"], on=["wave", "customer_id"])
    _, raw, repaired = weighted(frame, "answers_directly")
    assert raw > 4 and repaired > 3


def test_paths_hold_in_the_waves(world: World) -> None:
    """Planted paths between the latents of each wave, by least squares, within sampling error."""
    frame = world["waves"]
    for name, causes in PARAMETERS.satisfaction.paths.items():
        x, y = frame[list(causes)].to_numpy(), frame[name].to_numpy()
        found, *_ = np.linalg.lstsq(np.column_stack([np.ones(len(y)), x]), y, rcond=None)
        np.testing.assert_allclose(found[1:], list(causes.values()), atol=0.045)
    spread = frame[list(CONSTRUCTS)].std()
    assert spread.between(0.95, 1.05).all()


def test_answers_in_the_file_are_those_the_truth_would_give(tables: dict[str, pd.DataFrame]) -> None:
    answers = tables["survey_responses"].merge(tables["truth/survey"], on=["wave", "customer_id"])
    full = answers[["satisf1", "satisf2", "satisf3"]].notna().all(axis=1)
    own = index_100(answers[full].astype({f"satisf{k}": float for k in (1, 2, 3)}))
    np.testing.assert_allclose(own, answers.loc[full, "satisfaction"], atol=0.006)
    assert 1_000 < len(answers) / 4 < 1_800


def test_the_two_bad_items_are_bad(tables: dict[str, pd.DataFrame]) -> None:
    answers = tables["survey_responses"].filter(like="satisf").astype("Float64")
    good = answers[["satisf1", "satisf2", "satisf3"]].mean(axis=1)
    assert answers["satisf2"].corr(good) > 0.8
    assert abs(answers["satisf_bad1"].corr(good)) < 0.06
    assert answers["satisf_bad2"].corr(good) < -0.5


def test_modes_differ_in_cost_response_and_politeness(tables: dict[str, pd.DataFrame]) -> None:
    mode = tables["survey_modes"].groupby("mode", observed=True)
    response, cost = mode["answered"].mean(), mode["cost"].mean()
    assert response["visit"] > response["telephone"] > response["web"] > response["mail"]
    assert cost["visit"] > cost["telephone"] > cost["mail"] > cost["web"]


def test_behaviour_answers_go_with_needs_and_age_or_with_nothing(tables: dict[str, pd.DataFrame]) -> None:
    answers = tables["behaviour_survey"].merge(tables["truth/customers"], on="customer_id")
    assert cramers_v(answers["buys_for"], answers["need"]) > 0.25
    assert cramers_v(answers["hears_from"], answers["age_group"]) > 0.15
    for nothing in ("pet", "favourite_colour", "news"):
        assert cramers_v(answers[nothing], answers["need"]) < 0.09


def test_categories_lie_in_assaels_four_corners(tables: dict[str, pd.DataFrame]) -> None:
    middle = tables["category_survey"].groupby("category", observed=True)[["involvement", "difference"]].mean() > 4
    corners = {tuple(row) for row in middle.to_numpy()}
    assert len(corners) == 4


# --- needs -------------------------------------------------------------------------------------------


def test_needs_profiles_separate_the_segments(tables: dict[str, pd.DataFrame]) -> None:
    answers = tables["needs_survey"].merge(tables["truth/customers"][["customer_id", "need"]], on="customer_id")
    profile = answers.drop(columns=["customer_id"]).groupby("need", observed=True).mean()
    top = profile.idxmax(axis=1)
    assert top["gift"] == "fine_packaging" and top["health"] == "good_for_health" and top["office"] == "quick_to_make"


def test_kano_answers_show_the_planted_category(tables: dict[str, pd.DataFrame]) -> None:
    answers = tables["kano_survey"].merge(tables["truth/customers"][["customer_id", "need"]], on="customer_id")
    wrapping = answers[(answers["feature"] == "gift wrapping") & (answers["need"] == "gift")]
    attractive = (wrapping["functional"] == "like") & wrapping["dysfunctional"].isin(
        ["must be", "neutral", "can live with"]
    )
    assert 0.65 < attractive.mean() < 0.95
    assert len(tables["truth/kano"]) == 5 * len(PARAMETERS.needs.kano)


def test_offers_that_fit_the_need_are_taken_up_more(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["offer_test"].merge(tables["truth/customers"][["customer_id", "need"]], on="customer_id")
    fits = {"daily refill": "daily", "gift wrapping": "gift", "herbal trial": "health", "puer tasting": "connoisseur"}
    matched = test["arm"].astype("str").map(fits) == test["need"].astype("str")
    sent = test["arm"] != "none"
    assert not test.loc[~sent, "responded"].any()
    assert test.loc[matched, "responded"].mean() > 2 * test.loc[sent & ~matched, "responded"].mean()
