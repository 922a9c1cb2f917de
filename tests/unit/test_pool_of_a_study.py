"""A study on part of a space: which architectures it takes, their scores as one table, and what cannot be."""

import numpy as np
import pandas as pd
import pytest

from tfnas.datasets.images import Batch
from tfnas.errors import ConfigError, ScoreError, TruthError
from tfnas.files import read_facts, read_table
from tfnas.scoring.chunk import Chunk, Draws, score_chunk
from tfnas.scoring.finish import write_finished
from tfnas.scoring.plan import merged_chunks
from tfnas.scoring.table import ScoreTable
from tfnas.seeds import child_seed
from tfnas.spaces.darts import SPACE as DARTS
from tfnas.spaces.nasbench_macro import SPACE as MACRO
from tfnas.study.load import load_study
from tfnas.truth.pool import take_pool, taken
from tfnas.truth.table import convert


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """Made-up accuracies of all strings of NAS-Bench-Macro."""
    return pd.DataFrame({"arch": MACRO.strings, "test_accuracy": 50 + np.arange(MACRO.size) / 1000})


def test_a_pool_is_distinct_networks_that_the_seed_decides(truth):
    pool = taken(truth, MACRO, 300, 7, "here")
    codes = MACRO.codes_of(pool["arch"], "here")
    assert (np.diff(codes) > 0).all()
    assert len(set(MACRO.canonical(codes).tolist())) == 300
    assert set(pool["arch"]) < set(taken(truth, MACRO, 301, 7, "here")["arch"])
    assert set(pool["arch"]) != set(taken(truth, MACRO, 300, 8, "here")["arch"])
    # slow and obvious: the classes' first members with the smallest numbers
    first = [text for code, text in enumerate(MACRO.strings) if MACRO.classes[code] == code]
    assert set(pool["arch"]) == set(sorted(first, key=lambda text: child_seed(7, "pool", text))[:300])
    assert len(taken(truth, MACRO, 3969, 0, "here")) == 3969
    with pytest.raises(TruthError, match=r"scoring.cells is 3,970, and here holds 3,969 different networks: lower it"):
        taken(truth, MACRO, 3970, 0, "here")


@pytest.fixture(scope="module")
def written(truth, tmp_path_factory):
    """Ground truth of a pool of nine, its chunks, and the score table with an ensemble."""
    folder = tmp_path_factory.mktemp("pool")
    truth.to_parquet(folder / "all.parquet")
    convert(folder / "all.parquet", "cifar10", None, folder / "truth.parquet", space=MACRO.name)
    take_pool(folder / "truth.parquet", (9, 1))
    rng = np.random.default_rng(0)
    images = rng.normal(size=(4, 3, 8, 8)).astype(np.float32)
    facts = {"dataset": "cifar10", "classes": 2, "shape": [3, 8, 8], "images": 4, "source": "noise"}
    pixels = np.zeros(images.shape, dtype=np.uint8)
    Batch(images, pixels, np.array([0, 1, 0, 1]), np.arange(4), facts).write(folder / "batch.npz")
    chunks = []
    for family, proxies in (("structure", ["params", "flops"]), ("naswot", ["naswot"]), ("logsynflow", ["logsynflow"])):
        for first, last in ((0, 5), (5, 9)):
            chunks.append(folder / f"{family}-{first}.parquet")
            chunk = Chunk(family, proxies, first, last, False, MACRO.name, folder / "truth.parquet")
            score_chunk(chunk, Draws(1, 0), {folder / "batch.npz": chunks[-1]}, {}, "cpu")
    return folder, chunks


def test_truth_of_a_pool_says_what_it_was_taken_from(written, truth):
    folder, _ = written
    facts = read_facts(folder / "truth.parquet")
    assert (facts["pool"], facts["pool_of"], facts["cells"], facts["missing"]) == (9, 6561, 9, [])
    assert read_table(folder / "truth.parquet")["arch"].tolist() == taken(truth, MACRO, 9, 1, "")["arch"].tolist()


def test_scores_of_a_pool_are_one_table(written):
    folder, chunks = written
    table, facts = merged_chunks(chunks, share_classes=False)
    assert facts["pool"] == 9
    write_finished(folder / "scores.parquet", table, facts, ensembles=["naswot_logsynflow"])
    scores = ScoreTable.read(folder / "scores.parquet")
    assert list(scores.pool.strings) == read_table(folder / "truth.parquet")["arch"].tolist()
    by_arch = table[table["proxy"] == "naswot"].set_index("arch")["raw"]
    assert scores.scores("naswot").tolist() == by_arch[list(scores.pool.strings)].tolist()
    assert np.isfinite(scores.scores("naswot_logsynflow")).all()
    with pytest.raises(ScoreError, match="score 5 cells where the pool has 9"):
        merged_chunks([path for path in chunks if path.stem.endswith("-0")], share_classes=False)


STUDY = {
    "study": "pool",
    "space": "darts",
    "datasets": {"digits": {"truth": {"source": "table", "path": "truth.csv"}}},
    "scoring": {"cells": 214, "proxies": ["naswot"], "noise_cells": 4},
    "search": {"use": {"random-cell": {"algorithm": "random_cell"}}},
}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scoring": {"cells": "all"}}, f"The space 'darts' has {DARTS.size:,} architectures, too many to be scored"),
        ({"space": "nasbench-macro", "scoring": {"cells": 7000}}, "scoring.cells is 7,000, and the space"),
        ({"scoring": {"noise_cells": 215, "cells": 214}}, "scoring.noise_cells is 215, more than scoring.cells"),
        (
            {"space": "nats-tss", "datasets": {"digits": {"truth": {"source": "trained"}}}},
            "scoring.cells is 214, but the ground truth of digits is trained: a pool is taken out of ready tables",
        ),
        (
            {"search": {"use": {"many": {"algorithm": "proxy_search", "proxy": "naswot", "sample": 215}}}},
            "search.use.many.sample is 215, but the search space has 214 cells",
        ),
        ({"skeleton": {"chanels": 3}}, "skeleton.chanels is no size of these networks: did you mean 'channels'"),
        ({"skeleton": {"channels": 0}}, "skeleton.channels is 0: use a whole number, 1 or more"),
    ],
)
def test_what_cannot_be_is_refused_when_the_study_is_read(changes, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "truth.csv").write_text("arch,test_accuracy\n")
    assert load_study(STUDY)["scoring"]["cells"] == 214
    wrong = {key: value for key, value in STUDY.items() if key not in changes}
    for key, value in changes.items():
        wrong[key] = {**STUDY[key], **value} if isinstance(value, dict) and key == "scoring" else value
    with pytest.raises(ConfigError, match=sentence):
        load_study(wrong)
