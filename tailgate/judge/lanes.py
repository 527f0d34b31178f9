"""Several blocks at once, each on a CPU of its own, driven by a process of its own.

A lane is a process that runs one order after another. Its coordinator is a process rather than a thread, because a turn
must not wait for another lane's hold of the GIL; on a machine without a CPU to spare it lives on the CPU of its own
workers, which wait while it works, and never on that of another lane.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Self

from tailgate.errors import TailgateError
from tailgate.judge.blocks import BlockOrder, BlockReport, Spot, run_order
from tailgate.machine.cpulist import format_cpus
from tailgate.machine.lanes import asked_lanes, coordinator_of, free_lanes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from types import FrameType, TracebackType

    from tailgate.machine.place import Place


def spots_for(asked: int | None, place: Place) -> tuple[tuple[Spot, ...], tuple[str, ...]]:
    """Return where so many lanes run, None for as many as the machine carries, and what is to be said of it."""
    one = (Spot(place.cpu, tuple(sorted(place.coordinator_cpus))),)
    if asked == 1:
        return one, ()
    if place.cpu is None or place.seat is not None:
        if asked is None:
            return one, ("lanes: one block at a time, for only one CPU is shielded",)
        raise TailgateError("--lanes: a shield is entered by one block at a time", hint="leave --lanes out")
    if asked is None:
        lanes, why = free_lanes(place.cpu)
        if len(lanes) == 1:
            return one, (f"lanes: one block at a time: {why}",)
    else:
        lanes, why = asked_lanes(asked, place.cpu), "asked for, whatever the CPUs share"
    told = f"lanes: {len(lanes)} blocks at once, on CPU {format_cpus(sorted(lanes))} ({why})"
    spots = tuple(Spot(cpu, coordinator_of(cpu, lanes)) for cpu in lanes)
    if any(spot.coordinator_cpus == (spot.cpu,) for spot in spots):
        told += "; no CPU is left for their coordinators, each lives on its own lane's"
    return spots, (told,)


class LostLaneError(TailgateError):
    """The process of a lane ended while it ran a block."""


class Lanes:
    """As many lanes as spots; a context manager, after which none of their processes is left."""

    def __init__(self, spots: Sequence[Spot]) -> None:
        self.spots = tuple(spots)
        context = multiprocessing.get_context("spawn")
        self._lanes: list[tuple[Any, Connection]] = []
        for spot in self.spots:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, spot), name=f"lane on CPU {spot.cpu}", daemon=False)
            process.start()
            theirs.close()
            self._lanes.append((process, ours))

    def __len__(self) -> int:
        """Return how many blocks run at once."""
        return len(self.spots)

    def __enter__(self) -> Self:
        """Return the lanes."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every lane, in the middle of a block too; its workers leave with it."""
        for process, ours in self._lanes:
            ours.close()
            if kind is not None and process.is_alive():
                process.terminate()
        for process, _ in self._lanes:
            process.join()

    def run(self, orders: Sequence[BlockOrder]) -> list[BlockReport]:
        """Run so many orders at once, at most one a lane, and return their reports in the order of the orders."""
        if len(orders) > len(self._lanes):
            raise ValueError(f"{len(orders)} orders for {len(self._lanes)} lanes")
        waiting: dict[Any, int] = {}
        for number, order in enumerate(orders):
            connection = self._lanes[number][1]
            connection.send(order)
            waiting[connection] = number
        reports: dict[int, BlockReport] = {}
        while waiting:
            for ready in wait(list(waiting)):
                number = waiting.pop(ready)
                reports[number] = self._receive(number)
        return [reports[number] for number in range(len(orders))]

    def _receive(self, number: int) -> BlockReport:
        process, connection = self._lanes[number]
        try:
            answer = connection.recv()
        except EOFError:
            process.join()
            raise LostLaneError(
                f"the {process.name} ended with status {process.exitcode} in the middle of a block",
                hint="run it with --lanes 1 to see what ends it",
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        report: BlockReport = answer
        return report


def _serve(connection: Connection, spot: Spot) -> None:
    """Run orders until the other end is closed; Ctrl-C is the other end's, which ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    if spot.coordinator_cpus and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # a cpuset may forbid it
            os.sched_setaffinity(0, spot.coordinator_cpus)
    with suppress(EOFError, BrokenPipeError, SystemExit):
        while True:
            order: BlockOrder = connection.recv()
            try:
                answer: object = run_order(order, spot)
            except Exception as error:  # noqa: BLE001  it is raised where somebody can act on it
                answer = error
            connection.send(answer)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Unwind, so that the workers and the scratch folder of a block go with this process."""
    raise SystemExit(number)
