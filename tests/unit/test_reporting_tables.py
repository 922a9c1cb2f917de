import json
import re

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import SEARCHES, FakeStudy, made, printed

from tfnas.analysis import best_cells, published_rows
from tfnas.errors import DataError, ReportError
from tfnas.report import proxy_tables
from tfnas.report.exhibits import (
    batch,
    best_cells_table,
    contract,
    correlations_table,
    first_cells,
    provenance,
    proxies,
    published_correlations,
    quality,
    ranking,
    search_table,
    settings,
    setup,
    times,
    transfer,
)
from tfnas.report.exhibits.provenance import told, told_of_families

PUBLISHED = "report/published.yaml"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("one"), ("digits",))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("three"), ("cifar10", "cifar100", "ImageNet16-120"), published=True)


def columns_of(text: str) -> set[int]:
    """Return how many columns the rows of a tabular have, multicolumn cells counted by their span."""
    counts = set()
    for line in text.splitlines():
        if line.endswith(r"\\"):
            spans = [int(span) - 1 for span in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            counts.add(len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans))
    return counts


def write(module, tmp_path, **values):
    return made(module, tmp_path / "table.tex", **values).read_text()


def of(study):
    """Return what tables of proxies are made of."""
    return {"correlations": study.correlations, "scored": study.names, "datasets": study.datasets}


def test_search_table_of_one_dataset_has_times_and_groups(one, tmp_path):
    text = write(search_table, tmp_path, summary=one.summary, searches=SEARCHES, datasets=one.datasets)
    assert "Scoring (s) & Training (s) & validation & test" in text
    assert (
        text.index("Candidates are trained")
        < text.index("Training-free")
        < text.index("Hybrid")
        < text.index("References")
    )
    assert "published" not in text
    assert columns_of(text) == {5}


def test_search_table_shows_the_spread_between_scorings(tmp_path, root):
    study = FakeStudy(tmp_path / "study", ("digits",), scorings=3)
    searched = {"summary": study.summary, "searches": SEARCHES, "datasets": study.datasets}
    text = write(search_table, tmp_path, **searched, published=[root / PUBLISHED])
    assert "validation & test & between scorings" in text
    ends = {line.split(" & ")[0]: line.split(" & ")[-1] for line in text.splitlines() if " & " in line}
    assert ends["Random cell"].startswith("--")
    assert ends["NASWOT ($N{=}10$)"].startswith("0.12")
    assert columns_of(text) == {6}


def test_best_of_a_column_is_bold_ties_too_and_references_never(one, tmp_path):
    text = write(search_table, tmp_path, summary=one.summary, searches=SEARCHES, datasets=one.datasets)
    bold = [line for line in text.splitlines() if r"\textbf{91.23}" in line]
    assert [line.split(" & ")[0] for line in bold] == ["Regularised evolution", "AREA"]
    assert r"\textbf{91.50}" not in text


def test_search_table_of_three_datasets(three, root, tmp_path):
    searched = {"summary": three.summary, "searches": SEARCHES, "datasets": three.datasets}
    searched["published"] = [root / PUBLISHED]
    text = write(transfer, tmp_path, **searched)
    assert columns_of(text) == {9}
    assert r"\quad published~\citep{mellor2021naswot}" in text
    assert r"DARTS-V2~\citep{mellor2021naswot}" in text
    assert r"\quoted{93.92\,\textpm\,0.30}" in text
    each = write(search_table, tmp_path, **searched)
    assert columns_of(each) == {7}
    assert "DARTS" not in each
    assert r"\quad computed from published data~\citep{cavagnero2023freerea}" in each
    assert each.count(r"\quad published~\citep") == 1, "the oracle chooses on every dataset by itself"
    assert r"RoBoT (accuracies of CIFAR-10)~\citep{he2024robot}" in each


def test_published_rows_stay_out_of_other_studies(one, root, tmp_path):
    searched = {"summary": one.summary, "searches": SEARCHES, "datasets": one.datasets}
    text = write(search_table, tmp_path, **searched, published=[root / PUBLISHED])
    assert "published" not in text


def test_a_search_without_summary_is_named(one, tmp_path):
    more = SEARCHES | {"lost": {"algorithm": "random_cell"}}
    with pytest.raises(ReportError, match="no valid_accuracy on 'digits' of search 'lost' searched on 'digits'"):
        write(search_table, tmp_path, summary=one.summary, searches=more, datasets=one.datasets)
    assert not (tmp_path / "table.tex").exists()


def test_a_summary_without_a_column_is_named(tmp_path):
    pd.DataFrame({"search": ["a"]}).to_csv(tmp_path / "search.csv", index=False)
    with pytest.raises(DataError, match="has no column searched_on"):
        write(search_table, tmp_path, summary=tmp_path / "search.csv", searches=SEARCHES, datasets=["digits"])


def test_correlation_table(three, tmp_path):
    text = write(correlations_table, tmp_path, correlations=three.correlations, datasets=three.datasets)
    assert columns_of(text) == {8}
    assert "0.793 [0.783, 0.803]" in text
    with pytest.raises(ReportError, match="no row for dataset 'svhn'"):
        write(correlations_table, tmp_path, correlations=three.correlations, datasets=["svhn"])


def test_time_tables(one, three, tmp_path):
    for study, columns in ((one, 6), (three, 13)):
        text = write(times, tmp_path, summary=study.summary, searches=SEARCHES, datasets=study.datasets)
        assert columns_of(text) == {columns}


def test_setup_settings_and_best_cells(one, tmp_path):
    text = write(
        setup, tmp_path, config=one.config, budgets=one.study.budgets, batches=one.batches, truths=one.truths,
        scores=one.scores,
    )  # fmt: skip
    assert r"$8\times8$, grey" in text
    assert "100 s" in text
    assert r"Initialisations per cell & 3 \\" in text, "the scores say so, whatever the study says"
    assert r"Scoring mini-batch & 8 images; the first 4 for naswot \\" in text
    text = write(settings, tmp_path, searches=SEARCHES)
    assert "population 10, tournament 3" in text
    assert r"mutation node\_first" in text
    robot = {"robot": {"algorithm": "robot", "accuracies_of": "cifar10", "constraint": {"flops": {"max": 50}}}}
    text = write(settings, tmp_path, searches=robot)
    assert "queries 20, flops $\\leq$ 50, accuracies of CIFAR-10" in text
    assert "proxies grad\\_norm + SNIP + GraSP" in text
    best = made(best_cells, tmp_path / "best-cells.csv", truths=one.truths)
    write(best_cells_table, tmp_path, best=best)
    truth = pd.read_parquet(one.truths["digits"]).nlargest(5, "test_accuracy")
    rows = printed(tmp_path / "table.tex")
    assert rows["Cell"].tolist() == truth["arch"].tolist()
    assert rows["Test (%)"].tolist() == [f"{value:.2f}" for value in truth["test_accuracy"]]


def test_contract_prints_the_recipe_of_a_trained_table(one, three, tmp_path):
    text = write(contract, tmp_path, truths=one.truths)
    assert r"the other\_half \& all" in text
    assert "optimiser: SGD; epochs: 5; seeds: 1, 2, 3" in text
    assert "recipe" not in write(contract, tmp_path, truths=three.truths)


def test_provenance_counts_long_lists_and_names_a_missing_device(one, tmp_path):
    text = write(provenance, tmp_path, provenance=one.folder / "provenance.json", scores=one.scores)
    assert r"abc\_1" in text
    assert "50 values, in the file" in text
    assert r"versions & numpy 2 \\" in text
    scores = tmp_path / "digits.csv"
    scores.with_suffix(".json").write_text(json.dumps({"families": {"naswot": {}}}))
    with pytest.raises(ReportError, match=r"The facts of '.*digits.csv' lack 'device'"):
        write(provenance, tmp_path, provenance=one.folder / "provenance.json", scores={"digits": scores})


def test_nested_facts_share_a_row_unless_they_are_long():
    facts = {
        "commit": "abc",
        "versions": {"numpy": "2", "torch": None, "scipy": "1"},
        "seconds_by_rule": {"draw": {"jobs": 2, "seconds": 0.1 + 0.2}, "merge": {"jobs": 1, "seconds": 4}},
        "batch": {"images": 8, "source": "x" * 60, "shape": [1, 8, 8], "positions": list(range(50))},
        "nothing": {},
    }
    assert told(facts) == [
        ("commit", "abc"),
        ("versions", "numpy 2; scipy 1"),
        ("seconds by rule", "draw (jobs 2; seconds 0.3); merge (jobs 1; seconds 4)"),
        ("batch", "images 8; shape 1, 8, 8; positions 50 values, in the file"),
        ("batch: source", "x" * 60),
    ]


def test_families_are_told_by_distinct_settings():
    """Every setting and every measured number of every family stands in the rows."""
    common = {"device": "Some CPU", "threads": 1}
    families = {
        "naswot": common | {"precision": "float32", "repeats": 1, "cells_scored": 5785, "wall_seconds": 52.5},
        "synflow": common | {"precision": "float64", "repeats": 1, "cells_scored": 10},
        "ntk_trace": common | {"precision": "float32", "repeats": 1, "cells_scored": 7, "wall_seconds": 3.0},
    }
    assert told_of_families(families) == [
        ("every family", "device Some CPU; threads 1; repeats 1"),
        (
            "families",
            "precision float32: naswot (cells scored 5785; wall seconds 52.5), "
            "ntk trace (cells scored 7; wall seconds 3)",
        ),
        ("families", "precision float64: synflow (cells scored 10)"),
    ]
    alone = {"naswot": families["naswot"]}
    assert told_of_families(alone) == [
        ("every family", "device Some CPU; threads 1; precision float32; repeats 1"),
        ("families", "naswot (cells scored 5785; wall seconds 52.5)"),
    ]
    assert told_of_families({"a": {"device": "x", "repeats": 2}, "b": {"device": "x"}}) == [
        ("every family", "device x"),
        ("families", "repeats 2: a"),
        ("families", "b"),
    ], "a setting that one family does not state is not shared"
    assert told_of_families({}) == []


def test_pixels_of_another_type_are_named(tmp_path):
    np.savez(tmp_path / "b.npz", pixels=np.zeros((2, 8, 8)))
    with pytest.raises(ReportError, match=r"are float64 of shape \(2, 8, 8\)"):
        batch.read_pixels(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", other=np.zeros(2))
    with pytest.raises(ReportError, match="cannot be read"):
        batch.read_pixels(tmp_path / "c.npz")


NAMES = ("naswot", "params", "synflow", "zen", "az_nas")


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """A study of two datasets, four proxies and an ensemble."""
    folder = tmp_path_factory.mktemp("five")
    return FakeStudy(folder, ("cifar10", "cifar100"), published=True, proxies=NAMES[:4], ensembles=NAMES[4:])


def lines_of(text, start):
    return [line.rstrip("\\ ").split(" & ") for line in text.splitlines() if line.startswith(start)]


def test_many_proxies_have_one_row_per_dataset_and_may_break_over_pages(five, tmp_path):
    text = write(correlations_table, tmp_path, correlations=five.correlations, datasets=five.datasets)
    assert text.count(r"\longcaption") == 1
    assert text.count(r"\begin{longtable}") == text.count(r"\begin{longtable*}") == 1
    assert lines_of(text, "SynFlow") == [
        ["SynFlow", "0.733 [0.723, 0.743]", "0.570 [0.560, 0.580]", "0.733", "0.570", "0.733"],
        ["SynFlow", "0.731 [0.721, 0.741]", "0.570 [0.560, 0.580]", "0.731", "0.570", "0.731"],
    ]


def test_a_ground_truth_without_validation_leaves_a_dash(five, tmp_path):
    table = pd.read_csv(five.correlations)
    table[table["accuracy"] == "test_accuracy"].to_csv(tmp_path / "test.csv", index=False)
    text = write(correlations_table, tmp_path, correlations=tmp_path / "test.csv", datasets=five.datasets)
    assert {line[-1] for line in lines_of(text, "SynFlow")} == {"--"}


def test_the_table_of_proxies_says_what_each_needs(five, tmp_path):
    text = write(proxies, tmp_path, **of(five))
    assert lines_of(text, "NASWOT~") == [
        [r"NASWOT~\citep{mellor2021naswot}", "one forward pass, real images", r"$\uparrow$", "0.200", "0.200"]
    ]
    ensemble = lines_of(text, "AZ-NAS~")[0]
    assert ensemble[1].startswith("log rank sum of AZ-NAS expressivity, ")
    assert text.index("Zen~") < text.index(r"\emph{Ensembles}") < text.index("AZ-NAS~")
    one = write(proxies, tmp_path, correlations=five.correlations, scored=["params"], datasets=["cifar10"])
    assert "s/cell" in one
    assert "Ensembles" not in one


def test_quality_and_stability(five, tmp_path):
    text = write(quality, tmp_path, quality=five.quality, noise=five.measured_noise, **of(five))
    assert columns_of(text) == {1, 7}, "titles of blocks, rows"
    first = ["0.310 [0.210, 0.410]", "0.400 [0.380, 0.420]", "2", "0.980 (2.5)", "0.900 (4.0)", "0.950 (12)"]
    assert lines_of(text, "NASWOT")[0][1:] == first
    assert lines_of(text, "Parameters")[0][2] == "--", "no partial correlation of what is given"
    assert lines_of(text, "AZ-NAS")[0][4:] == ["--"] * 3, "an ensemble has no noise of its own"
    text = write(quality, tmp_path, quality=five.quality, **of(five))
    assert {len(line) for line in lines_of(text, "NASWOT")} == {4}


def test_twins_have_no_column_where_there_are_none(five, tmp_path):
    noise = pd.read_csv(five.measured_noise).assign(twins=0, twin_spearman=np.nan)
    noise.to_csv(tmp_path / "noise.csv", index=False)
    text = write(quality, tmp_path, quality=five.quality, noise=tmp_path / "noise.csv", **of(five))
    assert "Twins" not in text
    assert {len(line) for line in lines_of(text, "NASWOT")} == {6}


def test_ranks_share_ties_and_put_what_is_undefined_last():
    values = {"a": (0.5, 0.1), "b": (0.7, 0.3), "c": (0.5, np.nan), "d": (-0.9, 0.2)}
    rows = [
        {"proxy": name, "dataset": dataset, "accuracy": "test_accuracy", "cells": "all", "spearman": value}
        for name, pair in values.items()
        for dataset, value in zip(("one", "two"), pair, strict=True)
    ]
    other = [row | {"cells": "distinct", "spearman": -row["spearman"]} for row in rows]
    ranks = proxy_tables.rank_proxies(pd.DataFrame(rows + other), list(values), ["one", "two"])
    assert ranks.index.tolist() == ["b", "a", "d", "c"]
    assert ranks["one"].to_dict() == {"b": 1, "a": 2.5, "d": 4, "c": 2.5}
    assert ranks["two"].to_dict() == {"b": 1, "a": 3, "d": 2, "c": 4}
    assert ranks["mean_rank"].to_dict() == {"b": 1, "a": 2.75, "d": 3, "c": 3.25}
    assert ranks.loc["b", "mean_spearman"] == pytest.approx(0.5)
    assert np.isnan(ranks.loc["c", "mean_spearman"])


def test_ranking_table(five, tmp_path):
    text = write(ranking, tmp_path, **of(five))
    whole = r"\phantom{.0}"
    assert lines_of(text, "NASWOT") == [
        ["NASWOT", r"\textbf{0.793}", f"1{whole}", r"\textbf{0.791}", f"1{whole}", r"\textbf{0.792}", "1.0"]
    ]
    assert [line[0] for line in lines_of(text, "")].index("Zen") == [line[0] for line in lines_of(text, "")].index(
        "SynFlow"
    ) + 1
    one = write(ranking, tmp_path, **of(five) | {"datasets": ["cifar100"]})
    assert columns_of(one) == {3}


def test_a_proxy_without_a_row_is_named(five, tmp_path):
    for module in (ranking, proxies):
        with pytest.raises(ReportError, match=r"correlations.csv' has no row for proxy 'near' on 'cifar10': run the"):
            write(module, tmp_path, **of(five) | {"scored": ["naswot", "near"]})


def test_our_correlations_beside_published_ones(five, root, tmp_path):
    text = write(published_correlations, tmp_path, published=[root / PUBLISHED], **of(five))
    lines = text.splitlines()
    place = next(i for i, line in enumerate(lines) if "NASWOT, test accuracy, all 15\\,625 cells, computed" in line)
    assert r"published data~\citep{cavagnero2023freerea}: batch 64" in lines[place]
    row = [r"\quad$\rho$", "0.793", r"\quoted{0.793}", "0.000", "0.791", r"\quoted{0.808}", "$-0.017$"]
    assert lines[place + 1].rstrip("\\ ").split(" & ") == row
    assert r"NASWOT, validation accuracy, 1000 random cells, published~\citep{mellor2021naswot}" in text
    assert r"\textbf{0.323}" in text, "Zen on CIFAR-10, 0.703 against 0.38"
    assert r"\textbf{\textminus 0.240}" in text, "AZ-NAS on CIFAR-10, 0.673 against 0.913"
    assert "ImageNet" not in text


def test_published_values_stand_beside_ours_over_the_same_cells(root):
    """VKDNW's values of NASWOT are of 9,445 pruned cells, and Mellor's of a random set, which we do not have."""
    table = pd.DataFrame({"proxy": "naswot", "dataset": "cifar10", "cells": ["all", "pruned", "distinct"]})
    table = pd.concat([table.assign(accuracy=accuracy) for accuracy in ("test_accuracy", "valid_accuracy")])
    table = table.assign(spearman=[0.1, 0.2, 0.3] * 2, kendall=[0.4, 0.5, 0.6] * 2, ndcg=[0.7, 0.8, 0.9] * 2)
    rows = published_rows.correlation_rows(root / PUBLISHED, "naswot", ["cifar10"])
    for row in rows:
        ours = {entry.coefficient: entry.ours for entry in published_rows.compare(row, table, ["cifar10"])}
        full = {"all": (0.1, 0.4, 0.7), "random": (0.1, 0.4, 0.7), "pruned": (0.2, 0.5, 0.8)}[row["cells"]]
        known = dict(zip(("spearman", "kendall", "ndcg"), full, strict=True))
        assert ours == {name: known[name] for name in row["values"]["cifar10"]}
    assert {row["cells"] for row in rows} == {"all", "random", "pruned"}


def test_the_table_of_first_cells(five, tmp_path):
    text = write(first_cells, tmp_path, quality=five.quality, **of(five))
    one, other = [r"\textbf{0.700}", r"\textbf{90.00}", "(25.0)"], ["0.670", "89.00", "(25.0)"]
    assert lines_of(text, "NASWOT") == [["NASWOT", *one * len(five.datasets)]]
    assert [line[1:4] for line in lines_of(text, "")].count(other) == 1


def test_a_value_printed_without_its_sign_is_compared_without(root):
    table = pd.DataFrame(
        {"proxy": ["synflow"], "dataset": ["cifar10"], "accuracy": ["test_accuracy"], "cells": ["all"]}
    )
    table = table.assign(spearman=-0.7, kendall=-0.5, ndcg=0.6)
    both = [
        published_rows.compare(row, table, ["cifar10"])
        for row in published_rows.correlation_rows(root / PUBLISHED, "synflow", ["cifar10"])
    ]
    ours = {row[0].theirs: [entry.ours for entry in row] for row in both}
    assert {theirs: ours[theirs] for theirs in (0.737, 0.769)} == {0.737: [0.7], 0.769: [-0.7, -0.5]}
    assert [entry.alike for entry in both[0]] == [True]
    assert published_rows.Comparison("a", "b", "spearman", 0.75, 0.7).alike, "as printed, whatever the last bit says"
    assert not published_rows.Comparison("a", "b", "spearman", 0.751, 0.7).alike
