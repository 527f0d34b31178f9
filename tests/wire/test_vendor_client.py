"""The vendor's own client, unchanged, against the paper exchange."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from suites.exchange.server import Exchange

trading = pytest.importorskip("alpaca.trading.client")
live = pytest.importorskip("alpaca.data.live")
stream = pytest.importorskip("alpaca.trading.stream")
requests = pytest.importorskip("alpaca.trading.requests")
errors = pytest.importorskip("alpaca.common.exceptions")

KEYS = (Settings().key, Settings().secret)


def client_of(exchange: Exchange) -> Any:
    return trading.TradingClient(*KEYS, paper=True, url_override=exchange.orders_url)


def limit(
    side: Any = "buy", price: Any = 100.0, quantity: Any = 2.0, name: Any = None, tif: Any = "gtc", symbol: Any = "AAPL"
) -> Any:
    return requests.LimitOrderRequest(
        symbol=symbol, qty=quantity, side=side, time_in_force=tif, limit_price=price, client_order_id=name
    )


def test_stock_stream_subscribes_and_receives_quotes_with_all_their_nanoseconds(
    on_exchange: Any, vendor_stream: Any, quote: bytes
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        got: asyncio.Queue[Any] = asyncio.Queue()
        feed = live.StockDataStream(*KEYS, url_override=exchange.stocks_url, raw_data=True)
        feed.subscribe_quotes(got.put, "AAPL")
        async with vendor_stream(feed):
            await exchange.wait_for(lambda: any(s.subscribed for s in exchange.sessions))
            exchange.publish(quote)
            return await got.get()

    message = on_exchange(scenario)
    assert (message["S"], message["bp"], message["ap"]) == ("AAPL", 99.5, 100.5)
    assert message["t"].nanoseconds == 670905508


def test_stock_stream_parses_what_it_receives(on_exchange: Any, vendor_stream: Any, quote: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        got: asyncio.Queue[Any] = asyncio.Queue()
        feed = live.StockDataStream(*KEYS, url_override=exchange.stocks_url)
        feed.subscribe_quotes(got.put, "*")
        async with vendor_stream(feed):
            await exchange.wait_for(lambda: any(s.subscribed for s in exchange.sessions))
            exchange.publish(quote)
            return await got.get()

    assert on_exchange(scenario).ask_price == 100.5


def test_crypto_stream_is_sent_the_whole_book_first_and_then_the_changes(
    on_exchange: Any, vendor_stream: Any, book: bytes
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(book)
        got: asyncio.Queue[Any] = asyncio.Queue()
        feed = live.CryptoDataStream(*KEYS, url_override=exchange.crypto_url)
        feed.subscribe_orderbooks(got.put, "BTC/USD")
        async with vendor_stream(feed):
            first = await got.get()
            exchange.publish(
                b'[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:39:39.445492807Z","b":[],"a":[{"p":71939.7,"s":0}]}]'
            )
            return first, await got.get()

    snapshot, change = on_exchange(scenario)
    assert snapshot.reset
    assert [level.price for level in snapshot.bids] == [71859.53, 71849.4]
    assert not change.reset
    assert [(level.price, level.size) for level in change.asks] == [(71939.7, 0)]


def test_subscriptions_as_long_as_several_fragments_arrive_whole(on_exchange: Any, vendor_stream: Any) -> None:
    symbols = [f"S{number:06d}" for number in range(9000)]  # 72 kB of msgpack: three fragments

    async def scenario(exchange: Exchange) -> Any:
        got: asyncio.Queue[Any] = asyncio.Queue()
        feed = live.StockDataStream(*KEYS, url_override=exchange.stocks_url, raw_data=True)
        feed.subscribe_trades(got.put, *symbols)
        async with vendor_stream(feed):
            await exchange.wait_for(lambda: any(s.subscribed for s in exchange.sessions))
            exchange.publish(
                b'[{"T":"t","S":"S008999","i":1,"x":"K","p":1.5,"s":1,"c":[],"z":"C","t":"2023-04-06T11:54:26Z"}]'
            )
            return await got.get()

    assert on_exchange(scenario)["S"] == "S008999"


def test_orders_are_submitted_found_replaced_and_canceled(on_exchange: Any, quote: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(quote)
        client = client_of(exchange)
        await asyncio.to_thread(walk, client)
        return {order.client_order_id: (order.status, order.final_states) for order in exchange.desk.orders.values()}

    def walk(client: Any) -> Any:
        order = client.submit_order(limit(price=90, name="first"))
        assert (order.status.value, order.qty, order.limit_price) == ("new", "2", "90")
        assert client.get_order_by_client_id("first").id == order.id
        newer = client.replace_order_by_id(
            order.id, requests.ReplaceOrderRequest(qty=3, limit_price=91.5, client_order_id="second")
        )
        assert (newer.qty, newer.limit_price, newer.replaces) == ("3", "91.5", order.id)
        assert client.get_order_by_id(order.id).status.value == "replaced"
        assert [o.id for o in client.get_orders()] == [newer.id]
        client.cancel_order_by_id(newer.id)
        assert client.get_order_by_id(newer.id).status.value == "canceled"
        with pytest.raises(errors.APIError) as late:
            client.cancel_order_by_id(newer.id)
        assert late.value.status_code == 422

    assert on_exchange(scenario) == {"first": ("replaced", 1), "second": ("canceled", 1)}


def test_an_order_within_the_market_is_filled_and_shows_in_the_positions(on_exchange: Any, quote: bytes) -> None:
    def walk(client: Any) -> Any:
        order = client.submit_order(limit(price=100.5, quantity=2))
        assert client.get_order_by_id(order.id).status.value == "filled"
        position = client.get_open_position("AAPL")
        assert (position.qty, position.avg_entry_price) == ("2", "100.5")
        assert client.get_account().cash == "99799"
        assert len(client.get_all_positions()) == 1

    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(quote)
        await asyncio.to_thread(walk, client_of(exchange))

    on_exchange(scenario)


def test_a_client_order_id_is_taken_once(on_exchange: Any) -> None:
    def walk(client: Any) -> Any:
        client.submit_order(limit(price=90, name="same"))
        with pytest.raises(errors.APIError) as twice:
            client.submit_order(limit(price=90, name="same"))
        return twice.value.status_code, twice.value.code

    async def scenario(exchange: Exchange) -> Any:
        refused = await asyncio.to_thread(walk, client_of(exchange))
        return refused, len(exchange.desk.orders)

    assert on_exchange(scenario) == ((422, 40010001), 1)


def test_funds_that_do_not_suffice_are_refused(on_exchange: Any) -> None:
    def walk(client: Any) -> Any:
        client.submit_order(limit(price=90, quantity=1))
        with pytest.raises(errors.APIError) as short:
            client.submit_order(limit(price=90, quantity=1))
        return short.value.status_code, short.value.code

    async def scenario(exchange: Exchange) -> Any:
        return await asyncio.to_thread(walk, client_of(exchange))

    assert on_exchange(scenario, Settings(cash=Decimal(100))) == (403, 40310000)


def test_wrong_keys_are_refused(on_exchange: Any) -> None:
    def walk(client: Any) -> Any:
        with pytest.raises(errors.APIError) as stranger:
            client.get_account()
        return stranger.value.status_code

    async def scenario(exchange: Exchange) -> Any:
        client = trading.TradingClient("not", "mine", paper=True, url_override=exchange.orders_url)
        return await asyncio.to_thread(walk, client)

    assert on_exchange(scenario) == 401


def test_the_client_waits_out_a_429_and_succeeds(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        client = client_of(exchange)
        client._retry_wait = 0  # the vendor's own attribute; it would sleep for three seconds
        exchange.faults.next_orders("refuse_429", "refuse_429")
        order = await asyncio.to_thread(client.submit_order, limit(price=90, name="patient"))
        return order.client_order_id, exchange.faults.happened["refuse_429"], len(exchange.desk.orders)

    assert on_exchange(scenario) == ("patient", 2, 1)


def test_requests_beyond_the_limit_get_429_and_the_headers_say_when_it_ends(on_exchange: Any) -> None:
    def walk(client: Any) -> Any:
        client._retry = 0
        client.get_account()
        client.get_account()
        with pytest.raises(errors.APIError) as many:
            client.get_account()
        headers = many.value.response.headers
        return many.value.status_code, headers["X-Ratelimit-Limit"], headers["X-Ratelimit-Remaining"]

    async def scenario(exchange: Exchange) -> Any:
        return await asyncio.to_thread(walk, client_of(exchange))

    assert on_exchange(scenario, Settings(requests_per_window=2, window_s=10**9)) == (429, "2", "0")


def test_trade_updates_tell_the_life_of_every_order(on_exchange: Any, vendor_stream: Any, quote: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(quote)
        events: asyncio.Queue[Any] = asyncio.Queue()
        updates = stream.TradingStream(*KEYS, paper=True, url_override=exchange.updates_url)
        updates.subscribe_trade_updates(events.put)
        client = client_of(exchange)
        async with vendor_stream(updates):
            await exchange.wait_for(lambda: any(listener.listening for listener in exchange.listeners))
            await asyncio.to_thread(client.submit_order, limit(price=101, quantity=5, name="big"))
            await asyncio.to_thread(client.cancel_orders)
            got = [await events.get() for _ in range(3)]
        return [
            (str(getattr(update.event, "value", update.event)), update.order.filled_qty, update.qty) for update in got
        ]

    assert on_exchange(scenario) == [("new", "0", None), ("partial_fill", "3", 3.0), ("canceled", "3", None)]
