"""Write mean and standard deviation of validation and test accuracy of every search, in groups of rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfnas.analysis.published_rows import METRICS, rows_alone, rows_beside, search_rows
from tfnas.products import Exhibit, Named
from tfnas.report.names import GROUPS, accuracies_words, contenders, search_group, search_titles, tex_title
from tfnas.report.published import origin
from tfnas.report.rounding import MISSING, accuracy_decimals, escape, show, show_mean
from tfnas.report.tables import RULE, row, seconds_of_run, summary_entry, tabular, write_tex
from tfnas.report.titles import dataset_title
from tfnas.schemas.search import SCHEMA as SEARCH
from tfnas.truth.metric import reported_name

SPEC = Exhibit(
    kind="table",
    category="Searches",
    params=("searches", "datasets"),
    needs={"summary": "summaries/search.csv", "published": lambda study: study.published_files},
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Make it in a job (:mod:`tfnas.products`)."""
    write_search_table(inputs.summary, inputs.published, params.searches, params.datasets, output.tex)


def write_search_table(
    summary_path: str | Path,
    published: Sequence[str | Path],
    searches: dict[str, dict[str, Any]],
    datasets: list[str],
    output: str | Path,
    searched_on: str | None = None,
) -> None:
    """Write mean and standard deviation of validation and test accuracy of every search, in groups of rows.

    With ``searched_on`` every search ran on that dataset and its cell is read off on the others, and the seconds of
    scoring and simulated training of that search stand in front. Without it every dataset was searched by itself; the
    seconds then stand in front only if there is one dataset (else in the table of times). With one dataset and several
    scorings the standard deviation of the mean reported accuracies of these stands at the end.

    Args:
        summary_path: ``summaries/search.csv``.
        published: ``report/published.yaml``, nothing to leave published rows out.
        searches: ``search.use`` of the study.
        datasets: datasets in the order of the study.
        output: path of the table.
        searched_on: the dataset that was searched, None for each by itself.
    """
    summary = SEARCH.read(summary_path)
    on = {dataset: searched_on or dataset for dataset in datasets}
    timed = searched_on is not None or len(datasets) == 1
    titles = search_titles(searches)
    known = summary.groupby("dataset")["metric"].unique()  # ground truth may know one of the two accuracies alone
    told = reported_name(set(summary["metric"]))
    entries = {
        (label, dataset, metric): summary_entry(summary, label, on[dataset], dataset, metric, summary_path)
        for label in searches
        for dataset in datasets
        for metric in METRICS
        if metric in known[dataset]
    }
    best = _best(entries, searches)
    quoted = search_rows(next(iter(published), None), datasets, searched_on or "each")
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
                first = entries[label, datasets[0], told]
                cells += [seconds_of_run(first.scoring_seconds), seconds_of_run(first.training_seconds)]
            for dataset in datasets:
                for metric in METRICS:
                    value = entries.get((label, dataset, metric))
                    bold = (label, dataset, metric) in best
                    cells.append(show_mean(value.mean, value.std, bold) if value else MISSING)
            if nested:
                cells.append(show(entries[label, datasets[0], told].std_scorings, "accuracy"))
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
        rules = [rf"\cmidrule(lr){{{2 + 2 * timed + 2 * i}-{3 + 2 * timed + 2 * i}}}" for i in range(len(datasets))]
        head = [row([""] * (1 + 2 * timed) + titled), " ".join(rules)]
    seconds, scorings = ["Scoring (s)", "Training (s)"] * timed, ["between scorings"] * nested
    head.append(row(["Search", *seconds, *(["validation", "test"] * len(datasets)), *scorings]))
    write_tex(output, tabular("l" + "rr" * timed + "cc" * len(datasets) + "r" * nested, head, body))


def _best(entries: dict[tuple[str, str, str], Any], searches: dict[str, dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Return the keys with the largest printed mean of their column among the searches that are ranked."""
    best, ranked = set(), contenders(searches)
    for column in dict.fromkeys(key[1:] for key in entries):
        here = {key: entry for key, entry in entries.items() if key[1:] == column and key[0] in ranked}
        rivals = {key: round(entry.mean, accuracy_decimals()) for key, entry in here.items()}
        best |= {key for key, mean in rivals.items() if mean == max(rivals.values())}
    return best


def _quoted_row(name: str, line: dict[str, Any], group: str, datasets: list[str], timed: bool, nested: bool) -> str:
    cells = [name]
    if timed:
        seconds = show(line.get("seconds"), "seconds")
        cells += [seconds, MISSING] if group == "training-free" else [MISSING, seconds]
    values = [line["values"].get(dataset, {}).get(metric) for dataset in datasets for metric in METRICS]
    cells += [show_mean(*value) if value else MISSING for value in values] + [MISSING] * nested
    return row(rf"\quoted{{{cell}}}" for cell in cells)
