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
