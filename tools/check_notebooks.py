"""Check stored notebooks without running them.

    python tools/check_notebooks.py                       every notebook
    python tools/check_notebooks.py notebooks/06_*.ipynb  these, with what still waits
    python tools/check_notebooks.py --again …             run each cell twice in a row, then once more backwards
    python tools/check_notebooks.py --rules               what is checked, for which kind of notebook
    python tools/check_notebooks.py --measure …           where each stands within its budgets
    python tools/check_notebooks.py --waiting             take off the list what has passed (`tools/waiting.py`)

The rules are in `tools/rules`; nbval (in `python run.py test`) proves what these cannot: that running
the code gives the stored outputs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools import again
from tools.notebook import ROOT, Notebook, find, shown
from tools.rules import RULES
from tools.rules.anatomy import BUDGETS, measure
from tools.rules.base import ALL
from tools.waiting import compare, lowered, read, write


class Problem(NamedTuple):
    """One finding, ready to be printed."""

    path: Path
    cell: int | None
    rule: str
    what: str
    cure: str

    def __str__(self) -> str:
        where = f", cell {self.cell}" if self.cell else ""
        return f"{shown(self.path)}{where}: {self.rule}: {self.what}\n    → {self.cure}"


def check(nb: Notebook) -> list[Problem]:
    """Every finding of every rule that holds for this kind of notebook, in the order of the cells."""
    problems = [
        Problem(nb.path, cell, rule.id, what, rule.cure)
        for rule in RULES.values()
        if nb.kind in rule.kinds
        for cell, what in rule.check(nb)
    ]
    return sorted(problems, key=lambda problem: problem.cell or 0)


def check_file(path: Path) -> list[Problem]:
    """The same for a file, which may not even be a notebook."""
    try:
        nb = Notebook(path)
    except (ValueError, KeyError, TypeError) as error:
        return [Problem(path, None, "format", f"cannot be read as a notebook ({error})", "restore it from git")]
    if not nb.cells:
        return [Problem(path, None, "format", "has no cells", "restore it from git")]
    return check(nb)


def print_measures(path: Path) -> None:
    nb = Notebook(path)
    found = measure(nb)
    limits = BUDGETS[nb.kind]
    parts = [f"{name} {found[name]:g} of {most}" for name, most in limits.items()]
    print(f"{shown(path)} [{nb.kind}]: {', '.join(parts)}")


def run_again(path: Path) -> list[Problem]:
    """The cells that cannot be run again, as problems."""
    return [
        Problem(path, failure.cell, again.AGAIN, str(failure), again.CURE)
        for failure in asyncio.run(again.failures(path))
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="files or folders (default: all)")
    parser.add_argument("--rules", action="store_true", help="list the rules and stop")
    parser.add_argument("--measure", action="store_true", help="print what the budgets limit and stop")
    parser.add_argument("--again", action="store_true", help="run the cells again instead of reading them")
    parser.add_argument("--waiting", action="store_true", help="shorten the list of what waits")
    parser.add_argument("--all", action="store_true", help="print also what waits")
    options = parser.parse_args(arguments)
    if options.rules:
        for rule in RULES.values():
            print(f"{rule.id:20s} {rule.meaning}  [{', '.join(rule.kinds)}]")
        print(f"{again.AGAIN:20s} {again.MEANING}  [{', '.join(ALL)}]  (--again)")
        return 0
    paths = find(options.notebooks)
    if options.measure:
        for path in paths:
            print_measures(path)
        return 0
    rules = [again.AGAIN] if options.again else list(RULES)
    waiting = on_list = read()
    new = old = 0
    for path in paths:
        problems = run_again(path) if options.again else check_file(path)
        found = [problem.rule for problem in problems]
        more, fewer = compare(path, found, on_list, rules)
        waiting = lowered(waiting, path, found, rules)
        new += sum(rule in more for rule in found)
        old += sum(rule not in more for rule in found)
        for problem in problems:
            if problem.rule in more or options.all or options.notebooks:
                print(problem if problem.rule in more else f"(waiting) {problem}")
        if not options.waiting:
            print("".join(f"{sentence}\n" for sentence in fewer), end="")
    if options.waiting:
        write({name: rows for name, rows in waiting.items() if (ROOT / name).is_file()})
    print(f"{len(paths)} notebooks, {new} problems" + (f", {old} more wait (--all shows them)" if old else ""))
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main())
