"""The main job: every group of benchmarks, block by block in lockstep, stored after each block."""

from __future__ import annotations

import json
import sys
import sysconfig
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from tailgate.adapters import is_adapted
from tailgate.errors import TailgateError
from tailgate.measure.lockstep import Contest, run_contests
from tailgate.measure.sides import UnavailableSideError, side_of
from tailgate.results import schema

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side
    from tailgate.results.store import Store


class Progress(Protocol):
    """Hears how far a run is; the command line draws it."""

    def total(self, blocks: int) -> None:
        """Say how many blocks there will be."""

    def begin(self, group: str, block: int, blocks: int) -> None:
        """Say that a block of a group begins."""

    def done(self) -> None:
        """Say that a block is over and stored."""


@dataclass(frozen=True, slots=True)
class BenchRun:
    """What a bench run did not measure, and why; and what was not as its interpreter claims."""

    unavailable: Mapping[str, str]
    gil: Mapping[str, str]  # a benchmark of a free-threaded build, and what turned its GIL on


def run_bench(
    benchmarks: Sequence[Benchmark],
    plan: Plan,
    store: Store,
    *,
    blocks: int,
    rng: random.Random,
    progress: Progress,
    machine: Mapping[str, Any],
    python: str = "",
) -> BenchRun:
    """Measure every group `blocks` times, skipping the blocks that the store already has.

    A group that fails costs the others nothing: its error is raised when everything else is stored.
    """
    _same_settings(store, plan, benchmarks)
    run = _Run(groups(benchmarks), replace(plan, record=True), store, rng, progress, machine, python)
    progress.total(blocks * len(run.grouped))
    for number in range(blocks):
        run.block(number, blocks)
    for error in run.failures.values():
        raise error
    return BenchRun(run.unavailable, run.gil)


def groups(benchmarks: Iterable[Benchmark]) -> dict[str, list[Benchmark]]:
    """Put together what is compared with each other, in the order of the declarations."""
    found: dict[str, list[Benchmark]] = {}
    for each in benchmarks:
        found.setdefault(each.group, []).append(each)
    return found


_CHECKED_BLOCKS: Final = 2
"""So many blocks check the answers: the second in processes with other hash seeds than the first."""


class _Run:
    """One bench: what it measures, and what has become of it."""

    def __init__(
        self,
        grouped: Mapping[str, Sequence[Benchmark]],
        plan: Plan,
        store: Store,
        rng: random.Random,
        progress: Progress,
        machine: Mapping[str, Any],
        python: str,
    ) -> None:
        self.grouped = grouped
        self.plan = plan
        self.store = store
        self.rng = rng
        self.progress = progress
        self.machine = {**machine, schema.ASKED: plan.operations or 0}
        self.python = python
        self.unavailable: dict[str, str] = {}
        self.gil: dict[str, str] = {}
        self.failures: dict[str, TailgateError] = {}
        with_gil = not python and not sysconfig.get_config_var("Py_GIL_DISABLED")
        self._shares = with_gil and not is_adapted(plan.module)
        self._slots = max(map(len, grouped.values()), default=0)

    def block(self, number: int, blocks: int) -> None:
        """Run a block of every group that the store does not have yet; store each when it is over."""
        contests = []
        for group, members in self.grouped.items():
            waiting = [
                each for each in members if self.store.blocks(each.name) <= number and each.name not in self.unavailable
            ]
            if waiting and group not in self.failures:
                contests.append(Contest(group, tuple(self._sides(waiting)), self._plan(members, number)))
            else:
                self.progress.begin(group, number + 1, blocks)
                self.progress.done()

        def take(group: str, outcome: Block | TailgateError) -> None:
            self._take(group, outcome, number)
            self.progress.done()

        run_contests(contests, self.rng, take, begins=lambda group: self.progress.begin(group, number + 1, blocks))

    def _sides(self, waiting: Sequence[Benchmark]) -> Iterator[Side]:
        """Return the sides of a group, each in another process, which it shares with others of other groups.

        The build without a GIL does not share: one module that needs the GIL turns it on for all. Nor does the suite of
        another tool, which is loaded for one benchmark.
        """
        slots = self.rng.sample(range(self._slots), len(waiting))
        for slot, each in zip(slots, waiting, strict=True):
            yield replace(side_of(each, self.python or sys.executable), process=str(slot) if self._shares else "")

    def _plan(self, members: Sequence[Benchmark], number: int) -> Plan:
        """Return how a group is run: the later blocks do the same work as the earlier ones, whatever it takes."""
        found = [self.store.metadata(m.name)[schema.OPERATIONS] for m in members if self.store.blocks(m.name)]
        if not found:
            return self.plan
        return replace(self.plan, operations=min(found), process_budget_s=float("inf"), check=number < _CHECKED_BLOCKS)

    def _take(self, group: str, outcome: Block | TailgateError, number: int) -> None:
        members = self.grouped[group]
        if isinstance(outcome, UnavailableSideError):
            self.unavailable |= {each.name: each.unavailable() or "cannot run here" for each in members}
        elif isinstance(outcome, TailgateError):
            self.failures[group] = outcome
        else:
            self.unavailable |= dict(outcome.unavailable)
            self.gil |= dict(outcome.gil)
            with self.plan.timing.phase("store"):
                _keep(outcome, members, self.plan, self.store, number, self.machine)


def _keep(
    block: Block, members: Sequence[Benchmark], plan: Plan, store: Store, number: int, machine: Mapping[str, Any]
) -> None:
    by_name = {each.name: each for each in members}
    for record in block.records:
        benchmark = by_name[record.side.benchmark]
        earlier = store.metadata(benchmark.name)
        if earlier and record.digest and earlier[schema.DIGEST] != record.digest:
            raise TailgateError(
                f"{benchmark.name} gave other answers in block {number + 1} than before: its work is not deterministic",
                hint="the digest of the answers must depend on the tape alone",
            )
        facts = {
            schema.BLOCK: number,
            schema.DIGEST: record.digest or earlier[schema.DIGEST],
            schema.GROUP: benchmark.group,
            schema.PATH: benchmark.path,
            schema.IMPLEMENTATION: benchmark.implementation,
            schema.SETTINGS: json.dumps(dict(plan.settings)),
            **({schema.ROLE: benchmark.role} if benchmark.role else {}),
            **machine,
        }
        store.add(benchmark.name, record.pyperf_json, facts)
    store.write()


def _same_settings(store: Store, plan: Plan, benchmarks: Sequence[Benchmark]) -> None:
    """Refuse to resume a run that was about something else, or in which operations were more, or repeated more often.

    The least of more passes is lower: processes of different passes have no reproducible tail in common.
    """
    mine = {
        schema.SETTINGS: json.dumps(dict(plan.settings)),
        schema.PASSES: plan.passes,
        schema.ASKED: plan.operations or 0,
    }
    words = {schema.SETTINGS: "{}", schema.PASSES: "{} passes", schema.ASKED: "--operations {}"}
    for each in benchmarks:
        theirs = {key: store.metadata(each.name).get(key, value) for key, value in mine.items()}
        for key, told in words.items():
            if theirs[key] != mine[key]:
                raise TailgateError(
                    f"{store.path} was measured with {told.format(theirs[key])}, this run has {told.format(mine[key])}",
                    hint="give the same options, or leave --resume away to start anew",
                )
