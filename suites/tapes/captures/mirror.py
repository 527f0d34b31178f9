"""A book as an importer keeps it, to see what no number says: a cross, a removal of nothing, a wrong checksum."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from suites.tapes.captures.events import Level

Held: TypeAlias = tuple[str, str] | tuple[str, str, str, str]
"""Price and size as JSON numbers; where a checksum wants them, then as the venue wrote them."""


def pairs(levels: Iterable[Held]) -> list[Level]:
    """Return levels without what the venue wrote."""
    return [(level[0], level[1]) for level in levels]


class Side:
    """One side, best first: `keys` are prices, negated for bids, `held` has the texts of price and size by key."""

    __slots__ = ("held", "keys", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[float] = []
        self.held: dict[float, Held] = {}

    def apply(self, levels: Iterable[Held]) -> int:
        """Set and remove levels; return how many were to be removed that are not held."""
        keys, held, missing = self.keys, self.held, 0
        for level in levels:
            key = self.sign * float(level[0])
            if level[1] == "0":
                if held.pop(key, None) is None:
                    missing += 1
                else:
                    del keys[bisect_left(keys, key)]
            else:
                if key not in held:
                    keys.insert(bisect_left(keys, key), key)
                held[key] = level
        return missing

    def holds(self, price: str) -> bool:
        """Tell whether there is a level at a price."""
        return self.sign * float(price) in self.held

    def best(self, count: int) -> list[Held]:
        """Return the best levels, as they were written."""
        held = self.held
        return [held[key] for key in self.keys[:count]]

    def cut(self, depth: int) -> list[Level]:
        """Forget what lies behind the best `depth`; return its removals."""
        out = self.keys[depth:]
        del self.keys[depth:]
        return [(self.held.pop(key)[0], "0") for key in out]


class Mirror:
    """Both sides of one symbol."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids, self.asks = Side(-1), Side(+1)

    def apply(self, bids: Sequence[Held], asks: Sequence[Held]) -> int:
        """Apply an update; return how many levels were to be removed that are not held."""
        return self.bids.apply(bids) + self.asks.apply(asks)

    def crossed(self) -> bool:
        """Tell whether the best bid is at or above the best ask."""
        bids, asks = self.bids.keys, self.asks.keys
        return bool(bids and asks) and -bids[0] >= asks[0]
