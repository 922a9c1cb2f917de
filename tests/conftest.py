"""What every test may use: the root of the repository, and the optional development data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: threads of several test processes get in each other's way

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--fix`` rewrites generated files (schema, docs/config.md) instead of failing when they are stale."""
    parser.addoption("--fix", action="store_true", help="rewrite generated files that are stale")


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data for development; a test that uses it is skipped where there is none."""
    folder = Path(os.environ.get("TFNAS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no development data in {folder} (set TFNAS_SHARED_DATA to its folder)")
    return folder
