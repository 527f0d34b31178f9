"""Limiter: one token that is there, taken as an order takes it: tried first, awaited only when that declines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from suites.paths.inputs import declare, make, operations_of
from suites.paths.rounds import Rounds
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.benchmark import Benchmark, Operation

RATE: Final = 1e6
"""Tokens a second; the bucket holds one for each operation of a pass besides, so that none ever waits for one."""


def benchmarks() -> list[Benchmark]:
    """Declare every limiter."""
    return declare("limiter", prepare)


def prepare(name: str, settings: Mapping[str, Any]) -> Workload:
    """Take as many tokens as the tape is to have messages; an operation answers that it took one."""
    operations = operations_of(settings)
    bench = _Bench(name, operations)
    return Workload(range(operations), bench.start, finish=bench.finish)


class _Bench:
    """Begins and ends passes: each has a limiter and an event loop of its own."""

    def __init__(self, name: str, operations: int) -> None:
        self._name = name
        self._operations = operations
        self._rounds: Rounds | None = None

    def start(self) -> Operation:
        limiter = make("limiter", self._name, RATE, self._operations, time.monotonic)
        rounds = self._rounds = Rounds(limiter.acquire)
        try_acquire, run = limiter.try_acquire, rounds.run

        def take(_: object) -> object:
            if not try_acquire():
                run()
            return True

        return take

    def finish(self, _: Operation) -> None:
        if self._rounds is not None:
            self._rounds.close()
            self._rounds = None
