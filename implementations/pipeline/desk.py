"""The order side of the pipeline: risk, limiter, encode, sink, and what becomes of an order in process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.messages import Message, Order, Side
from implementations.pipeline.contract import CANCELLED_EVERY, QUANTITY
from implementations.risk.contract import ADMITTED, REASONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.risk.contract import RiskCheck


class Desk:
    """Sends orders; `sent` counts them, `refusals` counts by reason code what the risk check refused.

    Orders are numbered as the strategy decides them, refused ones too, so that their names are the same in every
    composition.
    """

    __slots__ = ("_acquire", "_encode", "_number", "_risk", "_sink", "_try_acquire", "refusals", "sent")

    def __init__(
        self,
        risk: RiskCheck,
        try_acquire: Callable[[], bool],
        acquire: Callable[[], None],
        encode: Callable[[Message], bytes],
        sink: Callable[[bytes], object],
    ) -> None:
        self._risk = risk
        self._try_acquire = try_acquire
        self._acquire = acquire
        self._encode = encode
        self._sink = sink
        self._number = 0
        self.sent = 0
        self.refusals = [0] * len(REASONS)

    def send(self, symbol: str, side: Side, price: float) -> Order | None:
        """Send one order, or give None because risk refused it; an exception of the sink frees what was reserved."""
        self._number += 1
        order = Order(f"o{self._number}", symbol, side, QUANTITY, price)
        if (reason := self._risk.admit(order)) != ADMITTED:
            self.refusals[reason] += 1
            return None
        try:
            if not self._try_acquire():
                self._acquire()
            self._sink(self._encode(order))
        except BaseException:
            self._risk.on_reject(order.client_order_id)
            raise
        self.sent += 1
        return order

    def answer(self, order: Order) -> None:
        """Answer an order as an exchange would: filled in full at its price, or cancelled."""
        if int(order.client_order_id[1:]) % CANCELLED_EVERY:
            self._risk.on_fill(order.client_order_id, order.quantity, order.price)
        else:
            self._risk.on_cancel(order.client_order_id)
