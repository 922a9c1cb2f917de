"""The fixture of the workflow tests: a copy of the project in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_helpers import Project


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Project:
    """A fresh copy of the project."""
    return Project.copy_to(root, tmp_path / "project")
