"""The market data streams, message by message: handshake, subscriptions, encodings, errors."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # it ships neither annotations nor stubs
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from suites.exchange.encoding import timestamp
from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from suites.exchange.server import Exchange

CONNECTED = [{"T": "success", "msg": "connected"}]
AUTHENTICATED = [{"T": "success", "msg": "authenticated"}]
AUTH = {"action": "auth", "key": Settings().key, "secret": Settings().secret}
HEADERS = {"APCA-API-KEY-ID": Settings().key, "APCA-API-SECRET-KEY": Settings().secret}
TRADE = b'{"T":"t","S":"AAPL","i":1,"x":"K","p":100.25,"s":1,"c":[],"z":"C","t":"2023-04-06T11:54:26.000000001Z"}'


async def ask(socket: ClientConnection, request: Any) -> Any:
    await socket.send(json.dumps(request) if isinstance(request, dict) else request)
    return json.loads(await socket.recv())


async def ready(url: str, **options: Any) -> Any:
    socket = await connect(url, additional_headers=HEADERS, **options)
    assert json.loads(await socket.recv()) == CONNECTED
    assert json.loads(await socket.recv()) == AUTHENTICATED
    return socket


def code(reply: Any) -> Any:
    assert reply[0]["T"] == "error"
    return reply[0]["code"]


def test_handshake_by_message(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connect(exchange.stocks_url) as socket:
            first = json.loads(await socket.recv())
            return first, await ask(socket, AUTH)

    assert on_exchange(scenario) == (CONNECTED, AUTHENTICATED)


def test_subscriptions_add_up_and_the_reply_is_the_full_list(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            await ask(socket, {"action": "subscribe", "trades": ["AAPL"], "bars": ["*"]})
            full = await ask(socket, {"action": "subscribe", "quotes": ["AMD", "CLDR"]})
            less = await ask(socket, {"action": "unsubscribe", "quotes": ["AMD", "NONE"], "bars": ["*"]})
            return full[0], less[0]

    full, less = on_exchange(scenario)
    assert full == {
        "T": "subscription",
        "trades": ["AAPL"],
        "quotes": ["AMD", "CLDR"],
        "bars": ["*"],
        "updatedBars": [],
        "dailyBars": [],
        "statuses": [],
        "lulds": [],
        "corrections": ["AAPL"],
        "cancelErrors": ["AAPL"],
    }
    assert (less["quotes"], less["bars"]) == (["CLDR"], [])


def test_a_frame_goes_to_each_client_as_far_as_it_subscribed(on_exchange: Any, quote: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            await ask(socket, {"action": "subscribe", "trades": ["AAPL"]})
            exchange.publish(quote[:-1] + b"," + TRADE + b"]")
            return json.loads(await socket.recv())

    assert on_exchange(scenario) == [json.loads(TRADE)]


def test_a_frame_wanted_whole_travels_as_the_tape_wrote_it(on_exchange: Any, quote: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            await ask(socket, {"action": "subscribe", "quotes": ["*"]})
            exchange.publish(quote)
            return await socket.recv(decode=False)

    assert on_exchange(scenario) == quote


@pytest.mark.parametrize(("batching", "frames"), [("as_taped", 3), ("due", 1)])
def test_batching_puts_all_that_is_due_into_one_frame(
    on_exchange: Any, quote: bytes, batching: Any, frames: int
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            await ask(socket, {"action": "subscribe", "quotes": ["*"]})
            await exchange.play([quote] * 3, [0, 0, 0])
            got: list[Any] = []
            while sum(map(len, got)) < 3:
                got.append(json.loads(await socket.recv()))
            return len(got)

    assert on_exchange(scenario, Settings(batching=batching)) == frames


def test_a_binary_client_is_answered_in_msgpack_and_may_fragment(on_exchange: Any, quote: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        headers = {**HEADERS, "Content-Type": "application/msgpack"}
        async with connect(exchange.stocks_url, additional_headers=headers) as socket:
            assert msgpack.unpackb(await socket.recv()) == CONNECTED
            assert msgpack.unpackb(await socket.recv()) == AUTHENTICATED
            request = msgpack.packb({"action": "subscribe", "quotes": ["AAPL"]})
            await socket.send([request[:5], request[5:9], request[9:]])
            subscribed = msgpack.unpackb(await socket.recv())
            exchange.publish(quote)
            return subscribed[0]["quotes"], msgpack.unpackb(await socket.recv())[0]

    quotes, message = on_exchange(scenario)
    assert quotes == ["AAPL"]
    assert message["t"] == msgpack.Timestamp(1680782061, 670905508)


@pytest.mark.parametrize(("text", "nanoseconds"), [("21Z", 0), ("21.5Z", 500_000_000), ("21.000000007Z", 7)])
def test_times_of_any_precision_become_timestamps(text: str, nanoseconds: int) -> None:
    assert timestamp(f"2023-04-06T11:54:{text}") == msgpack.Timestamp(1680782061, nanoseconds)


@pytest.mark.parametrize(("offer", "deflated"), [("deflate", True), (None, False)])
def test_deflate_is_used_when_offered_and_only_then(on_exchange: Any, offer: Any, deflated: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url, compression=offer) as socket:
            return "permessage-deflate" in socket.response.headers.get("Sec-WebSocket-Extensions", "")

    assert on_exchange(scenario) == deflated


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"\xff\x00", 400),
        ("not json", 400),
        ("[]", 400),
        ({"action": "dance"}, 400),
        ({"action": "subscribe", "trades": "AAPL"}, 400),
        ({"action": "subscribe", "trades": [1]}, 400),
        (AUTH, 403),
        ({"action": "subscribe", "orderbooks": ["AAPL"]}, 410),
    ],
)
def test_documented_errors_leave_the_connection_open(on_exchange: Any, request_: Any, expected: int) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            refused = await ask(socket, request_)
            again = await ask(socket, {"action": "subscribe", "trades": ["AAPL"]})
            return code(refused), again[0]["T"], dict(exchange.errors)

    assert on_exchange(scenario) == (expected, "subscription", {expected: 1})


def test_subscribing_before_authentication_is_401(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connect(exchange.stocks_url) as socket:
            await socket.recv()
            return code(await ask(socket, {"action": "subscribe", "trades": ["AAPL"]}))

    assert on_exchange(scenario) == 401


async def last_words(socket: ClientConnection) -> Any:
    words = []
    try:
        while True:
            words += json.loads(await socket.recv())
    except ConnectionClosed:
        return words[-1].get("code")


def test_wrong_credentials_are_402_and_the_end(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connect(exchange.stocks_url) as socket:
            await socket.send(json.dumps({"action": "auth", "key": "a", "secret": "b"}))
            return await last_words(socket)

    assert on_exchange(scenario) == 402


def test_who_does_not_authenticate_in_time_gets_404(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connect(exchange.stocks_url) as socket:
            return await last_words(socket)

    assert on_exchange(scenario, Settings(auth_timeout_s=0.02)) == 404


def test_more_symbols_than_allowed_are_405_and_nothing_is_added(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            refused = await ask(socket, {"action": "subscribe", "trades": ["A", "B", "C"]})
            full = await ask(socket, {"action": "subscribe", "trades": ["A", "B"]})
            return code(refused), full[0]["trades"]

    assert on_exchange(scenario, Settings(symbol_limit=2)) == (405, ["A", "B"])


def test_a_second_connection_is_406(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url), connect(exchange.stocks_url, additional_headers=HEADERS) as second:
            return await last_words(second)

    assert on_exchange(scenario) == 406


def test_another_feed_is_409(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connect(exchange.stocks_url.replace("iex", "sip"), additional_headers=HEADERS) as socket:
            return await last_words(socket)

    assert on_exchange(scenario) == 409


def test_a_slow_client_is_told_407_and_dropped_and_every_message_is_accounted_for(
    on_exchange: Any, quote: bytes
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url, compression=None) as socket:
            await ask(socket, {"action": "subscribe", "quotes": ["*"]})
            session = exchange.sessions[0]
            for _ in range(50):
                exchange.publish(quote)  # without a pause: its queue of 20 overflows
            frames = []
            try:
                while True:
                    frames += json.loads(await socket.recv())
            except ConnectionClosed:
                pass
            await exchange.wait_for(lambda: not exchange.sessions)
            quotes = sum(message["T"] == "q" for message in frames)
            return frames[-1]["code"], quotes + session.dropped, exchange.dropped == session.dropped > 0

    assert on_exchange(scenario, Settings(slow_client_messages=20)) == (407, 50, True)


def test_a_symbol_without_a_slash_that_has_a_book_is_crypto(on_exchange: Any, quote: bytes, book: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(book.replace(b"BTC/USD", b"BTCUSDT"))
        async with await ready(exchange.stocks_url) as stocks, await ready(exchange.crypto_url) as crypto:
            await ask(stocks, {"action": "subscribe", "quotes": ["*"], "trades": ["*"]})
            await ask(crypto, {"action": "subscribe", "quotes": ["*"], "orderbooks": ["*"]})
            snapshot = json.loads(await crypto.recv())[0]["S"]
            exchange.publish(quote.replace(b"AAPL", b"BTCUSDT"))
            exchange.publish(quote)
            return snapshot, json.loads(await crypto.recv())[0]["S"], json.loads(await stocks.recv())[0]["S"]

    assert on_exchange(scenario) == ("BTCUSDT", "BTCUSDT", "AAPL")


def test_crypto_and_stocks_keep_apart(on_exchange: Any, quote: bytes, book: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as stocks, await ready(exchange.crypto_url) as crypto:
            await ask(stocks, {"action": "subscribe", "quotes": ["*"], "trades": ["*"]})
            await ask(crypto, {"action": "subscribe", "quotes": ["*"], "orderbooks": ["*"]})
            exchange.publish(quote)
            exchange.publish(book)
            return json.loads(await stocks.recv())[0]["S"], json.loads(await crypto.recv())[0]["S"]

    assert on_exchange(scenario) == ("AAPL", "BTC/USD")


def test_resubscribing_brings_a_fresh_snapshot(on_exchange: Any, book: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(book)
        async with await ready(exchange.crypto_url) as socket:
            await ask(socket, {"action": "subscribe", "orderbooks": ["BTC/USD"]})
            first = json.loads(await socket.recv())
            await ask(socket, {"action": "unsubscribe", "orderbooks": ["BTC/USD"]})
            await ask(socket, {"action": "subscribe", "orderbooks": ["BTC/USD"]})
            return first, json.loads(await socket.recv()), json.loads(book)

    first, second, original = on_exchange(scenario)
    assert first == second == original


def test_closing_ends_every_connection(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        socket = await ready(exchange.stocks_url)
        await exchange.close()
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 5)
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code

    assert on_exchange(scenario) == 1001


async def unread(exchange: Exchange) -> socket.socket:
    """Subscribe as a client that reads nothing, and publish until its connection takes no more."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (exchange.host, exchange.port))
    words = b'{"action":"subscribe","trades":["*"]}'
    keys = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    await loop.sock_sendall(
        client,
        b"GET /v2/iex HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%b\r\n"
        b"\x81%c\0\0\0\0%b" % (keys.encode(), 0x80 | len(words), words),
    )
    await exchange.wait_for(lambda: any(session.subscribed for session in exchange.sessions))
    transport = exchange.sessions[0].request.transport
    assert transport is not None
    large = b"[" + TRADE[:-1] + b',"z":"' + b"x" * 20_000 + b'"}]'
    while transport.get_write_buffer_size() < 64 * 1024:
        exchange.publish(large)
        await asyncio.sleep(0)
    for _ in range(20):  # a few more are taken before the library waits
        exchange.publish(large)
    return client


def test_a_client_that_reads_nothing_does_not_keep_the_exchange_from_closing(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        with await unread(exchange):
            async with asyncio.timeout(5):
                await exchange.close()
            await exchange.wait_for(lambda: not exchange.sessions)
        return exchange.totals()

    totals = on_exchange(scenario)
    assert totals["sent"] > 3
    assert totals["dropped"] >= 3


def test_a_tape_that_is_behind_its_time_lets_its_clients_read(on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with await ready(exchange.stocks_url) as socket:
            await ask(socket, {"action": "subscribe", "trades": ["*"]})
            playing = asyncio.create_task(exchange.play([b"[" + TRADE + b"]"] * 3000, [0] * 3000))
            for _ in range(3000):
                await socket.recv()
            await playing
        return exchange.errors

    assert on_exchange(scenario) == {}
