"""What carries orders is brought to levels: DBN, LOBSTER; and arrays of events of hftbacktest."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from implementations.registry import load
from suites.paths.inputs import messages_of
from suites.tapes import open_tape
from suites.tapes.captures.orders import OrderBook
from tests.unit.tapes.makers import BAD, LAST, SNAPSHOT, dbn_metadata, mbo

if TYPE_CHECKING:
    from pathlib import Path

    from suites.tapes import Tape

dbn = pytest.importorskip("databento_dbn", reason="databento-dbn is not installed")

PRICE = 1_000_000_000
ORDERS = (
    # action, side, price, size, order, flags
    ("R", "N", None, 0, 0, SNAPSHOT),
    ("A", "B", 9.5, 2, 1, SNAPSHOT),
    ("A", "A", 10.0, 1, 2, SNAPSHOT),
    ("A", "A", 10.5, 3, 3, SNAPSHOT | LAST),
    ("A", "B", 9.5, 4, 4, LAST),
    ("M", "B", 9.75, 1, 4, LAST),  # another price and size: a deletion and an addition
    ("C", "B", 9.5, 1, 1, LAST),  # a part
    ("T", "B", 10.0, 1, 0, 0),
    ("F", "A", 10.0, 1, 2, 0),
    ("C", "A", 10.0, 1, 2, LAST),
    ("C", "A", 11.0, 1, 99, LAST),  # not held
)
BOOKS = [
    ([(9.5, 2.0)], [(10.0, 1.0), (10.5, 3.0)]),
    ([(9.5, 6.0)], [(10.0, 1.0), (10.5, 3.0)]),
    ([(9.75, 1.0), (9.5, 2.0)], [(10.0, 1.0), (10.5, 3.0)]),
    ([(9.75, 1.0), (9.5, 1.0)], [(10.0, 1.0), (10.5, 3.0)]),
    ([(9.75, 1.0), (9.5, 1.0)], [(10.5, 3.0)]),
]


def imported(folder: Path, content: bytes, name: str = "a.capture") -> Tape:
    path = folder / name
    path.write_bytes(content)
    return open_tape(capture=str(path), seed=0, messages=0, cache=None)


def books_of(tape: Tape) -> list[Any]:
    factory: Any = load("book", "reference").factory
    book, found = factory(), []
    for message in messages_of(tape.frames):
        if message.kind == 3:
            book.apply(message)
            found.append(book.depth(100))
    return found


def test_orders_of_databento_are_brought_to_levels(tmp_path: Path) -> None:
    tape = imported(tmp_path, mbo(ORDERS))
    assert books_of(tape) == BOOKS
    [trade] = [m for frame in tape.frames for m in json.loads(frame) if m["T"] == "t"]
    assert (trade["S"], trade["p"], trade["s"], trade["tks"]) == ("AAA", 10, 1, "B")
    assert tape.notes == ("left out of the capture: 1 events on orders that the book does not hold",)


def test_databento_without_a_clear_begins_at_the_first_one(tmp_path: Path) -> None:
    tape = imported(tmp_path, mbo((("A", "B", 9.0, 1, 50, LAST), *ORDERS)))
    assert books_of(tape) == BOOKS
    assert "1 book updates before the first snapshot (AAA 1)" in tape.notes[0]


def test_a_record_that_says_the_book_may_be_bad_is_a_gap(tmp_path: Path) -> None:
    bad = (*ORDERS[:5], ("A", "B", 8.0, 1, 60, LAST | BAD), ("A", "B", 8.5, 1, 61, LAST), *ORDERS)
    tape = imported(tmp_path, mbo(bad))
    assert books_of(tape) == [*BOOKS[:2], *BOOKS]
    assert "1 gaps in the books" in tape.notes[0]


def test_an_unfinished_last_record_is_counted(tmp_path: Path) -> None:
    tape = imported(tmp_path, mbo(ORDERS)[:-6])
    assert books_of(tape) == BOOKS
    assert any("bytes of an unfinished last record" in note for note in tape.notes)


def test_ten_levels_of_databento_are_the_book_that_its_orders_make(tmp_path: Path) -> None:
    def pair(bids: list[tuple[float, float]], asks: list[tuple[float, float]], n: int) -> Any:
        bid = bids[n] if n < len(bids) else None
        ask = asks[n] if n < len(asks) else None
        return dbn.BidAskPair(
            bid_px=int(bid[0] * PRICE) if bid else dbn.UNDEF_PRICE,
            ask_px=int(ask[0] * PRICE) if ask else dbn.UNDEF_PRICE,
            bid_sz=int(bid[1]) if bid else 0,
            ask_sz=int(ask[1]) if ask else 0,
        )

    records = [
        dbn.MBP10Msg(
            publisher_id=1,
            instrument_id=7,
            ts_event=1_700_000_000_000_000_000 + n,
            price=int(9.5 * PRICE),
            size=1,
            action=dbn.Action.ADD,
            side=dbn.Side.BID,
            depth=0,
            ts_recv=1_700_000_000_000_001_000 + n,
            flags=LAST,
            levels=[pair(*book, level) for level in range(10)],
        )
        for n, book in enumerate(BOOKS)
    ]
    tape = imported(tmp_path, dbn_metadata(dbn.Schema.MBP_10) + b"".join(bytes(each) for each in records))
    assert books_of(tape) == BOOKS


LOBSTER = (
    b"34200.1,1,11,2,95000,1\n34200.2,1,12,1,100000,-1\n34200.3,1,13,3,105000,-1\n34200.4,1,14,2,97500,1\n"
    b"34200.45,2,14,1,97500,1\n34200.5,4,12,1,100000,-1\n34200.6,5,0,1,98000,1\n34200.7,3,99,1,94000,1\n"
)
LOBSTER_BOOK = (
    b"9999999999,0,95000,2,9999999999,0,-9999999999,0\n100000,1,95000,2,9999999999,0,-9999999999,0\n"
    b"100000,1,95000,2,105000,3,-9999999999,0\n100000,1,97500,2,105000,3,95000,2\n100000,1,97500,1,105000,3,95000,2\n"
    b"105000,3,97500,1,9999999999,0,95000,2\n105000,3,97500,1,9999999999,0,95000,2\n105000,3,97500,1,9999999999,0,95000,2\n"
)
MESSAGE, BOOK = "AAPL_2012-06-21_34200000_57600000_message_2.csv", "AAPL_2012-06-21_34200000_57600000_orderbook_2.csv"


def test_lobsters_orders_make_the_orderbook_files_rows(tmp_path: Path) -> None:
    alone = imported(tmp_path, LOBSTER, MESSAGE)
    (tmp_path / BOOK).write_bytes(LOBSTER_BOOK)
    beside = imported(tmp_path, LOBSTER, MESSAGE)
    folder = open_tape(capture=str(tmp_path), seed=0, messages=0, cache=None)
    assert books_of(alone) == books_of(beside) == books_of(folder)
    rows = [
        (
            [(int(n[at]) / 1e4, float(n[at + 1])) for at in (2, 6) if int(n[at + 1])],
            [(int(n[at]) / 1e4, float(n[at + 1])) for at in (0, 4) if int(n[at + 1])],
        )
        for n in (row.split(b",") for row in LOBSTER_BOOK.splitlines())
    ]
    assert books_of(beside) == rows[:6]  # the last two rows change nothing
    assert "their books begin empty" in alone.notes[0]
    assert "1 events on orders older than the file" in alone.notes[1]
    assert beside.notes == ()
    trades = [m for frame in beside.frames for m in json.loads(frame) if m["T"] == "t"]
    assert [(m["S"], m["p"], m["s"], m["tks"]) for m in trades] == [("AAPL", 10, 1, "B"), ("AAPL", 9.8, 1, "S")]
    assert trades[0]["t"] == "2012-06-21T09:30:00.5Z"


def test_an_order_book_bears_what_it_does_not_hold() -> None:
    book = OrderBook()
    assert book.take(1) == []
    assert book.modify(2, "B", 10, 5) == [("B", (10, 5))]
    assert book.add(2, "B", 11, 4) == [("B", (10, 0)), ("B", (11, 4))]
    assert book.take(2, 99) == [("B", (11, 0))]
    assert (book.unknown, book.orders, book.sides["B"].sizes) == (2, {}, {})


def test_hftbacktests_array_is_the_tape_of_the_raw_file_that_it_was_made_of(
    tmp_path: Path, samples: dict[str, bytes]
) -> None:
    raw = imported(tmp_path, samples["Binance depth, futures"])
    local, buy, sell = 1 << 30, 1 << 29, 1 << 28
    rows = []
    for frame, time_ns in zip(raw.frames, raw.times_ns, strict=True):
        for message in json.loads(frame):
            kind = 4 if message.get("r") else 1
            if kind == 4:
                rows.append((local | 3, 5, 10**18 + time_ns, 0.0, 0.0, 0, 0, 0.0))
            for side, flag in (("b", buy), ("a", sell)):
                at = 5, 10**18 + time_ns
                rows += [(local | flag | kind, *at, level["p"], level["s"], 0, 0, 0.0) for level in message[side]]
            rows.append(((1 << 31) | kind, 5, 10**18 + time_ns, 1.0, 1.0, 0, 0, 0.0))  # the exchange's, not received
    names = ["ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval"]
    kinds = ["u8", "i8", "i8", "f8", "f8", "u8", "i8", "f8"]
    packed = io.BytesIO()
    np.savez_compressed(packed, data=np.array(rows, dtype=list(zip(names, kinds, strict=True))))
    tape = imported(tmp_path, packed.getvalue(), "aaausdt_20231114.npz")
    assert books_of(tape) == books_of(raw)
    assert list(tape.times_ns) == list(raw.times_ns)
    assert {m["S"] for frame in tape.frames for m in json.loads(frame)} == {"AAAUSDT"}


@pytest.mark.parametrize("beside", [True, False])
def test_lobsters_rows_in_another_order_are_counted(tmp_path: Path, *, beside: bool) -> None:
    rows = LOBSTER.splitlines(keepends=True)
    rows[1], rows[3] = rows[3], rows[1]
    if beside:
        (tmp_path / BOOK).write_bytes(LOBSTER_BOOK)
    tape = imported(tmp_path, b"".join(rows), MESSAGE)
    assert any(note.startswith("doubtful: 2 messages are earlier") for note in tape.notes), tape.notes
    assert any("rows of the orderbook file" in note for note in tape.notes) is beside
