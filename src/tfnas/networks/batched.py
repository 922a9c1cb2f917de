"""The engine: a batch of networks with different cells and own weights, run as grouped operations.

G networks share the skeleton and see the same images. Activations have shape (B, G*C, H, W): the channels of network
g are the slice g*C .. (g+1)*C. On each edge the networks that carry the same operation are gathered and run as one
grouped convolution, one batch normalisation (which is per channel, hence per network) or one pooling.

Two savings change no output: the ReLU of a node is computed once for all convolution edges that leave it, and edges
into nodes that cannot reach the output are left out. Autograd works through all of it; the loss of network g depends
on the weights of network g alone, so one backward pass of the summed losses gives every network its own gradient.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tfnas.networks.skeleton import Skeleton
from tfnas.spaces.nats_tss import CONVOLUTIONS, EDGES, NODES, Cell

EPSILON = 1e-5
"""Of batch normalisation, PyTorch's default."""

ROUNDING = 100
"""Where images are normalised alone, what cancels to so many times the machine's precision counts as zero."""

PACKED_CHANNELS = 8
"""So many input channels one group of a convolution on a CPU should have at least."""

CACHED_ROWS = 512
"""Rows of 1024 values whose squares stay in the cache of a CPU until they are summed."""

State = dict[str, Tensor]
Observer = Callable[[Tensor, Tensor, Tensor], None]
"""Called with every ReLU of the networks once: ``observe(activations, networks, copies)``.

``activations``: ReLU outputs of n networks, shape (B, n*C, H, W); ``networks``: their numbers, shape (n,);
``copies``: how many ``nn.ReLU`` modules of each network see exactly this input (one per convolution edge leaving the
node, whether or not that edge reaches the output), shape (n,).
"""


Visitor = Callable[[int, Tensor], None]
"""Called with the output of a stage, (B, G*C, H, W): number 0 is the stem, 1 .. n the n blocks, n + 1 the last ReLU."""


class GroupedConvNorm(nn.Module):
    """Convolution and batch normalisation of n networks at once.

    Args:
        states: the n state dicts.
        conv: name of the convolution inside a state dict.
        norm: name of the normalisation, or None for a bare convolution.
        stride: of the convolution.
        shared_input: all networks read the same (B, channels_in, H, W) input, as the stem does.
        members: numbers of the n networks among all; 0 .. n - 1 if left out.
    """

    members: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        states: Sequence[State],
        conv: str,
        norm: str | None,
        stride: int = 1,
        shared_input: bool = False,
        members: Sequence[int] | None = None,
    ):
        super().__init__()
        self.conv, self.norm, self.stride, self.per_image = conv, norm, stride, False
        self.watch: Callable[[Tensor], None] | None = None
        self.groups = 1 if shared_input else len(states)
        numbers = torch.tensor(range(len(states)) if members is None else members)
        self.register_buffer("members", numbers, persistent=False)
        self.weight = nn.Parameter(joined(states, f"{conv}.weight"))
        if norm is not None:
            self.norm_weight = nn.Parameter(joined(states, f"{norm}.weight"))
            self.norm_bias = nn.Parameter(joined(states, f"{norm}.bias"))
            self.register_buffer("running_mean", joined(states, f"{norm}.running_mean"))
            self.register_buffer("running_var", joined(states, f"{norm}.running_var"))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, n*channels_in, H, W) to (B, n*channels, H / stride, W / stride).

        ``watch``, if set, is called with the output of the convolution, before normalisation.
        """
        x = grouped_convolution(x, self.weight, self.groups, self.stride)
        if self.watch is not None:
            self.watch(x)
        if self.norm is None:
            return x
        return batch_norm(self, x)

    def export(self, number: int, count: int) -> State:
        """Return the tensors of network ``number`` of ``count`` under their names in a state dict."""
        state = {f"{self.conv}.weight": self.weight.chunk(count)[number]}
        if self.norm is not None:
            state[f"{self.norm}.weight"] = self.norm_weight.chunk(count)[number]
            state[f"{self.norm}.bias"] = self.norm_bias.chunk(count)[number]
            state[f"{self.norm}.running_mean"] = self.running_mean.chunk(count)[number]
            state[f"{self.norm}.running_var"] = self.running_var.chunk(count)[number]
        return state


class BatchedCell(nn.Module):
    """The cells of G networks at one place of the skeleton.

    Args:
        cells: the G genotypes.
        states: the G state dicts.
        name: name of the block inside a state dict, ``cells.3`` for example.
        every_relu: also compute nodes that only convolutions off the output path read.
        normalise: with batch normalisation.

    Attributes:
        overwrite: without gradients, nodes are summed in the memory of a convolution's output; switch it off where a
            hook keeps these outputs.
    """

    def __init__(
        self, cells: Sequence[Cell], states: Sequence[State], name: str, every_relu: bool, normalise: bool = True
    ):
        super().__init__()
        self.count, self.overwrite = len(cells), True
        self.convolutions = nn.ModuleDict()
        self.members: list[dict[str, list[int]]] = []
        for edge, (_, target) in enumerate(EDGES):
            members: dict[str, list[int]] = {}
            for number, cell in enumerate(cells):
                needed = target in cell.useful_nodes or (every_relu and relu_copies(cell, target))
                if needed and cell.operations[edge] != "none":
                    members.setdefault(cell.operations[edge], []).append(number)
            self.members.append(members)
            for operation, numbers in members.items():
                if operation in CONVOLUTIONS:
                    self.convolutions[f"{edge}-{operation}"] = GroupedConvNorm(
                        [states[number] for number in numbers],
                        f"{name}.layers.{edge}.op.1",
                        f"{name}.layers.{edge}.op.2" if normalise else None,
                        members=numbers,
                    )
            for operation, numbers in members.items():
                self.register_buffer(f"index_{edge}_{operation}", torch.tensor(numbers), persistent=False)
        for node in range(NODES - 1):
            copies = [relu_copies(cell, node) for cell in cells]
            numbers = [number for number, count in enumerate(copies) if count]
            self.register_buffer(f"relu_networks_{node}", torch.tensor(numbers, dtype=torch.long), persistent=False)
            counts = [copies[number] for number in numbers]
            self.register_buffer(f"relu_copies_{node}", torch.tensor(counts, dtype=torch.long), persistent=False)

    def forward(self, x: Tensor, observe: Observer | None = None) -> Tensor:
        """Map (B, G*C, H, W) to (B, G*C, H, W)."""
        arrived: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(NODES)]
        owned = [False] * NODES
        for source in range(NODES - 1):
            value = x if source == 0 else scatter(x, arrived[source], self.count, owned[source])
            edges = [edge for edge, (start, _) in enumerate(EDGES) if start == source]
            leaving = [(edge, operation) for edge in edges for operation in self.members[edge]]
            rectified, pooled = value, None
            networks = getattr(self, f"relu_networks_{source}")
            if any(operation in CONVOLUTIONS for _, operation in leaving) or (observe is not None and len(networks)):
                rectified = F.relu(value)
            for readers, read in (
                ([pair for pair in leaving if pair[1] in CONVOLUTIONS], rectified),
                ([pair for pair in leaving if pair[1] not in CONVOLUTIONS], value),
            ):
                indices = [getattr(self, f"index_{edge}_{operation}") for edge, operation in readers]
                for (edge, operation), index, part in zip(
                    readers, indices, gather(read, indices, self.count), strict=True
                ):
                    if operation in CONVOLUTIONS:
                        part = self.convolutions[f"{edge}-{operation}"](part)
                        arrived[EDGES[edge][1]].insert(0, (part, index))
                        owned[EDGES[edge][1]] = self.overwrite
                        continue
                    if operation == "avg_pool_3x3" and part is value:
                        part = pooled = average_pool(value) if pooled is None else pooled
                    elif operation == "avg_pool_3x3":
                        part = average_pool(part)
                    arrived[EDGES[edge][1]].append((part, index))
            if observe is not None and len(networks):
                (part,) = gather(rectified, [networks], self.count)
                observe(part, networks, getattr(self, f"relu_copies_{source}"))
        return scatter(x, arrived[-1], self.count, owned[-1])


class BatchedResidual(nn.Module):
    """The residual blocks of G networks at one place of the skeleton."""

    def __init__(self, states: Sequence[State], name: str, normalise: bool = True):
        super().__init__()
        norms = [f"{name}.{part}.op.2" if normalise else None for part in ("conv_a", "conv_b")]
        self.conv_a = GroupedConvNorm(states, f"{name}.conv_a.op.1", norms[0], stride=2)
        self.conv_b = GroupedConvNorm(states, f"{name}.conv_b.op.1", norms[1])
        self.downsample = GroupedConvNorm(states, f"{name}.downsample.1", None)

    def forward(self, x: Tensor, observe: Callable[[Tensor], None] | None = None) -> Tensor:
        """Map (B, G*C, H, W) to (B, G*2C, H/2, W/2)."""
        first = F.relu(x)
        second = F.relu(self.conv_a(first))
        if observe is not None:
            observe(first)
            observe(second)
        return self.conv_b(second) + self.downsample(F.avg_pool2d(x, 2, stride=2))


class BatchedNetworks(nn.Module):
    """G networks with own cells and own weights over one skeleton.

    Args:
        cells: the G genotypes, in any mixture.
        skeleton: shared macro skeleton.
        states: the G state dicts, for example from :func:`tfnas.networks.reference.initial_state`; tensors are copied.
        every_relu: compute whatever any ReLU reads, even off the output path, so that :meth:`forward` may be observed.
        normalise: with batch normalisation; without, each one is the identity.
        per_image: normalise each image by its own mean and variance, as in training mode with batches of one image;
            running statistics are then left alone.

    Weights of edges that cannot reach the output are not held, since they change neither outputs nor gradients.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self,
        cells: Sequence[Cell],
        skeleton: Skeleton,
        states: Sequence[State],
        every_relu: bool = False,
        normalise: bool = True,
        per_image: bool = False,
    ):
        super().__init__()
        if len(cells) != len(states):
            raise ValueError(f"{len(cells)} cells but {len(states)} state dicts: give one state per cell.")
        self.count, self.every_relu, self.normalise = len(cells), every_relu, normalise
        self.stem = GroupedConvNorm(states, "stem.0", "stem.1" if normalise else None, shared_input=True)
        self.blocks = nn.ModuleList(
            BatchedCell(cells, states, f"cells.{number}", every_relu, normalise)
            if block.kind == "cell"
            else BatchedResidual(states, f"cells.{number}", normalise)
            for number, block in enumerate(skeleton.blocks())
        )
        self.norm_weight = nn.Parameter(joined(states, "lastact.0.weight"))
        self.norm_bias = nn.Parameter(joined(states, "lastact.0.bias"))
        self.register_buffer("running_mean", joined(states, "lastact.0.running_mean"))
        self.register_buffer("running_var", joined(states, "lastact.0.running_var"))
        self.classifier_weight = nn.Parameter(torch.stack([state["classifier.weight"] for state in states]))
        self.classifier_bias = nn.Parameter(torch.stack([state["classifier.bias"] for state in states]))
        self.per_image = per_image
        for layer in self.convolutions():
            layer.per_image = per_image

    def forward(self, images: Tensor, observe: Observer | None = None, visit: Visitor | None = None) -> Tensor:
        """Return logits of shape (G, B, classes) for images of shape (B, image_channels, H, W).

        Args:
            images: one mini-batch for all networks.
            observe: called with every ReLU.
            visit: called with what the stem, every block and, last, the final ReLU give.
        """
        if observe is not None and not self.every_relu:
            raise ValueError("These networks leave ReLUs out: build them with every_relu=True to observe them.")
        everyone = torch.arange(self.count, device=images.device)
        observe_all = None if observe is None else lambda values: observe(values, everyone, torch.ones_like(everyone))
        visit = visit or (lambda number, features: None)
        x = self.stem(images)
        visit(0, x)
        for number, block in enumerate(self.blocks, start=1):
            x = block(x, observe if isinstance(block, BatchedCell) else observe_all)
            visit(number, x)
        x = F.relu(batch_norm(self, x) if self.normalise else x)
        visit(len(self.blocks) + 1, x)
        if observe_all is not None:
            observe_all(x)
        features = x.mean((2, 3)).view(len(images), self.count, -1).transpose(0, 1)
        return torch.baddbmm(self.classifier_bias[:, None], features, self.classifier_weight.transpose(1, 2))

    def convolutions(self) -> list[GroupedConvNorm]:
        """Return the convolutions of all networks, stem first and then block by block; ``members`` says whose."""
        return [module for module in self.modules() if isinstance(module, GroupedConvNorm)]

    def weights(self) -> list[tuple[nn.Parameter, Tensor]]:
        """Return convolution weights and, last, the classifier's, each with the numbers of its n networks.

        Networks come along the first dimension: ``weight.view(n, -1)`` has one row per network.
        """
        everyone = torch.arange(self.count, device=self.classifier_weight.device)
        return [(layer.weight, layer.members) for layer in self.convolutions()] + [(self.classifier_weight, everyone)]

    def export(self, number: int) -> State:
        """Return the state dict of one network; weights of edges that cannot reach the output are absent."""
        state: State = {
            "lastact.0.weight": self.norm_weight.chunk(self.count)[number],
            "lastact.0.bias": self.norm_bias.chunk(self.count)[number],
            "lastact.0.running_mean": self.running_mean.chunk(self.count)[number],
            "lastact.0.running_var": self.running_var.chunk(self.count)[number],
            "classifier.weight": self.classifier_weight[number],
            "classifier.bias": self.classifier_bias[number],
            **self.stem.export(number, self.count),
        }
        for block in self.blocks:
            if isinstance(block, BatchedResidual):
                for part in (block.conv_a, block.conv_b, block.downsample):
                    state |= part.export(number, self.count)
                continue
            assert isinstance(block, BatchedCell)
            for edge, members in enumerate(block.members):
                for operation, numbers in members.items():
                    if operation in CONVOLUTIONS and number in numbers:
                        module = block.convolutions[f"{edge}-{operation}"]
                        assert isinstance(module, GroupedConvNorm)
                        state |= module.export(numbers.index(number), len(numbers))
        return {name: tensor.detach().clone() for name, tensor in state.items()}


def joined(states: Sequence[State], name: str) -> Tensor:
    """Return one tensor of all states, one after another along the first dimension."""
    return torch.cat([state[name] for state in states])


def relu_copies(cell: Cell, node: int) -> int:
    """Return how many convolution edges leave a node, each of which begins with a ReLU of the node's value."""
    return sum(source == node and o in CONVOLUTIONS for (source, _), o in zip(EDGES, cell.operations, strict=True))


def grouped_convolution(x: Tensor, weight: Tensor, groups: int, stride: int = 1) -> Tensor:
    """Convolve each of ``groups`` slices of the channels of x with its own kernel, zero-padded to keep the size.

    Groups of fewer than 8 channels are slow on a CPU (they fill no vector register), so there several of them are run
    as one group whose kernel is zero where it would mix them. That changes nothing but the order of rounding, as long
    as all values are finite.

    Args:
        x: (B, groups*channels_in, H, W).
        weight: (groups*channels, channels_in, k, k).
        groups: how many networks.
        stride: of the convolution.
    """
    channels_in, size = weight.shape[1], weight.shape[-1]
    together = min(groups, PACKED_CHANNELS // channels_in) if not x.is_cuda else 1
    if together < 2:
        return F.conv2d(x, weight, stride=stride, padding=size // 2, groups=groups)
    channels = len(weight)
    missing = -groups % together
    if missing:
        x = F.pad(x, (0, 0, 0, 0, 0, missing * channels_in))
        weight = F.pad(weight, (0, 0, 0, 0, 0, 0, 0, missing * channels // groups))
    packs = (groups + missing) // together
    apart = torch.eye(together, dtype=x.dtype).view(1, together, 1, together, 1, 1, 1)
    packed = weight.reshape(packs, together, -1, 1, channels_in, size, size) * apart
    packed = packed.reshape(len(weight), together * channels_in, size, size)
    result = F.conv2d(x, packed, stride=stride, padding=size // 2, groups=packs)
    return result[:, :channels] if missing else result


def average_pool(x: Tensor) -> Tensor:
    """Average the 3 x 3 neighbourhood of every pixel of x (B, channels, H, W), not counting what lies outside.

    On a CPU this is a convolution with ones, whose kernels are up to 9 times as fast as those of the library's pooling.
    """
    if x.is_cuda:
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    ones = x.new_ones(x.shape[1], 1, 3, 3)
    inside = F.conv2d(x.new_ones(1, 1, *x.shape[2:]), ones[:1], padding=1)
    return F.conv2d(x, ones, padding=1, groups=x.shape[1]).div_(inside)


def batch_norm(module: GroupedConvNorm | BatchedNetworks, x: Tensor) -> Tensor:
    """Normalise x (B, n*C, H, W) with the statistics and weights that ``module`` holds.

    Without gradients, on a CPU and in channels-last layout, the batch statistics are taken and applied over rows of
    many pixels, which is several times faster than the library's kernel for few channels; running statistics are
    then left alone.
    """
    if module.per_image:
        return normalise_each_image(x, module.norm_weight, module.norm_bias)
    if not module.training:
        scale = module.norm_weight * torch.rsqrt(module.running_var + EPSILON)
        shift = module.norm_bias - module.running_mean * scale
        return torch.addcmul(shift[:, None, None], x, scale[:, None, None])
    fast = not torch.is_grad_enabled() and not x.is_cuda
    if not (fast and x.is_contiguous(memory_format=torch.channels_last)):
        return F.batch_norm(
            x, module.running_mean, module.running_var, module.norm_weight, module.norm_bias, training=True
        )
    pixels, channels = x.numel() // x.shape[1], x.shape[1]
    wide = math.gcd(pixels, max(1, 1024 // channels))
    rows = x.permute(0, 2, 3, 1).view(pixels // wide, wide * channels)

    sums = rows.new_zeros(2, wide * channels)
    for part in rows.split(CACHED_ROWS):
        ones = part.new_ones(len(part))
        sums[0].addmv_(part.T, ones)
        sums[1].addmv_((part * part).T, ones)
    average, square = sums.view(2, wide, channels).sum(1).div_(pixels)
    variance = (square - average * average).clamp_min_(0)
    scale = module.norm_weight * torch.rsqrt(variance + EPSILON)
    shift = module.norm_bias - average * scale
    torch.addcmul(shift.repeat(wide), rows, scale.repeat(wide), out=rows)
    return x


def gather(x: Tensor, indices: Sequence[Tensor], count: int) -> Sequence[Tensor]:
    """Return the channels of some of ``count`` networks, once per index.

    Args:
        x: (B, count*C, H, W).
        indices: numbers of n networks each, shape (n,).
        count: number of networks.

    Returns:
        (B, n*C, H, W) per index; ``x`` itself where all networks are wanted.
    """
    some = [index for index in indices if len(index) < count]
    parts = iter(_Gather.apply(x, count, some)) if some else iter(())
    return [x if len(index) == count else next(parts) for index in indices]


def scatter(like: Tensor, parts: Sequence[tuple[Tensor, Tensor]], count: int, owned: bool = False) -> Tensor:
    """Return the sum of parts, each put where its networks belong: the adjoint of :func:`gather`.

    Args:
        like: tells the shape of the result, (B, count*C, H, W).
        parts: pairs of (B, n*C, H, W) and the numbers of its n networks, shape (n,).
        count: number of networks.
        owned: nobody else reads the first part, so that the sum may take its place where no gradient is asked for.
    """
    if parts and all(len(index) == count for _, index in parts):
        add = torch.Tensor.add_ if owned and not torch.is_grad_enabled() else torch.add
        return functools.reduce(add, (part for part, _ in parts))
    if not parts:
        return torch.zeros_like(like)
    return _Scatter.apply(count, [index for _, index in parts], *(part for part, _ in parts))


class _Gather(torch.autograd.Function):
    """Several selections whose gradients are summed in place, without one zero tensor for each."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, count: int, indices: list[Tensor]) -> tuple[Tensor, ...]:
        ctx.count, ctx.indices = count, indices
        by_network = x.unflatten(1, (count, -1))
        return tuple(by_network.index_select(1, index).flatten(1, 2) for index in indices)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _Scatter.apply(ctx.count, ctx.indices, *gradients), None, None


class _Scatter(torch.autograd.Function):
    """Sum in place into one zero tensor."""

    @staticmethod
    def forward(ctx: Any, count: int, indices: list[Tensor], *parts: Tensor) -> Tensor:
        ctx.count, ctx.indices = count, indices
        batch, channels, height, width = parts[0].shape
        per_network = channels // len(indices[0])
        total = parts[0].new_zeros(batch, count, per_network, height, width)
        for part, index in zip(parts, indices, strict=True):
            total.index_add_(1, index, part.reshape(batch, len(index), per_network, height, width))
        return total.flatten(1, 2)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *_Gather.apply(gradient, ctx.count, ctx.indices)


def normalise_each_image(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Normalise each channel of each image of x (B, C, H, W) by its own mean and variance; weight and bias (C,)."""
    return _NormaliseEachImage.apply(x, weight, bias)


class _NormaliseEachImage(torch.autograd.Function):
    """Normalise each channel of each image by its own mean and variance.

    A constant map, and a gradient that normalisation cancels, become zero up to rounding (of values of size one); here
    they become zero, since the sign of a rounding error would pass for that of a gradient.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
        scale = torch.rsqrt(variance + EPSILON)
        scale = scale.masked_fill_(variance.sqrt() <= ROUNDING * torch.finfo(x.dtype).eps * (1 + mean.abs()), 0)
        normal = (x - mean).mul_(scale)
        ctx.save_for_backward(normal, scale, weight)
        return torch.addcmul(bias[:, None, None], normal, weight[:, None, None])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        normal, scale, weight = ctx.saved_tensors
        mean = gradient.mean((2, 3), keepdim=True)
        along = (gradient * normal).mean((2, 3), keepdim=True)
        left = torch.addcmul(gradient - mean, normal, along, value=-1)
        largest = gradient.abs().amax((2, 3), keepdim=True)
        left.masked_fill_(left.abs() <= ROUNDING * torch.finfo(left.dtype).eps * largest, 0)
        pixels = gradient[0, 0].numel()
        sums = (pixels * part.sum((0, 2, 3)) for part in (along, mean))
        return left.mul_(scale * weight[:, None, None]), *sums
