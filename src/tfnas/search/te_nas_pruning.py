"""TE-NAS: a supernet is pruned to a single path by condition number and linear regions, live."""

from tfnas.errors import SearchError
from tfnas.search.base import LIVE, Look, Looks, ProcedureSearch, Trace
from tfnas.search.parameters import parameter
from tfnas.search.registry import register


@register(
    "te_nas_pruning",
    title="TE-NAS (pruning)",
    group="training-free",
    looks=(LIVE,),
    reference="chen2021tenas",
    section="Section 3.3; prune_tenas.py and prune_launch.py of VITA-Group/TENAS",
)
class TeNasPruning(ProcedureSearch):
    """Drop an operation of each edge, round by round, for the supernet's condition number and linear regions.

    The procedure is :func:`tfnas.search.live.pruning.prune` and what it measures
    :class:`tfnas.search.live.supernets.Evaluator`: both need images and networks, which a search does not have. A job
    of its own does the runs of a study (:func:`tfnas.search.live.supernets.prune_block`); here the outcome of the run
    is looked up and its seconds are paid. The supernet is that of the whole space.
    """

    channels: int = parameter("Channels of the first stage of the network whose kernel is computed.", 3, ge=1)
    cells_per_stage: int = parameter("Cells in each stage of the network whose kernel is computed.", 1, ge=1)
    batch_size: int = parameter("Images of a kernel.", 72, ge=2)
    samples: int = parameter("Crops on which linear regions are counted.", 3000, ge=3, multiple_of=3)
    repeats: int = parameter("Times that each change is measured, in each round.", 3, ge=1)

    needs = frozenset({"cell"})

    def procedure(self) -> Looks:
        """Ask for the code of the cell that the run ended with."""
        (found,) = yield Look(LIVE, [])
        self.found = int(found)

    def choose(self, trace: Trace) -> int:
        """Return the cell that was left.

        Raises:
            SearchError: it is none of the cells that may be chosen.
        """
        if self.found not in self.space:
            raise SearchError(
                f"Pruning ended with {self.space.of.text(self.found)}, which is none of the {self.space.size} cells "
                "that may be chosen: use ground truth of all cells, or leave 'te_nas_pruning' out of search.use."
            )
        return self.found
