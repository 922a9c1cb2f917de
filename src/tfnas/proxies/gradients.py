r"""Proxies from one forward pass of one real mini-batch: gradients of the loss, and the Jacobian at the input.

Networks are in training mode (batch statistics) with PyTorch's default initialisation, in the precision of the images
(float32 in studies); sums over weights are taken in float64. All of them look at the whole mini-batch of the study.
L is the mean cross-entropy of a network over the mini-batch of B images, W_l the weight of convolution or linear layer
l; biases and normalisation are left out, as are layers that cannot reach the output, whose gradients are zero.

From one backward pass of L:

``grad_norm``
    :math:`\sum_l \lVert \partial L/\partial W_l \rVert_2`, a sum of norms, not the norm of the whole gradient.
``snip``
    :math:`\sum_l \sum \lvert W_l \odot \partial L/\partial W_l \rvert`, the gradient at a multiplicative mask of ones.
``plain``
    :math:`\sum_l \sum W_l \odot \partial L/\partial W_l`, signed. Scaling a convolution before a normalisation
    changes nothing (but for the normalisation's epsilon), so such layers add almost nothing.
``fisher``
    With a the raw output of layer l (before normalisation; the logits for the linear layer), d its gradient and
    :math:`g_{nk} = \sum_{hw} a_{nkhw} d_{nkhw}`: :math:`\sum_l P_l \sum_k \frac{1}{2B} \sum_n g_{nk}^2`, where P_l is
    the number of weights of one channel.

From a second derivative, with :math:`g_l = \partial L/\partial W_l`:

``grasp``
    :math:`-\sum_l \langle W_l, (Hg)_l \rangle`, H the Hessian of L over all W_l. The published code differentiates
    :math:`\langle g, stopgrad(g) \rangle`. Here H is moved to the other side and the product rule used:
    :math:`\langle W, Hg \rangle = \langle g, \nabla p \rangle - \lVert g \rVert^2` with :math:`p = \langle W, \nabla L
    \rangle = \sum_l \langle y_l, \partial L/\partial y_l \rangle`, y_l being the output of layer l without bias. This
    is the same number up to rounding, and the gradient of p needs no derivative of weight gradients.

From one backward pass of the sum of all logits of all images, whose gradient at the images is J, one row per image
(normalisation sees the whole mini-batch, so J is not each image's own Jacobian), with R = corrcoef(J), (B, B):

``jacob_cov``
    :math:`-\sum_i [\ln(v_i + k) + 1/(v_i + k)]`, v_i the eigenvalues of R and k = 1e-5. The published code uses the
    general eigensolver; R is symmetric and positive semidefinite, so the symmetric one is used here, in float64, and
    eigenvalues that rounding made negative are set to 0.
``epe_nas``
    With s_c the sum of :math:`\ln(\lvert R_{ij} \rvert + k)` over all pairs (i, j) of images of class c, i = j
    included: :math:`\sum_c \lvert s_c \rvert` for datasets of up to 100 classes. Beyond, s_c is divided by the number
    of images of the class and the value is :math:`\frac{1}{n} \sum_{c, c'} \lvert s_c - s_{c'} \rvert` over the n
    classes that count. numpy's correlation of a single row is the scalar 1: a class with one image has s_c = ln(1 + k)
    in the first form; in the second the published code fails on the scalar's length and skips the class, as here. The
    two forms are different quantities: do not compare values between datasets. A small correlation has a large negative
    logarithm: in the first form a larger value means gradients that correlate less.

Without any pass:

``l2_norm``
    :math:`\sum_l \lVert W_l \rVert_2` of the initial weights, here over all layers of the cell, dead ones included.

grad_norm, snip, plain, grasp, fisher, jacob_cov and l2_norm: Abdelfattah, Mehrotra, Dudziak, Lane 2021, "Zero-Cost
Proxies for Lightweight NAS" (ICLR), and its code; pruning had SNIP from Lee, Ajanthan, Torr 2019 (ICLR), GraSP from
Wang, Zhang, Grosse 2020 (ICLR), and Fisher from Theis and others 2018 and Turner and others 2020 (ICLR). The code takes
another augmented batch of 64 images for every network, and its network has convolution biases in cells; here it is the
benchmark's network, and one batch without augmentation for all. epe_nas: Lopes et al. 2021, "EPE-NAS" (arXiv
2102.08099).

On images of 16 x 16 pixels float32 and float64 agree to a relative 1e-6 (grad_norm, snip, fisher, jacob_cov), 1e-5
(epe_nas, grasp) and 1e-3 (plain, whose terms cancel); on feature maps of a few pixels one ReLU that rounding switches
can move a value by per cents.

Cells count as equal (``same_score``) if their ReLU patterns are equally distributed and they have equally many
convolutions of each kernel size, dead ones included, since l2_norm sees these.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy
from tfnas.spaces.nats_tss import CONVOLUTIONS

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks, GroupedConvNorm
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Shown, Trial
    from tfnas.spaces.nats_tss import Cell

K = 1e-5
"""Added to eigenvalues and correlations before the logarithm, in both publications."""

MANY_CLASSES = 100
"""epe_nas takes its second form for datasets of more classes."""

CONSTANT = Failure(
    "constant Jacobian row",
    "The gradient at an image is constant, so it correlates with nothing: no path from the input.",
)

NO_PAIRS = Failure(
    "no class has two images", "Every class has one image of the batch at most; asked for beyond 100 classes only."
)

FROM_LOSS = ("grad_norm", "snip", "plain", "fisher", "grasp")
FROM_INPUT = ("jacob_cov", "epe_nas")


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons of the wanted proxies."""
    results: Results = {}
    if "l2_norm" in trial.wanted:
        with trial.only_for("l2_norm"):
            results["l2_norm"] = defined(weight_norms(trial))
    if not trial.wanted.isdisjoint(FROM_LOSS + FROM_INPUT):
        results |= _evaluate_passes(trial)
    return results


def _evaluate_passes(trial: Trial) -> Results:
    """Run one forward pass, then the backward passes that the wanted proxies need, in one graph."""
    from tfnas.networks.second_order import TwiceDifferentiable

    wanted = trial.wanted
    mode = TwiceDifferentiable() if "grasp" in wanted else None
    results: Results = {}
    with trial.only_for(*FROM_LOSS, *FROM_INPUT):
        networks = trial.networks(dtype=trial.images.dtype)
        outputs: dict[GroupedConvNorm, Tensor] = {}
        for layer in networks.convolutions() if wanted & {"fisher", "grasp"} else [networks.stem]:
            layer.watch = partial(outputs.__setitem__, layer)
        with mode or nullcontext():
            logits = networks(trial.input())
        for layer in outputs:
            layer.watch = None  # else layer and dictionary hold each other, and the whole graph, until a collection
    if not wanted.isdisjoint(FROM_INPUT):
        with trial.only_for(*FROM_INPUT):
            if mode:
                mode.weights = False
            jacobian = input_jacobian(
                networks, outputs[networks.stem], logits, keep_graph=not wanted.isdisjoint(FROM_LOSS)
            )
            if mode:
                mode.weights = True
            results |= from_jacobian(jacobian, trial, trial.skeleton.classes)
    if not wanted.isdisjoint(FROM_LOSS):
        results |= _from_loss(networks, outputs, logits, trial)
    return results


def from_jacobian(jacobian: Tensor, trial: Shown, classes: int) -> Results:
    """Return what the gradients at the images give, (G, B, values), of networks with so many classes."""
    from tfnas.proxies.trial import require_finite

    require_finite(jacobian, "the gradients at the images")
    correlations = row_correlations(jacobian)
    results: Results = {}
    if "jacob_cov" in trial.wanted:
        results["jacob_cov"] = jacobian_scores(correlations)
    if "epe_nas" in trial.wanted:
        results["epe_nas"] = class_scores(correlations, trial.targets, classes)
    return results


def _from_loss(
    networks: BatchedNetworks, outputs: dict[GroupedConvNorm, Tensor], logits: Tensor, trial: Trial
) -> Results:
    import torch

    wanted = trial.wanted
    weights = networks.weights()
    sums = {name: torch.zeros(trial.count, dtype=torch.float64, device=trial.device) for name in FROM_LOSS}
    with trial.only_for(*FROM_LOSS):
        places = [*outputs.values(), logits] if wanted & {"fisher", "grasp"} else []
        found = torch.autograd.grad(
            mean_losses(logits, trial.labels).sum(),
            [*(weight for weight, _ in weights), *places],
            create_graph="grasp" in wanted,
            allow_unused=True,
            materialize_grads=True,
        )
        gradients, deltas = [gradient.detach() for gradient in found[: len(weights)]], found[len(weights) :]
        del found
        for (weight, members), gradient in zip(weights, gradients, strict=True):
            norm, absolute, signed = weight_sums(weight, gradient, len(members))
            sums["grad_norm"][members] += norm
            sums["snip"][members] += absolute
            sums["plain"][members] += signed
    if "fisher" in wanted:
        with trial.only_for("fisher"), torch.no_grad():
            for (layer, output), delta in zip(outputs.items(), deltas[:-1], strict=True):
                channels = channel_saliencies(output, delta) * layer.weight[0].numel()
                sums["fisher"][layer.members] += channels.reshape(len(layer.members), -1).sum(1)
            channels = channel_saliencies(logits.transpose(0, 1), deltas[-1].transpose(0, 1))
            sums["fisher"] += channels.sum(1) * networks.classifier_weight.shape[2]
    if "grasp" in wanted:
        with trial.only_for("grasp"):
            linear = logits - networks.classifier_bias.detach()[:, None]
            products = product_gradients([weight for weight, _ in weights], [*outputs.values(), linear], deltas)
            for (_, members), gradient, product in zip(weights, gradients, products, strict=True):
                difference = gradient.double() * (gradient.double() - product.double())
                sums["grasp"][members] += difference.reshape(len(members), -1).sum(1)
    return {name: defined(sums[name].cpu()) for name in FROM_LOSS if name in wanted}


def mean_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of each network, shape (G,), of logits (G, B, classes) and labels (B,)."""
    import torch.nn.functional as F

    losses = F.cross_entropy(logits.flatten(0, 1), labels.repeat(len(logits)), reduction="none")
    return losses.view(len(logits), -1).mean(1)


def weight_sums(weight: Tensor, gradient: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what one layer of n networks adds to grad_norm, snip and plain.

    Args:
        weight: networks along the first dimension.
        gradient: of the loss, same shape.
        count: n.

    Returns:
        Norm of the gradient, sum of |weight * gradient|, sum of weight * gradient: each of shape (n,), float64.
    """
    gradient = gradient.double().reshape(count, -1)
    products = weight.detach().double().reshape(count, -1) * gradient
    return gradient.norm(dim=1), products.abs().sum(1), products.sum(1)


def channel_saliencies(outputs: Tensor, deltas: Tensor) -> Tensor:
    """Return the Fisher saliency of each channel: half the mean over images of (sum over pixels of a * d) squared.

    Args:
        outputs: a, raw outputs of a layer, shape (B, ...) or, with pixels, (B, channels, H, W).
        deltas: d, gradient of the loss with respect to a, same shape.

    Returns:
        Shape of one image's channels, float64.
    """
    products = outputs * deltas
    if products.ndim == 4:
        products = products.sum((2, 3))
    return products.double().square().mean(0) / 2


def product_gradients(weights: list[Tensor], outputs: list[Tensor], deltas: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the gradient of the sum of <output, delta> over layers with respect to the weights.

    Args:
        weights: of all layers, in any shape.
        outputs: of all layers.
        deltas: gradients of a loss with respect to the outputs, made with ``create_graph``.

    Returns:
        One tensor for each weight, same shape.
    """
    import torch

    # The derivative of <y, d> is d with respect to y and y with respect to d.
    live = [number for number, delta in enumerate(deltas) if delta.requires_grad]
    return torch.autograd.grad(
        [*outputs, *(deltas[number] for number in live)],
        weights,
        [*(delta.detach() for delta in deltas), *(outputs[number].detach() for number in live)],
        allow_unused=True,
        materialize_grads=True,
    )


def input_jacobian(networks: BatchedNetworks, stem: Tensor, logits: Tensor, keep_graph: bool = False) -> Tensor:
    """Return the gradient of the sum of all logits with respect to the images, for each network apart.

    All networks read the same images, so autograd would give the sum over networks: it stops at the output of the
    stem's convolution, whose transpose is then applied for each network.

    Args:
        networks: G networks.
        stem: raw output of the stem's convolution, shape (B, G*C, H, W).
        logits: shape (G, B, classes).
        keep_graph: another backward pass is to follow.

    Returns:
        Shape (G, B, image_channels * H * W).
    """
    import torch

    from tfnas.networks.batched import grouped_convolution

    count = networks.count
    (gradient,) = torch.autograd.grad(
        logits.sum(), stem, retain_graph=keep_graph, allow_unused=True, materialize_grads=True
    )
    with torch.no_grad():
        weight = networks.stem.weight.unflatten(0, (count, -1))
        transposed = weight.transpose(1, 2).flip(3, 4).flatten(0, 1)
        images = grouped_convolution(gradient, transposed, count)
    return images.reshape(len(images), count, -1).transpose(0, 1)


def row_correlations(jacobian: Tensor) -> Tensor:
    """Return the correlation of each pair of rows, as ``numpy.corrcoef``: NaN for constant rows.

    Args:
        jacobian: shape (G, B, D).

    Returns:
        Shape (G, B, B), float64.
    """
    jacobian = jacobian.double()
    rows = jacobian - jacobian.mean(2, keepdim=True)
    norms = rows.norm(dim=2, keepdim=True)
    constant = norms <= 1e-12 * jacobian.norm(dim=2, keepdim=True)
    rows = (rows / norms).masked_fill(constant, float("nan"))
    return (rows @ rows.transpose(1, 2)).clamp(-1, 1)


def jacobian_scores(correlations: Tensor) -> tuple[Tensor, list[str]]:
    """Return jacob_cov of each network, shape (G,), float64, and reasons.

    Args:
        correlations: shape (G, B, B), NaN in rows and columns of constant Jacobian rows.
    """
    import torch

    undefined = correlations.isnan().any(2).any(1)
    identity = torch.eye(correlations.shape[1], dtype=correlations.dtype, device=correlations.device)
    values = torch.linalg.eigvalsh(torch.where(undefined[:, None, None], identity, correlations)).clamp_min(0) + K
    scores = -(values.log() + 1 / values).sum(1)
    return _explained(scores.masked_fill(undefined, float("nan")), CONSTANT.reason)


def class_scores(correlations: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, list[str]]:
    """Return epe_nas of each network, shape (G,), float64, and reasons.

    Args:
        correlations: shape (G, B, B), NaN in rows and columns of constant Jacobian rows.
        labels: shape (B,).
        classes: of the dataset; it decides the form.
    """
    same = labels[:, None] == labels
    entries = correlations.abs().add(K).log().where(same, correlations.new_zeros(()))
    sums = correlations.new_zeros(len(correlations), classes).index_add_(1, labels, entries.sum(2))
    sizes = labels.bincount(minlength=classes)
    if classes <= MANY_CLASSES:
        return _explained(sums.abs().sum(1), CONSTANT.reason)
    counted = sizes > 1
    if not counted.any():
        nothing = correlations.new_full((len(correlations),), float("nan"))
        return _explained(nothing, NO_PAIRS.reason)
    means = sums[:, counted] / sizes[counted]
    return _explained((means[:, :, None] - means[:, None]).abs().sum((1, 2)) / counted.sum(), CONSTANT.reason)


def weight_norms(trial: Trial) -> Tensor:
    """Return l2_norm of the initial weights of each cell, shape (G,), float64; dead layers count."""
    import torch

    from tfnas.networks.reference import initial_state

    norms = []
    for cell, seed in zip(trial.cells, trial.seeds, strict=True):
        state = initial_state(cell, trial.skeleton, torch.Generator().manual_seed(seed))
        norms.append(sum(float(tensor.double().norm()) for tensor in state.values() if tensor.ndim > 1))
    return torch.tensor(norms, dtype=torch.float64)


def defined(values: Tensor) -> tuple[Tensor, list[str]]:
    """Return values, all of which are defined, with no reasons."""
    return values, [""] * len(values)


def _explained(values: Tensor, why: str) -> tuple[Tensor, list[str]]:
    values = values.cpu()
    return values, [why if undefined else "" for undefined in values.isnan().tolist()]


def _cell_class(cell: Cell) -> Hashable:
    kernels = [cell.operations.count(operation) for operation in CONVOLUTIONS]
    return rectifier_class(cell), *kernels


_CODE = "abdelfattah2021zerocost"
_LOSS = r"$L$ is the mean cross-entropy over the mini-batch and $W_l$ the initial weights of layer $l$"

_proxy = partial(Proxy, direction=1, batch="the whole batch", published_batch="64")
"""What the members that look at images have in common."""

FAMILY = Family(
    proxies=(
        _proxy(
            name="grad_norm",
            title="grad_norm",
            formula=r"\sum_l \left\lVert \partial L / \partial W_l \right\rVert_2",
            needs=("one backward pass", "real images", "labels"),
            requires=("layers", "labels"),
            reference=(_CODE, "section 3.2"),
            summary="Norms of the gradients of all layers, added up.",
            where=_LOSS,
        ),
        _proxy(
            name="snip",
            title="SNIP",
            formula=r"\sum_l \sum \left\lvert W_l \odot \partial L / \partial W_l \right\rvert",
            needs=("one backward pass", "real images", "labels"),
            requires=("layers", "labels"),
            reference=(_CODE, "section 3.2"),
            summary="How much the loss changes, to first order, when each weight alone is removed.",
            where=_LOSS,
            origins=("lee2019snip",),
        ),
        _proxy(
            name="plain",
            title="plain",
            formula=r"\sum_l \sum W_l \odot \partial L / \partial W_l",
            needs=("one backward pass", "real images", "labels"),
            requires=("layers", "labels"),
            reference=(_CODE, "authors' code"),
            summary="SNIP with signs: scale-invariant layers cancel out.",
            where=_LOSS,
        ),
        _proxy(
            name="fisher",
            title="Fisher",
            formula=r"\sum_l P_l \sum_k \frac{1}{2B} \sum_n \left(\sum_{hw} a_{nkhw}\,"
            r"\partial L / \partial a_{nkhw}\right)^2",
            needs=("one backward pass", "real images", "labels"),
            requires=("layers", "labels"),
            reference=(_CODE, "section 3.2"),
            summary="How much the loss changes, by its Fisher information, when each channel alone is removed.",
            where=r"$a$ is the output of layer $l$ for image $n$ of $B$ in channel $k$ at pixel $hw$, $P_l$ the number "
            r"of weights of one channel, and $L$ the mean cross-entropy",
            origins=("theis2018fisher", "turner2020blockswap"),
        ),
        _proxy(
            name="grasp",
            title="GraSP",
            formula=r"-\sum_l \sum W_l \odot \left(H\, \partial L / \partial W\right)_l",
            needs=("one backward pass", "a second derivative", "real images", "labels"),
            requires=("layers", "labels", "second derivative"),
            reference=(_CODE, "section 3.2"),
            summary="How much removing weights changes the norm of the gradient, to first order.",
            where=r"$L$ is the mean cross-entropy over the mini-batch, $W$ all weights, $W_l$ those of layer $l$, and "
            r"$H$ the Hessian of $L$",
            origins=("wang2020grasp",),
        ),
        Proxy(
            name="l2_norm",
            title="l2_norm",
            direction=1,
            formula=r"\sum_l \lVert W_l \rVert_2",
            needs=("weights",),
            requires=("layers",),
            reference=(_CODE, "authors' code"),
            summary="Norms of the initial weights of all layers, added up; it counts layers.",
            where=r"$W_l$ are the initial weights of layer $l$",
        ),
        _proxy(
            name="jacob_cov",
            title="jacob_cov",
            formula=r"-\sum_i \left[\ln(v_i + k) + \frac{1}{v_i + k}\right], \quad "
            r"v = \mathrm{eig}(\mathrm{corrcoef}(J))",
            needs=("one backward pass to the input", "real images"),
            requires=("layers",),
            reference=(_CODE, "section 3.2"),
            summary="How little the gradients of different images at the input correlate.",
            where=r"$J$ holds, one row for each image $i$, the gradient of the sum of all logits at the input, and "
            r"$k=10^{-5}$",
            origins=("mellor2020jacobians",),
            failures=(CONSTANT,),
        ),
        _proxy(
            name="epe_nas",
            title="EPE-NAS",
            formula=r"\sum_c \Bigl\lvert \sum_{i, j \in c} \ln(\lvert R_{ij} \rvert + k) \Bigr\rvert, \quad "
            r"R = \mathrm{corrcoef}(J)",
            needs=("one backward pass to the input", "real images", "labels"),
            requires=("layers", "labels"),
            reference=("lopes2021epenas", "section 3"),
            summary="How little the gradients of images of the same class correlate at the input.",
            where=r"$J$ holds, one row for each image, the gradient of the sum of all logits at the input, $c$ runs "
            r"over classes and $i, j$ over the images of one, and $k=10^{-5}$; a small correlation has a large "
            r"negative logarithm, so a larger value means less correlation",
            failures=(CONSTANT, NO_PAIRS),
        ),
    ),
    same_score=_cell_class,
    distinct=6320,
    evaluate=evaluate,
)
