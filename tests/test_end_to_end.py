"""A student opens the lab: JupyterLab in a headless browser, Run All, and everything is there."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tools.notebook import ROOT
from tools.screenshot import BROWSERS, SETTINGS, browser, cells, open_notebook, run_all, server, workspace

# Starting the server and the browser costs half a minute, a notebook about as much as running it.
NOTEBOOKS = [path for name in ("00_*", "06_*") for path in sorted((ROOT / "notebooks").glob(f"{name}.ipynb"))]


@pytest.fixture(scope="module")
def lab(need_program: Callable[..., str]) -> Iterator[tuple[Page, list[str], str, str]]:
    """One server and one page for all: (page, its errors, address, token). It works on a copy."""
    executable = need_program(*BROWSERS)
    with tempfile.TemporaryDirectory(prefix="crmlab-lab-", ignore_cleanup_errors=True) as folder:
        for path in NOTEBOOKS:
            workspace(Path(folder), path)
        with server(Path(folder), SETTINGS) as (address, token), browser(executable) as (page, errors):
            yield page, errors, address, token


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_run_all_in_jupyterlab(path: Path, lab: tuple[Page, list[str], str, str]) -> None:
    page, page_errors, address, token = lab
    open_notebook(page, address, token, path.relative_to(ROOT).as_posix())
    stored = figures(cells(page))
    run_all(page)
    now = cells(page)
    errors = [output for cell in code(now) for output in cell["outputs"] if output["output_type"] == "error"]
    assert errors == []
    assert [cell["execution_count"] for cell in code(now)] == list(range(1, len(code(now)) + 1))
    assert stored > 0 and figures(now) == stored
    picture = page.locator(".jp-OutputArea-output img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    assert page_errors == []


def code(notebook: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cell for cell in notebook if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]


def figures(notebook: list[dict[str, Any]]) -> int:
    return sum("image/png" in output.get("data", {}) for cell in code(notebook) for output in cell["outputs"])
