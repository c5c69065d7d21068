"""A small part of every study: intervals hold the truth, estimates are not biased."""

import numpy as np
import pandas as pd
import pytest

from studies import coverage
from studies.coverage import Interval

STUDIES = coverage.studies()


@pytest.fixture(scope="module", params=STUDIES)
def found(request: pytest.FixtureRequest) -> pd.DataFrame:
    companies, people = STUDIES[request.param].small
    frame = coverage.run(request.param, range(1000, 1000 + companies), people)
    return coverage.coverage(frame).assign(companies=companies)


def test_intervals_hold_the_truth(found: pd.DataFrame) -> None:
    """Each effect in as many companies as chance allows once in 2 000; all together in .91 to .99."""
    companies = found["companies"].iloc[0]
    assert len(found) >= 2
    assert (found["coverage"] * companies > coverage.least_held(companies) - 0.5).all(), found
    assert 0.91 - 1 / companies <= found["coverage"].mean() <= 0.99


def test_estimates_are_not_biased(found: pd.DataFrame) -> None:
    """Mean error within half a standard error, besides what chance allows in so few companies."""
    assert (found["bias in se"].abs() < 0.5 + 3 / np.sqrt(found["companies"])).all(), found


def test_an_interval_that_is_too_narrow_or_off_is_seen() -> None:
    """The engine itself: of 200 intervals half as wide as they should be, or one standard error off, it says so."""
    error = np.random.default_rng(1).normal(size=200)
    made = [
        (k, {"good": Interval.normal(0, e, 1), "narrow": Interval.normal(0, e, 0.5), "off": Interval.normal(1, e, 1)})
        for k, e in enumerate(error)
    ]
    table = coverage.coverage(coverage.rows(made))
    least = coverage.least_held(200) / 200
    assert table.loc["good", "coverage"] > least > table.loc["narrow", "coverage"]
    assert table.loc["off", "coverage"] < least and table.loc["off", "bias in se"] < -0.8
    assert abs(table.loc["good", "bias in se"]) < 0.25


def test_a_study_is_the_same_on_one_process_and_on_two() -> None:
    one, two = (coverage.run("ch17_loyalty", (1, 2), 200, processes) for processes in (1, 2))
    pd.testing.assert_frame_equal(one, two)
