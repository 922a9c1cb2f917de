r"""RBFleX: how far apart a network keeps its images, in what its ReLUs give and in what enters its last layer.

Each of B images passes the network by itself. Let row i of X hold what all ReLUs give for image i, and row i of Y what
enters the last layer. Each column of X and Y is scaled to [0, 1] over the images (to 0 where it is constant). Then

.. math::  K_{ij} = \exp(-\gamma_K \|x_i - x_j\|^2), \qquad Q_{ij} = \exp(-\gamma_Q \|y_i - y_j\|^2), \qquad
           score = B \left( \ln |\det K| + \ln |\det Q| \right)

Shapes: X (B, V), Y (B, F), K and Q (B, B), float64. Larger is better. No labels, no gradients; the first 3 images of
the mini-batch, PyTorch's default initialisation. Networks are in training mode and see one image at a time, so that
normalisation uses the statistics of that image alone, and turns a map of equal pixels into zeros.

Source: Yamasaki, Wang, Luo, Chen, Wang 2025, "RBFleX-NAS: Training-Free Neural Architecture Search Using Radial Basis
Function Kernel and Hyperparameter Detection" (IEEE Transactions on Neural Networks and Learning Systems;
arXiv 2503.22733), and the authors' code for this space. Its number of images is taken, and so are its two
:math:`\gamma`, 2.687e-12 and 1.025e-11. The authors' rule that finds :math:`\gamma` from ten networks is not
offered. Nor does it matter here. With numbers so small K is :math:`1 - \gamma_K D`, and :math:`\gamma_K` adds a
constant to ln det K.

Where this differs from the code: that hooks every module whose class name contains "ReLU", and so counts the output of
each container ReLU-convolution-normalisation as an activation, too; here each ReLU counts once, as the paper says. The
code augments its images (crops, flips). It takes determinants of matrices whose entries all nearly are one; here the
Schur complement of the first image is taken analytically, which loses no digits. So a singular kernel is seen as one,
where the code returns the logarithm of a rounding error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Failure, Family, Proxy

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial

IMAGES = 3
"""So many images are looked at, the first ones of the mini-batch."""

WIDTHS = (2.68690173088039e-12, 1.02460061284506e-11)
"""The two gammas of the authors' code, of the ReLUs and of the input of the last layer."""

SINGULAR = Failure(
    "singular RBF kernel",
    "Images are equal to the network, or one lies between two others in all columns: the determinant is zero.",
)


def distances(values: Tensor, count: int) -> Tensor:
    """Return the squared distances between images after each column is scaled to [0, 1], for n networks.

    Args:
        values: shape (B, n*C, H, W), in any memory format, or (B, n*F).
        count: n.

    Returns:
        Shape (n, B, B), float64.
    """
    import torch

    rows = values.reshape(len(values), count, -1).transpose(0, 1).double()
    low, high = rows.aminmax(dim=1, keepdim=True)
    rows = torch.where(high > low, (rows - low) / (high - low), 0.0)
    return torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").square()


def log_determinant(squares: Tensor, width: float) -> Tensor:
    r"""Return ln det of the kernels :math:`\exp(-\gamma D)` of n networks, shape (n,), NaN where they are singular.

    With the first image apart the determinant is that of
    :math:`S_{ij} = e^{-\gamma (D_{i1} + D_{1j})} (e^{\gamma (D_{i1} + D_{1j} - D_{ij})} - 1)` for i, j > 1.

    Args:
        squares: D, shape (n, B, B), float64.
        width: gamma.
    """
    import torch

    apart = squares[:, 1:, :1] + squares[:, :1, 1:]
    schur = torch.exp(-width * apart) * torch.expm1(width * (apart - squares[:, 1:, 1:]))
    factor, failed = torch.linalg.cholesky_ex(schur)
    pivots = factor.diagonal(dim1=1, dim2=2) ** 2
    lost = pivots.amin(1) <= squares.shape[1] * torch.finfo(pivots.dtype).eps * pivots.amax(1)
    return pivots.log().sum(1).masked_fill(lost | failed.bool(), torch.nan)


def scores(relus: Tensor, last: Tensor) -> tuple[Tensor, list[str]]:
    """Return the score of each of n networks, shape (n,), float64 on the CPU, and why where it has none.

    Args:
        relus: squared distances between images in all ReLUs, shape (n, B, B), float64.
        last: the same in what enters the last layer.
    """
    parts = [log_determinant(squares.cpu(), width) for squares, width in zip((relus, last), WIDTHS, strict=True)]
    values = relus.shape[1] * (parts[0] + parts[1])
    return values, ["" if finite else SINGULAR.reason for finite in values.isfinite().tolist()]


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    import torch

    from tfnas.proxies.trial import require_finite

    networks = trial.networks(every_relu=True, per_image=True)
    images = trial.input(IMAGES)
    total = torch.zeros(trial.count, len(images), len(images), dtype=torch.float64, device=trial.device)
    last = total

    def observe(activations: Tensor, members: Tensor, copies: Tensor) -> None:
        total.index_add_(0, members, distances(activations, len(members)) * copies[:, None, None])

    def leave(number: int, features: Tensor) -> None:
        nonlocal last
        if number > len(networks.blocks):
            last = distances(features.mean((2, 3)), trial.count)

    with torch.no_grad():
        require_finite(networks(images, observe, leave), "the logits")
    return {"rbflex": scores(total, last)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="rbflex",
            title="RBFleX",
            direction=1,
            formula=r"B\left(\ln\left|\det e^{-\gamma_K D_X}\right| + \ln\left|\det e^{-\gamma_Q D_Y}\right|\right)",
            needs=("one forward pass", "3 real images"),
            requires=("relus", "layers"),
            reference=("yamasaki2025rbflex", "authors' code"),
            summary="How far apart three images are in what the ReLUs give and in what enters the last layer.",
            where=r"$D_X$ and $D_Y$ hold the squared distances between the $B$ images in what the ReLUs give and in "
            r"what enters the last layer, each column scaled to $[0, 1]$; exponentials are taken entry by entry, "
            r"with the published widths $\gamma_K$ and $\gamma_Q$",
            batch=f"the first {IMAGES}",
            published_batch="3",
            failures=(SINGULAR,),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    shown=(IMAGES, 0),
)
