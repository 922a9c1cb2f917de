"""Equal time in the report: figure, table, numbers, and every branch of the sentences, on both sides of each border."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from equal_time_helpers import write_summary, write_verdict
from reporting_helpers import REPORTED, added, behind, check_files, made, points, write_queries

from tfnas.analysis.equal_time import GROUPS
from tfnas.files import write_table
from tfnas.report import templates as rendering
from tfnas.report.equal_time_phases import phases_of
from tfnas.report.exhibits import equal_time_figure, equal_time_table, queries
from tfnas.report.exhibits.equal_time_figure import TITLES
from tfnas.report.exhibits.equal_time_table import shown_moments
from tfnas.report.numbers import equal_time
from tfnas.report.numbers import reported as results
from tfnas.report.numbers.base import Numbers
from tfnas.report.titles import dataset_title
from tfnas.schemas.equal_time import SCHEMA as EQUAL_TIME

SEARCHES = {
    "naswot": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
    "freerea": {"algorithm": "freerea"},
    "random": {"algorithm": "random_search"},
    "area": {"algorithm": "area", "proxy": "naswot"},
    "cell": {"algorithm": "random_cell"},
}


@pytest.fixture
def passage(root, tmp_path):
    """Return the first sentences of the report for a summary, as a reader sees them."""

    def read(*args, datasets=("digits",), template="passages/equal-time.tex", verdict="better", **settings):
        numbers = Numbers()
        added(
            equal_time, numbers, table=write_summary(tmp_path, *args, **settings), searches=SEARCHES,
            comparisons=write_verdict(tmp_path, SEARCHES, datasets, verdict), datasets=list(datasets),
        )  # fmt: skip
        numbers.add("study.runs", 30, "count")
        added(results, numbers, reported=REPORTED)
        environment = rendering._environment(root / "report")
        environment.globals |= {
            "num": lambda key: numbers.entries[key]["text"],
            "raw": numbers.value,
            "has": lambda key: key in numbers.entries,
            "listed": rendering.listed,
            "reported": rendering._reported(numbers.entries),
            "datasets": list(datasets),
            "dataset_title": str,
            "has_figure": lambda name: True,
            "figure": str,
            "table": str,
        }
        text = environment.get_template(template).render()
        text = text.replace(r"\,", " ").replace(r"\%", "%").replace("$N{=}10$", "N = 10")
        return re.sub(r"\s+", " ", text).strip()

    return read


EARLY = {3.0: "naswot", 60.0: "random, area"}
FREE, PRIOR, TRAINED, HYBRID = GROUPS
CALLED = {
    FREE: "the best training-free search without a prior (NASWOT)",
    PRIOR: "the best training-free search with a prior (FreeREA)",
    TRAINED: "the best search that only trains (Random search)",
    HYBRID: "the best search that trains and scores (AREA)",
}


def test_the_first_sentence_names_the_leader_and_the_training_free_search(passage):
    text = passage({3.0: {FREE: 87.9, TRAINED: 91.5}, 60.0: {FREE: 87.9, TRAINED: 93.0}}, ends=EARLY)
    assert text.startswith(
        f"At 3.00 s of total time on digits, {CALLED[TRAINED]} reaches 91.50 % test accuracy, {CALLED[FREE]} 87.90 %. "
        f"When the last search has ended, at 60.0 s, {CALLED[TRAINED]} leads with 93.00 %, 5.10 points before "
        f"{CALLED[FREE]}. Total time is that of scoring and simulated training; "
    )
    assert "Of the others" not in text
    assert text.endswith("a search is called the best of its kind by validation accuracy, in hindsight.")


def test_the_lead_is_decided_by_the_interval_on_both_sides_of_its_border(passage):
    for gap, told in ((0.11, True), (0.09, False)):
        text = passage({3.0: {FREE: 90.0, TRAINED: 90 + gap}, 60.0: {FREE: 90.0, TRAINED: 90 + gap}}, ends=EARLY)
        assert (f"{CALLED[TRAINED]} reaches" in text) is told
        assert (f"these runs do not tell {CALLED[TRAINED]} at {90 + gap:.2f} % test accuracy from" in text) is not told
        assert ("leads with" in text) is told
        assert (
            f"has {90 + gap:.2f} %, which these runs do not tell from {CALLED[FREE]} at 90.00 %." in text
        ) is not told


def test_searches_that_are_equal_in_every_run_are_called_so(passage):
    moments = {3.0: {FREE: 90.0, TRAINED: 90.0}, 60.0: {FREE: 90.0, TRAINED: 90.0}}
    text = passage(moments, ends=EARLY, half=0.0)
    assert f"{CALLED[FREE]} and {CALLED[TRAINED]} reach the same 90.00 % test accuracy in every run." in text
    assert f"{CALLED[FREE]} has 90.00 %, as has in every run {CALLED[TRAINED]}." in text
    assert "do not tell" not in text
    assert "do not tell" in passage(moments, ends=EARLY, half=0.01), "equal means, but not in every run"


def test_a_training_free_search_that_leads_is_set_beside_the_next(passage):
    moment = {FREE: 92.0, PRIOR: 91.0, TRAINED: 90.0, HYBRID: 89.0}
    text = passage({3.0: moment, 60.0: moment}, ends=EARLY)
    assert f"{CALLED[FREE]} reaches 92.00 % test accuracy, {CALLED[PRIOR]} 91.00 %." in text
    assert f"Of the others, {CALLED[TRAINED]} has 90.00 % and {CALLED[HYBRID]} has 89.00 %." in text


@pytest.mark.parametrize("leader", GROUPS)
def test_every_group_can_lead(passage, leader):
    moment = dict.fromkeys(GROUPS, 90.0) | {leader: 93.0}
    text = passage({3.0: moment, 60.0: moment}, ends=EARLY)
    assert f"{CALLED[leader]} reaches 93.00 % test accuracy, " in text
    assert f"{CALLED[leader]} leads with 93.00 %, 3.00 points before the best " in text


def test_the_first_answer_of_all_has_no_rival(passage):
    moments = {3.0: {FREE: 90.0, TRAINED: None}, 60.0: {FREE: 90.0, TRAINED: 80.0}}
    text = passage(moments, ends=EARLY)
    none = "No other kind of search has an answer in every run yet."
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy, 40.00 points above a random cell. {none} When" in text
    without = passage(moments, ends=EARLY, drawn=None)
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy. {none} When" in without, "the study draws no random cell"
    alone = passage({3.0: {FREE: 90.0}, 60.0: {FREE: 90.0}}, ends={3.0: "naswot"})
    assert f"When the last search has ended, at 60.0 s, {CALLED[FREE]} has 90.00 %." in alone
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy. When" in alone, "the study has no other kind of search"


@pytest.mark.parametrize(
    ("drawn", "half", "said"),
    [
        (89.89, 0.1, ", 0.11 points above a random cell."),
        (90.11, 0.1, ", 0.11 points below a random cell."),
        (89.91, 0.1, ", which these runs do not tell from a random cell at 89.91 %."),
        (90.09, 0.1, ", which these runs do not tell from a random cell at 90.09 %."),
        (90.0, 0.0, ", as a random cell does in every run."),
    ],
)
def test_a_group_alone_is_set_beside_the_random_cell_by_the_interval(passage, drawn, half, said):
    moments = {3.0: {FREE: 90.0, TRAINED: None}, 60.0: {FREE: 90.0, TRAINED: 80.0}}
    text = passage(moments, ends=EARLY, drawn=drawn, half=half)
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy{said} No other kind" in text


def test_searches_whose_seconds_nobody_knows_are_not_said_to_have_no_answer(passage):
    moments = {60.0: {TRAINED: 93.0}}
    text = passage(moments, ends={60.0: "random"}, unknown=("naswot",))
    assert f"{CALLED[TRAINED]} reaches 93.00 % test accuracy. Total time" in text
    assert "has an answer" not in text
    assert text.endswith("in hindsight. NASWOT is left out, because nobody knows how long it takes.")
    text = passage(moments, ends={60.0: "random"}, unknown=("naswot", "area"))
    assert text.endswith(" NASWOT and AREA are left out, because nobody knows how long they take.")
    section = passage(moments, ends={60.0: "random"}, unknown=("naswot", "area"), template="sections/59-equal-time.tex")
    assert " Nobody knows the seconds of NASWOT and AREA, so these are not compared. " in section
    section = passage(moments, ends={60.0: "random"}, unknown=("area",), template="sections/59-equal-time.tex")
    assert " Nobody knows the seconds of AREA, so it is not compared. " in section
    known = passage(moments, template="sections/59-equal-time.tex")
    assert "Nobody knows" not in known + passage(moments)


def test_a_lead_at_the_end_is_told_only_where_the_corrected_test_agrees(passage):
    moments = {3.0: {FREE: 90.0, TRAINED: 88.0}, 60.0: {FREE: 90.0, TRAINED: 94.0}}
    text = passage(moments, ends=EARLY, verdict="undecided")
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy, {CALLED[TRAINED]} 88.00 %." in text, "no test there"
    assert f"{CALLED[TRAINED]} has 94.00 %, which these runs do not tell from {CALLED[FREE]} at 90.00 %." in text
    assert "leads" in passage(moments, ends=EARLY)
    alone = passage({60.0: moments[60.0]}, ends={60.0: "naswot, random"}, verdict="undecided")
    assert alone.startswith(f"At 60.0 s of total time on digits, these runs do not tell {CALLED[TRAINED]} at 94.00 %")


def test_the_leader_may_change_between_the_two_moments(passage):
    moments = {3.0: {FREE: 92.0, TRAINED: 88.0}, 60.0: {FREE: 92.0, TRAINED: 94.0}}
    text = passage(moments, ends=EARLY)
    assert f"At 3.00 s of total time on digits, {CALLED[FREE]} reaches 92.00 %" in text
    assert f"at 60.0 s, {CALLED[TRAINED]} leads with 94.00 %, 2.00 points before {CALLED[FREE]}." in text


def test_a_single_moment_is_told_once(passage):
    text = passage({3.0: {FREE: 90.0, PRIOR: 91.0}}, ends={3.0: "naswot, freerea"})
    assert "When the last search has ended" not in text


def test_without_training_free_searches_the_end_is_the_moment(passage):
    text = passage({3.0: {TRAINED: 90.0, HYBRID: 91.0}, 60.0: {TRAINED: 93.0, HYBRID: 91.0}}, ends=EARLY)
    assert text.startswith(f"At 60.0 s of total time on digits, {CALLED[TRAINED]} reaches 93.00 % test accuracy, ")
    assert "When the last search" not in text


def test_a_hybrid_with_a_prior_and_a_choice_by_test_accuracy_say_so(passage):
    moment = {FREE: 90.0, HYBRID: 91.0}
    text = passage({3.0: moment}, ends={3.0: "naswot"}, priors=(HYBRID,), chosen_by="test")
    assert "the best search that trains and scores, with a prior, (AREA) reaches 91.00 %" in text
    assert text.endswith("a search is called the best of its kind in hindsight.")


def test_nothing_is_said_where_nobody_knows_seconds(passage):
    assert passage({}) == ""
    text = passage({}, template="sections/59-equal-time.tex")
    assert "no searches can be compared at equal time" in text


def test_the_section_tells_undecided_few_and_many_stretches(passage):
    def section(leads):
        moments = {float(3 + place): {FREE: 90.0, TRAINED: 90 + lead} for place, lead in enumerate(leads)}
        return passage(moments, ends={3.0: "naswot"}, template="sections/59-equal-time.tex")

    assert " Here no group's lead is told from zero at any moment" in section([0.05, -0.05, 0.02])
    text = section([-1, 0.05, 1, 1])
    free = "training-free searches without a prior"
    assert f". The interval of the lead lies above zero for {free} from 3.00 to 4.00 s and searches that only" in text
    assert "from 5.00 to 6.00 s, and holds zero at all other times." in text
    assert "training-free searches without a prior 2 and searches that only train 2." in text
    assert " Who leads, or whether the interval of the lead lies above zero, changes 13 times" in section([1, -1] * 7)
    assert "upper envelope" in text


def test_phases_join_moments_with_one_leader_and_one_verdict(tmp_path):
    moments = {0.0: {FREE: 99.0, TRAINED: None}, 1.0: {FREE: None, TRAINED: None}, 2.0: {FREE: None, TRAINED: 60.0}}
    moments |= {3.0: {FREE: 70.0, TRAINED: 60.0}, 4.0: {FREE: 70.0, TRAINED: 60.0}, 5.0: {FREE: 70.0, TRAINED: 69.95}}
    phases = phases_of(EQUAL_TIME.read(write_summary(tmp_path, moments)))
    assert [tuple(phase.values()) for phase in phases] == [
        (TRAINED, True, 2.0, 3.0),
        (FREE, True, 3.0, 5.0),
        (FREE, False, 5.0, 5.0),
    ]


def test_the_table_shows_ten_moments_and_bolds_a_decided_lead_alone(tmp_path):
    steps = np.geomspace(1, 1000, 200)
    assert len(shown_moments(steps)) == 10
    assert shown_moments(steps)[0] == 1
    assert shown_moments(steps)[-1] == 1000
    assert shown_moments(np.array([])) == []
    assert shown_moments(np.array([2.0, 2.0, 5.0])) == [2, 5]
    moments = {1.0: {FREE: None, TRAINED: 60.0}, 2.0: {FREE: 60.05, TRAINED: 60.0}}
    path = write_summary(tmp_path, moments)
    made(equal_time_table, tmp_path / "table.tex", table=path, searches=SEARCHES, datasets=["digits"])
    text = (tmp_path / "table.tex").read_text()
    assert r"1.00 & -- & \textbf{60.00} [59.90, 60.10]\newline Random search \\" in text
    assert r"2.00 & 60.05 [59.95, 60.15]\newline NASWOT & 60.00 [59.90, 60.10]\newline Random search \\" in text
    assert "Hybrid" not in text


@pytest.mark.parametrize("datasets", [("digits",), ("cifar10", "cifar100", "ImageNet16-120")])
def test_groups_are_drawn_against_seconds(tmp_path, datasets):
    moments = {float(at): {FREE: 90.0 if at > 2 else None, TRAINED: 80.0 + at, HYBRID: 88.0} for at in range(1, 9)}
    parts = [pd.read_csv(write_summary(tmp_path, moments, dataset)) for dataset in datasets]
    write_table(tmp_path / "all.csv", pd.concat(parts))
    output = made(equal_time_figure, tmp_path / "figure.pdf", table=tmp_path / "all.csv", datasets=list(datasets))
    check_files(output)
    drawn = behind(output)
    for dataset in datasets:
        panel = dataset_title(dataset) if len(datasets) > 1 else "1"
        free = points(output, panel=panel, series=TITLES[FREE])
        assert free == [(float(at), 90.0) for at in range(3, 9)], "not before it has an answer"
        assert points(output, panel=panel, series=TITLES[TRAINED]) == [(float(at), 80.0 + at) for at in range(1, 9)]
        band = [y for _, y in points(output, "outline", panel=panel, series=TITLES[HYBRID])]
        assert (min(band), max(band)) == (87.9, 88.1)
        strip = drawn[(drawn["panel"] == panel) & drawn["series"].str.endswith(" leads")]
        assert strip["y"].isna().all(), "the strip stands at the foot of the panel"
        seconds = {series: (part["x"].min(), part["x"].max()) for series, part in strip.groupby("series")}
        assert seconds == {f"{TITLES[HYBRID]} leads": (1.0, 3.0), f"{TITLES[FREE]} leads": (3.0, 8.0)}


@pytest.mark.parametrize("datasets", [("digits",), ("cifar10", "cifar100", "ImageNet16-120")])
def test_searches_are_drawn_against_looks(tmp_path, datasets):
    path = write_queries(tmp_path / "table.csv", datasets, ("random", "area"), ("naswot", "freerea"))
    output = made(queries, tmp_path / "figure.pdf", table=path, searches=SEARCHES, datasets=list(datasets))
    check_files(output)
    drawn = behind(output)
    assert set(drawn["series"]) == {"random", "area", "no look, no prior", "no look, with a prior"}
    for label in ("random", "area"):
        assert set(points(output, series=label)) == {(1.0, 91.0), (2.0, 92.0), (3.0, 93.0)}
        own = drawn[(drawn["series"] == label) & (drawn["kind"] == "point")]
        assert own["panel"].nunique() == len(datasets)
        band = drawn[(drawn["series"] == label) & (drawn["kind"] == "outline")]
        assert set(band["y"]) == {89.0, 92.0, 93.0, 94.0}
    line = drawn[drawn["series"] == "no look, no prior"]
    assert line["x"].isna().all()
    assert set(line["y"]) == {91.0}
    assert line["panel"].nunique() == 2 * len(datasets), "in both rows of panels"


def test_the_figures_say_what_they_cannot_show(tmp_path):
    write_table(tmp_path / "none.csv", pd.DataFrame(columns=list(EQUAL_TIME.names)))
    output = made(equal_time_figure, tmp_path / "equal-time.pdf", table=tmp_path / "none.csv", datasets=["digits"])
    assert behind(output)["series"].tolist() == ["no seconds known"]
    path = write_queries(tmp_path / "table.csv", ("digits",), (), ("naswot",))
    output = made(queries, tmp_path / "queries.pdf", table=path, searches=SEARCHES, datasets=["digits"])
    assert "no search looks at accuracies" in behind(output)["series"].tolist()
