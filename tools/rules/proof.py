"""Rules that hold a chapter to its word: objectives are examined, instruments work, the reader is asked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.notebook import Cell, Notebook, chapter_of, dotted
from tools.rules.base import PROSE, Finding, rule, table

# --- objectives ------------------------------------------------------------------------------------------

PROVED = re.compile(r"\(exercise(?: (C?\d+[a-z]?))?,? (q\d+(?:,? (?:and )?q\d+)*)\)")


def bullets(nb: Notebook) -> list[str]:
    """The items of the list of objectives."""
    text = "\n".join(cell.source for cell in nb.section("You will be able to") if cell.type == "markdown")
    return re.findall(r"^\s*(?:[-*]|\d+\.)\s+(.*(?:\n(?!\s*(?:[-*]|\d+\.)\s).+)*)", text, re.MULTILINE)


def proofs(bullet: str) -> list[tuple[str, str]]:
    """(exercise or "", question) of each question an objective names."""
    return [(number, q) for number, several in PROVED.findall(bullet) for q in re.findall(r"q\d+", several)]


@rule(
    "objectives",
    PROSE,
    "3 to 5 bullets; each of a chapter ends with what proves it: (exercise q1) or (exercise q1, q2)",
)
def objectives(nb: Notebook) -> Iterator[Finding]:
    """3–5 objectives, each of a chapter naming an existing question of its exercise."""
    items = bullets(nb)
    if not 3 <= len(items) <= 5:
        yield None, f"has {len(items)} objectives"
    if nb.kind != "chapter":
        return
    exercises = nb.questions()
    if not exercises:
        yield None, f"has no exercise: exercises/solutions/{chapter_of(nb.number)}_….ipynb does not exist"
        return
    for item in items:
        named = proofs(item)
        if not named:
            yield None, f"names no question, such as (exercise q1), for {item[:50]!r}"
        for number, question in named:
            known = exercises.get(number, set()) if number else set().union(*exercises.values())
            if question not in known:
                yield None, f"names {question} of exercise {number or nb.number}, which does not exist"


@rule("questions", ("chapter",), "add it to the objective that it proves: (exercise q1, q2)")
def questions(nb: Notebook) -> Iterator[Finding]:
    """Every question of the exercise is named by an objective of the chapter (of either half)."""
    parts = nb.parts()
    if nb.path != parts[0].path:  # said once
        return
    named = {proof for part in parts for item in bullets(part) for proof in proofs(item)}
    asked: dict[str, set[str]] = {}
    for part in parts:
        asked |= part.questions()
    for number, every in asked.items():
        for question in sorted(every):
            if not named & {("", question), (number, question)}:
                halves = " and ".join(part.number for part in parts)
                yield None, f"no objective of {halves} names {question} of exercise {number}"


# --- instruments -----------------------------------------------------------------------------------------


@rule("instruments", ("chapter", "case"), '"instruments": {"06.01": "the heading under which it works"}')
def instruments(nb: Notebook) -> Iterator[Finding]:
    """Each instrument has a section with code, and a figure where the catalogue asks for one."""
    given = nb.meta.get("instruments")
    if not isinstance(given, dict):
        yield None, "metadata.crmlab.instruments is a list of ids; say where each works"
        return
    wanted = {row["id"]: row["figure"] for row in table("instruments")}
    for name, heading in given.items():
        cells = nb.under(heading) if isinstance(heading, str) else []
        if not cells:
            yield None, f"{name} is said to work under {heading!r}, which is no heading of level 2 or 3"
            continue
        first = cells[0].number
        if not any(cell.type == "code" and cell.lines for cell in cells):
            yield first, f"{name} has no code under {heading!r}"
        elif wanted.get(name) and not any(cell.has_figure for cell in cells):
            yield first, f"{name} has no figure under {heading!r}; the catalogue asks for: {wanted[name]}"


def instrument_cells(nb: Notebook) -> list[int]:
    """Where each instrument begins, in order; where none is mapped yet, each section of the middle part."""
    given = nb.meta.get("instruments")
    if isinstance(given, dict):
        found = [nb.under(heading) for heading in given.values() if isinstance(heading, str)]
        return sorted(cells[0].number for cells in found if cells)
    names = [(text.lower(), number) for level, text, number in nb.headings if level == 2]
    first = next((number for name, number in names if name.startswith("meet the data")), 0)
    end = next((number for name, number in names if name.startswith("trap")), len(nb.cells))
    return [number for _, number in names if first < number < end]


# --- the reader's part -----------------------------------------------------------------------------------

AT_MOST = 3


def quick_checks(cell: Cell) -> Iterator[str]:
    """The ids of the quick checks a cell asks."""
    for name, call in cell.calls:
        if name.endswith("check.quick") and call.args and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)


@rule("quick-check", ("chapter",), 'ask for one result in a cell: check.quick("06a-1", …); from crmlab import check')
def quick_check(nb: Notebook) -> Iterator[Finding]:
    """After at most three instruments stands a quick check, its id made of the notebook's number and a count."""
    asked = [(cell.number, name) for cell in nb.code for name in quick_checks(cell)]
    for count, (number, name) in enumerate(asked, start=1):
        if name != f"{nb.number}-{count}":
            yield number, f"asks the quick check {name!r}; the next is {nb.number}-{count}"
    since, begun = 0, 0
    events = sorted([*((number, True) for number in instrument_cells(nb)), *((n, False) for n, _ in asked)])
    for number, is_instrument in events:
        if not is_instrument:
            since = 0
            continue
        if since == AT_MOST:
            yield begun, f"{AT_MOST} instruments from here on, and no quick check before the next in cell {number}"
            since = 0
        begun = number if since == 0 else begun
        since += 1
    if since == AT_MOST or (since and not asked):
        yield begun, f"{since} instrument{'s'[: since > 1]} from here on, and no quick check"


SLIDERS = ("interact", "interactive", "interactive_output")


def sliders(nb: Notebook) -> Iterator[tuple[int, str]]:
    """(cell, the function it turns) of each slider; "" where the function has no name."""
    for cell in nb.code:
        decorated = {
            id(mark): node.name
            for node in cell.nodes
            if isinstance(node, ast.FunctionDef)
            for mark in node.decorator_list
        }
        for name, call in cell.calls:
            if name.rpartition(".")[2] in SLIDERS:
                first = call.args[0] if call.args else None
                yield cell.number, decorated.get(id(call)) or (dotted(first) if first else "")


@rule(
    "slider",
    ("chapter",),
    "write the logic as a plain function, call it once in a cell, then interact(function, knob=(low, high)): where "
    "turning a knob teaches, once a chapter",
)
def slider(nb: Notebook) -> Iterator[Finding]:
    """One slider a chapter (in either half), and its function is also called once as it stands."""
    here = list(sliders(nb))
    parts = nb.parts()
    if nb.path == parts[0].path and not any(True for part in parts for _ in sliders(part)):
        yield None, f"has no slider ({' and '.join(part.number for part in parts)})"
    for number, _ in here[1:]:
        yield number, "is a second slider"
    called = [name for cell in nb.code for name, _ in cell.calls]
    for number, function in here:
        if not function:
            yield number, "turns a function without a name"
        elif function not in called:
            yield number, f"turns {function}(), which no cell calls: paper and the checks show nothing of it"
