r"""Ensembles: scores of a cell made of its scores under several proxies. No network is needed, no torch is imported.

Let :math:`s_1, \dots, s_m` be the members' scores (larger is better) and :math:`r_k(a)` the rank of cell a by member k
among all n cells, from 1 for the worst to n for the best, ties averaged. The rules are

``rank_sum``
    :math:`\sum_k r_k(a)`.
``log_rank_sum``
    :math:`\sum_k \ln(r_k(a) / n)`, at most 0: one bad rank weighs more than one good rank makes up for.
``majority_vote``
    The number of cells b that a beats, :math:`\#\{b : \#\{k : s_k(a) > s_k(b)\} > m/2\}`, for an odd number of
    members. The vote of Abdelfattah et al. 2021 decides a pair (a, b) for a if at least half of the differences are
    strictly positive, which for odd m is a majority. They report the fraction of pairs decided correctly, which is no
    rank correlation; the number of wins is the ranking that goes with it.

A member without a score for a cell ranks that cell with its lowest finite score, as everywhere in the project
(:mod:`tfnas.scoring.missing`). A cell without a score under any member has none under the ensemble, and an ensemble one
of whose members has no score for any cell has none at all; ``reason`` says so. The seconds of a cell are those of its
members, added up: more than one pass that members share would take.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from tfnas.errors import UnknownNameError
from tfnas.scoring.missing import lowest_where_missing
from tfnas.scoring.table import COLUMNS, ScoreTable
from tfnas.spaces.pool import pool_of
from tfnas.spaces.registry import space_of

CHUNK = 500
"""Cells that are compared with all others at a time, so that a vote takes megabytes."""


def rank_sum(scores: np.ndarray) -> np.ndarray:
    """Return the sum of ranks of each cell, shape (n,); ``scores`` has shape (m, n) and no NaN."""
    return _ranks(scores).sum(axis=0)


def log_rank_sum(scores: np.ndarray) -> np.ndarray:
    """Return the sum of ln(rank / n) of each cell, shape (n,); ``scores`` has shape (m, n) and no NaN."""
    return np.log(_ranks(scores) / scores.shape[1]).sum(axis=0)


def majority_vote(scores: np.ndarray) -> np.ndarray:
    """Return how many cells each cell beats in most of the m scores, shape (n,); ``scores`` has shape (m, n), no NaN.

    Raises:
        ValueError: m is even.
    """
    members, cells = scores.shape
    if members % 2 == 0:
        raise ValueError(f"A majority vote needs an odd number of members, not {members}.")
    wins = np.empty(cells)
    for start in range(0, cells, CHUNK):
        part = scores[:, start : start + CHUNK]
        better = sum((own[:, None] > every).astype(np.uint8) for own, every in zip(part, scores, strict=True))
        wins[start : start + CHUNK] = (better > members // 2).sum(axis=1)
    return wins


def _ranks(scores: np.ndarray) -> np.ndarray:
    return pd.DataFrame(scores.T).rank().to_numpy().T


@dataclass(frozen=True)
class Rule:
    """How the scores of members become one: the function, and its formula in LaTeX (mathematics mode)."""

    combine: Callable[[np.ndarray], np.ndarray]
    formula: str


RULES = {
    "rank_sum": Rule(rank_sum, r"\sum_k r_k"),
    "log_rank_sum": Rule(log_rank_sum, r"\sum_k \ln\left(r_k / n\right)"),
    "majority_vote": Rule(majority_vote, r"\#\left\{b : \#\{k : s_k(a) > s_k(b)\} > \tfrac{1}{2}\#\{k\}\right\}"),
}
"""The rules by name."""


@dataclass(frozen=True)
class Ensemble:
    """What a person should know of an ensemble; larger is always better.

    Attributes:
        name: as in study files and score tables, where it stands in the column ``proxy``.
        title: as in report tables.
        members: names of proxies.
        rule: one of :data:`RULES`.
        reference: citation key in ``report/refs.bib``, empty for what is this project's own, and the place in the work.
        summary: one sentence.
    """

    name: str
    title: str
    members: tuple[str, ...]
    rule: str
    reference: tuple[str, str]
    summary: str
    direction: ClassVar[int] = 1

    @property
    def formula(self) -> str:
        """LaTeX (mathematics mode) of the score."""
        return RULES[self.rule].formula


def _sum_of(what: str, members: str) -> str:
    return f"A sum of {what}, with r the ranks of a cell among all n cells (n is the best) by {members}."


_ALL = (
    Ensemble(
        name="az_nas",
        title="AZ-NAS",
        members=("az_expressivity", "az_progressivity", "az_trainability", "flops"),
        rule="log_rank_sum",
        reference=("lee2024aznas", "section 3"),
        summary=_sum_of("log-ranks", "its expressivity, progressivity and trainability, and by FLOPs"),
    ),
    Ensemble(
        name="vkdnw_agg",
        title="VKDNW (aggregated)",
        members=("vkdnw", "jacob_cov", "az_expressivity", "az_trainability", "flops"),
        rule="log_rank_sum",
        reference=("tybl2025vkdnw", "aggregated ranking"),
        summary=_sum_of("log-ranks", "VKDNW, jacob_cov, the expressivity and trainability of AZ-NAS, and FLOPs"),
    ),
    Ensemble(
        name="vote",
        title="Vote",
        members=("synflow", "jacob_cov", "snip"),
        rule="majority_vote",
        reference=("abdelfattah2021zerocost", "vote"),
        summary="The number of cells that a cell a beats in at least two of the scores s of synflow, jacob_cov and "
        "snip.",
    ),
    Ensemble(
        name="te_nas",
        title="TE-NAS",
        members=("ntk_condition_number", "linear_regions"),
        rule="rank_sum",
        reference=("chen2021tenas", "ranking"),
        summary=_sum_of(
            "ranks", "the condition number of the NTK (a small one is good) and the number of linear regions"
        ),
    ),
    Ensemble(
        name="naswot_logsynflow",
        title="NASWOT + LogSynFlow",
        members=("naswot", "logsynflow"),
        rule="log_rank_sum",
        reference=("cavagnero2023freerea", "without its skip term, log-ranks instead of scores"),
        summary=_sum_of("log-ranks", "NASWOT and LogSynFlow"),
    ),
    Ensemble(
        name="tfnas_ensemble",
        title="tfnas ensemble",
        members=("logsynflow", "az_expressivity", "az_trainability", "linear_regions", "meco"),
        rule="log_rank_sum",
        reference=("", "this project, see docs/proxies.md"),
        summary=_sum_of(
            "log-ranks",
            "LogSynFlow, the expressivity and trainability of AZ-NAS, the number of linear regions, and MeCo",
        ),
    ),
)

ENSEMBLES: dict[str, Ensemble] = {ensemble.name: ensemble for ensemble in _ALL}
"""Every ensemble by name; one is added by adding it here."""


def get_ensemble(name: str) -> Ensemble:
    """Return an ensemble.

    Raises:
        UnknownNameError: no such ensemble; the message lists those that exist.
    """
    if name not in ENSEMBLES:
        raise UnknownNameError("ensemble", name, list(ENSEMBLES))
    return ENSEMBLES[name]


def with_ensembles(
    table: pd.DataFrame, facts: dict[str, Any], names: Sequence[str], place: str = "the score table"
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a score table of all cells and its facts, with the rows and facts of ensembles added, in their order.

    The table has rows with :data:`tfnas.scoring.table.COLUMNS` for the members of the ensembles, every cell of the
    space; ``place`` is the file that it came from, for messages.

    Raises:
        UnknownNameError: an ensemble does not exist, or the table lacks a member.
    """
    if not names:
        return table, facts
    ensembles = [get_ensemble(name) for name in names]
    space = space_of(facts, place)
    scores = ScoreTable(table, place, space, pool_of(space, facts, lambda: table["arch"].unique(), place))
    merged = pd.concat([table, *(_rows(ensemble, scores) for ensemble in ensembles)], ignore_index=True)
    told = {ensemble.name: {"members": list(ensemble.members), "rule": ensemble.rule} for ensemble in ensembles}
    return merged, facts | {"ensembles": told}


def _rows(ensemble: Ensemble, table: ScoreTable) -> pd.DataFrame:
    """Return the rows of an ensemble, one per cell in the order of codes."""
    scores = np.stack([table.column(member, "score") for member in ensemble.members])
    known = np.isfinite(scores)
    silent = [member for member, row in zip(ensemble.members, known, strict=True) if not row.any()]
    undefined = np.full(len(known[0]), True) if silent else ~known.any(axis=0)
    why = f"no cell has a score of {' and '.join(silent)}" if silent else "no member has a score"
    combined = RULES[ensemble.rule].combine(np.stack([lowest_where_missing(row) for row in scores]))
    combined[undefined] = np.nan
    strings = list(table.pool.strings)
    repeats = np.min([table.column(member, "repeats") for member in ensemble.members], axis=0)
    rows = {
        "arch": strings,
        "proxy": ensemble.name,
        "score": combined,
        "raw": combined,
        "spread": np.nan,
        "repeats": repeats.astype(int) if np.isfinite(repeats).all() else repeats,  # given scores may not say
        "seconds": np.sum([table.column(member, "seconds") for member in ensemble.members], axis=0),
        "scored_arch": strings,
        "reason": np.where(undefined, why, ""),
    }
    return pd.DataFrame(rows, columns=list(COLUMNS))
