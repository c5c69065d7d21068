"""Grade a class: several students at a time, resumable, with one bad file never stopping the others."""

from __future__ import annotations

import compileall
import os
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from crmlab.exercise import ROOT
from crmlab.grading import report
from crmlab.grading.collect import Student, Submission, collect, read_roster
from crmlab.grading.marks import Mark, Marker, Result, save, saved
from crmlab.grading.release import COURSE, GradingError, course, solutions
from crmlab.grading.sandbox import Limits, check


@dataclass(frozen=True)
class Request:
    """What `crmlab grade` was asked to do."""

    submissions: Path
    roster: Path
    out: Path
    exercise: str = ""
    overrides: Path | None = None
    fill: Path | None = None
    fill_column: str = ""
    course_file: Path = COURSE
    jobs: int = 0
    limits: Limits = field(default_factory=Limits)
    sandboxed: bool = True
    quiet: bool = False


@dataclass
class Summary:
    """How a run ended."""

    results: dict[str, Result]
    rejected: list[tuple[str, str]]
    again: int = 0  # graded in an earlier run
    unfinished: int = 0
    filled: int = 0


def grade(request: Request) -> Summary:
    """Grade all submissions, and write grades, feedback and report beside `request.out`.

    Parameters: `request`. Returns a summary. Raises GradingError or NoSandbox before anything is graded if
    something is wrong with roster, submissions, course, solution or machine; KeyboardInterrupt after what is
    finished has been written.
    """
    if request.sandboxed:
        check()
    compileall.compile_dir(ROOT / "crmlab", quiet=2)  # the sandbox cannot, and would do it for every student
    students = read_roster(request.roster)
    submissions, rejected = collect(request.submissions, students)
    solution = solutions(request.exercise or _guess(submissions))[0]
    settings = course(request.course_file)
    keep = request.out.parent / f"{request.out.stem}_work" / solution.name
    jobs = request.jobs or os.cpu_count() or 1
    markers = [Marker(solution, settings["course"], settings["key"], request.limits, request.sandboxed)
               for _ in range(max(1, min(jobs, len(submissions))))]
    try:
        hidden = markers[0].prepare()
        for marker in markers[1:]:
            marker.prepare(hidden)
        questions = hidden[0].questions
        summary = Summary({}, rejected)
        todo = []
        for number, student in students.items():
            blank = {name: Mark("not handed in", None, float(q["points"])) for name, q in questions.items()}
            summary.results[number] = Result(number, student.name, state="nothing handed in", marks=blank)
            if number in submissions:
                old = saved(keep, number, markers[0].stamp(submissions[number]))
                if old is not None:
                    summary.results[number], summary.again = old, summary.again + 1
                else:
                    todo.append((student, submissions[number]))
        try:
            _run(todo, markers, keep, summary, request.quiet)
        finally:
            summary.unfinished = sum(one.id not in summary.results or summary.results[one.id].stamp == ""
                                     for one, _ in todo)
            _write(request, solution.name, students, summary)
        return summary
    finally:
        for marker in markers:
            marker.close()


def _guess(submissions: dict[str, Submission]) -> str:
    """Return the exercise the files are for, if they agree."""
    named = {one.exercise for one in submissions.values() if one.exercise}
    if len(named) != 1:
        raise GradingError(f"The files are for {', '.join(sorted(named)) or 'no exercise they name'}; say which "
                           "one to grade: --exercise 06")
    return named.pop()


def _run(todo: list[tuple[Student, Submission]], markers: list[Marker], keep: Path, summary: Summary,
         quiet: bool) -> None:
    """Grade what is to be graded; on Ctrl-C what is finished is kept."""
    from tqdm import tqdm

    free: SimpleQueue[Marker] = SimpleQueue()
    for marker in markers:
        free.put(marker)
    stop = threading.Event()

    def one(student: Student, submission: Submission) -> Result | None:
        if stop.is_set():
            return None
        marker = free.get()
        try:
            result = marker.mark(student, submission)
            return None if stop.is_set() else result
        except Exception as error:  # a bug of ours must not stop the batch either
            result = Result(student.id, student.name, submission.file, stamp="failed")
            result.marks = {name: Mark("not graded", None, mark.out_of)
                            for name, mark in summary.results[student.id].marks.items()}
            return marker._reject(result, f"made the grader itself fail ({type(error).__name__}: {error}); please "
                                          "report this")
        finally:
            free.put(marker)

    counts = {"graded": 0, "rejected": 0, "flagged": 0}
    pool = ThreadPoolExecutor(len(markers))
    waiting: set[Future[Result | None]] = {pool.submit(one, *pair) for pair in todo}
    bar = tqdm(total=len(waiting), unit="student", disable=quiet or not waiting)
    try:
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                if result is None:
                    continue
                if result.stamp != "failed":
                    save(keep, result)
                summary.results[result.student] = result
                counts[result.state] += 1
                counts["flagged"] += bool(result.flags)
                bar.update()
                bar.set_postfix(counts, refresh=False)
    except BaseException:
        stop.set()
        for future in waiting:
            future.cancel()
        for marker in markers:
            marker.stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()


def _write(request: Request, exercise: str, students: dict[str, Student], summary: Summary) -> None:
    """Write everything that is for people."""
    folder = request.out.parent
    overrides = request.overrides or folder / "overrides.csv"
    try:
        report.override(overrides, exercise, summary.results)
    finally:
        report.write_grades(request.out, exercise, summary.results.values())
        report.write_report(folder / "report.md", exercise, summary.results, summary.rejected, summary.unfinished)
        for result in summary.results.values():
            if result.state != "nothing handed in":
                report.write_feedback(folder / "feedback", exercise, result)
    if request.fill is not None:
        filled = request.fill.with_name(f"{request.fill.stem}.filled{request.fill.suffix}")
        summary.filled = report.fill(request.fill, filled, exercise, students, summary.results,
                                     request.fill_column)
