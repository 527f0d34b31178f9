"""A recording is a capture like any other: its frames come back, JSON or msgpack, and a gap makes books wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from suites.exchange.encoding import encode
from suites.tapes import open_tape
from suites.tapes.generator import generate
from suites.tapes.recording import FORMAT, event_line, frame_line, msgpack_line, pack

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = [bytes(frame) for frame in generate(seed=3, messages=400).frames]


def recorded(path: Path, encoding: str, *, gap_at: int = -1) -> Path:
    lines = [event_line(0, "recording", format=FORMAT)]
    for index, frame in enumerate(FRAMES):
        if index == gap_at:
            lines.append(event_line(index, "gap"))
        line = frame_line(index, frame)
        lines.append(line if encoding == "json" else msgpack_line(index, encode(json.loads(frame), "msgpack")))
    path.write_bytes(pack(b"".join(lines)))
    return path


@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_the_messages_of_a_tape_come_back(tmp_path: Path, encoding: str) -> None:
    tape = open_tape(
        capture=str(recorded(tmp_path / "feed.jsonl.zst", encoding)), seed=0, messages=0, cache=tmp_path / "cache"
    )
    replayed = [json.loads(bytes(frame)) for frame in tape.in_memory().frames]
    assert replayed == [json.loads(frame) for frame in FRAMES]


def test_behind_a_gap_books_wait_for_a_snapshot_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    path = recorded(tmp_path / "feed.jsonl.zst", "json", gap_at=200)
    tape = open_tape(capture=str(path), seed=0, messages=0, cache=tmp_path / "cache")
    assert len(tape.in_memory().frames) < len(FRAMES)
    assert any("gap" in note for note in tape.notes)
