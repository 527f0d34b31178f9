"""The pipeline: equal orders from every composition, and what it does when a stage says no."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from implementations.decode.contract import BadFrameError
from implementations.messages import BOOK, ORDER
from implementations.pipeline.composed import CAPACITY, build
from implementations.pipeline.composition import (
    BOTTLENECK,
    NATIVE,
    RECOMMENDED,
    STEPS,
    BadCompositionError,
    Composition,
    parse,
)
from implementations.pipeline.contract import CANCELLED_EVERY, LIMITS
from implementations.pipeline.desk import Desk
from implementations.pipeline.reference import ReferencePipeline
from implementations.pipeline.staged import STAGES as CLOCKED
from implementations.pipeline.staged import build_staged
from implementations.pipeline.strategy import MoveStrategy
from implementations.registry import UnknownNameError, catalogue
from implementations.risk.contract import ADMITTED, NOTIONAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from implementations.pipeline.contract import TradingPipeline

Outcome: TypeAlias = tuple[str, list[int], dict[str, int], int, dict[str, float]]
"""Digest of the orders, orders sent by frame, refusals by reason, open orders, positions."""

Pair: TypeAlias = frozenset[tuple[str, str]]  # two (path, implementation)

PATH = "pipeline"
SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "DOGE/USD", "AMD", "AAPL")


class Market:
    """Makes frames from a seed: walking books of four symbols, quotes of all six, trades, notices, batches."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.middle = dict(zip(SYMBOLS, (60_000.0, 3_000.0, 150.0, 0.1, 91.0, 162.0), strict=True))
        self.books: dict[str, dict[str, dict[float, float]]] = {}

    def frames(self, count: int) -> list[bytes]:
        return [json.dumps([self.message() for _ in range(self.batch())]).encode() for _ in range(count)]

    def batch(self) -> int:
        return self.random.choices((0, 1, 2, 5), (1, 90, 6, 3))[0]

    def message(self) -> dict[str, object]:
        symbol = self.random.choice(SYMBOLS)
        self.middle[symbol] *= 1 + self.random.gauss(0, 4e-5)
        kind = self.random.random()
        if kind < 0.03:
            return {"T": "success", "msg": "connected"}
        if kind < 0.1:
            price = round(self.middle[symbol], 4)
            return {"T": "t", "S": symbol, "p": price, "s": 1, "i": self.random.getrandbits(40), "t": "2024"}
        if kind < 0.25 or symbol in {"AMD", "AAPL"}:
            return self.quote(symbol)
        return self.snapshot(symbol) if symbol not in self.books or kind < 0.27 else self.change(symbol)

    def quote(self, symbol: str) -> dict[str, object]:
        half = self.middle[symbol] * 1e-4
        bid, ask = round(self.middle[symbol] - half, 6), round(self.middle[symbol] + half, 6)
        if self.random.random() < 0.02:
            bid = 0  # no such side
        return {"T": "q", "S": symbol, "bp": bid, "bs": 1, "ap": ask, "as": 2, "t": "2024"}

    def price(self, symbol: str, side: str, rank: int) -> float:
        step = self.middle[symbol] * 1e-4
        return round(round(self.middle[symbol] / step) * step + (-step if side == "b" else step) * (rank + 0.5), 6)

    def snapshot(self, symbol: str) -> dict[str, object]:
        sides = {side: {self.price(symbol, side, rank): 1.0 for rank in range(20)} for side in "ba"}
        self.books[symbol] = sides
        levels = {side: [{"p": p, "s": s} for p, s in held.items()] for side, held in sides.items()}
        return {"T": "o", "S": symbol, "t": "2024", **levels, "r": True}

    def change(self, symbol: str) -> dict[str, object]:
        levels: dict[str, list[dict[str, float]]] = {"b": [], "a": []}
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            side = self.random.choice("ba")
            held = self.books[symbol][side]
            if held and self.random.random() < 0.5:
                best = max(held) if side == "b" else min(held)
                price = best if self.random.random() < 0.5 else self.random.choice(list(held))
                held.pop(price)
                size = 0.0
            else:
                price, size = self.price(symbol, side, self.random.randrange(5)), round(self.random.random() + 0.01, 3)
                held[price] = size
            levels[side].append({"p": price, "s": size})
        return {"T": "o", "S": symbol, "t": "2024", **levels}


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    return Market(7).frames(700)


def run(make: Callable[[Callable[[bytes], object]], TradingPipeline], frames: list[bytes]) -> Outcome:
    payloads: list[bytes] = []
    with make(payloads.append) as pipeline:
        sent = [pipeline.on_frame(frame) for frame in frames]
        held = pipeline.exposure()
        return pipeline.orders_digest(payloads), sent, pipeline.refusals(), held.open_orders, held.positions


# --- equal orders -----------------------------------------------------------------------------------------------------


def available(path: str) -> list[str]:
    return ["reference", *(entry.name for entry in catalogue(path) if entry.implementation is not None)]


def pairwise() -> list[Composition]:
    """Cover every pair of implementations of two paths by few compositions, greedily and without chance."""
    choices = {path: available(path) for path in STEPS}
    missing: set[Pair] = {
        frozenset({(one, a), (two, b)})
        for one, two in itertools.combinations(STEPS, 2)
        for a in choices[one]
        for b in choices[two]
    }
    rows = []
    while missing:
        row = dict(min(map(sorted, missing)))
        for path in STEPS:
            if path not in row:
                row[path] = max(choices[path], key=partial(_gain, missing, row, path))
        missing -= {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}
        rows.append(Composition(**row))
    return rows


def _gain(missing: set[Pair], row: dict[str, str], path: str, name: str) -> int:
    return sum(frozenset({(path, name), fixed}) in missing for fixed in row.items())


def single_changes() -> list[Composition]:
    return [replace(RECOMMENDED, **{path: name}) for path in STEPS for name in available(path)]


REFERENCE = Composition(**dict.fromkeys(STEPS, "reference"))
COMPOSITIONS = sorted(
    {RECOMMENDED, BOTTLENECK, *pairwise(), *single_changes()} | {NATIVE for _ in [0] if "native" in available("book")},
    key=str,
)


@pytest.fixture(scope="module")
def right(frames: list[bytes]) -> Outcome:
    return run(ReferencePipeline, frames)


@pytest.mark.parametrize("composition", COMPOSITIONS, ids=str)
def test_every_composition_sends_the_same_orders(composition: Composition, frames: list[bytes], right: Outcome) -> None:
    assert run(partial(build, composition), frames) == right


def test_every_pipeline_sends_the_same_orders(factory: Any, frames: list[bytes], right: Outcome) -> None:
    assert run(factory, frames) == right


def test_it_reads_what_only_the_standard_library_reads(factory: Any, frames: list[bytes], right: Outcome) -> None:
    """A field that no fast parser judges makes the frame rare, not its orders others."""
    rare = [frame.replace(b'{"T"', b'{"x":{"y":["\\ud800",-1e999]},"T"') for frame in frames]
    assert rare != frames
    assert run(factory, [each for pair in zip(frames, rare, strict=True) for each in pair][::3]) == run(
        ReferencePipeline, [each for pair in zip(frames, frames, strict=True) for each in pair][::3]
    )
    assert run(factory, rare) == right


def test_every_pair_of_implementations_is_covered() -> None:
    rows = pairwise()
    for one, two in itertools.combinations(STEPS, 2):
        pairs = {(getattr(row, one), getattr(row, two)) for row in rows}
        assert pairs == set(itertools.product(available(one), available(two)))


def test_the_frames_of_this_test_reach_every_answer(right: Outcome) -> None:
    _, sent, refused, _, positions = right
    assert sum(sent) > 100
    assert max(sent) > 1
    assert positions
    assert set(refused) >= {"position", "open orders"}


def test_other_frames_give_another_digest(frames: list[bytes], right: Outcome) -> None:
    assert run(ReferencePipeline, frames[:-200])[0] != right[0]


# --- frames -----------------------------------------------------------------------------------------------------------


def book(symbol: str, bid: float, ask: float, *, reset: bool = True) -> bytes:
    sides = {"b": [{"p": bid, "s": 1}], "a": [{"p": ask, "s": 1}]}
    return json.dumps([{"T": "o", "S": symbol, "t": "2024", **sides, "r": reset}]).encode()


def quote(symbol: str, bid: float, ask: float) -> bytes:
    return json.dumps([{"T": "q", "S": symbol, "bp": bid, "bs": 1, "ap": ask, "as": 1, "t": "2024"}]).encode()


@pytest.fixture
def payloads() -> list[bytes]:
    return []


@pytest.fixture
def pipeline(factory: Any, payloads: list[bytes]) -> Iterator[Any]:
    with factory(payloads.append) as built:
        yield built


def test_a_rise_buys_at_the_ask_and_a_fall_sells_at_the_bid(pipeline: Any, payloads: list[bytes]) -> None:
    sent = [
        pipeline.on_frame(book("A", *top)) for top in ((99.0, 101.0), (100.0, 102.0), (100.0, 102.0), (98.0, 100.0))
    ]
    assert sent == [0, 1, 0, 1]
    assert pipeline.orders(payloads) == [
        (ORDER, "o1", "A", "buy", 1.0, 102.0, "ioc"),
        (ORDER, "o2", "A", "sell", 1.0, 98.0, "ioc"),
    ]


def test_the_digest_is_over_plain_values(pipeline: Any, payloads: list[bytes]) -> None:
    pipeline.on_frame(book("A", 99.0, 101.0))
    pipeline.on_frame(book("A", 100.0, 102.0))
    line = b"(4, 'o1', 'A', 'buy', 1.0, 102.0, 'ioc')\n"
    assert pipeline.orders_digest(payloads) == hashlib.sha256(line).hexdigest()


def test_quotes_count_only_for_a_symbol_without_a_book(pipeline: Any) -> None:
    assert [pipeline.on_frame(quote("A", *top)) for top in ((99, 101), (100, 102))] == [0, 1]
    assert pipeline.on_frame(book("A", 100.0, 102.0)) == 0  # what the quotes had begun goes on
    assert pipeline.exposure().open_orders == 0  # ... and their order was answered
    assert [pipeline.on_frame(quote("A", *top)) for top in ((200, 202), (300, 302))] == [0, 0]
    assert pipeline.on_frame(book("A", 101.0, 103.0)) == 1


def test_trades_notices_and_empty_frames_send_nothing(pipeline: Any) -> None:
    for frame in (b"[]", b'[{"T":"n"}]', b'[{"T":"t","S":"A","p":500,"s":1,"i":1,"t":"2024"}]'):
        assert pipeline.on_frame(frame) == 0


def test_a_bad_frame_passes_on_and_changes_nothing(factory: Any, frames: list[bytes], right: Outcome) -> None:
    payloads: list[bytes] = []
    spoiled = book("BTC/USD", 1.0, 2.0)[:-1] + b',{"T":"o"}]'
    with factory(payloads.append) as pipeline:
        for frame in frames:
            for bad in (b"", frame[:-1], spoiled):
                with pytest.raises(BadFrameError):
                    pipeline.on_frame(bad)
            pipeline.on_frame(frame)
        assert pipeline.orders_digest(payloads) == right[0]


def composed_with(handoff: str) -> Any:
    return partial(build, RECOMMENDED.but(f"handoff={handoff}"))


def handle_more_than_the_handoff_holds(make: Any) -> None:
    tops = [(100.0 + step, 102.0 + step) for step in range(0, 3 * CAPACITY, 2)]
    tops = [top for top in tops for _ in range(2)]  # the second of each gives the exchange's answer and changes nothing
    frame = b"[" + b",".join(book("A", *top)[1:-1] for top in tops) + b"]"
    assert len(tops) > CAPACITY
    payloads: list[bytes] = []
    with make(payloads.append) as pipeline:
        sent = pipeline.on_frame(frame)
        one_by_one: list[bytes] = []
        with ReferencePipeline(one_by_one.append) as other:
            assert sum(other.on_frame(book("A", *top)) for top in tops) == sent > 0
            assert pipeline.orders(payloads) == other.orders(one_by_one)
            assert pipeline.refusals() == other.refusals() != {}


def test_a_frame_of_thousands_of_messages_is_handled_whole(factory: Any) -> None:
    handle_more_than_the_handoff_holds(factory)


@pytest.mark.parametrize("handoff", available("handoff"))
def test_a_frame_of_more_messages_than_the_handoff_holds_is_handled_whole(handoff: str) -> None:
    handle_more_than_the_handoff_holds(composed_with(handoff))


# --- orders -----------------------------------------------------------------------------------------------------------


def test_the_next_change_of_the_symbol_answers_the_order(pipeline: Any) -> None:
    for top in ((99.0, 101.0), (100.0, 102.0)):
        pipeline.on_frame(book("A", *top))
    assert pipeline.exposure().open_orders == 1
    pipeline.on_frame(book("B", 1.0, 2.0))
    assert pipeline.exposure().open_orders == 1
    pipeline.on_frame(book("A", 100.0, 102.0))
    assert pipeline.exposure().open_orders == 0
    assert pipeline.exposure().positions == {"A": 1.0}


def test_every_fourth_order_is_cancelled(pipeline: Any) -> None:
    price = 100.0
    for _ in range(CANCELLED_EVERY + 1):  # the first top is no order, the last answers the fourth
        pipeline.on_frame(book("A", price, price + 1))
        price += 1
    pipeline.on_frame(book("A", price - 1, price))
    assert pipeline.exposure().positions == {"A": float(CANCELLED_EVERY - 1)}
    assert pipeline.exposure().open_orders == 0


def test_positions_stay_within_the_limit_and_refusals_are_counted(pipeline: Any) -> None:
    for step in range(30):
        pipeline.on_frame(book("A", 100.0 + step, 101.0 + step))
    assert pipeline.exposure().positions == {"A": LIMITS.position}
    assert pipeline.refusals()["position"] > 10


def test_an_exception_of_the_sink_passes_on_and_frees_what_was_reserved(factory: Any) -> None:
    def broken(payload: bytes) -> None:
        raise OSError("the line is down")

    with factory(broken) as pipeline:
        pipeline.on_frame(book("A", 99.0, 101.0))
        with pytest.raises(OSError, match="the line is down"):
            pipeline.on_frame(book("A", 100.0, 102.0))
        assert pipeline.exposure().open_orders == 0
        assert pipeline.on_frame(book("A", 100.0, 102.0)) == 0


BETWEEN = pytest.mark.parametrize("between", [0, 1500], ids=["short", "longer-than-the-handoff"])


def handle_what_stands_behind(make: Any, between: int) -> None:
    sent: list[bytes] = []

    def breaks_once(payload: bytes) -> None:
        sent.append(payload)
        if len(sent) == 1:
            raise OSError("the line is down")

    def quotes(price: float) -> bytes:
        a, b = (json.loads(quote(symbol, price, price + 1.0))[0] for symbol in "AB")
        return json.dumps([a, *[a] * between, b]).encode()

    with make(breaks_once) as pipeline:
        pipeline.on_frame(quotes(99.0))
        with pytest.raises(OSError, match="the line is down"):
            pipeline.on_frame(quotes(100.0))
        with pytest.raises(BadFrameError):
            pipeline.on_frame(b"[")
        pipeline.on_frame(b"[]")
        assert [order[2] for order in pipeline.orders(sent)] == ["A", "B"]


@BETWEEN
def test_what_stands_behind_a_message_that_raised_is_handled_with_the_next_frame(factory: Any, between: int) -> None:
    handle_what_stands_behind(factory, between)


@BETWEEN
@pytest.mark.parametrize("handoff", available("handoff"))
def test_every_handoff_hands_over_what_stands_behind_a_message_that_raised(handoff: str, between: int) -> None:
    handle_what_stands_behind(composed_with(handoff), between)


class CountingRisk:
    """Admits, or refuses with one reason, and keeps what it was told."""

    def __init__(self, answer: int) -> None:
        self.answer = answer
        self.told: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.told.append(name)

    def admit(self, order: object) -> int:
        return self.answer


def desk(answer: int, *, declines: bool, calls: list[str]) -> Desk:
    """Return a desk that writes down what it calls."""

    def call(name: str, result: Any) -> Any:
        return lambda *arguments: (calls.append(name), result)[1]  # type: ignore[func-returns-value]  # its order is all

    risk: Any = CountingRisk(answer)
    return Desk(risk, call("try", not declines), call("await", None), call("encode", b"x"), call("sink", None))


def test_the_desk_awaits_only_what_was_declined() -> None:
    calls: list[str] = []
    assert desk(ADMITTED, declines=False, calls=calls).send("A", "buy", 1.0) is not None
    assert calls == ["try", "encode", "sink"]
    calls.clear()
    assert desk(ADMITTED, declines=True, calls=calls).send("A", "buy", 1.0) is not None
    assert calls == ["try", "await", "encode", "sink"]


def test_the_desk_takes_no_token_for_a_refused_order() -> None:
    calls: list[str] = []
    refusing = desk(NOTIONAL, declines=False, calls=calls)
    assert refusing.send("A", "buy", 1.0) is None
    assert (calls, refusing.sent, refusing.refusals[NOTIONAL]) == ([], 0, 1)


# --- the strategy -----------------------------------------------------------------------------------------------------


def test_the_strategy_acts_on_moves_from_where_it_last_acted() -> None:
    decide = MoveStrategy(0.01).decide
    tops = [(99, 101), (99.5, 101.5), (100.4, 101.5), (100.5, 101.6), (100.5, 101.5), (99, 101), (99.5, 100.5)]
    assert [decide(*top) for top in tops] == [None, None, None, "buy", None, "sell", None]


@pytest.mark.parametrize("top", [(0.0, 0.0), (0.0, 150.0), (150.0, 0.0), (150.0, 149.0), (150.0, 150.0)])
def test_the_strategy_passes_over_a_top_that_is_no_market(top: tuple[float, float]) -> None:
    decide = MoveStrategy(0.01).decide
    assert [decide(*top), decide(99, 101), decide(*top), decide(99, 101)] == [None] * 4
    assert decide(101, 103) == "buy"


# --- the time by stage ------------------------------------------------------------------------------------------------


class Clock:
    """Goes on by one at each reading."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.mark.parametrize("composition", [RECOMMENDED, BOTTLENECK, REFERENCE], ids=["recommended", "bottleneck", "ref"])
def test_the_staged_pipeline_sends_the_same_orders(
    composition: Composition, frames: list[bytes], right: Outcome
) -> None:
    assert run(partial(build_staged, composition, clock=Clock(), record=lambda spent: None), frames) == right


@pytest.mark.parametrize("handoff", available("handoff"))
def test_the_stages_add_up_to_the_frame(handoff: str) -> None:
    records: list[dict[str, int]] = []
    clock = Clock()
    with build_staged(
        RECOMMENDED.but(f"handoff={handoff}"),
        lambda payload: None,
        clock=clock,
        record=lambda spent: records.append(dict(zip(CLOCKED, spent, strict=True))),
    ) as pipeline:
        for top in ((99.0, 101.0), (100.0, 102.0), (100.0, 102.0), (100.0, 102.0)):
            pipeline.on_frame(book("A", *top))
    # A frame's two readings frame all others: the sum is their distance, so it is one less than the readings.
    assert sum(sum(record.values()) + 1 for record in records) == clock.now
    first, second, third, fourth = records
    untouched = {"decode": 1, "book": 2, "strategy": 1, "limiter": 0, "encode": 0, "sink": 0, "risk": 0}
    assert {stage: first[stage] for stage in untouched} == untouched
    assert {stage: second[stage] for stage in untouched} == {
        **untouched,
        **dict.fromkeys(("risk", "limiter", "encode", "sink"), 1),
    }
    assert {stage: third[stage] for stage in untouched} == {**untouched, "risk": 1}  # the fill
    assert {stage: fourth[stage] for stage in untouched} == untouched
    assert {record["handoff"] for record in records} == {3}  # an offer, a drain, a call: without what the handler took


def test_a_frame_that_raises_is_not_recorded() -> None:
    records: list[int] = []
    with build_staged(
        RECOMMENDED, lambda payload: None, clock=Clock(), record=lambda spent: records.append(1)
    ) as staged:
        with pytest.raises(BadFrameError):
            staged.on_frame(b"")
        staged.on_frame(b"[]")
    assert len(records) == 1


# --- compositions -----------------------------------------------------------------------------------------------------


def test_compositions_are_read_from_changes() -> None:
    assert parse("") == parse("recommended") == RECOMMENDED
    assert parse("bottleneck") == BOTTLENECK
    assert parse("book=heap-lazy, codec=json") == replace(RECOMMENDED, book="heap-lazy", codec="json")
    assert parse("bottleneck,codec=struct") == replace(BOTTLENECK, codec="struct")
    assert parse(str(BOTTLENECK)) == BOTTLENECK


def test_the_bottleneck_is_as_it_was() -> None:
    assert str(BOTTLENECK) == "decode=json,handoff=inline,book=heap-rebuild,risk=lock,limiter=await-always,codec=json"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("book=heap-lasy", UnknownNameError, "no book implementation 'heap-lasy', did you mean 'heap-lazy'"),
        ("bok=heap-lazy", UnknownNameError, "no 'bok', did you mean 'book'.*decode, handoff, book, risk"),
        ("feed=picows", UnknownNameError, "the pipeline has no 'feed'"),
        ("book=", BadCompositionError, "'book=' is no path=implementation"),
        ("codec=json,struct", BadCompositionError, "'struct' is no path=implementation"),
        (
            "recommende",
            BadCompositionError,
            "'recommende'; begin with recommended or bottleneck or native",
        ),
        ("book=bisect,book=heap-lazy", BadCompositionError, "book is named twice: bisect and heap-lazy"),
    ],
)
def test_a_wrong_composition_is_told_the_right_ones(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse(text)


def test_closing_twice_does_no_harm() -> None:
    pipeline = build(RECOMMENDED, lambda payload: None)
    pipeline.close()
    pipeline.close()


def test_books_are_read_from_the_kind_not_the_class() -> None:
    """A decoder may bring classes of its own: the pipeline asks for `kind` alone."""
    from implementations.decode.msgspec import MsgspecDecoder

    (message,) = MsgspecDecoder().decode(book("A", 1.0, 2.0))
    assert message.kind == BOOK
