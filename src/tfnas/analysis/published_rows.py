"""Published rows beside ours: data with a source, read from ``report/published.yaml``.

A row says which of our searches it is to be compared with (``matches``: an algorithm and settings), under which budget
(``budget``), on which dataset the published search ran (``searched_on``: a dataset, or ``each``), whose accuracies it
was shown where they were not those of that dataset (``accuracies_of`` among the settings of ``matches``), and who
printed it (``cite``, a key of the bibliography).
``evidence`` is P for the paper or its authors' repository, C for a value computed from public author data and S for one
that was only found where others quote it: such a row is never the published row of a search, only one of the
comparisons of :mod:`tfnas.analysis.published`. A correlation that its source prints without its sign says
``absolute``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tfnas.errors import ReportError, TfnasError
from tfnas.search.registry import GROUPS as SEARCH_GROUPS
from tfnas.search.registry import accuracies_of, get_algorithm

if TYPE_CHECKING:
    import pandas as pd

NATS_DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
"""The datasets for which published rows exist."""

GROUPS = (*SEARCH_GROUPS, "weight-sharing")
"""Groups of published rows: those of searches, and one for methods that nobody can rerun on the benchmark."""

COMPARED = ("spearman", "kendall", "ndcg")
"""Coefficients that are compared."""

METRICS = ("valid_accuracy", "test_accuracy")

NOT_COMPARED = ("overshoot",)
"""Parameters in which a search may differ from a published row that does not name them: what becomes of the last query
of about a hundred."""

TOLERANCE = 0.05
"""Difference of two correlations beyond which the report calls them different."""


@cache
def read_published(path: str | Path) -> dict[str, Any]:
    """Read the published rows and check their shape. The file is read once a process; do not change what is returned.

    Returns:
        ``{"search": [...], "correlations": [...], "facts": {...}}`` as in the file.

    Raises:
        ReportError: the file is missing or no YAML, a row lacks a key, has an unknown group, or matches a search that
            cannot be.
    """
    try:
        # The parser in C, where PyYAML has it: every start of the workflow reads this file.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader)
    except FileNotFoundError:
        raise ReportError(
            f"The published rows '{path}' do not exist: restore the file or set report.published to false."
        ) from None
    except yaml.YAMLError as error:
        raise ReportError(f"The published rows '{path}' are not valid YAML: {error}.") from error
    for number, row in enumerate(content["search"]):
        missing = [key for key in ("method", "group", "cite", "evidence", "searched_on", "values") if key not in row]
        if missing:
            raise ReportError(f"Row {number} of 'search' in '{path}' lacks {', '.join(missing)}.")
        if row["group"] not in GROUPS:
            raise ReportError(
                f"Row '{row['method']}' in '{path}' has group '{row['group']}': use one of {', '.join(GROUPS)}."
            )
        if row.get("matches"):
            try:
                get_algorithm(row["matches"]["algorithm"], "matches").settings(row["matches"], row["method"])
            except TfnasError as error:
                raise ReportError(f"Row '{row['method']}' in '{path}' matches no search that can be: {error}") from None
    return content


def search_rows(path: str | Path | None, datasets: list[str], protocol: str) -> list[dict[str, Any]]:
    """Return the published rows of searches with a protocol: the dataset that was searched, or ``each``.

    Those that others quote (S) are left out. There are none without a path, and none for a study without datasets that
    the literature reports.
    """
    if path is None or not set(datasets) & set(NATS_DATASETS):
        return []
    rows = read_published(path)["search"]
    return [row for row in rows if row["searched_on"] == protocol and row["evidence"] != "S"]


def rows_beside(
    rows: list[dict[str, Any]], searches: dict[str, dict[str, Any]], datasets: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return the published row that stands beside each search on all datasets, ``{label: row}``: the first to match."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        for label in matching_labels(row, searches, datasets):
            found.setdefault(label, row)
    return found


def rows_alone(
    rows: list[dict[str, Any]], searches: dict[str, dict[str, Any]], datasets: Collection[str]
) -> list[dict[str, Any]]:
    """Return the rows to quote without a search beside them: those read in papers that none of the searches matches."""
    return [row for row in rows if row["evidence"] == "P" and not matching_labels(row, searches, datasets)]


def matching_labels(
    row: dict[str, Any], searches: dict[str, dict[str, Any]], datasets: Collection[str] = ()
) -> list[str]:
    """Return the labels of the searches that a published row is to be compared with, none for a row that is quoted.

    A search matches if it is of the same algorithm and all settings are the same, the defaults of both filled in; of
    :data:`NOT_COMPARED` only those that the row names. The order of a list does not matter unless its length is fixed,
    so that each place has its meaning. Whose accuracies a search is shown is compared on ``datasets`` alone, dataset by
    dataset (:func:`same_accuracies`).
    """
    wanted = row.get("matches")
    if not wanted:
        return []
    wanted_settings = _identity(wanted, wanted)
    return [
        label
        for label, settings in searches.items()
        if settings["algorithm"] == wanted["algorithm"]
        and _identity(settings, wanted) == wanted_settings
        and all(same_accuracies(row, settings, dataset) for dataset in datasets if dataset in row["values"])
    ]


def place_of(row: dict[str, Any], dataset: str) -> str:
    """Return the dataset that was searched for the value of a row on ``dataset``."""
    return dataset if row["searched_on"] == "each" else row["searched_on"]


def same_accuracies(row: dict[str, Any], settings: dict[str, Any], dataset: str) -> bool:
    """Return whether a search of a study and the published one of a row were shown accuracies of the same dataset.

    The two are compared on ``dataset``; which dataset was searched for that, the row says.
    """
    on = place_of(row, dataset)
    return accuracies_of(settings, on) == accuracies_of(row["matches"], on)


def _identity(settings: dict[str, Any], named: Iterable[str]) -> dict[str, Any]:
    """Return all settings of a search, defaults included, in a form that can be compared."""
    algorithm = get_algorithm(settings["algorithm"])
    values = settings | algorithm.settings(settings, algorithm.name)
    for name, parameter in algorithm.parameters.items():
        if isinstance(values[name], list) and "max_length" not in parameter.bounds:
            values[name] = sorted(values[name])
    return {
        name: value
        for name, value in values.items()
        if name != "accuracies_of" and (name in named or name not in NOT_COMPARED)
    }


def correlation_rows(path: str | Path | None, proxy: str, datasets: list[str]) -> list[dict[str, Any]]:
    """Return the published correlations of a proxy on any of the datasets; none without a path."""
    if path is None:
        return []
    rows = read_published(path)["correlations"]
    return [row for row in rows if row["proxy"] == proxy and set(datasets) & set(row["values"])]


def quoted_correlations(path: str | Path | None, names: Iterable[str], datasets: list[str]) -> list[dict[str, Any]]:
    """Return the published correlations of all these proxies and ensembles, in the order of ``names``."""
    return [row for name in names for row in correlation_rows(path, name, datasets)]


def published_rates(path: str | Path | None, datasets: list[str]) -> dict[str, dict[str, Any]]:
    """Return the published seconds of scoring one network by proxy: the facts that name a ``proxy`` and its ``device``.

    There are none without a path, and none for a study of other networks than the benchmark's.
    """
    if path is None or not set(datasets) & set(NATS_DATASETS):
        return {}
    facts = read_published(path)["facts"].values()
    return {fact["proxy"]: fact for fact in facts if "proxy" in fact}


@dataclass(frozen=True)
class Comparison:
    """One of our correlations beside a published one.

    Attributes:
        proxy: name of the proxy or ensemble.
        dataset: name of the dataset.
        coefficient: one of :data:`COEFFICIENTS`.
        ours: over our cells, without its sign where the source prints none; NaN where ours is undefined.
        theirs: as published.
    """

    proxy: str
    dataset: str
    coefficient: str
    ours: float
    theirs: float

    @property
    def difference(self) -> float:
        """Ours less theirs."""
        return self.ours - self.theirs

    @property
    def alike(self) -> bool:
        """Whether the two lie within :data:`TOLERANCE` as printed, with three decimals."""
        return abs(round(self.difference, 3)) <= TOLERANCE


def compare(row: dict[str, Any], correlations: pd.DataFrame, datasets: list[str]) -> list[Comparison]:
    """Set our ``summaries/correlations.csv`` beside a row of :func:`correlation_rows`: same accuracy, same cells.

    A set of cells that we do not have, such as a random one, stands beside all our cells. Datasets that either side
    lacks are left out.
    """
    accuracy = {"test": "test_accuracy", "validation": "valid_accuracy"}[row["accuracy"]]
    alike = (correlations["proxy"] == row["proxy"]) & (correlations["accuracy"] == accuracy)
    cells = row["cells"] if row["cells"] in set(correlations["cells"]) else "all"
    ours = correlations[alike & (correlations["cells"] == cells)].set_index("dataset")
    found = []
    for dataset in datasets:
        for coefficient in COMPARED if dataset in ours.index else ():
            theirs = row["values"].get(dataset, {}).get(coefficient)
            if theirs is not None:
                value = float(ours.loc[dataset, coefficient])
                value = abs(value) if row.get("absolute") else value
                found.append(Comparison(row["proxy"], dataset, coefficient, value, theirs))
    return found
