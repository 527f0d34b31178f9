"""What every source of buffers must hold."""

from __future__ import annotations

from typing import Protocol


class BadReleaseError(ValueError):
    """A buffer that is not out: released twice, or not from here."""


class Buffers(Protocol):
    """Buffers to encode messages into, each for one message at a time.

    Factory: called as factory(size_bytes, count). `acquire` gives a bytearray of exactly `size_bytes` whose content is
    anything; no buffer is given to two holders at once. `release` takes it back; BadReleaseError for one that is not
    out, or whose length was changed. `count` buffers can be out without an allocation where buffers are kept at all;
    beyond that one is allocated and counted in `misses`. `out` is how many are held. Threading: one thread.
    """

    misses: int

    @property
    def out(self) -> int:
        """Return how many buffers are held."""

    def acquire(self) -> bytearray:
        """Return a buffer."""

    def release(self, buffer: bytearray) -> None:
        """Take a buffer back, or raise BadReleaseError."""
