"""NATS-Bench's size space: its strings in the official order, its networks against xautodl's, and its scores."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from module_space_helpers import FAMILIES, counted_by_building, require_counts, require_scores

from tfnas.errors import CellError, ConfigError
from tfnas.networks.shape import Shape
from tfnas.spaces.nats_sss import CELL, SPACE


def test_codes_are_the_official_indices(shared_data):
    table = pd.read_parquet(shared_data / "other-spaces/nats-sss-index.parquet")
    assert SPACE.size == len(table) == 32_768
    assert table["index"].tolist() == list(range(32_768))
    assert table["arch"].tolist() == list(SPACE.strings)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("8:8:8:8", "'8:8:8:8' has 4 widths where the space 'nats-sss' has 5"),
        ("8:16:12:8:8", "The width of cell 2 in '8:16:12:8:8' is '12': use one of 8, 16, 24, 32, 40, 48, 56, 64"),
        ("|none~0|", "has 1 widths where the space"),
    ],
)
def test_a_string_that_is_none_is_told_where(text, sentence):
    with pytest.raises(CellError) as error:
        SPACE.parse(text)
    assert sentence in str(error.value)


@pytest.mark.parametrize("text", ["8:8:8:8:8", "64:64:64:64:64", "8:24:16:64:40"])
def test_networks_are_those_of_the_benchmark(text):
    models = pytest.importorskip("xautodl.models")
    config = {"name": "infer.shape.tiny", "channels": text, "genotype": str(CELL), "num_classes": 10}
    theirs = models.get_cell_based_tiny_net(SimpleNamespace(**config)).eval()
    ours = SPACE.network(SPACE.parse(text), Shape(10, 3, 32)).eval()
    shortcut = {".conv.": ".0.", ".bn.": ".1."}  # of a skip connection that changes channels
    state = {}
    for name, values in theirs.state_dict().items():
        for old, new in shortcut.items():
            name = name.replace(old, new)
        state[name] = values
    ours.load_state_dict(state)
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(ours(images), theirs(images)[1], rtol=0, atol=0)
    params = sum(weight.numel() for weight in theirs.parameters())
    assert SPACE.counts(SPACE.parse(text), Shape(10, 3, 32))[0] == params


def test_counts_equal_those_of_the_networks():
    require_counts(SPACE, np.random.default_rng(0).integers(SPACE.size, size=6).tolist(), (32, 16))
    assert counted_by_building(SPACE, 0, Shape(10, 3, 32))[0] == 11_714
    with pytest.raises(ConfigError, match="Images of 30 pixels do not halve twice: use a size divisible by four"):
        SPACE.network(0, Shape(10, 3, 30))


@pytest.mark.parametrize("family", FAMILIES)
def test_networks_are_scored(family, monkeypatch):
    require_scores(SPACE, "8:16:24:8:8", family, monkeypatch, size=32)
