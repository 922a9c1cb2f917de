"""Every definition written out slowly, on random cells of the benchmark's own network: C = 16, N = 5, 32 x 32 pixels.

The slow functions are those of the tests of each family, which run them on many cells of a small network.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import test_naswot
import test_proxy_az_nas
import test_proxy_epsinas
import test_proxy_gradients
import test_proxy_gradsign
import test_proxy_linear_regions
import test_proxy_meco
import test_proxy_near
import test_proxy_ntk
import test_proxy_ntk_trace
import test_proxy_rbflex
import test_proxy_swap
import test_proxy_synflow
import test_proxy_vkdnw
import test_proxy_wrcor
import test_proxy_zen
import test_proxy_zico
import torch
from test_every_proxy import float64  # noqa: F401
from untrained_helpers import reference_network, some_images

from tfnas.networks.reference import Network
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies import az_nas, near, rbflex, vkdnw
from tfnas.proxies.linear_regions import draw_crops
from tfnas.proxies.registry import families, get_family
from tfnas.proxies.trial import Trial
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell

REAL = Skeleton()
IMAGES = 4
LABELS = torch.tensor([3, 7, 7, 3])
CELLS = [Cell.from_code(int(code)) for code in np.random.default_rng(23).integers(0, 15625, 2)]

pytestmark = pytest.mark.usefixtures("float64")

FROM_ANOTHER = {"flops", "conv_edges", "skip", "swap_regularised", "synflow_log"}
"""Compared elsewhere: with the benchmark's tables, by hand, or made of one number of those here."""


def evaluate(family: str) -> tuple[Trial, dict[str, list[float]]]:
    """Return a trial of the two cells, whose weights have seeds 0 and 1, and its values by proxy."""
    member = get_family(family)
    wanted = frozenset(proxy.name for proxy in member.proxies)
    images = some_images(IMAGES, REAL).double()
    trial = Trial(CELLS, list(range(len(CELLS))), REAL, images, LABELS, wanted, noise_seed=3)
    return trial, {name: values.tolist() for name, (values, _) in member.evaluate(trial).items()}


def real_network(cell: Cell, seed: int, initialisation: str = "default") -> Network:
    return reference_network(cell, seed, initialisation, REAL)


def slow_gradients(trial, number):
    tests, network = test_proxy_gradients, real_network(CELLS[number], number)
    gradients, grasp = tests.slow_second_derivative(network, trial.images, LABELS)
    weights = [layer.weight.detach() for layer in tests.layers_of(network)]
    jacobian = tests.slow_jacobian(network, trial.images)
    return {
        "grad_norm": sum(float(gradient.norm()) for gradient in gradients),
        "snip": tests.slow_snip(network, trial.images, LABELS),
        "plain": sum(float((w * g).sum()) for w, g in zip(weights, gradients, strict=True)),
        "fisher": tests.slow_fisher(network, trial.images, LABELS),
        "grasp": sum(grasp),
        "l2_norm": sum(float(weight.norm()) for weight in weights),
        "jacob_cov": tests.slow_jacob_cov(jacobian),
        "epe_nas": tests.slow_epe(jacobian, LABELS.numpy(), REAL.classes),
    }


def slow_naswot(trial, number):
    state = real_network(CELLS[number], number).state_dict()
    return {
        name: np.linalg.slogdet(test_naswot.slow_kernel(CELLS[number], state, trial.images, containers).numpy())[1]
        for name, containers in (("naswot", False), ("naswot_published", True))
    }


def slow_az_nas(trial, number):
    images = trial.gaussian("az_nas", az_nas.BATCH, 3, 32, 32)
    values = test_proxy_az_nas.slow_values(CELLS[number], number, images, trial.noise_seed)
    return dict(zip(test_proxy_az_nas.NAMES, values, strict=True))


def slow_gradsign(trial, number):
    network = real_network(CELLS[number], number)
    mean = test_proxy_gradsign.slow_score(network, trial.images, LABELS)
    layers = test_proxy_gradients.layers_of(network)
    return {"gradsign": mean * sum(layer.weight.numel() for layer in layers), "gradsign_mean": mean}


def slow_linear_regions(trial, number):
    crops = draw_crops(trial.images, child_seed(trial.noise_seed, "linear regions"))
    return {"linear_regions": test_proxy_linear_regions.slow_count(CELLS[number], number, crops)}


def slow_meco(trial, number):
    image = trial.gaussian("meco input", 1, 3, 64, 64)
    return {"meco": test_proxy_meco.slow(CELLS[number], number, image, REAL)}


def slow_near(trial, number):
    return {"near": test_proxy_near.slow(CELLS[number], number, trial.images, 0.37)}


def slow_ntk(trial, number):
    tests = test_proxy_ntk
    network = reference_network(CELLS[number], number, "default", Skeleton(channels=3, cells_per_stage=1))
    halves = (*trial.images.split(2), *LABELS.split(2))
    return {
        "ntk_condition_number": tests.slow_condition(network, trial.images),
        "ntk_regression": tests.slow_regression(network, *halves, REAL.classes),
    }


def slow_ntk_trace(trial, number):
    network = real_network(CELLS[number], number)
    theta = test_proxy_ntk_trace.slow_kernel(network, trial.images, LABELS)
    eigenvalues = torch.linalg.eigvalsh(theta)
    return {
        "ntk_trace": float(theta.trace() / IMAGES) ** 0.5,
        "hnas_condition_number": float(eigenvalues[-1] / eigenvalues[0]),
    }


def slow_epsinas(trial, number):
    return {"epsinas": test_proxy_epsinas.slow(CELLS[number], trial.images, REAL)}


def slow_rbflex(trial, number):
    return {"rbflex": test_proxy_rbflex.slow(CELLS[number], number, trial.images[:3], test_proxy_rbflex.WIDE)}


def slow_wrcor(trial, number):
    return {"wrcor": test_proxy_wrcor.slow(CELLS[number], number, trial.images, LABELS, REAL)}


def slow_structure(trial, number):
    network = real_network(CELLS[number], number)
    return {"params": sum(parameter.numel() for parameter in network.parameters())}


def slow_swap(trial, number):
    return {"swap": test_proxy_swap.slow(CELLS[number], number, trial.images)}


def slow_swap_universal(trial, number):
    return {"swap_universal": test_proxy_swap.slow(CELLS[number], number, trial.images)}


def slow_synflow(trial, number):
    return {"synflow": test_proxy_synflow.slow(CELLS[number], number, "default", False, REAL)}


def slow_logsynflow(trial, number):
    return {"logsynflow": test_proxy_synflow.slow(CELLS[number], number, "kaiming_fan_out", True, REAL)}


def slow_vkdnw(trial, number):
    network = real_network(CELLS[number], number, "kaiming_fan_in").eval()
    images = trial.gaussian("vkdnw", vkdnw.BATCH, 3, 32, 32)
    tensors = len(list(network.parameters()))
    paper, code = (test_proxy_vkdnw.slow_entropy(network, images, transposed) for transposed in (True, False))
    return {
        "vkdnw": paper,
        "vkdnw_single": tensors + paper,
        "vkdnw_published": code,
        "vkdnw_single_published": tensors + code,
    }


def slow_zen(trial, number):
    return {"zen": test_proxy_zen.slow(CELLS[number], number, trial)}


def slow_zico(trial, number):
    batches = list(zip(trial.images.split(2), LABELS.split(2), strict=True))
    return {
        name: test_proxy_zico.slow_zico(real_network(CELLS[number], number), batches, reset)
        for name, reset in (("zico", True), ("zico_published", False))
    }


@pytest.fixture(autouse=True)
def real_skeleton(monkeypatch):
    """Let the slow functions build the benchmark's network, and take few random images."""
    monkeypatch.setattr(test_proxy_rbflex, "LARGER", REAL)
    monkeypatch.setattr(rbflex, "WIDTHS", test_proxy_rbflex.WIDE)
    for module in (test_proxy_near, test_proxy_swap, test_proxy_zen):
        monkeypatch.setattr(module, "reference_network", partial(reference_network, skeleton=REAL))
    for module in (test_naswot, test_proxy_az_nas):
        monkeypatch.setattr(module, "SKELETON", REAL)
    for module in (az_nas, vkdnw):
        monkeypatch.setattr(module, "BATCH", 2)
    monkeypatch.setattr(near, "block_places", lambda seed, modules: torch.full((modules,), 0.37, dtype=torch.float64))


@pytest.mark.parametrize("family", [name for name in families() if f"slow_{name}" in globals()])
def test_values_equal_the_definition(family):
    trial, found = evaluate(family)
    for number, cell in enumerate(CELLS):
        slow = globals()[f"slow_{family}"](trial, number)
        assert found.keys() - slow.keys() <= FROM_ANOTHER
        for name, value in slow.items():
            assert found[name][number] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), (name, str(cell))
