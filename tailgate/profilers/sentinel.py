"""A jitter sentinel: a process that only reads the clock, on a CPU that is free, while another one is measured.

A gap that it sees at the same moment as the measured CPU came from beneath both: the hypervisor, firmware, a frozen
host. `python -m tailgate.profilers.sentinel CPU FILE` spins until its standard input is closed, then writes the gaps.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from array import array
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.measure.sides import instrument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

NOTICED_NS: Final = 10_000
_MOST_GAPS: Final = 200_000
_READS_A_LOOK: Final = 20_000  # some milliseconds between two looks at the standard input


def watch(clock: Callable[[], int], closed: Callable[[], bool], gaps: array[int]) -> int:
    """Read the clock until `closed`; put begin and end of each gap into `gaps`, one after the other; return how many.

    The first and the last are of no length: they say when the watch began and ended.
    """
    last = clock()
    gaps[0] = gaps[1] = last
    count, most = 1, len(gaps) // 2 - 1
    while not closed():
        last = clock()
        for _ in range(_READS_A_LOOK):
            now = clock()
            if now - last > NOTICED_NS and count < most:
                gaps[2 * count] = last
                gaps[2 * count + 1] = now
                count += 1
            last = now
    gaps[2 * count] = gaps[2 * count + 1] = last
    return count + 1


class Watch:
    """What a sentinel saw, known once it has ended."""

    def __init__(self) -> None:
        self.gaps: NDArray[np.int64] = np.empty((0, 2), np.int64)


@contextmanager
def sentinel(cpu: int | None, folder: Path) -> Iterator[Watch]:
    """Run a sentinel on a CPU while the block runs (None: none); its gaps are in the watch afterwards."""
    seen = Watch()
    if cpu is None:
        yield seen
        return
    path = folder / "sentinel.gaps"
    command = [sys.executable, "-m", "tailgate.profilers.sentinel", str(cpu), str(path)]
    env = os.environ | {"PYTHONPATH": str(instrument())}
    process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield seen
    finally:
        process.communicate()
    if path.is_file():
        seen.gaps = np.fromfile(path, dtype=np.int64).reshape(-1, 2)


def main(arguments: Sequence[str]) -> int:
    """Watch on a CPU until the standard input ends."""
    with suppress(OSError):  # a CPU that is not ours: then it watches where it is
        os.sched_setaffinity(0, {int(arguments[0])})
    gaps = array("q", bytes(16 * _MOST_GAPS))

    def closed() -> bool:
        return bool(select.select([sys.stdin], [], [], 0)[0])

    count = watch(time.perf_counter_ns, closed, gaps)
    with Path(arguments[1]).open("wb") as out:
        gaps[: 2 * count].tofile(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
