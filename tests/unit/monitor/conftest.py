"""Clocks, files and memory that a test moves by hand."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

import pytest


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    wall: int = 1_700_000_000_123_000_000
    monotonic: int = 5_000_000_000

    def wall_ns(self) -> int:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.monotonic

    def advance(self, seconds: float) -> None:
        self.monotonic += round(seconds * 1e9)


@dataclass
class SmallDisk:
    """A file on a disk with so much room."""

    room: int = 10**9
    content: bytearray = field(default_factory=bytearray)
    truncation_fails: bool = False
    closed: bool = False

    def write(self, data: bytes, /) -> int:
        free = self.room - len(self.content)
        if free <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.content += data[:free]
        return min(free, len(data))

    def truncate(self, size: int, /) -> int:
        if self.truncation_fails:
            raise OSError(errno.EIO, "Input/output error")
        del self.content[size:]
        return size

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def disk() -> SmallDisk:
    return SmallDisk()
