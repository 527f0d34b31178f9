"""The results that the documents are made of here."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import reports.kinds  # noqa: F401  the page draws the wire and the ledger too

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def golden(root: Path) -> Path:
    """Return the folder of golden results, which nobody writes to."""
    return root / "tests" / "golden" / "reports"


@pytest.fixture
def build(golden: Path, tmp_path: Path) -> Path:
    """Return a copy of the golden results, laid out as build/ is."""
    return shutil.copytree(golden, tmp_path / "build", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
