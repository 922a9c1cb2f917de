r"""The supernet of TE-NAS: cells whose edges hold several operations at once.

An edge with the k active operations :math:`o_1, \dots, o_k` maps x to

.. math::  \frac{1}{k} \sum_j o_j(x)

which is a softmax over equal architecture weights in which operations that are ruled out are not executed at all:
they have neither ReLUs nor gradients. With one operation on each edge it is the reference network of that cell.

Source: Chen, Gong, Wang 2021, "Neural Architecture Search on ImageNet in Four GPU Hours" (ICLR; arXiv 2102.11535), code
``lib/models/cell_searchs/search_cells.py``.
"""

import torch
from torch import Tensor

from tfnas.networks.reference import initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, Cell


def supernet_state(skeleton: Skeleton, generator: torch.Generator) -> dict[str, Tensor]:
    """Draw weights of the supernet with every operation on every edge, PyTorch's default initialisation.

    Smaller supernets use the part of it that they need, so that those of a round share their weights.

    Args:
        skeleton: channels, depth, classes and image shape.
        generator: a CPU generator, which alone decides the weights.

    Returns:
        Tensors under the names of a state dict (``num_batches_tracked`` left out), in which the operations of an edge
        stand by their names: ``cells.0.layers.3.nor_conv_1x1.op.1.weight``.
    """
    state: dict[str, Tensor] = {}
    for operation in CONVOLUTIONS:
        drawn = initial_state(Cell((operation,) * len(EDGES)), skeleton, generator)
        for name, value in drawn.items():
            block, layers, rest = name.partition(".layers.")
            edge, _, inner = rest.partition(".")
            state[f"{block}.layers.{edge}.{operation}.{inner}" if layers else name] = value
    return state
