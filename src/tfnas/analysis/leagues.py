"""Choose a search of every league for every dataset by the regret on the others."""

from itertools import product

import numpy as np

from tfnas.analysis.held_out import LEAGUE, check_datasets
from tfnas.errors import SearchError
from tfnas.products import Named, Summary
from tfnas.schemas.leagues import SCHEMA as LEAGUES
from tfnas.schemas.regret import SCHEMA as REGRET

SPEC = Summary(
    category="Searches",
    needs={"regret": "summaries/regret.csv"},
    params=("leagues", "datasets"),
    when=lambda study: study.leagues,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Choose for every dataset, out of each league of searches, the one with the least regret on the other datasets.

    Args:
        inputs: ``regret``: ``summaries/regret.csv``; of each dataset searched by itself.
        params: ``leagues``: labels of the searches of each league: the variants of one method, say. ``datasets``: the
            datasets, at least 2.
        output: ``table``: table to write (.csv) with :data:`LEAGUES`; regrets are equal to 1e-9 points.

    Raises:
        ConfigError: fewer than 2 datasets.
        SearchError: a search of a league has no regret on a dataset.
        DataError: the table is missing or lacks a column.
    """
    leagues, datasets = params.leagues, params.datasets
    check_datasets(datasets, LEAGUE)
    table = REGRET.read(inputs.regret)
    own = table[table["searched_on"] == table["dataset"]].set_index(["search", "dataset"])
    rows = []
    for league, labels in leagues.items():
        for label, dataset in product(labels, datasets):
            if (label, dataset) not in own.index:
                raise SearchError(
                    f"'{inputs.regret}' has no regret of search '{label}' searched on '{dataset}', which league "
                    f"'{league}' needs: run the searches and their summary."
                )
        for held_out in datasets:
            others = [dataset for dataset in datasets if dataset != held_out]
            elsewhere = [own.loc[[(label, dataset) for dataset in others], "mean"].mean() for label in labels]
            equal = np.isclose(elsewhere, min(elsewhere), rtol=0, atol=1e-9)
            for place, label in enumerate(labels):
                line = own.loc[(label, held_out)]
                rows.append(
                    {
                        "league": league,
                        "held_out": held_out,
                        "search": label,
                        "elsewhere": elsewhere[place],
                        "chosen": place == equal.argmax(),
                        "equal": equal[place],
                        "n": int(line["n"]),
                        "mean": line["optimum"] - line["mean"],
                        "std": line["std"],
                        "ci_low": line["optimum"] - line["ci_high"],
                        "ci_high": line["optimum"] - line["ci_low"],
                        "regret": line["mean"],
                    }
                )
    LEAGUES.write_rows(output.table, rows, leagues={league: list(labels) for league, labels in leagues.items()})
