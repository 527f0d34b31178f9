"""The process of one run: threads that begin together, each with its job, until they are to stop.

    python -m suites.contention.threads '{"subject": "counters", "implementation": "lock", "threads": 4, ...}'

It needs no package, so it runs on any build. It prints one line of JSON: operations by thread, times of reads and of
writes in ns, what is wrong, and whether the GIL was on once everything was imported.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from implementations.registry import UnavailableError
from suites.contention.spec import ThreadSpec
from suites.contention.subjects import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from suites.contention.subjects import Job

_TIMED_EVERY: Final = 8  # one round in so many has its write and one of its reads timed
_SAMPLES: Final = 200_000  # a thread and kind; more are not kept
_ROUNDS_BETWEEN_CHECKS: Final = 32
_DIGITS: Final = 3


class Worker:
    """One thread: rounds of one write and some reads, until it is to stop."""

    def __init__(self, job: Job, reads: int) -> None:
        self._job = job
        self._reads = reads
        self.writes = 0
        self.operations = 0
        self.write_ns = array("q")
        self.read_ns = array("q")

    def run(self, stop: Sequence[bool], clock: Callable[[], int]) -> None:
        """Run rounds; one at least: a thread that was kept waiting has a sample all the same."""
        write, read = self._job.write, self._job.read
        reads = 0 if read is None else self._reads if write is not None else 1
        write_ns, read_ns = self.write_ns, self.read_ns
        rounds = 0
        while not rounds or not stop[0]:
            for _ in range(_ROUNDS_BETWEEN_CHECKS):
                timed = rounds % _TIMED_EVERY == 0 and len(write_ns) + len(read_ns) < _SAMPLES
                if write is not None:
                    if timed:
                        began = clock()
                        write()
                        write_ns.append(clock() - began)
                    else:
                        write()
                if read is not None:
                    for _ in range(reads - timed):
                        read()
                    if timed and reads:
                        began = clock()
                        read()
                        read_ns.append(clock() - began)
                rounds += 1
        self.writes = rounds if write is not None else 0
        self.operations = self.writes + rounds * reads


def run(spec: ThreadSpec) -> dict[str, Any]:
    """Make one run; `gil` is asked after all imports, when a package could have turned it on again."""
    subject = SUBJECTS[spec.subject](spec)
    workers = [Worker(job, spec.reads) for job in subject.jobs]
    seconds = _race(workers, spec)
    operations = [worker.operations for worker in workers]
    return {
        "operations": operations,
        "done": sum(operations) if subject.done is None else subject.done(),
        "seconds": seconds,
        "writes": counted(value for worker in workers for value in worker.write_ns),
        "reads": counted(value for worker in workers for value in worker.read_ns),
        "failure": subject.check([worker.writes for worker in workers], seconds),
        "gil": gil(),
        "python": platform.python_version(),
    }


def counted(durations_ns: Any) -> dict[int, int]:
    """Return how often each duration came, rounded to three digits: a histogram that merges without loss."""
    return dict(sorted(Counter(map(rounded, durations_ns)).items()))


def rounded(duration_ns: int) -> int:
    """Return a duration with its first three digits."""
    more = len(str(duration_ns)) - _DIGITS
    return round(duration_ns, -more) if more > 0 else duration_ns


def _race(workers: Sequence[Worker], spec: ThreadSpec) -> float:
    """Start all threads together and stop them after their time; return the seconds between."""
    stop = [False]
    start = threading.Barrier(len(workers) + 1)

    def job(number: int, worker: Worker) -> None:
        if spec.placement == "pinned":
            os.sched_setaffinity(0, {spec.cpus[number % len(spec.cpus)]})  # 0: the calling thread
        start.wait()
        worker.run(stop, time.perf_counter_ns)

    running = [threading.Thread(target=job, args=(number, worker)) for number, worker in enumerate(workers)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(spec.interval_s)
    try:
        for each in running:
            each.start()
        start.wait()
        began = time.perf_counter()
        time.sleep(spec.seconds)
        stop[0] = True
        for each in running:
            each.join()
        return time.perf_counter() - began
    finally:
        sys.setswitchinterval(before)


def gil() -> str:
    """Say whether the GIL is on."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return "on" if enabled is None or enabled() else "off"


def main() -> int:
    """Run what argv says."""
    spec = ThreadSpec.from_json(sys.argv[1])
    if spec.placement == "floating" and spec.cpus and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, spec.cpus)
    try:
        found = run(spec)
    except UnavailableError as error:
        found = {"unavailable": str(error)}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
