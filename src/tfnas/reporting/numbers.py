r"""Every number that the report's prose may print: ``numbers.tex`` for LaTeX, ``numbers.json`` for templates.

``numbers.tex`` defines one macro per quantity, printed as ``\result{key}``; ``numbers.json`` holds for the same keys
the printed text and the raw value, on which templates decide what they say. Keys are words joined by dots::

    study.runs                                  what the study file says; ``scorings``
    truth.{dataset}.best_test                   the ground truth: optimum, spread, cost of training
    truth.{dataset}.agreement                   its test accuracies with those of the first dataset
    truth.{dataset}.half_width                  half the 95 % interval of the best accuracy by its ``test_images``
                                                alone; ``one_image``: points that one of them is worth
    noise.{dataset}.split_half_spearman         how reliable a ground truth trained by this project is
    correlation.{dataset}.{proxy}.{valid|test}.{all|distinct}.spearman
    search.{searched_on}.{label}.{dataset}.{valid|test}.mean
    search.{searched_on}.{label}.total          seconds of one run, scoring and simulated training
    best.{dataset}.{group}.test                 the best search of a group, of equal printed means the cheapest;
                                                ``any``: of all but references; ``prior-free``: of the training-free
                                                ones without FreeREA's skip term
    order.{dataset}.{proxy}.top                 the order among the best tenth of cells; ``partial``: given the size
    vote.{dataset}.agreement                    pairs of cells that the published vote decides rightly, and 2p - 1
    ranking.{dataset}.first.title               the proxy that orders all cells best; without dataset: on average
    pairs.{dataset}.alike.one                   the two proxies that are most alike, or ``unlike``
    stability.{dataset}.{proxy}.initialisation  how two initialisations agree; ``batch``, ``twin`` likewise
    compare.{dataset}.{group}.lead              the best trained (or hybrid) search against the best training-free one
    trained.{dataset}.words                     which trained searches are better, worse, or not told from it; counts
    prior.{dataset}.lead                        the best trained search against the best prior-free one, where the best
                                                training-free one has the skip term; ``prior.{dataset}.owed.lead``: that
                                                one against the best prior-free one; ``decides``
    extends.{dataset}.{label}.lead              a hybrid search against the one that it extends
    median.{dataset}.below                      training-free searches that end below the median cell
    settled.{dataset}.count                     searches that end at one accuracy in all runs
    truth.{dataset}.test_images                 with ``image`` and ``open``: what so many images leave open, in points
    evolution.{dataset}.lead                    regularised evolution against random search
    random.{dataset}.gain                       the best training-free search against a random cell
    growth.{dataset}.{proxy}.gain               what more samples bring
    contest.{dataset}.pairs                     every search against every other; what the runs detect
    contest.{dataset}.lead                      the best search against the next that is not equal in every run
    regret.{dataset}.{label}.mean               below the best cell of the space; ``median``
    ranks.first.title                           the search with the best mean rank over datasets; ``ranks.critical``
    transfer.{dataset}.largest_loss             searched on the first dataset against searched here, without a budget
    anytime.{dataset}.passed                    seconds after which the best trained search leads the training-free one
    equal.{dataset}.{moment}.{group}.test       the best search of a group at equal time (:mod:`tfnas.equal_time`)
    price.{dataset}.ratio                       scoring seconds of this machine to those of the score table
    chosen.ensemble.{dataset}.spearman          of the ensemble chosen on the other datasets; ``best``: in hindsight
    chosen.league.{league}.right                datasets whose search, chosen on the others, is that of hindsight
    limits.{dataset}.first.test                 of the searches that keep to a limit in every run the best one
    fronts.{dataset}.first.share                of the searches with two objectives the one with the best front
    published.{key}.{dataset}.{valid|test}.mean what others printed
    published.elsewhere.{proxy}.{kind}          correlations of others on images of another kind
    published.within                            how many published means lie within one standard deviation of ours
    published.correlations.within               how many published correlations are like ours

``words``, ``time``, ``side`` and ``sign`` are what templates say or decide by (:mod:`tfnas.reporting.wording`). Beside
every difference of two searches (``lead`` or ``gain``) stand its magnitude (``size``), the ends of its 95 % interval
(``low``, ``high``), what the test images say of it (``aside``), and the ``verdict``: better, worse, or undecided where
the interval holds zero or the test does not tell the two apart, how often the first ``wins`` a run, and the corrected
``p`` of the signed-rank test, all of them paired (:mod:`tfnas.comparisons`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.cells import CONVOLUTIONS, OPERATIONS, SPACE_SIZE, canonical_classes, codes_of, operation_digits
from tfnas.errors import ReportError
from tfnas.files import atomic, read_facts, read_table, write_json
from tfnas.reporting.claims import (
    FEW_RUNS,
    add_extensions,
    add_median,
    add_prior,
    add_settled,
    add_times,
    add_trained,
    sign_of_printed,
)
from tfnas.reporting.comparison_numbers import add_contests, add_difference, add_ranks
from tfnas.reporting.comparison_tables import Pairs
from tfnas.reporting.costs import add_costs
from tfnas.reporting.equal_time import add_equal_time
from tfnas.reporting.hardware import add_fronts, add_limits
from tfnas.reporting.leave_one_out import add_ensemble_choice, add_leagues
from tfnas.reporting.names import (
    GROUPS,
    PLAIN_PROXY_SEARCH,
    contenders,
    dataset_title,
    proxy_title,
    reads_prior,
    search_group,
    search_titles,
    tex_title,
)
from tfnas.reporting.proxy_numbers import (
    add_pairs,
    add_published_correlations,
    add_quality,
    add_ranking,
    add_stability,
)
from tfnas.reporting.published import read_published, rows_beside, search_rows
from tfnas.reporting.published_searches import add_published_searches
from tfnas.reporting.rounding import show
from tfnas.reporting.tables import CORRELATION_COLUMNS, device_of, fact, family_facts, read_summary
from tfnas.reporting.votes import add_vote
from tfnas.reporting.wording import correlation_words, part_words
from tfnas.score_table import ScoreTable
from tfnas.statistics import accuracy_half_width, known_pairs, rank_with_missing, spearman
from tfnas.study.settings import budget_of, scored_names

SHORT = {"valid_accuracy": "valid", "test_accuracy": "test"}
"""How keys call the two accuracies."""

NOISE_KINDS = {
    "seed_to_seed_spearman": "correlation",
    "split_half_spearman": "correlation",
    "reliability": "correlation",
    "noise_top_100": "accuracy",
    "noise_of_mean_top_100": "accuracy",
    "seconds": "seconds",
}
"""What the facts of a ground truth trained by this project must say about its reliability and its cost. With a single
training seed all but the seconds are unknown (NaN)."""


VARIES = 1.05
"""Ratio of the longest look at an early accuracy to the shortest above which the range is told."""


class Numbers:
    """Collects quantities: raw value and printed text by key."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, key: str, value: Any, kind: str) -> None:
        """Add a quantity of a kind of :mod:`tfnas.reporting.rounding`.

        Raises:
            ReportError: the key is taken, or holds a character that TeX would interpret.
        """
        if key in self.entries or set(key) & set("\\{}%#$&~^ "):
            raise ReportError(f"The key '{key}' cannot be used for a number of the report: it is taken, or not plain.")
        value = value.item() if isinstance(value, np.generic) else value
        self.entries[key] = {"text": show(value, kind), "value": None if _is_nan(value) else value}

    def title(self, key: str, text: str) -> None:
        """Add a name whose ``N = 100`` is set as mathematics."""
        self.entries[key] = {"text": tex_title(text), "value": text}

    def value(self, key: str) -> Any:
        """Return the raw value of a key."""
        return self.entries[key]["value"]


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def write_numbers(
    study: dict[str, Any],
    summary_path: str | Path,
    correlations_path: str | Path,
    truth_paths: dict[str, str | Path],
    score_paths: dict[str, str | Path],
    batch_paths: dict[str, str | Path],
    quality_path: str | Path,
    pairs_path: str | Path,
    output: str | Path,
    published_path: str | Path | None = None,
    noise_path: str | Path | None = None,
    against_path: str | Path | None = None,
    curves_path: str | Path | None = None,
    prices_path: str | Path | None = None,
    *,
    search_pairs_path: str | Path,
    regret_path: str | Path,
    ranks_path: str | Path | None = None,
    ensemble_choice_path: str | Path | None = None,
    leagues_path: str | Path | None = None,
    limits_path: str | Path | None = None,
    fronts_path: str | Path | None = None,
    equal_time_path: str | Path | None = None,
) -> None:
    """Write ``numbers.tex`` at ``output`` and ``numbers.json`` beside it.

    Args:
        study: the merged study file.
        summary_path: ``summaries/search.csv``.
        correlations_path: ``summaries/correlations.csv``.
        truth_paths: ``{dataset: truth/{dataset}.parquet}`` with facts beside them.
        score_paths: ``{dataset: scores/{dataset}.csv}`` with facts beside them.
        batch_paths: ``{dataset: batches/{dataset}.json}``, the facts of the mini-batches.
        quality_path: ``summaries/proxies.csv``.
        pairs_path: ``summaries/proxy-pairs.csv``.
        output: path of ``numbers.tex``.
        published_path: ``report/published.yaml``, None to leave published numbers out.
        noise_path: ``summaries/noise.csv``, None where the study measures no noise of scores.
        against_path: ``summaries/published.csv``, None where no published row stands beside a search of the study.
        curves_path: ``summaries/curves.csv``; with ``prices_path``, None to leave both out.
        prices_path: ``summaries/prices.csv``.
        search_pairs_path: ``summaries/comparisons.csv``, every search against every other.
        regret_path: ``summaries/regret.csv``.
        ranks_path: ``summaries/ranks.csv``, None where searches are not ranked over datasets.
        ensemble_choice_path: ``summaries/ensemble-choice.csv``, None where the study chooses no ensemble.
        leagues_path: ``summaries/leagues.csv``, None where the study has no leagues.
        limits_path: ``summaries/limits.csv``, None where no search has a limit.
        fronts_path: ``summaries/fronts.csv``, None where no search keeps a front.
        equal_time_path: ``summaries/equal-time.csv``, None where no search is compared at equal time.

    Raises:
        ReportError: a file lacks a fact that the report prints; the message names key and file.
    """
    numbers = Numbers()
    datasets = list(truth_paths)
    searches = study["search"]["use"]
    _add_study(numbers, study, datasets, searches, batch_paths)
    for dataset, path in truth_paths.items():
        _add_truth(numbers, dataset, path)
        scored = read_facts(score_paths[dataset])
        numbers.add(f"device.{dataset}", device_of(scored, score_paths[dataset]), "text")
        numbers.add(f"truth.{dataset}.agreement", _agreement(truth_paths[datasets[0]], path), "correlation")
        told = dict.fromkeys(part["note"] for part in family_facts(scored) if part.get("note"))
        numbers.add(f"device.{dataset}.note", " ".join(told), "text")
    sizes = {numbers.value(f"truth.{dataset}.cells") for dataset in datasets}
    numbers.add("study.cells", sizes.pop() if len(sizes) == 1 else None, "count")
    families = [part for path in score_paths.values() for part in family_facts(read_facts(path))]
    numbers.add("study.share_classes", any(part.get("share_classes") for part in families), "text")
    names, correlations = scored_names(study), read_table(correlations_path, CORRELATION_COLUMNS)
    _add_correlations(numbers, correlations)
    for dataset in datasets:
        _add_order(numbers, dataset, names, score_paths[dataset], truth_paths[dataset])
    add_quality(numbers, quality_path, names, datasets)
    add_vote(numbers, names, score_paths, truth_paths)
    if len(names) > 1:
        add_ranking(numbers, correlations, names, datasets)
        add_pairs(numbers, pairs_path, correlations, names, datasets)
    if noise_path is not None:
        add_stability(numbers, noise_path, names)
    summary = read_summary(summary_path)
    _add_searches(numbers, summary)
    pairs = Pairs(search_pairs_path)
    for dataset in datasets:
        _add_comparisons(numbers, dataset, searches, pairs)
    add_contests(numbers, pairs, regret_path, datasets, searches)
    if ranks_path is not None:
        add_ranks(numbers, ranks_path)
    if ensemble_choice_path is not None:
        add_ensemble_choice(numbers, ensemble_choice_path)
    if leagues_path is not None:
        add_leagues(numbers, leagues_path)
    if limits_path is not None:
        add_limits(numbers, limits_path, searches)
    if fronts_path is not None:
        add_fronts(numbers, fronts_path)
    if len(datasets) > 1:
        _add_transfer(numbers, datasets, searches)
    if published_path is not None:
        _add_published(numbers, published_path)
        add_published_correlations(numbers, published_path, correlations, names, datasets)
        beside = rows_beside(search_rows(published_path, datasets, "each"), searches, datasets)
        if any(row["evidence"] == "C" for row in beside.values()):
            numbers.add("published.computed.search", True, "text")
    if curves_path is not None and prices_path is not None:
        add_costs(numbers, searches, datasets, curves_path, prices_path)
    if equal_time_path is not None:
        add_equal_time(numbers, equal_time_path, searches, datasets, pairs)
    if against_path is not None:
        add_published_searches(numbers, against_path)
    lines = [
        "% Written by tfnas.reporting.numbers: do not edit.",
        r"\DeclareRobustCommand{\result}[1]{\ifcsname result@#1\endcsname\csname result@#1\endcsname"
        r"\else\PackageError{tfnas}{No number is called '#1'}{}\fi}",
    ]
    for key, entry in numbers.entries.items():
        lines.append(rf"\expandafter\def\csname result@{key}\endcsname{{{entry['text']}}}")
    output = Path(output)
    write_json(output.with_suffix(".json"), numbers.entries)
    with atomic(output) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _add_study(
    numbers: Numbers,
    study: dict[str, Any],
    datasets: list[str],
    searches: dict[str, dict[str, Any]],
    batch_paths: dict[str, str | Path],
) -> None:
    for name, value in (
        ("space", SPACE_SIZE),
        ("distinct", len(np.unique(canonical_classes()))),
        ("runs", study["search"]["runs"]),
        ("scorings", study["scoring"]["scorings"]),
        ("channels", study["skeleton"]["channels"]),
        ("cells_per_stage", study["skeleton"]["cells_per_stage"]),
        ("datasets", len(datasets)),
        ("searches", len(searches)),
        ("proxies", len(study["scoring"]["proxies"]) + len(study["scoring"]["own"])),
    ):
        numbers.add(f"study.{name}", value, "count")
    numbers.add("study.seed", study["seed"], "text")
    numbers.add("study.few_runs", study["search"]["runs"] < FEW_RUNS, "text")
    for dataset in datasets:
        numbers.title(f"title.dataset.{dataset}", dataset_title(dataset))
        numbers.add(f"budget.{dataset}", budget_of(study, dataset), "seconds")
        facts = read_facts(batch_paths[dataset])
        numbers.add(f"batch.{dataset}.classes", fact(facts, "classes", batch_paths[dataset]), "count")
        numbers.add(f"batch.{dataset}.images", fact(facts, "images", batch_paths[dataset]), "count")
    for label, title in search_titles(searches).items():
        numbers.title(f"title.search.{label}", title)
    for proxy in scored_names(study):
        numbers.title(f"title.proxy.{proxy}", proxy_title(proxy))


def _add_truth(numbers: Numbers, dataset: str, path: str | Path) -> None:
    columns = (
        "arch",
        "valid_accuracy",
        "test_accuracy",
        "early_valid_accuracy",
        "early_seconds",
        "valid_seconds",
        "params",
    )
    table = read_table(path, columns)
    test, valid, early = table["test_accuracy"], table["valid_accuracy"], table["early_valid_accuracy"]
    before = f"truth.{dataset}"
    for name, value in (
        ("best_test", test.max()),
        ("best_valid", valid.max()),
        ("mean_test", test.mean()),
        ("median_test", test.median()),
        ("std_test", test.std(ddof=0)),
        ("worst_test", test.min()),
        ("low_decile_test", test.quantile(0.1)),
        ("best_early", early.max()),
        ("test_of_best_valid", test[valid.idxmax()]),
        ("test_of_best_early", test[early.idxmax()] if early.notna().any() else math.nan),
    ):
        numbers.add(f"{before}.{name}", value, "accuracy")
    query = table["early_seconds"] + table["valid_seconds"]
    numbers.add(f"{before}.cells", len(table), "count")
    numbers.add(f"{before}.query_seconds", query.mean(), "seconds")
    numbers.add(f"{before}.query_seconds_min", query.min(), "seconds")
    numbers.add(f"{before}.query_seconds_max", query.max(), "seconds")
    numbers.add(f"{before}.space_seconds", query.sum(min_count=1), "seconds")
    varies = bool(query.max() > VARIES * query.min())
    numbers.add(f"{before}.query_varies", varies, "text")
    numbers.add(f"{before}.space_days", query.sum(min_count=1) / 86400, "ratio")
    numbers.add(f"{before}.within_one", float((test >= test.max() - 1).mean()), "share")
    numbers.add(f"{before}.within_one_cells", int((test >= test.max() - 1).sum()), "count")
    numbers.add(f"{before}.params_min", table["params"].min(), "count")
    numbers.add(f"{before}.params_max", table["params"].max(), "count")
    numbers.add(f"{before}.valid_spearman", _agree(valid, test), "correlation")
    numbers.add(f"{before}.early_spearman", _agree(early, test), "correlation")
    codes = codes_of(table["arch"], f"'{path}'")
    distinct = table.assign(family=canonical_classes()[codes]).drop_duplicates("family")
    numbers.add(f"{before}.distinct", len(distinct), "count")
    facts = read_facts(path)
    _add_resolution(numbers, before, facts, test.max())
    if "recipe" in facts and set(NOISE_KINDS) & set(facts):  # any table may state a recipe alone
        best, second = distinct["test_accuracy"].nlargest(2)
        _add_noise(numbers, dataset, facts, best - second, path)


def _add_resolution(numbers: Numbers, before: str, facts: dict[str, Any], accuracy: float) -> None:
    """Add what so many test images can tell apart; nothing is known where the facts do not say how many there are."""
    images = facts.get("test_images", facts.get("split_sizes", {}).get("test"))
    numbers.add(f"{before}.test_images", images, "count")
    numbers.add(f"{before}.one_image", 100 / images if images else None, "accuracy")
    numbers.add(f"{before}.half_width", accuracy_half_width(accuracy, images) if images else None, "accuracy")


def _add_noise(numbers: Numbers, dataset: str, facts: dict[str, Any], gap: float, path: str | Path) -> None:
    """Add how reliable a ground truth trained by this project is (by its facts), and what it cost.

    ``noise_top_100`` is the spread of a single training between seeds; the table holds means over seeds, whose spread
    is ``noise_of_mean_top_100``, and the gap between two such means spreads by sqrt(2) times that (``noise_of_gap``).
    """
    before = f"noise.{dataset}"
    for key, kind in NOISE_KINDS.items():
        value = fact(facts, key, path)
        if value is not None and not isinstance(value, int | float):
            raise ReportError(f"The fact '{key}' of '{path}' is {value!r} where the report prints a number.")
        numbers.add(f"{before}.{key}", value, kind)
    of_mean = numbers.value(f"{before}.noise_of_mean_top_100")
    numbers.add(f"{before}.noise_of_gap", None if of_mean is None else math.sqrt(2) * of_mean, "accuracy")
    numbers.add(f"{before}.gap_top", gap, "accuracy")
    noise = numbers.value(f"{before}.noise_of_gap")
    numbers.add(f"{before}.gap_verdict", "unknown" if noise is None else "within" if noise > gap else "beyond", "text")
    processor = str(fact(facts, "seconds_meaning", path)).startswith("processor")
    numbers.add(f"{before}.clock", "processor time" if processor else "wall time", "text")


def _agreement(one: str | Path, other: str | Path) -> float:
    """Return Spearman's correlation between the test accuracies of two ground truths, over the cells of both."""
    tables = (read_table(path, ("arch", "test_accuracy")).set_index("arch")["test_accuracy"] for path in (one, other))
    both = pd.concat(tables, axis=1, join="inner").to_numpy()
    return _agree(both[:, 0], both[:, 1])


def _agree(first: np.ndarray | pd.Series, second: np.ndarray | pd.Series) -> float:
    """Return Spearman's correlation of two accuracies, or of a count and one, over the pairs where both are known."""
    return spearman(*known_pairs(first, second)).value


def _add_correlations(numbers: Numbers, table: pd.DataFrame) -> None:
    for row in table.itertuples():
        before = f"correlation.{row.dataset}.{row.proxy}.{SHORT[row.accuracy]}.{row.cells}"
        for name in ("spearman", "spearman_low", "spearman_high", "kendall", "kendall_low", "kendall_high"):
            numbers.add(f"{before}.{name}", getattr(row, name), "correlation")
        numbers.add(f"{before}.words", correlation_words(row.spearman), "text")
        numbers.add(f"{before}.n", row.n, "count")
        numbers.add(f"{before}.nan", row.nan, "count")
        numbers.add(f"{before}.seconds", row.seconds, "seconds")


def _add_order(
    numbers: Numbers, dataset: str, proxies: list[str], score_path: str | Path, truth_path: str | Path
) -> None:
    """Add where the order of scores comes from: the count of convolutions, and the order among equal counts.

    All are Spearman correlations with test accuracy over the cells of the ground truth, missing scores lowest.
    ``within`` is the mean over groups of cells with equally many convolution edges, weighted by their size.
    """
    table = read_table(truth_path, ("arch", "test_accuracy"))
    codes = codes_of(table["arch"], f"'{truth_path}'")
    test = table["test_accuracy"].to_numpy()
    convolutions = np.isin(operation_digits(codes), [OPERATIONS.index(name) for name in CONVOLUTIONS]).sum(axis=1)
    known = np.isfinite(test)
    codes, test, convolutions = codes[known], test[known], convolutions[known]
    counted = _agree(convolutions, test)
    numbers.add(f"order.{dataset}.convolutions", counted, "correlation")
    numbers.add(f"order.{dataset}.convolutions_words", correlation_words(counted), "text")
    scores = ScoreTable.read(score_path)
    for proxy in proxies:
        score, _, _ = rank_with_missing(scores.column(proxy, "score")[codes], test)
        before = f"order.{dataset}.{proxy}"
        groups = [convolutions == count for count in np.unique(convolutions)]
        inner = [(spearman(score[group], test[group]).value, group.sum()) for group in groups]
        known = [(value, size) for value, size in inner if math.isfinite(value)]
        within = (
            float(np.average([value for value, _ in known], weights=[size for _, size in known])) if known else math.nan
        )
        numbers.add(f"{before}.within", within, "correlation")
        whole = numbers.value(f"correlation.{dataset}.{proxy}.test.all.spearman")
        numbers.add(f"{before}.within_words", part_words(within, whole), "text")


def _add_searches(numbers: Numbers, summary: pd.DataFrame) -> None:
    seconds = summary["wall_seconds"].max()
    numbers.add("study.wall_seconds_max", seconds, "seconds")
    for row in summary.itertuples():
        before = f"search.{row.searched_on}.{row.search}"
        for name in ("mean", "std", "ci_low", "ci_high"):
            numbers.add(f"{before}.{row.dataset}.{SHORT[row.metric]}.{name}", getattr(row, name), "accuracy")
        if f"{before}.cells" not in numbers.entries:
            numbers.add(f"{before}.n", row.n, "count")
            numbers.add(f"{before}.cells", row.cells, "count")
            numbers.add(f"{before}.scoring", row.scoring_seconds, "seconds")
            numbers.add(f"{before}.training", row.training_seconds, "seconds")
            numbers.add(f"{before}.total", row.scoring_seconds + row.training_seconds, "seconds")


def _add_comparisons(numbers: Numbers, dataset: str, searches: dict[str, dict[str, Any]], pairs: Pairs) -> None:
    """Add what the discussion compares, each dataset searched by itself."""

    def test(label: str, name: str = "mean") -> float:
        key = f"search.{dataset}.{label}.{dataset}.test.{name}"
        if key not in numbers.entries:
            raise ReportError(f"The summary has no test accuracy of search '{label}' searched on '{dataset}'.")
        return numbers.value(key)

    groups: dict[str, list[str]] = {group: [] for group in GROUPS}
    ranked = contenders(searches)
    for label, settings in searches.items():
        if search_group(settings) == "reference" or label in ranked:
            groups[search_group(settings)].append(label)
    groups["any"] = [label for group in groups if group != "reference" for label in groups[group]]
    groups["prior-free"] = [label for label in groups["training-free"] if not _has_prior(searches[label])]
    optimum = numbers.value(f"truth.{dataset}.best_test")
    for group, labels in groups.items():
        if not labels:
            continue
        label = best_label(labels, test, lambda label: numbers.value(f"search.{dataset}.{label}.total"))
        before = f"best.{dataset}.{group}"
        numbers.title(f"{before}.title", numbers.value(f"title.search.{label}"))
        numbers.add(f"{before}.label", label, "text")
        numbers.add(f"{before}.test", test(label), "accuracy")
        numbers.add(f"{before}.std", test(label, "std"), "accuracy")
        numbers.add(f"{before}.ci_low", test(label, "ci_low"), "accuracy")
        numbers.add(f"{before}.ci_high", test(label, "ci_high"), "accuracy")
        numbers.add(f"{before}.regret", optimum - test(label), "accuracy")
        numbers.add(f"{before}.seconds", numbers.value(f"search.{dataset}.{label}.total"), "seconds")
        numbers.add(f"{before}.cells", numbers.value(f"search.{dataset}.{label}.cells"), "count")
    if groups["training-free"] and _has_prior(searches[numbers.value(f"best.{dataset}.training-free.label")]):
        add_prior(numbers, dataset, pairs)
    add_trained(numbers, dataset, searches, pairs)
    add_extensions(numbers, dataset, searches, pairs)
    add_median(numbers, dataset, searches)
    add_settled(numbers, dataset, searches)
    for other in ("non-weight-sharing", "hybrid"):
        if groups["training-free"] and groups[other]:
            free, rival = (f"best.{dataset}.{group}" for group in ("training-free", other))
            before = f"compare.{dataset}.{other}"
            labels = (numbers.value(f"{rival}.label"), numbers.value(f"{free}.label"))
            add_difference(numbers, dataset, before, "lead", pairs.between(dataset, *labels))
            add_times(numbers, before, *(numbers.value(f"{one}.seconds") for one in (rival, free)))
    apart = {"constraint", "accuracies_of"}
    searches = {label: settings for label, settings in searches.items() if not apart & set(settings)}
    random = [label for label, settings in searches.items() if settings["algorithm"] == "random_cell"]
    if random:
        numbers.add(f"random.{dataset}.test", test(random[0]), "accuracy")
        numbers.add(f"random.{dataset}.std", test(random[0], "std"), "accuracy")
        if groups["training-free"]:
            free = numbers.value(f"best.{dataset}.training-free.label")
            add_difference(numbers, dataset, f"random.{dataset}", "gain", pairs.between(dataset, free, random[0]))
    budgeted = [(label, settings) for label, settings in searches.items() if settings.get("evaluations") is None]
    by_algorithm = {settings["algorithm"]: label for label, settings in reversed(budgeted)}
    if {"regularised_evolution", "random_search"} <= set(by_algorithm):
        one, other = by_algorithm["regularised_evolution"], by_algorithm["random_search"]
        add_difference(numbers, dataset, f"evolution.{dataset}", "lead", pairs.between(dataset, one, other))
    _add_growth(numbers, dataset, searches, pairs, test)


def _has_prior(settings: dict[str, Any]) -> bool:
    """Return whether a search scores cells by FreeREA's skip term, which looks at where operations lie alone."""
    return reads_prior(settings)


def best_label(labels: list[str], test: Callable[[str], float], seconds: Callable[[str], float | None]) -> str:
    """Return the search with the highest mean, of those that print the same mean the one that takes least time."""
    highest = max(map(test, labels))
    equal = [label for label in labels if show(test(label), "accuracy") == show(highest, "accuracy")]
    return min(equal, key=lambda label: math.inf if seconds(label) is None else seconds(label))


def _add_growth(
    numbers: Numbers, dataset: str, searches: dict[str, dict[str, Any]], pairs: Pairs, test: Callable[..., float]
) -> None:
    """Add, for every proxy, what more samples bring, and the distance to an oracle on equally many samples."""
    plain: dict[str, list[str]] = {}
    for label, settings in searches.items():
        if settings["algorithm"] == PLAIN_PROXY_SEARCH and isinstance(settings.get("proxy"), str):
            plain.setdefault(settings["proxy"], []).append(label)
    oracles = {s["sample"]: label for label, s in searches.items() if s["algorithm"] == "oracle" and "sample" in s}
    for proxy, labels in plain.items():
        labels.sort(key=lambda label: searches[label]["sample"])
        first, last = labels[0], labels[-1]
        before = f"growth.{dataset}.{proxy}"
        for name, label in (("first", first), ("last", last)):
            numbers.add(f"{before}.{name}_sample", searches[label]["sample"], "count")
            numbers.add(f"{before}.{name}_test", test(label), "accuracy")
            numbers.add(f"{before}.{name}_std", test(label, "std"), "accuracy")
        numbers.add(f"{before}.searches", len(labels), "count")
        if len(labels) > 1:
            add_difference(numbers, dataset, before, "gain", pairs.between(dataset, last, first))
            steadier = test(last, "std") < test(first, "std")
            numbers.add(f"{before}.steadier", steadier, "text")
        shared = [label for label in labels if searches[label]["sample"] in oracles]
        if shared:
            label = shared[-1]
            oracle = oracles[searches[label]["sample"]]
            numbers.add(f"{before}.oracle_sample", searches[label]["sample"], "count")
            numbers.add(f"{before}.oracle_test", test(oracle), "accuracy")
            gap = test(oracle) - test(label)
            numbers.add(f"{before}.oracle_gap", gap, "accuracy")
            numbers.add(f"{before}.oracle_side", sign_of_printed(gap), "text")


def _add_transfer(numbers: Numbers, datasets: list[str], searches: dict[str, dict[str, Any]]) -> None:
    """Add what a search on the first dataset loses on the others, against a search there.

    Only searches that spend no training seconds count: a budget may differ between datasets and buys another number
    of looks on each, which would be mixed with the transfer.
    """
    first = datasets[0]
    for dataset in datasets[1:]:
        losses = {}
        for label, settings in searches.items():
            trains = any(numbers.value(f"search.{on}.{label}.training") for on in datasets)
            if trains or search_group(settings) == "reference":
                continue
            own = numbers.value(f"search.{dataset}.{label}.{dataset}.test.mean")
            losses[label] = own - numbers.value(f"search.{first}.{label}.{dataset}.test.mean")
        if losses:
            worst = max(losses, key=lambda label: losses[label])
            numbers.add(f"transfer.{dataset}.largest_loss", losses[worst], "accuracy")
            mean = float(np.mean(list(losses.values())))
            numbers.add(f"transfer.{dataset}.searches", len(losses), "count")
            numbers.add(f"transfer.{dataset}.mean_loss", mean, "accuracy")
            numbers.add(f"transfer.{dataset}.mean_size", abs(mean), "accuracy")
            numbers.add(f"transfer.{dataset}.side", sign_of_printed(mean), "text")
            numbers.add(f"transfer.{dataset}.largest_side", sign_of_printed(losses[worst]), "text")
            numbers.title(f"transfer.{dataset}.title", numbers.value(f"title.search.{worst}"))


def _add_published(numbers: Numbers, path: str | Path) -> None:
    content = read_published(path)
    for row in content["search"]:
        for dataset, metrics in row["values"].items():
            for metric, (mean, deviation) in metrics.items():
                before = f"published.{row['key']}.{dataset}.{SHORT[metric]}"
                numbers.add(f"{before}.mean", mean, "accuracy")
                numbers.add(f"{before}.std", deviation, "accuracy")
        numbers.add(f"published.{row['key']}.seconds", row.get("seconds"), "seconds")
    elsewhere = content.get("elsewhere", {"values": {}})
    for proxy, values in elsewhere["values"].items():
        before = f"published.elsewhere.{proxy}"
        numbers.title(f"{before}.title", proxy_title(proxy))
        for kind, value in zip(elsewhere["kinds"], values, strict=True):
            numbers.add(f"{before}.{kind.replace(' ', '-')}", value, "correlation")
    for name, entry in content["facts"].items():
        numbers.add(f"published.fact.{name}", entry["value"], entry.get("kind", "value"))
