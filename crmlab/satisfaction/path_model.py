"""Partial least squares path modelling: a network of latent variables, each seen through several items.

A long module: the algorithm and the checks of its diagram are one class.

All of it happens on correlation matrices. That is why it is short, and why a bootstrap of thousands of draws takes
a second: each draw has its own correlation matrix, and numpy treats the whole stack of them at once. In the arrays
below the first axis is always the draw (one for the fit itself), items are p, latent variables are L.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab import _check
from crmlab._threads import one_thread
from crmlab.satisfaction.moments import Floats, answers, moments, on_0_100, solve, unit
from crmlab.satisfaction.results import Estimate, PathResults

__all__ = ["PathModel"]

Scheme = Literal["centroid", "factorial", "path"]
_TOLERANCE, _ROUNDS, _ALIKE = 1e-7, 300, 1e10


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
            _check.choice(word, given, known)
        self.blocks = {name: [items] if isinstance(items, str) else list(items) for name, items in blocks.items()}
        self.paths = {name: [causes] if isinstance(causes, str) else list(causes) for name, causes in paths.items()}
        self.scheme, self.metric, self.consistent = scheme, metric, consistent
        self.latent = list(self.blocks)
        self.items = [item for block in self.blocks.values() for item in block]
        self._check_diagram()
        strange = [] if isinstance(mode, str) else [str(name) for name in mode if name not in self.blocks]
        if strange:
            raise ValueError(f"mode names {', '.join(strange)}, which is no block; there are {', '.join(self.latent)}")
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
        complete, self.index = answers(data, self.items, missing)
        self._x = on_0_100(complete, self.items, scale)

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

    def fit(self) -> PathResults:
        """Estimate. Returns `PathResults`.

        Raises ValueError where causes (or the items of a mode-B block) cannot be told apart, or where PLSc finds that a
        block has nothing in common, or gives correlations or R² above 1 (inadmissible); RuntimeError if the loop does
        not settle in 300 rounds.
        """
        with one_thread():
            return self._fit()

    def _fit(self) -> PathResults:
        mean, sd, r = moments(self._x)
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
        if self.consistent:
            self._refuse_inadmissible(estimate)
        return PathResults(self, estimate)

    def _refuse_inadmissible(self, estimate: Estimate) -> None:
        """Correlations freed of error of measurement can exceed 1 where two blocks measure one thing."""
        r = np.abs(estimate.latent_r[0] - np.eye(len(self.latent)))
        a, b = np.unravel_index(int(r.argmax()), r.shape)
        if r[a, b] > 1 or estimate.r2[0].max() > 1:
            raise ValueError(
                f"this solution is inadmissible: freed of error of measurement, {self.latent[a]} and {self.latent[b]} "
                f"correlate by {r[a, b]:.2f}, R² is up to {estimate.r2[0].max():.2f}. Their items cannot tell them "
                "apart: join the two, ask better items, or use consistent=False"
            )

    # ---- the algorithm, on a stack of correlation matrices -------------------------------------------------

    def _estimate(self, mean: Floats, sd: Floats, r: Floats, start: Floats | None = None) -> "Estimate":
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
                b = solve(latent_r[:, causes][:, :, causes], b)
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
        return Estimate(settled, v, loading, latent_r, rho, path, r2, index, 1 / total)

    def _weights(self, sd: Floats, r: Floats, start: Floats | None) -> tuple[Floats, NDArray[np.bool_]]:
        """Outer weights of standardised items, (draws, p, L), zero outside each block; and whether they settled."""
        spread = sd**2 if self.metric == "0-100" else np.ones_like(sd)  # an item's own variance weighs, or not
        begin = np.sqrt(spread)[:, :, None] if start is None else start[:, :, None]
        w, seen = unit(begin * self._mask, r)  # seen: covariance of each item with each score
        settled = np.zeros(len(r), dtype=bool)
        for _ in range(_ROUNDS):
            new = (seen @ self._inner(np.swapaxes(w, 1, 2) @ seen)) * self._mask
            for j, rows in enumerate(self._rows):
                if self.mode[self.latent[j]] == "B":
                    new[:, rows, j] = solve(r[:, rows][:, :, rows], new[:, rows, j])
                elif self.metric == "0-100":
                    new[:, rows, j] *= spread[:, rows]
            before = w
            w, seen = unit(new, r)
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
                    b = solve(latent_r[:, causes][:, :, causes], latent_r[:, causes, effect])
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
