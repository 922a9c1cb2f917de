"""Fronts of runs against the true front, sub-spaces by their FLOPs, and what the report makes of both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import added, behind, check_files, made, points
from search_helpers import nats_truth, score_table, truth_table, write
from summary_helpers import summarise_cost_limits, summarise_fronts, summarise_subspaces

from tfnas.analysis.fronts import allowed
from tfnas.analysis.fronts import reported_accuracies as accuracies_of
from tfnas.errors import CellError, SearchError
from tfnas.files import read_facts
from tfnas.report.cost_titles import cost_title
from tfnas.report.exhibits import cost_limits, fronts_figure, fronts_table
from tfnas.report.exhibits import subspaces as spaces_table
from tfnas.report.names import contenders, search_titles
from tfnas.report.numbers import cost_limits as limit_numbers
from tfnas.report.numbers import fronts as front_numbers
from tfnas.report.numbers.base import Numbers
from tfnas.report.titles import dataset_title
from tfnas.schemas.cost_limits import SCHEMA as LIMITS
from tfnas.schemas.front_cells import SCHEMA as CELLS
from tfnas.schemas.fronts import SCHEMA as FRONTS
from tfnas.schemas.subspaces import SCHEMA as SPACES
from tfnas.search.block import Block
from tfnas.search.constraints import limits_of_search
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE
from tfnas.truth.latencies import convert

ALL = np.arange(SPACE_SIZE)
CONVOLUTIONS = (SPACE.digits(ALL) == 3).sum(axis=1)
SEARCHES = {
    "by-flops": {"algorithm": "nsga2", "proxy": "made_up", "cost": "flops", "evaluations": 200},
    "by-phone": {"algorithm": "nsga2_accuracy", "cost": "phone", "constraint": {"params": {"max": 9000}}},
}
DATASETS = ["one", "two"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two searches with two objectives on two datasets, five runs each, and their summary."""
    folder = tmp_path_factory.mktemp("fronts")
    truth = truth_table().assign(flops=1.0 + CONVOLUTIONS)
    truths = {"one": write(truth, folder / "one.csv")}
    truths["two"] = write(truth.assign(test_accuracy=100 - truth["test_accuracy"]), folder / "two.csv")
    scores = write(score_table(), folder / "s.csv")
    phone = pd.DataFrame({"arch": SPACE.strings, "phone": 10.0 - CONVOLUTIONS})
    convert(write(phone, folder / "phone.csv"), "one", {}, folder / "latency.parquet")
    latencies = dict.fromkeys(DATASETS, folder / "latency.parquet")
    paths = []
    for label, settings in SEARCHES.items():
        for dataset in DATASETS:
            paths.append(folder / f"{label}-{dataset}.parquet")
            run_block(
                Block(label, settings, 0, 4, 1, "s"),
                dataset,
                Inputs(truths, [scores], latency_path=latencies[dataset]),
                paths[-1],
                budget_seconds=60,
            )
    summarise_fronts(paths, truths, latencies, SEARCHES, folder / "fronts.csv", folder / "cells.parquet", 0)
    return folder, truths, latencies


def test_the_summary_has_a_row_for_every_search_and_protocol(study):
    folder, _, _ = study
    summary = pd.read_csv(folder / "fronts.csv")
    assert tuple(summary.columns) == FRONTS.names
    assert len(summary) == 2 * 2 * 2
    assert (summary["n"] == 5).all()
    assert summary["mean"].between(0, 1).all()
    assert (summary["ci_low"] <= summary["mean"]).all()
    assert (summary["mean"] <= summary["ci_high"]).all()
    assert "median test accuracy" in read_facts(folder / "fronts.csv")["value_floor"]


def test_a_share_by_hand(study):
    """Written out with rectangles for one run: the front against all cells, from the median accuracy and most FLOPs."""
    folder, truths, _ = study
    cells = pd.read_parquet(folder / "cells.parquet")
    assert tuple(cells.columns) == CELLS.names
    truth = pd.read_csv(truths["one"])
    floor, ceiling = truth["test_accuracy"].median(), truth["flops"].max()

    def area(table, cost):
        """Best accuracy of what costs at most c, over the floor, for each step of one from c to the ceiling."""
        tops = [table.loc[table[cost] <= c, "test_accuracy"].max() for c in np.arange(1.0, ceiling)]
        return sum(max(top - floor, 0) for top in tops if top == top)

    own = cells[(cells["search"] == "by-flops") & (cells["searched_on"] == "one") & (cells["dataset"] == "one")]
    shares = [
        area(front.rename(columns={"accuracy": "test_accuracy"}), "cost") / area(truth, "flops")
        for _, front in own.groupby("run")
    ]
    summary = (
        pd.read_csv(folder / "fronts.csv").query("search == 'by-flops' and searched_on == 'one'").set_index("dataset")
    )
    assert summary.loc["one", "mean"] == pytest.approx(np.mean(shares), rel=1e-12)
    assert summary.loc["one", "std"] == pytest.approx(np.std(shares, ddof=1), rel=1e-9)
    assert summary.loc["one", "cells"] == len(own) / 5
    middle = int(summary.loc["one", "median_run"])
    assert shares[middle] == pytest.approx(np.median(shares))
    # on the other dataset the same cells are the worst ones
    assert summary.loc["two", "mean"] < summary.loc["one", "mean"]


def test_the_true_front_keeps_to_the_constraint(study):
    _, truths, latencies = study
    codes, costs = allowed(SEARCHES, "by-phone", truths, "one", latencies["one"])
    assert codes.tolist() == list(range(9001))
    np.testing.assert_array_equal(costs, 10.0 - CONVOLUTIONS[:9001])
    assert accuracies_of(truths["one"])[5] == truth_table().loc[5, "test_accuracy"]


def test_the_true_front_keeps_to_the_cells_of_the_dataset_whose_accuracies_are_shown(study, tmp_path):
    _, truths, latencies = study
    some = truths | {"two": write(pd.read_csv(truths["two"])[100:300], tmp_path / "some.csv")}
    searches = {"by-phone": {"algorithm": "nsga2_accuracy", "cost": "phone"}}
    assert allowed(searches, "by-phone", some, "one", latencies["one"])[0].size == SPACE_SIZE
    searches["by-phone"]["accuracies_of"] = "two"
    assert allowed(searches, "by-phone", some, "one", latencies["one"])[0].tolist() == list(range(100, 300))


def test_a_front_of_one_cost_has_no_volume_and_no_share(tmp_path):
    truths = {"one": write(truth_table().assign(flops=5.0), tmp_path / "one.csv")}
    scores = write(score_table(), tmp_path / "s.csv")
    searches = {"by-flops": SEARCHES["by-flops"] | {"evaluations": 60}}
    run_block(
        Block("by-flops", searches["by-flops"], 0, 3, 1, "s"),
        "one",
        Inputs(truths, [scores]),
        tmp_path / "runs.parquet",
        budget_seconds=60,
    )
    summarise_fronts(
        [tmp_path / "runs.parquet"], truths, {}, searches, tmp_path / "fronts.csv", tmp_path / "cells.parquet", 0
    )
    row = pd.read_csv(tmp_path / "fronts.csv").iloc[0]
    assert (row["n"], row["median_run"]) == (4, 0)
    assert row[["mean", "std", "median", "ci_low", "ci_high"]].isna().all()
    summaries = {"summary": tmp_path / "fronts.csv", "cells": tmp_path / "cells.parquet"}
    output = made(
        fronts_figure, tmp_path / "figure/f.pdf", **summaries, truths=truths, latencies={}, searches=searches
    )  # fmt: skip
    assert {x for x, _ in points(output)} == {5.0}, "all cells cost the same"
    made(fronts_table, tmp_path / "f.tex", summary=summaries["summary"], searches=searches, datasets=["one"])
    assert "nan" not in (tmp_path / "f.tex").read_text().lower()


def test_figure_and_table_of_fronts(study, tmp_path):
    folder, truths, latencies = study
    summary = pd.read_csv(folder / "fronts.csv")
    cells = pd.read_parquet(folder / "cells.parquet")
    output = made(
        fronts_figure, tmp_path / "figure/f.pdf", summary=folder / "fronts.csv", cells=folder / "cells.parquet",
        truths=truths, latencies=latencies, searches=SEARCHES,
    )  # fmt: skip
    check_files(output)
    titles, table = search_titles(SEARCHES), behind(output)
    for place, search in enumerate(dict.fromkeys(summary["search"])):
        for dataset in DATASETS:
            row = summary.query("search == @search and searched_on == dataset and dataset == @dataset").iloc[0]
            own = cells.query("search == @search and searched_on == dataset and dataset == @dataset")
            own = own[own["run"] == row["median_run"]]
            wanted = list(zip(own["cost"], own["accuracy"], strict=True))
            panel = table[(table["panel"] == dataset_title(dataset)) & (table["series"] == titles[search])]
            assert list(zip(panel["x"], panel["y"], strict=True)) == wanted, place
    truth = pd.read_csv(truths["one"])
    best = truth.groupby("flops")["test_accuracy"].max().cummax().drop_duplicates()
    front = points(output, panel=dataset_title("one"), series="true front")
    assert set(best.items()) <= set(front), "the best of all cells of at most so many FLOPs"
    everything = points(output, panel=dataset_title("one"), series="")
    assert set(zip(truth["flops"], truth["test_accuracy"], strict=True)) <= set(everything)
    made(fronts_table, tmp_path / "f.tex", summary=folder / "fronts.csv", searches=SEARCHES, datasets=DATASETS)
    text = (tmp_path / "f.tex").read_text()
    assert "latency on phone" in text
    assert text.count(r"\\") == 2 + 2
    assert cost_title("phone") == "latency on phone (ms)"


def test_spaces_by_their_flops(study, tmp_path):
    _, truths, latencies = study
    spaces = {
        "no-conv": {"operations": ["none", "skip_connect"]},
        "all": {"flops": {"max": 100}},
        "only-conv": {"operations": ["nor_conv_3x3", "nor_conv_1x1"], "latency": {"device": "phone", "max": 7}},
    }
    summarise_subspaces(truths, latencies, spaces, tmp_path / "spaces.csv")
    table = pd.read_csv(tmp_path / "spaces.csv")
    assert tuple(table.columns) == SPACES.names
    one = table[table["dataset"] == "one"].set_index("space")
    assert list(one.index) == ["only-conv", "all", "no-conv"]
    # 3 to 6 of six edges are 3x3: 20, 15, 6 and 1 cells
    assert one.loc["only-conv", "cells"] == 42
    assert one.loc["only-conv", "flops_mean"] == pytest.approx((20 * 4 + 15 * 5 + 6 * 6 + 7) / 42)
    assert one.loc["all", "flops_mean"] == pytest.approx(1 + 6 / 5)
    assert tuple(one.loc["no-conv", ["cells", "flops_20", "flops_max"]]) == (64, 1, 1)
    assert one.loc["all", "accuracy_best"] == truth_table()["test_accuracy"].max()
    made(spaces_table, tmp_path / "s.tex", summary=tmp_path / "spaces.csv", subspaces=spaces, datasets=DATASETS)
    text = (tmp_path / "s.tex").read_text()
    assert text.count("only-conv") == 2
    with pytest.raises(SearchError, match=r"satisfies search.subspaces.none-left \(flops ≤ 0.5\): .* raise flops"):
        summarise_subspaces(truths, latencies, {"none-left": {"flops": {"max": 0.5}}}, tmp_path / "x.csv")


def test_on_real_cells_more_flops_go_with_more_accuracy(shared_data, tmp_path):
    """TinyNAS's claim on the benchmark: under 30 ms on a Raspberry Pi, of two spaces the larger FLOPs win."""
    truth = nats_truth(shared_data, tmp_path)
    latency = tmp_path / "latency.parquet"
    convert(shared_data / "nats-tss" / "hardware-latency.parquet", "cifar10", {"raspi4": "raspi4_ms"}, latency)
    limit = {"latency": {"device": "raspi4", "max": 30}}
    spaces = {
        "with-3x3": limit | {"operations": ["none", "skip_connect", "nor_conv_3x3"]},
        "with-1x1": limit | {"operations": ["none", "skip_connect", "nor_conv_1x1"]},
    }
    summarise_subspaces({"cifar10": truth["cifar10"]}, {"cifar10": latency}, spaces, tmp_path / "spaces.csv")
    table = pd.read_csv(tmp_path / "spaces.csv").set_index("space")
    assert list(table.index) == ["with-3x3", "with-1x1"]
    assert table.loc["with-3x3", "accuracy_best"] > table.loc["with-1x1", "accuracy_best"]


LIMITED = {
    "kept": {"algorithm": "proxy_search", "proxy": "made_up", "sample": 30, "constraint": {"flops": {"max": 2}}},
    "traded": {"algorithm": "efficient_search", "proxy": "made_up", "cost": "flops", "target": 2, "evaluations": 60},
    "both": {
        "algorithm": "random_cell",
        "constraint": {
            "flops": {"max": 3},
            "latency": {"device": "phone", "max": 8},
            "operations": ["nor_conv_3x3", "none"],
        },
    },
    "too-low": {
        "algorithm": "efficient_search", "proxy": "made_up", "cost": "flops", "target": 0.5, "reward": "product",
        "evaluations": 60,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def limited(study, tmp_path_factory):
    """Searches with limits on two datasets, five runs each, and what they chose beside their limits."""
    folder, (_, truths, latencies) = tmp_path_factory.mktemp("limits"), study
    scores = write(score_table(), folder / "s.csv")
    paths = []
    for label, settings in LIMITED.items():
        for dataset in DATASETS:
            paths.append(folder / f"{label}-{dataset}.parquet")
            run_block(
                Block(label, settings, 0, 4, 1, "s"),
                dataset,
                Inputs(truths, [scores], latency_path=latencies[dataset]),
                paths[-1],
                budget_seconds=60,
            )
    summarise_cost_limits(paths, truths, latencies, LIMITED, folder / "limits.csv", 0)
    return folder, paths


def test_limits_of_a_search_are_those_of_its_constraint_and_its_target():
    assert limits_of_search({"algorithm": "random_cell"}) == {}
    assert limits_of_search(LIMITED["both"]) == {"flops": 3, "phone": 8}
    assert limits_of_search(LIMITED["traded"]) == {"flops": 2}
    assert limits_of_search(LIMITED["traded"] | {"constraint": {"flops": {"max": 1}}}) == {"flops": 1}
    assert limits_of_search(LIMITED["traded"] | {"constraint": {"flops": {"max": 4}}}) == {"flops": 2}
    assert limits_of_search({"algorithm": "random_cell", "constraint": {"operations": ["none"]}}) == {}


def test_limits_by_hand(study, limited):
    """Every number of the summary written out from the runs: 1 + convolutions are the FLOPs, 10 - these the latency."""
    (_, truths, _), (folder, paths) = study, limited
    summary = pd.read_csv(folder / "limits.csv")
    assert tuple(summary.columns) == LIMITS.names
    assert len(summary) == (1 + 1 + 2 + 1) * 2 * 2
    runs = pd.concat(map(pd.read_parquet, paths))
    convolutions = dict(zip(SPACE.strings, CONVOLUTIONS, strict=True))
    for row in summary.itertuples():
        part = runs[
            (runs["search"] == row.search) & (runs["searched_on"] == row.searched_on) & (runs["dataset"] == row.dataset)
        ]
        count = part["arch"].map(convolutions)
        cost = 10 - count if row.cost == "phone" else 1 + count
        assert (row.n, row.cost_mean, row.cost_max) == (5, cost.mean(), cost.max())
        assert row.within == (cost <= row.limit).mean()
        assert row.mean == pytest.approx(part["test_accuracy"].mean())
        assert row.std == pytest.approx(part["test_accuracy"].std(ddof=1))
    both = summary[(summary["search"] == "both") & (summary["searched_on"] == "one") & (summary["dataset"] == "one")]
    truth = pd.read_csv(truths["one"])
    inside = (CONVOLUTIONS == 2) & np.isin(SPACE.digits(ALL), [0, 3]).all(axis=1)
    assert both["cells"].tolist() == [inside.sum()] * 2 == [15, 15]
    assert both["best"].tolist() == [truth["test_accuracy"][inside].max()] * 2
    assert both["within"].tolist() == [1, 1]


def test_a_bad_string_in_runs_or_truth_is_one_sentence(study, limited, tmp_path):
    (_, truths, latencies), (_, paths) = study, limited
    runs = pd.read_parquet(paths[0])
    runs.loc[2, "arch"] = "a cell"
    runs.to_parquet(tmp_path / "runs.parquet", index=False)
    with pytest.raises(CellError, match=r"^A run table of search '.*' has a row that is no cell of the space"):
        summarise_cost_limits([tmp_path / "runs.parquet"], truths, latencies, LIMITED, tmp_path / "limits.csv", 0)
    truth = pd.read_csv(truths["one"])
    truth.loc[7, "arch"] = "a cell"
    with pytest.raises(CellError, match=r"^'.*bad.csv' has a row that is no cell of the space: 'a cell' has 1 nodes"):
        accuracies_of(write(truth, tmp_path / "bad.csv"))


def test_a_target_below_every_cell_has_no_best_cell(limited):
    folder, _ = limited
    rows = pd.read_csv(folder / "limits.csv").query("search == 'too-low'")
    assert (rows["cells"] == 0).all()
    assert rows["best"].isna().all()
    assert (rows["within"] == 0).all()
    known = {  # titles are those of proxies that exist
        label: settings | ({"proxy": "naswot"} if "proxy" in settings else {}) for label, settings in LIMITED.items()
    }
    made(cost_limits, folder / "tables/limits.tex", summary=folder / "limits.csv", searches=known, datasets=DATASETS)
    text = (folder / "tables/limits.tex").read_text()
    assert "nan" not in text.lower()
    assert text.count(r"\\") == 2 + 2 + (1 + 1 + 2 + 1) * 2
    assert "latency on phone (ms) $\\leq$ 8" in text
    assert "FLOPs (millions) about 2 &" in text
    assert "FLOPs (millions) $\\leq$ 3 &" in text
    assert "2.0" not in "".join(line.split("&")[1] for line in text.splitlines() if line.count("&") == 5)


def test_numbers_name_the_best_search_within_its_limit_and_the_one_that_leaves_it(limited):
    folder, _ = limited
    numbers = Numbers()
    for label in LIMITED:
        numbers.add(f"title.search.{label}", label, "text")
    added(limit_numbers, numbers, summary=folder / "limits.csv", searches=LIMITED)
    summary = pd.read_csv(folder / "limits.csv").query("searched_on == dataset and dataset == 'one'")
    assert (summary.loc[summary["search"].isin(["kept", "both"]), "within"] == 1).all()
    best = summary[summary["search"] == "kept"].iloc[0]  # the other one is a reference
    assert numbers.value("limits.one.first.title") == "kept"
    assert numbers.value("limits.one.first.below") == pytest.approx(best["best"] - best["mean"])
    assert numbers.value("limits.one.left.title") in ("traded", "too-low")
    assert numbers.value("limits.one.left.share") == 1 - summary["within"].min() == 1


def test_numbers_name_the_search_with_the_best_fronts(study):
    folder, _, _ = study
    numbers = Numbers()
    for label in SEARCHES:
        numbers.add(f"title.search.{label}", label, "text")
    added(front_numbers, numbers, summary=folder / "fronts.csv")
    own = pd.read_csv(folder / "fronts.csv").query("searched_on == dataset and dataset == 'two'")
    assert numbers.value("fronts.two.first.share") == own["mean"].max()
    assert numbers.value("fronts.two.first.title") == own.loc[own["mean"].idxmax(), "search"]


def test_searches_with_a_limit_are_ranked_only_among_themselves():
    free = {"plain": {"algorithm": "random_search"}, "oracle": {"algorithm": "oracle", "sample": 3}}
    assert contenders(free | LIMITED) == ["plain"]
    assert contenders({"kept": LIMITED["kept"], "traded": LIMITED["traded"]}) == ["kept", "traded"]


def test_a_limit_beside_a_target_is_no_target(limited):
    """Of a search that aims at FLOPs and is kept from parameters the table says so of each."""
    folder, _ = limited
    summary = pd.read_csv(folder / "limits.csv").query("search == 'traded'")
    both = pd.concat([summary, summary.assign(cost="params", limit=2.5)])
    both.to_csv(folder / "both.csv", index=False)
    settings = LIMITED["traded"] | {"proxy": "naswot", "constraint": {"params": {"max": 2.5}}}
    output = folder / "tables/both.tex"
    made(cost_limits, output, summary=folder / "both.csv", searches={"traded": settings}, datasets=["one"])
    text = output.read_text()
    assert "FLOPs (millions) about 2 &" in text
    assert "parameters $\\leq$ 2.5 &" in text
