"""The student's side: who she is, her data, what she is told, and that nothing of hers is lost."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab.exercise import Exercise, ExerciseError, answers, judging, own, start
from crmlab.exercise.own import company_seed, fingerprint, identity
from crmlab.grading import files, release
from crmlab.grading.runner import Runner
from tests.exercise_fixture import NAME, PEOPLE, small_exercise


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook that holds the small exercise, released."""
    root = tmp_path_factory.mktemp("workbook")
    version = root / "datasets" / "lantern_leaf" / "VERSION"
    version.parent.mkdir(parents=True)
    version.write_text(own.data_version())
    with small_exercise(root) as solution, Runner(trusted=True) as runner:
        key, copy = release.practice_key(solution, runner), release.student_copy(solution)
    (root / "exercises" / f"{NAME}.key.json").write_text(files.as_json(key), encoding="utf-8")
    (root / "exercises" / f"{NAME}.ipynb").write_text(files.as_json(copy), encoding="utf-8")
    (root / "my_work").mkdir()
    return root


@pytest.fixture
def desk(workbook: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The student sits in my_work."""
    monkeypatch.setattr(own, "ROOT", workbook)
    monkeypatch.chdir(workbook / "my_work")
    return workbook


Said = Callable[[str, Any], str]


@pytest.fixture
def practice(desk: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Exercise, Said]:
    ex = Exercise(NAME, people=PEOPLE)
    return ex, teller(ex, capsys)


def teller(ex: Exercise, capsys: pytest.CaptureFixture[str]) -> Said:
    def say(question: str, value: Any) -> str:
        capsys.readouterr()
        ex.answer(question, value)
        return capsys.readouterr().out.strip()

    return say


# ---- who and which data ----------------------------------------------------------------------------------


def test_importing_it_is_light() -> None:
    code = "import sys, crmlab.exercise; print([m for m in ('pandas', 'numpy', 'IPython') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("number", ["Li Wei", "liwei", "李伟", "2026 1234", "1", "x" * 40 + "1", "2026;", "../2026"])
def test_what_does_not_look_like_a_number_is_refused_before_data_are_made(desk: Path, number: str,
                                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmlab.company.simulate", lambda *a, **k: pytest.fail("data were made"))
    with pytest.raises(ExerciseError, match="student number"):
        Exercise(NAME, course="CRM", student=number)


def test_a_number_needs_a_course(desk: Path) -> None:
    with pytest.raises(ExerciseError, match="course"):
        Exercise(NAME, student="20261234")


def test_writing_it_otherwise_gives_the_same_data() -> None:
    """Width, case and spaces are what people mistype."""
    assert identity(" CRM  2027 Spring", "２０２６１２３４ ") == identity("crm 2027 spring", "20261234")


def test_everybody_has_data_of_her_own(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    for student in ("20260001", "20260002"):
        ex = Exercise(NAME, course="CRM", student=student, people=PEOPLE)
        seen.append(fingerprint({"orders": ex.load("orders")}))
        assert f"Own data of {student}" in capsys.readouterr().out
    again = Exercise(NAME, course="crm", student="20260001", people=PEOPLE)
    assert seen[0] != seen[1] and fingerprint({"orders": again.load("orders")}) == seen[0]
    words = [("practice", NAME), ("crm", "20260001", NAME), ("crm", "20260001", "x"), ("hidden", "k", NAME)]
    assert len({company_seed(*w) for w in words}) == 4


def test_a_change_of_the_data_changes_the_fingerprint() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    other = frame.assign(a=[1, 3])
    assert fingerprint({"t": frame}) != fingerprint({"t": other}) != fingerprint({"u": other})


def test_only_the_exercises_tables_can_be_opened(practice: tuple[Exercise, Said]) -> None:
    ex, _ = practice
    with pytest.raises(ExerciseError, match="it has orders"):
        ex.load("truth/customers")
    orders = ex.load("orders")
    orders["amount"] = 0
    assert ex.load("orders")["amount"].sum() > 0


def test_an_exercise_that_does_not_exist(desk: Path) -> None:
    with pytest.raises(ExerciseError, match="no exercise"):
        Exercise("99_none")


# ---- what she is told ------------------------------------------------------------------------------------


def test_practice_says_right_or_not_yet_with_a_hint(practice: tuple[Exercise, Said]) -> None:
    ex, say = practice
    orders = ex.load("orders")
    assert say("q1", orders["amount"].sum()) == "q1: right"
    assert say("q1", orders["amount"].mean()) == "q1: not yet: that is the mean of the orders"
    assert say("q1", 12.5) == "q1: not yet: read the question once more"
    sums = orders.groupby("channel", observed=True)["amount"].sum()
    assert say("q2", sums) == "q2: right"
    assert say("q2", sums * 2) == "q2: not yet: channels add up to everything"
    assert say("q5", "Write!").startswith("q5: written")


def test_practice_says_where_a_table_or_a_list_is_wrong(practice: tuple[Exercise, Said]) -> None:
    ex, say = practice
    orders = ex.load("orders")
    sums = orders.groupby("channel", observed=True)["amount"].sum()
    one = sums.copy()
    one["web"] += 5000
    one["store"] -= 5000
    assert say("q2", one) == "q2: not yet: look at amount of store, amount of web"
    other = sums.rename({"web": "WWW"})
    assert say("q2", other) == "q2: not yet: there is no row for web; there should be no row for www"
    best = orders.groupby("customer_id")["amount"].sum().nlargest(6).index
    assert say("q3", best) == "q3: not yet: 1 of your 6 do not belong there, 0 others do"
    assert "cannot even be looked at" in say("q2", sums.map("about {:.2f}".format))


def test_which_slip_it_was_is_kept(practice: tuple[Exercise, Said]) -> None:
    ex, say = practice
    orders = ex.load("orders")
    for value, slip in ((orders["amount"].mean(), "wrong-1"), (orders["amount"].sum() / 1000, "thousands"),
                        (orders["amount"], "whole-object"), (12.5, ""), (orders["amount"].sum(), "")):
        assert say("q1", value).endswith("right") == (ex.answered["q1"].said == "right")
        assert ex.answered["q1"].slip == slip
    assert "thousands and units" in say("q1", orders["amount"].sum() / 1000)


def test_own_data_say_only_whether_the_form_is_right(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ex = Exercise(NAME, course="CRM", student="20261234", people=PEOPLE)
    say = teller(ex, capsys)
    ex.load("orders")
    assert say("q1", 12.5) == "q1: recorded"
    assert say("q1", ex.load("orders")["amount"].sum() / 1000) == "q1: recorded" and ex.answered["q1"].slip == ""
    assert say("q1", -1) == "q1: recorded, but look again: the answer should be at least 0"
    assert "look again: channels add up" in say("q2", {"web": 1, "store": 2})
    capsys.readouterr()
    ex.status()
    assert capsys.readouterr().out.splitlines()[2] == "q3 (4 points): not answered yet"


@pytest.mark.parametrize(("question", "value", "told"), [
    ("q9", 1, "there is no such question; there are q1, q2"),
    ("q1", None, "not answered yet"),
    ("q1", ..., "not answered yet"),
    ("q1", "12", "that is text; hand in the number itself"),
    ("q1", [1, 2], "hand in one number, for example len(…), not the whole list"),
    ("q1", True, "one number, not True or False"),
    ("q1", float("nan"), "finite"),
    ("q1", 10**400, "finite"),
    ("q1", object(), "type object"),
    ("q1", pd.DataFrame({"a": range(10**6)}), "hand in one number, for example len(…), not the whole DataFrame"),
    ("q2", 3, "a table with channel, amount, not a number"),
    ("q2", pd.DataFrame({"x": [1], "y": [2]}), "a table with channel, amount, not a table of 1 rows and 2 columns"),
    ("q2", {"web": float("nan")}, "missing or infinite"),
    ("q3", 3, "a list of names or numbers"),
    ("q3", [], "a list of names or numbers"),
    ("q5", 3.5, "written"),
    (7, 1, "no such question"),
    ([], 1, "no such question"),
])
def test_answers_of_the_wrong_form(practice: tuple[Exercise, Said], question: Any, value: Any, told: str) -> None:
    ex, say = practice
    ex.load("orders")
    assert told in say(question, value)


def test_an_answer_before_data(practice: tuple[Exercise, Said]) -> None:
    assert "open your data first" in practice[1]("q1", 3)


class Hostile:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("value", [Hostile(), [Hostile()], {"a": Hostile()}, pd.Series([Hostile()]), {1: {}},
                                   np.zeros((2, 2, 2)), np.array([]), pd.DataFrame(), [[]], [[1], [2, 3]]])
def test_answering_never_raises(practice: tuple[Exercise, Said], value: Any) -> None:
    ex, say = practice
    ex.load("orders")
    for question in ("q1", "q2", "q3", "q5"):
        assert "right" not in say(question, value)
    json.dumps(answers.plain(value))


# ---- the same answer in another form ---------------------------------------------------------------------

NUMBER = {"kind": "number", "tolerance": 0.001}
TABLE = {"kind": "table", "tolerance": 0.001, "columns": ["class", "n", "share"]}
PAIRS = {"kind": "table", "tolerance": 0.001, "columns": ["r", "rate"]}
FRAME = pd.DataFrame({"class": ["A", "B"], "n": [3, 5], "share": [0.25, 0.75]})


@pytest.mark.parametrize("value", [5, 5.0, np.int64(5), np.float32(5), np.array(5), np.array([5]), pd.Series([5]), [5]])
def test_numbers_in_other_forms(value: Any) -> None:
    assert judging.same(answers.plain(value), answers.plain(5), NUMBER)


@pytest.mark.parametrize("value", [
    FRAME, FRAME.iloc[::-1], FRAME.set_index("class"), FRAME[["share", "class", "n"]], FRAME.to_dict("list"),
    FRAME.set_index("class").to_dict("index"), FRAME.to_numpy().tolist(), FRAME.astype({"class": "category"}),
    FRAME.rename(columns=str.upper), FRAME.sort_values("n", ascending=False), FRAME.set_index("class", append=True)
    .droplevel(0), [("A", 3, 0.25), ("B", 5, 0.75)]])
def test_tables_in_other_forms(value: Any) -> None:
    assert judging.same(answers.plain(value), answers.plain(FRAME), TABLE)


@pytest.mark.parametrize("value", [
    FRAME.assign(n=[3, 6]), FRAME.iloc[:1], pd.concat([FRAME, FRAME]), FRAME.drop(columns="n"),
    FRAME.rename(columns={"n": "m"}), FRAME.assign(share=[0.25, np.nan]), FRAME.assign(n=["3", "5"])])
def test_other_tables_are_not_the_same(value: Any) -> None:
    assert not judging.same(answers.plain(value), answers.plain(FRAME), TABLE)


@pytest.mark.parametrize("value", [
    {1: 0.1, 2: 0.2}, {2: 0.2, 1: 0.1}, {1.0: 0.1, 2.0: 0.2}, {np.int64(1): np.float64(0.1), 2: 0.2},
    pd.Series({1: 0.1, 2: 0.2}), pd.Series([0.1, 0.2], index=pd.CategoricalIndex([1, 2], name="r"), name="other"),
    pd.DataFrame({"rate": [0.1, 0.2]}, index=pd.Index([1, 2])), pd.DataFrame({"rate": [0.1, 0.2], "r": [1, 2]})])
def test_labelled_numbers_in_other_forms(value: Any) -> None:
    assert judging.same(answers.plain(value), answers.plain(pd.Series({1: 0.1, 2: 0.2})), PAIRS)


def test_choice_and_set() -> None:
    choice = {"kind": "choice", "choices": ["ABC", "CLV"]}
    assert judging.same(answers.plain(" clv "), answers.plain("CLV"), choice)
    assert judging.fault(answers.plain("RFM"), choice) == "the answer should be one of: ABC, CLV"
    ten = {"kind": "set", "tolerance": 0.2}
    right = answers.plain(list(range(10)))
    assert judging.same(answers.plain([*range(9), 99]), right, ten)
    assert not judging.same(answers.plain([*range(8), 98, 99]), right, ten)
    assert answers.plain(dt.date(2024, 1, 2)) == answers.plain(pd.Timestamp("2024-01-02"))


# ---- copies of one's own ---------------------------------------------------------------------------------


def test_start_copies_once_and_overwrites_nothing(desk: Path) -> None:
    mine = start("90")
    assert mine == desk / "my_work" / f"{NAME}.ipynb"
    assert '"editable"' not in mine.read_text() and "This is the hand-out" not in mine.read_text()
    mine.write_text("my work")
    assert start(NAME) == mine and mine.read_text() == "my work"
    mine.unlink()
    with pytest.raises(ExerciseError, match="there are: 90_small"):
        start("91")


def test_restart_keeps_the_old_copy_under_its_date(practice: tuple[Exercise, Said], desk: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    ex, _ = practice
    mine = start(NAME)
    for text in ("first", "second"):
        mine.write_text(text)
        ex.restart()
    today = dt.date.today().isoformat()
    assert (desk / "my_work" / f"{NAME}.{today}.ipynb").read_text() == "first"
    assert (desk / "my_work" / f"{NAME}.{today}-2.ipynb").read_text() == "second"
    assert json.loads(mine.read_text())["cells"]


def test_where_the_workbook_cannot_be_written_copies_go_home(desk: Path, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch,
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    """As on a hub, where one read-only workbook is everybody's. A file in the way stops root, too."""
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("exercises", "datasets"):
        (shared / name).symlink_to(desk / name)
    (shared / "my_work").touch()
    home = tmp_path / "home of 李"
    home.mkdir()
    monkeypatch.setattr(own, "ROOT", shared)
    monkeypatch.setenv("HOME" if os.name == "posix" else "USERPROFILE", str(home))
    monkeypatch.chdir(home)
    mine = start(NAME)
    assert mine == home / "my_work" / f"{NAME}.ipynb" and mine.is_file()
    mine.write_text("my work")
    Exercise(NAME, people=PEOPLE).restart()
    said = capsys.readouterr().out
    assert f"Your own copy is {mine}, in your home folder" in said
    assert len(list((home / "my_work").iterdir())) == 2
    (home / "my_work").rename(home / "away")
    (home / "my_work").touch()
    with pytest.raises(ExerciseError, match="no place for your own copy"):
        start(NAME)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_workbook_without_the_right_to_write(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    (shared / "exercises").mkdir(parents=True)
    (shared / "exercises" / f"{NAME}.ipynb").write_bytes((desk / "exercises" / f"{NAME}.ipynb").read_bytes())
    shared.chmod(0o555)
    monkeypatch.setattr(own, "ROOT", shared)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert start(NAME) == tmp_path / "my_work" / f"{NAME}.ipynb"


def test_who_opens_the_hand_out_gets_a_copy_and_no_marks(desk: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    for old in (desk / "my_work").iterdir():
        old.unlink()
    before = (desk / "exercises" / f"{NAME}.ipynb").read_bytes()
    monkeypatch.chdir(desk / "exercises")
    ex = Exercise(NAME, people=PEOPLE)
    assert "my_work" in capsys.readouterr().out
    ex.load("orders")
    assert "work in your own copy" in teller(ex, capsys)("q1", 1)
    assert (desk / "my_work" / f"{NAME}.ipynb").exists()
    assert (desk / "exercises" / f"{NAME}.ipynb").read_bytes() == before
    assert (desk / "exercises" / f"{NAME}.ipynb").stat().st_mode & 0o222 == 0


def test_git_ignores_the_folder_of_copies() -> None:
    done = subprocess.run(["git", "check-ignore", "my_work/06_x.ipynb", "exercises/private/course.json"],
                          cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert len(done.stdout.split()) == 2


# ---- tolerance, limits, words ----------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "right", "same"), [
    (1000.9, 1000.0, True), (1001.1, 1000.0, False), (0.0010009, 0.001, True), (0.00101, 0.001, False),
    (-1000.9, -1000.0, True), (0.0009, 0.0, True), (0.0011, 0.0, False)])
def test_tolerance_is_relative_and_absolute_only_about_zero(given: float, right: float, same: bool) -> None:
    assert judging.same(answers.plain(given), answers.plain(right), NUMBER) is same
    table = {"kind": "table", "tolerance": 0.001, "columns": ["class", "share"]}
    assert judging.same(answers.plain({"A": given}), answers.plain({"A": right}), table) is same


def test_true_is_no_number_in_a_table() -> None:
    assert not judging.same(answers.plain({"A": True}), answers.plain({"A": 1}), PAIRS)


def test_limits_belong_to_the_range() -> None:
    share = {"kind": "number", "low": 0, "high": 1}
    assert [judging.fault(answers.plain(x), share) == "" for x in (0, 1, -0.001, 1.001)] == [True, True, False, False]


def test_words_are_counted_in_chinese_too() -> None:
    """Two characters make a word: ten of them, without a space, are one word and five more."""
    text = {"kind": "text", "low": 5}
    assert judging.fault(answers.plain("请给五位最好的顾客写"), {**text, "low": 6}) == ""
    assert judging.fault(answers.plain("请给五位最好的顾客写"), {**text, "low": 7}) != ""
    assert judging.fault(answers.plain("Write to the customers"), text) == "the answer should have at least 5 words"
    assert judging.fault(answers.plain(""), text) == "the answer should have at least 5 words"


def test_an_answer_taken_back_is_no_answer(practice: tuple[Exercise, Said], capsys: pytest.CaptureFixture[str]) -> None:
    ex, say = practice
    orders = ex.load("orders")
    assert say("q1", orders["amount"].sum()) == "q1: right"
    assert say("q1", None) == "q1: not answered yet"
    ex.status()
    assert "q1 (2 points): not answered yet" in capsys.readouterr().out
