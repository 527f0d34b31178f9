"""The two ends of the pipes."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from tailgate.measure.protocol import (
    Command,
    CoordinatorEnd,
    GoneError,
    HungError,
    Injection,
    Job,
    Status,
    WorkerEnd,
    WorkerSpec,
)


@pytest.fixture
def ends() -> Any:
    to_worker, from_coordinator = os.pipe()
    to_coordinator, from_worker = os.pipe()
    coordinator = CoordinatorEnd(to_coordinator, from_coordinator)
    worker = WorkerEnd(to_worker, from_worker)
    descriptors = {to_worker, from_coordinator, to_coordinator, from_worker}
    yield coordinator, worker, descriptors, (to_worker, from_worker)
    for each in descriptors:
        os.close(each)


SPEC = WorkerSpec(
    "module",
    {"seed": 7},
    1,
    (Job("path/name", "samples", "record", injection=Injection("spin", 5, 50)), Job("path/other", "elsewhere")),
    observe=("gc",),
)


def test_a_spec_arrives_as_it_was_sent(ends: Any) -> None:
    coordinator, worker, _, _ = ends
    coordinator.send_spec(SPEC)
    assert worker.receive_spec() == SPEC


def test_a_command_and_its_reply_with_a_long_payload(ends: Any) -> None:
    coordinator, worker, _, _ = ends
    coordinator.send(Command.SEGMENT, 3, 10, 2**40)
    assert worker.receive() == (Command.SEGMENT, 3, 10, 2**40)
    long = "x" * 300_000  # more than a pipe holds: both ends must go on in pieces
    sender = threading.Thread(target=worker.reply, args=(-5, long, Status.FAILED))
    sender.start()
    reply = coordinator.receive(30.0)
    sender.join()
    assert (reply.status, reply.value, reply.json()) == (Status.FAILED, -5, long)


def test_silence_is_told_from_death(ends: Any) -> None:
    coordinator, _, descriptors, worker_side = ends
    with pytest.raises(HungError):
        coordinator.receive(0.0)
    for each in worker_side:
        os.close(each)
        descriptors.remove(each)
    with pytest.raises(GoneError):
        coordinator.receive(1.0)
    with pytest.raises(GoneError):
        coordinator.send(Command.QUIT)
