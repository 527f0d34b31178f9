"""Another tool is asked of the very same series, and what it says stands beside what we say."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tailgate.documents.trend import ChainPoint, Change, Level, LevelPoint, Trend
from tailgate.errors import TailgateError
from tailgate.history.second_opinion import Found, changes_of, second_opinion
from tailgate.results.trend_report import opinion_table
from tests.unit.history.made import BEGAN

if TYPE_CHECKING:
    from pathlib import Path

COMMITS = [f"{n:02d}" * 20 for n in range(10)]
WHEN = [BEGAN + timedelta(hours=n) for n in range(10)]
STEP = Change("step", COMMITS[4], COMMITS[5], (COMMITS[5],), 0.97, 0.05, 0.04, 0.06)


def stand_in(folder: Path, answers: list[list[list[float]]]) -> str:
    """Return an interpreter that answers so, and keeps what it was asked."""
    path = folder / "python"
    path.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\n"
        f"pathlib.Path({str(folder / 'asked')!r}).write_text(sys.stdin.read())\nprint({json.dumps(answers)!r})\n"
    )
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def trend() -> Trend:
    chain = tuple(
        ChainPoint(each, when, "", 0.05 * (n >= 5), -0.1, 0.1, 0)
        for n, (each, when) in enumerate(zip(COMMITS, WHEN, strict=True))
    )
    points = tuple(
        LevelPoint(n, each, when, 100.0 + n, None, None, dirty=False)
        for n, (each, when) in enumerate(zip(COMMITS, WHEN, strict=True))
    )
    level = Level("4fa0", "CPU one", "CPython", "7", "ns", points, ())
    return Trend("books", "book/bisect", "reproducible", 0.99, 9, chain, (), (STEP,), (level,), ())


def test_both_are_asked_of_the_same_series_and_stand_in_one_row_where_they_agree(tmp_path: Path, trend: Trend) -> None:
    python = stand_in(tmp_path, [[[5, 0.051, 1e-9]], [[7, 0.02, 4e-4]]])
    told = second_opinion(trend, python)
    asked = json.loads((tmp_path / "asked").read_text())
    assert asked[0] == pytest.approx([1.0] * 5 + [float(np.exp(0.05))] * 5)
    assert asked[1] == [100.0 + n for n in range(10)]
    assert [(each.series, each.where) for each in told] == [
        ("chain", COMMITS[5][:10]),
        ("machine 4fa0", COMMITS[7][:10]),
    ]
    assert told[0].ours is STEP
    assert told[1].ours is None
    assert opinion_table(told).rows == (
        ("chain", COMMITS[5][:10], "+5.13 %", "+5.10 % (p 1e-09)"),
        ("machine 4fa0", COMMITS[7][:10], "none", "+2.00 % (p 0.0004)"),
    )
    assert "wandering" in opinion_table(told).notes[0]


def test_what_only_we_see_says_so_and_another_commit_is_another_row(tmp_path: Path, trend: Trend) -> None:
    told = second_opinion(trend, stand_in(tmp_path, [[[8, 0.01, 1e-4]], []]))
    rows = opinion_table(told).rows
    assert [(row[1], row[2] == "none", row[3] == "none") for row in rows] == [
        (COMMITS[5][:10], False, True),
        (COMMITS[8][:10], True, False),
    ]


def test_a_range_that_holds_the_commit_is_the_same_change(tmp_path: Path, trend: Trend) -> None:
    ranged = replace(trend, changes=(replace(STEP, kind="range", base=COMMITS[2], commits=tuple(COMMITS[3:6])),))
    (row,) = second_opinion(ranged, stand_in(tmp_path, [[[3, 0.05, 1e-9]], []]))
    assert row.ours is not None
    assert row.otava == 0.05


def test_of_few_values_nothing_is_asked(tmp_path: Path, trend: Trend) -> None:
    few = replace(trend, chain=trend.chain[:4], levels=())
    assert second_opinion(few, stand_in(tmp_path, [])) == []
    assert not (tmp_path / "asked").exists()
    assert "neither sees a change" in opinion_table([]).text()


def test_one_that_fails_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_text("#!/bin/sh\necho 'ERROR: No module named otava' >&2\nexit 1\n")
    path.chmod(0o755)
    with pytest.raises(TailgateError, match="otava gave no second opinion: No module named otava"):
        changes_of(str(path), [[1.0] * 9])


def test_answers_come_back_by_series(tmp_path: Path) -> None:
    python = stand_in(tmp_path, [[], [[5, 0.1, 0.001]]])
    assert changes_of(python, [[1.0] * 9, [2.0] * 9]) == [[], [Found(5, 0.1, 0.001)]]
