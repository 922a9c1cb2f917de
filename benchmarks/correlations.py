"""How well every proxy ranks a fair sample of cells, beside the published correlations.

Scoring all cells with all proxies takes a GPU; a sample is enough to see whether a proxy is what its paper measured.
The cells are drawn in strata of equal size of the test accuracy, one from each, so that the sample spreads like the
space; then more of them, until there are enough functionally distinct ones.

    python benchmarks/correlations.py --dataset cifar10 --images PATH --truth PATH --output results/benchmarks/sample

Every chunk of cells and family of proxies is kept as soon as it is done; the same command goes on where it was. Several
commands may share the work: ``--part 0/2`` and ``--part 1/2`` take alternate chunks, and a last call without ``--part``
puts them together.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from tfnas.analysis.published_rows import correlation_rows
from tfnas.analysis.statistics import kendall, rank_with_missing, spearman
from tfnas.datasets.images import make_batch
from tfnas.datasets.sources import load_images
from tfnas.files import read_table, write_table
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.registry import family_of, get_family, get_proxy, proxy_names
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.runtime.memory import keep_freed_memory
from tfnas.schemas.chunks import SCHEMA as CHUNKS
from tfnas.scoring.chunk import Draws, device_name, networks_per_pass, score_cells, versions
from tfnas.scoring.ensembles import ENSEMBLES, RULES
from tfnas.scoring.missing import lowest_where_missing
from tfnas.seeds import child_rng, child_seed
from tfnas.spaces.nats_tss import SPACE, Cell

PUBLISHED = Path(__file__).resolve().parents[1] / "report/published.yaml"


def draw_cells(accuracy: pd.Series, count: int, distinct: int, seed: int) -> list[Cell]:
    """Return a random sample of cells, spread over the accuracies.

    Args:
        accuracy: of all cells, indexed by architecture.
        count: number of strata of equal size of accuracy; the first ``count`` cells are one of each.
        distinct: then strata taken at random give another cell each, of a class that none was drawn of before, until
            the sample has so many classes of functionally identical cells.
        seed: of all draws.
    """
    rng = child_rng(seed, "sample")
    ordered = accuracy.sort_values(kind="stable").index.to_numpy()
    strata = np.array_split(ordered, count)
    cells = [rng.choice(stratum) for stratum in strata]
    classes = SPACE.classes[[SPACE.parse(arch) for arch in accuracy.index]]
    class_of = dict(zip(accuracy.index, classes.tolist(), strict=True))
    drawn = {class_of[cell] for cell in cells}
    distinct = min(distinct, len(set(class_of.values())))
    while len(drawn) < distinct:
        for number in rng.permutation(count)[: distinct - len(drawn)]:
            new = [cell for cell in strata[number] if class_of[cell] not in drawn]
            if new:
                cells.append(rng.choice(new))
                drawn.add(class_of[cells[-1]])
    return [Cell.parse(cell) for cell in cells]


def main() -> int:
    """Score what is missing, then write scores and correlations."""
    args = arguments()
    torch.set_num_threads(1)
    keep_freed_memory()
    full_precision()
    accuracy = read_table(args.truth, ("arch", args.accuracy)).set_index("arch")[args.accuracy]
    cells = draw_cells(accuracy, args.cells, args.distinct, args.seed)
    images = load_images(args.dataset, args.images, None)
    batch = make_batch(images, args.batch, child_seed(args.seed, args.dataset, "batch"))
    shape = Skeleton(16, 5, batch.facts["classes"], images.images.shape[1], images.images.shape[2])
    tensors = torch.from_numpy(batch.images).to(args.device), torch.from_numpy(batch.labels).to(args.device)
    folder = args.output / args.dataset
    families = list(dict.fromkeys(family_of(name) for name in args.proxies))
    chunks = [(start, family) for family in families for start in range(0, len(cells), args.chunk)]
    mine, parts = (int(number) for number in args.part.split("/"))
    for number, (start, family) in enumerate(chunks):
        path = folder / f"{family}-{start}.parquet"
        if number % parts != mine or path.exists():
            continue
        print(f"{args.dataset}: {family}, cells from {start} of {len(cells)}", flush=True)
        member = get_family(family)
        draws = min(member.draws, args.draws)
        rows = score_cells(
            member,
            cells[start : start + args.chunk],
            *tensors,
            shape,
            Draws(draws, child_seed(args.seed, args.dataset, "scores")),
            networks_per_pass(member, *tensors, shape),
        )
        facts = {"device": device_name(args.device), "threads": torch.get_num_threads(), "draws": draws}
        write_table(path, pd.DataFrame(rows, columns=list(CHUNKS.names)), facts)
    if parts == 1:
        scores = pd.concat([CHUNKS.read(folder / f"{family}-{start}.parquet") for start, family in chunks])
        scores = scores[scores["proxy"].isin(args.proxies)]
        facts = {
            "dataset": args.dataset,
            "cells": f"{len(cells)}: one of each of {args.cells} equal strata of test accuracy, then more of other "
            f"classes up to {args.distinct} distinct ones; seed {args.seed}",
            "initialisations": f"as many as the definition averages, at most {args.draws}",
            "device": device_name(args.device),
            "versions": versions(),
            "skeleton": vars(shape),
            "batch": batch.facts | {"positions": batch.positions.tolist()},
        }
        write_table(args.output / f"{args.dataset}.parquet", scores, facts)
        table = correlations(scores, accuracy, args.dataset)
        write_table(args.output / f"{args.dataset}-correlations.csv", table)
        print(table.to_string(index=False, float_format="{:.3f}".format))
    return 0


def correlations(scores: pd.DataFrame, accuracy: pd.Series, dataset: str) -> pd.DataFrame:
    """Return correlations with test accuracy over the sample, and the published ones: a row per proxy and ensemble."""
    oriented = {
        str(proxy): get_proxy(str(proxy)).direction * part.groupby("arch")["raw"].apply(_mean)
        for proxy, part in scores.groupby("proxy", sort=False)
    }
    seconds = {
        str(proxy): part.groupby("arch")["seconds"].sum().mean() for proxy, part in scores.groupby("proxy", sort=False)
    }
    for name, ensemble in ENSEMBLES.items():
        if set(ensemble.members) <= oriented.keys():
            ranked = [lowest_where_missing(oriented[member].to_numpy()) for member in ensemble.members]
            combined = RULES[ensemble.rule].combine(np.stack(ranked))
            oriented[name] = pd.Series(combined, index=oriented[ensemble.members[0]].index)
            seconds[name] = sum(seconds[member] for member in ensemble.members)
    rows = []
    for name, values in oriented.items():
        x, y, missing = rank_with_missing(values.to_numpy(), accuracy.loc[values.index].to_numpy())
        rho, tau = spearman(x, y), kendall(x, y)
        theirs = [
            row["values"][dataset]["spearman"]
            for row in correlation_rows(PUBLISHED, name, [dataset])
            if row["accuracy"] == "test" and row["cells"] == "all" and "spearman" in row["values"][dataset]
        ]
        classes = len({int(SPACE.classes[SPACE.parse(arch)]) for arch in values.index})
        rows.append(
            {
                "dataset": dataset,
                "proxy": name,
                "n": rho.n,
                "classes": classes,
                "nan": missing,
                "spearman": rho.value,
                "spearman_low": rho.low,
                "spearman_high": rho.high,
                "kendall": tau.value,
                "published_spearman": " / ".join(map(str, theirs)),
                "seconds": seconds[name],
            }
        )
    return pd.DataFrame(rows)


def _mean(values: pd.Series) -> float:
    return values.mean(skipna=False)


def arguments() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--images", type=Path, required=True, help="images of the dataset, as in a study file")
    parser.add_argument("--truth", type=Path, required=True, help="ready table of ground truth")
    parser.add_argument("--accuracy", default="test_accuracy", help="its column of test accuracies")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/sample"))
    parser.add_argument("--proxies", nargs="+", choices=proxy_names(), default=proxy_names())
    parser.add_argument("--cells", type=int, default=320, help="strata of accuracy, one cell of each")
    parser.add_argument("--distinct", type=int, default=300, help="at least so many functionally distinct cells")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--draws", type=int, default=32, help="at most so many initialisations per cell")
    parser.add_argument("--chunk", type=int, default=16)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--part", default="0/1", help="share of the chunks that this command scores, as in 0/2")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
