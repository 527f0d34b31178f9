"""A fresh buffer for each message."""

from __future__ import annotations

from implementations.buffers.contract import BadReleaseError
from implementations.registry import implementation


@implementation(source="bytearray(n) where it is needed", bottleneck="M1")
class AllocateBuffers:
    """Every buffer is allocated and zeroed by `acquire`, and freed after `release`."""

    def __init__(self, size_bytes: int, count: int) -> None:
        self.misses = 0
        self._size = size_bytes
        self._out: dict[int, bytearray] = {}
        del count  # nothing is kept

    @property
    def out(self) -> int:
        """Return how many buffers are held."""
        return len(self._out)

    def acquire(self) -> bytearray:
        """Allocate a buffer."""
        buffer = bytearray(self._size)
        self.misses += 1
        self._out[id(buffer)] = buffer
        return buffer

    def release(self, buffer: bytearray) -> None:
        """Forget a buffer."""
        if self._out.pop(id(buffer), None) is None or len(buffer) != self._size:
            raise BadReleaseError(f"this buffer of {len(buffer)} bytes is not out, or was resized")
