"""Every gateway against the paper exchange: whatever goes wrong, an order is there once, or known not to be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from implementations.gateway._requests import Leaving, NotSentError, Reply, order_body, order_text, plain
from implementations.gateway._retrying import RetryingGateway
from implementations.gateway.contract import (
    DeadlineError,
    GatewayCounts,
    GatewayError,
    GatewayRefusedError,
    GatewaySettings,
    OutcomeUnknownError,
)
from implementations.messages import Order
from implementations.registry import UnavailableError, catalogue, load
from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from suites.exchange.server import Exchange

NAMES = [*(entry.name for entry in catalogue("gateway")), "reference"]
FREE = Settings(connection_limit=0, requests_per_window=0)


@pytest.fixture(params=NAMES)
def factory(request: pytest.FixtureRequest) -> Any:
    try:
        return load("gateway", request.param).factory
    except UnavailableError as error:
        pytest.skip(str(error))


@contextlib.asynccontextmanager
async def opened(factory: Any, exchange: Exchange, sharing: str = "shared", **changes: Any) -> AsyncIterator[Any]:
    standard: dict[str, Any] = {
        "url": exchange.orders_url,
        "key": exchange.settings.key,
        "secret": exchange.settings.secret,
        "backoff_s": 0.001,
        "backoff_max_s": 0.01,
        "attempt_timeout_s": 5.0,
    }
    sent: Counter[str] = Counter()
    share: Any = load("sharing", sharing).factory()
    gateway = factory(GatewaySettings(**{**standard, **changes}), share, lambda name: sent.update([name]))
    gateway.sent = sent
    await gateway.open()
    try:
        yield gateway
    finally:
        await gateway.close()
        await gateway.close()  # twice does no harm


def order(name: str = "a-1", price: float = 10.0, quantity: float = 1.0, tif: str = "gtc") -> Order:
    return Order(name, "X", "buy", quantity, price, tif)


def quote(bid: float = 9.0, ask: float = 10.0) -> bytes:
    return b'[{"T":"q","S":"X","bp":%f,"bs":5,"ap":%f,"as":5,"t":"2026-01-01T00:00:00Z"}]' % (bid, ask)


def names(exchange: Exchange) -> list[str]:
    return [found.client_order_id for found in exchange.desk.orders.values()]


def test_an_order_is_acknowledged(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange) as gateway:
            ack = await gateway.submit(order())
            (found,) = exchange.desk.orders.values()
            return ack, found, gateway.sent, gateway.counts

    ack, found, sent, counts = on_exchange(scenario, FREE)
    assert (ack.client_order_id, ack.symbol, ack.status, ack.filled) == ("a-1", "X", "accepted", 0.0)
    assert (found.limit_price, found.quantity, found.side, found.time_in_force) == (10, 1, "buy", "gtc")
    assert (sent, counts.acknowledged, counts.retries, counts.lookups) == ({"a-1": 1}, 1, 0, 0)


def test_an_order_is_told_to_have_left_when_it_was_written_and_not_before(
    factory: Any, on_exchange: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []

    def watched(write: Callable[..., Any]) -> Callable[..., Any]:
        def watching(connected: socket.socket, data: Any, *flags: int) -> Any:
            if b'"client_order_id":"a-1"' in bytes(data):
                happened.append("written")
            return write(connected, data, *flags)

        return watching

    for name in ("send", "sendall"):
        monkeypatch.setattr(socket.socket, name, watched(getattr(socket.socket, name)))

    async def scenario(exchange: Exchange) -> None:
        async with opened(factory, exchange) as gateway:
            gateway._on_sent = lambda _name: happened.append("told")
            await gateway.submit(order())

    on_exchange(scenario, FREE)
    assert (happened[0], happened.count("told")) == ("written", 1)


def test_what_became_of_it_is_read_where_the_exchange_tells(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(quote())
        async with opened(factory, exchange) as gateway:
            filled = await gateway.submit(order("a", quantity=2.0, tif="ioc"))
            none = await gateway.submit(order("b", price=5.0, tif="ioc"))
            return (filled.status, filled.filled, filled.price), none.status

    settings = Settings(reply="after_match", requests_per_window=0)
    assert on_exchange(scenario, settings) == (("filled", 2.0, 10.0), "canceled")


def test_a_rehearsal_sends_and_counts_nothing(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        heard: list[str] = []
        async with opened(factory, exchange) as gateway:
            acks = [await gateway.rehearse(order(name), heard.append) for name in ("never", 'not "ever"')]
            await gateway.submit(order("a"))
            told = [(ack.client_order_id, ack.symbol, ack.status, ack.filled, ack.price) for ack in acks]
            return told, heard, names(exchange), gateway.sent, gateway.counts

    told, heard, arrived, sent, counts = on_exchange(scenario, FREE)
    like = order("")
    assert told == [(name, like.symbol, "filled", like.quantity, like.price) for name in heard]
    assert heard == ["never", 'not "ever"']
    assert (arrived, sent, counts) == (["a"], {"a": 1}, GatewayCounts(submitted=1, acknowledged=1))


def test_rehearsals_that_come_too_fast_or_too_late_are_made_up_too(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange) as gateway:
            waiting = [gateway.rehearse(order(name), lambda _name: None) for name in "abc"]
            acks = await asyncio.gather(*waiting)
        late = await gateway.rehearse(order("d"), lambda _name: None)
        return [ack.client_order_id for ack in (*acks, late)], names(exchange)

    assert on_exchange(scenario, FREE) == (["a", "b", "c", "d"], [])


def test_a_rehearsal_goes_without_a_connection_to_itself(on_exchange: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError("no loopback device")

    async def scenario(exchange: Exchange) -> Any:
        async with opened(load("gateway", "raw").factory, exchange) as gateway:
            monkeypatch.setattr("implementations.gateway.raw.Mirror", refuse)
            ack = await gateway.rehearse(order("a"), lambda _name: None)
            return ack.client_order_id, names(exchange)

    assert on_exchange(scenario, FREE) == ("a", [])


def test_many_orders_at_once_all_arrive_once(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange, connections=3) as gateway:
            acks = await asyncio.gather(*(gateway.submit(order(f"o-{number}")) for number in range(40)))
            return [ack.client_order_id for ack in acks], sorted(names(exchange)), gateway.counts.acknowledged

    acks, arrived, acknowledged = on_exchange(scenario, FREE)
    assert acks == [f"o-{number}" for number in range(40)]
    assert arrived == sorted(acks)
    assert acknowledged == 40


@pytest.mark.parametrize("sharing", ["deepcopy", "shared", "reference"])
def test_a_retry_is_not_touched_by_what_the_caller_does_meanwhile(factory: Any, on_exchange: Any, sharing: str) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("refuse_429")
        async with opened(factory, exchange, sharing) as gateway:
            mine = order()
            waiting = gateway.submit(mine)
            mine.price = 99.0
            await waiting
            return [found.limit_price for found in exchange.desk.orders.values()]

    assert on_exchange(scenario, FREE) == [10]


def test_429_is_waited_out(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("refuse_429", "refuse_429")
        async with opened(factory, exchange) as gateway:
            ack = await gateway.submit(order())
            return ack.status, names(exchange), gateway.counts

    status, arrived, counts = on_exchange(scenario, FREE)
    assert (status, arrived) == ("accepted", ["a-1"])
    assert (counts.rate_limited, counts.retries, counts.lookups) == (2, 2, 0)


@pytest.mark.parametrize("fault", ["swallow_reply", "close_after"])
def test_an_order_whose_answer_is_lost_is_asked_for_and_not_sent_again(
    factory: Any, on_exchange: Any, fault: Any
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders(fault)
        async with opened(factory, exchange, attempt_timeout_s=0.3) as gateway:
            ack = await gateway.submit(order())
            return ack.client_order_id, names(exchange), gateway.counts

    name, arrived, counts = on_exchange(scenario, FREE)
    assert (name, arrived) == ("a-1", ["a-1"])
    assert (counts.lookups, counts.retries, counts.lost_replies) == (1, 0, 1)


@pytest.mark.parametrize("fault", ["drop_before", "fail_500"])
def test_an_order_that_did_not_arrive_is_sent_again_after_asking(factory: Any, on_exchange: Any, fault: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders(fault)
        async with opened(factory, exchange) as gateway:
            ack = await gateway.submit(order())
            return ack.client_order_id, names(exchange), gateway.counts

    name, arrived, counts = on_exchange(scenario, FREE)
    assert (name, arrived) == ("a-1", ["a-1"])
    assert (counts.lookups, counts.retries) == (1, 1)


def test_an_order_that_arrives_late_is_refused_the_second_time_and_found(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("arrive_late")
        async with opened(factory, exchange) as gateway:
            ack = await gateway.submit(order())
            return ack.status, names(exchange), gateway.counts

    status, arrived, counts = on_exchange(scenario, FREE)
    assert (status, arrived) == ("accepted", ["a-1"])
    assert (counts.lookups, counts.retries, counts.rejected) == (2, 1, 0)


def test_any_mixture_of_failures_leaves_each_order_there_once(factory: Any, on_exchange: Any) -> None:
    faults: Any = ["close_after", "drop_before", "refuse_429", "fail_500", "close_after", "refuse_429"]

    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders(*faults)
        async with opened(factory, exchange, deadline_s=15.0) as gateway:
            await asyncio.gather(*(gateway.submit(order(f"o-{number}")) for number in range(10)))
            return sorted(names(exchange)), gateway.counts.acknowledged

    assert on_exchange(scenario, FREE) == ([f"o-{number}" for number in range(10)], 10)


def test_a_connection_that_was_closed_while_idle_costs_no_order(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange) as gateway:
            await gateway.submit(order("a"))
            exchange.hang_up()
            ack = await gateway.submit(order("b"))
            return ack.client_order_id, sorted(names(exchange))

    assert on_exchange(scenario, FREE) == ("b", ["a", "b"])


@pytest.mark.parametrize(("quantity", "cash"), [(1.0, 5), (-1.0, 1000)])
def test_a_refusal_is_a_rejection_and_is_not_repeated(
    factory: Any, on_exchange: Any, quantity: float, cash: int
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange) as gateway:
            ack = await gateway.submit(order(quantity=quantity))
            return ack.status, gateway.counts.rejected, gateway.counts.retries, names(exchange)

    assert on_exchange(scenario, Settings(cash=Decimal(cash))) == ("rejected", 1, 0, [])


def test_a_client_order_id_of_somebody_else_is_a_rejection(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange) as gateway:
            await gateway.submit(order("same"))
            return (await gateway.submit(order("same", price=11.0))).status, names(exchange)

    assert on_exchange(scenario, FREE) == ("rejected", ["same"])


def test_wrong_keys_are_an_error(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange, secret="wrong") as gateway:
            with pytest.raises(GatewayRefusedError):
                await gateway.submit(order())
            return gateway.counts.failed

    assert on_exchange(scenario, FREE) == 1


@pytest.mark.parametrize("before", [[None], [None, (404, b"{}")]])
def test_a_key_that_is_refused_behind_a_lost_answer_leaves_the_outcome_unknown(
    factory: Any, before: list[tuple[int, bytes] | None]
) -> None:
    async def scenario() -> Any:
        async with scripted(*before, (401, b"{}")) as server:
            return await submitted_to(factory, server.url), server.answers

    (error, counts), left = asyncio.run(scenario())
    assert (error, counts.failed, left) == (OutcomeUnknownError, 1, [])


def test_the_deadline_says_that_the_order_is_not_there(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("refuse_429")
        # The next attempt would come behind the deadline; one that the deadline cuts off may have arrived.
        async with opened(factory, exchange, deadline_s=0.9, backoff_s=0.9, backoff_max_s=1.0) as gateway:
            with pytest.raises(DeadlineError, match="is not at the exchange"):
                await gateway.submit(order())
            return names(exchange), gateway.counts.failed

    assert on_exchange(scenario, FREE) == ([], 1)


def test_the_deadline_says_that_the_outcome_is_unknown(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("swallow_reply")
        async with opened(factory, exchange, attempt_timeout_s=0.5, deadline_s=0.5) as gateway:
            with pytest.raises(OutcomeUnknownError, match="may be at the exchange"):
                await gateway.submit(order())
            return names(exchange), gateway.counts.failed

    assert on_exchange(scenario, FREE) == (["a-1"], 1)


def test_nobody_listening_is_a_deadline_too(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        settings = GatewaySettings("http://127.0.0.1:1", "k", "s", deadline_s=0.9, backoff_s=0.9)
        share: Any = load("sharing", "shared").factory()
        gateway = factory(settings, share, lambda _name: None)
        try:
            with pytest.raises(DeadlineError):
                await gateway.submit(order())
        finally:
            await gateway.close()
        return gateway.counts.failed

    assert on_exchange(scenario, FREE) == 1


def test_closing_tells_of_what_was_in_flight(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("swallow_reply")
        async with opened(factory, exchange, attempt_timeout_s=1.0) as gateway:
            waiting = gateway.submit(order())
            await exchange.wait_for(lambda: bool(exchange.desk.orders))
            await gateway.close()
            with pytest.raises(OutcomeUnknownError):
                await waiting
        return gateway.counts.failed

    assert on_exchange(scenario, FREE) == 1


def test_a_turn_that_comes_to_one_who_gave_up_goes_to_the_next(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> bool:
        async with opened(load("gateway", "raw").factory, exchange, connections=1) as gateway:
            link = await gateway._take_link()
            first, second = (asyncio.create_task(gateway._take_link()) for _ in range(2))
            await asyncio.sleep(0)
            gateway._idle.append(link)
            gateway._wake()
            first.cancel()
            async with asyncio.timeout(5):
                return await second is link

    assert on_exchange(scenario, FREE)


def test_a_connection_that_cannot_be_made_leaves_nobody_waiting_for_it() -> None:
    async def scenario() -> list[type[BaseException]]:
        share: Any = load("sharing", "shared").factory()
        settings = GatewaySettings("http://127.0.0.1:1", "k", "s", connections=1)
        gateway: Any = load("gateway", "raw").factory(settings, share, lambda _name: None)
        async with asyncio.timeout(5):
            both = (gateway.request("POST", "/v2/orders", b"", Leaving()) for _ in range(2))
            return [type(each) for each in await asyncio.gather(*both, return_exceptions=True)]

    assert asyncio.run(scenario()) == [NotSentError] * 2


@dataclass
class Scripted:
    """Answers requests as written, one after the other: a status with a body, or None for a connection that ends."""

    answers: list[tuple[int, bytes] | None]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.method)
        given = self.answers.pop(0)
        if given is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=given[0], body=given[1], headers={"X-Ratelimit-Reset": "soon"})


@contextlib.asynccontextmanager
async def scripted(*answers: tuple[int, bytes] | None) -> AsyncIterator[Scripted]:
    server = Scripted(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{page:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


ACCEPTED = (
    b'{"client_order_id":"a-1","symbol":"X","status":"new","filled_qty":"0","filled_avg_price":null,"updated_at":"t"}'
)


async def submitted_to(factory: Any, url: str, **changes: Any) -> Any:
    """Submit one order; return what became of it: a status, or the error."""
    settings = GatewaySettings(url, "k", "s", **{"backoff_s": 0.001, "backoff_max_s": 0.01, **changes})
    share: Any = load("sharing", "shared").factory()
    gateway = factory(settings, share, lambda _name: None)
    try:
        return (await gateway.submit(order())).status, gateway.counts
    except GatewayError as error:
        return type(error), gateway.counts
    finally:
        await gateway.close()


def test_a_question_that_is_refused_is_no_rejection_of_the_order(factory: Any) -> None:
    async def scenario() -> Any:
        async with scripted(None, (403, b"{}"), (422, b"{}"), (200, ACCEPTED)) as server:
            return await submitted_to(factory, server.url), server.asked

    (status, counts), asked = asyncio.run(scenario())
    assert (status, counts.rejected, asked) == ("accepted", 0, ["POST", "GET", "GET", "GET"])


@pytest.mark.parametrize(("found", "status"), [((200, ACCEPTED), "accepted"), ((404, b"{}"), "rejected")])
def test_a_second_attempt_that_is_refused_asks_for_the_first_that_may_be_the_reason(
    factory: Any, found: Any, status: str
) -> None:
    async def scenario() -> Any:
        async with scripted(None, (404, b"{}"), (403, b"{}"), found) as server:
            return await submitted_to(factory, server.url), server.asked

    (became, counts), asked = asyncio.run(scenario())
    assert (became, counts.retries, asked) == (status, 1, ["POST", "GET", "POST", "GET"])


def test_a_strange_rate_limit_header_costs_no_order(factory: Any) -> None:
    async def scenario() -> Any:
        async with scripted((200, ACCEPTED)) as server:
            return await submitted_to(factory, server.url)

    assert asyncio.run(scenario())[0] == "accepted"


def test_an_order_that_the_exchange_does_not_have_yet_may_still_come(factory: Any) -> None:
    async def scenario() -> Any:
        async with scripted(None, (404, b"{}")) as server:
            return await submitted_to(
                factory, server.url, deadline_s=1.0, backoff_s=0.35, backoff_max_s=5.0
            ), server.asked

    (error, counts), asked = asyncio.run(scenario())
    assert (error, counts.failed, asked) == (OutcomeUnknownError, 1, ["POST", "GET"])


@pytest.mark.parametrize(("began", "error"), [(False, DeadlineError), (True, OutcomeUnknownError)])
def test_an_order_that_waited_for_a_connection_all_the_time_is_not_at_the_exchange(
    *, began: bool, error: type[GatewayError]
) -> None:
    class Stuck(RetryingGateway):
        async def request(self, method: str, target: str, body: bytes, leaving: Leaving) -> Reply:
            leaving.began = began
            await asyncio.Event().wait()
            raise AssertionError

    became, counts = asyncio.run(submitted_to(Stuck, "", deadline_s=0.05))
    assert (became, counts.lost_replies > 0) == (error, began)


def test_the_deadline_ends_an_attempt_that_may_take_longer(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.faults.next_orders("swallow_reply")
        begun = asyncio.get_running_loop().time()
        async with opened(factory, exchange, attempt_timeout_s=9.0, deadline_s=0.2) as gateway:
            with pytest.raises(OutcomeUnknownError):
                await gateway.submit(order())
        return asyncio.get_running_loop().time() - begun

    assert on_exchange(scenario, FREE) < 4.5


def test_closing_tells_of_what_was_submitted_just_before(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with opened(factory, exchange) as gateway:
            waiting = gateway.submit(order())
            await gateway.close()
            with pytest.raises(OutcomeUnknownError):
                await waiting
            with pytest.raises(OutcomeUnknownError):
                await gateway.submit(order("b"))
        return gateway.counts.failed

    assert on_exchange(scenario, FREE) == 2


@pytest.mark.parametrize(
    ("number", "text"),
    [(1.0, "1.0"), (1e-7, "0.0000001"), (0.1, "0.1"), (1e22, "1" + "0" * 22), (61837.33, "61837.33")],
)
def test_numbers_are_written_plainly_and_exactly(number: float, text: str) -> None:
    assert plain(number) == text
    assert float(plain(number)) == number


def test_texts_cannot_break_out_of_the_body() -> None:
    body = order_body(Order('a","qty":"9', "X\r\n", "buy", 1.0, 2.0))
    import json

    read = json.loads(body)
    assert (read["client_order_id"], read["symbol"], read["qty"]) == ('a","qty":"9', "X\r\n", "1.0")


def test_an_order_is_written_in_plain_decimals() -> None:
    tiny, huge = Order("a", "SHIB/USD", "buy", 1e22, 1e-7), Order('b"', "BTC/USD", "sell", 0.5, 50000.25, "day")
    first, second = json.loads(order_text(tiny)), json.loads(order_text(huge))
    assert (first["qty"], first["limit_price"]) == ("10000000000000000000000", "0.0000001")
    assert list(second.values()) == ["BTC/USD", "0.5", "sell", "limit", "day", "50000.25", 'b"']
