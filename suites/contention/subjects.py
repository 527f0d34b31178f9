"""What the threads of a run do, and what must be true once they are through.

A subject makes a job for each thread and says afterwards what was lost. Each operation is one call of the contract.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from implementations.registry import UnavailableError, load
from suites.paths.inputs import numbered_books
from suites.settings import tape_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suites.contention.spec import ThreadSpec

BOOK: Final = "near-window"
_TOKENS_PER_S: Final = 1e6
_BURST: Final = 100
_CAPACITY: Final = 1024
_DRAINED: Final = 64


@dataclass(frozen=True, slots=True)
class Job:
    """What a round of one thread is made of: a write, a read, or both; each called without arguments."""

    write: Callable[[], object] | None
    read: Callable[[], object] | None


@dataclass(frozen=True, slots=True)
class Subject:
    """The jobs, one a thread, and what is asked when all have ended.

    check: is told the writes of each thread and the seconds, and answers what is wrong, or nothing. done: the
    operations that count, where they are not the calls.
    """

    jobs: Sequence[Job]
    check: Callable[[Sequence[int], float], str]
    done: Callable[[], int] | None = None


def counters(spec: ThreadSpec) -> Subject:
    """All threads add to one count and ask for it; none of the additions is lost."""
    counter: Any = load("counters", spec.implementation).factory()

    def check(writes: Sequence[int], _seconds: float) -> str:
        counted = counter.value()
        return "" if counted == sum(writes) else f"{counted:,} were counted of {sum(writes):,}"

    return Subject([Job(counter.add, counter.value)] * spec.threads, check)


def limiter(spec: ThreadSpec) -> Subject:
    """All threads take tokens of one bucket behind a lock, as its contract wants; no more are given than it has."""
    bucket: Any = load("limiter", spec.implementation).factory(_TOKENS_PER_S, _BURST, time.monotonic)
    if not bucket.try_acquire():
        raise UnavailableError("it gives tokens to an event loop's tasks alone")
    lock = threading.Lock()
    given = [0] * spec.threads

    def take(number: int) -> None:
        with lock:
            took = bucket.try_acquire()
        given[number] += took

    def check(_writes: Sequence[int], seconds: float) -> str:
        most = _BURST + _TOKENS_PER_S * seconds
        return "" if sum(given) <= most else f"{sum(given):,} tokens were given, at most {most:,.0f} were there"

    return Subject([Job(partial(take, number), None) for number in range(spec.threads)], check)


def handoff(spec: ThreadSpec) -> Subject:
    """Threads in pairs, a producer and a consumer with a queue of their own; a thread without a fellow is both."""
    make: Any = load("handoff", spec.implementation).factory
    full, alone = divmod(spec.threads, 2)
    pairs = [_Pair(make) for _ in range(full + alone)]
    jobs = [job for pair in pairs[:full] for job in (Job(pair.offer, None), Job(None, pair.drain))]
    jobs += [Job(pair.offer, pair.drain) for pair in pairs[full:]]

    def check(_writes: Sequence[int], _seconds: float) -> str:
        return next((wrong for pair in pairs if (wrong := pair.wrong())), "")

    return Subject(jobs, check, lambda: sum(pair.handled for pair in pairs))


class _Pair:
    """A hand-off of numbers in order; what arrives out of turn is told, and so is what never arrives."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._queue = make(self._handle, _CAPACITY)
        self._accepted = 0
        self.handled = 0
        self._astray = ""

    def offer(self) -> None:
        """Offer the next number; the same again where this one is refused."""
        if self._queue.offer(self._accepted):
            self._accepted += 1

    def drain(self) -> None:
        """Handle what waits."""
        self._queue.drain(_DRAINED)

    def _handle(self, number: object) -> None:
        if number != self.handled and not self._astray:
            self._astray = f"{number} came where {self.handled} was due"
        self.handled += 1

    def wrong(self) -> str:
        """Return what went wrong, once nobody offers or drains any more."""
        while len(self._queue) and self._queue.drain(_CAPACITY):
            pass
        lost = "" if self.handled == self._accepted else f"{self.handled:,} arrived of {self._accepted:,}"
        return self._astray or lost


def manager(spec: ThreadSpec) -> Subject:
    """Each thread writes books of its own and reads everybody's tops; all books are there, and warm, before."""
    messages = [message for _, message in numbered_books(tape_of({"seed": spec.seed, "messages": spec.messages}))]
    symbols = sorted({message.symbol for message in messages})
    new_book: Any = load("book", BOOK).factory
    books: Any = load("manager", spec.implementation).factory(new_book)
    jobs = []
    for number in range(spec.threads):
        mine = set(symbols[number :: spec.threads])
        own = [message for message in messages if message.symbol in mine]
        for message in own:
            books.apply(message)
        write = map(books.apply, itertools.cycle(own)).__next__  # no frame of ours between the call and the contract
        read = map(books.top, itertools.cycle(symbols[number:] + symbols[:number])).__next__
        jobs.append(Job(write, read))

    def check(_writes: Sequence[int], _seconds: float) -> str:
        missing = sorted(set(symbols) - set(books.symbols()))
        return f"no book is left of {', '.join(missing)}" if missing else ""

    return Subject(jobs, check)


SUBJECTS: Final = {"counters": counters, "limiter": limiter, "handoff": handoff, "manager": manager}
"""By the name of the path."""
