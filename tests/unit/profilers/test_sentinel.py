"""The sentinel's loop, with a clock of its own."""

from __future__ import annotations

from array import array
from itertools import chain, repeat

from tailgate.profilers import sentinel


def test_gaps_are_noted_with_begin_and_end() -> None:
    steps = chain([0, 100, 200, 50_200, 50_300, 80_300], repeat(100))
    now = 0

    def clock() -> int:
        nonlocal now
        now = next(steps) if now < 80_300 else now + 100
        return now

    looks = iter([False, True])
    gaps = array("q", bytes(16 * 8))
    assert sentinel.watch(clock, lambda: next(looks), gaps) == 4
    end = now
    assert gaps[:8].tolist() == [0, 0, 200, 50_200, 50_300, 80_300, end, end]  # the watch's own begin and end, too


def test_no_more_gaps_are_noted_than_there_is_room_for() -> None:
    looks = iter([False, True])
    ticks = iter(range(0, 10**12, 1_000_000))
    gaps = array("q", bytes(16 * 3))
    assert sentinel.watch(lambda: next(ticks), lambda: next(looks), gaps) == 3
    assert gaps[4] == gaps[5]  # the end has room always
