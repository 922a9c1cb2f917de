"""SWAP's journal form: equal to SWAP on ReLUs, a count of distinct columns of signs on GELU and SiLU."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from untrained_helpers import make_trial, some_cells, some_images

from tfnas.proxies import swap
from tfnas.proxies.any_module import swap_universal as of_modules
from tfnas.proxies.any_module.trial import ModuleTrial
from tfnas.proxies.swap_universal import FAMILY, evaluate, sign_patterns


class Smooth(nn.Module):
    """A token mixer with a GELU of three dimensions, a SiLU that is called as a function, and a flat ReLU."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 6, 4, stride=4)
        self.norm, self.wide, self.act, self.narrow = nn.LayerNorm(6), nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6)
        self.last = nn.Linear(6, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = F.silu(x + self.narrow(self.act(self.wide(self.norm(x)))), inplace=True)
        return self.last(F.relu(x.mean(1)))


def trial_of(build, images) -> ModuleTrial:
    wanted = frozenset({"swap_universal"})
    return ModuleTrial(build=lambda initialisation: build(), images=images, labels=None, wanted=wanted)


def test_on_networks_of_relus_it_is_swap_to_the_bit():
    cells, images = some_cells(6), some_images(16)
    found = evaluate(make_trial(cells, images, FAMILY))["swap_universal"][0]
    assert torch.equal(found, swap.evaluate(make_trial(cells, images, swap.FAMILY))["swap"][0])


def test_signs_by_hand():
    # Patterns (-1, 0), (1, 1) twice, and (0, -1); the first image is the lowest digit.
    values = torch.tensor([[[-2.0, 3.0], [1.0, 0.0]], [[0.0, 4.0], [2.0, -1.0]]])
    assert sign_patterns(values).tolist() == sorted([0 + 3 * 1, 2 + 3 * 2, 1 + 3 * 0])


def test_a_network_of_smooth_activations_has_a_value():
    torch.manual_seed(0)
    network, images = Smooth().double(), some_images(16).double()
    with torch.no_grad():
        tokens = network.patches(images).flatten(2).transpose(1, 2)
        first = F.gelu(network.wide(network.norm(tokens)))
        second = F.silu(tokens + network.narrow(first))
        third = F.relu(second.mean(1))
    signs = torch.cat([part.sign().flatten(1) for part in (first, second, third)], 1)
    expected = len(torch.unique(signs.T, dim=0))
    trial = trial_of(lambda: network, images)
    assert of_modules.evaluate(trial)["swap_universal"][0].item() == expected > 16
    assert trial.has["activations"] == ""
    assert trial.has["relus"] == ""


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 5)), "the network has no ReLU, GELU or SiLU"),
        (nn.Sequential(nn.Flatten(0), nn.GELU()), "an activation of the network mixes its images"),
    ],
)
def test_what_lacks_activations_is_told(network, why):
    assert trial_of(lambda: network, some_images(4)).has["activations"] == why
