"""Compare our searches with published ones."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.analysis.published_rows import METRICS, matching_labels, place_of, read_published, same_accuracies
from tfnas.files import read_table
from tfnas.products import Named, Summary
from tfnas.schemas.published import SCHEMA as PUBLISHED
from tfnas.search.registry import accuracies_of, get_algorithm

VERDICTS = WITHIN, TOLERATED, DIFFERS, UNKNOWN = (
    "within one standard deviation",
    "within tolerance",
    "differs",
    "unknown",
)
"""What a comparison may say; unknown: the source gives neither a standard deviation nor the row a tolerance."""

DECIMALS = 2
"""Decimals of published accuracies, and of the difference that the verdict looks at."""

CHANCE = 1.96
"""Chance alone puts one mean in twenty farther than so many standard errors from another."""


SPEC = Summary(
    category="Searches",
    needs={"summary": "summaries/search.csv", "published": lambda study: study.published_files},
    params={"searches": "searches", "datasets": "datasets", "budgets": "published_budgets"},
    when=lambda study: study.compares_published,
    local=True,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write our searches beside the published rows that they match.

    Args:
        inputs: ``summary``: ``summaries/search.csv``. ``published``: ``report/published.yaml``.
        params: ``searches``: ``search.use`` of the study. ``datasets``: datasets of the study. ``budgets``: as in
            :func:`comparable_rows`.
        output: ``table``: table to write (.csv) with :data:`PUBLISHED`, in the order of the published rows. Accuracies
            that one side lacks are left out.

    Raises:
        ReportError: the published rows are missing or wrong.
        DataError: the summary is missing, damaged or lacks a column.
    """
    summary = read_table(
        inputs.summary, ("search", "searched_on", "dataset", "metric", "n", "mean", "std", "scorings", "std_scorings")
    )
    ours = summary.set_index(["search", "searched_on", "dataset", "metric"])
    rows = []
    for row, label, places in comparable_rows(inputs.published[0], params.searches, params.datasets, params.budgets):
        for dataset, on in places.items():
            for metric in METRICS:
                theirs = row["values"][dataset].get(metric)
                if theirs is None or (label, on, dataset, metric) not in ours.index:
                    continue
                found = ours.loc[label, on, dataset, metric]
                looks = get_algorithm(row["matches"]["algorithm"]).needs_early
                difference, tolerance = found["mean"] - theirs[0], row.get("tolerance")
                spread = ("std_scorings", "scorings") if found["scorings"] > 1 else ("std", "n")
                sample = (found["mean"], *(found[name] for name in spread))
                told = {name: row[name] for name in ("key", "method", "evidence", "source")}
                told |= {"search": label, "searched_on": on, "dataset": dataset, "metric": metric}
                told["accuracies_of"] = accuracies_of(row["matches"], on) if looks else None
                told |= {"theirs_mean": theirs[0], "theirs_std": theirs[1], "theirs_runs": row.get("runs")}
                told |= {f"ours_{name}": found[name] for name in ("mean", "std", "n")}
                told |= {"difference": difference, "z": z_score(sample, (*theirs, row.get("runs")))}
                rows.append(told | {"tolerance": tolerance, "verdict": judge(difference, theirs[1], tolerance)})
    table = pd.DataFrame(rows, columns=list(PUBLISHED.names)).astype({"theirs_runs": "Int64", "ours_n": "Int64"})
    PUBLISHED.write_rows(output.table, table)


def comparable_rows(
    path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], budgets: dict[str, float | None]
) -> list[tuple[dict[str, Any], str, dict[str, str]]]:
    """Return every published row with the label of a search that it stands beside, and where that search ran.

    The budgets are the simulated seconds that a run may spend on the accuracies of each dataset, None where that cannot
    be compared. A row with a ``budget`` stands beside searches with this budget alone.

    Returns:
        ``(row, label, {dataset: dataset searched on})`` with the datasets of the study that the row has values of, and
        on which both were shown accuracies of the same dataset; none of them empty.
    """
    found = []
    for row in read_published(path)["search"]:
        for label in matching_labels(row, searches):
            places = {}
            for dataset in datasets:
                on = place_of(row, dataset)
                known = dataset in row["values"] and on in datasets and same_accuracies(row, searches[label], dataset)
                if known and row.get("budget") in (None, budgets.get(accuracies_of(row["matches"], on))):
                    places[dataset] = on
            if places:
                found.append((row, label, places))
    return found


def quoted_rows(path: str | Path, datasets: list[str]) -> list[dict[str, Any]]:
    """Return the rows of ``report/published.yaml`` that are only quoted, without ``matches``, and have a value here."""
    rows = read_published(path)["search"]
    return [row for row in rows if not row.get("matches") and set(datasets) & set(row["values"])]


def z_score(ours: tuple[float, float, float | None], theirs: tuple[float, float | None, float | None]) -> float:
    """Return the difference of two means over its standard error, ``sqrt(s^2 / n + s'^2 / n')``.

    It is NaN where a standard deviation or a number of runs is not known, and where both standard deviations are 0.
    ``ours`` and ``theirs`` are mean, standard deviation and number of runs, None for what is not known.
    """
    known = [value for value in (*ours, *theirs) if value is not None and math.isfinite(value)]
    if len(known) < len(ours) + len(theirs):
        return math.nan
    mean, std, runs, their_mean, their_std, their_runs = known
    error = math.sqrt(std**2 / runs + their_std**2 / their_runs)
    return (mean - their_mean) / error if error > 0 else math.nan


def judge(difference: float, deviation: float | None, tolerance: float | None) -> str:
    """Return the verdict (one of :data:`VERDICTS`) on a difference of two means, rounded to :data:`DECIMALS` before.

    It is ours less theirs, in percentage points. The published standard deviation over runs, and the tolerance that the
    published row allows, are None where they are not known.
    """
    size = abs(round(difference, DECIMALS))
    if deviation is not None and size <= deviation:
        return WITHIN
    if tolerance is not None and size <= tolerance:
        return TOLERATED
    return UNKNOWN if deviation is None and tolerance is None else DIFFERS
