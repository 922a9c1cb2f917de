"""Our searches beside published ones: which row matches which search, z by hand, verdicts at their edges, the table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import yaml
from reporting_helpers import FakeStudy, added, made
from search_helpers import NATS_DATASETS, nats_truth
from summary_helpers import summarise_searches, write_published_summary

from tfnas.analysis.published import DIFFERS, TOLERATED, UNKNOWN, WITHIN, comparable_rows, judge, quoted_rows, z_score
from tfnas.analysis.published_rows import matching_labels, read_published, rows_alone, rows_beside, search_rows
from tfnas.errors import ReportError
from tfnas.files import read_facts, write_table
from tfnas.report.exhibits import published_searches
from tfnas.report.names import GROUPS
from tfnas.report.numbers import published_searches as numbers_of_published
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.published import SCHEMA as PUBLISHED
from tfnas.search.block import Block
from tfnas.search.runner import Inputs, run_block

BUDGETS = {"cifar10": 12000.0, "cifar100": 40000.0, "ImageNet16-120": 120000.0}

RUNS = 150


@pytest.fixture
def published(root):
    return root / "report/published.yaml"


def labels(matches, **searches):
    return matching_labels({"matches": matches}, searches)


def row_of(path, key):
    return next(row for row in read_published(path)["search"] if row["key"] == key)


def test_a_default_matches_its_value():
    left = {"algorithm": "regularised_evolution"}
    named = left | {"population": 10, "tournament": 3, "mutation": "node_first"}
    assert labels(named, mine=left) == ["mine"]
    assert labels(left, mine=named) == ["mine"]
    assert labels(left, mine=left | {"population": 50}) == []
    assert labels(left | {"population": 50}, mine=left) == []
    assert labels(left, mine={"algorithm": "random_search"}) == []


def test_every_search_with_the_same_settings_matches():
    alike = {"algorithm": "oracle", "sample": 10}
    assert labels(alike, a=alike, b=alike | {"sample": 100}, c=dict(alike)) == ["a", "c"]


def test_a_row_without_matches_stands_beside_nothing():
    assert matching_labels({"method": "DARTS"}, {"mine": {"algorithm": "random_cell"}}) == []


def test_what_becomes_of_the_last_query_matters_only_to_rows_that_name_it():
    early = {"algorithm": "random_search", "overshoot": False}
    assert labels({"algorithm": "random_search"}, mine=early) == ["mine"]
    assert labels({"algorithm": "random_search", "overshoot": True}, mine=early) == []
    assert labels(early, mine=early) == ["mine"]


def test_a_constrained_search_is_another_one():
    plain = {"algorithm": "random_search"}
    assert labels(plain, mine=plain | {"constraint": {"params": {"max": 1.0}}}) == []


def test_the_order_of_summed_proxies_does_not_matter_that_of_named_places_does():
    ablation = {"algorithm": "freerea", "proxies": ["naswot", "logsynflow"]}
    assert labels(ablation, mine=ablation | {"proxies": ["logsynflow", "naswot"]}) == ["mine"]
    assert labels(ablation, mine={"algorithm": "freerea"}) == []
    assert labels({"algorithm": "freerea"}, mine=ablation | {"proxies": ["skip", "naswot", "logsynflow"]}) == ["mine"]
    swapped = {"algorithm": "hnas", "proxies": ["hnas_condition_number", "ntk_trace"]}
    assert labels({"algorithm": "hnas"}, mine=swapped) == []


def test_accuracies_of_another_dataset_are_another_protocol(published):
    datasets = ["cifar10", "cifar100"]
    searches = {
        "own": {"algorithm": "robot"},
        "ten": {"algorithm": "robot", "accuracies_of": "cifar10"},
        "hundred": {"algorithm": "robot", "accuracies_of": "cifar100"},
    }
    found = {label: places for _, label, places in comparable_rows(published, searches, datasets, BUDGETS)}
    assert found == {"own": {"cifar10": "cifar10"}, "ten": {"cifar10": "cifar10", "cifar100": "cifar100"}}
    rows = [row_of(published, "robot")]
    assert list(rows_beside(rows, searches, datasets)) == ["ten"]
    assert set(rows_beside(rows, searches, ["cifar10"])) == {"own", "ten"}
    assert rows_alone(rows, {"own": searches["own"]}, datasets) == rows
    assert rows_alone(rows, {"ten": searches["ten"]}, datasets) == []


def test_accuracies_of_the_dataset_that_was_searched_are_no_other_protocol(published):
    """A published search on CIFAR-10 saw its accuracies; a budget is that of the accuracies that are paid."""
    searches = {"mine": {"algorithm": "random_search", "accuracies_of": "cifar10"}}
    rows = comparable_rows(published, searches, ["cifar10", "cifar100"], BUDGETS)
    assert [row["key"] for row, _, _ in rows] == ["rs", "rs-data-12000"]
    searches["mine"]["accuracies_of"] = "cifar100"
    assert comparable_rows(published, searches, ["cifar10", "cifar100"], BUDGETS) == []


def test_a_row_that_matches_no_possible_search_is_named(tmp_path):
    row = {"method": "a", "group": "hybrid", "cite": "c", "evidence": "P", "searched_on": "each", "values": {}}
    for matches, words in (
        ({"algorithm": "lost"}, "lost"),
        ({"algorithm": "oracle"}, "lacks 'sample'"),
        ({"algorithm": "random_cell", "sample": 3}, "is no parameter of 'random_cell'"),
    ):
        path = tmp_path / f"{len(words)}.yaml"
        path.write_text(yaml.safe_dump({"search": [row | {"matches": matches}]}))
        with pytest.raises(ReportError, match=rf"^Row 'a' in .* matches no search that can be: .*{words}"):
            read_published(path)


def test_a_budget_must_be_the_same(published):
    searches = {"mine": {"algorithm": "random_search"}}

    def keys(budgets, datasets=("cifar10", "cifar100")):
        return [row["key"] for row, _, _ in comparable_rows(published, searches, list(datasets), budgets)]

    assert keys({"cifar10": 12000}) == ["rs", "rs-data-12000"]
    assert keys({"cifar10": 20000.0}) == ["rs-data-20000"]
    assert keys({"cifar10": None}) == [], "a study that pays once per class pays another price"
    assert keys({"cifar100": 12000}) == [], "the budget is that of the dataset that was searched"
    assert keys({"cifar100": 12000}, ["cifar100"]) == [], "nobody searched CIFAR-10 here"


def test_rows_stand_where_they_were_searched(published):
    searches = {"naswot": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10}}
    found = {
        row["key"]: places for row, _, places in comparable_rows(published, searches, ["cifar10", "cifar100"], BUDGETS)
    }
    assert found == {
        "naswot-10": {"cifar10": "cifar10", "cifar100": "cifar10"},
        "naswot-cache-10": {"cifar10": "cifar10", "cifar100": "cifar100"},
    }
    assert comparable_rows(published, searches, ["digits"], {"digits": 6}) == []


def test_z_by_hand():
    # 0.2 / sqrt(0.3^2 / 100 + 0.4^2 / 400) = 0.2 / sqrt(0.0009 + 0.0004)
    assert z_score((94.0, 0.3, 100), (93.8, 0.4, 400)) == pytest.approx(0.2 / math.sqrt(0.0013))
    assert z_score((93.6, 0.3, 100), (93.8, 0.4, 400)) == pytest.approx(-5.547, abs=1e-3)
    assert z_score((94.0, 0.0, 100), (93.8, 0.4, 400)) == pytest.approx(10.0)
    for theirs in ((93.8, None, 400), (93.8, 0.4, None), (93.8, math.nan, 400)):
        assert math.isnan(z_score((94.0, 0.3, 100), theirs))
    assert math.isnan(z_score((94.0, 0.0, 100), (93.8, 0.0, 10))), "without any spread there is no scale"


@pytest.mark.parametrize(
    ("difference", "deviation", "tolerance", "verdict"),
    [
        (0.37, 0.37, None, WITHIN),
        (-0.37, 0.37, None, WITHIN),
        (93.85 - 93.48, 0.37, None, WITHIN),
        (0.374, 0.37, None, WITHIN),
        (0.376, 0.37, None, DIFFERS),
        (0.0044, 0.0, None, WITHIN),
        (0.006, 0.0, None, DIFFERS),
        (0.1, 0.05, 0.1, TOLERATED),
        (-0.104, 0.05, 0.1, TOLERATED),
        (0.11, 0.05, 0.1, DIFFERS),
        (0.05, 0.05, 0.1, WITHIN),
        (0.1, None, 0.1, TOLERATED),
        (0.2, None, 0.1, DIFFERS),
        (0.0, None, None, UNKNOWN),
        (30.0, None, None, UNKNOWN),
    ],
)
def test_verdicts_at_their_edges(difference, deviation, tolerance, verdict):
    assert judge(difference, deviation, tolerance) == verdict


SEARCHES = {
    "freerea": {"algorithm": "freerea"},
    "az": {"algorithm": "proxy_argmax", "proxy": "az_nas"},
    "hnas": {"algorithm": "hnas"},
    "area": {"algorithm": "area", "proxy": "naswot", "sample": 20},
    "robot": {"algorithm": "robot", "accuracies_of": "cifar10"},
}


@pytest.fixture
def against(published, tmp_path):
    """Write a summary of made-up results and the comparison; return its path."""
    rows = [
        ("freerea", "cifar10", "cifar10", "test_accuracy", 50, 94.30, 0.10),
        ("freerea", "cifar10", "cifar10", "valid_accuracy", 50, 91.5, 0.10),
        ("freerea", "cifar100", "cifar100", "test_accuracy", 50, 73.41, 0.20),
        ("freerea", "cifar10", "cifar100", "test_accuracy", 50, 1.0, 0.20),
        ("az", "cifar10", "cifar10", "test_accuracy", 50, 93.0, 0.0),
        ("hnas", "cifar10", "cifar100", "test_accuracy", 50, 70.0, 1.0),
        ("area", "cifar10", "cifar10", "valid_accuracy", 50, 91.5, 0.30),
        ("area", "cifar10", "cifar10", "test_accuracy", 50, 93.9, 0.30),
        ("robot", "cifar100", "cifar100", "test_accuracy", 50, 73.4, 1.0),
    ]
    summary = pd.DataFrame(rows, columns=["search", "searched_on", "dataset", "metric", "n", "mean", "std"])
    # The standard error is over runs for all but AREA, whose scores were made three times.
    nested = summary["search"] == "area"
    summary = summary.assign(scorings=np.where(nested, 3, 1), std_scorings=np.where(nested, 0.6, np.nan))
    write_table(tmp_path / "search.csv", summary)
    output = tmp_path / "published.csv"
    write_published_summary(tmp_path / "search.csv", published, SEARCHES, ["cifar10", "cifar100"], BUDGETS, output)
    return output


def test_the_summary_of_comparisons(against, published):
    table = pd.read_csv(against)
    assert tuple(table.columns) == PUBLISHED.names
    found = table.set_index(["key", "dataset", "metric"])
    assert len(table) == len(found.index.unique()) == 6, "what one side lacks is left out"
    row = found.loc["freerea-cache", "cifar10", "test_accuracy"]
    assert (row["search"], row["searched_on"], row["theirs_runs"], row["ours_n"]) == ("freerea", "cifar10", 100, 50)
    assert row["difference"] == pytest.approx(-0.05)
    assert row["z"] == pytest.approx(-0.05 / math.sqrt(0.1**2 / 50 + 0.05**2 / 100))
    assert (row["tolerance"], row["verdict"], row["evidence"]) == (0.1, WITHIN, "C")
    assert row["source"] == row_of(published, "freerea-cache")["source"]
    other = found.loc["freerea-cache", "cifar100", "test_accuracy"]
    assert other["searched_on"] == "cifar100"
    assert other["ours_mean"] == 73.41
    assert other["verdict"] == WITHIN
    alone = found.loc["az-nas-argmax", "cifar10", "test_accuracy"]
    assert math.isnan(alone["theirs_std"])
    assert math.isnan(alone["z"])
    assert alone["verdict"] == UNKNOWN
    quoted = found.loc["hnas", "cifar100", "test_accuracy"]
    assert (quoted["evidence"], quoted["verdict"]) == ("S", DIFFERS)
    assert math.isnan(quoted["z"]), "their number of runs is not known"
    area = found.loc["area", "cifar10", "valid_accuracy"]
    assert area["verdict"] == DIFFERS
    error = math.sqrt(0.6**2 / 3 + area["theirs_std"] ** 2 / area["theirs_runs"])
    assert area["z"] == pytest.approx(area["difference"] / error), "runs are nested in scorings"
    assert tuple(found.loc["robot", "cifar100", "test_accuracy"][["searched_on", "accuracies_of"]]) == (
        "cifar100",
        "cifar10",
    )
    assert row[["accuracies_of"]].isna().all(), "FreeREA looks at none"
    assert "NaN where one of them is not known" in read_facts(against)["z"]


def test_numbers_count_what_was_judged_and_not_what_others_quote(against):
    numbers = Numbers()
    added(numbers_of_published, numbers, against=against)
    found = {key.removeprefix("published."): entry["value"] for key, entry in numbers.entries.items()}
    assert {name: found[name] for name in ("compared", "within", "tolerated", "differs", "unknown", "quoted")} == {
        "compared": 4,
        "within": 2,
        "tolerated": 0,
        "differs": 2,
        "unknown": 1,
        "quoted": 1,
    }
    # FreeREA twice, AREA and RoBoT have a z; RoBoT's is -0.11 / (1 / sqrt(50)).
    assert (found["with_z"], found["beyond_chance"]) == (4, 2)
    assert (found["widest.title"], found["widest.dataset"]) == ("AZ-NAS, best of all cells", "CIFAR-10")
    assert found["farthest.title"] == "AREA"
    assert found["farthest.metric"] == "validation"
    assert found["farthest.difference"] == pytest.approx(0.3)


def test_the_table_of_comparisons(against, published, tmp_path):
    output = tmp_path / "table.tex"
    of_study = {"searches": SEARCHES, "datasets": ["cifar10", "cifar100"]}
    made(published_searches, output, against=against, published=[published], **of_study)
    text = output.read_text()
    assert r"94.30\,\textpm\,0.10 & \quoted{94.35\,\textpm\,0.05} & $-0.05$ & $-3.3$ & within one s.d. \\" in text
    assert r"93.00\,\textpm\,0.00 & \quoted{93.63} & $-0.63$ & -- & -- \\" in text
    assert r"\textbf{differs}" in text
    assert "FreeREA, computed from published data" in text
    assert "HNAS, quoted by others" in text
    assert "AREA, published" in text
    assert "RoBoT (accuracies of CIFAR-10), published" in text
    assert "each dataset searched by itself, accuracies of CIFAR-10, 10 runs" in text
    assert "searched on CIFAR-10, 12\\,000 s, 50 runs" in text
    assert text.count(r"\begin{longtable}") == 1
    quoted = text.partition(r"\begin{longtable*}")[2]
    headings = [rf"\emph{{{GROUPS[group]}}}" for group in ("weight-sharing", "training-free", "hybrid")]
    assert sorted(headings, key=quoted.index) == headings
    assert r"\quoted{GDAS~\citep{mellor2021naswot}} & \quoted{3} & \quoted{93.51\,\textpm\,0.13}" in quoted
    assert r"\quoted{DrNAS, quoted by others~\citep{he2024robot}}" in quoted


def test_what_others_quote_is_never_the_published_row_of_a_search(published):
    content = read_published(published)["search"]
    assert {row["key"] for row in content if row["evidence"] == "S"} >= {"hnas", "drnas-quoted"}
    for protocol in ("each", *NATS_DATASETS):
        rows = search_rows(published, list(NATS_DATASETS), protocol)
        assert not [row for row in rows if row["evidence"] == "S"]
        assert all(row["evidence"] == "P" for row in rows_alone(rows, {}, list(NATS_DATASETS)))
    groups = {row["group"] for row in quoted_rows(published, list(NATS_DATASETS))}
    assert groups == {"weight-sharing", "training-free", "hybrid"}


def test_a_search_has_one_published_row_the_first(published):
    searches = {"mine": {"algorithm": "random_search"}, "free": {"algorithm": "freerea"}}
    beside = rows_beside(search_rows(published, list(NATS_DATASETS), "cifar10"), searches, NATS_DATASETS)
    assert {label: row["key"] for label, row in beside.items()} == {"mine": "rs"}


def test_tolerances_stand_where_they_are_called_for(published):
    rows = [row for row in read_published(published)["search"] if "tolerance" in row]
    assert {row["matches"]["algorithm"] for row in rows} == {"freerea"}
    assert {row["tolerance"] for row in rows} == {0.1}


def test_a_made_up_study_has_rows_of_both_protocols(published, tmp_path):
    study = FakeStudy(tmp_path, NATS_DATASETS, published=True)
    output = tmp_path / "published.csv"
    write_published_summary(study.summary, published, study.searches, study.datasets, BUDGETS, output)
    table = pd.read_csv(output)
    assert {"rs", "rea", "naswot-10", "naswot-cache-100", "area", "optimal-10"} <= set(table["key"])
    assert (table.loc[table["key"] == "rs", "searched_on"] == "cifar10").all()
    oracle = table[table["key"] == "optimal-10"]
    assert (oracle["searched_on"] == oracle["dataset"]).all()


NASWOT = {
    f"naswot-{sample}": {"algorithm": "proxy_search", "proxy": "naswot", "sample": sample} for sample in (10, 100)
}
NASWOT["naswot-1000"] = {"algorithm": "proxy_search", "proxy": "naswot", "sample": 1000}
TRAINED = {
    "random-search": {"algorithm": "random_search"},
    "regularised-evolution": {"algorithm": "regularised_evolution", "population": 10, "tournament": 3},
    "oracle-10": {"algorithm": "oracle", "sample": 10},
    "oracle-100": {"algorithm": "oracle", "sample": 100},
}


def compared(searches, scores, truth, published, folder):
    """Run searches on the real ground truth and return their rows beside published ones."""
    runs = []
    for label, settings in searches.items():
        trains = settings["algorithm"] in ("random_search", "regularised_evolution")
        for dataset in NATS_DATASETS[: 1 if trains else 3]:
            runs.append(folder / f"{label}-{dataset}.parquet")
            budget = BUDGETS[dataset] if trains else None
            run_block(
                Block(label, settings, 0, RUNS - 1, 2026, "nats"),
                dataset,
                Inputs(truth, [scores[dataset]] if dataset in scores else []),
                runs[-1],
                budget_seconds=budget,
            )
    summarise_searches(runs, folder / "search.csv", 0)
    output = folder / "published.csv"
    write_published_summary(folder / "search.csv", published, searches, list(NATS_DATASETS), BUDGETS, output)
    return pd.read_csv(output)


@pytest.fixture(scope="module")
def truth(shared_data, tmp_path_factory):
    return nats_truth(shared_data, tmp_path_factory.mktemp("nats"))


def test_random_search_evolution_and_oracle_meet_the_published_rows(truth, published, tmp_path):
    table = compared(TRAINED, {}, truth, published, tmp_path)
    keys = {"rs", "rea", "rs-data-12000", "rea-data-12000", "optimal-10", "optimal-100"}
    assert set(table["key"]) == keys
    assert len(table) == 4 * 6 + 2 * 3, "both accuracies on three datasets, test accuracy alone of recomputed rows"
    assert set(table["verdict"]) == {WITHIN}, table[table["verdict"] != WITHIN].to_string()


def test_naswot_meets_the_published_rows(truth, published, shipped_scores, tmp_path):
    scores = {name: shipped_scores(name) for name in NATS_DATASETS}
    table = compared(NASWOT, scores, truth, published, tmp_path)
    assert set(table["key"]) == {f"naswot{kind}-{sample}" for kind in ("", "-cache") for sample in (10, 100, 1000)}
    assert set(table["verdict"]) == {WITHIN}, table[table["verdict"] != WITHIN].to_string()
