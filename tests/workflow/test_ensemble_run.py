"""A real run of proxies that need no network and of an ensemble of them: scored, merged, searched and summarised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from workflow_helpers import write_inputs

from tfnas.score_table import ScoreTable

ENSEMBLE = """
ENSEMBLES["pair"] = Ensemble("pair", "Pair", ("params", "skip"), "rank_sum", ("mellor2021naswot", ""), "Made up.")
"""

STUDY = {
    "study": "pair",
    "skeleton": {"channels": 2, "cells_per_stage": 1},
    "datasets": {"mine": {"images": {"path": "mine.npz"}, "truth": {"source": "table", "path": "truth.csv"}}},
    "scoring": {
        "proxies": ["params", "skip"],
        "ensembles": ["pair"],
        "batch_size": 4,
        "device": "cpu",
        "cells_per_job": 15625,
    },
    "search": {
        "runs": 2,
        "use": {"pair-10": {"algorithm": "proxy_search", "proxy": "pair", "sample": 10}},
    },
}


@pytest.mark.slow
def test_an_ensemble_is_scored_searched_and_correlated(project):
    write_inputs(project.folder)
    project.edit("src/tfnas/ensembles.py", ENSEMBLE)
    (project.folder / "pair.yaml").write_text(yaml.safe_dump(STUDY))
    project.snakemake("--cores", "1", "--configfile", "pair.yaml", "--", "search")
    results = project.folder / "results/pair"
    table = ScoreTable.read(results / "scores/mine.csv")
    assert table.proxies == ["params", "skip", "pair"]
    ranks = [pd.Series(table.scores(name)).rank().to_numpy() for name in ("params", "skip")]
    np.testing.assert_array_equal(table.scores("pair"), np.sum(ranks, axis=0))
    np.testing.assert_allclose(table.seconds("pair"), table.seconds("params") + table.seconds("skip"))
    correlations = pd.read_csv(results / "summaries/correlations.csv")
    assert set(correlations["proxy"]) == {"params", "skip", "pair"}
    summary = pd.read_csv(results / "summaries/search.csv")
    assert set(summary["search"]) == {"pair-10"}
    assert (summary["scoring_seconds"] > 0).all()
