"""What path models need of numbers: answers without gaps on 0–100, moments of many draws at once, small algebra."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab import _check

Floats = NDArray[np.float64]
_STACK = 250  # draws treated at once


def answers(data: pd.DataFrame, items: Sequence[str], missing: str) -> tuple[Floats, pd.Index]:
    """The items as numbers without gaps, and whose they are; or what is wrong with them."""
    _check.frame("data", data, *items)
    x, index = _check.matrix("data", data[list(items)], missing=True), data.index
    gaps = np.isnan(x)
    if gaps.any():
        if missing == "refuse":
            worst = items[int(gaps.sum(axis=0).argmax())]
            raise ValueError(
                f"{gaps.any(axis=1).sum()} of {len(x)} respondents skipped an item, {worst} "
                'most often: say missing="drop" to leave them out or missing="mean" to fill in means'
            )
        if missing == "drop":
            whole = np.asarray(~gaps.any(axis=1))
            x, index = x[whole], index[whole]
        else:
            answered = np.where(gaps, 0.0, x).sum(axis=0) / np.maximum((~gaps).sum(axis=0), 1)
            x = np.where(gaps, answered, x)
    if len(x) < len(items) + 2:
        raise ValueError(f"{len(x)} complete respondents for {len(items)} items: at least {len(items) + 2} needed")
    flat = np.atleast_1d(np.ptp(x, axis=0) == 0)
    if flat.any():
        names = ", ".join(item for item, same in zip(items, flat, strict=True) if same)
        raise ValueError(f"{names} has the same answer in all {len(x)} rows: it measures nothing")
    return x, index


def on_0_100(x: Floats, items: Sequence[str], scale: tuple[float, float] | Mapping[str, tuple[float, float]]) -> Floats:
    if isinstance(scale, str) or len(scale) == 0:
        raise ValueError(f"scale is (low, high), or that for every item; got {scale!r}")
    lacking = [item for item in items if item not in scale] if isinstance(scale, Mapping) else []
    if lacking:
        raise ValueError(f"scale names no ends for {', '.join(lacking)}")
    ends = [scale[item] for item in items] if isinstance(scale, Mapping) else [scale] * len(items)
    low, high = np.array([_check.cuts(f"the scale of {item}", end, 2) for item, end in zip(items, ends, strict=True)]).T
    outside = np.atleast_2d((x < low) | (x > high)).sum(axis=0)
    if outside.any():
        k = int(outside.argmax())
        raise ValueError(
            f"{items[k]} has {outside[k]} answers outside the scale {low[k]:g}–{high[k]:g}: give its own in scale"
        )
    return np.asarray(100 * (x - low) / (high - low))


def moments(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Means, standard deviations and correlations of the items, as a stack of one."""
    mean, sd = x.mean(axis=0), x.std(axis=0)
    z = (x - mean) / sd
    return mean[None], sd[None], (z.T @ z / len(x))[None]


class Moments:
    """The same when respondents count more or less often, for a stack of draws."""

    def __init__(self, x: Floats) -> None:
        self.centre = x.mean(axis=0)
        z = x - self.centre
        self.row, self.column = np.triu_indices(x.shape[1])
        self.basis = np.hstack([np.ones((len(x), 1)), z, z[:, self.row] * z[:, self.column]])

    def __call__(self, counts: Floats) -> tuple[Floats, Floats, Floats]:
        """`counts` draws × respondents; one matrix product gives the moments of all draws."""
        p = len(self.centre)
        sums = counts @ self.basis
        sums = sums[:, 1:] / sums[:, :1]
        mean = sums[:, :p]
        covariance = np.empty((len(counts), p, p))
        covariance[:, self.row, self.column] = covariance[:, self.column, self.row] = sums[:, p:]
        covariance -= mean[:, :, None] * mean[:, None, :]
        variance = np.einsum("bii->bi", covariance)
        sd = np.sqrt(np.where(variance > 1e-9, variance, np.nan))  # no spread in this draw: the draw fails
        return mean + self.centre, sd, covariance / (sd[:, :, None] * sd[:, None, :])


def unit(w: Floats, r: Floats) -> tuple[Floats, Floats]:
    """Weights such that every score has variance 1, and the covariances of the items with these scores."""
    seen = r @ w
    size = np.sqrt(np.einsum("bpj,bpj->bj", w, seen))[:, None, :]
    return w / size, seen / size


def solve(a: Floats, b: Floats) -> Floats:
    """Solve a stack of small systems; where one is singular or has gaps, the answer is missing."""
    try:
        return np.asarray(np.linalg.solve(a, b[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        good = np.atleast_1d(np.linalg.matrix_rank(np.nan_to_num(a)) == a.shape[1])
        safe = np.where(good[:, None, None], a, np.eye(a.shape[1]))
        return np.where(good[:, None], np.linalg.solve(safe, b[:, :, None])[:, :, 0], np.nan)


def pieces(draws: int) -> Iterator[int]:
    while draws > 0:
        yield min(draws, _STACK)
        draws -= _STACK
