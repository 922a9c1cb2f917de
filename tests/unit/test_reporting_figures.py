import numpy as np
import pandas as pd
import pytest
from reporting_helpers import SEARCHES, FakeStudy, behind, check_files, made, points, ticks

from tfnas.analysis import best_cells
from tfnas.analysis.published_rows import correlation_rows
from tfnas.errors import DataError, ReportError
from tfnas.files import read_facts, write_table
from tfnas.proxies.registry import proxy_names
from tfnas.report import proxy_figures
from tfnas.report.exhibits import (
    accuracies,
    batch,
    best_cells_figure,
    correlations_figure,
    proxy_pairs,
    scatter,
    search_space,
    search_times,
)
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.style import colour_of, marker_of
from tfnas.report.titles import dataset_title
from tfnas.schemas.proxy_pairs import SCHEMA as PAIRS
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import EDGES, SPACE, Cell


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("one"), ("digits",))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("two"), ("cifar10", "cifar100"))


def titles_of(study):
    """Return the titles of panels, empty where one panel needs none."""
    return [dataset_title(dataset) for dataset in study.datasets] if len(study.datasets) > 1 else ["1"]


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_accuracies_of_all_cells_are_drawn(name, request, tmp_path):
    study = request.getfixturevalue(name)
    output = made(accuracies, tmp_path / "figure.pdf", truths=study.truths)
    check_files(output)
    table = behind(output)
    for number, (dataset, path) in enumerate(study.truths.items()):
        truth = pd.read_parquet(path)
        panel = dataset_title(dataset) if len(study.datasets) > 1 else "1"
        for column, series in (("valid_accuracy", "validation"), ("test_accuracy", "test")):
            outline = points(output, "outline", panel=panel, series=series)
            low = truth[["valid_accuracy", "test_accuracy"]].stack().quantile(0.03)
            high = truth[["valid_accuracy", "test_accuracy"]].max().max()
            counts, edges = np.histogram(truth[column], np.linspace(low, high, 61))
            middles = [x for x, _ in outline]
            assert min(middles) == pytest.approx(edges[0])
            assert max(middles) == pytest.approx(edges[-1])
            assert max(y for _, y in outline) == counts.max()
        lower = str(len(study.datasets) + number + 1)
        hexagons = table[(table["panel"] == lower) & (table["kind"] == "point")]
        assert hexagons["value"].sum() == (truth["test_accuracy"] >= low).sum(), "every cell stands in a hexagon"


def test_a_ground_truth_without_early_stop_says_so(tmp_path):
    study = FakeStudy(tmp_path / "study", ("own",), early=False)
    output = made(accuracies, tmp_path / "figure.pdf", truths=study.truths)
    texts = behind(output).query("kind == 'text'")
    assert texts["series"].tolist() == ["no early stop"]
    assert texts[["x", "y"]].isna().all(axis=None), "a place of the panel is no accuracy"


@pytest.mark.parametrize("name", ["one", "two"])
def test_the_best_cells_are_drawn(name, request, tmp_path):
    study = request.getfixturevalue(name)
    best = made(best_cells, tmp_path / "best-cells.csv", truths=study.truths)
    output = made(best_cells_figure, tmp_path / "figure.pdf", best=best)
    check_files(output)
    table = behind(output)
    for dataset, rows in pd.read_csv(best).groupby("dataset"):
        for values in rows.head(4).itertuples():
            curves = table[table["panel"] == f"{values.test_accuracy:.2f} (valid. {values.valid_accuracy:.2f})"]
            curves = curves[curves["kind"] == "curve"]
            drawn = {(row.x, row.x_end): row.series for row in curves.itertuples()}
            wanted = zip(EDGES, Cell.parse(values.arch).operations, strict=True)
            assert drawn == {edge: operation for edge, operation in wanted if operation != "none"}, dataset
    assert table["panel"].nunique() == 4 * len(study.datasets), "the fifth cell stands in the table alone"


@pytest.mark.parametrize("name", ["one", "two"])
def test_scores_are_drawn_against_accuracies(name, request, tmp_path):
    study = request.getfixturevalue(name)
    sources = {"scores": study.scores, "truths": study.truths, "correlations": study.correlations}
    output = made(scatter, tmp_path / "figure.pdf", proxy="naswot", **sources)
    check_files(output)
    table = behind(output)
    for panel, dataset in zip(table["panel"].unique(), study.datasets, strict=True):
        assert panel.startswith(dataset_title(dataset) if len(study.datasets) > 1 else r"$\tau$")
        assert panel.endswith(rf"$\rho$ = {study.strength(0, dataset):.3f}")
        truth = pd.read_parquet(study.truths[dataset])
        scores = ScoreTable.read(study.scores[dataset]).scores("naswot")[[Cell.parse(a).code for a in truth["arch"]]]
        least = truth["valid_accuracy"].quantile(0.03)
        least -= 0.05 * (truth["valid_accuracy"].max() - least)
        wanted = pd.DataFrame({"x": scores, "y": truth["valid_accuracy"].clip(lower=least)})
        wanted["value"] = truth["arch"].str.count("nor_conv").astype(float)
        drawn = table[(table["panel"] == panel) & (table["kind"] == "point")]
        crosses = drawn[drawn["value"].isna()]
        assert len(crosses) == wanted["x"].isna().sum()
        assert (crosses["x"] < wanted["x"].min()).all(), "cells without a score stand on the left"
        dots = drawn[drawn["value"].notna()][["x", "y", "value"]].sort_values(["x", "y"]).to_numpy()
        np.testing.assert_allclose(dots, wanted.dropna().sort_values(["x", "y"]).to_numpy())


def test_scores_of_many_magnitudes_are_drawn_on_a_logarithmic_axis(one, tmp_path):
    table = ScoreTable.read(one.scores["digits"]).rows("naswot")
    table["score"] = 10.0 ** (2 * table["score"])
    write_scores(tmp_path / "scores.parquet", table, read_facts(one.scores["digits"]))
    sources = {
        "scores": {"digits": tmp_path / "scores.parquet"},
        "truths": one.truths,
        "correlations": one.correlations,
    }
    output = made(scatter, tmp_path / "figure.pdf", proxy="naswot", **sources)
    assert ticks(output, "x")[0] == "0"
    assert all(name.startswith("$10^{") for name in ticks(output, "x")[1:])


def test_a_batch_is_one_picture(two, tmp_path):
    output = made(batch, tmp_path / "figure.pdf", batch=two.batches["cifar10"])
    check_files(output)
    # 8 images of 32 pixels in two rows of four, two pixels between neighbours
    assert points(output, "picture") == [(4 * 34 - 2, 2 * 34 - 2)]


def test_correlations_are_drawn_by_proxy(two, tmp_path):
    table = pd.read_csv(two.correlations)
    parts = [table.assign(proxy=name, spearman=place / 10) for place, name in enumerate(("zen", "naswot", "az_nas"))]
    pd.concat(parts).to_csv(tmp_path / "many.csv", index=False)
    output = made(
        correlations_figure, tmp_path / "figure.pdf", correlations=tmp_path / "many.csv", datasets=two.datasets
    )  # fmt: skip
    check_files(output)
    assert ticks(output, "y") == ["Zen", "NASWOT", "AZ-NAS"], "the best on top"
    ours = table.query("accuracy == 'test_accuracy' and cells == 'all'").set_index("dataset")
    for dataset in two.datasets:
        panel = {"panel": dataset_title(dataset)}
        assert points(output, series="here", **panel) == [(0.0, 0), (0.1, 1), (0.2, 2)]
        assert not points(output, series="others", **panel)
        ends = behind(output).query(f"kind == 'segment' and panel == '{panel['panel']}'")
        assert ends["x"].tolist() == [ours.loc[dataset, "spearman_low"]] * 3
        assert ends["x_end"].tolist() == [ours.loc[dataset, "spearman_high"]] * 3


def test_published_correlations_stand_beside_ours(two, root, tmp_path):
    table = pd.read_csv(two.correlations)
    pd.concat([table, table.assign(proxy="zen")]).to_csv(tmp_path / "many.csv", index=False)
    published = root / "report/published.yaml"
    output = made(
        correlations_figure, tmp_path / "figure.pdf", correlations=tmp_path / "many.csv", datasets=two.datasets,
        published=[published],
    )  # fmt: skip
    places = {"naswot": ticks(output, "y").index("NASWOT"), "zen": ticks(output, "y").index("Zen")}
    for dataset in two.datasets:
        wanted = [
            (row["values"][dataset]["spearman"], place)
            for proxy, place in places.items()
            for row in correlation_rows(published, proxy, [dataset])
            if (row["accuracy"], row["cells"]) == ("test", "all") and "spearman" in row["values"][dataset]
        ]
        assert wanted
        assert sorted(points(output, series="others", panel=dataset_title(dataset))) == sorted(wanted)


@pytest.mark.parametrize("name", ["one", "two"])
def test_accuracies_are_drawn_against_search_times(name, request, tmp_path):
    study = request.getfixturevalue(name)
    output = made(search_times, tmp_path / "figure.pdf", summary=study.summary, searches=SEARCHES)
    check_files(output)
    for panel in titles_of(study):
        assert points(output, panel=panel, series="NASWOT (N = 10, 100)") == [(2.0, 90.0), (2.0, 91.0)], "joined"
        assert points(output, panel=panel, series="AREA") == [(107.0, 91.231)], "scoring and training"
        assert points(output, panel=panel, series="Random search") == [(105.0, 91.2)]
        first, last = points(output, panel=panel, series="Oracle")
        assert np.isnan([first[0], last[0]]).all(), "a reference has no seconds"
        assert (first[1], last[1]) == (91.5, 91.5)
        bars = behind(output).query("kind == 'segment' and series == 'AREA'")
        assert (bars["y"].iloc[0], bars["y_end"].iloc[0]) == pytest.approx((91.031, 91.431))
    assert "Random cell" not in set(behind(output)["series"]), "80 % would squeeze all others"


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_longer_legend_takes_no_room_from_the_panels(name, request, tmp_path):
    import matplotlib.pyplot as plt

    study = request.getfixturevalue(name)
    searches = SEARCHES | {f"more-{n}": SEARCHES["area"] | {"population": n} for n in range(30)}
    summary = pd.read_csv(study.summary)
    more = [summary[summary["search"] == "area"].assign(search=f"more-{n}") for n in range(30)]
    pd.concat([summary, *more]).to_csv(tmp_path / "many.csv", index=False)
    made(search_times, tmp_path / "few.pdf", summary=study.summary, searches=SEARCHES)
    made(search_times, tmp_path / "longer.pdf", summary=tmp_path / "many.csv", searches=searches)
    few, many = (plt.imread(tmp_path / f"{name}.png").shape[0] / 200 for name in ("few", "longer"))
    assert few + 1 < many < 8, "inches"


@pytest.mark.parametrize("known", [(), ("area",)])
def test_searches_whose_seconds_nobody_knows_are_drawn(one, tmp_path, known):
    summary = pd.read_csv(one.summary)
    summary.loc[~summary["search"].isin(known), "scoring_seconds"] = np.nan
    write_table(tmp_path / "unknown.csv", summary, {})
    output = made(search_times, tmp_path / "figure.pdf", summary=tmp_path / "unknown.csv", searches=SEARCHES)
    check_files(output)
    lines = points(output, series="Random search, time unknown")
    assert [y for _, y in lines] == [91.2, 91.2]
    assert np.isnan([x for x, _ in lines]).all(), "a line over the whole panel"
    assert points(output, series="AREA") == ([(107.0, 91.231)] if known else [])


def test_a_figure_is_the_same_twice(tmp_path):
    skeleton = {"channels": 16, "cells_per_stage": 5}
    outputs = [made(search_space, tmp_path / folder / "figure.pdf", skeleton=skeleton) for folder in "ab"]
    check_files(outputs[0])
    for suffix in (".pdf", ".png", ".csv"):
        first, second = (output.with_suffix(suffix) for output in outputs)
        assert first.read_bytes() == second.read_bytes()


def test_the_skeleton_of_the_study_is_drawn(tmp_path):
    output = made(search_space, tmp_path / "figure.pdf", skeleton={"channels": 3, "cells_per_stage": 7})
    table = behind(output)
    assert "".join(table[table["panel"] == "1"]["series"]) == str(search_space.EXAMPLE_CELL)
    curves = table[table["kind"] == "curve"]
    assert dict(zip(zip(curves["x"], curves["x_end"], strict=True), curves["series"], strict=True)) == dict(
        zip(EDGES, search_space.EXAMPLE_CELL.operations, strict=True)
    )
    blocks = table[(table["panel"] == "3") & (table["kind"] == "text")].sort_values("x")["series"].tolist()
    assert [block for block in blocks if block.startswith("cell")] == [
        f"cell × 7\n{channels} channels" for channels in (3, 6, 12)
    ]
    assert (table["kind"] == "bar").sum() == len(blocks)


def test_the_example_shows_every_operation():
    assert len(set(search_space.EXAMPLE_CELL.operations)) == 5


def test_best_cells_are_distinct_and_sorted():
    twin = "|none~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|"
    other = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|"
    assert Cell.parse(twin).canonical() == Cell.parse(other).canonical()
    table = pd.DataFrame({"arch": [other, twin, SPACE.strings[-1]], "test_accuracy": [50.0, 60.0, 55.0]})
    assert best_cells.best_cells(table, 5)["test_accuracy"].tolist() == [60.0, 55.0]
    with pytest.raises(DataError, match="has a row that is no cell of the space: 'nonsense' has 1 nodes"):
        best_cells.best_cells(pd.DataFrame({"arch": ["nonsense"], "test_accuracy": [1.0]}), 1)


def test_a_proxy_without_correlations_is_named(one, tmp_path):
    table = pd.read_csv(one.correlations)
    table["proxy"] = "other"
    table.to_csv(tmp_path / "correlations.csv", index=False)
    with pytest.raises(ReportError, match="no row for proxy 'naswot' on 'digits': run the summary"):
        made(
            scatter, tmp_path / "figure.pdf", scores=one.scores, truths=one.truths, proxy="naswot",
            correlations=tmp_path / "correlations.csv",
        )  # fmt: skip


def test_a_large_batch_shows_its_first_images(tmp_path):
    np.savez(tmp_path / "batch.npz", pixels=np.zeros((300, 3, 8, 8), dtype=np.uint8))
    output = made(batch, tmp_path / "figures/batch.pdf", batch=tmp_path / "batch.npz")
    # 128 images of 8 pixels in eight rows of sixteen, a pixel between neighbours
    assert points(output, "picture") == [(16 * 9 - 1, 8 * 9 - 1)]


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
    sources = {"pairs": study.pairs, "correlations": study.correlations, "datasets": study.datasets}
    made(proxy_pairs, output, **sources, dataset="cifar100", scored=study.names)
    check_files(output)
    order = ticks(output, "y", "2")
    assert sorted(order) == sorted(map(proxy_title, names))
    drawn = behind(output)
    pairs = table[table["dataset"] == "cifar100"].set_index(["proxy", "other"])["spearman"]
    named = {proxy_title(name): name for name in names}
    squares = drawn[(drawn["panel"] == "2") & (drawn["kind"] == "entry")]
    assert len(squares) == count**2
    for row in squares.itertuples():
        wanted = pairs[named[order[int(row.y)]], named[order[int(row.x)]]]
        assert row.value == pytest.approx(wanted, nan_ok=True)
    above = drawn[(drawn["panel"] == "1") & (drawn["kind"] == "entry")].sort_values("x")["value"]
    assert above.tolist() == pytest.approx([study.strength(names.index(named[title]), "cifar100") for title in order])
    texts = drawn[(drawn["panel"] == "2") & (drawn["kind"] == "text")]
    known = squares["value"].dropna()
    assert len(texts) == (len(known) if count <= proxy_pairs.MOST_WITH_VALUES else (known < 0).sum())
    with pytest.raises(ReportError, match="no row for proxy 'vote' on 'cifar100': run the summary"):
        made(proxy_pairs, output, **sources, dataset="cifar100", scored=[*study.names, "vote"])


def test_pairs_are_read_by_name(tmp_path):
    rows = [
        ("cifar10", "b", "a", 0.5),
        ("cifar10", "a", "b", 0.5),
        ("cifar10", "a", "a", 1.0),
        ("cifar10", "b", "b", 1.0),
    ]
    pd.DataFrame(rows, columns=list(PAIRS.names)).to_csv(tmp_path / "pairs.csv", index=False)
    matrix = proxy_figures.read_pairs(tmp_path / "pairs.csv", ["a", "b", "c"], ["cifar10"])
    assert matrix.shape == (1, 3, 3)
    assert matrix[0, :2, :2].tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert np.isnan(matrix[0, 2]).all()


def test_colours_and_markers_are_another_pair_for_each_of_many():
    assert len({(colour_of(place), marker_of(place)) for place in range(81)}) == 81
    assert marker_of(0) != marker_of(1)
