"""Whether two CPUs slow each other down: one and the same work on one of them, the other idle and spinning in turn.

A hypervisor may put two CPUs that its guest sees as separate on the two threads of one core, and take them apart again
minutes later. No file tells; only a measurement does, and it holds for the moment in which it was made.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Protocol, Self

from tailgate.documents.machine import Sharing
from tailgate.machine.host import Host
from tailgate.machine.jitter import pinned
from tailgate.machine.pace import pace_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

ROUNDS = 10
"""Each some 30 ms. Without the least and the greatest, ten ratios enclose their median in 97.9 % of all cases (order
statistics of a fair coin: 1 - 2 (1 + 10) / 2^10)."""

MOST_PAIRS = 2
"""With more CPUs than that beside the measured one the nearest numbers are tried: threads of a core that a hypervisor
does not declare are numbered side by side as a rule. It keeps the whole below a second."""

# A child rather than a thread, which would hold the GIL. It asks every 0.2 ms whether to rest, and an end of its
# input, as when we are killed, ends it: nothing is left spinning.
CHILD = """
import os, select, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
os.write(1, b".")
while os.read(0, 1):
    os.write(1, b".")
    while not select.select([0], [], [], 0)[0]:
        for _ in range(10_000):
            pass
    os.read(0, 1)
    os.write(1, b".")
"""


class Spinner(Protocol):
    """Something that works on the other CPU, or rests; each call returns when it is so."""

    def work(self) -> None:
        """Begin to spin."""

    def rest(self) -> None:
        """Cease."""


class SpinningChild:
    """A process that spins on one CPU on demand. Raises OSError where it cannot be had or has ended."""

    def __init__(self, cpu: int) -> None:
        command = [sys.executable, "-I", "-S", "-c", CHILD, str(cpu)]
        self._child = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> Self:
        """Wait until it runs on its CPU."""
        try:
            self._await()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._child.kill()
        self._child.communicate()

    def work(self) -> None:
        """See `Spinner`."""
        self._tell()

    def rest(self) -> None:
        """See `Spinner`."""
        self._tell()

    def _tell(self) -> None:
        assert self._child.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
        self._child.stdin.write(b".")
        self._await()

    def _await(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        if not self._child.stdout.read(1):
            raise OSError("the process on the other CPU has ended")


def compare(
    spinner: Spinner,
    idle: Callable[[], tuple[int, int]],
    *,
    rounds: int = ROUNDS,
    pace: Callable[[], int] = pace_ns,
) -> tuple[tuple[float, ...], float | None]:
    """Time the same work `rounds` times alone and beside the spinner, which state comes first changing each round.

    `idle` gives (idle, all) ticks of the other CPU so far. Return the ratio of each round, and the share of the time
    alone in which the other CPU was idle.
    """
    idle_ticks = all_ticks = 0

    def beside() -> int:
        spinner.work()
        time_ns = pace()
        spinner.rest()
        return time_ns

    def alone() -> int:
        nonlocal idle_ticks, all_ticks
        idle_then, all_then = idle()
        time_ns = pace()
        idle_now, all_now = idle()
        idle_ticks, all_ticks = idle_ticks + idle_now - idle_then, all_ticks + all_now - all_then
        return time_ns

    ratios = []
    for number in range(rounds):
        if number % 2:
            slow, fast = beside(), alone()
        else:
            fast, slow = alone(), beside()
        ratios.append(slow / fast)
    return tuple(ratios), idle_ticks / all_ticks if all_ticks else None


def idle_ticks_of(host: Host, cpu: int) -> tuple[int, int]:
    """Return the (idle, all) ticks of one CPU since boot; zeros where the kernel does not tell."""
    for line in (host.read("/proc/stat") or "").splitlines():
        name, *fields = line.split()
        if name == f"cpu{cpu}" and len(fields) >= 8:
            ticks = [int(field) for field in fields[:8]]
            return ticks[3] + ticks[4], sum(ticks)
    return 0, 0


def probe_pair(cpu: int, other: int) -> Sharing | None:
    """Measure on `cpu` what work on `other` costs, in some 0.3 s; None where one of them is not ours to use."""
    try:
        with pinned(cpu), SpinningChild(other) as child:
            return Sharing(cpu, other, *compare(child, partial(idle_ticks_of, Host(), other)))
    except OSError:
        return None


def partners(cpu: int, allowed: Sequence[int], core: Sequence[int]) -> tuple[int, ...]:
    """Choose which CPUs to try beside `cpu`: the nearest numbers, but for `core`, the known threads of its core."""
    others = (other for other in allowed if other != cpu and other not in core)
    return tuple(sorted(others, key=lambda other: (other ^ cpu != 1, abs(other - cpu), other))[:MOST_PAIRS])
