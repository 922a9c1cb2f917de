"""What the tests of spaces whose networks are modules share."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from tfnas.networks.shape import Shape
from tfnas.proxies import any_module
from tfnas.proxies.any_module.structure import count_of_flops, count_of_parameters
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.spaces.base import Space

BEYOND = {"epsinas": "outputs beyond single precision"}
"""Why wide networks have no score of a family whose weights are one constant."""

FAMILIES = sorted(
    path.stem for path in Path(any_module.__file__).parent.glob("*.py") if path.stem not in ("__init__", "trial")
)
"""The families whose proxies look at any network."""


def counted_by_building(space: Space, code: int, shape: Shape) -> tuple[int, int]:
    """Build a network without memory for its values, and count it layer by layer."""
    with torch.device("meta"):
        network = space.network(code, shape)
        images = torch.zeros(2, shape.image_channels, shape.image_size, shape.image_size)
        return count_of_parameters(network), count_of_flops(network, images)


def require_counts(space: Space, codes: Sequence[int], sizes: Sequence[int]) -> None:
    """Counts without building equal those of the networks, for images of several sizes."""
    for code in codes:
        for place, size in enumerate(sizes):
            shape = Shape(classes=7, image_channels=3 - 2 * (place % 2), image_size=size)
            assert space.counts(code, shape) == counted_by_building(space, code, shape), (space.text(code), size)


def require_scores(space: Space, text: str, family: str, monkeypatch, size: int = 64, reason: str = "") -> None:
    """Score one architecture twice by all proxies of a family that look at networks.

    Every value is there, or none for the one reason that is given.
    """
    for name in ("az_nas", "vkdnw"):
        monkeypatch.setattr(f"tfnas.proxies.any_module.{name}.BATCH", 4)
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.randn(6, 3, size, size, generator=generator), torch.tensor([0, 1, 1, 0, 2, 2])
    member = get_family(family)
    wanted = [proxy.name for proxy in member.proxies if "cell" not in proxy.requires]
    cells = [space.architecture(space.parse(text))]
    shape = Shape(classes=3, image_channels=3, image_size=size)
    rows = score_cells(member, cells, images, labels, shape, Draws(2, 7), 1, wanted)
    assert [row[:3] for row in rows] == [(text, name, repeat) for repeat in range(2) for name in wanted]
    assert {row[5] for row in rows} == {reason}, rows
    assert all(np.isfinite(row[3]) == (not reason) for row in rows)
