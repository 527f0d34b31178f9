"""Reads a capture line by line, gzip or plain, and says where it stands when something is wrong."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final, cast

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP: Final = b"\x1f\x8b"
HOW_TO_GET_ONE: Final = "python scripts/download_captures.py --list   names public captures that can be downloaded"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a capture: `offset` is its first byte's place in the (uncompressed) file."""

    source: str
    number: int
    offset: int
    text: bytes
    ended: bool  # by a line feed: the last line of a file that was cut off is not

    def fault(self, why: str) -> TailgateError:
        """Give the error that this line deserves."""
        cut = "" if self.ended else " (the file ends in this line: it may have been cut short)"
        return TailgateError(
            f"{self.source}, line {self.number}, byte {self.offset}: {why}{cut}",
            hint=f"fetch the capture again and compare its SHA-256; {HOW_TO_GET_ONE}",
        )

    def json(self, start: int) -> Any:
        """Read the JSON that begins at a byte of the line."""
        try:
            return json.loads(self.text[start:])
        except UnicodeDecodeError as error:
            raise self.fault(f"expected JSON in UTF-8, byte {start + error.start} of the line is not") from error
        except (ValueError, RecursionError) as error:
            raise self.fault(f"expected JSON after the time, {error}") from error

    @contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Turn a field that is missing or of the wrong type, inside the block, into this line's fault."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
            raise self.fault(f"expected {what}; {type(error).__name__}: {error}") from error


def read_lines(path: Path) -> Iterator[Line]:
    """Give the lines that are not blank; TailgateError where the file cannot be read to its end."""
    number = offset = 0
    try:
        with _open(path) as file:
            for number, raw in enumerate(file, 1):
                if text := raw.strip():
                    yield Line(path.name, number, offset, text, raw.endswith(b"\n"))
                offset += len(raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TailgateError(
            f"{path.name}, after line {number}, byte {offset} uncompressed: the gzip stream is broken or was cut short"
            f" ({error})",
            hint=f"fetch the capture again and compare its SHA-256; {HOW_TO_GET_ONE}",
        ) from error
    except OSError as error:
        raise TailgateError(f"the capture {path} cannot be read: {error.strerror}", hint=HOW_TO_GET_ONE) from error


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")
