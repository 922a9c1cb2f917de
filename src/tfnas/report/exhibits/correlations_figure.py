"""Draw how well every proxy orders all cells by test accuracy: Spearman's coefficient, a column per dataset."""

import matplotlib.pyplot as plt

from tfnas.analysis.published_rows import correlation_rows
from tfnas.products import Exhibit, Named
from tfnas.report.panels import legend_of, name_panels
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.style import COLOURS, GREY, MARKERS, figure_style, panels_of, save
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.truth.metric import SPLITS, reported_name

SPEC = Exhibit(
    kind="figure",
    category="Proxies",
    needs={"correlations": "summaries/correlations.csv", "published": lambda study: study.published_files},
    params=("datasets", "reported"),
    prints=("proxies",),
    when=lambda study: len(study.scored) > 1,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Draw how well every proxy orders all cells by test accuracy: Spearman's coefficient, a column per dataset.

    Proxies are sorted by their mean over the datasets. Lines are 95 % intervals; hollow diamonds are published values
    for all cells.
    """
    published_path = next(iter(inputs.published), None)
    table = CORRELATIONS.read(inputs.correlations)
    told = reported_name(set(table["accuracy"]))
    table = table[(table["accuracy"] == told) & (table["cells"] == "all")]
    order = table.groupby("proxy")["spearman"].mean().sort_values(na_position="first").index.tolist()
    places = {proxy: place for place, proxy in enumerate(order)}
    with figure_style():
        height = 0.7 + 0.16 * max(len(order), 3)
        figure, panels = panels_of(1, len(params.datasets), height, sharey=True, sharex=True)
        name_panels(panels[0], params.datasets)
        for axes, dataset in zip(panels[0], params.datasets, strict=True):
            part = table[table["dataset"] == dataset]
            y = [places[proxy] for proxy in part["proxy"]]
            axes.hlines(y, part["spearman_low"], part["spearman_high"], color=COLOURS[0], linewidth=1.2)
            axes.plot(part["spearman"], y, MARKERS[0], color=COLOURS[0], markersize=3.5, label="here")
            quoted = [
                (row["values"][dataset]["spearman"], places[proxy])
                for proxy in part["proxy"]
                for row in correlation_rows(published_path, proxy, [dataset])
                if row["accuracy"] == SPLITS[told] and row["cells"] == "all" and "spearman" in row["values"][dataset]
            ]
            if quoted:
                hollow = {"markerfacecolor": "none", "color": GREY, "markersize": 4.5, "label": "others"}
                axes.plot(*zip(*quoted, strict=True), "D", **hollow)
            axes.axvline(0, color=GREY, linewidth=0.6)
            axes.set_yticks(range(len(order)), [proxy_title(proxy) for proxy in order])
        figure.supxlabel(f"Spearman's $\\rho$ with {params.reported['words']}", fontsize=plt.rcParams["axes.labelsize"])
        entries = legend_of(panels[0])
        if len(entries) > 1:
            figure.legend(entries.values(), entries.keys(), loc="outside upper right", ncol=2)
        save(figure, output.pdf)
