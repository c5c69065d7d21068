"""Draw a path model: boxes for latent variables, arrows for paths, in the colours of the house figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crmlab import _check

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PLACES", "path_diagram"]

_BLUE, _GREY, _DARK = "#0072B2", "#8A8A8A", "#333333"  # the blue and the grey of crmlab.plot

# column and height of each latent variable of the four index models; causes left, effects right
PLACES: dict[str, tuple[float, float]] = {
    "image": (0.0, 3.0),
    "expectation": (0.0, 0.7),
    "performance": (0.7, 2.9),
    "quality": (1.0, -0.2),
    "product_quality": (1.0, -0.2),
    "service_quality": (1.0, 0.95),
    "value": (2.0, 0.4),
    "satisfaction": (2.0, 2.2),
    "complaints": (3.2, 0.8),
    "loyalty": (3.2, 2.9),
}


def path_diagram(
    ax: Axes,
    paths: Mapping[str, Sequence[str]],
    *,
    values: Mapping[str, float] | None = None,
    r2: Mapping[str, float] | None = None,
    places: Mapping[str, tuple[float, float]] | None = None,
    faint: Sequence[str] = (),
    title: str = "",
    size: float = 9.0,
) -> Axes:
    """Draw the arrows of a path model, with its coefficients on them and R² in the boxes.

    Parameters
    ----------
    ax : axes to draw in; they lose their scales
    paths : {effect: [causes]}
    values : coefficients by "cause -> effect", as `PathResults.params`; the arrow's width follows their size
    r2 : share of variance explained, by effect
    places : (column, height) of each latent variable; `PLACES` has those of the four index models
    faint : latent variables drawn in grey with dashed arrows, such as those nobody asked about
    title, size : text above, and size of the letters in points

    Returns the axes. Raises KeyError for a latent variable without a place.

    >>> import matplotlib.pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> ax = path_diagram(ax, {"loyalty": ["satisfaction"]}, values={"satisfaction -> loyalty": 0.5})
    >>> [text.get_text() for text in ax.texts if text.get_text()]
    ['satisfaction', 'loyalty', '.50']
    >>> plt.close(figure)
    """
    from matplotlib.patches import FancyArrowPatch

    for what, numbers in (("values", values), ("r2", r2)):
        for name, number in ({} if numbers is None else numbers).items():
            _check.number(f"{what}[{name!r}]", number)
    where = {**PLACES, **(places or {})}
    names = list(dict.fromkeys(name for effect, causes in paths.items() for name in [*causes, effect]))
    homeless = [name for name in names if name not in where]
    if homeless:
        raise KeyError(f"no place for {', '.join(homeless)}: give it in places")
    boxes = {}
    for name in names:
        x, y = where[name]
        text = name.replace("_", "\n")
        if r2 is not None and name in r2:
            text += f"\nR² {_short(r2[name])}"
        colour = _GREY if name in faint else _BLUE
        boxes[name] = ax.text(
            x, y, text, ha="center", va="center", fontsize=size, color=colour if name in faint else _DARK, zorder=3,
            bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour, "linewidth": 1.2},
        )  # fmt: skip
    for effect, causes in paths.items():
        for cause in causes:
            value = None if values is None else values.get(f"{cause} -> {effect}")
            pale = cause in faint or effect in faint
            width = 1.0 if value is None else 0.6 + 4.0 * abs(value)
            arrow = FancyArrowPatch(
                where[cause], where[effect], arrowstyle="-|>", mutation_scale=9 + width,
                patchA=boxes[cause].get_bbox_patch(), patchB=boxes[effect].get_bbox_patch(), shrinkA=1, shrinkB=2,
                linewidth=width, linestyle="--" if pale else "-", color=_GREY if pale else _BLUE,
                alpha=0.55 if value is None else 0.75, zorder=4,  # after the boxes, at whose edges it ends
            )  # fmt: skip
            ax.add_patch(arrow)
            if value is not None:
                (x0, y0), (x1, y1) = where[cause], where[effect]
                at = 0.55 if len(causes) > 3 else 0.42  # apart, where many arrows meet
                ax.text(
                    x0 + at * (x1 - x0), y0 + at * (y1 - y0), _short(value), ha="center", va="center",
                    fontsize=size - 0.5, zorder=5,
                    bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "alpha": 0.9, "edgecolor": "none"},
                )  # fmt: skip
    across, up = zip(*(where[name] for name in names), strict=True)
    ax.set_xlim(min(across) - 0.45, max(across) + 0.45)
    ax.set_ylim(min(up) - 0.5, max(up) + 0.5)
    ax.set_axis_off()
    if title:
        ax.set_title(title)
    return ax


def _short(value: float) -> str:
    """.53 and −.07, as coefficients are printed."""
    return f"{value:.2f}".replace("0.", ".", 1).replace("-", "−")
