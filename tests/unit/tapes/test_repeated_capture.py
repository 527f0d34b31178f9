"""A capture that is repeated with shifted times and numbers has no gap, and needs no more memory than the short one."""

from __future__ import annotations

import gzip
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from scripts.repeat_capture import repeated
from suites.tapes import open_tape
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

LINES = 1500


def test_copies_join_without_a_gap_and_memory_does_not_grow_with_them(captures: Path, tmp_path: Path) -> None:
    with gzip.open(captures / "binance_spot_btcusdt_20240808.gz") as file:
        short = list(islice(file, LINES))
    peaks, messages = [], []
    for copies in (2, 8):
        path = tmp_path / f"{copies}.txt"
        path.write_bytes(b"".join(repeated(short, copies)))
        tracemalloc.start()
        tape = open_tape(capture=str(path), seed=0, messages=0, cache=tmp_path / "cache")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        messages.append(len(tape.frames))
        assert not any("gap" in note for note in tape.notes), tape.notes
    assert messages[1] - 4 * messages[0] == pytest.approx(0, abs=400)  # of the first copy what precedes its snapshot
    assert peaks[1] < 1.5 * peaks[0]


def test_what_is_no_such_capture_is_refused() -> None:
    with pytest.raises(TailgateError, match="receive time"):
        next(repeated([b"{}\n", b"{}\n"]))
