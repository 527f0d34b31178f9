"""Every codec keeps each sentence of its contract."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # it ships neither annotations nor stubs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from implementations.codec.contract import MAX_LEVELS, BadPayloadError
from implementations.messages import Ack, Book, Level, Message, Notice, Order, Quote, Trade, astuple
from implementations.registry import UnavailableError, catalogue, load

if TYPE_CHECKING:
    from pathlib import Path

    from implementations.codec.contract import Codec

NAMES = ["reference", *(entry.name for entry in catalogue("codec"))]
SETTINGS = settings(max_examples=150, deadline=None)  # time is not what is tested


def make(name: str) -> Any:
    try:
        return load("codec", name).factory()
    except UnavailableError as error:
        pytest.skip(f"{name}: {error}")


@pytest.fixture(params=NAMES)
def codec(request: pytest.FixtureRequest) -> Any:
    return make(request.param)


def exact(message: Message) -> str:
    """Return the plain value as text, which tells -0.0 from 0.0 and 1 from 1.0."""
    return repr(astuple(message))


texts = st.text(st.characters(codec="utf-8"), max_size=63) | st.sampled_from(["", "BTC/USD", "x" * 255, "é" * 127])
finite = st.floats(allow_nan=False, allow_infinity=False)
level_lists = st.lists(st.builds(Level, finite, finite), max_size=5)
trades = st.builds(Trade, texts, finite, finite, texts, st.integers(0, 2**63 - 1))
quotes = st.builds(Quote, texts, finite, finite, finite, finite, texts)
books = st.builds(Book, texts, texts, level_lists, level_lists, st.booleans())
orders = st.builds(Order, texts, texts, st.sampled_from(["buy", "sell"]), finite, finite, texts)
statuses = st.sampled_from(["accepted", "partially_filled", "filled", "canceled", "rejected"])
acks = st.builds(Ack, texts, texts, statuses, finite, finite, texts)
messages = trades | quotes | books | orders | acks

ONE_OF_EACH = [
    Trade("AAPL", 162.92, 3.0, "2023-04-06T11:54:26.838232225Z", 628),
    Quote("AMD", 91.95, 2.0, 91.98, 1.0, "2023-04-06T11:54:21.670905508Z"),
    Book("BTC/USD", "2024", [Level(60000.5, 0.0)], [Level(60001.0, 1.25), Level(60002.0, 2.0)], reset=True),
    Book("BTC/USD", "2024", [], []),
    Order("o1", "BTC/USD", "sell", 1.0, 60000.5),
    Ack("o1", "BTC/USD", "partially_filled", 0.5, 60000.5, "2024"),
]
one_of_each = pytest.mark.parametrize("message", ONE_OF_EACH, ids=lambda message: type(message).__name__)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_encoded_is_decoded_bit_for_bit(name: str) -> None:
    codec = make(name)

    @given(messages)
    @SETTINGS
    def check(message: Message) -> None:
        payload = codec.encode(message)
        assert type(payload) is bytes
        assert exact(codec.decode(payload)) == exact(message)
        assert codec.encode(codec.decode(payload)) == payload

    check()


def test_floats_at_the_edges_are_kept(codec: Codec) -> None:
    for value in (-0.0, 5e-324, 2.2250738585072011e-308, 1.7976931348623157e308, 0.1, 1e16, 2**53 + 2.0, 1 / 3):
        order = Order("o1", "A", "buy", value, -value)
        assert exact(codec.decode(codec.encode(order))) == exact(order)


@one_of_each
def test_every_decoders_messages_are_carried(codec: Codec, message: Any) -> None:
    frames = {
        1: b'[{"T":"t","S":"A","i":1,"p":1.5,"s":2,"t":"2024"}]',
        2: b'[{"T":"q","S":"A","bp":1,"bs":2,"ap":3.5,"as":4,"t":"2024"}]',
        3: b'[{"T":"o","S":"A","t":"2024","b":[{"p":1.5,"s":2}],"a":[{"p":2,"s":0}]}]',
    }
    if message.kind not in frames:
        return
    for entry in catalogue("decode"):
        if entry.implementation is not None:
            decoder: Any = entry.implementation.factory()
            (decoded,) = decoder.decode(frames[message.kind])
            assert exact(codec.decode(codec.encode(decoded))) == exact(decoded)


@one_of_each
def test_a_truncated_payload_is_refused(codec: Codec, message: Message) -> None:
    payload = codec.encode(message)
    for length in range(len(payload)):
        with pytest.raises(BadPayloadError):
            codec.decode(payload[:length])


@one_of_each
def test_an_extended_payload_is_refused(codec: Codec, message: Message) -> None:
    payload = codec.encode(message)
    for extension in (b" ", b"\n", b"\0", b"\xc0", b"]", b"x" * 16, payload):
        with pytest.raises(BadPayloadError, match=r"\w"):
            codec.decode(payload + extension)


@pytest.mark.parametrize("name", NAMES)
def test_foreign_bytes_are_refused_or_are_a_payload(name: str) -> None:
    codec = make(name)
    payloads = [codec.encode(message) for message in ONE_OF_EACH]

    @given(st.sampled_from(payloads), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4))
    @SETTINGS
    def change(payload: bytes, changes: list[tuple[int, int]]) -> None:
        changed = bytearray(payload)
        for at, value in changes:
            changed[at % len(changed)] = value
        with contextlib.suppress(BadPayloadError):
            message = codec.decode(bytes(changed))
            assert exact(codec.decode(codec.encode(message))) == exact(message)

    change()


FOREIGN = [
    *[b"", b"{}", b"null", b"[]", b"[4]", b"[0,1]", b"[9,1]", b"[true]", b"\x90", b"\xc0", b"\x00", b"\x09", b"\xff"],
    *[b'[4,"o1","A","buy",1.0,NaN,"ioc"]', b'[4,"o1","A","buy",1.0,1e999,"ioc"]', b'[4,"o1","A","hold",1.0,1.0,"ioc"]'],
    *[b'[4,"o1","A","buy",1,1.0,"ioc"]', b'[4,"o1","A","buy","1.0",1.0,"ioc"]', b'[4,"o1","A","buy",1.0,1.0]'],
    *[b'[4,"o1","A","buy",1.0,1.0,"ioc",1]', b'[4,1,"A","buy",1.0,1.0,"ioc"]', b'[4,"\xff","A","buy",1.0,1.0,"ioc"]'],
    *[b'[1,"A",1.0,1.0,"t",-1]', b'[1,"A",1.0,1.0,"t",9223372036854775808]', b'[1,"A",1.0,1.0,"t",true]'],
    *[b'[3,"A","t",[[1.0]],[],true]', b'[3,"A","t",[1.0],[],true]', b'[3,"A","t",{},[],true]', b'[3,"A","t",[],[],1]'],
    *[b"[" * 100_000, b"\x91" * 100_000, b'[4,"' + b"x" * 256 + b'","A","buy",1.0,1.0,"ioc"]'],
]


@pytest.mark.parametrize("payload", FOREIGN, ids=lambda payload: repr(payload[:40]))
def test_what_no_encoder_wrote_is_refused(codec: Codec, payload: bytes) -> None:
    with pytest.raises(BadPayloadError) as refusal:
        codec.decode(payload)
    assert str(refusal.value)


def test_struct_refuses_values_out_of_its_layout() -> None:
    codec = make("struct")
    order, trade = codec.encode(ONE_OF_EACH[4]), codec.encode(ONE_OF_EACH[0])
    nan = bytes.fromhex("000000000000f87f")
    for payload in (
        order[:1] + b"\x02" + order[2:],  # side
        order[:2] + nan + order[10:],  # quantity
        trade[:17] + b"\xff" * 8 + trade[25:],  # identifier
        codec.encode(ONE_OF_EACH[3])[:1] + b"\x02" + codec.encode(ONE_OF_EACH[3])[2:],  # reset
        codec.encode(ONE_OF_EACH[5])[:1] + b"\x05" + codec.encode(ONE_OF_EACH[5])[2:],  # status
    ):
        with pytest.raises(BadPayloadError):
            codec.decode(payload)


@pytest.mark.parametrize("name", ["msgpack", "msgspec-msgpack"])
def test_messagepack_refuses_floats_that_are_not_finite(name: str) -> None:
    codec = make(name)
    payload = codec.encode(Order("o1", "A", "buy", 1.5, 1.0))
    for bits in ("7ff8000000000000", "7ff0000000000000", "fff0000000000000"):
        with pytest.raises(BadPayloadError):
            codec.decode(payload.replace(bytes.fromhex("3ff8000000000000"), bytes.fromhex(bits)))


@pytest.mark.parametrize("name", ["msgpack", "msgspec-msgpack"])
def test_messagepack_refuses_what_no_encoder_wrote(name: str) -> None:
    codec = make(name)
    right = [4, "o1", "A", "buy", 1.0, 1.0, "ioc"]
    pack = msgpack.Packer().pack
    assert codec.decode(pack(right)).client_order_id == "o1"
    for wrong in (
        [*right, 1],
        right[:-1],
        [4, "é" * 128, *right[2:]],  # 256 bytes in 128 characters
        [4, "o1", "A", "hold", 1.0, 1.0, "ioc"],
        [4, "o1", "A", "buy", True, 1.0, "ioc"],
        [4, b"o1", "A", "buy", 1.0, 1.0, "ioc"],
        [0, "success"],
        {"kind": 4},
        [3, "A", "t", [[1.0, 1.0, 1.0]], [], True],
    ):
        with pytest.raises(BadPayloadError):
            codec.decode(pack(wrong))


def test_a_notice_is_not_carried(codec: Codec) -> None:
    with pytest.raises(TypeError, match="Notice"):
        codec.encode(Notice("success"))


@pytest.mark.parametrize("text", ["x" * 256, "é" * 128, "\U0001f600" * 64], ids=["ascii", "two bytes", "four bytes"])
def test_a_string_that_is_too_long_is_refused(codec: Codec, text: str) -> None:
    for message in (
        Trade(text, 1.0, 1.0, "t", 1),
        Quote("A", 1.0, 1.0, 1.0, 1.0, text),
        Book(text, "t", [], []),
        Order(text, "A", "buy", 1.0, 1.0),
        Order("o1", "A", "buy", 1.0, 1.0, text),
        Ack("o1", text, "filled", 1.0, 1.0, "t"),
    ):
        with pytest.raises(ValueError, match=r"too long|255"):
            codec.encode(message)


def test_a_side_of_too_many_levels_is_refused(codec: Codec) -> None:
    levels = [Level(1.0, 1.0)] * MAX_LEVELS
    assert len(codec.decode(codec.encode(Book("A", "t", levels, []))).bids) == MAX_LEVELS  # type: ignore[union-attr]  # a Book
    with pytest.raises(ValueError, match=r"too long|65535"):
        codec.encode(Book("A", "t", [], [*levels, Level(1.0, 1.0)]))


def test_the_encoding_is_the_same_in_every_run(root: Path) -> None:
    """Hash seeds differ from run to run; a payload does not."""
    program = (
        "from implementations.messages import Order\n"
        "from implementations.registry import catalogue\n"
        "order = Order('o1', 'BTC/USD', 'buy', 0.1, 60000.5)\n"
        "print([e.implementation.factory().encode(order) for e in catalogue('codec') if e.implementation])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
