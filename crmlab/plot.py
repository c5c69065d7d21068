"""The house style, and the few figures that seaborn lacks. Importing this module applies the style, and says so here.

seaborn draws: heat maps, distributions, box and point plots, facets; it takes its colours and sizes from here. The
style: colours that colour-blind readers can tell apart (Okabe & Ito 2008), a light grid, no frame, a size that fits a
notebook page, pictures that are the same bytes every time, and a Chinese font behind the Latin one where the computer
has one. What stands here: bars that carry their values and intervals, lines named at their ends, intervals beside a
truth, and axes in per cent or yuan. Every function returns the matplotlib `ax`, so that more can be added.
"""

from collections.abc import Mapping

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from crmlab import _check

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, BLACK = COLOURS
GREY = "#8A8A8A"
# fonts that can show Chinese, as Windows, macOS and Linux bring them
CHINESE = ("Microsoft YaHei", "SimHei", "PingFang SC", "Heiti SC", "Noto Sans CJK SC", "Noto Sans SC",
           "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei")  # fmt: skip

__all__ = ["CHINESE", "COLOURS", "bars", "chinese_font", "intervals", "lines", "money_axis", "percent_axis"]


def chinese_font() -> str | None:
    """The font of this computer that shows Chinese in figures, or None if there is none.

    Windows and macOS bring one; on Debian and Ubuntu: sudo apt install fonts-noto-cjk, then start the kernel again. The
    book's own figures are in English and do not change with it.
    """
    there = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE if name in there), None)


def _apply_style() -> None:
    chinese = chinese_font()
    mpl.rcParams.update(
        {
            "font.sans-serif": ["DejaVu Sans", *CHINESE],
            # the second family is asked only for characters that the first does not have
            "font.family": ["sans-serif", *([chinese] if chinese else [])],
            "figure.figsize": (7.2, 3.8),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "font.size": 10.5,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E3E3E3",
            "legend.frameon": False,
            "savefig.dpi": 90,
        }
    )
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # outside a notebook there is nothing more to set
        return
    if get_ipython() is not None:
        set_matplotlib_formats("png", metadata={"Software": None})


_apply_style()


def percent_axis(ax: Axes, axis: str = "y", decimals: int = 0) -> Axes:
    """Show one axis, whose values are shares, in per cent: .42 as 42 %."""
    formatter = PercentFormatter(1.0, decimals=decimals, symbol=" %")
    getattr(ax, f"{axis}axis").set_major_formatter(formatter)
    return ax


def money_axis(ax: Axes, axis: str = "y") -> Axes:
    """Show one axis in yuan with thousands separators: ¥12,000."""
    text = FuncFormatter(lambda value, _: _money(value))
    getattr(ax, f"{axis}axis").set_major_formatter(text)
    return ax


def _money(value: float) -> str:
    sign = "−" if value < 0 else ""
    digits = f"{abs(value):,.0f}" if abs(value) >= 10 or value == round(value) else f"{abs(value):,.2f}"
    return f"{sign}¥{digits}"


def bars(
    values: pd.Series,
    *,
    low: pd.Series | None = None,
    high: pd.Series | None = None,
    label: str = "{:.0f}",
    line: float | None = None,
    line_label: str = "",
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Horizontal bars, first one on top, each with its value; optional intervals and a reference line.

    Parameters
    ----------
    values : one bar an index entry. low, high : ends of an interval around each value.
    label : format of the value at the end of a bar, such as `"{:.1%}"`; "" for none.
    line : place of a vertical reference line, named by `line_label`.

    Returns
    -------
    The axes; `ax.containers[0]` holds the bars.
    """
    _check.vector("values", values)
    _check.same_rows(values=values, low=low, high=high)
    sides = [_check.vector(name, end) for name, end in (("low", low), ("high", high)) if end is not None]
    if len(sides) == 2 and not (sides[0] <= sides[1]).all():
        raise ValueError("low is above high in some rows: give the lower end first")
    ax = plt.gca() if ax is None else ax
    place = np.arange(len(values))
    ax.barh(place, values.to_numpy(), color=BLUE, height=0.65)
    ends = values.to_numpy(dtype=float)
    if low is not None and high is not None:
        around = np.array([ends - low.to_numpy(), high.to_numpy() - ends])
        ax.errorbar(ends, place, xerr=around, fmt="none", color=BLACK, capsize=3, linewidth=1)
        ends = high.to_numpy(dtype=float)
    if label:
        for y, value, end in zip(place, values, ends, strict=True):
            text = label.format(value).replace("%", " %")
            ax.annotate(text, (max(end, 0.0), y), xytext=(5, 0), textcoords="offset points", va="center")
        ax.set_xlim(right=max(ends.max(), 0.0) * 1.14)
    if line is not None:
        _reference(ax, line, line_label)
    ax.set_yticks(place, [str(name) for name in values.index])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title)
    return ax


def _reference(ax: Axes, at: float, label: str) -> None:
    ax.axvline(at, color=ORANGE, linestyle="--", linewidth=1.4)
    if label:
        ax.annotate(
            label, (at, 0.0), xycoords=("data", "axes fraction"), xytext=(4, 4), textcoords="offset points",
            color=ORANGE, va="bottom",
        )  # fmt: skip


def lines(
    table: pd.DataFrame,
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    dashed: tuple[str, ...] = (),
    ax: Axes | None = None,
) -> Axes:
    """One line a column, named at its right end instead of in a legend.

    Parameters
    ----------
    table : the index is the x axis. dashed : columns drawn dashed, such as a forecast or the truth.

    Returns
    -------
    The axes; `ax.lines` holds the lines in the order of the columns.
    """
    _check.matrix("table", table, missing=True)
    strange = [name for name in dashed if name not in table]
    if strange:
        raise KeyError(f"dashed names {strange[0]!r}, which is no column; there are {', '.join(map(str, table))}")
    empty = [str(name) for name in table if table[name].isna().all()]
    if empty:
        raise ValueError(f"{', '.join(empty)} has no values to draw")
    ax = plt.gca() if ax is None else ax
    ends = []
    for k, name in enumerate(table.columns):
        colour = COLOURS[k % len(COLOURS)]
        known = table[name].dropna()
        ax.plot(known.index, known.to_numpy(), color=colour, linestyle="--" if name in dashed else "-")
        ends.append((known.index[-1], float(known.iloc[-1]), str(name), colour))
    ax.margins(x=0.01)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title)
    if len(ends) > 1:
        _name_ends(ax, ends)
    return ax


def _name_ends(ax: Axes, ends: list[tuple[object, float, str, str]]) -> None:
    """Write the names beside the ends of the lines, apart enough not to overlap, and not above the axes."""
    bottom, top = ax.get_ylim()
    apart = 0.075 * (top - bottom)
    ends = sorted(ends, key=lambda end: end[1])
    places = [end[1] for end in ends]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + apart)
    ceiling = top
    for k in range(len(places) - 1, -1, -1):
        places[k] = ceiling = min(places[k], ceiling)
        ceiling -= apart
    for (x, y, name, colour), place in zip(ends, places, strict=True):
        shift = (place - y) / (top - bottom) * ax.get_window_extent().height
        ax.annotate(
            name, (x, y), xytext=(6, shift), textcoords="offset pixels", color=colour, va="center",
            annotation_clip=False,
        )  # fmt: skip


def intervals(
    table: pd.DataFrame,
    *,
    truth: Mapping[str, float] | pd.Series | None = None,
    xlabel: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Estimates with their intervals, one a row, and the truth beside them where it is known.

    Parameters
    ----------
    table : columns `estimate`, `low` and `high`; the index names the rows.
    truth : true values by row name, drawn as a diamond.

    Raises
    ------
    KeyError if a column is missing.
    """
    _check.frame("table", table, "estimate", "low", "high", rows=1)
    middle, low, high = (_check.vector(name, table[name], missing=True) for name in ("estimate", "low", "high"))
    wrong = (low > middle) | (high < middle)
    if wrong.any():
        raise ValueError(f"the estimate lies outside its interval in {wrong.sum()} of {len(table)} rows, first "
                         f"{table.index[int(wrong.argmax())]!r}")  # fmt: skip
    ax = plt.gca() if ax is None else ax
    place = np.arange(len(table))
    around = np.array([middle - low, high - middle])
    ax.errorbar(middle, place, xerr=around, fmt="o", color=BLUE, capsize=3, label="estimate, 95 % interval")
    if truth is not None:
        known = [(truth[name], y) for name, y in zip(table.index, place, strict=True) if name in truth]
        ax.scatter(*zip(*known, strict=True), marker="D", color=ORANGE, zorder=3, label="truth")
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.1)
    ax.set_yticks(place, [str(name) for name in table.index])
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel)
    ax.set_title(title, pad=24 if truth is not None else None)
    return ax
