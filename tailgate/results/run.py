"""Finds the facts of a run in its folder, and what the run left there."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from tailgate.documents.envelope import load
from tailgate.documents.run import FILE, RunFacts
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path


def left_by_run(folder: Path) -> tuple[str, ...]:
    """Name what a finished run left in its folder beside the results; nothing that it does not say is its own."""
    try:
        facts = load_run_facts(folder)
    except TailgateError:
        facts = None
    names = () if facts is None else facts.documents
    return (FILE, *(name for name in names if PurePath(name).name == name and (folder / name).is_file()))


def load_run_facts(folder: Path) -> RunFacts | None:
    """Read run.json back; None where a run was interrupted before it was written."""
    return load(folder / FILE, RunFacts) if (folder / FILE).is_file() else None
