from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from suites.tapes import open_tape
from suites.tapes.captures import events
from suites.tapes.captures.events import BookEvent, TradeEvent
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suites.tapes import Tape

    Messages = list[dict[str, object]]
    Write = Callable[[Messages], bytes]


def opened(folder: Path, content: bytes, messages: int = 0) -> Tape:
    path = folder / "some.capture"
    path.write_bytes(content)
    return open_tape(capture=str(path), seed=1, messages=messages, cache=None)


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
    assert truths == [(None, (5, 1)), (123, (5, 8)), (456, (5, 1))]


def test_binance_is_stitched_at_the_snapshot(tmp_path: Path, binance_bytes: bytes) -> None:
    snapshot, joined, diff, quote, trade = messages_of(opened(tmp_path, binance_bytes))
    assert snapshot["r"] is True
    assert joined["b"] == [{"p": 9.9, "s": 2}]
    assert diff["a"] == [{"p": 10, "s": 1.5}]
    assert (quote["bp"], quote["bs"], quote["ap"], quote["as"]) == (9.9, 2, 10, 1.5)
    assert (trade["i"], trade["tks"], trade["t"]) == (77, "B", "2023-11-14T22:13:20.3Z")
    ids = [e.update_id for e in events(tmp_path / "some.capture") if not isinstance(e, TradeEvent)]
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


def test_a_clock_that_went_back_is_held_still(tmp_path: Path, kraken_bytes: bytes) -> None:
    tape = opened(tmp_path, kraken_bytes.replace(b"1700000000.25:", b"1699999999.25:"))
    assert list(tape.times_ns) == [0, 0, 250_000_000]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (bytes(range(256)) * 40, "no capture of a known format"),
        (b"time,price\n1,2\n", "no capture of a known format: expected one of .*; line 1 begins b'time,price'"),
        (gzip.compress(b"hello"), "no capture of a known format"),
        (b"wss://a.example <-> 1.0\n", "no capture of a known format"),
        (b'1700000000.1: {"event":"heartbeat"}\n', "no snapshot"),
        (b'1700000000.1: {"type":"heartbeat"}\n', "no snapshot"),
    ],
)
def test_what_is_no_capture_is_one_clear_error(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(TailgateError, match=says) as caught:
        opened(tmp_path, content)
    assert "scripts/download_captures.py" in caught.value.hint


def test_a_file_that_is_not_there_and_a_folder_are_one_clear_error(tmp_path: Path) -> None:
    for path, says in ((tmp_path / "none.raw", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(TailgateError, match=says):
            open_tape(capture=str(path), seed=1, messages=0, cache=None)


def test_a_capture_cut_in_a_line_says_so(tmp_path: Path, coinbase_bytes: bytes) -> None:
    with pytest.raises(TailgateError, match=r"line 7, byte \d+: expected JSON .* may have been cut short"):
        opened(tmp_path, coinbase_bytes[:-20])


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_gzip_that_was_cut_short_says_so(tmp_path: Path, coinbase_bytes: bytes, kept: float) -> None:
    packed = gzip.compress(coinbase_bytes)
    with pytest.raises(TailgateError, match="gzip stream is broken or was cut short"):
        opened(tmp_path, packed[: int(len(packed) * kept)])


def test_a_gzip_with_a_damaged_byte_says_so(tmp_path: Path, coinbase_bytes: bytes) -> None:
    packed = bytearray(gzip.compress(coinbase_bytes))
    packed[-6] ^= 0xFF
    with pytest.raises(TailgateError, match="gzip stream is broken"):
        opened(tmp_path, bytes(packed))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'"snapshot"', b'"heartbeat"', r"line 4, byte \d+: expected a snapshot of AAA/USD before its first update"),
        (b'"buy"', b'"bid"', "line 4, .* expected a Coinbase message; KeyError"),
        (b'"10.20", "3.0"', b'"-1", "3.0"', "'-1' is no plain decimal"),
        (b'"10.20", "3.0"', b'"10.20", NaN', "line 4"),
        (b'"10.20", "3.0"', b'"0.00", "3.0"', "a price of 0"),
        (b'"AAA-USD"', b'"A\\"A"', "is no symbol"),
        (b"2023-11-14T22:13:20.123456Z", b"yesterday", "is no time in UTC"),
        (b"1700000000.25:", b"half past ten:", "line 4, .*expected `<receive time in seconds>: <JSON>`"),
        (b'{"type": "l2update"', b'{"type", "l2update"', "line 4, .* expected JSON after the time"),
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
        (b'"as"', b'"a"', None),  # a one-sided snapshot is still one
        (b'"bs"', b'"b"', None),
        (b'"123"', b'"what"', "line 4, .* expected a Kraken book message; ValueError"),
        (b'"0.00450"', b'"4.5e-3"', "is no plain decimal"),
        (b'"book-2"', b'"book-x"', "line 3, .* expected a Kraken book message"),
        (b'"0.00450", "1.50000000", "1700000001.000001"', b'"0.00450"', "line 4, .* IndexError"),
    ],
)
def test_a_wrong_line_of_kraken_is_named(
    tmp_path: Path, kraken_bytes: bytes, old: bytes, new: bytes, says: str | None
) -> None:
    assert old in kraken_bytes
    if says is None:
        assert len(opened(tmp_path, kraken_bytes.replace(old, new)).frames) == 3
        return
    with pytest.raises(TailgateError, match=says):
        opened(tmp_path, kraken_bytes.replace(old, new))


def test_kraken_without_its_snapshot_says_which_is_missing(tmp_path: Path, kraken_bytes: bytes) -> None:
    lines = kraken_bytes.splitlines(keepends=True)
    with pytest.raises(TailgateError, match="expected a snapshot of AAA/XBT before its first update"):
        opened(tmp_path, b"".join(lines[:2] + lines[3:]))


def test_binance_without_its_snapshot_says_so(tmp_path: Path, binance_messages: Messages, binance: Write) -> None:
    with pytest.raises(TailgateError, match=r"line 1, .*expected a REST snapshot of AAAUSDT"):
        opened(tmp_path, binance([m for m in binance_messages if "lastUpdateId" not in m]))


@pytest.mark.parametrize(("gone", "says"), [(1, "begins with update 101"), (3, None)])
def test_binance_sees_a_gap(
    tmp_path: Path, binance_messages: Messages, binance: Write, gone: int, says: str | None
) -> None:
    left = [m for n, m in enumerate(binance_messages) if n != gone]
    if says is None:  # the last diff of all may be missing: nothing shows it
        assert len(opened(tmp_path, binance(left)).frames) == 4
        return
    with pytest.raises(TailgateError, match=says):
        opened(tmp_path, binance(left))


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


def test_binance_cannot_tell_whose_snapshot_comes_first(
    tmp_path: Path, binance_messages: Messages, binance: Write
) -> None:
    with pytest.raises(TailgateError, match="messages of one symbol before a snapshot"):
        opened(tmp_path, binance(binance_messages[2:]))
