"""The commands of one build tree: configure, make, install into a staging folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.interpreters.training import clean_environment
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scripts.interpreters.commands import Runner
    from scripts.interpreters.toolchain import Compiler

TESTEMBED = " Programs/_testembed"
"""A program of CPython's test suite that `--disable-test-modules` still links: with LTO, for minutes."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Build CPython outside its source folder, which many trees share and none writes to."""

    folder: Path
    source: Path
    compiler: Compiler
    jobs: int
    runner: Runner
    shims: Path | None = None

    @property
    def log(self) -> Path:
        """Return the file that every command of this tree appends its output to."""
        return self.folder / "build.log"

    @property
    def python(self) -> Path:
        """Return the interpreter that lies in the tree once it is built; on Linux it has no suffix."""
        return self.folder / "python"

    def environment(self) -> dict[str, str]:
        """Return the environment of the build: this compiler, through ccache's shims where there are any."""
        env = clean_environment(os.environ)
        if self.shims is not None:
            env["PATH"] = f"{self.shims}{os.pathsep}{env.get('PATH', os.defpath)}"
        return env

    def configure_line(self, options: Sequence[str], prefix: Path) -> list[str]:
        """Return the configure command; the compiler is named by its base name when a shim stands for it."""
        short = self.shims is not None
        cc, cxx = self.compiler.path, self.compiler.cxx
        if short:
            cc, cxx = cc.rsplit("/", 1)[-1], cxx.rsplit("/", 1)[-1]
        return [str(self.source / "configure"), f"--prefix={prefix}", *options, f"CC={cc}", f"CXX={cxx}"]

    def configure(self, line: Sequence[str]) -> None:
        """Configure from an empty folder, and take a program out of the Makefile that nobody runs."""
        empty(self.folder)
        self._run(*line)
        makefile = self.folder / "Makefile"
        text = makefile.read_text()
        makefile.write_text(text.replace(f"gdbhooks{TESTEMBED}", "gdbhooks"))

    def make(self, *arguments: str) -> None:
        """Run make; the same target again goes on where it stopped."""
        self._run("make", f"-j{self.jobs}", *arguments)

    def install(self, prefix: Path, staging: Path, *arguments: str) -> Path:
        """Install below `staging`, beside no one's eyes; return the folder there that is to become `prefix`."""
        shutil.rmtree(staging, ignore_errors=True)
        self._run("make", "install", f"DESTDIR={staging}", *arguments)
        whole = staging / prefix.relative_to(prefix.anchor)
        if not (whole / "bin" / "python3").exists():
            raise TailgateError(f"`make install` in {self.folder} left no {whole}/bin/python3", hint=f"see {self.log}")
        (whole / "bin" / "python").symlink_to("python3")
        return whole

    def _run(self, *argv: str) -> None:
        self.runner(argv, cwd=self.folder, env=self.environment(), log=self.log)


def empty(folder: Path) -> None:
    """Make the folder, and remove all that is in it but the stamps and the log."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.name in {".phases", "build.log"}:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def ccache_shims(ccache: str | None, compiler: Compiler, cache: Path) -> Path | None:
    """Make a folder in which the compiler's names lead to ccache; None without ccache.

    By the PATH rather than by CC="ccache gcc": sysconfig would hand that CC on to every extension built later.
    """
    if ccache is None:
        return None
    folder = cache / "shims"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (compiler.path, compiler.cxx):
        shim = folder / path.rsplit("/", 1)[-1]
        shim.unlink(missing_ok=True)
        shim.symlink_to(ccache)
    return folder
