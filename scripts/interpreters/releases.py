"""What each release of CPython asks of a compiler, and what a variant lacks here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.interpreters.toolchain import (
    HEADERS,
    ZSTD,
    Compiler,
    Machine,
    Missing,
    find_compiler,
    has_llvm,
    links_profiles,
    missing_headers,
    newest_clang,
)
from scripts.interpreters.variants import Base, Modifier, Variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Sequence

TAILCALL_CLANG = 19  # the first with both musttail and preserve_none


@dataclass(frozen=True, slots=True)
class Release:
    """Describe a series of CPython: its newest version known here, the LLVM of its JIT, its tail-calling loop."""

    series: str
    newest: str
    jit_llvm: int
    tailcall: bool
    headers: tuple[tuple[str, str], ...]


RELEASES = {
    "3.13": Release("3.13", "3.13.18", 18, tailcall=False, headers=tuple(HEADERS.items())),
    "3.14": Release("3.14", "3.14.10", 19, tailcall=True, headers=(*HEADERS.items(), *ZSTD.items())),
    "3.15": Release("3.15", "3.15.2", 21, tailcall=True, headers=(*HEADERS.items(), *ZSTD.items())),
}


def release_of(version: str) -> Release:
    """Find the series of `3.13` or `3.13.15`; raise TailgateError for one that is not supported."""
    series = ".".join(version.split(".")[:2])
    if series not in RELEASES:
        raise TailgateError(
            f"CPython {version} is not a release this can build", hint=f"choose one of {', '.join(RELEASES)}"
        )
    return RELEASES[series]


def choose_compiler(machine: Machine, variant: Variant, named: str | None) -> Compiler | None:
    """Take the compiler that was named, else clang for the tail-calling loop, else gcc, else any clang."""
    if named is not None:
        return find_compiler(machine, named)
    if Modifier.TAILCALL in variant.modifiers:
        return newest_clang(machine, TAILCALL_CLANG)
    return find_compiler(machine, "gcc") or newest_clang(machine, 0)


def missing_for(variant: Variant, release: Release, machine: Machine, compiler: Compiler | None) -> list[Missing]:
    """List all that keeps this variant of this release from being built here; empty when it can be."""
    missing = [*_never(variant, release), *_llvm(variant, release, machine, compiler)]
    if machine.which("make") is None:
        missing.append(Missing("make", ("make",)))
    if compiler is None:
        if Modifier.TAILCALL not in variant.modifiers:
            missing.append(Missing("a C compiler", ("gcc", "libc6-dev")))
        return missing
    if compiler.family == "clang" and variant.base is not Base.PLAIN:
        missing += _clang_profiles(machine, compiler)
    return missing + missing_headers(machine, compiler, dict(release.headers))


def _clang_profiles(machine: Machine, compiler: Compiler) -> list[Missing]:
    major, missing = compiler.major, []
    if profdata(machine, compiler) is None:
        missing.append(Missing(f"llvm-profdata of LLVM {major} (it merges profiles)", (f"llvm-{major}",)))
    if not links_profiles(machine, compiler):
        missing.append(Missing("the library that clang writes profiles with", (f"libclang-rt-{major}-dev",)))
    return missing


def profdata(machine: Machine, compiler: Compiler) -> str | None:
    """Find the tool that merges clang's profiles; its format changes with the release."""
    return machine.which(f"llvm-profdata-{compiler.major}")


def _never(variant: Variant, release: Release) -> Sequence[Missing]:
    chosen = variant.modifiers
    if Modifier.TAILCALL in chosen and not release.tailcall:
        return [Missing(f"a tail-calling interpreter in CPython {release.series} itself (3.14 is the first)")]
    if {Modifier.JIT, Modifier.FREETHREADED} <= chosen:
        return [Missing("a JIT that works without the GIL (no release has one)")]
    return []


def _llvm(variant: Variant, release: Release, machine: Machine, compiler: Compiler | None) -> Sequence[Missing]:
    found = []
    if Modifier.TAILCALL in variant.modifiers and release.tailcall:
        has = compiler is not None and (compiler.family == "gcc" or compiler.major >= TAILCALL_CLANG)
        if not has:
            what = f"clang {TAILCALL_CLANG} or later for +tailcall ({_clang_here(machine)})"
            found.append(Missing(what, (f"clang-{TAILCALL_CLANG}", f"llvm-{TAILCALL_CLANG}")))
    if Modifier.JIT in variant.modifiers and not has_llvm(machine, release.jit_llvm):
        major = release.jit_llvm
        what = f"clang and llvm-readobj {major}, exactly, for the JIT of {release.series} ({_clang_here(machine)})"
        found.append(Missing(what, (f"clang-{major}", f"llvm-{major}")))
    return found


def _clang_here(machine: Machine) -> str:
    newest = newest_clang(machine, 0)
    return f"here: {newest.banner}" if newest else "here: no clang"
