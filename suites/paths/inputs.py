"""What the benchmarks of all paths share: the tape that the settings name, its messages and labels, the declaration."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from implementations.composition import BOTTLENECK, RECOMMENDED
from implementations.messages import BOOK, NOTICE, astuple
from implementations.registry import UnavailableError, load, names
from suites.tapes import open_tape
from suites.tapes.anatomy import dissect
from tailgate.benchmark import NO_AXES, Benchmark, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from implementations.messages import MarketMessage, Message
    from suites.tapes import Tape
    from tailgate.benchmark import Label, Role, Workload

DEFAULT_MESSAGES: Final = 20_000
SETTINGS: Final = (
    Setting("seed", "seed of the generated tape", 1),
    Setting("messages", "messages of the tape; of a capture at most this many (0: all)", DEFAULT_MESSAGES),
    Setting("capture", "replay this capture instead of a generated tape", "", metavar="FILE"),
    Setting("tapes", "folder that keeps finished tapes between processes", "build/tapes", metavar="DIR"),
)


def tape_of(settings: Mapping[str, Any]) -> Tape:
    """Open the tape that the settings name."""
    return open_tape(
        capture=str(settings["capture"]) or None,
        seed=int(settings["seed"]),
        messages=int(settings["messages"]),
        cache=Path(str(settings["tapes"])),
    )


def operations_of(settings: Mapping[str, Any]) -> int:
    """Give how many operations a path has that no tape feeds."""
    return int(settings["messages"]) or DEFAULT_MESSAGES


def messages_of(frames: Iterable[bytes]) -> list[MarketMessage]:
    """Decode frames of one message each into the domain's own types, whatever decoder is measured elsewhere."""
    decode: Callable[[bytes], list[MarketMessage]] = make("decode", "json").decode
    return [message for frame in frames for message in decode(frame)]


def numbered_books(tape: Tape) -> list[tuple[int, Any]]:
    """Give the book messages of a tape, each with the number of its frame."""
    return [(n, message) for n, message in enumerate(messages_of(tape.frames)) if message.kind == BOOK]


def market_messages(tape: Tape) -> list[tuple[int, MarketMessage]]:
    """Give what a bus carries of a tape, each message with the number of its frame."""
    return [(n, message) for n, message in enumerate(messages_of(tape.frames)) if message.kind != NOTICE]


def frame_labels(frames: Sequence[bytes], numbers: Sequence[int]) -> Callable[[int], Mapping[str, Label]]:
    """Give the labels of the operations whose frames have these numbers; the tape is dissected at the first call."""
    known: list[Mapping[str, Label]] = []

    def label(index: int) -> Mapping[str, Label]:
        if not known:
            known.extend(anatomy.label() for anatomy in dissect(frames))
        return known[numbers[index]]

    return label


def plain(message: Message) -> bytes:
    """Give the bytes by which two messages are compared, whatever classes they are of."""
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
    if name == getattr(BOTTLENECK, path):
        return "bottleneck"
    return "recommended" if name == getattr(RECOMMENDED, path) else ""


def _why_not(path: str, name: str) -> str:
    try:
        load(path, name)
    except UnavailableError as error:
        return str(error)
    return ""
