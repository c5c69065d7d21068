"""Shifted beta-geometric: how long customers with a contract stay."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector
from crmlab.clv._fit import Results, dot, maximise, positive, shaped


def _lives(life: ArrayLike, observed: ArrayLike) -> tuple[Vector, _check.Bools]:
    """Whole periods lived, and whether the end was seen."""
    _check.same_rows(life=life, observed=observed)
    t = _check.vector("life", life, 0, _check.MOST_PERIODS, whole=True, unit="whole periods")
    left = _check.flags("observed", observed)
    if (left & (t == 0)).any():
        raise ValueError(f"life is 0 for {(left & (t == 0)).sum()} of {t.size} customers who left: who leaves at the "
                         "end of the first period has life 1")
    return t, left


class ShiftedBetaGeometric:
    """Shifted beta-geometric model of a contract that is renewed or ended once per period.

    Each customer leaves with her own constant probability θ at the end of every period; θ ~ beta(α, β) over
    customers. Retention rises with tenure because the likely leavers go first, not because anyone changes::

        P(T = t) = B(α+1, β+t−1)/B(α, β)      S(t) = B(α, β+t)/B(α, β)      r(t) = (β+t−1)/(α+β+t−1)

    Customers may have started in different months: each gives a life, and whether its end was seen. For a
    published series of survivors use `ShiftedBetaGeometric.from_survivors`.

    Parameters
    ----------
    life : whole periods lived, shape (n,). If the end was seen, the period at the end of which she left
        (1 = did not renew once). If not, the renewals made so far (0 = in her first period).
    observed : True where the end was seen, shape (n,); False = still a customer (right-censored)

    Raises
    ------
    TypeError, ValueError : text or missing values, an observed life of 0, fewer than two customers, nobody
        who left, or nobody who renewed

    Source: Fader and Hardie (2007), Journal of Interactive Marketing 21(1).

    >>> round(ShiftedBetaGeometric([1, 1, 2, 5, 3], [True, True, True, True, False]).loglike([1, 2]), 3)
    -7.95
    """

    def __init__(self, life: ArrayLike, observed: ArrayLike) -> None:
        t, left = _lives(life, observed)
        self._set(np.bincount(t[left].astype(int)), np.bincount(t[~left].astype(int)))

    @classmethod
    def from_survivors(cls, survivors: ArrayLike) -> Self:
        """Read one cohort's survivors: its size at time 0, then how many are left after 1, 2, … periods.

        Parameter: `survivors`, whole counts that never rise, shape (k+1,); the last are right-censored.
        Percentages must be multiplied by the size of the cohort first: the standard errors depend on it.

        >>> fit = ShiftedBetaGeometric.from_survivors([1000, 869, 743, 653, 593, 551, 517, 491]).fit()
        >>> fit.params.round(3).to_list()
        [0.668, 3.806]
        """
        count = _check.counts("survivors", survivors)
        if len(count) < 2 or (np.diff(count) > 0).any():
            raise ValueError("survivors needs the size of the cohort, then at least one count, never rising")
        model = cls.__new__(cls)
        model._set(np.append(0, -np.diff(count)), np.append(np.zeros(len(count) - 1), count[-1]))
        return model

    def _set(self, left: ArrayLike, still: ArrayLike) -> None:
        """Keep, for each t = 0, 1, …, how many left at t and how many were last seen alive at t."""
        left, still = np.asarray(left, float), np.asarray(still, float)
        size = max(len(left), len(still))
        self._t = np.arange(size)
        self._left, self._still = np.pad(left, (0, size - len(left))), np.pad(still, (0, size - len(still)))
        self.nobs = int(self._left.sum() + self._still.sum())
        if self.nobs < 2:
            raise ValueError("one customer cannot tell how customers differ: at least two are needed")
        if self._left.sum() == 0:
            raise ValueError(f"none of the {self.nobs} customers was seen to leave: observe for longer")
        if self._left[2:].sum() + self._still[1:].sum() == 0:
            raise ValueError(f"none of the {self.nobs} customers was seen to renew: observe for longer")

    def loglike_and_score(self, params: ArrayLike) -> tuple[float, Vector]:
        """Return the log-likelihood at (alpha, beta) and its gradient, shape (2,)."""
        from scipy.special import betaln, psi

        alpha, beta = np.asarray(params, float)
        t, left, still = self._t, self._left, self._still
        go, stay = left > 0, still > 0
        left, u, still, s = left[go], t[go], still[stay], t[stay]
        llf = (dot(left, betaln(alpha + 1, beta + u - 1)) + dot(still, betaln(alpha, beta + s))
               - self.nobs * betaln(alpha, beta))
        ends = dot(left, psi(alpha + beta + u)) + dot(still, psi(alpha + beta + s))
        base = self.nobs * psi(alpha + beta)
        return float(llf), np.array([
            left.sum() * psi(alpha + 1) + still.sum() * psi(alpha) - ends - self.nobs * psi(alpha) + base,
            dot(left, psi(beta + u - 1)) + dot(still, psi(beta + s)) - ends - self.nobs * psi(beta) + base])

    def loglike(self, params: ArrayLike) -> float:
        """Return the log-likelihood at given (alpha, beta)."""
        return self.loglike_and_score(positive(params, ShiftedBetaGeometricResults.names))[0]

    def fit(self) -> "ShiftedBetaGeometricResults":
        """Fit by maximum likelihood; warn and set `converged` to False where there is no clear maximum."""
        return ShiftedBetaGeometricResults(**maximise(self, [1.0, 3.0]))


class ShiftedBetaGeometricResults(Results):
    """Estimates of alpha and beta, and the survival, retention and residual lifetime they imply."""

    names = ("alpha", "beta")

    def survival(self, t: ArrayLike) -> Any:
        """Return the share of a cohort still there after t periods, S(t) = B(α, β+t)/B(α, β).

        Parameter: `t`, 0 or more, a number or shape (k,). Returns the same shape. Raises ValueError for
        negative t. Source: Fader and Hardie (2007).

        >>> ShiftedBetaGeometricResults.from_params(alpha=1, beta=1).survival([0, 1, 3])
        array([1.  , 0.5 , 0.25])
        """
        from scipy.special import betaln

        alpha, beta = self.params
        after = _check.vector("t", t, 0)
        return shaped(np.exp(betaln(alpha, beta + after) - betaln(alpha, beta)), t)

    def retention(self, t: ArrayLike) -> Any:
        """Return the share renewing at the end of period t, r(t) = S(t)/S(t−1) = (β+t−1)/(α+β+t−1).

        Parameter: `t`, 1 or more, a number or shape (k,). Returns the same shape. Raises ValueError for
        t below 1. Source: Fader and Hardie (2007).

        >>> ShiftedBetaGeometricResults.from_params(alpha=1, beta=1).retention([1, 2, 9])
        array([0.5       , 0.66666667, 0.9       ])
        """
        alpha, beta = self.params
        period = _check.vector("t", t, 1)
        return shaped((beta + period - 1) / (alpha + beta + period - 1), t)

    def residual_lifetime(self, tenure: ArrayLike, discount: float, first_payment: int = 0) -> Any:
        """Return the discounted expected number of renewals still to come (DERL).

        For a customer who has renewed n times, with d per period,
        DERL = Σ_{k≥1} S(n+k)/S(n) · (1+d)^−(k−1+first_payment)
        = (β+n)/(α+β+n) · ₂F₁(1, β+n+1; α+β+n+1; 1/(1+d)) / (1+d)^first_payment.

        Parameters
        ----------
        tenure : renewals made so far, n = 0, 1, …, a number or shape (k,): the same count as a censored
            `life`. (Fader and Hardie count periods begun, which is n + 1.)
        discount : rate d per period, 0 or more. With d = 0 the answer is infinite unless alpha > 1.
        first_payment : periods until the next renewal would be paid: 0 = the decision is due now (the
            published DERL), 1 = she has just paid

        Returns payments in today's value, in the shape of `tenure`. Raises ValueError for bad values.
        Source: Fader and Hardie (2010), Marketing Science 29(1).

        >>> fit = ShiftedBetaGeometricResults.from_params(alpha=0.668, beta=3.806)
        >>> fit.residual_lifetime([0, 4], discount=0.1).round(2)
        array([5.41, 6.9 ])
        """
        from scipy.special import hyp2f1

        n = _check.counts("tenure", tenure)
        discount = _check.share("discount", discount, least=0, most=1, unit="a rate a period")
        first_payment = _check.whole("first_payment", first_payment, 0, 1, unit="0 (due now) or 1 (just paid)")
        alpha, beta = self.params
        due = (beta + n) / (alpha + beta + n) * hyp2f1(
            1, beta + n + 1, alpha + beta + n + 1, 1 / (1 + discount))
        return shaped(due / (1 + discount) ** first_payment, tenure)


def contract_cohorts(start: ArrayLike, life: ArrayLike, observed: ArrayLike) -> pd.DataFrame:
    """Return how many of each starting cohort are left after each period, as far as all of it was seen.

    customers(c, k) = members of cohort c who renewed at least k times; retention = customers(c, k) /
    customers(c, k−1). A cohort stops at the shortest life among its members who are still there, because
    beyond that some are not yet known.

    Parameters
    ----------
    start : cohort of each customer (a month, a year, any label that sorts), shape (n,)
    life, observed : as in `ShiftedBetaGeometric`, shape (n,)

    Returns one row per cohort and period (0, 1, …): cohort, period, customers, share (of the cohort's size),
    retention (missing for period 0). Raises as `ShiftedBetaGeometric` does for bad values.

    >>> contract_cohorts(["Jan", "Jan", "Jan"], [1, 3, 3], [True, True, False])
      cohort  period  customers     share  retention
    0    Jan       0          3  1.000000        NaN
    1    Jan       1          2  0.666667   0.666667
    2    Jan       2          2  0.666667   1.000000
    3    Jan       3          1  0.333333   0.500000
    """
    _check.same_rows(start=start, life=life, observed=observed)
    cohorts, (t, left) = _check.ids("start", start), _lives(life, observed)
    rows = []
    members = pd.DataFrame({"start": cohorts.to_numpy(), "renewed": t - left, "left": left, "life": t})
    for cohort, group in members.groupby("start"):
        last = group["life"].max() if group["left"].all() else group.loc[~group["left"], "life"].min()
        for k in range(int(last) + 1):
            rows.append((cohort, k, int((group["renewed"] >= k).sum())))
    table = pd.DataFrame(rows, columns=["cohort", "period", "customers"])
    by_cohort = table.groupby("cohort")["customers"]
    table["share"] = table["customers"] / by_cohort.transform("first")
    table["retention"] = table["customers"] / by_cohort.shift()
    return table
