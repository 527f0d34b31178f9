from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice, pairwise
from random import Random

import pytest

from suites.tapes import market
from suites.tapes.arrivals import hawkes
from suites.tapes.frames import Rfc3339, decimal_text
from suites.tapes.generator import generate
from suites.tapes.ladder import Ladder
from tailgate.errors import TailgateError


def test_a_seed_gives_one_tape_and_another_seed_another() -> None:
    assert generate(5, 200) == generate(5, 200)
    assert generate(5, 200).digest != generate(6, 200).digest


def test_a_longer_tape_begins_as_the_shorter_one() -> None:
    assert generate(5, 400).head(150).frames == generate(5, 150).frames


def test_a_tape_has_as_many_messages_as_asked_and_begins_with_the_snapshots() -> None:
    tape = generate(1, 64)
    assert len(tape.frames) == len(tape.times_ns) == 64
    first = [json.loads(frame)[0] for frame in tape.frames[:10]]
    assert [m["S"] for m in first] == [i.symbol for i in market.INSTRUMENTS]
    assert all(m["r"] is True for m in first)


def test_arrivals_never_go_back() -> None:
    times = [time_ns for time_ns, _ in islice(hawkes(Random(1), (3, 1)), 2000)]
    assert times[0] >= 0
    assert all(a <= b for a, b in pairwise(times))


@pytest.mark.parametrize(("messages", "seed"), [(0, 1), (-1, 1), (10, -1)])
def test_what_cannot_be_generated_is_one_clear_error(messages: int, seed: int) -> None:
    with pytest.raises(TailgateError, match=r"messages|seed"):
        generate(seed, messages)


@pytest.mark.parametrize("seed", range(3))
def test_books_stay_uncrossed_and_as_deep_as_promised(seed: int) -> None:
    books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}
    bounds = {i.symbol: (i.floor - 4, i.depth) for i in market.INSTRUMENTS}
    for frame in generate(seed, 3000).frames:
        [message] = json.loads(frame)
        if message["T"] != "o":
            continue
        if message.get("r"):
            books[message["S"]] = {}, {}
        sides = books[message["S"]]
        for side, levels in zip(sides, (message["b"], message["a"]), strict=True):
            for level in levels:
                side.pop(level["p"], None)
                if level["s"]:
                    side[level["p"]] = level["s"]
        bids, asks = sides
        assert max(bids) < min(asks)
        least, most = bounds[message["S"]]
        assert least <= len(bids) <= most
        assert least <= len(asks) <= most


@pytest.mark.parametrize("sign", [-1, +1])
def test_a_side_stays_within_its_bounds_for_long(sign: int) -> None:
    rng = Random(1)
    dense = market.INSTRUMENTS[-1]  # few free ticks between its levels, and not far from a price of 0
    for instrument in (dense, replace(dense, gap_ticks=500, mid_ticks=1_000_000)):
        side = Ladder(rng, market.DEFAULT, instrument, sign)
        depths = set()
        for _ in range(20_000):
            side.touch(int(rng.random() * (len(side.keys) + 1)), instrument.spread_ticks)
            depths.add(len(side.keys))
            assert side.keys[-1] * sign > 0
        assert instrument.floor <= min(depths)
        assert max(depths) <= instrument.depth
        assert side.keys == sorted(side.lots)
    assert (min(depths), max(depths)) == (instrument.floor, instrument.depth)


def test_a_quote_is_the_top_of_the_book_and_a_trade_meets_it() -> None:
    books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}
    quotes = trades = 0
    for frame in generate(2, 4000).frames:
        [message] = json.loads(frame)
        if message["T"] == "q":
            bids, asks = books[message["S"]]
            quotes += 1
            assert (message["bp"], message["bs"]) == (max(bids), bids[max(bids)])
            assert (message["ap"], message["as"]) == (min(asks), asks[min(asks)])
        elif message["T"] == "t":
            bids, asks = books[message["S"]]
            trades += 1
            assert message["p"] == (min(asks) if message["tks"] == "B" else max(bids))
        else:
            if message.get("r"):
                books[message["S"]] = {}, {}
            for side, levels in zip(books[message["S"]], (message["b"], message["a"]), strict=True):
                for level in levels:
                    side.pop(level["p"], None)
                    if level["s"]:
                        side[level["p"]] = level["s"]
    assert quotes > 20
    assert trades > 20


@pytest.mark.parametrize(
    ("units", "digits", "text"), [(1250, 2, "12.5"), (5, 3, "0.005"), (700, 2, "7"), (0, 8, "0"), (42, 0, "42")]
)
def test_decimals_have_no_trailing_zeros(units: int, digits: int, text: str) -> None:
    assert decimal_text(units, digits) == text


@pytest.mark.parametrize(
    ("epoch_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_710_239_930_796_132_210, "2024-03-12T10:38:50.79613221Z"),
        (1_710_239_930_000_000_001, "2024-03-12T10:38:50.000000001Z"),
    ],
)
def test_times_are_rfc_3339_with_nanoseconds(epoch_ns: int, text: str) -> None:
    assert Rfc3339().write(epoch_ns) == text


@pytest.mark.parametrize("second", [-62_135_596_801, 253_402_300_800, 170_000_000_000_000_000])
def test_a_moment_that_rfc_3339_cannot_write_is_an_error(second: int) -> None:
    with pytest.raises(ValueError, match="outside of the years 1 to 9999"):
        Rfc3339().write(second * 10**9)
