"""One side of a simulated book, and the random changes that real books showed."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Final

from suites.tapes.frames import decimal_text

if TYPE_CHECKING:
    from random import Random

    from suites.tapes.market import Instrument, Market

_TEXTS_KEPT: Final = 50_000


class Ladder:
    """The levels of one side, best first.

    A level's key is its price in ticks, negated for bids, so that both sides rise away from the best; `keys` is sorted.
    Sizes are in lots. What a change returns is (key, lots after it), 0 lots for a removal.
    """

    __slots__ = ("_instrument", "_market", "_rng", "_texts", "keys", "lots", "sign")

    def __init__(self, rng: Random, market: Market, instrument: Instrument, sign: int) -> None:
        self._rng = rng
        self._market = market
        self._instrument = instrument
        self._texts: dict[int, str] = {}
        self.sign = sign
        self.lots: dict[int, int] = {}
        key = sign * instrument.mid_ticks + (instrument.spread_ticks + 1) // 2
        levels = (instrument.depth + instrument.floor) // 2
        for _ in range(levels):
            self.lots[key] = self.draw_lots()
            key += 1 + int(rng.random() * (2 * instrument.gap_ticks - 1))
        self.keys = list(self.lots)

    def draw_lots(self) -> int:
        """Draw a size: whole lots over five orders of magnitude, most of them with few digits as people type them."""
        rng = self._rng
        digits = self._instrument.size_digits
        lots = 1 + rng.getrandbits(4 + int(rng.random() * (3 * digits + 8)))
        if rng.random() < 0.5:
            round_to = 10 ** max(0, len(str(lots)) - 2)
            lots = lots // round_to * round_to
        return lots

    def touch(self, rank: int, room_ticks: int) -> tuple[int, int]:
        """Add, delete or change a level so that `rank` (0 is the best) is the one touched.

        `room_ticks` is the distance of this side's best from the other side's; an added best stays within it.
        """
        rank = min(rank, len(self.keys))
        add, delete = self._shares(rank, room_ticks)
        choice = self._rng.random()
        if choice < add and (key := self._free_key(rank, room_ticks)) is not None:
            return self.put(key, self.draw_lots())
        rank = min(rank, len(self.keys) - 1)
        if add <= choice < add + delete:
            return self.remove(rank)
        return self.put(self.keys[rank], self.draw_lots())

    def put(self, key: int, lots: int) -> tuple[int, int]:
        """Set a level's size, adding the level where it is not held."""
        if key not in self.lots:
            insort(self.keys, key)
        self.lots[key] = lots
        return key, lots

    def remove(self, rank: int) -> tuple[int, int]:
        """Remove the level of a rank."""
        key = self.keys.pop(rank)
        del self.lots[key]
        return key, 0

    def missing_key(self, rank: int) -> int:
        """Return a price near a rank that is not held, for a removal that changes nothing."""
        key = self.keys[min(rank, len(self.keys) - 1)] + 1
        while key in self.lots:
            key += 1
        return key

    def text(self, key: int, lots: int) -> tuple[str, str]:
        """Return a level as (price, size) texts."""
        if (price := self._texts.get(key)) is None:
            if len(self._texts) >= _TEXTS_KEPT:
                self._texts.clear()
            price = self._texts[key] = decimal_text(self.sign * key, self._instrument.price_digits)
        return price, decimal_text(lots, self._instrument.size_digits)

    def texts(self) -> list[tuple[str, str]]:
        """Return the whole side as texts, best first."""
        return [self.text(key, self.lots[key]) for key in self.keys]

    def _shares(self, rank: int, room_ticks: int) -> tuple[float, float]:
        """Return how likely an addition and a removal are; they keep the depth and the spread within bounds."""
        add, delete = self._market.add_share, self._market.delete_share
        if len(self.keys) >= self._instrument.depth:
            return 0.0, add + delete
        if len(self.keys) <= self._instrument.floor:
            return add + delete, 0.0
        if rank == 0:
            if room_ticks > 2 * self._instrument.spread_ticks:
                return 0.9 * (add + delete), 0.1 * (add + delete)
            if room_ticks <= (self._instrument.spread_ticks + 1) // 2:
                return 0.0, add + delete
        return add, delete

    def _free_key(self, rank: int, room_ticks: int) -> int | None:
        """Find a price that is not held and would have the rank, or None where neighbours leave no tick free."""
        if rank == len(self.keys):  # behind the last; a bid stays above a price of 0
            behind = self.keys[-1] + 1 + int(self._rng.random() * (2 * self._instrument.gap_ticks - 1))
            return behind if self.sign > 0 or behind < 0 else None
        above = self.keys[rank]
        free = (room_ticks if rank == 0 else above - self.keys[rank - 1]) - 1
        if rank == 0:
            free = min(free, self._instrument.spread_ticks)  # a better best improves by ticks, it does not leap
        if free < 1:
            return None
        return above - 1 - int(self._rng.random() * free)
