"""How many passes a process is worth: the spread of identical code over blocks, by how many of its passes are counted.

    python scripts/measure_passes.py [--blocks N] [--passes N] [BENCHMARK]...

Blocks of two identical sides are measured once, with all passes; each smaller number is what the first passes of the
same blocks say. `cost` is the time of a block with so many passes, `blocks x cost` what the same standard error costs,
in parts of all passes: where it is least, time decides most.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.errors import TailgateError
from tailgate.machine.place import choose_place
from tailgate.measure.lockstep import Block, Contest, again, run_contests
from tailgate.measure.sides import Side
from tailgate.project.opening import open_project
from tailgate.project.plans import gate_plan
from tailgate.results.table import Table
from tailgate.statistics.quantiles import quantiles

EIGHT: Final = (
    "decode/msgspec",
    "handoff/ring[capacity=1024]",
    "book/near-window[read_every=1]",
    "risk/lock-free",
    "limiter/try-first",
    "codec/struct[direction=encode,message=order]",
    "codec/struct[direction=encode,message=market]",
    "pipeline/recommended",
)
_ARMS: Final = ("a", "b", "c", "d")
_ROBUST: Final = 1.4826


def measured(names: list[str], blocks: int, passes: int) -> tuple[dict[str, list[Block]], float, float]:
    """Return the blocks by benchmark, and the mean seconds of a block: all of it, and of its passes."""
    project = open_project()
    settings = {each.name: each.default for each in project.suite.settings}
    place = choose_place(None, probe_seconds=0.3)
    plan = replace(gate_plan(project.config, settings, place), passes=passes, gauge=False)
    plans = dict.fromkeys(names, plan)
    found: dict[str, list[Block]] = {name: [] for name in names}

    def take(name: str, outcome: Block | TailgateError) -> None:
        if isinstance(outcome, TailgateError):
            raise outcome
        found[name].append(outcome)
        plans[name] = again(plan, outcome.operations)

    rng = random.Random()
    began, passing = time.monotonic(), 0.0
    for number in range(blocks + 1):
        if number == 1:  # the first finds the operations that fit, and checks
            began, passing = time.monotonic(), plan.timing.seconds["passes"]
        sides = {name: tuple(Side(arm, name, process=arm) for arm in _ARMS) for name in names}
        run_contests([Contest(name, sides[name], plans[name]) for name in names], rng, take)
        print(f"block {number} of {blocks}", file=sys.stderr)
    whole = (time.monotonic() - began) / blocks
    return found, whole, (plan.timing.seconds["passes"] - passing) / blocks


def spread(blocks: list[Block], passes: int, *, raw: bool) -> float:
    """Return the robust standard deviation of identical sides' log(p99 ratio), from the first passes of each block."""
    ratios: list[float] = []
    for block in blocks:
        logs = []
        for record in block.records:
            rows = record.samples[:passes]
            samples: Any = rows[record.counted[:passes]] if raw else rows.min(axis=0)
            logs.append(np.log(quantiles(samples, (0.99,))[0]))
        ratios += [logs[1] - logs[0], logs[3] - logs[2]]
    return float(_ROBUST * np.median(np.abs(np.array(ratios) - np.median(ratios))))


def main(arguments: list[str]) -> int:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("benchmarks", nargs="*", default=list(EIGHT))
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--passes", type=int, default=7)
    asked = parser.parse_args(arguments)
    found, whole_s, passes_s = measured(asked.benchmarks, asked.blocks, asked.passes)
    counts = [n for n in (1, 2, 3, 4, 5, 7, 9, 12) if n <= asked.passes]
    rows = []
    sums = dict.fromkeys(counts, 0.0)
    for name, blocks in found.items():
        for raw in (False, True):
            spreads = [spread(blocks, n, raw=raw) for n in counts]
            rows.append((f"{name} {'raw' if raw else 'reproducible'}", *(f"{100 * each:.2f} %" for each in spreads)))
            for n, each in zip(counts, spreads, strict=True):
                sums[n] += np.log(max(each, 1e-6)) / (2 * len(found))
    costs = {n: whole_s - passes_s * (1.0 - n / asked.passes) for n in counts}
    rows.append(("seconds of a block", *(f"{costs[n]:.1f}" for n in counts)))
    last = counts[-1]
    worth = {n: np.exp(2 * (sums[n] - sums[last])) * costs[n] / costs[last] for n in counts}
    rows.append(("blocks x cost", *(f"{worth[n]:.2f}" for n in counts)))
    columns = ("p99, spread of identical code", *(f"{n} passes" for n in counts))
    print(Table(f"{asked.blocks} blocks of {len(_ARMS)} arms", columns, tuple(rows)).text())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
