"""Rules on the build of a notebook: card, sections, budgets, metadata."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from tools.notebook import Cell, Notebook, chapter_of, without_code
from tools.rules.base import ALL, CJK, PROSE, Finding, rule, table

# --- tables: what may differ between kinds, and what is allowed ------------------------------------------

# At most. A notebook is one sitting; one that needs more becomes two.
SITTING = {
    "cells": 120,
    "words": 3500,
    "lines": 260,
    "median": 4,
    "longest": 12,
    "columns": 76,
    "kilobytes": 400,
}
SOLUTION = {"cells": 70, "words": 2500, "lines": 300, "longest": 40, "columns": 88, "kilobytes": 300}
BUDGETS: dict[str, dict[str, int]] = {**dict.fromkeys(PROSE, SITTING), "solution": SOLUTION}

# Level-2 headings by their first words, in order. "*" stands for one or more sections of any name.
SECTIONS: dict[str, list[str]] = {
    "chapter": [
        *("You will be able to", "Setup", "Meet the data", "*", "Trap", "Decision", "Against the truth"),
        *("[On real data]", "What the books claim", "Recap"),
    ],
    "start": ["You will be able to", "Setup", "*", "Recap"],
    "primer": ["You will be able to", "Setup", "*", "Recap"],
    "case": ["You will be able to", "Setup", "*", "Decision", "Recap"],
}

# What the card (the first cell) names in bold, and where the words may vary, how.
CARD: dict[str, list[str]] = {
    "chapter": ["The question", "Time", "You need", "Tables", "From `crmlab`", "In your textbook"],
    "start": ["The question", "Time"],
    "primer": ["The question", "Time", "You need", "Tables"],
    "case": ["The question", "Time", "You need", "Tables", "In your textbook"],
}
CARD_FORMS = {"You need": "You need(?: first)?", "From `crmlab`": "(?:From `crmlab`|Functions)"}

METADATA: dict[str, type | tuple[type, ...]] = {
    "instruments": (list, dict),
    "books": list,
    "minutes": int,
    "constants": dict,
}


def words(cell: Cell) -> int:
    """Words of prose in a Markdown cell; a run of Chinese characters counts as one."""
    text = re.sub(r"\]\([^)]*\)|<[^>]*>|\$[^$]*\$", " ", without_code(cell.source))
    return len(re.findall(rf"[A-Za-z0-9\u00c0-\u024f][\w'’%.,-]*|[{CJK}]+", text))


def code_lines(cell: Cell) -> list[str]:
    """Lines that are neither blank nor only a comment."""
    return [line for line in cell.lines if not line.lstrip().startswith("#")]


# --- anatomy ---------------------------------------------------------------------------------------------


@rule(
    "card",
    PROSE,
    "see CARD in tools/rules/anatomy.py for the items, tools/curriculum/notebooks.csv for titles",
)
def card(nb: Notebook) -> Iterator[Finding]:
    """The first cell has the planned title in English and 中文, and the items of the card in bold."""
    first = nb.cells[0]
    if first.type != "markdown" or not re.match(r"#\s+\S", first.source):
        yield 1, "is not a Markdown cell that begins with the title"
        return
    plan = {row["number"]: row for row in table("notebooks")}
    title = first.lines[0].lstrip("# ").strip()
    if nb.number in plan:
        row = plan[nb.number]
        if title != row["title_en"]:
            yield 1, f"is titled {title!r}, planned as {row['title_en']!r}"
        if half_width(row["title_zh"]) not in half_width("".join(first.lines[:2])):
            yield 1, f"does not give the title {row['title_zh']} in its first two lines"
    elif chapter_of(nb.number) not in plan:
        yield 1, f"is numbered {nb.number}, which is not planned in tools/curriculum/notebooks.csv"
    elif not chinese_title(nb):  # half of a chapter: the titles are its own
        yield 1, "does not give its title in 中文 in its first two lines"
    for item in CARD[nb.kind]:
        if not re.search(rf"\*\*{CARD_FORMS.get(item, item)}[.:]?\*\*", first.source, re.IGNORECASE):
            yield 1, f"the card has no **{item}**"


def chinese_title(nb: Notebook) -> str:
    """The title in 中文, on the title's line or the next."""
    found = re.search(rf"[{CJK}][^*\n]*", "\n".join(nb.cells[0].lines[:2]))
    return found[0].strip() if found else ""


def textbook_chapters(text: str) -> set[str]:
    """`P&R 5, 6 · S&Q 4` as {"P&R 5", "P&R 6", "S&Q 4"}."""
    found = set()
    for book in table("books"):
        for chapters in re.findall(rf"{book['key']}\*{{0,2}} ((?:\d+|[AB])\b(?:(?:, | and )(?:\d+|[AB])\b)*)", text):
            found |= {f"{book['key']} {chapter}" for chapter in re.findall(r"\d+|[AB]\b", chapters)}
    return found


@rule("card-books", ("chapter", "case"), "write it as `P&R 5, 6 · S&Q 4`, and the same in metadata.crmlab.books")
def card_books(nb: Notebook) -> Iterator[Finding]:
    """The card names the same textbook chapters as the metadata."""
    said = textbook_chapters(nb.cells[0].source.replace("&amp;", "&"))
    meant = set(nb.meta.get("books", ()))
    if said != meant:
        yield (
            1,
            f"card alone: {sorted(said - meant) or '–'}; metadata alone: {sorted(meant - said) or '–'}",
        )


@rule("sections", PROSE, "see SECTIONS in tools/rules/anatomy.py for the order")
def sections(nb: Notebook) -> Iterator[Finding]:
    """The level-2 sections that every notebook of its kind has are there, in order."""
    names = [re.sub(r"^\d+[.)]?\s+", "", text).lower() for level, text, _ in nb.headings if level == 2]
    plan, position = SECTIONS[nb.kind], 0
    for index, item in enumerate(plan):
        if item == "*":
            following = plan[index + 1].lower()
            length = next((i for i, name in enumerate(names[position:]) if name.startswith(following)), 0)
            if not length:
                yield None, f"has no section between {plan[index - 1]!r} and {plan[index + 1]!r}"
            position += length
        elif position < len(names) and names[position].startswith(item.strip("[]").lower()):
            position += 1
        elif not item.startswith("["):
            found = names[position] if position < len(names) else "the end"
            yield None, f"expected the section {item!r}, found {found!r}"
            return
    if position < len(names):
        yield None, f"has a section {names[position]!r} after the last one"


def key_terms(recap: str) -> list[str]:
    """The items of the block that begins at `Key terms`, up to the next bold label or heading."""
    block = re.search(r"Key terms\**[.:]?\**(.*?)(?=\n\s*\n\s*(?:\*\*|#)|\n#|\Z)", recap, re.DOTALL | re.IGNORECASE)
    items = re.split(r"\n|·|;", block[1]) if block else []
    return [clean for item in items if re.search(rf"[{CJK}]", clean := item.replace("*", "").strip(" -"))]


def half_width(text: str) -> str:
    return text.translate(str.maketrans("（）：，", "():,"))


def english_forms(term: str) -> set[str]:
    """`Net cost (NC)` may be written so, or `Net cost`, or `NC`."""
    short = re.search(r"\(([^)]*)\)", term)
    return {form.lower() for form in (term, re.sub(r"\s*\([^)]*\)", "", term), short[1] if short else term)}


@rule("key-terms", PROSE, "spell them as GLOSSARY.md does, or add them to tools/curriculum/glossary.csv")
def key_terms_known(nb: Notebook) -> Iterator[Finding]:
    """The recap lists key terms, in the glossary's English and 中文."""
    known = {form: half_width(row["zh"]) for row in table("glossary") for form in english_forms(row["en"])}
    recap = "\n".join(cell.source for cell in nb.section("Recap") if cell.type == "markdown")
    items = key_terms(recap)
    if not items:
        yield None, "lists no key terms (`**Key terms**`, then English 中文) in its recap"
    for item in items:
        english = re.split(rf"\s*[:：—–（(]*[{CJK}]", item)[0].lower().strip()
        begins = sorted((form for form in known if item.lower().startswith(form)), key=len)
        if any(half_width(item)[len(form) :].lstrip(" :—–-(").startswith(known[form]) for form in begins):
            continue
        if english in known:
            yield None, f"{english!r} is {known[english]} in the glossary, not as in {item!r}"
        else:
            yield None, f"the key term {item!r} is not in the glossary"


# --- budgets and metadata --------------------------------------------------------------------------------


def measure(nb: Notebook) -> dict[str, float]:
    """What the budgets limit."""
    lengths = [len(code_lines(cell)) for cell in nb.code if cell.lines]
    return {
        "cells": len(nb.cells),
        "words": sum(words(cell) for cell in nb.prose),
        "lines": sum(lengths),
        "median": statistics.median(lengths) if lengths else 0,
        "longest": max(lengths, default=0),
        "columns": max((len(line) for cell in nb.code for line in cell.lines), default=0),
        "kilobytes": round(file_size(nb.path) / 1000),
    }


def file_size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def budget_rule(name: str, meaning: str) -> None:
    """Enter the rule `budget-<name>`."""

    def check(nb: Notebook) -> Iterator[Finding]:
        found, most = measure(nb)[name], BUDGETS[nb.kind][name]
        if name in ("longest", "columns"):
            for cell in nb.code:
                size = len(code_lines(cell)) if name == "longest" else max(map(len, cell.lines), default=0)
                if size > most:
                    yield cell.number, f"{name}: {size}, and the budget is {most}"
        elif found > most:
            yield None, f"{name}: {found:g}, and the budget is {most}"

    check.__doc__ = meaning
    cure = "shorten, or make two notebooks of it, cut between instruments: 06a_… and 06b_…"
    if name in ("longest", "columns", "median"):
        cure = "divide it: one idea a cell, a sentence between"
    rule(f"budget-{name}", tuple(kind for kind, limits in BUDGETS.items() if name in limits), cure)(check)


for _name, _meaning in {
    "cells": "The number of cells is within its budget.",
    "words": "The number of words of prose is within its budget.",
    "lines": "The number of lines of code is within its budget.",
    "median": "Half of the code cells are no longer than the budget.",
    "longest": "No code cell is longer than the budget.",
    "columns": "No line of code needs a scroll bar.",
    "kilobytes": "The file with its outputs is within its budget.",
}.items():
    budget_rule(_name, _meaning)


@rule("metadata", ALL, '"crmlab": {"instruments": {"06.01": "Concentration"}, "books": ["S&Q 4"], "minutes": 75}')
def metadata(nb: Notebook) -> Iterator[Finding]:
    """metadata.crmlab names working instruments, textbook chapters and minutes, and nothing unknown."""
    for key, value in nb.meta.items():
        if key not in METADATA:
            yield None, f"metadata.crmlab has the unknown key {key!r}"
        elif not isinstance(value, METADATA[key]) or isinstance(value, bool):
            yield None, f"metadata.crmlab.{key} is of another kind than in the example"
    if not isinstance(nb.meta.get("minutes"), int) or nb.meta["minutes"] <= 0:
        yield None, "metadata.crmlab.minutes is missing"
    instruments = {row["id"] for row in table("instruments")}
    chapters = {f"{row['book']} {row['chapter']}" for row in table("chapters")}
    for key, known, needed in (("instruments", instruments, nb.kind == "chapter"), ("books", chapters, True)):
        given = nb.meta.get(key) or []
        if not given and needed and nb.kind in ("chapter", "case"):
            yield None, f"metadata.crmlab.{key} is missing"
        for value in given:
            if value not in known:
                yield None, f"metadata.crmlab.{key} names {value!r}, which does not exist"
