"""What the three lifetime models share: argument checks, maximum likelihood, and the results object."""

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check
from crmlab._check import Vector
from crmlab._threads import one_thread


class ConvergenceWarning(UserWarning):
    """A likelihood had no clear maximum: do not use the estimates."""


def dot(a: ArrayLike, b: ArrayLike) -> float:
    """Sum of products, without BLAS: for a few thousand numbers waking its threads takes longer than the sum."""
    return float(np.einsum("i,i", np.asarray(a), np.asarray(b)))


def shaped(result: Vector, *inputs: ArrayLike) -> Any:
    """Give back what came in: a Series for a Series, a number for numbers, an array otherwise."""
    for values in inputs:
        if isinstance(values, pd.Series):
            return pd.Series(result, index=values.index)
    return result if any(np.ndim(values) for values in inputs) else float(result.ravel()[0])


class Results:
    """Estimates of a fitted model; the models add their predictions."""

    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, params: Sequence[float] | Vector, cov_log: Vector | None = None,
                 llf: float = np.nan, nobs: int = 0, problem: str = "") -> None:
        values = positive(params, self.names)
        self.params = pd.Series(values, index=list(self.names), name="estimate")
        spread = np.full(len(values), np.nan) if cov_log is None else np.sqrt(np.diag(cov_log))
        self._se_log = pd.Series(spread, index=self.params.index)
        self.bse = (self.params * self._se_log).rename("se")
        self.llf, self.nobs, self.problem, self.converged = llf, nobs, problem, not problem

    @classmethod
    def from_params(cls, **params: float) -> Self:
        """Predict from parameters you supply (published ones, or a planted truth) without fitting."""
        if set(params) != set(cls.names):
            raise ValueError(f"{cls.__name__} needs {', '.join(cls.names)}, got {', '.join(params)}")
        return cls([_check.number(name, params[name], above=0) for name in cls.names])

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Wald intervals, normal on the log scale and so above 0: θ·exp(±z·se(θ)/θ); columns estimate, low, high.

        The ends are missing for parameters that were not fitted, or whose fit did not converge.
        """
        reach = np.exp(_check.z_of(level) * self._se_log)
        return pd.DataFrame({"estimate": self.params, "low": self.params / reach, "high": self.params * reach})

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, se, low and high in one table, rounded; a fit that failed adds a column that says why."""
        table = self.conf_int(level)
        table.insert(1, "se", self.bse)
        table = table.round(4)
        return table if self.converged else table.assign(warning=f"did not converge: {self.problem}")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.4g}" for name, value in self.params.items())
        return f"{type(self).__name__}({values}{'' if self.converged else ', did not converge'})"


def positive(params: Any, names: Sequence[str]) -> Vector:
    """Parameters of a model, one for each name, all above 0."""
    values = _check.vector("params", params, above=0, cure="give " + ", ".join(names))
    if len(values) != len(names):
        raise ValueError(f"the model has {len(names)} parameters ({', '.join(names)}), got {len(values)}")
    return values


def maximise(model: Any, start: Sequence[float]) -> dict[str, Any]:
    """Maximise `model.loglike_and_score` over log-parameters; return what `Results` needs.

    The search runs on φ = ln θ, so every parameter stays positive. Standard errors are the inverse of the
    Hessian in φ (central differences of the exact gradient). A fit counts as converged when a Newton step
    from where it stopped would gain less than 1e-4 in log-likelihood, the Hessian is positive definite, and
    no parameter is at the edge (a factor of e¹⁰ from its start) or has a standard error above 5 in ln θ.
    """
    from scipy.optimize import minimize

    nobs = model.nobs

    def loss(phi: Vector) -> tuple[float, Vector]:
        llf, score = model.loglike_and_score(np.exp(phi))
        return -llf / nobs, -score * np.exp(phi) / nobs

    first = np.log(start)
    with one_thread():
        found = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=[(s - 10, s + 10) for s in first],
                         options={"maxiter": 500, "ftol": 0, "gtol": 1e-8})
    phi, gradient, step = found.x, loss(found.x)[1], 1e-4
    hessian = np.array([loss(phi + move)[1] - loss(phi - move)[1]
                        for move in step * np.eye(len(phi))]) / (2 * step)
    hessian = nobs * (hessian + hessian.T) / 2
    cov, problem = None, ""
    if (np.abs(phi - first) > 9.9).any():
        problem = "a parameter ran to the edge of the search; these data do not identify it"
    elif not (np.linalg.eigvalsh(hessian) > 0).all():
        problem = "the likelihood is flat or still rising where the search stopped"
    else:
        cov = np.linalg.inv(hessian)
        if (np.sqrt(np.diag(cov)) > 5).any():
            problem = "the likelihood is almost flat; these data do not identify every parameter"
        elif nobs * gradient @ cov @ gradient * nobs / 2 > 1e-4:
            problem = f"the search stopped early ({found.message})"
    if problem:
        warnings.warn(f"{type(model).__name__} did not converge: {problem}", ConvergenceWarning, stacklevel=3)
    return {"params": np.exp(phi), "cov_log": cov, "llf": -nobs * found.fun, "nobs": nobs, "problem": problem}
