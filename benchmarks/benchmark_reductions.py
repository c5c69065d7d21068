"""Time each reduction over 10 million orders beside the same engine's hand-written version.

    python benchmarks/benchmark_reductions.py [--orders 10000000] [--rounds 3] [--only totals] [--spark]

The orders are made once (a Parquet file in a temporary folder). For each engine and reduction one process
runs three versions in turn: ours, ours with check=False, and by hand (which checks nothing); a first (cold)
round, then `--rounds` warm ones; results are compared. Memory is the peak of a process that runs one version
once. polars and DuckDB read the file each time; pandas holds the table.
Needs polars and duckdb; `--spark` needs pyspark and Java.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

END, REDUCTIONS = "2023-12-31", ("purchase_summary", "rfm_measures", "totals", "cohort_table")


def make_orders(path: Path, n: int) -> None:
    """Write n orders of n/10 customers and 5,000 products over 24 months; rates differ as in BG/NBD."""
    import polars as pl

    rng = np.random.default_rng(1)
    customers = n // 10
    joined, weight = rng.integers(0, 700, customers), rng.gamma(0.9, size=customers)
    more = rng.multinomial(n - customers, weight / weight.sum())
    who = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), more)])
    day = joined[who] + (rng.random(n) * (730 - joined[who]) * (np.arange(n) >= customers)).astype(int)
    order = rng.permutation(n)
    pl.DataFrame({
        "customer_id": who[order], "product_id": rng.integers(0, 5000, n),
        "order_date": (np.datetime64("2022-01-01", "us") + day[order].astype("timedelta64[D]")),
        "amount": rng.gamma(6, 25, n).round(2)}).write_parquet(path)


def crmlab_version(name: str, orders: Any, check: bool = True) -> Any:
    from crmlab import clv, value

    if name == "totals":
        return value.totals(orders, by="product_id", check=check)
    room = value if name == "rfm_measures" else clv
    return getattr(room, name)(orders, end=END, check=check)


def polars_version(name: str, orders: Any) -> Any:
    import polars as pl

    if name == "totals":
        return orders.group_by("product_id").agg(pl.col("amount").sum(), orders=pl.len()).sort("product_id")
    if name == "cohort_table":
        month = pl.col("order_date").dt.year() * 12 + pl.col("order_date").dt.month()
        months = orders.select("customer_id", month=month.cast(pl.Int64)).unique()
        first = months.group_by("customer_id").agg(cohort=pl.col("month").min())
        period = pl.col("month") - pl.col("cohort")
        return months.join(first, on="customer_id").group_by("cohort", period=period).agg(
            customers=pl.len()).sort("cohort", "period")
    day = pl.col("order_date").dt.truncate("1d")
    days = orders.group_by("customer_id", day=day).agg(pl.col("amount").sum())
    end = pl.lit(pd.Timestamp(END).to_pydatetime())
    if name == "rfm_measures":
        return days.group_by("customer_id").agg(
            recency=(end - pl.col("day").max()).dt.total_days(), frequency=pl.len(),
            monetary=pl.col("amount").sum()).sort("customer_id")
    first, last = pl.col("day").min(), pl.col("day").max()
    return days.group_by("customer_id").agg(
        frequency=pl.len() - 1, recency=(last - first).dt.total_days() / 7,
        age=(end - first).dt.total_days() / 7,
        monetary=(pl.col("amount").sum() - pl.col("amount").sort_by("day").first()) / (pl.len() - 1),
    ).sort("customer_id")


def duckdb_version(name: str, orders: Any) -> Any:
    import duckdb

    by_day = ("with days as (select customer_id, date_trunc('day', order_date) as day, sum(amount) as amount "
              "from orders group by all) ")
    if name == "totals":
        query = """select product_id, sum(amount) as amount, count(*) as orders
            from orders group by 1 order by 1"""
    elif name == "cohort_table":
        query = """with months as (
            select distinct customer_id, year(order_date) * 12 + month(order_date) as month from orders),
            firsts as (select customer_id, min(month) as cohort from months group by 1)
            select cohort, month - cohort as period, count(*) as customers
            from months join firsts using (customer_id) group by 1, 2 order by 1, 2"""
    elif name == "rfm_measures":
        query = by_day + f"""select customer_id, date_diff('day', max(day), timestamp '{END}') as recency,
            count(*) as frequency, sum(amount) as monetary from days group by 1 order by 1"""
    else:
        query = by_day + f"""select customer_id, count(*) - 1 as frequency,
            date_diff('day', min(day), max(day)) / 7 as recency,
            date_diff('day', min(day), timestamp '{END}') / 7 as age,
            (sum(amount) - arg_min(amount, day)) / nullif(count(*) - 1, 0) as monetary
            from days group by 1 order by 1"""
    return duckdb.sql(query)


def pandas_version(name: str, orders: pd.DataFrame) -> pd.DataFrame:
    if name == "totals":
        return orders.groupby("product_id")["amount"].agg(amount="sum", orders="size").reset_index()
    if name == "cohort_table":
        month = orders["order_date"].dt.year * 12 + orders["order_date"].dt.month
        months = pd.DataFrame({"customer_id": orders["customer_id"], "month": month}).drop_duplicates()
        months["cohort"] = months.groupby("customer_id")["month"].transform("min")
        months["period"] = months["month"] - months["cohort"]
        return months.groupby(["cohort", "period"]).size().reset_index(name="customers")
    days = orders.assign(day=orders["order_date"].dt.floor("D")).groupby(
        ["customer_id", "day"], sort=False)["amount"].sum().reset_index()
    end = pd.Timestamp(END)
    if name == "rfm_measures":
        one = days.groupby("customer_id").agg(last=("day", "max"), frequency=("day", "size"),
                                              monetary=("amount", "sum"))
        return pd.DataFrame({"recency": (end - one["last"]).dt.days, "frequency": one["frequency"],
                             "monetary": one["monetary"]}).reset_index()
    days["again"] = days["amount"].where(days["day"] > days.groupby("customer_id")["day"].transform("min"), 0)
    one = days.groupby("customer_id").agg(first=("day", "min"), last=("day", "max"), size=("day", "size"),
                                          again=("again", "sum"))
    x = one["size"] - 1
    return pd.DataFrame({"frequency": x, "recency": (one["last"] - one["first"]).dt.days / 7,
                         "age": (end - one["first"]).dt.days / 7,
                         "monetary": (one["again"] / x).where(x > 0)}).reset_index()


def load(engine: str, path: Path) -> Any:
    if engine == "duckdb":
        import duckdb

        duckdb.sql(f"create view orders as select * from '{path}'")
        return duckdb.sql("select * from orders")
    import polars as pl

    if engine == "polars":
        return pl.scan_parquet(path)
    table = pl.read_parquet(path)
    return pd.DataFrame({name: table[name].to_numpy() for name in table.columns})


def finish(result: Any) -> dict[str, np.ndarray]:
    """Compute a lazy result; give its columns."""
    if isinstance(result, pd.DataFrame):
        return {name: result[name].to_numpy() for name in result}
    if hasattr(result, "fetchnumpy"):
        return {name: np.ma.filled(column.astype(float), np.nan) if np.ma.isMaskedArray(column) else column
                for name, column in result.fetchnumpy().items()}
    result = result.collect()
    return {name: result[name].to_numpy() for name in result.columns}


def compare(mine: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    for name in set(mine) & set(theirs) - {"cohort"}:
        np.testing.assert_allclose(mine[name].astype(float), theirs[name].astype(float), rtol=1e-9, atol=1e-7)


def worker(engine: str, name: str, who: str, path: Path, rounds: int) -> None:
    """Run in its own process: `who` is "all" (times) or one version (memory)."""
    versions = {"crmlab": crmlab_version, "unchecked": partial(crmlab_version, check=False),
                "hand": globals()[f"{engine}_version"]}
    orders = load(engine, path)
    if who != "all":
        finish(versions[who](name, orders))
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    wall: dict[str, list[float]] = {version: [] for version in versions}
    cpu: dict[str, list[float]] = {version: [] for version in versions}
    results = {}
    for turn in range(rounds + 1):
        for version in sorted(versions, reverse=bool(turn % 2)):
            start, used = time.perf_counter(), time.process_time()
            results[version] = finish(versions[version](name, orders))
            wall[version].append(time.perf_counter() - start)
            cpu[version].append(time.process_time() - used)
    compare(results["crmlab"], results["hand"])
    print(json.dumps({"wall": {key: statistics.median(times[1:]) for key, times in wall.items()},
                      "cpu": {key: statistics.median(times[1:]) for key, times in cpu.items()}}))


def spark_worker(path: Path) -> None:
    """One pass of each reduction on PySpark, with the time the session takes to start."""
    from pyspark.sql import SparkSession

    start = time.perf_counter()
    session = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
               .config("spark.driver.memory", "4g").config("spark.sql.shuffle.partitions", "8").getOrCreate())
    session.sparkContext.setLogLevel("OFF")
    times = {"session": time.perf_counter() - start}
    orders = session.read.parquet(str(path))
    if dict(orders.dtypes)["order_date"] == "timestamp":
        orders = orders.selectExpr("customer_id", "product_id", "to_date(order_date) as order_date", "amount")
    for name in REDUCTIONS:
        start = time.perf_counter()
        crmlab_version(name, orders).write.format("noop").mode("overwrite").save()
        times[name] = time.perf_counter() - start
    peak = 0
    for status in Path("/proc").glob("[0-9]*/status"):  # the Java machine is a child of this process
        text = status.read_text() if status.exists() else ""
        if "Name:\tjava" in text:
            peak = max(peak, int(text.split("VmHWM:")[1].split()[0]) // 1024)
    print(json.dumps({"times": times, "java peak MB": peak}))


def child(*arguments: str) -> dict[str, Any]:
    said = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    lines = [line for line in said.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(said.stderr[-2000:])
    return json.loads(lines[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=REDUCTIONS, help="this reduction alone")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        engine, name, who, file = options.worker
        if engine == "make":
            make_orders(Path(file), options.orders)
            print("{}")
        elif engine == "spark":
            spark_worker(Path(file))
        else:
            worker(engine, name, who, Path(file), options.rounds)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "orders.parquet")
        child("--orders", str(options.orders), "--worker", "make", "", "", path)  # not here: it takes memory
        print("| engine | reduction | by hand s | crmlab s | ratio (cpu) | unchecked s | ratio (cpu) | MB | "
              "by hand MB |")
        print("|---|---|---|---|---|---|---|---|---|")
        for engine in ("polars", "duckdb", "pandas"):
            for name in [options.only] if options.only else REDUCTIONS:
                got = child("--rounds", str(options.rounds), "--worker", engine, name, "all", path)
                mine, hand = (child("--worker", engine, name, who, path)["peak"]
                              for who in ("crmlab", "hand"))
                wall, cpu = got["wall"], got["cpu"]
                cells = [f"{wall['hand']:.2f}"]
                for version in ("crmlab", "unchecked"):
                    cells += [f"{wall[version]:.2f}", f"{wall[version] / wall['hand']:.2f} "
                              f"({cpu[version] / cpu['hand']:.2f})"]
                print(f"| {engine} | {name} | {' | '.join(cells)} | {mine:,.0f} | {hand:,.0f} |", flush=True)
        if options.spark:
            print(json.dumps(child("--worker", "spark", "", "", path)))


if __name__ == "__main__":
    main()
