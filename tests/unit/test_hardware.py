"""Costs and constraints: tables of latencies, the space that a constraint leaves, and every refusal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from search_helpers import code_of, costs_of, nats_truth, score_table, truth_table, write

from tfnas.errors import ConfigError, DataError, SearchError, TruthError, UnknownNameError
from tfnas.files import read_facts, write_json
from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
from tfnas.report.names import search_titles
from tfnas.search.base import SearchSpace
from tfnas.search.block import Block
from tfnas.search.constraints import constraint_words, limits_of, rounded_up
from tfnas.search.registry import algorithm_names, get_algorithm
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE, Cell
from tfnas.study.load import load_study
from tfnas.study.study import Study
from tfnas.truth.costs import Costs, feasible
from tfnas.truth.latencies import convert

ALL = np.arange(SPACE_SIZE)


def latencies(**devices) -> pd.DataFrame:
    """Made-up latencies: a column of numbers for each device, one row per cell."""
    return pd.DataFrame({"arch": SPACE.strings, **devices})


@pytest.fixture
def costs():
    """Costs by hand: params is the code plus 1000, flops its hundredth, phone ten minus a thousandth of it."""
    return costs_of(params=ALL + 1000.0, flops=ALL / 100 + 10, phone=20 - ALL / 1000)


def test_a_table_of_latencies_is_read_by_cell(tmp_path):
    shuffled = latencies(phone=ALL + 1.0, board_ms=ALL / 2 + 1, index=ALL).sample(frac=1, random_state=0)
    shuffled = shuffled.rename(columns={"arch": "cell"})
    path = write(shuffled, tmp_path / "given.csv")
    convert(path, "one", {"arch": "cell", "board": "board_ms"}, tmp_path / "out.parquet")
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert list(table.columns) == ["arch", "phone", "board"]
    assert list(table["arch"]) == list(SPACE.strings)
    np.testing.assert_array_equal(table["board"], ALL / 2 + 1)
    facts = read_facts(tmp_path / "out.parquet")
    assert facts["devices"] == ["phone", "board"]
    assert facts["mapped"] == {"arch": "cell", "board": "board_ms"}
    assert (facts["source"], facts["licence"]) == ("the table given.csv", "not stated with the table")
    write_json(tmp_path / "given.json", {"source": "a phone", "licence": "MIT"})
    convert(path, "one", {"arch": "cell"}, tmp_path / "out.parquet")
    assert read_facts(tmp_path / "out.parquet")["source"] == "a phone"


@pytest.mark.parametrize(
    ("change", "columns", "sentence"),
    [
        (
            lambda t: t,
            {"board": "bord"},
            "has no column bord (for board): it has arch, phone, board; mend datasets.one",
        ),
        (lambda t: t.drop(columns="arch"), {}, "has no column arch: it has phone, board; mend datasets.one.hardware"),
        (lambda t: t[["arch"]], {}, "has no column of a device beside arch: add one."),
        (lambda t: t, {"phone": "board"}, "has more than one column phone"),
        (lambda t: t.assign(arch="conv"), {}, "has a row that is no cell of the space: 'conv' has 1 nodes"),
        (lambda t: pd.concat([t, t[:1]]), {}, "has the cell '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|' twice"),
        (lambda t: t.assign(phone="fast"), {}, "has the latency fast on 'phone' for cell"),
        (lambda t: t.assign(phone=0.0), {}, "which is no positive number of milliseconds: mend it or leave it empty."),
    ],
)
def test_a_wrong_table_is_one_sentence(tmp_path, change, columns, sentence):
    path = write(change(latencies(phone=1.0, board=2.0)), tmp_path / "given.csv")
    with pytest.raises(TruthError) as error:
        convert(path, "one", columns, tmp_path / "out.parquet")
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("values", [pd.date_range("2020", periods=SPACE_SIZE, freq="h"), pd.to_timedelta(ALL + 1, "s")])
def test_a_date_is_no_latency(tmp_path, values):
    latencies(phone=values).to_parquet(tmp_path / "given.parquet")
    with pytest.raises(TruthError, match=r"has the latency .* on 'phone' .*, which is no positive number"):
        convert(tmp_path / "given.parquet", "digits", None, tmp_path / "out.parquet")


def test_cells_that_lack_a_device_are_counted_in_the_log(tmp_path, caplog):
    """A table that was cut at the end of a row reads like a whole one."""
    board = np.where(ALL == 5, np.nan, ALL + 2.0)
    path = write(latencies(phone=ALL + 1.0), tmp_path / "given.csv")
    convert(path, "one", {}, tmp_path / "out.parquet")
    assert not caplog.records
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-25]))
    convert(path, "one", {}, tmp_path / "out.parquet")
    told = f"The table '{path}' has no latency on 'phone' for 25 of 15,625 cells: if it was cut, get it anew."
    assert caplog.messages == [told]
    caplog.clear()
    convert(write(latencies(phone=ALL + 1.0, board=board)[:-25], path), "one", {}, tmp_path / "out.parquet")
    assert "on 'board' for 26 of 15,625 cells (the most of 2 devices that lack some): if it was" in caplog.text


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none.csv' does not exist"):
        convert(tmp_path / "none.csv", "one", {}, tmp_path / "out.parquet")


def test_a_device_may_lack_cells_that_nobody_asks_for(tmp_path):
    phone = ALL + 1.0
    phone[5] = np.nan
    convert(write(latencies(phone=phone), tmp_path / "given.csv"), "one", {}, tmp_path / "out.parquet")
    costs = Costs.read(write(truth_table(), tmp_path / "truth.csv"), "one", tmp_path / "out.parquet")
    assert costs.devices == ["phone"]
    np.testing.assert_array_equal(costs.of("phone", np.array([3, 70])), [4, 71])
    with pytest.raises(TruthError) as error:
        costs.of("phone", ALL, "search.use.x")
    assert str(error.value) == (
        f"'one' has no latency on 'phone' for 1 of 15625 cells, for example {SPACE.strings[5]}, so search.use.x is "
        "impossible: add them, or leave it out."
    )


def test_truth_without_costs_says_what_is_impossible(tmp_path):
    bare = truth_table().drop(columns="flops")
    costs = Costs.read(write(bare, tmp_path / "truth.csv"), "one")
    np.testing.assert_array_equal(costs.of("params", ALL), ALL)
    with pytest.raises(
        TruthError, match=r"^'one' has no flops \(a column of its ground truth\) for 15625 of 15625 cells"
    ):
        costs.of("flops", ALL)


def test_an_unknown_device_is_answered_with_those_that_exist(costs):
    with pytest.raises(UnknownNameError, match=r"^Unknown device 'fone' in search.use.x: choose one of phone.$"):
        costs.of("fone", ALL, "search.use.x")
    with pytest.raises(ConfigError, match=r"latency on 'fone', but 'one' has no table of latencies: set datasets.one"):
        Costs({}, "one").of("fone", ALL)


def test_a_constraint_is_the_cells_that_satisfy_it(costs):
    np.testing.assert_array_equal(feasible(ALL, {}, costs, "x"), ALL)
    assert feasible(ALL, {"params": {"max": 1004}}, costs, "x").tolist() == [0, 1, 2, 3, 4]  # the limit itself counts
    both = {"flops": {"max": 166.22}, "latency": {"device": "phone", "max": 4.3801}}
    assert feasible(ALL, both, costs, "x").tolist() == [15620, 15621, 15622]
    some = np.array([3, 15621])
    assert feasible(some, both, costs, "x").tolist() == [15621]
    two = feasible(ALL, {"operations": ["none", "nor_conv_3x3"]}, costs, "x")
    assert two.tolist() == [code for code in ALL if set(SPACE.digits([code])[0]) <= {0, 3}]
    assert two.size == 2**6
    assert limits_of(both) == {"flops": 166.22, "phone": 4.3801}
    assert constraint_words(both | {"operations": ["none"]}) == "flops ≤ 166.22, phone ≤ 4.3801 ms, only none"


def test_an_empty_feasible_set_says_the_nearest_feasible_value(costs):
    with pytest.raises(SearchError) as error:
        feasible(ALL, {"flops": {"max": 5}}, costs, "search.use.x.constraint")
    assert str(error.value) == (
        "None of 15625 cells of 'one' satisfies search.use.x.constraint (flops ≤ 5): for the nearest feasible cell "
        "raise flops from 5 to 10 million FLOPs or more."
    )
    # Cell 0 misses the latency by half of it, cells further on miss both or more: raising the latency alone is enough.
    narrow = {"params": {"max": 1000}, "latency": {"device": "phone", "max": 15}}
    with pytest.raises(SearchError, match=r"raise phone from 15 to 20 ms or more.$"):
        feasible(ALL, narrow, costs, "x")
    assert feasible(ALL, {"params": {"max": 1000}, "latency": {"device": "phone", "max": 20}}, costs, "x").tolist() == [
        0
    ]
    with pytest.raises(SearchError, match=r"^No cell of 'one' uses only the operations of x \(none\): allow more.$"):
        feasible(np.array([1]), {"operations": ["none"]}, costs, "x")


@pytest.mark.parametrize("value", [1.0, 73306.0, 1073466.0, 7.78305, 0.011284, 3.5966062545776367, 98765.4321])
def test_rounding_up_never_falls_below(value):
    assert value <= float(rounded_up(value)) <= value * (1 + 1e-6)


@pytest.mark.parametrize("name", [name for name in algorithm_names() if not get_algorithm(name).needs_live])
def test_no_search_leaves_the_space_under_a_constraint(tmp_path, name):
    """Every algorithm of the registry, with 300 feasible cells, chooses one of them."""
    algorithm = get_algorithm(name)
    names = [*algorithm.proxies({}), "made_up"]
    scores = pd.concat(
        [score_table(np.random.default_rng(n).random(SPACE_SIZE), p) for n, p in enumerate(dict.fromkeys(names))]
    )
    settings = {"algorithm": name, "constraint": {"params": {"max": 300}}}
    for key, value in {"proxy": "made_up", "proxies": ["made_up"], "sample": 20, "cost": "flops", "target": 1}.items():
        if key in algorithm.parameters and algorithm.parameters[key].required:
            settings[key] = value
    truth = {"one": write(truth_table(), tmp_path / "truth.csv")}
    for key in ("sample", "population", "warmup", "pool", "evaluations", "cells"):
        parameter = algorithm.parameters.get(key)
        if parameter and not parameter.required and parameter.default is not None and parameter.default > 200:
            settings[key] = 200
    run_block(
        Block("x", settings, 0, 1, 7, "study"),
        "one",
        Inputs(truth, [write(scores, tmp_path / "s.csv")]),
        tmp_path / "o.parquet",
        budget_seconds=60,
    )
    table = pd.read_parquet(tmp_path / "o.parquet")
    assert (table["arch"].map(SPACE.parse) <= 300).all()
    facts = read_facts(tmp_path / "o.parquet")
    assert facts["constraint"] == {"params": {"max": 300}}
    assert facts["cells_in_space"] == 301


def test_a_space_knows_the_costs_of_its_cells(costs):
    space = SearchSpace(np.array([3, 70]), costs)
    found = space.cost("params")
    assert found[[3, 70]].tolist() == [1003, 1070]
    assert np.isnan(found.values).sum() == SPACE_SIZE - 2
    with pytest.raises(
        UnknownNameError, match=r"^Unknown device 'fone' in a search that weighs it: choose one of phone"
    ):
        space.cost("fone")
    with pytest.raises(SearchError, match="knows no costs"):
        SearchSpace(ALL).cost("flops")


def test_costs_of_the_embedded_benchmark_are_those_of_the_skeleton(root):
    costs = Costs.read(root / "data/digits/truth.parquet", "digits")
    skeleton = Skeleton(2, 1, 10, 1, 8)
    for code in (0, code_of(*["nor_conv_3x3"] * 6), 777, 12345):
        cell = Cell.from_code(code)
        assert costs.of("params", np.array([code])) == count_parameters(cell, skeleton)
        assert costs.of("flops", np.array([code])) == pytest.approx(count_flops(cell, skeleton) / 1e6, rel=1e-12)


@pytest.fixture(scope="module")
def real(shared_data, tmp_path_factory):
    """The 27 devices of the real table, and the real ground truth of CIFAR-10."""
    path = shared_data / "nats-tss" / "hardware-latency.parquet"
    if not path.exists():
        pytest.skip("no real latencies")
    folder = tmp_path_factory.mktemp("real")
    convert(path, "cifar10", {"raspi4": "raspi4_ms"}, folder / "latency.parquet")
    return nats_truth(shared_data, folder), folder / "latency.parquet"


def test_the_real_table_has_27_devices(real):
    truth, latency = real
    costs = Costs.read(truth["cifar10"], "cifar10", latency)
    assert len(costs.devices) == 27
    assert {"raspi4", "eyeriss_ms", "fpga_ms", "pixel3_ms"} <= set(costs.devices)
    assert np.isfinite(costs.of("raspi4", ALL)).all()
    with pytest.raises(UnknownNameError, match=r"^Unknown device 'raspi5' in x: choose one of 1080ti_1_ms, "):
        costs.of("raspi5", ALL, "x")


def test_a_constrained_search_on_real_latencies(real, tmp_path):
    truth, latency = real
    constraint = {"flops": {"max": 60}, "latency": {"device": "raspi4", "max": 15}}
    settings = {"algorithm": "oracle", "sample": 100, "constraint": constraint}
    output = tmp_path / "o.parquet"
    run_block(Block("x", settings, 0, 19, 1, "study"), "cifar10", Inputs(truth, latency_path=latency), output)
    chosen = pd.read_parquet(output).query("dataset == 'cifar10'")
    given = pd.read_parquet(latency).merge(pd.read_parquet(truth["cifar10"])[["arch", "flops"]], on="arch")
    cost = given.set_index("arch").loc[chosen["arch"]]
    assert (cost["raspi4"] <= 15).all()
    assert (cost["flops"] <= 60).all()
    assert read_facts(output)["cells_in_space"] == ((given["raspi4"] <= 15) & (given["flops"] <= 60)).sum()


STUDY = """
study: limited
datasets:
  digits:
    truth: {source: table, path: truth.csv}
    hardware: {path: latency.csv, columns: {phone: phone_ms}}
search:
  runs: 2
  use:
    small: {algorithm: random_cell, constraint: {params: {max: 2000}, operations: [none, nor_conv_3x3]}}
    quick: {algorithm: random_cell, constraint: {latency: {device: phone, max: 3.5}}}
    light: {algorithm: efficient_search, proxy: naswot, cost: flops, target: 2}
    fast: {algorithm: nsga2, proxy: naswot, cost: phone}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A study with two constraints and two searches that weigh a cost."""
    monkeypatch.chdir(tmp_path)
    for name in ("truth.csv", "latency.csv"):
        (tmp_path / name).touch()
    return yaml.safe_load(STUDY)


def test_only_searches_that_ask_for_a_device_wait_for_latencies(config):
    study = Study(load_study(config))
    assert "constraint" not in study.searches["light"], "a search without a constraint stays without one"
    files = {label: study.latency_file("digits", label) for label in study.searches}
    latency = ["results/limited/hardware/digits.parquet"]
    assert files == {"small": [], "quick": latency, "light": [], "fast": latency}
    assert study.datasets_with_latencies == ["digits"]
    assert study.latency_files("digits") == {"table": "latency.csv"}


@pytest.mark.parametrize(
    ("label", "constraint", "sentence"),
    [
        ("small", {}, "'search.use.small.constraint' holds nothing"),
        ("small", {"params": 5}, "'search.use.small.constraint.params' is 5 where a section is needed"),
        ("small", {"params": {"max": 0}}, "'search.use.small.constraint.params.max' is 0: it must be more than 0"),
        ("small", {"flop": {"max": 1}}, "Unknown key 'flop' in 'search.use.small.constraint' (did you mean 'flops'?)"),
        (
            "quick",
            {"latency": {"max": 1}},
            "The key device is missing in 'search.use.quick.constraint.latency': add it.",
        ),
        ("quick", {"operations": ["conv"]}, "Unknown operation 'conv' in 'search.use.quick.constraint.operations[0]'"),
        ("quick", {"latency": {"device": "flops", "max": 1}}, "is 'flops', which is no device."),
    ],
)
def test_a_wrong_constraint_is_one_sentence(config, label, constraint, sentence):
    config["search"]["use"][label]["constraint"] = constraint
    with pytest.raises(ConfigError) as error:
        load_study(config)
    assert sentence in str(error.value)


@pytest.mark.parametrize(("label", "place"), [("quick", "quick.constraint"), ("fast", "fast")])
def test_a_latency_needs_a_table(config, label, place):
    config["search"]["use"] = {label: config["search"]["use"][label]}
    del config["datasets"]["digits"]["hardware"]
    with pytest.raises(ConfigError) as error:
        load_study(config)
    assert str(error.value) == (
        f"search.use.{place} asks for the latency on 'phone', but 'digits' has no table of latencies: set "
        "datasets.digits.hardware.path."
    )


def test_a_table_of_latencies_must_exist(config):
    config["datasets"]["digits"]["hardware"]["path"] = "gone.csv"
    with pytest.raises(DataError, match=r"^datasets.digits.hardware.path is 'gone.csv', which does not exist"):
        load_study(config)


def test_titles_name_the_constraint_in_which_searches_differ(config):
    titles = search_titles(config["search"]["use"])
    assert titles["small"] == "small"  # both limits would make a longer title than there is room for
    assert titles["quick"] == "Random cell (phone ≤ 3.5 ms)"
