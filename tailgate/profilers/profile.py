"""What every profiler does and gives: one benchmark, in a process of its own, under the profiler and once without."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from tailgate.documents.envelope import save
from tailgate.documents.profile import FILE, Line, ProfileDocument
from tailgate.files import slug
from tailgate.profilers.flame import flame_graph
from tailgate.profilers.launch import launch, spec_for
from tailgate.profilers.places import Frame
from tailgate.profilers.stacks import by_function, collapsed, hottest, write_speedscope
from tailgate.results.profile_report import comparison_table, profile_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.documents.profile import Unit
    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side
    from tailgate.profilers.stacks import Hot, Stack

PLAIN_S: Final = 1.0
"""How long the benchmark runs without the profiler, to tell by how much it is slowed."""


_LEAST_WAITING: Final = 0.02
_WAITING: Final = Frame("(waiting: on no CPU)", "-", 0)


@dataclass(frozen=True, slots=True)
class Job:
    """What a profiler is to run: a side, for some seconds, into a folder; inputs: what the suite says of its inputs."""

    side: Side
    plan: Plan
    folder: Path
    seconds: float
    inputs: tuple[str, ...] = ()

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
    """A finished profile: what its folder holds, and what that comes to."""

    folder: Path
    recorded: Recorded
    lines: tuple[Hot, ...]
    document: ProfileDocument


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
    return replace(made, folder=job.folder)


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
    document = _document(profiler.name, job, recorded, plain, lines, [path.name for path in files])
    save(job.folder / FILE, document)
    (job.folder / "summary.md").write_text(profile_table(document).markdown(1) + "\n", encoding="utf-8")
    return Profile(job.folder, recorded, lines, document)


def _document(
    profiler: str, job: Job, recorded: Recorded, plain: Plain, lines: Sequence[Hot], files: Sequence[str]
) -> ProfileDocument:
    whole = plain.undisturbed_ns if recorded.per_operation is None else recorded.per_operation
    functions = {str(hot): hot.share * whole for hot in lines}
    if recorded.stacks:
        shares = by_function(recorded.stacks)
        functions = {f"{function} ({file})": share * whole for (function, file), share in shares.items()}
    return ProfileDocument(
        profiler,
        job.side.name,
        recorded.unit,
        recorded.operations,
        whole,
        plain.undisturbed_ns,
        plain.waiting,
        recorded.cost_ns / (plain.cpu_ns if recorded.clock == "cpu" else plain.wall_ns),
        tuple(Line(str(hot), hot.share) for hot in lines),
        functions,
        tuple(recorded.notes),
        tuple(files),
        job.inputs,
    )


def _plain(job: Job) -> Plain:
    found = launch(job.side, job.plan, spec_for(job.side, job.plan, "replay", seconds=min(PLAIN_S, job.seconds))).found
    return Plain(**{each.name: found[each.name] for each in fields(Plain)})


def write_comparison(one: Profile, other: Profile, folder: Path) -> list[Path]:
    """Write `compare.md`, and the differential flame graph where the profiler knows stacks."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "compare.md"]
    written[0].write_text(comparison_table(one.document, other.document).markdown(1) + "\n", encoding="utf-8")
    if one.recorded.stacks and other.recorded.stacks:
        title = f"{other.document.benchmark} against {one.document.benchmark} ({one.document.profiler})"
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
