"""One validator for the whole package: bad input gets a sentence, never a silent number.

Each function takes the name the user knows (of a parameter or a column) and what was given, and returns it in one
plain form: floats, 0/1 flags as booleans, days as datetime64, ids as pandas Series. What it refuses, it names: which
column, how many rows, the first bad row, and what to do. Nothing is dropped, filled or coerced on the way: text is
not a number, a time is not a number, "0" is not False, and a blank is not an id.

A long module, because it is the only one of its kind: first settings (one number), then columns, then the words.
"""

import datetime as dt
import itertools
import numbers
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CURE = "correct or leave out these rows, and say so"
# settings so large that the answer would take all memory, or never end, are refused at these limits
MOST_PERIODS = 10_000


# ---- one number: settings --------------------------------------------------------------------------------


def number(
    name: str,
    value: Any,
    least: float = -np.inf,
    most: float = np.inf,
    *,
    above: float = -np.inf,
    below: float = np.inf,
    unit: str = "a number",
) -> float:
    """One finite number with `least` ≤ value ≤ `most` and `above` < value < `below`."""
    if isinstance(value, bool | np.bool_ | np.timedelta64) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {unit}, one plain number; got {_shown(value)}")
    try:
        got = float(value)
    except OverflowError:
        got = np.inf
    if not np.isfinite(got):
        raise ValueError(f"{name} is {unit}; got {_shown(value)}")
    if not (least <= got <= most and above < got < below):
        raise ValueError(f"{name} is {unit}{_range(least, most, above, below)}; got {got:g}")
    return got


def whole(name: str, value: Any, least: int = 1, most: float = np.inf, unit: str = "a whole number") -> int:
    """One whole number from `least` up to `most`; 3.0 counts as 3."""
    got = number(name, value, unit=unit)
    if got != np.floor(got) or not least <= got <= most:
        raise ValueError(f"{name} is {unit}{_range(least, most)}, whole; got {value}")
    return int(got)


def share(
    name: str,
    value: Any,
    *,
    least: float = -np.inf,
    most: float = np.inf,
    above: float = -np.inf,
    below: float = np.inf,
    unit: str = "a share, such as .25 for 25 %",
) -> float:
    """One share; without other bounds it lies above 0 and below 1."""
    if (least, most, above, below) == (-np.inf, np.inf, -np.inf, np.inf):
        above, below = 0, 1
    return number(name, value, least, most, above=above, below=below, unit=unit)


def level(value: Any) -> float:
    """A confidence level, above 0 and below 1."""
    return number("level", value, above=0, below=1, unit="the share of confidence, such as .95 for 95 %")


def z_of(value: Any) -> float:
    """The normal quantile of a confidence level: 1.96 for .95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level(value) / 2))


def choice(name: str, value: Any, options: Iterable[str]) -> str:
    """One of these words, spelled exactly so."""
    known = tuple(options)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} is one of {', '.join(map(repr, known))}; got {_shown(value)}")
    return value


def cuts(name: str, value: Any, count: int, least: float = -np.inf, most: float = np.inf) -> tuple[float, ...]:
    """Exactly `count` rising limits above `least` and below `most`."""
    given = tuple(np.atleast_1d(np.asarray(value, dtype=object)))
    if len(given) != count:
        raise ValueError(f"{name} needs {count} limits, got {len(given)}: {_shown(value)}")
    limits = tuple(number(f"{name}[{k}]", limit, above=least, below=most) for k, limit in enumerate(given))
    if any(a >= b for a, b in itertools.pairwise(limits)):
        raise ValueError(f"{name} must rise, got {_shown(value)}")
    return limits


def day(name: str, value: Any) -> pd.Timestamp:
    """One calendar day: '2023-12-31', a date, or a Timestamp without time of day or zone."""
    what = f"{name} is a calendar day, written '2023-12-31' (year-month-day)"
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError(f"{what}; {value!r} could be read in several ways")
        try:
            return pd.Timestamp(value)
        except ValueError:
            raise ValueError(f"{what}; there is no day {value!r}") from None
    if not isinstance(value, dt.date | np.datetime64) or pd.isna(value):
        raise ValueError(f"{what}, or a date; got {_shown(value)}")
    made = pd.Timestamp(value)
    if made.tzinfo is not None or made != made.normalize():
        raise ValueError(f"{what}, without time of day or zone; got {value}")
    return made


# ---- columns ---------------------------------------------------------------------------------------------


def vector(
    name: str,
    values: Any,
    least: float = -np.inf,
    most: float = np.inf,
    *,
    above: float = -np.inf,
    whole: bool = False,
    flags: bool = False,
    missing: bool = False,
    rows: int = 1,
    unit: str = "",
    cure: str = _CURE,
) -> Vector:
    """One column of numbers as floats, one dimension.

    `flags` lets true/false stand for 1/0; `missing` lets gaps pass (as NaN); `rows` is the least number of rows.
    """
    series = _column(name, values)
    kind = series.dtype
    if pd.api.types.is_bool_dtype(kind):
        if not flags:
            raise TypeError(f"{name} must hold numbers{_of(unit)}, got true/false")
    elif not _is_number(kind):
        raise TypeError(f"{name} must hold numbers{_of(unit)}, got {kind} ({len(series)} rows): {_advice(kind)}")
    x = series.to_numpy(dtype=float, na_value=np.nan)
    if len(x) < rows:
        if len(x) == 0:
            raise ValueError(f"{name} is empty: there is nothing to compute from")
        raise ValueError(f"{name} has {len(x)} row{'s' if len(x) != 1 else ''}; at least {rows} are needed")
    tests = [
        (np.isinf(x) if missing else ~np.isfinite(x), "infinite" if missing else "missing or infinite"),
        (x < least, f"below {least:g}"),
        (x <= above, f"not above {above:g}"),
        (x > most, f"above {most:g}"),
        (whole & (x != np.floor(x)) & np.isfinite(x), "not whole"),
    ]
    for wrong, what in tests:
        if wrong.any():
            raise ValueError(f"{name}{_of(unit)}: {_rows(wrong)} {what} ({_first(series, wrong)}): {cure}")
    return x


def counts(name: str, values: Any, least: float = 0, most: float = np.inf, rows: int = 1) -> Vector:
    """Whole numbers of people, events or days; a rate or a percentage is none."""
    return vector(
        name,
        values,
        least,
        most,
        whole=True,
        rows=rows,
        cure="counts are whole numbers (a rate times its base, if you have rates)",
    )


def flags(name: str, values: Any, rows: int = 1) -> Bools:
    """A column of true/false, or of the numbers 1 and 0. Text such as "0" or "no" is refused: it is never False."""
    series = _column(name, values)
    if series.dtype == object and len(series):
        kinds = {type(value) for value in series if not pd.isna(value)}
        if kinds and kinds <= {bool, np.bool_} and not series.isna().any():
            series = series.astype(bool)
    if not (_is_number(series.dtype) or pd.api.types.is_bool_dtype(series.dtype)):
        raise TypeError(f"{name} must be true/false or 1/0, got {series.dtype}: compare it with its word for yes, "
                        f"for example table[column] == \"yes\"")  # fmt: skip
    x = series.to_numpy(dtype=float, na_value=np.nan)
    if len(x) < rows:
        raise ValueError(f"{name} is empty: there is nothing to compute from")
    wrong = ~np.isin(x, (0, 1))
    if wrong.any():
        raise ValueError(f"{name}: {_rows(wrong)} neither true/false nor 1/0 ({_first(series, wrong)}): {_CURE}")
    return x.astype(bool)


def ids(name: str, values: Any, unique: bool = False, rows: int = 1) -> pd.Series:
    """A column of ids or labels of one kind, none missing or blank; categories lose what no row has.

    Returns a Series on the index given (0, 1, … if there is none).
    """
    series = _column(name, values)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.cat.remove_unused_categories()
    gone = series.isna()
    if _is_text(series):
        gone = gone | (series.astype("str").str.strip() == "")
    if gone.any():
        raise ValueError(
            f"{name}: {_rows(gone.to_numpy())} missing or blank ({_first(series, gone.to_numpy())}): "
            "fill or leave out these rows, and say so"
        )
    if isinstance(series.dtype, pd.ArrowDtype):  # pandas joins and maps these in ways of their own
        plain = series.astype("str") if _is_text(series) else series.to_numpy()
        series = pd.Series(plain, index=series.index, name=series.name)
    if series.dtype == object:
        kinds = sorted({_kind(value) for value in series})
        if len(kinds) > 1:
            raise TypeError(
                f"{name} mixes {' and '.join(kinds)}: make all of one kind first, for example with .astype(str)"
            )
    if len(series) < rows:
        raise ValueError(
            f"{name} is empty: there is nothing to compute from"
            if not len(series)
            else f"{name} has {len(series)} rows; at least {rows} are needed"
        )
    if unique and series.duplicated().any():
        twice = series[series.duplicated()].iloc[0]
        raise ValueError(
            f"{name}: {series.duplicated().sum()} of {len(series)} rows repeat an entry, first {twice!r}: "
            "one row each is needed"
        )
    return series


def same_ids(**columns: pd.Series) -> None:
    """Refuse id columns of which some hold text and others numbers: nobody would be found in the other table."""
    kinds = {name: _kind_of(series) for name, series in columns.items() if len(series)}
    if len(set(kinds.values())) > 1:
        told = ", ".join(f"{name} holds {kind}" for name, kind in kinds.items())
        raise TypeError(f"ids must be of one kind: {told}. Convert one of them, for example with .astype(str)")


def days(name: str, values: Any, missing: bool = False, rows: int = 1) -> pd.Series:
    """A column of calendar days as datetime64, hours taken off; `missing` lets gaps pass."""
    series = _column(name, values)
    kind = series.dtype
    if isinstance(kind, pd.ArrowDtype) and str(kind).startswith(("timestamp", "date")) and "tz=" not in str(kind):
        series = series.astype("datetime64[us]")
    elif len(series) and pd.api.types.is_object_dtype(kind) and all(_is_day(value) for value in series):
        zones = [v for v in series if isinstance(v, dt.datetime) and v.tzinfo is not None]
        if not zones:
            series = pd.to_datetime(series)
    kind = series.dtype
    if isinstance(kind, pd.DatetimeTZDtype) or "tz=" in str(kind):
        raise TypeError(
            f"{name} has time zone {getattr(kind, 'tz', kind)}, and a day needs one place: convert to local "
            "time and drop the zone (.dt.tz_convert(zone).dt.tz_localize(None))"
        )
    if not pd.api.types.is_datetime64_dtype(kind):
        if len(series) == 0 and pd.api.types.is_object_dtype(kind):
            series = series.astype("datetime64[us]")
        elif series.isna().all() and missing:
            series = pd.Series(pd.NaT, index=series.index, dtype="datetime64[us]")
        else:
            raise TypeError(
                f"{name} holds {kind}, not dates: convert it first, for example with "
                'pandas.to_datetime(…, format="%Y-%m-%d")'
            )
    if len(series) < rows:
        raise ValueError(f"{name} is empty: there is nothing to compute from")
    gaps = series.isna().to_numpy()
    if gaps.any() and not missing:
        raise ValueError(f"{name}: {_rows(gaps)} missing ({_first(series, gaps)}): fill or leave out these rows")
    return series.dt.normalize()


def matrix(
    name: str,
    table: Any,
    *,
    columns: int = 1,
    rows: int = 1,
    least: float = -np.inf,
    most: float = np.inf,
    missing: bool = False,
    vary: bool = False,
) -> Vector:
    """A pandas table of numbers, rows × columns, as floats; `vary` refuses a column that is the same throughout."""
    frame(name, table)
    if table.shape[1] < columns:
        raise ValueError(
            f"{name} has {table.shape[1]} column{'s' if table.shape[1] != 1 else ''}; at least {columns} are needed"
        )
    x = _quick(table)
    if x is None or len(x) < rows or not np.isfinite(x).all() or (x < least).any() or (x > most).any():
        x = np.column_stack(
            [
                vector(f"{name}, column {column}", table[column], least, most, missing=missing, rows=rows)
                for column in table
            ]
        )
    flat = [str(column) for column, values in zip(table, x.T, strict=True) if vary and _same(values)]
    if flat:
        raise ValueError(
            f"{name}: {', '.join(flat)} is the same in all {len(x)} rows: it measures nothing; leave it out"
        )
    return x


def frame(name: str, table: Any, *columns: str, rows: int = 0) -> None:
    """Refuse what is not a pandas table with these columns, each of them once."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"{name} must be a pandas table, got {type(table).__name__}: collect it first (polars "
            ".collect().to_pandas(), DuckDB .df(), PySpark .toPandas())"
        )
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"{name} has two columns called {twice!r}: rename or drop one")
    absent = [column for column in columns if column not in table.columns]
    if absent:
        there = ", ".join(map(str, table.columns)) or "none"
        raise KeyError(f"no column {', '.join(map(str, absent))} in {name}; there are {there}")
    if len(table) < rows:
        raise ValueError(
            f"{name} is empty: there is nothing to compute from"
            if not len(table)
            else f"{name} has {len(table)} rows; at least {rows} are needed"
        )


def same_rows(**columns: Any) -> None:
    """Refuse columns that do not describe the same rows: other lengths, or pandas objects with other labels."""
    given = {name: values for name, values in columns.items() if values is not None and np.ndim(values)}
    sizes = {name: len(values) for name, values in given.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(f"the columns differ in length ({told}): one entry a row in each")
    labelled = {name: v.index for name, v in given.items() if isinstance(v, pd.Series | pd.DataFrame)}
    first = next(iter(labelled), "")
    for name, index in labelled.items():
        if not index.equals(labelled[first]):
            raise ValueError(
                f"the index of {first} and of {name} differ, so their rows cannot be paired: take them from "
                f"one table, or bring them in line with .reindex"
            )


def index_of(*values: Any) -> pd.Index | None:
    """The index of the first Series or table among these, if there is one."""
    return next((v.index for v in values if isinstance(v, pd.Series | pd.DataFrame)), None)


# ---- words -----------------------------------------------------------------------------------------------


def _column(name: str, values: Any) -> pd.Series:
    """What was given as a Series of one dimension, with its own index if it has one."""
    if isinstance(values, pd.DataFrame):
        raise TypeError(f"{name} is a table with {values.shape[1]} columns: give one column of it")
    if isinstance(values, pd.Series):
        return values
    if isinstance(values, str | bytes | dict | set):
        raise TypeError(f"{name} must be a column, one entry a row; got {_shown(values)}")
    if isinstance(values, pd.Index | pd.api.extensions.ExtensionArray):
        return pd.Series(values)
    try:
        array = np.asarray(values)
    except ValueError:
        raise TypeError(f"{name} must be a column, one entry a row; its entries have different lengths") from None
    if array.ndim == 0:
        array = array.reshape(1)
    if array.ndim != 1:
        raise TypeError(f"{name} must be one column, got an array of shape {array.shape}")
    if array.dtype.kind == "U" and not isinstance(values, np.ndarray):
        array = np.array([*values], dtype=object)  # a list that mixes numbers and text is not all text
    return pd.Series(array)


def _quick(table: pd.DataFrame) -> Vector | None:
    """A table of plain numbers as one array, or None where its columns must be looked at one by one."""
    if len(table) and all(isinstance(kind, np.dtype) and kind.kind in "iuf" for kind in table.dtypes):
        return table.to_numpy(dtype=float)
    return None


def _is_day(value: Any) -> bool:
    return isinstance(value, dt.date) or _gap(value)


def _is_number(kind: Any) -> bool:
    return (
        pd.api.types.is_numeric_dtype(kind)
        and not pd.api.types.is_bool_dtype(kind)
        and (not pd.api.types.is_complex_dtype(kind))
    )


def _is_text(series: pd.Series) -> bool:
    kind = series.dtype.categories.dtype if isinstance(series.dtype, pd.CategoricalDtype) else series.dtype
    return bool(pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind))


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    return "numbers" if isinstance(value, numbers.Number) else type(value).__name__


def _kind_of(series: pd.Series) -> str:
    kind = series.dtype.categories.dtype if isinstance(series.dtype, pd.CategoricalDtype) else series.dtype
    if _is_number(kind):
        return "numbers"
    if pd.api.types.is_object_dtype(kind):
        return _kind(series.iloc[0])
    return "text" if pd.api.types.is_string_dtype(kind) else str(kind)


def _same(values: Vector) -> bool:
    known = values[~np.isnan(values)]
    return len(known) == 0 or bool(np.ptp(known) == 0)


def _range(least: float, most: float, above: float = -np.inf, below: float = np.inf) -> str:
    parts = [f"{limit:,g} or more" for limit in (least,) if limit > -np.inf]
    parts += [f"above {limit:,g}" for limit in (above,) if limit > -np.inf]
    parts += [f"at most {limit:,g}" for limit in (most,) if limit < np.inf]
    parts += [f"below {limit:,g}" for limit in (below,) if limit < np.inf]
    return f", {' and '.join(parts)}" if parts else ""


def _advice(kind: Any) -> str:
    if "timedelta" in str(kind) or "duration" in str(kind):
        return "turn times into a number first, for example with .dt.days or .dt.total_seconds()"
    if "datetime" in str(kind) or "timestamp" in str(kind) or "date32" in str(kind):
        return "take the difference from a first day, then .dt.days or .dt.total_seconds()"
    return "convert it first, for example with pandas.to_numeric"


def _of(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _rows(wrong: Sequence[bool] | Bools) -> str:
    hit = int(np.sum(wrong))
    return f"{hit} of {len(wrong)} rows {'is' if hit == 1 else 'are'}"


def _first(series: pd.Series, wrong: Bools) -> str:
    at = int(np.flatnonzero(wrong)[0])
    value = series.iloc[at]
    return (
        f"first at row {series.index[at]!r}: {_shown(value)}"
        if not _gap(value)
        else (f"first at row {series.index[at]!r}")
    )


def _gap(value: Any) -> bool:
    return bool(np.ndim(value) == 0 and pd.isna(value))


def _shown(value: Any) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value).replace("\n", " ")
    return text if len(text) <= 60 else f"{type(value).__name__} {text[:50]}…"
