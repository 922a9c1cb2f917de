"""BOHB at one fidelity: Hyperband's brackets and a kernel density model, every rung paid at the table's early stop."""

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tfnas.search.base import EARLY, Look, Looks, ProcedureSearch
from tfnas.search.parameters import parameter
from tfnas.search.registry import register


class Density:
    """Product kernel density over the six categorical edges (Aitchison and Aitken's kernel, one bandwidth per edge).

    The kernel is ``1 - h`` for the operation of the data point and ``h / (levels - 1)`` for any other. The bandwidth is
    ``1.06 std n**(-1/10)`` of the operation numbers, and at least ``min_bandwidth``.

    HpBandSter leaves this to statsmodels, whose rule is meant for continuous numbers: with five operations the
    bandwidth of a varied edge exceeds 1, so that the "density" is largest *away* from the data (and may be negative),
    and ``levels`` counts only the operations that occur in the data, so that it is infinite for an operation that
    never occurs. With ``proper`` the bandwidth is at most ``4 / 5``, at which the kernel is uniform, and there are
    always five levels.

    Args:
        digits: operation numbers of the data, shape (n, 6).
        radices: number of operations of each edge, shape (6,).
        min_bandwidth: smallest bandwidth.
        proper: whether the kernel is kept a probability.
    """

    def __init__(self, digits: np.ndarray, radices: np.ndarray, min_bandwidth: float, proper: bool):
        self.digits, self.radices = digits, radices
        numbers = np.arange(radices.max())
        counts = (digits[:, :, None] == numbers).sum(axis=0)
        mean, mean_square = np.array([numbers, numbers**2]) @ counts.T / len(digits)
        spread = np.sqrt(np.maximum(mean_square - mean**2, 0))
        self.bandwidth = np.maximum(1.06 * spread * len(digits) ** (-1 / (4 + len(radices))), min_bandwidth)
        levels = np.count_nonzero(counts, axis=1)
        if proper:
            self.bandwidth = np.minimum(self.bandwidth, (radices - 1) / radices)
            levels = radices
        # One number where all edges have as many operations: numpy draws that with fewer random bits.
        self._levels = radices if len(set(radices.tolist())) > 1 else int(radices[0])
        self._same = (1 - self.bandwidth)[:, None, None]
        with np.errstate(divide="ignore"):
            self._other = (self.bandwidth / (levels - 1))[:, None, None]

    def at(self, digits: np.ndarray) -> np.ndarray:
        """Return the density at some cells, given by operation numbers of shape (k, 6); shape (k,)."""
        same = digits.T[:, :, None] == self.digits.T[:, None, :]
        with np.errstate(invalid="ignore", over="ignore"):
            factors = np.where(same, self._same, self._other)
            return np.multiply.reduce(factors).sum(axis=1) / len(self.digits)

    def draw(self, rng: np.random.Generator, number: int) -> np.ndarray:
        """Return operation numbers of draws, shape (number, 6): a data point, each edge redrawn with probability h."""
        drawn = self.digits[rng.integers(len(self.digits), size=number)]
        keep = rng.random(drawn.shape) < 1 - self.bandwidth
        return np.where(keep, drawn, rng.integers(self._levels, size=drawn.shape))


@register(
    "bohb",
    title="BOHB (one fidelity)",
    group="non-weight-sharing",
    looks=(EARLY,),
    reference="falkner2018bohb",
    section="BOHB.py of D-X-Y/AutoDL-Projects (NAS-Bench-201); hpbandster of automl/HpBandSter",
)
class Bohb(ProcedureSearch):
    """Hyperband's brackets of successive halving whose cells a density model proposes; only one fidelity exists here.

    BOHB trains many cells for few epochs and lets the best go on to more. A table of ground truth holds one early
    accuracy per cell and no learning curve, so every rung looks at that same early accuracy and pays for it in full:
    what halving adds is repeated payment. The script of NAS-Bench-201 does the same, because it ignores the epochs that
    BOHB asks for, and so the published row at 12,000 seconds is reproduced; the script of NATS-Bench (20,000 seconds)
    heeds them, and its row cannot be. ``rungs: 1`` leaves the halving out.

    Bracket number b, from 0, has ``s = rungs - 1 - b mod rungs`` halvings. Its first rung holds
    ``floor(rungs / (s + 1)) eta**s`` proposals, looked at one after the other; the best in ``eta`` of them are looked
    at again, and so on (9, 3, 1; 3, 1; 3 by default). The lowest rung of a short bracket is a higher one of a long
    bracket. Of the cells seen on a rung the best ``top_percent``, at least ``min_points``, are good and the others bad;
    as soon as there are seven bad ones, each group gets a kernel density (:class:`Density`). A proposal uses the model
    of the highest rung that has one: of ``samples`` draws from the good density it takes the one with the highest
    ratio of good to bad density. Before there is a model, proposals are uniform draws. Rungs below the highest one
    with a model learn no more. The best cell of the whole history is returned.

    The density model is written out here because HpBandSter, the authors' program, is no dependency; its factor that
    widens bandwidths acts on continuous parameters only, so it is not offered.

    Deviation: in an incomplete space draws from the model outside it are dropped; if 100 times no draw is left, the
    proposal is a uniform draw.
    """

    rungs: int = parameter(
        "Rungs of the largest bracket of successive halving, all of them at the same early stop; 1: no halving, every "
        "look is a new proposal.",
        3,
        ge=1,
    )
    eta: int = parameter("Each rung keeps one cell in so many.", 3, ge=2)
    samples: int = parameter("Candidates drawn from the model of good cells for each proposal.", 4, ge=1)
    random_fraction: float = parameter("Share of proposals drawn uniformly although there is a model.", 0.0, ge=0, le=1)
    min_bandwidth: float = parameter("Smallest bandwidth of the kernel of an edge.", 0.3, gt=0)
    min_points: int = parameter("Smallest number of good cells in a model; HpBandSter allows no fewer than 7.", 7, ge=7)
    top_percent: int = parameter("Percentage of the cells looked at on a rung that counts as good.", 15, ge=1, le=99)
    kernel: Literal["hpbandster", "proper"] = parameter(
        "hpbandster: the kernel as HpBandSter computes it, whose bandwidth may exceed 1; proper: a probability, with "
        "bandwidths of at most 0.8.",
        "hpbandster",
    )

    def _start(self) -> None:
        self.proper = self.kernel == "proper"
        self.looked_at: list[list[tuple[float, int]]] = [[] for _ in range(self.rungs)]
        """Early accuracy and code of the cells that each rung has learnt from."""
        self.model: tuple[Density, Density] | None = None
        """Densities of good and bad cells on the rung ``model_rung``."""
        self.model_rung = -1
        self.outdated = False

    def procedure(self) -> Looks:
        """Look at the early accuracy of one cell after the other, bracket after bracket, for ever."""
        for bracket in itertools.count():
            halvings = self.rungs - 1 - bracket % self.rungs
            first = self.rungs // (halvings + 1) * self.eta**halvings
            cells: list[tuple[float, int]] = []
            for _ in range(first):
                code = self.propose()
                (accuracy,) = yield Look(EARLY, [code])
                self.learn(self.rungs - 1 - halvings, accuracy, code)
                cells.append((accuracy, code))
            for step in range(1, halvings + 1):
                number = max(first // self.eta**step, 1)
                best = sorted(range(len(cells)), key=lambda place: -cells[place][0])[:number]
                promoted, cells = [cells[place][1] for place in sorted(best)], []
                for code in promoted:
                    (accuracy,) = yield Look(EARLY, [code])
                    self.learn(self.rungs - 1 - halvings + step, accuracy, code)
                    cells.append((accuracy, code))

    def learn(self, rung: int, accuracy: float, code: int) -> None:
        """Add a cell to a rung, unless a higher one has a model; the model of the rung is then out of date."""
        if rung < self.model_rung:
            return
        seen = self.looked_at[rung]
        seen.append((accuracy, code))
        if len(seen) - self._good(len(seen)) > len(self.space.of.variables):
            self.model_rung = rung
            self.outdated = True

    def propose(self) -> int:
        """Return the code of a new cell: a uniform draw, or the best of some draws from the model."""
        if self.model_rung < 0 or self.rng.random() < self.random_fraction:
            return self.space.draw(self.rng, 1)[0]
        if self.outdated:
            self._fit()
        assert self.model is not None
        good, bad = self.model
        for _ in range(100):
            digits = good.draw(self.rng, self.samples)
            codes = self.space.of.codes(digits)
            known = self.space.inside(codes)
            if known.any():
                best = best_candidate(good.at(digits[known]).tolist(), bad.at(digits[known]).tolist())
                if best is not None:
                    return int(codes[known][best])
                break
        return self.space.draw(self.rng, 1)[0]

    def _good(self, number: int) -> int:
        return max(self.min_points, self.top_percent * number // 100)

    def _fit(self) -> None:
        """Split the cells of the model's rung into good and bad ones and estimate a density of each."""
        cells = sorted(self.looked_at[self.model_rung], key=lambda cell: -cell[0])
        good = self._good(len(cells))
        bad = max(self.min_points, (100 - self.top_percent) * len(cells) // 100)
        space = self.space.of
        digits = space.digits([code for _, code in cells])
        parts = digits[:good], digits[good : good + bad]
        one, other = (Density(part, space.radices, self.min_bandwidth, self.proper) for part in parts)
        self.model = one, other
        self.outdated = False


def best_candidate(good: Sequence[float], bad: Sequence[float]) -> int | None:
    """Return the place of the candidate with the lowest ratio of bad to good density, None if no ratio is a number.

    Densities below 1e-32 count as 1e-32. The kernel of HpBandSter can make densities infinite: as there, a candidate
    that only bad cells make infinite is taken at once, and one whose ratio is not a number is passed over.
    """
    best, lowest = None, math.inf
    for place, (at_good, at_bad) in enumerate(zip(good, bad, strict=True)):
        at_good = at_good if not at_good < 1e-32 else 1e-32
        ratio = (at_bad if at_bad > 1e-32 else 1e-32) / at_good
        if not math.isfinite(ratio) and math.isfinite(at_good):
            return place
        if ratio < lowest:
            best, lowest = place, ratio
    return best
