"""What every decoder must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from implementations.messages import MarketMessage

MAX_FRAME_BYTES: Final = 4 * 1024 * 1024
"""A frame longer than this is refused unread: the longest snapshot in the captures is 81 kB."""

MAX_DEPTH: Final = 256
"""Arrays and objects may stand this deep in one another, the frame's own array included; documented frames reach 4."""

NOTICE_TAGS: Final = frozenset({"success", "error", "subscription", "b", "d", "u", "s", "l", "c", "x", "i", "n"})
"""The documented `T` of messages that carry no trade, quote or book: control, bars, statuses, bands, corrections."""


class BadFrameError(ValueError):
    """A frame that is refused whole: nothing of it reaches the book. The message says what is wrong and where."""


class Decoder(Protocol):
    """The bytes of one WebSocket frame (Alpaca market data, JSON) to domain messages.

    A frame is a UTF-8 JSON array (RFC 8259) of objects, each tagged by `T`: `t` trade, `q` quote, `o` order book; every
    other documented tag becomes a Notice. Fields that are not named here are ignored, whatever JSON they hold (a number
    no float can hold, an escaped half of a surrogate pair); of a field sent twice, `T` too, the last counts.
      t: S symbol, p price, s size, t time, i identifier (a number without fraction or exponent, 0 to 2**63 - 1)
      q: S, bp, bs, ap, as, t
      o: S, t, b and a (arrays of {p, s}), r (optional boolean, false when absent)
    Prices of trades and levels are above 0; sizes, and the prices of a quote (0: no such side), are 0 or above; all are
    JSON numbers that round to a finite float, and -0 is 0 (whether a zero keeps its sign is left open). A symbol is 1
    to 32 bytes of UTF-8, a time 1 to 40.
    Refused with BadFrameError, whole: bytes that are not UTF-8 or not JSON (NaN and Infinity are not, nor is a byte
    order mark), longer than MAX_FRAME_BYTES, nested deeper than MAX_DEPTH, not an array, an element that is not an
    object, an unknown or missing tag, a missing field, a field of the wrong type (true is no number, "1" is no number),
    a value out of range. An empty array is no message.
    Order: as in the frame. Cost: linear in the bytes. Threading: one decoder a thread.
    """

    def decode(self, frame: bytes) -> list[MarketMessage]:
        """Return the messages of one frame, or raise BadFrameError."""
