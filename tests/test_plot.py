"""The house figures: tested on their artists, because nbval does not look at pictures."""

import io
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from crmlab import plot

mpl.use("agg")


@pytest.fixture()
def ax() -> Axes:
    yield plt.figure().add_subplot()
    plt.close("all")


def texts(ax: Axes) -> list[str]:
    return [t.get_text() for t in ax.texts]


def inside(ax: Axes) -> None:
    """Every word of the figure lies within the picture that a notebook shows."""
    ax.figure.draw_without_rendering()
    page = ax.figure.get_tightbbox(ax.figure.canvas.get_renderer())
    for text in [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels()]:
        box = text.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
        if text.get_text():
            assert box.x1 <= page.x1 + 0.02 and box.x0 >= page.x0 - 0.02, text.get_text()


def test_bars_have_the_values_as_lengths_and_labels(ax: Axes) -> None:
    values = pd.Series({"A": 0.646, "B": 0.099})
    plot.bars(values, label="{:.1%}", xlabel="share", title="A buys more", ax=ax)
    assert [bar.get_width() for bar in ax.containers[0]] == [0.646, 0.099]
    assert texts(ax) == ["64.6 %", "9.9 %"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["A", "B"]
    assert ax.yaxis_inverted()
    assert ax.get_title(loc="left") == "A buys more"
    inside(ax)


def test_bars_show_intervals_and_a_reference_line(ax: Axes) -> None:
    values = pd.Series([0.05, 0.02])
    plot.bars(values, low=values - 0.01, high=values + 0.02, label="{:.1%}", line=0.04, line_label="break-even", ax=ax)
    ends = ax.collections[0].get_segments()
    np.testing.assert_allclose([segment[:, 0] for segment in ends], [[0.04, 0.07], [0.01, 0.04]])
    assert "break-even" in texts(ax)
    assert ax.get_xlim()[1] > 0.07
    inside(ax)


def test_bars_of_losses_stay_in_the_picture(ax: Axes) -> None:
    plot.bars(pd.Series({"gain": 3.0, "loss": -2.0}), label="{:.1f}", ax=ax)
    low, high = ax.get_xlim()
    assert low < -2 and high > 3


def test_lines_are_named_at_their_ends_without_overlap(ax: Axes) -> None:
    table = pd.DataFrame({"one": [1.0, 2.0], "two": [1.0, 2.01], "three": [1.0, 9.0]}, index=[2022, 2023])
    plot.lines(table, ylabel="yuan", dashed=("two",), ax=ax)
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 2], [1, 2.01], [1, 9]]
    assert ax.lines[1].get_linestyle() == "--"
    assert sorted(texts(ax)) == ["one", "three", "two"]
    ax.figure.draw_without_rendering()
    boxes = [t.get_window_extent() for t in ax.texts]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_one_line_needs_no_name(ax: Axes) -> None:
    plot.lines(pd.DataFrame({"only": [1.0, 2.0]}), ax=ax)
    assert texts(ax) == []


def test_intervals_show_estimate_interval_and_truth(ax: Axes) -> None:
    table = pd.DataFrame({"estimate": [0.8, 2.4], "low": [0.7, 2.0], "high": [0.9, 3.0]}, index=["a", "b"])
    plot.intervals(table, truth={"a": 0.75}, ax=ax)
    np.testing.assert_allclose(ax.containers[0][0].get_xdata(), [0.8, 2.4])
    np.testing.assert_allclose(ax.collections[-1].get_offsets(), [[0.75, 0]])
    assert ax.get_legend() is not None
    inside(ax)


def test_intervals_name_the_missing_column(ax: Axes) -> None:
    with pytest.raises(KeyError, match="no column high in table"):
        plot.intervals(pd.DataFrame({"estimate": [1], "low": [0]}), ax=ax)


def test_axes_carry_units(ax: Axes) -> None:
    ax.plot([0, 12_000], [0, 0.42])
    plot.money_axis(ax, "x")
    plot.percent_axis(ax)
    ax.figure.draw_without_rendering()
    assert any(t.get_text() == "¥10,000" for t in ax.get_xticklabels())
    assert any(t.get_text().endswith(" %") for t in ax.get_yticklabels())


def test_pictures_are_the_same_bytes_every_time() -> None:
    def picture() -> bytes:
        figure = plt.figure()
        plot.bars(pd.Series([1.0, 2.0]), ax=figure.add_subplot())
        stream = io.BytesIO()
        figure.savefig(stream, format="png", metadata={"Software": None})
        plt.close(figure)
        return stream.getvalue()

    assert picture() == picture()


def test_colours_differ_for_colour_blind_readers() -> None:
    """Lightness of the first four colours differs, so that they survive grey printing too."""
    light = [np.dot(mpl.colors.to_rgb(c), (0.299, 0.587, 0.114)) for c in plot.COLOURS[:4]]
    assert min(abs(a - b) for k, a in enumerate(light) for b in light[k + 1 :]) > 0.02


def test_seaborn_draws_in_the_house_colours(ax: Axes) -> None:
    import seaborn as sns

    sns.histplot(pd.Series([1.0, 2.0, 2.0, 3.0]), ax=ax)
    assert mpl.colors.to_hex(ax.patches[0].get_facecolor()).upper() == plot.BLUE


@pytest.mark.skipif(plot.chinese_font() is None, reason="needs a font that shows Chinese")
def test_chinese_text_is_shown(ax: Axes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each character it cannot show
        plot.bars(pd.Series([3.0, 2.0], index=["老客户", "新客户"]), ax=ax).figure.canvas.draw()


def test_a_chinese_font_changes_no_latin_figure() -> None:
    def picture(families: list[str]) -> bytes:
        with mpl.rc_context({"font.family": families}):
            figure = plt.figure()
            plot.bars(pd.Series([1.0, 2.0], index=["old", "new"]), title="A title", ax=figure.add_subplot())
            stream = io.BytesIO()
            figure.savefig(stream, format="png", metadata={"Software": None})
            plt.close(figure)
        return stream.getvalue()

    families = list(mpl.rcParams["font.family"])
    assert picture(families) == picture(["sans-serif"])


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "¥0.50"), (9.5, "¥9.50"), (5, "¥5"), (10.4, "¥10"), (-1234, "−¥1,234")]
)
def test_small_amounts_show_fen_and_large_ones_do_not(ax: Axes, value: float, text: str) -> None:
    plot.money_axis(ax)
    assert ax.yaxis.get_major_formatter()(value) == text


def test_shares_are_shown_in_per_cent(ax: Axes) -> None:
    plot.percent_axis(ax)
    plot.percent_axis(ax, "x", decimals=1)
    assert ax.yaxis.get_major_formatter()(0.42) == "42 %"
    assert ax.xaxis.get_major_formatter()(0.425) == "42.5 %"


def test_values_of_losses_stand_at_zero_where_no_bar_is(ax: Axes) -> None:
    plot.bars(pd.Series({"gain": 3.0, "loss": -2.0}), label="{:.1f}", ax=ax)
    assert {t.get_text(): t.xy[0] for t in ax.texts} == {"3.0": 3.0, "-2.0": 0.0}


@pytest.mark.parametrize(("low", "high"), [(1.1, 2.0), (0.5, 0.9)])
def test_an_estimate_outside_its_interval_is_refused(ax: Axes, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="outside its interval in 1 of 1 rows, first 'a'"):
        plot.intervals(pd.DataFrame({"estimate": [1.0], "low": [low], "high": [high]}, index=["a"]), ax=ax)


def test_names_of_lines_that_end_at_the_top_go_down_not_out_of_the_picture(ax: Axes) -> None:
    plot.lines(pd.DataFrame({name: [0.0, 10.0] for name in ("one", "two", "three")}), ax=ax)
    ax.figure.draw_without_rendering()
    top = ax.get_window_extent().y1
    middles = [(box.y0 + box.y1) / 2 for box in (t.get_window_extent() for t in ax.texts)]
    assert max(middles) <= top + 1 and len({round(y) for y in middles}) == 3
