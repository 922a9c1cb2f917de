"""A copy of the project in a temporary folder, and Snakemake run in it: what tests change there harms nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import yaml

FILES = ("Snakefile", "config.yaml")
FOLDERS = ("rules", "workflow", "profiles", "studies", "src", "report", "data", "tests/configs")

PRETENCE = '''

@contextmanager
def job(snakemake):
    """Touch the outputs and go home: for tests of which jobs run, not of what they do."""
    for path in snakemake.output:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    sys.exit(0)
    yield
'''


class Project:
    """A copy of the project at ``folder``."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def copy_to(cls, root: Path, folder: Path) -> Project:
        folder.mkdir(parents=True)
        for name in FILES:
            shutil.copy(root / name, folder / name)
        for name in FOLDERS:
            shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        return cls(folder)

    def clone_to(self, folder: Path) -> Project:
        """Copy this copy with everything that was made in it, times of files included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def edit(self, name: str, text: str = "\n# edited by a test\n") -> None:
        """Append to a file of the copy, as a person who edits it would."""
        path = self.folder / name
        assert path.exists(), f"{name} does not exist"
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which the copy of the library is found before the installed one."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment

    def command(self, *arguments: str) -> list[str]:
        """Return the command with the Python of .venv in the copy, as `make` calls it: its path may have a space."""
        link = self.folder / ".venv"
        if not link.exists():
            link.symlink_to(sys.prefix, target_is_directory=True)
        return [str(link / "bin" / "python"), "-m", "snakemake", *arguments]

    def snakemake(self, *arguments: str, check: bool = True, timeout: float = 600) -> str:
        """Run Snakemake in the copy and return what it printed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, done.stdout[-6000:]
        assert check or done.returncode != 0, done.stdout[-6000:]
        return done.stdout

    def planned(self, *arguments: str, overlay: dict | None = None) -> Counter[str]:
        """Return how many jobs of which rule a dry-run announces.

        Args:
            arguments: of Snakemake; those that end with a study file may be followed by an overlay.
            overlay: keys of the study file that are added or changed by a second ``--configfile``.
        """
        if overlay is not None:
            (self.folder / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
            arguments = (*arguments, "overlay.yaml")
        text = self.snakemake("--dry-run", *arguments)
        table = text.rpartition("Job stats:")[2].partition("total")[0]
        return Counter({rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)})


MADE_UP = {"channels": 2, "cells_per_stage": 1, "classes": 4, "image_channels": 3, "image_size": 8}
"""Skeleton of the networks whose accuracies are made up."""


@cache
def made_up_counts() -> dict[str, list[float]]:
    """Return parameters and FLOPs of all cells in the skeleton :data:`MADE_UP`."""
    from tfnas.networks.skeleton import Skeleton, count_flops, count_parameters
    from tfnas.spaces.nats_tss import SPACE_SIZE, Cell

    cells, skeleton = [Cell.from_code(code) for code in range(SPACE_SIZE)], Skeleton(**MADE_UP)
    return {
        "params": [count_parameters(cell, skeleton) for cell in cells],
        "flops": [count_flops(cell, skeleton) / 1e6 for cell in cells],
    }


def shipped_names(folder: Path, *families: str) -> None:
    """Make a folder of shipped scores in which tables are empty: enough to plan with."""
    for family in families:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{family}.parquet").touch()
        (folder / f"{family}.json").write_text("{}")


def write_inputs(folder: Path, seed: int = 0) -> None:
    """Write made-up ground truth for every cell (truth.csv, truth.json) and made-up images (mine.npz) into a folder."""
    import numpy as np
    import pandas as pd

    from tfnas.spaces.nats_tss import SPACE, SPACE_SIZE

    rng = np.random.default_rng(seed)
    accuracy = rng.uniform(10, 90, SPACE_SIZE)
    pd.DataFrame(
        {
            "arch": SPACE.strings,
            "valid_accuracy": accuracy,
            "test_accuracy": accuracy - 0.5,
            "early_valid_accuracy": accuracy / 2,
            "early_seconds": 10.0,
            "valid_seconds": 1.0,
            **made_up_counts(),
        }
    ).to_csv(folder / "truth.csv", index=False)
    (folder / "truth.json").write_text(json.dumps({"skeleton": MADE_UP}), encoding="utf-8")
    np.savez(
        folder / "mine.npz",
        train_images=rng.integers(0, 256, (40, 3, 8, 8), dtype=np.uint8),
        train_labels=np.arange(40) % 4,
        test_images=rng.integers(0, 256, (20, 3, 8, 8), dtype=np.uint8),
        test_labels=np.arange(20) % 4,
    )
