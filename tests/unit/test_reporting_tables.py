import json
import re

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import SEARCHES, FakeStudy

from tfnas.errors import DataError, ReportError
from tfnas.reporting import figures, tables

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


def write(function, tmp_path, *arguments, **more):
    output = tmp_path / "table.tex"
    function(*arguments, output, **more)
    return output.read_text()


def test_search_table_of_one_dataset_has_times_and_groups(one, tmp_path):
    text = write(tables.write_search_table, tmp_path, one.summary, SEARCHES, one.datasets)
    assert "Scoring (s) & Training (s) & validation & test" in text
    assert (
        text.index("Candidates are trained")
        < text.index("Training-free")
        < text.index("Hybrid")
        < text.index("References")
    )
    assert "published" not in text
    assert columns_of(text) == {5}


def test_best_of_a_column_is_bold_ties_too_and_references_never(one, tmp_path):
    text = write(tables.write_search_table, tmp_path, one.summary, SEARCHES, one.datasets)
    bold = [line for line in text.splitlines() if r"\textbf{91.23}" in line]
    assert [line.split(" & ")[0] for line in bold] == ["Regularised evolution", "AREA"]
    assert r"\textbf{91.50}" not in text


def test_search_table_of_three_datasets(three, root, tmp_path):
    published = root / PUBLISHED
    text = write(
        tables.write_search_table, tmp_path, three.summary, SEARCHES, three.datasets, searched_on="cifar10",
        published_path=published,
    )  # fmt: skip
    assert columns_of(text) == {9}
    assert r"\quad published~\citep{mellor2021naswot}" in text
    assert r"DARTS-V2~\citep{mellor2021naswot}" in text
    assert r"\quoted{93.92\,\textpm\,0.30}" in text
    each = write(tables.write_search_table, tmp_path, three.summary, SEARCHES, three.datasets, published_path=published)
    assert columns_of(each) == {7}
    assert "DARTS" not in each
    assert r"\quad computed from published scores~\citep{cavagnero2023freerea}" in each
    assert r"\quad published~\citep" not in each


def test_published_rows_stay_out_of_other_studies(one, root, tmp_path):
    text = write(
        tables.write_search_table, tmp_path, one.summary, SEARCHES, one.datasets, searched_on=None,
        published_path=root / PUBLISHED,
    )  # fmt: skip
    assert "published" not in text


def test_a_search_without_summary_is_named(one, tmp_path):
    more = SEARCHES | {"lost": {"algorithm": "random_cell"}}
    with pytest.raises(ReportError, match="no valid_accuracy on 'digits' of search 'lost' searched on 'digits'"):
        tables.write_search_table(one.summary, more, one.datasets, tmp_path / "table.tex")
    assert not (tmp_path / "table.tex").exists()


def test_a_summary_without_a_column_is_named(tmp_path):
    pd.DataFrame({"search": ["a"]}).to_csv(tmp_path / "search.csv", index=False)
    with pytest.raises(DataError, match="has no column searched_on"):
        tables.write_search_table(tmp_path / "search.csv", SEARCHES, ["digits"], tmp_path / "table.tex")


def test_correlation_table(three, root, tmp_path):
    output = tmp_path / "table.tex"
    tables.write_correlation_table(three.correlations, three.datasets, output, root / PUBLISHED)
    text = output.read_text()
    assert columns_of(text) == {8}
    assert "0.793 [0.780, 0.800]" in text
    assert r"\quoted{0.780}" in text
    assert r"\quoted{\quad computed from published scores~\citep{cavagnero2023freerea}}" in text
    own = r"\quoted{\quad published~\citep{mellor2021naswot}} & \quoted{validation} & \quoted{random} & \quoted{1000}"
    assert own in text
    assert text.count(own) == 3
    assert r"\quoted{0.574}" in text
    with pytest.raises(ReportError, match="no row for dataset 'svhn'"):
        tables.write_correlation_table(three.correlations, ["svhn"], output)


def test_time_tables(one, three, tmp_path):
    assert columns_of(write(tables.write_time_table, tmp_path, one.summary, SEARCHES, one.datasets)) == {5}
    assert columns_of(write(tables.write_time_table, tmp_path, three.summary, SEARCHES, three.datasets)) == {10}


def test_setup_settings_and_best_cells(one, tmp_path):
    setup = write(tables.write_setup_table, tmp_path, one.config, one.batches, one.truths, one.scores)
    assert r"$8\times8$, grey" in setup
    assert "100 s" in setup
    assert r"Initialisations per cell & 3 \\" in setup, "the scores say so, whatever the study says"
    settings = write(tables.write_settings_table, tmp_path, SEARCHES)
    assert "population 10, tournament 3" in settings
    assert r"mutation node\_first" in settings
    best = write(tables.write_best_cells_table, tmp_path, one.truths)
    assert len([line for line in best.splitlines() if "cellstring" in line]) == 5


def test_contract_prints_the_recipe_of_a_trained_table(one, three, tmp_path):
    text = write(tables.write_contract_table, tmp_path, one.truths)
    assert r"the other\_half \& all" in text
    assert "optimiser: SGD; epochs: 5; seeds: 1, 2, 3" in text
    assert "recipe" not in write(tables.write_contract_table, tmp_path, three.truths)


def test_provenance_counts_long_lists_and_names_a_missing_device(one, tmp_path):
    text = write(tables.write_provenance_table, tmp_path, one.folder / "provenance.json", one.scores)
    assert r"abc\_1" in text
    assert "50 values, in the file" in text
    scores = tmp_path / "digits.csv"
    scores.with_suffix(".json").write_text(json.dumps({"families": {"naswot": {}}}))
    with pytest.raises(ReportError, match=r"The facts of '.*digits.csv' lack 'device'"):
        tables.write_provenance_table(one.folder / "provenance.json", {"digits": scores}, tmp_path / "table.tex")


def test_pixels_of_another_type_are_named(tmp_path):
    np.savez(tmp_path / "b.npz", pixels=np.zeros((2, 8, 8)))
    with pytest.raises(ReportError, match=r"are float64 of shape \(2, 8, 8\)"):
        figures.read_pixels(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", other=np.zeros(2))
    with pytest.raises(ReportError, match="cannot be read"):
        figures.read_pixels(tmp_path / "c.npz")


def test_many_proxies_have_one_row_each(tmp_path, root):
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100"))
    table = pd.read_csv(study.correlations)
    names = ("naswot", "params", "synflow", "zen", "az_nas")
    pd.concat(table.assign(proxy=name) for name in names).to_csv(tmp_path / "many.csv", index=False)
    output = tmp_path / "correlations.tex"
    tables.write_correlation_table(tmp_path / "many.csv", study.datasets, output, root / "report/published.yaml")
    text = output.read_text()
    ours = table.query("dataset == 'cifar100' and accuracy == 'test_accuracy' and cells == 'all'").iloc[0]
    line = next(line for line in text.splitlines() if line.startswith("NASWOT"))
    assert f"{ours['spearman']:.3f}" in line
    assert r"\quoted{0.808}" in line, "the published value of the same dataset"
    assert r"\quoted{0.737, 0.769}" in text, "both published values of synflow on CIFAR-10"
    assert "validation" not in text
