"""Hostile and broken submissions, graded in one batch with an innocent classmate: each gets its fair mark.

Every entry of `HOSTILE` is a change to a right solution: which cells, and which questions are still right.
A question that is neither in `right` nor in `missing` is wrong.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crmlab.exercise.own import company_seed
from crmlab.grading.batch import Request, grade
from crmlab.grading.bench import Summary
from crmlab.grading.marks import Result
from crmlab.grading.outcome import Limits
from crmlab.grading.runner import Runner
from crmlab.grading.solutions import solve
from tests.exercise_fixture import (
    CELLS,
    COURSE,
    KEY,
    NAME,
    PEOPLE,
    hand_in,
    need_sandbox,
    small_exercise,
    submission,
    write_roster,
)

ALL = {"q1", "q2", "q3", "q4"}
MARKER = "crmlab-left-" + "running"
CHANNEL = "\nimport crmlab.exercise\nemit = crmlab.exercise._context.emit\n"


@dataclass
class Case:
    """What a student changed, and what is fair."""

    cells: dict[str, str | None]
    right: set[str] = field(default_factory=lambda: set(ALL))
    missing: set[str] = field(default_factory=set)
    flagged: set[str] = field(default_factory=set)
    own_affair: set[str] = field(default_factory=set)  # he may spoil it for himself, by chance


def gone(question: str, source: str, *more: str) -> Case:
    """The cell of one question is replaced by something that hands nothing in."""
    return Case({question: source}, ALL - {question, *more}, {question})


def false(question: str, source: str) -> Case:
    """The cell of one question hands in something that is not right."""
    return Case({question: source}, ALL - {question})


def before(source: str) -> dict[str, str | None]:
    """Something is done first, and then an answer that is wrong."""
    return {"load": CELLS["load"] + "\n" + source, "q1": 'ex.answer("q1", 1)'}


HOSTILE: dict[str, Case] = {
    # --- runs that do not end, or end everything
    "endless loop": gone("q2", "while True:\n    pass"),
    "endless loop that will not hear": gone(
        "q2", "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"),
    "alarm switched off": gone("q2", "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0)\ntime.sleep(900)"),
    "sys.exit": gone("q2", "import sys\nsys.exit(0)"),
    "os._exit": gone("q2", "import os\nos._exit(0)"),
    "os._exit after an answer": Case({"q2": CELLS["q2"] + "\nimport os\nos._exit(0)"}),
    "interrupt": gone("q2", "raise KeyboardInterrupt"),
    "crash in C": gone("q2", "import ctypes\nctypes.string_at(0)"),
    "3 GB": gone("q2", "x = bytearray(3_000_000_000)"),
    "recursion": gone("q2", "def f(): return f()\nf()"),
    "not Python": gone("q2", "this is ( not python"),
    "asks for input": gone("q2", 'input("?")'),
    "kills the parent": gone("q2", "import os\nos.kill(os.getppid(), 9)"),
    "kills everything": gone("q2", "import os\nos.kill(-1, 9)"),
    "closes all files": Case({"q2": "import os\nos.closerange(0, 200)"}, ALL - {"q2"}, {"q2"}),
    "five crashes": Case({name: "import os\nos._exit(1)" for name in ("q1", "q2", "q3", "q4", "q5")}, set(), ALL),
    # --- looking for what is not theirs
    "looks for secrets": false("q1", (
        "import os\nfound = []\nfor top, below, names in os.walk('/'):\n"
        "    below[:] = [one for one in below if one not in ('proc', 'dev', 'usr', 'lib', 'include', 'share')]\n"
        "    for name in names:\n        path = os.path.join(top, name)\n        try:\n"
        "            text = open(path, errors='replace').read(200_000)\n        except OSError:\n"
        "            continue\n"
        f"        if 'BEGIN ' + 'SOLUTION' in text or '{KEY[:10]}' + '{KEY[10:]}' in text or 'Student 2026' in text:\n"
        "            found.append(path)\nex.answer('q1', f'found {len(found)} {found[:3]}')")),
    "reads the environment": false("q1", (
        "import os\nwords = str(dict(os.environ)) + open('/proc/1/environ', errors='replace').read()"
        " if os.access('/proc/1/environ', os.R_OK) else str(dict(os.environ))\n"
        f"ex.answer('q1', 'found ' + str('{KEY[:10]}' + '{KEY[10:]}' in words))")),
    "reads the solution out of memory": false("q1", (
        "import gc\nfound = [o for o in gc.get_objects() if isinstance(o, str) and 'BEGIN ' + 'SOLUTION' in o\n"
        "         and 'gc.get_' not in o and 'ex.answer' in o]\n"
        "ex.answer('q1', 'found 0')")),
    "prints the history": gone("q1", "get_ipython().run_line_magic('history', '')"),
    # --- patching
    "patches numpy and pandas": Case(before(
        "import numpy as np, pandas as pd\nnp.isclose = np.allclose = lambda *a, **k: True\n"
        "pd.testing.assert_frame_equal = pd.testing.assert_series_equal = lambda *a, **k: None"), ALL - {"q1"}),
    "patches builtins": Case(before("import builtins\nbuiltins.abs = lambda x: 0"),
                             ALL - {"q1"}),
    "patches the comparison": Case(before(
        "from crmlab.exercise import judging\njudging.same = judging._near = lambda *a: True"), ALL - {"q1"}),
    "patches ex.answer": Case(before(
        "type(ex).answer = lambda self, q, v: self.question(q, points=99, kind='number', tolerance=1e9)"),
        set(), ALL),
    "patches the generator": Case(before(
        "import crmlab.company\ncrmlab.company.simulate = lambda *a, **k: {'orders': None}"), ALL - {"q1"}),
    "transforms the code": Case(before(
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Constant(self, node):\n"
        "        return ast.Constant(0) if node.value == 2 else node\n"
        "get_ipython().ast_transformers.append(T())\n"
        "get_ipython().input_transformers_cleanup.append(lambda lines: lines)"), {"q2", "q3"}),
    "equals everything": false("q1", (
        "class Equal(float):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0.0\n"
        "    __rsub__ = __sub__\n    def __abs__(self): return 0.0\n    __hash__ = float.__hash__\n"
        "ex.answer('q1', Equal(1))")),
    "redeclares the question": false("q1", (
        "ex.question('q1', points=2, kind='number', tolerance=1e12)\nex.answer('q1', 1)")),
    "declares points": Case({"q1": CELLS["q1"] + "\nex.question('q1', points=1000, kind='number')"}),
    # --- the channel
    "forges answers": false("q1", CHANNEL + (
        "emit({'answer': 'q1', 'value': {'is': 'number', 'value': float('nan')}})\n"
        "emit({'answer': 'q1', 'value': {'is': 'table', 'names': None, 'rows': [[1]]}})\n"
        "emit({'question': 'q1', 'points': 2, 'kind': 'number', 'tolerance': 1e12})\n"
        "emit({'answer': 'q1', 'value': {'is': 'number', 'value': '1'}})")),
    "writes rubbish to all files": Case({"load": CELLS["load"] + (
        "\nimport os\nfor number in range(3, 60):\n    try:\n"
        "        os.write(number, b'\\n{\"end\": 7}\\n[[[[\\n{\"answer\": 3}\\n\\xff\\xfe\\n{\"cell\": 99999}\\n')\n"
        "    except OSError:\n        pass")}),
    "nests deeply": Case({"load": CELLS["load"] + CHANNEL + (
        "import os\nfor number in range(3, 60):\n    try:\n        os.write(number, b'[' * 200_000 + b'\\n')\n"
        "    except OSError:\n        pass")}),
    "floods the channel": gone("q2", CHANNEL + "while True:\n    emit({'answer': 'q2', 'value': 'x' * 1000})"),
    "many questions": Case({"load": CELLS["load"] + "\nfor i in range(3000):\n    ex.answer(f'z{i}', i)"},
                           ALL - ALL, ALL),
    "50 MB of output": Case({"load": CELLS["load"] + "\nfor _ in range(50):\n    print('x' * 1_000_000)"}),
    # --- processes, memory, disk, network
    "background process": Case({"load": CELLS["load"] + (
        "\nimport subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)',\n"
        f"                  '{MARKER}'], start_new_session=True)")}),
    "acts after the run": Case({"q1": (
        "import os, time\n" + CHANNEL + "if os.fork() == 0:\n    os.setsid()\n    for _ in range(400):\n"
        "        time.sleep(0.02)\n        emit({'answer': 'q2', 'value': {'is': 'number', 'value': 1}})\n"
        "    os._exit(0)\nex.answer('q1', orders['amount'].sum())")}, {"q1", "q3", "q4"}, own_affair={"q2"}),
    "fork bomb": gone("q2", "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"),
    "fork bomb, once": Case({"load": CELLS["load"] + (
        "\nimport os, time\nfor _ in range(100):\n    try:\n        if os.fork() == 0:\n"
        "            time.sleep(900)\n    except OSError:\n        break")}),
    "memory of many": gone("q2", (
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        x = bytearray(b'1') * 150_000_000\n"
        "        time.sleep(900)\ntime.sleep(900)")),
    "fills the disk": Case({"load": CELLS["load"] + (
        "\nimport os\nfor i in range(100):\n    try:\n        open(f'/tmp/{i}', 'wb').write(b'1' * 10_000_000)\n"
        "    except OSError:\n        break")}),
    "deletes files": Case({"load": CELLS["load"] + (
        "\nimport os, shutil, crmlab\nshutil.rmtree(os.path.dirname(crmlab.__file__), ignore_errors=True)\n"
        "for top in ('/tmp', '/etc', '/sandbox', os.path.dirname(os.path.dirname(crmlab.__file__)) + '/datasets'):\n"
        "    shutil.rmtree(top, ignore_errors=True)")}),
    # --- copying
    "copies a classmate": Case({}, {"q4"}),
    "writes numbers by hand": Case({}, set(ALL), set(), {"q1", "q2", "q3"}),
    # --- values
    "10**400": false("q1", "ex.answer('q1', 10**400)"),
    "nan": false("q1", "ex.answer('q1', float('nan'))"),
    "inf": false("q1", "ex.answer('q1', float('inf'))"),
    "True for 1": false("q4", "ex.answer('q4', True)"),
    "int subclass": false("q4", "class I(int):\n    pass\nex.answer('q4', I(1))"),
    "numpy bool": false("q4", "import numpy as np\nex.answer('q4', np.bool_(True))"),
    "frame of 1 000 000 rows": false("q2", "import pandas as pd\nex.answer('q2', pd.DataFrame({'a': range(10**6)}))"),
    "list of itself": false("q3", "x = []\nx.append(x)\nex.answer('q3', x)"),
    "surrogates": false("q1", "ex.answer('q1', '\\udc80' * 10)"),
    "a page in an answer": false("q1", "ex.answer('q1', '<script>alert(1)</script>')"),
    "a formula": false("q1", "ex.answer('q1', '=1+1')"),
    # --- harmless
    "right, written otherwise": Case({
        "q1": "import numpy as np\nex.answer('q1', np.float32(orders['amount'].sum()))",
        "q2": "t = orders.groupby('channel', observed=True)['amount'].sum()\n"
              "ex.answer('q2', dict(sorted(t.items(), reverse=True)))",
        "q3": "ex.answer('q3', set(orders.groupby('customer_id')['amount'].sum().nlargest(5).index))",
        "q4": "ex.answer('q4', 1.0)"}),
    "answers twice": Case({"q1": "ex.answer('q1', 1)\n" + CELLS["q1"]}),
    "innocent": Case({}),
}


@dataclass
class Graded:
    """The batch, and what was seen around it."""

    summary: Summary
    folder: Path
    number: dict[str, str]
    connections: list[Any]

    def __getitem__(self, case: str) -> Result:
        return self.summary.results[self.number[case]]


def _by_hand(student: str, solution: Any, runner: Runner) -> dict[str, str | None]:
    """What a student hands in who writes the right numbers of `student` by hand."""
    out = solve(solution, runner, company_seed(COURSE.casefold(), student, NAME))
    rows = {label[0]: row[0] for label, row in zip(out.answers["q2"]["labels"], out.answers["q2"]["rows"], strict=True)}
    values = {"q1": out.answers["q1"]["value"], "q2": rows, "q3": out.answers["q3"]["items"]}
    return {name: f"ex.answer('{name}', {value!r})" for name, value in values.items()}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, need_program: Callable[..., str]) -> Iterator[Graded]:
    need_sandbox(need_program)
    folder = tmp_path_factory.mktemp("hostile")
    number = {case: str(20260001 + i) for i, case in enumerate(HOSTILE)}
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[Any] = []

    def listen() -> None:
        while True:
            try:
                connections.append(listener.accept())
            except OSError:
                return

    threading.Thread(target=listen, daemon=True).start()
    reach = ("import socket\ntry:\n"
             f"    socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}), timeout=2)\n"
             "    ex.answer('q1', 'found the network')\nexcept OSError:\n    ex.answer('q1', 'refused')")
    cases = {**HOSTILE}
    with small_exercise(folder) as solution, pytest.MonkeyPatch.context() as patch, Runner(trusted=True) as runner:
        cases["copies a classmate"].cells = _by_hand(number["innocent"], solution, runner)
        cases["writes numbers by hand"].cells = _by_hand(number["writes numbers by hand"], solution, runner)
        number["network"] = "20269999"
        files = {f"{number[name]}_small.ipynb": submission(case.cells) for name, case in cases.items()}
        files["20269999_small.ipynb"] = submission({"q1": reach})
        hand_in(folder / "in", files)
        roster = write_roster(folder / "roster.csv", list(number.values()))
        patch.setattr("crmlab.grading.runner.TREE_BYTES", 1_200_000_000)
        summary = grade(Request(folder / "in", roster, folder / "out" / "grades.csv", limits=Limits(4, 60),
                                course_file=folder / "course.json", quiet=True))
        yield Graded(summary, folder, number, connections)
    listener.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_each_gets_a_fair_mark(graded: Graded, name: str) -> None:
    case, result = HOSTILE[name], graded[name]
    status = {question: mark.status for question, mark in result.marks.items() if question in ALL}
    assert result.state == "graded", result.notes
    right = {q for q, s in status.items() if s == "right"}
    assert right - case.own_affair == case.right, (status, result.notes, result.messages)
    assert {q for q, s in status.items() if s == "not handed in"} == case.missing, (status, result.notes)
    assert {q for q, mark in result.marks.items() if mark.flag} - case.own_affair == case.flagged, result.flags
    assert result.total == sum({"q1": 2, "q2": 3, "q3": 4, "q4": 1}[q] for q in right)


def test_nothing_private_was_found(graded: Graded) -> None:
    assert graded["looks for secrets"].marks["q1"].value == "found 0 []"
    assert graded["reads the environment"].marks["q1"].value == "found False"


def test_the_network_was_out_of_reach(graded: Graded) -> None:
    assert graded["network"].marks["q1"].value == "refused"
    assert graded.connections == []


def test_nothing_is_left_running(graded: Graded) -> None:
    left = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if MARKER.encode() in words:
                left.append(process.name)
    assert left == []


def test_nothing_is_lost(graded: Graded) -> None:
    assert len(list((graded.folder / "in").iterdir())) == len(graded.number)
    assert len(list((graded.folder / "out" / "feedback").iterdir())) == len(graded.number)
    rows = (graded.folder / "out" / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == len(graded.number) + 1 and graded.summary.unfinished == 0


def test_what_students_write_stays_text(graded: Graded) -> None:
    page = (graded.folder / "out" / "feedback" / f"{graded.number['a page in an answer']}.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_feedback_never_shows_what_was_expected(graded: Graded) -> None:
    """The innocent's right total stands on her own page and on that of the one who copied it, nowhere else."""
    value = json.dumps(graded["innocent"].marks["q1"].value).strip('"')
    holds = {page.stem for page in (graded.folder / "out" / "feedback").iterdir() if value in page.read_text()}
    assert holds == {graded.number["innocent"], graded.number["copies a classmate"]}


def test_the_killing_is_named(graded: Graded) -> None:
    assert "code cell 4 ended the run" in " ".join(graded["os._exit"].notes)
    greedy = graded["memory of many"]  # a slow machine has given it all its time before the memory is gone
    assert "too much memory" in " ".join(greedy.notes) or any("TooLong" in text for text in greedy.messages)
    assert "more than 1 MB" in " ".join(graded["floods the channel"].notes)
    assert any("TooLong" in text for text in graded["endless loop"].messages)


def test_the_people_of_the_fixture_are_in_the_notebook() -> None:
    assert f"people={PEOPLE}" in CELLS["setup"] and os.path.basename(NAME) == NAME
