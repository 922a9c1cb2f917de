"""Compare sub-spaces by the FLOPs of their cells."""

import numpy as np

from tfnas.analysis.fronts import reported_accuracies
from tfnas.products import Named, Summary
from tfnas.schemas.subspaces import SCHEMA as SPACES
from tfnas.truth.costs import Costs, feasible

SPEC = Summary(
    category="Hardware",
    needs={"truths": "truth/{dataset}.parquet", "latencies": lambda study: study.latencies_by_dataset},
    params=("subspaces",),
    when=lambda study: study.subspaces,
)


def make(inputs: Named, params: Named, output: Named) -> None:
    """Compare sub-spaces by how the FLOPs of their cells are distributed, as TinyNAS chooses a space.

    A sub-space is the set of cells that satisfy a constraint (allowed operations, limits). TinyNAS samples networks of
    each candidate space that fit the device and takes the space whose networks have the larger FLOPs, for they are
    likely to be the more accurate ones. Here every cell is counted, nothing is sampled; the accuracies stand beside
    the FLOPs so that the claim can be checked, and have no part in it.

    Source: Lin, Chen, Lin, Cohn, Gan, Han 2020, "MCUNet: Tiny Deep Learning on IoT Devices" (NeurIPS), section 3.1.

    Args:
        inputs: ``truths``: ground truth of every dataset. ``latencies``: latencies of the datasets that have any.
        params: ``subspaces``: constraints by label, see :mod:`tfnas.truth.costs`.
        output: ``table``: table to write (.csv) with :data:`SPACES`.

    Raises:
        SearchError: no cell satisfies a constraint.
        UnknownNameError: there is no such device.
    """
    rows = []
    for dataset, path in inputs.truths.items():
        costs, accuracies = Costs.read(path, dataset, inputs.latencies.get(dataset)), reported_accuracies(path)
        part = []
        for label, constraint in params.subspaces.items():
            codes = feasible(accuracies.known, constraint, costs, f"search.subspaces.{label}")
            flops = costs.of("flops", codes, f"search.subspaces.{label}")
            spread = flops.mean(), *np.percentile(flops, [20, 50, 80]), flops.max()
            accuracy = accuracies[codes]
            part.append((dataset, label, codes.size, *spread, np.median(accuracy), accuracy.max()))
        rows += sorted(part, key=lambda line: -line[3])
    SPACES.write_rows(output.table, rows, spaces=dict(params.subspaces))
