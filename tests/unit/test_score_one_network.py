"""`tfnas.score` and `python -m tfnas`: networks of all kinds, and what is no network."""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import tfnas
from tfnas.__main__ import factory, main
from tfnas.errors import CellError, ConfigError, DataError, ProxyError, UnknownNameError
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.registry import get_family, proxy_names
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.spaces.nats_tss import Cell

IMAGES = torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))
LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
FAST = ["naswot", "swap", "synflow_log", "grad_norm", "snip", "fisher", "grasp", "jacob_cov", "epe_nas", "zico", "zen"]
FAST += ["near", "params", "flops", "gradsign", "ntk_trace", "logsynflow"]


class Small(nn.Module):
    """Two convolutions that a residual adds, a depthwise one, and its ReLUs in one of four spellings."""

    def __init__(self, spelling="module"):
        super().__init__()
        self.spelling = spelling
        self.first, self.norm = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.depthwise, self.second_norm = nn.Conv2d(8, 8, 3, padding=1, groups=4), nn.BatchNorm2d(8)
        self.classifier = nn.Linear(8, 3)
        self.relu = nn.ReLU(inplace=spelling == "in place")

    def rectify(self, x):
        ways = {"function": F.relu, "method": lambda values: values.relu_()}
        return ways.get(self.spelling, self.relu)(x)

    def forward(self, x):
        x = self.rectify(self.norm(self.first(x)))
        x = x + self.rectify(self.second_norm(self.depthwise(x)))
        return self.classifier(self.rectify(x).mean((2, 3)))


def small(spelling="module") -> Small:
    torch.manual_seed(3)
    return Small(spelling)


def raw_of(network, names=FAST, **options) -> dict[str, float]:
    table = tfnas.score(network, IMAGES, LABELS, names, **options)
    return dict(zip(table["proxy"], table["raw"], strict=True))


@pytest.fixture(scope="module")
def expected():
    return raw_of(small())


@pytest.mark.parametrize("spelling", ["in place", "function", "method"])
def test_the_spelling_of_a_relu_changes_no_score(expected, spelling):
    assert raw_of(small(spelling)) == pytest.approx(expected, rel=1e-5)


def test_a_table_has_a_row_for_each_proxy_and_a_reason_where_there_is_no_value():
    table = tfnas.score(small(), IMAGES, LABELS)
    assert list(table.columns) == ["proxy", "score", "raw", "spread", "seconds", "reason"]
    assert table["proxy"].tolist() == proxy_names()
    without = table[table["raw"].isna()]
    cells = {"linear_regions", "conv_edges", "skip", "swap_regularised"}
    assert cells < set(without["proxy"])
    assert (without["reason"] != "").all()
    assert (table.dropna(subset="raw")["reason"] == "").all()
    assert (table.dropna(subset="raw")["seconds"] > 0).all()
    raw = table.set_index("proxy")["raw"]
    assert raw["params"] == sum(parameter.numel() for parameter in small().parameters())
    assert raw["flops"] == (256 * 8 * 27 + 256 * 8 * 18 + 8 * 3 + 3) / 1e6


def test_the_network_is_left_as_it_was_and_draws_are_named_by_the_seed():
    network = small().eval()
    before = copy.deepcopy(network.state_dict())
    first, second, other = (raw_of(network, ["zen", "naswot"], seed=seed) for seed in (0, 0, 1))
    assert first == second
    assert first["naswot"] == other["naswot"]  # the weights that it has
    assert first["zen"] != other["zen"]  # weights of its own
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not network.training
    assert not any(module._forward_hooks for module in network.modules())


def test_a_factory_gives_each_repeat_weights_of_its_own():
    table = tfnas.score(Small, IMAGES, LABELS, ["naswot", "params"], repeats=3).set_index("proxy")
    one = tfnas.score(Small, IMAGES, LABELS, ["naswot"], repeats=1).set_index("proxy")
    assert table.loc["naswot", "spread"] > 0
    assert table.loc["params", "spread"] == 0
    assert math.isnan(one.loc["naswot", "spread"])
    assert one.loc["naswot", "raw"] != table.loc["naswot", "raw"]


def test_a_layer_that_runs_twice_counts_its_weights_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.end = nn.Conv2d(3, 3, 3, padding=1), nn.Linear(3, 3)

        def forward(self, x):
            return self.end(self.conv(self.conv(x).relu()).mean((2, 3)))

    torch.manual_seed(0)
    network = Twice()
    found = raw_of(network, ["grad_norm", "params", "flops", "ntk_trace"])
    loss = F.cross_entropy(network(IMAGES), LABELS)
    norms = [g.norm().item() for g in torch.autograd.grad(loss, [network.conv.weight, network.end.weight])]
    assert found["grad_norm"] == pytest.approx(sum(norms), rel=1e-5)
    assert found["params"] == 84 + 12
    assert found["flops"] == pytest.approx((2 * 256 * 3 * 27 + 12) / 1e6)
    # Without normalisation images do not meet: each one's share is its own gradient.
    squares = 0.0
    for image, label in zip(IMAGES, LABELS, strict=True):
        logit = network(image[None])[0, label]
        parts = torch.autograd.grad(logit, [network.conv.weight, network.end.weight, network.end.bias])
        squares += sum(float(part.square().sum()) for part in parts)
    assert found["ntk_trace"] == pytest.approx((squares / len(IMAGES)) ** 0.5, rel=1e-5)


def test_a_cell_has_the_scores_of_the_batched_engine():
    text = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"
    table = tfnas.score(text, IMAGES, LABELS, ["naswot", "params"], seed=5).set_index("proxy")
    skeleton = Skeleton(16, 5, 3, 3, 16)
    rows = score_cells(get_family("naswot"), [Cell.parse(text)], IMAGES, LABELS, skeleton, Draws(1, 5), 1, ["naswot"])
    assert table.loc["naswot", "raw"] == rows[0][3]
    with pytest.raises(CellError, match="expected 'operation~0'"):
        tfnas.score(text.replace("nor_conv_3x3~0", "sep_conv_3x3~0"), IMAGES)
    with pytest.raises(ProxyError, match="Proxy 'snip' cannot score this network: no labels were given"):
        tfnas.score(text, IMAGES, proxies=["snip"])


class Tuple(Small):
    def forward(self, x):
        return super().forward(x), x


class Pair(Small):
    def forward(self, x, mask):
        return super().forward(x)


class Drifts(Small):
    def forward(self, x):
        with torch.no_grad():
            self.first.weight.mul_(0.9)
        return super().forward(x)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Tuple, r"'Tuple' returns tuple where logits of shape \(B, classes\) belong"),
        (Pair, r"'Pair' asks for several inputs \(x, mask\): wrap it"),
        (Drifts, "'Drifts' changes its weights while it runs"),
        (nn.Flatten, "'Flatten' has no parameters"),
        (lambda: nn.Conv2d(3, 4, 3), r"returns \(2, 4, 14, 14\) where logits"),
        (lambda: nn.Linear(7, 3), "does not take images of 3 x 16 x 16"),
        (lambda: "net", "builds str, not a torch module"),
        (7, "a function that builds one or a string, not 7"),
    ],
)
def test_what_is_no_network_of_images_is_one_sentence(network, sentence):
    with pytest.raises(ProxyError, match=sentence):
        tfnas.score(network, IMAGES, LABELS, ["naswot"])


def test_what_a_network_lacks_is_named():
    class Smooth(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.end = nn.Conv2d(3, 4, 3), nn.GroupNorm(1, 4), nn.Linear(4, 3)

        def forward(self, x):
            return self.end(F.gelu(self.norm(self.conv(x))).mean((2, 3)))

    table = tfnas.score(Smooth(), IMAGES, LABELS, None).set_index("proxy")
    assert table.loc["naswot", "reason"] == "the network has no ReLU"
    assert table.loc["zen", "reason"] == "the network has no batch normalisation"
    assert "stages" in table.loc["az_trainability", "reason"]
    assert math.isfinite(table.loc["snip", "raw"])
    with pytest.raises(ProxyError, match="Proxy 'naswot' cannot score this network: the network has no ReLU"):
        tfnas.score(Smooth(), IMAGES, LABELS, ["naswot"])
    unlabelled = tfnas.score(small(), IMAGES).set_index("proxy")
    assert unlabelled.loc["snip", "reason"] == "no labels were given"
    assert math.isfinite(unlabelled.loc["naswot", "raw"])


def test_stages_can_be_named_and_must_follow_one_another():
    class Blocks(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.end = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 3)

        def forward(self, x):
            return self.end(self.two(self.one(x) * 2).mean((2, 3)))

    names = ["az_expressivity"]
    with pytest.raises(ProxyError, match="0 stages where it needs two: name them"):
        tfnas.score(Blocks, IMAGES, LABELS, names)
    with pytest.raises(ProxyError, match="do not read what the stage before them gives"):
        tfnas.score(Blocks, IMAGES, LABELS, names, stages=["one", "two"])
    with pytest.raises(ProxyError, match="no module 'three' to be a stage: its modules are one, two, end"):
        tfnas.score(Blocks, IMAGES, LABELS, names, stages=["one", "three"])


def test_images_and_labels_that_do_not_fit_are_one_sentence():
    with pytest.raises(DataError, match=r"shape \(6, 3, 16\)"):
        tfnas.score(Small, IMAGES[..., 0])
    with pytest.raises(DataError, match="not finite"):
        tfnas.score(Small, IMAGES * math.inf)
    with pytest.raises(DataError, match="equal"):
        tfnas.score(Small, torch.zeros(4, 3, 16, 16))
    with pytest.raises(DataError, match=r"6 images and labels of shape \(5,\)"):
        tfnas.score(Small, IMAGES, LABELS[:5])
    with pytest.raises(DataError, match="A label is 3, and the network 'Small' has 3 classes"):
        tfnas.score(Small, IMAGES, LABELS + 1)
    with pytest.raises(DataError, match="There is no device 'cuda:77'"):
        tfnas.score(Small, IMAGES, device="cuda:77")
    with pytest.raises(UnknownNameError, match="Unknown proxy 'naswod'"):
        tfnas.score(Small, IMAGES, proxies=["naswod"])
    with pytest.raises(ProxyError, match="repeats is 0"):
        tfnas.score(Small, IMAGES, repeats=0)


@pytest.fixture
def folder(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 16, 16, 3), dtype=np.uint8)
    for number, one in enumerate(pixels):
        path = tmp_path / "photos" / "abc"[number % 3] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(one).save(path)
    return tmp_path / "photos"


def test_a_folder_of_pictures_and_a_file_of_the_same_score_alike(folder, tmp_path):
    pixels = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.rglob("*.png"), key=lambda p: p.name)])
    images, labels = pixels.transpose(0, 3, 1, 2), np.arange(6) % 3
    np.savez(tmp_path / "own.npz", images=images, labels=labels)
    ways = [tfnas.score(small(), source, proxies=["naswot", "snip"]) for source in (folder, tmp_path / "own.npz")]
    ways.append(tfnas.score(small(), images, labels, ["naswot", "snip"]))
    for way in ways[1:]:
        assert way["raw"].tolist() == pytest.approx(ways[0]["raw"].tolist(), rel=1e-2)
    Image.fromarray(pixels[0][:8]).save(folder / "a" / "small.png")
    with pytest.raises(DataError, match="bring all pictures to one size"):
        tfnas.score(small(), folder)
    (folder / "a" / "small.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"small\.png' cannot be read as a picture"):
        tfnas.score(small(), folder)
    with pytest.raises(DataError, match="does not exist"):
        tfnas.score(small(), tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds 0 pictures"):
        tfnas.score(small(), tmp_path / "empty")


NET = """
import torch
from torch import nn

def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 196, 3))
"""


def test_the_command_scores_a_factory_of_a_file_and_writes_a_table(folder, tmp_path, capsys):
    (tmp_path / "my_net.py").write_text(NET)
    network = f"{tmp_path / 'my_net.py'}:build"
    csv = tmp_path / "out" / "scores.csv"
    assert main(["score", network, "--images", str(folder), "--proxies", "naswot", "params", "--csv", str(csv)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].split() == ["proxy", "score", "raw", "spread", "seconds", "reason"]
    assert pd.read_csv(csv)["raw"].tolist()[1] == 4 * 27 + 4 + 4 * 196 * 3 + 3
    assert main(["score", network, "--images", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err.startswith("tfnas: ")
    with pytest.raises(ConfigError, match="has no 'other'"):
        factory(f"{tmp_path / 'my_net.py'}:other")
    with pytest.raises(ConfigError, match="cannot be imported"):
        factory("no_such_module_here:build")
    with pytest.raises(ConfigError, match="write module:factory"):
        factory("resnet18")


@pytest.mark.parametrize(("command", "name"), [("proxies", "naswot"), ("searches", "tfnas"), ("spaces", "nats-tss")])
def test_the_command_lists_what_there_is(command, name, capsys):
    assert main([command]) == 0
    assert any(line.split()[0] == name for line in capsys.readouterr().out.splitlines())


def test_the_examples_of_the_documentation_run(root, monkeypatch):
    found: dict = {}
    monkeypatch.chdir(root)
    for name in ("any-network", "searches"):
        text = (root / f"docs/{name}.md").read_text(encoding="utf-8")
        for block in text.split("```python")[1:]:
            if name == "any-network" or "tfnas.search(" in block:
                exec(block.split("```")[0], found)
    table = found["table"].set_index("proxy")
    assert table.index.tolist() == ["naswot", "synflow_log", "snip", "params"]
    assert (table["reason"] == "").all()
    assert table.loc["params", "raw"] == 11_181_642  # torchvision's ResNet-18 with ten classes
    assert table.loc["naswot", "spread"] > 0
    assert found["scale"]["percentile"].between(0, 100).all()
    assert found["scale"]["warning"][1].startswith("the scores there are of 128 images, this one of 16")
    assert len(found["chosen"]) == 5
