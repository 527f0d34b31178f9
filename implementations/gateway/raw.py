"""Kept sockets and a request that is ready but for its body: an order leaves before `submit` returns."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from implementations.gateway._http import BadReplyError, ReplyReader
from implementations.gateway._mirror import Mirror
from implementations.gateway._requests import (
    ORDERS,
    STATUSES,
    Leaving,
    LostReplyError,
    NotSentError,
    Reply,
    order_text,
)
from implementations.gateway._retrying import RetryingGateway, Submission
from implementations.gateway.contract import OutcomeUnknownError
from implementations.messages import Ack
from implementations.registry import implementation

if TYPE_CHECKING:
    from collections.abc import Callable

    from implementations.gateway.contract import GatewaySettings
    from implementations.messages import Order
    from implementations.sharing.contract import Sharing

_READ_BYTES = 64 * 1024
_SWEEP = 0.1  # of the time that an attempt may take: so often late answers are looked for
_MADE_UP = (
    '{"id":"0","client_order_id":%s,"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",'
    '"symbol":%s,"qty":"%r","filled_qty":"%r","filled_avg_price":"%r","type":"limit","status":"filled"}'
)
_MADE_UP_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Ratelimit-Limit: 0\r\nContent-Length: "


class _Answer(msgspec.Struct, gc=False):
    """What of the API's order an acknowledgement needs."""

    client_order_id: str
    symbol: str
    status: str
    filled_qty: str
    filled_avg_price: str | None
    updated_at: str


class _Link:
    """One kept connection: idle, or with one request on its way."""

    __slots__ = ("begun_s", "done", "order", "reader", "send", "socket")

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.send = connected.send
        self.reader = ReplyReader()
        self.order: Order | None = None  # of the fast path
        self.done: asyncio.Future[Ack] | asyncio.Future[Reply] | None = None
        self.begun_s = 0.0


@implementation(source="sockets in non-blocking mode, watched by the loop; no library on the way", fixes="B7")
class RawGateway(RetryingGateway):
    """The first attempt is a write to an idle socket; all that goes wrong goes the way of the other gateways.

    `on_sent` follows the `send` that gave the whole request to the kernel. A first attempt may take a tenth longer than
    `attempt_timeout_s`.
    """

    def __init__(self, settings: GatewaySettings, sharing: Sharing, on_sent: Callable[[str], object]) -> None:
        super().__init__(settings, sharing, on_sent)
        address = urlsplit(settings.url)
        self._address = (address.hostname or "", address.port or 80)
        head = (
            f"Host: {address.netloc}\r\nAPCA-API-KEY-ID: {settings.key}\r\n"
            f"APCA-API-SECRET-KEY: {settings.secret}\r\nContent-Type: application/json\r\nContent-Length: "
        )
        self._head = head.encode("latin-1")
        self._post = f"POST {ORDERS} HTTP/1.1\r\n{head}"
        self._decode = msgspec.json.Decoder(_Answer).decode
        self._idle: list[_Link] = []
        self._links: set[_Link] = set()
        self._opening = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sweep: asyncio.TimerHandle | None = None
        self._mirror: Mirror | None = None
        self._mirrored: _Link | None = None

    async def open(self) -> None:
        """Connect as many times as connections are to be kept."""
        links = await asyncio.gather(*(self._connect() for _ in range(self._settings.connections)))
        self._idle.extend(links)

    def submit(self, order: Order) -> asyncio.Future[Ack]:
        """Write the order to an idle connection, now."""
        self.counts.submitted += 1
        shared = self._sharing.share(order)
        if not self._idle:
            return self._start(Submission(self, shared))
        link = self._idle.pop()
        try:
            return self._write(link, shared, self._on_sent)
        except OSError:
            self._drop(link)
            return self._start(Submission(self, shared))
        except LostReplyError as lost:
            self._drop(link)
            return self._start(Submission(self, shared), lost)

    def rehearse(self, order: Order, on_sent: Callable[[str], object]) -> asyncio.Future[Ack]:
        """Write the order to a connection of this process to itself, whose answer is read as the exchange's would be.

        While one answer is under way, and where that connection is not to be had, nothing is written anywhere.
        """
        try:
            if self._mirrored is None and not self.closed:
                self._mirror = Mirror(self._made_up, self._take_made_up)
                self._mirrored = _Link(self._mirror.near)
            if self._mirrored is not None and self._mirrored.done is None:
                return self._write(self._mirrored, self._sharing.share(order), on_sent)
        except (OSError, LostReplyError):
            pass  # no such connection, or not any more
        return super().rehearse(order, on_sent)

    def _write(self, link: _Link, shared: Order, on_sent: Callable[[str], object]) -> asyncio.Future[Ack]:
        """Hand an order to an idle connection: LostReplyError when only a part of it was taken."""
        body = order_text(self._sharing.attempt(shared))
        request = f"{self._post}{len(body)}\r\n\r\n{body}".encode("ascii")
        if link.send(request) < len(request):
            raise LostReplyError("a part of the request left")
        on_sent(shared.client_order_id)
        loop = asyncio.get_running_loop()
        link.order = shared
        link.begun_s = loop.time()
        future: asyncio.Future[Ack] = loop.create_future()
        link.done = future
        return future

    def _made_up(self, _request: bytes) -> bytes:
        """Answer the order that is rehearsed as the exchange would when it is filled."""
        assert self._mirrored is not None  # noqa: S101  the mirror is made with it
        order = self._mirrored.order
        if order is None:
            return b""
        numbers = (order.quantity, order.quantity, order.price)
        body = _MADE_UP % (quoted(order.client_order_id), quoted(order.symbol), *numbers)
        return f"{_MADE_UP_HEAD}{len(body)}\r\n\r\n{body}".encode("ascii")

    def _take_made_up(self, received: bytes) -> None:
        """Read the answer to the order that is rehearsed."""
        link = self._mirrored
        assert link is not None  # noqa: S101  see above
        reply = link.reader.feed(received)
        done = link.done
        if reply is None or done is None:
            return
        link.done = link.order = None
        if not done.done():
            done.set_result(self._acknowledgement(reply))  # type: ignore[arg-type]  # this link carries orders only

    async def close(self) -> None:
        """End every connection; what is in flight fails with OutcomeUnknownError."""
        if self._sweep is not None:
            self._sweep.cancel()
        if self._mirror is not None:
            self._mirror.close()
        await super().close()
        for link in list(self._links):
            done, order = link.done, link.order
            self._drop(link)
            if done is not None and order is not None and not done.done():
                self.counts.failed += 1
                done.set_exception(OutcomeUnknownError(f"order {order.client_order_id}: the gateway was closed"))

    async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
        """Make one request on an idle connection, a new one, or the first that becomes idle."""
        link = await self._take_link()
        head = f"{method} {target} HTTP/1.1\r\n".encode("latin-1")
        request = b"%b%b%d\r\n\r\n%b" % (head, self._head, len(body), body)
        leaving.began = True
        try:
            written = link.send(request)
        except OSError as error:
            self._drop(link)
            raise NotSentError(str(error)) from error
        if written < len(request):
            self._drop(link)
            raise LostReplyError("a part of the request left")
        leaving.sent()
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        link.done = answer
        try:
            return await answer
        finally:
            if link.done is answer:  # cancelled: the answer, should it come, is nobody's
                self._drop(link)

    def _look_for_late(self) -> None:
        """Drop the connections whose order waits for too long: one timer for all, off the way of the orders."""
        loop = asyncio.get_running_loop()
        timeout_s = min(self._settings.attempt_timeout_s, self._settings.deadline_s)
        begun_before = loop.time() - timeout_s
        for link in [link for link in self._links if link.order is not None and link.begun_s <= begun_before]:
            self._lose(link, "no answer in time")
        self._sweep = loop.call_later(timeout_s * _SWEEP, self._look_for_late)

    async def _take_link(self) -> _Link:
        while not self._idle:
            if len(self._links) + self._opening < self._settings.connections:
                try:
                    return await self._connect()
                except OSError as error:
                    raise NotSentError(str(error)) from error
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():
                    self._wake()  # its turn had come: that is the next one's now
                raise
        return self._idle.pop()

    async def _connect(self) -> _Link:
        loop = asyncio.get_running_loop()
        connected = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._opening += 1
        try:
            await loop.sock_connect(connected, self._address)
        except BaseException:
            connected.close()
            self._opening -= 1
            self._wake()
            raise
        self._opening -= 1
        link = _Link(connected)
        self._links.add(link)
        loop.add_reader(connected, self._read, link)
        if self._sweep is None:
            self._look_for_late()
        return link

    def _read(self, link: _Link) -> None:
        """Take what a connection received."""
        try:
            received = link.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(link, str(error))
            return
        if not received:
            self._lose(link, "the exchange closed the connection")
            return
        try:
            reply = link.reader.feed(received)
        except BadReplyError as error:
            self._lose(link, str(error))
            return
        if link.done is None:
            self._drop(link)  # bytes that nobody asked for
        elif reply is not None:
            self._answered(link, reply)

    def _answered(self, link: _Link, reply: Reply) -> None:
        done, order = link.done, link.order
        link.done = link.order = None
        if link.reader.keep and not link.reader.rest:
            self._idle.append(link)
            self._wake()
        else:
            self._drop(link)
        if done is None or done.done():
            return
        if order is None:
            done.set_result(reply)  # type: ignore[arg-type]  # a link without an order carries a request's future
            return
        ack = self._acknowledgement(reply)
        if ack is None:
            self._recover(done, order, link.begun_s, reply)  # type: ignore[arg-type]  # as above, with an order
        else:
            self.counts.acknowledged += ack.status != "rejected"
            self.counts.rejected += ack.status == "rejected"
            done.set_result(ack)  # type: ignore[arg-type]  # as above

    def _acknowledgement(self, reply: Reply) -> Ack | None:
        """Read an order's answer; None for any that is not simply an order."""
        if reply.status != 200:
            return None
        try:
            answer = self._decode(reply.body)
            filled, price = float(answer.filled_qty), float(answer.filled_avg_price or 0.0)
        except (msgspec.DecodeError, ValueError):
            return None
        status = STATUSES.get(answer.status, "accepted")
        return Ack(answer.client_order_id, answer.symbol, status, filled, price, answer.updated_at)

    def _lose(self, link: _Link, reason: str) -> None:
        """Drop a connection; its order, if it carries one, goes the slow way."""
        done, order, begun = link.done, link.order, link.begun_s
        self._drop(link)
        if done is None or done.done():
            return
        if order is None:
            done.set_exception(LostReplyError(reason))
        else:
            self._recover(done, order, begun, LostReplyError(reason))  # type: ignore[arg-type]  # with an order

    def _recover(self, done: asyncio.Future[Ack], order: Order, begun_s: float, first: Reply | LostReplyError) -> None:
        task = self._start(Submission(self, order, begun_s), first)

        def pass_on(task: asyncio.Task[Ack]) -> None:
            if done.done():
                task.exception()
            elif (error := task.exception()) is not None:
                done.set_exception(error)
            else:
                done.set_result(task.result())

        task.add_done_callback(pass_on)

    def _drop(self, link: _Link) -> None:
        """Close a connection and forget it."""
        if link not in self._links:
            return
        self._links.discard(link)
        if link in self._idle:
            self._idle.remove(link)
        link.done = link.order = None
        asyncio.get_running_loop().remove_reader(link.socket)
        link.socket.close()
        self._wake()

    def _wake(self) -> None:
        """Let the first who waits for a connection look again."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
