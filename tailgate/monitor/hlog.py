"""Write and read histogram logs, version 1.3: the `.hlog` that HdrHistogram's tools plot and cut.

Our own writer, because hdrh's writes version 1.2 without tags, rounds the greatest value of an interval down to
whole units and fails on the start time. Stamps are seconds since the base time, to the millisecond, as the Java
writer prints them.

A file is appended to, its base time kept: a second header would end what HdrHistogram's C reader reads. Only a log
without a base time, or with one that lies ahead, gets another header; the other readers take the latest base time. A
row is written whole or not at all: what a full disk, or a writer killed in the middle of a line, left is cut off.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self

from tailgate.errors import TailgateError
from tailgate.results import histogram as hdr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

VERSION: Final = "1.3"
LEGEND: Final = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
MAX_VALUE_RATIO: Final = 1e6
"""Interval_Max is in milliseconds, by the convention of HdrHistogram's tools."""

_STAMP = re.compile(r"#\[(StartTime|BaseTime): *(\d+(?:\.\d+)?) ")
_BASE = re.compile(rb"^#\[BaseTime: *(\d+(?:\.\d+)?) ", re.MULTILINE)
_TAG = re.compile(r"[!-+\--~]*")  # what is printed of ASCII, without the comma
_ROW_FIELDS = 4
_BEGIN: Final = b"#["  # of the header's first line, in the logs of HdrHistogram's own writers too
_YEAR_S = 365 * 24 * 3600
_MILLISECOND_NS = 10**6


class RawFile(Protocol):
    """The end of an open file, without a buffer: what `write` returned is what the system took."""

    def write(self, data: bytes, /) -> int | None:
        """Append bytes; return how many were taken, which may be fewer."""

    def truncate(self, size: int, /) -> int:
        """Cut the file."""

    def close(self) -> None:
        """Close the file."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One row of a log; times in nanoseconds since the epoch, exact to the millisecond when read back."""

    tag: str
    start_ns: int
    length_ns: int
    histogram: hdr.Histogram


def check_tag(tag: str) -> str:
    """Return the tag, or raise TailgateError: the format knows no quotes, and its readers no common character set."""
    if _TAG.fullmatch(tag) is None:
        raise TailgateError(
            f"tag {tag!r} of a histogram log contains a comma, white space, or what is not ASCII",
            hint="name it with letters, digits and marks of ASCII",
        )
    return tag


class HlogWriter:
    """Append intervals to a histogram log. One thread at a time; errors of the disk are raised as OSError."""

    def __init__(self, file: RawFile, *, size: int, base_ns: int, header: Literal["due", "stands"] = "due") -> None:
        """Begin a session in `file`, `size` bytes long; its rows count from `base_ns` since the epoch."""
        self._file = file
        self._size = size
        self._base_ns = base_ns
        self._header_is_due = header == "due"
        self._torn = False  # half a row stands at the end of the file

    @classmethod
    def open(cls, path: Path, *, base_ns: int) -> Self:
        """Open a log for appending, or create it; cut off half a row that a killed writer left.

        Raises TailgateError, and leaves the file as it is, where it holds something else than a log.
        """
        with contextlib.ExitStack() as opened:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = opened.enter_context(path.open("ab", buffering=0))
                _check_is_log(path)
                size = _whole_rows(path)
                file.truncate(size)
                standing_ns = _base_of(path, size)
            except OSError as error:
                raise TailgateError(f"cannot append to the histogram log {path}: {error.strerror}") from error
            opened.pop_all()
        if standing_ns is None or standing_ns >= base_ns + _MILLISECOND_NS:  # no row counts from what lies ahead
            return cls(file, size=size, base_ns=base_ns)
        return cls(file, size=size, base_ns=min(standing_ns, base_ns), header="stands")

    def write(self, interval: Interval) -> None:
        """Append one row, with the header before it where one is due; after an OSError the file is as it was."""
        check_tag(interval.tag)
        header = self._header() if self._header_is_due else ""
        self._append(f"{header}{row(interval, base_ns=self._base_ns)}\n".encode("ascii"))
        self._header_is_due = False

    def close(self) -> None:
        """Close the file; every row is with the operating system already."""
        self._file.close()

    def _header(self) -> str:
        seconds = f"{self._base_ns / 1e9:.3f}"
        date = datetime.fromtimestamp(self._base_ns / 1e9, tz=UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
        return (
            f"#[Histogram log format version {VERSION}]\n"
            f"#[StartTime: {seconds} (seconds since epoch), {date}]\n"
            f"#[BaseTime: {seconds} (seconds since epoch)]\n"
            f"{LEGEND}\n"
        )

    def _append(self, data: bytes) -> None:
        """Write all of `data`, or cut the file back to where it was and raise OSError."""
        if self._torn:
            self._cut()
        written = 0
        try:
            while written < len(data):
                written += self._file.write(data[written:]) or _refuse(written, len(data))
        except OSError:
            self._torn = written > 0
            if self._torn:
                with contextlib.suppress(OSError):  # the first error is the one to report; the next append cuts
                    self._cut()
            raise
        self._size += len(data)

    def _cut(self) -> None:
        self._file.truncate(self._size)
        self._torn = False


def _refuse(written: int, wanted: int) -> int:
    raise OSError(errno.ENOSPC, f"the log took {written} of {wanted} bytes and no more")


def row(interval: Interval, *, base_ns: int) -> str:
    """Return the row of an interval, without its end."""
    tag = f"Tag={interval.tag}," if interval.tag else ""
    start_s, length_s = (interval.start_ns - base_ns) / 1e9, interval.length_ns / 1e9
    greatest = hdr.maximum(interval.histogram) / MAX_VALUE_RATIO
    return f"{tag}{start_s:.3f},{length_s:.3f},{greatest:.3f},{hdr.encode(interval.histogram)}"


def read(lines: Iterable[str]) -> Iterator[Interval]:
    """Read the intervals of a log, ours or HdrHistogram's; raise TailgateError naming the line that is damaged.

    Without a base time in the log, stamps more than a year before its start time count from the start time, and
    others from the epoch: the rule of HdrHistogram's reader.
    """
    start_s: float | None = None
    base_s: float | None = None
    for number, line in enumerate((line.strip() for line in lines), start=1):
        stamp = _STAMP.match(line)
        if stamp and stamp[1] == "StartTime":
            start_s = float(stamp[2])
        elif stamp:
            base_s = float(stamp[2])
        elif line and line[0] not in '#"':
            yield _interval(line, number, start_s, base_s)


def read_file(path: Path) -> list[Interval]:
    """Read the intervals of a log file."""
    with path.open(encoding="utf-8") as lines:
        return list(read(lines))


def _interval(line: str, number: int, start_s: float | None, base_s: float | None) -> Interval:
    """Read one row."""
    tag, comma, rest = line.removeprefix("Tag=").partition(",") if line.startswith("Tag=") else ("", ",", line)
    fields = rest.split(",")
    if not comma or len(fields) != _ROW_FIELDS:
        raise TailgateError(f"line {number} of the histogram log has {len(fields)} fields beside the tag, not 4")
    try:
        stamp_s, length_s = float(fields[0]), float(fields[1])
        if base_s is None:
            base_s = start_s if start_s is not None and stamp_s < start_s - _YEAR_S else 0.0
        # milliseconds are what the format holds: sums of floats would add noise beyond them
        start_ms, length_ms = round(base_s * 1e3) + round(stamp_s * 1e3), round(length_s * 1e3)
        return Interval(tag, start_ms * 10**6, length_ms * 10**6, hdr.decode(fields[3]))
    except TailgateError as error:
        raise TailgateError(f"line {number} of the histogram log: {error.message}", hint=error.hint) from error
    except (ValueError, OverflowError) as error:
        raise TailgateError(f"line {number} of the histogram log is damaged: {error}") from error


def _check_is_log(path: Path) -> None:
    """Refuse a file that is no log: its last line would be cut off if it had no end, and rows put behind the rest."""
    with path.open("rb") as file:
        begin = file.read(len(_BEGIN))
    if not _BEGIN.startswith(begin):
        raise TailgateError(f"{path} is not a histogram log: it begins with {begin!r}", hint="name another file")


def _base_of(path: Path, size: int) -> int | None:
    """Return the base time that the rows of a log count from last, in nanoseconds; None where it names none."""
    if not size:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        stamps = _BASE.findall(text)
    return round(float(stamps[-1]) * 1e3) * 10**6 if stamps else None


def _whole_rows(path: Path) -> int:
    """Return the length of the file up to its last end of line."""
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        while position > 0:
            step = min(position, 65_536)
            position = file.seek(position - step)
            end = file.read(step).rfind(b"\n")
            if end >= 0:
                return position + end + 1
    return 0
