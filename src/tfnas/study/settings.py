"""What a checked study says of a dataset or a search: names, budgets and sizes, looked up in one place."""

from typing import Any

from tfnas.search.constraints import COUNTED, limits_of
from tfnas.search.registry import get_algorithm


def devices_of(settings: dict[str, Any]) -> list[str]:
    """Return the devices whose latencies a search limits or weighs."""
    wanted = list(limits_of(settings.get("constraint", {})))
    if get_algorithm(settings["algorithm"]).weighs_cost:
        wanted.append(settings["cost"])
    return [name for name in dict.fromkeys(wanted) if name not in COUNTED]


def scored_names(study: dict[str, Any]) -> list[str]:
    """Return the names in the score tables of a study: its proxies, then its own scores, then its ensembles."""
    return [*study["scoring"]["proxies"], *study["scoring"]["own"], *study["scoring"]["ensembles"]]


def proxies_of(settings: dict[str, Any]) -> list[str]:
    """Return the proxies and ensembles that a search reads with its settings."""
    return get_algorithm(settings["algorithm"]).proxies(settings)


def budget_of(study: dict[str, Any], dataset: str) -> float | None:
    """Return the simulated seconds that a search on a dataset may spend, None where the study gives none."""
    budget = study["search"]["budget_seconds"]
    return budget.get(dataset) if isinstance(budget, dict) else budget


def batch_size_of(study: dict[str, Any], dataset: str) -> int | None:
    """Return the images of the mini-batch of a dataset, None where the study gives none."""
    size = study["scoring"]["batch_size"]
    return size.get(dataset) if isinstance(size, dict) else size
