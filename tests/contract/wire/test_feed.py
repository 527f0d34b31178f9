"""Every feed client against the paper exchange: order, reconnecting, gaps, dead connections, nothing lost uncounted."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # it ships neither annotations nor stubs
import pytest
from aiohttp import web

from implementations.feed._loops import run_on
from implementations.feed.contract import FeedRefusedError, FeedSettings
from implementations.registry import UnavailableError, catalogue, load
from suites.exchange.encoding import encode
from suites.exchange.faults import close_mid_frame, go_silent
from suites.exchange.server import Exchange, serve
from suites.exchange.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMES = [*(entry.name for entry in catalogue("feed")), "reference"]
BOOK = (
    b'[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50.79613221Z","b":[{"p":%d,"s":1}],"a":[{"p":200,"s":1}],"r":true}]'
)


@pytest.fixture(params=NAMES)
def factory(request: pytest.FixtureRequest) -> Any:
    try:
        return load("feed", request.param).factory
    except UnavailableError as error:
        pytest.skip(str(error))


def settings_for(exchange: Exchange, **changes: Any) -> FeedSettings:
    standard: dict[str, Any] = {
        "url": exchange.crypto_url,
        "key": exchange.settings.key,
        "secret": exchange.settings.secret,
        "backoff_s": 0.001,
        "backoff_max_s": 0.004,
    }
    return FeedSettings(**{**standard, **changes})


class Client:
    """A feed at work, with what it delivered."""

    def __init__(self, factory: Any, settings: FeedSettings) -> None:
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.gaps: list[str] = []
        self.feed = factory(settings, self.frames.put_nowait, self.gaps.append)

    async def next(self) -> Any:
        return json.loads(await self.frames.get())


@contextlib.asynccontextmanager
async def connected(factory: Any, exchange: Exchange, **changes: Any) -> AsyncIterator[Client]:
    client = Client(factory, settings_for(exchange, **changes))
    task = asyncio.create_task(client.feed.run())
    try:
        await subscribed(exchange)
        yield client
    finally:
        client.feed.close()
        await task


async def subscribed(exchange: Exchange) -> None:
    await exchange.wait_for(lambda: any(session.subscribed for session in exchange.sessions))


def numbered(number: int) -> bytes:
    return b'[{"T":"t","S":"BTC/USD","p":1.5,"s":1,"t":"2024-03-12T10:27:48Z","i":%d,"tks":"S"}]' % number


def test_frames_arrive_whole_and_in_order(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            for number in range(300):
                exchange.publish(numbered(number))
            got = [await client.frames.get() for _ in range(300)]
        return got, client.feed.counts, client.gaps

    got, counts, gaps = on_exchange(scenario)
    assert got == [numbered(number) for number in range(300)]
    assert (counts.frames, counts.connections, counts.dropped, gaps) == (300, 1, 0, [])
    assert counts.control == 3


def test_binary_frames_arrive_as_the_exchange_sent_them(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange, encoding="msgpack") as client:
            for number in range(300):
                exchange.publish(numbered(number))
            got = [await client.frames.get() for _ in range(300)]
        return got, client.feed.counts, client.gaps

    got, counts, gaps = on_exchange(scenario)
    assert got == [encode(json.loads(numbered(number)), "msgpack") for number in range(300)]
    assert (counts.frames, counts.connections, counts.dropped, gaps) == (300, 1, 0, [])
    assert counts.control == 3


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_the_protocols_own_frames_are_shown_before_they_are_answered(
    factory: Any, on_exchange: Any, encoding: Any
) -> None:
    shown: list[bytes] = []
    delivered = asyncio.Event()

    async def scenario(exchange: Exchange) -> Any:
        feed = factory(settings_for(exchange, encoding=encoding), lambda _: delivered.set(), str, shown.append)
        task = asyncio.create_task(feed.run())
        await subscribed(exchange)
        exchange.publish(numbered(1))
        await delivered.wait()
        feed.close()
        await task

    on_exchange(scenario)
    loads: Any = msgpack.unpackb if encoding == "msgpack" else json.loads
    assert [(m["T"], m.get("msg")) for frame in shown for m in loads(frame)] == [
        ("success", "connected"), ("success", "authenticated"), ("subscription", None)
    ]  # fmt: skip


def test_every_try_that_failed_is_reported_with_its_reason(factory: Any, on_exchange: Any) -> None:
    reasons: asyncio.Queue[str] = asyncio.Queue()

    async def scenario(exchange: Exchange) -> Any:
        settings = settings_for(exchange, url="ws://127.0.0.1:1/v1beta3/crypto/us")
        feed = factory(settings, bytes, str, bytes, reasons.put_nowait)
        task = asyncio.create_task(feed.run())
        said = [await reasons.get() for _ in range(2)]
        feed.close()
        await task
        return said, feed.counts.failures

    said, failures = on_exchange(scenario)
    assert failures >= 2
    assert all(said)


@pytest.mark.parametrize("size", [100, 200, 66_000, 300_000])
def test_frames_of_every_length_of_header(factory: Any, on_exchange: Any, size: int) -> None:
    frame = b'[{"T":"t","S":"BTC/USD","z":"' + b"x" * size + b'"}]'

    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            exchange.publish(frame)
            return await client.frames.get()

    assert on_exchange(scenario) == frame


@pytest.mark.parametrize("cuts", [(10,), (1, 2, 100)])
def test_a_frame_in_fragments_is_handed_over_whole(factory: Any, on_exchange: Any, cuts: tuple[int, ...]) -> None:
    frame = numbered(5)
    pieces = [frame[begin:end] for begin, end in itertools.pairwise((0, *cuts, len(frame)))]

    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            transport = exchange.sessions[0].request.transport
            assert transport is not None
            for index, piece in enumerate(pieces):
                head = (0 if index else 1) | (0x80 if index == len(pieces) - 1 else 0)
                transport.write(bytes([head, len(piece)]) + piece)
            return await client.frames.get(), client.feed.counts.frames

    assert on_exchange(scenario) == (frame, 1)


def test_after_a_loss_it_connects_and_subscribes_again_and_says_that_there_was_a_gap(
    factory: Any, on_exchange: Any
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            exchange.publish(numbered(1))
            first = await client.next()
            lost = exchange.sessions[0]
            lost.request.transport.abort()  # type: ignore[union-attr]  # it is connected
            await exchange.wait_for(lambda: lost not in exchange.sessions)
            exchange.publish(numbered(2))  # nobody is there
            await subscribed(exchange)
            exchange.publish(numbered(3))
            second = await client.next()
            return first[0]["i"], second[0]["i"], len(client.gaps), client.feed.counts

    first, second, gaps, counts = on_exchange(scenario)
    assert (first, second, gaps) == (1, 3, 1)
    assert (counts.gaps, counts.connections) == (1, 2)


def test_after_a_gap_the_book_is_rebuilt_from_a_fresh_snapshot(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        exchange.publish(BOOK % 100)
        async with connected(factory, exchange) as client:
            before = await client.next()
            lost = exchange.sessions[0]
            lost.request.transport.abort()  # type: ignore[union-attr]  # it is connected
            await exchange.wait_for(lambda: lost not in exchange.sessions)
            exchange.publish(BOOK % 150)  # missed
            after = await client.next()
            return before[0], after[0], exchange.market.snapshot("BTC/USD")

    before, after, truth = on_exchange(scenario)
    assert before["b"][0]["p"] == 100
    assert after["r"]
    assert after == truth


def test_a_server_that_closes_in_mid_frame_leaves_nothing_half(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            exchange.publish(numbered(1))
            await client.next()
            lost = exchange.sessions[0]
            close_mid_frame(lost.request, numbered(2) * 3)
            await exchange.wait_for(lambda: lost not in exchange.sessions)
            await subscribed(exchange)
            exchange.publish(numbered(3))
            return (await client.next())[0]["i"], client.feed.counts.gaps

    assert on_exchange(scenario) == (3, 1)


def test_a_half_open_connection_is_noticed_by_its_heartbeat(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange, heartbeat_s=0.02, heartbeat_timeout_s=0.02) as client:
            silent = exchange.sessions[0]
            go_silent(silent.request)
            await exchange.wait_for(lambda: any(s.subscribed and s is not silent for s in exchange.sessions))
            return client.feed.counts.gaps >= 1

    assert on_exchange(scenario)


def test_a_closing_server_is_a_gap_too(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            first = exchange.sessions[0]
            await first.close()
            await exchange.wait_for(lambda: any(s.subscribed and s is not first for s in exchange.sessions))
            return len(client.gaps)

    assert on_exchange(scenario) == 1


def test_it_keeps_trying_while_nobody_listens_and_waits_longer_each_time(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        port = exchange.port
        settings = settings_for(exchange)
        client = Client(factory, settings)
        await exchange.close()
        pauses: list[float] = []
        original = client.feed._wait

        async def wait(failed: int) -> None:
            pauses.append(failed)
            if len(pauses) == 3:
                client.feed.close()
            await original(failed)

        client.feed._wait = wait
        client.feed._settings = FeedSettings(
            url=settings.url.replace(str(port), "1"), key="", secret="", backoff_s=1e-4, backoff_max_s=1e-3
        )
        await client.feed.run()
        return pauses, client.feed.counts.failures, client.gaps

    assert on_exchange(scenario) == ([1, 2, 3], 3, [])


def test_a_server_that_says_nothing_is_given_up_and_tried_again(factory: Any) -> None:
    async def scenario() -> Any:
        twice = asyncio.Event()
        seen: list[web.WebSocketResponse] = []

        async def say_nothing(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            seen.append(socket)
            if len(seen) == 2:
                twice.set()
            async for _ in socket:
                pass
            return socket

        app = web.Application()
        app.router.add_get("/", say_nothing)
        runner = web.AppRunner(app, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
        client = Client(factory, FeedSettings(url, "k", "s", handshake_timeout_s=0.2, backoff_s=0.001))
        task = asyncio.create_task(client.feed.run())
        async with asyncio.timeout(10):
            await twice.wait()
        client.feed.close()
        await task
        await runner.cleanup()
        return client.feed.counts, client.gaps

    counts, gaps = asyncio.run(scenario())
    assert (counts.failures, counts.connections, gaps) == (1, 0, [])


def test_to_cancel_run_ends_the_connection(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        client = Client(factory, settings_for(exchange))
        task = asyncio.create_task(client.feed.run())
        await subscribed(exchange)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await exchange.wait_for(lambda: not exchange.sessions)
        return client.gaps

    assert on_exchange(scenario) == []


def test_wrong_keys_end_it(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        client = Client(factory, settings_for(exchange, secret="wrong"))
        with pytest.raises(FeedRefusedError, match="auth failed"):
            await client.feed.run()
        return client.feed.counts.errors

    assert on_exchange(scenario) == [402]


def test_frames_after_close_are_counted_as_dropped(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with connected(factory, exchange) as client:
            client.feed.close()
            client.feed._receive(numbered(1))
            return client.feed.counts.dropped, client.frames.qsize()

    assert on_exchange(scenario) == (1, 0)


def test_an_exception_of_the_handler_ends_run_with_it(factory: Any, on_exchange: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        def broken(frame: bytes) -> None:
            raise RuntimeError("the handler broke")

        feed = factory(settings_for(exchange), broken, lambda _reason: None)
        task = asyncio.create_task(feed.run())
        await subscribed(exchange)
        exchange.publish(numbered(1))
        with pytest.raises(RuntimeError, match="the handler broke"):
            await task
        return True

    assert on_exchange(scenario)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "uvloop-busy"])
def test_it_runs_on_every_loop(factory: Any, loop: Any) -> None:
    async def scenario() -> Any:
        async with asyncio.timeout(20), serve(Settings()) as exchange, connected(factory, exchange) as client:
            exchange.publish(numbered(7))
            return (await client.next())[0]["i"]

    assert run_on(loop, scenario()) == 7
