"""Every stored notebook keeps the static rules; that its code gives its outputs, nbval proves alongside.

What a notebook did not keep when a rule came stands on the list `tools/rules/waiting.json`, which may only shrink.
"""

import hashlib
from pathlib import Path

import pytest

from tools import waiting
from tools.check_notebooks import check_file
from tools.notebook import ROOT, all_notebooks, shown
from tools.rules import RULES

# The list as it was when the rules came, and its hash: neither is ever changed, both go when the list is empty.
AT_FIRST = Path(__file__).with_name("waiting_at_first.json")
AT_FIRST_SHA256 = "7dfd13f0234dd39baabc28104ab785a88e2937f09bc3c327637e136bcbbba6b3"


@pytest.mark.parametrize("path", all_notebooks(), ids=shown)
def test_static_rules(path: Path) -> None:
    problems = check_file(path)
    more, fewer = waiting.compare(path, [problem.rule for problem in problems], waiting.read(), RULES)
    found = [str(problem) for problem in problems if problem.rule in more]
    assert not found, "\n" + "\n".join(found)
    assert not fewer, "\n" + "\n".join(fewer)


def test_the_list_of_what_waits_only_shrinks() -> None:
    assert hashlib.sha256(AT_FIRST.read_bytes()).hexdigest() == AT_FIRST_SHA256
    assert waiting.grown(waiting.read(), waiting.read(AT_FIRST)) == []


def test_what_waits_exists() -> None:
    assert waiting.strangers(waiting.read()) == []


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
