"""TEG-NAS by reinforcement learning: a policy over cells that is rewarded for improving several proxies."""

from collections.abc import Sequence

import numpy as np

from tfnas.search.base import SCORE, Look, Search, Trace
from tfnas.search.parameters import parameter
from tfnas.search.registry import register
from tfnas.search.reinforce import Baseline, Policy, Reinforce
from tfnas.search.tegnas import PROXIES, rank_sums


@register(
    "tegnas_reinforce",
    title="TEG-NAS (reinforcement learning)",
    group="training-free",
    looks=(SCORE,),
    reference="chen2021tegnas",
    section="reinforce.py, reinforce_launch.py and te_reward_generator.py of VITA-Group/TEGNAS",
)
class TegnasReinforce(Search):
    """A policy draws cells and is rewarded for scores that rise from one cell to the next.

    The policy has one softmax of five logits per edge, which begin as 1e-3 times standard normal numbers. Each step
    draws a cell and scores it. Its reward is the sum over the proxies of (v_t - v_(t-1)) / (max - min + 1e-6), where
    maximum and minimum are over the last 10 values, v_t included; the first cell has reward 0. The baseline is the
    moving average of the rewards, with momentum 0.9 and without bias, updated before it is subtracted; Adam then takes
    one step on the sum over edges of -log p (reward - baseline). The chosen cell is the element of the whole history
    with the smallest sum of ranks (see :func:`tfnas.search.tegnas.rank_sums`), the earliest of equals.

    Networks on which the kernel fails have the worst value of the score table (the authors: the worst so far, raised
    as worse ones appear; their code then writes it into all three indicators, which is not followed). The authors'
    program does not run as released; the reward is given scores as in their evolution. In an incomplete space a cell
    outside it is drawn again, and after 100 times drawn uniformly.
    """

    proxies: list[str] = PROXIES
    steps: int = parameter("Number of cells drawn and scored.", 500, ge=1)
    learning_rate: float = parameter("Learning rate of Adam.", 0.04, gt=0)
    momentum: float = Reinforce.momentum
    window: int = parameter("Number of last values whose range scales a change of score.", 10, ge=2)

    def _start(self) -> None:
        self.policy = Policy(self.rng, self.space.of.radices, self.learning_rate)
        self.baseline = Baseline(self.momentum)
        self.codes: list[int] = []
        self.values: list[list[float]] = [[] for _ in self.proxies]
        self.proxy = 0

    def ask(self) -> Look | None:
        """Ask for the scores of the next cell, one proxy after the other."""
        if self.proxy == 0:
            if len(self.codes) == self.steps:
                return None
            self.codes.append(self.policy.cell(self.space, self.rng))
        return Look(SCORE, self.codes[-1:], self.proxies[self.proxy])

    def tell(self, look: Look, values: Sequence[float]) -> None:
        """Note the score of one proxy; after the last of them reward the policy."""
        self.values[self.proxy].append(values[0])
        self.proxy = (self.proxy + 1) % len(self.proxies)
        if self.proxy == 0:
            reward = self.reward()
            digits = self.space.of.choices(self.codes[-1])
            self.policy.learn(digits, reward - self.baseline.update(reward))

    def reward(self) -> float:
        """Return how much the last cell is better than the one before, in units of the recent ranges."""
        if len(self.codes) == 1:
            return 0.0
        total = 0.0
        for values in self.values:
            recent = values[-self.window :]
            total += (recent[-1] - recent[-2]) / (max(recent) - min(recent) + 1e-6)
        return total

    def choose(self, trace: Trace) -> int:
        """Return the cell of the history with the smallest sum of ranks, the earliest of equals."""
        return self.codes[int(rank_sums(np.array(self.values)).argmin())]
