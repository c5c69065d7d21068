"""Rules that keep the code within reach of a beginner."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.notebook import Cell, Notebook, headings
from tools.rules.base import ALL, CJK, Finding, rule

IN_A_ROW = 2

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def line_of(cell: Cell, node: ast.expr) -> str:
    """The line a piece of code begins on, for a message."""
    return cell.source.splitlines()[node.lineno - 1].strip()[:60]


@rule("walrus", ALL, "give the value its name on a line of its own, then use it")
def walrus(nb: Notebook) -> Iterator[Finding]:
    """No `:=`: a beginner reads one idea a line."""
    for cell in nb.code:
        for node in cell.nodes:
            if isinstance(node, ast.NamedExpr):
                yield cell.number, f"uses := in `{line_of(cell, node)}`"


@rule("lambda-default", ALL, "write a function with `def` and a name; its parameters may have defaults")
def lambda_default(nb: Notebook) -> Iterator[Finding]:
    """No lambda whose parameters have default values."""
    for cell in nb.code:
        for node in cell.nodes:
            if isinstance(node, ast.Lambda) and (node.args.defaults or any(node.args.kw_defaults)):
                yield cell.number, f"gives a lambda a default in `{line_of(cell, node)}`"


@rule("nested-comprehension", ALL, "write the outer one as a `for` loop, or use merge, explode or a pivot")
def nested_comprehension(nb: Notebook) -> Iterator[Finding]:
    """No comprehension within another, and none with two `for`."""
    for cell in nb.code:
        inside: set[ast.AST] = set()
        for node in cell.nodes:  # from the outside in
            if not isinstance(node, COMPREHENSIONS) or node in inside:
                continue
            inner = [other for other in ast.walk(node) if isinstance(other, COMPREHENSIONS) and other is not node]
            inside.update(inner)
            if inner or len(node.generators) > 1:
                yield cell.number, f"nests comprehensions in `{line_of(cell, node)}`"


# --- names -----------------------------------------------------------------------------------------------

PASSING = re.compile(r"_+|fig|axe?s?|ax\d|axes\d")


def targets(node: ast.expr) -> Iterator[str]:
    """The names in `a`, `(a, b)`, `[a, *b]`; not `a.x` or `a["x"]`."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Tuple | ast.List):
        for item in node.elts:
            yield from targets(item)
    elif isinstance(node, ast.Starred):
        yield from targets(node.value)


def assigned(statements: list[ast.stmt]) -> Iterator[str]:
    """The names a cell gives a value, apart from what lives inside functions, classes and `for` loops."""
    for node in statements:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from targets(target)
        elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value):
            yield from targets(node.target)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.With):
            for item in node.items:
                yield from targets(item.optional_vars) if item.optional_vars else ()
            yield from assigned(node.body)
        elif isinstance(node, ast.If | ast.While):
            yield from assigned([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            yield from assigned([*node.body, *node.orelse, *node.finalbody])


@rule("reused-name", ALL, "give the second thing a name of its own, so that every cell can be run again")
def reused_name(nb: Notebook) -> Iterator[Finding]:
    """No name is given a value in two cells (`fig`, `ax`, `_` and loop variables may be)."""
    first: dict[str, int] = {}
    for cell in nb.code:
        for name in dict.fromkeys(assigned(cell.statements)):
            if not PASSING.fullmatch(name) and first.setdefault(name, cell.number) != cell.number:
                yield cell.number, f"assigns {name!r}, which cell {first[name]} has assigned"


# --- rhythm ----------------------------------------------------------------------------------------------


def has_sentence(cell: Cell) -> bool:
    """Markdown with words in it that are not only a heading, a picture or a line."""
    text = cell.source
    for _, heading in headings(text):
        text = text.replace(heading, "", 1)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>]*>|[#*_-]", " ", text)
    return len(re.findall(rf"\w[\w’'-]*|[{CJK}]", text)) >= 3


@rule("code-in-a-row", ALL, "say between them what came out, or what is done next; or put two cells together")
def code_in_a_row(nb: Notebook) -> Iterator[Finding]:
    """At most two code cells follow one another without a sentence between."""
    row = 0
    for cell in nb.cells:
        if cell.type == "code" and cell.lines:
            row += 1
            if row == IN_A_ROW + 1:
                yield cell.number, "is the third code cell in a row without a sentence"
        elif cell.type == "markdown" and has_sentence(cell):
            row = 0
