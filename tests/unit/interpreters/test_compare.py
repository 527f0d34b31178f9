"""`compare` of builds: what is named is checked first, what was measured is kept, luck of a build is printed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from documents.interpreters import Interpreters, compared_of, compared_table
from suites import interpreters as module
from suites.interpreters import TWIN, benchmarks_of, main
from suites.settings import tape_of
from tailgate.documents.comparison import Series
from tailgate.documents.envelope import load
from tailgate.judge.league import League
from tailgate.measure.sides import Side
from tailgate.project.opening import open_project
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from documents.interpreters import Compared

BUILDS = ("3.13.9-plain", "3.13.9-pgo", "3.13.9-pgo.r2")
NS = {"3.13.9-plain": 1200.0, "3.13.9-pgo": 1000.0, "3.13.9-pgo.r2": 1010.0, TWIN: 1200.0}


def league_of(names: Sequence[str], blocks: int = 8) -> League:
    rows = {name: [(NS[name],) * len(LADDER)] * blocks for name in names}
    return League(names[0], Series({"raw": rows, "reproducible": rows}, 20_000, 100_000), {}, 1.0)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """Return a `compare` without processes: what was run, and a way to make the league of that number fail."""
    seen = SimpleNamespace(leagues=[], fails_at=None, output=tmp_path / "out")

    def sides_of(project: Any, builds: Sequence[str], benchmark: str) -> list[Side]:
        return [Side(name, benchmark) for name in (*builds, TWIN)]

    def run_league(sides: Sequence[Side], plan: Any, rng: Any, blocks: int) -> League:
        if len(seen.leagues) == seen.fails_at:
            raise KeyboardInterrupt
        seen.leagues.append((sides[0].benchmark, dict(plan.settings)))
        return league_of([side.name for side in sides], blocks)

    place = SimpleNamespace(cpu=0, coordinator_cpus=frozenset({0}), seat=None)
    monkeypatch.setattr(module, "sides_of", sides_of)
    monkeypatch.setattr(module, "run_league", run_league)
    monkeypatch.setattr(module, "choose_place", lambda *_words, **_named: place)
    monkeypatch.setattr(module, "tape_of", lambda settings: None)

    def invoke(*words: str) -> Any:
        return CliRunner().invoke(main, [*words, "--output", str(seen.output)])

    seen.invoke = invoke
    return seen


def test_by_default_the_pipeline_and_every_path_are_compared() -> None:
    project = open_project(module.ROOT)
    assert [each.path for each in benchmarks_of(project, [])] == [
        "pipeline",
        *dict.fromkeys(each.path for each in project.suite.benchmarks if each.path != "pipeline"),
    ]
    assert {each.role for each in benchmarks_of(project, [])} == {"recommended"}


def test_each_benchmark_runs_on_the_training_tape_and_on_one_it_was_not_trained_on(run: SimpleNamespace) -> None:
    done = run.invoke(*BUILDS, "--only", "pipeline,risk")
    assert done.exit_code == 0, done.output
    assert [(name, settings["seed"]) for name, settings in run.leagues] == [
        ("pipeline/recommended", 7),
        ("pipeline/recommended", module.HELD_OUT_SEED),
        ("risk/lock-free", 7),
        ("risk/lock-free", module.HELD_OUT_SEED),
    ]


def compared(names: Sequence[str]) -> Compared:
    league = league_of(names)
    return compared_of("risk", league.base, league.series.rows, {})


def test_a_variant_that_was_built_twice_prints_the_error_of_a_build() -> None:
    (line,) = compared((*BUILDS, TWIN)).errors
    assert line == (
        "error of a build: 3.13.9-pgo.r2 is 0.990x [0.990, 0.990] at p50, 0.990x [0.990, 0.990] at p99 reproducible, "
        "0.990x [0.990, 0.990] at p99 raw as fast as 3.13.9-pgo"
    )
    assert line in compared_table(compared((*BUILDS, TWIN))).text()
    assert compared((BUILDS[0], BUILDS[2])).errors == ()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--only", "risk,nosuch"), "nosuch"),
        (("--capture", "no-such-file.raw"), "no-such-file.raw"),
    ],
)
def test_what_is_named_wrongly_is_said_before_anything_is_measured(
    run: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    monkeypatch.setattr(module, "tape_of", lambda settings: settings["capture"] and tape_of(settings))
    done = run.invoke(*BUILDS, *words)
    assert (done.exit_code, run.leagues) == (2, [])
    assert told in done.output


def test_a_build_that_is_named_twice_is_a_usage_error(run: SimpleNamespace) -> None:
    assert run.invoke(BUILDS[0], BUILDS[0]).exit_code == 2
    assert run.leagues == []


def test_an_interruption_loses_only_the_league_that_ran(run: SimpleNamespace) -> None:
    run.fails_at = 2
    done = run.invoke(*BUILDS, "--only", "pipeline,risk")
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    kept = load(run.output / "interpreters.json", Interpreters)
    assert [each.title for each in kept.compared] == [
        "pipeline/recommended, training tape",
        "pipeline/recommended, held out: another seed",
    ]
    assert "held out: another seed" in (run.output / "interpreters.md").read_text()
    assert "pipeline/recommended, training tape" in done.output
