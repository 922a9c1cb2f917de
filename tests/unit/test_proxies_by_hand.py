r"""Proxies of one network that is small enough to be computed by hand.

One channel, one cell per stage, two classes, and a cell that passes its input on. The stem passes its input on, the
convolutions of residual blocks are zero, and their shortcuts give (s, -s) of s and (s, -s, s, -s) of (s, -s). Logit 0
is the sum of the pooled features 0 and 2, logit 1 is zero. Normalisation turns two images of constant values 1 and -1
into 1 and -1 and is flat there: but for its epsilon no gradient passes, and the pooled features are (1, 0, 1, 0) and
(0, 1, 0, 1).
"""

from __future__ import annotations

import math

import pytest
import torch
from test_every_proxy import float64  # noqa: F401

from tfnas.networks.reference import initial_state
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies import meco, near, ntk
from tfnas.proxies.registry import get_family
from tfnas.proxies.trial import Trial
from tfnas.spaces.nats_tss import Cell

CELL = Cell.parse("|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")
SIGMA = 1 / (1 + math.exp(-2))
"""Probability of class 0 for logits 2 and 0."""

pytestmark = pytest.mark.usefixtures("float64")


def skeleton(size: int = 4) -> Skeleton:
    return Skeleton(channels=1, cells_per_stage=1, classes=2, image_channels=1, image_size=size)


@pytest.fixture(autouse=True)
def state(monkeypatch):
    """Weights of the module's docstring, whatever initialisation a proxy asks for."""
    fixed = initial_state(CELL, skeleton(), torch.Generator())
    fixed = {name: tensor if tensor.ndim == 1 else torch.zeros_like(tensor) for name, tensor in fixed.items()}
    fixed["classifier.bias"] = torch.zeros(2)
    fixed["stem.0.weight"][0, 0, 1, 1] = 1
    fixed["cells.1.downsample.1.weight"][:, 0, 0, 0] = torch.tensor([1.0, -1.0])
    fixed["cells.3.downsample.1.weight"][:, :, 0, 0] = torch.eye(2).repeat(2, 1)
    fixed["classifier.weight"][0] = torch.tensor([1.0, 0.0, 1.0, 0.0])
    for place in ("tfnas.proxies.trial", "tfnas.networks.reference"):
        monkeypatch.setattr(f"{place}.initial_state", lambda *arguments: fixed)
    return fixed


def values(family: str, images: torch.Tensor, labels: tuple[int, ...] = (0, 1), *names: str) -> dict[str, float]:
    """Return the raw values of the named proxies of a family, or of all."""
    member = get_family(family)
    wanted = frozenset(names or (proxy.name for proxy in member.proxies))
    trial = Trial([CELL], [0], skeleton(images.shape[2]), images, torch.tensor(labels), wanted)
    return {name: found.item() for name, (found, _) in member.evaluate(trial).items()}


def constant(*levels: float) -> torch.Tensor:
    """Return one image of 4 x 4 equal pixels for each level."""
    return torch.tensor(levels, dtype=torch.float64).view(-1, 1, 1, 1).expand(-1, 1, 4, 4).clone()


def in_blocks(*levels: float, pixels: int = 2) -> torch.Tensor:
    """Return an image of 2 x 2 blocks of equal pixels."""
    blocks = torch.tensor(levels, dtype=torch.float64).view(1, 1, 2, 2)
    return blocks.repeat_interleave(pixels, 2).repeat_interleave(pixels, 3)


def test_naswot():
    # Units whose bits differ: 16 and 8 before the residual blocks, 4 at the end; 8 and 4 zeros within the blocks agree.
    found = values("naswot", constant(1, -1))
    assert found["naswot"] == pytest.approx(math.log(40**2 - 12**2))
    assert found["naswot_published"] == pytest.approx(math.log((80 - 4) ** 2 - (24 - 0) ** 2))


def test_swap():
    # Patterns 10, 01 and, of the zeros, 00.
    assert values("swap", constant(1, -1))["swap"] == 3


def test_gradients():
    # Gradient of the logits: (-q, q) / 2 with q = 1 - sigma, and (1/4, -1/4). That of row 0 of the classifier's
    # weight is (-q/2, 1/4, -q/2, 1/4), of row 1 its negative; all other gradients vanish.
    found, q = values("gradients", constant(1, -1)), 1 - SIGMA
    close = {"rel": 1e-3, "abs": 1e-4}
    assert found["grad_norm"] == pytest.approx(math.sqrt(q**2 + 1 / 4), **close)
    assert found["snip"] == pytest.approx(q, **close)
    assert found["plain"] == pytest.approx(-q, **close)
    # Logit 0 of image 0 times its gradient is -q: half of the mean over two images of q^2, for four weights.
    assert found["fisher"] == pytest.approx(q**2, **close)
    # <W, H g> with the Hessian of the softmax: sigma q (1, -1; -1, 1) for image 0; image 1 has zero logits.
    assert found["grasp"] == pytest.approx(2 * SIGMA * q**2, **close)
    # Stem, two shortcuts, classifier.
    assert found["l2_norm"] == pytest.approx(1 + math.sqrt(2) + 2 + math.sqrt(2))
    # Every pixel of an image pulls alike.
    assert math.isnan(found["jacob_cov"])
    assert math.isnan(found["epe_nas"])


def test_gradients_of_a_blind_network(state):
    # A classifier of zeros: the logits depend on no image, and all rows of the Jacobian are zero.
    state["classifier.weight"].zero_()
    found = values("gradients", constant(1, -1))
    assert math.isnan(found["jacob_cov"])
    assert found["grad_norm"] == pytest.approx(math.sqrt(2 * 4 / 16), rel=1e-4)


def test_ntk_trace():
    # Of each image's own logit: 1 for the bias, 2 for the two pooled features that are not zero.
    found = values("ntk_trace", constant(1, -1))
    assert found["ntk_trace"] == pytest.approx(math.sqrt(3), rel=1e-4)
    # Neither label nor feature is shared by the two images.
    assert found["hnas_condition_number"] == pytest.approx(1, rel=1e-4)


def test_ntk_condition_number(monkeypatch):
    # Of the sum of logits: the classifier's weights give 4 for each image and nothing between them; the last
    # normalisation's weights give 2 for image 0, whose features logit 0 reads.
    monkeypatch.setattr(ntk, "CHANNELS", 1)
    found = values("ntk", constant(1, -1), (0, 1), "ntk_condition_number")
    assert found["ntk_condition_number"] == pytest.approx(6 / 4, rel=1e-4)


def test_synflow():
    # R = 2, and as much flows through stem, each shortcut and classifier.
    found = values("synflow", constant(1, -1))
    assert found["synflow"] == pytest.approx(4 * 2)
    assert found["synflow_log"] == pytest.approx(math.log(8))


def test_logsynflow():
    # Weights of 1: two of the classifier and two of the second shortcut with gradient 1; one of the first shortcut and
    # the stem's with gradient 2; those that end in features 1 and 3 have gradient 0.
    assert values("logsynflow", constant(1, -1))["logsynflow"] == pytest.approx(4 * math.log(2) + 2 * math.log(3))


def test_gradsign(state):
    # A classifier of zeros lets no gradient through. Its own gradient has the sign of the label in each of 8 weights:
    # of three images of class 1 and one of class 0 two are left.
    state["classifier.weight"].zero_()
    images = torch.cat([in_blocks(2, 0, -1, -1, pixels=4) * scale for scale in (1, 2, -1, 3)])
    found = values("gradsign", images, (1, 1, 0, 1))
    assert found["gradsign"] == 8 * 2
    # Stem, residual blocks, classifier.
    assert found["gradsign_mean"] == pytest.approx(16 / (9 + (18 + 36 + 2) + (72 + 144 + 8) + 8))


def test_zen(monkeypatch):
    # Levels 1, -1, 0, and 1, -1, 1 after the nudge; normalised, and with the opposite sign in half of the channels.
    nudge = constant(0, 0, 100)
    monkeypatch.setattr(Trial, "gaussian", lambda self, name, *shape: constant(1, -1, 0) if "input" in name else nudge)
    change = (2 / 3) * ((math.sqrt(1.5) - math.sqrt(0.5)) + (math.sqrt(2) - math.sqrt(1.5)) + math.sqrt(0.5))
    unbiased = 48 / 47
    stem = 0.9 * (0.9 + 0.1 * unbiased * 2 / 3) + 0.1 * unbiased * 8 / 9
    last = 0.9 * (0.9 + 0.1 * 3 / 2) + 0.1 * 3 / 2
    expected = math.log(change) + (math.log(stem) + 4 * math.log(0.81) + math.log(last)) / 2
    assert values("zen", constant(1, -1, 0))["zen"] == pytest.approx(expected, abs=1e-4)


def test_meco(monkeypatch):
    # Blocks of 2, 0, -1, -1. One channel that varies counts 1: stem (3 modules), skip and cell (2), the ReLU and the
    # pooling of the first residual block. Channels s and -s have eigenvalue 0, their positive parts (2, 0, 0, 0) and
    # (0, 0, 1, 1) a correlation of -1 / sqrt(3). What follows has one pixel.
    monkeypatch.setattr(Trial, "gaussian", lambda *_: in_blocks(2, 0, -1, -1))
    monkeypatch.setattr(meco, "IMAGE_SIZE", 4)
    assert values("meco", constant(1, -1))["meco"] == pytest.approx(7 + 1 - 1 / math.sqrt(3), rel=1e-6)


def test_near(monkeypatch):
    # Rank 1: stem and its normalisation, the first ReLU and the shortcut of each residual block, the last
    # normalisation, the logits (2, 0), (0, 0). The last ReLU gives (1, 0, 1, 0), (0, 1, 0, 1). The rest is zero.
    monkeypatch.setattr(near, "block_places", lambda seed, modules: torch.zeros(modules, dtype=torch.float64))
    assert values("near", constant(1, -1))["near"] == pytest.approx(2 + 4 + 1 + 1 + 2, rel=1e-6)


def test_az_nas():
    # All features are multiples of one: no entropy. The cell is the identity, which trainability does not define.
    found = values("az_nas", constant(1, -1))
    assert found["az_expressivity"] == pytest.approx(0, abs=1e-5)
    assert found["az_progressivity"] == pytest.approx(0, abs=1e-5)
    assert math.isnan(found["az_trainability"])


def test_structure():
    # Stem 9 + 2, residual blocks 56 + 2 * 4 and 224 + 2 * 8, last normalisation 8, classifier 10.
    assert values("structure", constant(1, -1))["params"] == 11 + 64 + 240 + 8 + 10
