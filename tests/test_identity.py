"""Record linkage: blocking, comparison, EM, clusters; the planted truth of the company's records found again."""

import itertools

import numpy as np
import pandas as pd
import pytest
from rapidfuzz.distance import JaroWinkler, Levenshtein

from crmlab import identity
from crmlab.company import simulate

FIELDS = {"name": (0.7,), "phone": (0.93,), "email": (0.95,), "address": (0.9,)}


def prepared(records: pd.DataFrame) -> pd.DataFrame:
    """Records on one form: digits of phones, letters of pinyin in order, narrow digits, one name."""
    made = records.set_index("record_id")
    made["phone"] = made["phone"].str.replace(r"\D", "", regex=True).str[-11:]
    letters = made["name_pinyin"].str.lower().str.replace(" ", "")
    made["pinyin"] = letters.map(lambda word: "".join(sorted(word)), na_action="ignore")
    made["address"] = made["address"].str.normalize("NFKC").str.replace("室", "")
    made["city"] = made["city"].str.lower()
    return made


@pytest.fixture(scope="module")
def company() -> tuple[pd.DataFrame, pd.Series]:
    tables = simulate(11, size=9_000, only=("crm_records", "truth/entities"))
    return prepared(tables["crm_records"]), tables["truth/entities"].set_index("record_id")["customer_id"]


def test_planted_truth_is_found_with_precision_98_and_recall_85(company: tuple[pd.DataFrame, pd.Series]) -> None:
    records, truth = company
    pairs = identity.block(records, [["email"], ["name", "city"], ["pinyin", "city"]])
    levels = identity.compare(records, pairs, FIELDS)
    model = identity.FellegiSunter(levels).fit()
    links = pairs[model.predict(levels)["probability"] >= 0.9]
    found = identity.cluster_metrics(identity.clusters(records.index, links), truth)
    exact = identity.pair_metrics(identity.block(records, [["name", "phone"]]), truth)
    assert model.converged
    assert found["precision"] >= 0.98 and found["recall"] >= 0.85
    assert found["recall"] >= exact["recall"] + 0.20


def test_blocking_bounds_the_recall_and_finds_exactly_the_pairs_that_share_a_key() -> None:
    rng = np.random.default_rng(1)
    records = pd.DataFrame({"a": rng.integers(0, 40, 120), "b": rng.integers(0, 40, 120).astype(float)})
    records.loc[rng.random(120) < 0.2, "b"] = np.nan
    found = {tuple(pair) for pair in identity.block(records, ["a", "b"]).to_numpy()}
    wanted = {
        (i, j)
        for i, j in itertools.combinations(range(120), 2)
        if records["a"][i] == records["a"][j] or records["b"][i] == records["b"][j]
    }
    assert found == wanted


def test_a_key_that_is_no_key_is_refused() -> None:
    records = pd.DataFrame({"city": ["Mingpu"] * 50 + ["Heqiao"] * 3})
    with pytest.raises(ValueError, match="key city: 50 records share 'Mingpu', more than 20"):
        identity.block(records, ["city"], largest=20)


@pytest.mark.parametrize(
    ("a", "b", "jaro_winkler"),
    [("MARTHA", "MARHTA", 0.961), ("DWAYNE", "DUANE", 0.840), ("DIXON", "DICKSONX", 0.813)],
)
def test_similarity_of_winkler_1990(a: str, b: str, jaro_winkler: float) -> None:
    assert JaroWinkler.similarity(a, b) == pytest.approx(jaro_winkler, abs=5e-4)
    records, pairs = pd.DataFrame({"name": [a, b]}), pd.DataFrame({"left": [0], "right": [1]})
    below = identity.compare(records, pairs, {"name": (jaro_winkler + 0.001,)})
    above = identity.compare(records, pairs, {"name": (jaro_winkler - 0.001,)})
    assert (below["name"][0], above["name"][0]) == (0, 1)


def test_edit_distance_of_kitten_and_sitting() -> None:
    assert Levenshtein.distance("kitten", "sitting") == 3


def test_levels_of_missing_equal_and_far() -> None:
    records = pd.DataFrame({"name": ["王伟", "王伟", "王薇", "陈静", None]})
    pairs = pd.DataFrame({"left": [0] * 4, "right": [1, 2, 3, 4]})
    assert identity.compare(records, pairs, {"name": (0.6,)})["name"].to_list() == [2, 1, 0, -1]


def simulated(seed: int, n: int = 6_000, share: float = 0.25) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    match = rng.random(n) < share
    m, u = (0.9, 0.85, 0.8, 0.95), (0.1, 0.05, 0.2, 0.3)
    made = {f"f{k}": (rng.random(n) < np.where(match, m[k], u[k])).astype(int) for k in range(4)}
    levels = pd.DataFrame(made)
    return levels.mask(rng.random(levels.shape) < 0.1, -1), match


def test_em_finds_planted_m_u_and_prevalence() -> None:
    fits = [identity.FellegiSunter(simulated(seed)[0]).fit() for seed in range(20)]
    assert np.mean([fit.prevalence for fit in fits]) == pytest.approx(0.25, abs=0.01)
    weights = pd.concat([fit.weights for fit in fits]).groupby(level=[0, 1]).mean()
    agree = weights.xs(1, level="level")
    np.testing.assert_allclose(agree["m"], [0.9, 0.85, 0.8, 0.95], atol=0.02)
    np.testing.assert_allclose(agree["u"], [0.1, 0.05, 0.2, 0.3], atol=0.02)


def test_probabilities_are_calibrated() -> None:
    levels, match = simulated(3, n=40_000)
    probability = identity.FellegiSunter(levels).fit().predict(levels)["probability"]
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        here = probability.between(low, low + 0.2)
        assert match[here].mean() == pytest.approx(probability[here].mean(), abs=0.05)


def test_weight_of_an_agreement_is_log2_of_m_over_u() -> None:
    """m = .9, u = .1: +3.170 bits for agreement, −3.170 for disagreement (arithmetic of Fellegi and Sunter 1969)."""
    assert np.log2(0.9 / 0.1) == pytest.approx(3.170, abs=5e-4)
    fit = identity.FellegiSunter(simulated(5)[0]).fit()
    np.testing.assert_allclose(fit.weights["weight"], np.log2(fit.weights["m"] / fit.weights["u"]))
    sums = fit.weights.groupby(level="field")[["m", "u"]].sum()
    np.testing.assert_allclose(sums, 1.0)


def test_weights_add_up_and_missing_says_nothing() -> None:
    fit = identity.FellegiSunter(simulated(6)[0]).fit()
    prior = np.log2(fit.prevalence / (1 - fit.prevalence))
    rows = pd.DataFrame({"f0": [1, -1], "f1": [0, -1], "f2": [-1, -1], "f3": [1, -1]})
    by_hand = prior + sum(fit.weights.loc[key, "weight"] for key in (("f0", 1), ("f1", 0), ("f3", 1)))
    np.testing.assert_allclose(fit.predict(rows)["weight"], [by_hand, prior])


def test_clusters_close_chains_and_ignore_order() -> None:
    index = pd.Index(list("abcdef"))
    links = pd.DataFrame({"left": ["b", "e"], "right": ["a", "b"]})
    label = identity.clusters(index, links)
    assert label["a"] == label["b"] == label["e"] and label.nunique() == 4


def test_metrics_of_a_worked_example() -> None:
    """45 of 50 links right, 60 wanted: precision .9, recall .75, F1 .818."""
    labels, entity = [], []
    for k in range(60):
        labels += [f"a{k}", f"b{k}"]
        entity += [k, k]
    truth = pd.Series(entity, index=labels)
    links = [(f"a{k}", f"b{k}") for k in range(45)] + [(f"a{k}", f"a{k + 1}") for k in range(50, 55)]
    found = identity.pair_metrics(pd.DataFrame(links, columns=["left", "right"]), truth)
    assert found[["precision", "recall"]].to_list() == [0.9, 0.75]
    assert found["f1"] == pytest.approx(0.818, abs=5e-4)


def test_metrics_of_clusters_equal_those_of_their_pairs() -> None:
    rng = np.random.default_rng(7)
    index = pd.Index(range(60))
    truth = pd.Series(rng.integers(0, 25, 60), index=index)
    label = pd.Series(rng.integers(0, 30, 60), index=index)
    pairs = [(i, j) for i, j in itertools.combinations(range(60), 2) if label[i] == label[j]]
    by_pairs = identity.pair_metrics(pd.DataFrame(pairs, columns=["left", "right"]), truth)
    pd.testing.assert_series_equal(identity.cluster_metrics(label, truth), by_pairs)


def test_bad_input_is_named() -> None:
    records = pd.DataFrame({"name": ["a", "b"]})
    pairs = pd.DataFrame({"left": [0], "right": [9]})
    with pytest.raises(KeyError, match="no column phone in records"):
        identity.block(records, ["phone"])
    with pytest.raises(ValueError, match="1 of 2 rows repeat"):
        identity.block(pd.DataFrame({"name": ["a", "b"]}, index=[1, 1]), ["name"])
    with pytest.raises(KeyError, match="1 of 1 pairs name records that are not there"):
        identity.compare(records, pairs, {"name": ()})
    with pytest.raises(ValueError, match=r"the cuts of name must rise, got \(0.9, 0.8\)"):
        identity.compare(records, pairs.assign(right=1), {"name": (0.9, 0.8)})
    with pytest.raises(ValueError, match="at least two fields"):
        identity.FellegiSunter(pd.DataFrame({"name": [0, 1]}))
    with pytest.raises(ValueError, match="city shows a single level"):
        identity.FellegiSunter(pd.DataFrame({"name": [0, 1], "city": [1, 1]}))
    fit = identity.FellegiSunter(simulated(8)[0]).fit()
    with pytest.raises(ValueError, match="f0 has level 3, which the fit never saw"):
        fit.predict(pd.DataFrame({"f0": [3], "f1": [0], "f2": [0], "f3": [0]}))
    with pytest.raises(KeyError, match="no column f1, f2, f3 in levels"):
        fit.predict(pd.DataFrame({"f0": [1]}))
    with pytest.raises(KeyError, match="1 of 1 records have no truth"):
        identity.cluster_metrics(pd.Series([0], index=["z"]), pd.Series([0], index=["a"]))


def test_a_block_of_exactly_the_largest_size_is_compared() -> None:
    records = pd.DataFrame({"city": ["Mingpu"] * 4})
    assert len(identity.block(records, ["city"], largest=4)) == 6
    with pytest.raises(ValueError, match="4 records share 'Mingpu', more than 3"):
        identity.block(records, ["city"], largest=3)


def test_levels_of_a_field_are_shares_that_never_reach_zero() -> None:
    rng = np.random.default_rng(4)
    match = rng.random(500) < 0.4
    levels = pd.DataFrame({f: np.where(match, 2, rng.integers(0, 2, 500)) for f in ("a", "b")})
    weights = identity.FellegiSunter(levels).fit().weights
    np.testing.assert_allclose(weights.groupby(level="field")[["m", "u"]].sum(), 1.0)
    least = weights.loc[("a", 2), "u"]  # no other pair agrees: .01 of (pairs + .03)
    assert 0 < least < 1e-3 and least == pytest.approx(0.01 / ((~match).sum() + 0.03), rel=0.05)


def mixture(fit: identity.FellegiSunterResults, levels: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Probability of a match and log-likelihood of all pairs, by hand from prevalence and weights."""
    same, other = np.full(len(levels), fit.prevalence), np.full(len(levels), 1 - fit.prevalence)
    for name in levels:
        for level in range(int(levels[name].max()) + 1):
            here = (levels[name] == level).to_numpy()
            same[here] *= fit.weights.loc[(name, level), "m"]
            other[here] *= fit.weights.loc[(name, level), "u"]
    return same / (same + other), float(np.log(same + other).sum())


def test_em_stops_where_its_own_probabilities_give_back_m_and_u() -> None:
    """A fixed point: shares of levels among pairs, weighted by their probability, are m; the likelihood is of all."""
    levels, _ = simulated(8, n=400)
    fit = identity.FellegiSunter(levels).fit()
    probability, llf = mixture(fit, levels)
    assert fit.llf == pytest.approx(llf, rel=1e-6)
    assert fit.prevalence == pytest.approx(probability.mean(), abs=1e-4)
    for name in levels:
        known = (levels[name] >= 0).to_numpy()
        agree = (levels[name] == 1).to_numpy()
        m = probability[agree].sum() / probability[known].sum()
        u = (1 - probability)[agree].sum() / (1 - probability)[known].sum()
        assert fit.weights.loc[(name, 1), ["m", "u"]].to_list() == pytest.approx([m, u], abs=1e-3)


def test_clusters_are_held_against_the_pairs_among_their_own_records() -> None:
    truth = pd.Series("A", index=list("wxyz"))
    found = identity.cluster_metrics(pd.Series([0, 0], index=list("wx")), truth)
    assert found[["recall", "wanted"]].to_list() == [1.0, 1.0]


def test_blank_keys_join_nobody() -> None:
    records = pd.DataFrame({"phone": ["138", "138", " ", " ", "", ""]})
    assert identity.block(records, ["phone"]).to_numpy().tolist() == [[0, 1]]
