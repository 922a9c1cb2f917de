"""The fixtures of the Slurm tests: one cluster for all of them, and a copy of the project set up for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from slurm_helpers import Slurm, missing
from workflow_helpers import Project

SITE = ("# slurm-status-command: squeue", "# slurm-init-seconds-before-status-checks: 10")
"""Lines of the profile that a cluster without accounting takes in."""


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """A Slurm of three nodes, gone when the tests end."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with Slurm() as cluster:
        yield cluster


@pytest.fixture
def project(slurm: Slurm, root: Path, tmp_path: Path) -> Project:
    """A fresh copy of the project, its profile changed as docs/cluster.md says for such a cluster."""
    copy = Project.copy_to(root, tmp_path / "project")
    profile = copy.folder / "profiles/slurm/profile.yaml"
    text = profile.read_text(encoding="utf-8")
    for line in SITE:
        assert line in text
        text = text.replace(line, line.removeprefix("# "))
    profile.write_text(text, encoding="utf-8")
    return copy
