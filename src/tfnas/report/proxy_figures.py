"""The figure that compares proxies with each other; like all figures from result files alone."""

from pathlib import Path

import numpy as np

from tfnas.schemas.proxy_pairs import SCHEMA as PAIRS


def read_pairs(pairs_path: str | Path, names: list[str], datasets: list[str]) -> np.ndarray:
    """Return Spearman's coefficients of all pairs, shape (datasets, names, names), NaN where undefined."""
    table = PAIRS.read(pairs_path)
    matrices = []
    for dataset in datasets:
        part = table[table["dataset"] == dataset].pivot(index="proxy", columns="other", values="spearman")
        matrices.append(part.reindex(index=names, columns=names).to_numpy(dtype=np.float64))
    return np.stack(matrices)
