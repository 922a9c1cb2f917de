"""RoBoT: learn by Bayesian optimisation how to weigh several proxies, then walk down the ranking they give together."""

import numpy as np

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, Looks, ProcedureSearch
from tfnas.search.gaussian_process import BayesianOptimiser, upper_confidence_bound
from tfnas.search.parameters import parameter, proxy_list
from tfnas.search.registry import register


@register(
    "robot",
    title="RoBoT",
    group="hybrid",
    looks=(SCORE, EARLY),
    budgeted=False,
    reference="he2024robot",
    section="search_nb201.py of hzf1174/RoBoT",
)
class Robot(ProcedureSearch):
    """Learn from twenty early accuracies how to weigh proxies, then look at the best cells by these weights.

    The scores of each proxy are scaled to [0, 1] over the whole space. *Exploration*: twenty times, take weights from
    the box [-1, 1]^p, find the cell with the largest weighted sum and look at its early validation accuracy. The first
    weights are a uniform draw; the others maximise the upper confidence bound of a Gaussian process over all weights
    and accuracies so far (:mod:`tfnas.search.gaussian_process`, which says what differs from the published code). A
    cell that comes up again is not looked at, and not paid, again. *Exploitation*: with the weights that found the best
    accuracy (the latest of equals), walk down the ranking and look at cells not looked at yet until there are twenty.
    The best early accuracy of all wins.

    Deviations. The authors search every dataset with its own proxies but always query the accuracies of CIFAR-10; here
    accuracies are those of the searched dataset unless the study says ``accuracies_of: cifar10``, which is the protocol
    of their rows. They do not charge for scoring the whole space; here it stands in the scoring seconds, apart from the
    seconds of training. Equal sums are ordered by cell code. A score that is missing counts as the lowest one, which
    scales to 0 and so adds nothing, as in the published code.

    Raises:
        ConfigError: more queries than the space has cells.
    """

    proxies: list[str] = proxy_list(
        "grad_norm",
        "snip",
        "grasp",
        "fisher",
        "synflow",
        "jacob_cov",
        description="Names of proxies of the study's score table; larger scores are better.",
    )
    queries: int = parameter(
        "Number of different cells whose early accuracy is looked at, and of weightings tried.", 20, ge=1
    )

    def _start(self) -> None:
        if self.queries > self.space.size:
            raise ConfigError(
                f"robot cannot look at {self.queries} different cells: the search space has {self.space.size}; "
                "lower 'queries'."
            )

    def procedure(self) -> Looks:
        """Ask for all scores, then for the accuracies of exploration one by one, then for those of exploitation."""
        codes = self.space.codes.tolist()
        seen: dict[int, float] = {}
        columns = []
        for proxy in self.proxies:
            columns.append(scaled(np.asarray((yield Look(SCORE, self.space.codes, proxy)))))
        scores = np.column_stack(columns)

        ones = np.ones(len(self.proxies))
        optimiser = BayesianOptimiser(-ones, ones, upper_confidence_bound, self.rng)
        best, best_weights = -np.inf, ones
        for _ in range(self.queries):
            weights = optimiser.suggest()
            code = codes[int(np.argmax(scores @ weights))]
            if code not in seen:
                (seen[code],) = yield Look(EARLY, [code])
            accuracy = seen[code]
            if accuracy >= best:
                best, best_weights = accuracy, weights
            optimiser.observe(weights, accuracy)

        ranking = highest(scores @ best_weights, self.queries).tolist()
        rest = [codes[place] for place in ranking if codes[place] not in seen][: self.queries - len(seen)]
        if rest:
            yield Look(EARLY, rest)


def highest(values: np.ndarray, number: int) -> np.ndarray:
    """Return the places of the highest values, best first, of equals the first: without sorting all of them."""
    places = np.flatnonzero(values >= np.partition(values, -number)[-number])
    return places[np.argsort(-values[places], kind="stable")[:number]]


def scaled(scores: np.ndarray) -> np.ndarray:
    """Return scores scaled to [0, 1]; all 0 if they are all the same."""
    low, high = scores.min(), scores.max()
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)
