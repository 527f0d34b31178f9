"""Blocks with many arms, recorded once: identical code and known slowdowns side by side, for the gate's calibration."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tailgate.documents.calibration import Recording
from tailgate.documents.comparison import KINDS, Series
from tailgate.errors import TailgateError
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL, scout
from tailgate.judge.series import add_block
from tailgate.measure.lockstep import Contest, run_contests
from tailgate.measure.protocol import Injection

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side

SLOWER: Final = {"every 5 %": 5.0, "every 3 %": 3.0}
DUELLED: Final = "every 1.5 %"
"""Below the gate's margin: for duels, which have none."""

RARE: Final = "one in 50, 20 %"
ALLOCATES: Final = "allocates"

_SCOUT_PROCESSES: Final = 6
"""A delay is seen within each of them, so what layout does to a process does not scatter its size."""

_SCOUT_PERCENTS: Final = (1.0, 2.5, 5.0, 12.0)

_LOAD: Final = """
import os, sys
from tailgate.judge.series import add_block
os.sched_setaffinity(0, {int(sys.argv[1])})
os.nice(10)  # the coordinator lives on that CPU too: no turn must wait for the load
parent = os.getppid()
block = bytearray(1 << 22)
while os.getppid() == parent:
    for _ in range(50):
        copy = bytes(block)
"""


def view(recording: Recording, arm: str, blocks: Sequence[int]) -> Series:
    """Return the series of a gate whose head is `arm`, over the chosen blocks in that order.

    The positive control was recorded on the identical head; on another arm it is carried over by its ratio in each
    block.
    """
    found = Series({}, recording.series.operations, recording.series.recorded, recording.series.clock_step_ns)
    for kind in KINDS:
        rows = recording.series.rows[kind]
        found.rows[kind] = {
            BASE: [rows[BASE][i] for i in blocks],
            HEAD: [rows[arm][i] for i in blocks],
            NEGATIVE_CONTROL: [rows[NEGATIVE_CONTROL][i] for i in blocks],
            POSITIVE_CONTROL: [
                tuple(a * c / h for a, c, h in zip(rows[arm][i], rows[POSITIVE_CONTROL][i], rows[HEAD][i], strict=True))
                for i in blocks
            ],
        }
    return found


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of one benchmark: its arms, the plan that fits it, and where the blocks go."""

    recording: Recording
    sides: tuple[Side, ...]
    plan: Plan


def arms(
    bases: Sequence[Side], plan: Plan, rng: random.Random, *, positive_control_percent: float, condition: str
) -> list[Recorded]:
    """Return the arms of each benchmark: base, head and control are identical, the others slower by a known amount.

    The benchmarks share the process of an arm, as in a gate.
    """
    shared = {base.benchmark: [replace(base, process=f"{BASE} {base.module}")] for base in bases}
    found = scout(shared, plan, rng, percents=_SCOUT_PERCENTS, processes=_SCOUT_PROCESSES)
    recorded = []
    for base in bases:
        scouted = found[base.benchmark]
        if isinstance(scouted, TailgateError):
            raise scouted
        delays = {BASE: Injection(), HEAD: Injection(), NEGATIVE_CONTROL: Injection()}
        delays |= {name: scouted.spin(percent) for name, percent in SLOWER.items()}
        delays[DUELLED] = scouted.spin(1.5)
        delays[RARE] = scouted.rare(20.0, every=50)
        delays[ALLOCATES] = scouted.allocate(5.0)
        delays[POSITIVE_CONTROL] = scouted.spin(positive_control_percent)
        sides = tuple(
            replace(base, name=name, injection=each, process=f"{name} {base.module}") for name, each in delays.items()
        )
        recording = Recording(base.benchmark, condition, Series(clock_step_ns=scouted.series.clock_step_ns))
        recorded.append(Recorded(recording, sides, scouted.plan))
    return recorded


def record_block(recorded: Sequence[Recorded], rng: random.Random, clock: Callable[[], float]) -> None:
    """Run one block of all arms of all benchmarks and add it; the first that fails is raised."""
    began = clock()
    blocks: dict[str, Block] = {}

    def take(name: str, outcome: Block | TailgateError) -> None:
        if isinstance(outcome, TailgateError):
            raise outcome
        blocks[name] = outcome

    run_contests([Contest(each.recording.benchmark, each.sides, each.plan) for each in recorded], rng, take)
    seconds = (clock() - began) / len(recorded)
    for each in recorded:
        recording, block = each.recording, blocks[each.recording.benchmark]
        add_block(recording.series, block)
        recording.seconds.append(seconds)
        for record in block.records:
            means = [float(mean) for mean in record.samples.mean(axis=1)]
            recording.means_ns.setdefault(record.side.name, []).append(means)


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
