from reporting_helpers import SEARCHES

from tfnas.proxies.registry import proxy_names
from tfnas.report.names import GROUPS, search_group, search_titles, tex_title
from tfnas.report.proxy_titles import proxy_title
from tfnas.report.titles import dataset_title
from tfnas.search.registry import GROUPS as REGISTRY_GROUPS


def test_titles_tell_searches_of_one_algorithm_apart():
    titles = search_titles(SEARCHES)
    assert titles["naswot-10"] == "NASWOT (N = 10)"
    assert titles["oracle-10"] == "Oracle"
    assert titles["area"] == "AREA"
    assert len(set(titles.values())) == len(titles)


def test_titles_name_the_proxy_where_it_differs():
    other = next(name for name in proxy_names() if name != "naswot")
    titles = search_titles(
        {
            "a": {"algorithm": "area", "proxy": "naswot"},
            "b": {"algorithm": "area", "proxy": other},
            "c": {"algorithm": "proxy_search", "proxy": other, "sample": 10},
        }
    )
    assert titles == {"a": "AREA (NASWOT)", "b": f"AREA ({proxy_title(other)})", "c": proxy_title(other)}


def test_titles_name_a_number_of_evaluations_and_not_its_absence():
    plain = {"algorithm": "random_search", "overshoot": True, "evaluations": None}
    assert search_titles({"a": plain, "b": plain | {"evaluations": 50}}) == {
        "a": "Random search",
        "b": "Random search (evaluations = 50)",
    }


def test_an_ensemble_is_called_like_a_proxy():
    assert proxy_title("az_nas") == "AZ-NAS"
    assert search_titles({"a": {"algorithm": "proxy_search", "proxy": "az_nas"}}) == {"a": "AZ-NAS"}


def test_equal_settings_are_told_apart_by_label():
    twice = {"one": {"algorithm": "random_cell"}, "two": {"algorithm": "random_cell"}}
    assert search_titles(twice) == {"one": "Random cell [one]", "two": "Random cell [two]"}


def test_only_an_acronym_in_brackets_stands_for_a_title():
    assert search_titles({"a": {"algorithm": "area", "proxy": "naswot"}}) == {"a": "AREA"}
    evolution, policy, bohb = ({"algorithm": name} for name in ("tegnas", "tegnas_reinforce", "bohb"))
    assert search_titles({"a": evolution, "b": policy, "c": bohb}) == {
        "a": "TEG-NAS (evolution)",
        "b": "TEG-NAS (reinforcement learning)",
        "c": "BOHB (one fidelity)",
    }
    assert search_titles({"a": evolution | {"steps": 10}, "b": evolution | {"steps": 20}}) == {
        "a": "TEG-NAS (evolution, steps = 10)",
        "b": "TEG-NAS (evolution, steps = 20)",
    }


def test_titles_always_name_the_dataset_whose_accuracies_are_borrowed():
    robot = {"algorithm": "robot", "accuracies_of": "cifar10"}
    assert search_titles({"a": robot}) == {"a": "RoBoT (accuracies of CIFAR-10)"}
    assert search_titles({"a": robot, "b": {"algorithm": "robot"}}) == {
        "a": "RoBoT (accuracies of CIFAR-10)",
        "b": "RoBoT",
    }


def test_mathematics_in_titles():
    assert tex_title("NASWOT (N = 100)") == "NASWOT ($N{=}100$)"
    assert tex_title("a_b (N = 10\N{THIN SPACE}000)") == r"a\_b ($N{=}10\,000$)"


def test_groups_are_those_of_the_registry():
    assert set(REGISTRY_GROUPS) <= set(GROUPS)
    assert search_group(SEARCHES["area"]) == "hybrid"
    assert search_group(SEARCHES["oracle-10"]) == "reference"


def test_a_dataset_without_a_title_is_printed_by_its_name():
    assert dataset_title("cifar10") == "CIFAR-10"
    assert dataset_title("own-images") == "own-images"


def test_a_title_that_grew_too_long_gives_way_to_the_label():
    searches = {
        "mine": {"algorithm": "tfnas", "proxies": ["naswot", "logsynflow", "skip"], "cells": 120},
        "yours": {"algorithm": "tfnas", "proxies": ["naswot"], "cells": 80},
        "plain": {"algorithm": "tfnas"},
    }
    assert search_titles(searches) == {"mine": "mine", "yours": "tfnas (NASWOT, cells = 80)", "plain": "tfnas"}


def test_searches_that_follow_a_proxy_are_called_after_it():
    searches = {
        "one": {"algorithm": "proxy_argmax", "proxy": "naswot"},
        "two": {"algorithm": "plain_evolution", "proxy": "naswot", "population": 10},
        "three": {"algorithm": "plain_evolution", "proxy": "zen", "population": 20},
    }
    assert search_titles(searches) == {
        "one": "NASWOT (all cells)",
        "two": "Evolution (NASWOT, P = 10)",
        "three": "Evolution (Zen, P = 20)",
    }


def test_proxies_in_which_searches_differ_go_by_their_titles():
    searches = {
        "a": {"algorithm": "tfnas", "proxies": ["naswot", "zen"]},
        "b": {"algorithm": "tfnas", "proxies": ["naswot", "params"]},
    }
    assert search_titles(searches) == {"a": "tfnas (NASWOT + Zen)", "b": "tfnas (NASWOT + Parameters)"}


def test_default_proxies_are_left_out_where_a_title_would_be_too_long():
    default = ["naswot", "logsynflow", "skip"]
    searches = {
        "one": {"algorithm": "freerea", "proxies": default},
        "two": {"algorithm": "freerea", "proxies": ["naswot", "logsynflow"]},
        "three": {"algorithm": "freerea", "proxies": [*default, "flops"]},
    }
    assert search_titles(searches) == {"one": "FreeREA", "two": "FreeREA (NASWOT + LogSynFlow)", "three": "three"}
