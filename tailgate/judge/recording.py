"""Blocks with many arms, recorded once: identical code and known slowdowns side by side, for the gate's calibration."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tailgate.documents.calibration import Recording
from tailgate.documents.comparison import KINDS, Series
from tailgate.errors import TailgateError
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL, Scouting, scout, too_short
from tailgate.judge.blocks import order_of
from tailgate.measure.lockstep import Contest
from tailgate.measure.protocol import Injection
from tailgate.statistics.estimate import log_shift

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from tailgate.judge.blocks import BlockOrder, BlockReport
    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side

    Run = Callable[[Sequence[BlockOrder]], Sequence[BlockReport]]

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
    bases: Sequence[Side],
    plan: Plan,
    rng: random.Random,
    *,
    positive_control_percent: float,
    condition: str,
    margin: float,
) -> list[Recorded]:
    """Return the arms of each benchmark: base, head and control are identical, the others slower by a known amount.

    The benchmarks share the process of an arm, as in a gate, and are timed in batches where a gate of this margin, a
    fraction, would do so.
    """
    shared = {base.benchmark: [replace(base, process=f"{BASE} {base.module}")] for base in bases}
    how: dict[str, Any] = {"percents": _SCOUT_PERCENTS, "processes": _SCOUT_PROCESSES}
    found = scout(shared, plan, rng, **how)
    if batches := too_short(found, lambda *_: log_shift(100.0 * margin)):
        plans = {name: replace(plan, batch=size) for name, size in batches.items()}
        again = scout({name: shared[name] for name in plans}, plans, rng, **how)
        found |= {name: each for name, each in again.items() if isinstance(each, Scouting)}
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
        recording = Recording(
            base.benchmark, condition, Series(clock_step_ns=scouted.series.clock_step_ns), batch=scouted.plan.batch
        )
        recorded.append(Recorded(recording, sides, scouted.plan))
    return recorded


def record_blocks(recorded: Sequence[Recorded], rng: random.Random, run: Run, count: int = 1) -> None:
    """Run blocks of all arms of all benchmarks, so many at once, and add them; the first that fails is raised."""
    contests = [Contest(each.recording.benchmark, each.sides, each.plan) for each in recorded]
    for report in run([order_of(contests, rng) for _ in range(count)]):
        found = {each.contest: each for each in report.found}
        for error in (each.error for each in report.found if each.error is not None):
            raise error
        for each in recorded:
            recording, block = each.recording, found[each.recording.benchmark]
            block.add_to(recording.series)
            recording.seconds.append(report.seconds / len(recorded))
            for side, means in block.means_ns.items():
                recording.means_ns.setdefault(side, []).append(list(means))


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
