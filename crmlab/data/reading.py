"""From the bytes of a file to a typed table, with an error that names column, row and value."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_checked: set[tuple[str, int, int, str]] = set()


def matches(path: Path, content: bytes, expected: str) -> bool:
    """Whether the content has the expected SHA-256; a good file is not summed again until it changes."""
    import hashlib

    stat = path.stat()
    key = (str(path), stat.st_mtime_ns, stat.st_size, expected)
    if key in _checked:
        return True
    # Git on Windows may have changed the line ends of a text file; that is no damage.
    variants = [content] if content[:2] == b"\x1f\x8b" else [content, content.replace(b"\r\n", b"\n")]
    if expected.removeprefix("sha256:") not in [hashlib.sha256(v).hexdigest() for v in variants]:
        return False
    _checked.add(key)
    return True


def text_frame(content: bytes, **options: Any) -> pd.DataFrame:
    """Read CSV with every value as text: 'NA' and '007' stay as they are, only an empty field is missing."""
    import warnings

    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas only warns of a row that is too long
        try:
            # Without index_col=False pandas would take the first column of such a row for row names.
            return pd.read_csv(
                io.BytesIO(content),
                dtype="str",
                keep_default_na=False,
                na_values=[""],
                index_col=False,
                **options,
            )
        except pd.errors.ParserWarning as warning:
            raise ValueError(warning) from None


def typed(raw: pd.DataFrame, schema: dict[str, Any], fail: Callable[[str], Exception]) -> pd.DataFrame:
    import pandas as pd

    fields = schema["fields"]
    names = [f["name"] for f in fields]
    if list(raw.columns) != names:
        missing = [n for n in names if n not in raw.columns]
        extra = [c for c in raw.columns if c not in names]
        parts = [f"has no column {', '.join(missing)}"] if missing else []
        parts += [f"has columns nobody described: {', '.join(extra)}"] if extra else []
        raise fail(" and ".join(parts) or "has its columns in another order")
    keys = schema.get("primaryKey", [])
    keys = [keys] if isinstance(keys, str) else keys
    columns = {name: _column(raw[name], f, name in keys, fail) for name, f in zip(names, fields, strict=True)}
    return pd.DataFrame(columns)


def _column(text: pd.Series, field: dict[str, Any], key: bool, fail: Callable[[str], Exception]) -> Any:
    import numpy as np
    import pandas as pd

    kind = field.get("type", "string")
    rules = field.get("constraints", {})
    required = key or bool(rules.get("required"))
    empty = text.isna()

    def refuse(bad: Any, why: str) -> None:
        """Raise for the first bad value, if there is one."""
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            value = "" if empty.iloc[at] else f": {text.iloc[at]!r}"
            raise fail(f"has a value in column {field['name']}, row {at + 1}, that {why}{value}")

    if required:
        refuse(empty, "must not be missing")
    if kind in ("integer", "year", "number"):
        number = pd.to_numeric(text, errors="coerce")
        bad = ~empty & ~np.isfinite(number.astype("float64"))
        refuse(bad, "is not a number")
        if kind == "number":
            return number.astype("float64")
        refuse(~empty & (number % 1 != 0), "is not a whole number")
        return number.astype("int64" if required else "Int64")
    if kind == "boolean":
        flag = text.str.lower().map({"true": True, "false": False, "1": True, "0": False})
        refuse(~empty & flag.isna(), "is neither true nor false")
        return flag.astype("bool" if required else "boolean")
    if kind in _DATES:
        date = pd.to_datetime(text, format=field.get("format", _DATES[kind]), errors="coerce")
        refuse(~empty & date.isna(), f"is not a {kind}")
        return date.dt.as_unit("us")
    if kind not in ("string", "time"):
        raise fail(f"is described with a type nobody knows, {kind}, for column {field['name']}")
    if "enum" in rules:
        refuse(~empty & ~text.isin(rules["enum"]), "is not in the list of values")
        return pd.Categorical(text, categories=rules["enum"], ordered=bool(field.get("categoriesOrdered")))
    return text


_DATES = {
    "date": "%Y-%m-%d",
    "datetime": "%Y-%m-%d %H:%M:%S",
    "yearmonth": "%Y-%m",
    "year-month": "%Y-%m",
}
