"""Kano's table, its intervals, and item–item recommendations."""

import itertools

import numpy as np
import pandas as pd
import pytest

from crmlab import needs


def test_evaluation_table_of_kano_1984() -> None:
    pairs = list(itertools.product(needs.ANSWERS, repeat=2))
    letters = needs.kano_category(*(pd.Series(column) for column in zip(*pairs, strict=True)))
    rows = ["".join(letters[5 * k : 5 * k + 5]) for k in range(5)]
    assert rows == ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]


def test_better_and_worse_of_berger_1993() -> None:
    """A 40, O 30, M 20, I 10: Better .70, Worse −.50."""
    rows = [("like", "neutral")] * 40 + [("like", "dislike")] * 30 + [("neutral", "dislike")] * 20
    rows += [("neutral", "neutral")] * 10 + [("dislike", "like")] * 7 + [("like", "like")] * 3
    answers = pd.DataFrame(rows, columns=["functional", "dysfunctional"]).assign(feature="wrapping")
    found = needs.kano_summary(answers).loc["wrapping"]
    assert found["better"] == pytest.approx(0.70) and found["worse"] == pytest.approx(-0.50)
    assert found["better_low"] < 0.70 < found["better_high"]
    assert found["worse_low"] < -0.50 < found["worse_high"]
    assert found[list("MOAIRQ")].to_list() == [20, 30, 40, 10, 7, 3]


def test_fong_calls_a_narrow_lead_unclear() -> None:
    def summary(lead: int) -> pd.Series:
        rows = [("like", "neutral")] * (50 + lead) + [("like", "dislike")] * (50 - lead)
        answers = pd.DataFrame(rows, columns=["functional", "dysfunctional"]).assign(feature="x")
        return needs.kano_summary(answers).loc["x"]

    assert not summary(3)["clear"] and summary(20)["clear"]


def test_intervals_of_better_cover() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(400):
        like = rng.random(60) < 0.7
        answers = pd.DataFrame({"functional": np.where(like, "like", "neutral")})
        answers = answers.assign(feature="x", dysfunctional="neutral")
        found = needs.kano_summary(answers).loc["x"]
        held.append(found["better_low"] <= 0.7 <= found["better_high"])
    assert 0.91 <= np.mean(held) <= 0.99


def test_summary_by_feature_and_segment() -> None:
    answers = pd.DataFrame(
        {"feature": list("xxyy"), "need": list("abab"), "functional": "like", "dysfunctional": "dislike"}
    )
    assert needs.kano_summary(answers, by=["feature", "need"]).index.to_list() == [*itertools.product("xy", "ab")]


def test_unknown_answers_and_missing_columns_are_named() -> None:
    with pytest.raises(ValueError, match=r"functional has 1 of 2 answers that are none of .* 'great'"):
        needs.kano_category(pd.Series(["like", "great"]), pd.Series(["like", "like"]))
    with pytest.raises(ValueError, match="differ in length"):
        needs.kano_category(pd.Series(["like", "like"]), pd.Series(["like"]))
    with pytest.raises(KeyError, match="no column functional in answers"):
        needs.kano_summary(pd.DataFrame({"feature": ["x"], "dysfunctional": ["like"]}))


def test_cosine_of_two_items_by_hand() -> None:
    baskets = pd.DataFrame({"i": [1, 1, 0], "j": [1, 0, 1]})
    assert needs.item_similarity(baskets).loc["i", "j"] == pytest.approx(0.5)


def test_similarity_is_symmetric_and_within_one() -> None:
    baskets = pd.DataFrame(np.random.default_rng(2).poisson(0.6, (300, 8)))
    similar = needs.item_similarity(baskets).to_numpy()
    np.testing.assert_allclose(similar, similar.T)
    assert (similar >= 0).all() and (similar <= 1).all() and (np.diag(similar) == 0).all()


def test_recommendations_find_planted_tastes_better_than_popularity() -> None:
    rng = np.random.default_rng(3)
    taste = rng.integers(0, 3, 900)
    chance = np.where(np.arange(12) // 4 == taste[:, None], 0.45, 0.06) * np.linspace(1.3, 0.7, 12)
    baskets = pd.DataFrame((rng.random((900, 12)) < chance).astype(int))
    hidden = baskets.apply(lambda row: rng.choice(np.flatnonzero(row)) if row.sum() > 1 else -1, axis=1)
    kept = baskets[hidden >= 0].copy()
    for customer, item in hidden[hidden >= 0].items():
        kept.loc[customer, item] = 0

    def hits(shown: pd.DataFrame) -> float:
        return float((shown.to_numpy() == hidden[hidden >= 0].to_numpy()[:, None]).any(axis=1).mean())

    ours = hits(needs.recommend(kept, needs.item_similarity(kept), k=3))
    assert ours > hits(needs.recommend(kept, k=3)) + 0.15


def test_recommendations_leave_out_what_is_known_and_may_run_out() -> None:
    baskets = pd.DataFrame({"a": [1, 1], "b": [1, 0], "c": [0, 0]}, index=["ann", "bo"])
    shown = needs.recommend(baskets, k=3)
    assert shown.loc["ann"].dropna().to_list() == ["c"]
    assert shown.loc["bo"].dropna().to_list() == ["b", "c"]
    assert needs.recommend(baskets, k=1, known="keep")[1].to_list() == ["a", "a"]


def test_recommender_refuses_bad_input() -> None:
    baskets = pd.DataFrame({"a": [1, 0], "b": [0, 0]})
    with pytest.raises(ValueError, match="nothing is known of b"):
        needs.item_similarity(baskets)
    with pytest.raises(ValueError, match="column a: 1 of 2 rows is missing"):
        needs.item_similarity(pd.DataFrame({"a": [1, None]}))
    with pytest.raises(ValueError, match="is below 0"):
        needs.item_similarity(pd.DataFrame({"a": [1, -1]}))
    with pytest.raises(ValueError, match="1 or more, whole; got 0"):
        needs.recommend(baskets, k=0)
    with pytest.raises(ValueError, match="items of baskets in rows and columns"):
        needs.recommend(baskets, pd.DataFrame({"z": [0]}, index=["z"]))


@pytest.mark.parametrize(("first", "second", "clear"), [(46, 34, True), (46, 35, False)])
def test_a_category_is_clear_by_fongs_rule(first: int, second: int, clear: bool) -> None:
    """n = 100: 46 against 34 differ by 12 ≥ 1.65·√(80·120/200) = 11.43; 46 against 35 by 11 < 11.45 (Fong 1996)."""
    rows = [("like", "neutral")] * first + [("like", "dislike")] * second + [("neutral",) * 2] * (100 - first - second)
    answers = pd.DataFrame(rows, columns=["functional", "dysfunctional"]).assign(feature="wrapping")
    assert bool(needs.kano_summary(answers)["clear"].iloc[0]) is clear


def test_adjusted_similarity_takes_off_each_customers_mean() -> None:
    """By hand: ratings less own means are (−2, 0, 2), (1, 1, −2), (0, −1, 1) (Sarwar et al. 2001, eq. 3)."""
    ratings = pd.DataFrame([[1, 3, 5], [4, 4, 1], [3, 2, 4]], columns=list("abc"))
    centred = np.array([[-2.0, 0, 2], [1, 1, -2], [0, -1, 1]])
    length = np.sqrt((centred**2).sum(axis=0))
    found = needs.item_similarity(ratings, adjusted=True)
    assert found.loc["a", "b"] == pytest.approx(centred[:, 0] @ centred[:, 1] / (length[0] * length[1]))
    assert needs.item_similarity(pd.DataFrame({"a": [-1.0, 2], "b": [1.0, 0]}), adjusted=True).loc["a", "b"] < 0


def test_intervals_of_better_and_worse_are_wilsons_at_their_level() -> None:
    """A 40, O 30, M 20, I 10 and 10 reverse: 70 and 50 of 100 who count, 90 % (z = 1.644854), by hand."""

    def wilson(count: int, z: float = 1.644854) -> list[float]:
        middle, half = count + z**2 / 2, z * np.sqrt(count * (100 - count) / 100 + z**2 / 4)
        return [(middle - half) / (100 + z**2), (middle + half) / (100 + z**2)]

    rows = [("like", "neutral")] * 40 + [("like", "dislike")] * 30 + [("neutral", "dislike")] * 20
    rows += [("neutral", "neutral")] * 10 + [("dislike", "like")] * 10
    answers = pd.DataFrame(rows, columns=["functional", "dysfunctional"]).assign(feature="wrapping")
    found = needs.kano_summary(answers, level=0.9).loc["wrapping"]
    assert found[["better_low", "better_high"]].to_list() == pytest.approx(wilson(70), abs=1e-6)
    assert found[["worse_high", "worse_low"]].to_list() == pytest.approx([-x for x in wilson(50)], abs=1e-6)


def test_the_most_popular_item_is_what_most_customers_bought_not_most_packs() -> None:
    baskets = pd.DataFrame({"nine packs": [9, 0, 0], "two buyers": [1, 1, 0]})
    assert needs.recommend(baskets, k=1)[1].to_list()[2] == "two buyers"


def test_fongs_constant_is_1_65_not_1_645() -> None:
    """n = 200: 84 lead 68 by 16, less than 1.65·√(152·248/400) = 16.018; 1.645 would ask for 15.969 (Fong 1996)."""
    rows = [("like", "neutral")] * 84 + [("like", "dislike")] * 68 + [("neutral",) * 2] * 48
    answers = pd.DataFrame(rows, columns=["functional", "dysfunctional"]).assign(feature="wrapping")
    assert not needs.kano_summary(answers)["clear"].iloc[0]
