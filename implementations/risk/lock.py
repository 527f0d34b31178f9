"""The bottleneck as it was: one lock, and under it a lookup for each limit and each sum."""

from __future__ import annotations

import threading
from dataclasses import dataclass
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


@dataclass(slots=True)
class _Open:
    order: Order
    left: float


@implementation(source="the usual risk manager: dicts by symbol and by order behind one lock", bottleneck="B5")
class LockRisk:
    """Every call holds the lock from its first lookup to its last; a thread switched out inside makes all wait."""

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.RLock()
        self._limits = {
            "order_quantity": limits.order_quantity,
            "open_orders": limits.open_orders,
            "daily_loss": limits.daily_loss * (1 - ROUNDING),
            "position": limits.position * (1 + ROUNDING),
            "notional": limits.notional * (1 + ROUNDING),
        }
        self._orders: dict[str, _Open] = {}
        self._resting: dict[tuple[str, str], float] = {}  # by symbol and side
        self._positions: dict[str, float] = {}
        self._costs: dict[str, float] = {}
        self._notional = 0.0
        self._realised = 0.0

    def admit(self, order: Order) -> int:  # noqa: PLR0911  one return a reason
        """Look up each limit and each sum, then reserve."""
        with self._lock:
            if order.quantity > self._limits["order_quantity"]:
                return ORDER_SIZE
            if order.client_order_id in self._orders:
                return DUPLICATE
            if len(self._orders) >= self._limits["open_orders"]:
                return OPEN_ORDERS
            if -self._realised >= self._limits["daily_loss"]:
                return DAILY_LOSS
            if abs(self._reach(order)) > self._limits["position"]:
                return POSITION
            if self._notional + order.price * order.quantity > self._limits["notional"]:
                return NOTIONAL
            self._orders[order.client_order_id] = _Open(order, order.quantity)
            self._reserve(order, order.quantity)
            return ADMITTED

    def _reach(self, order: Order) -> float:
        position = self._positions.get(order.symbol, 0.0)
        resting = self._resting.get((order.symbol, order.side), 0.0)
        if order.side == "buy":
            return position + resting + order.quantity
        return position - resting - order.quantity

    def _reserve(self, order: Order, quantity: float) -> None:
        key = (order.symbol, order.side)
        self._resting[key] = self._resting.get(key, 0.0) + quantity
        self._notional += order.price * quantity
        if not self._orders:  # nothing is open: what rounding left over goes
            self._resting.clear()
            self._notional = 0.0

    def on_fill(self, client_order_id: str, quantity: float, price: float) -> None:
        """Book the fill and release what it filled."""
        with self._lock:
            entry = self._orders.get(client_order_id)
            if entry is None:
                return
            order = entry.order
            booked = min(quantity, entry.left)
            entry.left -= booked
            released = booked
            if entry.left <= order.quantity * ROUNDING:
                released += entry.left
                del self._orders[client_order_id]
            self._reserve(order, -released)
            self._book(order.symbol, booked if order.side == "buy" else -booked, price)

    def _book(self, symbol: str, quantity: float, price: float) -> None:
        position = self._positions.get(symbol, 0.0)
        cost = self._costs.get(symbol, 0.0)
        after = position + quantity
        if position * quantity >= 0:
            self._costs[symbol] = (position * cost + quantity * price) / after
        else:
            closed = min(abs(position), abs(quantity))
            self._realised += closed * (price - cost) * (1 if position > 0 else -1)
            if abs(quantity) > abs(position):
                self._costs[symbol] = price
        self._positions[symbol] = after if abs(after) > abs(quantity) * ROUNDING else 0.0

    def on_cancel(self, client_order_id: str) -> None:
        """Release what is left of the order."""
        with self._lock:
            entry = self._orders.pop(client_order_id, None)
            if entry is not None:
                self._reserve(entry.order, -entry.left)

    def on_reject(self, client_order_id: str) -> None:
        """Release what is left of the order."""
        self.on_cancel(client_order_id)

    def exposure(self) -> Exposure:
        """Copy the sums under the lock."""
        with self._lock:
            positions = {symbol: position for symbol, position in self._positions.items() if position}
            return Exposure(len(self._orders), self._notional, self._realised, positions)
