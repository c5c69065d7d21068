"""See a notebook as a student does: in JupyterLab, in a headless browser.

    python tools/screenshot.py notebooks/06_value.ipynb /tmp/06.png          the first screen
    python tools/screenshot.py notebooks/06_value.ipynb /tmp/06.png --full   all of it: 06-01.png, 06-02.png …
    python tools/screenshot.py … --run                                       Run All first

The notebook is opened in a copy of the workbook's folders, so no file of the project is touched. The
end-to-end test (`tests/test_end_to_end.py`) uses the same functions.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Page, sync_playwright

from tools.notebook import ROOT, kernel_environment

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERVER_SECONDS = 120
PAGE_SECONDS = 180
RUN_SECONDS = 600

NO_BROWSER = f"""No browser was found ({", ".join(BROWSERS)}). One of these brings it; then try again.
  Debian and Ubuntu: sudo apt-get install chromium   (Ubuntu: chromium-browser)
  macOS: install Google Chrome or Chromium in Applications
  Windows: install Google Chrome, or use the Microsoft Edge that Windows has"""
# Where a browser stands that is not on the path.
PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "win32": (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    ),
}

# JupyterLab asks the network for news, and its notice covers a corner of the page.
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False},
}
# Normally only the cells on the screen exist in the page. A picture of all of it needs all of them.
WHOLE_PAGE: dict[str, dict[str, Any]] = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}


def browser_path() -> str | None:
    """The system's Chromium or Chrome, if there is one."""
    on_the_path = [path for name in BROWSERS if (path := shutil.which(name))]
    return next(iter([*on_the_path, *filter(os.path.isfile, PLACES.get(sys.platform, ()))]), None)


def workspace(folder: Path, notebook: Path) -> str:
    """Copy the workbook's folders into `folder`; the path of the notebook's copy in there.

    A notebook from elsewhere (a draft) is put among the chapters.
    """
    for name in ("notebooks", "exercises"):
        ignored = shutil.ignore_patterns(".ipynb_checkpoints", "private")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, dirs_exist_ok=True)
    notebook = notebook.resolve()
    if notebook.is_relative_to(ROOT):
        return notebook.relative_to(ROOT).as_posix()
    shutil.copy(notebook, folder / "notebooks" / notebook.name)
    return f"notebooks/{notebook.name}"


@contextmanager
def server(root: Path, settings: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """JupyterLab on a free port, with no settings but these: (address, token) while it runs."""
    with tempfile.TemporaryDirectory(prefix="crmlab-jupyter-", ignore_cleanup_errors=True) as fresh:
        for name, values in settings.items():
            file = Path(fresh, "settings", f"{name}.jupyterlab-settings")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), encoding="utf-8")
        env = kernel_environment(f"{fresh}/ipython")
        for variable, place in (
            ("JUPYTER_CONFIG_DIR", "config"),
            ("JUPYTER_DATA_DIR", "data"),
            ("JUPYTER_RUNTIME_DIR", "runtime"),
            ("JUPYTERLAB_SETTINGS_DIR", "settings"),
            ("JUPYTERLAB_WORKSPACES_DIR", "workspaces"),
        ):
            env[variable] = f"{fresh}/{place}"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        token = secrets.token_hex(16)
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}"),
        ]
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            wait_for_server(process)
            yield f"http://127.0.0.1:{port}", token
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_server(process: subprocess.Popen[str]) -> None:
    """Read the server's log until it says that it listens; then keep emptying the pipe in the background."""
    assert process.stderr is not None
    alarm = threading.Timer(SERVER_SECONDS, process.kill)
    alarm.start()
    last: deque[str] = deque(maxlen=20)
    try:
        for line in process.stderr:
            last.append(line)
            if "is running at" in line:
                break
        else:
            raise RuntimeError(f"JupyterLab did not start within {SERVER_SECONDS} s. Its last lines:\n{''.join(last)}")
    finally:
        alarm.cancel()
    threading.Thread(target=deque, args=(process.stderr,), kwargs={"maxlen": 0}, daemon=True).start()


@contextmanager
def browser(executable: str, width: int = 1280, height: int = 1000) -> Iterator[tuple[Page, list[str]]]:
    """A page in a headless browser, and the list that its uncaught errors are added to."""
    flags = [*BROWSER_FLAGS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=flags)
        try:
            page = chromium.new_page(viewport={"width": width, "height": height})
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.set_default_timeout(PAGE_SECONDS * 1000)
            yield page, errors
        finally:
            chromium.close()


# What follows asks the notebook's model in the page, not its pixels.
NOTEBOOK = "const nb = window.jupyterapp?.shell?.currentWidget; const cells = nb?.content?.model?.cells;"
CODE = "[...cells].filter(c => c.type === 'code' && c.sharedModel.source.trim())"


def open_notebook(page: Page, address: str, token: str, path: str) -> None:
    """Open the notebook and wait until its kernel is idle."""
    page.goto(f"{address}/lab/tree/{path}?token={token}&reset")
    page.wait_for_function(
        f"() => {{ {NOTEBOOK} return cells?.length > 0 && nb.context.isReady"
        " && nb.sessionContext.session?.kernel?.status === 'idle'; }"
    )


def run_all(page: Page) -> None:
    """Clear all outputs, Run All, and wait until every code cell ran or one has failed."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.wait_for_function(f"() => {{ {NOTEBOOK} return {CODE}.every(c => c.executionCount === null); }}")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(
        f"() => {{ {NOTEBOOK} const code = {CODE};"
        " const failed = code.some(c => c.sharedModel.outputs.some(o => o.output_type === 'error'));"
        " return nb.sessionContext.session.kernel.status === 'idle'"
        " && (failed || code.every(c => c.executionCount !== null)); }",
        timeout=RUN_SECONDS * 1000,
    )


def cells(page: Page) -> list[dict[str, Any]]:
    """The notebook's cells as the page holds them now (in the file format)."""
    result: list[dict[str, Any]] = page.evaluate(f"() => {{ {NOTEBOOK} return [...cells].map(c => c.toJSON()); }}")
    return result


def screens(page: Page) -> Iterator[bytes]:
    """One picture per screen, from the top of the notebook to its end."""
    page.evaluate(
        "() => { const app = window.jupyterapp;"
        " if (!app.shell.leftCollapsed) app.commands.execute('application:toggle-left-area'); }"
    )
    page.wait_for_function("() => [...document.querySelectorAll('.jp-Notebook img')].every(i => i.complete)")
    panel = page.locator(".jp-NotebookPanel:visible").first
    scroller = panel.locator(".jp-WindowedPanel-outer").first
    size = scroller.evaluate(
        "e => ({one: e.clientHeight, all: Math.max(...[...e.querySelectorAll('.jp-Cell')]"
        ".map(c => c.getBoundingClientRect().bottom)) - e.getBoundingClientRect().top + e.scrollTop})"
    )
    step = size["one"] - 40  # a few lines twice, so that nothing is cut in half
    for number in range(max(1, math.ceil((size["all"] - 40) / step))):
        scroller.evaluate("(e, top) => { e.scrollTop = top; }", number * step)
        page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
        yield panel.screenshot()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("out", type=Path, help="a .png; with --full one file per screen: OUT-01.png …")
    parser.add_argument("--full", action="store_true", help="the whole notebook instead of the first screen")
    parser.add_argument("--run", action="store_true", help="Run All first, instead of showing stored outputs")
    options = parser.parse_args(arguments)
    executable = browser_path()
    if not executable:
        raise SystemExit(NO_BROWSER)
    if not options.notebook.is_file():
        raise SystemExit(f"{options.notebook}: there is no such notebook")
    with tempfile.TemporaryDirectory(prefix="crmlab-lab-", ignore_cleanup_errors=True) as folder:
        path = workspace(Path(folder), options.notebook)
        with (
            server(Path(folder), SETTINGS | WHOLE_PAGE) as (address, token),
            browser(executable) as (page, errors),
        ):
            open_notebook(page, address, token, path)
            if options.run:
                run_all(page)
            for number, picture in enumerate(screens(page), start=1):
                out = options.out.with_stem(f"{options.out.stem}-{number:02d}") if options.full else options.out
                out.write_bytes(picture)
                print(out)
                if not options.full:
                    break
            for error in errors:
                print(f"error in the page: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
