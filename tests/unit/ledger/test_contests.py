"""What is measured: every claim has its sides, or says what it lacks."""

from __future__ import annotations

import pytest

from suites.benchmarks import benchmarks as suite_benchmarks
from suites.ledger.benchmarks import MODULE, benchmarks
from suites.ledger.builds import Builds
from suites.ledger.claims import CLAIMS
from suites.ledger.contests import COMPILED, ONE_MADE, ONE_MISSING, contests, phase_sides
from tailgate.benchmark import load_suite


@pytest.mark.parametrize("quick", [True, False])
def test_every_side_is_a_benchmark_and_every_pair_has_its_sides(builds: Builds, quick: bool) -> None:  # noqa: FBT001  a parameter
    suite = load_suite(MODULE)
    for contest in contests(builds, quick=quick):
        names = [side.name for side in contest.sides]
        assert len(set(names)) == len(names)
        for side in contest.sides:
            assert suite.find(side.benchmark).name
        for pair in contest.pairs:
            assert {pair.base, pair.head} <= set(names)


def test_every_claim_is_measured_or_missing_here(builds: Builds) -> None:
    found = {pair.id for contest in contests(builds, quick=True) for pair in contest.pairs}
    missing = {key.split()[0] for contest in contests(builds, quick=True) for key in contest.missing}
    assert {each.id for each in CLAIMS} - found - missing == {"B7", "C2"}  # of the wire, and of threads
    assert "I2" in found
    assert "I1" in missing


def test_the_whole_ledger_has_the_other_fixes_too(builds: Builds) -> None:
    def heads(*, quick: bool) -> set[str]:
        return {pair.head for contest in contests(builds, quick=quick) for pair in contest.pairs}

    assert {"decode/msgspec", "snapshots/preallocated"} <= heads(quick=True) < heads(quick=False)
    assert {"decode/orjson", "manager/plain-dict"} <= heads(quick=False) - heads(quick=True)


def test_one_missing_and_one_made_are_opposite(builds: Builds) -> None:
    found = {each.name: each for each in contests(builds, quick=False)}
    missing, made = found[ONE_MISSING].pairs, found[ONE_MADE].pairs
    assert {pair.id for pair in missing} - COMPILED.keys() == {pair.id for pair in made}
    assert {pair.head for pair in missing[:6] if pair.id != "B2"} == {"pipeline/recommended"}
    (ring,) = [pair for pair in missing[:6] if pair.id == "B2"]  # what recommended does better without
    assert (ring.base, ring.head) == ("pipeline/recommended", "pipeline/recommended[handoff=ring]")
    assert {pair.base for pair in made[:6]} == {"pipeline/bottleneck"}


def test_native_code_is_held_against_the_recommended_pipeline(builds: Builds) -> None:
    found = {each.name: each for each in contests(builds, quick=True)}[ONE_MISSING]
    heads = {pair.id: (pair.base, pair.head) for pair in found.pairs if pair.id in {"I4", "I5", "I6"}}
    assert heads == {
        "I4": ("pipeline/recommended", "pipeline/native"),
        "I6": ("pipeline/recommended", "pipeline/fused"),
    }
    assert {side.python for side in found.sides if side.name in COMPILED.values()} == {builds.base}
    assert "mypyc" in found.missing["I5 mypyc"]


def test_phases_add_up(builds: Builds) -> None:
    phases = phase_sides(builds, quick=True)
    assert [phase for phase, _, _ in phases][:3] == ["1", "2", "3: PGO"]
    (_, first, one), (_, second, two), (_, third, three) = phases[:3]
    assert (first, second, third) == (("B3", "B8", "B6"), ("B1", "B5"), ("I2",))
    assert one.benchmark == "pipeline/bottleneck[book=near-window,codec=struct,limiter=try-first]"
    assert (one.python, two.python, three.python) == (builds.base, builds.base, builds.variants["pgo-both"])


def test_without_builds_everything_else_is_still_measured() -> None:
    bare = Builds(
        "running", "/no/python", {}, {"plain": "/no/python"}, dict.fromkeys(("plain+native", "pgo-both"), "-")
    )
    found = contests(bare, quick=True)
    assert {side.python for contest in found for side in contest.sides} == {"/no/python"}


def test_the_ledgers_own_paths_are_added_to_the_suites() -> None:
    own = {each.name for each in benchmarks()} - {each.name for each in suite_benchmarks()}
    assert {"handoff/ring[burst=pareto]", "buffers/pool", "manager/locked", "snapshots/fresh"} <= own
