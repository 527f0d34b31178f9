"""When each frame is meant to be sent: from the tape's own gaps, scaled to a rate, or evenly."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from documents.wire.spec import Pace

NS_IN_S: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """Intended times in nanoseconds from the start; one turn of the tape follows the other."""

    offsets_ns: array[int]
    turn_ns: int

    def at(self, index: int) -> int:
        """Return the intended time of a frame, counted over all turns."""
        turn, place = divmod(index, len(self.offsets_ns))
        return turn * self.turn_ns + self.offsets_ns[place]


def make_schedule(times_ns: Sequence[int], rate: float, pace: Pace) -> Schedule:
    """Make a schedule of `rate` frames a second on the average over a turn; `times_ns` never falls."""
    count = len(times_ns)
    turn_ns = round(count / rate * NS_IN_S)
    if pace == "fixed":
        return Schedule(array("q", (round(place / rate * NS_IN_S) for place in range(count))), turn_ns)
    first, last = times_ns[0], times_ns[-1]
    # One mean gap belongs to the turn after its last frame, so that turns follow one another at the same rate.
    scale = turn_ns * (count - 1) / count / (last - first) if last > first else 0.0
    return Schedule(array("q", (round((time - first) * scale) for time in times_ns)), turn_ns)
