"""What a project declares: its benchmarks, each a workload that is prepared once in every worker process.

A benchmark file of another project can be this short:

    from tailgate import Workload, benchmark

    @benchmark("dedupe/set", role="recommended")
    def dedupe_with_a_set(settings):
        words = [...]                                     # operation i gets words[i], in every pass and on every side
        return Workload(inputs=words, start=lambda: set().add)

A project with many of them declares a function `benchmarks()` that gives a list of `Benchmark`; it is called in every
worker, so it must not import what it only names. A function `resolve(name)` may make more of them on demand.
A function `inspect(settings)` is called once, before any worker starts: it raises a TailgateError where the inputs that
the settings name cannot be used, and returns sentences on them, which stand under every table.
A function `axes(name)` lists what `tailgate search` may exchange in a benchmark, each an `Axis`; `resolve` makes what
it puts together. A function `accept(levels, note)` writes what a search found where that benchmark is declared, and
returns the file.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from tailgate.adapters import collect, is_adapted, listed
from tailgate.answers import canonical
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

Operation = Callable[[Any], object]
Role = Literal["", "bottleneck", "recommended"]
Label = str | int | float | bool
NO_AXES: Final[Mapping[str, str]] = MappingProxyType({})

GC_AXIS: Final = "gc"
"""The axis the instrument itself obeys: `on` (as a service runs), `frozen` (gc.freeze, then disabled), or `pauses`.

`pauses`: collections are off while operations run, and one is made, untimed, after each turn of a few milliseconds:
what a service does that collects when no message is due.
"""

_NAME: Final = re.compile(r"(?P<path>[a-z0-9_.-]+)/(?P<implementation>[a-z0-9_.-]+)(\[(?P<axes>[^\[\]]+)\])?")


class UnavailableError(TailgateError):
    """A benchmark that cannot run here, for a reason that is no fault of the run's."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The tape of one benchmark, and how a pass over it begins.

    inputs: operation i is called with inputs[i]; the same in every pass, process and side.
    start: builds fresh state (not timed) and gives the operation that is timed.
    answer: the canonical bytes of what an operation returned; called in the untimed check pass only.
    labels: what operation i is (message kind, bytes, levels touched ...), for the anatomy of the tail.
    stages: names of the parts of an operation; where given, the operation returns their durations in ns as a
        tuple instead of an answer, and the answers are not compared.
    finish: called after each pass, with the operation, to release what `start` opened; start and finish may be async.
    drive: how an operation is driven. "" goes by its kind: an `async def` is awaited, a generator (an async one, too)
        is exhausted; "first" takes the time to its first item; "reported" believes the seconds that it returns.
    tasks: so many awaited operations are in flight at once, each with its own latency. loop: where they run.
    fresh: makes operation i its input from inputs[i], not timed: for operations that change what they are given.
    close: called once, before the worker leaves.
    repeats: every operation is the same one: it has a median, and no tail of its own.
    raises: the exceptions that are right answers; `answer` gets the one that was raised.
    """

    inputs: Sequence[Any]
    start: Callable[[], Any]  # an Operation, or a coroutine that gives one
    answer: Callable[[Any], bytes] = canonical
    labels: Callable[[int], Mapping[str, Label]] | None = None
    stages: tuple[str, ...] = ()
    finish: Callable[[Operation], object] | None = None
    drive: Literal["", "call", "await", "exhaust", "first", "reported"] = ""
    tasks: int = 1
    loop: Literal["asyncio", "uvloop"] | Callable[[], Any] = "asyncio"
    fresh: Callable[[Any], Any] | None = None
    close: Callable[[], object] | None = None
    repeats: bool = False
    raises: type[Exception] | tuple[type[Exception], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be replayed; TailgateError says what was meant."""
        if not (hasattr(self.inputs, "__len__") and hasattr(self.inputs, "__getitem__")):
            raise TailgateError(
                f"Workload(inputs=...) is {type(self.inputs).__name__}, which cannot be replayed in every pass",
                hint="give a sequence: inputs=list(...)",
            )
        if self.raises and (self.stages or self.drive in {"first", "reported"}):
            driven = "stages" if self.stages else f"drive={self.drive!r}"
            raise TailgateError(f"Workload(raises=...) does not go with {driven}: there is no answer to compare")
        if not _takes_nothing(self.start):
            name = getattr(self.start, "__name__", type(self.start).__name__)
            raise TailgateError(
                f"Workload(start={name}) is called without an argument, before each pass, and gives the operation",
                hint=f"where {name} is the operation itself: start=lambda: {name}",
            )


def _takes_nothing(start: object) -> bool:
    try:
        inspect.signature(start).bind()  # type: ignore[arg-type]  # what is no function is refused here
    except TypeError:
        return False
    except ValueError:  # a builtin that does not say what it takes
        pass
    return callable(start)


@dataclass(frozen=True, slots=True)
class Setting:
    """An option of the suite (a seed, a capture) that every command that measures passes on to `prepare`.

    name: of the option, `--name VALUE`, and of the key under which `prepare` finds it. help: what `--help` says.
    default: the value that it has else; its type is the option's. metavar: what stands for the value in the help.
    kind: what a text means; `prepare` gets a file with its whole path, for it runs in the project's root, and files,
        with commas between, each with its own.
    """

    name: str
    help: str
    default: str | int | float
    metavar: str = ""
    kind: Literal["", "file", "files"] = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """What may be exchanged in a benchmark that the suite makes on demand, as `path/implementation[name=level]`.

    levels: the benchmark's own first. missing: level -> why it cannot run here. asked: a search exchanges it only when
    it is named.
    """

    name: str
    levels: tuple[str, ...]
    missing: Mapping[str, str] = field(default_factory=lambda: NO_AXES)
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One implementation of one path, under one choice of axes.

    path, implementation: its name is `path/implementation`; implementations of one path give equal answers, or they are
    not compared. axes: under which conditions it runs; only what runs under the same ones is compared. role: the
    recommended implementation of its path, or the bottleneck that the others are held against.
    prepare: builds the workload in the worker, from the settings; UnavailableError where that shows that it cannot run
    here. check: why it cannot run in this interpreter, or "". label: its whole name, where another tool has given it
    one; such a benchmark is compared with no other. code: a digest of what defines it, so that a new name for the same
    code, and other code under the same name, are told; "" where nobody knows. shares: a process may carry it beside
    others. needs: what is set up once for them all, as `name=value`; a process carries those alone whose values agree.
    margin: the relative slowdown that is tolerated, where its suite says so. percentiles: those that are judged of its
    tape. counts: what it counts in place of being timed, with the unit.
    """

    path: str
    implementation: str
    prepare: Callable[[Mapping[str, Any]], Workload]
    axes: Mapping[str, str] = field(default_factory=lambda: NO_AXES)
    role: Role = ""
    check: Callable[[], str] = field(default=lambda: "")
    label: str = ""
    code: str = ""
    shares: bool = True
    needs: tuple[str, ...] = ()
    margin: float | None = None
    percentiles: tuple[float, ...] = ()
    counts: str = ""

    @property
    def name(self) -> str:
        """Return `path/implementation`, with the axes in brackets, or the label."""
        return self.label or f"{self.path}/{self.implementation}{format_axes(self.axes)}"

    def unavailable(self) -> str:
        """Return why it cannot run in this interpreter, or nothing; a `check` that fails is a reason too."""
        try:
            return self.check()
        except Exception as error:  # noqa: BLE001  a suite's own code; the others are to be listed all the same
            return f"its check failed: {type(error).__name__}: {error}"

    def workload(self, settings: Mapping[str, Any]) -> Workload:
        """Return what `prepare` builds; TailgateError where that is no workload."""
        made = self.prepare(settings)
        if not isinstance(made, Workload):
            raise TailgateError(
                f"{self.name}: its function returned {type(made).__name__}, not a Workload",
                hint="return Workload(inputs=tape, start=lambda: operation)",
            )
        return made

    @property
    def gc(self) -> str:
        """Return how the collector is set while it runs."""
        return self.axes.get(GC_AXIS, "on")

    @property
    def group(self) -> str:
        """Name what it is compared within: the same path under the same axes."""
        return self.label or f"{self.path}{format_axes(self.axes)}"


def format_axes(axes: Mapping[str, str]) -> str:
    """Return `[a=1,b=2]`, or nothing."""
    return "[" + ",".join(f"{key}={value}" for key, value in axes.items()) + "]" if axes else ""


_declared: list[Benchmark] = []
_by_module: dict[str, list[Benchmark]] = {}  # what each suite's import declared: it declares only once


def benchmark(
    name: str, *, role: Role = "", check: Callable[[], str] = lambda: ""
) -> Callable[[Callable[[Mapping[str, Any]], Workload]], Callable[[Mapping[str, Any]], Workload]]:
    """Declare the decorated function as the `prepare` of a benchmark called `path/implementation[axis=value]`."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise TailgateError(
            f"{name!r} is no name of a benchmark", hint="write path/implementation, e.g. parse/fast[size=10]"
        )
    axes = dict(part.split("=", 1) for part in (match["axes"] or "").split(",") if part)

    def declare(prepare: Callable[[Mapping[str, Any]], Workload]) -> Callable[[Mapping[str, Any]], Workload]:
        _declared.append(Benchmark(match["path"], match["implementation"], prepare, axes, role, check))
        return prepare

    return declare


@dataclass(frozen=True, slots=True)
class Suite:
    """What one module declares.

    axes: what may be exchanged in a benchmark, by its name. accept: writes the levels that a search found where the
    benchmark is declared, with a note, and returns the file.
    """

    module: str
    benchmarks: tuple[Benchmark, ...]
    settings: tuple[Setting, ...]
    resolve: Callable[[str], Benchmark | None]
    inspect: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _: ()
    axes: Callable[[str], Sequence[Axis]] = lambda _: ()
    accept: Callable[[Mapping[str, str], str], Path] | None = None

    def find(self, name: str) -> Benchmark:
        """Return the benchmark of that name, declared or made on demand by the module; an error names the nearest."""
        for each in self.benchmarks:
            if each.name == name:
                return each
        made = self.resolve(name)
        if made is not None:
            return made
        known = [each.name for each in self.benchmarks]
        near = difflib.get_close_matches(name, known, n=3)
        raise TailgateError(
            f"{self.module} declares no benchmark {name!r}" + (f"; the nearest: {', '.join(near)}" if near else ""),
            hint="tailgate bench --list   shows all of them",
        )


def load_suite(module: str, only: str = "") -> Suite:
    """Import a module of benchmarks and collect what it declares, and nothing that another module does.

    A suite of another tool (`pytest:tests`) is listed in a process of its own; with `only`, the name of one benchmark,
    it is loaded here, for that one alone.
    """
    if is_adapted(module):
        adapted = collect(module, only) if only else listed(module)
        return Suite(module, tuple(adapted), (), lambda _: None)
    before = len(_declared)
    try:
        loaded = importlib.import_module(module)
        found = _collect(loaded, before)
    except TailgateError:
        raise
    except Exception as error:
        raise _not_importable(module, error) from error
    if not found:
        raise TailgateError(f"the module {module!r} declares no benchmark", hint="see `tailgate bench --help`")
    names = [each.name for each in found]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise TailgateError(f"the module {module!r} declares twice: {', '.join(twice)}")
    resolve = getattr(loaded, "resolve", lambda _: None)
    inspect_inputs = getattr(loaded, "inspect", lambda _: ())
    axes, accept = getattr(loaded, "axes", lambda _: ()), getattr(loaded, "accept", None)
    return Suite(module, tuple(found), tuple(getattr(loaded, "SETTINGS", ())), resolve, inspect_inputs, axes, accept)


def _not_importable(module: str, error: Exception) -> TailgateError:
    said = f"the benchmarks module {module!r} cannot be imported: "
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is not None and (module == missing or module.startswith(f"{missing}.")):
        return TailgateError(
            f"{said}{error}", hint='name it in pyproject.toml: [tool.tailgate] benchmarks = "package.module"'
        )
    return TailgateError(
        f"{said}{type(error).__name__}: {error}",
        hint=f'env -i "PATH=$PATH" python -c "import {module}"   shows all of it: workers get a small environment',
    )


def _collect(module: ModuleType, before: int) -> list[Benchmark]:
    declare = getattr(module, "benchmarks", None)
    if callable(declare):
        return list(declare())
    name = module.__name__
    if fresh := _declared[before:]:
        _by_module[name] = fresh
    return _by_module.get(name) or [each for each in _declared if each.prepare.__module__ == name]
