"""Scores of one's own: the study that docs/proxies.md prints runs, and its report says where the scores come from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from workflow_helpers import Project

from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE

STUDY = ("--cores", "2", "--configfile", "mine.yaml", "--")


def write_study(project: Project, root) -> None:
    """Write the study that the documentation prints, and a table for it without seconds or anything else."""
    text = (root / "docs/proxies.md").read_text(encoding="utf-8").partition("## Scores of your own")[2]
    (project.folder / "mine.yaml").write_text(text.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"architecture": SPACE.strings, "my-proxy": rng.normal(size=SPACE_SIZE)})
    table["loss"] = rng.random(SPACE_SIZE)
    table.loc[5, "loss"] = np.nan
    table.to_csv(project.folder / "my-scores.csv", index=False)


@pytest.mark.slow
def test_the_study_of_the_documentation_runs_to_the_report(project, root):
    write_study(project, root)
    project.snakemake(*STUDY, "tex")
    results = project.folder / "results/my-scores"
    report = (results / "report.tex").read_text()
    assert "Table 3 of our paper, one A100" in report
    assert "all of them were given, as tables" in report
    assert "the project ships" not in report
    assert "My proxy" in (results / "numbers.tex").read_text()
    summary = pd.read_csv(results / "summaries/search.csv")
    assert summary.set_index("search").loc["by-my-loss", "scoring_seconds"].isna().all(), "unknown, not 0"
    assert "?" in (results / "tables/times.tex").read_text()
    assert "Nothing to be done" in project.snakemake(*STUDY, "tex")

    # A title reaches what prints it, and nothing else.
    study = project.folder / "mine.yaml"
    study.write_text(study.read_text().replace('"My proxy"', '"Another title"'))
    planned = project.planned("--cores", "1", "--configfile", "mine.yaml", "--", "tex")
    assert planned["render_report"] == planned["tabulate_proxies"] == planned["draw_search_times"] == 1
    assert not {"read_own_scores", "take_given_scores", "run_search", "summarise_search"} & set(planned)


def test_given_scores_stand_beside_those_that_are_computed_or_shipped(project, root):
    write_study(project, root)
    overlay = {"scoring": {"scores": "computed", "proxies": ["params"]}}
    planned = project.planned("--cores", "1", "--configfile", "mine.yaml", overlay=overlay)
    assert planned["read_own_scores"] == planned["merge_scores"] == planned["make_batch"] == 1
    assert planned["score_chunk"] > 0
    assert not planned["take_given_scores"]


def test_an_input_replaced_by_an_older_file_is_noticed(project, root):
    """Snakemake compares times of large files: one that is older than the output is none of its business."""
    import os

    write_study(project, root)
    table = project.folder / "my-scores.csv"
    target = (*STUDY, "results/my-scores/scores/digits/own.parquet")
    project.snakemake(*target)
    assert "Nothing to be done" in project.snakemake("--dry-run", *target)
    other = pd.read_csv(table)
    other["my-proxy"] = -other["my-proxy"]
    other.to_csv(table, index=False)
    os.utime(table, (0, 0))
    assert table.stat().st_size > 1_000_000, "or Snakemake would compare checksums"
    assert "read_own_scores" in project.snakemake("--dry-run", *target)
