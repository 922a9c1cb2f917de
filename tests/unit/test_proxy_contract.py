"""A family that breaks its contract is one sentence: when it is registered, and when it returns something else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tfnas.errors import ProxyError
from tfnas.proxies import registry
from tfnas.proxies.contract import check_family
from tfnas.proxies.registry import Failure, Family, get_family
from tfnas.scoring import chunk
from tfnas.spaces.nats_tss import Cell

GOOD = get_family("naswot")
CELLS = [Cell.from_code(code) for code in range(3)]


def ones(count=3):
    return torch.ones(count, dtype=torch.float64)


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (1.5, "returned a float where evaluate must return a dictionary of proxies"),
        (None, "returned None where evaluate must return a dictionary"),
        ([1.0, 2.0], "returned a list of length 2 where evaluate must return a dictionary"),
        (ones(), r"returned a Tensor of shape \(3,\) where evaluate must return a dictionary"),
        ({}, "returned nothing, but no values of 'naswot'"),
        ({"nwot": (ones(), [""] * 3)}, "returned nwot, but no values of 'naswot'"),
        ({"naswot": 2.0}, r"returned for 'naswot' a float where a pair belongs: values of shape \(3,\) and 3 reasons"),
        ({"naswot": ones()}, r"returned for 'naswot' a Tensor of shape \(3,\) where a pair belongs"),
        ({"naswot": (ones(), [""] * 3, 1)}, "returned for 'naswot' a tuple of length 3 where a pair belongs"),
        ({"naswot": ([1.0] * 3, [""] * 3)}, "returned for 'naswot' a list of length 3 where a tensor of shape"),
        ({"naswot": (ones(2), [""] * 3)}, r"a Tensor of shape \(2,\) where a tensor of shape \(3,\) belongs"),
        ({"naswot": (ones().view(3, 1), [""] * 3)}, r"a Tensor of shape \(3, 1\) where a tensor of shape \(3,\)"),
        ({"naswot": (ones(), [""] * 2)}, r"a list of length 2 where a list of 3 reasons \(texts\) belongs"),
        ({"naswot": (ones(), [None] * 3)}, r"a list of length 3 where a list of 3 reasons \(texts\) belongs"),
        ({"naswot": (ones(), "abc")}, r"a str of length 3 where a list of 3 reasons \(texts\) belongs"),
        ({"naswot": (ones() * 1j, [""] * 3)}, "values of a complex where real numbers belong"),
    ],
)
def test_a_proxy_that_returns_the_wrong_thing_is_one_sentence(returned, told):
    family = Family(proxies=GOOD.proxies, same_score=str, evaluate=lambda trial: returned)
    with pytest.raises(ProxyError, match=told) as found:
        chunk.score_cells(family, CELLS, torch.zeros(2, 1, 8, 8), None, None, chunk.Draws(1, 0), 3, ["naswot"])
    assert str(found.value).startswith("Proxy family 'naswot' returned ")
    assert "\n" not in str(found.value)


def test_values_of_any_precision_and_more_proxies_than_wanted_are_taken():
    both = {name: (torch.ones(3), ("",) * 3) for name in ("naswot", "naswot_published", "another")}
    family = Family(proxies=GOOD.proxies, same_score=str, evaluate=lambda trial: both)
    rows = chunk.score_cells(family, CELLS, torch.zeros(2, 1, 8, 8), None, None, chunk.Draws(1, 0), 3, ["naswot"])
    assert [row[1:4] for row in rows] == [("naswot", 0, 1.0)] * 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "NASWOT"}, "name must be lower-case letters, digits and underscores"),
        ({"name": "naswot\n"}, "name must be lower-case letters, digits and underscores"),
        ({"direction": 0}, r"direction must be 1 \(larger is better\) or -1"),
        ({"reference": "mellor2021naswot"}, "reference must be a citation key of refs.bib and a place"),
        ({"reference": ("mellor2021naswot", "")}, "reference must be a citation key of refs.bib and a place"),
        ({"summary": ""}, "must be texts that are not empty"),
        ({"needs": "one forward pass"}, "needs must be a tuple of texts"),
        ({"published_batch": "none"}, "batch and published_batch must both be given, or neither"),
        ({"failures": ("singular kernel",)}, r"failures must be a tuple of Failure\(reason, meaning\)"),
    ],
)
def test_an_entry_that_is_wrong_is_refused_when_it_is_registered(change, told):
    family = replace(GOOD, proxies=(replace(GOOD.proxies[0], **change),))
    with pytest.raises(ProxyError, match=f"of family 'mine': .*{told}"):
        check_family("mine", family)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": "\u7d22 score"}, r"'title' of proxy 'naswot' of family 'mine' holds '\u7d22' \(U\+7D22\)"),
        ({"summary": "A\x07."}, r"'summary' of proxy 'naswot' of family 'mine' holds .* \(U\+0007\)"),
        ({"failures": (Failure("\u7d22", "Why."),)}, r"A failure of proxy 'naswot' holds .* \(U\+7D22\)"),
    ],
)
def test_an_entry_with_letters_that_the_report_cannot_print_is_refused(change, told):
    family = replace(GOOD, proxies=(replace(GOOD.proxies[0], **change),))
    with pytest.raises(ProxyError, match=f"{told}, which the report cannot print"):
        check_family("mine", family)


@pytest.mark.parametrize(
    ("family", "told"),
    [
        (None, r"The file of proxy family 'mine' must hold FAMILY = Family\(...\), not None"),
        (3.5, "must hold FAMILY"),
        (replace(GOOD, proxies=()), "Proxy family 'mine' has no proxies"),
        (replace(GOOD, proxies=("naswot",)), r"holds a str of length 6 where a Proxy\(...\) belongs"),
        (replace(GOOD, proxies=GOOD.proxies * 2), r"^Proxy family 'mine' holds two proxies named '\w+': rename one.$"),
        (replace(GOOD, evaluate=None), "'evaluate' of proxy family 'mine' must be a function"),
    ],
)
def test_a_family_that_is_none_is_refused_when_it_is_registered(family, told):
    with pytest.raises(ProxyError, match=told):
        check_family("mine", family)


def test_every_family_keeps_the_contract_of_an_entry():
    for name, family in registry.families().items():
        assert check_family(name, family) is family


def test_every_declared_failure_has_a_reason_and_a_sentence():
    for family in registry.families().values():
        for proxy in family.proxies:
            assert len({failure.reason for failure in proxy.failures}) == len(proxy.failures)
            for failure in proxy.failures:
                assert isinstance(failure, Failure)
                assert failure.meaning.endswith(".")
                assert failure.meaning[0].isupper()
