"""The tables of the report: one function per table, each from result files to a LaTeX ``tabular`` (booktabs).

Captions stand in the templates, so that editing one rewrites no table. Best values are bold: the largest printed mean
of a column among the searches that are ranked (no references, none with a limit), published rows left out; equal
printed values are all bold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from tfnas.errors import ReportError
from tfnas.files import atomic, read_facts, read_table
from tfnas.hardware import constraint_words
from tfnas.reporting.figures import best_cells
from tfnas.reporting.names import (
    GROUPS,
    accuracies_words,
    contenders,
    dataset_title,
    proxy_title,
    search_group,
    search_titles,
    tex_title,
)
from tfnas.reporting.published import METRICS, origin, rows_alone, rows_beside, search_rows
from tfnas.reporting.rounding import MISSING, escape, show, show_mean

SUMMARY_COLUMNS = (
    "search", "searched_on", "dataset", "metric", "n", "mean", "std", "ci_low", "ci_high", "scorings", "std_scorings",
    "cells", "duplicates", "scoring_seconds", "training_seconds", "wall_seconds",
)  # fmt: skip

CORRELATION_COLUMNS = (
    "dataset", "proxy", "accuracy", "cells", "n", "nan", "spearman", "spearman_low", "spearman_high", "kendall",
    "kendall_low", "kendall_high", "ndcg", "seconds",
)  # fmt: skip

RULE = r"\midrule"

LONGEST_LIST = 12
"""Lists of facts with more entries are counted rather than printed."""


def tabular(columns: str, head: Iterable[str], body: Iterable[str]) -> str:
    r"""Return a booktabs ``tabular``.

    Args:
        columns: column specification.
        head: lines of the head, complete with ``\\``.
        body: lines of the body, complete with ``\\`` (or a rule).
    """
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", *head, RULE, *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def long_table(columns: str, head: Iterable[str], body: Iterable[str], captioned: bool = True) -> str:
    r"""Return a booktabs ``longtable``, which may break over pages and repeats its head.

    Its caption is what the template puts into ``\longcaption`` (environment ``longtab`` of ``main.tex``).

    Args:
        columns: column specification.
        head: lines of the head, complete with ``\\``.
        body: lines of the body, complete with ``\\`` (or a rule).
        captioned: whether it has the caption; without it it continues the table before, and counts as part of it.
    """
    top = [r"\toprule", *head, RULE]
    name, caption = ("longtable", [r"\longcaption \\"]) if captioned else ("longtable*", [])
    lines = [rf"\begin{{{name}}}{{{columns}}}", *caption, *top, r"\endfirsthead", *top, r"\endhead"]
    return "\n".join([*lines, r"\bottomrule", r"\endfoot", *body, rf"\end{{{name}}}"]) + "\n"


def long_tables(columns: str, head: Iterable[str], blocks: dict[str, list[str]]) -> str:
    """Return long tables for the blocks of one table, under one caption; each repeats head and title of its block.

    A single block has no title. Give columns fixed widths, so that they stand below each other.

    Args:
        columns: column specification.
        head: lines of the head.
        blocks: lines of the body by title of their block.
    """
    tables = []
    for place, (title, body) in enumerate(blocks.items()):
        heading = [rf"\emph{{{escape(title)}}} \\"] if len(blocks) > 1 else []
        tables.append(long_table(columns, [*heading, *head], body, captioned=place == 0))
    return "\n".join(tables)


def row(cells: Iterable[str]) -> str:
    """Return a row of a table from its finished cells."""
    return " & ".join(cells) + r" \\"


def write_tex(output: str | Path, text: str) -> None:
    """Write a table, atomically."""
    with atomic(output) as temporary:
        temporary.write_text(text, encoding="utf-8")


def fact(facts: dict[str, Any], key: str, place: str | Path) -> Any:
    """Return ``facts[key]``; ``a.b`` looks into nested facts.

    Raises:
        ReportError: the key is missing; the message names key and file.
    """
    value: Any = facts
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise ReportError(f"The facts of '{place}' lack '{key}', which the report prints: make that file again.")
        value = value[part]
    return value


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
    from tfnas.study.settings import budget_of

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
            "Initialisations per cell": _told(read_facts(score_paths[dataset]), "repeats", score_paths[dataset]),
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


def device_of(facts: dict[str, Any], place: str | Path) -> str:
    """Return the device or devices on which a score table was computed, from its facts (one entry per proxy family).

    Raises:
        ReportError: the facts name no device.
    """
    return _told(facts, "device", place)


def family_facts(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the facts of a score table say of each family of proxies."""
    return list(facts["families"].values()) if facts.get("families") else [facts]


def _told(facts: dict[str, Any], key: str, place: str | Path) -> str:
    """Return what the families of proxies in a score table say under a key, each value once."""
    return ", ".join(dict.fromkeys(str(fact(part, key, place)) for part in family_facts(facts)))


def write_settings_table(searches: dict[str, dict[str, Any]], output: str | Path) -> None:
    """Write every search with its algorithm, where that is described, and its hyper-parameters, defaults included.

    Args:
        searches: ``search.use`` of the study.
        output: path of the table.
    """
    from tfnas.search.registry import get_algorithm

    titles = search_titles(searches)
    body = []
    for group, labels in _by_group(searches).items():
        if body:
            body.append(r"\addlinespace")
        body.append(rf"\multicolumn{{3}}{{l}}{{\emph{{{escape(GROUPS[group])}}}}} \\")
        for label in labels:
            algorithm = get_algorithm(searches[label]["algorithm"])
            values = algorithm.settings(searches[label], label)
            constraint = constraint_words(searches[label].get("constraint", {}))
            given = {name: value for name, value in values.items() if value is not None}
            shown = [f"{name.replace('_', ' ')} {_setting(name, value)}" for name, value in given.items()]
            borrowed = searches[label].get("accuracies_of")
            shown += [constraint] if constraint else []
            shown = ", ".join([*shown, *([accuracies_words(borrowed)] if borrowed else [])])
            cite = rf"~\citep{{{algorithm.reference}}}" if algorithm.reference else ""
            body.append(row([tex_title(titles[label]), escape(algorithm.title) + cite, escape(shown) or MISSING]))
    write_tex(output, tabular(r"llL{0.42\linewidth}", [row(["Search", "Algorithm", "Settings"])], body))


def _setting(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "proxy":
        return proxy_title(value)
    if name == "proxies":
        return " + ".join(map(proxy_title, value))
    return str(value)


def _by_group(searches: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return ``{group: labels}`` in the order of :data:`GROUPS`, groups without a search left out."""
    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    for label, settings in searches.items():
        groups[search_group(settings)].append(label)
    return {group: labels for group, labels in groups.items() if labels}


def write_best_cells_table(truth_paths: dict[str, str | Path], output: str | Path, count: int = 5) -> None:
    """Write the best functionally distinct cells of each dataset by test accuracy.

    Args:
        truth_paths: ``{dataset: truth/{dataset}.parquet}``.
        output: path of the table.
        count: cells per dataset.
    """
    body = []
    for dataset, path in truth_paths.items():
        table = read_table(path, ("arch", "valid_accuracy", "test_accuracy", "params", "flops"))
        if len(truth_paths) > 1:
            body += [RULE] if body else []
            body.append(rf"\multicolumn{{5}}{{l}}{{\emph{{{escape(dataset_title(dataset))}}}}} \\")
        for values in best_cells(table, count).itertuples():
            cell = rf"\cellstring{{{escape(values.arch)}}}"
            body.append(
                row([
                    cell, show(values.valid_accuracy, "accuracy"), show(values.test_accuracy, "accuracy"),
                    show(values.params, "count"), show(values.flops, "value"),
                ])
            )  # fmt: skip
    head = [row(["Cell", "Validation (\\%)", "Test (\\%)", "Parameters", "MFLOPs"])]
    write_tex(output, tabular("lrrrr", head, body))


MOST_IN_FULL = 4
"""Names of which the table of correlations is short enough to stand in the text; with more it breaks over pages."""


def write_correlation_table(correlations_path: str | Path, datasets: list[str], output: str | Path) -> None:
    """Write the rank correlations of every proxy and ensemble, with 95 % intervals.

    Up to :data:`MOST_IN_FULL` names: a row for each accuracy and set of cells. Beyond that a table that may break over
    pages (:func:`long_table`), with one row per name and dataset.

    Args:
        correlations_path: ``summaries/correlations.csv``.
        datasets: datasets in the order of the study.
        output: path of the table.

    Raises:
        ReportError: the summary has no row for one of the datasets.
    """
    table = read_table(correlations_path, CORRELATION_COLUMNS)
    for dataset in datasets:
        if not (table["dataset"] == dataset).any():
            raise ReportError(f"'{correlations_path}' has no row for dataset '{dataset}': run the summary again.")
    if table["proxy"].nunique() > MOST_IN_FULL:
        _write_long_correlations(table, datasets, output)
        return
    body: list[str] = []
    for dataset in datasets:
        part = table[table["dataset"] == dataset]
        body += [RULE] if body else []
        body += [block_heading(dataset_title(dataset), 8)] if len(datasets) > 1 else []
        for proxy in dict.fromkeys(part["proxy"]):
            name = escape(proxy_title(proxy))
            for values in part[part["proxy"] == proxy].itertuples():
                accuracy = {"valid_accuracy": "validation", "test_accuracy": "test"}[values.accuracy]
                body.append(
                    row([
                        name, accuracy, values.cells, show(values.n, "count"), show(values.nan, "count"),
                        with_interval(values.spearman, values.spearman_low, values.spearman_high),
                        with_interval(values.kendall, values.kendall_low, values.kendall_high),
                        show(values.seconds, "seconds"),
                    ])
                )  # fmt: skip
                name = ""
    names = ["Proxy", "Accuracy", "Cells", "$n$", "NaN", r"Spearman $\rho$ [95\,\%]", r"Kendall $\tau_b$ [95\,\%]"]
    write_tex(output, tabular("lllrrllr", [row([*names, "s/cell"])], body))


def _write_long_correlations(table: pd.DataFrame, datasets: list[str], output: str | Path) -> None:
    entries = table.set_index(["dataset", "proxy", "accuracy", "cells"])

    def entry(*key: str) -> pd.Series | dict[str, float]:
        return entries.loc[key] if key in entries.index else dict.fromkeys(entries.columns, math.nan)

    blocks: dict[str, list[str]] = {}
    for dataset in datasets:
        body = blocks.setdefault(dataset_title(dataset), [])
        for proxy in dict.fromkeys(table["proxy"][table["dataset"] == dataset]):
            every, distinct = (entry(dataset, proxy, "test_accuracy", cells) for cells in ("all", "distinct"))
            valid = entry(dataset, proxy, "valid_accuracy", "all")
            cells = [
                with_interval(every[name], every[f"{name}_low"], every[f"{name}_high"])
                for name in ("spearman", "kendall")
            ]
            more = (distinct["spearman"], distinct["kendall"], valid["spearman"])
            body.append(row([escape(proxy_title(proxy)), *cells, *(show(value, "correlation") for value in more)]))
    head = [
        row(["", r"\multicolumn{2}{c}{all cells}", r"\multicolumn{2}{c}{distinct cells}", "validation"]),
        r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}\cmidrule(lr){6-6}",
        row(["Proxy", r"$\rho$ [95\,\%]", r"$\tau_b$ [95\,\%]", r"$\rho$", r"$\tau_b$", r"$\rho$"]),
    ]
    columns = r"L{0.25\linewidth}*{2}{w{l}{0.19\linewidth}}*{3}{w{r}{0.075\linewidth}}"
    write_tex(output, long_tables(columns, head, blocks))


def block_heading(text: str, width: int) -> str:
    """Return a row with a heading in italics above the rows of a dataset or a group; it stays with the next row."""
    return rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escape(text)}}}}} \\*"


def with_interval(value: float, low: float, high: float, kind: str = "correlation") -> str:
    """Return a value with its interval in brackets, which is left out where there is none."""
    text = show(value, kind)
    known = math.isfinite(low) and math.isfinite(high)
    return f"{text} [{show(low, kind)}, {show(high, kind)}]" if known else text


def read_summary(path: str | Path) -> pd.DataFrame:
    """Read ``summaries/search.csv`` and check its columns."""
    return read_table(path, SUMMARY_COLUMNS)


def _entry(summary: pd.DataFrame, label: str, searched_on: str, dataset: str, metric: str, place: str | Path) -> Any:
    """Return the row of a search as a named tuple.

    Raises:
        ReportError: the summary has no such row.
    """
    rows = summary[
        (summary["search"] == label)
        & (summary["searched_on"] == searched_on)
        & (summary["dataset"] == dataset)
        & (summary["metric"] == metric)
    ]
    if rows.empty:
        raise ReportError(
            f"'{place}' has no {metric} on '{dataset}' of search '{label}' searched on '{searched_on}': "
            "run the searches and their summary."
        )
    return next(rows.itertuples())


def write_search_table(
    summary_path: str | Path,
    searches: dict[str, dict[str, Any]],
    datasets: list[str],
    output: str | Path,
    searched_on: str | None = None,
    published_path: str | Path | None = None,
) -> None:
    """Write mean and standard deviation of validation and test accuracy of every search, in groups of rows.

    With ``searched_on`` every search ran on that dataset and its cell is read off on the others, and the seconds of
    scoring and simulated training of that search stand in front. Without it every dataset was searched by itself; the
    seconds then stand in front only if there is one dataset (else in the table of :func:`write_time_table`). With one
    dataset and several scorings the standard deviation of the mean test accuracies of these stands at the end.

    Args:
        summary_path: ``summaries/search.csv``.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study.
        output: path of the table.
        searched_on: the dataset that was searched, None for each by itself.
        published_path: ``report/published.yaml``, None to leave published rows out.
    """
    summary = read_summary(summary_path)
    on = {dataset: searched_on or dataset for dataset in datasets}
    timed = searched_on is not None or len(datasets) == 1
    titles = search_titles(searches)
    entries = {
        (label, dataset, metric): _entry(summary, label, on[dataset], dataset, metric, summary_path)
        for label in searches
        for dataset in datasets
        for metric in METRICS
    }
    best = _best(entries, searches)
    quoted = search_rows(published_path, datasets, searched_on or "each")
    beside = rows_beside(quoted, searches, datasets)
    body: list[str] = []
    nested = len(datasets) == 1 and max(entry.scorings for entry in entries.values()) > 1
    width = 1 + 2 * timed + 2 * len(datasets) + nested
    for group, heading in GROUPS.items():
        labels = [label for label, settings in searches.items() if search_group(settings) == group]
        alone = [line for line in rows_alone(quoted, searches, datasets) if line["group"] == group]
        if not labels and not alone:
            continue
        body += [RULE] if body else []
        body.append(rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escape(heading)}}}}} \\")
        for label in labels:
            cells = [tex_title(titles[label])]
            if timed:
                first = entries[label, datasets[0], "test_accuracy"]
                cells += [_cost(first.scoring_seconds), _cost(first.training_seconds)]
            for dataset in datasets:
                for metric in METRICS:
                    value = entries[label, dataset, metric]
                    cells.append(show_mean(value.mean, value.std, (label, dataset, metric) in best))
            if nested:
                cells.append(show(entries[label, datasets[0], "test_accuracy"].std_scorings, "accuracy"))
            body.append(row(cells))
            if label in beside:
                name = rf"\quad {origin(beside[label])}~\citep{{{beside[label]['cite']}}}"
                body.append(_quoted_row(name, beside[label], group, datasets, timed, nested))
        for line in alone:
            shown = line.get("matches", {}).get("accuracies_of")
            method = f"{line['method']} ({accuracies_words(shown)})" if shown else line["method"]
            name = rf"{escape(method)}~\citep{{{line['cite']}}}"
            body.append(_quoted_row(name, line, group, datasets, timed, nested))
    head = []
    if len(datasets) > 1:
        titled = [rf"\multicolumn{{2}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in datasets]
        head.append(row([""] * (1 + 2 * timed) + titled))
        rules = [rf"\cmidrule(lr){{{2 + 2 * timed + 2 * i}-{3 + 2 * timed + 2 * i}}}" for i in range(len(datasets))]
        head.append(" ".join(rules))
    seconds, scorings = ["Scoring (s)", "Training (s)"] * timed, ["between scorings"] * nested
    head.append(row(["Search", *seconds, *(["validation", "test"] * len(datasets)), *scorings]))
    write_tex(output, tabular("l" + "rr" * timed + "cc" * len(datasets) + "r" * nested, head, body))


def _cost(seconds: float) -> str:
    """Return seconds, nothing where nothing was spent and a question mark where nobody knows."""
    return MISSING if not seconds else "?" if math.isnan(seconds) else show(seconds, "seconds")


def _best(entries: dict[tuple[str, str, str], Any], searches: dict[str, dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Return the keys with the largest printed mean of their column among the searches that are ranked."""
    best, ranked = set(), contenders(searches)
    for column in dict.fromkeys(key[1:] for key in entries):
        rivals = {key: round(entry.mean, 2) for key, entry in entries.items() if key[1:] == column and key[0] in ranked}
        best |= {key for key, mean in rivals.items() if mean == max(rivals.values())}
    return best


def _quoted_row(
    name: str, line: dict[str, Any], group: str, datasets: list[str], timed: bool, nested: bool = False
) -> str:
    cells = [name]
    if timed:
        seconds = show(line.get("seconds"), "seconds")
        cells += [seconds, MISSING] if group == "training-free" else [MISSING, seconds]
    for dataset in datasets:
        for metric in METRICS:
            value = line["values"].get(dataset, {}).get(metric)
            cells.append(show_mean(*value) if value else MISSING)
    cells += [MISSING] * nested
    return row(rf"\quoted{{{cell}}}" for cell in cells)


def write_time_table(
    summary_path: str | Path, searches: dict[str, dict[str, Any]], datasets: list[str], output: str | Path
) -> None:
    """Write the cost of one run of every search on every dataset: cells, scoring, simulated training, own wall seconds.

    Beside the cells stands the share of looks at a cell whose class had been looked at in the same way before.

    Args:
        summary_path: ``summaries/search.csv``.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study, each searched by itself.
        output: path of the table.
    """
    summary = read_summary(summary_path)
    titles = search_titles(searches)
    body: list[str] = []
    wide = len(datasets) == 1
    for labels in _by_group(searches).values():
        body += [r"\addlinespace"] if body else []
        for label in labels:
            cells = [tex_title(titles[label])]
            for dataset in datasets:
                value = _entry(summary, label, dataset, dataset, "test_accuracy", summary_path)
                cells += [show(value.cells, "count"), show(value.duplicates, "share")]
                cells += [_cost(value.scoring_seconds), _cost(value.training_seconds)]
                if wide:
                    cells.append(show(value.wall_seconds, "seconds"))
            body.append(row(cells))
    names = ["looks", "again", "scoring", "training"]
    if wide:
        head = [row(["Search", "Looks", r"Again (\%)", "Scoring (s)", "Training (s)", "Own time (s)"])]
        return write_tex(output, tabular("lrrrrr", head, body))
    head = [
        row(["", *(rf"\multicolumn{{4}}{{c}}{{{escape(dataset_title(dataset))}}}" for dataset in datasets)]),
        " ".join(rf"\cmidrule(lr){{{2 + 4 * i}-{5 + 4 * i}}}" for i in range(len(datasets))),
        row(["Search", *(names * len(datasets))]),
    ]
    return write_tex(output, tabular("l" + "rrrr" * len(datasets), head, body))


def write_contract_table(truth_paths: dict[str, str | Path], output: str | Path) -> None:
    """Write what every accuracy means, and the recipe of a ground truth trained by this project, from its facts.

    Args:
        truth_paths: ``{dataset: truth/{dataset}.parquet}``.
        output: path of the table.
    """
    body: list[str] = []
    for dataset, path in truth_paths.items():
        body += [r"\addlinespace"] if body else []
        name = escape(dataset_title(dataset))
        facts = read_facts(path)
        for column, meaning in fact(facts, "accuracies", path).items():
            body.append(row([name, rf"\texttt{{{escape(column)}}}", escape(meaning)]))
            name = ""
        if facts.get("recipe"):
            recipe = facts["recipe"]
            text = "; ".join(f"{key}: {value}" for key, value in _flat(recipe)) if isinstance(recipe, dict) else recipe
            body.append(row(["", "recipe", breakable(str(text))]))
    write_tex(output, tabular(r"llL{0.56\linewidth}", [row(["Dataset", "Column", "Meaning"])], body))


def _flat(facts: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Return nested facts as (name, text) pairs; short lists are joined, long ones counted, empty values left out."""
    pairs = []
    for key, value in facts.items():
        name = f"{before}{key}".replace("_", " ")
        if isinstance(value, dict):
            pairs += _flat(value, f"{name}: ")
        elif value not in (None, "", []):
            pairs.append((name, listing(value) if isinstance(value, list) else str(value)))
    return pairs


def listing(values: list[Any]) -> str:
    """Return the values of a fact, joined; more than :data:`LONGEST_LIST` are counted."""
    if len(values) > LONGEST_LIST:
        return f"{len(values)} values, in the file"
    return ", ".join(str(value) for value in values)


def breakable(text: str) -> str:
    """Return escaped text in which words longer than 40 characters (digests) may break."""
    words = []
    for word in text.split(" "):
        pieces = [word[place : place + 32] for place in range(0, len(word), 32)] if len(word) > 40 else [word]
        words.append(r"\allowbreak ".join(escape(piece) for piece in pieces))
    return " ".join(words)
