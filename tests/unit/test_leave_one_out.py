"""Choices made without the dataset they are judged on, against slow obvious code and by hand; what the report shows."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import added, made, printed
from scipy.stats import rankdata, spearmanr
from search_helpers import score_table, truth_table, write
from summary_helpers import choose_ensembles, choose_searches

from tfnas.analysis.held_out import SPEARMAN, TOP_CELL
from tfnas.analysis.statistics import spearman
from tfnas.errors import ConfigError, ScoreError, SearchError, TruthError, UnknownNameError
from tfnas.files import read_facts, write_table
from tfnas.report.exhibits import ensemble_choice, ensemble_top, league_searches
from tfnas.report.exhibits import leagues as leagues_table
from tfnas.report.numbers import ensemble_choice as choice_numbers
from tfnas.report.numbers import leagues as league_numbers
from tfnas.report.numbers.base import Numbers
from tfnas.schemas.ensemble_choice import SCHEMA as ENSEMBLE_CHOICE
from tfnas.schemas.leagues import SCHEMA as LEAGUE_TABLE
from tfnas.schemas.regret import SCHEMA as REGRET
from tfnas.scoring.ensembles import log_rank_sum
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE


def tables(folder, scores, accuracies):
    """Write score tables and ground truths; ``scores[dataset][proxy]`` has all cells, ``accuracies[dataset]`` some."""
    score_paths, truth_paths = {}, {}
    for dataset, by_proxy in scores.items():
        parts = [score_table(values, proxy) for proxy, values in by_proxy.items()]
        score_paths[dataset] = write(pd.concat(parts, ignore_index=True), folder / f"{dataset}-scores.csv")
        truth = truth_table(list(accuracies[dataset])).assign(test_accuracy=list(accuracies[dataset].values()))
        truth_paths[dataset] = write(truth, folder / f"{dataset}-truth.csv")
    return score_paths, truth_paths


def choose(folder, scores, accuracies, proxies, largest, by=SPEARMAN):
    """Return the summary of a choice among made-up scores, by one criterion."""
    choose_ensembles(*tables(folder, scores, accuracies), proxies, largest, folder / "choice.csv")
    table = pd.read_csv(folder / "choice.csv")
    return table[table["by"] == by].reset_index(drop=True)


@pytest.fixture(scope="module")
def made_up():
    """Three datasets, two of them with few cells, and five proxies with ties and with cells without a score."""
    rng = np.random.default_rng(7)
    scores, accuracies = {}, {}
    for dataset, cells in (("one", 60), ("two", 200), ("three", 5000)):
        quality = rng.normal(size=SPACE_SIZE)
        codes = np.sort(rng.choice(SPACE_SIZE, cells, replace=False)).tolist()
        accuracies[dataset] = dict(zip(codes, np.round(70 + 5 * quality[codes], 1), strict=True))
        by_proxy = {}
        for place, proxy in enumerate("abcde"):
            values = np.round(
                2 * (quality * (-1 if proxy == "e" else 1) + (1 + place / 2) * rng.normal(size=SPACE_SIZE))
            )
            values[rng.random(SPACE_SIZE) < 0.1 * place] = np.nan
            by_proxy[proxy] = values
        scores[dataset] = by_proxy
    return scores, accuracies


def slow_ranks(values):
    """Return the ranks of cells, those without a score with the lowest."""
    lowest = min(value for value in values if not math.isnan(value))
    return rankdata([lowest if math.isnan(value) else value for value in values])


def slow(ranks, accuracies, subset):
    """Return score and Spearman's correlation of a subset of proxies on a dataset, cell by cell."""
    found = [sum(math.log(ranks[proxy][code] / SPACE_SIZE) for proxy in subset) for code in accuracies]
    return found, spearmanr(found, list(accuracies.values())).statistic


def test_every_choice_is_that_of_a_slow_loop(made_up, tmp_path):
    scores, accuracies = made_up
    table = choose(tmp_path, scores, accuracies, list("abcde"), 3)
    assert tuple(table.columns) == ENSEMBLE_CHOICE.names
    assert table["held_out"].tolist() == ["one"] * 3 + ["two"] * 3 + ["three"] * 3
    assert table["size"].tolist() == [1, 2, 3] * 3
    subsets = [subset for size in (1, 2, 3) for subset in combinations("abcde", size)]
    ranks = {name: {proxy: slow_ranks(values) for proxy, values in part.items()} for name, part in scores.items()}
    rho = {(subset, name): slow(ranks[name], accuracies[name], subset)[1] for subset in subsets for name in scores}
    for dataset in scores:
        others = [other for other in scores if other != dataset]
        elsewhere = {subset: np.mean([rho[subset, other] for other in others]) for subset in subsets}
        best = {size: max((s for s in subsets if len(s) == size), key=elsewhere.get) for size in (1, 2, 3)}
        hindsight = {
            size: max((s for s in subsets if len(s) == size), key=lambda s: rho[s, dataset]) for size in (1, 2, 3)
        }
        chosen = max((1, 2, 3), key=lambda size: elsewhere[best[size]])
        for line in table[table["held_out"] == dataset].itertuples():
            assert line.members == " ".join(best[line.size])
            assert line.best_members == " ".join(hindsight[line.size])
            assert line.chosen == (line.size == chosen)
            found, value = slow(ranks[dataset], accuracies[dataset], best[line.size])
            assert line.elsewhere == pytest.approx(elsewhere[best[line.size]], abs=1e-12)
            assert line.spearman == pytest.approx(value, abs=1e-12)
            assert line.best == pytest.approx(rho[hindsight[line.size], dataset], abs=1e-12)
            values = list(accuracies[dataset].values())
            highest = [accuracy for score, accuracy in zip(found, values, strict=True) if score == max(found)]
            assert line.top_accuracy == pytest.approx(np.mean(highest))
            classes = SPACE.classes[list(accuracies[dataset])]
            interval = spearman(np.array(found), np.array(values), groups=classes)
            assert (line.spearman_low, line.spearman_high) == pytest.approx((interval.low, interval.high))
    facts = read_facts(tmp_path / "choice.csv")
    assert (facts["proxies"], facts["largest"]) == (list("abcde"), 3)


def test_every_choice_by_the_top_cell_is_that_of_a_slow_loop(made_up, tmp_path):
    scores, accuracies = made_up
    table = choose(tmp_path, scores, accuracies, list("abcde"), 3, by=TOP_CELL)
    subsets = [subset for size in (1, 2, 3) for subset in combinations("abcde", size)]
    ranks = {name: {proxy: slow_ranks(values) for proxy, values in part.items()} for name, part in scores.items()}
    top = {}
    for subset in subsets:
        for name in scores:
            found, values = slow(ranks[name], accuracies[name], subset)[0], list(accuracies[name].values())
            top[subset, name] = np.mean([v for score, v in zip(found, values, strict=True) if score == max(found)])
    for dataset in scores:
        others = [other for other in scores if other != dataset]
        regret = {s: np.mean([max(accuracies[o].values()) - top[s, o] for o in others]) for s in subsets}
        best = {size: min((s for s in subsets if len(s) == size), key=regret.get) for size in (1, 2, 3)}
        chosen = min((1, 2, 3), key=lambda size: regret[best[size]])
        for line in table[table["held_out"] == dataset].itertuples():
            assert line.members == " ".join(best[line.size])
            assert line.chosen == (line.size == chosen)
            assert line.elsewhere == pytest.approx(regret[best[line.size]])
            assert line.top_accuracy == pytest.approx(top[best[line.size], dataset])
            assert line.best == pytest.approx(max(top[s, dataset] for s in subsets if len(s) == line.size))


def test_the_score_is_that_of_an_ensemble_of_the_score_table(made_up, tmp_path):
    scores, accuracies = made_up
    table = choose(tmp_path, scores, accuracies, ["a", "c"], 2)
    for line in table[table["size"] == 2].itertuples():
        filled = [
            np.where(np.isnan(values), np.nanmin(values), values) for values in map(scores[line.held_out].get, "ac")
        ]
        codes = list(accuracies[line.held_out])
        found = spearman(log_rank_sum(np.stack(filled))[codes], np.array(list(accuracies[line.held_out].values())))
        assert line.spearman == found.value


def cells(*values):
    """Scores of the first cells; all others have none."""
    return np.array([*values, *[np.nan] * (SPACE_SIZE - len(values))], dtype=float)


def test_what_is_chosen_elsewhere_may_be_wrong_here(tmp_path):
    """By hand: a orders the cells of one as they are and those of two the wrong way round, b the other way about."""
    up, down, accuracy = cells(1, 2, 3, 4), cells(4, 3, 2, 1), {0: 10.0, 1: 20.0, 2: 30.0, 3: 40.0}
    scores = {"one": {"a": up, "b": down}, "two": {"a": down, "b": up}}
    table = choose(tmp_path, scores, dict.fromkeys(scores, accuracy), ["a", "b"], 1)
    assert table["members"].tolist() == ["b", "a"]
    assert table["elsewhere"].tolist() == pytest.approx([1, 1])
    assert table["spearman"].tolist() == pytest.approx([-1, -1])
    assert table["top_accuracy"].tolist() == [10, 10]
    assert table["best_members"].tolist() == ["a", "b"]
    assert table["best"].tolist() == pytest.approx([1, 1])
    assert table["chosen"].all()


def test_equal_choices_are_the_smallest_and_the_first(tmp_path):
    """Three proxies that say the same: the first alone; the best cells by it share the mean of their accuracies."""
    scores = {dataset: dict.fromkeys("abc", cells(1, 2, 2, 0)) for dataset in ("one", "two")}
    accuracy = {0: 10.0, 1: 20.0, 2: 30.0, 3: 5.0}
    table = choose(tmp_path, scores, dict.fromkeys(scores, accuracy), list("abc"), 3)
    assert table["members"].tolist() == ["a", "a b", "a b c"] * 2
    assert table["chosen"].tolist() == [True, False, False] * 2
    assert table["top_accuracy"].tolist() == [25] * 6


def test_the_dataset_held_out_has_no_say(made_up, tmp_path):
    scores, accuracies = made_up
    before = choose(tmp_path, scores, accuracies, list("abcde"), 2)
    reversed_ = dict(zip(accuracies["two"], sorted(accuracies["two"].values()), strict=True))
    after = choose(tmp_path, scores, accuracies | {"two": reversed_}, list("abcde"), 2)
    columns = ["size", "members", "chosen", "elsewhere"]
    own = before["held_out"] == "two"
    pd.testing.assert_frame_equal(before.loc[own, columns], after.loc[own, columns])
    assert (before.loc[own, "spearman"] != after.loc[own, "spearman"]).all()
    assert (before.loc[~own, "elsewhere"] != after.loc[~own, "elsewhere"]).all()


def test_a_proxy_without_an_order_is_never_chosen(tmp_path):
    accuracy = {0: 10.0, 1: 20.0, 2: 30.0}
    flat, down, up = np.zeros(SPACE_SIZE), cells(3, 2, 1), cells(1, 2, 3)
    scores = {"one": {"a": flat, "b": down}, "two": {"a": up, "b": down}}
    truths = dict.fromkeys(scores, accuracy)
    table = choose(tmp_path, scores, truths, ["a", "b"], 1).set_index("held_out")
    assert table["members"].to_dict() == {"one": "a", "two": "b"}
    assert math.isnan(table.loc["one", "spearman"])
    scores["one"]["b"] = flat
    with pytest.raises(ScoreError, match="No ensemble of 1 of the proxies to choose from orders the cells of one: all"):
        choose(tmp_path, scores, truths, ["a", "b"], 1)


def test_what_cannot_be_chosen_is_one_sentence(made_up, tmp_path):
    scores, accuracies = made_up
    scores, truths = tables(tmp_path, scores, accuracies)
    output = tmp_path / "choice.csv"
    with pytest.raises(
        ConfigError, match=r"ensemble_choice is chosen on the datasets other than .* only one: add a data"
    ):
        choose_ensembles({"one": scores["one"]}, {"one": truths["one"]}, ["a"], 1, output)
    with pytest.raises(ConfigError, match=r"largest is 3, more than the proxies to choose from \(2\): lower it or add"):
        choose_ensembles(scores, truths, ["a", "b"], 3, output)
    with pytest.raises(UnknownNameError, match="Unknown proxy 'f'"):
        choose_ensembles(scores, truths, ["a", "f"], 1, output)
    truth = pd.read_csv(truths["one"])
    truth.loc[4, "test_accuracy"] = np.nan
    truth.to_csv(truths["one"], index=False)
    with pytest.raises(TruthError, match=r"Ground truth of 'one' .* has no test accuracy for cell"):
        choose_ensembles(scores, truths, ["a", "b"], 2, output)
    assert not output.exists()


REGRETS = {
    "small": {"one": 1.0, "two": 3.0, "three": 2.0},
    "middle": {"one": 2.0, "two": 2.0, "three": 2.5},
    "large": {"one": 4.0, "two": 1.0, "three": 1.0},
}
"""Mean regrets. The least mean over the others is that of large (1) without one, of small (1.5) without two, of small
and middle (2 both) without three."""


@pytest.fixture
def regret(tmp_path):
    """A summary of regret in which searches also are read off on datasets that they did not search."""
    rows = []
    for search, by_dataset in REGRETS.items():
        for dataset, mean in by_dataset.items():
            for searched_on in by_dataset:
                row = {"search": search, "searched_on": searched_on, "dataset": dataset, "n": 30, "optimum": 95.0}
                mean_here = mean if searched_on == dataset else 90.0
                row |= {"mean": mean_here, "std": 0.5, "median": mean, "ci_low": mean_here - 0.2}
                rows.append(row | {"ci_high": mean_here + 0.1, "worst": 9.0, "at_optimum": 0.0})
    write_table(tmp_path / "regret.csv", pd.DataFrame(rows, columns=list(REGRET.names)))
    return tmp_path / "regret.csv"


LEAGUES = {"sizes": ["small", "middle", "large"], "a_1": ["middle"]}


@pytest.fixture
def leagues(regret, tmp_path):
    choose_searches(regret, LEAGUES, ["one", "two", "three"], tmp_path / "leagues.csv")
    return tmp_path / "leagues.csv"


def test_leagues_by_hand(leagues):
    table = pd.read_csv(leagues)
    assert tuple(table.columns) == LEAGUE_TABLE.names
    assert len(table) == 3 * 3 + 3
    chosen = table[table["chosen"]].set_index(["league", "held_out"])
    # without three small and middle tie at 2: the first of the league
    expected = {"one": "large", "two": "small", "three": "small"}
    assert chosen.loc["sizes", "search"].to_dict() == expected
    assert chosen.loc["sizes", "elsewhere"].to_dict() == {"one": 1.0, "two": 1.5, "three": 2.0}
    assert set(chosen.loc["a_1", "search"]) == {"middle"}
    equal = table[table["equal"] & (table["league"] == "sizes")].groupby("held_out")["search"].agg(list).to_dict()
    assert equal == {"one": ["large"], "two": ["small"], "three": ["small", "middle"]}
    line = chosen.loc[("sizes", "two")]
    assert tuple(line[["n", "mean", "std", "regret"]]) == (30, 92, 0.5, 3)
    assert tuple(line[["ci_low", "ci_high"]]) == pytest.approx((91.9, 92.2))
    assert read_facts(leagues)["leagues"] == LEAGUES


def test_of_equal_searches_the_first_of_the_league_is_chosen(regret, tmp_path):
    choose_searches(regret, {"sizes": ["middle", "small"]}, ["one", "two", "three"], tmp_path / "l.csv")
    table = pd.read_csv(tmp_path / "l.csv").query("chosen and held_out == 'three'")
    assert table["search"].tolist() == ["middle"]


def test_leagues_that_cannot_be_judged_are_one_sentence(regret, tmp_path):
    with pytest.raises(ConfigError, match=r"search.leagues is chosen on the datasets other .* has only one: add a"):
        choose_searches(regret, LEAGUES, ["one"], tmp_path / "l.csv")
    with pytest.raises(
        SearchError, match=r"no regret of search 'huge' searched on 'one', which league 'big' needs: run"
    ):
        choose_searches(regret, {"big": ["huge"]}, ["one", "two"], tmp_path / "l.csv")


def rows_of(path):
    """Return the cells of all rows of a written table."""
    return [line.removesuffix(r" \\").split(" & ") for line in path.read_text().splitlines() if " & " in line]


def test_the_table_of_ensembles_marks_what_was_chosen(tmp_path):
    base = {"by": SPEARMAN, "held_out": "cifar10"}
    base |= {"size": 1, "members": "naswot", "chosen": False, "elsewhere": 0.5, "spearman": -0.25}
    base |= {"spearman_low": -0.3, "spearman_high": 0.1, "top_accuracy": 90.0, "best_members": "flops"}
    base |= {"best": 0.75}
    pair = base | {"size": 2, "members": "naswot flops", "chosen": True, "top_accuracy": 91.234}
    both = [line | {"held_out": dataset} for dataset in ("cifar10", "own_set") for line in (base, pair)]
    summary = tmp_path / "choice.csv"
    facts = {"proxies": ["naswot", "flops", "params"], "largest": 2}
    write_table(summary, pd.DataFrame(both, columns=list(ENSEMBLE_CHOICE.names)), facts)
    top = pair | {"by": TOP_CELL, "held_out": "cifar10"}
    write_table(tmp_path / "summary.csv", pd.DataFrame([*both, top], columns=list(ENSEMBLE_CHOICE.names)), facts)
    made(ensemble_choice, tmp_path / "t.tex", summary=tmp_path / "summary.csv")
    made(ensemble_top, tmp_path / "top.tex", summary=tmp_path / "summary.csv")
    assert printed(tmp_path / "top.tex")["Elsewhere"].tolist() == ["0.50"], "regret in points, and no other choice"
    text = (tmp_path / "t.tex").read_text()
    assert text.index("CIFAR-10") < text.index(r"own\_set")
    rows = [row for row in rows_of(tmp_path / "t.tex") if row[0] != "Size"]
    assert rows[0] == ["1", "NASWOT", "0.500", "$-0.250$ [$-0.300$, 0.100]", "90.00", "0.750"]
    bold = [r"\textbf{2}", r"\textbf{NASWOT, FLOPs}", r"\textbf{0.500}"]
    bold += [r"\textbf{\textminus 0.250 [\textminus 0.300, 0.100]}", r"\textbf{91.23}", r"\textbf{0.750}"]
    assert rows[1] == bold
    assert rows[2:] == rows[:2]
    numbers = Numbers()
    added(choice_numbers, numbers, summary=summary)
    counts = {name: numbers.value(f"chosen.ensemble.{name}") for name in ("proxies", "largest", "tried")}
    assert counts == {"proxies": 3, "largest": 2, "tried": 3 + 3}
    assert numbers.entries["chosen.ensemble.own_set.size"] == {"text": "2", "value": 2}
    assert numbers.entries["chosen.ensemble.own_set.spearman"] == {"text": "$-0.250$", "value": -0.25}
    assert numbers.value("chosen.ensemble.own_set.best") == 0.75


SEARCHES = {
    "small": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
    "middle": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 100},
    "large": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 1000},
}


def write_tables(summary, searches, datasets, chosen, every):
    """Write the table of chosen searches and that of all searches of the leagues."""
    for module, output in ((leagues_table, chosen), (league_searches, every)):
        values = {"searches": searches, "datasets": datasets}
        made(module, output, summary=summary, **{name: values[name] for name in module.SPEC.params if name in values})


def test_the_tables_of_leagues_mark_what_was_chosen(leagues, tmp_path):
    chosen, every = tmp_path / "chosen.tex", tmp_path / "every.tex"
    write_tables(leagues, SEARCHES, ["one", "two", "three"], chosen, every)
    rows = [row for row in rows_of(chosen) if len(row) == 9][1:]
    large, small = r"NASWOT ($N{=}1000$)", r"NASWOT ($N{=}10$)"
    assert rows[0] == ["sizes", "one", large, r"91.00\,\textpm\,0.50", "[90.90, 91.20]", "--", "4.00", "1.00", "1.00"]
    assert rows[1][:3] == ["", "two", small]
    assert [line[5] for line in rows] == ["--", "--", "1: 92.50", "--", "--", "--"]
    assert [row[0] for row in rows] == ["sizes", "", "", r"a\_1", "", ""]
    rows = [row for row in rows_of(every) if row[0] != "Search"]
    assert rows[0] == [
        small,
        r"94.00\,\textpm\,0.50",
        r"\textbf{92.00}\,\textpm\,0.50",
        r"\textbf{93.00}\,\textpm\,0.50",
    ]
    assert rows[2][1] == r"\textbf{91.00}\,\textpm\,0.50"
    assert len(rows) == 3 + 1
    assert every.read_text().count(r"\endhead") == 2
    numbers = Numbers()
    added(league_numbers, numbers, summary=leagues)
    # the regrets chosen are 4, 3 and 2, the least 1, 1 and 1
    found = {key.removeprefix("chosen.league."): entry["value"] for key, entry in numbers.entries.items()}
    assert found == {
        "sizes.searches": 3, "sizes.right": 0, "sizes.lost": 3.0, "a_1.searches": 1, "a_1.right": 3, "a_1.lost": 0.0,
    }  # fmt: skip


def test_many_datasets_leave_no_room_for_standard_deviations(regret, tmp_path):
    names = ["one", "two", "three", "four", "five"]
    table = pd.read_csv(regret).query("searched_on == dataset and dataset == 'one'")
    parts = [table.assign(searched_on=name, dataset=name) for name in names]
    write_table(tmp_path / "r.csv", pd.concat(parts))
    choose_searches(tmp_path / "r.csv", {"sizes": ["small", "large"]}, names, tmp_path / "l.csv")
    write_tables(tmp_path / "l.csv", SEARCHES, names, tmp_path / "c.tex", tmp_path / "e.tex")
    assert rows_of(tmp_path / "e.tex")[2][1:] == [r"\textbf{94.00}"] * 5
    assert r"\textpm" in (tmp_path / "c.tex").read_text()
