r"""SWAP in its journal form, for networks with activations of any kind: how many patterns of signs neurons show.

As :mod:`tfnas.proxies.swap`, but A of shape (S, V) holds the signs, -1, 0 or 1, of what *every* ReLU, GELU and SiLU
gives, whatever the number of its dimensions:

.. math::  score = \left| \{ A_{\cdot v} : v = 1, \dots, V \} \right|

At most 3^S patterns exist. Larger is better. No labels, no gradients. The settings are those of ``swap`` and of the
authors' script for convolutional networks: S = 16 real images, weights from N(0, 1), training mode, the mean of 32
initialisations.

Source: Peng, Song, Fayek, Ciesielski, Chang 2026, "Zero-Shot Neural Network Evaluation with Sample-Wise Activation
Patterns" (IEEE Transactions on Pattern Analysis and Machine Intelligence; arXiv 2605.07378), and the authors' code
(``SWAP_Universal``).

What differs from the conference's form: that one counts ReLUs whose input has four dimensions, so that it has no value
for a network of GELUs. Networks of the cell space have no others, and there the two are equal to the bit: take one.
Here ReLU6, leaky and parametric ReLU count as well, and activations that are called as functions. The authors' script
for language models takes 128 sequences and one initialisation by the network's own rules; that is not offered. The
factor that regularises the score is the same as before (``swap_regularised``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Family, Proxy
from tfnas.proxies.swap import IMAGES, distinct_patterns

if TYPE_CHECKING:
    from torch import Tensor

    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial


def sign_patterns(activations: Tensor) -> Tensor:
    """Return the patterns of signs that the neurons of one activation show, each once, as integers.

    Args:
        activations: shape (S, ...) with S up to 39.

    Returns:
        Sums of (1 + sign) 3^i over images i, sorted, int64.
    """
    import torch

    signs = activations.sign().reshape(len(activations), -1).to(torch.int64) + 1
    powers = 3 ** torch.arange(len(activations), device=activations.device)
    return (signs * powers[:, None]).sum(0).unique()


def evaluate(trial: Trial) -> Results:
    """Return raw values; none is undefined."""
    return {"swap_universal": (distinct_patterns(trial), [""] * trial.count)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="swap_universal",
            title="SWAP (journal form)",
            direction=1,
            formula=r"\left|\{A_{\cdot v}\}_{v=1}^{V}\right|",
            needs=("one forward pass", "16 real images"),
            requires=("activations",),
            reference=("peng2026swap", "authors' code"),
            summary="SWAP over activations of any kind; on networks of ReLUs alone it is SWAP.",
            where=r"$A_{\cdot v}$ holds the signs of activation $v$ of $V$ for each image",
            batch=f"the first {IMAGES}",
            published_batch="16",
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    initialisation="normal",
    draws=32,
)
