"""Decisions from experiments: what a treatment changed, how many people a test needs, where a budget goes.

Shared by the rooms of campaigns, service, churn and win-back. Tests of one number and regression come from
statsmodels; here is what a decision needs from a randomised test, in one line each.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check

__all__ = ["ab_test", "allocate", "mean_difference", "sample_size"]


def ab_test(successes: int, n: int, control_successes: int, control_n: int, level: float = 0.95) -> pd.Series:
    """What a treatment changed in a rate: difference of two proportions, with interval and z-test.

    lift = p₁ − p₀; z = lift / √(p̄(1−p̄)(1/n₁ + 1/n₀)) with the pooled rate p̄. The interval is Newcombe's,
    from the two Wilson intervals: it stays good for small rates, where ±1.96 standard errors does not.

    Parameters: successes and people in the treated group and in the control group, whole numbers; `level`.
    Returns a Series: treated, control, estimate (the lift), low, high, z, p_value (two-sided; z and p_value are
    missing when nobody or everybody succeeded). Raises ValueError for counts that cannot be.
    Source: Newcombe (1998), method 10.

    >>> found = ab_test(60, 1000, 45, 1000)
    >>> found[["estimate", "z"]].round(3).to_list()
    [0.015, 1.504]
    """
    from scipy.special import ndtr
    from statsmodels.stats.proportion import proportion_confint

    level = _check.level(level)
    n = _check.whole("n", n, unit="people in the treated group")
    control_n = _check.whole("control_n", control_n, unit="people in the control group")
    successes = _check.whole("successes", successes, 0, n, unit="successes of the treated group's people")
    control_successes = _check.whole("control_successes", control_successes, 0, control_n,
                                     unit="successes of the control group's people")  # fmt: skip
    one, zero = successes / n, control_successes / control_n
    low1, high1 = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    low0, high0 = proportion_confint(control_successes, control_n, alpha=1 - level, method="wilson")
    pooled = (successes + control_successes) / (n + control_n)
    se = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / control_n))
    z = (one - zero) / se if se > 0 else np.nan
    return pd.Series(
        {
            "treated": one,
            "control": zero,
            "estimate": one - zero,
            "low": one - zero - np.hypot(one - low1, high0 - zero),
            "high": one - zero + np.hypot(high1 - one, zero - low0),
            "z": z,
            "p_value": 2 * ndtr(-abs(z)),
        }
    )


def mean_difference(treated: ArrayLike, control: ArrayLike, level: float = 0.95) -> pd.Series:
    """What a treatment changed in a mean, such as profit a customer: difference with Welch's interval.

    lift = x̄₁ − x̄₀, se = √(s₁²/n₁ + s₀²/n₀), t with Welch's degrees of freedom: the groups may differ in
    spread and size. Everybody counts, those who bought nothing with 0.

    Parameters: outcomes of the treated and of the control group, one number a person; `level`.
    Returns a Series: treated, control, estimate (the lift), low, high, se, p_value. Raises TypeError for text,
    ValueError for gaps, a group of fewer than two, or groups without any variation. Source: Welch (1947).

    >>> mean_difference([1, 2, 3, 4], [0, 1, 2, 3]).round(2).to_list()
    [2.5, 1.5, 1.0, -1.23, 3.23, 0.91, 0.32]
    """
    from scipy.special import stdtr, stdtrit

    level = _check.level(level)
    one = _check.vector("treated", treated, flags=True, rows=2, cure="everybody in a test counts, with 0 if need be")
    zero = _check.vector("control", control, flags=True, rows=2, cure="everybody in a test counts, with 0 if need be")
    parts = np.array([one.var(ddof=1) / len(one), zero.var(ddof=1) / len(zero)])
    se = np.sqrt(parts.sum())
    if se == 0:
        raise ValueError("nobody differs from anybody in either group: there is no spread to judge by")
    df = parts.sum() ** 2 / (parts**2 / [len(one) - 1, len(zero) - 1]).sum()
    lift = one.mean() - zero.mean()
    half = stdtrit(df, 0.5 + level / 2) * se
    return pd.Series(
        {
            "treated": one.mean(),
            "control": zero.mean(),
            "estimate": lift,
            "low": lift - half,
            "high": lift + half,
            "se": se,
            "p_value": 2 * stdtr(df, -abs(lift / se)),
        }
    )


def sample_size(base: float, lift: float, power: float = 0.8, level: float = 0.95) -> int:
    """People needed *in each* of two equal groups to find a lift in a rate, rounded up.

    n = (z₁₋α⸝₂·√(2p̄q̄) + z_power·√(p₀q₀ + p₁q₁))² / lift², two-sided, p₁ = p₀ + lift, p̄ their mean.
    Lehr's rule of thumb is 16·p̄q̄/lift² (power .8, level .95).

    Parameters: `base` rate of the control group; `lift` to be found, a difference of rates, not 0; `power`, the
    chance of finding it when it is there; `level` of confidence. Returns people in each group.
    Raises ValueError for rates outside 0–1. Source: Fleiss (1981), without continuity correction.

    >>> sample_size(0.50, 0.25, power=0.90)
    77
    """
    from scipy.special import ndtri

    base, power = _check.share("base", base), _check.share("power", power)
    lift = _check.number("lift", lift, unit="a difference of rates, such as .01")
    if lift == 0:
        raise ValueError("no number of people finds a lift of 0: say which lift would change the decision")
    _check.share("base + lift", base + lift)
    middle = base + lift / 2
    own = base * (1 - base) + (base + lift) * (1 - base - lift)
    root = _check.z_of(level) * np.sqrt(2 * middle * (1 - middle)) + ndtri(power) * np.sqrt(own)
    return int(np.ceil(root**2 / lift**2 - 1e-9))


def allocate(
    budget: float, curves: Mapping[str, Callable[[float], float]], step: float = 1.0, least: float = 0.0
) -> pd.DataFrame:
    """Divide a budget so that the last yuan brings the same everywhere: greedy, step by step.

    Each step goes where it adds most. For curves with falling returns (concave) that is the best division there
    is on the grid of steps, and the marginal returns end equal wherever money is spent. Money is left over when
    no step brings more than `least` yuan for each yuan.

    Parameters
    ----------
    budget : yuan to divide, 0 or more
    curves : name → function from yuan spent to the value it brings, of falling returns
    step : yuan moved at a time; smaller is finer and slower
    least : marginal return a step must exceed: 0 if `curves` are net of the money spent, 1 if they are gross

    Returns one row a name: spend, value (gained over no spending), marginal (return of its last step, for each
    yuan; missing where nothing is spent), next (return of the step not taken). Raises ValueError for a negative
    budget, a step of 0 or less, more than 100,000 steps, or a curve whose returns rise anywhere within the budget
    (an S, say): there greedy is not the best, so it is refused.
    Source: the equimarginal principle (Gossen 1854); greedy for concave returns (Fox 1966).

    >>> curves = {"a": lambda x: 200 * (1 - np.exp(-0.02 * x)), "b": lambda x: 100 * (1 - np.exp(-0.05 * x))}
    >>> allocate(100, curves)["spend"].to_list()
    [68.0, 32.0]
    """
    budget = _check.number("budget", budget, 0, unit="yuan to divide")
    step = _check.number("step", step, above=0, unit="the yuan moved at a time")
    least = _check.number("least", least, unit="a marginal return")
    if not isinstance(curves, Mapping) or not curves:
        raise ValueError("curves is empty: name at least one place where money can go")
    total = _check.whole("budget / step", np.floor(budget / step + 1e-9), 0, 100_000, unit="the number of steps")
    gain = {name: _returns(name, curve, total, step) for name, curve in curves.items()}
    steps = dict.fromkeys(curves, 0)
    for _ in range(total):
        best = max(gain, key=lambda name: gain[name][steps[name]])
        if gain[best][steps[best]] <= least:
            break
        steps[best] += 1
    rows = {}
    for name, curve in curves.items():
        spent = steps[name] * step
        last = gain[name][steps[name] - 1] if steps[name] else np.nan
        rows[name] = (spent, float(curve(spent)) - float(curve(0.0)), last, gain[name][steps[name]])
    return pd.DataFrame.from_dict(rows, orient="index", columns=["spend", "value", "marginal", "next"], dtype=float)


def _returns(name: str, curve: Callable[[float], float], total: int, step: float) -> list[float]:
    """What each step of a curve brings for a yuan, one step more than can be paid; refused where that rises."""
    if not callable(curve):
        raise TypeError(f"curve {name!r} must be a function from yuan spent to the value it brings")
    value = np.array([float(curve(k * step)) for k in range(total + 2)])
    wrong = np.flatnonzero(~np.isfinite(value))
    if len(wrong):
        raise ValueError(f"curve {name!r} has no finite value at {wrong[0] * step:g} yuan")
    made = np.diff(value) / step
    rises = np.flatnonzero(np.diff(made) > 1e-9 * np.maximum(1.0, np.abs(made[:-1])))
    if len(rises):
        at = int(rises[0]) + 1
        raise ValueError(
            f"the returns of {name!r} rise at {at * step:g} yuan from {made[at - 1]:.4g} to {made[at]:.4g} for a yuan: "
            "greedy is not the best there; compare whole divisions instead"
        )
    return [float(x) for x in made]
