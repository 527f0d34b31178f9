"""The whole pipeline, from frame bytes to encoded order: recommended, bottleneck, and any composition by name.

`pipeline/recommended[book=heap-lazy,codec=json]` is a composition made on demand: the axes are its changes.
"""

from __future__ import annotations

import time
from dataclasses import fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from implementations.composition import NAMED, BadCompositionError, Composition, parse
from implementations.messages import astuple
from implementations.pipeline import Pipeline, build, make_codec
from implementations.registry import UnavailableError, UnknownNameError, load
from implementations.staged import STAGES, build_staged
from suites.settings import tape_of
from suites.tapes.anatomy import dissect
from tailgate import Benchmark, TailgateError, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from suites.tapes import Tape

PATH: Final = "pipeline"
STEPS: Final = tuple(field.name for field in fields(Composition))


def benchmarks() -> list[Benchmark]:
    """Give the named compositions whole, with the collector frozen, and split by stage."""
    whole = [_benchmark(name, {}) for name in NAMED]
    frozen = [_benchmark(name, {"gc": "frozen"}) for name in NAMED]
    staged = [_benchmark(name, {"split": "stages"}) for name in NAMED]
    return [*whole, *frozen, *staged]


def resolve(name: str) -> Benchmark | None:
    """Make the benchmark of a composition that is not declared: `pipeline/recommended[codec=json]`."""
    path, _, rest = name.partition("/")
    base, _, axes = rest.removesuffix("]").partition("[")
    if path != PATH or base not in NAMED:
        return None
    return _benchmark(base, _checked(name, [part for part in axes.split(",") if part]))


def _checked(name: str, parts: Sequence[str]) -> dict[str, str]:
    """Give the axes; TailgateError for one that would change nothing, and be measured under a name that says it did."""
    known = {**dict.fromkeys(STEPS, ""), "gc": "on, frozen", "split": "stages"}
    axes = {}
    for part in parts:
        axis, _, value = part.partition("=")
        if axis not in known or axis in axes or (known[axis] and value not in known[axis].split(", ")):
            raise TailgateError(
                f"{name}: {part!r} is no axis of the pipeline, or comes twice",
                hint=f"the axes: gc=frozen, split=stages, and PATH=NAME for the paths {', '.join(STEPS)}",
            )
        axes[axis] = value
    return axes


def _benchmark(base: str, axes: Mapping[str, str]) -> Benchmark:
    changes = ",".join(f"{path}={name}" for path, name in axes.items() if path in STEPS)
    try:
        composition = parse(f"{base},{changes}" if changes else base)
    except (UnknownNameError, BadCompositionError) as error:
        raise TailgateError(f"pipeline/{base}[{changes}]: {error}") from error
    prepare = _prepare_staged if axes.get("split") == "stages" else _prepare
    role: Any = "" if changes else base
    return Benchmark(PATH, base, partial(prepare, composition), axes, role, partial(_check, composition))


def _check(composition: Composition) -> str:
    for path in STEPS:
        try:
            load(path, getattr(composition, path))
        except UnavailableError as error:
            return f"{path}={getattr(composition, path)}: {error}"
    return ""


class _Sink:
    """The orders of the pass under way, and how to read the last ones back."""

    def __init__(self, composition: Composition) -> None:
        self.codec = make_codec(composition)
        self.payloads: list[bytes] = []
        self.pipeline: Pipeline | None = None

    def start(self, make: Callable[[Callable[[bytes], object]], Pipeline]) -> Callable[[bytes], object]:
        """Begin a pass with a fresh pipeline."""
        self.payloads = []
        self.pipeline = make(self.payloads.append)
        return self.pipeline.on_frame

    def last(self, count: int) -> bytes:
        """Give the orders of the last frame as plain values, whatever codec wrote them."""
        sent = self.payloads[len(self.payloads) - count :] if count else []
        return repr([astuple(self.codec.decode(payload)) for payload in sent]).encode()

    def finish(self, _operation: object) -> None:
        """Close the pipeline of the pass."""
        if self.pipeline is not None:
            self.pipeline.close()


def _prepare(composition: Composition, settings: Mapping[str, Any]) -> Workload:
    tape = tape_of(settings)
    sink = _Sink(composition)
    return Workload(
        inputs=tape.frames,
        start=lambda: sink.start(partial(build, composition)),
        answer=sink.last,
        labels=_labels(tape),
        finish=sink.finish,
    )


def _labels(tape: Tape) -> Callable[[int], Mapping[str, str | int]]:
    """Say what each frame is; the tape is read through once, when the first label is asked for."""

    @cache
    def all_labels() -> list[dict[str, str | int]]:
        return [anatomy.label() for anatomy in dissect(tape.frames)]

    return lambda index: all_labels()[index]


def _prepare_staged(composition: Composition, settings: Mapping[str, Any]) -> Workload:
    tape = tape_of(settings)
    sink = _Sink(composition)
    latest: list[tuple[int, ...]] = [()]

    def record(spent: Any) -> None:
        latest[0] = tuple(spent)

    def start() -> Callable[[bytes], object]:
        whole = sink.start(partial(build_staged, composition, clock=time.perf_counter_ns, record=record))

        def operation(frame: bytes) -> object:
            whole(frame)
            return latest[0]

        return operation

    return Workload(inputs=tape.frames, start=start, stages=STAGES, finish=sink.finish)
