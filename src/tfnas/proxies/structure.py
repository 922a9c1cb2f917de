r"""What can be counted without a network: parameters, multiply-accumulates, convolutions, and FreeREA's skip term.

Nothing is drawn, so there is no batch, no initialisation and no mode; a repeat gives the same value again. Every proxy
must be shown beside these counts, which cost nothing.

``params``
    Number of trainable scalars of the network (:func:`tfnas.networks.skeleton.count_parameters`), dead branches
    included. The benchmark prints it in millions; the order is the same.
``flops``
    Multiply-accumulates of one image in millions (:func:`tfnas.networks.skeleton.count_flops`), dead branches
    included. The literature calls them FLOPs.
``conv_edges``
    Number of ``nor_conv_1x1`` and ``nor_conv_3x3`` among the six edges, 0 to 6. It orders cells like the "number of
    trainable layers" of Tybl and Neumann 2025 (VKDNW, Table 1), since each such edge adds the same number of layers.
``skip``
    FreeREA's term for skip connections ("portion-skip"): the mean of (t - 1) - j over the edges j -> t that are
    ``skip_connect``, 0 without any. Skips between neighbouring nodes give 0, 0->2 and 1->3 give 1, 0->3 gives 2, so
    that the largest value, 2, belongs to exactly the cells whose only skip is 0->3. By itself it hardly correlates
    with accuracy: it singles out one topology.

Sources: Dong, Liu, Musial, Gabrys 2021, "NATS-Bench" (counts of the benchmark); Cavagnero, Robbiano, Caputo, Averta
2023, "FreeREA" (WACV; arXiv 2207.05135) and the authors' code (skip).

All values are exact. Larger is better.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tfnas.networks.skeleton import count_flops, count_parameters
from tfnas.proxies.registry import Family, Proxy
from tfnas.spaces.nats_tss import EDGES, Cell

if TYPE_CHECKING:
    from tfnas.networks.skeleton import Skeleton
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial


def portion_skip(cell: Cell) -> float:
    """Return the mean of (t - 1) - j over the edges j -> t that are ``skip_connect``, 0 if there is none."""
    spans = [
        target - 1 - source
        for (source, target), operation in zip(EDGES, cell.operations, strict=True)
        if operation == "skip_connect"
    ]
    return sum(spans) / len(spans) if spans else 0.0


COUNTS: dict[str, Callable[[Cell, Skeleton], float]] = {
    "params": count_parameters,
    "flops": lambda cell, skeleton: count_flops(cell, skeleton) / 1e6,
    "conv_edges": lambda cell, skeleton: cell.convolution_edges,
    "skip": lambda cell, skeleton: portion_skip(cell),
}
"""How each proxy is counted for one cell."""


def evaluate(trial: Trial) -> Results:
    """Return the counts that are wanted; no network is built."""
    import torch

    return {
        name: (
            torch.tensor([count(cell, trial.skeleton) for cell in trial.cells], dtype=torch.float64),
            [""] * trial.count,
        )
        for name, count in COUNTS.items()
        if name in trial.wanted
    }


_proxy = partial(Proxy, direction=1, needs=("no network",))
"""What all members of the family have in common."""

FAMILY = Family(
    proxies=(
        _proxy(
            name="params",
            title="Parameters",
            formula=r"\sum_l |W_l|",
            reference=("dong2021nats", "counts of the benchmark"),
            summary="The number of trainable scalars, convolutions on dead branches included.",
            where=r"$|W_l|$ is the number of trainable scalars of layer $l$",
        ),
        _proxy(
            name="flops",
            title="FLOPs",
            formula=r"10^{-6}\,\mathrm{MAC}",
            reference=("dong2021nats", "counts of the benchmark"),
            summary="Multiply-accumulates (MAC) of one image in millions, dead branches included.",
            where=r"MAC is the number of multiply-accumulates of one image",
        ),
        _proxy(
            name="conv_edges",
            title="Convolution edges",
            formula=r"\#\{e : o_e \in \{\text{1x1}, \text{3x3 convolution}\}\}",
            requires=("cell",),
            reference=("tybl2025vkdnw", "Table 1, number of trainable layers"),
            summary="How many of the six edges of the cell are convolutions.",
            where=r"$o_e$ is the operation of edge $e$",
        ),
        _proxy(
            name="skip",
            title="Portion skip (FreeREA)",
            formula=r"\mathrm{mean}\{(t - 1) - j : o_{j \to t} = \text{skip}\}",
            requires=("cell",),
            reference=("cavagnero2023freerea", "authors' code"),
            summary="How many nodes the skip connections of the cell pass over on average; 0 without any.",
            prior="It is largest where the only skip connection leads from input to output, as in the best cells.",
            where=r"$o_{j\to t}$ is the operation of the edge from node $j$ to node $t$",
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=str,
    distinct=15625,
    evaluate=evaluate,
    initialisation="none",
)
