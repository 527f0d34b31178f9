"""Carry a compiler's execution counters from a training run into the tree that is optimised by them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from scripts.interpreters.variants import Modifier, Variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.interpreters.toolchain import Compiler

GCC_USE = "-fprofile-use -fprofile-correction -Wno-error=coverage-mismatch -Wno-missing-profile"


class Counters(Protocol):
    """Handle the counters of one compiler family.

    `folder` is a training's own: runs of the instrumented interpreter add up in it. Neither `environment` nor
    `apply` touches the instrumented tree, so one such tree serves every training.
    """

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the variables that send a run's counters to `folder`."""

    def apply(self, folder: Path, instrumented: Path, tree: Path, variant: Variant) -> int:
        """Put the counters where the build in `tree` looks for them; return how many files there are."""

    def make_arguments(self) -> list[str]:
        """Return the arguments that `make` and `make install` need."""


@dataclass(frozen=True, slots=True)
class GccCounters:
    """One .gcda file an object file, written below GCOV_PREFIX under the instrumented tree's absolute path."""

    def environment(self, folder: Path) -> dict[str, str]:
        """See `Counters`."""
        return {"GCOV_PREFIX": str(folder)}

    def apply(self, folder: Path, instrumented: Path, tree: Path, variant: Variant) -> int:
        """See `Counters`; counters that cannot fit the variant's flags are left out."""
        written = folder / instrumented.relative_to(instrumented.anchor)
        count = 0
        for counter in sorted(written.rglob("*.gcda")):
            place = counter.relative_to(written)
            if Modifier.NATIVE in variant.modifiers and "_blake2" in place.parts:
                continue  # -march=native gives these files other code paths: gcc stops at the mismatch
            (tree / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(counter, tree / place)
            count += 1
        return count

    def make_arguments(self) -> list[str]:
        """See `Counters`; a mismatch costs one file its profile, and must not cost the build."""
        return [f"PGO_PROF_USE_FLAG={GCC_USE}"]


@dataclass(frozen=True, slots=True)
class ClangCounters:
    """Raw profiles, one a process, merged by the llvm-profdata of the same release into one file."""

    profdata: str

    def environment(self, folder: Path) -> dict[str, str]:
        """See `Counters`."""
        return {"LLVM_PROFILE_FILE": str(folder / "run-%p-%m.profraw")}

    def apply(self, folder: Path, instrumented: Path, tree: Path, variant: Variant) -> int:  # noqa: ARG002 - the protocol's
        """See `Counters`."""
        raw = sorted(str(path) for path in folder.glob("*.profraw"))
        if not raw:
            return 0
        command = [self.profdata, "merge", f"-output={tree / 'code.profclangd'}", *raw]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TailgateError(f"{self.profdata} could not merge {folder}: {done.stderr.strip()[:200]}")
        return len(raw)

    def make_arguments(self) -> list[str]:
        """See `Counters`; CPython's own flags do."""
        return []


def counters_of(compiler: Compiler, profdata: str | None) -> Counters:
    """Choose by the compiler's family; `profdata` is needed for clang."""
    if compiler.family == "gcc":
        return GccCounters()
    if profdata is None:
        raise TailgateError(f"there is no llvm-profdata for {compiler.banner}")
    return ClangCounters(profdata)
