"""Write what was done on each dataset: images, classes, mini-batch, cells, budget, runs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tfnas.files import read_facts
from tfnas.products import Exhibit
from tfnas.reporting.names import dataset_title
from tfnas.reporting.rounding import escape, show
from tfnas.reporting.tables import fact, row, tabular, told, write_tex

SPEC = Exhibit(
    kind="table",
    name="setup",
    category="Setup",
    message="Writing the table of the setup",
    needs={"batches": "batches/{dataset}.json", "truths": "truth/{dataset}.parquet", "scores": "scores/{dataset}.csv"},
    params=("config",),
    local=True,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_setup_table(params.config, inputs.batches, inputs.truths, inputs.scores, output.tex)


def write_setup_table(
    study: dict[str, Any],
    batch_paths: dict[str, str | Path],
    truth_paths: dict[str, str | Path],
    score_paths: dict[str, str | Path],
    output: str | Path,
) -> None:
    """Write what was done on each dataset: images, classes, mini-batch, cells, budget, runs.

    How cells were scored is said by the facts of mini-batch and scores, not by the study: scores may be shipped.

    Args:
        study: the merged study file.
        batch_paths: ``{dataset: batches/{dataset}.json}``, the facts of the mini-batches.
        truth_paths: ``{dataset: truth/{dataset}.parquet}`` with facts beside them.
        score_paths: ``{dataset: scores/{dataset}.csv}`` with facts beside them.
        output: path of the table.
    """
    from tfnas.config import budget_of

    head = [row(["", *(escape(dataset_title(dataset)) for dataset in batch_paths)])]
    lines: dict[str, list[str]] = {}
    for dataset, path in batch_paths.items():
        facts = read_facts(path)
        channels, height, width = fact(facts, "shape", path)
        entries = {
            "Images": rf"${height}\times{width}$, {'grey' if channels == 1 else 'colour'}",
            "Classes": show(fact(facts, "classes", path), "count"),
            "Scoring mini-batch": _images(fact(facts, "images", path), read_facts(score_paths[dataset])),
            "Cells with ground truth": show(
                fact(read_facts(truth_paths[dataset]), "cells", truth_paths[dataset]), "count"
            ),
            "Ground truth from": escape(fact(read_facts(truth_paths[dataset]), "source", truth_paths[dataset])),
            "Initialisations per cell": told(read_facts(score_paths[dataset]), "repeats", score_paths[dataset]),
            "Scorings that searches read": show(study["scoring"]["scorings"], "count"),
            "Runs per search": show(study["search"]["runs"], "count"),
            "Training budget per run": f"{show(budget_of(study, dataset), 'seconds')} s",
        }
        for name, entry in entries.items():
            lines.setdefault(name, []).append(entry)
    body = [row([name, *entries]) for name, entries in lines.items()]
    write_tex(output, tabular("l" + "l" * len(batch_paths), head, body))


def _images(batch: int | None, scores: dict[str, Any]) -> str:
    """Return the number of images of a mini-batch, and what families of proxies look at fewer."""
    if batch is None:
        return "not stated"  # scores that were given
    fewer: dict[int, list[str]] = {}
    for name, family in scores.get("families", {}).items():
        if family.get("images", batch) < batch:
            fewer.setdefault(family["images"], []).append(escape(name))
    parts = (f"the first {images} for {', '.join(names)}" for images, names in sorted(fewer.items()))
    return "; ".join([f"{batch} images", *parts])
