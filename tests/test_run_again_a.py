"""Every cell can be run again, in every other notebook; `test_run_again_b.py` has the rest, for the second core."""

import asyncio
from pathlib import Path

import pytest

from tools import again, waiting
from tools.notebook import all_notebooks, shown


def assert_every_cell_can_be_run_again(path: Path) -> None:
    """Except for as many cells as wait on the list."""
    failures = asyncio.run(again.failures(path))
    more, fewer = waiting.compare(path, [again.AGAIN] * len(failures), waiting.read(), [again.AGAIN])
    assert not more, "\n" + "\n".join(f"{shown(path)}, cell {f.cell}: {f}" for f in failures) + f"\n→ {again.CURE}"
    assert not fewer, f"{fewer[0]} --again"


@pytest.mark.parametrize("path", all_notebooks()[::2], ids=shown)
def test_every_cell_can_be_run_again(path: Path) -> None:
    assert_every_cell_can_be_run_again(path)
