"""Proofs over every exercise there is: a new one is covered without a change here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmlab.exercise import answers, judging
from crmlab.exercise.own import ROOT, company_seed
from crmlab.grading import files, release, solutions
from crmlab.grading.outcome import Limits, Outcome
from crmlab.grading.runner import Runner

SOLUTIONS = sorted((ROOT / "exercises" / "solutions").glob("*.ipynb"))
NAMES = [path.stem for path in SOLUTIONS]
STUDENTS = 10
every_exercise = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(trusted=True) as made:
        yield made


def solution(name: str) -> solutions.Solution:
    return solutions.read(ROOT / "exercises" / "solutions" / f"{name}.ipynb")


def key(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / "exercises" / f"{name}.key.json").read_text(encoding="utf-8")))


def copy_of(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / "exercises" / f"{name}.ipynb").read_text(encoding="utf-8")))


def numbers(value: Any) -> Iterator[float]:
    """All numbers in an answer."""
    if type(value) in (int, float):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from numbers(part)


def test_there_are_exercises() -> None:
    assert NAMES


@every_exercise
def test_release_again_gives_no_difference(name: str, runner: Runner) -> None:
    made = files.as_json(release.practice_key(solution(name), runner))
    assert made == (ROOT / "exercises" / f"{name}.key.json").read_text(encoding="utf-8")
    made = files.as_json(release.student_copy(solution(name)))
    assert made == (ROOT / "exercises" / f"{name}.ipynb").read_text(encoding="utf-8")


@every_exercise
def test_the_solution_is_right_for_many_students(name: str, runner: Runner) -> None:
    """Finite, of the right form, and other numbers for other students."""
    solved = solution(name)
    seeds = [company_seed("crm", str(20260000 + i), name) for i in range(STUDENTS)]
    outcomes = [solutions.solve(solved, runner, seed, key(name)["tables"]) for seed in seeds]
    for question, asked in outcomes[0].questions.items():
        given = [outcome.answers[question] for outcome in outcomes]
        assert all(math.isfinite(number) for value in given for number in numbers(value))
        if asked["kind"] not in ("text", "choice"):
            alike = [(i, j) for i in range(STUDENTS) for j in range(i) if judging.same(given[i], given[j], asked)]
            assert not alike, f"{question}: students {alike} have the same answer"
        wrong = [(hint, i) for i, outcome in enumerate(outcomes)
                 for hint, value in outcome.questions[question]["wrong"].items()
                 if judging.same(value, outcome.answers[question], asked)]
        assert len(wrong) <= STUDENTS / 10, f"{question}: listed as wrong, but right: {wrong}"


def run_copy(name: str, folder: Path, course: str = "", student: str = "") -> str:
    """Run a student copy as it is, in a folder of its own; return what it prints."""
    sources = ["".join(c["source"]) for c in copy_of(name)["cells"] if c["cell_type"] == "code"]
    program = "\n".join(sources).replace('course="", student=""', f"course={course!r}, student={student!r}")
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@every_exercise
def test_a_blank_copy_runs_and_hands_in_nothing(name: str, tmp_path: Path) -> None:
    for who in ({}, {"course": "CRM 2027", "student": "20261234"}):
        said = run_copy(name, tmp_path, **who)
        for question in key(name)["questions"]:
            assert f"{question}: not answered yet" in said
        assert "right" not in said and "recorded" not in said


@every_exercise
def test_a_blank_copy_earns_nothing(name: str, runner: Runner) -> None:
    cells = ["".join(c["source"]) for c in copy_of(name)["cells"] if c["cell_type"] == "code"]
    task = {"cells": cells, "exercise": name, "seed": 1, "people": key(name)["people"], "only": []}
    outcome: Outcome = runner.run(task, Limits(), time.monotonic() + 120)
    assert outcome.answers == {} and outcome.errors == {} and not outcome.problem


@every_exercise
def test_each_wrong_answer_gets_its_hint(name: str) -> None:
    """In practice, and none of the answers anybody might try counts as right."""
    for question, asked in key(name)["questions"].items():
        for hint, value in asked["wrong"].items():
            assert not judging.same(value, asked["right"], asked), f"{question}: {hint}"
            first = next(h for h, other in asked["wrong"].items() if judging.same(value, other, asked))
            assert first == hint
        if asked["kind"] != "text":
            assert asked["wrong"], f"{question} has no hint"
            for tried in (0, 1, -1, 0.5, "", "A", True, [], {}, [0], {"A": 1}, float("nan"), None, ...):
                assert not judging.same(answers.plain(tried), asked["right"], asked), (question, tried)


@every_exercise
def test_right_answers_are_right_in_other_forms(name: str) -> None:
    """Another order of rows, numpy scalars, Series, DataFrame, dictionary, list."""
    import numpy as np
    import pandas as pd

    for question, asked in key(name)["questions"].items():
        if asked["kind"] == "text":
            continue
        right, forms = asked["right"], []
        if asked["kind"] == "number":
            number = answers.as_number(right)
            assert number is not None
            forms = [number, np.float64(number), np.array(number), pd.Series([number]), number * (1 + 1e-12)]
        elif asked["kind"] == "set":
            items = right["items"] if right["is"] == "list" else [row[0] for row in right["rows"]]
            forms = [items, items[::-1], set(items), np.array(items), pd.Series(items), pd.Index(items),
                     pd.DataFrame({"customer_id": items})]
        elif asked["kind"] == "table":
            columns = asked["columns"]
            frame = pd.DataFrame(answers.as_rows(right, columns), columns=columns)
            forms = [frame, frame.iloc[::-1], frame.set_index(columns[0]), frame[columns[::-1]],
                     frame.to_dict("list"), frame.set_index(columns[0]).to_dict("index"),
                     frame.astype(dict.fromkeys(columns[1:], float)), frame.to_numpy().tolist()]
        for form in forms:
            given = answers.plain(form)
            assert judging.same(given, right, asked), (question, form, given)
            assert judging.fault(given, asked) == "", (question, form)


@every_exercise
def test_nothing_of_the_solution_is_handed_out(name: str) -> None:
    copy, text = copy_of(name), json.dumps(copy_of(name), ensure_ascii=False)
    assert "SOLUTION" not in text and "ex.question(" not in text
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in copy["cells"])
    assert all(c["metadata"].get("editable") is False for c in copy["cells"])


@every_exercise
def test_three_graded_questions_and_an_open_one(name: str) -> None:
    kinds = [question["kind"] for question in key(name)["questions"].values()]
    assert kinds.count("text") == 1 and len(kinds) == 4 and kinds[-1] == "text"
