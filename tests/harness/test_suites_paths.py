"""The benchmarks of the paths: equal answers from every implementation, fresh state in every pass, labels for each."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from implementations import registry
from implementations.messages import BOOK, astuple
from implementations.pipeline.composition import BOTTLENECK, RECOMMENDED
from implementations.risk.contract import REASONS
from suites.paths import book, codec, decode, handoff, limiter, risk
from suites.paths.inputs import make, messages_of, operations_of, plain, tape_of
from suites.paths.rounds import Rounds
from suites.paths.session import CANCEL, FILL, LIMITS, NONE, REJECT, play
from suites.settings import DEFAULTS
from tailgate.measure.recorder import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailgate.benchmark import Benchmark

PATHS = (decode, handoff, book, risk, limiter, codec)
DECLARED = [each for path in PATHS for each in path.benchmarks()]
MESSAGES = 600


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("suites.settings.CACHE", tmp_path_factory.mktemp("tapes"))
        yield {**DEFAULTS, "messages": MESSAGES}


@pytest.fixture(scope="module")
def digests() -> dict[str, str]:
    """Remember the digest of each group's first implementation, for the others to be held against."""
    return {}


@pytest.mark.parametrize("declared", DECLARED, ids=lambda each: each.name)
def test_every_pass_of_every_implementation_gives_the_same_answers(
    declared: Benchmark, settings: dict[str, Any], digests: dict[str, str]
) -> None:
    if reason := declared.check():
        pytest.skip(reason)
    workload = declared.prepare(settings)
    assert len(workload.inputs) > MESSAGES * 0.9
    found = []
    for _ in range(2):
        operation = workload.start()
        found.append(check(operation, workload.inputs, len(workload.inputs), workload.answer)[0])
        if workload.finish is not None:
            workload.finish(operation)
    assert found[0] == found[1] == digests.setdefault(declared.group, found[0])


@pytest.mark.parametrize("declared", DECLARED, ids=lambda each: each.name)
def test_labels_name_every_operation(declared: Benchmark, settings: dict[str, Any]) -> None:
    if reason := declared.check():
        pytest.skip(reason)
    workload = declared.prepare(settings)
    if workload.labels is None:
        assert declared.path == "limiter"  # each of its operations is like any other
        return
    labels = [workload.labels(index) for index in range(len(workload.inputs))]
    assert all("kind" in label and "symbol" in label for label in labels)


def test_every_implementation_is_declared_under_every_choice_of_axes() -> None:
    for path in registry.PATHS:
        groups = {each.group for each in DECLARED if each.path == path}
        for group in groups:
            assert {each.implementation for each in DECLARED if each.group == group} == set(registry.names(path))
    assert len({each.name for each in DECLARED}) == len(DECLARED)


def test_each_group_has_one_bottleneck_and_one_recommended() -> None:
    for group in {each.group for each in DECLARED}:
        roles = Counter(each.role for each in DECLARED if each.group == group)
        assert roles["recommended"] == 1
        both = group.startswith("handoff") and RECOMMENDED.handoff == BOTTLENECK.handoff
        assert roles["bottleneck"] == (0 if both else 1)  # what the analysis found wrong may be what measures best


def test_an_implementation_that_cannot_run_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: str, name: str) -> object:
        raise registry.UnavailableError("the package x is not installed")

    monkeypatch.setattr("suites.paths.inputs.load", load)
    assert DECLARED[0].check() == "the package x is not installed"


def test_book_labels_follow_the_messages_of_the_book_alone(settings: dict[str, Any]) -> None:
    workload = book.prepare("bisect", settings, read_every="1")
    assert workload.labels is not None
    for index, (_, message, _) in enumerate(workload.inputs):
        label = workload.labels(index)
        assert (label["symbol"], label["levels"]) == (message.symbol, len(message.bids) + len(message.asks))
        assert label["kind"] == ("snapshot" if message.reset else "update")


def test_a_book_is_read_as_often_as_its_axis_says(settings: dict[str, Any]) -> None:
    for read_every in (1, 10):
        workload = book.prepare("bisect", settings, read_every=str(read_every))
        operation = workload.start()
        reads = sum(operation(item) is not None for item in workload.inputs)
        assert reads == -(-len(workload.inputs) // read_every)


def test_the_messages_of_a_tape_are_what_the_reference_decoder_reads(settings: dict[str, Any]) -> None:
    frames = tape_of(settings).frames
    decoder = make("decode", "reference")
    expected = [plain(message) for frame in frames for message in decoder.decode(frame)]
    assert [plain(message) for message in messages_of(frames)] == expected


def test_a_notice_and_quotes_with_an_empty_side_are_read_too() -> None:
    frame = b'[{"T":"success"},{"T":"q","S":"A","bp":0,"bs":0,"ap":2,"as":1,"t":"x"}]'
    assert [astuple(message) for message in messages_of([frame])] == [
        (0, "success"),
        (2, "A", 0.0, 0.0, 2.0, 1.0, "x"),
    ]


def test_orders_are_made_of_the_updates_of_the_tape(settings: dict[str, Any]) -> None:
    tape = tape_of(settings)
    updates = [m for m in messages_of(tape.frames) if m.kind == BOOK and not m.reset]  # type: ignore[union-attr]  # a book's own
    orders = codec.orders_of(tape)
    assert [order.symbol for order in orders] == [message.symbol for message in updates]  # type: ignore[union-attr]  # as above
    assert {order.side for order in orders} == {"buy", "sell"}
    assert len({order.client_order_id for order in orders}) == len(orders)


def test_operations_follow_the_setting_and_have_a_default() -> None:
    assert operations_of({"messages": 5}) == 5
    assert operations_of({"messages": 0}) == operations_of({}) == DEFAULTS["messages"]


def test_a_session_meets_every_limit_and_every_report() -> None:
    steps, codes = play(make("risk", "lock", LIMITS), 1, 8000)
    assert set(codes) == set(range(len(REASONS)))
    assert {report for _, report, *_ in steps} == {NONE, FILL, CANCEL, REJECT}
    assert Counter(codes)[0] > 0.6 * len(codes)


def test_a_session_is_the_same_for_the_reference() -> None:
    (steps, codes), (same_steps, same_codes) = (
        play(make("risk", name, LIMITS), 3, 700) for name in ("lock", "reference")
    )
    assert codes == same_codes
    assert [(astuple(order), *rest) for order, *rest in steps] == [(astuple(o), *rest) for o, *rest in same_steps]
    assert len(set(codes)) >= 5


def test_rounds_await_a_job_that_does_not_suspend_without_the_loop() -> None:
    done: list[int] = []

    async def job() -> None:
        done.append(1)

    rounds = Rounds(job)
    other: list[int] = []
    asyncio.get_running_loop().call_soon(other.append, 1)
    rounds.run()
    assert (done, other) == ([1], [])
    rounds.close()


def test_rounds_let_the_loop_run_a_round_for_each_suspension() -> None:
    steps: list[str] = []

    async def job() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(steps.append, "round 1")
        await asyncio.sleep(0)
        steps.append("step")
        loop.call_soon(steps.append, "round 2")
        await asyncio.sleep(0)

    rounds = Rounds(job)
    rounds.run()
    rounds.run()
    assert steps == ["round 1", "step", "round 2"] * 2
    rounds.close()


def test_rounds_wait_for_a_future_and_give_its_value_and_its_exception() -> None:
    got: list[object] = []

    async def job() -> None:
        loop = asyncio.get_running_loop()
        good, bad = loop.create_future(), loop.create_future()
        loop.call_soon(good.set_result, 5)
        loop.call_soon(loop.call_soon, bad.set_exception, LookupError("no token"))
        got.append(await good)
        await bad

    rounds = Rounds(job)
    with pytest.raises(LookupError, match="no token"):
        rounds.run()
    assert got == [5]
    rounds.close()


def test_the_loop_of_rounds_counts_as_running_until_it_is_closed() -> None:
    rounds = Rounds(lambda: asyncio.sleep(0))
    rounds.run()
    assert not asyncio.get_running_loop().is_closed()
    rounds.close()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_a_capture_feeds_the_same_benchmarks(captures: Path, settings: dict[str, Any]) -> None:
    capture = str(captures / "kraken_book1000_10sym_20210417.raw")
    workload = book.prepare("bisect", settings | {"capture": capture, "messages": 50}, read_every="1")
    assert len(workload.inputs) == 50
    assert workload.inputs[0][1].symbol == "ADA/XBT"
