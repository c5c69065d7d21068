"""Slips that happen with any question: unit, sign, rounding, text for a number, the wrong part of a table.

Each has a name that stays the same, for counting, and a sentence for the student: what to look at, never the number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from crmlab.exercise.answers import Plain, as_number, as_rows, as_set, fold
from crmlab.exercise.judging import Wrong, compared, near, same, where_wrong

ABOUT = 0.02  # a slip in the unit is recognised also where only two digits are left
EXACT = 1e-9
# how the types end of which a large value is refused as an answer, so that only its type is known
LARGE = ("DataFrame", "Series", "Index", "array", "Array", "Categorical", "list", "tuple", "set", "dict")

HINTS = {
    "text-for-number": "that is text; hand in the number itself, without quotation marks, commas or signs",
    "whole-object": "hand in one {}, not the whole {}",
    "values-for-labels": "those are the values; asked are the labels they belong to, the index or the keys",
    "labels-for-values": "those are the labels; asked are the values that stand beside them",
    "swapped": "labels and values are the wrong way round",
    "sign": "look at the sign: plus and minus are the wrong way round",
    "per-cent-for-share": "that is in per cent, from 0 to 100; asked is a share, from 0 to 1",
    "share-for-per-cent": "that is a share, from 0 to 1; the question asks on a scale from 0 to 100",
    "factor-100": "look at the unit: something is multiplied or divided by 100 once too often",
    "thousands": "look at the unit: thousands and units are mixed up",
    "millions": "look at the unit: millions and units are mixed up",
    "month-year": "look at the time: a month and a year are mixed up",
    "complement": "that is the share of all the others, the complement of the share asked for",
    "off-by-one": "one too many or one too few: check the first and the last, and do not count a header",
    "rounded": "rounded too far; hand in the number as it was computed",
}


class Record(NamedTuple):
    """What came of an answer, the name of the slip behind it, and the hint that was shown."""

    said: str  # right, not yet, recorded, …
    slip: str = ""  # a name of HINTS, or "wrong-1", "wrong-2" … of the question
    hint: str = ""


def judged(given: Plain, question: dict[str, Any], wrong: str) -> Record:
    """Judge an answer where nothing is secret; `wrong` is what is wrong with its form, if anything is."""
    right = question.get("right")
    if not wrong and right is not None and _is_right(given, right, question):
        return Record("right")
    slip, hint = find(given, right, question)
    where = "" if wrong or right is None else where_wrong(given, right, question)
    return Record("not yet", slip, hint or wrong or where or "read the question once more")


def find(given: Plain, right: Plain | None, question: dict[str, Any]) -> tuple[str, str]:
    """Return the slip behind a wrong answer: its name and the hint for it, or two empty texts; this cannot fail.

    The question's own `wrong` come first; the first of them has the name "wrong-1". Of several that an answer is
    like, the nearest is taken, and none where the answer is as near to the right value.

    >>> from crmlab.exercise.answers import plain
    >>> find(plain(42.1), plain(0.42134), {"kind": "number", "tolerance": 0.001})[0]
    'per-cent-for-share'
    """
    try:
        if right is None or given["is"] == "nothing" or _is_right(given, right, question):
            return "", ""
        return _listed(given, right, question) or _form(given, right, question) or _numbers(given, right, question)
    except Exception:
        return "", ""


def _is_right(given: Plain, right: Plain, question: dict[str, Any]) -> bool:
    return any(same(given, one, question) for one in (right, *question.get("also", [])))


def _listed(given: Plain, right: Plain, question: dict[str, Any]) -> tuple[str, str] | None:
    """Find the listed slip that the answer is nearest to, among those it is like."""
    wrong = list(enumerate(question.get("wrong", {}).items(), start=1))
    for alike in (same, _alike):
        found = [(_apart(given, value), number, hint)
                 for number, (hint, value) in wrong if alike(given, value, question)]
        if found:
            apart, number, hint = min(found)
            rights = (_apart(given, one) for one in (right, *question.get("also", [])))
            return (f"wrong-{number}", hint) if apart == 0 or apart < min(rights) else None
    return None


def _apart(given: Plain, value: Plain) -> float:
    """Return how far apart two numbers are; 0 if the other value is none, and without end if the answer is none."""
    mine, theirs = as_number(given), as_number(value)
    if theirs is None:
        return 0.0
    return math.inf if mine is None else abs(mine - theirs)


def _alike(given: Plain, value: Plain, question: dict[str, Any]) -> bool:
    """Compare with a listed slip that has decimals where the answer has none, or is of another kind."""
    kind = {"number": "number", "text": "choice", "list": "set"}.get(value["is"])
    decimals = kind == "number" and value["value"] % 1 != 0
    return bool(kind and (kind != question["kind"] or decimals)) and same(
        given, value, {"kind": kind, "tolerance": 0.001 if decimals else 0.0})


# ---- the wrong form --------------------------------------------------------------------------------------


def _form(given: Plain, right: Plain, question: dict[str, Any]) -> tuple[str, str] | None:
    """Find text for a number, a whole object for one part of it, and labels that stand for values."""
    kind = question["kind"]
    name = ""
    if kind in ("number", "choice"):
        name = _single(given, right, kind)
    elif kind == "set":
        name = _members(given, right, question)
    elif kind == "table" and len(question["columns"]) == 2:
        rows = as_rows(given, question["columns"]) or []
        turned = {"is": "table", "names": None, "rows": [row[::-1] for row in rows]}
        name = "swapped" if same(turned, right, question) else ""
    part = {"number": "number, for example len(…)", "choice": "name", "set": "column"}.get(kind, "")
    return (name, HINTS[name].format(part, given["value"] if given["is"] == "other" else given["is"])) if name else None


def _single(given: Plain, right: Plain, kind: str) -> str:
    size = len(given.get("items") or given.get("rows") or ())
    if size > 1 or (given["is"] == "other" and given["value"].endswith(LARGE)):
        return "whole-object"
    if kind == "number" and given["is"] == "text":
        return "text-for-number" if number_in(given["value"]) is not None else "labels-for-values"
    if kind == "choice" and given["is"] == "number" and number_in(str(right["value"])) is None:
        return "values-for-labels"
    return ""


def _members(given: Plain, right: Plain, question: dict[str, Any]) -> str:
    """Find the set asked for in another part of what was given."""
    if given["is"] == "table":
        columns = [list(column) for column in zip(*given["rows"], strict=True)]
        index = [list(column) for column in zip(*given.get("labels", []), strict=True)]
        if given["names"] is None and given.get("series"):  # a dictionary: its keys are the index
            columns, index = columns[-1:], columns[:-1]
        if any(same({"is": "list", "items": items}, right, question) for items in index):
            return "values-for-labels"
        if any(same({"is": "list", "items": items}, right, question) for items in columns):
            return "whole-object"
    mine, theirs = ([number_in(member) is not None for member in as_set(one) or ()] for one in (given, right))
    if mine and theirs and all(mine) and not any(theirs):
        return "values-for-labels"
    if mine and theirs and all(theirs) and not any(mine):
        return "labels-for-values"
    return ""


def number_in(text: str) -> float | None:
    """Return the number that a text shows, such as "12.3%" or "¥1,234", or None."""
    bare = re.sub(r"[\s,%‰¥￥$€']|yuan|元|per ?cent|rmb|cny", "", fold(text)).replace("−", "-")
    try:
        number = float(bare)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


# ---- the wrong number ------------------------------------------------------------------------------------


def _rounded(x: float) -> list[float]:
    """Rounded or cut to whole numbers, rounded to 1 to 3 decimals or to 2 or 3 digits (1 below one)."""
    if x.is_integer():
        return [float(f"{x:.{digits}g}") for digits in (2, 3) if abs(x) >= 100]
    near_by = [float(math.trunc(x))]
    for decimals in range(4):
        size = 10**decimals
        near_by += [round(x, decimals), math.copysign(math.floor(abs(x) * size + 0.5) / size, x)]
    return near_by + [float(f"{x:.{digits}g}") for digits in range(1 if abs(x) < 1 else 2, 4)]


# name → the wrong numbers that this slip makes of the right one, and how near the student's must be to them
Makes = Callable[[float], list[float]]
NUMBERS: dict[str, tuple[Makes, float | None]] = {
    "sign": (lambda x: [-x], ABOUT),
    "per-cent-for-share": (lambda x: [100 * x] if abs(x) <= 1 else [], ABOUT),
    "share-for-per-cent": (lambda x: [x / 100] if 1 < abs(x) <= 100 else [], ABOUT),
    "factor-100": (lambda x: [100 * x, x / 100], ABOUT),
    "thousands": (lambda x: [1000 * x, x / 1000], ABOUT),
    "millions": (lambda x: [1e6 * x, x / 1e6], ABOUT),
    "month-year": (lambda x: [12 * x, x / 12], ABOUT),
    "complement": (lambda x: [1 - x] if 0 < x < 1 else [], None),  # None: within the question's tolerance
    "off-by-one": (lambda x: [x - 1, x + 1] if x.is_integer() else [], EXACT),
    "rounded": (_rounded, EXACT),
}


def _numbers(given: Plain, right: Plain, question: dict[str, Any]) -> tuple[str, str]:
    """Find the one slip that explains the number, or every wrong cell of the table."""
    cells = _wrong_cells(given, right, question)
    if not cells:
        return "", ""
    columns = list(dict.fromkeys(cell.column for cell in cells))
    several = question["kind"] == "table" and len(question["columns"]) - (question.get("labels") or 1) > 1
    where = f"{', '.join(columns)}: " if several else ""
    if all(type(cell.given) is str and number_in(cell.given) is not None for cell in cells):
        return "text-for-number", where + HINTS["text-for-number"]
    if any(type(cell.given) not in (int, float) for cell in cells):
        return "", ""
    for name, (make, width) in NUMBERS.items():
        if name == "rounded" and not any(cell.given for cell in cells):
            continue  # a 0 may come from anything
        tolerance = width or question.get("tolerance") or EXACT
        if all(cell.right and any(near(float(cell.given), wrong, tolerance) for wrong in make(float(cell.right)))
               for cell in cells):
            return name, where + HINTS[name]
    return "", ""


def _wrong_cells(given: Plain, right: Plain, question: dict[str, Any]) -> list[Wrong]:
    """Return what is wrong where a number should be; nothing if more than that is wrong."""
    if question["kind"] == "number":
        number = as_number(given)
        return [] if number is None else [Wrong("", "", number, as_number(right))]
    if question["kind"] != "table":
        return []
    labels, wrong = compared(given, right, question)
    return wrong if not labels and all(type(cell.right) in (int, float) for cell in wrong) else []
