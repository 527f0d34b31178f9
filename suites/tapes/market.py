"""What is traded on a generated tape, and how often what happens to a book.

The figures are fitted to the captures; docs/tapes.md says how far, and tests/harness/test_suites_generator.py holds
them there. Random choices use whole-number shares or random() alone, so that a tape is the same on every Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from suites.tapes.arrivals import AS_COINBASE, Arrivals


@dataclass(frozen=True, slots=True)
class Instrument:
    """One symbol: prices in ticks of 10**-price_digits, sizes in lots of 10**-size_digits."""

    symbol: str
    share: int  # of the messages, in 10,000
    price_digits: int
    size_digits: int
    mid_ticks: int  # where the tape starts
    spread_ticks: int  # the best bid and ask are kept about this far apart
    gap_ticks: int  # mean distance of neighbouring levels on the starting book
    depth: int  # most levels a side
    floor: int  # least levels a side


INSTRUMENTS: Final = (
    # shares fall as rank**-1.5; the captures' slopes are -1.1 to -2.1
    Instrument("BTC/USD", 5012, 2, 8, 6_183_763, 60, 150, 1341, 1250),
    Instrument("ETH/USD", 1772, 2, 8, 268_394, 12, 20, 980, 900),
    Instrument("SOL/USD", 964, 3, 6, 152_637, 10, 20, 720, 660),
    Instrument("DOGE/USD", 626, 5, 2, 10_184, 3, 4, 560, 510),
    Instrument("XRP/USD", 448, 5, 3, 59_872, 8, 15, 430, 390),
    Instrument("AVAX/USD", 341, 3, 4, 21_946, 6, 8, 330, 295),
    Instrument("LINK/USD", 271, 3, 5, 10_427, 5, 5, 240, 210),
    Instrument("LTC/BTC", 221, 7, 6, 9_964, 4, 6, 160, 135),
    Instrument("UNI/USD", 186, 3, 4, 6_218, 5, 6, 100, 80),
    Instrument("SHIB/USD", 158, 8, 0, 1_397, 2, 2, 75, 60),
)


@dataclass(frozen=True, slots=True)
class Market:
    """All that a generated tape is drawn from but the seed; the defaults are those of the tapes that runs use.

    Shares are of 1, edges are cumulated shares. What starts at an arrival: a trade is followed by the book update that
    it caused (in `trade_update_share` of the cases), so it makes two messages of one arrival's choice; a quote may
    follow a change of the best price, or come by itself.
    """

    instruments: tuple[Instrument, ...] = INSTRUMENTS
    arrivals: Arrivals = AS_COINBASE
    trade_share: float = 0.025
    snapshot_share: float = 0.0004
    quote_share: float = 0.0
    quote_after_top: float = 0.30
    trade_update_share: float = 1.0
    level_counts: tuple[int, ...] = (2, 1)  # how many levels an update touches, by level_edges
    level_edges: tuple[float, ...] = (0.02,)
    first_best_share: float = 0.0  # of the updates; their first level is the best one whatever the ranks
    sweep_share: float = 0.10  # of the trades; they empty two to four levels
    missing_delete_share: float = 0.01  # of the levels; Binance removes some that are not held, and a book must bear it
    # Ranks touched, by RANK_STARTS. The captures' means are .185 .375 .175 .165 .10; the best gets less here because a
    # trade's update touches it too.
    rank_edges: tuple[float, ...] = (0.165, 0.545, 0.720, 0.885)
    # Add, delete, change: .32 .325 .355 is midway between the captures.
    add_share: float = 0.32
    delete_share: float = 0.32


RANK_STARTS: Final = (0, 1, 5, 10, 20)
"""Where the buckets of ranks begin: best, 1-4, 5-9, 10-19, 20 and deeper."""

DEFAULT: Final = Market()
