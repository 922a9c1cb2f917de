"""What a search on the first dataset loses on the others."""

import numpy as np

from tfnas.analysis.statistics import difference_of_means
from tfnas.products import Named, Topic
from tfnas.report.claims import sign_of_printed
from tfnas.report.names import search_group
from tfnas.report.numbers.base import Numbers
from tfnas.report.wording import interval_sign

SPEC = Topic(
    params=("datasets", "searches"),
    prints=("searches",),
    after=("study", "searches"),
    when=lambda study: len(study.datasets) > 1,
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add what a search on the first dataset loses on the others, against the same search there.

    Only searches that spend no training seconds count: a budget may differ between datasets and buys another number
    of looks on each, which would be mixed with the transfer. The runs on two datasets are independent, so the interval
    of a loss follows from those of the two means (:func:`tfnas.analysis.statistics.difference_of_means`). That of the
    mean over searches reaches from the mean lower to the mean upper end, which holds whatever the searches have in
    common.

    Keys: ``transfer.{dataset}.searches``, ``.mean_loss``, ``.mean_size``, ``.low``, ``.high`` and ``.side``;
    ``.largest_loss``, ``.largest_side`` and ``.title`` of the search that loses most. A side is above, below or around
    zero by the interval, and zero where the number is printed as zero.
    """
    first = params.datasets[0]

    def of(searched_on: str, dataset: str, label: str) -> tuple[float, ...]:
        before = f"search.{searched_on}.{label}.{dataset}.reported"
        return tuple(numbers.value(f"{before}.{name}") for name in ("mean", "ci_low", "ci_high"))

    for dataset in params.datasets[1:]:
        losses = {}
        for label, settings in params.searches.items():
            trains = any(numbers.value(f"search.{on}.{label}.training") for on in params.datasets)
            if trains or search_group(settings) == "reference":
                continue
            losses[label] = difference_of_means(of(dataset, dataset, label), of(first, dataset, label))
        if losses:
            before = f"transfer.{dataset}"
            worst = max(losses, key=lambda label: losses[label][0])
            mean, low, high = (float(part) for part in np.mean(list(losses.values()), axis=0))
            numbers.add(f"{before}.searches", len(losses), "count")
            numbers.add_all(before, "accuracy", mean_loss=mean, mean_size=abs(mean), low=low, high=high)
            numbers.add(f"{before}.side", _side(mean, low, high), "text")
            numbers.add(f"{before}.largest_loss", losses[worst][0], "accuracy")
            numbers.add(f"{before}.largest_side", _side(*losses[worst]), "text")
            numbers.title(f"{before}.title", numbers.value(f"title.search.{worst}"))


def _side(value: float, low: float, high: float) -> str:
    """Return on which side of zero a number lies by its interval; ``zero`` where it is printed as zero."""
    return "zero" if sign_of_printed(value) == "zero" else interval_sign(low, high)
