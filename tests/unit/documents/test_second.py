"""Files of schema 2, whose controls and clock step had other names, are read as they were meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailgate.documents.calibration import Recording
from tailgate.documents.comparison import Series
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import load, save
from tailgate.documents.gate import GateBlocks, GateDocument

FIRST = Path(__file__).parents[2] / "golden" / "documents" / "first"
NOW_TO_THEN = {
    "clock_step_ns": "grain_ns",
    "negative_control": "control",
    "positive_control": "canary",
    "positive_control_seen": "canary_seen",
    "positive_control_needed": "canary_needed",
    "positive_control_turns": "canary_turns",
    "negative-control": "control",
    "positive-control": "canary",
}
ROW = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)


def then(plain: Any) -> Any:
    """Return the same values under the names that schema 2 had for them."""
    if isinstance(plain, dict):
        return {NOW_TO_THEN.get(key, key): then(value) for key, value in plain.items()}
    return [then(each) for each in plain] if isinstance(plain, list) else plain


def as_schema_2(path: Path, document: object) -> Path:
    """Write the file that schema 2 would have written of a document."""
    letter = json.loads(save(path, document).read_text())
    path.write_text(json.dumps(letter | {"schema": 2, "document": then(letter["document"])}))
    return path


@pytest.mark.parametrize(("name", "of"), [("verdict.json", GateDocument), ("duel.json", DuelDocument)])
def test_a_document_of_schema_2_is_what_it_was(name: str, of: type, tmp_path: Path) -> None:
    now: object = load(FIRST / name, of)
    path = as_schema_2(tmp_path / name, now)

    assert not {"clock_step_ns", "positive_control"} & set(path.read_text().split('"'))
    assert load(path, of) == now


def test_the_arms_of_recorded_blocks_get_their_names_of_today(tmp_path: Path) -> None:
    rows: dict[str, list[tuple[float, ...]]] = {
        arm: [ROW] for arm in ("base", "head", "negative-control", "positive-control")
    }
    series = Series({"raw": rows, "reproducible": rows}, 10, 20, 7)
    blocks = GateBlocks({"book/bisect": series})
    recording = Recording("book/bisect", "quiet", series, {"negative-control": [[1.0]], "every 5 %": [[2.0]]})

    assert load(as_schema_2(tmp_path / "blocks.json", blocks), GateBlocks) == blocks
    assert load(as_schema_2(tmp_path / "recording.json", recording), Recording) == recording
