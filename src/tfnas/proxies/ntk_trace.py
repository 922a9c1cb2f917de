r"""Trace and condition number of the tangent kernel that HNAS looks at.

Let f_n be the logit of the true label of image n, and g_n the share of image n in the gradient of
:math:`\sum_n f_n` with respect to all weights of convolutions and the weights and biases of the classifier: what
arrives through the activations of image n. With :math:`\Theta_{ij} = g_i \cdot g_j`, of shape (B, B):

``ntk_trace``, larger is better (HNAS itself does not maximise it but searches for a best value):

.. math::  score = \sqrt{\frac{1}{B} \sum_{n=1}^{B} \|g_n\|^2} = \sqrt{\operatorname{tr}(\Theta) / B}

``hnas_condition_number``, smaller is better:

.. math::  \kappa = \lambda_{\max}(\Theta) / \lambda_{\min}(\Theta)

Both need labels; real images; PyTorch's default initialisation; networks in training mode.

Source: Shu, Dai, Wu, Low 2022, "Unifying and Boosting Gradient-Based Training-Free Neural Architecture Search"
(NeurIPS; arXiv 2201.09785), code ``ntk_trace.py`` and ``condnum.py``. In the paper Theta is the neural tangent kernel,
whose entries come from the gradients of each image's own logit. The authors' code collects g_n with hooks in one
backward pass of the summed logits, as here; with batch statistics the two differ, because the logit of one image then
depends on all images. TE-NAS's condition number (``ntk_condition_number``) is that of a smaller network, of sums of
logits and of one backward pass per image.

Settings: the study's skeleton; the first 64 images of the study's batch, as in the code; one initialisation. The
published correlations are of a network whose cells normalise without weights and have biased convolutions; here it is
the benchmark's. The classifier's bias adds 1 to the product of two images of the same label. So a disconnected cell has
the trace 1, and no condition number: its kernel is singular, by the rule of :mod:`tfnas.proxies.ntk` (the authors' code
divides by whatever rounding leaves, and puts 1e5 in place of NaN).
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.ntk import SINGULAR, condition_number
from tfnas.proxies.registry import Family, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

IMAGES = 64
"""At most so many images of the batch are used."""


def kernels(
    networks: BatchedNetworks, images: Tensor, labels: Tensor, timed: Callable[[], AbstractContextManager] = nullcontext
) -> Tensor:
    """Return the kernel of each network, shape (G, B, B), float64.

    Args:
        networks: G networks in training mode.
        images: shape (B, channels, H, W).
        labels: shape (B,).
        timed: the products of gradients, apart from the gradients themselves, run within ``timed()``.
    """
    theta = (labels[:, None] == labels).double().repeat(networks.count, 1, 1)
    for rows, members in _shares(networks, images, labels):
        with timed():
            shares = rows.transpose(0, 1).double()
            theta.index_add_(0, members, shares @ shares.transpose(1, 2))
    return theta


def traces(networks: BatchedNetworks, images: Tensor, labels: Tensor) -> Tensor:
    """Return the trace of the kernel of each network, shape (G,), float64; arguments as for :func:`kernels`."""
    import torch

    result = torch.full((networks.count,), float(len(images)), dtype=torch.float64, device=images.device)
    for rows, members in _shares(networks, images, labels):
        result.index_add_(0, members, rows.square_().sum(2).sum(0, dtype=torch.float64))
    return result


def _shares(networks: BatchedNetworks, images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what each image adds to the gradients of the sum of true logits, weight by weight."""
    from tfnas.networks.per_sample import sample_gradients

    def true_logits(logits: Tensor) -> Tensor:
        return logits.gather(2, labels[None, :, None].expand(len(logits), -1, 1)).sum()

    return sample_gradients(networks, images, true_logits)


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    images, labels = trial.input(IMAGES), trial.labels[:IMAGES]
    results: Results = {}
    if "hnas_condition_number" not in trial.wanted:
        trace = traces(trial.networks(), images, labels)
    else:
        apart = partial(trial.only_for, "hnas_condition_number")
        theta = kernels(trial.networks(), images, labels, apart)
        trace = theta.diagonal(dim1=1, dim2=2).sum(1)
        with apart():
            found = [condition_number(one) for one in theta.cpu()]
        values = torch.tensor([value for value, _ in found], dtype=torch.float64)
        results["hnas_condition_number"] = values, [why for _, why in found]
    if "ntk_trace" in trial.wanted:
        results["ntk_trace"] = (trace / len(images)).sqrt().cpu(), [""] * trial.count
    return results


FAMILY = Family(
    proxies=(
        Proxy(
            name="ntk_trace",
            title="NTK trace",
            direction=1,
            formula=r"\sqrt{\operatorname{tr}(\Theta) / B}",
            needs=("per-sample gradients", "labels", "real images"),
            requires=("layers", "labels"),
            reference=("shu2022hnas", "authors' code"),
            summary="How large the gradients of single images' true logits are.",
            where=r"$\Theta$ is the matrix of inner products of the gradients of true logits, one row for each image "
            r"of $B$",
            batch=f"the first {IMAGES}",
            published_batch="64",
        ),
        Proxy(
            name="hnas_condition_number",
            title="NTK condition number (HNAS)",
            direction=-1,
            formula=r"\lambda_{\max}(\Theta) / \lambda_{\min}(\Theta)",
            needs=("per-sample gradients", "labels", "real images"),
            requires=("layers", "labels"),
            reference=("shu2022hnas", "authors' code"),
            summary="How unevenly the tangent kernel of the network itself lets it learn the labels of its images.",
            where=r"$\Theta$ is the matrix of inner products of the gradients of true logits, one row for each image, "
            r"and $\lambda$ its eigenvalues",
            batch=f"the first {IMAGES}",
            published_batch="64",
            failures=(SINGULAR,),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
)
