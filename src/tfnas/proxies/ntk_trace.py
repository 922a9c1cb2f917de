r"""NTK trace: how large the gradients of single images are.

Let f_n be the logit of the true label of image n, and g_n the share of image n in the gradient of
:math:`\sum_n f_n` with respect to all weights of convolutions and the weights and biases of the classifier: what
arrives through the activations of image n. Then

.. math::  score = \sqrt{\frac{1}{B} \sum_{n=1}^{B} \|g_n\|^2} = \sqrt{\operatorname{tr}(\Theta) / B},
           \qquad \Theta_{ij} = g_i \cdot g_j

Larger is better (HNAS itself does not maximise it but searches for a best value). Needs labels; real images; PyTorch's
default initialisation; networks in training mode.

Source: Shu, Dai, Wu, Low 2022, "Unifying and Boosting Gradient-Based Training-Free Neural Architecture Search"
(NeurIPS; arXiv 2201.09785). In the paper Theta is the neural tangent kernel, whose entries come from the gradients of
each image's own logit. The authors' code collects g_n with hooks in one backward pass of the summed logits, as here;
with batch statistics the two differ, because the logit of one image then depends on all images.

Settings: the study's skeleton; the first 64 images of the study's batch, as in the code; one initialisation. The
published correlations are of a network whose cells normalise without weights and have biased convolutions; here it is
the benchmark's. The classifier's bias adds exactly 1 to each squared norm, so a disconnected cell has the value 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Family, Proxy

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

IMAGES = 64
"""At most so many images of the batch are used."""


def traces(networks: BatchedNetworks, images: Tensor, labels: Tensor) -> Tensor:
    """Return the trace of the kernel of each network, shape (G,), float64.

    Args:
        networks: G networks in training mode.
        images: shape (B, channels, H, W).
        labels: shape (B,).
    """
    import torch

    from tfnas.networks.per_sample import sample_gradients

    def true_logits(logits: Tensor) -> Tensor:
        return logits.gather(2, labels[None, :, None].expand(len(logits), -1, 1)).sum()

    result = torch.full((networks.count,), float(len(images)), dtype=torch.float64, device=images.device)
    for rows, members in sample_gradients(networks, images, true_logits):
        result.index_add_(0, members, rows.square_().sum(2).sum(0, dtype=torch.float64))
    return result


def evaluate(trial: Trial) -> Results:
    """Return raw values."""
    images, labels = trial.input(IMAGES), trial.labels[:IMAGES]
    values = (traces(trial.networks(), images, labels) / len(images)).sqrt().cpu()
    return {"ntk_trace": (values, [""] * trial.count)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="ntk_trace",
            title="NTK trace",
            direction=1,
            formula=r"\sqrt{\operatorname{tr}(\Theta) / B}",
            needs=("per-sample gradients", "labels", "real images"),
            reference=("shu2022hnas", "authors' code"),
            summary="How large the gradients of single images' true logits are.",
            batch=f"the first {IMAGES}",
            published_batch="64",
        ),
    ),
    same_score=rectifier_class,
    evaluate=evaluate,
)
