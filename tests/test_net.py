"""The net of checks, proven by mutation: what goes wrong in notebooks is put into a good one, and caught.

Part 1 breaks every static rule once, on a chapter made here; a rule without a broken fixture fails. Part 2
breaks a small executed notebook and asks nbval, with the project's own options, what it sees. Part 3 is the
build; then chapters in two halves, the list of what waits, running cells again, pictures, and what people read.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import io
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tools import again, build, check_notebooks, notebook_text, rules, screenshot, tables, waiting
from tools.check_notebooks import check, check_file
from tools.notebook import ROOT, UNSTABLE, Notebook, kind_of, sanitize_cfg, settle, settle_stored
from tools.picture import look_equal, pixels

Raw = dict[str, Any]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


# --- a good chapter --------------------------------------------------------------------------------------


def md(source: str) -> Raw:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *outputs: Raw) -> Raw:
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": copy.deepcopy(list(outputs)),
        "source": source,
    }


def printed(text: str, name: str = "stdout") -> Raw:
    return {"output_type": "stream", "name": name, "text": text}


def value(text: str, **more: str) -> Raw:
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {"text/plain": text, **more},
    }


FIGURE: Raw = {
    "output_type": "display_data",
    "metadata": {},
    "data": {"image/png": PNG, "text/plain": "<Figure size 640x480 with 1 Axes>"},
}

CARD = """# Customer value I: ABC, Pareto, RFM, CLV compared

客户价值（一）：ABC、帕累托、RFM、CLV 的比较

**The question** Who deserves the next call?

**Time** 50 minutes to read, 60 to practise · **You need first** notebook 00 · **Tables** orders ·
**Functions** value.abc

**In your textbook** P&R 5 · S&Q 4 · ZGH 7
"""
RECAP = """## Recap

- You can rank customers (Pareto, 1897).

**Key terms** Cohort 同期群 · Win-back 客户重获（赢回）

**References**
- Pareto, V. (1897). Cours d'économie politique.
"""


def numbered(cells: list[Raw], crmlab: Raw) -> Raw:
    """A notebook of these cells, executed in order."""
    cells, count = [copy.deepcopy(cell) for cell in cells], 0
    for index, cell in enumerate(cells):
        cell["id"] = f"cell-{index}"
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
    return {"cells": cells, "metadata": {"crmlab": crmlab}, "nbformat": 4, "nbformat_minor": 5}


FILLER = "The firm looks at what its customers do and asks what it would cost to serve them better. " * 5


def step(number: int) -> Raw:
    """Four lines that use no name of another cell."""
    a, b, c = (f"{letter}{number}" for letter in "abc")
    return code(f"{a} = 1\n{b} = {a} + 1\n{c} = {b} * 2\nprint({c})", printed("4\n"))


def good_chapter() -> Raw:
    """A chapter that every rule accepts: small in substance, padded to the size of one."""
    cells = [
        md(CARD),
        md("## You will be able to\n\n- rank (exercise q1)\n- compare (exercise q2)\n- decide (exercise q3)"),
        md("## Setup"),
        code("import matplotlib.pyplot as plt\nfrom crmlab import check, data"),
        md("## Meet the data\n\n" + FILLER),
        step(0),
        md("## Concentration\n\n" + FILLER),
        code("share = 0.421\nprint(f'{share:.1%}')", printed("42.1%\n")),
        md("A fifth of the customers bring **42.1%** of the margin. See [the recap](#Recap)."),
        code("plt.plot([1, 2])\nplt.show()", FIGURE),
        md("*Figure: margin rises steeply over the first fifth of the customers and then flattens.*"),
        code('check.quick("06-1", ...)', printed("06-1: not answered yet\n")),
        md("What if each customer bought more?"),
        code("def doubled(orders):\n    return orders * 2\n\n\ndoubled(3)", value("6")),
        md("Turn the knob and see."),
        code("interact(doubled, orders=(1, 9))", value("[run the cell to get the sliders]")),
    ]
    for number in range(1, 27):
        cells += [md(FILLER), step(number)]
    cells += [
        md("## Trap: counting the first order\n\n" + FILLER),
        code("42", value("42")),
        md("## Decision\n\n" + FILLER),
        md("## Against the truth\n\n" + FILLER),
        code("truth = data.truth('customers')\nlen(truth)", value("9000")),
        md("## What the books claim\n\n| books | our data |\n|---|---|\n| 20 % bring 80 %. | They do not. |"),
        md(RECAP),
    ]
    crmlab = {"instruments": {"06.01": "Concentration"}, "books": ["P&R 5", "S&Q 4", "ZGH 7"], "minutes": 75}
    return numbered(cells, crmlab)


def exercise(*questions: str) -> Raw:
    """A solution that hands in these questions."""
    cells = [md("# Exercise")] + [code(f'ex.answer("{q}", 1)', value("right")) for q in questions]
    return numbered(cells, {"minutes": 40})


def in_file(raw: Raw, path: Path) -> Notebook:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(raw), encoding="utf-8")
    return Notebook(path)


def found(raw: Raw, folder: Path, name: str = "notebooks/06_value.ipynb") -> set[str]:
    """The ids of the rules that object; the chapter's exercise has three questions."""
    in_file(exercise("q1", "q2", "q3"), folder / "exercises/solutions/06_value.ipynb")
    return {problem.rule for problem in check(in_file(raw, folder / name))}


# --- part 1: each rule has a fixture that breaks it ------------------------------------------------------

Mutation = Callable[[Raw], Any]


def add(*cells: Raw) -> Mutation:
    """Put cells in before the trap, and count anew."""

    def mutate(raw: Raw) -> None:
        at = next(i for i, cell in enumerate(raw["cells"]) if cell["source"].startswith("## Trap"))
        raw["cells"][at:at] = [copy.deepcopy(cell) for cell in cells]
        for count, cell in enumerate((c for c in raw["cells"] if c["cell_type"] == "code"), start=1):
            cell["execution_count"] = count

    return mutate


def swap(old: str, new: str) -> Mutation:
    """Replace text in every cell's source."""

    def mutate(raw: Raw) -> None:
        assert any(old in cell["source"] for cell in raw["cells"])
        for cell in raw["cells"]:
            cell["source"] = cell["source"].replace(old, new)

    return mutate


def meta(**values: Any) -> Mutation:
    return lambda raw: raw["metadata"]["crmlab"].update(values)


def tagged(tag: str) -> Mutation:
    return lambda raw: raw["cells"][5]["metadata"].update(tags=[tag])


def stale_order(raw: Raw) -> None:
    first, second = [cell for cell in raw["cells"] if cell["cell_type"] == "code"][1:3]
    first["execution_count"], second["execution_count"] = second["execution_count"], first["execution_count"]


ERROR: Raw = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
LONG = "x = (\n" + "    1 +\n" * 16 + "    1\n)"

BROKEN: list[tuple[str, Mutation]] = [
    ("executed", stale_order),
    ("executed", lambda raw: raw["cells"][5].update(execution_count=None)),
    ("output-missing", lambda raw: raw["cells"][5].update(outputs=[])),
    ("output-missing", add(code("x = [1]\nx[0]"))),
    ("output-missing", add(code("x = 'a b'\nx.split()"))),
    ("error-output", add(code("{}['x']", ERROR))),
    ("stderr", add(code("x = 1", printed("cell.py:1: UserWarning: old\n", "stderr")))),
    ("raw-repr", add(code("plt.plot([1])", value("[<matplotlib.lines.Line2D at ...>]")))),
    ("raw-repr", add(code("plt.title('x')", value("Text(0.5, 1.0, 'x')")))),
    ("raw-repr", add(code("x.mean()", value("np.float64(3.25)")))),
    ("raw-repr", add(code("fit.summary()", value("Dep. Variable: y")))),
    ("address", add(code("print(x)", printed("<object object at 0x...>\n")))),
    ("address", add(code("print(x)", printed("<object object at 0x7f8d3c0d1e90>\n")))),
    ("rounding", add(code("x", value("3.14159265")))),
    ("long-output", add(code("print(x)", printed("row\n" * 61)))),
    ("long-output", add(code("x", value("table", **{"text/html": "<tr><td>1</td></tr>" * 61})))),
    ("absolute-path", add(code("print(x)", printed("/home/li/crm/orders.csv\n")))),
    ("absolute-path", add(code("x = 'C:\\\\data\\\\orders.csv'"))),
    ("magic", add(code("%time x = 1"))),
    ("magic", add(code("!pip install x"))),
    ("magic", add(code("x = = 1"))),
    (
        "semicolon",
        add(code("plt.plot([1]);\nplt.show()", FIGURE), md("*Figure: a line that does not go anywhere.*")),
    ),
    ("semicolon", add(code("x = 1;  # quiet"))),
    ("tag", tagged("nbval-skip")),
    ("tag", tagged("nbval-ignore-output")),
    ("tag", tagged("hide-celll")),
    ("tag", add(code("# NBVAL_IGNORE_OUTPUT\nx = 1"))),
    ("figure-seed", add(code("g = sns.regplot(x=x, y=y)"))),
    ("figure-seed", add(code("g = sns.barplot(x=x, y=y, errorbar='ci')"))),
    ("random", add(code("rng = np.random.default_rng()"))),
    ("random", add(code("x = np.random.normal(size=3)"))),
    ("random", add(code("x = orders.sample(5)"))),
    ("clock", add(code("x = datetime.now()"))),
    ("clock", add(code("x = pd.Timestamp.today()"))),
    ("clock", add(code("x = time.perf_counter()"))),
    ("clock", add(code("x = object()"))),
    ("warning-filter", add(code("import warnings\nwarnings.filterwarnings('ignore')"))),
    ("network", add(code("x = load('https://example.org/orders.csv')"))),
    ("network", add(code("from urllib.request import urlopen"))),
    ("data-door", add(code("x = pd.read_csv('../datasets/orders.csv')"))),
    ("truth-door", add(code("x = data.truth('customers')"))),
    ("prose-number", swap("**42.1%**", "**42.2%**")),
    ("prose-number", swap("**42.1%**", "**2.1%**")),
    ("prose-number", swap("## Trap: counting the first order", "## Trap: counting **42.1%**")),
    ("prose-number", add(md("They number **1,234 customers**."))),
    ("prose-number", add(md("The table holds **42 orders by 1,234 customers in all**."))),
    (
        "figure-end",
        add(code("plt.plot([1])\nx = 2", FIGURE), md("*Figure: a line that does not go anywhere.*")),
    ),
    ("figure-end", lambda raw: raw["cells"][9].update(outputs=[value("something else")])),
    ("figure-text", swap("*Figure: margin", "Margin")),
    ("alt-text", add(md("![](../notebooks/06_value.ipynb)"))),
    ("alt-text", add(md('<img src="x.png" alt="">'))),
    ("headings", add(md("# A second title"))),
    ("headings", add(md("#### Too deep"))),
    ("link", swap("(#Recap)", "(#Summary)")),
    ("link", swap("(#Recap)", "(../exercises/99_missing.ipynb)")),
    ("placeholder", add(md("TODO: write this"))),
    ("reference", add(md("Loyal customers are cheaper to serve (Reichheld & Sasser, 1990)."))),
    ("reference", add(md("As Hardie et al. (2005) show, they come back."))),
    ("card", swap("帕累托", "")),
    ("card", swap("Customer value I:", "Customer value:")),
    ("card", swap("**Tables**", "Tables")),
    ("card-books", swap("S&Q 4", "S&Q 4, 7")),
    ("sections", swap("## Trap", "## Pitfall")),
    ("sections", swap("## Decision", "## Recap of the decision")),
    ("sections", lambda raw: raw["cells"].insert(-2, raw["cells"].pop(-5))),  # the truth before the decision
    ("objectives", swap("- rank (exercise q1)\n", "")),
    ("objectives", swap("(exercise q1)", "")),
    ("objectives", swap("(exercise q1)", "(exercise, open question)")),
    ("objectives", swap("(exercise q1)", "(exercise q7)")),
    ("objectives", swap("(exercise q1)", "(exercise 07, q1)")),
    ("questions", swap("(exercise q3)", "(exercise q2)")),
    ("instruments", meta(instruments=["06.01"])),
    ("instruments", meta(instruments={"06.01": "The Pareto rule"})),
    ("instruments", meta(instruments={"06.01": "Decision"})),  # no code
    ("instruments", meta(instruments={"06.01": "Trap: counting the first order"})),  # no figure
    ("instruments", lambda raw: raw["cells"][9].update(outputs=[value("<Figure size 640x480>")])),
    ("quick-check", swap('check.quick("06-1", ...)', "print('06-1')")),
    ("quick-check", swap("06-1", "06-2")),
    ("quick-check", lambda raw: (meta(instruments=[])(raw), add(*[md(f"## Number {i}") for i in range(4)])(raw))),
    (
        "quick-check",
        lambda raw: (
            meta(instruments={f"06.0{i}": f"Number {i}" for i in range(1, 5)})(raw),
            add(*[md(f"### Number {i}\n\n{FILLER}") for i in range(1, 5)])(raw),
        ),
    ),
    ("slider", swap("interact(doubled", "print(doubled")),
    ("slider", swap("doubled(3)", "print(6)")),
    ("slider", swap("interact(doubled", "interact(lambda orders: orders")),
    ("slider", add(code("interact(doubled, orders=(1, 5))", value("[run the cell to get the sliders]")))),
    ("walrus", add(code("if (n := 3) > 2:\n    print(n)", printed("3\n")))),
    ("lambda-default", add(code("double = lambda x, by=2: x * by"))),
    ("lambda-default", add(code("double = lambda x, *, by=2: x * by"))),
    ("nested-comprehension", add(code("pairs = [(x, y) for x in 'ab' for y in 'cd']"))),
    ("nested-comprehension", add(code("table = {x: [y for y in range(x)] for x in range(3)}"))),
    ("nested-comprehension", add(code("total = sum(max(y for y in x) for x in rows)"))),
    ("reused-name", add(code("share = 0.5"))),
    ("reused-name", add(code("share += 0.1"))),
    ("reused-name", add(code("(share, other), *more = rows"))),
    ("reused-name", add(code("def share(x):\n    return x"))),
    ("reused-name", add(code("if rows:\n    share = 2"))),
    ("code-in-a-row", add(step(101), step(102), step(103))),
    ("code-in-a-row", add(step(101), step(102), md("### By hand"), step(103))),
    ("number-source", add(md("About 38.5 % of them stay."))),
    ("number-source", add(md("About 38.5 per cent of them stay."))),
    ("number-source", add(md("They spend 12,500 yuan."))),
    ("number-source", add(md("They spend ¥12 500."))),
    ("number-source", add(md("They spend ¥12500."))),
    ("number-source", add(md("The chance is .37."))),
    ("number-source", add(md("It is −0.37 on average, not $r$."))),
    ("number-source", add(md("Between 42.1 and 85 % of them stay."))),
    ("number-source", add(md("They rise from 25–42.1 %."))),
    ("number-source", add(md("It is 38.5 below the cell."), code("print(x)", printed("38.5\n")))),
    ("number-source", add(md("The margin is 35 %."), code("plt.title('35 %')"))),
    ("number-source", add(code("rate = .35"), md("## Next\n\nThe rate is .35."))),
    ("number-source", add(code("print(x)", printed("0.384\n")), md("About 38 % of them stay."))),
    ("number-source", swap("*Figure: margin", "*Figure: 43 % of the margin")),
    ("number-source", swap("They do not.", "Here 20 % bring 41 %.")),
    ("number-source", swap("You can rank customers", "You can rank 38.5 % of them. Or more")),
    ("constants", meta(constants={"64,000": "accounts of the textbook"})),
    ("constants", meta(constants={"forty-two": "accounts of the textbook"})),
    ("constants", lambda raw: (add(md("It has 64,000 accounts."))(raw), meta(constants={"64,000": ""})(raw))),
    ("key-terms", swap("Cohort 同期群", "Cohort 世代")),
    ("key-terms", swap("Cohort 同期群", "Cohorte 同期群")),
    ("key-terms", swap("**Key terms**", "Words")),
    ("budget-cells", add(*[md("x")] * 60)),
    ("budget-words", add(md("word " * 4000))),
    ("budget-lines", add(*[code("a = 1\nb = 2\nc = 3\nd = 4")] * 40)),
    ("budget-median", add(*[code("\n".join(f"x{i} = 1" for i in range(9)))] * 35)),
    ("budget-longest", add(code(LONG))),
    ("budget-columns", add(code("x = '" + "a" * 80 + "'"))),
    ("budget-kilobytes", add(code("x", value("1", **{"image/png": "A" * 500_000})))),
    ("budget-longest", add(code("y = (\n" + "    1 +\n" * 10 + "    1\n)"))),
    ("metadata", meta(exceeds={"longest": "a reason is no longer enough"})),
    ("metadata", lambda raw: raw["metadata"].pop("crmlab")),
    ("metadata", meta(minutes="110")),
    ("metadata", meta(books=["S&Q 13"])),
    ("metadata", meta(instruments={"06.99": "Concentration"})),
    ("metadata", meta(instrument={"06.01": "Concentration"})),
]


def test_the_good_chapter_passes(tmp_path: Path) -> None:
    in_file(exercise("q1", "q2", "q3"), tmp_path / "exercises/solutions/06_value.ipynb")
    problems = check(in_file(good_chapter(), tmp_path / "notebooks/06_value.ipynb"))
    assert not problems, "\n".join(map(str, problems))


@pytest.mark.parametrize(("rule", "mutate"), BROKEN, ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BROKEN)])
def test_each_broken_fixture_is_caught(rule: str, mutate: Mutation, tmp_path: Path) -> None:
    raw = good_chapter()
    mutate(raw)
    assert rule in found(raw, tmp_path)


def test_every_rule_has_a_broken_fixture_and_says_what_it_means_and_cures() -> None:
    assert {name for name, _ in BROKEN} == set(rules.RULES)
    assert all(rule.meaning and rule.cure for rule in rules.RULES.values())


GOOD: dict[str, Mutation] = {
    "a number with its unit outside the bold": swap("**42.1%**", "**42.1**%"),
    "a bold term that begins with a digit": add(md("The **80/20 rule**, the **7R**, **360° view**, **1.** first.")),
    "a number of a table": add(
        code("x", value("x", **{"text/html": "<td>1,234</td><td>-3.2</td>"})),
        md("**1,234** and **−3.2**, **-3.2**."),
    ),
    "a figure that is called for its seed": add(code("g = sns.regplot(x=x, y=y, seed=0)")),
    "a sample with a seed": add(code("x = orders.sample(5, random_state=0)")),
    "silence where silence is meant": add(code("x = []\nx.append(1)\nassert x")),
    "html end tags and ratios are not paths": add(code("x", value("x", **{"text/html": "<b>a/home</b></td>"}))),
    "months and quarters are not authors": add(md("It rose in spring (June, 2023) and in Q4 (2023).")),
    "a styled table's address is not seen": add(
        code("x.style", value("<Styler at 0x...>", **{"text/html": "<b>1</b>"}))
    ),
    "a web address in the text": add(md("[the paper](https://example.org/paper)")),
    "a number shown above, in any section, in another form": add(
        md("It was 42.1 %, as a share .421 or 0.4210."), code("print(x)", printed("¥12,500\n")), md("¥12 500.")
    ),
    "a figure's description, rounded": swap("*Figure: margin", "*Figure: 42 % of the margin"),
    "names and dates that look like numbers": add(
        md("06.10, chapter 5.1, Python 3.11, 2023-11, 2022–2024, 80/20, 12 of 100 %, Figure 3.2, in 2024.")
    ),
    "mathematics and code": add(md("With $r = .37$ and `0.38`, $$S = 1 - .39$$ and nothing else.")),
    "a text that ends in a block of code": add(md("It says 1.\n\n```text\nKeyError: 38.5 %\n```")),
    "the level of an interval": add(md("The 95 % interval holds nothing. Nor does the bootstrap at 90 %.")),
    "a sentence with its source": add(md("Of them 95.5 % paid (Pareto, 1897). Pareto (1897) has 38.5 %.")),
    "a number of the code it introduces": add(
        md("*By hand*: 64 000 accounts, 5 % lost, margin 10 %."),
        code(
            "accounts = 64_000\nlost = .05",
        ),
        code("accounts * lost * .1", value("320.0")),
        md("That is 5 % of 64 000."),
    ),
    "a declared constant": lambda raw: (
        add(md("The textbook has 64,000 accounts, 5.5 % lost."))(raw),
        meta(constants={"64,000": "accounts, the textbook's example", "5.5 %": "lost, the same"})(raw),
    ),
    "the pages of a reference": swap("Cours d'économie politique.", "Cours 64(2), 1065–1068, 3.5."),
    "a third code cell after a sentence": add(
        md("It is the same again."), step(101), step(102), md("It is the same again."), step(103)
    ),
    "names that may be used again": add(
        code("fig, ax = pair\nfor i in rows:\n    last = i"),
        md("And another one here."),
        code("fig, ax = pair\nfor i in rows:\n    last = i"),
    ),
    "a comprehension beside a comprehension": add(code("x = [a for a in b] + [c for c in d]")),
    "an objective with two questions": swap("(exercise q2)", "(exercise 06, q2, q3)"),
    "an instrument under a heading of level 3": lambda raw: (
        add(
            md("### The Pareto *rule*\n\n" + FILLER),
            code("plt.plot([3])\nplt.show()", FIGURE),
            md("*Figure: a line that does not go anywhere at all.*"),
        )(raw),
        meta(instruments={"06.01": "The Pareto rule"})(raw),
        # one level up, its section ends
        add(md("## Next\n\nNothing."))(raw),
    ),
    "a decorated slider": swap(
        "interact(doubled, orders=(1, 9))", "@interact(n=(1, 9))\ndef tripled(n=2):\n    return n * 3\n\n\ntripled(2)"
    ),
    "a progress bar": add(code("x = fit()", printed("[progress bar]\n", "stderr"))),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_allowed_passes(name: str, tmp_path: Path) -> None:
    raw = good_chapter()
    GOOD[name](raw)
    in_file(exercise("q1", "q2", "q3"), tmp_path / "exercises/solutions/06_value.ipynb")
    problems = check(in_file(raw, tmp_path / "notebooks/06_value.ipynb"))
    assert not problems, "\n".join(map(str, problems))


def test_each_kind_has_its_own_rules(tmp_path: Path) -> None:
    start = numbered(
        [
            md(
                "# Start here: the company, the tables, the rules of the game\n\n"
                "从这里开始:公司、数据与规则\n\n**The question** What is here? **Time** 20 minutes"
            ),
            md("## You will be able to\n\n- a\n- b\n- c"),
            md("## Setup\n\n" + "We begin with the shop and its customers. " * 90),
            *[cell for number in range(12) for cell in (step(number), md("We go on from here."))],
            md("## The company"),
            md("## Recap\n\n**Key terms**\n\n- **Customer** 客户\n- **RFM** RFM（近度、频度、额度） — scores"),
        ],
        {"minutes": 20},
    )
    assert found(start, tmp_path, "notebooks/00_start_here.ipynb") == set()
    assert {"sections", "card", "objectives"} <= found(start, tmp_path, "notebooks/07_x.ipynb")
    solution = numbered(
        [md("# Exercise\n\n" + "word " * 120), *[code(f"x{i} = 1\nx{i}", value("1")) for i in (1, 2)]], {"minutes": 40}
    )
    assert found(solution, tmp_path, "exercises/solutions/06_value.ipynb") == set()
    solution["cells"][2]["outputs"] = []
    assert found(solution, tmp_path, "exercises/solutions/06_value.ipynb") == {"output-missing"}


def test_a_broken_file_is_named_and_does_not_stop_the_check(tmp_path: Path) -> None:
    path = tmp_path / "06_x.ipynb"
    path.write_text('{"cells": [', encoding="utf-8")
    [problem] = check_file(path)
    assert problem.rule == "format" and "06_x.ipynb" in str(problem)


# --- part 2: what nbval sees -----------------------------------------------------------------------------


SMALL = [
    md("# Small\n\n## Setup"),
    code("import matplotlib.pyplot as plt\n\nsales = [30, 12, 25]"),
    code("print(f'{sum(sales) / 160:.1%} of the plan')"),
    md("The shop sold **41.9% of the plan**."),
    code("max(sales)"),
    code("sorted(sales)"),
    code("print(len(sales), 'shops')"),
    code("plt.bar(['a', 'b', 'c'], sales)\nplt.show()"),
    md("*Figure: three bars, of which the first is the highest.*"),
]
PRINT, PROSE, MAX, SORTED, SHOPS, BARS = 2, 3, 4, 5, 6, 7


def other_number(cells: list[Raw]) -> None:
    output = cells[PRINT]["outputs"][0]
    output["text"] = "".join(output["text"]).replace("41.9", "43.9")


def swapped_counts(cells: list[Raw]) -> None:
    cells[PRINT]["execution_count"], cells[MAX]["execution_count"] = 3, 2


# name → (the mutation, the cell nbval must fail, the static rule that must object)
MUTANTS: dict[str, tuple[Callable[[list[Raw]], Any], int | None, str | None]] = {
    "a stored number": (other_number, PRINT, "prose-number"),
    "an exception": (lambda c: c[MAX].update(source="sales['x']"), MAX, None),
    "code without its new output": (lambda c: c[SORTED].update(source="sorted(sales)[:2]"), SORTED, None),
    "a missing output": (lambda c: c[SHOPS].update(outputs=[]), SHOPS, "output-missing"),
    "a removed figure": (lambda c: c[BARS].update(outputs=[]), BARS, "output-missing"),
    "stale order": (swapped_counts, None, "executed"),
    "a skip tag": (lambda c: c[PRINT]["metadata"].update(tags=["nbval-skip"]), None, "tag"),
    "a trailing semicolon": (lambda c: c[MAX].update(source="max(sales);"), None, "semicolon"),
    "a changed prose number": (
        lambda c: c[PROSE].update(source="It sold **49.1% of the plan**."),
        None,
        "prose-number",
    ),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small notebook, executed by `build`."""
    path = tmp_path_factory.mktemp("net") / "notebooks/00_base.ipynb"
    in_file(numbered(SMALL, {"minutes": 1}), path)
    assert build.main([str(path)]) == 0
    return path


def test_nbval_fails_exactly_the_mutated_cells(base: Path) -> None:
    """With the project's own options; all mutations in one copy, because each kernel costs seconds."""
    raw = json.loads(base.read_text(encoding="utf-8"))
    for mutate, cell, _ in MUTANTS.values():
        if cell is not None:
            mutate(raw["cells"])
    mutated = in_file(raw, base.with_name("00_mutated.ipynb"))
    report = base.parent / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n0", f"--junitxml={report}"]
    command += ["-c", "pyproject.toml", "-p", "no:cacheprovider", str(base.parent)]
    subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    cases = list(ET.parse(report).iter("testcase"))
    assert len(cases) == 2 * len(mutated.code)
    failed = {f"{case.get('classname')} {case.get('name')}" for case in cases if case.find("failure") is not None}
    places = [index for index, cell in enumerate(raw["cells"]) if cell["cell_type"] == "code"]
    wanted = {cell for _, cell, _ in MUTANTS.values() if cell is not None}
    assert failed == {f"00_mutated.ipynb Cell {places.index(cell)}" for cell in wanted}


@pytest.mark.parametrize("name", [name for name, (_, _, rule) in MUTANTS.items() if rule])
def test_the_static_rules_object_to_each_mutation(name: str, base: Path) -> None:
    mutate, _, rule = MUTANTS[name]
    raw = json.loads(base.read_text(encoding="utf-8"))
    mutate(raw["cells"])
    before = {problem.rule for problem in check_file(base)}
    after = {problem.rule for problem in check(Notebook(base, raw))}
    assert after - before == {rule} | ({"figure-end"} if name == "a removed figure" else set())


def test_every_mutation_is_somebodys_to_catch() -> None:
    assert all(cell is not None or rule for _, cell, rule in MUTANTS.values())


def test_a_missing_program_skips_a_test_and_fails_it_in_ci(
    need_program: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path(need_program("no-such-program", "git")).name.startswith("git")
    monkeypatch.delenv("CRMLAB_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program"):
        need_program("no-such-program")
    monkeypatch.setenv("CRMLAB_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        need_program("no-such-program")


# --- part 3: the build -----------------------------------------------------------------------------------


def plain(*sources: str) -> Raw:
    return numbered([code(source) for source in sources], {"minutes": 1})


def test_normal_forms_are_left_alone_by_nbvals_patterns() -> None:
    """Else a stored output, normalised once, would differ from a fresh one, normalised by nbval only."""
    for unstable in UNSTABLE:
        once = settle(unstable.sample)
        assert once != unstable.sample, unstable.name
        assert settle(once) == once, unstable.name
        assert settle(settle_stored(unstable.sample, 16)) == once, unstable.name


def test_sanitize_cfg_is_the_same_table() -> None:
    """Read as nbval reads it, and in ASCII, which it needs on a machine with another encoding."""
    cfg = (ROOT / "tests/sanitize.cfg").read_text(encoding="ascii")
    assert cfg == sanitize_cfg()
    pairs = re.findall("^regex: (.*)$\n^replace: (.*)$", cfg, flags=re.MULTILINE)
    assert pairs == [(unstable.regex, unstable.replace) for unstable in UNSTABLE]


def test_two_styled_tables_keep_two_ids() -> None:
    text = settle_stored('<i id="T_aaaaa_row0"/><i id="T_bbbbb"/><i id="T_aaaaa"/>', 32)
    assert text == '<i id="T_00020_row0"/><i id="T_00021"/><i id="T_00020"/>'
    assert settle_stored(text, 32) == text


def test_build_is_stable_and_removes_what_is_not(tmp_path: Path) -> None:
    path = tmp_path / "01_x.ipynb"
    sources = (
        "import sys\nprint('a')\nprint('w', file=sys.stderr)\nprint('b')",
        "import warnings\nwarnings.warn('old')\nobject()",
        "import os\nprint(os.getcwd() == sys.path[0] or os.path.basename(os.getcwd()), sys.executable)",
        "from ipywidgets import interact\n@interact(x=(0, 5))\ndef show(x=2):\n    print(x)",
    )
    raw = plain(*sources)
    raw["metadata"] |= {"kernelspec": {"name": "gone", "display_name": "Gone"}, "widgets": {}}
    raw["cells"][0]["metadata"] = {"collapsed": True, "execution": {"iopub.status.busy": "2026"}}
    raw["cells"][1]["id"] = raw["cells"][0]["id"]
    path.write_text(json.dumps(raw), encoding="utf-8")
    assert build.main([str(path)]) == 0
    first = path.read_bytes()
    assert first.endswith(b"}\n") and first.startswith(b'{\n "cells"')
    assert build.main(["--check", str(path)]) == 0
    assert build.main([str(path)]) == 0
    assert path.read_bytes() == first

    nb = Notebook(path)
    assert set(nb.raw["metadata"]) == {"crmlab", "kernelspec", "language_info"}
    assert all(not cell["metadata"] for cell in nb.raw["cells"])
    assert len({cell["id"] for cell in nb.raw["cells"]}) == 4
    assert [output.plain for output in nb.cells[0].outputs] == ["a\nb\n", "w\n"]
    assert "cell.py:2: UserWarning: old" in nb.cells[1].outputs[0].plain
    assert nb.cells[1].outputs[1].plain == "<object at 0x...>"
    assert nb.cells[2].outputs[0].plain == f"{tmp_path.name} {sys.executable}\n"
    assert {output.plain for output in nb.cells[3].outputs} == {"[run the cell to get the sliders]", "2\n"}


def test_a_failing_notebook_is_reported_left_alone_and_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "01_bad": json.dumps(plain("x = {}", "y = 1\nx['price']", "print(1)")),
        "02_good": json.dumps(plain("print(1)")),
        "03_not": "{",
        "04_dead": json.dumps(plain("import os, signal\nos.kill(os.getpid(), 9)")),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.ipynb").write_text(content, encoding="utf-8")
    assert build.main([str(tmp_path)]) == 1
    report = capsys.readouterr().out
    assert "cell 2, line 2:  x['price']\n  KeyError: 'price'" in report
    assert "not JSON" in report and "kernel died" in report and "3 not right" in report
    for name in ("01_bad", "03_not", "04_dead"):
        assert (tmp_path / f"{name}.ipynb").read_text(encoding="utf-8") == files[name]
    assert Notebook(tmp_path / "02_good.ipynb").cells[0].outputs[0].plain == "1\n"


def test_check_writes_nothing_and_shows_the_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "01_x.ipynb"
    path.write_text(json.dumps(plain("print(40 + 2)")), encoding="utf-8")
    assert build.main([str(path)]) == 0
    old = path.read_text(encoding="utf-8").replace("42", "43")
    path.write_text(old, encoding="utf-8")
    assert build.main(["--check", str(path)]) == 1
    assert path.read_text(encoding="utf-8") == old
    report = capsys.readouterr().out
    assert "DIFFERS" in report and "43" in report and "42" in report


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent differently on Windows")
def test_an_interrupted_build_keeps_the_old_files_and_leaves_no_kernel(tmp_path: Path) -> None:
    pipe = tmp_path / "running"
    os.mkfifo(pipe)
    source = f"import os, signal\nwith open({str(pipe)!r}, 'w') as p:\n    p.write(str(os.getpid()))\n"
    source += "signal.pause()"
    path = tmp_path / "01_x.ipynb"
    path.write_text(json.dumps(plain(source)), encoding="utf-8")
    old = path.read_bytes()
    default = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program = f"{default}sys.path.insert(0, {str(ROOT)!r})\nfrom tools.build import main\nsys.exit(main())"
    command = [sys.executable, "-c", program, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    kernel = int(pipe.read_text())  # waits until the cell runs
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "Interrupted" in out
    assert path.read_bytes() == old
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".ipynb") and name != path.name]
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


# --- part 4: a chapter in two halves ---------------------------------------------------------------------


def half(letter: str, questions: tuple[str, ...], **changes: str) -> Raw:
    """Half of chapter 06, with a title of its own; its objectives name these questions in turn."""
    raw = good_chapter()
    named = "\n".join(f"- do it (exercise {questions[i % len(questions)]})" for i in range(3))
    raw["cells"][1]["source"] = f"## You will be able to\n\n{named}"
    changes = {"# Customer value I: ABC, Pareto, RFM, CLV compared": f"# Value, part {letter}", **changes}
    changes = {"客户价值（一）：ABC、帕累托、RFM、CLV 的比较": f"价值 {letter}", "06-1": f"06{letter}-1", **changes}
    for old, new in changes.items():
        swap(old, new)(raw)
    return raw


def both_halves(folder: Path, first: Raw, second: Raw) -> list[set[str]]:
    in_file(exercise("q1", "q2", "q3"), folder / "exercises/solutions/06_value.ipynb")
    halves = [in_file(first, folder / "notebooks/06a_abc.ipynb"), in_file(second, folder / "notebooks/06b_rfm.ipynb")]
    return [{problem.rule for problem in check(nb)} for nb in halves]


def test_two_halves_share_an_exercise_and_a_slider(tmp_path: Path) -> None:
    plain_call = {"interact(doubled, orders=(1, 9))": "doubled(4)"}
    first, second = half("a", ("q1",)), half("b", ("q2", "q3"), **plain_call)
    assert both_halves(tmp_path, first, second) == [set(), set()]
    no_slider = half("a", ("q1",), **plain_call)
    assert both_halves(tmp_path, no_slider, second) == [{"slider"}, set()]
    assert both_halves(tmp_path, first, half("b", ("q2",), **plain_call)) == [{"questions"}, set()]
    untitled = half("b", ("q2", "q3"), **plain_call, **{"价值 b": "part two"})
    assert both_halves(tmp_path, first, untitled) == [set(), {"card"}]
    assert "quick-check" in both_halves(tmp_path, first, half("b", ("q2", "q3"), **{"06b-1": "06-1"}))[1]


def test_a_number_with_a_letter_has_its_kind_and_its_place_in_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {"00_start": "start", "00b_primer": "primer", "06_x": "chapter", "06a_x": "chapter"}
    assert {name: kind_of(Path(f"notebooks/{name}.ipynb")) for name in kinds} == kinds
    assert kind_of(Path("notebooks/cases/C5_x.ipynb")) == "case"
    folder = ROOT / "notebooks"
    halves = {f"06{letter}": Notebook(folder / f"06{letter}_x.ipynb", half(letter, ("q1",))) for letter in "ab"}
    halves["06b"].raw["metadata"]["crmlab"]["books"] = ["P&R 5"]
    start = numbered([md("# Start here\n\n从这里开始")], {"minutes": 20, "books": []})
    primer = numbered([md("# pandas in an hour\n\n一小时 pandas")], {"minutes": 60, "books": []})
    halves |= {"00": Notebook(folder / "00_start.ipynb", start), "00b": Notebook(folder / "00b_p.ipynb", primer)}
    monkeypatch.setattr(tables, "existing", lambda: halves)
    readme = [line for line in tables.chapter_table().splitlines() if re.match(r"\| (?:00|06)", line)]
    assert [line.split(" | ")[0] for line in readme] == ["| 00", "| 00b", "| 06a", "| 06b"]
    assert "[Value, part b](notebooks/06b_x.ipynb) | 价值 b |" in readme[3]
    assert tables.link("06") == "[06a](notebooks/06a_x.ipynb) [06b](notebooks/06b_x.ipynb)"
    assert tables.link("07") == "07"
    row = next(row for row in rules.table("chapters") if (row["book"], row["chapter"]) == ("P&R", "5"))
    assert tables.places_of(row, "P&R 5").startswith("**[06a](notebooks/06a_x.ipynb)**, **[06b]")
    row = next(row for row in rules.table("chapters") if (row["book"], row["chapter"]) == ("S&Q", "4"))
    assert "06b" not in tables.places_of(row, "S&Q 4")
    assert "[06a](notebooks/06a_x.ipynb) [06b](notebooks/06b_x.ipynb)" in tables.glossary()
    assert "[06a]" in tables.concordance()


# --- part 5: the list of what waits ----------------------------------------------------------------------


def test_the_list_lets_pass_what_waits_and_nothing_more() -> None:
    path, on_list = ROOT / "notebooks/06_value.ipynb", {"notebooks/06_value.ipynb": {"walrus": 2, "again": 1}}
    assert waiting.compare(path, ["walrus"] * 2, on_list, ["walrus"]) == (set(), [])
    assert waiting.compare(path, ["walrus"] * 3, on_list, ["walrus"]) == ({"walrus"}, [])
    assert waiting.compare(path, ["walrus", "walrus", "link"], on_list, ["walrus"])[0] == {"link"}
    assert waiting.compare(path.with_name("06a_new.ipynb"), ["walrus"], on_list, ["walrus"])[0] == {"walrus"}
    more, [fewer] = waiting.compare(path, ["walrus"], on_list, ["walrus"])
    assert not more and "1 of 2 are left" in fewer and "--waiting" in fewer
    assert waiting.compare(path, ["walrus"] * 2, on_list, [again.AGAIN])[1] != []


def test_the_list_is_only_ever_lowered(tmp_path: Path) -> None:
    path, on_list = ROOT / "notebooks/06_value.ipynb", {"notebooks/06_value.ipynb": {"walrus": 2, "again": 1}}
    lower = waiting.lowered(on_list, path, ["walrus", "link"], ["walrus", "link"])
    assert lower == {"notebooks/06_value.ipynb": {"walrus": 1, "again": 1}}
    assert waiting.lowered(on_list, path, ["walrus"] * 9, ["walrus"]) == on_list
    gone = waiting.lowered(lower, path, [], ["walrus", "again"])
    waiting.write(gone, tmp_path / "list.json")
    assert waiting.read(tmp_path / "list.json") == {}
    assert waiting.grown(lower, on_list) == [] and len(waiting.grown(on_list, lower)) == 1
    assert len(waiting.grown({"notebooks/07_new.ipynb": {"walrus": 1}}, on_list)) == 1
    unknown = {"notebooks/99_gone.ipynb": {"walrus": 1}, "notebooks/00_start_here.ipynb": {"old": 1, "slider": 1}}
    assert len(waiting.strangers(unknown)) == 3


# --- part 6: every cell can be run again -----------------------------------------------------------------


def run_again(path: Path, *sources: str) -> list[tuple[int, str]]:
    path.write_text(json.dumps(plain(*sources)), encoding="utf-8")
    before = path.read_bytes()
    found = asyncio.run(again.failures(path))
    assert path.read_bytes() == before
    return [(failure.cell, failure.when.split(",")[0]) for failure in found]


def test_cells_that_cannot_be_run_again_are_found(tmp_path: Path) -> None:
    assert run_again(
        tmp_path / "06_x.ipynb",
        "table = {'a': 1, 'b': 2}",
        "dropped = table.pop('a')",  # fails when run a second time
        "hand = [1, 2]\nhand.append(3)",
        "assert len(hand) == 3 and sum(hand) == 6",
        "hand = 'another thing'",  # the cell above fails on the way back
        "print(hand)",
    ) == [(2, "the second time in a row"), (4, "after Run All")]


def test_a_slider_and_a_figure_can_be_run_again(tmp_path: Path) -> None:
    slider = "from ipywidgets import interact\n\ndef show(x=2):\n    print(x)\n\nshow(3)"
    sources = (slider, "interact(show, x=(0, 5));", "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()")
    assert run_again(tmp_path / "06_x.ipynb", *sources) == []


def test_a_kernel_that_dies_is_named(tmp_path: Path) -> None:
    assert run_again(tmp_path / "06_x.ipynb", "x = 1", "import os\nos._exit(1)")[-1][0] == 2


# --- part 7: pictures equal to the eye -------------------------------------------------------------------


def drawn(title: str = "Margin rises", top: float = 8, point: float = 4, at: float = 1.5, fill: str = "C0") -> str:
    """A figure as it is stored: bars, a line, a point, a title, in a window of the house's size."""
    fig, ax = plt.subplots(figsize=(6.5, 3.5), layout="constrained")
    ax.bar([0, 1, 2], [3, 5, top], color=fill)
    ax.plot([0, 1, 2], [1, 2, 2.5], color="C1")
    ax.plot([at], [point], "k.", markersize=7)
    ax.set(ylim=(0, 9), title=title)
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=90)
    plt.close(fig)
    return base64.b64encode(file.getvalue()).decode()


def nudged(picture: str, seed: int = 0, share: float = 0.001, by: int = 22) -> str:
    """The same picture as another processor draws it: some edge pixels in another shade, other metadata."""
    image = pixels(picture)[..., :3].copy()
    edges = np.argwhere(np.abs(np.diff(image.sum(axis=2), axis=1)) > 100)
    some = np.random.default_rng(seed).choice(edges, int(share * image[..., 0].size))
    image[some[:, 0], some[:, 1]] = np.clip(image[some[:, 0], some[:, 1]] + by, 0, 255)
    file = io.BytesIO()
    note = PngInfo()
    note.add_text("Software", "another version")
    Image.fromarray(image.astype(np.uint8)).save(file, "PNG", pnginfo=note)
    return base64.b64encode(file.getvalue()).decode()


def test_a_nudged_picture_is_equal_to_the_eye() -> None:
    base = drawn()
    for other in (
        nudged(base),
        nudged(base, 1, by=-22),
        nudged(base, 2, share=0.004, by=1),
        drawn(at=1.504, point=4.004),
    ):
        assert other != base and look_equal(base, other) and look_equal(other, base)


@pytest.mark.parametrize(
    "other",
    [
        {"title": "Margin risos"},
        {"title": "Margin rises."},
        {"title": "Margin rlses"},
        {"top": 8.16},  # two per cent
        {"top": 7.92},
        {"point": 4.1},
        {"fill": "C2"},
        {"fill": "#4f76ae"},
    ],
    ids=str,
)
def test_a_changed_picture_is_not(other: dict[str, Any]) -> None:
    base = drawn()
    assert not look_equal(base, drawn(**other)) and not look_equal(drawn(**other), base)


def test_every_letter_of_a_title_counts() -> None:
    letters = [drawn(title=f"Margin {letter}") for letter in "iljt1f7ceoa0368sz2.,"]
    same = [(i, j) for i, one in enumerate(letters) for j, other in enumerate(letters[:i]) if look_equal(one, other)]
    assert same == []


def test_a_picture_of_another_size_or_none_is_not_equal() -> None:
    assert not look_equal(PNG, drawn())
    with pytest.raises(ValueError, match="is not a picture"):
        look_equal("QUJD", PNG)


def test_build_keeps_a_stored_figure_that_looks_the_same(tmp_path: Path) -> None:
    path = tmp_path / "01_x.ipynb"
    draw = "import matplotlib.pyplot as plt\nplt.bar([0, 1], [1, {top}])\nplt.title('Two bars')\nplt.show()"
    path.write_text(json.dumps(plain(draw.format(top=2))), encoding="utf-8")
    assert build.main([str(path)]) == 0

    def stored() -> Raw:
        raw: Raw = json.loads(path.read_text(encoding="utf-8"))
        return raw

    raw = stored()
    figure = nudged(raw["cells"][0]["outputs"][0]["data"]["image/png"].rstrip("\n"))
    raw["cells"][0]["outputs"][0]["data"]["image/png"] = figure
    path.write_text(build.as_file(build.read(json.dumps(raw))), encoding="utf-8")
    assert build.main(["--check", str(path)]) == 0
    raw["cells"][0]["source"] = draw.format(top=2.04)
    path.write_text(json.dumps(raw), encoding="utf-8")
    assert build.main([str(path)]) == 0
    assert stored()["cells"][0]["outputs"][0]["data"]["image/png"] != figure
    raw = stored()
    raw["cells"][0]["outputs"][0]["data"]["image/png"] = "QUJD"  # damaged: replaced
    path.write_text(json.dumps(raw), encoding="utf-8")
    assert build.main([str(path)]) == 0
    assert stored()["cells"][0]["outputs"][0]["data"]["image/png"] != "QUJD"


# --- part 8: for people ----------------------------------------------------------------------------------


def test_a_notebook_reads_as_text_for_git(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "06_x.ipynb"
    shown = value("1", **{"text/html": "<b>1</b>"})
    in_file(numbered([md("# 客户"), code("x", shown, FIGURE, printed("a\nb\n"), ERROR)], {}), path)
    assert notebook_text.main([str(path)]) == 0
    text = capsys.readouterr().out
    assert "--- markdown\n# 客户\n" in text and "--- code\nx\n--- → execute_result\n1\n" in text
    assert re.search(r"\[image/png, \d+ bytes, [0-9a-f]{12}\]", text) and "a\nb\n" in text and "KeyError" in text
    assert PNG[:20] not in text and "<b>" not in text
    path.write_text("<<<<<<< half merged", encoding="utf-8")
    assert notebook_text.main([str(path)]) == 0
    assert capsys.readouterr().out == "<<<<<<< half merged\n"


def test_the_rules_can_be_read_and_contributing_names_only_rules_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_notebooks.main(["--rules"]) == 0
    listed = capsys.readouterr().out
    for rule in rules.RULES.values():
        assert re.search(rf"^{rule.id} +{re.escape(rule.meaning)}  \[{', '.join(rule.kinds)}\]$", listed, re.MULTILINE)
    assert re.search(rf"^{again.AGAIN} ", listed, re.MULTILINE)
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\(rules?:? ([^)]*)\)", guide))
    ids = {name for several in named for name in re.findall(r"`([a-z-]+)`", several)}
    assert ids and ids <= {*rules.RULES, again.AGAIN}
    asked = {"number-source", "constants", "objectives", "questions", "instruments", "quick-check", "slider"}
    assert asked <= ids


def test_without_a_browser_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screenshot, "browser_path", lambda: None)
    with pytest.raises(SystemExit, match=r"(?s)Debian and Ubuntu: .*macOS: .*Windows: "):
        screenshot.main(["notebooks/00_start_here.ipynb", "page.png"])
