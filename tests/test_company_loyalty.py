"""The loyalty tables of the company: they tie with the core, and what is planted is there."""

import numpy as np
import pandas as pd
import pytest

from crmlab import loyalty
from crmlab.company import COURSE_SEED, PARAMETERS, simulate
from studies.ch17_loyalty import STUDY
from studies.coverage import shipped

NAMES = (
    "customers", "orders", "products", "leads", "price_test", "loyalty_ledger", "programme_test", "referrals",
    "loyalty_survey", "truth/customers", "truth/loyalty", "truth/referrals",
)  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return simulate(COURSE_SEED, only=NAMES)


def test_points_are_the_whole_yuan_of_the_invited(tables: dict[str, pd.DataFrame]) -> None:
    ledger, placed = tables["loyalty_ledger"], tables["orders"]
    truth = tables["truth/customers"].set_index("customer_id")["invited"]
    mine = placed[(placed["order_date"] >= "2024-01-01") & placed["customer_id"].map(truth)]
    earned = ledger[ledger["event"] == "earned"].set_index(["customer_id", "date"])["points"]
    assert (np.floor(mine.set_index(["customer_id", "order_date"])["amount"] + 1e-9) == earned.to_numpy()).all()
    balance = ledger.assign(signed=ledger["points"].where(ledger["event"] == "earned", -ledger["points"]))
    assert (balance.groupby("customer_id")["signed"].cumsum() >= 0).all()


@pytest.mark.parametrize("seed", [1, 2, COURSE_SEED])
def test_breakage_is_planted(seed: int) -> None:
    """Of points old enough to have expired, 22 % did; a batch is an order, so the error is that of orders."""
    ledger = simulate(seed, 4000, only=["loyalty_ledger"])["loyalty_ledger"]
    cut = pd.Timestamp("2024-12-31") - pd.Timedelta(days=PARAMETERS.loyalty.points_life)
    old = ledger[(ledger["event"] == "earned") & (ledger["date"] <= cut)]["points"]
    expired = ledger.loc[ledger["event"] == "expired", "points"].sum()
    error = np.sqrt(PARAMETERS.loyalty.breakage * (1 - PARAMETERS.loyalty.breakage) * (old**2).sum()) / old.sum()
    assert abs(expired / old.sum() - PARAMETERS.loyalty.breakage) < 4 * error


def test_programme_test_is_a_view_of_orders(tables: dict[str, pd.DataFrame]) -> None:
    test, placed = tables["programme_test"], tables["orders"]
    year = placed["order_date"].dt.year
    for k in (2023, 2024):
        spent = placed[year == k].groupby("customer_id")["amount"].sum().reindex(test["customer_id"]).fillna(0)
        np.testing.assert_allclose(test[f"spend_{k}"], spent, atol=0.005)
    assert abs((test["arm"] == "invited").mean() - 0.5) < 4 * 0.5 / np.sqrt(len(test))


def test_volunteers_spend_more_in_the_control_group_too(tables: dict[str, pd.DataFrame]) -> None:
    test = tables["programme_test"].query("arm == 'control'")
    spent = test.groupby("volunteer")["spend_2024"].mean()
    assert 1.15 < spent[True] / spent[False] < 1.7


def test_elasticity_is_recovered() -> None:
    row = shipped(STUDY).set_index("effect").loc["elasticity"]
    error = (row["high"] - row["low"]) / 3.92
    assert error < 0.1 and abs(row["estimate"] - row["truth"]) < 3 * error and abs(row["truth"] - -1.77) < 0.05


@pytest.mark.parametrize("seed", [1, 2, COURSE_SEED])
def test_knots_of_expectations_are_planted(seed: int) -> None:
    survey = simulate(seed, only=["loyalty_survey"])["loyalty_survey"]
    found = loyalty.two_slopes(survey["intention"], survey[["basic", "latent"]])
    assert found["knot"].to_list() == [PARAMETERS.loyalty.basic[0], PARAMETERS.loyalty.latent[0]]
    assert found.loc["basic", "below"] > 4.5 > 2 > found.loc["basic", "above"]
    assert found.loc["latent", "above"] > 4.5 > 2 > found.loc["latent", "below"]


def test_referrals_show_the_links_but_not_their_worth(tables: dict[str, pd.DataFrame]) -> None:
    known, truth = tables["referrals"], tables["truth/referrals"]
    assert list(known) == ["customer_id", "referred", "date"] and len(known) == len(truth)
    named = tables["customers"].set_index("customer_id")["referred_by"]
    assert (named[known["referred"]].to_numpy() == known["customer_id"].to_numpy()).all()


def test_leads_become_customers_afterwards(tables: dict[str, pd.DataFrame]) -> None:
    leads = tables["leads"]
    won = leads[leads["customer_id"].notna()]
    assert (won["converted"] > won["created"]).all() and leads["lead_id"].is_unique
    assert leads["converted"].notna().equals(leads["customer_id"].notna())
    who = tables["customers"].set_index("customer_id").loc[won["customer_id"]]
    assert (who["joined"].to_numpy() == won["converted"].to_numpy()).all()
    assert (who["source"].astype(str).to_numpy() == won["source"].astype(str).to_numpy()).all()


@pytest.mark.parametrize("seed", range(5))
def test_spurious_loyalty_breaks_when_the_rival_opens(seed: int) -> None:
    """Members who bought twice in the year before: those who like the firm less lose more in the rival's city."""
    made = simulate(seed, only=["customers", "orders", "truth/customers"])
    placed, who = made["orders"], made["customers"].set_index("customer_id")["city"].astype(str)
    before = placed[(placed["order_date"] >= "2022-03-01") & (placed["order_date"] < "2023-03-01")]
    after = set(placed.loc[placed["order_date"].between("2023-06-01", "2024-02-29"), "customer_id"])
    bought = before.groupby("customer_id").size()
    attitude = made["truth/customers"].set_index("customer_id")["attitude"].reindex(bought.index)
    cell = loyalty.dick_basu(attitude, bought, cuts=(0, 2)).astype(str)
    back = pd.Series(bought.index.isin(after), index=bought.index)
    share = back.groupby([who.reindex(bought.index), cell]).mean()
    fall = {kind: share["Qingdu", kind] - share["Luyuan", kind] for kind in ("true", "spurious")}
    assert fall["spurious"] > fall["true"]
