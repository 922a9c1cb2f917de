r"""AZ-NAS: the three components that need a network (the fourth is FLOPs; the aggregate is computed from tables).

Features f_0 .. f_n are the outputs of the stem and of every block (18 in the benchmark's skeleton); the final
normalisation and ReLU are not among them. B is the batch size; the layer index l is left out where it is clear.

``az_expressivity``
    Let X of shape (B*H*W, c) hold one feature map with centred columns and p be the eigenvalues of X^T X / (B*H*W)
    divided by their sum. Then s(l) = - sum_i p_i log(p_i + 1e-8), and expressivity is the sum of s(l) over l = 0 .. n.
``az_progressivity``
    min over l = 1 .. n of s(l) - s(l - 1).
``az_trainability``
    For l = 1 .. n let g_out be random signs of the shape of f_l (+-1 with equal odds) and g_in their vector-Jacobian
    product to f_(l-1); where a block halves the resolution, g_in is pixel-unshuffled to that of g_out. With the
    channels of all pixels as rows, A = g_in^T g_out / (B*H*W) and sigma its largest singular value,

    .. math::  score = \frac{1}{n} \sum_l \left(2 - \sigma_l - \frac{1}{\sigma_l + 10^{-6}}\right)

    which is at most 0 (sigma = 1). A block with g_in = g_out passes gradients on unchanged; its term is -inf.

Larger is better for all three. Settings are the publication's: 64 images of standard Gaussian noise, training mode,
Kaiming fan-in normal weights, biases 0, normalisation 1 and 0, one draw, float32. Images and signs depend on the
study's seed and on nothing else, so that all cells see the same. No labels, no real images.

Source: Lee and Ham 2024, "AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search" (CVPR; arXiv
2403.19232), section 3, and the authors' code. Two departures, which move ranks at the bottom alone: the code turns NaN
into -inf and keeps -inf, here both are NaN with a reason and rank with the lowest finite value; the code finds
eigenvalues in float32, where one that ought to be zero may come out below -1e-8 and make the entropy NaN, here
covariances and eigenvalues are float64.

A cell that passes no signal makes constant features, so expressivity and progressivity are undefined. Its
trainability is finite, as in the publication: sigma = 0 counts 2 - 10^6.

Blocks are run one by one on detached inputs: a vector-Jacobian product needs the graph of its block only. The
largest singular value is the root of the largest eigenvalue of A^T A, which is exact to rounding for that one.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Shown, Trial

BATCH = 64
"""Gaussian images, as published."""

SPECTRAL = ("az_expressivity", "az_progressivity")
"""The proxies that need no gradient."""

CONSTANT = Failure(
    "constant features", "No channel of a block's features varies, so its spectrum is zero: no path from the input."
)

IDENTITY = Failure(
    "a block is the identity",
    "A block passes gradients on unchanged, so its term is minus infinity: a cell that is its input.",
)


def pixel_rows(values: Tensor, count: int) -> Tensor:
    """Return the channels of every pixel as rows, (count, B*H*W, c), of values (B, count*c, H, W)."""
    return values.unflatten(1, (count, -1)).permute(1, 0, 3, 4, 2).flatten(1, 3)


def covariance(features: Tensor, count: int) -> Tensor:
    """Return the covariance of the channels over images and pixels for each of n networks.

    Args:
        features: (B, n*c, H, W).
        count: n.

    Returns:
        (n, c, c), float64.
    """
    rows = pixel_rows(features, count).double()
    rows = rows - rows.mean(1, keepdim=True)
    return rows.transpose(1, 2) @ rows / rows.shape[1]


def eigenvalues(matrices: list[Tensor]) -> list[Tensor]:
    """Return the eigenvalues, ascending, of symmetric matrices (n, c, c); equal c together in one call."""
    import torch

    found: list[Tensor] = []
    for _, group in groupby(matrices, key=lambda matrix: matrix.shape[-1]):
        found += torch.linalg.eigvalsh(torch.stack(list(group))).unbind()
    return found


def spectral_entropy(spectrum: Tensor) -> Tensor:
    """Return - sum p log(p + 1e-8) with p = spectrum / its sum: (n, c) to (n,); NaN for zeros alone."""
    shares = spectrum / spectrum.sum(1, keepdim=True)
    return -(shares * (shares + 1e-8).log()).sum(1)


def random_signs(seed: int, stage: int, shape: tuple[int, ...]) -> Tensor:
    """Return independent +-1 with equal odds, float32, that depend on seed, stage and shape only."""
    import numpy as np
    import torch

    from tfnas.seeds import child_rng

    count = math.prod(shape)
    octets = np.frombuffer(child_rng(seed, "noise", "az_nas", stage).bytes(-(-count // 8)), np.uint8)
    bits = np.unpackbits(octets, count=count).reshape(shape)
    return torch.from_numpy(bits).float().mul_(2).sub_(1)


def gradient_product(g_in: Tensor, g_out: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return A = g_in^T g_out / (B*H*W), and whether g_in equals g_out exactly, for each of n networks.

    Args:
        g_in: gradients of a block's input, (B, n*c_in, H_in, W_in).
        g_out: gradients of its output, the same for all networks, (B, c, H, W); H divides H_in.
        count: n.

    Returns:
        (n, c_in * (H_in / H)^2, c) in float64, and (n,) of booleans.
    """
    import torch
    import torch.nn.functional as F

    batch, channels, height, width = g_out.shape
    same = torch.zeros(count, dtype=torch.bool, device=g_out.device)
    if g_in.shape[1:] == (count * channels, height, width):
        same = _all_equal(g_in[:1], g_out[:1], count)  # one image nearly always tells
        if same.any():
            same = _all_equal(g_in, g_out, count)
    if g_in.shape[2] != height:
        g_in = F.pixel_unshuffle(g_in, g_in.shape[2] // height)
    product = pixel_rows(g_in, count).transpose(1, 2) @ pixel_rows(g_out, 1)
    return product.double() / (batch * height * width), same


def _all_equal(g_in: Tensor, g_out: Tensor, count: int) -> Tensor:
    return (g_in.unflatten(1, (count, -1)) == g_out[:, None]).all(0).flatten(1).all(1)


def trainability(products: list[Tensor], same: list[Tensor]) -> Tensor:
    """Return the mean term of each network, -inf if a block passes gradients unchanged.

    Args:
        products: A of each block, (n, c_in, c), float64.
        same: whether g_in = g_out in each block, (n,).
    """
    import torch

    squares = eigenvalues([product.transpose(1, 2) @ product for product in products])
    largest = torch.stack([square[:, -1].clamp_min(0).sqrt() for square in squares])
    terms = 2 - largest - 1 / (largest + 1e-6)
    return terms.masked_fill(torch.stack(same), -torch.inf).mean(0)


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons of the wanted proxies; without trainability nothing is differentiated."""
    import torch

    networks = trial.networks(initialisation="kaiming_fan_in").requires_grad_(False)
    shape = (trial.skeleton.image_channels, trial.skeleton.image_size, trial.skeleton.image_size)
    images = trial.gaussian("az_nas", BATCH, *shape).contiguous(memory_format=trial.memory_format)
    spectral, gradients = not trial.wanted.isdisjoint(SPECTRAL), "az_trainability" in trial.wanted
    covariances: list[Tensor] = []
    products: list[Tensor] = []
    same: list[Tensor] = []

    def look(features: Tensor) -> None:
        if spectral:
            with trial.only_for(*SPECTRAL):
                covariances.append(covariance(features.detach(), trial.count))

    with torch.no_grad():
        features = networks.stem(images)
    look(features)
    for stage, block in enumerate(networks.blocks, start=1):
        source = features.detach().requires_grad_(gradients)
        with torch.set_grad_enabled(gradients):
            features = block(source)
        look(features)
        if gradients:
            with trial.only_for("az_trainability"):
                product, equal = propagated_signs(trial, stage, source, features)
                products.append(product)
                same.append(equal)

    results: Results = {}
    if spectral:
        with trial.only_for(*SPECTRAL):
            entropies = torch.stack([spectral_entropy(values) for values in eigenvalues(covariances)]).cpu()
        results["az_expressivity"] = explained(entropies.sum(0), CONSTANT.reason)
        results["az_progressivity"] = explained(entropies.diff(dim=0).amin(0), CONSTANT.reason)
    if gradients:
        with trial.only_for("az_trainability"):
            results["az_trainability"] = explained(trainability(products, same).cpu(), IDENTITY.reason)
    return results


def propagated_signs(trial: Shown, stage: int, source: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Return :func:`gradient_product` of a block that mapped ``source`` to ``features``."""
    import torch

    batch, channels, height, width = features.shape
    per_network = channels // trial.count
    signs = random_signs(trial.noise_seed, stage, (batch, height, width, per_network)).to(source.device, source.dtype)
    g_out = signs.permute(0, 3, 1, 2)
    g_in = torch.zeros_like(source)
    if features.requires_grad:
        for_all = g_out if trial.count == 1 else g_out.repeat(1, trial.count, 1, 1)
        g_in = torch.autograd.grad(features, source, for_all, allow_unused=True, materialize_grads=True)[0]
    return gradient_product(g_in, g_out, trial.count)


def explained(values: Tensor, why: str) -> tuple[Tensor, list[str]]:
    """Return values with NaN for whatever is not finite, and the reason there."""
    import torch

    finite = values.isfinite()
    return values.masked_fill(~finite, torch.nan), ["" if fine else why for fine in finite.tolist()]


FAMILY = Family(
    proxies=(
        Proxy(
            name="az_expressivity",
            title="AZ-NAS expressivity",
            direction=1,
            formula=r"\sum_{l=0}^{n} s_l,\quad s_l = -\sum_i p_{l,i}\log(p_{l,i}+10^{-8})",
            needs=("one forward pass", "Gaussian input"),
            requires=("stages",),
            reference=("lee2024aznas", "section 3"),
            summary="How evenly the features of all blocks spread over their channels' principal directions.",
            where=r"$p_{l,i}$ are the eigenvalues of the covariance between the channels of the features of block $l$, "
            r"divided by their sum, and $l=0$ is the stem",
            batch=f"{BATCH}, Gaussian",
            published_batch="64, Gaussian",
            failures=(CONSTANT,),
        ),
        Proxy(
            name="az_progressivity",
            title="AZ-NAS progressivity",
            direction=1,
            formula=r"\min_{1\le l\le n}\left(s_l - s_{l-1}\right)",
            needs=("one forward pass", "Gaussian input"),
            requires=("stages",),
            reference=("lee2024aznas", "section 3"),
            summary="The smallest gain of expressivity from one block to the next.",
            where=r"$s_l$ is the expressivity of block $l$ of $n$, and $l=0$ is the stem",
            batch=f"{BATCH}, Gaussian",
            published_batch="64, Gaussian",
            failures=(CONSTANT,),
        ),
        Proxy(
            name="az_trainability",
            title="AZ-NAS trainability",
            direction=1,
            formula=r"\frac1n\sum_{l=1}^{n}\left(2-\sigma_l-\frac{1}{\sigma_l+10^{-6}}\right),"
            r"\quad \sigma_l = \left\|g_{l-1}^{\top} g_l\right\|_2 / (BHW)",
            needs=("one vector-Jacobian product per block", "Gaussian input"),
            requires=("stages",),
            reference=("lee2024aznas", "section 3"),
            summary="How close to isometric the blocks pass random gradients back.",
            where=r"$g_l$ holds random signs at the output of block $l$ and $g_{l-1}$ what block $l$ passes back of "
            r"them, channels by $BHW$ pixels of $B$ images, and $\lVert\cdot\rVert_2$ is the largest singular "
            r"value",
            batch=f"{BATCH}, Gaussian",
            published_batch="64, Gaussian",
            failures=(IDENTITY,),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    initialisation="kaiming_fan_in",
)
