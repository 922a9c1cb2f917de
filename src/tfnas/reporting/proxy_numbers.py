"""What the prose says about proxies beyond their correlations: part of :mod:`tfnas.reporting.numbers`.

All functions add to the numbers of a study; *proxy* means ensembles, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tfnas.files import read_table
from tfnas.reporting.names import dataset_title, proxy_title
from tfnas.reporting.proxy_figures import read_pairs
from tfnas.reporting.proxy_tables import NOISE_COLUMNS, QUALITY_COLUMNS, by_name, rank_proxies, test_correlations
from tfnas.reporting.published import COEFFICIENTS, TOLERANCE, compare, quoted_correlations
from tfnas.reporting.wording import interval_sign, inverted, listed, part_words
from tfnas.statistics import FIRST

if TYPE_CHECKING:
    from tfnas.reporting.numbers import Numbers

WITHOUT_NETWORK = "no network"
"""What the registry says a proxy needs that only counts in a cell."""


def looking_at_networks(names: Iterable[str]) -> list[str]:
    """Return the names of the proxies that are not mere counts in a cell, and of the ensembles with such a member."""
    from tfnas.proxies.registry import describe

    def looks(name: str) -> bool:
        entry = describe(name)
        members = getattr(entry, "members", ())
        return any(looks(member) for member in members) if members else WITHOUT_NETWORK not in entry.needs

    return [name for name in names if looks(name)]


def add_quality(numbers: Numbers, quality_path: str | Path, names: list[str], datasets: list[str]) -> None:
    """Add the order in the best tenth of cells and the partial correlation given parameters and FLOPs.

    ``order.{dataset}.top_known`` and ``.partial_known`` count the proxies that have such a coefficient,
    ``.top_positive`` and ``.partial_positive`` those whose 95 % interval lies above zero; ``order.{dataset}.first.*``
    is the proxy whose highest score stands for the most accurate cell, with ``tied`` others. ``top_words`` and
    ``partial_sign`` of a proxy are those of :mod:`tfnas.reporting.wording`.

    Raises:
        ReportError: ``summaries/proxies.csv`` lacks a proxy on a dataset.
    """
    table = by_name(read_table(quality_path, QUALITY_COLUMNS), quality_path, names, datasets)
    numbers.add("order.places", FIRST, "count")
    for dataset in datasets:
        for name in names:
            before, values = f"order.{dataset}.{name}", table.loc[(dataset, name)]
            numbers.add(f"{before}.top_cells", int(values["top_n"]), "count")
            numbers.add(f"{before}.top_kendall", values["top_kendall"], "correlation")
            numbers.add(f"{before}.first_accuracy", values["first_accuracy"], "accuracy")
            numbers.add(f"{before}.first_better", values["first_better"], "share")
            for kind in ("top", "partial"):
                for end in ("", "_low", "_high"):
                    numbers.add(f"{before}.{kind}{end}", values[f"{kind}_spearman{end}"], "correlation")
            whole = numbers.value(f"correlation.{dataset}.{name}.test.all.spearman")
            numbers.add(f"{before}.top_words", part_words(values["top_spearman"], whole), "text")
            ends = (values["partial_spearman_low"], values["partial_spearman_high"])
            numbers.add(f"{before}.partial_sign", interval_sign(*ends), "text")
        first = table.loc[[(dataset, name) for name in names], "first_accuracy"]
        best, before = first.idxmax(), f"order.{dataset}.first"
        numbers.title(f"{before}.title", proxy_title(best[1]))
        numbers.add(f"{before}.tied", int((first == first[best]).sum()) - 1, "count")
        numbers.add(f"{before}.accuracy", first[best], "accuracy")
        numbers.add(f"{before}.better", table.loc[best, "first_better"], "share")
        for kind in ("top", "partial"):
            values = table.loc[[(dataset, name) for name in names]]
            known = values[f"{kind}_spearman"].dropna()
            numbers.add(f"order.{dataset}.{kind}_known", len(known), "count")
            positive = int((values[f"{kind}_spearman_low"] > 0).sum())
            numbers.add(f"order.{dataset}.{kind}_positive", positive, "count")
            if len(known):
                _, best = known.idxmax()
                numbers.title(f"order.{dataset}.{kind}_best.title", proxy_title(best))
                numbers.add(f"order.{dataset}.{kind}_best.spearman", known.max(), "correlation")


def add_ranking(numbers: Numbers, correlations: pd.DataFrame, names: list[str], datasets: list[str]) -> None:
    """Add who leads the ranking of :func:`~tfnas.reporting.proxy_tables.rank_proxies`, on each dataset and on average.

    ``ranking.{dataset}.above_convolutions`` counts the ``ranking.networks`` proxies that look at a network and order
    the cells better than the count of convolution edges; ``ranking.{dataset}.agreement`` is Spearman's coefficient of
    the ranks there and on the first dataset.
    """
    ranks = rank_proxies(correlations, names, datasets)
    table = test_correlations(correlations).set_index(["dataset", "proxy"])["spearman"]
    networks = looking_at_networks(names)
    numbers.add("ranking.names", len(names), "count")
    numbers.add("ranking.networks", len(networks), "count")
    first = ranks.index[0]
    numbers.title("ranking.first.title", proxy_title(first))
    numbers.add("ranking.first.tied", int((ranks["mean_rank"] == ranks.loc[first, "mean_rank"]).sum()) - 1, "count")
    numbers.add("ranking.first.rank", ranks.loc[first, "mean_rank"], "rank")
    numbers.add("ranking.first.spearman", ranks.loc[first, "mean_spearman"], "correlation")
    for dataset in datasets:
        before, best = f"ranking.{dataset}", ranks[dataset].idxmin()
        numbers.title(f"{before}.first.title", proxy_title(best))
        numbers.add(f"{before}.first.tied", int((ranks[dataset] == ranks.loc[best, dataset]).sum()) - 1, "count")
        numbers.add(f"{before}.first.spearman", table[dataset, best], "correlation")
        _add_inverted(numbers, before, {name: table[dataset, name] for name in names})
        convolutions = numbers.value(f"order.{dataset}.convolutions")
        above = sum(table[dataset, name] > convolutions for name in networks) if convolutions is not None else None
        numbers.add(f"{before}.above_convolutions", above, "count")
        if dataset != datasets[0]:
            agreement = ranks[dataset].corr(ranks[datasets[0]])
            numbers.add(f"{before}.agreement", agreement, "correlation")


def _add_inverted(numbers: Numbers, before: str, coefficients: dict[str, float]) -> None:
    """Add how many proxies order the wrong way round, and whether the largest magnitude is that of one of them."""
    turned = [name for name, value in coefficients.items() if inverted(value)]
    numbers.add(f"{before}.inverted", len(turned), "count")
    known = {name: value for name, value in coefficients.items() if np.isfinite(value)}
    if known:
        strongest = max(known, key=lambda name: abs(known[name]))
        numbers.title(f"{before}.strongest.title", proxy_title(strongest))
        numbers.add(f"{before}.strongest.spearman", known[strongest], "correlation")
        numbers.add(f"{before}.strongest.inverted", strongest in turned, "text")


def add_pairs(
    numbers: Numbers, pairs_path: str | Path, correlations: pd.DataFrame, names: list[str], datasets: list[str]
) -> None:
    """Add the most alike and the most different pair of proxies of every dataset.

    ``pairs.{dataset}.unlike`` has the smallest coefficient, ``.unlike.opposite`` says whether it is one of opposite
    orders, and ``pairs.{dataset}.unrelated`` the one nearest to zero. Where FLOPs are scored,
    ``pairs.{dataset}.closer_to_flops`` counts of the ``pairs.{dataset}.beside_flops`` other proxies, parameters left
    out, those whose coefficient with FLOPs is larger in magnitude than that with test accuracy (``titles``): whether a
    proxy is inverted does not matter to how closely it follows either.
    """
    table = test_correlations(correlations).set_index(["dataset", "proxy"])["spearman"]
    rows, columns = np.triu_indices(len(names), k=1)
    for dataset, matrix in zip(datasets, read_pairs(pairs_path, names, datasets), strict=True):
        upper = matrix[rows, columns]
        if np.isfinite(upper).any():
            places = {"alike": np.nanargmax(upper), "unlike": np.nanargmin(upper)}
            places["unrelated"] = np.nanargmin(np.abs(upper))
            for called, place in places.items():
                before = f"pairs.{dataset}.{called}"
                numbers.title(f"{before}.one", proxy_title(names[rows[place]]))
                numbers.title(f"{before}.other", proxy_title(names[columns[place]]))
                numbers.add(f"{before}.spearman", upper[place], "correlation")
            numbers.add(f"pairs.{dataset}.unlike.opposite", inverted(float(np.nanmin(upper))), "text")
        if "flops" in names:
            flops = matrix[names.index("flops")]
            others = [name for name in names if name not in ("flops", "params")]
            closer = [name for name in others if abs(flops[names.index(name)]) > abs(table[dataset, name])]
            numbers.add(f"pairs.{dataset}.beside_flops", len(others), "count")
            numbers.add(f"pairs.{dataset}.closer_to_flops", len(closer), "count")
            numbers.title(
                f"pairs.{dataset}.closer_to_flops.titles",
                listed([proxy_title(name) for name in closer]) if closer else "",
            )


def add_stability(numbers: Numbers, noise_path: str | Path, names: list[str]) -> None:
    """Add how initialisations, mini-batches and twins agree, proxy by proxy.

    Of the proxies that look at a network ``stability.{dataset}`` has the median and the one that agrees least.
    """
    table = read_table(noise_path, NOISE_COLUMNS)
    table = table[table["proxy"].isin(names)]
    for values in table.itertuples():
        before = f"stability.{values.dataset}.{values.proxy}"
        numbers.add(f"{before}.cells", int(values.cells), "count")
        for kind in ("initialisation", "batch"):
            numbers.add(f"{before}.{kind}", getattr(values, f"{kind}_spearman"), "correlation")
            numbers.add(f"{before}.{kind}_shift", getattr(values, f"{kind}_shift") / 100, "share")
        numbers.add(f"{before}.twins", int(values.twins), "count")
        numbers.add(f"{before}.twin", values.twin_spearman, "correlation")
    for dataset, part in table.groupby("dataset", sort=False):
        numbers.add(f"stability.{dataset}.cells", int(part["cells"].max()), "count")
        numbers.add(f"stability.{dataset}.twins", int(part["twins"].max()), "count")
        for kind in ("initialisation", "batch"):
            networks = part[part["proxy"].isin(looking_at_networks(part["proxy"]))]
            values = networks.set_index("proxy")[f"{kind}_spearman"].dropna()
            if len(values):
                numbers.title(f"stability.{dataset}.{kind}_least.title", proxy_title(values.idxmin()))
                numbers.add(f"stability.{dataset}.{kind}_least.spearman", values.min(), "correlation")
                numbers.add(f"stability.{dataset}.{kind}_median", values.median(), "correlation")


def add_published_correlations(
    numbers: Numbers, published_path: str | Path, correlations: pd.DataFrame, names: list[str], datasets: list[str]
) -> None:
    """Add how many published coefficients lie within the tolerance of ours, and the one that lies farthest.

    Undefined coefficients of ours (NaN) are not compared.
    """
    before = "published.correlations"
    quoted = quoted_correlations(published_path, names, datasets)
    if quoted:
        numbers.add(f"{before}.tolerance", TOLERANCE, "correlation")
    found = [entry for row in quoted for entry in compare(row, correlations, datasets)]
    found = [entry for entry in found if np.isfinite(entry.difference)]
    if not found:
        return
    farthest = max(found, key=lambda entry: abs(entry.difference))
    numbers.add(f"{before}.compared", len(found), "count")
    numbers.add(f"{before}.within", sum(entry.alike for entry in found), "count")
    numbers.title(f"{before}.farthest.title", proxy_title(farthest.proxy))
    numbers.add(f"{before}.farthest.dataset", dataset_title(farthest.dataset), "text")
    symbol = COEFFICIENTS[farthest.coefficient]
    numbers.entries[f"{before}.farthest.coefficient"] = {"text": symbol, "value": farthest.coefficient}
    numbers.add(f"{before}.farthest.ours", farthest.ours, "correlation")
    numbers.add(f"{before}.farthest.theirs", farthest.theirs, "correlation")
    numbers.add(f"{before}.farthest.difference", farthest.difference, "correlation")
