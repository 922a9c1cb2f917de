"""What made a study: commit, versions, machine, and the seconds that its rules took."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tfnas.errors import DataError

RECORDED = ("tfnas", "snakemake", "torch", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "matplotlib")
"""Distributions whose versions provenance records."""

BLOCK_RULES = ("score_chunk", "run_search", "prune_supernets", "train_block")
"""Rules whose work is cut into blocks, so that their benchmark files may be of another cutting."""


def provenance() -> dict[str, Any]:
    """Return the commit, the versions and the machine."""
    versions: dict[str, str | None] = {}
    for name in RECORDED:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_files": len((_git("status", "--porcelain", "--untracked-files=no") or "").splitlines()),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "versions": versions,
    }


def seconds_by_rule(folder: str | Path, blocks: Collection[str]) -> dict[str, dict[str, float]]:
    """Return jobs and wall seconds of every rule, from the benchmark files of a study.

    Args:
        folder: ``results/{study}/benchmarks``; the first part of a file's path below it is the rule.
        blocks: names below ``folder`` of the files of :data:`BLOCK_RULES` that the study is made of; those of an
            earlier cutting into blocks do not count.

    Raises:
        DataError: a benchmark file is damaged.
    """
    seconds: dict[str, dict[str, float]] = {}
    for path in sorted(Path(folder).rglob("*.tsv")):
        name = path.relative_to(folder)
        if name.parts[0] in BLOCK_RULES and name.as_posix() not in blocks:
            continue
        try:
            header, *rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
            spent = sum(float(row[header.index("s")]) for row in rows)
        except (ValueError, IndexError) as error:
            raise DataError(
                f"'{path}' was cut or changed ({error}): remove it and run the same command again."
            ) from error
        rule = seconds.setdefault(name.parts[0].removesuffix(".tsv"), {"jobs": 0, "seconds": 0.0})
        rule["jobs"] += len(rows)
        rule["seconds"] = round(rule["seconds"] + spent, 2)
    return seconds


def _git(*arguments: str) -> str | None:
    """Return what git says about the library's own repository, None where there is no git or no repository."""
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
