"""The recorder against the paper exchange: what was sent is what the file holds, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from implementations.feed.contract import FeedSettings
from suites.exchange.encoding import encode
from suites.exchange.settings import Settings
from suites.record.__main__ import main
from suites.record.recorder import FLUSH_S, Plan, Recorder
from suites.record.writer import RecordError, Writer
from suites.tapes.generator import generate
from suites.tapes.recording import FramesDigest, event_line, frame_line, is_recording, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from suites.exchange.server import Exchange

KEY, SECRET = Settings().key, Settings().secret
TAPE = generate(5, 2000)


def silent(_line: str) -> None:
    """Say nothing."""


def plan_for(exchange: Exchange, target: Path, **more: Any) -> Plan:
    feed = FeedSettings(exchange.crypto_url, KEY, SECRET, backoff_s=0.001, backoff_max_s=0.004)
    feed_changes = {name: more.pop(name) for name in ("url", "key", "secret", "encoding") if name in more}
    return Plan(replace(feed, **feed_changes), "picows", target, **more)


@contextlib.asynccontextmanager
async def recording(exchange: Exchange, plan: Plan) -> AsyncIterator[Recorder]:
    recorder = Recorder(plan, silent)
    task = asyncio.create_task(recorder.run())
    try:
        await subscribed(exchange)
        yield recorder
    finally:
        recorder.stop()
        await task


async def subscribed(exchange: Exchange) -> None:
    await exchange.wait_for(lambda: any(session.subscribed for session in exchange.sessions))


async def received(recorder: Recorder, frames: int) -> None:
    async with asyncio.timeout(10):
        while recorder.counts.frames < frames:  # noqa: ASYNC110  the feed client has no event for a count
            await asyncio.sleep(0)


def data(path: Path) -> list[bytes]:
    return [record.payload for record in read(path) if record.data]


def events(path: Path) -> list[dict[str, Any]]:
    return [record.event() for record in read(path) if record.kind == "event"]


def digest_of(frames: Sequence[bytes]) -> str:
    digest = FramesDigest()
    for frame in frames:
        digest.add(frame)
    return digest.hex()


async def record(exchange: Exchange, frames: Sequence[bytes], target: Path, encoding: Any) -> None:
    async with recording(exchange, plan_for(exchange, target, encoding=encoding)) as recorder:
        await exchange.play(frames, array("q", [0] * len(frames)))
        await received(recorder, len(frames))


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_what_is_sent_is_recorded_and_what_is_replayed_is_the_same_again(
    on_exchange: Any, tmp_path: Path, encoding: Any
) -> None:
    first, second = tmp_path / "first.jsonl.zst", tmp_path / "second.jsonl.zst"
    free = Settings(slow_client_messages=1 << 20)
    on_exchange(lambda exchange: record(exchange, TAPE.frames, first, encoding), free)
    again = [each.json_frame() for each in read(first) if each.data]
    on_exchange(lambda exchange: record(exchange, again, second, encoding), free)
    sent = TAPE.frames if encoding == "json" else [encode(json.loads(frame), "msgpack") for frame in TAPE.frames]
    assert data(first) == data(second) == sent
    for path in (first, second):
        assert (events(path)[-1]["event"], events(path)[-1]["frames"]) == ("closed", 2000)
        assert events(path)[-1]["digest"] == digest_of(sent)


def test_a_file_says_what_it_is_of_and_holds_the_protocols_own_frames_in_their_order(
    on_exchange: Any, tmp_path: Path, book: bytes
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with recording(exchange, plan_for(exchange, tmp_path / "x.zst")) as recorder:
            exchange.publish(book)
            await received(recorder, 1)

    on_exchange(scenario)
    first, *rest = read(tmp_path / "x.zst")
    assert is_recording(first.payload)
    assert (first.event()["part"], first.event()["trades"]) == (1, ["*"])
    assert [json.loads(r.payload)[0]["T"] for r in rest[:-1]] == ["success", "success", "subscription", "o"]
    times = [r.received_ns for r in (first, *rest)]
    assert times == sorted(times)


def test_a_gap_is_recorded_between_what_came_before_and_after_it(on_exchange: Any, tmp_path: Path, book: bytes) -> None:
    async def scenario(exchange: Exchange) -> Any:
        async with recording(exchange, plan_for(exchange, tmp_path / "x.zst")) as recorder:
            exchange.publish(book)
            await received(recorder, 1)
            lost = exchange.sessions[0]
            lost.request.transport.abort()  # type: ignore[union-attr]  # it is connected
            await exchange.wait_for(lambda: lost not in exchange.sessions)
            await subscribed(exchange)  # the server sends the whole book again
            await received(recorder, 2)

    on_exchange(scenario)
    told = [
        (r.event()["event"] if r.kind == "event" else json.loads(r.payload)[0]["T"]) for r in read(tmp_path / "x.zst")
    ]
    handshake = ["success", "success", "subscription", "o"]
    assert told == ["recording", *handshake, "gap", *handshake, "closed"]
    assert (events(tmp_path / "x.zst")[-1]["gaps"], events(tmp_path / "x.zst")[-1]["frames"]) == (1, 2)


def test_every_failed_try_to_connect_is_recorded(on_exchange: Any, tmp_path: Path) -> None:
    said: list[str] = []

    async def scenario(exchange: Exchange) -> Any:
        plan = plan_for(exchange, tmp_path / "x.zst", url="ws://127.0.0.1:1/v1beta3/crypto/us")
        recorder = Recorder(plan, said.append)
        task = asyncio.create_task(recorder.run())
        while recorder.counts.failures < 3:  # noqa: ASYNC110  the feed client has no event for a count
            await asyncio.sleep(0)
        recorder.stop()
        return await task

    summary = on_exchange(scenario)
    names = [event["event"] for event in events(tmp_path / "x.zst")]
    assert names == ["recording", *["failed"] * summary.failures, "closed"]
    assert len(said) == 1  # the same reason is told once


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_neither_key_nor_secret_is_ever_in_the_file(on_exchange: Any, tmp_path: Path, encoding: Any) -> None:
    async def scenario(exchange: Exchange) -> Any:
        host = exchange.crypto_url.removeprefix("ws://")
        url = f"ws://{KEY}:{SECRET}@{host}?token={SECRET}&other=hunter22"
        async with recording(exchange, plan_for(exchange, tmp_path / "x.zst", url=url, encoding=encoding)) as recorder:
            for text in ("plain", KEY, SECRET, "more"):
                exchange.publish(json.dumps([{"T": "t", "S": "BTC/USD", "z": text}]).encode())
            await received(recorder, 4)
            recorder._on_gap(f"cannot reach {url}")
            recorder._on_failure(f"cannot reach {url}")

    on_exchange(scenario)
    raw = b"".join(r.payload for r in read(tmp_path / "x.zst"))
    packed = (tmp_path / "x.zst").read_bytes()
    for secret in (KEY.encode(), SECRET.encode(), b"hunter22"):
        assert secret not in raw
        assert secret not in packed
    assert len(data(tmp_path / "x.zst")) == 2
    assert [event["event"] for event in events(tmp_path / "x.zst")] == [
        "recording", "withheld", "withheld", "gap", "failed", "closed"
    ]  # fmt: skip


def test_a_server_that_refuses_ends_the_recording_without_saying_the_key(on_exchange: Any, tmp_path: Path) -> None:
    async def scenario(exchange: Exchange) -> Any:
        with pytest.raises(RecordError, match="auth failed") as refused:
            await Recorder(plan_for(exchange, tmp_path / "x.zst", secret="not-the-secret"), silent).run()
        return str(refused.value)

    message = on_exchange(scenario)
    assert KEY not in message
    assert "not-the-secret" not in message
    assert [event["event"] for event in events(tmp_path / "x.zst")] == ["recording", "refused", "closed"]


def test_a_key_too_short_to_be_kept_out_is_refused(tmp_path: Path) -> None:
    plan = Plan(FeedSettings("ws://127.0.0.1:1/", "short", "not-so-short"), "picows", tmp_path / "x.zst")
    with pytest.raises(RecordError, match="fewer than 8 characters"):
        Recorder(plan, silent)
    assert not list(tmp_path.iterdir())


@contextlib.asynccontextmanager
async def process(exchange: Exchange, root: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "suites.record", "--url", exchange.crypto_url, *arguments)
    started = await asyncio.create_subprocess_exec(*command, cwd=root, stdout=-1, stderr=-1)
    try:
        await subscribed(exchange)
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.communicate()


def held(path: Path) -> int:
    return len(data(path)) if path.exists() else 0


async def on_disk(path: Path, frames: int) -> None:
    async with asyncio.timeout(15):
        while held(path) < frames:  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.05)


def test_a_recorder_that_is_killed_leaves_a_file_that_is_readable_to_its_last_flush(
    on_exchange: Any, root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl.zst"

    async def scenario(exchange: Exchange) -> Any:
        async with process(exchange, root, "--to", str(path)) as recorder:
            for frame in TAPE.frames[:500]:
                exchange.publish(frame)
            await on_disk(path, 500)
            for frame in TAPE.frames[500:900]:
                exchange.publish(frame)
            await asyncio.sleep(0)
            recorder.send_signal(signal.SIGKILL)
            return await recorder.wait()

    assert on_exchange(scenario) == -signal.SIGKILL
    got = data(path)
    assert got == TAPE.frames[: len(got)]
    assert 500 <= len(got) <= 900
    assert events(path)[-1]["event"] != "closed"
    assert 2 * FLUSH_S <= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_recording_and_nothing_that_came_is_missing(
    on_exchange: Any, root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "x.jsonl.zst"

    async def scenario(exchange: Exchange) -> Any:
        async with process(exchange, root, "--to", str(path)) as recorder:
            for frame in TAPE.frames[:500]:
                exchange.publish(frame)
            await on_disk(path, 500)
            recorder.send_signal(number)
            out, errors = await recorder.communicate()
            return recorder.returncode, out.decode(), errors.decode()

    status, out, said = on_exchange(scenario)
    assert (status, data(path)) == (0, TAPE.frames[:500])
    assert events(path)[-1]["digest"] == digest_of(TAPE.frames[:500]) in out
    assert "Traceback" not in said


def test_a_recording_ends_after_so_many_frames(on_exchange: Any, tmp_path: Path) -> None:
    async def scenario(exchange: Exchange) -> Any:
        recorder = Recorder(plan_for(exchange, tmp_path / "x.zst", frames=7), silent)
        task = asyncio.create_task(recorder.run())
        await subscribed(exchange)
        for frame in TAPE.frames[:20]:
            exchange.publish(frame)
        return await task

    assert on_exchange(scenario).frames == 7
    assert data(tmp_path / "x.zst") == TAPE.frames[:7]


# the writer


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def first_line(part: int) -> bytes:
    return event_line(0, "recording", format=1, part=part)


def write(target: Path, clock: Clock, step_ns: int, **rotate: int) -> list[Path]:
    writer = Writer(target, first_line, clock, **rotate)
    for number in range(6):
        writer.put([frame_line(number, b"[%d]" % number)])
        writer._waiting.join()  # written
        clock.now += step_ns
    writer.close()
    return writer.paths


@pytest.mark.parametrize(
    ("rotate", "parts"),
    [({"rotate_bytes": 1}, 6), ({"rotate_ns": 10}, 3), ({"rotate_ns": 100}, 1), ({"rotate_bytes": 10**6}, 1)],
)
def test_a_recording_is_rotated_by_size_and_by_time(tmp_path: Path, rotate: Any, parts: int) -> None:
    paths = write(tmp_path / "new" / "x.jsonl.zst", Clock(), 5, **rotate)
    assert [path.name for path in paths] == [f"x.{part:04d}.jsonl.zst" for part in range(1, parts + 1)]
    records = [list(read(path)) for path in paths]
    assert [each[0].event()["part"] for each in records] == list(range(1, parts + 1))
    assert [each[-1].event()["next"] for each in records[:-1]] == list(range(2, parts + 1))
    payloads = [r.payload for each in records for r in each if r.kind == "frame"]
    assert payloads == [b"[%d]" % number for number in range(6)]


def test_without_rotation_the_file_has_the_name_that_was_given(tmp_path: Path) -> None:
    assert write(tmp_path / "any.name", Clock(), 0) == [tmp_path / "any.name"]


@pytest.mark.parametrize(("there", "rotate"), [("x.zst", {}), ("x.0003.zst", {"rotate_ns": 5})])
def test_a_file_that_is_there_is_never_written_to(tmp_path: Path, there: str, rotate: Any) -> None:
    (tmp_path / there).write_bytes(b"precious")
    with pytest.raises(RecordError, match="is there already"):
        Writer(tmp_path / "x.zst", first_line, Clock(), **rotate)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(there, b"precious")]


def test_a_part_that_somebody_else_has_made_meanwhile_ends_the_recording(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "x.zst", first_line, Clock(), rotate_bytes=1)
    (tmp_path / "x.0002.zst").write_bytes(b"precious")
    writer.put([frame_line(1, b"[1]")])
    writer.put([frame_line(2, b"[2]")])
    with pytest.raises(RecordError, match=r"x\.0002\.zst"):
        writer.close()
    assert (tmp_path / "x.0002.zst").read_bytes() == b"precious"
    assert is_recording(next(read(tmp_path / "x.0001.zst")).payload)


def test_a_disk_that_is_full_ends_the_recording_with_what_was_written(
    on_exchange: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, book: bytes
) -> None:
    async def scenario(exchange: Exchange) -> Any:
        recorder = Recorder(plan_for(exchange, tmp_path / "x.zst"), silent)

        def full(_text: bytes) -> None:
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr(recorder._writer, "_write", full)
        task = asyncio.create_task(recorder.run())
        await subscribed(exchange)
        exchange.publish(book)
        with pytest.raises(RecordError, match="No space left on device"):
            await task

    on_exchange(scenario)
    assert [record.event()["event"] for record in read(tmp_path / "x.zst")] == ["recording"]


def test_a_disk_that_stands_still_is_told_before_the_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, goes_on = Writer(tmp_path / "x.zst", first_line, Clock()), threading.Event()
    monkeypatch.setattr(writer, "_take", lambda _lines: goes_on.wait())
    with pytest.raises(RecordError, match="does not keep up"):
        list(map(writer.put, [[b"x"]] * 100))
    goes_on.set()
    writer.close()


def test_each_handful_is_a_frame_of_its_own_that_knows_when_it_is_damaged(tmp_path: Path) -> None:
    (path,) = write(tmp_path / "x.zst", Clock(), 0)
    raw = path.read_bytes()
    assert raw.count(b"\x28\xb5\x2f\xfd") == 7
    damaged = bytearray(raw)
    damaged[-5] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(ValueError, match="is damaged before byte"):
        list(read(path))


# the command line


def test_help_shows_examples() -> None:
    text = CliRunner().invoke(main, ["--help"]).output
    assert "--rotate-minutes 60" in text
    assert "APCA_API_KEY_ID" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "http://127.0.0.1:1"], "begins with ws://"),
        (["--url", "ws://127.0.0.1:1", "--channels", "news"], "a channel is one of"),
        (["--url", "wss://feed.example/v2/iex"], "export APCA_API_KEY_ID"),
        (["--url", "ws://127.0.0.1:1", "--client", "none"], "none"),
    ],
)
def test_what_cannot_be_recorded_is_told_before_a_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID", raising=False)
    result = CliRunner().invoke(main, [*arguments, "--to", str(tmp_path / "x.zst")])
    assert result.exit_code == 2
    assert said in result.output + result.stderr
    assert not list(tmp_path.iterdir())
