"""Files that people read and write: whole or not at all, and CSV as spreadsheets save it."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crmlab.exercise.answers import fold


class GradingError(Exception):
    """Something an instructor can put right; the message names the file and the cure."""


def write(path: Path, data: str | bytes) -> bool:
    """Write a whole file or none of it, and only if it changes; say whether it did."""
    raw = data.encode() if isinstance(data, str) else data
    if path.is_file() and path.read_bytes() == raw:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(raw)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return True


def as_json(value: Any) -> str:
    """Return JSON as it is committed."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def rounded(value: Any) -> Any:
    """Round numbers to eight digits: the last ones differ between processors and versions of numpy."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.8g}") if isinstance(value, float) and math.isfinite(value) else value


def decode(raw: bytes, name: str) -> str:
    """Read a text file as spreadsheets write it; raise GradingError if it is none."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise GradingError(f"{name}: cannot be read as text; save it as CSV UTF-8")


def table(path: Path, needed: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) of a CSV file with a header; column names in small letters."""
    try:
        text = decode(path.read_bytes(), path.name)
    except OSError as error:
        raise GradingError(f"{path}: cannot be opened ({error.strerror}); {needed}") from None
    if not text.strip():
        raise GradingError(f"{path.name} is empty; {needed}")
    first = text.lstrip().splitlines()[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        header = [fold(name) for name in next(reader)]
        for row in reader:
            if any(map(str.strip, row)):
                yield reader.line_num, dict(zip(header, map(str.strip, row), strict=False))
    except (csv.Error, StopIteration) as error:
        raise GradingError(f"{path.name}, line {reader.line_num}: is not CSV ({error}); {needed}") from None
