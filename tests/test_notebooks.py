"""Every stored notebook keeps the static rules; that its code gives its outputs, nbval proves alongside."""

from pathlib import Path

import pytest

from tools.check_notebooks import check_file
from tools.notebook import ROOT, all_notebooks, shown


@pytest.mark.parametrize("path", all_notebooks(), ids=shown)
def test_static_rules(path: Path) -> None:
    problems = check_file(path)
    assert not problems, "\n" + "\n".join(map(str, problems))


def test_nbval_runs_strictly_on_every_stored_notebook(request: pytest.FixtureRequest) -> None:
    config = request.config
    places = [ROOT / place for place in config.getini("testpaths")]
    assert [shown(p) for p in all_notebooks() if not any(p.is_relative_to(place) for place in places)] == []
    option = config.option
    assert option.nbval and not option.nbval_lax and option.nbval_current_env
    assert Path(option.nbval_sanitize_with) == Path("tests/sanitize.cfg")
    assert option.nbval_cell_timeout <= 600


def test_student_copies_are_not_run(request: pytest.FixtureRequest) -> None:
    """They have no outputs, so nbval would compare nothing and call it a pass."""
    places = [ROOT / place for place in request.config.getini("testpaths")]
    assert not any((ROOT / "exercises").is_relative_to(place) for place in places)
