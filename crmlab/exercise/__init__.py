"""Exercises: data of one's own, and at once an answer to "is this right?".

`Exercise(name)` gives practice data, and says of every answer whether it is right. With a course and a
student number it gives data that nobody else has, and says only whether an answer has the right form.
`python -m crmlab.exercise start 06` makes a copy of one's own in the folder `my_work`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.exercise import answers, copies, judging, own, slips
from crmlab.exercise.copies import start
from crmlab.exercise.own import PEOPLE, ExerciseError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Exercise", "ExerciseError", "start"]


class Context:
    """What the grader puts in place of the student's data: tables or a seed, and where answers go."""

    def __init__(self, exercise: str, tables: dict[str, Any], emit: Callable[[dict[str, Any]], None],
                 seed: int | None = None) -> None:
        self.exercise, self.tables, self.emit, self.seed = exercise, tables, emit, seed


_context: Context | None = None  # set only where notebooks are graded or released


class Exercise:
    """An exercise whose data belong to the student.

    Parameters
    ----------
    name : the exercise, as the first cell of its notebook has it.
    course, student : the course's name as the instructor wrote it, and the student number. Without a number
        the data are for practice, the same for everybody.
    people : size of the company.

    Raises
    ------
    ExerciseError : the number looks wrong, the course is missing, or there is no such exercise.

    Examples
    --------
    >>> Exercise("06_value_abc_rfm_clv", course="CRM", student="Li Wei")
    Traceback (most recent call last):
        ...
    crmlab.exercise.ExerciseError: student='li wei' does not look like a student number: ...
    """

    def __init__(self, name: str, course: str = "", student: str = "", people: int = PEOPLE) -> None:
        self.name, self.people = name, people
        self.questions: dict[str, dict[str, Any]] = {}
        self.answered: dict[str, slips.Record] = {}  # what came of the last answer to each question
        self._tables: dict[str, pd.DataFrame] = {}
        self._seed: int | None = None
        self._opened = False
        if _context is not None:
            self.mode = "graded"
            who = {"course": str(course)[:80], "student": str(student)[:80], "people": people}
            _context.emit({"exercise": str(name)[:80], **who})
            if name != _context.exercise:
                raise ExerciseError(f"this is the exercise {name}, not {_context.exercise}")
            self._tables, self._seed = _context.tables, _context.seed
            return
        course, student = own.identity(course, student)
        self.mode = "own" if student else "practice"
        key = own.key_of(name)
        self.questions = key["questions"]
        words = (course, student, name) if student else ("practice", name)
        from crmlab.company import simulate

        self._tables = simulate(own.company_seed(*words), people, key["tables"])
        print(f"{f'Own data of {student}, course {course}' if student else 'Practice data'} "
              f"(version {own.data_version()}, fingerprint {own.fingerprint(self._tables)}).")
        if Path.cwd() in own.places()[:2] and Path.cwd() != own.ROOT:
            self.mode = "hand-out"
            copies.send_to(start(name))
            with contextlib.suppress(OSError):  # saving it here would stand in the way of the next git pull
                Path(f"{name}.ipynb").chmod(0o444)

    def load(self, table: str) -> pd.DataFrame:
        """Open one of the exercise's tables.

        Parameters: `table` its name. Returns a new DataFrame on every call, columns as in `data.describe`.
        Raises ExerciseError if the exercise does not use such a table; the message lists those it has.
        """
        if table not in self._tables and self._seed is not None:
            from crmlab.company import simulate

            self._tables.update(simulate(self._seed, self.people, [table]))
        if table not in self._tables:
            raise ExerciseError(f"This exercise has no table {table!r}; it has {', '.join(self._tables)}.")
        self._opened = True
        return self._tables[table].copy()

    def answer(self, question: str, value: Any) -> None:
        """Hand in an answer, and print what can be said about it at once; this never raises.

        With practice data that is right, or not yet and a hint. With own data it is whether type, shape and
        range are right; the answer itself is marked later. The last answer to a question counts.

        Parameters: `question` its name, such as "q1"; `value` a number, text, list or table. `None` and `...`
        hand in nothing.
        """
        given, name = answers.plain(value), answers.label(question)
        if _context is not None:
            _context.emit({"answer": name, "value": given})
            return
        try:
            print(f"{name}: {self._judge(name, given)}")
        except Exception as error:
            print(f"{name}: not recorded, this value cannot be read ({type(error).__name__})")

    def _judge(self, name: str, given: answers.Plain) -> str:
        if name not in self.questions:
            return f"not recorded, there is no such question; there are {', '.join(self.questions)}"
        question = self.questions[name]
        self.answered.pop(name, None)
        if self.mode == "hand-out":
            return "not checked here; work in your own copy, see the first cell"
        if given["is"] == "nothing":
            return "not answered yet"
        if not self._opened:
            return 'not recorded, open your data first: ex.load("…")'
        wrong = judging.fault(given, question) or self._broken_check(given, question)
        if self.mode == "own":
            record = slips.Record("recorded, but look again" if wrong else "recorded", hint=wrong)
        elif question["kind"] == "text" and not wrong:
            self.answered[name] = slips.Record("written; nobody marks it in practice")
            return "written. A person reads this one"
        else:
            record = slips.judged(given, question, wrong)
        self.answered[name] = record
        return f"{record.said}: {record.hint}" if record.hint else record.said

    def _broken_check(self, given: answers.Plain, question: dict[str, Any]) -> str:
        """Return the first thing every right answer fulfils and this one does not."""
        import pandas as pd

        value: Any = given.get("value")
        if question["kind"] == "table":
            value = pd.DataFrame(answers.as_rows(given, question["columns"]), columns=question["columns"])
        elif question["kind"] == "set":
            value = answers.as_set(given)
        elif question["kind"] == "number":
            value = answers.as_number(given)
        for message, expression in question["checks"].items():
            try:
                fulfilled = eval(expression, {"value": value, "table": self._tables})  # from the key, not from students
            except Exception:
                return f"{message}; it cannot even be looked at: is a column text where numbers should be?"
            if not fulfilled:
                return str(message)
        return ""

    def question(self, name: str, *, points: float, kind: str, tolerance: float = 0.0,
                 wrong: dict[str, Any] | None = None, checks: dict[str, str] | None = None,
                 **form: Any) -> None:
        """Declare a question; this stands in the solution only.

        Parameters
        ----------
        name, points : "q1", and what a right answer earns.
        kind : "number", "table", "set", "choice" or "text" (a text is read by a person).
        tolerance : relative, for numbers; for a set, the share of its members that may differ.
        wrong : hint → the wrong answer that calls for it, computed as a student would who misunderstood.
        checks : sentence → expression in `value` and `table["orders"]` that every right answer fulfils.
        form : `low`, `high` (range; words for a text), `choices`, `columns` of a table, of which the first
            `labels` (1) say what a row is about.
        """
        asked = {"points": points, "kind": kind, "tolerance": tolerance, "checks": checks or {}, **form}
        if kind not in ("number", "table", "set", "choice", "text"):
            raise ExerciseError(f"{name}: kind={kind!r}; there are number, table, set, choice and text")
        if (kind == "table") != ("columns" in form) or not set(form) <= {"low", "high", "choices", "columns",
                                                                         "labels"}:
            raise ExerciseError(f"{name}: a table needs columns=[…]; the rest may be low, high, choices, labels")
        if _context is not None:
            hints = {hint: answers.plain(value) for hint, value in (wrong or {}).items()}
            _context.emit({"question": name, **asked, "wrong": hints})

    def status(self) -> None:
        """Print what has been answered so far, question by question."""
        for name, question in self.questions.items():
            said = self.answered[name].said if name in self.answered else "not answered yet"
            print(f"{name} ({question['points']:g} points): {said}")

    def restart(self) -> None:
        """Put a fresh copy of the exercise in place; the old one is kept under its date."""
        copies.send_to(copies.restart(self.name))
