"""What a path model found: paths, weights, loadings, indices, total effects, and their bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab import _check
from crmlab._threads import one_thread
from crmlab.satisfaction.moments import Floats, Moments, pieces

if TYPE_CHECKING:
    from crmlab.satisfaction.path_model import PathModel

__all__ = ["Bootstrap", "PathResults"]


@dataclass
class Estimate:
    """What a stack of correlation matrices gives; the first axis is the draw."""

    settled: NDArray[np.bool_]
    weight: Floats
    loading: Floats
    latent_r: Floats
    rho: Floats
    path: Floats
    r2: Floats
    index: Floats
    spread: Floats


class PathResults:
    """What `PathModel.fit` found.

    `params` are the paths, "cause -> effect", of standardised scores; `nobs` the respondents used. The rest: `r2`,
    `weights`, `raw_weights`, `loadings`, `correlations`, `reliability`, `index`, `index_sd`, `scores`, `index_scores`,
    `total_effects`, `effects`; and `bootstrap` for their errors.
    """

    def __init__(self, model: "PathModel", estimate: Estimate) -> None:
        self.model, self._e, self.nobs = model, estimate, len(model._x)
        self.params = pd.Series(estimate.path[0], index=model.path_names, name="path")

    def _of_latent(self, numbers: Floats, name: str) -> pd.Series:
        return pd.Series(numbers, index=self.model.latent, name=name)

    def _of_items(self, numbers: Floats, name: str) -> pd.Series:
        return pd.Series(numbers, index=self.model.items, name=name)

    @cached_property
    def r2(self) -> pd.Series:
        """Share of each effect's variance that its causes explain."""
        return pd.Series(self._e.r2[0], index=[self.model.latent[j] for j in self.model._causes], name="r2")

    @cached_property
    def weights(self) -> pd.Series:
        """Weights of standardised items, such that every score has variance 1."""
        return self._of_items(self._e.weight[0], "weight")

    @cached_property
    def raw_weights(self) -> pd.Series:
        """Weights of items on their common scale; they add up to 1 in each block."""
        raw, mask = self._e.weight[0] / self.model._x.std(axis=0), self.model._mask
        return self._of_items(raw / (mask @ (raw @ mask)), "raw_weight")

    @cached_property
    def loadings(self) -> pd.Series:
        """Correlation of each item with its latent variable."""
        return self._of_items(self._e.loading[0], "loading")

    @cached_property
    def correlations(self) -> pd.DataFrame:
        """Correlations of the latent variables."""
        return pd.DataFrame(self._e.latent_r[0], index=self.model.latent, columns=self.model.latent)

    @cached_property
    def index(self) -> pd.Series:
        """Index of each latent variable, 0–100; missing for a block with a negative weight, which is no average."""
        return self._of_latent(self._e.index[0], "index")

    @cached_property
    def index_sd(self) -> pd.Series:
        """Spread of the index over respondents, in points."""
        return self._of_latent(self._e.spread[0], "index_sd")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Standardised latent scores, one row a respondent."""
        x = self.model._x
        z = (x - x.mean(axis=0)) / x.std(axis=0)
        made = z @ (self.model._mask * self._e.weight[0][:, None])
        return pd.DataFrame(made, index=self.model.index, columns=self.model.latent)

    @cached_property
    def index_scores(self) -> pd.DataFrame:
        """Latent scores on 0–100, one row a respondent; their means are `index`."""
        made = self.model._x @ (self.model._mask * self.raw_weights.to_numpy()[:, None])
        return pd.DataFrame(made, index=self.model.index, columns=self.model.latent)

    @cached_property
    def total_effects(self) -> pd.DataFrame:
        """Total effects, cause in rows, effect in columns: the direct path and all routes over others."""
        return pd.DataFrame(self.model._totals(self._e.path)[0], index=self.model.latent, columns=self.model.latent)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Direct, indirect and total effect of each cause on each effect it reaches, "cause -> effect"."""
        m = self.model
        rows = {}
        for c, cause in enumerate(m.latent):
            for e, effect in enumerate(m.latent):
                total = self.total_effects.iloc[c, e]
                name = f"{cause} -> {effect}"
                if (c, e) in m.pairs or total != 0:
                    direct = self.params.get(name, 0.0)
                    rows[name] = (direct, total - direct, total)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["direct", "indirect", "total"])

    @cached_property
    def reliability(self) -> pd.DataFrame:
        """How well each block measures: number of items, alpha (standardised), rho_A, rho_C, ave.

        alpha = k·r̄/(1+(k−1)·r̄); rho_C = (Σλ)²/((Σλ)²+Σ(1−λ²)); ave = mean of λ². Alpha is missing for one item.
        """
        m, rows = self.model, {}
        r = np.atleast_2d(np.corrcoef(m._x.T))
        for j, name in enumerate(m.latent):
            at = m._rows[j]
            k, load = len(at), self._e.loading[0][at]
            mean_r = r[np.ix_(at, at)][np.triu_indices(k, 1)].mean() if k > 1 else np.nan
            composite = load.sum() ** 2 / (load.sum() ** 2 + (1 - load**2).sum())
            alpha = k * mean_r / (1 + (k - 1) * mean_r)
            rows[name] = (k, alpha, self._e.rho[0, j], composite, (load**2).mean())
        return pd.DataFrame.from_dict(rows, orient="index", columns=["items", "alpha", "rho_A", "rho_C", "ave"])

    def bootstrap(self, draws: int = 1000, seed: int = 0, clusters: pd.Series | None = None) -> "Bootstrap":
        """Estimate again on `draws` samples of respondents, drawn with replacement. Returns `Bootstrap`.

        `clusters`, indexed as the data, names who gave each row: then people are drawn, with all their rows.
        Raises ValueError for fewer than 50 draws or rows without cluster, RuntimeError if more than one draw of
        twenty fails.
        """
        draws = _check.whole("draws", draws, 50, 100_000, unit="bootstrap draws (1,000 or more for an interval)")
        seed = _check.whole("seed", seed, 0)
        rng, n = np.random.default_rng(seed), self.nobs
        code, people = np.arange(n), n
        if clusters is not None:
            if not isinstance(clusters, pd.Series) or not clusters.index.is_unique:
                raise TypeError("clusters is a Series that names who gave each row, indexed as the data, each row once")
            _check.ids("clusters", clusters)
            code, names = pd.factorize(clusters.reindex(self.model.index))
            people = len(names)
            if (code < 0).any():
                raise ValueError(f"clusters name nobody for {(code < 0).sum()} of {n} rows")
        moments, parts = Moments(self.model._x), []
        with one_thread():
            for size in pieces(draws):
                chosen = rng.integers(0, people, (size, people)) + people * np.arange(size)[:, None]
                counts = np.bincount(chosen.ravel(), minlength=size * people).reshape(size, people)
                counted = counts if clusters is None else counts[:, code]
                parts.append(self.model._estimate(*moments(counted.astype(float)), start=self._e.weight))
        return Bootstrap(self, parts)

    def summary(self, draws: int = 1000, seed: int = 0, level: float = 0.95) -> pd.DataFrame:
        """Paths with bootstrap standard errors and percentile intervals: estimate, se, low, high."""
        return self.bootstrap(draws, seed).interval("params", level)


class Bootstrap:
    """Bootstrap draws of `params`, `r2`, `index` and `effects` (total), one row a draw; `failed` draws left out."""

    def __init__(self, results: PathResults, parts: Sequence[Estimate]) -> None:
        self.results, m = results, results.model
        settled = np.concatenate([part.settled for part in parts])
        self.failed = int((~settled).sum())
        if self.failed > 0.05 * len(settled):
            raise RuntimeError(f"{self.failed} of {len(settled)} draws did not settle: too few respondents, or an item "
                               "that hardly varies")  # fmt: skip

        def kept(name: str) -> Floats:
            return np.concatenate([getattr(part, name) for part in parts])[settled]

        self.params = pd.DataFrame(kept("path"), columns=m.path_names)
        self.r2 = pd.DataFrame(kept("r2"), columns=results.r2.index)
        self.index = pd.DataFrame(kept("index"), columns=m.latent)
        self.index_sd = pd.DataFrame(kept("spread"), columns=m.latent)
        total = m._totals(kept("path"))
        at = [tuple(m.latent.index(name) for name in label.split(" -> ")) for label in results.effects.index]
        self.effects = pd.DataFrame({label: total[:, c, e] for label, (c, e) in zip(results.effects.index, at,
                                                                                    strict=True)})  # fmt: skip

    def interval(self, what: Literal["params", "r2", "index", "effects"] = "params", level: float = 0.95) -> Any:
        """Estimate, bootstrap standard error and percentile interval of one of the four, one row each."""
        _check.choice("what", what, ("params", "r2", "index", "effects"))
        level = _check.level(level)
        found = getattr(self.results, what)
        estimate = found["total"] if what == "effects" else found
        draws = getattr(self, what)
        low, high = draws.quantile((1 - level) / 2), draws.quantile((1 + level) / 2)
        return pd.DataFrame({"estimate": estimate, "se": draws.std(), "low": low, "high": high})
