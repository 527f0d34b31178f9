"""The lines that cryptofeed writes: `<receive time, epoch s>: <raw JSON>`, and the connection's own between them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from suites.tapes.captures.lines import Line

_TIME: Final = re.compile(rb"([0-9]{9,11})(?:\.([0-9]{1,9}))?: ?")
_CONNECTION: Final = re.compile(rb"[a-z]+://\S+ <-")
_NANOSECOND_DIGITS: Final = 9


def is_connection(line: Line) -> bool:
    """Tell whether a line is the connection's: it was opened, or this was sent."""
    return _CONNECTION.match(line.text) is not None


def looks_right(line: Line) -> bool:
    """Tell whether a line has the form of this family."""
    return is_connection(line) or _TIME.match(line.text) is not None


def parse(line: Line) -> tuple[int, Any] | None:
    """Give receive time in ns and the message, or None for the connection's lines."""
    if is_connection(line):
        return None
    match = _TIME.match(line.text)
    if match is None:
        raise line.fault("expected `<receive time in seconds>: <JSON>`")
    return epoch_ns(match[1], match[2] or b""), line.json(match.end())


def epoch_ns(seconds: bytes, fraction: bytes) -> int:
    """Give exact ns of a decimal number of seconds."""
    return int(seconds + fraction.ljust(_NANOSECOND_DIGITS, b"0"))
