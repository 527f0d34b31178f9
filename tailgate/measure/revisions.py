"""A git revision as a side: only its subject is laid out, the suite and the instrument stay the checkout's.

`git archive` writes the files of a commit into a folder of their own; unlike a linked worktree it leaves no trace in
the repository when a run is killed, and the working tree is never touched.
"""

from __future__ import annotations

import compileall
import io
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import tailgate
from tailgate.documents.provenance import Commit
from tailgate.errors import TailgateError
from tailgate.measure.builds import build
from tailgate.measure.shipping import refuse_unshipped, submodules

if TYPE_CHECKING or sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_IMPORTED: Final = frozenset({".py", ".pyc", ".so", ".pyd", ".pth"})
WORKTREE: Final = "worktree"
"""The name of the files as they are now, committed or not."""


class MissingSubjectError(TailgateError):
    """A revision without the subject: it lies elsewhere there, as before a move to src/."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The subject of one revision, laid out in `folder`."""

    label: str  # as the user wrote it, with the short commit
    commit: str
    folder: Path
    roots: tuple[Path, ...]  # what to put on the import path
    replaced: tuple[Path, ...]  # the subject in the working tree: nothing may be imported from there
    python: str = sys.executable  # of the environment that its build made, or its own dependencies


def resolve(root: Path, revision: str) -> str:
    """Return the commit of a revision; the error says whether the clone is shallow."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", check=False)
    if found.returncode == 0:
        return found.stdout.decode().strip()
    repository = _git(root, "rev-parse", "--git-dir", check=False)
    if repository.returncode != 0:
        told = repository.stderr.decode().strip()
        if "not a git repository" not in told:  # e.g. it belongs to somebody else, as in a container
            raise TailgateError(f"git cannot read {root}: {told}")
        raise TailgateError(
            f"{root} is no git repository, so there is no revision {revision!r}", hint="compare implementations instead"
        )
    if _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        raise TailgateError(
            f"this clone is shallow and does not hold the revision {revision!r}",
            hint="git fetch --unshallow   (actions/checkout: fetch-depth: 0)",
        )
    raise TailgateError(
        f"there is no revision {revision!r} in {root}", hint="git branch --all   shows names; git fetch brings others"
    )


def read_file(root: Path, commit: str, name: str) -> str:
    """Return a file of the project as a commit has it, "" where it has none."""
    found = _git(root, "show", f"{commit}:./{name}", check=False)
    return found.stdout.decode(errors="replace") if found.returncode == 0 else ""


def history(root: Path, good: str, bad: str) -> list[tuple[str, str, bool]]:
    """Return (commit, title, whether it merges) from `good` to `bad` along the first parents, both ends among them.

    TailgateError where good is no ancestor of bad.
    """
    first, last = resolve(root, good), resolve(root, bad)
    if first == last:
        raise TailgateError(f"{good} and {bad} are the same commit ({first[:10]}): there is nothing between them")
    if _git(root, "merge-base", "--is-ancestor", first, last, check=False).returncode != 0:
        base = _git(root, "merge-base", first, last, check=False).stdout.decode().strip()
        raise TailgateError(
            f"{good} is no ancestor of {bad}",
            hint=f"their common one: --good {base[:10]}" if base else "they have no common ancestor",
        )
    form = "--format=%H%x00%P%x00%s"
    told = (
        _git(root, "log", "-1", form, first).stdout
        + _git(root, "log", "--first-parent", "--reverse", form, f"{first}..{last}").stdout
    )
    lines = (line.split("\0") for line in told.decode(errors="replace").splitlines())
    return [(commit, title, " " in parents) for commit, parents, title in lines]


def commits_of(root: Path, *arguments: str) -> list[Commit]:
    """Return the commits that `git log` lists for these arguments, in its order."""
    text = _git(root, "log", "--format=%H%x00%T%x00%P%x00%ct%x00%s", *arguments, "--").stdout.decode(errors="replace")
    found = []
    for line in text.splitlines():
        sha, tree, parents, time, title = line.split("\0", 4)
        found.append(Commit(sha, tree, parents.partition(" ")[0], datetime.fromtimestamp(int(time), UTC), title))
    return found


def dirty(root: Path, subject: Sequence[str]) -> list[str]:
    """List the files of the subject that differ from the last commit; bytecode is no change of it."""
    lines = _git(root, "status", "--porcelain", "--untracked-files=all", "--", *subject).stdout.decode().splitlines()
    return [line[3:] for line in lines if "__pycache__" not in Path(line[3:].strip('"')).parts]


def check_out(
    root: Path,
    revision: str,
    subject: Sequence[str],
    folder: Path,
    *,
    command: str = "",
    forgiven: Sequence[str] = (),
    environment: Callable[[Path], str] | None = None,
) -> Checkout:
    """Lay out the subject of a revision (or of WORKTREE) in a new folder, compiled.

    command: builds it there, with all its files. forgiven: patterns of ignored files that it may lack. environment:
    makes the one that it runs in from all its files, and returns its interpreter.
    """
    if not subject:
        raise TailgateError(
            "two revisions cannot be compared: [tool.tailgate] names no subject",
            hint='add: subject = ["your_package"]   the folders that a revision brings along',
        )
    if not command and _is_repository(root):
        refuse_unshipped(root, subject, forgiven, partial(_output, root))
    if command or environment is not None:
        subject = (*subject, ".")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if revision == WORKTREE:
        commit = "uncommitted"
        _copy(root, subject, folder)
    else:
        commit = resolve(root, revision)
        _extract(root, commit, revision, subject, folder)
    python = sys.executable if environment is None else environment(folder)
    if command:
        folder, python = build(folder, command, folder.parent / "builds", python)
    compileall.compile_dir(folder, quiet=2, workers=1)
    label = revision if revision == WORKTREE or commit.startswith(revision) else f"{revision} ({commit[:10]})"
    return Checkout(
        label, commit, folder, _import_roots(root, subject, folder), _replaced(root, subject, folder), python
    )


def _replaced(root: Path, subject: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Return what in the working tree the revision stands in for.

    Of a whole tree that is each entry but the instrument's, and but the one that it is itself laid out below: a `build`
    that setuptools makes in a revision does not stand in for that of the project.
    """
    own, here = Path(tailgate.__file__).resolve().parent, folder.resolve()
    names = [name for name in subject if PurePath(name) != PurePath()]
    if len(names) < len(subject):
        entries = ((each.name, (root / each.name).resolve()) for each in folder.iterdir())
        names += [name for name, path in entries if path != own and not here.is_relative_to(path)]
    return tuple(root / name for name in dict.fromkeys(names))


def _import_roots(root: Path, subject: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Return where the subject is imported from: the folder, and in it `src` or what is on this interpreter's path."""
    parts = {part for name in subject for part in (PurePath(name), *PurePath(name).parents)} - {PurePath()}
    if any(PurePath(name) == PurePath() for name in subject):
        below = (PurePath(os.path.relpath(each, root)) for each in sys.path if each and Path(each).is_relative_to(root))
        parts |= {PurePath("src"), *(part for part in below if (folder / part).is_dir())} - {PurePath()}
    inner = [part for part in sorted(parts) if part.name == "src" or str(root / part) in sys.path]
    return (folder, *(folder / part for part in inner if (folder / part).is_dir()))


def _copy(root: Path, subject: Sequence[str], folder: Path) -> None:
    for name in subject:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=partial(_left_behind, folder), dirs_exist_ok=True)
        elif source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
        else:
            raise MissingSubjectError(f"the subject {name!r} of [tool.tailgate] does not exist in {root}")


def _left_behind(folder: Path, inside: str, names: list[str]) -> set[str]:
    """Name what is no part of a subject: caches, the repository, environments, and what `folder` itself stands in."""
    here = Path(inside).resolve()
    return {
        name
        for name in names
        if name in {"__pycache__", ".git"}
        or folder.resolve().is_relative_to(here / name)
        or (here / name / "pyvenv.cfg").is_file()
        or ((here / name).is_symlink() and _leads_nowhere(here / name))
    }


def _leads_nowhere(link: Path) -> bool:
    """Tell whether a link has no target, or one that holds the link itself and would be copied for ever."""
    target = Path(os.path.realpath(link))
    return not target.exists() or link.parent.resolve().is_relative_to(target)


def _extract(root: Path, commit: str, revision: str, subject: Sequence[str], folder: Path) -> None:
    packed = _git(root, "archive", "--format=tar", commit, "--", *subject, check=False)
    if packed.returncode != 0:
        raise MissingSubjectError(
            f"revision {revision!r} ({commit[:10]}) has no {', '.join(subject)}: {packed.stderr.decode().strip()}",
            hint="the subject of [tool.tailgate] must exist in both revisions",
        )
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter=partial(_inside, root))  # noqa: S202  the filter is tarfile's own, and more
    for path, recorded in submodules(commit, subject, partial(_output, root)):
        _extract_submodule(root / path, recorded, folder / path)


def _extract_submodule(source: Path, commit: str, folder: Path) -> None:
    """Lay out a submodule at the commit that the revision records."""
    packed = _git(source, "archive", "--format=tar", commit, check=False) if (source / ".git").exists() else None
    if packed is None or packed.returncode != 0:
        raise TailgateError(
            f"the submodule {source.name} is not here at {commit[:10]}, as the revision records it",
            hint="git submodule update --init   (and git fetch in it)",
        )
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _is_repository(root: Path) -> bool:
    return _git(root, "rev-parse", "--git-dir", check=False).returncode == 0


def _output(root: Path, *arguments: str) -> bytes:
    return _git(root, *arguments).stdout


def _inside(root: Path, member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Return what may be laid out; a link out of the project is left out, unless Python could import through it."""
    try:
        return tarfile.data_filter(member, folder)
    except (tarfile.AbsoluteLinkError, tarfile.LinkOutsideDestinationError) as error:
        name = PurePath(member.name)
        if name.suffix not in _IMPORTED and (not name.name.isidentifier() or (root / name).is_file()):
            return None
        raise TailgateError(
            f"{member.name} is a link to {member.linkname}, outside of the project {root}: a revision does not hold it",
            hint="let the project's pyproject.toml stand in the folder that holds both, or commit the code itself",
        ) from error


def _git(root: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    english = {**os.environ, "LC_ALL": "C"}  # its errors are told apart by their words
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=english)
    except FileNotFoundError:
        raise TailgateError("git is not installed, so revisions cannot be compared", hint="install git") from None
    if check and done.returncode != 0:
        raise TailgateError(f"git {arguments[0]} failed in {root}: {done.stderr.decode().strip()}")
    return done
