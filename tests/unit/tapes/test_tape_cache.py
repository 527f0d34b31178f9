from __future__ import annotations

import stat
from array import array
from typing import TYPE_CHECKING

import pytest

from suites.tapes import cache, open_tape
from suites.tapes.tape import BLOCK_FRAMES, digest_of, make_tape
from suites.tapes.writing import TapeWriter
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

    from suites.tapes import Tape


@pytest.fixture
def tape() -> Tape:
    return make_tape("three", [b"[1]", b"[]", b"[333]"], array("q", [0, 5, 5]), ("something was left out",))


def save(folder: Path, key: str, tape: Tape) -> Path:
    def add(writer: TapeWriter) -> str:
        for time_ns, frame in zip(tape.times_ns, tape.frames, strict=True):
            writer.add(time_ns, frame)
        writer.notes = tape.notes
        return tape.name

    return cache.save(folder, key, add)


def test_a_tape_comes_back_as_it_was(tape: Tape, tmp_path: Path) -> None:
    save(tmp_path / "new" / "folder", "key", tape)
    assert cache.load(tmp_path / "new" / "folder", "key") == tape


def test_what_was_never_saved_is_not_there(tmp_path: Path) -> None:
    assert cache.load(tmp_path, "key") is None


@pytest.mark.parametrize("at", [0, 20, -1, -12])
def test_a_damaged_file_is_no_tape(tape: Tape, tmp_path: Path, at: int) -> None:
    path = save(tmp_path, "key", tape)
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x01
    path.write_bytes(raw)
    loaded = cache.load(tmp_path, "key")
    assert loaded is None or loaded == tape


def test_every_truncation_is_no_tape(tape: Tape, tmp_path: Path) -> None:
    path = save(tmp_path, "key", tape)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.load(tmp_path, "key") is None


def test_a_longer_file_is_no_tape(tape: Tape, tmp_path: Path) -> None:
    path = save(tmp_path, "key", tape)
    path.write_bytes(path.read_bytes() + b"[]")
    assert cache.load(tmp_path, "key") is None


def test_a_tape_of_another_schema_is_made_again(tape: Tape, tmp_path: Path) -> None:
    path = save(tmp_path, "key", tape)
    path.write_bytes(path.read_bytes().replace(b"tailgate tape 2", b"tailgate tape 1"))
    assert cache.load(tmp_path, "key") is None


def test_a_failed_write_leaves_nothing_and_keeps_the_old(
    tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, "key", tape)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("suites.tapes.writing.columns_of", full)
    with pytest.raises(TailgateError, match="No space left"):
        save(tmp_path, "key", tape)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(TailgateError, match="the folder for tapes"):
        open_tape(capture=None, seed=1, messages=3, cache=tmp_path / "taken")


def test_the_second_opening_reads_the_file_and_does_not_generate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_tape(capture=None, seed=1, messages=30, cache=tmp_path)
    monkeypatch.setattr("suites.tapes.opening.generate", None)
    assert open_tape(capture=None, seed=1, messages=30, cache=tmp_path) == first
    assert [stat.S_ISREG(each.stat().st_mode) for each in tmp_path.iterdir()] == [True]


def test_a_damaged_cache_is_replaced_by_the_tape_it_should_hold(tmp_path: Path) -> None:
    first = open_tape(capture=None, seed=1, messages=30, cache=tmp_path)
    [path] = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert open_tape(capture=None, seed=1, messages=30, cache=tmp_path) == first
    assert open_tape(capture=None, seed=1, messages=30, cache=tmp_path) == cache.load(tmp_path, path.stem)


def test_the_digest_sees_frames_times_and_where_a_frame_ends() -> None:
    times = array("q", [1, 2])
    digests = {
        digest_of([b"ab", b"c"], times),
        digest_of([b"a", b"bc"], times),
        digest_of([b"ab", b"d"], times),
        digest_of([b"ab", b"c"], array("q", [1, 3])),
    }
    assert len(digests) == 4


def test_the_head_of_a_tape_has_a_digest_of_its_own(tape: Tape) -> None:
    head = tape.head(2)
    assert (head.frames, list(head.times_ns)) == ([b"[1]", b"[]"], [0, 5])
    assert head.digest == digest_of(head.frames, head.times_ns) != tape.digest
    assert tape.head(3) is tape


@pytest.fixture
def long_tape() -> Tape:
    frames = [b"[%d]" % number for number in range(3 * BLOCK_FRAMES + 7)]
    return make_tape("long", frames, array("q", range(len(frames))))


def test_a_stored_tape_reads_as_the_one_in_memory(long_tape: Tape, tmp_path: Path) -> None:
    save(tmp_path, "key", long_tape)
    stored = cache.load(tmp_path, "key")
    assert stored is not None
    assert stored == long_tape
    assert stored.in_memory() == long_tape
    assert (stored.frames[-1], stored.frames[BLOCK_FRAMES], list(stored.times_ns[4:9:2])) == (
        long_tape.frames[-1],
        long_tape.frames[BLOCK_FRAMES],
        [4, 6, 8],
    )
    assert stored.frames[:BLOCK_FRAMES] == long_tape.frames[:BLOCK_FRAMES]
    with pytest.raises(IndexError):
        stored.frames[len(stored.frames)]


@pytest.mark.parametrize("messages", [1, BLOCK_FRAMES, BLOCK_FRAMES + 1])
def test_a_head_is_read_from_the_blocks_it_is_in_and_no_other(long_tape: Tape, tmp_path: Path, messages: int) -> None:
    path = save(tmp_path, "key", long_tape)
    raw = path.read_bytes()
    at = raw.rindex(b"[%d]" % (3 * BLOCK_FRAMES))  # in the last block
    path.write_bytes(raw[:at] + b"?" + raw[at + 1 :])
    assert cache.load(tmp_path, "key", messages) == long_tape.head(messages)
    assert cache.load(tmp_path, "key") is None


def test_a_digest_is_the_same_however_a_tape_is_put_together(long_tape: Tape) -> None:
    writer = TapeWriter()
    for time_ns, frame in zip(long_tape.times_ns, long_tape.frames, strict=True):
        writer.add(time_ns, frame)
    assert writer.tape("long") == long_tape
