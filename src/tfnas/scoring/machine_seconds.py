"""How long scoring a cell takes on this machine, now: a short measurement, so that the price of a search can be told.

Images do not matter for that, only their number and size, so shipped scores can be repriced without any.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tfnas.errors import ScoreError
from tfnas.files import read_json, write_json
from tfnas.networks.shape import shape_in
from tfnas.proxies.registry import get_family
from tfnas.runtime.exact_arithmetic import full_precision
from tfnas.runtime.memory import keep_freed_memory
from tfnas.scoring.chunk import Draws, device_name, networks_per_pass, score_cells, versions
from tfnas.scoring.plan import representatives
from tfnas.seeds import child_seed
from tfnas.spaces.pool import Pool
from tfnas.spaces.registry import space_of

CELLS = 3
"""Cells that are timed; more where more of them run together, up to :data:`MOST_CELLS`."""

MOST_CELLS = 256


def measure_seconds(
    families: Mapping[str, Sequence[str]], scores: Sequence[str | Path], device: str, seed: int, output: str | Path
) -> None:
    """Time the proxies of families on a few cells and write the mean seconds of a cell.

    The cells are the first ones of the scoring order, or draws of a space of modules: a fair sample. They are scored
    with as many initialisations as the score table averages, on random images of the same number and size, after one
    cell that is not timed. As in a score table, seconds are wall seconds from drawing the weights to the values.

    Args:
        families: names of proxy families, and the members of each to time.
        scores: facts (.json) of the score table of each family that is to be repriced, in the order of the families.
        device: ``cpu`` or ``cuda:N``.
        seed: child seed of the dataset; each family draws its images and weights from one of its own.
        output: file to write (.json): ``dataset``, ``device``, ``threads``, ``versions``, and under ``families`` for
            each of them ``seconds`` by proxy, ``cells`` timed, ``repeats``, and ``table_device``, the machine of the
            score table.

    Raises:
        ScoreError: the facts do not say how a family was scored.
        DeviceError: not even one network fits into the memory of the device.
    """
    keep_freed_memory()
    full_precision()
    told = {
        "dataset": read_json(scores[0])["dataset"],
        "families": {
            family: _rate(family, proxies, path, device, child_seed(seed, family))
            for (family, proxies), path in zip(families.items(), scores, strict=True)
        },
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }
    write_json(output, told)


def _rate(family: str, proxies: Sequence[str], scores: str | Path, device: str, seed: int) -> dict[str, Any]:
    """Time the proxies of one family; the arguments are those of :func:`measure_seconds`."""
    facts = read_json(scores)
    try:
        known = facts["families"][family]
        space = space_of(facts, f"'{scores}'")
        shape, count, repeats = shape_in(space, facts["skeleton"]), int(facts["batch"]["images"]), int(known["repeats"])
    except (KeyError, TypeError) as error:
        raise ScoreError(
            f"The facts '{scores}' do not say how '{family}' was scored (families, skeleton, batch): make them again."
        ) from error
    generator = torch.Generator().manual_seed(child_seed(seed, "images"))
    size = (count, shape.image_channels, shape.image_size, shape.image_size)
    images = torch.randn(size, generator=generator).to(device)
    labels = (torch.arange(count) % shape.classes).to(device)
    member = get_family(family)
    if "cell" in space.offers:
        together = networks_per_pass(member, images, labels, shape, proxies)
        codes = representatives(family, True, Pool(space))
    else:
        together, codes = 1, space.sample(np.random.default_rng(seed), CELLS + 1)
    cells = [space.architecture(code) for code in codes.tolist()]
    timed = min(max(CELLS, together), MOST_CELLS)
    score_cells(member, cells[timed : timed + 1], images, labels, shape, Draws(1, seed), together, proxies)
    rows = score_cells(member, cells[:timed], images, labels, shape, Draws(repeats, seed), together, proxies)
    return {
        "seconds": {proxy: float(np.sum([row[4] for row in rows if row[1] == proxy])) / timed for proxy in proxies},
        "cells": timed,
        "repeats": repeats,
        "table_device": str(known["device"]),
    }
