"""The interpreters that the ledger runs on: the base, and the builds that differ from it in one thing."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.measure.environments import interpreter
from tailgate.project.environments import COUNTER, built_folders, environment_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tailgate.project.opening import Project

_PLAIN: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)-plain")
NATIVE: Final = "plain+native"
TRAINED: Final = ("pgo-both", "pgo-trained", "pgo")
FREE_THREADED: Final = "plain+freethreaded"
RUNNING: Final = "the running interpreter"


@dataclass(frozen=True, slots=True)
class Builds:
    """Executables by variant (`plain`, `pgo-both` ...), in environments with the subjects' packages.

    base: what everything runs on that is not about interpreters. bare: executables without an environment, for what
    needs no package. missing: why a variant is not there. countable: whether allocations can be counted on the base.
    """

    base_name: str
    base: str
    variants: Mapping[str, str]
    bare: Mapping[str, str]
    missing: Mapping[str, str]
    countable: str = ""


def find_builds(project: Project, base: str = "", say: Callable[[str], None] = lambda _: None) -> Builds:
    """Find what is built, and make the environments that are not there yet.

    base: the name of a plain build; the newest one by default, and the running interpreter where none is built.
    """
    name = base or newest_plain(project)
    if not name:
        missing = dict.fromkeys((NATIVE, *TRAINED), "no plain interpreter is built to compare with")
        missing[FREE_THREADED] = "no free-threaded interpreter is built"
        hint = ": nox -s interpreters -- build plain pgo-both plain+native plain+freethreaded"
        return Builds(
            RUNNING, sys.executable, {}, {"plain": sys.executable}, {key: why + hint for key, why in missing.items()}
        )
    version = name.removesuffix("-plain")
    bare, missing = _executables(project, name, version)
    variants = {}
    countable = ""
    for variant, python in bare.items():
        if variant != FREE_THREADED:
            say(f"environment of {version}-{variant}")
            variants[variant] = environment_for(project, python)
    try:
        say(f"environment of {name}, with memray")
        base_python = environment_for(project, bare["plain"], (COUNTER,))
    except TailgateError as error:
        base_python, countable = variants["plain"], str(error)
    return Builds(name, base_python, variants, bare, missing, countable)


def newest_plain(project: Project) -> str:
    """Name the newest plain build, or give nothing."""
    found = [
        (tuple(map(int, match.groups())), each.name)
        for folder in built_folders(project.root)
        if folder.is_dir()
        for each in folder.iterdir()
        if (match := _PLAIN.fullmatch(each.name))
    ]
    return max(found)[1] if found else ""


def _executables(project: Project, name: str, version: str) -> tuple[dict[str, str], dict[str, str]]:
    folders = built_folders(project.root)
    bare, missing = {"plain": interpreter(name, folders)}, {}
    for variant in (NATIVE, *TRAINED, FREE_THREADED):
        try:
            bare[variant] = interpreter(f"{version}-{variant}", folders)
        except TailgateError:
            missing[variant] = f"{version}-{variant} is not built: nox -s interpreters -- build {variant}"
    return bare, missing
