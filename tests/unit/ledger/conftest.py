"""Builds that are not there, and leagues of made blocks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from suites.ledger.builds import Builds
from suites.ledger.measuring import Measuring
from suites.ledger.state import State
from tailgate.documents.comparison import KINDS, Series
from tailgate.judge.league import League

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Quiet:
    """Progress that nobody sees."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def total(self, blocks: int) -> None:
        self.blocks = blocks

    def begin(self, group: str, block: int, blocks: int) -> None:
        self.told.append((group, block, blocks))

    def done(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def builds() -> Builds:
    """Return a plain build and a trained one, of which none is a file."""
    variants = {"plain": "/no/plain/python", "pgo-both": "/no/pgo-both/python"}
    missing = {"plain+native": "no native build", "pgo": "no pgo", "pgo-trained": "no pgo-trained"}
    missing["plain+freethreaded"] = "no free-threaded build"
    return Builds("3.13.15-plain", "/no/base/python", variants, variants, missing)


@pytest.fixture
def made_league() -> Callable[..., League]:
    """Make a league of six blocks in which each side takes the given time at every percentile, a little noise apart."""

    def make(times_ns: Mapping[str, float]) -> League:
        series = Series(operations=100, recorded=500)
        for kind in KINDS:
            for side, ns in times_ns.items():
                rows: list[tuple[float, ...]] = [(ns * (1 + block / 1000),) * 4 for block in range(6)]
                series.rows[kind][side] = rows
        return League(next(iter(times_ns)), series, {}, 1.0)

    return make


@pytest.fixture
def measuring(builds: Builds, tmp_path: Path) -> Measuring:
    """Return a quick run that has measured nothing, on a machine of two CPUs."""
    fitness = SimpleNamespace(verdict="unfit", reasons=("load: 9",))
    place: Any = SimpleNamespace(cpu=1, coordinator_cpus=frozenset({0}), fitness=fitness, seat=None)
    state = State({"quick": True})
    return Measuring(tmp_path, place, builds, state, tmp_path / "measured.json", quick=True, progress=Quiet())
