"""The open-loop sender, a process of its own: it spins to every intended time and never waits for the client.

Between two frames it looks after the order connections. A frame that the socket does not take is queued here and goes
out as soon as it can: its intended time stays, so the client pays for what it delays (no coordinated omission).
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import sys
import time
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from documents.wire.spec import LATE_NS, RunSpec
from suites.exchange.encoding import encode
from suites.exchange.settings import Settings
from suites.wire.counter import Counter, Rehearsal, Requests
from suites.wire.runqueue import RunQueue
from suites.wire.schedule import NS_IN_S, make_schedule
from suites.wire.stamp import digits, split
from suites.wire.tape import turn_of
from tailgate.machine.pace import pace_ns
from tailgate.statistics.quantiles import quantiles

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECT_NS: Final = 120 * NS_IN_S  # from the announcement to the subscription: an interpreter starts in less
_START_NS: Final = 300_000_000  # from the subscription to the first frame
_SERVE_GAP_NS: Final = 100_000  # with less to the next frame orders wait: answering and reading take 30 to 60 us
_SERVE_EVERY_NS: Final = 500_000  # but no longer than this: a gateway keeps a few connections, each with one order
_REHEARSE_GAP_NS: Final = 300_000  # with this much to the next frame, an answer is rehearsed,
_REHEARSE_EVERY_NS: Final = 2_000_000  # as often as this: one that was not for long takes several times as long
_MOST_AT_ONCE: Final = 64  # frames that are overdue leave together, as a busy server's do
_READ_BYTES: Final = 65_536


class Connection:
    """A socket that never waits: what it does not take is queued, and goes out as soon as it can."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.closed = False
        self.pending: deque[bytes] = deque()
        self.blocked = 0  # sendings that found the socket full

    def send(self, data: bytes) -> None:
        """Send, or queue behind what waits."""
        if self.pending:
            self.blocked += 1
            self.pending.append(data)
            return
        written = self._write(data)
        if written < len(data):
            self.blocked += 1
            self.pending.append(data[written:])

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it."""
        while self.pending:
            data = self.pending[0]
            written = self._write(data)
            if written < len(data):
                self.pending[0] = data[written:]
                return
            self.pending.popleft()

    def _write(self, data: bytes) -> int:
        """Return how many bytes the socket took; all of them where it is closed, for nobody waits for them."""
        try:
            return self.socket.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self.closed = True
            return len(data)


class Feed(Connection):
    """The market data connection: the handshake by `websockets`, then frames that are ready but for their time."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.subscribed = False
        self._protocol = ServerProtocol()

    def receive(self, received: bytes) -> None:
        """Take what the client sent; answer it."""
        if received:
            self._protocol.receive_data(received)
        else:
            self._protocol.receive_eof()
            self.closed = True
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
                self._say({"T": "success", "msg": "connected"})
            elif isinstance(event, Frame) and event.opcode in {Opcode.TEXT, Opcode.BINARY}:
                self._carry_out(json.loads(bytes(event.data)))
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self.closed = True
        for data in self._protocol.data_to_send():
            self.send(bytes(data))

    def _carry_out(self, request: dict[str, Any]) -> None:
        if request["action"] == "auth":
            self._say({"T": "success", "msg": "authenticated"})
        elif request["action"] == "subscribe":
            lists = {name: symbols for name, symbols in request.items() if name != "action"}
            self._say({"T": "subscription", **lists})
            self.subscribed = True

    def _say(self, message: dict[str, object]) -> None:
        self._protocol.send_text(encode([message], "json"))


class Lateness:
    """How late each frame was taken in hand, and a 1 in `held` where a full socket may be why.

    That is: something waited to be taken, or had waited since nothing was overdue.
    """

    def __init__(self, frames: int) -> None:
        self.lags_ns = array("q", bytes(8 * frames))
        self.held = bytearray(frames)

    def own(self, begin: int) -> int:
        """Count the frames since `begin` that were late by more than `LATE_NS` with no full socket as the reason."""
        pairs = zip(self.lags_ns[begin:], self.held[begin:], strict=True)
        return sum(lag > LATE_NS and not full for lag, full in pairs)

    def p99_ns(self, begin: int) -> int:
        """Return the p99 of how late the frames since `begin` were."""
        return round(quantiles(self.lags_ns[begin:], [0.99])[0])


class Server:
    """The listening socket and every connection, polled without waiting."""

    def __init__(self, counter: Counter) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        self.feed: Feed | None = None
        self._counter = counter
        self._epoll = select.epoll()
        self._epoll.register(self.listener.fileno(), select.EPOLLIN)
        self._fresh: dict[int, socket.socket] = {}
        self._orders: dict[int, tuple[Connection, Requests]] = {}

    def poll(self, timeout_s: float = 0.0, at_most: int = -1) -> None:
        """Look after the connections that have something; of more than `at_most` the kernel gives each its turn."""
        for number, ready in self._epoll.poll(timeout_s, at_most):
            if number == self.listener.fileno():
                self._accept()
            elif number in self._orders:
                self._serve(number, ready)
            elif number in self._fresh:
                self._meet(number)
            elif self.feed is not None and number == self.feed.socket.fileno():
                self.feed.receive(_read(self.feed.socket) or b"")
                if self.feed.closed:
                    self._epoll.unregister(number)

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fresh[connection.fileno()] = connection
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _meet(self, number: int) -> None:
        """Tell by its first bytes what a connection is for."""
        connection = self._fresh.pop(number)
        received = _read(connection)
        if not received:
            connection.close()
        elif received.startswith(b"GET /v1beta3/"):
            self.feed = Feed(connection)
            self.feed.receive(received)
        else:
            self._orders[number] = (Connection(connection), Requests(self._counter))
            self._answer(number, received)

    def _serve(self, number: int, ready: int) -> None:
        connection, _ = self._orders[number]
        if ready & select.EPOLLOUT:
            self._answer(number, b"")
        if not ready & ~select.EPOLLOUT:
            return
        received = _read(connection.socket)
        if received:
            self._answer(number, received)
        elif received is not None:
            del self._orders[number]
            connection.socket.close()

    def _answer(self, number: int, received: bytes) -> None:
        """Answer what was received; while an answer waits for its reader, ask to be told when there is room."""
        connection, requests = self._orders[number]
        waited = bool(connection.pending)
        connection.flush()
        if received:
            connection.send(requests.feed(received))
        if waited != bool(connection.pending):
            self._epoll.modify(number, select.EPOLLIN | (0 if waited else select.EPOLLOUT))


def _read(connection: socket.socket) -> bytes | None:
    """Return what was received, nothing at the end of the connection, None when there is nothing yet."""
    try:
        return connection.recv(_READ_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def run(spec: RunSpec, announce: Callable[[int], None]) -> dict[str, Any]:
    """Serve one client one run; return what was sent and how late it left."""
    settings = Settings()
    clock = time.perf_counter_ns
    tape = turn_of(spec)
    parts = [split(frame) for frame in tape.frames]
    schedule = make_schedule(tape.times_ns, spec.rate, spec.tape.pace)
    counter = Counter(settings.key, settings.secret, clock)
    server = Server(counter)
    alone_ns = pace_ns()  # the client is not there yet
    announce(server.listener.getsockname()[1])
    give_up = clock() + _CONNECT_NS
    while server.feed is None or not server.feed.subscribed:
        if clock() > give_up:
            raise TimeoutError(f"no client subscribed within {_CONNECT_NS / NS_IN_S:g} s")
        server.poll(0.1)
    gc.collect()
    gc.freeze()
    gc.disable()
    lateness = Lateness(spec.frames)
    run_queue = RunQueue()
    start, waited_ns = clock() + _START_NS, run_queue.waited_ns()
    beside_ns = pace_ns()  # the client is there, and waits for the first frame in its own way
    rehearse = Rehearsal(settings.key, settings.secret).again
    _spin(server, server.feed, rehearse, parts, schedule.offsets_ns, schedule.turn_ns, start, lateness)
    last_ns, waited_ns = clock(), run_queue.waited_ns() - waited_ns
    give_up = last_ns + int(spec.patience_s * NS_IN_S)
    while not server.feed.closed and clock() < give_up:
        server.feed.flush()
        server.poll(0.0 if server.feed.pending else 0.001)
    return {
        "sent": spec.frames,
        "intended_last_ns": start + schedule.at(spec.frames - 1),
        "blocked": server.feed.blocked,
        "unsent_bytes": sum(map(len, server.feed.pending)),
        "waited_ns": waited_ns,
        "slowed": beside_ns / alone_ns,
        "lag_p99_ns": lateness.p99_ns(spec.warmup_frames),
        "late": lateness.own(spec.warmup_frames),
        "orders": len(counter.orders),
        "duplicates": counter.duplicates,
    }


def _spin(
    server: Server,
    feed: Feed,
    rehearse: Callable[[], object],
    parts: list[tuple[bytes, bytes]],
    offsets: array[int],
    turn_ns: int,
    start: int,
    lateness: Lateness,
) -> None:
    """Send every frame at its time: the hot loop, everything in it a local name."""
    clock, poll, flush, send, pending = time.perf_counter_ns, server.poll, feed.flush, feed.send, feed.pending
    lags, held = lateness.lags_ns, lateness.held
    count, turn_length = len(lags), len(offsets)
    index = place = 0
    base = start
    full = False
    due = base + offsets[0]
    serve_by, rehearse_at = start + _SERVE_EVERY_NS, start
    while index < count and not feed.closed:
        now = clock()
        if due - now > _SERVE_GAP_NS:
            poll(0.0, 1)
            serve_by = now + _SERVE_EVERY_NS
            now = clock()
        elif now > serve_by:
            poll()
            serve_by = now + _SERVE_EVERY_NS
            now = clock()
        if now < due:
            if pending:
                full = True
                flush()
                continue
            full = False
            if now > rehearse_at and due - now > _REHEARSE_GAP_NS:
                rehearse()
                rehearse_at = now + _REHEARSE_EVERY_NS
            continue
        chunk: list[bytes] = []
        first = index
        while due <= now and index < count and len(chunk) < _MOST_AT_ONCE:
            head, tail = parts[place]
            chunk.append(head + digits(due) + tail)
            lags[index] = now - due
            index += 1
            place += 1
            if place == turn_length:
                place = 0
                base += turn_ns
            due = base + offsets[place]
        if full or pending:
            full = True
            held[first:index] = b"\1" * (index - first)
            flush()
        send(chunk[0] if len(chunk) == 1 else b"".join(chunk))


def main() -> None:
    """Read a run from standard input, announce the port, serve it, write the result: one JSON line each."""
    spec = RunSpec.from_json(json.loads(sys.stdin.readline()))
    os.sched_setaffinity(0, {spec.sender_cpu})

    def announce(port: int) -> None:
        sys.stdout.write(json.dumps({"port": port}) + "\n")
        sys.stdout.flush()

    sys.stdout.write(json.dumps(run(spec, announce)) + "\n")


if __name__ == "__main__":
    main()
