"""Starts writers and kills each at a moment that chance chooses: python killed_writers.py URL TIMES.

The moments are spread over what a writer does on this machine now: it tells when it begins to open the history, and
when with each run. A process of its own, with one thread: a fork of pytest's would take its threads' locks along.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from alembic import command, config  # noqa: F401  imported before the fork: a child is killed while it writes

from tailgate.history.store import History
from tests.unit.history.made import made_entry


def write(place: str, first: int, tells: int) -> None:
    """Add runs until the end, and tell before each step."""
    os.write(tells, b".")
    kept = History.open(place)
    for number in count(first):
        os.write(tells, b".")
        kept.add(made_entry(number))


def main(place: str, times: int) -> None:
    """Start and kill the writers: a fifth of them while they make the tables, or find them made."""
    rng = random.Random(7)
    lasts = {1: 0.1, 2: 0.05}  # seconds of the opening, and of a run
    for turn in range(times):
        hears, tells = os.pipe()
        child = os.fork()
        if not child:
            write(place, 10_000 * turn, tells)
        os.close(tells)
        step = 1 if turn % 5 == 0 else rng.randint(2, 4)
        began = time.monotonic()
        for told in range(1, step + 1):
            assert os.read(hears, 1), "a writer ended by itself"
            if told > 1:
                lasts[min(told - 1, 2)] = time.monotonic() - began
            began = time.monotonic()
        signal.signal(signal.SIGALRM, lambda *_, child=child: os.kill(child, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 1.2 * lasts[min(step, 2)]))
        _, status = os.waitpid(child, 0)
        os.close(hears)
        assert os.WIFSIGNALED(status), f"a writer ended by itself, with {status}"
        assert os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
