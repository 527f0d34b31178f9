"""The tape of a run: as much of it as one turn needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from suites.tapes import Tape, open_tape

if TYPE_CHECKING:
    from documents.wire.spec import RunSpec

CACHE: Final = Path(".tailgate/tapes")


def turn_of(spec: RunSpec) -> Tape:
    """Return the frames of one turn: the tape, or its beginning where the run is shorter."""
    tape = open_tape(capture=spec.tape.capture, seed=spec.tape.seed, messages=spec.tape.messages, cache=CACHE)
    return tape.head(spec.frames)
