"""Charts that watch a process: control charts for counts, shares and means, and their run rules."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Bools, Vector

__all__ = ["p_chart", "runs", "u_chart", "xbar_chart"]


def u_chart(count: ArrayLike, exposure: ArrayLike, base: ArrayLike | None = None) -> pd.DataFrame:
    """Control chart for counts per unit, such as complaints per 1,000 orders, with limits at three standard errors.

    Centre ū = Σcount/Σexposure over the base periods; limits ū ± 3·√(ū/exposure), not below 0.

    Parameters
    ----------
    count : events in each period, 0 or more
    exposure : units in each period (in thousands, if the rate is per thousand), above 0
    base : True for the periods that set the centre (a time known to be normal); all if None

    Returns one row a period: rate, centre, lower, upper, signal (outside the limits); the index of `count` is kept.
    Raises ValueError for numbers out of range, unequal lengths, an empty base. Source: Shewhart (1931);
    Montgomery (2019).

    >>> u_chart([4, 6, 5, 20], [1, 1, 1, 1], base=[True, True, True, False])["signal"].to_list()
    [False, False, False, True]
    """
    events, units, chosen, index = _periods(count, exposure, base)
    centre = events[chosen].sum() / units[chosen].sum()
    return _chart(events / units, centre, np.sqrt(centre / units), np.inf, index)


def p_chart(count: ArrayLike, n: ArrayLike, base: ArrayLike | None = None) -> pd.DataFrame:
    """Control chart for a share, such as orders with a fault, with limits at three standard errors.

    Centre p̄ = Σcount/Σn over the base periods; limits p̄ ± 3·√(p̄(1−p̄)/n), within 0 and 1.

    Parameters: `count` of `n` in each period; `base` as in `u_chart`. Returns one row a period: rate, centre, lower,
    upper, signal. Raises ValueError as `u_chart`, and when a count exceeds its n. Source: Shewhart (1931);
    Montgomery (2019).

    >>> p_chart([20, 15, 25], [400, 400, 400])[["lower", "upper"]].round(4).iloc[0].to_list()
    [0.0173, 0.0827]
    """
    _check.counts("n", n, 1)
    _check.counts("count", count)
    events, units, chosen, index = _periods(count, n, base)
    if (events > units).any():
        raise ValueError(f"count exceeds n in {(events > units).sum()} periods: a share is at most 1; see u_chart")
    centre = events[chosen].sum() / units[chosen].sum()
    return _chart(events / units, centre, np.sqrt(centre * (1 - centre) / units), 1.0, index)


def _periods(
    count: ArrayLike, exposure: ArrayLike, base: ArrayLike | None
) -> tuple[Vector, Vector, Bools, pd.Index]:
    _check.same_rows(count=count, exposure=exposure, base=base)
    events = _check.counts("count", count)
    units = _check.vector("exposure", exposure, above=0, unit="units in each period")
    if len(units) != len(events):
        raise ValueError(f"{events.size} counts but {units.size} exposures: one of each a period")
    index = _check.index_of(count, exposure)
    return events, units, _base(len(events), base), pd.RangeIndex(len(events)) if index is None else index


def _chart(
    rate: Vector,
    centre: float,
    error: Vector,
    most: float,
    index: pd.Index,
    least: float = 0.0,
) -> pd.DataFrame:
    lower, upper = np.maximum(centre - 3 * error, least), np.minimum(centre + 3 * error, most)
    made = {"rate": rate, "centre": centre, "lower": lower, "upper": upper, "signal": (rate > upper) | (rate < lower)}
    return pd.DataFrame(made, index=index)


def xbar_chart(samples: pd.DataFrame, base: ArrayLike | None = None) -> pd.DataFrame:
    """Control chart for the mean of small samples, such as five tins a day, with limits at three standard errors.

    Centre x̄̄ is the mean of the base samples' means; limits x̄̄ ± 3·s_p/√n, with s_p the standard deviation *within*
    samples, pooled over the base: √(mean of the sample variances). Spread between samples does not widen them.

    Parameters
    ----------
    samples : one row a sample, one column a measurement in it; complete, at least two columns
    base : True for the samples of a time known to be normal; all if None

    Returns one row a sample: rate (its mean, in the unit measured), centre, lower, upper, signal (outside the limits).
    Raises TypeError for text, ValueError for gaps, a single column, an empty base, or no spread within samples.
    Source: Shewhart (1931); Montgomery (2019), with the pooled standard deviation.

    >>> chart = xbar_chart(pd.DataFrame({"first": [9.0, 10, 13], "second": [11.0, 10, 15]}), base=[True, True, False])
    >>> chart[["rate", "lower", "upper"]].round(2).iloc[2].to_list(), bool(chart["signal"].iloc[2])
    ([14.0, 7.88, 12.12], True)
    """
    x = _measurements(samples)
    _check.same_rows(samples=samples, base=base)
    chosen = _base(len(x), base)
    spread = _within(x[chosen])
    means = x.mean(axis=1)
    error = np.full(len(x), spread / np.sqrt(x.shape[1]))
    return _chart(means, float(means[chosen].mean()), error, np.inf, samples.index, least=-np.inf)


def runs(chart: pd.DataFrame) -> pd.Series:
    """Which Western Electric rule each point of a control chart breaks: 0 none, 1 to 4.

    1: beyond three standard errors; 2: two of three on the same side beyond two; 3: four of five on the same side
    beyond one; 4: eight in a row on one side of the centre. The point that completes the pattern is marked, with the
    first rule it breaks. All four together cry wolf about once in 92 points of an undisturbed process, rule 1 alone
    once in 370.

    Parameters: `chart` with rate, centre, lower, upper in order of time, as the charts here return. One standard error
    is a third of upper − centre, or of centre − lower if that is wider (a limit cut at 0 or 1 would be too near).
    Returns one whole number a point. Raises KeyError for missing columns, ValueError for gaps or limits without width.
    Source: Western Electric (1956); false alarms by Champ and Woodall (1987).

    >>> line = pd.DataFrame({"rate": [0.5] * 8 + [4.0], "centre": 0.0, "lower": -3.0, "upper": 3.0})
    >>> runs(line).to_list()
    [0, 0, 0, 0, 0, 0, 0, 4, 1]
    """
    _check.frame("chart", chart, "rate", "centre", "lower", "upper")
    rate, centre, lower, upper = (_check.vector(name, chart[name]) for name in ("rate", "centre", "lower", "upper"))
    error = np.maximum(upper - centre, centre - lower) / 3
    if not (error > 0).all():
        raise ValueError("the chart has limits without width: every point needs a lower limit below its upper one")
    z = (rate - centre) / error
    found = np.zeros(len(z), dtype=np.int64)
    for number, beyond, needed, of in ((4, 0.0, 8, 8), (3, 1.0, 4, 5), (2, 2.0, 2, 3), (1, 3.0, 1, 1)):
        for side in (z, -z):
            out = side > beyond
            inside = np.convolve(out, np.ones(of, dtype=int))[: len(z)]
            found[out & (inside >= needed)] = number
    return pd.Series(found, index=chart.index, name="rule")


def _measurements(samples: pd.DataFrame) -> Vector:
    return _check.matrix("samples", samples, columns=2, rows=1)


def _within(x: Vector) -> float:
    spread = float(np.sqrt(x.var(axis=1, ddof=1).mean()))
    if not spread > 0:
        raise ValueError("all measurements in each sample are the same: without spread there are no limits")
    return spread


def _base(n: int, base: ArrayLike | None) -> Bools:
    if base is None:
        return np.ones(n, dtype=bool)
    chosen = _check.flags("base", base)
    if len(chosen) != n or not chosen.any():
        raise ValueError(
            f"base marks {chosen.sum()} of {chosen.size} periods; it needs one mark a period, and one True"
        )
    return chosen
