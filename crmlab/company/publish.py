"""Write the company's tables from the shipped seed: `python -m crmlab.company [folder]`.

Makes `datasets/lantern_leaf/`: CSV files (compressed if they are long), the truth in a folder of its own, and
`datapackage.json`, the data dictionary (Frictionless), which follows from `@table` and the parameters. The files are
the same bytes every time on a machine with the same `arithmetic`; on another, last digits may differ by the `step`
of each column of numbers.
"""

import gzip
import hashlib
import io
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy import special

from crmlab.company import COURSE_PEOPLE, COURSE_SEED, TABLES, World
from crmlab.company.core.effects import effects
from crmlab.company.firm import MEMBERS_PER_ROW
from crmlab.company.parameters import as_dict, described
from crmlab.company.tables import Column, Table

TARGET = Path(__file__).parents[2] / "datasets" / "lantern_leaf"
LONG = 1000  # rows from which a file is compressed


def write(folder: Path) -> None:
    """Write every table, the truth and the data dictionary into `folder`."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    world = World(COURSE_SEED, COURSE_PEOPLE)
    frames = {name: made(world) for name, made in TABLES.items()}
    content = files(world, frames)
    for path, text in content.items():
        (folder / path).write_bytes(gzip.compress(text, mtime=0) if path.endswith(".gz") else text)
    hashes = {path: "sha256:" + hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in content}
    version = (TARGET / "VERSION").read_text(encoding="utf-8").strip()
    package = dictionary(frames, hashes, version)
    (folder / "datapackage.json").write_bytes(json_text(package))
    if folder == TARGET:
        page = folder.parent / "README.md"
        page.write_text(with_cards(page.read_text(encoding="utf-8"), package), encoding="utf-8", newline="\n")


def files(world: World, frames: dict[str, pd.DataFrame]) -> dict[str, bytes]:
    """The text of every file by its path, before compression."""
    made = {path_of(name, frame): csv_text(frame) for name, frame in frames.items()}
    made["truth/parameters.json"] = json_text(as_dict(world.parameters))
    made["truth/effects.json"] = json_text(effects(world))
    return made


def path_of(name: str, frame: pd.DataFrame) -> str:
    return f"{name}.csv" if len(frame) < LONG else f"{name}.csv.gz"


def csv_text(frame: pd.DataFrame) -> bytes:
    """The table as CSV: dates without time, amounts with two decimals as they are."""
    text = io.StringIO()
    frame.to_csv(text, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    return text.getvalue().encode()


def json_text(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def arithmetic() -> str:
    """Fingerprint of how this machine computes: the last digits of the functions the company is made with.

    Processors and versions of numpy differ there; where the fingerprint is the recorded one, every digit must agree.
    """
    grid = np.linspace(0.003, 0.997, 4001)
    values = (
        np.exp(8 * grid - 4), np.log(grid), np.log1p(-grid), np.cos(6 * grid), np.sqrt(grid), grid**1.25, grid**1.3,
        special.ndtri(grid), special.ndtr(8 * grid - 4), special.expit(8 * grid - 4),
        special.betaincinv(0.8, 2.6, grid), special.gammaincinv(0.9, grid), special.pdtrik(grid, 9.0),
        np.linalg.solve(np.eye(9) + 0.1, grid[:9]),
    )  # fmt: skip
    return hashlib.sha256(b"".join(np.ascontiguousarray(v).tobytes() for v in values)).hexdigest()[:16]


def step(values: pd.Series) -> float:
    """What the last digits of a column may differ by on another machine: a unit of its last decimal.

    A column that is not rounded may differ by a millionth of its own spread.
    """
    known = values.dropna().to_numpy(dtype=float)
    for decimals in range(7):
        if np.array_equal(np.round(known, decimals), known):
            return float(f"1e-{decimals}")
    return float(f"{1e-6 * known.std():.1e}")


def dictionary(frames: dict[str, pd.DataFrame], hashes: dict[str, str], version: str) -> dict[str, Any]:
    """The data dictionary in the Frictionless form."""
    resources = [_resource(TABLES[name], frame, hashes) for name, frame in frames.items()]
    for name, grain in (("effects", "true effects of the experiments"), ("parameters", "all that was planted")):
        path = f"truth/{name}.json"
        entry: dict[str, Any] = {"name": f"truth/{name}", "path": path, "hash": hashes[path], "grain": grain}
        entry |= {"scale": "firm", "chapter": "00", "truth": True}
        if name == "parameters":
            entry["schema"] = {"fields": [_planted(one) for one in described()]}
        resources.append(entry)
    return {
        "name": "lantern_leaf",
        "title": "Lantern Leaf Tea, a simulated company",
        "version": version,
        "licenses": [{"name": "CC-BY-4.0"}],
        "generator": {
            "module": "crmlab.company",
            "seed": COURSE_SEED,
            "people": COURSE_PEOPLE,
            "arithmetic": arithmetic(),
            "made_on": f"{platform.system()} {platform.machine()}, numpy {np.__version__}, scipy {scipy.__version__}",
        },
        "scale": f"tables of scale 'sample' hold one in {MEMBERS_PER_ROW} of the firm's members",
        "resources": resources,
    }


def _resource(made: Table, frame: pd.DataFrame, hashes: dict[str, str]) -> dict[str, Any]:
    path = path_of(made.name, frame)
    links = [column for column in made.columns if column.references]
    return {
        "name": made.name,
        "path": path,
        "rows": len(frame),
        "hash": hashes[path],
        "grain": made.grain,
        "scale": made.scale,
        "chapter": made.chapter,
        "truth": made.truth,
        "schema": {
            "fields": [_field(column, frame[column.name]) for column in made.columns],
            "primaryKey": [column.name for column in made.columns if column.key],
            "foreignKeys": [_link(column) for column in links],
        },
    }


def _field(column: Column, values: pd.Series) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": column.type, "description": column.description}
    if column.unit:
        field["unit"] = column.unit
    if column.type == "number":
        field["step"] = step(values)
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if isinstance(values.dtype, pd.CategoricalDtype):
        constraints["enum"] = list(values.cat.categories)
    return field | ({"constraints": constraints} if constraints else {})


def _link(column: Column) -> dict[str, Any]:
    table, name = column.references.rsplit(".", 1)
    return {"fields": [column.name], "reference": {"resource": table, "fields": [name]}}


def _planted(one: dict[str, Any]) -> dict[str, Any]:
    """A parameter in the data dictionary: its story, sentence, unit and range."""
    kinds = {"tuple": "array", "dict": "object", "int": "integer"}
    kind = kinds.get(type(one["value"]).__name__, "number")
    field: dict[str, Any] = {"name": one["name"], "type": kind, "description": f"{one['story']}: {one['description']}"}
    if one["unit"]:
        field["unit"] = one["unit"]
    if one["minimum"] is not None:
        field["range"] = [one["minimum"], one["maximum"]]  # of every number in it, or of each
    return field


def with_cards(page: str, package: dict[str, Any]) -> str:
    """The page of data cards with the company's section, between its marks, written anew."""
    begin, end = "<!-- company: begin", "<!-- company: end -->"
    before, after = page[: page.index(begin)], page[page.index(end) :]
    made = package["generator"]
    lines = [
        "<!-- company: begin (written by python -m crmlab.company) -->",
        "",
        f"**Lantern Leaf Tea**, version {package['version']}: made by `{made['module']}` from seed {made['seed']} with "
        f"{made['people']:,} people; CC BY 4.0. Fictional: any likeness to a firm, place or person is accidental.",
        "",
        f"*Scale.* Tables of scale *sample* hold one in {MEMBERS_PER_ROW} of the firm's members: multiply their "
        f"counts and sums by {MEMBERS_PER_ROW} to speak of the firm. Tables of scale *firm* are complete. Money is in "
        "yuan, dates are days, weeks have seven days from a customer's first order. Columns, types and units: "
        "`data.describe(name)`, or `lantern_leaf/datapackage.json`.",
        "",
        "| table | rows | one row is | scale | SHA-256 of the file |",
        "|---|---|---|---|---|",
    ]
    for entry in package["resources"]:
        grain = entry["grain"].removeprefix("one row ")
        rows = f"{entry['rows']:,}" if "rows" in entry else "–"
        digest = entry["hash"].removeprefix("sha256:")
        lines.append(f"| `{entry['name']}` | {rows} | {grain} | {entry['scale']} | `{digest}` |")
    return before + "\n".join([*lines, ""]) + after
