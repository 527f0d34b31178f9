"""What an importer is: one format, found by what a file's beginning holds, read as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from suites.tapes.captures.events import Event
    from suites.tapes.captures.feed import Feed


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file: its name, its first bytes uncompressed, its lines, and the JSON messages in them."""

    path: Path
    raw: bytes
    lines: tuple[bytes, ...]
    messages: tuple[Any, ...]


class Importer(Protocol):
    """One format.

    Where most of an import is the work on single messages, it may have `pieces(feed, clock)` too: the same as events,
    frames already (`Written`) wherever many messages can be written at once. A test holds the two to each other.
    """

    NAME: str
    LOOKS_LIKE: str

    def recognises(self, head: Head) -> bool:
        """Tell whether a file can only be of this format."""

    def events(self, feed: Feed) -> Iterator[Event]:
        """Read a capture; a TailgateError names what is wrong and where."""
