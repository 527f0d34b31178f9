"""Finds the highest rate that a composition sustains: doubling until a run fails, then halving what is left between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Capacity:
    """The highest rate that was sustained and the lowest that was not (0: none was tried), in frames a second."""

    sustained: float
    broken: float
    tried: tuple[tuple[float, bool], ...]

    def __str__(self) -> str:
        if not self.broken:
            return f"at least {self.sustained:,.0f}/s"
        if not self.sustained:
            return f"below {self.broken:,.0f}/s"
        return f"{self.sustained:,.0f}/s (breaks at {self.broken:,.0f}/s)"


def find_capacity(holds: Callable[[float], bool], begin: float, most: float, precision: float = 0.1) -> Capacity:
    """Search from `begin` up to `most`; `holds(rate)` makes a run. Ends when the bounds differ by `precision` or less.

    A rate that fails is tried once more before it counts as broken: a machine that paused is no limit of the code.
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
    while not low and high > 1.0:
        if attempt(high / 2):
            low = high / 2
        else:
            high /= 2
    while high and high / low > 1.0 + precision:
        middle = (low * high) ** 0.5
        if attempt(middle):
            low = middle
        else:
            high = middle
    return Capacity(low, high, tuple(tried))
