"""Tangent kernels against gradients of one image at a time with the reference network, in float64."""

import math
from dataclasses import replace

import pytest
import torch
from per_sample_helpers import APART, CELLS, SKELETON, make_trial, on_cuda, reference

from tfnas.proxies import ntk
from tfnas.proxies.ntk import condition_number, evaluate, regression_error
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells

NAMES = ("ntk_condition_number", "ntk_regression")
THIN = replace(SKELETON, channels=3, cells_per_stage=1)


def slow_rows(network, images, cells_only):
    """The gradient of the sum of logits of one image after another, of all tensors that are called weight."""
    logits = network(images)
    rows = []
    for one in logits:
        network.zero_grad()
        one.sum().backward(retain_graph=True)
        named = [(name, parameter) for name, parameter in network.named_parameters() if "weight" in name]
        rows.append(torch.cat([p.grad.flatten() for name, p in named if "cell" in name or not cells_only]))
    return torch.stack(rows)


def slow_condition(network, images):
    rows = slow_rows(network, images.double(), cells_only=False)
    values = torch.linalg.svdvals(rows)
    return float((values[0] / values[-1]) ** 2)


def slow_regression(network, x, y, labels_x, labels_y, classes):
    def targets(labels):
        hot = torch.eye(classes, dtype=torch.float64)[labels]
        return hot - hot.mean(0)

    rows_x = slow_rows(network, x.double(), cells_only=True)
    rows_y = slow_rows(network, y.double(), cells_only=True)
    predicted = (rows_y @ rows_x.T) @ torch.inverse(rows_x @ rows_x.T) @ targets(labels_x)
    return float(((predicted - targets(labels_y)) ** 2).sum(1).mean())


def in_float64(trial, monkeypatch):
    """Make the trial's networks and images float64."""
    networks = trial.networks
    monkeypatch.setattr(trial, "networks", lambda **options: networks(dtype=torch.float64, **options))
    trial.images = trial.images.double()
    return trial


def test_values_equal_the_definition(monkeypatch):
    trial = in_float64(make_trial(CELLS, NAMES), monkeypatch)
    results = evaluate(trial)
    images, labels = trial.images, trial.labels
    for number in range(len(CELLS)):
        network = reference(trial, number, THIN)
        expected = slow_condition(network, images)
        assert float(results[NAMES[0]][0][number]) == pytest.approx(expected, rel=1e-9)
        expected = slow_regression(network, images[:4], images[4:], labels[:4], labels[4:], SKELETON.classes)
        assert float(results[NAMES[1]][0][number]) == pytest.approx(expected, rel=1e-9)
        assert results[NAMES[0]][1][number] == results[NAMES[1]][1][number] == ""


def test_float32_agrees_with_float64_within_a_hundredth(monkeypatch):
    # Mostly to six digits; where a ReLU's input is of rounding size, it may switch.
    single, double = evaluate(make_trial(CELLS, NAMES)), evaluate(in_float64(make_trial(CELLS, NAMES), monkeypatch))
    for name in NAMES:
        torch.testing.assert_close(single[name][0], double[name][0], rtol=1e-2, atol=0)


def test_the_network_is_thin_whatever_the_skeleton():
    deep = replace(SKELETON, channels=5, cells_per_stage=2)
    one, other = make_trial(CELLS[:2], NAMES), make_trial(CELLS[:2], NAMES, skeleton=deep)
    assert all(torch.equal(evaluate(one)[name][0], evaluate(other)[name][0]) for name in NAMES)


def test_only_so_many_images_are_used(monkeypatch):
    monkeypatch.setattr(ntk, "CONDITION_IMAGES", 7)
    monkeypatch.setattr(ntk, "REGRESSION_IMAGES", 4)
    long, cut = (make_trial(CELLS[:1], NAMES, batch=12) for _ in range(2))
    cut.images, cut.labels = cut.images[:8], cut.labels[:8]
    assert all(torch.equal(evaluate(long)[name][0], evaluate(cut)[name][0]) for name in NAMES)
    cut.images, cut.labels = cut.images[:6], cut.labels[:6]
    assert not any(torch.equal(evaluate(long)[name][0], evaluate(cut)[name][0]) for name in NAMES)


def test_condition_number_by_hand():
    theta = torch.tensor([[2.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    assert condition_number(theta) == (pytest.approx(3.0), "")
    value, why = condition_number(torch.ones(2, 2, dtype=torch.float64))
    assert math.isnan(value)
    assert why == "singular NTK"
    value, why = condition_number(torch.zeros(2, 2, dtype=torch.float64))
    assert math.isnan(value)
    assert why == "no gradient reaches a weight"


def test_regression_error_by_hand():
    # Weights diag(1/2, 1/4) of the known targets: predictions (1, 0) and (0, 1/2), errors 0 and 1/4.
    theta_xx = torch.tensor([[2.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
    theta_yx = torch.tensor([[2.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    eye = torch.eye(2, dtype=torch.float64)
    assert regression_error(theta_xx, theta_yx, eye, eye) == (pytest.approx(0.125), "")
    value, why = regression_error(torch.ones(2, 2, dtype=torch.float64), theta_yx, eye, eye)
    assert math.isnan(value)
    assert why == "singular NTK"


def test_halves_of_one_label_leave_nothing_to_predict():
    for labels in ([1, 1, 1, 1, 0, 1, 2, 3], [0, 1, 2, 3, 2, 2, 2, 2]):
        trial = make_trial(CELLS[:1], NAMES)
        trial.labels = torch.tensor(labels)
        results = evaluate(trial)
        assert math.isnan(results["ntk_regression"][0][0])
        assert results["ntk_regression"][1] == ["all labels of a half are equal"]
        assert math.isfinite(results["ntk_condition_number"][0][0])


def test_a_cell_without_a_path_has_no_gradient():
    results = evaluate(make_trial([CELLS[0], APART], NAMES))
    for name in NAMES:
        values, reasons = results[name]
        assert math.isfinite(values[0])
        assert math.isnan(values[1])
        assert reasons == ["", "no gradient reaches a weight"]


def test_twice_the_same_image_is_singular():
    trial = make_trial(CELLS, NAMES, batch=16)
    trial.images[3] = trial.images[5]
    results = evaluate(trial)
    for name in NAMES:
        assert results[name][0].isnan().all()
        assert results[name][1] == ["singular NTK"] * len(CELLS)


def test_values_do_not_depend_on_order_or_company():
    trial = make_trial(CELLS[:5], NAMES)
    family = get_family("ntk")
    data = (trial.images, trial.labels, SKELETON, Draws(2, 3))
    alone = score_cells(family, CELLS[:5], *data, together=1)
    grouped = score_cells(family, CELLS[4::-1], *data, together=3)
    one, two = ({row[:3]: row[3] for row in rows} for rows in (alone, grouped))
    assert one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], rel=1e-2) for key in one)


def test_what_is_not_wanted_is_not_computed():
    for name in NAMES:
        assert evaluate(make_trial(CELLS[:1], [name])).keys() == {name}


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    trial = make_trial(CELLS, NAMES)
    cpu, cuda = evaluate(trial), evaluate(on_cuda(trial))
    for name in NAMES:
        torch.testing.assert_close(cuda[name][0], cpu[name][0], rtol=1e-2, atol=0)
