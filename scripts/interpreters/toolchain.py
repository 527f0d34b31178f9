"""Find out what this machine can compile, and what it lacks, before anything starts."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from tailgate.errors import TailgateError
from tailgate.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Sequence

LLVM_MAJORS = range(30, 15, -1)
HEADERS = {  # what CPython's standard library is built on: header -> Debian's package
    "openssl/ssl.h": "libssl-dev",
    "zlib.h": "zlib1g-dev",
    "bzlib.h": "libbz2-dev",
    "lzma.h": "liblzma-dev",
    "sqlite3.h": "libsqlite3-dev",
    "ffi.h": "libffi-dev",
    "readline/readline.h": "libreadline-dev",
    "curses.h": "libncurses-dev",
    "uuid/uuid.h": "uuid-dev",
}
ZSTD = {"zstd.h": "libzstd-dev"}  # compression.zstd, from 3.14


class Machine(Protocol):
    """Answer what programs there are and what they print; the tests answer for a machine that is not there."""

    def which(self, program: str) -> str | None:
        """Return the path of a program, or None."""

    def output(self, argv: Sequence[str]) -> str | None:
        """Return what a short command prints, or None when it fails."""


class ThisMachine:
    """Look at the machine this runs on."""

    def which(self, program: str) -> str | None:
        """Look on the PATH."""
        return shutil.which(program)

    def output(self, argv: Sequence[str]) -> str | None:
        """Run the command for at most a minute."""
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 else None


class Remembering:
    """Ask another machine each question once."""

    def __init__(self, machine: Machine) -> None:
        self.which = functools.cache(machine.which)
        self._output = functools.cache(machine.output)

    def output(self, argv: Sequence[str]) -> str | None:
        """See `Machine`."""
        return self._output(tuple(argv))


@dataclass(frozen=True, slots=True)
class Compiler:
    """Name a C compiler: its absolute path, family, major version and its own words about itself."""

    path: str
    family: Literal["gcc", "clang"]
    major: int
    banner: str

    @property
    def cxx(self) -> str:
        """Return the path of the C++ compiler that belongs to it."""
        folder, name = str(Path(self.path).parent), Path(self.path).name
        return f"{folder}/{name.replace('clang', 'clang++').replace('gcc', 'g++')}"


@dataclass(frozen=True, slots=True)
class Missing:
    """Say what a build lacks, and which Debian packages would bring it (none when no package does)."""

    what: str
    packages: tuple[str, ...] = ()


def find_compiler(machine: Machine, named: str = "gcc") -> Compiler | None:
    """Find the compiler of that name; None when there is none, or it is of no family that is known."""
    path = machine.which(named)
    if path is None or (banner := machine.output([path, "--version"])) is None:
        return None
    first = banner.splitlines()[0] if banner else ""
    family: Literal["gcc", "clang"] = "clang" if "clang" in first else "gcc"
    version = re.search(r"(?:clang version|\)) (\d+)\.\d+", first)
    return Compiler(path, family, int(version[1]), first) if version else None


def newest_clang(machine: Machine, least: int) -> Compiler | None:
    """Find the newest clang of at least that major version, under its plain or its numbered name."""
    for name in (*(f"clang-{major}" for major in LLVM_MAJORS if major >= least), "clang"):
        found = find_compiler(machine, name)
        if found is not None and found.major >= least:
            return found
    return None


def has_llvm(machine: Machine, major: int) -> bool:
    """Tell whether the clang and the llvm-readobj of exactly that release are here, as the JIT needs them."""
    clang = find_compiler(machine, f"clang-{major}") or find_compiler(machine, "clang")
    readobj = machine.which(f"llvm-readobj-{major}") or machine.which("llvm-readobj")
    return clang is not None and clang.major == major and readobj is not None


def links_profiles(machine: Machine, compiler: Compiler) -> bool:
    """Tell whether clang finds the library that writes a profile; on Debian it comes in a package of its own."""
    with scratch() as folder:
        probe = ["-shared", "-fprofile-instr-generate", "-x", "c", "/dev/null", "-o", f"{folder}/probe.so"]
        return machine.output([compiler.path, *probe]) is not None


def missing_headers(machine: Machine, compiler: Compiler, headers: dict[str, str]) -> list[Missing]:
    """Ask the compiler for each header, since only it knows where it looks."""
    common = [compiler.path, "-E", "-x", "c", "-o", "/dev/null", "-include", "stdio.h"]  # readline.h leans on stdio.h
    return [
        Missing(f"the header {header}", (package,))
        for header, package in headers.items()
        if machine.output([*common, "-include", header, "/dev/null"]) is None
    ]


def refuse(missing: Sequence[Missing], wanted: str) -> None:
    """Raise one error that names all that is missing, and ONE line to install what a package brings."""
    if not missing:
        return
    packages = sorted({package for item in missing for package in item.packages})
    if all(item.packages for item in missing):
        hint = f"apt-get install {' '.join(packages)}"
    else:
        hint = "no package mends that: choose another variant or release"
    raise TailgateError(
        f"{wanted} cannot be built here: it lacks {'; '.join(item.what for item in missing)}", hint=hint
    )
