"""Whether a revision's subject was imported from the revision: else code would be compared with itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def misplaced(files: Sequence[str], roots: Sequence[str], replaced: Sequence[str]) -> str:
    """Say what is wrong with where modules were imported from, or nothing.

    files: of all modules. roots: where the revision's subject lies. replaced: the subject in the working tree. One that
    is installed, or found by a longer way than the import path, would otherwise stand in for both revisions.
    """
    if not replaced:
        return ""
    mine, others = _resolved(roots), _resolved(replaced)
    loaded = [Path(file).resolve() for file in files]
    own = [any(file.is_relative_to(each) for each in mine) for file in loaded]
    for file, is_own in zip(loaded, own, strict=True):
        if not is_own and any(file.is_relative_to(each) for each in others):
            return f"{file} was imported, and not the revision's"
    return "" if any(own) else f"nothing was imported from the revision's files in {mine[0]}"


def _resolved(folders: Sequence[str]) -> list[Path]:
    return [Path(each).resolve() for each in folders]
