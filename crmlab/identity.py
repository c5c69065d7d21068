"""Who is who: linking records of one person by the evidence of several fields (Fellegi and Sunter).

The steps, each to be looked at: `block` proposes pairs that share a key, `compare` says for each field how well a
pair agrees, `FellegiSunter` learns from all pairs what an agreement is worth, `clusters` joins linked records, and
`pair_metrics`, `cluster_metrics` hold the result against a known truth. A long module: the steps are one method, and
are read in this order.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmlab import _check

__all__ = ["FellegiSunter", "FellegiSunterResults", "block", "cluster_metrics", "clusters", "compare", "pair_metrics"]

MISSING = -1
Floats = NDArray[np.float64]


def block(records: pd.DataFrame, keys: Sequence[str | Sequence[str]], largest: int = 1000) -> pd.DataFrame:
    """Pairs of records that agree on at least one key; all other pairs are never looked at.

    n records have n(n−1)/2 pairs, far too many to compare; true pairs that share none of the keys are lost, and
    the recall of blocking bounds the recall of everything after it. A missing or blank key joins nobody.

    Parameters
    ----------
    records : one row each, with a unique index
    keys : columns, or lists of columns that must agree together
    largest : most records one value of a key may have; more is refused, because a key such as "Beijing" is no key

    Returns the columns left and right: labels of `records`, each pair once, in the order of the records.
    Raises KeyError for unknown columns; ValueError for a repeated index or a block that is too large.
    Source: Newcombe et al. (1959); Christen (2012).

    >>> records = pd.DataFrame({"phone": ["1", "1", None, "2"], "mail": ["a", "b", "b", None]}, index=list("wxyz"))
    >>> block(records, ["phone", "mail"]).to_numpy().tolist()
    [['w', 'x'], ['x', 'y']]
    """
    _check.frame("records", records, rows=1)
    _check.ids("the index of records", pd.Series(records.index), unique=True)
    largest = _check.whole("largest", largest, 2, 5_000, unit="the most records one value of a key may have")
    if isinstance(keys, str):
        raise TypeError(f"keys is a list of columns, such as [{keys!r}]")
    found = []
    for key in keys:
        columns = [key] if isinstance(key, str) else list(key)
        _check.frame("records", records, *columns)
        known = np.all([_filled(records[name]) for name in columns], axis=0)
        code = records.loc[known].groupby(columns, sort=False, observed=True).ngroup().to_numpy()
        position = np.flatnonzero(known)
        order = np.argsort(code, kind="stable")
        sizes = np.bincount(code) if len(code) else np.array([], dtype=int)
        if len(sizes) and sizes.max() > largest:
            row = position[order][np.searchsorted(code[order], sizes.argmax())]
            value = ", ".join(map(str, records.iloc[row][columns]))
            raise ValueError(
                f"key {'+'.join(columns)}: {sizes.max()} records share {value!r}, more than {largest}. Combine it with "
                "another column, or raise `largest`"
            )
        found.append(_pairs_within(position[order], sizes))
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), dtype=int)
    labels = records.index.to_numpy()
    return pd.DataFrame({"left": labels[pairs[:, 0]], "right": labels[pairs[:, 1]]})


def _filled(column: pd.Series) -> NDArray[np.bool_]:
    """Which entries say something: not missing, and not a blank."""
    known = column.notna().to_numpy()
    if not pd.api.types.is_numeric_dtype(column.dtype):
        known = known & (column.astype("str").str.strip() != "").to_numpy()
    return known


def _places(index: pd.Index, pairs: pd.DataFrame, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Positions in `index` of the labels left and right of each pair."""
    _check.frame(what, pairs, "left", "right")
    left, right = (index.get_indexer(pd.Index(pairs[side])) for side in ("left", "right"))
    lost = (left < 0) | (right < 0)
    if lost.any():
        at = int(np.flatnonzero(lost)[0])
        pair = (pairs["left"].iloc[at], pairs["right"].iloc[at])
        raise KeyError(f"{lost.sum()} of {len(pairs)} {what} name records that are not there, first {pair}")
    return left, right


def _pairs_within(members: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """All pairs of positions within consecutive groups of these sizes, smaller position first."""
    start = np.cumsum(sizes) - sizes
    parts = [np.empty((0, 2), dtype=int)]
    for size in np.unique(sizes[sizes > 1]):
        i, j = np.triu_indices(size, 1)
        rows = members[start[sizes == size][:, None] + np.arange(size)]
        parts.append(np.column_stack([rows[:, i].ravel(), rows[:, j].ravel()]))
    return np.sort(np.concatenate(parts), axis=1)


def compare(
    records: pd.DataFrame, pairs: pd.DataFrame, fields: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    """How well each pair agrees on each field: level 0 differs, higher levels are closer, the highest is equal.

    Text is compared by Jaro–Winkler similarity. With cuts (.8, .92) a field has four levels: below .8, from .8,
    from .92, and equal. Without cuts it has two: different and equal. −1: missing or blank in one of the records.

    Parameters
    ----------
    records : one row each; pairs : columns left and right, as `block` gives them
    fields : for each column the rising cuts, each above 0 and below 1; () for equal or not

    Returns one row a pair, one column a field, whole numbers. Raises KeyError for unknown fields or labels,
    ValueError for cuts that do not rise within 0–1. Source: Jaro (1989); Winkler (1990).

    >>> records = pd.DataFrame({"name": ["MARTHA", "MARHTA", "JOHN"], "sex": ["f", "f", None]})
    >>> pairs = pd.DataFrame({"left": [0, 0], "right": [1, 2]})
    >>> compare(records, pairs, {"name": (0.9,), "sex": ()}).to_numpy().tolist()
    [[1, 1], [0, -1]]
    """
    from rapidfuzz.distance import JaroWinkler
    from rapidfuzz.process import cpdist

    _check.frame("records", records, *fields)
    _check.ids("the index of records", pd.Series(records.index), unique=True)
    left, right = _places(records.index, pairs, "pairs")
    levels = {}
    for name, given in fields.items():
        cuts = _check.cuts(f"the cuts of {name}", given, len(given), 0, 1)
        code, values = pd.factorize(records[name].where(_filled(records[name])))
        a, b = code[left], code[right]
        level = np.where(a == b, len(cuts) + 1, 0)
        near = np.flatnonzero((a != b) & (a >= 0) & (b >= 0)) if len(cuts) else np.array([], dtype=int)
        if len(near):
            text = np.array([str(value) for value in values], dtype=object)
            similar = cpdist(text[a[near]], text[b[near]], scorer=JaroWinkler.similarity)
            level[near] = np.searchsorted(cuts, similar, side="right")
        levels[name] = np.where((a < 0) | (b < 0), MISSING, level)
    return pd.DataFrame(levels, index=pairs.index)


class FellegiSunter:
    """Fellegi and Sunter's model of record linkage, learnt without labels by the EM algorithm.

    A pair is a match with probability λ. Among matches field f shows level l with probability m, among other pairs
    with probability u; given match or not, fields are independent, and missing fields say nothing. The weight of a
    level is log2(m/u); a pair's weight is log2(λ/(1−λ)) plus the weights of its levels.

    Parameters
    ----------
    levels : one row a pair, one column a field, as `compare` gives them

    Raises ValueError for fewer than two fields, no pairs, or a field with one level only.
    Source: Fellegi and Sunter (1969); EM after Winkler (1988).

    >>> rng = np.random.default_rng(1)
    >>> match = rng.random(4000) < 0.3
    >>> levels = pd.DataFrame({f: np.where(match, rng.random(4000) < 0.9, rng.random(4000) < 0.1).astype(int)
    ...                        for f in ("name", "phone", "mail")})
    >>> found = FellegiSunter(levels).fit()
    >>> found.weights.loc[("name", 1)].round(1).to_dict()
    {'m': 0.9, 'u': 0.1, 'weight': 3.2}
    """

    def __init__(self, levels: pd.DataFrame) -> None:
        codes = _levels("levels", levels)
        if codes.shape[1] < 2:
            raise ValueError(f"need at least two fields, got {codes.shape[1]}")
        flat = [str(name) for name, code in zip(levels, codes.T, strict=True) if len(set(code[code >= 0])) < 2]
        if flat:
            raise ValueError(f"{', '.join(flat)} shows a single level in all pairs: it tells nothing apart")
        self.fields = [str(name) for name in levels.columns]
        self.patterns, self.counts = np.unique(codes, axis=0, return_counts=True)
        self.depth = [int(self.patterns[:, k].max()) + 1 for k in range(len(self.fields))]

    def fit(self, rounds: int = 1000, tolerance: float = 1e-8) -> "FellegiSunterResults":
        """Estimate λ, m and u by EM on the distinct patterns of agreement.

        Parameters: `rounds` at most; `tolerance` the change of the mean log-likelihood that ends it.
        Returns `FellegiSunterResults`.
        """
        rounds = _check.whole("rounds", rounds, 1, 100_000, unit="how often to try at most")
        tolerance = _check.number("tolerance", tolerance, above=0)
        # start: matches mostly agree, others mostly do not
        m = [_start(depth, agree=True) for depth in self.depth]
        u = [_start(depth, agree=False) for depth in self.depth]
        share, before, converged = 0.2, -np.inf, False
        for _ in range(rounds):
            weight, llf = self._posterior(share, m, u)
            share = float((weight * self.counts).sum() / self.counts.sum())
            m, u = self._levels(weight), self._levels(1 - weight)
            converged = abs(llf - before) < tolerance
            if converged:
                break
            before = llf
        if not converged:
            import warnings

            warnings.warn(f"EM did not settle in {rounds} rounds: the weights are not final", stacklevel=2)
        return FellegiSunterResults(self.fields, share, m, u, llf * self.counts.sum(), converged)

    def _posterior(self, share: float, m: list[Floats], u: list[Floats]) -> tuple[Floats, float]:
        log_m, log_u = (_log_likelihood(self.patterns, levels) for levels in (m, u))
        a, b = np.log(share) + log_m, np.log1p(-share) + log_u
        total = np.logaddexp(a, b)
        return np.exp(a - total), float((total * self.counts).sum() / self.counts.sum())

    def _levels(self, weight: Floats) -> list[Floats]:
        """Share of each level of each field among pairs of these weights, a little away from 0."""
        made = []
        for k, depth in enumerate(self.depth):
            known = self.patterns[:, k] >= 0
            tally = np.bincount(self.patterns[known, k], weights=(weight * self.counts)[known], minlength=depth)
            made.append((tally + 0.01) / (tally + 0.01).sum())
        return made


def _levels(name: str, levels: pd.DataFrame) -> NDArray[np.int64]:
    """Whole levels from −1 up; similarities between 0 and 1 are none."""
    _check.frame(name, levels, rows=1)
    columns = [
        _check.vector(f"{name}, column {field}", levels[field], MISSING, 100, whole=True,
                      cure="levels are whole numbers, as compare() makes them of similarities")
        for field in levels
    ]  # fmt: skip
    return np.column_stack(columns).astype(np.int64) if columns else np.empty((len(levels), 0), dtype=np.int64)


def _start(depth: int, agree: bool) -> Floats:
    level = np.full(depth, 0.1 / max(depth - 1, 1))
    level[-1 if agree else 0] = 0.9
    return level / level.sum()


def _log_likelihood(patterns: NDArray[np.int64], levels: list[Floats]) -> Floats:
    total = np.zeros(len(patterns))
    for k, level in enumerate(levels):
        code = patterns[:, k]
        total += np.where(code >= 0, np.log(level)[np.maximum(code, 0)], 0.0)
    return total


class FellegiSunterResults:
    """What `FellegiSunter.fit` learnt: `.prevalence` (λ), `.weights`, `.llf`, `.converged`, and `.predict`."""

    def __init__(
        self, fields: list[str], share: float, m: list[Floats], u: list[Floats], llf: float, converged: bool
    ) -> None:
        self.prevalence, self.llf, self.converged = share, llf, converged
        self._fields, self._m, self._u = fields, m, u
        rows = [(f, level) for f, known in zip(fields, m, strict=True) for level in range(len(known))]
        index = pd.MultiIndex.from_tuples(rows, names=["field", "level"])
        table = pd.DataFrame({"m": np.concatenate(m), "u": np.concatenate(u)}, index=index)
        self.weights = table.assign(weight=np.log2(table["m"] / table["u"]))

    def predict(self, levels: pd.DataFrame) -> pd.DataFrame:
        """Match weight (bits) and probability of each pair.

        They hold for pairs proposed by the blocking keys of the fit: for other pairs the share of matches, and what
        an agreement is worth, differ.

        Parameters: `levels` with the fields of the fit. Returns columns weight and probability, index as given.
        Raises KeyError for missing fields, ValueError for levels never seen in the fit.
        """
        _check.frame("levels", levels, *self._fields)
        codes = _levels("levels", levels[self._fields])
        for k, m in enumerate(self._m):
            if codes[:, k].max(initial=0) >= len(m):
                raise ValueError(f"{self._fields[k]} has level {codes[:, k].max()}, which the fit never saw")
        bits = (_log_likelihood(codes, self._m) - _log_likelihood(codes, self._u)) / np.log(2)
        bits = bits + np.log2(self.prevalence / (1 - self.prevalence))
        return pd.DataFrame({"weight": bits, "probability": 1 / (1 + 2.0**-bits)}, index=levels.index)


def clusters(records: pd.Index, links: pd.DataFrame) -> pd.Series:
    """Number of the cluster of each record: linked records, and records linked to those, belong together.

    Parameters: `records` all labels, unlinked ones too; `links` the pairs accepted, columns left and right.
    Returns a Series on `records`; a record without links is a cluster of its own. Raises KeyError for unknown
    labels.

    >>> clusters(pd.Index(list("wxyz")), pd.DataFrame({"left": ["w", "x"], "right": ["x", "z"]})).to_list()
    [0, 0, 1, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    records = pd.Index(records)
    _check.ids("records", pd.Series(records), unique=True, rows=1)
    left, right = _places(records, links, "links")
    graph = coo_array((np.ones(len(links)), (left, right)), shape=(len(records), len(records)))
    _, label = connected_components(graph, directed=False)
    return pd.Series(label, index=records, name="cluster")


def pair_metrics(links: pd.DataFrame, truth: pd.Series) -> pd.Series:
    """Precision, recall and F1 of accepted pairs against the true entity of each record.

    precision = true links/links; recall = true links/pairs of records with one entity; F1 = their harmonic mean.

    Parameters: `links` with left and right; `truth` entity by record label. Returns precision, recall, f1 and the
    counts links, right, wanted. Raises KeyError for labels without truth.

    >>> truth = pd.Series(["A", "A", "A", "B"], index=list("wxyz"))
    >>> pair_metrics(pd.DataFrame({"left": ["w", "w"], "right": ["x", "z"]}), truth).round(2).to_dict()
    {'precision': 0.5, 'recall': 0.33, 'f1': 0.4, 'links': 2.0, 'right': 1.0, 'wanted': 3.0}
    """
    entity = _by_record("truth", truth)
    left, right = _places(entity.index, links, "links")
    found = entity.to_numpy(dtype=object)
    return _scores(len(links), int((found[left] == found[right]).sum()), _pairs_in(entity))


def cluster_metrics(label: pd.Series, truth: pd.Series) -> pd.Series:
    """Precision, recall and F1 of a clustering: every two records of a cluster count as a link.

    Parameters: `label` cluster by record, as `clusters` gives it; `truth` entity by record. Returns as
    `pair_metrics`. Raises KeyError for records without truth.

    >>> truth = pd.Series(["A", "A", "A", "B"], index=list("wxyz"))
    >>> cluster_metrics(pd.Series([0, 0, 1, 1], index=list("wxyz")), truth).round(2).to_dict()["links"]
    2.0
    """
    label, truth = _by_record("label", label), _by_record("truth", truth)
    if not label.index.isin(truth.index).all():
        raise KeyError(f"{(~label.index.isin(truth.index)).sum()} of {len(label)} records have no truth")
    both = pd.DataFrame({"label": label.astype(object), "entity": truth.reindex(label.index).astype(object)})
    right = _pairs_in(both.groupby(["label", "entity"]).ngroup())
    return _scores(_pairs_in(label), right, _pairs_in(both["entity"]))


def _by_record(name: str, labels: pd.Series) -> pd.Series:
    """One label for each record, none missing, with the records as index."""
    if not isinstance(labels, pd.Series):
        raise TypeError(f"{name} is a Series with the records as index, got {type(labels).__name__}")
    _check.ids(f"the index of {name}", pd.Series(labels.index), unique=True, rows=1)
    return _check.ids(name, labels)


def _pairs_in(group: pd.Series) -> int:
    size = group.value_counts().to_numpy()
    return int((size * (size - 1) // 2).sum())


def _scores(links: int, right: int, wanted: int) -> pd.Series:
    precision = right / links if links else np.nan
    recall = right / wanted if wanted else np.nan
    f1 = 2 * right / (links + wanted) if links + wanted else np.nan
    return pd.Series(
        {"precision": precision, "recall": recall, "f1": f1, "links": links, "right": right, "wanted": wanted}
    ).astype(float)
