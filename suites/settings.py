"""The suite's own options, and the tape they choose."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from suites.tapes import open_tape
from suites.tapes.wording import CAPTURE, FITTED, OF_CAPTURE
from tailgate import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.tapes import Tape

SETTINGS: Final = (
    Setting("capture", CAPTURE.text, "", CAPTURE.metavar, "files"),
    Setting("fitted", FITTED.text, "", FITTED.metavar, "file"),
    Setting("seed", "The seed of the generated tape.", 7, "N"),
    Setting(
        "messages", "Messages of the generated tape, or at most that many of a capture (0: all of it).", 20_000, "N"
    ),
    *(
        Setting(name, each.text, "resync" if name == "on_gap" else "", each.metavar)
        for name, each in OF_CAPTURE.items()
    ),
)
DEFAULTS: Final = {setting.name: setting.default for setting in SETTINGS}

CACHE: Final = Path(__file__).resolve().parents[1] / "build" / "tapes"


def tape_of(settings: Mapping[str, Any]) -> Tape:
    """Return the tape that the settings choose; kept in build/tapes, so that a worker loads it in a moment."""
    chosen = {**DEFAULTS, **settings}
    return _opened(
        *(chosen[name] for name in ("capture", "fitted", "seed", "messages", "symbols", "from", "to", "on_gap"))
    )


@lru_cache(maxsize=1)
def _opened(
    capture: str, fitted: str, seed: int, messages: int, symbols: str, start: str, end: str, on_gap: str
) -> Tape:
    """Open a tape once for all benchmarks of this process."""
    return open_tape(
        capture=capture or None,
        fitted=fitted,
        seed=seed,
        messages=messages,
        cache=CACHE,
        symbols=symbols,
        start=start,
        end=end,
        on_gap=on_gap,
    ).in_memory()
