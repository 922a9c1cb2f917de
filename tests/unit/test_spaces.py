"""Search spaces: digits and codes, neighbours, mutation, pools, and a space far too large to be enumerated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tfnas.errors import CellError, ConfigError, DataError, ScoreError, TruthError, UnknownNameError
from tfnas.files import read_table, write_json
from tfnas.schemas.scores import SCHEMA as SCORES
from tfnas.scoring.ensembles import with_ensembles
from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores, write_scores_for_all
from tfnas.search.base import SearchSpace, Trace
from tfnas.search.registry import get_algorithm
from tfnas.search.runner import Scores, run_search
from tfnas.seeds import child_rng
from tfnas.spaces import registry
from tfnas.spaces.base import Space, Variable
from tfnas.spaces.nats_tss import SPACE
from tfnas.spaces.pool import ByCode, Pool, grid, pool_of, pool_size
from tfnas.spaces.registry import get_space, space_at, space_names
from tfnas.study.checks import check_study
from tfnas.study.models.file import StudyFile
from tfnas.truth.benchmark import Benchmark, ReadOff
from tfnas.truth.schema import write_truth

LETTERS = "abcdefg"


class Words(Space):
    """Words of a number of letters; the last letter has two choices alone."""

    name, title, reference = "words", "space of words", "dong2021nats"

    def __init__(self, length: int):
        letters = tuple(LETTERS)
        self.variables = (*(Variable(f"letter {i}", letters) for i in range(length - 1)), Variable("last", ("a", "b")))

    def text(self, code):
        """Return the word."""
        return "".join(LETTERS[digit] for digit in self.choices(code))

    def parse(self, text):
        """Return the code of a word."""
        if len(text) != len(self.variables) or not set(text) <= set(LETTERS) or text[-1] not in "ab":
            raise CellError(f"'{text}' is no word.")
        return self.code([LETTERS.index(letter) for letter in text])


SMALL, HUGE = Words(3), Words(20)


@pytest.fixture
def words(monkeypatch):
    """Let tables name the space of words of 20 letters."""
    known = registry.get_space
    monkeypatch.setattr(registry, "get_space", lambda name="nats-tss", *place: HUGE if name == "words" else known(name))


def test_the_spaces_that_exist():
    known = ["darts", "mnasnet", "nasbench-macro", "nasbench101", "nats-sss", "nats-tss"]
    assert space_names() == [*known, "transnas101-macro", "transnas101-micro"]
    assert get_space() is SPACE
    with pytest.raises(
        UnknownNameError,
        match=r"^Unknown search space 'nats' in space: choose one of darts, mnasnet, nasbench-macro, nasbench101",
    ):
        get_space("nats")


def test_sizes():
    assert (SMALL.size, SMALL.enumerable) == (98, True)
    assert (HUGE.size, HUGE.enumerable) == (2 * 7**19, False)
    assert HUGE.size < 2**63


@pytest.mark.parametrize("space", [SMALL, SPACE], ids=["words", "cells"])
def test_digits_and_codes_are_inverse_and_strings_too(space):
    codes = np.arange(space.size)
    digits = space.digits(codes)
    np.testing.assert_array_equal(space.codes(digits), codes)
    assert digits.max(axis=0).tolist() == (space.radices - 1).tolist()
    for code in codes[::61].tolist():
        assert space.choices(code) == digits[code].tolist()
        assert space.code(space.choices(code)) == code
        assert space.parse(space.text(code)) == code
    assert len(set(space.strings)) == space.size


@pytest.mark.parametrize("space", [SMALL, HUGE, SPACE], ids=["words", "many words", "cells"])
def test_neighbours_mutants_and_children(space):
    rng = np.random.default_rng(0)
    for code in space.sample(rng, 5).tolist():
        near = space.neighbours(code)
        assert len(set(near)) == len(near) == (space.radices - 1).sum()
        own = space.digits([code])
        assert ((space.digits(near) != own).sum(axis=1) == 1).all()
        mutant = space.mutants(rng, "edge")
        assert {space.mutate(code, rng, "edge") for _ in range(2000)} == set(near)
        assert {mutant(code) for _ in range(4000)} == set(near)
        other = int(space.sample(rng, 1)[0])
        children = space.digits([space.crossover(code, other, rng) for _ in range(30)])
        assert ((children == own) | (children == space.digits([other]))).all()


def test_variables_are_drawn_uniformly_however_many_choices_they_have():
    rng = np.random.default_rng(0)
    one, many = ([SMALL.mutate(0, rng) for _ in range(6000)], list(map(SMALL.mutants(rng, "edge"), [0] * 6000)))
    for children in (one, many):
        changed = (SMALL.digits(children) != 0).mean(axis=0)
        np.testing.assert_allclose(changed, 1 / 3, atol=0.03)


def test_what_only_a_space_that_is_held_as_a_whole_has():
    with pytest.raises(CellError, match="22,797,790,370,746,286 architectures, too many for all its strings: score a"):
        assert HUGE.strings
    np.testing.assert_array_equal(HUGE.canonical([5, 7]), [5, 7])
    with pytest.raises(CellError, match="no cells that a proxy could look into"):
        HUGE.architecture(0)


def test_strings_of_a_file_are_checked_in_any_space():
    assert HUGE.codes_of(["a" * 20, "b" + "a" * 19], "'t'").tolist() == [0, HUGE.weights[0]]
    with pytest.raises(TruthError, match=r"^'t' has a row that is no cell of the space: 'abc' is no word\."):
        HUGE.codes_of(["a" * 20, "abc"], "'t'", TruthError)


def test_a_pool_finds_places_by_code():
    pool = Pool(HUGE, np.array([3, 8, 2**40]))
    assert pool.places([8, 2**40, 4, 0, 2**50]).tolist() == [1, 2, -1, -1, -1]
    assert Pool(SMALL).places([5, 97, 98, -1]).tolist() == [5, 97, -1, -1]
    assert (len(Pool(SMALL)), len(pool)) == (98, 3)
    assert grid(SMALL, np.array([4])).whole
    assert grid(HUGE, np.array([4, 2, 4])).codes.tolist() == [2, 4]


def test_values_by_code_have_gaps():
    values = grid(HUGE, np.array([9, 2**40])).spread([2**40, 9], np.array([1.5, 2.5]))
    np.testing.assert_array_equal(values[np.array([9, 10, 2**40])], [2.5, np.nan, 1.5])
    assert values.known.tolist() == [9, 2**40]
    rows = ByCode(Pool(HUGE, np.array([1, 2])), np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(rows[np.array([2, 7])], [[3.0, 4.0], [np.nan, np.nan]])


def study_of_words(rng, number=300):
    """Ground truth and scores of some words: the more letters a, the better."""
    codes = np.unique(HUGE.sample(rng, number))
    good = (HUGE.digits(codes) == 0).sum(axis=1)
    truth = pd.DataFrame({"arch": HUGE.texts(codes), "valid_accuracy": 50.0 + good, "test_accuracy": 49.0 + good})
    truth = truth.assign(early_valid_accuracy=40.0 + good, early_seconds=2.0, valid_seconds=1.0, params=100 + good)
    table = {"arch": HUGE.texts(codes), "proxy": "naswot", "score": good * 1.0, "raw": good * 1.0, "spread": np.nan}
    scores = pd.DataFrame(table | {"repeats": 1, "seconds": 0.5, "scored_arch": HUGE.texts(codes), "reason": ""})
    return codes, truth, scores[list(SCORES.names)]


def test_searches_run_on_a_pool_of_a_space_that_cannot_be_enumerated():
    codes, truth, scores = study_of_words(np.random.default_rng(1))
    benchmark = Benchmark(truth, "one", space=HUGE)
    known = {"naswot": Scores(ScoreTable(scores, space=HUGE), "naswot", codes)}
    best = truth["test_accuracy"].max()
    for name, settings in {
        "proxy_argmax": {"proxy": "naswot"},
        "random_search": {},
        "regularised_evolution": {},
        "bohb": {},
        "reinforce": {},
        "local_search": {},
        "tfnas": {"proxies": ["naswot"]},
        "freerea": {"proxies": ["naswot"], "tournament": 5},
        "plain_evolution": {"proxy": "naswot"},
        "zero_cost_warmup": {"proxy": "naswot", "sample": 100},
        "hnas": {"proxies": ["naswot", "naswot"], "sample": 50, "queries": 8},
    }.items():
        algorithm = get_algorithm(name)
        budget = 150.0 if algorithm.needs_budget else None
        trace = run_search(
            algorithm, algorithm.settings(settings, name), child_rng(0, name), benchmark, known, budget
        )  # fmt: skip
        assert trace.chosen in codes, name
        assert 0 <= trace.duplicates(HUGE) < 1, name
        if name == "proxy_argmax":
            assert ReadOff(truth, "one", space=HUGE).peek(trace.chosen)[1] == best


def test_a_search_space_of_a_pool_knows_what_lies_inside():
    codes = np.unique(HUGE.sample(np.random.default_rng(0), 50))
    space = SearchSpace(codes, of=HUGE)
    assert codes[3] in space
    assert int(codes[3]) + 1 not in space
    assert -1 not in space
    assert space.inside(np.array([codes[0], -1, 12345])).tolist() == [True, False, False]
    assert space.mutate(int(codes[0]), np.random.default_rng(0), "node_first") in space, "there are no nodes here"


def test_duplicates_are_counted_where_no_array_holds_all_codes():
    trace = Trace()
    trace.extend("draw", [5, 2**40, 5, 5], [np.nan] * 4, None)
    assert trace.duplicates(HUGE) == pytest.approx(0.5)


def test_accuracies_that_a_pool_lacks_are_one_sentence():
    _, truth, _ = study_of_words(np.random.default_rng(1))
    benchmark = Benchmark(truth, "one", space=HUGE)
    with pytest.raises(TruthError, match=r"has no early validation accuracy for cell a{20}; it holds \d+ of 2279779"):
        benchmark.query(0)
    with pytest.raises(CellError, match="outside the space"):
        benchmark.query(HUGE.size)


def test_tables_name_their_space(tmp_path, words):
    _, truth, scores = study_of_words(np.random.default_rng(2))
    facts = {"dataset": "one", "source": "made up", "licence": "none", "cite": "none", "space": "words"}
    facts["accuracies"] = dict.fromkeys(("valid_accuracy", "test_accuracy", "early_valid_accuracy"), "made up")
    write_truth(truth.sample(frac=1, random_state=0), facts, tmp_path / "truth.parquet")
    assert space_at(tmp_path / "truth.parquet") is HUGE
    assert read_table(tmp_path / "truth.parquet")["arch"].tolist() == truth["arch"].tolist(), "in the order of codes"
    write_scores_for_all(tmp_path / "scores.parquet", scores.sample(frac=1, random_state=0), {
        "space": "words", "pool": len(scores),
    })  # fmt: skip
    table = ScoreTable.read(tmp_path / "scores.parquet")
    assert table.pool.space is HUGE
    np.testing.assert_array_equal(table.scores("naswot"), scores["score"])
    pd.testing.assert_frame_equal(table.rows(), scores, check_dtype=False)
    wide = pd.read_csv(tmp_path / "scores.csv.gz")
    assert wide["arch"].tolist() == scores["arch"].tolist()


def test_a_table_of_a_pool_that_lacks_a_cell_is_refused(tmp_path, words):
    _, _, scores = study_of_words(np.random.default_rng(2))
    write_scores(tmp_path / "scores.parquet", scores.iloc[1:], {"space": "words", "pool": len(scores)})
    with pytest.raises(ScoreError, match=rf"holds {len(scores) - 1} of {len(scores)} cells of its pool"):
        ScoreTable.read(tmp_path / "scores.parquet")


def test_a_table_of_an_unknown_space_is_one_sentence(tmp_path):
    write_json(tmp_path / "t.json", {"space": "atlantis"})
    with pytest.raises(UnknownNameError, match=r"^Unknown search space 'atlantis' in 'space' in the facts of .*t\.csv"):
        space_at(tmp_path / "t.csv")


def test_ensembles_rank_within_the_pool(words):
    _, _, scores = study_of_words(np.random.default_rng(2))
    other = scores.assign(proxy="logsynflow")
    merged, _ = with_ensembles(pd.concat([scores, other]), {"space": "words"}, ["naswot_logsynflow"])
    ensemble = merged[merged["proxy"] == "naswot_logsynflow"]
    assert ensemble["arch"].tolist() == scores["arch"].tolist()
    assert ensemble["score"].max() == pytest.approx(2 * np.log(scores["score"].rank().max() / len(scores)))


def test_what_a_space_does_not_offer_is_refused_when_the_study_is_read(monkeypatch):
    given = {"study": "s", "datasets": {"digits": {"truth": {"source": "table", "path": "data/digits/truth.parquet"}}}}
    given["scoring"] = {"proxies": ["params"], "noise_cells": 0}
    given["search"] = {"runs": 30, "use": {"r": {"algorithm": "random_cell"}}}
    study = StudyFile.model_validate(given).model_dump()
    check_study(study)
    monkeypatch.setattr("tfnas.study.checks.get_space", lambda name: SMALL)
    with pytest.raises(ConfigError, match=r"names 'params', which needs cell that the search space 'words' does not"):
        check_study(study)


def test_a_law_of_mutation_that_a_space_does_not_have_is_its_first_one():
    drawn = [HUGE.mutate(0, np.random.default_rng(3), how) for how in ("node_first", "edge", None)]
    assert len(set(drawn)) == 1
    one, other = (HUGE.mutants(np.random.default_rng(3), how) for how in ("node_first", "edge"))
    assert [one(0) for _ in range(9)] == [other(0) for _ in range(9)]


def test_a_pool_of_all_is_the_whole_space_and_its_size_a_number():
    assert pool_of(SMALL, {"pool": SMALL.size}, list, "'t'").whole
    assert pool_of(SMALL, {"pool": 2}, lambda: ["aba", "aaa"], "'t'").codes.tolist() == [0, 2]
    with pytest.raises(DataError, match=r"^'pool' in the facts of 't' is 'many' where a whole number is needed"):
        pool_size(SMALL, {"pool": "many"}, "'t'")
