"""Gamma–gamma: what a customer will spend per purchase, from the few purchases seen."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector
from crmlab.clv._fit import Results, dot, maximise, positive, shaped


class GammaGamma:
    """Gamma–gamma model of spend per purchase, for customers who bought again.

    Amounts of one customer are gamma(p, rate ν), and ν ~ gamma(q, rate γ) over customers, independent of how
    often they buy. For a mean z̄ of x amounts::

        f(z̄ | x) = Γ(px+q)/(Γ(px)Γ(q)) · γ^q · z̄^(px−1) · x^(px) / (γ + x·z̄)^(px+q)

    Parameters
    ----------
    frequency : number of amounts behind each mean (repeat purchase days), shape (n,): whole, 1 or more
    monetary : their mean in money, shape (n,): above 0

    Raises
    ------
    TypeError, ValueError : text or missing values; customers without a repeat purchase (select
        `summary[summary["frequency"] > 0]`); means of 0 or less; fewer than two different means

    Source: Fader and Hardie (2013), note; Colombo and Jiang (1999).

    >>> round(GammaGamma([1, 2, 4], [120.0, 80.0, 150.0]).loglike([6, 4, 15]), 3)
    -24.038
    """

    def __init__(self, frequency: ArrayLike, monetary: ArrayLike) -> None:
        _check.same_rows(frequency=frequency, monetary=monetary)
        self._x, self._z = _check.counts("frequency", frequency, 1), _check.vector("monetary", monetary, 0)
        self.nobs = len(self._x)
        if (self._z == 0).any():
            raise ValueError(f"monetary: {(self._z == 0).sum()} of {self.nobs} rows are 0, and a gamma "
                             "amount is above 0: leave these customers out, and say so")
        if np.unique(self._z).size < 2:
            raise ValueError(f"monetary is the same for all {self.nobs} customers: the model is about how "
                             "spend differs")
        self._value, where = np.unique(self._x, return_inverse=True)
        self._customers = np.bincount(where).astype(float)

    def loglike_and_score(self, params: ArrayLike) -> tuple[float, Vector]:
        """Return the log-likelihood at (p, q, gamma) and its gradient, shape (3,)."""
        from scipy.special import gammaln, psi

        p, q, gamma = np.asarray(params, float)
        x, k, n = self._x, self._value, self._customers
        spent = x * self._z
        log_own, log_prior = np.log(spent / (gamma + spent)), np.log(gamma / (gamma + spent))
        own = dot(x, log_own)
        llf = dot(n, gammaln(p * k + q) - gammaln(p * k) - gammaln(q))
        llf += p * own + q * log_prior.sum() - np.log(self._z).sum()
        return float(llf), np.array([
            dot(n, k * (psi(p * k + q) - psi(p * k))) + own,
            dot(n, psi(p * k + q) - psi(q)) + log_prior.sum(),
            self.nobs * q / gamma - ((p * x + q) / (gamma + spent)).sum(),
        ])

    def loglike(self, params: ArrayLike) -> float:
        """Return the log-likelihood at given (p, q, gamma)."""
        return self.loglike_and_score(positive(params, GammaGammaResults.names))[0]

    def fit(self) -> "GammaGammaResults":
        """Fit by maximum likelihood; warn and set `converged` to False where there is no clear maximum."""
        return GammaGammaResults(**maximise(self, [3.0, 3.0, float(self._z.mean())]))


class GammaGammaResults(Results):
    """Estimates of p, q, gamma (money), and the spend they predict."""

    names = ("p", "q", "gamma")

    def expected_spend(self, frequency: ArrayLike, monetary: ArrayLike) -> Any:
        """Return each customer's expected spend per purchase: her own mean, shrunk to everyone's.

        E[M | z̄, x] = (q−1)/(px+q−1) · γp/(q−1) + px/(px+q−1) · z̄, where γp/(q−1) is everyone's mean. With
        frequency 0 nothing is known, the answer is everyone's mean, and `monetary` may be missing.

        Parameters: `frequency` (repeat purchase days, 0 or more) and `monetary` (their mean), shape (n,) or
        numbers. Returns money in the shape given. Raises ValueError where p·x + q ≤ 1 (the mean is infinite)
        and for bad values. Source: Fader and Hardie (2013).

        >>> cdnow = GammaGammaResults.from_params(p=6.25, q=3.74, gamma=15.44)
        >>> cdnow.expected_spend([0, 1, 10], [np.nan, 50, 50]).round(2)
        array([35.22, 45.49, 49.38])
        """
        _check.same_rows(frequency=frequency, monetary=monetary)
        x, z = _check.counts("frequency", frequency), _check.vector("monetary", monetary, 0, missing=True)
        gaps = np.isnan(z) & (x > 0)
        if gaps.any():
            raise ValueError(f"monetary is missing for {gaps.sum()} of {x.size} customers who bought again: correct or "
                             "leave out these rows")
        z = np.where(x == 0, 0.0, z)
        p, q, gamma = self.params
        if (p * x + q <= 1).any():
            raise ValueError(f"p·x + q ≤ 1 for {(p * x + q <= 1).sum()} of {x.size} customers (q = {q:.3g}): "
                             "their expected spend is infinite; use customers with more purchases")
        return shaped(p * (gamma + x * z) / (p * x + q - 1), frequency, monetary)
