"""The reductions over transactions: equal on pandas, polars, DuckDB and PySpark, refusing the same input."""

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import clv, value

duckdb, pl = pytest.importorskip("duckdb"), pytest.importorskip("polars")

END = "2023-06-30"
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "purchase_summary": lambda orders: clv.purchase_summary(orders, end=END),
    "rfm_measures": lambda orders: value.rfm_measures(orders, end=END),
    "totals": lambda orders: value.totals(orders, end=END),
    "totals by product": lambda orders: value.totals(orders, by="product_id"),
    "cohort_table": lambda orders: clv.cohort_table(orders, end=END),
}


def make_orders(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    """Draw orders with times of day, several on one day, and some after the end."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2021-12-15") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
    return pd.DataFrame({
        "customer_id": [f"c{number:03}" for number in rng.integers(0, 400, n)],
        "product_id": rng.integers(0, 30, n),
        "order_date": (day + pd.to_timedelta(rng.integers(0, 86_400, n), unit="s")).as_unit("us"),
        "amount": rng.gamma(2, 50, n).round(2),
    })


def to_polars(orders: pd.DataFrame) -> Any:
    keep_nan = orders.astype(object).where(orders.notna() | (orders.columns == "amount"), None)
    columns = {name: [value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
                      for value in keep_nan[name]] for name in orders}
    return pl.DataFrame(columns, schema={"customer_id": pl.String, "product_id": pl.Int64,
                                         "order_date": pl.Datetime("us"), "amount": pl.Float64})


def to_duckdb(orders: pd.DataFrame, dates: str = "order_date", amount: str = "amount") -> Any:
    connection = duckdb.connect()
    connection.execute("create table orders (customer_id varchar, product_id int, order_date timestamp, "
                       "amount double)")
    rows = [tuple(row) for row in orders.astype(object).where(orders.notna(), None).itertuples(index=False)]
    if rows:
        connection.executemany("insert into orders values (?, ?, ?, ?)", rows)
    return connection.sql(f"select customer_id, product_id, {dates} as order_date, {amount} as amount "
                          "from orders")


def to_pandas(result: Any) -> pd.DataFrame:
    if isinstance(result, pl.LazyFrame):
        result = result.collect()
    if isinstance(result, pl.DataFrame):
        return pd.DataFrame(result.to_dict(as_series=False))
    if isinstance(result, duckdb.DuckDBPyRelation):
        return result.df()
    if isinstance(result, pd.DataFrame):
        return result
    return pd.DataFrame([tuple(row) for row in result.collect()], columns=result.columns)


ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda orders: orders,
    "polars": to_polars,
    "polars lazy": lambda orders: to_polars(orders).lazy(),
    "polars dates": lambda orders: to_polars(orders).cast({"order_date": pl.Date}).lazy(),
    "duckdb": to_duckdb,
    "duckdb dates, decimals": lambda orders: to_duckdb(orders, "order_date::date", "amount::decimal(12,2)"),
}


@pytest.mark.parametrize("engine", list(ENGINES)[1:])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_every_engine_gives_the_same_table_of_its_own_kind(name, engine):
    orders = make_orders(800)
    given = ENGINES[engine](orders)
    result = REDUCTIONS[name](given)
    assert type(result) is type(given)
    pd.testing.assert_frame_equal(to_pandas(result), REDUCTIONS[name](orders), check_dtype=False)


def test_pandas_equals_a_plain_loop_over_customers():
    orders = make_orders()
    summary = clv.purchase_summary(orders, end=END).set_index("customer_id")
    measures = value.rfm_measures(orders, end=END).set_index("customer_id")
    end, seen = pd.Timestamp(END), orders[orders["order_date"] < "2023-07-01"]
    assert set(summary.index) == set(seen["customer_id"])
    for customer, own in seen.groupby("customer_id"):
        days = own.groupby(own["order_date"].dt.normalize())["amount"].sum()
        row = summary.loc[customer]
        assert row["frequency"] == len(days) - 1
        assert row["recency"] == pytest.approx((days.index[-1] - days.index[0]).days / 7)
        assert row["age"] == pytest.approx((end - days.index[0]).days / 7)
        again = days[1:].mean()  # missing for one purchase day
        assert row["monetary"] == pytest.approx(again, nan_ok=True)
        assert measures.loc[customer].to_list() == pytest.approx(
            [(end - days.index[-1]).days, len(days), days.sum()])


def test_cohort_table_equals_plain_pandas():
    orders = make_orders()
    table = clv.cohort_table(orders)
    month = orders["order_date"].dt.to_period("M")
    first = month.groupby(orders["customer_id"]).transform("min")
    plain = orders.groupby([first, month])["customer_id"].nunique()
    assert table["customers"].sum() == plain.sum() and len(table) == len(plain)
    for (cohort, at), customers in plain.items():
        row = table[(table["cohort"] == str(cohort)) & (table["period"] == (at - cohort).n)]
        assert row["customers"].item() == customers
        assert row["share"].item() == pytest.approx(customers / plain[cohort, cohort])


def test_day_numbers_are_right_across_leap_years_and_centuries():
    dates = pd.to_datetime(["1899-12-31", "1900-03-01", "1996-02-29", "2000-02-29", "2000-12-31",
                            "2024-02-29"])
    orders = pd.DataFrame({"customer_id": range(6), "order_date": dates, "amount": 1.0})
    recency = value.rfm_measures(orders, end="2024-12-31")["recency"]
    assert recency.to_list() == (pd.Timestamp("2024-12-31") - dates).days.to_list()


def test_returns_are_netted_in_totals_and_refused_where_purchases_are_counted():
    orders = make_orders(50)
    orders.loc[:2, "amount"] = [-5.0, -6.0, -7.0]
    assert value.totals(orders)["amount"].sum() == pytest.approx(orders["amount"].sum())
    with pytest.raises(ValueError, match="amount is negative in 3 of 50 rows"):
        clv.purchase_summary(orders, end=END)


def damage(column: str, new: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def apply(orders: pd.DataFrame) -> pd.DataFrame:
        return orders.assign(**{column: orders[column].where(orders.index >= 4, new)})
    return apply


@pytest.mark.parametrize("engine", ["pandas", "polars", "polars lazy", "duckdb"])
@pytest.mark.parametrize(("spoil", "message"), [
    (damage("amount", -1.0), "amount is negative in 4 of 60 rows"),
    (damage("amount", np.nan), r"amount is (missing in 4 of|infinite or not a number in some of) 60 rows"),
    (damage("amount", np.inf), "amount is infinite or not a number"),
    (damage("order_date", pd.NaT), "order_date is missing in 4 of 60 rows"),
    (damage("customer_id", None), "customer_id is missing in 4 of 60 rows"),
    (lambda orders: orders[:0], "orders is empty"),
    (lambda orders: orders[orders["order_date"] > "2023-07-01"], "is on or before end = 2023-06-30"),
], ids=["negative", "nan", "infinite", "no date", "no customer", "empty", "all later"])
def test_every_engine_refuses_bad_values(engine, spoil, message):
    given = ENGINES[engine](spoil(make_orders(60)))
    with pytest.raises(ValueError, match=message):
        clv.purchase_summary(given, end=END)


@pytest.mark.parametrize(("change", "message"), [
    (lambda orders: orders.assign(amount="12.50"), "amount holds String, not numbers"),
    (lambda orders: orders.assign(order_date=orders["order_date"].astype(str)), "order_date holds String"),
    (lambda orders: orders.assign(order_date=orders["order_date"].dt.tz_localize("Asia/Shanghai")),
     "order_date has time zone Asia/Shanghai"),
    (lambda orders: orders.drop(columns="amount"), "no column amount in orders; there are customer_id"),
    (lambda orders: orders["amount"].to_list(), "must be a pandas, polars, DuckDB or PySpark frame, got"),
], ids=["text amount", "text date", "time zone", "no column", "no frame"])
def test_wrong_types_are_named(change, message):
    with pytest.raises((TypeError, KeyError), match=message):
        clv.purchase_summary(change(make_orders(20)), end=END)


@pytest.mark.parametrize("end", ["2023-06-30 12:00", pd.Timestamp("2023-06-30", tz="UTC"), None])
def test_the_end_is_a_calendar_day(end):
    with pytest.raises((ValueError, TypeError)):
        clv.purchase_summary(make_orders(20), end=end)


def test_pyspark_gives_the_same_tables():
    pyspark = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("PySpark needs Java, which is not on this machine")
    orders = make_orders(300)
    builder = pyspark.SparkSession.builder.master("local[1]")
    for setting, choice in {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "1",
                            "spark.sql.codegen.wholeStage": "false",
                            "spark.sql.adaptive.enabled": "false"}.items():
        builder = builder.config(setting, choice)
    session = builder.getOrCreate()
    try:
        session.sparkContext.setLogLevel("OFF")
        rows = [(a, b, c.to_pydatetime(), d) for a, b, c, d in orders.itertuples(index=False)]
        raw = session.createDataFrame(rows, list(orders))
        with pytest.raises(TypeError, match="order_date has time zone"):
            clv.purchase_summary(raw, end=END)
        local = raw.selectExpr("customer_id", "product_id", "cast(order_date as timestamp_ntz) as order_date",
                               "amount")
        for name in ("purchase_summary", "totals", "cohort_table"):
            reduce = REDUCTIONS[name]
            result = reduce(local)
            assert type(result) is type(local)
            pd.testing.assert_frame_equal(to_pandas(result), reduce(orders), check_dtype=False)
        negative = local.selectExpr("customer_id", "product_id", "order_date", "-amount as amount")
        with pytest.raises(ValueError, match="amount is negative in 300 of 300 rows"):
            clv.purchase_summary(negative, end=END)
    finally:
        session.stop()


@pytest.mark.parametrize("engine", ["pandas", "polars", "duckdb"])
def test_returns_are_netted_up_to_an_end_too(engine):
    orders = make_orders(60)
    orders.loc[:3, "amount"] = -5.0
    seen = orders[orders["order_date"] < "2023-07-01"]
    found = to_pandas(value.totals(ENGINES[engine](orders), end=END))
    assert found["amount"].sum() == pytest.approx(seen["amount"].sum()) and found["orders"].sum() == len(seen)


def test_an_order_at_midnight_after_the_end_is_later():
    orders = make_orders(3).assign(order_date=pd.Timestamp("2023-07-01"))
    with pytest.raises(ValueError, match="none of 3 orders is on or before end = 2023-06-30"):
        clv.purchase_summary(orders, end=END)
