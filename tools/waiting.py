"""The list of what waits: rules that a notebook did not keep when they came, each with its count of findings.

It stands in `tools/rules/waiting.json`, and it may only shrink: a pair that passes leaves it, a count may fall, and
nothing is ever added; so a new notebook keeps every rule from its first day. When it is empty, this module and the
list go. `python tools/check_notebooks.py --waiting` takes off what has passed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tools.again import AGAIN
from tools.notebook import ROOT, kind_of, shown, write_atomically
from tools.rules import RULES

FILE = ROOT / "tools" / "rules" / "waiting.json"
Counts = dict[str, dict[str, int]]  # notebook → rule → findings

LOWER = "python tools/check_notebooks.py --waiting"


def read(file: Path = FILE) -> Counts:
    counts: Counts = json.loads(file.read_text(encoding="utf-8"))
    return counts


def write(counts: Counts, file: Path = FILE) -> None:
    rows = {name: dict(sorted(rules.items())) for name, rules in sorted(counts.items()) if rules}
    write_atomically(file, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def compare(path: Path, found: Iterable[str], waiting: Counts, rules: Iterable[str]) -> tuple[set[str], list[str]]:
    """For the `rules` checked: those with more findings than wait, and a sentence on each with fewer."""
    counts, allowed = Counter(found), waiting.get(shown(path), {})
    more = {rule for rule in counts if counts[rule] > allowed.get(rule, 0)}
    fewer = [
        f"{shown(path)}: {rule}: {counts[rule]} of {allowed[rule]} are left: {LOWER}"
        for rule in rules
        if counts[rule] < allowed.get(rule, 0)
    ]
    return more, fewer


def lowered(waiting: Counts, path: Path, found: Iterable[str], rules: Iterable[str]) -> Counts:
    """The list with this notebook's counts of these rules at most what was found; nothing is added."""
    counts, name, checked = Counter(found), shown(path), set(rules)
    mine = {
        rule: min(count, counts[rule]) if rule in checked else count for rule, count in waiting.get(name, {}).items()
    }
    return {**waiting, name: {rule: count for rule, count in mine.items() if count}}


def strangers(waiting: Counts) -> list[str]:
    """What stands on the list and does not exist: a notebook, a rule, a rule of another kind of notebook."""
    found = []
    for name, rules in waiting.items():
        path = ROOT / name
        if not path.is_file():
            found.append(f"{name}: there is no such notebook")
            continue
        for rule, count in rules.items():
            known = rule == AGAIN or (rule in RULES and kind_of(path) in RULES[rule].kinds)
            if not known or count < 1:
                found.append(f"{name}: {rule}: {count}: there is no such rule for it, or nothing to count")
    return found


def grown(waiting: Counts, at_first: Counts) -> list[str]:
    """What stands on the list and did not at first, or with a lower count."""
    return [
        f"{name}: {rule}: {count}, and {at_first.get(name, {}).get(rule, 0)} at first"
        for name, rules in waiting.items()
        for rule, count in rules.items()
        if count > at_first.get(name, {}).get(rule, 0)
    ]
