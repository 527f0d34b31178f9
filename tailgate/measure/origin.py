"""Whether a revision's subject was imported from the revision: else code would be compared with itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


def misplaced(files: Sequence[str], roots: Sequence[str], replaced: Sequence[str]) -> str:
    """Say what is wrong with where modules were imported from, or nothing.

    files: of all modules. roots: where the revision's subject lies. replaced: the subject in the working tree. One that
    is installed, or found by a longer way than the import path, would otherwise stand in for both revisions.
    """
    if not replaced:
        return ""
    mine, others = _resolved(tuple(roots)), _resolved(tuple(replaced))
    origins = {file: _origin(file, mine, others) for file in files}
    for file, origin in origins.items():
        if origin == "replaced":
            return f"{Path(file).resolve()} was imported, and not the revision's"
    return "" if "own" in origins.values() else f"nothing was imported from the revision's files in {mine[0]}"


@cache
def _origin(file: str, mine: tuple[Path, ...], others: tuple[Path, ...]) -> Literal["own", "replaced", ""]:
    """Tell whose a file is; asked once of each, though every benchmark of a process asks for all that is loaded."""
    resolved = Path(file).resolve()
    if any(resolved.is_relative_to(each) for each in mine):
        return "own"
    return "replaced" if any(resolved.is_relative_to(each) for each in others) else ""


@cache
def _resolved(folders: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(Path(each).resolve() for each in folders)
