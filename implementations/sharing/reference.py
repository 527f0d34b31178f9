"""The oracle: every field by name, into a new order each time."""

from __future__ import annotations

from implementations.messages import Order
from implementations.registry import implementation


@implementation(source="the contract, field by field")
class ReferenceSharing:
    """Strings and floats cannot be changed, so a new order of the same fields shares nothing that could be."""

    def share(self, order: Order) -> Order:
        """Make a new order of the same fields."""
        return Order(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            price=order.price,
            time_in_force=order.time_in_force,
        )

    def attempt(self, shared: Order) -> Order:
        """Make a new order of the same fields again."""
        return self.share(shared)
