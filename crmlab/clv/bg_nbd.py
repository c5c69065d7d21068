"""BG/NBD: how often a customer without a contract will buy again, and whether she is still a customer."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector
from crmlab.clv._fit import Results, dot, maximise, positive, shaped


def _history(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> tuple[Vector, Vector, Vector]:
    """Check that x, t_x and T can be purchase histories; return them as arrays of one length."""
    _check.same_rows(frequency=frequency, recency=recency, age=age)
    x = _check.counts("frequency", frequency)
    tx, T = _check.vector("recency", recency, 0), _check.vector("age", age, 0)
    x, tx, T = np.broadcast_arrays(x, tx, T)
    for wrong, what in [
        (tx > T, "recency after age: both count weeks from the customer's own first purchase"),
        ((x == 0) & (tx > 0), "frequency 0 but recency above 0: frequency counts repeat purchase days"),
        ((x > 0) & (tx == 0), "frequency above 0 but recency 0: recency is the age at the last purchase, "
                              "not the time since"),
    ]:
        if wrong.any():
            raise ValueError(f"{wrong.sum()} of {wrong.size} customers have {what} (first at position "
                             f"{np.flatnonzero(wrong)[0]})")
    return x, tx, T


class BetaGeometricNBD:
    """Beta-geometric / negative binomial model of repeat purchases without a contract.

    While alive a customer buys at random with rate λ per week; after each repeat purchase she drops out for
    good with probability p; λ ~ gamma(r, rate α) and p ~ beta(a, b) over customers, independently. With
    x repeat purchase days, the last at age t_x, observed to age T::

        L = Γ(r+x)αʳ/Γ(r) · B(a,b+x)/B(a,b) · [(α+T)^−(r+x) + 1(x>0)·a/(b+x−1)·(α+t_x)^−(r+x)]

    Equal histories are merged before fitting, so a million customers on a daily grid take seconds.

    Parameters
    ----------
    frequency : number of *repeat* purchase days, shape (n,): whole, 0 or more
    recency : age at the last purchase in weeks, shape (n,): 0 where frequency is 0
    age : weeks from the first purchase to the last day observed, shape (n,)

    Raises
    ------
    TypeError, ValueError : text or missing values, recency after age, frequency 0 with recency above 0 (and
        the reverse), fewer than two customers, nobody with a repeat purchase, all histories equal

    Source: Fader, Hardie and Lee (2005), Marketing Science 24(2).

    >>> model = BetaGeometricNBD([0, 2, 5, 0, 1], [0, 20, 30.5, 0, 3], [39, 39, 38, 30, 35])
    >>> round(model.loglike([0.9, 9, 0.8, 2.5]), 3)
    -32.159
    """

    def __init__(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> None:
        x, tx, T = _history(frequency, recency, age)
        rows = pd.DataFrame({"x": x, "tx": tx, "T": T}).groupby(["x", "tx", "T"], sort=False).size()
        self.nobs = len(x)
        if len(rows) < 2:
            raise ValueError(f"all {self.nobs} customers have the same history: the model is about how "
                             "customers differ")
        if not (x > 0).any():
            raise ValueError(f"none of the {self.nobs} customers has a repeat purchase (frequency is 0 "
                             "everywhere): count repeat days, or observe for longer")
        self._x, self._tx, self._T = (rows.index.get_level_values(level).to_numpy() for level in range(3))
        self._weight = rows.to_numpy(float)
        # Γ and ψ depend on x alone, and x takes few values: keep each value once, with its customers.
        self._value, where = np.unique(self._x, return_inverse=True)
        self._customers = np.bincount(where, self._weight)

    def loglike_and_score(self, params: ArrayLike) -> tuple[float, Vector]:
        """Return the log-likelihood at (r, alpha, a, b) and its gradient, shape (4,)."""
        from scipy.special import gammaln, psi

        r, alpha, a, b = np.asarray(params, float)
        k, n = self._value, self._customers
        llf = dot(n, gammaln(r + k) - gammaln(r) + r * np.log(alpha)
                  + gammaln(a + b) - gammaln(b) + gammaln(b + k) - gammaln(a + b + k))
        x, w, repeat = self._x, self._weight, self._x > 0
        to_end, to_last = alpha + self._T, alpha + self._tx
        log_end = np.log(to_end)
        gap = log_end - np.log(to_last)
        # log odds of "dropped out at the last purchase" against "still alive": never for x = 0
        odds = np.where(repeat, np.log(a / (b + np.maximum(x, 1) - 1)) + (r + x) * gap, -np.inf)
        small = np.exp(-np.abs(odds))  # of the two, the odds below 1: no overflow
        llf += dot(w, np.maximum(odds, 0) + np.log1p(small) - (r + x) * log_end)
        dead = w * np.where(odds > 0, 1.0, small) / (1 + small)
        shared = dot(n, psi(a + b) - psi(a + b + k))
        return llf, np.array([
            dot(n, psi(r + k) - psi(r) + np.log(alpha)) - dot(w, log_end) + dot(dead, gap),
            n.sum() * r / alpha - dot(w, (r + x) / to_end) + dot(dead, (r + x) * (1 / to_end - 1 / to_last)),
            shared + dead.sum() / a,
            shared + dot(n, psi(b + k) - psi(b)) - dot(dead[repeat], 1 / (b + x[repeat] - 1)),
        ])

    def loglike(self, params: ArrayLike) -> float:
        """Return the log-likelihood at given (r, alpha, a, b)."""
        return self.loglike_and_score(positive(params, BetaGeometricNBDResults.names))[0]

    def fit(self) -> "BetaGeometricNBDResults":
        """Fit by maximum likelihood; warn and set `converged` to False where there is no clear maximum."""
        rate = dot(self._weight, self._x) / dot(self._weight, self._T)
        return BetaGeometricNBDResults(**maximise(self, [0.5, 0.5 / rate, 1.0, 3.0]))


class BetaGeometricNBDResults(Results):
    """Estimates of r, alpha (weeks), a, b, and predictions for customers seen and unseen."""

    names = ("r", "alpha", "a", "b")

    def _growth(self, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Vector:
        """E[purchases in (T, T+t] | x, alive at T], after Euler's transformation of the published ₂F₁.

        (a+b+x−1)/(a−1)·{1 − (1−z)^(a−1)·₂F₁(a+b−1−r, a−1; a+b+x−1; z)} with z = t/(α+T+t). It is 0/0 at
        a = 1, and in between smooth, so there a is moved by 1e-6.
        """
        from scipy.special import hyp2f1

        r, alpha, a, b = self.params
        t, x, T = np.broadcast_arrays(np.asarray(t, float), np.asarray(x, float), np.asarray(T, float))
        a = a + 1e-6 if abs(a - 1) < 1e-6 else a
        c = a + b + x - 1
        c = np.where(np.abs(c) < 1e-6, 1e-6, c)
        z = t / (alpha + T + t)
        growth = c / (a - 1) * (1 - (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, c, z))
        return growth + 0.0  # no -0.0 at t = 0

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Any:
        """Return the probability that each customer has not dropped out by her age T.

        P = 1 / (1 + 1(x>0)·a/(b+x−1)·((α+T)/(α+t_x))^(r+x)); it is 1 for x = 0, where the model lets nobody
        drop out.

        Parameters: `frequency`, `recency`, `age` as in `BetaGeometricNBD`, shape (n,) or single numbers.
        Returns values in (0, 1] in the shape given. Raises ValueError for impossible histories.
        Source: Fader, Hardie and Lee (2005); the form used here, Fader, Hardie and Lee (2008), note.

        >>> cdnow = BetaGeometricNBDResults.from_params(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
        >>> round(cdnow.probability_alive(2, 30.43, 38.86), 4)
        0.7266
        """
        from scipy.special import expit

        x, tx, T = _history(frequency, recency, age)
        r, alpha, a, b = self.params
        odds = np.log(a / (b + np.maximum(x, 1) - 1)) + (r + x) * np.log((alpha + T) / (alpha + tx))
        return shaped(np.where(x > 0, expit(-odds), 1.0), frequency, recency, age)

    def expected_purchases(self, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike,
                           age: ArrayLike) -> Any:
        """Return the expected number of purchases in the next t weeks, given each customer's history.

        E[Y(t) | x, t_x, T] = P(alive) · E[purchases in (T, T+t] | x, alive at T].

        Parameters: `t` in weeks (a number, or shape (n,)); `frequency`, `recency`, `age` as in
        `BetaGeometricNBD`. Returns purchases (days) in the shape given. Raises ValueError for impossible
        histories or negative t.
        Source: Fader, Hardie and Lee (2005), equation 10.

        >>> cdnow = BetaGeometricNBDResults.from_params(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
        >>> round(cdnow.expected_purchases(39, 2, 30.43, 38.86), 3)
        1.226
        """
        ahead = _check.vector("t", t, 0)
        _check.same_rows(t=t, frequency=frequency)
        x, _, T = _history(frequency, recency, age)
        alive = np.atleast_1d(self.probability_alive(frequency, recency, age))
        return shaped(alive * self._growth(ahead, x, T), frequency, recency, age, t)

    def expected_purchases_new(self, t: ArrayLike) -> Any:
        """Return the expected number of repeat purchases of a new customer in her first t weeks.

        E[X(t)] = (a+b−1)/(a−1)·{1 − (α/(α+t))^r·₂F₁(r, b; a+b−1; t/(α+t))}.

        Parameter: `t` in weeks, 0 or more, a number or shape (k,). Returns the same shape. Raises ValueError
        for negative t. Source: Fader, Hardie and Lee (2005), equation 9.

        >>> cdnow = BetaGeometricNBDResults.from_params(r=0.2426, alpha=4.4135, a=0.7929, b=2.4258)
        >>> cdnow.expected_purchases_new([0, 39, 78]).round(3)
        array([0.   , 1.195, 1.858])
        """
        return shaped(self._growth(_check.vector("t", t, 0), 0.0, 0.0), t)
