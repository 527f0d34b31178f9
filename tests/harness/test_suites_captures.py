"""Books rebuilt from the frames of real captures agree with what the exchanges published beside them."""

from __future__ import annotations

import zlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from implementations import registry
from suites.paths.inputs import messages_of, plain
from suites.tapes.captures import events
from suites.tapes.captures.events import BookEvent, QuoteEvent
from suites.tapes.frames import Rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KRAKEN_CHECKSUMS = 4269
COINBASE_UPDATES = 9719
BINANCE_DIFFS = 3451
BINANCE_TOPS = 564  # diffs at whose last update a top was published


@pytest.fixture(params=["reference", *registry.names("book")])
def new_book(request: pytest.FixtureRequest) -> Callable[[], Any]:
    try:
        return registry.load("book", request.param).factory
    except registry.UnavailableError as error:
        pytest.skip(f"book/{request.param}: {error}")


Read = list[tuple[BookEvent, Any]]


def read(path: Path) -> Read:
    """Give each book event of a capture with the message that its frame holds."""
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
    """Give the best bid and ask that Binance published, by update id."""
    path = captures / "binance_spot_btcusdt_20240808.gz"
    quotes = (each for each in events(path) if isinstance(each, QuoteEvent))
    return {each.update_id: tuple(map(float, each.bid + each.ask)) for each in quotes}


def replayed(read: Read, new_book: Callable[[], Any]) -> Iterator[tuple[BookEvent, Any]]:
    """Give each book event with its symbol's book, to which its message was applied."""
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


def test_the_messages_of_a_tape_are_what_the_reference_decoder_reads(captures: Path) -> None:
    factory: Any = registry.load("decode", "reference").factory
    decoder = factory()
    clock = Rfc3339()
    frames = [event.frame(clock) for event in events(captures / "coinbase_level2_10sym_20210417.raw")]
    for frame in frames[:1500]:
        assert list(map(plain, messages_of([frame]))) == list(map(plain, decoder.decode(frame)))
