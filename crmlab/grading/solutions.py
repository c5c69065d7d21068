"""Solved notebooks: where they are, what they say of themselves, and what they hand in on the data of a seed."""

from __future__ import annotations

import ast
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmlab.exercise import judging
from crmlab.exercise.own import PEOPLE, ROOT
from crmlab.grading.files import GradingError
from crmlab.grading.outcome import Limits, Outcome
from crmlab.grading.runner import Runner

EXERCISES = ROOT / "exercises"
PRIVATE = EXERCISES / "private"


@dataclass(frozen=True)
class Solution:
    """A solved exercise."""

    path: Path
    notebook: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def cells(self) -> list[str]:
        """The sources of the code cells."""
        return [text_of(cell) for cell in self.notebook["cells"] if cell["cell_type"] == "code"]

    @property
    def people(self) -> int:
        """The size of the company, if the notebook sets it: `people=` of its `Exercise(…)`, as Python reads it."""
        for call in (node for source in self.cells for node in ast.walk(ast.parse(source))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) == "Exercise":
                given = [word.value for word in call.keywords if word.arg == "people"] or call.args[3:4]
                try:
                    size = ast.literal_eval(given[0]) if given else PEOPLE
                except ValueError:
                    size = None
                if type(size) is int and size > 0:
                    return size
                raise GradingError(f"{self.path.name}: write the size of the company as a whole number, people=1000; "
                                   f"it is {ast.unparse(given[0])}.")
        return PEOPLE

    @property
    def modules(self) -> tuple[str, ...]:
        """What the cells import, so that it can be imported once for many runs."""
        names: dict[str, None] = {}
        for node in (n for source in self.cells for n in ast.walk(ast.parse(source))):
            if isinstance(node, ast.Import):
                names.update({alias.name: None for alias in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.update({f"{node.module}.{alias.name}": None for alias in node.names})
                names[node.module] = None
        return tuple(names)


def text_of(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else str(source)


def solutions(name: str = "", optional: bool = False) -> list[Solution]:
    """Return the solved exercises, or the one called (or beginning with the number) `name`, unless it is optional."""
    paths = [p for folder in (EXERCISES, PRIVATE) for p in sorted((folder / "solutions").glob("*.ipynb"))]
    chosen = [p for p in paths if not name or p.stem == name or p.stem.split("_")[0] == name]
    if name and len(chosen) != 1 and not (optional and not chosen):
        known = ", ".join(p.stem for p in paths) or "none"
        raise GradingError(f"{'Several exercises' if chosen else 'No exercise'} {name!r} in exercises/solutions or "
                           f"exercises/private/solutions. There are: {known}.")
    return [read(path) for path in chosen]


def read(path: Path) -> Solution:
    """Read a solved notebook, or say why it is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        solution = Solution(path, notebook)
        [ast.parse(source) for source in solution.cells]
        return solution
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
        raise GradingError(f"{path.name} cannot be read as a notebook of plain Python ({error}); open it in "
                           "JupyterLab, correct it and save.") from None


def solve(solution: Solution, runner: Runner, seed: int, only: list[str] | None = None, save: str = "") -> Outcome:
    """Run a solution on the company of a seed; raise GradingError if it fails there or answers badly."""
    task = {"cells": solution.cells, "exercise": solution.name, "seed": seed, "people": solution.people,
            "only": only or [], "save": save}
    limits = Limits(cell=300, student=600)
    outcome = runner.run(task, limits, time.monotonic() + limits.student)
    failed = {cell: text for cell, text in {**outcome.errors, **outcome.killed}.items()}
    where = solution.path.name
    if failed or outcome.problem:
        cell, text = next(iter(failed.items()), (-1, outcome.problem))
        raise GradingError(f"{where}: the solution itself fails in code cell {cell + 1}: {text}. Run it in "
                           "JupyterLab and correct it; nothing was graded with it.")
    if not outcome.questions:
        raise GradingError(f'{where}: declares no question; write ex.question("q1", points=…, kind=…) in a region.')
    for name, question in outcome.questions.items():
        if name not in outcome.answers:
            raise GradingError(f'{where}: {name} is declared and not answered: ex.answer("{name}", …).')
        trouble = judging.fault(outcome.answers[name], question)
        if trouble or not judging.same(outcome.answers[name], outcome.answers[name], question):
            raise GradingError(f"{where}: the solution's own answer to {name} has the wrong form: {trouble}.")
    return outcome
