"""AREA: regularised evolution whose initial population a proxy has chosen."""

from tfnas.search.base import EARLY, SCORE
from tfnas.search.parameters import PROXY, parameter
from tfnas.search.registry import register
from tfnas.search.regularised_evolution import AssistedEvolution


@register(
    "area",
    title="Assisted regularised evolution (AREA)",
    group="hybrid",
    extends="regularised_evolution",
    looks=(SCORE, EARLY),
    reference="mellor2021naswot",
    section="Section 5.3, Algorithm 2",
)
class Area(AssistedEvolution):
    """Score 20 draws, begin with the 10 best of them, then evolve on early validation accuracies.

    The draws are uniform with replacement. The chosen ones are looked at, and age, in the order of their scores, best
    first (the earliest of equals first). Scoring seconds count against the budget as training seconds do. After the
    initial population everything is as in regularised evolution: append the child, then drop the oldest.

    The paper's Algorithm 2 draws the members of a tournament without replacement (``replacement=False``), the
    regularised evolution that it builds on with. The authors' repository holds no loop that would decide. That the
    paper drops the oldest member before it appends the child changes nothing, since the tournament is over by then.

    Raises:
        ConfigError: fewer cells are drawn than the population holds, or a tournament of different members is larger
            than the population.
    """

    proxy: str = PROXY
    sample: int = parameter(
        "Cells drawn and scored; the best of them, as many as the population holds, begin.", 20, ge=1
    )
    replacement: bool = parameter(
        "Whether the members of a tournament are drawn with replacement. true: as in regularised evolution; false: "
        "different members, as in the paper's Algorithm 2.",
        True,
    )
    what = "area"
