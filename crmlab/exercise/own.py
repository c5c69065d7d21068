"""Whose exercise it is, and which data that makes: identity, seed, fingerprint, and where the key lies."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab._files import ROOT
from crmlab.exercise.answers import fold

if TYPE_CHECKING:
    import pandas as pd

PEOPLE = 800  # of a student's company, unless the exercise says otherwise


class ExerciseError(ValueError):
    """Something about an exercise that the reader can put right; the message says how."""

    __module__ = "crmlab.exercise"  # where people import it from

    def _render_traceback_(self) -> list[str]:
        return [str(self)]  # in a notebook the sentence, without the lines of code that led to it


def identity(course: str, student: str) -> tuple[str, str]:
    """Return course and student number as they are used, or say what looks wrong with them."""
    course, student = fold(course), fold(student)
    if not student:
        return course, ""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,30}", student) or not re.search(r"\d", student):
        raise ExerciseError(f"student={student!r} does not look like a student number: write your number as "
                            'the university does, without spaces, such as student="20261234".')
    if not course:
        raise ExerciseError('With a student number comes the name of the course: course="…" exactly as your '
                            "instructor wrote it. For practice, leave both empty.")
    return course, student


def company_seed(*words: str) -> int:
    """Return the whole number that a company follows from: practice, or course and student, or secret key."""
    return int.from_bytes(hashlib.sha256("\n".join(("crmlab", *words)).encode()).digest()[:7], "big")


def data_version() -> str:
    """Return the version of the company's data."""
    return (ROOT / "datasets" / "lantern_leaf" / "VERSION").read_text(encoding="utf-8").strip()


def fingerprint(tables: dict[str, pd.DataFrame]) -> str:
    """Return ten characters that differ when any value of the tables does."""
    total = hashlib.sha256()
    for name in sorted(tables):
        total.update(name.encode() + tables[name].to_csv(index=False, lineterminator="\n").encode())
    return total.hexdigest()[:10]


def places() -> list[Path]:
    """Return the folders in which an exercise and its practice key may be."""
    return [ROOT / "exercises", ROOT / "exercises" / "private", Path.cwd()]


def key_of(name: str) -> dict[str, Any]:
    for place in places():
        path = place / f"{name}.key.json"
        if path.is_file():
            return dict(json.loads(path.read_text(encoding="utf-8")))
    raise ExerciseError(f"There is no exercise {name!r} here: {name}.key.json is missing. Leave the name in the "
                        "first cell as it was, and keep the file beside the notebook or in exercises/.")
