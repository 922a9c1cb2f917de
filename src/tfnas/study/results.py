"""What the results of a study are: which split of the ground truths is reported, and in which metric.

Known when the study file is read: from the file, from the columns of ready tables and from the JSON beside them. The
report takes its words from here (:func:`tfnas.report.wording.reported_words`).
"""

from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.errors import ConfigError, DataError
from tfnas.scoring.own_scores import read_columns
from tfnas.spaces.registry import get_space
from tfnas.truth.metric import TEST, VALID, Metric
from tfnas.truth.table import metric_of


def split_of(study: dict[str, Any], dataset: str) -> str:
    """Return which column of a ground truth is reported: test accuracies, validation accuracies where it has no others.

    Of a table that cannot be read it is the former: the job that reads it says what is wrong with it.
    """
    truth = study["datasets"][dataset]["truth"]
    if truth["source"] != "table" or truth["path"] is None:
        return TEST
    space, path = get_space(study["space"]), Path(truth["path"])
    has = next((set(held) for ending, held in space.published.items() if path.name.endswith(ending)), None)
    if has is None:
        try:
            given = pd.DataFrame(columns=read_columns(path))
        except DataError:
            return TEST
        names = space.truth_of(given).columns
        has = {ours for ours in (VALID, TEST) if truth["columns"].get(ours, ours) in names}
    return VALID if has == {VALID} else TEST


def metric_told(study: dict[str, Any], dataset: str) -> Metric:
    """Return the metric of a ground truth as it was given, whatever its direction.

    Raises:
        TruthError: the study file and the JSON beside the table do not agree, or say what cannot be.
    """
    truth = study["datasets"][dataset]["truth"]
    if truth["source"] != "table" or truth["path"] is None:
        return Metric()
    return metric_of(truth["path"], truth["metric"], dataset)


def check_results(study: dict[str, Any]) -> None:
    """Refuse a metric for a ground truth that states its own, and ground truths of which different splits are reported.

    Raises:
        ConfigError: the message names the datasets and what to do.
        TruthError: a metric is told wrongly.
    """
    splits: dict[str, list[str]] = {}
    for name, dataset in study["datasets"].items():
        if dataset["truth"]["source"] != "table" and dataset["truth"]["metric"] is not None:
            raise ConfigError(
                f"datasets.{name}.truth.metric is for ready tables; a ground truth that is "
                f"{dataset['truth']['source']} holds accuracies in percent: remove it."
            )
        metric_told(study, name)
        splits.setdefault(split_of(study, name), []).append(name)
    if len(splits) > 1:
        raise ConfigError(
            f"The ground truth of {', '.join(splits[VALID])} has validation accuracies alone, that of "
            f"{', '.join(splits[TEST])} has test accuracies, and one report cannot set them side by side: make two "
            "studies."
        )
