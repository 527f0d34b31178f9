"""Lanes that really run blocks at once, fail in one of them, and leave nothing behind."""

from __future__ import annotations

import os
import random
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.judge.blocks import Spot, order_of
from tailgate.judge.lanes import Lanes, LostLaneError
from tailgate.measure.lockstep import Contest, Plan
from tailgate.measure.sides import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

BENCHMARKS = """
    import os, signal
    from tailgate import Workload, benchmark

    def driver():
        return int(open(f"/proc/{os.getpid()}/stat").read().rpartition(")")[2].split()[1])

    @benchmark("lane/fine")
    def fine(settings):
        return Workload(list(range(50)), lambda: lambda item: sum(range(item)))

    @benchmark("lane/raises")
    def raises(settings):
        def operation(item):
            raise ValueError("no such level")
        return Workload([0], lambda: operation)

    @benchmark("lane/kills")
    def kills(settings):
        def operation(item):
            os.kill(driver(), signal.SIGKILL)
        return Workload([0], lambda: operation)
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "known.py").write_text(textwrap.dedent(BENCHMARKS))
    return Plan(module="known", root=tmp_path, settings={}, passes=2, discard=0, hang_s=60.0)


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    before = children()
    yield
    assert children() - before == set()


def children() -> set[str]:
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()
    return {pid for task in tasks for pid in (task / "children").read_text().split() if not tracks(pid)}


def tracks(pid: str) -> bool:
    """Tell whether a process is the one by which multiprocessing cleans up; it stays as long as this one."""
    return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()


def contest(plan: Plan, name: str) -> Contest:
    return Contest(name, tuple(Side(each, name, roots=(ROOT,), process=each) for each in ("base", "head")), plan)


def test_blocks_run_at_once_in_processes_of_their_own(plan: Plan) -> None:
    rng = random.Random(1)
    fine = [contest(replace(plan, check=True), name) for name in ("lane/fine", "lane/raises")]
    with Lanes([Spot(), Spot()]) as lanes:
        reports = lanes.run([order_of(fine, rng), order_of(fine, rng)])
        more = lanes.run([order_of(fine, rng)])
    assert len(reports) == 2
    for report in (*reports, *more):
        found = {each.contest: each for each in report.found}
        assert set(found["lane/fine"].series.rows["raw"]) == {"base", "head"}
        assert len(found["lane/fine"].series) == 1
        assert "no such level" in str(found["lane/raises"].error)
        assert report.timing.seconds["passes"] > 0.0


def test_a_lane_pins_its_workers_and_itself(plan: Plan) -> None:
    cpu = max(os.sched_getaffinity(0))
    with Lanes([Spot(cpu, (cpu,))]) as lanes:
        (report,) = lanes.run([order_of([contest(plan, "lane/fine")], random.Random(1))])
    assert report.cpu == cpu
    assert report.found[0].error is None


def test_a_lane_that_is_killed_is_told_and_its_workers_leave(plan: Plan) -> None:
    orders = [order_of([contest(plan, name)], random.Random(1)) for name in ("lane/fine", "lane/kills")]
    said = "the lane on CPU None ended with status -9 in the middle of a block"
    with Lanes([Spot(), Spot()]) as lanes, pytest.raises(LostLaneError, match=said):
        lanes.run(orders)


def test_an_interrupt_ends_the_lanes_in_the_middle_of_a_block(plan: Plan) -> None:
    order = order_of([contest(plan, "lane/fine")], random.Random(1))
    with pytest.raises(KeyboardInterrupt), Lanes([Spot(), Spot()]) as lanes:
        interrupted(lanes, order)


def interrupted(lanes: Lanes, order: Any) -> None:
    for _, connection in lanes._lanes:
        connection.send(order)
    raise KeyboardInterrupt
