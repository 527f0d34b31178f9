"""Where a run's own threads are kept."""

from __future__ import annotations

import os
import threading

from tailgate.machine.place import threads_on


def test_no_thread_of_the_coordinator_stays_on_the_measured_cpu() -> None:
    """As the refreshing thread of a progress bar, which was there before the block began."""
    cpus = os.sched_getaffinity(0)
    told: list[int] = []
    begun, over = threading.Event(), threading.Event()

    def refresh() -> None:
        told.append(threading.get_native_id())
        begun.set()
        over.wait(60)

    thread = threading.Thread(target=refresh)
    thread.start()
    try:
        begun.wait(60)
        with threads_on({min(cpus)}):
            assert os.sched_getaffinity(told[0]) == os.sched_getaffinity(0) == {min(cpus)}
        assert os.sched_getaffinity(told[0]) == os.sched_getaffinity(0) == cpus
        with threads_on(()):
            assert os.sched_getaffinity(told[0]) == cpus
    finally:
        over.set()
        thread.join()
