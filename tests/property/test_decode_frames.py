"""Every decoder agrees with the reference, on values and on refusals, whatever the bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from implementations.decode.contract import MAX_DEPTH, MAX_FRAME_BYTES, BadFrameError
from implementations.messages import astuple
from implementations.registry import UnavailableError, load, names

if TYPE_CHECKING:
    from implementations.decode.contract import Decoder

Outcome: TypeAlias = list[object] | str

SETTINGS = settings(
    max_examples=150,
    deadline=None,  # time is not what is tested
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _decoders() -> dict[str, Decoder]:
    made: dict[str, Decoder] = {}
    for name in ("reference", *names("decode")):
        try:
            decoder: Any = load("decode", name).factory()
        except UnavailableError:
            continue  # tests/contract skips it with the reason
        made[name] = decoder
    return made


DECODERS = _decoders()


def typed(value: object) -> object:
    """Return a value with the types of its parts: 1, 1.0 and True differ; -0.0 is 0.0, as the contract says."""
    return [typed(item) for item in value] if isinstance(value, tuple) else (type(value).__name__, value)


def outcome(decoder: Decoder, frame: bytes) -> Outcome:
    try:
        return [typed(astuple(message)) for message in decoder.decode(frame)]
    except BadFrameError as error:
        return "refused" if str(error) else "refused without a word"


def assert_agreement(frame: bytes) -> Outcome:
    right = outcome(DECODERS["reference"], frame)
    for name, decoder in DECODERS.items():
        got = outcome(decoder, frame)
        assert got == right, f"{name} differs from the reference on {frame[:300]!r}"
    return right


# --- frames of the documented shape -------------------------------------------------------------------------------

texts = st.text(max_size=44) | st.sampled_from(
    ["BTC/USD", "T", "a" * 32, "a" * 33, "é" * 16, "é" * 17, "a" * 40, "a" * 41]
)
numbers = (
    st.floats(min_value=0, allow_nan=False, allow_infinity=False)
    | st.integers(min_value=0, max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
)
identifiers = st.integers(min_value=0, max_value=2**63 - 1) | st.sampled_from([2**63 - 1, 2**63, 2**64, -1])
ignored = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
levels = st.lists(st.fixed_dictionaries({"p": numbers, "s": numbers}, optional={"x": ignored}), max_size=4)
more = {"x": ignored, "z": ignored, "c": ignored}
messages = st.one_of(
    st.fixed_dictionaries(
        {"T": st.just("t"), "S": texts, "i": identifiers, "p": numbers, "s": numbers, "t": texts}, optional=more
    ),
    st.fixed_dictionaries(
        {"T": st.just("q"), "S": texts, "bp": numbers, "bs": numbers, "ap": numbers, "as": numbers, "t": texts},
        optional=more,
    ),
    st.fixed_dictionaries(
        {"T": st.just("o"), "S": texts, "t": texts, "b": levels, "a": levels}, optional={"r": st.booleans(), **more}
    ),
    st.fixed_dictionaries({"T": st.sampled_from(["success", "error", "subscription", "b", "n", "zz"])}, optional=more),
)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Return a frame as json writes it, in one of the ways to write it."""
    document = draw(st.lists(messages, max_size=3))
    if draw(st.booleans()):
        document = [dict(draw(st.permutations(list(message.items())))) for message in document]
    text = json.dumps(
        document,
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), ("\t,\r\n", " : ")])),
    )
    return text.encode("utf-8", "surrogatepass")


@given(documents())
@SETTINGS
def test_frames_of_the_documented_shape(frame: bytes) -> None:
    assert_agreement(frame)


# --- one thing wrong ------------------------------------------------------------------------------------------------

TOKENS = [
    *["NaN", "Infinity", "-Infinity", "nan", "1e999", "-1e999", "1e-999", "-1e-999", "1e308", "1.8e308", "0e99999"],
    *["0", "-0", "-0.0", "0.0", "-1", "-1.5", "1.0", "1e3", "1E+2", "01", "-01", "1.", ".5", "+1", "-", "1e", "0x1"],
    *["1" * 25, "1" * 309, "1" * 400, "-" + "1" * 400, "1" * 5000, "0." + "3" * 5000, "18446744073709551616"],
    *["9223372036854775807", "9223372036854775808", "9223372036854775807.0", "2.2250738585072011e-308", "5e-324"],
    *[
        "true",
        "false",
        "null",
        "True",
        "nul",
        '"1"',
        '""',
        '"x"',
        '"T"',
        "[]",
        "{}",
        "[1]",
        '{"p":1}',
        '[{"p":1,"s":2}]',
    ],
    *[r'"\ud800"', r'"\udc00"', r'"\ud83d\ude00"', r'"\udc00\ud800"', r'"\ud800x"', r'"\u0000"', r'"\q"', r'"\u12g4"'],
    *[f'"{"a" * length}"' for length in (32, 33, 40, 41)],
    *['"' + r"\u00e9" * 16 + '"', '"' + r"\u00e9" * 17 + '"', '"' + "é" * 16 + '"', '"' + "é" * 17 + '"'],
    *['"\x01"', '"\x7f"', '"\u2028"', '"é"', '"\ufeff"', "'x'", '"', '"\\"', "[1,]", "[,1]", '{"a":1,}', "{1:1}", ""],
    *['[{"p":1,"s":0},{"p":1,"s":-0}]', '[{"p":0,"s":1}]', '[{"p":1,"s":1,"p":"x","p":2}]', '[["p","s"]]', '["ps"]'],
]
NAMES = [
    "T",
    "S",
    "i",
    "p",
    "s",
    "t",
    "bp",
    "bs",
    "ap",
    "as",
    "b",
    "a",
    "r",
    "x",
    r"\u0054",
    r"\u0070",
    "\ud800",
    "é",
    "",
]
BASES = [
    {"T": '"t"', "S": '"A"', "i": "1", "p": "1.5", "s": "2", "t": '"2024"'},
    {"T": '"q"', "S": '"A"', "bp": "1", "bs": "2", "ap": "3.5", "as": "4", "t": '"2024"'},
    {"T": '"o"', "S": '"A"', "t": '"2024"', "b": '[{"p":1.5,"s":2}]', "a": "[]"},
    {"T": '"success"', "msg": '"connected"'},
]


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Return a frame put together by hand: fields set, added, sent twice, left out, in any order, oddly framed."""
    members = list(draw(st.sampled_from(BASES)).items())
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(members)))
        change = draw(st.sampled_from(["set", "set", "add", "add", "drop", "move"]))
        if change == "add":
            members.insert(at, (draw(st.sampled_from(NAMES)), draw(st.sampled_from(TOKENS))))
        elif change == "set" and at < len(members):
            members[at] = (members[at][0], draw(st.sampled_from(TOKENS)))
        elif change == "drop" and at < len(members):
            del members[at]
        elif change == "move" and at < len(members):
            members.append(members.pop(at))
    element = "{" + ",".join(f'"{name}":{token}' for name, token in members) + "}"
    frame = draw(
        st.sampled_from(
            ["[%s]", "[%s]", "[%s]", " [%s]\n", "\ufeff[%s]", "%s", "[%s", "[%s]]", "[%s,]", "[%s]\x00", "[%s,%s]"]
        )
    )
    return frame.replace("%s", element).encode("utf-8", "surrogatepass")


@given(spoiled())
@settings(SETTINGS, max_examples=300)
def test_frames_with_something_wrong(frame: bytes) -> None:
    assert_agreement(frame)


@pytest.mark.parametrize("base", BASES, ids=lambda base: base["T"].strip('"'))
@pytest.mark.parametrize("token", TOKENS)
def test_each_token_in_each_field(base: dict[str, str], token: str) -> None:
    for name in [*base, "x"]:
        members = ",".join(f'"{n}":{t}' for n, t in {**base, name: token}.items())
        assert_agreement(("[{" + members + "}]").encode())
        assert_agreement(("[{" + members + f',"{name}":{base.get(name, 1)}' + "}]").encode())  # the last counts


# --- bytes ------------------------------------------------------------------------------------------------------------


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a frame of which bytes were changed, lost, doubled or cut off."""
    frame = bytearray(draw(documents() | spoiled()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(frame)))
        change = draw(st.sampled_from(["flip", "set", "insert", "delete", "cut"]))
        if change == "insert":
            frame[at:at] = draw(st.binary(min_size=1, max_size=3))
        elif change == "delete":
            del frame[at : at + draw(st.integers(1, 4))]
        elif change == "cut":
            del frame[at:]
        elif at < len(frame):
            frame[at] = frame[at] ^ (1 << draw(st.integers(0, 7))) if change == "flip" else draw(st.integers(0, 255))
    return bytes(frame)


@given(mutated())
@settings(SETTINGS, max_examples=300)
def test_mutated_frames(frame: bytes) -> None:
    assert_agreement(frame)


@given(st.binary(max_size=40) | st.text(alphabet='[]{}":, \\tpSsT0-1e.u', max_size=30).map(str.encode))
@example(b"")
@example(b" ")
@example(b"\xff")
@example(b"[]")
@example(b"null")
@example("[]".encode("utf-16"))
@example("[]".encode("utf-32"))
@example(b"\xef\xbb\xbf[]")
@example(b"\xef\xbb\xbf")
@example(b"\x0c[]")
@SETTINGS
def test_any_bytes(frame: bytes) -> None:
    assert_agreement(frame)


# --- depth and length -------------------------------------------------------------------------------------------------


def nested(depth: int, opening: str, inside: str = "") -> bytes:
    """Return a frame whose deepest value stands in `depth` arrays and objects, the frame and its message among them."""
    closing = "]" if opening.startswith("[") else "}"
    return ('[{"T":"success","x":' + opening * (depth - 2) + (inside or "1") + closing * (depth - 2) + "}]").encode()


@pytest.mark.parametrize(
    "opening", ["[", '{"p":', '{"":', '[ "]" , ', '["\\"]",', '{"},{":', '{"\\"},{":', '["},{},{",']
)
@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 500, 1000, 1024, 2000, 100_000])
def test_nesting_is_taken_to_the_limit_and_refused_beyond(opening: str, depth: int) -> None:
    verdict = assert_agreement(nested(depth, opening))
    assert (verdict == "refused") == (depth > MAX_DEPTH)


@st.composite
def deep(draw: st.DrawFn) -> bytes:
    """Return a frame about as deep as the limit, with siblings and with brackets in strings on the way down."""
    opening: list[str] = []
    closing: list[str] = []
    for _ in range(draw(st.integers(MAX_DEPTH - 5, MAX_DEPTH + 2))):
        before = draw(st.sampled_from(["", "", "", "[],", '"]",', '"},{",', '"\\"}",', "{},", '{"p":1},{"p":1},']))
        if draw(st.booleans()):
            opening.append("[" + before)
            closing.append("]")
        else:
            opening.append('{"p":' + (f"[{before}1]" if before else "1") + ',"s":')
            closing.append(draw(st.sampled_from(["}", ',"T":[{"p":1},{"p":1}]}'])))
    return ('[{"T":"success","x":' + "".join(opening) + "1" + "".join(reversed(closing)) + "}]").encode()


@given(deep())
@settings(SETTINGS, max_examples=30)
def test_frames_about_as_deep_as_the_limit(frame: bytes) -> None:
    assert_agreement(frame)


@pytest.mark.parametrize("unbalanced", [b"[", b'[{"T":', b"[{", b'{"a":', b'["]",', b"[[]"])
@pytest.mark.parametrize("count", [300, 3000, 100_000])
def test_frames_that_never_close(unbalanced: bytes, count: int) -> None:
    assert assert_agreement(unbalanced * count) == "refused"


@pytest.mark.parametrize("levels", [255, 256, 257, 3000])
@pytest.mark.parametrize(
    "layout", ['{"p":1.5,"s":2}', '{"s":2,"p":1.5}', '{ "p": 1.5, "s": 2 }', '{"p":1.5,"s":2,"x":"}"}']
)
def test_a_long_book_is_not_deep(levels: int, layout: str) -> None:
    frame = f'[{{"T":"o","S":"A","t":"2024","b":[{",".join([layout] * levels)}],"a":[],"r":true}}]'.encode()
    assert assert_agreement(frame) != "refused"


def test_the_longest_frame_is_read_and_a_longer_one_is_not() -> None:
    frame = b"[]" + b" " * (MAX_FRAME_BYTES - 2)
    assert assert_agreement(frame) == []
    assert assert_agreement(frame + b" ") == "refused"


def test_frames_of_ten_megabytes_are_refused() -> None:
    element = b'{"T":"q","S":"A","bp":1,"bs":1,"ap":2,"as":1,"t":"2024"}'
    assert assert_agreement(b"[" + b",".join([element] * 180_000) + b"]") == "refused"
    assert assert_agreement(b"[" * 10_000_000) == "refused"
    assert assert_agreement(b"\xff" * 10_000_000) == "refused"
