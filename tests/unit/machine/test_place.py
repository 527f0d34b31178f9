"""Where a run's own threads are kept."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tailgate.errors import TailgateError
from tailgate.machine import place as module
from tailgate.machine.place import choose_place, place_of, threads_on
from tailgate.machine.placement import CpuPlan

if TYPE_CHECKING:
    from pathlib import Path


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


def placed(monkeypatch: pytest.MonkeyPatch, affinity: int | None, allowed: set[int]) -> tuple[CpuPlan, module.Place]:
    """Choose a place on a machine whose assessment takes the plan that it is given, or its own."""
    given: list[CpuPlan | None] = []

    def assess(*, seconds: float, plan: CpuPlan | None) -> SimpleNamespace:
        given.append(plan)
        return SimpleNamespace(plan=plan or CpuPlan(7, (6,), isolated=True))

    monkeypatch.setattr(module, "assess", assess)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: allowed)
    found = choose_place(affinity, 0.1)
    return given[0] or CpuPlan(-1, (), isolated=False), found


def test_a_cpu_that_is_named_is_taken_and_the_coordinator_has_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, found = placed(monkeypatch, 2, {0, 2, 3})
    assert (plan.worker_cpu, plan.coordinator_cpus) == (found.cpu, tuple(found.coordinator_cpus)) == (2, (0, 3))
    assert placed(monkeypatch, 2, {2})[1].coordinator_cpus == {2}
    with pytest.raises(TailgateError, match="may not run on CPU 1") as told:
        placed(monkeypatch, 1, {0, 2})
    assert told.value.hint == "it may run on 0, 2"


def test_without_a_name_the_assessment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, found = placed(monkeypatch, None, {0, 2})
    assert (plan.worker_cpu, found.cpu, found.coordinator_cpus) == (-1, 7, frozenset({6}))


def test_a_worker_is_seated_only_where_a_shield_has_to_be_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place_of(CpuPlan(1, (0,), isolated=False)).seat is None
    seat = place_of(CpuPlan(1, (0,), isolated=True, enter=str(tmp_path / "cgroup.procs"))).seat
    assert seat is not None
    entered: list[tuple[int, int]] = []
    monkeypatch.setattr(module, "place_worker", lambda plan, process: entered.append((plan.worker_cpu, process)))
    seat(4711)
    assert entered == [(1, 4711)]
