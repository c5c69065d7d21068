"""What instructors and students get: grades.csv, report.md, feedback pages, and marks in an LMS export."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable
from pathlib import Path

from crmlab.exercise.answers import fold
from crmlab.grading.bench import Summary
from crmlab.grading.files import GradingError, table, write
from crmlab.grading.lms import filled
from crmlab.grading.marks import Mark, Result
from crmlab.grading.roster import Student

HEAD = ["student", "name", "exercise", "state", "points", "out of", "questions", "flags", "notes", "file"]


def hand_out(out: Path, exercise: str, students: dict[str, Student], summary: Summary, overrides: Path,
             export: Path | None = None, column: str = "") -> int:
    """Write everything that is for people beside `out`; return how many marks went into the export's copy.

    Marks by hand come first. If something is wrong with them the rest is written all the same, then GradingError
    is raised.
    """
    results = summary.results
    files: dict[Path, bytes] = {}
    try:
        override(overrides, exercise, results)
    finally:
        files[out] = grades(out, exercise, results.values())
        files[out.parent / "report.md"] = report(exercise, results, summary.rejected, summary.unfinished)
        files |= {out.parent / "feedback" / f"{one.student}.html": feedback(exercise, one)
                  for one in results.values() if one.state != "nothing handed in"}
        for path, content in files.items():
            write(path, content)
    if export is None:
        return 0
    content, count = filled(export, exercise, students, results, column)
    write(export.with_name(f"{export.stem}.filled{export.suffix}"), content)
    return count


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


def grades(path: Path, exercise: str, results: Iterable[Result]) -> bytes:
    """Return one row a student; rows of other exercises in the file that is there stay as they are."""
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
    return b"\xef\xbb\xbf" + made.getvalue().encode("utf-8", "replace")  # with a mark, for spreadsheets


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


def feedback(exercise: str, result: Result) -> bytes:
    """Return one student's page: her own answers, their status and points, never the expected value."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td><pre>{html.escape(mark.value)}</pre></td>"
        f"<td>{mark.status}</td><td>{number(mark.points) or '–'} of {mark.out_of:g}</td></tr>\n"
        for name, mark in result.marks.items())
    said = "".join(f"<li>{html.escape(text)}</li>" for text in result.messages)
    summary = f"{number(result.total)} points so far." if result.total is not None else "Not graded."
    page = PAGE.format(exercise=html.escape(exercise), student=html.escape(result.student), rows=rows,
                       summary=summary, messages=f"<ul>{said}</ul>" if said else "")
    return page.encode("utf-8", "replace")


# ---- report.md -------------------------------------------------------------------------------------------


def report(exercise: str, results: dict[str, Result], rejected: list[tuple[str, str]],
           unfinished: int = 0) -> bytes:
    """Return what an instructor should look at, most urgent first."""
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
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _md(text: str) -> str:
    """Return a text on one line that Markdown takes as text."""
    return re.sub(r"([\\`*\[\]<>|#])", r"\\\1", " ".join(str(text).split()))[:500]


def _quote(mark: Mark) -> str:
    return "\n  > ".join(re.sub(r"([\\`*\[\]<>|#])", r"\\\1", line) for line in mark.value.strip().splitlines())
