"""The tape of a run: as much of it as one turn needs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suites.tapes import Tape, open_tape

if TYPE_CHECKING:
    from documents.wire.spec import RunSpec, TapeSpec

CACHE: Final = Path(".tailgate/tapes")


def tape_of(spec: TapeSpec) -> Tape:
    """Return a tape as it is specified; only how it is paced is no matter of its own."""
    chosen = asdict(spec)
    del chosen["pace"]
    return open_tape(**chosen, cache=CACHE)


def turn_of(spec: RunSpec) -> Tape:
    """Return the frames of one turn: the tape, or its beginning where the run is shorter."""
    return tape_of(spec.tape).head(spec.frames)
