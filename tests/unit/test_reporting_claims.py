import math

import pytest

from tfnas.report.claims import (
    add_difference,
    add_extensions,
    add_median,
    add_prior,
    add_settled,
    add_times,
    add_trained,
    extended_search,
    sign_of_printed,
)
from tfnas.report.comparison_tables import Pair
from tfnas.report.names import search_titles
from tfnas.report.numbers.base import Numbers
from tfnas.search.registry import algorithm_names, get_algorithm

SEARCHES = {
    "free": {"algorithm": "tfnas", "proxies": ["naswot", "logsynflow", "skip"]},
    "without": {"algorithm": "tfnas", "proxies": ["naswot", "logsynflow"]},
    "random-search": {"algorithm": "random_search"},
    "evolution": {"algorithm": "regularised_evolution"},
    "climb": {"algorithm": "local_search"},
    "area": {"algorithm": "area", "proxy": "naswot"},
    "move": {"algorithm": "zero_cost_move", "proxy": "naswot"},
    "select": {"algorithm": "successive_selection", "proxy": "naswot"},
    "robot": {"algorithm": "robot"},
    "queries": {"algorithm": "tfnas_queries", "proxies": ["naswot", "logsynflow"]},
}


class FakePairs:
    """Searches by their means; a difference of more than 0.25 points is told apart."""

    def __init__(self, **means):
        self.means = means

    def between(self, dataset, one, other):
        gap = self.means[one] - self.means[other]
        return Pair(30, gap, gap - 0.25, gap + 0.25, 0.5, 1e-4 if abs(gap) > 0.25 else 0.5, 0.1, 0.2, 100)


def numbers_with(seconds=None, images=None, **means):
    """What write_numbers has added before the claims, on a dataset d."""
    numbers = Numbers()
    numbers.add("truth.d.test_images", images, "count")
    numbers.add("truth.d.half_width", 1.0 if images else None, "accuracy")
    numbers.add("truth.d.median", 87.31, "accuracy")
    titles = search_titles(SEARCHES)
    for label, mean in means.items():
        numbers.title(f"title.search.{label}", titles[label])
        numbers.add(f"search.d.{label}.d.reported.mean", mean, "accuracy")
        numbers.add(f"search.d.{label}.d.reported.std", 0.0 if label == "free" else 0.5, "accuracy")
        numbers.add(f"search.d.{label}.total", (seconds or {}).get(label, 1.0), "seconds")
    return numbers


def of(means):
    return {label: SEARCHES[label] for label in means}


def values(numbers, before):
    return {
        key.removeprefix(before): entry["value"] for key, entry in numbers.entries.items() if key.startswith(before)
    }


def test_one_search_that_trains_is_better_and_two_are_not():
    means = {"free": 90.0, "random-search": 90.1, "evolution": 89.0, "climb": 91.0}
    numbers = numbers_with(seconds={"climb": 50.0}, **means)
    numbers.add("best.d.training-free.label", "free", "text")
    add_trained(numbers, "d", of(means), FakePairs(**means))
    found = values(numbers, "trained.d.")
    assert [found[name] for name in ("searches", "better", "worse", "undecided")] == [3, 1, 1, 1]
    assert found["words"] == (
        "Local search is better than it; Regularised evolution is worse than it; Random search is not told from it"
    )
    assert (found["slower_least"], found["slower_most"], found["time"]) == (50, 50, "longer")


@pytest.mark.parametrize(
    ("seconds", "time"),
    [
        ({"climb": 50.0, "evolution": 2.0}, "longer"),
        ({"climb": 50.0, "evolution": 0.5}, "mixed"),
        ({"climb": 0.5, "evolution": 0.5}, "shorter"),
        ({"climb": None, "evolution": None}, "unknown"),
    ],
)
def test_the_time_of_those_that_are_better_is_told_for_all_of_them(seconds, time):
    means = {"free": 90.0, "evolution": 91.0, "climb": 91.0}
    numbers = numbers_with(seconds=seconds, **means)
    numbers.add("best.d.training-free.label", "free", "text")
    add_trained(numbers, "d", of(means), FakePairs(**means))
    assert numbers.value("trained.d.time") == time


def test_a_study_that_trains_nothing_has_no_verdict_on_training():
    numbers = numbers_with(free=90.0)
    numbers.add("best.d.training-free.label", "free", "text")
    add_trained(numbers, "d", of(["free"]), FakePairs(free=90.0))
    assert not values(numbers, "trained.")


def test_every_hybrid_that_extends_a_search_names_one_that_exists():
    hybrids = [get_algorithm(name) for name in algorithm_names() if get_algorithm(name).group == "hybrid"]
    extended = {algorithm.name: algorithm.extends for algorithm in hybrids if algorithm.extends}
    assert extended == {
        "area": "regularised_evolution",
        "zero_cost_move": "regularised_evolution",
        "zero_cost_warmup": "regularised_evolution",
        "successive_selection": "random_search",
        "tfnas_queries": "tfnas",
    }
    assert all(base in algorithm_names() for base in extended.values())


def test_a_hybrid_is_judged_by_the_search_that_it_extends():
    means = {
        "random-search": 90.0,
        "evolution": 91.0,
        "climb": 95.0,
        "area": 91.1,
        "move": 92.0,
        "select": 89.0,
        "robot": 94.0,
    }
    numbers = numbers_with(**means)
    add_extensions(numbers, "d", of(means), FakePairs(**means))
    assert [key.split(".")[2] for key in numbers.entries if key.endswith(".base")] == ["area", "move", "select"]
    assert numbers.value("extends.d.area.base") == numbers.value("extends.d.move.base") == "Regularised evolution"
    assert numbers.value("extends.d.select.base") == "Random search"
    verdicts = [numbers.value(f"extends.d.{label}.verdict") for label in ("area", "move", "select")]
    assert verdicts == ["undecided", "better", "worse"], "not against local search, which is the best"
    assert numbers.value("extends.d.undecided") == "AREA from Regularised evolution"
    assert numbers.value("extends.d.alone") == "RoBoT"
    assert numbers.value("extends.d.move.differs") == " (other population and tournament)"


def test_the_base_of_a_hybrid_has_its_constraint_its_accuracies_and_its_proxies():
    small = {"params": {"max": 5}}
    searches = {
        "small": {"algorithm": "regularised_evolution", "constraint": small},
        "borrowed": {"algorithm": "regularised_evolution", "accuracies_of": "cifar10"},
        "large": {"algorithm": "regularised_evolution", "population": 50},
        "plain": {"algorithm": "regularised_evolution"},
        "area": SEARCHES["area"],
        "area-small": SEARCHES["area"] | {"constraint": small},
        "free": SEARCHES["free"],
        "queries": SEARCHES["queries"],
    }
    assert extended_search("area", searches) == ("plain", [])
    assert extended_search("area-small", searches) == ("small", [])
    assert extended_search("queries", searches) is None, "its proxies are not those of the only tfnas"
    assert extended_search("queries", searches | {"without": SEARCHES["without"]}) == ("without", [])
    assert extended_search("area", {"area": SEARCHES["area"]}) is None


def test_the_prior_decides_only_where_the_search_falls_behind_without_it():
    for free, without, trained, decides in (
        (94.0, 90.0, 92.0, True),
        (94.0, 90.0, 94.1, True),
        (94.0, 90.0, 96.0, False),
        (94.0, 90.0, 89.0, False),
        (94.0, 93.9, 94.3, False),
    ):
        means = {"free": free, "without": without, "climb": trained}
        numbers = numbers_with(**means)
        for group, label in zip(("training-free", "prior-free", "non-weight-sharing"), means, strict=True):
            numbers.add(f"best.d.{group}.label", label, "text")
        add_prior(numbers, "d", FakePairs(**means))
        assert numbers.value("prior.d.decides") is decides
        assert math.isclose(numbers.value("prior.d.owed.lead"), free - without)
        assert math.isclose(numbers.value("prior.d.lead"), trained - without)


def test_a_prior_is_told_without_any_search_that_trains():
    numbers = numbers_with(free=94.0, without=90.0)
    for group, label in (("training-free", "free"), ("prior-free", "without")):
        numbers.add(f"best.d.{group}.label", label, "text")
    add_prior(numbers, "d", FakePairs(free=94.0, without=90.0))
    assert "prior.d.owed.verdict" in numbers.entries
    assert "prior.d.decides" not in numbers.entries


@pytest.mark.parametrize(
    ("best", "other", "side", "below", "words"),
    [
        (88.0, 87.0, "above", 1, "tfnas (NASWOT + LogSynFlow)"),
        (87.311, 87.3099, "equal", 0, ""),
        (87.0, 86.0, "below", 2, None),
    ],
)
def test_training_free_searches_are_held_against_the_median_cell(best, other, side, below, words):
    means = {"free": best, "without": other, "climb": 80.0}
    numbers = numbers_with(**means)
    numbers.add("best.d.training-free.reported", best, "accuracy")
    add_median(numbers, "d", of(means))
    found = values(numbers, "median.d.")
    assert (found["side"], found["below"], found["searches"]) == (side, below, 2)
    assert words is None or found["words"] == words


def test_searches_that_always_end_at_one_accuracy_are_named():
    means = {"free": 90.0, "climb": 91.0}
    numbers = numbers_with(**means)
    add_settled(numbers, "d", of(means))
    assert values(numbers, "settled.d.") == {"count": 1, "words": numbers.value("title.search.free")}


def test_a_difference_says_what_the_test_images_leave_open():
    numbers = numbers_with(images=797, free=90.0, climb=90.1)
    add_difference(numbers, "d", "x", "lead", FakePairs(free=90.0, climb=90.1).between("d", "free", "climb"))
    assert numbers.value("x.aside") == ", less than one test image"
    assert math.isclose(numbers.value("x.size"), 0.1)


def test_times_have_a_ratio_its_inverse_and_a_word():
    for one, other, expected in ((10.0, 2.0, (5.0, 0.2, "longer")), (2.0, 10.0, (0.2, 5.0, "shorter"))):
        numbers = Numbers()
        add_times(numbers, "x", one, other)
        assert [numbers.value(f"x.{name}") for name in ("speedup", "faster", "time")] == list(expected)
    numbers = Numbers()
    add_times(numbers, "x", None, 0.0)
    assert [numbers.value(f"x.{name}") for name in ("speedup", "faster", "time")] == [None, None, "unknown"]


def test_a_number_has_the_sign_that_it_prints():
    assert [sign_of_printed(value) for value in (0.004, -0.004, 0.006, -0.006, math.nan)] == [
        "zero", "zero", "positive", "negative", "unknown",
    ]  # fmt: skip
