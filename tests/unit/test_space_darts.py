"""DARTS: its strings and laws, its networks against published numbers and slow code, its truth, its scores."""

import json
from collections import Counter, namedtuple
from functools import partial
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import chisquare
from torch import nn
from torch.nn import functional

import tfnas
from tfnas.__main__ import main
from tfnas.analysis.statistics import spearman
from tfnas.errors import CellError, ConfigError, TruthError
from tfnas.networks.darts import DropPath, Network, network, one_cell
from tfnas.networks.module import built, quieted, stages_of
from tfnas.networks.shape import Shape
from tfnas.proxies.any_module.structure import count_of_flops, count_of_parameters
from tfnas.proxies.any_module.trial import ModuleTrial, evaluate_of
from tfnas.proxies.registry import get_family
from tfnas.scoring.chunk import Draws, score_cells
from tfnas.scoring.table import COLUMNS
from tfnas.scoring.writer import write_scores
from tfnas.spaces.darts import SPACE
from tfnas.spaces.parts.darts_genotypes import OPERATIONS
from tfnas.truth.table import convert

V1 = (
    "DARTS_V1 = Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])"
)
V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=range(2, 6))"
)
TEXT = (
    "normal:sep3~0+sep3~1|sep3~0+sep3~1|skip~0+sep3~1|skip~0+dil3~2"
    "//reduce:max3~0+max3~1|max3~1+skip~2|max3~0+skip~2|max3~1+skip~2"
)
"""The string of V2."""

Genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")


def sized(channels: int, cells: int, stem: str = "cifar", classes: int = 10, image_size: int = 32) -> Shape:
    return Shape(classes, 3, image_size, {"channels": channels, "cells": cells, "stem": stem})


TRAINED, SMALL = sized(36, 20), sized(4, 3, classes=3, image_size=16)


@pytest.fixture
def published(shared_data) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "other-spaces/darts-cifar10-214-full-training.parquet")


def some(number: int, seed: int = 0) -> list[int]:
    return SPACE.sample(np.random.default_rng(seed), number).tolist()


# ---- strings


def test_size_digits_and_neighbours():
    assert SPACE.size == (180 * 7**8) ** 2 == 1_076_746_950_455_072_400
    assert len(SPACE.variables) == 22
    codes = np.array([0, SPACE.size - 1, *some(50)])
    digits = SPACE.digits(codes)
    assert (digits[1] == SPACE.radices - 1).all()
    np.testing.assert_array_equal(SPACE.codes(digits), codes)
    for code in codes.tolist():
        assert SPACE.code(SPACE.choices(code)) == SPACE.parse(SPACE.text(code)) == code
    near = SPACE.neighbours(codes[2])
    assert len(set(near)) == 2 * (2 + 5 + 9 + 8 * 6)
    assert all(0 <= other < SPACE.size for other in near)
    assert SPACE.convolutions([SPACE.parse(V1), SPACE.parse(V2)]).tolist() == [5, 6]


def test_an_architecture_is_read_in_every_spelling():
    code = SPACE.parse(V2)
    assert SPACE.text(code) == TEXT
    found = eval(V2)
    as_json = json.dumps({"normal": found.normal, "reduce": found.reduce})
    positional = f"genotypes.Genotype({found.normal}, [2, 3, 4, 5], {found.reduce}, [5, 4, 3, 2])"
    long = TEXT
    for operation, short in OPERATIONS.items():
        long = long.replace(short, operation)
    for text in (TEXT, long, as_json, positional, f"\n  {V2}\n", V2.replace(", (", ",\n    (")):
        assert SPACE.parse(text) == code
    assert SPACE.codes_of([TEXT, as_json, V1], "'t'").tolist() == [code, code, SPACE.parse(V1)]


def test_what_the_community_prints_comes_back():
    for text in (V1, V2):
        code = SPACE.parse(text)
        printed = SPACE.genotype(code)
        ours, theirs = eval(printed), eval(text.removeprefix("DARTS_V1 = "))
        for cell in ("normal", "reduce"):
            pairs = getattr(theirs, cell)
            nodes = [sorted(pairs[start : start + 2], key=lambda edge: edge[1]) for start in range(0, 8, 2)]
            assert getattr(ours, cell) == [edge for node in nodes for edge in node]
        assert list(theirs.normal_concat) == ours.normal_concat == ours.reduce_concat
        assert SPACE.parse(printed) == code
    for code in some(20):
        assert SPACE.parse(SPACE.genotype(code)) == code


def changed(old: str, new: str, text: str = V2) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            changed("('dil_conv_3x3', 2)", "('none', 2)"),
            "Node 5 of the normal cell has 'none', which the space 'darts'",
        ),
        (changed("dil3", "none", TEXT), "Node 5 of the normal cell has 'none'"),
        (
            changed("skip~0+sep3~1", "skip~1+sep3~1", TEXT),
            "Node 4 of the normal cell reads input 1 twice: .* different",
        ),
        (changed("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"), "Node 5 of the normal cell reads input 0 twice"),
        (changed(", ('dil_conv_3x3', 2)", ""), "normal cell has 7 edges where it needs 8, two for each of its four"),
        (changed("skip~0+dil3~2", "skip~0", TEXT), "Node 5 of the normal cell is 'skip~0': write two edges"),
        (changed("|skip~0+dil3~2", "", TEXT), "normal cell has 6 edges where it needs 8"),
        (changed("dil3~2", "dil3", TEXT), "Node 5 of the normal cell has the edge 'dil3': write it as sep3~0"),
        (changed("max3~1+skip~2|max3~0", "max3~1+skip~3|max3~0", TEXT), "Node 3 of the reduce cell reads input 3"),
        (changed("('dil_conv_3x3', 2)", "('dil_conv_3x3', -1)"), "reads input -1, which is not there: use 0 to 4"),
        (changed("dil_conv_3x3", "dil_conv_3x"), "'dil_conv_3x', which DARTS does not: did you mean 'dil_conv_3x3'"),
        (changed("dil_conv_3x3", "attention"), "has the operation 'attention', which DARTS does not: use max_pool_3x3"),
        (changed("range(2, 6)", "range(2, 5)"), r"normal_concat is \[2, 3, 4\] where a cell of DARTS concatenates"),
        (changed("range(2, 6)", "[2, 3, 4, 4]"), r"normal_concat is \[2, 3, 4, 4\] .*: use \[2, 3, 4, 5\]"),
        (changed("range(2, 6)", "range(10 ** 9)"), "is no genotype of DARTS"),
        (changed("reduce_concat", "reduction_concat"), "has a part 'reduction_concat', which no genotype has"),
        ('{"normal": []}', "has no cell 'reduce': write both"),
        ('{"normal": 3, "reduce": 4}', "The normal cell is '3': write a list of pairs"),
        (
            changed("('dil_conv_3x3', 2)", "('dil_conv_3x3', 2.0)"),
            r"has the edge \('dil_conv_3x3', 2.0\): write a pair",
        ),
        (changed("('dil_conv_3x3', 2)", "__import__('os').getpid()"), "is no genotype of DARTS: write 'normal:"),
        (changed("reduce_concat=range(2, 6))", "reduce_concat=range(2, 6)"), "is no genotype of DARTS"),
        ("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|", "nor_conv_3x3~0.* is no genotype of DARTS"),
        ("02012100", "'02012100' is no genotype of DARTS"),
        ("(" * 100_000, "is no genotype of DARTS"),
        ("", "'' is no genotype of DARTS"),
    ],
)
def test_what_is_no_architecture_is_one_sentence(text, sentence):
    with pytest.raises(CellError, match=sentence) as found:
        SPACE.parse(text)
    assert len(str(found.value)) < 320
    assert str(found.value)[-1] in ".?"


def test_codes_outside_the_space_have_no_string():
    for code in (-1, SPACE.size):
        with pytest.raises(CellError, match=r"outside the space 'darts': use 0 to 1076746950455072399"):
            SPACE.text(code)


# ---- laws


def mutations_of_tegnas(text: str) -> Counter:
    """Every child with its chance, written out on the string."""
    found: Counter = Counter()
    cells = [[node.split("+") for node in part.split(":")[1].split("|")] for part in text.split("//")]
    for cell in range(2):
        for node in range(4):
            for edge in range(2):
                operation, source = cells[cell][node][edge].split("~")
                other = cells[cell][node][1 - edge].split("~")[1]
                free = [str(i) for i in range(node + 2) if str(i) not in (source, other)]
                topology = [(f"{operation}~{i}", 0.5 / 2 / 3 / 2 / len(free)) for i in free]
                renamed = [(f"{op}~{source}", 0.5 / 2 / 4 / 2 / 6) for op in OPERATIONS.values() if op != operation]
                for written, chance in topology + renamed:
                    child = json.loads(json.dumps(cells))
                    child[cell][node][edge] = written
                    parts = ["|".join("+".join(edges) for edges in child[part]) for part in range(2)]
                    found[SPACE.parse(f"normal:{parts[0]}//reduce:{parts[1]}")] += chance
    return found


def test_the_mutation_of_tegnas_has_its_law():
    law = mutations_of_tegnas(TEXT)
    assert sum(law.values()) == pytest.approx(1)
    code, rng = SPACE.parse(TEXT), np.random.default_rng(0)
    mutant = SPACE.mutants(rng, "topology_or_operation")
    for draw in (lambda: SPACE.mutate(code, rng, "topology_or_operation"), lambda: mutant(code)):
        drawn = Counter(draw() for _ in range(12_000))
        assert set(drawn) == set(law)
        assert chisquare([drawn[child] for child in law], [12_000 * chance for chance in law.values()]).pvalue > 1e-3


def test_other_mutations_change_one_choice():
    code, rng = some(1)[0], np.random.default_rng(0)
    mutant = SPACE.mutants(rng, "node_first")
    drawn = [SPACE.mutate(code, rng) for _ in range(300)] + [mutant(code) for _ in range(300)]
    assert set(drawn) <= set(SPACE.neighbours(code))
    assert len(set(drawn)) > 100


def drawn_by_alphas(rng: np.random.Generator) -> int:
    """An architecture as TEG-NAS and HNAS draw it, step by step."""
    names, cells = ["none", *OPERATIONS], {}
    for cell in ("normal", "reduce"):
        cells[cell] = []
        for node in range(2, 6):
            alphas = rng.random((node, 8))
            weights = np.exp(alphas) / np.exp(alphas).sum(1, keepdims=True)
            best = sorted(range(node), key=lambda edge: -weights[edge, 1:].max())[:2]
            cells[cell] += [(names[1 + int(weights[edge, 1:].argmax())], edge) for edge in best]
    return SPACE.parse(json.dumps(cells))


def test_drawing_by_alphas_is_drawing_uniformly():
    rng, number = np.random.default_rng(0), 3000
    for codes in ([drawn_by_alphas(rng) for _ in range(number)], SPACE.sample(rng, number)):
        digits = SPACE.digits(codes)
        for places in [*((place,) for place in range(22)), *combinations(range(22), 2)]:
            radices = SPACE.radices[list(places)]
            found = np.ravel_multi_index(tuple(digits[:, place] for place in places), radices)
            assert chisquare(np.bincount(found, minlength=radices.prod())).pvalue > 1e-5, places


# ---- networks


@pytest.mark.parametrize(
    ("text", "shape", "params", "flops", "auxiliary"),
    [
        (V2, TRAINED, 3_349_342, 528_359_040, 476_426),
        (V1, TRAINED, 3_169_414, 500_987_520, 476_426),
        (V2, sized(16, 8), 246_106, None, None),
        (V2, sized(16, 5), 129_706, None, None),
        (V1, sized(16, 8), 232_890, None, None),
        (V2, sized(48, 14, "imagenet", 1000, 224), 4_718_752, None, 1_260_776),
        (V1, sized(48, 14, "imagenet", 1000, 224), 4_510_432, None, 1_260_776),
    ],
)
def test_networks_have_the_published_counts(text, shape, params, flops, auxiliary):
    code = SPACE.parse(text)
    made = SPACE.network(code, shape)
    assert count_of_parameters(made) == SPACE.counts(code, shape)[0] == params
    if flops is not None:  # without the biases of the classifier
        assert count_of_flops(made, torch.zeros(1, 3, 32, 32)) - 10 == SPACE.counts(code, shape)[1] - 10 == flops
    if auxiliary is not None:
        head = network(SPACE.choices(code), shape, auxiliary=True).auxiliary
        assert count_of_parameters(head) == auxiliary


@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
@pytest.mark.parametrize(("channels", "cells", "size", "images"), [(4, 5, 32, 3), (3, 2, 27, 1), (6, 1, 45, 3)])
def test_counts_are_those_of_the_network(stem, channels, cells, size, images):
    shape = Shape(7, images, size, {"channels": channels, "cells": cells, "stem": stem})
    for code in some(3, seed=cells):
        made = SPACE.network(code, shape)
        counted = (count_of_parameters(made), count_of_flops(made, torch.zeros(2, images, size, size)))
        assert SPACE.counts(code, shape) == counted


def test_counts_of_all_trained_cells_are_those_of_the_table(published):
    counts = [SPACE.counts(code, TRAINED) for code in SPACE.codes_of(published["genotype"], "the table").tolist()]
    assert [params for params, _ in counts] == published["params_c36_l20"].tolist()
    assert [flops - 10 for _, flops in counts] == published["macs_c36_l20"].tolist()
    assert set(published["params_auxiliary"]) == {476_426}


class Slow:
    """The forward pass of the authors' network, step by step, with the parameters of a network in their order."""

    def __init__(self, made: Network, genotype: Genotype, shape: Shape):
        self.parameters, self.genotype, self.shape = iter(list(made.parameters())), genotype, shape

    def conv(self, x, stride=1, padding=0, dilation=1, depthwise=False):
        weight, groups = next(self.parameters), x.shape[1] if depthwise else 1
        return functional.conv2d(x, weight, None, stride, padding, dilation, groups)

    def norm(self, x):
        weight, bias = next(self.parameters), next(self.parameters)
        mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
        return (x - mean) / (variance + 1e-5).sqrt() * weight[:, None, None] + bias[:, None, None]

    def factorized(self, x):
        x = x.clamp(min=0)
        return self.norm(torch.cat([self.conv(x, 2), self.conv(x[:, :, 1:, 1:], 2)], 1))

    def operation(self, name, x, stride):
        size = int(name[-1]) if name[-1].isdigit() else 0
        if name == "max_pool_3x3":
            return functional.max_pool2d(x, 3, stride, 1)
        if name == "avg_pool_3x3":
            ones = functional.avg_pool2d(torch.ones_like(x), 3, stride, 1)
            return functional.avg_pool2d(x, 3, stride, 1) / ones
        if name == "skip_connect":
            return x if stride == 1 else self.factorized(x)
        if name.startswith("dil"):
            return self.norm(self.conv(self.conv(x.clamp(min=0), stride, size - 1, 2, depthwise=True)))
        for step in (stride, 1):
            x = self.norm(self.conv(self.conv(x.clamp(min=0), step, size // 2, depthwise=True)))
        return x

    def __call__(self, x):
        cells, settings = self.shape.settings["cells"], self.shape.settings
        if settings["stem"] == "cifar":
            s0 = s1 = self.norm(self.conv(x, 1, 1))
        else:
            s0 = self.norm(self.conv(self.norm(self.conv(x, 2, 1)).clamp(min=0), 2, 1))
            s1 = self.norm(self.conv(s0.clamp(min=0), 2, 1))
        reduced = settings["stem"] == "imagenet"
        for number in range(cells):
            reduction = number in (cells // 3, 2 * cells // 3)
            edges = self.genotype.reduce if reduction else self.genotype.normal
            first = self.factorized(s0) if reduced else self.norm(self.conv(s0.clamp(min=0)))
            states = [first, self.norm(self.conv(s1.clamp(min=0)))]
            for node in range(4):
                values = []
                for name, source in edges[2 * node : 2 * node + 2]:
                    values.append(self.operation(name, states[source], 2 if reduction and source < 2 else 1))
                states.append(values[0] + values[1])
            s0, s1, reduced = s1, torch.cat(states[2:], 1), reduction
        logits = s1.mean((2, 3)) @ next(self.parameters).T + next(self.parameters)
        assert next(self.parameters, None) is None
        return logits


@pytest.mark.parametrize(("stem", "size"), [("cifar", 16), ("imagenet", 64)])
def test_a_network_is_the_graph_of_its_genotype(stem, size):
    shape = sized(4, 5, stem, 3, size)
    images = torch.randn(3, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for code in [SPACE.parse(V2), *some(3)]:
        made = built(partial(SPACE.network, code, shape), "default", 0).double()
        with torch.no_grad():
            for number, parameter in enumerate(made.parameters()):
                parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number)) / 9)
            expected = Slow(made, eval(SPACE.genotype(code)), shape)(images)
            torch.testing.assert_close(made(images), expected, rtol=1e-9, atol=1e-9)
    assert not any(module.inplace for module in made.modules() if isinstance(module, nn.ReLU))
    assert len(stages_of(made)) == 1 + 5


def test_auxiliary_head_and_drop_path_are_for_training_alone():
    shape, code = sized(4, 5, classes=3), SPACE.parse(V2)
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    plain = built(partial(SPACE.network, code, shape), "default", 0)
    options = {"auxiliary": True, "drop_path": True}
    full = built(partial(network, SPACE.choices(code), shape, **options), "default", 0)
    logits, extra = full(images)
    assert extra.shape == (4, 3)
    torch.testing.assert_close(logits, plain(images))
    assert not any(isinstance(module, DropPath) for module in plain.modules())
    identities = sum(edge == ("skip_connect", 0) for edge in eval(V2).normal)
    paths = [isinstance(edge, nn.Sequential) and isinstance(edge[-1], DropPath) for edge in full.cells[0].operations]
    assert paths.count(False) == identities == 2
    full.drop_paths(0.5)
    assert not torch.allclose(full(images)[0], plain(images))
    assert torch.equal(*(full.eval()(images) for _ in range(2)))
    assert isinstance(quieted(full).eval()(images), torch.Tensor)
    with pytest.raises(ConfigError, match="built without drop path: build it with drop_path=True"):
        plain.drop_paths(0.2)
    with pytest.raises(ConfigError, match="head does not fit images of 64 pixels: use about 32, or train without"):
        network(SPACE.choices(code), sized(4, 5, image_size=64), auxiliary=True)


def test_paths_are_dropped_with_their_probability_for_whole_images():
    path, ones = DropPath(), torch.ones(4000, 2, 2, 2)
    assert path(ones) is ones
    path.probability = 0.25
    torch.manual_seed(0)
    dropped = path(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert (dropped.flatten(1).std(1) == 0).all()
    assert float(dropped.mean()) == pytest.approx(1, abs=0.03)
    assert path.eval()(ones) is ones


def test_sizes_of_networks_are_checked():
    assert SPACE.settings_with({}) == {"channels": 16, "cells": 8, "stem": "cifar"}
    for given, sentence in (
        ({"stem": "imagnet"}, "skeleton.stem is 'imagnet': use imagenet"),
        ({"stem": "x"}, "skeleton.stem is 'x': use cifar or imagenet"),
        ({"stem": 3}, "skeleton.stem is 3: use a word"),
        ({"cells": 0}, "skeleton.cells is 0: use a whole number"),
        ({"layers": 8}, "skeleton.layers is no size of these networks"),
        ({"channels": 1, "stem": "imagenet"}, "skeleton.channels is 1: the stem 'imagenet' needs 2 or more"),
    ):
        with pytest.raises(ConfigError, match=sentence):
            SPACE.settings_with(given)


# ---- scores


@pytest.mark.parametrize(
    "family",
    "naswot gradients zen az_nas structure synflow logsynflow meco vkdnw swap zico near ntk ntk_trace gradsign".split(),
)
def test_every_family_scores_its_networks(family, monkeypatch):
    for name in ("az_nas", "vkdnw"):
        monkeypatch.setattr(f"tfnas.proxies.any_module.{name}.BATCH", 3)
    images = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 1, 0, 2, 2, 1, 0])
    cells = [SPACE.architecture(SPACE.parse(V2)), SPACE.architecture(some(1)[0])]
    member = get_family(family)
    wanted = [proxy.name for proxy in member.proxies if "cell" not in proxy.requires]
    rows = score_cells(member, cells, images, labels, SMALL, Draws(1, 7), 1, wanted)
    assert [row[:2] for row in rows] == [(str(cell), name) for cell in cells for name in wanted]
    assert all(np.isfinite(row[3]) and row[5] == "" for row in rows)
    other = score_cells(member, cells[::-1], images, labels, SMALL, Draws(1, 7), 1, wanted)
    values = {row[:3]: row[3] for row in rows}
    assert all(values[row[:3]] == row[3] for row in other)


def test_one_architecture_is_scored_and_searches_run_on_scores(tmp_path, capsys):
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    space = tfnas.space("darts")
    code = space.parse(V2)
    table = tfnas.score(lambda: space.network(code, SMALL), images, proxies=["params", "flops", "naswot"])
    assert table["raw"][:2].tolist() == [SPACE.counts(code, SMALL)[0], SPACE.counts(code, SMALL)[1] / 1e6]
    codes = np.unique([code, *some(30)])
    texts = SPACE.texts(codes)
    values = np.random.default_rng(0).permutation(len(codes)).astype(float)
    rows = pd.DataFrame({"arch": texts, "proxy": "naswot", "score": values, "raw": values, "seconds": 0.5})
    rows = rows.assign(scored_arch=texts, spread=np.nan, repeats=1, reason="")
    facts = {"space": "darts", "dataset": "cifar10", "families": {}, "pool": len(codes)}
    write_scores(tmp_path / "scores.parquet", rows[list(COLUMNS)], facts)
    best = tfnas.search("darts", tmp_path / "scores.parquet", "proxy_argmax", proxy="naswot")
    assert best["arch"][0] == texts[int(values.argmax())]
    found = tfnas.search("darts", tmp_path / "scores.parquet", "proxy_search", runs=3, proxy="naswot", sample=5)
    assert set(found["arch"]) <= set(texts)
    laws = {"proxies": ["naswot"], "population": 8, "tournament": 3, "steps": 4, "mutation": "topology_or_operation"}
    assert tfnas.search("darts", tmp_path / "scores.parquet", "tegnas", **laws)["arch"][0] in texts
    assert main(["spaces"]) == 0
    assert "1,076,746,950,455,072,400 architectures: search space of DARTS" in capsys.readouterr().out


# ---- truth


def test_a_table_of_accuracies_may_write_genotypes_in_any_way(tmp_path):
    texts = [V1, TEXT, json.dumps({cell: getattr(eval(SPACE.genotype(7)), cell) for cell in ("normal", "reduce")})]
    table = pd.DataFrame({"genotype": texts, "accuracy": [97.0, 97.2, 96.5]})
    table.to_csv(tmp_path / "t.csv", index=False)
    columns = {"arch": "genotype", "test_accuracy": "accuracy"}
    convert(tmp_path / "t.csv", "cifar10", columns, tmp_path / "truth.parquet", space="darts")
    truth = pd.read_parquet(tmp_path / "truth.parquet").set_index("arch")
    assert truth["test_accuracy"].to_dict() == {SPACE.text(SPACE.parse(V1)): 97.0, TEXT: 97.2, SPACE.text(7): 96.5}
    twice = pd.DataFrame({"genotype": [V2, TEXT], "accuracy": [97.0, 97.2]})
    twice.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TruthError, match=r"cell\(s\) more than once"):
        convert(tmp_path / "t.csv", "cifar10", columns, tmp_path / "truth.parquet", space="darts")
    table.loc[3] = [changed("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"), 97.1]
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(
        TruthError, match=r"t\.csv' has a row that is no cell of the space: Node 5 .* reads input 0 twice"
    ):
        convert(tmp_path / "t.csv", "cifar10", columns, tmp_path / "truth.parquet", space="darts")


def test_truth_of_the_214_trained_cells_has_the_facts_that_are_known_of_it(published, shared_data, tmp_path):
    path = shared_data / "other-spaces/darts-cifar10-214-full-training.parquet"
    columns = {"arch": "genotype", "test_accuracy": "test_accuracy_mean_last20", "params": "params_c36_l20"}
    convert(path, "cifar10", columns, tmp_path / "truth.parquet", space="darts")
    truth = pd.read_parquet(tmp_path / "truth.parquet")
    assert (len(truth), truth["arch"].nunique()) == (214, 214)
    assert not published["dup_input"].any()
    assert published["test_accuracy_best"].mean() == pytest.approx(97.034, abs=5e-4)
    assert published["test_accuracy_last"].mean() == pytest.approx(96.949, abs=5e-4)
    found = spearman(truth["params"].to_numpy(), truth["test_accuracy"].to_numpy())
    assert found.value == pytest.approx(0.24, abs=0.01)
    others = pd.read_parquet(shared_data / "other-spaces/darts-nb360-199x3-accuracy.parquet")["genotype"]
    assert len(np.unique(SPACE.codes_of(others, "the table"))) == 199


# ---- the network of one cell


def one(text: str, name: str, images: torch.Tensor, seed: int = 0) -> float:
    """The value of a proxy on the network of one cell."""
    build = partial(one_cell, text, Shape(10, 3, 32))
    trial = ModuleTrial(lambda way: built(build, way, seed), images, None, frozenset([name]), seed=seed)
    return float(evaluate_of(name)(trial)[name][0])


def test_a_network_of_one_cell_takes_cells_with_none_and_equal_inputs():
    reduce = [("none", 0), ("dil_conv_5x5", 0), ("sep_conv_5x5", 0), ("sep_conv_3x3", 1)]
    reduce += [("skip_connect", 1), ("max_pool_3x3", 2), ("none", 3), ("avg_pool_3x3", 4)]
    text = f"Genotype(normal={reduce}, normal_concat=[2, 3, 4, 5], reduce={reduce}, reduce_concat=[2, 3, 4, 5])"
    made = one_cell(text, Shape(10, 3, 32))
    pointwise = 6 * 6 + 2 * 6
    separable = 2 * (6 * 25 + pointwise) + 2 * (6 * 9 + pointwise)
    assert count_of_parameters(made) == 2 * (3 * 6 + 12) + 6 * 25 + pointwise + separable + pointwise + 24 * 10 + 10
    images = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert made(images).shape == (16, 10)
    assert all(np.isfinite(one(text, name, images)) for name in ("swap", "naswot"))
    with pytest.raises(CellError, match="has 'none', which the space 'darts' does not"):
        SPACE.parse(text)


def test_swap_ranks_networks_of_one_cell_as_its_authors_say(shared_data):
    path = shared_data / "other-spaces/darts-cifar10-1000-cells.csv"
    table = pd.read_csv(path, header=None, names=["genotype", "accuracy"]).sample(60, random_state=0)
    with np.load(shared_data / "images/cifar10_images.npz") as held:
        pixels = torch.tensor(held["train_images"][:16]).float()
    images = (pixels - pixels.mean((0, 2, 3), keepdim=True)) / pixels.std((0, 2, 3), keepdim=True)
    swap = [np.mean([one(text, "swap", images, seed) for seed in range(2)]) for text in table["genotype"]]
    assert spearman(np.array(swap), table["accuracy"].to_numpy()).value > 0.8  # 0.93 on all, 32 draws each
