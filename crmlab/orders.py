"""The reductions that read every order: from a table of orders to one row a customer (or a cohort and month).

They are written once for pandas, polars, DuckDB and PySpark frames, give back the same kind of table, sorted, and are
published by the rooms that teach them (`clv`, `value`); everything after is pandas. Two lines ask which engine it is,
because the same words run at very different speed there; the answers are equal, and tested to be. A long module: half
of it says what is wrong with a table of orders, for all four engines.
"""

import datetime as dt
from typing import Any

import narwhals as nw
import pandas as pd

from crmlab import _check

Frame = Any  # narwhals DataFrame or LazyFrame: the verbs used here are common to both


def _value(frame: Frame) -> dict[str, Any]:
    """Fetch a result of one row, on any engine and without pyarrow."""
    native = frame.to_native()
    if isinstance(frame, nw.DataFrame):
        return {name: frame[name][0] for name in frame.columns}
    if frame.implementation.is_polars():
        return native.collect().row(0, named=True)
    first = native.fetchall()[0] if frame.implementation.is_duckdb() else native.first()
    return dict(zip(frame.collect_schema().names(), first, strict=True))


def _native(frame: Frame, *order: str) -> Any:
    """Sort a result and give it back as the kind of frame that came in."""
    native = frame.sort(*order).to_native()
    return native.reset_index(drop=True) if frame.implementation.is_pandas_like() else native


def _is_sql(frame: Frame) -> bool:
    """Tell engines that plan SQL (DuckDB, PySpark) from those that hold columns (pandas, polars)."""
    return not (frame.implementation.is_pandas_like() or frame.implementation.is_polars())


def _after(end: str | dt.date) -> dt.datetime:
    """The moment the last day is over: an order at any hour of it still counts."""
    return _check.day("end", end).to_pydatetime() + dt.timedelta(days=1)


def checked(orders: Any, columns: tuple[str, ...], end: str | dt.date | None, check: bool) -> Frame:
    """Return `columns` of the orders up to and including the day `end`, or say what is wrong with them.

    One query of the whole table counts missing values and looks for negative or infinite amounts; a lazy table is
    read once more for it, unless `check` is False. Amounts become double precision.
    """
    frame = _opened(orders, columns)
    if check:
        _check_values(frame, columns, end)
    if end is not None:
        frame = frame.filter(nw.col("order_date") < _after(end))
    return frame


def _opened(orders: Any, columns: tuple[str, ...]) -> Frame:
    """These columns as a narwhals frame, with dates that are dates and amounts in double precision."""
    if len(set(columns)) < len(columns):
        raise ValueError(f"by is the column to add up for, such as 'customer_id', not {columns[0]!r}")
    if isinstance(orders, pd.DataFrame):
        orders = _plain(orders, columns)
    try:
        frame: Frame = nw.from_native(orders)
    except TypeError:
        raise TypeError(
            f"orders must be a pandas, polars, DuckDB or PySpark frame, got {type(orders).__name__}"
        ) from None
    schema = frame.collect_schema()
    absent = [name for name in columns if name not in schema.names()]
    if absent:
        raise KeyError(f"orders lack column {', '.join(absent)}; there are {', '.join(schema.names())}")
    if "order_date" in columns:
        kind = schema["order_date"]
        if not isinstance(kind, (nw.Date, nw.Datetime)):
            raise TypeError(
                f"order_date holds {kind}, not dates: convert it, for example with pandas.to_datetime"
            )
        if isinstance(kind, nw.Datetime) and kind.time_zone is not None:
            raise TypeError(
                f"order_date has time zone {kind.time_zone}, and a day needs one place: convert to local time and drop "
                "the zone (pandas: .dt.tz_convert(zone).dt.tz_localize(None); PySpark: to_date(…) or a cast to "
                "timestamp_ntz)"
            )
    if "amount" in columns and not schema["amount"].is_numeric():
        raise TypeError(f"amount holds {schema['amount']}, not numbers: convert it, for example with pandas.to_numeric")
    frame = frame.select(*columns)
    if "amount" in columns:
        frame = frame.with_columns(nw.col("amount").cast(nw.Float64))
    return frame


def _plain(orders: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """A pandas table without what the engines read differently: mixed ids, unused categories, dates of pyarrow."""
    _check.frame("orders", orders, *columns)
    orders = orders[list(columns)]
    changed: dict[str, pd.Series] = {}
    for name in columns:
        kind = orders[name].dtype
        loose = pd.api.types.is_object_dtype(kind)
        if name not in ("order_date", "amount") and (loose or isinstance(kind, pd.CategoricalDtype)):
            ids = _check.ids(name, orders[name])
            changed[name] = ids if loose else ids.astype(ids.cat.categories.dtype)
        elif name == "order_date" and (loose or isinstance(kind, pd.ArrowDtype)):
            changed[name] = _check.days(name, orders[name], missing=True)
    return orders.assign(**changed) if changed else orders


def _check_values(
    frame: Frame, columns: tuple[str, ...], end: str | dt.date | None, returns: bool = False
) -> None:
    """Refuse an empty table, missing values, infinite or negative amounts, and orders that all come later."""
    asked = [nw.len().alias("rows"), *(nw.col(name).count().alias(f"has {name}") for name in columns)]
    texts = [name for name in columns if frame.collect_schema()[name] == nw.String]
    for name in texts:
        asked.append((nw.col(name).str.strip_chars() == "").cast(nw.Int64).sum().alias(f"blank {name}"))
    if "order_date" in columns:
        asked.append(nw.col("order_date").min().alias("first"))
    if "amount" in columns:
        asked += [nw.col("amount").min().alias("least"), nw.col("amount").sum().alias("total")]
    seen = _value(frame.select(*asked))
    rows = seen["rows"]
    if rows == 0:
        raise ValueError("orders is empty: there is nothing to summarise")
    for name in columns:
        if (missing := rows - seen[f"has {name}"]) > 0:
            raise ValueError(f"{name} is missing in {missing} of {rows} rows: fill or leave out these rows")
    if not abs(seen.get("total", 0)) < float("inf"):
        raise ValueError(f"amount is infinite or not a number in some of {rows} rows: correct them")
    if seen.get("least", 0) < 0 and not returns:
        bad = _value(frame.filter(nw.col("amount") < 0).select(rows=nw.len()))["rows"]
        raise ValueError(
            f"amount is negative in {bad} of {rows} rows. A return is not a purchase: take it off the order it belongs "
            "to, or leave it out, and say which"
        )
    for name in texts:
        if seen[f"blank {name}"]:
            raise ValueError(f"{name} is blank in {seen[f'blank {name}']} of {rows} rows: fill or leave out these rows")
    if end is not None and pd.Timestamp(seen["first"]) >= _after(end):
        raise ValueError(f"none of {rows} orders is on or before end = {end} (first {seen['first']})")


def daily(orders: Any, end: str | dt.date, check: bool) -> Frame:
    """Return one row per customer and purchase day: the amounts of a day are added up."""
    frame = checked(orders, ("customer_id", "order_date", "amount"), end, check)
    frame = frame.select("customer_id", "amount", day=nw.col("order_date").dt.truncate("1d"))
    return frame.group_by("customer_id", "day").agg(amount=nw.col("amount").sum())


def _day_number(name: str) -> nw.Expr:
    """Count days from 1 January of year 1 (subtracting dates differs from engine to engine)."""
    years = nw.col(name).dt.year() - 1
    return years * 365 + years // 4 - years // 100 + years // 400 + nw.col(name).dt.ordinal_day()


def purchase_summary(orders: Any, *, end: str | dt.date, check: bool = True) -> Any:
    """Return the purchase history of each customer as BG/NBD and gamma–gamma need it.

    Orders of one day are one purchase. A week is 7 days from the customer's own first order::

        frequency = purchase days after the first           recency = (last day − first day)/7
        age = (end − first day)/7                           monetary = mean amount of the *repeat* days

    The first purchase is in none of them; monetary is missing where frequency is 0.

    Parameters
    ----------
    orders : one row per order or order line, with customer_id, order_date (dates, no time zone) and amount
        (money, 0 or more); a pandas, polars (eager or lazy), DuckDB or PySpark frame
    end : the last day observed, *included* ('1997-09-30' reads all orders of that day). Later orders are left
        out: they belong to the hold-out. A customer first seen on that day has age 0.
    check : look for bad values first. It reads a lazy table once more; False if you have looked yourself.

    Returns the same kind of frame, sorted: customer_id, frequency, recency, age (weeks), monetary (money).

    Raises KeyError, TypeError or ValueError for missing columns or values, text, time zones, negative amounts
    (returns), an empty table. Source: Fader, Hardie and Lee (2005).

    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "amount": [10.0, 30.0, 20.0, 5.0],
    ...     "order_date": pd.to_datetime(["2023-01-01", "2023-01-15", "2023-01-29", "2023-02-05"])})
    >>> purchase_summary(orders, end="2023-02-12")
      customer_id  frequency  recency  age  monetary
    0           a          2      4.0  6.0      25.0
    1           b          0      0.0  1.0       NaN
    """
    days = daily(orders, end, check)
    if days.implementation.is_polars() or days.implementation.is_duckdb():
        opening = nw.col("amount").first(order_by="day")
    else:  # PySpark lacks the ordered first, and in pandas it sorts the whole table
        days = days.with_columns(first=nw.col("day").min().over("customer_id"))
        is_first = nw.col("day") == nw.col("first")
        days = days.with_columns(opening=nw.when(is_first).then(nw.col("amount")).otherwise(0.0))
        opening = nw.col("opening").sum()
    one = days.group_by("customer_id").agg(first=nw.col("day").min(), last=nw.col("day").max(), days=nw.len(),
                                           total=nw.col("amount").sum(), opening=opening)
    final = _check.day("end", end).toordinal()
    one = one.with_columns(frequency=nw.col("days").cast(nw.Int64) - 1, first=_day_number("first"),
                           last=_day_number("last"))
    return _native(one.select(
        "customer_id", "frequency",
        recency=(nw.col("last") - nw.col("first")) / 7,
        age=(final - nw.col("first")) / 7,
        monetary=nw.when(nw.col("frequency") > 0).then(
            (nw.col("total") - nw.col("opening")) / nw.col("frequency")),
    ), "customer_id")


def rfm_measures(orders: Any, *, end: str | dt.date, check: bool = True) -> Any:
    """Return recency, frequency and monetary value of each customer as RFM uses the words.

    recency = days from the last purchase day to `end`; frequency = purchase days, the first included;
    monetary = total amount.

    Parameters: `orders`, `end` and `check` as in `clv.purchase_summary`. Returns the same kind of frame,
    sorted: customer_id, recency (days), frequency, monetary (money). Raises as `clv.purchase_summary` does.
    Source: Hughes (1994).

    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [10.0, 30.0, 5.0],
    ...     "order_date": pd.to_datetime(["2023-01-01", "2023-01-15", "2023-01-31"])})
    >>> rfm_measures(orders, end="2023-01-31")
      customer_id  recency  frequency  monetary
    0           a       16          2      40.0
    1           b        0          1       5.0
    """
    one = daily(orders, end, check).group_by("customer_id").agg(
        last=nw.col("day").max(), frequency=nw.len(), monetary=nw.col("amount").sum())
    final = _check.day("end", end).toordinal()
    recency = (final - _day_number("last")).cast(nw.Int64).alias("recency")
    return _native(one.select("customer_id", recency, nw.col("frequency").cast(nw.Int64), "monetary"),
                   "customer_id")


def totals(orders: Any, *, by: str = "customer_id", end: str | dt.date | None = None,
           check: bool = True) -> Any:
    """Return the total amount and the number of rows of each customer (or product, store, …).

    Returns of goods (negative amounts) are subtracted; they count as rows.

    Parameters: `orders` and `check` as in `clv.purchase_summary` (order_date only needed with `end`); `by`
    the column to add up for; `end` the last day included, or None for all. Returns the same kind of frame,
    sorted: `by`, amount (money), orders. Raises KeyError, TypeError or ValueError for bad input.

    >>> totals(pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [10.0, 5.0, -2.0]}))
      customer_id  amount  orders
    0           a     8.0       2
    1           b     5.0       1
    """
    columns = (by, "amount") if end is None else (by, "amount", "order_date")
    frame = _opened(orders, columns)
    if end is not None:
        if check:
            _check_values(frame, columns, end, returns=True)
        frame = frame.filter(nw.col("order_date") < _after(end))
    known = [nw.col("amount").count().alias("known")] if check else []
    sums = frame.group_by(by).agg(nw.col("amount").sum(), nw.len().alias("orders"), *known)
    sums = sums.with_columns(nw.col("orders").cast(nw.Int64))
    if check:
        sums = _held(sums)
        _check_totals(sums, by)
    return _native(sums.select(by, "amount", "orders"), by)


def _held(sums: Frame) -> Frame:
    """A lazy result computed once and kept, so that looking at it does not read the orders again."""
    native = sums.to_native()
    if sums.implementation.is_polars() and isinstance(sums, nw.LazyFrame):
        return nw.from_native(native.collect().lazy())
    if sums.implementation.is_duckdb():
        held = native.df()  # the query below finds it by this name
        kinds = zip(native.columns, native.types, strict=True)
        same = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in kinds)
        made = native.query("held_orders", f"select {same} from held")
        del held
        return nw.from_native(made)
    return sums


def _check_totals(sums: Frame, by: str) -> None:
    """Refuse what the groups show of the rows: missing or blank keys, missing or infinite amounts."""
    asked = [nw.col("orders").sum().alias("rows"), nw.col("known").sum(), nw.col("amount").sum().alias("total")]
    seen = _value(sums.select(*asked))
    rows = seen["rows"]
    if not rows:
        raise ValueError("orders is empty: there is nothing to summarise")
    without = nw.col(by).is_null()
    if sums.collect_schema()[by] == nw.String:
        without = without | (nw.col(by).str.strip_chars() == "")
    elif sums.collect_schema()[by].is_float():
        without = without | nw.col(by).is_nan()
    missing = _value(sums.filter(without).select(nw.col("orders").sum()))["orders"]
    if missing:
        raise ValueError(f"{by} is missing in {missing} of {rows} rows: fill or leave out these rows")
    if seen["known"] < rows:
        raise ValueError(f"amount is missing in {rows - seen['known']} of {rows} rows: fill or leave out these rows")
    if not abs(seen["total"]) < float("inf"):
        raise ValueError(f"amount is infinite or not a number in some of {rows} rows: correct them")


def cohort_table(orders: Any, *, end: str | dt.date | None = None, check: bool = True) -> Any:
    """Return how many customers of each first-order month bought again in each month after it.

    cohort = month of the customer's first order; period = months since; customers = how many of the cohort
    ordered in that month; share = customers / size of the cohort (the customers of period 0). Months in which
    nobody of a cohort bought have no row. Without a contract a missing order is not a lost customer.

    Parameters: `orders` (customer_id, order_date), `check` as in `clv.purchase_summary`; `end` the last day
    included, or None for all (the last month may be incomplete). Returns the same kind of frame, sorted:
    cohort (text, '2023-01'), period, customers, share. Raises as `clv.purchase_summary` does.

    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "a"], "order_date": pd.to_datetime(
    ...     ["2023-01-01", "2023-01-15", "2023-03-01"])})
    >>> cohort_table(orders)
        cohort  period  customers  share
    0  2023-01       0          2    1.0
    1  2023-01       2          1    0.5
    """
    frame = checked(orders, ("customer_id", "order_date"), end, check)
    month = nw.col("order_date").dt.year() * 12 + nw.col("order_date").dt.month() - 1
    frame = frame.select("customer_id", month=month)
    if _is_sql(frame):  # here `unique` is a slow window, and a table used twice is computed twice
        months, source = frame.group_by("customer_id", "month").agg(orders=nw.len()), frame
    else:
        months = source = frame.unique()
    first = source.group_by("customer_id").agg(cohort=nw.col("month").min())
    cells = months.join(first, on="customer_id").group_by("cohort", "month").agg(customers=nw.len())
    cells = cells.with_columns(
        period=(nw.col("month") - nw.col("cohort")).cast(nw.Int64),
        share=nw.col("customers") / nw.col("customers").max().over("cohort"),  # everyone bought in month 0
        year=(nw.col("cohort") // 12).cast(nw.String),
        number=(nw.col("cohort") % 12 + 101).cast(nw.String).str.slice(1))
    label = nw.concat_str(["year", "number"], separator="-").alias("cohort")
    cells = cells.select(label, "period", nw.col("customers").cast(nw.Int64), "share")
    return _native(cells, "cohort", "period")
