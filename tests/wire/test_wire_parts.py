"""The parts of the measurement: schedules, stamps, the order counter, the search, the verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httptools
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from documents.wire.document import NAME, Wire
from documents.wire.runs import growth_ns, slope
from suites.wire import runqueue
from suites.wire.__main__ import Session, compositions_of, main, with_transports
from suites.wire.behind import Behind
from suites.wire.capacity import find_capacity
from suites.wire.counter import Counter, Requests
from suites.wire.interpreters import packages
from suites.wire.process import Process, WireError
from suites.wire.record import Orders, Payloads, Record
from suites.wire.report import MONITOR_LOG
from suites.wire.run import failures_of
from suites.wire.runqueue import RunQueue
from suites.wire.schedule import NS_IN_S, make_schedule
from suites.wire.sender import Connection, Server
from suites.wire.spec import NAMED
from suites.wire.stamp import digits, intended, split
from suites.wire.watch import Watch
from tailgate.documents.envelope import load
from tailgate.machine.pace import pace_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from documents.wire.runs import Run
    from documents.wire.spec import RunSpec

times = st.lists(st.integers(0, 10**12), min_size=2, max_size=50).map(sorted)


@given(times, st.floats(1.0, 1e6), st.sampled_from(["tape", "fixed"]))
def test_a_schedule_never_falls_and_keeps_its_rate_over_its_turns(at: list[int], rate: float, pace: Any) -> None:
    schedule = make_schedule(at, rate, pace)
    meant = [schedule.at(index) for index in range(3 * len(at))]
    assert meant == sorted(meant)
    assert meant[0] == 0
    assert abs(schedule.turn_ns - len(at) / rate * NS_IN_S) <= 1
    assert schedule.at(2 * len(at)) == 2 * schedule.turn_ns


@given(times)
def test_the_tapes_own_gaps_are_kept_in_proportion(at: list[int]) -> None:
    schedule = make_schedule(at, 1000.0, "tape")
    span = at[-1] - at[0]
    for index, offset in enumerate(schedule.offsets_ns):
        share = (at[index] - at[0]) / span if span else 0.0
        assert abs(offset - share * schedule.offsets_ns[-1]) <= 2
    if span:  # one mean gap is left to the next turn
        assert schedule.turn_ns - schedule.offsets_ns[-1] == pytest.approx(schedule.turn_ns / len(at), abs=2)


@given(st.text(max_size=70_000), st.integers(0, 10**19 - 1))
def test_the_stamp_is_read_where_it_was_written_and_the_frame_stays_what_it_was(text: str, at: int) -> None:
    message = {"T": "t", "S": text}
    head, tail = split(json.dumps([message]).encode())
    client = ClientProtocol(parse_uri("ws://x/"), state=State.OPEN)
    client.receive_data(head + digits(at) + tail)
    (frame,) = client.events_received()
    assert isinstance(frame, Frame)
    assert frame.opcode is Opcode.TEXT
    payload = bytes(frame.data)
    assert intended(payload) == at
    assert json.loads(payload) == [{"_at": f"{at:019d}", **message}]


def test_a_frame_that_is_no_array_of_objects_cannot_be_stamped() -> None:
    with pytest.raises(ValueError, match="array of objects"):
        split(b"[]")


def post(name: str, key: str = "k") -> bytes:
    body = json.dumps({"client_order_id": name, "symbol": "X", "qty": "1", "limit_price": "2"}).encode()
    head = (
        f"POST /v2/orders HTTP/1.1\r\nAPCA-API-KEY-ID: {key}\r\nAPCA-API-SECRET-KEY: s\r\nContent-Length: {len(body)}"
    )
    return head.encode() + b"\r\n\r\n" + body


def statuses(answers: bytes) -> list[int]:
    found: list[int] = []

    class Reader:
        def on_message_complete(self) -> None:
            found.append(parser.get_status_code())

    parser = httptools.HttpResponseParser(Reader())
    parser.feed_data(answers)
    return found


def test_the_counter_takes_every_order_once_and_answers_questions() -> None:
    counter = Counter("k", "s", lambda: 7)
    requests = Requests(counter)
    target = b"/v2/orders:by_client_order_id?client_order_id=a"
    question = b"GET %b HTTP/1.1\r\nAPCA-API-KEY-ID: k\r\nAPCA-API-SECRET-KEY: s\r\n\r\n" % target
    received = question + post("a") + post("a") + post("b") + question + post("c", key="other")
    answers = b"".join(requests.feed(received[i : i + 50]) for i in range(0, len(received), 50))
    assert statuses(answers) == [404, 200, 422, 200, 200, 401]
    assert (list(counter.orders), counter.duplicates, counter.arrived_ns["a"]) == (["a", "b"], 1, 7)


@pytest.mark.parametrize("limit", [50.0, 999.0, 1000.0, 5000.0, 123_456.0])
def test_the_search_closes_in_on_the_limit(limit: float) -> None:
    found = find_capacity(lambda rate: rate <= limit, 1000.0, 400_000.0)
    assert found.sustained <= limit < found.broken
    assert found.broken <= 1.1 * found.sustained + 1e-6


def test_the_search_says_so_when_nothing_broke_and_forgives_one_failure() -> None:
    answers = iter([True, False, True, True])
    found = find_capacity(lambda _rate: next(answers, True), 1000.0, 4000.0)
    assert (found.sustained, found.broken, str(found)) == (4000.0, 0.0, "at least 4,000/s")
    assert [rate for rate, _ in found.tried] == [1000.0, 2000.0, 2000.0, 4000.0]


def test_orders_are_counted_until_they_are_answered() -> None:
    orders = Orders(1)
    now = iter([110, 110, 150])
    leave_now = orders.leaver(lambda: next(now))
    for name in "ab":
        orders.submit(name, 1)
        leave_now(name)
        orders.leave(name, 150)  # a retry
    leave_now("a")
    assert orders.under_way == 2
    orders.answer("a", 130)
    assert (orders.under_way, orders.departed) == (1, 2)
    orders.answer("b", 140)
    assert (orders.under_way, orders.departed, orders.times([0, 100], 0), orders.times([0, 100], 2)) == (
        0,
        2,
        ([10, 10], [30, 40]),
        ([], []),
    )


def test_orders_that_were_answered_can_be_forgotten() -> None:
    orders = Orders(2)
    for name in "abc":
        orders.submit(name, 1)
        orders.leave(name, 110)
    orders.answer("a", 120)
    orders.answer("b", 120)
    orders.clear()
    assert (orders.submitted, orders.answered, orders.under_way, orders.departed) == (1, 0, 1, 1)
    orders.answer("c", 130)
    assert orders.times([0, 100], 0) == ([10], [30])


@given(st.lists(st.binary(max_size=500), max_size=20), st.integers(1, 5))
def test_payloads_are_given_back_as_they_came(payloads: list[bytes], expected: int) -> None:
    store = Payloads(expected)
    for payload in payloads:
        store.append(payload)
    assert list(store) == payloads


def test_a_slope_is_that_of_the_line() -> None:
    assert slope([(0.0, 5.0), (1.0, 7.0), (2.0, 9.0)]) == pytest.approx(2.0)
    assert slope([(1.0, 5.0)]) == 0.0


def test_the_kernels_account_of_waiting_never_falls_and_may_be_missing(monkeypatch: Any) -> None:
    queue = RunQueue()
    waited = [queue.waited_ns() for _ in range(3)]
    assert waited == sorted(waited)
    assert waited[-1] <= int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    monkeypatch.setattr(runqueue, "_FILE", "/proc/no/such/file")
    assert RunQueue().waited_ns() == 0


def test_the_pace_is_that_of_the_fastest_of_its_turns() -> None:
    steps = iter([time for turn in range(8) for time in (1000 * turn, 1000 * turn + 10 + abs(turn - 3))])
    assert pace_ns(lambda: next(steps)) == 10


def test_a_client_gets_every_package_of_the_wire_as_the_project_lists_them() -> None:
    names = {Requirement(each).name for each in packages()}
    assert names >= {"picows", "uvloop", "httptools", "pyzmq", "msgspec", "numpy"}


def options(**asked: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("feed", "loop", "gateway", "sharing", "bus", "receive", "interpreter"), ())
    return {"bases": ("recommended", "bottleneck"), "pipelines": (), "rehearse": (), **nothing, **asked}


def test_what_is_asked_for_is_combined_and_each_transport_is_there_once() -> None:
    asked = list(compositions_of(options(feed=("picows", "aiohttp"), gateway=("raw", "httpx"))))
    assert [(c.feed, c.gateway) for c in asked] == [
        ("picows", "raw"),
        ("picows", "httpx"),
        ("aiohttp", "raw"),
        ("aiohttp", "httpx"),
    ]
    assert sum(c.pipeline == "none" for c in with_transports(asked)) == 2
    assert [c.name for c in compositions_of(options())] == ["recommended", "bottleneck"]
    builds = list(compositions_of(options(interpreter=("python3", "3.13.15-pgo"))))
    assert [c.transport().name for c in builds] == [
        "transport alone: picows, uvloop-busy, python3",
        "transport alone: picows, uvloop-busy, 3.13.15-pgo",
    ]
    assert sum(c.pipeline == "none" for c in with_transports(builds)) == 2
    walks = list(compositions_of(options(bases=("recommended",), rehearse=(0.0, 5.0))))
    assert [(c.name, c.rehearse_ms) for c in walks] == [
        ("recommended, rehearse=0", 0.0), ("recommended, rehearse=5", 5.0),
    ]  # fmt: skip
    two = ("recommended", "recommended,codec=json")
    assert [c.pipeline for c in compositions_of(options(pipelines=two))] == list(two)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--feed", "picos"], "did you mean 'picows'?"),
        (["--loop", "trio"], "there is no loop 'trio'"),
        (["--rate", "fast"], "rates are numbers"),
        (["--rate", "0"], "a rate is above 0"),
        (["--composition", "best"], "choose from recommended, bottleneck"),
        (["--cpus", "0"], "two numbers"),
        (["--cpus", "0,4096"], "CPU 4096 is not available"),
        (["--pipeline", "recommended,codec=jsn"], "did you mean 'json'?"),
        (["--interpreter", "3.99-none"], "there is no interpreter '3.99-none'"),
    ],
)
def test_a_wrong_name_is_told_before_anything_is_measured(arguments: list[str], words: str, tmp_path: Any) -> None:
    result = CliRunner().invoke(main, [*arguments, "--output", str(tmp_path)])
    assert result.exit_code != 0
    assert words in result.output
    assert not list(tmp_path.iterdir())


def test_what_is_put_behind_waits_one_look_at_the_sockets_and_keeps_its_order() -> None:
    told: list[int] = []

    async def main() -> list[list[int]]:
        behind, seen = Behind(told.append), []
        behind.put(1)
        behind.put(2)
        for _ in range(2):
            await asyncio.sleep(0)
            seen.append(list(told))
        behind.put(3)
        behind.finish()
        seen.append(list(told))
        for _ in range(2):
            await asyncio.sleep(0)
        return [*seen, list(told)]

    assert asyncio.run(main()) == [[], [1, 2], [1, 2, 3], [1, 2, 3]]


def test_a_frame_that_led_to_an_order_ends_when_its_last_order_left() -> None:
    record = Record(frames=4, warmup=1)
    record.count = 4
    for frame in range(4):
        record.intended_ns[frame], record.done_ns[frame] = 100 * frame, 100 * frame + 10
    for name, frame, left in (("warm-up", 0, 20), ("a", 1, 150), ("b", 1, 130), ("c", 3, 305)):
        record.orders.submit(name, frame)
        record.orders.leave(name, left)
        record.orders.answer(name, 900)
    with_order, without_order = record.latencies()
    assert (with_order, list(without_order)) == ([50, 5], [10])
    assert record.orders.times(record.intended_ns, 2) == ([5], [600])


@pytest.mark.parametrize(("quiet", "waiting"), [(True, 0), (False, 3)])
def test_the_monitors_backlog_is_emptied_in_pauses(quiet: bool, waiting: int) -> None:  # noqa: FBT001
    async def main() -> int:
        watch = Watch(3600.0, "", lambda: quiet)
        watch.begin()
        for value in (100, 200, 300):
            watch.record(value)
        loop = asyncio.get_running_loop()
        watch._look(loop.time() + 3600.0, loop.time() + 3600.0)
        (frames,) = watch._monitor.snapshots()
        assert watch.end() == 3
        return frames.backlog

    assert asyncio.run(main()) == waiting


@pytest.mark.parametrize(
    "arguments",
    [
        ("--duration", "0"), ("--duration", "nan"), ("--warmup", "-1"), ("--soak", "-1"), ("--monitor", "-1"),
        ("--rehearse", "-1"), ("--runs", "0"), ("--messages", "0"), ("--rate", "inf"), ("--rate", "nan"),
        ("--composition", ""), ("--feed", ","),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_told_at_once(arguments: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[0]}'" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--capture", "/nowhere"], "the capture /nowhere does not exist"),
        (["--output", "/dev/full"], "no results can be written into /dev/full"),
    ],
)
def test_what_cannot_be_read_or_written_is_told_before_anything_is_measured(
    arguments: list[str], words: str, monkeypatch: Any, root: Path, tmp_path: Path
) -> None:
    monkeypatch.chdir(root)
    result = CliRunner().invoke(main, ["--messages", "100", "--output", str(tmp_path), *arguments])
    assert (result.exit_code, result.output.startswith(f"suites.wire: {words}")) == (2, True)


def test_an_order_that_failed_or_came_twice_fails_the_run(made_run: Callable[..., Run]) -> None:
    run = made_run("recommended", [9], sender={"orders": 2, "duplicates": 1}, orders=2, orders_answered=1)
    assert failures_of(run.spec, run.sender, run.client, "") == [
        "1 orders without an answer",
        "1 orders came to the exchange twice",
    ]


@pytest.mark.parametrize(("late", "failed"), [(100, False), (101, True)])
def test_a_run_whose_sender_was_late_by_itself_does_not_count(
    late: int,
    failed: bool,  # noqa: FBT001
    made_run: Callable[..., Run],
) -> None:
    run = made_run("recommended", [9], sender={"late": late})
    reasons = ["the sender itself was late: 2.0% of the frames by more than 1 ms"] if failed else []
    assert failures_of(run.spec, run.sender, run.client, "") == reasons


@pytest.mark.parametrize("name", ["results.json", "report.md", "monitor.hlog"])
def test_what_stands_outside_build_is_not_replaced_unasked(
    name: str, monkeypatch: Any, root: Path, tmp_path: Path
) -> None:
    monkeypatch.chdir(root)
    (tmp_path / name).write_text("kept")
    asked = ["--output", str(tmp_path), "--capture", "/nowhere"]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 2
    assert result.output.startswith(f"suites.wire: {tmp_path / name} exists and is not under build/")
    made = CliRunner().invoke(main, [*asked, "--force"])
    assert "the capture /nowhere does not exist" in made.output


@pytest.mark.parametrize("into", ["build/wire", "elsewhere"])
def test_a_run_that_cannot_be_made_leaves_what_stood_there(
    into: str, monkeypatch: Any, root: Path, tmp_path: Path
) -> None:
    def fail(*_arguments: object) -> None:
        raise WireError("no process")

    monkeypatch.chdir(root)
    monkeypatch.setattr("suites.wire.__main__.ROOT", tmp_path)
    monkeypatch.setattr("suites.wire.__main__.carry_out", fail)
    monkeypatch.setattr("suites.wire.__main__.expected_digest", str)
    folder = tmp_path / into
    folder.mkdir(parents=True)
    (folder / "results.json").write_text("kept")
    result = CliRunner().invoke(main, ["--messages", "100", "--force", "--output", str(folder)])
    assert (result.exit_code, (folder / "results.json").read_text()) == (2, "kept")
    result = CliRunner().invoke(main, ["--messages", "100", "--output", str(folder)])
    assert ("no process" in result.output, "is not under build/" in result.output) == (
        (True, False) if into == "build/wire" else (False, True)
    )


def test_a_gap_ends_a_run_that_does_not_count(made_run: Callable[..., Run]) -> None:
    run = made_run("recommended", [9], gaps=1)
    assert failures_of(run.spec, run.sender, run.client, "") == ["1 gaps, 0 frames dropped"]


def test_a_queue_that_grew_for_five_minutes_is_not_sustained_at_any_share_of_the_rate(
    made_run: Callable[..., Run],
) -> None:
    """2.9 s behind after 300 s is 99 % of the rate, and would be 5.8 s after 600."""
    late_ns = 2_900_000_000
    grown = [late_ns * part // 19 for part in range(20)]
    run = made_run("recommended", [9], duration_s=300.0, handled_last_ns=300 * NS_IN_S + late_ns, backlog_ns=grown)
    run = replace(run, sender=replace(run.sender, intended_last_ns=300 * NS_IN_S))
    assert run.achieved > 0.99 * run.offered
    assert failures_of(run.spec, run.sender, run.client, "") == [
        "the queue of frames grew by 2,900 ms over the run and would go on growing"
    ]


def test_a_stall_or_a_queue_that_was_emptied_is_no_growing_one() -> None:
    assert growth_ns([0, 10, 20, 30]) == pytest.approx(30)
    assert growth_ns([5] * 15 + [400_000_000] * 2 + [5] * 3) == 0
    assert growth_ns([5] * 18 + [40_000_000] * 2) == 0
    assert growth_ns([7]) == growth_ns([]) == 0.0


def test_the_backlog_is_the_least_lag_of_each_part() -> None:
    record = Record(frames=50, warmup=10)
    record.count = 50
    for frame in range(50):
        record.intended_ns[frame], record.done_ns[frame] = frame, frame + 100 + (frame % 2) * frame
    assert record.backlog_ns() == [100] * 20
    record.count = 13
    assert record.backlog_ns() == [100, 111, 100]


def test_where_nothing_is_sustained_the_search_ends_and_says_so() -> None:
    found = find_capacity(lambda _rate: False, 1000.0, 400_000.0)
    assert (found.sustained, found.broken, str(found)) == (0.0, 15.625, "below 16/s")


@pytest.mark.parametrize(("cpus", "words"), [("0,0", "share CPU 0"), ("", "share CPU")])
def test_one_cpu_for_both_is_refused(cpus: str, words: str, monkeypatch: Any, tmp_path: Path) -> None:
    if not cpus:
        monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {3})
    asked = ["--cpus", cpus] if cpus else []
    result = CliRunner().invoke(main, [*asked, "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert words in result.output
    assert not list(tmp_path.iterdir())


def test_a_soak_as_long_as_a_run_is_the_only_one_that_is_watched(
    monkeypatch: Any, root: Path, tmp_path: Path, made_run: Callable[..., Run]
) -> None:
    made: list[RunSpec] = []

    def carry(spec: RunSpec, *_rest: Any) -> Run:
        made.append(spec)
        return replace(made_run("recommended", [9]), spec=spec, failures=("x",) if spec.rate > 2000 else ())

    monkeypatch.chdir(root)
    monkeypatch.setattr("suites.wire.__main__.carry_out", carry)
    monkeypatch.setattr("suites.wire.__main__.expected_digest", str)
    asked = ["--messages", "100", "--composition", "recommended", "--rate", "1000", "--soak", "5", "--duration", "5"]
    assert CliRunner().invoke(main, [*asked, "--output", str(tmp_path)]).exit_code == 0
    assert [spec.purpose for spec in made][:2] == ["measure"] * 2
    assert {(spec.purpose, spec.monitor_s) for spec in made} == {("measure", 0.0), ("capacity", 0.0), ("soak", 10.0)}


def test_an_interrupted_session_keeps_and_shows_what_it_has(
    monkeypatch: Any, root: Path, tmp_path: Path, made_run: Callable[..., Run]
) -> None:
    left = iter([made_run("recommended", [9], composition=NAMED["recommended"].transport())])

    def carry(spec: RunSpec, *_rest: Any) -> Run:
        for run in left:
            return replace(run, spec=spec)
        raise KeyboardInterrupt

    monkeypatch.chdir(root)
    monkeypatch.setattr("suites.wire.__main__.carry_out", carry)
    monkeypatch.setattr("suites.wire.__main__.expected_digest", str)
    done = CliRunner().invoke(main, ["--messages", "100", "--rate", "1000", "--output", str(tmp_path)])
    assert done.exit_code == 130
    assert "suites.wire: interrupted" in done.output
    assert "results.json, 1 runs" in done.output
    assert "Latency from the intended time" in done.output
    assert len(load(tmp_path / NAME, Wire).runs) == 1


def test_what_a_full_socket_does_not_take_is_sent_when_there_is_room() -> None:
    near, far = socket.socketpair()
    near.setblocking(False)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    connection, parts = Connection(near), [bytes([n]) * 50_000 for n in range(8)]
    for part in parts:
        connection.send(part)
    assert connection.pending
    received = b""
    while len(received) < 400_000:
        connection.flush()
        received += far.recv(65_536)
    assert received == b"".join(parts)
    assert not connection.pending
    far.close()
    near.close()


def test_an_answer_that_the_client_does_not_read_at_once_reaches_it_whole() -> None:
    """The order connection of the sender: many requests in one piece, whose answers do not fit the socket."""
    server = Server(Counter("k", "s", lambda: 7))
    server.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # a connection has what its listener has
    with socket.create_connection(server.listener.getsockname()) as client:
        names = [f"{number:040d}" for number in range(300)]
        sending = threading.Thread(target=client.sendall, args=(b"".join(map(post, names)),))
        sending.start()
        received, idle = bytearray(), 0
        while received.count(b"HTTP/1.1 ") < len(names) and idle < 500:
            idle += 1
            server.poll(0.001)
            with contextlib.suppress(BlockingIOError):
                received += client.recv(4096, socket.MSG_DONTWAIT)
                idle = 0
        sending.join()
    assert statuses(bytes(received)) == [200] * len(names)
    for connection, _ in server._orders.values():
        connection.socket.close()
    server._epoll.close()
    server.listener.close()


def test_a_process_that_says_nothing_is_ended_and_named(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho waiting >&2\nexec sleep 1000\n")
    python.chmod(0o755)
    with pytest.raises(WireError, match="client gave no answer"), Process("client", python=str(python)) as hung:
        hung.hear(within_s=0.2)
    assert hung._process.returncode == -9


def test_a_forced_session_replaces_the_monitors_log_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / MONITOR_LOG).write_text("of another session", encoding="utf-8")
    found: list[bool] = []
    monkeypatch.setattr(Session, "_make_all", lambda *_: found.append((tmp_path / MONITOR_LOG).exists()))
    arguments = ["--feed", "reference", "--messages", "100", "--output", str(tmp_path)]
    refused = CliRunner().invoke(main, arguments)
    assert (refused.exit_code, found) == (2, [])
    assert (tmp_path / MONITOR_LOG).read_text(encoding="utf-8") == "of another session"
    CliRunner().invoke(main, [*arguments, "--force"], catch_exceptions=False)
    assert found == [False]
