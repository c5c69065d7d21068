"""The engine of the studies: many companies, every planted effect beside its estimate and 95 % interval."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from crmlab.company import COURSE_PEOPLE, World, simulate


class Interval(NamedTuple):
    """One effect in one company: what is planted, what is found, and the ends of its 95 % interval."""

    truth: float
    estimate: float
    low: float
    high: float

    @classmethod
    def normal(cls, truth: float, estimate: float, error: float, df: float = np.inf) -> "Interval":
        """From a standard error; with degrees of freedom from Student's law."""
        half = float(stats.t.ppf(0.975, df)) * error
        return cls(float(truth), float(estimate), float(estimate - half), float(estimate + half))

    @classmethod
    def of(cls, truth: float, found: Any) -> "Interval":
        """From the row of a room of `crmlab`: the one place that knows how its columns are called."""
        return cls(float(truth), *(float(found[name]) for name in ("estimate", "low", "high")))


Found = dict[str, "Interval | float"]  # a plain number is measured, and has no truth to hold


@dataclass(frozen=True)
class Study:
    """What a chapter plants and how it is estimated.

    Estimators take the tables named in `tables`; a study that names none takes the `World`.
    """

    title: str
    people: int
    estimators: tuple[Callable[[Any], Found], ...]
    tables: tuple[str, ...] = ()
    small: tuple[int, int] = (40, 0)  # companies and people of the part that CI runs
    signs: dict[str, Callable[[Any], Any]] = field(default_factory=dict)  # what should come out, from the estimates
    note: str = ""

    def measure(self, seed: int, people: int = 0) -> Found:
        """Everything found in one company."""
        people = people or self.people
        made = simulate(seed, people, self.tables) if self.tables else World(seed, people)
        found: Found = {}
        for estimator in self.estimators:
            found |= estimator(made)
        return found


def studies() -> dict[str, Study]:
    """Every declaration, by the name of its module."""
    folder = Path(__file__).parent
    names = [m.name for m in pkgutil.iter_modules([str(folder)]) if m.name == "spine" or m.name.startswith("ch")]
    names.sort(key=lambda name: name != "spine")
    return {name: importlib.import_module(f"studies.{name}").STUDY for name in names}


def _one(task: tuple[str, int, int]) -> tuple[int, Found]:
    name, seed, people = task
    return seed, importlib.import_module(f"studies.{name}").STUDY.measure(seed, people)


def run(name: str, seeds: Iterable[int], people: int = 0, processes: int = 1) -> pd.DataFrame:
    """One row a company and effect: truth, estimate, low, high (missing for plain measures)."""
    tasks = [(name, seed, people) for seed in seeds]
    if processes == 1:
        return rows(map(_one, tasks))
    with get_context("spawn").Pool(processes) as pool:
        done = pool.imap_unordered(_one, tasks)
        return rows(tqdm(done, total=len(tasks), desc=name, unit="company", mininterval=5))


def rows(found: Iterable[tuple[int, Found]]) -> pd.DataFrame:
    flat = [
        (seed, effect, *(value if isinstance(value, Interval) else (np.nan, float(value), np.nan, np.nan)))
        for seed, effects in found
        for effect, value in effects.items()
    ]
    frame = pd.DataFrame(flat, columns=["seed", "effect", "truth", "estimate", "low", "high"])
    return frame.sort_values("seed", kind="stable", ignore_index=True)


def coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """One row an effect: mean truth and estimate, share of intervals that hold the truth, bias in standard errors."""
    made = frame.dropna(subset="truth").copy()
    made["coverage"] = (made["low"] <= made["truth"]) & (made["truth"] <= made["high"])
    # on the side of the truth: intervals of positive parameters are made on the log scale, and are not symmetric
    side = np.where(made["estimate"] > made["truth"], made["estimate"] - made["low"], made["high"] - made["estimate"])
    made["bias in se"] = (made["estimate"] - made["truth"]) / (side / 1.96)
    by = made.groupby("effect", sort=False)
    return by[["truth", "estimate", "coverage", "bias in se"]].mean()


def distribution(frame: pd.DataFrame) -> pd.DataFrame:
    """One row an effect or measure: how its estimates are spread over the companies."""
    by = frame.groupby("effect", sort=False)["estimate"]
    table = by.describe(percentiles=[0.005, 0.05, 0.95, 0.995])
    return table[["mean", "std", "0.5%", "5%", "95%", "99.5%"]]


def signs(study: Study, frame: pd.DataFrame) -> pd.Series:
    """Share of companies in which each expectation comes out."""
    wide = frame.pivot_table(index="seed", columns="effect", values=["estimate", "low", "high"], sort=False)
    values = wide["estimate"].join(wide["low"].add_suffix(" low")).join(wide["high"].add_suffix(" high"))
    return pd.Series({name: float(np.mean(test(values))) for name, test in study.signs.items()}, dtype=float)


def least_held(companies: int, risk: float = 0.0005) -> int:
    """Fewest intervals that hold the truth, of so many at 95 %, that chance allows at this risk."""
    return int(stats.binom.ppf(risk, companies, 0.95))


def shipped(study: Study) -> pd.DataFrame:
    """The same of the company that is shipped."""
    from crmlab.company import COURSE_SEED

    return rows([(COURSE_SEED, study.measure(COURSE_SEED, COURSE_PEOPLE))])
