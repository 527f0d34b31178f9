"""The statistics by which a generated tape is held against captured ones."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, linear_regression, pstdev, pvariance
from typing import TYPE_CHECKING, Final

from suites.tapes.anatomy import dissect, rank_bucket

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from suites.tapes.tape import Tape

WINDOWS_NS: Final = (10_000_000, 100_000_000, 1_000_000_000)


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares are of 1; `fano` is the variance over the mean of the counts in 10 ms, 100 ms and 1 s."""

    kinds: Mapping[str, float]
    actions: Mapping[str, float]
    ranks: Mapping[str, float]
    moves_top: float  # of the updates
    levels_per_update: float
    rate_per_s: float
    gap_cv: float  # standard deviation of the gaps over their mean
    fano: tuple[float, ...]
    symbol_slope: float  # of log(messages) over log(rank of the symbol); 0 for a single symbol


def profile(tape: Tape) -> Profile:
    """Compute the statistics of a tape, which has at least an update and lasts at least two seconds."""
    anatomies = list(dissect(tape.frames))
    updates = [each for each in anatomies if each.kind == "update"]
    touches = [touch for each in updates for touch in each.touches]
    times_ns = [time_ns - tape.times_ns[0] for time_ns in tape.times_ns]
    gaps_ns = [after - before for before, after in pairwise(times_ns)]
    return Profile(
        kinds=_shares(each.kind for each in anatomies),
        actions=_shares(touch.action for touch in touches),
        ranks=_shares(rank_bucket(touch.rank) for touch in touches),
        moves_top=fmean(each.moves_top for each in updates),
        levels_per_update=len(touches) / len(updates),
        rate_per_s=len(gaps_ns) / times_ns[-1] * 1e9,
        gap_cv=pstdev(gaps_ns) / fmean(gaps_ns),
        fano=tuple(_fano(times_ns, window_ns) for window_ns in WINDOWS_NS),
        symbol_slope=_slope(Counter(each.symbol for each in anatomies)),
    )


def _shares(values: Iterable[Hashable]) -> dict[str, float]:
    counts = Counter(map(str, values))
    return {value: count / counts.total() for value, count in sorted(counts.items())}


def _fano(times_ns: Sequence[int], window_ns: int) -> float:
    """Count per whole window; the last, which the tape does not fill, is left out."""
    windows = times_ns[-1] // window_ns
    filled = Counter(time_ns // window_ns for time_ns in times_ns)
    counts = [filled[window] for window in range(windows)]
    return pvariance(counts) / fmean(counts)


def _slope(symbols: Counter[str]) -> float:
    if len(symbols) == 1:
        return 0.0
    counts = [count for _, count in symbols.most_common()]
    ranks = range(1, len(counts) + 1)
    return linear_regression([math.log(rank) for rank in ranks], [math.log(count) for count in counts]).slope
