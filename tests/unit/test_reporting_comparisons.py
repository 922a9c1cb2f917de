"""Tables and figures that set searches against each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import MEANS, FakeStudy, behind, check_files, made, points, ticks

from tfnas.errors import ReportError
from tfnas.report import comparison_tables
from tfnas.report.exhibits import comparisons_figure, comparisons_table, critical_difference, regret
from tfnas.report.names import contenders, search_titles
from tfnas.report.rounding import plain, show
from tfnas.schemas.ranks import SCHEMA as RANKS


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("one"), ("digits",))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("three"), ("cifar10", "cifar100", "ImageNet16-120"))


def of(study, *summaries):
    """Return what the tables of searches against each other are made of."""
    paths = {name: study.folder / f"summaries/{name}.csv" for name in summaries}
    return paths | {"searches": study.searches, "datasets": study.datasets}


def rows_of(path):
    """Return the rows of a written table by their first cell."""
    lines = [line.removesuffix(r" \\").split(" & ") for line in path.read_text().splitlines() if " & " in line]
    return {line[0].strip(): line[1:] for line in lines}


def test_a_pair_is_read_either_way_round(one):
    pairs = comparison_tables.Pairs(one.contests["search_pairs_path"])
    pair, turned = (pairs.between("digits", *names) for names in (("area", "naswot-10"), ("naswot-10", "area")))
    assert pair.difference == pytest.approx(MEANS["area"] - MEANS["naswot-10"])
    assert (turned.difference, turned.low, turned.high) == (-pair.difference, -pair.high, -pair.low)
    assert turned.probability == pytest.approx(1 - pair.probability)
    assert (pair.verdict, turned.verdict) == ("better", "worse")
    unsure = replace(pair, p_holm=0.051)
    assert unsure.low > 0
    assert (unsure.verdict, unsure.turned().verdict) == ("undecided", "undecided"), "the corrected test is asked, too"
    assert replace(pair, low=-0.1).verdict == "undecided"
    assert turned.effect == -pair.effect
    assert turned.turned() == pair
    assert len(pairs.on("digits")) == 21
    with pytest.raises(ReportError, match=r"comparisons.csv' does not compare 'area' and 'gone' on 'digits': run"):
        pairs.between("digits", "area", "gone")


def test_transfer_is_no_part_of_the_comparison(three):
    pairs = comparison_tables.Pairs(three.contests["search_pairs_path"])
    assert len(pairs.pairs) == 3 * 21


def test_regret_of_one_dataset(one, tmp_path):
    made(regret, tmp_path / "t.tex", **of(one, "regret"))
    rows = rows_of(tmp_path / "t.tex")
    assert rows["AREA"] == [r"\textbf{3.77}", "[3.57, 3.97]", r"\textbf{3.67}", "4.77", "10.0"]
    assert rows["Regularised evolution"][0] == r"\textbf{3.77}", "equal when printed"
    assert rows["Oracle"][0] == "3.50", "a reference is never bold"


def test_regret_of_three_datasets(three, tmp_path):
    made(regret, tmp_path / "t.tex", **of(three, "regret"))
    rows = rows_of(tmp_path / "t.tex")
    assert {len(row) for name, row in rows.items() if name} == {6}
    assert rows["Random cell"] == ["15.00", "14.90"] * 3


def test_every_search_is_set_against_the_best(one, tmp_path):
    made(comparisons_table, tmp_path / "t.tex", **of(one, "comparisons", "regret"))
    rows = rows_of(tmp_path / "t.tex")
    assert list(rows)[1:4] == ["Oracle", r"\textbf{Regularised evolution}", r"\quoted{AREA}"], "best mean first"
    assert set(rows[r"\textbf{Regularised evolution}"]) == {"--"}
    assert rows["Random cell"][0] == "$-11.23$ [$-11.48$, $-10.98$]"
    assert rows["Random cell"][3] == r"\textless 0.001"
    assert rows[r"\quoted{AREA}"][3] == r"\quoted{0.300}", "not told apart: grey"


def test_a_study_of_references_has_a_best_one(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",), searches=("random-cell", "oracle-10"))
    assert contenders(study.searches) == []
    made(comparisons_table, tmp_path / "t.tex", **of(study, "comparisons", "regret"))
    assert r"\textbf{Oracle}" in rows_of(tmp_path / "t.tex")
    made(regret, tmp_path / "r.tex", **of(study, "regret"))
    assert "textbf" not in (tmp_path / "r.tex").read_text()


def test_a_missing_search_is_named(one, tmp_path):
    more = one.searches | {"gone": {"algorithm": "random_cell"}}
    with pytest.raises(ReportError, match=r"regret.csv' has no regret of search 'gone' on 'digits': run the summary"):
        made(regret, tmp_path / "t.tex", **of(one, "regret") | {"searches": more})


def drawn_against(study, dataset, output):
    """Draw every search against every other on a dataset."""
    paths = {name: study.folder / f"summaries/{name}.csv" for name in ("comparisons", "regret")}
    return made(comparisons_figure, output, **paths, searches=study.searches, dataset=dataset)


@pytest.mark.parametrize("searches", [("random-cell", "area"), tuple(MEANS)])
def test_comparisons_are_drawn(tmp_path, searches):
    study = FakeStudy(tmp_path / "study", ("digits",), searches=searches)
    output = drawn_against(study, "digits", tmp_path / "figure.pdf")
    check_files(output)
    order = sorted(searches, key=MEANS.get, reverse=True)
    titles = search_titles(study.searches)
    assert ticks(output, "x") == ticks(output, "y") == [titles[label] for label in order], "best mean first"
    pairs = comparison_tables.Pairs(study.contests["search_pairs_path"])
    table = behind(output)
    wins = {(int(row.y), int(row.x)): row.value for row in table[table["kind"] == "entry"].itertuples()}
    texts = {(int(row.y), int(row.x)): row.series for row in table[table["kind"] == "text"].itertuples()}
    for (i, one), (j, other) in product(enumerate(order), repeat=2):
        if i == j:
            assert np.isnan(wins[i, j])
            assert (i, j) not in texts
            continue
        pair = pairs.between("digits", one, other)
        assert wins[i, j] == pytest.approx(pair.probability)
        assert texts[i, j] == plain(pair.difference, "accuracy")
    hollow = {(round(y + 0.34), int(x)) for x, y in points(output)}
    alike = {(i, j) for i, j in texts if not pairs.between("digits", order[i], order[j]).told_apart}
    assert hollow == alike
    assert bool(alike) is (len(searches) > 2)


def test_twenty_five_searches_are_drawn(tmp_path, monkeypatch):
    labels = {f"naswot-{n}": {"algorithm": "proxy_search", "proxy": "naswot", "sample": n} for n in range(1, 26)}
    for label, settings in labels.items():
        monkeypatch.setitem(MEANS, label, 80 + settings["sample"] / 10)
    monkeypatch.setattr("reporting_helpers.SEARCHES", labels)
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100"), searches=tuple(labels))
    output = drawn_against(study, "cifar10", tmp_path / "figure.pdf")
    check_files(output)
    kinds = behind(output)["kind"].value_counts()
    assert kinds["entry"] == 25 * 25
    assert "text" not in kinds, "the squares are too small for differences"
    assert len(points(output)) == 2 * (24 + 23), "means that differ by at most 0.25 are not told apart"
    ranks = made(critical_difference, tmp_path / "ranks.pdf", ranks=study.contests["ranks_path"], searches=labels)
    texts = behind(ranks).query("kind == 'text'")["series"].tolist()
    assert f"NASWOT (N = 25)  {plain(1, 'rank')}" in texts
    assert len(texts) == 25 + 13 + 1, "names, every second number, the critical difference"


@pytest.mark.parametrize("critical", [0.4, 2.0, 30.0])
def test_ranks_are_drawn(three, tmp_path, critical):
    table = pd.read_csv(three.contests["ranks_path"]).assign(critical_difference=critical)
    assert tuple(table.columns) == RANKS.names
    table.to_csv(tmp_path / "ranks.csv", index=False)
    output = made(
        critical_difference, tmp_path / "figure.pdf", ranks=tmp_path / "ranks.csv", searches=three.searches
    )  # fmt: skip
    check_files(output)
    ranks = table.drop_duplicates("search").set_index("search")["mean_rank"].sort_values()
    titles = search_titles(three.searches)
    texts = behind(output).query("kind == 'text'")["series"].tolist()
    for label, rank in ranks.items():
        shown = plain(rank, "rank")
        [y] = {
            y for text in (f"{titles[label]}  {shown}", f"{shown}  {titles[label]}")
            for _, y in points(output, "text", series=text)
        }  # fmt: skip
        drawn = points(output)
        assert any(drawn[place : place + 2] == [(rank, 0), (rank, y)] for place in range(len(drawn))), "a line to it"
    assert f"critical difference {plain(critical, 'rank')}" in texts
    groups = critical_difference.cliques(ranks.to_numpy(), critical)
    bars = [(x, y) for x, y in points(output) if y < 0 and round((-0.45 - y) / 0.55, 6) in range(len(groups))]
    for place, (first, last) in enumerate(groups):
        y = -0.45 - 0.55 * place
        ends = [x for x, height in bars if height == y]
        assert {ranks.iloc[first] - 0.05, ranks.iloc[last] + 0.05} <= set(ends)
    assert len(groups) == {0.4: 0, 2.0: 4, 30.0: 1}[critical]


def test_bars_join_what_is_not_told_apart():
    ranks = np.array([1.0, 2.0, 3.0, 4.5, 4.5])
    assert critical_difference.cliques(ranks, 0.5) == [(3, 4)]
    assert critical_difference.cliques(ranks, 2.0) == [(0, 1), (1, 2), (2, 4)]
    assert critical_difference.cliques(ranks, 3.0) == [(0, 2), (1, 4)]
    assert critical_difference.cliques(ranks, 9.0) == [(0, 4)]


def test_small_p_values_are_bounded():
    assert show(0.0004, "p") == r"\textless 0.001"
    assert show(0.0496, "p") == "0.050"
    assert show(float("nan"), "p") == "--"
