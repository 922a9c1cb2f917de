"""What tests of proxies of untrained networks share: cells, images, trials, and the reference network in float64."""

import numpy as np
import torch

from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.trial import Trial
from tfnas.spaces.nats_tss import Cell

SMALL = Skeleton(channels=4, cells_per_stage=1, classes=5, image_channels=3, image_size=8)

SPECIAL_CELLS = (
    # Disconnected, with and without a convolution; connected without a convolution; dead convolutions, of the signal
    # and of zero.
    Cell.parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"),
    Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"),
    Cell.parse("|avg_pool_3x3~0|+|skip_connect~0|none~1|+|skip_connect~0|avg_pool_3x3~1|skip_connect~2|"),
    Cell.parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|"),
    Cell.parse("|none~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|nor_conv_3x3~0|none~1|none~2|"),
)


def some_cells(count: int, seed: int = 0) -> list[Cell]:
    """Return random cells and then the special ones."""
    codes = np.random.default_rng(seed).integers(0, 15625, count)
    return [*(Cell.from_code(int(code)) for code in codes), *SPECIAL_CELLS]


def some_images(count: int, skeleton: Skeleton = SMALL) -> torch.Tensor:
    """Return a Gaussian mini-batch."""
    shape = (count, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(99))


def make_trial(cells, images, family, skeleton: Skeleton = SMALL, first_seed: int = 0) -> Trial:
    """Return a trial of all proxies of a family, whose networks have seeds ``first_seed``, ``first_seed`` + 1, ..."""
    seeds = list(range(first_seed, first_seed + len(cells)))
    wanted = frozenset(proxy.name for proxy in family.proxies)
    return Trial(cells, seeds, skeleton, images, torch.zeros(len(images), dtype=torch.long), wanted, noise_seed=3)


def reference_network(cell: Cell, seed: int, initialisation: str, skeleton: Skeleton = SMALL) -> Network:
    """Return the reference network with the weights that a trial draws for this seed, in float64, in training mode."""
    network = Network(cell, skeleton)
    generator = torch.Generator().manual_seed(seed)
    network.load_state_dict(initial_state(cell, skeleton, generator, initialisation), strict=False)
    return network.double().train()


def alone(family, cells, images, skeleton: Skeleton = SMALL) -> dict[str, torch.Tensor]:
    """Return the values of each proxy, every network evaluated by itself and in reverse order."""
    places = reversed(range(len(cells)))
    results = {n: family.evaluate(make_trial([cells[n]], images, family, skeleton, first_seed=n)) for n in places}
    return {p.name: torch.cat([results[n][p.name][0] for n in range(len(cells))]) for p in family.proxies}
