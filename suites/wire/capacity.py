"""Finds the highest rate that a composition sustains: doubling until a run fails, then halving what is left between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.wire.runs import Capacity

if TYPE_CHECKING:
    from collections.abc import Callable


def find_capacity(holds: Callable[[float], bool], begin: float, most: float, precision: float = 0.1) -> Capacity:
    """Search from `begin` up to `most`; `holds(rate)` makes a run. Ends when the bounds differ by `precision` or less.

    A rate that fails is tried once more before it counts as broken: a machine that paused is no limit of the code.
    Where `begin` is not sustained either the search goes down, to a sixty-fourth of it.
    """
    tried: list[tuple[float, bool]] = []

    def attempt(rate: float) -> bool:
        for _ in range(2):
            tried.append((rate, holds(rate)))
            if tried[-1][1]:
                return True
        return False

    low, high = 0.0, 0.0
    rate = begin
    while not high and low < most:
        if attempt(rate):
            low = rate
            rate = min(2 * rate, most)
        else:
            high = rate
    while not low and high > begin / 64:
        if attempt(high / 2):
            low = high / 2
        else:
            high /= 2
    while low and high and high / low > 1.0 + precision:
        middle = (low * high) ** 0.5
        if attempt(middle):
            low = middle
        else:
            high = middle
    return Capacity(low, high, tuple(tried))
