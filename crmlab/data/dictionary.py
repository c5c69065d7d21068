"""The company's data dictionary: which tables there are, where their files lie, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crmlab import _files
from crmlab.data import catalogue, reading

ROOT = _files.ROOT
COMPANY = "datasets/lantern_leaf"


class DataError(ValueError):
    """A table cannot be opened; the message says which, why and what to do."""

    __module__ = "crmlab.data"


class UnknownTable(DataError):
    """There is no table of that name."""

    __module__ = "crmlab.data"


class NotHere(DataError):
    """The table exists, but is not here yet: it comes with a later chapter, or has not been fetched."""

    __module__ = "crmlab.data"


class DamagedTable(DataError):
    """The file of a table is missing, changed or cannot be read as its description says."""

    __module__ = "crmlab.data"


def resources() -> list[dict[str, Any]]:
    """Return what the data dictionary says of each table."""
    import json

    path = f"{COMPANY}/datapackage.json"
    try:
        return list(json.loads((ROOT / path).read_text(encoding="utf-8"))["resources"])
    except FileNotFoundError:
        raise damaged(path, "is missing") from None
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, f"cannot be read ({error})") from error


def resource(name: str, *, truth: bool) -> dict[str, Any]:
    """Return what it says of one table, or raise UnknownTable or NotHere."""
    every = resources()
    side = [r for r in every if bool(r.get("truth")) == truth]
    for r in side:
        if name == r["name"] or (truth and name == stem(r)):
            break
    else:
        if not truth and name in catalogue.REAL:
            raise UnknownTable(f"'{name}' is real data, not a table of the company: open real('{name}').")
        if any(name == r["name"] for r in every):
            other = "load" if truth else "truth"
            raise UnknownTable(f"'{name}' is opened with {other}('{name}').")
        raise unknown(name, "truth" if truth else "table", [r["name"] for r in side])
    if not is_here(r):
        raise NotHere(f"The table '{name}' arrives with {arrival(r)}; describe('{name}') shows its columns.")
    return r


def stem(r: dict[str, Any]) -> str:
    """Return the name of a table's file without its endings."""
    return Path(r.get("path", "")).name.split(".")[0]


def is_here(r: dict[str, Any]) -> bool:
    """Tell whether a table can be opened already."""
    return r.get("status", "published") == "published"


def arrival(r: dict[str, Any]) -> str:
    """Return when a table comes that is not here."""
    return f"chapter {r['chapter']}" if r.get("chapter") else "a later chapter"


def open_resource(r: dict[str, Any]) -> Any:
    """Open a table's file, or raise DamagedTable."""
    import gzip
    import json
    import zlib

    path = f"{COMPANY}/{r['path']}"
    try:
        content = (ROOT / path).read_bytes()
    except FileNotFoundError:
        raise damaged(path, "is missing") from None
    if r.get("hash") and not reading.matches(ROOT / path, content, r["hash"]):
        raise damaged(path, "is damaged or was changed: its SHA-256 is not the one in the data dictionary")
    try:
        if path.endswith(".gz"):
            content = gzip.decompress(content)
        if ".json" in Path(path).suffixes:
            return json.loads(content.decode("utf-8"))
        raw = reading.text_frame(content)
    except (OSError, EOFError, zlib.error, ValueError) as error:  # not gzip, cut off, not UTF-8, ragged rows
        raise damaged(path, f"is damaged ({error})") from error
    return reading.typed(raw, r["schema"], lambda what: damaged(path, what))


def unknown(name: str, kind: str, known: list[str]) -> UnknownTable:
    """Return the error that lists what there is, the nearest names first."""
    from difflib import get_close_matches

    asked = str(name).lower()
    near = [k for k in known if asked and k.startswith(asked)] or get_close_matches(asked, known, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return UnknownTable(f"There is no {kind} called '{name}'.{hint} There are: {', '.join(known)}.")


def damaged(path: str, what: str) -> DamagedTable:
    """Return the error that says what is wrong with a file, and the cure."""
    if _files.INSTALLED:
        return DamagedTable(f"{path} {what}. Cure: install the package once more, with pip's --force-reinstall")
    return DamagedTable(
        f"{path} {what}. Cure, in the workbook's folder: with git: git checkout -- {path}; without git: unpack the "
        "workbook's archive once more and copy this file from there"
    )
