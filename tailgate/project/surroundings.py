"""What can be seen of a project that has no configuration yet: its package, tests, package manager, suite and forge."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Manager = Literal["uv", "poetry", "pip"]
Forge = Literal["github", "gitlab", "pre-push"]

_NO_PACKAGE: Final = frozenset(
    {"tests", "test", "docs", "doc", "examples", "benchmarks", "bench", "build", "dist", "scripts", "tools"}
)
_NO_MODULE: Final = frozenset({"setup", "conftest", "noxfile", "tasks", "manage", "fabfile"})
_COMPILES: Final = re.compile(
    r"maturin|cython|setuptools[-_]rust|scikit[-_]build|meson|mypy|pybind11|nanobind|cffi", re.IGNORECASE
)
_WANTED: Final = ("test", "tests", "testing", "dev", "bench", "benchmark", "benchmarks")
_USES_BENCHMARK: Final = re.compile(
    r"^\s*(async )?def test_\w*\([^)]*\bbenchmark\b|pytest\.mark\.benchmark\b", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A project as it lies there.

    package: what is imported. subject: the folder or file that a revision brings along. tests: the folder of the tests,
    or "". suite: benchmarks that exist, as [tool.tailgate] names them, or "". extras, groups, requirements: what its
    dependencies for tests and benchmarks are called. compiles: whether it has to be built.
    """

    root: Path
    package: str
    subject: str
    tests: str
    suite: str
    manager: Manager
    forge: Forge
    compiles: bool
    installable: bool
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    requirements: tuple[str, ...]


def look_around(root: Path) -> Surroundings:
    """Return what can be seen in a project's folder; TailgateError where no code of it is found."""
    declared = _toml(root / "pyproject.toml")
    project: Mapping[str, Any] = declared.get("project", {})
    subject = _subject(root, str(project.get("name", "")))
    needs = " ".join(map(str, declared.get("build-system", {}).get("requires", ())))
    tests = next((name for name in ("tests", "test") if (root / name).is_dir()), "")
    return Surroundings(
        root,
        package=subject.rpartition("/")[2].removesuffix(".py"),
        subject=subject,
        tests=tests,
        suite=_suite(root),
        manager=_manager(root, declared),
        forge=_forge(root),
        compiles=bool(_COMPILES.search(needs)),
        installable="build-system" in declared or "project" in declared or (root / "setup.py").is_file(),
        extras=wanted(project.get("optional-dependencies", {})),
        groups=wanted(declared.get("dependency-groups", {})),
        requirements=requirement_files(root),
    )


def wanted(names: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of extras or groups that tests and benchmarks need."""
    return tuple(name for name in names if name in _WANTED)


def requirement_files(root: Path) -> tuple[str, ...]:
    """Return the requirements files of a project, for its code and its tests, from its root."""
    return tuple(
        path.relative_to(root).as_posix()
        for pattern in ("requirements.txt", "requirements[-_]*.txt", "requirements/*.txt")
        for path in sorted(root.glob(pattern))
        if path.stem == "requirements" or any(word in path.stem for word in _WANTED)
    )


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TailgateError(f"{path} is not valid TOML: {error}") from error


def _subject(root: Path, name: str) -> str:
    """Return the package or module of the project: the one of its name, else the first that lies there."""
    normal = re.sub(r"[-.]+", "_", name).lower()
    found = [*_code(root / "src", root), *_code(root, root)]
    for path in found:
        if path.rpartition("/")[2].removesuffix(".py").lower() == normal:
            return path
    if not found:
        raise TailgateError(
            f"there is no package or module in {root} or its src/", hint="run it in the project's folder"
        )
    return found[0]


def _code(folder: Path, root: Path) -> Iterator[str]:
    """Yield the packages, then the modules of a folder."""
    if not folder.is_dir():
        return
    entries = sorted(folder.iterdir())
    for path in entries:
        if path.name not in _NO_PACKAGE and (path / "__init__.py").is_file():
            yield path.relative_to(root).as_posix()
    for path in entries:
        if path.suffix == ".py" and path.stem not in _NO_MODULE and not path.stem.startswith(("test_", "bench_")):
            yield path.relative_to(root).as_posix()


def _suite(root: Path) -> str:
    """Return the benchmarks that exist: asv's, else pytest-benchmark's, else pyperf's."""
    for name in ("asv.conf.json", ".asv.conf.json"):
        if (root / name).is_file():
            plain = re.sub(r"^\s*//.*$", "", (root / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
            try:
                folder = json.loads(re.sub(r",(\s*[}\]])", r"\1", plain)).get("benchmark_dir", "benchmarks")
            except ValueError:
                folder = "benchmarks"
            if (root / folder).is_dir():
                return f"asv:{folder}"
    tests = [path for path in _sources(root) if path.name.startswith(("test_", "bench_"))]
    if using := [path for path in tests if _USES_BENCHMARK.search(_text(path))]:
        return f"pytest:{_common(using, root)}"
    if scripts := [path for path in tests if "pyperf.Runner(" in _text(path)]:
        folder = _common([path.parent for path in scripts], root)
        return f"pyperf:{'' if folder == '.' else folder + '/'}bench_*.py"
    return ""


def _sources(root: Path) -> Iterator[Path]:
    """Yield the Python files of a project, as git has them, else below its usual folders."""
    done = asked_of_git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "*.py")
    if done is not None:
        yield from (root / name for name in done.split("\0") if name and (root / name).is_file())
        return
    for name in ("tests", "test", "benchmarks", "bench", "perf"):
        yield from sorted((root / name).rglob("*.py"))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _common(paths: list[Path], root: Path) -> str:
    """Return the one file, or the deepest folder that holds them all."""
    if len(paths) == 1:
        return paths[0].relative_to(root).as_posix()
    above = [set(path.parents) for path in paths]
    shared = set.intersection(*above)
    return max(shared, key=lambda folder: len(folder.parts)).relative_to(root).as_posix()


def _manager(root: Path, declared: Mapping[str, Any]) -> Manager:
    tools = declared.get("tool", {})
    if (root / "uv.lock").is_file() or "uv" in tools:
        return "uv"
    return "poetry" if (root / "poetry.lock").is_file() or "poetry" in tools else "pip"


def _forge(root: Path) -> Forge:
    """Return where its changes are judged, by the remote it has, else by what lies there; else before a push."""
    remote = asked_of_git(root, "remote", "get-url", "origin") or ""
    host = re.sub(r"^\w+://|^[^@/]*@", "", remote.strip()).partition("/")[0]
    if "gitlab" in host or (root / ".gitlab-ci.yml").is_file():
        return "gitlab"
    return "github" if "github" in host or (root / ".github").is_dir() else "pre-push"


def asked_of_git(root: Path, *words: str) -> str | None:
    """Return what git answers in this folder; None where it is no repository, or git is not there."""
    command = ["git", "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
