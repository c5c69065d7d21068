"""Check stored notebooks without running them.

    python tools/check_notebooks.py                       every notebook
    python tools/check_notebooks.py notebooks/06_*.ipynb  these
    python tools/check_notebooks.py --rules               what is checked, for which kind of notebook
    python tools/check_notebooks.py --measure …           where each stands within its budgets

The rules are in `tools/rules`; nbval (in `python run.py test`) proves what these cannot: that running
the code gives the stored outputs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.notebook import Notebook, find, shown
from tools.rules import RULES
from tools.rules.anatomy import BUDGETS, measure


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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="files or folders (default: all)")
    parser.add_argument("--rules", action="store_true", help="list the rules and stop")
    parser.add_argument("--measure", action="store_true", help="print what the budgets limit and stop")
    options = parser.parse_args(arguments)
    if options.rules:
        for rule in RULES.values():
            print(f"{rule.id:16s} {rule.meaning}  [{', '.join(rule.kinds)}]")
        return 0
    paths = find(options.notebooks)
    if options.measure:
        for path in paths:
            print_measures(path)
        return 0
    problems = [problem for path in paths for problem in check_file(path)]
    for problem in problems:
        print(problem)
    print(f"{len(paths)} notebooks, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
