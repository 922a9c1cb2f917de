r"""VKDNW: how even the spectrum of the Fisher information of a few weights per layer is.

Let theta hold Q entries of the parameters, f_b(theta) the K logits of image b, J_b = d f_b / d theta of shape (K, Q),
and q_b = 0.95 softmax(f_b) + 0.05 / K. The network's own predictive distribution takes the place of labels:

.. math::  F = \frac1B \sum_b J_b^\top \left(\mathrm{diag}(q_b) - q_b q_b^\top\right) J_b

Let d_1 .. d_9 be the deciles (0.1 .. 0.9, interpolated linearly) of the Q singular values of F, and
lambda_k = d_k / (sum_j d_j + 1e-10). Then VKDNW = - sum_k lambda_k log(lambda_k + 1e-10), at most log 9. Larger is
better.

``vkdnw``
    VKDNW of F above, the Fisher information of the smoothed predictive distribution.
``vkdnw_single``
    (number of parameter tensors of the network) + VKDNW: the count orders, VKDNW breaks its ties. Every parameter
    tensor counts, those of edges that cannot reach the output too.
``vkdnw_published``, ``vkdnw_single_published``
    The same with what the authors' code computes. With L the Cholesky factor of diag(q) - q q^T, F is the mean of
    (L^T J)^T (L^T J); the code takes the mean of (L J)^T (L J), which is another matrix.

Which entries: the first 128 parameter tensors in the order of ``named_parameters()`` of the reference network, and of
each p evenly spaced entries, linspace(0, numel - 1, p). The released code leaves p to a notebook that was not released
(the default, 0, selects nothing). Here p = 1, the first entry of each tensor: earlier versions of the authors' code
take exactly this one. On 40 random cells (C = 16, N = 5, 16x16 Gaussian images, 10 classes) ``vkdnw`` at p = 2, 4, 8
has a Spearman correlation of 0.92, 0.73, 0.76 with p = 1, and two initialisations at p = 1 have one of 0.83; for
``vkdnw_single`` all four are above 0.98. Cost grows little up to p = 4 and by half at p = 8.

Entries of edges that cannot reach the output have zero columns in J: they add zeros to the spectrum and so count. Since
the 128 tensors are cut off by position, so does the order of the edges: cells share a score only if they agree in both
(:func:`ordered_class`).

Settings are the publication's: 64 images of standard Gaussian noise, Kaiming fan-in normal weights, biases 0,
normalisation 1 and 0, one draw, evaluation mode with fresh running statistics (mean 0, variance 1), float32; J is
multiplied out, and F and its spectrum found, in float64. The code's 0.05 is a half-precision number (0.04999), here it
is exact. The code gives entropy 0 where the decomposition fails; here a Fisher information that is not finite makes
the value NaN with a reason. Cells that pass no signal have so few non-zero singular values that all deciles may be
zero; their VKDNW is 0 by definition.

Source: Tybl and Neumann 2025, "Training-free Neural Architecture Search through Variance of Knowledge of Deep Network
Weights" (CVPR; arXiv 2502.04975), section II, and the authors' code.

In evaluation mode images do not interact, so one backward pass gives the gradient of one class for all images and all
networks at once. Logits are affine in the D pooled features, so min(K, D) passes suffice. Weights are never
differentiated: the derivative by one entry of a convolution weight is the sum over pixels of one channel of the output
gradient times one shifted channel of the input; those by weight and bias of the normalisation follow from the same
gradient, as long as these are 1 and 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tfnas.proxies.registry import Failure, Family, Proxy
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, Cell

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks, GroupedConvNorm
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

BATCH = 64
"""Gaussian images, as published."""

TENSORS = 128
"""So many parameter tensors are looked at, as published."""

ENTRIES = 1
"""p: entries of each tensor."""

SMOOTHING = 0.05
"""alpha: weight of the uniform distribution."""

NOT_FINITE = Failure(
    "Fisher information is not finite",
    "Activations or gradients exceed float32, as those of a very deep network without batch statistics may.",
)

PAPER = ("vkdnw", "vkdnw_single")
PUBLISHED = ("vkdnw_published", "vkdnw_single_published")


@dataclass
class Site:
    """A tensor of the forward pass from whose gradient derivatives by parameters are read off.

    The derivative by entry e is the sum over pixels of gradient[:, :, rows[e]] * factors[:, :, e].

    Attributes:
        output: the tensor, (B, n*c, H, W).
        members: numbers of its n networks.
        names: of the parameter tensors; their entries, p each, make up e = 0 .. E - 1.
        rows: channels of the gradient, length E.
        factors: (B, n, E, H, W).
    """

    output: Tensor
    members: list[int]
    names: list[str]
    rows: list[int]
    factors: Tensor

    def derivatives(self, gradient: Tensor) -> Tensor:
        """Return the derivatives by all entries, (B, n, E), for a gradient of the shape of ``output``."""
        by_network = gradient.unflatten(1, (len(self.members), -1))
        return (by_network[:, :, self.rows] * self.factors).sum((3, 4))


class Probe:
    """One forward pass of G networks in evaluation mode that keeps what derivatives are read off from.

    Args:
        networks: their weights are not differentiated; normalisation has weight 1, bias 0 and statistics 0 and 1.
        images: (B, C, H, W).
        names: of the parameter tensors to look at, for each network in order.
        entries: p, how many entries of each.
    """

    def __init__(self, networks: BatchedNetworks, images: Tensor, names: Sequence[Sequence[str]], entries: int):
        self.networks, self.names, self.entries = networks, names, entries
        self.sites: list[Site] = []
        self._inputs: dict[GroupedConvNorm, Tensor] = {}
        layers = networks.convolutions()
        hooks = [layer.register_forward_pre_hook(self._keep_input) for layer in layers]
        for layer in layers:
            layer.watch = partial(self._read_convolution, layer)
        self.logits = networks(images, visit=self._read_stage).detach()
        for layer, hook in zip(layers, hooks, strict=True):
            layer.watch = None  # else layers and probe hold each other, and the whole graph, until a collection
            hook.remove()

    def jacobian(self) -> Tensor:
        """Return d logits / d entries, (G, B, K, Q), float64; columns that a network does not fill are zero."""
        import torch

        weight = self.networks.classifier_weight
        count, classes, features = weight.shape
        by_class = classes <= features
        if by_class:
            directions = weight.transpose(0, 1).flatten(1)
        else:
            directions = torch.eye(features, dtype=weight.dtype, device=weight.device).repeat(1, count)
        passes = [self._propagate(direction) for direction in directions]

        width = self.entries * max(len(names) for names in self.names)
        found = torch.zeros(count, len(self.pooled), len(directions), width + 1, dtype=torch.float64)
        found = found.to(weight.device)
        for site, *derivatives in zip(self.sites, *passes, strict=True):
            columns = torch.tensor([self._columns(member, site.names, absent=width) for member in site.members])
            values = torch.stack(derivatives).permute(2, 3, 1, 0).double()
            found[torch.tensor(site.members)[:, None], :, :, columns] = values
        found = found[..., :width]
        if not by_class:
            found = weight.double()[:, None] @ found
        self._add_classifier(found)
        return found

    def _propagate(self, direction: Tensor) -> list[Tensor]:
        """Return each site's derivatives of the sum of the pooled features weighted by ``direction``."""
        import torch

        gradients = torch.autograd.grad(
            self.pooled,
            [site.output for site in self.sites],
            direction.expand_as(self.pooled),
            retain_graph=True,
            materialize_grads=True,
        )
        return [site.derivatives(gradient) for site, gradient in zip(self.sites, gradients, strict=True)]

    def _columns(self, member: int, names: Sequence[str], absent: int = -1) -> list[int]:
        """Return the columns of all entries of some tensors; ``absent`` for tensors that are not looked at."""
        starts = {name: place * self.entries for place, name in enumerate(self.names[member])}
        return [starts[name] + entry if name in starts else absent for name in names for entry in range(self.entries)]

    def _add_classifier(self, jacobian: Tensor) -> None:
        """Fill in the derivatives by the classifier's own weight and bias."""
        count, _, classes, _ = jacobian.shape
        pooled = self.pooled.detach().double().unflatten(1, (count, -1))
        features = pooled.shape[2]
        for member, names in enumerate(self.names):
            if "classifier.weight" in names:
                places = chosen_entries(classes * features, self.entries)
                for column, place in zip(self._columns(member, ["classifier.weight"]), places, strict=True):
                    jacobian[member, :, place // features, column] = pooled[:, member, place % features]
            if "classifier.bias" in names:
                places = chosen_entries(classes, self.entries)
                for column, place in zip(self._columns(member, ["classifier.bias"]), places, strict=True):
                    jacobian[member, :, place, column] = 1.0

    def _keep_input(self, layer: GroupedConvNorm, arguments: tuple[Tensor]) -> None:
        self._inputs[layer] = arguments[0].detach()

    def _read_convolution(self, layer: GroupedConvNorm, output: Tensor) -> None:
        members, x = layer.members.tolist(), self._inputs.pop(layer)
        name = f"{layer.conv}.weight"
        if self._looked_at(name, members):
            rows, factors = weight_factors(layer, x, self.entries)
            factors = factors.expand(-1, len(members), -1, -1, -1)
            self.sites.append(Site(output.requires_grad_(), members, [name], rows, factors))
        if layer.norm is not None:
            self._read_normalisation(layer.norm, output, members)

    def _read_normalisation(self, norm: str, values: Tensor, members: list[int]) -> None:
        names = [f"{norm}.weight", f"{norm}.bias"]
        if self._looked_at(names[0], members):
            rows, factors = norm_factors(values.detach(), len(members), self.entries)
            self.sites.append(Site(values.requires_grad_(), members, names, rows, factors))

    def _read_stage(self, number: int, features: Tensor) -> None:
        last = len(self.networks.blocks)
        if number == last:
            self._read_normalisation("lastact.0", features, list(range(self.networks.count)))
        elif number > last:
            self.pooled = features.mean((2, 3)).requires_grad_()

    def _looked_at(self, name: str, members: list[int]) -> bool:
        return any(name in self.names[member] for member in members)


def ordered_class(cell: Cell) -> tuple:
    """Return a key; cells with equal keys have equally distributed Jacobians at initialisation.

    A node is a sum of terms: the cell's input, a convolution (by its number in the order of edges, which decides which
    tensors are among the first 128), or a pooled sum of terms. The key holds the operation and the input terms of each
    convolution that reaches the output, a mark for each of those that do not, and the terms of the output. A
    convolution of zero counts as a term, since the bias after it acts on the output.
    """
    nodes: list[list[tuple]] = [[("input",)], [], [], []]
    convolutions: list[tuple[str, list[tuple]]] = []
    for operation, (source, target) in zip(cell.operations, EDGES, strict=True):
        terms = sorted(nodes[source])
        if operation in CONVOLUTIONS:
            nodes[target].append(("convolution", len(convolutions)))
            convolutions.append((operation, terms))
        elif operation == "skip_connect":
            nodes[target] += terms
        elif operation == "avg_pool_3x3" and terms:
            nodes[target].append(("pool", *terms))
    live: set[int] = set()

    def visit(terms: Sequence[tuple]) -> None:
        for kind, *rest in terms:
            if kind == "pool":
                visit(rest)
            elif kind == "convolution" and rest[0] not in live:
                live.add(rest[0])
                visit(convolutions[rest[0]][1])

    visit(nodes[-1])
    kept = ((operation, *terms) if n in live else () for n, (operation, terms) in enumerate(convolutions))
    return (*kept, tuple(sorted(nodes[-1])))


def chosen_entries(numel: int, entries: int) -> list[int]:
    """Return ``linspace(0, numel - 1, entries)``, rounded down."""
    import torch

    return torch.linspace(0, numel - 1, entries, dtype=torch.float64).long().tolist()


def weight_factors(layer: GroupedConvNorm, x: Tensor, entries: int) -> tuple[list[int], Tensor]:
    """Return output channels of the chosen entries of a convolution's weight, and the input pixels that they meet.

    Args:
        layer: convolution of n networks.
        x: its input, (B, n*c_in, H, W), or (B, c_in, H, W) if the networks share it.
        entries: E.

    Returns:
        List of length E and tensor (B, n or 1, E, H / stride, W / stride).
    """
    import numpy as np
    import torch
    import torch.nn.functional as F

    size, (height, width) = layer.weight.shape[-1], x.shape[2:]
    shape = (len(layer.weight) // len(layer.members), *layer.weight.shape[1:])
    places = np.unravel_index(chosen_entries(math.prod(shape), entries), shape)
    rows, *rest = (index.tolist() for index in places)
    by_network = x.unflatten(1, (layer.groups, -1))
    planes = []
    for channel, down, right in zip(*rest, strict=True):
        plane = F.pad(by_network[:, :, channel], (size // 2,) * 4)
        planes.append(plane[..., down : down + height : layer.stride, right : right + width : layer.stride])
    return rows, torch.stack(planes, dim=2)


def norm_factors(values: Tensor, members: int, entries: int) -> tuple[list[int], Tensor]:
    """Return channels of the chosen entries of a normalisation's weight and then bias, and their factors.

    With mean 0, variance 1, weight 1 and bias 0 the output is y = values / r, r = sqrt(1 + epsilon). The derivative
    by a weight is the sum of gradient_y * values / r, that by a bias the sum of gradient_y; gradient_y is r times the
    gradient of ``values``.

    Args:
        values: input of the normalisation of n networks, (B, n*c, H, W).
        members: n.
        entries: p.

    Returns:
        List of length 2 p and tensor (B, n, 2 p, H, W).
    """
    import torch

    from tfnas.networks.batched import EPSILON

    by_network = values.unflatten(1, (members, -1))
    channels = chosen_entries(by_network.shape[2], entries)
    weight = by_network[:, :, channels]
    return channels + channels, torch.cat([weight, torch.full_like(weight, (1 + EPSILON) ** 0.5)], dim=2)


def covariance_factor(logits: Tensor) -> Tensor:
    """Return the Cholesky factor L of diag(q) - q q^T with q = 0.95 softmax(logits) + 0.05 / K.

    With t_j the sum of q_i over i > j: L_jj = sqrt(q_j t_j / (q_j + t_j)), L_ij = - q_i L_jj / t_j below it. The last
    column is zero, since the matrix has rank K - 1.

    Args:
        logits: (..., K).

    Returns:
        (..., K, K), float64.
    """
    import torch
    import torch.nn.functional as F

    q = logits.double().softmax(-1) * (1 - SMOOTHING) + SMOOTHING / logits.shape[-1]
    from_here = q.flip(-1).cumsum(-1).flip(-1)
    after = F.pad(from_here[..., 1:], (0, 1))
    diagonal = (q * after / from_here).sqrt()
    scale = torch.where(after > 0, diagonal / after, 0.0)
    return (-q[..., :, None] * scale[..., None, :]).tril(-1) + torch.diag_embed(diagonal)


def fisher(jacobian: Tensor, factor: Tensor) -> Tensor:
    """Return the mean over images of (factor J)^T (factor J).

    Args:
        jacobian: (G, B, K, Q).
        factor: (G, B, K, K).

    Returns:
        (G, Q, Q).
    """
    rows = (factor @ jacobian).flatten(1, 2)
    return rows.transpose(1, 2) @ rows / jacobian.shape[1]


def decile_entropy(values: Tensor) -> Tensor:
    """Return the entropy of the nine deciles of values (Q,), divided by their sum."""
    import torch

    deciles = torch.quantile(values, torch.arange(1, 10, dtype=values.dtype, device=values.device) / 10)
    shares = deciles / (deciles.sum() + 1e-10)
    return -(shares * (shares + 1e-10).log()).sum()


def entropies(matrices: Tensor, sizes: Sequence[int]) -> tuple[Tensor, list[str]]:
    """Return VKDNW and reasons of G Fisher matrices (G, Q, Q), of which the first ``size`` rows and columns count."""
    import torch

    values, reasons = [], []
    for matrix, size in zip(matrices.cpu(), sizes, strict=True):
        finite = bool(matrix.isfinite().all())
        # F is symmetric: its singular values are the absolute eigenvalues.
        spectrum = torch.linalg.eigvalsh(matrix[:size, :size]).abs() if finite else matrix.new_full((size,), torch.nan)
        values.append(decile_entropy(spectrum))
        reasons.append("" if finite else NOT_FINITE.reason)
    return torch.stack(values), reasons


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons of the wanted proxies."""
    import torch

    names: list[list[str]] = []

    def note(state: dict[str, Tensor]) -> dict[str, Tensor]:
        names.append([name for name in state if "running" not in name])
        return state

    networks = trial.networks(initialisation="kaiming_fan_in", change=note).requires_grad_(False).eval()
    shape = (trial.skeleton.image_channels, trial.skeleton.image_size, trial.skeleton.image_size)
    images = trial.gaussian("vkdnw", BATCH, *shape).contiguous(memory_format=trial.memory_format)
    looked_at = [list_[:TENSORS] for list_ in names]
    probe = Probe(networks, images, looked_at, ENTRIES)
    jacobian = probe.jacobian()
    factor = covariance_factor(probe.logits)

    results: Results = {}
    counts = torch.tensor([len(list_) for list_ in names], dtype=torch.float64)
    sizes = [ENTRIES * len(list_) for list_ in looked_at]
    for (entropy, single), root in ((PAPER, factor.transpose(-1, -2)), (PUBLISHED, factor)):
        if trial.wanted.isdisjoint((entropy, single)):
            continue
        with trial.only_for(entropy, single):
            values, reasons = entropies(fisher(jacobian, root), sizes)
        results[entropy] = (values, reasons)
        results[single] = (values + counts, reasons)
    return results


_ENTROPY = r"-\sum_{k=1}^{9}\lambda_k\log(\lambda_k+10^{-10})"
_DECILES = r"$\lambda_k$ are the deciles of the singular values of the Fisher information, divided by their sum"
_WITH_TENSORS = r"$\aleph$ is the number of parameter tensors, and " + _DECILES

_proxy = partial(
    Proxy,
    direction=1,
    needs=("one forward and min(K, D) backward passes", "Gaussian input"),
    requires=("layers",),
    batch=f"{BATCH}, Gaussian",
    published_batch="64, Gaussian",
    failures=(NOT_FINITE,),
)
"""What all members of the family have in common."""

FAMILY = Family(
    proxies=(
        _proxy(
            name="vkdnw",
            title="VKDNW",
            formula=_ENTROPY,
            reference=("tybl2025vkdnw", "section II"),
            summary="How even the spectrum of the Fisher information of one weight per parameter tensor is.",
            where=_DECILES,
        ),
        _proxy(
            name="vkdnw_single",
            title="VKDNW single",
            formula=r"\aleph" + _ENTROPY,
            reference=("tybl2025vkdnw", "section II"),
            summary="Number of parameter tensors, ties broken by VKDNW.",
            where=_WITH_TENSORS,
        ),
        _proxy(
            name="vkdnw_published",
            title="VKDNW (as published in code)",
            formula=_ENTROPY,
            reference=("tybl2025vkdnw", "authors' code"),
            summary="VKDNW with the Cholesky factor where its transpose belongs, as the authors' code has it.",
            where=_DECILES,
        ),
        _proxy(
            name="vkdnw_single_published",
            title="VKDNW single (as published in code)",
            formula=r"\aleph" + _ENTROPY,
            reference=("tybl2025vkdnw", "authors' code"),
            summary="Number of parameter tensors, ties broken by VKDNW as the authors' code has it.",
            where=_WITH_TENSORS,
        ),
    ),
    needs=frozenset({"cell"}),
    same_score=ordered_class,
    distinct=6813,
    evaluate=evaluate,
    initialisation="kaiming_fan_in",
)
