"""What searches cost and what they reach for it: anytime curves, the table of prices, and the numbers of both."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tfnas.curves import COLUMNS as CURVE_COLUMNS
from tfnas.errors import ReportError
from tfnas.files import read_table
from tfnas.prices import COLUMNS as PRICE_COLUMNS
from tfnas.prices import PRICINGS
from tfnas.reporting.names import GROUPS, dataset_title, search_group, search_titles, tex_title
from tfnas.reporting.rounding import MISSING, show
from tfnas.reporting.style import COLOURS, WIDTH, colour_of, figure_style, marker_of, save
from tfnas.reporting.tables import long_tables, row, write_tex

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tfnas.reporting.numbers import Numbers

MOST_IN_ONE_ROW = 6
"""Searches that one row of panels holds; more are split into a row for each group."""

LINES = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def draw_anytime(
    curves_path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Draw the test accuracy of the incumbent against seconds (logarithmic), a column of panels per dataset.

    Lines are means over runs, bands reach from the lower to the upper quartile. A line ends where all runs are over. A
    search that has an answer only at its end is a marker there, with a bar between the quartiles. More than
    :data:`MOST_IN_ONE_ROW` searches are split into a row of panels for each group. The lower end of an axis leaves out
    what lies farther below the worst end than the ends lie apart.

    Args:
        curves_path: ``summaries/curves.csv``.
        searches: ``search.use`` of the study: ``{label: settings}``.
        datasets: datasets in the order of the columns.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt

    table = read_table(curves_path, CURVE_COLUMNS)
    titles = search_titles(searches)
    drawn = [label for label in searches if label in set(table["search"])]
    blocks = {"": drawn}
    if len(drawn) > MOST_IN_ONE_ROW:
        blocks = {
            heading: [label for label in drawn if search_group(searches[label]) == group]
            for group, heading in GROUPS.items()
        }
        blocks = {heading: labels for heading, labels in blocks.items() if labels}
    with figure_style():
        least = (2.5, 1.9, 1.9, 1.4)[min(len(blocks), 4) - 1]
        heights = [max(least, 0.3 + 0.155 * len(labels)) for labels in blocks.values()]
        figure, panels = plt.subplots(
            len(blocks), len(datasets), figsize=(WIDTH, 0.2 + sum(heights)), height_ratios=heights,
            layout="constrained", squeeze=False, sharex="col", sharey="col",
        )  # fmt: skip
        for line, (heading, labels) in enumerate(blocks.items()):
            handles: dict[str, Any] = {}
            for axes, dataset in zip(panels[line], datasets, strict=True):
                for place, label in enumerate(labels):
                    part = table[(table["dataset"] == dataset) & (table["search"] == label)]
                    if not part.empty:
                        handles[titles[label]] = draw_curve(axes, part, place)
            if handles:
                panels[line][-1].legend(
                    handles.values(), handles.keys(), loc="center left", bbox_to_anchor=(1.02, 0.5), borderaxespad=0,
                    title=heading.replace(": ", ":\n") or None, title_fontsize=8, alignment="left", fontsize=7.5,
                )  # fmt: skip
            panels[line][0].set_ylabel("test accuracy (%)")
        for column, dataset in enumerate(datasets):
            part = table[table["dataset"] == dataset]
            _frame(panels[-1][column], part)
            panels[-1][column].set_xlabel("seconds")
            if len(datasets) > 1:
                panels[0][column].set_title(dataset_title(dataset))
        save(figure, output)


def draw_curve(axes: Axes, part: pd.DataFrame, place: int, clock: str = "seconds") -> Any:
    """Draw the curve of one search, or a marker where it is a single point, and return what stands in the legend.

    Args:
        axes: where to draw.
        part: rows of ``summaries/curves.csv`` or ``query-curves.csv`` of one search on one dataset.
        place: of the search among those drawn; decides colour, line and marker.
        clock: ``seconds`` or ``queries``.
    """
    settings = {"color": colour_of(place), "label": part["search"].iloc[0]}
    seconds, mean = part[clock].to_numpy(), part["mean"].to_numpy()
    low, high = part["quartile_low"].to_numpy(), part["quartile_high"].to_numpy()
    if len(part) == 1:
        axes.vlines(seconds, low, high, linewidth=0.9, **settings)
        return axes.plot(seconds, mean, marker_of(place), markersize=4.5, linestyle="none", zorder=3, **settings)[0]
    axes.fill_between(seconds, low, high, alpha=0.13, linewidth=0, **settings)
    axes.plot(seconds[-1:], mean[-1:], "|", markersize=6, **settings)
    return axes.plot(seconds, mean, linestyle=LINES[place // len(COLOURS) % len(LINES)], **settings)[0]


def _frame(axes: Axes, part: pd.DataFrame) -> None:
    """Scale the panels of a dataset, and say where there is nothing to draw."""
    if part.empty:
        axes.text(0.5, 0.5, "no seconds known", ha="center", va="center", transform=axes.transAxes)
        return
    scale_curves(axes, part, part["mean"].max())


def scale_curves(axes: Axes, part: pd.DataFrame, best: float) -> None:
    """Scale the panels of a dataset: what lies farther below the worst end than the ends lie apart is left out.

    Args:
        axes: the panel; its horizontal axis becomes logarithmic.
        part: rows of ``summaries/curves.csv`` or ``query-curves.csv`` whose ends decide, all of one dataset.
        best: highest mean that has to be seen.
    """
    from matplotlib.ticker import LogLocator, NullFormatter

    ends = part.groupby("search").last()
    lowest, highest = ends["mean"].min(), max(best, ends["quartile_high"].max())
    bottom = max(lowest - (highest - lowest), part["quartile_low"].min())
    margin = 0.05 * (highest - bottom) or 0.5
    axes.set_ylim(bottom - margin, highest + margin)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.xaxis.set_minor_formatter(NullFormatter())


def read_prices(path: str | Path) -> pd.DataFrame:
    """Read ``summaries/prices.csv`` and check its columns."""
    return read_table(path, PRICE_COLUMNS)


def write_price_table(
    prices_path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write what one run of every search costs: scoring priced in every known way, simulated training, own time, sums.

    A pricing that no search of the table has (no published rate, for one) has no column.

    Args:
        prices_path: ``summaries/prices.csv``.
        searches: ``search.use`` of the study; references, which are charged nothing, are left out.
        datasets: datasets in the order of the study.
        output: path of the table.

    Raises:
        ReportError: the summary lacks a search.
    """
    prices = read_prices(prices_path).set_index(["search", "dataset", "pricing"])
    labels = [label for label, settings in searches.items() if search_group(settings) != "reference"]
    scoring = prices["scoring_seconds"].unstack("pricing")
    pricings = [name for name in PRICINGS if (scoring[name] > 0).any()] or ["table"]
    titles = search_titles(searches)
    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        body = blocks.setdefault(dataset_title(dataset), [])
        for label in labels:
            if (label, dataset, "table") not in prices.index:
                raise ReportError(f"'{prices_path}' has no price of search '{label}' on '{dataset}': reprice the runs.")
            entries = [prices.loc[label, dataset, name] for name in pricings]
            known = entries[0]
            cells = [_scoring(entry) for entry in entries]
            cells += [_seconds(known["training_seconds"]), _seconds(known["wall_seconds"])]
            cells += [_seconds(entry["total_seconds"]) for entry in entries]
            body.append(row([tex_title(titles[label]), *cells]))
    count = len(pricings)
    names = {"table": "table", "machine": "here", "paper": "paper"}
    shown = [names[name] for name in pricings]
    last = 3 + 2 * count
    head = [
        row([
            "", rf"\multicolumn{{{count}}}{{c}}{{scoring}}", "training", "own",
            rf"\multicolumn{{{count}}}{{c}}{{all together}}",
        ]),
        rf"\cmidrule(lr){{2-{1 + count}}}\cmidrule(lr){{{last + 1 - count}-{last}}}",
        row(["Search", *shown, "", "", *shown]),
    ]  # fmt: skip
    columns = r"L{0.27\linewidth}" + rf"*{{{2 + 2 * count}}}{{w{{r}}{{0.07\linewidth}}}}"
    write_tex(output, long_tables(columns, head, blocks))


def _scoring(entry: pd.Series) -> str:
    """Return scoring seconds, nothing where nothing was scored and a question mark where the price is not known."""
    return (
        MISSING
        if not entry["scored_cells"]
        else "?"
        if math.isnan(entry["scoring_seconds"])
        else _seconds(entry["scoring_seconds"])
    )


def _seconds(value: float) -> str:
    return MISSING if not value else "?" if math.isnan(value) else show(value, "seconds")


def add_costs(
    numbers: Numbers,
    searches: dict[str, dict[str, Any]],
    datasets: list[str],
    curves_path: str | Path,
    prices_path: str | Path,
) -> None:
    """Add when the best search that trains passes the best training-free one, and what was priced by whom.

    Keys: ``anytime.{dataset}.passed`` (seconds from which on the mean of the best search that trains stays above that
    of the best training-free one at its end; no value if it never does), ``.end`` (seconds of the latter), ``.title``
    and ``.other`` (names of the two); ``price.{pricing}.machine`` (names), ``price.same_machine`` (whether the score
    table and the machine of this study have one name), ``price.scored`` (whether any search reads scores),
    ``price.paper`` (whether a published rate is shown), ``price.{dataset}.ratio`` (the median over searches that score,
    of this machine's seconds of scoring to those of the table).

    Args:
        numbers: the numbers so far; best searches by group must be among them.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study.
        curves_path: ``summaries/curves.csv``.
        prices_path: ``summaries/prices.csv``.
    """
    curves = read_table(curves_path, CURVE_COLUMNS)
    for dataset in datasets:
        free, trained = (f"best.{dataset}.{group}.label" for group in ("training-free", "non-weight-sharing"))
        if free not in numbers.entries or trained not in numbers.entries:
            continue
        one, other = (
            curves[(curves["dataset"] == dataset) & (curves["search"] == numbers.value(key))] for key in (trained, free)
        )
        if one.empty or other.empty:
            continue
        below = np.flatnonzero(one["mean"].to_numpy() <= other["mean"].iloc[-1])
        place = below[-1] + 1 if below.size else 0
        passed = float(one["seconds"].iloc[place]) if place < len(one) else math.nan
        titles = search_titles(searches)
        numbers.add(f"anytime.{dataset}.passed", passed, "seconds")
        numbers.add(f"anytime.{dataset}.end", float(other["seconds"].iloc[-1]), "seconds")
        numbers.title(f"anytime.{dataset}.title", titles[numbers.value(trained)])
        numbers.title(f"anytime.{dataset}.other", titles[numbers.value(free)])
    prices = read_prices(prices_path)
    scored = prices[prices["scored_cells"] > 0]
    for pricing in PRICINGS:
        machines = dict.fromkeys(scored["machine"][scored["pricing"] == pricing].dropna())
        numbers.add(f"price.{pricing}.machine", ", ".join(filter(None, machines)), "text")
    one, other = (numbers.value(f"price.{pricing}.machine") for pricing in ("table", "machine"))
    numbers.add("price.same_machine", bool(one) and one == other, "text")
    numbers.add("price.scored", not scored.empty, "text")
    known = scored[(scored["pricing"] == "paper") & np.isfinite(scored["scoring_seconds"])]
    numbers.add("price.paper", not known.empty, "text")
    seconds = scored.pivot_table("scoring_seconds", ["search", "dataset"], "pricing", dropna=False)
    for dataset in datasets:
        ratio = math.nan
        if dataset in seconds.index.get_level_values("dataset"):
            part = seconds.xs(dataset, level="dataset")
            ratio = float((part["machine"] / part["table"]).median())
        numbers.add(f"price.{dataset}.ratio", ratio, "ratio")
