"""Finds the importer of a capture: each file of `formats` is one, and is asked what the content is.

An importer has `NAME`, `LOOKS_LIKE` (an example, for an error), `recognises(head)` and `events(feed)`. It recognises by
two keys or the shape of a message, so that at most one does; a test holds every importer to the others' samples.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import Counter
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from suites.tapes.captures import formats
from suites.tapes.captures.envelope import open_line, unwrap
from suites.tapes.captures.importer import Head, Importer
from suites.tapes.captures.others import other_product
from suites.tapes.captures.source import HOW_TO_GET_ONE, Source
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LINES_LOOKED_AT: Final = 256


@cache
def importers() -> tuple[Importer, ...]:
    """Return every importer, by name."""
    names = sorted(each.name for each in pkgutil.iter_modules(formats.__path__) if not each.name.startswith("_"))
    return tuple(cast("Importer", importlib.import_module(f"{formats.__name__}.{name}")) for name in names)


def head_of(path: Path) -> Head:
    """Read the beginning of a file."""
    source = Source(path, Counter())
    raw = source.head()
    lines = tuple(line.strip() for line in islice(raw.split(b"\n"), _LINES_LOOKED_AT) if line.strip())
    return Head(path, raw, lines, tuple(_messages(lines)))


def _messages(lines: tuple[bytes, ...]) -> Iterator[Any]:
    for line in lines:
        if (opened := open_line(line)) is None or opened.start < 0:
            continue
        try:
            message = json.loads(line[opened.start :])
            inside = unwrap(message, json.loads)
        except (ValueError, RecursionError):
            continue
        yield message if inside is None else inside[1]


def importer_of(path: Path) -> Importer:
    """Return the importer of a file; a TailgateError says what else the content is, or that it is not known."""
    head = head_of(path)
    if not head.raw.strip():
        raise TailgateError(f"the capture {path.name} is empty", hint=HOW_TO_GET_ONE)
    found = [each for each in importers() if each.recognises(head)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(each.NAME for each in found)
        raise TailgateError(f"{path.name} holds messages of {names}; a capture is of one format", hint=_SPLIT)
    if b"DBZ" in head.raw[:16]:
        raise TailgateError(
            f"{path.name} is Databento's DBZ of before 2023", hint="dbn FILE --output NEW.dbn   makes DBN of it"
        )
    if product := other_product(head.messages, head.lines):
        raise TailgateError(
            f"{path.name} holds {product}, which has no importer",
            hint="an importer is one file in suites/tapes/captures/formats; docs/tapes.md says how it is written",
        )
    known = "; ".join(each.LOOKS_LIKE for each in importers())
    begins = f"line 1 begins {head.lines[0][:40]!r}" if head.lines else f"it begins {head.raw[:16]!r}"
    raise TailgateError(
        f"{path.name} is no capture of a known format: {begins}; expected one of {known}", hint=HOW_TO_GET_ONE
    )


_SPLIT: Final = "write the messages of each venue to a file of its own, and name one of them"
