"""Call two things at two rates, by an injected clock and an injected wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the short and the long thing are called, in seconds."""

    short_s: float
    long_s: float

    def __post_init__(self) -> None:
        """Refuse what would spin."""
        if not 0 < self.short_s <= self.long_s:
            raise TailgateError(
                f"an interval of {self.long_s} s, collected every {self.short_s} s: both must be above zero, "
                "and the interval the longer one"
            )


def run_rhythm(
    rhythm: Rhythm,
    short: Callable[[], None],
    long: Callable[[], None],
    *,
    monotonic_ns: Callable[[], int],
    wait: Callable[[float], bool],
) -> None:
    """Call `short` and `long` until `wait(seconds)` says to stop.

    Deadlines are multiples of the period from the start, so the rate does not drift; one that was missed (a suspended
    machine, a slow `long`) is left out, never made up for. Where both are due only `long` is called.
    """
    short_ns, long_ns = int(rhythm.short_s * 1e9), int(rhythm.long_s * 1e9)
    begun_ns = monotonic_ns()
    short_due, long_due = begun_ns + short_ns, begun_ns + long_ns
    while not wait(max(min(short_due, long_due) - monotonic_ns(), 0) / 1e9):
        now_ns = monotonic_ns()
        if now_ns >= long_due:
            long()
        elif now_ns >= short_due:
            short()
        now_ns = monotonic_ns()
        short_due = _next_due(short_due, begun_ns, short_ns, now_ns)
        long_due = _next_due(long_due, begun_ns, long_ns, now_ns)


def _next_due(due_ns: int, begun_ns: int, period_ns: int, now_ns: int) -> int:
    """Return the first deadline after now; one that is not yet due stays."""
    return due_ns if due_ns > now_ns else begun_ns + ((now_ns - begun_ns) // period_ns + 1) * period_ns
