"""The figures of the report: one function per figure, each from result files to ``output`` (PDF) and the PNG beside it.

No figure reads a template, so that editing a caption redraws nothing.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tfnas.cells import Cell, canonical_classes, codes_of
from tfnas.datasets.images import load_npz
from tfnas.errors import ReportError
from tfnas.files import read_table
from tfnas.reporting.names import dataset_title, proxy_title, search_group, search_titles
from tfnas.reporting.published import correlation_rows
from tfnas.reporting.rounding import plain
from tfnas.reporting.style import COLOURS, GREY, MARKERS, WIDTH, colour_of, figure_style, marker_of, save
from tfnas.score_table import ScoreTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EXAMPLE_CELL = Cell(
    ("nor_conv_3x3", "avg_pool_3x3", "nor_conv_1x1", "skip_connect", "none", "nor_conv_3x3"),
)
"""The cell that the picture of the search space shows: all five operations appear in it."""

KERNEL_COLUMNS = 6
"""Kernels side by side."""

NARROW = 32
"""Characters of a name of which three stand side by side in a legend; with longer ones its letters are smaller."""

MOST_IMAGES = 128
"""Images of a mini-batch that its picture shows at most."""

WIDE = 1000
"""Scores that reach this many times their median are drawn on a logarithmic axis."""


def draw_search_space(skeleton: dict[str, int], output: str | Path) -> None:
    """Draw how a genotype becomes a network: the string, the cell it describes, the macro skeleton around it.

    Args:
        skeleton: ``channels`` (C) and ``cells_per_stage`` (N) of the study.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt

    from tfnas.reporting.drawing import draw_cell
    from tfnas.reporting.style import OPERATION_STYLES

    with figure_style():
        figure = plt.figure(figsize=(WIDTH, 3.55))
        upper = figure.add_axes((0.0, 0.87, 1.0, 0.12))
        middle = figure.add_axes((0.16, 0.33, 0.68, 0.54))
        lower = figure.add_axes((0.0, 0.0, 1.0, 0.30))
        for axes in (upper, lower):
            axes.set_axis_off()
        pieces = [("|", "black")]
        edge = 0
        for target in range(1, 4):
            for source in range(target):
                operation = EXAMPLE_CELL.operations[edge]
                colour = OPERATION_STYLES[operation][0] if operation != "none" else "#888888"
                pieces += [(f"{operation}~{source}", colour), ("|", "black")]
                edge += 1
            if target < 3:
                pieces += [("+", "black"), ("|", "black")]
        length = sum(len(text) for text, _ in pieces)
        place = 0.5 - length * 0.00955 / 2
        for text, colour in pieces:
            upper.text(place, 0.5, text, family="DejaVu Sans Mono", fontsize=7.2, color=colour, va="center")
            place += len(text) * 0.00955
        draw_cell(middle, EXAMPLE_CELL, names=True)
        _draw_skeleton(lower, skeleton)
        for height, letter in ((0.93, "(a)"), (0.66, "(b)"), (0.24, "(c)")):
            figure.text(0.0, height, letter, fontsize=9, va="center")
        save(figure, output)


def _draw_skeleton(axes: Axes, skeleton: dict[str, int]) -> None:
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    channels, cells = skeleton["channels"], skeleton["cells_per_stage"]
    blocks = [("image", 0.75, "#FFFFFF"), ("conv 3×3\nBN", 0.95, "#F0F0F0")]
    for stage in range(3):
        if stage:
            blocks.append(("residual\nstride 2", 0.95, "#F7E3D4"))
        blocks.append((f"cell × {cells}\n{channels * 2**stage} channels", 1.3, "#D6E6F4"))
    blocks += [("BN, ReLU\navg pool", 0.95, "#F0F0F0"), ("linear", 0.7, "#F0F0F0")]
    gap = 0.2
    start = 0.55
    axes.set_xlim(0, start + sum(width for _, width, _ in blocks) + gap * (len(blocks) - 1) + 0.05)
    axes.set_ylim(-0.62, 0.62)
    left = start
    for number, (text, width, colour) in enumerate(blocks):
        box = FancyBboxPatch(
            (left, -0.36), width, 0.72, boxstyle="round,pad=0,rounding_size=0.07", facecolor=colour, linewidth=0.7
        )
        axes.add_patch(box)
        axes.text(left + width / 2, 0, text, ha="center", va="center", fontsize=7.6, linespacing=1.25)
        if number + 1 < len(blocks):
            axes.add_patch(
                FancyArrowPatch(
                    (left + width, 0), (left + width + gap, 0), arrowstyle="-|>", mutation_scale=6, linewidth=0.7,
                    color="black", shrinkA=0, shrinkB=0,
                )
            )  # fmt: skip
        left += width + gap


def draw_batch(batch_path: str | Path, output: str | Path) -> None:
    """Draw the images of a fixed scoring mini-batch as a mosaic (the first 128 of a larger one).

    The brightest pixel is white, whatever the scale of the pixels (the digits have 0 to 16).

    Args:
        batch_path: ``batches/{dataset}.npz`` with ``pixels`` uint8 of shape (B, C, H, W).
        output: path of the PDF.

    Raises:
        ReportError: the file holds no pixels of that shape.
    """
    import matplotlib.pyplot as plt

    pixels = read_pixels(batch_path)[:MOST_IMAGES]
    count, channels, height, width = pixels.shape
    pixels = np.round(pixels * (255 / max(int(pixels.max()), 1))).astype(np.uint8)
    columns = math.ceil(math.sqrt(2 * count))
    rows = -(-count // columns)
    rim = max(1, height // 16)
    mosaic = np.full((rows * (height + rim) - rim, columns * (width + rim) - rim, 3), 255, dtype=np.uint8)
    for number, image in enumerate(pixels):
        top, left = number // columns * (height + rim), number % columns * (width + rim)
        colours = image if channels == 3 else np.repeat(image[:1], 3, axis=0)
        mosaic[top : top + height, left : left + width] = colours.transpose(1, 2, 0)
    with figure_style():
        inches = 3.2
        figure = plt.figure(figsize=(inches, inches * mosaic.shape[0] / mosaic.shape[1]))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.imshow(mosaic, interpolation="nearest", aspect="auto")
        save(figure, output)


def draw_kernels(kernels_path: str | Path, output: str | Path) -> None:
    """Draw the normalised NASWOT kernels of a few cells as heat maps, the least accurate cell first.

    All share one colour scale, from the smallest entry of all to 1.

    Args:
        kernels_path: ``kernels/{dataset}.npz`` (:mod:`tfnas.kernel_maps`).
        output: path of the PDF.

    Raises:
        DataError: the file is missing or damaged.
    """
    import matplotlib.pyplot as plt

    arrays = load_npz(kernels_path)
    maps, accuracies, scores = (arrays[name] for name in ("kernels", "accuracies", "scores"))
    columns = min(KERNEL_COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    with figure_style():
        figure, panels = plt.subplots(
            rows, columns, figsize=(WIDTH, 1.25 * rows), layout="constrained", squeeze=False
        )  # fmt: skip
        for axes in panels.flat:
            axes.set_axis_off()
        for axes, values, accuracy, score in zip(panels.flat, maps, accuracies, scores, strict=False):
            image = axes.imshow(values, vmin=maps.min(), vmax=1, cmap="viridis", interpolation="nearest")
            axes.set_title(f"{plain(accuracy, 'accuracy')} % ({plain(score, 'value')})", fontsize=7)
        figure.colorbar(image, ax=panels, label="share of ReLUs that agree", shrink=0.9, aspect=30)
        save(figure, output)


def read_pixels(batch_path: str | Path) -> np.ndarray:
    """Return the pixels of a mini-batch, uint8 of shape (B, C, H, W).

    Raises:
        ReportError: the file is missing or holds no pixels of that shape.
    """
    try:
        with np.load(batch_path) as batch:
            pixels = batch["pixels"]
    except (OSError, KeyError, ValueError) as error:
        raise ReportError(f"The mini-batch '{batch_path}' cannot be read ({error}): make it again.") from error
    if pixels.ndim != 4 or pixels.dtype != np.uint8:
        raise ReportError(
            f"The pixels of '{batch_path}' are {pixels.dtype} of shape {pixels.shape}: uint8 of shape (B, C, H, W) is "
            "needed, make the mini-batch again."
        )
    return pixels


def draw_accuracies(truth_paths: dict[str, str | Path], output: str | Path) -> None:
    """Draw the ground truth: histogram of accuracies, and accuracy at the early stop against final test accuracy.

    Args:
        truth_paths: ``{dataset: truth/{dataset}.parquet}``.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt

    count = len(truth_paths)
    with figure_style():
        shape = (1, 2) if count == 1 else (2, count)
        figure, panels = plt.subplots(
            *shape, figsize=(WIDTH, 2.3 if count == 1 else 4.0), layout="constrained", squeeze=False
        )
        pairs = [tuple(panels[0])] if count == 1 else list(zip(panels[0], panels[1], strict=True))
        for (dataset, path), (upper, lower) in zip(truth_paths.items(), pairs, strict=True):
            table = read_table(path, ("valid_accuracy", "test_accuracy", "early_valid_accuracy"))
            low = float(np.nanquantile(table[["valid_accuracy", "test_accuracy"]], 0.03))
            high = float(np.nanmax(table[["valid_accuracy", "test_accuracy"]].to_numpy()))
            bins = np.linspace(low, high, 61)
            for column, colour, line, name in (
                ("valid_accuracy", COLOURS[0], "-", "validation"),
                ("test_accuracy", COLOURS[1], "--", "test"),
            ):
                values = table[column].dropna()
                upper.hist(
                    values, bins, histtype="stepfilled", color=colour, alpha=0.18, linewidth=0,
                )  # fmt: skip
                upper.hist(values, bins, histtype="step", color=colour, linestyle=line, label=name)
            upper.set_xlabel("accuracy (%)")
            upper.set_ylabel("cells")
            if count > 1:
                upper.set_title(dataset_title(dataset))
            upper.legend(loc="upper left", handlelength=1.6)
            shown = table[(table["test_accuracy"] >= low)].dropna(subset=["early_valid_accuracy"])
            lower.set_xlabel("valid. accuracy, early stop (%)")
            lower.set_ylabel("test accuracy (%)")
            if shown.empty:
                lower.text(0.5, 0.5, "no early stop", ha="center", va="center", transform=lower.transAxes)
                continue
            early = shown["early_valid_accuracy"]
            lower.hexbin(
                early, shown["test_accuracy"], gridsize=48, bins="log", cmap="Blues", mincnt=1, linewidths=0.1,
                rasterized=True,
            )  # fmt: skip
            lower.set_xlim(float(early.quantile(0.005)), float(early.max()) + 0.5)
        save(figure, output)


def best_cells(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the ``count`` best functionally distinct cells of a ground truth by test accuracy, best first.

    Of cells that are functionally identical the one with the best test accuracy stands for all; ties keep file order.
    """
    codes = codes_of(table["arch"], "The ground truth", ReportError)
    ranked = table.assign(family=canonical_classes()[codes])
    ranked = ranked.sort_values("test_accuracy", ascending=False, kind="stable").drop_duplicates("family")
    return ranked.head(count).drop(columns="family").reset_index(drop=True)


def draw_best_cells(truth_paths: dict[str, str | Path], output: str | Path, count: int = 4) -> None:
    """Draw the best functionally distinct cells of each dataset by test accuracy, a row per dataset.

    Args:
        truth_paths: ``{dataset: truth/{dataset}.parquet}``.
        output: path of the PDF.
        count: cells per dataset.
    """
    import matplotlib.pyplot as plt

    from tfnas.cells import OPERATIONS
    from tfnas.reporting.drawing import draw_cell, operation_legend

    rows = len(truth_paths)
    with figure_style():
        height = 1.12 * rows + 0.3
        figure, panels = plt.subplots(rows, count, figsize=(WIDTH, height), squeeze=False)
        figure.subplots_adjust(
            left=0.03 if rows > 1 else 0.005,
            right=0.995,
            top=1 - 0.16 / height,
            bottom=0.3 / height,
            wspace=0.06,
            hspace=0.2,
        )
        for row, (dataset, path) in zip(panels, truth_paths.items(), strict=True):
            best = best_cells(read_table(path, ("arch", "valid_accuracy", "test_accuracy")), count)
            for axes in row[len(best) :]:
                axes.set_axis_off()
            for axes, values in zip(row, best.itertuples(), strict=False):
                draw_cell(axes, Cell.parse(values.arch), node_names=False)
                test, valid = plain(values.test_accuracy, "accuracy"), plain(values.valid_accuracy, "accuracy")
                axes.set_title(f"{test} (valid. {valid})", fontsize=8, pad=1)
            if rows > 1:
                row[0].text(-0.62, 0.25, dataset_title(dataset), rotation=90, ha="center", va="center", fontsize=8)
        operation_legend(
            panels[-1][0], tuple(name for name in reversed(OPERATIONS) if name != "none"), 4, loc="lower center",
            bbox_to_anchor=(0.5, 0.0), bbox_transform=figure.transFigure,
        )  # fmt: skip
        save(figure, output)


def draw_scatter(
    score_paths: dict[str, str | Path],
    truth_paths: dict[str, str | Path],
    correlations_path: str | Path,
    proxy: str,
    output: str | Path,
) -> None:
    """Draw score against validation accuracy of every cell, a panel per dataset, with its rank correlations on top.

    Cells without a finite score stand on the left edge as crosses; the least accurate three per cent of cells, which
    would squeeze all others, stand on the lower edge. Colour tells the number of convolution edges. Where the largest
    score is more than :data:`WIDE` times the median, the axis is logarithmic, and linear below the smallest hundredth.

    Args:
        score_paths: ``{dataset: scores/{dataset}.parquet}``.
        truth_paths: ``{dataset: truth/{dataset}.parquet}``.
        correlations_path: ``summaries/correlations.csv``.
        proxy: name of the proxy.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import BoundaryNorm

    correlations = read_table(
        correlations_path, ("dataset", "proxy", "accuracy", "cells", "n", "nan", "spearman", "kendall")
    )
    count = len(score_paths)
    with figure_style():
        width = WIDTH if count > 1 else 0.66 * WIDTH
        figure, panels = plt.subplots(
            1, count, figsize=(width, 2.35 if count > 1 else 2.9), layout="constrained", squeeze=False
        )
        colours = plt.get_cmap("viridis_r", 7)
        norm = BoundaryNorm(np.arange(-0.5, 7), 7)
        for number, (axes, dataset) in enumerate(zip(panels[0], score_paths, strict=True)):
            scores = ScoreTable.read(score_paths[dataset]).scores(proxy)
            truth = read_table(truth_paths[dataset], ("arch", "valid_accuracy"))
            accuracy = truth["valid_accuracy"].to_numpy()
            score = scores[codes_of(truth["arch"], f"'{truth_paths[dataset]}'")]
            convolutions = truth["arch"].str.count("nor_conv").to_numpy()
            finite = np.isfinite(score)
            high, low = np.nanmax(accuracy), np.nanquantile(accuracy, 0.03)
            low -= 0.05 * (high - low)
            accuracy = np.maximum(accuracy, low)
            axes.set_ylim(low - 0.03 * (high - low), high + 0.04 * (high - low))
            left = score[finite].min() - 0.04 * np.ptp(score[finite])
            positive = score[finite & (score > 0)]
            if positive.size and positive.max() > WIDE * np.median(positive):
                smallest = np.quantile(positive, 0.01)
                axes.set_xscale("symlog", linthresh=smallest)
                powers = np.linspace(np.log10(smallest), np.log10(positive.max()), 4)[1:].astype(int)
                axes.set_xticks([0, *(10.0**powers)], ["0", *(rf"$10^{{{power}}}$" for power in powers)])
                axes.set_xticks([], minor=True)
                left = min(score[finite].min(), 0) - smallest
            mixed = (
                truth["arch"].map(lambda text: zlib.crc32(text.encode())).to_numpy()
            )  # or one colour hides the others
            order = np.argsort(mixed, kind="stable")
            order = order[finite[order]]
            points = axes.scatter(
                score[order], accuracy[order], c=convolutions[order], cmap=colours, norm=norm, s=2.2, linewidths=0,
                alpha=0.75, rasterized=True,
            )  # fmt: skip
            if not finite.all():
                axes.plot(
                    np.full((~finite).sum(), left),
                    accuracy[~finite],
                    "x",
                    color=COLOURS[1],
                    markersize=3.5,
                    clip_on=False,
                )
            row = correlations[
                (correlations["dataset"] == dataset)
                & (correlations["proxy"] == proxy)
                & (correlations["accuracy"] == "valid_accuracy")
                & (correlations["cells"] == "all")
            ]
            if row.empty:
                raise ReportError(
                    f"'{correlations_path}' has no row for proxy '{proxy}' on '{dataset}': run the summary."
                )
            values = row.iloc[0]
            tau, rho = plain(values["kendall"], "correlation"), plain(values["spearman"], "correlation")
            name = f"{dataset_title(dataset)}\n" if count > 1 else ""
            axes.set_title(rf"{name}$\tau$ = {tau}, $\rho$ = {rho}")
            if number == 0:
                axes.set_ylabel("validation accuracy (%)")
        figure.supxlabel(f"{proxy_title(proxy)} score", fontsize=plt.rcParams["axes.labelsize"])
        bar = figure.colorbar(points, ax=panels[0].tolist(), ticks=range(7), pad=0.02, aspect=28)
        bar.set_label("convolution edges")
        bar.solids.set_alpha(1)
        bar.outline.set_linewidth(0.4)
        bar.ax.tick_params(length=0)
        save(figure, output)


def draw_correlations(
    correlations_path: str | Path, datasets: list[str], output: str | Path, published_path: str | Path | None = None
) -> None:
    """Draw how well every proxy orders all cells by test accuracy: Spearman's coefficient, a column per dataset.

    Proxies are sorted by their mean over the datasets. Lines are 95 % intervals; hollow diamonds are published values
    for all cells.

    Args:
        correlations_path: ``summaries/correlations.csv``.
        datasets: the datasets, in the order of the columns.
        output: path of the PDF.
        published_path: ``report/published.yaml``, None to leave published values out.
    """
    import matplotlib.pyplot as plt

    table = read_table(correlations_path, ("dataset", "proxy", "accuracy", "cells", "spearman"))
    table = table[(table["accuracy"] == "test_accuracy") & (table["cells"] == "all")]
    order = table.groupby("proxy")["spearman"].mean().sort_values(na_position="first").index.tolist()
    places = {proxy: place for place, proxy in enumerate(order)}
    with figure_style():
        height = 0.7 + 0.16 * max(len(order), 3)
        figure, panels = plt.subplots(
            1, len(datasets), figsize=(WIDTH, height), layout="constrained", squeeze=False, sharey=True, sharex=True
        )
        for axes, dataset in zip(panels[0], datasets, strict=True):
            part = table[table["dataset"] == dataset]
            y = [places[proxy] for proxy in part["proxy"]]
            axes.hlines(y, part["spearman_low"], part["spearman_high"], color=COLOURS[0], linewidth=1.2)
            axes.plot(part["spearman"], y, MARKERS[0], color=COLOURS[0], markersize=3.5, label="here")
            quoted = [
                (row["values"][dataset]["spearman"], places[proxy])
                for proxy in part["proxy"]
                for row in correlation_rows(published_path, proxy, [dataset])
                if row["accuracy"] == "test" and row["cells"] == "all" and "spearman" in row["values"][dataset]
            ]
            if quoted:
                axes.plot(
                    *zip(*quoted, strict=True), "D", markerfacecolor="none", color=GREY, markersize=4.5, label="others"
                )
            axes.axvline(0, color=GREY, linewidth=0.6)
            if len(datasets) > 1:
                axes.set_title(dataset_title(dataset))
            axes.set_yticks(range(len(order)), [proxy_title(proxy) for proxy in order])
        figure.supxlabel("Spearman's $\\rho$ with test accuracy", fontsize=plt.rcParams["axes.labelsize"])
        entries = {
            name: handle for axes in panels[0] for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        if len(entries) > 1:
            figure.legend(entries.values(), entries.keys(), loc="outside upper right", ncol=2)
        save(figure, output)


def draw_search_times(summary_path: str | Path, searches: dict[str, dict[str, Any]], output: str | Path) -> None:
    """Draw mean test accuracy against mean search seconds (scoring and simulated training), a panel per dataset.

    Each search was run on the dataset of its panel. Searches that differ in their sample alone are joined. Bars are
    95 % intervals of the mean. A search whose seconds nobody knows is a dotted line.
    References (a random cell, oracles), which cost nothing that could be counted, are
    horizontal lines.

    Args:
        summary_path: ``summaries/search.csv``.
        searches: ``search.use`` of the study: ``{label: settings}``.
        output: path of the PDF.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    summary = read_table(
        summary_path,
        (
            "search",
            "searched_on",
            "dataset",
            "metric",
            "mean",
            "ci_low",
            "ci_high",
            "scoring_seconds",
            "training_seconds",
        ),
    )
    table = summary[(summary["searched_on"] == summary["dataset"]) & (summary["metric"] == "test_accuracy")]
    datasets = list(dict.fromkeys(table["dataset"]))
    titles = search_titles(searches)
    groups = {label: search_group(settings) for label, settings in searches.items()}
    series: dict[tuple[str, ...], list[str]] = {}
    for label, settings in searches.items():
        if groups[label] != "reference":
            alike = tuple(f"{name}: {value}" for name, value in sorted(settings.items()) if name != "sample")
            series.setdefault(alike, []).append(label)
    references = [label for label in searches if groups[label] == "reference"]
    names_in_legend = len(series) + len(references)
    longest = max(map(len, [*titles.values(), *(_series_title(labels, titles) for labels in series.values())]))
    letters = 8 if longest <= NARROW else 7
    with figure_style():
        count = len(datasets)
        height = max(2.9, 0.3 + 0.17 * names_in_legend) if count == 1 else 2.3 + 0.17 * -(-names_in_legend // 3)
        figure, panels = plt.subplots(1, count, figsize=(WIDTH, height), layout="constrained", squeeze=False)
        for number, (axes, dataset) in enumerate(zip(panels[0], datasets, strict=True)):
            rows = table[table["dataset"] == dataset].set_index("search")
            lowest, highest, timed = np.inf, -np.inf, False
            for place, labels in enumerate(series.values()):
                labels = [label for label in labels if label in rows.index]
                if not labels:
                    continue
                values = rows.loc[labels]
                lowest, highest = min(lowest, values["ci_low"].min()), max(highest, values["ci_high"].max())
                timed |= _draw_times(axes, values, place, _series_title(labels, titles))
            if lowest > highest:
                lowest, highest = rows["mean"].min(), rows["mean"].max()
            span = highest - lowest or 1.0
            for place, label in enumerate(label for label in references if label in rows.index):
                mean = float(rows.loc[label, "mean"])
                line = ((0, (8, 3)), "--", "-.", ":", (0, (3, 1, 1, 1, 1, 1)))[place % 5]
                if lowest - 1.2 * span <= mean <= highest + 1.2 * span:
                    axes.axhline(mean, color=GREY, linestyle=line, linewidth=0.9, label=titles[label], zorder=1)
                    lowest, highest = min(lowest, mean), max(highest, mean)
            margin = 0.12 * (highest - lowest or 1.0)
            axes.set_ylim(lowest - margin, highest + margin)
            if timed:
                axes.set_xscale("log")
                axes.xaxis.set_major_locator(LogLocator(numticks=8))
                axes.xaxis.set_minor_formatter(NullFormatter())
            else:
                axes.set_xticks([])
            axes.set_xlabel("search time (s)" if timed else "search time unknown")
            if count > 1:
                axes.set_title(dataset_title(dataset))
            if number == 0:
                axes.set_ylabel("test accuracy (%)")
        handles, names = [], []
        for axes in panels[0]:
            for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
                if name not in names:
                    handles.append(handle)
                    names.append(name)
        if count == 1:
            figure.legend(handles, names, loc="outside right center")
        else:
            figure.legend(handles, names, loc="outside lower center", ncol=3, fontsize=letters)
        save(figure, output)


def _draw_times(axes: Axes, values: pd.DataFrame, place: int, title: str) -> bool:
    """Draw accuracy against seconds for searches that are joined, and return whether the seconds of any are known.

    Scores that were given may come without seconds: such a search is a dotted horizontal line, and the legend says so.
    """
    seconds = (values["scoring_seconds"] + values["training_seconds"]).to_numpy()
    known = np.isfinite(seconds)
    mean = values["mean"].to_numpy()
    bars = np.abs(values[["ci_low", "ci_high"]].to_numpy().T - mean)
    if known.any():
        axes.errorbar(
            seconds[known], mean[known], yerr=bars[:, known], fmt=marker_of(place), color=colour_of(place),
            linestyle="-" if known.sum() > 1 else "none", linewidth=0.8, elinewidth=0.8, markersize=4.5,
            capsize=1.5, label=title, zorder=3,
        )  # fmt: skip
    for number, value in enumerate(mean[~known]):
        label = f"{title}, time unknown" if number == 0 else None
        axes.axhline(value, color=colour_of(place), linestyle=":", linewidth=0.9, label=label, zorder=2)
    return bool(known.any())


def _series_title(labels: list[str], titles: dict[str, str]) -> str:
    """Return one name for searches of one algorithm: the common part, and the values in which they differ."""
    if len(labels) == 1:
        return titles[labels[0]]
    common = titles[labels[0]].split(" (")[0]
    inner = [titles[label].partition(" (")[2].rstrip(")") for label in labels]
    names = {text.partition(" = ")[0] for text in inner}
    if len(names) == 1 and all(" = " in text for text in inner):
        return f"{common} ({names.pop()} = {', '.join(text.partition(' = ')[2] for text in inner)})"
    return common
