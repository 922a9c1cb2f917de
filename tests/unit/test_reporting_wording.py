import pytest

from tfnas.report.wording import (
    agree,
    correlation_words,
    count_words,
    counted,
    image_words,
    interval_sign,
    inverted,
    listed,
    named,
    part_words,
    strength,
    time_words,
    verdict_words,
)

NAN = float("nan")


@pytest.mark.parametrize(
    ("coefficient", "size", "words"),
    [
        (0.70, "strong", "a strong rank correlation"),
        (0.6995, "strong", "a strong rank correlation"),
        (0.6994, "moderate", "a moderate rank correlation"),
        (0.40, "moderate", "a moderate rank correlation"),
        (0.399, "weak", "a weak rank correlation"),
        (0.132, "weak", "a weak rank correlation"),
        (0.10, "weak", "a weak rank correlation"),
        (0.099, "none", "next to no rank correlation"),
        (0.0, "none", "next to no rank correlation"),
        (-0.099, "none", "next to no rank correlation"),
        (-0.10, "weak", "a weak but inverted rank correlation"),
        (-0.419, "moderate", "a moderate but inverted rank correlation"),
        (-0.70, "strong", "a strong but inverted rank correlation"),
        (None, "unknown", "no defined rank correlation"),
        (NAN, "unknown", "no defined rank correlation"),
    ],
)
def test_a_coefficient_is_called_by_its_size_and_its_sign(coefficient, size, words):
    assert strength(coefficient) == size
    assert correlation_words(coefficient) == words
    assert inverted(coefficient) == ("inverted" in words)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0.35, 0.80, "less than over all cells"),
        (0.749, 0.80, "less than over all cells"),
        (0.75, 0.80, "about as much as over all cells"),
        (0.85, 0.80, "about as much as over all cells"),
        (0.851, 0.80, "more than over all cells"),
        (-0.2, -0.5, "less than over all cells, and the wrong way round, too"),
        (-0.5, -0.5, "about as much as over all cells, and the wrong way round, too"),
        (-0.6, -0.5, "more than over all cells, and the wrong way round, too"),
        (-0.419, 0.198, "turned round against the order over all cells"),
        (0.3, -0.3, "turned round against the order over all cells"),
        (0.05, 0.8, "next to nothing of the order over all cells is left"),
        (-0.05, 0.8, "next to nothing of the order over all cells is left"),
        (0.05, -0.05, "next to nothing, as over all cells"),
        (0.2, 0.05, "more than over all cells, where there is next to none"),
        (-0.2, 0.05, "more than over all cells, where there is next to none, and the wrong way round"),
        (None, 0.5, "which cannot be held against the order over all cells"),
        (0.5, NAN, "which cannot be held against the order over all cells"),
    ],
)
def test_a_part_of_the_cells_is_held_against_all_by_size_and_sign(part, whole, words):
    assert part_words(part, whole) == words


def test_counts_and_their_nouns_agree():
    assert [count_words(n) for n in (0, 1, 12, 13, 15625)] == ["no", "one", "twelve", "13", "15\N{THIN SPACE}625"]
    assert [counted(n, "search does", "searches do") for n in (0, 1, 5)] == [
        "no search does", "one search does", "five searches do",
    ]  # fmt: skip
    assert [agree(n, "is", "are") for n in (0, 1, 2)] == ["is", "is", "are"]


def test_lists_in_sentences():
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert named(list("abcdef")) == "a, b, c, d, e and f"
    assert named(list("abcdefg")) == "seven"


def test_the_side_of_an_interval():
    assert [interval_sign(*ends) for ends in ((0.01, 0.2), (-0.2, -0.01), (-0.1, 0.1), (0.0, 0.1), (None, 0.1))] == [
        "above", "below", "around", "around", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (52.0, "longer"),
        (1.1, "longer"),
        (1.09, "alike"),
        (1.0, "alike"),
        (0.92, "alike"),
        (0.9, "shorter"),
        (NAN, "unknown"),
        (None, "unknown"),
        (0.0, "unknown"),
    ],
)
def test_two_times_are_compared_by_their_ratio(ratio, words):
    assert time_words(ratio) == words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"better": ["A"]}, "A is better than it"),
        (
            {"better": ["A"], "worse": ["B", "C"], "undecided": ["D"]},
            "A is better than it; B and C are worse than it; D is not told from it",
        ),
        ({"undecided": ["A", "B"]}, "A and B are not told from it"),
        ({"worse": list("abcdefg"), "better": []}, "seven are worse than it"),
    ],
)
def test_a_verdict_on_several_searches_counts_them(found, words):
    assert verdict_words(found, "it") == words


@pytest.mark.parametrize(
    ("difference", "images", "half", "words"),
    [
        (0.12, 797, 1.2, ", less than one test image"),
        (-0.12, 797, 1.2, ", less than one test image"),
        (0.13, 797, 1.2, ", within what the test images leave open"),
        (-1.19, 797, 1.2, ", within what the test images leave open"),
        (1.2, 797, 1.2, ""),
        (0.12, None, None, ""),
        (0.0, 797, 1.2, ""),
    ],
)
def test_the_number_of_test_images_says_what_a_difference_is_worth(difference, images, half, words):
    assert image_words(difference, images, half) == words
