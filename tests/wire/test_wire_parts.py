"""The parts of the measurement: schedules, stamps, the order counter, the search, the verdicts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

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

from suites.wire import runqueue
from suites.wire.__main__ import compositions_of, main, with_floors
from suites.wire.behind import Behind
from suites.wire.capacity import find_capacity
from suites.wire.counter import Counter, Requests
from suites.wire.interpreters import packages
from suites.wire.musts import musts
from suites.wire.process import WireError
from suites.wire.record import Orders, Payloads, Record
from suites.wire.report import markdown
from suites.wire.run import DIFFERENT_ORDERS, Outcome, failures_of, slope
from suites.wire.runqueue import RunQueue
from suites.wire.schedule import NS_IN_S, make_schedule
from suites.wire.spec import NAMED, RunSpec, TapeSpec
from suites.wire.stamp import digits, intended, split
from suites.wire.summary import best_of, summarise
from suites.wire.watch import Watch
from tailgate.machine.pace import pace_ns
from tailgate.results.histogram import encode, fill

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


def outcome(name: str, latencies_us: list[int], *failures: str, floor: bool = False, **changes: Any) -> Outcome:
    composition = NAMED[name].floor() if floor else NAMED[name]
    spec = RunSpec(composition, TapeSpec(), **{"rate": 5000.0, "duration_s": 1.0, **changes})
    histogram = encode(fill([value * 1000 for value in latencies_us]))
    client = {
        "received": spec.frames, "measured": 5000, "intended_first_ns": 0, "handled_last_ns": NS_IN_S,
        **dict.fromkeys(("latency", "service", "leaving", "acknowledged"), histogram), "orders": 0, "cpu_ns": 5,
        "memory_kib": [(0.0, 100)], "waited_ns": 2_500_000,
    }  # fmt: skip
    sender = {
        "sent": spec.frames,
        "intended_last_ns": NS_IN_S,
        "lags_ns": {"p99": 1},
        "waited_ns": 40_000_000,
        "slowed": 1.456,
    }
    return Outcome(spec, sender, client, failures)


def test_failed_runs_never_count_while_one_succeeded() -> None:
    slow, fast, failed = (
        outcome("recommended", [50]),
        outcome("recommended", [20]),
        outcome("recommended", [1], "short"),
    )
    assert best_of([slow, failed, fast]) is fast
    (summary,) = summarise([slow, failed, fast])
    assert (summary.runs, summary.failed, summary.failures) == (3, 1, ())


@pytest.mark.parametrize(
    ("own", "floor", "holds"), [(20, 20, True), (31, 31, False), (29, 19, False), (101, 101, False)]
)
def test_what_must_hold_is_judged_by_its_figures(own: int, floor: int, holds: bool) -> None:  # noqa: FBT001
    checks = list(musts([outcome("recommended", [floor], floor=True), outcome("recommended", [own])]))
    assert len(checks) == 3
    assert all(check.holds for check in checks) == holds


@pytest.mark.parametrize(("theirs", "holds"), [([59], [False, False]), ([60], [True, False]), ([90], [True, True])])
def test_the_gain_over_the_bottleneck_is_judged(theirs: list[int], holds: list[bool]) -> None:
    runs = [outcome("recommended", [30], rate=1000.0), outcome("bottleneck", theirs, rate=1000.0)]
    assert [check.holds for check in musts(runs)] == holds


def test_the_report_names_failed_runs_and_their_reason() -> None:
    lines = "\n".join(markdown([outcome("recommended", [20]), outcome("bottleneck", [9], "achieved 50%")], {}))
    assert "- bottleneck at 5,000/s: achieved 50%" in lines


def test_the_report_says_how_the_processors_were_shared() -> None:
    (row,) = [line for line in markdown([outcome("recommended", [20])], {}) if line.endswith(" | 1 | 0 |")]
    assert "| 2.5, 40.0 | x1.46 |" in row


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
    return {"bases": ("recommended", "bottleneck"), "pipelines": (), "rehearse": None, **nothing, **asked}


def test_what_is_asked_for_is_combined_and_each_transport_has_one_floor() -> None:
    asked = list(compositions_of(options(feed=("picows", "aiohttp"), gateway=("raw", "httpx"))))
    assert [(c.feed, c.gateway) for c in asked] == [
        ("picows", "raw"),
        ("picows", "httpx"),
        ("aiohttp", "raw"),
        ("aiohttp", "httpx"),
    ]
    assert sum(c.pipeline == "none" for c in with_floors(asked)) == 2
    assert [c.name for c in compositions_of(options())] == ["recommended", "bottleneck"]
    builds = list(compositions_of(options(interpreter=("python3", "3.13.15-pgo"))))
    assert [c.floor().name for c in builds] == [
        "transport alone: picows, uvloop-busy, python3",
        "transport alone: picows, uvloop-busy, 3.13.15-pgo",
    ]
    assert sum(c.pipeline == "none" for c in with_floors(builds)) == 2
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
        (["--cpus", "0,4096"], "processor 4096 is not to be had"),
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
    for name, frame, left in (("a", 1, 150), ("b", 1, 130), ("c", 3, 305)):
        record.orders.submit(name, frame)
        record.orders.leave(name, left)
        record.orders.answer(name, 900)
    assert list(record.latencies()) == [50, 10, 5]
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


def test_a_run_that_does_not_count_says_so_where_it_is_shown_and_is_no_measure() -> None:
    floor = outcome("recommended", [9], floor=True)
    lines = list(markdown([floor, outcome("recommended", [20], "achieved 50%")], {}))
    assert [line for line in lines if line.startswith("| recommended")] == [
        line for line in lines if line.startswith("| recommended (failed) |")
    ]
    assert not any(" x2" in line for line in lines)


def test_a_percentile_of_too_few_values_is_marked() -> None:
    few, many = outcome("recommended", [20]), outcome("bottleneck", [20] * 20_000)
    rows = [line for line in markdown([few, many], {}) if " | 5,000 of 5,000 | " in line]
    assert ["~20.0 | ~20.0 | ~20.0 | ~20.0 | 20.0" in row for row in rows] == [True, False]
    assert "| 20.0 | 20.0 | 20.0 | ~20.0 | 20.0" in rows[1]


def test_of_failed_runs_the_one_that_lost_most_is_not_the_best() -> None:
    lost = outcome("recommended", [1], "lost")
    gone = Outcome(lost.spec, lost.sender, {**lost.client, "received": 1}, lost.failures)
    slow = outcome("recommended", [50], "slow")
    assert best_of([gone, slow]) is slow


def test_different_orders_are_told_where_it_must_hold() -> None:
    runs = [outcome("recommended", [9], *failures) for failures in ((), (DIFFERENT_ORDERS,))]
    compared = [Outcome(run.spec, run.sender, {**run.client, "digest": "a"}, run.failures) for run in runs]
    (check,) = [check for check in musts(compared) if "same orders" in check.claim]
    assert (check.measured, check.holds) == ("equal digests in 1 of 2 runs", False)


def test_an_order_that_failed_or_came_twice_fails_the_run() -> None:
    run = outcome("recommended", [9])
    sent = {**run.sender, "late": 0, "orders": 2, "duplicates": 1}
    told = {**run.client, "gaps": 0, "dropped": 0, "orders": 2, "orders_answered": 1, "orders_failed": 1}
    assert failures_of(run.spec, sent, told, "") == [
        "1 orders without an answer",
        "1 orders came to the exchange twice",
    ]


@pytest.mark.parametrize(("late", "failed"), [(100, False), (101, True)])
def test_a_run_whose_sender_was_late_by_itself_does_not_count(late: int, failed: bool) -> None:  # noqa: FBT001
    run = outcome("recommended", [9])
    sent = {**run.sender, "late": late, "orders": 0}
    told = {**run.client, **dict.fromkeys(("gaps", "dropped", "orders_answered", "orders_failed"), 0)}
    reasons = ["the sender itself was late: 2.0% of the frames by more than 1 ms"] if failed else []
    assert failures_of(run.spec, sent, told, "") == reasons


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


def test_what_was_not_counted_to_the_end_of_a_run_is_not_shown() -> None:
    run = outcome("recommended", [20], "5 of 10 frames were not handled in time")
    cut = Outcome(run.spec, run.sender, {**run.client, "cpu_ns": 0, "waited_ns": 0}, run.failures)
    (row,) = [line for line in markdown([cut], {}) if line.endswith(" | 1 | 1 |")]
    assert row.startswith("| recommended (failed) | 5,000 |  | ")
    assert "| -, 40.0 | x1.46 |" in row


def test_a_gap_ends_a_run_that_does_not_count() -> None:
    run = outcome("recommended", [9])
    told = {**run.client, **dict.fromkeys(("dropped", "orders_answered", "orders_failed"), 0), "gaps": 1}
    assert failures_of(run.spec, {**run.sender, "late": 0, "orders": 0}, told, "") == ["1 gaps, 0 frames dropped"]
