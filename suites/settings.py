"""The suite's own options, and the tape they choose."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from suites.tapes import open_tape
from tailgate import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.tapes import Tape

SETTINGS: Final = (
    Setting(
        "capture",
        "Replay this capture instead of a generated tape: a file, several with commas between, or a folder.",
        "",
        "FILE",
        "files",
    ),
    Setting("seed", "The seed of the generated tape.", 7, "N"),
    Setting(
        "messages", "Messages of the generated tape, or at most that many of a capture (0: all of it).", 20_000, "N"
    ),
    Setting("symbols", "Symbols of a capture, with commas between; all where none is named.", "", "A,B"),
    Setting("from", "Begin a capture here: a time, epoch seconds, or +SECONDS from its start.", "", "TIME"),
    Setting("to", "End a capture before this.", "", "TIME"),
    Setting("on_gap", "At a gap of a capture: resync from the next snapshot, or stop.", "resync", "resync|stop"),
)
DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}

CACHE: Final = Path(__file__).resolve().parents[1] / "build" / "tapes"


def tape_of(settings: Mapping[str, Any]) -> Tape:
    """Return the tape that the settings choose; kept in build/tapes, so that a worker loads it in a moment."""
    chosen = {**DEFAULTS, **settings}
    return _opened(*(chosen[name] for name in ("capture", "seed", "messages", "symbols", "from", "to", "on_gap")))


@lru_cache(maxsize=1)
def _opened(capture: str, seed: int, messages: int, symbols: str, start: str, end: str, on_gap: str) -> Tape:
    """Open a tape once for all benchmarks of this process."""
    return open_tape(
        capture=capture or None,
        seed=seed,
        messages=messages,
        cache=CACHE,
        symbols=symbols,
        start=start,
        end=end,
        on_gap=on_gap,
    ).in_memory()
