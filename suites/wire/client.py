"""The client under test, a process of its own: feed, pipeline, gateway and bus on one loop, on one processor."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import platform
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from documents.wire.spec import NOTHING, RunSpec
from implementations.feed._loops import run_on
from implementations.feed.contract import FeedSettings
from implementations.gateway.contract import GatewaySettings
from implementations.pipeline.composed import Pipeline, make_codec, make_stages
from implementations.pipeline.composition import parse
from implementations.registry import load
from suites.exchange.settings import Settings
from suites.wire.behind import Behind
from suites.wire.receiving import receiver
from suites.wire.record import Orders, Record
from suites.wire.rehearsal import PAUSE_NS, Rehearsal
from suites.wire.stamp import intended
from suites.wire.watch import Watch
from tailgate.results.histogram import encode, fill

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from implementations.messages import Ack, Message, Order
    from implementations.pipeline.composition import Composition

_MEMORY_EVERY_S: Final = 0.5
_ANSWERS_WITHIN_S: Final = 2.0
_REHEARSED: Final = 1024  # rehearsed orders are forgotten after so many


class Client:
    """One composition, connected; `run` gives the result as plain values."""

    def __init__(self, spec: RunSpec, port: int) -> None:
        self._spec = spec
        self._address = f"127.0.0.1:{port}"
        self._record = Record(spec.frames, spec.warmup_frames)
        self._finished = asyncio.Event()
        self._answered = asyncio.Event()
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._rehearsal: Rehearsal | None = None
        self._behind: list[Behind] = []
        self._watch = Watch(spec.monitor_s, spec.monitor_log, self._quiet) if spec.monitor_s else None

    async def run(self) -> dict[str, Any]:
        """Receive every frame, or as many as come in time."""
        composition, spec = self._spec.composition, self._spec
        pipeline = await self._pipeline()
        measured = self._watched(self._measured(pipeline.on_frame if pipeline else _nothing))
        handle, stop = receiver(composition.receive, measured)
        feed = self._feed(handle)
        if self._rehearsal is not None:
            self._rehearsal.again()
        if self._watch is not None:
            self._watch.begin()
        gc.collect()
        gc.freeze()
        if not self._record.warmup:
            self._record.look(0)  # no frame comes before the first measured one
        task = asyncio.ensure_future(feed.run())
        task.add_done_callback(lambda _: self._finished.set())
        self._watch_memory(time.monotonic())
        await _wait(self._finished, spec.warmup_s + spec.duration_s + spec.patience_s)
        if self._record.orders.under_way:
            await _wait(self._answered, _ANSWERS_WITHIN_S)
        stop()
        if self._rehearsal is not None:
            self._rehearsal.stop()
        for behind in self._behind:
            behind.finish()
        monitored = None if self._watch is None else self._watch.end()
        feed.close()
        await task
        for close in self._closers:
            await close()
        result = self._result(feed.counts)
        result["monitored"] = monitored
        if pipeline is not None:
            result["digest"] = pipeline.orders_digest(self._record.payloads)
            result["refusals"] = pipeline.refusals()
            pipeline.close()
        return result

    def _feed(self, handle: Callable[[bytes], None]) -> Any:
        settings = Settings()
        url = f"ws://{self._address}/v1beta3/crypto/us"
        factory: Any = load("feed", self._spec.composition.feed).factory
        # A gap ends a run: the sender serves one connection, and what was lost is lost.
        return factory(FeedSettings(url, settings.key, settings.secret), handle, lambda _reason: self._finished.set())

    async def _pipeline(self) -> Pipeline | None:
        """Build what stands behind the feed: the in-process pipeline, its orders going out over the wire."""
        composition, record = self._spec.composition, self._record
        if composition.pipeline == NOTHING:
            return None
        named = parse(composition.pipeline)
        codec = make_codec(named)
        bus: Any = load("bus", composition.bus).factory(codec, 10_000)
        encode_order, publish, keep = codec.encode, bus.publish_encoded, record.payloads.append

        def tell(order: Message) -> None:
            payload = encode_order(order)
            publish(payload)
            keep(payload)

        async def close() -> None:
            bus.close()

        self._closers.append(close)
        if composition.gateway == NOTHING:
            return self._stages(named, codec, _drop(record), tell)
        gateway = await self._gateway()
        if composition.rehearse_ms:
            self._rehearsal = self._rehearse(named, gateway)
        return self._stages(named, codec, self._sender(gateway.submit, record.orders), tell)

    def _stages(
        self, named: Composition, codec: Any, send: Callable[[Any], Any], tell: Callable[[Message], None]
    ) -> Pipeline:
        """Put the pipeline together: an order is sent where it would be encoded, and reported behind the frames."""
        private = asyncio.new_event_loop()
        stages = make_stages(named, codec, _nowhere, private)
        sink: Callable[[Any], object] = tell
        if self._spec.composition.receive != "thread":  # a thread does not share the loop's rounds
            behind = Behind(tell)
            self._behind.append(behind)
            sink = behind.put
        acquire = _outside_the_loop(stages.acquire)
        return Pipeline(named, codec, replace(stages, encode=send, sink=sink, acquire=acquire), private)

    async def _gateway(self) -> Any:
        composition, settings, orders = self._spec.composition, Settings(), self._record.orders
        sharing: Any = load("sharing", composition.sharing).factory()
        factory: Any = load("gateway", composition.gateway).factory
        gateway = factory(
            GatewaySettings(f"http://{self._address}", settings.key, settings.secret),
            sharing,
            orders.leaver(time.perf_counter_ns),
        )
        await gateway.open()
        self._closers.append(gateway.close)
        return gateway

    def _sender(self, submit: Callable[[Order], asyncio.Future[Ack]], orders: Orders) -> Callable[[Order], Order]:
        """Return what sends an order, notes its times (where possible behind the sending), and gives it back."""
        record, clock = self._record, time.perf_counter_ns

        def on_answer(future: asyncio.Future[Ack]) -> None:
            now = clock()
            if future.cancelled() or future.exception() is not None:
                orders.failed += 1
            else:
                ack = future.result()
                orders.answer(ack.client_order_id, now)
                orders.rejected += ack.status == "rejected"
            if self._finished.is_set() and not record.orders.under_way:
                self._answered.set()

        def send(order: Order) -> Order:
            submit(order).add_done_callback(on_answer)
            orders.submit(order.client_order_id, record.count)
            return order

        return send

    def _rehearse(self, named: Composition, gateway: Any) -> Rehearsal:
        """Build a second pipeline of the same code, with state and notes of its own, of whose orders nobody hears."""
        codec, orders = make_codec(named), Orders(_REHEARSED)
        on_sent, rehearse, encode = orders.leaver(time.perf_counter_ns), gateway.rehearse, codec.encode

        def submit(order: Order) -> asyncio.Future[Ack]:
            if orders.answered >= _REHEARSED:
                orders.clear()
            future: asyncio.Future[Ack] = rehearse(order, on_sent)
            return future

        def tell(order: Message) -> None:
            encode(order)

        pipeline = self._stages(named, codec, self._sender(submit, orders), tell)
        return Rehearsal(pipeline, self._spec.composition.rehearse_ms / 1000, self._idle_ns)

    def _idle_ns(self) -> int:
        """Return the time since the last frame was handled."""
        record = self._record
        return time.perf_counter_ns() - record.done_ns[record.count - 1]

    def _quiet(self) -> bool:
        return self._idle_ns() > PAUSE_NS

    def _measured(self, on_frame: Callable[[bytes], object]) -> Callable[[bytes], None]:
        """Put the clock around the handling of a frame: two reads and four writes, in the transport alone as well."""
        record, clock, finished = self._record, time.perf_counter_ns, self._finished
        intended_ns, begun_ns, done_ns = record.intended_ns, record.begun_ns, record.done_ns
        frames, warmup = record.frames, record.warmup

        def handle(frame: bytes) -> None:
            begun = clock()
            index = record.count
            intended_ns[index] = intended(frame)
            on_frame(frame)
            begun_ns[index] = begun
            done_ns[index] = clock()
            record.count = index = index + 1
            if index == warmup:
                record.look(0)
            elif index == frames:
                record.look(1)
                finished.set()

        return handle

    def _watched(self, handle: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """Return the monitor, where there is one, what a running system knows: the time to the end of the handling."""
        if self._watch is None:
            return handle
        record, tell = self._record, self._watch.record

        def both(frame: bytes) -> None:
            handle(frame)
            index = record.count - 1
            tell(record.done_ns[index] - record.intended_ns[index])

        return both

    def _watch_memory(self, begun_s: float) -> None:
        loop = asyncio.get_running_loop()

        def look() -> None:
            self._record.memory.look(time.monotonic() - begun_s)
            if not self._finished.is_set():
                loop.call_later(_MEMORY_EVERY_S, look)

        look()

    def _result(self, counts: Any) -> dict[str, Any]:
        record, orders = self._record, self._record.orders
        begin, end = record.warmup, record.count
        first = record.intended_ns[begin] if end > begin else 0
        with_order, without_order = record.latencies()
        leaving, acknowledged = orders.times(record.intended_ns, begin)
        return {
            "received": end,
            "measured": max(0, end - begin),
            "intended_first_ns": first,
            "handled_last_ns": record.done_ns[end - 1] if end else 0,
            "with_order": _histogram(with_order),
            "without_order": _histogram(without_order),
            "service": _histogram(record.services()),
            "leaving": _histogram(leaving),
            "acknowledged": _histogram(acknowledged),
            "backlog_ns": record.backlog_ns(),
            "orders": orders.submitted,
            "orders_left": orders.departed,
            "orders_answered": orders.answered,
            "orders_rejected": orders.rejected,
            "orders_failed": orders.failed,
            "cpu_ns": record.cpu_ns[1] - record.cpu_ns[0] if record.cpu_ns[1] else 0,
            "waited_ns": record.waited_ns[1] - record.waited_ns[0] if record.cpu_ns[1] else 0,
            "python": platform.python_version(),
            "memory_kib": record.memory.samples,
            "gaps": counts.gaps,
            "dropped": counts.dropped,
        }


def _drop(record: Record) -> Callable[[Order], Order]:
    """Take orders and send them nowhere."""
    orders, clock = record.orders, time.perf_counter_ns

    def drop(order: Order) -> Order:
        orders.submit(order.client_order_id, record.count)
        orders.drop(order.client_order_id, clock())
        return order

    return drop


def _histogram(samples_ns: Iterable[int]) -> str:
    return encode(fill(max(1, sample) for sample in samples_ns))


def _nothing(_frame: bytes) -> None:
    """Do nothing: the transport alone."""


def _nowhere(_payload: bytes) -> None:
    """Take an encoded order to nowhere: what becomes of one is the sink's, which is put in its place."""


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _outside_the_loop(acquire: Callable[[], None]) -> Callable[[], None]:
    """Let a limiter that must be awaited run its private loop inside a callback of the feed's loop."""

    def outside() -> None:
        running = asyncio.get_running_loop()
        asyncio._set_running_loop(None)  # noqa: SLF001  documented for those who drive loops, as this does
        try:
            acquire()
        finally:
            asyncio._set_running_loop(running)  # noqa: SLF001  see above

    return outside


def main() -> None:
    """Read a run and a port from standard input, write the result: one JSON line each."""
    plain = json.loads(sys.stdin.readline())
    spec = RunSpec.from_json(plain["spec"])
    os.sched_setaffinity(0, {spec.client_cpu})

    async def connect() -> dict[str, Any]:
        return await Client(spec, plain["port"]).run()

    loop: Any = spec.composition.loop
    sys.stdout.write(json.dumps(run_on(loop, connect())) + "\n")


if __name__ == "__main__":
    main()
