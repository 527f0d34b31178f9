"""What every pipeline must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from implementations.risk.contract import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from implementations.risk.contract import Exposure

MOVE: Final = 5e-5
"""The middle must move by this fraction of the price before the strategy orders."""

QUANTITY: Final = 1.0

CANCELLED_EVERY: Final = 4
"""The in-process exchange cancels each order whose number this divides, and fills the others in full."""

LIMITS: Final = Limits(order_quantity=10.0, open_orders=3, daily_loss=1e12, position=4.0, notional=1e6)
"""Reached in a long run: the position of a symbol that trends, open orders when many symbols wait for their answer."""

RATE: Final = 1e9
BURST: Final = 1_000_000
"""Tokens never run out in process: what is measured is what a limiter costs when it lets pass."""


class TradingPipeline(Protocol):
    """Frame bytes in, order bytes out; one thread; close it, or use it as a context manager.

    Factory: called as factory(sink), returns a pipeline in its fresh state; `sink(payload)` gets each order's bytes.
    Frames: `on_frame` decodes by the contract of the decoders. A bad frame raises BadFrameError and changes nothing.
    Books: a symbol's book begins with its first book message. A quote is a top of its own and counts only for a symbol
    without a book, which takes over what the quotes had begun. Trades and notices go no further.
    Strategy: one a symbol, on each top: buy at the ask after a rise of MOVE since the last top acted upon (the first
    top with both sides is the first of these), sell at the bid after a fall. A top that lacks a side, or is crossed or
    locked, is passed over.
    Orders: QUANTITY each, named o1, o2, ... as the strategy decides them, refused ones too; limit, ioc. LIMITS by the
    contract of the risk checks; what it refuses is counted by reason and takes no token.
    Exchange: the next book or quote message that counts for the symbol of an order answers it, before the strategy is
    asked: each CANCELLED_EVERY-th is cancelled, the others are filled in full at their price.
    Errors: an exception of the sink passes through: its order counts as rejected, and the messages behind it in the
    same frame are handled with the next one.
    """

    @property
    def on_frame(self) -> Callable[[bytes], int]:
        """Handle one frame to its end and return how many orders it sent."""

    def refusals(self) -> dict[str, int]:
        """Count the orders that the risk check refused, by reason."""

    def exposure(self) -> Exposure:
        """Return what is reserved and held."""

    def orders(self, payloads: Iterable[bytes]) -> list[tuple[object, ...]]:
        """Read what the sink was given back into plain values, which do not depend on the codec."""

    def orders_digest(self, payloads: Iterable[bytes]) -> str:
        """Return the SHA-256 of the orders' plain values: equal for every pipeline."""

    def close(self) -> None:
        """Free what it holds; twice does no harm."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
