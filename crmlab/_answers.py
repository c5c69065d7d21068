"""What an answer is, as plain data: how it is written down, what is wrong with its form, whether it is right.

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


# ---- judging ---------------------------------------------------------------------------------------------


def fault(given: Plain, question: dict[str, Any]) -> str:
    """Return what is wrong with the form of an answer, as a sentence for the student, or ""."""
    kind, low, high = question["kind"], question.get("low"), question.get("high")
    if given["is"] == "other":
        return f"a value of the type {given['value']}, or of this size, is not an answer"
    if kind == "number":
        number = as_number(given)
        if number is None:
            return f"the answer should be one number, not {_described(given)}"
        if not math.isfinite(number):
            return "the answer should be a finite number; this one is infinite or missing"
        if (low is not None and number < low) or (high is not None and number > high):
            one_sided = f"be at least {low}" if high is None else f"be at most {high}"
            between = low is not None and high is not None
            return f"the answer should {f'lie between {low} and {high}' if between else one_sided}"
    elif kind in ("choice", "text"):
        if given["is"] not in ("text", "number"):
            return f"the answer should be a text, not {_described(given)}"
        choices = question.get("choices")
        if kind == "choice" and choices and fold(given["value"]) not in map(fold, choices):
            return f"the answer should be one of: {', '.join(choices)}"
        if kind == "text" and low and _words(str(given["value"])) < low:
            return f"the answer should have at least {low} words"
    elif kind == "set":
        members = as_set(given)
        if not members:
            return f"the answer should be a list of names or numbers, not {_described(given)}"
    elif kind == "table":
        rows = as_rows(given, question["columns"])
        if rows is None:
            return f"the answer should be a table with {', '.join(question['columns'])}, not {_described(given)}"
        numbers = [value for row in rows for value in row if type(value) in (int, float)]
        if not all(map(math.isfinite, numbers)) or any(value is None for row in rows for value in row):
            return "the table has missing or infinite values"
    return ""


def _words(text: str) -> int:
    """Words, where each Chinese character counts as half a word."""
    chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in text)
    return len(text.split()) + chinese // 2


def _described(given: Plain) -> str:
    if given["is"] == "table":
        width = len(given["rows"][0]) if given["rows"] else 0
        return f"a table of {len(given['rows'])} rows and {width} columns ({', '.join(given['names'] or ())})"
    if given["is"] == "list":
        return f"a list of {len(given['items'])}"
    return {"number": "a number", "flag": "True or False", "text": "a text", "nothing": "nothing"}[given["is"]]


def same(given: Plain, right: Plain, question: dict[str, Any]) -> bool:
    """Tell whether an answer is right within the question's tolerance; this cannot fail.

    `tolerance` is relative: for a number and each number of a table to the right value, for a set to its size.

    >>> number = {"kind": "number", "tolerance": 0.01}
    >>> same(plain(0.502), plain(0.5), number), same(plain(float("nan")), plain(0.5), number)
    (True, False)
    """
    try:
        return _same(given, right, question)
    except Exception:
        return False


def _same(given: Plain, right: Plain, question: dict[str, Any]) -> bool:
    kind, tolerance = question["kind"], question.get("tolerance") or 1e-9
    if kind == "number":
        return _near(as_number(given), as_number(right), tolerance)
    if kind in ("choice", "text"):
        return given["is"] in ("text", "number") and fold(given["value"]) == fold(right["value"])
    if kind == "set":
        mine, theirs = as_set(given), as_set(right)
        return bool(mine and theirs) and len(mine ^ theirs) <= tolerance * len(theirs)  # type: ignore
    labels, wrong = _compared(given, right, question)
    return not labels and not wrong


def _compared(given: Plain, right: Plain, question: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return what is wrong with a table's labels, and, if they are right, the cells that are wrong."""
    names = question["columns"]
    mine_rows, right_rows = as_rows(given, names), as_rows(right, names)
    if not mine_rows or not right_rows:
        return ["it cannot be read"], []
    keys = range(question.get("labels") or 1)  # the first columns say what a row is about

    def label(row: list[Any]) -> tuple[str, ...]:
        return tuple(fold(int(row[i]) if type(row[i]) is float and row[i].is_integer() else row[i]) for i in keys)

    mine, theirs = ({label(row): row for row in rows} for rows in (mine_rows, right_rows))
    if len(mine) != len(mine_rows):
        return [f"the same {names[0]} stands in more than one row"], []
    faults = [f"{what} {', '.join(' '.join(key) for key in sorted(left)[:3])}"
              for what, left in (("there is no row for", theirs.keys() - mine.keys()),
                                 ("there should be no row for", mine.keys() - theirs.keys())) if left]
    if faults:
        return faults, []
    tolerance = question.get("tolerance") or 1e-9
    return [], [f"{name} of {' '.join(key)}" for key, row in theirs.items() for i, name in enumerate(names)
                if i not in keys and not _match(mine[key][i], row[i], tolerance)]


def where_wrong(given: Plain, right: Plain, question: dict[str, Any]) -> str:
    """Return a sentence on what of a table or a set is wrong; for practice, where nothing is secret."""
    if question["kind"] == "set":
        mine, theirs = as_set(given) or set(), as_set(right) or set()
        return f"{len(mine - theirs)} of your {len(mine)} do not belong there, {len(theirs - mine)} others do"
    if question["kind"] != "table":
        return ""
    labels, wrong = _compared(given, right, question)
    if labels:
        return "; ".join(labels)
    cells = sum(len(row) for row in as_rows(right, question["columns"]) or ()) - len(right["rows"])
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return f"look at {', '.join(wrong[:3])}{more}" if len(wrong) < cells else ""


def _match(given: Any, right: Any, tolerance: float) -> bool:
    if type(right) in (int, float):
        return type(given) in (int, float) and _near(float(given), float(right), tolerance)
    return type(given) is type(right) and fold(given) == fold(right)


def _near(given: float | None, right: float | None, tolerance: float) -> bool:
    if given is None or right is None or not math.isfinite(given) or not math.isfinite(right):
        return False
    return abs(given - right) <= tolerance * (abs(right) or 1)
