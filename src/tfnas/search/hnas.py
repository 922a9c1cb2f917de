"""HNAS: learn by Bayesian optimisation which size of gradients, and which weight of trainability, make good cells."""

from collections.abc import Sequence

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, Looks, ProcedureSearch
from tfnas.search.gaussian_process import BayesianOptimiser, expected_improvement
from tfnas.search.parameters import parameter, proxy_list
from tfnas.search.registry import register


@register(
    "hnas",
    title="HNAS",
    group="hybrid",
    looks=(SCORE, EARLY),
    budgeted=False,
    reference="shu2022hnas",
    section="nasbench/nasbench2_search.py of shuyao95/HNAS",
)
class HNAS(ProcedureSearch):
    """Learn from twenty early accuracies which size of the gradients to look for, and how much trainability counts.

    For a target t in [0, 1] and a weight c in [-4, 0], 2,000 uniform draws with replacement are scored and join the
    candidates of earlier queries; of those not looked at yet, the cell with the smallest

        10^c |M^2 - T^2| + kappa / (M + 1e-6),    T = 5000 t

    is looked at, where M is the metric and kappa the condition number of the tangent kernel. The first five queries
    have t = 0, 1/4, 1/2, 3/4, 1 and c = -2; the others maximise the expected improvement of a Gaussian process over all
    targets and accuracies so far (:mod:`tfnas.search.gaussian_process`, which says what differs from the published
    code). The cell with the best early validation accuracy wins.

    Scores come so that larger is better: kappa is the negative of the second proxy's score, and M the first proxy's
    score as it is. A missing score is the lowest one, which is the largest condition number.

    Deviations. The authors take metric, condition number and accuracies from CIFAR-10 whatever the dataset; here all
    three are those of the searched dataset, so searching on CIFAR-10 and reading off elsewhere repeats their rows.
    They charge neither scoring nor the pass over the validation images; here scoring stands in the scoring
    seconds, once per cell and proxy, and a query costs what it costs in every search.

    T up to 5000 is far above most NTK traces of the benchmark's own networks (on CIFAR-10 the median is 41, the largest
    8,967): most targets then ask for the largest trace that was not looked at yet. With another metric set ``scale`` to
    about the largest score.

    Raises:
        ConfigError: more queries than the space has cells, or more probes than queries.
    """

    proxies: list[str] = proxy_list(
        "ntk_trace",
        "hnas_condition_number",
        description="Two: the metric (published: ntk_trace, grad_norm, snip or grasp), then the condition number.",
        min_length=2,
        max_length=2,
    )
    queries: int = parameter("Number of cells whose early accuracy is looked at.", 20, ge=1)
    probes: int = parameter("Queries at evenly spaced targets before the Gaussian process suggests any.", 5, ge=0)
    sample: int = parameter(
        "Cells drawn, with replacement, and scored before each query; they stay candidates.", 2000, ge=1
    )
    scale: float = parameter("Largest target T of the metric; 5000 is the published one for ntk_trace.", 5000, gt=0)

    def _start(self) -> None:
        if self.queries > self.space.size:
            raise ConfigError(
                f"hnas cannot look at {self.queries} different cells: the search space has {self.space.size}; "
                "lower 'queries'."
            )
        if self.probes > self.queries:
            raise ConfigError(
                f"hnas has {self.queries} queries, so {self.probes} of them cannot be probes: lower 'probes'."
            )
        self.metric = np.full(self.space.size, np.nan)  # by place in space.codes; NaN: not drawn yet
        self.condition = np.full(self.space.size, np.nan)
        self.seen: dict[int, float] = {}

    def procedure(self) -> Looks:
        """Ask for the scores of new candidates, then for the accuracy of the nearest one, and so on."""
        optimiser = BayesianOptimiser(np.array([0.0, -4.0]), np.array([1.0, 0.0]), expected_improvement, self.rng)
        probes = [np.array([target, -2.0]) for target in np.linspace(0, 1, self.probes)]
        for number in range(self.queries):
            point = probes[number] if number < self.probes else optimiser.suggest()
            yield from self.widen()
            code = self.nearest(*point)
            (self.seen[code],) = yield Look(EARLY, [code])
            optimiser.observe(point, self.seen[code])

    def widen(self) -> Looks:
        """Draw more candidates, until one has not been queried, and have the new ones scored."""
        while True:
            drawn = np.zeros(self.space.size, dtype=bool)
            drawn[self.places(self.space.draw_codes(self.rng, self.sample))] = True
            new = np.flatnonzero(drawn & np.isnan(self.metric))
            if new.size:
                codes = self.space.codes[new]
                self.metric[new] = yield Look(SCORE, codes, self.proxies[0])
                self.condition[new] = -np.asarray((yield Look(SCORE, codes, self.proxies[1])))
            if np.isfinite(self.metric).sum() > len(self.seen):
                return

    def nearest(self, target: float, coefficient: float) -> int:
        """Return the code of the candidate, not queried yet, with the smallest objective; the smallest of equals."""
        unqueried = np.isfinite(self.metric)
        unqueried[self.places(list(self.seen))] = False
        places = np.flatnonzero(unqueried)
        metric, condition = self.metric[places], self.condition[places]
        with np.errstate(over="ignore", divide="ignore"):
            distance = np.abs(metric**2 - (self.scale * target) ** 2)
            objective = 10**coefficient * distance + condition / (metric + 1e-6)
        return int(self.space.codes[places[np.argmin(objective)]])

    def places(self, codes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return where cells stand among those of the space."""
        return np.searchsorted(self.space.codes, codes)
