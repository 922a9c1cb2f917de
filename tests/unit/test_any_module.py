"""The engine for any module against the batched engine: the same networks, as plain modules, have the same scores."""

import importlib
import importlib.util
import math

import pytest
import torch
from per_sample_helpers import CELLS as CONNECTED
from test_every_proxy import float64  # noqa: F401
from torch import nn
from untrained_helpers import SPECIAL_CELLS, reference_network

from tfnas.networks.reference import Network
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies import az_nas, near, vkdnw
from tfnas.proxies.any_module import az_nas as module_az_nas
from tfnas.proxies.any_module import near as module_near
from tfnas.proxies.any_module import vkdnw as module_vkdnw
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.ntk import CHANNELS
from tfnas.proxies.registry import families, get_family
from tfnas.proxies.trial import Trial

SKELETON = Skeleton(channels=4, cells_per_stage=1, classes=5, image_channels=3, image_size=16)
CELLS = [*CONNECTED[:6], *SPECIAL_CELLS]
LABELS = torch.tensor([0, 1, 2, 0, 1, 3, 4, 4])
BOTH = [name for name in families() if importlib.util.find_spec(f"tfnas.proxies.any_module.{name}")]
TOLERANCE = 1e-7


pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    """Few noise images, and NEAR's blocks at one place, whatever the order of modules."""
    for module in (az_nas, vkdnw, module_az_nas, module_vkdnw):
        monkeypatch.setattr(module, "BATCH", 4)
    for module in (near, module_near):
        monkeypatch.setattr(
            module, "block_places", lambda seed, modules: torch.full((modules,), 0.37, dtype=torch.float64)
        )


def images() -> torch.Tensor:
    return torch.randn(len(LABELS), 3, 16, 16, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def plain(cell, seed: int, initialisation: str, skeleton: Skeleton = SKELETON) -> Network:
    """The reference network; pooling is an edge of its own as in the benchmark's, which is what MeCo counts."""
    network = reference_network(cell, seed, initialisation, skeleton)
    for block in network.cells:
        for number, layer in enumerate(getattr(block, "layers", [])):
            if isinstance(layer, nn.AvgPool2d):
                block.layers[number] = nn.Sequential(layer)
    return network


def module_trial(cell, seed: int, wanted) -> ModuleTrial:
    thin = Skeleton(CHANNELS, 1, SKELETON.classes, 3, 16)
    return ModuleTrial(
        build=lambda initialisation: plain(cell, seed, initialisation),
        thin=lambda: plain(cell, seed, "default", thin),
        images=images(),
        labels=LABELS,
        wanted=frozenset(wanted),
        noise_seed=3,
    )


@pytest.mark.parametrize("family", BOTH)
def test_plain_modules_score_as_the_batched_engine_does(family):
    member, of_modules = get_family(family), importlib.import_module(f"tfnas.proxies.any_module.{family}")
    names = [proxy.name for proxy in member.proxies if "cell" not in proxy.requires]
    trial = Trial(CELLS, list(range(len(CELLS))), SKELETON, images(), LABELS, frozenset(names), noise_seed=3)
    batched = member.evaluate(trial)
    for number, cell in enumerate(CELLS):
        alone = of_modules.evaluate(module_trial(cell, number, names))
        assert set(alone) == set(names)
        for name in names:
            value, found = batched[name][0][number].item(), alone[name][0].item()
            assert found == pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE, nan_ok=True), (name, str(cell))
            assert alone[name][1][0] == batched[name][1][number]
            assert math.isnan(found) == bool(alone[name][1][0])
