"""Quick checks: one question in a chapter, answered in one line, and at once said right or not.

Questions and answers are computed in `exercises/quick/`, a file a chapter, which yields a `Quick` for each question;
`python3 run.py release` writes what comes out into one key. `crmlab.check.quick` reads that key.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from crmlab.exercise import judging, own, slips
from crmlab.exercise.answers import Plain, fold, label, plain

KINDS = ("number", "flag", "choice", "set", "table")
INFERRED = {"number": "number", "flag": "flag", "text": "choice", "list": "set", "table": "table"}
FORM = ("low", "high", "choices", "columns", "labels")

answered: dict[str, slips.Record] = {}  # id → what came of its latest answer


@dataclass(frozen=True)
class Quick:
    """A quick check, as its author writes it.

    Parameters
    ----------
    name : "06a-1": the notebook's number, and a count from 1 in the order of the notebook.
    ask : the question in one sentence.
    answer : the right answer, computed from the workbook's tables.
    wrong : hint → the wrong answer that calls for it, computed as a student would who made that slip.
    kind : "number", "flag" (True or False), "choice" (a text), "set" or "table"; the answer tells which.
    tolerance : relative, as in exercises; 0.001, and 0 where the answer has no decimals.
    decimals : of a number, where the question asks for so many; the answer rounded to them is right.
    also : other answers that are right, such as the per cent of a share.
    form : `low`, `high`, `choices`, and for a table `columns` and `labels`, as in exercises.
    """

    name: str
    ask: str = field(kw_only=True)
    answer: Any = field(kw_only=True)
    wrong: dict[str, Any] = field(kw_only=True)
    kind: str = field(kw_only=True, default="")
    tolerance: float | None = field(kw_only=True, default=None)
    decimals: int | None = field(kw_only=True, default=None)
    also: tuple[Any, ...] = field(kw_only=True, default=())
    form: dict[str, Any] = field(kw_only=True, default_factory=dict)

    def as_key(self) -> dict[str, Any]:
        """Return it as the key holds it: form of the answer, right and wrong values as plain data."""
        right = plain(self.answer)
        kind = self.kind or INFERRED.get(right["is"], "")
        form = dict(self.form)
        if kind == "table" and right["is"] == "table":
            form = {**_columns(right), **form}
        tolerance = self.tolerance
        if self.decimals is not None and kind == "number":
            tolerance = 0.51 * 10**-self.decimals / (abs(right["value"]) or 1)
        if tolerance is None:
            tolerance = 0.001 if any(type(one) is float and one % 1 for one in _values(right)) else 0.0
        wrong = {hint: plain(value) for hint, value in self.wrong.items()}
        also = {"also": [plain(value) for value in self.also]} if self.also else {}
        return {"ask": self.ask, "kind": kind, "tolerance": tolerance, **form, "right": right, **also, "wrong": wrong}


def _columns(right: Plain) -> dict[str, Any]:
    """Return the names of a table's columns, and how many of the first say what a row is about."""
    names, index = right["names"], right.get("index", [])
    if names is None:  # a dictionary: its keys, and the value last
        names = [""] * len(right["rows"][0])
        index = names[:-1] if right.get("series") else []
    elif right.get("series") or any(index):
        names = [*index, *names]
    else:
        index = []
    names = [name or ("value" if i == len(names) else f"label {i}" if len(index) > 1 else "label")
             for i, name in enumerate(names, start=1)]
    return {"columns": names, **({"labels": len(index)} if len(index) > 1 else {})}


def _values(right: Plain) -> list[Any]:
    return [right.get("value"), *right.get("items", []), *(one for row in right.get("rows", []) for one in row)]


# ---- what the student is told ----------------------------------------------------------------------------


@cache
def key() -> dict[str, dict[str, dict[str, Any]]]:
    """Return chapter → id → question."""
    path = own.ROOT / "exercises" / "quick" / "key.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["chapters"])


def reply(name: Any, value: Any) -> str:
    """Return what is to be said about an answer, as one line; this cannot fail, whatever was handed in."""
    shown = label(name)
    try:
        return f"{shown}: {_judge(fold(shown), plain(value))}"
    except OSError:
        return f"{shown}: not checked, exercises/quick/key.json is missing; bring the workbook's files back"
    except Exception as error:
        return f"{shown}: not checked, this value cannot be read ({type(error).__name__})"


def _judge(name: str, given: Plain) -> str:
    chapter = name.split("-")[0]
    questions = key().get(chapter, {})
    if name not in questions:
        if questions:
            return f"there is no such quick check; in chapter {chapter} there are {', '.join(questions)}"
        return f"there is no such quick check; there are some in {', '.join(key()) or 'no chapter'}"
    question = questions[name]
    answered.pop(name, None)
    if given["is"] == "nothing":
        return "not answered yet. Put your answer in place of ... and run the cell again."
    record = slips.judged(given, question, judging.fault(given, question))
    answered[name] = record
    return f"{record.said}: {record.hint}" if record.hint else record.said
