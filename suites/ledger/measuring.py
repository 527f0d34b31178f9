"""Runs whatever is not measured yet, and saves after each league."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from suites.contention.running import start_in
from suites.contention.spec import ThreadSpec
from suites.ledger.benchmarks import MODULE
from suites.ledger.contention import by_block, runners
from suites.ledger.contests import ONE_MISSING, contests
from suites.settings import DEFAULTS
from tailgate.config import Config
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.judge.league import run_league
from tailgate.measure.lockstep import run_block
from tailgate.profilers.allocations import allocations_of
from tailgate.project.plans import plan_of
from tailgate.results.histogram import encode, fill, merge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from suites.ledger.builds import Builds
    from suites.ledger.contests import Contest
    from suites.ledger.state import State
    from tailgate.machine.place import AssessedPlace
    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side
    from tailgate.results.histogram import Histogram
    from tailgate.terminal.progress import BlockProgress

CONTENTION: Final = "threads that meet"
COUNTING: Final = "allocations"
THREADS: Final = 4
_COUNTERS: Final = 2
"""Counts are exact whatever else runs, so two processes count at a time."""


@dataclass(frozen=True, slots=True)
class Measuring:
    """All that a run of the ledger needs."""

    root: Path
    place: AssessedPlace
    builds: Builds
    state: State
    path: Path
    quick: bool
    progress: BlockProgress

    @property
    def contests(self) -> list[Contest]:
        """Return the leagues of this run."""
        return contests(self.builds, quick=self.quick)

    @property
    def threads(self) -> ThreadSpec:
        """Return what a contention run is of, but for who runs."""
        cpus = sorted({*self.place.coordinator_cpus, *([] if self.place.cpu is None else [self.place.cpu])}) or [0]
        return ThreadSpec(
            *("", "", THREADS, "floating", tuple(cpus), 0.25 if self.quick else 0.6),
            messages=4_000,
            seed=int(DEFAULTS["seed"]),
        )

    def run(self) -> None:
        """Measure; what ends with an error is recorded, and the rest goes on."""
        todo = [each for each in self.contests if each.name not in self.state.leagues]
        blocks = 6 if self.quick else 10
        counted = [] if self.builds.countable else self._to_count()
        self.progress.total(
            sum(each.effort.blocks for each in todo) + blocks * (self.state.contention is None) + len(counted)
        )
        for contest in todo:
            self._timed(contest.name, partial(self._league, contest))
        if self.state.contention is None:
            self._timed(CONTENTION, partial(self._contention, blocks))
        if counted:
            self._timed(COUNTING, partial(self._count, counted))

    def _timed(self, name: str, job: Callable[[], None]) -> None:
        began = time.monotonic()
        try:
            job()
            self.state.failed.pop(name, None)
        except TailgateError as error:
            self.state.failed[name] = str(error)
        finally:
            self.state.seconds += time.monotonic() - began
            save(self.path, self.state)

    def _plan(self, contest: Contest) -> Plan:
        return plan_of(
            Config(self.root, MODULE),
            DEFAULTS,
            self.place,
            passes=contest.effort.passes,
            operations=contest.effort.operations,
            process_budget_s=contest.effort.process_budget_s,
        )

    def _league(self, contest: Contest) -> None:
        blocks = contest.effort.blocks
        self.progress.begin(contest.name, 1, blocks)

        def heard(done: int) -> None:
            self.progress.done()
            if done < blocks:
                self.progress.begin(contest.name, done + 1, blocks)

        raw: list[Histogram] = []

        def block(*run: Any) -> Block:
            done = run_block(*run)
            raw.extend(fill(each.raw()) for each in done.records if each.side.name == contest.recommended)
            return done

        league = run_league(contest.sides, self._plan(contest), random.Random(), blocks, heard=heard, block=block)
        self.state.leagues[contest.name] = league
        if raw:
            self.state.raw[contest.recommended] = encode(merge(raw))

    def _contention(self, blocks: int) -> None:
        found, _ = runners(self.builds)
        self.progress.begin(CONTENTION, 1, blocks)

        def heard(done: int) -> None:
            self.progress.done()
            if done < blocks:
                self.progress.begin(CONTENTION, done + 1, blocks)

        runs = by_block(found, self.threads, blocks, random.Random(), start_in(self.root), heard)
        if not runs.figures:  # nothing to keep: another try may find them able to run
            raise TailgateError(
                "no runner ran: " + "; ".join(f"{name}: {why}" for name, why in runs.unavailable.items())
            )
        self.state.contention = runs

    def _to_count(self) -> list[tuple[Side, Plan]]:
        """Return each benchmark of the base interpreter's rows once; in a quick run the paths' first fixes alone."""
        found: dict[str, tuple[Side, Plan]] = {}
        for contest in self.contests:
            plan = self._plan(contest)
            wanted = {name for pair in contest.pairs for name in (pair.base, pair.head)}
            on_path = contest.pairs[0].where == "path"
            for side in contest.sides:
                ours = side.python == self.builds.base and not side.env and side.name == side.benchmark
                if ours and side.name in wanted and (on_path or contest.name == ONE_MISSING):
                    found.setdefault(side.name, (side, plan))
        return [each for name, each in found.items() if name not in self.state.allocations]

    def _count(self, todo: list[tuple[Side, Plan]]) -> None:
        operations = 500 if self.quick else 2_000
        with ThreadPoolExecutor(_COUNTERS) as pool:
            plans = [(side, replace(plan, seat=None)) for side, plan in todo]
            jobs = {pool.submit(allocations_of, *each, operations): each[0] for each in plans}
            try:
                for number, job in enumerate(as_completed(jobs), 1):
                    name = jobs[job].name
                    self.progress.begin(f"{COUNTING}: {name}", number, len(jobs))
                    try:
                        self.state.allocations[name] = job.result().per_operation
                        self.state.uncounted.pop(name, None)
                    except TailgateError as error:
                        self.state.uncounted[name] = str(error)
                    self.progress.done()
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
