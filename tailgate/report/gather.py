"""Reads the results of every command: typed documents, pyperf suites, and folders of profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tailgate.documents import (
    allocations,
    allocators,
    anatomy,
    bench,
    bisection,
    calibration,
    doctor,
    duel,
    gate,
    profile,
    run,
)
from tailgate.documents.envelope import read
from tailgate.errors import TailgateError
from tailgate.report.kinds import MORE
from tailgate.results.foreign import foreign_suite
from tailgate.results.load import is_results

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

READ: Final = (allocations, allocators, anatomy, bench, bisection, calibration, doctor, duel, gate, profile, run)
"""The modules of the instrument's own documents: a kind is known once its module is imported."""

BESIDE: Final = (
    "gate/verdict.json",
    "duel/duel.json",
    "bisect/bisect.json",
    "calibrate/calibration.json",
    "doctor.json",
    "doctor/doctor.json",
    "anatomy/*.json",
    "allocations/allocations.json*",
    "allocations/allocators.json*",
    "profile",
    "profile/*/*/profile.json",
)
"""Where the other commands write, beside the folder of a bench run."""


@dataclass(frozen=True, slots=True)
class Found:
    """One results file: its kind and what it holds.

    holds: the document; None for a bench, which tailgate.results reads, and for a folder of profiles; of the kind
    "pyperf" the suite of another program; for a file of the kind "unreadable" the line that says why.
    """

    kind: str
    path: Path
    holds: Any = None
    when: datetime | None = None
    named: bool = True  # by the user: what is wrong with it is an error

    def written(self) -> str:
        """Say when it was written."""
        when = self.when or datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        return f"{when:%Y-%m-%d %H:%M} UTC"


def gather(paths: Iterable[Path]) -> list[Found]:
    """Read the named files; a folder stands for the results below it, in it or beside it as the commands write them.

    Raises TailgateError for a named file that cannot be read.
    """
    found: dict[Path, Found] = {}
    for path in paths:
        for each in _below(path) if path.is_dir() else [recognise(path)]:
            found.setdefault(each.path.resolve(), each)
    return list(found.values())


def beside(folder: Path) -> list[Found]:
    """Read what other commands wrote beside the folder of a bench run.

    Nobody named these files: one that cannot be read costs nothing but a line on the page.
    """
    found = []
    patterns = (*BESIDE, *(pattern for kind in MORE.values() for pattern in kind.beside))
    for path in (path for pattern in patterns for path in sorted(folder.parent.glob(pattern))):
        try:
            found.append(replace(recognise(path), named=False))
        except TailgateError as error:
            found.append(Found("unreadable", path, error.message))
    return found


def _below(folder: Path) -> list[Found]:
    if folder.name == "profile":
        return [each for each in beside(folder) if each.kind.startswith("profile")]
    bench = next(
        (path for path in (folder / "results.json", folder / "bench" / "results.json") if path.is_file()), None
    )
    found = [recognise(bench)] if bench else []
    found += beside(folder / "bench")
    if not found:
        raise TailgateError(f"{folder} holds no results", hint="name a results file, or the folder build/")
    return found


def recognise(path: Path) -> Found:
    """Tell what a results file is, and read it."""
    if path.is_dir():
        return Found("profiles", path)
    if is_results(path):
        return Found("bench", path)
    if (suite := foreign_suite(path)) is not None:
        return Found("pyperf", path, suite)
    envelope, holds = read(path)
    return Found(envelope.kind, path, holds, envelope.when)
