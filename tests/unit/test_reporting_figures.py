import numpy as np
import pandas as pd
import pytest
from reporting_helpers import SEARCHES, FakeStudy

from tfnas.cells import Cell, all_strings
from tfnas.errors import ReportError
from tfnas.files import write_table
from tfnas.proxies.registry import proxy_names
from tfnas.reporting import figures, proxy_figures
from tfnas.reporting.exhibits import (
    accuracies,
    batch,
    best_cells_figure,
    correlations_figure,
    proxy_pairs,
    scatter,
    search_space,
    search_times,
)
from tfnas.reporting.style import colour_of, marker_of


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("one"), ("digits",))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("two"), ("cifar10", "cifar100"))


def check(output):
    assert output.read_bytes().startswith(b"%PDF")
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in output.parent.iterdir()) == sorted(
        [output.name, output.with_suffix(".png").name]
    )


@pytest.mark.parametrize("name", ["one", "two"])
def test_figures_of_a_study(name, request, tmp_path):
    study = request.getfixturevalue(name)
    drawings = {
        "accuracies": lambda output: accuracies.draw_accuracies(study.truths, output),
        "best": lambda output: best_cells_figure.draw_best_cells(study.truths, output),
        "scatter": lambda output: scatter.draw_scatter(
            study.scores, study.truths, study.correlations, "naswot", output
        ),
        "correlations": lambda output: correlations_figure.draw_correlations(
            study.correlations, study.datasets, output
        ),
        "times": lambda output: search_times.draw_search_times(study.summary, SEARCHES, output),
        "batch": lambda output: batch.draw_batch(study.batches[study.datasets[0]], output),
    }
    for figure, draw in drawings.items():
        output = tmp_path / figure / "figure.pdf"
        draw(output)
        check(output)


def test_correlations_of_many_proxies_and_published_ones(two, root, tmp_path):
    table = pd.read_csv(two.correlations)
    parts = [table.assign(proxy=name, spearman=place / 10) for place, name in enumerate(("zen", "naswot", "az_nas"))]
    pd.concat(parts).to_csv(tmp_path / "many.csv", index=False)
    output = tmp_path / "figure/figure.pdf"
    correlations_figure.draw_correlations(tmp_path / "many.csv", two.datasets, output, root / "report/published.yaml")
    check(output)


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_longer_legend_takes_no_room_from_the_panels(name, request, tmp_path):
    import matplotlib.pyplot as plt

    study = request.getfixturevalue(name)
    searches = SEARCHES | {f"more-{n}": SEARCHES["area"] | {"population": n} for n in range(30)}
    summary = pd.read_csv(study.summary)
    more = [summary[summary["search"] == "area"].assign(search=f"more-{n}") for n in range(30)]
    pd.concat([summary, *more]).to_csv(tmp_path / "many.csv", index=False)
    search_times.draw_search_times(study.summary, SEARCHES, tmp_path / "few/figure.pdf")
    search_times.draw_search_times(tmp_path / "many.csv", searches, tmp_path / "many/figure.pdf")
    few, many = (plt.imread(tmp_path / folder / "figure.png").shape[0] / 200 for folder in ("few", "many"))
    assert few + 1 < many < 8, "inches"


@pytest.mark.parametrize("known", [(), ("area",)])
def test_searches_whose_seconds_nobody_knows_are_drawn(one, tmp_path, known):
    summary = pd.read_csv(one.summary)
    summary.loc[~summary["search"].isin(known), "scoring_seconds"] = np.nan
    write_table(tmp_path / "unknown.csv", summary, {})
    output = tmp_path / "figure/figure.pdf"
    search_times.draw_search_times(tmp_path / "unknown.csv", SEARCHES, output)
    check(output)


def test_a_figure_is_the_same_twice(tmp_path):
    skeleton = {"channels": 16, "cells_per_stage": 5}
    search_space.draw_search_space(skeleton, tmp_path / "a" / "figure.pdf")
    search_space.draw_search_space(skeleton, tmp_path / "b" / "figure.pdf")
    check(tmp_path / "a" / "figure.pdf")
    for suffix in (".pdf", ".png"):
        first, second = (tmp_path / folder / f"figure{suffix}" for folder in "ab")
        assert first.read_bytes() == second.read_bytes()


def test_the_example_shows_every_operation():
    assert len(set(search_space.EXAMPLE_CELL.operations)) == 5


def test_best_cells_are_distinct_and_sorted():
    twin = "|none~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|"
    other = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
    assert Cell.parse(twin).canonical() == Cell.parse(other).canonical()
    table = pd.DataFrame({"arch": [other, twin, all_strings()[-1]], "test_accuracy": [50.0, 60.0, 55.0]})
    assert figures.best_cells(table, 5)["test_accuracy"].tolist() == [60.0, 55.0]
    with pytest.raises(ReportError, match="has a row that is no cell of the space: 'nonsense' has 1 nodes"):
        figures.best_cells(pd.DataFrame({"arch": ["nonsense"], "test_accuracy": [1.0]}), 1)


def test_a_proxy_without_correlations_is_named(one, tmp_path):
    table = pd.read_csv(one.correlations)
    table["proxy"] = "other"
    table.to_csv(tmp_path / "correlations.csv", index=False)
    with pytest.raises(ReportError, match="no row for proxy 'naswot' on 'digits': run the summary"):
        scatter.draw_scatter(one.scores, one.truths, tmp_path / "correlations.csv", "naswot", tmp_path / "figure.pdf")


def test_a_large_batch_shows_its_first_images(tmp_path):
    np.savez(tmp_path / "batch.npz", pixels=np.zeros((300, 3, 8, 8), dtype=np.uint8))
    batch.draw_batch(tmp_path / "batch.npz", tmp_path / "figures" / "batch.pdf")
    check(tmp_path / "figures" / "batch.pdf")


def test_alike_proxies_stand_together():
    places = np.array([0.0, 10.0, 1.0, 11.0, 2.0])
    similarity = 1 - np.abs(places[:, None] - places) / 20
    order = proxy_pairs.cluster_order(similarity)
    assert places[order].tolist() in ([0, 1, 2, 10, 11], [11, 10, 2, 1, 0])


def test_an_undefined_similarity_counts_as_none():
    similarity = np.array([[1.0, 0.9, np.nan], [0.9, 1.0, np.nan], [np.nan, np.nan, np.nan]])
    order = proxy_pairs.cluster_order(similarity)
    assert order.index(2) in (0, 2)


@pytest.mark.parametrize("count", [3, 20])
def test_pairs_of_few_and_of_many_proxies(count, tmp_path):
    names = tuple(proxy_names()[:count])
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100"), proxies=names)
    table = pd.read_csv(study.pairs)
    table.loc[(table["proxy"] == names[0]) | (table["other"] == names[0]), "spearman"] = np.nan
    write_table(study.pairs, table)
    output = tmp_path / "figure/figure.pdf"
    proxy_pairs.draw_proxy_pairs(study.pairs, study.correlations, "cifar100", study.names, study.datasets, output)
    check(output)
    with pytest.raises(ReportError, match="no row for proxy 'vote' on 'cifar100': run the summary"):
        proxy_pairs.draw_proxy_pairs(
            study.pairs, study.correlations, "cifar100", [*study.names, "vote"], study.datasets, output
        )


def test_pairs_are_read_by_name(tmp_path):
    rows = [
        ("cifar10", "b", "a", 0.5),
        ("cifar10", "a", "b", 0.5),
        ("cifar10", "a", "a", 1.0),
        ("cifar10", "b", "b", 1.0),
    ]
    pd.DataFrame(rows, columns=list(proxy_figures.PAIR_COLUMNS)).to_csv(tmp_path / "pairs.csv", index=False)
    matrix = proxy_figures.read_pairs(tmp_path / "pairs.csv", ["a", "b", "c"], ["cifar10"])
    assert matrix.shape == (1, 3, 3)
    assert matrix[0, :2, :2].tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert np.isnan(matrix[0, 2]).all()


def test_colours_and_markers_are_another_pair_for_each_of_many():
    assert len({(colour_of(place), marker_of(place)) for place in range(81)}) == 81
    assert marker_of(0) != marker_of(1)
