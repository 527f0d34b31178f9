"""The exchange as a whole: one loopback port for both market data streams, the trade updates and the order API."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import orjson
from aiohttp import web

from suites.exchange.desk import Desk
from suites.exchange.errors import ExchangeError
from suites.exchange.faults import Faults
from suites.exchange.market import Market
from suites.exchange.ratelimit import RateLimit
from suites.exchange.rest import OrderApi
from suites.exchange.session import Session
from suites.exchange.settings import Settings
from suites.exchange.updates import UpdateSession

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from suites.exchange.subscriptions import AssetClass

_NS_IN_S: Final = 1e9
_BREATHE: Final = 64
_TURNS_TO_ACCEPT: Final = 5  # of the loop: seen, accepted, a transport made, the protocol told, and one to spare


class Exchange:
    """A running exchange: `publish` shows it one frame of market data, `play` a whole tape in its own time."""

    def __init__(self, settings: Settings, clock_ns: Callable[[], int], new_id: Callable[[], str]) -> None:
        self.settings = settings
        self.market = Market(settings.symbols)
        self.faults = Faults()
        self.limit = RateLimit(settings.requests_per_window, settings.window_s, lambda: clock_ns() / _NS_IN_S)
        self.desk = Desk(settings, self.market, on_update=self._on_update, clock_ns=clock_ns, new_id=new_id)
        self._api = OrderApi(settings, self.desk, self.market, self.limit, self.faults, clock_ns)
        self.sessions: list[Session] = []
        self.listeners: list[UpdateSession] = []
        self.errors: Counter[int] = Counter()  # errors sent on the streams, by code
        self.sent = 0  # messages of connections that have ended, as is
        self.dropped = 0  # messages for clients that were too slow or gone
        self.transports: WeakSet[asyncio.Transport] = WeakSet()
        self.host = ""
        self.port = 0
        self._moved = asyncio.Event()

    @property
    def orders_url(self) -> str:
        """Return the address for TradingClient's url_override."""
        return f"http://{self.host}:{self.port}"

    @property
    def stocks_url(self) -> str:
        """Return the address for StockDataStream's url_override."""
        return f"ws://{self.host}:{self.port}/v2/iex"

    @property
    def crypto_url(self) -> str:
        """Return the address for CryptoDataStream's url_override."""
        return f"ws://{self.host}:{self.port}/v1beta3/crypto/us"

    @property
    def updates_url(self) -> str:
        """Return the address for TradingStream's url_override."""
        return f"ws://{self.host}:{self.port}/stream"

    def application(self) -> web.Application:
        """Return the web application with every route."""
        app = web.Application()
        app.on_response_prepare.append(self._remember)
        app.router.add_get("/v2/{feed:[a-z_]+}", self._on_stocks, name="stocks")  # what is no upgrade is an order page
        app.router.add_get("/v1beta3/crypto/{location}", self._on_crypto, name="crypto")
        app.router.add_get("/stream", self._on_listener, name="updates")
        app.add_routes(self._api.routes())
        return app

    def publish(self, frame: bytes) -> None:
        """Take one frame of the tape (a JSON array): into the market, past the resting orders, to who subscribed."""
        messages = orjson.loads(frame)
        for message in messages:
            if symbol := self.market.apply(message):
                self.desk.market_changed(symbol)
        for session in self.sessions:
            session.offer(messages, frame)

    async def play(self, frames: Sequence[bytes], times_ns: Sequence[int], speed: float = 1.0) -> None:
        """Publish frames at their times (nanoseconds, from any origin); late ones at once, in order.

        The pace is a sleeping loop's: to be good to a millisecond is all it claims.
        """
        if not len(frames):
            return
        loop = asyncio.get_running_loop()
        begin, origin = loop.time(), int(times_ns[0])
        due: list[bytes] = []
        for number, (frame, at) in enumerate(zip(frames, times_ns, strict=True)):
            wait = begin + (int(at) - origin) / _NS_IN_S / speed - loop.time()
            if wait > 0:
                self._flush(due)
                await asyncio.sleep(wait)
            elif number % _BREATHE == 0:  # behind its time it must let the clients have theirs all the same
                await asyncio.sleep(0)
            due.append(frame)
            if self.settings.batching == "as_taped":
                self._flush(due)
        self._flush(due)

    async def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait until a condition on the clients holds; it is tried whenever one comes, asks for something or goes."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await self._moved.wait()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def totals(self) -> dict[str, int]:
        """Count what was sent and what was dropped, over the connections there are and were."""
        return {
            "dropped": self.dropped + sum(session.dropped for session in self.sessions),
            "sent": self.sent + sum(session.sent for session in self.sessions),
        }

    def hang_up(self) -> None:
        """Close every connection of the order API and of the streams under their clients, as a broken network does."""
        for transport in list(self.transports):
            transport.abort()

    async def close(self) -> None:
        """End the day: open orders expire, connections are closed."""
        self.desk.close()
        await asyncio.gather(*(s.close() for s in self.sessions), *(s.close() for s in self.listeners))

    def _flush(self, due: list[bytes]) -> None:
        if len(due) == 1:
            self.publish(due[0])
        elif due:
            self.publish(orjson.dumps([message for frame in due for message in orjson.loads(frame)]))
        due.clear()

    def _on_update(self, update: dict[str, Any]) -> None:
        self._move()
        for listener in self.listeners:
            listener.offer(update)

    async def _on_stocks(self, request: web.Request) -> web.StreamResponse:
        if "Upgrade" not in request.headers:
            return await self._api.no_page(request)
        return await self._on_client(request, "stocks")

    async def _on_crypto(self, request: web.Request) -> web.StreamResponse:
        return await self._on_client(request, "crypto")

    async def _on_client(self, request: web.Request, asset_class: AssetClass) -> web.StreamResponse:
        session = Session(
            request,
            settings=self.settings,
            market=self.market,
            asset_class=asset_class,
            admit=self._admit,
            on_refused=lambda code: self.errors.update([code]),
            on_change=self._move,
        )
        self.sessions.append(session)
        try:
            return await session.run()
        finally:
            self.sessions.remove(session)
            self.dropped += session.dropped
            self.sent += session.sent
            self._move()

    async def _on_listener(self, request: web.Request) -> web.StreamResponse:
        listener = UpdateSession(request, self.settings, self._move)
        self.listeners.append(listener)
        try:
            return await listener.run()
        finally:
            self.listeners.remove(listener)
            self._move()

    async def _remember(self, request: web.Request, _response: web.StreamResponse) -> None:
        if request.transport is not None:
            self.transports.add(request.transport)

    def _admit(self, session: Session) -> bool:
        others = sum(other.authenticated and other.asset_class == session.asset_class for other in self.sessions)
        return not self.settings.connection_limit or others < self.settings.connection_limit


@asynccontextmanager
async def serve(
    settings: Settings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock_ns: Callable[[], int] = time.time_ns,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> AsyncIterator[Exchange]:
    """Run an exchange on this event loop while the block lasts; port 0 takes a free one."""
    exchange = Exchange(settings or Settings(), clock_ns, new_id)
    runner = web.AppRunner(exchange.application(), access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise ExchangeError(
            f"the exchange cannot listen on {host}:{port}: {error.strerror or error}",
            hint="choose another --port, or 0",
        ) from error
    exchange.host, exchange.port = runner.addresses[0][:2]
    try:
        yield exchange
    finally:
        await exchange.close()
        for _ in range(_TURNS_TO_ACCEPT):  # a connection that is half accepted when the listener closes is never closed
            await asyncio.sleep(0)
        await runner.cleanup()
