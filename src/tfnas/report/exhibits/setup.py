"""Write what was done on each dataset: images, classes, mini-batch, cells, budget, runs."""

from typing import Any

from tfnas.files import read_facts
from tfnas.products import Exhibit, Named
from tfnas.report.rounding import escape, show
from tfnas.report.tables import fact, row, tabular, told, write_tex
from tfnas.report.titles import dataset_title

SPEC = Exhibit(
    kind="table",
    category="Setup",
    params=("config", "budgets"),
    needs={
        "batches": "batches/{dataset}.json",
        "truths": "truth/{dataset}.parquet",
        "scores": "scores/{dataset}.parquet",
    },
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Write what was done on each dataset: images, classes, mini-batch, cells, budget, runs.

    How cells were scored is said by the facts of mini-batch and scores, not by the study: scores may be shipped.
    """
    head = [row(["", *(escape(dataset_title(dataset)) for dataset in inputs.batches)])]
    lines: dict[str, list[str]] = {}
    for dataset, path in inputs.batches.items():
        facts, truth, scores = map(read_facts, (path, inputs.truths[dataset], inputs.scores[dataset]))
        channels, height, width = fact(facts, "shape", path)
        other = params.config["datasets"][dataset]["scored_on"]
        entries = {
            "Images": rf"${height}\times{width}$, {'grey' if channels == 1 else 'colour'}"
            + (f", those of {escape(dataset_title(other))}" if other else ""),
            "Classes": show(fact(facts, "classes", path), "count"),
            "Scoring mini-batch": _images(fact(facts, "images", path), scores),
            "Cells with ground truth": show(fact(truth, "cells", inputs.truths[dataset]), "count"),
            "Ground truth from": escape(fact(truth, "source", inputs.truths[dataset])),
            "Initialisations per cell": told(scores, "repeats", inputs.scores[dataset]),
            "Scorings that searches read": show(params.config["scoring"]["scorings"], "count"),
            "Runs per search": show(params.config["search"]["runs"], "count"),
            "Training budget per run": f"{show(params.budgets[dataset], 'seconds')} s",
        }
        for name, entry in entries.items():
            lines.setdefault(name, []).append(entry)
    body = [row([name, *entries]) for name, entries in lines.items()]
    write_tex(output.tex, tabular("l" + "l" * len(inputs.batches), head, body))


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
