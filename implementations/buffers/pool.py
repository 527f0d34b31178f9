"""Buffers that go round: the last one released is the next one given, still warm in the cache."""

from __future__ import annotations

from implementations.buffers.contract import BadReleaseError
from implementations.registry import implementation


@implementation(source="an object pool, last in first out", fixes="M1")
class PoolBuffers:
    """`count` buffers are made at the start; one more only when all of them are out, and then it stays."""

    __slots__ = ("_free", "_out", "_size", "misses")

    def __init__(self, size_bytes: int, count: int) -> None:
        self.misses = 0
        self._size = size_bytes
        self._free = [bytearray(size_bytes) for _ in range(count)]
        self._out: dict[int, bytearray] = {}

    @property
    def out(self) -> int:
        """Return how many buffers are held."""
        return len(self._out)

    def acquire(self) -> bytearray:
        """Take the buffer that was released last, or make one."""
        if self._free:
            buffer = self._free.pop()
        else:
            self.misses += 1
            buffer = bytearray(self._size)
        self._out[id(buffer)] = buffer
        return buffer

    def release(self, buffer: bytearray) -> None:
        """Keep a buffer for the next message."""
        if self._out.pop(id(buffer), None) is None or len(buffer) != self._size:
            raise BadReleaseError(f"this buffer of {len(buffer)} bytes is not out, or was resized")
        self._free.append(buffer)
