"""Every source of buffers against the reference: never one buffer in two hands, every allocation counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from implementations.buffers.contract import BadReleaseError
from implementations.registry import catalogue, load

NAMES = [*(entry.name for entry in catalogue("buffers")), "reference"]


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(0, 4), st.lists(st.one_of(st.just("acquire"), st.integers(0, 5)), max_size=30))
def test_random_use(name: str, count: int, actions: Any) -> None:
    buffers: Any = load("buffers", name).factory(16, count)
    held: list[bytearray] = []
    for action in actions:
        if action == "acquire":
            buffer = buffers.acquire()
            assert len(buffer) == 16
            assert all(buffer is not other for other in held)
            held.append(buffer)
        elif action < len(held):
            buffers.release(held.pop(action))
        assert buffers.out == len(held)


@pytest.mark.parametrize(("name", "misses"), [("pool", 1), ("reference", 1), ("allocate", 13)])
def test_allocations_are_counted(name: str, misses: int) -> None:
    buffers: Any = load("buffers", name).factory(8, 2)
    held = [buffers.acquire() for _ in range(3)]
    for buffer in held:
        buffers.release(buffer)
    for _ in range(10):
        buffers.release(buffers.acquire())
    assert buffers.misses == misses


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_out_cannot_be_released(name: str) -> None:
    buffers: Any = load("buffers", name).factory(8, 2)
    buffer = buffers.acquire()
    buffers.release(buffer)
    for stranger in (buffer, bytearray(8)):
        with pytest.raises(BadReleaseError):
            buffers.release(stranger)
    resized = buffers.acquire()
    resized.append(0)
    with pytest.raises(BadReleaseError):
        buffers.release(resized)
