"""The exchange's order counter while the wire is measured: a few microseconds an order, so that the sender keeps pace.

It is no market: an order is filled in full at its limit. It keeps what conformance needs: every client_order_id once, a
question for an order answered, keys checked. The paper exchange (suites/exchange) is where orders are matched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httptools
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

_REASONS: Final = {200: b"OK", 401: b"Unauthorized", 404: b"Not Found", 422: b"Unprocessable Entity"}

_ORDER: Final = (
    b'{"symbol":"BTC/USD","qty":"1.0","side":"buy","type":"limit","time_in_force":"gtc","limit_price":"27123.47",'
    b'"client_order_id":"rehearsal"}'
)
_REHEARSED: Final = (
    b"POST /v2/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nAPCA-API-KEY-ID: %b\r\nAPCA-API-SECRET-KEY: %b\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
)


class Counter:
    """All orders of one run, by client_order_id; `duplicates` counts those that came twice and were refused."""

    def __init__(self, key: str, secret: str, clock_ns: Callable[[], int]) -> None:
        self.orders: dict[str, bytes] = {}
        self.arrived_ns: dict[str, int] = {}
        self.duplicates = 0
        self._key = key.encode()
        self._secret = secret.encode()
        self._clock_ns = clock_ns

    def answer(self, method: bytes, url: bytes, headers: dict[bytes, bytes], body: bytes) -> bytes:
        """Return the whole HTTP answer to one request."""
        if headers.get(b"apca-api-key-id") != self._key or headers.get(b"apca-api-secret-key") != self._secret:
            return _reply(401, b'{"message":"unauthorized."}')
        if method == b"POST" and url == b"/v2/orders":
            return self._take(orjson.loads(body))
        path, _, query = url.partition(b"?client_order_id=")
        if path == b"/v2/orders:by_client_order_id" and query.decode() in self.orders:
            return _reply(200, self.orders[query.decode()])
        return _reply(404, b'{"code":40410000,"message":"order not found"}')

    def _take(self, order: dict[str, str]) -> bytes:
        name = order["client_order_id"]
        if name in self.orders:
            self.duplicates += 1
            return _reply(422, b'{"code":40010001,"message":"client_order_id must be unique"}')
        self.arrived_ns[name] = self._clock_ns()
        now = "2026-01-01T00:00:00.000000000Z"
        taken = {**order, "id": f"{len(self.orders):032x}", "created_at": now, "updated_at": now, "submitted_at": now}
        taken.update(status="filled", filled_qty=order["qty"], filled_avg_price=order["limit_price"], filled_at=now)
        self.orders[name] = orjson.dumps(taken)
        return _reply(200, self.orders[name])


class Requests:
    """The requests of one connection, parsed by llhttp; `feed` gives the answers to those that became whole."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body = b""
        self._answers: list[bytes] = []

    def feed(self, received: bytes) -> bytes:
        """Take bytes; return what is to be sent back."""
        self._parser.feed_data(received)
        answers, self._answers = self._answers, []
        return b"".join(answers)

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url, self._headers, self._body = b"", {}, b""

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        self._answers.append(self._counter.answer(self._parser.get_method(), self._url, self._headers, self._body))


class Rehearsal:
    """Answers an order that nobody sent, to keep the way of an answer warm; it has a counter of its own."""

    def __init__(self, key: str, secret: str) -> None:
        self._counter = Counter(key, secret, lambda: 0)
        self._requests = Requests(self._counter)
        self._request = _REHEARSED % (key.encode(), secret.encode(), len(_ORDER), _ORDER)

    def again(self) -> bytes:
        """Return the answer, which is always the same."""
        self._counter.orders.clear()
        return self._requests.feed(self._request)


def _reply(status: int, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nX-Ratelimit-Limit: 0\r\nContent-Length: %d\r\n\r\n%b"
        % (status, _REASONS[status], len(body), body)
    )
