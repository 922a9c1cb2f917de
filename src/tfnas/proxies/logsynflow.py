r"""logsynflow: synflow with the logarithm of each gradient, the trainability term of FreeREA.

As :mod:`tfnas.proxies.synflow` (normalisation disabled everywhere, absolute weights and biases, an input of ones, R the
sum of the logits), but each gradient is damped:

.. math::  score = \sum_l \sum_i \left| W_{l,i} \, \ln\left(1 + \frac{\partial R}{\partial W_{l,i}}\right) \right|

over the weights of all convolutions and of the classifier. Larger is better. No images, no labels. Initialisation is
Kaiming-normal with fan-out and zero biases, and a score is the mean of three draws, as in the authors' code. A cell
without a path from input to output scores 0.

Source: Cavagnero, Robbiano, Caputo, Averta 2023, "FreeREA: Training-Free Evolution-Based Architecture Search" (WACV;
arXiv 2207.05135), and the authors' code, whose ``ln(1 + gradient)`` is used here (another public version takes
``ln(gradient + 1e-6)``; values differ by less than one per cent).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfnas.proxies.classes import rectifier_class
from tfnas.proxies.registry import Family, Proxy
from tfnas.proxies.synflow import OVERFLOW, explained, flow

if TYPE_CHECKING:
    from tfnas.proxies.registry import Results
    from tfnas.proxies.trial import Trial


def evaluate(trial: Trial) -> Results:
    """Return raw values and reasons."""
    values = flow(trial, "kaiming_fan_out", lambda weight, gradient: (weight * gradient.log1p()).abs())
    return {"logsynflow": explained(values)}


FAMILY = Family(
    proxies=(
        Proxy(
            name="logsynflow",
            title="LogSynFlow",
            direction=1,
            formula=r"\sum_{l,i} \left| W_{l,i} \ln\left(1 + \partial R / \partial W_{l,i}\right) \right|",
            needs=("one backward pass", "input of ones"),
            requires=("layers",),
            reference=("cavagnero2023freerea", "authors' code"),
            summary="SynFlow with the logarithm of each gradient; mean of three initialisations.",
            where=r"normalisation is removed, weights $W_{l,i}$ of layer $l$ and biases are replaced by their absolute "
            r"values, and $R$ is the sum of the logits for an input of ones",
            batch="1, of ones",
            published_batch="1, of ones",
            failures=(OVERFLOW,),
        ),
    ),
    same_score=rectifier_class,
    distinct=5785,
    evaluate=evaluate,
    initialisation="kaiming_fan_out",
    draws=3,
    shown=(1, 0),
)
