"""The whole pipeline, from frame bytes to encoded order: recommended, bottleneck, and any composition by name.

`pipeline/recommended[book=heap-lazy,codec=json]` is a composition made on demand: the axes are its changes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composed import build
from implementations.pipeline.composition import NAMED, STEPS, BadCompositionError, Composition, parse
from implementations.registry import UnavailableError, UnknownNameError, load, names
from suites.pipeline.axes import CAPACITY_AXIS, NUMBERS, SWITCH_AXIS, THRESHOLD_AXIS, number_of, under
from suites.pipeline.workload import staged, whole
from tailgate import Benchmark, TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from implementations.pipeline.contract import TradingPipeline

PATH: Final = "pipeline"


def benchmarks() -> list[Benchmark]:
    """Return every pipeline whole and with the collector frozen; the named compositions split by stage, too."""
    variants: tuple[dict[str, str], ...] = ({}, {"gc": "frozen"})
    split = [_benchmark(name, {"split": "stages"}) for name in NAMED]
    return [*(make for axes in variants for make in (*_composed(axes), *_undivided(axes))), *split]


def _composed(axes: Mapping[str, str]) -> list[Benchmark]:
    return [_benchmark(name, axes) for name in NAMED]


def _undivided(axes: Mapping[str, str]) -> list[Benchmark]:
    """Return the pipelines that are no composition: what stands beside `composed` in the registry."""
    return [
        Benchmark(PATH, name, partial(whole, partial(_make, name)), axes, "", partial(_unavailable, PATH, name))
        for name in names(PATH)
        if name != "composed"
    ]


def _make(name: str, sink: Callable[[bytes], object]) -> TradingPipeline:
    factory: Any = load(PATH, name).factory
    pipeline: TradingPipeline = factory(sink)
    return pipeline


def resolve(name: str) -> Benchmark | None:
    """Make the benchmark of a composition that is not declared: `pipeline/recommended[codec=json]`."""
    path, _, rest = name.partition("/")
    base, _, axes = rest.removesuffix("]").partition("[")
    if path != PATH or base not in NAMED:
        return None
    return _benchmark(base, _checked(name, [part for part in axes.split(",") if part]))


def _checked(name: str, parts: Sequence[str]) -> dict[str, str]:
    """Return the axes; TailgateError for one that changes nothing, which would be measured under a wrong name."""
    known = {**dict.fromkeys((*STEPS, *NUMBERS), ""), "gc": "on, frozen, pauses", "split": "stages"}
    axes = {}
    for part in parts:
        axis, _, value = part.partition("=")
        if axis not in known or axis in axes or (known[axis] and value not in known[axis].split(", ")):
            raise TailgateError(
                f"{name}: {part!r} is no axis of the pipeline, or comes twice",
                hint=f"the axes: gc=frozen, gc=pauses, split=stages, {', '.join(f'{each}=N' for each in NUMBERS)}, "
                f"and PATH=NAME for the paths {', '.join(STEPS)}",
            )
        if axis in NUMBERS:
            number_of(axis, value)
        axes[axis] = value
    return axes


def _benchmark(base: str, axes: Mapping[str, str]) -> Benchmark:
    changes = ",".join(f"{path}={name}" for path, name in axes.items() if path in STEPS)
    numbered = NUMBERS.keys() & axes.keys()
    try:
        composition = parse(f"{base},{changes}" if changes else base)
    except (UnknownNameError, BadCompositionError) as error:
        raise TailgateError(f"pipeline/{base}[{changes}]: {error}") from error
    capacity = int(axes[CAPACITY_AXIS]) if CAPACITY_AXIS in axes else 0
    if capacity and "split" in axes:
        raise TailgateError(
            f"pipeline/{base}: split=stages has the hand-off's own capacity", hint="leave one of them out"
        )
    made = partial(build, composition, capacity=capacity) if capacity else partial(build, composition)
    prepare = partial(staged, composition) if "split" in axes else partial(whole, made)
    role: Any = base if base in {"recommended", "bottleneck"} and not changes and not numbered else ""
    shares = not {THRESHOLD_AXIS, SWITCH_AXIS} & axes.keys()  # they are a whole process's
    return Benchmark(PATH, base, under(axes, prepare), axes, role, partial(_check, composition), shares=shares)


def _check(composition: Composition) -> str:
    reasons = ((f"{path}={name}", _unavailable(path, name)) for path in STEPS for name in (getattr(composition, path),))
    return next((f"{step}: {reason}" for step, reason in reasons if reason), "")


def _unavailable(path: str, name: str) -> str:
    try:
        load(path, name)
    except UnavailableError as error:
        return str(error)
    return ""
