"""A made-up ground truth and score table for the tests of searches: small numbers, no noise, all cells or some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tfnas.scoring.table import ScoreTable
from tfnas.scoring.writer import write_scores
from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE, Cell
from tfnas.spaces.pool import ByCode, Pool
from tfnas.truth.costs import Costs


def truth_table(codes: np.ndarray | list[int] | None = None) -> pd.DataFrame:
    """Ground truth in which a cell gains with each 3x3 convolution; accuracies differ by kind; costs 1 to 3 s."""
    codes = np.arange(SPACE_SIZE) if codes is None else np.asarray(codes)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(3, SPACE_SIZE))[:, codes]
    value = 60 + 5 * (SPACE.digits(codes) == 3).sum(axis=1)
    return pd.DataFrame(
        {
            "arch": [SPACE.strings[code] for code in codes],
            "index": pd.array(codes, dtype="Int64"),
            "valid_accuracy": value + 0.1 * noise[0],
            "test_accuracy": value + 1 + 0.1 * noise[1],
            "early_valid_accuracy": value - 20 + 0.5 * noise[2],
            "early_seconds": 0.5 + (codes % 5) / 2,
            "valid_seconds": 0.5,
            "params": codes,
            "flops": codes / 100,
        }
    )


def score_table(scores: np.ndarray | None = None, proxy: str = "made_up", seconds: float = 0.25) -> pd.DataFrame:
    """Score table of one proxy over all cells; the default score is the number of 3x3 convolutions."""
    if scores is None:
        scores = (SPACE.digits(np.arange(SPACE_SIZE)) == 3).sum(axis=1).astype(float)
    strings = list(SPACE.strings)
    return pd.DataFrame(
        {
            "arch": strings,
            "proxy": proxy,
            "score": scores,
            "raw": scores,
            "spread": np.nan,
            "repeats": 1,
            "seconds": seconds,
            "scored_arch": strings,
            "reason": "",
        }
    )


def write(table: pd.DataFrame, path: Path) -> Path:
    """Write a table where a test wants it; a score table as all of them are, whatever the suffix."""
    if "proxy" in table.columns:
        path = path.with_suffix(".parquet")
        write_scores(path, table, {})
    else:
        table.to_csv(path, index=False)
    return path


def code_of(*operations: str) -> int:
    """Code of the cell with these six operations."""
    return Cell(operations).code


SHARED_COLUMNS = {
    "valid_accuracy_200": "valid_accuracy",
    "test_accuracy_200": "test_accuracy",
    "valid_accuracy_12": "early_valid_accuracy",
    "train_seconds_12": "early_seconds",
    "mflops": "flops",
}
"""Names of the development data's tables, and ours."""


def shipped_tables(root: Path, dataset: str) -> list[Path]:
    """Paths of the shipped score tables of a dataset, one of each family."""
    return sorted((root / "data/scores/nats-tss" / dataset).glob("*.parquet"))


def shipped_rows(root: Path, dataset: str) -> pd.DataFrame:
    """Rows of all shipped scores of a dataset."""
    return pd.concat([ScoreTable.read(path).rows() for path in shipped_tables(root, dataset)], ignore_index=True)


NATS_DATASETS = ("cifar10", "cifar100", "ImageNet16-120")


def nats_truth(shared_data: Path, folder: Path) -> dict[str, Path]:
    """Write the real ground truth of the three vision datasets in our columns and return the paths."""
    paths = {}
    for dataset in NATS_DATASETS:
        paths[dataset] = folder / f"{dataset}.parquet"
        table = pd.read_parquet(shared_data / "nats-tss" / f"{dataset}.parquet")
        table.rename(columns=SHARED_COLUMNS).to_parquet(paths[dataset])
    return paths


def costs_of(**by_name):
    """What cells cost, given by name as arrays over all of them."""
    return Costs({name: ByCode(Pool(SPACE), values) for name, values in by_name.items()}, "one")
