"""Blocks with many arms, recorded once: identical code and known slowdowns side by side, for the gate's calibration."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.judge.arms import BASE, CANARY, CONTROL, HEAD, scout
from tailgate.judge.series import KINDS, Series
from tailgate.measure.lockstep import run_block
from tailgate.results.store import replacing

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

SLOWER: Final = {"every 5 %": 5.0, "every 3 %": 3.0}
DUELLED: Final = "every 1.5 %"
"""Below the gate's margin: for duels, which have none."""

RARE: Final = "one in 50, 20 %"
ALLOCATES: Final = "allocates"

_SCOUT_BLOCKS: Final = 24
"""Of 1.2 % spread each: the arms' true shifts then lie within about 0.6 points of their names."""

_LOAD: Final = """
import os, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.nice(10)  # the coordinator lives on that CPU too: the baton must not wait for the load
parent = os.getppid()
block = bytearray(1 << 22)
while os.getppid() == parent:
    for _ in range(50):
        copy = bytes(block)
"""


@dataclass(slots=True)
class Recording:
    """Recorded blocks: the series of all arms, and each process's means of its passes (what other tools look at)."""

    benchmark: str
    condition: str
    series: Series = field(default_factory=Series)
    means_ns: dict[str, list[list[float]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def add(self, block: Block, seconds: float) -> None:
        """Take one block."""
        self.series.add(block)
        self.seconds.append(seconds)
        for record in block.records:
            means = record.samples.mean(axis=1)
            self.means_ns.setdefault(record.side.name, []).append([float(mean) for mean in means])

    def view(self, arm: str, blocks: list[int]) -> Series:
        """Give the series of a gate whose head is `arm`, over the chosen blocks in that order.

        The canary was recorded on the identical head; on another arm it is carried over by its ratio, block by block.
        """
        view = Series({}, self.series.operations, self.series.recorded, self.series.grain_ns)
        for kind in KINDS:
            rows = self.series.rows[kind]
            view.rows[kind] = {
                BASE: [rows[BASE][i] for i in blocks],
                HEAD: [rows[arm][i] for i in blocks],
                CONTROL: [rows[CONTROL][i] for i in blocks],
                CANARY: [
                    tuple(a * c / h for a, c, h in zip(rows[arm][i], rows[CANARY][i], rows[HEAD][i], strict=True))
                    for i in blocks
                ],
            }
        return view

    def save(self, path: Path) -> None:
        """Write the recording, whole or not at all."""
        plain = {
            "benchmark": self.benchmark,
            "condition": self.condition,
            "series": self.series.to_plain(),
            "means_ns": self.means_ns,
            "seconds": self.seconds,
        }
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read a recording back."""
        try:
            plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            series = Series.from_plain(plain.pop("series"))
            return cls(series=series, **plain)
        except (ValueError, KeyError, TypeError) as error:
            raise TailgateError(f"{path} is no recording of a calibration: {error}", hint="delete it") from error


def arms(base: Side, plan: Plan, rng: random.Random, *, canary_percent: float) -> tuple[list[Side], Plan]:
    """Give the arms: base, head and control are identical; the others are slower by a known amount of base's p99."""
    scouted = scout(base, plan, rng, blocks=_SCOUT_BLOCKS)
    slower = {name: scouted.spin(percent) for name, percent in SLOWER.items()}
    slower[DUELLED] = scouted.spin(1.5)
    slower[RARE] = scouted.rare(20.0, every=50)
    slower[ALLOCATES] = scouted.allocate(5.0)
    slower[CANARY] = scouted.spin(canary_percent)
    same = [replace(base, name=name) for name in (BASE, HEAD, CONTROL)]
    return [*same, *(replace(base, name=name, injection=each) for name, each in slower.items())], scouted.plan


def record_block(
    recording: Recording, sides: list[Side], plan: Plan, rng: random.Random, clock: Callable[[], float]
) -> None:
    """Run one block of all arms and add it."""
    began = clock()
    block = run_block(sides, plan, rng)
    recording.add(block, clock() - began)


@contextmanager
def competing_load(cpus: frozenset[int], *, wanted: bool) -> Iterator[None]:
    """Keep the other CPU busy with copying memory while the context lasts."""
    if not wanted:
        yield
        return
    busy = [subprocess.Popen([sys.executable, "-c", _LOAD, str(cpu)]) for cpu in sorted(cpus)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()
