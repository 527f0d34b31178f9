"""Judges a run by the last ones of its machine, for those who cannot run base beside head."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from tailgate.documents.comparison import Shift, finite
from tailgate.documents.level_gate import LevelGate, Levelled
from tailgate.errors import TailgateError
from tailgate.history.figures import every_level
from tailgate.history.queries import runs_of
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.level import LEAST_RUNS, against

if TYPE_CHECKING:
    from collections.abc import Collection

    from tailgate.documents.comparison import Kind
    from tailgate.documents.level_gate import Word
    from tailgate.history.figures import KeptFigure
    from tailgate.history.queries import KeptRun
    from tailgate.history.store import History


def judge_level(
    history: History,
    project: str,
    *,
    last: int,
    margin: float,
    alpha: float,
    kind: Kind,
    percentile: float,
    chosen: Collection[str] = (),
) -> LevelGate:
    """Return how the newest bench stands to the `last` ones before it, of its machine, interpreter and settings.

    alpha: false alarms over all benchmarks together (Bonferroni's, for a handful of runs bears no finer rule).
    """
    runs = runs_of(history, project, limit=1, kind="bench")
    if not runs:
        raise TailgateError(f"the history has no bench of {project}", hint="run `tailgate bench` first")
    run = runs[0]
    found = {}
    for name, figures in sorted(every_level(history, project, kind, percentile).items()):
        if not chosen or name in chosen:
            mine = next((each for each in figures if each.run == run.id), None)
            if mine is not None:
                found[name] = (mine, _alike(figures, mine)[-last:])
    if not found:
        raise TailgateError(
            f"the newest bench, run {run.id}, has none of: {', '.join(sorted(chosen)) or 'the benchmarks'}",
            hint="tailgate history list --benchmarks   names them",
        )
    share = alpha / len(found)
    judged = tuple(_judged(name, mine, before, margin, share) for name, (mine, before) in found.items())
    return _gate(
        run, judged, LevelGate("PASS", 0, run.id, run.head, run.when, run.machine, kind, percentile, margin, alpha, ())
    )


def _gate(run: KeptRun, judged: tuple[Levelled, ...], gate: LevelGate) -> LevelGate:
    words = {each.verdict for each in judged}
    word: Word = "REGRESSION" if "REGRESSION" in words else "UNDECIDED" if "UNDECIDED" in words else "PASS"
    status = {"PASS": 0, "REGRESSION": 1, "UNDECIDED": 3}[word]
    return replace(gate, verdict=word, exit_status=status, commit=run.head, benchmarks=judged)


def _alike(figures: list[KeptFigure], mine: KeptFigure) -> list[KeptFigure]:
    """Return what came before and may be held against it: other code, and nothing else that differs."""

    def key(each: KeptFigure) -> tuple[object, ...]:
        return each.machine, each.interpreter, each.settings, each.operations

    place = figures.index(mine)
    return [each for each in figures[:place] if key(each) == key(mine) and each.value > 0.0]


def _judged(name: str, mine: KeptFigure, before: list[KeptFigure], margin: float, alpha: float) -> Levelled:
    values = [math.log(each.value) for each in before]
    mean = math.exp(sum(values) / len(values)) if values else math.nan
    found = against(values, math.log(mine.value), alpha) if values and mine.value > 0.0 else None
    if found is None:
        shift = Shift(math.log(mine.value / mean) if values and mine.value > 0.0 else 0.0, None, None)
        return Levelled(name, "UNDECIDED", len(before), mine.value, mean if values else 0.0, shift, None, None)
    slower = found.shift.low > 0.0 and found.shift.estimate > log_shift(100.0 * margin)
    word: Word = "REGRESSION" if slower else "PASS"
    shift = Shift.of(found.shift)
    return Levelled(name, word, len(before), mine.value, mean, shift, found.scatter, finite(found.detectable))


__all__ = ["LEAST_RUNS", "judge_level"]
