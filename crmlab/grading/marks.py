"""From what a solution and a submission handed in to marks, for one student."""

from __future__ import annotations

import hashlib
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmlab.exercise import answers, judging
from crmlab.exercise.answers import fold
from crmlab.exercise.own import company_seed, data_version, identity
from crmlab.grading import outcome, runner, sandbox
from crmlab.grading.collect import Submission
from crmlab.grading.files import GradingError
from crmlab.grading.outcome import Limits, Outcome
from crmlab.grading.roster import Student
from crmlab.grading.runner import Runner
from crmlab.grading.solutions import Solution, solve

CODE = hashlib.sha256(b"".join(Path(path).read_bytes() for path in (
    sandbox.INSIDE, __file__, answers.__file__, judging.__file__, sandbox.__file__, runner.__file__,
    outcome.__file__))).hexdigest()


@dataclass
class Mark:
    """One question of one student. `points` is None where nobody has judged it yet, or nothing came."""

    status: str  # right, wrong, not handed in, to read, not graded, by hand
    points: float | None
    out_of: float
    value: str = ""  # the student's own, shortened, for feedback
    flag: str = ""


@dataclass
class Result:
    """All of one student's exercise."""

    student: str
    name: str = ""
    file: str = ""
    state: str = "graded"  # graded, rejected, nothing handed in
    marks: dict[str, Mark] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # for the instructor
    messages: list[str] = field(default_factory=list)  # for the student
    stamp: str = ""  # of everything the result depends on

    @property
    def total(self) -> float | None:
        """Points so far, or None where nothing was graded."""
        known = [mark.points for mark in self.marks.values() if mark.points is not None]
        return sum(known) if known or self.state == "graded" else None

    @property
    def flags(self) -> list[str]:
        return [f"{name}: {mark.flag}" for name, mark in self.marks.items() if mark.flag]


class Marker:
    """Marks submissions of one exercise; one for each slot, so that several can work at a time."""

    def __init__(self, solution: Solution, course: str, key: str, limits: Limits, sandboxed: bool = True) -> None:
        self.solution, self.course, self.key, self.limits = solution, course, key, limits
        self.trusted = Runner(trusted=True, modules=solution.modules)
        self.untrusted = Runner(sandboxed=sandboxed, modules=solution.modules)
        self.folder = tempfile.TemporaryDirectory(prefix="crmlab-marking-")
        self.hidden: tuple[Outcome, bytes] | None = None
        self._only: list[str] = []

    def stop(self) -> None:
        """End what runs at this moment, from another thread: its run then ends as if it had died."""
        self.trusted.stop()
        self.untrusted.stop()

    def close(self) -> None:
        """End both processes and remove the solution's data."""
        self.trusted.close()
        self.untrusted.close()
        self.folder.cleanup()

    def _solved(self, seed: int) -> tuple[Outcome, bytes]:
        """Return what the solution hands in on the company of a seed, and the pickled tables."""
        if not self._only:
            self._only = solve(self.solution, self.trusted, seed).tables
        path = Path(self.folder.name) / "tables.pickle"
        outcome = solve(self.solution, self.trusted, seed, self._only, str(path))
        return outcome, path.read_bytes()

    def prepare(self, ready: tuple[Outcome, bytes] | None = None) -> tuple[Outcome, bytes]:
        """Solve the hidden set once; raise GradingError if the solution fails there."""
        self.hidden = ready or self._solved(company_seed("hidden", self.key, self.solution.name))
        self._only = self.hidden[0].tables
        modules = (*self.solution.modules, *self.hidden[0].modules)  # these too are imported while it runs
        self.trusted.modules = self.untrusted.modules = modules
        return self.hidden

    def stamp(self, submission: Submission) -> str:
        """Return a hash of all that a result depends on, to know later whether it still holds."""
        parts = [submission.digest, submission.problem, repr(submission.stamps), submission.data,
                 "\0".join(self.solution.cells), self.course, self.key, data_version(), CODE,
                 f"{self.limits.cell:g} {self.limits.student:g}"]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()

    def mark(self, student: Student, submission: Submission) -> Result:
        """Run one submission on the student's own data and on the hidden set, and mark it."""
        result = Result(student.id, student.name, submission.file, stamp=self.stamp(submission),
                        notes=list(submission.notes))
        assert self.hidden is not None
        questions = self.hidden[0].questions
        for name, question in questions.items():
            result.marks[name] = Mark("not graded", None, question["points"])
        if submission.problem:
            return self.reject(result, submission.problem)
        if submission.exercise and submission.exercise != self.solution.name:
            return self.reject(result, f"is the exercise {submission.exercise}, not {self.solution.name}; ask "
                                        "for the right file")
        course, number = identity(self.course, student.id)
        self.untrusted.open()
        try:
            expected, tables = self._solved(company_seed(course, number, self.solution.name))
        except GradingError as error:
            return self.reject(result, f"could not be graded: on this student's data {error}")
        problem = self._other_data(submission, number, expected.fingerprint)
        if problem:
            return self.reject(result, problem)
        task: dict[str, Any] = {"cells": submission.cells, "exercise": self.solution.name}
        deadline = time.monotonic() + self.limits.student
        own = self.untrusted.run({**task, "tables": tables}, self.limits, deadline)
        if own.exercises and all(e["exercise"] != self.solution.name for e in own.exercises):
            return self.reject(result, f"is the exercise {own.exercises[0]['exercise']}, not "
                                        f"{self.solution.name}; ask for the right file")
        hidden = own
        if own.answers:
            task |= {"tables": self.hidden[1], "skip": own.hopeless}
            hidden = self.untrusted.run(task, self.limits, deadline)
        for name, question in questions.items():
            result.marks[name] = compare(name, question, own, hidden, expected, self.hidden[0])
        self._remarks(result, submission, own, number)
        return result

    def reject(self, result: Result, why: str) -> Result:
        result.state = "rejected"
        result.notes.append(why)
        result.messages.append(f"Your file was not graded: it {why}." if why.startswith(("is ", "has ", "cannot"))
                               else "Your file was not graded; please ask your instructor.")
        return result

    def _other_data(self, submission: Submission, number: str, fingerprint: str) -> str:
        """Return what tells that the student worked on other data than these, or ""."""
        here = data_version()
        versions = {stamp.version for stamp in submission.stamps} or {submission.data or here}
        if here not in versions:
            return (f"was made with data version {', '.join(sorted(versions))}, and this workbook has {here}; grade "
                    f"it with the workbook of version {sorted(versions)[0]}")
        seen = {stamp.fingerprint for stamp in submission.stamps if stamp.student == number}
        if seen and fingerprint not in seen:
            return (f"was made with other data than this workbook makes for {number}, though both say version "
                    f"{here} (fingerprint {seen.pop()}, here {fingerprint}): is the course's name as handed out, "
                    "and people= unchanged?")
        return ""

    def _remarks(self, result: Result, submission: Submission, own: Outcome, number: str) -> None:
        """Say what an instructor should know about the run, and the student about errors."""
        for who in own.exercises[:1]:
            inside = fold(who.get("student", ""))
            if inside and inside != number:
                result.notes.append(f"the notebook says student {inside}; graded as {number}")
            inside = fold(who.get("course", ""))
            if inside and inside != fold(self.course):
                result.notes.append(f"the notebook says course {inside!r}")
            if who.get("people") not in ("", str(self.solution.people)):
                result.notes.append(f"the notebook asks for people={who['people']}")
        if own.problem:
            result.notes.append(f"the run was given up: {own.problem}")
        for cell, why in own.killed.items():
            result.notes.append(f"code cell {cell + 1} {why}; it was left out")
            result.messages.append(f"Code cell {cell + 1} {why}; it was left out.")
        for cell, text in list(own.errors.items())[:10]:
            result.messages.append(f"Code cell {cell + 1} failed: {text}")
        for name, times in own.times.items():
            if times > 1 and name in result.marks:
                result.notes.append(f"{name} is answered {times} times; the last counts")
        unknown = [name for name in own.answers if name not in result.marks]
        if unknown:
            result.notes.append(f"answers to questions that do not exist: {', '.join(unknown)[:100]}")
        for name, mark in result.marks.items():
            if mark.status == "not handed in":
                result.notes.append(f"{name}: not handed in")


def compare(name: str, question: dict[str, Any], own: Outcome, hidden: Outcome, expected: Outcome,
            expected_hidden: Outcome) -> Mark:
    """Mark one question; this cannot fail, whatever was handed in."""
    points = float(question["points"])
    given = own.answers.get(name)
    if given is None:
        return Mark("not handed in", None, points)
    value = shown(given)
    if question["kind"] == "text":
        return Mark("to read", None, points, value)
    right = judging.same(given, expected.answers[name], question)
    right_hidden = judging.same(hidden.answers.get(name, {}), expected_hidden.answers[name], question)
    if right and not right_hidden:
        flag = "right on the own data, not on the hidden set: a number written by hand?"
        if hidden.problem:
            flag = f"right on the own data; the run on the hidden set was given up ({hidden.problem})"
        return Mark("right", points, points, value, flag)
    if right:
        return Mark("right", points, points, value)
    flag = "wrong on the own data, right on the hidden set: look at it" if right_hidden else ""
    return Mark("wrong", 0.0, points, value, flag)


def shown(given: dict[str, Any]) -> str:
    """Return an answer as a person would write it, shortened."""
    try:
        if given["is"] == "table":
            rows = given.get("labels", [])[:8] if any(given.get("index") or ()) else []
            body = ["  ".join(map(_short, [*(rows[i] if i < len(rows) else []), *row]))
                    for i, row in enumerate(given["rows"][:8])]
            return "\n".join(body) + ("\n…" if len(given["rows"]) > 8 else "")
        if given["is"] == "list":
            more = f" … ({len(given['items'])})" if len(given["items"]) > 12 else ""
            return ", ".join(map(_short, given["items"][:12])) + more
        return str(given["value"])[:4000]
    except Exception:
        return "(cannot be shown)"


def _short(value: Any) -> str:
    return f"{value:.6g}" if type(value) is float else str(value)[:60]
