"""Fits the generator to a tape: a statistical twin of data that need not, or must not, be shared.

What can be read off a tape is: symbols, prices, depths, how many levels an update touches. What comes out of the
generator otherwise than it goes in (a rank touched may be clamped, a trade makes an update) is found by turns:
generate, compare, correct. Symbols keep their names, prices begin where the tape's did; no message of the tape is kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import accumulate, pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from suites.tapes.anatomy import RANK_BUCKETS, Books, BookSide, dissect
from suites.tapes.generator import generate
from suites.tapes.hawkes_fit import fit_arrivals
from suites.tapes.market import Instrument, Market
from suites.tapes.profile import Counts, Profile, profile
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.tapes.tape import Tape

TURNS: Final = 5
LEAST_UPDATES: Final = 100
_GENERATED: Final = (2_000, 10_000)
"""Least and most messages of the tapes that are compared with it."""

_RANKS: Final = (*(name for _, name in RANK_BUCKETS), "20+")
_LEAST_DEPTH: Final = 12
_SHARES: Final = 10_000
_BATCHED: Final = 2.0
_LEVEL_GROUPS: Final = 50
_LOOKED_AT: Final = 2_000
_NEAR: Final = 50
_MOST_DIGITS: Final = 10


@dataclass(slots=True)
class _Seen:
    """What is read off one symbol's book: levels a side (least, most), spreads, decimals."""

    least: int = 1 << 30
    most: int = 0
    spreads: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    mid: float = 0.0
    price_digits: int = 0
    size_digits: int = 0


@dataclass(slots=True)
class _Followed:
    """How often a top that moves is followed by a quote, and a trade by an update, of the same symbol."""

    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    last: dict[str, str] = field(default_factory=dict)

    def take(self, symbol: str, kind: str) -> None:
        """Count a message behind the symbol's last."""
        self.kinds[self.last.get(symbol, ""), kind] += 1
        self.last[symbol] = kind

    def share(self, before: str, after: str) -> float:
        """Return how often one kind comes behind another."""
        each = sum(count for (first, _), count in self.kinds.items() if first == before)
        return self.kinds[before, after] / each if each else 0.0


def fit(tape: Tape, turns: int = TURNS) -> tuple[Market, Profile]:
    """Return the generator's parameters for a tape, and the tape's statistics; TailgateError where it has no books."""
    books: Books = {}
    seen: dict[str, _Seen] = {}
    counts, followed = Counts(), _Followed()
    for time_ns, each in zip(tape.times_ns, dissect(tape.frames, books), strict=True):
        counts.take(time_ns, each)
        followed.take(each.symbol, "top" if each.moves_top and each.kind == "update" else each.kind)
        if each.kind in {"update", "snapshot"}:
            _look(seen.setdefault(each.symbol, _Seen()), *books[each.symbol])
    captured = counts.profile()
    if (updates := sum(captured.levels.values())) < LEAST_UPDATES or captured.seconds < 2:
        raise TailgateError(
            f"{tape.name} has {updates} book updates in {captured.seconds:.1f} s; a fit needs {LEAST_UPDATES} in 2 s",
            hint="name a longer capture, or one with order books",
        )
    market = _first(captured, seen, followed)
    length = min(max(captured.messages, _GENERATED[0]), _GENERATED[1])
    for turn in range(turns):
        market = _corrected(market, captured, profile(generate(turn, length, market)))
    return market, captured


def _look(seen: _Seen, bids: BookSide, asks: BookSide) -> None:
    if not (bids.keys and asks.keys):
        return
    seen.least = min(seen.least, len(bids.keys), len(asks.keys))
    seen.most = max(seen.most, len(bids.keys), len(asks.keys))
    if len(seen.spreads) >= _LOOKED_AT:
        return
    if not seen.spreads:
        seen.mid = (asks.keys[0] - bids.keys[0]) / 2
        for side in (bids, asks):
            near = side.keys[:_NEAR]
            seen.gaps += [after - before for before, after in pairwise(near)]
            seen.price_digits = max(seen.price_digits, *map(_digits, near))
            seen.size_digits = max(seen.size_digits, *(_digits(side.sizes[key]) for key in near))
    seen.spreads.append(asks.keys[0] + bids.keys[0])
    seen.price_digits = max(seen.price_digits, _digits(asks.keys[0]), _digits(bids.keys[0]))


def _digits(value: float) -> int:
    """Count the decimals of the shortest text that is this float: those of the decimal that was sent."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return min(_MOST_DIGITS, max(0, -exponent)) if isinstance(exponent, int) else 0


def _first(captured: Profile, seen: Mapping[str, _Seen], followed: _Followed) -> Market:
    """Return the parameters as they are read off."""
    symbols = [symbol for symbol in captured.symbols if symbol in seen and seen[symbol].most]
    total = sum(captured.symbols[symbol] for symbol in symbols)
    instruments = tuple(
        _instrument(symbol, max(1, round(captured.symbols[symbol] / total * _SHARES)), seen[symbol])
        for symbol in symbols
    )
    kinds, actions = captured.kinds, captured.actions
    trades = kinds.get("trade", 0.0)
    told = 0.0  # updates of many levels are sent by the clock, not by the trade
    if captured.levels_per_update < _BATCHED:
        told = followed.share("trade", "update") + followed.share("trade", "top")
        told = min(told, kinds["update"] / trades) if trades else 1.0
    after_top = followed.share("top", "quote")
    quotes = max(0.0, kinds.get("quote", 0.0) - after_top * captured.moves_top * kinds["update"])
    held = 1 - actions.get("missing", 0.0)
    counts, edges = _level_counts(captured.levels)
    return Market(
        instruments=instruments,
        arrivals=fit_arrivals(captured, tuple(each.share for each in instruments)),
        trade_share=trades,
        snapshot_share=max(0.0, kinds.get("snapshot", 0.0) - len(instruments) / captured.messages),
        quote_share=quotes,
        quote_after_top=after_top,
        trade_update_share=told,
        level_counts=counts,
        level_edges=edges,
        missing_delete_share=actions.get("missing", 0.0),
        rank_edges=_edges([captured.ranks.get(name, 0.0) for name in _RANKS]),
        add_share=actions.get("add", 0.0) / held,
        delete_share=actions.get("delete", 0.0) / held,
    )


def _instrument(symbol: str, share: int, seen: _Seen) -> Instrument:
    tick = 10.0**-seen.price_digits
    mid = max(2 * _LEAST_DEPTH, round(seen.mid / tick))
    most = min(max(_LEAST_DEPTH + 8, seen.most), mid // 2)
    floor = max(_LEAST_DEPTH, min(seen.least, int(most * 0.95)))  # where all books are cut at one depth: room to move
    gap = round(median(seen.gaps) / tick) if seen.gaps else 1
    spread = max(1, round(median(seen.spreads) / tick))
    return Instrument(
        symbol,
        share,
        seen.price_digits,
        seen.size_digits,
        mid,
        min(spread, mid // 4),
        max(1, min(gap, mid // (4 * most))),
        max(most, floor + 8),
        floor,
    )


def _level_counts(levels: Mapping[int, int]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return how many levels updates touch: each number where they are few, else the means of equal groups."""
    total = sum(levels.values())
    if len(levels) <= _LEVEL_GROUPS:
        return tuple(levels), _edges([count / total for count in levels.values()])
    sizes = list(Counter(levels).elements())
    groups = [sizes[total * at // _LEVEL_GROUPS : total * (at + 1) // _LEVEL_GROUPS] for at in range(_LEVEL_GROUPS)]
    made, owed = [], 0.0
    for group in groups:
        mean = sum(group) / len(group) + owed  # what rounding leaves is owed to the next
        made.append(max(1, round(mean)))
        owed = mean - made[-1]
    return tuple(made), _edges([1 / len(made)] * len(made))


def _edges(shares: list[float]) -> tuple[float, ...]:
    """Return the inner edges of consecutive shares, which need not add up to 1."""
    total = sum(shares)
    return tuple(round(edge, 9) for edge in accumulate(share / total for share in shares[:-1]))


def _shares_of(edges: tuple[float, ...]) -> list[float]:
    return [after - before for before, after in pairwise((0.0, *edges, 1.0))]


def _corrected(market: Market, wanted: Profile, found: Profile) -> Market:
    """Move every share towards what the tape has, by what it missed."""

    def missed(of: str, kind: str) -> float:
        return float(getattr(wanted, of).get(kind, 0.0) - getattr(found, of).get(kind, 0.0))

    old = zip(_shares_of(market.rank_edges), _RANKS, strict=True)
    ranks = [max(1e-6, share + missed("ranks", name)) for share, name in old]
    change = 1 - market.add_share - market.delete_share
    actions = [
        max(0.0, share + missed("actions", name))
        for share, name in ((market.add_share, "add"), (market.delete_share, "delete"), (change, "change"))
    ]
    trades = max(0.0, market.trade_share + missed("kinds", "trade"))
    quotes = max(0.0, market.quote_share + missed("kinds", "quote"))
    most = max(1.0, (trades + quotes + market.snapshot_share) / 0.99)
    best_first = market.first_best_share
    if wanted.levels_per_update > _BATCHED:  # where an update touches one level, it moves the top by its rank
        best_first = min(1.0, max(0.0, best_first + wanted.moves_top - found.moves_top))
    return replace(
        market,
        rank_edges=_edges(ranks),
        add_share=actions[0] / sum(actions),
        delete_share=actions[1] / sum(actions),
        missing_delete_share=min(0.9, max(0.0, market.missing_delete_share + missed("actions", "missing"))),
        trade_share=trades / most,
        quote_share=quotes / most,
        first_best_share=best_first,
    )
