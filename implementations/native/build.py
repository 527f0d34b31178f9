"""Builds the extension modules by Cython and the C compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from implementations.native import CHOICE, SOURCES, TRAINING, digest, find, stores

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
    """Compile in a process of its own: Cython and setuptools change the one they are imported into."""
    command = [sys.executable, "-m", "implementations.native.compiling", name, str(scratch), *flags]
    done = subprocess.run(command, cwd=SOURCES.parents[1], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{name}: it does not compile\n{(done.stdout + done.stderr)[-4000:]}")
    return next((scratch / "lib").glob("**/*.so"))
