"""The same runs priced by the score table, by this machine and by a published rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import made
from search_helpers import score_table, truth_table, write
from summary_helpers import reprice

from tfnas.analysis.published_rows import published_rates
from tfnas.errors import ReportError, ScoreError, SearchError
from tfnas.files import read_json, write_json
from tfnas.report.exhibits import search_costs
from tfnas.schemas.search_costs import SCHEMA as PRICES
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block

PUBLISHED = {"made_up": {"value": 2.0, "device": "Some GPU"}}


@pytest.fixture
def runs(tmp_path):
    """Run tables of three searches, one in two blocks."""
    truth = {"one": write(truth_table(), tmp_path / "one.csv")}
    table = pd.concat([score_table(), score_table(proxy="other", seconds=np.nan)])
    scores = write(table, tmp_path / "scores.csv")
    blocks = (
        ("ten", {"algorithm": "proxy_search", "proxy": "made_up", "sample": 10}, 0, 1),
        ("ten", {"algorithm": "proxy_search", "proxy": "made_up", "sample": 10}, 2, 6),
        ("area", {"algorithm": "area", "proxy": "made_up"}, 0, 6),
        ("unknown", {"algorithm": "proxy_search", "proxy": "other", "sample": 10}, 0, 6),
        ("cell", {"algorithm": "random_cell"}, 0, 6),
    )
    paths = []
    for label, settings, first, last in blocks:
        paths.append(tmp_path / f"{label}-{first}.parquet")
        run_block(
            Block(label, settings, first, last, 7, "made-up"),
            "one",
            Inputs(truth, [scores]),
            paths[-1],
            budget_seconds=60,
        )
    return paths


@pytest.fixture
def rates(tmp_path):
    return [measured(tmp_path, made_up=0.5, other=0.1)]


def measured(tmp_path, **seconds):
    """Write what a measurement of each proxy as a family of its own gave."""
    families = {name: {"seconds": {name: value}, "table_device": "That"} for name, value in seconds.items()}
    write_json(tmp_path / "rates.json", {"dataset": "one", "device": "This", "families": families})
    return tmp_path / "rates.json"


def priced(runs, rates, tmp_path, members=None, published=PUBLISHED, unpriced=()):
    members = members or {"made_up": ["made_up"], "other": ["other"]}
    reprice(runs, rates, members, published, tmp_path / "search-costs.csv", unpriced)
    return pd.read_csv(tmp_path / "search-costs.csv").set_index(["search", "pricing"])


def test_prices_counted_by_hand(runs, rates, tmp_path):
    table = priced(runs, rates, tmp_path)
    assert (*table.index.names, *table.columns) == (
        "search",
        "pricing",
        *[c for c in PRICES.names if c not in table.index.names],
    )
    assert list(table.loc["ten"]["scoring_seconds"]) == [2.5, 5.0, 20.0]
    assert list(table.loc["ten"]["machine"]) == ["That", "This", "Some GPU"]
    assert list(table.loc["area"]["scoring_seconds"]) == [5.0, 10.0, 40.0]
    assert table.loc["area", "training_seconds"].nunique() == 1, "only scoring has another price"
    assert set(table["n"]) == {7}
    parts = table[["scoring_seconds", "training_seconds", "wall_seconds"]].sum(axis=1, skipna=False)
    np.testing.assert_allclose(table["total_seconds"], parts)
    assert list(table.loc["cell"]["scoring_seconds"]) == [0, 0, 0]


def test_given_scores_have_no_price_on_this_machine(runs, rates, tmp_path):
    measured(tmp_path, made_up=0.5)
    with pytest.raises(SearchError, match="No measurement says how long proxy 'other'"):
        priced(runs, rates, tmp_path)
    table = priced(runs, rates, tmp_path, unpriced=["other"])
    assert np.isnan(table.loc[("unknown", "machine"), "total_seconds"])
    assert table.loc[("ten", "machine"), "scoring_seconds"] == 5.0
    assert pd.isna(table.loc[("unknown", "machine"), "machine"]), "nobody's machine"
    table = priced(runs, [], tmp_path, unpriced=["made_up", "other"])
    assert np.isnan(table.loc[("ten", "machine"), "total_seconds"])


def test_prices_that_nobody_knows_are_empty(runs, rates, tmp_path):
    table = priced(runs, rates, tmp_path).loc["unknown"]
    assert np.isnan(table["scoring_seconds"][["table", "paper"]]).all()
    assert np.isnan(table["total_seconds"][["table", "paper"]]).all()
    assert table["scoring_seconds"]["machine"] == pytest.approx(1.0)


def test_an_ensemble_costs_what_its_members_cost(runs, rates, tmp_path):
    table = priced(runs, rates, tmp_path, {"made_up": ["made_up", "other"], "other": ["other"]})
    assert table["scoring_seconds"]["ten", "machine"] == pytest.approx(10 * (0.5 + 0.1))
    assert np.isnan(table["scoring_seconds"]["ten", "paper"]), "nobody states the rate of one member"


def test_a_proxy_without_a_measurement_is_named(runs, tmp_path):
    with pytest.raises(SearchError, match=r"^No measurement says how long proxy 'made_up', which search 'ten' reads"):
        priced(runs, [], tmp_path)


def test_published_rates_are_facts_that_name_a_proxy(root):
    rates = published_rates(root / "report/published.yaml", ["cifar10"])
    assert rates["naswot"]["value"] == 0.306
    assert rates["naswot"]["device"] == "GTX 1080Ti"
    assert published_rates(root / "report/published.yaml", ["digits"]) == {}, "other networks"
    assert published_rates(None, ["cifar10"]) == {}


def test_the_time_of_families_is_measured(tmp_path):
    from tfnas.scoring.machine_seconds import CELLS, measure_seconds

    facts = {
        "dataset": "one",
        "skeleton": {"channels": 2, "cells_per_stage": 1, "classes": 3, "image_channels": 1, "image_size": 8},
        "batch": {"images": 4},
        "families": {"naswot": {"repeats": 2, "device": "That"}, "structure": {"repeats": 1, "device": "Other"}},
    }
    families = {"naswot": ["naswot"], "structure": ["params", "skip"]}
    write_json(tmp_path / "scores.json", facts)
    measure_seconds(families, [tmp_path / "scores.json"] * 2, "cpu", 0, tmp_path / "rates.json")
    told = read_json(tmp_path / "rates.json")
    assert told["dataset"] == "one"
    assert {name: list(rate["seconds"]) for name, rate in told["families"].items()} == families
    rate = told["families"]["naswot"]
    assert rate["seconds"]["naswot"] > 0
    assert rate["cells"] >= CELLS
    assert (rate["table_device"], rate["repeats"]) == ("That", 2)
    assert told["families"]["structure"]["table_device"] == "Other"
    for change in ({"families": {}}, {"batch": {}}, {"skeleton": {"wrong": 2}}):
        write_json(tmp_path / "scores.json", facts | change)
        with pytest.raises(ScoreError, match=r"do not say how 'naswot' was scored"):
            measure_seconds(families, [tmp_path / "scores.json"] * 2, "cpu", 0, tmp_path / "rates.json")


SEARCHES = {
    "cell": {"algorithm": "random_cell"},
    "ten": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
    "unknown": {"algorithm": "proxy_search", "proxy": "params", "sample": 10},
    "area": {"algorithm": "area", "proxy": "naswot"},
}


def test_the_table_of_prices(runs, rates, tmp_path):
    def write(searches=SEARCHES):
        sources = {"prices": tmp_path / "search-costs.csv", "searches": searches, "datasets": ["one"]}
        return made(search_costs, tmp_path / "tables/prices.tex", **sources).read_text()

    priced(runs, rates, tmp_path)
    text = write()
    assert "random" not in text.lower(), "references are charged nothing"
    assert "table & here & paper" in text
    unknown = next(line for line in text.splitlines() if line.startswith("Parameters"))
    assert unknown.split(" & ")[1:4] == ["?", "1", "?"] or unknown.split(" & ")[1:4] == ["?", "1.00", "?"]
    priced(runs, rates, tmp_path, published={})
    assert "paper" not in write()
    with pytest.raises(ReportError, match=r"has no price of search 'other' on 'one': reprice the runs.$"):
        write(SEARCHES | {"other": SEARCHES["ten"]})
