"""Bad input, for every search of the registry that it can happen to: a sentence each, before a run begins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from search_helpers import code_of, score_table, truth_table

from tfnas.errors import ConfigError, ScoreError, SearchError, TfnasError, TruthError, UnknownNameError
from tfnas.scoring.writer import write_scores
from tfnas.search.base import SearchSpace
from tfnas.search.block import Block
from tfnas.search.registry import algorithm_names, get_algorithm
from tfnas.search.runner import Inputs, run_block


def searches(wanted):
    """Names of the registered searches for which ``wanted`` holds."""
    return [name for name in algorithm_names() if wanted(get_algorithm(name))]


def settings_of(name):
    """Settings of a search: what it must be told, and a single made-up proxy where it may have any number."""
    algorithm = get_algorithm(name)
    told = {"proxy": "made_up", "cost": "flops", "target": 10, "sample": 10}
    settings = {key: told[key] for key, rule in algorithm.parameters.items() if rule.required}
    if "proxies" in algorithm.parameters and "max_length" not in algorithm.parameters["proxies"].bounds:
        settings["proxies"] = ["made_up"]
    return {"algorithm": name, **settings}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    tables = {
        "truth": truth_table(),
        "bare": truth_table().drop(columns=["early_valid_accuracy", "early_seconds", "valid_seconds"]),
        "latencies": truth_table()[["arch"]].assign(phone=1.0),
    }
    ranked, rows = np.arange(15625.0), score_table()
    for proxy in ("made_up", "ntk_trace", "hnas_condition_number"):
        rows = rows.assign(proxy=proxy)
        kinds = {"scores": rows.assign(score=ranked), "nan": rows.assign(score=np.nan), "gap": rows[9:]}
        for name, table in kinds.items():
            tables[name] = [*tables.get(name, []), table]
    return {name: write(table, folder / f"{name}.parquet") for name, table in tables.items()}


def write(tables, path):
    if isinstance(tables, list):
        write_scores(path, pd.concat(tables, ignore_index=True), {})
    else:
        tables.to_parquet(path)
    return path


@pytest.fixture
def refusal(files, tmp_path):
    """Run a search that must fail and return the message, one sentence."""

    def run(kind, name, truth="truth", scores="scores", budget=60, **changes):
        output = tmp_path / "runs.parquet"
        block = Block("mine", settings_of(name) | changes, 0, 1, 7, "made-up")
        inputs = Inputs({"one": files[truth]}, [files[scores]], latency_path=files["latencies"])
        with pytest.raises(kind) as error:
            run_block(block, "one", inputs, output, budget_seconds=budget)
        assert not output.exists()
        message = str(error.value)
        assert message.endswith(".")
        assert "\n" not in message
        return message

    return run


@pytest.mark.parametrize("name", searches(lambda algorithm: "population" in algorithm.parameters))
def test_a_population_larger_than_the_space(name):
    algorithm = get_algorithm(name)
    own = {key: value for key, value in settings_of(name).items() if key != "algorithm"}

    def begin():
        algorithm.build(SearchSpace(np.arange(3)), np.random.default_rng(0), **own).ask()

    with pytest.raises(TfnasError, match=r"(population|sample) of \d+.* larger than the search space, .* 3 cells"):
        begin()


@pytest.mark.parametrize("name", searches(lambda algorithm: algorithm.needs_scores))
def test_a_proxy_whose_scores_are_all_nan(refusal, name):
    message = refusal(ScoreError, name, scores="nan")
    assert message.startswith("All scores of proxy '")
    assert "nan.parquet are NaN: it cannot rank any cell." in message


@pytest.mark.parametrize("name", searches(lambda algorithm: algorithm.needs_scores))
def test_scores_missing_for_some_cells(refusal, name):
    message = refusal(ScoreError, name, scores="gap")
    assert "holds 15616 of 15625 cells for proxy" in message
    assert message.endswith(": it is incomplete, make it again or get it anew.")


@pytest.mark.parametrize("name", searches(lambda algorithm: algorithm.needs_budget))
def test_a_budget_smaller_than_one_query(refusal, name):
    message = refusal(SearchError, name, budget=0.5)
    assert message.startswith("A budget of 0.5 s on 'one' is smaller than one query, which costs 1 to 3 s")


def test_the_budget_has_to_pay_for_the_cells_that_may_be_proposed(files, refusal, tmp_path):
    cheap = {"operations": ["none", "skip_connect"]}
    settings = {"algorithm": "random_search", "overshoot": False, "constraint": cheap}
    truth = pd.read_parquet(files["truth"])
    dear = truth["arch"].str.contains("conv|pool")
    truth["early_seconds"] = np.where(dear, 1000.0, 1.0)
    path = write(truth, tmp_path / "truth.parquet")
    run_block(
        Block("label", settings, 0, 1, 1, "s"),
        "one",
        Inputs({"one": path}),
        tmp_path / "runs.parquet",
        budget_seconds=60,
    )
    assert not pd.read_parquet(tmp_path / "runs.parquet")["arch"].str.contains("conv|pool").any()


@pytest.mark.parametrize("name", algorithm_names())
def test_no_cell_under_a_constraint_says_the_nearest_feasible_value(refusal, name):
    """The made-up flops are the cell's code over 100; of the cells allowed that of six 3x3 convolutions is cheapest."""
    constraint = {"flops": {"max": 10}, "operations": ["nor_conv_3x3", "avg_pool_3x3"]}
    message = refusal(SearchError, name, constraint=constraint)
    nearest = code_of(*["nor_conv_3x3"] * 6) / 100
    assert message.startswith("None of 64 cells of 'one' satisfies search.use.mine.constraint (flops ≤ 10")
    assert f": for the nearest feasible cell raise flops from 10 to {nearest:g} million" in message


@pytest.mark.parametrize("name", algorithm_names())
def test_a_constraint_on_an_unknown_device(refusal, name):
    message = refusal(UnknownNameError, name, constraint={"latency": {"device": "fone", "max": 1}})
    assert message == "Unknown device 'fone' in search.use.mine.constraint: choose one of phone."


@pytest.mark.parametrize("name", searches(lambda algorithm: algorithm.weighs_cost))
def test_the_cost_of_an_unknown_device(refusal, name):
    assert refusal(UnknownNameError, name, cost="fone").startswith("Unknown device 'fone' in ")


@pytest.mark.parametrize("name", searches(lambda algorithm: algorithm.needs_early))
def test_a_ground_truth_without_early_accuracies_lists_the_searches_that_are_impossible(refusal, name):
    message = refusal(TruthError, name, truth="bare")
    listed = message.partition("so these searches are impossible on it: ")[2].partition(";")[0]
    assert listed.split(", ") == searches(lambda algorithm: algorithm.needs_early)


@pytest.mark.parametrize("name", searches(lambda algorithm: not algorithm.needs_early))
def test_accuracies_of_another_dataset_for_a_search_that_looks_at_none(refusal, name):
    message = refusal(ConfigError, name, accuracies_of="one")
    assert (
        message == f"search.use.mine.accuracies_of is 'one', but '{name}' never looks at early accuracies: remove it."
    )
