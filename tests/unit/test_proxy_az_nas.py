"""The components of AZ-NAS against the definition written out with the reference network, in float64."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies import az_nas
from tfnas.proxies.trial import Trial
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import Cell

SKELETON = Skeleton(channels=4, cells_per_stage=1, classes=5, image_channels=3, image_size=8)
NAMES = ("az_expressivity", "az_progressivity", "az_trainability")
APART = Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|")
BLANK = Cell.parse("|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|avg_pool_3x3~2|")
PLAIN = Cell.parse("|skip_connect~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
IDENTITY = Cell.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
CELLS = [Cell.from_code(int(code)) for code in np.random.default_rng(2).integers(0, 15625, 8)] + [APART, BLANK, PLAIN]


def trial(cells, wanted=NAMES, seed=3, device="cpu") -> Trial:
    images = torch.zeros(2, 3, 8, 8, device=device)
    seeds = [child_seed(seed, "weights", str(cell), 0) for cell in cells]
    return Trial(cells, seeds, SKELETON, images, torch.zeros(2), frozenset(wanted), noise_seed=seed)


def in_float64(one: Trial, monkeypatch) -> Trial:
    """Let a trial build its networks and noise in float64."""
    networks, gaussian = one.networks, one.gaussian
    monkeypatch.setattr(one, "networks", lambda **options: networks(dtype=torch.float64, **options))
    monkeypatch.setattr(one, "gaussian", lambda *shape: gaussian(*shape).double())
    return one


def slow_values(cell: Cell, seed: int, images: torch.Tensor, noise_seed: int) -> tuple[float, float, float]:
    """The definition, one matrix at a time."""
    network = Network(cell, SKELETON)
    state = initial_state(cell, SKELETON, torch.Generator().manual_seed(seed), "kaiming_fan_in")
    network.load_state_dict(state, strict=False)
    network.double().train()
    features = [network.stem(images.double())]
    for block in network.cells:
        features.append(block(features[-1]))

    entropies = []
    for maps in features:
        rows = maps.detach().permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
        spectrum = torch.linalg.svdvals(rows - rows.mean(0)) ** 2 / len(rows)
        shares = spectrum / spectrum.sum()
        entropies.append(-sum(float(p) * math.log(float(p) + 1e-8) for p in shares))

    terms = []
    for stage in range(len(features) - 1, 0, -1):
        batch, channels, height, width = features[stage].shape
        signs = az_nas.random_signs(noise_seed, stage, (batch, height, width, channels)).double().permute(0, 3, 1, 2)
        (g_in,) = torch.autograd.grad(features[stage], features[stage - 1], signs, retain_graph=True)
        if g_in.shape == signs.shape and torch.equal(g_in, signs):
            terms.append(-math.inf)
            continue
        g_in = F.pixel_unshuffle(g_in, g_in.shape[2] // height)
        pixels = [(b, h, w) for b in range(batch) for h in range(height) for w in range(width)]
        product = sum(torch.outer(g_in[b, :, h, w], signs[b, :, h, w]) for b, h, w in pixels) / len(pixels)
        sigma = float(torch.linalg.svdvals(product)[0])
        terms.append(-sigma - 1 / (sigma + 1e-6) + 2)
    return sum(entropies), min(np.diff(entropies)), float(np.mean(terms))


@pytest.fixture(autouse=True)
def small_batch(monkeypatch):
    monkeypatch.setattr(az_nas, "BATCH", 6)


def test_values_equal_the_definition(monkeypatch):
    one = in_float64(trial([*CELLS, IDENTITY]), monkeypatch)
    results = az_nas.evaluate(one)
    images = one.gaussian("az_nas", 6, 3, 8, 8)
    for number, (cell, seed) in enumerate(zip(one.cells, one.seeds, strict=True)):
        slow = slow_values(cell, seed, images, one.noise_seed)
        for name, value in zip(NAMES, slow, strict=True):
            found, why = results[name][0][number].item(), results[name][1][number]
            if math.isfinite(value):
                assert found == pytest.approx(value, rel=1e-9, abs=1e-9)
                assert why == ""
            else:
                assert math.isnan(found)
                assert why


def test_float32_agrees_with_float64(monkeypatch):
    single = az_nas.evaluate(trial(CELLS))
    double = az_nas.evaluate(in_float64(trial(CELLS), monkeypatch))
    for name in NAMES:
        torch.testing.assert_close(single[name][0], double[name][0], rtol=1e-4, atol=1e-4, equal_nan=True)


def test_values_do_not_depend_on_company_or_order():
    family, images = az_nas.FAMILY, torch.zeros(2, 3, 8, 8)
    alone = score_cells(family, CELLS, images, None, SKELETON, Draws(1, 3), together=1)
    grouped = score_cells(family, CELLS[::-1], images, None, SKELETON, Draws(1, 3), together=4)
    one, two = ({row[:3]: row[3] for row in rows} for rows in (alone, grouped))
    assert one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], rel=1e-4, abs=1e-4, nan_ok=True) for key in one)


@pytest.mark.parametrize("name", NAMES)
def test_one_alone_has_the_value_it_has_among_all(name):
    together, alone = az_nas.evaluate(trial(CELLS)), az_nas.evaluate(trial(CELLS, wanted=[name]))
    torch.testing.assert_close(alone[name][0], together[name][0], rtol=1e-4, atol=1e-4, equal_nan=True)
    assert ("az_trainability" in alone) == (name == "az_trainability")


def test_without_trainability_nothing_is_differentiated(monkeypatch):
    monkeypatch.setattr(torch.autograd, "grad", None)
    az_nas.evaluate(trial(CELLS[:2], wanted=NAMES[:2]))


def test_entropy_by_hand():
    spectrum = torch.tensor([[1.0, 3.0], [0.0, 0.0], [0.0, 5.0]], dtype=torch.float64)
    found = az_nas.spectral_entropy(spectrum)
    assert found[0].item() == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75), abs=1e-7)
    assert math.isnan(found[1])
    assert found[2].item() == pytest.approx(0, abs=1e-7)


def test_covariance_by_hand():
    # Two networks with two channels each, two images of one pixel: deviations are half the difference.
    features = torch.tensor([[1.0, 2.0, 0.0, 4.0], [3.0, 6.0, 0.0, 2.0]]).view(2, 4, 1, 1)
    expected = torch.tensor([[[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
    assert torch.equal(az_nas.covariance(features, 2), expected)


def test_trainability_by_hand():
    # A block that doubles the signs: A = 2 * (signs^T signs) / pixels = 2 I for orthogonal channels.
    signs = torch.tensor([[1.0, 1.0], [1.0, -1.0]]).view(2, 2, 1, 1)
    product, same = az_nas.gradient_product(torch.cat([2 * signs, signs], dim=1), signs, 2)
    assert torch.equal(product[0], 2 * torch.eye(2, dtype=torch.float64))
    assert same.tolist() == [False, True]
    values = az_nas.trainability([product], [same])
    assert values[0].item() == pytest.approx(2 - 2 - 1 / (2 + 1e-6))
    assert values[1].item() == -math.inf
    nothing = az_nas.trainability([torch.zeros(1, 2, 2, dtype=torch.float64)], [torch.tensor([False])])
    assert nothing.item() == pytest.approx(2 - 1e6)


def test_signs_are_fair_and_depend_on_seed_and_stage():
    signs = az_nas.random_signs(0, 1, (64, 8, 8, 4))
    assert signs.unique().tolist() == [-1.0, 1.0]
    assert abs(signs.mean().item()) < 4 / math.sqrt(signs.numel())
    assert torch.equal(signs, az_nas.random_signs(0, 1, (64, 8, 8, 4)))
    assert not torch.equal(signs, az_nas.random_signs(0, 2, (64, 8, 8, 4)))
    assert not torch.equal(signs, az_nas.random_signs(1, 1, (64, 8, 8, 4)))


def test_undefined_values_say_why():
    results = az_nas.evaluate(trial([APART, IDENTITY, PLAIN]))
    assert results["az_expressivity"][1] == ["constant features", "", ""]
    assert results["az_progressivity"][1] == ["constant features", "", ""]
    assert results["az_trainability"][1] == ["", "a block is the identity", ""]
    assert results["az_progressivity"][0].isnan().tolist() == [True, False, False]
    assert results["az_trainability"][0][0].item() < -1e5


def test_a_group_without_any_signal_has_values_too():
    assert az_nas.evaluate(trial([APART]))["az_trainability"][0].item() < -1e5


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cpu, cuda = az_nas.evaluate(trial(CELLS)), az_nas.evaluate(trial(CELLS, device="cuda"))
    for name in NAMES:
        torch.testing.assert_close(cuda[name][0], cpu[name][0], rtol=1e-3, atol=1e-3, equal_nan=True)
