"""Which CPUs may measure at once: seen, never taken on trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tailgate.documents.machine import Sharing
from tailgate.errors import TailgateError
from tailgate.machine.host import Host
from tailgate.machine.lanes import MOST, asked_lanes, coordinator_of, free_lanes
from tailgate.machine.pairs import ROUNDS

MakeHost = Callable[[Mapping[str, str | bytes]], Host]

FREE, SLOWED, DOUBTFUL = 1.0, 1.4, None


def probing(costs: Mapping[tuple[int, int], float | None]) -> Callable[[int, int], Sharing | None]:
    def probe(cpu: int, other: int) -> Sharing | None:
        cost = costs.get((cpu, other), FREE)
        return Sharing(cpu, other, (cost or 1.0,) * ROUNDS, 0.2 if cost is None else 1.0)

    return probe


def lanes(
    host: Host, first: int, count: int, costs: Mapping[tuple[int, int], float | None]
) -> tuple[tuple[int, ...], str]:
    return free_lanes(first, allowed=range(count), host=host, probe=probing(costs), pinnable=lambda _: True)


def test_two_cpus_carry_one_lane(make_host: MakeHost) -> None:
    assert lanes(make_host({}), 1, 2, {}) == ((1,), "2 CPUs: one measures, the other is the coordinator's")


def test_one_cpu_is_left_to_the_coordinators_and_never_more_than_a_few_are_used(make_host: MakeHost) -> None:
    assert lanes(make_host({}), 2, 4, {}) == ((2, 0, 1), "3 of 4 CPUs, one is the coordinators'")
    assert len(lanes(make_host({}), 0, 64, {})[0]) == MOST


@pytest.mark.parametrize(
    ("costs", "chosen", "why"),
    [
        ({(3, 0): SLOWED}, (3, 1, 2), "CPU 3 takes x1.40 [x1.40, x1.40] while CPU 0 works"),
        ({(0, 3): SLOWED}, (3, 1, 2), "CPU 0 takes x1.40 [x1.40, x1.40] while CPU 3 works"),
        ({(0, 1): SLOWED}, (3, 0, 2), "CPU 0 takes x1.40 [x1.40, x1.40] while CPU 1 works"),
        ({(3, 0): DOUBTFUL}, (3, 1, 2), "CPU 0 was busy with other work, so nothing is known of it"),
    ],
)
def test_cpus_that_slow_each_other_are_no_lanes_together(
    make_host: MakeHost, costs: Mapping[tuple[int, int], float | None], chosen: tuple[int, ...], why: str
) -> None:
    assert lanes(make_host({}), 3, 4, costs) == (chosen, why)


def test_a_known_thread_of_the_same_core_is_not_even_tried(make_host: MakeHost) -> None:
    host = make_host(
        {
            "/sys/devices/system/cpu/online": "0-3",
            "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,1",
        }
    )
    assert lanes(host, 0, 4, {}) == ((0, 2, 3), "CPU 1 is a thread of CPU 0's core")


def test_a_pair_that_cannot_be_tried_is_no_pair(make_host: MakeHost) -> None:
    found = free_lanes(0, allowed=range(3), host=make_host({}), probe=lambda *_: None, pinnable=lambda _: True)
    assert found == ((0,), "CPU 0 and CPU 1 could not be tried together")


def test_lanes_that_are_asked_for_begin_with_the_best_cpu() -> None:
    assert asked_lanes(2, 1, allowed=(0, 1)) == (1, 0)
    with pytest.raises(TailgateError, match="--lanes 3: this process may run on 2 CPUs"):
        asked_lanes(3, 1, allowed=(0, 1))


def test_a_coordinator_never_lives_on_another_lanes_cpu() -> None:
    assert coordinator_of(0, (0, 1), allowed=(0, 1, 2, 3)) == (2, 3)
    assert coordinator_of(0, (0, 1), allowed=(0, 1)) == (0,)
