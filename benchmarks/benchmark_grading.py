"""Speed of grading, beside nbgrader's autograde on the same exercise and machine.

    python benchmarks/benchmark_grading.py [--students 12] [--nbgrader PYTHON]

`--nbgrader` is the Python of an environment of its own that holds nbgrader (`python -m venv X` and
`X/bin/pip install nbgrader`); its notebooks run in this environment's kernel. We grade each submission on two sets
of data, nbgrader on one. The results are written to benchmarks/grading.md.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crmlab.grading import course, release, runner, solutions
from crmlab.grading.batch import Request, grade

EXERCISE = "06"
REPORT = Path(__file__).with_name("grading.md")


def submissions(folder: Path, students: list[str]) -> None:
    """Write one solved notebook a student, outputs cleared."""
    solution = solutions.solutions(EXERCISE)[0]
    raw = copy.deepcopy(solution.notebook)
    raw["metadata"]["crmlab"] = {"exercise": solution.name}
    folder.mkdir(parents=True)
    for student in students:
        (folder / f"{student}.ipynb").write_text(json.dumps(raw), encoding="utf-8")


def ours(folder: Path, students: list[str], jobs: int) -> tuple[float, float]:
    """Return seconds for the class, and the largest memory of all its processes together in MB."""
    submissions(folder / "in", students)
    (folder / "roster.csv").write_text("student\n" + "\n".join(students) + "\n")
    course.set_course("benchmark", folder / "course.json")
    request = Request(folder / "in", folder / "roster.csv", folder / "out" / "grades.csv", jobs=jobs,
                      course_file=folder / "course.json")
    peak, done = [0], [False]

    def watch() -> None:
        while not done[0]:
            peak[0] = max(peak[0], runner._tree_bytes(os.getpid()))
            time.sleep(0.2)

    import threading

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun = time.perf_counter()
    summary = grade(request)
    seconds = time.perf_counter() - begun
    done[0] = True
    watcher.join()
    assert all(one.total == 9 and not one.flags for one in summary.results.values()), summary
    return seconds, peak[0] / 1e6


def nbgrader(python: str, folder: Path, students: list[str]) -> tuple[float, str]:
    """Return seconds of `nbgrader autograde` for the class, and its version."""
    kernel = folder / "share" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "p", "language": "python"}))
    raw = copy.deepcopy(solutions.solutions(EXERCISE)[0].notebook)
    cells: list[dict[str, Any]] = []
    for cell in raw["cells"]:
        cells.append(cell)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if "ex.answer(" not in "".join(cell["source"]) and release.BEGIN in "".join(cell["source"]):
            cell["source"] = [line for line in cell["source"] if "SOLUTION" not in line]
        if "ex.answer(" in "".join(cell["source"]) and cell["cell_type"] == "code":
            about = {"schema_version": 3, "task": False}
            cell["metadata"]["nbgrader"] = {**about, "grade": False, "solution": True, "locked": False,
                                            "grade_id": cell["id"]}
            name = release._answered("".join(cell["source"]))[0]
            cells.append({"cell_type": "code", "id": f"test-{cell['id']}", "execution_count": None, "outputs": [],
                          "source": f"assert {name} is not None",
                          "metadata": {"nbgrader": {**about, "grade": True, "solution": False, "locked": True,
                                                    "points": 2, "grade_id": f"test-{cell['id']}"}}})
    raw["cells"] = cells
    text = json.dumps(raw)
    for place in (folder / "source" / "ex", *(folder / "submitted" / student / "ex" for student in students)):
        place.mkdir(parents=True)
        (place / "ex.ipynb").write_text(text)
    surroundings = {**os.environ, "JUPYTER_PATH": str(folder / "share"), "HOME": str(folder),
                    "PATH": f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*words: str) -> float:
        begun = time.perf_counter()
        done = subprocess.run([python, "-m", "nbgrader", *words], cwd=folder, env=surroundings, capture_output=True,
                              text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        return time.perf_counter() - begun

    run("generate_assignment", "ex", "--create", "--IncludeHeaderFooter.header=", "--force")
    seconds = run("autograde", "ex", "--create")
    graded = list((folder / "autograded").glob("*/ex/ex.ipynb"))
    assert len(graded) == len(students)
    version = subprocess.run([python, "-c", "import nbgrader; print(nbgrader.__version__)"], capture_output=True,
                             text=True).stdout.strip()
    return seconds, version


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=12)
    parser.add_argument("--nbgrader", metavar="PYTHON")
    options = parser.parse_args()
    students = [str(20260001 + i) for i in range(options.students)]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for jobs in (2, 1):
            seconds, memory = ours(folder / f"jobs{jobs}", students, jobs)
            rows.append((f"crmlab, {jobs} at a time, both sets of data", seconds, f"{memory:.0f} MB"))
        if options.nbgrader:
            seconds, version = nbgrader(options.nbgrader, folder / "nb", students)
            rows.append((f"nbgrader {version} autograde, one set of data", seconds, "–"))
    count = len(students)
    lines = ["# Speed of grading", "", f"{count} solved copies of exercise {EXERCISE}; wall time of the whole command; "
             f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}; load before "
             f"{os.getloadavg()[2]:.1f}. Made by `benchmarks/benchmark_grading.py`.", "",
             "| grader | seconds a submission | submissions a minute | largest memory |", "| --- " * 4 + "|"]
    lines += [f"| {title} | {seconds / count:.2f} | {60 * count / seconds:.0f} | {memory} |"
              for title, seconds, memory in rows]
    if options.nbgrader:
        lines += ["", f"A submission takes nbgrader {rows[2][1] / rows[0][1]:.1f} times as long as crmlab with two at "
                  f"a time, {rows[2][1] / rows[1][1]:.1f} times as long as with one."]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(REPORT.read_text(encoding="utf-8"), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000, "MB")


if __name__ == "__main__":
    main()
