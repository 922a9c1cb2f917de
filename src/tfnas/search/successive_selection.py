"""Successive selection: a proxy picks the few best of many cells, and early accuracies pick the best of the few."""

from tfnas.errors import ConfigError
from tfnas.search.base import EARLY, SCORE, Look, Looks, ProcedureSearch
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register


@register(
    "successive_selection",
    title="Successive selection",
    group="hybrid",
    extends="random_search",
    looks=(SCORE, EARLY),
    stream="uniform cells",
    budgeted=False,
    reference="phan2024mfnas",
    section="algos/mf_nas.py of ELO-Lab/MF-NAS, stage 1 by random search and the first round of stage 2",
)
class SuccessiveSelection(ProcedureSearch):
    """Score 2,000 draws, look at the early accuracies of the 32 best of them, and return the best of these.

    This is MF-NAS up to the end of its first training round. There the 32 cells with the best scores of 2,000 go
    through successive halving: all are trained for 12 epochs, half of them for 25, then 50, 100 and 200 epochs. The
    benchmark sells one early accuracy, that after 12 epochs, so the selection ends there. MF-NAS's first stage is a
    local search or random search by proxy; here it is random search, with the draws of the other searches that draw
    uniformly, or the whole space. Published proxies: params, flops, synflow.

    A cell drawn twice is kept once; of equal scores the earliest drawn comes first. With ``keep`` 20 the search pays as
    many queries as HNAS and RoBoT.

    Raises:
        ConfigError: more cells are kept than drawn, or than the space has.
    """

    proxy: str = PROXY
    sample: int = parameter(
        "Cells drawn, uniformly with replacement, and scored; 0 scores every cell of the space once.", 2000, ge=0
    )
    keep: int = parameter("Different cells with the best scores whose early accuracy is looked at.", 32, ge=1)

    def _start(self) -> None:
        scored = self.sample or self.space.size
        if self.keep > scored:
            raise ConfigError(
                f"successive_selection cannot keep the best {self.keep} of {scored} scored cells: lower 'keep'."
            )

    def procedure(self) -> Looks:
        """Ask for all scores, then for the early accuracies of the different cells with the best ones, best first."""
        codes = self.space.draw(self.rng, self.sample) if self.sample else self.space.codes.tolist()
        scores = yield Look(SCORE, codes, self.proxy)
        order = sorted(range(len(codes)), key=lambda place: -scores[place])
        yield Look(EARLY, list(dict.fromkeys(codes[place] for place in order))[: self.keep])
