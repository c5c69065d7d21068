"""The commands `release` and `grade`: python -m crmlab.grading release, or crmlab release."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from crmlab._files import INSTALLED
from crmlab.exercise import ExerciseError
from crmlab.exercise.own import ROOT
from crmlab.grading.batch import Request, grade
from crmlab.grading.bench import Summary
from crmlab.grading.course import COURSE, course, set_course
from crmlab.grading.files import GradingError
from crmlab.grading.outcome import Limits
from crmlab.grading.release import chosen_of, pack, release
from crmlab.grading.sandbox import NoSandbox

FINE, FAILED, LOOK, STOPPED = 0, 1, 3, 130


def arguments() -> argparse.ArgumentParser:
    """Return what the two commands understand."""
    parser = argparse.ArgumentParser(
        prog="crmlab", description="Exercises: make student copies, mark what comes back. "
        "exercises/README.md takes you through it.",
        epilog="Exit code: 0 all well, 1 nothing done, 2 wrong call, 3 done, but files were rejected (report.md).")
    commands = parser.add_subparsers(dest="command", required=True)
    out = commands.add_parser("release", help="make student copies and practice keys from the solutions")
    out.add_argument("exercises", nargs="*", help="such as 06; or 06a, its quick checks (default: all)")
    out.add_argument("--course", metavar="NAME", help="name the course, once; makes its secret grading key")
    out.add_argument("--pack", type=Path, metavar="ZIP", help="also write a zip of files for students")
    back = commands.add_parser("grade", help="mark a folder or an LMS zip of submissions")
    back.add_argument("submissions", type=Path, help="a folder, a zip file, or one notebook")
    back.add_argument("--roster", type=Path, required=True, help="CSV with the column student (and name, lms_id)")
    back.add_argument("--out", type=Path, default=Path("grades.csv"), help="default grades.csv; all else beside it")
    back.add_argument("--exercise", default="", help="such as 06 (default: what the files say)")
    back.add_argument("--overrides", type=Path, help="marks by hand (default overrides.csv beside --out)")
    back.add_argument("--fill", type=Path, metavar="EXPORT", help="write marks into a copy of this LMS export")
    back.add_argument("--fill-column", default="", metavar="HEADING", help="the column of the export for the marks")
    back.add_argument("--course-file", type=Path, default=COURSE, help="name and key of the course, as release "
                      "--course wrote them")
    back.add_argument("--jobs", type=int, default=0, help="students at a time (default: one a processor)")
    back.add_argument("--cell-seconds", type=float, default=Limits.cell, help="default %(default)s")
    back.add_argument("--student-seconds", type=float, default=Limits.student, help="default %(default)s")
    back.add_argument("--sandbox", choices=("bwrap", "none"), default="bwrap", help="default bwrap")
    back.add_argument("--i-trust-these-submissions", action="store_true", help="needed for --sandbox none")
    return parser


def main(words: list[str] | None = None) -> int:
    """Do one command; return the exit code."""
    options = arguments().parse_args(words)
    try:
        if INSTALLED:
            raise GradingError("release and grade need the whole workbook, which holds the solutions; in its folder: "
                               f"python3 run.py {options.command}")
        return do_release(options) if options.command == "release" else do_grade(options)
    except (GradingError, ExerciseError, NoSandbox) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nStopped. What is finished is kept: the same command goes on from here.", file=sys.stderr)
        return STOPPED
    except OSError as error:
        print(f"A file could not be written or read: {error}", file=sys.stderr)
        return FAILED


def do_release(options: argparse.Namespace) -> int:
    """Make student copies, and a course or a pack if asked to."""
    if options.course is not None:
        new = set_course(options.course)
        place = COURSE.relative_to(ROOT)
        print(f"The course is {course()['course']!r}; {'its secret key is new, in' if new else 'as in'} {place}. "
              "Keep a copy of that file in a safe place, and show it to nobody.")
    changed = release(options.exercises)
    for path in changed:
        print(f"written: {path.relative_to(ROOT)}")
    if not changed:
        print(f"Student copies of {len(chosen_of(options.exercises))} exercises, and the quick checks, are current.")
    if options.pack is not None:
        name = course()["course"] if COURSE.exists() else ""
        print(f"{options.pack}: {pack(options.pack, options.exercises, name)} files for students"
              f"{f' of {name}' if name else ''}.")
    return FINE


def do_grade(options: argparse.Namespace) -> int:
    """Mark submissions and say how it went."""
    sandboxed = options.sandbox == "bwrap"
    if not sandboxed and not options.i_trust_these_submissions:
        raise GradingError("Without a sandbox every submission can read and delete your files. If you have read "
                           "them all, add --i-trust-these-submissions.")
    if options.cell_seconds <= 0 or options.student_seconds <= 0 or options.jobs < 0:
        raise GradingError("Seconds must be above 0, and jobs not below.")
    request = Request(
        submissions=options.submissions, roster=options.roster, out=options.out, exercise=options.exercise,
        overrides=options.overrides, fill=options.fill, fill_column=options.fill_column,
        course_file=options.course_file, jobs=options.jobs,
        limits=Limits(cell=options.cell_seconds, student=options.student_seconds), sandboxed=sandboxed)
    summary = grade(request)
    print(describe(summary, request))
    bad = [one for one in summary.results.values() if one.state == "rejected"]
    return LOOK if bad or summary.rejected else FINE


def describe(summary: Summary, request: Request) -> str:
    """Return the run in a few lines."""
    every = list(summary.results.values())
    count = {state: sum(one.state == state for one in every)
             for state in ("graded", "rejected", "nothing handed in")}
    flagged = sum(bool(one.flags) for one in every)
    lines = [f"{count['graded']} graded{f' ({summary.again} in an earlier run)' if summary.again else ''}, "
             f"{count['rejected'] + len(summary.rejected)} files rejected, {flagged} students flagged, "
             f"{count['nothing handed in']} with nothing handed in.",
             f"Marks: {request.out}. Look at: {request.out.parent / 'report.md'}"]
    if request.fill is not None:
        lines.append(f"{summary.filled} marks written into the copy {request.fill.stem}.filled"
                     f"{request.fill.suffix}.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
