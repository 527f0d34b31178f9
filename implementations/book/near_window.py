"""A short sorted window at the top of each side; the prices far from it lie unsorted."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from typing import TYPE_CHECKING, Final

from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from implementations.book.contract import Pairs
    from implementations.messages import BookLike

_REFILL: Final = 16  # prices that a window starts with
_FULL: Final = 32  # prices at which the worse half leaves it
_SPARE: Final = 256  # dead prices a side may hold beyond as many as are alive
_NOTHING: Final = float("-inf")


class _Side:
    """One side by key: a bid's key is its price, an ask's the negated price, so that higher is better on both.

    `sizes` holds every key. Keys at or above `floor` are in `near`, rising, the best last, all alive. The others are in
    `far`, in any order; a far key of size 0 is dead and goes when the window is refilled or the side compacted.
    `best` is `near[-1]`, or `_NOTHING`.
    """

    __slots__ = ("best", "far", "floor", "limit", "near", "sizes")

    def __init__(self, sizes: dict[float, float]) -> None:
        self.sizes = sizes
        self.near: list[float] = []
        self.far = list(sizes)
        self.refill()
        self.limit = 2 * len(sizes) + _SPARE

    def refill(self) -> None:
        """Move the best far keys into the empty window. The sort is O(n): all but the latest keys lie sorted."""
        near = self.near
        far = self.far
        sizes = self.sizes
        far.sort()
        while far and not near:
            for key in far[-_REFILL:]:
                if sizes[key]:
                    near.append(key)
                else:
                    del sizes[key]
            del far[-_REFILL:]
        self.floor = near[0] if far else _NOTHING
        self.best = near[-1] if near else _NOTHING

    def spill(self) -> None:
        """Move the worse half of the full window away."""
        near = self.near
        self.far += near[:-_REFILL]
        del near[:-_REFILL]
        self.floor = near[0]
        if len(self.sizes) > self.limit:
            self.compact()

    def compact(self) -> None:
        """Forget the dead, so that a side holds at most twice what lives, and a constant."""
        sizes = self.sizes
        self.far = [key for key in self.far if sizes[key]]
        self.sizes = {key: size for key, size in sizes.items() if size}
        self.limit = 2 * len(self.sizes) + _SPARE

    def walk(self) -> Iterator[tuple[float, float]]:
        """Return (key, size), best first; sorts what is far only when the window was not enough."""
        sizes = self.sizes
        for key in reversed(self.near):
            yield key, sizes[key]
        self.far.sort()
        for key in reversed(self.far):
            if sizes[key]:
                yield key, sizes[key]


@implementation(source="ours: docs/book.md", fixes="B3")
class NearWindowBook:
    """Sorts only where the market is: a change is one dict store, a far price one append, a near one a short insort.

    The top is remembered until a level at or above the best is touched. `apply` O(log window), and O(n) once in many
    calls when the window runs empty; `depth` O(levels) within the window, O(n) beyond it.
    """

    __slots__ = ("_asks", "_bids", "_top")

    def __init__(self) -> None:
        self._bids = _Side({})
        self._asks = _Side({})
        self._top: tuple[float, float, float, float] | None = None

    # Long, and its halves alike but for the sign: on this path a call for each side costs a quarter of the whole.
    def apply(self, message: BookLike) -> None:  # noqa: C901, PLR0912, PLR0915
        """Set or remove level by level; a removal above the floor leaves the window, below it only the size."""
        if message.reset:
            self._reset(message)
            return
        for level in message.bids:
            key = level.price
            size = level.size
            side = self._bids
            sizes = side.sizes
            if key in sizes:
                if size:
                    sizes[key] = size
                    if key < side.best:
                        continue
                elif key < side.floor:
                    sizes[key] = 0.0
                    continue
                else:
                    del sizes[key]
                    near = side.near
                    if key < side.best:
                        del near[bisect_left(near, key)]
                        continue
                    del near[-1]
                    if near:
                        side.best = near[-1]
                    else:
                        side.refill()
            elif size:
                sizes[key] = size
                if key < side.floor:
                    side.far.append(key)
                    if len(sizes) > side.limit:
                        side.compact()
                    continue
                near = side.near
                if key < side.best:
                    insort(near, key)
                    if len(near) > _FULL:
                        side.spill()
                    continue
                near.append(key)
                side.best = key
                if len(near) > _FULL:
                    side.spill()
            else:
                continue
            self._top = None
        for level in message.asks:
            key = -level.price
            size = level.size
            side = self._asks
            sizes = side.sizes
            if key in sizes:
                if size:
                    sizes[key] = size
                    if key < side.best:
                        continue
                elif key < side.floor:
                    sizes[key] = 0.0
                    continue
                else:
                    del sizes[key]
                    near = side.near
                    if key < side.best:
                        del near[bisect_left(near, key)]
                        continue
                    del near[-1]
                    if near:
                        side.best = near[-1]
                    else:
                        side.refill()
            elif size:
                sizes[key] = size
                if key < side.floor:
                    side.far.append(key)
                    if len(sizes) > side.limit:
                        side.compact()
                    continue
                near = side.near
                if key < side.best:
                    insort(near, key)
                    if len(near) > _FULL:
                        side.spill()
                    continue
                near.append(key)
                side.best = key
                if len(near) > _FULL:
                    side.spill()
            else:
                continue
            self._top = None

    def _reset(self, message: BookLike) -> None:
        self._bids = _Side({level.price: level.size for level in message.bids})
        self._asks = _Side({-level.price: level.size for level in message.asks})
        self._top = None

    def top(self) -> tuple[float, float, float, float]:
        """Return the remembered top, or look at the ends of the windows."""
        top = self._top
        if top is None:
            bids = self._bids
            asks = self._asks
            if bids.near and asks.near:
                bid = bids.best
                ask = asks.best
                top = (bid, bids.sizes[bid], -ask, asks.sizes[ask])
            else:
                top = (*next(bids.walk(), (0.0, 0.0)), *_ask(next(asks.walk(), (-0.0, 0.0))))
            self._top = top
        return top

    def depth(self, levels: int) -> tuple[Pairs, Pairs]:
        """Walk down from the best."""
        return list(islice(self._bids.walk(), levels)), [_ask(pair) for pair in islice(self._asks.walk(), levels)]


def _ask(pair: tuple[float, float]) -> tuple[float, float]:
    key, size = pair
    return -key, size
