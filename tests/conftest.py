"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from documents.wire.runs import Received, Run, Sent
from documents.wire.spec import RunSpec, TapeSpec
from suites.wire.spec import NAMED
from tailgate.results.histogram import encode, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A deadline would be a timed test, as is the check that values are made fast: a busy machine is not a fault of ours.
settings.register_profile("tailgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tailgate")

# A shell's background job ignores Ctrl-C, as does all that it starts; tests interrupt processes of their own.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tests.skipping"]

ROOT = Path(__file__).resolve().parents[1]

# Commands that tests start keep no history, but where a test is of that: it would cost each of them its while.
os.environ.setdefault("TAILGATE_HISTORY", "off")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def captures() -> Path:
    """Return the folder of real captures, which stands beside the checkout and is never part of it."""
    folder = ROOT.parent / "shared" / "captures"
    if not folder.is_dir():
        pytest.skip("the real captures are not here: ../shared/captures does not exist")
    return folder


@pytest.fixture(scope="session")
def made_run() -> Callable[..., Run]:
    """Return what makes a run over the wire of times in microseconds; any field of it may be named."""

    def make(name: str, latencies_us: Sequence[float], *failures: str, turn: int = 0, **changes: Any) -> Run:
        own = {each.name: changes.pop(each.name) for each in fields(RunSpec) if each.name in changes}
        made: dict[str, Any] = {"composition": NAMED[name], "tape": TapeSpec(), "rate": 5000.0, "duration_s": 1.0}
        spec = RunSpec(**(made | own))
        histogram, nothing = encode(fill([round(value * 1000) for value in latencies_us])), encode(fill([]))
        sender: dict[str, Any] = dict.fromkeys((each.name for each in fields(Sent)), 0)
        sender |= {"sent": spec.frames, "intended_last_ns": 10**9, "waited_ns": 40_000_000, "slowed": 1.456}
        sender |= changes.pop("sender", {})
        client: dict[str, Any] = {each.name: 0 for each in fields(Received)}
        client |= {
            "received": spec.frames, "measured": spec.frames - spec.warmup_frames, "handled_last_ns": 10**9,
            "with_order": nothing, "without_order": histogram, "service": histogram, "leaving": histogram,
            "acknowledged": histogram, "backlog_ns": (), "memory_kib": ((0.0, 100),), "cpu_ns": 5,
            "waited_ns": 2_500_000, "python": "3", "monitored": None, "digest": "", "refusals": {}, **changes,
        }  # fmt: skip
        return Run(spec, turn, Sent(**sender), Received(**client), failures)

    return make
