"""pyperf's scripts: each runs as `__main__`, with a Runner that notes what to measure and measures nothing."""

from __future__ import annotations

import contextlib
import io
import sys
from functools import partial
from itertools import repeat
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pyperf
from pyperf._timeit import Timer

from tailgate.adapters import without_twins
from tailgate.adapters.repeated import repeated
from tailgate.benchmark import Benchmark
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tailgate.benchmark import Workload

_COMMAND = "bench_command starts a program for each value: an operation of another process cannot be judged in lockstep"


def collect(target: str, home: Path, only: str) -> list[Benchmark]:
    """Return the benchmarks of the scripts that match `target`, by `script/name`; `only` runs its script alone."""
    found: list[Benchmark] = []
    for script in sorted(home.glob(target)):
        path = script.relative_to(home).with_suffix("").as_posix()
        if not only or only.startswith(f"{path}/"):
            found += _benchmarks_of(script, path)
    return without_twins(found)


def _benchmarks_of(script: Path, path: str) -> list[Benchmark]:
    try:
        asked = noted(script)
    except TailgateError as error:
        return [_named(path, "*", reason=str(error))]
    return [_named(path, name, prepare) for name, prepare in asked] or [
        _named(path, "*", reason="the script asks its Runner for nothing")
    ]


def _named(path: str, name: str, prepare: Callable[[], Workload] | None = None, reason: str = "") -> Benchmark:
    def prepared(_settings: object) -> Workload:
        if prepare is None:
            raise TailgateError(f"{path}/{name} cannot run: {reason or _COMMAND}")
        return prepare()

    why = reason or ("" if prepare else _COMMAND)
    # A script is the __main__ of its process, which has one.
    return Benchmark(path, name, prepared, label=f"{path}/{name}", check=lambda: why, shares=False)


def noted(script: Path) -> list[tuple[str, Callable[[], Workload] | None]]:
    """Return the name of each benchmark of a script, in order, with what prepares it (None: no operation of ours)."""
    notes: list[tuple[str, Callable[[], Workload] | None]] = []
    runner = _noting(notes)
    argv, path = sys.argv, list(sys.path)
    sys.argv, sys.path[:0] = [str(script)], [str(script.parent)]
    try:
        with _replaced(runner), contextlib.redirect_stdout(io.StringIO()):
            _run_as_main(script)
    except SystemExit as left:
        if left.code and not notes:
            raise TailgateError(f"{script.name} leaves with status {left.code} before it measures") from None
    except Exception as error:
        raise TailgateError(f"{script.name} fails: {type(error).__name__}: {error}") from error
    finally:
        sys.argv, sys.path[:] = argv, path
    return notes


def _run_as_main(script: Path) -> None:
    """Run a script as `__main__`, and let it stay that: what its operations pickle is looked up there."""
    main = ModuleType("__main__")
    main.__file__ = str(script)
    sys.modules["__main__"] = main
    exec(compile(script.read_bytes(), str(script), "exec"), main.__dict__)  # noqa: S102  the suite's own script


@contextlib.contextmanager
def _replaced(runner: type) -> Iterator[None]:
    before = pyperf.Runner
    pyperf.Runner = runner
    try:
        yield
    finally:
        pyperf.Runner = before


def _noting(notes: list[tuple[str, Callable[[], Workload] | None]]) -> type:
    """Return a class of Runner of its own (pyperf allows one instance of each)."""

    class Noting(pyperf.Runner):  # type: ignore[misc]  # pyperf has no annotations
        def bench_func(self, name: str, func: Any, *args: Any, **_more: Any) -> None:
            called = partial(func, *args) if args else func
            notes.append((name, lambda: repeated(lambda _: called())))

        def bench_async_func(self, name: str, func: Any, *args: Any, loop_factory: Any = None, **_more: Any) -> None:
            called = partial(func, *args) if args else func
            notes.append((name, lambda: repeated(lambda _: called(), drive="await", loop=loop_factory or "asyncio")))

        def bench_time_func(self, name: str, time_func: Any, *args: Any, **_more: Any) -> None:
            notes.append((name, lambda: repeated(lambda _: time_func(1, *args), drive="reported")))

        def timeit(
            self,
            name: str,
            stmt: Any = None,
            setup: Any = "pass",
            teardown: Any = "pass",
            inner_loops: Any = None,  # noqa: ARG002  the same
            duplicate: Any = None,  # noqa: ARG002  the same
            metadata: Any = None,  # noqa: ARG002  the same
            globals: Any = None,  # noqa: A002  the same
        ) -> None:
            def prepare() -> Workload:
                inner = Timer(name if stmt is None else stmt, setup, teardown, globals).make_inner()
                return repeated(lambda _: inner(repeat(None, 1), perf_counter), drive="reported")

            notes.append((name, prepare))

        def bench_command(self, name: str, _command: Any) -> None:
            notes.append((name, None))

    return Noting
