"""The CSV behind an exhibit: every kind of thing that a figure draws, and what a table of LaTeX prints."""

from __future__ import annotations

import csv

import matplotlib.pyplot as plt
import numpy as np
import pytest
from reporting_helpers import behind, points, printed, ticks

from tfnas.report.behind import DRAWN, without_latex, write_drawn, write_printed


@pytest.fixture
def drawn(tmp_path):
    """Return a function that writes what a figure draws and returns the path of the figure."""

    def write(figure):
        write_drawn(figure, tmp_path / "figure.csv")
        plt.close(figure)
        return tmp_path / "figure.pdf"

    return write


def axes_of(title=""):
    figure, axes = plt.subplots()
    axes.set_title(title)
    return figure, axes


def test_the_columns_are_those_that_are_promised(drawn, tmp_path):
    figure, axes = axes_of()
    axes.plot([1, 2], [3, 4], label="a")
    drawn(figure)
    rows = list(csv.reader((tmp_path / "figure.csv").open()))
    assert tuple(rows[0]) == DRAWN
    assert rows[1:] == [["1", "point", "a", "1", "3", "", "", ""], ["1", "point", "a", "2", "4", "", "", ""]]


def test_a_panel_has_the_name_of_its_title_or_its_number(drawn):
    figure, panels = plt.subplots(1, 3)
    for axes, title in zip(panels, ("two\nlines", "", "last"), strict=True):
        axes.set_title(title)
        axes.plot(0, 0)
    assert behind(drawn(figure))["panel"].tolist() == ["two lines", "2", "last"]


def test_a_line_over_the_whole_panel_has_one_coordinate(drawn):
    figure, axes = axes_of()
    axes.axhline(7, label="flat")
    axes.axvline(5, label="upright")
    axes.plot([0, 1], [0.5, 0.5], transform=axes.transAxes, label="frame")
    output = drawn(figure)
    flat, upright = points(output, series="flat"), points(output, series="upright")
    assert [y for _, y in flat] == [7, 7]
    assert np.isnan([x for x, _ in flat]).all()
    assert [x for x, _ in upright] == [5, 5]
    assert np.isnan([y for _, y in upright]).all()
    assert points(output, series="frame") == [], "a line of the frame shows no number"


def test_steps_and_dates_are_written_as_they_were_given(drawn):
    figure, axes = axes_of()
    axes.step([1, 2, 3], [5, 6, 7], where="post", label="steps")
    assert points(drawn(figure), series="steps") == [(1, 5), (2, 6), (3, 7)]


def test_error_bars_have_the_name_of_their_series(drawn):
    figure, axes = axes_of()
    axes.errorbar([1.0, 2.0], [10.0, 20.0], yerr=[[1, 2], [3, 4]], capsize=2, label="bars")
    output = drawn(figure)
    table = behind(output)
    assert set(table["series"]) == {"bars"}
    assert points(output) == [(1, 10), (2, 20)], "the caps of a bar are no points"
    ends = table[table["kind"] == "segment"][["x", "y", "x_end", "y_end"]]
    assert ends.to_numpy().tolist() == [[1, 9, 1, 13], [2, 18, 2, 24]]


def test_lines_of_a_collection_are_segments(drawn):
    figure, axes = axes_of()
    axes.hlines([1, 2], [0, 5], [10, 6], label="spans")
    table = behind(drawn(figure))
    assert table[["x", "y", "x_end", "y_end"]].to_numpy().tolist() == [[0, 1, 10, 1], [5, 2, 6, 2]]
    assert set(table["kind"] + table["series"]) == {"segmentspans"}


def test_scattered_points_have_the_value_of_their_colour(drawn):
    figure, axes = axes_of()
    axes.scatter([1, 2], [3, 4], c=[0.5, 0.25], label="coloured")
    axes.scatter([5], [6], color="red", label="plain")
    output = drawn(figure)
    assert points(output) == [(1, 3), (2, 4), (5, 6)]
    assert behind(output)["value"].tolist()[:2] == [0.5, 0.25]
    assert np.isnan(behind(output)["value"].iloc[2])


def test_a_point_without_a_number_is_no_number_and_no_gap(drawn):
    figure, axes = axes_of()
    axes.plot([1, 2, 3], [1, np.nan, 3], label="a")
    assert np.array_equal(points(drawn(figure)), [(1, 1), (2, np.nan), (3, 3)], equal_nan=True)


def test_hexagons_count_their_points(drawn):
    figure, axes = axes_of()
    axes.hexbin([0, 0, 1], [0, 0, 1], gridsize=4, mincnt=1)
    table = behind(drawn(figure))
    assert sorted(table["value"]) == [1, 2]
    assert set(table["kind"]) == {"point"}


def test_a_band_is_its_outline_and_no_point_at_the_origin(drawn):
    figure, axes = axes_of()
    axes.fill_between([3, 4], [10, 11], [20, 21], label="band")
    output = drawn(figure)
    assert set(points(output, "outline", series="band")) == {(3, 10), (3, 20), (4, 11), (4, 21)}
    assert points(output) == []


def test_a_strip_at_the_foot_of_a_panel_has_no_height(drawn):
    figure, axes = axes_of()
    axes.fill_between([3, 4], 0, 0.1, transform=axes.get_xaxis_transform(), label="strip")
    table = behind(drawn(figure))
    assert (table["x"].min(), table["x"].max()) == (3, 4)
    assert table["y"].isna().all()


def test_bars_and_outlines_of_histograms(drawn):
    figure, axes = axes_of()
    axes.bar([1, 2], [5, 6], width=0.5, label="bars")
    axes.hist([1, 1, 3], [0, 2, 4], histtype="step", label="steps")
    output = drawn(figure)
    bars = behind(output).query("kind == 'bar'")
    assert bars[["x", "y", "x_end", "y_end"]].to_numpy().tolist() == [[0.75, 0, 1.25, 5], [1.75, 0, 2.25, 6]]
    assert set(bars["series"]) == {"bars"}
    assert set(points(output, "outline", series="steps")) == {(0, 0), (0, 2), (2, 2), (2, 1), (4, 1), (4, 0)}


def test_curves_run_from_an_end_to_the_other_and_arrow_heads_are_left_out(drawn):
    from matplotlib.patches import FancyArrowPatch, PathPatch
    from matplotlib.path import Path

    figure, axes = axes_of()
    path = Path([(0, 0), (1, 5), (2, 0)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(PathPatch(path, label="skip"))
    axes.add_patch(FancyArrowPatch((0, 0), (1, 1)))
    table = behind(drawn(figure))
    assert table["kind"].tolist() == ["curve"]
    assert table[["series", "x", "y", "x_end", "y_end"]].to_numpy().tolist() == [["skip", 0, 0, 2, 0]]


def test_a_heat_map_has_its_entries_its_names_and_no_scale_of_colours(drawn):
    figure, axes = axes_of("map")
    image = axes.imshow(np.array([[1.0, 2.0], [3.0, np.nan]]))
    axes.set_xticks([0, 1], ["left", "right"])
    axes.set_yticks([0, 1], ["up", "down"])
    figure.colorbar(image, ax=axes, ticks=[1, 2, 3])
    output = drawn(figure)
    table = behind(output)
    entries = table[table["kind"] == "entry"].set_index(["y", "x"])["value"]
    assert entries[:3].to_dict() == {(0, 0): 1, (0, 1): 2, (1, 0): 3}
    assert np.isnan(entries[1, 1])
    assert (ticks(output, "x"), ticks(output, "y")) == (["left", "right"], ["up", "down"])
    assert set(table["panel"]) == {"map"}


def test_plain_numbers_on_an_axis_are_no_names(drawn):
    figure, axes = axes_of()
    axes.plot([1, 2], [1, 2])
    axes.set_xticks([1, 2])
    assert set(behind(drawn(figure))["kind"]) == {"point"}


def test_a_picture_of_colours_is_told_by_its_size(drawn):
    figure, axes = axes_of()
    axes.imshow(np.zeros((3, 5, 3)))
    assert points(drawn(figure), "picture") == [(5, 3)]


def test_texts_stand_where_they_stand(drawn):
    figure, axes = axes_of()
    axes.text(1, 2, "inside, of data")
    axes.text(0.5, 0.5, "none", transform=axes.transAxes)
    table = behind(drawn(figure))
    assert table["series"].tolist() == ["inside, of data", "none"]
    assert table[["x", "y"]].iloc[0].tolist() == [1, 2]
    assert table[["x", "y"]].iloc[1].isna().all()


def test_names_of_matplotlibs_own_are_no_series(drawn):
    figure, axes = axes_of()
    axes.plot([1], [1])
    axes.scatter([1], [1])
    assert set(behind(drawn(figure))["series"]) == {""}


TABLE = r"""
\begin{tabular}{lrrr}
\toprule
 & \multicolumn{2}{c}{CIFAR-10} & \multicolumn{1}{c}{Digits} \\
\cmidrule(lr){2-3}\cmidrule(lr){4-4}
Search & mean & std & mean \\
\midrule
\multicolumn{4}{l}{\emph{Training-free}} \\
NASWOT ($N{=}10$) & \textbf{93.10} & 0.5\,\% & -- \\
\addlinespace
\multicolumn{4}{l}{\emph{Trained \& more}} \\
A\_1~\citep{some2020one} & \quoted{90.00\,\textpm\,0.10} & $-1.5$ & $\leq$ 3 \\
\bottomrule
\end{tabular}
"""


def write(tex, tmp_path):
    write_printed(tex, tmp_path / "table.csv")
    return printed(tmp_path / "table.tex")


def test_a_table_has_its_heads_groups_and_cells(tmp_path):
    table = write(TABLE, tmp_path)
    assert table.columns.tolist() == ["group", "Search", "CIFAR-10 mean", "CIFAR-10 std", "Digits mean"]
    assert table["group"].tolist() == ["Training-free", "Trained & more"]
    assert table.iloc[0].tolist()[1:] == ["NASWOT (N=10)", "93.10", "0.5%", "-"]
    assert table.iloc[1].tolist()[1:] == ["A_1", "90.00±0.10", "-1.5", "≤ 3"]


def test_a_table_without_groups_or_head_is_written_whole(tmp_path):
    table = write("\\toprule\nA & B \\\\\n\\midrule\n1 & 2 \\\\\n3 & 4 \\\\\n\\bottomrule\n", tmp_path)
    assert table.to_dict("list") == {"group": ["", ""], "A": ["1", "3"], "B": ["2", "4"]}
    table = write("\\toprule\n1 & 2 \\\\\n\\bottomrule\n", tmp_path)
    assert table.shape[1] >= 1


def test_a_long_table_repeats_its_head_and_loses_no_row(tmp_path):
    from tfnas.report.tables import long_tables, row

    text = long_tables("lr", [row(["Search", "mean"])], {"CIFAR-10": [row(["a", "1"])], "Digits": [row(["a", "2"])]})
    table = write(text, tmp_path)
    assert table.columns.tolist() == ["group", "Search", "mean"]
    assert table[["Search", "mean"]].to_numpy().tolist() == [["a", "1"], ["a", "2"]]
    assert table["group"].tolist() == ["CIFAR-10", "Digits"]


def test_a_row_with_one_filled_cell_is_no_heading(tmp_path):
    table = write("\\toprule\nA & B \\\\\n\\midrule\nonly &  \\\\\n\\bottomrule\n", tmp_path)
    assert table.to_numpy().tolist() == [["", "only", ""]]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\textbf{\textminus 0.240}", "-0.240"),
        (r"$-0.017$", "-0.017"),
        (r"12\,000 s", "12000 s"),
        (r"\textless 0.001", "<0.001"),
        (r"50 \% of a\_b \& c", "50 % of a_b & c"),
        (r"$8\times8$, grey", "8x8, grey"),
        (r"Zen~\citep{lin2021zen}", "Zen"),
        (r"\quad$\rho$", "rho"),
        (r"$\tau_b$", "tau_b"),
        (r"1\phantom{.0}", "1"),
        (r"91.00 [90.90, 91.20]\newline Random search", "91.00 [90.90, 91.20] Random search"),
        (r"\cellstring{\textbar{}none\textasciitilde{}0\textbar{}}", "|none~0|"),
        (r"flops $\leq$ 50", "flops ≤ 50"),
        (r"flops $\geq$ 50", "flops ≥ 50"),
        (r"one forward pass $\uparrow$", "one forward pass ↑"),
        (r"a \{b\}", "a {b}"),
    ],
)
def test_latex_is_taken_out(latex, text):
    assert without_latex(latex) == text


def test_what_is_escaped_for_latex_comes_out_as_it_was():
    from tfnas.report.rounding import escape

    for text in ("a_b & c % # $ {x} ~ ^ \\ |none~0|+|skip", "5 ≤ 6", "x - y"):
        assert without_latex(escape(text)) == " ".join(text.split()), escape(text)
