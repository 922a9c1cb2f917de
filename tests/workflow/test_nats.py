"""The three-dataset study on real ground truth with the scores that the project ships, up to the PDF."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
import yaml

COLUMNS = {
    "valid_accuracy": "valid_accuracy_200",
    "test_accuracy": "test_accuracy_200",
    "early_valid_accuracy": "valid_accuracy_12",
    "early_seconds": "train_seconds_12",
    "flops": "mflops",
}
DATASETS = ("cifar10", "cifar100", "ImageNet16-120")


@pytest.fixture(scope="module")
def study(root, shared_data, tmp_path_factory):
    """Folder of the results of studies/nats-tss.yaml with 100 runs, without any image."""
    from workflow_helpers import Project

    project = Project.copy_to(root, tmp_path_factory.mktemp("nats") / "project")
    truth = {
        name: {
            "truth": {"source": "table", "path": str(shared_data / "nats-tss" / f"{name}.parquet"), "columns": COLUMNS}
        }
        for name in DATASETS
    }
    overlay = {"datasets": truth, "scoring": {"scores": "shipped"}, "search": {"runs": 100}}
    (project.folder / "mine.yaml").write_text(yaml.safe_dump(overlay))
    target = "report.pdf" if shutil.which("latexmk") else "tex"
    project.snakemake("--cores", "2", "--configfile", "studies/nats-tss.yaml", "mine.yaml", "--", target, timeout=1500)
    return project.folder / "results" / "nats-tss"


@pytest.mark.slow
def test_the_whole_study_runs_on_shipped_scores(study):
    summary = pd.read_csv(study / "summaries/search.csv")
    assert set(summary["dataset"]) == set(summary["searched_on"]) == set(DATASETS)
    assert (summary["n"] == 100).all()
    rows = summary[(summary["metric"] == "test_accuracy") & (summary["searched_on"] == "cifar10")]
    found = rows.set_index(["search", "dataset"])["mean"]
    for search, expected, tolerance in (
        # Mellor et al. 2021, Table 2: within one published standard deviation.
        ("naswot-10", 92.44, 1.13),
        ("naswot-100", 92.81, 0.99),
        ("naswot-1000", 92.96, 0.81),
        ("oracle-10", 93.06, 0.59),
        ("oracle-100", 93.84, 0.23),
        ("regularised-evolution", 93.92, 0.30),
    ):
        assert found[search, "cifar10"] == pytest.approx(expected, abs=tolerance)
    assert found["oracle-1000", "cifar10"] > found["naswot-1000", "cifar10"] > found["random-cell", "cifar10"]


@pytest.mark.slow
def test_the_report_of_the_study_stands_without_images(study):
    text = (study / "report.tex").read_text()
    assert "Published" in text or "published" in text
    assert not (study / "figures" / "batch-cifar10.pdf").exists()
    if shutil.which("latexmk"):
        assert (study / "report.pdf").read_bytes().startswith(b"%PDF")
