"""One paper account: cash, positions, and what open orders hold of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from suites.exchange.errors import forbidden

if TYPE_CHECKING:
    from suites.exchange.settings import Shorting

ZERO = Decimal(0)


@dataclass(slots=True)
class Position:
    """What is held of one symbol: negative when short. `cost` has the sign of `quantity`."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def entry(self) -> Decimal:
        """Return the average price paid."""
        return self.cost / self.quantity if self.quantity else ZERO


@dataclass(slots=True)
class Account:
    """Cash and positions: a buy holds its notional while it is open, a short sale its proceeds and as much again."""

    cash: Decimal
    shorting: Shorting = "allowed"
    suspended: bool = False  # no new orders
    fractional: bool = True  # parts of a share, and orders by notional
    positions: dict[str, Position] = field(default_factory=dict)
    held_cash: dict[str, Decimal] = field(default_factory=dict)  # by order id
    held_quantity: dict[str, tuple[str, str, Decimal]] = field(default_factory=dict)  # by order id

    def buying_power(self) -> Decimal:
        """Return the cash that no open order and no short position holds."""
        shorts = sum((-2 * p.cost for p in self.positions.values() if p.quantity < 0), ZERO)
        return self.cash - shorts - sum(self.held_cash.values(), ZERO)

    def closable(self, symbol: str, side: str) -> Decimal:
        """Return the quantity by which an order of a side can reduce the position beyond what open orders do."""
        quantity = self.positions.get(symbol, Position()).quantity * (1 if side == "sell" else -1)
        held = (q for name, of_side, q in self.held_quantity.values() if (name, of_side) == (symbol, side))
        return max(ZERO, quantity - sum(held, ZERO))

    def hold(self, order_id: str, symbol: str, side: str, quantity: Decimal, price: Decimal) -> None:
        """Reserve what an order needs, or raise OrderError 403."""
        if side == "sell" and self.shorting == "refused":
            self.check_closable(symbol, side, quantity)
        if self._need(symbol, side, quantity, price) > max(ZERO, self.buying_power()):
            raise forbidden("insufficient buying power")
        self.keep(order_id, symbol, side, quantity, price)

    def check_closable(self, symbol: str, side: str, quantity: Decimal) -> None:
        """Raise OrderError 403 where a quantity would do more than reduce the position."""
        if quantity > (available := self.closable(symbol, side)):
            raise forbidden(
                f"insufficient qty available for order (requested: {text(quantity)}, available: {text(available)})"
            )

    def keep(self, order_id: str, symbol: str, side: str, quantity: Decimal, price: Decimal) -> None:
        """Reserve without asking: for the rest of an order that was checked before."""
        self.release(order_id)
        if need := self._need(symbol, side, quantity, price):
            self.held_cash[order_id] = need
        self.held_quantity[order_id] = (symbol, side, quantity)

    def release(self, order_id: str) -> None:
        """Free what an order still holds."""
        self.held_cash.pop(order_id, None)
        self.held_quantity.pop(order_id, None)

    def fill(self, symbol: str, side: str, quantity: Decimal, price: Decimal) -> None:
        """Book one fill; reducing a position realises at its average price."""
        signed = quantity if side == "buy" else -quantity
        self.cash -= signed * price
        position = self.positions.setdefault(symbol, Position())
        closing = min(quantity, abs(position.quantity)) if position.quantity * signed < 0 else ZERO
        if closing:
            direction = 1 if signed > 0 else -1
            position.cost += direction * closing * position.entry
            position.quantity += direction * closing
            signed -= direction * closing
        position.quantity += signed
        position.cost += signed * price
        if not position.quantity:
            del self.positions[symbol]

    def _need(self, symbol: str, side: str, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the cash that an order needs: selling what is held needs none, covering a short frees its own."""
        closing = min(quantity, self.closable(symbol, side))
        freed = 2 * self.positions[symbol].entry if side == "buy" and closing else price
        return max(ZERO, price * quantity - freed * closing)


def text(number: Decimal) -> str:
    """Return a number as the API writes it: plain digits, no exponent, no padding."""
    return format(number.normalize(), "f") if number else "0"
