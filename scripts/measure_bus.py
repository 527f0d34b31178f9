"""Measure how many messages wait for a reader that reads nothing before each bus refuses one.

    python scripts/measure_bus.py               high-water mark 1,000
    python scripts/measure_bus.py --mark 100

A bus over the kernel's sockets carries on when it is offered more: it counts as full once it has refused for 0.3 s.
docs/pipeline.md has the figures of one machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from implementations.registry import load
from tailgate.results.table import Table

BUSES = ("reference", "zeromq-inproc", "zeromq-ipc", "zeromq-tcp")
SIZES = (32, 120, 1_024)
REFUSED_S = 0.3


def waiting(name: str, mark: int, size: int) -> int:
    """Return how many messages of `size` bytes the bus holds for its reader."""
    factory: Any = load("bus", name).factory
    bus = factory(load("codec", "struct").factory(), mark)
    reader = bus.subscribe()
    payload, held, refused_ns = bytes(size), 0, time.perf_counter_ns()
    while time.perf_counter_ns() - refused_ns < REFUSED_S * 1e9:
        if bus.publish_encoded(payload):
            held, refused_ns = held + 1, time.perf_counter_ns()
        elif name in BUSES[:2]:  # nothing carries messages away from these
            break
    reader.close()
    bus.close()
    return held


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mark", type=int, default=1_000, help="the high-water mark (1000)")
    mark = parser.parse_args().mark
    rows = tuple((f"{size:,}", *(f"{waiting(name, mark, size):,}" for name in BUSES)) for size in SIZES)
    print(Table(f"Messages that wait, with a mark of {mark:,}", ("bytes of a message", *BUSES), rows).markdown())


if __name__ == "__main__":
    main()
