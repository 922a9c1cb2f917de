"""The trace against hooks on the reference network, and against each image's own gradient where images do not meet."""

import pytest
import torch
from per_sample_helpers import APART, CELLS, SKELETON, make_trial, on_cuda, reference
from torch import nn

from tfnas.networks.batched import BatchedNetworks
from tfnas.networks.per_sample import sample_gradients
from tfnas.networks.reference import initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.ntk_trace import evaluate, kernels, traces
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.spaces.nats_tss import Cell


def slow_kernel(network, images, labels):
    """The kernel of what a hook sees of each layer's gradient, image by image."""
    seen = {}
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda module, given, output: seen.update({module: (given[0], output)}))
    logits = network(images.double())
    total = logits[torch.arange(len(labels)), labels].sum()
    gradients = torch.autograd.grad(total, [output for _, output in seen.values()])
    rows = [[] for _ in images]
    for (module, (given, _)), gradient in zip(seen.items(), gradients, strict=True):
        for row, x, delta in zip(rows, given.detach().split(1), gradient.split(1), strict=True):
            if isinstance(module, nn.Linear):
                row += [(delta.T @ x).flatten(), delta.flatten()]
            else:
                shape, options = module.weight.shape, {"stride": module.stride, "padding": module.padding}
                row.append(nn.grad.conv2d_weight(x, shape, delta, **options).flatten())
    matrix = torch.stack([torch.cat(row) for row in rows])
    return matrix @ matrix.T


def test_values_equal_the_definition():
    trial = make_trial([*CELLS, APART], ["ntk_trace", "hnas_condition_number"])
    found = evaluate(trial)
    for number in range(trial.count):
        theta = slow_kernel(reference(trial, number), trial.images, trial.labels)
        assert float(found["ntk_trace"][0][number]) == pytest.approx(float(theta.trace() / 8) ** 0.5, rel=1e-4)
        eigenvalues = torch.linalg.eigvalsh(theta)
        if number < trial.count - 1:
            expected = float(eigenvalues[-1] / eigenvalues[0])
            assert float(found["hnas_condition_number"][0][number]) == pytest.approx(expected, rel=1e-2)
    assert found["ntk_trace"][1] == [""] * trial.count
    assert float(found["ntk_trace"][0][-1]) == 1.0
    assert found["hnas_condition_number"][1] == [""] * len(CELLS) + ["singular NTK"]


def test_each_of_the_two_alone_is_the_same():
    together = evaluate(make_trial(CELLS, ["ntk_trace", "hnas_condition_number"]))
    for name, (values, reasons) in together.items():
        alone = evaluate(make_trial(CELLS, [name]))
        assert alone.keys() == {name}
        torch.testing.assert_close(alone[name][0], values, rtol=1e-6, atol=0)
        assert alone[name][1] == reasons


def test_the_products_are_charged_to_the_condition_number():
    trial = make_trial(CELLS, ["ntk_trace", "hnas_condition_number"])
    evaluate(trial)
    assert list(trial.only) == [frozenset(["hnas_condition_number"])]
    seconds = trial.seconds(10.0)
    assert seconds["ntk_trace"] < seconds["hnas_condition_number"]


@pytest.mark.parametrize("channels_last", [False, True])
def test_shares_sum_to_the_gradient_of_the_batch(channels_last):
    trial = make_trial(CELLS, ["ntk_trace"])
    networks = trial.networks(dtype=torch.float64)
    images = trial.images.double()
    if channels_last:
        networks = networks.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)

    def objective(logits):
        return logits.square().sum()

    shares = list(sample_gradients(networks, images, objective))
    weights = [weight for weight, _ in networks.weights()]
    whole = torch.autograd.grad(objective(networks(images)), weights, materialize_grads=True)
    for (rows, members), gradient, (_, expected) in zip(shares, whole, networks.weights(), strict=True):
        assert torch.equal(members, expected)
        torch.testing.assert_close(rows.sum(0), gradient.reshape(len(members), -1))


def test_without_normalisation_shares_are_each_images_own_gradient():
    networks = make_trial(CELLS, ["ntk_trace"]).networks(dtype=torch.float64, normalise=False)
    images = make_trial(CELLS, ["ntk_trace"]).images.double()
    shares = list(sample_gradients(networks, images, lambda logits: logits[:, :, 1].sum()))
    weights = [weight for weight, _ in networks.weights()]
    for number, image in enumerate(images):
        own = torch.autograd.grad(networks(image[None])[:, 0, 1].sum(), weights, materialize_grads=True)
        for (rows, members), gradient in zip(shares, own, strict=True):
            torch.testing.assert_close(rows[number], gradient.reshape(len(members), -1))


def test_a_network_by_hand():
    # One channel, nothing but skips, the weights of all convolutions zero: every feature is zero, only biases count.
    skeleton = Skeleton(channels=1, cells_per_stage=1, classes=2, image_channels=1, image_size=4)
    cell = Cell.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
    state = initial_state(cell, skeleton, torch.Generator().manual_seed(0))
    state = {name: torch.zeros_like(value) if value.ndim > 1 else value for name, value in state.items()}
    images = torch.ones(3, 1, 4, 4)
    labels = torch.tensor([0, 1, 1])
    assert traces(BatchedNetworks([cell], skeleton, [state]), images, labels).tolist() == [3.0]
    same_label = [[1.0, 0, 0], [0, 1, 1], [0, 1, 1]]
    assert kernels(BatchedNetworks([cell], skeleton, [state]), images, labels).tolist() == [same_label]
    # A bias of the last normalisation makes each of the four features that constant: 4 * 0.5^2 more for each image.
    state["lastact.0.bias"] = torch.full((4,), 0.5)
    assert traces(BatchedNetworks([cell], skeleton, [state]), images, labels).tolist() == [3.0 * (1 + 1)]
    doubled = [[2.0, 0, 0], [0, 2, 2], [0, 2, 2]]
    assert kernels(BatchedNetworks([cell], skeleton, [state]), images, labels).tolist() == [doubled]


def test_values_do_not_depend_on_order_or_company():
    trial = make_trial(CELLS, ["ntk_trace", "hnas_condition_number"])
    data = (trial.images, trial.labels, SKELETON, Draws(2, 3))
    alone = score_cells(get_family("ntk_trace"), CELLS, *data, together=1)
    grouped = score_cells(get_family("ntk_trace"), CELLS[::-1], *data, together=5)
    one, two = ({row[:3]: row[3] for row in rows} for rows in (alone, grouped))
    assert one.keys() == two.keys()
    for (arch, proxy, repeat), value in one.items():
        tolerance = 1e-4 if proxy == "ntk_trace" else 1e-2
        assert value == pytest.approx(two[arch, proxy, repeat], rel=tolerance)


def test_cuda_equals_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    trial = make_trial(CELLS, ["ntk_trace", "hnas_condition_number"])
    cpu, cuda = evaluate(trial), evaluate(on_cuda(trial))
    for name, tolerance in (("ntk_trace", 1e-4), ("hnas_condition_number", 1e-2)):
        torch.testing.assert_close(cuda[name][0], cpu[name][0], rtol=tolerance, atol=0)
        assert cuda[name][1] == cpu[name][1]
