"""Tables and figures that set searches against each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from reporting_helpers import MEANS, FakeStudy

from tfnas.comparisons import RANK_COLUMNS
from tfnas.errors import ReportError
from tfnas.reporting import comparison_tables
from tfnas.reporting.exhibits import comparisons_figure, comparisons_table, critical_difference, regret
from tfnas.reporting.names import contenders
from tfnas.reporting.rounding import show


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("one"), ("digits",))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return FakeStudy(tmp_path_factory.mktemp("three"), ("cifar10", "cifar100", "ImageNet16-120"))


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
    regret.write_regret_table(one.contests["regret_path"], one.searches, one.datasets, tmp_path / "t.tex")
    rows = rows_of(tmp_path / "t.tex")
    assert rows["AREA"] == [r"\textbf{3.77}", "[3.57, 3.97]", r"\textbf{3.67}", "4.77", "10.0"]
    assert rows["Regularised evolution"][0] == r"\textbf{3.77}", "equal when printed"
    assert rows["Oracle"][0] == "3.50", "a reference is never bold"


def test_regret_of_three_datasets(three, tmp_path):
    regret.write_regret_table(three.contests["regret_path"], three.searches, three.datasets, tmp_path / "t.tex")
    rows = rows_of(tmp_path / "t.tex")
    assert {len(row) for name, row in rows.items() if name} == {6}
    assert rows["Random cell"] == ["15.00", "14.90"] * 3


def test_every_search_is_set_against_the_best(one, tmp_path):
    paths = one.contests
    comparisons_table.write_comparison_table(
        paths["search_pairs_path"], paths["regret_path"], one.searches, one.datasets, tmp_path / "t.tex"
    )
    rows = rows_of(tmp_path / "t.tex")
    assert list(rows)[1:4] == ["Oracle", r"\textbf{Regularised evolution}", r"\quoted{AREA}"], "best mean first"
    assert set(rows[r"\textbf{Regularised evolution}"]) == {"--"}
    assert rows["Random cell"][0] == "$-11.23$ [$-11.48$, $-10.98$]"
    assert rows["Random cell"][3] == r"\textless 0.001"
    assert rows[r"\quoted{AREA}"][3] == r"\quoted{0.300}", "not told apart: grey"


def test_a_study_of_references_has_a_best_one(tmp_path):
    study = FakeStudy(tmp_path / "study", ("digits",), searches=("random-cell", "oracle-10"))
    paths = study.contests
    assert contenders(study.searches) == []
    comparisons_table.write_comparison_table(
        paths["search_pairs_path"], paths["regret_path"], study.searches, study.datasets, tmp_path / "t.tex"
    )
    assert r"\textbf{Oracle}" in rows_of(tmp_path / "t.tex")
    regret.write_regret_table(paths["regret_path"], study.searches, study.datasets, tmp_path / "r.tex")
    assert "textbf" not in (tmp_path / "r.tex").read_text()


def test_a_missing_search_is_named(one, tmp_path):
    more = one.searches | {"gone": {"algorithm": "random_cell"}}
    with pytest.raises(ReportError, match=r"regret.csv' has no regret of search 'gone' on 'digits': run the summary"):
        regret.write_regret_table(one.contests["regret_path"], more, one.datasets, tmp_path / "t.tex")


def check(output):
    assert output.read_bytes().startswith(b"%PDF")
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("searches", [("random-cell", "area"), tuple(MEANS)])
def test_comparisons_are_drawn(tmp_path, searches):
    study = FakeStudy(tmp_path / "study", ("digits",), searches=searches)
    paths = study.contests
    comparisons_figure.draw_comparisons(
        paths["search_pairs_path"], paths["regret_path"], study.searches, "digits", tmp_path / "figure.pdf"
    )
    check(tmp_path / "figure.pdf")


def test_twenty_five_searches_are_drawn(tmp_path, monkeypatch):
    labels = {f"naswot-{n}": {"algorithm": "proxy_search", "proxy": "naswot", "sample": n} for n in range(1, 26)}
    for label, settings in labels.items():
        monkeypatch.setitem(MEANS, label, 80 + settings["sample"] / 10)
    monkeypatch.setattr("reporting_helpers.SEARCHES", labels)
    study = FakeStudy(tmp_path / "study", ("cifar10", "cifar100"), searches=tuple(labels))
    paths = study.contests
    comparisons_figure.draw_comparisons(
        paths["search_pairs_path"], paths["regret_path"], study.searches, "cifar10", tmp_path / "figure.pdf"
    )
    critical_difference.draw_critical_difference(paths["ranks_path"], study.searches, tmp_path / "ranks.pdf")
    for name in ("figure", "ranks"):
        check(tmp_path / f"{name}.pdf")


@pytest.mark.parametrize("critical", [0.4, 2.0, 30.0])
def test_ranks_are_drawn(three, tmp_path, critical):
    table = pd.read_csv(three.contests["ranks_path"]).assign(critical_difference=critical)
    assert tuple(table.columns) == RANK_COLUMNS
    table.to_csv(tmp_path / "ranks.csv", index=False)
    critical_difference.draw_critical_difference(tmp_path / "ranks.csv", three.searches, tmp_path / "figure.pdf")
    check(tmp_path / "figure.pdf")


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
