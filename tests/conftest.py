"""What all tests share: the kernels' environment, and programs a test may need from the system."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.notebook import kernel_environment

# nbval's kernels inherit this process's environment: give them the one in which `build` stored the outputs.
_ipython = tempfile.mkdtemp(prefix="crmlab-ipython-")
atexit.register(shutil.rmtree, _ipython, ignore_errors=True)
_environment = kernel_environment(_ipython)
for _name in set(os.environ) - set(_environment):
    del os.environ[_name]
os.environ.update(_environment)

# A test must not fail because the machine was busy.
settings.register_profile("crmlab", deadline=None, print_blob=True)
settings.load_profile("crmlab")


NEEDS = {
    "bwrap": "bubblewrap, with the right to make namespaces (grading)",
    "chromium": "Chromium (JupyterLab end to end)",
    "java": "Java and pyspark (Spark)",
    "real": "the real data: python3 run.py setup, with a network",
    "network": "a network when run.py made the environment",
    "git": "git and a clone",
}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line which checks did not run here, and what they need."""
    skipped = terminalreporter.getreports("skipped")
    if not skipped:
        return
    words = {
        "bwrap": ("bwrap", "namespace", "sandbox"),
        "chromium": ("chrom",),
        "java": ("java", "spark"),
        "real": ("real data", "is not here"),
        "network": ("when it makes the environment",),
        "git": ("needs git",),
    }
    counts: dict[str, int] = {}
    for report in skipped:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        known = [name for name, signs in words.items() if any(sign in reason.casefold() for sign in signs)]
        what = NEEDS[known[0]] if known else " ".join(reason.removeprefix("Skipped: ").split())[:80]
        counts[what] = counts.get(what, 0) + 1
    listed = "; ".join(f"{count} need {what}" if what in NEEDS.values() else f"{count}: {what}"
                       for what, count in counts.items())
    terminalreporter.write_line(f"Not run here: {listed}.", yellow=True)


@pytest.fixture(scope="session")
def need_program() -> Callable[..., str]:
    """`need_program("bwrap")` is its path; without it the test is skipped, or fails where CRMLAB_CI=1."""

    def find(*names: str) -> str:
        for name in names:
            path = shutil.which(name)
            if path:
                return path
        reason = f"needs the program {' or '.join(names)}, which is not installed"
        if os.environ.get("CRMLAB_CI") == "1":
            pytest.fail(f"{reason} (CRMLAB_CI=1: nothing may be skipped)")
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def need_real() -> Callable[[str], pd.DataFrame]:
    """`need_real("mobi")` is that real table; without it the test is skipped, or fails where CRMLAB_CI=1."""

    def find(name: str) -> pd.DataFrame:
        from crmlab import data

        try:
            return data.real(name)
        except data.NotHere as missing:
            if os.environ.get("CRMLAB_CI") == "1":
                raise
            pytest.skip(f"{name} is not here: {missing}")

    return find
