"""Known slowdowns do what they say, and change no answer."""

from __future__ import annotations

from typing import Any

import pytest

from tailgate.errors import TailgateError
from tailgate.measure import inject
from tailgate.measure.inject import injected
from tailgate.measure.protocol import Injection


def test_without_an_injection_the_operation_is_the_same_object() -> None:
    assert injected(len, Injection()) is len


@pytest.mark.parametrize("injection", [Injection("spin", 3), Injection("spin", 3, every=2), Injection("allocate", 3)])
def test_the_answers_stay(injection: Any) -> None:
    operation = injected(lambda x: 2 * x, injection)
    assert [operation(x) for x in range(7)] == [0, 2, 4, 6, 8, 10, 12]


def test_every_other_operation_spins(monkeypatch: pytest.MonkeyPatch) -> Any:
    turns: list[int] = []

    def counting(_value: Any, times: Any) -> Any:
        turns.append(times)
        return iter(())

    monkeypatch.setattr(inject, "repeat", counting)
    operation = injected(lambda x: x, Injection("spin", 9, every=3))
    for x in range(7):
        operation(x)
    assert turns == [9, 9, 9]  # operations 0, 3 and 6


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(TailgateError, match="unknown injection 'sleep'"):
        injected(len, Injection("sleep", 1))
