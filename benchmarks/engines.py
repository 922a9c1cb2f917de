"""Seconds per cell of the engine for any module and of the batched engine, on the same cells, in one run.

``python -m benchmarks.engines`` scores random cells of NATS-Bench's topology space family by family: with
:func:`tfnas.scoring.chunk.score_cells`, many networks at once, and as plain modules one by one, as any network is
scored. It prints seconds per cell and their ratio. That both give the same values is a test of its own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd
import torch

from tfnas.networks.module import built
from tfnas.networks.reference import Network
from tfnas.networks.skeleton import Skeleton
from tfnas.proxies.any_module.trial import ModuleTrial, evaluate_of
from tfnas.proxies.registry import Family, families, get_family
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.scoring.chunk import Draws, networks_per_pass, score_cells
from tfnas.spaces.nats_tss import SPACE, Cell


def measure(names: Sequence[str], cells: Sequence[Cell], images: torch.Tensor, skeleton: Skeleton) -> pd.DataFrame:
    """Return for each family seconds per cell of both engines, one initialisation each, and their ratio."""
    labels = torch.arange(len(images), device=images.device) % skeleton.classes
    rows = []
    for name in names:
        family = get_family(name)
        wanted = [proxy.name for proxy in family.proxies if "cell" not in proxy.requires]
        together = networks_per_pass(family, images, labels, skeleton, wanted)
        score = partial(score_cells, family, images=images, labels=labels, skeleton=skeleton, draws=Draws(1, 0))
        batched = partial(score, together=together, proxies=wanted)
        alone = partial(_one_by_one, name, family, images, labels, skeleton, wanted)
        seconds = [_seconds(run, cells) for run in (batched, alone)]
        rows.append((name, len(wanted), together, *seconds, seconds[1] / seconds[0]))
        print(f"{name}: {rows[-1][-1]:.2f}", flush=True)
    return pd.DataFrame(rows, columns=["family", "proxies", "together", "batched", "any module", "ratio"])


def _one_by_one(
    name: str,
    family: Family,
    images: torch.Tensor,
    labels: torch.Tensor,
    skeleton: Skeleton,
    wanted: Sequence[str],
    cells: Sequence[Cell],
) -> None:
    evaluate = evaluate_of(name)
    for seed, cell in enumerate(cells):
        build = partial(_network, cell, skeleton, seed)
        evaluate(ModuleTrial(build, images, labels, frozenset(wanted), seed=seed))


def _network(cell: Cell, skeleton: Skeleton, seed: int, initialisation: str) -> torch.nn.Module:
    return built(partial(Network, cell, skeleton), initialisation, seed)


def _seconds(run: Callable[[Sequence[Cell]], object], cells: Sequence[Cell]) -> float:
    """Return wall seconds per cell, after one cell that is not timed."""
    run(cells[:1])
    started = time.perf_counter()
    run(cells[1:])
    return (time.perf_counter() - started) / (len(cells) - 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    known = [name for name in families() if find_spec(f"tfnas.proxies.any_module.{name}") and name != "structure"]
    parser = argparse.ArgumentParser(description="The engine for any module against the batched engine.")
    parser.add_argument("--cells", type=int, default=16, help="random cells, and one that is not timed (default: 16)")
    parser.add_argument("--images", type=int, default=64, help="of the mini-batch, of noise (default: 64)")
    parser.add_argument("--channels", type=int, default=16, help="C of the skeleton (default: 16)")
    parser.add_argument("--cells-per-stage", type=int, default=5, help="N of the skeleton (default: 5)")
    parser.add_argument(
        "--families", nargs="+", default=known, choices=known, help="families of proxies (default: all)"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0 (default: cpu)")
    asked = parser.parse_args(arguments)
    full_precision()
    codes = SPACE.sample(np.random.default_rng(0), asked.cells + 1)
    skeleton = Skeleton(asked.channels, asked.cells_per_stage)
    images = torch.randn(asked.images, 3, 32, 32, generator=torch.Generator().manual_seed(0)).to(asked.device)
    table = measure(asked.families, [SPACE.architecture(code) for code in codes.tolist()], images, skeleton)
    print(table.to_string(index=False, float_format="{:.3g}".format))


if __name__ == "__main__":
    main()
