"""The CRC-32 that Kraken and OKX send with their books, computed of a mirror of texts as they were written."""

from __future__ import annotations

import zlib
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suites.tapes.captures.mirror import Mirror


def kraken_checksum(book: Mirror, depth: int) -> int:
    """Return the checksum of the best levels: asks, then bids, each price and size without point and leading zeros."""
    levels = chain(book.asks.best(depth), book.bids.best(depth))
    return zlib.crc32("".join([_bare(text) for level in levels for text in level[2:]]).encode())


def okx_checksum(book: Mirror, depth: int) -> int:
    """Return the signed checksum of the best levels, bid and ask in turn, as `price:size` joined by colons."""
    pairs = zip_longest(book.bids.best(depth), book.asks.best(depth))
    text = ":".join([text for pair in pairs for level in pair if level for text in level[2:]])
    value = zlib.crc32(text.encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def _bare(text: str) -> str:
    return text.replace(".", "").lstrip("0")


def digits_of(text: str) -> int:
    """Count the decimals of a number."""
    return len(text.partition(".")[2])
