"""The fix of B1: from bytes to typed structures in one step, no dict in between.

The structures have the attributes of `implementations.messages` and live outside the garbage collector's lists
(gc=False: they hold no cycles). Their constraints refuse in C what the contract refuses. Three things msgspec does not
judge: the text of a field that it skips, the bytes of a symbol or a time (it counts characters), and the depth of a
field that it skips. So a frame that is not ASCII, or escapes a character, is read thoroughly, and the depth is guarded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct, field

from implementations.decode._guard import SHORT_BYTES, guard
from implementations.decode._thorough import decode_thoroughly
from implementations.decode.contract import NOTICE_TAGS
from implementations.messages import BOOK, NOTICE, QUOTE, TRADE
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.messages import MarketMessage

Symbol = Annotated[str, Meta(min_length=1, max_length=32)]
Time = Annotated[str, Meta(min_length=1, max_length=40)]
Above = Annotated[float, Meta(gt=0)]
NotBelow = Annotated[float, Meta(ge=0)]
Identifier = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Tagged(Struct, tag_field="T", gc=False):
    """Fields stand in the order of the wire: the parser looks for the next one first."""


class Trade(_Tagged, tag="t", gc=False):
    """One print of a trade."""

    kind: ClassVar[int] = TRADE
    symbol: Symbol = field(name="S")
    identifier: Identifier = field(name="i")
    price: Above = field(name="p")
    size: NotBelow = field(name="s")
    time: Time = field(name="t")


class Quote(_Tagged, tag="q", gc=False):
    """The best bid and ask of one symbol."""

    kind: ClassVar[int] = QUOTE
    symbol: Symbol = field(name="S")
    bid_price: NotBelow = field(name="bp")
    bid_size: NotBelow = field(name="bs")
    ask_price: NotBelow = field(name="ap")
    ask_size: NotBelow = field(name="as")
    time: Time = field(name="t")


class Level(Struct, gc=False):
    """One price level of a book message."""

    price: Above = field(name="p")
    size: NotBelow = field(name="s")


class Book(_Tagged, tag="o", gc=False):
    """A change of one symbol's book."""

    kind: ClassVar[int] = BOOK
    symbol: Symbol = field(name="S")
    time: Time = field(name="t")
    bids: list[Level] = field(name="b")
    asks: list[Level] = field(name="a")
    reset: bool = field(name="r", default=False)


def _notice(tag: str) -> type[Struct]:
    """Make the empty structure of one tag: what a Notice tells is its class."""
    return msgspec.defstruct(
        f"Notice_{tag}",
        [],
        bases=(_Tagged,),
        namespace={"kind": NOTICE, "tag": tag},
        tag_field="T",
        tag=tag,
        gc=False,
    )


def _frame_type() -> Any:
    union: Any = Trade | Quote | Book
    for tag in sorted(NOTICE_TAGS):
        union |= _notice(tag)
    return list[union]


@implementation(source="msgspec: tagged unions of structures, decoded by type", fixes="B1")
class MsgspecDecoder:
    """Refuses more than the contract only in rare frames, which are read again: see `_thorough`."""

    __slots__ = ("decode",)

    def __init__(self) -> None:
        self.decode = _reader(msgspec.json.Decoder(_frame_type()).decode)


def _reader(typed: Callable[[bytes], list[MarketMessage]]) -> Callable[[bytes], list[MarketMessage]]:
    """Return `decode` as a closure: a method would look up `self` and its parser for each frame."""

    def decode(frame: bytes) -> list[MarketMessage]:
        if len(frame) > SHORT_BYTES:
            guard(frame)
        if frame.isascii() and b"\\" not in frame:
            try:
                return typed(frame)
            except (msgspec.DecodeError, RecursionError):
                pass
        return decode_thoroughly(frame)

    return decode
