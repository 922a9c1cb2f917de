import json
import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from reporting_helpers import MEANS, NOISE, ONE_SEED, SEARCHES, FakeStudy, added, numbers_of
from scipy.stats import spearmanr

from tfnas.analysis import published_rows
from tfnas.errors import ReportError
from tfnas.files import read_facts, read_json, read_table, write_json, write_table
from tfnas.report.numbers import study as of_study
from tfnas.report.numbers.base import Numbers
from tfnas.report.numbers.best import best_label
from tfnas.report.proxy_numbers import looking_at_networks
from tfnas.scoring.ensembles import ENSEMBLES, Ensemble
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.registry import get_space, space_names


@pytest.fixture
def one(tmp_path):
    return FakeStudy(tmp_path / "study", ("digits",))


def test_numbers_come_from_the_files(one, tmp_path):
    numbers = numbers_of(one)
    truth = read_table(one.truths["digits"])
    assert numbers["truth.digits.best"]["value"] == truth["test_accuracy"].max()
    early = spearmanr(truth["early_valid_accuracy"], truth["test_accuracy"]).statistic
    assert math.isclose(numbers["truth.digits.early_spearman"]["value"], early)
    assert numbers["search.digits.naswot-10.digits.reported.mean"] == {"text": "90.00", "value": 90.0}
    assert numbers["search.digits.area.total"]["value"] == 107.0
    assert numbers["correlation.digits.naswot.reported.all.spearman"]["text"] == "0.793"
    assert numbers["best.digits.training-free.title"]["text"] == "NASWOT ($N{=}100$)"
    assert numbers["best.digits.any.label"]["value"] == "regularised-evolution"
    assert math.isclose(numbers["compare.digits.non-weight-sharing.lead"]["value"], 0.234)
    assert numbers["compare.digits.non-weight-sharing.speedup"]["text"] == "52"
    assert numbers["compare.digits.non-weight-sharing.verdict"]["value"] == "undecided"
    assert numbers["growth.digits.naswot.gain"]["value"] == 1.0
    assert numbers["growth.digits.naswot.oracle_gap"]["value"] == 1.5
    assert numbers["noise.digits.split_half_spearman"]["text"] == "0.872"


def test_verdicts_follow_the_paired_interval_of_the_difference(one, tmp_path):
    numbers = numbers_of(one)
    assert math.isclose(numbers["compare.digits.non-weight-sharing.low"]["value"], 91.234 - 91 - 0.25)
    assert math.isclose(numbers["compare.digits.non-weight-sharing.high"]["value"], 91.234 - 91 + 0.25)
    verdicts = {key: numbers[f"{key}.verdict"]["value"] for key in ("random.digits", "growth.digits.naswot")}
    assert verdicts == {"random.digits": "better", "growth.digits.naswot": "better"}
    assert numbers["extends.digits.area.verdict"]["value"] == "undecided"
    assert numbers["evolution.digits.verdict"]["value"] == "undecided"
    assert numbers["growth.digits.naswot.p"]["text"] == r"\textless 0.001"


def test_two_means_may_differ_although_their_intervals_overlap(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",))
    table = read_table(study.contests["search_pairs_path"])
    row = (table["search"] == "naswot-100") & (table["other"] == "regularised-evolution")
    table.loc[row, ["ci_low", "ci_high", "p_holm"]] = -0.4, -0.1, 0.01
    write_table(study.contests["search_pairs_path"], table)
    numbers = numbers_of(study)
    assert numbers["best.digits.training-free.ci_high"]["value"] > 91.234 - 0.2
    compared = {part: numbers[f"compare.digits.non-weight-sharing.{part}"]["value"] for part in ("low", "high")}
    assert compared == {"low": 0.1, "high": 0.4}, "the pair stands the other way round in the table"
    assert numbers["compare.digits.non-weight-sharing.verdict"]["value"] == "better"


def test_searches_are_set_against_each_other(tmp_path):
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100"))
    numbers = {key: entry["value"] for key, entry in numbers_of(study).items()}
    contest = {
        key.removeprefix("contest.cifar10."): value for key, value in numbers.items() if "contest.cifar10" in key
    }
    assert contest["pairs"] == 21
    means = sorted(MEANS.values())
    assert contest["apart"] == sum(b - a > 0.25 for a, b in combinations(means, 2))
    assert contest["first.title"] == "Regularised evolution"
    assert contest["second.title"] == "AREA"
    assert math.isclose(contest["lead"], 0.003)
    assert contest["verdict"] == "undecided"
    assert (contest["runs"], contest["enough"], contest["needed_median"]) == (30, 0, 199)
    assert math.isclose(numbers["regret.cifar100.area.median"], 94.9 - 91.231)
    assert numbers["ranks.first.title"] == "Regularised evolution"
    assert numbers["ranks.searches"] == 5
    assert numbers["ranks.last.rank"] == 5
    assert numbers["ranks.below_first"] == 1


def test_searches_that_are_equal_in_every_run_are_counted_not_ranked(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",))
    table = read_table(study.contests["search_pairs_path"])
    row = (table["search"] == "regularised-evolution") & (table["other"] == "area")
    table.loc[row, ["difference", "ci_low", "ci_high", "rank_biserial", "detectable", "runs_needed"]] = 0.0
    write_table(study.contests["search_pairs_path"], table)
    numbers = {key: entry["value"] for key, entry in numbers_of(study).items()}
    contest = {key.removeprefix("contest.digits."): value for key, value in numbers.items() if "contest.digits" in key}
    assert contest["tied"] == 1
    assert contest["second.title"] == "Random search"
    assert math.isclose(contest["lead"], 0.034)
    assert (contest["pairs"], contest["varied"], contest["detectable_least"]) == (21, 20, 0.26)


def test_a_search_with_the_skip_term_stands_beside_the_best_without(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",))
    assert not [key for key in numbers_of(study) if key.startswith("prior.")]
    study.searches["naswot-100"] = {"algorithm": "freerea"}
    numbers = {key: entry["value"] for key, entry in numbers_of(study).items()}
    assert numbers["best.digits.training-free.label"] == "naswot-100"
    assert numbers["best.digits.prior-free.label"] == "naswot-10"
    assert math.isclose(numbers["prior.digits.lead"], 91.234 - 90)
    assert numbers["prior.digits.verdict"] == "better"
    study.searches["naswot-100"]["proxies"] = ["naswot", "logsynflow"]
    assert not [key for key in numbers_of(study) if key.startswith("prior.")]


def test_of_searches_that_print_the_same_mean_the_cheapest_is_the_best():
    means, seconds = {"a": 94.361, "b": 94.36, "c": 94.358, "d": 94.31}, {"a": 110.0, "b": 0.1, "c": None, "d": 0.0}
    assert best_label(list(means), means.get, seconds.get) == "b"
    assert best_label(["a", "c"], means.get, seconds.get) == "a"


def test_notes_of_the_scores_stand_with_the_device(one, tmp_path):
    assert numbers_of(one)["device.digits.note"] == {"text": "", "value": ""}
    facts = read_json(one.scores["digits"].with_suffix(".json"))
    facts["families"] = {name: {"device": "CPU", "note": "100 % busy."} for name in ("naswot", "zico")} | {
        "az": {"device": "CPU"}
    }
    one.scores["digits"].with_suffix(".json").write_text(json.dumps(facts))
    assert numbers_of(one)["device.digits.note"]["text"] == r"100 \% busy."


def test_one_search_has_no_contests(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",), searches=("naswot-10",))
    numbers = numbers_of(study)
    assert "regret.digits.naswot-10.mean" in numbers
    assert not [key for key in numbers if key.startswith(("contest.digits", "ranks."))]
    assert "growth.digits.naswot.gain" not in numbers


def test_what_the_files_say_goes_before_the_study(one, tmp_path):
    numbers = numbers_of(one)
    assert numbers["study.cells"]["value"] == 400
    assert numbers["study.wall_seconds_max"]["value"] == 0.04
    assert numbers["study.share_classes"]["value"] is False, "although the study asks for it"


def test_where_the_order_comes_from(one, tmp_path):
    numbers = numbers_of(one)
    assert numbers["order.digits.convolutions"]["value"] > 0.8
    assert abs(numbers["order.digits.naswot.within"]["value"]) < 0.2
    assert numbers["order.digits.naswot.top_cells"]["value"] == 40
    assert numbers["order.digits.naswot.top"]["text"] == "0.310"
    assert numbers["order.digits.naswot.partial_low"]["text"] == "0.380"
    assert not [key for key in numbers if key.startswith(("ranking.", "pairs."))], "nothing to compare"


def test_proxies_are_compared_with_each_other(root, tmp_path):
    names = ("flops", "naswot", "params", "synflow")
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100"), published=True, proxies=names, ensembles=("vote",))
    numbers = {key: entry["value"] for key, entry in numbers_of(study).items()}
    assert numbers["ranking.first.title"] == numbers["ranking.cifar100.first.title"] == "FLOPs"
    assert numbers["ranking.first.rank"] == 1
    assert numbers["ranking.names"] == 5
    assert numbers["ranking.networks"] == 3, "NASWOT, SynFlow and the vote"
    strengths = [study.strength(names.index(name), "cifar10") for name in ("naswot", "synflow")]
    strengths.append(study.strength(4, "cifar10"))
    beaten = sum(strength > numbers["order.cifar10.convolutions"] for strength in strengths)
    assert numbers["ranking.cifar10.above_convolutions"] == beaten
    assert math.isclose(numbers["ranking.cifar100.agreement"], 1)
    assert "ranking.cifar10.agreement" not in numbers
    assert numbers["order.cifar10.top_known"] == 5
    assert numbers["order.cifar10.partial_known"] == 3, "not of what is given"
    assert numbers["order.cifar10.partial_best.title"] == "NASWOT"
    assert numbers["pairs.cifar10.unlike.one"] == "FLOPs"
    assert numbers["pairs.cifar10.unlike.other"] == "Vote"
    assert math.isclose(numbers["pairs.cifar10.alike.spearman"], math.cos(0.3))
    assert numbers["pairs.cifar10.beside_flops"] == 3
    assert numbers["pairs.cifar10.closer_to_flops"] == 1, "NASWOT: cos 0.3 against 0.763"
    assert numbers["pairs.cifar10.closer_to_flops.titles"] == "NASWOT"
    assert (numbers["pairs.cifar10.unlike.opposite"], numbers["ranking.cifar10.inverted"]) == (False, 0)
    assert numbers["stability.cifar10.initialisation_least.title"] == "SynFlow"
    assert math.isclose(numbers["stability.cifar10.initialisation_median"], 0.96), "of NASWOT and SynFlow"
    assert numbers["stability.cifar10.synflow.initialisation_shift"] == 0.025
    assert "stability.cifar10.vote.cells" not in numbers


def test_following_flops_goes_by_magnitude_not_by_sign(tmp_path):
    """An inverted proxy that is tied to accuracy more than to FLOPs does not follow FLOPs, and the other way round."""
    study = FakeStudy(tmp_path / "study", ("digits",), proxies=("naswot", "flops", "synflow", "snip"))
    pairs, correlations = read_table(study.pairs), read_table(study.correlations)
    of_test = (correlations["accuracy"] == "test_accuracy") & (correlations["cells"] == "all")
    for name, with_flops, with_accuracy in (("naswot", 0.3, -0.5), ("synflow", -0.6, 0.4), ("snip", 0.2, 0.4)):
        for one, other in ((name, "flops"), ("flops", name)):
            pairs.loc[(pairs["proxy"] == one) & (pairs["other"] == other), "spearman"] = with_flops
        correlations.loc[of_test & (correlations["proxy"] == name), "spearman"] = with_accuracy
    write_table(study.pairs, pairs)
    write_table(study.correlations, correlations)
    numbers = {key: entry["value"] for key, entry in numbers_of(study).items()}
    assert numbers["pairs.digits.closer_to_flops"] == 1
    assert numbers["pairs.digits.closer_to_flops.titles"] == "SynFlow"
    assert numbers["ranking.digits.inverted"] == 1
    assert numbers["ranking.digits.strongest.title"] == "FLOPs"
    assert numbers["ranking.digits.strongest.inverted"] is False
    assert numbers["correlation.digits.naswot.reported.all.words"] == "a moderate but inverted rank correlation"


def test_counts_do_not_look_at_a_network(monkeypatch):
    counts = Ensemble("counts", "Counts", ("params", "skip"), "rank_sum", ("a", "b"), "Made up.")
    monkeypatch.setitem(ENSEMBLES, "counts", counts)
    assert looking_at_networks(["params", "naswot", "counts", "az_nas"]) == ["naswot", "az_nas"]


def test_a_study_without_noise_says_nothing_of_it(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",), measured=False)
    assert not [key for key in numbers_of(study) if key.startswith("stability.")]


def test_every_macro_is_defined_once(one, tmp_path):
    numbers = numbers_of(one)
    lines = (one.folder / "numbers.tex").read_text().splitlines()
    defined = [line.split("result@")[1].split(r"\endcsname")[0] for line in lines if r"\def\csname" in line]
    assert defined == list(numbers)


def test_the_gap_between_two_means_has_its_own_noise(one, tmp_path):
    numbers = numbers_of(one)
    assert numbers["noise.digits.reliability"]["text"] == "0.932"
    assert numbers["noise.digits.noise_top_100"]["text"] == "0.41"
    assert numbers["noise.digits.noise_of_mean_top_100"]["text"] == "0.24"
    assert math.isclose(numbers["noise.digits.noise_of_gap"]["value"], math.sqrt(2) * 0.2367)
    assert numbers["noise.digits.clock"]["value"] == "processor time"


@pytest.mark.parametrize("facts", [{}, {"recipe": "SGD, 200 epochs"}, {"recipe": {"epochs": 200}}])
def test_a_recipe_alone_makes_no_benchmark_ours(tmp_path, facts):
    foreign = FakeStudy(tmp_path / "foreign", ("digits",), noise=facts)
    assert not [key for key in numbers_of(foreign) if key.startswith("noise.")]


def test_a_benchmark_is_ours_when_it_says_how_noisy_it_is(tmp_path):
    ours = FakeStudy(tmp_path / "ours", ("own",), noise=ONE_SEED | {"seconds_meaning": "seconds on a GPU"})
    numbers = numbers_of(ours)
    assert numbers["noise.own.seconds"]["value"] == 1234.5
    assert numbers["noise.own.clock"]["value"] == "wall time"
    assert numbers["noise.own.noise_of_gap"] == {"text": "--", "value": None}


@pytest.mark.parametrize("key", [key for key in NOISE if key != "recipe"])
def test_a_fact_on_noise_that_is_missing_is_named(one, tmp_path, key):
    path = one.truths["digits"].with_suffix(".json")
    facts = read_json(path)
    del facts[key]
    write_json(path, facts)
    with pytest.raises(ReportError, match=rf"digits.json' lack '{key}', which the report prints"):
        numbers_of(one)


def test_evolution_is_held_against_random_search_at_the_same_budget_alone(one, tmp_path):
    uses = one.config["search"]["use"]
    uses["random-search"] = uses["random-search"] | {"evaluations": 5}
    assert not [key for key in numbers_of(one) if key.startswith("evolution.")]


def test_a_fact_on_noise_that_is_no_number_is_named(one, tmp_path):
    path = one.truths["digits"].with_suffix(".json")
    path.write_text(json.dumps(read_json(path) | {"seconds": "long"}))
    with pytest.raises(ReportError, match=r"The fact 'seconds' of .* is 'long' where the report prints a number"):
        numbers_of(one)


def test_three_datasets_transfer_and_published(root, tmp_path):
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100", "ImageNet16-120"), published=True)
    numbers = numbers_of(study)
    assert math.isclose(numbers["transfer.cifar100.mean_loss"]["value"], 1.0)
    assert math.isclose(numbers["transfer.cifar100.largest_loss"]["value"], 1.0), "searches under a budget lose 7"
    sides = {numbers[f"transfer.cifar100.{name}"]["value"] for name in ("side", "largest_side")}
    low, high = (numbers[f"transfer.cifar100.{name}"]["value"] for name in ("low", "high"))
    assert sides == {"above" if low > 0 else "around"}
    assert low < 1.0 < high
    assert numbers["published.rea.cifar10.test.mean"]["text"] == "93.92"
    one, other = (read_table(study.truths[name])["test_accuracy"] for name in ("cifar10", "cifar100"))
    assert math.isclose(numbers["truth.cifar100.agreement"]["value"], spearmanr(one, other).statistic)
    assert math.isclose(numbers["truth.cifar10.agreement"]["value"], 1)
    assert numbers["published.elsewhere.jacob_cov.Spherical-CIFAR-100"]["value"] == -0.2512
    assert numbers["published.elsewhere.snip.synthetic-CIFAR-10"]["text"] == "$-0.319$"
    assert "published.compared" not in numbers, "without their summary nothing is compared"
    assert "noise.cifar10.seconds" not in numbers
    assert numbers["published.computed.search"]["value"] is True
    compared = numbers["published.correlations.compared"]["value"]
    assert compared == 24, (
        "of FreeREA's scores 6 over all and 6 over pruned cells, 3 of NASWOT's Figure 3, 9 of VKDNW's"
    )
    assert numbers["published.correlations.tolerance"]["text"] == "0.050"


def test_keys_are_plain_and_used_once():
    numbers = Numbers()
    numbers.add("a.b", 1, "count")
    with pytest.raises(ReportError, match=r"The key 'a\.b' cannot be used"):
        numbers.add("a.b", 2, "count")
    with pytest.raises(ReportError, match="The key 'a%b' cannot be used"):
        numbers.add("a%b", 2, "count")


def test_published_rows_have_source_and_evidence(root):
    content = published_rows.read_published(root / "report/published.yaml")
    keys = [row["key"] for row in content["search"]]
    assert len(set(keys)) == len(keys)
    for row in [*content["search"], *content["correlations"], content["elsewhere"], *content["facts"].values()]:
        assert row["evidence"] in ("P", "C", "S")
        assert row["source"]
        assert row["evidence"] == "P" or row["note"], "a value that we computed or found quoted says from what"
    assert published_rows.matching_labels(content["search"][1], SEARCHES) == ["regularised-evolution"]


def test_a_wrong_published_file_is_named(tmp_path):
    with pytest.raises(ReportError, match="do not exist: restore the file"):
        published_rows.read_published(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("search: [}")
    with pytest.raises(ReportError, match="are not valid YAML"):
        published_rows.read_published(tmp_path / "bad.yaml")
    (tmp_path / "row.yaml").write_text("search: [{method: a}]")
    with pytest.raises(ReportError, match=r"Row 0 of 'search' in .* lacks group, cite, evidence, searched_on, values"):
        published_rows.read_published(tmp_path / "row.yaml")
    row = "search: [{method: a, group: b, cite: c, evidence: P, searched_on: each, values: {}}]"
    (tmp_path / "group.yaml").write_text(row)
    with pytest.raises(ReportError, match=r"Row 'a' in .* has group 'b': use one of"):
        published_rows.read_published(tmp_path / "group.yaml")


def test_one_spearman_and_one_policy_for_missing_values(one, tmp_path):
    """What the prose prints of a proxy is what the summary of correlations holds, missing values included."""
    truth = pd.read_parquet(one.truths["digits"])
    truth.loc[[3, 5], "test_accuracy"] = np.nan
    truth["early_valid_accuracy"] = 50.0
    truth.loc[0, "early_valid_accuracy"] = np.nan
    write_table(one.truths["digits"], truth, read_facts(one.truths["digits"]))
    rows = ScoreTable.read(one.scores["digits"]).rows()
    rows["score"] = np.where(rows["arch"].isin(truth["arch"][:40]), np.nan, rows["score"])
    write_scores(one.scores["digits"], rows, read_facts(one.scores["digits"]))
    numbers = numbers_of(one)
    assert numbers["truth.digits.early_spearman"]["value"] is None, "one side is constant"
    known = truth[np.isfinite(truth["test_accuracy"])]
    expected = scipy.stats.spearmanr(known["valid_accuracy"], known["test_accuracy"]).statistic
    assert numbers["truth.digits.valid_spearman"]["value"] == pytest.approx(expected)
    score = known.merge(rows, on="arch")["score"]
    score = score.fillna(score.min()).to_numpy()
    convolutions = known["arch"].str.count("nor_conv").to_numpy()
    inner = [
        (scipy.stats.spearmanr(score[group], known["test_accuracy"].to_numpy()[group]).statistic, group.sum())
        for group in (convolutions == count for count in np.unique(convolutions))
    ]
    inner = [(value, size) for value, size in inner if np.isfinite(value)]
    expected = sum(value * size for value, size in inner) / sum(size for _, size in inner)
    assert numbers["order.digits.naswot.within"]["value"] == pytest.approx(expected)


def test_how_much_one_test_image_is_worth(one, tmp_path):
    assert numbers_of(one)["truth.digits.half_width"]["value"] is None, "the facts do not say how many"
    path = one.truths["digits"].with_suffix(".json")
    path.write_text(json.dumps(read_json(path) | {"split_sizes": {"test": 797}}))
    (one.folder / "summaries/truth.csv").unlink()
    numbers = numbers_of(one)
    best = numbers["truth.digits.best"]["value"] / 100
    assert numbers["truth.digits.test_images"]["value"] == 797
    assert numbers["truth.digits.one_image"]["text"] == "0.13"
    assert numbers["truth.digits.half_width"]["value"] == pytest.approx(
        196 * np.sqrt(best * (1 - best) / 797), rel=1e-3
    )


@pytest.mark.parametrize("name", space_names())
def test_the_sizes_of_the_networks_of_every_space_are_numbers(name, tmp_path):
    space = get_space(name)
    write_json(tmp_path / "batch.json", {"classes": 10, "images": 8})
    numbers = Numbers()
    config = {
        "space": name,
        "skeleton": dict(space.settings),
        "seed": 1,
        "search": {"runs": 30},
        "scoring": {"scorings": 1, "cells": "all", "proxies": [], "own": {}},
    }
    added(
        of_study, numbers, batches={"digits": tmp_path / "batch.json"}, config=config, datasets=["digits"],
        searches={}, scored=[], budgets={"digits": None},
    )  # fmt: skip
    numbers.add("study.cells", 5, "count")  # those of the ground truth, which another topic adds
    assert numbers.value("study.space") == space.size
    whole = {key: size for key, size in space.settings.items() if isinstance(size, int)}
    assert {key: numbers.value(f"skeleton.{key}") for key in whole} == whole
