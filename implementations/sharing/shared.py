"""One order that cannot be changed, for all attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

import msgspec

from implementations.messages import ORDER
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.messages import Order, Side


class FrozenOrder(msgspec.Struct, frozen=True, gc=False):
    """An Order by its attributes, which cannot be set; made and read in C."""

    client_order_id: str
    symbol: str
    side: Side
    quantity: float
    price: float
    time_in_force: str
    kind: ClassVar[int] = ORDER


@implementation(source="an immutable value needs no copy", fixes="M2")
class SharedSharing:
    """One struct a submission; an attempt costs nothing."""

    def share(self, order: Order) -> Order:
        """Freeze the caller's order, unless it is frozen already."""
        given: object = order
        if isinstance(given, FrozenOrder):
            return order
        frozen = FrozenOrder(
            order.client_order_id, order.symbol, order.side, order.quantity, order.price, order.time_in_force
        )
        return cast("Order", frozen)

    def attempt(self, shared: Order) -> Order:
        """Return the very order."""
        return shared
