"""The domain's messages: what a decoder yields, and what everything behind it reads.

A message is what has the attributes named here, so an implementation may bring classes of its own (a decoder that
builds typed structures in C need not copy them); `astuple` gives the plain value by which two messages are compared.
Every message has `kind`, an int of the class, so that a reader dispatches without asking for the type.

Prices and sizes are floats in the units of the wire. `time` is the sender's text (RFC 3339, nanoseconds): it is
carried, and parsed only by who needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTICE: Final = 0
TRADE: Final = 1
QUOTE: Final = 2
BOOK: Final = 3
ORDER: Final = 4
ACK: Final = 5

Side: TypeAlias = Literal["buy", "sell"]
AckStatus: TypeAlias = Literal["accepted", "partially_filled", "filled", "canceled", "rejected"]


class LevelLike(Protocol):
    """One price level: `size` 0 removes it."""

    @property
    def price(self) -> float:
        """Return the price, above 0."""

    @property
    def size(self) -> float:
        """Return the size, 0 or above."""


class BookLike(Protocol):
    """A change of one symbol's book: upserts and removals, or with `reset` the whole book."""

    kind: ClassVar[int]
    symbol: str
    time: str
    bids: Sequence[LevelLike]
    asks: Sequence[LevelLike]
    reset: bool


class Level(NamedTuple):
    """One price level of a book message."""

    price: float
    size: float


class Notice:
    """A documented message that carries no market data for the pipeline: only its tag is kept."""

    __slots__ = ("tag",)
    kind: ClassVar[int] = NOTICE

    def __init__(self, tag: str) -> None:
        self.tag = tag


class Trade:
    """One print of a trade."""

    __slots__ = ("identifier", "price", "size", "symbol", "time")
    kind: ClassVar[int] = TRADE

    def __init__(self, symbol: str, price: float, size: float, time: str, identifier: int) -> None:
        self.symbol = symbol
        self.price = price
        self.size = size
        self.time = time
        self.identifier = identifier


class Quote:
    """The best bid and ask of one symbol; a side that is empty has price and size 0."""

    __slots__ = ("ask_price", "ask_size", "bid_price", "bid_size", "symbol", "time")
    kind: ClassVar[int] = QUOTE

    def __init__(
        self, symbol: str, bid_price: float, bid_size: float, ask_price: float, ask_size: float, time: str
    ) -> None:
        self.symbol = symbol
        self.bid_price = bid_price
        self.bid_size = bid_size
        self.ask_price = ask_price
        self.ask_size = ask_size
        self.time = time


class Book:
    """A change of one symbol's book; with `reset` it replaces the book."""

    __slots__ = ("asks", "bids", "reset", "symbol", "time")
    kind: ClassVar[int] = BOOK

    def __init__(
        self,
        symbol: str,
        time: str,
        bids: Sequence[LevelLike],
        asks: Sequence[LevelLike],
        reset: bool = False,  # noqa: FBT001, FBT002  the wire's own flag, absent when false
    ) -> None:
        self.symbol = symbol
        self.time = time
        self.bids = bids
        self.asks = asks
        self.reset = reset


class Order:
    """A limit order as the strategy wants it; `client_order_id` makes a retry safe."""

    __slots__ = ("client_order_id", "price", "quantity", "side", "symbol", "time_in_force")
    kind: ClassVar[int] = ORDER

    def __init__(
        self,
        client_order_id: str,
        symbol: str,
        side: Side,
        quantity: float,
        price: float,
        time_in_force: str = "ioc",
    ) -> None:
        self.client_order_id = client_order_id
        self.symbol = symbol
        self.side = side
        self.quantity = quantity
        self.price = price
        self.time_in_force = time_in_force


class Ack:
    """What became of an order: `filled` and `price` are totals so far."""

    __slots__ = ("client_order_id", "filled", "price", "status", "symbol", "time")
    kind: ClassVar[int] = ACK

    def __init__(
        self, client_order_id: str, symbol: str, status: AckStatus, filled: float, price: float, time: str
    ) -> None:
        self.client_order_id = client_order_id
        self.symbol = symbol
        self.status = status
        self.filled = filled
        self.price = price
        self.time = time


MarketMessage: TypeAlias = Trade | Quote | Book | Notice
Message: TypeAlias = MarketMessage | Order | Ack

_FIELDS: Final[dict[int, tuple[str, ...]]] = {
    NOTICE: ("tag",),
    TRADE: ("symbol", "price", "size", "time", "identifier"),
    QUOTE: ("symbol", "bid_price", "bid_size", "ask_price", "ask_size", "time"),
    BOOK: ("symbol", "time", "bids", "asks", "reset"),
    ORDER: ("client_order_id", "symbol", "side", "quantity", "price", "time_in_force"),
    ACK: ("client_order_id", "symbol", "status", "filled", "price", "time"),
}


def astuple(message: Message) -> tuple[object, ...]:
    """Return the plain value of a message: its kind, then its fields; levels as (price, size) pairs."""
    return (
        message.kind,
        *(
            tuple((level.price, level.size) for level in value) if name in {"bids", "asks"} else value
            for name in _FIELDS[message.kind]
            for value in (getattr(message, name),)
        ),
    )
