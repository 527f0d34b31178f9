"""The oracle: a list for each reader, and a count of what did not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.messages import NOTICE
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.codec.contract import Codec
    from implementations.messages import Message


@implementation(source="the contract, sentence by sentence")
class ReferenceBus:
    """Encodes, keeps the bytes, and decodes for the reader."""

    def __init__(self, codec: Codec, high_water_mark: int) -> None:
        self.published = 0
        self.dropped = 0
        self.endpoint = ""
        self._codec = codec
        self._mark = high_water_mark
        self._readers: list[_Reader] = []

    def publish(self, message: Message) -> bool:
        """Hand one message to every reader, or to none."""
        if message.kind == NOTICE:
            raise TypeError("a notice is not for the bus")
        return self.publish_encoded(self._codec.encode(message))

    def publish_encoded(self, payload: bytes) -> bool:
        """Hand one payload to every reader, or to none."""
        number = self.published + self.dropped
        if any(len(reader.waiting) >= self._mark for reader in self._readers):
            self.dropped += 1
            return False
        for reader in self._readers:
            reader.waiting.append((number, payload))
        self.published += 1
        return True

    def subscribe(self) -> _Reader:
        """Add a reader."""
        reader = _Reader(self, self._codec, self.published + self.dropped)
        self._readers.append(reader)
        return reader

    def close(self) -> None:
        """End every reader."""
        self._readers.clear()

    def leave(self, reader: _Reader) -> None:
        """Take a reader out; twice does no harm."""
        if reader in self._readers:
            self._readers.remove(reader)


class _Reader:
    def __init__(self, bus: ReferenceBus, codec: Codec, next_number: int) -> None:
        self.missed = 0
        self.waiting: list[tuple[int, bytes]] = []
        self._bus = bus
        self._codec = codec
        self._next = next_number

    def receive(self, timeout_s: float) -> Message | None:
        del timeout_s
        if not self.waiting:
            return None
        number, payload = self.waiting.pop(0)
        self.missed += number - self._next
        self._next = number + 1
        return self._codec.decode(payload)

    def close(self) -> None:
        self._bus.leave(self)
