"""What is measured is kept after each league, and taken up again."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from suites.ledger import measuring as module
from suites.ledger.contests import contests
from suites.ledger.document import budgets
from suites.ledger.state import State, resume
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.results.histogram import fill, percentile

if TYPE_CHECKING:
    from collections.abc import Callable

    from suites.ledger.measuring import Measuring
    from tailgate.judge.league import League
    from tailgate.measure.sides import Side


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, made_league: Callable[..., League]) -> list[str]:
    """Replace what starts processes; tell what would have run."""
    names: list[str] = []

    def league(
        sides: tuple[Side, ...],
        _plan: Any,
        _rng: Any,
        blocks: int,
        *,
        heard: Callable[[int], None],
        block: Callable[..., Any],
    ) -> League:
        names.append(sides[0].name)
        for number in range(blocks):
            block(sides)
            heard(number + 1)
        return made_league({side.name: 100.0 for side in sides})

    def start(_root: Any) -> Callable[..., dict[str, Any]]:
        return lambda python, _spec: {
            "reads": {"100": 98, "200": 2},
            "operations": [50, 50],
            "writes": {"100": 98, "200": 2},
            "done": 1_000_000,
            "seconds": 1.0,
            "failure": "",
            "gil": "off" if "free" in python else "on",
        }

    def run_block(sides: tuple[Side, ...]) -> Any:
        slow = [1_000] * 98 + [1_000 * len(blocks_run), 9_000]
        blocks_run.append(1)
        return SimpleNamespace(records=[SimpleNamespace(side=side, raw=lambda: slow) for side in sides])

    blocks_run: list[int] = []
    monkeypatch.setattr(module, "run_block", run_block)
    monkeypatch.setattr(module, "run_league", league)
    monkeypatch.setattr(module, "start_in", start)
    monkeypatch.setattr(module, "allocations_of", lambda side, _plan, _count: _Count(len(side.name)))
    return names


class _Count:
    def __init__(self, per_operation: float) -> None:
        self.per_operation = per_operation


def test_a_run_measures_everything_and_a_resumed_one_nothing(measuring: Measuring, ran: list[str]) -> None:
    measuring.run()
    expected = [each.sides[0].name for each in contests(measuring.builds, quick=True)]
    assert ran == expected
    assert measuring.state.allocations["decode/json"] == len("decode/json")
    assert measuring.state.contention is not None

    again = resume(measuring.path, measuring.state.terms)
    assert list(again.leagues) == list(measuring.state.leagues)
    assert again.contention == measuring.state.contention
    assert again.allocations == measuring.state.allocations
    assert again.raw == measuring.state.raw
    replace(measuring, state=again).run()
    assert ran == expected


def test_a_budget_is_held_against_all_processes_together_as_in_a_bench(measuring: Measuring, ran: list[str]) -> None:
    """Two operations of a block are slow, one by its number: the p99 of all is not the median of the blocks'."""
    measuring.run()
    blocks = measuring.contests[0].effort.blocks
    together = [1_000] * 98 * blocks + [1_000 * n for n in range(blocks)] + [9_000] * blocks
    spent = {
        each.name: each
        for each in budgets(measuring.state, measuring.contests, {"decode/msgspec": 4.0, "pipeline": 9.0})
    }
    assert list(spent) == ["decode/msgspec", "pipeline/recommended"]
    assert spent["decode/msgspec"].p99_ns == percentile(fill(together), 99)
    assert spent["decode/msgspec"].advisory


def test_a_league_that_fails_is_told_and_the_others_run(
    measuring: Measuring, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Any = getattr(module, "run_league")  # noqa: B009  the module imports it, and exports it not

    def failing(sides: Any, *rest: Any, **more: Any) -> Any:
        if sides[0].name.startswith("book/"):
            raise TailgateError("operation 7 differs")
        return whole(sides, *rest, **more)

    monkeypatch.setattr(module, "run_league", failing)
    measuring.run()
    assert list(measuring.state.failed.values()) == ["operation 7 differs"]
    assert len(measuring.state.leagues) == len(measuring.contests) - 1
    assert len(ran) == len(measuring.contests) - 1


def test_contention_in_which_nobody_ran_is_tried_again(
    measuring: Measuring, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Any = getattr(module, "start_in")  # noqa: B009  the module imports it, and exports it not
    monkeypatch.setattr(module, "start_in", lambda _root: lambda *_: {"error": "no memory"})
    measuring.run()
    assert measuring.state.contention is None
    assert "floating, GIL: no memory" in measuring.state.failed[module.CONTENTION]

    monkeypatch.setattr(module, "start_in", whole)
    again = resume(measuring.path, measuring.state.terms)
    replace(measuring, state=again).run()
    assert again.contention is not None
    assert again.failed == {}


def test_ctrl_c_keeps_what_was_measured(measuring: Measuring, ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Any = getattr(module, "run_league")  # noqa: B009  the module imports it, and exports it not

    def interrupted(sides: Any, *rest: Any, **more: Any) -> Any:
        if sides[0].name.startswith("book/"):
            raise KeyboardInterrupt
        return whole(sides, *rest, **more)

    monkeypatch.setattr(module, "run_league", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measuring.run()
    assert len(resume(measuring.path, measuring.state.terms).leagues) == len(ran) == 2


def test_what_failed_is_remembered_until_it_succeeds(measuring: Measuring, ran: list[str]) -> None:
    first = measuring.contests[0].name
    measuring.state.failed[first] = "operation 7 differs"
    measuring.state.uncounted["decode/json"] = "memray is not installed"
    save(measuring.path, measuring.state)
    again = resume(measuring.path, measuring.state.terms)
    assert (again.failed, again.uncounted) == (measuring.state.failed, measuring.state.uncounted)
    replace(measuring, state=again).run()
    assert (again.failed, again.uncounted) == ({}, {})


@pytest.mark.parametrize("text", ["[]", "{}", '{"terms": [], "leagues": {}}', "{"])
def test_what_is_damaged_is_one_error(measuring: Measuring, text: str) -> None:
    measuring.path.write_text(text, encoding="utf-8")
    with pytest.raises(TailgateError, match=r"measured\.json is (damaged|no result file)"):
        resume(measuring.path, measuring.state.terms)


def test_what_a_run_before_envelopes_left_is_taken_up(measuring: Measuring, made_league: Callable[..., League]) -> None:
    measuring.state.leagues["a"] = made_league({"one": 100.0, "two": 50.0})
    save(measuring.path, measuring.state)
    plain = json.loads(measuring.path.read_text())["document"]
    measuring.path.write_text(json.dumps(plain | {"schema": 2}))
    assert resume(measuring.path, measuring.state.terms) == measuring.state


def test_other_terms_are_refused(measuring: Measuring) -> None:
    save(measuring.path, measuring.state)
    with pytest.raises(TailgateError, match="other terms"):
        resume(measuring.path, {"quick": False})


def test_nothing_to_resume_is_a_fresh_run(measuring: Measuring) -> None:
    state = resume(measuring.root / "nothing.json", {"quick": True})
    assert state == State({"quick": True})
