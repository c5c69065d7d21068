"""From one solved notebook: the student's copy, the practice key, and on request a pack of files to hand out."""

from __future__ import annotations

import ast
import json
import math
import os
import re
import secrets
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmlab import _answers
from crmlab.exercise import PEOPLE, ROOT, company_seed, data_version
from crmlab.grading.sandbox import Limits, Outcome, Runner

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
EXERCISES = ROOT / "exercises"
PRIVATE = EXERCISES / "private"
COURSE = PRIVATE / "course.json"
HANDOUT = ("*This is the hand-out; its cells are locked. Run the first code cell: it makes your own copy in the "
           "folder `my_work` and shows a link to it. Work there.*")
NOTE = "hand-out"  # the id of the cell that says so


class GradingError(Exception):
    """Something an instructor can put right; the message names the file and the cure."""


@dataclass(frozen=True)
class Solution:
    """A solved exercise."""

    path: Path
    notebook: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def cells(self) -> list[str]:
        """The sources of the code cells."""
        return [_text(cell) for cell in self.notebook["cells"] if cell["cell_type"] == "code"]

    @property
    def people(self) -> int:
        """The size of the company, if the notebook sets it."""
        found = re.search(r"Exercise\([^)]*\bpeople\s*=\s*(\d+)", "\n".join(self.cells))
        return int(found[1]) if found else PEOPLE

    @property
    def modules(self) -> tuple[str, ...]:
        """What the cells import, so that it can be imported once for many runs."""
        names: dict[str, None] = {}
        for node in (n for source in self.cells for n in ast.walk(ast.parse(source))):
            if isinstance(node, ast.Import):
                names.update({alias.name: None for alias in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.update({f"{node.module}.{alias.name}": None for alias in node.names})
                names[node.module] = None
        return tuple(names)


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else str(source)


def solutions(name: str = "") -> list[Solution]:
    """Return the solved exercises, or the one called (or beginning with the number) `name`."""
    paths = [p for folder in (EXERCISES, PRIVATE) for p in sorted((folder / "solutions").glob("*.ipynb"))]
    chosen = [p for p in paths if not name or p.stem == name or p.stem.split("_")[0] == name]
    if name and len(chosen) != 1:
        known = ", ".join(p.stem for p in paths) or "none"
        raise GradingError(f"{'Several exercises' if chosen else 'No exercise'} {name!r} in exercises/solutions or "
                           f"exercises/private/solutions. There are: {known}.")
    return [read(path) for path in chosen]


def read(path: Path) -> Solution:
    """Read a solved notebook, or say why it is none."""
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        solution = Solution(path, notebook)
        [ast.parse(source) for source in solution.cells]
        return solution
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
        raise GradingError(f"{path.name} cannot be read as a notebook of plain Python ({error}); open it in "
                           "JupyterLab, correct it and save.") from None


# ---- the student's copy ----------------------------------------------------------------------------------


def student_copy(solution: Solution, course: str = "") -> dict[str, Any]:
    """Return the notebook without its solutions and outputs, or say what is wrong with its regions.

    Parameters: `solution`; `course`, written into the first cell where the copies are for one course only.
    Raises GradingError, naming the cell, for regions that do not begin and end, a region whose cell does not
    answer with a plain name, and a line of the solution that would survive.
    """
    cells, removed, kept = [], set(), []
    for number, cell in enumerate(solution.notebook["cells"], start=1):
        where = f"{solution.path.name}, cell {number}"
        source, gone = _strip(_text(cell), cell["cell_type"], where)
        removed |= {line.strip() for line in gone}
        source = source.replace("](../../", "](../")  # one folder less deep
        kept.append((where, source))
        if course:
            source = source.replace('course=""', f"course={json.dumps(course, ensure_ascii=False)}")
        fresh = {"cell_type": cell["cell_type"], "id": cell.get("id", f"cell-{number}"),
                 "metadata": {"deletable": False, "editable": False}, "source": source.splitlines(keepends=True)}
        if cell["cell_type"] == "code":
            fresh |= {"execution_count": None, "outputs": []}
        cells.append(fresh)
    telling = {line for line in removed if len(line) >= 12 and not line.startswith(("import ", "from ", "#"))}
    for where, source in kept:
        for line in source.splitlines():
            if line.strip() in telling:
                raise GradingError(f"{where}: a line of the solution stands outside its region and would be handed "
                                   f"out: {line.strip()[:60]!r}. Put it between {BEGIN} and {END}.")
    cells.insert(1, {"cell_type": "markdown", "id": NOTE, "source": [HANDOUT],
                     "metadata": {"deletable": False, "editable": False}})
    about = {"exercise": solution.name, "data": data_version()}
    old = solution.notebook["metadata"]
    return {"cells": cells, "metadata": {"crmlab": about, "kernelspec": old.get("kernelspec", {}),
                                         "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


def _strip(source: str, kind: str, where: str) -> tuple[str, list[str]]:
    """Put a stub in the place of each region; return the new source and the lines taken out."""
    names = _answered(source) if kind == "code" else []
    lines: list[str] = []
    gone: list[str] = []
    inside = False
    for line in source.splitlines():
        if line.strip() in (BEGIN, END):
            if (line.strip() == BEGIN) == inside:
                raise GradingError(f"{where}: {line.strip()} without its "
                                   f"{'end before' if inside else 'beginning'}; write each pair in full.")
            inside = not inside
            if inside and kind == "code":
                lines += [f"{name} = ...  # your answer" for name in names] or ["# your code"]
                names = []
            elif inside:
                lines.append("*Your text.*")
        elif "SOLUTION" in line and line.lstrip().startswith("#"):
            raise GradingError(f"{where}: {line.strip()!r} is neither {BEGIN!r} nor {END!r}.")
        else:
            (gone if inside else lines).append(line)
    if inside:
        raise GradingError(f"{where}: {BEGIN} without its end; add {END}.")
    if gone and kind == "code" and "ex.answer(" in source and not _answered(source):
        raise GradingError(f'{where}: the answer must be a plain name: ex.answer("q1", share).')
    return "\n".join(lines), gone


def _answered(source: str) -> list[str]:
    """Return the names handed in by a cell's `ex.answer("q1", name)`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
             and isinstance(node.func, ast.Attribute) and node.func.attr == "answer" and len(node.args) == 2]
    return list(dict.fromkeys(call.args[1].id for call in calls if isinstance(call.args[1], ast.Name)))


# ---- the practice key ------------------------------------------------------------------------------------


def solve(solution: Solution, runner: Runner, seed: int, only: list[str] | None = None, save: str = "") -> Outcome:
    """Run a solution on the company of a seed; raise GradingError if it fails there or answers badly."""
    task = {"cells": solution.cells, "exercise": solution.name, "seed": seed, "people": solution.people,
            "only": only or [], "save": save}
    limits = Limits(cell=300, student=600)
    outcome = runner.run(task, limits, time.monotonic() + limits.student)
    failed = {cell: text for cell, text in {**outcome.errors, **outcome.killed}.items()}
    where = solution.path.name
    if failed or outcome.problem:
        cell, text = next(iter(failed.items()), (-1, outcome.problem))
        raise GradingError(f"{where}: the solution itself fails in code cell {cell + 1}: {text}. Run it in "
                           "JupyterLab and correct it; nothing was graded with it.")
    if not outcome.questions:
        raise GradingError(f'{where}: declares no question; write ex.question("q1", points=…, kind=…) in a region.')
    for name, question in outcome.questions.items():
        if name not in outcome.answers:
            raise GradingError(f'{where}: {name} is declared and not answered: ex.answer("{name}", …).')
        trouble = _answers.fault(outcome.answers[name], question)
        if trouble or not _answers.same(outcome.answers[name], outcome.answers[name], question):
            raise GradingError(f"{where}: the solution's own answer to {name} has the wrong form: {trouble}.")
    return outcome


def practice_key(solution: Solution, runner: Runner) -> dict[str, Any]:
    """Return what the student's notebook needs: form of each answer, right and wrong values on practice data."""
    outcome = solve(solution, runner, company_seed("practice", solution.name))
    questions = {}
    for name, question in outcome.questions.items():
        right: _answers.Plain = outcome.answers[name]
        seen: list[_answers.Plain] = []
        for hint, value in question["wrong"].items():
            if _answers.same(value, right, question):
                raise GradingError(f"{solution.path.name}: the wrong answer to {name} with the hint {hint!r} counts "
                                   "as right on the practice data. Make the tolerance smaller, or leave it out.")
            if any(_answers.same(value, other, question) for other in seen):
                raise GradingError(f"{solution.path.name}: on the practice data two wrong answers to {name} are the "
                                   f"same; the hint {hint!r} would never be shown. Leave one out.")
            seen.append(value)
        kept = {key: value for key, value in question.items() if key != "wrong"}
        text = question["kind"] == "text"
        questions[name] = {**kept, **({} if text else {"right": right}), "wrong": question["wrong"]}
    return {"exercise": solution.name, "data": data_version(), "people": solution.people,
            "tables": outcome.tables, "questions": _rounded(questions)}


def _rounded(value: Any) -> Any:
    """Round numbers to eight digits: the last ones differ between processors and versions of numpy."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.8g}") if isinstance(value, float) and math.isfinite(value) else value


# ---- release ---------------------------------------------------------------------------------------------


def write(path: Path, data: str | bytes) -> bool:
    """Write a whole file or none of it, and only if it changes; say whether it did."""
    raw = data.encode() if isinstance(data, str) else data
    if path.is_file() and path.read_bytes() == raw:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(raw)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return True


def as_json(value: Any) -> str:
    """Return JSON as it is committed."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def release(names: list[str]) -> list[Path]:
    """Write student copies and practice keys of the named exercises, or of all; return what changed."""
    chosen = [s for name in names for s in solutions(name)] if names else solutions()
    changed = []
    with Runner(trusted=True) as runner:
        for solution in chosen:
            folder = solution.path.parent.parent
            files = {f"{solution.name}.key.json": as_json(practice_key(solution, runner)),
                     f"{solution.name}.ipynb": as_json(student_copy(solution))}
            changed += [folder / name for name, text in files.items() if write(folder / name, text)]
    return changed


def course(path: Path = COURSE) -> dict[str, str]:
    """Return the course's name and secret key, or say how to set them."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"course": str(found["course"]), "key": str(found["key"])}
    except FileNotFoundError:
        raise GradingError('There is no course yet. Name it once: python3 run.py release --course "CRM 2027 '
                           'spring"') from None
    except (ValueError, KeyError, TypeError):
        raise GradingError(f"{path} is damaged; restore it from your backup. With a new one "
                           "the hidden data differ.") from None


def set_course(name: str, path: Path = COURSE) -> bool:
    """Write the course's name with a new secret key; say whether it was new."""
    if not _answers.fold(name):
        raise GradingError('The course needs a name: --course "CRM 2027 spring"')
    if path.exists():
        if _answers.fold(course(path)["course"]) == _answers.fold(name):
            return False
        raise GradingError(f"{path} is for {course(path)['course']!r}. Move it away first, to a safe "
                           "place: without its key old hidden data cannot be made again.")
    write(path, as_json({"course": name, "key": secrets.token_hex(16)}))
    path.chmod(0o600)
    return True


PACK = ("run.py", "pyproject.toml", "constraints.txt", "LICENSE", "LICENSE-TEXT", "crmlab", "datasets")


def pack(path: Path, names: list[str], course_name: str = "") -> int:
    """Write a zip for students: workbook and exercises without solutions, truth and grading; return its files."""
    chosen = [s for name in names for s in solutions(name)] if names else solutions()
    files: dict[str, bytes] = {}
    for top in PACK:
        for file in [ROOT / top] if (ROOT / top).is_file() else sorted((ROOT / top).rglob("*")):
            inner = file.relative_to(ROOT)
            if file.is_file() and not {"grading", "truth", "__pycache__"} & set(inner.parts):
                files[inner.as_posix()] = file.read_bytes()
    for solution in chosen:
        folder = solution.path.parent.parent
        key = folder / f"{solution.name}.key.json"
        if not key.is_file():
            raise GradingError(f"{key.name} is missing: python3 run.py release {solution.name}")
        files[f"exercises/{key.name}"] = key.read_bytes()
        files[f"exercises/{solution.name}.ipynb"] = as_json(student_copy(solution, course_name)).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted(files.items()):
            made.writestr(zipfile.ZipInfo(f"crm_exercises/{name}", (2020, 1, 1, 0, 0, 0)), data,
                          zipfile.ZIP_DEFLATED)
    return len(files)
