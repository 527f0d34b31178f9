"""What is made larger, by which sizes, and whose cost is then measured.

Depth, levels and symbols are parameters of the generator: the suite's own benchmarks run on tapes that differ in that
one thing. Bursts and reads are axes of the benchmarks on the default tape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from suites.tapes.market import DEFAULT, Instrument, Market

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MESSAGES: Final = 20_000
_UPDATES_A_SYMBOL: Final = 200  # so that the snapshots that open the books are fewer than one in a hundred
_DEPTH: Final = 1_000
_SHALLOW: Final = 10


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that grows. paths: each with the axes of its benchmarks, where {} stands for the size.

    market: the generator's parameters for a size; None where the default tape serves.
    """

    unit: str
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    paths: Mapping[str, str]
    market: Callable[[int], Market] | None = None
    messages: Callable[[int], int] = lambda _size: _MESSAGES


def _instrument(number: int, symbols: int, depth: int) -> Instrument:
    """Return one symbol whose books keep a depth, far from a price of zero."""
    return Instrument(
        f"S{number}/USD", max(1, 10_000 // symbols), 2, 4, 10_000_000, 10, 20, depth, max(1, depth * 9 // 10)
    )


def deep(depth: int) -> Market:
    """Return a market of one symbol with so many levels a side."""
    return replace(DEFAULT, instruments=(_instrument(0, 1, depth),), snapshot_share=0.0)


def wide(levels: int) -> Market:
    """Return a market of one symbol whose updates touch so many levels each."""
    return replace(deep(_DEPTH), level_counts=(levels,), level_edges=())


def broad(symbols: int) -> Market:
    """Return a market of so many symbols, each as likely as the other, with shallow books."""
    each = tuple(_instrument(number, symbols, _SHALLOW) for number in range(symbols))
    return replace(DEFAULT, instruments=each, snapshot_share=0.0)


DIMENSIONS: Final = {
    "depth": Dimension(
        "levels a side",
        (10, 30, 100, 300, 1_000, 3_000, 10_000),
        (10, 100, 1_000),
        {"book": "[read_every=1]"},
        deep,
    ),
    "levels": Dimension(
        "levels a message",
        (1, 3, 10, 30, 100, 300),
        (1, 10, 100),
        {"decode": "", "book": "[read_every=1]"},
        wide,
    ),
    "symbols": Dimension(
        "symbols",
        (1, 3, 10, 30, 100, 300, 1_000),
        (1, 10, 100),
        {"manager": "", "pipeline": ""},
        broad,
        lambda symbols: max(_MESSAGES, _UPDATES_A_SYMBOL * symbols),
    ),
    "burst": Dimension("messages a burst", (1, 4, 16, 64, 256, 1_024), (1, 16, 256), {"handoff": "[burst={}]"}),
    "read_every": Dimension("updates a read", (1, 2, 5, 10, 20, 50, 100), (1, 10, 100), {"book": "[read_every={}]"}),
}
"""By the name on the command line."""
