"""Alpaca's own frames, as they were received: the tape's frames are the capture's, byte for byte.

Control messages (success, error, subscription) carry no market data: a frame of them alone is left out. Crypto books
have no sequence number and no checksum; the first message of a symbol with `r` begins its book, updates before it are
left out, and a frame that says `connected` anew makes every book wait for its next snapshot.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from implementations.decode.contract import BadFrameError
from implementations.pipeline.composition import RECOMMENDED
from implementations.registry import UnavailableError, load
from suites.tapes.captures.events import Event, FrameEvent, utc_ns
from suites.tapes.recording import is_recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from suites.tapes.captures.feed import Feed
    from suites.tapes.captures.importer import Head

NAME: Final = "Alpaca frames"
LOOKS_LIKE: Final = '`[{"T":"o","S":"BTC/USD","t":...,"b":...,"a":...}]` (Alpaca), with or without a receive time'
_MARKET: Final = {"t": {"S", "p", "s", "t"}, "q": {"S", "bp", "ap", "t"}, "o": {"S", "b", "a", "t"}}
_CONTROL: Final = frozenset({"success", "error", "subscription"})


def recognises(head: Head) -> bool:
    """Tell whether a message is an array that holds a trade, quote, book or control message of Alpaca's."""
    return any(_is_frame(each) for each in head.messages) and not is_recording(head.lines[0])


def _is_frame(frame: Any) -> bool:
    if not isinstance(frame, list):
        return False
    kinds = [(each.get("T"), each.keys()) for each in frame if isinstance(each, dict)]
    return any(
        (kind in _CONTROL and len(keys) > 1) or (isinstance(kind, str) and _MARKET.get(kind, {"-"}) <= keys)
        for kind, keys in kinds
    )


def _decoder() -> Any:
    """Return a decoder that holds the frames to the contract: the recommended one, or what the standard library can."""
    for name in (RECOMMENDED.decode, "json"):
        try:
            factory: Any = load("decode", name).factory
        except UnavailableError:
            continue
        return factory()
    raise AssertionError("the json decoder needs nothing")


def events(feed: Feed) -> Iterator[Event]:
    """Read a capture of one frame a line."""
    return frame_events(feed, ((received_ns, feed.raw(), messages) for received_ns, messages in feed.messages()))


def frame_events(feed: Feed, frames: Iterable[tuple[int, bytes, Any]]) -> Iterator[FrameEvent]:
    """Take frames with their receive times: bytes, and the JSON in them; one that no decoder takes is a fault."""
    decode = _decoder().decode
    for received_ns, frame, messages in frames:
        try:
            decode(frame)
        except BadFrameError as error:
            raise feed.fault(f"expected a frame of Alpaca's market data; {error}") from error
        if any(each["T"] == "success" and each.get("msg") == "connected" for each in messages):
            feed.reconnected()
        kept = [each for each in messages if each["T"] not in _CONTROL and _wanted(feed, each)]
        if not kept:
            if all(each["T"] in _CONTROL for each in messages):
                feed.leave_out("frames that hold control messages alone, or none")
            continue
        if len(kept) < len(messages):  # what is left of a frame is written anew
            frame = json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()  # noqa: PLW2901  the rest of it
        yield FrameEvent(received_ns, str(kept[0].get("S", "")), _when(kept), frame, kept)


def _wanted(feed: Feed, message: dict[str, Any]) -> bool:
    """Tell whether a message goes into the tape; a book update needs the book that it updates."""
    if not (symbol := feed.symbols[message["S"]] if "S" in message else "-"):
        return False
    if message["T"] != "o":
        return True
    if message.get("r"):
        feed.begin(symbol)
        return True
    return feed.whole(symbol)


def _when(messages: list[dict[str, Any]]) -> int:
    for message in messages:
        if isinstance(time := message.get("t"), str):
            try:
                return utc_ns(time)
            except ValueError:
                continue
    return 0
