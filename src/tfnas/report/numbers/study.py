"""What the study file says, and the names of all it holds."""

import numpy as np

from tfnas.files import read_facts
from tfnas.products import Named, Topic
from tfnas.report.claims import FEW_RUNS
from tfnas.report.names import search_titles
from tfnas.report.numbers.base import Numbers
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.tables import fact
from tfnas.report.titles import dataset_title
from tfnas.spaces.registry import get_space

SPEC = Topic(
    needs={"batches": "batches/{dataset}.json"}, params=("config", "datasets", "searches", "scored", "budgets")
)


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add ``study.*``, ``skeleton.*``, ``budget.{dataset}``, ``batch.{dataset}.*`` and ``title.*`` of all three."""
    space = get_space(params.config["space"])
    distinct = len(np.unique(space.classes)) if space.enumerable else space.size
    runs, skeleton, scoring = (params.config["search"]["runs"], params.config["skeleton"], params.config["scoring"])
    numbers.add_all(
        "study",
        "count",
        space=space.size,
        distinct=distinct,
        pool=None if scoring["cells"] == "all" else scoring["cells"],
        runs=runs,
        scorings=scoring["scorings"],
        datasets=len(params.datasets),
        searches=len(params.searches),
        proxies=len(scoring["proxies"]) + len(scoring["own"]),
    )
    numbers.add_all("skeleton", "count", **{name: size for name, size in skeleton.items() if isinstance(size, int)})
    numbers.add_all("study", "text", seed=params.config["seed"], few_runs=runs < FEW_RUNS)
    for dataset in params.datasets:
        numbers.title(f"title.dataset.{dataset}", dataset_title(dataset))
        numbers.add(f"budget.{dataset}", params.budgets[dataset], "seconds")
        path = inputs.batches[dataset]
        told = {name: fact(read_facts(path), name, path) for name in ("classes", "images")}
        numbers.add_all(f"batch.{dataset}", "count", **told)
    for label, title in search_titles(params.searches).items():
        numbers.title(f"title.search.{label}", title)
    for proxy in params.scored:
        numbers.title(f"title.proxy.{proxy}", proxy_title(proxy))
