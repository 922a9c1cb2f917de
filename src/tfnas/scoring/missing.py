"""What a missing score counts as, wherever cells are ranked."""

import numpy as np


def lowest_where_missing(scores: np.ndarray) -> np.ndarray:
    """Return the scores with non-finite values replaced by the minimum of the finite ones: such cells rank last.

    This is the NaN policy of every ranking, search and correlation of the project. Ties stay ties.
    """
    finite = np.isfinite(scores)
    return np.where(finite, scores, scores[finite].min() if finite.any() else 0.0)
