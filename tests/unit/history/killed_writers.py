"""Starts writers and kills each at a moment that chance chooses: python killed_writers.py URL TIMES.

A process of its own, with one thread: a fork of pytest's would take its threads' locks along.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from alembic import command, config  # noqa: F401  imported before the fork: a child is killed while it writes

from tailgate.history.store import History
from tests.unit.history.made import made_entry


def main(place: str, times: int) -> None:
    rng = random.Random(7)
    kept = None
    for turn in range(times):
        if turn == times // 5:  # until then they are killed while they make the tables
            kept = History.open(place)
        child = os.fork()
        if not child:
            kept = kept or History.open(place)
            for number in count(10_000 * turn):
                kept.add(made_entry(number))
        signal.signal(signal.SIGALRM, lambda *_, child=child: os.kill(child, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.001, 0.05))
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), f"a writer ended by itself, with {status}"
        assert os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
