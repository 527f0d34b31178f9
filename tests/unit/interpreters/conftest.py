"""A CPython of four files, and a machine that has everything: the phases of a build in a tenth of a second."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.build import Order
from scripts.interpreters.commands import LoggedRunner
from scripts.interpreters.layout import Layout
from scripts.interpreters.shop import Shop
from scripts.interpreters.sources import Source
from scripts.interpreters.toolchain import Compiler
from scripts.interpreters.variants import parse_variant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERSION = "3.13.99"
GCC = Compiler("/usr/bin/gcc", "gcc", 12, "gcc (Debian 12.2.0) 12.2.0")

CONFIGURE = """#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
for word in "$@"; do case $word in --prefix=*) prefix=${word#--prefix=};; esac; done
printf '%s\\n' "$@" > configured
sed -e "s#@prefix@#$prefix#g" -e "s#@source@#$here#g" "$here/Makefile.in" > Makefile
"""
MAKEFILE = """\
all: gdbhooks Programs/_testembed
\techo "all $(PGO_PROF_USE_FLAG) `cat Objects/*.gcda 2>/dev/null`" >> made
\tcp @source@/python.sh python
profile-gen-stamp:
\techo instrumented >> made
\tcp @source@/python.sh python
\ttouch profile-gen-stamp
gdbhooks:
Programs/_testembed:
\techo this program takes minutes to link; exit 1
install:
\tmkdir -p $(DESTDIR)@prefix@/bin
\tcp python $(DESTDIR)@prefix@/bin/python3
"""
PYTHON = """#!/bin/sh
if [ "$1" = -I ]; then
    echo '{"version": "3.13.99", "hexversion": 51208176, "gil": true,'
    echo ' "jit_available": false, "absent": [], "flags": {}}'
    exit 0
fi
tree=$(cd "$(dirname "$0")" && pwd)
if [ -n "$GCOV_PREFIX" ]; then
    mkdir -p "$GCOV_PREFIX$tree/Objects" "$GCOV_PREFIX$tree/Modules/_blake2"
    echo "$*" >> "$GCOV_PREFIX$tree/Objects/abstract.gcda"
    echo "$*" >> "$GCOV_PREFIX$tree/Modules/_blake2/impl.gcda"
fi
echo "hash seed $PYTHONHASHSEED, path $PYTHONPATH, in $PWD"
echo '{"tape_digest": "feedc0de", "operations": 7}'
"""


@dataclass
class FakeMachine:
    """Answer for a machine that has these programs, and whose compiler finds every header but these."""

    programs: dict[str, str] = field(default_factory=lambda: {"gcc": GCC.banner, "make": "GNU Make 4.3"})
    absent_headers: frozenset[str] = frozenset()
    profile_library: bool = True

    def which(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.programs else None

    def output(self, argv: Sequence[str]) -> str | None:
        if "--version" in argv:
            return self.programs.get(Path(argv[0]).name)
        if "-fprofile-instr-generate" in argv:
            return "" if self.profile_library else None
        return None if self.absent_headers & set(argv) else ""


@dataclass
class Bench:
    """Hold what the tests of a build look at: the shop, its cache, what was said, which packages were asked for."""

    layout: Layout
    source: Source
    checkout: Path
    machine: FakeMachine = field(default_factory=FakeMachine)
    said: list[str] = field(default_factory=list)
    fetched: list[Sequence[str]] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)
    before: Callable[[Sequence[str]], None] = lambda _argv: None

    def order(self, variant: str, **more: object) -> Order:
        return Order(parse_variant(variant), self.checkout, jobs=1, passes=3, **more)  # type: ignore[arg-type] # of one field each

    def shop(self) -> Shop:
        return Shop(self.layout, self.machine, self, self.said.append, self._fetch)

    def __call__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self.commands.append([Path(argv[0]).name, *argv[1:]])
        self.before(argv)
        LoggedRunner(self.said.append)(argv, cwd=cwd, env=env, log=log)

    def _fetch(
        self, needs: Sequence[str], python: Path, folder: Path, counters: Mapping[str, str], log: Path
    ) -> dict[str, str]:
        self.fetched.append(needs)
        (folder / "sortedcontainers-2.4.0.dist-info").mkdir(parents=True)
        return {"orjson>=3.10": "no wheel"}


def write_source(folder: Path, version: str = VERSION) -> Path:
    (folder / "Include").mkdir(parents=True)
    (folder / "Include" / "patchlevel.h").write_text(f'#define PY_VERSION              "{version}"\n')
    for name, text in {"configure": CONFIGURE, "Makefile.in": MAKEFILE, "python.sh": PYTHON}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def fake_source(tmp_path: Path) -> Path:
    return write_source(tmp_path / f"Python-{VERSION}")


@pytest.fixture
def fake_tarball(fake_source: Path, tmp_path: Path) -> Path:
    path = tmp_path / f"Python-{VERSION}.tar.xz"
    with tarfile.open(path, "w:xz") as tar:
        tar.add(fake_source, fake_source.name)
    return path


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def bench(fake_source: Path, tmp_path: Path) -> Bench:
    checkout = tmp_path / "checkout"
    (checkout / "suites").mkdir(parents=True)
    (checkout / "implementations").mkdir()
    (checkout / "suites" / "training.py").write_text("# the pipeline's training\n")
    (checkout / "pyproject.toml").write_text('[dependency-groups]\nsubjects = ["orjson>=3.10", "sortedcontainers"]\n')
    source = Source(fake_source, VERSION, "ab" * 32, 1234, "a test", "a test")
    return Bench(Layout(tmp_path / "cache"), source, checkout)


@pytest.fixture
def gcc() -> Compiler:
    return GCC


@pytest.fixture(autouse=True)
def _no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("GCOV") or name == "MAKEFLAGS":
            monkeypatch.delenv(name)
