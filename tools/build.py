"""Execute notebooks and store their outputs, so that nothing but a real change shows in a diff.

    python tools/build.py                      every notebook, then the generated tables
    python tools/build.py notebooks/06_*.ipynb these only
    python tools/build.py --check              execute, report what differs, write nothing

A notebook is written only if it changed and only after every cell of it ran. A figure of which another
processor drew some pixels in another shade has not changed: the stored one is kept (`tools/picture.py`). A
notebook that fails is left as it was; the others are still built. All run in this one process, because starting
Jupyter's libraries costs more than a short notebook does.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import hashlib
import json
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# jsonschema compiles a grammar with this module as it is imported, which takes four seconds, for a check of
# addresses that no notebook needs; it does without when the module cannot be imported.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools.notebook import (
    as_text,
    find,
    kernel_environment,
    settle_stored,
    shown,
    write_atomically,
)
from tools.picture import look_equal

CELL_SECONDS = 300
NOTEBOOK_SECONDS = 1800
PNG = "image/png"
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class NotebookFailed(Exception):
    """A notebook did not run to its end; the message says where and why, in lines for a person."""


class KernelDied(NotebookFailed):
    """The cell took the kernel with it: nothing more can be run."""


# --- execute ---------------------------------------------------------------------------------------------


class ThisPython(KernelSpecManager):
    """Whatever kernel a notebook names, use the interpreter that runs this script."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class PlainClient(NotebookClient):
    """A client that plays no browser for widgets: what `interact` prints or draws is the cell's output.

    nbval records outputs in this way, so an interactive cell is stored and checked like any other. It also
    avoids a hang: nbclient's stand-in for the output widget writes to the kernel on the very socket it is
    waiting on, and the wake-up for the answer can be lost until the time-out.
    """

    def clear_output(self, outs: list[Any], msg: dict[str, Any], cell_index: int) -> None:
        """Ignored, as in nbval; `interact` clears before it draws for the first time."""


@asynccontextmanager
async def running(nb: Any, folder: Path, env: dict[str, str]) -> AsyncIterator[PlainClient]:
    """A client with a fresh kernel in `folder`; gone afterwards, whatever happens.

    The cells are to be driven one by one rather than with `NotebookClient.async_execute`, because that takes
    over Ctrl-C: an interrupted build would go on with the next notebook.
    """
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    client = PlainClient(nb, km=kernel, timeout=CELL_SECONDS, record_timing=False)
    client.reset_execution_trackers()
    client.comm_open_handlers = {"jupyter.widget": lambda message: None}
    await kernel.start_kernel(cwd=str(folder), env=env, extra_arguments=["--IPKernelApp.log_level=ERROR"])
    client.kc = kernel.client()
    client.kc.start_channels()
    client.kc.allow_stdin = False
    try:
        await client.kc.wait_for_ready(timeout=120)
        yield client
    finally:
        client.kc.stop_channels()
        await kernel.shutdown_kernel(now=True)


async def run_cell(client: PlainClient, index: int, count: int) -> None:
    """Run one cell; NotebookFailed says where and why it did not come to its end."""
    cell = client.nb.cells[index]
    try:
        await client.async_execute_cell(cell, index, execution_count=count)
    except CellExecutionError as error:
        raise NotebookFailed(describe(error, cell, index + 1)) from None
    except CellTimeoutError:
        raise NotebookFailed(f"{place(cell, index + 1, None)}\n  did not finish in {CELL_SECONDS} s") from None
    except DeadKernelError:
        task = asyncio.current_task()
        if task and task.cancelling():  # Ctrl-C; nbclient takes any cancellation for the kernel's death
            raise asyncio.CancelledError from None
        raise KernelDied(
            f"{place(cell, index + 1, None)}\n  the kernel died: out of memory, or a crash in a compiled library"
        ) from None


async def execute(nb: Any, folder: Path, env: dict[str, str]) -> None:
    """Run every code cell of `nb` in a fresh kernel, in `folder`; outputs are stored in `nb`."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    async with running(nb, folder, env) as client:
        for index in range(len(nb.cells)):
            await run_cell(client, index, client.code_cells_executed + 1)


def place(cell: Any, number: int, line: int | None) -> str:
    """`cell 14, line 3:  top = …`, or the first line of the cell when the failing one is not known."""
    source = as_text(cell.source).splitlines() or [""]
    if line is not None and 1 <= line <= len(source):
        return f"cell {number}, line {line}:  {source[line - 1].strip()}"
    return f"cell {number}:  {source[0].strip()}"


def describe(error: CellExecutionError, cell: Any, number: int) -> str:
    """Where in the notebook, and the error itself; the traceback through libraries helps nobody here."""
    line = None
    for output in cell.outputs:
        if output.output_type == "error":
            trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback))
            found = re.search(r"Cell In\[\d+\], line (\d+)", trace)
            line = int(found[1]) if found else None
    value = (error.evalue or "").strip().splitlines() or [""]
    return f"{place(cell, number, line)}\n  {error.ename}: {value[0]}"


# --- normalise -------------------------------------------------------------------------------------------


def normalise(nb: Any) -> Any:
    """Leave in an executed notebook what its text and code determine, and nothing of this run or machine."""
    kept = nb.metadata.get("crmlab")
    nb.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    if kept:
        nb.metadata["crmlab"] = kept
    for index, cell in enumerate(nb.cells):
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.source = as_text(cell.source).rstrip()
        if cell.cell_type == "code":
            cell.outputs = outputs(cell.outputs, first_id=16 * (index + 1))
        else:
            cell.pop("attachments", None)
    return nb


def read(text: str) -> Any:
    """The notebook in a file's text, each cell with an id of its own.

    Missing and doubled ids are settled here, because nbformat would give random ones.
    """
    raw = json.loads(text)
    if raw.get("nbformat") != 4:
        raise ValueError("only notebooks of format 4 can be built; open and save it in JupyterLab first")
    raw["nbformat_minor"] = 5
    used: set[str] = set()
    for cell in raw["cells"]:
        cell["id"] = cell_id(cell, used)
    return nbformat.reads(json.dumps(raw), as_version=4)


def cell_id(cell: dict[str, Any], used: set[str]) -> str:
    """The cell's own id; where it has none, or shares one, an id made from its text."""
    name = cell.get("id") or ""
    twin = 0
    while not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) or name in used:
        name = hashlib.sha256(f"{twin}\n{cell['cell_type']}\n{as_text(cell['source'])}".encode()).hexdigest()[:8]
        twin += 1
    used.add(name)
    return str(name)


def outputs(raw: list[Any], first_id: int) -> list[Any]:
    """Outputs with neighbouring streams joined, run-dependent text replaced and widgets left out.

    Within a run of stream outputs standard output comes first: which of the two streams is flushed first
    depends on a timer.
    """
    result: list[Any] = []
    streams: dict[str, Any] = {}
    for output in raw:
        if output.output_type == "stream":
            if output.name in streams:
                streams[output.name].text += output.text
            else:
                streams[output.name] = output
            continue
        result += in_order(streams)
        streams = {}
        output.get("data", {}).pop(WIDGET, None)  # a control lives only while its kernel does
        result.append(output)
    result += in_order(streams)
    for output in result:
        settle_output(output, first_id)
    return result


def in_order(streams: dict[str, Any]) -> list[Any]:
    return [streams[name] for name in ("stdout", "stderr") if name in streams]


def settle_output(output: Any, first_id: int) -> None:
    """Replace run-dependent text in one output, in place."""
    if output.output_type == "stream":
        # A terminal overwrites the line at each carriage return (progress bars); so do Jupyter and nbval.
        text = re.sub(r"^.*\r(?=[^\n])", "", output.text, flags=re.MULTILINE)
        output.text = settle_stored(text, first_id)
        return
    for mime, value in output.get("data", {}).items():
        if isinstance(value, str) and mime.startswith("text/"):
            output.data[mime] = settle_stored(value, first_id)


def keep_pictures(nb: Any, stored: Any) -> None:
    """Take over from the stored notebook each figure that looks the same as the new one."""
    before = {cell.id: pictures(cell) for cell in stored.cells}
    for cell in nb.cells:
        old, new = before.get(cell.id, []), pictures(cell)
        for was, now in zip(old, new, strict=True) if len(old) == len(new) else ():
            with suppress(ValueError):  # what was stored is no picture
                if look_equal(was[PNG], now[PNG]):
                    now[PNG] = was[PNG]


def pictures(cell: Any) -> list[Any]:
    """The data of each output of a cell that holds a picture."""
    return [output.data for output in cell.get("outputs", ()) if PNG in output.get("data", {})]


def as_file(nb: Any) -> str:
    """The notebook's text as Jupyter itself writes it, with a final newline."""
    return nbformat.writes(nb, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


# --- command ---------------------------------------------------------------------------------------------


def difference(old: str, new: str) -> str:
    """The first changed lines, pictures cut short."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), "stored", "now", n=0, lineterm="")
    changed = [line[:120] for line in lines if line[0] in "+-" and not line.startswith(("---", "+++"))]
    rest = f"\n    … and {len(changed) - 8} more lines" if len(changed) > 8 else ""
    return "\n".join(f"    {line}" for line in changed[:8]) + rest


async def build_one(path: Path, write: bool, env: dict[str, str]) -> bool:
    """Build one notebook and print one line about it; False when it failed or, in a check, differs."""
    begun = time.perf_counter()
    old = path.read_text(encoding="utf-8")
    trouble = ""
    try:
        nb = read(old)
        async with asyncio.timeout(NOTEBOOK_SECONDS):
            await execute(nb, path.parent, env)
        normalise(nb)
        keep_pictures(nb, read(old))
        new = as_file(nb)
        state = "unchanged" if new == old else "written" if write else "DIFFERS"
        if new != old and write:
            write_atomically(path, new)
        elif new != old:
            trouble = difference(old, new)
    except NotebookFailed as error:
        state, trouble = "FAILED", f"  {error}"
    except TimeoutError:
        state, trouble = "FAILED", f"  did not finish in {NOTEBOOK_SECONDS} s"
    except json.JSONDecodeError as error:
        state, trouble = "FAILED", f"  this is not a notebook: the file is not JSON (line {error.lineno})"
    except Exception as error:  # one notebook's trouble must not keep the others from being built
        state, trouble = "FAILED", f"  {type(error).__name__}: {error}"
    print(f"{state:9s} {time.perf_counter() - begun:6.1f} s  {shown(path)}", flush=True)
    if trouble:
        print(trouble, flush=True)
    return state in ("unchanged", "written")


async def build(paths: list[Path], write: bool, jobs: int) -> int:
    """Build all of them, `jobs` at a time; the number that failed or differ."""
    places = asyncio.Semaphore(jobs)
    with tempfile.TemporaryDirectory(prefix="crmlab-ipython-") as ipython:
        env = kernel_environment(ipython)

        async def one(path: Path) -> bool:
            async with places:
                return await build_one(path, write, env)

        return (await asyncio.gather(*(one(path) for path in paths))).count(False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="files or folders (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything would change")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="notebooks run at the same time (default 2)")
    options = parser.parse_args(arguments)
    paths = find(options.notebooks)
    begun = time.perf_counter()
    try:
        bad = asyncio.run(build(paths, not options.check, max(1, options.jobs)))
    except KeyboardInterrupt:
        print("Interrupted: finished notebooks are written, the others are as they were.")
        return 130
    print(f"{len(paths)} notebooks in {time.perf_counter() - begun:.0f} s" + (f", {bad} not right" if bad else ""))
    if not options.notebooks:
        from tools import tables

        bad += tables.main(["--check"] if options.check else [])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
