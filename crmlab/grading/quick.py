"""The quick checks' key: questions and answers of every chapter, computed from the workbook's tables."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crmlab.exercise import judging, quick, slips
from crmlab.exercise.own import data_version
from crmlab.exercise.quick import FORM, KINDS, Quick
from crmlab.grading import solutions
from crmlab.grading.files import GradingError, as_json, rounded, write


def chapters(name: str = "") -> list[Path]:
    """Return the files with quick checks, or the one of the notebook with the number `name`, if there is any."""
    return [path for path in sorted((solutions.EXERCISES / "quick").glob("*.py")) if name in ("", path.stem)]


def key_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return id → question of one chapter, computed; raise GradingError for what the author can put right."""
    made: dict[str, dict[str, Any]] = {}
    for count, asked in enumerate(_asked(path), start=1):
        if asked.name != f"{path.stem}-{count}":
            raise GradingError(f"{path.name}: {asked.name!r} should be {path.stem}-{count}: the notebook's number, and "
                               "a count in its order.")
        raw = asked.as_key()
        made[asked.name] = rounded(raw)
        _examine(f"{path.name}, {asked.name}", asked, raw, made[asked.name])
    if not made:
        raise GradingError(f"{path.name}: questions() yields nothing. Write a Quick, or delete the file.")
    return made


def _asked(path: Path) -> Iterable[Quick]:
    spec = importlib.util.spec_from_file_location(f"quick_checks_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        asked = list(module.questions())
    except Exception as error:
        raise GradingError(f"{path.name} fails with {type(error).__name__}: {error}") from error
    if not all(isinstance(one, Quick) for one in asked):
        raise GradingError(f"{path.name}: questions() must yield Quick(…) and nothing else.")
    return asked


def _examine(where: str, asked: Quick, raw: dict[str, Any], made: dict[str, Any]) -> None:
    """Raise GradingError unless the right answer is right, every listed slip is wrong, and no two are the same."""
    right = made["right"]
    if made["kind"] not in KINDS:
        raise GradingError(f"{where}: kind={made['kind']!r}, and the answer is {right['is']}; there are "
                           f"{', '.join(KINDS)}.")
    if not set(asked.form) <= set(FORM):
        raise GradingError(f"{where}: form may hold {', '.join(FORM)}; it holds {', '.join(asked.form)}.")
    if not re.search(r"\w{2,}.*[?.]$", asked.ask):
        raise GradingError(f"{where}: write the question as one sentence: ask=\"…?\"; it is {asked.ask!r}.")
    fault = judging.fault(raw["right"], made)
    if fault or not judging.same(raw["right"], right, made):
        raise GradingError(f"{where}: the answer itself does not count as right: {fault or 'set tolerance=0.001'}.")
    if not made["wrong"] and made["kind"] != "flag":
        raise GradingError(f"{where}: has no wrong answers. Write the likeliest slips: wrong={{\"hint\": value}}.")
    seen: dict[str, Any] = {}
    for hint, value in made["wrong"].items():
        if any(judging.same(value, one, made) for one in (right, *made.get("also", []))):
            raise GradingError(f"{where}: the slip {hint!r} counts as right. Make the tolerance smaller, or leave "
                               "it out.")
        double = next((other for other, one in seen.items() if judging.same(value, one, made)), None)
        if double is not None:
            raise GradingError(f"{where}: {double!r} and {hint!r} are the same value; leave one out.")
        if slips.find(value, right, made)[1] != hint:
            raise GradingError(f"{where}: the hint {hint!r} is never shown; is it a value that somebody hands in?")
        seen[hint] = value


def contents(names: list[str]) -> str:
    """Return the key file's text: the named chapters, or all, computed anew, and the others as they are."""
    path = solutions.EXERCISES / "quick" / "key.json"
    made: dict[str, Any] = {}
    if names and path.exists():
        here = {one.stem for one in chapters()}
        known = json.loads(path.read_text(encoding="utf-8"))["chapters"]
        made = {name: questions for name, questions in known.items() if name in here}
    made |= {one.stem: key_of(one) for one in chapters() if not names or one.stem in names}
    return as_json({"data": data_version(), "chapters": dict(sorted(made.items()))})


def release(names: list[str]) -> list[Path]:
    """Write the key of the named chapters, or of all; return it if it changed."""
    if not any(chapters(name) for name in names or [""]):
        return []
    path = solutions.EXERCISES / "quick" / "key.json"
    changed = write(path, contents(names))
    quick.key.cache_clear()
    return [path] if changed else []
