"""What every profiler does and gives: one benchmark, in a process of its own, under the profiler and once without."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from tailgate.profilers.flame import flame_graph
from tailgate.profilers.launch import launch, spec_for
from tailgate.profilers.places import Frame
from tailgate.profilers.stacks import by_function, collapsed, hottest, write_speedscope
from tailgate.results.store import slug
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side
    from tailgate.profilers.stacks import Hot, Stack, Unit

PLAIN_S: Final = 1.0
"""How long the benchmark runs without the profiler, to tell by how much it is slowed."""


_IMPLAUSIBLE: Final = 0.95
_LEAST_WAITING: Final = 0.02
_WAITING: Final = Frame("(waiting: on no CPU)", "-", 0)


@dataclass(frozen=True, slots=True)
class Job:
    """What a profiler is to run: a side, for some seconds, into a folder."""

    side: Side
    plan: Plan
    folder: Path
    seconds: float

    @property
    def roots(self) -> tuple[str, ...]:
        """Return the folders that paths are shown relative to."""
        return tuple(str(each) for each in (*self.side.roots, self.plan.root))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a profiler saw.

    stacks: weights in `unit`, from the operation inwards; or `lines`, where it knows no stacks. operations: how many.
    cost_ns: of one of them, profiled, in the fastest pass, by `clock`. per_operation: the whole of one operation in
    that unit, where the profiler measures it; time is scaled to the run without the profiler instead. sees: whether
    waiting is among the stacks, or only what ran on a CPU.
    """

    unit: Unit
    operations: int
    cost_ns: float
    stacks: Mapping[Stack, float] = field(default_factory=dict)
    lines: Sequence[Hot] = ()
    per_operation: float | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    clock: Literal["cpu", "wall"] = "cpu"
    sees: Literal["everything", "running"] = "everything"


class Profiler(Protocol):
    """One file each. `record` raises ProfilerError, with the way out as hint, where machine or interpreter refuse."""

    name: str

    def record(self, job: Job) -> Recorded:
        """Run the benchmark under the profiler; leave its own files in the job's folder."""


@dataclass(frozen=True, slots=True)
class Plain:
    """What an operation takes without the profiler, in ns; as `target.replay_for` gives it."""

    cpu_ns: float
    wall_ns: float
    undisturbed_ns: float
    running_ns: float

    @property
    def waiting(self) -> float:
        """Return the share of an operation in which its thread waited; 0 where that is less than is measured."""
        share = 1.0 - self.running_ns / self.undisturbed_ns
        return share if share >= _LEAST_WAITING else 0.0

    def least(self, other: Plain) -> Plain:
        """Return the lesser of two runs, figure by figure."""
        return Plain(*map(min, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Profile:
    """A finished profile: what `summary.md` tells."""

    profiler: str
    benchmark: str
    folder: Path
    recorded: Recorded
    plain: Plain
    lines: tuple[Hot, ...]
    files: tuple[Path, ...]

    @property
    def slowdown(self) -> float:
        """Return how many times longer an operation takes under the profiler."""
        return self.recorded.cost_ns / (self.plain.cpu_ns if self.recorded.clock == "cpu" else self.plain.wall_ns)

    @property
    def per_operation(self) -> float:
        """Return the whole of one operation in the profile's unit."""
        return self.plain.undisturbed_ns if self.recorded.per_operation is None else self.recorded.per_operation


def run_profile(profiler: Profiler, job: Job) -> Profile:
    """Profile one benchmark and write its files, `summary.md` among them, into the job's folder.

    An earlier profile there is replaced as a whole, once the new one is complete: a refusal leaves it.
    """
    for left in job.folder.parent.glob(f".{job.folder.name}-*"):  # of a run that was killed
        if not Path("/proc", left.name.rpartition("-")[2]).is_dir():
            shutil.rmtree(left, ignore_errors=True)
    making = job.folder.with_name(f".{job.folder.name}-{os.getpid()}")
    making.mkdir(parents=True)
    try:
        made = _run_into(profiler, replace(job, folder=making))
        shutil.rmtree(job.folder, ignore_errors=True)
        making.rename(job.folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return replace(made, folder=job.folder, files=tuple(job.folder / path.name for path in made.files))


def _run_into(profiler: Profiler, job: Job) -> Profile:
    before = _plain(job)
    recorded = profiler.record(job)
    plain = before.least(_plain(job))
    if recorded.sees == "running" and plain.waiting:
        waited = sum(recorded.stacks.values()) * plain.waiting / (1.0 - plain.waiting)
        recorded = replace(recorded, stacks={**recorded.stacks, (_WAITING,): waited})
    files = list(recorded.files)
    title = f"{job.side.name} under {profiler.name} ({recorded.unit})"
    if recorded.stacks:
        files.append(write_speedscope(recorded.stacks, recorded.unit, title, job.folder / "stacks.speedscope.json"))
        for name, text in (
            ("stacks.collapsed", collapsed(recorded.stacks)),
            ("flame.svg", flame_graph(title, recorded.stacks)),
        ):
            (job.folder / name).write_text(text, encoding="utf-8")
            files.append(job.folder / name)
    lines = tuple(recorded.lines or hottest(recorded.stacks))
    profile = Profile(profiler.name, job.side.name, job.folder, recorded, plain, lines, tuple(files))
    (job.folder / "summary.md").write_text(summary(profile).markdown(1) + "\n", encoding="utf-8")
    return profile


def _plain(job: Job) -> Plain:
    found = launch(job.side, job.plan, spec_for(job.side, job.plan, "replay", seconds=min(PLAIN_S, job.seconds))).found
    return Plain(**{each.name: found[each.name] for each in fields(Plain)})


def summary(profile: Profile, most: int = 15) -> Table:
    """Return the lines of code that cost most: share, and per operation."""
    shares = [(str(hot), hot.share) for hot in profile.lines[:most]]
    if shares and (rest := 1 - sum(share for _, share in shares)) > 0.001:
        shares.append(("everything else", rest))
    rows = tuple(
        (name, f"{100 * share:.1f} %", _amount(profile, share * profile.per_operation)) for name, share in shares
    )
    slowed = (
        f"{duration(profile.plain.undisturbed_ns)} without the profiler, {profile.slowdown:.2f} times that under it"
    )
    if profile.slowdown < _IMPLAUSIBLE:
        slowed += " (faster: other work on the machine hides by how much it slows)"
    if profile.plain.waiting:
        slowed += f"; its thread waits for {100 * profile.plain.waiting:.0f} % of it"
    notes = [f"an operation: {slowed} ({profile.recorded.operations:,} operations)"]
    if profile.recorded.unit == "ns":
        notes.append("time per operation: the share of the profile, of an operation without the profiler")
    notes += [*profile.recorded.notes, "files: " + ", ".join(path.name for path in profile.files)]
    return Table(f"{profile.benchmark}: {profile.profiler}", ("line", "share", "per operation"), rows, tuple(notes))


def _amount(profile: Profile, amount: float) -> str:
    if profile.recorded.unit == "ns":
        return duration(amount)
    return f"{amount:,.1f} B" if profile.recorded.unit == "bytes" else f"{amount:,.2f}"


def comparison(one: Profile, other: Profile, most: int = 20) -> Table:
    """Return functions side by side, callees included, those first whose cost per operation differs most."""
    costs = [_by_name(each) for each in (one, other)]
    names = sorted(set(costs[0]) | set(costs[1]), key=lambda name: -abs(costs[1].get(name, 0) - costs[0].get(name, 0)))
    rows = []
    for name in names[:most]:
        a, b = (each.get(name, 0.0) for each in costs)
        rows.append((name, _amount(one, a), _amount(other, b)))
    whole = (_amount(one, one.per_operation), _amount(other, other.per_operation))
    return Table(
        f"{one.benchmark} and {other.benchmark}: {one.profiler}",
        ("function, callees included", one.benchmark, other.benchmark),
        (("an operation", *whole), *rows),
        (f"slowed {one.slowdown:.2f} and {other.slowdown:.2f} times by the profiler",),
    )


def _by_name(profile: Profile) -> dict[str, float]:
    """Return the cost per operation of each function; of each line, where the profiler knows no stacks."""
    if not profile.recorded.stacks:
        return {str(hot): hot.share * profile.per_operation for hot in profile.lines}
    shares = by_function(profile.recorded.stacks)
    return {f"{function} ({file})": share * profile.per_operation for (function, file), share in shares.items()}


def write_comparison(one: Profile, other: Profile, folder: Path) -> list[Path]:
    """Write `compare.md`, and the differential flame graph where the profiler knows stacks."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "compare.md"]
    written[0].write_text(comparison(one, other).markdown(1) + "\n", encoding="utf-8")
    if one.recorded.stacks and other.recorded.stacks:
        title = f"{other.benchmark} against {one.benchmark} ({one.profiler})"
        written.append(folder / "difference.svg")
        written[-1].write_text(flame_graph(title, other.recorded.stacks, one.recorded.stacks), encoding="utf-8")
    return written


def folder_of(build: Path, profiler: str, benchmark: str) -> Path:
    """Return the folder of one profile under `build/profile`."""
    return build / "profile" / profiler / slug(benchmark)


def tool(name: str) -> str | None:
    """Find a profiler's program: beside this interpreter, or on PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)
