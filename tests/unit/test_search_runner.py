"""Blocks of runs: the table they write, its independence of blocks and labels, and every refusal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import score_table, truth_table, write

from tfnas.errors import ConfigError, DataError, ScoreError, SearchError, TfnasError, TruthError, UnknownNameError
from tfnas.files import read_facts
from tfnas.schemas.runs import SCHEMA as RUNS
from tfnas.search.base import Trace
from tfnas.search.block import Block
from tfnas.search.registry import algorithm_names, get_algorithm
from tfnas.search.runner import Inputs, _query, run_block, run_blocks
from tfnas.spaces.nats_tss import SPACE_SIZE
from tfnas.truth.benchmark import Benchmark

SETTINGS = {
    "random-cell": {"algorithm": "random_cell"},
    "proxy-10": {"algorithm": "proxy_search", "proxy": "made_up", "sample": 10},
    "oracle-10": {"algorithm": "oracle", "sample": 10},
    "random-search": {"algorithm": "random_search"},
    "evolution": {"algorithm": "regularised_evolution", "population": 5, "tournament": 2},
    "area": {"algorithm": "area", "proxy": "made_up"},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    other = truth_table().assign(
        valid_accuracy=lambda t: t.valid_accuracy - 30, test_accuracy=lambda t: t.test_accuracy - 30
    )
    return {
        "truth": {"one": write(truth_table(), folder / "one.csv"), "two": write(other, folder / "two.csv")},
        "scores": write(score_table(), folder / "scores.csv"),
    }


def block(files, tmp_path, label="proxy-10", first=0, last=4, **changes):
    output = tmp_path / f"{label}-{first}-{last}.parquet"
    own = {"settings": SETTINGS.get(label), "seed": 7, "study": "made-up"}
    own |= {name: changes.pop(name) for name in own if name in changes}
    inputs = {"truth_paths": files["truth"], "score_paths": [files["scores"]]}
    inputs |= {name: changes.pop(name) for name in ("truth_paths", "score_paths", "live_paths") if name in changes}
    fixed = {"searched_on": "one", "budget_seconds": 60, "output": output}
    run_block(Block(label, first=first, last=last, **own), inputs=Inputs(**inputs), **fixed | changes)
    return pd.read_parquet(output)


def test_one_job_runs_a_search_on_every_dataset_as_jobs_of_one_dataset_would(files, tmp_path):
    own = {"score_path": files["scores"], "more_scores": [], "latency_path": None, "live_paths": []}
    own |= {"budget_seconds": 60, "curves": None}
    datasets = {name: own | {"output": tmp_path / f"{name}.parquet"} for name in ("one", "two")}
    run_blocks(Block("proxy-10", SETTINGS["proxy-10"], 0, 4, 7, "made-up"), datasets, files["truth"], pay_once=False)
    for name in ("one", "two"):
        alone = block(files, tmp_path, searched_on=name).drop(columns="wall_seconds")
        together = pd.read_parquet(tmp_path / f"{name}.parquet").drop(columns="wall_seconds")
        pd.testing.assert_frame_equal(together, alone)


@pytest.mark.parametrize("label", SETTINGS)
def test_results_do_not_depend_on_the_blocks(files, tmp_path, label):
    whole = block(files, tmp_path, label, 0, 9)
    parts = pd.concat([block(files, tmp_path, label, 0, 2), block(files, tmp_path, label, 3, 9)])
    order = ["dataset", "run"]
    columns = [column for column in RUNS.names if column != "wall_seconds"]
    pd.testing.assert_frame_equal(
        whole.sort_values(order, ignore_index=True)[columns], parts.sort_values(order, ignore_index=True)[columns]
    )


def test_the_table_has_a_row_for_every_run_and_dataset(files, tmp_path):
    table = block(files, tmp_path, "area")
    assert tuple(table.columns) == RUNS.names
    assert len(table) == 10
    assert list(table["run"]) == [0, 1, 2, 3, 4] * 2
    assert set(table["searched_on"]) == {"one"}
    one, two = (table[table["dataset"] == name].reset_index(drop=True) for name in ("one", "two"))
    assert list(one["arch"]) == list(two["arch"])
    np.testing.assert_allclose(one["test_accuracy"] - two["test_accuracy"], 30)
    truth = truth_table().set_index("arch")
    np.testing.assert_allclose(one["test_accuracy"], truth.loc[one["arch"], "test_accuracy"])
    assert (table["scoring_seconds"] == 5.0).all()
    assert (table["scoring_seconds"] + table["training_seconds"] >= 60).all()
    assert (table["wall_seconds"] > 0).all()
    assert (table["cells"] > 30).all()


def test_the_facts_say_how_it_was_run(files, tmp_path):
    block(files, tmp_path, "area")
    facts = read_facts(tmp_path / "area-0-4.parquet")
    assert facts["algorithm"] == "area"
    assert facts["parameters"]["population"] == 10
    assert (facts["seed"], facts["stream"], facts["budget_seconds"]) == (7, "area", 60)


def test_runs_depend_on_seed_study_and_dataset_but_not_on_the_label(files, tmp_path):
    first = list(block(files, tmp_path, "evolution")["arch"])
    assert list(block(files, tmp_path, "evolution")["arch"]) == first
    relabelled = block(files, tmp_path, "other-label", settings=SETTINGS["evolution"])
    assert list(relabelled["arch"]) == first
    assert set(relabelled["search"]) == {"other-label"}
    for change in ({"seed": 8}, {"study": "other"}, {"searched_on": "two"}):
        assert list(block(files, tmp_path, "evolution", **change)["arch"]) != first


def test_a_search_that_trains_spends_its_budget_and_needs_one(files, tmp_path):
    table = block(files, tmp_path, "random-search", budget_seconds=30)
    assert table["training_seconds"].between(30, 33).all()
    for budget in (None, 0):
        with pytest.raises(ConfigError, match=r"^Searches that train on 'one' need a budget of more than 0 seconds"):
            block(files, tmp_path, "random-search", budget_seconds=budget)


@pytest.mark.parametrize("name", [name for name in algorithm_names() if get_algorithm(name).needs_budget])
def test_a_number_of_evaluations_ends_every_search_that_trains_under_a_budget(files, tmp_path, name):
    settings = {"algorithm": name, "evaluations": 25}
    settings |= {"proxy": "made_up"} if get_algorithm(name).needs_scores else {}
    settings |= {"cost": "params"} if get_algorithm(name).weighs_cost else {}
    settings |= {"sample": 64} if name == "zero_cost_warmup" else {}
    curves = tmp_path / "curves.parquet"
    table = block(files, tmp_path, "counted", settings=settings, budget_seconds=None, curves=curves)
    assert (pd.read_parquet(curves).groupby("run")["queries"].last() == 25).all()
    assert (table["training_seconds"] > 25).all()
    facts = read_facts(tmp_path / "counted-0-4.parquet")
    assert (facts["budget_seconds"], facts["parameters"]["evaluations"]) == (None, 25)
    again = block(files, tmp_path, "counted", settings=settings, budget_seconds=30)
    assert list(again["arch"]) == list(table["arch"]), "the budget of the study does not govern it"


def test_fewer_evaluations_are_the_first_of_more(files, tmp_path):
    rises = {}
    for number in (1, 127, 128, 300):
        settings = {"algorithm": "random_search", "evaluations": number}
        block(files, tmp_path, "counted", settings=settings, budget_seconds=None, curves=tmp_path / "curves.parquet")
        table = pd.read_parquet(tmp_path / "curves.parquet")
        rises[number] = table[table.duplicated("run", keep="last")].reset_index(drop=True)  # without the ends
    assert len(rises[1]) == 5
    for few, many in ((1, 127), (127, 128), (128, 300)):
        first = rises[many][rises[many]["queries"] <= few].reset_index(drop=True)
        pd.testing.assert_frame_equal(rises[few], first)


def test_free_looks_count_as_evaluations(files, tmp_path):
    settings = {
        "algorithm": "random_search",
        "evaluations": 400,
        "constraint": {"operations": ["none", "skip_connect"]},
    }
    table = block(files, tmp_path, "counted", settings=settings, budget_seconds=None, pay_once=True)
    assert (table["cells"] == 400).all()
    assert (table["training_seconds"] < 400 * 0.5).all()


def test_overshoot_and_evaluations_are_two_limits_of_which_one_governs():
    search = get_algorithm("random_search")
    with pytest.raises(ConfigError, match=r"^search.use.mine.overshoot is false, .* remove one of the two.$"):
        search.settings({"overshoot": False, "evaluations": 10}, "mine")
    assert search.settings({"overshoot": True, "evaluations": 10}, "mine")["evaluations"] == 10, "true is the default"
    assert search.settings({"overshoot": False, "evaluations": None}, "mine")["overshoot"] is False
    for wrong in (0, 2.5, "10"):
        with pytest.raises(ConfigError, match=r"^search.use.mine.evaluations of 'random_search' is .*: it should "):
            search.settings({"evaluations": wrong}, "mine")


def test_the_log_says_what_a_search_ended_with(files, tmp_path, caplog):
    caplog.set_level("INFO", "tfnas")
    table = block(files, tmp_path, "area").set_index("dataset")
    lines = [record.message for record in caplog.records]
    assert len(lines) == 2, "one for each dataset on which the cells are read off"
    for name, line in zip(("one", "two"), lines, strict=True):
        valid, test = table.loc[name, "valid_accuracy"].mean(), table.loc[name, "test_accuracy"].mean()
        assert line == (
            f"Search 'area' on 'one', runs 0 to 4: the chosen cells have on average {valid:.2f} % validation and "
            f"{test:.2f} % test accuracy on '{name}'."
        )


def test_the_log_of_a_truth_without_validation_accuracies_says_so(files, tmp_path, caplog):
    caplog.set_level("INFO", "tfnas")
    bare = {"one": write(truth_table().assign(valid_accuracy=np.nan), tmp_path / "bare.csv")}
    block(files, tmp_path, truth_paths=bare)
    assert "have on average unknown validation and " in caplog.text


def test_searches_that_train_nothing_need_no_budget_and_no_early_accuracies(files, tmp_path):
    truth = truth_table().drop(columns=["early_valid_accuracy", "early_seconds", "valid_seconds"])
    paths = {"one": write(truth, tmp_path / "bare.csv")}
    for label in ("random-cell", "proxy-10", "oracle-10"):
        assert len(block(files, tmp_path, label, truth_paths=paths, budget_seconds=None)) == 5


def test_a_budget_smaller_than_a_query_is_refused(files, tmp_path):
    message = (
        r"^A budget of 0.5 s on 'one' is smaller than one query, which costs 1 to 3 s: raise search.budget_seconds.$"
    )
    with pytest.raises(SearchError, match=message):
        block(files, tmp_path, "evolution", budget_seconds=0.5)
    before = {"algorithm": "random_search", "overshoot": False}
    with pytest.raises(SearchError, match=r"^A budget of 2 s on 'one' is smaller than one query"):
        block(files, tmp_path, "random-search", settings=before, budget_seconds=2)


@pytest.mark.parametrize("column", ["early_valid_accuracy", "early_seconds", "valid_seconds"])
def test_truth_without_early_accuracies_or_costs_says_which_searches_are_impossible(files, tmp_path, column):
    truth = truth_table().drop(columns=column)
    with pytest.raises(TruthError) as error:
        block(files, tmp_path, "evolution", truth_paths={"one": write(truth, tmp_path / "bare.csv")})
    assert "Ground truth of 'one' (" in str(error.value)
    assert "has no early validation accuracies with their seconds" in str(error.value)
    impossible = str(error.value).partition("impossible on it: ")[2]
    assert impossible.startswith("area, ")
    assert "random_search, regularised_evolution" in impossible
    assert "proxy_search" not in impossible


def test_accuracies_of_another_dataset_are_shown_and_paid(files, tmp_path):
    """The scores of one dataset, the accuracies of another: here the first look of a search without any luck."""
    truth = truth_table()
    other = truth.assign(early_valid_accuracy=-truth.early_valid_accuracy, early_seconds=7.0)
    paths = files["truth"] | {"two": write(other, tmp_path / "two.csv")}
    settings = {"algorithm": "successive_selection", "proxy": "made_up", "sample": 200, "keep": 32}
    tables = {}
    for name, shown in (("own", {}), ("named", {"accuracies_of": "one"}), ("other", {"accuracies_of": "two"})):
        table = block(files, tmp_path, name, settings=settings | shown, truth_paths=paths)
        tables[name] = table[table["dataset"] == "one"].reset_index(drop=True)
    pd.testing.assert_series_equal(tables["own"]["arch"], tables["named"]["arch"])
    own, other = tables["own"], tables["other"]
    assert (other["scoring_seconds"] == own["scoring_seconds"]).all()
    assert (other["training_seconds"] == 32 * 7.5).all()
    assert (own["training_seconds"] < 32 * 3).all()
    early = truth.set_index("arch")["early_valid_accuracy"]
    assert (early[other["arch"]].to_numpy() < early[own["arch"]].to_numpy()).all(), "the worst here is the best there"
    facts = [read_facts(tmp_path / f"{name}-0-4.parquet")["accuracies_of"] for name in ("own", "named", "other")]
    assert facts == ["one", "one", "two"]
    block(files, tmp_path)
    assert read_facts(tmp_path / "proxy-10-0-4.parquet")["accuracies_of"] is None, "it looks at none"


def test_accuracies_of_another_dataset_serve_one_that_has_none(files, tmp_path):
    bare = truth_table().drop(columns=["early_valid_accuracy", "early_seconds", "valid_seconds"])
    paths = {"one": write(bare, tmp_path / "bare.csv"), "two": files["truth"]["two"]}
    settings = SETTINGS["evolution"] | {"accuracies_of": "two"}
    assert len(block(files, tmp_path, settings=settings, truth_paths=paths)) == 10
    with pytest.raises(TruthError, match=r"of 'one' .*; leave them out of search.use, or show them the accuracies of"):
        block(files, tmp_path, "evolution", truth_paths=paths)
    with pytest.raises(TruthError, match=r"^Ground truth of 'one' .* has no early validation accuracies"):
        block(files, tmp_path, searched_on="two", settings=settings | {"accuracies_of": "one"}, truth_paths=paths)


def test_only_cells_that_both_ground_truths_hold_are_proposed(files, tmp_path):
    paths = {
        "one": write(truth_table([3, 70, 800]), tmp_path / "few.csv"),
        "two": write(truth_table([3, 800, 900]), tmp_path / "others.csv"),
    }
    settings = {"algorithm": "random_search", "accuracies_of": "two"}
    table = block(files, tmp_path, settings=settings, truth_paths=paths, last=9)
    assert set(table["arch"]) <= set(truth_table([3, 800])["arch"])


def test_accuracies_of_no_dataset_or_for_a_search_without_looks_are_refused(files, tmp_path):
    message = (
        r"^Search 'area' is to see the accuracies of 'three', which is no dataset of the study: set "
        r"search.use.area.accuracies_of to one of one, two.$"
    )
    with pytest.raises(ConfigError, match=message):
        block(files, tmp_path, "area", settings=SETTINGS["area"] | {"accuracies_of": "three"})
    message = r"^search.use.proxy-10.accuracies_of is 'two', but 'proxy_search' never looks at early accuracies: remove"
    with pytest.raises(ConfigError, match=message):
        block(files, tmp_path, settings=SETTINGS["proxy-10"] | {"accuracies_of": "two"})


def test_truth_without_validation_accuracies_has_no_oracle(files, tmp_path):
    truth = truth_table().assign(valid_accuracy=np.nan)
    with pytest.raises(TruthError, match=r"no validation accuracies .* impossible on it: oracle, oracle_space; leave"):
        block(files, tmp_path, "oracle-10", truth_paths={"one": write(truth, tmp_path / "bare.csv")})


def test_proxies_that_cannot_rank_are_refused(files, tmp_path):
    unknown = SETTINGS["proxy-10"] | {"proxy": "synflow"}
    with pytest.raises(
        UnknownNameError, match=r"^Unknown proxy 'synflow' in .*scores.parquet: choose one of made_up.$"
    ):
        block(files, tmp_path, settings=unknown)
    empty = write(score_table(np.full(15625, np.nan)), tmp_path / "nan.csv")
    with pytest.raises(ScoreError, match=r"^All scores of proxy 'made_up' in .*nan.parquet are NaN"):
        block(files, tmp_path, score_paths=[empty])
    partial = write(score_table().drop(index=[4, 9]), tmp_path / "partial.csv")
    with pytest.raises(ScoreError, match=r"holds 15623 of 15625 cells for proxy 'made_up', the first .* '\|none~0\|"):
        block(files, tmp_path, score_paths=[partial])
    with pytest.raises(SearchError, match=r"^Search 'proxy-10' reads proxy 'made_up' but was given no score table.$"):
        block(files, tmp_path, score_paths=[])


def test_a_sample_larger_than_the_space_says_its_size(files, tmp_path):
    with pytest.raises(SearchError, match=r"^A sample of 16000 cells is larger .* which has 15625 cells"):
        block(files, tmp_path, settings={"algorithm": "oracle", "sample": 16000})
    few = {"one": write(truth_table([3, 70, 800]), tmp_path / "few.csv")}
    with pytest.raises(SearchError, match=r"^A sample of 10 cells is larger .* which has 3 cells"):
        block(files, tmp_path, truth_paths=few)


def test_an_incomplete_truth_is_searched_as_far_as_it_goes(files, tmp_path):
    few = {"one": write(truth_table([3, 70, 800]), tmp_path / "few.csv")}
    for label in ("random-cell", "random-search"):
        table = block(files, tmp_path, label, truth_paths=few)
        assert set(table["arch"]) <= set(truth_table([3, 70, 800])["arch"])
    assert len(block(files, tmp_path, settings=SETTINGS["evolution"] | {"population": 2}, truth_paths=few)) == 5


def test_a_cell_that_another_dataset_lacks_is_named(files, tmp_path):
    paths = {"one": files["truth"]["one"], "two": write(truth_table([3, 70, 800]), tmp_path / "few.csv")}
    with pytest.raises(
        TruthError, match=r"^Ground truth of 'two' .* has no test accuracy for cell .* 3 of 15625 cells"
    ):
        block(files, tmp_path, truth_paths=paths)
    assert not list(tmp_path.glob("*.parquet"))


def test_other_nonsense_is_refused(files, tmp_path):
    with pytest.raises(ConfigError, match=r"^The runs of search 'proxy-10' go from 5 to 4"):
        block(files, tmp_path, first=5, last=4)
    with pytest.raises(ConfigError, match=r"^Search 'proxy-10' searches on 'three', which is no dataset of the study"):
        block(files, tmp_path, searched_on="three")
    with pytest.raises(UnknownNameError, match=r"^Unknown search 'nope' in search.use.proxy-10: choose one of"):
        block(files, tmp_path, settings={"algorithm": "nope"})
    with pytest.raises(DataError, match="does not exist"):
        block(files, tmp_path, truth_paths={"one": tmp_path / "none.parquet"})


@pytest.mark.parametrize("label", SETTINGS)
def test_errors_are_one_sentence(files, tmp_path, label):
    """Whatever goes wrong here, the terminal shows one line that ends like a sentence."""
    with pytest.raises(TfnasError) as error:
        block(files, tmp_path, label, settings=SETTINGS[label] | {"typo": 1})
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
    assert get_algorithm(SETTINGS[label]["algorithm"]).name in str(error.value)


@pytest.mark.parametrize("overshoot", [True, False])
@pytest.mark.parametrize("budget", [20.0, 97.0, 250.0])
def test_many_queries_at_once_are_the_same_as_one_after_the_other(budget, overshoot):
    benchmark = Benchmark(truth_table(), "made-up")
    codes = np.random.default_rng(2).integers(SPACE_SIZE, size=300).tolist()
    together, alone = Trace(), Trace()
    values = _query(codes, benchmark, together, budget, overshoot)
    one_by_one = []
    for code in codes:
        value = _query([code], benchmark, alone, budget, overshoot)
        one_by_one += value
        if not value:
            break
    assert values == one_by_one
    assert together.seconds == alone.seconds
    assert together.spent == alone.spent
    assert 0 < len(values) < 300
