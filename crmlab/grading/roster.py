"""The class: a CSV file with a line for each student."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from crmlab.exercise.answers import fold
from crmlab.grading.files import GradingError, table

ID_COLUMNS = ("student", "student id", "student number", "student_id", "id", "学号")
NAME_COLUMNS = ("name", "student name", "姓名")
LMS_COLUMNS = ("lms_id", "lms id", "canvas id", "moodle id")


@dataclass(frozen=True)
class Student:
    """One line of the roster."""

    id: str
    name: str = ""
    lms: str = ""


def read_roster(path: Path) -> dict[str, Student]:
    """Read the roster: a CSV file with a column `student`, and `name` and `lms_id` if you like.

    Parameters: `path`. Returns students by number. Raises GradingError, naming the line, for an empty file, a
    missing column, a number that is missing or cannot be one, and a student who stands in it twice.
    """
    needed = "it needs a line of headings with the column student, then one line a student"
    students: dict[str, Student] = {}
    lines: dict[str, int] = {}
    for line, row in table(path, needed):
        column = next((name for name in ID_COLUMNS if name in row), None)
        if column is None:
            raise GradingError(f"{path.name} has no column student (there are: {', '.join(row)}); {needed}")
        number = fold(row[column])
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,30}", number):
            raise GradingError(f"{path.name}, line {line}: {row[column]!r} is not a student number; use letters, "
                               "digits, dots and dashes, without spaces")
        if number in students:
            raise GradingError(f"{path.name}: student {number} stands in lines {lines[number]} and {line}; delete "
                               "one of them")
        pick = [next((row[n] for n in names if row.get(n)), "") for names in (NAME_COLUMNS, LMS_COLUMNS)]
        students[number], lines[number] = Student(number, pick[0], fold(pick[1])), line
    if not students:
        raise GradingError(f"{path.name} lists nobody; {needed}")
    return students
