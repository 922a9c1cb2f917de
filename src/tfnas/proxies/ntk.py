r"""The neural tangent kernel of a small network: its condition number, and how well it predicts labels.

Let f_i be the sum of the logits of image i in a forward pass of a mini-batch with that batch's statistics, and g_i its
gradient with respect to all weights (convolutions, classifier, and batch normalisation; no biases): one backward pass
per image. The kernel of two batches is :math:`\Theta_{xy} = G_x G_y^\top`, G having the rows g_i.

``ntk_condition_number``, smaller is better, no labels:

.. math::  \kappa = \lambda_{\max}(\Theta_{xx}) / \lambda_{\min}(\Theta_{xx})

``ntk_regression``, smaller is better, with labels. The gradients are those of the weights of cells and residual blocks
alone (their names contain "cell"), y is a second batch with statistics of its own, and Y holds one-hot labels less
their mean over the batch:

.. math::  MSE = \frac{1}{|y|} \sum_{n \in y} \|\hat Y_n - Y_n\|^2, \qquad
           \hat Y = \Theta_{yx} \Theta_{xx}^{-1} Y_x

Sources: Chen, Gong, Wang 2021, "Neural Architecture Search on ImageNet in Four GPU Hours" (ICLR; arXiv 2102.11535),
code ``lib/procedures/ntk.py``; Chen and others 2021, "Understanding and Accelerating Neural Architecture
Search with Training-Free and Theory-Grounded Metrics" (arXiv 2108.11939), for the regression error. No ridge.

Settings, as in the authors' code: C = 3 channels and N = 1 cell per stage, the study's image shape and classes,
training mode, PyTorch's default initialisation; 72 images for the condition number, 64 + 64 for the regression, or as
many as the study's batch has.

What differs from the code:

- The mean is over three initialisations. The papers ask for Kaiming initialisation before each of three repeats, but
  the code asks for it by a name that its initialiser ignores, without an error: the weights stay PyTorch's default, and
  in TE-NAS all three repeats share one draw of them with another batch each. Here each repeat is a new default
  draw on the study's batch: the initialisation is the bigger part of the spread, and comparable scores need one batch.
- Images are not augmented, and the network holds one cell's operations rather than a masked supernet.
- Eigenvalues in float64 (the code: float32, with 1e5 in place of NaN, and negative eigenvalues left in). Gradients
  are float32, so singular values of G below about B eps of the largest are rounding: where
  :math:`\lambda_{\min} \le (B \epsilon)^2 \lambda_{\max}`, with eps of float32, the kernel counts as singular and the
  value is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from tfnas.networks.batched import BatchedNetworks
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

CHANNELS = 3
"""Of the first stage."""

CONDITION_IMAGES = 72
"""At most so many images for the condition number."""

REGRESSION_IMAGES = 64
"""At most so many images in each half for the regression."""

SINGULAR = Failure(
    "singular NTK", "The smallest eigenvalue of the kernel is lost in the rounding of float32 gradients, or zero."
)

NO_GRADIENT = Failure(
    "no gradient reaches a weight", "All gradients are zero, and so is the kernel: no path from input to output."
)

ONE_LABEL = Failure(
    "all labels of a half are equal", "Labels less their mean are zero, so there is nothing to predict."
)


def norm_and_layer_weights(networks: BatchedNetworks, cells_only: bool) -> list[tuple[Parameter, Tensor]]:
    """Return all weights, of normalisation too, each with the numbers of its n networks.

    Args:
        networks: G networks.
        cells_only: leave out stem, last normalisation and classifier.
    """
    import torch

    layers = networks.convolutions()[1 if cells_only else 0 :]
    found = [(layer.weight, layer.members) for layer in layers]
    found += [(layer.norm_weight, layer.members) for layer in layers if layer.norm is not None]
    if not cells_only:
        everyone = torch.arange(networks.count, device=networks.norm_weight.device)
        found += [(networks.norm_weight, everyone), (networks.classifier_weight, everyone)]
    return found


def gradients(networks: BatchedNetworks, images: Tensor, weights: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """Return for every weight of n networks the gradients of each image's sum of logits, shape (n, B, values).

    Args:
        networks: G networks in training mode.
        images: one mini-batch, shape (B, channels, H, W).
        weights: of :func:`norm_and_layer_weights`.
    """
    import torch

    # Networks share no weights: the gradient of the sum over networks is each network's own.
    sums = networks(images).sum((0, 2))
    tensors = [weight for weight, _ in weights]
    rows = [torch.autograd.grad(one, tensors, retain_graph=True, materialize_grads=True) for one in sums]
    return [
        torch.stack(column, 0).reshape(len(images), len(members), -1).transpose(0, 1)
        for column, (_, members) in zip(zip(*rows, strict=True), weights, strict=True)
    ]


def kernel(
    one: Sequence[Tensor], other: Sequence[Tensor], weights: Sequence[tuple[Tensor, Tensor]], count: int
) -> Tensor:
    """Return the kernel of two batches for each of G networks, shape (G, B of one, B of other), float64.

    Args:
        one: gradients of the first batch, of :func:`gradients`.
        other: gradients of the second batch.
        weights: whose gradients they are.
        count: G.
    """
    import torch

    total = torch.zeros(count, one[0].shape[1], other[0].shape[1], dtype=torch.float64, device=one[0].device)
    for left, right, (_, members) in zip(one, other, weights, strict=True):
        total.index_add_(0, members, torch.bmm(left.double(), right.double().transpose(1, 2)))
    return total


def singular(eigenvalues: Tensor) -> str:
    """Return why a kernel with these ascending eigenvalues is not clearly positive definite, or an empty string."""
    import torch

    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    if not largest > 0:
        return NO_GRADIENT.reason
    threshold = (len(eigenvalues) * torch.finfo(torch.float32).eps) ** 2
    return "" if smallest > threshold * largest else SINGULAR.reason


def condition_number(theta: Tensor) -> tuple[float, str]:
    """Return the largest over the smallest eigenvalue of a symmetric matrix, or NaN and the reason."""
    import torch

    eigenvalues = torch.linalg.eigvalsh(theta)
    why = singular(eigenvalues)
    return (float("nan"), why) if why else (float(eigenvalues[-1] / eigenvalues[0]), "")


def regression_error(theta_xx: Tensor, theta_yx: Tensor, targets_x: Tensor, targets_y: Tensor) -> tuple[float, str]:
    """Return the squared error of kernel regression per image of y, or NaN and the reason.

    Args:
        theta_xx: kernel of the batch with known targets, shape (B, B).
        theta_yx: kernel of the predicted batch with it, shape (B', B).
        targets_x: known targets, shape (B, classes).
        targets_y: true targets of the predicted batch, shape (B', classes).
    """
    import torch

    if not targets_x.any() or not targets_y.any():
        return float("nan"), ONE_LABEL.reason
    eigenvalues, vectors = torch.linalg.eigh(theta_xx)
    why = singular(eigenvalues)
    if why:
        return float("nan"), why
    predicted = theta_yx @ (vectors @ ((vectors.T @ targets_x) / eigenvalues[:, None]))
    return float((predicted - targets_y).square().sum(1).mean()), ""


def condition_numbers(networks: BatchedNetworks, images: Tensor) -> list[tuple[float, str]]:
    """Return condition number and reason of G networks on one batch."""
    weights = norm_and_layer_weights(networks, cells_only=False)
    rows = gradients(networks, images, weights)
    return [condition_number(theta) for theta in kernel(rows, rows, weights, networks.count).cpu()]


def regression_errors(
    networks: BatchedNetworks, images: Sequence[Tensor], labels: Sequence[Tensor], classes: int
) -> list[tuple[float, str]]:
    """Return regression error and reason of G networks, of x and y batches of images and labels."""
    weights = norm_and_layer_weights(networks, cells_only=True)
    known, asked = (gradients(networks, batch, weights) for batch in images)
    theta_xx = kernel(known, known, weights, networks.count).cpu()
    theta_yx = kernel(asked, known, weights, networks.count).cpu()
    targets = [centred_targets(part, classes) for part in labels]
    return [regression_error(xx, yx, *targets) for xx, yx in zip(theta_xx, theta_yx, strict=True)]


def centred_targets(labels: Tensor, classes: int) -> Tensor:
    """Return one-hot labels less their mean over the batch, shape (B, classes), float64, on the CPU."""
    import torch.nn.functional as F

    hot = F.one_hot(labels.cpu(), classes).double()
    return hot - hot.mean(0)


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    networks = trial.networks(skeleton=replace(trial.skeleton, channels=CHANNELS, cells_per_stage=1))
    pairs = {}
    if "ntk_condition_number" in trial.wanted:
        with trial.only_for("ntk_condition_number"):
            pairs["ntk_condition_number"] = condition_numbers(networks, trial.input(CONDITION_IMAGES))
    if "ntk_regression" in trial.wanted:
        with trial.only_for("ntk_regression"):
            half = min(REGRESSION_IMAGES, len(trial.images) // 2)
            images, labels = trial.input(2 * half).split(half), trial.labels[: 2 * half].split(half)
            pairs["ntk_regression"] = regression_errors(networks, images, labels, trial.skeleton.classes)
    return {
        name: (torch.tensor([value for value, _ in found], dtype=torch.float64), [why for _, why in found])
        for name, found in pairs.items()
    }


FAMILY = Family(
    proxies=(
        Proxy(
            name="ntk_condition_number",
            title="NTK condition number",
            direction=-1,
            formula=r"\lambda_{\max}(\Theta) / \lambda_{\min}(\Theta)",
            needs=("one backward pass per image", "real images"),
            requires=("layers",),
            reference=("chen2021tenas", "authors' code"),
            summary="How unevenly the tangent kernel of a three-channel network lets it learn its images.",
            where=r"$\Theta$ is the matrix of inner products of the images' gradients of the summed logits with "
            r"respect to the weights, and $\lambda$ its eigenvalues",
            batch=f"the first {CONDITION_IMAGES}",
            published_batch="72 (TEG-NAS 64)",
            failures=(SINGULAR, NO_GRADIENT),
        ),
        Proxy(
            name="ntk_regression",
            title="NTK regression error",
            direction=-1,
            formula=r"\frac{1}{|y|} \left\| \Theta_{yx} \Theta_{xx}^{-1} Y_x - Y_y \right\|_F^2",
            needs=("one backward pass per image", "labels", "real images"),
            requires=("layers", "labels"),
            reference=("chen2021tegnas", "authors' code"),
            summary="How badly the tangent kernel of a three-channel network predicts labels of unseen images.",
            where=r"$\Theta_{yx}$ holds the inner products of gradients of two halves $y$ and $x$ of the images, and "
            r"$Y$ their one-hot labels less the mean; "
            r"$F$ marks the Frobenius norm",
            batch=f"the first {REGRESSION_IMAGES} and the next",
            published_batch="64 + 64",
            failures=(SINGULAR, NO_GRADIENT, ONE_LABEL),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    draws=3,
)
