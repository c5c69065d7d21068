"""Rules on the build of a notebook: card, sections, budgets, metadata."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from tools.notebook import Cell, Notebook, without_code
from tools.rules.base import ALL, CJK, PROSE, Finding, rule, table

# --- tables: what may differ between kinds, and what is allowed ------------------------------------------

# (least, most). A notebook may exceed one if metadata.crmlab.exceeds gives the reason.
BUDGETS: dict[str, dict[str, tuple[float, float]]] = {
    "chapter": {
        "cells": (50, 110),
        "words": (2000, 4000),
        "lines": (120, 260),
        "median": (0, 4),
        "longest": (0, 15),
        "columns": (0, 76),
        "kilobytes": (0, 400),
    },
    "start": {
        "cells": (15, 90),
        "words": (600, 3500),
        "lines": (20, 220),
        "median": (0, 5),
        "longest": (0, 15),
        "columns": (0, 76),
        "kilobytes": (0, 400),
    },
    "case": {
        "cells": (25, 110),
        "words": (1000, 4000),
        "lines": (60, 260),
        "median": (0, 5),
        "longest": (0, 15),
        "columns": (0, 76),
        "kilobytes": (0, 400),
    },
    "solution": {
        "cells": (5, 70),
        "words": (100, 2500),
        "lines": (10, 300),
        "longest": (0, 40),
        "columns": (0, 88),
        "kilobytes": (0, 300),
    },
}

# Level-2 headings by their first words, in order. "*" stands for one or more sections of any name.
SECTIONS: dict[str, list[str]] = {
    "chapter": [
        *("You will be able to", "Setup", "Meet the data", "*", "Trap", "Against the truth", "Decision"),
        *("[On real data]", "What the books claim", "Recap"),
    ],
    "start": ["You will be able to", "Setup", "*", "Recap"],
    "case": ["You will be able to", "Setup", "*", "Decision", "Recap"],
}

# What the card (the first cell) names in bold, and where the words may vary, how.
CARD: dict[str, list[str]] = {
    "chapter": ["The question", "Time", "You need", "Tables", "From `crmlab`", "In your textbook"],
    "start": ["The question", "Time"],
    "case": ["The question", "Time", "You need", "Tables", "In your textbook"],
}
CARD_FORMS = {"You need": "You need(?: first)?", "From `crmlab`": "(?:From `crmlab`|Functions)"}

METADATA = {"instruments": list, "books": list, "minutes": int, "exceeds": dict}


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
    plan = {row["number"]: row for row in table("notebooks")}.get(nb.path.name.partition("_")[0])
    title = first.lines[0].lstrip("# ").strip()
    if plan and title != plan["title_en"]:
        yield 1, f"is titled {title!r}, planned as {plan['title_en']!r}"
    if plan and half_width(plan["title_zh"]) not in half_width("".join(first.lines[:2])):
        yield 1, f"does not give the title {plan['title_zh']} in its first two lines"
    for item in CARD[nb.kind]:
        if not re.search(rf"\*\*{CARD_FORMS.get(item, item)}[.:]?\*\*", first.source, re.IGNORECASE):
            yield 1, f"the card has no **{item}**"


def textbook_chapters(text: str) -> set[str]:
    """`P&R 5, 6 · S&Q 4` as {"P&R 5", "P&R 6", "S&Q 4"}."""
    found = set()
    for book in table("books"):
        for chapters in re.findall(
            rf"{book['key']}\*{{0,2}} ((?:\d+|[AB])\b(?:(?:, | and )(?:\d+|[AB])\b)*)", text
        ):
            found |= {f"{book['key']} {chapter}" for chapter in re.findall(r"\d+|[AB]\b", chapters)}
    return found


@rule(
    "card-books", ("chapter", "case"), "write it as `P&R 5, 6 · S&Q 4`, and the same in metadata.crmlab.books"
)
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


@rule("objectives", PROSE, "3 to 5 bullets; in a chapter each ends with its exercise: (exercise q1)")
def objectives(nb: Notebook) -> Iterator[Finding]:
    """3–5 objectives, each of a chapter naming the exercise that proves it."""
    text = "\n".join(cell.source for cell in nb.section("You will be able to") if cell.type == "markdown")
    bullets = re.findall(r"^\s*(?:[-*]|\d+\.)\s+(.*(?:\n(?!\s*(?:[-*]|\d+\.)\s).+)*)", text, re.MULTILINE)
    if not 3 <= len(bullets) <= 5:
        yield None, f"has {len(bullets)} objectives"
    for bullet in bullets if nb.kind == "chapter" else ():
        if not re.search(r"\bq\d\b|exercise", bullet, re.IGNORECASE):
            yield None, f"names no exercise for {bullet[:50]!r}"


def key_terms(recap: str) -> list[str]:
    """The items of the block that begins at `Key terms`, up to the next bold label or heading."""
    block = re.search(
        r"Key terms\**[.:]?\**(.*?)(?=\n\s*\n\s*(?:\*\*|#)|\n#|\Z)", recap, re.DOTALL | re.IGNORECASE
    )
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


def exceeds(nb: Notebook) -> dict[str, tuple[float, tuple[float, float]]]:
    """The budgets the notebook does not keep: name → (measured, (least, most))."""
    found = measure(nb)
    limits = BUDGETS[nb.kind]
    return {
        name: (found[name], (least, most))
        for name, (least, most) in limits.items()
        if not least <= found[name] <= most
    }


def budget_rule(name: str, meaning: str) -> None:
    """Enter the rule `budget-<name>`."""

    def check(nb: Notebook) -> Iterator[Finding]:
        over = exceeds(nb).get(name)
        if over and not (nb.meta.get("exceeds") or {}).get(name):
            found, (least, most) = over
            where = None
            if name in ("longest", "columns"):
                size = {c.number: max(map(len, c.lines), default=0) for c in nb.code}
                if name == "longest":
                    size = {c.number: len(code_lines(c)) for c in nb.code}
                where = max(size, key=lambda number: size[number])
            yield where, f"{name}: {found:g}, and the budget is {least:g} to {most:g}"

    check.__doc__ = meaning
    cure = f"shorten or split; or give the reason in metadata.crmlab.exceeds.{name}"
    rule(f"budget-{name}", tuple(kind for kind, limits in BUDGETS.items() if name in limits), cure)(check)


for _name, _meaning in {
    "cells": "The number of cells is within its budget.",
    "words": "The number of words of prose is within its budget.",
    "lines": "The number of lines of code is within its budget.",
    "median": "Half of the code cells are no longer than the budget.",
    "longest": "The longest code cell is within its budget.",
    "columns": "No line of code needs a scroll bar.",
    "kilobytes": "The file with its outputs is within its budget.",
}.items():
    budget_rule(_name, _meaning)


@rule("exceeds", ALL, "remove the entry, or name one of the budgets and the reason")
def exceeds_needed(nb: Notebook) -> Iterator[Finding]:
    """Every exception in metadata.crmlab.exceeds is needed and has a reason."""
    over = exceeds(nb)
    for name, reason in (nb.meta.get("exceeds") or {}).items():
        if name not in over:
            yield None, f"metadata.crmlab.exceeds names {name!r}, which is not exceeded"
        elif not isinstance(reason, str) or len(reason) < 15:
            yield None, f"metadata.crmlab.exceeds gives no reason for {name!r}"


@rule("metadata", ALL, '"crmlab": {"instruments": ["06.01"], "books": ["S&Q 4"], "minutes": 110}')
def metadata(nb: Notebook) -> Iterator[Finding]:
    """metadata.crmlab names working instruments, textbook chapters and minutes, and nothing unknown."""
    for key, value in nb.meta.items():
        if key not in METADATA:
            yield None, f"metadata.crmlab has the unknown key {key!r}"
        elif not isinstance(value, METADATA[key]) or isinstance(value, bool):
            yield None, f"metadata.crmlab.{key} is not a {METADATA[key].__name__}"
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
