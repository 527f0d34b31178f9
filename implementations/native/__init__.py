"""Extension modules of the hot paths: their sources, how they are built, and how a built one is found.

A built module is kept under a name that digests its sources, the flavour of the build and the interpreter's ABI, in the
`build/native` of the checkout or of a folder above. So a module is found only by the very sources it was built from: a
revision laid out in a folder of the checkout never gets another revision's, nor a pure-Python stand-in.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from implementations.registry import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES: Final = Path(__file__).parent
FLAVOURS: Final = ("plain", "pgo", "native", "pgo-native")
TRAINING: Final = "training"
"""The flavour that counts for the compiler's profile, and is of no other use."""
CHOICE: Final = "TAILGATE_NATIVE"
"""The environment's choice of a flavour, so that one is a side of a duel: --env TAILGATE_NATIVE=pgo."""


def flavour() -> str:
    """Return the flavour of build that is asked for."""
    return os.environ.get(CHOICE, FLAVOURS[0])


def extension(name: str) -> Any:
    """Import a built extension module; UnavailableError with the command that builds it."""
    full = f"implementations.native.{name}"
    if full in sys.modules:
        return sys.modules[full]
    path = find(name, flavour())
    if path is None:
        option = "".join(f" --{part}" for part in flavour().split("-") if part != "plain")
        raise UnavailableError(
            f"implementations/native/{name}.pyx is not built from these sources for {sysconfig.get_config_var('SOABI')}"
            f"{' as ' + flavour() if option else ''}: nox -s native{' --' if option else ''}{option}"
        )
    loader = importlib.machinery.ExtensionFileLoader(full, str(path))
    spec = importlib.util.spec_from_file_location(full, path, loader=loader)
    assert spec is not None  # noqa: S101  a loader was given
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[full] = module
    return module


def find(name: str, chosen: str) -> Path | None:
    """Return the built module, or None where there is none of these sources."""
    kept = f"{name}-{digest(name, chosen)}"
    return next((path for folder in stores() for path in (folder / kept).glob(f"{name}.*.so")), None)


def stores() -> Iterator[Path]:
    """Yield the folders that may hold built modules: of this tree first, then of what it lies in."""
    for folder in SOURCES.parents[1:]:
        yield folder / "build" / "native"


@cache
def digest(name: str, chosen: str) -> str:
    """Digest all that decides what a module does: its sources, the flavour, the interpreter's ABI."""
    made = hashlib.blake2b(f"{chosen} {sysconfig.get_config_var('SOABI')}".encode(), digest_size=10)
    for source in sources(name):
        made.update(source.name.encode() + b"\0" + source.read_bytes())
    return made.hexdigest()


def sources(name: str) -> list[Path]:
    """List the sources of a module, and the builder's, whose options count as much."""
    return [SOURCES / f"{name}.pyx", *sorted(SOURCES.glob("*.pxi")), SOURCES / "build.py", SOURCES / "compiling.py"]
