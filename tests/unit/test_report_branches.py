"""Every branch of every template is rendered with made-up numbers, and what it says is held against them.

Templates are copied with a mark behind each ``if``, ``elif``, ``else`` and ``for`` (an ``if`` without ``else`` gets
one), so that a render says which branches it took. A branch that no scenario takes fails the test: add numbers that
take it, and a sentence that they must give.
"""

from __future__ import annotations

import copy
import re
import shutil
from functools import cache

import pandas as pd
import pytest
from equal_time_helpers import write_summary, write_verdict
from reporting_helpers import ONE_SEED, FakeStudy, added, numbers_of

from tfnas.analysis.equal_time import GROUPS
from tfnas.files import read_table, write_json, write_table
from tfnas.product_rules import exhibits
from tfnas.proxies.registry import declare_own
from tfnas.report import templates as rendering
from tfnas.report.claims import sign_of_printed
from tfnas.report.numbers import equal_time
from tfnas.report.numbers import reported as results
from tfnas.report.numbers.base import Numbers
from tfnas.report.numbers.equal_time import MOST_TOLD
from tfnas.report.rounding import show
from tfnas.report.wording import (
    correlation_words,
    image_words,
    inverted,
    part_words,
    reported_words,
    time_words,
    verdict_words,
)
from tfnas.spaces.base import Space, Variable
from tfnas.study.settings import scored_names
from tfnas.truth.metric import Metric

TAG = re.compile(r"\(\(\*-?\s*(if|elif|else|endif|for|endfor)\b.*?-?\*\)\)", flags=re.DOTALL)
MARK = re.compile(r"<<([^<>]+:\d+:\w+)>>")
SEARCHED = ("main.tex", "sections", "passages", "appendix", "spaces")
"""Templates with branches; descriptions of algorithms and proxies have none."""

STEMS = tuple(exhibit.stem + {"figure": ".pdf", "table": ".tex"}[exhibit.kind] for exhibit in exhibits())
"""Every exhibit there is, with ``{proxy}`` or ``{dataset}`` where there is one for each."""


def marked(text, name):
    """Return a template with a mark in every branch, and the marks."""
    out, marks, opened, last = [], [], [], 0

    def mark(kind, line):
        marks.append(f"{name}:{line}:{kind}")
        return f"<<{marks[-1]}>>"

    for match in TAG.finditer(text):
        out.append(text[last : match.start()])
        last, word, line = match.end(), match[1], text.count("\n", 0, match.start()) + 1
        if word in ("if", "for"):
            opened.append([word, line, False])
        if word == "else":
            opened[-1][2] = True
        if word in ("endif", "endfor"):
            kind, start, complete = opened.pop()
            if kind == "if" and not complete:
                out.append(f"((* else *)){mark('otherwise', start)}")
            out.append(match[0])
        else:
            out.append(match[0] + mark(word, line))
    return "".join([*out, text[last:]]), marks


@pytest.fixture(scope="module")
def templates(root, tmp_path_factory):
    """Return a folder of marked templates and all marks."""
    folder = tmp_path_factory.mktemp("marked") / "report"
    shutil.copytree(root / "report", folder)
    every = []
    for path in sorted(folder.rglob("*.tex")):
        name = path.relative_to(folder).as_posix()
        text, marks = marked(path.read_text(encoding="utf-8"), name)
        assert not marks or name.startswith(SEARCHED), f"{name} branches: render its branches here, too"
        path.write_text(text, encoding="utf-8")
        every += marks
    return folder, every


@pytest.fixture(scope="module", autouse=True)
def compiled_once():
    """Compile every template once for all renders of this file: what differs are the numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_environment", cache(rendering._environment))
        yield


class Scenario:
    """A study, its numbers and its exhibits; calling it renders the report and returns its text, numbers filled in."""

    taken: set[str] = set()

    def __init__(self, study, numbers, folder, tmp_path, without=()):
        self.study, self.numbers, self.folder, self.tmp_path = study.config, numbers, folder, tmp_path
        names = {"proxy": study.names, "dataset": study.datasets}
        self.exhibits = [
            stem.format(**{key: value})
            for stem in STEMS
            for key, every in names.items()
            for value in (every if f"{{{key}}}" in stem else every[:1])
            if (f"{{{key}}}" in stem or "{" not in stem)
            and not {(bare := re.split(r"-\{|\.", stem)[0]), bare.partition("/")[2]} & set(without)
        ]

    def __call__(self, changes=None, without=(), drop=(), config=None, only=None):
        """Render with changed numbers (by key: values or entries), without exhibits and without keys that begin so."""
        numbers = {key: entry for key, entry in copy.deepcopy(self.numbers).items() if not key.startswith(tuple(drop))}
        for key, value in (changes or {}).items():
            if isinstance(value, dict):
                numbers[key] = value
                continue
            kind = "text" if isinstance(value, str | bool | None) else "count" if isinstance(value, int) else "accuracy"
            numbers[key] = {"text": show(value, kind) if value is not None else "--", "value": value}
        write_json(self.tmp_path / "numbers.json", numbers)
        paths = []
        for name in dict.fromkeys(self.exhibits):
            if not {re.sub(r".*/|\..*", "", name), name.partition(".")[0]} & set(without):
                path = self.tmp_path / name
                path.parent.mkdir(exist_ok=True)
                path.touch()
                paths.append(path)
        output = self.tmp_path / "report.tex"
        study = copy.deepcopy(self.study)
        for key, value in (config or {}).items():
            study[key] = study[key] | value
        rendering.render_report(
            study, scored_names(study), self.folder, self.tmp_path / "numbers.tex", paths, output
        )  # fmt: skip
        text = output.read_text(encoding="utf-8")
        Scenario.taken |= set(MARK.findall(text))
        text = re.sub(r"\\result\{([^}#]+)\}", lambda match: numbers[match[1]]["text"], MARK.sub("", text))
        return " ".join(text.split())


OF_SEVERAL = (
    "critical-difference", "figures/correlations", "proxy-pairs", "anytime", "fronts", "ranking", "cost-limits",
    "subspaces", "published-correlations", "published-searches", "transfer", "ensemble-choice", "ensemble-top",
    "leagues",
    "league-searches", "search-costs",
)  # fmt: skip
"""Exhibits that the studies of one proxy do not have ."""


@pytest.fixture(scope="module")
def one(templates, tmp_path_factory):
    """One dataset that this project trained, one proxy."""
    study = FakeStudy(tmp_path_factory.mktemp("one"), ("digits",))
    return Scenario(study, numbers_of(study), templates[0], tmp_path_factory.mktemp("one report"), OF_SEVERAL)


@pytest.fixture(scope="module")
def prior(templates, tmp_path_factory):
    """The same, where the best training-free search has the skip term."""
    study = FakeStudy(tmp_path_factory.mktemp("prior"), ("digits",))
    study.searches["naswot-100"] = {"algorithm": "freerea"}
    return Scenario(study, numbers_of(study), templates[0], tmp_path_factory.mktemp("prior report"), OF_SEVERAL)


PUBLISHED = {
    "compared": 5, "within": 3, "tolerated": 1, "differs": 1, "with_z": 4, "beyond_chance": 1, "unknown": 1,
    "quoted": 2, "widest.title": "W", "widest.difference": 0.5, "widest.dataset": "CIFAR-10", "farthest.title": "F",
    "farthest.metric": "test", "farthest.dataset": "CIFAR-10", "farthest.difference": 0.5, "farthest.std": 0.1,
}  # fmt: skip


def with_extras(numbers, datasets):
    """Add what a made-up study has no summaries of: leagues, ensembles, prices, curves, limits, fronts."""
    extra = {f"published.{key}": value for key, value in PUBLISHED.items()}
    extra |= {f"chosen.league.l.{key}": value for key, value in {"searches": 2, "right": 2, "lost": 0.5}.items()}
    extra |= {f"chosen.ensemble.{key}": value for key, value in {"proxies": 3, "largest": 2, "tried": 6}.items()}
    extra |= {"price.scored": True, "price.paper": True, "price.same_machine": False}
    extra |= {f"price.{name}.machine": name for name in ("table", "machine", "paper")}
    for dataset in datasets:
        e, t, a = f"chosen.ensemble.{dataset}", f"chosen.top.{dataset}", f"anytime.{dataset}"
        extra |= {f"{e}.size": 2, f"{e}.spearman": 0.8, f"{e}.single": 0.7, f"{e}.best": 0.9}
        extra |= {f"{t}.accuracy": 93.0, f"{t}.single": 92.0, f"{t}.best": 94.0, f"price.{dataset}.ratio": 2.0}
        extra |= {f"{a}.title": "T", f"{a}.other": "O", f"{a}.end": 3.0, f"{a}.passed": 2.0}
        extra |= {f"limits.{dataset}.{key}": key for key in ("first.title", "left.title")}
        extra |= {f"limits.{dataset}.{key}": 1.0 for key in ("first.reported", "first.below", "left.share")}
        extra |= {f"fronts.{dataset}.first.title": "NSGA", f"fronts.{dataset}.first.share": 0.9}
    for key, value in extra.items():
        kind = "text" if isinstance(value, str | bool) else "count" if isinstance(value, int) else "accuracy"
        numbers[key] = {"text": show(value, kind), "value": value}
    return numbers


@pytest.fixture(scope="module")
def three(root, templates, tmp_path_factory):
    """The benchmark's datasets, several proxies and ensembles, published rows, leagues, prices, limits and fronts."""
    datasets = ("cifar10", "cifar100", "ImageNet16-120")
    names = {"proxies": ("naswot", "flops", "params", "synflow", "snip"), "ensembles": ("vote",)}
    study = FakeStudy(tmp_path_factory.mktemp("three"), datasets, published=True, **names)
    study.config["search"] |= {"leagues": {"l": ["naswot-10", "naswot-100"], "alone": ["area"]}, "pay_once": True}
    numbers = with_extras(numbers_of(study), datasets)
    return Scenario(study, numbers, templates[0], tmp_path_factory.mktemp("three report"))


@pytest.fixture(scope="module")
def two(root, templates, tmp_path_factory):
    """A dataset of the benchmark and another one, one league, published rows."""
    datasets = ("cifar10", "own")
    names = {"proxies": ("naswot", "ntk_condition_number"), "ensembles": ("tfnas_ensemble",)}
    study = FakeStudy(tmp_path_factory.mktemp("two"), datasets, published=True, **names)
    study.config["search"] |= {"leagues": {"l": ["naswot-10", "naswot-100"]}, "pay_once": False}
    numbers = with_extras(numbers_of(study), datasets)
    return Scenario(study, numbers, templates[0], tmp_path_factory.mktemp("two report"))


@pytest.fixture(scope="module")
def several(templates, tmp_path_factory):
    """Several proxies and every exhibit on one dataset, nothing published."""
    study = FakeStudy(tmp_path_factory.mktemp("several"), ("own",), proxies=("naswot", "flops", "snip"), noise={})
    study.config["search"] |= {"leagues": {}, "pay_once": False}
    study.searches["area"] = {"algorithm": "tfnas_queries"}
    numbers = with_extras(numbers_of(study), study.datasets)
    numbers = {key: entry for key, entry in numbers.items() if not key.startswith("published.")}
    without = ("published-correlations", "published-searches", "transfer", "critical-difference")
    without += ("ensemble-choice", "ensemble-top", "leagues", "league-searches")
    return Scenario(study, numbers, templates[0], tmp_path_factory.mktemp("several report"), without)


@pytest.fixture(scope="module")
def sparse(templates, tmp_path_factory):
    """A foreign table without early accuracies and a single search, no noise measured."""
    study = FakeStudy(
        tmp_path_factory.mktemp("sparse"), ("own",), searches=("random-cell",), early=False, measured=False
    )
    return Scenario(
        study, numbers_of(study), templates[0], tmp_path_factory.mktemp("sparse report"), (*OF_SEVERAL, "comparisons")
    )


@pytest.fixture(scope="module")
def single_seed(templates, tmp_path_factory):
    study = FakeStudy(
        tmp_path_factory.mktemp("seed"), ("own",), searches=("naswot-10", "random-search"), noise=ONE_SEED
    )
    return Scenario(study, numbers_of(study), templates[0], tmp_path_factory.mktemp("seed report"), OF_SEVERAL)


def difference(before, verdict, size, images=797):
    """What stands beside a difference of two searches."""
    lead = -size if verdict == "worse" else size
    return {
        f"{before}.lead": lead, f"{before}.size": size, f"{before}.low": lead - 0.1, f"{before}.high": lead + 0.1,
        f"{before}.verdict": verdict, f"{before}.aside": image_words(lead, images, 1.2),
    }  # fmt: skip


TRAINED = "trained.digits"
AGAINST = "compare.digits.non-weight-sharing"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"better": ["A"]}, "The study has one search that trains: A is better than it."),
        (
            {"better": ["A"], "undecided": ["B", "C", "D"], "worse": ["E", "F"]},
            "The study has six searches that train: A is better than it; E and F are worse than it; B, C and D are "
            "not told from it.",
        ),
        ({"worse": ["A", "B"]}, "The study has two searches that train: A and B are worse than it."),
    ],
)
def test_searches_that_train_are_counted_one_by_one(one, found, sentence):
    changes = {f"{TRAINED}.{verdict}": len(found.get(verdict, [])) for verdict in ("better", "worse", "undecided")}
    changes |= {f"{TRAINED}.searches": sum(changes.values()), f"{TRAINED}.words": verdict_words(found, "it")}
    assert one(changes).count(sentence) == 2, "in discussion and conclusion"


@pytest.mark.parametrize(
    ("verdict", "said", "unsaid"),
    [
        ("better", "0.50 points above it (95\\,\\% interval 0.40 to 0.60)", "below it (95"),
        ("worse", "0.50 points below it (95\\,\\% interval of the difference $-0.60$ to $-0.40$)", "above it (95"),
        ("undecided", "which these runs do not tell from it", "points above it (95"),
    ],
)
def test_the_best_search_that_trains_is_judged_by_sign(one, verdict, said, unsaid):
    text = one(difference(AGAINST, verdict, 0.5) | {f"{AGAINST}.p": 0.3})
    assert said in text
    assert unsaid not in text
    assert "within what the test images leave open" in text
    assert ("a difference that these runs do not decide" in text) == (verdict == "undecided")
    assert "most of the way" not in text


def test_a_difference_below_one_test_image_is_called_so(one):
    assert ", less than one test image" in one(difference(AGAINST, "better", 0.12))
    assert ", less than one test image" not in one(difference(AGAINST, "better", 0.13))
    assert "test image." not in one(difference(AGAINST, "better", 0.12, images=None))


@pytest.mark.parametrize(
    ("ratio", "sentence"),
    [
        (52.0, "It takes 52.00 times the seconds."),
        (1.0, "Both take about the same time."),
        (0.2, "The training-free search takes 5.00 times its seconds: training is that cheap here."),
        (None, ""),
    ],
)
def test_times_are_told_by_their_ratio(one, ratio, sentence):
    words = time_words(ratio)
    inverse = None if ratio is None else 1 / ratio
    text = one({f"{AGAINST}.speedup": ratio, f"{AGAINST}.faster": inverse, f"{AGAINST}.time": words})
    assert sentence in text
    told = [words for words in ("times the seconds.", "about the same time", "times its seconds") if words in text]
    assert len(told) == (ratio is not None)


@pytest.mark.parametrize(
    ("better", "time", "sentence"),
    [
        (2, "longer", "Those that are better take 2.00 to 50.00 times the seconds of the training-free search."),
        (2, "mixed", "Not all of those that are better take longer: 2.00 to 50.00 times the seconds"),
        (2, "shorter", None),
        (1, "longer", None),
    ],
)
def test_the_times_of_several_better_searches_are_a_range(one, better, time, sentence):
    changes = {"better": better, "time": time, "slower_least": 2.0, "slower_most": 50.0}
    text = one({f"{TRAINED}.{key}": value for key, value in changes.items()})
    assert (sentence or "The study has") in text
    assert ("that are better take" in text) == (sentence is not None)


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("better", "adds 9.88 points to the mean of a random cell"),
        ("worse", "below that mean: its score misleads"),
        ("undecided", "which these runs cannot tell from that mean"),
    ],
)
def test_a_random_cell_stands_beside_the_median_cell(one, verdict, sentence):
    changes = difference("random.digits", verdict, 9.88) | {"truth.digits.median": 87.31}
    text = one(changes)
    assert sentence in text
    assert "and the median cell 87.31\\,\\%" in text


@pytest.mark.parametrize(
    ("side", "below", "sentence"),
    [
        ("above", 0, "It is 0.50 points above the median cell."),
        ("above", 1, "above the median cell; of two training-free searches these end below it on average: NASWOT"),
        ("below", 2, "It is 0.50 points below the median cell; of two training-free searches"),
        ("equal", 0, "It is level with the median cell."),
    ],
)
def test_the_median_cell_is_compared_by_sign(one, side, below, sentence):
    changes = {"side": side, "below": below, "words": "NASWOT", "best": 0.5, "searches": 2}
    assert sentence in one({f"median.digits.{key}": value for key, value in changes.items()})


@pytest.mark.parametrize(
    ("verdict", "undecided", "sentence"),
    [
        ("better", "", "AREA is better than Regularised evolution, by 0.30 points (95"),
        ("worse", "", "AREA is worse than Regularised evolution, by 0.30 points (95"),
        ("undecided", "AREA from Regularised evolution", "These runs do not tell AREA from Regularised evolution."),
    ],
)
def test_a_hybrid_is_judged_against_what_it_extends(one, verdict, undecided, sentence):
    changes = difference("extends.digits.area", verdict, 0.3) | {"extends.digits.undecided": undecided}
    text = one(changes)
    assert sentence in text
    assert ("These runs do not tell AREA" in text) == (verdict == "undecided")


@pytest.mark.parametrize(
    ("count", "words", "verb"), [(1, "RoBoT", "extends"), (2, "HNAS and RoBoT", "extend"), (0, "", "")]
)
def test_hybrids_that_extend_no_search_of_the_study_are_named(one, count, words, verb):
    text = one({"extends.digits.alone_count": count, "extends.digits.alone": words})
    assert (f"{words} {verb} no search of this study." in text) == (count > 0)


def test_hybrids_may_all_extend_nothing(one):
    changes = {"extends.digits.alone_count": 1, "extends.digits.alone": "RoBoT", "extends.digits.undecided": ""}
    text = one(changes, drop=["extends."])
    assert "A hybrid is judged" not in text
    assert "RoBoT extends no search of this study" in text
    assert "extend" not in one(drop=["extends."]).replace("extended", "")


PRIOR = "prior.digits"


@pytest.mark.parametrize(
    ("owed", "trained", "decides", "said"),
    [
        ("better", "better", True, ["points behind (95", "points behind Regularised evolution", "So it is the prior"]),
        ("better", "worse", False, ["points ahead of Regularised evolution all the same"]),
        (
            "undecided",
            "undecided",
            False,
            ["which these runs do not show to be worse", "do not tell it from Regularised"],
        ),
    ],
)
def test_what_a_search_owes_to_the_prior(prior, owed, trained, decides, said):
    changes = difference(f"{PRIOR}.owed", owed, 1.5) | difference(PRIOR, trained, 1.2) | {f"{PRIOR}.decides": decides}
    text = prior(changes)
    for words in said:
        assert words in text
    assert ("So it is the prior" in text) == decides
    assert ("the best training-free search loses 1.50 points" in text) == (owed == "better")
    assert ("do not show that the skip term" in text) == (owed != "better")
    alone = prior(drop=[f"{PRIOR}.lead", "trained.", AGAINST])
    assert "points ahead of" not in alone
    assert "The study has" not in alone


G = "growth.digits.naswot"


@pytest.mark.parametrize(
    ("verdict", "steadier", "sentence"),
    [
        ("better", True, "its mean rises by 1.00 points, and its standard deviation falls from"),
        ("better", False, "its mean rises by 1.00 points."),
        ("worse", True, "its mean falls by 1.00 points, for its highest scores are not its best cells"),
        ("undecided", True, "make no difference to NASWOT that these runs could show"),
    ],
)
def test_more_samples_help_harm_or_neither(one, verdict, steadier, sentence):
    text = one(difference(G, verdict, 1.0) | {f"{G}.steadier": steadier, f"{G}.gain": 1.0})
    assert sentence in text


def test_an_oracle_beats_a_proxy_only_where_it_does(one):
    for gap, told in ((0.5, True), (0.001, False), (-0.5, False)):
        text = one({f"{G}.oracle_gap": gap, f"{G}.oracle_side": sign_of_printed(gap)})
        assert ("The mean of an oracle on the same cells lies" in text) == told


@pytest.mark.parametrize(
    ("whole", "top", "said"),
    [
        (0.8, 0.35, ["a strong rank correlation", "less than over all cells"]),
        (0.132, -0.419, ["a weak rank correlation", "turned round against the order over all cells"]),
        (-0.419, -0.45, ["a moderate but inverted rank correlation", "and the wrong way round, too"]),
        (0.05, 0.05, ["next to no rank correlation", "next to nothing, as over all cells"]),
    ],
)
def test_a_score_is_called_by_size_and_sign_everywhere(one, whole, top, said):
    key, order = "correlation.digits.naswot.reported.all", "order.digits.naswot"
    changes = {f"{key}.spearman": whole, f"{key}.words": correlation_words(whole)}
    changes |= {f"{order}.top": top, f"{order}.top_words": part_words(top, whole)}
    changes |= {f"{order}.within": top, f"{order}.within_words": part_words(top, whole)}
    changes |= {"order.digits.convolutions_words": correlation_words(0.132)}
    text = one(changes)
    assert text.count(said[0]) >= 3, "in abstract, section and discussion"
    assert text.count(said[1]) >= 2
    assert "The count of convolutions alone has a weak rank correlation" in text
    assert "a good part" not in text
    assert "knows less" not in text
    silent = one(changes | {f"{order}.top": None, f"{order}.within": None})
    assert "Among the best tenth" not in silent
    assert "Among cells with equally many" not in silent


def test_what_only_cells_and_validation_accuracies_allow_is_left_out(one):
    """A space of other architectures has no convolution edges, and its benchmark may know test accuracies alone."""
    unknown = ("best_valid", "of_best_valid", "best_early", "of_best_early")
    changes = {f"truth.digits.{name}": None for name in unknown} | {"order.digits.convolutions": None}
    text = one(changes)
    assert "It has, per cell, test accuracy after full training." in text
    assert "no search of this study looks at the accuracy of a cell while it searches" in text
    assert "best validation accuracy has" not in text
    assert "score against test accuracy of all" in text
    assert "count of the convolution edges" not in text
    assert "count of convolutions alone" not in text
    assert "score against validation accuracy of all" in one()


@pytest.mark.parametrize(
    ("nan", "sentence"),
    [
        (0, None),
        (1, "One cell has no finite score and counts as lowest."),
        (201, "201 cells have no finite score and count as lowest."),
    ],
)
def test_cells_without_a_score_are_counted(one, nan, sentence):
    text = one({"correlation.digits.naswot.reported.all.nan": nan})
    assert (sentence or "cells") in text
    assert ("no finite score and count" in text) == (sentence is not None)


def test_one_proxy_alone(one):
    for sign, words in (
        ("above", "the score knows something"),
        ("below", "the wrong way."),
        ("around", "is not shown."),
    ):
        assert words in one({"order.digits.naswot.partial_sign": sign})
    assert "Given the numbers of parameters" not in one({"order.digits.naswot.partial": None})
    assert (
        "95\\,\\% interval 0" not in one({"order.digits.naswot.partial_low": None}).split("Given the numbers")[1][:300]
    )
    stable = {"stability.digits.naswot.initialisation": 1.0, "stability.digits.naswot.batch": 1.0}
    assert "Chance has its part" not in one(stable)
    assert "Chance has its part" in one(stable | {"stability.digits.naswot.batch": 0.5})
    assert "Figure~\\ref{fig:scatter}" not in one(without=["scatter-naswot"])
    assert "Figure~\\ref{fig:kernels}" not in one(without=["kernels-digits"])
    assert "distinct ones" not in one(drop=["correlation.digits.naswot.reported.distinct"]).split("Where the order")[0]
    assert "Twins" in one()
    assert "Twins" not in one({"stability.digits.twins": 0})
    assert "how stable" not in one(drop=["stability."])


FLOPS = "pairs.cifar10"


@pytest.mark.parametrize(
    ("count", "titles", "sentence"),
    [
        (0, "", "none follows the FLOPs of a cell more closely, by the magnitude of $\\rho$, than its accuracy."),
        (
            1,
            "SNIP",
            "one follows the FLOPs of a cell more closely, by the magnitude of $\\rho$, than its accuracy: SNIP.",
        ),
        (20, "A and B", "20 follow the FLOPs of a cell more closely"),
    ],
)
def test_following_flops_is_counted(three, count, titles, sentence):
    assert sentence in three({f"{FLOPS}.closer_to_flops": count, f"{FLOPS}.closer_to_flops.titles": titles})


def test_pairs_of_proxies_are_alike_unrelated_or_opposite(three):
    opposite = {f"{FLOPS}.unlike.opposite": inverted(-0.9), f"{FLOPS}.unlike.one": "A", f"{FLOPS}.unlike.other": "B"}
    assert "A and B have the most opposite orders" in three(opposite)
    assert "A and B have the most opposite" not in three(opposite | {f"{FLOPS}.unlike.opposite": inverted(-0.05)})
    assert "have least to do with each other" in three()
    text = three(drop=[f"pairs.{dataset}.closer_to_flops" for dataset in ("cifar10", "cifar100", "ImageNet16-120")])
    assert "follow the FLOPs" not in text


R = "ranking.cifar10"


def test_ranks_of_proxies_tell_ties_and_inversions(three):
    plain = {f"{R}.first.tied": 0, f"{R}.inverted": 0, f"{R}.above_convolutions": 0, "ranking.first.tied": 0}
    text = three(plain)
    assert "is beaten there by none of the" in text
    assert "level with" not in text.split("ranks first with")[1][:80]
    tied = {f"{R}.first.tied": 1, f"{R}.above_convolutions": 1, "ranking.first.tied": 2}
    text = three(plain | tied)
    assert "level with one other." in text
    assert "as two others have, too" in text
    assert "is beaten there by one of the" in text
    names = {f"{R}.strongest.title": "Zen", f"{R}.strongest.spearman": -0.42}
    text = three(plain | names | {f"{R}.inverted": 1, f"{R}.strongest.inverted": True})
    assert "One score is inverted; the largest magnitude of all is that of one of them, Zen with" in text
    text = three(plain | names | {f"{R}.inverted": 12, f"{R}.strongest.inverted": False})
    assert "Twelve scores are inverted." in text
    assert "is beaten there" not in three(
        {f"ranking.{name}.above_convolutions": None for name in three.study["datasets"]}
    )
    assert "The ranking there agrees" not in three(
        {f"ranking.{name}.agreement": None for name in ("cifar100", "ImageNet16-120")}
    )


def test_what_is_first_among_proxies_may_be_shared(three):
    o = "order.cifar10"
    for better in (0.25, 0.0):
        for tied, words in ((0, None), (1, "level with that of one other"), (3, "level with that of three others")):
            text = three({f"{o}.first.tied": tied, f"{o}.first.better": better})
            assert ("level with that of" in text) == (words is not None)
            assert (words or "the most accurate first cell") in text


@pytest.mark.parametrize(
    ("count", "top", "partial"),
    [
        (0, "none of 6 scores orders the best tenth", "none of 4 keeps a partial correlation"),
        (1, "one of 6 scores orders the best tenth", "one of 4 keeps a partial correlation"),
        (3, "three of 6 scores order the best tenth", "three of 4 keep a partial correlation"),
    ],
)
def test_orders_beyond_chance_are_counted(three, count, top, partial):
    text = three({"order.cifar10.top_positive": count, "order.cifar10.partial_positive": count})
    assert top in text
    assert partial in text


def test_orders_that_are_not_known_are_not_told(three):
    nothing = {f"order.{name}.{kind}_known": 0 for name in three.study["datasets"] for kind in ("top", "partial")}
    assert "order the best tenth" not in three(nothing)
    text = three(nothing | {"order.cifar10.partial_known": 3})
    assert "whose interval lies above zero on CIFAR-10, the largest" in text


@pytest.mark.parametrize(
    ("compared", "within", "words"),
    [
        (1, 0, "One published coefficient has a counterpart here (Table~\\ref{tab:published-correlations}); none lies"),
        (24, 1, "24 published coefficients have a counterpart"),
        (24, 20, "20 lie within"),
    ],
)
def test_published_coefficients_are_counted(three, compared, within, words):
    assert words in three({"published.correlations.compared": compared, "published.correlations.within": within})
    assert "Against published correlations" not in three(drop=["published.correlations.compared"])


C = "contest.cifar10"


def test_contests_of_searches_are_counted(three):
    for apart, pairs, words in ((0, 1, "none of one pair"), (1, 2, "one of two pairs"), (14, 21, "14 of 21 pairs")):
        assert f"tells {words} of searches apart" in three({f"{C}.apart": apart, f"{C}.pairs": pairs})
    for tied, words in (
        (1, "to which one more is equal in every run"),
        (2, "to which two more are equal in every run"),
    ):
        assert words in three({f"{C}.tied": tied})
    assert "equal in every run" not in three({f"{C}.tied": 0})
    assert "which no difference" not in three(difference(C, "better", 0.4))
    text = three(difference(C, "better", 0.4))
    assert "So the first is better." in text
    assert "ties counted half" in text
    assert "These runs do not decide between the two." in three(difference(C, "undecided", 0.1))
    assert "The highest mean, references left out, is" not in three(
        drop=[f"contest.{name}.lead" for name in three.study["datasets"]]
    )


def test_what_runs_detect_is_told_where_they_vary(three):
    assert "say nothing of what they could detect" in three({f"{C}.varied": 0})
    assert "in the median of all pairs" in three({f"{C}.varied": 21, f"{C}.pairs": 21})
    text = three({f"{C}.varied": 1, f"{C}.pairs": 21, f"{C}.enough": 1})
    assert "the one pair whose difference is not the same in all runs" in text
    assert "and one of one pair has enough of them" in text
    text = three({f"{C}.varied": 20, f"{C}.pairs": 21, f"{C}.enough": 4})
    assert "four of 20 pairs have enough of them" in text
    assert "enough of them" not in three({f"contest.{name}.enough": 0 for name in three.study["datasets"]})


def test_ranks_over_datasets(three):
    assert "it does not show that the searches differ at all" in three({"ranks.verdict": "alike"})
    assert "do not show that the searches differ" not in three({"ranks.verdict": "apart"})
    assert "Friedman's test of equal ranks" not in three({"ranks.verdict": "unknown"})
    assert "no search ranks that far behind the first" in three({"ranks.below_first": 0})
    assert "two searches rank that far behind the first" in three({"ranks.below_first": 2})
    assert "(as one other has, too)" in three({"ranks.tied": 1})


def test_searches_that_end_at_one_accuracy(three, one):
    text = three({"settled.cifar10.count": 1, "settled.cifar10.words": "tfnas"})
    assert "On CIFAR-10 one search ends at one accuracy in all runs: tfnas." in text
    text = three({"settled.cifar10.count": 3, "settled.cifar10.words": "a, b and c"})
    assert "On CIFAR-10 three searches end at one accuracy in all runs: a, b and c." in text
    assert "at one accuracy in all runs" not in one()


T = "transfer.cifar100"


LARGEST = "The largest loss is that of NASWOT, 2.00 points."


@pytest.mark.parametrize(
    ("side", "loss", "largest", "said"),
    [
        (
            "above",
            1.0,
            "above",
            "that costs 1.00 points on average over four searches (95\\,\\% interval of the loss 0.90 to 1.10).",
        ),
        (
            "below",
            -0.5,
            "below",
            "that gains 0.50 points on average over four searches (95\\,\\% interval of the loss $-0.60$ to $-0.40$).",
        ),
        (
            "zero",
            0.001,
            "above",
            "that changes nothing on average over four searches (95\\,\\% interval of the loss $-0.10$ to 0.10).",
        ),
        (
            "around",
            0.05,
            "around",
            "these runs do not tell the loss on average over four searches, 0.05 points, from none (95\\,\\% interval",
        ),
    ],
)
def test_transfer_is_told_by_the_interval(three, side, loss, largest, said):
    changes = {"mean_loss": loss, "mean_size": abs(loss), "side": side, "searches": 4, "title": "NASWOT"}
    changes |= {"low": loss - 0.1, "high": loss + 0.1, "largest_loss": 2.0, "largest_side": largest}
    text = three({f"{T}.{key}": value for key, value in changes.items()})
    assert f"On CIFAR-100 {said}" in text
    assert (LARGEST in text) is (largest == "above"), "the largest of many losses is told only where it is one"
    assert "on average over" not in three({f"transfer.{name}.searches": 1 for name in ("cifar100", "ImageNet16-120")})
    assert r"\paragraph{Transfer.}" not in three(drop=["transfer."])


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        ("better", "leads random search at the same budget by 0.50 points."),
        ("worse", "evolution trails random search at the same budget by 0.50 points."),
        ("undecided", "these runs do not tell evolution and random search apart."),
    ],
)
def test_evolution_against_random_search(one, verdict, sentence):
    assert sentence in one(difference("evolution.digits", verdict, 0.5))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"within": 3, "differs": 1}, "three lie within one published standard deviation of ours"),
        (
            {"within": 0, "differs": 0, "tolerated": 0, "compared": 1},
            "Of one mean of validation or test accuracy that was published",
        ),
        ({"within": 0}, "none lies within one published"),
        ({"differs": 0}, "and none differs by more"),
        ({"differs": 2}, "and two differ by more"),
        ({"tolerated": 1}, "one beyond it but within the tolerance"),
        ({"with_z": 1, "beyond_chance": 0}, "for one mean; none of them differs by more than chance"),
        ({"with_z": 9, "beyond_chance": 4}, "for nine means; four of them differ by more than chance"),
        ({"unknown": 1}, "For one more mean the source has no spread"),
        ({"unknown": 7}, "For seven more means the source has no spread"),
        (
            {"quoted": 1},
            "One mean that could only be found where others quote it stands in the table as such and is not",
        ),
        ({"quoted": 3}, "Three means that could only be found where others quote them stand in the table"),
    ],
)
def test_published_means_are_counted(three, changes, said):
    text = three({f"published.{key}": value for key, value in changes.items()})
    assert said in text
    assert "most of them single cells" not in text


def test_published_means_that_are_not_there_are_not_told(three):
    nothing = {f"published.{key}": 0 for key in ("compared", "with_z", "unknown", "quoted", "tolerated")}
    text = three(nothing, drop=["published.farthest", "published.widest"])
    assert "published standard deviation of ours" not in text
    assert "others quote" not in text.split("Do searches find what")[1].split("section{")[0]
    assert "largest difference among them" not in three({"published.unknown": 2}, drop=["published.widest"])
    assert "number of runs is known, too" not in three({"published.with_z": 0})


def test_prices_name_a_machine_once(three):
    one_machine = {"price.table.machine": "AMD EPYC", "price.machine.machine": "AMD EPYC", "price.same_machine": True}
    text = three(one_machine)
    assert "on the machine that made this report, one of the same kind; and" in text
    assert text.count("AMD EPYC") == 1
    text = three({"price.table.machine": "A", "price.machine.machine": "B"})
    assert "those of A; with those of a short measurement on the machine that made this report, B; and" in text
    assert "score table; with those" in three({"price.table.machine": ""})
    assert "the rate that a paper states" not in three({"price.paper": False})
    assert "no search here scores a cell" in three({"price.scored": False})
    assert "The measurement took" not in three({f"price.{name}.ratio": None for name in three.study["datasets"]})
    assert "Cells that compute the same function" not in three(config={"search": {"pay_once": False}})
    three({}, drop=["price."])


def test_when_training_passes_a_score(three, several):
    assert "never stays above" in three({"anytime.cifar10.passed": None})
    assert "stays above what O" in three({"anytime.cifar10.passed": 2.0})
    assert "T, the best search that trains, stays above" in several()
    assert "On own, T" not in several()


def test_choices_made_elsewhere(three):
    e = "chosen.ensemble.cifar10"
    assert "has two members and" in three({f"{e}.size": 2})
    text = three({f"{e}.size": 1, f"{e}.spearman": 0.8})
    assert "has one member and" in text
    assert "has one member and $\\rho=$~0.80; hindsight" in text
    assert "On CIFAR-10 the one chosen has" not in three({f"{e}.spearman": None})
    for right, words in (
        (0, "none of three datasets; where"),
        (2, "two of three datasets; where"),
        (3, "three of three datasets."),
    ):
        assert f"is that of hindsight on {words}" in three({"chosen.league.l.right": right})
    for names in (["ensemble-choice", "ensemble-top"], ["leagues", "league-searches"]):
        three(without=names)
    assert (
        "held out"
        not in three(without=["ensemble-choice", "ensemble-top", "leagues", "league-searches"]).split("Reference")[0]
    )


def test_limits_and_fronts(three):
    assert "keeps to its limit in every run is" in three()
    text = three(drop=["limits.", "fronts."])
    assert "keeps to its limit in every run is" not in text
    assert "leaves its limit most often" not in text
    constrained = copy.deepcopy(three.study["search"]["use"])
    constrained["naswot-10"] = constrained["naswot-10"] | {"constraint": {"params": {"max": 5}}}
    assert "is left out where searches are ranked" in three(config={"search": {"use": constrained}})
    borrowed = copy.deepcopy(three.study["search"]["use"])
    borrowed["area"] = borrowed["area"] | {"accuracies_of": "cifar10"}
    assert "named with \\emph{accuracies of}" in three(config={"search": {"use": borrowed}})
    three(without=["fronts", "cost-limits", "subspaces"])
    three(without=["fronts", "cost-limits"])


def test_a_benchmark_of_its_own(one, single_seed):
    t, n = "truth.digits", "noise.digits"
    for cells, words in ((1, "one cell comes within one point"), (40, "40 cells come within one point")):
        assert words in one({f"{t}.within_one_cells": cells})
    assert "need not appear again" in one({f"{n}.gap_verdict": "within"})
    assert "not more than the" in one({f"{n}.gap_verdict": "beyond"})
    assert "the formula of Spearman and Brown" not in one({f"{n}.reliability": None})
    assert "Among the hundred best cells" not in one({f"{n}.noise_of_gap": None})
    assert "noisy thing" not in one()
    assert "Each cell was trained with a single training seed" in single_seed()
    images = {f"{t}.test_images": 797, f"{t}.one_image": 0.13, f"{t}.half_width": 1.2}
    assert "One of the 797 test images of Digits is 0.13 points" in one(images)
    assert "test images of Digits" not in one({f"{t}.test_images": None})


def test_the_introduction_says_what_was_measured(one, sparse, three):
    t = "truth.digits"
    assert "from 6" in one({f"{t}.query_varies": True, f"{t}.query_seconds_min": 6.0})
    assert ", from" not in one({f"{t}.query_varies": False}).split("Noise")[0]
    assert "days" not in one({f"{t}.space_days": 0.5}).split("Noise")[0]
    assert "or 3.00 days," in one({f"{t}.space_days": 3.0})
    text = sparse()
    assert "Every candidate is trained. \\item" in text
    assert "one search, run 30 times each" in text
    assert "from a single random cell to regularised evolution" not in text
    assert "On Digits even a training that is stopped early" in one()
    assert "With only 30 runs" not in one()
    assert "With only" in one({"study.few_runs": True})


def test_structure_follows_the_study(one, three, two, sparse):
    assert "All datasets here hold photographs" in three()
    assert "All datasets here hold photographs" not in two()
    assert "accuracies averaged over the few training seeds of the benchmark" in three()
    assert "kinder guide" not in sparse()
    one({"study.wall_seconds_max": None, "skeleton.cells_per_stage": 5, "study.cells": None})
    one({"truth.digits.params_min": None, "device.digits.note": "a note", "stability.digits.twins": 3})
    one(without=["batch-digits", "comparisons"])
    three(without=[f"batch-{name}" for name in three.study["datasets"]])
    three({"device.cifar100": "another machine", "device.ImageNet16-120": "a third", "study.share_classes": True})
    three(
        config={"report": {"published": False}},
        drop=["published."],
        without=["published-correlations", "published-searches"],
    )
    three(drop=["published.computed"], without=["kernels-cifar10"])
    three(without=["published-searches"])


class Blocks(Space):
    """Two blocks of two widths."""

    name, title, reference = "blocks", "space of blocks", "dong2021nats"
    variables = (Variable("first", ("8", "16")), Variable("second", ("8", "a_b")))

    def text(self, code):
        """Return nothing that anybody reads here."""
        return str(code)

    def parse(self, text):
        """Return the code."""
        return int(text)


class Unspoken(Blocks):
    """The same, not told as choices."""

    variables = ()


def test_a_space_without_a_text_of_its_own_is_told_by_its_choices(one, monkeypatch):
    monkeypatch.setattr(rendering, "get_space", lambda name: Blocks())
    text = one(without=["figures/best-cells", "search-space"])
    assert r"\paragraph{The space of this study} is the space of blocks~\citep{dong2021nats}." in text
    assert r"An architecture is made of 2 choices: first~[8, 16], second~[8, a\_b]." in text
    assert "six edges" not in text
    monkeypatch.setattr(rendering, "get_space", lambda name: Unspoken())
    assert "is made of" not in one(without=["figures/best-cells", "search-space"])


def test_a_study_on_a_pool_says_so(one):
    text = one({"study.pool": 214})
    assert "This study works on a pool of 214 architectures, drawn from those whose accuracies are known." in text
    assert "networks, on a pool of 214 of them," in text
    assert "scores of all 214 cells of the pool" in text
    assert "pool of" not in one()


def test_a_study_of_two_datasets_speaks_of_the_other_one(two):
    text = two()
    assert "what is judged on it was chosen by the other dataset alone" in text
    assert "All searches of the league \\emph{l}" in text
    assert "of which a smaller one promises a better network" in text
    assert "None" not in text


def test_proxies_say_what_their_symbols_are_and_who_proposed_them(several):
    text = several()
    assert "\\paragraph{SNIP}~\\citep{lee2019snip}, as a proxy~\\citep[section 3.2]{abdelfattah2021zerocost}." in text
    assert "Here $L$ is the mean cross-entropy" in text


def test_what_does_not_fit_is_left_out(two, monkeypatch):
    for name in ("MOST_IN_FULL", "MOST_WITH_VALUES", "MOST_WITH_DIFFERENCES", "MOST_WITH_STD"):
        monkeypatch.setattr(rendering.detail, name, 1)
    text = two()
    assert "A bar marks negative values." in text
    assert "Numbers: mean paired difference" not in text
    assert "and standard deviation, each dataset" not in text


AT_EQUAL_TIME = {
    "naswot": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 10},
    "freerea": {"algorithm": "freerea"},
    "random": {"algorithm": "random_search"},
    "area": {"algorithm": "area", "proxy": "naswot"},
    "cell": {"algorithm": "random_cell"},
}
FREE, WITH_PRIOR, TRAINS, HYBRID = GROUPS
CALLED = {
    FREE: "the best training-free search without a prior (NASWOT)",
    WITH_PRIOR: "the best training-free search with a prior (FreeREA)",
    TRAINS: "the best search that only trains (Random search)",
    HYBRID: "the best search that trains and scores (AREA)",
}


@pytest.fixture
def at_equal_time(tmp_path):
    """Return the numbers of some moments, ``{seconds: {group: mean}}``, the first of them the end of naswot."""

    def entries(moments, datasets=("digits",), **settings):
        ends = {min(moments, default=0): "naswot, freerea"}
        parts = [read_table(write_summary(tmp_path, moments, dataset, ends=ends, **settings)) for dataset in datasets]
        write_table(tmp_path / "all.csv", pd.concat(parts))
        numbers = Numbers()
        added(
            equal_time, numbers, table=tmp_path / "all.csv", searches=AT_EQUAL_TIME, datasets=list(datasets),
            comparisons=write_verdict(tmp_path, AT_EQUAL_TIME, datasets),
        )  # fmt: skip
        return numbers.entries

    return entries


def twice(means):
    """Return the same means at the two moments of which abstract and conclusion tell."""
    return {3.0: means, 60.0: means}


def begun(text):
    """Return what abstract and conclusion begin with, which must be the same."""
    parts = [
        re.search(begin, text)[1]
        for begin in (r"abstract\}\\noindent (.*?) Neural", r"conclusion\} (.*?) Of all training")
    ]
    assert parts[0] == parts[1]
    assert "The training-free search with the highest mean" not in text.partition("section{")[0], "told already"
    assert "points below the best cell of the space." in text.partition("{sec:conclusion}")[2]
    assert "has the highest mean of the training-free searches" not in text
    return parts[0].replace(r"\,", " ").replace(r"\%", "%").replace("$N{=}10$", "N = 10")


def test_who_leads_at_equal_time_is_told_first(one, at_equal_time):
    moments = {3.0: {FREE: 92.0, WITH_PRIOR: 91.0, TRAINS: 88.0, HYBRID: 89.0}}
    told = begun(one(at_equal_time(moments | {60.0: {FREE: 92.0, WITH_PRIOR: 91.0, TRAINS: 94.0, HYBRID: 93.0}})))
    assert told == (
        f"At 3.00 s of total time on Digits, {CALLED[FREE]} reaches 92.00 % test accuracy, "
        f"{CALLED[WITH_PRIOR]} 91.00 %. "
        f"Of the others, {CALLED[TRAINS]} has 88.00 % and {CALLED[HYBRID]} has 89.00 %. When the last search has "
        f"ended, at 60.0 s, {CALLED[TRAINS]} leads with 94.00 %, 1.00 points before {CALLED[HYBRID]}. "
        "Total time is that of scoring and simulated training; "
        "a search is called the best of its kind by validation accuracy, in hindsight."
    )
    told = begun(one(at_equal_time(moments)))
    assert "When the last search has ended" not in told, "a single moment is told once"


@pytest.mark.parametrize("gap", [0.11, 0.09])
def test_a_lead_at_equal_time_is_told_where_its_interval_leaves_out_zero(one, at_equal_time, gap):
    told = begun(one(at_equal_time(twice({FREE: 90.0, TRAINS: 90 + gap}))))
    clear = gap > 0.1
    assert (f"{CALLED[TRAINS]} reaches 90.11 % test accuracy, {CALLED[FREE]} 90.00 %." in told) == clear
    assert (f"at 60.0 s, {CALLED[TRAINS]} leads with 90.11 %, 0.11 points before {CALLED[FREE]}." in told) == clear
    undecided = f"these runs do not tell {CALLED[TRAINS]} at 90.09 % test accuracy from {CALLED[FREE]} at 90.00 %."
    assert (undecided in told) != clear
    assert (f"{CALLED[TRAINS]} has 90.09 %, which these runs do not tell from {CALLED[FREE]} at" in told) != clear
    assert "Of the others" not in told


def test_groups_that_are_equal_in_every_run_are_called_so_at_equal_time(one, at_equal_time):
    moments = twice({FREE: 90.0, TRAINS: 90.0})
    told = begun(one(at_equal_time(moments, half=0.0)))
    assert f"{CALLED[FREE]} and {CALLED[TRAINS]} reach the same 90.00 % test accuracy in every run." in told
    assert f"at 60.0 s, {CALLED[FREE]} has 90.00 %, as has in every run {CALLED[TRAINS]}." in told
    assert "in every run" not in begun(one(at_equal_time(moments, half=0.01)))


def test_a_group_alone_at_equal_time_has_no_rival(one, at_equal_time):
    told = begun(one(at_equal_time(twice({FREE: 90.0}))))
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy. When" in told
    assert f"When the last search has ended, at 60.0 s, {CALLED[FREE]} has 90.00 %." in told
    moments = {3.0: {FREE: 90.0, TRAINS: None}, 60.0: {FREE: 90.0, TRAINS: 80.0}}
    none = "No other kind of search has an answer in every run yet."
    for drawn, said in (
        (50.0, ", 40.00 points above a random cell"),
        (90.2, ", 0.20 points below a random cell"),
        (90.05, ", which these runs do not tell from a random cell at 90.05 %"),
        (None, ""),
    ):
        told = begun(one(at_equal_time(moments, drawn=drawn)))
        assert f"{CALLED[FREE]} reaches 90.00 % test accuracy{said}. {none}" in told
    told = begun(one(at_equal_time(moments, drawn=90.0, half=0.0)))
    assert f"{CALLED[FREE]} reaches 90.00 % test accuracy, as a random cell does in every run. {none}" in told


def test_searches_without_seconds_are_named_at_equal_time(one, three, at_equal_time):
    text = one(at_equal_time({3.0: {TRAINS: 90.0}}, unknown=("area",)))
    assert "AREA is left out, because nobody knows how long it takes." in begun(text)
    assert "Nobody knows the seconds of AREA, so it is not compared." in text
    text = three(at_equal_time({3.0: {TRAINS: 90.0}}, three.study["datasets"], unknown=("area", "random")))
    assert "and AREA are left out, because nobody knows how long they take." in text
    assert "On CIFAR-100 nobody knows the seconds of Random search and AREA, so these are not compared." in text
    assert "nobody knows" not in one(at_equal_time({3.0: {TRAINS: 90.0}}))


def test_a_hybrid_with_a_prior_is_called_so_at_equal_time(one, at_equal_time):
    moments = {3.0: {WITH_PRIOR: 90.0, HYBRID: 91.0}}
    told = begun(one(at_equal_time(moments, priors=(HYBRID,), chosen_by="test")))
    assert "the best search that trains and scores, with a prior, (AREA) reaches 91.00 %" in told
    assert told.endswith("a search is called the best of its kind in hindsight.")
    assert CALLED[HYBRID] in begun(one(at_equal_time(moments)))


def test_without_equal_time_abstract_and_conclusion_name_the_best_training_free_search(one):
    text = one()
    assert "The training-free search with the highest mean" in text.partition("section{")[0]
    assert "has the highest mean of the training-free searches: " in text.partition("{sec:conclusion}")[2]
    assert "Of all training-free searches" not in text


def test_the_section_on_equal_time_says_how_the_best_was_chosen(one, at_equal_time):
    text = one(at_equal_time({3.0: {FREE: 90.0, TRAINS: 80.0}}))
    assert "highest mean validation accuracy after full training at that moment, which no search sees" in text
    assert "training-free searches without a prior 2 and searches that only train 2." in text
    assert "no validation accuracies" not in text
    text = one(at_equal_time({3.0: {FREE: 90.0, TRAINS: 80.0}}, chosen_by="test"))
    assert "at that moment, because this ground truth has no validation accuracies." in text
    assert "which no search sees" not in text
    unknown = one()
    assert "Nobody knows how long scoring takes here, so that no searches can be compared at equal time." in unknown
    assert r"\label{fig:equal-time}" not in unknown
    assert r"\label{fig:queries}" in unknown
    assert r"\label{sec:equal-time}" not in one(without=["equal-time"])


@pytest.mark.parametrize(
    ("leads", "said"),
    [
        ([0.05, -0.05], "no group's lead is told from zero at any moment"),
        ([-1, 1], "lead lies above zero for training-free searches without a prior from 3.00 to 4.00\\,s and searches"),
        ([1, -1] * (MOST_TOLD // 2), f"without a prior at {MOST_TOLD + 2}.00\\,s, and holds zero at all other times."),
        ([1, -1] * (MOST_TOLD // 2) + [1], f"the interval of the lead lies above zero, changes {MOST_TOLD} times; the"),
    ],
)  # fmt: skip
def test_stretches_with_a_leader_are_listed_or_counted(one, three, at_equal_time, leads, said):
    moments = {float(3 + place): {FREE: 90.0, TRAINS: 90 + lead} for place, lead in enumerate(leads)}
    assert said in one(at_equal_time(moments))
    text = three(at_equal_time(moments, three.study["datasets"]))
    for title in ("CIFAR-10", "CIFAR-100", "ImageNet16-120"):
        assert re.search(rf"On {title}, [^;:]*{re.escape(said)}", text)
    assert "(logarithmic), each dataset searched by itself." in text.split("label{sec:equal-time}")[1]


VOTED = {"agreement": 0.81, "tau": 0.62, "undecided": 0.01}


def test_a_vote_is_told_as_a_share_of_pairs(three, several):
    voted = {f"vote.{name}.{key}": value for name in three.study["datasets"] for key, value in VOTED.items()}
    text = three(voted)
    assert "computes the share of pairs decided rightly: 81.7\\,\\% on CIFAR-10, 83.2\\,\\% on CIFAR-100 and" in text
    assert "Our scores decide 0.81\\,\\% on CIFAR-10, 0.81\\,\\% on CIFAR-100 and" in text
    assert "here 0.62, 0.62 and 0.62, is what compares with" in text
    assert "They print the result as" not in three(voted, drop=["published.fact."])
    assert "What a vote counts" not in three()
    text = several(
        {f"vote.own.{key}": value for key, value in VOTED.items()} | {"correlation.own.vote.reported.all.spearman": 0.8}
    )
    assert "Our scores decide 0.81\\,\\% of the pairs rightly" in text
    assert "orders all cells, with Spearman's $\\rho$ of 0.80." in text


OWN = {
    "mine": {"title": "My score", "direction": 1, "source": "a notebook", "failure": ""},
    "loss": {"title": "", "direction": -1, "source": "a colleague", "failure": ""},
}


@pytest.fixture(scope="module")
def given(templates, tmp_path_factory):
    """Scores that this project computed, and two of a user's own."""
    declare_own(OWN)
    study = FakeStudy(tmp_path_factory.mktemp("given"), ("own",), own=OWN, noise={})
    yield Scenario(study, numbers_of(study), templates[0], tmp_path_factory.mktemp("given report"), OF_SEVERAL)
    declare_own({})


def test_scores_of_a_users_own_are_told_once_with_their_source(given):
    text = given()
    assert "\\paragraph{My score}. Its scores were not computed here: they were given as a table." in text
    assert "Their source: a notebook. A larger value promises a better network." in text
    assert "Their source: a colleague. A smaller value promises a better network." in text
    assert "All networks of a dataset are scored on the same mini-batch" in text
    assert "The scores of My score and loss were not computed on these images: they were given as tables" in text
    assert text.count("a notebook") == text.count("a colleague") == 1
    every = given(config={"scoring": {"scores": "table"}})
    assert "No score was computed in this study: all of them were given, as tables." in every
    assert "same mini-batch" not in every
    assert "were not computed on these images" not in every


def test_given_scores_have_no_mini_batch_and_no_weights(one):
    text = one(config={"scoring": {"scores": "table"}})
    assert "Scores were given as a table; the machine that computed them: " in text
    assert "All runs on a dataset read the same scores. Deviations and intervals hold what a search draws" in text
    text = one()
    assert "Scores were computed, and their seconds measured, on: " in text
    assert "read the same scores, of one mini-batch and the same initial weights. Deviations and intervals" in text
    assert "No score was computed" not in text


def test_several_scorings_are_the_sample(one, three):
    settled = {"settled.digits.count": 1, "settled.digits.words": "tfnas"}
    text = one(settled | {"study.scorings": 3})
    assert "those of searches that read scores over 3 initialisations of all networks." in text
    assert "What searches read was scored 3 times, with other initial weights on the same mini-batch" in text
    assert "All runs on a dataset read the same scores" not in text
    assert (
        "where it reads scores, that their 3 scorings lead to the same accuracy, not that other images would." in text
    )
    assert "not that other scores would lead" not in text
    assert text.count("those of searches that read scores over 3 scorings") == 2, (
        "in the tables of searches and of regret"
    )
    assert "Last column: standard deviation of the mean test accuracies of the scorings" in text
    assert "The interval takes scorings for the sample" in text
    assert "for more runs do not make the spread between scorings smaller" in text
    assert "deviation of the mean test accuracies of the scorings" not in three({"study.scorings": 3})
    text = one(settled)
    assert "not that other scores would lead to the same cell." in text
    assert "scorings" not in text
    twice = three(
        {
            f"settled.{name}.{key}": value
            for name in ("cifar10", "cifar100")
            for key, value in (("count", 1), ("words", "t"))
        }
    )
    assert twice.count("A deviation of zero says") == 1


def called(column, **metrics):
    """Return the numbers that say what the results of each dataset are."""
    numbers = Numbers()
    added(results, numbers, reported=reported_words(column, metrics))
    return numbers.entries


def test_validation_accuracies_alone_are_called_so(one):
    """No sentence may call a validation accuracy a test accuracy, and what nobody can ask then is said."""
    lost = {"truth.digits.of_best_valid": None, "truth.digits.test_images": None, "truth.digits.one_image": None}
    text = one(called("valid_accuracy", digits=Metric()) | lost)
    assert "It has, per cell, validation accuracy after full training, and" in text
    assert "There are no test accuracies. So this report cannot say what a chosen cell reaches" in text
    assert "validation accuracy is read off, which an oracle has seen." in text
    assert r"\% validation accuracy" in text
    assert "best first, with validation accuracy in percent." in text
    rest = text.replace("There are no test accuracies.", "")
    assert "test accurac" not in rest.lower()


def test_another_metric_is_named_and_a_loss_is_turned(one, three):
    ssim = Metric("SSIM", "", 1, -1.0, 1.0)
    unknown = {"truth.digits.within_one_cells": None}
    text = one(called("test_accuracy", digits=ssim) | unknown, drop=["noise."])
    assert r"The metric is SSIM. Where this report says \emph{accuracy} without more, it means this metric." in text
    assert "test SSIM" in text
    assert "units of SSIM" in text
    assert "within one point of the best" not in text
    assert "test accurac" not in text.replace("never at test accuracy", "").replace("; test accuracy is read off", "")
    assert r"SSIM (mean $\pm$ standard deviation" in text
    loss = one(called("test_accuracy", digits=Metric("loss", "nats", -1, 0.0)) | unknown, drop=["noise."])
    assert "The metric is negative loss (nats)." in loss
    assert "A smaller value of loss is a better one, so it is printed with its sign turned" in loss
    assert r"\,nats test negative loss" in loss
    metrics = {"cifar10": Metric(), "cifar100": ssim, "ImageNet16-120": Metric("pixel accuracy")}
    several = three(called("valid_accuracy", **metrics))
    assert "The metric differs: accuracy (\\%) on CIFAR-10, SSIM on CIFAR-100 and pixel accuracy" in several
    assert "of a metric that is no percentage it is not defined" in several
    assert "with validation metric over all cells and over one cell" in several


def test_images_that_stand_in_for_others_are_named(one, three):
    assert "not at hand" not in one()
    datasets = {name: settings | {"scored_on": "cifar10"} for name, settings in three.study["datasets"].items()}
    datasets["cifar10"] = datasets["cifar10"] | {"scored_on": None}
    text = three(config={"datasets": datasets})
    assert "on other images: CIFAR-100 on those of CIFAR-10 and ImageNet16-120 on those of CIFAR-10." in text


def test_a_score_without_seconds_has_none_anywhere(one):
    seconds = "correlation.digits.naswot.reported.all.seconds"
    assert "per cell and has a strong rank correlation" in one()
    assert "cells of the space, with the seconds of every score (Section" in one()
    assert "A score takes" in one()
    unknown = one({seconds: None})
    assert "The score NASWOT has a strong rank correlation" in unknown
    assert "cells of the space (Section" in unknown
    assert "A score takes" not in unknown


def test_no_interval_of_scorings_is_called_a_bootstrap_s(one):
    assert "bootstrap" not in one().split("label{sec:equal-time}")[1].partition("section{")[0]


def test_every_branch_of_every_template_was_taken(templates):
    """The last test of this file: run the whole file, or this says what the rest would have taken."""
    missing = sorted(set(templates[1]) - Scenario.taken)
    assert not missing, f"{len(missing)} of {len(templates[1])} branches: " + ", ".join(missing)


def test_templates_hold_no_thresholds(root):
    """What a number means is decided in tfnas.report; a template may ask for none, one, several and for words."""
    for path in rendering.template_files(root / "report"):
        if path.endswith(".tex"):
            for tag in re.findall(r"\(\(\*-?\s*(?:if|elif)\b.*?\*\)\)", open(path, encoding="utf-8").read(), re.DOTALL):
                bare = re.sub(r'"[^"]*"|datasets \| length > 2', "", tag).removesuffix("*))")
                assert not re.search(r"\d\.\d|[<>]=?\s*-?(?:[2-9]|1\d)|\braw\([^)]*\)\s*[-+*/]", bare), f"{path}: {tag}"
