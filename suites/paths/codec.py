"""Codec: one message encoded for the bus, or decoded from it; orders are the hot path, market messages the bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from implementations.messages import Order
from suites.paths.inputs import declare, frame_labels, make, market_messages, numbered_books, plain, tape_of
from tailgate.benchmark import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from implementations.messages import Message, Side
    from suites.tapes import Tape
    from tailgate.benchmark import Benchmark, Label

DIRECTIONS: Final = ("encode", "decode")
MESSAGES: Final = ("order", "market")


def benchmarks() -> list[Benchmark]:
    """Declare every codec for both directions, for orders and for market messages."""
    return [
        each
        for message in MESSAGES
        for direction in DIRECTIONS
        for each in declare("codec", prepare, {"direction": direction, "message": message})
    ]


def prepare(name: str, settings: Mapping[str, Any], direction: str, message: str) -> Workload:
    """Return the tape's messages, or orders made from it, to a codec.

    The bytes of two codecs differ and must: what was encoded is compared by what it decodes to.
    """
    tape = tape_of(settings)
    numbered = market_messages(tape)
    messages: list[Message]
    labels: Callable[[int], Mapping[str, Label]]
    if message == "order":
        messages = [*orders_of(tape)]
        labels = _order_labels(messages)
    else:
        messages = [each for _, each in numbered]
        labels = frame_labels(tape.frames, [n for n, _ in numbered])
    codec = make("codec", name)
    if direction == "encode":
        return Workload(
            messages,
            start=lambda: make("codec", name).encode,
            answer=lambda payload: plain(codec.decode(payload)),
            labels=labels,
        )
    return Workload(
        [codec.encode(each) for each in messages],
        start=lambda: make("codec", name).decode,
        answer=plain,
        labels=labels,
    )


def orders_of(tape: Tape) -> list[Order]:
    """Make an order of the first level of each book update, as if it had been worth one."""
    orders: list[Order] = []
    for n, message in numbered_books(tape):
        if not message.reset and (levels := message.bids or message.asks):
            side: Side = "sell" if message.bids else "buy"
            orders.append(Order(f"o{n}", message.symbol, side, float(1 + n % 7), levels[0].price))
    return orders


def _order_labels(orders: list[Message]) -> Callable[[int], Mapping[str, Label]]:
    def label(index: int) -> Mapping[str, Label]:
        order: Any = orders[index]
        return {"kind": "order", "symbol": order.symbol, "side": order.side}

    return label
