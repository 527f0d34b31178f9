"""What is counted beside the clock: a missing tool is a note, a count that fails is the trial's failure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.config import GateConfig
from tailgate.errors import MissingToolError, TailgateError
from tailgate.judge.arms import arms_of
from tailgate.judge.counts import counted
from tailgate.judge.gate import Trial
from tailgate.measure.lockstep import Plan
from tailgate.measure.protocol import Injection
from tailgate.measure.sides import Side

if TYPE_CHECKING:
    from collections.abc import Callable

PLAN = Plan(module="", root=Path(), settings={})
BOTH = {"allocations": True, "instructions": True}


@pytest.fixture
def trial() -> Trial:
    return Trial("a/b", arms_of(Side("b", "a/b"), Side("h", "a/b"), Side("c", "a/b"), Injection()), PLAN)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def install(allocations: Any, instructions: Any = lambda *_: 9.0) -> None:
        monkeypatch.setattr("tailgate.profilers.allocations.allocations_per_operation", allocations)
        monkeypatch.setattr("tailgate.profilers.instructions.instructions_of", instructions)

    return install


def fails(error: TailgateError) -> Callable[..., Any]:
    def count(*_: Any) -> Any:
        raise error

    return count


def test_without_memray_the_instructions_are_counted_all_the_same(trial: Trial, counting: Any) -> None:
    counting(fails(MissingToolError("memray cannot be imported", hint="pip install memray")))
    counts, notes = counted([trial], PLAN, GateConfig(), lambda _: None, **BOTH)
    assert [(each.what, each.base) for each in counts] == [("instructions", 9.0)]
    assert notes == ("allocations are not counted: memray cannot be imported\n  pip install memray",)
    assert trial.failure == ""


def test_a_head_that_crashes_while_it_is_counted_has_not_passed(trial: Trial, counting: Any) -> None:
    def crash(side: Side, _plan: Plan) -> Any:
        if side.name == "head":
            raise TailgateError("a/b: RuntimeError: no")
        return 1.0

    counting(crash)
    counts, notes = counted([trial], PLAN, GateConfig(), lambda _: None, **BOTH)
    assert (counts, notes) == ((), ())
    assert trial.failure == "allocations could not be counted: a/b: RuntimeError: no"
