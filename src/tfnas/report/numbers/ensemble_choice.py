"""From how many ensembles was chosen, and what the chosen ones are worth."""

from math import comb

from tfnas.analysis.held_out import TOP_CELL
from tfnas.files import read_facts
from tfnas.products import Named, Topic
from tfnas.report.numbers.base import Numbers
from tfnas.report.tables import fact
from tfnas.schemas.ensemble_choice import SCHEMA as ENSEMBLE_CHOICE

SPEC = Topic(needs={"summary": "summaries/ensemble-choice.csv"}, when=lambda study: study.ensemble_choice["proxies"])


def add(numbers: Numbers, inputs: Named, params: Named) -> None:
    """Add from how many ensembles was chosen, and what the chosen ones are worth on the dataset held out.

    Keys: ``chosen.ensemble.proxies``, ``.largest``, ``.tried``. For each dataset, of the ensemble chosen by its order,
    ``chosen.ensemble.{dataset}.size``, ``.spearman``, ``.low`` and ``.high``, ``.single`` of the single proxy chosen in
    the same way, and ``.best``, the highest that hindsight finds in all sizes; of the one chosen by its top cell
    ``chosen.top.{dataset}.accuracy``, ``.single`` and ``.best``, percent.
    """
    summary, facts = ENSEMBLE_CHOICE.read(inputs.summary), read_facts(inputs.summary)
    proxies, largest = len(fact(facts, "proxies", inputs.summary)), fact(facts, "largest", inputs.summary)
    before = "chosen.ensemble"
    tried = sum(comb(proxies, size) for size in range(1, largest + 1))
    numbers.add_all(before, "count", proxies=proxies, largest=largest, tried=tried)
    for (by, dataset), part in summary.groupby(["by", "held_out"], sort=False):
        chosen, single = part[part["chosen"]].iloc[0], part[part["size"] == 1].iloc[0]
        if by == TOP_CELL:
            here, alone = chosen["top_accuracy"], single["top_accuracy"]
            numbers.add_all(f"chosen.top.{dataset}", "accuracy", accuracy=here, single=alone, best=part["best"].max())
            continue
        numbers.add(f"{before}.{dataset}.size", chosen["size"], "count")
        numbers.add_all(
            f"{before}.{dataset}",
            "correlation",
            spearman=chosen["spearman"],
            low=chosen["spearman_low"],
            high=chosen["spearman_high"],
            single=single["spearman"],
            best=part["best"].max(),
        )
