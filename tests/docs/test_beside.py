"""Other tools on the same problems: the problems are what they say, criterion's way decides as its book says."""

from __future__ import annotations

import itertools
import runpy
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scripts.beside import criterion
from scripts.beside.criterion import compare, sample
from scripts.beside.page import page
from scripts.beside.project import OPERATIONS, P99_TURNS, PROBLEMS, TURNS, lay_out

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda each: each.name)
def test_head_differs_from_base_by_what_the_problem_says(problem: Any, tmp_path: Path) -> None:
    project = lay_out(problem, tmp_path / "there")
    work = {name: runpy.run_path(str(project.parent / name / "work.py")) for name in ("base", "head")}
    more = {name: (each["EVERY"], each["SOME"]) for name, each in work.items()}
    assert more == {"base": (0, 0), "head": (problem.every, problem.some)}
    for number, turns in enumerate(TURNS[:100]):  # equal answers, or nothing could be compared
        assert work["base"]["operation"]((number, turns)) == work["head"]["operation"]((number, turns))
    assert problem.slower == (problem.name != "identical")
    assert len(TURNS) == OPERATIONS
    assert problem.every in {0, round(0.03 * P99_TURNS)}


@pytest.mark.parametrize(
    ("factor", "spread", "told"),
    [
        (1.0, 0.02, "No change in performance detected."),
        (1.1, 0.02, "Performance has regressed."),
        (0.9, 0.02, "Performance has improved."),
        (1.005, 0.001, "Change within noise threshold."),
    ],
)
def test_criterions_way_says_what_its_book_says(
    factor: float, spread: float, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(criterion, "RESAMPLES", 10_000)
    rng = np.random.default_rng(11)
    base, head = (list(1000 * each * (1 + spread * rng.standard_normal(100))) for each in (1.0, factor))
    found = compare(base, head)
    assert found.told == told
    assert found.low < found.estimate < found.high
    assert found.estimate == pytest.approx(factor - 1, abs=3 * spread / 7)


def test_samples_take_ever_more_turns() -> None:
    ticks = itertools.count()
    turns: list[int] = []

    def turn() -> None:
        turns.append(next(ticks))

    def clock() -> int:  # a turn takes a millisecond, reading the clock nothing
        return len(turns) * 1_000_000

    found = sample(turn, clock, warm_up_s=0.1, measuring_s=5.05)
    assert found == [1_000_000.0] * 100
    warm = 1 + 2 + 4 + 8 + 16 + 32 + 64
    assert len(turns) == warm + sum(range(1, 101))


def test_the_page_says_who_was_wrong() -> None:
    state = {"when": "2026-11-28", "load": 0.1, "machine": "a CPU", "cpus": 2, "python": sys.version.split()[0]}
    row = {"tool": "t", "version": "1", "command": "t", "seconds": 3.2}
    said = [{**row, "words": "a | b", "alarm": True}, {**row, "words": "x1.02", "alarm": None}]
    text = page({each.name: {"state": state, "said": said} for each in PROBLEMS})
    assert text.count("yes, wrong") == 1  # an alarm on identical code
    assert text.count("| no verdict |") == 3
    assert "`a \\| b`" in text
