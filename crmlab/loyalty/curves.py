"""The satisfaction–loyalty curve of each market, and expectations with a knot."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector

__all__ = ["bend", "curve", "two_slopes"]

LEAST = 20  # rows of a market below which no curve is fitted


def _markets(
    satisfaction: ArrayLike, loyal: ArrayLike, market: ArrayLike, person: ArrayLike | None
) -> tuple[pd.DataFrame, list[Any]]:
    _check.same_rows(satisfaction=satisfaction, loyal=loyal, market=market, person=person)
    x, y = _check.vector("satisfaction", satisfaction), _check.flags("loyal", loyal).astype(float)
    if np.ptp(x) == 0:
        raise ValueError("satisfaction is the same for everybody: there is no curve to see")
    where = _check.ids("market", market)
    known = where.cat.categories if isinstance(where.dtype, pd.CategoricalDtype) else pd.unique(where)
    names = pd.Series(where.to_numpy(dtype=object))
    who = np.arange(len(x)) if person is None else pd.factorize(_check.ids("person", person))[0]
    frame = pd.DataFrame({"x": x, "s": (x - x.mean()) / x.std(), "y": y, "market": names, "who": who})
    order = [name for name in known if (names == name).any()]
    for name, group in frame.groupby("market"):
        if len(group) < LEAST or group["y"].nunique() < 2:
            raise ValueError(
                f"market {name!r} has {len(group)} rows and {int(group['y'].sum())} loyal: a curve needs {LEAST} rows, "
                "with some who stayed and some who left"
            )
        if group["who"].nunique() < 2:
            raise ValueError(f"all {len(group)} rows of market {name!r} are of one person: a curve needs several")
    return frame, order


def bend(
    satisfaction: ArrayLike, loyal: ArrayLike, market: ArrayLike, person: ArrayLike | None = None, level: float = 0.95
) -> pd.DataFrame:
    """How steep and how bent the satisfaction–loyalty curve is in each market.

    Per market, least squares of loyal = a + slope·s + bend·s², with s the satisfaction standardised over all rows.
    A bend above 0 is convex (only the most satisfied stay: competition), below 0 concave (a little is enough:
    near-monopoly). Standard errors hold for rows of the same person (cluster-robust).

    Parameters
    ----------
    satisfaction : points, any scale
    loyal : 1 stayed, 0 left
    market : name of the market of each row
    person : who answered, where a person may have several rows
    level : confidence level

    Returns one row a market: n, share (loyal), slope, slope_low, slope_high, bend, bend_low, bend_high, in shares a
    standard deviation of satisfaction (and its square). Raises TypeError or ValueError for text, gaps, unequal
    lengths, or a market with fewer than 20 rows or one outcome only. Source: Jones and Sasser (1995).

    >>> s = np.tile(np.arange(1, 11), 30)
    >>> stays = (np.arange(300) % 100 < s**2).astype(int)
    >>> bool(bend(s, stays, ["rivals"] * 300).loc["rivals", "bend_low"] > 0)
    True
    """
    import statsmodels.formula.api as smf

    z = _check.z_of(level)
    frame, order = _markets(satisfaction, loyal, market, person)
    rows = {}
    for name in order:
        group = frame[frame["market"] == name]
        fit = smf.ols("y ~ s + I(s**2)", group).fit(cov_type="cluster", cov_kwds={"groups": group["who"]})
        row = {"n": len(group), "share": group["y"].mean()}
        for k, what in ((1, "slope"), (2, "bend")):
            middle, half = fit.params.iloc[k], z * fit.bse.iloc[k]
            row |= {what: middle, f"{what}_low": middle - half, f"{what}_high": middle + half}
        rows[name] = row
    return pd.DataFrame(rows).T.astype({"n": int})


def curve(
    satisfaction: ArrayLike,
    loyal: ArrayLike,
    market: ArrayLike,
    at: ArrayLike,
    person: ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The satisfaction–loyalty curve of each market, with its band, to be drawn.

    Per market a logistic regression on satisfaction and its square; the band is that of the linear predictor
    (cluster-robust), turned into shares, so it stays between 0 and 1.

    Parameters: as for `bend`; `at`, the points of satisfaction at which to read the curve. Returns columns market,
    satisfaction, share, low, high. Raises as `bend` does. Source: Jones and Sasser (1995).

    >>> s = np.tile(np.arange(1, 11), 30)
    >>> stays = (np.arange(300) % 100 < s**2).astype(int)
    >>> found = curve(s, stays, ["rivals"] * 300, at=[2, 9])
    >>> found["share"].is_monotonic_increasing and bool(found[["low", "high"]].stack().between(0, 1).all())
    True
    """
    import statsmodels.api as sm
    from scipy.special import expit

    z = _check.z_of(level)
    frame, order = _markets(satisfaction, loyal, market, person)
    points = _check.vector("at", at)
    s = (points - frame["x"].mean()) / frame["x"].std(ddof=0)
    new = np.column_stack([np.ones(len(s)), s, s**2])
    parts = []
    for name in order:
        group = frame[frame["market"] == name]
        known = np.column_stack([np.ones(len(group)), group["s"], group["s"] ** 2])
        model = sm.GLM(group["y"].to_numpy(), known, family=sm.families.Binomial())
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": group["who"].to_numpy()})
        middle = new @ fit.params
        half = z * np.sqrt(np.einsum("ij,jk,ik->i", new, fit.cov_params(), new))
        ends = {"share": expit(middle), "low": expit(middle - half), "high": expit(middle + half)}
        parts.append(pd.DataFrame({"market": name, "satisfaction": points, **ends}))
    return pd.concat(parts, ignore_index=True)


def two_slopes(loyal: ArrayLike, expectations: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Where the effect of each expectation on loyalty changes, and its slope below and above that knot.

    loyal = a + Σ_j below_j·min(x_j − k_j, 0) + above_j·max(x_j − k_j, 0). The knots are found together, by least
    squares over the answers that leave a twentieth of the rows on either side; intervals of the slopes are for those
    knots, heteroscedasticity-robust. Basic expectations are steep below and flat above, latent ones the reverse.

    Parameters: loyalty (points); one or two columns of answers on expectations (points); `level`.
    Returns one row an expectation: knot, below, below_low, below_high, above, above_low, above_high (points of
    loyalty for a point). Raises TypeError or ValueError for text, gaps, more than two columns, or answers with fewer
    than four values. Source: Hudson (1966) for the knots; the distinction after Kano et al. (1984).

    >>> x = np.tile(np.arange(1.0, 11), 20)
    >>> y = 50 + 6 * np.minimum(x - 7, 0) + np.repeat([1.0, -1.0], 100)
    >>> two_slopes(y, pd.DataFrame({"basic": x}))[["knot", "below"]].round(6).to_numpy().tolist()
    [[7.0, 6.0]]
    """
    import statsmodels.api as sm

    z = _check.z_of(level)
    _check.frame("expectations", expectations)
    _check.same_rows(loyal=loyal, expectations=expectations)
    y = _check.vector("loyal", loyal, flags=True)
    names = list(expectations)
    if not 1 <= len(names) <= 2:
        raise ValueError(f"expectations has {len(names)} columns; give one or two")
    x = {name: _check.vector(str(name), expectations[name]) for name in names}
    candidates = []
    for name in names:
        values = np.unique(x[name])
        inside = [v for v in values if 0.05 <= (x[name] < v).mean() and (x[name] > v).mean() >= 0.05]
        if len(values) < 4 or not inside:
            raise ValueError(f"{name} has {len(values)} different answers: too few to find a knot")
        candidates.append(inside)

    def design(knots: tuple[float, ...]) -> Vector:
        parts = [np.ones(len(y))]
        for name, knot in zip(names, knots, strict=True):
            parts += [np.minimum(x[name] - knot, 0), np.maximum(x[name] - knot, 0)]
        return np.column_stack(parts)

    def left_over(knots: tuple[float, ...]) -> float:
        matrix = design(knots)
        return float(((y - matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]) ** 2).sum())

    best = min(itertools.product(*candidates), key=left_over)
    fit = sm.OLS(y, design(best)).fit(cov_type="HC1")
    rows = {}
    for j, name in enumerate(names):
        row = {"knot": float(best[j])}
        for k, what in ((1 + 2 * j, "below"), (2 + 2 * j, "above")):
            middle, half = fit.params[k], z * fit.bse[k]
            row |= {what: middle, f"{what}_low": middle - half, f"{what}_high": middle + half}
        rows[name] = row
    return pd.DataFrame(rows).T
