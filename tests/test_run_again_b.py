"""The other half of `test_run_again_a.py`."""

from pathlib import Path

import pytest
from test_run_again_a import assert_every_cell_can_be_run_again

from tools.notebook import all_notebooks, shown


@pytest.mark.parametrize("path", all_notebooks()[1::2], ids=shown)
def test_every_cell_can_be_run_again(path: Path) -> None:
    assert_every_cell_can_be_run_again(path)
