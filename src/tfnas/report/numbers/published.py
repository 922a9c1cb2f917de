"""What others published: accuracies of searches, correlations of proxies, facts."""

import numpy as np
import pandas as pd

from tfnas.analysis.published_rows import (
    TOLERANCE,
    compare,
    quoted_correlations,
    read_published,
    rows_beside,
    search_rows,
)
from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.published import COEFFICIENTS
from tfnas.report.titles import dataset_title
from tfnas.schemas.correlations import SCHEMA as CORRELATIONS
from tfnas.truth.metric import TEST, VALID

SHORT = {VALID: "valid", TEST: "test"}
"""How keys call the two accuracies."""

SPEC = Topic(
    needs={"published": lambda study: study.published_files, "correlations": "summaries/correlations.csv"},
    params=("searches", "datasets", "scored"),
    when=lambda study: study.published_files,
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``published.{key}.*``, ``published.elsewhere.*``, ``published.fact.*`` and ``published.correlations.*``."""
    path = inputs.published[0]
    content = read_published(path)
    for row in content["search"]:
        for dataset, metrics in row["values"].items():
            for metric, (mean, deviation) in metrics.items():
                before = f"published.{row['key']}.{dataset}.{SHORT[metric]}"
                numbers.add_all(before, "accuracy", mean=mean, std=deviation)
        numbers.add(f"published.{row['key']}.seconds", row.get("seconds"), "seconds")
    elsewhere = content.get("elsewhere", {"values": {}})
    for proxy, values in elsewhere["values"].items():
        before = f"published.elsewhere.{proxy}"
        numbers.title(f"{before}.title", proxy_title(proxy))
        for kind, value in zip(elsewhere["kinds"], values, strict=True):
            numbers.add(f"{before}.{kind.replace(' ', '-')}", value, "correlation")
    for name, entry in content["facts"].items():
        numbers.add(f"published.fact.{name}", entry["value"], entry.get("kind", "value"))
    _add_correlations(numbers, path, CORRELATIONS.read(inputs.correlations), params)
    beside = rows_beside(search_rows(path, params.datasets, "each"), params.searches, params.datasets)
    if any(row["evidence"] == "C" for row in beside.values()):
        numbers.add("published.computed.search", True, "text")


def _add_correlations(numbers: Numbers, path: str, correlations: pd.DataFrame, params: Named) -> None:
    """Add how many published coefficients lie within the tolerance of ours, and the one that lies farthest.

    Undefined coefficients of ours (NaN) are not compared.
    """
    before = "published.correlations"
    quoted = quoted_correlations(path, params.scored, params.datasets)
    if quoted:
        numbers.add(f"{before}.tolerance", TOLERANCE, "correlation")
    compared = (entry for row in quoted for entry in compare(row, correlations, params.datasets))
    found = [entry for entry in compared if np.isfinite(entry.difference)]
    if not found:
        return
    farthest = max(found, key=lambda entry: abs(entry.difference))
    numbers.add_all(before, "count", compared=len(found), within=sum(entry.alike for entry in found))
    numbers.title(f"{before}.farthest.title", proxy_title(farthest.proxy))
    numbers.add(f"{before}.farthest.dataset", dataset_title(farthest.dataset), "text")
    symbol = COEFFICIENTS[farthest.coefficient]
    numbers.entries[f"{before}.farthest.coefficient"] = {"text": symbol, "value": farthest.coefficient}
    values = {name: getattr(farthest, name) for name in ("ours", "theirs", "difference")}
    numbers.add_all(f"{before}.farthest", "correlation", **values)
