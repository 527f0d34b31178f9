"""A book of orders: brings events that carry orders (Databento MBO, LOBSTER) to levels.

Prices are whole numbers in the venue's own unit, sizes too. A change is told by the price and the size left there, so
that an order which moves changes two levels. What is not held is counted and changes nothing: a venue's file may begin
with orders older than itself.
"""

from __future__ import annotations

from typing import TypeAlias

Change: TypeAlias = tuple[int, int]  # a price, and what is left there


class OrderSide:
    """Sizes by price of one side."""

    __slots__ = ("sizes",)

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}

    def add(self, price: int, size: int) -> Change:
        """Add a size, below 0 to take it away; what would fall below nothing is nothing."""
        left = self.sizes.get(price, 0) + size
        if left > 0:
            self.sizes[price] = left
        else:
            self.sizes.pop(price, None)
        return price, max(0, left)


class OrderBook:
    """The orders of one instrument; sides are "B" and "A". `unknown` counts events on orders that are not held."""

    __slots__ = ("orders", "sides", "unknown")

    def __init__(self) -> None:
        self.orders: dict[int, tuple[str, int, int]] = {}
        self.sides: dict[str, OrderSide] = {"B": OrderSide(), "A": OrderSide()}
        self.unknown = 0

    def clear(self) -> None:
        """Forget everything."""
        self.orders.clear()
        for side in self.sides.values():
            side.sizes.clear()

    def add(self, identifier: int, side: str, price: int, size: int) -> list[tuple[str, Change]]:
        """Add an order; one that is held already is replaced."""
        changes = self.take(identifier) if identifier in self.orders else []
        self.orders[identifier] = side, price, size
        return [*changes, (side, self.sides[side].add(price, size))]

    def take(self, identifier: int, size: int | None = None) -> list[tuple[str, Change]]:
        """Take a size off an order, all of it where none is given: a cancel, a deletion, an execution."""
        if (order := self.orders.get(identifier)) is None:
            self.unknown += 1
            return []
        side, price, held = order
        taken = held if size is None else min(size, held)
        if taken == held:
            del self.orders[identifier]
        else:
            self.orders[identifier] = side, price, held - taken
        return [(side, self.sides[side].add(price, -taken))]

    def modify(self, identifier: int, side: str, price: int, size: int) -> list[tuple[str, Change]]:
        """Give an order another price or size: a deletion and an addition; one that is not held is added."""
        if identifier not in self.orders:
            self.unknown += 1
        return self.add(identifier, side, price, size)
