"""The oracle: every sum is made anew from the orders and fills that are held."""

from __future__ import annotations

import threading
from math import fsum
from typing import TYPE_CHECKING

from implementations.registry import implementation
from implementations.risk.contract import (
    ADMITTED,
    DAILY_LOSS,
    DUPLICATE,
    NOTIONAL,
    OPEN_ORDERS,
    ORDER_SIZE,
    POSITION,
    ROUNDING,
    Exposure,
    Limits,
)

if TYPE_CHECKING:
    from implementations.messages import Order


@implementation(source="the contract's words, one statement each")
class ReferenceRisk:
    """Orders, what is left of each, and a list of fills; one lock around every call; O(orders + fills) a check."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}
        self._left: dict[str, float] = {}
        self._fills: list[tuple[str, float, float]] = []  # symbol, signed quantity, price

    def admit(self, order: Order) -> int:
        """Ask the six questions in the contract's order, then reserve."""
        with self._lock:
            reason = self._judge(order)
            if reason == ADMITTED:
                self._orders[order.client_order_id] = order
                self._left[order.client_order_id] = order.quantity
            return reason

    def _judge(self, order: Order) -> int:
        limits = self._limits
        position, realised = _book(self._fills).get(order.symbol, (0.0, 0.0))[0], self._realised()
        resting = fsum(
            self._left[name]
            for name, other in self._orders.items()
            if other.symbol == order.symbol and other.side == order.side
        )
        reach = resting + order.quantity
        refusals = (
            (ORDER_SIZE, order.quantity > limits.order_quantity),
            (DUPLICATE, order.client_order_id in self._orders),
            (OPEN_ORDERS, len(self._orders) + 1 > limits.open_orders),
            (DAILY_LOSS, -realised >= limits.daily_loss * (1 - ROUNDING)),
            (POSITION, abs(position + reach if order.side == "buy" else position - reach) > _wide(limits.position)),
            (NOTIONAL, self._notional() + order.price * order.quantity > _wide(limits.notional)),
        )
        return next((reason for reason, refused in refusals if refused), ADMITTED)

    def on_fill(self, client_order_id: str, quantity: float, price: float) -> None:
        """Move what was filled from the order to the fills."""
        with self._lock:
            order = self._orders.get(client_order_id)
            if order is None:
                return
            left = self._left[client_order_id]
            booked = min(quantity, left)
            self._fills.append((order.symbol, booked if order.side == "buy" else -booked, price))
            self._left[client_order_id] = left - booked
            if left - booked <= order.quantity * ROUNDING:
                self._forget(client_order_id)

    def on_cancel(self, client_order_id: str) -> None:
        """Forget the order."""
        with self._lock:
            self._forget(client_order_id)

    def on_reject(self, client_order_id: str) -> None:
        """Forget the order."""
        with self._lock:
            self._forget(client_order_id)

    def exposure(self) -> Exposure:
        """Sum everything."""
        with self._lock:
            positions = {symbol: position for symbol, (position, _) in _book(self._fills).items() if position}
            return Exposure(len(self._orders), self._notional(), self._realised(), positions)

    def _forget(self, client_order_id: str) -> None:
        self._orders.pop(client_order_id, None)
        self._left.pop(client_order_id, None)

    def _notional(self) -> float:
        return fsum(order.price * self._left[name] for name, order in self._orders.items())

    def _realised(self) -> float:
        return fsum(realised for _, realised in _book(self._fills).values())


def _wide(limit: float) -> float:
    return limit * (1 + ROUNDING)


def _book(fills: list[tuple[str, float, float]]) -> dict[str, tuple[float, float]]:
    """Return (position, realised profit) of each symbol, by average cost, from all fills since the start."""
    held: dict[str, tuple[float, float, float]] = {}  # position, average cost, realised
    for symbol, quantity, price in fills:
        position, cost, realised = held.get(symbol, (0.0, 0.0, 0.0))
        after = position + quantity
        if position * quantity >= 0:  # opens or adds
            cost = (position * cost + quantity * price) / after
        else:
            closed = min(abs(position), abs(quantity))
            realised += closed * (price - cost) * (1 if position > 0 else -1)
            if abs(quantity) > abs(position):
                cost = price
        held[symbol] = (after if abs(after) > abs(quantity) * ROUNDING else 0.0, cost, realised)
    return {symbol: (position, realised) for symbol, (position, _, realised) in held.items()}
