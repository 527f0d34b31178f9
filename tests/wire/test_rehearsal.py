"""Keeping ways warm: when one is walked, that nothing is left behind, and that nobody hears of it."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from implementations.gateway._mirror import Mirror
from implementations.pipeline.composed import Pipeline, make_codec, make_stages
from implementations.pipeline.composition import RECOMMENDED
from suites.wire.counter import Counter, Requests
from suites.wire.counter import Rehearsal as CounterRehearsal
from suites.wire.rehearsal import PAUSE_NS, Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def rehearsing(idle_ns: Callable[[], int]) -> tuple[Rehearsal, list[Any], Pipeline]:
    """Build a rehearsal whose orders are kept: call it with a running loop."""
    walked: list[Any] = []
    codec, private = make_codec(RECOMMENDED), asyncio.new_event_loop()
    keep: Any = lambda order: order  # noqa: E731  a stage that gives bytes, where a test wants the order
    pipeline = Pipeline(
        RECOMMENDED, codec, replace(make_stages(RECOMMENDED, codec, walked.append, private), encode=keep), private
    )
    return Rehearsal(pipeline, 3600.0, idle_ns), walked, pipeline


def walks_of(idle_ns: Sequence[int]) -> list[int]:
    """Ask a rehearsal as many times as there are idle times; return the walks made after each."""

    async def main() -> list[int]:
        times = iter(idle_ns)
        rehearsal, _, _ = rehearsing(lambda: next(times))
        walks = []
        for _ in idle_ns:
            rehearsal.again()
            rehearsal.cancel()  # what it asked for itself; the test asks in its place
            walks.append(rehearsal.walks)
        rehearsal.stop()
        return walks

    return asyncio.run(main())


def test_the_way_of_an_order_is_walked_in_pauses() -> None:
    assert walks_of([0, PAUSE_NS - 1, PAUSE_NS, 0, PAUSE_NS + 1]) == [0, 0, 1, 1, 2]


def test_where_frames_come_evenly_it_is_walked_right_behind_one() -> None:
    evenly = 60_000
    assert walks_of([evenly] * 5 + [evenly, evenly, 20_000, 0, evenly]) == [0] * 7 + [1, 1, 1]


def test_every_walk_but_the_first_is_an_order_that_risk_admits() -> None:
    async def main() -> tuple[int, dict[str, int], set[str], int]:
        rehearsal, walked, pipeline = rehearsing(lambda: PAUSE_NS)
        for _ in range(401):
            rehearsal.again()
            rehearsal.cancel()
        refused, exposure = pipeline.refusals(), pipeline.exposure()
        rehearsal.stop()
        return len(walked), refused, {order.side for order in walked}, exposure.open_orders

    assert asyncio.run(main()) == (400, {}, {"buy", "sell"}, 1)


def test_an_answer_is_rehearsed_as_it_is_given_to_an_order() -> None:
    order = b'{"symbol":"X","qty":"1.0","side":"buy","limit_price":"2.5","client_order_id":"rehearsal"}'
    head = b"POST /v2/orders HTTP/1.1\r\nAPCA-API-KEY-ID: k\r\nAPCA-API-SECRET-KEY: s\r\nContent-Length: %d\r\n\r\n"
    given = Requests(Counter("k", "s", lambda: 0)).feed(head % len(order) + order)
    rehearsal = CounterRehearsal("k", "s")
    answers = {rehearsal.again() for _ in range(3)}
    assert len(answers) == 1
    assert _keys(answers.pop()) >= _keys(given)


def _keys(answer: bytes) -> set[str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    return set(json.loads(body))


def test_a_mirror_answers_what_is_written_to_it_and_ends_with_an_error() -> None:
    async def main() -> tuple[list[bytes], list[bytes], bool]:
        asked: list[bytes] = []
        received: asyncio.Queue[bytes] = asyncio.Queue()

        def answer(request: bytes) -> bytes:
            asked.append(request)
            return request.upper()

        mirror = Mirror(answer, received.put_nowait)
        heard = []
        for request in (b"one", b"two"):
            mirror.near.send(request)
            heard.append(await received.get())
        mirror.near.shutdown(socket.SHUT_WR)
        for _ in range(10):
            await asyncio.sleep(0)
        closed = mirror.near.fileno() < 0
        mirror.close()
        return asked, heard, closed and received.empty()

    assert asyncio.run(main()) == ([b"one", b"two"], [b"ONE", b"TWO"], True)


def test_a_stranger_who_comes_first_is_sent_away(monkeypatch: Any) -> None:
    strangers: list[socket.socket] = []
    connect = socket.create_connection

    def after_a_stranger(address: tuple[str, int]) -> socket.socket:
        strangers.append(connect(address))
        return connect(address)

    monkeypatch.setattr(socket, "create_connection", after_a_stranger)

    async def main() -> tuple[bytes, bytes]:
        received: asyncio.Queue[bytes] = asyncio.Queue()
        mirror = Mirror(lambda request: request, received.put_nowait)
        mirror.near.send(b"mine")
        heard = await received.get()
        mirror.close()
        with strangers[0] as stranger:
            return heard, stranger.recv(1)

    assert asyncio.run(main()) == (b"mine", b"")
