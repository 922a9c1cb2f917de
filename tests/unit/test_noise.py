"""How far scores depend on chance, against numbers made up so that the answer is known, and from real scores."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from search_helpers import score_table, write
from summary_helpers import summarise_noise

from tfnas.datasets.images import ImageSet, make_batch
from tfnas.errors import CellError, ScoreError
from tfnas.files import read_facts, write_table
from tfnas.proxies.registry import get_proxy
from tfnas.schemas.noise import SCHEMA as NOISE
from tfnas.scoring.chunk import Chunk, Draws, score_chunk
from tfnas.scoring.plan import classes
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE

CELLS = 5


def write_scores(path, raw, proxy="naswot", family="naswot", positions=(0, 1, 2), seed=7):
    """Write raw values of shape (cells, repeats) as :func:`tfnas.scoring.chunk.score_chunk` does."""
    raw = np.asarray(raw, dtype=float)
    cells, repeats = raw.shape
    table = pd.DataFrame(
        {
            "arch": np.repeat(SPACE.strings[100 : 100 + cells], repeats),
            "proxy": proxy,
            "repeat": np.tile(np.arange(repeats), cells),
            "raw": raw.ravel(),
            "seconds": 0.1,
            "reason": np.where(np.isnan(raw.ravel()), get_proxy(proxy).failure.partition(";")[0], ""),
        }
    )
    batch = {"positions": list(positions)}
    facts = {"dataset": "one", "family": family, "seed": seed, "skeleton": {}, "repeats": repeats, "batch": batch}
    write_table(path, table, facts)
    return path


def noise_of(tmp_path, first, second, proxy="naswot", scores=None, positions=(2, 3, 4), **changes):
    """Return the row of one proxy for raw values on two mini-batches."""
    paths = [write_scores(tmp_path / "family-1.parquet", first, proxy, **changes)]
    paths.append(write_scores(tmp_path / "family-2.parquet", second, proxy, positions=positions, **changes))
    table = write(score_table(proxy=proxy) if scores is None else scores, tmp_path / "scores.csv")
    summarise_noise(paths[:1], paths[1:], {"one": table}, [proxy], tmp_path / "noise.csv")
    summary = pd.read_csv(tmp_path / "noise.csv")
    assert tuple(summary.columns) == NOISE.names
    assert len(summary) == 1
    return summary.iloc[0]


def test_initialisations_and_batches_by_hand(tmp_path):
    # Columns are initialisations. Batch 1: ranks 1 2 3 4 5 against 2 1 3 4 5; batch 2: 1 2 3 4 5 against 5 4 3 2 1.
    first = np.array([[1, 2, 3, 4, 5], [20, 10, 30, 40, 50]]).T
    second = np.array([[1, 2, 3, 4, 5], [50, 40, 30, 20, 10]]).T
    row = noise_of(tmp_path, first, second)
    assert row.cells == CELLS
    # 1 - 6 * 2 / (5 * 24) = 0.9 and -1; shifts: (1 + 1) / 5 and (4 + 2 + 0 + 2 + 4) / 5 ranks of 5 cells.
    assert row.initialisation_spearman == pytest.approx((0.9 - 1) / 2)
    assert row.initialisation_shift == pytest.approx((8 + 48) / 2)
    # Initialisation 1: the same ranks; initialisation 2: 2 1 3 4 5 against 5 4 3 2 1.
    rho = scipy.stats.spearmanr([2, 1, 3, 4, 5], [5, 4, 3, 2, 1]).statistic
    assert row.batch_spearman == pytest.approx((1 + rho) / 2)
    assert row.batch_shift == pytest.approx((0 + 100 * (3 + 3 + 0 + 2 + 4) / 25) / 2)
    assert read_facts(tmp_path / "noise.csv")["mini_batches"] == {"one": {"images": 3, "in_both_batches": 1}}


def test_the_draws_of_one_initialisation_are_averaged(tmp_path):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 9, 6))
    row = noise_of(tmp_path, first, second)
    means = [batch.reshape(9, 2, 3).mean(axis=2) for batch in (first, second)]
    expected = np.mean([scipy.stats.spearmanr(*batch.T).statistic for batch in means])
    assert row.initialisation_spearman == pytest.approx(expected)
    expected = np.mean([scipy.stats.spearmanr(means[0][:, a], means[1][:, a]).statistic for a in (0, 1)])
    assert row.batch_spearman == pytest.approx(expected)


def test_a_deterministic_proxy_has_no_noise(tmp_path):
    raw = np.tile([[3.0], [1.0], [4.0], [1.0], [5.0]], 2)
    row = noise_of(tmp_path, raw, raw, "params", family="structure")
    assert (row.initialisation_spearman, row.batch_spearman) == pytest.approx((1, 1))
    assert (row.initialisation_shift, row.batch_shift) == (0, 0)


@pytest.mark.parametrize(("proxy", "family", "sign"), [("naswot", "naswot", 1), ("ntk_condition_number", "ntk", -1)])
def test_a_missing_score_is_the_lowest_of_its_kind_whatever_the_direction(tmp_path, proxy, family, sign):
    good = sign * np.array([1.0, 2, 3, 4, 5])
    failed = np.where(good == sign * 5, np.nan, good)
    row = noise_of(tmp_path, np.array([good, failed]).T, np.array([good, good]).T, proxy, family=family)
    # The best cell of one initialisation fails in the other and ties with the worst there.
    expected = scipy.stats.spearmanr([1, 2, 3, 4, 5], [1, 2, 3, 4, 1]).statistic
    assert row.initialisation_spearman == pytest.approx((expected + 1) / 2)
    assert row.initialisation_shift == pytest.approx(100 * (0.5 + 1 + 1 + 1 + 3.5) / 25 / 2)


def test_scores_that_are_all_missing_say_nothing(tmp_path):
    good = np.arange(10.0).reshape(5, 2)
    row = noise_of(tmp_path, np.full((5, 2), np.nan), good)
    assert np.isnan([row.initialisation_spearman, row.initialisation_shift, row.batch_shift]).all()


def test_the_same_images_in_another_order_are_no_second_batch(tmp_path, caplog):
    raw = np.random.default_rng(0).normal(size=(5, 2))
    with caplog.at_level(logging.WARNING, "tfnas"):
        row = noise_of(tmp_path, raw, raw[::-1], positions=(2, 0, 1))
    assert np.isnan([row.batch_spearman, row.batch_shift]).all()
    assert np.isfinite([row.initialisation_spearman, row.initialisation_shift]).all()
    assert caplog.messages == [
        "one has no images besides those of its mini-batch: how far scores depend on it stays unknown, unless "
        "scoring.batch_size is made smaller."
    ]


def test_twins_are_the_first_two_cells_of_a_class(tmp_path):
    raw = np.random.default_rng(0).normal(size=(5, 2))
    scores = np.random.default_rng(1).normal(size=SPACE_SIZE)
    scores[7] = np.nan
    table = score_table(scores, "naswot").sample(frac=1, random_state=0)
    row = noise_of(tmp_path, raw, raw, scores=table)
    members = {}
    for code, same in enumerate(classes("naswot")):
        members.setdefault(same, []).append(np.nanmin(scores) if code == 7 else scores[code])
    pairs = np.array([found[:2] for found in members.values() if len(found) > 1])
    assert row.twins == len(pairs) > 1000
    assert row.twin_spearman == pytest.approx(scipy.stats.spearmanr(*pairs.T).statistic)


def test_a_bad_string_in_the_score_table_is_one_sentence(tmp_path):
    raw = np.random.default_rng(0).normal(size=(5, 2))
    table = score_table(proxy="naswot")
    table.loc[3, ["arch", "scored_arch"]] = "a cell"
    with pytest.raises(CellError, match=r"has a row that is no cell of the space: 'a cell' has 1 nodes"):
        noise_of(tmp_path, raw, raw, scores=table)


def test_a_study_that_shares_classes_has_no_twins(tmp_path):
    raw = np.random.default_rng(0).normal(size=(5, 2))
    table = score_table(proxy="naswot").assign(scored_arch=np.array(SPACE.strings)[classes("naswot")])
    row = noise_of(tmp_path, raw, raw, scores=table)
    assert row.twins == 0
    assert np.isnan(row.twin_spearman)


def test_files_of_other_networks_are_refused(tmp_path):
    raw = np.random.default_rng(0).normal(size=(5, 2))
    table = write(score_table(proxy="naswot"), tmp_path / "scores.csv")
    first = write_scores(tmp_path / "a.parquet", raw)
    for other in ({"raw": raw[:4]}, {"raw": raw, "seed": 8}):
        second = write_scores(tmp_path / "b.parquet", **other)
        with pytest.raises(ScoreError) as error:
            summarise_noise([first], [second], {"one": table}, ["naswot"], tmp_path / "noise.csv")
        assert str(error.value) == (
            f"'{first}' and '{second}' are not of the same networks: remove both and run again."
        )
    with pytest.raises(ScoreError, match=r"^No file says how noisy proxy 'zen' is on 'one': remove the noise folder"):
        summarise_noise([first], [first], {"one": table}, ["zen"], tmp_path / "noise.csv")
    assert not (tmp_path / "noise.csv").exists()


def test_a_real_sample_is_measured(tmp_path):
    """NASWOT depends on initialisation and images; LogSynFlow, a mean of three draws, on the initialisation alone."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 3, 8, 8), dtype=np.uint8)
    source = ImageSet(
        "one", images, np.arange(40) % 4, np.arange(40), 4, (128.0,) * 3, (70.0,) * 3, "", "", "", "made up"
    )
    for number in (1, 2):
        make_batch(source, 8, seed=number).write(tmp_path / f"batch-{number}.npz")
    paths = [[tmp_path / f"{family}-{number}.parquet" for number in (1, 2)] for family in ("naswot", "logsynflow")]
    for family, outputs in zip(("naswot", "logsynflow"), paths, strict=True):
        batches = [str(tmp_path / f"batch-{number}.npz") for number in (1, 2)]
        skeleton = {"channels": 2, "cells_per_stage": 1}
        score_chunk(
            Chunk(family, [family], 0, 12), Draws(2, 3), dict(zip(batches, outputs, strict=True)), skeleton, "cpu"
        )
    first, second = zip(*paths, strict=True)
    assert read_facts(first[1])["repeats"] == 6
    names = ["logsynflow", "naswot"]
    table = write(pd.concat([score_table(proxy=name) for name in names]), tmp_path / "scores.csv")
    summarise_noise(first, second, {"one": table}, names, tmp_path / "noise.csv")
    summary = pd.read_csv(tmp_path / "noise.csv").set_index("proxy")
    assert summary.index.tolist() == names
    assert (summary["cells"] == 12).all()
    assert summary.loc["logsynflow", "batch_spearman"] == pytest.approx(1)
    assert summary.loc["logsynflow", "batch_shift"] == 0
    assert 0.5 < summary.loc["naswot", "batch_spearman"] < 1
    assert (summary["initialisation_spearman"] < 1).all()
    assert (summary["initialisation_shift"] > 0).all()
