"""The main job: every group of benchmarks, block by block in lockstep, stored after each block."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from tailgate.errors import TailgateError
from tailgate.measure.lockstep import run_block
from tailgate.measure.sides import UnavailableSideError, side_of
from tailgate.results import schema

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from tailgate.benchmark import Benchmark
    from tailgate.measure.lockstep import Block, Plan
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
    """What a bench run did not measure, and why; and what was not as its interpreter promises."""

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
    """Measure every group `blocks` times, skipping the blocks that the store already has."""
    _same_settings(store, plan, benchmarks)
    unavailable: dict[str, str] = {}
    gil: dict[str, str] = {}
    grouped = groups(benchmarks)
    progress.total(blocks * len(grouped))
    for group, members in grouped.items():
        group_plan = plan
        for number in range(blocks):
            progress.begin(group, number + 1, blocks)
            waiting = [each for each in members if store.blocks(each.name) <= number and each.name not in unavailable]
            if waiting:
                known = _operations(store, members)
                if known:  # the later blocks do the same work, whatever it takes
                    group_plan = replace(plan, operations=known, process_budget_s=float("inf"))
                facts = {**machine, schema.ASKED: plan.operations or 0}
                _one_block(waiting, group_plan, store, number, rng, facts, unavailable, gil, python)
            progress.done()
    return BenchRun(unavailable, gil)


def groups(benchmarks: Iterable[Benchmark]) -> dict[str, list[Benchmark]]:
    """Put together what is compared with each other, in the order of the declarations."""
    found: dict[str, list[Benchmark]] = {}
    for each in benchmarks:
        found.setdefault(each.group, []).append(each)
    return found


def _operations(store: Store, members: Sequence[Benchmark]) -> int | None:
    """Give how many operations the earlier blocks of a group measured: the later ones do the same work."""
    found = [store.metadata(each.name)[schema.OPERATIONS] for each in members if store.blocks(each.name)]
    return min(found) if found else None


def _one_block(  # noqa: PLR0913, PLR0917  one step of run_bench, with what it has
    waiting: Sequence[Benchmark],
    plan: Plan,
    store: Store,
    number: int,
    rng: random.Random,
    machine: Mapping[str, Any],
    unavailable: dict[str, str],
    gil: dict[str, str],
    python: str,
) -> None:
    sides = [side_of(each, python or sys.executable) for each in waiting]
    try:
        block = run_block(sides, plan, rng)
    except UnavailableSideError:
        unavailable |= {each.name: each.check() or "cannot run here" for each in waiting}
        return
    unavailable |= dict(block.unavailable)
    gil |= dict(block.gil)
    _keep(block, waiting, plan, store, number, machine)


def _keep(
    block: Block, members: Sequence[Benchmark], plan: Plan, store: Store, number: int, machine: Mapping[str, Any]
) -> None:
    by_name = {each.name: each for each in members}
    for record in block.records:
        benchmark = by_name[record.side.benchmark]
        earlier = store.metadata(benchmark.name)
        if earlier and earlier[schema.DIGEST] != record.digest:
            raise TailgateError(
                f"{benchmark.name} gave other answers in block {number + 1} than before: its work is not deterministic",
                hint="the digest of the answers must depend on the tape alone",
            )
        facts = {
            schema.BLOCK: number,
            schema.GROUP: benchmark.group,
            schema.PATH: benchmark.path,
            schema.IMPLEMENTATION: benchmark.implementation,
            schema.SETTINGS: json.dumps(dict(plan.settings)),
            **({schema.ROLE: benchmark.role} if benchmark.role else {}),
            **machine,
        }
        store.add(benchmark.name, record.pyperf_json, record.reproducible(), facts)
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
