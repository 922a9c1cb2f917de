"""Chunks of scores: their facts, their independence of cutting, their merging, and what goes wrong."""

import logging
import math
import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from tfnas.datasets.images import Batch
from tfnas.errors import DataError, DeviceError, ProxyError, ScoreError, UnknownNameError
from tfnas.files import read_facts, write_table
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies import registry
from tfnas.proxies.registry import families, family_of, get_family, get_proxy, proxy_names
from tfnas.schemas.chunks import SCHEMA as CHUNKS
from tfnas.scoring import chunk as scoring
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.plan import classes, count_to_score, merge_chunks, representatives
from tfnas.scoring.table import ScoreTable
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE, Cell

SKELETON = {"channels": 4, "cells_per_stage": 1}


@pytest.fixture
def batch_path(tmp_path):
    rng = np.random.default_rng(0)
    facts = {"dataset": "made-up", "classes": 10, "images": 6}
    images = rng.standard_normal((6, 1, 8, 8)).astype(np.float32)
    Batch(images, np.zeros((6, 1, 8, 8), np.uint8), np.arange(6), np.arange(6), facts).write(tmp_path / "batch.npz")
    return tmp_path / "batch.npz"


def score(batch_path, first, last, output, family="naswot", proxies=("naswot",), repeats=2, **changes):
    options = {"share_classes": True, "scoring": 0} | changes
    chunk = scoring.Chunk(family, proxies, first, last, options.pop("share_classes"))
    draws = scoring.Draws(repeats, 5, options.pop("scoring"))
    scoring.score_chunk(chunk, draws, {str(batch_path): output}, SKELETON, "cpu", **options)
    return CHUNKS.read(output)


def test_a_chunk_has_a_row_per_cell_proxy_and_repeat_and_facts(batch_path, tmp_path):
    table = score(batch_path, 3, 8, tmp_path / "chunk.parquet")
    assert (
        table["arch"].tolist() == np.repeat(np.array(SPACE.strings)[representatives("naswot", True)[3:8]], 2).tolist()
    )
    assert table["repeat"].tolist() == [0, 1] * 5
    assert (table["seconds"] > 0).all()
    facts = read_facts(tmp_path / "chunk.parquet")
    assert facts["cells_scored"] == 5
    assert facts["precision"] == "float32"
    assert facts["batch"]["positions"] == list(range(6))


def test_a_family_may_look_at_the_first_images_alone(batch_path, tmp_path):
    batch = Batch.read(batch_path)
    few = replace(batch, images=batch.images[:4], pixels=batch.pixels[:4], labels=batch.labels[:4])
    few.write(tmp_path / "few.npz")
    limited = score(batch_path, 0, 5, tmp_path / "limited.parquet", first_images=4)
    alone = score(tmp_path / "few.npz", 0, 5, tmp_path / "alone.parquet")
    assert limited["raw"].tolist() == alone["raw"].tolist()
    assert limited["raw"].tolist() != score(batch_path, 0, 5, tmp_path / "whole.parquet")["raw"].tolist()
    images = [read_facts(tmp_path / f"{name}.parquet")["images"] for name in ("limited", "alone", "whole")]
    assert images == [4, 4, 6]


def test_chunks_may_be_cut_anywhere(batch_path, tmp_path):
    whole = score(batch_path, 0, 9, tmp_path / "whole.parquet")
    parts = pd.concat([score(batch_path, a, b, tmp_path / f"{a}.parquet") for a, b in ((0, 2), (2, 9))])
    columns = ["arch", "proxy", "repeat", "raw"]
    pd.testing.assert_frame_equal(whole[columns], parts[columns].reset_index(drop=True))


QUICK = [name for name in families() if name not in ("ntk", "swap", "vkdnw", "structure")]
"""Families that take seconds."""


def cut(batch_path, path, family, ends, **options):
    """Score the cells of a family in chunks that end at ``ends``; return raw values and reasons by cell and repeat."""
    proxies = [proxy.name for proxy in get_family(family).proxies]
    parts = [
        score(batch_path, first, last, path, family=family, proxies=proxies, **options)
        for first, last in zip([0, *ends[:-1]], ends, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.set_index(["arch", "proxy", "repeat"])[["raw", "reason"]]


@pytest.mark.parametrize("family", QUICK)
def test_scores_are_equal_to_the_bit_however_the_work_is_cut(monkeypatch, batch_path, tmp_path, family):
    """The last bits depend on which networks run together; so these are the same whatever the ends of the chunks."""
    monkeypatch.setattr(scoring, "NETWORKS_ON_CPU", 4)
    whole = cut(batch_path, tmp_path / "chunk.parquet", family, [7], repeats=1)
    parts = cut(batch_path, tmp_path / "chunk.parquet", family, [2, 7], repeats=1)
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)
    more = cut(batch_path, tmp_path / "chunk.parquet", family, [7], repeats=2)
    first = more[more.index.get_level_values("repeat") < get_family(family).draws]
    pd.testing.assert_frame_equal(first, whole, check_exact=True)


@pytest.mark.slow
def test_all_cells_of_a_study_have_one_score_at_three_cuttings(tmp_path):
    """Images of 16 x 16 pixels, where 33 to 42 of the 15,625 cells differed between these cuttings."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((16, 3, 16, 16)).astype(np.float32)
    facts, places = {"dataset": "made-up", "classes": 10, "images": 16}, np.arange(16)
    path = tmp_path / "batch.npz"
    Batch(images, np.zeros((16, 3, 16, 16), np.uint8), places % 10, places, facts).write(path)
    tables = [
        cut(
            path,
            tmp_path / "chunk.parquet",
            "naswot",
            [*range(size, SPACE_SIZE, size), SPACE_SIZE],
            repeats=1,
            share_classes=False,
        )
        for size in (3500, 9000, 2500)
    ]
    assert len(tables[0]) == 2 * SPACE_SIZE
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


def test_a_job_that_cuts_a_group_says_how_to_avoid_that(batch_path, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="tfnas"):
        score(batch_path, 0, 5, tmp_path / "chunk.parquet")
    assert (
        "59 cells of groups that this job cuts run too: make scoring.cells_per_job (noise_cells) a multiple of 64."
        in caplog.text
    )


def test_networks_per_pass_are_a_power_of_two():
    images = torch.zeros(64, 3, 16, 16)
    assert scoring.networks_per_pass(get_family("naswot"), images, None, Skeleton(3, 1, 10, 3, 16)) == 16, (
        "21 would fit"
    )


def test_only_the_proxies_asked_for_are_kept(batch_path, tmp_path):
    both = score(batch_path, 0, 2, tmp_path / "a.parquet", proxies=["naswot", "naswot_published"])
    assert set(both["proxy"]) == {"naswot", "naswot_published"}
    one = score(batch_path, 0, 2, tmp_path / "b.parquet", proxies=["naswot_published"])
    assert set(one["proxy"]) == {"naswot_published"}


def test_images_that_are_not_finite_or_all_equal_are_refused(tmp_path, batch_path):
    batch = Batch.read(batch_path)
    batch.images[4, 0, 2, 2] = math.nan
    with pytest.raises(DataError, match=r"Image 4 of 'b.npz' is not finite"):
        scoring.load_batch(batch, "b.npz", "cpu")
    batch.images[:] = 1.5
    with pytest.raises(DataError, match=r"All images of 'b.npz' are equal"):
        scoring.load_batch(batch, "b.npz", "cpu")


def test_out_of_memory_halves_the_networks_and_says_so(monkeypatch, caplog):
    sizes = []

    def scarce(family, group, *_):
        sizes.append(len(group))
        if len(group) > 2:
            raise torch.cuda.OutOfMemoryError
        return [(str(cell), "naswot", repeat, 1.0, 0.1, "") for cell, repeat in group]

    monkeypatch.setattr(scoring, "_score_group", scarce)
    cells = [Cell.from_code(code) for code in range(5)]
    with caplog.at_level(logging.INFO, logger="tfnas"):
        rows = scoring.score_cells(
            get_family("naswot"), cells, torch.zeros(2, 1, 8, 8), None, None, scoring.Draws(1, 0), together=8
        )
    assert sizes == [5, 2, 2, 1]
    assert len(rows) == 5
    assert "2 networks at a time" in caplog.text
    assert "5 of 5 cells" in caplog.text


@pytest.mark.parametrize("count", [1, 5])
def test_a_network_too_large_for_the_device_is_one_sentence(monkeypatch, count):
    def scarce(family, group, *_):
        if len(group) == 1:
            raise torch.cuda.OutOfMemoryError
        return [(str(cell), "naswot", repeat, 1.0, 0.1, "") for cell, repeat in group]

    monkeypatch.setattr(scoring, "_score_group", scarce)
    cells = [Cell.from_code(code) for code in range(count)]
    with pytest.raises(DeviceError, match="One network with 2 images does not fit into the memory of cpu"):
        scoring.score_cells(
            get_family("naswot"), cells, torch.zeros(2, 1, 8, 8), None, None, scoring.Draws(1, 0), together=4
        )


def chunk(path, codes, raw, reason="", proxy="naswot", **more):
    values = [(r, v, reason if math.isnan(v) else "") for r, v in enumerate(np.atleast_1d(raw))]
    rows = [(SPACE.strings[c], proxy, r, v, 0.5, why) for c in codes for r, v, why in values]
    facts = {"dataset": "d", "family": "naswot", "batch": {}, "skeleton": {}, "versions": {}, "wall_seconds": 2.0}
    write_table(path, pd.DataFrame(rows, columns=list(CHUNKS.names)), facts | {"cells_scored": len(codes)} | more)


def test_merging_averages_repeats_and_gives_classes_their_value(tmp_path):
    codes = representatives("naswot", True)
    chunk(tmp_path / "a.parquet", codes[:100], [1.0, 3.0])
    chunk(tmp_path / "b.parquet", codes[100:], [math.nan, 4.0], reason="singular kernel: rank 1 of 6")
    merge_chunks([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "table.parquet")
    table = ScoreTable.read(tmp_path / "table.parquet").rows()
    assert table["arch"].tolist() == list(SPACE.strings)
    first = table[table["scored_arch"] == SPACE.strings[codes[0]]]
    assert (first["score"] == 2.0).all()
    assert first["spread"].iloc[0] == pytest.approx(math.sqrt(2))
    assert (first["seconds"] == 1.0).all()
    last = table[table["scored_arch"] == SPACE.strings[codes[-1]]]
    assert last["score"].isna().all()
    assert (last["reason"] == "singular kernel: rank 1 of 6").all()
    facts = read_facts(tmp_path / "table.parquet")
    assert facts["families"]["naswot"]["cells_scored"] == len(codes) == 5785
    assert facts["families"]["naswot"]["wall_seconds"] == 4.0
    scores = ScoreTable.read(tmp_path / "table.parquet").scores("naswot")
    assert scores.shape == (SPACE_SIZE,)
    assert np.nanmax(lowest_where_missing(scores)) == 2.0


def test_a_chunk_that_is_missing_is_noticed(tmp_path):
    chunk(tmp_path / "a.parquet", representatives("naswot", True)[:10], 1.0)
    with pytest.raises(ScoreError, match="No chunk scores 5775 cells for proxy 'naswot'"):
        merge_chunks([tmp_path / "a.parquet"], tmp_path / "table.parquet")
    assert not (tmp_path / "table.parquet").exists()


def test_merged_facts_name_every_device_and_version(tmp_path):
    codes = representatives("naswot", True)
    for name, part, device, torch_version in (
        ("a", codes[:100], "A100", "2.1"),
        ("b", codes[100:200], "CPU", "2.1"),
        ("c", codes[200:], "A100", "2.2"),
    ):
        versions = {"torch": torch_version, "numpy": "2.4"}
        chunk(tmp_path / f"{name}.parquet", part, 1.0, device=device, threads=1, versions=versions)
    merge_chunks([tmp_path / f"{name}.parquet" for name in "abc"], tmp_path / "table.parquet")
    facts = read_facts(tmp_path / "table.parquet")
    assert facts["families"]["naswot"]["device"] == "A100; CPU"
    assert facts["families"]["naswot"]["threads"] == 1
    assert facts["versions"] == {"torch": "2.1; 2.2", "numpy": "2.4"}


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("batch", {"sha256": "a"}, {"sha256": "b"}),
        ("skeleton", {"channels": 4}, {"channels": 8}),
        ("images", 64, 128),
        ("seed", 1, 2),
    ],
)
def test_chunks_that_do_not_belong_together_are_refused(tmp_path, key, first, second):
    codes = representatives("naswot", True)
    chunk(tmp_path / "a.parquet", codes[:100], 1.0, **{key: first})
    chunk(tmp_path / "b.parquet", codes[100:], 1.0, **{key: second})
    with pytest.raises(ScoreError, match=rf"b.parquet' and '.*a.parquet' were scored with a different {key}: delete"):
        merge_chunks([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path / "table.parquet")
    assert not (tmp_path / "table.parquet").exists()


def test_all_cells_may_be_scored_independently(tmp_path):
    assert len(representatives("naswot", False)) == SPACE_SIZE
    chunk(tmp_path / "a.parquet", np.arange(SPACE_SIZE), 1.0)
    merge_chunks([tmp_path / "a.parquet"], tmp_path / "table.parquet", share_classes=False)
    table = ScoreTable.read(tmp_path / "table.parquet").rows()
    assert (table["arch"] == table["scored_arch"]).all()


def test_scoring_order_is_a_fixed_shuffle_of_the_classes():
    order = representatives("naswot", True)
    assert (np.sort(order) == np.unique(classes("naswot"))).all()
    assert not (np.sort(order) == order).all()


def test_a_score_table_names_what_it_lacks(tmp_path):
    table = pd.DataFrame({"arch": [SPACE.strings[0]], "proxy": "naswot", "score": math.nan, "raw": 1, "spread": 1})
    table = table.assign(repeats=1, seconds=1.0, scored_arch=SPACE.strings[0], reason="")
    with pytest.raises(ScoreError, match=r"All scores of proxy 'naswot' in here.csv are NaN"):
        ScoreTable(table, "here.csv").scores("naswot")
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'zen' in here.csv: choose one of naswot"):
        ScoreTable(table, "here.csv").scores("zen")
    with pytest.raises(ScoreError, match="has a row that is no cell of the space: 'nothing' has 1 nodes"):
        ScoreTable(table.assign(arch="nothing"), "here.csv").seconds("naswot")


def test_registry_knows_families_proxies_and_their_papers():
    assert "naswot" in families()
    assert family_of("naswot_published") == "naswot"
    assert len(proxy_names()) == len(set(proxy_names()))
    with pytest.raises(UnknownNameError, match=r"Unknown proxy 'nwot': choose one of .*naswot"):
        get_proxy("nwot")
    with pytest.raises(UnknownNameError, match="Unknown proxy family 'nwot'"):
        get_family("nwot")


def test_a_proxy_in_two_families_is_refused(monkeypatch):
    registry._families_of_proxies.cache_clear()
    family = get_family("naswot")
    monkeypatch.setattr(registry, "families", lambda: {"a": family, "b": family})
    with pytest.raises(ProxyError, match="Proxy 'naswot' is in both families 'a' and 'b'"):
        registry.proxy_names()
    monkeypatch.undo()
    registry._families_of_proxies.cache_clear()


def test_no_torch_is_needed_to_name_proxies_or_plan_chunks():
    import subprocess
    import sys

    code = (
        "import sys; from tfnas.scoring.plan import representatives; representatives('naswot', True); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def failing_family(evaluate):
    return registry.Family(proxies=get_family("naswot").proxies, same_score=str, evaluate=evaluate)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_has_a_declared_reason(value):
    def evaluate(trial):
        values = torch.tensor([value, 1.0, value], dtype=torch.float64)
        return {name: (values, [why, "", "singular kernel"]) for name in trial.wanted}

    cells, images = [Cell.from_code(code) for code in range(3)], torch.zeros(2, 1, 8, 8)
    arguments = failing_family(evaluate), cells, images, None, None, scoring.Draws(1, 0), 3, ["naswot"]
    why = "singular kernel: rank 1 of 2"
    rows = scoring.score_cells(*arguments)
    assert [math.isnan(row[3]) for row in rows] == [True, False, True]
    assert [row[5] for row in rows] == [why, "", "singular kernel"]
    told = f"Proxy 'naswot' is {value} for {cells[0]} %s, and its definition declares 'singular kernel': "
    why = ""
    with pytest.raises(ProxyError, match=re.escape(told % "without a reason")):
        scoring.score_cells(*arguments)
    why = "another"
    with pytest.raises(ProxyError, match=re.escape(told % "because of 'another'")):
        scoring.score_cells(*arguments)


def test_memory_that_runs_out_inside_a_proxy_makes_fewer_networks_and_no_missing_value():
    def evaluate(trial):
        if trial.count > 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return {name: (torch.ones(1, dtype=torch.float64), [""]) for name in trial.wanted}

    cells, images = [Cell.from_code(code) for code in range(5)], torch.zeros(2, 1, 8, 8)
    rows = scoring.score_cells(failing_family(evaluate), cells, images, None, None, scoring.Draws(1, 0), 4, ["naswot"])
    assert [(row[0], row[3], row[5]) for row in rows] == [(str(cell), 1.0, "") for cell in cells]


def test_a_gpu_too_full_for_the_pilots_gets_one_network_at_a_time(monkeypatch):
    def evaluate(trial):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    for name in ("empty_cache", "reset_peak_memory_stats", "memory_allocated"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: 0)
    family, images = failing_family(evaluate), torch.zeros(2, 1, 8, 8)
    assert scoring._networks_that_fit(family, images, None, Skeleton(2, 1, 10, 1, 8), None) == 1


def test_memory_of_a_real_gpu_runs_out():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    skeleton, cells = Skeleton(16, 1, 10, 3, 32), [Cell(("nor_conv_3x3",) * 6)] * 64
    images = torch.randn(64, 3, 32, 32, device="cuda")
    torch.cuda.empty_cache()
    held = torch.cuda.memory_reserved() + 2**30
    torch.cuda.set_per_process_memory_fraction(held / torch.cuda.get_device_properties(0).total_memory)
    try:
        rows = scoring.score_cells(
            get_family("naswot"), cells, images, None, skeleton, scoring.Draws(1, 0), together=64
        )
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(rows) == 128
    assert all(math.isfinite(row[3]) for row in rows)


def test_seconds_of_one_proxy_are_not_charged_to_another():
    def evaluate(trial):
        with trial.only_for("naswot_published"):
            time.sleep(0.2)
        return {name: (torch.ones(trial.count, dtype=torch.float64), [""] * trial.count) for name in trial.wanted}

    rows = scoring.score_cells(
        failing_family(evaluate), [Cell.from_code(5)], torch.zeros(2, 1, 8, 8), None, None, scoring.Draws(1, 0)
    )
    seconds = {row[1]: row[4] for row in rows}
    assert seconds["naswot_published"] - seconds["naswot"] == pytest.approx(0.2, abs=0.15)
    assert seconds["naswot"] < 0.1


@pytest.mark.parametrize(("skeleton", "expected"), [(Skeleton(16, 5, 10, 3, 32), 1), (Skeleton(2, 1, 10, 1, 8), 64)])
def test_small_networks_run_together_and_the_benchmarks_alone(skeleton, expected):
    images = torch.zeros(128, skeleton.image_channels, skeleton.image_size, skeleton.image_size)
    assert scoring.networks_per_pass(get_family("naswot"), images, None, skeleton) == expected


@pytest.mark.parametrize(
    ("free", "expected"),
    [(10_000, 64), (50, 1), (10**9, scoring.NETWORKS_ON_CUDA)],  # a network takes 100 bytes; 70 % may be filled
)
def test_networks_on_a_gpu_fill_its_free_memory(monkeypatch, free, expected):
    seen = []

    def evaluate(trial):
        seen.extend(trial.cells)
        return {name: (torch.ones(trial.count, dtype=torch.float64), [""] * trial.count) for name in trial.wanted}

    memory = {
        "empty_cache": lambda: None,
        "reset_peak_memory_stats": lambda device: None,
        "memory_allocated": lambda device: 500,
        "max_memory_allocated": lambda device: 500 + 100 * len(seen),
        "mem_get_info": lambda device: (free, 2 * free),
    }
    for name, function in memory.items():
        monkeypatch.setattr(torch.cuda, name, function)
    family, images = failing_family(evaluate), torch.zeros(2, 1, 8, 8)
    assert scoring._networks_that_fit(family, images, None, Skeleton(2, 1, 10, 1, 8), None) == expected
    assert {str(cell) for cell in seen} == {str(Cell(("nor_conv_3x3",) * 6))}


def test_a_batch_of_one_image_is_refused(batch_path):
    batch = Batch.read(batch_path)
    one = Batch(batch.images[:1], batch.pixels[:1], batch.labels[:1], batch.positions[:1], batch.facts)
    with pytest.raises(DataError, match=r"'b\.npz' holds 1 image, but proxies compare images: raise scoring"):
        scoring.load_batch(one, "b.npz", "cpu")


@pytest.mark.parametrize("name", families())
def test_a_family_that_says_how_many_classes_it_has_says_it_rightly(name):
    assert get_family(name).distinct == len(np.unique(classes(name)))
    assert count_to_score(name, True) == len(representatives(name, True))
    assert count_to_score(name, False) == len(representatives(name, False))
