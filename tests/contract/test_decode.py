"""Every decoder keeps each sentence of its contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from implementations.decode.contract import NOTICE_TAGS, BadFrameError
from implementations.messages import BOOK, NOTICE, QUOTE, TRADE, astuple
from implementations.registry import catalogue, load

if TYPE_CHECKING:
    from pathlib import Path

    from implementations.decode.contract import Decoder

NAMES = ["reference", *(entry.name for entry in catalogue("decode"))]


@pytest.fixture(params=NAMES)
def decoder(request: pytest.FixtureRequest) -> Any:
    unavailable = {entry.name: entry.unavailable for entry in catalogue("decode")}
    if reason := unavailable.get(request.param):
        pytest.skip(f"{request.param}: {reason}")
    return load("decode", request.param).factory()


def plain(decoder: Decoder, frame: bytes) -> list[tuple[object, ...]]:
    return [astuple(message) for message in decoder.decode(frame)]


TRADE_FRAME = (
    b'[{"T":"t","S":"AAPL","i":628,"x":"K","p":162.92,"s":3,"c":["@","F"],"z":"C","t":"2023-04-06T11:54:26.8Z"}]'
)
QUOTE_FRAME = (
    b'[{"T":"q","S":"AMD","bx":"K","bp":91.95,"bs":2,"ax":"Q","ap":91.98,"as":1,"c":["R"],"z":"C","t":"2023"}]'
)
BOOK_FRAME = (
    b'[{"T":"o","S":"BTC/USD","t":"2024","b":[{"p":60000.5,"s":0}],"a":[{"p":60001,"s":1.25},{"p":60002.0,"s":2}]}]'
)


def test_a_trade(decoder: Decoder) -> None:
    assert plain(decoder, TRADE_FRAME) == [(TRADE, "AAPL", 162.92, 3.0, "2023-04-06T11:54:26.8Z", 628)]


def test_a_quote(decoder: Decoder) -> None:
    assert plain(decoder, QUOTE_FRAME) == [(QUOTE, "AMD", 91.95, 2.0, 91.98, 1.0, "2023")]


def test_a_quote_may_lack_a_side(decoder: Decoder) -> None:
    frame = b'[{"T":"q","S":"AMD","bp":0,"bs":0,"ap":91.98,"as":1,"t":"2023"}]'
    assert plain(decoder, frame) == [(QUOTE, "AMD", 0.0, 0.0, 91.98, 1.0, "2023")]


def test_a_change_of_a_book(decoder: Decoder) -> None:
    bids, asks = ((60000.5, 0.0),), ((60001.0, 1.25), (60002.0, 2.0))
    assert plain(decoder, BOOK_FRAME) == [(BOOK, "BTC/USD", "2024", bids, asks, False)]


def test_a_snapshot_of_a_book(decoder: Decoder) -> None:
    frame = b'[{"T":"o","S":"BTC/USD","t":"2024","b":[],"a":[],"r":true}]'
    assert plain(decoder, frame) == [(BOOK, "BTC/USD", "2024", (), (), True)]


@pytest.mark.parametrize("tag", sorted(NOTICE_TAGS))
def test_every_other_documented_tag_is_a_notice(decoder: Decoder, tag: str) -> None:
    assert plain(decoder, f'[{{"T":"{tag}","S":1,"p":"x"}}]'.encode()) == [(NOTICE, tag)]


def test_prices_and_sizes_are_floats_and_identifiers_are_integers(decoder: Decoder) -> None:
    trade: Any
    (trade,) = decoder.decode(b'[{"T":"t","S":"A","i":9223372036854775807,"p":1,"s":0,"t":"2024"}]')
    assert (type(trade.price), type(trade.size), type(trade.identifier)) == (float, float, int)
    assert trade.identifier == 2**63 - 1
    book: Any
    (book,) = decoder.decode(b'[{"T":"o","S":"A","t":"2024","b":[{"p":1,"s":0}],"a":[]}]')
    assert (type(book.bids[0].price), type(book.bids[0].size)) == (float, float)


def test_messages_keep_the_order_of_the_frame(decoder: Decoder) -> None:
    frame = b"[" + b",".join(part[1:-1] for part in (QUOTE_FRAME, BOOK_FRAME, TRADE_FRAME, QUOTE_FRAME)) + b"]"
    assert [message.kind for message in decoder.decode(frame)] == [QUOTE, BOOK, TRADE, QUOTE]


@pytest.mark.parametrize("frame", [b"[]", b" [ ] ", b"\r\n\t[]\n"])
def test_an_empty_array_is_no_message(decoder: Decoder, frame: bytes) -> None:
    assert plain(decoder, frame) == []


def test_of_a_field_sent_twice_the_last_counts(decoder: Decoder) -> None:
    frame = b'[{"T":"t","T":"q","S":"A","S":"B","bp":"x","bp":1,"bs":1,"ap":2,"as":-1,"as":1,"t":"2024"}]'
    assert plain(decoder, frame) == [(QUOTE, "B", 1.0, 1.0, 2.0, 1.0, "2024")]


@pytest.mark.parametrize("ignored", ["1e999", "1" * 5000, r'"\ud800"', "null", '{"T":"q"}', '[[["]"]]]', '"é"'])
def test_a_field_that_is_not_named_may_hold_any_json(decoder: Decoder, ignored: str) -> None:
    frame = TRADE_FRAME.replace(b'"C"', ignored.encode())
    assert plain(decoder, frame) == [(TRADE, "AAPL", 162.92, 3.0, "2023-04-06T11:54:26.8Z", 628)]


@pytest.mark.parametrize("letter", ["é".encode(), rb"\u00e9"], ids=["plain", "escaped"])
def test_a_symbol_is_measured_in_bytes(decoder: Decoder, letter: bytes) -> None:
    assert plain(decoder, QUOTE_FRAME.replace(b"AMD", letter * 16))[0][1] == "é" * 16
    with pytest.raises(BadFrameError, match="34 bytes"):
        decoder.decode(QUOTE_FRAME.replace(b"AMD", letter * 17))


def swapped(frame: bytes, before: bytes, after: bytes) -> bytes:
    assert before in frame
    return frame.replace(before, after)


REFUSED = {
    "nothing": b"",
    "not JSON": b"hello",
    "cut off": TRADE_FRAME[:-1],
    "continued": TRADE_FRAME + b"x",
    "not UTF-8": swapped(TRADE_FRAME, b'"C"', b'"\xff"'),
    "a byte order mark": b"\xef\xbb\xbf[]",
    "an object": TRADE_FRAME[1:-1],
    "null": b"null",
    "an array in the array": b"[[]]",
    "a number in the array": b"[1]",
    "a string in the array": b'["T"]',
    "null in the array": b"[null]",
    "no tag": swapped(TRADE_FRAME, b'"T":"t",', b""),
    "an unknown tag": swapped(TRADE_FRAME, b'"T":"t"', b'"T":"tt"'),
    "a tag that is a number": swapped(TRADE_FRAME, b'"T":"t"', b'"T":1'),
    "a tag that is an array": swapped(TRADE_FRAME, b'"T":"t"', b'"T":["t"]'),
    "a tag that is null": swapped(TRADE_FRAME, b'"T":"t"', b'"T":null'),
    "no symbol": swapped(TRADE_FRAME, b'"S":"AAPL",', b""),
    "an empty symbol": swapped(TRADE_FRAME, b'"AAPL"', b'""'),
    "a long symbol": swapped(TRADE_FRAME, b"AAPL", b"A" * 33),
    "a symbol that is a number": swapped(TRADE_FRAME, b'"AAPL"', b"1"),
    "half of a surrogate pair": swapped(TRADE_FRAME, b"AAPL", rb"\ud800"),
    "an empty time": swapped(QUOTE_FRAME, b'"2023"', b'""'),
    "a long time": swapped(QUOTE_FRAME, b"2023", b"2" * 41),
    "no price": swapped(TRADE_FRAME, b'"p":162.92,', b""),
    "a price of 0": swapped(TRADE_FRAME, b"162.92", b"0"),
    "a negative price": swapped(TRADE_FRAME, b"162.92", b"-162.92"),
    "a price in a string": swapped(TRADE_FRAME, b"162.92", b'"162.92"'),
    "a price that is true": swapped(TRADE_FRAME, b"162.92", b"true"),
    "a price that is null": swapped(TRADE_FRAME, b"162.92", b"null"),
    "NaN": swapped(TRADE_FRAME, b"162.92", b"NaN"),
    "Infinity": swapped(TRADE_FRAME, b"162.92", b"Infinity"),
    "an ignored NaN": swapped(TRADE_FRAME, b'"C"', b"NaN"),
    "1e999": swapped(TRADE_FRAME, b"162.92", b"1e999"),
    "400 digits": swapped(TRADE_FRAME, b"162.92", b"1" * 400),
    "5,000 digits": swapped(TRADE_FRAME, b"162.92", b"1" * 5000),
    "a negative size": swapped(TRADE_FRAME, b'"s":3', b'"s":-3'),
    "an identifier with a fraction": swapped(TRADE_FRAME, b"628", b"628.0"),
    "an identifier with an exponent": swapped(TRADE_FRAME, b"628", b"628e0"),
    "an identifier below 0": swapped(TRADE_FRAME, b"628", b"-1"),
    "an identifier of 2**63": swapped(TRADE_FRAME, b"628", b"9223372036854775808"),
    "an identifier that is true": swapped(TRADE_FRAME, b"628", b"true"),
    "no bid price": swapped(QUOTE_FRAME, b'"bp":91.95,', b""),
    "a negative ask size": swapped(QUOTE_FRAME, b'"as":1', b'"as":-1'),
    "no bids": swapped(BOOK_FRAME, b'"b":[{"p":60000.5,"s":0}],', b""),
    "bids that are an object": swapped(BOOK_FRAME, b'[{"p":60000.5,"s":0}]', b'{"p":60000.5,"s":0}'),
    "a level that is a pair": swapped(BOOK_FRAME, b'{"p":60000.5,"s":0}', b"[60000.5,0]"),
    "a level without a price": swapped(BOOK_FRAME, b'"p":60000.5,', b""),
    "a level without a size": swapped(BOOK_FRAME, b'{"p":60000.5,"s":0}', b'{"p":60000.5}'),
    "a level of price 0": swapped(BOOK_FRAME, b"60000.5", b"0"),
    "a level of negative size": swapped(BOOK_FRAME, b"1.25", b"-1.25"),
    "a reset that is null": swapped(BOOK_FRAME, b'"t":"2024"', b'"t":"2024","r":null'),
    "a reset that is 1": swapped(BOOK_FRAME, b'"t":"2024"', b'"t":"2024","r":1'),
    "a good message before a bad one": TRADE_FRAME[:-1] + b',{"T":"q"}]',
}


@pytest.mark.parametrize("frame", REFUSED.values(), ids=REFUSED)
def test_a_frame_is_refused_whole_and_the_decoder_goes_on(decoder: Decoder, frame: bytes) -> None:
    with pytest.raises(BadFrameError) as refusal:
        decoder.decode(frame)
    assert str(refusal.value)
    assert len(decoder.decode(TRADE_FRAME)) == 1  # while the exception is still held


def test_the_refusal_says_which_message_and_which_field(decoder: Decoder) -> None:
    frame = TRADE_FRAME[:-1] + b"," + QUOTE_FRAME[1:].replace(b"91.98", b"-91.98")
    with pytest.raises(BadFrameError, match=r"message 1.*\bap\b"):
        decoder.decode(frame)
    with pytest.raises(BadFrameError, match=r"message 0.*\bas\b"):
        decoder.decode(QUOTE_FRAME.replace(b'"as":1,', b""))


def test_the_documented_messages_are_read(decoder: Decoder, captures: Path) -> None:
    lines = (captures / "alpaca_documented_messages.jsonl").read_text().splitlines()
    received = [entry["msg"] for entry in map(json.loads, lines) if entry["dir"] == "s2c"]
    frames = [json.dumps(message).encode() for message in received if isinstance(message, list)]
    assert frames
    for frame in frames:
        assert decoder.decode(frame)
