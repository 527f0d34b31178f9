"""The oracle: one loop over the references of all paths, written as the contract reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.book.reference import ReferenceBook
from implementations.codec.reference import ReferenceCodec
from implementations.decode.reference import ReferenceDecoder
from implementations.messages import BOOK, QUOTE, Order
from implementations.pipeline._lifecycle import Lifecycle, by_reason
from implementations.pipeline.contract import CANCELLED_EVERY, LIMITS, MOVE, QUANTITY
from implementations.registry import implementation
from implementations.risk.contract import ADMITTED, REASONS
from implementations.risk.reference import ReferenceRisk

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.messages import MarketMessage, Side
    from implementations.risk.contract import Exposure


@implementation(source="the contract's words, one statement each")
class ReferencePipeline(Lifecycle):
    """State by symbol in dicts; nothing is handed off, and a limiter that always has a token is left out."""

    def __init__(self, sink: Callable[[bytes], object]) -> None:
        super().__init__(ReferenceCodec())
        self._sink = sink
        self._decode = ReferenceDecoder().decode
        self._risk = ReferenceRisk(LIMITS)
        self._refused = [0] * len(REASONS)
        self._waiting: list[MarketMessage] = []
        self._books: dict[str, ReferenceBook] = {}
        self._acted: dict[str, float] = {}  # twice the middle that was last acted upon
        self._open: dict[str, Order] = {}
        self._number = 0

    def on_frame(self, frame: bytes) -> int:
        """Handle what waits, then the frame."""
        self._waiting += self._decode(frame)
        sent = 0
        while self._waiting:
            sent += self._handle(self._waiting.pop(0))
        return sent

    def _handle(self, message: MarketMessage) -> int:
        top = self._top(message)
        if top is None:
            return 0
        symbol, bid, ask = top
        if (order := self._open.pop(symbol, None)) is not None:
            if int(order.client_order_id[1:]) % CANCELLED_EVERY == 0:
                self._risk.on_cancel(order.client_order_id)
            else:
                self._risk.on_fill(order.client_order_id, order.quantity, order.price)
        side = self._decide(symbol, bid, ask)
        return 0 if side is None else self._send(symbol, side, ask if side == "buy" else bid)

    def _top(self, message: MarketMessage) -> tuple[str, float, float] | None:
        if message.kind == BOOK:
            book = self._books.setdefault(message.symbol, ReferenceBook())  # type: ignore[union-attr]  # by its kind
            book.apply(message)  # type: ignore[arg-type]  # by its kind
            bid, _, ask, _ = book.top()
            return message.symbol, bid, ask  # type: ignore[union-attr]  # by its kind
        if message.kind == QUOTE and message.symbol not in self._books:  # type: ignore[union-attr]  # by its kind
            return message.symbol, message.bid_price, message.ask_price  # type: ignore[union-attr]  # by its kind
        return None

    def _decide(self, symbol: str, bid: float, ask: float) -> Side | None:
        if not 0.0 < bid < ask:
            return None
        doubled = bid + ask
        acted = self._acted.setdefault(symbol, doubled)
        side: Side | None = None
        if doubled >= acted * (1.0 + MOVE):
            side = "buy"
        elif doubled <= acted * (1.0 - MOVE):
            side = "sell"
        if side is not None:
            self._acted[symbol] = doubled
        return side

    def _send(self, symbol: str, side: Side, price: float) -> int:
        self._number += 1
        order = Order(f"o{self._number}", symbol, side, QUANTITY, price)
        if (reason := self._risk.admit(order)) != ADMITTED:
            self._refused[reason] += 1
            return 0
        try:
            self._sink(self._codec.encode(order))
        except BaseException:
            self._risk.on_reject(order.client_order_id)
            raise
        self._open[symbol] = order
        return 1

    def refusals(self) -> dict[str, int]:
        """Count the orders that the risk check refused, by reason."""
        return by_reason(self._refused)

    def exposure(self) -> Exposure:
        """Return what is reserved and held."""
        return self._risk.exposure()
