"""Books rebuilt from the frames of real captures agree with what the exchanges published beside them."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from implementations import registry
from suites.paths.inputs import messages_of, plain
from suites.tapes import open_tape
from suites.tapes.captures.events import BookEvent, QuoteEvent, number
from suites.tapes.captures.feed import Feed
from suites.tapes.captures.reading import events
from suites.tapes.frames import Rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KRAKEN_CHECKSUMS = 4269
COINBASE_UPDATES = 9719
BINANCE_DIFFS = 3451
OKX_CHECKSUMS = 290
BINANCE_TOPS = 564  # diffs at whose last update a top was published


@pytest.fixture(params=["reference", *registry.names("book")])
def new_book(request: pytest.FixtureRequest) -> Callable[[], Any]:
    try:
        return registry.load("book", request.param).factory
    except registry.UnavailableError as error:
        pytest.skip(f"book/{request.param}: {error}")


Read = list[tuple[BookEvent, Any]]


def read(path: Path) -> Read:
    """Return each book event of a capture with the message that its frame holds."""
    clock = Rfc3339()
    return [(each, messages_of([each.frame(clock)])[0]) for each in events(path) if isinstance(each, BookEvent)]


@pytest.fixture(scope="module")
def kraken(captures: Path) -> Read:
    return read(captures / "kraken_book1000_10sym_20210417.raw")


@pytest.fixture(scope="module")
def coinbase(captures: Path) -> Read:
    return read(captures / "coinbase_level2_10sym_20210417.raw")


@pytest.fixture(scope="module")
def binance(captures: Path) -> Read:
    return read(captures / "binance_spot_btcusdt_20240808.gz")


@pytest.fixture(scope="module")
def published(captures: Path) -> dict[int | None, tuple[float, ...]]:
    """Return the best bid and ask that Binance published, by update id."""
    path = captures / "binance_spot_btcusdt_20240808.gz"
    quotes = (each for each in events(path) if isinstance(each, QuoteEvent))
    return {each.update_id: tuple(map(float, each.bid + each.ask)) for each in quotes}


def replayed(read: Read, new_book: Callable[[], Any]) -> Iterator[tuple[BookEvent, Any]]:
    """Yield each book event with its symbol's book, to which its message was applied."""
    books: dict[str, Any] = defaultdict(new_book)
    for event, message in read:
        books[event.symbol].apply(message)
        yield event, books[event.symbol]


def kraken_checksum(book: Any, price_digits: int, size_digits: int) -> int:
    """CRC-32 over the best ten asks, then bids: price and size without point and leading zeros."""
    bids, asks = book.depth(10)
    text = "".join(
        f"{number:.{digits}f}".replace(".", "").lstrip("0")
        for level in (*asks, *bids)
        for number, digits in zip(level, (price_digits, size_digits), strict=True)
    )
    return zlib.crc32(text.encode())


def test_every_kraken_checksum_matches(kraken: Read, new_book: Callable[[], Any]) -> None:
    digits: dict[str, tuple[int, int]] = {}
    matched = 0
    for event, book in replayed(kraken, new_book):
        digits.setdefault(event.symbol, event.digits)
        if event.checksum is not None:
            assert kraken_checksum(book, *digits[event.symbol]) == event.checksum
            matched += 1
    assert matched == KRAKEN_CHECKSUMS


def test_coinbase_never_crosses(coinbase: Read, new_book: Callable[[], Any]) -> None:
    updates = 0
    for event, book in replayed(coinbase, new_book):
        bid, bid_size, ask, ask_size = book.top()
        assert 0 < bid < ask
        assert bid_size > 0
        assert ask_size > 0
        updates += not event.reset
    assert updates == COINBASE_UPDATES


def test_binance_equals_the_published_top_at_the_same_update(
    binance: Read, published: dict[int | None, tuple[float, ...]], new_book: Callable[[], Any]
) -> None:
    diffs = compared = 0
    for event, book in replayed(binance, new_book):
        diffs += not event.reset
        if event.update_id in published:
            assert book.top() == published[event.update_id]
            compared += 1
    assert diffs == BINANCE_DIFFS - 2  # the first two end before the snapshot and are in it
    assert compared == BINANCE_TOPS


def shortest(value: float) -> str:
    """Write a float as OKX does."""
    return number(repr(value)) if value else "0"


def okx_checksum(book: Any) -> int:
    """Signed CRC-32 over the best 25 levels, bid and ask in turn."""
    sides = book.depth(25)
    text = ":".join(
        f"{shortest(level[0])}:{shortest(level[1])}"
        for pair in zip_longest(*sides)
        for level in pair
        if level is not None
    )
    return int.from_bytes(zlib.crc32(text.encode()).to_bytes(4, "big"), "big", signed=True)


def test_every_okx_checksum_matches(captures: Path, new_book: Callable[[], Any]) -> None:
    matched = 0
    for event, book in replayed(read(captures / "okx_books_3inst_20220513.raw"), new_book):
        assert okx_checksum(book) == event.checksum
        matched += 1
    assert matched == OKX_CHECKSUMS


def test_alpacas_documented_messages_are_read_as_they_stand(captures: Path, tmp_path: Path) -> None:
    lines = (captures / "alpaca_documented_messages.jsonl").read_text().splitlines()
    sent = [json.loads(line)["msg"] for line in lines if json.loads(line)["dir"] == "s2c"]
    frames = [json.dumps(each, separators=(",", ":")).encode() for each in sent]
    path = tmp_path / "frames.jsonl"
    path.write_bytes(b"\n".join(frames))
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
    control = {"success", "subscription", "error"}
    updates = {"MKR/USD", "CRV/USD"}  # of books whose snapshot the documentation does not show
    kept = [f for f, m in zip(frames, sent, strict=True) if m[0]["T"] not in control and m[0].get("S") not in updates]
    assert list(tape.frames) == kept
    assert len(kept) == 10
    assert "2 book updates before the first snapshot" in " ".join(tape.notes)


def test_a_tardis_file_written_from_another_capture_gives_its_tape(captures: Path, tmp_path: Path) -> None:
    """Local times are kept apart by 1 µs where two messages share one: rows of one time are one message."""
    coinbase = captures / "coinbase_level2_10sym_20210417.raw"
    found = [each for each in events(coinbase) if isinstance(each, BookEvent)]
    rows, local_us, last_us = ["exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"], [], 0
    for event in found:
        last_us = max(last_us + 1, event.received_ns // 1000)
        local_us.append(last_us)
        head = f"coinbase,{event.symbol.replace('/', '-')},{event.when_ns // 1000},{last_us},{str(event.reset).lower()}"
        sides = (("bid", event.bids), ("ask", event.asks))
        rows += [f"{head},{side},{price},{size}" for side, levels in sides for price, size in levels]
    path = tmp_path / "coinbase_incremental_book_L2_2021-04-17.csv.gz"
    path.write_bytes(gzip.compress("\n".join([*rows, ""]).encode()))
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=None)
    clock = Rfc3339()
    assert list(tape.frames) == [
        event._replace(when_ns=event.when_ns // 1000 * 1000).frame(clock) for event in found if event.bids or event.asks
    ]
    filled = [us for us, event in zip(local_us, found, strict=True) if event.bids or event.asks]
    assert list(tape.times_ns) == [1000 * (us - filled[0]) for us in filled]
    assert tape.notes == ()
    assert len(tape.frames) > 9_000


# Files that can be fetched and are no part of the project: cryptofeed's sample_data and hftbacktest's examples, in the
# folder that TAILGATE_CAPTURES names. Book messages, and how many of them a published top was compared at.
FETCHED = {
    "BINANCE_FUTURES.http.0.0,BINANCE_FUTURES.ws.1.0": (756, 50),
    "BINANCE_DELIVERY.http.0.0,BINANCE_DELIVERY.ws.1.0": (1798, 214),
    "BINANCE.http.0.0,BINANCE.ws.1.0": (176, 26),
    "examples_usdm_btcusdt_20240808.gz": (6548, 629),
    "BYBIT.ws.25.0": (3260, 0),
    "BYBIT.ws.26.0": (1018, 0),
    "DERIBIT.ws.1.0": (46, 0),
    "GEMINI.ws.1.0": (655, 0),
    "KRAKEN_FUTURES.ws.1.0": (7024, 0),
    "BITSTAMP.http.0.0,BITSTAMP.ws.1.0": (624, 0),
}


@pytest.mark.parametrize("names", FETCHED)
def test_books_of_fetched_captures_are_whole_and_equal_what_was_published(
    names: str, new_book: Callable[[], Any]
) -> None:
    folder = os.environ.get("TAILGATE_CAPTURES", "")
    paths = [Path(folder, name) for name in names.split(",")]
    if not folder or not all(path.is_file() for path in paths):
        pytest.skip(f"{names} is not in the folder that TAILGATE_CAPTURES names: {folder or 'it names none'}")
    feed = Feed(tuple(paths))
    found = list(events(*paths, feed=feed))
    tops: dict[tuple[str, int | None], tuple[float, ...]] = {
        (each.symbol, each.update_id): tuple(map(float, each.bid + each.ask))
        for each in found
        if isinstance(each, QuoteEvent) and each.update_id is not None
    }
    books: dict[str, Any] = defaultdict(new_book)
    clock, compared, changes = Rfc3339(), 0, 0
    for event in found:
        if not isinstance(event, BookEvent):
            continue
        books[event.symbol].apply(messages_of([event.frame(clock)])[0])
        changes += 1
        bid, _, ask, _ = top = books[event.symbol].top()
        assert not bid or not ask or bid < ask
        if (event.symbol, event.update_id) in tops:
            assert top == tops[event.symbol, event.update_id]
            compared += 1
    assert (changes, compared) == FETCHED[names]
    assert not feed.lost


def test_the_messages_of_a_tape_are_what_the_reference_decoder_reads(captures: Path) -> None:
    factory: Any = registry.load("decode", "reference").factory
    decoder = factory()
    clock = Rfc3339()
    frames = [event.frame(clock) for event in events(captures / "coinbase_level2_10sym_20210417.raw")]
    for frame in frames[:1500]:
        assert list(map(plain, messages_of([frame]))) == list(map(plain, decoder.decode(frame)))
