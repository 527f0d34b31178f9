"""What is traded on a generated tape, and how often what happens to a book.

The figures are fitted to the captures; docs/tapes.md says how far, and tests/harness/test_suites_generator.py holds
them there. Random choices use whole-number shares or random() alone, so that a tape is the same on every Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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

# What starts at an arrival. A trade is followed by the book update it caused, so it makes two messages of one arrival's
# choice; a quote may follow a change of the best price.
TRADE_SHARE: Final = 0.025
SNAPSHOT_SHARE: Final = 0.0004
QUOTE_AFTER_TOP: Final = 0.30
TWO_LEVELS_SHARE: Final = 0.02
SWEEP_SHARE: Final = 0.10  # of the trades; they empty two to four levels
MISSING_DELETE_SHARE: Final = 0.01  # of the updates; Binance removes levels that are not held, and a book must bear it

# Ranks touched (best, 1-4, 5-9, 10-19, 20 and deeper), cumulated. The captures' means are .185 .375 .175 .165 .10; the
# best gets less here because a trade's update touches it too.
RANK_EDGES: Final = (0.165, 0.545, 0.720, 0.885)
RANK_STARTS: Final = (0, 1, 5, 10, 20)

# Add, delete, change: .32 .325 .355 is midway between the captures.
ADD_SHARE: Final = 0.32
DELETE_SHARE: Final = 0.32
