"""Partial least squares path modelling: a network of latent variables, each seen through several items.

All of it happens on correlation matrices. That is why it is short, and why a bootstrap of thousands of draws takes
a second: each draw has its own correlation matrix, and numpy treats the whole stack of them at once. In the arrays
below the first axis is always the draw (one for the fit itself), items are p, latent variables are L.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Bootstrap", "PathModel", "PathResults"]

Floats = NDArray[np.float64]
Scheme = Literal["centroid", "factorial", "path"]
_TOLERANCE, _ROUNDS, _STACK, _ALIKE = 1e-7, 300, 250, 1e10


class PathModel:
    """A path model of latent variables (PLS-PM), and PLSc, its version without attenuation.

    Scores are weighted sums of a block's items, y_j = Σ w_k x_k with variance 1. Weights come from a loop: neighbours
    in the diagram, weighted, stand in for each latent variable, z_j = Σ e_ij y_i; then w_k = cov(x_k, z_j) (mode A) or
    the coefficients of z_j on the items (mode B); until nothing moves. Paths are regressions of scores on scores.
    Scheme: e_ij is the sign of the correlation of y_i and y_j (centroid), the correlation (factorial), or for
    causes the regression coefficient and for effects the correlation (path).

    Parameters
    ----------
    data : one row a respondent, with the items as numeric columns
    blocks : {latent variable: [its items]}; a block of one item is that item
    paths : {effect: [causes]}, without a cycle, as `model_spec` gives them
    scheme : "centroid", "factorial" or "path"
    mode : "A" (items reflect the latent variable) or "B" (they form it); or {latent variable: mode}
    metric : "standardised" items, or "0-100": items keep their spread on 0–100, so that those which vary more weigh
        more (as in Tenenhaus et al., 2005). Paths are those of standardised scores in both.
    scale : (low, high), the ends of the items' scale; or {item: (low, high)} for every item where scales differ
    consistent : PLSc: correct correlations of mode-A blocks for the error of measurement by rho_A
    missing : "refuse" gaps, "drop" respondents with one, or "mean" to fill them with the item's mean

    Raises KeyError for missing columns, TypeError for text, ValueError for gaps, items that never vary or lie outside
    the scale, an item in two blocks, a cycle, an effect or cause without a block, fewer respondents than items + 2.
    Sources: Wold (1982); Lohmöller (1989); Tenenhaus et al. (2005); PLSc: Dijkstra and Henseler (2015).

    >>> rng = np.random.default_rng(1)
    >>> quality = rng.normal(0, 1, 500)
    >>> happy = 0.6 * quality + 0.8 * rng.normal(0, 1, 500)
    >>> table = pd.DataFrame({f"{name}{k}": 5.5 + score + 0.4 * rng.normal(0, 1, 500)
    ...                       for name, score in (("q", quality), ("s", happy)) for k in (1, 2)}).clip(1, 10)
    >>> model = PathModel(table, {"quality": ["q1", "q2"], "satisfaction": ["s1", "s2"]}, {"satisfaction": ["quality"]})
    >>> model.fit().params.round(2).to_dict()
    {'quality -> satisfaction': 0.52}
    """

    def __init__(
        self,
        data: pd.DataFrame,
        blocks: Mapping[str, Sequence[str]],
        paths: Mapping[str, Sequence[str]],
        scheme: Scheme = "path",
        mode: str | Mapping[str, str] = "A",
        metric: Literal["standardised", "0-100"] = "standardised",
        scale: tuple[float, float] | Mapping[str, tuple[float, float]] = (1, 10),
        consistent: bool = False,
        missing: Literal["refuse", "drop", "mean"] = "refuse",
    ) -> None:
        for word, given, known in (
            ("scheme", scheme, ("centroid", "factorial", "path")),
            ("metric", metric, ("standardised", "0-100")),
            ("missing", missing, ("refuse", "drop", "mean")),
        ):
            if given not in known:
                raise ValueError(f"{word} is one of {', '.join(known)}, not {given!r}")
        self.blocks = {name: [items] if isinstance(items, str) else list(items) for name, items in blocks.items()}
        self.paths = {name: [causes] if isinstance(causes, str) else list(causes) for name, causes in paths.items()}
        self.scheme, self.metric, self.consistent = scheme, metric, consistent
        self.latent = list(self.blocks)
        self.items = [item for block in self.blocks.values() for item in block]
        self._check_diagram()
        self.mode = {name: mode if isinstance(mode, str) else mode.get(name, "A") for name in self.latent}
        if set(self.mode.values()) - {"A", "B"}:
            raise ValueError(f"mode is A or B, or A or B for each latent variable; got {mode!r}")
        place = {name: k for k, name in enumerate(self.latent)}
        self._causes = {place[effect]: [place[c] for c in causes] for effect, causes in self.paths.items() if causes}
        self.pairs = [(c, effect) for effect, causes in self._causes.items() for c in causes]
        self.path_names = [f"{self.latent[c]} -> {self.latent[e]}" for c, e in self.pairs]
        owner = np.repeat(np.arange(len(self.latent)), [len(block) for block in self.blocks.values()])
        self._owner = owner
        self._mask = (owner[:, None] == np.arange(len(self.latent))).astype(float)
        self._rows = [np.flatnonzero(owner == j) for j in range(len(self.latent))]
        # blocks whose score has an error of measurement that rho_A can tell
        self._reflective = np.array([len(b) > 1 and self.mode[n] == "A" for n, b in self.blocks.items()])
        self._neighbours = np.zeros((len(self.latent), len(self.latent)))
        for c, e in self.pairs:
            self._neighbours[c, e] = self._neighbours[e, c] = 1.0
        answers, self.index = _answers(data, self.items, missing)
        self._x = _on_0_100(answers, self.items, scale)

    def _check_diagram(self) -> None:
        empty = [name for name, block in self.blocks.items() if not block]
        if empty:
            raise ValueError(f"{empty[0]} has no items")
        twice = sorted({item for item in self.items if self.items.count(item) > 1})
        if twice:
            raise ValueError(f"{twice[0]} stands twice in the blocks: give each item to one latent variable")
        named = {name for effect, causes in self.paths.items() for name in [effect, *causes]}
        if named - set(self.latent):
            raise ValueError(f"no block for {', '.join(sorted(named - set(self.latent)))}, which the paths name")
        if set(self.latent) - named:
            raise ValueError(f"no path leads to or from {', '.join(sorted(set(self.latent) - named))}: leave it out")
        for effect, causes in self.paths.items():
            if len(set(causes)) < len(causes):
                raise ValueError(f"{effect} names a cause twice: {', '.join(causes)}")
        left = dict(self.paths)
        while left:  # take away whatever depends on nothing that is left; what remains is a cycle
            free = [effect for effect, causes in left.items() if not set(causes) & set(left)]
            if not free:
                raise ValueError(f"the paths have a cycle among {', '.join(sorted(left))}: take an arrow out of it")
            for effect in free:
                del left[effect]

    def fit(self) -> "PathResults":
        """Estimate. Returns `PathResults`.

        Raises ValueError where causes (or the items of a mode-B block) cannot be told apart, or where PLSc finds that a
        block has nothing in common; RuntimeError if the loop does not settle in 300 rounds.
        """
        mean, sd, r = _moments(self._x)
        for rows, name in zip(self._rows, self.latent, strict=True):
            if self.mode[name] == "B" and np.linalg.cond(r[0][np.ix_(rows, rows)]) > _ALIKE:
                raise ValueError(f"an item of {name} follows from the others: leave it out, or use mode A")
        estimate = self._estimate(mean, sd, r)
        if self.consistent and not (estimate.rho > 0).all():
            weak = self.latent[int(np.argmin(estimate.rho[0]))]
            raise ValueError(f"the items of {weak} have nothing in common (rho_A is not above 0): look at them")
        for effect, causes in self._causes.items():
            if len(causes) > 1 and np.linalg.cond(estimate.latent_r[0][np.ix_(causes, causes)]) > _ALIKE:
                names = ", ".join(self.latent[c] for c in causes)
                raise ValueError(f"the causes of {self.latent[effect]} cannot be told apart: {names}")
        if not estimate.settled[0]:
            raise RuntimeError(f"the weights do not settle in {_ROUNDS} rounds: look for a block of unrelated items")
        return PathResults(self, estimate)

    # ---- the algorithm, on a stack of correlation matrices -------------------------------------------------

    def _estimate(self, mean: Floats, sd: Floats, r: Floats, start: Floats | None = None) -> "_Estimate":
        w, settled = self._weights(sd, r, start)
        loading = (r @ w)[:, np.arange(len(self.items)), self._owner]
        latent_r = np.swapaxes(w, 1, 2) @ r @ w
        v = w.sum(axis=2)  # the weight of each item
        rho = self._rho_a(v)
        if self.consistent:
            attenuation = np.sqrt(np.where(rho > 0, rho, np.nan))
            latent_r = latent_r / (attenuation[:, :, None] * attenuation[:, None, :])
            latent_r[:, np.arange(len(self.latent)), np.arange(len(self.latent))] = 1.0
            cured = v * (attenuation / (v**2 @ self._mask))[:, self._owner]
            loading = np.where(self._reflective[self._owner], cured, loading)
        path = np.full((len(r), len(self.pairs)), np.nan)
        r2 = np.zeros((len(r), len(self._causes)))
        at = 0
        for k, (effect, causes) in enumerate(self._causes.items()):
            b = latent_r[:, causes, effect]
            if len(causes) > 1:
                b = _solve(latent_r[:, causes][:, :, causes], b)
            path[:, at : at + len(causes)] = b
            r2[:, k] = (b * latent_r[:, causes, effect]).sum(axis=1)
            at += len(causes)
        raw = v / sd  # weights for items that are not standardised
        share = raw[:, :, None] * self._mask
        total = share.sum(axis=1)
        index = (mean[:, :, None] * share).sum(axis=1) / total
        index[((raw < 0)[:, :, None] & (self._mask > 0)).any(axis=1)] = np.nan
        # spread of the index on 0–100: its scores are the standardised ones divided by the sum of raw weights
        settled &= np.isfinite(path).all(axis=1)
        return _Estimate(settled, v, loading, latent_r, rho, path, r2, index, 1 / total)

    def _weights(self, sd: Floats, r: Floats, start: Floats | None) -> tuple[Floats, NDArray[np.bool_]]:
        """Outer weights of standardised items, (draws, p, L), zero outside each block; and whether they settled."""
        spread = sd**2 if self.metric == "0-100" else np.ones_like(sd)  # an item's own variance weighs, or not
        begin = np.sqrt(spread)[:, :, None] if start is None else start[:, :, None]
        w, seen = _unit(begin * self._mask, r)  # seen: covariance of each item with each score
        settled = np.zeros(len(r), dtype=bool)
        for _ in range(_ROUNDS):
            new = (seen @ self._inner(np.swapaxes(w, 1, 2) @ seen)) * self._mask
            for j, rows in enumerate(self._rows):
                if self.mode[self.latent[j]] == "B":
                    new[:, rows, j] = _solve(r[:, rows][:, :, rows], new[:, rows, j])
                elif self.metric == "0-100":
                    new[:, rows, j] *= spread[:, rows]
            before = w
            w, seen = _unit(new, r)
            moved = np.abs(w - before).reshape(len(r), -1).max(axis=1)
            settled = moved < _TOLERANCE
            if (settled | np.isnan(moved)).all():
                break
        down = np.where((seen * self._mask).sum(axis=1) < 0, -1.0, 1.0)  # a score points the way of its items
        return w * down[:, None, :], settled

    def _inner(self, latent_r: Floats) -> Floats:
        """How much each neighbour counts in the stand-in of a latent variable, (draws, neighbour, variable)."""
        if self.scheme == "centroid":
            return np.sign(latent_r) * self._neighbours
        inner = latent_r * self._neighbours
        if self.scheme == "path":
            for effect, causes in self._causes.items():
                if len(causes) > 1:
                    b = _solve(latent_r[:, causes][:, :, causes], latent_r[:, causes, effect])
                    inner[:, causes, effect] = b
        return inner

    def _rho_a(self, v: Floats) -> Floats:
        """Dijkstra and Henseler's reliability of the scores; 1 for a single item and for mode B.

        (v'v)² · v'(S − I)v / (v'(vv' − diag)v) within a block; v'Sv = 1, so all follows from Σv² and Σv⁴.
        """
        square, fourth = v**2 @ self._mask, v**4 @ self._mask
        rho = np.ones_like(square)
        np.divide(square**2 * (1 - square), square**2 - fourth, out=rho, where=self._reflective & (square > 0))
        return rho

    def _totals(self, path: Floats) -> Floats:
        """Total effects (draws, cause, effect): all routes from cause to effect, (I − B)⁻¹ − I."""
        size = len(self.latent)
        direct = np.zeros((len(path), size, size))
        for k, (c, e) in enumerate(self.pairs):
            direct[:, c, e] = path[:, k]
        total, step = direct.copy(), direct
        for _ in range(size - 2):
            step = step @ direct
            total += step
        return total


@dataclass
class _Estimate:
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

    def __init__(self, model: PathModel, estimate: _Estimate) -> None:
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
        if draws < 50:
            raise ValueError(f"{draws} draws do not give an interval: take 1 000 or more")
        rng, n = np.random.default_rng(seed), self.nobs
        code, people = np.arange(n), n
        if clusters is not None:
            code, names = pd.factorize(clusters.reindex(self.model.index))
            people = len(names)
            if (code < 0).any():
                raise ValueError(f"clusters name nobody for {(code < 0).sum()} of {n} rows")
        moments, parts = _Moments(self.model._x), []
        for size in _pieces(draws):
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

    def __init__(self, results: PathResults, parts: Sequence[_Estimate]) -> None:
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
        if what not in ("params", "r2", "index", "effects"):
            raise ValueError(f"what is params, r2, index or effects, not {what!r}")
        if not 0 < level < 1:
            raise ValueError(f"level is a share between 0 and 1, got {level}")
        found = getattr(self.results, what)
        estimate = found["total"] if what == "effects" else found
        draws = getattr(self, what)
        low, high = draws.quantile((1 - level) / 2), draws.quantile((1 + level) / 2)
        return pd.DataFrame({"estimate": estimate, "se": draws.std(), "low": low, "high": high})


# ---- input, moments, small algebra -------------------------------------------------------------------------


def _answers(data: pd.DataFrame, items: Sequence[str], missing: str) -> tuple[Floats, pd.Index]:
    """The items as numbers without gaps, and whose they are; or what is wrong with them."""
    if not data.columns.is_unique:
        raise ValueError("data have two columns of the same name")
    absent = [item for item in items if item not in data.columns]
    if absent:
        raise KeyError(f"data lack column {', '.join(absent)}")
    table = data[list(items)]
    text = [name for name, kind in table.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        raise TypeError(f"{text[0]} holds {table[text[0]].dtype}, not numbers: convert the answers first")
    x, index = table.to_numpy(dtype=float, na_value=np.nan), table.index
    if np.isinf(x).any():
        raise ValueError(f"{items[int(np.isinf(x).any(axis=0).argmax())]} has an infinite answer")
    gaps = np.isnan(x)
    if gaps.any():
        if missing == "refuse":
            worst = items[int(gaps.sum(axis=0).argmax())]
            raise ValueError(
                f"{gaps.any(axis=1).sum()} of {len(x)} respondents skipped an item, {worst} "
                'most often: say missing="drop" to leave them out or missing="mean" to fill in means'
            )
        if missing == "drop":
            x, index = x[~gaps.any(axis=1)], index[~gaps.any(axis=1)]
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


def _on_0_100(
    x: Floats, items: Sequence[str], scale: tuple[float, float] | Mapping[str, tuple[float, float]]
) -> Floats:
    lacking = [item for item in items if item not in scale] if isinstance(scale, Mapping) else []
    if lacking:
        raise ValueError(f"scale names no ends for {', '.join(lacking)}")
    ends = [scale[item] for item in items] if isinstance(scale, Mapping) else [scale] * len(items)
    low, high = np.array(ends, dtype=float).T
    if not (high > low).all():
        k = int(np.argmin(high > low))
        raise ValueError(f"the scale of {items[k]} goes from low to high, got {ends[k]}")
    outside = np.atleast_2d((x < low) | (x > high)).sum(axis=0)
    if outside.any():
        k = int(outside.argmax())
        raise ValueError(
            f"{items[k]} has {outside[k]} answers outside the scale {low[k]:g}–{high[k]:g}: give its own in scale"
        )
    return np.asarray(100 * (x - low) / (high - low))


def _moments(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Means, standard deviations and correlations of the items, as a stack of one."""
    mean, sd = x.mean(axis=0), x.std(axis=0)
    z = (x - mean) / sd
    return mean[None], sd[None], (z.T @ z / len(x))[None]


class _Moments:
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


def _unit(w: Floats, r: Floats) -> tuple[Floats, Floats]:
    """Weights such that every score has variance 1, and the covariances of the items with these scores."""
    seen = r @ w
    size = np.sqrt(np.einsum("bpj,bpj->bj", w, seen))[:, None, :]
    return w / size, seen / size


def _solve(a: Floats, b: Floats) -> Floats:
    """Solve a stack of small systems; where one is singular or has gaps, the answer is missing."""
    try:
        return np.asarray(np.linalg.solve(a, b[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        good = np.atleast_1d(np.linalg.matrix_rank(np.nan_to_num(a)) == a.shape[1])
        safe = np.where(good[:, None, None], a, np.eye(a.shape[1]))
        return np.where(good[:, None], np.linalg.solve(safe, b[:, :, None])[:, :, 0], np.nan)


def _pieces(draws: int) -> Iterator[int]:
    while draws > 0:
        yield min(draws, _STACK)
        draws -= _STACK
