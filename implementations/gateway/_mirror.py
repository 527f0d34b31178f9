"""A connection from this process to itself: a request written to it goes the kernel's whole way and reaches nobody.

Rehearsing an order without its `send` leaves the kernel's half cold, which is a third of an order's way (docs/wire.md).
Here the kernel's sending and receiving are walked as well; what is not is the driver of a network card.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_READ_BYTES = 64 * 1024


class Mirror:
    """What is written to `near` is answered by `answer`, and `on_received` is given the answer.

    Both ends are served by the running loop, each in a turn of its own, so that frames that come meanwhile wait for no
    more than one of the two. OSError where there is no loopback device. After an error of the sockets it is closed.
    """

    def __init__(self, answer: Callable[[bytes], bytes], on_received: Callable[[bytes], object]) -> None:
        self._answer = answer
        self._on_received = on_received
        self.near, self._far = _connected_pair()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._far, self._reply)
        self._loop.add_reader(self.near, self._receive)

    def close(self) -> None:
        """Close both ends; twice does no harm."""
        for end in (self.near, self._far):
            if end.fileno() >= 0:
                self._loop.remove_reader(end)
                end.close()

    def _reply(self) -> None:
        if request := self._read(self._far):
            try:
                self._far.send(self._answer(request))
            except OSError:
                self.close()

    def _receive(self) -> None:
        if received := self._read(self.near):
            self._on_received(received)

    def _read(self, end: socket.socket) -> bytes:
        try:
            received = end.recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            received = b""
        if not received:
            self.close()
        return received


def _connected_pair() -> tuple[socket.socket, socket.socket]:
    """Connect to a port of our own; a stranger who came first is sent away."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, address = listener.accept()
        while address != near.getsockname():
            far.close()
            far, address = listener.accept()
    for end in (near, far):
        end.setblocking(False)
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far
