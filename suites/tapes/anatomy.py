"""Says what each frame of a tape is and does to its book: the labels of tail anatomy, the statistics of a tape.

A frame is read with the standard library and applied to plain sorted lists, independently of what is measured.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind: TypeAlias = Literal["trade", "quote", "update", "snapshot", "other"]
Action: TypeAlias = Literal["add", "delete", "change", "missing"]

RANK_BUCKETS: Final = ((1, "best"), (5, "1-4"), (10, "5-9"), (20, "10-19"))
"""Ranks below the figure bear the name, deeper ones "20+"; as in the captures' README."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What one level of an update did: the rank is that before a removal or change, and after an addition."""

    rank: int
    action: Action


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One message: `depth` counts the levels of both sides after it, `touches` is empty but for updates."""

    kind: Kind
    symbol: str
    frame_bytes: int
    levels: int
    depth: int
    touches: tuple[Touch, ...]
    moves_top: bool  # price or size of the best bid or ask changed

    def label(self) -> dict[str, str | int]:
        """Return what tail anatomy groups by."""
        ranks = [touch.rank for touch in self.touches]
        return {
            "kind": self.kind,
            "symbol": self.symbol,
            "bytes": self.frame_bytes,
            "levels": self.levels,
            "depth": depth_bucket(self.depth),
            "rank": rank_bucket(min(ranks)) if ranks else "none",
            "action": self.touches[0].action if self.touches else "none",
        }


class BookSide:
    """Levels by key, best first: the key is the price, negated for bids."""

    __slots__ = ("keys", "sign", "sizes")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[float] = []
        self.sizes: dict[float, float] = {}

    def best(self) -> tuple[float, float]:
        """Return key and size of the best level, zeros without one."""
        return (self.keys[0], self.sizes[self.keys[0]]) if self.keys else (0.0, 0.0)

    def set(self, price: float, size: float) -> Touch:
        """Set a level, or remove it with size 0."""
        key = self.sign * price
        rank = bisect_left(self.keys, key)
        if key not in self.sizes:
            if size == 0:
                return Touch(rank, "missing")
            self.keys.insert(rank, key)
            self.sizes[key] = size
            return Touch(rank, "add")
        if size == 0:
            del self.keys[rank], self.sizes[key]
            return Touch(rank, "delete")
        self.sizes[key] = size
        return Touch(rank, "change")


Books: TypeAlias = dict[str, tuple[BookSide, BookSide]]
"""Bids and asks by symbol."""


def dissect(frames: Iterable[bytes], books: Books | None = None) -> Iterator[Anatomy]:
    """Yield the anatomy of each frame in turn; of a frame with several messages, that of its last book message.

    A frame that is not what a decoder accepts is not expected here. `books`, where given, holds the books as they stand
    after the frame whose anatomy was yielded last.
    """
    books = {} if books is None else books
    for frame in frames:
        messages = json.loads(frame)
        message = next((m for m in reversed(messages) if m.get("T") == "o"), messages[-1] if messages else {})
        symbol = message.get("S", "")
        if message.get("T") != "o":
            kind: Kind = "trade" if message.get("T") == "t" else "quote" if message.get("T") == "q" else "other"
            depth = sum(len(side.keys) for side in books.get(symbol, ()))
            yield Anatomy(kind, symbol, len(frame), 0, depth, (), moves_top=False)
            continue
        yield _book(message, books, len(frame))


def _book(message: dict[str, list[dict[str, float]]], books: Books, size: int) -> Anatomy:
    symbol, reset = str(message["S"]), bool(message.get("r"))
    before = [side.best() for side in books.get(symbol, ())]
    if reset or symbol not in books:
        books[symbol] = BookSide(-1), BookSide(+1)
    sides = books[symbol]
    touches = tuple(
        side.set(level["p"], level["s"])
        for side, levels in zip(sides, (message["b"], message["a"]), strict=True)
        for level in levels
    )
    return Anatomy(
        "snapshot" if reset else "update",
        symbol,
        size,
        len(touches),
        sum(len(side.keys) for side in sides),
        () if reset else touches,
        moves_top=before != [side.best() for side in sides],
    )


def rank_bucket(rank: int) -> str:
    """Name the bucket of a rank."""
    return next((name for below, name in RANK_BUCKETS if rank < below), "20+")


def depth_bucket(depth: int) -> str:
    """Name the power of two that a number of levels lies in: 100 is "64-127"."""
    if depth == 0:
        return "0"
    low = 1 << (depth.bit_length() - 1)
    return f"{low}-{2 * low - 1}"
