"""The committed files are what the seed gives: exactly where the machine computes alike, to a step elsewhere."""

import gzip
import json
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import data
from crmlab.company import COURSE_PEOPLE, COURSE_SEED, TABLES, World, publish
from crmlab.company.parameters import described

FOLDER = publish.TARGET
PACKAGE: dict[str, Any] = json.loads((FOLDER / "datapackage.json").read_text(encoding="utf-8"))
FIELDS = {r["name"]: r.get("schema", {}).get("fields", []) for r in PACKAGE["resources"]}
FLOATS = [(name, f["name"]) for name in TABLES for f in FIELDS[name] if f["type"] == "number"]
ALIKE = publish.arithmetic() == PACKAGE["generator"]["arithmetic"]


@pytest.fixture(scope="module")
def world() -> World:
    return World(COURSE_SEED, COURSE_PEOPLE)


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, pd.DataFrame]:
    return {name: made(world) for name, made in TABLES.items()}


def committed_text(path: str) -> bytes:
    content = (FOLDER / path).read_bytes()
    content = gzip.decompress(content) if path.endswith(".gz") else content
    return content.replace(b"\r\n", b"\n")  # Git on Windows may have changed the line ends


def committed(name: str) -> pd.DataFrame:
    return data.truth(name.removeprefix("truth/")) if name.startswith("truth/") else data.load(name)


def differences(name: str, made: pd.DataFrame, stored: pd.DataFrame) -> list[str]:
    """Columns that another processor's last digits do not explain.

    They can turn a rounding: then a number moves by one step of its column, in at most one row of a thousand (or one).
    Everything else is equal.
    """
    few = max(1, len(made) // 1000)
    wrong = [] if len(made) == len(stored) else [f"{len(made)} rows instead of {len(stored)}"]
    for field in FIELDS[name] if not wrong else []:
        ours, theirs = made[field["name"]], stored[field["name"]]
        if field["type"] == "number":
            gap = (ours.astype(float) - theirs.astype(float)).abs().to_numpy()
            moved = ~(gap <= 1e-9 * np.abs(theirs.astype(float).to_numpy())) & ~(ours.isna() & theirs.isna()).to_numpy()
            bad = moved.sum() > few or not (gap[moved] <= 1.000001 * field["step"]).all()
        else:
            bad = (ours.astype(str).fillna("") != theirs.astype(str).fillna("")).sum() > few
        wrong += [field["name"]] if bad else []
    return wrong


@pytest.mark.parametrize("name", TABLES)
def test_committed_table_is_what_the_seed_gives(name: str, tables: dict[str, pd.DataFrame]) -> None:
    """Byte for byte if `publish.arithmetic()` is the recorded one, which tells numpy's and the processor's digits."""
    made = tables[name]
    path = publish.path_of(name, made)
    if ALIKE:
        same = publish.csv_text(made) == committed_text(path)
        assert same, (
            f"{path} is not what seed {COURSE_SEED} gives: {differences(name, made, committed(name)) or 'in form'}"
        )
    else:
        warnings.warn(f"this machine computes other last digits than {PACKAGE['generator']['made_on']}", stacklevel=1)
    assert differences(name, made, committed(name)) == []


def test_committed_truth_and_dictionary_are_what_the_seed_gives(world: World, tables: dict[str, pd.DataFrame]) -> None:
    content = publish.files(world, tables)
    hashes = {r["path"]: r["hash"] for r in PACKAGE["resources"]}
    assert set(hashes) == set(content)
    assert committed_text("truth/parameters.json") == content["truth/parameters.json"]
    ours, theirs = json.loads(content["truth/effects.json"]), json.loads(committed_text("truth/effects.json"))
    assert ours == theirs if ALIKE else flat(ours) == pytest.approx(flat(theirs), abs=1e-4)
    package = json.loads(publish.json_text(publish.dictionary(tables, hashes, PACKAGE["version"])))
    for key in ("arithmetic", "made_on"):
        package["generator"][key] = PACKAGE["generator"][key]
    assert package == PACKAGE if ALIKE else package["resources"][-1] == PACKAGE["resources"][-1]
    page = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert publish.with_cards(page, PACKAGE) == page


def flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name: value} if not isinstance(value, str) else {}
    return {k: v for key, item in value.items() for k, v in flat(item, f"{name}/{key}").items()}


@pytest.mark.parametrize(("name", "column"), FLOATS)
def test_half_a_per_cent_in_any_number_is_caught(name: str, column: str, tables: dict[str, pd.DataFrame]) -> None:
    """By the tolerance for other machines, so all the more by the exact comparison."""
    made = tables[name]
    off = made[column] * 1.005 if made[column].any() else made[column] + 0.005  # a column of zeros
    spoiled = made.assign(**{column: off})
    assert differences(name, spoiled, made) == [column]
    assert publish.csv_text(spoiled[[column]]) != publish.csv_text(made[[column]])


def test_one_value_far_off_is_caught(tables: dict[str, pd.DataFrame]) -> None:
    """A single wrong amount is no rounding, though it is one row of many thousands."""
    made = tables["orders"]
    spoiled = made.assign(amount=made["amount"].where(made.index != 77, made["amount"] + 1))
    assert differences("orders", spoiled, made) == ["amount"]
    turned = made.assign(amount=made["amount"].where(made.index != 77, made["amount"] + 0.01))
    assert differences("orders", turned, made) == []


def test_every_number_is_written_with_few_decimals(tables: dict[str, pd.DataFrame]) -> None:
    """So that a last digit of another machine is a step of the column at most, and mostly nothing."""
    for name, column in FLOATS:
        assert publish.step(tables[name][column]) >= 1e-6, (name, column)


def test_the_dictionary_describes_every_parameter() -> None:
    fields = {f["name"]: f for f in FIELDS["truth/parameters"]}
    assert list(fields) == [one["name"] for one in described()] == list(data.truth("parameters"))
    assert all(f["description"] and ("range" in f or f["type"] == "object") for f in fields.values())
