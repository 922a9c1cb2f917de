r"""WRCor: how little the responses of a network to different images correlate, later layers counting more.

A response of a ReLU is what it reads, or the gradient of the mean cross-entropy with respect to that, for one image.
Let :math:`C^A_r` and :math:`C^G_r` of shape (B, B) hold the Pearson correlations between the responses of ReLU r to the
images of a mini-batch, each response being all channels and pixels. With l(r) the number of the block that holds r,

.. math::  K = \sum_r 2^{l(r)} \left( |C^A_r| + |C^G_r| \right), \qquad score = \ln |\det K|

where absolute values are taken entry by entry. Larger is better. Real images with labels, one forward and one backward
pass, training mode, PyTorch's default initialisation; the first 64 images of the mini-batch, as many as the authors'
code takes. Shapes: K (B, B), float64.

Blocks are the cells and residual blocks, 1 to 17 on the benchmark's skeleton; the last ReLU counts as block 18. A
matrix is left out where an image has a constant response, which correlates with nothing: ReLUs that read zero, and
gradients on dead branches. Each convolution edge has a ReLU of its own: edges that leave one node read the same values,
but have gradients of their own.

Source: Jing, Chen, Xu, Tai, Wang, Li 2025, "Zero-Shot Neural Architecture Search with Weighted Response Correlation"
(arXiv 2507.08841), equations (10) and (11), and the authors' code (``act_grad_cor_weighted.py``).

Where this differs from the code: the code counts blocks from 0, so that its values are lower by B ln 2. It hooks every
module whose class name contains "ReLU", which matches the container ReLU-convolution-normalisation too: it adds the
same activations once more, and the gradient at the output of the convolution. Its last ReLU works in place, so that the
code reads rectified values there. How much that moves the order was not measured. Absolute values make K indefinite for
some networks; the sign of its determinant is then dropped, as in the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks, GroupedConvNorm
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

    Add = Callable[[Tensor, Tensor, "Tensor | int", int], None]

IMAGES = 64
"""So many images are looked at, the first ones of the mini-batch."""

SINGULAR = Failure(
    "singular correlations", "Images have equal responses, or no ReLU has a response: the determinant is zero."
)


def correlations(responses: Tensor, count: int) -> Tensor:
    """Return the absolute correlations between images of each of n networks, zero where an image's are constant.

    Args:
        responses: shape (B, n*C, H, W), in any memory format.
        count: n.

    Returns:
        Shape (n, B, B), float64; the whole matrix of a network is zero where one of its rows is constant.
    """
    rows = responses.detach().reshape(len(responses), count, -1).transpose(0, 1).double()
    rows = rows - rows.mean(2, keepdim=True)
    lengths = rows.norm(dim=2, keepdim=True)
    constant = (lengths == 0).any(1, keepdim=True)
    rows = rows / lengths.masked_fill(constant, 1.0)
    return (rows @ rows.transpose(1, 2)).abs().masked_fill(constant, 0.0)


def log_determinants(kernels: Tensor) -> tuple[Tensor, list[str]]:
    """Return ln |det K| of n symmetric matrices, shape (n,), float64 on the CPU, NaN where singular, and reasons."""
    import torch

    sizes = torch.linalg.eigvalsh(kernels.cpu()).abs()
    lost = sizes.amin(1) <= sizes.shape[1] * torch.finfo(sizes.dtype).eps * sizes.amax(1)
    values = sizes.masked_fill(lost[:, None], torch.nan).log().sum(1)
    return values, [SINGULAR.reason if singular else "" for singular in lost.tolist()]


def visit_responses(networks: BatchedNetworks, images: Tensor, labels: Tensor, add: Add) -> None:
    """Run G networks forward and backward and report what their ReLUs read, and the gradients there.

    Args:
        networks: G networks that observe every ReLU.
        images: shape (B, channels, H, W).
        labels: shape (B,).
        add: called with responses (B, n*C, H, W), the numbers of their n networks, how many ReLUs have these
            responses, and the block, from 1 on.
    """
    import torch

    from tfnas.networks.batched import BatchedCell, BatchedResidual, gather
    from tfnas.networks.module import watching
    from tfnas.proxies.gradients import mean_losses

    block = 1
    read: list[Tensor] = []
    rectified: list[tuple[Tensor, Tensor, int]] = []

    def observe(activations: Tensor, members: Tensor, copies: Tensor) -> None:
        (values,) = gather(read.pop(0), [members], networks.count)
        add(values, members, copies, block)

    def enter(layer: GroupedConvNorm, inputs: tuple[Tensor]) -> tuple[Tensor]:
        own = inputs[0].clone()  # edges that read the same ReLU are told apart
        if not own.requires_grad:
            own.requires_grad_()  # zeros that no weight made
        rectified.append((own, layer.members, block))
        return (own,)

    def leave(number: int, features: Tensor) -> None:
        nonlocal block
        if number <= len(networks.blocks):
            block = number + 1
        else:
            rectified.append((features, torch.arange(networks.count, device=images.device), number))

    for part in networks.blocks:
        assert isinstance(part, BatchedCell | BatchedResidual)
        for layer in part.convolutions.values() if isinstance(part, BatchedCell) else (part.conv_a, part.conv_b):
            layer.register_forward_pre_hook(enter)
    with torch.enable_grad(), watching(networks, relu=lambda values: read.append(values.detach())):
        loss = mean_losses(networks(images, observe, leave), labels).sum()
    outputs = [values for values, _, _ in rectified]
    gradients = torch.autograd.grad(loss, outputs, allow_unused=True, materialize_grads=True)
    for (values, members, number), gradient in zip(rectified, gradients, strict=True):
        add(gradient * (values > 0), members, 1, number)


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    networks = trial.networks(every_relu=True, dtype=trial.images.dtype)
    images, labels = trial.input(IMAGES), trial.labels[:IMAGES]
    kernels = torch.zeros(trial.count, len(images), len(images), dtype=torch.float64, device=trial.device)

    def add(responses: Tensor, members: Tensor, copies: Tensor | int, block: int) -> None:
        weights = torch.as_tensor(copies, device=trial.device).expand(len(members)) * 2.0**block
        kernels.index_add_(0, members, correlations(responses, len(members)) * weights[:, None, None])

    visit_responses(networks, images, labels, add)
    return {"wrcor": log_determinants(kernels)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="wrcor",
            title="WRCor",
            direction=1,
            formula=r"\ln\left|\det\sum_r 2^{l(r)} \left(|C^A_r| + |C^G_r|\right)\right|",
            needs=("one backward pass", "64 real images", "labels"),
            requires=("relus", "stages", "labels"),
            reference=("jing2025wrcor", "equation (11)"),
            summary="How little what ReLUs read, and the gradients there, correlate between images; late blocks count "
            "more.",
            where=r"$C^A_r$ and $C^G_r$ hold the correlations between images of what ReLU $r$ of block $l(r)$ reads, "
            "and of the gradients there",
            batch=f"the first {IMAGES}",
            published_batch="64",
            failures=(SINGULAR,),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    shown=(IMAGES, 0),
)
