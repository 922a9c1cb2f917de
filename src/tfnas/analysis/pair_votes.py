r"""How many pairs of cells the majority vote of several proxies decides rightly, as Abdelfattah et al. 2021 count it.

Of a pair of cells with different accuracies the vote says that a is better than b if more than half of the scores are
larger for a. The agreement is the share of pairs in which that is true. It is no rank correlation: an agreement p is
comparable with Kendall's :math:`\tau` as 2p - 1, for p is 1/2, not 0, where scores know nothing.

The authors' notebook decides each pair for one of the two cells, for the second one of the table where the scores are
tied. Here a pair that the vote does not decide, because of ties, counts half: the order of rows does not matter.

Source: SamsungLabs/zero-cost-nas, notebooks/nas_examples.ipynb, ``vote``. No torch is imported.
"""

from typing import NamedTuple

import numpy as np

CHUNK = 500
"""Cells that are compared with all others at a time, so that a vote takes megabytes."""


class Agreement(NamedTuple):
    """The share of pairs decided rightly (undecided ones count half), the number of pairs, and the undecided share."""

    share: float
    pairs: int
    undecided: float


def pair_agreement(scores: np.ndarray, accuracies: np.ndarray) -> Agreement:
    """Return how many pairs of cells with different accuracies a majority vote decides rightly.

    Scores have shape (m, n), m odd, and no NaN, larger is better; accuracies are finite, shape (n,).

    Raises:
        ValueError: m is even.
    """
    members, cells = scores.shape
    if members % 2 == 0:
        raise ValueError(f"A majority vote needs an odd number of members, not {members}.")
    order = np.argsort(accuracies, kind="stable")
    accuracies = accuracies[order]
    ranks = np.stack([np.unique(score, return_inverse=True)[1].astype(np.int32) for score in scores[:, order]])
    worse = np.searchsorted(accuracies, accuracies)  # cells of lower accuracy than each cell, which stand before it
    right = wrong = 0
    for start in range(0, cells, CHUNK):
        stop = min(start + CHUNK, cells)
        own, others = ranks[:, start:stop, None], ranks[:, None, : worse[stop - 1]]
        pair = np.arange(others.shape[2]) < worse[start:stop, None]
        right += int(np.count_nonzero((((own > others).sum(axis=0, dtype=np.int8)) > members // 2) & pair))
        wrong += int(np.count_nonzero((((own < others).sum(axis=0, dtype=np.int8)) > members // 2) & pair))
    pairs = int(worse.sum())
    undecided = pairs - right - wrong
    if not pairs:
        return Agreement(float("nan"), 0, float("nan"))
    return Agreement(float((right + undecided / 2) / pairs), pairs, float(undecided / pairs))
