"""What the results are called: split, metric, unit."""

from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.titles import dataset_title
from tfnas.report.wording import listed

SPEC = Topic(params=("reported",))

WORDS = ("split", "name", "words", "many", "unit", "label", "points")


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``reported.split``, ``.name``, ``.words`` and so on (:func:`tfnas.report.wording.reported_words`).

    ``reported.percent`` says whether all are percentages, ``.plain`` whether they are accuracies, too. ``.turned`` is
    the metrics that are printed with their sign turned, and ``.several`` the metric of each dataset where they have
    different ones; both are empty where there are none.
    """
    told = params.reported
    numbers.add_all("reported", "text", **{name: told[name] for name in WORDS})
    numbers.add_all("reported", "text", plain=told["plain"], percent=told["percent"])
    numbers.add("reported.turned", listed(told["turned"]) if told["turned"] else "", "text")
    metrics = told["datasets"]
    of = [f"{metric} on {dataset_title(dataset)}" for dataset, metric in metrics.items()]
    numbers.add("reported.several", listed(of) if len(set(metrics.values())) > 1 else "", "text")
