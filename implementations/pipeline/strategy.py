"""The strategy of the pipeline: follow the middle of the book when it has moved enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from implementations.messages import Side


class MoveStrategy:
    """Decides for one symbol: buy after a rise of `move` (a fraction of the price), sell after a fall.

    The first top with both sides, and each top that was acted upon, becomes what the next ones are held against. A top
    that lacks a side, or is crossed or locked, is passed over. No clock, no randomness: equal tops, equal decisions.
    """

    __slots__ = ("_move", "fall", "rise")

    def __init__(self, move: float) -> None:
        self._move = move
        self.fall = self.rise = 0.0  # of twice the middle, which saves halving it each time

    def decide(self, bid_price: float, ask_price: float) -> Side | None:
        """Take the best prices after a change of the book, and say what to do."""
        doubled = bid_price + ask_price
        if self.fall < doubled < self.rise:
            return None
        if not 0.0 < bid_price < ask_price:
            return None
        first = self.rise == 0.0
        side: Side = "buy" if doubled >= self.rise else "sell"
        self.fall = doubled * (1.0 - self._move)
        self.rise = doubled * (1.0 + self._move)
        return None if first else side
