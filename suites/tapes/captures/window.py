"""Cuts a window of time out of a capture: what came before it is applied to books, which the window begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from suites.tapes.captures.events import SECOND_NS, SIZES, BookEvent, Event, FrameEvent, epoch_ns
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to before `end`, in ns since the epoch, or since the first message where `relative`; 0: no bound."""

    start: int = 0
    end: int = 0
    start_relative: bool = False
    end_relative: bool = False

    @classmethod
    def of(cls, start: str, end: str) -> Window:
        """Read the bounds as users write them."""
        (first, first_relative), (last, last_relative) = _bound("from", start), _bound("to", end)
        return cls(first, last, first_relative, last_relative)


def _bound(option: str, text: str) -> tuple[int, bool]:
    text = text.strip()
    try:
        if not text:
            return 0, False
        if text.startswith("+"):
            return int(float(text[1:]) * SECOND_NS), True
        if "-" in text:
            time = datetime.fromisoformat(text)
            delta = (time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH
            return (delta.days * 86_400 + delta.seconds) * SECOND_NS + delta.microseconds * 1_000, False
        return epoch_ns(text), False
    except (ValueError, OverflowError) as error:
        raise TailgateError(
            f"--{option} {text}: {error}",
            hint=f"--{option} 2024-08-08T23:54:15Z, --{option} 1723161255.5 (epoch seconds), or --{option} +10"
            " (seconds from the capture's start)",
        ) from error


def cut_out(events: Iterator[Event], window: Window) -> Iterator[Event]:
    """Return the events of a window; none behind its end is read."""
    return events if window == Window() else _within(events, window)


def _within(events: Iterator[Event], window: Window) -> Iterator[Event]:
    start, end, first, books = window.start, window.end, 0, _Books()
    waiting = bool(start)
    for event in events:
        if not first:
            first = event.received_ns
            start += first if window.start_relative else 0
            end += first if window.end_relative and end else 0
        if end and event.received_ns >= end:
            return
        if waiting:
            if event.received_ns < start:
                books.apply(event)
                continue
            waiting = False
            yield from books.snapshots(event.received_ns)
        yield event


class _Books:
    """Every symbol's levels, by the text of their price."""

    def __init__(self) -> None:
        self._sides: dict[str, tuple[dict[str, str], dict[str, str]]] = {}

    def apply(self, event: Event) -> None:
        """Take an event of before the window."""
        if isinstance(event, BookEvent):
            self._apply(event.symbol, event.bids, event.asks, event.reset)
        elif isinstance(event, FrameEvent):
            for each in event.messages:
                if each["T"] == "o":
                    bids, asks = ([(repr(x["p"]), repr(x["s"])) for x in each[side]] for side in "ba")
                    self._apply(each["S"], bids, asks, bool(each.get("r")))

    def _apply(self, symbol: str, bids: object, asks: object, reset: bool) -> None:  # noqa: FBT001  the wire's own flag
        if reset or symbol not in self._sides:
            self._sides[symbol] = {}, {}
        for held, levels in zip(self._sides[symbol], (bids, asks), strict=True):
            for price, size in levels:  # type: ignore[attr-defined]  # pairs of texts, from two kinds of event
                if SIZES[size] == "0":
                    held.pop(price, None)
                else:
                    held[price] = size

    def snapshots(self, now_ns: int) -> Iterator[BookEvent]:
        """Yield every book as it stands, best first."""
        for symbol, (bids, asks) in self._sides.items():
            yield BookEvent(
                now_ns,
                symbol,
                now_ns,
                sorted(bids.items(), key=lambda level: -float(level[0])),
                sorted(asks.items(), key=lambda level: float(level[0])),
                reset=True,
            )
