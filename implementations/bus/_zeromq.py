"""ZeroMQ's publish and subscribe, with nothing dropped in silence. The transports differ in their endpoint alone.

The publisher is an XPUB socket: it hears who subscribes, so `subscribe` can wait for that, and with XPUB_NODROP it is
told when a reader is full instead of dropping the message for that reader unsaid.
"""

from __future__ import annotations

import itertools
import struct
import time
from typing import TYPE_CHECKING, Final

import zmq

from implementations.messages import NOTICE

if TYPE_CHECKING:
    from implementations.codec.contract import Codec
    from implementations.messages import Message

_NUMBER: Final = struct.Struct("<Q")
_SUBSCRIBE_MS: Final = 5_000
_MARKS: Final = itertools.count()


class SubscribeError(RuntimeError):
    """A subscription that did not reach the publisher in time."""


class ZeromqBus:
    """A bus over one XPUB socket bound to an endpoint of the given form."""

    def __init__(self, codec: Codec, high_water_mark: int, endpoint: str) -> None:
        self.published = 0
        self.dropped = 0
        self._codec = codec
        self._encode = codec.encode
        self._mark = high_water_mark
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.SNDHWM, high_water_mark)
        self._socket.setsockopt(zmq.XPUB_NODROP, 1)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(endpoint)
        self._send = self._socket.send
        self._readers: list[ZeromqSubscription] = []
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def publish(self, message: Message) -> bool:
        """Encode and send one message; say whether it went out."""
        if message.kind == NOTICE:
            raise TypeError("a notice is not for the bus")
        return self.publish_encoded(self._encode(message))

    def publish_encoded(self, payload: bytes) -> bool:
        """Send what this bus's codec made of one message; say whether it went out."""
        number = self.published + self.dropped
        try:
            self._send(_NUMBER.pack(number) + payload, zmq.NOBLOCK)
        except zmq.Again:
            self.dropped += 1
            return False
        self.published += 1
        return True

    def subscribe(self) -> ZeromqSubscription:
        """Add a reader and wait until the publisher has heard of it."""
        socket = self._context.socket(zmq.SUB)
        socket.setsockopt(zmq.RCVHWM, self._mark)
        socket.setsockopt(zmq.LINGER, 0)
        mark = b"subscribed " + next(_MARKS).to_bytes(8, "little")
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.setsockopt(zmq.SUBSCRIBE, mark)
        socket.connect(self.endpoint)
        # Other readers come and go, and the publisher hears of that too: this one is heard by a topic of its own, which
        # travels behind the one that matters.
        if not self._heard(b"\x01" + mark):
            socket.close()
            raise SubscribeError(f"the subscription to {self.endpoint} was not heard within {_SUBSCRIBE_MS} ms")
        socket.setsockopt(zmq.UNSUBSCRIBE, mark)
        reader = ZeromqSubscription(socket, self._codec, self.published + self.dropped)
        self._readers.append(reader)
        return reader

    def _heard(self, word: bytes) -> bool:
        """Wait until the publisher was told this."""
        until = time.monotonic() + _SUBSCRIBE_MS / 1000
        while (left := until - time.monotonic()) > 0 and self._socket.poll(int(left * 1000)):
            if self._socket.recv() == word:
                return True
        return False

    def close(self) -> None:
        """End the bus and every reader it made."""
        for reader in self._readers:
            reader.close()
        self._socket.close()
        self._context.term()


class ZeromqSubscription:
    """A SUB socket that watches the numbers."""

    def __init__(self, socket: zmq.Socket[bytes], codec: Codec, next_number: int) -> None:
        self.missed = 0
        self._socket = socket
        self._decode = codec.decode
        self._next = next_number

    def receive(self, timeout_s: float) -> Message | None:
        """Return the next message, or None when none came in time."""
        if not self._socket.poll(int(timeout_s * 1000)):
            return None
        payload = self._socket.recv()
        (number,) = _NUMBER.unpack_from(payload)
        self.missed += number - self._next
        self._next = number + 1
        return self._decode(payload[_NUMBER.size :])

    def close(self) -> None:
        """End the subscription."""
        self._socket.close()
