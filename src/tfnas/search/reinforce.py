"""REINFORCE: a policy of independent choices, one per edge, learns from early validation accuracies."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfnas.search.base import EARLY, BudgetSearch, Look, SearchSpace
from tfnas.search.parameters import parameter
from tfnas.search.registry import register


class Policy:
    """A softmax over the operations of each edge, trained by policy gradient with Adam.

    Args:
        rng: source of the initial logits, 0.001 times standard normal draws.
        radices: number of operations of each edge, shape (6,).
        learning_rate: learning rate of Adam; its other settings are the usual ones (0.9, 0.999, 1e-8).
    """

    def __init__(self, rng: np.random.Generator, radices: np.ndarray, learning_rate: float):
        most = int(radices.max())
        self.logits = 1e-3 * rng.standard_normal((len(radices), most))
        self.logits[np.arange(most) >= radices[:, None]] = -np.inf  # operations that an edge does not have
        self._one_hot = np.eye(most)
        self.learning_rate = learning_rate
        self.steps = 0
        self._first = np.zeros_like(self.logits)
        self._second = np.zeros_like(self.logits)
        self._probabilities: np.ndarray | None = None

    @property
    def probabilities(self) -> np.ndarray:
        """Probability of each operation on each edge, shape (6, 5)."""
        if self._probabilities is None:
            weights = np.exp(self.logits - self.logits.max(axis=1, keepdims=True))
            self._probabilities = weights / weights.sum(axis=1, keepdims=True)
        return self._probabilities

    def draw(self, rng: np.random.Generator) -> list[int]:
        """Return one operation number per edge, drawn from the policy."""
        digits = []
        for row, chance in zip(self.probabilities.tolist(), rng.random(len(self.logits)).tolist(), strict=True):
            digit = 0
            while digit < len(row) - 1 and chance >= row[digit]:
                chance -= row[digit]
                digit += 1
            digits.append(digit)
        return digits

    def cell(self, space: SearchSpace, rng: np.random.Generator) -> int:
        """Return the code of a cell of a space, drawn from the policy."""
        return space.child(lambda: space.of.code(self.draw(rng)), rng)

    def learn(self, digits: Sequence[int], advantage: float) -> None:
        """Take one step of Adam on the loss ``-log p(digits) * advantage``, summed over the edges.

        The digits are those of the cell that earned the reward, the advantage is the reward less the baseline.
        """
        gradient = advantage * (self.probabilities - self._one_hot[digits])
        self.steps += 1
        self._first += 0.1 * (gradient - self._first)
        self._second += 0.001 * (gradient * gradient - self._second)
        scale = np.sqrt(self._second / (1 - 0.999**self.steps)) + 1e-8
        self.logits -= self.learning_rate / (1 - 0.9**self.steps) * self._first / scale
        self._probabilities = None


@dataclass
class Baseline:
    """Exponential moving average of rewards with a weight of the past, corrected for its start at zero."""

    momentum: float
    _sum: float = 0.0
    _weight: float = 0.0

    def update(self, reward: float) -> float:
        """Take in a reward and return the average that includes it; after the first reward it is that reward."""
        self._sum = self.momentum * self._sum + (1 - self.momentum) * reward
        self._weight = self.momentum * self._weight + (1 - self.momentum)
        return self._sum / self._weight


@register(
    "reinforce",
    title="REINFORCE",
    group="non-weight-sharing",
    looks=(EARLY,),
    reference="williams1992reinforce",
    section="reinforce.py of D-X-Y/AutoDL-Projects",
)
class Reinforce(BudgetSearch):
    """Draw a cell from a policy, look at its early accuracy, make the policy favour what did better than usual.

    The policy holds five logits for each of the six edges; one operation per edge is drawn from their softmax. The
    reward is the early validation accuracy in percent. The baseline, a moving average of all rewards, takes in the
    reward before it is subtracted, so the first step never changes the policy. One step of Adam follows each look. The
    best cell of the whole history is returned, not the most likely one of the final policy.

    The scripts of the two benchmarks differ in the learning rate alone (0.01 and 0.5).

    Deviations: logits are double precision; in an incomplete space the policy draws again until the cell lies in it,
    and after 100 failures the cell is a uniform draw.
    """

    learning_rate: float = parameter(
        "Learning rate of Adam: 0.01 in NATS-Bench's script, 0.5 in that of NAS-Bench-201.", 0.01, gt=0
    )
    momentum: float = parameter(
        "Momentum of the exponential moving average of rewards that serves as baseline.", 0.9, ge=0, lt=1
    )

    def _start(self) -> None:
        self.policy = Policy(self.rng, self.space.of.radices, self.learning_rate)
        self.baseline = Baseline(self.momentum)

    def ask(self) -> Look:
        """Ask for the early accuracy of a cell that the policy draws."""
        return Look(EARLY, [self.policy.cell(self.space, self.rng)])

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Update the baseline with the reward, then the policy with what is left of it."""
        code, reward = look.codes[0], values[0]
        self.policy.learn(self.space.of.choices(code), reward - self.baseline.update(reward))
