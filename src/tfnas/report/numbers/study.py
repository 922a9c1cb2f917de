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
    """Add ``study.*``, ``budget.{dataset}``, ``batch.{dataset}.*`` and ``title.*`` of all three."""
    space = get_space(params.config["space"])
    for name, value in (
        ("space", space.size),
        ("distinct", len(np.unique(space.classes)) if space.enumerable else space.size),
        ("runs", params.config["search"]["runs"]),
        ("scorings", params.config["scoring"]["scorings"]),
        ("channels", params.config["skeleton"]["channels"]),
        ("cells_per_stage", params.config["skeleton"]["cells_per_stage"]),
        ("datasets", len(params.datasets)),
        ("searches", len(params.searches)),
        ("proxies", len(params.config["scoring"]["proxies"]) + len(params.config["scoring"]["own"])),
    ):
        numbers.add(f"study.{name}", value, "count")
    numbers.add("study.seed", params.config["seed"], "text")
    numbers.add("study.few_runs", params.config["search"]["runs"] < FEW_RUNS, "text")
    for dataset in params.datasets:
        numbers.title(f"title.dataset.{dataset}", dataset_title(dataset))
        numbers.add(f"budget.{dataset}", params.budgets[dataset], "seconds")
        facts = read_facts(inputs.batches[dataset])
        numbers.add(f"batch.{dataset}.classes", fact(facts, "classes", inputs.batches[dataset]), "count")
        numbers.add(f"batch.{dataset}.images", fact(facts, "images", inputs.batches[dataset]), "count")
    for label, title in search_titles(params.searches).items():
        numbers.title(f"title.search.{label}", title)
    for proxy in params.scored:
        numbers.title(f"title.proxy.{proxy}", proxy_title(proxy))
