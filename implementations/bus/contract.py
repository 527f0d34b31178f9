"""What every bus must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from implementations.messages import Message


class Subscription(Protocol):
    """One reader of a bus."""

    missed: int  # messages that this reader was to get and did not, seen by the gaps in their numbers

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message, or None when none came in time."""

    def close(self) -> None:
        """End the subscription; twice does no harm."""


class Bus(Protocol):
    """Domain messages from one publisher to any number of readers, in this process or others.

    Factory: called as factory(codec, high_water_mark). Order: as published. `publish` never blocks: when a reader is
    full, the message is given to nobody, counted in `dropped`, and the answer is False. No reader is full with fewer
    than `high_water_mark` messages waiting; how many more a transport holds is its own: ZeroMQ has the mark at each end
    (`inproc`: twice it), and `ipc` and `tcp` have the kernel's buffers between the ends (docs/pipeline.md).
    Every message carries its number, so that a reader knows what it missed. Who subscribes sees what is published
    after `subscribe` has returned. A bus that carries nothing (`null`) answers True and has no readers.
    `endpoint` is where readers of other processes connect, "" where they cannot. Errors: TypeError for a Notice, which
    is not for the bus. Threading: one publishing thread; each subscription is one thread's.
    Cost: the encoding and a hand-over to the library; budget 10 us at p99.
    """

    published: int
    dropped: int
    endpoint: str

    def publish(self, message: Message) -> bool:
        """Encode and send one message; say whether it went out."""

    def publish_encoded(self, payload: bytes) -> bool:
        """Send what this bus's codec made of one message; say whether it went out."""

    def subscribe(self) -> Subscription:
        """Add a reader."""

    def close(self) -> None:
        """End the bus; twice does no harm."""
