"""What every way of sharing an order between attempts must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from implementations.messages import Order


class Sharing(Protocol):
    """From one order to what each attempt (the first one and every retry) works on.

    Factory: called as factory(). `share(order)` is called once an order, `attempt(shared)` once an attempt.
    Law: whatever the caller does to its order after `share`, and whatever an attempt does to what it was given, every
    attempt is given an order with the `astuple` that the caller's had at `share`; an implementation may refuse the
    change of what it gave (AttributeError) instead of hiding it. Threading: any. Cost: below a microsecond is the aim;
    it is on the way of every order.
    """

    def share(self, order: Order) -> Order:
        """Return what the attempts are made from."""

    def attempt(self, shared: Order) -> Order:
        """Return the order for one attempt."""
