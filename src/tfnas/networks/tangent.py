r"""Gradients of every image's sum of logits with respect to all weights of a supernet, without one pass per image.

In training mode images meet in batch normalisation, so image i's gradient runs back through the activations of all
images: B backward passes over B images. Here they are run together, and most of what they would repeat is left out.
Let :math:`\delta` be what arrives at a node for one image's logits, X the patches that a convolution W reads,
:math:`\hat z = r (W X - \mu)` its normalised output, M the number of values normalised together, and 1/k the weight of
the operation on its edge. With the moments

.. math::  S = \sum \delta, \qquad T = \sum \delta X^\top, \qquad \rho = \sum \delta \hat z = r (W T^\top - \mu S)

the gradients are

.. math::  \nabla_\gamma = \frac{\rho}{k}, \qquad
           \nabla_W = \frac{r}{k} \left( T - \frac{S}{M} \sum X^\top - \frac{\rho}{M} \sum \hat z X^\top \right), \qquad
           \nabla_X = \frac{r}{k} W^\top \left( \delta - \frac{S}{M} - \frac{\rho}{M} \hat z \right)

S and T are the same for all convolutions between two nodes; all sums without :math:`\delta` are the same for all
images. The last expression is linear in :math:`\delta`, S and :math:`\rho`: one convolution for all operations that
leave a node, and one product of S and :math:`\rho` with maps that are computed once.

Cotangents have shape (B, I, H, W, C): activations of B images for the logits of I of them, channels last, which is
several times faster for few channels.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tfnas.networks.batched import EPSILON
from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES

CACHED_BYTES = 2**23
"""On a CPU the cotangents at the first node of all images that run together should not exceed this."""

KERNEL = 3
"""Side of the patches; a 1x1 convolution reads their centre."""

CENTRE = KERNEL * KERNEL // 2


class Branch(NamedTuple):
    """A convolution that leaves a node: its weight, the place of its target among those of the fan, and its share."""

    weight: Tensor
    target: int
    share: float


class Fan:
    """ReLU, convolutions, batch normalisation: all that leave one node, and the sums that they bring to others.

    Args:
        x: what they read, (B, channels_in, H, W).
        branches: the convolutions, weights of shape (channels, channels_in, k, k) with k 1 or 3.
        targets: number of nodes they lead to.
        stride: of all of them.
        rectify: with the ReLU; without it nothing is passed back further than the weights, as in the stem.

    Attributes:
        outputs: what arrives at each target, (targets, B, channels, H / stride, W / stride).
    """

    def __init__(self, x: Tensor, branches: Sequence[Branch], targets: int = 1, stride: int = 1, rectify: bool = True):
        self.branches, self.targets, self.stride, self.rectify, self.shape = branches, targets, stride, rectify, x.shape
        if rectify:
            self.open = (x > 0).to(x.dtype)
            x = x * self.open
        full = [F.pad(w, (1, 1, 1, 1)) if w.shape[-1] == 1 else w for w, _, _ in branches]
        self.channels = len(full[0])
        weight = torch.cat(full)
        patches = F.unfold(x, KERNEL, padding=1, stride=stride)
        z = torch.matmul(weight.flatten(1), patches)
        self.values = z.shape[0] * z.shape[2]
        variance, self.mean = torch.var_mean(z, (0, 2), correction=0)
        self.scale = torch.rsqrt(variance + EPSILON)
        normal = (z - self.mean[:, None]) * self.scale[:, None]
        # A last column of ones: the moments T and S are one product.
        self.patches = torch.cat([patches, torch.ones_like(patches[:, :1])], 1).transpose(1, 2).contiguous()
        self.weight = weight.flatten(1)
        self.sums = patches.sum((0, 2))
        self.products = torch.matmul(normal, self.patches[..., :-1]).sum(0)
        height, width = (side // stride for side in x.shape[2:])
        parts = normal.unflatten(2, (height, width)).split(self.channels, 1)
        self.outputs = normal.new_zeros(targets, len(x), self.channels, height, width)
        for part, (_, target, share) in zip(parts, branches, strict=True):
            self.outputs[target].add_(part, alpha=share)
        if rectify:
            self._prepare(weight, normal.unflatten(2, (height, width)))

    def _prepare(self, weight: Tensor, normal: Tensor) -> None:
        """Prepare the convolution of the cotangents, and the maps that the moments are multiplied with."""
        share = normal.new_tensor([share for _, _, share in self.branches]).repeat_interleave(self.channels)
        back = weight * (share * self.scale)[:, None, None, None]
        self.combined = torch.zeros_like(back[: self.channels]).repeat(self.targets, 1, 1, 1)
        for part, (_, target, _) in zip(back.split(self.channels), self.branches, strict=True):
            self.combined[target * self.channels : (target + 1) * self.channels] += part
        ones = normal.new_ones(1, len(self.combined), *normal.shape[2:])
        constant = transposed(ones, self.combined, self.stride, len(self.combined))
        varying = transposed(normal, back, self.stride, len(back))
        maps = torch.cat([constant.expand(len(normal), -1, -1, -1), varying], 1)
        maps = maps.unflatten(1, (len(self.combined) + len(back), -1)).movedim(2, -1)
        self.maps = maps.reshape(*maps.shape[:2], -1)

    def back(self, cotangents: Tensor) -> tuple[Tensor | None, list[Tensor]]:
        """Pass cotangents back.

        Args:
            cotangents: those of all targets, (B, I, height, width, targets * channels), contiguous.

        Returns:
            Cotangents of what was read, (B, I, H, W, channels_in); and the gradients of each branch's weight and
            normalisation weight, (I, values).
        """
        batch, images = cotangents.shape[:2]
        rows = cotangents.permute(1, 4, 0, 2, 3).reshape(images * self.targets * self.channels, -1)
        moments = (rows @ self.patches.flatten(0, 1)).view(images, self.targets, self.channels, -1)
        sums, products = moments[..., -1], moments[..., :-1]
        gradients, along = [], []
        places = torch.arange(len(self.branches) * self.channels).split(self.channels)
        for place, (given, target, share) in zip(places, self.branches, strict=True):
            weight, scale, mean = self.weight[place], self.scale[place], self.mean[place]
            rho = scale * ((products[:, target] * weight).sum(2) - mean * sums[:, target])
            gradient = products[:, target] - sums[:, target, :, None] * self.sums / self.values
            gradient = gradient - rho[..., None] * self.products[place] / self.values
            gradient = gradient * (share * scale)[:, None]
            if given.shape[-1] == 1:
                gradient = gradient.unflatten(2, (-1, KERNEL * KERNEL))[..., CENTRE]
            gradients += [gradient.flatten(1), share * rho]
            along.append(rho)
        if not self.rectify:
            return None, gradients
        factors = torch.cat([sums.flatten(1), *along], 1) / -self.values
        passed = on_channels(cotangents, lambda x: transposed(x, self.combined, self.stride))
        shape = passed.shape
        passed = passed.reshape(batch, images, -1).baddbmm_(factors.expand(batch, -1, -1), self.maps)
        return passed.view(shape).mul_(self.open.movedim(1, -1)[:, None]), gradients


def transposed(x: Tensor, weight: Tensor, stride: int, groups: int = 1) -> Tensor:
    """Return what a convolution of 3 x 3 pixels, zero-padded, passes back of x (B, channels, height, width)."""
    if stride == 1:  # the same as a convolution with the kernel turned round, which is faster
        turned = weight.flip(2, 3)
        turned = turned.transpose(0, 1) if groups == 1 else turned.flatten(0, 1)[:, None]
        return F.conv2d(x, turned, padding=1, groups=groups)
    return F.conv_transpose2d(x, weight, None, stride, 1, stride - 1, groups)


def on_channels(cotangents: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a function of (N, C, H, W) to cotangents (B, I, H, W, C)."""
    found = function(cotangents.flatten(0, 1).permute(0, 3, 1, 2))
    return found.permute(0, 2, 3, 1).contiguous().unflatten(0, cotangents.shape[:2])


class Pooled:
    """The average pooling of 3 x 3 pixels and what it passes back; pixels outside do not count."""

    def __init__(self, like: Tensor):
        self.ones = like.new_ones(like.shape[1], 1, KERNEL, KERNEL)
        self.inside = F.conv2d(like.new_ones(1, 1, *like.shape[2:]), self.ones[:1], padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the same shape."""
        return F.conv2d(x, self.ones, padding=1, groups=len(self.ones)) / self.inside

    def back(self, cotangents: Tensor) -> Tensor:
        """Map cotangents (B, I, H, W, C) to the same shape."""
        shares = cotangents / self.inside[0, 0, :, :, None]
        return on_channels(shares, lambda x: F.conv2d(x, self.ones, padding=1, groups=len(self.ones)))


class CellPass:
    """One mixed cell: its output and, later, what it passes back."""

    def __init__(self, active: Sequence[Sequence[str]], state: dict[str, Tensor], name: str, x: Tensor):
        self.active, self.pool = active, Pooled(x)
        self.fans: list[Fan | None] = []
        nodes = [x, *(torch.zeros_like(x) for _ in range(1, NODES))]
        for source in range(NODES - 1):
            value, branches = nodes[source], []
            for edge, (start, target) in enumerate(EDGES):
                if start != source:
                    continue
                share = 1 / len(active[edge])
                for operation in active[edge]:
                    if operation in CONVOLUTIONS:
                        weight = state[f"{name}.layers.{edge}.{operation}.op.1.weight"]
                        branches.append(Branch(weight, target - source - 1, share))
                    elif operation == "skip_connect":
                        nodes[target] = nodes[target] + share * value
                    else:
                        nodes[target] = nodes[target] + share * self.pool.forward(value)
            fan = Fan(value, branches, NODES - 1 - source) if branches else None
            self.fans.append(fan)
            for place, arrived in enumerate(fan.outputs if fan else ()):
                nodes[source + 1 + place] = nodes[source + 1 + place] + arrived
        self.output = nodes[-1]

    def back(self, cotangents: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Pass cotangents (B, I, H, W, C) back, see :meth:`Fan.back`."""
        arrived = [cotangents]  # of nodes source + 1 .. 3
        gradients: list[Tensor] = []
        for source in reversed(range(NODES - 1)):
            total = None
            if (fan := self.fans[source]) is not None:
                total, own = fan.back(torch.cat(arrived, -1) if len(arrived) > 1 else arrived[0])
                gradients += own
            pooled = None
            for edge, (start, target) in enumerate(EDGES):
                if start != source:
                    continue
                part, share = arrived[target - source - 1], 1 / len(self.active[edge])
                if "skip_connect" in self.active[edge]:
                    total = part * share if total is None else total.add_(part, alpha=share)
                if "avg_pool_3x3" in self.active[edge]:
                    pooled = part * share if pooled is None else pooled.add_(part, alpha=share)
            if pooled is not None:
                total = self.pool.back(pooled) if total is None else total.add_(self.pool.back(pooled))
            assert total is not None
            arrived.insert(0, total)
        return arrived[0], gradients


class ResidualPass:
    """One residual block: its output and, later, what it passes back."""

    def __init__(self, state: dict[str, Tensor], name: str, x: Tensor):
        self.first = Fan(x, [Branch(state[f"{name}.conv_a.op.1.weight"], 0, 1.0)], stride=2)
        self.second = Fan(self.first.outputs[0], [Branch(state[f"{name}.conv_b.op.1.weight"], 0, 1.0)])
        self.weight = state[f"{name}.downsample.1.weight"]
        self.halved = F.avg_pool2d(x, 2)
        self.output = self.second.outputs[0] + F.conv2d(self.halved, self.weight)

    def back(self, cotangents: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Pass cotangents (B, I, H, W, C) back, see :meth:`Fan.back`."""
        middle, second = self.second.back(cotangents)
        assert middle is not None
        total, first = self.first.back(middle)
        assert total is not None
        rows = cotangents.permute(1, 4, 0, 2, 3).reshape(-1, self.halved[:, 0].numel())
        own = rows @ self.halved.transpose(0, 1).flatten(1).T
        shared = cotangents @ (self.weight[:, :, 0, 0] / 4)
        total.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).add_(shared[:, :, :, None, :, None])
        return total, [*first, *second, own.view(cotangents.shape[1], -1)]


def tangent_rows(
    active: Sequence[Sequence[str]], skeleton: Skeleton, state: dict[str, Tensor], images: Tensor
) -> Tensor:
    """Return the gradient of each image's sum of logits with respect to all weights, biases left out.

    Weights are those whose names contain "weight": of convolutions, normalisation and classifier. The network is in
    training mode, as at initialisation (normalisation weights 1, biases 0).

    Args:
        active: names of the operations of each edge.
        skeleton: channels, depth, classes and image shape.
        state: weights, see :func:`tfnas.networks.supernet.supernet_state`.
        images: mini-batch, (B, channels, H, W), of the type and on the device of the weights.

    Returns:
        Shape (B, weights); the order of weights has no meaning.
    """
    stem = Fan(images, [Branch(state["stem.0.weight"], 0, 1.0)], rectify=False)
    x, passes = stem.outputs[0], []
    for number, block in enumerate(skeleton.blocks()):
        name = f"cells.{number}"
        passes.append(CellPass(active, state, name, x) if block.kind == "cell" else ResidualPass(state, name, x))
        x = passes[-1].output

    values = x[:, 0].numel()
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0, keepdim=True)
    scale = torch.rsqrt(variance + EPSILON)
    normal = (x - mean) * scale
    pixels = x[0, 0].numel()
    # Image i's sum of logits reads the last ReLU of image i alone, and through its normalisation all images.
    direct = (normal > 0) * (state["classifier.weight"].sum(0)[:, None, None] / pixels)
    sums, along = direct.sum((2, 3)), (direct * normal).sum((2, 3))
    features = normal.relu().mean((2, 3))
    last = [features.repeat(1, skeleton.classes), along]

    batch = len(images)
    together = batch if images.is_cuda else max(1, CACHED_BYTES // (stem.outputs.numel() * stem.outputs.element_size()))
    rows = []
    for chosen in torch.arange(batch).split(together):
        cotangents = (sums[chosen, :, None, None] + normal[:, None] * along[chosen, :, None, None]) / -values
        cotangents[chosen, torch.arange(len(chosen))] += direct[chosen]
        cotangents = (cotangents * scale).movedim(2, -1).contiguous()
        gradients = [part[chosen] for part in last]
        for one in reversed(passes):
            cotangents, own = one.back(cotangents)
            gradients += own
        gradients += stem.back(cotangents)[1]
        rows.append(torch.cat(gradients, 1))
    return torch.cat(rows)
