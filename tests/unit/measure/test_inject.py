"""Known slowdowns do what they say, and change no answer."""

from __future__ import annotations

import dis
from array import array
from itertools import count
from typing import Any

import pytest

from tailgate.errors import TailgateError
from tailgate.measure import inject, loops
from tailgate.measure.inject import InjectionCost, measure_injection, replay_with
from tailgate.measure.protocol import Injection
from tailgate.measure.recorder import replay


def run(injection: Injection, operation: Any, inputs: list[int]) -> list[int]:
    ticks = count()
    row = array("q", bytes(8 * len(inputs)))
    replay_with(injection)(operation, inputs, row, 0, len(inputs), lambda: next(ticks))
    return list(row)


def test_without_an_injection_the_loop_is_the_plain_one() -> None:
    assert replay_with(Injection()) is replay


@pytest.mark.parametrize("injection", [Injection("spin", 3), Injection("spin", 3, every=2), Injection("allocate", 3)])
def test_each_operation_is_called_once_in_order_between_two_reads_of_the_clock(injection: Injection) -> None:
    seen: list[int] = []
    assert run(injection, seen.append, list(range(7))) == [1] * 7
    assert seen == list(range(7))


def test_the_chosen_operations_are_followed_by_so_many_turns() -> None:
    def turns(injection: Injection) -> int:
        code = replay_with(injection).__code__
        return sum(
            each.opname.startswith("STORE_FAST") and each.argval == "turn" for each in dis.get_instructions(code)
        )

    assert turns(Injection("spin", 9)) == 9
    assert turns(Injection("spin", 9, every=3)) == 9


def test_rare_turns_follow_each_so_many_th_operation_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "_TURN", "seen.append(index)")
    loops.timed_loop.cache_clear()
    slowed: Any = replay_with(Injection("spin", 1, every=3))
    seen: list[int] = []
    slowed.__globals__["seen"] = seen
    slowed(len, [""] * 7, array("q", bytes(56)), 0, 7, lambda: 0)
    loops.timed_loop.cache_clear()
    assert seen == [0, 3, 6]


def test_small_lists_follow_each_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counting(_value: object, times: int) -> Any:
        seen.append(times)
        return iter(())

    monkeypatch.setattr(inject, "repeat", counting)
    run(Injection("allocate", 9), len, [""] * 7)  # type: ignore[list-item]  # any input will do
    assert seen == [9] * 7


def test_a_delay_becomes_turns_and_lists() -> None:
    cost = InjectionCost(turn_ns=10.0, list_ns=20.0)
    assert cost.spins_for(250.0) == 25
    assert cost.spins_for(1.0) == 1
    assert cost.lists_for(100.0) == 5


def test_the_cost_is_positive_here() -> None:
    cost = measure_injection()
    assert cost.turn_ns > 0
    assert cost.list_ns > 0


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(TailgateError, match="unknown injection 'sleep'"):
        replay_with(Injection("sleep", 1))
    with pytest.raises(TailgateError, match="cannot be built in"):
        replay_with(Injection("spin", 0))
