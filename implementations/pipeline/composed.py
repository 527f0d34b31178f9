"""The working pipeline: frame, decode, hand-off, book, strategy, risk, limiter, encode, sink.

`build` takes one implementation of each path by name. Whatever the names, the same frames give the same orders.
The loop is a closure over what it calls: each stage is one call of a local name, with no branch on what is chosen.
docs/pipeline.md tells what each stage does and why the in-process exchange answers as it does.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from implementations.messages import BOOK, QUOTE, Message, Order, Side
from implementations.pipeline._lifecycle import Lifecycle, by_reason
from implementations.pipeline.composition import RECOMMENDED
from implementations.pipeline.contract import BURST, LIMITS, MOVE, RATE
from implementations.pipeline.desk import Desk
from implementations.pipeline.stepping import drive
from implementations.pipeline.strategy import MoveStrategy
from implementations.registry import implementation, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.book.contract import OrderBook
    from implementations.codec.contract import Codec
    from implementations.handoff.contract import Handoff
    from implementations.limiter.contract import RateLimiter
    from implementations.messages import MarketMessage
    from implementations.pipeline.composition import Composition
    from implementations.risk.contract import Exposure, RiskCheck

CAPACITY: Final = 1024


class Strategy(Protocol):
    """What decides for one symbol.

    A top whose prices add up to something between `fall` and `rise` is decided already: nothing is to be done, and the
    pipeline asks no further. Equal bounds leave every top to `decide`.
    """

    fall: float
    rise: float

    def decide(self, bid_price: float, ask_price: float) -> Side | None:
        """Take the best prices after a change of the book, and say what to do."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What the pipeline calls; `staged` wraps each of them in a clock."""

    decode: Callable[[bytes], list[MarketMessage]]
    new_handoff: Callable[[Callable[[Any], None]], Handoff]
    new_book: Callable[[], OrderBook]
    new_strategy: Callable[[], Strategy]
    risk: RiskCheck
    try_acquire: Callable[[], bool]
    acquire: Callable[[], None]  # drives the event loop
    encode: Callable[[Message], bytes]
    sink: Callable[[bytes], object]
    capacity: int = CAPACITY  # of the hand-off


class _Track:
    """What the pipeline holds of one symbol."""

    __slots__ = ("open_order", "strategy")

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.open_order: Order | None = None


class _BookTrack(_Track):
    """What it holds of a symbol whose book is sent; what quotes had begun is taken over."""

    __slots__ = ("apply", "top")

    def __init__(self, quoted: _Track, book: OrderBook) -> None:
        self.strategy = quoted.strategy
        self.open_order = quoted.open_order
        self.apply = book.apply
        self.top = book.top


class Pipeline(Lifecycle):
    """A composition at work: see the contract."""

    __slots__ = ("_desk", "_loop", "_risk", "composition", "on_frame")

    def __init__(self, composition: Composition, codec: Codec, stages: Stages, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(codec)
        self.composition = composition
        self._risk = stages.risk
        self._loop = loop
        self._desk = Desk(stages.risk, stages.try_acquire, stages.acquire, stages.encode, stages.sink)
        self.on_frame: Callable[[bytes], int] = _wire(stages, self._desk)

    def close(self) -> None:
        """Close the private event loop; twice does no harm."""
        self._loop.close()

    def refusals(self) -> dict[str, int]:
        """Count the orders that the risk check refused, by reason."""
        return by_reason(self._desk.refusals)

    def exposure(self) -> Exposure:
        """Return what the risk check holds and reserves."""
        return self._risk.exposure()


@implementation(source="one implementation of each path, joined by name: the recommended ones")
def recommended(sink: Callable[[bytes], object]) -> Pipeline:
    """Build the recommended composition."""
    return build(RECOMMENDED, sink)


def build(composition: Composition, sink: Callable[[bytes], object], capacity: int = CAPACITY) -> Pipeline:
    """Build a pipeline in its fresh state; capacity: of its hand-off.

    UnknownNameError for a wrong name, UnavailableError where one cannot run.
    """
    codec = make_codec(composition)
    loop = asyncio.new_event_loop()
    return Pipeline(composition, codec, make_stages(composition, codec, sink, loop, capacity), loop)


def make_codec(composition: Composition) -> Codec:
    """Make the codec, which writes the orders and reads them back for their digest."""
    codec: Codec = _make(composition, "codec")
    return codec


def make_stages(
    composition: Composition,
    codec: Codec,
    sink: Callable[[bytes], object],
    loop: asyncio.AbstractEventLoop,
    capacity: int = CAPACITY,
) -> Stages:
    """Make one of each, by name; capacity: of the hand-off."""
    limiter: RateLimiter = _make(composition, "limiter", RATE, BURST, time.monotonic)
    new_handoff: Any = load("handoff", composition.handoff).factory
    new_book: Any = load("book", composition.book).factory

    def acquire() -> None:
        drive(loop, limiter.acquire())

    return Stages(
        decode=_make(composition, "decode").decode,
        new_handoff=lambda handler: new_handoff(handler, capacity),
        new_book=new_book,
        new_strategy=lambda: MoveStrategy(MOVE),
        risk=_make(composition, "risk", LIMITS),
        try_acquire=limiter.try_acquire,
        acquire=acquire,
        encode=codec.encode,
        sink=sink,
        capacity=capacity,
    )


def _make(composition: Composition, path: str, *arguments: object) -> Any:
    return load(path, getattr(composition, path)).factory(*arguments)


def _wire(stages: Stages, desk: Desk) -> Callable[[bytes], int]:  # noqa: C901, PLR0915  the hot path is one closure
    """Connect the stages; everything that each frame touches is a local name of this function."""
    decode, new_book, new_strategy = stages.decode, stages.new_book, stages.new_strategy
    send, answer = desk.send, desk.answer
    quoted: dict[str, _Track] = {}
    books: dict[str, _BookTrack] = {}

    def open_quoted(symbol: str) -> _Track:
        track = quoted[symbol] = _Track(new_strategy())
        return track

    def open_book(symbol: str) -> _BookTrack:
        before = quoted.pop(symbol, None) or _Track(new_strategy())
        track = books[symbol] = _BookTrack(before, new_book())
        return track

    def handle(message: Any) -> None:
        track: _Track | None
        kind = message.kind
        if kind == BOOK:
            symbol = message.symbol
            try:
                track = books[symbol]
            except KeyError:
                track = open_book(symbol)
            track.apply(message)
            bid_price, _, ask_price, _ = track.top()
        elif kind == QUOTE:
            symbol = message.symbol
            if symbol in books:
                return  # the book is the better source
            track = quoted.get(symbol) or open_quoted(symbol)
            bid_price, ask_price = message.bid_price, message.ask_price
        else:
            return
        if track.open_order is not None:
            answer(track.open_order)
            track.open_order = None
        strategy = track.strategy
        if strategy.fall < bid_price + ask_price < strategy.rise:
            return
        side = strategy.decide(bid_price, ask_price)
        if side is not None:
            track.open_order = send(symbol, side, ask_price if side == "buy" else bid_price)

    handoff = stages.new_handoff(handle)
    behind: list[MarketMessage] = []  # what a frame still held when a message of it raised

    def take_over(messages: list[MarketMessage]) -> list[MarketMessage]:
        messages = [*behind, *messages]
        behind.clear()
        return messages

    def keep_behind(messages: list[MarketMessage], message: MarketMessage) -> None:
        at = next(n for n, each in enumerate(messages) if each is message)
        behind.extend(messages[at + 1 :])

    if getattr(handoff, "at_once", False):

        def handle_frame(frame: bytes) -> int:
            before = desk.sent
            messages = decode(frame)
            if behind:
                messages = take_over(messages)
            try:
                for message in messages:
                    handle(message)
            except BaseException:
                keep_behind(messages, message)
                raise
            return desk.sent - before

        return handle_frame

    offer, drain, capacity = handoff.offer, handoff.drain, stages.capacity

    def make_room(message: MarketMessage) -> None:
        try:
            drain(capacity)
        finally:  # whatever the handler raised, an item has left
            offer(message)

    def on_frame(frame: bytes) -> int:
        before = desk.sent
        messages = decode(frame)
        if behind:
            messages = take_over(messages)
        try:
            for message in messages:
                if not offer(message):
                    make_room(message)
            drain(capacity)
        except BaseException:
            if messages:
                keep_behind(messages, message)
            raise
        return desk.sent - before

    return on_frame
