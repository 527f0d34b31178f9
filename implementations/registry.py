"""Finds the implementations of each path: the folder is the registry, one file an implementation.

A Python file counts that decorates with `@implementation`; a compiled module without its source counts once its import
has registered something. Other modules beside them are helpers.

`load` imports the one file that is asked for and nothing else, so a worker's memory holds what it measures. A file
whose third-party package is missing, or whose `Requires` is not met here, is listed as unavailable with the reason.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import platform
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

PATHS: Final = (
    *("decode", "handoff", "book", "risk", "limiter", "codec"),
    *("feed", "gateway", "sharing", "bus", "buffers"),
    *("manager", "snapshots", "counters", "pipeline"),
)
_NOT_IMPLEMENTATIONS: Final = frozenset({"contract", "reference"})
_ROOT: Final = Path(__file__).parent
_DECORATES: Final = re.compile(r"^@?implementation\(", re.MULTILINE).search

Factory = TypeVar("Factory", bound=Callable[..., object])


class UnknownNameError(LookupError):
    """A path or an implementation that does not exist; the message lists the right ones and the nearest."""


class UnavailableError(RuntimeError):
    """An implementation that exists and cannot run here; the message says what it needs."""


@dataclass(frozen=True, slots=True)
class Requires:
    """What an implementation needs besides its imports."""

    platform: str = ""  # a value of sys.platform
    python: tuple[int, int] = (3, 11)
    gil: bool = False  # True where it is right only while the GIL is on

    def missing(self) -> str:
        """Return what is missing here, or an empty string."""
        if self.platform and sys.platform != self.platform:
            return f"needs {self.platform}, this is {sys.platform}"
        if sys.version_info[:2] < self.python:
            return f"needs Python {'.'.join(map(str, self.python))}, this is {platform.python_version()}"
        if self.gil and not getattr(sys, "_is_gil_enabled", lambda: True)():
            return "it is right only with the GIL, which is off here"
        return ""


@dataclass(frozen=True, slots=True)
class Implementation:
    """One way to fulfil a path's contract."""

    path: str
    name: str
    factory: Callable[..., object]
    source: str  # where the idea comes from
    bottleneck: str = ""  # the ledger's id, where this is how it was
    fixes: str = ""  # the ledger's id, where this is the fix
    requires: Requires = field(default_factory=Requires)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalogue: an implementation and why it cannot run here, if so."""

    path: str
    name: str
    implementation: Implementation | None
    unavailable: str = ""


_registered: dict[tuple[str, str], Implementation] = {}


def implementation(
    *, source: str, bottleneck: str = "", fixes: str = "", requires: Requires | None = None
) -> Callable[[Factory], Factory]:
    """Register the decorated factory under the path and the name that its file says."""

    def register(factory: Factory) -> Factory:
        path, name = factory.__module__.split(".")[-2:]
        entry = Implementation(path, command_name(name), factory, source, bottleneck, fixes, requires or Requires())
        _registered[path, entry.name] = entry
        return factory

    return register


def command_name(module: str) -> str:
    """Return the command line's name of a module: `heap_lazy` is `heap-lazy`."""
    return module.replace("_", "-")


def names(path: str) -> tuple[str, ...]:
    """List the implementations of a path by their files, importing none."""
    if path not in PATHS:
        raise UnknownNameError(f"there is no path {path!r}{nearest(path, PATHS)}; the paths are {', '.join(PATHS)}")
    modules = (info.name for info in pkgutil.iter_modules([str(_ROOT / path)]))
    candidates = (m for m in modules if m not in _NOT_IMPLEMENTATIONS and not m.startswith("_"))
    return tuple(sorted(command_name(module) for module in candidates if _registers(path, module)))


def _registers(path: str, module: str) -> bool:
    source = _ROOT / path / f"{module}.py"
    if source.is_file():
        return _DECORATES(source.read_text(encoding="utf-8")) is not None
    try:
        importlib.import_module(f"implementations.{path}.{module}")
    except ImportError:
        return False
    return (path, command_name(module)) in _registered


def check_name(path: str, name: str) -> None:
    """Raise UnknownNameError, with the right names and the nearest, unless the path has this implementation."""
    known = names(path)
    if name != "reference" and name not in known:
        raise UnknownNameError(
            f"there is no {path} implementation {name!r}{nearest(name, known)}; {path} has {', '.join(known)}"
        )


def load(path: str, name: str) -> Implementation:
    """Import one implementation; UnknownNameError for a wrong name, UnavailableError where it cannot run."""
    check_name(path, name)
    try:
        importlib.import_module(f"implementations.{path}.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "implementations":
            raise
        raise UnavailableError(f"the package {error.name.split('.')[0]} is not installed") from error
    found = _registered.get((path, name))
    if found is None:
        raise UnavailableError(
            f"its module registers no {path} implementation: decorate a factory with @implementation"
        )
    if reason := found.requires.missing():
        raise UnavailableError(reason)
    return found


def catalogue(path: str) -> tuple[Entry, ...]:
    """List every implementation of a path, the unavailable ones with their reason."""
    return tuple(_entry(path, name) for name in names(path))


def _entry(path: str, name: str) -> Entry:
    try:
        return Entry(path, name, load(path, name))
    except UnavailableError as error:
        return Entry(path, name, None, str(error))


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Ask, in a message, whether the nearest of the known names was meant; nothing where none is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f", did you mean {near[0]!r}?" if near else ""
