"""Builds the extension modules by Cython and the C compiler."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from implementations.native import CHOICE, SOURCES, TRAINING, digest, find, stores

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES: Final = tuple(sorted(path.stem for path in SOURCES.glob("*.pyx")))
_FLAGS: Final = ("-O3", "-fno-plt", "-fno-semantic-interposition", "-fvisibility=hidden")


class BuildError(RuntimeError):
    """A module that could not be built; the message holds the compiler's own."""


def compiler() -> str:
    """Return the C compiler's path; BuildError with the package to install."""
    found = shutil.which(os.environ.get("CC", "").split(" ")[0] or "cc") or shutil.which("gcc")
    if found is None:
        raise BuildError("there is no C compiler: apt-get install gcc libc6-dev python3-dev, or the like")
    return found


def build(name: str, flavour: str) -> Path:
    """Build one module unless it is there, and return its path; a pgo flavour needs its training run before."""
    if (known := find(name, flavour)) is not None:
        return known
    compiler()
    store = next(stores())
    store.mkdir(parents=True, exist_ok=True)
    flags = [*_FLAGS, *(["-march=native"] if "native" in flavour else [])]
    if flavour == TRAINING or "pgo" in flavour:
        # The profile is found by the object's own path: both builds of a module take place in the same folder.
        scratch = store / f"profile-{name}-{digest(name, TRAINING)}"
        use = ["-fprofile-use", "-fprofile-correction", "-Wno-missing-profile"]
        flags += ["-fprofile-generate", "-fprofile-update=atomic"] if flavour == TRAINING else use
        return _keep(name, flavour, _compile(name, scratch, flags))
    with tempfile.TemporaryDirectory(dir=store, prefix=f".{name}-") as scratch_name:
        return _keep(name, flavour, _compile(name, Path(scratch_name), flags))


def train() -> str:
    """Build every module with counters and run the training over them; return what it printed."""
    for name in MODULES:
        build(name, TRAINING)
    command = [sys.executable, "-m", "suites.training", "--native", "--passes", "5"]
    ran = subprocess.run(command, env={**os.environ, CHOICE: TRAINING}, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BuildError(f"the training run failed: {ran.stderr.strip()[-2000:]}")
    return ran.stdout


def _keep(name: str, flavour: str, made: Path) -> Path:
    folder = next(stores()) / f"{name}-{digest(name, flavour)}"
    folder.mkdir(exist_ok=True)
    return made.replace(folder / made.name)


def _compile(name: str, scratch: Path, flags: list[str]) -> Path:
    # Needed to build, never to use what was built; neither has types.
    cythonize: Any = importlib.import_module("Cython.Build").cythonize
    tools: Any = importlib.import_module("setuptools")

    with _captured() as said:
        try:
            (extension,) = cythonize(
                [tools.Extension(name, [str(SOURCES / f"{name}.pyx")])],
                build_dir=str(scratch / "c"),
                quiet=True,
                include_path=[str(SOURCES)],
            )
            # Set here: cythonize (3.3.1) adds the flags of an earlier call in this process to those of a later one.
            extension.extra_compile_args = extension.extra_link_args = flags
            distribution = tools.Distribution({"name": name, "ext_modules": [extension]})
            command = distribution.get_command_obj("build_ext")
            command.force = True
            command.build_lib, command.build_temp = str(scratch / "lib"), str(scratch / "o")
            command.ensure_finalized()
            command.run()
        except (Exception, SystemExit) as error:  # whatever the tools raise, their output says why
            raise BuildError(f"{name}: {error}\n{said.getvalue()[-4000:]}") from error
    return next((scratch / "lib").glob("**/*.so"))


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said
