"""What an answer is, as plain data: how it is written down, and read as a number, a set or a table.

Both sides use it, the student's notebook and the grader. Values are recognised by their exact type, never by
asking them: an object that claims to equal everything is written down as the name of its class.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
import unicodedata
from typing import Any

Plain = dict[str, Any]  # {"is": "number" | "flag" | "text" | "list" | "table" | "nothing" | "other", …}

CELLS = 20_000  # a larger table is not an answer
LETTERS = 4_000  # a longer text is cut


# ---- writing down ----------------------------------------------------------------------------------------


def plain(value: Any) -> Plain:
    """Write a value down as data that JSON can hold; this cannot fail, whatever the value is.

    >>> plain(0.5), plain({"A": 1, "B": 2})["rows"]
    ({'is': 'number', 'value': 0.5}, [['A', 1], ['B', 2]])
    """
    try:
        return _plain(value)
    except Exception:
        return {"is": "other", "value": type(value).__name__[:80]}


def _plain(value: Any) -> Plain:
    kind = type(value)
    if value is None or value is ...:
        return {"is": "nothing"}
    np, pd = sys.modules.get("numpy"), sys.modules.get("pandas")
    if np is not None and kind is np.ndarray:
        if value.ndim == 0:
            return _plain(value.item())
        _small(value.size)
        return _items(value.tolist())
    if pd is not None and kind is pd.DataFrame:
        _small(value.size)
        return _frame(value)
    if pd is not None and kind is pd.Series:
        _small(value.size)
        frame = value.to_frame(name="" if value.name is None else value.name)
        return {**_frame(frame), "series": True}
    if pd is not None and kind in (pd.Index, pd.RangeIndex, pd.DatetimeIndex, pd.Categorical,
                                   pd.CategoricalIndex):
        _small(value.size)
        return _items(list(value))
    if kind is dict:
        return _mapping(value)
    if kind in (list, tuple, set, frozenset, range, type({}.keys()), type({}.values())):
        _small(len(value))
        return _items(list(value))
    single = cell(value)
    if type(single) is bool:
        return {"is": "flag", "value": single}
    if type(single) in (int, float):
        return {"is": "number", "value": single}
    if type(single) is str and not single.startswith("\0"):
        return {"is": "text", "value": single}
    return {"is": "other", "value": kind.__name__[:80]}


def cell(value: Any) -> Any:
    """Write one element down: None, a bool, a number or a text; anything else is the name of its class."""
    kind = type(value)
    if kind in (bool, float) or value is None:
        return value
    if kind is int:
        return value if value.bit_length() < 1000 else math.inf
    if kind is str:
        return value[:LETTERS].encode("utf-8", "replace").decode()
    if kind in (dt.date, dt.datetime):
        return value.isoformat().removesuffix("T00:00:00")
    np, pd = sys.modules.get("numpy"), sys.modules.get("pandas")
    if np is not None and kind.__module__ == "numpy" and kind in np.sctypeDict.values():
        return cell(str(value.astype("M8[s]")) if kind is np.datetime64 else value.item())
    if pd is not None:
        if value is pd.NA or value is pd.NaT:
            return None
        if kind is pd.Timestamp:
            return value.isoformat().removesuffix("T00:00:00")
        if kind in (pd.Interval, pd.Period):
            return str(value)
    return f"\0{kind.__name__[:80]}"


def label(value: Any) -> str:
    """Return the name of a question as it was written, on one line, whatever was written there.

    >>> label("06a-1"), label(3), label(...), label([])
    ('06a-1', '3', 'nothing', 'list')
    """
    given = plain(value)
    return " ".join(str(given.get("value", given["is"])).split())[:80]


def _small(size: int) -> None:
    if size > CELLS:
        raise ValueError


def _items(values: list[Any]) -> Plain:
    """A list, or a table without names where every item is a row."""
    if values and all(type(v) in (list, tuple) for v in values) and len({len(v) for v in values}) == 1:
        _small(len(values) * len(values[0]))
        return {"is": "table", "names": None, "rows": [[cell(v) for v in row] for row in values]}
    return {"is": "list", "items": [cell(v) for v in values]}


def _mapping(value: dict[Any, Any]) -> Plain:
    """{label: number} is a table of two columns, {column: values} one with names."""
    _small(len(value))
    entries = list(value.values())
    if entries and all(type(v) is dict for v in entries):
        names = list(dict.fromkeys(k for v in entries for k in v))
        _small(len(value) * len(names))
        rows = [[cell(label), *(cell(v.get(n)) for n in names)] for label, v in value.items()]
        return {"is": "table", "names": ["", *map(_name, names)], "rows": rows}
    pd = sys.modules.get("pandas")
    if pd is not None and entries and all(type(v) in (list, tuple, pd.Series, pd.Index) for v in entries):
        return _frame(pd.DataFrame(value))
    rows = [[*map(cell, label), cell(v)] if type(label) is tuple else [cell(label), cell(v)]
            for label, v in value.items()]
    return {"is": "table", "names": None, "rows": rows, "series": True}


def _name(value: Any) -> str:
    return str(cell(value))[:80] if value is not None else ""


def _frame(frame: Any) -> Plain:
    """Columns and rows; the index is kept apart, because only the question knows whether it means anything."""
    columns = [list(map(cell, frame.iloc[:, i].tolist())) for i in range(frame.shape[1])]
    levels = range(frame.index.nlevels)
    labels = [list(map(cell, frame.index.get_level_values(level).tolist())) for level in levels]
    return {"is": "table", "names": [*map(_name, frame.columns)], "rows": [list(r) for r in zip(*columns, strict=True)],
            "index": [*map(_name, frame.index.names)], "labels": [list(r) for r in zip(*labels, strict=True)]}


# ---- reading ---------------------------------------------------------------------------------------------


def fold(text: Any) -> str:
    """Return a text without what a person does not see as a difference: width, case, spaces around it."""
    return " ".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


def as_number(given: Plain) -> float | None:
    """Return the number an answer is, also out of a table of one number; None if it is none."""
    if given.get("is") == "number":
        value = given["value"]
    elif given.get("is") == "list" and len(given["items"]) == 1:
        value = given["items"][0]
    elif given.get("is") == "table" and given.get("series") and len(given["rows"]) == 1:
        value = given["rows"][0][-1]
    else:
        return None
    return float(value) if type(value) in (int, float) else None


def as_set(given: Plain) -> set[str] | None:
    """Return the members of a list, or of a table's only column."""
    if given.get("is") == "list":
        return {fold(v) for v in given["items"] if v is not None}
    if given.get("is") == "table" and given["names"] and len(given["names"]) == 1:
        return {fold(row[0]) for row in given["rows"] if row[0] is not None}
    return None


def as_rows(given: Plain, names: list[str]) -> list[list[Any]] | None:
    """Return a table's rows in the order of `names`, whether its labels stand in the index or in a column."""
    if given.get("is") != "table" or not given["rows"]:
        return None
    have, rows = given["names"], given["rows"]
    if have is not None and len(have) < len(names) and "labels" in given:
        have = given["index"] + have
        rows = [[*label, *row] for label, row in zip(given["labels"], rows, strict=True)]
    if len(rows[0]) != len(names):
        return None
    at = list(range(len(names)))
    if have is not None and not given.get("series"):
        named = [name for name in have if name]
        if not set(map(fold, named)) <= set(map(fold, names)) or len(set(have)) != len(have):
            return None
        spare = iter([i for i, name in enumerate(have) if not name])
        where = {fold(name): i for i, name in enumerate(have) if name}
        at = [where[fold(n)] if fold(n) in where else next(spare) for n in names]
    return [[row[i] for i in at] for row in rows]
