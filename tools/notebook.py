"""What build, check and tables share: where notebooks are, how one is read, what in its outputs is unstable.

Only the standard library is imported here, so that reading a notebook costs milliseconds.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CURRICULUM = ROOT / "tools" / "curriculum"


# --- where they are --------------------------------------------------------------------------------------

PLACES = ("notebooks", "notebooks/cases", "exercises/solutions")


def all_notebooks(root: Path = ROOT) -> list[Path]:
    """Every notebook whose outputs are stored: chapters, cases and exercise solutions."""
    return [path for place in PLACES for path in sorted((root / place).glob("*.ipynb"))]


def find(names: list[str]) -> list[Path]:
    """The notebooks named on a command line (files or folders), or all of them."""
    if not names:
        return all_notebooks()
    paths: list[Path] = []
    for name in names:
        path = Path(name).resolve()
        if path.is_dir():
            paths += sorted(path.glob("*.ipynb"))
        elif path.suffix == ".ipynb" and path.is_file():
            paths.append(path)
        else:
            raise SystemExit(f"{name}: there is no such notebook or folder")
    return paths


def shown(path: Path) -> str:
    """The path as a person would type it: from the root of the project where that is possible."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def number_of(path: Path) -> str:
    """What a file name begins with: `06`, `06a`, `C5`."""
    return path.name.partition("_")[0]


def chapter_of(number: str) -> str:
    """The chapter a number belongs to: `06` for `06`, `06a` and `06b`."""
    return number.rstrip("abcdefgh")


def kind_of(path: Path) -> str:
    """Which anatomy and which rules a notebook answers to: start, primer, chapter, case or solution."""
    if path.parent.name == "solutions":
        return "solution"
    if path.parent.name == "cases":
        return "case"
    number = number_of(path)
    if chapter_of(number) == "00":
        return "start" if number == "00" else "primer"
    return "chapter"


# --- what changes from run to run ------------------------------------------------------------------------


class Unstable(NamedTuple):
    """One thing in an output that no two runs share.

    `build` writes `replace` into the stored output; nbval applies the same pattern to both sides. That agrees
    only if the pattern leaves its own replacement alone, which `tests/test_net.py` proves for every `sample`.
    """

    name: str
    regex: str
    replace: str
    sample: str


UNSTABLE = (
    Unstable(
        "kernel-file",
        r"[^\s\"'<>]*[\\/]ipykernel_\d+[\\/]\d+\.py",
        "cell.py",
        "/var/run/ipykernel_4711/123.py:1: UserWarning: x",
    ),
    Unstable(
        "package-path",
        r"[^\s\"'<>]*[\\/](?:site|dist)-packages[\\/]",
        "site-packages/",
        "/opt/env/lib/python3.11/site-packages/pandas/core.py:7: FutureWarning",
    ),
    Unstable("address", r"\b0x[0-9a-fA-F]{5,}", "0x...", "<object object at 0x7f3a5c0d1e90>"),
    Unstable("styler-id", r"\bT_[0-9a-f]{5}(?=_|\b)", "T_style", '<td id="T_653ce_row0_col0">'),
    Unstable(
        "model-date",
        r"(Date:[^\n]{0,40}?)(?:[A-Z][a-z]{2}, \d{2} \w{3} \d{4}|\d{4}-\d{2}-\d{2} \d{2}:\d{2})",
        r"\1DATE",
        "Date:                Sat, 21 Nov 2026",
    ),
    Unstable(
        "model-time",
        r"(Time:[^\n]{0,40}?)\d{2}:\d{2}:\d{2}",
        r"\1TIME",
        "Time:                        23:14:01",
    ),
    Unstable(
        "progress-bar",
        r"[^\n]*\[\d\d:\d\d(?::\d\d)?[<,][^\n]*\]",
        "[progress bar]",
        "Fitting: 100%|##########| 10/10 [00:00<00:00, 412.11it/s]",
    ),
    Unstable("progress-gone", r"[ ]{20,}\r", r"\r", " " * 47 + "\r"),
    Unstable(
        "sliders",
        r"^(?:interactive|VBox|HBox)\(children=[^\n]*",
        "[run the cell to get the sliders]",
        "interactive(children=(IntSlider(value=2, description='x', max=5), Output()))",
    ),
)

_COMPILED = [(re.compile(u.regex), u.replace) for u in UNSTABLE]
_STYLER = re.compile(r"\bT_([0-9a-f]{5})(?=_|\b)")


def settle(text: str) -> str:
    """The text with everything in `UNSTABLE` replaced: what nbval compares."""
    for regex, replace in _COMPILED:
        text = regex.sub(replace, text)
    return text


def settle_stored(text: str, first_id: int) -> str:
    """The same for an output that is stored, except that two styled tables keep two ids.

    A Styler's id ties its CSS to its cells; were all of them `T_style`, one table would take another's
    colours when both stand on the same page. They are numbered from `first_id` and still match the pattern.
    """
    ids: dict[str, str] = {}
    for found in _STYLER.findall(text):
        ids.setdefault(found, f"{first_id + len(ids):05x}")
    kept = _STYLER.sub(lambda m: f"T__{ids[m[1]]}", text)
    return re.sub(r"\bT__([0-9a-f]{5})(?=_|\b)", r"T_\1", settle(kept))


def sanitize_cfg() -> str:
    """`tests/sanitize.cfg`, the form in which nbval reads `UNSTABLE`."""
    head = "; Generated by tools/tables.py from UNSTABLE in tools/notebook.py: edit that table, not this file.\n"
    return head + "".join(f"\n[{u.name}]\nregex: {u.regex}\nreplace: {u.replace}\n" for u in UNSTABLE)


def kernel_environment(ipython_dir: str) -> dict[str, str]:
    """The environment in which notebooks run, for `build` and for nbval alike.

    Figures must be inline whatever the caller's backend, and nobody's own IPython start-up files may take
    part. One BLAS thread: with two, the last digits of a least-squares fit differ, and on a busy machine
    with two cores the fit took thirty times as long.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTHONSTARTUP", "FORCE_COLOR")}
    env["IPYTHONDIR"] = ipython_dir
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        env[name] = "1"
    return env


# --- reading ---------------------------------------------------------------------------------------------


def as_text(value: Any) -> str:
    """A source or an output, which the file format keeps as a string or as a list of lines."""
    return "".join(value) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Output:
    """One stored output, its text forms joined."""

    type: str
    name: str
    data: dict[str, str]

    @property
    def plain(self) -> str:
        """What a text terminal would show."""
        return self.data.get("text/plain", "")

    @property
    def html(self) -> str:
        return self.data.get("text/html", "")

    @property
    def is_figure(self) -> bool:
        return any(mime.startswith("image/") for mime in self.data)


@dataclass(frozen=True)
class Cell:
    """One cell; `number` counts all cells from 1, as a reader would."""

    number: int
    type: str
    source: str
    outputs: tuple[Output, ...]
    count: int | None
    tags: tuple[str, ...]
    heading: str  # the level-2 heading it stands under, "" before the first

    @property
    def lines(self) -> list[str]:
        """Lines with something on them."""
        return [line for line in self.source.splitlines() if line.strip()]

    @cached_property
    def tree(self) -> ast.Module | None:
        """The code, parsed; None when it is not plain Python."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None

    @property
    def statements(self) -> list[ast.stmt]:
        return self.tree.body if self.tree else []

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every piece of the code, from the outside in."""
        return list(ast.walk(self.tree)) if self.tree else []

    @cached_property
    def calls(self) -> list[tuple[str, ast.Call]]:
        """Every call with its dotted name (`np.random.default_rng`); "" for what has no plain name."""
        return [(dotted(node.func), node) for node in self.nodes if isinstance(node, ast.Call)]

    @property
    def has_figure(self) -> bool:
        return any(output.is_figure for output in self.outputs)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a name or a chain of attributes; for `f(x).b` only `.b`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def without_code(markdown: str) -> str:
    """Markdown less fenced blocks and `inline code`, keeping the number of lines."""
    markdown = FENCE.sub(lambda m: "\n" * m[0].count("\n"), markdown)
    return re.sub(r"`[^`\n]*`", "", markdown)


def headings(markdown: str) -> list[tuple[int, str]]:
    """(level, text) of each heading of a Markdown cell."""
    found = re.findall(r"^(#{1,6})\s+(.*?)\s*#*$", FENCE.sub("", markdown), re.MULTILINE)
    return [(len(marks), text) for marks, text in found]


def plain_heading(text: str) -> str:
    """A heading's text without markup and doubled spaces."""
    return " ".join(re.sub(r"[`*]", "", text).split())


class Notebook:
    """A notebook as the checks see it."""

    def __init__(self, path: Path, raw: dict[str, Any] | None = None):
        self.path = path
        self.kind = kind_of(path)
        self.raw: dict[str, Any] = raw if raw is not None else json.loads(path.read_text(encoding="utf-8"))
        self.meta: dict[str, Any] = self.raw.get("metadata", {}).get("crmlab") or {}
        self.cells = list(self._read_cells())

    def _read_cells(self) -> Iterator[Cell]:
        heading = ""
        for number, cell in enumerate(self.raw["cells"], start=1):
            source = as_text(cell["source"])
            if cell["cell_type"] == "markdown":
                heading = next((text for level, text in headings(source) if level == 2), heading)
            yield Cell(
                number,
                cell["cell_type"],
                source,
                tuple(self._read_output(output) for output in cell.get("outputs", ())),
                cell.get("execution_count"),
                tuple(cell.get("metadata", {}).get("tags", ())),
                heading,
            )

    @staticmethod
    def _read_output(output: dict[str, Any]) -> Output:
        data = {mime: as_text(value) for mime, value in output.get("data", {}).items()}
        if "text" in output:
            data["text/plain"] = as_text(output["text"])
        if output["output_type"] == "error":
            data["text/plain"] = f"{output['ename']}: {output['evalue']}"
        return Output(output["output_type"], output.get("name", ""), data)

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.type == "code"]

    @property
    def prose(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.type == "markdown"]

    @cached_property
    def headings(self) -> list[tuple[int, str, int]]:
        """(level, text, cell number) in order."""
        return [(level, text, cell.number) for cell in self.prose for level, text in headings(cell.source)]

    @property
    def number(self) -> str:
        return number_of(self.path)

    def parts(self) -> list[Notebook]:
        """The notebooks of this chapter in order: itself, or the two halves of a long one."""
        paths = [path for path in self.path.parent.glob("*.ipynb") if path != self.path]
        same = [path for path in paths if chapter_of(number_of(path)) == chapter_of(self.number)]
        return sorted([self, *(Notebook(path) for path in same)], key=lambda nb: nb.path.name)

    def questions(self) -> dict[str, set[str]]:
        """Exercise → its questions, for the exercises of this chapter: 06 (and 06a in its first half)."""
        found: dict[str, set[str]] = {}
        for path in sorted((self.path.parents[1] / "exercises" / "solutions").glob("*.ipynb")):
            if number_of(path) in (self.number, chapter_of(self.number)):
                found[number_of(path)] = {
                    str(call.args[0].value)
                    for cell in Notebook(path).code
                    for name, call in cell.calls
                    if name.endswith(".answer") and call.args and isinstance(call.args[0], ast.Constant)
                }
        return found

    def under(self, heading: str) -> list[Cell]:
        """The cells under this heading of level 2 or 3, up to the next of its level; [] if there is none."""
        levels = [(level, plain_heading(text), number) for level, text, number in self.headings]
        for index, (level, text, first) in enumerate(levels):
            if level in (2, 3) and text == plain_heading(heading):
                after = (number for other, _, number in levels[index + 1 :] if other <= level)
                end = max(next(after, len(self.cells) + 1), first + 1)
                return self.cells[first - 1 : end - 1]
        return []

    def section(self, start: str) -> list[Cell]:
        """The cells under the first level-2 heading that begins with `start`."""
        return [cell for cell in self.cells if cell.heading.lower().startswith(start.lower())]


def write_atomically(path: Path, text: str) -> None:
    """All of the new file or all of the old one, also when the power goes."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
