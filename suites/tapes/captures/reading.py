"""Reads a capture as a tape: finds the files, asks the importer for events, cuts a window out, writes the frames."""

from __future__ import annotations

import gc
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

from suites.tapes.captures.events import SECOND_NS, BookEvent, Event, FrameEvent, Written
from suites.tapes.captures.feed import BEFORE_SNAPSHOT, LEAPS, Feed, OnGap, notes
from suites.tapes.captures.registry import importer_of
from suites.tapes.captures.source import HOW_TO_GET_ONE
from suites.tapes.captures.window import Window, cut_out
from suites.tapes.frames import Rfc3339
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from suites.tapes.captures.importer import Importer
    from suites.tapes.writing import TapeWriter

IMPORTER_VERSION: Final = 3
"""Raised by every change of an importer that changes a tape: it is part of the cache's key."""

LEAP_NS: Final = 86_400 * SECOND_NS
_UNTIMED: Final = 10_000
"""So many messages may come before the first one that has a time."""

_FIELD_ERRORS: Final = (LookupError, TypeError, ValueError, AttributeError, OverflowError)

Piece = TypeVar("Piece", bound="Event | Written")


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a capture is wanted, and what happens at a gap.

    Symbols with commas between; from and to, as times or as seconds from the start (`+5`); messages, 0 for all.
    """

    symbols: str = ""
    start: str = ""
    end: str = ""
    messages: int = 0
    on_gap: OnGap = "resync"


def checked_on_gap(text: str) -> OnGap:
    """Return the choice at a gap; TailgateError for another."""
    if text in {"stop", "resync"}:
        return cast("OnGap", text)
    raise TailgateError(f"--on-gap {text} is no choice", hint="--on-gap stop, or --on-gap resync")


def find(capture: str) -> tuple[Path, ...]:
    """Return the files of a capture: one, several with commas between, or all of a folder by name."""
    paths: list[Path] = []
    for name in [capture] if Path(capture).expanduser().exists() else capture.split(","):
        path = Path(name.strip()).expanduser()
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
            if not inside:
                raise TailgateError(f"the folder {path} holds no file, so no capture", hint=HOW_TO_GET_ONE)
            paths += inside
        elif path.exists():
            paths.append(path)
        else:
            raise TailgateError(f"the capture {path} does not exist", hint=HOW_TO_GET_ONE)
    return tuple(paths)


def key_of(paths: tuple[Path, ...], cut: Cut) -> str:
    """Return what a tape is kept under: the files as the system knows them (no byte of them is read), and the cut."""
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        try:
            facts = path.stat()
        except OSError as error:
            raise TailgateError(f"the capture {path} cannot be read: {error.strerror}", hint=HOW_TO_GET_ONE) from error
        known = (path.resolve(), facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)
        digest.update(repr(known).encode())
    digest.update(repr(cut).encode())
    return f"capture-v{IMPORTER_VERSION}-{digest.hexdigest()}"


def events(*paths: Path, feed: Feed | None = None) -> Iterator[Event]:
    """Yield what a capture holds, message by message, before it is written as frames."""
    feed = feed or Feed(paths)
    importer = _importer_of(paths)
    return _named(importer.NAME, importer.events(feed), feed)


def _pieces(paths: tuple[Path, ...], feed: Feed, clock: Rfc3339) -> Iterator[Event | Written]:
    """Yield the same, frames already where an importer can write many messages at once."""
    importer = _importer_of(paths)
    write: Callable[[Feed, Rfc3339], Iterator[Event | Written]] | None = getattr(importer, "pieces", None)
    return _named(importer.NAME, write(feed, clock) if write else importer.events(feed), feed)


def _importer_of(paths: tuple[Path, ...]) -> Importer:
    importers = {each.NAME: each for each in map(importer_of, paths)}
    if len(importers) > 1:
        raise TailgateError(
            f"the files are of several formats: {', '.join(importers)}; a tape is of one",
            hint="name the files of one venue and channel, with commas between them",
        )
    [importer] = importers.values()
    return importer


def _named(name: str, found: Iterator[Piece], feed: Feed) -> Iterator[Piece]:
    """Name the place of what is wrong with a message."""
    try:
        yield from found
    except _FIELD_ERRORS as error:
        raise feed.fault(f"expected a message of {name}; {type(error).__name__}: {error}") from error


def read(
    paths: tuple[Path, ...], cut: Cut, writer: TapeWriter, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Import a capture, one message a frame (Alpaca's as they came); a receiver's clock that went back is held still.

    `progress` gets how many bytes of the files have been read. TailgateError where nothing can be replayed.
    """
    feed = Feed(paths, cut.on_gap, cut.symbols)
    with _without_collections():
        books = _write(paths, cut, writer, feed, progress)
    progress(feed.done_bytes())
    told = notes(feed.lost)
    if not writer.frames:
        why = "no message of its channels that carries a book, a quote or a trade"
        if any(what == BEFORE_SNAPSHOT for what, _ in feed.lost):
            why = "no snapshot of a book to its end, so that there is no book to replay"
        raise TailgateError(
            f"{', '.join(path.name for path in paths)}: {why}{''.join(f'; {each}' for each in told)}",
            hint=f"{'--symbols, --from or --to leave nothing: widen them; ' if cut != Cut() else ''}{HOW_TO_GET_ONE}",
        )
    if not books and any(what == BEFORE_SNAPSHOT for what, _ in feed.lost):
        raise TailgateError(
            f"{', '.join(path.name for path in paths)}: no snapshot of a book was found to its end, so there is no book"
            f" to replay; {'; '.join(told)}",
            hint="name the file that has the snapshots before it: --capture SNAPSHOTS,UPDATES",
        )
    writer.notes = told


def _write(paths: tuple[Path, ...], cut: Cut, writer: TapeWriter, feed: Feed, progress: Callable[[int], None]) -> int:
    """Write what is wanted; return how many of its events change a book."""
    timeline, clock, books = Timeline(feed), Rfc3339(), 0
    window = Window.of(cut.start, cut.end)
    whole = window == Window()
    found = _pieces(paths, feed, clock) if whole else cut_out(timed(events(*paths, feed=feed)), window)
    for piece in timed(found) if whole else found:
        if isinstance(piece, Written):
            room = cut.messages - writer.frames if cut.messages else len(piece.frames)
            writer.extend(timeline.places(piece.received_ns[:room]), piece.frames[:room])
        else:
            writer.add(timeline.place(piece[0]), _frame(piece, feed, clock))
            books += is_book(piece)
        if isinstance(piece, Written) or not writer.frames & 0xFFF:
            progress(feed.done_bytes())
        if cut.messages and writer.frames >= cut.messages:
            break
    return books


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the collector from walking what lives for a block: an import makes no cycles, and millions of containers."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _frame(event: Event, feed: Feed, clock: Rfc3339) -> bytes:
    try:
        return event.frame(clock)
    except ValueError as error:
        raise feed.fault(f"expected a time that can be written; {error}") from error


class Timeline:
    """The receive clock as the tape counts it: a time that goes back is held still, a leap of a day is closed up.

    One time that leaps is a wrong one; where the next agrees with it, the capture goes on at another time.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._leapt_ns = 0
        self._origin_ns = self._reached_ns = 0

    def place(self, at_ns: int) -> int:
        """Return the time in the tape of a message that was received then."""
        if 0 <= at_ns - self._reached_ns <= LEAP_NS:
            self._reached_ns = at_ns
        else:
            self._doubt(at_ns)
        return self._reached_ns - self._origin_ns

    def places(self, times_ns: Sequence[int]) -> list[int]:
        """Return the same of many."""
        first, last, origin = times_ns[0], times_ns[-1], self._origin_ns
        if not self._reached_ns <= first <= last <= self._reached_ns + LEAP_NS or sorted(times_ns) != times_ns:
            return list(map(self.place, times_ns))
        self._reached_ns = last
        return [at_ns - origin for at_ns in times_ns]

    def _doubt(self, at_ns: int) -> None:
        """Take the first time, one that goes back, or one that leaps."""
        if not self._reached_ns:
            self._origin_ns = self._reached_ns = at_ns
        elif abs(at_ns - self._reached_ns) > LEAP_NS:
            if self._leapt_ns and 0 <= at_ns - self._leapt_ns <= LEAP_NS:
                self._origin_ns += at_ns - self._reached_ns
                self._reached_ns = at_ns
                self._leapt_ns = 0
            else:
                self._feed.leave_out(LEAPS)
                self._leapt_ns = at_ns


def timed(found: Iterator[Piece]) -> Iterator[Piece | Event]:
    """Fill in times that a capture lacks: the receive time from the message's own, and either from the one before.

    What comes before the first time known is held back, and gets that one.
    """
    held: list[Event] = []
    known_ns = 0
    for event in found:
        if isinstance(event, Written):
            known_ns = event.received_ns[0]
        elif not (event[0] and event[2]):
            received_ns, when_ns = event[0], event[2]
            known_ns = received_ns or when_ns or known_ns
            if not known_ns:
                held.append(event)
                if len(held) > _UNTIMED:
                    raise TailgateError(
                        f"the first {_UNTIMED:,} messages of the capture have no time, neither received nor their own",
                        hint="write a receive time before each line: `<epoch ns> <JSON>`",
                    )
                continue
            known = event._replace(received_ns=received_ns or known_ns, when_ns=when_ns or known_ns)
            yield from (each._replace(received_ns=known_ns, when_ns=known_ns) for each in held)
            held = []
            yield known
            continue
        else:
            known_ns = event[0]
        if held:
            yield from (each._replace(received_ns=known_ns, when_ns=known_ns) for each in held)
            held = []
        yield event
        if isinstance(event, Written):
            known_ns = event.received_ns[-1]


def is_book(event: Event) -> bool:
    """Tell whether an event changes a book."""
    if isinstance(event, FrameEvent):
        return any(each["T"] == "o" for each in event.messages)
    return isinstance(event, BookEvent)
