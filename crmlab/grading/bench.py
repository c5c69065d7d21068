"""Mark a class: several students at a time, resumable, with one bad file never stopping the others."""

from __future__ import annotations

import json
import secrets
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

from crmlab.grading.collect import Class, Submission
from crmlab.grading.files import as_json, write
from crmlab.grading.marks import Mark, Marker, Result
from crmlab.grading.roster import Student


@dataclass
class Summary:
    """How a run ended."""

    results: dict[str, Result]
    rejected: list[tuple[str, str]]
    again: int = 0  # graded in an earlier run
    unfinished: int = 0
    filled: int = 0


def mark_class(group: Class, markers: list[Marker], keep: Path, summary: Summary, quiet: bool = False) -> None:
    """Mark every submission that is not marked yet, and enter the results into `summary`.

    Parameters: the class; markers, one for each student at a time; `keep`, the folder of results of earlier runs;
    the summary; and whether to leave out the bar. Raises GradingError if the solution fails on the hidden set,
    KeyboardInterrupt after what is finished has been kept.
    """
    hidden = markers[0].prepare()
    for marker in markers[1:]:
        marker.prepare(hidden)
    todo = []
    for number, student in group.students.items():
        blank = {name: Mark("not handed in", None, float(q["points"])) for name, q in hidden[0].questions.items()}
        summary.results[number] = Result(number, student.name, state="nothing handed in", marks=blank)
        if number in group.submissions:
            old = saved(keep, number, markers[0].stamp(group.submissions[number]))
            if old is not None:
                summary.results[number], summary.again = old, summary.again + 1
            else:
                todo.append((student, group.submissions[number]))
    try:
        _run(todo, markers, keep, summary, quiet)
    finally:
        summary.unfinished = sum(summary.results[one.id].stamp == "" for one, _ in todo)


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
            return marker.reject(result, f"made the grader itself fail ({type(error).__name__}: {error}); please "
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


# ---- results on disk -------------------------------------------------------------------------------------


def save(folder: Path, result: Result) -> None:
    """Keep a result, so that the next run need not repeat it."""
    write(folder / f"{result.student}.json", as_json(asdict(result)))


def saved(folder: Path, student: str, stamp: str) -> Result | None:
    """Return the kept result of a student if everything it depends on is still the same."""
    try:
        raw = json.loads((folder / f"{student}.json").read_text(encoding="utf-8"))
        if not secrets.compare_digest(raw["stamp"], stamp):
            return None
        raw["marks"] = {name: Mark(**mark) for name, mark in raw["marks"].items()}
        return Result(**raw)
    except (OSError, ValueError, KeyError, TypeError):
        return None
