"""What instructors and students get: grades.csv, report.md, feedback pages, and marks in an LMS export."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable
from pathlib import Path

from crmlab._answers import fold
from crmlab.grading.collect import Student, table
from crmlab.grading.marks import Mark, Result
from crmlab.grading.release import GradingError, write

HEAD = ["student", "name", "exercise", "state", "points", "out of", "questions", "flags", "notes", "file"]


# ---- marks by hand ---------------------------------------------------------------------------------------


def override(path: Path, exercise: str, results: dict[str, Result]) -> int:
    """Put the marks of overrides.csv in place; return how many.

    Parameters: `path` of a CSV file with the columns student, question, points and, if you like, exercise and
    comment; `exercise` its name, and its `results`. Raises GradingError, naming the line, for a
    student or question that does not exist and for points that are no number or more than the question has.
    """
    if not path.exists():
        return 0
    needed = "it needs the columns student, question, points, and comment if you like"
    count = 0
    for line, row in table(path, needed):
        where = f"{path.name}, line {line}"
        if not {"student", "question", "points"} <= row.keys():
            raise GradingError(f"{where}: {needed}")
        student, question = fold(row["student"]), row["question"]
        if row.get("exercise") and row["exercise"] not in (exercise, exercise.split("_")[0]):
            continue
        if student not in results:
            raise GradingError(f"{where}: student {row['student']!r} is not in the roster")
        mark = results[student].marks.get(question)
        if mark is None:
            raise GradingError(f"{where}: there is no question {question!r}; there are "
                               f"{', '.join(results[student].marks)}")
        try:
            points = float(row["points"].replace(",", "."))
        except ValueError:
            points = -1.0
        if not 0 <= points <= mark.out_of:
            raise GradingError(f"{where}: points must be a number from 0 to {mark.out_of:g}, not {row['points']!r}")
        mark.points, mark.status = points, "by hand"
        if row.get("comment"):
            results[student].messages.append(f"{question}: {row['comment']}")
        count += 1
    return count


# ---- grades.csv ------------------------------------------------------------------------------------------


def safe(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula."""
    text = " ".join(str(text).split())
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def number(points: float | None) -> str:
    """Return points as they are written in tables: "" where there are none."""
    return "" if points is None else f"{points:g}"


def write_grades(path: Path, exercise: str, results: Iterable[Result]) -> None:
    """Write one row a student; rows of other exercises in the same file stay as they are."""
    others: list[list[str]] = []
    if path.exists():
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                rows = list(csv.reader(file))
        except (OSError, ValueError, csv.Error) as error:
            raise GradingError(f"{path}: cannot be read ({error}); move it away and grade again") from None
        if rows and rows[0] != HEAD:
            raise GradingError(f"{path}: is not a grades.csv of this program; choose another name with --out")
        others = [row for row in rows[1:] if len(row) == len(HEAD) and row[2] != exercise]
    rows = []
    for one in results:
        questions = "; ".join(f"{name} {mark.status} {number(mark.points)}".strip()
                              for name, mark in one.marks.items())
        total = sum(mark.out_of for mark in one.marks.values())
        rows.append([one.student, safe(one.name), exercise, one.state, number(one.total), number(total),
                     safe(questions), safe("; ".join(one.flags)), safe("; ".join(one.notes)), safe(one.file)])
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows([HEAD, *sorted([*others, *rows], key=lambda row: row[2])])
    write(path, b"\xef\xbb\xbf" + made.getvalue().encode("utf-8", "replace"))  # with a mark, for spreadsheets


# ---- feedback --------------------------------------------------------------------------------------------

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{exercise}, {student}</title><style>
body {{ font: 16px/1.5 sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em; color: #222 }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #bbb; padding: .4em .6em; text-align: left; vertical-align: top }}
pre {{ margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }}
</style></head><body><h1>{exercise}</h1><p>Student {student}. {summary}</p>
<table><tr><th>Question</th><th>Your answer</th><th>Status</th><th>Points</th></tr>
{rows}</table>{messages}</body></html>
"""


def write_feedback(folder: Path, exercise: str, result: Result) -> None:
    """Write one student's page: her own answers, their status and points, never the expected value."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td><pre>{html.escape(mark.value)}</pre></td>"
        f"<td>{mark.status}</td><td>{number(mark.points) or '–'} of {mark.out_of:g}</td></tr>\n"
        for name, mark in result.marks.items())
    said = "".join(f"<li>{html.escape(text)}</li>" for text in result.messages)
    summary = f"{number(result.total)} points so far." if result.total is not None else "Not graded."
    page = PAGE.format(exercise=html.escape(exercise), student=html.escape(result.student), rows=rows,
                       summary=summary, messages=f"<ul>{said}</ul>" if said else "")
    write(folder / f"{result.student}.html", page.encode("utf-8", "replace"))


# ---- report.md -------------------------------------------------------------------------------------------


def write_report(path: Path, exercise: str, results: dict[str, Result], rejected: list[tuple[str, str]],
                 unfinished: int = 0) -> None:
    """Write what an instructor should look at, most urgent first."""
    every = list(results.values())
    graded = [one for one in every if one.state == "graded"]
    lines = [f"# {exercise}", "", f"{len(graded)} of {len(every)} students graded."]
    if unfinished:
        lines += ["", f"**Not finished: {unfinished} submissions are still to be graded.** Run the same command."]
    known = [one.total for one in graded if one.total is not None]
    if known:
        lines += ["", f"Points: mean {sum(known) / len(known):.2f}, lowest {min(known):g}, highest {max(known):g}."]
    names = list(every[0].marks) if every else []
    if graded:
        lines += ["", "| question | right | wrong | not handed in | to read | by hand |", "| --- " * 6 + "|"]
        for name in names:
            marks = [one.marks[name] for one in graded]
            count = [sum(m.status == s for m in marks)
                     for s in ("right", "wrong", "not handed in", "to read", "by hand")]
            lines.append(f"| {name} | {' | '.join(map(str, count))} |")
    sections = {
        "Rejected files": [f"{_md(file)}: {_md(why)}" for file, why in rejected]
        + [f"{_md(one.file)} ({one.student}): {_md(one.notes[-1])}" for one in every if one.state == "rejected"],
        "Flagged": [f"{one.student}, {_md(flag)}" for one in graded for flag in one.flags],
        "Timed out, killed, late, not handed in": [f"{one.student}: {_md(note)}" for one in graded
                                                   for note in one.notes],
        "To read": [f"{one.student}, {name}\n\n  > {_quote(mark)}" for one in graded
                    for name, mark in one.marks.items() if mark.status == "to read"],
        "Nothing handed in": [f"{one.student} {_md(one.name)}" for one in every
                              if one.state == "nothing handed in"],
    }
    for title, items in sections.items():
        if items:
            lines += ["", f"## {title}", "", *(f"- {item}" for item in items)]
    write(path, ("\n".join(lines) + "\n").encode("utf-8", "replace"))


def _md(text: str) -> str:
    """Return a text on one line that Markdown takes as text."""
    return re.sub(r"([\\`*\[\]<>|#])", r"\\\1", " ".join(str(text).split()))[:500]


def _quote(mark: Mark) -> str:
    return "\n  > ".join(re.sub(r"([\\`*\[\]<>|#])", r"\\\1", line) for line in mark.value.strip().splitlines())


# ---- marks in an LMS export ------------------------------------------------------------------------------


def fill(path: Path, out: Path, exercise: str, students: dict[str, Student], results: dict[str, Result],
         column: str = "") -> int:
    """Write marks into an export of Canvas, Moodle or Blackboard; every other byte stays as it is.

    Parameters: `path` the export; `out` the new file; `students` by number, `results`; `column` the heading of
    the marks, needed where not exactly one heading holds the exercise's number or name. Returns how many rows
    were filled. Raises GradingError if the file cannot be read, or students or column are not found.
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
    parts, at, filled = [], 0, 0
    for row in rows[1:]:
        if len(row) <= max(who, fits[0]):
            continue
        one = results.get(_whose(plain(row[who]), owners))
        if one is None or one.total is None:
            continue
        begin, end = row[fits[0]]
        quoted = text[begin:end].startswith('"')
        parts += [text[at:begin], f'"{one.total:g}"' if quoted else f"{one.total:g}"]
        at, filled = end, filled + 1
    write(out, "".join([*parts, text[at:]]).encode(encoding))
    return filled


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
