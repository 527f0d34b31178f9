"""Measure what a switch costs: how much longer the first operations of a turn take.

    python scripts/measure_turn.py pipeline/recommended pipeline/bottleneck

The first benchmark is looked at, the others keep it company. For each distance from the switch it prints the median,
over all switches, of a sample minus the median of the same operation over the passes.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from typing import TYPE_CHECKING

from tailgate.machine.place import choose_place
from tailgate.measure.lockstep import SideRecord, run_block
from tailgate.measure.sides import Side
from tailgate.project.opening import open_project
from tailgate.project.plans import plan_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

DISTANCES = (0, 1, 2, 4, 8, 16, 31, 32, 48, 63)
SPAN = 64


def excess_after_edges(record: SideRecord) -> NDArray[np.float64]:
    """Return the excess in ns of each sample after an edge, shape (switches, SPAN).

    An edge is found where samples begin not to count: with discard 1 that is the first operation of each segment.
    """
    typical = np.median(record.samples, axis=0)
    excess = record.samples - typical
    found = [
        excess[number, edge : edge + SPAN]
        for number, row in enumerate(record.counted)
        for edge in np.flatnonzero(~row)
        if 0 < edge <= row.size - SPAN
    ]
    return np.array(found, dtype=np.float64)


def main() -> int:
    """Run blocks at several lengths of segment and print the excess by distance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="+", help="the first is looked at")
    parser.add_argument("--blocks", type=int, default=4, help="blocks for each length (default: 4)")
    options = parser.parse_args()
    project = open_project(Path(__file__).resolve().parents[1])
    place = choose_place(None, probe_seconds=0.3)
    settings = {each.name: each.default for each in project.suite.settings}
    base = replace(plan_of(project.config, settings, place, operations=20_000, process_budget_s=6.0), discard=1)
    print("segment    switches  " + "  ".join(f"{distance:>7}" for distance in DISTANCES))
    for segment_ms in (1, 4, 16):
        plan = replace(base, segment_ns=segment_ms * 1_000_000)
        sides = [Side(f"{number}", name) for number, name in enumerate(options.benchmarks)]
        rows = np.concatenate(
            [excess_after_edges(run_block(sides, plan, random.Random(n))["0"]) for n in range(options.blocks)]
        )
        typical = np.median(rows, axis=0)
        print(f"{segment_ms:>4} ms  {len(rows):>10}  " + "  ".join(f"{typical[d]:>7.0f}" for d in DISTANCES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
