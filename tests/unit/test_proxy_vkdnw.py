"""VKDNW against the definition: autograd through the reference network, one image and one class at a time, float64."""

import math

import numpy as np
import pytest
import torch

from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.reference import Network, initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies import vkdnw
from tfnas.proxies.trial import Trial
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import CONVOLUTIONS, Cell, enumerate_cells

FEW = Skeleton(channels=3, cells_per_stage=1, classes=4, image_channels=2, image_size=8)
MANY = Skeleton(channels=3, cells_per_stage=1, classes=13, image_channels=2, image_size=8)
NAMES = ("vkdnw", "vkdnw_single", "vkdnw_published", "vkdnw_single_published")
APART = Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|")
BLANK = Cell.parse("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_1x1~1|skip_connect~2|")
PLAIN = Cell.parse("|skip_connect~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
CELLS = [Cell.from_code(int(code)) for code in np.random.default_rng(4).integers(0, 15625, 7)] + [APART, BLANK, PLAIN]


def noise(count: int, skeleton: Skeleton) -> torch.Tensor:
    shape = (count, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def reference(cell: Cell, skeleton: Skeleton, state: dict) -> Network:
    network = Network(cell, skeleton)
    network.load_state_dict(state, strict=False)
    return network.double().eval()


def slow_jacobian(network: Network, images: torch.Tensor, tensors: int, entries: int) -> torch.Tensor:
    """Return (B, K, Q): the gradient of one logit of one image at a time."""
    parameters = list(network.parameters())[:tensors]

    def row(logit: torch.Tensor) -> torch.Tensor:
        gradients = torch.autograd.grad(logit, parameters, retain_graph=True)
        chosen = [torch.linspace(0, g.numel() - 1, entries).long() for g in gradients]
        return torch.cat([g.flatten()[places] for g, places in zip(gradients, chosen, strict=True)])

    return torch.stack([torch.stack([row(logit) for logit in network(image[None])[0]]) for image in images])


def slow_entropy(network: Network, images: torch.Tensor, transposed: bool) -> float:
    """The definition with p = 1 and 128 tensors; ``transposed``: the paper's product, not that of the code."""
    jacobian = slow_jacobian(network, images, 128, 1)
    total = 0
    for logits, rows in zip(network(images).detach(), jacobian, strict=True):
        q = 0.95 * logits.softmax(0) + 0.05 / len(logits)
        covariance = torch.diag(q) - torch.outer(q, q)
        if transposed:
            total = total + rows.T @ covariance @ rows
        else:
            # The factor of the leading K - 1 classes, extended by the row that makes the columns sum to zero.
            root = torch.linalg.cholesky(covariance[:-1, :-1])
            product = torch.cat([root, -root.sum(0, keepdim=True)]) @ rows[:-1]
            total = total + product.T @ product
    spectrum = torch.linalg.svdvals(total / len(images)).numpy()
    deciles = np.quantile(spectrum, np.arange(1, 10) / 10)
    shares = deciles / (deciles.sum() + 1e-10)
    return float(-(shares * np.log(shares + 1e-10)).sum())


def trial(cells, skeleton=FEW, wanted=NAMES, seed=3, device="cpu") -> Trial:
    images = torch.zeros(2, skeleton.image_channels, skeleton.image_size, skeleton.image_size, device=device)
    seeds = [child_seed(seed, "weights", str(cell), 0) for cell in cells]
    return Trial(cells, seeds, skeleton, images, torch.zeros(2), frozenset(wanted), noise_seed=seed)


def in_float64(one: Trial, monkeypatch) -> Trial:
    """Let a trial build its networks and noise in float64."""
    networks, gaussian = one.networks, one.gaussian
    monkeypatch.setattr(one, "networks", lambda **options: networks(dtype=torch.float64, **options))
    monkeypatch.setattr(one, "gaussian", lambda *shape: gaussian(*shape).double())
    return one


@pytest.fixture(autouse=True)
def small_batch(monkeypatch):
    monkeypatch.setattr(vkdnw, "BATCH", 5)


@pytest.mark.parametrize("skeleton", [FEW, MANY], ids=["a pass per class", "a pass per feature"])
@pytest.mark.parametrize(("tensors", "entries"), [(128, 1), (20, 3)])
def test_jacobians_equal_the_definition(skeleton, tensors, entries):
    images = noise(2, skeleton)
    states = [
        initial_state(cell, skeleton, torch.Generator().manual_seed(number), "kaiming_fan_in")
        for number, cell in enumerate(CELLS)
    ]
    networks = BatchedNetworks(CELLS, skeleton, states).double().requires_grad_(False).eval()
    names = [[name for name in state if "running" not in name][:tensors] for state in states]
    probe = vkdnw.Probe(networks, images, names, entries)
    found = probe.jacobian()
    for number, (cell, state) in enumerate(zip(CELLS, states, strict=True)):
        network = reference(cell, skeleton, state)
        assert [name for name, _ in network.named_parameters()][:tensors] == names[number]
        slow = slow_jacobian(network, images, tensors, entries)
        width = slow.shape[2]
        torch.testing.assert_close(found[number, :, :, :width], slow, rtol=1e-10, atol=1e-10 * slow.abs().max().item())
        assert not found[number, :, :, width:].any()
        torch.testing.assert_close(probe.logits[number], network(images), rtol=1e-10, atol=1e-10)


def test_values_equal_the_definition(monkeypatch):
    one = in_float64(trial(CELLS), monkeypatch)
    results = vkdnw.evaluate(one)
    images = one.gaussian("vkdnw", 5, 2, 8, 8)
    for number, (cell, seed) in enumerate(zip(one.cells, one.seeds, strict=True)):
        state = initial_state(cell, FEW, torch.Generator().manual_seed(seed), "kaiming_fan_in")
        network = reference(cell, FEW, state)
        tensors = 21 + 9 * cell.convolution_edges
        assert len(list(network.parameters())) == tensors
        for suffix, transposed in (("", True), ("_published", False)):
            slow = slow_entropy(network, images, transposed)
            assert results["vkdnw" + suffix][0][number].item() == pytest.approx(slow, rel=1e-6)
            assert results["vkdnw_single" + suffix][0][number].item() == pytest.approx(tensors + slow, rel=1e-8)
        assert results["vkdnw"][1][number] == ""


def test_float32_agrees_with_float64(monkeypatch):
    single, double = vkdnw.evaluate(trial(CELLS)), vkdnw.evaluate(in_float64(trial(CELLS), monkeypatch))
    for name in NAMES:
        torch.testing.assert_close(single[name][0], double[name][0], rtol=0, atol=1e-3)


def test_values_do_not_depend_on_company_or_order():
    family, images = vkdnw.FAMILY, torch.zeros(2, 2, 8, 8)
    alone = score_cells(family, CELLS, images, None, FEW, Draws(1, 3), together=1)
    grouped = score_cells(family, CELLS[::-1], images, None, FEW, Draws(1, 3), together=4)
    one, two = ({row[:3]: row[3] for row in rows} for rows in (alone, grouped))
    assert one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], abs=1e-3) for key in one)


def test_only_what_is_wanted_is_decomposed():
    assert set(vkdnw.evaluate(trial(CELLS[:1], wanted=["vkdnw_single"]))) == {"vkdnw", "vkdnw_single"}


def test_factor_is_the_cholesky_factor_of_the_smoothed_covariance():
    logits = torch.tensor([[0.0, 1.0, -2.0, 3.0], [500.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, -500.0]])
    factor = vkdnw.covariance_factor(logits)
    q = 0.95 * logits.double().softmax(1) + 0.05 / 4
    covariance = torch.diag_embed(q) - q[:, :, None] * q[:, None, :]
    torch.testing.assert_close(factor @ factor.transpose(1, 2), covariance, rtol=0, atol=1e-15)
    assert torch.equal(factor, factor.tril())
    assert not factor[..., -1].any()
    torch.testing.assert_close(factor[:, :3, :3], torch.linalg.cholesky(covariance[:, :3, :3]), rtol=1e-12, atol=1e-12)


def test_factor_by_hand():
    # Two classes with q = 1/2 each: variance 1/4, L = [[1/2, 0], [-1/2, 0]].
    expected = torch.tensor([[0.5, 0.0], [-0.5, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(vkdnw.covariance_factor(torch.zeros(2)), expected)


def test_entropy_by_hand():
    # Deciles of 0 .. 10 are 1 .. 9.
    shares = [k / 45 for k in range(1, 10)]
    found = vkdnw.decile_entropy(torch.arange(11, dtype=torch.float64).flip(0))
    assert found.item() == pytest.approx(-sum(share * math.log(share) for share in shares), abs=1e-8)
    assert vkdnw.decile_entropy(torch.full((30,), 7.0).double()).item() == pytest.approx(math.log(9), abs=1e-8)


def test_entries_are_evenly_spaced():
    assert vkdnw.chosen_entries(10, 1) == [0]
    assert vkdnw.chosen_entries(10, 4) == [0, 3, 6, 9]
    assert vkdnw.chosen_entries(8, 3) == [0, 3, 7]


def test_dead_edges_add_zeros_to_the_spectrum():
    dead = Cell.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    results = vkdnw.evaluate(trial([dead]))
    assert math.floor(results["vkdnw_single"][0].item()) == 21 + 9
    state = initial_state(dead, FEW, torch.Generator().manual_seed(0), "kaiming_fan_in")
    networks = BatchedNetworks([dead], FEW, [state]).requires_grad_(False).eval()
    names = [[name for name in state if "running" not in name]]
    jacobian = vkdnw.Probe(networks, noise(2, FEW).float(), names, 1).jacobian()
    dead_columns = [number for number, name in enumerate(names[0]) if ".layers." in name]
    assert len(dead_columns) == 9
    assert not jacobian[..., dead_columns].any()
    assert jacobian[..., names[0].index("stem.1.bias")].any()


def test_cells_share_a_score_only_if_convolutions_come_in_the_same_order():
    def key(text: str) -> tuple:
        return vkdnw.ordered_class(Cell.parse(text))

    one = key("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|")
    assert one == key("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|")
    assert one != key("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_1x1~1|skip_connect~2|")
    # A second convolution that is dead, that reads zero, or that comes first, is another Jacobian.
    dead = key("|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|none~2|")
    blank = key("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|nor_conv_1x1~2|")
    first = key("|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|")
    assert len({one, dead, blank, first}) == 4


def test_members_of_a_class_have_equal_jacobians_for_equal_weights():
    classes: dict[tuple, list[Cell]] = {}
    for cell in enumerate_cells():
        classes.setdefault(vkdnw.ordered_class(cell), []).append(cell)
    assert len(classes) == 6813
    several = [members for members in classes.values() if len(members) > 1]
    rng = np.random.default_rng(0)
    compared = 0
    for place in rng.permutation(len(several))[:25]:
        members = [several[place][number] for number in rng.permutation(len(several[place]))[:2]]
        convolutions = [[o for o in cell.operations if o in CONVOLUTIONS] for cell in members]
        if convolutions[0] != convolutions[1]:
            continue  # dead convolutions of other sizes: the draws of the weights differ
        jacobians = []
        for cell in members:
            state = initial_state(cell, FEW, torch.Generator().manual_seed(1), "kaiming_fan_in")
            networks = BatchedNetworks([cell], FEW, [state]).double().requires_grad_(False).eval()
            names = [name for name in state if "running" not in name][:30]
            jacobians.append(vkdnw.Probe(networks, noise(2, FEW), [names], 1).jacobian())
        torch.testing.assert_close(*jacobians, rtol=1e-9, atol=1e-9)
        compared += 1
    assert compared > 10


def test_a_fisher_information_that_is_not_finite_says_so():
    matrices = torch.eye(4, dtype=torch.float64).repeat(2, 1, 1)
    matrices[1, 0, 0] = torch.inf
    values, reasons = vkdnw.entropies(matrices, [4, 4])
    assert values[0].item() == pytest.approx(math.log(9))
    assert math.isnan(values[1])
    assert reasons == ["", "Fisher information is not finite"]


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    cpu, cuda = vkdnw.evaluate(trial(CELLS)), vkdnw.evaluate(trial(CELLS, device="cuda"))
    for name in NAMES:
        torch.testing.assert_close(cuda[name][0], cpu[name][0], rtol=0, atol=1e-2)
