"""The oracle: a list of what is out, searched by identity."""

from __future__ import annotations

from implementations.buffers.contract import BadReleaseError
from implementations.registry import implementation


@implementation(source="the contract, sentence by sentence")
class ReferenceBuffers:
    """Keeps what was released in a list of its own and looks through both lists each time."""

    def __init__(self, size_bytes: int, count: int) -> None:
        self.misses = 0
        self._size = size_bytes
        self._kept = [bytearray(size_bytes) for _ in range(count)]
        self._held: list[bytearray] = []

    @property
    def out(self) -> int:
        """Return how many buffers are held."""
        return len(self._held)

    def acquire(self) -> bytearray:
        """Move a kept buffer to the held ones, or make one."""
        if not self._kept:
            self.misses += 1
            self._kept.append(bytearray(self._size))
        self._held.append(self._kept.pop())
        return self._held[-1]

    def release(self, buffer: bytearray) -> None:
        """Move a held buffer back to the kept ones."""
        if len(buffer) != self._size or not any(held is buffer for held in self._held):
            raise BadReleaseError(f"this buffer of {len(buffer)} bytes is not out, or was resized")
        self._held = [held for held in self._held if held is not buffer]
        self._kept.append(buffer)
