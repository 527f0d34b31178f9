"""B5, C1 and C2: counters and managers of books under threads that meet, with the GIL and without.

Lockstep shares one CPU, and threads that meet need several: so the runs of a block follow one another in random order,
and the unit is still the block. `suites.contention` makes the runs; `nox -s contention` has many more of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from documents.contention.document import Contender, percentile_of
from suites.contention.running import contend
from suites.ledger.builds import FREE_THREADED
from suites.ledger.claims import BY_ID
from suites.ledger.judging import Judgement, join, judge, logs, repeatable, times_of
from suites.ledger.rows import absent, row_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    from documents.contention.document import ThreadRun
    from documents.ledger import Row
    from suites.contention.spec import Placement, ThreadSpec
    from suites.ledger.builds import Builds
    from tailgate.judge.league import Times

GIL: Final = "GIL"
FREE: Final = "free-threaded"
_PACE: Final[tuple[tuple[str, str, Placement], ...]] = (
    ("counters", "lock", "floating"),
    ("counters", "sharded", "floating"),
    ("manager", "locked", "floating"),
    ("manager", "plain-dict", "floating"),
    ("manager", "lock-free", "floating"),
    ("manager", "lock-free", "pinned"),
)
_JUDGED_KIND: Final = {"counters": "writes", "manager": "reads"}
_FIXES: Final = (
    ("B5", _PACE[0], _PACE[1]),
    ("C1", _PACE[2], _PACE[4]),
    ("C1", _PACE[2], _PACE[3]),
    ("C2", _PACE[4], _PACE[5]),
)
"""From base to head; the first of an id is its own row."""


@dataclass(frozen=True, slots=True)
class Runner:
    """One thing that runs: an interpreter, an implementation of a path, where the threads are put."""

    build: str
    python: str
    subject: str
    implementation: str
    placement: Placement

    @property
    def name(self) -> str:
        """Name it as the rows do."""
        return _name(self.subject, self.implementation, self.placement, self.build)


def _name(subject: str, implementation: str, placement: str, build: str) -> str:
    return f"{subject}/{implementation}, {placement}, {build}"


@dataclass(slots=True)
class Runs:
    """What the blocks gave: by runner, one value a block of each figure; and who could not run, with the reason."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)

    def add(self, runner: Runner, run: ThreadRun) -> None:
        """Take one run."""
        counts = run.writes if _JUDGED_KIND[runner.subject] == "writes" else run.reads
        figures = {f"p{100 * p:g}_ns": float(percentile_of(counts, p)) for p in (0.5, 0.99)}
        kept = self.figures.setdefault(runner.name, {})
        for key, value in (figures | {"operations_per_s": run.done / run.seconds}).items():
            kept.setdefault(key, []).append(value)


def runners(builds: Builds) -> tuple[list[Runner], dict[str, str]]:
    """Return every runner that is there, and why a build is not."""
    pythons = {GIL: builds.bare["plain"]}
    missing = {}
    if FREE_THREADED in builds.bare:
        pythons[FREE] = builds.bare[FREE_THREADED]
    else:
        missing[FREE] = builds.missing[FREE_THREADED]
    return [Runner(build, python, *each) for build, python in pythons.items() for each in _PACE], missing


def by_block(
    found: Sequence[Runner],
    spec: ThreadSpec,
    blocks: int,
    rng: random.Random,
    start: Callable[[str, ThreadSpec], dict[str, Any]],
    heard: Callable[[int], None] = lambda _: None,
) -> Runs:
    """Run every runner once a block, in random order; one that fails, or whose GIL is not as it says, has no figure."""
    contenders, runner_of = {}, {}
    for each in found:
        interval_s = spec.interval_s
        who = Contender(
            *(each.subject, each.implementation, spec.threads, each.placement, each.build, interval_s, spec.reads)
        )
        runner_of[who] = each
        contenders[who] = (
            each.python,
            replace(spec, subject=each.subject, implementation=each.implementation, placement=each.placement),
        )
    ended = 0

    def told(turn: int, _run: ThreadRun) -> None:
        nonlocal ended
        if turn > ended:  # the first of a turn says that the one before is over
            ended = turn
            heard(ended)

    ran, unavailable, whole = contend(contenders, blocks, rng, start, told)
    if not whole:
        raise KeyboardInterrupt
    heard(blocks)
    runs = Runs()
    for who, runner in runner_of.items():
        own = [run for run in ran if run.contender == who]
        failure = next((run.failure for run in own if run.failure), "")
        why = unavailable.get(f"{who.name}, {who.build}", failure)
        if why:
            runs.unavailable[runner.name] = why
            continue
        for run in own:
            runs.add(runner, run)
    return runs


def contention_rows(runs: Runs | None, missing: Mapping[str, str], why: str, spec: ThreadSpec) -> list[Row]:
    """Return the rows of B5, C1 and C2, on the GIL and then on the other build."""
    rows = []
    for build in (GIL, FREE):
        for row, base, head in _FIXES:
            names = [_name(*each, build) for each in (base, head)]
            changed = f"{base[2]} → {head[2]} threads" if row == "C2" else f"{base[1]} → {head[1]}"
            told = f"{base[0]}, {spec.threads} threads, {spec.reads} reads a write, {build}: {changed}"
            reason = missing.get(build, why)
            if runs is not None and not reason:
                absentees = [name for name in names if name not in runs.figures]
                reason = next((runs.unavailable.get(name, f"{name} was not measured") for name in absentees), "")
            if runs is None or reason:
                rows.append(absent(row, "path", told, reason or "it was not measured"))
            else:
                rows.append(_row(row, told, _JUDGED_KIND[base[0]], *(runs.figures[name] for name in names)))
    return sorted(rows, key=lambda row: row.id)


def _row(row: str, benchmark: str, kind: str, base: Mapping[str, Any], head: Mapping[str, Any]) -> Row:
    claim = BY_ID[row]
    p50, p99 = (repeatable(times_of(logs(base[key], head[key]))) for key in ("p50_ns", "p99_ns"))
    throughput: Times = repeatable(times_of(logs(head["operations_per_s"], base["operations_per_s"])))
    judged = judge(throughput if claim.judged == "throughput" else p99, claim.bounds)
    told = join(judged.why, f"throughput {throughput}; p50 and p99 are those of the {kind}")
    return row_of(row, "path", benchmark, Judgement(judged.verdict, told), (p50, p99))
