"""A real run of proxies that need no network and of an ensemble of them: scored, searched, summarised in all ways."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from workflow_helpers import write_inputs

from tfnas.files import read_json
from tfnas.scoring.table import ScoreTable

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
        "noise_cells": 20,
    },
    "search": {"runs": 2, "use": {"pair-10": {"algorithm": "proxy_search", "proxy": "pair", "sample": 10}}},
}


@pytest.mark.slow
def test_an_ensemble_is_scored_searched_and_correlated(project):
    write_inputs(project.folder)
    project.edit("src/tfnas/scoring/ensembles.py", ENSEMBLE)
    (project.folder / "pair.yaml").write_text(yaml.safe_dump(STUDY))
    summaries = [f"results/pair/summaries/{name}.csv" for name in ("proxies", "proxy-pairs", "noise")]
    project.snakemake("--cores", "1", "--configfile", "pair.yaml", "--", "search", *summaries)
    results = project.folder / "results/pair"
    table = ScoreTable.read(results / "scores/mine.parquet")
    assert table.proxies == ["params", "skip", "pair"]
    ranks = [pd.Series(table.scores(name)).rank().to_numpy() for name in ("params", "skip")]
    np.testing.assert_array_equal(table.scores("pair"), np.sum(ranks, axis=0))
    np.testing.assert_allclose(table.seconds("pair"), table.seconds("params") + table.seconds("skip"))
    correlations = pd.read_csv(results / "summaries/correlations.csv")
    assert set(correlations["proxy"]) == {"params", "skip", "pair"}
    summary = pd.read_csv(results / "summaries/search.csv")
    assert set(summary["search"]) == {"pair-10"}
    assert (summary["scoring_seconds"] > 0).all()
    proxies, pairs, noise = (pd.read_csv(project.folder / path) for path in summaries)
    assert proxies["proxy"].tolist() == ["params", "skip", "pair"]
    assert pairs["other"].tolist() == ["params", "skip", "pair"] * 3
    assert noise["proxy"].tolist() == ["params", "skip"], "an ensemble is not scored again"
    assert (
        noise[["cells", "initialisation_spearman", "batch_shift", "twins"]].to_numpy().tolist() == [[20, 1, 0, 0]] * 2
    )
    first, second = (read_json(results / name) for name in ("batches/mine.json", "noise/mine/batch.json"))
    assert first["images"] == second["images"] == 4
    assert first["sha256"] != second["sha256"]
