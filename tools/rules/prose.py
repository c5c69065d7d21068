"""Rules on text, figures and links."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from urllib.parse import unquote

from tools.notebook import Notebook, dotted, without_code
from tools.rules.base import ALL, CITED, PROSE, Finding, rule


@rule("figure-end", ALL, "end the cell with plt.show()")
def figure_end(nb: Notebook) -> Iterator[Finding]:
    """A cell that draws ends with `plt.show()`, and one that ends so has drawn."""
    for cell in nb.code:
        last = cell.statements[-1] if cell.statements else None
        ends = isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)
        ends = ends and dotted(last.value.func) == "plt.show"  # type: ignore[union-attr]
        if cell.has_figure and not ends and "interact" not in cell.source:
            yield cell.number, "draws a figure but does not end with plt.show()"
        if ends and not cell.has_figure:
            yield cell.number, "ends with plt.show() but stores no figure"


@rule("figure-text", PROSE, "say in one sentence what one would see: *Figure: …*")
def figure_text(nb: Notebook) -> Iterator[Finding]:
    """After each figure, the next cell describes it for someone who cannot see it."""
    for cell, following in zip(nb.cells, [*nb.cells[1:], None], strict=True):
        if cell.has_figure:
            text = following.source if following and following.type == "markdown" else ""
            if not re.search(r"(?<!\*)\*Figure: [^*]{20,}\*", text):
                yield cell.number, "draws a figure that the next cell does not describe"


@rule("alt-text", ALL, "![what the picture shows](file)")
def alt_text(nb: Notebook) -> Iterator[Finding]:
    """Every picture in the text has a description."""
    for cell in nb.prose:
        source = without_code(cell.source)
        if re.search(r"!\[\s*\]\(", source) or any(
            not re.search(r"alt=[\"'][^\"']+", image) for image in re.findall(r"<img[^>]*>", source)
        ):
            yield cell.number, "has a picture without a description"


@rule("headings", ALL, "one `#` in the first cell, then `##`, then `###`")
def heading_levels(nb: Notebook) -> Iterator[Finding]:
    """One level-1 heading, and no level skipped."""
    ones = [number for level, _, number in nb.headings if level == 1]
    if len(ones) != 1:
        yield (ones[1] if ones else 1), f"there are {len(ones)} headings of level 1"
    for (before, _, _), (level, text, number) in itertools.pairwise(nb.headings):
        if level > before + 1:
            yield number, f"{text!r} skips from level {before} to {level}"


def anchors(nb: Notebook) -> set[str]:
    """What a link may point at: JupyterLab keeps a heading's case, GitHub does not."""
    kept = {re.sub(r"[`*]", "", text).replace(" ", "-") for _, text, _ in nb.headings}
    return kept | {re.sub(r"[^\w-]", "", anchor.lower()) for anchor in kept}


@rule("link", ALL, "correct the path (relative to the notebook) or the heading after #")
def link(nb: Notebook) -> Iterator[Finding]:
    """Every relative link leads to a file, and every anchor to a heading."""
    for cell in nb.prose:
        for target in re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", without_code(cell.source)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = unquote(target).partition("#")
            path = nb.path.parent / name if name else nb.path
            if not path.exists():
                yield cell.number, f"links to {name}, which does not exist"
            elif anchor and path.suffix == ".ipynb" and anchor not in anchors(nb if not name else Notebook(path)):
                yield cell.number, f"links to the heading #{anchor}, which does not exist"


@rule("placeholder", ALL, "write it, or take it out")
def placeholder(nb: Notebook) -> Iterator[Finding]:
    """Nothing is left to be written."""
    for cell in nb.cells:
        found = re.search(r"\b(?:TODO|FIXME|TBD|XXX|lorem ipsum)\b", cell.source)
        if found:
            yield cell.number, f"contains {found[0]}"


NOT_AUTHORS = re.compile(r"Jan|Feb|March|Apr|May|June|July|Aug|Sep|Oct|Nov|Dec|Q\d|In|Version")


@rule("reference", PROSE, "add it to the References of the Recap, author and year on one line")
def reference(nb: Notebook) -> Iterator[Finding]:
    """Every Author (year) and (Author, year) in the text stands in the list of references."""
    recap = "\n".join(cell.source for cell in nb.section("Recap") if cell.type == "markdown")
    listed = recap.rpartition("References")[2].splitlines() if "References" in recap else []
    for cell in nb.prose:
        source = without_code(cell.source)
        if cell.heading.startswith("Recap") and "References" in source:
            source = source.rpartition("References")[0]
        for one, one_year, two, two_year in CITED.findall(source):
            author, year = one or two, one_year or two_year
            if not NOT_AUTHORS.match(author) and not any(author in line and year in line for line in listed):
                yield cell.number, f"cites {author} ({year}), which the references do not list"
