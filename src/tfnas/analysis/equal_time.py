"""Compare groups of searches after the same seconds."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tfnas.analysis.curves import end_of, grid_of, read_curves, start_of, steps_of, values_at
from tfnas.analysis.statistics import (
    INTERVAL,
    bootstrap_counts,
    cut,
    group_means,
    interval_of_mean,
    nested_interval,
    widened,
)
from tfnas.errors import SearchError
from tfnas.products import Named, Summary
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME
from tfnas.seeds import child_rng
from tfnas.truth.metric import TEST, VALID, reported

GROUPS = ("training-free", "training-free-prior", "trained", "hybrid")
"""Scores alone; scores alone, one of them a prior; accuracies alone; both."""

REFERENCE = "reference"
"""The group of the random cell, which looks at nothing and is no search of any other group."""

DECIMALS = 9
"""Decimals of means and differences that are compared: what lies beyond is rounding and decides nothing."""


SPEC = Summary(
    category="Searches",
    needs={"curves": lambda study: study.curve_files(), "facts": lambda study: study.curve_facts()},
    params=("equal_time_groups", "searches_with_prior", "random_cell", "seed", "ranges"),
    when=lambda study: study.equal_time_groups,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Compare groups of searches at equal seconds in all.

    Args:
        inputs: ``curves``: anytime curves of all runs, with facts beside them, in any number of blocks.
        params: ``equal_time_groups``: group of each search that takes part, by label; of equals the first wins.
            ``searches_with_prior``: labels of the searches that read a prior. ``random_cell``: label of the search that
            draws one cell, None where the study has none. ``seed``: master seed of the bootstrap; all intervals of a
            dataset share their resamples of runs. ``ranges``: the lowest and the highest accuracy there can be on each
            dataset.
        output: ``table``: table to write (.csv) with :data:`EQUAL_TIME`. ``lead`` is that of the first group, which has
            the highest mean of :data:`GROUPS`, to the next one or the random cell, and of any other to the first; empty
            where a row stands alone, or where no group has an answer.

    Raises:
        SearchError: a run appears twice, or searches on a dataset have different runs, or fewer than 2.
        DataError: a table or its facts are missing, damaged or lack a column.
    """
    groups, random_cell = params.equal_time_groups, params.random_cell
    rows: list[dict[str, Any]] = []
    by_dataset: dict[str, dict[str, pd.DataFrame]] = {}
    for (dataset, label), table in read_curves(inputs.curves).items():
        by_dataset.setdefault(dataset, {})[label] = table
    for dataset, tables in by_dataset.items():
        known = _known(tables, groups, dataset)
        if not known:
            continue
        drawn = None
        if random_cell in tables:
            drawn = tables[random_cell].groupby("run")[reported(tables[random_cell])].last().to_numpy()
        _check_runs(known | ({random_cell: tables[random_cell]} if random_cell in tables else {}), dataset)
        hidden = any(table[VALID].isna().any() for table in known.values())
        fixed = {"dataset": dataset, "chosen_by": "test" if hidden else "validation"}
        moments, ends = _moments(known)
        courses = [_course(label, table, moments, TEST if hidden else VALID) for label, table in known.items()]
        counts = bootstrap_counts(courses[0].test.shape[1], child_rng(params.seed, "bootstrap", "equal-time", dataset))
        for place, seconds in enumerate(moments.tolist()):
            answers = _answers(courses, groups, place, random_cell, drawn)
            for answer, row in zip(answers, _compared(answers, counts, params.ranges[dataset]), strict=True):
                prior = answer.search in params.searches_with_prior
                rows.append(fixed | {"seconds": seconds, "end_of": ends[place], "prior": prior} | row)
    EQUAL_TIME.write_rows(output.table, rows, intervals=INTERVAL)


log = logging.getLogger("tfnas")


class Course(NamedTuple):
    """What a search answers at each of some moments: NaN before every run has an answer."""

    label: str
    merit: np.ndarray
    """Mean accuracy that the choice among searches goes by, (moments,)."""
    test: np.ndarray
    """Reported accuracies, (moments, runs)."""
    scorings: np.ndarray
    """Number of the score table that each run read, (runs,)."""


class Answer(NamedTuple):
    """What a group answers at a moment: the search, the reported accuracy of each run, and out of how many searches.

    The random cell stands for none of them.
    """

    group: str
    search: str
    values: np.ndarray
    scorings: np.ndarray
    searches: int


def _known(tables: Mapping[str, pd.DataFrame], groups: Mapping[str, str], dataset: str) -> dict[str, pd.DataFrame]:
    """Return the tables of the searches that take part and whose seconds are known, in the order of the groups."""
    known = {}
    for label in groups:
        if label in tables and tables[label]["seconds"].isna().any():
            log.warning("%s on %s is not compared at equal time: nobody knows its seconds.", label, dataset)
        elif label in tables:
            known[label] = tables[label]
    return known


def _check_runs(tables: Mapping[str, pd.DataFrame], dataset: str) -> None:
    """Refuse searches that cannot be paired run by run."""
    runs = {label: tuple(table["run"].unique()) for label, table in tables.items()}
    for label, numbers in runs.items():
        first = next(iter(runs))
        if numbers != runs[first] or len(numbers) < 2:
            raise SearchError(
                f"Searches '{first}' and '{label}' on '{dataset}' have {len(runs[first])} and {len(numbers)} runs, but "
                "a comparison at equal time needs the same ones of all, at least 2: run the missing ones."
            )


def _moments(tables: Mapping[str, pd.DataFrame]) -> tuple[np.ndarray, list[str]]:
    """Return 0, the points of the grid and the ends of searches, ascending, and the labels that end at each."""
    curves = {label: steps_of(table, "seconds", reported(table)) for label, table in tables.items()}
    ends: dict[float, list[str]] = {}
    for label, steps in curves.items():
        ends.setdefault(float(end_of(steps)), []).append(label)
    charged = [steps for steps in curves.values() if start_of(steps) > 0]
    moments = sorted({0.0, *ends, *(grid_of(charged).tolist() if charged else ())})
    return np.array(moments), [", ".join(ends.get(moment, [])) for moment in moments]


def _course(label: str, table: pd.DataFrame, moments: np.ndarray, accuracy: str) -> Course:
    merits, tests = (steps_of(table, "seconds", name) for name in (accuracy, reported(table)))
    ready = moments >= start_of(tests)
    test = np.full((moments.size, len(tests)), np.nan)
    test[ready] = values_at(tests, moments[ready])
    merit = np.full(moments.size, np.nan)
    merit[ready] = values_at(merits, moments[ready]).mean(axis=1)
    return Course(label, merit, test, table.groupby("run")["scoring"].first().to_numpy())


def _answers(
    courses: list[Course], groups: Mapping[str, str], place: int, random_cell: str | None, drawn: np.ndarray | None
) -> list[Answer]:
    """Return what each group of the study answers at a moment, and the random cell where a group has no answer yet."""
    answers, waiting = [], False
    for group in GROUPS:
        members = [course for course in courses if groups[course.label] == group]
        ready = [course for course in members if not np.isnan(course.merit[place])]
        if ready:
            best = max(ready, key=lambda course: round(float(course.merit[place]), DECIMALS))
            answers.append(Answer(group, best.label, best.test[place], best.scorings, len(ready)))
        waiting |= bool(members) and not ready
    if waiting and drawn is not None:
        answers.append(Answer(REFERENCE, str(random_cell), drawn, np.zeros(drawn.size), 0))
    return answers


def _compared(answers: list[Answer], counts: np.ndarray, bounds: Sequence[float]) -> list[dict[str, Any]]:
    """Return the row of every answer: its mean and interval, and its difference to the first or to the next group."""
    first, second = _leaders(answers)
    rows = []
    for answer in answers:
        low, high = cut(_interval(answer.values, counts, answer.scorings), (bounds[0], bounds[1]))
        row = {"group": answer.group, "search": answer.search, "mean": float(answer.values.mean()), "low": low}
        row |= {"high": high, "runs": answer.values.size, "searches": answer.searches}
        row |= dict.fromkeys(("lead", "lead_low", "lead_high"), np.nan)
        rival = second if answer is first else first
        if rival is not None:
            differences = np.round(answer.values - rival.values, DECIMALS)
            row["lead"] = float(differences.mean())
            # Run r of every search that reads several score tables reads the same one.
            scorings = np.fmax(answer.scorings, rival.scorings)
            row["lead_low"], row["lead_high"] = _interval(differences, counts, scorings)
        rows.append(row)
    return rows


def _leaders(answers: Sequence[Answer]) -> tuple[Answer | None, Answer | None]:
    """Return the answer of a group of searches with the highest mean, and the highest of all others."""

    def mean(answer: Answer) -> float:
        return round(float(answer.values.mean()), DECIMALS)

    first = max((answer for answer in answers if answer.searches), key=mean, default=None)
    return first, max((answer for answer in answers if answer is not first), key=mean, default=None) if first else None


def _interval(values: np.ndarray, counts: np.ndarray, scorings: np.ndarray) -> tuple[float, float]:
    """Return the bootstrap interval of a mean; with several scorings no narrower than that of runs nested in them.

    Equal numbers have none, and no rounding of one either.
    """
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    interval = interval_of_mean(values, counts)
    if group_means(values, scorings).size > 1:
        return widened(interval, nested_interval(values, scorings))
    return interval
