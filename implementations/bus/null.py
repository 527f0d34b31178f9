"""No bus: what publishing costs when nothing is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.messages import NOTICE
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.bus.contract import Subscription
    from implementations.codec.contract import Codec
    from implementations.messages import Message


@implementation(source="the cost of the loop alone, below all others")
class NullBus:
    """Counts, and encodes nothing."""

    def __init__(self, codec: Codec, high_water_mark: int) -> None:
        self.published = 0
        self.dropped = 0
        self.endpoint = ""
        del codec, high_water_mark  # nothing is sent

    def publish(self, message: Message) -> bool:
        """Count one message."""
        if message.kind == NOTICE:
            raise TypeError("a notice is not for the bus")
        return self.publish_encoded(b"")

    def publish_encoded(self, payload: bytes) -> bool:  # noqa: ARG002  by contract
        """Count one message."""
        self.published += 1
        return True

    def subscribe(self) -> Subscription:
        """Return a reader that never gets anything."""
        return _Nothing()

    def close(self) -> None:
        """Do nothing."""


class _Nothing:
    def __init__(self) -> None:
        self.missed = 0

    def receive(self, timeout_s: float) -> Message | None:  # noqa: ARG002  by contract
        return None

    def close(self) -> None:
        pass
