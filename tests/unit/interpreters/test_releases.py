from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.releases import RELEASES, choose_compiler, missing_for, release_of
from scripts.interpreters.toolchain import find_compiler, refuse
from scripts.interpreters.variants import parse_variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from tests.unit.interpreters.conftest import FakeMachine

CLANG_19 = {"clang-19": "Debian clang version 19.1.7 (3~deb12u1)", "llvm-readobj-19": "", "llvm-profdata-19": ""}


def lacks(machine: FakeMachine, variant: str, release: str) -> list[str]:
    parsed = parse_variant(variant)
    compiler = choose_compiler(machine, parsed, None)
    return [item.what for item in missing_for(parsed, RELEASES[release], machine, compiler)]


def test_a_machine_with_a_compiler_and_the_headers_builds_every_base(machine: FakeMachine) -> None:
    assert [lacks(machine, base, "3.13") for base in ("plain", "pgo", "pgo-trained", "pgo-both")] == [[]] * 4


def test_everything_that_is_missing_comes_in_one_line(machine: FakeMachine) -> None:
    machine.absent_headers = frozenset({"openssl/ssl.h", "ffi.h"})
    del machine.programs["make"]
    variant = parse_variant("pgo+lto")
    missing = missing_for(variant, RELEASES["3.13"], machine, choose_compiler(machine, variant, None))
    with pytest.raises(TailgateError) as caught:
        refuse(missing, "pgo+lto of CPython 3.13")
    assert caught.value.hint == "apt-get install libffi-dev libssl-dev make"
    assert "openssl/ssl.h" in caught.value.message


def test_a_machine_without_a_compiler_is_told_so(machine: FakeMachine) -> None:
    machine.programs = {"make": ""}
    assert lacks(machine, "plain", "3.14") == ["a C compiler"]


def test_the_jit_wants_exactly_the_llvm_of_its_release(machine: FakeMachine) -> None:
    machine.programs |= CLANG_19
    assert lacks(machine, "plain+jit", "3.14") == []
    assert "18, exactly" in lacks(machine, "plain+jit", "3.13")[0]
    assert "21, exactly" in lacks(machine, "plain+jit", "3.15")[0]
    assert "Debian clang version 19.1.7" in lacks(machine, "plain+jit", "3.15")[0]


def test_the_tailcalling_loop_wants_a_release_that_has_it_and_clang_19(machine: FakeMachine) -> None:
    assert "3.14 is the first" in lacks(machine, "plain+tailcall", "3.13")[0]
    assert "clang 19 or later" in lacks(machine, "plain+tailcall", "3.14")[0]
    machine.programs |= CLANG_19
    assert lacks(machine, "pgo+tailcall", "3.14") == []
    chosen = choose_compiler(machine, parse_variant("plain+tailcall"), None)
    assert chosen is not None
    assert (chosen.family, chosen.major, chosen.cxx) == ("clang", 19, "/usr/bin/clang++-19")


def test_a_compiler_that_was_named_must_be_new_enough_too(machine: FakeMachine) -> None:
    machine.programs["clang-18"] = "Debian clang version 18.1.8"
    variant = parse_variant("plain+tailcall")
    compiler = choose_compiler(machine, variant, "clang-18")
    (missing,) = missing_for(variant, RELEASES["3.14"], machine, compiler)
    assert missing.what == "clang 19 or later for +tailcall (here: Debian clang version 18.1.8)"
    assert missing.packages == ("clang-19", "llvm-19")


def test_clang_without_its_own_profile_merger_cannot_be_trained(machine: FakeMachine) -> None:
    machine.programs |= CLANG_19
    del machine.programs["llvm-profdata-19"]
    assert lacks(machine, "plain+tailcall", "3.14") == []
    assert "llvm-profdata" in lacks(machine, "pgo+tailcall", "3.14")[0]


def test_clang_without_the_library_that_writes_profiles_cannot_be_trained(machine: FakeMachine) -> None:
    machine.programs |= CLANG_19
    machine.profile_library = False
    variant = parse_variant("pgo+tailcall")
    (missing,) = missing_for(variant, RELEASES["3.14"], machine, choose_compiler(machine, variant, None))
    assert missing.packages == ("libclang-rt-19-dev",)
    assert lacks(machine, "plain+tailcall", "3.14") == []


def test_no_package_is_offered_for_what_no_package_mends(machine: FakeMachine) -> None:
    machine.absent_headers = frozenset({"zlib.h"})
    variant = parse_variant("plain+jit+freethreaded")
    machine.programs |= CLANG_19
    missing = missing_for(variant, RELEASES["3.14"], machine, choose_compiler(machine, variant, None))
    with pytest.raises(TailgateError, match="no package mends that"):
        refuse(missing, "it")


def test_a_release_is_found_by_its_series_or_its_full_version() -> None:
    assert release_of("3.13.15") is release_of("3.13") is RELEASES["3.13"]
    with pytest.raises(TailgateError, match=r"3\.12"):
        release_of("3.12.1")


@pytest.mark.parametrize(
    ("banner", "family", "major"),
    [
        ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "gcc", 12),
        ("gcc (GCC) 15.1.1 20250521 (Red Hat 15.1.1-2)", "gcc", 15),
        ("Ubuntu clang version 18.1.3 (1ubuntu1)", "clang", 18),
        ("Apple clang version 17.0.0 (clang-1700.0.13.5)", "clang", 17),
    ],
)
def test_a_compiler_is_known_by_its_banner(machine: FakeMachine, banner: str, family: str, major: int) -> None:
    machine.programs["cc"] = banner + "\nmore"
    found = find_compiler(machine, "cc")
    assert found is not None
    assert (found.family, found.major) == (family, major)


def test_from_3_14_on_zstd_is_asked_for(machine: FakeMachine) -> None:
    machine.absent_headers = frozenset({"zstd.h"})
    assert lacks(machine, "plain", "3.13") == []
    assert lacks(machine, "plain", "3.14") == ["the header zstd.h"]
