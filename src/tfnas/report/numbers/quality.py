"""The order in the best tenth of cells, and given parameters and FLOPs."""

from tfnas.analysis.statistics import FIRST
from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.proxy_tables import by_name
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.wording import interval_sign, part_words
from tfnas.schemas.proxies import SCHEMA as PROXIES

SPEC = Topic(needs={"quality": "summaries/proxies.csv"}, params=("scored", "datasets"), after=("correlations",))


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add the order in the best tenth of cells and the partial correlation given parameters and FLOPs.

    ``order.{dataset}.top_known`` and ``.partial_known`` count the proxies that have such a coefficient,
    ``.top_positive`` and ``.partial_positive`` those whose 95 % interval lies above zero; ``order.{dataset}.first.*``
    is the proxy whose highest score stands for the most accurate cell, with ``tied`` others. ``top_words`` and
    ``partial_sign`` of a proxy are those of :mod:`tfnas.report.wording`.

    Raises:
        ReportError: ``summaries/proxies.csv`` lacks a proxy on a dataset.
    """
    table = by_name(PROXIES.read(inputs.quality), inputs.quality, params.scored, params.datasets)
    numbers.add("order.places", FIRST, "count")
    for dataset in params.datasets:
        for name in params.scored:
            before, values = f"order.{dataset}.{name}", table.loc[(dataset, name)]
            numbers.add(f"{before}.top_cells", int(values["top_n"]), "count")
            numbers.add(f"{before}.top_kendall", values["top_kendall"], "correlation")
            numbers.add(f"{before}.first_accuracy", values["first_accuracy"], "accuracy")
            numbers.add(f"{before}.first_better", values["first_better"], "share")
            ends = [(kind, end) for kind in ("top", "partial") for end in ("", "_low", "_high")]
            found = {f"{kind}{end}": values[f"{kind}_spearman{end}"] for kind, end in ends}
            numbers.add_all(before, "correlation", **found)
            whole = numbers.value(f"correlation.{dataset}.{name}.reported.all.spearman")
            numbers.add(f"{before}.top_words", part_words(values["top_spearman"], whole), "text")
            sign = interval_sign(found["partial_low"], found["partial_high"])
            numbers.add(f"{before}.partial_sign", sign, "text")
        values = table.loc[[(dataset, name) for name in params.scored]]
        first = values["first_accuracy"]
        best, before = first.idxmax(), f"order.{dataset}.first"
        numbers.title(f"{before}.title", proxy_title(best[1]))
        numbers.add(f"{before}.tied", int((first == first[best]).sum()) - 1, "count")
        numbers.add(f"{before}.accuracy", first[best], "accuracy")
        numbers.add(f"{before}.better", table.loc[best, "first_better"], "share")
        for kind in ("top", "partial"):
            known = values[f"{kind}_spearman"].dropna()
            positive = int((values[f"{kind}_spearman_low"] > 0).sum())
            numbers.add_all(f"order.{dataset}", "count", **{f"{kind}_known": len(known), f"{kind}_positive": positive})
            if len(known):
                _, best = known.idxmax()
                numbers.title(f"order.{dataset}.{kind}_best.title", proxy_title(best))
                numbers.add(f"order.{dataset}.{kind}_best.spearman", known.max(), "correlation")
