"""What every risk check must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from implementations.messages import Order

ADMITTED: Final = 0
ORDER_SIZE: Final = 1
OPEN_ORDERS: Final = 2
DAILY_LOSS: Final = 3
POSITION: Final = 4
NOTIONAL: Final = 5
DUPLICATE: Final = 6

# Sums of floats depend on the order of the additions: a limit is compared with this share of itself as tolerance, so
# that an order that lands exactly on a limit is admitted by every implementation. An order ends when no more than this
# share of its quantity is left; a position is flat when no more than this share of the last fill remains.
ROUNDING: Final = 1e-9

REASONS: Final = (
    "admitted",
    "order size",
    "open orders",
    "daily loss",
    "position",
    "notional",
    "duplicate id",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one account. Money in the quote currency, quantities in units of the symbol."""

    order_quantity: float
    open_orders: int
    daily_loss: float  # a positive amount: refused once realised loss reaches it
    position: float  # per symbol, absolute, counting what open orders could still fill
    notional: float  # sum over open orders of price times what is still open


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is reserved and held, for tests and for a person."""

    open_orders: int
    notional: float
    realised: float  # profit positive, loss negative
    positions: dict[str, float]


class RiskCheck(Protocol):
    """The check before an order leaves: admit or refuse, and reserve what was admitted.

    Factory: called as factory(limits).
    Order of the checks (the first that fails is the answer): ORDER_SIZE, DUPLICATE (an order of this id is open),
    OPEN_ORDERS, DAILY_LOSS, POSITION, NOTIONAL. A check that admits reserves at once: one open order, its notional, and
    the position it could reach; so that no interleaving of threads can admit two orders of which only one fits. A
    refusal keeps nothing. A limit is reached when equal: an order that lands exactly on a limit is admitted, except the
    daily loss, which refuses when the loss equals it. All comparisons of sums allow for ROUNDING.
    Position: |position + open buys + this order| for a buy, |position - open sells - this order| for a sell.
    Realised profit: average-cost, booked by `on_fill` when a fill reduces a position.
    Release: `on_fill` moves the filled quantity from reserved to held and ends the order when all is filled; of a fill
    larger than what is open, only what is open is booked. `on_cancel` and `on_reject` free what is left. For an id that
    is not open they change nothing (late and repeated reports occur).
    Threading: every method may be called from any thread at any time. Where calls overlap, an order may be refused for
    a reservation that is given back a moment later; none is admitted beyond a limit. Errors: none; quantities and
    prices are above 0. Cost: a few microseconds; the budget is 5 us at p99.
    """

    def admit(self, order: Order) -> int:
        """Return ADMITTED and reserve, or the reason code of the first check that fails."""

    def on_fill(self, client_order_id: str, quantity: float, price: float) -> None:
        """Book a fill of `quantity` (of this fill alone) at `price`."""

    def on_cancel(self, client_order_id: str) -> None:
        """Free what is still open of a cancelled order."""

    def on_reject(self, client_order_id: str) -> None:
        """Free what is still open of an order that the exchange refused."""

    def exposure(self) -> Exposure:
        """Return what is reserved and held: exact when no other call is under way; flat symbols are left out."""
