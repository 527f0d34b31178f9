"""Captures of real exchanges, turned into tapes. The format is recognised by what the file holds, not by its name."""

from __future__ import annotations

import hashlib
from array import array
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from suites.tapes.captures import binance, coinbase, kraken
from suites.tapes.captures.events import BookEvent, Event
from suites.tapes.captures.lines import HOW_TO_GET_ONE, Line, read_lines
from suites.tapes.tape import Tape, make_tape
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

IMPORTER_VERSION: Final = 1
"""Raised by every change of an importer that changes a tape: it is part of the cache's key."""

FORMATS: Final = (coinbase, kraken, binance)
_LINES_LOOKED_AT: Final = 64


def find(capture: str) -> Path:
    """Give the path of a capture; TailgateError where there is no such file."""
    path = Path(capture).expanduser()
    if path.is_file():
        return path
    what = "is a folder" if path.is_dir() else "does not exist"
    raise TailgateError(f"the capture {capture} {what}, a capture is one file", hint=HOW_TO_GET_ONE)


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file; TailgateError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TailgateError(f"the capture {path} cannot be read: {error.strerror}", hint=HOW_TO_GET_ONE) from error


def read(path: Path) -> Tape:
    """Import a whole capture as a tape, one message a frame; a receiver's clock that went back is held still."""
    frames: list[bytes] = []
    times_ns = array("q")
    books = start_ns = last_ns = 0
    for event in events(path):
        start_ns = start_ns or event.received_ns
        last_ns = max(last_ns, event.received_ns - start_ns)
        times_ns.append(last_ns)
        frames.append(event.frame())
        books += isinstance(event, BookEvent)
    if not books:
        raise TailgateError(
            f"{path.name}: no snapshot of a book was found to its end, so there is no book to replay",
            hint=HOW_TO_GET_ONE,
        )
    return make_tape(path.name, frames, times_ns)


def events(path: Path) -> Iterator[Event]:
    """Give what a capture holds, message by message, before it is written as frames."""
    lines = read_lines(path)
    head = list(islice(lines, _LINES_LOOKED_AT))
    found: Iterator[Event] = _recognise(path, head).events(chain(head, lines))
    return found


def _recognise(path: Path, head: list[Line]) -> ModuleType:
    if not head:
        raise TailgateError(f"the capture {path.name} is empty", hint=HOW_TO_GET_ONE)
    for line in head:
        for each in FORMATS:
            if each.recognises(line):
                return each
    known = "; ".join(str(each.LOOKS_LIKE) for each in FORMATS)
    raise TailgateError(
        f"{path.name} is no capture of a known format: expected one of {known}; "
        f"line {head[0].number} begins {head[0].text[:40]!r}",
        hint=HOW_TO_GET_ONE,
    )
