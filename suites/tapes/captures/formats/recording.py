"""This project's own recordings of Alpaca's feed (`nox -s record`): every frame as it was received, JSON or msgpack.

A tape's frames are JSON: a binary frame becomes the JSON that says the same. An event that names a gap, or a new
connection, makes every book wait for its next snapshot.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from suites.tapes.captures.formats.alpaca import frame_events
from suites.tapes.recording import is_recording, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suites.tapes.captures.events import Event
    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "recording"
LOOKS_LIKE: Final = '`{"received":...,"event":"recording",...}` (nox -s record)'
_LOST: Final = frozenset({"gap", "dropped"})
_CONNECTED: Final = frozenset({"connected", "reconnected"})


def recognises(head: Head) -> bool:
    """Tell whether the first line says so."""
    return bool(head.lines) and is_recording(head.lines[0])


def events(feed: Feed) -> Iterator[Event]:
    """Read a recording."""
    return frame_events(feed, _frames(feed))


def _frames(feed: Feed) -> Iterator[tuple[int, bytes, Any]]:
    for source in feed.sources():
        for line in source.lines():
            try:
                record = parse(line)
                if record.kind != "event":
                    frame = record.json_frame()
                    messages = json.loads(frame)
                else:
                    name = record.event()["event"]
            except ValueError as error:
                feed.refuse(line, f"expected a line of a recording; {error}")
                break
            if record.kind != "event":
                yield record.received_ns, frame, messages
            elif name in _LOST:
                feed.leave_out(f"events of the recorder that say {name}")
                feed.reconnected()
            elif name in _CONNECTED:
                feed.reconnected()
