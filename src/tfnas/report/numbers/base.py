r"""Every number that the report's prose may print: ``numbers.tex`` for LaTeX, ``numbers.json`` for templates.

``numbers.tex`` defines one macro per quantity, printed as ``\result{key}``; ``numbers.json`` holds for the same keys
the printed text and the raw value, on which templates decide what they say. Keys are words joined by dots; every other
module of this package adds those of one topic, which its docstrings list.

``words``, ``time``, ``side`` and ``sign`` are what templates say or decide by (:mod:`tfnas.report.wording`). Beside
every difference of two searches (``lead`` or ``gain``) stand its magnitude (``size``), the ends of its 95 % interval
(``low``, ``high``), what the test images say of it (``aside``), and the ``verdict``: better, worse, or undecided where
the interval holds zero or the test does not tell the two apart, how often the first ``wins`` a run, and the corrected
``p`` of the signed-rank test, all of them paired (:mod:`tfnas.analysis.comparisons`).
"""

import importlib
import math
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tfnas.errors import ReportError
from tfnas.files import atomic, write_json
from tfnas.products import Named, inputs_of
from tfnas.report.names import tex_title
from tfnas.report.rounding import printing, show
from tfnas.truth.metric import reported_name


def short(metric: str, metrics: Collection[str]) -> str:
    """Return how keys call an accuracy: ``reported``, or ``valid`` where test accuracies are reported.

    Args:
        metric: ``valid_accuracy`` or ``test_accuracy``.
        metrics: all that a summary has.
    """
    return "reported" if metric == reported_name(metrics) else "valid"


class Numbers:
    """Collects quantities: raw value and printed text by key."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, key: str, value: Any, kind: str) -> None:
        """Add a quantity of a kind of :mod:`tfnas.report.rounding`.

        Raises:
            ReportError: the key is taken, or holds a character that TeX would interpret.
        """
        if key in self.entries or set(key) & set("\\{}%#$&~^ "):
            raise ReportError(f"The key '{key}' cannot be used for a number of the report: it is taken, or not plain.")
        value = value.item() if isinstance(value, np.generic) else value
        known = not isinstance(value, float) or math.isfinite(value)
        self.entries[key] = {"text": show(value, kind), "value": value if known else None}

    def add_all(self, before: str, kind: str, **values: Any) -> None:
        """Add quantities of one kind, each under ``{before}.{name}``."""
        for name, value in values.items():
            self.add(f"{before}.{name}", value, kind)

    def title(self, key: str, text: str) -> None:
        """Add a name whose ``N = 100`` is set as mathematics."""
        self.entries[key] = {"text": tex_title(text), "value": text}

    def value(self, key: str) -> Any:
        """Return the raw value of a key."""
        return self.entries[key]["value"]


def write_numbers(topics: Iterable[tuple[str, Named, Named]], output: str | Path) -> None:
    """Write ``numbers.tex`` at ``output`` and ``numbers.json`` beside it.

    Args:
        topics: module, inputs and parameters of every topic, each after those whose numbers it reads.
        output: path of ``numbers.tex``.

    Raises:
        ReportError: a file lacks a fact that the report prints; the message names key and file.
    """
    numbers = Numbers()
    for module, inputs, params in topics:
        importlib.import_module(module).add(numbers, inputs, params)
    lines = [
        "% Written by tfnas.report.numbers: do not edit.",
        r"\DeclareRobustCommand{\result}[1]{\ifcsname result@#1\endcsname\csname result@#1\endcsname"
        r"\else\PackageError{tfnas}{No number is called '#1'}{}\fi}",
    ]
    lines += [
        rf"\expandafter\def\csname result@{key}\endcsname{{{one['text']}}}" for key, one in numbers.entries.items()
    ]
    output = Path(output)
    write_json(output.with_suffix(".json"), numbers.entries)
    with atomic(output) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make(snakemake: Any) -> None:
    """Write the numbers of all topics in a job.

    Args:
        snakemake: the object that Snakemake gives to a script; ``params.topics`` has the parameters of every topic.
    """
    jobs = []
    for name, params in snakemake.params.topics.items():
        module = importlib.import_module(params["module"])
        inputs = inputs_of(module, snakemake, params, f"{name}_".replace("-", "_"))
        jobs.append((params["module"], inputs, Named(**params)))
    with printing(*{params["decimals"] for params in snakemake.params.topics.values()}):
        write_numbers(jobs, snakemake.output.tex)
