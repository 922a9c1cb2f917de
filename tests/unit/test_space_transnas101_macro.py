"""TransNAS-Bench-101, macro level: its strings, its networks, and its scores."""

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from module_space_helpers import BEYOND, FAMILIES, counted_by_building, require_counts, require_scores

from tfnas.errors import CellError
from tfnas.networks.shape import Shape
from tfnas.spaces.registry import get_space
from tfnas.spaces.transnas101_macro import SPACE, Block, blocks, head_parameters

BEST = {
    "class_object": 47.422, "class_scene": 57.414, "jigsaw": 97.019, "segmentsemantic": 94.858, "autoencoder": 0.7488,
    "normal": 0.6435, "room_layout": -0.5822,
}  # fmt: skip
"""The best values of the benchmark: validation, last epoch."""


def test_there_are_3256_of_four_to_six_modules():
    assert SPACE.size == 3256
    lengths = Counter(len(text.split("-")[1]) for text in SPACE.strings)
    assert lengths == {4: 210, 5: 750, 6: 2296}
    assert list(SPACE.strings) == sorted(SPACE.strings)
    assert (SPACE.strings[0], SPACE.strings[-1]) == ("64-111114-basic", "64-444311-basic")
    for code, text in enumerate(SPACE.strings):
        assert SPACE.parse(text) == code
        assert SPACE.code(SPACE.choices(code)) == code


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("64-123-basic", "'64-123-basic' has 3 modules: the space 'transnas101-macro' has 4 to 6"),
        ("64-1234123-basic", "has 7 modules"),
        ("64-1253-basic", "Module 3 of '64-1253-basic' is '5': use 1, 2, 3 or 4"),
        (
            "64-2222-basic",
            "4 modules of '64-2222-basic' double the channels (2 or 4): the benchmark has 1 to 3 of them",
        ),
        ("64-1111-basic", "0 modules of '64-1111-basic' double the channels"),
        ("64-2111-basic", "0 modules of '64-2111-basic' halve the resolution (3 or 4): the benchmark has 1 to 4 of"),
        ("64-433331-basic", "5 modules of '64-433331-basic' halve"),
        ("64-41414-1_02_333", "is no architecture of the space 'transnas101-macro': write 64-MODULES-basic"),
        ("32-1123-basic", "is no architecture of the space"),
    ],
)
def test_a_string_that_is_none_is_told_where(text, sentence):
    with pytest.raises(CellError) as error:
        SPACE.parse(text)
    assert sentence in str(error.value)


def test_any_other_string_of_the_form_is_refused():
    given = {f"64-{''.join(digits)}-basic" for n in (4, 5, 6) for digits in product("1234", repeat=n)}
    for text in given - set(SPACE.strings):
        with pytest.raises(CellError):
            SPACE.parse(text)


def test_neighbours_change_or_add_or_leave_out_one_module():
    near = {SPACE.text(code) for code in SPACE.neighbours(SPACE.parse("64-11142-basic"))}
    assert {"64-1114-basic", "64-111421-basic", "64-11242-basic", "64-11144-basic"} <= near
    assert "64-11112-basic" not in near, "nothing halves the resolution any more"
    rng = np.random.default_rng(0)
    for code in SPACE.sample(rng, 20).tolist():
        assert code not in SPACE.neighbours(code)
        assert SPACE.mutate(code, rng) in SPACE.neighbours(code)


def test_modules_are_two_blocks_of_which_the_first_changes_the_shape():
    assert list(blocks([1, 2, 3, 4], 64)) == [
        Block(64, 64, 1, 64), Block(64, 64, 1, 64), Block(64, 128, 1, 64), Block(128, 128, 1, 64),
        Block(128, 128, 2, 32), Block(128, 128, 1, 32), Block(128, 256, 2, 16), Block(256, 256, 1, 16),
    ]  # fmt: skip


def test_counts_equal_those_of_the_networks_and_of_a_resnet():
    require_counts(SPACE, np.random.default_rng(0).integers(SPACE.size, size=5).tolist(), (256, 32, 18))
    code = SPACE.parse("64-1444-basic")  # the modules of ResNet-18, but for a stem of 19,488 parameters
    from torchvision.models import resnet18

    stem = (9 * 3 * 32 + 64) + (9 * 32 * 64 + 128)
    theirs = resnet18(num_classes=63)
    known = sum(weight.numel() for name, weight in theirs.named_parameters() if name.startswith(("layer", "fc")))
    params, _ = SPACE.counts(code, Shape(63, 3, 256))
    assert params - stem == known
    assert counted_by_building(SPACE, code, Shape(63, 3, 256))[0] == params
    assert head_parameters("class_scene") == 512 * 63 + 63


def test_truth_has_the_facts_that_are_known_of_it(shared_data):
    table = pd.read_parquet(shared_data / "other-spaces/transnas101-valid-final.parquet")
    table = table[table["space"] == "transbench101_macro"]
    assert set(table["arch"]) == set(SPACE.strings)
    assert len(table) == 3256
    for task, best in BEST.items():
        assert table[task].max() == pytest.approx(best, abs=1e-3 if best > 1 else 1e-4), task


@pytest.mark.parametrize(("name", "text"), [("macro", "64-1114-basic"), ("micro", "64-41414-3_00_210")])
def test_in_training_the_logits_of_a_batch_have_one_sum(name, text):
    """So the kernel of these networks is singular, and the condition number of TE-NAS has no value."""
    space = get_space(f"transnas101-{name}")
    network = space.network(space.parse(text), Shape(3, 3, 32)).train()
    first, second = (network(torch.randn(6, 3, 32, 32)).sum(0) for _ in range(2))
    torch.testing.assert_close(first, second, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "ntk"])
def test_networks_are_scored(family, monkeypatch):
    require_scores(SPACE, "64-3421-basic", family, monkeypatch, reason=BEYOND.get(family, ""))
