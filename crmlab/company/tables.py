"""The registry of tables: each is a function of the world with its data dictionary beside it.

    @table(
        "deliveries",
        grain="a delivered order",
        chapter="16",
        scale="sample",
        columns='''
        order_id* integer -> orders.order_id: the order
        arrived date: day it arrived
        grams! number [gram]: what it weighed
        ''',
    )
    def deliveries(world): ...

A column is a line: its name, `*` if it belongs to the key (never missing) or `!` if it is never missing; its type
(string, integer, number, boolean, date); its unit in brackets; the column it refers to; and what it means. Lines
that begin further in go on with the one before. Amounts are in yuan, made from integer fen, so that totals tie.
"""

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmlab.company import firm
from crmlab.company.world import World, stage

Make = Callable[[World], pd.DataFrame]
TYPES = ("string", "integer", "number", "boolean", "date")
SCALES = ("firm", "sample")
_COLUMN = re.compile(
    r"(?P<name>\w+)(?P<mark>[*!]?) (?P<type>\w+)(?: \[(?P<unit>[^\]]+)\])?"
    r"(?: -> (?P<references>[\w/]+\.\w+))?: (?P<text>.+)"
)


@dataclass(frozen=True)
class Column:
    """One column as the data dictionary describes it."""

    name: str
    type: str
    unit: str
    key: bool
    required: bool
    references: str
    description: str


@dataclass(frozen=True)
class Table:
    """A published table: what makes it, and its data dictionary. `truth/…` is kept apart from the others."""

    name: str
    grain: str
    chapter: str
    scale: str
    columns: tuple[Column, ...]
    make: Make

    @property
    def truth(self) -> bool:
        return self.name.startswith("truth/")

    def __call__(self, world: World) -> pd.DataFrame:
        frame = self.make(world).reset_index(drop=True)
        if list(frame) != [column.name for column in self.columns]:
            named = ", ".join(column.name for column in self.columns)
            raise ValueError(
                f"table {self.name} has columns {', '.join(map(str, frame))}, but @table describes {named}"
            )
        return frame


TABLES: dict[str, Table] = {}


def table(name: str, *, grain: str, chapter: str, scale: str, columns: str) -> Callable[[Make], Make]:
    """Publish a function of the world as the table `name`; see the head of this module."""
    if scale not in SCALES or not re.fullmatch(r"\d\d", chapter):
        raise ValueError(
            f"table {name}: scale is one of {', '.join(SCALES)} and chapter two digits: {scale!r}, {chapter!r}"
        )

    def register(function: Make) -> Make:
        if name in TABLES:
            raise ValueError(
                f"two tables are called {name!r}, in {TABLES[name].make.__module__} and {function.__module__}"
            )
        TABLES[name] = Table(name, f"one row {grain}", chapter, scale, parse_columns(name, columns), function)
        return function

    return register


def parse_columns(table_name: str, text: str) -> tuple[Column, ...]:
    """The columns written in a `@table`.

    >>> parse_columns("tins", "grams! number [gram]: what it weighed")[0].unit
    'gram'
    """
    lines = re.sub(r"\n[ \t]+", " ", textwrap.dedent(text).strip()).splitlines()
    made: list[Column] = []
    for line in lines:
        found = _COLUMN.fullmatch(line.strip())
        if not found or found["type"] not in TYPES:
            raise ValueError(
                f"table {table_name}: {line!r} does not read as 'name! type [unit] -> table.column: meaning'"
            )
        if found["name"] in [column.name for column in made]:
            raise ValueError(f"table {table_name} describes column {found['name']} twice")
        mark = found["mark"]
        made.append(
            Column(
                found["name"], found["type"], found["unit"] or "", mark == "*", mark != "", found["references"] or "",
                found["text"],
            )
        )  # fmt: skip
    return tuple(made)


# ---- values of columns -----------------------------------------------------------------------------------


@stage("customer_ids")
def all_customer_ids(world: World) -> NDArray[np.object_]:
    """The id of every person: person 0 is C000001."""
    return np.array([f"C{i + 1:06d}" for i in range(world.people)], dtype=object)


def customer_ids(world: World, person: ArrayLike) -> NDArray[np.object_]:
    """Customer ids of person numbers."""
    ids: NDArray[np.object_] = world["customer_ids"]
    return ids[np.asarray(person)]


def store_ids(store: ArrayLike) -> NDArray[np.object_]:
    """Store ids of store numbers: store 0 is S01."""
    return np.array([f"S{s + 1:02d}" for s in np.asarray(store)], dtype=object)


def dates(day: ArrayLike) -> pd.DatetimeIndex:
    """Dates of day numbers; days beyond the end of the data are missing."""
    day = np.asarray(day, dtype="int64")
    made = np.datetime64(firm.FIRST_DAY, "s") + day.astype("timedelta64[D]")
    return pd.DatetimeIndex(np.where(day < firm.DAYS, made, np.datetime64("NaT", "s")))


def labels(codes: ArrayLike, names: tuple[str, ...]) -> "pd.Categorical[str]":
    """Names of integer codes, in their order; a code of −1 is missing."""
    return pd.Categorical.from_codes(np.asarray(codes).astype(np.int64), pd.Index(names))
