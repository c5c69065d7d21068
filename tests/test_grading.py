"""The instructor's side: release, roster, files, marks by hand, reports, exports, and a class from end to end."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmlab.grading import __main__ as command
from crmlab.grading import bench, collect, course, files, lms, marks, release, report, sandbox, solutions
from crmlab.grading.batch import Request, grade
from crmlab.grading.bench import Summary
from crmlab.grading.files import GradingError
from crmlab.grading.marks import Mark, Result
from crmlab.grading.outcome import Limits
from crmlab.grading.roster import Student, read_roster
from crmlab.grading.runner import Runner
from crmlab.grading.sandbox import NoSandbox
from tests.exercise_fixture import (
    CELLS,
    NAME,
    copied,
    hand_in,
    need_sandbox,
    notebook,
    small_exercise,
    submission,
    write_roster,
)

# ---- release ---------------------------------------------------------------------------------------------


def as_solution(folder: Path, **changed: str) -> solutions.Solution:
    path = folder / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook({**CELLS, **changed})), encoding="utf-8")
    return solutions.read(path)


def test_a_student_copy_has_stubs(tmp_path: Path) -> None:
    copy = release.student_copy(as_solution(tmp_path))
    sources = ["".join(cell["source"]) for cell in copy["cells"]]
    assert 'total = ...  # your answer\nex.answer("q1", total)' in sources
    assert release.HANDOUT in sources[1] and "nunique" not in "".join(sources)


@pytest.mark.parametrize(("q1", "said"), [
    ("### BEGIN SOLUTION\nx = 1\nex.answer('q1', x)", "without its end"),
    ("x = 1\n### END SOLUTION\nex.answer('q1', x)", "without its beginning"),
    ("### BEGIN SOLUTION\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n", "without its end before"),
    ("### BEGIN SOLUTON\nx = 1\n### END SOLUTION", "without its beginning"),
    ("# BEGIN SOLUTION\nx = 1", "is neither"),
    ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\nex.answer('q1', x + 1)", "plain name"),
])
def test_regions_that_are_wrong_are_refused(tmp_path: Path, q1: str, said: str) -> None:
    with pytest.raises(GradingError, match=said) as caught:
        release.student_copy(as_solution(tmp_path, q1=q1))
    assert f"{NAME}.ipynb, cell 3" in str(caught.value)


def test_a_line_of_the_solution_that_would_survive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="would be handed out"):
        release.student_copy(as_solution(tmp_path, load=CELLS["load"] + '\ntotal = orders["amount"].sum()'))


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(trusted=True) as made:
        yield made


@pytest.mark.parametrize(("changed", "said"), [
    ({"q4": "1 / 0"}, "fails in code cell 6: ZeroDivisionError"),
    ({"q4": "### BEGIN SOLUTION\nex.question('q4', points=1, kind='number')\n### END SOLUTION"}, "q4 is declared"),
    ({"q4": "years = float('nan')\nex.question('q4', points=1, kind='number')\nex.answer('q4', years)"}, "wrong form"),
    ({"q4": "ex.question('q4', points=1, kind='integer')"}, "there are number, table"),
    ({"q4": "years = 1\nex.question('q4', points=1, kind='number', wrong={'h': 1})\nex.answer('q4', years)"},
     "counts as right"),
    ({"q4": "years = 1\nex.question('q4', points=1, kind='number', wrong={'h': 2, 'i': 2})\nex.answer('q4', years)"},
     "would never be shown"),
    (dict.fromkeys(("q1", "q2", "q3", "q4", "q5"), "1"), "declares no question"),
])
def test_a_solution_that_is_wrong_is_named(tmp_path: Path, runner: Runner, changed: dict[str, str], said: str) -> None:
    with pytest.raises(GradingError, match=said) as caught:
        release.practice_key(as_solution(tmp_path, **changed), runner)
    assert f"{NAME}.ipynb" in str(caught.value)


def test_a_solution_that_is_no_notebook(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("{")
    with pytest.raises(GradingError, match=r"x\.ipynb cannot be read"):
        solutions.read(tmp_path / "x.ipynb")


@pytest.mark.parametrize(("call", "people"), [
    ('Exercise("90_small")', 800), ('Exercise("90_small", people=1_000)', 1000),
    ('Exercise("90_small", course="people=7 (so)", people=(  # not 5\n    300))', 300),
    ('exercise.Exercise("90_small", "", "", 0x1F4)', 500),
    ('print("people=5")\nex = Exercise("90_small", people=40)', 40)])
def test_the_size_of_the_company_is_read_as_python_reads_it(tmp_path: Path, call: str, people: int) -> None:
    assert as_solution(tmp_path, setup=call).people == people


@pytest.mark.parametrize("given", ["size", "-5", "1000.0", "'1000'"])
def test_a_size_that_is_no_whole_number_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(GradingError, match="whole number, people=1000; it is"):
        as_solution(tmp_path, setup=f'Exercise("90_small", people={given})').people  # noqa: B018


def test_release_twice_writes_once(tmp_path: Path) -> None:
    with small_exercise(tmp_path):
        assert {path.name for path in release.release([])} == {f"{NAME}.ipynb", f"{NAME}.key.json"}
        assert release.release([]) == []
        with pytest.raises(GradingError, match="There are: 90_small"):
            release.release(["07"])


def test_the_pack_holds_no_solution_truth_or_grading(tmp_path: Path) -> None:
    with small_exercise(tmp_path):
        with pytest.raises(GradingError, match=r"run\.py release"):
            release.pack(tmp_path / "pack.zip", [])
        release.release([])
        release.pack(tmp_path / "pack.zip", [], "CRM 2027")
        first = (tmp_path / "pack.zip").read_bytes()
        release.pack(tmp_path / "pack.zip", [], "CRM 2027")
    assert (tmp_path / "pack.zip").read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        names = packed.namelist()
        text = packed.read(f"crm_exercises/exercises/{NAME}.ipynb").decode()
    assert not [n for n in names if "truth" in n.split("/") or "grading" in n or "solutions" in n or "private" in n]
    assert {"crm_exercises/run.py", "crm_exercises/crmlab/exercise/own.py"} <= set(names)
    assert r'course=\"CRM 2027\"' in text


def test_the_course_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "course.json"
    with pytest.raises(GradingError, match="release --course"):
        course.course(path)
    assert course.set_course("CRM 2027", path) and not course.set_course("crm  2027", path)
    assert len(course.course(path)["key"]) == 32 and path.stat().st_mode & 0o77 == 0
    with pytest.raises(GradingError, match="Move it away"):
        course.set_course("CRM 2028", path)
    path.write_text("{}")
    with pytest.raises(GradingError, match="damaged"):
        course.course(path)


# ---- roster ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [
    b"student,name\n20261,Li Wei\nB2,Bo\n", b"\xef\xbb\xbfStudent;Name\r\n20261;Li Wei\r\nB2;Bo\r\n",
    "学号,姓名\n20261,李伟\nB2,Bo\n".encode("gb18030"), "student\tname\n20261\tLi\nB2\tBo\n".encode("utf-16"),
    b"name,student id\n\"Li, Wei\",20261\n\nBo,B2\n"])
def test_rosters_as_spreadsheets_write_them(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "r.csv").write_bytes(raw)
    assert list(read_roster(tmp_path / "r.csv")) == ["20261", "b2"]


@pytest.mark.parametrize(("raw", "said"), [
    (b"", "is empty"), (b"student\n", "lists nobody"), (b"name\nLi\n", "no column student"),
    (b"student\n1 2\n", r"line 2: '1 2' is not"), (b"student,name\n,Li\n", "line 2: '' is not"),
    (b"student\n2026\nb2\n2026\n", "2026 stands in lines 2 and 4"), (b"student\n../x1\n", "is not a student number"),
    (b"PK\x03\x04\xff\xff\xff", "cannot be read|no column"),
])
def test_rosters_that_are_wrong_are_named(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "r.csv").write_bytes(raw)
    with pytest.raises(GradingError, match=said) as caught:
        read_roster(tmp_path / "r.csv")
    assert "r.csv" in str(caught.value)


# ---- files -----------------------------------------------------------------------------------------------

CLASS = {number: Student(number) for number in ("20261", "20262", "20263")} | {"b4": Student("b4", "Bo", "77123")}
RIGHT = json.dumps(submission()).encode()
OTHER = json.dumps(submission({"q1": "ex.answer('q1', 1)"})).encode()


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, raw in members.items():
            made.writestr(name, raw)
    return path


def test_files_find_their_owners(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {
        "li_20261_06.ipynb": RIGHT, "Bo_77123_assignsubmission_file_/06.ipynb": RIGHT, "20262/x.ipynb": RIGHT,
        "06.ipynb": RIGHT, "20261_20262.ipynb": RIGHT, "120263.ipynb": RIGHT, "20263.docx": b"PK",
        "__MACOSX/20261.ipynb": b"junk", "x/.ipynb_checkpoints/20261.ipynb": b"junk"})
    chosen, rejected = collect.collect(path, CLASS)
    assert {s: one.file.split("/")[0] for s, one in chosen.items()} == {
        "20261": "li_20261_06.ipynb", "b4": "Bo_77123_assignsubmission_file_", "20262": "20262"}
    why = dict(rejected)
    assert "names nobody" in why["06.ipynb"] and "names nobody" in why["120263.ipynb"]
    assert "several students (20261, 20262)" in why["20261_20262.ipynb"]
    assert "not a notebook" in why["20263.docx"] and "20263 may have sent the wrong file" in why["20263.docx"]
    assert len(why) == 4


def test_of_numbered_attempts_the_last_counts(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {"li_LATE_20261-10.ipynb": OTHER, "li_LATE_20261-2.ipynb": RIGHT,
                                        "li_LATE_20261.ipynb": RIGHT})
    chosen, rejected = collect.collect(path, CLASS)
    assert chosen["20261"].file == "li_LATE_20261-10.ipynb" and rejected == []
    assert chosen["20261"].notes[0] == "late, says the file name"


def test_two_different_files_of_one_student_are_refused_and_equal_ones_are_one(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {"a_20261.ipynb": RIGHT, "b_20261.ipynb": OTHER, "a_20262.ipynb": RIGHT,
                                        "b_20262.ipynb": RIGHT})
    chosen, _ = collect.collect(path, CLASS)
    assert "2 different files" in chosen["20261"].problem and "a_20261.ipynb, b_20261.ipynb" in chosen["20261"].problem
    assert not chosen["20262"].problem


@pytest.mark.parametrize(("raw", "said"), [
    (RIGHT[:500], "ends too early"), (b"", "ends too early"), (b"[]", "cannot be read"),
    (b'{"cells": 3}', "cannot be read"),
    (b"\xff\xfe\x00", "cannot be read"), (b"[" * 200_000, "cannot be read"), (b'{"cells": []}', "has no code"),
    (b'{"cells": [{"cell_type": "code"}]}', "cannot be read"), (b'{"cells": [null]}', "cannot be read"),
    (json.dumps(notebook({str(i): "1" for i in range(501)})).encode(), "far more code"),
    (json.dumps(notebook({"a": "1" * 2_000_000})).encode(), "far more code"),
])
def test_notebooks_that_cannot_be_read_are_named(tmp_path: Path, raw: bytes, said: str) -> None:
    chosen, _ = collect.collect(packed(tmp_path / "in.zip", {"20261.ipynb": raw, "20262.ipynb": RIGHT}), CLASS)
    assert said in chosen["20261"].problem and not chosen["20262"].problem


def test_zip_bombs_escapes_and_links_harm_nobody(tmp_path: Path) -> None:
    outside = tmp_path / "outside_20261.ipynb"
    outside.write_bytes(RIGHT)
    path = packed(tmp_path / "in.zip", {"bomb_20261.ipynb": b"0" * 30_000_000, "../escape_20262.ipynb": RIGHT,
                                        "/etc/20263.ipynb": RIGHT, "b4.ipynb": RIGHT})
    chosen, rejected = collect.collect(path, CLASS)
    why = dict(rejected)
    assert set(chosen) == {"b4"} and "zip bomb" in why["bomb_20261.ipynb"]
    assert "leads out" in why["../escape_20262.ipynb"] and "leads out" in why["/etc/20263.ipynb"]
    assert [p.name for p in tmp_path.iterdir() if "escape" in p.name] == []
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "20261.ipynb").symlink_to(outside)
    chosen, rejected = collect.collect(tmp_path / "in", CLASS)
    assert not chosen and "is a link" in rejected[0][1]


def test_a_damaged_member_does_not_stop_the_others(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {"20261.ipynb": RIGHT, "20262.ipynb": OTHER})
    raw = bytearray(path.read_bytes())
    raw[60:100] = bytes(40)
    path.write_bytes(raw)
    chosen, rejected = collect.collect(path, CLASS)
    assert set(chosen) == {"20262"} and "cannot be unpacked" in rejected[0][1]


@pytest.mark.parametrize("raw", [b"", b"not a zip", b"PK\x03\x04" + bytes(50)])
def test_an_unreadable_zip_is_named(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "in.zip").write_bytes(raw)
    with pytest.raises(GradingError, match=r"in\.zip cannot be read as a zip"):
        collect.collect(tmp_path / "in.zip", CLASS)
    with pytest.raises(GradingError, match="no such folder"):
        collect.collect(tmp_path / "none", CLASS)


# ---- reports ---------------------------------------------------------------------------------------------


def result(student: str = "20261", name: str = "", **given: float | None) -> Result:
    points = {"q1": 2.0, "q2": 0.0, "q3": None} | given
    made = {q: Mark("right" if p else "wrong" if p == 0 else "to read", p, 4.0, "v") for q, p in points.items()}
    return Result(student, name, f"{student}.ipynb", marks=made)


def test_grades_are_the_same_when_written_again_and_keep_other_exercises(tmp_path: Path) -> None:
    path = tmp_path / "grades.csv"
    files.write(path, report.grades(path, "06_a", [result()]))
    files.write(path, report.grades(path, "07_b", [result(q1=1.0)]))
    first = path.read_bytes()
    files.write(path, report.grades(path, "06_a", [result()]))
    assert path.read_bytes() == first
    rows = list(csv.reader(io.StringIO(first.decode("utf-8-sig"))))
    assert [(row[2], row[4], row[5]) for row in rows[1:]] == [("06_a", "2", "12"), ("07_b", "1", "12")]
    path.write_text("my own list\n1\n")
    with pytest.raises(GradingError, match="another name with --out"):
        files.write(path, report.grades(path, "06_a", [result()]))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\n@x", " =1"])
def test_formulas_are_neutralised(tmp_path: Path, text: str) -> None:
    files.write(tmp_path / "g.csv", report.grades(tmp_path / "g.csv", "06_a", [result(name=text)]))
    [_, row] = csv.reader((tmp_path / "g.csv").read_text("utf-8-sig").splitlines())
    assert row[1].startswith("'")


def test_marks_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    results = {"20261": result()}
    assert report.override(path, "06_a", results) == 0
    path.write_text("student,question,points,comment,exercise\n20261,q3,3.5,Well argued,06\n20261,q1,1,,07_b\n")
    assert report.override(path, "06_a", results) == 1
    assert results["20261"].total == 5.5 and results["20261"].marks["q3"].status == "by hand"
    assert results["20261"].messages == ["q3: Well argued"]


@pytest.mark.parametrize(("line", "said"), [
    ("99,q1,1", "line 2: student '99' is not"), ("20261,q9,1", "no question 'q9'"), ("20261,q1,5", "from 0 to 4"),
    ("20261,q1,nan", "from 0 to 4"), ("20261,q1,", "from 0 to 4")])
def test_marks_by_hand_that_are_wrong_are_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "o.csv").write_text(f"student,question,points\n{line}\n")
    with pytest.raises(GradingError, match=said):
        report.override(tmp_path / "o.csv", "06_a", {"20261": result()})


CANVAS = ('\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,06 Value (1234),"07, more (99)"\r\n'
          '    Points Possible,,,,,12.00,5.00\r\n"Li, ""W"" Wei",501,20261,lw,A,,3\r\nBo,502,20262,bo,A,"8",\r\n'
          "Test,503,,t,A,,\r\n")
MOODLE = ("Identifier,Full name,Email address,Status,Grade,Maximum Grade\n"
          'Participant 77123,"Bo, B",b@x,"Submitted for grading",,12.00\n'
          "Participant 1,Li,l@x,,,12.00\n")
BLACKBOARD = ('"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"06 Value [Total Pts: 12 Score] |77"\n'
              '"Li"\t"Wei"\t"lw"\t"20261"\t""\n"Bo"\t"B"\t"bo"\t"20262"\t"3"')


@pytest.mark.parametrize(("text", "encoding", "column", "expected"), [
    (CANVAS, "utf-8", "", {"lw,A,,3": "lw,A,2,3", 'bo,A,"8",': 'bo,A,"2",'}),
    (CANVAS.replace("Bo", "薄"), "gb18030", "06 value (1234)", {"lw,A,,3": "lw,A,2,3", 'bo,A,"8",': 'bo,A,"2",'}),
    (MOODLE, "utf-8", "Grade", {'grading",,12.00': 'grading",2,12.00'}),
    (BLACKBOARD, "utf-16", "", {'"20261"\t""': '"20261"\t"2"', '"20262"\t"3"': '"20262"\t"2"'}),
])
def test_exports_are_filled_and_else_the_same_byte_for_byte(tmp_path: Path, text: str, encoding: str, column: str,
                                                            expected: dict[str, str]) -> None:
    if encoding == "gb18030":
        text = text.removeprefix("\ufeff")
    (tmp_path / "e.csv").write_bytes(text.encode(encoding))
    results = {number: result(number) for number in CLASS}
    content, filled = lms.filled(tmp_path / "e.csv", "06_value", CLASS, results, column)
    (tmp_path / "f.csv").write_bytes(content)
    for old, new in expected.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert (tmp_path / "f.csv").read_bytes() == text.encode(encoding) and filled == len(expected)


@pytest.mark.parametrize(("text", "said"), [
    ("a,b\n1,2\n", "no column holds student numbers"), ("ID,06 a,06 b\n20261,,\n", "several columns"),
    ("ID,x\n20261,\n", "no column may hold"), ("", "holds no table")])
def test_exports_that_cannot_be_filled_are_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(GradingError, match=said):
        lms.filled(tmp_path / "e.csv", "06_value", CLASS, {"20261": result()})


# ---- the machine -----------------------------------------------------------------------------------------


def test_without_bwrap_it_refuses_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None if name == "bwrap" else f"/usr/bin/{name}")
    with pytest.raises(NoSandbox, match="sudo apt install bubblewrap"):
        sandbox.check()


@pytest.mark.parametrize(("said", "user", "cure"), [
    ("bwrap: No permissions to create new namespace", 1000, "apparmor_restrict_unprivileged_userns=0"),
    ("bwrap: setting up uid map: Permission denied", 1000, "user namespaces"),
    ("bwrap: Creating new namespace failed: Operation not permitted", 0, "SYS_ADMIN"),
    ("bwrap: Unknown option --size", 1000, "0.8 or later")])
def test_where_a_right_is_missing_it_says_which(monkeypatch: pytest.MonkeyPatch, said: str, user: int,
                                                cure: str) -> None:
    done = type("Done", (), {"stdout": "", "stderr": f"warning\n{said}\n"})
    monkeypatch.setattr(sandbox.subprocess, "run", lambda *a, **k: done)
    monkeypatch.setattr(sandbox.os, "geteuid", lambda: user)
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(NoSandbox) as caught:
        sandbox.check()
    assert cure in str(caught.value) and said in str(caught.value)


def test_other_systems_are_told_where_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    with pytest.raises(NoSandbox, match="container"):
        sandbox.check()


def test_no_sandbox_needs_two_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    roster = write_roster(tmp_path / "r.csv", ["20261"])
    assert command.main(["grade", str(tmp_path), "--roster", str(roster), "--sandbox", "none"]) == 1
    assert "--i-trust-these-submissions" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        command.main(["grade", str(tmp_path)])
    assert caught.value.code == 2


# ---- a class from end to end -----------------------------------------------------------------------------


def stamped(text: str, **about: str) -> dict[str, Any]:
    """A submission whose first cell said something about its data."""
    made = copied(submission(**about))
    made["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [text]}]
    return made


def backwards() -> dict[str, Any]:
    made = copied(submission())
    made["cells"].reverse()
    return made


BROKEN: dict[str, dict[str, Any] | bytes] = {
    "right": submission(),
    "blank": submission({q: f"x = ...\nex.answer('{q}', x)" for q in ("q1", "q2", "q3", "q4", "q5")}),
    "cell deleted": submission({"q2": None}),
    "metadata lost": notebook(CELLS),
    "cell twice": submission({"again": CELLS["q1"]}),
    "order turned": backwards(),
    "truncated": json.dumps(submission()).encode()[:700],
    "another assignment": submission(exercise="07_other"),
    "another assignment, no metadata": notebook({**CELLS, "setup": CELLS["setup"].replace(NAME, "07_other")}),
    "other number": submission({"setup": CELLS["setup"].replace('student=""', 'student="20269999"')}),
    "old data": stamped("Own data of 20260011, course crm test (version 0.9.0, fingerprint 0123456789).\n"),
    "old data, outputs cleared": submission(data="0.9.0"),
    "other data": stamped("Own data of 20260013, course crm test (version 1.0.0, fingerprint 0123456789).\n"),
}
NUMBERS = {name: str(20260001 + i) for i, name in enumerate(BROKEN)}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, need_program: Callable[..., str]
           ) -> Iterator[tuple[Path, Summary, Request]]:
    need_sandbox(need_program)
    folder = tmp_path_factory.mktemp("school")
    with small_exercise(folder):
        hand_in(folder / "in", {f"{NUMBERS[name]}.ipynb": made for name, made in BROKEN.items()})
        hand_in(folder / "in", {"renamed.ipynb": submission(), "notes.txt": "hello"})
        roster = write_roster(folder / "roster.csv", [*NUMBERS.values(), "20269000"])
        request = Request(folder / "in", roster, folder / "out" / "grades.csv", limits=Limits(5, 60),
                          exercise=NAME, course_file=folder / "course.json", quiet=True)
        yield folder, grade(request), request


@pytest.mark.parametrize(("name", "state", "points", "said"), [
    ("right", "graded", 10, ""),
    ("blank", "graded", 0, "q2: not handed in"),
    ("cell deleted", "graded", 7, "q2: not handed in"),
    ("metadata lost", "graded", 10, ""),
    ("cell twice", "graded", 10, "q1 is answered 2 times"),
    ("order turned", "graded", 10, ""),
    ("truncated", "rejected", None, "ends too early"),
    ("another assignment", "rejected", None, "is the exercise 07_other"),
    ("another assignment, no metadata", "rejected", None, "is the exercise 07_other"),
    ("other number", "graded", 10, "says student 20269999"),
    ("old data", "rejected", None, "workbook of version 0.9.0"),
    ("old data, outputs cleared", "rejected", None, "workbook of version 0.9.0"),
    ("other data", "rejected", None, "other data than this workbook"),
])
def test_broken_files_get_a_fair_result(school: tuple[Path, Summary, Request], name: str, state: str,
                                        points: float | None, said: str) -> None:
    one = school[1].results[NUMBERS[name]]
    assert (one.state, one.total) == (state, points), one
    assert said in "; ".join(one.notes)


def test_nobody_is_missing_and_the_report_names_everything(school: tuple[Path, Summary, Request]) -> None:
    folder, summary, _ = school
    assert summary.results["20269000"].state == "nothing handed in" and summary.results["20269000"].total is None
    text = (folder / "out" / "report.md").read_text()
    for word in ("renamed.ipynb", "notes.txt", "Nothing handed in", "20269000", "ends too early", "To read"):
        assert word in text
    rows = list(csv.DictReader((folder / "out" / "grades.csv").read_text("utf-8-sig").splitlines()))
    assert [row["student"] for row in rows] == [*NUMBERS.values(), "20269000"]
    assert rows[1]["points"] == "0" and "q1 not handed in" in rows[1]["questions"] and rows[6]["points"] == ""


def test_a_second_run_repeats_nobody_and_changes_nothing(school: tuple[Path, Summary, Request],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, request = school
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    monkeypatch.setattr(marks.Marker, "mark", lambda *a: pytest.fail("graded again"))
    assert grade(request).again == len(BROKEN)
    assert {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()} == before


def test_ctrl_c_keeps_what_is_finished_and_the_next_run_goes_on(school: tuple[Path, Summary, Request],
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, old = school
    request = Request(old.submissions, old.roster, folder / "again" / "grades.csv", limits=old.limits, exercise=NAME,
                      course_file=old.course_file, quiet=True, jobs=1)
    kept: list[str] = []
    really_save = bench.save

    def save(*given: Any) -> None:
        really_save(*given)
        kept.append(given[1].student)
        if len(kept) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(bench, "save", save)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            grade(request)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Not finished" in (folder / "again" / "report.md").read_text()
    monkeypatch.setattr(bench, "save", really_save)
    summary = grade(request)
    assert 3 <= summary.again < len(BROKEN) and summary.unfinished == 0
    assert (folder / "again" / "grades.csv").read_bytes() == (folder / "out" / "grades.csv").read_bytes()


def test_a_bug_of_the_grader_does_not_stop_the_batch(school: tuple[Path, Summary, Request],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, old = school

    def fail(self: Any, student: Student, submission: Any) -> Result:
        if student.id == "20260001":
            raise RuntimeError("oh")
        return Result(student.id, marks={q: Mark("wrong", 0.0, 1.0) for q in ("q1", "q2", "q3", "q4", "q5")})

    monkeypatch.setattr(marks.Marker, "mark", fail)
    summary = grade(Request(old.submissions, old.roster, folder / "bug" / "grades.csv", exercise=NAME,
                            course_file=old.course_file, quiet=True))
    assert summary.results["20260001"].state == "rejected" and "oh" in summary.results["20260001"].notes[0]
    assert summary.results["20260002"].state == "graded"


def test_the_command_says_how_it_went(school: tuple[Path, Summary, Request], capsys: pytest.CaptureFixture[str],
                                      tmp_path: Path) -> None:
    folder, _, request = school
    export = tmp_path / "export.csv"
    export.write_text("ID,90 small\n20260001,\n20260007,\n")
    words = ["grade", str(folder / "in"), "--roster", str(request.roster), "--out", str(request.out),
             "--exercise", "90", "--course-file", str(request.course_file), "--cell-seconds", "5",
             "--student-seconds", "60"]
    assert command.main([*words, "--fill", str(export)]) == 3
    said = capsys.readouterr().out
    assert f"({len(BROKEN)} in an earlier run)" in said and "1 marks written" in said
    assert (tmp_path / "export.filled.csv").read_text() == "ID,90 small\n20260001,10\n20260007,\n"
    (folder / "out" / "overrides.csv").write_text("student,question,points\n20260001,q5,2\n")
    assert command.main(words) == 3
    (folder / "out" / "overrides.csv").unlink()
    assert "20260001,Student 20260001,90_small,graded,12,12" in request.out.read_text("utf-8-sig")
    assert command.main([*words, "--roster", str(tmp_path / "none.csv")]) == 1
    assert "none.csv" in capsys.readouterr().err


def test_a_solution_that_fails_stops_before_anybody_is_graded(school: tuple[Path, Summary, Request]) -> None:
    folder, _, old = school
    path = folder / "exercises" / "solutions" / f"{NAME}.ipynb"
    kept = path.read_bytes()
    path.write_text(json.dumps(notebook({**CELLS, "q4": "1 / 0"})))
    try:
        with pytest.raises(GradingError, match="solution itself fails in code cell 6"):
            grade(Request(old.submissions, old.roster, folder / "bad" / "grades.csv", exercise=NAME,
                          course_file=old.course_file, quiet=True))
    finally:
        path.write_bytes(kept)
    assert not (folder / "bad").exists()


# ---- marks and names at their limits ---------------------------------------------------------------------


def test_full_marks_may_be_given_by_hand_and_none(tmp_path: Path) -> None:
    results = {"20261": result()}
    (tmp_path / "o.csv").write_text("student,question,points\n20261,q3,4\n20261,q1,0\n")
    assert report.override(tmp_path / "o.csv", "06_a", results) == 2
    assert results["20261"].total == 4.0 and results["20261"].marks["q1"].points == 0.0


def test_late_is_a_word_of_the_file_name(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {"template_20261.ipynb": RIGHT, "late_20262.ipynb": RIGHT,
                                        "Li LATE 20263.ipynb": RIGHT})
    chosen, _ = collect.collect(path, CLASS)
    assert {s: one.notes for s, one in chosen.items()} == {
        "20261": [], "20262": ["late, says the file name"], "20263": ["late, says the file name"]}


def graded(value: Any, right: Any, hidden: Any = None, hidden_right: Any = None) -> Mark:
    from crmlab.exercise.answers import plain
    from crmlab.grading.outcome import Outcome

    def of(value: Any) -> Outcome:
        return Outcome(answers={} if value is None else {"q1": plain(value)})

    question = {"kind": "number", "points": 3, "tolerance": 0.01}
    return marks.compare("q1", question, of(value), of(hidden), of(right), of(hidden_right))


def test_a_mark_is_all_the_points_or_none_and_a_wrong_answer_is_not_a_missing_one() -> None:
    right, wrong, missing = graded(5, 5, 7, 7), graded(6, 5, 6, 7), graded(None, 5, None, 7)
    assert (right.status, right.points, right.flag) == ("right", 3.0, "")
    assert (wrong.status, wrong.points, wrong.flag) == ("wrong", 0.0, "")
    assert (missing.status, missing.points) == ("not handed in", None)
    assert "written by hand?" in graded(5, 5, 5, 7).flag and graded(5, 5, 5, 7).points == 3.0
    assert "right on the hidden set" in graded(6, 5, 7, 7).flag
    assert Result("20261", marks={"q1": wrong, "q2": missing}).total == 0.0
    assert Result("20261", state="rejected", marks={"q1": missing}).total is None
    assert Result("20261", marks={"q1": missing}).total == 0
