"""Where the scores of one network stand among those of a whole search space, at equal FLOPs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfnas.errors import DataError, UnknownNameError
from tfnas.files import facts_path, read_json
from tfnas.proxies.registry import family_of, get_proxy, proxy_names
from tfnas.scoring.table import ScoreTable
from tfnas.truth.benchmark import ReadOff

NEAREST = 500
"""Architectures with the nearest FLOPs that a score is held against."""

ALIKE = 50
"""Of these, those with the nearest scores, whose accuracies are told."""

COLUMNS = ("percentile", "accuracy_low", "accuracy", "accuracy_high", "warning")


def place(table: pd.DataFrame, against: str | Path, truth: str | Path | None = None, dataset: str = "") -> pd.DataFrame:
    """Add to the scores of a network where they stand among the architectures of a space with similar FLOPs.

    Args:
        table: what :func:`tfnas.score` returned, FLOPs included.
        against: a score table that holds FLOPs, or a folder with a table for each family of proxies, as
            ``data/scores/nats-tss/cifar10``.
        truth: ground truth of the same space; None: no accuracies are told.
        dataset: its dataset, for messages.

    Returns:
        The table with further columns. ``percentile``: how many per cent of the 500 architectures with the nearest
        FLOPs (by their ratio) have a lower score, ties counting half. ``accuracy_low``, ``accuracy``,
        ``accuracy_high``: test accuracies (validation accuracies of a ground truth without any) that a tenth, half and
        nine tenths of the 50 of them with the nearest scores do not exceed. ``warning``: why the comparison may
        mislead, empty where nothing speaks against it.

    Raises:
        DataError: the network's FLOPs are not in the table, or there is no score table.
        TruthError: the ground truth lacks one of these architectures.
    """
    held = _Reference(Path(against))
    own = table.set_index("proxy")["raw"]
    if "flops" not in own.index or not own["flops"] > 0:
        raise DataError("The table has no FLOPs of the network, by which similar ones are found: score 'flops', too.")
    flops = held.scores("flops")
    known = np.isfinite(flops) & (flops > 0)
    distance = np.where(known, np.abs(np.log(np.where(known, flops, 1.0)) - np.log(own["flops"])), np.inf)
    near = np.argsort(distance, kind="stable")[:NEAREST]
    accuracies = None if truth is None else ReadOff.read(truth, dataset or str(truth))
    low, high = flops[known].min(), flops[known].max()
    outside = (
        "" if low <= own["flops"] <= high else f"its FLOPs lie outside the space ({low:.4g} to {high:.4g} million)"
    )
    rows = []
    for name, value in zip(table["proxy"], table["score"], strict=True):
        found: dict[str, Any] = dict.fromkeys(COLUMNS[:-1], np.nan) | {"warning": ""}
        if np.isfinite(value) and held.has(name):
            scores = held.scores(name)[near]
            finite = np.isfinite(scores)
            found["percentile"] = 100 * float(((scores < value) + (scores == value) / 2)[finite].mean())
            reasons = [outside, held.other_images(name, table.attrs), _beyond(value, scores[finite])]
            found["warning"] = "; ".join(filter(None, reasons))
            if accuracies is not None:
                alike = near[finite][np.argsort(np.abs(scores[finite] - value), kind="stable")[:ALIKE]]
                test = accuracies.final(held.codes[alike])
                found |= dict(zip(COLUMNS[1:4], np.percentile(test, [10, 50, 90]).tolist(), strict=True))
        elif np.isfinite(value):
            found["warning"] = f"'{against}' has no scores of this proxy"
        rows.append(found)
    return table.assign(**pd.DataFrame(rows, index=table.index)[list(COLUMNS)])


def _beyond(value: float, scores: np.ndarray) -> str:
    if value > scores.max():
        return "its score lies above those of all similar architectures"
    return "its score lies below those of all similar architectures" if value < scores.min() else ""


class _Reference:
    """Score tables of a space, by proxy."""

    def __init__(self, path: Path):
        self.path = path
        self.codes = self._table("flops").pool.codes

    def _file(self, proxy: str) -> Path:
        return self.path / f"{family_of(proxy)}.parquet" if self.path.is_dir() else self.path

    def _table(self, proxy: str) -> ScoreTable:
        path = self._file(proxy)
        if not path.exists():
            raise DataError(f"'{path}' does not exist: give a score table, or a folder of one for each family.")
        return ScoreTable.read(path)

    def has(self, proxy: str) -> bool:
        """Whether there are scores of a proxy."""
        return proxy in proxy_names() and self._file(proxy).exists() and proxy in self._table(proxy).proxies

    def scores(self, proxy: str) -> np.ndarray:
        """Return the scores of a proxy by place in the pool, NaN where there is none."""
        table = self._table(proxy)
        if proxy not in table.proxies:
            raise UnknownNameError("proxy", proxy, table.proxies, f"'{self._file(proxy)}'")
        return table.scores(proxy)

    def other_images(self, proxy: str, shown: Any) -> str:
        """Return in which way the mini-batches differ, for proxies that look at all of it."""
        facts, ours = read_json(facts_path(self._file(proxy))), shown.get("images")
        if "whole batch" not in get_proxy(proxy).batch or not isinstance(ours, Sequence):
            return ""
        theirs = facts.get("families", {}).get(family_of(proxy), {}).get("images") or facts["batch"].get("images")
        if theirs == ours[0]:
            return ""
        return f"the scores there are of {theirs} images, this one of {ours[0]}"
