"""Quick checks: what the student is told, that nothing stops a notebook, and that key and notebooks agree."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import check
from crmlab.exercise import judging, own, quick, slips
from crmlab.exercise.answers import plain
from crmlab.exercise.quick import Quick
from crmlab.grading import __main__ as command
from crmlab.grading import quick as making
from crmlab.grading import solutions
from crmlab.grading.files import GradingError

QUESTIONS = """
import pandas as pd
from crmlab.exercise.quick import Quick

orders = pd.Series({"store": 394, "web": 1204, "wechat": 77}, name="orders").rename_axis("channel")
share = orders / orders.sum()

def questions():
    yield Quick("99x-1", ask="How many orders came over the web?", answer=orders["web"],
                wrong={"that is all orders": orders.sum(), "store is not web": orders["store"]})
    yield Quick("99x-2", ask="What share of orders does each channel have?", answer=share,
                wrong={"divide by all orders, not by the largest": orders / orders.max()})
    yield Quick("99x-3", ask="Which channels have more than 100 orders?", answer=list(orders[orders > 100].index),
                wrong={"more than 100, not fewer": list(orders[orders < 100].index)})
    yield Quick("99x-4", ask="Which channel is the largest?", answer=orders.idxmax(),
                form={"choices": list(orders.index)}, wrong={"the largest, not the smallest": orders.idxmin()})
    yield Quick("99x-5", ask="Does the web bring more than half of the orders?", answer=share["web"] > 0.5, wrong={})
    yield Quick("99x-6", ask="What share of orders does the web bring?", answer=share["web"],
                form={"low": 0, "high": 1}, wrong={"of all, the web too": share["web"] / (1 - share["web"])})
"""
RIGHT: dict[str, list[Any]] = {
    "99x-1": [1204, 1204.0, np.int64(1204), [1204], pd.Series([1204])],
    "99x-2": [pd.Series({"web": 1204, "store": 394, "wechat": 77}) / 1675,
              pd.DataFrame({"orders": [0.2352, 0.7188, 0.04597], "channel": ["store", "web", "wechat"]}),
              {"store": 0.2352, "web": 0.7188, "wechat": 0.04597}],
    "99x-3": [["web", "store"], {"store", "web"}, pd.Index(["store", "web"]), pd.Series(["WEB", " store"])],
    "99x-4": ["web", "Web "],
    "99x-5": [True, np.bool_(True)],
    "99x-6": [0.7188059701, 0.7188, np.float32(0.71881)],
}


@pytest.fixture
def chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workbook with quick checks for a notebook 99x, not released yet."""
    (tmp_path / "exercises" / "quick").mkdir(parents=True)
    (tmp_path / "exercises" / "quick" / "99x.py").write_text(QUESTIONS, encoding="utf-8")
    version = tmp_path / "datasets" / "lantern_leaf" / "VERSION"
    version.parent.mkdir(parents=True)
    version.write_text(own.data_version())
    monkeypatch.setattr(own, "ROOT", tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(solutions, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(solutions, "PRIVATE", tmp_path / "private")
    quick.key.cache_clear()
    yield tmp_path / "exercises" / "quick"
    quick.key.cache_clear()
    quick.answered.clear()


@pytest.fixture
def say(chapter: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Any, Any], str]:
    making.release([])

    def saying(name: Any, value: Any) -> str:
        capsys.readouterr()
        assert check.quick(name, value) is None
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        return said.strip()

    return saying


Say = Callable[[Any, Any], str]

# ---- what the student is told ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values])
def test_right_in_every_form(say: Say, name: str, value: Any) -> None:
    assert say(name, value) == f"{name}: right"
    assert quick.answered[name] == slips.Record("right")


def test_not_yet_and_why(say: Say) -> None:
    assert say("99x-1", 1675) == "99x-1: not yet: that is all orders"
    assert quick.answered["99x-1"].slip == "wrong-1"
    assert say("99x-1", 1205).startswith("99x-1: not yet: one too many or one too few")
    assert quick.answered["99x-1"].slip == "off-by-one"
    assert say("99x-1", 55) == "99x-1: not yet: read the question once more"
    assert "look at the sign" in say("99x-2", {"store": -0.2352, "web": -0.7188, "wechat": -0.04597})
    assert say("99x-2", {"store": 0.2352, "web": 0.6, "wechat": 0.04597}).endswith("look at orders of web")
    assert say("99x-3", ["web"]).endswith("0 of your 1 do not belong there, 1 others do")
    assert "one of: store, web, wechat" in say("99x-4", "shop")
    assert say("99x-5", False) == "99x-5: not yet: read the question once more"
    assert say("99x-5", 1).endswith("the answer should be True or False, not a number")
    assert "in per cent" in say("99x-6", 71.88)
    assert say("99x-6", 7).endswith("the answer should lie between 0 and 1")


@pytest.mark.parametrize("nothing", [..., None])
def test_without_an_answer_it_says_so_and_forgets_the_last(say: Say, nothing: Any) -> None:
    say("99x-1", 1)
    assert say("99x-1", nothing) == "99x-1: not answered yet. Put your answer in place of ... and run the cell again."
    assert "99x-1" not in quick.answered


@pytest.mark.parametrize(("name", "told"), [
    ("99x-7", "99x-7: there is no such quick check; in chapter 99x there are 99x-1, 99x-2, 99x-3"),
    ("98-1", "98-1: there is no such quick check; there are some in 99x"), (" 99X-1 ", "99X-1: right"),
    ("９９x-1", "９９x-1: right"), (7, "7: there is no such quick check"), (None, "nothing: there is no"),
    ([], "list: there is no"), ("", ": there is no"), ("a\nb", "a b: there is no")])
def test_ids(say: Say, name: Any, told: str) -> None:
    assert say(name, 1204).startswith(told)


class Hostile:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]
    __str__ = __repr__ = __len__ = __iter__ = __float__ = __bool__ = __eq__  # type: ignore[assignment]


ODD = [Hostile(), [Hostile()], {"a": Hostile()}, pd.Series([Hostile()]), {1: {}}, np.zeros((2, 2, 2)), pd.DataFrame(),
       [[]], 10**400, float("nan"), "\ud800", "x" * 10**6, pd.Series(range(10**6)), print, {1, "a"}, b"1", 1j,
       [[1], [2, 3]]]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_it_never_raises(say: Say, value: Any) -> None:
    for name in [*RIGHT, value]:
        assert ": right" not in say(name, value)
    say("99x-1", value).encode()


def test_without_its_file_or_with_a_broken_one_it_says_so(say: Say, chapter: Path) -> None:
    for text, told in ((None, "exercises/quick/key.json is missing"), ("{", "not checked"), ("[]", "not checked")):
        quick.key.cache_clear()
        (chapter / "key.json").unlink(missing_ok=True)
        if text is not None:
            (chapter / "key.json").write_text(text)
        assert told in say("99x-1", 3)


def test_it_is_light_and_reads_its_key_once() -> None:
    code = """
import sys
from crmlab import check
check.quick("00-1", 5)
check.quick("00-2", "x")
from crmlab.exercise import quick
print([m for m in ("pandas", "numpy", "IPython", "crmlab.company") if m in sys.modules], quick.key.cache_info().misses)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 1"


# ---- releasing -------------------------------------------------------------------------------------------


def test_release_writes_one_key_and_then_nothing(chapter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["release", "99x"]) == 0
    assert "written: exercises/quick/key.json" in capsys.readouterr().out
    before = (chapter / "key.json").read_bytes()
    assert command.main(["release"]) == 0 and command.main(["release", "99x"]) == 0
    assert "are current" in capsys.readouterr().out and (chapter / "key.json").read_bytes() == before
    assert command.main(["release", "98"]) == 1
    (chapter / "98.py").write_text(QUESTIONS.replace("99x", "98").replace("77", "78"), encoding="utf-8")
    assert making.release(["98"]) == [chapter / "key.json"]
    assert list(quick.key()) == ["98", "99x"] and quick.key()["98"]["98-2"] != quick.key()["99x"]["99x-2"]
    (chapter / "99x.py").unlink()
    assert making.release(["98"]) and list(quick.key()) == ["98"]


def test_a_key_says_how_an_answer_is_compared(chapter: Path) -> None:
    key = making.key_of(chapter / "99x.py")
    assert [key[name]["kind"] for name in key] == ["number", "table", "set", "choice", "flag", "number"]
    assert [key[name]["tolerance"] for name in key] == [0.0, 0.001, 0.0, 0.0, 0.0, 0.001]
    assert key["99x-2"]["columns"] == ["channel", "orders"]
    assert key["99x-6"]["right"]["value"] == 0.71880597, "eight digits: the same on every machine"


@pytest.mark.parametrize(("old", "new", "told"), [
    ('"99x-2"', '"99x-3"', "99x-3' should be 99x-2"),
    ('"99x-1"', '"98-1"', "should be 99x-1"),
    ('ask="Which channel is the largest?"', 'ask=""', "99x-4: write the question as one sentence"),
    ("orders.sum(), ", "orders['web'], ", "99x-1: the slip 'that is all orders' counts as right"),
    ("orders.sum(), ", "object(), ", "99x-1: the hint 'that is all orders' is never shown"),
    ("orders.sum(), ", "orders['store'], ", "'that is all orders' and 'store is not web' are the same value"),
    ('wrong={"the largest, not the smallest": orders.idxmin()}', "wrong={}", "99x-4: has no wrong answers"),
    ("answer=orders[\"web\"]", "answer=float('nan')", "99x-1: the answer itself does not count as right"),
    ("answer=orders[\"web\"]", "answer=object()", "99x-1: kind='', and the answer is other"),
    ("answer=orders[\"web\"]", "answer=1 / 3, tolerance=1e-12", "does not count as right: set tolerance"),
    ('form={"low": 0, "high": 1}', 'form={"lo": 0}', "99x-6: form may hold low, high"),
    ("yield Quick(\"99x-1\"", "yield 7; yield Quick(\"99x-1\"", "must yield Quick"),
    ("orders.idxmax()", "orders.idx()", "99x.py fails with AttributeError"),
    ("def questions", "def answers", "99x.py fails with AttributeError"),
])
def test_release_refuses_what_would_mislead(chapter: Path, old: str, new: str, told: str) -> None:
    assert old in QUESTIONS
    (chapter / "99x.py").write_text(QUESTIONS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GradingError) as error:
        making.key_of(chapter / "99x.py")
    assert told in str(error.value)


@pytest.mark.parametrize(("answer", "decimals", "given", "right"), [
    (-1.6049, 2, -1.6, True), (-1.6049, 2, -1.61, False), (-1.6049, 2, -1.59, False), (0.20934, 3, 0.209, True),
    (0.20934, 3, 0.21, False), (0.001, 2, 0.0, True), (0.0, 2, 0.004, True), (48.4961, 0, 48, True)])
def test_with_as_many_decimals_as_asked(answer: float, decimals: int, given: float, right: bool) -> None:
    asked = Quick("1-1", ask="", answer=answer, wrong={}, decimals=decimals).as_key()
    assert judging.same(plain(given), asked["right"], asked) == right
    assert judging.same(plain(answer), asked["right"], asked)


def test_slips_of_another_kind_and_a_second_right_answer() -> None:
    asked = Quick("1-1", ask="", answer=67, wrong={
        "that is who it is": "C001", "that is the mean": 4.6975, "rows and columns": (67, 8), "teas": 97}).as_key()
    for given, hint in (("c001", "that is who it is"), (4.7, "that is the mean"), ((8, 67), "rows and columns"),
                        (97, "teas"), (97.01, "read the question once more")):
        assert slips.judged(plain(given), asked, judging.fault(plain(given), asked)).hint == hint
    asked = Quick("1-1", ask="", answer=0.032, also=(3.2,), wrong={}, decimals=3).as_key()
    said = [slips.judged(plain(given), asked, "").said for given in (0.032, 3.2, 3.3, 0.0)]
    assert said == ["right", "right", "not yet", "not yet"]


def test_the_columns_of_a_table() -> None:
    frame = pd.DataFrame({"year": [1, 1, 2], "channel": ["a", "b", "a"], "n": [1, 2, 3], "share": [0.2, 0.3, 0.5]})
    every = ["year", "channel", "n", "share"]
    two = frame.set_index(["year", "channel"])
    for answer, columns, labels in [
            (frame, every, None), (frame.set_index("year"), every, None), (two, every, 2), (two["n"], every[:3], 2),
            ({"a": 1, "b": 2}, ["label", "value"], None), (pd.Series({"a": 1}), ["label", "value"], None),
            ({("a", "b"): 1}, ["label 1", "label 2", "value"], 2)]:
        made = Quick("1-1", ask="", answer=answer, wrong={}).as_key()
        assert made["columns"] == columns and made.get("labels") == labels
    made = Quick("1-1", ask="", answer=frame, wrong={}, form={"labels": 2, "columns": ["y", "c", "n", "s"]}).as_key()
    assert made["columns"] == ["y", "c", "n", "s"] and made["labels"] == 2


# ---- the workbook's own ----------------------------------------------------------------------------------


def test_release_again_gives_no_difference() -> None:
    assert making.contents([]) == (own.ROOT / "exercises" / "quick" / "key.json").read_text(encoding="utf-8")


def test_every_answer_is_right_and_every_slip_gets_its_hint() -> None:
    for questions in quick.key().values():
        for name, asked in questions.items():
            assert slips.judged(asked["right"], asked, judging.fault(asked["right"], asked)) == ("right", "", "")
            for number, (hint, value) in enumerate(asked["wrong"].items(), start=1):
                record = slips.judged(value, asked, judging.fault(value, asked))
                assert record == ("not yet", f"wrong-{number}", hint), name
            for tried in ("", "A", [], {}, [0], {"A": 1}, float("nan"), 0.123456):
                assert not judging.same(plain(tried), asked["right"], asked), (name, tried)


def asked_in_notebooks() -> Iterator[tuple[str, str, ast.Call]]:
    """(number of the notebook, id, the call) of every quick check, in order."""
    for path in sorted((own.ROOT / "notebooks").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for source in ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "check.quick":
                    yield path.stem.split("_")[0], ast.literal_eval(node.args[0]), node


def test_every_key_is_asked_in_its_chapter_and_the_other_way_round() -> None:
    asked: dict[str, list[str]] = {}
    for notebook, name, _ in asked_in_notebooks():
        asked.setdefault(notebook, []).append(name)
    assert asked == {chapter: list(questions) for chapter, questions in quick.key().items()}
    assert [f"{chapter}-{n}" for chapter, names in asked.items() for n in range(1, len(names) + 1)] == [
        name for names in asked.values() for name in names]


def without_marks(text: str) -> str:
    return re.sub(r"[\s`*]", "", text).casefold()


@pytest.mark.parametrize("chapter", ["00", "00b"])
def test_the_notebook_asks_what_the_key_asks(chapter: str) -> None:
    (path,) = (own.ROOT / "notebooks").rglob(f"{chapter}_*.ipynb")
    asked, text = [], ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            text = source
        for name in re.findall(r'check\.quick\("(.+?)"', source if cell["cell_type"] == "code" else ""):
            asked.append(name)
            question = re.split(r"(?<=[?.])\s", quick.key()[chapter][name]["ask"])[0]
            assert without_marks(question) in without_marks(text), f"{name} asks another question in {path.name}"
    assert asked == list(quick.key()[chapter])


def test_no_notebook_holds_an_answer() -> None:
    for _, name, call in asked_in_notebooks():
        assert ast.unparse(call) == f"check.quick({name!r}, ...)"
