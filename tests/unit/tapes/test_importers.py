from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # from 3.14 on
except ImportError:
    from backports import zstd

from suites.tapes import open_tape
from suites.tapes.captures.events import BookEvent, QuoteEvent
from suites.tapes.captures.reading import events
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suites.tapes import Tape

    Messages = list[dict[str, object]]
    Write = Callable[[Messages], bytes]


def opened(folder: Path, content: bytes, messages: int = 0, **options: Any) -> Tape:
    path = folder / "some.capture"
    path.write_bytes(content)
    return open_tape(capture=str(path), seed=1, messages=messages, cache=None, **options)


def messages_of(tape: Tape) -> list[dict[str, Any]]:
    return [message for frame in tape.frames for message in json.loads(frame)]


def test_coinbase_becomes_books_trades_and_quotes(tmp_path: Path, coinbase_bytes: bytes) -> None:
    tape = opened(tmp_path, coinbase_bytes)
    snapshot, update, trade, quote, removal = messages_of(tape)
    assert snapshot == {
        "T": "o",
        "S": "AAA/USD",
        "t": "2023-11-14T22:13:20.125Z",
        "b": [{"p": 10.1, "s": 2.5}],
        "a": [{"p": 10.3, "s": 1}, {"p": 10.4, "s": 7}],
        "r": True,
    }
    assert (update["b"], update["a"], "r" in update) == ([{"p": 10.2, "s": 3}], [], False)
    assert (trade["T"], trade["p"], trade["s"], trade["i"], trade["tks"]) == ("t", 10.3, 0.5, 7, "B")
    assert (quote["T"], quote["bp"], quote["ap"], quote["bs"]) == ("q", 10.2, 10.3, 0)
    assert removal["a"] == [{"p": 10.3, "s": 0}]
    assert list(tape.times_ns) == [0, 125_000_000, 250_000_000, 375_000_000, 500_000_000]


def test_kraken_becomes_books_and_keeps_the_subscribed_depth(tmp_path: Path, kraken_bytes: bytes) -> None:
    tape = opened(tmp_path, kraken_bytes)
    snapshot, pushed, both = messages_of(tape)
    assert (snapshot["r"], len(snapshot["a"]), snapshot["t"]) == (True, 2, "2023-11-14T22:13:20.3Z")
    assert pushed["a"] == [{"p": 0.0045, "s": 1.5}, {"p": 0.006, "s": 0}]
    assert both["a"] == [{"p": 0.0045, "s": 0}]
    assert both["b"] == [{"p": 0.0041, "s": 1}, {"p": 0.0039, "s": 9}, {"p": 0.0039, "s": 0}]
    assert both["t"] == "2023-11-14T22:13:22.5Z"
    truths = [(e.checksum, e.digits) for e in events(tmp_path / "some.capture") if isinstance(e, BookEvent)]
    assert [digits for _, digits in truths] == [(5, 1), (5, 8), (5, 1)]
    assert [checksum is None for checksum, _ in truths] == [True, False, False]


def test_binance_is_stitched_at_the_snapshot(tmp_path: Path, binance_bytes: bytes) -> None:
    snapshot, joined, diff, quote, trade = messages_of(opened(tmp_path, binance_bytes))
    assert snapshot["r"] is True
    assert joined["b"] == [{"p": 9.9, "s": 2}]
    assert diff["a"] == [{"p": 10, "s": 1.5}]
    assert (quote["bp"], quote["bs"], quote["ap"], quote["as"]) == (9.9, 2, 10, 1.5)
    assert (trade["i"], trade["tks"], trade["t"]) == (77, "B", "2023-11-14T22:13:20.3Z")
    ids = [e.update_id for e in events(tmp_path / "some.capture") if isinstance(e, BookEvent | QuoteEvent)]
    assert ids == [100, 102, 104, 104]


def test_gzip_is_recognised_by_content(tmp_path: Path, kraken_bytes: bytes) -> None:
    plain = opened(tmp_path, kraken_bytes)
    assert opened(tmp_path, gzip.compress(kraken_bytes)).digest == plain.digest


def test_at_most_as_many_messages_as_asked(tmp_path: Path, coinbase_bytes: bytes) -> None:
    whole = opened(tmp_path, coinbase_bytes)
    assert opened(tmp_path, coinbase_bytes, messages=2).frames == whole.frames[:2]
    assert opened(tmp_path, coinbase_bytes, messages=99) == whole


def test_a_capture_is_kept_under_its_content(tmp_path: Path, coinbase_bytes: bytes) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(coinbase_bytes)
    cache = tmp_path / "cache"
    first = open_tape(capture=str(path), seed=1, messages=0, cache=cache)
    assert open_tape(capture=str(path), seed=2, messages=3, cache=cache).frames == first.frames[:3]
    assert len(list(cache.iterdir())) == 1
    path.write_bytes(coinbase_bytes.replace(b"10.20", b"10.25"))
    assert open_tape(capture=str(path), seed=1, messages=0, cache=cache).digest != first.digest
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("wrong", [b"15300000000.25:", b"1000000000.25:"])
def test_one_wrong_time_moves_no_other(tmp_path: Path, coinbase_bytes: bytes, wrong: bytes) -> None:
    tape = opened(tmp_path, coinbase_bytes.replace(b"1700000000.25:", wrong))
    assert list(tape.times_ns) == [0, 0, 250_000_000, 375_000_000, 500_000_000]
    assert tape.notes == ("1 leaps of the receive clock by more than a day, closed up",)


def test_a_capture_that_goes_on_days_later_does_so_without_the_pause(tmp_path: Path, coinbase_bytes: bytes) -> None:
    later = coinbase_bytes + coinbase_bytes.replace(b"17000000", b"17100000")
    times_ns = list(opened(tmp_path, later).times_ns)
    assert times_ns[:5] == [0, 125_000_000, 250_000_000, 375_000_000, 500_000_000]
    assert times_ns[5:] == [500_000_000, 500_000_000, 625_000_000, 750_000_000, 875_000_000]


def test_a_clock_that_went_back_is_held_still(tmp_path: Path, kraken_bytes: bytes) -> None:
    tape = opened(tmp_path, kraken_bytes.replace(b"1700000000.25:", b"1699999999.25:"))
    assert list(tape.times_ns) == [0, 0, 250_000_000]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (bytes(range(256)) * 40, "no capture of a known format"),
        (b"time,price\n1,2\n", "no capture of a known format: line 1 begins b'time,price'; expected one of "),
        (gzip.compress(b"hello", mtime=0), "no capture of a known format"),
        (b"wss://a.example <-> 1.0\n", "holds a channel of a.example that is not known here"),
        (b'1700000000.1: {"event":"heartbeat"}\n', "no capture of a known format"),
        (b'1700000000.1: {"type":"heartbeat"}\n', "no capture of a known format"),
        (b'1700000000.1: {"table":"orderBookL2","action":"partial","data":[]}\n', "holds BitMEX's tables"),
        (b'1700000000.1: {"arg":{"instType":"mc","channel":"books","instId":"A"},"data":[]}\n', "holds Bitget's books"),
    ],
)
def test_what_is_no_capture_is_one_clear_error(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(TailgateError, match=says) as caught:
        opened(tmp_path, content)
    assert "damaged" not in str(caught.value)
    assert "scripts/download_captures.py" in caught.value.hint or "docs/tapes.md" in caught.value.hint


def test_a_file_that_is_not_there_and_a_folder_are_one_clear_error(tmp_path: Path) -> None:
    for path, says in ((tmp_path / "none.raw", "does not exist"), (tmp_path, "holds no file")):
        with pytest.raises(TailgateError, match=says):
            open_tape(capture=str(path), seed=1, messages=0, cache=None)


def test_an_unfinished_last_line_is_counted_and_what_is_before_it_taken(tmp_path: Path, coinbase_bytes: bytes) -> None:
    whole, cut = opened(tmp_path, coinbase_bytes), opened(tmp_path, coinbase_bytes[:-20])
    assert cut.frames == whole.frames[:-1]
    last = coinbase_bytes[:-20].splitlines()[-1]
    assert cut.notes == (
        f"left out of the capture: {len(last)} bytes of an unfinished last line (some.capture {len(last)})",
    )


def test_a_last_line_without_a_line_feed_that_is_whole_is_taken(tmp_path: Path, coinbase_bytes: bytes) -> None:
    assert opened(tmp_path, coinbase_bytes.rstrip()) == opened(tmp_path, coinbase_bytes)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_of_an_unfinished_member_what_there_is_is_taken_and_the_rest_told(
    tmp_path: Path, binance_messages: Messages, binance: Write, pack: Callable[[bytes], bytes]
) -> None:
    rng = random.Random(5)
    quotes: Messages = [
        {
            "stream": "aaausdt@bookTicker",
            "data": {"u": n, "s": "AAAUSDT", "b": f"{rng.random():.9f}", "B": "1", "a": "2", "A": "3"},
        }
        for n in range(40_000)
    ]
    content = binance([*binance_messages, *quotes])
    whole, packed = opened(tmp_path, content), pack(content)
    cut = opened(tmp_path, packed[: len(packed) * 9 // 10])
    assert 30_000 < len(cut.frames) < len(whole.frames)
    assert cut.frames == whole.frames[: len(cut.frames)]
    assert "member is unfinished (some.capture 1)" in cut.notes[0]
    assert opened(tmp_path, packed + packed[:40]).frames[: len(whole.frames)] == whole.frames


def test_a_second_member_goes_on_where_the_first_ended(tmp_path: Path, coinbase_bytes: bytes) -> None:
    half = coinbase_bytes.index(b"\n", 500) + 7
    for pack in (gzip.compress, zstd.compress):
        packed = pack(coinbase_bytes[:half]) + pack(coinbase_bytes[half:])
        assert opened(tmp_path, packed) == opened(tmp_path, coinbase_bytes)


def test_a_byte_order_mark_and_the_line_ends_of_another_system_change_nothing(
    tmp_path: Path, coinbase_bytes: bytes
) -> None:
    changed = b"\xef\xbb\xbf" + coinbase_bytes.replace(b"\n", b"\r\n\r\n")
    assert opened(tmp_path, changed) == opened(tmp_path, coinbase_bytes)


def test_sizes_with_an_exponent_are_written_out(tmp_path: Path, coinbase_bytes: bytes) -> None:
    tape = opened(tmp_path, coinbase_bytes.replace(b'"3.0"', b'"1E-8"'))
    assert b'{"p":10.2,"s":0.00000001}' in tape.frames[1]


def test_a_gzip_with_a_damaged_byte_says_so(tmp_path: Path, coinbase_bytes: bytes) -> None:
    packed = bytearray(gzip.compress(coinbase_bytes))
    packed[-6] ^= 0xFF
    with pytest.raises(TailgateError, match="gzip stream is broken"):
        opened(tmp_path, bytes(packed))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"snapshot"', b'"heartbeat"', "no snapshot of a book was found to its end"),
        (b'"buy"', b'"bid"', "line 4, .* expected a message of Coinbase level2; KeyError"),
        (b'"10.20", "3.0"', b'"-1", "3.0"', "'-1' is no decimal"),
        (b'"10.20", "3.0"', b'"10.20", NaN', "line 4"),
        (b'"10.20", "3.0"', b'"0.00", "3.0"', "a price of 0"),
        (b'"AAA-USD"', b'"A\\"A"', "is no symbol"),
        (b"2023-11-14T22:13:20.123456Z", b"yesterday", "is no time in UTC"),
        (b"1700000000.25:", b"half past ten:", "line 4, .*expected `<receive time>: <JSON>`"),
        (b'{"type": "l2update"', b'{"type", "l2update"', "line 4, .* expected JSON in UTF-8 behind the time"),
    ],
)
def test_a_wrong_line_of_coinbase_is_named(
    tmp_path: Path, coinbase_bytes: bytes, old: bytes, new: bytes, says: str
) -> None:
    assert old in coinbase_bytes
    with pytest.raises(TailgateError, match=says):
        opened(tmp_path, coinbase_bytes.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"c": "', b'"c": "x', "line 4, .* expected a message of Kraken v1 book; ValueError"),
        (b'"0.00450"', b'"-4.5e-3"', "is no decimal"),
        (b'"book-2"', b'"book-x"', "line 3, .* expected a message of Kraken v1 book"),
        (b'"0.00450", "1.50000000", "1700000001.000001"', b'"0.00450"', "line 4, .* IndexError"),
    ],
)
def test_a_wrong_line_of_kraken_is_named(
    tmp_path: Path, kraken_bytes: bytes, old: bytes, new: bytes, says: str
) -> None:
    assert old in kraken_bytes
    with pytest.raises(TailgateError, match=says):
        opened(tmp_path, kraken_bytes.replace(old, new))


def test_kraken_without_its_snapshot_says_which_is_missing(tmp_path: Path, kraken_bytes: bytes) -> None:
    lines = kraken_bytes.splitlines(keepends=True)
    with pytest.raises(TailgateError, match=r"2 book updates before the first snapshot \(AAA/XBT 2\)"):
        opened(tmp_path, b"".join(lines[:2] + lines[3:]))


def test_a_wrong_checksum_of_kraken_is_a_gap_until_the_next_snapshot(tmp_path: Path, kraken_bytes: bytes) -> None:
    lines = kraken_bytes.splitlines(keepends=True)
    lost = kraken_bytes.replace(b'"1.50000000"', b'"1.60000000"') + lines[2] + b"".join(lines[3:4])
    tape = opened(tmp_path, lost)
    assert [message.get("r", False) for message in messages_of(tape)] == [True, True, False]
    assert tape.notes == (
        "1 gaps in the books, each healed by the next snapshot there was (AAA/XBT 1)",
        "left out of the capture: 1 book updates between a gap and the next snapshot (AAA/XBT 1)",
    )
    with pytest.raises(
        TailgateError, match=r"line 4, byte \d+: a gap in the book of AAA/XBT: expected a book with the"
    ):
        opened(tmp_path, lost, on_gap="stop")


def test_binance_without_its_snapshot_says_so(tmp_path: Path, binance_messages: Messages, binance: Write) -> None:
    with pytest.raises(TailgateError, match=r"no snapshot of a book .* 3 book updates before the first snapshot"):
        opened(tmp_path, binance([m for m in binance_messages if "lastUpdateId" not in m]))


@pytest.mark.parametrize(("gone", "says"), [(1, "a diff behind update 100, this one begins with 103"), (3, None)])
def test_binance_sees_a_gap(
    tmp_path: Path, binance_messages: Messages, binance: Write, gone: int, says: str | None
) -> None:
    left = [m for n, m in enumerate(binance_messages) if n != gone]
    if says is None:  # the last diff of all may be missing: nothing shows it
        assert len(opened(tmp_path, binance(left)).frames) == 4
        return
    with pytest.raises(TailgateError, match=says):
        opened(tmp_path, binance(left), on_gap="stop")


def test_binance_leaves_out_a_snapshot_that_is_behind(
    tmp_path: Path, binance_messages: Messages, binance: Write
) -> None:
    late = [*binance_messages, {"lastUpdateId": 103, "bids": [["1.0", "1.0"]], "asks": []}]
    assert opened(tmp_path, binance(late)).frames == opened(tmp_path, binance(binance_messages)).frames


def test_binance_begins_again_at_a_snapshot_that_is_ahead(
    tmp_path: Path, binance_messages: Messages, binance: Write
) -> None:
    ahead = [*binance_messages, {"lastUpdateId": 200, "bids": [["1.0", "1.0"]], "asks": []}]
    assert messages_of(opened(tmp_path, binance(ahead)))[-1]["r"] is True


def test_binance_takes_a_nameless_snapshot_for_the_one_symbol_there_is(
    tmp_path: Path, binance_messages: Messages, binance: Write
) -> None:
    first = messages_of(opened(tmp_path, binance([binance_messages[2], *binance_messages[:2], *binance_messages[3:]])))
    assert [(each["S"], each.get("r")) for each in first[:2]] == [("AAAUSDT", True), ("AAAUSDT", None)]
    other = json.loads(json.dumps(binance_messages[0]).replace("AAAUSDT", "BBB"))
    with pytest.raises(TailgateError, match="messages of one symbol beside a snapshot"):
        opened(tmp_path, binance([*binance_messages, other, binance_messages[2]]))
