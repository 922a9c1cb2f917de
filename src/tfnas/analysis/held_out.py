"""Choices made without the dataset they are judged on: which ensemble of proxies, and which variant of a search.

To choose members, weights or sizes by the accuracies of a dataset and then to report that dataset is to look at the
answer. Here every dataset is *held out* once: what is reported for it was chosen by the accuracies of the others.

Here stands what :mod:`tfnas.analysis.ensemble_choice` and :mod:`tfnas.analysis.leagues` share, and what a study file is
checked for.
"""

from collections.abc import Sequence

from tfnas.errors import ConfigError

SPEARMAN, TOP_CELL = "spearman", "top_cell"
"""What ensembles are chosen by: how they order all cells, or how good the cell is that they rank first."""

LEAGUE = "The search of a league of search.leagues"
"""What :func:`check_datasets` is asked for searches."""


def check_datasets(datasets: Sequence[str], what: str) -> None:
    """Refuse to choose without a dataset when there is no other.

    Raises:
        ConfigError: fewer than 2 datasets.
    """
    if len(datasets) < 2:
        raise ConfigError(
            f"{what} is chosen on the datasets other than the one it is judged on, and the study has only "
            f"{', '.join(datasets)}: add a dataset or leave it out."
        )


def check_ensemble_choice(datasets: Sequence[str], proxies: Sequence[str], largest: int) -> None:
    """Refuse a choice of ensembles that cannot be made.

    Raises:
        ConfigError: fewer than 2 datasets, or more members than proxies.
    """
    check_datasets(datasets, "The ensemble of scoring.ensemble_choice")
    if largest > len(proxies):
        raise ConfigError(
            f"scoring.ensemble_choice.largest is {largest}, more than the proxies to choose from ({len(proxies)}): "
            "lower it or add proxies."
        )
