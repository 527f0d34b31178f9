"""The messages of a capture, one after the other, and what an importer asks while it reads them.

Where it stands, which symbols are wanted, whether a symbol's book is whole; what is left out is counted here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

from suites.tapes.captures.envelope import NUMBERED, OPENED, open_line, open_lines, unwrap, unwrapped
from suites.tapes.captures.events import symbol_name
from suites.tapes.captures.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tailgate.errors import TailgateError

Loads: TypeAlias = "Callable[[bytes | str], Any]"
OnGap = Literal["stop", "resync"]
LEFT_OUT: Final = "left out of the capture: "
BEFORE_SNAPSHOT: Final = "book updates before the first snapshot"
AFTER_GAP: Final = "book updates between a gap and the next snapshot"
GAPS: Final = "gaps in the books, each healed by the next snapshot there was"
DOUBTS: Final = "doubtful: "
LEAPS: Final = "leaps of the receive clock by more than a day, closed up"
_NAMED: Final = 3
_SEPARATORS: Final = re.compile(r"[/_.:-]")

try:  # four times as fast; a package of the subjects, and every tape is the same without it
    import orjson
except ImportError:
    fast_loads: Loads = json.loads
else:
    fast_loads = cast("Loads", orjson.loads)


def exact_loads(text: bytes | str) -> Any:
    """Read JSON with every number as the text that it was written with."""
    return json.loads(text, parse_float=str, parse_int=str)


class Block(NamedTuple):
    """Lines of a capture: receive times in ns and messages, and both one by one, which is where a fault is found.

    The lists are empty where something about the lines is not plain: then they can be read one by one alone.
    """

    times_ns: list[int]
    messages: list[Any]
    each: Iterator[tuple[int, Any]]


def _read_at_once(lines: list[bytes], loads: Loads) -> tuple[list[int], list[bytes], list[Any]] | None:
    """Return receive times, texts and messages; None where a line has no number before it, or no JSON behind it."""
    if (opened := open_lines(lines)) is None or 0 in opened[0]:
        return None
    try:
        return *opened, list(map(loads, opened[1]))
    except (ValueError, RecursionError):
        return None


class Symbols(dict[str, str]):
    """The name in frames of a venue's symbol, or "" where it is not wanted."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self._wanted = {plain_symbol(each) for each in wanted.split(",") if each.strip()}

    def __missing__(self, text: str) -> str:
        name = symbol_name(text)
        self[text] = name if not self._wanted or plain_symbol(name) in self._wanted else ""
        return self[text]


def plain_symbol(text: str) -> str:
    """Return a symbol as users may write it: BTC/USD, btc-usd and BTCUSD are one."""
    return _SEPARATORS.sub("", text.strip()).upper()


@dataclass(slots=True)
class Feed:
    """A capture under way. `lost` counts, by a sentence, what is left out of the tape."""

    paths: tuple[Path, ...]
    on_gap: OnGap = "resync"
    wanted: str = ""
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    symbols: Symbols = field(init=False)
    source: Source = field(init=False)
    address: str = field(default="", init=False)
    read_bytes: int = field(default=0, init=False)
    _raw: bytes = field(default=b"", init=False)
    _bodies: list[bytes] = field(default_factory=list, init=False)
    _books: dict[str, Literal["whole", "gap", "reconnected"]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.symbols = Symbols(self.wanted)
        self.source = Source(self.paths[0], self.lost)

    # where it stands

    def sources(self) -> Iterator[Source]:
        """Yield the files in their order; what a fault names is the one given last."""
        for path in self.paths:
            self.source = Source(path, self.lost)
            yield self.source
            self.read_bytes += self.source.read_bytes

    def done_bytes(self) -> int:
        """Return how many bytes of the files were read."""
        return self.read_bytes + self.source.read_bytes

    def fault(self, why: str, where: str = "") -> TailgateError:
        """Return the error of the place that was read last, or of the one named."""
        return self.source.fault(why, where)

    # what is read

    def messages(self) -> Iterator[tuple[int, Any]]:
        """Yield receive time in ns (0: none) and message, numbers as Python's."""
        for block in self.blocks():
            yield from block.each

    def exact_messages(self) -> Iterator[tuple[int, Any]]:
        """Yield the same with every number as the text that it was written with."""
        for block in self.blocks(exact_loads):
            yield from block.each

    def blocks(self, loads: Loads = fast_loads) -> Iterator[Block]:
        """Yield the same, many lines at once where nothing is wrong with any of them."""
        for source in self.sources():
            for lines in source.blocks():
                if (read := _read_at_once(lines, loads)) is None:
                    yield Block([], [], self._one_by_one(source, lines, loads))
                else:
                    times_ns, self._bodies, messages = read
                    walked = iter(messages)
                    source.follow(walked)
                    yield Block(times_ns, messages, zip(times_ns, walked, strict=True))
                    self._bodies = []

    def stand(self, block: Block, index: int) -> None:
        """Stand at a message of a block that is read at once: what a fault names."""
        self.source.follow(iter(range(len(block.messages) - index - 1)))

    def _one_by_one(self, source: Source, lines: list[bytes], loads: Loads) -> Iterator[tuple[int, Any]]:
        for line in source.walk(lines):
            if (opened := open_line(line)) is None:
                self.refuse(line, "expected `<receive time>: <JSON>`, or one JSON a line")
                return
            start, received_ns, address = opened
            if not NUMBERED(line):
                self.address = address
            if start < 0:
                self._connection()
                continue
            self._raw = raw = line[start:]
            try:
                message = loads(raw)
                if not received_ns and (inside := unwrap(message, loads)) is not None:
                    received_ns, message = inside
                    self._raw = unwrapped(line)
            except (ValueError, RecursionError) as error:
                self.refuse(line, f"expected JSON in UTF-8 behind the time; {error}")
                return
            yield received_ns, message

    def _connection(self) -> None:
        if self.address == OPENED:
            self.reconnected()

    def refuse(self, line: bytes, why: str) -> None:
        """Count a last line that was cut off; another that cannot be read is a fault."""
        if not self.source.cut:
            raise self.fault(why)
        self.leave_out("bytes of an unfinished last line", self.source.path.name, len(line))

    def raw(self) -> bytes:
        """Return the bytes of the message that was yielded last."""
        return self._bodies[self.source.index()] if self._bodies else self._raw

    # whether a symbol's book is whole

    def begin(self, symbol: str) -> None:
        """Take a snapshot: the symbol's book is whole."""
        self._books[symbol] = "whole"

    def whole(self, symbol: str) -> bool:
        """Tell whether an update of a symbol can be applied; one that cannot is counted."""
        if (state := self._books.get(symbol)) == "whole":
            return True
        if state == "reconnected":
            self.gap(symbol, "the connection was opened anew, and no snapshot has come since")
        self.leave_out(AFTER_GAP if state else BEFORE_SNAPSHOT, symbol)
        return False

    def begun(self, symbol: str) -> bool:
        """Tell whether a symbol's book stands, counting nothing."""
        return self._books.get(symbol) == "whole"

    def gap(self, symbol: str, why: str) -> None:
        """Take note that updates are missing: stop, or leave out what comes before the next snapshot."""
        if self.on_gap == "stop":
            raise self.fault(f"a gap in the book of {symbol}: {why}")
        self.leave_out(GAPS, symbol)
        self._books[symbol] = "gap"

    def reconnected(self) -> None:
        """Take note that the connection was opened anew: what was sent meanwhile is missing from every book."""
        for symbol, state in self._books.items():
            if state == "whole":
                self._books[symbol] = "reconnected"

    def leave_out(self, what: str, whose: str = "", count: int = 1) -> None:
        """Count what does not come into the tape."""
        self.lost[what, whose] += count

    def doubt(self, what: str, whose: str) -> None:
        """Count what comes into the tape and should be looked at."""
        self.lost[DOUBTS + what, whose] += 1


def notes(lost: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    """Return a sentence for each kind of loss, with the symbols that lost most."""
    kinds: dict[str, Counter[str]] = {}
    for (what, whose), count in lost.items():
        kinds.setdefault(what, Counter())[whose] += count
    return tuple(
        f"{_begin(what)}{counts.total():,} {what.removeprefix(DOUBTS)}{_names(counts)}"
        for what, counts in kinds.items()
    )


def _begin(what: str) -> str:
    if what.startswith(DOUBTS):
        return DOUBTS
    return "" if what in {GAPS, LEAPS} else LEFT_OUT


def _names(counts: Counter[str]) -> str:
    named = [f"{name} {count:,}" for name, count in counts.most_common(_NAMED) if name]
    more = len(counts) - len(named)
    return f" ({', '.join(named)}{f', and {more} more' if more > 0 else ''})" if named else ""
