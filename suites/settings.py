"""The suite's own options, and the tape they choose."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from suites.tapes import open_tape
from suites.tapes.wording import CAPTURE, FITTED, OF_CAPTURE
from tailgate import Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    return _in_memory(*_chosen(settings))


def inspect(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Open the tape before any worker does; return what of a capture it lacks. TailgateError where it is none."""
    from tailgate.terminal.progress import on_stderr  # noqa: PLC0415  of the coordinator alone

    return _open(*_chosen(settings), progress=on_stderr("reading the capture")).notes


def _chosen(settings: Mapping[str, Any]) -> tuple[str, str, int, int, str, str, str, str]:
    chosen = {**DEFAULTS, **settings}
    cut = (chosen["symbols"], chosen["from"], chosen["to"], chosen["on_gap"])
    return chosen["capture"], chosen["fitted"], chosen["seed"], chosen["messages"], *cut


@lru_cache(maxsize=1)
def _in_memory(*chosen: Any) -> Tape:
    """Open a tape once for all benchmarks of this process."""
    return _open(*chosen).in_memory()


def _open(  # noqa: PLR0913  each but the last is a setting
    capture: str,
    fitted: str,
    seed: int,
    messages: int,
    symbols: str,
    start: str,
    end: str,
    on_gap: str,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Tape:
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
        progress=progress,
    )
