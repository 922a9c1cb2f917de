r"""ZiCo: how large gradients are compared with how much they differ between two mini-batches.

For layer l (convolution or linear) let :math:`g^{(1)}, g^{(2)}` be the gradients of the mean cross-entropy with respect
to W_l on two mini-batches. For each weight i let :math:`m_i = (\lvert g^{(1)}_i \rvert + \lvert g^{(2)}_i \rvert)/2`
and let :math:`s_i = \lvert g^{(1)}_i - g^{(2)}_i \rvert / 2` be the population standard deviation. Then

.. math::  score = \sum_l \ln \sum_{i : s_i \neq 0} m_i / s_i

where layers whose inner sum is 0 are left out. ``zico_published`` is the same with :math:`g^{(1)} + g^{(2)}`, in the
precision of the gradients, in place of :math:`g^{(2)}`: the authors' code as it is published does not set gradients to
zero between the two. Larger is better. Every ratio is at least 1; it is large where two gradients nearly agree, so that
few weights make up most of a sum.

Here the two mini-batches are the halves of the study's mini-batch (the last image of an odd number is left out): 2 x 64
of a study's 128 images, where the paper takes 2 x 128 and AZ-NAS 2 x 64. PyTorch's default initialisation, training
mode, gradients in the precision of the images (float32 in studies), sums in float64. Layers that cannot reach the
output have no gradient and are left out; a cell without a path to the output scores 0. Since nearly equal gradients
make up the sums, rounding shows more than elsewhere: float32 and float64 agree to a relative 1e-2, mostly to 1e-3.

Source: Li, Yang, Bhardwaj, Marculescu 2023, "ZiCo: Zero-shot NAS via Inverse Coefficient of Variation on Gradients"
(ICLR; arXiv 2301.11300), section 3 and the authors' code (``compute_zico.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Family, Proxy

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    from tfnas.proxies.gradients import mean_losses

    networks = trial.networks(dtype=trial.images.dtype)
    weights = networks.weights()
    images, half = trial.input(), len(trial.images) // 2
    first, second = (
        torch.autograd.grad(
            mean_losses(networks(images[start : start + half]), trial.labels[start : start + half]).sum(),
            [weight for weight, _ in weights],
            allow_unused=True,
            materialize_grads=True,
        )
        for start in (0, half)
    )
    values = {name: torch.zeros(trial.count, dtype=torch.float64, device=trial.device) for name in sorted(trial.wanted)}
    for (_, members), one, other in zip(weights, first, second, strict=True):
        for name, sums in values.items():
            with trial.only_for(name):
                later = one + other if name == "zico_published" else other
                sums[members] += layer_term(one.reshape(len(members), -1), later.reshape(len(members), -1))
    return {name: (sums.cpu(), [""] * trial.count) for name, sums in values.items()}


def layer_term(first: Tensor, second: Tensor) -> Tensor:
    """Return the term of one layer for n networks, shape (n,), float64; 0 where the layer is left out.

    Args:
        first: gradients of the first mini-batch, one row per network, shape (n, weights).
        second: of the second mini-batch.
    """
    import torch

    first, second = first.double(), second.double()
    spread = (first - second).abs()
    ratios = torch.where(spread > 0, (first.abs() + second.abs()) / spread, 0.0).sum(1)
    return torch.where(ratios > 0, ratios, 1.0).log()


FAMILY = Family(
    proxies=(
        Proxy(
            name="zico",
            title="ZiCo",
            direction=1,
            formula=r"\sum_l \ln \sum_{i : s_i \neq 0} m_i / s_i",
            needs=("two backward passes", "real images", "labels"),
            requires=("layers", "labels"),
            reference=("li2023zico", "section 3"),
            summary="How large the gradients of weights are compared with their spread between halves of the batch.",
            where=r"$m_i$ is the mean magnitude of the gradients of weight $i$ of layer $l$ on the two halves, and "
            r"$s_i$ their standard deviation",
            batch="two halves of the batch",
            published_batch="2 x 128",
        ),
        Proxy(
            name="zico_published",
            title="ZiCo (as published in code)",
            direction=1,
            formula=r"\sum_l \ln \sum_{i : s_i \neq 0} m_i / s_i, \quad g^{(2)} \leftarrow g^{(1)} + g^{(2)}",
            needs=("two backward passes", "real images", "labels"),
            requires=("layers", "labels"),
            reference=("li2023zico", "authors' code"),
            summary="ZiCo with the gradients of the first half of the mini-batch added to those of the second.",
            where=r"$m_i$ is the mean magnitude of the gradients $g$ of weight $i$ of layer $l$ on the two halves, and "
            r"$s_i$ their standard deviation",
            batch="two halves of the batch",
            published_batch="2 x 128",
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
)
