"""The national index models as arrows, and the score that is published of them."""

from collections.abc import Iterable

import pandas as pd
from numpy.typing import ArrayLike

from crmlab import _check

__all__ = ["MODELS", "acsi_score", "model_spec"]

_ACSI = {
    "quality": ["expectation"],
    "value": ["expectation", "quality"],
    "satisfaction": ["expectation", "quality", "value"],
}
_AFTER = {"complaints": ["satisfaction"], "loyalty": ["satisfaction", "complaints"]}
_ECSI = {
    "expectation": ["image"],
    "quality": ["expectation"],
    "value": ["expectation", "quality"],
    "satisfaction": ["image", "expectation", "quality", "value"],
}
# effect: its causes
MODELS: dict[str, dict[str, list[str]]] = {
    "scsb": {"performance": ["expectation"], "satisfaction": ["expectation", "performance"], **_AFTER},
    "acsi": {**_ACSI, **_AFTER},
    "ecsi": {**_ECSI, "loyalty": ["image", "satisfaction"]},
    "ecsi_split": {
        "expectation": ["image"],
        "product_quality": ["expectation"],
        "service_quality": ["expectation"],
        "value": ["expectation", "product_quality", "service_quality"],
        "satisfaction": ["image", "expectation", "product_quality", "service_quality", "value"],
        "loyalty": ["image", "satisfaction"],
    },
    "ecsi_mobi": {**_ECSI, "complaints": ["satisfaction"], "loyalty": ["image", "satisfaction", "complaints"]},
    "ccsi": {
        "expectation": ["image"],
        "quality": ["image", "expectation"],
        "value": ["image", "expectation", "quality"],
        "satisfaction": ["image", "expectation", "quality", "value"],
        "loyalty": ["satisfaction"],
    },
}


def model_spec(name: str, without: Iterable[str] = ()) -> dict[str, list[str]]:
    """The arrows of an index model, as {effect: [causes]}.

    scsb: Sweden, Fornell (1992), 6 arrows. acsi: United States, Fornell et al. (1996), 9. ecsi: Europe, without
    complaints, 10; ecsi_split: the same with the quality of product and of service apart, 13; ecsi_mobi: the variant
    of Tenenhaus et al. (2005), which keeps complaints and has one quality, 12. ccsi: China, 11; its arrows
    are our reading (a complete chain from image to satisfaction, then loyalty), for no source was found that lists
    them.

    Parameters: `name`, one of `MODELS`; `without` latent variables to leave out because nobody asked about them.
    Returns a new dictionary, yours to change. Raises ValueError for unknown names.

    >>> model_spec("scsb", without=["complaints"])
    {'performance': ['expectation'], 'satisfaction': ['expectation', 'performance'], 'loyalty': ['satisfaction']}
    """
    if name not in MODELS:
        raise ValueError(f"there is no index model {name!r}; there are {', '.join(MODELS)}")
    out = set([without] if isinstance(without, str) else without)
    known = {word for effect, causes in MODELS[name].items() for word in [effect, *causes]}
    if out - known:
        raise ValueError(f"{name} has no {', '.join(sorted(out - known))}; it has {', '.join(sorted(known))}")
    kept = {effect: [c for c in causes if c not in out] for effect, causes in MODELS[name].items() if effect not in out}
    return {effect: causes for effect, causes in kept.items() if causes}


def acsi_score(items: pd.DataFrame, weights: ArrayLike, scale: tuple[float, float] = (1, 10)) -> pd.Series:
    """Each respondent's score of the American Customer Satisfaction Index; their mean is the index.

    ACSI = 100 · Σ w_i (x_i − low) / ((high − low) Σ w_i); for three items on 1–10 the divisor is 9 Σ w_i.

    Parameters: `items` respondents × satisfaction items; `weights` one an item, for raw items (a weight for
    standardised items divided by the item's standard deviation), 0 or more, not all 0; `scale` ends of the items'
    scale. Returns points, 0–100; missing where an answer is missing. Raises ValueError for negative weights, a wrong
    number of them, answers outside the scale. Source: Fornell et al. (1996).

    >>> means = pd.DataFrame({"overall": [7.8], "expected": [7.2], "ideal": [7.0]})
    >>> float(acsi_score(means, [0.38, 0.33, 0.29]).mean().round(4))
    70.7778
    """
    low, high = _check.cuts("scale", scale, 2)
    x = _check.matrix("items", items, rows=1, least=low, most=high, missing=True)
    w = _check.vector("weights", weights, 0)
    if isinstance(weights, pd.Series) and list(weights.index) != list(items.columns):
        raise ValueError(f"weights are for {', '.join(map(str, weights.index))}, items are "
                         f"{', '.join(map(str, items.columns))}: bring them into one order")  # fmt: skip
    if len(w) != x.shape[1]:
        raise ValueError(f"{x.shape[1]} items need as many weights, got {w.size}")
    if w.sum() == 0:
        raise ValueError("weights are all 0")
    return pd.Series(100 * (x - low) @ w / ((high - low) * w.sum()), index=items.index, name="acsi")
