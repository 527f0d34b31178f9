"""Runs a conformance test once for every implementation of the path that its module names as `PATH`."""

from __future__ import annotations

import random
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from implementations import registry
from implementations.native.build import MODULES, BuildError, build, compiler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


def pytest_configure() -> None:
    """Build the extension modules that are not there yet, once: where there is a compiler, all are put to the test."""
    try:
        compiler()
    except BuildError:
        return  # they are unavailable, and their tests are skipped with the reason
    for name in MODULES:
        build(name, "plain")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise `implementation` over the catalogue, the reference among them; who cannot run here is skipped."""
    path = getattr(metafunc.module, "PATH", None)
    if path is None or "implementation" not in metafunc.fixturenames:
        return
    entries = [registry.Entry(path, "reference", registry.load(path, "reference")), *registry.catalogue(path)]
    metafunc.parametrize(
        "implementation",
        [
            pytest.param(entry.implementation, id=entry.name)
            if entry.implementation
            else pytest.param(None, id=entry.name, marks=pytest.mark.skip(reason=entry.unavailable))
            for entry in entries
        ],
    )


@pytest.fixture
def factory(implementation: registry.Implementation) -> Callable[..., object]:
    """Return the factory of the implementation under test."""
    return implementation.factory


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Let threads started from here on change places between any two instructions of an implementation.

    At the shortest switch interval a race of a few instructions is still met once in thousands of calls. So each thread
    is traced inside `implementations`, and offers the interpreter to the others before one instruction in ten, for the
    first forty thousand instructions.
    """
    chances = random.Random(1)
    left = iter(range(40_000))

    def at_an_instruction(_frame: FrameType, _event: str, _: object) -> object:
        if chances.random() < 0.1:
            time.sleep(0)
        return at_an_instruction if next(left, None) is not None else None

    def at_a_call(frame: FrameType, _event: str, _: object) -> object:
        if not frame.f_globals.get("__name__", "").startswith("implementations.") or next(left, None) is None:
            return None
        frame.f_trace_opcodes = True
        return at_an_instruction

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threading.settrace(at_a_call)  # type: ignore[arg-type]  # the stubs ask for a function that gives itself
    yield
    threading.settrace(None)
    sys.setswitchinterval(before)
