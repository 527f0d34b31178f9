"""The process of one contention run: threads that write books of their own and read everybody's.

    python -m suites.ledger.threads '{"manager": "locked", "threads": 4, "placement": "floating", ...}'

It needs no package, so it runs on any build. It prints one line of JSON: operations a second, times of reads in ns, and
whether the GIL was on once everything was imported.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from array import array
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from implementations.registry import load
from suites.paths.inputs import numbered_books
from suites.settings import tape_of
from tailgate.statistics.rank import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from implementations.manager.contract import BookManager

Placement = Literal["floating", "pinned"]
READS_PER_WRITE: Final = 4
_TIMED_EVERY: Final = 8  # one round in so many has one of its reads timed
_SAMPLES: Final = 200_000  # a thread; more are not kept
_ROUNDS_BETWEEN_LOOKS: Final = 32
BOOK: Final = "near-window"


@dataclass(frozen=True, slots=True)
class Spec:
    """One run. placement: threads where the system puts them, or the n-th on the n-th of `cpus`, and round again."""

    manager: str
    threads: int
    placement: Placement
    cpus: tuple[int, ...]
    seconds: float
    messages: int
    seed: int

    def to_json(self) -> str:
        """Return the command line's argument."""
        return json.dumps(asdict(self))


class Thread:
    """One thread: rounds of one write and some reads, until it is to stop."""

    def __init__(self, manager: BookManager, own: Sequence[Any], symbols: Sequence[str], number: int) -> None:
        self._manager = manager
        self._own = own
        self._symbols = symbols
        self._number = number
        self.operations = 0
        self.read_ns = array("q", bytes(8 * _SAMPLES))
        self.samples = 0

    def run(self, stop: Sequence[bool], clock: Callable[[], int]) -> None:
        """Write the own messages in turn, read the symbols in turn; every read of some rounds is timed."""
        apply, top = self._manager.apply, self._manager.top
        own, symbols, read_ns = self._own, self._symbols, self.read_ns
        count, kinds = len(own), len(symbols)
        at, look, samples, rounds = 0, self._number, 0, 0
        while not rounds or not stop[0]:  # at least once: a thread that was kept waiting has a sample all the same
            for _ in range(_ROUNDS_BETWEEN_LOOKS):
                apply(own[at])
                at = at + 1 if at + 1 < count else 0
                for _ in range(READS_PER_WRITE - 1):
                    top(symbols[look])
                    look = look + 1 if look + 1 < kinds else 0
                if rounds % _TIMED_EVERY == 0 and samples < _SAMPLES:
                    began = clock()
                    top(symbols[look])
                    read_ns[samples] = clock() - began
                    samples += 1
                else:
                    top(symbols[look])
                rounds += 1
        self.operations = rounds * (1 + READS_PER_WRITE)
        self.samples = samples


def run(spec: Spec) -> dict[str, Any]:
    """Make one run; `gil` is asked after all imports, when a package could have turned it on again."""
    settings = {"seed": spec.seed, "messages": spec.messages}
    messages = [message for _, message in numbered_books(tape_of(settings))]
    symbols = sorted({message.symbol for message in messages})
    new_book: Any = load("book", BOOK).factory
    new_manager: Any = load("manager", spec.manager).factory
    manager: BookManager = new_manager(new_book)
    threads = []
    for number in range(spec.threads):
        mine = set(symbols[number :: spec.threads])
        own = [message for message in messages if message.symbol in mine]
        for message in own:  # every book is there, and warm, before the first is read
            manager.apply(message)
        threads.append(Thread(manager, own, symbols, number))
    elapsed_s = _race(threads, spec)
    read_ns = sorted(value for thread in threads for value in thread.read_ns[: thread.samples])
    return {
        "operations_per_s": sum(thread.operations for thread in threads) / elapsed_s,
        **percentiles(read_ns),
        "samples": len(read_ns),
        "gil": gil(),
    }


def percentiles(ordered_ns: Sequence[int]) -> dict[str, int]:
    """Return the median and the p99 of times in ascending order."""
    return {f"p{100 * p:g}_ns": ordered_ns[rank(len(ordered_ns), p) - 1] for p in (0.5, 0.99)}


def _race(threads: Sequence[Thread], spec: Spec) -> float:
    stop = [False]
    start = threading.Barrier(len(threads) + 1)

    def job(number: int, thread: Thread) -> None:
        if spec.placement == "pinned":
            os.sched_setaffinity(0, {spec.cpus[number % len(spec.cpus)]})  # 0: the calling thread
        start.wait()
        thread.run(stop, time.perf_counter_ns)

    running = [threading.Thread(target=job, args=(n, thread)) for n, thread in enumerate(threads)]
    for each in running:
        each.start()
    start.wait()
    began = time.perf_counter()
    time.sleep(spec.seconds)
    stop[0] = True
    for each in running:
        each.join()
    return time.perf_counter() - began


def gil() -> str:
    """Say whether the GIL is on."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return "on" if enabled is None or enabled() else "off"


def main() -> int:
    """Run what argv says."""
    plain = json.loads(sys.argv[1])
    spec = Spec(**(plain | {"cpus": tuple(plain["cpus"])}))
    if spec.placement == "floating" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec.cpus)
    sys.stdout.write(json.dumps(run(spec)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
