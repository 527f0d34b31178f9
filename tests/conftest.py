"""What every test may ask for."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A deadline would be a timed test, as is the check that values are made fast: a busy machine is not a fault of ours.
settings.register_profile("tailgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tailgate")

# A shell's background job ignores Ctrl-C, as does all that it starts; tests interrupt processes of their own.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def captures() -> Path:
    """Give the folder of real captures, which stands beside the checkout and is never part of it."""
    folder = ROOT.parent / "shared" / "captures"
    if not folder.is_dir():
        pytest.skip("the real captures are not here: ../shared/captures does not exist")
    return folder
