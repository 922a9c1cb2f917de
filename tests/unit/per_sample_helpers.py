"""Cells, images and reference networks for the tests of proxies of per-sample gradients."""

import numpy as np
import torch

from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.trial import Trial
from tfnas.spaces.nats_tss import Cell

SKELETON = Skeleton(channels=3, cells_per_stage=1, classes=4, image_channels=2, image_size=8)

CELLS = [
    Cell.parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"),
    Cell.parse("|skip_connect~0|+|avg_pool_3x3~0|none~1|+|none~0|none~1|skip_connect~2|"),
    Cell.parse("|none~0|+|none~0|nor_conv_3x3~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"),
    *(Cell.from_code(int(code)) for code in np.random.default_rng(3).integers(0, 15625, 5)),
]
"""All convolutions, none at all, convolutions of zero, and random ones; all are connected."""

APART = Cell.parse("|nor_conv_1x1~0|+|avg_pool_3x3~0|none~1|+|none~0|none~1|none~2|")
"""Its output does not depend on its input."""


def make_trial(cells, wanted, batch=8, skeleton=SKELETON, seed=0) -> Trial:
    """A trial of random images and labels; the weights of the n-th of :data:`CELLS` have seed n."""
    generator = torch.Generator().manual_seed(100 + seed)
    shape = (batch, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
    labels = torch.arange(batch) % skeleton.classes
    seeds = [[*CELLS, APART].index(cell) for cell in cells]
    images = torch.randn(shape, generator=generator)
    return Trial(cells, seeds, skeleton, images, labels, frozenset(wanted))


def reference(trial: Trial, number: int, skeleton: Skeleton | None = None) -> Network:
    """The trial's network ``number`` as a plain module, in float64 and training mode."""
    skeleton = skeleton or trial.skeleton
    cell = trial.cells[number]
    network = Network(cell, skeleton)
    state = initial_state(cell, skeleton, torch.Generator().manual_seed(trial.seeds[number]))
    network.load_state_dict(state, strict=False)
    return network.double().train()


def on_cuda(trial: Trial) -> Trial:
    """The same trial on the first CUDA device."""
    return Trial(trial.cells, trial.seeds, trial.skeleton, trial.images.cuda(), trial.labels.cuda(), trial.wanted)
