"""Seconds per cell of this project's scorer and of straightforward reference code, measured in one run.

``python -m benchmarks.speed`` scores the same random cells with the same weights and the same mini-batch twice: with
:func:`tfnas.scoring.chunk.score_cells`, family by family, and with ``benchmarks/reference.py``, one network and one
proxy at a time. It prints seconds per cell, their ratio, peak memory, and how well the two agree in value, so that a
fast wrong answer is seen. ``python -m benchmarks.speed digits`` times every proxy on the skeleton of ``config.yaml``
and extrapolates to the distinct cells of the space; ``groups`` measures cells per second against the number of networks
that run together. What is measured and why: ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.measure import Task, families_of, limits, run_processes, wall_seconds_per_cell
from tfnas.files import write_json
from tfnas.networks.skeleton import Skeleton, count_flops
from tfnas.proxies.registry import proxy_names
from tfnas.seeds import child_seed
from tfnas.spaces.nats_tss import SPACE, Cell

ROOT = Path(__file__).resolve().parents[1]

SETS = {
    "naswot": ("naswot",),
    "naswot_published": ("naswot_published",),
    "thirteen": (
        "flops",
        "params",
        "grad_norm",
        "snip",
        "grasp",
        "fisher",
        "plain",
        "l2_norm",
        "synflow",
        "jacob_cov",
        "epe_nas",
        "naswot",
        "zen",
    ),
}
"""What is compared: one proxy, the same as its authors' code computes it, and what the literature computes together."""

DISTINCT_CELLS = 6466

TOLERANCE = 0.01
"""Largest relative difference between our value and the reference's that rounding is trusted to explain."""


def agreement(ours: dict, reference: dict, proxies: Iterable[str]) -> list[dict[str, Any]]:
    """Compare values of the cells that both scored, proxy by proxy.

    Returns:
        For each proxy: Spearman correlation, largest relative difference |a - b| / |b| over cells where both are
        defined, and for how many cells just one of the two is.
    """
    from scipy.stats import spearmanr

    compared = []
    for proxy in proxies:
        cells = [arch for arch, name in reference if name == proxy and (arch, proxy) in ours]
        pairs = np.array([(ours[arch, proxy], reference[arch, proxy]) for arch in cells]).reshape(-1, 2)
        defined = np.isfinite(pairs)
        one, other = pairs[defined.all(1)].T
        varied = len(one) > 1 and np.ptp(one) > 0 and np.ptp(other) > 0
        difference = np.abs(one - other) / np.maximum(np.abs(other), np.finfo(float).tiny)
        compared.append(
            {
                "proxy": proxy,
                "cells": len(cells),
                "spearman": float(spearmanr(one, other).statistic) if varied else math.nan,
                "largest_relative_difference": float(difference.max()) if len(difference) else math.nan,
                "defined_in_one_only": int((defined[:, 0] != defined[:, 1]).sum()),
            }
        )
    return compared


def draw_cells(count: int, seed: int) -> tuple[str, ...]:
    """Return ``count`` different cells, no two of which are functionally identical."""
    distinct = np.unique(SPACE.classes)
    codes = np.random.default_rng(child_seed(seed, "cells")).choice(distinct, min(count, len(distinct)), replace=False)
    return tuple(str(Cell.from_code(int(code))) for code in codes)


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure our code and the reference on the same cells and return everything."""
    names = arguments.sets
    proxies = tuple(dict.fromkeys(proxy for name in names for proxy in SETS[name]))
    families_of(proxies)  # a missing one is an error now, not after minutes
    ours = Task(
        code="ours",
        proxies=proxies,
        cells=draw_cells(arguments.cells, arguments.seed),
        skeleton=given_skeleton(arguments),
        images=arguments.images,
        batch=arguments.batch,
        device=arguments.device,
        seed=arguments.seed,
        together=arguments.together,
    )
    reference = replace(ours, code="reference", cells=ours.cells[: arguments.reference_cells])
    # Column of the result: processes and threads of our code, threads of the reference's only process.
    settings = {"one thread": (1, 1, 1), f"{arguments.cores} cores": (arguments.cores, 1, arguments.cores)}
    if arguments.device != "cpu":
        settings = {arguments.device: (1, arguments.cores, arguments.cores)}
    elif arguments.cores == 1:
        del settings["1 cores"]
    steps = len(settings) * (len(names) + 1)
    step, started = 0, time.perf_counter()
    rows, facts, values = [], {}, {}
    by_proxy: dict[str, dict[str, float]] = {}
    for setting, (processes, threads, reference_threads) in settings.items():
        step += 1
        say(step, steps, f"reference, one process, {plural(reference_threads, 'thread')}", started)
        slow = run_processes(replace(reference, threads=reference_threads), 1)[0]
        by_proxy[setting] = {proxy: total / len(reference.cells) for proxy, total in slow.seconds.items()}
        for name in names:
            step += 1
            doing = f"ours, {name}, {plural(processes, 'process', 'processes')} with {plural(threads, 'thread')}"
            say(step, steps, doing, started)
            task = replace(ours, proxies=SETS[name], threads=threads)
            outcomes = run_processes(task, processes)
            fast, plain = wall_seconds_per_cell(task, outcomes), sum(by_proxy[setting][p] for p in SETS[name])
            values |= outcomes[0].values
            facts = outcomes[0].facts
            rows.append(
                {
                    "set": name,
                    "on": setting,
                    "ours_processes": processes,
                    "ours_threads": threads,
                    "reference_threads": reference_threads,
                    "ours_seconds_per_cell": fast,
                    "reference_seconds_per_cell": plain,
                    "ratio": plain / fast,
                    "ours_seconds_per_cell_by_family": {
                        family: total / len(task.cells) for family, total in outcomes[0].seconds.items()
                    },
                    "ours_peak_memory_of_a_process": max(outcome.memory for outcome in outcomes),
                    "ours_peak_memory_of_all": sum(outcome.memory for outcome in outcomes),
                    "ours_peak_memory_on_device": max(outcome.device_memory for outcome in outcomes),
                    "reference_peak_memory": slow.memory,
                }
            )
    return {
        "machine": facts,
        "skeleton": ours.skeleton,
        "batch": ours.batch,
        "images": ours.images,
        "seed": ours.seed,
        "cells": list(ours.cells),
        "reference_cells": len(reference.cells),
        "networks_per_pass": arguments.together or "as score_chunk chooses",
        "speed": rows,
        "reference_seconds_per_cell": by_proxy,
        "agreement": agreement(values, slow.values, proxies),
        "wall_seconds": time.perf_counter() - started,
    }


def given_skeleton(arguments: argparse.Namespace) -> dict[str, int]:
    """Return the skeleton of the command line, images and classes being those of a file where there is one."""
    skeleton = {
        "channels": arguments.channels,
        "cells_per_stage": arguments.cells_per_stage,
        "classes": arguments.classes,
        "image_channels": 3,
        "image_size": arguments.image_size,
    }
    if arguments.images != "normal":
        with np.load(arguments.images, allow_pickle=False) as file:
            _, skeleton["image_channels"], skeleton["image_size"], _ = file["images"].shape
            skeleton["classes"] = max(arguments.classes, int(file["labels"].max()) + 1)
            arguments.batch = min(arguments.batch, len(file["images"]))
    return skeleton


def digits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time every proxy on the skeleton and the images of the embedded study and return everything."""
    from tfnas.datasets.registry import get_dataset

    study = yaml.safe_load(Path(arguments.config).read_text(encoding="utf-8"))
    images = get_dataset("digits")
    seen = {"classes": images.classes, "image_channels": images.channels, "image_size": images.image_size}
    proxies = tuple(arguments.proxies or proxy_names())
    task = Task(
        code="ours",
        proxies=proxies,
        cells=draw_cells(arguments.cells, arguments.seed),
        skeleton=study["skeleton"] | seen,
        images="digits",
        batch=study["scoring"]["batch_size"],
        device=arguments.device,
        seed=arguments.seed,
        together=arguments.together,
    )
    processes = arguments.cores if arguments.device == "cpu" else 1
    rows, facts, started = [], {}, time.perf_counter()
    families = families_of(proxies)
    for step, (family, members) in enumerate(families.items(), start=1):
        say(step, len(families), f"{family}, {plural(processes, 'process', 'processes')} with 1 thread", started)
        part = replace(task, proxies=tuple(members))
        outcomes = run_processes(part, processes)
        facts = outcomes[0].facts
        rows.append(
            {
                "family": family,
                "proxies": members,
                "seconds_per_cell": wall_seconds_per_cell(part, outcomes),
                "peak_memory_of_all": sum(outcome.memory for outcome in outcomes),
            }
        )
    return {
        "machine": facts,
        "skeleton": task.skeleton,
        "batch": task.batch,
        "seed": task.seed,
        "cells": list(task.cells),
        "processes": processes,
        "families": rows,
        "seconds_of_all_distinct_cells": DISTINCT_CELLS * sum(row["seconds_per_cell"] for row in rows),
        "wall_seconds": time.perf_counter() - started,
    }


def groups(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure cells per second against the number G of networks that run together, and return everything.

    One process with one thread on a CPU. The work of a cell is counted as the multiply-accumulates of its forward pass
    over the mini-batch, so that the share of the machine's arithmetic is that of the convolutions of one pass alone.
    """
    name = arguments.sets[0]
    skeleton = given_skeleton(arguments)
    rows, facts, started = [], {}, time.perf_counter()
    cells = draw_cells(arguments.cells, arguments.seed)
    shape = Skeleton(**skeleton)
    macs = arguments.batch * np.mean([count_flops(Cell.parse(cell), shape) for cell in cells])
    for step, together in enumerate(arguments.groups, start=1):
        say(step, len(arguments.groups), f"{name}, {plural(together, 'network')} together", started)
        task = Task(
            code="ours",
            proxies=SETS[name],
            cells=cells,
            skeleton=skeleton,
            images=arguments.images,
            batch=arguments.batch,
            device=arguments.device,
            seed=arguments.seed,
            together=together,
        )
        outcomes = run_processes(task, 1)
        facts, seconds = outcomes[0].facts, wall_seconds_per_cell(task, outcomes)
        rows.append({"together": together, "cells_per_second": 1 / seconds, "macs_per_second": macs / seconds})
        rows[-1] |= {"peak_memory": outcomes[0].memory, "peak_memory_on_device": outcomes[0].device_memory}
    return {
        "machine": facts,
        "set": name,
        "skeleton": skeleton,
        "batch": arguments.batch,
        "images": arguments.images,
        "seed": arguments.seed,
        "cells": list(cells),
        "macs_of_a_forward_pass": macs,
        "limits": limits(arguments.device, 1),
        "groups": rows,
        "wall_seconds": time.perf_counter() - started,
    }


def groups_tables(result: dict[str, Any]) -> str:
    """Return the table of :func:`groups`."""
    most = result["limits"]["macs_per_second"]
    table = markdown(
        ("networks together", "cells a second", "10^9 MAC a second", "share of a matrix product's", "peak memory"),
        [
            (
                str(row["together"]),
                f"{row['cells_per_second']:.3g}",
                f"{row['macs_per_second'] / 1e9:.3g}",
                f"{row['macs_per_second'] / most:.0%}",
                gigabytes(row["peak_memory_on_device"] or row["peak_memory"]),
            )
            for row in result["groups"]
        ],
    )
    return (
        f"{table}\n\nLimits of the machine: {most / 1e9:.3g} * 10^9 MAC a second in a matrix product, "
        f"{result['limits']['bytes_per_second'] / 1e9:.3g} GB a second in a copy."
    )


def say(step: int, steps: int, doing: str, started: float) -> None:
    """Print which measurement begins, and what is left if the rest takes as long per step as what was done."""
    from tfnas.runtime.progress import duration

    spent = time.perf_counter() - started
    left = f", about {duration(spent / (step - 1) * (steps - step + 1))} left" if step > 1 else ""
    print(f"[{step} of {steps}] {doing}{left}", flush=True)


def plural(count: int, one: str, many: str = "") -> str:
    """Return for example ``2 threads``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def gigabytes(size: float) -> str:
    """Return a size in bytes in GB (10^9 bytes), with unit."""
    return f"{size / 1e9:.2f} GB"


def compare_tables(result: dict[str, Any]) -> str:
    """Return the tables of :func:`compare`."""
    on_device = any(row["ours_peak_memory_on_device"] for row in result["speed"])
    speed = markdown(
        ("proxies", "on", "ours, s a cell", "reference, s a cell", "ratio", "peak memory of ours"),
        [
            (
                row["set"],
                row["on"],
                f"{row['ours_seconds_per_cell']:.3g}",
                f"{row['reference_seconds_per_cell']:.3g}",
                f"{row['ratio']:.1f}",
                gigabytes(row["ours_peak_memory_of_all"])
                + (f" + {gigabytes(row['ours_peak_memory_on_device'])} on the GPU" if on_device else ""),
            )
            for row in result["speed"]
        ],
    )
    settings = list(result["reference_seconds_per_cell"])
    proxies = markdown(
        (
            "proxy",
            *(f"reference, {setting}, s a cell" for setting in settings),
            "Spearman",
            "largest relative difference",
            "defined in one only",
        ),
        [
            (
                row["proxy"],
                *(f"{result['reference_seconds_per_cell'][setting][row['proxy']]:.3g}" for setting in settings),
                f"{row['spearman']:.4f}",
                f"{row['largest_relative_difference']:.1e}",
                str(row["defined_in_one_only"]),
            )
            for row in result["agreement"]
        ],
    )
    wrong = disagreeing(result["agreement"])
    verdict = (
        f"Values differ by more than {TOLERANCE:.0%}, or are defined in one only: {', '.join(wrong)}."
        if wrong
        else f"All values agree within {TOLERANCE:.0%}."
    )
    families = [
        (row["set"], row["on"], family, f"{seconds:.3g}")
        for row in result["speed"]
        for family, seconds in row["ours_seconds_per_cell_by_family"].items()
    ]
    ours = markdown(("proxies", "on", "our family", "s a cell in one process"), families)
    return "\n\n".join((speed, ours, proxies, verdict))


def disagreeing(compared: Iterable[dict[str, Any]]) -> list[str]:
    """Return the proxies whose values are not those of the reference."""
    return [
        row["proxy"] for row in compared if row["defined_in_one_only"] or row["largest_relative_difference"] > TOLERANCE
    ]


def digits_tables(result: dict[str, Any]) -> str:
    """Return the table of :func:`digits`."""
    rows = [
        (
            row["family"],
            ", ".join(row["proxies"]),
            f"{row['seconds_per_cell']:.3g}",
            f"{row['seconds_per_cell'] * DISTINCT_CELLS:.3g}",
            gigabytes(row["peak_memory_of_all"]),
        )
        for row in result["families"]
    ]
    total = result["seconds_of_all_distinct_cells"]
    rows.append(("all", "", f"{total / DISTINCT_CELLS:.3g}", f"{total:.3g}", ""))
    return markdown(("family", "proxies", "s a cell", f"s for {DISTINCT_CELLS:,} cells", "peak memory"), rows)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("mode", nargs="?", choices=("compare", "digits", "groups"), default="compare")
    parser.add_argument("--cells", type=int, help="random distinct cells (default: 16; digits: 256, groups: 64)")
    parser.add_argument("--reference-cells", type=int, help="of these the reference scores so many (default: all)")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS), help="what to compare")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:N")
    parser.add_argument("--cores", type=int, default=2, help="CPU cores to use (default: 2)")
    parser.add_argument("--groups", nargs="+", type=int, default=[1, 2, 4, 8, 16, 32, 64], help="groups: values of G")
    parser.add_argument("--together", type=int, help="networks per pass of our code (default: its own choice)")
    parser.add_argument("--channels", type=int, default=16, help="C of the skeleton (default: 16)")
    parser.add_argument("--cells-per-stage", type=int, default=5, help="N of the skeleton (default: 5)")
    parser.add_argument("--image-size", type=int, default=32, help="pixels (default: 32)")
    parser.add_argument("--classes", type=int, default=10, help="of the images (default: 10)")
    parser.add_argument("--batch", type=int, default=128, help="images (default: 128)")
    parser.add_argument("--images", default="normal", help="a mini-batch of a study (.npz); default: random normal")
    parser.add_argument("--seed", type=int, default=0, help="of cells, weights and images (default: 0)")
    parser.add_argument("--config", default=str(ROOT / "config.yaml"), help="digits: study file")
    parser.add_argument("--proxies", nargs="+", help="digits: proxies (default: all)")
    parser.add_argument("--output", help="default: results/benchmarks/speed-DEVICE.json, or digits-DEVICE.json")
    found = parser.parse_args(arguments)
    found.cells = found.cells or {"compare": 16, "digits": 256, "groups": 64}[found.mode]
    found.reference_cells = found.reference_cells or found.cells
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print tables and write all numbers as JSON."""
    given = parse(arguments)
    measure, tables = {
        "compare": (compare, compare_tables),
        "digits": (digits, digits_tables),
        "groups": (groups, groups_tables),
    }[given.mode]
    result = measure(given)
    kind = "speed" if given.mode == "compare" else given.mode
    output = given.output or ROOT / "results" / "benchmarks" / f"{kind}-{given.device.split(':')[0]}.json"
    write_json(output, result)
    print(f"\n{result['machine']['device']}, torch {result['machine']['versions']['torch']}\n\n{tables(result)}")
    print(f"\nAll numbers: {output}")


if __name__ == "__main__":
    main()
