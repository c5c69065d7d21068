"""Slips that happen with any question: each is recognised in several shapes, and none where the answer is right."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab.exercise import answers, judging, slips
from crmlab.exercise.answers import plain
from crmlab.exercise.own import ROOT

NUMBER = {"kind": "number", "tolerance": 0.001}
LABELS = ["store", "web", "wechat"]
SHARES = pd.DataFrame({"channel": LABELS, "n": [314, 1204, 77], "share": [0.19682, 0.75493, 0.04825]})
TABLE = {"kind": "table", "tolerance": 0.001, "columns": ["channel", "n", "share"]}
AMOUNTS = pd.Series([39439.752, 29035.641, 23071.363], index=pd.Index(LABELS, name="channel"), name="amount")
SERIES = {"kind": "table", "tolerance": 0.001, "columns": ["channel", "amount"]}
SET = {"kind": "set", "tolerance": 0.0}
CHOICE = {"kind": "choice"}


def found(given: Any, right: Any, question: dict[str, Any]) -> str:
    return slips.judged(plain(given), {"wrong": {}, **question, "right": plain(right)}, "").slip


def shares(change: Callable[[Any], Any], column: str = "share") -> pd.DataFrame:
    return SHARES.assign(**{column: SHARES[column].map(change)})


CASES: dict[str, list[tuple[Any, Any, dict[str, Any]]]] = {
    "rounded": [(0.42, 0.42134, NUMBER), (34, 34.41, NUMBER), (467, 467.90981, NUMBER), (-1.3, -1.2922, NUMBER),
                (np.float64(0.0005), 0.00045218, NUMBER), (11_800, 11_842, NUMBER), (pd.Series([0.4]), 0.42134, NUMBER),
                (0.13, 0.125, NUMBER), (0.12, 0.125, NUMBER), (2.675, 2.6754, {**NUMBER, "tolerance": 1e-5}),
                (SHARES.round(2), SHARES, TABLE), (SHARES.round(1), SHARES, TABLE),
                (SHARES.set_index("channel").round(2), SHARES, TABLE),
                (AMOUNTS.round(), AMOUNTS, {**SERIES, "tolerance": 1e-6})],
    "thousands": [(11.842, 11_842, NUMBER), (11.8, 11_842, NUMBER), (39.44e6, 39439.752, NUMBER),
                  (AMOUNTS / 1000, AMOUNTS, SERIES), ((AMOUNTS / 1000).round(1).to_dict(), AMOUNTS, SERIES),
                  (AMOUNTS.reset_index().assign(amount=AMOUNTS.to_numpy() / 1000), AMOUNTS, SERIES)],
    "millions": [(1.1842, 1_184_200, NUMBER), (np.int64(5_000_000), 5.0, NUMBER), (AMOUNTS / 1e6, AMOUNTS, SERIES)],
    "per-cent-for-share": [(42.134, 0.42134, NUMBER), (42.1, 0.42134, NUMBER), ([42.1], 0.42134, NUMBER),
                           (np.array(-3.2), -0.032, NUMBER), (42.1, 0.42134, {**NUMBER, "low": 0, "high": 1}),
                           (shares(lambda x: 100 * x), SHARES, TABLE),
                           (shares(lambda x: round(100 * x, 1)), SHARES, TABLE),
                           (SHARES.assign(share=[0.19682, 0.75493, 4.825]), SHARES, TABLE)],
    "share-for-per-cent": [(0.42134, 42.134, NUMBER), (0.421, 42.134, NUMBER), (0.73, 73.0, NUMBER),
                           (pd.Series({"a": 0.5, "b": 0.25}), pd.Series({"a": 50.0, "b": 25.0}), SERIES)],
    "factor-100": [(39439.752, 394.39752, NUMBER), (0.0042134, 0.42134, NUMBER), (AMOUNTS * 100, AMOUNTS, SERIES)],
    "month-year": [(12 * 3.85, 3.85, NUMBER), (0.0421 / 12, 0.0421, NUMBER), (AMOUNTS / 12, AMOUNTS, SERIES)],
    "sign": [(-16266.4, 16266.4, NUMBER), (0.031, -0.031, NUMBER), (-5, 5, NUMBER), (-AMOUNTS, AMOUNTS, SERIES),
             (shares(lambda x: -x), SHARES, TABLE), (AMOUNTS * [1, -1, 1], AMOUNTS, SERIES)],
    "complement": [(0.57866, 0.42134, NUMBER), (np.float32(0.97), 0.03, NUMBER),
                   (shares(lambda x: 1 - x), SHARES, TABLE)],
    "off-by-one": [(11_843, 11_842, NUMBER | {"tolerance": 0}), (0, 1, NUMBER), (pd.Series([6]), 5, NUMBER),
                   (shares(lambda n: n + 1, "n"), SHARES, {**TABLE, "tolerance": 0}),
                   (SHARES.assign(n=[313, 1204, 77]), SHARES, {**TABLE, "tolerance": 0})],
    "text-for-number": [("12.3%", 12.3, NUMBER), ("¥1,234", 1234, NUMBER), (" 7 ", 7, NUMBER), ("−3.5", -3.5, NUMBER),
                        ("99", 7, NUMBER), (shares("{:.1%}".format), SHARES, TABLE),
                        (AMOUNTS.map("¥{:,.0f}".format), AMOUNTS, SERIES)],
    "whole-object": [(AMOUNTS, 39439.752, NUMBER), (AMOUNTS.to_frame(), 39439.752, NUMBER), (SHARES, 0.75493, NUMBER),
                     (AMOUNTS.to_dict(), 39439.752, NUMBER), ([1.0, 2.0], 2.0, NUMBER), (AMOUNTS, "store", CHOICE),
                     (AMOUNTS.index, "store", CHOICE), (SHARES, LABELS, SET),
                     (SHARES.set_index("n")[["channel", "share"]], LABELS, SET)],
    "values-for-labels": [(AMOUNTS, LABELS, SET), (AMOUNTS.to_dict(), LABELS, SET), (AMOUNTS.to_list(), LABELS, SET),
                          (AMOUNTS.to_numpy(), LABELS, SET), (SHARES.set_index("channel"), LABELS, SET),
                          (39439.752, "store", CHOICE), (pd.Series([7, 8], index=[2021, 2022]), [2021, 2022], SET)],
    "labels-for-values": [("store", 39439.752, NUMBER), (LABELS, AMOUNTS.to_list(), SET),
                          (AMOUNTS.index, AMOUNTS.to_list(), SET)],
    "swapped": [(pd.Series(AMOUNTS.index, index=AMOUNTS), AMOUNTS, SERIES),
                ({amount: name for name, amount in AMOUNTS.items()}, AMOUNTS, SERIES),
                ([(amount, name) for name, amount in AMOUNTS.items()], AMOUNTS, SERIES)],
}


@pytest.mark.parametrize(("slip", "given", "right", "question"),
                         [(slip, *case) for slip, cases in CASES.items() for case in cases])
def test_each_slip_in_several_shapes(slip: str, given: Any, right: Any, question: dict[str, Any]) -> None:
    assert found(given, right, question) == slip
    assert found(right, right, question) == ""


def test_every_slip_is_tested_and_has_a_sentence() -> None:
    assert set(CASES) == set(slips.HINTS) >= set(slips.NUMBERS)
    assert all(len(cases) >= 3 for cases in CASES.values())


@pytest.mark.parametrize(("given", "right", "question"), [
    (0, 0.0345, NUMBER), (0.0, 467.9, NUMBER), (10, 12, NUMBER), (0.5, 0.0345, NUMBER), (1000, 0, NUMBER),
    (1, 0, {"kind": "number", "tolerance": 2}), (True, 0.4, NUMBER), (math.nan, 0.4, NUMBER), (math.inf, 0.4, NUMBER),
    (10**400, 5, NUMBER), (None, 5, NUMBER),
    (SHARES.assign(n=SHARES["n"] + 1, share=1 - SHARES["share"]), SHARES, TABLE),
    (SHARES.iloc[:2], SHARES, TABLE), ("web", "store", CHOICE), (["store", "web"], LABELS, SET), ([], LABELS, SET),
    (object(), LABELS, SET), ("store", LABELS, SET)])
def test_what_is_no_such_slip_gets_no_name(given: Any, right: Any, question: dict[str, Any]) -> None:
    assert found(given, right, question) == ""


@pytest.mark.parametrize(("right", "slip"), [
    (0.5, lambda x: 1 - x), (0.4999, lambda x: 1 - x), (0.0, lambda x: -x), (0, lambda x: 100 * x), (12.0, round),
    (0.25, lambda x: round(x, 2)), (4000.3, lambda x: x - 1), (1200, lambda x: float(f"{x:.2g}"))])
def test_a_slip_that_gives_the_right_number_is_right(right: float, slip: Callable[[float], float]) -> None:
    record = slips.judged(plain(slip(right)), {**NUMBER, "wrong": {}, "right": plain(right)}, "")
    assert record == slips.Record("right")


def test_the_questions_own_slip_goes_first() -> None:
    question = {**NUMBER, "wrong": {"first": plain(7), "who left, not who stayed": plain(0.58)}, "right": plain(0.42)}
    assert slips.judged(plain(0.58), question, "") == ("not yet", "wrong-2", "who left, not who stayed")
    assert slips.judged(plain(0.5801), question, "").slip == "wrong-2"
    assert slips.judged(plain(42), question, "not in 0 to 1").slip == "per-cent-for-share"
    assert slips.judged(plain(43), question, "not in 0 to 1") == ("not yet", "", "not in 0 to 1")


def test_the_nearest_listed_slip_is_taken_and_none_where_the_right_value_is_nearer() -> None:
    question = {**NUMBER, "tolerance": 1e-6, "right": plain(1_065_866.36),
                "wrong": {"before vouchers": plain(1_066_366.36), "with returns": plain(1_066_900.4)}}
    for given, slip in ((1_066_366, "wrong-1"), (1_066_500, "wrong-1"), (1_066_700, "wrong-2"), (1_066_901, "wrong-2")):
        assert slips.judged(plain(given), question, "").slip == slip
    for given in (1_066_000, 1_066_100):  # nearer to the right value
        assert slips.judged(plain(given), question, "") == ("not yet", "", "read the question once more")
    shares = {**NUMBER, "right": plain(0.032), "also": [plain(3.2)], "wrong": {"decimal point": plain(3.2031)}}
    assert slips.judged(plain(3.2031), {**shares, "tolerance": 1e-6}, "").slip == "wrong-1"
    assert slips.judged(plain(3.2009), {**shares, "tolerance": 1e-6}, "").slip != "wrong-1", "nearer to 3.2"


@pytest.mark.parametrize("given", [
    pd.DataFrame(np.zeros((9000, 3))), pd.Series(range(30_000)), pd.Series(map(str, range(30_000))).unique(),
    np.zeros(30_000), pd.Index(range(30_000)), list(range(30_000)), pd.Series(["a", "b"]).unique()], ids=range(7))
def test_a_whole_object_for_one_number_however_large(given: Any) -> None:
    question = {**NUMBER, "wrong": {}, "right": plain(3.0)}
    record = slips.judged(plain(given), question, judging.fault(plain(given), question))
    assert record.slip == "whole-object"
    assert record.hint.startswith("hand in one number, for example len(…), not the whole ")


def test_the_hint_for_a_table_names_its_columns() -> None:
    both = SHARES.assign(n=-SHARES["n"], share=-SHARES["share"])
    question = {**TABLE, "wrong": {}, "right": plain(SHARES)}
    assert slips.judged(plain(both), question, "").hint.startswith("n, share: look at the sign")
    assert slips.judged(plain(shares(lambda x: -x)), question, "").hint.startswith("share: look at the sign")


@pytest.mark.parametrize(("text", "number"), [
    ("12.3%", 12.3), ("1,234.5", 1234.5), ("¥ 99", 99), ("−4", -4), ("1e3", 1000), ("12 yuan", 12), ("twelve", None),
    ("", None), ("nan", None), ("inf", None), ("2024-01-02", None), ("C000441", None), ("％１２", 12)])
def test_numbers_in_texts(text: str, number: float | None) -> None:
    assert slips.number_in(text) == number


# ---- over every key there is -----------------------------------------------------------------------------

# slip, and the names it may be known by: one number of a table may be below 1 and the next above it
SLIPS: list[tuple[Callable[[float], float], set[str]]] = [
    (lambda x: round(x, 1), {"rounded"}),
    (lambda x: float(f"{x:.2g}"), {"rounded", "off-by-one"}),  # of 101, both are 100
    (lambda x: x / 1000, {"thousands"}), (lambda x: 1000 * x, {"thousands"}),
    (lambda x: x / 1e6, {"millions"}), (lambda x: 1e6 * x, {"millions"}),
    (lambda x: 100 * x, {"per-cent-for-share", "factor-100"}),
    (lambda x: x / 100, {"share-for-per-cent", "factor-100"}),
    (lambda x: x / 12, {"month-year"}), (lambda x: 12 * x, {"month-year"}),
    (lambda x: -x, {"sign"}), (lambda x: 1 - x, {"complement"}), (lambda x: x + 1, {"off-by-one"})]
SHARE = {"complement"}  # only a share has one
COUNT = {"off-by-one"}


def every_question() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((ROOT / "exercises").glob("*.key.json")):
        for name, question in json.loads(path.read_text(encoding="utf-8"))["questions"].items():
            if question["kind"] != "text":
                yield f"{path.name[:2]} {name}", question
    quick = json.loads((ROOT / "exercises" / "quick" / "key.json").read_text(encoding="utf-8"))
    for questions in quick["chapters"].values():
        yield from questions.items()


QUESTIONS = dict(every_question())


def changed(question: dict[str, Any], slip: Callable[[float], float], names: set[str]) -> Iterator[Any]:
    """The right answer with this slip in it: in the number, in one column of the table, or in all of them."""
    if question["kind"] not in ("number", "table"):
        return
    columns, labels = question.get("columns", ["value"]), question.get("labels") or 1
    if question["kind"] == "number":
        columns, labels, rows = ["value"], 0, [[answers.as_number(question["right"])]]
    else:
        rows = answers.as_rows(question["right"], columns)
    frame = pd.DataFrame(rows, columns=columns)
    numeric = [name for name in columns[labels:] if pd.api.types.is_numeric_dtype(frame[name])]
    if names == SHARE:
        numeric = [name for name in numeric if frame[name].between(0, 1, inclusive="neither").all()]
    if names == COUNT:
        numeric = [name for name in numeric if (frame[name] % 1 == 0).all() and (frame[name] != 0).all()]
    for chosen in [*([name] for name in numeric), numeric]:
        made = frame.assign(**{name: [slip(float(one)) for one in frame[name]] for name in chosen})
        if chosen and made[chosen].any().all():
            yield made["value"].item() if question["kind"] == "number" else made


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_slip_counts_as_right_and_no_right_answer_gets_a_hint(name: str) -> None:
    question = QUESTIONS[name]
    assert slips.judged(question["right"], question, judging.fault(question["right"], question)) == ("right", "", "")
    for slip, names in SLIPS:
        for tried in changed(question, slip, names):
            given = plain(tried)
            record = slips.judged(given, question, judging.fault(given, question))
            if any(judging.same(given, right, question) for right in (question["right"], *question.get("also", []))):
                assert record == ("right", "", "")
            else:
                assert record.slip in names or record.slip.startswith("wrong-"), (tried, record)
