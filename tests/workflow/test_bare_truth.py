"""A study on ground truth that holds nothing but final accuracies, up to its report; and what is impossible on it."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import yaml
from workflow_helpers import write_inputs

STUDY = {
    "study": "bare",
    "skeleton": {"channels": 2, "cells_per_stage": 1},
    "datasets": {"mine": {"images": {"path": "mine.npz"}, "truth": {"source": "table", "path": "truth.csv"}}},
    "scoring": {"proxies": ["params", "skip"], "batch_size": 4, "device": "cpu", "cells_per_job": 15625},
    "search": {
        "runs": 2,
        "budget_seconds": 100,
        "use": {
            "skip-10": {"algorithm": "proxy_search", "proxy": "skip", "sample": 10},
            "oracle-space": {"algorithm": "oracle_space"},
        },
    },
}


@pytest.mark.slow
def test_without_early_accuracies_and_costs_only_searches_that_need_them_are_impossible(project):
    write_inputs(project.folder)
    truth = pd.read_csv(project.folder / "truth.csv")
    truth[["arch", "valid_accuracy", "test_accuracy"]].to_csv(project.folder / "truth.csv", index=False)
    settings = project.folder / "bare.yaml"
    settings.write_text(yaml.safe_dump(STUDY))
    project.snakemake("--cores", "2", "--configfile", "bare.yaml", "--", "tex")
    results = project.folder / "results/bare"
    found = pd.read_csv(results / "summaries/search.csv").query("metric == 'test_accuracy'").set_index("search")["mean"]
    assert found["oracle-space"] == pytest.approx(truth["test_accuracy"].max())
    report = (results / "report.tex").read_text(encoding="utf-8")
    assert not re.search(r"\bnan\b", report)
    assert "Seconds of one look" not in report
    assert "The parameters of the networks" not in report

    for name, search, sentence in (
        ("evolution", {"algorithm": "regularised_evolution"}, "are impossible on it: "),
        ("small", {"algorithm": "random_cell", "constraint": {"flops": {"max": 9}}}, "'mine' has no flops"),
    ):
        settings.write_text(yaml.safe_dump(STUDY | {"search": {**STUDY["search"], "use": {name: search}}}))
        said = project.snakemake("--cores", "2", "--configfile", "bare.yaml", "--", "search", check=False)
        assert sentence in said
