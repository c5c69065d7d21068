"""What is wrong with the form of an answer, and whether it is right within its tolerance. Both sides use it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from crmlab.exercise.answers import Plain, as_number, as_rows, as_set, fold


class Wrong(NamedTuple):
    """A cell of a table that is not right."""

    column: str
    row: str
    given: Any
    right: Any


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
    elif kind == "flag":
        if given["is"] != "flag":
            return f"the answer should be True or False, not {_described(given)}"
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

    >>> from crmlab.exercise.answers import plain
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
        return near(as_number(given), as_number(right), tolerance)
    if kind == "flag":
        return given["is"] == "flag" and given["value"] is right["value"]
    if kind in ("choice", "text"):
        return given["is"] in ("text", "number") and fold(given["value"]) == fold(right["value"])
    if kind == "set":
        mine, theirs = as_set(given), as_set(right)
        return bool(mine and theirs) and len(mine ^ theirs) <= tolerance * len(theirs)  # type: ignore
    labels, wrong = compared(given, right, question)
    return not labels and not wrong


def compared(given: Plain, right: Plain, question: dict[str, Any]) -> tuple[list[str], list[Wrong]]:
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
    return [], [Wrong(name, " ".join(key), mine[key][i], row[i]) for key, row in theirs.items()
                for i, name in enumerate(names) if i not in keys and not _match(mine[key][i], row[i], tolerance)]


def where_wrong(given: Plain, right: Plain, question: dict[str, Any]) -> str:
    """Return a sentence on what of a table or a set is wrong; for practice, where nothing is secret."""
    if question["kind"] == "set":
        mine, theirs = as_set(given) or set(), as_set(right) or set()
        return f"{len(mine - theirs)} of your {len(mine)} do not belong there, {len(theirs - mine)} others do"
    if question["kind"] != "table":
        return ""
    labels, wrong = compared(given, right, question)
    if labels:
        return "; ".join(labels)
    cells = sum(len(row) for row in as_rows(right, question["columns"]) or ()) - len(right["rows"])
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    cited = ", ".join(f"{one.column} of {one.row}" for one in wrong[:3])
    return f"look at {cited}{more}" if len(wrong) < cells else ""


def _match(given: Any, right: Any, tolerance: float) -> bool:
    if type(right) in (int, float):
        return type(given) in (int, float) and near(float(given), float(right), tolerance)
    return type(given) is type(right) and fold(given) == fold(right)


def near(given: float | None, right: float | None, tolerance: float) -> bool:
    """Tell whether two finite numbers differ by at most a share of the second (of 1 where that is 0)."""
    if given is None or right is None or not math.isfinite(given) or not math.isfinite(right):
        return False
    return abs(given - right) <= tolerance * (abs(right) or 1)
