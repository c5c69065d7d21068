"""Decisions from experiments: what a treatment changed, how many people a test needs, where a budget goes.

Shared by the rooms of campaigns, service, churn and win-back. Tests of one number and regression come from
statsmodels; here is what a decision needs from a randomised test, in one line each.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

__all__ = ["ab_test", "allocate", "mean_difference", "sample_size"]


def _level(level: float) -> float:
    from scipy.stats import norm

    if not 0 < level < 1:
        raise ValueError(f"level is a share between 0 and 1, such as .95, got {level}")
    return float(norm.ppf(0.5 + level / 2))


def _counts(arm: str, successes: int, n: int) -> None:
    for name, number in ((f"{arm} successes", successes), (f"{arm} people", n)):
        if not np.isscalar(number) or isinstance(number, str) or number != round(float(number)):
            raise ValueError(f"{name} is a whole number, got {number!r}")
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{arm} group: {successes} successes of {n} people; need 0 ≤ successes ≤ people, people ≥ 1")


def ab_test(successes: int, n: int, control_successes: int, control_n: int, level: float = 0.95) -> pd.Series:
    """What a treatment changed in a rate: difference of two proportions, with interval and z-test.

    lift = p₁ − p₀; z = lift / √(p̄(1−p̄)(1/n₁ + 1/n₀)) with the pooled rate p̄. The interval is Newcombe's,
    from the two Wilson intervals: it stays good for small rates, where ±1.96 standard errors does not.

    Parameters: successes and people in the treated group and in the control group, whole numbers; `level`.
    Returns a Series: treated, control, lift, low, high, z, p_value (two-sided; z and p_value are missing
    when nobody or everybody succeeded). Raises ValueError for counts that cannot be.
    Source: Newcombe (1998), method 10.

    >>> found = ab_test(60, 1000, 45, 1000)
    >>> found[["lift", "z"]].round(3).to_list()
    [0.015, 1.504]
    """
    from scipy.stats import norm
    from statsmodels.stats.proportion import proportion_confint

    _level(level)
    _counts("treated", successes, n)
    _counts("control", control_successes, control_n)
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
            "lift": one - zero,
            "low": one - zero - np.hypot(one - low1, high0 - zero),
            "high": one - zero + np.hypot(high1 - one, zero - low0),
            "z": z,
            "p_value": 2 * norm.sf(abs(z)),
        }
    )


def _outcomes(arm: str, values: ArrayLike) -> np.ndarray:
    number = pd.Series(np.asarray(values))
    if not (pd.api.types.is_numeric_dtype(number) or pd.api.types.is_bool_dtype(number)):
        raise TypeError(f"{arm} outcomes must be numbers, got {number.dtype}: convert them first")
    array = number.to_numpy(dtype=float)
    if len(array) < 2:
        raise ValueError(f"{arm} group has {len(array)} people; a standard error needs at least two")
    gaps = (~np.isfinite(array)).sum()
    if gaps:
        raise ValueError(f"{arm} group: {gaps} of {len(array)} outcomes are missing or infinite: who left out is lost")
    return array


def mean_difference(treated: ArrayLike, control: ArrayLike, level: float = 0.95) -> pd.Series:
    """What a treatment changed in a mean, such as profit a customer: difference with Welch's interval.

    lift = x̄₁ − x̄₀, se = √(s₁²/n₁ + s₀²/n₀), t with Welch's degrees of freedom: the groups may differ in
    spread and size. Everybody counts, those who bought nothing with 0.

    Parameters: outcomes of the treated and of the control group, one number a person; `level`.
    Returns a Series: treated, control, lift, low, high, se, p_value. Raises TypeError for text, ValueError for
    gaps, a group of fewer than two, or groups without any variation. Source: Welch (1947).

    >>> mean_difference([1, 2, 3, 4], [0, 1, 2, 3]).round(2).to_list()
    [2.5, 1.5, 1.0, -1.23, 3.23, 0.91, 0.32]
    """
    from scipy.stats import t

    _level(level)
    one, zero = _outcomes("treated", treated), _outcomes("control", control)
    parts = np.array([one.var(ddof=1) / len(one), zero.var(ddof=1) / len(zero)])
    se = np.sqrt(parts.sum())
    if se == 0:
        raise ValueError("nobody differs from anybody in either group: there is no spread to judge by")
    df = parts.sum() ** 2 / (parts**2 / [len(one) - 1, len(zero) - 1]).sum()
    lift = one.mean() - zero.mean()
    half = t.ppf(0.5 + level / 2, df) * se
    return pd.Series(
        {
            "treated": one.mean(),
            "control": zero.mean(),
            "lift": lift,
            "low": lift - half,
            "high": lift + half,
            "se": se,
            "p_value": 2 * t.sf(abs(lift / se), df),
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
    from scipy.stats import norm

    if lift == 0:
        raise ValueError("no number of people finds a lift of 0: say which lift would change the decision")
    for name, rate in (("base", base), ("base + lift", base + lift), ("power", power)):
        if not 0 < rate < 1:
            raise ValueError(f"{name} is a share between 0 and 1, got {rate:g}")
    middle = base + lift / 2
    own = base * (1 - base) + (base + lift) * (1 - base - lift)
    root = _level(level) * np.sqrt(2 * middle * (1 - middle)) + norm.ppf(power) * np.sqrt(own)
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
    yuan), next (return of the step not taken). Raises ValueError for a negative budget, a step of 0 or less, or
    a curve whose returns rise: there greedy is not the best, so it is refused.
    Source: the equimarginal principle (Gossen 1854); greedy for concave returns (Fox 1966).

    >>> curves = {"a": lambda x: 200 * (1 - np.exp(-0.02 * x)), "b": lambda x: 100 * (1 - np.exp(-0.05 * x))}
    >>> allocate(100, curves)["spend"].to_list()
    [68.0, 32.0]
    """
    if not np.isfinite(budget) or budget < 0:
        raise ValueError(f"budget is an amount of yuan, 0 or more, got {budget}")
    if not step > 0:
        raise ValueError(f"step is the yuan moved at a time, above 0, got {step}")
    if not curves:
        raise ValueError("curves is empty: name at least one place where money can go")
    steps = dict.fromkeys(curves, 0)
    gain = {name: _step_return(curve, 0, step) for name, curve in curves.items()}
    last = dict.fromkeys(curves, np.nan)
    for _ in range(int(np.floor(budget / step + 1e-9))):
        best = max(gain, key=lambda name: gain[name])
        if gain[best] <= least:
            break
        steps[best] += 1
        last[best] = gain[best]
        gain[best] = _step_return(curves[best], steps[best], step)
        if gain[best] > last[best] + 1e-9 * max(1.0, abs(last[best])):
            raise ValueError(
                f"the returns of {best!r} rise at {steps[best] * step:g} yuan, from {last[best]:.4g} to "
                f"{gain[best]:.4g} for a yuan: greedy is not the best there; compare whole divisions instead"
            )
    spend = {name: steps[name] * step for name in curves}
    value = {name: float(curves[name](spend[name])) - float(curves[name](0.0)) for name in curves}
    return pd.DataFrame({"spend": spend, "value": value, "marginal": last, "next": gain}).astype(float)


def _step_return(curve: Callable[[float], float], steps: int, step: float) -> float:
    made = (float(curve((steps + 1) * step)) - float(curve(steps * step))) / step
    if not np.isfinite(made):
        raise ValueError(f"a curve has no finite value between {steps * step:g} and {(steps + 1) * step:g} yuan")
    return made
