"""A task between its turns: what the collector is let do, and when."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from tailgate import Workload
from tailgate.measure.protocol import Job, WorkerSpec
from tailgate.measure.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cycle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.enable()
    gc.set_threshold(*threshold)


def task(mode: str, found: list[weakref.ref[Cycle]], collected: list[bool]) -> Task:
    def operation(_: int) -> None:
        found.append(weakref.ref(Cycle()))

    def noted(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            collected.append(len(found) % 50 == 0)

    gc.callbacks.append(noted)
    job = Job("sum/cycles", "", gc=mode)
    return Task(WorkerSpec("", {}, None, (job,)), job, Workload(list(range(100)), lambda: operation))


def test_in_pauses_all_garbage_goes_after_the_turn_and_none_within_an_operation(collector: None) -> None:
    found: list[weakref.ref[Cycle]] = []
    collected: list[bool] = []
    gc.set_threshold(5)  # else so few operations would not have provoked one
    made = task("pauses", found, collected)
    try:
        made.start(100, 1)
        made.begin()
        collected.clear()
        for start in (0, 50):
            assert not gc.isenabled()
            made.segment(start, start + 50)
            assert [each for each in found if each() is not None] == []
        made.end()
    finally:
        gc.callbacks.pop()
    assert collected
    assert all(collected)  # a whole turn had passed each time
    assert gc.isenabled()


def test_a_collector_that_is_on_works_within_operations(collector: None) -> None:
    found: list[weakref.ref[Cycle]] = []
    collected: list[bool] = []
    gc.set_threshold(5)
    made = task("on", found, collected)
    try:
        made.start(100, 1)
        made.begin()
        collected.clear()
        made.segment(0, 50)
        made.end()
    finally:
        gc.callbacks.pop()
    assert not all(collected[:-1])
