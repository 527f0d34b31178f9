"""What the options of a tape are called and mean, wherever they stand. No library is imported: workers read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Help:
    """What an option of a tape is, wherever it stands."""

    metavar: str
    text: str


OF_CAPTURE: Final = {
    "symbols": Help("A,B", "Symbols of a capture, with commas between; all where none is named."),
    "from": Help("TIME", "Begin a capture here: a time, epoch seconds, or +SECONDS from its start."),
    "to": Help("TIME", "End a capture before this."),
    "on_gap": Help("resync|stop", "At a gap of a capture: resync from the next snapshot, or stop."),
}
CAPTURE: Final = Help(
    "FILE", "Replay this capture instead of a generated tape: a file, several with commas between, or a folder."
)
FITTED: Final = Help("FILE", "Generate the tape with the parameters that `nox -s tape -- CAPTURE --fit FILE` wrote.")
