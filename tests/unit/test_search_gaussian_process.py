"""The Bayesian optimiser of HNAS and RoBoT: its Gaussian process, its acquisitions and its suggestions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from tfnas.search.gaussian_process import LENGTH_SCALES, BayesianOptimiser, expected_improvement, upper_confidence_bound

LOW, HIGH = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 4.0, 3.0])


def optimiser(number=0, acquisition=upper_confidence_bound, seed=0):
    """Return an optimiser that knows a smooth function at some random points."""
    found = BayesianOptimiser(LOW, HIGH, acquisition, np.random.default_rng(seed))
    points = np.random.default_rng(seed + 100).uniform(LOW, HIGH, size=(number, 3))
    for point in points:
        found.observe(point, 70 - float((point**2).sum()))
    return found


def matern(first, second, scale):
    distance = np.sqrt(5) * np.linalg.norm(first[:, None] - second[None], axis=2) / scale
    return (1 + distance + distance**2 / 3) * np.exp(-distance)


def test_predictions_are_those_of_the_textbook():
    process = optimiser(7)  # 7 observations: the length scale is not tuned
    points, values = np.array(process.points), np.array(process.values)
    candidates = np.random.default_rng(5).uniform(LOW, HIGH, size=(20, 3))
    mean, deviation = process.predict(candidates)
    inverse = np.linalg.inv(matern(points, points, 1.0) + 1e-6 * np.eye(7))
    across = matern(candidates, points, 1.0)
    np.testing.assert_allclose(mean, values.mean() + across @ inverse @ (values - values.mean()), rtol=1e-6)
    expected = values.std() * np.sqrt(1 - np.einsum("ij,jk,ik->i", across, inverse, across))
    np.testing.assert_allclose(deviation, expected, rtol=1e-4)


def test_the_length_scale_is_the_most_likely_of_the_grid_after_2_4_8_and_16_observations():
    for number in (1, 2, 3, 4, 5, 8, 12, 16):
        process = optimiser(number)
        process.predict(np.array([LOW, HIGH]))
        plain = GaussianProcessRegressor(Matern(1.0, nu=2.5), alpha=1e-6, normalize_y=True, optimizer=None)
        plain.fit(np.array(process.points), np.array(process.values))
        likelihoods = [plain.log_marginal_likelihood(np.log([scale])) for scale in LENGTH_SCALES]
        tuned = number in (2, 4, 8, 16)
        assert process.length_scale == pytest.approx(LENGTH_SCALES[int(np.argmax(likelihoods))] if tuned else 1.0)


@pytest.mark.parametrize("constant", [False, True])
def test_predictions_are_those_of_scikit_learn_to_the_last_digit(constant):
    def most_likely(loss, theta, bounds):
        losses = [loss(np.log([scale]), eval_gradient=False) for scale in LENGTH_SCALES]
        return np.log(LENGTH_SCALES[[int(np.argmin(losses))]]), min(losses)

    process, scale = optimiser(), 1.0
    for number in range(1, 21):
        point = process.rng.uniform(LOW, HIGH) if number % 5 else process.points[-1]  # a search may suggest one twice
        process.observe(point, 70.0 if constant else 70 - float((point**2).sum()))
        tune = most_likely if number in (2, 4, 8, 16) else None
        plain = GaussianProcessRegressor(Matern(scale, nu=2.5), alpha=1e-6, normalize_y=True, optimizer=tune)
        plain.fit(np.array(process.points), np.array(process.values))
        scale = plain.kernel_.length_scale
        candidates = np.vstack([process.rng.uniform(LOW, HIGH, (100, 3)), process.points])
        mean, deviation = process.predict(candidates)
        expected = plain.predict(candidates, return_std=True)
        np.testing.assert_array_equal(mean, expected[0])
        np.testing.assert_array_equal(deviation, expected[1])
        assert process.length_scale == scale


def test_the_upper_confidence_bound():
    np.testing.assert_allclose(upper_confidence_bound(np.array([1.0, 2.0]), np.array([1.0, 0.0]), 9.0), [3.576, 2.0])


@pytest.mark.parametrize(("mean", "deviation"), [(1.0, 0.5), (-1.0, 2.0), (0.3, 0.1)])
def test_expected_improvement_is_the_integral_of_the_gain(mean, deviation):
    gain, _ = quad(lambda value: (value - 0.3) * norm.pdf(value, mean, deviation), 0.3, mean + 12 * deviation)
    assert expected_improvement(np.array([mean]), np.array([deviation]), 0.3)[0] == pytest.approx(gain, rel=1e-6)


def test_expected_improvement_without_doubt_is_the_gain():
    found = expected_improvement(np.array([2.0, 0.0, 1.0]), np.zeros(3), 1.0)
    np.testing.assert_allclose(found, [1.0, 0.0, 0.0], atol=1e-11)


def test_the_first_suggestion_is_a_uniform_draw():
    drawn = np.array([optimiser(seed=seed).suggest() for seed in range(500)])
    assert (drawn >= LOW).all()
    assert (drawn <= HIGH).all()
    np.testing.assert_allclose(drawn.mean(axis=0), (LOW + HIGH) / 2, atol=0.2)
    assert not np.isin(drawn, [LOW, HIGH]).any()


def test_suggestions_lie_in_the_box_may_touch_its_border_and_can_be_repeated():
    suggested = np.array([optimiser(5, seed=seed).suggest() for seed in range(20)])
    assert (suggested >= LOW).all()
    assert (suggested <= HIGH).all()
    assert ((suggested == LOW) | (suggested == HIGH)).any(axis=1).mean() > 0.7  # far from the data: the largest doubt
    np.testing.assert_array_equal(suggested, [optimiser(5, seed=seed).suggest() for seed in range(20)])


def test_equal_values_everywhere_do_no_harm():
    process = BayesianOptimiser(LOW, HIGH, expected_improvement, np.random.default_rng(0))
    for _ in range(6):
        point = process.suggest()
        assert np.isfinite(point).all()
        process.observe(point, 50.0)


@pytest.mark.parametrize("acquisition", [upper_confidence_bound, expected_improvement])
def test_twenty_suggestions_come_nearer_to_the_maximum_than_twenty_draws(acquisition):
    def value(point):
        return -float(((point - [0.3, 1.0, 2.2]) ** 2).sum())

    suggested, drawn = [], []
    for seed in range(5):
        process = BayesianOptimiser(LOW, HIGH, acquisition, np.random.default_rng(seed))
        for _ in range(20):
            point = process.suggest()
            process.observe(point, value(point))
        suggested.append(max(process.values))
        points = np.random.default_rng(seed).uniform(LOW, HIGH, size=(20, 3))
        drawn.append(max(value(point) for point in points))
    assert np.mean(suggested) > -0.03 > np.mean(drawn)
