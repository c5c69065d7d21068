"""From a folder of submissions to marks: the walk of one request, room by room."""

from __future__ import annotations

import compileall
import os
from dataclasses import dataclass, field
from pathlib import Path

from crmlab.exercise.own import ROOT
from crmlab.grading import report
from crmlab.grading.bench import Summary, mark_class
from crmlab.grading.collect import read_class
from crmlab.grading.course import COURSE, course
from crmlab.grading.marks import Marker
from crmlab.grading.outcome import Limits
from crmlab.grading.sandbox import check
from crmlab.grading.solutions import solutions


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


def grade(request: Request) -> Summary:
    """Grade all submissions, and write grades, feedback and report beside `request.out`.

    Parameters: `request`. Returns a summary. Raises GradingError or NoSandbox before anything is graded if
    something is wrong with roster, submissions, course, solution or machine; KeyboardInterrupt after what is
    finished has been written.
    """
    if request.sandboxed:
        check()
    compileall.compile_dir(ROOT / "crmlab", quiet=2)  # the sandbox cannot, and would do it for every student
    group = read_class(request.roster, request.submissions, request.exercise)
    solution = solutions(group.exercise)[0]
    settings = course(request.course_file)
    jobs = max(1, min(request.jobs or os.cpu_count() or 1, len(group.submissions)))
    markers = [Marker(solution, settings["course"], settings["key"], request.limits, request.sandboxed)
               for _ in range(jobs)]
    summary = Summary({}, group.rejected)
    try:
        mark_class(group, markers, request.out.parent / f"{request.out.stem}_work" / solution.name, summary,
                   request.quiet)
    finally:
        for marker in markers:
            marker.close()
        if summary.results:  # else the solution itself has failed
            overrides = request.overrides or request.out.parent / "overrides.csv"
            summary.filled = report.hand_out(request.out, solution.name, group.students, summary, overrides,
                                             request.fill, request.fill_column)
    return summary
