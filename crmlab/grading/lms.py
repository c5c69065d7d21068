"""Marks in an export of an LMS's grade book, byte for byte as it was otherwise."""

from __future__ import annotations

import re
from pathlib import Path

from crmlab.exercise.answers import fold
from crmlab.grading.files import GradingError
from crmlab.grading.marks import Result
from crmlab.grading.roster import Student


def filled(path: Path, exercise: str, students: dict[str, Student], results: dict[str, Result],
           column: str = "") -> tuple[bytes, int]:
    """Return an export of Canvas, Moodle or Blackboard with marks in it; every other byte is as it was.

    Parameters: `path` the export; `students` by number, `results`; `column` the heading of
    the marks, needed where not exactly one heading holds the exercise's number or name. Returns the bytes, and how
    many rows were filled. Raises GradingError if the file cannot be read, or students or column are not found.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise GradingError(f"{path}: cannot be opened ({error.strerror})") from None
    text, encoding = "", ""
    for encoding in (("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "gb18030", "latin-1")):
        try:
            text = raw.decode("utf-16-le" if raw[:2] == b"\xff\xfe" else "utf-16-be" if encoding == "utf-16"
                              else encoding)
            break
        except UnicodeDecodeError:
            continue
    if encoding == "utf-16":
        encoding = "utf-16-le" if raw[:2] == b"\xff\xfe" else "utf-16-be"
    rows = _fields(text)
    if len(rows) < 2:
        raise GradingError(f"{path.name}: holds no table")
    owners = {word: s.id for s in students.values() for word in (s.lms, s.id) if word}

    def plain(span: tuple[int, int]) -> str:
        return text[span[0]:span[1]].strip("\ufeff").strip().strip('"').replace('""', '"')

    header = [plain(span) for span in rows[0]]
    hits = [sum(len(row) > i and bool(_whose(plain(row[i]), owners)) for row in rows[1:])
            for i in range(len(header))]
    if not any(hits):
        raise GradingError(f"{path.name}: no column holds student numbers of the roster; add the LMS's own numbers "
                           "to the roster as a column lms_id")
    who = hits.index(max(hits))
    digits, title = exercise.split("_")[0], exercise.partition("_")[2].replace("_", " ")
    fits = [i for i, name in enumerate(header) if (fold(name) == fold(column) if column else
            i != who and (re.search(rf"(?<!\d){digits}(?!\d)", name) or fold(title) in fold(name)
                          or fold(exercise) in fold(name)))]
    if len(fits) != 1:
        raise GradingError(f"{path.name}: {'several columns' if fits else 'no column'} may hold the marks of "
                           f"{exercise}; name it with --fill-column. There are: {', '.join(header)}")
    parts, at, count = [], 0, 0
    for row in rows[1:]:
        if len(row) <= max(who, fits[0]):
            continue
        one = results.get(_whose(plain(row[who]), owners))
        if one is None or one.total is None:
            continue
        begin, end = row[fits[0]]
        quoted = text[begin:end].startswith('"')
        parts += [text[at:begin], f'"{one.total:g}"' if quoted else f"{one.total:g}"]
        at, count = end, count + 1
    return "".join([*parts, text[at:]]).encode(encoding), count


def _whose(value: str, owners: dict[str, str]) -> str:
    """Return the student a cell names: a number alone, or the last word as in `Participant 123`."""
    return owners.get(fold(value)) or owners.get(fold(value).split(" ")[-1], "")


def _fields(text: str) -> list[list[tuple[int, int]]]:
    """Return where each field of each row of a CSV text begins and ends, quotes included."""
    head = text[: (text + "\n").index("\n")]
    comma = max(",;\t", key=head.count)
    rows: list[list[tuple[int, int]]] = []
    row: list[tuple[int, int]] = []
    begin, quoted = 0, False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in (comma, "\n", "\r"):
            row.append((begin, at))
            begin = at + 1
            if letter != comma:
                if len(row) > 1 or row[0][0] < row[0][1]:
                    rows.append(row)
                row = []
    if begin < len(text) or row:
        rows.append([*row, (begin, len(text))])
    return rows
