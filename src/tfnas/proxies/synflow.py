r"""synflow: the synaptic flow through a network of absolute weights that is shown a single image of ones.

All normalisation is removed and every weight and bias is replaced by its absolute value. With R the sum of the logits
for the input of ones, shape (1, channels, H, W),

.. math::  score = \sum_l \sum_i \left| W_{l,i} \, \frac{\partial R}{\partial W_{l,i}} \right|

over the weights W_l of all convolutions and of the classifier. Larger is better. No images, no labels, one forward and
one backward pass, PyTorch's default initialisation, one draw. Nothing depends on a mini-batch or on its size.

Source: Tanaka, Kunin, Yamins, Ganguli 2020, "Pruning neural networks without any data by iteratively conserving
synaptic flow" (NeurIPS; arXiv 2006.05467); as a proxy in Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight
NAS" (ICLR; arXiv 2101.08134).

``synflow``
    The definition. Values reach 1e47 on the benchmark's skeleton, beyond single precision, so activations are scaled
    by powers of two on their way (:func:`flow`) and sums are in float64. A cell without a path from input to output
    scores 0, which is a defined value.
``synflow_log``
    ln(synflow), the same ranking on a scale that tables and figures can show. (It is not ``logsynflow``, which takes
    the logarithm of each gradient.)

Where paper and code differ: the copy without normalisation that the zero-cost-nas code builds keeps the normalisation
of the two residual blocks, which it always constructs. Here, as in FreeREA's code and in the definition, all
normalisation is removed; the half-removed form is not offered.

Dead edges have zero gradient and add nothing, so leaving them out is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial


ZERO = Failure("synflow is zero", "No path from input to output: the logarithm of zero.")

OVERFLOW = Failure(
    "beyond double precision", "A gradient or the sum exceeds 1.8e308, as in a network of hundreds of layers."
)

LARGE_EXPONENT = 1024
"""Two to this power is beyond double precision."""

LARGE = 2.0**16
"""Activations beyond this are scaled down: what one block multiplies them by still fits into single precision."""


def flow(trial: Trial, initialisation: str, term: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    r"""Sum a function of weight and gradient over all weights of networks of absolute weights, without normalisation.

    Such a network is linear: what enters a block may be multiplied by :math:`2^{-e}` if every gradient is multiplied by
    :math:`2^{e}` in the end. So each network's activations are brought to about 1 before every block, which is exact in
    binary numbers, and single precision serves where gradients reach 1e47.

    Args:
        trial: G cells.
        initialisation: one of :data:`tfnas.networks.reference.INITIALISATIONS`.
        term: maps weights W >= 0 and dR/dW >= 0 of one layer, of equal shapes, float64, to the summands.

    Returns:
        One sum per network, shape (G,), float64 on the CPU; infinity where double precision does not hold it.
    """
    import torch

    networks = trial.networks(initialisation, normalise=False)
    for parameter in networks.parameters():
        parameter.detach().abs_()
    exponents = torch.zeros(trial.count, device=trial.device)

    def shrink(block: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        values = inputs[0]
        largest = values.detach().amax((0, 2, 3)).view(trial.count, -1).amax(1)
        if largest.max() < LARGE:
            return inputs
        exponent = torch.frexp(largest)[1].float()  # 0 where all values are
        exponents.add_(exponent)
        scale = torch.exp2(-exponent).repeat_interleave(values.shape[1] // trial.count)
        return values * scale[:, None, None], *inputs[1:]

    for block in networks.blocks:
        block.register_forward_pre_hook(shrink)
    layers = networks.weights()
    shape = (1, trial.skeleton.image_channels, trial.skeleton.image_size, trial.skeleton.image_size)
    with torch.enable_grad():
        total = networks(torch.ones(shape, device=trial.device)).sum()
    gradients = torch.autograd.grad(total, [weight for weight, _ in layers], materialize_grads=True)
    factors = torch.exp2(exponents.double())
    sums = torch.zeros(trial.count, dtype=torch.float64, device=trial.device)
    for (weight, members), gradient in zip(layers, gradients, strict=True):
        rows = weight.detach().double().reshape(len(members), -1)
        sums[members] += term(rows, gradient.reshape(rows.shape).double() * factors[members, None]).sum(1)
    # Zero gradients times an infinite factor would be NaN.
    return sums.masked_fill(exponents >= LARGE_EXPONENT, torch.inf).cpu()


def logarithm(values: Tensor) -> tuple[Tensor, list[str]]:
    """Return ln(values), NaN where a value is zero or too large, and the reasons."""
    values, reasons = explained(values)
    zero = values == 0
    reasons = [f"{ZERO.reason}: no path from input to output" if z else r for z, r in zip(zero, reasons, strict=True)]
    return values.log().masked_fill(zero, float("nan")), reasons


def explained(values: Tensor) -> tuple[Tensor, list[str]]:
    """Return values, NaN in place of infinity, and the reasons."""
    large = values.isinf()
    return values.masked_fill(large, float("nan")), [OVERFLOW.reason if is_large else "" for is_large in large.tolist()]


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons of both forms."""
    values = flow(trial, "default", lambda weight, gradient: (weight * gradient).abs())
    return {"synflow": explained(values), "synflow_log": logarithm(values)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="synflow",
            title="SynFlow",
            direction=1,
            formula=r"\sum_{l,i} \left| W_{l,i} \, \partial R / \partial W_{l,i} \right|",
            needs=("one backward pass", "input of ones"),
            requires=("layers",),
            reference=("tanaka2020synflow", "Algorithm 1"),
            summary="Sum of weight times gradient over a network of absolute weights without normalisation.",
            where=r"normalisation is removed, weights $W_{l,i}$ of layer $l$ and biases are replaced by their absolute "
            r"values, and $R$ is the sum of the logits for an input of ones",
            batch="1, of ones",
            published_batch="1, of ones",
            failures=(OVERFLOW,),
        ),
        Proxy(
            name="synflow_log",
            title="SynFlow (logarithm)",
            direction=1,
            formula=r"\ln \sum_{l,i} \left| W_{l,i} \, \partial R / \partial W_{l,i} \right|",
            needs=("one backward pass", "input of ones"),
            requires=("layers",),
            reference=("tanaka2020synflow", "Algorithm 1"),
            summary="Natural logarithm of SynFlow: the same ranking on a readable scale.",
            where=r"normalisation is removed, weights $W_{l,i}$ of layer $l$ and biases are replaced by their absolute "
            r"values, and $R$ is the sum of the logits for an input of ones",
            batch="1, of ones",
            published_batch="1, of ones",
            failures=(ZERO, OVERFLOW),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    shown=(1, 0),
)
