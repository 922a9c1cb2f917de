"""A study on ground truth that holds nothing but final accuracies, up to its report; and what is impossible on it."""

from __future__ import annotations

import re

import pandas as pd
import pytest
import yaml
from workflow_helpers import write_inputs

from tfnas.files import read_json

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


@pytest.mark.slow
def test_validation_results_of_another_metric_are_reported_as_such(project):
    """A table of validation SSIM alone, with early stops: from the study file to the report's words and numbers."""
    write_inputs(project.folder)
    truth = pd.read_csv(project.folder / "truth.csv").drop(columns="test_accuracy")
    for column in ("valid_accuracy", "early_valid_accuracy"):
        truth[column] = truth[column] / 100
    truth.to_csv(project.folder / "truth.csv", index=False)
    metric = {"name": "SSIM", "range": [-1, 1]}
    dataset = {"images": {"path": "mine.npz"}, "truth": {"source": "table", "path": "truth.csv", "metric": metric}}
    use = STUDY["search"]["use"] | {"random-search": {"algorithm": "random_search"}}
    study = STUDY | {"datasets": {"mine": dataset}, "search": STUDY["search"] | {"use": use}}
    (project.folder / "bare.yaml").write_text(yaml.safe_dump(study))
    said = project.snakemake("--cores", "2", "--configfile", "bare.yaml", "--", "tex")
    assert "The ground truth has validation accuracies alone: they are reported" in said
    results = project.folder / "results/bare"
    summary = pd.read_csv(results / "summaries/search.csv")
    assert set(summary["metric"]) == {"valid_accuracy"}
    found = summary.set_index("search")["mean"]
    assert found["oracle-space"] == pytest.approx(truth["valid_accuracy"].max())
    regret = pd.read_csv(results / "summaries/regret.csv").set_index("search")["mean"]
    assert regret["oracle-space"] == 0
    assert regret["random-search"] == pytest.approx(truth["valid_accuracy"].max() - found["random-search"])
    numbers = read_json(results / "numbers.json")
    best = numbers["truth.mine.best"]
    assert (best["value"], best["text"]) == (truth["valid_accuracy"].max(), f"{truth['valid_accuracy'].max():.4f}")
    report = (results / "report.tex").read_text(encoding="utf-8")
    assert "validation SSIM" in report
    assert "The metric is SSIM." in report
    assert "There are no test accuracies." in report
    said_of_none = re.sub(r"(There are|this ground truth has) no test accuracies\.", "", report)
    assert not re.search(r"\btest accurac(y|ies)\b", said_of_none)
    assert not re.search(r"\bnan\b", report)
    rows = (results / "tables/search.tex").read_text(encoding="utf-8")
    assert re.search(r"0\.\d{4}\\,\\textpm\\,0\.\d{4} & --", rows), "four decimals, and no test result"
