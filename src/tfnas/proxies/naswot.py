r"""NASWOT: how differently the ReLUs of an untrained network switch for different images.

For ReLU module m and image i let :math:`c^m_i \in \{0, 1\}^{N_m}` tell which of its N_m inputs are positive, and let
C^m of shape (B, N_m) hold the codes of a mini-batch. Then

.. math::  K = \sum_m C^m {C^m}^T + (1 - C^m)(1 - C^m)^T, \qquad score = \ln |\det K|

so that K_ij = N_A - Hamming(c_i, c_j) with N_A = sum of N_m. Shape of K: (B, B). Larger is better. No labels, no
gradients; one real mini-batch, networks in training mode (batch statistics), PyTorch's default initialisation.

Source: Mellor, Turner, Storkey, Crowley 2021, "Neural Architecture Search without Training" (ICML; arXiv 2006.04647
**v3**; version 1 defines a different score), section 3 and Algorithm 1.

Two variants:

``naswot``
    The definition: every ``nn.ReLU`` once. This is what "NASWOT" means in this project.
``naswot_published``
    What the authors' code computes. It hooks every module whose class name contains "ReLU", which matches the
    container ReLU-convolution-normalisation as well as the ReLU inside it: every ReLU but the last counts twice,
    K_published = 2 K - K_last. Scores are higher by about B ln 2.

One product per distinct ReLU input suffices: with P = C C^T and r = diag(P), K = N - r_i - r_j + 2 P. Codes are int8
and the product accumulates in int32, so K is exact. All convolution edges that leave a node rectify the same values;
the node is computed once and its kernel counted once per edge. Dead branches count, as in the definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.networks.batched import BatchedNetworks
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial


STRIP = 32
"""Columns of a product of codes that a CPU computes at once."""

SINGULAR = Failure(
    "singular kernel", "Images have equal codes, or codes that depend on each other: the determinant is zero."
)


def code_kernel(activations: Tensor, count: int) -> Tensor:
    """Return the kernel of one ReLU for each of n networks.

    Args:
        activations: outputs of the ReLU, shape (B, n*C, H, W), in any memory format; a code bit is one where they are
            not zero, that is, positive.
        count: n.

    Returns:
        N - Hamming distance for each pair of images, shape (n, B, B), float64, exact integers.
    """
    import torch

    batch = len(activations)
    if count == 1:
        codes = activations.to(torch.bool).view(torch.int8)
        # The order of bits does not matter as long as all images share it: flatten in memory order, without a copy.
        if codes.is_contiguous(memory_format=torch.channels_last):
            codes = codes.permute(0, 2, 3, 1)
        codes = codes.reshape(batch, -1)
        length = codes.shape[1]
        product = _int8_product(codes)[None].double()
    else:
        codes = activations.reshape(batch, count, -1).transpose(0, 1).ne(0).float()
        length = codes.shape[2]
        product = torch.bmm(codes, codes.transpose(1, 2)).double()
    ones = product.diagonal(dim1=1, dim2=2).clone()
    return product.mul_(2).sub_(ones[:, :, None]).sub_(ones[:, None, :] - length)


def _int8_product(codes: Tensor) -> Tensor:
    import torch

    if codes.is_cuda:
        # CUDA's int8 product wants more than 16 rows and inner dimensions divisible by eight.
        if len(codes) <= 16 or len(codes) % 8 or codes.shape[1] % 8:
            return codes.double() @ codes.double().T
        return torch._int_mm(codes, codes.T)
    # The product is symmetric: strips from the diagonal down suffice.
    product = torch.empty(len(codes), len(codes), dtype=torch.int32)
    for start in range(0, len(codes), STRIP):
        strip = torch._int_mm(codes[start:], codes[start : start + STRIP].T)
        product[start:, start : start + STRIP] = strip
        product[start : start + STRIP, start:] = strip.T
    return product


def log_determinant(kernel: Tensor) -> tuple[float, str]:
    """Return ln |det K| and an empty reason, or NaN and the reason when K is singular.

    K is positive semidefinite, so its determinant is the product of the squared pivots of its Cholesky factor; it is
    singular when a pivot is lost in rounding.

    Args:
        kernel: symmetric positive semidefinite, shape (B, B), float64.
    """
    import torch

    factor, failed = torch.linalg.cholesky_ex(kernel)
    pivots = factor.diagonal() ** 2
    if not failed and pivots.min() > len(kernel) * torch.finfo(kernel.dtype).eps * pivots.max():
        return float(pivots.log().sum()), ""
    rank = int(torch.linalg.matrix_rank(kernel, hermitian=True))
    return float("nan"), f"{SINGULAR.reason}: rank {rank} of {len(kernel)}"


def kernels(networks: BatchedNetworks, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the kernel summed over every ReLU, and that of the last ReLU alone, each of shape (G, B, B), float64.

    Args:
        networks: G networks in training mode.
        images: one mini-batch, shape (B, C, H, W).
    """
    import torch

    from tfnas.proxies.trial import require_finite

    batch = len(images)
    total = torch.zeros(networks.count, batch, batch, dtype=torch.float64, device=images.device)
    last = total

    def observe(activations: Tensor, members: Tensor, copies: Tensor) -> None:
        nonlocal last
        last = code_kernel(activations, len(members))
        total.index_add_(0, members, last * copies[:, None, None])

    with torch.no_grad():
        require_finite(networks(images, observe), "the logits")
    return total, last


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons of both variants."""
    import torch

    total, last = (kernel.cpu() for kernel in kernels(trial.networks(every_relu=True), trial.input()))
    results = {}
    for name, kernel in (("naswot", total), ("naswot_published", 2 * total - last)):
        if name not in trial.wanted:
            continue
        with trial.only_for(name):
            pairs = [log_determinant(matrix) for matrix in kernel]
        values = torch.tensor([value for value, _ in pairs], dtype=torch.float64)
        results[name] = (values, [why for _, why in pairs])
    return results


FAMILY = Family(
    proxies=(
        Proxy(
            name="naswot",
            title="NASWOT",
            direction=1,
            formula=r"\ln\left|\det\sum_m \left(C^m {C^m}^{\top} + (1-C^m)(1-C^m)^{\top}\right)\right|",
            needs=("one forward pass", "real images"),
            requires=("relus",),
            reference=("mellor2021naswot", "section 3"),
            summary="How differently the ReLUs switch for different images; every ReLU module counts once.",
            where=r"row $i$ of $C^m$ says which inputs of ReLU $m$ are positive for image $i$",
            batch="the whole batch",
            published_batch="128",
            failures=(SINGULAR,),
        ),
        Proxy(
            name="naswot_published",
            title="NASWOT (as published in code)",
            direction=1,
            formula=r"\ln\left|\det\left(2K - K_{\mathrm{last}}\right)\right|",
            needs=("one forward pass", "real images"),
            requires=("relus",),
            reference=("mellor2021naswot", "authors' code"),
            summary="NASWOT with convolution containers counted as ReLUs too, as the authors' code does.",
            where=r"$K$ is the kernel of NASWOT and $K_{\mathrm{last}}$ the part of the last ReLU",
            batch="the whole batch",
            published_batch="128",
            failures=(SINGULAR,),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
)
