"""C1 and C2: managers of books under threads that meet, on a build with the GIL and on one without.

Lockstep shares one CPU, and threads that meet need several: so the runs of a block follow one another in random order,
and the unit is still the block.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from suites.ledger.builds import FREE_THREADED
from suites.ledger.claims import BY_ID
from suites.ledger.judging import Judgement, join, judge, logs, repeatable, times_of
from suites.ledger.rows import absent, row_of
from suites.ledger.threads import READS_PER_WRITE, Placement, Spec

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from documents.ledger import Row
    from suites.ledger.builds import Builds
    from tailgate.judge.league import Times

GIL: Final = "GIL"
FREE: Final = "free-threaded"
_PACE: Final = (("locked", "floating"), ("plain-dict", "floating"), ("lock-free", "floating"), ("lock-free", "pinned"))
_LIMIT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Runner:
    """One thing that runs: an interpreter, a manager, where the threads are put."""

    build: str
    python: str
    manager: str
    placement: Placement

    @property
    def name(self) -> str:
        """Name it as the rows do."""
        return f"{self.manager}, {self.placement}, {self.build}"


@dataclass(slots=True)
class Runs:
    """What the blocks gave: by runner, one value a block of each figure; and who could not run, with the reason."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, found: Mapping[str, Any]) -> None:
        """Take one run."""
        kept = self.figures.setdefault(name, {"p50_ns": [], "p99_ns": [], "operations_per_s": []})
        for key, values in kept.items():
            values.append(float(found[key]))


def runners(builds: Builds) -> tuple[list[Runner], dict[str, str]]:
    """Return every runner that is there, and why a build is not."""
    pythons = {GIL: builds.bare["plain"]}
    missing = {}
    if FREE_THREADED in builds.bare:
        pythons[FREE] = builds.bare[FREE_THREADED]
    else:
        missing[FREE] = builds.missing[FREE_THREADED]
    placements: list[Any] = list(_PACE)
    return [Runner(build, python, *each) for build, python in pythons.items() for each in placements], missing


def contend(
    found: Sequence[Runner],
    spec: Spec,
    blocks: int,
    rng: random.Random,
    start: Callable[[Runner, Spec], dict[str, Any]],
    heard: Callable[[int], None] = lambda _: None,
) -> Runs:
    """Run every runner once a block, in random order; one that fails, or whose GIL is not as it says, is left out."""
    runs = Runs()
    for number in range(blocks):
        for runner in rng.sample(list(found), len(found)):
            if runner.name in runs.unavailable:
                continue
            told = start(runner, replace(spec, manager=runner.manager, placement=runner.placement))
            why = _why_not(runner, told)
            if why:
                runs.unavailable[runner.name] = why
                runs.figures.pop(runner.name, None)
            else:
                runs.add(runner.name, told)
        heard(number + 1)
    return runs


def _why_not(runner: Runner, told: Mapping[str, Any]) -> str:
    if "error" in told:
        return str(told["error"])
    if runner.build == FREE and told["gil"] == "on":
        return "something that was imported turned the GIL on"
    return ""


def start_in(root: Path) -> Callable[[Runner, Spec], dict[str, Any]]:
    """Return what starts the process of a run from the project's root."""

    def start(runner: Runner, spec: Spec) -> dict[str, Any]:
        carried = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        try:
            done = subprocess.run(
                [runner.python, "-m", "suites.ledger.threads", spec.to_json()],
                cwd=root,
                env=carried | {"PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return {"error": f"{runner.python}: {error}"}
        if done.returncode != 0:
            return {"error": (done.stderr.strip().splitlines() or [f"left with status {done.returncode}"])[-1]}
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    return start


def contention_rows(runs: Runs | None, missing: Mapping[str, str], why: str, spec: Spec) -> list[Row]:
    """Return the rows of C1 and C2: the lock-free map first, on the GIL; then the other fix, then the other build."""
    fixes = [("C1", ("locked", "floating"), (manager, "floating")) for manager in ("lock-free", "plain-dict")]
    fixes.append(("C2", ("lock-free", "floating"), ("lock-free", "pinned")))
    rows = []
    for build in (GIL, FREE):
        for row, base, head in fixes:
            names = [f"{manager}, {placement}, {build}" for manager, placement in (base, head)]
            told = f"{spec.threads} threads, {READS_PER_WRITE} reads a write, {build}: "
            told += f"{base[0]} → {head[0]}" if row == "C1" else f"{base[1]} → {head[1]} threads"
            reason = missing.get(build, why)
            if runs is not None and not reason:
                reason = next((runs.unavailable[name] for name in names if name in runs.unavailable), "")
            if runs is None or reason:
                rows.append(absent(row, "path", told, reason or "it was not measured"))
            else:
                rows.append(_row(row, told, *(runs.figures[name] for name in names)))
    return sorted(rows, key=lambda row: row.id)


def _row(row: str, benchmark: str, base: Mapping[str, Any], head: Mapping[str, Any]) -> Row:
    claim = BY_ID[row]
    p50, p99 = (repeatable(times_of(logs(base[key], head[key]))) for key in ("p50_ns", "p99_ns"))
    throughput: Times = repeatable(times_of(logs(head["operations_per_s"], base["operations_per_s"])))
    judged = judge(throughput if claim.judged == "throughput" else p99, claim.bounds)
    told = join(judged.why, f"throughput {throughput}; p50 and p99 are a read's")
    return row_of(row, "path", benchmark, Judgement(judged.verdict, told), (p50, p99))
