"""Lantern Leaf Tea (灯叶茶业): a simulated company whose truth is known.

The firm is fictional. Retail members order when they like, subscribers get a monthly box, offices have
contracts; 36 months, six cities, about 9 000 people. `simulate` makes any of its tables from one whole
number. How people behave is in `core`, what is seen of it in `views`, firms of their own are in `cases`; every
planted number is in `parameters`. The modules of these three are found, not listed: a file in one of them is enough.

Run `python -m crmlab.company` to write `datasets/lantern_leaf/` from the shipped seed.
"""

import importlib
import pkgutil
from collections.abc import Iterable

import pandas as pd

from crmlab.company import cases, core, views
from crmlab.company.parameters import PARAMETERS, Parameters
from crmlab.company.tables import TABLES
from crmlab.company.world import World

__all__ = ["COURSE_PEOPLE", "COURSE_SEED", "PARAMETERS", "TABLES", "Parameters", "World", "simulate"]


def discover() -> None:
    """Load every module of `core`, `views` and `cases`, which registers its stages and tables."""
    for package in (core, views, cases):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    ordered = sorted(TABLES.values(), key=lambda one: (one.truth, one.chapter))
    TABLES.clear()
    TABLES.update({one.name: one for one in ordered})


discover()

COURSE_SEED = 20_220_101  # fixed before its results were looked at: the company's first day
COURSE_PEOPLE = 8_600  # 6 800 retail members and 2 600 subscribers, 800 of them both


def simulate(
    seed: int,
    size: int = COURSE_PEOPLE,
    only: Iterable[str] | None = None,
    parameters: Parameters = PARAMETERS,
) -> dict[str, pd.DataFrame]:
    """Make tables of a simulated tea company.

    Parameters
    ----------
    seed : the whole number everything follows from.
    size : number of people (retail members and subscribers). A smaller company is the beginning of a
        larger one with the same seed. The 240 office accounts are always complete.
    only : names of the tables wanted, such as `("orders", "truth/customers")`; all of them if None.
        Only what these need is simulated.
    parameters : the planted truth; change it with `parameters.replace(PARAMETERS, margin=0.20)`.

    Returns
    -------
    A dictionary from table name to DataFrame.

    Raises
    ------
    ValueError if the size is not a whole number from 1 up; KeyError if a table does not exist.

    Examples
    --------
    >>> tables = simulate(seed=1, size=86, only=("customers", "orders"))
    >>> list(tables)
    ['customers', 'orders']
    >>> len(tables["customers"])
    86
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"size must be a whole number of people, at least 1, not {size!r}")
    wanted = list(TABLES) if only is None else list(only)
    unknown = [name for name in wanted if name not in TABLES]
    if unknown:
        raise KeyError(f"no table {unknown[0]!r}; the company has {', '.join(TABLES)}")
    world = World(seed, size, parameters)
    return {name: TABLES[name](world) for name in wanted}
