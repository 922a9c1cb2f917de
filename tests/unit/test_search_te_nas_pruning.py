"""The search that reads what the pruning of supernets led to: cells, seconds, prices, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest
from search_helpers import code_of, truth_table, write
from summary_helpers import reprice

from tfnas.errors import ConfigError, SearchError
from tfnas.files import read_facts, write_table
from tfnas.search.block import Block
from tfnas.search.live.outcomes import read_live
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Inputs, run_block
from tfnas.spaces.nats_tss import SPACE, Cell
from tfnas.study.load import load_study
from tfnas.study.study import LIVE_RUNS, Study

SETTINGS = {"algorithm": "te_nas_pruning"}
CODES = [code_of(*("skip_connect",) * 6), code_of(*("nor_conv_3x3",) * 6), code_of(*("nor_conv_1x1",) * 6)]


@pytest.fixture
def truth(tmp_path):
    return {"made-up": write(truth_table(), tmp_path / "truth.csv")}


@pytest.fixture
def live(tmp_path):
    """Two blocks of what pruning led to: runs 0 and 1, run 2."""
    paths = []
    for runs in ([0, 1], [2]):
        table = pd.DataFrame(
            {"run": runs, "arch": [SPACE.strings[CODES[run]] for run in runs], "seconds": [10.0 + r for r in runs]}
        ).assign(networks=57)
        paths.append(tmp_path / f"live-{runs[0]}.parquet")
        write_table(paths[-1], table, {"device": f"machine {runs[0]}"})
    return paths


def search(truth, live, folder, first=0, last=2):
    output = folder / "runs.parquet"
    run_block(Block("te", SETTINGS, first, last, 0, "s"), "made-up", Inputs(truth, live_paths=live), output)
    return output


def test_runs_hold_what_pruning_led_to_and_what_it_took(truth, live, tmp_path):
    table = pd.read_parquet(search(truth, live, tmp_path))
    assert [Cell.parse(text).code for text in table["arch"]] == CODES
    assert table["scoring_seconds"].tolist() == [10, 11, 12]
    assert table["training_seconds"].tolist() == [0, 0, 0]
    assert table["cells"].tolist() == [1, 1, 1]
    expected = truth_table().set_index("arch")["test_accuracy"]
    assert table["test_accuracy"].tolist() == [expected[text] for text in table["arch"]]
    facts = read_facts(tmp_path / "runs.parquet")
    assert facts["live"] == {"networks": 57.0, "device": "machine 0; machine 2"}
    assert facts["scored_cells"] == {}


def test_a_part_of_the_runs(truth, live, tmp_path):
    table = pd.read_parquet(search(truth, live, tmp_path, 1, 1))
    assert table["run"].tolist() == [1]
    assert table["scoring_seconds"].tolist() == [11]


def test_live_seconds_are_the_price(truth, live, tmp_path):
    reprice([search(truth, live, tmp_path)], [], {}, {}, tmp_path / "search-costs.csv")
    prices = pd.read_csv(tmp_path / "search-costs.csv").set_index("pricing")
    assert prices.loc[["table", "machine"], "scoring_seconds"].tolist() == [11, 11]
    assert prices["scoring_seconds"].isna()["paper"]
    assert prices["scored_cells"].tolist() == [57, 57, 57]
    assert prices.loc["machine", "machine"] == "machine 0; machine 2"


def test_a_missing_or_repeated_run_is_one_sentence(truth, live, tmp_path):
    with pytest.raises(
        SearchError, match=r"^Run 2 stands nowhere in the evaluations of .*: remove them and run again.$"
    ):
        read_live(live[:1], 0, 2)
    with pytest.raises(SearchError, match=r"^Run 0 stands twice in"):
        read_live([live[0], live[0]], 0, 1)
    with pytest.raises(SearchError, match=r"^Search 'te' evaluates networks live, but was given no table of what they"):
        search(truth, [], tmp_path)


def test_a_cell_that_may_not_be_chosen_is_one_sentence(live, tmp_path):
    truth = {"made-up": write(truth_table(CODES[:2]), tmp_path / "few.csv")}
    search(truth, live, tmp_path, 0, 1)
    with pytest.raises(SearchError, match=r"Pruning ended with \|nor_conv_1x1~0\|.*none of the 2 cells that may be"):
        search(truth, live, tmp_path)


def study(tmp_path, **settings):
    write(truth_table(), tmp_path / "truth.csv")
    return load_study(
        {
            "study": "s",
            "datasets": {"digits": {"truth": {"source": "table", "path": str(tmp_path / "truth.csv")}}},
            "search": {
                "runs": 25,
                "runs_per_job": 20,
                "use": {"te": {**SETTINGS, **settings}, "random": {"algorithm": "random_cell"}},
            },
        }
    )


def test_a_study_prunes_in_small_blocks_for_the_searches_that_ask(tmp_path):
    planned = Study(study(tmp_path))
    assert LIVE_RUNS == 10
    assert planned.live_searches == ["te"]
    folder = "results/s/supernets/digits/te"
    assert planned.live_files("digits", "te", 0, 19) == [f"{folder}/seeds-0-9.parquet", f"{folder}/seeds-10-19.parquet"]
    assert planned.live_files("digits", "te", "20", "24") == [f"{folder}/seeds-20-24.parquet"]
    assert planned.live_files("digits", "random", 0, 19) == []
    assert "prune_supernets/digits/te/20-24.tsv" in planned.block_benchmarks()


def test_a_constraint_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"^search.use.te.constraint limits 'te_nas_pruning', which prunes a supernet"
    ):
        study(tmp_path, constraint={"flops": {"max": 10}})


def test_samples_go_into_three_batches(tmp_path):
    with pytest.raises(ConfigError, match="samples"):
        study(tmp_path, samples=100)
    assert get_algorithm("te_nas_pruning").needs_live
