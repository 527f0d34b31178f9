"""What the benchmarks of all paths share: the tape that the settings name, its messages and labels, the declaration."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from implementations.messages import BOOK, NOTICE, Book, Level, Notice, Quote, Trade, astuple
from implementations.pipeline.composition import BOTTLENECK, RECOMMENDED
from implementations.registry import UnavailableError, load, names
from suites.settings import DEFAULTS, tape_of
from suites.tapes.anatomy import dissect
from tailgate.benchmark import NO_AXES, Benchmark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from implementations.messages import MarketMessage, Message
    from suites.tapes import Tape
    from tailgate.benchmark import Label, Role, Workload


__all__ = [
    "declare",
    "frame_labels",
    "make",
    "market_messages",
    "messages_of",
    "numbered_books",
    "operations_of",
    "plain",
    "tape_of",
]


def operations_of(settings: Mapping[str, Any]) -> int:
    """Return how many operations a path has that no tape feeds."""
    return int(settings.get("messages", 0)) or int(DEFAULTS["messages"])


def messages_of(frames: Iterable[bytes]) -> list[MarketMessage]:
    """Read frames of a tape into the domain's own types, whatever decoder is measured elsewhere.

    Nothing is checked: a tape was written by this project. A test holds what this gives to the reference decoder.
    """
    return [_message(fields) for frame in frames for fields in json.loads(frame)]


def _message(fields: dict[str, Any]) -> MarketMessage:
    match fields["T"]:
        case "o":
            bids, asks = (
                [Level(float(level["p"]), float(level["s"])) for level in fields[side]] for side in ("b", "a")
            )
            return Book(fields["S"], fields["t"], bids, asks, fields.get("r", False))
        case "q":
            bid_price, bid_size, ask_price, ask_size = (float(fields[name]) for name in ("bp", "bs", "ap", "as"))
            return Quote(fields["S"], bid_price, bid_size, ask_price, ask_size, fields["t"])
        case "t":
            return Trade(fields["S"], float(fields["p"]), float(fields["s"]), fields["t"], fields["i"])
        case tag:
            return Notice(tag)


def numbered_books(tape: Tape) -> list[tuple[int, Any]]:
    """Return the book messages of a tape, each with the number of its frame."""
    return [(n, message) for n, message in _numbered(tape) if message.kind == BOOK]


def market_messages(tape: Tape) -> list[tuple[int, MarketMessage]]:
    """Return what a bus carries of a tape, each message with the number of its frame."""
    return [(n, message) for n, message in _numbered(tape) if message.kind != NOTICE]


_read: dict[str, list[tuple[int, MarketMessage]]] = {}


def _numbered(tape: Tape) -> list[tuple[int, MarketMessage]]:
    """Return the messages of a tape, read once for all benchmarks of this process; no operation changes them."""
    if tape.digest not in _read:
        _read.clear()
        _read[tape.digest] = [(n, each) for n, frame in enumerate(tape.frames) for each in messages_of([frame])]
    return _read[tape.digest]


def frame_labels(frames: Sequence[bytes], numbers: Sequence[int]) -> Callable[[int], Mapping[str, Label]]:
    """Return the labels of the operations whose frames have these numbers; the tape is dissected at the first call."""
    known: list[Mapping[str, Label]] = []

    def label(index: int) -> Mapping[str, Label]:
        if not known:
            known.extend(anatomy.label() for anatomy in dissect(frames))
        return known[numbers[index]]

    return label


def plain(message: Message) -> bytes:
    """Return the bytes by which two messages are compared, whatever classes they are of."""
    return repr(astuple(message)).encode()


def make(path: str, name: str, *arguments: object) -> Any:
    """Build an implementation by name."""
    factory: Any = load(path, name).factory
    return factory(*arguments)


def declare(path: str, prepare: Callable[..., Workload], axes: Mapping[str, str] = NO_AXES) -> list[Benchmark]:
    """Declare `prepare(name, settings, **axes)` for every implementation of a path, importing none of them."""
    return [
        Benchmark(
            path,
            name,
            partial(prepare, name, **axes),
            axes,
            _role(path, name),
            partial(_why_not, path, name),
        )
        for name in names(path)
    ]


def _role(path: str, name: str) -> Role:
    if name == getattr(RECOMMENDED, path, ""):
        return "recommended"
    return "bottleneck" if name == getattr(BOTTLENECK, path, "") else ""


def _why_not(path: str, name: str) -> str:
    try:
        load(path, name)
    except UnavailableError as error:
        return str(error)
    return ""
