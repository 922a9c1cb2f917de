"""Bayesian optimisation of a few numbers by a Gaussian process: the part that HNAS and RoBoT share, no search itself.

Both searches were published with version 1 of the package ``bayes_opt``: scikit-learn's Gaussian process with a Matern
5/2 kernel of one length scale, 1e-6 added to the diagonal, targets normalised; the next point has the largest expected
improvement (xi = 0) or upper confidence bound (kappa = 2.576). The same model is used here, to the last digit of what
scikit-learn computes but without its checks of every call, with two shortcuts that make a run some fifty times faster.
They led RoBoT to the same cells about as often (six proxies, ImageNet16-120: the same cell in 92 of 120 runs, and in 50
of 60 with the procedure of ``bayes_opt``):

* the length scale is tuned after 2, 4, 8, 16 ... observations, to the most likely of a grid from 0.01 to 100
  (``bayes_opt``: after each observation, six gradient ascents between 1e-5 and 1e5);
* the acquisition is maximised over 512 fresh random points (``bayes_opt``: 10,000 of them, then ten gradient ascents).
  Ascents often end on the border of the box, so the points are drawn from a box of twice the size and clipped: each
  coordinate is at a bound with probability one half.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

CANDIDATES = 512
"""Random points over which the acquisition is maximised."""

KAPPA = 2.576
"""Standard deviations that the upper confidence bound adds to the mean."""

NOISE = 1e-6
"""What is added to the diagonal of the kernel matrix."""

LENGTH_SCALES = np.geomspace(0.01, 100, 13)
"""Length scales among which the most likely is taken."""


def upper_confidence_bound(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """Return mean + 2.576 standard deviations; the best value so far plays no part."""
    return mean + KAPPA * deviation


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """Return by how much a value of this mean and standard deviation can be expected to exceed the best so far."""
    from scipy.special import ndtr

    gain = mean - best
    deviation = np.maximum(deviation, 1e-12)
    ratio = gain / deviation
    return gain * ndtr(ratio) + deviation * np.exp(-0.5 * ratio**2) / np.sqrt(2 * np.pi)


@dataclass
class BayesianOptimiser:
    """Suggests points of a box whose values promise to be large, and listens to what they were.

    Args:
        low: lower bounds, shape (d,), float64.
        high: upper bounds, shape (d,), float64.
        acquisition: :func:`upper_confidence_bound` or :func:`expected_improvement`.
        rng: source of randomness.
    """

    low: np.ndarray
    high: np.ndarray
    acquisition: Callable[[np.ndarray, np.ndarray, float], np.ndarray]
    rng: np.random.Generator
    points: list[np.ndarray] = field(default_factory=list, init=False)
    values: list[float] = field(default_factory=list, init=False)
    length_scale: float = field(default=1.0, init=False)

    def observe(self, point: np.ndarray, value: float) -> None:
        """Take note of the value at a point."""
        self.points.append(np.asarray(point, dtype=float))
        self.values.append(value)

    def suggest(self) -> np.ndarray:
        """Return the point to look at next, shape (d,): a uniform draw while nothing was observed."""
        if not self.points:
            return self.rng.uniform(self.low, self.high)
        middle, reach = (self.low + self.high) / 2, self.high - self.low
        candidates = self.rng.uniform(middle - reach, middle + reach, size=(CANDIDATES, len(self.low)))
        candidates = candidates.clip(self.low, self.high)
        mean, deviation = self.predict(candidates)
        return candidates[np.argmax(self.acquisition(mean, deviation, max(self.values)))]

    def predict(self, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return means and standard deviations of the values at some points of shape (n, d), given all observations."""
        from scipy.linalg.lapack import dpotrs, dtrtrs
        from scipy.spatial.distance import cdist

        points, values = np.array(self.points), np.array(self.values, dtype=np.float64)
        mean, deviation = values.mean(), values.std() or 1.0
        values = (values - mean) / deviation
        if len(points) > 1 and len(points) & (len(points) - 1) == 0:
            losses = [-log_likelihood(points, values, scale) for scale in LENGTH_SCALES]
            self.length_scale = LENGTH_SCALES[int(np.argmin(losses))]
        self.length_scale = stored(self.length_scale)
        factor = factorised(points, self.length_scale)
        known = matern(cdist(candidates / self.length_scale, points / self.length_scale))
        means = deviation * (known @ dpotrs(factor, values, lower=True)[0]) + mean
        explained = dtrtrs(factor, known.T, lower=True)[0]
        variance = 1.0 - np.einsum("ij,ji->i", explained.T, explained)
        return means, np.sqrt(np.maximum(variance, 0.0) * deviation**2)


def stored(length_scale: float) -> float:
    """Return a length scale as scikit-learn keeps it: as its logarithm, so that the last digit may differ."""
    return float(np.exp(np.log(length_scale)))


def matern(distances: np.ndarray) -> np.ndarray:
    """Return the Matern 5/2 kernel of distances that are divided by the length scale."""
    scaled = distances * math.sqrt(5)
    return (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)


def factorised(points: np.ndarray, length_scale: float) -> np.ndarray:
    """Return the lower Cholesky factor of the kernel matrix of some points of shape (n, d)."""
    from scipy.linalg.lapack import dpotrf
    from scipy.spatial.distance import pdist, squareform

    kernel = squareform(matern(pdist(points / length_scale)))
    np.fill_diagonal(kernel, 1 + NOISE)
    factor, failed = dpotrf(kernel, lower=True, clean=True)
    if failed:
        raise np.linalg.LinAlgError("the kernel matrix is not positive definite")
    return factor


def log_likelihood(points: np.ndarray, values: np.ndarray, length_scale: float) -> float:
    """Return the logarithm of how likely some normalised values at some points are under a length scale."""
    from scipy.linalg.lapack import dpotrs

    try:
        factor = factorised(points, stored(length_scale))
    except np.linalg.LinAlgError:
        return -np.inf
    column = values[:, np.newaxis]
    fit = -0.5 * np.einsum("ik,ik->k", column, dpotrs(factor, column, lower=True)[0])
    return float((fit - np.log(np.diag(factor)).sum() - len(values) / 2 * np.log(2 * np.pi))[0])
