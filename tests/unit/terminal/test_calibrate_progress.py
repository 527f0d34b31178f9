"""A calibration never shows more blocks than it told of, however many analyses a gate takes."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.commands import calibrate
from tailgate.documents.calibration import Recording
from tailgate.judge.gate import GateRules
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from pathlib import Path


class Shown:
    """What a progress display was told."""

    def __init__(self) -> None:
        self.of, self.blocks, self.seen = 0, 0, list[tuple[int, int]]()

    def total(self, blocks: int) -> None:
        self.of = blocks

    def begin(self, _group: str, _block: int, _blocks: int) -> None:
        self.seen.append((self.blocks + 1, self.of))

    def done(self) -> None:
        self.blocks += 1

    def close(self) -> None:
        pass


@pytest.mark.parametrize("lanes", [1, 2])
def test_no_block_is_beyond_the_total(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lanes: int) -> None:
    recording = Recording("book/bisect", "quiet")
    rows = recording.series.rows["raw"].setdefault("base", [])

    def recorded(_recorded: Any, _rng: Any, _run: Any, count: int) -> None:
        rows.extend([(1.0,)] * count)

    monkeypatch.setattr(calibrate, "record_blocks", recorded)
    monkeypatch.setattr(calibrate, "_decided", lambda _each, _kind, group, _rules: len(group) > 4)
    shown, rules = Shown(), GateRules(Looks((4, 6, 8), 0.01), 0.02, 1e9)
    each: Any = SimpleNamespace(recording=recording)
    running: Any = (None, lanes)
    calibrate._gates([each], rules, random.Random(1), 2, [tmp_path / "a.json"], running, shown)
    assert shown.blocks == len(rows) == 12
    assert shown.seen[-1] == (13 - lanes, 12)
    assert all(block <= of for block, of in shown.seen)
