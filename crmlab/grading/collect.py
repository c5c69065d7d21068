"""Which file belongs to which student: the roster, a folder or an LMS zip, and nothing outside them."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from crmlab.exercise.answers import fold
from crmlab.grading.files import GradingError
from crmlab.grading.roster import Student, read_roster

NOTEBOOK_BYTES = 20_000_000  # of one file, however small it is packed
TOTAL_BYTES = 2_000_000_000
FILES = 20_000
CELLS, SOURCE_LETTERS = 500, 1_000_000
UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError)


class Stamp(NamedTuple):
    """What the first cell of a notebook last said about its data; student is "" for practice data."""

    student: str
    version: str
    fingerprint: str


@dataclass
class Submission:
    """One notebook, read as far as grading needs it; `problem` says why it cannot be graded."""

    file: str
    cells: list[str] = field(default_factory=list)
    exercise: str = ""
    data: str = ""  # data version when it was handed out
    stamps: list[Stamp] = field(default_factory=list)  # in its outputs
    digest: str = ""
    problem: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Class:
    """Who may hand in, who did, what was left out, and for which exercise."""

    students: dict[str, Student]
    submissions: dict[str, Submission]
    rejected: list[tuple[str, str]]
    exercise: str


def read_class(roster: Path, submissions: Path, exercise: str = "") -> Class:
    """Read the roster and the submissions; the exercise, unless it is given, is what all files say.

    Parameters: paths of the roster and of the folder, zip or notebook; the exercise, such as "06". Raises
    GradingError as `read_roster` and `collect` do, and if the files are not for one exercise.
    """
    students = read_roster(roster)
    found, rejected = collect(submissions, students)
    named = {one.exercise for one in found.values() if one.exercise}
    if not exercise and len(named) != 1:
        raise GradingError(f"The files are for {', '.join(sorted(named)) or 'no exercise they name'}; say which "
                           "one to grade: --exercise 06")
    return Class(students, found, rejected, exercise or named.pop())


# ---- files -----------------------------------------------------------------------------------------------


def files(path: Path) -> Iterator[tuple[str, bytes | None, str]]:
    """Yield (name, content, problem) of every file in a folder or zip; nothing is written anywhere."""
    if path.is_dir():
        yield from _from_folder(path)
    elif path.is_file() and path.suffix == ".ipynb":
        yield path.name, path.read_bytes(), ""
    elif path.is_file():
        try:
            with zipfile.ZipFile(path) as packed:
                yield from _from_zip(packed)
        except UNREADABLE as error:
            raise GradingError(f"{path.name} cannot be read as a zip file ({error}); download it again, or unpack "
                               "it and give the folder") from None
    else:
        raise GradingError(f"{path}: there is no such folder or zip file of submissions")


def _from_folder(path: Path) -> Iterator[tuple[str, bytes | None, str]]:
    for found in sorted(path.rglob("*")):
        name = found.relative_to(path).as_posix()
        if ".ipynb_checkpoints" in found.parts:
            continue
        mode = found.lstat().st_mode
        if stat.S_ISLNK(mode):
            yield name, None, "is a link, which may lead out of the folder; put the file itself there"
        elif stat.S_ISREG(mode):
            if found.suffix != ".ipynb":
                yield name, None, "is not a notebook (.ipynb)"
            elif found.stat().st_size > NOTEBOOK_BYTES:
                yield name, None, f"is larger than {NOTEBOOK_BYTES // 10**6} MB; ask for it without outputs"
            else:
                try:
                    yield name, found.read_bytes(), ""
                except OSError as error:
                    yield name, None, f"cannot be opened ({error.strerror})"


def _from_zip(packed: zipfile.ZipFile) -> Iterator[tuple[str, bytes | None, str]]:
    total = 0
    members = packed.infolist()
    if len(members) > FILES:
        raise GradingError(f"{packed.filename}: holds {len(members)} files, which no class hands in")
    for member in sorted(members, key=lambda one: one.filename):
        name = member.filename.replace("\\", "/")
        if member.is_dir() or "__MACOSX/" in name or ".ipynb_checkpoints/" in name:
            continue
        if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name):
            yield name, None, "has a path that leads out of the folder; it was not opened"
        elif not name.endswith(".ipynb"):
            yield name, None, "is not a notebook (.ipynb)"
        else:
            try:
                with packed.open(member) as file:
                    raw = file.read(NOTEBOOK_BYTES + 1)  # what it says of its size may be a lie
            except (*UNREADABLE, ValueError) as error:
                yield name, None, f"cannot be unpacked ({str(error)[:80]}); ask for it again"
                continue
            total += len(raw)
            if len(raw) > NOTEBOOK_BYTES:
                yield name, None, f"unpacks to more than {NOTEBOOK_BYTES // 10**6} MB (a zip bomb?)"
            elif total > TOTAL_BYTES:
                raise GradingError(f"{packed.filename}: unpacks to more than 2 GB; grade it in parts")
            else:
                yield name, raw, ""


# ---- notebooks -------------------------------------------------------------------------------------------

STAMP = re.compile(r"(?:Own data of ([\w.-]{1,40}), course .{0,200}?|Practice data )"
                   r"\(version ([\w.-]{1,20}), fingerprint ([0-9a-f]{10})\)")


def read_notebook(name: str, raw: bytes) -> Submission:
    """Read the code of a notebook; what is wrong with it is noted, never raised."""
    submission = Submission(name)
    try:
        notebook = json.loads(raw.decode("utf-8-sig"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                source = cell["source"]
                submission.cells.append("".join(source) if type(source) is list else str(source))
                text = json.dumps(cell.get("outputs", []), ensure_ascii=False)[:20_000]
                submission.stamps += map(Stamp._make, STAMP.findall(text))
        about = notebook.get("metadata", {}).get("crmlab", {})
        submission.exercise, submission.data = str(about.get("exercise", "")), str(about.get("data", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        cut = " (it ends too early?)" if isinstance(error, json.JSONDecodeError) else ""
        submission.problem = f"cannot be read as a notebook{cut}; ask for it again"
        return submission
    if not submission.cells:
        submission.problem = "has no code"
    elif len(submission.cells) > CELLS or sum(map(len, submission.cells)) > SOURCE_LETTERS:
        submission.problem = "has far more code than an exercise"
    submission.digest = hashlib.sha256("\0".join(submission.cells).encode("utf-8", "replace")).hexdigest()
    return submission


def owner(name: str, students: dict[str, Student]) -> tuple[str, str]:
    """Return whose a file is by its path: (number, "") or ("", why not)."""
    path = fold(name)
    found = {s.id for s in students.values() for word in (s.id, s.lms)
             if word and re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", path)}
    longest = {a for a in found if not any(a != b and a in b for b in found)}
    if len(longest) == 1:
        return longest.pop(), ""
    if found:
        return "", f"names several students ({', '.join(sorted(found))}); rename it with one number"
    return "", "names nobody in the roster; put the student number into its name"


def collect(path: Path, students: dict[str, Student]) -> tuple[dict[str, Submission], list[tuple[str, str]]]:
    """Return the submission of each student, and (file, why) of what was left out.

    Of several files of one student the one with the highest number at the end counts (`…-2.ipynb`, as an LMS
    names a second attempt); files that differ otherwise are all refused. Equal files are one.
    """
    mine: dict[str, list[Submission]] = {}
    rejected = []
    for name, raw, problem in files(path):
        student, unknown = owner(name, students)
        if raw is None or unknown:
            if problem.startswith("is not a notebook") and student:
                problem += f"; {student} may have sent the wrong file"
            rejected.append((name, unknown if raw is not None else problem))
            continue
        mine.setdefault(student, []).append(read_notebook(name, raw))
    chosen: dict[str, Submission] = {}
    for student, found in mine.items():
        chosen[student] = newest = _newest(found)
        if re.search(r"(?<![a-z])late(?![a-z])", newest.file.casefold()):
            newest.notes.append("late, says the file name")
        if re.search(r"-\d{1,3}\.ipynb$", newest.file) and len(found) > 1:
            newest.notes.append(f"attempt chosen of {len(found)}: {newest.file}")
    return chosen, rejected


def _newest(found: list[Submission]) -> Submission:
    def parts(one: Submission) -> tuple[str, int]:
        match = re.fullmatch(r"(.*?)(?:-(\d{1,3}))?\.ipynb", one.file, re.DOTALL)
        return (match[1], int(match[2] or 0)) if match else (one.file, 0)

    if len({one.digest for one in found if not one.problem}) == 1 and not any(one.problem for one in found):
        return found[0]
    if len({parts(one)[0] for one in found}) == 1:
        return max(found, key=lambda one: parts(one)[1])
    names = ", ".join(sorted(one.file for one in found))
    return Submission(found[0].file, problem=f"is one of {len(found)} different files of one student ({names}); "
                                             "keep the one that counts and grade again")
