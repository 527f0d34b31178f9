"""Writes where a result comes from beside it, while that is known: the history may take it in later, elsewhere."""

from __future__ import annotations

import json
import shlex
import sys
import tomllib
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from tailgate.documents.envelope import load, save
from tailgate.documents.provenance import FILE, Commit, Provenance
from tailgate.errors import TailgateError
from tailgate.machine.identity import identify, interpreter
from tailgate.measure.revisions import WORKTREE, commits_of, dirty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """What a command knows of its result. files: the names of its result files, which are whole.

    head: the revision that was measured, WORKTREE for the files as they are; base: that it was held against, by itself.
    subject: what of the working tree was measured. chained, benchmark: as in Provenance.
    """

    files: Sequence[str]
    head: str = WORKTREE
    base: str = ""
    subject: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    chained: bool = False
    benchmark: str = ""


def write_provenance(root: Path, folder: Path, origin: Origin) -> Path:
    """Write provenance.json beside the result files; return its path."""
    head, changed = _head(root, origin)
    found = Provenance(
        project_of(root),
        shlex.join(["tailgate", *sys.argv[1:]]),
        {name: content_digest(folder / name) for name in origin.files},
        head,
        commit_of(root, origin.base) if origin.base else None,
        changed,
        origin.chained,
        identify(),
        interpreter(),
        json.dumps(dict(origin.settings), sort_keys=True, default=str),
        origin.benchmark,
    )
    return save(folder / FILE, found)


def read_provenance(folder: Path) -> Provenance:
    """Read it back; TailgateError where there is none, or one of other files than those that stand here now."""
    path = folder / FILE
    if not path.is_file():
        raise TailgateError(
            f"{folder} does not say where its results come from: it has no {FILE}",
            hint="name the commit yourself: tailgate history add --revision REV " + shlex.quote(str(folder)),
        )
    found = load(path, Provenance)
    for name, known in found.files.items():
        if not (folder / name).is_file() or content_digest(folder / name) != known:
            raise TailgateError(
                f"{path} speaks of another {name} than the one that stands there: a later run was cut short, or the "
                "file was changed",
                hint="run the command again, or name the commit: tailgate history add --revision REV "
                + shlex.quote(str(folder)),
            )
    return found


def commit_of(root: Path, revision: str) -> Commit | None:
    """Return a commit, None where there is no repository or no such revision."""
    try:
        return commits_of(root, "-1", revision)[-1]
    except TailgateError:
        return None


def main_line(root: Path, revision: str = "HEAD") -> list[Commit]:
    """Return the commits along the first parents, the oldest first; none where there is no repository."""
    try:
        return commits_of(root, "--first-parent", "--reverse", revision)
    except TailgateError:
        return []


def project_of(root: Path) -> str:
    """Return the project's name: what its pyproject.toml says, else its folder's."""
    try:
        told = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {}).get("name")
    except (OSError, ValueError, AttributeError):
        told = None
    return told if isinstance(told, str) and told else root.resolve().name


def content_digest(path: Path) -> str:
    """Return the digest of a file's content."""
    with path.open("rb") as file:
        found = blake2b(digest_size=16)
        while part := file.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def digest_of(provenance: Provenance) -> str:
    """Return the digest of a run: that of its result files' names and contents."""
    return blake2b(json.dumps(dict(provenance.files), sort_keys=True).encode(), digest_size=16).hexdigest()


def _head(root: Path, origin: Origin) -> tuple[Commit | None, bool]:
    if origin.head != WORKTREE:
        return commit_of(root, origin.head), False
    head = commit_of(root, "HEAD")
    return head, head is not None and bool(dirty(root, origin.subject or (".",)))
