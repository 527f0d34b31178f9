"""Whatever happened to a capture, importing it ends in a tape that every decoder accepts, or in one TailgateError."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from implementations.registry import load
from suites.tapes import open_tape
from tailgate.errors import TailgateError
from tests.unit.tapes.test_formats import NAMES

EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True), st.sampled_from(["drop", "double", "flip", "cut"]), st.integers(0, 255)
    ),
    min_size=1,
    max_size=3,
)


def damaged(content: bytes, edits: list[tuple[float, str, int]]) -> bytes:
    for where, what, byte in edits:
        at = int(where * len(content))
        match what:
            case "drop":
                content = content[:at] + content[at + 1 + byte % 8 :]
            case "double":
                content = content[:at] + content[at : at + byte] * 2 + content[at + byte :]
            case "flip":
                content = content[:at] + bytes([byte]) + content[at + 1 :]
            case _:
                content = content[:at]
    return content


def test_a_time_beyond_every_calendar_names_its_line(samples: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_bytes(re.sub(rb"\b1700000\d{9}\b", b"170000000000000000000000", samples["Tardis CSV"], count=6))
    with pytest.raises(TailgateError, match=r"late\.csv.*outside of the years 1 to 9999"):
        open_tape(capture=str(path), seed=1, messages=0, cache=None)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_damaged_capture_gives_a_good_tape_or_one_clear_error(
    samples: dict[str, bytes], name: str, edits: list[tuple[float, str, int]]
) -> None:
    content = samples[name]
    decoder = load("decode", "reference").factory()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "damaged.capture")
        path.write_bytes(damaged(content, edits))
        try:
            tape = open_tape(capture=str(path), seed=1, messages=0, cache=None)
        except TailgateError:
            return
    for frame in tape.frames:
        assert decoder.decode(frame)  # type: ignore[attr-defined]  # a factory is untyped in the registry
