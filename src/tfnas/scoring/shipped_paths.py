"""Where shipped score tables lie."""

from collections.abc import Iterable

from tfnas.proxies.registry import family_of


def shipped_name(dataset: str, scoring: int) -> str:
    """Return the name of the folder of the shipped score tables of a dataset and a scoring."""
    return f"{dataset}.scoring-{scoring}" if scoring else dataset


def shipped_tables(folder: str, dataset: str, scoring: int, proxies: Iterable[str]) -> list[str]:
    """Return the shipped score tables that hold some proxies, one of each family, for a dataset and a scoring."""
    families = dict.fromkeys(family_of(proxy) for proxy in proxies)
    return [f"{folder}/{shipped_name(dataset, scoring)}/{family}.parquet" for family in families]
