"""From one solved notebook: the student's copy, the practice key, and on request a pack of files to hand out."""

from __future__ import annotations

import ast
import json
import zipfile
from pathlib import Path
from typing import Any

from crmlab.exercise.answers import Plain
from crmlab.exercise.judging import same
from crmlab.exercise.own import ROOT, company_seed, data_version
from crmlab.grading import quick
from crmlab.grading.files import GradingError, as_json, rounded, write
from crmlab.grading.runner import Runner
from crmlab.grading.solutions import Solution, solutions, solve, text_of

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
HANDOUT = ("*This is the hand-out; its cells are locked. Run the first code cell: it makes your own copy in the "
           "folder `my_work` and shows a link to it. Work there.*")
NOTE = "hand-out"  # the id of the cell that says so


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
        source, gone = _strip(text_of(cell), cell["cell_type"], where)
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


def practice_key(solution: Solution, runner: Runner) -> dict[str, Any]:
    """Return what the student's notebook needs: form of each answer, right and wrong values on practice data."""
    outcome = solve(solution, runner, company_seed("practice", solution.name))
    questions = {}
    for name, question in outcome.questions.items():
        right: Plain = outcome.answers[name]
        seen: list[Plain] = []
        for hint, value in question["wrong"].items():
            if same(value, right, question):
                raise GradingError(f"{solution.path.name}: the wrong answer to {name} with the hint {hint!r} counts "
                                   "as right on the practice data. Make the tolerance smaller, or leave it out.")
            if any(same(value, other, question) for other in seen):
                raise GradingError(f"{solution.path.name}: on the practice data two wrong answers to {name} are the "
                                   f"same; the hint {hint!r} would never be shown. Leave one out.")
            seen.append(value)
        kept = {key: value for key, value in question.items() if key != "wrong"}
        text = question["kind"] == "text"
        questions[name] = {**kept, **({} if text else {"right": right}), "wrong": question["wrong"]}
    return {"exercise": solution.name, "data": data_version(), "people": solution.people,
            "tables": outcome.tables, "questions": rounded(questions)}


# ---- release ---------------------------------------------------------------------------------------------


def chosen_of(names: list[str]) -> list[Solution]:
    """Return the exercises of these names, or all; a name may also be that of a notebook with quick checks only."""
    if not names:
        return solutions()
    return [s for name in names for s in solutions(name, optional=bool(quick.chapters(name)))]


def release(names: list[str]) -> list[Path]:
    """Write student copies and practice keys of the named exercises, or of all, and the key of the quick checks.

    Returns what changed.
    """
    chosen = chosen_of(names)
    changed = quick.release(names)
    with Runner(trusted=True) as runner:
        for solution in chosen:
            folder = solution.path.parent.parent
            files = {f"{solution.name}.key.json": as_json(practice_key(solution, runner)),
                     f"{solution.name}.ipynb": as_json(student_copy(solution))}
            changed += [folder / name for name, text in files.items() if write(folder / name, text)]
    return changed


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
