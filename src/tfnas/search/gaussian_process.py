"""Bayesian optimisation of a few numbers by a Gaussian process: the part that HNAS and RoBoT share, no search itself.

Both searches were published with version 1 of the package ``bayes_opt``: scikit-learn's Gaussian process with a Matern
5/2 kernel of one length scale, 1e-6 added to the diagonal, targets normalised; the next point has the largest expected
improvement (xi = 0) or upper confidence bound (kappa = 2.576). The same model is used here, with two shortcuts that
make a run some fifty times faster. They led RoBoT to the same cells about as often (six proxies, ImageNet16-120: the
same cell in 92 of 120 runs, and in 50 of 60 with the procedure of ``bayes_opt``):

* the length scale is tuned after 2, 4, 8, 16 ... observations, to the most likely of a grid from 0.01 to 100
  (``bayes_opt``: after each observation, six gradient ascents between 1e-5 and 1e5);
* the acquisition is maximised over 512 fresh random points (``bayes_opt``: 10,000 of them, then ten gradient ascents).
  Ascents often end on the border of the box, so the points are drawn from a box of twice the size and clipped: each
  coordinate is at a bound with probability one half.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CANDIDATES = 512
"""Random points over which the acquisition is maximised."""

KAPPA = 2.576
"""Standard deviations that the upper confidence bound adds to the mean."""

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


class BayesianOptimiser:
    """Suggests points of a box whose values promise to be large, and listens to what they were.

    Args:
        low: lower bounds, shape (d,).
        high: upper bounds, shape (d,).
        acquisition: :func:`upper_confidence_bound` or :func:`expected_improvement`.
        rng: source of randomness.
    """

    def __init__(
        self,
        low: np.ndarray,
        high: np.ndarray,
        acquisition: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
        rng: np.random.Generator,
    ):
        self.low = np.asarray(low, dtype=float)
        self.high = np.asarray(high, dtype=float)
        self.acquisition = acquisition
        self.rng = rng
        self.points: list[np.ndarray] = []
        self.values: list[float] = []
        self.length_scale = 1.0

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
        from sklearn import config_context
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import Matern

        number = len(self.points)
        tune = number > 1 and number & (number - 1) == 0
        kernel = Matern(self.length_scale, nu=2.5)
        process = GaussianProcessRegressor(
            kernel, alpha=1e-6, normalize_y=True, optimizer=most_likely if tune else None
        )
        with config_context(assume_finite=True, skip_parameter_validation=True):
            process.fit(np.array(self.points), np.array(self.values))
            self.length_scale = process.kernel_.length_scale
            return process.predict(candidates, return_std=True)


def most_likely(loss: Callable, theta: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the logarithm of the most likely length scale and its loss: an optimiser for scikit-learn's process."""
    losses = [loss(np.log([scale]), eval_gradient=False) for scale in LENGTH_SCALES]
    best = int(np.argmin(losses))
    return np.log(LENGTH_SCALES[best : best + 1]), losses[best]
