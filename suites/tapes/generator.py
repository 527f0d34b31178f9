"""Generates a tape from a seed: ten books that behave, statistically, as the captured ones do.

Equal arguments give equal bytes on every CPython >= 3.11: only Random.random and Random.getrandbits are used, whose
values are guaranteed never to change; no set is iterated and no float is summed by the library.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Final

from suites.tapes.arrivals import hawkes
from suites.tapes.frames import Rfc3339, book_frame, decimal_text, quote_frame, trade_frame
from suites.tapes.ladder import Ladder
from suites.tapes.market import DEFAULT, RANK_STARTS
from suites.tapes.tape import Tape, make_tape
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from suites.tapes.market import Instrument, Market

    Frame = Callable[[str], bytes]  # a frame that still wants its time

GENERATOR_VERSION: Final = 1
"""Raised by every change that changes a tape: it is part of the cache's key, and the golden digests change with it."""

START_EPOCH_NS: Final = 1_731_398_400_000_000_000  # 2024-11-12T08:00:00Z
_FIRST_TRADE: Final = 7_000_000_000_000


def generate(seed: int, messages: int, market: Market = DEFAULT) -> Tape:
    """Generate a tape of `messages` frames of a market; TailgateError for fewer than one, or a seed below 0."""
    if seed < 0:
        raise TailgateError(f"the seed {seed} is below 0", hint="give --seed a whole number from 0 on")
    if messages < 1:
        raise TailgateError(
            f"a tape of {messages} messages was asked for, and it needs at least one",
            hint="give --messages a number above 0",
        )
    shares = tuple(instrument.share for instrument in market.instruments)
    arrivals = hawkes(Random(seed * 2), shares, market.arrivals)
    clock = Rfc3339()
    times_ns = array("q")
    frames: list[bytes] = []
    for time_ns, frame in islice(_timed(arrivals, Exchange(Random(seed * 2 + 1), market)), messages):
        times_ns.append(time_ns)
        frames.append(frame(clock.write(START_EPOCH_NS + time_ns)))
    return make_tape(f"{'generated' if market == DEFAULT else 'fitted'}-{seed}", frames, times_ns)


def _timed(arrivals: Iterator[tuple[int, int]], exchange: Exchange) -> Iterator[tuple[int, Frame]]:
    """Yield each arrival's time and frame: first the snapshots of a subscription, then what the exchange does."""
    for frame, (time_ns, _) in zip(exchange.subscribe(), arrivals, strict=False):
        yield time_ns, frame
    waiting: list[Frame] = []
    for time_ns, symbol in arrivals:
        if not waiting:
            waiting = exchange.act(symbol)[::-1]
        yield time_ns, waiting.pop()


class Exchange:
    """The books of all symbols and the random changes to them."""

    __slots__ = ("_books", "_market", "_rng", "_trades")

    def __init__(self, rng: Random, market: Market) -> None:
        self._rng = rng
        self._market = market
        self._trades = _FIRST_TRADE
        self._books = [(i, Ladder(rng, market, i, -1), Ladder(rng, market, i, +1)) for i in market.instruments]

    def subscribe(self) -> Iterator[Frame]:
        """Return a snapshot of each book, the busiest symbol's first."""
        return (_snapshot(*book) for book in self._books)

    def act(self, symbol: int) -> list[Frame]:
        """Let something happen to a symbol; return the one, two or three frames that tell of it."""
        market, (instrument, bids, asks) = self._market, self._books[symbol]
        choice = self._rng.random()
        if choice < market.snapshot_share:
            return [_snapshot(instrument, bids, asks)]
        if choice >= 1 - market.quote_share:
            return [_quote(instrument, bids, asks)]
        best = bids.keys[0], asks.keys[0]
        if choice < market.snapshot_share + market.trade_share:
            frames = self._trade(instrument, bids, asks)
        else:
            frames = [self._update(instrument, bids, asks)]
        if best != (bids.keys[0], asks.keys[0]) and self._rng.random() < market.quote_after_top:
            frames.append(_quote(instrument, bids, asks))
        return frames

    def _update(self, instrument: Instrument, bids: Ladder, asks: Ladder) -> Frame:
        """Change as many levels as updates do, most often one."""
        rng, market = self._rng, self._market
        changed: dict[int, list[tuple[str, str]]] = {-1: [], +1: []}
        levels = market.level_counts[bisect_right(market.level_edges, rng.random())]
        best_first = bool(market.first_best_share) and rng.random() < market.first_best_share
        for number in range(levels):
            side = asks if rng.random() < 0.5 else bids
            rank = 0 if best_first and not number else self._rank(len(side.keys))
            if rng.random() < market.missing_delete_share:
                level = side.missing_key(rank), 0
            else:
                level = side.touch(rank, bids.keys[0] + asks.keys[0])
            changed[side.sign].append(side.text(*level))
        return _book(instrument, changed[-1], changed[+1])

    def _trade(self, instrument: Instrument, bids: Ladder, asks: Ladder) -> list[Frame]:
        """Let a taker meet the best level: a trade, then the update that says what is left, if there is one."""
        rng, market = self._rng, self._market
        taker, side = ("B", asks) if rng.random() < 0.5 else ("S", bids)
        best = side.keys[0]
        lots = side.lots[best]
        price = side.text(best, lots)[0]
        told = market.trade_update_share == 1 or rng.random() < market.trade_update_share
        if told and rng.random() < market.sweep_share:
            taken, levels = lots, [side.remove(0) for _ in range(2 + rng.getrandbits(1) + rng.getrandbits(1))]
        else:
            taken = 1 + int(rng.random() * rng.random() * 2 * lots)
            levels = [side.remove(0) if taken >= lots else side.put(best, lots - taken)] if told else []
        size = decimal_text(min(taken, lots), instrument.size_digits)
        self._trades += 1 + rng.getrandbits(3)
        identifier, symbol = self._trades, instrument.symbol
        frames: list[Frame] = [lambda when: trade_frame(symbol, when, price, size, identifier, taker)]
        if told:
            texts = [side.text(*level) for level in levels]
            frames.append(_book(instrument, *(([], texts) if side is asks else (texts, []))))
        return frames

    def _rank(self, depth: int) -> int:
        """Draw the rank that is touched; behind the twentieth, ever rarer down to the last."""
        bucket = bisect_right(self._market.rank_edges, self._rng.random())
        start = RANK_STARTS[bucket]
        if bucket == len(self._market.rank_edges):
            u = self._rng.random()
            return start + int(u * u * u * (depth + 1 - start))
        return start + int(self._rng.random() * (RANK_STARTS[bucket + 1] - start))


def _book(instrument: Instrument, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> Frame:
    return lambda when: book_frame(instrument.symbol, when, bids, asks)


def _snapshot(instrument: Instrument, bids: Ladder, asks: Ladder) -> Frame:
    levels = bids.texts(), asks.texts()
    return lambda when: book_frame(instrument.symbol, when, *levels, reset=True)


def _quote(instrument: Instrument, bids: Ladder, asks: Ladder) -> Frame:
    bid, ask = (side.text(side.keys[0], side.lots[side.keys[0]]) for side in (bids, asks))
    return lambda when: quote_frame(instrument.symbol, when, bid, ask)
