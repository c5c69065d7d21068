"""What a rule is, and what rules share."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tools.notebook import CURRICULUM, Notebook, Output

Finding = tuple[int | None, str]
Check = Callable[[Notebook], Iterator[Finding]]

ALL = ("start", "primer", "chapter", "case", "solution")
PROSE = ("start", "primer", "chapter", "case")  # what is read from top to bottom, with a card and a recap


@dataclass(frozen=True)
class Rule:
    id: str
    kinds: tuple[str, ...]
    cure: str
    check: Check

    @property
    def meaning(self) -> str:
        return (self.check.__doc__ or "").strip().splitlines()[0]


RULES: dict[str, Rule] = {}


def rule(name: str, kinds: tuple[str, ...], cure: str) -> Callable[[Check], Check]:
    """Enter a check in `RULES`."""

    def enter(check: Check) -> Check:
        RULES[name] = Rule(name, kinds, cure, check)
        return check

    return enter


CJK = r"\u4e00-\u9fff"

# Author (year) and (Author, year)
NAMES = r"([A-Z][\w’'-]+)(?:(?:, [A-Z][\w’'-]+)*,? (?:and|&) [A-Z][\w’'-]+| et al\.?)?"
CITED = re.compile(rf"{NAMES} \(((?:1[89]|20)\d\d)[a-z]?\)|{NAMES}, ((?:1[89]|20)\d\d)[a-z]?[;,)]")


@cache
def table(name: str) -> list[dict[str, str]]:
    """A table of `tools/curriculum`."""
    with open(CURRICULUM / f"{name}.csv", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def visible(output: Output) -> str:
    """The text of an output as shown: of its forms Jupyter shows the richest only."""
    if output.html:
        text = re.sub(r"<style.*?</style>", "", output.html, flags=re.DOTALL)
        return html.unescape(re.sub(r"<[^>]*>", " ", text))
    return "" if output.is_figure else output.plain
