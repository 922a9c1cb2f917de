"""Draw mean test accuracy against mean search seconds (scoring and simulated training), a panel per dataset."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from tfnas.products import Exhibit, Named
from tfnas.report.names import search_group, search_titles
from tfnas.report.panels import legend_of, logarithmic, name_panels
from tfnas.report.style import GREY, colour_of, figure_style, marker_of, panels_of, save
from tfnas.schemas.search import SCHEMA as SEARCH
from tfnas.truth.metric import reported_name

NARROW = 32
"""Characters of a name of which three stand side by side in a legend; with longer ones its letters are smaller."""

SPEC = Exhibit(
    kind="figure", category="Searches", needs={"summary": "summaries/search.csv"}, params=("searches", "reported")
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw mean test accuracy against mean search seconds (scoring and simulated training), a panel per dataset.

    Each search was run on the dataset of its panel. Searches that differ in their sample alone are joined. Bars are
    95 % intervals of the mean. A search whose seconds nobody knows is a dotted line.
    References (a random cell, oracles), which cost nothing that could be counted, are
    horizontal lines.
    """
    summary = SEARCH.read(inputs.summary)
    table = summary[summary["searched_on"] == summary["dataset"]]
    table = table[table["metric"] == reported_name(set(table["metric"]))]
    datasets = list(dict.fromkeys(table["dataset"]))
    titles = search_titles(params.searches)
    groups = {label: search_group(settings) for label, settings in params.searches.items()}
    series: dict[tuple[str, ...], list[str]] = {}
    for label, settings in params.searches.items():
        if groups[label] != "reference":
            alike = tuple(f"{name}: {value}" for name, value in sorted(settings.items()) if name != "sample")
            series.setdefault(alike, []).append(label)
    references = [label for label in params.searches if groups[label] == "reference"]
    names_in_legend = len(series) + len(references)
    longest = max(map(len, [*titles.values(), *(_series_title(labels, titles) for labels in series.values())]))
    letters = 8 if longest <= NARROW else 7
    with figure_style():
        count = len(datasets)
        height = max(2.9, 0.3 + 0.17 * names_in_legend) if count == 1 else 2.3 + 0.17 * -(-names_in_legend // 3)
        figure, panels = panels_of(1, count, height)
        name_panels(panels[0], datasets)
        panels[0][0].set_ylabel(params.reported["label"])
        for axes, dataset in zip(panels[0], datasets, strict=True):
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
                logarithmic(axes, 8)
            else:
                axes.set_xticks([])
            axes.set_xlabel("search time (s)" if timed else "search time unknown")
        handles = legend_of(panels[0])
        if count == 1:
            figure.legend(handles.values(), handles.keys(), loc="outside right center")
        else:
            figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncol=3, fontsize=letters)
        save(figure, output.pdf)


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
            seconds[known],
            mean[known],
            yerr=bars[:, known],
            fmt=marker_of(place),
            color=colour_of(place),
            linestyle="-" if known.sum() > 1 else "none",
            linewidth=0.8,
            elinewidth=0.8,
            markersize=4.5,
            capsize=1.5,
            label=title,
            zorder=3,
        )
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
