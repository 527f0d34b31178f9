"""What every bus codec must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from implementations.messages import Message

MAX_TEXT_BYTES: Final = 255
MAX_LEVELS: Final = 65_535


class BadPayloadError(ValueError):
    """Bytes that no encoder of this codec wrote; the message says what is wrong and where."""


class Codec(Protocol):
    """Domain messages (trade, quote, book, order, acknowledgement) to bytes for the bus, and back.

    Law: decode(encode(m)) has the same `astuple` as m, floats bit for bit, for every message a Decoder yields except
    Notice (which the bus does not carry: TypeError). Floats are finite. Strings are at most 255 bytes of UTF-8, a side
    of a book at most 65,535 levels: ValueError from encode otherwise. `decode` raises BadPayloadError on truncated,
    extended or foreign bytes; it never yields a wrong message for a truncated one. Bytes that differ from a payload in
    nothing but spelling (white space in JSON, the width of an integer in MessagePack) may be read or refused. The
    encoding is the same for equal messages, on every run and machine. Cost: linear in the bytes; an order's encoding
    is on the critical path (budget 10 us at p99). Threading: one codec a thread.
    """

    def encode(self, message: Message) -> bytes:
        """Return the payload of one message."""

    def decode(self, payload: bytes) -> Message:
        """Return the message of one payload, or raise BadPayloadError."""
