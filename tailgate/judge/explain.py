"""Why head is slower: a few more blocks of base and head that look into the operations, and counts of both.

It is asked after the verdict and never changes it. What is timed is tested over its own blocks (judge/shifts.py), what
is counted is held against base counted once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.comparison import Shift
from tailgate.documents.explanation import Explanation, Part
from tailgate.errors import TailgateError
from tailgate.judge.shifts import shifted_parts
from tailgate.judge.touched import touched_functions
from tailgate.measure.lockstep import Contest, again, run_contests
from tailgate.measure.observe import GC, LABELS
from tailgate.profilers.allocations import allocations_of
from tailgate.profilers.catalogue import PROFILERS
from tailgate.profilers.cprofile import functions_of
from tailgate.profilers.instructions import instructions_by_function
from tailgate.profilers.profile import Job, run_profile, tool, write_comparison
from tailgate.statistics.decision import compare
from tailgate.statistics.joint import joint_p_values
from tailgate.statistics.quantiles import quantiles
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tailgate.documents.explanation import PartKind
    from tailgate.judge.shifts import Pair
    from tailgate.measure.lockstep import Block, Plan
    from tailgate.measure.sides import Side
    from tailgate.profilers.cprofile import Functions

BLOCKS: Final = 8
"""The least p-value of as many is 1/256, which is below half of ALPHA for any number of parts."""

PROFILED: Final = 6
"""Processes of each side under cProfile; the least p-value is 1/64."""

ALPHA: Final = 0.05
"""The chance that identical code has anything named; timed parts and functions have half of it each."""

_PASSES: Final = 5
_PROFILED_PASSES: Final = 3
_PROFILED_OPERATIONS: Final = 2_000
_FLAME_S: Final = 2.0
_LEAST_TIME: Final = 0.005  # of an operation: what takes less of it on both sides is not tested by its time
_LEAST_COUNT: Final = 0.005
_EXPLAINED: Final = 40


def explain(
    sides: tuple[Side, Side, Side],
    plan: Plan,
    rng: random.Random,
    percentile: float,
    *,
    split: str = "",
    instructions: bool = False,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Explanation:
    """Look for what makes head slower than base; sides: base, head, and base once more at another path.

    split: the name of the same benchmark split by stage, or nothing. instructions: count them by function too. folder:
    gets a differential flame graph. What cannot be looked at is told in the notes; TailgateError where the blocks
    themselves cannot be run.
    """
    base, head, control = sides
    name, blocks = base.benchmark, BLOCKS
    whole, parted, stages = _observed(base, head, plan, rng, split, say)
    least = np.array([[quantiles(record.reproducible(), (percentile,))[0] for record in pair] for pair in whole])
    d = np.log(least[:, 1] / least[:, 0])
    found = compare(d, Looks((blocks,), 2.0 * ALPHA), 0)
    say(f"{name}: explaining: where")
    parts = [_doubled(part) for part in shifted_parts(whole, parted, stages, percentile)]
    notes: list[str] = []
    looks = {"functions": _functions, "allocations": _allocations} | (
        {"instructions": _instructions} if instructions else {}
    )
    for what, look in looks.items():
        say(f"{name}: explaining: {what}")
        try:
            parts += look(base, head, control, plan)
        except TailgateError as error:
            notes.append(f"{what} were not looked at: {error.message}")
    changed = touched_functions(base.roots[0], head.roots[0]) if base.roots and head.roots else frozenset()
    parts = [replace(part, changed=_is_changed(part, changed)) for part in parts]
    files: tuple[str, ...] = ()
    if folder is not None:
        say(f"{name}: explaining: flame graph")
        files, note = _flames(base, head, plan, folder)
        notes += note
    return Explanation(
        name,
        percentile,
        blocks,
        Shift.of(found.estimate),
        float(np.median(least[:, 0])),
        float(np.median(least[:, 1])),
        found.estimate.low > 0.0,
        ALPHA,
        tuple(sorted(parts, key=lambda part: part.p_value)[:_EXPLAINED]),
        tuple(notes),
        files,
    )


def _doubled(part: Part) -> Part:
    """Return a part that has half of ALPHA: the other half is the functions'."""
    return replace(part, p_value=min(1.0, 2.0 * part.p_value))


def _observed(
    base: Side, head: Side, plan: Plan, rng: random.Random, split: str, say: Callable[[str], None]
) -> tuple[list[Pair], list[Pair], Sequence[str]]:
    """Run the blocks: the benchmark as it is, and split by stage in the same processes."""
    kept: dict[str, list[Pair]] = {base.benchmark: [], split: []}
    stages: Sequence[str] = ()
    observing = replace(plan, passes=min(plan.passes, _PASSES), observe=(GC, LABELS), record=False)
    names = [base.benchmark, *([split] if split else [])]
    for number in range(BLOCKS):
        say(f"{base.benchmark}: explaining: block {number + 1} of {BLOCKS}")
        outcomes: dict[str, Block | TailgateError] = {}
        single = replace(observing, batch=1)  # stages are parts of one operation
        contests = [
            Contest(each, (_as(base, each), _as(head, each)), single if each == split else observing) for each in names
        ]
        run_contests(contests, rng, outcomes.__setitem__)
        for each in names:
            outcome = outcomes[each]
            if isinstance(outcome, TailgateError):
                if each != split:
                    raise outcome
                names, kept[split] = names[:1], []  # the stages are not told; the whole goes on
                continue
            if outcome.unavailable:
                raise TailgateError("; ".join(outcome.unavailable.values()))
            kept[each].append((outcome.records[0], outcome.records[1]))
            if each == split:
                stages = outcome.records[0].ready["stages"]
        observing = again(observing, kept[base.benchmark][0][0].samples.shape[1])
    return kept[base.benchmark], kept[split] if split else [], stages


def _as(side: Side, benchmark: str) -> Side:
    return replace(side, benchmark=benchmark)


def _functions(base: Side, head: Side, _control: Side, plan: Plan) -> list[Part]:
    """Return the functions by their own time and by their calls, and the modules that are not compiled any more."""
    sizes = {"operations": _PROFILED_OPERATIONS, "passes": _PROFILED_PASSES}
    runs = [[functions_of(each, plan, **sizes) for each in (base, head)] for _ in range(PROFILED)]
    times = [[{(c.file, c.function): c.own_ns for c in each.costs} for each in pair] for pair in runs]
    calls = [[{(c.file, c.function): c.calls for c in each.costs} for each in pair] for pair in runs]
    total = max(sum(each.values()) for pair in times for each in pair)
    keys = {key for pair in times for each in pair for key in each}
    parts: list[Part] = []
    rows: list[list[float]] = []
    for kind, tables, least in (("function", times, _LEAST_TIME * total), ("calls", calls, _LEAST_COUNT)):
        for key in sorted(keys):
            seen = np.array([[each.get(key, 0.0) for each in pair] for pair in tables])
            if seen.sum(axis=0).max() / PROFILED < least or (kind == "calls" and (seen[:, 0] == seen[:, 1]).all()):
                continue
            middle = np.median(seen, axis=0)
            rows.append(list(seen[:, 1] - seen[:, 0]))
            parts.append(Part(kind, f"{key[0]} {key[1]}", float(middle[0]), float(middle[1]), 1.0))  # type: ignore[arg-type]  # one of the two
    p_values = joint_p_values(np.transpose(rows)) if rows else ()
    tested = [_doubled(replace(part, p_value=float(p))) for part, p in zip(parts, p_values, strict=True)]
    return [*tested, *_no_longer_compiled(*runs[0])]


def _no_longer_compiled(base: Functions, head: Functions) -> list[Part]:
    found = []
    for name, file in base.modules.items():
        now = head.modules.get(name, "")
        if not file.endswith(".py") and now.endswith(".py"):
            kind = "compiled" if file.endswith((".so", ".pyd")) else "loaded from bytecode"
            found.append(Part("module", f"the module {name} was {kind} in base and is Python in head", 0.0, 1.0, 0.0))
    return found


def _allocations(base: Side, head: Side, control: Side, plan: Plan) -> list[Part]:
    """Return the functions that allocate more in head, by more than base does from one count to the next."""
    counts = []
    for side in (base, control, head):
        found: dict[str, float] = {}
        for site in allocations_of(side, plan).sites:
            key = f"{site.file} {site.function}"
            found[key] = found.get(key, 0.0) + site.per_operation
        counts.append(found)
    return _counted("allocations", *counts, least=_LEAST_COUNT)


def _instructions(base: Side, head: Side, control: Side, plan: Plan) -> list[Part]:
    """Return the functions of the interpreter, and of what it loads, that execute more in head."""
    counts = [instructions_by_function(side, plan) for side in (base, control, head)]
    return _counted("instructions", *counts, least=_LEAST_TIME * sum(counts[0].values()))


def _counted(
    kind: PartKind, base: Mapping[str, float], again: Mapping[str, float], head: Mapping[str, float], *, least: float
) -> list[Part]:
    """Return what head does more of than base, by more than base counted again differs from itself."""
    return [
        Part(kind, key, base.get(key, 0.0), value, 0.0)
        for key, value in head.items()
        if value - base.get(key, 0.0) > max(least, 2.0 * abs(again.get(key, 0.0) - base.get(key, 0.0)))
    ]


def _is_changed(part: Part, changed: frozenset[tuple[str, str]]) -> bool:
    """Tell whether a function is one that the diff touches; a file may be told relative to a `src` in the revision."""
    if part.kind not in {"function", "calls", "allocations"}:
        return False
    file, _, function = part.name.rpartition(" ")
    return any(function == name and (path == file or path.endswith(f"/{file}")) for path, name in changed)


def _flames(base: Side, head: Side, plan: Plan, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Draw the difference of two flame graphs, by the first profiler of time that works here."""
    if tool("py-spy") is None:
        return (), ()
    try:
        one, other = (
            run_profile(PROFILERS["py-spy"], Job(side, plan, folder / side.name, _FLAME_S)) for side in (base, head)
        )
        written = write_comparison(one, other, folder)
    except TailgateError as error:
        return (), (f"no flame graph: {error.message.splitlines()[0]}",)
    return tuple(str(path) for path in written if path.suffix == ".svg"), ()
