from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

import pytest

from tailgate.documents.envelope import encode
from tailgate.documents.machine import JitterProfile, Sharing
from tailgate.machine.conditions.topology import HiddenSiblings
from tailgate.machine.doctor import diagnose
from tailgate.machine.fitness import assess
from tailgate.machine.host import Host
from tailgate.machine.pairs import (
    ROUNDS,
    SpinningChild,
    compare,
    idle_ticks_of,
    partners,
    probe_pair,
)

MakeHost = Callable[[Mapping[str, str | bytes]], Host]
Quiet = Callable[..., JitterProfile]

IDLE = Sharing(1, 0, (1.0,) * ROUNDS, 1.0)
SLOW = Sharing(1, 0, (1.5,) * ROUNDS, 1.0)


class FakeCore:
    """Two CPUs whose work takes 100 ns, and `slower` times as long while the spinner works; a clock that drifts."""

    def __init__(self, slower: float, drift: float = 1.0) -> None:
        self.slower, self.drift = slower, drift
        self.history: list[str] = []
        self.paced = 0

    def work(self) -> None:
        self.history.append("work")

    def rest(self) -> None:
        self.history.append("rest")

    def pace(self) -> int:
        working = self.history[-1:] == ["work"]
        self.history.append("beside" if working else "alone")
        self.paced += 1
        return round(1_000_000 * self.drift**self.paced * (self.slower if working else 1.0))


def ticks(idle: int, everything: int) -> Callable[[], tuple[int, int]]:
    turns = count()
    return lambda: (idle * (turn := next(turns)), everything * turn)


@pytest.mark.parametrize("slower", [1.0, 1.5])
def test_the_ratio_is_that_of_work_beside_the_other_to_work_alone(slower: float) -> None:
    core = FakeCore(slower)
    ratios, idle = compare(core, ticks(9, 10), pace=core.pace)
    assert ratios == (slower,) * ROUNDS
    assert idle == pytest.approx(0.9)


def test_the_two_states_take_turns_in_changing_order_and_the_other_cpu_is_left_at_rest() -> None:
    core = FakeCore(1.5)
    compare(core, ticks(1, 1), rounds=2, pace=core.pace)
    assert core.history == ["alone", "work", "beside", "rest", "work", "beside", "rest", "alone"]


def test_a_clock_that_drifts_cancels() -> None:
    """A CPU that becomes 2 % slower with every piece of work is not slowed down by its neighbour."""
    core = FakeCore(1.0, drift=1.02)
    seen = Sharing(1, 0, *compare(core, ticks(1, 1), pace=core.pace))
    assert seen.times == pytest.approx(1.0, abs=0.001)


def test_where_the_kernel_counts_nothing_idleness_is_not_known() -> None:
    core = FakeCore(1.0)
    assert compare(core, lambda: (0, 0), pace=core.pace)[1] is None


def test_one_outlier_on_each_side_moves_no_bound() -> None:
    seen = Sharing(1, 0, (0.2, *(1.0,) * 8, 9.0))
    assert (seen.times, seen.bounds) == (1.0, (1.0, 1.0))


def test_idle_ticks_are_those_of_the_one_cpu_with_waiting_for_disks(make_host: MakeHost) -> None:
    host = make_host({"/proc/stat": "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 1 2 3 40 5 6 7 8 0 0\ncpu10 1 1 1 1 1 1 1 1 0 0\n"})
    assert idle_ticks_of(host, 1) == (45, 72)
    assert idle_ticks_of(host, 2) == (0, 0)


@pytest.mark.parametrize(
    ("cpu", "allowed", "core", "chosen"),
    [
        (1, (0, 1), (), (0,)),
        (1, (1,), (), ()),
        (1, (0, 1), (0,), ()),
        (2, (0, 1, 2, 3, 4, 5), (), (3, 1)),
        (2, (0, 1, 2, 3, 4, 5), (3,), (1, 0)),
    ],
)
def test_the_nearest_numbers_are_tried_but_for_known_threads_of_the_core(
    cpu: int, allowed: tuple[int, ...], core: tuple[int, ...], chosen: tuple[int, ...]
) -> None:
    assert partners(cpu, allowed, core) == chosen


BUSY = Sharing(1, 0, (1.0,) * ROUNDS, 0.4)
NOISY = Sharing(1, 0, (*(0.9,) * 5, *(1.6,) * 5), 1.0)


@pytest.mark.parametrize(
    ("pairs", "status", "words"),
    [
        ((IDLE,), "met", "CPU 1 takes x1.00 [x1.00, x1.00] while CPU 0 works"),
        ((SLOW,), "missing", "x1.50"),
        ((Sharing(1, 0, SLOW.ratios, 0.1),), "missing", "x1.50"),
        ((IDLE, Sharing(1, 2, SLOW.ratios, 1.0)), "missing", "while CPU 2 works"),
        ((BUSY,), "absent", "was busy with other work (40% idle), so this says nothing"),
        ((NOISY,), "absent", "not clear: CPU 1 takes x1.25 [x0.90, x1.60]"),
        ((Sharing(1, 0, IDLE.ratios, None),), "absent", "does not tell"),
        ((), "absent", "no other CPU is ours to try"),
        (None, "absent", "not measured"),
    ],
)
def test_what_was_measured_is_judged_and_doubt_is_said(
    make_host: MakeHost, pairs: tuple[Sharing, ...] | None, status: str, words: str
) -> None:
    reading = HiddenSiblings(make_host({}), (1,), pairs).read()
    assert (reading.status, bool(reading.advice)) == (status, status == "missing")
    assert words in reading.state


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"/sys/devices/system/cpu/online": "1\n"}, "one CPU only"),
        ({"/sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "0-1\n"}, "a known thread of the same core"),
    ],
)
def test_where_there_is_nothing_to_try_it_says_why(make_host: MakeHost, files: Mapping[str, str], words: str) -> None:
    for pairs in (None, ()):
        assert words in HiddenSiblings(make_host(files), (1,), pairs).read().state


def test_a_diagnosis_measures_the_best_cpu_against_the_others(make_host: MakeHost, quiet: Quiet) -> None:
    asked: list[tuple[int, int]] = []

    def slowed(cpu: int, other: int) -> Sharing:
        asked.append((cpu, other))
        return Sharing(cpu, other, SLOW.ratios, 1.0)

    host = make_host({})
    fitness = assess(host, allowed=(0, 1), probe_cpu=quiet, probe_pair=slowed)
    assert asked == [(1, 0)]
    assert fitness.verdict == "usable with care"
    assert any("hidden SMT siblings: CPU 1 takes x1.50" in reason for reason in fitness.reasons)
    assert "hidden SMT siblings" in str(fitness.summary()["tailgate_machine_missing"])
    assert assess(host, allowed=(0, 1), probe_cpu=quiet, probe_pair=lambda cpu, other: None).pairs == ()


def test_the_json_has_every_round_of_a_pair(make_host: MakeHost, quiet: Quiet) -> None:
    cpus = len(os.sched_getaffinity(0))
    found = diagnose(
        1.0, a_a=None, host=make_host({}), probe_cpu=quiet, probe_pair=partial(Sharing, ratios=SLOW.ratios)
    )
    pairs = json.loads(encode(found))["document"]["pairs"]
    assert len(pairs) == min(2, cpus - 1)
    assert all(pair["ratios"] == list(SLOW.ratios) for pair in pairs)


def test_a_child_works_rests_and_is_gone() -> None:
    with SpinningChild(max(os.sched_getaffinity(0))) as child:
        child.work()
        child.rest()
        child.work()
        process = child._child
        assert process.poll() is None
    assert process.poll() is not None


def test_a_child_whose_parent_has_gone_ends_by_itself() -> None:
    """Nothing may be left spinning when the doctor is killed: the end of the child's input ends it, at work or not."""
    for calls in ((), ("work",)):
        with SpinningChild(max(os.sched_getaffinity(0))) as child:
            for call in calls:
                getattr(child, call)()
            assert child._child.stdin is not None
            child._child.stdin.close()
            assert child._child.wait(30) == 0
            child._child.stdin = None


def test_a_cpu_that_is_not_ours_is_not_measured() -> None:
    cpu = max(os.sched_getaffinity(0))
    assert probe_pair(cpu, 4095) is None
    assert probe_pair(4095, cpu) is None


def test_a_real_pair_gives_a_ratio_a_round_and_leaves_the_affinity_alone() -> None:
    before = os.sched_getaffinity(0)
    seen = probe_pair(max(before), min(before))
    assert seen is not None
    assert len(seen.ratios) == ROUNDS
    assert all(ratio > 0 for ratio in seen.ratios)
    assert os.sched_getaffinity(0) == before
