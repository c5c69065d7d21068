"""Time the lifetime models beside `lifetimes`, in one process, and check that both agree.

    python benchmarks/benchmark_clv.py [--quick] [--busy 4]

`--quick` leaves out the million customers; `--busy` keeps so many other processes at work meanwhile. Threads of BLAS
stay as the machine has them, for both. Install the peer with `pip install lifetimes==0.11.3`.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from load import busy, threads

from crmlab import clv, data

TRUTH = dict(r=0.243, alpha=4.414, a=0.793, b=2.426)


def simulate(n: int, seed: int) -> pd.DataFrame:
    """Draw n BG/NBD customers who join within 12 weeks and are seen for 39, on whole days."""
    rng = np.random.default_rng(seed)
    rate, p = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], n), rng.beta(TRUTH["a"], TRUTH["b"], n)
    age = 39 * 7 - rng.integers(0, 84, n)
    x, last, now, alive = np.zeros(n, int), np.zeros(n, int), np.zeros(n), np.arange(n)
    while alive.size:
        now[alive] += rng.exponential(7 / rate[alive])
        day = np.maximum(np.ceil(np.minimum(now[alive], 1e6)).astype(int), last[alive] + 1)
        alive, day = alive[day <= age[alive]], day[day <= age[alive]]
        x[alive], last[alive] = x[alive] + 1, day
        alive = alive[rng.random(alive.size) >= p[alive]]
    return pd.DataFrame({"frequency": x, "recency": last / 7, "age": age / 7})


def timed(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Return the median wall time of `repeats` runs, and the last result."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), result


def fit_ours(model: Any, columns: list[pd.Series]) -> Any:
    return model(*columns).fit()


def fit_theirs(fitter: Any, columns: list[pd.Series]) -> Any:
    return fitter().fit(*columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--busy", type=int, default=0)
    options = parser.parse_args()
    with busy(options.busy):
        table(options.quick)
    print(f"\nOther processes at work: {options.busy}. Threads: {threads()}.")


def table(quick: bool) -> None:
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    warnings.simplefilter("ignore")
    tables = {name: clv.purchase_summary(data.real(name), end="1997-09-30")
              for name in ("cdnow_sample", "cdnow_master")}
    if not quick:
        tables["simulated, daily grid"] = simulate(1_000_000, seed=1)
    print("| model | customers | distinct rows | crmlab s | lifetimes s | ratio | estimates differ by |")
    print("|---|---|---|---|---|---|---|")
    for name, table in tables.items():
        large = len(table) > 100_000
        history = [table[column] for column in ("frequency", "recency", "age")]
        ours, fit = timed(partial(fit_ours, clv.BetaGeometricNBD, history), 5)
        theirs, peer = timed(partial(fit_theirs, BetaGeoFitter, history), 1 if large else 3)
        apart = (fit.params - peer.params_).abs() / peer.params_
        distinct = len(table[["frequency", "recency", "age"]].drop_duplicates())
        print(f"| BG/NBD, {name} | {len(table):,} | {distinct:,} | {ours:.3f} | {theirs:.2f} | "
              f"**{theirs / ours:.0f}×** | {apart.max():.1e} |", flush=True)
        if large:
            continue
        again = table[(table["frequency"] > 0) & (table["monetary"] > 0)]
        spend = [again["frequency"], again["monetary"]]
        ours, fit = timed(partial(fit_ours, clv.GammaGamma, spend), 5)
        theirs, peer = timed(partial(fit_theirs, GammaGammaFitter, spend), 3)
        apart = (fit.params.to_numpy() - peer.params_.to_numpy()) / peer.params_.to_numpy()
        print(f"| gamma–gamma, {name} | {len(again):,} | – | {ours:.3f} | {theirs:.2f} | "
              f"{theirs / ours:.0f}× | {np.abs(apart).max():.1e} |", flush=True)


if __name__ == "__main__":
    main()
