"""The order API: its routes, its errors and its headers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from suites.exchange.configuration import configuration_json, configure
from suites.exchange.errors import OrderError, invalid, no_page, not_found
from suites.exchange.fields import flag, only
from suites.exchange.hours import calendar_json, clock_json
from suites.exchange.session import same
from suites.exchange.views import account_json, position_json, select

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from suites.exchange.desk import Desk
    from suites.exchange.faults import Faults
    from suites.exchange.market import Market
    from suites.exchange.orders import PaperOrder
    from suites.exchange.ratelimit import RateLimit
    from suites.exchange.settings import Settings


class OrderApi:
    """Handlers over one desk; every response carries the rate limit's headers."""

    def __init__(
        self,
        settings: Settings,
        desk: Desk,
        market: Market,
        limit: RateLimit,
        faults: Faults,
        clock_ns: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._market = market
        self._limit = limit
        self._faults = faults
        self._clock_ns = clock_ns

    def routes(self) -> list[web.RouteDef]:
        """List the routes for the application."""
        return [
            web.post("/v2/orders", self._guarded(self._submit)),
            web.get("/v2/orders", self._guarded(self._list)),
            web.delete("/v2/orders", self._guarded(self._cancel_all)),
            web.get("/v2/orders:by_client_order_id", self._guarded(self._by_client_id)),
            web.get("/v2/orders/{id}", self._guarded(self._get)),
            web.patch("/v2/orders/{id}", self._guarded(self._replace)),
            web.delete("/v2/orders/{id}", self._guarded(self._cancel)),
            web.get("/v2/account", self._guarded(self._account)),
            web.get("/v2/account/configurations", self._guarded(self._configuration)),
            web.patch("/v2/account/configurations", self._guarded(self._configure)),
            web.get("/v2/positions", self._guarded(self._positions)),
            web.delete("/v2/positions", self._guarded(self._close_all)),
            web.get("/v2/positions/{symbol:.+}", self._guarded(self._position)),
            web.delete("/v2/positions/{symbol:.+}", self._guarded(self._close)),
            web.get("/v2/assets", self._guarded(self._assets)),
            web.get("/v2/assets/{symbol:.+}", self._guarded(self._asset)),
            web.get("/v2/clock", self._guarded(self._clock)),
            web.get("/v2/calendar", self._guarded(self._calendar)),
            web.route("*", "/{page:.*}", self.no_page),
        ]

    async def no_page(self, request: web.Request) -> web.Response:
        """Answer a request for a page that the order API does not have."""
        return await self._guarded(self._no_page)(request)

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def guarded(request: web.Request) -> web.Response:
            if not (
                same(request.headers.get("APCA-API-KEY-ID"), self._settings.key)
                and same(request.headers.get("APCA-API-SECRET-KEY"), self._settings.secret)
            ):
                response = _reply({"message": "unauthorized."}, 401)
            elif not self._limit.take():
                response = _reply({"code": 42910000, "message": "rate limit exceeded"}, 429)
            else:
                try:
                    response = await handler(request)
                except OrderError as error:
                    response = _reply({"code": error.code, "message": error.message}, error.status)
            response.headers.update(self._limit.headers())
            return response

        return guarded

    async def _submit(self, request: web.Request) -> web.Response:
        body = await _body(request)
        fault = self._faults.take()
        if fault == "refuse_429":
            return _reply({"code": 42910000, "message": "rate limit exceeded"}, 429)
        if fault == "fail_500":
            return _reply({"code": 50010000, "message": "internal server error occurred"}, 500)
        if fault == "drop_before":
            return _hang_up(request)
        if fault == "arrive_late":
            self._faults.late.append(body)
            return _hang_up(request)
        reply = self._entered(self._desk.accept(body))
        if fault == "close_after":
            return _hang_up(request)
        if fault == "swallow_reply":
            await asyncio.Event().wait()  # ends when the client goes away, or the server
        return _reply(reply)

    def _entered(self, order: PaperOrder) -> dict[str, object]:
        """Match an order that was accepted; return it as the settings want a reply to show it."""
        before = order.as_json()
        self._desk.match(order)
        return before if self._settings.reply == "before_match" else order.as_json()

    async def _list(self, request: web.Request) -> web.Response:
        chosen = select(self._desk.orders.values(), request.query, self._market.assets)
        return _reply([order.as_json() for order in chosen])

    async def _get(self, request: web.Request) -> web.Response:
        only(request.query, {"nested"})
        return _reply(self._desk.get(request.match_info["id"]).as_json())

    async def _by_client_id(self, request: web.Request) -> web.Response:
        only(request.query, {"client_order_id"})
        try:
            return _reply(self._desk.by_client_id(request.query.get("client_order_id", "")).as_json())
        finally:
            while self._faults.late:
                self._desk.match(self._desk.accept(self._faults.late.pop(0)))

    async def _replace(self, request: web.Request) -> web.Response:
        return _reply(self._entered(self._desk.replace(request.match_info["id"], await _body(request))))

    async def _cancel(self, request: web.Request) -> web.Response:
        self._desk.cancel(request.match_info["id"])
        return web.Response(status=204)

    async def _cancel_all(self, _request: web.Request) -> web.Response:
        return _reply([{"id": order_id, "status": 200} for order_id in self._desk.cancel_all()], 207)

    async def _account(self, _request: web.Request) -> web.Response:
        return _reply(account_json(self._desk.account, self._market))

    async def _positions(self, _request: web.Request) -> web.Response:
        held = self._desk.account.positions
        return _reply([position_json(self._desk.account, symbol, self._market) for symbol in held])

    async def _position(self, request: web.Request) -> web.Response:
        return _reply(position_json(self._desk.account, self._held(request), self._market))

    async def _close(self, request: web.Request) -> web.Response:
        return _reply(self._entered(self._desk.close_position(self._held(request), request.query)))

    async def _close_all(self, request: web.Request) -> web.Response:
        only(request.query, {"cancel_orders"})
        if flag(request.query, "cancel_orders"):
            self._desk.cancel_all()
        return _reply([self._closed(symbol) for symbol in list(self._desk.account.positions)], 207)

    def _closed(self, symbol: str) -> dict[str, object]:
        """Close one of all positions; return what became of it, as the API writes it."""
        named: dict[str, object] = {"symbol": symbol.replace("/", "")}
        held = position_json(self._desk.account, symbol, self._market)
        try:
            return {**named, "status": 200, "body": self._entered(self._desk.close_position(symbol, {}))}
        except OrderError as error:
            body = {
                **named,
                "code": error.code,
                "message": error.message,
                "existing_qty": held["qty"],
                "available": held["qty_available"],
            }
            return {**named, "status": error.status, "body": body}

    def _held(self, request: web.Request) -> str:
        """Return the symbol of the position that a request names, or raise OrderError 404."""
        symbol = self._market.assets.find(request.match_info["symbol"])
        if symbol is None or symbol not in self._desk.account.positions:
            raise not_found("position does not exist")
        return symbol

    async def _assets(self, request: web.Request) -> web.Response:
        return _reply(self._market.assets.select(request.query))

    async def _asset(self, request: web.Request) -> web.Response:
        return _reply(self._market.assets.asset(request.match_info["symbol"]))

    async def _clock(self, _request: web.Request) -> web.Response:
        return _reply(clock_json(self._clock_ns()))

    async def _calendar(self, request: web.Request) -> web.Response:
        return _reply(calendar_json(request.query))

    async def _configuration(self, _request: web.Request) -> web.Response:
        return _reply(configuration_json(self._desk.account))

    async def _configure(self, request: web.Request) -> web.Response:
        configure(self._desk.account, await _body(request))
        return _reply(configuration_json(self._desk.account))

    async def _no_page(self, request: web.Request) -> web.Response:
        raise no_page(f"{request.method} {request.path} is not played by this exchange; docs/exchange.md lists what is")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except ValueError as error:
        raise OrderError(400, 40010000, "request body format is invalid") from error
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    return body


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _reply(content: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
