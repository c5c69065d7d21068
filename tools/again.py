"""Run every cell of a notebook again, as a student does who changes a number and runs that cell.

Each cell runs twice in a row, from the first to the last; then each once more, from the last to the first. All in
one kernel, and none may fail. `python tools/check_notebooks.py --again FILE` prints what does.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from tools.build import KernelDied, NotebookFailed, read, run_cell, running
from tools.notebook import kernel_environment

AGAIN = "again"  # the name of this check on the list of what waits
MEANING = "Every cell runs twice in a row, and once more from the last to the first."
CURE = "change nothing in place and give each thing a name of its own; prepare what a cell needs in that cell"


class Failure(NamedTuple):
    """A cell that failed, and which of its runs did."""

    cell: int
    when: str
    what: str

    def __str__(self) -> str:
        return f"{self.when}: {self.what}"


def with_words(code: list[int]) -> list[tuple[int, str]]:
    """(cell index, which run this is) in the order of the runs."""
    forward = [
        (index, when)
        for index in code
        for when in ("the first time, the cells above having run twice", "the second time in a row")
    ]
    return forward + [(index, "after Run All, from the last cell to the first") for index in reversed(code)]


async def failures(path: Path) -> list[Failure]:
    """The cells of the notebook that cannot be run again, each once; the file is left as it is."""
    nb: Any = read(path.read_text(encoding="utf-8"))
    code = [index for index, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.source.strip()]
    found: dict[int, Failure] = {}
    with tempfile.TemporaryDirectory(prefix="crmlab-ipython-") as ipython:
        async with running(nb, path.parent, kernel_environment(ipython)) as client:
            for count, (index, when) in enumerate(with_words(code), start=1):
                try:
                    await run_cell(client, index, count)
                except KernelDied as error:
                    found.setdefault(index, Failure(index + 1, when, str(error)))
                    break
                except NotebookFailed as error:
                    found.setdefault(index, Failure(index + 1, when, str(error)))
    return sorted(found.values())
