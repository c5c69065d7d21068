"""A small exercise, and a class that hands it in: what the tests of the grader share."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crmlab.grading import solutions
from crmlab.grading.sandbox import NoSandbox, check

NAME = "90_small"
COURSE = "CRM test"
KEY = "0123456789abcdef" * 2
PEOPLE = 120

CELLS = {
    "setup": f'from crmlab.exercise import Exercise\n\nex = Exercise("{NAME}", course="", student="", '
             f"people={PEOPLE})\n",
    "load": 'orders = ex.load("orders")',
    "q1": """### BEGIN SOLUTION
total = orders["amount"].sum()
ex.question("q1", points=2, kind="number", tolerance=0.001, low=0,
            wrong={"that is the mean of the orders": orders["amount"].mean()})
### END SOLUTION
ex.answer("q1", total)""",
    "q2": """### BEGIN SOLUTION
per_channel = orders.groupby("channel", observed=True)["amount"].sum()
ex.question("q2", points=3, kind="table", tolerance=0.001, columns=["channel", "amount"],
            checks={"channels add up to everything":
                    "abs(value['amount'].sum() - table['orders']['amount'].sum()) < 1"})
### END SOLUTION
ex.answer("q2", per_channel)""",
    "q3": """### BEGIN SOLUTION
best = orders.groupby("customer_id")["amount"].sum().nlargest(5).index
ex.question("q3", points=4, kind="set")
### END SOLUTION
ex.answer("q3", best)""",
    "q4": """### BEGIN SOLUTION
years = orders["order_date"].dt.year.nunique() - 2
ex.question("q4", points=1, kind="number")
### END SOLUTION
ex.answer("q4", years)""",
    "q5": """### BEGIN SOLUTION
advice = "Write to the best five customers."
ex.question("q5", points=2, kind="text")
### END SOLUTION
ex.answer("q5", advice)""",
}


def notebook(cells: dict[str, str], about: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a notebook of code cells, with ids."""
    made = [{"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [],
             "source": source} for name, source in cells.items()]
    return {"cells": made, "metadata": {"crmlab": about} if about else {}, "nbformat": 4, "nbformat_minor": 5}


def submission(changed: dict[str, str | None] | None = None, **about: str) -> dict[str, Any]:
    """Return the small exercise, solved, with some cells changed (None leaves one out)."""
    cells = {**CELLS, **(changed or {})}
    return notebook({name: source for name, source in cells.items() if source is not None},
                    {"exercise": NAME, "data": "1.0.0", **about})


@contextmanager
def small_exercise(folder: Path) -> Iterator[solutions.Solution]:
    """Let the small exercise be the only one there is, in a folder of its own."""
    (folder / "exercises" / "solutions").mkdir(parents=True)
    path = folder / "exercises" / "solutions" / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook(CELLS)), encoding="utf-8")
    (folder / "course.json").write_text(json.dumps({"course": COURSE, "key": KEY}), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solutions, "EXERCISES", folder / "exercises")
        patch.setattr(solutions, "PRIVATE", folder / "private")
        yield solutions.read(path)


def hand_in(folder: Path, files: dict[str, dict[str, Any] | str | bytes]) -> None:
    """Write submissions."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else (
            content if isinstance(content, str) else json.dumps(content)).encode()
        (folder / name).write_bytes(raw)


def write_roster(path: Path, students: list[str]) -> Path:
    """Write a roster."""
    path.write_text("student,name\n" + "".join(f"{s},Student {s}\n" for s in students), encoding="utf-8")
    return path


def need_sandbox(need_program: Callable[..., str]) -> None:
    """Skip a test that needs the sandbox where there is none, or fail and say which right is missing."""
    need_program("bwrap")
    try:
        check()
    except NoSandbox as reason:
        if os.environ.get("CRMLAB_CI") == "1":
            pytest.fail(f"{reason} (CRMLAB_CI=1: nothing may be skipped)")
        pytest.skip(str(reason))


def copied(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook that may be changed."""
    return copy.deepcopy(raw)
