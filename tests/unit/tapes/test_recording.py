"""The lines of a recording: every frame comes back byte for byte, and a file is readable up to where it was cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]  # it ships neither annotations nor stubs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suites.exchange.encoding import encode
from suites.tapes.generator import generate
from suites.tapes.recording import (
    FramesDigest,
    Record,
    event_line,
    frame_line,
    is_recording,
    json_of,
    msgpack_line,
    pack,
    parse,
    read,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_764_325_800_123_456_789


@given(st.one_of(st.binary(), st.text().map(str.encode), st.binary().map(lambda raw: b"[" + raw)))
def test_every_frame_comes_back_byte_for_byte(frame: bytes) -> None:
    line = frame_line(NOW, frame)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert (parse(line[:-1]).received_ns, parse(line[:-1]).payload) == (NOW, frame)
    assert parse(msgpack_line(NOW, frame)[:-1]) == Record(NOW, "msgpack", frame)


def test_a_line_is_json_for_everybody() -> None:
    frame = b'[{"T":"q","S":"X","bp":1.50}]'
    assert json.loads(frame_line(NOW, frame)) == {"received": NOW, "frame": [{"T": "q", "S": "X", "bp": 1.5}]}
    assert parse(frame_line(NOW, b'[{"S":"\xff"}]')[:-1]).kind == "bytes"  # no text that JSON allows
    assert parse(event_line(NOW, "gap", reason="gone")).event() == {"received": NOW, "event": "gap", "reason": "gone"}


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b'{"received":1}', b'{"received":x,"frame":[]}', b'{"received":1,"msgpack":"%"}', b'[{"T":"q"}]'],
)
def test_what_is_no_line_of_a_recording_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the reader names file and line
        parse(line)


def test_a_recording_is_known_by_its_first_line() -> None:
    assert is_recording(event_line(NOW, "recording", format=1, part=1))
    assert not is_recording(event_line(NOW, "gap"))
    assert not is_recording(frame_line(NOW, b'[{"T":"o","event":"recording","format":1}]'))


def test_data_is_told_from_the_protocols_own_frames_in_both_encodings() -> None:
    said: list[tuple[Any, bool]] = [
        ({"T": "success", "msg": "connected"}, False), ({"T": "error", "code": 400, "msg": "x"}, False),
        ({"T": "subscription", "trades": [], "quotes": ["*"]}, False), ({"T": "t", "S": "success"}, True),
        ({"T": "s", "S": "X"}, True), ({"T": "q", "S": "X", "bp": 1}, True),
    ]  # fmt: skip
    for message, data in said:
        assert parse(frame_line(NOW, encode([message], "json"))).data is data
        assert parse(msgpack_line(NOW, encode([message], "msgpack"))).data is data
    assert not parse(event_line(NOW, "gap")).data


def test_a_binary_frame_says_in_json_what_the_text_frame_says() -> None:
    frames = generate(3, 500).frames
    assert [json.loads(json_of(encode(json.loads(frame), "msgpack"))) for frame in frames] == list(
        map(json.loads, frames)
    )


@pytest.mark.parametrize("payload", [b"", b"\xc1", msgpack.packb([{"t": {1: b"x"}}])])
def test_a_binary_frame_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="msgpack"):
        json_of(payload)


@given(st.integers(0, 400))
def test_a_file_that_was_cut_gives_its_whole_lines(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    path: Path = tmp_path_factory.mktemp("cut") / "x.jsonl.zst"
    frames = [b'[{"i":%d}]' % number for number in range(60)]
    members = [
        pack(b"".join(frame_line(NOW + n, frames[n]) for n in range(start, start + 20))) for start in (0, 20, 40)
    ]
    whole = b"".join(members)
    path.write_bytes(whole[: max(0, len(whole) - kept)])
    got = [record.payload for record in read(path)]
    assert got == frames[: len(got)]
    assert len(got) >= 20 * sum(len(b"".join(members[: n + 1])) <= len(whole) - kept for n in range(3))


def test_the_digest_of_the_frames_knows_where_each_ends() -> None:
    one, two = FramesDigest(), FramesDigest()
    for frame in (b"ab", b"c"):
        one.add(frame)
    for frame in (b"a", b"bc"):
        two.add(frame)
    assert one.hex() != two.hex()
    assert (one.frames, two.frames) == (2, 2)
