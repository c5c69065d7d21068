"""Exercises: data of one's own, and at once an answer to "is this right?".

`Exercise(name)` gives practice data, and says of every answer whether it is right. With a course and a
student number it gives data that nobody else has, and says only whether an answer has the right form.
`python -m crmlab.exercise start 06` makes a copy of one's own in the folder `my_work`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab import _answers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Exercise", "ExerciseError", "start"]

ROOT = Path(__file__).resolve().parents[1]
WORK = "my_work"  # students' own copies: git ignores this folder
PEOPLE = 800  # of a student's company, unless the exercise says otherwise


class ExerciseError(ValueError):
    """Something about an exercise that the reader can put right; the message says how."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]  # in a notebook the sentence, without the lines of code that led to it


# ---- who, and which data ---------------------------------------------------------------------------------


def identity(course: str, student: str) -> tuple[str, str]:
    """Return course and student number as they are used, or say what looks wrong with them."""
    course, student = _answers.fold(course), _answers.fold(student)
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


def _key(name: str) -> dict[str, Any]:
    for place in places():
        path = place / f"{name}.key.json"
        if path.is_file():
            return dict(json.loads(path.read_text(encoding="utf-8")))
    raise ExerciseError(f"There is no exercise {name!r} here: {name}.key.json is missing. Leave the name in the "
                        "first cell as it was, and keep the file beside the notebook or in exercises/.")


class Context:
    """What the grader puts in place of the student's data: tables or a seed, and where answers go."""

    def __init__(self, exercise: str, tables: dict[str, Any], emit: Callable[[dict[str, Any]], None],
                 seed: int | None = None) -> None:
        self.exercise, self.tables, self.emit, self.seed = exercise, tables, emit, seed


_context: Context | None = None  # set only where notebooks are graded or released


# ---- the exercise ----------------------------------------------------------------------------------------


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
        self._given: dict[str, str] = {}
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
        course, student = identity(course, student)
        self.mode = "own" if student else "practice"
        key = _key(name)
        self.questions = key["questions"]
        words = (course, student, name) if student else ("practice", name)
        from crmlab.company import simulate

        self._tables = simulate(company_seed(*words), people, key["tables"])
        print(f"{f'Own data of {student}, course {course}' if student else 'Practice data'} "
              f"(version {data_version()}, fingerprint {fingerprint(self._tables)}).")
        if Path.cwd() in places()[:2] and Path.cwd() != ROOT:
            self.mode = "hand-out"
            _send_to(start(name))
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
        given = _answers.plain(value)
        if _context is not None:
            _context.emit({"answer": str(question)[:80], "value": given})
            return
        try:
            print(f"{question}: {self._judge(question, given)}")
        except Exception as error:
            print(f"{question}: not recorded, this value cannot be read ({type(error).__name__})")

    def _judge(self, name: str, given: _answers.Plain) -> str:
        if name not in self.questions:
            return f"not recorded, there is no such question; there are {', '.join(self.questions)}"
        question = self.questions[name]
        self._given.pop(name, None)
        if self.mode == "hand-out":
            return "not checked here; work in your own copy, see the first cell"
        if given["is"] == "nothing":
            return "not answered yet"
        if not self._opened:
            return 'not recorded, open your data first: ex.load("…")'
        wrong = _answers.fault(given, question) or self._broken_check(given, question)
        if self.mode == "own":
            self._given[name] = "recorded"
            if not wrong:
                return "recorded"
            self._given[name] = "recorded, but look again"
            return f"recorded, but look again: {wrong}"
        if question["kind"] == "text" and not wrong:
            self._given[name] = "written; nobody marks it in practice"
            return "written. A person reads this one"
        if not wrong and _answers.same(given, question["right"], question):
            self._given[name] = "right"
            return "right"
        self._given[name] = "not yet"
        hints = (hint for hint, value in question["wrong"].items() if _answers.same(given, value, question))
        where = "" if wrong else _answers.where_wrong(given, question["right"], question)
        return f"not yet: {next(hints, wrong or where or 'read the question once more')}"

    def _broken_check(self, given: _answers.Plain, question: dict[str, Any]) -> str:
        """Return the first thing every right answer fulfils and this one does not."""
        import pandas as pd

        value: Any = given.get("value")
        if question["kind"] == "table":
            value = pd.DataFrame(_answers.as_rows(given, question["columns"]), columns=question["columns"])
        elif question["kind"] == "set":
            value = _answers.as_set(given)
        elif question["kind"] == "number":
            value = _answers.as_number(given)
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
            hints = {hint: _answers.plain(value) for hint, value in (wrong or {}).items()}
            _context.emit({"question": name, **asked, "wrong": hints})

    def status(self) -> None:
        """Print what has been answered so far, question by question."""
        for name, question in self.questions.items():
            print(f"{name} ({question['points']:g} points): {self._given.get(name, 'not answered yet')}")

    def restart(self) -> None:
        """Put a fresh copy of the exercise in place; the old one is kept under its date."""
        import datetime as dt

        mine = ROOT / WORK / f"{self.name}.ipynb"
        if mine.exists():
            day, number = dt.date.today().isoformat(), 1
            while (old := mine.with_name(f"{self.name}.{day}{f'-{number}' * (number > 1)}.ipynb")).exists():
                number += 1
            mine.rename(old)
            print(f"The old copy, as last saved, is now {WORK}/{old.name}. Close this tab without saving.")
        _send_to(start(self.name))


# ---- copies of one's own ---------------------------------------------------------------------------------


def start(name: str) -> Path:
    """Copy an exercise to the folder `my_work`; a copy that is already there stays as it is.

    Parameters: `name` of the exercise, or its beginning, such as "06". Returns the path of the copy.
    Raises ExerciseError if there is no such exercise, or several begin so.
    """
    found = [path for place in places()[:2] for path in sorted(place.glob("*.ipynb"))
             if path.stem == name or path.stem.split("_")[0] == name]
    if len(found) != 1:
        known = sorted(path.stem for place in places()[:2] for path in place.glob("*.ipynb"))
        raise ExerciseError(f"{'Several exercises begin' if found else 'No exercise begins'} with {name!r}; "
                            f"there are: {', '.join(known)}.")
    notebook = json.loads(found[0].read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id") != "hand-out"]  # its note
    for cell in notebook["cells"]:
        for word in ("editable", "deletable"):  # the hand-out itself cannot be typed into
            cell["metadata"].pop(word, None)
    mine = ROOT / WORK / found[0].name
    mine.parent.mkdir(exist_ok=True)
    try:
        with open(mine, "x", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    except FileExistsError:
        pass
    return mine


def _send_to(mine: Path) -> None:
    """Say where one's own copy is; in a notebook with a link."""
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.display import Markdown, display

        if get_ipython() is not None:
            link = Path(os.path.relpath(mine, Path.cwd())).as_posix()
            display(Markdown(f"**Your own copy: [{WORK}/{mine.name}]({link})**. Work there."))
            return
    print(f"Your own copy is {WORK}/{mine.name}. Work there.")


if __name__ == "__main__":
    try:
        if len(sys.argv) != 3 or sys.argv[1] != "start":
            sys.exit("python -m crmlab.exercise start 06")
        _send_to(start(sys.argv[2]))
    except ExerciseError as error:
        sys.exit(str(error))
