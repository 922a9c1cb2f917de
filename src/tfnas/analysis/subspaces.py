"""Sub-spaces by the FLOPs of their cells."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from tfnas.analysis.fronts import test_accuracies
from tfnas.products import Summary
from tfnas.schemas.subspaces import SCHEMA as SPACES
from tfnas.search.constraints import cost_unit
from tfnas.truth.costs import Costs, feasible

SPEC = Summary(
    name="subspaces",
    category="Hardware",
    message="Comparing sub-spaces by the FLOPs of their cells",
    needs={
        "truths": "truth/{dataset}.parquet",
        "latencies": lambda study: study.latencies_by_dataset,
    },
    params=("subspaces",),
    when=lambda study: study.subspaces,
)


def make(inputs: SimpleNamespace, params: SimpleNamespace, output: SimpleNamespace) -> None:
    """Compare sub-spaces by how the FLOPs of their cells are distributed, as TinyNAS chooses a space.

    A sub-space is the set of cells that satisfy a constraint (allowed operations, limits). TinyNAS samples networks of
    each candidate space that fit the device and takes the space whose networks have the larger FLOPs, for they are
    likely to be the more accurate ones. Here every cell is counted, nothing is sampled; the accuracies stand beside
    the FLOPs so that the claim can be checked, and have no part in it.

    Source: Lin, Chen, Lin, Cohn, Gan, Han 2020, "MCUNet: Tiny Deep Learning on IoT Devices" (NeurIPS), section 3.1.

    Args:
        inputs: ``truths``: ground truth of every dataset. ``latencies``: latencies of the datasets that have any.
        params: ``subspaces``: constraints by label, see :mod:`tfnas.truth.costs`.
        output: ``table``: table to write (.csv) with :data:`SPACES`: number of cells that satisfy the constraint; mean,
            20th, 50th and 80th percentile and maximum of their FLOPs in millions; median and best test accuracy. Spaces
            of a dataset come in the order of their mean FLOPs, largest first.

    Raises:
        SearchError: no cell satisfies a constraint.
        UnknownNameError: there is no such device.
    """
    rows = []
    for dataset, path in inputs.truths.items():
        costs, accuracies = Costs.read(path, dataset, inputs.latencies.get(dataset)), test_accuracies(path)
        known = accuracies.known
        part = []
        for label, constraint in params.subspaces.items():
            codes = feasible(known, constraint, costs, f"search.subspaces.{label}")
            flops = costs.of("flops", codes, f"search.subspaces.{label}")
            percentiles = np.percentile(flops, [20, 50, 80])
            accuracy = accuracies[codes]
            part.append(
                (
                    dataset,
                    label,
                    codes.size,
                    flops.mean(),
                    *percentiles,
                    flops.max(),
                    np.median(accuracy),
                    accuracy.max(),
                )
            )
        rows += sorted(part, key=lambda line: -line[3])
    facts = {
        "rows": "one per dataset and sub-space, largest mean FLOPs first",
        "flops": f"over all cells that satisfy the constraint, in {cost_unit('flops')}",
        "accuracy": "test accuracy of the same cells, percent; shown beside the FLOPs, not used",
        "spaces": dict(params.subspaces),
    }
    SPACES.write(output.table, pd.DataFrame(rows, columns=list(SPACES.names)), facts)
