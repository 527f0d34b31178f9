"""From what a user names to the runs in it: folders of results, published files of other tools, another history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tailgate.documents.envelope import recognise
from tailgate.documents.provenance import FILE as PROVENANCE
from tailgate.errors import TailgateError
from tailgate.history.imports.registry import imported
from tailgate.history.provenance import Origin, commit_of, read_provenance, write_provenance
from tailgate.history.reading import entry_of
from tailgate.history.store import History
from tailgate.history.whole import entries_of
from tailgate.results.load import is_results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tailgate.history.entries import Entry

_SQLITE = b"SQLite format 3\0"
_RESULTS = ("results.json", "verdict.json", "blocks.json", "duel.json", "ledger.json", "doctor.json")


def entries_in(path: Path, root: Path, project: str, revision: str = "") -> Iterator[Entry]:
    """Yield the runs of a path: TailgateError where it holds none that is known.

    revision: the commit of results that do not say it. project: the name under which other tools' are kept.
    """
    if not path.exists():
        raise TailgateError(
            f"there is no {path}", hint="name a folder of results, a file of another tool, or a history"
        )
    if _is_history(path):
        yield from entries_of(History.read(f"sqlite:///{path.absolute()}"))
        return
    folders = _folders(path)
    if folders and not revision:
        for folder in folders:
            yield entry_of(folder)
        return
    home = path if path.is_dir() else path.parent
    names = [name for name in _RESULTS if _is_ours(home / name)]
    if names and (path.is_dir() or path.name in names):
        if revision:
            write_provenance(root, home, Origin(names, head=_known(root, revision)))
        yield entry_of(home, read_provenance(home))
        return
    commit = commit_of(root, _known(root, revision)) if revision else None
    for entry in imported(path, project):
        yield replace(entry, head=entry.head or commit)


def _is_ours(path: Path) -> bool:
    """Tell whether a file is a result of this tool: another one's may have its name."""
    try:
        return path.is_file() and (is_results(path) or bool(recognise(path)))
    except TailgateError:
        return False


def _is_history(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _known(root: Path, revision: str) -> str:
    if revision and commit_of(root, revision) is None:
        raise TailgateError(f"there is no revision {revision!r} in {root}", hint="git log --oneline   shows them")
    return revision


def _folders(path: Path) -> list[Path]:
    """Return the folders with a provenance, at a path and below; of a result file its own folder."""
    if path.is_file():
        found = path.parent / PROVENANCE
        return [path.parent] if found.is_file() and path.name in (*_RESULTS, PROVENANCE) else []
    return sorted(each.parent for each in path.rglob(PROVENANCE))
