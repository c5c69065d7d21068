"""Write the company's tables: `python -m crmlab.company [folder]`.

Makes `datasets/lantern_leaf/` from the shipped seed: compressed CSV files, the truth in a folder of
its own, and `datapackage.json`, the data dictionary (Frictionless) of published and planned tables.
The files are the same bytes every time.
"""

import gzip
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any, cast

import pandas as pd

from crmlab.company import COURSE_PEOPLE, COURSE_SEED, PARAMETERS, World, simulate
from crmlab.company.effects import effects
from crmlab.company.parameters import MEMBERS_PER_ROW, as_dict

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "datasets" / "lantern_leaf"


def write(folder: Path) -> None:
    """Write every published table, the truth and the data dictionary into `folder`."""
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    version = (TARGET / "VERSION").read_text(encoding="utf-8").strip()
    frames = simulate(COURSE_SEED)
    made: dict[str, dict[str, Any]] = {}
    for name, frame in frames.items():
        small = len(frame) < 1000
        path = f"{name}.csv" if small else f"{name}.csv.gz"
        text = csv_text(frame)
        (folder / path).write_bytes(text if small else gzip.compress(text, mtime=0))
        made[name] = {"path": path, "rows": len(frame), "hash": "sha256:" + sha256(folder / path)}
    world = World(COURSE_SEED, COURSE_PEOPLE)
    for name, content in (("parameters", as_dict(PARAMETERS)), ("effects", effects(world))):
        path = f"truth/{name}.json"
        write_json(folder / path, content)
        made[f"truth/{name}"] = {"path": path, "hash": "sha256:" + sha256(folder / path)}
    package = dictionary(frames, made, version)
    write_json(folder / "datapackage.json", package)
    if folder == TARGET:
        page = folder.parent / "README.md"
        page.write_text(with_cards(page.read_text(encoding="utf-8"), package), encoding="utf-8", newline="\n")


def csv_text(frame: pd.DataFrame) -> bytes:
    """The table as CSV: dates without time, amounts with two decimals as they are."""
    text = io.StringIO()
    frame.to_csv(text, index=False, date_format="%Y-%m-%d", lineterminator="\n")
    return text.getvalue().encode()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def dictionary(
    frames: dict[str, pd.DataFrame], made: dict[str, dict[str, Any]], version: str
) -> dict[str, Any]:
    """The data dictionary in the Frictionless form, from `tables.csv` and `dictionary.csv`."""
    tables = pd.read_csv(HERE / "tables.csv", dtype="str", keep_default_na=False)
    columns = pd.read_csv(HERE / "dictionary.csv", dtype="str", keep_default_na=False)
    resources = []
    for entry in cast("list[dict[str, str]]", tables.to_dict("records")):
        name = entry["table"]
        mine = cast("list[dict[str, str]]", columns[columns["table"] == name].to_dict("records"))
        frame = frames.get(name)
        if frame is not None and list(frame) != [row["column"] for row in mine]:
            raise ValueError(f"{name}: columns {list(frame)} are not those of dictionary.csv")
        fields = [_field(row, frame) for row in mine]
        keys = [row["column"] for row in mine if row["key"]]
        links = [_link(row) for row in mine if row["references"]]
        resources.append(
            {
                "name": name,
                **made.get(name, {}),
                "grain": entry["grain"],
                "scale": entry["scale"],
                "status": entry["status"],
                "chapter": entry["chapter"],
                "truth": name.startswith("truth/"),
                "schema": {"fields": fields, "primaryKey": keys, "foreignKeys": links},
            }
        )
    for name, grain in (("effects", "true effects of the experiments"), ("parameters", "all that was planted")):
        entry = {"grain": grain, "scale": "firm", "status": "published", "chapter": "00"}
        resources.append({"name": f"truth/{name}", **made[f"truth/{name}"], **entry, "truth": True})
    return {
        "name": "lantern_leaf",
        "title": "Lantern Leaf Tea, a simulated company",
        "version": version,
        "licenses": [{"name": "CC-BY-4.0"}],
        "generator": {"module": "crmlab.company", "seed": COURSE_SEED, "people": COURSE_PEOPLE},
        "scale": f"tables of scale 'sample' hold one in {MEMBERS_PER_ROW} of the firm's members",
        "resources": resources,
    }


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
        "`data.describe(name)`, or `lantern_leaf/datapackage.json`, which also lays down the tables of later chapters.",
        "",
        "| table | rows | one row is | scale | SHA-256 of the file |",
        "|---|---|---|---|---|",
    ]
    for entry in package["resources"]:
        if entry["status"] == "published":
            grain = entry["grain"].removeprefix("one row ")
            rows = f"{entry['rows']:,}" if "rows" in entry else "–"
            digest = entry["hash"].removeprefix("sha256:")
            lines.append(f"| `{entry['name']}` | {rows} | {grain} | {entry['scale']} | `{digest}` |")
    return before + "\n".join([*lines, ""]) + after


def _field(row: dict[str, str], frame: pd.DataFrame | None) -> dict[str, Any]:
    field: dict[str, Any] = {"name": row["column"], "type": row["type"], "description": row["description"]}
    if row["unit"]:
        field["unit"] = row["unit"]
    constraints: dict[str, Any] = {}
    if row["required"]:
        constraints["required"] = True
    if frame is not None and isinstance(frame[row["column"]].dtype, pd.CategoricalDtype):
        constraints["enum"] = list(frame[row["column"]].cat.categories)
    return field | ({"constraints": constraints} if constraints else {})


def _link(row: dict[str, str]) -> dict[str, Any]:
    table, column = row["references"].split(".")
    return {"fields": [row["column"]], "reference": {"resource": table, "fields": [column]}}


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
