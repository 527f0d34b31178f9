"""What a revision would ship, and what only this checkout has: ignored files that Python would import or open.

An extension built in place and ignored by git is in no revision. A side without it runs the fallback, in silence; so
what a laid-out side would lack is an error that names it.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_IMPORTED: Final = frozenset({".py", ".so", ".pyd"})
_BESIDE: Final = frozenset({".c", ".cc", ".cpp", ".h", ".o", ".html", ".log", ".pyc", ".pyo", ".orig", ".swp", ".bak"})
_NO_CODE: Final = frozenset({"__pycache__", "node_modules", "htmlcov", "build", "dist", "site-packages"})
_NAMED: Final = 5


def refuse_unshipped(root: Path, subject: Sequence[str], forgiven: Sequence[str], git: Callable[..., bytes]) -> None:
    """Raise TailgateError where the checkout holds ignored files that a laid-out revision would lack.

    forgiven: patterns of paths, from the root, that do not matter. git: runs git in the root and returns its output.
    """
    listed = git("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z", "--", *subject)
    tracked = git("ls-files", "-z", "--", "*/__init__.py").decode(errors="surrogateescape").split("\0")
    packages = {str(PurePosixPath(name).parent) for name in tracked}
    names = listed.decode(errors="surrogateescape").split("\0")
    paths = (path for name in names if name for path in _files(root, name) if _matters(path, packages))
    found = [path for path in paths if not any(fnmatch(path, pattern) for pattern in forgiven)]
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise TailgateError(
            f"git ignores {', '.join(sorted(found)[:_NAMED])}{more}: no revision that is laid out would have it",
            hint='[tool.tailgate] build = "COMMAND" makes it in each revision; not-shipped = ["pattern"] says that it '
            "does not matter",
        )


def _files(root: Path, name: str) -> Iterator[str]:
    """Return the files of an ignored entry: git names a folder that it ignores as a whole by the folder."""
    if not name.endswith("/"):
        yield name
        return
    folder = PurePosixPath(name)
    if _is_apart(root, folder):
        return
    for path in sorted((root / folder).iterdir()):
        inner = path.relative_to(root).as_posix()
        yield from _files(root, f"{inner}/" if path.is_dir() and not path.is_symlink() else inner)


def _is_apart(root: Path, folder: PurePosixPath) -> bool:
    """Tell a folder of caches, of environments or of what is built for elsewhere."""
    name = folder.name
    return name in _NO_CODE or name.startswith(".") or ".egg-info" in name or (root / folder / "pyvenv.cfg").exists()


def _matters(path: str, packages: set[str]) -> bool:
    """Tell whether Python would import a file, or a module could open it as its data: it lies in a package."""
    parts = PurePosixPath(path)
    if any(part in _NO_CODE or part.startswith(".") for part in parts.parts):
        return False
    inside = any(str(parent) in packages for parent in parts.parents if str(parent) != ".")
    return parts.suffix in _IMPORTED or (inside and parts.suffix not in _BESIDE)


def submodules(commit: str, subject: Sequence[str], git: Callable[..., bytes]) -> list[tuple[str, str]]:
    """Return (path, commit) of each submodule in the subject of a commit: an archive leaves its folder empty."""
    lines = git("ls-tree", "-r", "-z", "--full-tree", commit, "--").decode(errors="surrogateescape").split("\0")
    links = [line.split(None, 3) for line in lines if line.startswith("160000 ")]
    inside = [PurePosixPath(each) for each in subject]
    return [
        (path, sha) for _, _, sha, path in links if any(PurePosixPath(path).is_relative_to(each) for each in inside)
    ]
