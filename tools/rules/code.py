"""Rules on code and on what it left behind."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterator

from tools.notebook import Cell, Notebook, dotted
from tools.rules.base import ALL, PROSE, Finding, rule, visible

# Tags nbval acts on, by (file name, cell id), each with the reason. Any other tag is an error.
ALLOWED_TAGS: dict[tuple[str, str], dict[str, str]] = {}

LONGEST_OUTPUT = 60

# --- outputs ---------------------------------------------------------------------------------------------


@rule("executed", ALL, "run `python run.py build` on it")
def executed(nb: Notebook) -> Iterator[Finding]:
    """Every code cell was executed, in order 1, 2, 3 …"""
    for expected, cell in enumerate(nb.code, start=1):
        if cell.count != expected:
            yield cell.number, f"has execution count {cell.count or 'none'}, expected {expected}"
            return


# Calls that show nothing although they end a cell.
SILENT = frozenset(
    "append extend update add sort insert remove seed close setdefault write clear set_option catch_warnings "
    "register observe style use show tight_layout".split()
)


def shows(cell: Cell) -> bool:
    """Whether the code, as written, must leave an output."""
    for statement in cell.statements:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            if dotted(statement.value.func) in ("print", "display"):
                return True
    last = cell.statements[-1] if cell.statements else None
    if not isinstance(last, ast.Expr):
        return False
    value = last.value
    if isinstance(value, ast.Call):
        if dotted(value.func) == "plt.show":
            return True
        inplace = any(keyword.arg == "inplace" for keyword in value.keywords)
        return not inplace and dotted(value.func).rpartition(".")[2] not in SILENT
    return not isinstance(value, ast.Constant) or value.value not in (None, ...)


@rule("output-missing", ALL, "run `python run.py build`; if it should show nothing, assign the value: `_ = …`")
def output_missing(nb: Notebook) -> Iterator[Finding]:
    """A cell that prints, draws or ends in a value has its output stored."""
    for cell in nb.code:
        if shows(cell) and not cell.outputs:
            yield cell.number, f"has no output stored for `{cell.lines[-1].strip()[:50]}`"


@rule("error-output", ALL, "repair the cell; show an expected error with try/except and print")
def error_output(nb: Notebook) -> Iterator[Finding]:
    """No cell stores an error."""
    for cell in nb.code:
        for output in cell.outputs:
            if output.type == "error":
                yield cell.number, f"stores an error: {output.plain[:80]}"


@rule("stderr", ALL, "remove the cause of the warning, or say in prose what it means and avoid it")
def stderr(nb: Notebook) -> Iterator[Finding]:
    """No warnings in the outputs (a progress bar may stay)."""
    for cell in nb.code:
        for output in cell.outputs:
            text = output.plain.replace("[progress bar]", "").strip()
            if output.name == "stderr" and text:
                yield cell.number, f"shows a warning: {text.splitlines()[0][:80]}"


RAW = re.compile(
    r"^\s*(?:<[\w.]+[^\n]*>|\[<[^\n]*|Text\(.*|\(?array\(\[<.*|np\.\w+\(.*|<bound method.*"
    r"|\{?.*<matplotlib\.[^\n]*|<class 'statsmodels.*)\s*$",
    re.DOTALL,
)


@rule("raw-repr", ALL, "end the cell with plt.show(), print a rounded value, or show a small table")
def raw_repr(nb: Notebook) -> Iterator[Finding]:
    """No output is only Python's name for an object, nor a raw statsmodels summary."""
    for cell in nb.code:
        for output in cell.outputs:
            text = "" if output.type == "stream" else visible(output)
            if not output.html and RAW.match(text):
                yield cell.number, f"shows `{text.strip()[:50]}`"
            elif "Dep. Variable:" in output.plain:
                yield cell.number, "shows a raw model summary; show the coefficient table instead"


@rule("address", ALL, "show something about the object that stays the same")
def address(nb: Notebook) -> Iterator[Finding]:
    """No memory address in an output."""
    for cell in nb.code:
        if any(re.search(r"\b0x(?:\.\.\.|[0-9a-fA-F]{5,})", visible(output)) for output in cell.outputs):
            yield cell.number, "shows a memory address"


@rule("rounding", PROSE, "round before showing: .round(2), f'{x:.1f}'")
def rounding(nb: Notebook) -> Iterator[Finding]:
    """No number is shown with more than six decimals."""
    for cell in nb.code:
        for output in cell.outputs:
            found = re.search(r"\d*\.\d{7,}", visible(output))
            if found:
                yield cell.number, f"shows {found[0]}"
                break


@rule("long-output", ALL, "show .head(), or a summary")
def long_output(nb: Notebook) -> Iterator[Finding]:
    """No output is longer than a screen (60 lines or table rows)."""
    for cell in nb.code:
        for output in cell.outputs:
            length = output.html.count("<tr") or (0 if output.is_figure else len(output.plain.splitlines()))
            if length > LONGEST_OUTPUT:
                yield cell.number, f"has an output of {length} lines"


ABSOLUTE = re.compile(
    r"(?<![\w/.:<~])/(?:home|tmp|usr|var|root|work|mnt|opt|srv|Users|private|content)/\S+|\b[A-Za-z]:(?:\\{1,2}|/)\w\S*"
)


@rule("absolute-path", ALL, "use crmlab.data, and paths relative to the notebook")
def absolute_path(nb: Notebook) -> Iterator[Finding]:
    """No path of one machine, in code, text or outputs."""
    for cell in nb.cells:
        for text in (cell.source, *(visible(output) for output in cell.outputs)):
            found = ABSOLUTE.search(text)
            if found:
                yield cell.number, f"contains the path {found[0][:60]}"
                break


# --- code ------------------------------------------------------------------------------------------------


@rule("magic", ALL, "plain Python only: no %time, %matplotlib, !pip …")
def magic(nb: Notebook) -> Iterator[Finding]:
    """Every code cell is plain Python that parses: no magics, no shell, no help with `?`."""
    for cell in nb.code:
        if cell.tree is None:
            bad = next((line for line in cell.lines if re.match(r"\s*[%!]|.*\?$", line)), None)
            yield cell.number, f"uses `{bad.strip()[:50]}`" if bad else "is not valid Python"


@rule("semicolon", ALL, "remove it; end a figure's cell with plt.show()")
def semicolon(nb: Notebook) -> Iterator[Finding]:
    """No line ends in `;`, which hides an output from the reader but not from nbval."""
    for cell in nb.code:
        if cell.tree is None:
            continue
        tokens = list(tokenize.generate_tokens(io.StringIO(cell.source).readline))
        ends = (tokenize.NEWLINE, tokenize.COMMENT, tokenize.ENDMARKER)
        for token, following in itertools.pairwise(tokens):
            if token.type == tokenize.OP and token.string == ";" and following.type in ends:
                yield cell.number, f"ends a line in `;`: {token.line.strip()[:50]}"


@rule("tag", ALL, "remove it; a needed exception goes into ALLOWED_TAGS in tools/rules/code.py with its reason")
def tag(nb: Notebook) -> Iterator[Finding]:
    """No cell tag and no nbval comment that is not listed with a reason (unknown and misspelt ones too)."""
    for cell, raw in zip(nb.cells, nb.raw["cells"], strict=True):
        allowed = ALLOWED_TAGS.get((nb.path.name, str(raw.get("id"))), {})
        for name in cell.tags:
            if name not in allowed:
                yield cell.number, f"has the tag `{name}`"
        if cell.type == "code":
            for name in re.findall(r"^\s*#\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)\s*$", cell.source, re.MULTILINE):
                yield cell.number, f"has the comment `# {name}`"


BOOTSTRAP = {"regplot", "lmplot", "barplot", "pointplot", "lineplot", "catplot", "relplot"}


@rule("figure-seed", ALL, "pass seed=0, or errorbar=None")
def figure_seed(nb: Notebook) -> Iterator[Finding]:
    """A seaborn figure with a bootstrapped interval has a seed: the picture would differ every time."""
    for cell in nb.code:
        for name, call in cell.calls:
            package, _, function = name.rpartition(".")
            if package in ("sns", "seaborn") and function in BOOTSTRAP:
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                fixed = [value for key in ("errorbar", "ci", "estimator") if (value := given.get(key)) is not None]
                harmless = any(isinstance(value, ast.Constant) and value.value in (None, "sd", "se") for value in fixed)
                if "seed" not in given and not harmless:
                    yield cell.number, f"calls {name} without a seed"


@rule("random", ALL, "rng = np.random.default_rng(2024); df.sample(…, random_state=0)")
def random(nb: Notebook) -> Iterator[Finding]:
    """No randomness without a seed."""
    for cell in nb.code:
        for name, call in cell.calls:
            keywords = {keyword.arg for keyword in call.keywords}
            unseeded = not call.args and not keywords
            last = name.rpartition(".")[2]
            if (
                (last == "default_rng" and unseeded)
                or (re.match(r"(?:np|numpy)\.random\.[a-z]", name) and last != "default_rng")
                or name.startswith(("random.", "secrets.", "uuid.", "os.urandom"))
                or (
                    last == "sample"
                    and name.count(".")
                    and not keywords & {"random_state", "rng"}
                    and "rng" not in name
                )
            ):
                yield cell.number, f"calls {name} without a seed"


CLOCK = re.compile(
    r"(?:^|\.)(?:now|utcnow|today|time\.time|perf_counter|process_time|monotonic|timeit|ctime|localtime|object)$"
)


@rule("clock", ALL, "use the company's own dates; measure speed in benchmarks/")
def clock(nb: Notebook) -> Iterator[Finding]:
    """No time of day and no bare object(): neither is the same twice."""
    for cell in nb.code:
        for name, _ in cell.calls:
            if CLOCK.search(name) or (name == "time.time"):
                yield cell.number, f"calls {name}()"


@rule("warning-filter", ALL, "remove the cause of the warning")
def warning_filter(nb: Notebook) -> Iterator[Finding]:
    """No warning is switched off."""
    for cell in nb.code:
        for name, _ in cell.calls:
            if name.rpartition(".")[2] in ("filterwarnings", "simplefilter", "captureWarnings"):
                yield cell.number, f"calls {name}"


@rule("network", ALL, "use crmlab.data.load or crmlab.data.real")
def network(nb: Notebook) -> Iterator[Finding]:
    """No network: no address in code and no module that opens one."""
    modules = {"urllib", "requests", "httpx", "socket", "ftplib", "aiohttp", "subprocess"}
    for cell in nb.code:
        for node in cell.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if re.match(r"(?:https?|ftp|s3)://", node.value):
                    yield cell.number, f"opens {node.value[:60]}"
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                if name.partition(".")[0] in modules:
                    yield cell.number, f"imports {name}"


@rule("data-door", PROSE, "data.load(…), data.truth(…) and data.real(…) are the only doors to tables")
def data_door(nb: Notebook) -> Iterator[Finding]:
    """Tables come through crmlab.data, not from files."""
    for cell in nb.code:
        for name, _ in cell.calls:
            if name == "open" or re.match(r"(?:pd|pandas)\.read_(?:csv|parquet|excel|json|pickle)$", name):
                yield cell.number, f"calls {name}"


@rule("truth-door", PROSE, "move it under a heading that says `truth`")
def truth_door(nb: Notebook) -> Iterator[Finding]:
    """The truth is opened only in a section whose heading says so."""
    for cell in nb.code:
        if "truth" not in cell.heading.lower() and any(name == "data.truth" for name, _ in cell.calls):
            yield cell.number, f"opens the truth in the section {cell.heading!r}"
