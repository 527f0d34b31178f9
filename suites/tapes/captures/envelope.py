"""What stands around a venue's message in a line: the receive time in its many forms, and the connection's own lines.

- `<epoch s, ms, us or ns>: {...}`: cryptofeed; also with a blank, a tab, a comma or a semicolon after the time
- `2024-08-08T23:54:13.9Z {...}`: RFC 3339
- `{"received": <time>, "frame": ...}`: the frame as JSON, or as a text that holds JSON
- `{...}` or `[...]`: no receive time, the message's own is taken
- `wss://host <-> <time>`: cryptofeed, connected; `<-` with a text: sent
- `https://host/path -> <time>: {...}`: cryptofeed, the answer to a request
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from suites.tapes.captures.events import epoch_ns, utc_ns

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERED: Final = re.compile(rb"\s*([0-9]{9,19})(?:\.([0-9]{1,9})[0-9]*)?(?:: ?|[ ,;\t]\s*)(?=[\[{])").match
_RFC3339: Final = re.compile(
    rb"\s*([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}(?:\.[0-9]+)?)(?:Z|\+00:00)(?:: ?|[ ,;\t]\s*)(?=[\[{])"
)
_CONNECTION: Final = re.compile(rb"\s*[a-z]+://\S+ (<->|<-)")
_ANSWER: Final = re.compile(rb"\s*(https?://\S+) -> ([0-9]{9,11})(?:\.([0-9]{1,9})[0-9]*)?: ?(?=[\[{])")
_TIME_KEYS: Final = ("received", "received_ns", "receive_time", "recv")
FRAME_KEY: Final = "frame"

_FRAME: Final = re.compile(rf'"{FRAME_KEY}"\s*:\s*')

OPENED: Final = "opened"
_NS_DIGITS: Final = 19


class Opened(NamedTuple):
    """Where a message begins in a line (below 0: a line of the connection), when it came, and from what address."""

    start: int
    received_ns: int
    address: str = ""


CONNECTED: Final = Opened(-1, 0, OPENED)
SENT: Final = Opened(-1, 0)


def scaled_ns(whole: bytes, fraction: bytes | None) -> int:
    """Return the ns of a number of seconds, ms, us or ns since the epoch; how many digits it has says which."""
    size = len(whole)
    if size > 17:
        return int(whole)
    scale = 9 if size <= 11 else 6 if size <= 14 else 3
    return int(whole + (fraction or b"").ljust(scale, b"0")[:scale])


def open_line(line: bytes) -> Opened | None:
    """Find the message in a line; None where there is no form that is known."""
    if match := NUMBERED(line):
        return Opened(match.end(), scaled_ns(match[1], match[2]))
    if line.lstrip()[:1] in {b"{", b"["}:
        return Opened(0, 0)
    if match := _CONNECTION.match(line):
        return CONNECTED if match[1] == b"<->" else SENT
    if match := _ANSWER.match(line):
        return Opened(match.end(), int(match[2] + (match[3] or b"").ljust(9, b"0")), match[1].decode("latin-1"))
    if match := _RFC3339.match(line):
        return Opened(match.end(), utc_ns(match[1].decode() + "Z"))
    return None


def open_lines(lines: list[bytes]) -> tuple[list[int], list[bytes]] | None:
    """Return receive times and messages of lines that all begin with a number; None where one does not."""
    if [line[_NS_DIGITS : _NS_DIGITS + 2] for line in lines].count(b" {") == len(lines):
        heads = [line[:_NS_DIGITS] for line in lines]
        if all(map(bytes.isdigit, heads)):
            return list(map(int, heads)), [line[_NS_DIGITS + 1 :] for line in lines]
    if not NUMBERED(lines[0]):
        return None
    found = [match for match in map(NUMBERED, lines) if match]
    if len(found) < len(lines):
        return None
    times = [scaled_ns(match[1], match[2]) for match in found]
    return times, [line[match.end() :] for line, match in zip(lines, found, strict=True)]


def unwrap(message: Any, parse: Callable[[bytes | str], Any]) -> tuple[int, Any] | None:
    """Take a message out of `{"received": ..., "frame": ...}`; None where it is not in such a thing."""
    if not isinstance(message, dict) or FRAME_KEY not in message:
        return None
    key = next((key for key in _TIME_KEYS if key in message), None)
    if key is None:
        return None
    frame, time = message[FRAME_KEY], str(message[key])
    received_ns = utc_ns(time.replace("+00:00", "Z")) if "T" in time else epoch_ns(time)
    return received_ns, parse(frame) if isinstance(frame, str) else frame


def unwrapped(line: bytes) -> bytes:
    """Return the bytes of the frame in a line that `unwrap` took."""
    text = line.decode()
    for match in _FRAME.finditer(text):
        value, end = json.JSONDecoder().raw_decode(text, match.end())
        return value.encode() if isinstance(value, str) else text[match.end() : end].encode()
    raise ValueError(f"no {FRAME_KEY!r} in the line")
