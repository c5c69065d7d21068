"""The simulated company: what is planted is there, tables tie, and nothing depends on who else is asked."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from crmlab.company import COURSE_PEOPLE, COURSE_SEED, PARAMETERS, TABLES, World, firm, simulate
from crmlab.company.chance import choice, gamma_at, uniform
from crmlab.company.core import faults
from crmlab.company.core.faults import satisfaction_on, severity_left
from crmlab.company.firm import month_days
from crmlab.company.parameters import replace
from crmlab.company.world import STAGES
from crmlab.data import dictionary
from studies.coverage import Interval
from studies.spine import STUDY as SPINE

# About the 0.5 % and 99.5 % points over 200 seeds (studies/README.md), slightly widened.
BOUNDS = {
    "top20": (0.59, 0.65),
    "r": (0.81, 0.98),
    "alpha": (7.8, 10.2),
    "a": (0.62, 1.08),
    "b": (1.9, 3.9),
    "mean_spend": (144, 156),
    "sbg_alpha": (0.57, 1.20),
    "sbg_beta": (5, 15),
    "churn_1": (0.074, 0.107),
    "churn_16_20": (0.019, 0.040),
    "auc": (0.74, 0.82),
    "auc_oracle": (0.81, 0.885),
    "price_said": (0.50, 0.60),
    "price_true": (0.215, 0.28),
    "clv_crv": (0.01, 0.17),
    "whale_peak": (1.35, 2.15),
    "below_zero": (0.12, 0.17),
    "behaviour_lift": (0.34, 0.50),
    "demographic_lift": (-0.025, 0.025),
    "v_age": (0.05, 0.15),
    "v_sex": (0.05, 0.15),
    "v_category": (0.46, 0.49),
    "persuadable": (0.115, 0.19),
    "sleeping_dogs": (0.055, 0.11),
    "corr_risk_uplift": (0.22, 0.45),
    "volunteers": (0.15, 0.62),
    "top_decile_clv": (0.43, 0.55),
    "forecast_ratio": (0.88, 1.05),
    "response": (0.026, 0.041),
    "curve_competition": (0.015, 0.09),
    "complaints": (650, 950),
    "complaints_2024": (250, 400),
    "referred_share": (0.15, 0.20),
    "satisfaction_fall_mean": (0.015, 0.035),
    "ks_dropout": (0, 1.63),
    "ks_churn": (0, 1.63),
    "corr_rate_dropout": (-3, 3),
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(COURSE_SEED, COURSE_PEOPLE)


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED)


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    """Every estimate in the shipped company, and the ends of the programme's interval."""
    made = SPINE.measure(COURSE_SEED)
    ends = {f"programme_{k}": getattr(made["programme"], k) for k in ("truth", "low", "high")}
    return ends | {name: x.estimate if isinstance(x, Interval) else x for name, x in made.items()}


# --- the shipped seed shows what the lessons need ----------------------------------------------------


@pytest.mark.parametrize("name", BOUNDS)
def test_shipped_seed_is_within_bounds(found: dict[str, float], name: str) -> None:
    low, high = BOUNDS[name]
    assert low <= found[name] <= high


def test_shipped_seed_ranks_as_the_lessons_say(found: dict[str, float]) -> None:
    assert found["top_decile_clv"] > found["top_decile_abc"] > found["top_decile_rfm"]
    assert found["auc"] < found["auc_oracle"]
    assert found["response_r5"] > found["response_r1"]
    assert found["curve_monopoly"] < 0 < found["curve_competition"]
    assert found["spurious_fall"] > found["loyal_fall"]
    assert found["programme_low"] < found["programme_truth"] < found["programme_high"] < 0.35
    assert found["gain_by_uplift"] > found["gain_by_risk"]
    assert found["lost_badly_handled"] > found["lost_no_fault"]


# --- nothing depends on who else is asked ------------------------------------------------------------


def digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()).hexdigest()


@pytest.mark.parametrize("name", [n for n in TABLES if n not in ("accounts", "account_years")])
def test_smaller_company_is_the_beginning_of_a_larger_one(name: str, tables: dict[str, pd.DataFrame]) -> None:
    small = simulate(COURSE_SEED, size=500, only=(name,))[name]
    pd.testing.assert_frame_equal(beginning(name, small, tables), beginning(name, tables[name], tables))


def beginning(name: str, frame: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of the first 500 people, in an order that does not depend on the others."""
    if "record_id" in frame and "order_id" not in frame:
        entity = tables["truth/entities"].set_index("record_id")["customer_id"]
        frame = frame[frame["record_id"].map(entity) <= "C000500"]
    elif name in ("referrals", "truth/referrals"):  # people 501 … may be brought by the first 500
        frame = frame[frame["referred"] <= "C000500"]
    elif "customer_id" in frame:
        frame = frame[frame["customer_id"] <= "C000500"]
    elif "order_id" in frame:
        frame = frame[frame["order_id"] < 501_000]
    elif "subscription_id" in frame:
        frame = frame[frame["subscription_id"] < 5_010]
    elif "line_id" in frame:  # the mobile operator has 8 lines where the company has 8.6 people
        frame = frame[frame["line_id"] <= "L00465"]
    if name == "truth/faults":
        frame = frame.sort_values(["customer_id", "date"])
    return frame.reset_index(drop=True)


def test_another_stage_changes_no_table() -> None:
    before = {n: digest(f) for n, f in simulate(5, size=860).items()}
    world = World(5, 860)
    world.uniform("a survey that a later chapter adds", np.arange(10_000))
    after = {n: digest(TABLES[n](world)) for n in TABLES}
    assert after == before


def test_asking_in_another_order_changes_no_table() -> None:
    backwards = simulate(5, size=860, only=list(TABLES)[::-1])
    assert {n: digest(f) for n, f in backwards.items()} == {n: digest(f) for n, f in simulate(5, size=860).items()}


def test_a_last_digit_does_not_cascade() -> None:
    orders = simulate(5, only=("orders",))["orders"]
    nearly = replace(PARAMETERS, rate=(0.9, 9.0 * (1 + 1e-13)))
    again = simulate(5, only=("orders",), parameters=nearly)["orders"]
    pd.testing.assert_frame_equal(orders, again)


def test_more_faults_change_only_customers_with_faults() -> None:
    twice = replace(PARAMETERS, fault=0.08)
    world, other = World(5, 4300), World(5, 4300, twice)
    # keep the scaling of hazards, which follows the planted chance, equal in both
    other._made["mean_multiplier"] = world["mean_multiplier"]
    orders, more = world["base_orders"]["orders"], other["base_orders"]["orders"]
    touched = set(more.loc[more["severity"] > 0, "person"])
    same = [frame[~frame["person"].isin(touched)].reset_index(drop=True) for frame in (orders, more)]
    moved = changed_events(world, other)
    same = [f[~f["person"].isin(moved)].reset_index(drop=True) for f in same]
    pd.testing.assert_frame_equal(*same)
    assert len(more) != len(orders)


def changed_events(world: World, other: World) -> set[int]:
    """People whose moves or babies differ between two worlds."""
    both = [set(w["life_events"].itertuples(index=False, name=None)) for w in (world, other)]
    return {person for person, *_ in both[0] ^ both[1]}


def test_uniform_numbers_are_uniform_and_unrelated() -> None:
    draws = np.column_stack([uniform(3, f"stage {k}", np.arange(200_000)) for k in range(4)])
    for column in draws.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
        assert abs(np.corrcoef(column[:-1], column[1:])[0, 1]) < 4 / np.sqrt(len(column))
    off = np.corrcoef(draws.T)[np.triu_indices(4, 1)]
    assert np.abs(off).max() < 4 / np.sqrt(len(draws))
    seeds = np.array([uniform(seed, "stage", [7])[0] for seed in range(5_000)])
    assert stats.kstest(seeds, "uniform").pvalue > 1e-4


def test_choice_follows_its_probabilities() -> None:
    counts = np.bincount(choice(1, "dice", np.arange(100_000), (0.5, 0.3, 0.2)), minlength=3)
    assert stats.chisquare(counts, [50_000, 30_000, 20_000]).pvalue > 1e-4


def test_gamma_table_is_accurate() -> None:
    score = np.linspace(-4, 4, 501)
    exact = special.gammaincinv(0.9, special.ndtr(score))
    np.testing.assert_allclose(gamma_at(score, 0.9), exact, rtol=2e-5)


# --- the tables tie ----------------------------------------------------------------------------------


def test_lines_add_up_to_orders_to_the_fen(tables: dict[str, pd.DataFrame]) -> None:
    fen = (tables["order_lines"]["amount"] * 100).round().astype(int)
    lines = fen.groupby(tables["order_lines"]["order_id"]).sum()
    orders = tables["orders"].set_index("order_id")
    paid = ((orders["amount"] + orders["voucher"]) * 100).round().astype(int)
    pd.testing.assert_series_equal(lines, paid, check_names=False)


def test_no_customer_orders_twice_a_day(tables: dict[str, pd.DataFrame]) -> None:
    assert not tables["orders"].duplicated(["customer_id", "order_date"]).any()


def test_margin_of_goods_is_the_planted_one(tables: dict[str, pd.DataFrame]) -> None:
    lines = tables["order_lines"]
    assert 1 - lines["cost"].sum() / lines["amount"].sum() == pytest.approx(PARAMETERS.retail.margin, abs=0.005)


def test_counts_of_people(tables: dict[str, pd.DataFrame]) -> None:
    counts = tables["customers"]["line"].value_counts()
    assert counts.to_dict() == {"retail": 6000, "subscription": 1800, "both": 800}
    assert tables["accounts"]["customer_id"].nunique() == 240


def test_keys_and_references_hold(tables: dict[str, pd.DataFrame]) -> None:
    """Primary keys are unique, required columns are full, and every reference has its row."""
    import json

    package = json.loads((dictionary.ROOT / dictionary.COMPANY / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        if resource["path"].endswith(".json"):
            continue
        frame = tables[resource["name"]]
        schema = resource["schema"]
        assert list(frame) == [f["name"] for f in schema["fields"]], resource["name"]
        if schema["primaryKey"]:
            assert not frame.duplicated(schema["primaryKey"]).any(), resource["name"]
        for field in schema["fields"]:
            if field.get("constraints", {}).get("required"):
                assert frame[field["name"]].notna().all(), (resource["name"], field["name"])
        for link in schema["foreignKeys"]:
            target = tables[link["reference"]["resource"]][link["reference"]["fields"][0]]
            values = frame[link["fields"][0]].dropna()
            assert values.isin(target).all(), (resource["name"], link)


def test_promotion_orders_belong_to_those_who_answered(tables: dict[str, pd.DataFrame]) -> None:
    orders = tables["orders"].set_index("order_id")
    for name, promotion in (("campaign_test", "mailing 2024-01"), ("campaign_contacts", "mailing 2024-02")):
        answered = tables[name][tables[name]["responded"]]
        mine = orders[orders["promotion"] == promotion]
        assert set(answered["order_id"]) == set(mine.index)
        owner = answered.set_index("order_id")["customer_id"].sort_index()
        assert list(owner) == list(mine["customer_id"].sort_index())
        assert (answered["arm"] == "mailed").all()
        assert (mine["order_date"] > answered["sent"].min()).all()


def test_experiments_of_2024_leave_the_learning_period_alone() -> None:
    quiet = replace(
        PARAMETERS, mail_shares=(0.0, 0.0), response=(-50.0, 0, 0), offer=(-50.0, 0, 0, 0), programme_effect=0.0,
        recovery_gain=(0.0, 0.0, 0.0), persuadable=(-50.0, 0, 0), sleeping_dog=(-50.0, 0, 0, 0),
    )  # fmt: skip
    with_tests, without = (World(5, 4300, p) for p in (PARAMETERS, quiet))
    a, b = (w["base_orders"]["orders"].query("day < 730").reset_index(drop=True) for w in (with_tests, without))
    pd.testing.assert_frame_equal(a, b)
    lives = [w["first_lives"] for w in (with_tests, without)]
    ends = [(f["start"] + f["length"]).clip(upper=firm.LEARN_MONTHS) for f in lives]
    pd.testing.assert_series_equal(*ends)


def test_exits_moves_and_returns_tell_one_story(world: World) -> None:
    lives, exits = world["subscriptions"], world["exits"]
    events = world["life_events"].query("event == 'moved'")
    moved = exits[exits["cause"] == firm.CAUSES.index("moved")].merge(events, on="person")
    start = month_days()[moved["end_month"]]
    in_month = (moved["day"] >= start) & (moved["day"] < start + 31)
    assert set(moved.loc[in_month, "person"]) == set(exits.loc[exits["cause"] == firm.CAUSES.index("moved"), "person"])
    second = lives[lives["life"] == 2]
    ended = exits.set_index("person").loc[second["person"], "end_month"]
    assert (ended < PARAMETERS.retention.winback_month).all()
    back = world["winback"].set_index("person").loc[second["person"]]
    assert back["returns"].all()
    assert (second["start"] == PARAMETERS.retention.winback_month).all()
    boxes = world["boxes"].groupby("subscription_id").size()
    assert (boxes.sort_index() == lives.set_index("subscription_id")["months"].sort_index()).all()


def test_calls_save_only_persuadables_and_wake_only_dogs(world: World) -> None:
    tested = world["first_lives"].query("tested")
    left = tested["start"] + tested["length"] <= firm.MONTHS
    expected = np.where(tested["called"], tested["leaves_if_called"], tested["leaves_if_not_called"])
    assert (left == expected).all()


def test_nobody_orders_after_being_lost(world: World) -> None:
    own = world["base_orders"]["orders"]
    assert (own["day"] <= world["alive"][own["person"]]).all()


# --- faults, recovery, satisfaction ------------------------------------------------------------------


def test_faults_lower_satisfaction_and_fade(world: World) -> None:
    level = world["people"]["satisfaction"].to_numpy()
    may, june, autumn = (level - satisfaction_on(world, day) for day in (515, 546, 640))
    hit = np.isin(world["people"]["city"].to_numpy(), PARAMETERS.faults.courier_cities)
    assert june[hit].mean() - may[hit].mean() > 0.01  # the courier failure of June 2023
    assert abs(june[~hit].mean() - may[~hit].mean()) < 0.003
    assert june[hit].mean() > autumn[hit].mean() > may[hit].mean()


def test_hazard_multiplier_has_mean_one(world: World) -> None:
    """Over many orders in normal times the scaled multiplier averages 1, so planted dropout is kept."""
    ids = np.arange(400_000)
    person = ids % COURSE_PEOPLE
    drawn = faults.draw(world, "order", ids, person, np.zeros(len(ids), dtype=int), np.full(len(ids), 0.04))
    assert faults.dropout_multiplier(world, drawn.left).mean() == pytest.approx(1.0, abs=0.004)


def test_recovery_paradox_only_for_small_faults_put_right(world: World) -> None:
    severity, restored = np.array([1, 1, 2, 3]), np.array([0.9, 0.6, 0.9, 0.9])
    left = severity_left(PARAMETERS, severity, restored, np.ones(4, dtype=bool))
    assert left[0] < 0 < left[1:].min()


def test_courier_failure_is_in_june_2023_in_two_cities(tables: dict[str, pd.DataFrame]) -> None:
    orders = tables["orders"].merge(tables["customers"][["customer_id", "city"]], on="customer_id")
    faulty = orders["order_id"].isin(tables["truth/faults"]["order_id"])
    june = orders["order_date"].between("2023-06-01", "2023-06-30")
    hit = june & orders["city"].isin([firm.CITIES[c] for c in PARAMETERS.faults.courier_cities])
    assert faulty[hit].mean() > 0.2
    assert faulty[~hit].mean() < 0.06


# --- asking wrongly ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -5, 2.5, "many", True])
def test_size_must_be_a_number_of_people(size: object) -> None:
    with pytest.raises(ValueError, match="size must be a whole number"):
        simulate(1, size=size)  # type: ignore[arg-type]


def test_unknown_table_lists_the_tables() -> None:
    with pytest.raises(KeyError, match=r"no table 'order'.*order_lines"):
        simulate(1, size=43, only=("order",))


def test_one_person_is_a_company() -> None:
    for name, frame in simulate(1, size=1).items():
        assert list(frame), name


def test_stages_have_docstrings() -> None:
    assert not [name for name, function in STAGES.items() if not function.__doc__]
