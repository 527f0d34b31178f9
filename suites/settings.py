"""The suite's own options, and the tape they choose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from suites.tapes import open_tape
from tailgate import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.tapes import Tape

SETTINGS: Final = (
    Setting(
        "capture", "Replay this capture instead of a generated tape (Coinbase, Kraken or Binance).", "", "FILE", "file"
    ),
    Setting("seed", "The seed of the generated tape.", 7, "N"),
    Setting(
        "messages", "Messages of the generated tape, or at most that many of a capture (0: all of it).", 20_000, "N"
    ),
)
DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}

CACHE: Final = Path(__file__).resolve().parents[1] / "build" / "tapes"


def tape_of(settings: Mapping[str, Any]) -> Tape:
    """Give the tape that the settings choose; kept in build/tapes, so that a worker loads it in a moment."""
    chosen = {**DEFAULTS, **settings}
    return open_tape(capture=chosen["capture"] or None, seed=chosen["seed"], messages=chosen["messages"], cache=CACHE)
