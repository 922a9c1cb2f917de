"""What every registered proxy has to hold, whatever it computes: a proxy that is added is tested here at once.

Values are compared in float64, where nothing but a real dependence shows; how far float32 is from it is stated once,
in :data:`FLOAT32`.
"""

from __future__ import annotations

import gc
import math
import re
from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp
from untrained_helpers import SPECIAL_CELLS, some_cells

from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.reference import INITIALISATIONS
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.registry import families, family_of, get_family, get_proxy, proxy_names
from tfnas.proxies.trial import Trial
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.scoring.plan import classes
from tfnas.spaces.nats_tss import Cell

SKELETON = Skeleton(channels=3, cells_per_stage=1, classes=4, image_channels=2, image_size=16)
CELLS = [*dict.fromkeys([*some_cells(3, seed=6), Cell(("nor_conv_3x3",) * 6)])]
SEED = 11
LABELS = torch.arange(16) % SKELETON.classes

FLOAT32 = {
    "plain": 2e-2,  # signed terms that cancel
    "swap": 5e-3,  # a ReLU input of rounding size may fall on the other side
    "swap_regularised": 5e-3,
    "zico": 5e-2,  # weights whose two gradients nearly agree make up the sums
    "zico_published": 5e-2,
    "ntk_condition_number": 2e-2,  # the smallest eigenvalue is of rounding size
    "ntk_regression": 2e-2,
    "hnas_condition_number": 2e-2,
}
"""Relative difference between scores of float32 and of float64 networks; 2e-3 where nothing is said."""

PARTS_DIFFER = frozenset(("zico", "zico_published", "ntk_regression", "near", "linear_regions", "rbflex"))
"""Proxies for which the order of images matters: they look at two halves of the batch, at places in it, or at few."""


def images(seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return 16 Gaussian images, drawn in float32."""
    shape = (len(LABELS), SKELETON.image_channels, SKELETON.image_size, SKELETON.image_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.fixture
def float64(monkeypatch):
    """Every network and every random input in float64, but for those without normalisation, which scale themselves."""
    networks, gaussian = Trial.networks, Trial.gaussian

    def double_networks(self, *arguments, **options):
        dtype = {"dtype": torch.float64} if options.get("normalise", True) else {}
        return networks(self, *arguments, **options | dtype)

    monkeypatch.setattr(Trial, "networks", double_networks)
    monkeypatch.setattr(Trial, "gaussian", lambda self, *arguments: gaussian(self, *arguments).double())


def score(family: str, cells=CELLS, batch=None, labels=LABELS, together=1, proxies=None) -> dict:
    """Return the raw value and the reason of every cell and proxy."""
    batch = images(dtype=torch.float64) if batch is None else batch
    rows = score_cells(get_family(family), cells, batch, labels, SKELETON, Draws(1, SEED), together, proxies)
    return {(arch, proxy): (raw, reason) for arch, proxy, _, raw, _, reason in rows}


def assert_same(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for key, (value, reason) in expected.items():
        assert found[key][0] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), key
        assert found[key][1] == reason, key


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("family", families())
def test_a_score_depends_neither_on_company_nor_on_order_nor_on_chunks(family):
    alone = score(family)
    assert_same(score(family, CELLS[::-1], together=len(CELLS)), alone)
    chunks = [score(family, part, together=3) for part in (CELLS[:5], CELLS[5:])]
    assert_same(chunks[0] | chunks[1], alone)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("family", families())
def test_a_score_does_not_depend_on_which_others_are_wanted(family):
    names = [proxy.name for proxy in get_family(family).proxies]
    together = score(family, together=4)
    for name in names:
        expected = {key: value for key, value in together.items() if key[1] == name}
        assert_same(score(family, together=4, proxies=[name]), expected)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", proxy_names())
def test_an_entry_says_what_a_proxy_looks_at(name):
    """Whether other images, other labels or another order of images change a value is what ``needs`` says."""
    needs, family = " ".join(get_proxy(name).needs), family_of(name)
    batch = images(dtype=torch.float64)

    def value(batch, labels=LABELS, cell=CELLS[-1]):
        return next(iter(score(family, [cell], batch, labels, proxies=[name]).values()))[0]

    cell = next(cell for cell in reversed(CELLS) if math.isfinite(value(batch, cell=cell)))
    value = partial(value, cell=cell)
    first = value(batch)
    assert (value(images(1, torch.float64)) != first) == ("real images" in needs)
    # Other classes, not other names of the same ones.
    assert (value(batch, LABELS.sort().values) != first) == ("labels" in needs)
    order = torch.randperm(len(LABELS), generator=torch.Generator().manual_seed(0))
    if name not in PARTS_DIFFER:
        assert value(batch[order], LABELS[order]) == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize("family", families())
def test_nothing_of_a_group_stays_in_memory(family):
    """Networks that hold each other would live until Python looks for such circles, and take the next group's room."""
    score(family, CELLS[:1], images())
    gc.collect()
    gc.disable()
    try:
        score(family, CELLS[:1], images())
        assert not [one for one in gc.get_objects() if type(one) in (BatchedNetworks, Trial)]
    finally:
        gc.enable()


@pytest.mark.parametrize("family", families())
def test_float32_agrees_with_float64(family, request):
    single = score(family, batch=images())
    request.getfixturevalue("float64")
    for (cell, name), (value, reason) in score(family).items():
        found = single[cell, name]
        assert found[0] == pytest.approx(value, rel=FLOAT32.get(name, 2e-3), abs=1e-5, nan_ok=True), (cell, name)
        assert found[1] == reason


@pytest.mark.parametrize("family", families())
def test_cuda_equals_cpu(family):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cpu = score(family, batch=images(), together=4)
    cuda = score(family, batch=images().cuda(), labels=LABELS.cuda(), together=4)
    for (cell, name), (value, reason) in cpu.items():
        found = cuda[cell, name]
        assert found[0] == pytest.approx(value, rel=2 * FLOAT32.get(name, 2e-3), abs=1e-5, nan_ok=True), (cell, name)
        assert found[1] == reason


@pytest.mark.parametrize("name", proxy_names())
def test_networks_without_a_gradient_path_have_a_value_or_a_reason(name):
    found = score(family_of(name), SPECIAL_CELLS, images(), together=2, proxies=[name])
    for (cell, _), (value, reason) in found.items():
        assert not math.isinf(value), cell
        assert math.isnan(value) == bool(reason), (cell, value, reason)
        if get_proxy(name).failure == "never":
            assert math.isfinite(value), cell


@pytest.mark.slow
@pytest.mark.parametrize("family", families())
def test_cells_that_share_a_score_have_the_same_distribution_of_scores(family):
    """The scores of two members of a class over many initialisations are draws from one distribution."""
    several = {code: members for code, members in Counter(classes(family).tolist()).items() if members > 1}
    if not several:
        pytest.skip("every cell is scored by itself")
    draws, chosen = 24, np.random.default_rng(5).choice(sorted(several), 4, replace=False)
    for code in chosen.tolist():
        members = np.flatnonzero(classes(family) == code)[[0, -1]]
        cells = [Cell.from_code(int(member)) for member in members]
        rows = score_cells(
            get_family(family), cells, images(), LABELS, SKELETON, Draws(draws, SEED), together=2 * draws
        )
        for proxy in get_family(family).proxies:
            first, second = (
                np.nan_to_num([row[3] for row in rows if row[:2] == (str(cell), proxy.name)], nan=-1e6)
                for cell in cells
            )
            if not get_family(family).draws_weights:
                assert first == pytest.approx(second, rel=1e-9), (proxy.name, *map(str, cells))
                continue
            assert ks_2samp(first, second).pvalue > 1e-3, (proxy.name, *map(str, cells))


@pytest.mark.parametrize("name", proxy_names())
def test_an_entry_is_complete(name, root):
    proxy, family = get_proxy(name), get_family(family_of(name))
    assert re.fullmatch(r"[a-z][a-z0-9_]*", proxy.name)
    assert proxy.title
    assert proxy.formula
    assert proxy.needs
    assert proxy.failure
    assert proxy.batch
    assert proxy.published_batch
    looks = not {"weights", "no network"} & set(proxy.needs)
    assert (proxy.batch != "none") == (proxy.published_batch != "none") == looks
    assert ("Gaussian" in proxy.batch) == any("Gaussian" in need for need in proxy.needs)
    assert proxy.direction in (1, -1)
    assert re.fullmatch(r"[A-Z].*\.", proxy.summary)
    assert family.initialisation in (*INITIALISATIONS, "none")
    assert family.precision in ("float32", "float64")
    assert family.draws >= 1
    bibliography = (root / "report/refs.bib").read_text(encoding="utf-8")
    assert f"{{{proxy.reference[0]}," in bibliography
    assert proxy.reference[1]
